"""Bus and rail as a zone-to-zone table: from lines with assumed speeds and headways, or from nothing but distance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from network.city import Roads, Snap, Transit, Zones
from network.errors import InputError, Problem
from network.io.coordinates import check_datum, check_swapped, to_wgs84
from network.io.layers import read_features
from network.io.parameters import Parameters
from network.io.tables import LONLAT, Column, read_table
from network.part import F64, I64, Bools
from network.snap import local_metres, snap
from network.travel.reach import walk_reach
from network.travel.roads import skim
from network.units import DRIVE, WALK

LINE_KINDS = ("bus", "metro")
_M_PER_S = 1 / 3.6
_S_PER_MIN = 60.0
_FOUND = ("in_vehicle_s", "wait_s", "walk_s", "length_m", "transfers")
_ORIGINS = 32
"""Origins per call of Dijkstra's algorithm: keeps its tables small."""


@dataclass(frozen=True)
class Lines:
    """Stops (S) and the lines that call at them: kind (bus, metro) and stops in order, one direction each."""

    lonlat: F64
    lines: list[tuple[str, I64]]

    def __post_init__(self) -> None:
        unknown = sorted({kind for kind, _ in self.lines} - set(LINE_KINDS))
        if unknown:
            hint = f"known are {', '.join(LINE_KINDS)}"
            raise InputError(Problem("transit", f"there is no kind of line {', '.join(unknown)}", hint))

    @classmethod
    def joined(cls, parts: list[Lines]) -> Lines:
        start = np.cumsum([0, *(len(p.lonlat) for p in parts)])
        lines = [(kind, stops + offset) for p, offset in zip(parts, start, strict=False) for kind, stops in p.lines]
        return cls(np.concatenate([p.lonlat for p in parts]), lines)


def read_line_table(
    path: Path, *, kind: str, crs: str | None, roads: Roads, columns: dict[str, str] | None = None
) -> Lines:
    """Lines from a table with a row per call: line, stop, sequence, lon, lat. A line is one direction.

    Raises InputError naming the rows that are wrong.
    """
    wanted = {"line": Column(), "stop": Column(), "sequence": Column(number=True, low=0), **LONLAT}
    table = read_table(path, wanted, columns)
    lonlat = to_wgs84(table.lonlat(), crs, path.name)
    check_swapped(path.name, lonlat, roads, table.rows)
    _, first, stop = np.unique(table.texts("stop"), return_index=True, return_inverse=True)
    check_datum(path.name, lonlat[first], str(crs), roads)
    _, line = np.unique(table.texts("line"), return_inverse=True)
    order = np.lexsort((table.numbers("sequence"), line))
    cuts = np.flatnonzero(np.diff(line[order])) + 1
    return Lines(lonlat[first], [(kind, calls.astype(np.int64)) for calls in np.split(stop[order], cuts)])


def read_line_features(
    path: Path,
    stations: Path,
    *,
    kind: str,
    crs: str | None,
    roads: Roads,
    columns: dict[str, str] | None = None,
    stops_property: str = "station_ids",
) -> Lines:
    """Lines, served both ways, from the property of a GeoJSON file that lists the stations of a table in order."""
    table = read_table(stations, {"id": Column(unique=True), **LONLAT}, columns)
    lonlat = to_wgs84(table.lonlat(), crs, stations.name)
    check_swapped(stations.name, lonlat, roads, table.rows)
    check_datum(stations.name, lonlat, str(crs), roads)
    position = {str(name): i for i, name in enumerate(table.columns["id"])}
    lines: list[tuple[str, I64]] = []
    problems: list[Problem] = []
    for i, feature in enumerate(read_features(path)[0]):
        names = [str(name) for name in (feature.get("properties") or {}).get(stops_property, [])]
        missing = [name for name in names if name not in position]
        if missing or not names:
            what = (
                f"names stations that are not in {stations.name}: {', '.join(missing)}"
                if missing
                else "names no stations"
            )
            problems.append(Problem(f"{path.name}, feature {i + 1}", what))
            continue
        calls = np.array([position[name] for name in names], dtype=np.int64)
        lines += [(kind, calls), (kind, calls[::-1])]
    if problems:
        raise InputError(problems)
    return Lines(lonlat, lines)


