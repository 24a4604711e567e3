"""The order in which crossings are contracted, beside cuts found by networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from networkx.algorithms.flow import edmonds_karp

from network.hierarchy import _lines
from network.kernels.dissection import END_SHARE, dissect
from network.kernels.hierarchy import neighbours


def fewest_arcs(graph, sources, sinks):
    """How many arcs part them, and the nodes before the first such cut."""
    flow = nx.DiGraph()
    flow.add_edges_from(graph.to_directed().edges, capacity=1)
    flow.add_edges_from([("from", v) for v in sources] + [(v, "to") for v in sinks])
    left = edmonds_karp(flow, "from", "to")
    rest = nx.DiGraph((u, v) for u, v, arc in left.edges(data=True) if arc["flow"] < arc["capacity"])
    return left.graph["flow_value"], nx.descendants(rest, "from") - {"from"}


def before_best_cut(graph, nodes, lines):
    best, chosen = np.inf, None
    for line in lines:
        along = [v for v in line if v in set(nodes)]
        ends = max(1, int(END_SHARE * len(nodes)))
        size, before = fewest_arcs(graph.subgraph(nodes), along[:ends], along[-ends:])
        if size / min(len(before), len(nodes) - len(before)) < best:
            best, chosen = size / min(len(before), len(nodes) - len(before)), before
    return chosen


def plain_order(graph, nodes, lines):
    """The nodes in the order of `dissect`."""
    pieces, seen = [], set()
    for root in nodes:
        if root not in seen:
            pieces.append([root, *(v for _, v in nx.bfs_edges(graph.subgraph(nodes), root, sort_neighbors=sorted))])
            seen |= set(pieces[-1])
    if len(pieces) > 1:
        return [v for piece in pieces for v in plain_order(graph, piece, lines)]
    (nodes,) = pieces or [[]]
    if len(nodes) <= 2:
        return nodes
    before = before_best_cut(graph, nodes, lines)
    sides = [v for v in nodes if v in before], [v for v in nodes if v not in before]
    rims = [[v for v in side if set(graph[v]) & set(other)] for side, other in (sides, sides[::-1])]
    near = len(rims[0]) > len(rims[1])
    separator, rest = rims[near], [v for v in sides[near] if v not in rims[near]]
    return [*plain_order(graph, rest, lines), *plain_order(graph, sides[not near], lines), *separator]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_is_that_of_cuts_found_plainly(seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 70))
    lonlat = rng.integers(0, 12, (n, 2)) / 100  # some at one place
    far = np.hypot(*(lonlat[:, None] - lonlat).transpose(2, 0, 1))
    tail, head = np.nonzero(np.triu(far < rng.uniform(0.01, 0.03), 1) & (rng.random((n, n)) < 0.7))
    graph = nx.Graph()
    graph.add_nodes_from(range(n))
    graph.add_edges_from(zip(tail.tolist(), head.tolist(), strict=True))
    first = np.append(0, np.cumsum(np.bincount(tail, minlength=n))).astype(np.int32)
    streets, out, back = neighbours(first, head.astype(np.int32))
    assert out.tolist() == [u for v in range(n) for u in sorted(graph[v])]
    lines = _lines(lonlat)
    assert dissect(streets, out, back, lines).tolist() == plain_order(graph, list(range(n)), lines.tolist())
