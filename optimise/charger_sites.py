"""From a city and its years to the siting and sizing problem: what each place may hold, what it costs and draws."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from network import (
    City,
    InputError,
    Outcome,
    Problem,
    Travel,
    capacity_tenths,
    charging_pairs,
    drawn_kva,
    place_open,
    units,
)
from optimise.charging.problem import F64, ChargerProblem, Least, Names
from optimise.location.choices import Flags
from optimise.plan import PlanObjective
from optimise.problem import I64
from optimise.targets import Budget, Target

_VA = 1000.0


@dataclass(frozen=True, eq=False)
class Year:
    """A city in one year, before any plan."""

    city: City
    travel: Travel
    outcome: Outcome

    @property
    def year(self) -> int:
        return int(self.city.transit.year)


@dataclass(frozen=True, kw_only=True)
class ChargerWishes:
    """What a plan for chargers is asked for, besides its targets."""

    objective: PlanObjective = "served"
    budgets_cny: tuple[float, ...] = ()
    """New money of each year."""
    carry_share: float = 1.0
    """Share of what is left that may be spent a year later."""
    least: Mapping[str, int] = field(default_factory=dict)
    """Plugs that places of a kind have together at least, by the last year."""
    floor_share: float = 0.0
    """Share of every area's demand that is served at least, in the last year."""
    ahead: bool = False
    """Whether the capacity of every area is to be ahead of its busiest hour by `charging.ahead_share`, every year."""


@dataclass(frozen=True, eq=False)
class Offers:
    """The problem, and what its options mean: sites (J) are these places, options (O) add these plugs (O, 3)."""

    problem: ChargerProblem
    place: I64
    added: I64


def charger_offers(years: Sequence[Year], targets: Sequence[Target], wishes: ChargerWishes) -> Offers:
    """What can be built in a city over its years, as whole numbers.

    Targets of at least so many `public_plugs` and, where money is to be least, of a `charging_served_share` become
    rules of their year, without one of the last. Raises InputError for a budget that is not positive, a kind that no
    place has, and numbers out of range.
    """
    city, last = years[-1].city, len(years) - 1
    demand = np.stack([year.outcome.charging_tenths for year in years])
    live = np.flatnonzero((city.places.most_plugs > 0) | city.supply.plugs.any(axis=0))
    pairs = [_pairs(years[-1], service, live) for service in range(len(units.CHARGING))]
    opened = place_open(city)[live]
    ever = np.asarray(opened.any(axis=1))
    added, option_first = _options(city, live, ever)
    place, used = np.repeat((live, ever), np.diff(option_first), axis=1)
    there = city.supply.plugs[:, place].T.astype(np.int64)
    areas, area = np.unique(city.zones.area, return_inverse=True)
    mobilise_fen = round(float(city.charging.mobilise_cny) * units.FEN_PER_CNY)
    floor = np.zeros((len(years), len(areas)))
    floor[last] = wishes.floor_share
    problem = ChargerProblem(
        objective="cost" if wishes.objective == "cost" else "served",
        demand=demand,
        first=[first for first, _, _ in pairs],
        site=[site for _, site, _ in pairs],
        distance_m=[metres for _, _, metres in pairs],
        option_first=option_first,
        option_plugs=there + added,
        option_capacity=(capacity_tenths(city.charging, (there + added).T) * used).T,
        option_fen=_fen(city, place, added, opened=there.sum(axis=1) == 0),
        open=opened.astype(np.int64),
        mobilise_fen=np.full(len(live), mobilise_fen, np.int64),
        budget_fen=np.array([Budget(cny).fen for cny in wishes.budgets_cny], np.int64),
        carry_share=wishes.carry_share,
        served_share=_served_shares(years, targets) if wishes.objective == "cost" else np.zeros(len(years)),
        option_va=np.rint(drawn_kva(city.charging, (there + added).T) * _VA).astype(np.int64),
        feeder=city.places.feeder[live].astype(np.int64),
        headroom_va=_va(city.feeders.headroom_kva + city.supply.feeder_steps * city.feeders.step_kva),
        step_va=_va(city.feeders.step_kva),
        step_fen=np.rint(city.feeders.step_cny * units.FEN_PER_CNY).astype(np.int64),
        most_steps=(city.feeders.most_steps - city.supply.feeder_steps).astype(np.int64),
        least=[*_kinds(city, live, wishes, last), *_plugs(years, live, targets)],
        area=area.astype(np.int64),
        floor_share=floor,
        site_area=_areas_of(city, live, area),
        names=Names(
            areas=areas.tolist(),
            feeders=[f"feeder {name}" for name in city.feeders.id.tolist()],
            services=[f"{service} charging" for service in units.CHARGING],
            years=[str(year.year) for year in years],
        ),
        ahead=_ahead(years, area, len(areas), float(city.charging.ahead_share) if wishes.ahead else None),
    )
    return Offers(problem, live, added)


