"""Edits of streets: close, open, one-way, speed, and new links and bridges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np

from network.city import City, Roads
from network.edits.base import MOST, STRICT, Number, Refused, check_inside, check_printable, did_you_mean, not_negative
from network.joined import joined_streets
from network.part import F64, I32, I64, Bools, Snap
from network.snap import nearest_usable, snap
from network.street_graph import Join, StreetGraph, line_length_m
from network.units import CLOSED, MOST_EDGE_MS, MS_PER_S, NETWORK_MODES

NetworkMode: TypeAlias = Literal["walk", "cycle", "ebike", "drive"]
_KMH_PER_M_S = 3.6
_ENDS = 2


@dataclass(frozen=True, kw_only=True)
class CloseStreet:
    """Close a street, by way id or by name, to some modes of travel."""

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["close_street"] = "close_street"
    street: str
    modes: tuple[NetworkMode, ...] = ("drive",)

    def apply(self, city: City) -> City:
        time_ms = city.roads.time_ms.copy()
        for m, edges in _open_edges(city.roads, self.street, self.modes):
            time_ms[m, edges] = CLOSED
        return _with_times(city, time_ms)


@dataclass(frozen=True, kw_only=True)
class OpenStreet:
    """Open a street, by way id or by name, in both directions to modes it is closed to; what is open stays as it is.

    Pieces of it that a mode could not reach stay closed to it.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["open_street"] = "open_street"
    street: str
    kmh: Number
    modes: tuple[NetworkMode, ...] = ("drive",)

    def apply(self, city: City) -> City:
        roads, time_ms = city.roads, city.roads.time_ms.copy()
        segments = _segments(roads, self.street, self.modes)
        for m in map(NETWORK_MODES.index, self.modes):
            edges = roads.edges[segments].ravel()
            edges = edges[time_ms[m, edges] < 0]
            time_ms[m, edges] = _run_ms(roads.length_m[roads.segment[edges]], self.kmh) + roads.delay_ms[m, edges]
        if np.array_equal(time_ms, roads.time_ms):
            raise Refused(f"street {self.street!r} is open to {', '.join(self.modes)} already", "choose other modes")
        opened = roads.with_times(time_ms)
        for m in map(NETWORK_MODES.index, self.modes):
            apart = segments[~joined_streets(opened, m)[segments]]
            time_ms[m, roads.edges[apart]] = roads.time_ms[m, roads.edges[apart]]
        if np.array_equal(time_ms, roads.time_ms):
            what = f"street {self.street!r} touches no street open to {', '.join(self.modes)}"
            raise Refused(what, "open the streets that lead to it first, or add one")
        return _with_roads(city, roads.with_times(time_ms))


