"""Park-and-ride and bike-and-ride: how trips choose among stations, and what happens where racks or spaces are full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from network.city import City
from network.kernels.logit import station_trips, weights
from network.parallel import TURN
from network.part import F64, Bools
from network.travel import Travel
from network.units import DIRECT_MODES, STATION_MODES, TRIP_CAR, TRIP_CYCLE, TRIP_PARK_RIDE

_WAY_MODES: Final = (TRIP_CYCLE, TRIP_CAR)
"""Trip modes whose minutes the way to a station is made of, in the order of units.STATION_MODES."""
MOST_OVER: Final = 0.001
"""Share by which use may exceed capacity once the turning away of trips has settled."""
_M_PER_KM = 1000.0
_S_PER_MIN = 60.0


@dataclass(frozen=True, eq=False, kw_only=True)
class StationLoads:
    """What stations bear on a day. First axis: racks and bike-and-ride, spaces and park-and-ride."""

    use: F64
    """(2, G) trips of bikes and of cars."""
    capacity: F64
    """(2, G) trips that can be served."""
    availability: F64
    """(2, G) share of the trips to a station that find room, 1 unless it is full."""
    rounds: int
    """Rounds in which trips were turned away."""
    access_km: F64
    """(2, Z) person-kilometres to the stations, by origin."""
    ride_km: F64
    """(2, Z) person-kilometres from the stations on, by origin."""


def has_car(city: City) -> F64:
    """(Z) share of the travellers with a car at hand."""
    return np.minimum(city.zones.cars_per_resident, 1.0)


def held_modes(modes: int) -> Bools:
    """(modes) the first trip modes, True where one needs a car at hand."""
    return np.isin(np.arange(modes), (TRIP_CAR, TRIP_PARK_RIDE))


def no_loads(city: City) -> StationLoads:
    """Where no station has racks or spaces."""
    stations, zones = len(city.transit.stations.id), len(city.zones.id)
    km = np.zeros((2, zones))
    return StationLoads(
        use=np.zeros((2, stations)),
        capacity=np.zeros((2, stations)),
        availability=np.ones((2, stations)),
        rounds=0,
        access_km=km,
        ride_km=km,
    )


def station_weights(city: City, travel: Travel, purpose: int) -> tuple[F64, F64]:
    """exp(utility) of the ways to the stations (2, Z, Q) and of the rides from there (2, Q, Z); 0 where there is none.

    Their product is that of the whole trip. A car's costs are shared by the persons in it.
    """
    b, s, supply = city.behaviour, travel.stations, city.supply
    modes, access = list(STATION_MODES), list(_WAY_MODES)
    reached, served = np.isfinite(s.access_s), np.isfinite(s.in_vehicle_s)
    minutes = np.where(reached, s.access_s, 0.0) / _S_PER_MIN + b.terminal_min[modes][:, None, None]
    way = b.constant[purpose, modes][:, None, None] + b.time_per_min[purpose, access][:, None, None] * minutes
    driving = np.where(reached[1], s.access_m[1], 0.0) / _M_PER_KM * supply.driving_cny_per_km
    way[1] += b.cost_per_cny[purpose] * (driving + supply.station_parking_cny) / b.car_persons
    on_foot = (
        b.wait_per_min[purpose] * _where(served, s.wait_s) / _S_PER_MIN
        + b.walk_per_min[purpose] * _where(served, s.walk_s) / _S_PER_MIN
        + b.transfer[purpose] * _where(served, s.transfers)
        + b.cost_per_cny[purpose] * _where(served, s.fare_cny)
    )
    riding = b.time_per_min[purpose, modes][:, None, None] * _where(served, s.in_vehicle_s) / _S_PER_MIN
    return np.where(reached, np.exp(way), 0.0), np.where(served, np.exp(riding + on_foot), 0.0)


def _where(there: Bools, values: F64) -> F64:
    return np.where(there, values, 0.0)


def settle(
    city: City, travel: Travel, direct: Sequence[F64], trips: Sequence[F64]
) -> tuple[list[tuple[F64, F64]], StationLoads]:
    """The station modes' weights by purpose once full stations have turned trips away, and what the stations bear.

    `direct` are the utilities (D, Z, Z) of the other modes and `trips` (Z, Z) those of all modes, by purpose. A full
    station is there for a share a of those who would choose it: V + ln a. From a = 1 on, a becomes a x capacity / use
    wherever use exceeds capacity, until no use does by more than MOST_OVER, or for supply.station_rounds. Use over a
    falls as any a grows: so the a only fall, and towards the greatest ones that keep to every capacity.
    """
    s, supply = travel.stations, city.supply
    halves = [station_weights(city, travel, u) for u in range(len(trips))]
    with TURN:
        others = [weights(utility, held_modes(len(DIRECT_MODES))) for utility in direct]
    persons = np.array([[1.0], [float(city.behaviour.car_persons)]])
    capacity = supply.station_places[:, s.station] * supply.station_turnover[:, None]
    available, rounds = np.ones(capacity.shape), 0
    while True:
        by, ride_km = _bear(city, travel, others, [(w * available[:, None], ride) for w, ride in halves], trips)
        use = by.sum(axis=1) / persons
        if rounds >= supply.station_rounds or (use <= capacity * (1.0 + MOST_OVER)).all():
            break
        available *= np.divide(capacity, use, out=np.ones(use.shape), where=use > capacity)
        rounds += 1
    access_km = (by * _where(np.isfinite(s.access_m), s.access_m)).sum(axis=2) / _M_PER_KM
    out = no_loads(city)
    out.use[:, s.station], out.capacity[:, s.station], out.availability[:, s.station] = use, capacity, available
    loads = replace(out, rounds=rounds, access_km=access_km, ride_km=ride_km)
    return [(way * available[:, None], ride) for way, ride in halves], loads


def _bear(
    city: City,
    travel: Travel,
    others: Sequence[tuple[F64, F64]],
    halves: Sequence[tuple[F64, F64]],
    trips: Sequence[F64],
) -> tuple[F64, F64]:
    """Trips by origin and station (2, Z, Q) of all purposes, and person-kilometres of the rides by origin (2, Z)."""
    length_m, share = _where(np.isfinite(travel.stations.length_m), travel.stations.length_m), has_car(city)
    with TURN:
        found = [
            station_trips(*weighed, share, matrix, *half, length_m)
            for weighed, half, matrix in zip(others, halves, trips, strict=True)
        ]
    return np.sum([by for by, _ in found], axis=0), np.sum([metres for _, metres in found], axis=0) / _M_PER_KM
