"""From the solver's answer to what a plan of shared parking says: windows, lots, whose need is met, what is shared."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

import numpy as np

from network import City, Roads, overflow, slots_of, units
from optimise.problem import I64
from optimise.sharing import Permits, SharingAnswer
from optimise.sharing_offers import SharingCase
from optimise.sharing_plan import MetRow, ServedBlock, SharedLot, SharedWindow

_M_PER_MIN: Final = 60.0
_AREAS: Final = 3
"""Areas named as those that gain."""


@dataclass(frozen=True, eq=False)
class Answered:
    """An answer beside its case, with the walks of its permits."""

    case: SharingCase
    answer: SharingAnswer

    @property
    def permits(self) -> Permits:
        return self.answer.permits

    @cached_property
    def walk_m(self) -> I64:
        """(P) walk of each permit."""
        need, lots = self.case.need, len(self.case.city.lots.id)
        pair = np.repeat(np.arange(len(need.id)), np.diff(need.first)) * lots + need.lot
        return need.metres[np.searchsorted(pair, self.permits.block * lots + self.permits.lot)]

    @cached_property
    def days(self) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        """(P) space-days a year of each permit."""
        return np.asarray(self.permits.spaces * self.case.city.parking.days_per_year[self.permits.day])

    @cached_property
    def met(self) -> I64:
        """(G, D, B) permits."""
        out = np.zeros(self.case.need.wanted.shape, np.int64)
        np.add.at(out, (self.permits.group, self.permits.day, self.permits.block), self.permits.spaces)
        return out

    @cached_property
    def shared(self) -> I64:
        """(L, D, 48) spaces that others may use, with the plan."""
        opened = np.einsum("ldg,ldgs->lds", self.answer.offered, slots_of(self.case.windows).astype(np.int64))
        return np.asarray(self.case.city.lots.shared + opened)


def windows_of(a: Answered) -> tuple[SharedWindow, ...]:
    """A row for each lot, group and day type with spaces; their risk is still to be told."""
    city, p = a.case.city, a.permits
    fee, m_per_min = city.parking.fee_cny_per_h.tolist(), _walking_m_per_min(city.roads)
    gain = a.case.problem.gain_fen
    rows = []
    for at, g, d in np.argwhere(a.answer.offered.transpose(0, 2, 1) > 0).tolist():
        ours = (p.lot == at) & (p.group == g) & (p.day == d)
        walk_m = _mean(a.walk_m[ours], p.spaces[ours])
        given = int(p.spaces[ours].sum())
        start, end = (a.case.windows[at, d, g] * units.SLOT_H).tolist()
        rows.append(
            SharedWindow(
                **_about(city, at),
                group=units.PARKERS[g],
                day=units.DAY_TYPES[d],
                start=_clock(start),
                end=_clock(end),
                spaces=int(a.answer.offered[at, d, g]),
                given=given,
                walk_min=None if walk_m is None else walk_m / m_per_min,
                walk_m=walk_m,
                blocks=int(ours.sum()),
                risk=0.0,
                fee_cny_per_h=fee[g],
                revenue_cny=given * int(gain[at, d, g]) / units.FEN_PER_CNY,
            )
        )
    return tuple(rows)


def with_risk(windows: Sequence[SharedWindow], after: City) -> tuple[SharedWindow, ...]:
    """The windows with the risk of their owners, in a city where all of them are open."""
    shares, late = overflow(after), math.ceil(float(after.parking.late_h) / units.SLOT_H)
    position = {lot: at for at, lot in enumerate(after.lots.id.tolist())}
    out = []
    for w in windows:
        slots = np.arange(_slot(w.end), _slot(w.end) + late) % units.SLOTS
        risk = shares[position[w.lot], units.DAY_TYPES.index(w.day), slots].max(initial=0.0)
        out.append(replace(w, risk=float(risk)))
    return tuple(out)


def lots_of(a: Answered, windows: Sequence[SharedWindow], lost: Sequence[int]) -> tuple[SharedLot, ...]:
    """The lots that open, in the city's order; `lost` are space-days a year without each."""
    rows, risk = [], dict.fromkeys((w.lot for w in windows), 0.0)
    for w in windows:
        risk[w.lot] = max(risk[w.lot], w.risk)
    for at, days in zip(np.flatnonzero(a.answer.open).tolist(), lost, strict=True):
        ours = a.permits.lot == at
        given = np.zeros((len(units.PARKERS), len(units.DAY_TYPES)), np.int64)
        np.add.at(given, (a.permits.group[ours], a.permits.day[ours]), a.permits.spaces[ours])
        areas = named_areas(a.case, a.permits.block[ours], a.days[ours])
        row = lot_row(a.case, at, a.answer.offered[at], given, lost_days=days, gains=areas)
        rows.append(replace(row, risk=risk[row.lot]))
    return tuple(rows)


