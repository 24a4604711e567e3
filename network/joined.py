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
    label = np.where(open_ & (part[roads.tail] == part[roads.head]), part[roads.tail], -1)
    copy, own = roads.copies[label[roads.copies[:, 0]] >= 0].T  # a street belongs where any of its copies does
    label[own] = np.where(label[own] < 0, label[copy], label[own])
    label = label[roads.edges]
    # a street counts once, half of it in each direction that is open
    ways = np.maximum(open_[roads.edges].sum(axis=1), 1)[:, None]
    within = label >= 0
    lengths = np.bincount(label[within], (roads.length_mm[roads.edges] / ways)[within], minlength=1)
    return np.asarray((label == lengths.argmax()).any(axis=1))
