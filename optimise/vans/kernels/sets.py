"""Compiled search for sets of stops that fewer vans leave than have to: arrays in, arrays out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimise.charging.kernels.shapes import F64, I64, Flags, inner, outer

LEANS = (0.0, -0.2, 0.2, -1.0, 1.0)
"""How much a stop that fills a whole van is preferred to others that are as tied to a set."""
_BROKEN = 1e-6
"""Vans by which a bound has to be broken."""
_FLIPS, _TENURE = 30, 6
"""Stops that join a set or leave it one after the other, and in how many turns none does so twice."""
_LEAST = 0.02
"""Worth of the part of a van that bikes do not fill, in vans."""


class Ties(NamedTuple):
    """Stops tied to i are near[first[i]:first[i+1]], by tie: the shares of the ways there and back. visited, must,
    bikes (V): share visited, whether it has to be, and vans that its bikes fill.
    """

    first: I64
    near: I64
    tie: F64
    visited: F64
    must: Flags
    bikes: F64


@inner
def _flip(ties: Ties, inside: Flags, tied: F64, j: int) -> float:
    """A stop joins the set or leaves it; returns how many more vans leave the set."""
    sign = -1.0 if inside[j] else 1.0
    inside[j] = not inside[j]
    for k in range(ties.first[j], ties.first[j + 1]):
        tied[ties.near[k]] += sign * ties.tie[k]
    return float(sign * (ties.visited[j] - tied[j]))


@inner
def _needed(bikes: float, loose: int) -> float:
    """Vans, whole ones where no stop of the set may be left out."""
    vans = abs(bikes)
    return vans if loose else max(1.0, np.ceil(vans - _BROKEN))


@inner
def _walk(ties: Ties, start: int, lean: float, inside: Flags, tied: F64, best: Flags, most: float) -> float:
    """From `inside`, without a stop or with all of them, the most tied stop joins next or the least tied one leaves,
    `start` first; `best` becomes the worst set on the path where that is worse than `most`.
    """
    tied[:] = 0.0
    cut, bikes, loose, seen, full = 0.0, 0.0, 0, 0.0, inside[start]
    inside[:] = False
    if full:
        for j in range(1, len(inside)):
            cut += _flip(ties, inside, tied, j)
            bikes, seen, loose = bikes + ties.bikes[j], max(seen, ties.visited[j]), loose + (not ties.must[j])
    sign, j = -1 if full else 1, start
    for _ in range(len(inside) - 1 - full):
        cut += _flip(ties, inside, tied, j)
        bikes, loose = bikes + sign * ties.bikes[j], loose + (0 if ties.must[j] else sign)
        seen = seen if full else max(seen, ties.visited[j])
        worse = max(0.0 if full else seen, _needed(bikes, loose)) - cut
        if worse > most + _BROKEN:
            most = worse
            best[:] = inside
        j = _next(ties, inside, tied, lean, sign)
    return most


@inner
def _next(ties: Ties, inside: Flags, tied: F64, lean: float, sign: int) -> int:
    """The stop outside the set that is most tied to it, or with sign -1 the one inside that is least tied."""
    best, most = 0, -np.inf
    for i in range(1, len(inside)):
        pull = sign * (tied[i] - ties.visited[i] + lean * ties.bikes[i])
        if inside[i] == (sign < 0) and pull > most:
            best, most = i, pull
    return best


@inner
def _turn(ties: Ties, inside: Flags, tied: F64, best: Flags, most: float) -> float:
    """Stops join the set `best` or leave it, whichever makes it worse, while none turns twice at once."""
    inside[:], tied[:] = False, 0.0
    cut, bikes, loose = 0.0, 0.0, 0
    for j in range(1, len(best)):
        if best[j]:
            cut += _flip(ties, inside, tied, j)
            bikes, loose = bikes + ties.bikes[j], loose + (not ties.must[j])
    size, until = int(best.sum()), np.zeros(len(inside), np.int64)
    for turn in range(_FLIPS):
        at, worth = 0, -np.inf
        for j in range(1, len(inside)):
            sign = -1.0 if inside[j] else 1.0
            if until[j] > turn or (size == 1 and inside[j]) or (sign > 0 and tied[j] == 0.0):
                continue
            then = bikes + sign * ties.bikes[j]
            less = 0 if ties.must[j] else int(sign)
            score = _needed(then, loose + less) - cut - sign * (ties.visited[j] - tied[j]) + _LEAST * abs(then)
            if score > worth:
                at, worth = j, score
        if at == 0:
            break
        sign = -1 if inside[at] else 1
        cut += _flip(ties, inside, tied, at)
        bikes, loose, size = bikes + sign * ties.bikes[at], loose + (0 if ties.must[at] else sign), size + sign
        until[at] = turn + _TENURE
        worse = _needed(bikes, loose) - cut
        if worse > most + _BROKEN:
            most = worse
            best[:] = inside
    return most


@outer
def grown_sets(ties: Ties, leans: F64) -> Flags:
    """Sets of stops (X, V) that fewer vans leave than have to.

    They grow from every stop on, with some leaning to one sign of bikes or to none; then single stops join or leave.
    """
    stops = len(ties.visited)
    sets, count = np.zeros((len(leans) * stops, stops), np.bool_), 0
    inside, tied, best = np.zeros(stops, np.bool_), np.zeros(stops), np.zeros(stops, np.bool_)
    for start in range(1, stops):
        for lean in leans:
            inside[:], most = False, -np.inf
            most = _walk(ties, start, lean, inside, tied, best, most)
            if most <= _BROKEN:
                inside[:] = True
                most = _walk(ties, start, lean, inside, tied, best, most)
            if most <= _BROKEN:
                most = _turn(ties, inside, tied, best, most)
            if most > _BROKEN:
                sets[count] = best
                count += 1
    return sets[:count]
