"""Shared bikes that are taken and left, by place and hour: of the demand model, or as a table says.

Every ride by cycle is a bike taken at one end and left at the other; of bike-and-ride, the way between home end and
station is a ride.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, NamedTuple

import numpy as np

from network.city import City
from network.demand.bikes import BIKE_DAYS
from network.demand.day import hours
from network.edits.base import outside
from network.errors import InputError, Problem
from network.outcome import Outcome
from network.part import F64, I32, I64, Snap, Text
from network.snap import local_metres, nearest_of, snap
from network.travel.bike_cover import ride_places
from network.travel.coverage import walks_between
from network.units import HOURS, TRIP_BIKE_RIDE, TRIP_CYCLE

_MIN_PER_H: Final = 60.0
_EACH_WAY: Final = 0.5
_MOST_PARTS: Final = 100_000


@dataclass(frozen=True, eq=False, kw_only=True)
class FlowRows:
    """Pickups and returns at places (I), as read: per day of bikes.BIKE_DAYS and hour."""

    id: tuple[str, ...]
    lonlat: F64
    """(I, 2) degrees."""
    pickups: F64
    returns: F64
    """(2, I, 24)"""
    source: str
    notes: tuple[str, ...] = ()
    """What was left out, and why."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeFlows:
    """Pickups and returns at demand points (I), per day of bikes.BIKE_DAYS and hour."""

    id: Text
    lonlat: F64
    """(I, 2) degrees."""
    zone: I32
    """(I) zone that is nearest."""
    station: I32
    """(I) rail station whose entrance it is, or -1."""
    snap: Snap
    pickups: F64
    returns: F64
    """(2, I, 24)"""
    source: str


class BikeRides(NamedTuple):
    """Bikes taken and left in each hour of the model's day: in zones (Z, 24), and at entrances of stations (A, 24)."""

    pickups: F64
    returns: F64
    entrance_pickups: F64
    entrance_returns: F64


def bike_ways(city: City) -> tuple[F64, F64]:
    """Shares (U, 24) of a purpose's trips that start in an hour and lead away from the end they are produced at, or
    back.

    bike_sharing.out_share says which way trips lead in an hour; its lesser side is kept and the other cut in proportion
    so that over the day as many trips lead back as away: no purpose piles up bikes.
    """
    start, away = hours(city), city.bike_sharing.out_share
    whole = start.sum(axis=1, keepdims=True)
    mean = np.divide((start * away).sum(axis=1, keepdims=True), whole, out=np.full_like(whole, 0.5), where=whole > 0)
    fewer, more = _EACH_WAY / np.maximum(mean, _EACH_WAY), _EACH_WAY / np.maximum(1.0 - mean, _EACH_WAY)
    away = np.where(mean > _EACH_WAY, away * fewer, 1.0 - (1.0 - away) * more)
    return start * away, start * (1.0 - away)


def bike_rides(city: City, starts: F64, ends: F64, entrance_bikes: F64) -> BikeRides:
    """Rides on shared bikes that trips (U, K, Z) by origin and destination hold, with bikes by entrance (A) a day.

    A bike is left bike_sharing.ride_min after it is taken; what is taken late in the evening is left after midnight of
    the same day. At stations trips of all purposes are alike, and the time on the train is left out.
    """
    rules, (away, back) = city.bike_sharing, bike_ways(city)
    of_ride = float(rules.ride_shared_share) * starts[:, TRIP_BIKE_RIDE]
    made = float(rules.shared_share) * starts[:, TRIP_CYCLE] + of_ride
    drawn = float(rules.shared_share) * ends[:, TRIP_CYCLE]
    at_stations, bikes = of_ride.sum(axis=1), float(entrance_bikes.sum())
    share = entrance_bikes[:, None] / bikes if bikes > 0 else entrance_bikes[:, None]
    return BikeRides(
        pickups=made.T @ away + drawn.T @ back,
        returns=_later(drawn.T @ away + made.T @ back, city),
        entrance_pickups=share * (at_stations @ back),
        entrance_returns=share * _later(at_stations @ away, city),
    )


def _later(rides: F64, city: City) -> F64:
    """Rides (., 24) that start in an hour, by when they end."""
    whole, part = divmod(float(city.bike_sharing.ride_min) / _MIN_PER_H, 1.0)
    return np.asarray(np.roll(rides, int(whole), -1) * (1.0 - part) + np.roll(rides, int(whole) + 1, -1) * part)


def model_flows(city: City, outcome: Outcome) -> BikeFlows:
    """Flows of the demand model: those of zones at places along their streets, those of stations at their entrances."""
    stations, places = city.transit.stations, ride_places(city)
    rides = bike_rides(city, outcome.trips_from, outcome.trips_to, outcome.entrance_bikes)
    share, zone = places.share[:, None], places.zone
    lonlat = np.concatenate((places.lonlat, stations.entrance_lonlat))
    nth = np.arange(len(zone)) - np.searchsorted(zone, zone)
    names = [f"{city.zones.id[z]}/{n}" for z, n in zip(zone.tolist(), nth.tolist(), strict=True)]
    flows = BikeFlows(
        id=np.array([*names, *stations.entrance_id.tolist()], np.str_),
        lonlat=lonlat,
        zone=np.append(zone, _zones(city, stations.entrance_lonlat)).astype(np.int32),
        station=np.append(np.full(len(zone), -1), stations.entrance_station).astype(np.int32),
        snap=snap(city.roads, lonlat),
        pickups=_by_day(city, np.concatenate((share * rides.pickups[zone], rides.entrance_pickups))),
        returns=_by_day(city, np.concatenate((share * rides.returns[zone], rides.entrance_returns))),
        source="model",
    )
    return _split(city, _some(flows, np.flatnonzero(_a_day(flows) > 0)))


