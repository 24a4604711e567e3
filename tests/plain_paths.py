"""One search per start on the streets themselves: what the hierarchy is held against where networkx is too slow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import units
from network.travel.reach import nearest
from network.travel.roads import skim


def by_dijkstra(roads, starts, ends, mode):
    """What `skim` answers, from one search per start on the streets themselves, which test_reach judges."""
    count = ends.segment.shape[1]
    position, time_s, length_m = nearest(roads, starts, ends, mode, max(count, 1))
    row, column = np.nonzero(position >= 0)
    out = np.full((2, len(position), count), np.inf)
    out[:, row, position[row, column]] = time_s[row, column], length_m[row, column]
    return out[0], out[1]


def assert_same(roads, starts, ends):
    for mode in range(len(units.NETWORK_MODES)):
        for mine, truth in zip(skim(roads, starts, ends, mode), by_dijkstra(roads, starts, ends, mode), strict=True):
            assert np.array_equal(mine, truth)


def uneven(rng, roads):
    """The same streets with times of all kinds, some closed one way or both, some free."""
    time_ms = rng.integers(1, 200_000, roads.time_ms.shape).astype(np.int32)
    time_ms[rng.random(time_ms.shape) < 0.05] = 0
    time_ms[rng.random(time_ms.shape) < 0.2] = -1
    length_m = np.rint(rng.integers(0, 400_000, len(roads.edges))) / 1000
    return replace(roads, time_ms=time_ms, delay_ms=np.zeros_like(time_ms), length_m=length_m)
