"""Shortest paths on a directed graph in CSR form, whole-number weights."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Ints = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]

NEVER = np.int64(2**62)


@njit(cache=True, inline="always")
def _push(keys: Ints, nodes: Ints, size: int, key: int, node: int) -> None:
    slot = size
    while slot > 0:
        parent = (slot - 1) >> 2
        if keys[parent] <= key:
            break
        keys[slot], nodes[slot] = keys[parent], nodes[parent]
        slot = parent
    keys[slot], nodes[slot] = key, node


@njit(cache=True, inline="always")
def _drop_first(keys: Ints, nodes: Ints, size: int) -> None:
    """Fill the hole at the top of a heap that now has `size` entries with its last entry."""
    key, node = keys[size], nodes[size]
    slot = 0
    while True:
        child = (slot << 2) + 1
        if child >= size:
            break
        best = child
        for other in range(child + 1, min(child + 4, size)):
            if keys[other] < keys[best]:
                best = other
        if keys[best] >= key:
            break
        keys[slot], nodes[slot] = keys[best], nodes[best]
        slot = best
    keys[slot], nodes[slot] = key, node


@njit(cache=True)
def _settle(
    first: Ints, head: Ints, weight: Ints, start_node: Ints, start_cost: Ints,
    wanted: Flags, wanted_count: int, limit: int, best: Ints, keys: Ints, nodes: Ints,
) -> None:  # fmt: skip
    """Fill `best` with distances from up to two (node, cost) seeds, until past `limit` or all `wanted` are settled.

    A 4-ary heap of (key, node) side by side; a node that got nearer is pushed again and its old entry skipped.
    """
    size = 0
    for k in range(start_node.shape[0]):
        node, cost = start_node[k], start_cost[k]
        if 0 <= cost < best[node]:
            best[node] = cost
            _push(keys, nodes, size, cost, node)
            size += 1
    left = wanted_count
    while size > 0 and left > 0:
        near, node = keys[0], nodes[0]
        if near > limit:
            break
        size -= 1
        _drop_first(keys, nodes, size)
        if near > best[node]:
            continue
        if wanted[node]:
            left -= 1
        for e in range(first[node], first[node + 1]):
            step = weight[e]
            if step < 0:
                continue
            far = near + step
            other = head[e]
            if far < best[other]:
                best[other] = far
                _push(keys, nodes, size, far, other)
                size += 1


@njit(cache=True, parallel=True)
def many_to_many(
    first: Ints, head: Ints, weight: Ints,
    from_segment: Ints, from_passed: Ints, leave_node: Ints, leave_cost: Ints,
    to_segment: Ints, to_passed: Ints, arrive_node: Ints, arrive_cost: Ints,
    limit: int,
) -> Ints:  # fmt: skip
    """Cheapest way from every start to every end, (X, Y) int64, -1 where there is none within `limit`.

    Starts and ends lie on segments. Column 0 speaks of the forward, column 1 of the backward edge: `*_passed` is the
    cost from the edge's tail to the point, `leave_*` the node ahead and the cost to it, `arrive_*` the node behind and
    the cost from it (-1 where the edge is closed). `weight` (E) is -1 where closed. Dijkstra, 4-ary heap.
    """
    nodes = first.shape[0] - 1
    starts, ends = leave_node.shape[0], arrive_node.shape[0]
    wanted = np.zeros(nodes, np.bool_)
    for j in range(ends):
        for k in range(2):
            if arrive_cost[j, k] >= 0:
                wanted[arrive_node[j, k]] = True
    count = wanted.sum()
    out = np.full((starts, ends), np.int64(-1), np.int64)
    for i in prange(starts):
        near = np.full(nodes, NEVER, np.int64)
        keys = np.empty(weight.shape[0] + 3, np.int64)
        heap = np.empty(weight.shape[0] + 3, np.int32)
        _settle(first, head, weight, leave_node[i], leave_cost[i], wanted, count, limit, near, keys, heap)
        for j in range(ends):
            best = NEVER
            for k in range(2):
                if arrive_cost[j, k] >= 0:
                    best = min(best, near[arrive_node[j, k]] + arrive_cost[j, k])
                    if from_segment[i] == to_segment[j] and to_passed[j, k] >= from_passed[i, k] >= 0:
                        best = min(best, to_passed[j, k] - from_passed[i, k])
            if best <= limit:
                out[i, j] = best
    return out
