"""Where park-and-ride spaces and bike racks at rail stations win the most trips from car and taxi, within a budget."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

import numpy as np

from network import (
    AddStationParking,
    City,
    InputError,
    Outcome,
    Problem,
    Scenario,
    Travel,
    digest_of,
    simulate,
    station_prospects,
    travel_times,
    units,
)
from optimise.location.choices import Flags
from optimise.location.market import Market
from optimise.location.max_capture import TENTHS, max_capture
from optimise.plan import Proven
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import Incumbent, Listener, answer
from optimise.station_market import StationChoices, station_choices
from optimise.stop import Gap, Stop, Work
from optimise.targets import Budget, Target, Verdict, judge

PARK_RIDE_UNTIL: Final[Stop] = Gap(0.0001) | Work(60)
"""Stops at the same point on every machine."""
VALUE_UNIT: Final = "0.1 trips/day"
_FULL: Final = 0.001
"""Share by which the day of the city may let full stations exceed their capacity."""
_TINY: Final = 1e-6


@dataclass(frozen=True, kw_only=True)
class StationParking:
    """New racks or spaces at one station."""

    station: str
    name: str
    lon: float
    lat: float
    kind: str
    """`racks` or `spaces`."""
    added: int
    existing: int
    availability: float
    """Share of the trips that find room there if nothing else is built; more where other plans relieve it."""
    cost_cny: float
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class ParkRidePlan(Proven):
    """Racks and spaces to add, with everything needed to check and repeat the run.

    value, bound: trips by car and taxi a day that turn green, in whole tenths of a trip, with each station as full as
    if it were built alone; and what no plan within the budget is worth more than, counted so.
    """

    kind: ClassVar[str] = "park_ride"
    places: tuple[StationParking, ...]
    budget_cny: float
    value_unit: str = VALUE_UNIT
    promised_trips: float
    """Trips won from car and taxi a day, counted as `value`."""
    replayed_trips: float
    """The same when the plan is simulated: as much where no station is full, at least as much where stations relieve
    each other, and less where others drive to parking spaces that become free in full zones."""
    areas: int
    """Areas that zones were merged to for the bound."""
    kinds: tuple[str, ...]

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: everything, or with `year` what is there by the end of it."""
        built = [p for p in self.places if year is None or p.year is None or p.year <= year]
        return Scenario(edits=_edits(built), name=f"park and ride {self.city}" + ("" if year is None else f" {year}"))


