"""What a search over streets is asked: the ends within a limit or the nearest, the quickest paths, the nodes within.

Starts are shared out among `crews` workers, each with arrays of its own; the answers do not depend on how many.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, crew_njit, inner_njit, outer_njit
from network.kernels.search import (
    FOUND,
    NEVER,
    Ends,
    Scratch,
    Starts,
    Streets,
    clean,
    offer_on_segment,
    scratch,
    seed,
    settle,
)

Ints = npt.NDArray[np.integer]
I64 = npt.NDArray[np.int64]

BLOCK = 16
"""Starts a worker takes at a time; neighbours search the same streets."""
_ROOM = 1024
DE_BRUIJN = np.int64(0x03F79D71B4CB0A89)
_ZERO, _ONE = np.int64(0), np.int64(1)
"""Not written as literals: what is called with a literal is compiled for it apart."""


@inner_njit
def room_for(array: Ints, size: Whole, need: Whole) -> Ints:
    """The array, or a longer copy where `need` more do not fit behind its first `size`."""
    if size + need <= array.shape[0]:
        return array
    longer = np.empty(2 * (size + need), array.dtype)
    for i in range(size):
        longer[i] = array[i]
    return longer


@inner_njit
def lowest_bit() -> I64:
    """Place of the only bit of a word, by the top six bits of its product with a de Bruijn number."""
    table = np.empty(64, np.int64)
    for bit in range(64):
        table[((DE_BRUIJN << bit) >> 58) & 63] = bit
    return table


@inner_njit
def _take_found(s: Scratch, bits: I64, table: I64, end: Ints, cost: Ints, size: Whole) -> Whole:
    """Append what was found, ends ascending, and wipe `bits` (Y / 64 words); the new size."""
    found, end_best = s.found, s.end_best
    low, high = bits.shape[0], -1
    for f in range(s.at[FOUND]):
        word = found[f] >> 6
        bits[word] |= np.int64(1) << (found[f] & 63)
        low, high = min(low, word), max(high, word)
    for word in range(low, high + 1):
        left = bits[word]
        bits[word] = 0
        while left != 0:
            bit = left & -left
            left ^= bit
            j = (word << 6) + table[((bit * DE_BRUIJN) >> 58) & 63]
            end[size], cost[size] = j, end_best[j]
            size += 1
    return size


@inner_njit
def _surely(s: Scratch, bound: Whole) -> Whole:
    """How many of the ends found cost less than whatever is not settled yet."""
    end_best, found, sure = s.end_best, s.found, 0
    for f in range(s.at[FOUND]):
        if end_best[found[f]] < bound:
            sure += 1
    return sure


@crew_njit
def ends_within(
    crew: Whole, crews: Whole, order: Ints, g: Streets, starts: Starts, ends: Ends, limit: Whole, most: Whole,
    count: Ints, end: Ints, cost: Ints,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Ends that cost at most `limit` from each start, ascending, and the cost; how many there are into `count` (X).

    A search may stop as soon as the `most` cheapest ends are among those found. Starts are taken in `order`, by every
    crew each `crews`-th BLOCK of them, whose rows follow each other in what is returned: `end` and `cost`, or longer
    arrays where these have no room.
    """
    s = scratch(g.first.shape[0] - 1, ends.passed.shape[0], _ZERO)
    bits, table = np.zeros((ends.passed.shape[0] >> 6) + 1, np.int64), lowest_bit()
    size: Whole = _ZERO
    buckets = np.int64(1) if most < ends.passed.shape[0] else NEVER
    for block in range(crew * BLOCK, order.shape[0], crews * BLOCK):
        for at in range(block, min(block + BLOCK, order.shape[0])):
            i = order[at]
            seed(s, starts.node[i], starts.cost[i], g.shift, limit)
            offer_on_segment(starts, ends, i, s, limit)
            bound = settle(g, ends, s, limit, buckets)
            while bound < NEVER and (s.at[FOUND] < most or _surely(s, bound) < most):
                bound = settle(g, ends, s, limit, buckets)
            end, cost = room_for(end, size, s.at[FOUND]), room_for(cost, size, s.at[FOUND])
            count[i] = s.at[FOUND]
            size = _take_found(s, bits, table, end, cost, size)
            clean(s)
    return end, cost


