"""Searches along the streets that need no matrix: the ends within a limit, and the nearest ends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.kernels.lanes import LENGTH_BITS, LENGTH_MASK
from network.kernels.paths import BLOCK, ends_within
from network.kernels.points import arrivals, file_ends
from network.kernels.search import NEVER, Ends, Starts, Streets
from network.kernels.sweeps import read
from network.parallel import shared_out
from network.part import F64, I32, I64, Snap
from network.travel.roads import Ends as Points
from network.travel.roads import Row, ends_of, metric_of, packed, room_for_ends, rows_of
from network.units import CLOSED, MM_PER_M, MS_PER_S

_BUCKETS_PER_EDGE: Final = 4
_SAMPLE: Final = 4096
_ASKED_FIRST: Final = 32
"""Starts that are searched from to see how much they find, where there are _MANY."""
_MANY: Final = 512
_FOUND_FOR_SWEEP: Final = 100
_FOUND_PER_NODE: Final = 10
"""A sweep beats searches where a start finds this many ends, and all of them this many for a node to be customised."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Reach:
    """Ends within a limit of each start (X): those of start i are first[i]:first[i+1], ascending."""

    first: I64
    end: I32
    time_s: F64
    length_m: F64


def reach(roads: Roads, starts: Snap, ends: Snap, mode: int, limit_s: float) -> Reach:
    """Ends within `limit_s` seconds of each start by a network mode, by the quickest and among these the shortest way.

    Raises InputError if the limit is negative or not a number.
    """
    limit = min((whole("limit_s", limit_s, MS_PER_S) << LENGTH_BITS) | LENGTH_MASK, int(NEVER) - 1)
    start, end = (ends_of(roads, points, mode, weigh_time=True) for points in (starts, ends))
    first, found, cost = _within(roads, mode, start, end, limit)
    time_s, length_m = np.empty(len(cost)), np.empty(len(cost))
    shared_out(read, (cost, time_s, length_m), len(first) - 1)
    return Reach(first=first, end=found, time_s=time_s, length_m=length_m)


def reach_nodes(roads: Roads, starts: Snap, mode: int, limit_s: float) -> Reach:
    """Nodes within `limit_s` seconds of each start by a network mode, where one may go on: waits there are counted.

    Raises InputError if the limit is negative or not a number.
    """
    limit = min((whole("limit_s", limit_s, MS_PER_S) << LENGTH_BITS) | LENGTH_MASK, int(NEVER) - 1)
    nodes = np.arange(len(roads.lonlat), dtype=np.int32)
    closed, at_node = np.full((len(nodes), 2), -1, np.int64), np.column_stack((nodes, nodes))
    end = Points(
        np.full(len(nodes), -1, np.int32), closed, at_node, closed, at_node, np.where([True, False], 0, closed)
    )
    start = ends_of(roads, starts, mode, weigh_time=True)
    first, found, cost = _search(timed_streets(roads, mode), start, end, limit, len(nodes))
    return Reach(first=first, end=found, time_s=seconds(cost), length_m=metres(cost))


def within_metres(roads: Roads, starts: Snap, ends: Snap, mode: int, limit_m: float) -> tuple[I32, I32, I32]:
    """Ends within `limit_m` of each start by a network mode, as CSR (first (X+1), end, whole metres), shortest ways."""
    length = np.where(roads.time_ms[mode] < 0, CLOSED, roads.length_mm).astype(np.int64)
    start, end = (ends_of(roads, points, mode, weigh_time=False) for points in (starts, ends))
    limit = whole("limit_m", limit_m, MM_PER_M)
    first, found, mm = _search(streets(roads, length), start, end, limit, len(end.segment))
    return first.astype(np.int32), found.astype(np.int32), np.rint(mm / MM_PER_M).astype(np.int32)


def nearest(roads: Roads, starts: Snap, ends: Snap, mode: int, k: int) -> tuple[I32, F64, F64]:
    """The `k` quickest ends to get to from each start by a network mode: positions, time [s] and length [m], (X, k).

    Ascending by time, then by length, then by position; -1 and infinite where fewer can be reached. Raises InputError
    if `k` is below 1.
    """
    if k < 1:
        raise InputError(Problem("k", f"is {k}, needs to be 1 or more"))
    start, end = (ends_of(roads, points, mode, weigh_time=True) for points in (starts, ends))
    first, found, cost = _search(timed_streets(roads, mode), start, end, int(NEVER) - 1, k)
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    order = np.lexsort((found, cost, row))  # row by row as before
    column = np.arange(len(row)) - first[row]
    row, column, best = row[column < k], column[column < k], order[column < k]
    position = np.full((len(first) - 1, k), -1, np.int32)
    time_s, length_m = np.full(position.shape, np.inf), np.full(position.shape, np.inf)
    position[row, column], time_s[row, column], length_m[row, column] = (
        found[best],
        seconds(cost[best]),
        metres(cost[best]),
    )
    return position, time_s, length_m


