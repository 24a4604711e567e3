"""Demand and traffic that agree: the trips that are made at the times they cause.

Traffic is in user equilibrium at each round's demand, and demand follows anew from its times; the fixed point of the
two is found by Anderson's acceleration of depth one (Anderson 1965, doi:10.1145/321296.321305; for traffic: Cantarella
1997, doi:10.1287/trsc.31.2.107).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import City
from network.demand.choice import DayTrips, split
from network.demand.day import hours
from network.demand.flows import Flows, between_zones
from network.outcome import Outcome
from network.part import F64, I32
from network.simulate import outcome_of
from network.travel import Travel, at_drive_times, travel_keys
from network.travel.car_traffic import CityLinks, city_links, drive_skim
from network.travel.congestion import Equilibrium, equilibrium
from network.units import DRIVE, GREEN_MODES, PERIODS, VISITOR

_S_PER_H = 3600.0


class Round(NamedTuple):
    """One assignment of a demand, and the demand at its times."""

    green_share: float
    share_change: float
    """Of the green-trip share since the round before."""
    car_s: float
    """Mean time of car trips in the hours looked at."""
    time_change: float
    """As a share."""
    demand_gap: float
    """Sum of the differences between the vehicles wanted at these times and those assigned, over the latter."""
    traffic_gap: float
    """Relative gap of the traffic, the wider one of the periods."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Settled:
    """A day at the times that its own traffic causes."""

    travel: Travel
    flows: Flows
    outcome: Outcome
    demand: F64
    """(T, Z, Z) cars and taxis in the hour that each period's window starts in."""
    links: CityLinks
    traffic: tuple[Equilibrium, ...]
    """By period."""
    rounds: tuple[Round, ...]
    converged: bool
    """Whether the last round changed no more than city.congestion allows."""


def settled(
    city: City,
    travel: Travel,
    flows: Flows | None = None,
    before: Settled | None = None,
    progress: Callable[[Round], None] | None = None,
) -> Settled:
    """The day of a city with congestion; `travel` and `flows` are those without.

    The search starts from the traffic of `before`, where that is of as many zones, else from the demand without
    congestion; the answer is the same up to the changes that city.congestion leaves. Not in it: through traffic and
    other trips across the edge, goods, taxis without passengers, the ways to park-and-ride, and delays of buses.
    Distances by car stay those of the ways that are quickest without traffic.

    Raises InputError where trips cannot be balanced or the streets cannot carry the demand, ValueError where `travel`
    is of another city or has congestion.
    """
    if travel.keys != travel_keys(city):
        raise ValueError("these are not the travel times of this city without congestion")
    rules, links = city.congestion, city_links(city.roads, city.congestion, city.zones.snap)
    flows = between_zones(city, travel, flows)
    demand, known = _start(city, travel, flows, links, before)
    rounds: list[Round] = []
    last: tuple[F64, F64] | None = None
    while True:
        traffic = tuple(
            equilibrium(links.links, trips, gap=float(rules.gap), start=start)
            for trips, start in zip(demand, known, strict=True)
        )
        zones = city.zones.snap
        drive_s = np.stack([drive_skim(city.roads, links, found, zones, zones)[0] for found in traffic])
        there = at_drive_times(city, travel, drive_s)
        flows = between_zones(city, there, flows)
        trips = split(city, there, flows.trips, vehicles=True)
        short = vehicles_per_h(city, there, trips) - demand
        gap = max(found.gap for found in traffic)
        rounds.append(_round(trips, there, demand, short, traffic_gap=gap, before=rounds))
        if progress:
            progress(rounds[-1])
        converged = _is_settled(city, rounds)
        if converged or len(rounds) >= rules.most_rounds:
            break
        demand, last, known = _next(demand, short, last), (demand, short), traffic
    return Settled(
        travel=there,
        flows=flows,
        outcome=outcome_of(city, there, trips),
        demand=demand,
        links=links,
        traffic=traffic,
        rounds=tuple(rounds),
        converged=converged,
    )


class Load(NamedTuple):
    """The traffic of a period's hour on the streets."""

    vehicles: float
    vehicle_h: float
    """Time under way of all, in hours."""
    delay_h: float
    """The part of it that traffic adds."""
    way: I32
    """Streets by ways, the fullest first: the flow on the fullest piece, and what that carries, in vehicles an hour."""
    flow: F64
    capacity: F64