@crew_njit
def spread(crew: Whole, crews: Whole, size_of_block: Whole, order: Ints, first: I64, rows: Ints, out: Ints) -> None:
    """Put the rows of one worker where they belong."""
    size = 0
    for block in range(crew * size_of_block, order.shape[0], crews * size_of_block):
        for at in range(block, min(block + size_of_block, order.shape[0])):
            for r in range(first[order[at]], first[order[at] + 1]):
                out[r] = rows[size]
                size += 1


@inner_njit
def _trace(tail: Ints, by: Ints, node: Whole, edge: Ints, size: Whole) -> tuple[Ints, Whole, Whole]:
    """Append the edges that lead to a node, in the order they are passed: (edges, new size, column of the start)."""
    start = size
    while by[node] >= 0:
        edge = room_for(edge, size, _ONE)
        edge[size] = by[node]
        size += 1
        node = tail[by[node]]
    for step in range((size - start) // 2):
        one, other = start + step, size - 1 - step
        edge[one], edge[other] = edge[other], edge[one]
    return edge, size, -1 - by[node]


@crew_njit
def quickest(
    crew: Whole, crews: Whole, order: Ints, g: Streets, tail: Ints,
    starts: Starts, passed: I64, arrive: Ints, cost: I64, best: I64, side: Ints, count: Ints,
) -> Ints:  # fmt: skip
    """Cheapest way from each start to the end of the same position: `best` (X), its `side` (X, 2), `count` of edges.

    low < high in `starts` says that both lie on one segment; `passed`, `arrive` and `cost` (X, 2) are the cost from the
    edge's tail to the end, the node behind it and the cost from there. The sides are the columns the start is left and
    the end is arrived at by; -1 and the column where the way stays on the segment; -1 and -1 where there is none. The
    edges between the two segments are returned, shared out as in `ends_within`. Before, `best` is NEVER, `side` -1.
    """
    s = scratch(g.first.shape[0] - 1, _ZERO, g.first.shape[0] - 1)
    none = np.empty(0, np.int32)
    ends = Ends(none, none, best[:0], none, passed[:0])
    edge: Ints = np.empty(_ROOM, np.int32)
    size: Whole = _ZERO
    for block in range(crew * BLOCK, order.shape[0], crews * BLOCK):
        for at in range(block, min(block + BLOCK, order.shape[0])):
            i = order[at]
            if starts.low[i] < starts.high[i]:
                for k in range(2):
                    if passed[i, k] >= starts.passed[i, k] >= 0 and passed[i, k] - starts.passed[i, k] < best[i]:
                        best[i] = passed[i, k] - starts.passed[i, k]
                        side[i, 1] = k
            seed(s, starts.node[i], starts.cost[i], g.shift, NEVER - 1)
            bound: Whole = _ZERO
            while bound < best[i]:
                bound = settle(g, ends, s, best[i] - 1, _ONE)
                for k in range(2):
                    there = s.best[arrive[i, k]]
                    if cost[i, k] >= 0 and there + cost[i, k] < best[i]:
                        best[i] = there + cost[i, k]
                        side[i, 0], side[i, 1] = 0, k
            if side[i, 0] >= 0:
                before = size
                edge, size, side[i, 0] = _trace(tail, s.by, arrive[i, side[i, 1]], edge, size)
                count[i] = size - before
            clean(s)
    return edge


@outer_njit
def nodes_within(g: Streets, node: Ints, cost: I64, limit: Whole) -> I64:
    """Cost (N) from the nearest of the starts, left by nodes (X, 2) at a cost (X, 2); NEVER past the limit."""
    s = scratch(g.first.shape[0] - 1, _ZERO, _ZERO)
    none = np.empty(0, np.int32)
    ends = Ends(none, none, cost[0, :0], none, cost[:0])
    for i in range(node.shape[0]):
        seed(s, node[i], cost[i], g.shift, limit)
        settle(g, ends, s, limit, NEVER)
    return s.best
