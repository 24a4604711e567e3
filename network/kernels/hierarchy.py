"""The arcs of a customizable contraction hierarchy for an order of the nodes.

Nodes are ranks here. Arcs of rank r lead to the higher ranks up_head[up_first[r]:up_first[r+1]], ascending; the first
of them is its parent in the elimination tree.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, inner_njit, outer_njit

Ints = npt.NDArray[np.integer]
I32 = npt.NDArray[np.int32]

NEVER = np.int64(2**62 - 1)
"""No way; twice as much still is a whole number of 64 bits."""
_NONE = np.int32(-1)


@outer_njit
def neighbours(first: Ints, head: Ints) -> tuple[I32, I32, I32]:
    """Both ways of every edge once, without loops: (first (N+1), head, the arc the other way), heads ascending."""
    n = first.shape[0] - 1
    end = np.zeros(n + 1, np.int64)
    for v in range(n):
        for u in head[first[v] : first[v + 1]]:
            if u != v:
                end[u + 1] += 1
                end[v + 1] += 1
    start = np.cumsum(end)
    mixed, free = np.empty(start[n], np.int32), start[:-1].copy()
    for v in range(n):
        for u in head[first[v] : first[v + 1]]:
            if u != v:
                mixed[free[u]], mixed[free[v]] = v, u
                free[u] += 1
                free[v] += 1
    ordered, free = np.empty(start[n], np.int32), start[:-1].copy()
    for v in range(n):  # each gets its neighbours in ascending order, and every one once
        for u in mixed[start[v] : start[v + 1]]:
            if free[u] == start[u] or ordered[free[u] - 1] != v:
                ordered[free[u]] = v
                free[u] += 1
    out_first, out_head = np.zeros(n + 1, np.int32), np.empty(start[n], np.int32)
    for v in range(n):
        count = free[v] - start[v]
        out_first[v + 1] = out_first[v] + count
        for i in range(count):
            out_head[out_first[v] + i] = ordered[start[v] + i]
    back, following = np.empty(out_first[n], np.int32), out_first[:-1].copy()
    for e in range(out_first[n]):  # by ascending tails, so the next of the head's arcs is the one that leads back
        back[e] = following[out_head[e]]
        following[out_head[e]] += 1
    return out_first, out_head[: out_first[n]], back


@inner_njit
def _inverse(order: Ints) -> I32:
    """Position of each of the nodes of an order."""
    rank = np.empty(order.shape[0], np.int32)
    for r in range(order.shape[0]):
        rank[order[r]] = r
    return rank


@outer_njit
def elimination_tree(first: Ints, head: Ints, order: Ints) -> I32:
    """Parent (N) of each position of `order`, -1 at a root (Liu 1990, doi:10.1137/0611010)."""
    n = order.shape[0]
    rank = _inverse(order)
    parent, root = np.full(n, _NONE), np.full(n, _NONE)
    for r in range(n):
        v = order[r]
        for e in range(first[v], first[v + 1]):
            low = rank[head[e]]
            while low < r and low != -1:
                above = root[low]
                root[low] = r
                if above == -1:
                    parent[low] = r
                low = r if above == r else above
    return parent


@outer_njit
def postorder(parent: Ints) -> I32:
    """Positions (N) of a tree, each right after its descendants: every subtree becomes one stretch."""
    n = parent.shape[0]
    size = np.ones(n, np.int32)
    for v in range(n):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    out, free, next_root = np.empty(n, np.int32), np.empty(n, np.int32), 0
    for v in range(n - 1, -1, -1):  # parents first: each hands its stretch to its children from the back
        if parent[v] < 0:
            end = n - next_root
            next_root += size[v]
        else:
            end = free[parent[v]]
            free[parent[v]] -= size[v]
        out[end - 1] = v
        free[v] = end - 1
    return out


@inner_njit
def _add(found: Ints, rank: int, seen: Ints, into: Ints, size: Whole) -> Whole:
    """Append what is above a rank and not yet seen for it; the new size."""
    for high in found:
        if high > rank and seen[high] != rank:
            seen[high] = rank
            into[size] = high
            size += 1
    return size


@outer_njit
def complete(first: Ints, head: Ints, order: Ints, parent: Ints) -> tuple[I32, I32]:
    """(up_first, up_head): the arcs that contracting the nodes in this order leaves; `parent` belongs to `order`.

    Above a node are its higher neighbours and whoever is above its children.
    """
    n = order.shape[0]
    rank, around = _inverse(order), np.empty(head.shape[0], np.int32)
    for e in range(head.shape[0]):
        around[e] = rank[head[e]]
    child, sibling, seen = np.full(n, _NONE), np.full(n, _NONE), np.full(n, _NONE)
    up_first, up_head = np.zeros(n + 1, np.int32), np.empty(4 * n, np.int32)
    size: Whole = np.int64(0)
    for r in range(n):
        start, low, high, c = size, first[order[r]], first[order[r] + 1], child[r]
        need = high - low
        while c >= 0:
            need += up_first[c + 1] - up_first[c]
            c = sibling[c]
        if size + need > up_head.shape[0]:
            more = np.empty(2 * (size + need), np.int32)
            for i in range(size):
                more[i] = up_head[i]
            up_head = more
        size = _add(around[low:high], r, seen, up_head, size)
        c = child[r]
        while c >= 0:
            size = _add(up_head[up_first[c] : up_first[c + 1]], r, seen, up_head, size)
            c = sibling[c]
        up_head[start:size].sort()
        up_first[r + 1] = size
        if parent[r] >= 0:
            sibling[r], child[parent[r]] = child[parent[r]], r
    return up_first, up_head[:size].copy()
