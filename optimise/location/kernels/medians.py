"""Prices of demand points for the p-median: the Lagrangian bound and what it closes or opens for good.

Letters: D demand points, C sites, R pairs. The assignment rows are priced; what is left picks the sites that earn
most. (Cornuejols, Fisher & Nemhauser 1977, doi:10.1287/mnsc.23.8.789.)
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.kernels.shapes import F64, I64, inner

I8 = npt.NDArray[np.int8]
I32 = npt.NDArray[np.int32]
B1 = npt.NDArray[np.bool_]
FREE, OPEN, SHUT = 0, 1, -1
_SHARE, _GAIN, _SHORTEST = 0.05, 1e-4, 1e-3
"""Weight of the last round in a share; part of the gap that counts as a gain; step at which rounds end."""


class Near(NamedTuple):
    """Pairs by demand, cheapest first: of demand i site[first[i]:first[i+1]] at cost (weight included).

    cap (D): pairs dearer than this may be missing, so no price goes past it; infinite where none is.
    """

    first: I64
    site: I32
    cost: F64
    cap: F64


class Prices(NamedTuple):
    """What the search for prices carries from one call to the next.

    price, best (D): now and at the best bound. drift (D): smoothed direction. share (C): how often a site was picked,
    smoothed. step (1,): length of the next step.
    """

    price: F64
    best: F64
    drift: F64
    share: F64
    step: F64


@njit(cache=True)
def nearest_pairs(cost: F64, reach: F64, state: I8) -> Near:
    """Finite pairs (D, C) no dearer than reach (D) at sites not shut, cheapest first."""
    rows, sites = cost.shape
    first = np.zeros(rows + 1, np.int64)
    for i in range(rows):
        count = 0
        for j in range(sites):
            count += cost[i, j] <= reach[i] and cost[i, j] < np.inf and state[j] != SHUT
        first[i + 1] = first[i] + count
    site, price = np.empty(first[rows], np.int32), np.empty(first[rows])
    for i in range(rows):
        at = first[i]
        for j in range(sites):
            if cost[i, j] <= reach[i] and cost[i, j] < np.inf and state[j] != SHUT:
                site[at], price[at] = j, cost[i, j]
                at += 1
        order = np.argsort(price[first[i] : at], kind="mergesort")
        price[first[i] : at] = price[first[i] : at][order]
        site[first[i] : at] = site[first[i] : at][order]
    return Near(first, site, price, reach)


@njit(cache=True)
def without_shut(near: Near, state: I8) -> Near:
    """The pairs left once sites are shut; nothing past the nearest open site is kept."""
    rows = len(near.first) - 1
    first = np.zeros(rows + 1, np.int64)
    site, cost = np.empty_like(near.site), np.empty_like(near.cost)
    at = 0
    for i in range(rows):
        for r in range(near.first[i], near.first[i + 1]):
            j = near.site[r]
            if state[j] != SHUT:
                site[at], cost[at] = j, near.cost[r]
                at += 1
                if state[j] == OPEN:
                    break
        first[i + 1] = at
    return Near(first, site[:at].copy(), cost[:at].copy(), near.cap)


@inner
def _earn(near: Near, price: F64, earned: F64) -> int:
    """Earned (C): the sum of what each site saves at these prices, 0 or less. Returns the work."""
    earned[:] = 0.0
    work = 0
    for i in range(len(price)):
        top = price[i]
        for r in range(near.first[i], near.first[i + 1]):
            gain = near.cost[r] - top
            if gain >= 0.0:
                break
            earned[near.site[r]] += gain
            work += 1
    return work


@inner
def _pick(earned: F64, state: I8, left: int, picked: B1) -> tuple[float, float, float]:
    """Open sites and the `left` free ones that earn most: their sum, what the last picked and the first not picked
    earn (0 where nothing is left to pick).
    """
    free = np.empty(len(earned))
    count = 0
    value = 0.0
    for j in range(len(earned)):
        picked[j] = state[j] == OPEN
        if state[j] == OPEN:
            value += earned[j]
        elif state[j] == FREE:
            free[count] = earned[j]
            count += 1
    if left <= 0 or count == 0:
        after = np.min(free[:count]) if count else 0.0
        return value, -np.inf, after
    if left >= count:
        for j in range(len(earned)):
            if state[j] == FREE:
                picked[j] = True
                value += earned[j]
        return value, np.max(free[:count]), 0.0
    some = np.partition(free[:count], left)
    after, last = some[left], np.max(some[:left])
    taken = 0
    for j in range(len(earned)):
        if state[j] == FREE and earned[j] < last:
            picked[j] = True
            value += earned[j]
            taken += 1
    for j in range(len(earned)):
        if taken == left:
            break
        if state[j] == FREE and earned[j] == last:
            picked[j] = True
            value += earned[j]
            taken += 1
    return value, last, after


@inner
def _settle(earned: F64, picked: B1, state: I8, low: float, cut: float, last: float, after: float) -> int:
    """Shut and open for good the sites without or with which the bound reaches `cut`. Returns how many were shut."""
    shut = 0
    for j in range(len(state)):
        if state[j] != FREE:
            continue
        if picked[j]:
            if low - earned[j] + after >= cut:
                state[j] = OPEN
        elif low + earned[j] - last >= cut:
            state[j] = SHUT
            shut += 1
    return shut


@inner
def _step(near: Near, prices: Prices, picked: B1, lacking: float, smooth: float) -> bool:
    """Prices rise where nobody serves and fall where many do; False where everybody is served once."""
    for j in range(len(picked)):
        prices.share[j] += _SHARE * (picked[j] - prices.share[j])
    norm = 0.0
    for i in range(len(prices.price)):
        met = 1.0
        for r in range(near.first[i], near.first[i + 1]):
            if near.cost[r] >= prices.price[i]:
                break
            met -= picked[near.site[r]]
        prices.drift[i] = met + smooth * prices.drift[i]
        norm += prices.drift[i] * prices.drift[i]
    if norm == 0.0:
        return False
    length = prices.step[0] * lacking / norm
    for i in range(len(prices.price)):
        prices.price[i] = min(near.cap[i], max(0.0, prices.price[i] + length * prices.drift[i]))
    return True


@njit(cache=True)
def raise_prices(
    near: Near, state: I8, p: int, prices: Prices, low: float, target: float, cut: float, rounds: int, patience: int,
    smooth: float,
) -> tuple[float, B1, int, int]:  # fmt: skip
    """Rounds of a smoothed subgradient from prices on. state (C) is settled as the bound allows.

    low: bound known already for prices.best. target: value that the steps aim at. cut: bound from which on nothing is
    to be gained. Returns the best bound (of this problem as it was settled), the sites picked there, the work, and
    sites shut.
    """
    rows, sites = len(prices.price), len(state)
    earned, picked, best_picked = np.empty(sites), np.zeros(sites, np.bool_), np.zeros(sites, np.bool_)
    work, shut, idle = 0, 0, 0
    for _ in range(rounds):
        left = p
        for j in range(sites):
            left -= state[j] == OPEN
        work += 2 * _earn(near, prices.price, earned) + 4 * sites + 4 * rows
        value, last, after = _pick(earned, state, left, picked)
        value += prices.price.sum()
        shut += _settle(earned, picked, state, value, cut, last, after)
        if value > low:
            idle = idle if value < low + _GAIN * (target - low) else 0
            low = value
            prices.best[:] = prices.price
            best_picked[:] = picked
            if low >= cut:
                break
        idle += 1
        if idle > patience:
            idle = 0
            prices.step[0] *= 0.5
            prices.price[:] = prices.best
            prices.drift[:] = 0.0
            if prices.step[0] < _SHORTEST:
                break
            continue
        if not _step(near, prices, picked, target - value, smooth):
            prices.step[0] = 0.0
            break
    return low, best_picked, work, shut