def flows_at(city: City, rows: FlowRows) -> BikeFlows:
    """Flows at given places; within bike_sharing.station_walk_m of an entrance they are those of its station.

    Raises InputError for places outside the city, for what is no number or negative, and where ids come twice.
    """
    _check(city, rows)
    stations, lonlat = city.transit.stations, rows.lonlat
    station = np.full(len(lonlat), -1, np.int32)
    if len(stations.entrance_id) and len(lonlat):
        nearest = nearest_of(stations.entrance_lonlat, lonlat)
        middle = float(np.median(lonlat[:, 1]))
        apart = local_metres(lonlat, middle) - local_metres(stations.entrance_lonlat[nearest], middle)
        beside = np.hypot(*apart.T) <= float(city.bike_sharing.station_walk_m)
        station[beside] = stations.entrance_station[nearest[beside]]
    flows = BikeFlows(
        id=np.array(rows.id, np.str_), lonlat=lonlat, zone=_zones(city, lonlat), station=station,
        snap=snap(city.roads, lonlat), pickups=rows.pickups, returns=rows.returns, source=rows.source,
    )  # fmt: skip
    return _split(city, _some(flows, np.flatnonzero(_a_day(flows) > 0)))


def bike_walks(city: City, flows: BikeFlows, lonlat: F64, where: Snap) -> tuple[I64, I64, F64]:
    """Points (lonlat, where they touch the streets) within a walk of each demand point, as CSR: first (I+1), point
    rising, whole metres.

    The walk is bike_sharing.walk_m; from a station bike_sharing.station_walk_m if any point is so near.
    """
    rules = city.bike_sharing
    first, point, metres = walks_between(city.roads, (flows.lonlat, flows.snap), (lonlat, where), float(rules.walk_m))
    row = np.repeat(np.arange(len(flows.id)), np.diff(first))
    near, beside = metres <= rules.walk_m, metres <= rules.station_walk_m
    has = np.bincount(row[beside], minlength=len(flows.id)) > 0
    kept = np.flatnonzero(near & (beside | ~has[row] | (flows.station[row] < 0)))
    kept = kept[np.lexsort((point[kept], row[kept]))]
    return np.searchsorted(row[kept], np.arange(len(first))).astype(np.int64), point[kept], metres[kept]


def _zones(city: City, lonlat: F64) -> I32:
    return nearest_of(city.zones.lonlat, lonlat) if len(lonlat) else np.zeros(0, np.int32)


def _by_day(city: City, flows: F64) -> F64:
    """(2, I, 24) of the model's day (I, 24)."""
    return np.asarray(city.bike_sharing.day_factor[:, None, None] * flows)


def _a_day(flows: BikeFlows) -> F64:
    """(I) pickups and returns of the busier type of day."""
    return np.asarray((flows.pickups + flows.returns).sum(axis=2).max(axis=0))


def _some(flows: BikeFlows, rows: I64) -> BikeFlows:
    touch = Snap(**{name: array[:, rows] for name, array in flows.snap.arrays()})
    return replace(
        flows, id=flows.id[rows], lonlat=flows.lonlat[rows], zone=flows.zone[rows], station=flows.station[rows],
        snap=touch, pickups=flows.pickups[:, rows], returns=flows.returns[:, rows],
    )  # fmt: skip


def _split(city: City, flows: BikeFlows) -> BikeFlows:
    """Points with more than bike_sharing.point_trips a day made several of one size, as one site need not hold all.

    Raises InputError where they would be more than any city has.
    """
    point_trips = float(city.bike_sharing.point_trips)
    parts = np.maximum(np.ceil(_a_day(flows) / point_trips), 1.0)
    if parts.sum() > _MOST_PARTS:
        what = f"hold {_a_day(flows).sum():,.0f} pickups and returns a day, {_MOST_PARTS:,} points of {point_trips:g}"
        raise InputError(Problem("flows", f"{what} are the most", "are they of a day, or of a year?"))
    parts = parts.astype(np.int64)
    row = np.repeat(np.arange(len(parts)), parts)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts)
    of = zip(flows.id[row].tolist(), nth.tolist(), parts[row].tolist(), strict=True)
    share, out = 1.0 / parts[row][:, None], _some(flows, row)
    names = np.array([name if whole == 1 else f"{name}+{n}" for name, n, whole in of], np.str_)
    return replace(out, id=names, pickups=out.pickups * share, returns=out.returns * share)


def _check(city: City, rows: FlowRows) -> None:
    problems, seen = [], set()
    shape = len(BIKE_DAYS), len(rows.id), HOURS
    if not (rows.pickups.shape == rows.returns.shape == shape and rows.lonlat.shape == (len(rows.id), 2)):
        raise InputError(Problem("flows", f"are not of {len(rows.id)} places by type of day and hour"))
    least = np.minimum(rows.pickups, rows.returns).min(axis=(0, 2))  # NaN where any is
    sound = (least >= 0) & np.isfinite(rows.pickups + rows.returns).all(axis=(0, 2))
    for i, (name, (lon, lat)) in enumerate(zip(rows.id, rows.lonlat.tolist(), strict=True)):
        where = f"flows at {name!r}"
        if name in seen:
            problems.append(Problem(where, "come twice", "give each place its own id, or add them up"))
        seen.add(name)
        if found := outside(city.roads, lon, lat):
            problems.append(Problem(where, *found))
        if not sound[i]:
            problems.append(Problem(where, "hold a count that is negative or no number", "correct it or leave it out"))
    if problems:
        raise InputError(problems)
