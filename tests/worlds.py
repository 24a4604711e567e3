"""Small cities for tests."""

from __future__ import annotations

import numpy as np

from network import Roads, Snap, grid_city
from network.hierarchy import hierarchy_of


def random_roads(rng, nodes=12, segments=25):
    """Random streets: parallel segments, loops, one-ways, closed modes, zero times, unconnected parts."""
    tail = rng.integers(0, nodes, segments)
    head = rng.integers(0, nodes, segments)
    lonlat = np.column_stack((120.6 + rng.uniform(0, 0.02, nodes), 31.3 + rng.uniform(0, 0.02, nodes)))
    length_m = np.rint(rng.integers(0, 400_000, segments)) / 1000
    length_m[rng.random(segments) < 0.2] = 0.0
    order = np.argsort(np.concatenate((tail, head)), kind="stable")
    edges = np.empty(2 * segments, np.int32)
    edges[order] = np.arange(2 * segments)
    time_ms = rng.integers(0, 60_000, (4, 2 * segments)).astype(np.int32)
    time_ms[rng.random(time_ms.shape) < 0.15] = 0
    nothing = edges.reshape(2, segments).T[length_m == 0]
    time_ms[:, nothing[rng.random(len(nothing)) < 0.5]] = 0
    time_ms[rng.random(time_ms.shape) < 0.25] = -1
    time_ms[:, 0] = 1000
    waiting = np.where(rng.random(time_ms.shape) < 0.3, rng.random(time_ms.shape), 0.0)
    first = np.searchsorted(np.concatenate((tail, head))[order], np.arange(nodes + 1)).astype(np.int32)
    leads = np.concatenate((head, tail))[order].astype(np.int32)
    return Roads(
        lonlat=lonlat,
        first=first,
        head=leads,
        time_ms=time_ms,
        delay_ms=np.rint(np.maximum(time_ms, 0) * waiting).astype(np.int32),
        edges=edges.reshape(2, segments).T.copy(),
        length_m=length_m,
        way=np.arange(segments, dtype=np.int32),
        shape_first=np.arange(0, 2 * segments + 1, 2, dtype=np.int32),
        shape_lonlat=lonlat[np.column_stack((tail, head)).ravel()],
        way_id=np.array([f"way/{i}" for i in range(segments)]),
        way_name=np.array([""] * segments),
        way_class=np.array(["residential"] * segments),
        beside=np.ones(segments, np.bool_),
        barrier_first=np.zeros(1, np.int32),
        barrier_lonlat=np.zeros((0, 2)),
        snap_detour_m=np.array(250.0),
        hierarchy=hierarchy_of(lonlat, first, leads),
    )


def random_points(rng, roads, count=8):
    """Points on random segments, some at their very ends, some sharing a segment."""
    segment = rng.integers(0, len(roads.edges), (4, count)).astype(np.int32)
    segment[:, 1] = segment[:, 0]
    along = rng.random((4, count))
    along[:, 2], along[:, 3] = 0.0, 1.0
    return Snap(segment=segment, along=along, off_m=np.zeros((4, count)))


def village():
    """The smallest grid city, for sums that can be done by hand."""
    return grid_city(3)
