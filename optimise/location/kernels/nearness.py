"""Search for the shortest walks: every demand point walks to its nearest open site."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.moves import (
    NOISE,
    cost_of,
    dot,
    draw,
    fill,
    keep,
    neighbour,
    price,
    shake,
    some_opened,
    touch,
)
from optimise.location.kernels.shapes import I64, Pairs, Random, Rules, Sites, Walk, inner


@inner
def _nearest(pairs: Pairs, sites: Sites, n: I64, i: int, far: int) -> int:
    best = far
    for r in range(pairs.first[i], pairs.first[i + 1]):
        j = pairs.site[r]
        if n[j] + sites.existing[j] > 0 and pairs.metres[r] < best:
            best = pairs.metres[r]
    return best


@inner
def _gain(pairs: Pairs, weight: I64, walk: Walk, j: int) -> int:
    gain = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        shorter = walk.near[pairs.row[r]] - pairs.metres[r]
        if shorter > 0:
            gain += weight[pairs.row[r]] * shorter
    return gain


@inner
def _buy(pairs: Pairs, walk: Walk, j: int, plugs: int) -> int:
    """More plugs at site j shorten walks if it had none. Returns the work."""
    walk.n[j] += plugs
    work = 0
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        i = pairs.row[r]
        if pairs.metres[r] < walk.near[i]:
            walk.near[i] = pairs.metres[r]
            work += touch(pairs, walk.stale, i)
    return work


@inner
def _close(pairs: Pairs, sites: Sites, walk: Walk, j: int, far: int) -> int:
    """Site j gives its new plugs back. Returns the work."""
    walk.n[j] = 0
    work = 0
    if sites.existing[j] > 0:
        return work
    for k in range(pairs.start[j], pairs.start[j + 1]):
        r = pairs.by_site[k]
        i = pairs.row[r]
        if pairs.metres[r] == walk.near[i]:
            walk.near[i] = _nearest(pairs, sites, walk.n, i, far)
            work += 2 * touch(pairs, walk.stale, i)
    return work


@inner
def _ruin(pairs: Pairs, sites: Sites, walk: Walk, state: Random, most_closed: int, far: int) -> int:
    """Close a few sites, near each other or anywhere. Returns the work."""
    centre = some_opened(state, walk.n)
    if centre < 0:
        return 0
    work, at, local = len(walk.n), centre, draw(state, 2) == 0
    for _ in range(1 + draw(state, most_closed)):
        if at >= 0 and walk.n[at] > 0:
            work += _close(pairs, sites, walk, at, far)
        at = neighbour(pairs, state, centre) if local else some_opened(state, walk.n)
    return work


@inner
def _recreate(pairs: Pairs, sites: Sites, weight: I64, walk: Walk, worth: I64, money: int) -> int:
    """Open sites while money lasts, the best gain per fen (times a random worth) first. Returns the work."""
    work = 0
    while True:
        best, best_score = -1, 0.0
        for j in range(len(walk.n)):
            if walk.n[j] + sites.existing[j] > 0 or sites.most[j] < sites.least[j]:
                continue
            cost = price(sites, walk.n, j, sites.least[j])
            if cost > money:
                continue
            if walk.stale[j]:
                walk.gain[j] = _gain(pairs, weight, walk, j)
                walk.stale[j] = 0
                work += pairs.start[j + 1] - pairs.start[j]
            score = float(walk.gain[j]) * worth[j] / max(cost, 1)
            if score > best_score:
                best, best_score = j, score
        work += len(walk.n)
        if best < 0:
            return work
        money -= price(sites, walk.n, best, sites.least[best])
        work += _buy(pairs, walk, best, sites.least[best])


@inner
def _walk_from(pairs: Pairs, sites: Sites, weight: I64, n: I64, far: int) -> Walk:
    near = np.empty(len(weight), np.int64)
    for i in range(len(weight)):
        near[i] = _nearest(pairs, sites, n, i, far)
    return Walk(n, near, np.zeros(len(n), np.int64), np.ones(len(n), np.int64))


@njit(cache=True)
def search_distance(
    pairs: Pairs, sites: Sites, weight: I64, far: int, rules: Rules, n: I64, best: I64, state: Random,
    idle: int, fresh: bool,
) -> tuple[int, int, int]:  # fmt: skip
    """Ruin and recreate from n (J) on; `best` (J) is replaced whenever it is beaten.

    idle: rounds since the last improvement. fresh: add greedily before anything is closed. far: walk where nothing is
    open. Returns the loss (weight x walk) of `best`, the work done, and idle.
    """
    best_loss = dot(weight, _walk_from(pairs, sites, weight, best, far).near)
    walk = _walk_from(pairs, sites, weight, n, far)
    loss, worth = dot(weight, walk.near), np.full(len(n), NOISE)
    old_n, old_near = n.copy(), walk.near.copy()
    work = 2 * len(pairs.row)
    while fresh or (work < rules.work and idle < rules.patience):
        if not fresh:
            work += _ruin(pairs, sites, walk, state, rules.most_closed, far)
            shake(state, worth)
        work += _recreate(pairs, sites, weight, walk, worth, rules.budget - cost_of(sites, n))
        work += len(weight) + 2 * len(n)
        new_loss = dot(weight, walk.near)
        idle += 1
        if new_loss <= max(loss, best_loss + rules.drift):
            keep(old_n, n)
            keep(old_near, walk.near)
            loss = new_loss
            if loss < best_loss:
                best_loss, idle = loss, 0
                keep(best, n)
        else:
            keep(n, old_n)
            keep(walk.near, old_near)
            fill(walk.stale, 1)
        fresh = False
    return best_loss, work, idle
