"""Times and distances along the streets, from and to places on edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import Roads, Snap
from network.kernels.hierarchy import NEVER, between, customise
from network.kernels.paths import many_to_many
from network.parallel import TURN
from network.part import F64, I32, I64
from network.units import MM_PER_M, MS_PER_S, WALK

_LENGTH_BITS = np.int64(32)
_LENGTH_MASK = np.int64((1 << 32) - 1)
_REACH_ROWS = 256


@dataclass(frozen=True)
class _Ends:
    """Points (X) as the kernel wants them; column 0 forward edge, column 1 backward edge."""

    segment: I32
    passed: I64
    leave_node: I32
    leave_cost: I64
    arrive_node: I32
    arrive_cost: I64


def _part(weight: I64, along: F64) -> I64:
    """The share of a weight that lies behind a point, rounded to whole units; -1 where closed."""
    return np.where(weight < 0, -1, np.rint(np.maximum(weight, 0) * along)).astype(np.int64)


def _packed(time_ms: I64, length_mm: I64) -> I64:
    """One whole number that orders by time, then by length, and adds up as both do."""
    return np.where(time_ms < 0, -1, (np.maximum(time_ms, 0) << _LENGTH_BITS) + np.maximum(length_mm, 0))


def _ends(roads: Roads, points: Snap, mode: int, weigh_time: bool) -> _Ends:  # noqa: FBT001 - one private switch
    segment = points.segment[mode]
    edge = roads.edges[segment]
    share = np.column_stack((points.along[mode], 1.0 - points.along[mode]))
    time = roads.time_ms[mode].astype(np.int64)[edge]
    length = np.where(time < 0, -1, roads.length_mm.astype(np.int64)[edge])
    behind_time, behind_length = _part(time, share), _part(length, share)
    if weigh_time:
        passed = _packed(behind_time, behind_length)
        ahead = _packed(np.where(time < 0, -1, time - behind_time), length - behind_length)
    else:
        passed, ahead = behind_length, np.where(time < 0, -1, length - behind_length)
    return _Ends(segment, passed, roads.head[edge], ahead, roads.tail[edge], passed)


def _stay_on_segment(start: _Ends, end: _Ends, packed: I64) -> None:
    """Lower `packed` (X, Y), in place, where a start and an end lie on one segment and the end is ahead."""
    order = np.argsort(end.segment, kind="stable")
    low, high = (np.searchsorted(end.segment[order], start.segment, side) for side in ("left", "right"))
    count = high - low
    i = np.repeat(np.arange(len(count)), count)
    j = order[np.arange(len(i)) + np.repeat(low - np.cumsum(count) + count, count)]
    for k in range(2):
        behind, ahead = start.passed[i, k], end.passed[j, k]
        on = (ahead >= behind) & (behind >= 0)
        packed[i[on], j[on]] = np.minimum(packed[i[on], j[on]], (ahead - behind)[on])


def skim(roads: Roads, starts: Snap, ends: Snap, mode: int) -> tuple[F64, F64]:
    """Quickest time [s] and its length [m], both (X, Y), by a network mode; infinite where there is no way.

    Among equally quick ways the shortest counts. Whole milliseconds and millimetres over the hierarchy of the streets.
    """
    over, start, end = roads.hierarchy, _ends(roads, starts, mode, True), _ends(roads, ends, mode, True)
    edge_weight = _packed(roads.time_ms[mode].astype(np.int64), roads.length_mm.astype(np.int64))
    with TURN:
        weight = customise(over.up_first, over.up_head, over.slot, edge_weight)
        answer = between(
            over.up_first, over.up_head, weight,
            over.rank[start.leave_node], start.leave_cost, over.rank[end.arrive_node], end.arrive_cost,
        )  # fmt: skip
    packed: I64 = np.asarray(answer, np.int64)
    _stay_on_segment(start, end, packed)
    there = packed < NEVER
    time_s = np.where(there, (packed >> _LENGTH_BITS) / MS_PER_S, np.inf)
    return time_s, np.where(there, (packed & _LENGTH_MASK) / MM_PER_M, np.inf)


def walk_reach(roads: Roads, starts: Snap, ends: Snap, limit_m: float) -> tuple[I32, I32, I32]:
    """Ends within `limit_m` on foot of each start, as CSR (first (X+1), end, whole metres), shortest ways."""
    length = np.where(roads.time_ms[WALK] < 0, -1, roads.length_mm).astype(np.int64)
    targets = _ends(roads, ends, WALK, False)
    counts, found, metres = [np.zeros(1, np.int64)], [], []
    for row in range(0, starts.segment.shape[1], _REACH_ROWS):
        some = slice(row, row + _REACH_ROWS)
        block = Snap(segment=starts.segment[:, some], along=starts.along[:, some], off_m=starts.off_m[:, some])
        start = _ends(roads, block, WALK, False)
        with TURN:
            mm = many_to_many(
                roads.first, roads.head, length,
                start.segment, start.passed, start.leave_node, start.leave_cost,
                targets.segment, targets.passed, targets.arrive_node, targets.arrive_cost,
                round(limit_m * MM_PER_M),
            )  # fmt: skip
        origin, end = np.nonzero(mm >= 0)
        counts.append(np.bincount(origin, minlength=len(mm)))
        found.append(end)
        metres.append(np.rint(mm[origin, end] / MM_PER_M))
    none = [np.zeros(0)]
    return (
        np.cumsum(np.concatenate(counts)).astype(np.int32),
        np.concatenate(found or none).astype(np.int32),
        np.concatenate(metres or none).astype(np.int32),
    )
