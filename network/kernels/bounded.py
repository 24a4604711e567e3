"""Ends within a limit of many starts: a sweep over a customised hierarchy that passes by what is too far.

`LANES` starts at once go up and down as in `network.kernels.sweeps`, over the complete arcs of the hierarchy. A rank is
*live* where one of them gets to it within the limit; only live ranks are left again. Whatever is above a rank of a
subtree and outside it is also above the subtree's root, so where neither the root nor anything above it is live, and
no start lies inside, the whole stretch of its ranks is passed over.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.hierarchy import NEVER
from network.kernels.inner import Whole, crew_njit, inner_njit, outer_njit
from network.kernels.lanes import LANES, TILE, fill, gather, scatter
from network.kernels.paths import DE_BRUIJN, lowest_bit, room_for
from network.kernels.search import Ends, Starts

Ints = npt.NDArray[np.integer]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]


class Arcs(NamedTuple):
    """Arcs of a hierarchy, complete, with their weights up and down, and the size (N) of each rank's subtree."""

    first: Ints
    head: Ints
    up: I64
    down: I64
    size: I32


class Work(NamedTuple):
    """What a worker keeps; ranks are passed or live where they hold the number of the block in work."""

    passed: I32
    live: I32
    chain: I32
    """Ranks passed on the way up."""
    reached: I32
    """Live ranks."""
    bits: I64
    """A bit for each end that may be found."""
    own: I32
    """By end, the first of what is found on a start's own segment: a lane, a cost, and which follows; -1 for none."""
    lane: I32
    cost: I64
    following: I32
    end_of: I32
    cost_of: I64
    sizes: I64
    """What is found, by lane: stretches of equal length, so much of each used."""


@outer_njit
def arcs_of(up_first: Ints, up_head: Ints, weight: I64) -> Arcs:
    n = up_first.shape[0] - 1
    size = np.ones(n, np.int32)
    for r in range(n):
        if up_first[r] < up_first[r + 1]:
            size[up_head[up_first[r]]] += size[r]
    return Arcs(up_first, up_head, weight[0], weight[1], size)


@inner_njit
def _is_near(near: I64, at: Whole, limit: Whole) -> bool:
    low = near[at, 0]
    for lane in range(1, LANES):
        low = min(low, near[at, lane])
    return bool(low <= limit)


@inner_njit
def _up(arcs: Arcs, rank: Ints, cost: I64, block: I64, limit: Whole, near: I64, mark: Whole, w: Work) -> None:
    """Costs on the way up. What each start passes first is listed upwards, so the last such stretch goes first."""
    first, head, up = arcs.first, arcs.head, arcs.up
    passed, chain = w.passed, w.chain
    starts, size, segments = np.empty(2 * LANES + 1, np.int64), 0, 0
    for lane in range(block.shape[0]):
        for k in range(2):
            i = block[lane]
            if 0 <= cost[i, k] <= limit:
                r = rank[i, k]
                starts[segments] = size
                segments += 1
                v = r
                while passed[v] != mark:
                    passed[v] = mark
                    fill(near, v, NEVER)
                    chain[size] = v
                    size += 1
                    if first[v] == first[v + 1]:
                        break
                    v = head[first[v]]
                near[r, lane] = min(near[r, lane], cost[i, k])
    starts[segments] = size
    for s in range(segments - 1, -1, -1):
        for c in range(starts[s], starts[s + 1]):
            r = chain[c]
            if _is_near(near, r, limit):
                scatter(near, r, head, up, first[r], first[r + 1])


@inner_njit
def _down(arcs: Arcs, limit: Whole, near: I64, mark: Whole, w: Work) -> Whole:
    """Costs of the live ranks, and how many these are; they are listed in w.reached."""
    first, head, down, size = arcs.first, arcs.head, arcs.down, arcs.size
    passed, live, reached = w.passed, w.live, w.reached
    count, r = 0, first.shape[0] - 2
    while r >= 0:
        a, last, above = first[r], first[r + 1], False
        while count > 0 and a < last:
            while a < last and live[head[a]] != mark:
                a += 1
            low = a
            while a < last and live[head[a]] == mark:
                a += 1
            if low < a:
                if not above and passed[r] != mark:
                    fill(near, r, NEVER)
                above = True
                gather(near, r, near, head, down, low, a)
        if not above and passed[r] != mark:
            r -= size[r]
            continue
        if _is_near(near, r, limit):
            live[r] = mark
            reached[count] = r
            count += 1
        r -= 1
    return count


@inner_njit
def _own_segment(starts: Starts, ends: Ends, block: I64, limit: Whole, w: Work) -> None:
    """Ends ahead of a start on its own segment, listed by end."""
    lane_of, cost_of, following, own, bits = w.lane, w.cost, w.following, w.own, w.bits
    size = 0
    for lane in range(block.shape[0]):
        i = block[lane]
        for at in range(starts.low[i], starts.high[i]):
            j = ends.on_segment[at]
            for k in range(2):
                if ends.passed[j, k] >= starts.passed[i, k] >= 0:
                    cost = ends.passed[j, k] - starts.passed[i, k]
                    if cost <= limit:
                        lane_of[size], cost_of[size], following[size] = lane, cost, own[j]
                        own[j] = size
                        bits[j >> 6] |= np.int64(1) << (j & 63)
                        size += 1


