"""The recipe: a city and its travel times in, one average day out."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.demand.bike_fleet import bike_rows
from network.demand.carbon import co2_kg
from network.demand.charging import feeder_kva, plugs_cny, serve, wanted_kwh, wanted_tenths
from network.demand.choice import DayTrips, split
from network.demand.day import hours
from network.demand.fleet import fleet_day
from network.demand.flows import Flows, between_zones
from network.demand.overflow import worst_after
from network.demand.utility import GREEN_DIRECT, paid_cny_per_m
from network.outcome import Outcome
from network.part import F64, I32
from network.transit import Transit
from network.travel import Travel, travel_keys, travel_times
from network.units import (
    DIRECT_MODES,
    GREEN_MODES,
    LINE_TRIPS,
    STATION_MODES,
    TRANSIT_MODES,
    TRIP_CAR,
    TRIP_TAXI,
    VISITOR,
)

_M_PER_KM = 1000.0
_S_PER_MIN = 60.0


def simulate(city: City, travel: Travel | None = None, flows: Flows | None = None) -> Outcome:
    """Outcome of a city: generation, distribution, mode choice, charging. Pure and deterministic.

    `travel` is `travel_times(city)`, computed here when not given; of `flows`, those of any city, what is the same
    is taken over. Raises InputError where trips cannot be balanced, ValueError where `travel` is of another city.
    """
    if travel is None:
        travel = travel_times(city)
    elif travel.keys != travel_keys(city):
        raise ValueError("these are not the travel times of this city")
    flows = between_zones(city, travel, flows)
    return outcome_of(city, travel, split(city, travel, flows.trips))


def outcome_of(city: City, travel: Travel, trips: DayTrips) -> Outcome:
    """What follows from the trips of a day."""
    fleet = fleet_day(city)
    wanted = wanted_tenths(wanted_kwh(city, travel, fleet, trips.ends))
    service = serve(city, travel, wanted)
    stations, b = trips.stations, city.behaviour
    km_from = np.concatenate((trips.metres.sum(axis=0) / _M_PER_KM, stations.access_km + stations.ride_km))
    car_km = (km_from[TRIP_CAR] + stations.access_km[1]) / b.car_persons
    taxi_km = km_from[TRIP_TAXI] / b.taxi_persons
    plugs, transit = city.supply.plugs, city.transit
    lines_running, lines_m = _lines(transit)
    return Outcome(
        trips_from=trips.starts,
        trips_to=trips.ends,
        trips_band=trips.bands,
        trips_hour=np.ascontiguousarray(hours(city).T @ trips.starts.sum(axis=2)),
        boardings=_boardings(trips),
        ferry_trips=trips.ferries,
        fares_cny=trips.fares_cny.sum() * (1.0 - city.levers.fare_off_share),
        charges_cny=np.asarray(trips.charged / b.car_persons),
        **_given_back(city, trips),
        km_from=km_from,
        car_km=car_km.sum(),
        taxi_km=taxi_km.sum(),
        co2_kg=co2_kg(city, km_from[: len(DIRECT_MODES)], stations),
        vehicles=fleet.vehicles,
        energy_kwh=fleet.energy_kwh,
        private_piles=np.array(fleet.private_piles),
        dedicated_piles=np.array(fleet.dedicated_piles),
        charging_tenths=wanted,
        served_tenths=service.served,
        place_tenths=service.given,
        place_capacity_tenths=service.capacity,
        nearest_plug_m=service.nearest_m,
        plug_reach_m=city.supply.plug_reach_m,
        plugs=plugs,
        plugs_cny=plugs_cny(city).sum(),
        feeder_kva=feeder_kva(city),
        feeder_limit_kva=city.feeders.headroom_kva + city.supply.feeder_steps * city.feeders.step_kva,
        buses=city.buses.counted,
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
        bike_spaces=city.bike_points.spaces,
        **bike_rows(city, travel, trips),
        parking_use=trips.parking.use,
        parking_capacity=trips.parking.capacity,
        parking_availability=trips.parking.availability,
        parking_rounds=np.array(trips.parking.rounds, np.int32),
        shared=city.lots.shared,
        overflow_share=worst_after(city),
        days_per_year=city.parking.days_per_year,
        spaces_added=city.lots.by_class(city.lots.spaces_added),
        spaces_removed=city.lots.by_class(city.lots.spaces_removed),
    )


def _given_back(city: City, trips: DayTrips) -> dict[str, F64]:
    """What bundles, tickets and carbon points cost: they go to all who travel so, whether or not they did before."""
    lever, green = city.levers, list(GREEN_MODES)
    visitors = trips.ends[VISITOR, green].sum(axis=0)
    metres = trips.metres[:, list(GREEN_DIRECT)].sum() + trips.stations.ride_km.sum() * _M_PER_KM
    return {
        "fares_off_cny": np.asarray(trips.fares_cny.sum() * lever.fare_off_share),
        "tickets_off_cny": np.asarray((visitors * lever.ticket_off_cny).sum()),
        "tickets_off_trips": np.asarray(visitors[lever.ticket_off_cny > 0].sum()),
        "points_cny": np.asarray(metres * paid_cny_per_m(city)),
    }


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


def _boardings(trips: DayTrips) -> F64:
    """(V, K) vehicles of bus and rail that are boarded on the trips by each mode."""
    by_mode = trips.bands.sum(axis=2)
    out = np.zeros(by_mode.shape)
    out[:, list(LINE_TRIPS)] = by_mode[:, list(LINE_TRIPS)] + trips.transfers
    out[:, list(STATION_MODES)] = by_mode[:, list(STATION_MODES)] + trips.stations.transfers
    return out
