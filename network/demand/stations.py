"""Park-and-ride and bike-and-ride: how trips choose among stations, and what happens where racks or spaces are full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from network.city import City
from network.demand.utility import (
    M_PER_KM,
    S_PER_MIN,
    car_share,
    nests_of,
    points_cny_per_m,
    skims_in,
    utility_of,
)
from network.kernels.logit import backdrop
from network.kernels.stations import Rides, station_trips
from network.kernels.utility import STATION_METRES, STATION_TRANSFERS
from network.parallel import TURN
from network.part import F64, I32, Bools
from network.travel import Travel
from network.units import PERSONS, STATION_MODES, TRANSIT_NEST, TRIP_CAR, TRIP_CYCLE, VISITOR

_WAY_MODES: Final = (TRIP_CYCLE, TRIP_CAR)
"""Trip modes whose minutes the way to a station is made of, in the order of units.STATION_MODES."""
MOST_OVER: Final = 0.001
"""Share by which use may exceed capacity once the turning away of trips has settled."""
LEAST: Final = 1e-9
"""Availability below which nobody else can be turned away: those who are left have no other way."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StationLoads:
    """What stations bear on a day. First axis: racks and bike-and-ride, spaces and park-and-ride."""

    use: F64
    """(2, G) trips of bikes and of cars."""
    capacity: F64
    """(2, G) trips that can be served."""
    availability: F64
    """(2, G) share of the trips to a station that find room, 1 unless it is full."""
    entrance_bikes: F64
    """(A) trips of bikes by the entrance where they stay."""
    rounds: int
    """Rounds in which trips were turned away."""
    access_km: F64
    """(2, Z) person-kilometres to the stations, by origin."""
    ride_km: F64
    """(2, Z) person-kilometres from the stations on, by origin."""
    transfers: F64
    """(V, 2) changes on the rides, by whose trips they are."""


def no_loads(city: City) -> StationLoads:
    """Where no station has racks or spaces."""
    stations, zones = len(city.transit.stations.id), len(city.zones.id)
    km = np.zeros((2, zones))
    return StationLoads(
        use=np.zeros((2, stations)),
        capacity=np.zeros((2, stations)),
        availability=np.ones((2, stations)),
        entrance_bikes=np.zeros(len(city.transit.stations.entrance_id)),
        rounds=0,
        access_km=km,
        ride_km=km,
        transfers=np.zeros((len(PERSONS), 2)),
    )


def station_weights(city: City, travel: Travel, purpose: int) -> tuple[F64, F64]:
    """exp(utility / mu) of the ways to the stations (2, Z, Q) and of the rides from there (2, Q, Z); 0 where there is
    none.

    Their product is that of the whole trip, mu the scale of the nest of transit. A car's costs are shared by the
    persons in it.
    """
    b, s, supply, levers = city.behaviour, travel.stations, city.supply, city.levers
    modes, access, period = list(STATION_MODES), list(_WAY_MODES), int(b.purpose_period[purpose])
    per_mu, cost = 1.0 / b.nest_scale[purpose, TRANSIT_NEST], b.cost_per_cny[purpose]
    reached, served = np.isfinite(s.access_s), np.isfinite(s.in_vehicle_s[period])
    minutes = np.where(reached, s.access_s, 0.0) / S_PER_MIN + b.terminal_min[modes][:, None, None]
    way = b.constant[purpose, modes][:, None, None] + b.time_per_min[purpose, access][:, None, None] * minutes
    driving = np.where(reached[1], s.access_m[1], 0.0) / M_PER_KM * supply.driving_cny_per_km
    way[1] += cost * (driving + supply.station_parking_cny) / b.car_persons
    on_foot = (
        b.wait_per_min[purpose] * _where(served, s.wait_s[period]) / S_PER_MIN
        + b.walk_per_min[purpose] * _where(served, s.walk_s[period]) / S_PER_MIN
        + b.transfer[purpose] * (1.0 - levers.transfer_off_share) * _where(served, s.transfers[period])
        + cost * (1.0 - levers.fare_off_share) * _where(served, s.fare_cny[period])
        - cost * points_cny_per_m(city) * _where(served, s.length_m[period])
    )
    if purpose == VISITOR:
        on_foot -= cost * levers.ticket_off_cny
    riding = b.time_per_min[purpose, modes][:, None, None] * _where(served, s.in_vehicle_s[period]) / S_PER_MIN
    ride = np.where(served, np.exp((riding + on_foot) * per_mu), 0.0)
    return np.where(reached, np.exp(way * per_mu), 0.0), ride


def _where(there: Bools, values: F64) -> F64:
    return np.where(there, values, 0.0)


def rides_of(city: City, travel: Travel, halves: Sequence[tuple[F64, F64]], purposes: I32, available: F64) -> Rides:
    """The trips by stations of some purposes of one period, where a share `available` (2, Q) find room there.

    `halves` are the `station_weights` of all purposes.
    """
    s, period = travel.stations, city.behaviour.purpose_period[purposes[0]]
    return Rides(
        way=np.stack([halves[u][0] * available[:, None] for u in purposes]),
        ride=np.stack([halves[u][1] for u in purposes]),
        length_m=_where(np.isfinite(s.length_m[period]), s.length_m[period]),
        transfers=_where(np.isfinite(s.transfers[period]), s.transfers[period]),
    )


