"""Ways with their drawn lines: the quickest path between two places, and the streets within a time of a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.city import Roads
from network.errors import InputError, Problem
from network.kernels.lanes import LENGTH_BITS
from network.kernels.lines import cut
from network.kernels.paths import BLOCK, nodes_within, quickest
from network.kernels.search import NEVER, Starts
from network.parallel import shared_out
from network.part import F64, I32, I64, Snap
from network.travel.reach import metres, near_first, seconds, streets, timed_streets, whole
from network.travel.roads import Ends, ends_of, rows_of
from network.units import CLOSED, MS_PER_S

_FORWARD, _BACKWARD = 0, 1


class Leg(NamedTuple):
    """A stretch of a path along one street: its name ("" where it has none), its ways in order, its length."""

    name: str
    way_ids: tuple[str, ...]
    length_m: float


@dataclass(frozen=True, eq=False, kw_only=True)
class Path:
    """The quickest way between two places, among equally quick ones the shortest."""

    edge: I32
    """Directed edges of `Roads` in order, turns included; the first and the last one are used in part."""
    time_s: float
    length_m: float
    lonlat: F64
    """(G, 2) drawn line, two points or more."""
    legs: tuple[Leg, ...]
    """Streets in order; none where the path has no length."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Isochrone:
    """The pieces (Q) of street that can be reached within a time: each from one share of its segment to another."""

    limit_s: float
    segment: I32
    from_share: F64
    to_share: F64
    line_first: I64
    line_lonlat: F64
    """Piece q is drawn by line_lonlat[line_first[q]:line_first[q+1]], in forward direction."""
    reached_length_m: float


def paths(roads: Roads, starts: Snap, ends: Snap, mode: int) -> list[Path | None]:
    """The quickest path from each start to the end of the same position by a network mode; None where there is no way.

    Time and length are those of `skim`. Raises InputError unless there are as many ends as starts.
    """
    if starts.segment.shape != ends.segment.shape:
        counts = f"{starts.segment.shape[1]} starts and {ends.segment.shape[1]} ends"
        raise InputError(Problem("ends", f"has to pair with starts: {counts}"))
    start, end = (ends_of(roads, points, mode, weigh_time=True) for points in (starts, ends))
    together = (start.segment == end.segment).astype(np.int32)
    order, count = near_first(start), np.zeros(len(together), np.int64)
    cost, side = np.full(len(together), NEVER), np.full((len(together), 2), -1, np.int32)
    asked = (
        order, timed_streets(roads, mode), roads.tail,
        Starts(start.leave_node, start.leave_cost, start.passed, np.zeros_like(together), together),
        end.passed, end.arrive_node, end.arrive_cost, cost, side, count,
    )  # fmt: skip
    edges = [(of_crew,) for of_crew in shared_out(quickest, asked, len(order))]
    first, between = rows_of(order, count, BLOCK, edges)
    narrow = _narrow(roads)
    found: list[Path | None] = []
    for i, (leave, arrive) in enumerate(side):
        if arrive < 0:
            found.append(None)
            continue
        a, b = starts.along[mode, i], ends.along[mode, i]
        last = roads.edges[end.segment[i], arrive]
        if leave < 0:
            edge, from_share, to_share = np.array([last]), np.array([a]), np.array([b])
            length = metres(cost[i : i + 1])
        else:
            middle = between[first[i] : first[i + 1]]
            edge = np.concatenate(([roads.edges[start.segment[i], leave]], middle, [last]))
            back = roads.side_and_segment(middle)[0].astype(float)
            from_share, to_share = np.concatenate(([a], back, [arrive])), np.concatenate(([1 - leave], 1 - back, [b]))
            parts = (start.leave_cost[i, leave], *roads.length_mm[middle], end.arrive_cost[i, arrive])
            length = metres(np.array(parts, np.int64))
        street = roads.segment[edge] >= 0
        segment = roads.segment[edge[street]]
        found.append(
            Path(
                edge=edge.astype(np.int32),
                time_s=float(seconds(cost[i])),
                length_m=float(metres(cost[i])),
                lonlat=_drawn(roads, narrow, segment, from_share[street], to_share[street]),
                legs=_legs(roads, segment, length[street]),
            )
        )
    return found


def _narrow(roads: Roads) -> float:
    """How much shorter a degree of longitude is than one of latitude, as `network.snap` measures shares."""
    return float(np.cos(np.radians(np.median(roads.lonlat[:, 1]))))


def _drawn(roads: Roads, narrow: float, segment: I32, from_share: F64, to_share: F64) -> F64:
    _, lonlat = cut(roads.shape_first, roads.shape_lonlat, narrow, segment, from_share, to_share)
    new = np.append(True, (lonlat[1:] != lonlat[:-1]).any(axis=1))
    line: F64 = lonlat[new]
    return line if len(line) > 1 else np.repeat(line, 2, axis=0)


def _legs(roads: Roads, segment: I32, length_m: F64) -> tuple[Leg, ...]:
    legs: list[Leg] = []
    for way, part_m in zip(roads.way[segment], length_m, strict=True):
        if part_m == 0:
            continue
        name, way_id = str(roads.way_name[way]), str(roads.way_id[way])
        if legs and legs[-1].name == name:
            before = legs.pop()
            ids = before.way_ids if before.way_ids[-1] == way_id else (*before.way_ids, way_id)
            legs.append(Leg(name, ids, before.length_m + part_m))
        else:
            legs.append(Leg(name, (way_id,), float(part_m)))
    return tuple(legs)