@dataclass(frozen=True, kw_only=True)
class SetOneWay:
    """Make a street, by way id or by name, one-way or two-way for the modes that may use it.

    `forward` is the direction in which OpenStreetMap draws each of its ways. A direction that was closed gets the speed
    of the other.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_one_way"] = "set_one_way"
    street: str
    direction: Literal["forward", "backward", "both"]
    modes: tuple[NetworkMode, ...] = ("cycle", "ebike", "drive")

    def apply(self, city: City) -> City:
        roads, time_ms = city.roads, city.roads.time_ms.copy()
        _open_edges(roads, self.street, self.modes)
        edge = roads.edges[_segments(roads, self.street, self.modes)]
        wanted = {"forward": (True, False), "backward": (False, True), "both": (True, True)}[self.direction]
        for m in map(NETWORK_MODES.index, self.modes):
            time, wait = roads.time_ms[m, edge], roads.delay_ms[m, edge]
            other = np.where(time[:, ::-1] < 0, CLOSED, time[:, ::-1] - wait[:, ::-1] + wait)
            time_ms[m, edge] = np.where(wanted, np.where(time < 0, other, time), CLOSED)
        return _with_times(city, time_ms)


@dataclass(frozen=True, kw_only=True)
class SetStreetSpeed:
    """Set the speed on a street, by way id or by name, for some modes of travel; waiting at signals stays."""

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["set_street_speed"] = "set_street_speed"
    street: str
    kmh: Number
    modes: tuple[NetworkMode, ...] = ("drive",)

    def apply(self, city: City) -> City:
        roads, time_ms = city.roads, city.roads.time_ms.copy()
        for m, edges in _open_edges(roads, self.street, self.modes):
            time_ms[m, edges] = _run_ms(roads.length_m[roads.segment[edges]], self.kmh) + roads.delay_ms[m, edges]
        return _with_times(city, time_ms)


@dataclass(frozen=True, kw_only=True)
class AddStreet:
    """Add a street, path or bridge along a line; only its two ends join the streets, whatever it passes over.

    Each end joins the nearest street that is open to every mode of the new one, at most `join_m` away.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_street"] = "add_street"
    id: str
    lonlat: tuple[tuple[Number, Number], ...]
    """Positions along the line, longitude first, WGS-84 degrees."""
    kmh: Mapping[NetworkMode, Number]
    """Speed by mode; closed to the modes left out."""
    one_way: bool = False
    """Whether cycles, e-bikes and cars may pass only in the direction of the line."""
    bridge: bool = False
    """Whether it runs above or below the ground: then nobody gets onto it but at its ends."""
    name: str = ""
    join_m: Number = 30.0

    def apply(self, city: City) -> City:
        if not self.id or self.id in city.roads.way_id:
            raise Refused(f"id {self.id!r} is empty or taken", "choose another")
        check_printable(self.id, self.name)
        if not self.kmh:
            raise Refused("kmh is empty", f"give a speed for some of {', '.join(NETWORK_MODES)}")
        if len(self.lonlat) < _ENDS:
            raise Refused("a line needs two positions", "give [[lon, lat], [lon, lat], ...]")
        not_negative("join_m", self.join_m)
        for lon, lat in self.lonlat:
            check_inside(city, lon, lat)
        streets = StreetGraph.of(city.roads)
        line = np.array(self.lonlat, np.float64)
        ends = self._joined(city.roads, streets, line)
        line[0], line[-1] = (streets.lonlat[end.leave] for end in ends)
        if (line[0] == line[-1]).all():
            raise Refused("both ends join the streets at one place", "draw it from one crossing to another")
        streets.add(line, ends, self._time_ms(line), (self.id, self.name, "residential"), beside=not self.bridge)
        new = np.arange(len(city.roads.lonlat), len(streets.lonlat), dtype=np.int32)
        order = np.argsort(city.roads.hierarchy.rank).astype(np.int32)
        return _with_roads(city, streets.roads(np.concatenate([new, order])))

    def _joined(self, roads: Roads, streets: StreetGraph, line: F64) -> tuple[Join, Join]:
        """The crossings where the ends join, made in place."""
        modes = [NETWORK_MODES.index(mode) for mode in self.kmh]
        usable: Bools = (
            np.all((roads.time_ms[modes][:, roads.edges] >= 0).any(axis=2), axis=0, keepdims=True) & roads.beside
        )
        if not usable.any():
            raise Refused(f"no street is open to {', '.join(self.kmh)} together", "add a street for each mode")
        segment, along, off_m = (row[0] for row in nearest_usable(roads, line[[0, -1]], usable))
        for end, far_m in zip(line[[0, -1]], off_m, strict=True):
            if far_m > self.join_m:
                what = (
                    f"({end[0]:g}, {end[1]:g}) is {far_m:,.0f} m from the nearest street open to {', '.join(self.kmh)}"
                )
                raise Refused(what, f"draw the line up to it, or raise join_m above {self.join_m:g}")
        if segment[0] != segment[1]:
            first, last = (streets.join_at(int(s), float(a)) for s, a in zip(segment, along, strict=True))
            return first, last
        # of two places on one segment the later is cut first: what lies before it keeps its number
        later = int(along[1] > along[0])
        cut = streets.join_at(int(segment[0]), float(along[later]))
        other = streets.join_at(int(segment[0]), float(along[1 - later] / along[later])) if along[later] else cut
        return (other, cut) if later else (cut, other)

    def _time_ms(self, line: F64) -> I64:
        """(M, 2)."""
        out = np.full((len(NETWORK_MODES), 2), CLOSED, np.int64)
        length_m = np.array([line_length_m(line)])
        for mode, kmh in self.kmh.items():
            run_ms = _run_ms(length_m, kmh)[0]
            out[NETWORK_MODES.index(mode)] = run_ms, CLOSED if self.one_way and mode != "walk" else run_ms
        return out


