"""How far cars drive on each edge on their quickest ways between points, and the point each node is soonest from."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, inner_njit, outer_njit
from network.kernels.lanes import LENGTH_BITS, LENGTH_MASK, PER_UNIT
from network.kernels.search import NEVER, TOUCHED, Ends, Scratch, Streets, clean, scratch, seed, settle

Ints = npt.NDArray[np.integer]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_ZERO = np.int64(0)


class Points(NamedTuple):
    """Points (Z) on segments: column 0 speaks of the forward, column 1 of the backward edge; costs are packed.

    The edges, the nodes ahead and the cost to them, the nodes behind and the cost from there; -1 where closed.
    """

    edge: Ints
    ahead: Ints
    leave: I64
    behind: Ints
    passed: I64


@inner_njit
def _arrive(p: Points, best: I64, i: Whole, j: Whole) -> tuple[Whole, Whole, bool]:
    """Cost of the quickest way from point i to point j, the edge it arrives by, whether it leaves the segment."""
    cost, side, leaves = NEVER, 0, True
    for k in range(2):
        there = best[p.behind[j, k]]
        if p.passed[j, k] >= 0 and there < NEVER and there + p.passed[j, k] < cost:
            cost, side = there + p.passed[j, k], k
    for k in range(2):
        along = p.passed[j, k] - p.passed[i, k]
        if p.edge[i, k] == p.edge[j, k] and p.passed[j, k] >= p.passed[i, k] >= 0 and along <= cost:
            cost, side, leaves = along, k, False
    return cost, side, leaves


@inner_njit
def _gather(tail: Ints, weight: I64, p: Points, i: Whole, s: Scratch, to: F64, open_: Ints, driven: F64) -> None:
    """Drive the cars `to` (N) nodes there from point i: from the tips of the tree of ways inwards; clears `to`."""
    count = s.at[TOUCHED]
    for t in range(count):
        if s.by[s.touched[t]] >= 0:
            open_[tail[s.by[s.touched[t]]]] += 1
    for t in range(count):
        node = s.touched[t]
        while open_[node] == 0:
            open_[node] = -1
            by, cars = s.by[node], to[node]
            to[node] = 0.0
            if by < 0:
                driven[p.edge[i, -1 - by]] += cars * (p.leave[i, -1 - by] & LENGTH_MASK)
                break
            driven[by] += cars * (weight[by] & LENGTH_MASK)
            node = tail[by]
            to[node] += cars
            open_[node] -= 1
    for t in range(count):
        open_[s.touched[t]] = 0


@outer_njit
def drive(g: Streets, tail: Ints, p: Points, origin: Ints, cars: F64, drawn: F64, scale_s: float) -> F64:
    """Millimetres (E) driven by cars that leave point origin[o] for point j: cars[o] * drawn[j] * exp(-s / scale_s).

    `g` weighs by packed time and length. Origins are taken one after the other, so that sums always are the same.
    """
    nodes = g.first.shape[0] - 1
    s, none = scratch(nodes, _ZERO, nodes), np.empty(0, np.int32)
    no_ends = Ends(none, none, p.leave[0, :0], none, p.leave[:0])
    to, open_, driven = np.zeros(nodes), np.zeros(nodes, np.int32), np.zeros(g.head.shape[0])
    for o in range(origin.shape[0]):
        i = origin[o]
        seed(s, p.ahead[i], p.leave[i], g.shift, NEVER - 1)
        settle(g, no_ends, s, NEVER - 1, NEVER)
        for j in range(drawn.shape[0]):
            cost, side, leaves = _arrive(p, s.best, i, j)
            if j == i or cost == NEVER:
                continue
            some = cars[o] * drawn[j] * math.exp(-((cost >> LENGTH_BITS) / PER_UNIT) / scale_s)
            if leaves:
                to[p.behind[j, side]] += some
                driven[p.edge[j, side]] += some * (p.passed[j, side] & LENGTH_MASK)
            else:
                driven[p.edge[j, side]] += some * (cost & LENGTH_MASK)
        _gather(tail, g.weight, p, i, s, to, open_, driven)
        clean(s)
    return driven


@outer_njit
def soonest_from(g: Streets, tail: Ints, p: Points) -> tuple[I64, Ints]:
    """Cost to each node (N) from the point it is reached soonest from, and that point; NEVER and -1 where none is."""
    nodes = g.first.shape[0] - 1
    s, none = scratch(nodes, _ZERO, nodes), np.empty(0, np.int32)
    no_ends = Ends(none, none, p.leave[0, :0], none, p.leave[:0])
    for i in range(p.leave.shape[0]):
        seed(s, p.ahead[i], p.leave[i], g.shift, NEVER - 1)
        settle(g, no_ends, s, NEVER - 1, NEVER)
    point = np.full(nodes, np.int32(-1))
    for i in range(p.leave.shape[0] - 1, -1, -1):
        for k in range(2):
            if p.leave[i, k] == s.best[p.ahead[i, k]] and s.by[p.ahead[i, k]] < 0:
                point[p.ahead[i, k]] = i
    for tip in range(nodes):
        node = tip
        while s.best[node] < NEVER and point[node] < 0:
            node = tail[s.by[node]]
        at, node = point[node], tip
        while s.best[node] < NEVER and point[node] < 0:
            point[node], node = at, tail[s.by[node]]
    return s.best, point