def near_lines(lines: Lines, zones: Zones, reach_m: float) -> Lines:
    """The part of each line from its first to its last stop near a zone; doubles are left out.

    So are lines with fewer than two such stops. Raises InputError where no line is left.
    """
    from scipy.spatial import KDTree

    lat = float(zones.lonlat[:, 1].mean())
    gap, _ = KDTree(local_metres(zones.lonlat, lat)).query(local_metres(lines.lonlat, lat))
    near = gap <= reach_m
    kept: dict[tuple[str, bytes], tuple[str, I64]] = {}
    for kind, calls in lines.lines:
        at = np.flatnonzero(near[calls])
        if len(at) > 1:
            part = calls[at[0] : at[-1] + 1]
            kept.setdefault((kind, part.tobytes()), (kind, part))
    if not kept:
        raise InputError(Problem("transit", "no line has two stops near the zones", "are the lines of another city?"))
    used, position = np.unique(np.concatenate([calls for _, calls in kept.values()]), return_inverse=True)
    cuts = np.cumsum([len(calls) for _, calls in kept.values()])[:-1]
    parts = np.split(position.astype(np.int64), cuts)
    return Lines(lines.lonlat[used], [(kind, part) for (kind, _), part in zip(kept, parts, strict=True)])


def transit_of_lines(lines: Lines, zones: Zones, roads: Roads, parameters: Parameters) -> Transit:
    """Quickest way by bus and rail between all zones, walks along the streets.

    Boarding waits half a headway; a line is timed by its speed over the stop-to-stop distance. Ways are found by
    Dijkstra's algorithm on a graph of zones, stops and calls; walks obey transit.access_m and transit.transfer_m.
    """
    lines = near_lines(lines, zones, parameters.number("transit.access_m"))
    graph = _Graph.of(lines, zones, roads, parameters)
    count = len(zones.id)
    found = {name: np.full((count, count), np.inf) for name in _FOUND}
    for start in range(0, count, _ORIGINS):
        rows = np.arange(start, min(start + _ORIGINS, count))
        time, before = dijkstra(graph.seconds, indices=rows, return_predecessors=True)
        for row, t, p in zip(rows, time, before, strict=True):
            for name, values in zip(_FOUND, graph.along(t, p), strict=True):
                found[name][row] = values
    found["transfers"] -= 1.0
    served = np.isfinite(found["in_vehicle_s"]) & ~np.eye(count, dtype=bool)
    return _transit(found, served, parameters)


@dataclass(frozen=True)
class _Graph:
    """Vertices: zones as origins (Z), stops to board at (S), arrivals (C), stops alighted at (S), zones as ends (Z).

    Stops stand twice and an arrival is a whole ride from the call before, so that nobody is served on foot alone.
    """

    seconds: csr_array[np.float64, Any]
    zones: int
    stops: int
    rides: _Rides

    @classmethod
    def of(cls, lines: Lines, zones: Zones, roads: Roads, parameters: Parameters) -> _Graph:
        rides, near = _Rides.of(lines, parameters), _walks(lines, zones, roads, parameters)
        z, s, c = len(zones.id), len(lines.lonlat), len(rides.metres)
        board, ride, alight, end = z, z + s, z + s + c, z + s + c + s
        on, every_stop = np.flatnonzero(rides.goes_on), np.arange(s)
        edges = [
            (near.zone, board + near.stop, near.access_s),
            (board + rides.tail, ride + np.arange(c), rides.wait_s + rides.seconds),
            (ride + on - 1, ride + on, rides.seconds[on]),
            (ride + np.arange(c), alight + rides.head, np.zeros(c)),
            (alight + every_stop, board + every_stop, np.zeros(s)),
            (alight + near.from_stop, board + near.to_stop, near.transfer_s),
            (alight + near.stop, end + near.zone, near.access_s),
        ]
        tail, head, seconds = (np.concatenate(x) for x in zip(*edges, strict=True))
        order = np.lexsort((head, tail))
        first = np.searchsorted(tail[order], np.arange(end + z + 1))
        matrix = csr_array((seconds[order], head[order].astype(np.int32), first.astype(np.int32)), shape=(end + z,) * 2)
        return cls(matrix, z, s, rides)

    def along(self, time: F64, before: I64) -> tuple[F64, F64, F64, F64, F64]:
        """Of one origin's tree: ride, wait, walk seconds, ride metres and boardings to each zone, else infinite."""
        rides, first_ride = self.rides, self.zones + self.stops
        alight = first_ride + len(rides.metres)
        ride, wait, walk, metres, boardings = np.zeros((5, self.zones))
        at = alight + self.stops + np.arange(self.zones)
        for matrix in (ride, wait, walk, metres, boardings):
            matrix[before[at] < 0] = np.inf
        live = np.flatnonzero(before[at] >= 0)
        while len(live):
            here, there = at[live], before[at[live]]
            is_ride = (here >= first_ride) & (here < alight)
            number = np.where(is_ride, here - first_ride, 0)
            boards = is_ride & (there < first_ride)
            ride[live] += np.where(is_ride, rides.seconds[number], 0.0)
            metres[live] += np.where(is_ride, rides.metres[number], 0.0)
            wait[live] += np.where(boards, rides.wait_s[number], 0.0)
            walk[live] += np.where(is_ride, 0.0, time[here] - time[there])
            boardings[live] += boards
            at[live] = there
            live = live[before[there] >= 0]
        return ride, wait, walk, metres, boardings


