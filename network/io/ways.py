"""What every road reader makes: drawn lines with tags (`Ways`), and the places a planner can use (`Features`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.part import F64, I64, Bools
from network.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

Tags = Mapping[str, str]


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


WAY_TAGS = _words(
    "highway name junction oneway area access vehicle motor_vehicle motorcar foot bicycle motorroad conveying service",
    "disused abandoned oneway:bicycle oneway:foot oneway:motor_vehicle oneway:motorcar bridge tunnel layer",
    "maxspeed maxspeed:forward maxspeed:backward access:forward access:backward vehicle:forward vehicle:backward",
    "motor_vehicle:forward motor_vehicle:backward motorcar:forward motorcar:backward",
    "bicycle:forward bicycle:backward foot:forward foot:backward",
    "cycleway cycleway:left cycleway:right cycleway:both cycleway:left:oneway cycleway:right:oneway",
    "surface smoothness tracktype route duration",
    "ferry construction impassable ramp:bicycle electric_bicycle electric_bicycle:forward electric_bicycle:backward",
)
"""Tags of a way that are read."""

POINT_TAGS = _words(
    "barrier bollard highway crossing crossing:signals traffic_signals traffic_signals:direction direction",
    "foot bicycle electric_bicycle vehicle motor_vehicle motorcar access locked",
)
"""Tags of a point on a line that the rules read: what stands in the way, signals, crossings, and who may pass."""

FEATURE_TAGS = _words(
    "name amenity shop tourism railway public_transport highway office leisure station brand operator access fee",
    "parking building building:levels building:flats building:use height capacity capacity:charging bus tram subway",
    "charging_station:output start_date bicycle_rental",
)
"""Tags of a feature worth keeping; besides these, every `socket:*` tag."""

_AMENITIES = _words(
    "parking fuel charging_station bus_station school kindergarten university college hospital clinic",
    "bicycle_rental bicycle_parking marketplace theatre cinema townhall",
)
_KINDS: dict[str, dict[str, str]] = {
    "amenity": {a: a for a in sorted(_AMENITIES)},
    "railway": {
        "station": "station",
        "halt": "station",
        "subway_entrance": "subway_entrance",
        "train_station_entrance": "subway_entrance",
        "tram_stop": "tram_stop",
    },
    "public_transport": {"station": "station"},
    "highway": {"bus_stop": "bus_stop", "services": "service_area"},
    "shop": {"supermarket": "supermarket", "mall": "mall", "department_store": "mall"},
    "tourism": {"attraction": "attraction", "museum": "museum", "gallery": "museum", "zoo": "attraction"}
    | {"theme_park": "attraction", "hotel": "hotel"},
}
_OTHER_KINDS = {"shop": "shop", "office": "office", "building": "building"}
FEATURE_KEYS = tuple(dict.fromkeys([*_KINDS, *_OTHER_KINDS]))


@dataclass(frozen=True, kw_only=True)
class TurnRule:
    """An OpenStreetMap turn restriction: from one line, over a point or other lines, into another (or the same)."""

    id: str
    """`relation/3`."""
    from_id: str
    via: int
    """Position of the point in `lonlat` of the ways, -1 where it leads over lines."""
    to_id: str
    tags: Tags
    """`restriction`, `restriction:*` and `except`."""
    via_ways: tuple[str, ...] = ()
    """The lines it leads over, each from end to end, in this order."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Barriers:
    """Lines (B) nobody crosses on the way to a street: walls, fences, water lines, shores, rail.

    Line b runs through `lonlat[first[b]:first[b + 1]]`.
    """

    lonlat: F64 = field(default_factory=lambda: np.zeros((0, 2)))
    """(Y, 2) WGS-84 degrees."""
    first: I64 = field(default_factory=lambda: np.zeros(1, np.int64))
    """(B + 1)."""

    def __len__(self) -> int:
        return len(self.first) - 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Ways:
    """Drawn lines (W) over shared points (P): two lines meet where, and only where, they name the same point.

    Line w runs through `point[first[w]:first[w + 1]]`; several lines may carry one id (a clipped or split way).
    """

    lonlat: F64
    """(P, 2) WGS-84 degrees."""
    first: I64
    """(W + 1)."""
    point: I64
    """(V) position in `lonlat` of each vertex of each line."""
    id: tuple[str, ...]
    """(W) `way/123` for OpenStreetMap, `road/17` for other files."""
    tags: tuple[Tags, ...]
    """(W) OpenStreetMap tags, those of WAY_TAGS."""
    source: str = "roads"
    """Name of the file or place, for messages."""
    point_tags: Mapping[int, Tags] = field(default_factory=dict)
    """Tags by position in `lonlat`, those of POINT_TAGS, of the points that have any the rules read."""
    turns: tuple[TurnRule, ...] = ()
    notes: tuple[str, ...] = ()
    """What was repaired and what was not read, one line each, for people."""

    def __len__(self) -> int:
        return len(self.id)

    @property
    def line(self) -> I64:
        """(V) line of each vertex."""
        return np.repeat(np.arange(len(self), dtype=np.int64), np.diff(self.first))


