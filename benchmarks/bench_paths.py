"""Preparation, matrices and one-to-all over the hierarchy beside RoutingKit, pandana, igraph and scipy in one run.

Answers are compared first. Seconds are of CPU, medians of interleaved runs, ours of one thread. A peer that is not
installed is left out and said so; one that is slow is asked for a part, and what is printed is scaled from it.

Targets, on the graphs of 30 k, 100 k and 300 k nodes:
- order of 100 k nodes, once: 10 s at most
- all speeds changed: no slower than RoutingKit
- matrix of 1000 x 1000: RoutingKit 10x, pandana 300x
- one-to-all of 1000 starts, every answer written: scipy 15x, and the bound 0.33x or more of ours
- two threads: 1.7x on the matrix and on one-to-all
"""

from __future__ import annotations

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait would count as work

import time
import warnings
from dataclasses import replace
from importlib.util import find_spec

import numpy as np
from graphs import thinned_grid, without_waiting
from home import demo_city, demo_home
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra
from timing import by_threads, cpu_seconds

from network import Snap, units
from network.hierarchy import hierarchy_of
from network.synthetic import grid_roads
from network.travel.roads import metric_of

RUNS = 3
POINTS = 1000
PART = {"scipy": 20, "igraph": 10, "pandana": 20, "RoutingKit": POINTS}
"""Starts a peer is asked for: its time grows with them and with nothing else."""
MODE = units.WALK
COPIED_BYTES = 2**28
BYTES_PER_NODE = 24
"""What one-to-all moves for a start and a node: a number of 8 bytes written and read, 8 bytes of answers written.

The bound is the time a copy in the same run takes for these. Arcs, which serve many starts at once, are not counted,
nor on either side that memory is read before it is written.
"""


def main() -> None:
    missing = [name for name in ("pandana", "igraph", "pyroutingkit") if find_spec(name) is None]
    if missing:
        print(f"NOT INSTALLED, left out: {', '.join(missing)}")
    with demo_home() as home:
        streets = [("Helsinki", without_waiting(demo_city(home).roads))]
    streets += [(f"thinned grid {n // 1000} k", thinned_grid(n)) for n in (30_000, 100_000, 300_000)]
    streets += [("full grid 102 k", uneven(grid_roads(320)))]
    for name, roads in streets:
        print(f"\n{name}: {len(roads.lonlat)} nodes, {len(roads.head)} edges, {len(roads.hierarchy.up_head)} arcs")
        beside_peers(roads)


def uneven(roads):
    """The same streets with times of their own, so that ways do not tie."""
    rng = np.random.default_rng(0)
    return replace(roads, time_ms=rng.integers(20_000, 200_000, roads.time_ms.shape).astype(np.int32))


def beside_peers(roads):
    """Every row of one graph."""
    nodes, points = crossings(roads)
    graph = quickest_between_nodes(roads)
    metric = metric_of(roads, MODE)
    peers, order = {}, {}
    for name, make in PEERS.items():
        if find_spec(MODULE[name]):
            peers[name] = make(roads, graph, nodes)
            order[name] = peers[name].order_s
    truth = dijkstra(graph, indices=nodes[: PART["scipy"]])
    time_s, _ = metric.skim(points, points)
    assert np.allclose(truth[:, nodes] / units.MS_PER_S, time_s[: len(truth)])
    assert np.allclose(truth / units.MS_PER_S, metric.one_to_all(points)[0][: len(truth)], rtol=1e-6)
    for name, peer in peers.items():
        if peer.matrix:
            some = peer.matrix(PART[name])
            assert np.allclose(some / units.MS_PER_S, time_s[: len(some)], rtol=1e-5, atol=ROUNDED_S.get(name, 0)), name

    order |= cpu_seconds(1, {"ours": lambda: hierarchy_of(roads.lonlat, roads.first, roads.head).plan})
    table("order, once", {name: value for name, value in order.items() if value})
    table("all speeds changed", cpu_seconds(RUNS, {"ours": lambda: metric_of(roads, MODE), **of(peers, "customise")}))
    matrix = {name: (lambda p=peer, n=PART[name]: p.matrix(n)) for name, peer in peers.items() if peer.matrix}
    found = cpu_seconds(RUNS, {"ours": lambda: metric.skim(points, points), **matrix})
    table(f"matrix {POINTS} x {POINTS}", scaled(found))
    all_nodes = {name: (lambda p=peer, n=PART[name]: p.to_all(n)) for name, peer in peers.items() if peer.to_all}
    ours = {"ours": lambda: all_blocks(metric, points), "bound": copy_bytes}
    found = scaled(cpu_seconds(RUNS, {**ours, **all_nodes}))
    found["bound"] *= POINTS * len(roads.lonlat) * BYTES_PER_NODE / (2 * COPIED_BYTES)
    table(f"one-to-all, {POINTS} starts", found)
    for name, work in (
        ("all speeds changed", lambda: metric_of(roads, MODE)),
        (f"matrix {POINTS} x {POINTS}", lambda: metric.skim(points, points)),
        (f"one-to-all, {POINTS} starts", lambda: all_blocks(metric, points)),
    ):
        print(f"  {name:24} {by_threads(RUNS, work)}", flush=True)


def all_blocks(metric, points):
    """Every answer written, a block of them kept."""
    for block in metric.one_to_all_by(points):
        last = block
    return last