@dataclass(frozen=True)
class _Rides:
    """Rides (C) of all lines from one call to the next: the stops, metres and seconds, and the wait to board."""

    tail: I64
    head: I64
    goes_on: Bools
    """Whether the ride before is the same line's."""
    metres: F64
    seconds: F64
    wait_s: F64

    @classmethod
    def of(cls, lines: Lines, parameters: Parameters) -> _Rides:
        tail = np.concatenate([calls[:-1] for _, calls in lines.lines])
        head = np.concatenate([calls[1:] for _, calls in lines.lines])
        rides = [len(calls) - 1 for _, calls in lines.lines]
        kinds = np.repeat([kind for kind, _ in lines.lines], rides)
        goes_on = np.ones(len(tail), dtype=bool)
        goes_on[np.cumsum([0, *rides])[:-1]] = False
        xy = local_metres(lines.lonlat, float(lines.lonlat[:, 1].mean()))
        metres = np.hypot(*(xy[head] - xy[tail]).T)
        seconds, wait_s = np.zeros_like(metres), np.zeros_like(metres)
        for kind in sorted(set(kinds)):
            of = kinds == kind
            metres[of] = np.round(metres[of] * parameters.number(f"transit.{kind}_detour"))
            seconds[of] = np.round(metres[of] / (parameters.positive(f"transit.{kind}_kmh") * _M_PER_S))
            wait_s[of] = parameters.number(f"transit.{kind}_headway_min") * _S_PER_MIN / 2
        return cls(tail, head, goes_on, metres, seconds, wait_s)


@dataclass(frozen=True)
class _Walks:
    zone: I64
    stop: I64
    access_s: F64
    from_stop: I64
    to_stop: I64
    transfer_s: F64


def _walks(lines: Lines, zones: Zones, roads: Roads, parameters: Parameters) -> _Walks:
    """Walks between zones and stops and between stops, along the streets; stops beyond the road file have none."""
    speed = parameters.positive("roads.walk_kmh") * _M_PER_S
    where = snap(roads, lines.lonlat)
    on_map = np.flatnonzero(where.off_m[WALK] <= parameters.number("places.farthest_street_m"))
    stops = Snap(**{name: array[:, on_map] for name, array in where.arrays()})
    zone, stop, access_m = _pairs(roads, zones.snap, stops, parameters.number("transit.access_m"))
    a, b, transfer_m = _pairs(roads, stops, stops, parameters.number("transit.transfer_m"))
    apart = a != b
    return _Walks(
        zone, on_map[stop], np.round(access_m / speed),
        on_map[a[apart]], on_map[b[apart]], np.round(transfer_m[apart] / speed),
    )  # fmt: skip


def _pairs(roads: Roads, starts: Snap, ends: Snap, limit_m: float) -> tuple[I64, I64, F64]:
    first, end, metres = walk_reach(roads, starts, ends, limit_m)
    return np.repeat(np.arange(len(first) - 1), np.diff(first)), end.astype(np.int64), metres.astype(np.float64)


def transit_unknown(zones: Zones, stops_lonlat: F64, roads: Roads, parameters: Parameters) -> Transit:
    """Where no line is known: street distance at an assumed speed, and the walk to the nearest stop on the map."""
    speed = parameters.positive("roads.walk_kmh") * _M_PER_S
    farthest = parameters.number("transit.unknown_walk_m")
    to_stop = np.full(len(zones.id), farthest)
    if len(stops_lonlat):
        zone, _, metres = _pairs(roads, zones.snap, snap(roads, stops_lonlat), farthest)
        np.minimum.at(to_stop, zone, metres)
    _, length = skim(roads, zones.snap, zones.snap, DRIVE)
    served = np.isfinite(length) & ~np.eye(len(length), dtype=bool)
    every = np.ones_like(length)
    arrays = {
        "in_vehicle_s": np.round(length / (parameters.positive("transit.unknown_kmh") * _M_PER_S)),
        "wait_s": every * parameters.number("transit.unknown_wait_min") * _S_PER_MIN,
        "walk_s": np.round((to_stop[:, None] + to_stop) / speed),
        "transfers": every * parameters.number("transit.unknown_transfers"),
        "length_m": length,
    }
    return _transit(arrays, served, parameters)


def _transit(arrays: dict[str, F64], served: Any, parameters: Parameters) -> Transit:
    """All arrays infinite together where there is no service, as within a zone."""
    shown = {name: np.where(served, array, np.inf) for name, array in arrays.items()}
    return Transit(**shown, fare_cny=np.full(served.shape, parameters.number("transit.fare_cny")))
