"""Many-to-many times between crossings: the hierarchy beside scipy.sparse.csgraph.dijkstra; answers compared first."""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import numba
import numpy as np
from home import demo_city, demo_home
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from timing import interleaved

from network import Snap, units
from network.hierarchy import hierarchy_of
from network.kernels.hierarchy import customise
from network.synthetic import grid_roads
from network.travel.roads import skim

RUNS = 5
POINTS = 1000
PEER_POINTS = 50
"""Sources scipy is asked for: its time grows with them and with nothing else."""


def main() -> None:
    with demo_home() as home:
        streets = [("Helsinki", demo_city(home).roads)]
    streets += [(f"grid {n}", uneven(grid_roads(n))) for n in (120, 320)]
    columns = ("nodes", "edges", "order s", "pour in s", "scipy s", "1 thread s", "ratio", "all s")
    print(f"{POINTS} x {POINTS} crossings on foot; scipy by {PEER_POINTS} of them")
    print(f"{'streets':10} " + " ".join(f"{column:>10}" for column in columns))
    for name, roads in streets:
        peer, ours = the_same_question(roads)
        assert np.allclose(peer() / units.MS_PER_S, ours()[:PEER_POINTS])

        def single(ours=ours):
            numba.set_num_threads(1)
            try:
                return ours()
            finally:
                numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)

        some_s, one_s, all_s = interleaved(RUNS, peer, single, ours)
        scipy_s = some_s * POINTS / PEER_POINTS
        size = f"{len(roads.lonlat):10d} {len(roads.head):10d} {order_s(roads):10.2f} {customise_s(roads):10.4f}"
        print(f"{name:10} {size} {scipy_s:10.3f} {one_s:10.3f} {scipy_s / one_s:9.1f}x {all_s:10.3f}", flush=True)


def uneven(roads):
    """The same streets with lengths and times of their own, so that ways do not tie, and a fifth of them closed."""
    rng = np.random.default_rng(0)
    time_ms = rng.integers(20_000, 200_000, roads.time_ms.shape).astype(np.int32)
    time_ms[:, roads.edges[rng.random(len(roads.edges)) < 0.2]] = units.CLOSED
    return replace(roads, time_ms=time_ms)


def order_s(roads):
    """Seconds to make the hierarchy of a city's streets, once."""
    start = time.perf_counter()
    hierarchy_of(roads.lonlat, roads.first, roads.head)
    return time.perf_counter() - start


def customise_s(roads):
    """Median seconds to pour other times into it."""
    over, weight = roads.hierarchy, roads.time_ms[units.WALK].astype(np.int64)
    return statistics.median(
        interleaved(1, *[lambda: customise(over.up_first, over.up_head, over.slot, weight)] * RUNS)
    )


def the_same_question(roads):
    """Walking times among crossings, asked of scipy (the first of them) and of the hierarchy (all)."""
    walkable = roads.time_ms[units.WALK] >= 0
    open_at = np.unique(roads.tail[walkable])
    nodes = np.random.default_rng(0).choice(open_at, POINTS, replace=False)
    leaving = np.array([next(e for e in range(roads.first[n], roads.first[n + 1]) if walkable[e]) for n in nodes])
    segment = roads.segment[leaving]
    along = np.where(roads.edges[segment, 0] == leaving, 0.0, 1.0)  # the point at the crossing itself
    points = Snap(
        segment=np.tile(segment, (3, 1)).astype(np.int32), along=np.tile(along, (3, 1)), off_m=np.zeros((3, POINTS))
    )
    graph = quickest_between_crossings(roads, walkable)
    return (
        lambda: dijkstra(graph, indices=nodes[:PEER_POINTS])[:, nodes],
        lambda: skim(roads, points, points, units.WALK)[0],
    )


def quickest_between_crossings(roads, walkable):
    """scipy adds parallel edges up, so only the quickest of them is kept."""
    order = np.argsort(-roads.time_ms[units.WALK][walkable], kind="stable")
    pairs = np.stack((roads.tail[walkable], roads.head[walkable]))[:, order]
    quickest = dict(zip(zip(*pairs.tolist(), strict=True), roads.time_ms[units.WALK][walkable][order], strict=True))
    tail, head = np.array(list(quickest)).T
    return csr_array((np.array(list(quickest.values()), float), (tail, head)), shape=(len(roads.lonlat),) * 2)
