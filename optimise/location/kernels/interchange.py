"""Interchange for the p-median: one open site for one closed site, as long as it pays.

Whitaker 1983 (doi:10.1080/03155986.1983.11731889) with the first gain taken; Resende & Werneck 2007
(doi:10.1016/j.ejor.2005.05.054). Costs are (C, D), weights included, finite.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optimise.location.kernels.medians import B1
from optimise.location.kernels.moves import draw
from optimise.location.kernels.shapes import F64, I64, Random, inner


@inner
def _two_nearest(cost: F64, sites: I64, p: int, i: int, one: I64, two: I64) -> None:
    """The nearest two of the open sites[:p] of demand i."""
    a, b, low, high = -1, -1, np.inf, np.inf
    for k in range(p):
        c = cost[sites[k], i]
        if c < low:
            a, b, low, high = k, a, c, low
        elif c < high:
            b, high = k, c
    one[i], two[i] = a, b


class Ranks(NamedTuple):
    """Of each demand point the places of its nearest and second nearest open site, and their costs; of each place
    what closing it costs.
    """

    one: I64
    two: I64
    near: F64
    next: F64
    loss: F64


@inner
def _best_out(cost: F64, ranks: Ranks, spared: F64, fixed: int, j: int) -> tuple[float, int]:
    """The gain of opening j and of closing the open site, past the first `fixed`, that then costs least."""
    gain, near, next_, one = 0.0, ranks.near, ranks.next, ranks.one
    spared[:] = 0.0
    column = cost[j]
    for i in range(len(near)):
        if column[i] < next_[i]:
            if column[i] < near[i]:
                gain += near[i] - column[i]
                spared[one[i]] += next_[i] - near[i]
            else:
                spared[one[i]] += next_[i] - column[i]
    out, least = -1, np.inf
    for k in range(fixed, len(spared)):
        if ranks.loss[k] - spared[k] < least:
            out, least = k, ranks.loss[k] - spared[k]
    return gain - least, out


@inner
def _rank(cost: F64, sites: I64, ranks: Ranks, i: int) -> None:
    """Read the costs of demand point i off its two places, and count its share of the loss."""
    ranks.near[i] = cost[sites[ranks.one[i]], i]
    ranks.next[i] = cost[sites[ranks.two[i]], i] if ranks.two[i] >= 0 else np.inf
    if ranks.two[i] >= 0:
        ranks.loss[ranks.one[i]] += ranks.next[i] - ranks.near[i]


@inner
def _swap(cost: F64, sites: I64, ranks: Ranks, out: int, j: int) -> int:
    """Site j takes the place `out`. Returns the work."""
    sites[out] = j
    one, two, work = ranks.one, ranks.two, len(ranks.near)
    for i in range(len(ranks.near)):
        c = cost[j, i]
        lost = one[i] == out or two[i] == out
        if not lost and c >= ranks.next[i]:
            continue
        if two[i] >= 0:
            ranks.loss[one[i]] -= ranks.next[i] - ranks.near[i]
        if lost:
            _two_nearest(cost, sites, len(sites), i, one, two)
            work += len(sites)
        elif c < ranks.near[i]:
            one[i], two[i] = out, one[i]
        else:
            two[i] = out
        _rank(cost, sites, ranks, i)
    return work


@njit(cache=True)
def interchange(
    cost: F64, sites: I64, fixed: int, usable: B1, tiny: float, passes: int, begin: int
) -> tuple[float, int]:
    """Improve the open `sites` (p) in place until no interchange gains more than `tiny`; the first `fixed` stay.

    begin: first candidate to look at. Returns the value and the work.
    """
    p, demands, candidates = len(sites), cost.shape[1], cost.shape[0]
    ranks = Ranks(
        np.empty(demands, np.int64), np.empty(demands, np.int64), np.empty(demands), np.empty(demands), np.zeros(p)
    )
    spared, is_open = np.zeros(p), np.zeros(candidates, np.bool_)
    for i in range(demands):
        _two_nearest(cost, sites, p, i, ranks.one, ranks.two)
        _rank(cost, sites, ranks, i)
    for k in range(p):
        is_open[sites[k]] = True
    work, idle, j = p * demands, 0, begin % candidates
    for _ in range(passes * candidates):
        if p == fixed or idle == candidates:
            break
        idle += 1
        if usable[j] and not is_open[j]:
            work += demands
            if p == 1:
                gain, out = ranks.near.sum() - cost[j].sum(), 0
            else:
                gain, out = _best_out(cost, ranks, spared, fixed, j)
            if gain > tiny:
                is_open[sites[out]], is_open[j] = False, True
                work += _swap(cost, sites, ranks, out, j)
                idle = 0
        j = j + 1 if j + 1 < candidates else 0
    return ranks.near.sum(), work


@njit(cache=True)
def shake_sites(sites: I64, fixed: int, usable: B1, swaps: int, state: Random) -> None:
    """Exchange `swaps` random open sites past the first `fixed` for random closed ones."""
    closed = np.empty(len(usable), np.int64)
    count = 0
    is_open = np.zeros(len(usable), np.bool_)
    for k in range(len(sites)):
        is_open[sites[k]] = True
    for j in range(len(usable)):
        if usable[j] and not is_open[j]:
            closed[count] = j
            count += 1
    for _ in range(swaps):
        if count == 0 or fixed >= len(sites):
            return
        k, c = fixed + draw(state, len(sites) - fixed), draw(state, count)
        sites[k], closed[c] = closed[c], sites[k]
