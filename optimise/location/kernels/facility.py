"""Facilities with capacities: a Lagrangian bound on who is served, and searches over open sites and assignments."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.kernels.shapes import F64, I64, inner

B1 = npt.NDArray[np.bool_]
_EVEN, _PATIENCE = 1e-9, 12
_ONLY = 1e18
"""Regret of a customer with a single place left, by its demand."""
_SHRINK, _DEFLECT, _STILL = 0.75, 0.6, 1e-5


class Facilities(NamedTuple):
    """cost (D, C) of serving all of a customer, infinite where there is no way; demand (D), capacity (C, may be
    infinite), fixed (C); may (C) may be open, keep (C) is open.
    """

    cost: F64
    demand: F64
    capacity: F64
    fixed: F64
    may: B1
    keep: B1


@inner
def _fill_site(f: Facilities, price: F64, j: int, use: F64) -> float:
    """The least reduced cost that site j can gather within its capacity, customers in part allowed; use (D) of each."""
    demands = len(f.demand)
    rate, sum_, wanted = np.empty(demands), 0.0, 0.0
    for d in range(demands):
        reduced = f.cost[d, j] - price[d]
        use[d] = 0.0
        rate[d] = np.inf
        if reduced < 0.0:
            use[d] = 1.0
            rate[d] = reduced / f.demand[d] if f.demand[d] > 0.0 else -np.inf
            sum_ += reduced
            wanted += f.demand[d]
    if wanted <= f.capacity[j]:
        return sum_
    left, sum_ = f.capacity[j], 0.0
    for d in np.argsort(rate):
        if rate[d] == np.inf:
            break
        take = 1.0 if f.demand[d] <= left else left / f.demand[d]
        use[d] = take
        sum_ += take * (f.cost[d, j] - price[d])
        left -= take * f.demand[d]
    return sum_


@njit(cache=True)
def open_at(f: Facilities, price: F64, worth: F64, share: F64, slope: F64) -> float:
    """The bound at these prices: sum of prices + the cheapest sites that hold all demand, in part allowed. worth (C)
    reduced cost of opening, share (C) how far open, slope (D) 1 - how far served, all left in place.
    """
    sites, demands = len(f.fixed), len(f.demand)
    use = np.zeros((sites, demands))
    bound, room = float(price.sum()), -float(f.demand.sum())
    share[:] = 0.0
    slope[:] = 1.0
    key = np.full(sites, np.inf)
    for j in range(sites):
        worth[j] = np.inf
        if not f.may[j]:
            continue
        worth[j] = f.fixed[j] + _fill_site(f, price, j, use[j])
        if f.keep[j] or worth[j] < 0.0:
            share[j] = 1.0
            room += f.capacity[j]
        elif f.capacity[j] > 0.0:
            key[j] = worth[j] / f.capacity[j]
    if room < 0.0:
        for j in np.argsort(key):
            if key[j] == np.inf or room >= 0.0 or f.capacity[j] == np.inf:
                break
            share[j] = min(1.0, -room / f.capacity[j])
            room += share[j] * f.capacity[j]
    for j in range(sites):
        if share[j] > 0.0:
            bound += share[j] * worth[j]
            for d in range(demands):
                slope[d] -= share[j] * use[j, d]
    return bound


@njit(cache=True)
def lagrange(f: Facilities, known: float, price: F64, step: F64, rounds: int) -> F64:
    """Prices (D) of the greatest bound after `rounds` more updates; step (bound, length, rounds without a better one)
    is the state between calls. (Cornuejols, Sridharan & Thizy 1991, doi:10.1016/0377-2217(91)90261-S.)
    """
    sites, demands = len(f.fixed), len(f.demand)
    worth, share, slope = np.empty(sites), np.empty(sites), np.empty(demands)
    best, way = price.copy(), np.zeros(demands)
    for _ in range(rounds):
        bound = open_at(f, price, worth, share, slope)
        step[2] += 1.0
        if bound > step[0]:
            if bound > step[0] + _STILL * abs(bound):
                step[2] = 0.0
            step[0] = bound
            best[:] = price
        elif step[2] >= _PATIENCE:
            step[1] *= _SHRINK
            step[2] = 0.0
            price[:] = best
            continue
        norm = 0.0
        for d in range(demands):
            way[d] = slope[d] + _DEFLECT * way[d]
            norm += way[d] * way[d]
        if norm <= _EVEN or step[1] < _STILL:
            step[1] = 0.0
            break
        length = step[1] * max(known - bound, _EVEN * abs(bound)) / norm
        for d in range(demands):
            price[d] += length * way[d]
    return best


@njit(cache=True)
def descend(f: Facilities, open_: B1) -> None:
    """Open, close or swap one site at a time as long as that saves most, capacities not looked at; open_ (C) changes
    in place. Swaps are counted as in Whitaker 1983 (doi:10.1080/03155986.1983.11731889).
    """
    sites, demands = len(f.fixed), len(f.demand)
    near, next_ = np.empty(demands, np.int64), np.empty(demands, np.int64)
    loss, back = np.empty(sites), np.empty(sites)
    while True:
        total = _nearest(f, open_, near, next_)
        loss[:] = 0.0
        for d in range(demands):
            loss[near[d]] += _second(f, d, next_) - f.cost[d, near[d]]
        best, out, into = _EVEN * max(1.0, abs(total)), -1, -1
        for r in range(sites):
            if open_[r] and not f.keep[r] and f.fixed[r] - loss[r] > best:
                best, out, into = f.fixed[r] - loss[r], r, -1
        for j in range(sites):
            if open_[j] or not f.may[j]:
                continue
            gain = _gain(f, j, near, next_, back)
            if gain > best:
                best, out, into = gain, -1, j
            for r in range(sites):
                swap = gain + f.fixed[r] - loss[r] + back[r]  # nan where a way is lost: never better
                if open_[r] and not f.keep[r] and swap > best:
                    best, out, into = swap, r, j
        if out < 0 and into < 0:
            return
        if out >= 0:
            open_[out] = False
        if into >= 0:
            open_[into] = True


@inner
def _second(f: Facilities, d: int, next_: I64) -> float:
    return float(f.cost[d, next_[d]]) if next_[d] >= 0 else np.inf


@inner
def _gain(f: Facilities, j: int, near: I64, next_: I64, back: F64) -> float:
    """What opening j saves; back (C): what of the loss of closing each site it takes away."""
    gain = -float(f.fixed[j])
    back[:] = 0.0
    for d in range(len(near)):
        c, first, second = f.cost[d, j], f.cost[d, near[d]], _second(f, d, next_)
        if c < first:
            gain += first - c
            back[near[d]] += second - first
        elif c < second:
            back[near[d]] += second - c
    return gain


@inner
def _nearest(f: Facilities, open_: B1, near: I64, next_: I64) -> float:
    total = 0.0
    for j in range(len(open_)):
        total += f.fixed[j] if open_[j] else 0.0
    for d in range(len(near)):
        near[d], next_[d] = -1, -1
        for j in range(len(open_)):
            if not open_[j] or f.cost[d, j] == np.inf:
                continue
            if near[d] < 0 or f.cost[d, j] < f.cost[d, near[d]]:
                near[d], next_[d] = j, near[d]
            elif next_[d] < 0 or f.cost[d, j] < f.cost[d, next_[d]]:
                next_[d] = j
        total += f.cost[d, near[d]] if near[d] >= 0 else np.inf
    return total


@njit(cache=True)
def assign_whole(f: Facilities, open_: B1, sweeps: int) -> tuple[I64, B1]:
    """(D) one open site for each customer within capacity, by greatest regret, then shifts and swaps that save; and
    which customers fitted nowhere.
    """
    left, to = f.capacity.copy(), np.full(len(f.demand), -1, np.int64)
    lost = np.zeros(len(f.demand), np.bool_)
    for _ in range(len(f.demand)):
        pick, place, worst = -1, -1, -np.inf
        for d in range(len(f.demand)):
            if to[d] >= 0 or lost[d]:
                continue
            at, regret = _regret(f, open_, left, d)
            lost[d] = at < 0
            if at >= 0 and regret > worst:
                pick, place, worst = d, at, regret
        if pick < 0:
            break
        to[pick] = place
        left[place] -= f.demand[pick]
    better = not lost.any()
    while better and sweeps > 0:
        better = _improve(f, open_, left, to)
        sweeps -= 1
    return to, lost


@inner
def _regret(f: Facilities, open_: B1, left: F64, d: int) -> tuple[int, float]:
    """The cheapest open site with room for a customer, -1 for none, and how much dearer the next one is."""
    first, second, at = np.inf, np.inf, -1
    for j in range(len(open_)):
        if not open_[j] or f.demand[d] > left[j] or f.cost[d, j] == np.inf:
            continue
        if f.cost[d, j] < first:
            first, second, at = f.cost[d, j], first, j
        else:
            second = min(second, f.cost[d, j])
    return at, _ONLY * (1.0 + f.demand[d]) if second == np.inf else second - first


@inner
def _improve(f: Facilities, open_: B1, left: F64, to: I64) -> bool:
    better = False
    for d in range(len(to)):
        for j in range(len(open_)):
            if open_[j] and f.demand[d] <= left[j] and f.cost[d, j] < f.cost[d, to[d]] * (1.0 - _EVEN):
                left[to[d]] += f.demand[d]
                left[j] -= f.demand[d]
                to[d] = j
                better = True
        for e in range(d):
            a, b = to[d], to[e]
            if a == b or left[a] + f.demand[d] < f.demand[e] or left[b] + f.demand[e] < f.demand[d]:
                continue
            now, then = f.cost[d, a] + f.cost[e, b], f.cost[d, b] + f.cost[e, a]
            if then < now * (1.0 - _EVEN):
                to[d], to[e] = b, a
                left[a] += f.demand[d] - f.demand[e]
                left[b] += f.demand[e] - f.demand[d]
                better = True
    return better
