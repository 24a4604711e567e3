"""Lagrangian bounds: each demand point gets a price, then every site is judged on its own, and the money shared as in a fractional knapsack.

Both are at least as tight as the linear relaxation once the prices settle, and valid at every step, so they may stop at any of them.
(Held, Wolfe & Crowder 1974, doi:10.1007/BF01580223; for the p-median Cornuejols, Fisher & Nemhauser 1977, doi:10.1287/mnsc.23.8.789.)
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.arrays import Pairs, Sites, pairs_of, sites_of
from optimise.problem import I64, SitingProblem

F64 = npt.NDArray[np.float64]
ROUNDS = 600
"""Price updates."""
_PATIENCE = 15
"""Updates without a better bound before the step is halved."""
_MONEY_STEPS = 8192
"""Finest division of the budget in the whole-number knapsack."""
_SAFETY = 1e-9
"""Relative error allowed to floating-point sums before a bound is rounded."""


def lagrangian_bound(problem: SitingProblem, value: int, rounds: int = ROUNDS) -> int:
    """A bound on the objective in whole numbers; `value` is that of a known answer and only steers the steps."""
    pairs, sites = pairs_of(problem), sites_of(problem)
    if problem.objective == "cover":
        high, price = _cover(pairs, sites, problem.plug_tenths, problem.weight, problem.budget_fen, value, rounds)
        unit, weight = _money_unit(problem), problem.weight
        whole = _earn_whole(pairs, sites, problem.plug_tenths, weight, price, problem.budget_fen // unit, unit)
        high = min(high, whole + float((price * weight).sum()), float(weight[np.unique(pairs.row)].sum()))
        return math.floor(high + _SAFETY * max(1.0, high))
    far = _free_walk(problem)
    low = _distance(pairs, sites, problem.weight, far, problem.budget_fen, value, rounds)
    return math.ceil(low - _SAFETY * max(1.0, abs(low)))


def _money_unit(problem: SitingProblem) -> int:
    """Fen in one step of the whole-number knapsack: what all costs share, or coarser, so that the table stays small."""
    shared = int(np.gcd.reduce(np.concatenate((problem.open_fen, problem.plug_fen))))
    return max(1, shared, -(-problem.budget_fen // _MONEY_STEPS))


def _free_walk(problem: SitingProblem) -> I64:
    """(I) walk to the nearest plugs that are there already."""
    far = np.full(problem.demands, problem.search_m, np.int64)
    there = problem.existing[problem.site] > 0
    np.minimum.at(far, problem.row[there], problem.distance_m[there])
    return far


@njit(cache=True)
def _distance(pairs: Pairs, sites: Sites, weight: I64, far: I64, budget: int, value: int, rounds: int) -> float:
    """max over prices 0 <= u[i] <= weight*far of  sum u + min over y of sum_j y_j sum_i min(0, weight*metres - u)."""
    top = (weight * far).astype(np.float64)
    price, best_price = 0.5 * top, 0.5 * top
    cost = (sites.open_fen + sites.plug_fen * sites.least).astype(np.float64)
    closed = (sites.existing == 0) & (sites.most >= sites.least)
    best, step, idle = -np.inf, 1.0, 0
    for _ in range(rounds):
        worth = np.zeros(len(cost))
        for r in range(len(pairs.row)):
            i, j = pairs.row[r], pairs.site[r]
            saved = price[i] - weight[i] * pairs.metres[r]
            if saved > 0 and closed[j]:
                worth[j] += saved
        open_share = _fractional(worth, cost, float(budget))
        low = price.sum() - (worth * open_share).sum()
        if low > best:
            best, idle = low, 0
            best_price[:] = price
        else:
            idle += 1
            if idle >= _PATIENCE:
                step, idle = step / 2, 0
                price[:] = best_price
                continue
        slope = np.ones(len(weight))
        for r in range(len(pairs.row)):
            i, j = pairs.row[r], pairs.site[r]
            if closed[j] and price[i] > weight[i] * pairs.metres[r]:
                slope[i] -= open_share[j]
        for i in range(len(weight)):
            if (price[i] >= top[i] and slope[i] > 0) or (price[i] <= 0 and slope[i] < 0):
                slope[i] = 0.0
        norm = (slope * slope * np.maximum(top, 1.0)).sum()
        if norm == 0.0 or best > value - 1.0:
            break
        move = step * max(value - low, 1.0) / norm
        price = np.minimum(top, np.maximum(0.0, price + move * slope * np.maximum(top, 1.0)))
    return best


@njit(cache=True)
def _fractional(worth: F64, cost: F64, budget: float) -> F64:
    """Shares (J) of the most worth within the budget, one of them broken."""
    share = np.zeros(len(worth))
    order = np.argsort(-worth / np.maximum(cost, 1e-9))
    for j in order:
        if worth[j] <= 0.0:
            break
        if cost[j] <= 0.0:
            share[j] = 1.0
            continue
        share[j] = min(1.0, budget / cost[j])
        budget -= share[j] * cost[j]
        if budget <= 0.0:
            break
    return share


@njit(cache=True)
def _cover(pairs: Pairs, sites: Sites, plug: int, weight: I64, budget: int, value: int, rounds: int) -> tuple[float, F64]:
    """min over prices 0 <= u[i] <= 1 of  sum u*weight + the most that sites can earn from (1 - u) within the budget.

    Returns the least bound seen and its prices (I).
    """
    price = np.zeros(len(weight))
    best, step, idle = np.inf, 1.0, 0
    best_price = price.copy()
    for _ in range(rounds):
        earned, sent = _earn(pairs, sites, plug, weight, price, float(budget))
        high = (price * weight).sum() + earned
        if high < best:
            best, idle = high, 0
            best_price[:] = price
        else:
            idle += 1
            if idle >= _PATIENCE:
                step, idle = step / 2, 0
                price[:] = best_price
                continue
        slope = sent - weight
        for i in range(len(weight)):
            if (price[i] <= 0.0 and slope[i] < 0) or (price[i] >= 1.0 and slope[i] > 0):
                slope[i] = 0.0
        norm = (slope * slope / np.maximum(weight, 1)).sum()
        if norm == 0.0 or best < value + 1.0:
            break
        move = step * max(high - value, 1.0) / norm
        price = np.minimum(1.0, np.maximum(0.0, price + move * slope / np.maximum(weight, 1)))
    return best, best_price


@njit(cache=True)
def _earn(pairs: Pairs, sites: Sites, plug: int, weight: I64, price: F64, budget: float) -> tuple[float, F64]:
    """The most sum (1 - price) * flow over sites on their own, plugs whole but the last purchase broken; and the flow (I) it takes."""
    margin = np.maximum(0.0, 1.0 - price)
    count = int((sites.most + 1).sum())
    gain, cost, owner, level = np.zeros(count), np.zeros(count), np.zeros(count, np.int64), np.zeros(count, np.int64)
    used, total = 0, 0.0
    for j in range(len(sites.most)):
        curve = _curve(pairs, sites, plug, weight, margin, j)
        total += curve[0]
        used = _hull(sites, curve, j, gain, cost, owner, level, used)
    bought = sites.existing.astype(np.float64)
    for k in np.argsort(-gain[:used] / np.maximum(cost[:used], 1e-9)):
        share = 1.0 if cost[k] <= budget else budget / cost[k]
        total += share * gain[k]
        bought[owner[k]] += share * level[k]
        budget -= share * cost[k]
        if budget <= 0.0:
            break
    sent = np.zeros(len(weight))
    for j in range(len(sites.most)):
        _send(pairs, weight, margin, j, bought[j] * plug, sent)
    return total, sent


@njit(cache=True)
def _earn_whole(pairs: Pairs, sites: Sites, plug: int, weight: I64, price: F64, budget: int, unit: int) -> float:
    """As `_earn`, with whole purchases only: costs rounded down to money units, a table over the budget [units]."""
    margin = np.maximum(0.0, 1.0 - price)
    most = np.zeros(budget + 1)
    base = 0.0
    for j in range(len(sites.most)):
        curve = _curve(pairs, sites, plug, weight, margin, j)
        base += curve[0]
        fresh = sites.existing[j] == 0
        new = most.copy()
        for k in range(sites.least[j] if fresh else 1, len(curve)):
            gain = curve[k] - curve[0]
            if gain <= 0.0 or (k > 1 and curve[k] <= curve[k - 1]):
                continue
            cost = (sites.plug_fen[j] * k + (sites.open_fen[j] if fresh else 0)) // unit
            for b in range(cost, budget + 1):
                new[b] = max(new[b], most[b - cost] + gain)
        most = new
    return base + most[budget]


@njit(cache=True)
def _by_margin(pairs: Pairs, margin: F64, j: int) -> I64:
    here = pairs.row[pairs.by_site[pairs.start[j] : pairs.start[j + 1]]]
    return here[np.argsort(-margin[here])]


@njit(cache=True)
def _send(pairs: Pairs, weight: I64, margin: F64, j: int, capacity: float, sent: F64) -> None:
    """Send the dearest demand first."""
    if capacity <= 0.0:
        return
    for i in _by_margin(pairs, margin, j):
        if margin[i] <= 0.0 or capacity <= 0.0:
            break
        flow = min(capacity, float(weight[i]))
        sent[i] += flow
        capacity -= flow


@njit(cache=True)
def _curve(pairs: Pairs, sites: Sites, plug: int, weight: I64, margin: F64, j: int) -> F64:
    """(most+1) what site j earns with 0..most new plugs."""
    curve = np.zeros(sites.most[j] + 1)
    order = _by_margin(pairs, margin, j)
    at, left, earned, filled = 0, 0.0, 0.0, 0.0
    if len(order):
        left = float(weight[order[0]])
    for k in range(len(curve)):
        capacity = float(plug * (sites.existing[j] + k))
        while at < len(order) and filled < capacity:
            flow = min(left, capacity - filled)
            earned += flow * margin[order[at]]
            filled += flow
            left -= flow
            if left <= 0.0:
                at += 1
                left = float(weight[order[at]]) if at < len(order) else 0.0
        curve[k] = earned
    return curve


@njit(cache=True)
def _hull(
    sites: Sites, curve: F64, j: int, gain: F64, cost: F64, owner: I64, level: I64, used: int
) -> int:
    """Append the purchases on the upper hull of (money, earnings) of site j: falling gain per fen. Returns the new count."""
    fresh = sites.existing[j] == 0
    base, at = used, 0
    while at < len(curve) - 1:
        best, best_ratio = -1, 0.0
        for k in range(max(at + 1, sites.least[j] if fresh else 1), len(curve)):
            money = sites.plug_fen[j] * (k - at) + (sites.open_fen[j] if fresh and at == 0 else 0)
            ratio = (curve[k] - curve[at]) / max(float(money), 1e-9)
            if ratio >= best_ratio and curve[k] > curve[at]:
                best, best_ratio = k, ratio
        if best < 0:
            break
        gain[used] = curve[best] - curve[at]
        cost[used] = sites.plug_fen[j] * (best - at) + (sites.open_fen[j] if fresh and at == 0 else 0)
        owner[used], level[used] = j, best - at
        used, at = used + 1, best
    return max(used, base)
