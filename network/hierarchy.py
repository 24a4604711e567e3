"""The hierarchy of a street network: once for its crossings and streets, good for every mode, speed and closure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.kernels.customising import Plan, plan_of
from network.kernels.dissection import dissect
from network.kernels.hierarchy import complete, elimination_tree, neighbours, postorder
from network.part import F64, I32, Part, Spec


@dataclass(frozen=True, eq=False, kw_only=True)
class Hierarchy(Part):
    """The streets contracted in a good order: what many-to-many times are asked of, whatever the mode and the speeds.

    It follows from the graph alone, so a changed time keeps it; `network.hierarchy.hierarchy_of` makes it.
    """

    rank: Annotated[I32, Spec("i4", ("N",), 0)]
    """Place of each node in the order."""
    up_first: Annotated[I32, Spec("i4", ("N+1",), 0)]
    up_head: Annotated[I32, Spec("i4", ("A",), 0)]
    """Arcs of rank r lead to the higher ranks up_head[up_first[r]:up_first[r+1]], ascending."""
    slot: Annotated[I32, Spec("i4", ("E",), -1)]
    """Twice the arc of each directed edge, plus one where it leads down; -1 for a loop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        n, a = len(self.rank), len(self.up_head)
        sound = (
            np.array_equal(np.sort(self.rank), np.arange(n))
            and self.up_first[0] == 0
            and self.up_first[-1] == a
            and (np.diff(self.up_first) >= 0).all()
            and (self.up_head > self.low).all()
            and self.up_head.max(initial=-1) < n
            and self.slot.max(initial=-1) < 2 * a
        )
        if not sound:
            raise InputError(Problem("Hierarchy", "rank, up_first, up_head and slot do not describe one hierarchy"))

    @cached_property
    def low(self) -> I32:
        """(A) rank an arc leads up from."""
        return np.repeat(np.arange(len(self.rank), dtype=np.int32), np.diff(self.up_first))

    @cached_property
    def plan(self) -> Plan:
        """What customising takes from the arcs alone, whatever the mode and the times."""
        return plan_of(self.up_first, self.up_head)

    def holds(self, tail: I32, head: I32) -> bool:
        """Whether every edge of the graph has its arc here."""
        if len(tail) != len(self.slot) or not np.array_equal(self.slot < 0, tail == head):
            return False
        apart = self.slot >= 0
        tail, head, arc = self.rank[tail[apart]], self.rank[head[apart]], self.slot[apart] >> 1
        down = (self.slot[apart] & 1) == 1
        low, high = np.where(down, head, tail), np.where(down, tail, head)
        return bool((self.low[arc] == low).all() and (self.up_head[arc] == high).all())


def hierarchy_of(lonlat: F64, first: I32, head: I32, order: I32 | None = None) -> Hierarchy:
    """The hierarchy of a directed graph (nodes first (N+1), head (E)) that is laid out at `lonlat`, degrees.

    `order` (N), the nodes lowest rank first, is used as it is given; a good one is found where it is left out.
    """
    n = len(lonlat)
    streets, out, back = neighbours(np.array(first, np.int32), np.array(head, np.int32))
    if order is None:
        order = dissect(streets, out, back, _lines(lonlat))
    parent = elimination_tree(streets, out, order)
    again = postorder(parent)
    order = order[again]
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    tail = np.repeat(np.arange(n, dtype=np.int32), np.diff(first))
    up_first, up_head = complete(streets, out, order, elimination_tree(streets, out, order))
    return Hierarchy(
        rank=rank, up_first=up_first, up_head=up_head, slot=_slots(rank[tail], rank[head], up_first, up_head)
    )


def _lines(lonlat: F64) -> I32:
    """(D, N) the nodes in their order to the east, to the north and along both diagonals."""
    middle = np.radians(lonlat[:, 1].mean()) if len(lonlat) else 0.0
    east, north = lonlat[:, 0] * np.cos(middle), lonlat[:, 1]
    along = np.stack((east, north, east + north, east - north))
    return np.argsort(along, axis=1, kind="stable").astype(np.int32)


def _slots(tail: I32, head: I32, up_first: I32, up_head: I32) -> I32:
    """(E) twice the arc of each edge between ranks, plus one where it leads down; -1 for a loop."""
    n = len(up_first) - 1
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head)
    key = np.repeat(np.arange(n, dtype=np.int64), np.diff(up_first)) * n + up_head
    return np.where(low == high, -1, 2 * np.searchsorted(key, low * n + high) + (tail > head)).astype(np.int32)
