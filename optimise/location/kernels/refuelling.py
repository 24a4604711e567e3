"""Interchange of stations where a flow counts once every leg of its trip is covered."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.kernels.cover import Limits, count_in, goes
from optimise.location.kernels.moves import draw
from optimise.location.kernels.shapes import F64, I64, Random, inner

B1 = npt.NDArray[np.bool_]
_PART, _HALF, _BETTER = 0.05, 0.5, 1e-9
_SHAKEN = 3


class Legs(NamedTuple):
    """Legs by flow, head[q]:head[q+1]; sites by leg, site[first[i]:first[i+1]]; legs by site, leg[start[j]:start[j+1]];
    of (I) flow of a leg; flow (Q).
    """

    head: I64
    first: I64
    site: I64
    start: I64
    leg: I64
    of: I64
    flow: F64


class Tour(NamedTuple):
    """open (C); times (I) open sites that cover a leg; missing (Q) legs not covered; inside (G) open sites of a group;
    sums: open sites, money, worth of flows in part, flow covered.
    """

    open: B1
    times: I64
    missing: I64
    inside: I64
    sums: F64


@njit(cache=True)
def tour_of(legs: Legs, limits: Limits, open_: I64) -> Tour:
    flows = len(legs.flow)
    tour = Tour(
        np.zeros(len(legs.start) - 1, np.bool_),
        np.zeros(len(legs.of), np.int64),
        np.diff(legs.head),
        np.zeros(len(limits.least), np.int64),
        np.zeros(4),
    )
    for q in range(flows):
        tour.sums[2] += legs.flow[q] * _PART * _HALF ** tour.missing[q]
    for j in open_:
        _turn(legs, limits, tour, j, 1)
    return tour


@inner
def _turn(legs: Legs, limits: Limits, tour: Tour, j: int, sign: int) -> None:
    """Open (1) or close (-1) site j. A flow that lacks legs is worth a part, halved with each."""
    tour.open[j] = sign > 0
    for s in range(legs.start[j], legs.start[j + 1]):
        i = legs.leg[s]
        before = tour.times[i]
        tour.times[i] += sign
        if before + tour.times[i] != 1:
            continue
        q = legs.of[i]
        tour.sums[2] -= _worth(legs, tour, q)
        tour.sums[3] -= legs.flow[q] if tour.missing[q] == 0 else 0.0
        tour.missing[q] -= sign
        tour.sums[2] += _worth(legs, tour, q)
        tour.sums[3] += legs.flow[q] if tour.missing[q] == 0 else 0.0
    count_in(limits, tour, j, sign)


@inner
def _worth(legs: Legs, tour: Tour, q: int) -> float:
    return float(legs.flow[q]) * (1.0 if tour.missing[q] == 0 else _PART * _HALF ** int(tour.missing[q]))


@inner
def _best_in(legs: Legs, limits: Limits, tour: Tour, priced: int) -> int:
    """The site whose opening is worth most, per price where there is a budget; -1 where none is worth anything."""
    best, most = -1, _BETTER * max(1.0, tour.sums[2])
    for j in range(len(tour.open)):
        if tour.open[j] or not limits.may[j] or not goes(limits, tour, -1, j):
            continue
        now = tour.sums[2]
        _turn(legs, limits, tour, j, 1)
        gain = tour.sums[2] - now
        _turn(legs, limits, tour, j, -1)
        gain /= max(limits.price[j], _BETTER) if priced else 1.0
        if gain > most:
            best, most = j, gain
    return best


@njit(cache=True)
def climb(legs: Legs, limits: Limits, tour: Tour, random: Random, shaken: int) -> None:
    """Shake so many stations, open what fits, then swap one for one as long as that pays; in place."""
    sites, priced = len(tour.open), 1 if limits.budget < np.inf else 0
    for _ in range(shaken * _SHAKEN):
        j = int(draw(random, sites))
        if tour.open[j] and not limits.keep[j] and goes(limits, tour, j, -1):
            _turn(legs, limits, tour, j, -1)
    while True:
        j = _best_in(legs, limits, tour, priced)
        if j >= 0:
            _turn(legs, limits, tour, j, 1)
            continue
        if not _swap(legs, limits, tour):
            return


@inner
def _swap(legs: Legs, limits: Limits, tour: Tour) -> bool:
    """Make the first closing whose best replacement pays."""
    for out in range(len(tour.open)):
        if not tour.open[out] or limits.keep[out]:
            continue
        now = tour.sums[2]
        best, most = -1, now + _BETTER * max(1.0, now)
        for j in range(len(tour.open)):
            if tour.open[j] or not limits.may[j] or not goes(limits, tour, out, j):
                continue
            _turn(legs, limits, tour, out, -1)
            _turn(legs, limits, tour, j, 1)
            if tour.sums[2] > most:
                best, most = j, tour.sums[2]
            _turn(legs, limits, tour, j, -1)
            _turn(legs, limits, tour, out, 1)
        if best >= 0:
            _turn(legs, limits, tour, out, -1)
            _turn(legs, limits, tour, best, 1)
            return True
    return False