def settle(
    city: City,
    travel: Travel,
    trips: F64,
    found: StationLoads,
    *,
    halves: Sequence[tuple[F64, F64]],
    room: F64 | None,
) -> tuple[F64, int]:
    """Shares of those who would come that find room (2, Q) once full stations have turned trips away, in how many
    rounds.

    `trips` (U, Z, Z) are those of all modes, `found` is what stations bear while nobody is turned away, `halves` the
    `station_weights` of all purposes, `room` (Z) the share of drivers who find a space at the end. A full station is
    there for a share a of those who would choose it: V / mu + ln a. From a = 1 on, a becomes a x capacity / use
    wherever use exceeds capacity, until no use does by more than MOST_OVER, or a is LEAST (who has no other way goes by
    a full station too), or for supply.station_rounds. Use over a falls as any a grows: so the a only fall, and towards
    the greatest ones that keep to every capacity.
    """
    station, supply = travel.stations.station, city.supply
    use, capacity = found.use[:, station], found.capacity[:, station]
    available, rounds, behind = np.ones(capacity.shape), 0, list[tuple[F64, F64, F64]]()
    while rounds < supply.station_rounds and not ((use <= capacity * (1.0 + MOST_OVER)) | (available <= LEAST)).all():
        behind = behind or [against_stations(city, travel, u, room) for u in range(len(trips))]
        fewer = available * np.divide(capacity, use, out=np.ones(use.shape), where=use > capacity)
        available, rounds = np.maximum(fewer, LEAST), rounds + 1
        use = _use(city, behind, [(way * available[:, None], ride) for way, ride in halves], trips)
    return available, rounds


def loads_of(city: City, travel: Travel, by: F64, counts: F64, *, available: F64, rounds: int) -> StationLoads:
    """What stations bear: trips by station mode, origin and station (2, Z, Q), and counts by origin (Z, V, COUNTS)."""
    s, out = travel.stations, no_loads(city)
    if not available.size:
        return out
    out.use[:, s.station], out.capacity[:, s.station] = by.sum(axis=1) / _persons(city), _capacity(city, travel)
    out.availability[:, s.station], out.entrance_bikes[:] = available, _at_entrances(city, travel, by[0])
    metres = counts[:, :, STATION_METRES : STATION_METRES + len(STATION_MODES)].sum(axis=1)
    return replace(
        out,
        rounds=rounds,
        access_km=(by * _where(np.isfinite(s.access_m), s.access_m)).sum(axis=2) / M_PER_KM,
        ride_km=np.ascontiguousarray(metres.T) / M_PER_KM,
        transfers=counts[:, :, STATION_TRANSFERS : STATION_TRANSFERS + len(STATION_MODES)].sum(axis=0),
    )


def _capacity(city: City, travel: Travel) -> F64:
    """(2, Q) trips that can be served."""
    supply = city.supply
    return np.asarray(supply.station_places[:, travel.stations.station] * supply.station_turnover[:, None])


def _persons(city: City) -> F64:
    """(2, 1) who come on a bike and in a car."""
    return np.array([[1.0], [float(city.behaviour.car_persons)]])


def _at_entrances(city: City, travel: Travel, bikes: F64) -> F64:
    """(A) of trips by bike by origin and station (Z, Q)."""
    entrance = travel.stations.rack_entrance
    came = entrance >= 0
    count = len(city.transit.stations.entrance_id)
    return np.bincount(entrance[came], bikes[came], count).astype(np.float64)


def behind_stations(city: City, travel: Travel, purpose: int, room: F64 | None = None) -> tuple[F64, F64]:
    """What the direct modes add up to by nest for a purpose, with and without a car (kernels.logit.backdrop)."""
    us = np.array([purpose], dtype=np.int32)
    skims = skims_in(city, travel, int(city.behaviour.purpose_period[purpose]))
    utility, nests = utility_of(city, us, room), nests_of(city, us, stations=False)
    with TURN:
        return backdrop(skims, utility, nests, TRANSIT_NEST, 0)


def against_stations(city: City, travel: Travel, purpose: int, room: F64 | None = None) -> tuple[F64, F64, F64]:
    """Sums (Z, Z) of G of the nests beside that of transit, with and without a car, and Y of the latter."""
    have, have_not = behind_stations(city, travel, purpose, room)
    beside = np.arange(len(have)) != TRANSIT_NEST
    return have[beside].sum(axis=0), have_not[beside].sum(axis=0), have[TRANSIT_NEST]


def _use(city: City, behind: Sequence[tuple[F64, F64, F64]], halves: Sequence[tuple[F64, F64]], trips: F64) -> F64:
    """(2, Q) trips of bikes and of cars of all purposes."""
    scale, share, use = city.behaviour.nest_scale[:, TRANSIT_NEST], car_share(city), np.zeros(())
    for u, (against, half) in enumerate(zip(behind, halves, strict=True)):
        with TURN:
            by = station_trips(*against, float(scale[u]), share[u], trips[u], *half)
        use = use + by.sum(axis=1)
    return np.asarray(use / _persons(city))