def _within(roads: Roads, mode: int, start: Points, end: Points, limit: int) -> tuple[I64, I32, I64]:
    """The ends within the limit as CSR with what they cost, by searches or, where much is found, by a sweep."""
    graph, count, found = timed_streets(roads, mode), len(start.segment), 0.0
    if count >= _MANY:
        some = slice(None, None, count // _ASKED_FIRST)  # copied: kernels are compiled apart for arrays with gaps
        few = Points(*(getattr(start, part.name)[some].copy() for part in fields(start)))
        found = len(_search(graph, few, end, limit, len(end.segment))[1]) / len(few.segment)
        if found >= _FOUND_FOR_SWEEP and found * count >= _FOUND_PER_NODE * len(roads.lonlat):
            node, cost = _arrivals(end)
            filed = _filed(len(roads.lonlat), node, cost, end)
            return metric_of(roads, mode).within(
                _with_segments(start, end), (node, cost), filed, limit, round(found * count)
            )
    return _search(graph, start, end, limit, len(end.segment), expected=round(found * count))


def _search(
    graph: Streets, start: Points, end: Points, limit: int, most: int, *, expected: int = 0
) -> tuple[I64, I32, I64]:
    """The ends within the limit, or more than the `most` nearest of them, as CSR with what they cost."""
    filed = _filed(len(graph.first) - 1, *_arrivals(end), end)
    order, count = near_first(start), np.zeros(len(start.segment), np.int64)
    asked = order, graph, _with_segments(start, end), filed, limit, most, count

    def with_room(crew: int, crews: int) -> Row:
        return ends_within(crew, crews, *asked, *room_for_ends(expected, crews))

    first, found, cost = rows_of(order, count, BLOCK, shared_out(with_room, (), len(order)))
    return first, found, cost


def near_first(start: Points) -> I64:
    """An order of the starts in which those of one neighbourhood come together."""
    return np.argsort(start.leave_node[:, 0], kind="stable")


def seconds(cost: I64) -> F64:
    return np.asarray(cost >> LENGTH_BITS, np.float64) / MS_PER_S


def metres(cost: I64) -> F64:
    return np.asarray(cost & LENGTH_MASK, np.float64) / MM_PER_M


def streets(roads: Roads, weight: I64) -> Streets:
    """The streets with a weight (E), -1 where closed, as the searches want them."""
    some = weight[:: max(1, len(weight) // _SAMPLE)]
    usual = float(np.median(some[some > 0])) if (some > 0).any() else 1.0
    return Streets(roads.first, roads.head, weight, int(np.log2(max(usual / _BUCKETS_PER_EDGE, 1.0))))


def timed_streets(roads: Roads, mode: int) -> Streets:
    """The streets weighed by the time of a mode and then by length."""
    return streets(roads, packed(roads.time_ms[mode].astype(np.int64), roads.length_mm.astype(np.int64)))


def _with_segments(start: Points, end: Points) -> Starts:
    segments = np.sort(end.segment)
    low, high = (np.searchsorted(segments, start.segment, side).astype(np.int32) for side in ("left", "right"))
    return Starts(start.leave_node, start.leave_cost, start.passed, low, high)


def _arrivals(end: Points) -> tuple[I32, I64]:
    """The nodes behind the ends (Y, 2) and the cost from there, -1 where nobody needs to arrive that way."""
    return end.arrive_node, arrivals(end.leave_node, end.leave_cost, end.arrive_node, end.arrive_cost)


def _filed(nodes: int, arrive_node: I32, arrive_cost: I64, end: Points) -> Ends:
    """Ends by the nodes behind them, and by segment."""
    on_segment = np.argsort(end.segment, kind="stable").astype(np.int32)
    return file_ends(nodes, arrive_node, arrive_cost, on_segment, end.passed)


def whole(name: str, value: float, per_unit: int) -> int:
    if not (np.isfinite(value) and value >= 0):
        raise InputError(Problem(name, f"is {value:g}, needs to be a number of 0 or more"))
    return min(round(value * per_unit), int(NEVER) - 1)
