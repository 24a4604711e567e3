"""Which mode a trip takes: a multinomial logit by purpose, with and without a car at hand."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.kernels.logit import split_trips
from network.parallel import TURN
from network.part import F64
from network.travel import Travel
from network.units import TRIP_CAR, TRIP_MODES, TRIP_TRANSIT

_M_PER_KM = 1000.0
_S_PER_MIN = 60.0


def costs_cny(city: City, travel: Travel) -> F64:
    """Money a person pays for a trip by mode, (K, Z, Z) in CNY; a car's costs are shared by the persons in it.

    Where a mode has no way its cost says nothing.
    """
    out = np.zeros_like(travel.time_s)
    out[TRIP_TRANSIT] = city.transit.fare_cny
    length_m = travel.length_m[TRIP_CAR]
    driving = np.where(np.isfinite(length_m), length_m, 0.0) / _M_PER_KM * city.supply.driving_cny_per_km
    out[TRIP_CAR] = (driving + city.supply.parking_cny) / city.behaviour.car_persons
    return out


def utilities(city: City, travel: Travel, cost_cny: F64, purpose: int) -> F64:
    """Utility (K, Z, Z) of each mode for a purpose, -inf where the mode has no way."""
    b, transit = city.behaviour, city.transit
    there = np.isfinite(travel.time_s)
    minutes = np.where(there, travel.time_s, 0.0) / _S_PER_MIN
    value = b.constant[purpose][:, None, None] + b.time_per_min[purpose][:, None, None] * minutes
    served = there[TRIP_TRANSIT]
    value[TRIP_TRANSIT][served] += (
        (b.wait_per_min[purpose] - b.time_per_min[purpose, TRIP_TRANSIT]) * transit.wait_s[served] / _S_PER_MIN
        + (b.walk_per_min[purpose] - b.time_per_min[purpose, TRIP_TRANSIT]) * transit.walk_s[served] / _S_PER_MIN
        + b.transfer[purpose] * transit.transfers[served]
    )
    value += b.cost_per_cny[purpose] * np.where(there, cost_cny, 0.0)
    return np.where(there, value, -np.inf)


def split(city: City, travel: Travel, trips: list[F64]) -> F64:
    """Trips by purpose and mode, (U, K, Z, Z), of the trips (Z, Z) of each purpose."""
    cost = costs_cny(city, travel)
    has_car = np.minimum(city.zones.cars_per_resident, 1.0)
    out = np.empty((len(trips), len(TRIP_MODES), *trips[0].shape))
    for u, matrix in enumerate(trips):
        utility = utilities(city, travel, cost, u)
        with TURN:
            out[u] = split_trips(utility, TRIP_CAR, has_car, matrix)
    return out
