"""Which streets hang together for a mode."""

from __future__ import annotations

import numpy as np

from network.city import Roads
from network.part import Bools
from network.units import CLOSED


def joined_streets(roads: Roads, mode: int) -> Bools:
    """(S) segments within the mode's largest part, by length, where every place can be reached from every other."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    open_ = roads.time_ms[mode] != CLOSED
    nodes = len(roads.lonlat)
    ends = (roads.tail[open_], roads.head[open_])
    graph = csr_array((np.ones(open_.sum(), np.int8), ends), shape=(nodes, nodes))
    _, part = connected_components(graph, directed=True, connection="strong")
    within = open_ & (part[roads.tail] == part[roads.head]) & (roads.segment >= 0)
    # a street counts once, half of it in each direction that is open
    ways = np.maximum(open_[roads.edges].sum(axis=1), 1)[roads.segment[within]]
    lengths = np.bincount(part[roads.tail[within]], roads.length_mm[within] / ways, minlength=1)
    inside = within & (part[roads.tail] == lengths.argmax())
    return np.asarray(inside[roads.edges].any(axis=1))