@dataclass(frozen=True, eq=False, kw_only=True)
class ParkRideProposal:
    """A plan of racks and spaces, how it was found, and the city's day without and with it."""

    plan: ParkRidePlan
    incumbent: Incumbent
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_park_ride(
    city: City,
    *,
    budget_cny: float,
    kinds: Sequence[str] = units.STATION_KINDS,
    targets: Sequence[Target] = (),
    stop: Stop = PARK_RIDE_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> ParkRideProposal:
    """Which sizes of racks and spaces at which stations win the most trips from car and taxi within the budget.

    Sizes and prices are the city's supply.station_size, station_open_cny and station_unit_cny. Trips won from transit
    or from walking count for nothing. Raises InputError for a budget that is not positive, an unknown kind and a city
    without stations, UnverifiedError where the plan does not do in the city what it promises.
    """
    budget = Budget(budget_cny)
    _check(city, kinds)
    travel = travel or travel_times(city)
    base = base or simulate(city, travel)
    choices = station_choices(city, station_prospects(city, travel, base), kinds)
    market = choices.market(budget.fen)
    incumbent = _solve(choices, market, stop, seed, progress)
    chosen = incumbent.values > 0
    places = _places(city, choices, incumbent)
    changed = base
    if places:
        after = Scenario(edits=_edits(places)).apply(city)
        changed = simulate(after, travel_times(after, travel))
    plan = ParkRidePlan(
        city=city.id,
        city_digest=city.digest,
        places=places,
        budget_cny=budget_cny,
        cost_cny=int(choices.cost_fen[chosen].sum()) / units.FEN_PER_CNY,
        value=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        status=incumbent.status,
        promised_trips=choices.won(chosen),
        replayed_trips=_by_motor(base) - _by_motor(changed),
        areas=int(choices.areas.max(initial=-1)) + 1,
        verified=("feasible", "value", "bound_side", "replay"),
        targets=tuple(targets),
        kinds=tuple(kinds),
        solver=incumbent.solver,
        seed=seed,
        stop=stop.to_dict(),
        inputs={"city": city.digest, "problem": _digest(market)},
        versions=dict(versions or {}),
        defaults=tuple(city.provenance.defaults()),
    )
    _verify(plan, choices, chosen, base)
    verdicts = judge(changed.metrics, targets)
    return ParkRideProposal(plan=plan, incumbent=incumbent, base=base, changed=changed, verdicts=verdicts)


def _edits(places: Sequence[StationParking]) -> tuple[AddStationParking, ...]:
    return tuple(
        AddStationParking(station=p.station, racks=p.added)
        if p.kind == "racks"
        else AddStationParking(station=p.station, spaces=p.added)
        for p in places
    )


def _check(city: City, kinds: Sequence[str]) -> None:
    problems = [
        Problem("kinds", f"no kind is called {kind!r}", f"use {' and '.join(units.STATION_KINDS)}")
        for kind in kinds
        if kind not in units.STATION_KINDS
    ]
    if not kinds:
        problems.append(Problem("kinds", "is empty", f"use {' and '.join(units.STATION_KINDS)}"))
    if not len(city.transit.stations.id):
        hint = "name rail lines and stations in its city.toml, or a GTFS feed with a railway"
        problems.append(Problem(city.id, "has no rail station", hint))
    if problems:
        raise InputError(problems)


def _solve(choices: StationChoices, market: Market, stop: Stop, seed: int, progress: Listener | None) -> Incumbent:
    """The best choice over areas, valued zone by zone."""
    from optimise.location.verify_choices import verify_capture  # loads scipy.optimize, which questions do without

    found = max_capture(market, stop=stop, seed=seed, progress=progress)
    must_hold(verify_capture(market, found))
    value = math.floor(choices.won(found.values > 0) * TENTHS)
    bound = max(found.bound, value)
    return answer(found.values, objective=value, bound=bound, solver=found.solver, seconds=found.seconds)


def _digest(m: Market) -> str:
    return digest_of(str(m.budget), m.first, m.site, m.mass, m.there, m.weight, m.cost, m.at_most_one, m.nest, m.scale)


def _places(city: City, choices: StationChoices, incumbent: Incumbent) -> tuple[StationParking, ...]:
    stations, before = city.transit.stations, city.supply.station_places
    return tuple(
        StationParking(
            station=str(stations.id[q]),
            name=str(stations.name[q]),
            lon=float(stations.lonlat[q, 0]),
            lat=float(stations.lonlat[q, 1]),
            kind=units.STATION_KINDS[m],
            added=int(choices.size[j]),
            existing=int(before[m, q]),
            availability=float(choices.availability[j]),
            cost_cny=int(choices.cost_fen[j]) / units.FEN_PER_CNY,
        )
        for j, q, m in (
            (j, int(choices.station[j]), int(choices.kind[j])) for j in np.flatnonzero(incumbent.values).tolist()
        )
    )


def _by_motor(outcome: Outcome) -> float:
    return float(outcome.trips_from.sum()) - outcome.green_trips


def _verify(plan: ParkRidePlan, choices: StationChoices, chosen: Flags, base: Outcome) -> None:
    """Raises UnverifiedError where the plan costs too much or does less than it promises.

    Where stations or zones of the city are full already its day is known to a thousandth of their use only; and in
    zones without a free parking space others drive in place of those who no longer do.
    """
    wrong = []
    if round(plan.cost_cny * units.FEN_PER_CNY) > Budget(plan.budget_cny).fen:
        wrong.append(f"it costs {plan.cost_cny:,.0f} CNY, more than {plan.budget_cny:,.0f}")
    if len({(p.station, p.kind) for p in plan.places}) < len(plan.places):
        wrong.append("a station has two sizes of one kind")
    if plan.bound < plan.value:
        wrong.append("the bound is below the value")
    no_space = base.parking_availability < 1.0
    full = base.station_use[base.station_availability < 1.0].sum() + base.parking_use[no_space].sum()
    persons = float(choices.prospects.city.behaviour.car_persons)
    slack = _FULL * float(full) * persons + _TINY * max(1.0, plan.promised_trips)
    if no_space.any():
        slack += float(choices.won_to(chosen)[no_space].sum())
    if plan.replayed_trips < plan.promised_trips - slack:
        wrong.append(f"it wins {plan.replayed_trips:.3f} trips, {plan.promised_trips:.3f} were promised")
    if wrong:
        raise UnverifiedError("; ".join(wrong))
