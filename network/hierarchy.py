"""The hierarchy of a street network: once for its crossings and streets, good for every mode, speed and closure."""

from __future__ import annotations

import numpy as np

from network.city import Hierarchy
from network.kernels.dissection import dissect
from network.kernels.hierarchy import complete, elimination_tree, postorder
from network.part import F64, I32, I64


def hierarchy_of(lonlat: F64, first: I32, head: I32) -> Hierarchy:
    """The hierarchy of a directed graph (nodes first (N+1), head (E)) that is laid out at `lonlat`, degrees."""
    n = len(lonlat)
    tail = np.repeat(np.arange(n, dtype=np.int64), np.diff(first))
    streets, out, back = _neighbours(n, tail, head.astype(np.int64))
    order = dissect(streets, out, back, _lines(lonlat))
    parent = elimination_tree(streets, out, order)
    again = postorder(parent)
    order = order[again]
    rank = np.empty(n, np.int32)
    rank[order] = np.arange(n, dtype=np.int32)
    up_first, up_head = complete(streets, out, order, elimination_tree(streets, out, order))
    return Hierarchy(
        rank=rank, up_first=up_first, up_head=up_head, slot=_slots(rank[tail], rank[head], up_first, up_head)
    )


def _neighbours(n: int, tail: I64, head: I64) -> tuple[I32, I32, I32]:
    """Both ways of every street once, without loops: (first, head, the arc the other way)."""
    apart = tail != head
    both = np.concatenate((tail[apart] * n + head[apart], head[apart] * n + tail[apart]))
    key = np.unique(both)
    tail, head = np.divmod(key, max(n, 1))
    first = np.searchsorted(tail, np.arange(n + 1)).astype(np.int32)
    return first, head.astype(np.int32), np.searchsorted(key, head * n + tail).astype(np.int32)


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
