"""Who is served where when sites are full: one site for each demand point."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.shapes import F64, I64, inner

_ROOM = 1e-9


@inner
def _best_room(cost: F64, sites: I64, demand: F64, left: F64, i: int) -> tuple[int, float]:
    """The nearest open site with room for i (-1 for none), and how much dearer the next one is."""
    first, second, at = np.inf, np.inf, -1
    for j in sites:
        if demand[i] <= left[j] + _ROOM and cost[i, j] < second:
            if cost[i, j] < first:
                first, second, at = cost[i, j], first, j
            else:
                second = cost[i, j]
    return at, (np.inf if second == np.inf else second - first)


@inner
def _place_all(cost: F64, sites: I64, demand: F64, left: F64, served: I64) -> bool:
    """Serve everybody, those first who lose most by not getting their nearest site. Returns whether all found room."""
    for _ in range(len(demand)):
        pick, site, worst = -1, -1, -1.0
        for i in range(len(demand)):
            if served[i] >= 0:
                continue
            at, regret = _best_room(cost, sites, demand, left, i)
            if at < 0:
                return False
            if regret > worst or (regret == worst and demand[i] > demand[pick]):
                pick, site, worst = i, at, regret
        served[pick] = site
        left[site] -= demand[pick]
    return True


@inner
def _move(cost: F64, sites: I64, demand: F64, left: F64, served: I64, i: int) -> bool:
    """Serve i from a nearer site with room for it."""
    moved = False
    for j in sites:
        if cost[i, j] < cost[i, served[i]] and demand[i] <= left[j] + _ROOM:
            left[served[i]] += demand[i]
            left[j] -= demand[i]
            served[i] = j
            moved = True
    return moved


@inner
def _trade(cost: F64, demand: F64, left: F64, served: I64, i: int, h: int) -> bool:
    """Demand points i and h change sites where that is cheaper and both fit."""
    a, b, more = served[i], served[h], demand[i] - demand[h]
    if a == b or cost[i, b] + cost[h, a] >= cost[i, a] + cost[h, b] - _ROOM:
        return False
    if more > left[b] + _ROOM or -more > left[a] + _ROOM:
        return False
    left[a] += more
    left[b] -= more
    served[i], served[h] = b, a
    return True


@njit(cache=True)
def assign_loads(cost: F64, sites: I64, demand: F64, room: F64, turns: int) -> tuple[float, I64, int]:
    """Serve every demand point (D) from one of the open `sites` of cost (D, C) with room (C) for it.

    By falling regret; then moves and trades of two as long as they pay, at most `turns` rounds. Returns the value
    (infinite where somebody is left over), the sites and the work.
    """
    demands = len(demand)
    left, served = room.copy(), np.full(demands, -1, np.int64)
    work = demands * demands * len(sites) // 2
    if not _place_all(cost, sites, demand, left, served):
        return np.inf, served, work
    for _ in range(turns):
        gained = False
        for i in range(demands):
            gained |= _move(cost, sites, demand, left, served, i)
            for h in range(i):
                gained |= _trade(cost, demand, left, served, i, h)
        work += demands * (len(sites) + demands // 2)
        if not gained:
            break
    value = 0.0
    for i in range(demands):
        value += cost[i, served[i]]
    return value, served, work
