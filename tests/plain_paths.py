"""One search per start on the streets themselves: what the hierarchy is held against where networkx is too slow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import units
from network.kernels.paths import NEVER, many_to_many
from network.travel.roads import _ends, _packed, skim


def by_dijkstra(roads, starts, ends, mode):
    """What `skim` answers, from one search per start on the streets themselves."""
    start, end = _ends(roads, starts, mode, True), _ends(roads, ends, mode, True)
    packed = many_to_many(
        roads.first, roads.head, _packed(roads.time_ms[mode].astype(np.int64), roads.length_mm.astype(np.int64)),
        start.segment, start.passed, start.leave_node, start.leave_cost,
        end.segment, end.passed, end.arrive_node, end.arrive_cost,
        int(NEVER) - 1,
    )  # fmt: skip
    time_s = np.where(packed >= 0, (packed >> 32) / 1000, np.inf)
    return time_s, np.where(packed >= 0, (packed & 0xFFFFFFFF) / 1000, np.inf)


def assert_same(roads, starts, ends):
    for mode in range(len(units.NETWORK_MODES)):
        for mine, truth in zip(skim(roads, starts, ends, mode), by_dijkstra(roads, starts, ends, mode), strict=True):
            assert np.array_equal(mine, truth)


def uneven(rng, roads):
    """The same streets with times of all kinds, some closed one way or both, some free."""
    time_ms = rng.integers(1, 200_000, roads.time_ms.shape).astype(np.int32)
    time_ms[rng.random(time_ms.shape) < 0.05] = 0
    time_ms[rng.random(time_ms.shape) < 0.2] = -1
    return replace(roads, time_ms=time_ms, length_m=np.rint(rng.integers(0, 400_000, len(roads.edges))) / 1000)
