"""A customizable contraction hierarchy: its arcs for an order of the nodes, their weights, many-to-many over them.

Nodes are ranks here. Arcs of rank r lead to the higher ranks up_head[up_first[r]:up_first[r+1]], ascending; the first
of them is its parent in the elimination tree. `weight` (A, 2) of an arc: 0 on the way up, 1 on the way down.
"""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Ints = npt.NDArray[np.integer]
I32 = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

NEVER = np.int64(2**62 - 1)
"""No way; twice as much still is a whole number of 64 bits."""
_NONE = np.int32(-1)
_LANES = 32
"""Starts per sweep: four cache lines of distances a node."""
_CREWS = 16
"""Sweeps at a time, at most; each has distances of its own."""


@njit(cache=True)
def elimination_tree(first: Ints, head: Ints, order: Ints) -> I32:
    """Parent (N) of each position of `order`, -1 at a root (Liu 1990, doi:10.1137/0611010)."""
    n = order.shape[0]
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n).astype(np.int32)
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


@njit(cache=True)
def postorder(parent: Ints) -> I32:
    """Positions (N) of a tree, each right after its descendants: every subtree becomes one stretch."""
    n = parent.shape[0]
    size = np.ones(n, np.int32)
    for v in range(n):
        if parent[v] >= 0:
            size[parent[v]] += size[v]
    out, free, next_root = np.empty(n, np.int32), np.empty(n, np.int32), 0
    place = np.empty(n, np.int32)
    for v in range(n - 1, -1, -1):  # parents first: each hands its stretch to its children from the back
        if parent[v] < 0:
            end = n - next_root
            next_root += size[v]
        else:
            end = free[parent[v]]
            free[parent[v]] -= size[v]
        place[v] = end - 1
        free[v] = end - 1
    out[place] = np.arange(n).astype(np.int32)
    return out


@njit(cache=True)
def _add(found: Ints, rank: int, seen: Ints, into: Ints, size: int) -> int:
    """Append what is above a rank and not yet seen for it; the new size."""
    for high in found:
        if high > rank and seen[high] != rank:
            seen[high] = rank
            into[size] = high
            size += 1
    return size


@njit(cache=True)
def complete(first: Ints, head: Ints, order: Ints, parent: Ints) -> tuple[I32, I32]:
    """(up_first, up_head): the arcs that contracting the nodes in this order leaves; `parent` belongs to `order`.

    Above a node are its higher neighbours and whoever is above its children.
    """
    n = order.shape[0]
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n).astype(np.int32)
    child, sibling, seen = np.full(n, _NONE), np.full(n, _NONE), np.full(n, _NONE)
    up_first, up_head, size = np.zeros(n + 1, np.int32), np.empty(4 * n, np.int32), 0
    for r in range(n):
        start, around = size, rank[head[first[order[r]] : first[order[r] + 1]]]
        need, c = len(around), child[r]
        while c >= 0:
            need += up_first[c + 1] - up_first[c]
            c = sibling[c]
        if size + need > up_head.shape[0]:
            more = np.empty(2 * (size + need), np.int32)
            more[:size] = up_head[:size]
            up_head = more
        size = _add(around, r, seen, up_head, size)
        c = child[r]
        while c >= 0:
            size = _add(up_head[up_first[c] : up_first[c + 1]], r, seen, up_head, size)
            c = sibling[c]
        up_head[start:size] = np.sort(up_head[start:size])
        up_first[r + 1] = size
        if parent[r] >= 0:
            sibling[r], child[parent[r]] = child[parent[r]], r
    return up_first, up_head[:size].copy()


@njit(cache=True)
def _offer(up_head: Ints, weight: Ints, a: int, end: int, best: Ints) -> None:
    """What the low end of arc a offers between its high end and everyone higher, over its arcs up to `end`."""
    up, down = weight[a, 0], weight[a, 1]
    if down < NEVER or up < NEVER:
        for q in range(a + 1, end):
            y = up_head[q]
            best[y, 0] = min(best[y, 0], down + weight[q, 0])
            best[y, 1] = min(best[y, 1], up + weight[q, 1])


