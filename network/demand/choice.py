"""Which mode a trip takes: a multinomial logit by purpose, with and without a car at hand."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.demand.stations import StationLoads, has_car, held_modes, no_loads, settle
from network.kernels.logit import split_trips, station_sums
from network.parallel import TURN
from network.part import F64
from network.travel import Travel
from network.units import DIRECT_MODES, TRIP_CAR, TRIP_MODES, TRIP_TRANSIT

_M_PER_KM = 1000.0
_S_PER_MIN = 60.0


def costs_cny(city: City, travel: Travel) -> F64:
    """Money a person pays for a trip by direct mode, (D, Z, Z) in CNY; a car's costs are shared by the persons in it.

    Where a mode has no way its cost says nothing.
    """
    out = np.zeros_like(travel.time_s)
    out[TRIP_TRANSIT] = np.where(np.isfinite(travel.transit.fare_cny), travel.transit.fare_cny, 0.0)
    length_m = travel.length_m[TRIP_CAR]
    driving = np.where(np.isfinite(length_m), length_m, 0.0) / _M_PER_KM * city.supply.driving_cny_per_km
    out[TRIP_CAR] = (driving + city.supply.parking_cny) / city.behaviour.car_persons
    return out


def utilities(city: City, travel: Travel, cost_cny: F64, purpose: int) -> F64:
    """Utility (D, Z, Z) of each direct mode for a purpose, -inf where the mode has no way."""
    b, transit = city.behaviour, travel.transit
    there = np.isfinite(travel.time_s)
    minutes = np.where(there, travel.time_s, 0.0) / _S_PER_MIN
    constant, per_min = (x[purpose, : len(DIRECT_MODES), None, None] for x in (b.constant, b.time_per_min))
    value = constant + per_min * minutes
    served = there[TRIP_TRANSIT]
    value[TRIP_TRANSIT][served] += (
        (b.wait_per_min[purpose] - b.time_per_min[purpose, TRIP_TRANSIT]) * transit.wait_s[served] / _S_PER_MIN
        + (b.walk_per_min[purpose] - b.time_per_min[purpose, TRIP_TRANSIT]) * transit.walk_s[served] / _S_PER_MIN
        + b.transfer[purpose] * transit.transfers[served]
    )
    value += b.cost_per_cny[purpose] * np.where(there, cost_cny, 0.0)
    return np.where(there, value, -np.inf)


def split(city: City, travel: Travel, trips: list[F64]) -> tuple[F64, StationLoads]:
    """Trips by purpose and mode, (U, K, Z, Z), of the trips (Z, Z) of each purpose, and what the stations bear."""
    cost, share, held = costs_cny(city, travel), has_car(city), held_modes(len(TRIP_MODES))
    out = np.zeros((len(trips), len(TRIP_MODES), *trips[0].shape))
    direct = (utilities(city, travel, cost, u) for u in range(len(trips)))
    if not len(travel.stations.station):
        some = len(DIRECT_MODES)
        for u, utility in enumerate(direct):
            with TURN:
                out[u, :some] = split_trips(utility, held[:some], share, trips[u])
        return out, no_loads(city)
    every = list(direct)
    halves, loads = settle(city, travel, every, trips)
    for u, utility in enumerate(every):
        with TURN:
            by_station = station_sums(*halves[u])
        by_station = np.log(by_station, out=np.full(by_station.shape, -np.inf), where=by_station > 0)
        with TURN:
            out[u] = split_trips(np.concatenate((utility, by_station)), held, share, trips[u])
    return out, loads