@dataclass(frozen=True, eq=False, kw_only=True)
class Features:
    """Places of interest (X): car parks, fuel and charging stations, stops, shops, schools, sights, buildings."""

    id: tuple[str, ...] = ()
    """`node/1`, `way/2`, `relation/3`."""
    kind: tuple[str, ...] = ()
    """The most telling of the tags, as `feature_kind` says."""
    name: tuple[str, ...] = ()
    lonlat: F64 = field(default_factory=lambda: np.zeros((0, 2)))
    """(X, 2) WGS-84 degrees, centroid of a footprint."""
    area_m2: F64 = field(default_factory=lambda: np.zeros(0))
    """(X) footprint, 0 for points."""
    tags: tuple[Tags, ...] = ()

    def __len__(self) -> int:
        return len(self.id)

    @property
    def is_building(self) -> Bools:
        """(X) true where the footprint is a building, whatever its kind."""
        return np.array([t.get("building", "no") != "no" for t in self.tags], bool)

    @property
    def is_private(self) -> Bools:
        """(X) true where the public may not enter."""
        return np.array([t.get("access") in {"private", "no", "residents", "permit"} for t in self.tags], bool)

    def of_kind(self, *kinds: str) -> I64:
        """Positions of the features of these kinds."""
        return np.flatnonzero(np.isin(np.array(self.kind, dtype=str), kinds)).astype(np.int64)

    def take(self, rows: npt.NDArray[Any]) -> Features:
        """The features at these positions, or where a mask is true."""
        at = np.flatnonzero(rows) if rows.dtype == bool else rows
        texts = {n: tuple(getattr(self, n)[i] for i in at) for n in ("id", "kind", "name")}
        return Features(**texts, lonlat=self.lonlat[at], area_m2=self.area_m2[at], tags=tuple(self.tags[i] for i in at))


def feature_kind(tags: Tags) -> str | None:
    """What a place is, or None for nothing of interest: the named uses first, then any shop, office or building."""
    for key, kinds in _KINDS.items():
        if tags.get(key) in kinds:
            return kinds[tags[key]]
    if tags.get("public_transport") == "platform" and tags.get("bus") == "yes":
        return "bus_stop"
    if tags.get("landuse") == "residential" and year_in(tags.get("start_date")) is not None:
        return "dated_estate"
    for key, kind in _OTHER_KINDS.items():
        if tags.get(key, "no") not in {"no", "vacant"}:
            return kind
    return None


def feature_tags(tags: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in tags.items() if k in FEATURE_TAGS or k.startswith("socket:")}


def whole_number(text: str | None) -> int | None:
    """The first whole number in a tag such as `12`, `12;14` or `ca. 30`."""
    found = re.search(r"\d{1,6}", text or "")
    return int(found.group()) if found else None


def year_in(text: str | None) -> int | None:
    """The first year in a date such as `1986`, `~1986`, `1980s` or `1986-05`; None where there is none."""
    found = re.search(r"\b\d{4}", text or "")
    return int(found.group()) if found else None


def ring_areas_m2(lonlat: F64, first: I64) -> tuple[F64, F64]:
    """Area (R) [m2] and centroid (R, 2) of the rings `lonlat[first[r]:first[r + 1]]`, closed in the file.

    Each is measured in the plane tangent at its first point. What is not closed or has no area gives 0 and the mean of
    its points.
    """
    begin, count = first[:-1], np.diff(first)
    ring = np.repeat(np.arange(len(count)), count)
    origin = lonlat[begin]
    per_degree = np.radians(EARTH_RADIUS_M) * np.column_stack([np.cos(np.radians(origin[:, 1])), np.ones(len(begin))])
    x, y = ((lonlat - origin[ring]) * per_degree[ring]).T
    on_x, on_y = np.append(x[1:], 0.0), np.append(y[1:], 0.0)
    cross = x * on_y - on_x * y
    cross[first[1:] - 1] = 0.0
    parts = np.column_stack([cross, (x + on_x) * cross, (y + on_y) * cross, lonlat])
    twice, *moments, lon, lat = np.add.reduceat(parts, begin).T if len(begin) else np.zeros((5, 0))
    flat = (np.abs(twice) < 1e-6) | (lonlat[first[1:] - 1] != origin).any(axis=1)
    centre = origin + np.column_stack(moments) / (3 * np.where(flat, 1.0, twice))[:, None] / per_degree
    mean = np.column_stack([lon, lat]) / count[:, None]
    return np.where(flat, 0.0, np.abs(twice) / 2), np.where(flat[:, None], mean, centre)