@njit(cache=True)
def customise(up_first: Ints, up_head: Ints, slot: Ints, edge_weight: Ints) -> Ints:
    """Weights (A, 2) of the arcs from those of the edges (E, -1 where closed): no way over lower ranks is cheaper.

    `slot` of an edge is twice its arc, plus one where it leads down; -1 for a loop. Each rank gathers, in ascending
    order, what the ranks below offer its arcs (lower triangles: Dibbelt, Strasser, Wagner 2016,
    doi:10.1145/2886843).
    """
    n = up_first.shape[0] - 1
    weight = np.full((up_head.shape[0], 2), NEVER)
    flat = weight.reshape(-1)
    for e in range(slot.shape[0]):
        if slot[e] >= 0 and 0 <= edge_weight[e] < flat[slot[e]]:
            flat[slot[e]] = edge_weight[e]
    best = np.empty((n, 2), np.int64)
    waits, link, at = np.full(n, _NONE), np.full(n, _NONE), up_first[:-1].copy()
    for x in range(n):
        low, high = up_first[x], up_first[x + 1]
        for a in range(low, high):
            best[up_head[a], 0], best[up_head[a], 1] = weight[a, 0], weight[a, 1]
        v = waits[x]
        while v >= 0:
            a, end, later = at[v], up_first[v + 1], link[v]
            _offer(up_head, weight, a, end, best)
            at[v] = a + 1
            if a + 1 < end:
                link[v], waits[up_head[a + 1]] = waits[up_head[a + 1]], v
            v = later
        for a in range(low, high):
            weight[a, 0], weight[a, 1] = best[up_head[a], 0], best[up_head[a], 1]
        if low < high:
            link[x], waits[up_head[low]] = waits[up_head[low]], x
    return weight


@njit(cache=True)
def _mark_above(up_first: Ints, up_head: Ints, node: Ints, cost: Ints, marked: Flags) -> None:
    """Mark the ranks that can be passed between the (X, 2) points and the tops of their trees."""
    for i in range(node.shape[0]):
        for k in range(2):
            v = node[i, k]
            while cost[i, k] >= 0 and not marked[v]:
                marked[v] = True
                if up_first[v] == up_first[v + 1]:
                    break
                v = up_head[up_first[v]]


@njit(cache=True)
def _restrict(up_first: Ints, up_head: Ints, weight: Ints, kept: Flags) -> tuple[Ints, Ints, Ints, Ints]:
    """The kept ranks, highest first, and their open arcs: (place of each rank, first, head, weight)."""
    place = np.full(kept.shape[0], _NONE)
    count = kept.sum()
    arcs, v = 0, 0
    for r in range(kept.shape[0] - 1, -1, -1):
        if kept[r]:
            place[r] = v
            v += 1
            arcs += up_first[r + 1] - up_first[r]
    first, head, some = np.zeros(count + 1, np.int32), np.empty(arcs, np.int32), np.empty((arcs, 2), np.int64)
    size = 0
    for r in range(kept.shape[0] - 1, -1, -1):
        if kept[r]:
            for a in range(up_first[r], up_first[r + 1]):
                if weight[a, 0] < NEVER or weight[a, 1] < NEVER:
                    head[size] = place[up_head[a]]
                    some[size, 0], some[size, 1] = weight[a, 0], weight[a, 1]
                    size += 1
            first[place[r] + 1] = size
    return place, first, head[:size], some[:size]


@njit(cache=True)
def _relax(into: Ints, near: Ints, step: int) -> None:
    """Lengths known only at run time and no index arithmetic: this is what becomes vector instructions."""
    for lane in range(into.shape[0]):
        into[lane] = min(into[lane], near[lane] + step)


@njit(cache=True)
def _sweep(first: Ints, head: Ints, weight: Ints, wanted: Flags, near: Ints, turn: int, touched: Ints) -> None:
    """Up from the rows of `near` (V, lanes) touched this `turn`, then down to all `wanted` rows."""
    for v in range(first.shape[0] - 2, -1, -1):
        if touched[v] != turn:
            continue
        for a in range(first[v], first[v + 1]):
            x = head[a]
            if touched[x] != turn:
                touched[x] = turn
                near[x][:] = NEVER
            _relax(near[x], near[v], weight[a, 0])
    for v in range(first.shape[0] - 1):
        if not wanted[v]:
            continue
        into = near[v]
        if touched[v] != turn:
            into[:] = NEVER
        for a in range(first[v], first[v + 1]):
            _relax(into, near[head[a]], weight[a, 1])


