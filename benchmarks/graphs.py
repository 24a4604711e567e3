"""Streets of any size for benchmarks: grids with holes, uneven blocks and uneven speeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import Roads, units
from network.hierarchy import hierarchy_of
from network.synthetic import BLOCK_M, grid_roads

DROPPED = 0.25
"""Share of the blocks' sides that are left out: three directed edges a node remain."""
JITTER_M = 60.0
"""How far a crossing lies from its place in the grid, at most, along each axis."""
SPEED_RANGE = (0.7, 1.3)
"""Speed on a segment over the speed of the mode on the grid."""


def thinned_grid(nodes: int, seed: int = 0) -> Roads:
    """About `nodes` crossings about 200 m apart, a quarter of the segments left out; same arguments, same streets."""
    rng = np.random.default_rng(seed)
    grid = grid_roads(round(nodes**0.5))
    kept = np.flatnonzero(rng.random(len(grid.edges)) >= DROPPED)
    per_degree = np.radians(1.0) * units.EARTH_RADIUS_M
    shift = rng.uniform(-JITTER_M, JITTER_M, grid.lonlat.shape) / per_degree
    shift[:, 0] /= np.cos(np.radians(grid.lonlat[:, 1]))
    lonlat = grid.lonlat + shift

    tail, head = grid.tail[grid.edges[kept, 0]], grid.head[grid.edges[kept, 0]]
    step = (lonlat[head] - lonlat[tail]) * per_degree
    step[:, 0] *= np.cos(np.radians(lonlat[tail, 1]))
    length_m = np.rint(np.hypot(*step.T) * units.MM_PER_M) / units.MM_PER_M
    pace = length_m / BLOCK_M / rng.uniform(*SPEED_RANGE, len(kept))
    old_time = grid.time_ms[:, grid.edges[kept]]
    new_time = np.where(old_time < 0, units.CLOSED, np.rint(old_time * pace[:, None]))

    edges, first, leads = _directed(tail, head, len(lonlat))
    time_ms = np.empty((len(old_time), 2 * len(kept)), np.int32)
    time_ms[:, edges] = new_time
    return replace(
        grid,
        lonlat=lonlat,
        first=first,
        head=leads,
        time_ms=time_ms,
        delay_ms=np.zeros_like(time_ms),
        edges=edges,
        length_m=length_m,
        way=grid.way[kept],
        beside=grid.beside[kept],
        shape_first=np.arange(0, 2 * len(kept) + 1, 2, dtype=np.int32),
        shape_lonlat=lonlat[np.column_stack((tail, head)).ravel()],
        hierarchy=hierarchy_of(lonlat, first, leads),
    )


def _directed(tail, head, nodes):
    """(edges (S, 2), first (N+1), head (E)) of segments between nodes."""
    leave = np.concatenate((tail, head))
    order = np.argsort(leave, kind="stable")
    edges = np.empty(len(leave), np.int32)
    edges[order] = np.arange(len(leave), dtype=np.int32)
    first = np.searchsorted(leave[order], np.arange(nodes + 1)).astype(np.int32)
    return edges.reshape(2, -1).T.copy(), first, np.concatenate((head, tail))[order].astype(np.int32)


def without_waiting(roads):
    """The same times, felt along the edges and not at their ends: peers know no places before a signal."""
    return replace(roads, delay_ms=np.zeros_like(roads.delay_ms))
