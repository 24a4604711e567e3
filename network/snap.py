"""Points to the nearest place on a street in sight: on an edge, never to a node, not across a barrier."""

from __future__ import annotations

import weakref
from typing import Final, NamedTuple

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.kernels.nearest import FEW, Grid, crossing, grid_of, nearest_pieces
from network.parallel import shared_out
from network.part import F64, I32, Bools, Snap
from network.units import EARTH_RADIUS_M, NETWORK_MODES

_PAIRS: Final = 2**18
"""Distances computed at once, so that they stay near the processor."""


def local_metres(lonlat: F64, origin_lat: float) -> F64:
    """Plane metres (X, 2) around a latitude: equirectangular, good to 0.1 % across a city."""
    scale = np.radians(1.0) * EARTH_RADIUS_M
    return np.column_stack((lonlat[:, 0] * scale * np.cos(np.radians(origin_lat)), lonlat[:, 1] * scale))


def nearest_of(points: F64, to: F64) -> I32:
    """(X) position of the point that is nearest to each of `to` (X, 2), as the crow flies; degrees."""
    middle = float(np.median(points[:, 1]))
    (x, y), there = local_metres(points, middle).T, local_metres(to, middle)
    at_once = max(1, _PAIRS // max(len(points), 1))
    runs = (there[i : i + at_once, :, None] for i in range(0, len(there), at_once))
    found = [((x - run[:, 0]) ** 2 + (y - run[:, 1]) ** 2).argmin(axis=1) for run in runs]
    return np.concatenate([np.zeros(0, np.int32), *found]).astype(np.int32)


class _Lines(NamedTuple):
    """Drawn lines as pieces (Q) in local metres."""

    first: I32
    latitude: float
    grid: Grid
    owner: I32
    """(Q) line of each piece."""
    first_piece: I32
    """Pieces of line s are first_piece[s]:first_piece[s+1]."""
    behind: F64
    """(Q+1) metres drawn before each piece, all lines one after the other."""


_LINES: Final[dict[int, _Lines]] = {}
"""By the identity of the array of points, for as long as it lives: edits to a city's times leave the lines as they are,
and cutting and filing them takes far longer than snapping a few points."""


def _lines_of(lonlat: F64, first: I32, latitude: float) -> _Lines:
    key = id(lonlat)
    kept = _LINES.get(key)
    if kept is None:
        weakref.finalize(lonlat, _LINES.pop, key, None)
    elif kept.first is first and kept.latitude == latitude:
        return kept
    metres = local_metres(lonlat, latitude)
    within = np.ones(max(len(metres) - 1, 0), bool)
    within[first[1:-1] - 1] = False
    a, b = metres[:-1][within], metres[1:][within]
    first_piece = (first - np.arange(len(first), dtype=np.int32)).astype(np.int32)
    lines = _Lines(
        first=first,
        latitude=latitude,
        grid=grid_of(*np.ascontiguousarray(a.T), *np.ascontiguousarray(b.T)),
        owner=np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first_piece)),
        first_piece=first_piece,
        behind=np.append(0.0, np.cumsum(np.hypot(*(b - a).T))),
    )
    _LINES[key] = lines
    return lines


def _latitude(roads: Roads) -> float:
    return float(np.median(roads.lonlat[:, 1]))


def _streets(roads: Roads) -> _Lines:
    return _lines_of(roads.shape_lonlat, roads.shape_first, _latitude(roads))


def _walls(roads: Roads) -> Grid:
    return _lines_of(roads.barrier_lonlat, roads.barrier_first, _latitude(roads)).grid


def snap(roads: Roads, lonlat: F64) -> Snap:
    """Snap points (X, 2), degrees, to the nearest place in sight on a segment open to each network mode.

    Only segments that one gets onto from beside count: no bridge, tunnel or ferry.

    A place is in sight if the straight line to it crosses no barrier; a barrier it meets within 1 cm of either end is
    touched, not crossed. Every straight piece of a street offers the place nearest to the point and, if a barrier hides
    that one, its two ends. Where nothing nearer than the nearest place plus `roads.snap_detour_m` is in sight, as in a
    closed court, the nearest place is taken all the same; `crossed` tells which those are.

    Raises InputError where a mode has no open street at all.
    """
    there, back = roads.edges.T
    open_ = ((roads.time_ms[:, there] >= 0) | (roads.time_ms[:, back] >= 0)) & roads.beside
    shut = [name for name, usable in zip(NETWORK_MODES, open_, strict=True) if not usable.any()]
    if shut:
        raise InputError(
            Problem("roads", f"no street is open to {', '.join(shut)}", "check the access tags of the extract")
        )
    segment, along, off_m = nearest_usable(roads, lonlat, open_)
    return Snap(segment=segment, along=along, off_m=off_m)


def nearest_usable(roads: Roads, lonlat: F64, usable: Bools) -> tuple[I32, F64, F64]:
    """As `snap`, for each row of `usable` (R, S): segment, share that lies behind, and distance [m], each (R, X).

    Every row must have a usable segment.
    """
    streets = _streets(roads)
    x, y = np.ascontiguousarray(local_metres(lonlat, streets.latitude).T)
    shape = len(lonlat), len(usable)
    found = np.full(shape, -1), np.zeros(shape), np.full(shape, np.inf)
    asked = x, y, streets.grid, streets.owner, usable, _walls(roads), float(roads.snap_detour_m), *found
    shared_out(nearest_pieces, asked, -(-len(lonlat) // FEW))
    piece, share, squared = (part.T for part in found)

    segment, behind = streets.owner[piece], streets.behind
    start, end = behind[streets.first_piece[segment]], behind[streets.first_piece[segment + 1]]
    passed = behind[piece] - start + share * (behind[piece + 1] - behind[piece])
    along = np.divide(passed, end - start, out=np.zeros_like(passed), where=end > start)
    return segment, np.clip(along, 0.0, 1.0), np.sqrt(squared)


def on_street(roads: Roads, segment: I32, along: F64) -> F64:
    """(X, 2) lon, lat of places on segments (X), `along` (X) being the share of the drawn length that lies behind."""
    _, _, _, owner, first_piece, behind = _streets(roads)
    start, end = behind[first_piece[segment]], behind[first_piece[segment + 1]]
    at = start + along * (end - start)
    piece = np.clip(np.searchsorted(behind, at, side="right") - 1, first_piece[segment], first_piece[segment + 1] - 1)
    length = behind[piece + 1] - behind[piece]
    share = np.divide(at - behind[piece], length, out=np.zeros_like(at), where=length > 0)[:, None]
    a = piece + owner[piece]
    places: F64 = (1.0 - share) * roads.shape_lonlat[a] + share * roads.shape_lonlat[a + 1]
    return places


def crossed(roads: Roads, lonlat: F64, where: Snap) -> Bools:
    """(M, X) whether the straight line from each point (X, 2), degrees, to its place on a street crosses a barrier."""
    latitude, walls = _latitude(roads), _walls(roads)
    x, y = np.ascontiguousarray(local_metres(lonlat, latitude).T)
    out = np.zeros(where.segment.shape, bool)
    for mode, (segment, along) in enumerate(zip(where.segment, where.along, strict=True)):
        to_x, to_y = np.ascontiguousarray(local_metres(on_street(roads, segment, along), latitude).T)
        out[mode] = crossing(x, y, to_x, to_y, walls)
    return out