def load_of(city: City, found: Settled, period: int) -> Load:
    """Figures of the traffic of a period."""
    traffic, roads = found.traffic[period], city.roads
    links = traffic.links
    on_street = np.flatnonzero((found.links.edge >= 0) & (links.b > 0))
    full = traffic.flow[on_street] / links.capacity[on_street]
    ranked = on_street[np.argsort(-full, kind="stable")]
    ways = roads.way[roads.segment[found.links.edge[ranked]]]
    first = np.sort(np.unique(ways, return_index=True)[1])
    spent, free = ((traffic.flow * time_s).sum() / _S_PER_H for time_s in (traffic.time_s, links.free_s))
    apart = ~np.eye(len(found.demand[period]), dtype=np.bool_)
    return Load(
        vehicles=float(found.demand[period][apart].sum()),
        vehicle_h=float(spent),
        delay_h=float(spent - free),
        way=ways[first],
        flow=traffic.flow[ranked[first]],
        capacity=links.capacity[ranked[first]],
    )


def vehicles_per_h(city: City, travel: Travel, trips: DayTrips) -> F64:
    """(T, Z, Z) cars and taxis from origin to destination in the hour that each period's window starts in.

    Who has no way to drive back leaves no traffic on the way back.
    """
    hour = (city.transit.window_start_s // _S_PER_H).astype(np.int64)
    there, at = city.congestion.outbound_share, hours(city)[:, hour].T
    out = np.empty((len(PERIODS), *trips.vehicles.shape[1:]))
    for period, od in enumerate(out):
        out_of, home = (
            np.einsum("u,uij->ij", at[period] * way, trips.vehicles) for way in (there[period], 1 - there[period])
        )
        np.add(out_of, home.T, out=od)
    return _where_open(travel, out)


def _where_open(travel: Travel, demand: F64) -> F64:
    return np.where(np.isfinite(travel.road_time_s[DRIVE]), demand, 0.0)


def _start(
    city: City, travel: Travel, flows: Flows, links: CityLinks, before: Settled | None
) -> tuple[F64, tuple[Equilibrium | None, ...]]:
    """A demand to begin with, on ways that are open, and traffic on the same links."""
    none = (None,) * len(PERIODS)
    if before is None or before.demand.shape != travel.drive_s.shape:
        return vehicles_per_h(city, travel, split(city, travel, flows.trips, vehicles=True)), none
    old, new = before.links.links, links.links
    same = old.nodes == new.nodes and np.array_equal(old.tail, new.tail) and np.array_equal(old.head, new.head)
    return _where_open(travel, before.demand), before.traffic if same else none


def _round(
    trips: DayTrips, travel: Travel, demand: F64, short: F64, *, traffic_gap: float, before: list[Round]
) -> Round:
    by_mode = trips.starts[:VISITOR].sum(axis=(0, 2))
    share = _ratio(by_mode[list(GREEN_MODES)].sum(), by_mode.sum())
    there = demand > 0
    car_s = _ratio((demand[there] * travel.drive_s[there]).sum(), demand.sum())
    last = before[-1] if before else None
    return Round(
        green_share=share,
        share_change=share - last.green_share if last else share,
        car_s=car_s,
        time_change=_ratio(car_s - last.car_s, last.car_s) if last else 1.0,
        demand_gap=_ratio(np.abs(short).sum(), demand.sum()),
        traffic_gap=traffic_gap,
    )


def _is_settled(city: City, rounds: list[Round]) -> bool:
    rules, last = city.congestion, rounds[-1]
    small = abs(last.share_change) <= rules.settled_share and abs(last.time_change) <= rules.settled_time
    return bool(last.demand_gap <= rules.settled_share or (small and len(rounds) > 1))


def _next(demand: F64, short: F64, last: tuple[F64, F64] | None) -> F64:
    """What to assign next: what is wanted now, or where the last two rounds lead by the secant."""
    if last is None:
        return np.asarray(demand + short)
    moved, change = demand - last[0], short - last[1]
    along = _ratio((short * change).sum(), (change * change).sum())
    return np.maximum(demand + short - along * (moved + change), 0.0)


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else 0.0