def crossings(roads):
    """Nodes, and points on streets that are at these nodes whether they are left or reached."""
    there, back = roads.edges.T
    open_both = (roads.time_ms[MODE][there] >= 0) & (roads.time_ms[MODE][back] >= 0)
    tail = roads.tail[there]
    segments = np.flatnonzero(open_both & (roads.head[back] == tail))
    segments = segments[np.unique(tail[segments], return_index=True)[1]]
    segments = np.random.default_rng(0).permutation(segments)[:POINTS]
    modes = len(units.NETWORK_MODES)
    points = Snap(
        segment=np.tile(segments, (modes, 1)).astype(np.int32),
        along=np.zeros((modes, len(segments))),
        off_m=np.zeros((modes, len(segments))),
    )
    return tail[segments], points


def quickest_between_nodes(roads):
    """Milliseconds as a sparse matrix; scipy adds parallel edges up, so only the quickest of them is kept."""
    usable = np.flatnonzero(roads.time_ms[MODE] >= 0)
    time_ms = roads.time_ms[MODE][usable]
    by_time = np.lexsort((time_ms, roads.head[usable], roads.tail[usable]))
    pairs = np.stack((roads.tail[usable], roads.head[usable]))[:, by_time]
    new = np.concatenate(([True], (np.diff(pairs, axis=1) != 0).any(axis=0)))
    weight = np.maximum(time_ms[by_time][new].astype(float), 1e-9)  # a stored zero is no edge to scipy
    return csr_array((weight, tuple(pairs[:, new])), shape=(len(roads.lonlat),) * 2)


class Scipy:
    customise = matrix = None
    order_s = 0.0

    def __init__(self, _, graph, nodes):
        self.graph, self.nodes = graph, nodes

    def to_all(self, count):
        return dijkstra(self.graph, indices=self.nodes[:count])


class RoutingKit:
    to_all = None

    def __init__(self, roads, graph, nodes):
        import pyroutingkit

        self.kit = pyroutingkit
        edges = graph.tocoo()
        tail, head = (x.astype(np.uint32) for x in (edges.row, edges.col))
        self.weight, self.nodes = np.rint(edges.data).astype(np.uint32), nodes.astype(np.uint32)
        lon, lat = (np.ascontiguousarray(at, np.float32) for at in roads.lonlat.T)
        self.topology = pyroutingkit.CCHTopology()  # the metric does not keep it alive
        start = time.process_time()
        self.topology.build(tail, head, lat, lon, len(lon))
        self.order_s = time.process_time() - start
        self.metric = pyroutingkit.CCHMetric(self.topology)
        self.customise()

    def customise(self):
        self.metric.customize(self.weight, 1)

    def matrix(self, count):
        found = self.metric.distances_many_to_many(self.nodes[:count], self.nodes).reshape(count, -1)
        return np.where(found == self.kit.INF_WEIGHT, np.inf, found)


class Pandana:
    customise = to_all = None

    def __init__(self, roads, graph, nodes):
        import pandas as pd
        from pandana import Network

        edges, self.nodes = graph.tocoo(), nodes
        weight = pd.DataFrame({"s": edges.data / units.MS_PER_S})  # counts thousandths, in 32 bits
        x, y = (pd.Series(at) for at in roads.lonlat.T)
        start = time.process_time()
        self.network = Network(x, y, pd.Series(edges.row), pd.Series(edges.col), weight, twoway=False)
        self.order_s = time.process_time() - start

    def matrix(self, count):
        tails, heads = np.repeat(self.nodes[:count], len(self.nodes)), np.tile(self.nodes, count)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tells of every pair without a way
            found = np.array(self.network.shortest_path_lengths(tails, heads, imp_name="s"))
        found = found.reshape(count, -1)
        return np.where(found > 4_000_000, np.inf, found * units.MS_PER_S)  # 4,294,967.295 is its word for no way


class Igraph:
    customise = matrix = None
    order_s = 0.0

    def __init__(self, _, graph, nodes):
        import igraph

        edges = graph.tocoo()
        self.nodes, self.weight = nodes, edges.data
        self.graph = igraph.Graph(graph.shape[0], np.column_stack((edges.row, edges.col)), directed=True)

    def to_all(self, count):
        return self.graph.distances(self.nodes[:count], weights=self.weight)


ROUNDED_S = {"pandana": 0.1}
"""Thousandths are cut off each edge, a tenth of a second along a way."""
PEERS = {"scipy": Scipy, "RoutingKit": RoutingKit, "pandana": Pandana, "igraph": Igraph}
MODULE = {"scipy": "scipy", "RoutingKit": "pyroutingkit", "pandana": "pandana", "igraph": "igraph"}


def of(peers, what):
    """What the peers that can do it do."""
    return {name: getattr(peer, what) for name, peer in peers.items() if getattr(peer, what)}


def copy_bytes(source=np.ones(COPIED_BYTES, np.uint8), to=np.ones(COPIED_BYTES, np.uint8)):  # noqa: B008 - two arrays once
    np.copyto(to, source)


def scaled(found):
    return {name: value * POINTS / PART.get(name, POINTS) for name, value in found.items()}


def table(what, found):
    """One line: seconds, and how many times ours the others take."""
    ours = found.pop("ours")
    others = ", ".join(f"{name} {value:.4g} s ({value / ours:.2f}x)" for name, value in found.items())
    print(f"  {what:24} {ours:.4f} s; {others}", flush=True)
