"""The recipe: a city and its travel times in, one average day out."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.demand.charging import public_demand_kwh, serve
from network.demand.choice import split
from network.demand.distribution import gravity
from network.demand.generation import trip_ends
from network.demand.stations import StationLoads
from network.outcome import Outcome
from network.part import F64, I32
from network.transit import Transit
from network.travel import Travel, travel_keys, travel_times
from network.units import (
    BAND_EDGES_M,
    BANDS,
    DIRECT_MODES,
    TENTHS,
    TRANSIT_MODES,
    TRIP_CAR,
    TRIP_MODES,
    TRIP_TRANSIT,
    TRIP_WALK,
)

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
    trips, stations = split(city, travel, between_zones(city, travel))
    charging_kwh = public_demand_kwh(city, trips[:, TRIP_CAR].sum(axis=(0, 1)))
    wanted = np.rint(charging_kwh.sum(axis=1) * TENTHS).astype(np.int64)
    service = serve(city, travel, wanted)
    km_from = _km_from(travel, trips, stations)
    car_km = (km_from[TRIP_CAR] + stations.access_km[1]) / city.behaviour.car_persons
    transit_km = km_from[TRIP_TRANSIT] + stations.ride_km.sum(axis=0)
    plugs, transit = city.supply.plugs, city.transit
    lines_running, lines_m = _lines(transit)
    return Outcome(
        trips_from=trips.sum(axis=3),
        trips_to=trips.sum(axis=2),
        trips_band=_by_band(travel, trips),
        trips_hour=np.ascontiguousarray(city.behaviour.hours.T @ trips.sum(axis=(2, 3))),
        km_from=km_from,
        car_km=car_km.sum(),
        co2_kg=_co2_kg(city, car_km, transit_km),
        charging_kwh=charging_kwh,
        charging_tenths=wanted,
        served_tenths=service.served,
        place_tenths=service.delivered,
        nearest_plug_m=service.nearest_m,
        plug_reach_m=city.supply.plug_reach_m,
        plugs=plugs,
        plugs_cny=np.sum(np.where(plugs > 0, city.places.open_cny + plugs * city.places.plug_cny, 0.0)),
        residents=city.zones.residents,
        jobs=city.zones.jobs,
        coverage=travel.coverage,
        stops_served=transit.served.sum(dtype=np.int32),
        lines_running=lines_running,
        lines_m=lines_m,
        station_use=stations.use,
        station_capacity=stations.capacity,
        station_availability=stations.availability,
        station_rounds=np.array(stations.rounds, np.int32),
    )


def _lines(transit: Transit) -> tuple[I32, F64]:
    """Lines that run in the year by mode, their directions as one, and their length [m]; not those that lost all calls.

    Lines that call nowhere in the city alone keep their length.
    """
    runs = np.flatnonzero((transit.line_from_year <= transit.year) & (transit.line_m > 0))
    longest: dict[tuple[int, str], float] = {}
    modes, names, lengths = (x[runs].tolist() for x in (transit.line_mode, transit.line_name, transit.line_m))
    for *line, length_m in zip(modes, names, lengths, strict=True):
        longest[*line] = max(length_m, longest.get((*line,), 0.0))
    mode = np.array([mode for mode, _ in longest], dtype=np.int64)
    metres = np.array([*longest.values()], dtype=np.float64)
    count = np.bincount(mode, minlength=len(TRANSIT_MODES))
    return count.astype(np.int32), np.bincount(mode, metres, len(TRANSIT_MODES)).astype(np.float64)


def between_zones(city: City, travel: Travel) -> list[F64]:
    """Trips (Z, Z) of each purpose; the impedance is the quickest mode's door-to-door time."""
    production, attraction = trip_ends(city)
    minutes = travel.time_s.min(axis=0) / _S_PER_MIN
    b = city.behaviour
    return [
        gravity(p, a, minutes, float(alpha), float(beta))
        for p, a, alpha, beta in zip(production, attraction, b.gravity_alpha, b.gravity_beta_per_min, strict=True)
    ]


def _km_from(travel: Travel, trips: F64, stations: StationLoads) -> F64:
    """Person-kilometres (K, Z) by mode and origin."""
    km = np.where(np.isfinite(travel.length_m), travel.length_m, 0.0) / _M_PER_KM
    direct = (trips[:, : len(DIRECT_MODES)].sum(axis=0) * km).sum(axis=2)
    return np.concatenate((direct, stations.access_km + stations.ride_km))


def _by_band(travel: Travel, trips: F64) -> F64:
    """Trips (K, B) by mode and band of the walking distance; no way on foot counts as the longest band."""
    band = np.searchsorted(BAND_EDGES_M, travel.length_m[TRIP_WALK].ravel(), side="left")
    by_mode = trips.sum(axis=0).reshape(len(TRIP_MODES), -1)
    return np.stack([np.bincount(band, row, BANDS).astype(np.float64) for row in by_mode])


def _co2_kg(city: City, car_km: F64, transit_km: F64) -> F64:
    b, electric = city.behaviour, city.zones.ev_share
    per_km = electric * b.ev_kg_per_km + (1.0 - electric) * b.car_kg_per_km
    return np.asarray((car_km * per_km).sum() + transit_km.sum() * b.transit_kg_per_km)
