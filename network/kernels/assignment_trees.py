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
_END = np.int32(-1)
"""What stands behind the last node of an order."""
_SWEEPS = 8


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
def search(g: Streets, cost: F64, origin: Whole, s: Tree, order: Ints) -> None:
    """Cheapest ways from a zone to all nodes (Dijkstra 1959, doi:10.1007/BF01386390), infinite where there is none.

    `order` (N) becomes the order in which nodes are gone on from.
    """
    s.best[:] = np.inf
    s.by[:] = _NO_LINK
    s.place[:] = _OPEN
    s.best[origin] = 0.0
    s.place[origin] = _NEVER
    size, node, here, count = 0, origin, 0.0, 0
    while True:
        order[count] = node
        count += 1
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
    if count < order.shape[0]:
        order[count] = _END


@inner_njit
def _sweep(g: Streets, cost: F64, s: Tree, order: Ints) -> int:
    """Go on from the nodes that got cheaper, by `order`; how many more of them there are after it than before."""
    more = 0
    for node in order:
        if node == _END:
            break
        if s.place[node] == _OPEN:
            continue
        s.place[node] = _OPEN
        more -= 1
        here = s.best[node]
        for link in range(g.first[node], g.first[node + 1]):
            head = g.head[link]
            there = here + cost[link]
            if there < s.best[head]:
                s.best[head], s.by[head] = there, link
                if head >= g.thru and s.place[head] == _OPEN:
                    s.place[head] = _NEVER
                    more += 1
    return more


@inner_njit
def search_again(g: Streets, cost: F64, origin: Whole, s: Tree, order: Ints) -> None:
    """`search` where costs were a little different before: nodes are gone on from in the order of that time.

    No heap is needed. A node that gets cheaper after its turn has another one; where that goes on for long, or there is
    no order yet, `search` makes a new one.
    """
    waiting = 0
    if order[0] == origin:
        s.best[:] = np.inf
        s.by[:] = _NO_LINK
        s.place[:] = _OPEN
        s.best[origin], s.place[origin], waiting = 0.0, _NEVER, 1
        for _ in range(_SWEEPS):
            waiting += _sweep(g, cost, s, order)
            if waiting == 0:
                return
    search(g, cost, origin, s, order)


@outer_shared_njit
def least_costs(g: Streets, tail: Ints, cost: F64, amount: F64, crews: int, least: F64, total: F64) -> None:
    """Cost of the cheapest ways between zones, and the sum of another amount of links (L) along them, both (Z, Z)."""
    zones = least.shape[0]
    for crew in prange(crews):
        s, order = tree_of(g.first.shape[0] - 1), np.empty(g.first.shape[0] - 1, np.int32)
        for origin in range(crew, zones, crews):
            search(g, cost, origin, s, order)
            for goal in range(zones):
                least[origin, goal], total[origin, goal] = s.best[goal], 0.0 if s.best[goal] < np.inf else np.inf
                node = goal
                while s.by[node] >= 0:
                    total[origin, goal] += amount[s.by[node]]
                    node = tail[s.by[node]]