@njit(cache=True)
def _seed(place: Ints, block: Ints, leave_node: Ints, leave_cost: Ints, near: Ints, turn: int, touched: Ints) -> None:
    """Write what leaving costs into the rows of `near` where the starts of a block leave."""
    for lane, i in enumerate(block):
        for k in range(2):
            if 0 <= leave_cost[i, k] < NEVER:
                v = place[leave_node[i, k]]
                if touched[v] != turn:
                    touched[v] = turn
                    near[v][:] = NEVER
                near[v, lane] = min(near[v, lane], leave_cost[i, k])


@njit(cache=True)
def _collect(place: Ints, near: Ints, block: Ints, arrive_node: Ints, arrive_cost: Ints, best: Ints, out: Ints) -> None:
    """Write the rows of `out` of one block of starts."""
    for j in range(arrive_node.shape[0]):
        best[:] = NEVER
        for k in range(2):
            if 0 <= arrive_cost[j, k] < NEVER:
                _relax(best, near[place[arrive_node[j, k]]], arrive_cost[j, k])
        for lane, i in enumerate(block):
            out[i, j] = best[lane]


@njit(cache=True)
def _plan(
    up_first: Ints, up_head: Ints, weight: Ints,
    leave_node: Ints, leave_cost: Ints, arrive_node: Ints, arrive_cost: Ints,
) -> tuple[Ints, Ints, Ints, Ints, Flags, Ints]:  # fmt: skip
    """What `_restrict` keeps for these starts and ends, which of it is above an end, and the order of the starts."""
    asked = np.zeros(up_first.shape[0] - 1, np.bool_)
    _mark_above(up_first, up_head, arrive_node, arrive_cost, asked)
    kept = asked.copy()
    _mark_above(up_first, up_head, leave_node, leave_cost, kept)
    place, first, head, some = _restrict(up_first, up_head, weight, kept)
    wanted = np.zeros(first.shape[0] - 1, np.bool_)
    for r in range(kept.shape[0]):
        if kept[r]:
            wanted[place[r]] = asked[r]
    starts = leave_node.shape[0]
    order = np.sort(leave_node[:, 0].astype(np.int64) * starts + np.arange(starts))
    return place, first, head, some, wanted, order % max(starts, 1)  # neighbours share most of their way up


@njit(cache=True)
def _answer(
    crew: int, crews: int, place: Ints, first: Ints, head: Ints, weight: Ints, wanted: Flags, order: Ints,
    leave_node: Ints, leave_cost: Ints, arrive_node: Ints, arrive_cost: Ints, out: Ints,
) -> None:  # fmt: skip
    """Every `crews`-th block of starts, from `crew` on."""
    near = np.empty((wanted.shape[0], _LANES), np.int64)
    best = np.empty(_LANES, np.int64)
    touched = np.full(wanted.shape[0], _NONE)
    for turn in range(crew, (order.shape[0] + _LANES - 1) // _LANES, crews):
        block = order[turn * _LANES : (turn + 1) * _LANES]
        _seed(place, block, leave_node, leave_cost, near, turn, touched)
        _sweep(first, head, weight, wanted, near, turn, touched)
        _collect(place, near, block, arrive_node, arrive_cost, best, out)


@njit(cache=True, parallel=True)
def between(
    up_first: Ints, up_head: Ints, weight: Ints,
    leave_node: Ints, leave_cost: Ints, arrive_node: Ints, arrive_cost: Ints,
) -> Ints:  # fmt: skip
    """Cheapest way from every start to every end over nodes, (X, Y) int64, NEVER where there is none.

    Start i leaves by the ranks leave_node[i] (2) at leave_cost[i] (2), -1 where closed; likewise the ends. Restricted
    PHAST: the ranks above the starts and ends are swept up and down for `_LANES` starts at once (Delling, Goldberg,
    Werneck 2011, doi:10.4230/OASIcs.ATMOS.2011.52).
    """
    place, first, head, some, wanted, order = _plan(
        up_first, up_head, weight, leave_node, leave_cost, arrive_node, arrive_cost
    )
    starts = leave_node.shape[0]
    out = np.empty((starts, arrive_node.shape[0]), np.int64)
    blocks = (starts + _LANES - 1) // _LANES
    crews = min(blocks, _CREWS)
    for crew in prange(crews):
        _answer(
            crew, crews, place, first, head, some, wanted, order, leave_node, leave_cost, arrive_node, arrive_cost, out
        )
    return out