def clip_ways(ways: Ways, clip: BaseGeometry) -> Ways:
    """The straight pieces that touch the polygon `clip` (WGS-84), each run of neighbouring pieces as one line."""
    import shapely

    line = ways.line
    piece = np.flatnonzero(line[:-1] == line[1:])
    ends = np.stack([ways.lonlat[ways.point[piece]], ways.lonlat[ways.point[piece + 1]]], axis=1)
    shapely.prepare(clip)
    piece = piece[shapely.intersects(clip, shapely.linestrings(ends))]
    new_run = np.ones(len(piece), bool)
    new_run[1:] = (np.diff(piece) > 1) | (line[piece[1:]] != line[piece[:-1]])
    start = piece[new_run]
    stop = piece[np.append(new_run[1:], True)[: len(piece)]] + 2
    return take_runs(ways, line[start], start, stop)


def take_runs(ways: Ways, line: I64, start: I64, stop: I64) -> Ways:
    """New lines made of vertices start:stop of lines `line`.

    Points nobody names any more are dropped, with their tags; so are turn rules that lost a line, their point or part
    of a line they lead over, and the duration of a line cut short.
    """
    first = np.append(0, np.cumsum(stop - start)).astype(np.int64)
    vertex = ways.point[spans(start, stop)]
    kept, point = np.unique(vertex, return_inverse=True)
    place = {int(p): i for i, p in enumerate(kept)} if ways.point_tags or ways.turns else {}
    ids = tuple(ways.id[i] for i in line)
    known = set(ids)
    cut_short = stop - start < np.diff(ways.first)[line]
    whole = known.difference(way for way, is_part in zip(ids, cut_short, strict=True) if is_part)
    return Ways(
        lonlat=ways.lonlat[kept],
        first=first,
        point=point.astype(np.int64),
        id=ids,
        tags=tuple(
            without_duration(ways.tags[i]) if is_part else ways.tags[i]
            for i, is_part in zip(line, cut_short, strict=True)
        ),
        source=ways.source,
        point_tags={place[p]: tags for p, tags in ways.point_tags.items() if p in place},
        turns=tuple(
            replace(turn, via=place.get(turn.via, -1))
            for turn in ways.turns
            if (turn.via in place or turn.via_ways)
            and {turn.from_id, turn.to_id} <= known
            and whole.issuperset(turn.via_ways)
        ),
        notes=ways.notes,
    )


def without_duration(tags: Tags) -> Tags:
    """For part of a ferry's line: `duration` is that of the whole."""
    return {k: v for k, v in tags.items() if k != "duration"} if "duration" in tags else tags


def spans(start: I64, stop: I64) -> I64:
    """start[0], ..., stop[0] - 1, start[1], ...: the positions of many slices, one after the other."""
    count = stop - start
    offset = np.repeat(start - np.append(0, np.cumsum(count)[:-1]), count) if len(count) else np.zeros(0, np.int64)
    return np.asarray(np.arange(int(count.sum())) + offset, np.int64)


def check_lonlat(lonlat: F64, where: str, clip: BaseGeometry | None = None) -> None:
    """Raise InputError where positions cannot be degrees, look swapped, or miss the area asked for."""
    problems = list(_lonlat_problems(lonlat, where, clip))
    if problems:
        raise InputError(problems)


def _lonlat_problems(lonlat: F64, where: str, clip: BaseGeometry | None) -> Iterator[Problem]:
    lon, lat = lonlat.T
    if not np.isfinite(lonlat).all():
        at = int(np.flatnonzero(~np.isfinite(lonlat).all(axis=1))[0])
        yield Problem(where, f"position {at} is not a number", "remove or repair that geometry")
    elif (np.abs(lat) > 90).any() or (np.abs(lon) > 180).any():
        at = int(np.flatnonzero((np.abs(lat) > 90) | (np.abs(lon) > 180))[0])
        seen = f"longitude {lon[at]:g}, latitude {lat[at]:g} is not on Earth"
        if np.abs(lonlat).max() <= 180:
            yield Problem(where, f"{seen}: longitude and latitude are swapped", "write longitude first, then latitude")
        else:
            yield Problem(
                where, f"{seen}: these are not degrees", "declare the coordinate reference system of the layer"
            )
    elif clip is not None and len(lonlat):
        west, south, east, north = clip.bounds
        if not ((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).any():
            what = f"nothing lies in the area asked for ({west:.3f} to {east:.3f} E, {south:.3f} to {north:.3f} N)"
            swapped = bool(((lat >= west) & (lat <= east) & (lon >= south) & (lon <= north)).any())
            hint = (
                "longitude and latitude are swapped: write longitude first"
                if swapped
                else "check the area and the file"
            )
            yield Problem(where, what, hint)