def lot_row(
    case: SharingCase, at: int, offered: I64, given: I64, *, lost_days: int, gains: tuple[str, ...]
) -> SharedLot:
    """What a lot that offers so many spaces (D, G) and gives so many permits (G, D) means to the city and its owner."""
    city, p = case.city, case.problem
    before, days = city.lots.shared[at], city.parking.days_per_year
    after = before + np.einsum("dg,dgs->ds", offered, slots_of(case.windows[at]).astype(np.int64))
    earned, run = int((p.gain_fen[at] * given.T).sum()), int(p.run_fen[at])
    return SharedLot(
        **_about(city, at),
        existing_spaces=int(before.max()),
        spaces=int(after.max() - before.max()),
        space_hours=float((after - before).sum(axis=1) @ days * units.SLOT_H / days.sum()),
        given=int(given.sum()),
        retrofit_cny=0.0 if p.already[at] else int(p.retrofit_fen[at]) / units.FEN_PER_CNY,
        running_cny=run / units.FEN_PER_CNY,
        revenue_cny=earned / units.FEN_PER_CNY,
        subsidy_cny=max(0, run - earned) / units.FEN_PER_CNY,
        risk=None,
        lost_days=lost_days,
        gains=gains,
    )


def met_of(a: Answered) -> tuple[MetRow, ...]:
    """What each group wants, could reach and gets on days of each type."""
    case, p = a.case, a.permits
    rows = []
    for g, group in enumerate(units.PARKERS):
        lots = case.problem.allowed[case.problem.pair_lot[g]]
        near = np.unique(case.problem.pair_block[g][lots])
        for d, day in enumerate(units.DAY_TYPES):
            ours = (p.group == g) & (p.day == d)
            rows.append(
                MetRow(
                    group=group,
                    day=day,
                    wanted=int(case.need.wanted[g, d].sum()),
                    within_reach=int(case.need.wanted[g, d, near].sum()),
                    met=int(p.spaces[ours].sum()),
                    walk_m=_mean(a.walk_m[ours], p.spaces[ours]),
                )
            )
    return tuple(rows)


def blocks_of(a: Answered) -> tuple[ServedBlock, ...]:
    """Blocks that want spaces, in the order of the problem."""
    need, days = a.case.need, a.case.city.parking.days_per_year
    wanted, met = (np.rint(np.einsum("gdb,d->b", x, days)).astype(np.int64) for x in (need.wanted, a.met))
    return tuple(
        ServedBlock(
            block=need.id[b],
            name="",
            lon=float(need.lonlat[b, 0]),
            lat=float(need.lonlat[b, 1]),
            group=need.group[b],
            wanted=int(wanted[b]),
            met=int(met[b]),
        )
        for b in np.flatnonzero(wanted).tolist()
    )


def counted(a: Answered) -> dict[str, Any]:
    """What the whole city shares with the plan, by the names of its metrics."""
    shared, days = a.shared, a.case.city.parking.days_per_year
    return {
        "shared_lots": int(shared.any(axis=(1, 2)).sum()),
        "shared_spaces": int(shared.max(axis=(1, 2), initial=0).sum()),
        "shared_space_hours": float(shared.sum(axis=(0, 2)) * units.SLOT_H @ days / days.sum()),
        "shared_spaces_at_once": int(shared.sum(axis=0).max(initial=0)),
    }


def named_areas(
    case: SharingCase, block: I64, days: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> tuple[str, ...]:
    """Areas of blocks with most space-days."""
    areas, area = np.unique(np.array([case.need.area[b] for b in block.tolist()], dtype=np.str_), return_inverse=True)
    total = np.bincount(area, days, len(areas))
    order = [a for a in np.argsort(-total, kind="stable").tolist() if total[a] > 0]
    return tuple(str(areas[a]) for a in order[:_AREAS])


def _about(city: City, at: int) -> dict[str, Any]:
    lots = city.lots
    return {
        "lot": str(lots.id[at]),
        "name": str(lots.name[at]),
        "owner": units.OWNERS[lots.owner[at]],
        "owner_name": str(lots.owner_name[at]),
        "department": str(lots.department[at]),
        "tier": int(lots.tier[at]),
        "supply_class": units.SUPPLY_CLASSES[lots.supply_class[at]],
        "lon": float(lots.lonlat[at, 0]),
        "lat": float(lots.lonlat[at, 1]),
    }


def _clock(hours: float) -> str:
    whole, part = divmod(round(hours * 60), 60)
    return f"{whole:02d}:{part:02d}"


def _slot(clock: str) -> int:
    """Half-hour of a time that `_clock` wrote."""
    hours, minutes = clock.split(":")
    return round((int(hours) + int(minutes) / 60) / units.SLOT_H)


def _mean(values: I64, weights: I64) -> float | None:
    return float((values * weights).sum() / weights.sum()) if weights.sum() else None


def _walking_m_per_min(roads: Roads) -> float:
    """Mean over the streets where one may walk."""
    open_ms = roads.time_ms[units.WALK]
    on = open_ms > 0
    return float(roads.length_mm[on].sum() / open_ms[on].sum()) * _M_PER_MIN
