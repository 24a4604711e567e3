"""Covering: Lagrangian prices on the rows, their bound, and what it says about each site."""

from __future__ import annotations

import numpy as np
from numba import njit

from optimise.location.kernels.cover import Cover, Limits
from optimise.location.kernels.shapes import F64

_EVEN, _FEW = 1e-9, 15
_SHRINK, _DEFLECT, _STILL, _MORE = 0.75, 0.7, 1e-4, 1e-6
_TIRED, _GROW, _LESS, _NEW = 5, 1.2, 0.8, 0.05


@njit(cache=True)
def worths(cover: Cover, price: F64, worth: F64) -> None:
    """(C) what the rows' prices add up to at each site, in place; four sums a site need not wait for another."""
    row = cover.row
    for j in range(len(worth)):
        a = b = c = d = 0.0
        s, end = cover.start[j], cover.start[j + 1]
        while s + 4 <= end:
            a += price[row[s]]
            b += price[row[s + 1]]
            c += price[row[s + 2]]
            d += price[row[s + 3]]
            s += 4
        while s < end:
            a += price[row[s]]
            s += 1
        worth[j] = (a + b) + (c + d)


@njit(cache=True)
def _times_covered(cover: Cover, share: F64, times: F64) -> None:
    """(I) shares of sites that cover each row, in place; few sites have a share."""
    times[:] = 0.0
    for j in range(len(share)):
        if share[j] > 0.0:
            for s in range(cover.start[j], cover.start[j + 1]):
                times[cover.row[s]] += share[j]


@njit(cache=True)
def best_sites(limits: Limits, worth: F64, share: F64) -> float:
    """The most worth of sites within the count or, where there is one, the budget with its last site broken; share (C)
    of each is left in place. Groups are not looked at.
    """
    priced = limits.budget < np.inf
    share[:] = 0.0
    sum_, left = 0.0, limits.budget if priced else float(limits.most_open)
    key = np.empty(len(worth))
    for j in range(len(worth)):
        key[j] = -worth[j] / max(limits.price[j], _EVEN) if priced else -worth[j]
        if limits.keep[j]:
            share[j] = 1.0
            sum_ += worth[j]
            left -= limits.price[j] if priced else 1.0
            key[j] = np.inf
        elif not limits.may[j]:
            key[j] = np.inf
    for j in np.argsort(key):
        if key[j] == np.inf or left <= 0.0:
            break
        need = limits.price[j] if priced else 1.0
        share[j] = 1.0 if need <= left else left / need
        sum_ += share[j] * worth[j]
        left -= share[j] * need
    return sum_


@njit(cache=True)
def lagrange(
    cover: Cover, limits: Limits, known: float, price: F64, slope: F64, rounds: int, step: F64
) -> tuple[float, F64]:
    """The least bound after `rounds` more price updates, and its prices.

    price (I) between 0 and weight: what a row pays to be covered; slope (I), step (best bound, length of step, rounds
    without a better one) are the state between calls. Bound: sum (weight - price) + the best sites at these prices.
    (Held, Wolfe & Crowder 1974, doi:10.1007/BF01580223; for covering Galvao & ReVelle 1996,
    doi:10.1016/0377-2217(94)00159-6.)
    """
    sites, rows = len(cover.start) - 1, len(cover.weight)
    worth, share, times, best = np.empty(sites), np.zeros(sites), np.empty(rows), price.copy()
    for _ in range(rounds):
        worths(cover, price, worth)
        bound = best_sites(limits, worth, share)
        for i in range(rows):
            bound += cover.weight[i] - price[i]
        step[2] += 1.0
        if bound < step[0]:
            if bound < step[0] * (1.0 - _MORE):
                step[2] = 0.0
            step[0] = bound
            best[:] = price
        elif step[2] >= _FEW:
            step[1] *= _SHRINK
            step[2] = 0.0
            price[:] = best
            continue
        norm = 0.0
        _times_covered(cover, share, times)
        for i in range(rows):
            slope[i] = times[i] - 1.0 + _DEFLECT * slope[i]
            if (slope[i] > 0.0 and price[i] > 0.0) or (slope[i] < 0.0 and price[i] < cover.weight[i]):
                norm += slope[i] * slope[i]
        if norm <= _EVEN or step[1] < _STILL:
            break
        length = step[1] * max(bound - known, _EVEN * bound) / norm
        for i in range(rows):
            price[i] = min(cover.weight[i], max(0.0, price[i] - length * slope[i]))
    return step[0], best


@njit(cache=True)
def settle(
    cover: Cover, limits: Limits, known: float, price: F64, trial: F64, mean: F64, step: F64, rounds: int
) -> None:
    """Lower the bound further by `rounds` steps from the best prices along the mean of the slopes seen; in place.

    price (I) of the best bound, trial (I) of the next round, mean (I) slope, step (best bound, length of step, rounds
    without a better one). Slower to begin with than `lagrange`, and far closer to the linear relaxation in the end.
    (The volume algorithm, Barahona & Anbil 2000, doi:10.1007/s101070050002.)
    """
    sites, rows = len(cover.start) - 1, len(cover.weight)
    worth, share, times = np.empty(sites), np.zeros(sites), np.empty(rows)
    for _ in range(rounds):
        worths(cover, trial, worth)
        bound, along = best_sites(limits, worth, share), 0.0
        _times_covered(cover, share, times)
        for i in range(rows):
            bound += cover.weight[i] - trial[i]
            along += (times[i] - 1.0) * mean[i]
        step[2] += 1.0
        if bound < step[0]:
            step[2] = 0.0 if bound < step[0] * (1.0 - _MORE) else step[2]
            step[1] *= _GROW if along > 0.0 else 1.0
            step[0] = bound
            price[:] = trial
        if step[2] >= _TIRED:
            step[1] *= _LESS
            step[2] = 0.0
        norm = 0.0
        for i in range(rows):
            mean[i] += _NEW * (times[i] - 1.0 - mean[i])
            if (mean[i] > 0.0 and price[i] > 0.0) or (mean[i] < 0.0 and price[i] < cover.weight[i]):
                norm += mean[i] * mean[i]
        if norm <= _EVEN or step[1] < _STILL:
            step[1] = 0.0
            break
        length = step[1] * max(step[0] - known, _EVEN * step[0]) / norm
        for i in range(rows):
            trial[i] = min(cover.weight[i], max(0.0, price[i] - length * mean[i]))


@njit(cache=True)
def reduced_worth(limits: Limits, worth: F64, share: F64) -> F64:
    """(C) worth less what a site takes of the count or the budget, at the rate of the best sites' last one: below zero
    the bound falls by as much if the site opens, above zero if it does not.
    """
    priced = limits.budget < np.inf
    rate, left = np.inf, limits.budget if priced else float(limits.most_open)
    for j in range(len(worth)):
        need = limits.price[j] if priced else 1.0
        left -= share[j] * need
        if share[j] > 0.0 and not limits.keep[j] and need > 0.0:
            rate = min(rate, worth[j] / need)
    out = worth.copy()
    if left > _EVEN:
        return out
    for j in range(len(worth)):
        need = limits.price[j] if priced else 1.0
        if need > 0.0 and not limits.keep[j]:
            out[j] -= rate * need
    return out
