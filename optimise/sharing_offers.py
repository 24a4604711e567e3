"""From a city to the sharing problem: where spaces are wanted, which lots are near, what owners earn and pay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from network import (
    City,
    InputError,
    Outcome,
    Problem,
    group_windows,
    lot_walks,
    outside,
    parking_wanted,
    room,
    rows_of,
    snap,
    units,
)
from optimise.problem import I64
from optimise.sharing import SharingProblem
from optimise.sharing_wishes import ParkingBlock, SharingWishes
from optimise.targets import Budget, Target

_THOUSANDTHS = 1000
_EPSILON = 1e-6
"""Weighted space-days that rounding may add to a share of the need before it is taken for more."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Need:
    """Blocks (B) that want spaces, and the lots (L) within a walk of them."""

    id: tuple[str, ...]
    lonlat: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
    area: tuple[str, ...]
    group: tuple[str, ...]
    """Of blocks that were given; empty for zones."""
    wanted: I64
    """(G, D, B) spaces."""
    first: I64
    lot: I64
    metres: I64
    """CSR: lots within the longest walk of any group, rising within a block."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SharingCase:
    """A city before the plan, who wants spaces in it, and the problem that says so in whole numbers."""

    city: City
    outcome: Outcome
    wishes: SharingWishes
    need: Need
    windows: I64
    """(L, D, G, 2) half-hours at which a group's window in a lot begins and ends."""
    problem: SharingProblem


def sharing_case(city: City, outcome: Outcome, wishes: SharingWishes, targets: Sequence[Target]) -> SharingCase:
    """What is asked of a city's lots. Owners insure all the spaces that may be shared.

    Targets of at least so many shared_lots and shared_spaces become rules. Raises InputError for a city without lots,
    a budget that is not positive, blocks outside the city, windows that cannot be, and least money for nothing.
    """
    if not len(city.lots.id):
        raise InputError(Problem(city.id, "has no car park that is known", "give it lots, see docs/parking-data.md"))
    lots, spaces = (_least(targets, metric) for metric in ("shared_lots", "shared_spaces"))
    if wishes.objective == "cost" and not (wishes.met_share or lots or spaces):
        hint = "give met_share, or a target such as shared_spaces>=1500"
        raise InputError(Problem("objective cost", "does not say what the least money is to reach", hint))
    need = _given(city, wishes.blocks) if wishes.blocks else _of_zones(city, outcome)
    windows = group_windows(city, wishes.windows)
    problem = _problem(city, need, wishes, windows, (lots, spaces))
    return SharingCase(city=city, outcome=outcome, wishes=wishes, need=need, windows=windows, problem=problem)


def _least(targets: Sequence[Target], metric: str) -> int:
    return max((math.ceil(t.value) for t in targets if t.metric == metric and t.op == "at_least"), default=0)


def _of_zones(city: City, outcome: Outcome) -> Need:
    zones = city.zones
    first, lot, metres = lot_walks(city, (zones.lonlat, zones.snap))
    return Need(
        id=tuple(zones.id.tolist()),
        lonlat=zones.lonlat,
        area=tuple(zones.area.tolist()),
        group=("",) * len(zones.id),
        wanted=parking_wanted(city, outcome),
        first=first,
        lot=lot,
        metres=metres,
    )


def _given(city: City, blocks: Sequence[ParkingBlock]) -> Need:
    far = [(i, b, wrong) for i, b in enumerate(blocks) if (wrong := outside(city.roads, b.lon, b.lat))]
    if far:
        raise InputError([Problem(f"blocks {i} ({b.id!r})", what, hint) for i, b, (what, hint) in far])
    lonlat = np.array([(b.lon, b.lat) for b in blocks])
    wanted = np.zeros((len(units.PARKERS), len(units.DAY_TYPES), len(blocks)), np.int64)
    for i, block in enumerate(blocks):
        wanted[units.PARKERS.index(block.group), :, i] = block.wanted
    zones = city.zones
    away = (lonlat[:, None] - zones.lonlat) * [math.cos(math.radians(float(lonlat[0, 1]))), 1.0]
    first, lot, metres = lot_walks(city, (lonlat, snap(city.roads, lonlat)))
    return Need(
        id=tuple(b.id for b in blocks),
        lonlat=lonlat,
        area=tuple(zones.area[np.hypot(away[..., 0], away[..., 1]).argmin(axis=1)].tolist()),
        group=tuple(b.group for b in blocks),
        wanted=wanted,
        first=first,
        lot=lot,
        metres=metres,
    )


def _problem(city: City, need: Need, wishes: SharingWishes, windows: I64, least: tuple[int, int]) -> SharingProblem:
    """`least`: lots and spaces."""
    rules, lots = city.parking, city.lots
    rows = rows_of(city, windows)
    pairs = [_pairs(city, need, g, wishes) for g in range(len(units.PARKERS))]
    already = lots.shared.max(axis=(1, 2)).astype(np.int64)
    weight = np.rint(np.outer(rules.weight, rules.days_per_year)).astype(np.int64)
    running = np.where(already > 0, 0.0, float(rules.running_cny))
    insured = room(city).max(axis=(1, 2), initial=0) * float(rules.insurance_cny_per_space)
    return SharingProblem(
        objective=wishes.objective,
        wanted=need.wanted,
        pair_first=[first for first, _, _ in pairs],
        pair_lot=[lot for _, lot, _ in pairs],
        pair_m=[metres for _, _, metres in pairs],
        row_first=rows.row_first,
        row_active=rows.row_active,
        row_closed=rows.row_closed,
        row_base=rows.row_base,
        table_first=rows.table_first,
        table=rows.table,
        weight=weight,
        gain_fen=_gain_fen(city, windows),
        run_fen=np.rint((running + insured) * units.FEN_PER_CNY).astype(np.int64),
        retrofit_fen=np.rint(lots.retrofit_cny * units.FEN_PER_CNY).astype(np.int64),
        subsidy_years=round(float(rules.subsidy_years)),
        budget_fen=-1 if wishes.budget_cny is None else Budget(wishes.budget_cny).fen,
        tier=lots.tier.astype(np.int64),
        first_tier_thousandths=round(float(rules.first_tier_share) * _THOUSANDTHS),
        allowed=np.isin(lots.tier, wishes.tiers),
        already=already,
        least_lots=least[0],
        least_spaces=least[1],
        unmet_m=round(float(rules.unmet_m)),
        met_least=math.ceil(wishes.met_share * int((weight * need.wanted.sum(axis=2)).sum()) - _EPSILON),
    )


def _pairs(city: City, need: Need, group: int, wishes: SharingWishes) -> tuple[I64, I64, I64]:
    """Lots within reach of a group's blocks: first (B+1), lot, metres. No walk is worth more than finding no space."""
    rules = city.parking
    limit = float(rules.walk_m[group])
    if wishes.objective == "walking":
        limit = min(limit, float(rules.unmet_m))
    block = np.repeat(np.arange(len(need.id)), np.diff(need.first))
    near = (need.metres <= limit) & need.wanted[group].any(axis=0)[block]
    first = np.searchsorted(block[near], np.arange(len(need.id) + 1))
    return first.astype(np.int64), need.lot[near], need.metres[near]


def _gain_fen(city: City, windows: I64) -> I64:
    """(L, D, G) what the owner earns a year from one permit."""
    rules = city.parking
    hours = (windows[..., 1] - windows[..., 0]) * units.SLOT_H
    fees = rules.fee_cny_per_h * hours * float(rules.owner_share)
    return np.rint(fees * rules.days_per_year[:, None] * units.FEN_PER_CNY).astype(np.int64)