def isochrone(roads: Roads, start: Snap, mode: int, limits_s: Sequence[float]) -> tuple[Isochrone, ...]:
    """What a network mode reaches from the start within each limit; with several starts, what is reached from any.

    A piece ends where the time is up, also in the middle of a segment. Raises InputError unless the limits are numbers
    of 0 or more.
    """
    near = node_times_ms(roads, start, mode, max(limits_s, default=0.0))
    return pieces_within(roads, mode, near, (start, np.zeros(start.segment.shape[1], np.int64)), limits_s)


def node_times_ms(roads: Roads, start: Snap, mode: int, limit_s: float) -> I64:
    """(N) milliseconds from the start to the nodes within a limit; more than any limit for the others."""
    points = ends_of(roads, start, mode, weigh_time=True)
    over = streets(roads, roads.time_ms[mode].astype(np.int64))
    cost = points.leave_cost >> LENGTH_BITS
    return nodes_within(over, points.leave_node, cost, whole("limits_s", limit_s, MS_PER_S))


def pieces_within(
    roads: Roads, mode: int, near_ms: I64, started: tuple[Snap, I64], limits_s: Sequence[float]
) -> tuple[Isochrone, ...]:
    """What a network mode reaches within each limit from nodes (N) and from starts (X), at which one is at some time.

    `near_ms` and the times of `started` are more than any limit where one never is. Raises InputError as `isochrone`.
    """
    starts, at_ms = started
    limits_ms = [whole("limits_s", limit_s, MS_PER_S) for limit_s in limits_s]
    points = ends_of(roads, starts, mode, weigh_time=True)
    time = roads.time_ms[mode].astype(np.int64)
    run = np.where(time < 0, CLOSED, time - roads.delay_ms[mode])  # what is waited for is beyond the end of an edge
    return tuple(
        _isochrone(roads, float(limit_s), *_pieces(roads, run, near_ms, (points, starts.along[mode], at_ms), limit_ms))
        for limit_s, limit_ms in zip(limits_s, limits_ms, strict=True)
    )


def _pieces(
    roads: Roads, run: I64, near: I64, start: tuple[Ends, F64, I64], limit_ms: int
) -> tuple[I32, F64, F64]:  # fmt: skip
    """(segment, from, to) within a limit, given the time (N) to each node: ascending, apart from each other."""
    points, along, at = start
    segment: list[npt.NDArray[np.integer]] = []
    low, high = [], []
    for side in (_FORWARD, _BACKWARD):
        edge = roads.edges[:, side]
        reached = np.flatnonzero((run[edge] >= 0) & (near[roads.arrive[edge]] <= limit_ms))
        far = _share(limit_ms - near[roads.arrive[edge[reached]]], run[edge[reached]])
        segment.append(reached)
        low.append(np.zeros(len(far)) if side == _FORWARD else 1.0 - far)
        high.append(far if side == _FORWARD else np.ones(len(far)))

        own = roads.edges[points.segment, side]
        leaves = np.flatnonzero((run[own] >= 0) & (at <= limit_ms))
        far = _share(limit_ms - at[leaves] + (points.passed[leaves, side] >> LENGTH_BITS), run[own[leaves]])
        segment.append(points.segment[leaves])
        low.append(along[leaves] if side == _FORWARD else np.minimum(along[leaves], 1.0 - far))
        high.append(np.maximum(along[leaves], far) if side == _FORWARD else along[leaves])
    return _union(np.concatenate(segment), np.concatenate(low), np.concatenate(high))


def _share(left_ms: I64, time: I64) -> F64:
    """The share of edges that is passed in the time left."""
    return np.minimum(1.0, np.divide(left_ms, time, out=np.ones(len(time)), where=time > 0))


def _union(segment: npt.NDArray[np.integer], low: F64, high: F64) -> tuple[I32, F64, F64]:
    """Overlapping pieces made one; pieces without length left out."""
    some = high > low
    segment, low, high = segment[some], low[some], high[some]
    order = np.lexsort((low, segment))
    segment, low, high = segment[order], low[order], high[order]
    reach = np.maximum.accumulate(2.0 * segment + high)  # shares of other segments lie 2 apart
    new = np.flatnonzero(np.append(True, 2.0 * segment[1:] + low[1:] > reach[:-1])[: len(segment)])
    whole = np.maximum.reduceat(high, new) if len(new) else high
    return segment[new].astype(np.int32), low[new], whole


def _isochrone(roads: Roads, limit_s: float, segment: I32, from_share: F64, to_share: F64) -> Isochrone:
    first, lonlat = cut(roads.shape_first, roads.shape_lonlat, _narrow(roads), segment, from_share, to_share)
    return Isochrone(
        limit_s=limit_s,
        segment=segment,
        from_share=from_share,
        to_share=to_share,
        line_first=first,
        line_lonlat=lonlat,
        reached_length_m=float(((to_share - from_share) * roads.length_m[segment]).sum()),
    )
