"""Streets as sources of rides on shared bikes, and which of them have a point within a walk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Final, NamedTuple

import numpy as np

from network.city import City
from network.part import F64, I32, I64, Bools, Part, Snap, Spec, digest_of
from network.snap import local_metres, nearest_of, on_street, snap
from network.travel.coverage import walks_between
from network.units import WALK

_ROWS: Final = 2**31
"""More than squares fit between the poles."""


class RidePlaces(NamedTuple):
    """Places (X) that the rides of zones are spread over, those of a zone together."""

    lonlat: F64
    """(X, 2)"""
    zone: I32
    share: F64
    """(X) of the rides of its zone."""
    kerb_m: F64
    """(X) length of the streets around it that have a kerb for bikes."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeCover(Part):
    """What of zones (Z) and entrances of rail stations (A) has a bike point within bike_sharing.walk_m."""

    zone_share: Annotated[F64, Spec("f8", ("Z",), 0, 1)]
    """Share of the zone's rides."""
    entrance: Annotated[Bools, Spec("b", ("A",))]
    kerb_m: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Length of streets with a kerb for bikes; 0 where the city has no bike points, as nobody asks there."""


def ride_places(city: City) -> RidePlaces:
    """Walkable streets in pieces of at most bike_sharing.kerb_gap_m; those in one square of a grid of this width are
    one place, at the piece that is nearest to their middle.

    A place has as much of the nearest zone's rides as of its streets; a zone without any is a place by itself.
    """
    gap = float(city.bike_sharing.kerb_gap_m)
    segment, along, length = _pieces(city, gap)
    lonlat = on_street(city.roads, segment, along)
    metres = local_metres(lonlat, np.rint(np.median(city.zones.lonlat[:, 1])))  # an edit leaves the grid where it is
    column, row = np.floor(metres / gap).astype(np.int64).T
    squares, cell = np.unique(column * _ROWS + row, return_inverse=True)
    count = len(squares)
    street = _sums(cell, length, count)
    middle = np.column_stack([_sums(cell, length * axis, count) / street for axis in metres.T])
    order = np.lexsort((((metres - middle[cell]) ** 2).sum(axis=1), cell))
    at = order[np.searchsorted(cell[order], np.arange(count))]
    kerb = np.isin(city.roads.way_class[city.roads.way[segment]], city.bike_sharing.kerb_classes)
    return _by_zone(city, lonlat[at], street, _sums(cell, length * kerb, count))


def _pieces(city: City, gap_m: float) -> tuple[I32, F64, F64]:
    """Segment, share of it that lies behind the middle, and length [m] of pieces of walkable streets."""
    roads = city.roads
    there, back = roads.edges.T
    walkable = ((roads.time_ms[WALK, there] >= 0) | (roads.time_ms[WALK, back] >= 0)) & roads.beside
    some = np.flatnonzero(walkable & (roads.length_m > 0)).astype(np.int32)
    pieces = np.ceil(roads.length_m[some] / gap_m).astype(np.int64)
    segment, of = np.repeat(some, pieces), np.repeat(pieces, pieces)
    nth = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    return segment, (nth + 0.5) / of, roads.length_m[segment] / of


def _by_zone(city: City, lonlat: F64, street_m: F64, kerb_m: F64) -> RidePlaces:
    zones = len(city.zones.id)
    zone = nearest_of(city.zones.lonlat, lonlat) if zones else np.zeros(0, np.int32)
    bare = np.flatnonzero(np.bincount(zone, minlength=zones) == 0)
    lonlat, zone = np.concatenate((lonlat, city.zones.lonlat[bare])), np.append(zone, bare).astype(np.int32)
    street_m, kerb_m = np.append(street_m, np.ones(len(bare))), np.append(kerb_m, np.zeros(len(bare)))
    order = np.lexsort((lonlat[:, 1], lonlat[:, 0], zone))
    share = street_m / _sums(zone, street_m, zones)[zone]
    return RidePlaces(lonlat[order], zone[order], share[order], kerb_m[order])


def kerb_by_zone(places: RidePlaces, zones: int) -> F64:
    """(Z) length of streets with a kerb for bikes."""
    return _sums(places.zone, places.kerb_m, zones)


def _sums(at: I32 | I64, values: F64, count: int) -> F64:
    return np.bincount(at, values, count).astype(np.float64)


def bike_cover_key(city: City, walk_key: str) -> str:
    """What the cover depends on: the streets and zones on foot, the entrances of stations, and where points are."""
    points, rules, stations = city.bike_points, city.bike_sharing, city.transit.stations
    if not len(points.id):
        return digest_of("no bike points", np.array(len(city.zones.id)), np.array(len(stations.entrance_id)))
    return digest_of(
        "bike_cover", walk_key, city.roads.shape_lonlat, city.roads.way_class, city.roads.way, city.zones.lonlat,
        points.lonlat, points.snap.digest, stations.entrance_lonlat, stations.snap.digest,
        rules.walk_m, rules.kerb_gap_m, rules.kerb_classes,
    )  # fmt: skip


def bike_cover(city: City) -> BikeCover:
    """The cover of a city."""
    stations, zones = city.transit.stations, len(city.zones.id)
    if not len(city.bike_points.id):
        nowhere = np.zeros(zones)
        return BikeCover(zone_share=nowhere, entrance=np.zeros(len(stations.entrance_id), np.bool_), kerb_m=nowhere)
    places = ride_places(city)
    near = _covered(city, (places.lonlat, snap(city.roads, places.lonlat)))
    return BikeCover(
        zone_share=np.minimum(_sums(places.zone, places.share * near, zones), 1.0),
        entrance=_covered(city, (stations.entrance_lonlat, stations.snap)),
        kerb_m=kerb_by_zone(places, zones),
    )


def _covered(city: City, ends: tuple[F64, Snap]) -> Bools:
    """(X) whether a bike point is within the walk."""
    points, walk_m = (city.bike_points.lonlat, city.bike_points.snap), float(city.bike_sharing.walk_m)
    _, found, metres = walks_between(city.roads, points, ends, walk_m)
    out = np.zeros(len(ends[0]), np.bool_)
    out[found[metres <= walk_m]] = True
    return out
