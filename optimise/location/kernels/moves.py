"""Pieces of the searches: money, chance, neighbours."""

from __future__ import annotations

import numpy as np

from optimise.location.kernels.shapes import I64, Pairs, Random, Sites, inner

NOISE = 1 << 10
"""Resolution of the random factor on a candidate's worth."""


@inner
def keep(into: I64, what: I64) -> None:
    """Copy by a plain loop, which compiles faster than a slice; so does `dot`."""
    for k in range(len(into)):
        into[k] = what[k]


@inner
def dot(one: I64, other: I64) -> int:
    out = 0
    for k in range(len(one)):
        out += one[k] * other[k]
    return out


@inner
def fill(into: I64, value: int) -> None:
    for k in range(len(into)):
        into[k] = value


@inner
def some_opened(state: Random, n: I64) -> int:
    """A random site with new plugs, -1 where there is none."""
    count = 0
    for j in range(len(n)):
        count += n[j] > 0
    if count == 0:
        return -1
    which = draw(state, count)
    for j in range(len(n)):
        which -= n[j] > 0
        if n[j] > 0 and which < 0:
            return j
    return -1


@inner
def price(sites: Sites, n: I64, j: int, plugs: int) -> int:
    """Money for so many more plugs at site j, opening included if it has none."""
    opening: int = sites.open_fen[j] if n[j] + sites.existing[j] == 0 else 0
    return opening + int(sites.plug_fen[j]) * plugs


@inner
def cost_of(sites: Sites, n: I64) -> int:
    cost = 0
    for j in range(len(n)):
        if n[j] > 0:
            cost += sites.plug_fen[j] * n[j] + (sites.open_fen[j] if sites.existing[j] == 0 else 0)
    return cost


@inner
def draw(state: Random, below: int) -> int:
    """A whole number in [0, below) by xorshift64* (Vigna 2016, doi:10.1145/2845077); the state is never zero."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return int(np.int64((x * np.uint64(2685821657736338717)) >> np.uint64(33)) % below)


@inner
def shake(state: Random, worth: I64) -> None:
    """A new random worth for every candidate, half to one and a half times NOISE."""
    for j in range(len(worth)):
        worth[j] = NOISE // 2 + draw(state, NOISE)


@inner
def neighbour(pairs: Pairs, state: Random, j: int) -> int:
    """A random site that shares demand with j (or j itself)."""
    count = pairs.start[j + 1] - pairs.start[j]
    if count == 0:
        return j
    i = pairs.row[pairs.by_site[pairs.start[j] + draw(state, count)]]
    return int(pairs.site[pairs.first[i] + draw(state, pairs.first[i + 1] - pairs.first[i])])


@inner
def touch(pairs: Pairs, stale: I64, i: int) -> int:
    """Mark the sites within reach of demand i, whose worth it has changed. Returns the work."""
    for r in range(pairs.first[i], pairs.first[i + 1]):
        stale[pairs.site[r]] = 1
    return int(pairs.first[i + 1] - pairs.first[i])
