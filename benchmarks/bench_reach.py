"""Crossings within 600 s: the bounded search beside scipy's and pandana's, and paths and nearest ends by themselves.

Answers are compared first. Seconds are of CPU, medians of interleaved runs, ours of one thread. pandana is left out,
and this said, where it is not installed.

Targets, on foot on the graphs of 30 k, 100 k and 300 k nodes: scipy 3x, pandana 15x; two threads 1.7x.
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait would count as work

import numpy as np
from graphs import thinned_grid, without_waiting
from home import demo_city, demo_home
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from timing import by_threads, cpu_seconds

from network import Snap, nearest, paths, reach, units

RUNS = 5
STARTS = 10_000
PER = 1000
PEER_STARTS = 100
"""Origins the peers are asked for: their time grows with them and with nothing else."""
LIMIT_S = 600.0
NEAREST = 5
PLACES = 1000
SIZES = (30_000, 100_000, 300_000)
MODES = (units.WALK, units.DRIVE)


def main() -> None:
    with demo_home() as home:
        streets = [("Helsinki", without_waiting(demo_city(home).roads))]
    streets += [(f"grid {size // 1000}k", thinned_grid(size)) for size in SIZES]
    print(f"crossings within {LIMIT_S:.0f} s of {STARTS} crossings; peers by {PEER_STARTS} of them, in s per {PER}")
    for name, roads in streets:
        for mode in MODES:
            print(f"{name}, {len(roads.lonlat)} nodes, {units.NETWORK_MODES[mode]}: {bounded(roads, mode)}", flush=True)
    print(f"\n{PER} starts on foot, s: the {NEAREST} nearest of {PLACES} places, and one path each")
    for name, roads in streets:
        crossings = at_crossings(roads, units.WALK)[1]
        rng = np.random.default_rng(1)
        starts, places = (take(crossings, rng.choice(crossings.segment.shape[1], n)) for n in (PER, PLACES))
        found = cpu_seconds(
            RUNS,
            {
                "nearest": lambda roads=roads, a=starts, b=places: nearest(roads, a, b, units.WALK, NEAREST),
                "paths": lambda roads=roads, a=starts, b=places: paths(roads, a, b, units.WALK),
            },
        )
        print(f"{name:10} nearest {found['nearest']:8.3f} paths {found['paths']:8.3f}", flush=True)


def bounded(roads, mode):
    """Figures, after the answers were found to be the same."""
    node, crossings = at_crossings(roads, mode)
    chosen = np.sort(np.random.default_rng(0).choice(len(node), min(STARTS, len(node)), replace=False))
    few = chosen[:: max(1, len(chosen) // PEER_STARTS)][:PEER_STARTS]
    starts = take(crossings, chosen)

    def ours():
        return reach(roads, starts, crossings, mode, LIMIT_S)

    tail, head, time_ms = quickest_edges(roads, mode)
    weight = np.maximum(time_ms.astype(float), 1e-9)  # a stored zero is no edge to scipy
    graph = csr_array((weight, (tail, head)), shape=(len(roads.lonlat),) * 2)

    def by_scipy():
        return dijkstra(graph, indices=node[few], limit=LIMIT_S * units.MS_PER_S + 0.5)

    found = reach(roads, take(crossings, few), crossings, mode, LIMIT_S)
    there = by_scipy()[:, node]
    rows, columns = np.nonzero(np.isfinite(there))
    assert np.array_equal(found.first, np.searchsorted(rows, np.arange(len(few) + 1)))
    assert np.array_equal(found.end, columns)
    assert np.allclose(found.time_s, there[rows, columns] / units.MS_PER_S, rtol=1e-12, atol=1e-9)
    pandana = pandana_of(roads, node, few, tail, head, time_ms)
    work = {"ours": ours, "scipy": by_scipy}
    if pandana:
        ranges = pandana()
        assert (ranges.groupby("source", sort=False).size() >= np.diff(found.first)).all()
        work["pandana"] = pandana
    took = cpu_seconds(RUNS, work)
    took = {name: s * PER / len(chosen if name == "ours" else few) for name, s in took.items()}
    mine = took.pop("ours")
    beside = ", ".join(f"{name} {s:.4f} s ({s / mine:.1f}x)" for name, s in took.items())
    if not pandana:
        beside += ", pandana NOT INSTALLED"
    return f"{len(found.end) / len(few):.0f} found, {mine:.4f} s; {beside}\n  {by_threads(RUNS, ours)}"


def take(snap, positions):
    return Snap(**{name: array[:, positions] for name, array in snap.arrays()})


def at_crossings(roads, mode):
    """Crossings (node) that have a street open both ways, and the points on such a street that lie at them."""
    usable = roads.time_ms[mode] >= 0
    both = roads.edges[usable[roads.edges].all(axis=1)]
    edge, along = both.ravel(), np.tile([0.0, 1.0], len(both))
    plain = roads.head[both[:, ::-1].ravel()] == roads.tail[edge]  # left by the node it is reached by
    edge, along = edge[plain], along[plain]
    node, some = np.unique(roads.tail[edge], return_index=True)
    shape = (len(roads.time_ms), 1)
    segment = roads.segment[edge[some]]
    return node, Snap(
        segment=np.tile(segment, shape).astype(np.int32), along=np.tile(along[some], shape),
        off_m=np.zeros((shape[0], len(node))),
    )  # fmt: skip


def quickest_edges(roads, mode):
    """(tail, head, time_ms), parallel edges once: scipy would add them up."""
    usable = np.flatnonzero(roads.time_ms[mode] >= 0)
    order = usable[np.lexsort((roads.time_ms[mode, usable], roads.head[usable], roads.tail[usable]))]
    new = np.append(True, (np.diff(roads.tail[order]) != 0) | (np.diff(roads.head[order]) != 0))
    order = order[new]
    return roads.tail[order], roads.head[order], roads.time_ms[mode, order]


def pandana_of(roads, node, few, tail, head, time_ms):
    """pandana's answer as a call, on all cores as it likes; None where it is not installed."""
    try:
        import pandas as pd
        from pandana import Network
    except ImportError:
        return None
    index = np.arange(len(roads.lonlat))
    network = Network(
        pd.Series(roads.lonlat[:, 0], index), pd.Series(roads.lonlat[:, 1], index), pd.Series(tail), pd.Series(head),
        pd.DataFrame({"time_s": time_ms / units.MS_PER_S}), twoway=False,
    )  # fmt: skip
    network.precompute(LIMIT_S)
    return lambda: network.nodes_in_range(node[few].tolist(), LIMIT_S)


if __name__ == "__main__":
    main()
