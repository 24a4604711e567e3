"""Streets while they are put together or changed: plain arrays by segment, of which `Roads` are made once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network.city import Roads
from network.hierarchy import hierarchy_of
from network.part import F64, I32, I64, Bools, Text
from network.units import EARTH_RADIUS_M, MM_PER_M


class Join(NamedTuple):
    """Nodes at which a new street is left for the others and entered from them; one where every turn is free."""

    leave: int
    """Where the new street begins."""
    arrive: int
    """Where it ends."""


@dataclass(eq=False, kw_only=True)
class StreetGraph:
    """Segments (S) between nodes (N), turns (T), and copies (C) of edges for those who came by a certain street.

    Of a pair, row 0 is the forward and row 1 the backward edge.
    """

    lonlat: F64
    tail: I64
    """(2, S) node where each edge starts."""
    head: I64
    time_ms: npt.NDArray[Any]
    """(M, 2, S), -1 where closed."""
    delay_ms: npt.NDArray[Any]
    length_m: F64
    way: npt.NDArray[Any]
    shape_first: npt.NDArray[Any]
    shape_lonlat: F64
    turn_tail: I64
    turn_head: I64
    turn_ms: npt.NDArray[Any]
    """(M, T), -1 where closed."""
    way_id: Text
    way_name: Text
    way_class: Text
    beside: Bools
    barrier_first: npt.NDArray[Any]
    barrier_lonlat: F64
    snap_detour_m: F64
    copies: I64 = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    """(4, C) tail, head, and the row and the segment of the edge they are copies of."""
    gates: I64 = field(default_factory=lambda: np.zeros((3, 0), np.int64))
    """(3, Q) node at which one arrives who ends on an edge with copies, and the row and the segment of the edge."""

    @classmethod
    def of(cls, roads: Roads) -> StreetGraph:
        edge, turn = roads.edges.T, np.flatnonzero(roads.segment < 0)
        copy, gate = roads.copies[:, 0], roads.gates[:, 0]
        kept = ["lonlat", "length_m", "way", "shape_first", "shape_lonlat"]
        kept += ["beside", "barrier_first", "barrier_lonlat", "snap_detour_m"]
        return cls(
            tail=roads.tail[edge].astype(np.int64),
            head=roads.head[edge].astype(np.int64),
            time_ms=roads.time_ms[:, edge],
            delay_ms=roads.delay_ms[:, edge],
            turn_tail=roads.tail[turn].astype(np.int64),
            turn_head=roads.head[turn].astype(np.int64),
            turn_ms=roads.time_ms[:, turn],
            way_id=roads.way_id,
            way_name=roads.way_name,
            way_class=roads.way_class,
            copies=np.stack([roads.tail[copy], roads.head[copy], *roads.side_and_segment(copy)]),
            gates=np.stack([roads.gates[:, 1], *roads.side_and_segment(gate)]),
            **{name: getattr(roads, name) for name in kept},
        )

    def roads(self, order: I32 | None = None) -> Roads:
        """The streets as `Roads`: edges by tail, then head, then segment, turns and then copies last.

        `order` (N) gives the nodes in the order they are contracted; a good one is found where it is left out.
        """
        segments = self.tail.shape[1]
        from_node, to_node, *of = self.copies
        tail = np.concatenate([self.tail.ravel(), self.turn_tail, from_node])
        head = np.concatenate([self.head.ravel(), self.turn_head, to_node])
        others = segments + np.arange(len(self.turn_tail) + len(from_node))
        label = np.concatenate([np.tile(np.arange(segments), 2), others])
        by = np.lexsort((label, head, tail))
        place = np.empty(len(by), np.int32)
        place[by] = np.arange(len(by), dtype=np.int32)
        first = np.append(0, np.cumsum(np.bincount(tail, minlength=len(self.lonlat)))).astype(np.int32)
        head = head[by].astype(np.int32)
        modes, own = len(self.time_ms), (slice(None), *of)
        time_ms = np.concatenate([self.time_ms.reshape(modes, -1), self.turn_ms, self.time_ms[own]], axis=1)
        no_wait = np.zeros_like(self.turn_ms)
        delay_ms = np.concatenate([self.delay_ms.reshape(modes, -1), no_wait, self.delay_ms[own]], axis=1)
        edges = place[: 2 * segments].reshape(2, segments)
        gate, *gated = self.gates
        return Roads(
            lonlat=self.lonlat,
            first=first,
            head=head,
            time_ms=time_ms[:, by].astype(np.int32),
            delay_ms=delay_ms[:, by].astype(np.int32),
            edges=edges.T.copy(),
            length_m=self.length_m,
            way=self.way.astype(np.int32),
            shape_first=self.shape_first.astype(np.int32),
            shape_lonlat=self.shape_lonlat,
            way_id=self.way_id,
            way_name=self.way_name,
            way_class=self.way_class,
            beside=self.beside,
            barrier_first=self.barrier_first.astype(np.int32),
            barrier_lonlat=self.barrier_lonlat,
            snap_detour_m=self.snap_detour_m,
            hierarchy=hierarchy_of(self.lonlat, first, head, order),
            copies=np.column_stack([place[len(place) - len(from_node) :], edges[tuple(of)]]).astype(np.int32),
            gates=np.column_stack([edges[tuple(gated)], gate]).astype(np.int32),
        )

    def join_at(self, segment: int, along: float) -> Join:
        """Where a new street joins at a share of a segment, made in place.

        Between its ends the segment is cut in two. At an end with several nodes, where turns are restricted, the new
        street gets nodes of its own, from and to which everybody may turn; other turns stay as they are.
        """
        if 0.0 < along < 1.0:
            node = self._cut(segment, along)
            return Join(node, node)
        arrives, leaves = (self.head[0], self.tail[1]) if along >= 1.0 else (self.head[1], self.tail[0])
        here = {int(arrives[segment]), int(leaves[segment])}
        while True:
            near = np.isin(self.turn_tail, list(here)) | np.isin(self.turn_head, list(here))
            grown = here.union(self.turn_tail[near].tolist(), self.turn_head[near].tolist())
            if grown == here:
                break
            here = grown
        if len(here) == 1:
            node = here.pop()
            return Join(node, node)
        nodes = np.array(sorted(here))
        ends = np.append(self.head.ravel(), self.copies[1])
        into, out = nodes[np.isin(nodes, ends)], nodes[np.isin(nodes, self.tail)]
        join = Join(self._new_node(self.lonlat[nodes[0]]), self._new_node(self.lonlat[nodes[0]]))
        self._turn(
            np.concatenate([into, np.full(len(out) + 1, join.arrive)]),
            np.concatenate([np.full(len(into), join.leave), out, [join.leave]]),
        )
        return join

    def add(
        self, line: F64, ends: tuple[Join, Join], time_ms: I64, way: tuple[str, str, str], *, beside: bool = True
    ) -> None:
        """Add a segment along `line` (P, 2) between two joins, with times (M, 2), as a new way (id, name, class)."""
        first, last = ends
        self.tail = np.column_stack([self.tail, [first.leave, last.leave]])
        self.head = np.column_stack([self.head, [last.arrive, first.arrive]])
        self.time_ms = np.concatenate([self.time_ms, time_ms[:, :, None]], axis=2)
        self.delay_ms = np.concatenate([self.delay_ms, np.zeros_like(time_ms)[:, :, None]], axis=2)
        self.length_m = np.append(self.length_m, line_length_m(line))
        self.way = np.append(self.way, len(self.way_id))
        self.beside = np.append(self.beside, beside)
        self._append_shape(line)
        self.way_id, self.way_name, self.way_class = (
            np.array([*texts.tolist(), text], dtype=np.str_)
            for texts, text in zip((self.way_id, self.way_name, self.way_class), way, strict=True)
        )

    def _new_node(self, lonlat: F64) -> int:
        self.lonlat = np.vstack([self.lonlat, lonlat])
        return len(self.lonlat) - 1

    def _cut(self, segment: int, along: float) -> int:
        """Cut a segment at a new node; the second half becomes the last segment. Waiting stays where it is felt.

        Turn restrictions that lead over the segment end here: who came by any street may go on by any.
        """
        self._merge_copies(segment)
        whole = self.shape_lonlat[self.shape_first[segment] : self.shape_first[segment + 1]]
        start, end = _split_line(whole, along)
        node = self._new_node(start[-1])
        share = np.array([along, 1.0 - along])  # of the forward edge and of the backward edge, before the cut
        run = self.time_ms[:, :, segment] - self.delay_ms[:, :, segment]
        closed = self.time_ms[:, :, segment] < 0
        before = np.where(closed, -1, np.rint(run * share)).astype(self.time_ms.dtype)
        after = np.where(closed, -1, self.time_ms[:, :, segment] - before)
        wait = self.delay_ms[:, :, segment]
        none = np.zeros_like(wait)
        first_mm = np.rint(self.length_m[segment] * along * MM_PER_M)
        last_m = (np.rint(self.length_m[segment] * MM_PER_M) - first_mm) / MM_PER_M
        forward, backward = slice(0, 1), slice(1, 2)
        # the first half holds the start of the forward edge and the end of the backward one
        low = np.concatenate([before[:, forward], after[:, backward]], axis=1)
        high = np.concatenate([after[:, forward], before[:, backward]], axis=1)
        low_wait = np.concatenate([none[:, forward], wait[:, backward]], axis=1)
        high_wait = np.concatenate([wait[:, forward], none[:, backward]], axis=1)
        self.tail = np.column_stack([self.tail, [node, self.tail[1, segment]]])
        self.head = np.column_stack([self.head, [self.head[0, segment], node]])
        self.head[0, segment] = self.tail[1, segment] = node
        self.time_ms = np.concatenate([self.time_ms, high[:, :, None]], axis=2)
        self.delay_ms = np.concatenate([self.delay_ms, high_wait[:, :, None]], axis=2)
        self.time_ms[:, :, segment], self.delay_ms[:, :, segment] = low, low_wait
        self.length_m = np.append(self.length_m, last_m)
        self.length_m[segment] = first_mm / MM_PER_M
        self.way = np.append(self.way, self.way[segment])
        self.beside = np.append(self.beside, self.beside[segment])
        drop = np.arange(self.shape_first[segment], self.shape_first[segment + 1])
        self.shape_lonlat = np.insert(np.delete(self.shape_lonlat, drop, axis=0), drop[0], start, axis=0)
        self.shape_first = self.shape_first.copy()
        self.shape_first[segment + 1 :] += len(start) - len(whole)
        self._append_shape(end)
        return node

    def _merge_copies(self, segment: int) -> None:
        """Lead whoever comes to a copy of the edges of a segment onto the edges themselves."""
        mine, gated = self.copies[3] == segment, self.gates[2] == segment
        tail, _, side, _ = self.copies[:, mine]
        self._turn(tail, self.tail[side, segment])
        self.copies, self.gates = self.copies[:, ~mine], self.gates[:, ~gated]

    def _turn(self, tail: I64, head: I64) -> None:
        """Let everybody turn from nodes to nodes."""
        self.turn_tail, self.turn_head = np.append(self.turn_tail, tail), np.append(self.turn_head, head)
        free = np.zeros((len(self.turn_ms), len(tail)), self.turn_ms.dtype)
        self.turn_ms = np.concatenate([self.turn_ms, free], axis=1)

    def _append_shape(self, line: F64) -> None:
        self.shape_first = np.append(self.shape_first, self.shape_first[-1] + len(line))
        self.shape_lonlat = np.vstack([self.shape_lonlat, line])


def line_length_m(lonlat: F64) -> float:
    """Great-circle length of a line (P, 2), whole millimetres."""
    return round(float(piece_lengths_m(lonlat).sum()), 3)


def piece_lengths_m(lonlat: F64) -> F64:
    """(P - 1) great-circle distance between neighbouring points."""
    lon, lat = np.radians(lonlat).T
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))), np.float64)


def _split_line(line: F64, along: float) -> tuple[F64, F64]:
    """Both parts of a line cut at a share of its length."""
    reach = np.append(0.0, np.cumsum(piece_lengths_m(line)))
    at = along * reach[-1]
    piece = int(np.clip(np.searchsorted(reach, at, "right") - 1, 0, len(line) - 2))
    run = reach[piece + 1] - reach[piece]
    spot = line[piece] + (line[piece + 1] - line[piece]) * ((at - reach[piece]) / run if run > 0 else 0.0)
    return np.vstack([line[: piece + 1], spot]), np.vstack([spot, line[piece + 1 :]])
