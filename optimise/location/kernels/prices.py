"""A Lagrangian bound: each demand point gets a price, then every site is judged on its own and money is shared as in a
knapsack.

Valid at every step, so the rounds may stop anywhere. Prices move along the subgradient with Polyak's step, halved
when it stops helping.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.moves import keep
from optimise.location.kernels.shapes import F64, I64, Pairs, inner

_PATIENCE = 15
"""Rounds without a better bound before the step is halved."""
_TINY = 1e-9


@inner
def _falling(key: F64) -> I64:
    """Positions by falling key, equal keys by position: Shell's sort with Ciura's gaps, which compiles in a tenth of
    numpy's time.
    """
    order = np.arange(len(key))
    gap = 701
    while 2.25 * gap < len(key):
        gap = int(2.25 * gap)
    while gap > 0:
        for k in range(gap, len(key)):
            at, slot = order[k], k
            while slot >= gap and _before(key, at, order[slot - gap]):
                order[slot] = order[slot - gap]
                slot -= gap
            order[slot] = at
        gap = _next_gap(gap)
    return order


@inner
def _before(key: F64, one: int, other: int) -> bool:
    return bool(key[one] > key[other] or (key[one] == key[other] and one < other))


@inner
def _next_gap(gap: int) -> int:
    for smaller in (301, 132, 57, 23, 10, 4, 1):
        if smaller < gap <= 701:
            return smaller
    return int(gap / 2.25) if gap > 701 else 0


@inner
def _ratios(gain: F64, cost: F64, count: int) -> F64:
    """Gain per fen."""
    out = np.empty(count)
    for k in range(count):
        out[k] = gain[k] / max(cost[k], _TINY)
    return out


@inner
def _step(price: F64, slope: F64, scale: F64, top: F64, size: float) -> bool:
    """Move the prices along the slope, kept within 0..top. Returns whether any could move."""
    norm = 0.0
    for i in range(len(price)):
        if (price[i] >= top[i] and slope[i] > 0) or (price[i] <= 0 and slope[i] < 0):
            slope[i] = 0.0
        norm += slope[i] * slope[i] * scale[i]
    if norm == 0.0:
        return False
    for i in range(len(price)):
        price[i] = min(top[i], max(0.0, price[i] + size / norm * slope[i] * scale[i]))
    return True


@njit(cache=True)
def bound_distance(
    pairs: Pairs, weight: I64, top: F64, cost: F64, budget: float, value: int, rounds: int, best_price: F64
) -> float:
    """A lower bound: the greatest, over prices 0 <= u[i] <= top[i], of sum u less what sites save of it within the
    budget.

    Site j saves sum_i max(0, u[i] - weight[i] x metres) for cost[j], infinite where it cannot open; the last site may
    be a fraction.
    value: that of a known plan, steers the steps. best_price (I): prices to start from; holds those of the bound
    afterwards.
    """
    price, slope, worth = best_price.copy(), np.empty(len(top)), np.empty(len(cost))
    best, step, idle = -np.inf, 1.0, 0
    for _ in range(rounds):
        for j in range(len(cost)):
            worth[j] = 0.0
        for r in range(len(pairs.row)):
            worth[pairs.site[r]] += max(0.0, price[pairs.row[r]] - weight[pairs.row[r]] * pairs.metres[r])
        share = _fractional(worth, cost, budget)
        low = 0.0
        for j in range(len(cost)):
            low -= worth[j] * share[j]
        for i in range(len(price)):
            low += price[i]
            slope[i] = 1.0
        idle += 1
        if low > best:
            best, idle = low, 0
            keep(best_price, price)
        elif idle >= _PATIENCE:
            step, idle = step / 2, 0
            keep(price, best_price)
            continue
        for r in range(len(pairs.row)):
            if price[pairs.row[r]] > weight[pairs.row[r]] * pairs.metres[r]:
                slope[pairs.row[r]] -= share[pairs.site[r]]
        if best > value - 1.0 or not _step(price, slope, top, top, step * max(value - low, 1.0)):
            break
    return best


@inner
def _fractional(worth: F64, cost: F64, budget: float) -> F64:
    """Shares (J) of the most worth within the budget, one of them broken."""
    share = np.zeros(len(worth))
    for j in _falling(_ratios(worth, cost, len(worth))):
        if worth[j] <= 0.0 or cost[j] == np.inf:
            break
        share[j] = 1.0 if cost[j] <= budget else budget / cost[j]
        budget = max(0.0, budget - share[j] * cost[j])
    return share
