"""Edits of the points where shared bikes stand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.bike_points import BikePoints
from network.city import City
from network.edits.base import (
    STRICT,
    Number,
    Refused,
    Whole,
    check_inside,
    check_printable,
    not_negative,
    position_of,
)
from network.part import Bools, Snap
from network.snap import nearest_of, snap

_MOST_SPACES = 10_000
_LEAST_CORNERS = 3


@dataclass(frozen=True, kw_only=True)
class AddBikePoint:
    """Lay out a dispatch point for shared bikes (共享单车疏导点), or build a station with docks.

    `outline` are the corners of its ground, lon and lat; `bikes` stand there as the day begins.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_bike_point"] = "add_bike_point"
    id: str
    lon: Number
    lat: Number
    spaces: Whole
    docked: bool = False
    name: str = ""
    bikes: Whole = 0
    area_m2: Number = 0.0
    outline: tuple[tuple[Number, Number], ...] = ()

    def apply(self, city: City) -> City:
        points = city.bike_points
        check_printable(self.id, self.name)
        if not self.id or (points.id == self.id).any():
            raise Refused(f"the id {self.id!r} is {'taken' if self.id else 'empty'}", "give the new point its own id")
        _check_counts(self.spaces, self.bikes)
        not_negative("area_m2", self.area_m2)
        if not len(city.zones.id):
            raise Refused("the city has no zones that a point could lie in", "build it with zones")
        if 0 < len(self.outline) < _LEAST_CORNERS:
            raise Refused(f"outline has {len(self.outline)} corners", "give three or more, or none")
        for lon, lat in ((self.lon, self.lat), *self.outline):
            check_inside(city, lon, lat)
        lonlat = np.array([[self.lon, self.lat]])
        where = snap(city.roads, lonlat)
        row = {
            "id": [self.id], "name": [self.name], "lonlat": lonlat, "zone": nearest_of(city.zones.lonlat, lonlat),
            "docked": [self.docked], "spaces": [self.spaces], "bikes": [self.bikes], "area_m2": [self.area_m2],
            "ring_first": [len(points.ring_lonlat) + len(self.outline)],
            "ring_lonlat": np.array(self.outline, np.float64).reshape(-1, 2),
        }  # fmt: skip
        joined = {
            name: np.concatenate((old, np.asarray(row[name]).astype(old.dtype if old.dtype.kind != "U" else "U")))
            for name, old in points.arrays()
        }
        touch = {name: np.concatenate((old, getattr(where, name)), axis=1) for name, old in points.snap.arrays()}
        return replace(city, bike_points=BikePoints(snap=Snap(**touch), **joined))


@dataclass(frozen=True, kw_only=True)
class RemoveBikePoint:
    """Take a point away: its bikes go too."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["remove_bike_point"] = "remove_bike_point"
    point: str

    def apply(self, city: City) -> City:
        at = position_of(city.bike_points.id, self.point, "bike point")
        return replace(city, bike_points=_only(city.bike_points, np.arange(len(city.bike_points.id)) != at))


@dataclass(frozen=True, kw_only=True)
class SetBikePoint:
    """Say how many places a point has, or how many bikes it begins the day with."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_bike_point"] = "set_bike_point"
    point: str
    spaces: Whole | None = None
    bikes: Whole | None = None

    def apply(self, city: City) -> City:
        points = city.bike_points
        at = position_of(points.id, self.point, "bike point")
        if self.spaces is None and self.bikes is None:
            raise Refused("changes nothing", "give spaces or bikes")
        spaces, bikes = points.spaces.copy(), points.bikes.copy()
        spaces[at] = spaces[at] if self.spaces is None else min(self.spaces, _MOST_SPACES + 1)
        bikes[at] = bikes[at] if self.bikes is None else min(self.bikes, _MOST_SPACES + 1)
        _check_counts(int(spaces[at]), int(bikes[at]))
        return replace(city, bike_points=replace(points, spaces=spaces, bikes=bikes))


def _check_counts(spaces: int, bikes: int) -> None:
    if not 1 <= spaces <= _MOST_SPACES:
        raise Refused(f"spaces is {spaces}", f"a number from 1 to {_MOST_SPACES:,} is needed")
    if not 0 <= bikes <= spaces:
        raise Refused(f"bikes is {bikes}", f"a number from 0 to its {spaces} places is needed")


def _only(points: BikePoints, some: Bools) -> BikePoints:
    """Some of the points, with their outlines."""
    corners = np.diff(points.ring_first)
    kept: dict[str, Any] = {name: array[some] for name, array in points.arrays() if not name.startswith("ring")}
    kept["ring_first"] = np.append(0, np.cumsum(corners[some])).astype(np.int32)
    kept["ring_lonlat"] = points.ring_lonlat[np.repeat(some, corners)]
    touch = {name: array[:, some] for name, array in points.snap.arrays()}
    return BikePoints(snap=Snap(**touch), **kept)
