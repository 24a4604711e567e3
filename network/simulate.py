"""The recipe: a city and its travel times in, one average day out."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.demand.charging import public_demand_kwh, serve
from network.demand.choice import split
from network.demand.distribution import gravity
from network.demand.generation import trip_ends
from network.outcome import Outcome
from network.part import F64
from network.travel import Travel, travel_keys, travel_times
from network.units import BAND_EDGES_M, BANDS, TENTHS, TRIP_CAR, TRIP_MODES, TRIP_TRANSIT, TRIP_WALK

_M_PER_KM = 1000.0
_S_PER_MIN = 60.0


def simulate(city: City, travel: Travel | None = None) -> Outcome:
    """Outcome of a city: generation, distribution, mode choice, charging. Pure and deterministic.

    `travel` is `travel_times(city)`, computed here when not given. Raises InputError where trips cannot be balanced,
    ValueError where `travel` is of another city.
    """
    if travel is None:
        travel = travel_times(city)
    elif travel.keys != travel_keys(city):
        raise ValueError("these are not the travel times of this city")
    trips = split(city, travel, _between_zones(city, travel))
    charging_kwh = public_demand_kwh(city, trips[:, TRIP_CAR].sum(axis=(0, 1)))
    wanted = np.rint(charging_kwh.sum(axis=1) * TENTHS).astype(np.int64)
    service = serve(city, travel, wanted)
    km_from = _km_from(travel, trips)
    car_km = km_from[TRIP_CAR] / city.behaviour.car_persons
    plugs = city.supply.plugs
    return Outcome(
        trips_from=trips.sum(axis=3),
        trips_to=trips.sum(axis=2),
        trips_band=_by_band(travel, trips),
        trips_hour=np.ascontiguousarray(city.behaviour.hours.T @ trips.sum(axis=(2, 3))),
        km_from=km_from,
        car_km=car_km.sum(),
        co2_kg=_co2_kg(city, car_km, km_from[TRIP_TRANSIT]),
        charging_kwh=charging_kwh,
        charging_tenths=wanted,
        served_tenths=service.served,
        place_tenths=service.delivered,
        nearest_plug_m=service.nearest_m,
        plug_reach_m=city.supply.plug_reach_m,
        plugs=plugs,
        plugs_cny=np.sum(np.where(plugs > 0, city.places.open_cny + plugs * city.places.plug_cny, 0.0)),
    )


def _between_zones(city: City, travel: Travel) -> list[F64]:
    """Trips (Z, Z) of each purpose; the impedance is the quickest mode's door-to-door time."""
    production, attraction = trip_ends(city)
    minutes = travel.time_s.min(axis=0) / _S_PER_MIN
    b = city.behaviour
    return [
        gravity(p, a, minutes, float(alpha), float(beta))
        for p, a, alpha, beta in zip(production, attraction, b.gravity_alpha, b.gravity_beta_per_min, strict=True)
    ]


def _km_from(travel: Travel, trips: F64) -> F64:
    """Person-kilometres (K, Z) by mode and origin."""
    km = np.where(np.isfinite(travel.length_m), travel.length_m, 0.0) / _M_PER_KM
    return np.asarray((trips.sum(axis=0) * km).sum(axis=2))


def _by_band(travel: Travel, trips: F64) -> F64:
    """Trips (K, B) by mode and band of the walking distance; no way on foot counts as the longest band."""
    band = np.searchsorted(BAND_EDGES_M, travel.length_m[TRIP_WALK].ravel(), side="left")
    by_mode = trips.sum(axis=0).reshape(len(TRIP_MODES), -1)
    return np.stack([np.bincount(band, row, BANDS).astype(np.float64) for row in by_mode])


def _co2_kg(city: City, car_km: F64, transit_km: F64) -> F64:
    b, electric = city.behaviour, city.zones.ev_share
    per_km = electric * b.ev_kg_per_km + (1.0 - electric) * b.car_kg_per_km
    return np.asarray((car_km * per_km).sum() + transit_km.sum() * b.transit_kg_per_km)
