"""The hierarchy of a street network: once for its crossings and streets, good for every mode, speed and closure."""

from __future__ import annotations

import numpy as np

from network.city import Hierarchy
from network.kernels.dissection import dissect
from network.kernels.hierarchy import complete, elimination_tree, neighbours, postorder
from network.part import F64, I32


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
