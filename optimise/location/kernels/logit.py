"""Trips that chosen alternatives capture by the nested logit, their slopes and steps, and a search by swaps.

Masses are in units in which all that a customer has weighs 1, of which y^mu is the alternatives' nest. The captured
share is h / (1 + h) with h = (y + m)^mu - y^mu and m the chosen mass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optimise.location.kernels.picks import B1
from optimise.location.kernels.shapes import F64, I64, inner

_LEAST = 1e-9
"""Gain, relative to all trips, below which a swap is not made."""


class Market(NamedTuple):
    """Customers (N) by row and alternatives (J) by column: site and mass (R) of customer n at first[n]:first[n+1];
    who and pull (R) of alternative j at start[j]:start[j+1]. trips, y, mu, and beside (N) 1 - y^mu.
    """

    first: I64
    site: I64
    mass: F64
    start: I64
    who: I64
    pull: F64
    trips: F64
    y: F64
    mu: F64
    beside: F64


class Purse(NamedTuple):
    """cost (J) and group (J, below J, -1 for none) of the alternatives, and the budget."""

    cost: I64
    group: I64
    budget: int


@inner
def _nest(market: Market, n: int, m: float) -> float:
    """G of the nest with mass m."""
    z, mu = market.y[n] + m, market.mu[n]
    g: float = z if mu == 1.0 else z**mu
    return g


@inner
def _more(market: Market, n: int, m: float, g: float, a: float) -> float:
    """Trips that mass a adds to m, with which the nest has G."""
    all_, rise = market.beside[n] + g, a if market.mu[n] == 1.0 else _nest(market, n, m + a) - g
    trips: float = market.trips[n] * rise / (all_ * (all_ + rise))
    return trips


@njit(cache=True)
def masses(market: Market, x: F64) -> F64:
    """(N) mass of the alternatives that are chosen (J), in whole or in part."""
    out = np.zeros(len(market.trips))
    for n in range(len(out)):
        for r in range(market.first[n], market.first[n + 1]):
            out[n] += market.mass[r] * x[market.site[r]]
    return out


@njit(cache=True)
def tangents(market: Market, x: F64, part: I64, parts: int) -> tuple[F64, F64]:
    """Trips captured (K) in each part of the market, and how they rise with x (K, J).

    A curve that is steep at nothing, even without end, has no tangent there: where a customer has nothing chosen an
    alternative counts what it captures alone, which whole alternatives together do not exceed.
    """
    value, slope = np.zeros(parts), np.zeros((parts, len(x)))
    m = masses(market, x)
    for n in range(len(m)):
        g, mu = _nest(market, n, m[n]), market.mu[n]
        value[part[n]] += _more(market, n, 0.0, 1.0 - market.beside[n], m[n])
        steep = mu < 1.0 and m[n] == 0.0
        per_g = market.trips[n] / (market.beside[n] + g) ** 2
        rise = per_g * (1.0 if mu == 1.0 or steep else mu * g / (market.y[n] + m[n]))
        for r in range(market.first[n], market.first[n + 1]):
            a = market.mass[r]
            slope[part[n], market.site[r]] += _more(market, n, 0.0, g, a) if steep else rise * a
    return value, slope


@njit(cache=True)
def steps(market: Market, chosen: B1, most: F64, part: I64, parts: int) -> F64:
    """(K, J) the most that an alternative not chosen adds to the chosen ones; the least that is lost without a
    chosen one, whatever else is chosen. most (N): mass beyond which no choice goes.
    """
    out = np.zeros((parts, len(chosen)))
    m, full = masses(market, chosen.astype(np.float64)), masses(market, np.ones(len(chosen)))
    for n in range(len(m)):
        top = min(full[n], m[n] + most[n])
        for r in range(market.first[n], market.first[n + 1]):
            j, a = market.site[r], market.mass[r]
            low = max(0.0, top - a) if chosen[j] else m[n]
            out[part[n], j] += _more(market, n, low, _nest(market, n, low), a)
    return out


@njit(cache=True)
def improve(market: Market, purse: Purse, chosen: B1) -> bool:
    """One pass, in place: for nothing and for each chosen alternative, put in its place what captures most more.
    Returns whether anything changed.
    """
    m, changed = masses(market, chosen.astype(np.float64)), False
    g = np.array([_nest(market, n, m[n]) for n in range(len(m))])
    tiny = _LEAST * market.trips.sum()
    while _swap(market, purse, chosen, m, g, -1, tiny, True):
        changed = True
    for out in range(len(chosen)):
        if chosen[out]:
            changed |= _swap(market, purse, chosen, m, g, out, tiny, False)
    while _swap(market, purse, chosen, m, g, -1, tiny, False):
        changed = True
    return changed


@inner
def _swap(market: Market, purse: Purse, chosen: B1, m: F64, g: F64, out: int, tiny: float, per_cost: bool) -> bool:
    """Swap `out` (-1: nothing) for the best that fits, where that gains."""
    loss = 0.0
    if out >= 0:
        loss = _shift(market, m, g, out, -1.0)
        chosen[out] = False
    best, best_worth = -1, 0.0
    left, taken = _left(purse, chosen)
    for j in range(len(chosen)):
        if chosen[j] or purse.cost[j] > left or (purse.group[j] >= 0 and taken[purse.group[j]]):
            continue
        gain = loss
        for s in range(market.start[j], market.start[j + 1]):
            n, a = market.who[s], market.pull[s]
            gain += _more(market, n, m[n], g[n], a)
        worth = gain / max(purse.cost[j], 1) if per_cost else gain
        if gain > tiny and worth > best_worth:
            best, best_worth = j, worth
    if best < 0:
        if out >= 0:
            _shift(market, m, g, out, 1.0)
            chosen[out] = True
        return False
    _shift(market, m, g, best, 1.0)
    chosen[best] = True
    return best != out


@inner
def _left(purse: Purse, chosen: B1) -> tuple[int, B1]:
    """Money left, and which groups are taken."""
    left, taken = purse.budget, np.zeros(len(chosen), np.bool_)
    for j in range(len(chosen)):
        if chosen[j]:
            left -= purse.cost[j]
            if purse.group[j] >= 0:
                taken[purse.group[j]] = True
    return left, taken


@inner
def _shift(market: Market, m: F64, g: F64, j: int, sign: float) -> float:
    """Add (1) or take away (-1) alternative j to the masses and G; the trips that brings."""
    gain = 0.0
    for s in range(market.start[j], market.start[j + 1]):
        n = market.who[s]
        old = market.beside[n] + g[n]
        m[n] = max(0.0, m[n] + sign * market.pull[s])
        g[n] = _nest(market, n, m[n])
        new = market.beside[n] + g[n]
        gain += market.trips[n] * (new - old) / (new * old)
    return gain