def _pairs(year: Year, service: int, live: I64) -> tuple[I64, I64, I64]:
    first, place, metres = charging_pairs(year.city, year.travel, service)
    position = np.full(len(year.city.places.id), -1, np.int64)
    position[live] = np.arange(len(live))
    return first, position[place], metres


def _options(city: City, live: I64, opened: Flags) -> tuple[I64, I64]:
    """(O, 3) plugs that may be added, nothing first at each place, and (J+1) where the options of each begin.

    A plan adds nothing where a place is never `opened` (J), and puts fast or ultra-fast plugs at a place, not both:
    they would share out the same drivers in two queues.
    """
    sizes = [sorted({*np.rint(row).astype(np.int64).tolist(), 0}) for row in city.charging.sizes]
    every = np.array(sorted(n for n in itertools.product(*sizes) if not (n[units.FAST] and n[units.ULTRA_FAST])))
    rooms = np.where(opened, city.places.most_plugs[live] - city.supply.plugs[:, live].sum(axis=0), 0)
    fitting = {room: every[every.sum(axis=1) <= room] for room in {*np.maximum(rooms, 0).tolist()}}
    rows = [fitting[room] for room in np.maximum(rooms, 0).tolist()]
    return np.concatenate(rows) if rows else every[:0], np.cumsum([0, *map(len, rows)])


def _fen(city: City, place: I64, added: I64, *, opened: Flags) -> I64:
    """(O) what an option costs from what is there: opening a place without plugs, and each plug by its class."""
    opening = np.where(opened & added.any(axis=1), city.places.open_cny[place], 0.0)
    each = added @ city.charging.plug_cost_factor * city.places.plug_cny[place]
    return np.rint((opening + each) * units.FEN_PER_CNY).astype(np.int64)


def _va(kva: F64) -> I64:
    """Whole volt-amperes, rounded down: headroom is never exceeded."""
    return np.floor(kva * _VA).astype(np.int64)


def _served_shares(years: Sequence[Year], targets: Sequence[Target]) -> F64:
    out, asked = np.zeros(len(years)), _of(targets, "charging_served_share")
    for target in asked:
        at = _position(years, target)
        out[at] = max(out[at], target.value)
    if not asked:
        hint = "give a target such as charging_served_share>=0.8"
        raise InputError(Problem("targets", "do not say what the least money is to reach", hint))
    return out


def _of(targets: Sequence[Target], metric: str) -> list[Target]:
    return [t for t in targets if t.metric == metric and t.op == "at_least"]


def _position(years: Sequence[Year], target: Target) -> int:
    """Year that a target speaks of: its own where it is planned for, else the last."""
    known = [year.year for year in years]
    return known.index(target.year) if target.year in known else len(known) - 1


def _plugs(years: Sequence[Year], live: I64, targets: Sequence[Target]) -> Iterator[Least]:
    for target in _of(targets, "public_plugs"):
        yield Least("all places", np.arange(len(live)), math.ceil(target.value), _position(years, target))


def _kinds(city: City, live: I64, wishes: ChargerWishes, last: int) -> Iterator[Least]:
    kinds = city.places.kind[live]
    for kind, plugs in wishes.least.items():
        sites = np.flatnonzero(kinds == kind)
        if not len(sites):
            hint = f"kinds are {', '.join(sorted({*kinds.tolist()}))}"
            raise InputError(Problem(f"least {kind!r}", "is not the kind of any place that may hold plugs", hint))
        yield Least(kind.replace("_", " "), sites, plugs, last)


def _areas_of(city: City, live: I64, area: I64) -> I64:
    """(J) area of the zone whose middle is nearest."""
    lonlat, zones = city.places.lonlat[live], city.zones.lonlat
    east = np.cos(np.radians(float(zones[:, 1].mean())))
    away = np.hypot((lonlat[:, None, 0] - zones[:, 0]) * east, lonlat[:, None, 1] - zones[:, 1])
    return np.asarray(area[away.argmin(axis=1)], np.int64)


def _ahead(years: Sequence[Year], area: I64, areas: int, ahead_share: float | None) -> I64:
    """(T, A, S) capacity of an area at least [tenths of kWh per hour], none where nothing is asked."""
    out = np.zeros((len(years), areas, len(units.CHARGING)), np.int64)
    if ahead_share is None:
        return out
    for t, year in enumerate(years):
        for a in range(areas):
            busiest = year.outcome.charging_tenths[:, area == a].sum(axis=1).max(axis=1)
            out[t, a] = np.ceil(busiest * (1.0 + ahead_share))
    return out
