"""Many-to-many times between crossings: our kernel beside scipy.sparse.csgraph.dijkstra, both on one thread and ours on all."""

from __future__ import annotations

import numba
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from timing import interleaved

from network import Snap, units
from network.synthetic import grid_roads
from network.travel.roads import skim

RUNS = 5
GRIDS = ((40, 200), (120, 100), (320, 40))


def main() -> None:
    print(
        f"{'nodes':>8} {'edges':>8} {'pairs':>12} {'scipy s':>9} {'ours 1 thread s':>16} {'ours s':>8} {'ratio 1 thread':>15}"
    )
    for n, count in GRIDS:
        roads = grid_roads(n)
        rng = np.random.default_rng(0)
        nodes = rng.choice(len(roads.lonlat), count, replace=False)
        # a point at the start of a segment that leaves the node, so that both answer the same question
        segment = roads.segment[roads.first[nodes]]
        along = np.where(roads.edges[segment, 0] == roads.first[nodes], 0.0, 1.0)
        points = Snap(
            segment=np.tile(segment, (3, 1)).astype(np.int32), along=np.tile(along, (3, 1)), off_m=np.zeros((3, count))
        )
        open_ = roads.time_ms[units.WALK] >= 0
        graph = csr_array(
            (roads.time_ms[units.WALK][open_].astype(float), (roads.tail[open_], roads.head[open_])),
            shape=(len(roads.lonlat),) * 2,
        )

        def peer(graph=graph, nodes=nodes):
            return dijkstra(graph, indices=nodes)[:, nodes]

        def ours(roads=roads, points=points):
            return skim(roads, points, points, units.WALK)[0]

        def single(work=ours):
            numba.set_num_threads(1)
            out = work()
            numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
            return out

        assert np.allclose(peer() / units.MS_PER_S, ours())
        scipy_s, one_s, all_s = interleaved(RUNS, peer, single, ours)
        pairs = count * count
        print(
            f"{len(roads.lonlat):8d} {len(roads.head):8d} {pairs:12d} {scipy_s:9.3f} {one_s:16.3f} {all_s:8.3f} "
            f"{scipy_s / one_s:14.2f}x"
        )
