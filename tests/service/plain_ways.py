"""Times along the streets as anyone would write them, with networkx: the truth for the answers of the streets."""

from __future__ import annotations

import networkx as nx
import numpy as np

from network import units

START = "start"


def times_from(roads, touch, mode):
    """Whole milliseconds from where a point (segment, along) touches the streets to every node that can be reached."""
    graph = nx.DiGraph()
    graph.add_node(START)

    def way(a, b, ms):
        if ms >= 0:
            old = graph.get_edge_data(a, b, {"ms": np.inf})["ms"]
            graph.add_edge(a, b, ms=min(int(ms), old))

    for e, ms in enumerate(roads.time_ms[mode].tolist()):
        way(int(roads.tail[e]), int(roads.head[e]), ms)
    segment, along = touch
    for e, share in zip(roads.edges[segment].tolist(), (along, 1 - along), strict=True):
        ms = int(roads.time_ms[mode, e])
        way(START, int(roads.head[e]), ms - round(ms * share) if ms >= 0 else -1)
    return nx.single_source_dijkstra_path_length(graph, START, weight="ms")


def time_s(roads, start, end, mode):
    """Seconds from one touch (segment, along) to another; infinite where there is no way."""
    ms = np.inf
    best = times_from(roads, start, mode)
    for k, e in enumerate(roads.edges[end[0]].tolist()):
        whole = int(roads.time_ms[mode, e])
        if whole < 0:
            continue
        behind = [round(whole * (x if k == 0 else 1 - x)) for x in (start[1], end[1])]
        if start[0] == end[0] and behind[1] >= behind[0]:
            ms = min(ms, behind[1] - behind[0])
        ms = min(ms, best.get(int(roads.tail[e]), np.inf) + behind[1])
    return ms / units.MS_PER_S


def reached_km(roads, start, mode, limit_s):
    """Length of the streets that are reached, each counted once, for a mode that may use them both ways."""
    best, total_m = times_from(roads, start, mode), 0.0
    limit_ms = limit_s * units.MS_PER_S
    for s, (there, back) in enumerate(roads.edges.tolist()):
        ms, whole_m = int(roads.time_ms[mode, there]), float(roads.length_m[s])
        assert ms == roads.time_ms[mode, back] > 0
        parts = [(int(roads.tail[there]), int(roads.head[there]), 1.0)]
        if s == start[0]:
            parts = [(START, int(roads.head[there]), 1 - start[1]), (START, int(roads.tail[there]), start[1])]
        for a, b, share in parts:
            left = [max(limit_ms - best.get(node, np.inf), 0) / ms for node in (a, b)]
            total_m += min(sum(left), share) * whole_m
    return total_m / 1000