@inner_njit
def _by_lane(tile: I64, some: I32, count: Whole, limit: Whole, w: Work) -> None:
    """Add so many ends, whose costs are rows of a tile, to what each lane has found."""
    sizes, end_of, cost_of = w.sizes, w.end_of, w.cost_of
    room = end_of.shape[0] // LANES
    for lane in range(LANES):
        at = lane * room + sizes[lane]
        for t in range(count):
            end_of[at], cost_of[at] = some[t], tile[t, lane]
            at += tile[t, lane] <= limit
        sizes[lane] = at - lane * room


@inner_njit
def _take(
    arrive: Ints, arrive_cost: I64, ends: Ends, node: Ints, reached: Whole, limit: Whole, near: I64, mark: Whole,
    w: Work, table: I64,
) -> None:  # fmt: skip
    """Sort what the live ranks lead to by lane, ends ascending."""
    bits, live, own = w.bits, w.live, w.own
    for c in range(reached):
        n = node[w.reached[c]]
        for e in range(ends.first[n], ends.first[n + 1]):
            j = ends.end[e]
            bits[j >> 6] |= np.int64(1) << (j & 63)
    tile, some, count = near[-TILE:], np.empty(TILE, np.int32), np.int64(0)
    for word in range(bits.shape[0]):
        left = bits[word]
        bits[word] = 0
        while left != 0:
            bit = left & -left
            left ^= bit
            j = (word << 6) + table[((bit * DE_BRUIJN) >> 58) & 63]
            fill(tile, count, NEVER)
            for a in range(2 * j, 2 * j + 2):
                if arrive_cost[a] >= 0 and live[arrive[a]] == mark:
                    gather(tile, count, near, arrive, arrive_cost, a, a + 1)
            at = own[j]
            own[j] = -1
            while at >= 0:
                tile[count, w.lane[at]] = min(tile[count, w.lane[at]], w.cost[at])
                at = w.following[at]
            some[count] = j
            count += 1
            if count == TILE:
                _by_lane(tile, some, count, limit, w)
                count = np.int64(0)
    _by_lane(tile, some, count, limit, w)


@crew_njit
def ends_around(
    crew: Whole, crews: Whole, order: I64, arcs: Arcs, node: Ints, rank: Ints, starts: Starts, arrive: Ints,
    arrive_cost: I64, ends: Ends, limit: Whole, count: I64, near: I64, found: Ints, costs: Ints,
) -> tuple[Ints, Ints]:  # fmt: skip
    """Ends that cost at most `limit` from each start, ascending, and the cost; how many there are into `count` (X).

    Starts are taken in `order`, which puts neighbours together, by every crew each `crews`-th LANES of them, whose rows
    follow each other in what is returned: `found` and `costs`, or longer arrays where these have no room. `node` (N) is
    that of each rank, `rank` (X, 2) what a start is left for; `arrive` and `arrive_cost` (2 Y) are what an end is
    arrived at from, two each, and the cost, -1 where closed. `near` is room for (N + TILE, LANES) numbers from the
    start of a cache line on.
    """
    n, y, most = arcs.size.shape[0], ends.passed.shape[0], np.int64(0)
    for i in range(order.shape[0]):
        most = max(most, 2 * LANES * np.int64(starts.high[i] - starts.low[i]))
    w = Work(
        np.full(n, -1, np.int32), np.full(n, -1, np.int32), np.empty(n, np.int32), np.empty(n, np.int32),
        np.zeros((y >> 6) + 1, np.int64), np.full(y, -1, np.int32), np.empty(most, np.int32), np.empty(most, np.int64),
        np.empty(most, np.int32), np.empty(LANES * (y + 1), np.int32), np.empty(LANES * (y + 1), np.int64),
        np.zeros(LANES, np.int64),
    )  # fmt: skip
    table, size = lowest_bit(), np.int64(0)
    for mark in range(crew, (order.shape[0] + LANES - 1) // LANES, crews):
        block = order[mark * LANES : (mark + 1) * LANES]
        _up(arcs, rank, starts.cost, block, limit, near, mark, w)
        reached = _down(arcs, limit, near, mark, w)
        _own_segment(starts, ends, block, limit, w)
        w.sizes[:] = 0
        _take(arrive, arrive_cost, ends, node, reached, limit, near, mark, w, table)
        need = np.int64(0)
        for lane in range(LANES):
            need += w.sizes[lane]
        found, costs = room_for(found, size, need), room_for(costs, size, need)
        for lane in range(block.shape[0]):
            count[block[lane]] = w.sizes[lane]
            at = lane * (y + 1)
            for t in range(at, at + w.sizes[lane]):
                found[size], costs[size] = w.end_of[t], w.cost_of[t]
                size += 1
    return found, costs
