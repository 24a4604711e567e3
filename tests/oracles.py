"""Slow, readable truth. Nothing here may use the kernels it judges."""

from __future__ import annotations

import heapq
import itertools
import math
from fractions import Fraction

import networkx as nx
import numpy as np


def street_graph(roads, mode, cost):
    """Directed multigraph of the edges open to a mode; `cost(edge)` is the weight."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(roads.lonlat)))
    for e in range(len(roads.head)):
        if roads.time_ms[mode, e] >= 0:
            graph.add_edge(int(roads.tail[e]), int(roads.head[e]), weight=cost(e))
    return graph


def with_points(roads, snap, mode, cost, wait=None):
    """The street graph with every point as a node ('p', i) on its segment: each segment is cut at its points.

    `wait(edge)` is the part of the cost that is felt at the end of an edge, not along it.
    """
    wait = wait or (lambda e: (0,) * len(cost(e)) if isinstance(cost(e), tuple) else 0)
    graph = street_graph(roads, mode, cost)
    on_segment = {}
    for i, s in enumerate(snap.segment[mode]):
        on_segment.setdefault(int(s), []).append(i)
    for s, points in on_segment.items():
        for side, edge in enumerate(roads.edges[s]):
            if roads.time_ms[mode, edge] < 0:
                continue
            share = {i: snap.along[mode, i] if side == 0 else 1.0 - snap.along[mode, i] for i in points}
            passed = {i: _behind(_minus(cost(edge), wait(edge)), share[i]) for i in points}
            tail, head = int(roads.tail[edge]), int(roads.head[edge])
            for i in points:
                graph.add_edge(tail, ("in", i), weight=passed[i])
                graph.add_edge(("out", i), head, weight=_minus(cost(edge), passed[i]))
                for j in points:
                    if passed[j] >= passed[i]:
                        graph.add_edge(("out", i), ("in", j), weight=_minus(passed[j], passed[i]))
    return graph


def _behind(cost, share):
    return tuple(int(np.rint(c * share)) for c in cost) if isinstance(cost, tuple) else int(np.rint(cost * share))


def _minus(a, b):
    return tuple(x - y for x, y in zip(a, b, strict=True)) if isinstance(a, tuple) else a - b


def distances(graph, source, targets):
    """Dijkstra by hand on (time, length) pairs: a heap of tuples, ties by the second entry. None where no way."""
    zero = (0, 0)
    best, heap, count = {}, [(zero, 0, source)], 0
    while heap:
        d, _, node = heapq.heappop(heap)
        if node in best:
            continue
        best[node] = d
        for _, other, data in graph.out_edges(node, data=True) if node in graph else ():
            w = data["weight"] if isinstance(data["weight"], tuple) else (data["weight"], 0)
            if other not in best:
                count += 1
                heapq.heappush(heap, ((d[0] + w[0], d[1] + w[1]), count, other))
    return [best.get(t) for t in targets]


def furness(seed, rows, columns, rounds=5000):
    """Alternate row and column scaling, plain numpy."""
    out = np.array(seed, float)
    for _ in range(rounds):
        s = out.sum(axis=1)
        out *= np.divide(rows, s, out=np.zeros_like(s), where=s > 0)[:, None]
        s = out.sum(axis=0)
        out *= np.divide(columns, s, out=np.zeros_like(s), where=s > 0)
    return out


def logit(utilities):
    """Shares from a list of utilities, None for a mode that is not to be had."""
    weight = [0.0 if u is None else math.exp(u) for u in utilities]
    return [w / sum(weight) for w in weight]


def most_served(wanted, capacity, pairs):
    """Largest flow from zones to places over the pairs allowed, by networkx."""
    graph = nx.DiGraph()
    graph.add_nodes_from(("source", "sink"))
    for i, w in enumerate(wanted):
        graph.add_edge("source", ("zone", i), capacity=int(w))
    for j, c in enumerate(capacity):
        graph.add_edge(("place", j), "sink", capacity=int(c))
    for i, j in pairs:
        graph.add_edge(("zone", int(i)), ("place", int(j)))
    return nx.maximum_flow_value(graph, "source", "sink")


def nearest_on_lines(point_xy, lines_xy):
    """Nearest place on polylines: (line, share of its length, distance)."""
    best = (None, 0.0, math.inf)
    for n, line in enumerate(lines_xy):
        steps = [math.dist(a, b) for a, b in itertools.pairwise(line)]
        behind = 0.0
        for (a, b), step in zip(itertools.pairwise(line), steps, strict=True):
            t = 0.0
            if step > 0:
                t = ((point_xy[0] - a[0]) * (b[0] - a[0]) + (point_xy[1] - a[1]) * (b[1] - a[1])) / step**2
            t = min(1.0, max(0.0, t))
            foot = (a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]))
            d = math.dist(foot, point_xy)
            if d < best[2] - 1e-9:
                best = (n, (behind + t * step) / max(sum(steps), 1e-12), d)
            behind += step
    return best


def nested(utilities, nests, scales):
    """Shares by alternative name under a nested logit whose scales divide; `utilities` and `nests` by name.

    An alternative that is not to be had has utility None. No shares where there is none.
    """
    there = {name: v for name, v in utilities.items() if v is not None}
    sums = {n: sum(math.exp(v / mu) for name, v in there.items() if nests[name] == n) for n, mu in enumerate(scales)}
    weight = {n: math.exp(mu * math.log(sums[n])) if sums[n] > 0 else 0.0 for n, mu in enumerate(scales)}
    total = sum(weight.values())
    return {
        name: weight[nests[name]] / total * math.exp(v / scales[nests[name]]) / sums[nests[name]]
        for name, v in there.items()
    }


def erlang(load, servers):
    """Erlang B and C as sums of terms load^n / n!, in fractions; no C where the load is not below the servers."""
    term, total = Fraction(1), Fraction(1)
    for n in range(1, servers + 1):
        term *= Fraction(load) / n
        total += term
    if load >= servers:
        return term / total, None
    last = term * servers / (servers - Fraction(load))
    return term / total, last / (total - term + last)


def turns(arrive, service, plugs, loses):
    """When each driver starts to charge, None for who drives on: events on a heap, a line of drivers, plugs counted."""
    start = [None] * len(arrive)
    events = [(t, 1, k) for k, t in enumerate(arrive)]  # who leaves at an instant leaves before who comes
    heapq.heapify(events)
    line, taken = [], 0
    while events:
        now, comes, k = heapq.heappop(events)
        if not comes:
            taken -= 1
        elif taken < plugs or not loses:
            line.append(k)
        if line and taken < plugs:
            first = line.pop(0)
            start[first], taken = now, taken + 1
            heapq.heappush(events, (now + service[first], 0, first))
    return start
