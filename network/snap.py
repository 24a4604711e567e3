"""Points to the nearest place on a street: on an edge, never to a node."""

from __future__ import annotations

import numpy as np

from network.city import Roads, Snap
from network.errors import InputError, Problem
from network.kernels.nearest import nearest_pieces
from network.parallel import TURN
from network.part import F64
from network.units import EARTH_RADIUS_M, NETWORK_MODES


def local_metres(lonlat: F64, origin_lat: float) -> F64:
    """Plane metres (X, 2) around a latitude: equirectangular, good to 0.1 % across a city."""
    scale = np.radians(1.0) * EARTH_RADIUS_M
    return np.column_stack((lonlat[:, 0] * scale * np.cos(np.radians(origin_lat)), lonlat[:, 1] * scale))


def snap(roads: Roads, lonlat: F64) -> Snap:
    """Snap points (X, 2), degrees, to the nearest segment open to each network mode.

    Raises InputError where a mode has no open street at all.
    """
    open_ = np.any(roads.time_ms[:, roads.edges] >= 0, axis=2)
    shut = [name for name, usable in zip(NETWORK_MODES, open_, strict=True) if not usable.any()]
    if shut:
        raise InputError(
            Problem("roads", f"no street is open to {', '.join(shut)}", "check the access tags of the extract")
        )
    latitude = float(np.median(roads.lonlat[:, 1]))
    shape = local_metres(roads.shape_lonlat, latitude)
    start = np.delete(np.arange(len(shape)), roads.shape_first[1:] - 1)
    owner = np.repeat(np.arange(len(roads.edges)), np.diff(roads.shape_first) - 1)
    a, b = shape[start], shape[start + 1]
    points = local_metres(lonlat, latitude)
    (x, y), (ax, ay), (bx, by) = points.T, a.T, b.T
    with TURN:
        piece, share, squared = nearest_pieces(x, y, ax, ay, bx, by, open_[:, owner])

    length = np.hypot(*(b - a).T)
    ends = np.concatenate(([0.0], np.cumsum(length)))
    first_piece = roads.shape_first[:-1] - np.arange(len(roads.edges))
    segment = owner[piece]
    behind = ends[piece] - ends[first_piece[segment]] + share * length[piece]
    whole = np.bincount(owner, length, len(roads.edges))[segment]
    along = np.divide(behind, whole, out=np.zeros_like(behind), where=whole > 0)
    return Snap(segment=segment.astype(np.int32), along=np.clip(along, 0.0, 1.0), off_m=np.sqrt(squared))
