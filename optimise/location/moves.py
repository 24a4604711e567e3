"""Compiled pieces that the searches for both objectives share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.arrays import Pairs, Sites, price
from optimise.problem import I64

State = npt.NDArray[np.uint64]
NOISE = 1 << 10
"""Resolution of the random factor on a candidate's worth."""


@njit(cache=True)
def draw(state: State, below: int) -> int:
    """A whole number in [0, below) by xorshift64* (Vigna 2016, doi:10.1145/2845077); state (1,) is never zero."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below


@njit(cache=True)
def cost_of(sites: Sites, n: I64) -> int:
    cost = 0
    for j in range(len(n)):
        if n[j] > 0:
            cost += sites.plug_fen[j] * n[j] + (sites.open_fen[j] if sites.existing[j] == 0 else 0)
    return cost


@njit(cache=True)
def neighbour(pairs: Pairs, state: State, j: int) -> int:
    """A random site that shares demand with j (or j itself)."""
    count = pairs.start[j + 1] - pairs.start[j]
    if count == 0:
        return j
    i = pairs.row[pairs.by_site[pairs.start[j] + draw(state, count)]]
    return pairs.site[pairs.first[i] + draw(state, pairs.first[i + 1] - pairs.first[i])]


@njit(cache=True)
def fill(sites: Sites, n: I64, money: int, wanted: int) -> tuple[int, int, int]:
    """Buy plugs one site at a time, the cheapest per plug first, until `wanted` are there.

    Returns money left, plugs missing, and the site opened last (or -1), since one call opens at most one site.
    """
    while wanted > 0:
        best, best_price, opens = -1, np.inf, False
        for j in range(len(n)):
            fresh = n[j] + sites.existing[j] == 0
            room = sites.most[j] - n[j]
            least = sites.least[j] if fresh else 1
            if room < least or price(sites, n, j, least) > money:
                continue
            each = price(sites, n, j, min(room, max(wanted, least))) / min(room, max(wanted, least))
            if each < best_price:
                best, best_price, opens = j, each, fresh
        if best < 0:
            return money, wanted, -1
        room = sites.most[best] - n[best]
        plugs = min(room, max(wanted, sites.least[best] if opens else 1))
        while price(sites, n, best, plugs) > money:
            plugs -= 1
        money -= price(sites, n, best, plugs)
        n[best] += plugs
        wanted = max(0, wanted - plugs)
        if opens:
            return money, wanted, best
    return money, 0, -1
