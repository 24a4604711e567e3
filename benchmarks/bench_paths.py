"""Many-to-many times between crossings: our kernel beside scipy.sparse.csgraph.dijkstra; answers compared first."""

from __future__ import annotations

import numba
import numpy as np
from home import demo_city, demo_home
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from timing import interleaved

from network import Snap, units
from network.synthetic import grid_roads
from network.travel.roads import skim

RUNS = 7


def main() -> None:
    with demo_home() as home:
        streets = [("Helsinki", demo_city(home).roads, 500)]
    streets += [(f"grid {n}", grid_roads(n), count) for n, count in ((120, 200), (320, 50))]
    columns = ("nodes", "edges", "pairs", "scipy s", "1 thread s", "ratio", "all s")
    print(f"{'streets':10} " + " ".join(f"{column:>10}" for column in columns))
    for name, roads, count in streets:
        peer, ours = the_same_question(roads, count)
        assert np.allclose(peer() / units.MS_PER_S, ours())

        def single(ours=ours):
            numba.set_num_threads(1)
            try:
                return ours()
            finally:
                numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)

        scipy_s, one_s, all_s = interleaved(RUNS, peer, single, ours)
        size = f"{len(roads.lonlat):10d} {len(roads.head):10d} {count * count:10d}"
        print(f"{name:10} {size} {scipy_s:10.3f} {one_s:10.3f} {scipy_s / one_s:9.2f}x {all_s:10.3f}")


def the_same_question(roads, count):
    """Walking times among `count` crossings, asked of scipy and of our kernel."""
    walkable = roads.time_ms[units.WALK] >= 0
    open_at = np.unique(roads.tail[walkable])
    nodes = np.random.default_rng(0).choice(open_at, count, replace=False)
    leaving = np.array([next(e for e in range(roads.first[n], roads.first[n + 1]) if walkable[e]) for n in nodes])
    segment = roads.segment[leaving]
    along = np.where(roads.edges[segment, 0] == leaving, 0.0, 1.0)  # the point at the crossing itself
    points = Snap(
        segment=np.tile(segment, (3, 1)).astype(np.int32), along=np.tile(along, (3, 1)), off_m=np.zeros((3, count))
    )
    graph = quickest_between_crossings(roads, walkable)
    return (
        lambda: dijkstra(graph, indices=nodes)[:, nodes],
        lambda: skim(roads, points, points, units.WALK)[0],
    )


def quickest_between_crossings(roads, walkable):
    """scipy adds parallel edges up, so only the quickest of them is kept."""
    order = np.argsort(-roads.time_ms[units.WALK][walkable], kind="stable")
    pairs = np.stack((roads.tail[walkable], roads.head[walkable]))[:, order]
    quickest = dict(zip(zip(*pairs.tolist(), strict=True), roads.time_ms[units.WALK][walkable][order], strict=True))
    tail, head = np.array(list(quickest)).T
    return csr_array((np.array(list(quickest.values()), float), (tail, head)), shape=(len(roads.lonlat),) * 2)
