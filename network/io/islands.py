"""Streets that do not hang together: per mode only the largest network stays open, the rest is reported."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from network.errors import InputError, Problem
from network.io.crossings import Crossings
from network.io.segments import Segments
from network.part import F64, I32, Bools
from network.units import CLOSED, NETWORK_MODES

_MUST_JOIN = ("walk", "drive")

Line = F64
"""(P, 2) WGS-84 degrees along a piece of street."""


@dataclass(frozen=True, kw_only=True)
class ModeReport:
    """How well the streets open to one mode hang together. Lengths count a street once, not each direction."""

    mode: str
    open_m: float
    """Length of the streets the tags open."""
    joined_m: float
    """Of it, in the one largest network where every place can be reached from every other."""
    islands: int
    """Pieces that touch that network nowhere."""
    island_m: float
    """Their length."""
    trap_m: float
    """Length of streets that touch it but can only be entered, or only be left."""
    island_lines: tuple[Line, ...] = field(default=(), repr=False)
    trap_lines: tuple[Line, ...] = field(default=(), repr=False)

    @property
    def joined_share(self) -> float:
        return self.joined_m / self.open_m if self.open_m else 0.0


def close_islands(cut: Segments, at: Crossings, mode: int) -> ModeReport:
    """Close, in place, what lies outside the mode's largest strongly connected network (by length)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    open_way = cut.time_ms[mode] != CLOSED
    is_open = open_way.any(axis=0)
    turns = at.turn_open[mode]
    from_node, to_node, *of = at.copies[:, open_way[tuple(at.copies[2:])]]
    tail = np.concatenate([at.tail[open_way], at.turn_tail[turns], from_node])
    head = np.concatenate([at.head[open_way], at.turn_head[turns], to_node])
    graph = csr_array((np.ones(len(tail), np.int8), (tail, head)), shape=(len(at.point), len(at.point)))
    _, strong = connected_components(graph, directed=True, connection="strong")
    _, weak = connected_components(graph, directed=False)
    label = np.where(open_way & (strong[at.tail] == strong[at.head]), strong[at.tail], -1)
    inner = strong[from_node] == strong[to_node]  # a street belongs where any of its copies does
    own = tuple(row[inner] for row in of)
    label[own] = np.where(label[own] < 0, strong[from_node[inner]], label[own])
    within = label >= 0
    # The longest wins; of equals the one with the first node. A street counts half in each direction it is open in.
    half_m = np.broadcast_to(cut.length_m / np.maximum(open_way.sum(axis=0), 1), within.shape)
    lengths: F64 = np.bincount(label[within], half_m[within], minlength=1).astype(np.float64)
    inside_way = within & (label == _first_longest(lengths, strong))
    inside = inside_way.any(axis=0)
    main = weak[at.tail[inside_way][:1]]
    outside = is_open & ~inside
    first_node = np.where(open_way[0], at.tail[0], at.tail[1])
    island = outside & ~np.isin(weak[first_node], main)
    cut.time_ms[mode][~inside_way] = CLOSED
    return ModeReport(
        mode=NETWORK_MODES[mode],
        open_m=round(float(cut.length_m[is_open].sum()), 3),
        joined_m=round(float(cut.length_m[inside].sum()), 3),
        islands=len(np.unique(weak[first_node[island]])),
        island_m=round(float(cut.length_m[island].sum()), 3),
        trap_m=round(float(cut.length_m[outside & ~island].sum()), 3),
        island_lines=_drawn(cut, island),
        trap_lines=_drawn(cut, outside & ~island),
    )


def _drawn(cut: Segments, some: Bools) -> tuple[Line, ...]:
    spans_ = zip(cut.start[some], cut.stop[some], strict=True)
    return tuple(cut.ways.lonlat[cut.point[start:stop]] for start, stop in spans_)


def _first_longest(lengths: F64, label: I32) -> int:
    longest = np.flatnonzero(lengths == lengths.max())
    return int(label[np.isin(label, longest)][0]) if len(label) else -1


def refuse_islands(source: str, reports: tuple[ModeReport, ...], least: float) -> None:
    problems = []
    for r in reports:
        if r.mode not in _MUST_JOIN:
            continue
        if r.open_m == 0:
            what = f"no street is open to mode {r.mode}"
            problems.append(Problem(source, what, "use a layer that holds streets for cars and for walkers"))
        elif r.joined_share < least:
            what = f"only {r.joined_share:.0%} of the {r.open_m / 1000:,.1f} km open to mode {r.mode} are joined"
            hint = "lines must share a vertex where streets meet: use a noded layer or an OpenStreetMap extract"
            problems.append(Problem(source, f"the streets fall into islands: {what}", hint))
    if problems:
        raise InputError(problems)
