"""How many shared bikes a city can do with: what riders need, what streets hold and what points hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from network.city import City
from network.demand.bike_flows import BikeFlows, bike_rides
from network.demand.bikes import BIKE_DAYS
from network.demand.choice import DayTrips
from network.errors import InputError, Problem
from network.part import F64, I32, I64
from network.snap import nearest_of
from network.travel import Travel
from network.travel.bike_cover import kerb_by_zone, ride_places
from network.units import HOURS

BINDINGS: Final = ("need", "space", "parking")
_NEED, _SPACE, _PARKING = range(len(BINDINGS))
_WEEKDAY: Final = BIKE_DAYS.index("weekday")
_ROUNDING: Final = 1e-6
"""Of a bike: sums that are whole but for their last digits are whole."""


@dataclass(frozen=True, eq=False, kw_only=True)
class FleetCap:
    """Bikes by zone (Z) and hour of a weekday, and which of BINDINGS keeps them so few."""

    need: F64
    """(Z, 24)"""
    space: F64
    """(Z)"""
    parking: F64
    """(Z)"""
    binding: I64
    """(Z, 24) position in BINDINGS."""
    cap_by_hour: F64
    """(24) sum over the zones of the least of the three."""
    cap: int
    """The least of them, whole bikes."""
    hour: int
    """In which it is."""


def fleet_cap(city: City, flows: BikeFlows, space: F64 | None = None) -> FleetCap:
    """At most as many bikes as the least of need, space and parking of each zone adds up to at the tightest hour.

    Need: the bikes that the zone's pickups take at bike_sharing.turnover, and what its riders have brought or taken
    by the end of the hour beside the mean of the day. Space (Z): of the streets, or as given, such as the room of
    candidates. Parking: places of the bike points, docks among them. Raises InputError where `space` is not of the
    zones.
    """
    zones = len(city.zones.id)
    if space is not None and not (space.shape == (zones,) and (space >= 0).all()):
        raise InputError(Problem("space", f"is not a number of bikes, 0 or more, for each of {zones} zones"))
    pickups, returns = (_by_zone(x[_WEEKDAY], flows.zone, zones) for x in (flows.pickups, flows.returns))
    need = _need(city, pickups, returns)
    if space is None:
        space = street_space(city, kerb_by_zone(ride_places(city), zones))
    parking = _parking(city)
    room = np.minimum(space, parking)
    outside = np.where(parking >= space, _SPACE, _PARKING)
    by_hour = np.minimum(need, room[:, None]).sum(axis=0)
    return FleetCap(
        need=need,
        space=space,
        parking=parking,
        binding=np.where(need <= room[:, None], _NEED, outside[:, None]).astype(np.int64),
        cap_by_hour=by_hour,
        cap=int(by_hour.min() + _ROUNDING),
        hour=int(by_hour.round(6).argmin()),
    )


def street_space(city: City, kerb_m: F64) -> F64:
    """(Z) shared bikes that can stand beside so many metres of streets with a kerb."""
    rules = city.bike_sharing
    ground_m2 = kerb_m * rules.kerb_share * rules.bike_length_m * (1.0 - rules.own_share)
    return np.asarray(ground_m2 / rules.bike_m2)


def bike_rows(city: City, travel: Travel, trips: DayTrips) -> dict[str, F64]:
    """What `Day` says of shared bikes on a weekday."""
    bikes, stations, zones = trips.stations.entrance_bikes, city.transit.stations, len(city.zones.id)
    factor = city.bike_sharing.day_factor[_WEEKDAY]
    taken, left, taken_there, left_there = (factor * x for x in bike_rides(city, trips.starts, trips.ends, bikes))
    ends = (taken + left).sum(axis=1) @ travel.bikes.zone_share
    ends += (taken_there + left_there).sum(axis=1) @ travel.bikes.entrance
    if bikes.any():
        zone = nearest_of(city.zones.lonlat, stations.entrance_lonlat)
        taken, left = taken + _by_zone(taken_there, zone, zones), left + _by_zone(left_there, zone, zones)
    return {
        "entrance_bikes": bikes,
        "bike_rides": np.asarray(taken.sum()),
        "bike_ends_covered": np.asarray(ends),
        "bike_need": _need(city, taken, left),
        "bike_room": np.minimum(street_space(city, travel.bikes.kerb_m), _parking(city)),
    }


def _need(city: City, pickups: F64, returns: F64) -> F64:
    """(Z, 24) bikes that zones need, of pickups and returns (Z, 24)."""
    here = np.cumsum(returns - pickups, axis=1)
    usual = pickups.sum(axis=1, keepdims=True) / city.bike_sharing.turnover
    return np.asarray(np.maximum(usual + here - here.mean(axis=1, keepdims=True), 0.0))


def _parking(city: City) -> F64:
    points = city.bike_points
    return np.bincount(points.zone, points.spaces, len(city.zones.id)).astype(np.float64)


def _by_zone(rows: F64, zone: I32, zones: int) -> F64:
    """(Z, 24) sums of rows (I, 24)."""
    out = np.zeros((zones, HOURS))
    np.add.at(out, zone, rows)
    return out
