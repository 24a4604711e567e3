"""Cheapest ways from a zone over a network some of whose zones may not be driven through."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.inner import Whole, inner_njit, outer_shared_njit

Ints = npt.NDArray[np.integer]
F64 = npt.NDArray[np.float64]

_ARITY = 4
_OPEN, _NEVER = np.int32(-1), np.int32(-2)
"""What `place` says of a node that is not in the heap: not yet, and no more."""
_NO_LINK = np.int32(-1)


class Streets(NamedTuple):
    """Links of node n are first[n]:first[n+1]; nodes before `thru` are driven from and to, never through."""

    first: Ints
    head: Ints
    thru: int


class Tree(NamedTuple):
    """Scratch of a search: cost and last link of each node, a heap of nodes, where in it each node is."""

    best: F64
    by: Ints
    key: F64
    node: Ints
    place: Ints


@inner_njit
def tree_of(nodes: Whole) -> Tree:
    return Tree(
        np.empty(nodes),
        np.empty(nodes, np.int32),
        np.empty(nodes),
        np.empty(nodes, np.int32),
        np.empty(nodes, np.int32),
    )


@inner_njit
def _rise(s: Tree, at: Whole, node: Whole, key: float) -> None:
    """Put a node in at the end of the heap, or where it is already, and let it rise."""
    while at > 0:
        above = (at - 1) // _ARITY
        if s.key[above] <= key:
            break
        s.key[at], s.node[at] = s.key[above], s.node[above]
        s.place[s.node[at]] = at
        at = above
    s.key[at], s.node[at], s.place[node] = key, node, at


@inner_njit
def _sink(s: Tree, size: Whole) -> None:
    """Put the last of `size` + 1 nodes in at the top of the heap and let it sink."""
    key, node, at = s.key[size], s.node[size], 0
    while True:
        low = _ARITY * at + 1
        if low >= size:
            break
        least = low
        for other in range(low + 1, min(low + _ARITY, size)):
            if s.key[other] < s.key[least]:
                least = other
        if s.key[least] >= key:
            break
        s.key[at], s.node[at] = s.key[least], s.node[least]
        s.place[s.node[at]] = at
        at = least
    s.key[at], s.node[at], s.place[node] = key, node, at


@inner_njit
def search(g: Streets, cost: F64, origin: Whole, s: Tree) -> None:
    """Cheapest ways from a zone to all nodes (Dijkstra 1959, doi:10.1007/BF01386390), infinite where there is none."""
    s.best[:] = np.inf
    s.by[:] = _NO_LINK
    s.place[:] = _OPEN
    s.best[origin] = 0.0
    s.place[origin] = _NEVER
    size, node, here = 0, origin, 0.0
    while True:
        for link in range(g.first[node], g.first[node + 1]):
            head = g.head[link]
            there = here + cost[link]
            if there < s.best[head]:
                s.best[head], s.by[head] = there, link
                if head >= g.thru:
                    if s.place[head] == _OPEN:
                        size += 1
                        _rise(s, size - 1, head, there)
                    else:
                        _rise(s, s.place[head], head, there)
        if size == 0:
            break
        node, here = s.node[0], s.key[0]
        s.place[node] = _NEVER
        size -= 1
        if size > 0:
            _sink(s, size)


@outer_shared_njit
def least_costs(g: Streets, tail: Ints, cost: F64, amount: F64, crews: int, least: F64, total: F64) -> None:
    """Cost of the cheapest ways between zones, and the sum of another amount of links (L) along them, both (Z, Z)."""
    zones = least.shape[0]
    for crew in prange(crews):
        s = tree_of(g.first.shape[0] - 1)
        for origin in range(crew, zones, crews):
            search(g, cost, origin, s)
            for goal in range(zones):
                least[origin, goal], total[origin, goal] = s.best[goal], 0.0 if s.best[goal] < np.inf else np.inf
                node = goal
                while s.by[node] >= 0:
                    total[origin, goal] += amount[s.by[node]]
                    node = tail[s.by[node]]
