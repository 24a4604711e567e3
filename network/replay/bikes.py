"""Points for shared bikes put to the test: who finds no bike, who finds no place, and how many bikes help."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.city import City
from network.demand.bike_days import day_costs
from network.demand.bike_flows import BikeFlows, bike_walks
from network.demand.bikes import BIKE_DAYS
from network.errors import InputError, Problem
from network.part import F64, I64
from network.replay.riders import BikeReplay, Case, run_days
from network.travel.roads import skim
from network.units import DRIVE, HOURS

_AT_ONCE = 9
"""Numbers of bikes that are looked at in a round."""
_ROUNDS = 3
SATURATION_RUNS: Final = _AT_ONCE * _ROUNDS
"""Times that the days of `saturation` are run at most."""
_S_PER_H = 3600.0


@dataclass(frozen=True, kw_only=True)
class BikeVans:
    """Vans that put bikes back before each hour of bike_sharing.balance_h."""

    vans: int
    hours: float
    """That each works."""
    van_bikes: int
    stop_s: float
    bike_s: float
    leg_s: float = 0.0
    """To the next stop, where every point has one: see `van_leg_s`."""


NO_VANS: Final = BikeVans(vans=0, hours=0.0, van_bikes=1, stop_s=0.0, bike_s=0.0)
_ALL_PUT_BACK: Final = BikeVans(vans=1, hours=np.inf, van_bikes=1_000_000, stop_s=0.0, bike_s=0.0)


def replay_bikes(
    city: City, flows: BikeFlows, *, days: int = 100, seed: int = 0, day: str = "weekday",
    vans: BikeVans | None = None, fleet: int | None = None, nearest: bool = False,
    told: Callable[[int, int], None] | None = None,
) -> BikeReplay:  # fmt: skip
    """Runs the points of `city`, or of what a plan makes of it, for days of one type in a row.

    Riders come as Poisson says with the pickups of `flows`, ride for ride_min, and leave the bike by the returns of
    the hour. They walk to the nearest point with a bike, or a place, that is within reach; with `nearest` to no other.
    Where no place is left, the bike stands beside the nearest point. Who has no point within reach rides a bike of
    the street, or leaves it there. The first day begins with the bikes of the points, or with `fleet` of them where
    they lose the fewest riders; before each hour of balance_h `vans` put them back to that, or without `vans` all are.
    `told` hears of days done and of all. Raises InputError where days, the day or the fleet make no sense.
    """
    _check(city, flows, days, day, () if fleet is None else (fleet,))
    walks = _walks(city, flows, nearest=nearest)
    start = city.bike_points.bikes.astype(np.int64)
    if fleet is not None:
        start = _spread(city, fleet, _order(city, flows, walks, day))
    case = _case(city, walks, start, vans)
    return run_days(city.bike_sharing, flows, [case], days=days, seed=seed, kind=BIKE_DAYS.index(day), told=told)[0]


@dataclass(frozen=True, eq=False, kw_only=True)
class Saturation:
    """Days with more and more bikes (F), the same riders each time."""

    fleets: I64
    """(F) rising."""
    lost: F64
    blocked: F64
    """(F) riders a day who find no bike, and who find no place."""
    places: int
    helps_per_bike: float
    bikes: int
    """From where one more bike saves fewer lost rides a day than helps_per_bike."""


def saturation(
    city: City, flows: BikeFlows, *, days: int = 50, seed: int = 0, day: str = "weekday",
    vans: BikeVans | None = None, told: Callable[[int, int], None] | None = None,
) -> Saturation:  # fmt: skip
    """Lost rides by the bikes that points begin with, up to all their places, and from where more stop helping.

    That is where lost rides and helps_per_bike for each bike are fewest together: lost rides fall ever slower, so one
    more bike then saves less than that. Looked for among few numbers, then among few between the best's neighbours.
    For the rest see `replay_bikes`.
    """
    _check(city, flows, days, day, ())
    walks, places = _walks(city, flows, nearest=False), int(city.bike_points.spaces.sum())
    order, helps = _order(city, flows, walks, day), float(city.bike_sharing.helps_per_bike)
    seen: dict[int, BikeReplay] = {}
    low, high = 0, places
    for done in range(_ROUNDS):
        new = sorted(set(np.linspace(low, high, _AT_ONCE).round().astype(int).tolist()) - set(seen))
        cases = [_case(city, walks, _spread(city, fleet, order), vans) for fleet in new]
        found = run_days(city.bike_sharing, flows, cases, days=days, seed=seed, kind=BIKE_DAYS.index(day))
        seen |= dict(zip(new, found, strict=True))
        fleets = sorted(seen)
        best = min(fleets, key=lambda fleet: (seen[fleet].a_day("lost") + helps * fleet, fleet))
        at = fleets.index(best)
        low, high = fleets[max(at - 1, 0)], fleets[min(at + 1, len(fleets) - 1)]
        if told:
            told(done + 1, _ROUNDS)
    return Saturation(
        fleets=np.array(fleets, np.int64),
        lost=np.array([seen[fleet].a_day("lost") for fleet in fleets]),
        blocked=np.array([seen[fleet].a_day("blocked") for fleet in fleets]),
        places=places,
        helps_per_bike=helps,
        bikes=best,
    )


def van_leg_s(city: City) -> float:
    """Seconds by car from a point to the next, on a way through all points that takes the nearest next each time.

    With fewer stops the way to the next is longer by the root of the ratio (Beardwood, Halton and Hammersley 1959,
    doi 10.1017/S0305004100034095). Points that no car reaches do not count.
    """
    touch = city.bike_points.snap
    seconds = np.where(np.isfinite(time := skim(city.roads, touch, touch, DRIVE)[0]), time, np.inf)
    np.fill_diagonal(seconds, np.inf)
    at, legs = 0, []
    for _ in range(len(seconds) - 1):
        seconds[:, at] = np.inf
        to = int(seconds[at].argmin())
        if np.isfinite(seconds[at, to]):
            legs.append(float(seconds[at, to]))
        else:
            to = int(np.isfinite(seconds).any(axis=0).argmax())
        at = to
    return float(np.mean(legs)) if legs else 0.0


def _check(city: City, flows: BikeFlows, days: int, day: str, fleets: Sequence[int]) -> None:
    problems, places = [], int(city.bike_points.spaces.sum())
    if days < 2:
        problems.append(Problem("days", f"is {days}", "2 or more tell how days differ"))
    if day not in BIKE_DAYS:
        problems.append(Problem("day", f"{day!r} is none", f"known: {', '.join(BIKE_DAYS)}"))
    for fleet in fleets:
        if not 0 <= fleet <= places:
            hint = "give no more bikes than there are places, or lay out more points"
            problems.append(Problem("fleet", f"is {fleet:,} for {places:,} places", hint))
    if not problems and flows.pickups[BIKE_DAYS.index(day)].any() and not flows.returns[BIKE_DAYS.index(day)].any():
        problems.append(Problem("flows", f"bikes are taken on a {day} and none comes back", "give returns too"))
    if problems:
        raise InputError(problems)


def _walks(city: City, flows: BikeFlows, *, nearest: bool) -> tuple[I64, I64]:
    """Points within reach of each place, the nearest first: first (I+1), point (R)."""
    first, point, metres = bike_walks(city, flows, city.bike_points.lonlat, city.bike_points.snap)
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.lexsort((point, metres, row))
    if not nearest:
        return first, np.ascontiguousarray(point[order])
    some = first[:-1][np.diff(first) > 0]
    return np.append(0, np.cumsum(np.diff(first) > 0)), np.ascontiguousarray(point[order][some])


def _case(city: City, walks: tuple[I64, I64], start: I64, vans: BikeVans | None) -> Case:
    v = _ALL_PUT_BACK if vans is None else vans
    numbers = np.array([v.vans * v.hours * _S_PER_H, v.van_bikes, v.stop_s, v.bike_s, v.leg_s], np.float64)
    return Case(*walks, city.bike_points.spaces.astype(np.int64), start, numbers)


def _spread(city: City, fleet: int, order: I64) -> I64:
    """(Q) bikes at points to begin with, `fleet` in all, in this order of points."""
    return np.bincount(order[:fleet], minlength=len(city.bike_points.id)).astype(np.int64)


def _order(city: City, flows: BikeFlows, walks: tuple[I64, I64], day: str) -> I64:
    """Points in the order in which bikes come to them, as often as they have places: each bike goes where it saves
    most riders, or costs fewest.

    By `day_costs` from the first hour of balance_h on, with everybody at the nearest point.
    """
    docks, (first, point), kind = city.bike_points.spaces.astype(np.int64), walks, BIKE_DAYS.index(day)
    if not len(docks):
        return docks
    some = np.diff(first) > 0
    near, hour = point[first[:-1][some]], -int(city.bike_sharing.balance_h[0])
    gone, come = (np.zeros((len(docks), HOURS)) for _ in range(2))
    np.add.at(gone, near, flows.pickups[kind, some])
    np.add.at(come, near, flows.returns[kind, some])
    cost = day_costs(np.roll(gone, hour, axis=1), np.roll(come, hour, axis=1), docks)
    more = np.where(np.isfinite(cost[:, 1:]), cost[:, 1:] - np.where(np.isfinite(cost), cost, 0.0)[:, :-1], np.inf)
    order = np.argsort(np.maximum.accumulate(more, axis=1), axis=None, kind="stable")[: docks.sum()]
    return np.asarray(order // more.shape[1])