def _run_ms(length_m: F64, kmh: float) -> I32:
    """Time on the move at a speed, at least 1 ms."""
    if not 0 < kmh <= MOST:
        raise Refused(f"kmh is {kmh}", "a speed is above 0 km/h; use close_street to close")
    with np.errstate(over="ignore"):
        run_ms = np.maximum(np.rint(length_m / (kmh / _KMH_PER_M_S) * MS_PER_S), 1)
    if run_ms.max(initial=0) > MOST_EDGE_MS:
        raise Refused(f"kmh is {kmh}", "so slow a street cannot be counted; use close_street to close")
    return run_ms.astype(np.int32)


def _segments(roads: Roads, street: str, modes: tuple[NetworkMode, ...]) -> I64:
    """Segments of a street, by way id or by name."""
    if not modes:
        raise Refused("modes is empty", f"name some of {', '.join(NETWORK_MODES)}")
    way = (roads.way_id == street) | ((roads.way_name == street) & (street != ""))
    if not way.any():
        known = np.concatenate((roads.way_name, roads.way_id))
        alike = did_you_mean(street, known)
        raise Refused(f"no street has the id or name {street!r}", alike or "streets closed to everybody are not kept")
    return np.flatnonzero(way[roads.way])


def _open_edges(roads: Roads, street: str, modes: tuple[NetworkMode, ...]) -> list[tuple[int, I64]]:
    """For each mode the directed edges of a street that are open to it."""
    edges = roads.edges[_segments(roads, street, modes)].ravel()
    by_mode = [(m, edges[roads.time_ms[m, edges] >= 0]) for m in map(NETWORK_MODES.index, modes)]
    if not any(len(e) for _, e in by_mode):
        raise Refused(f"street {street!r} is not open to {', '.join(modes)}", "choose other modes")
    return by_mode


def _with_times(city: City, time_ms: I32) -> City:
    """The city with other travel times; points whose street was closed move to the nearest open one."""
    roads = city.roads.with_times(time_ms)
    return city.on_streets(roads, {name: _resnapped(roads, *points) for name, points in city.points.items()})


def _with_roads(city: City, roads: Roads) -> City:
    """The city with other streets, some of which may be nearer to its points than those before."""
    lonlat = [where for _, where in city.points.values()]
    every = snap(roads, np.concatenate(lonlat))
    cuts = np.cumsum([0, *map(len, lonlat)]).tolist()
    parts = [slice(*cut) for cut in pairwise(cuts)]
    layers = [Snap(**{name: array[:, part] for name, array in every.arrays()}) for part in parts]
    return city.on_streets(roads, dict(zip(city.points, layers, strict=True)))


def _resnapped(roads: Roads, points: Snap, lonlat: F64) -> Snap:
    mode = np.arange(len(NETWORK_MODES))[:, None]
    shut = np.all(roads.time_ms[mode[:, :, None], roads.edges[points.segment]] < 0, axis=2)
    some = np.flatnonzero(shut.any(axis=0))
    if not len(some):
        return points
    fresh = snap(roads, lonlat[some])
    arrays = {}
    for name, old in points.arrays():
        arrays[name] = old.copy()
        arrays[name][:, some] = np.where(shut[:, some], getattr(fresh, name), old[:, some])
    return Snap(**arrays)
