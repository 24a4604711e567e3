"""Shortest-path searches on a directed graph that stop early: within a limit, at the nearest ends, at one end.

Keys are whole numbers. A queue of buckets (Dial 1969, doi:10.1145/363269.363610) with a list for what lies beyond them;
a bucket is worked off until it stays empty, so that edges shorter than it is wide, also free ones, are counted exactly.
Every worker has one set of arrays and cleans up only what a search has touched.

Starts and ends lie on segments: column 0 speaks of the forward, column 1 of the backward edge.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, inner_njit

Ints = npt.NDArray[np.integer]
I64 = npt.NDArray[np.int64]

NEVER = np.int64(2**62 - 1)
"""No way; twice as much still is a whole number of 64 bits."""
_BUCKETS = 256
_IDLE = np.int32(-(2**31))
"""What `before` says of a node that is not in the queue."""
TOUCHED, FOUND, _BASE, _CURSOR = range(4)
"""Places in Scratch.at: how many nodes are touched and ends found, the number of bucket 0, the bucket in work."""


class Streets(NamedTuple):
    """Edges of node n are first[n]:first[n+1]; `weight` (E) is -1 where closed; 2**shift is the width of a bucket."""

    first: Ints
    head: Ints
    weight: I64
    shift: int


class Starts(NamedTuple):
    """Starts (X): the nodes ahead, the cost to them (-1 where closed), the cost from the edge's tail to the start."""

    node: Ints
    cost: I64
    passed: I64
    low: Ints
    high: Ints
    """Ends on the segment of start i are Ends.on_segment[low[i]:high[i]]."""


class Ends(NamedTuple):
    """Ends (Y) filed by the node behind them: end[first[n]:first[n+1]], with the cost from there."""

    first: Ints
    end: Ints
    cost: I64
    on_segment: Ints
    passed: I64


class Scratch(NamedTuple):
    best: I64
    after: Ints
    before: Ints
    bucket: Ints
    touched: Ints
    by: Ints
    """Edge a node is reached by, -1 - k for a start's column k; empty where nobody asks."""
    end_best: I64
    found: Ints
    at: Ints


@inner_njit
def scratch(nodes: Whole, ends: Whole, trace: Whole) -> Scratch:
    return Scratch(
        np.full(nodes, NEVER, np.int64),
        np.empty(nodes, np.int32),
        np.full(nodes, _IDLE, np.int32),
        np.full(_BUCKETS + 1, -1, np.int32),
        np.empty(nodes, np.int32),
        np.empty(trace, np.int32),
        np.full(ends, NEVER, np.int64),
        np.empty(ends, np.int32),
        np.zeros(4, np.int64),
    )


@inner_njit
def _put(after: Ints, before: Ints, bucket: Ints, node: Whole, slot: Whole) -> None:
    front = bucket[slot]
    after[node] = front
    before[node] = -1 - slot
    if front >= 0:
        before[front] = node
    bucket[slot] = node


@inner_njit
def _take(after: Ints, before: Ints, bucket: Ints, node: Whole) -> None:
    ahead, behind = before[node], after[node]
    if ahead >= 0:
        after[ahead] = behind
    else:
        bucket[-1 - ahead] = behind
    if behind >= 0:
        before[behind] = ahead
    before[node] = _IDLE


@inner_njit
def seed(s: Scratch, node: Ints, cost: Ints, shift: Whole, limit: Whole) -> None:
    """Queue the nodes (2) ahead of a start."""
    best, after, before, bucket, at = s.best, s.after, s.before, s.bucket, s.at
    low = NEVER
    for k in range(2):
        if 0 <= cost[k] < low:
            low = cost[k]
    at[_BASE] = low >> shift
    at[_CURSOR] = 0
    for k in range(2):
        if 0 <= cost[k] <= limit and cost[k] < best[node[k]]:
            if best[node[k]] == NEVER:
                s.touched[at[TOUCHED]] = node[k]
                at[TOUCHED] += 1
            elif before[node[k]] != _IDLE:
                _take(after, before, bucket, node[k])
            best[node[k]] = cost[k]
            if s.by.shape[0] > 0:
                s.by[node[k]] = -1 - k
            _put(after, before, bucket, node[k], min((cost[k] >> shift) - at[_BASE], _BUCKETS))


