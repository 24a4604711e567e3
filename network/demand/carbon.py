"""CO2 of a day by mode, on two bases: what leaves vehicles (tank to wheel), and that with the electricity they draw."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.demand.fleet import drawn_kwh_per_km, electric_share, electric_taxi_share
from network.demand.stations import StationLoads
from network.part import F64
from network.units import (
    CARBON_BASES,
    DIRECT_MODES,
    PRIVATE,
    STATION_MODES,
    TAXI,
    TRIP_BUS,
    TRIP_BUS_RAIL,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_EBIKE,
    TRIP_MODES,
    TRIP_RAIL,
    TRIP_TAXI,
)

_D = len(DIRECT_MODES)
_ACCESS = (TRIP_CYCLE, TRIP_CAR)
"""Direct modes whose kilometres the ways to a station are, in the order of units.STATION_MODES."""


def kg_per_km(city: City) -> F64:
    """(bases, D, Z) CO2 of a person-kilometre by direct mode and zone of origin, in the year of the city's transit.

    Bases are units.CARBON_BASES. Ferries count as buses. A zone's cars are as electric as those of its residents.
    """
    rules, b, year = city.carbon, city.behaviour, int(city.transit.year)
    kwh = np.array([0.0, rules.grid(year)[0]])[:, None]
    drawn = drawn_kwh_per_km(city.fleet, city.charging)
    cars, taxis = (
        share * drawn[segment] * kwh + (1.0 - share) * rules.car_kg_per_km
        for share, segment in ((electric_share(city), PRIVATE), (electric_taxi_share(city), TAXI))
    )
    electric = rules.electric_buses(year)
    bus = (electric * rules.bus_kwh_per_km * kwh + (1.0 - electric) * rules.bus_kg_per_km) / rules.bus_persons
    rail = rules.rail_kwh_per_km * kwh
    out = np.zeros((len(CARBON_BASES), _D, len(city.zones.id)))
    out[:, TRIP_EBIKE] = rules.ebike_kwh_per_km * kwh
    out[:, TRIP_BUS], out[:, TRIP_RAIL] = bus, rail
    out[:, TRIP_BUS_RAIL] = rules.bus_rail_bus_share * bus + (1.0 - rules.bus_rail_bus_share) * rail
    out[:, TRIP_CAR], out[:, TRIP_TAXI] = cars / b.car_persons, taxis / b.taxi_persons
    return out


def station_kg(city: City, loads: StationLoads) -> F64:
    """(bases, 2, Z) CO2 of the trips by station mode: the way to the station, and the ride, all of it by rail."""
    per_km = kg_per_km(city)
    return np.asarray(per_km[:, list(_ACCESS)] * loads.access_km + per_km[:, [TRIP_RAIL]] * loads.ride_km)


def co2_kg(city: City, direct_km: F64, loads: StationLoads) -> F64:
    """(bases, K) CO2 of a day, of person-kilometres (D, Z) by direct mode and zone of origin and what stations bear."""
    out = np.zeros((len(CARBON_BASES), len(TRIP_MODES)))
    out[:, :_D] = (kg_per_km(city) * direct_km).sum(axis=2)
    out[:, list(STATION_MODES)] = station_kg(city, loads).sum(axis=2)
    return out
