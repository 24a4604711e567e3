"""Times and distances along the streets, from and to places on edges."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from network.city import Roads
from network.kernels.bounded import arcs_of, ends_around
from network.kernels.customising import customise
from network.kernels.lanes import LANES, LENGTH_BITS, TILE, threads
from network.kernels.paths import spread
from network.kernels.points import around
from network.kernels.search import Ends as Filed
from network.kernels.search import Starts
from network.kernels.sweeps import Arcs, Graph, Ranks, all_ranks, between, open_arcs, ranks_between, read, to_all
from network.parallel import TURN, crews_for, shared_out
from network.part import F64, I32, I64, Snap

F32 = npt.NDArray[np.float32]
Room = tuple[I64, I32, I32, F32, F32]
Row = tuple[npt.NDArray[Any], ...]

_CACHE_LINE_BYTES = 64
_LEAST_ROOM = 1024
_ANSWER_BYTES = 2**25


@dataclass(frozen=True)
class Ends:
    """Points (X) as the kernels want them; column 0 forward edge, column 1 backward edge."""

    segment: I32
    passed: I64
    leave_node: I32
    leave_cost: I64
    arrive_node: I32
    arrive_cost: I64


def packed(time_ms: I64, length_mm: I64) -> I64:
    """One whole number that orders by time, then by length, and adds up as both do; -1 where closed."""
    return np.where(time_ms < 0, -1, (np.maximum(time_ms, 0) << LENGTH_BITS) + np.maximum(length_mm, 0))


def ends_of(roads: Roads, points: Snap, mode: int, *, weigh_time: bool) -> Ends:
    """Points as a mode leaves and reaches them, in packed time and length or, without `weigh_time`, in millimetres."""
    segment = points.segment[mode]
    edge = roads.edges[segment]
    passed, ahead = around(
        edge, points.along[mode], roads.time_ms[mode], roads.delay_ms[mode], roads.length_mm, weigh_time
    )
    return Ends(segment, passed, roads.head[edge], ahead, roads.arrive[edge], passed)


def _stay_on_segment(start: Ends, end: Ends, cost: I64) -> None:
    """Lower `cost` (X, Y), in place, where a start and an end lie on one segment and the end is ahead."""
    order = np.argsort(end.segment, kind="stable")
    low, high = (np.searchsorted(end.segment[order], start.segment, side) for side in ("left", "right"))
    count = high - low
    i = np.repeat(np.arange(len(count)), count)
    j = order[np.arange(len(i)) + np.repeat(low - np.cumsum(count) + count, count)]
    for k in range(2):
        behind, ahead = start.passed[i, k], end.passed[j, k]
        on = (ahead >= behind) & (behind >= 0)
        cost[i[on], j[on]] = np.minimum(cost[i[on], j[on]], (ahead - behind)[on])


def _room(kind: type[np.generic], *shape: int) -> npt.NDArray[Any]:
    """Unset numbers from the start of a cache line on."""
    size = int(np.prod(shape)) * np.dtype(kind).itemsize
    raw = np.empty(size + _CACHE_LINE_BYTES, np.uint8)
    skip = -raw.ctypes.data % _CACHE_LINE_BYTES
    return raw[skip : skip + size].view(kind).reshape(shape)


def room_for_ends(found: int, crews: int) -> tuple[I32, I64]:
    """Room of a crew for ends and what they cost, where all crews find about so many.

    Made here, as kernels are given memory a small page at a time, which takes as long as to find what is put there.
    What is not used costs nothing.
    """
    most = _LEAST_ROOM + found * 2 // crews
    return np.empty(most, np.int32), np.empty(most, np.int64)


def rows_of(order: I64, count: I64, block: int, rows: Sequence[Row]) -> Row:
    """CSR of what crews found for `count` (X) ends of each start, each for blocks of starts as they come in `order`."""
    first = np.append(0, np.cumsum(count))
    of_all = [np.empty(first[-1], part.dtype) for part in rows[0]]

    def put(crew: int, crews: int) -> None:
        for mine in range(crew, len(rows), crews):
            for part, out in zip(rows[mine], of_all, strict=True):
                spread(mine, len(rows), block, order, first, part, out)

    shared_out(put, (), len(rows))
    return first, *of_all


def _blocks(starts: int) -> int:
    """Sweeps from so many starts."""
    return -(-starts // LANES)


def _crews(starts: int) -> int:
    """Sweeps that run at the same time; each has room of its own.

    Made before they run: threads that are given memory at the same time wait for each other.
    """
    return crews_for(_blocks(starts))


@dataclass(frozen=True, eq=False)
class StreetMetric:
    """The hierarchy of the streets customised for one mode at the times of `roads`: asked any number of times.

    Made by `metric_of`. Whole milliseconds and millimetres; among equally quick ways the shortest counts. The answers
    are the same for any number of threads.
    """

    roads: Roads
    mode: int
    weight: I64
    """(2, A) packed time and length of the arcs of the hierarchy, on the way up and on the way down."""

    def skim(self, starts: Snap, ends: Snap) -> tuple[F64, F64]:
        """Quickest time [s] and its length [m], both (X, Y); infinite where there is no way."""
        over = self.roads.hierarchy
        start, end = (ends_of(self.roads, points, self.mode, weigh_time=True) for points in (starts, ends))
        leave = over.rank[start.leave_node], start.leave_cost
        arrive = over.rank[end.arrive_node], end.arrive_cost
        shape = len(start.segment), len(end.segment)
        cost, time_s, length_m = np.empty(shape, np.int64), np.empty(shape), np.empty(shape)
        graph = self._graph_of(ranks_between(over.up_first, over.up_head, leave, arrive))
        order, crews = np.argsort(leave[0][:, 0], kind="stable"), _crews(shape[0])
        near, touched = _room(np.int64, crews, len(graph[1]) + TILE, LANES), _room(np.int32, crews, len(graph[1]))

        def with_room(crew: int, crews: int) -> None:
            between(crew, crews, graph, leave, order, arrive, near[crew], touched[crew], cost)

        shared_out(with_room, (), _blocks(shape[0]))
        _stay_on_segment(start, end, cost)
        shared_out(read, (cost.ravel(), time_s.ravel(), length_m.ravel()), shape[0])
        return time_s, length_m

    def within(
        self, starts: Starts, arrive: tuple[I32, I64], ends: Filed, limit: int, found: int
    ) -> tuple[I64, I32, I64]:
        """The ends (Y) that packed `limit` allows of each start (X): CSR (first (X+1), end, ascending, cost).

        `arrive` are the nodes behind the ends (Y, 2) and the cost from there, -1 where closed, as they are filed. It is
        quickest where about `found` are found.
        """
        over, rank = self.roads.hierarchy, self.roads.hierarchy.rank[starts.node]
        node = np.empty(len(over.rank), np.int32)
        node[over.rank] = np.arange(len(node), dtype=np.int32)
        order, count = np.argsort(rank[:, 0], kind="stable"), np.zeros(len(rank), np.int64)
        asked = (
            order, arcs_of(over.up_first, over.up_head, self.weight), node, rank, starts,
            over.rank[arrive[0]].ravel(), arrive[1].ravel(), ends, limit, count,
        )  # fmt: skip

        crews = _crews(len(rank))
        near = _room(np.int64, crews, len(node) + TILE, LANES)
        room = [room_for_ends(found, crews) for _ in range(crews)]

        def with_room(crew: int, crews: int) -> Row:
            return ends_around(crew, crews, *asked, near[crew], *room[crew])

        first, end, cost = rows_of(order, count, LANES, shared_out(with_room, (), _blocks(len(rank))))
        return first, end, cost

    def one_to_all(self, starts: Snap) -> tuple[F32, F32]:
        """Quickest time [s] to every node and its length [m], both (X, N); infinite where there is no way.

        32-bit floats, which keep seven digits: the answer takes 8 X N bytes. `one_to_all_by` gives it in parts.
        """
        return self._write_all(starts, self._room_for(starts.segment.shape[1]))

    def one_to_all_by(self, starts: Snap, rows: int | None = None) -> Iterator[tuple[F32, F32]]:
        """`one_to_all` of some `rows` of starts after others, so that memory is bounded: each overwrites the last.

        By default so many that all threads have some, and more where the city is small. To be given and cleared much
        more memory takes the system longer than the answers take.
        """
        count, of_block = starts.segment.shape[1], 2 * np.dtype(np.float32).itemsize * LANES * len(self.roads.lonlat)
        rows = rows or LANES * max(int(threads()), _ANSWER_BYTES // of_block)
        room = self._room_for(min(rows, count))
        for row in range(0, count, rows):
            some = slice(row, row + rows)
            points = Snap(segment=starts.segment[:, some], along=starts.along[:, some], off_m=starts.off_m[:, some])
            yield self._write_all(points, room)

    def _room_for(self, starts: int) -> Room:
        nodes, crews = len(self.roads.lonlat), _crews(starts)
        shape = _blocks(starts) * LANES, -(-nodes // TILE) * TILE
        near, touched = _room(np.int64, crews, nodes, LANES), _room(np.int32, crews, nodes)
        return near, touched, _room(np.int32, crews, shape[1]), _room(np.float32, *shape), _room(np.float32, *shape)

    def _write_all(self, starts: Snap, room: Room) -> tuple[F32, F32]:
        over, start = self.roads.hierarchy, ends_of(self.roads, starts, self.mode, weigh_time=True)
        near, touched, rows, time_s, length_m = room
        graph, leave = self._graph, (over.rank[start.leave_node], start.leave_cost)

        def with_room(crew: int, crews: int) -> None:
            to_all(crew, crews, graph, over.rank, leave, near[crew], touched[crew], rows[crew], time_s, length_m)

        shared_out(with_room, (), _blocks(len(start.segment)))
        return time_s[: len(start.segment), : len(over.rank)], length_m[: len(start.segment), : len(over.rank)]

    @cached_property
    def _graph(self) -> Graph:
        over = self.roads.hierarchy
        return self._graph_of(all_ranks(over.up_first, over.up_head))

    def _graph_of(self, ranks: Ranks) -> Graph:
        over = self.roads.hierarchy

        def one_way(crew: int, crews: int) -> list[Arcs]:
            return [open_arcs(over.up_first, over.up_head, self.weight[way], ranks) for way in range(crew, 2, crews)]

        up, down = chain.from_iterable(shared_out(one_way, (), 2))
        return *ranks, *up, *down


def metric_of(roads: Roads, mode: int) -> StreetMetric:
    """The hierarchy customised for a network mode: worth keeping for as long as the times of the streets stand."""
    over, time_ms, length_mm = roads.hierarchy, roads.time_ms[mode], roads.length_mm
    with TURN:
        weight = customise(over.up_first, over.up_head, over.plan, over.slot, time_ms, length_mm, threads())
    return StreetMetric(roads, mode, weight)


def skim(roads: Roads, starts: Snap, ends: Snap, mode: int) -> tuple[F64, F64]:
    """Quickest time [s] and its length [m], both (X, Y), by a network mode; infinite where there is no way.

    Among equally quick ways the shortest counts. Whole milliseconds and millimetres over the hierarchy of the streets.
    """
    return metric_of(roads, mode).skim(starts, ends)


def one_to_all(roads: Roads, starts: Snap, mode: int) -> tuple[F32, F32]:
    """Quickest time [s] to every node and its length [m], both (X, N) 32-bit floats; infinite where there is no way."""
    return metric_of(roads, mode).one_to_all(starts)