@inner_njit
def _rebase(best: I64, after: Ints, before: Ints, bucket: Ints, shift: Whole) -> Whole:
    """Move the buckets to the nearest of what lies beyond them, and sort that in; the new base."""
    node, low = bucket[_BUCKETS], NEVER
    while node >= 0:
        low = min(low, best[node])
        node = after[node]
    base = low >> shift
    node = bucket[_BUCKETS]
    bucket[_BUCKETS] = -1
    while node >= 0:
        later = after[node]
        _put(after, before, bucket, node, min((best[node] >> shift) - base, _BUCKETS))
        node = later
    return base


@inner_njit
def _offer(end_best: I64, found: Ints, at: Ints, end: Whole, cost: Whole) -> None:
    if cost < end_best[end]:
        if end_best[end] == NEVER:
            found[at[FOUND]] = end
            at[FOUND] += 1
        end_best[end] = cost


@inner_njit
def settle(g: Streets, ends: Ends, s: Scratch, limit: Whole, buckets: Whole) -> Whole:  # noqa: PLR0912, PLR0915
    """Settle up to so many `buckets`; what is not settled yet costs at least the number returned, NEVER if nothing is.

    Arrays are taken out of their tuples first: inside the loop that would count references.
    """
    first, head, weight, shift = g.first, g.head, g.weight, g.shift
    end_first, end_of, end_cost, end_best, found = ends.first, ends.end, ends.cost, s.end_best, s.found
    best, after, before, bucket, touched, by, at = s.best, s.after, s.before, s.bucket, s.touched, s.by, s.at
    base, cursor, count, ends_found = at[_BASE], at[_CURSOR], at[TOUCHED], at[FOUND]
    trace, file = by.shape[0] > 0, end_first.shape[0] > 0
    bound, turn = NEVER, 0
    while turn < buckets:
        turn += 1
        while cursor < _BUCKETS and bucket[cursor] < 0:
            cursor += 1
        if cursor == _BUCKETS:
            if bucket[_BUCKETS] < 0:
                bound = NEVER
                break
            base = _rebase(best, after, before, bucket, shift)
            cursor = 0
        while bucket[cursor] >= 0:
            node = bucket[cursor]
            behind = after[node]
            bucket[cursor] = behind
            if behind >= 0:
                before[behind] = -1 - cursor
            before[node] = _IDLE
            near = best[node]
            for e in range(first[node], first[node + 1]):
                step = weight[e]
                far = near + step
                if step < 0 or far > limit:
                    continue
                other = head[e]
                old = best[other]
                if far >= old:
                    continue
                best[other] = far
                if trace:
                    by[other] = e
                slot = min((far >> shift) - base, _BUCKETS)
                if old == NEVER:
                    touched[count] = other
                    count += 1
                elif before[other] != _IDLE:
                    if slot == min((old >> shift) - base, _BUCKETS):
                        continue
                    _take(after, before, bucket, other)
                _put(after, before, bucket, other, slot)
            if file:
                for f in range(end_first[node], end_first[node + 1]):
                    cost = near + end_cost[f]
                    end = end_of[f]
                    if cost <= limit and cost < end_best[end]:
                        if end_best[end] == NEVER:
                            found[ends_found] = end
                            ends_found += 1
                        end_best[end] = cost
        bound = (base + cursor + 1) << shift
    at[_BASE], at[_CURSOR], at[TOUCHED], at[FOUND] = base, cursor, count, ends_found
    return bound


@inner_njit
def offer_on_segment(starts: Starts, ends: Ends, i: Whole, s: Scratch, limit: Whole) -> None:
    """Ends ahead of start i on its own segment."""
    for at in range(starts.low[i], starts.high[i]):
        j = ends.on_segment[at]
        for k in range(2):
            if ends.passed[j, k] >= starts.passed[i, k] >= 0:
                cost = ends.passed[j, k] - starts.passed[i, k]
                if cost <= limit:
                    _offer(s.end_best, s.found, s.at, j, cost)


@inner_njit
def clean(s: Scratch) -> None:
    best, before, touched, end_best, found = s.best, s.before, s.touched, s.end_best, s.found
    for t in range(s.at[TOUCHED]):
        best[touched[t]] = NEVER
        before[touched[t]] = _IDLE
    for f in range(s.at[FOUND]):
        end_best[found[f]] = NEVER
    s.bucket[:] = -1
    s.at[:] = 0
