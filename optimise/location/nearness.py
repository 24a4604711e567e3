"""Compiled moves for "distance": every demand point walks to its nearest open site."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.arrays import Pairs, Sites, price
from optimise.location.moves import NOISE, State, cost_of, draw, fill, neighbour
from optimise.problem import I64

@njit(cache=True)
def nearest(pairs: Pairs, sites: Sites, n: I64, i: int, far: int) -> int:
    best = far
    for r in range(pairs.first[i], pairs.first[i + 1]):
        j = pairs.site[r]
        if n[j] + sites.existing[j] > 0 and pairs.metres[r] < best:
            best = pairs.metres[r]
    return best


@njit(cache=True)
def _touch(pairs: Pairs, i: int, stale: I64) -> int:
    """Mark the sites whose gain demand i has changed."""
    for r in range(pairs.first[i], pairs.first[i + 1]):
        stale[pairs.site[r]] = 1
    return pairs.first[i + 1] - pairs.first[i]


@njit(cache=True)
def _gain(pairs: Pairs, weight: I64, near: I64, j: int) -> int:
    gain = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        shorter = near[pairs.row[r]] - pairs.metres[r]
        if shorter > 0:
            gain += weight[pairs.row[r]] * shorter
    return gain


@njit(cache=True)
def _opened(pairs: Pairs, near: I64, stale: I64, j: int) -> int:
    """Site j has opened: shorten the walks. Returns the work."""
    work = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        i = pairs.row[r]
        if pairs.metres[r] < near[i]:
            near[i] = pairs.metres[r]
            work += _touch(pairs, i, stale)
    return work


@njit(cache=True)
def _closed(pairs: Pairs, sites: Sites, n: I64, near: I64, stale: I64, j: int, far: int) -> int:
    work = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        i = pairs.row[r]
        if pairs.metres[r] == near[i]:
            near[i] = nearest(pairs, sites, n, i, far)
            work += 2 * _touch(pairs, i, stale)
    return work


@njit(cache=True)
def _recreate(
    pairs: Pairs, sites: Sites, weight: I64, n: I64, near: I64, gain: I64, stale: I64, worth: I64, money: int
) -> tuple[int, int]:
    """Open sites while money lasts, the best gain per fen (times a random worth) first. Returns money left and work."""
    work = 0
    while True:
        best, best_score = -1, 0.0
        for j in range(len(n)):
            if n[j] + sites.existing[j] > 0 or sites.most[j] < sites.least[j]:
                continue
            cost = price(sites, n, j, sites.least[j])
            if cost > money:
                continue
            if stale[j]:
                gain[j] = _gain(pairs, weight, near, j)
                stale[j] = 0
                work += pairs.start[j + 1] - pairs.start[j]
            score = float(gain[j]) * worth[j] / max(cost, 1)
            if score > best_score:
                best, best_score = j, score
        work += len(n)
        if best < 0:
            return money, work
        money -= price(sites, n, best, sites.least[best])
        n[best] = sites.least[best]
        work += _opened(pairs, near, stale, best)


@njit(cache=True)
def _ruin(
    pairs: Pairs, sites: Sites, n: I64, near: I64, stale: I64, state: State, most_closed: int, far: int
) -> tuple[int, int]:
    """Close a few sites near each other. Returns money freed and work."""
    opened = np.flatnonzero(n)
    if len(opened) == 0:
        return 0, 0
    centre = opened[draw(state, len(opened))]
    freed, work, at = 0, len(n), centre
    for _ in range(1 + draw(state, most_closed)):
        if n[at] > 0:
            freed += sites.plug_fen[at] * n[at] + (sites.open_fen[at] if sites.existing[at] == 0 else 0)
            n[at] = 0
            if sites.existing[at] == 0:
                work += _closed(pairs, sites, n, near, stale, at, far)
        at = neighbour(pairs, state, centre)
    return freed, work


@njit(cache=True)
def search_distance(
    pairs: Pairs, sites: Sites, weight: I64, far: int, budget: int, min_plugs: int,
    n: I64, best: I64, state: State, work_limit: int, idle: int, patience: int, most_closed: int, deviation: int, fresh: bool,
) -> tuple[int, int, int]:  # fmt: skip
    """Ruin and recreate from n (J) on; `best` (J) is replaced whenever it is beaten.

    fresh: add greedily before anything is closed. Returns the loss of `best`, the work done, and the rounds since the last improvement.
    """
    near = np.empty(len(weight), np.int64)
    for i in range(len(weight)):
        near[i] = nearest(pairs, sites, n, i, far)
    loss = (weight * near).sum()
    best_loss, best_near = _loss_of(pairs, sites, weight, best, far), near.copy()
    money = budget - cost_of(sites, n)
    gain, stale = np.zeros(len(n), np.int64), np.ones(len(n), np.int64)
    worth = np.full(len(n), NOISE)
    old_n, old_near = n.copy(), best_near
    work = 2 * len(pairs.row)
    while fresh or (work < work_limit and idle < patience):
        freed = 0
        if not fresh:
            freed, more = _ruin(pairs, sites, n, near, stale, state, most_closed, far)
            work += more
            for j in range(len(n)):
                worth[j] = NOISE // 2 + draw(state, NOISE)
        left, more = _recreate(pairs, sites, weight, n, near, gain, stale, worth, money + freed)
        missing = min_plugs - n.sum()
        while missing > 0:
            left, missing, new = fill(sites, n, left, missing)
            if new < 0:
                break
            more += _opened(pairs, near, stale, new)
        work += more + len(weight) + len(n)
        new_loss = (weight * near).sum()
        idle += 1
        if missing <= 0 and new_loss <= max(loss, best_loss + deviation):
            old_n[:], old_near[:] = n, near
            loss, money = new_loss, left
            if loss < best_loss:
                best[:], best_loss, idle = n, loss, 0
        else:
            n[:], near[:] = old_n, old_near
            stale[:] = 1
        fresh = False
    return best_loss, work, idle


@njit(cache=True)
def _loss_of(pairs: Pairs, sites: Sites, weight: I64, n: I64, far: int) -> int:
    loss = 0
    for i in range(len(weight)):
        loss += weight[i] * nearest(pairs, sites, n, i, far)
    return loss
