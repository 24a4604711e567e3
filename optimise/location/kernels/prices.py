"""Lagrangian bounds: each demand point gets a price, then every site is judged on its own and money is shared as in a
knapsack.

Valid at every step, so the rounds may stop anywhere. Prices move along the subgradient with Polyak's step, halved
when it stops helping.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.moves import keep
from optimise.location.kernels.shapes import F64, I64, Pairs, Sites, inner

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


@njit(cache=True)
def bound_cover(
    pairs: Pairs, sites: Sites, weight: I64, plug: int, budget: float, value: int, rounds: int, best_margin: F64
) -> float:
    """An upper bound: the least, over margins 0 <= m[i] <= 1, of sum (1 - m) x weight plus the most m x flow that
    sites can earn.

    Sites buy whole plugs within the budget, the last purchase broken. value: that of a known plan, steers the steps.
    best_margin (I): margins to start from; holds those of the bound afterwards.
    """
    margin, slope, scale = best_margin.copy(), np.empty(len(weight)), np.empty(len(weight))
    top, sent = np.ones(len(weight)), np.empty(len(weight))
    best, step, idle = np.inf, 1.0, 0
    for i in range(len(weight)):
        scale[i] = 1.0 / max(weight[i], 1)
    for _ in range(rounds):
        high = _earn(pairs, sites, plug, weight, margin, budget, sent)
        for i in range(len(weight)):
            high += (1.0 - margin[i]) * weight[i]
            slope[i] = weight[i] - sent[i]
        idle += 1
        if high < best:
            best, idle = high, 0
            keep(best_margin, margin)
        elif idle >= _PATIENCE:
            step, idle = step / 2, 0
            keep(margin, best_margin)
            continue
        if best < value + 1.0 or not _step(margin, slope, scale, top, step * max(high - value, 1.0)):
            break
    return best


@inner
def _earn(pairs: Pairs, sites: Sites, plug: int, weight: I64, margin: F64, budget: float, sent: F64) -> float:
    """The most sum margin x flow over sites on their own, the last purchase broken; `sent` (I) becomes the flow it
    takes.
    """
    count = 0
    for j in range(len(sites.most)):
        count += sites.most[j]
    gain, cost, owner, level = np.zeros(count), np.zeros(count), np.zeros(count, np.int64), np.zeros(count, np.int64)
    used, total = 0, 0.0
    for j in range(len(sites.most)):
        curve = _curve(pairs, sites, plug, weight, margin, j)
        total += curve[0]
        used = _purchases(sites, curve, j, gain, cost, owner, level, used)
    bought = np.empty(len(sites.most))
    for j in range(len(sites.most)):
        bought[j] = sites.existing[j]
    for k in _falling(_ratios(gain, cost, used)):
        share = 1.0 if cost[k] <= budget else budget / cost[k]
        total += share * gain[k]
        bought[owner[k]] += share * level[k]
        budget = max(0.0, budget - share * cost[k])
    for i in range(len(weight)):
        sent[i] = 0.0
    for j in range(len(sites.most)):
        capacity = bought[j] * plug
        for i in _by_margin(pairs, margin, j):
            if margin[i] <= 0.0 or capacity <= 0.0:
                break
            amount = min(capacity, float(weight[i]))
            sent[i] += amount
            capacity -= amount
    return total


@njit(cache=True)
def earn_whole(pairs: Pairs, sites: Sites, weight: I64, plug: int, margin: F64, budget: int, unit: int) -> float:
    """The most sum margin x flow over sites on their own with whole purchases only; costs are rounded down to money
    units, the budget is counted in them.
    """
    most, base = np.zeros(budget + 1), 0.0
    for j in range(len(sites.most)):
        curve = _curve(pairs, sites, plug, weight, margin, j)
        base += curve[0]
        fresh = sites.existing[j] == 0
        new = most.copy()
        fewest = sites.least[j] if fresh else 1
        for k in range(fewest, len(curve)):
            gain = curve[k] - curve[0]
            if gain <= 0.0 or (k > fewest and curve[k] <= curve[k - 1]):
                continue
            cost = (sites.plug_fen[j] * k + (sites.open_fen[j] if fresh else 0)) // unit
            for b in range(cost, budget + 1):
                new[b] = max(new[b], most[b - cost] + gain)
        most = new
    return float(base + most[budget])


@inner
def _by_margin(pairs: Pairs, margin: F64, j: int) -> I64:
    """Demand in reach of site j, the dearest first."""
    count = pairs.start[j + 1] - pairs.start[j]
    here, key = np.empty(count, np.int64), np.empty(count)
    for k in range(count):
        here[k] = pairs.row[pairs.by_site[pairs.start[j] + k]]
        key[k] = margin[here[k]]
    order: I64 = _falling(key)
    for k in range(count):
        order[k] = here[order[k]]
    return order


@inner
def _curve(pairs: Pairs, sites: Sites, plug: int, weight: I64, margin: F64, j: int) -> F64:
    """(most+1) what site j earns with 0..most new plugs: the dearest demand in reach first."""
    curve = np.zeros(sites.most[j] + 1)
    order = _by_margin(pairs, margin, j)
    at, earned, filled = 0, 0.0, 0.0
    left = float(weight[order[0]]) if len(order) else 0.0
    for k in range(len(curve)):
        capacity = float(plug * (sites.existing[j] + k))
        while at < len(order) and filled < capacity:
            amount = min(left, capacity - filled)
            earned += amount * margin[order[at]]
            filled += amount
            left -= amount
            if left <= 0.0:
                at += 1
                left = float(weight[order[at]]) if at < len(order) else 0.0
        curve[k] = earned
    return curve


@inner
def _purchases(sites: Sites, curve: F64, j: int, gain: F64, cost: F64, owner: I64, level: I64, used: int) -> int:
    """Append the steps of the upper hull of (money, earnings) of site j: falling gain per fen. Returns the new
    count.
    """
    fresh = sites.existing[j] == 0
    at = 0
    while at < len(curve) - 1:
        best, best_ratio, best_money = -1, 0.0, 0
        for k in range(max(at + 1, sites.least[j] if fresh else 1), len(curve)):
            money = sites.plug_fen[j] * (k - at) + (sites.open_fen[j] if fresh and at == 0 else 0)
            ratio = (curve[k] - curve[at]) / max(float(money), _TINY)
            if ratio >= best_ratio and curve[k] > curve[at]:
                best, best_ratio, best_money = k, ratio, money
        if best < 0:
            break
        gain[used], cost[used] = curve[best] - curve[at], best_money
        owner[used], level[used] = j, best - at
        used, at = used + 1, best
    return used
