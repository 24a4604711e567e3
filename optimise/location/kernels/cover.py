"""Covering: rows merged, greedy choice and interchange."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.kernels.moves import draw
from optimise.location.kernels.shapes import F64, I64, Random, inner

B1 = npt.NDArray[np.bool_]
_EVEN, _FEW, _LONG = 1e-9, 15, 7


class Cover(NamedTuple):
    """Sites by row, site[first[i]:first[i+1]], and rows by site, row[start[j]:start[j+1]]; both rise. weight (I)."""

    first: I64
    site: I64
    start: I64
    row: I64
    weight: F64


class Limits(NamedTuple):
    """What may be open together.

    most_open: sites at most; price (C), budget; may (C) may be open; keep (C) stays open.
    Groups of site j are group[begin[j]:begin[j+1]], with least (G) and most (G) open sites.
    """

    most_open: int
    price: F64
    budget: float
    may: B1
    keep: B1
    begin: I64
    group: I64
    least: I64
    most: I64


class State(NamedTuple):
    """A choice and what it covers.

    open (C); slot (C) its place among the open, -1 if closed, held (K) site of each slot, -1 if free.
    times (I) open sites that cover a row; owner (I) sum of their slots.
    sole (K+1, C): weight that only slot k covers and site j covers too; in the last row what nobody covers.
    inside (G) open sites of each group; sums: open sites, money, weight covered.
    tabu (C) round until which a site stays as it is.
    """

    open: B1
    slot: I64
    held: I64
    times: I64
    owner: I64
    sole: F64
    inside: I64
    sums: F64
    tabu: I64


@njit(cache=True)
def hashes(first: I64, site: I64, key: Random) -> Random:
    """(I) a number for each row, the same for rows with the same sites; key (C)."""
    out = np.zeros(len(first) - 1, np.uint64)
    for i in range(len(out)):
        for r in range(first[i], first[i + 1]):
            out[i] += key[site[r]]
    return out


@njit(cache=True)
def first_alike(first: I64, site: I64, kind: I64, number: Random, order: I64) -> I64:
    """(I) the first row of the same kind with the same sites; `order` sorts rows by number, kind and row."""
    alike = np.empty(len(order), np.int64)
    head = -1
    for k in range(len(order)):
        i = order[k]
        if head >= 0 and number[head] == number[i] and kind[head] == kind[i] and _same(first, site, head, i):
            alike[i] = head
        else:
            alike[i] = i
            head = i
    return alike


@inner
def _same(first: I64, site: I64, i: int, k: int) -> bool:
    size = first[i + 1] - first[i]
    if first[k + 1] - first[k] != size:
        return False
    differ = 0
    for r in range(size):
        differ += site[first[i] + r] != site[first[k] + r]
    return differ == 0


@njit(cache=True)
def by_site(first: I64, site: I64, sites: int) -> tuple[I64, I64]:
    """Start (C+1) and row (R) of the same pairs by site."""
    start = np.zeros(sites + 1, np.int64)
    for j in site:
        start[j + 1] += 1
    for j in range(sites):
        start[j + 1] += start[j]
    row, at = np.empty(len(site), np.int64), start.copy()
    for i in range(len(first) - 1):
        for r in range(first[i], first[i + 1]):
            row[at[site[r]]] = i
            at[site[r]] += 1
    return start, row


@njit(cache=True)
def begin(cover: Cover, limits: Limits, open_: I64, slots: int) -> State:
    """The state with these sites open."""
    sites = len(cover.start) - 1
    state = State(
        np.zeros(sites, np.bool_),
        np.full(sites, -1, np.int64),
        np.full(slots, -1, np.int64),
        np.zeros(len(cover.weight), np.int64),
        np.zeros(len(cover.weight), np.int64),
        np.zeros((slots + 1, sites)),
        np.zeros(len(limits.least), np.int64),
        np.zeros(3),
        np.zeros(sites, np.int64),
    )
    for i in range(len(cover.weight)):
        for r in range(cover.first[i], cover.first[i + 1]):
            state.sole[slots, cover.site[r]] += cover.weight[i]
    for j in open_:
        _open(cover, limits, state, j)
    return state


@inner
def _shift(cover: Cover, state: State, i: int, slot: int, sign: float) -> None:
    for r in range(cover.first[i], cover.first[i + 1]):
        state.sole[slot, cover.site[r]] += sign * cover.weight[i]


@inner
def _open(cover: Cover, limits: Limits, state: State, j: int) -> None:
    none, k = len(state.held), 0
    while state.held[k] >= 0:
        k += 1
    state.held[k], state.slot[j], state.open[j] = j, k, True
    for s in range(cover.start[j], cover.start[j + 1]):
        i = cover.row[s]
        if state.times[i] == 0:
            _shift(cover, state, i, none, -1.0)
            _shift(cover, state, i, k, 1.0)
            state.sums[2] += cover.weight[i]
        elif state.times[i] == 1:
            _shift(cover, state, i, state.owner[i], -1.0)
        state.times[i] += 1
        state.owner[i] += k
    count_in(limits, state, j, 1)


@inner
def _close(cover: Cover, limits: Limits, state: State, j: int) -> None:
    none, k = len(state.held), state.slot[j]
    state.held[k], state.slot[j], state.open[j] = -1, -1, False
    for s in range(cover.start[j], cover.start[j + 1]):
        i = cover.row[s]
        state.times[i] -= 1
        state.owner[i] -= k
        if state.times[i] == 0:
            _shift(cover, state, i, k, -1.0)
            _shift(cover, state, i, none, 1.0)
            state.sums[2] -= cover.weight[i]
        elif state.times[i] == 1:
            _shift(cover, state, i, state.owner[i], 1.0)
    count_in(limits, state, j, -1)


@inner
def count_in(limits: Limits, state: Any, j: int, sign: int) -> None:
    state.sums[0] += sign
    state.sums[1] += sign * limits.price[j]
    for b in range(limits.begin[j], limits.begin[j + 1]):
        state.inside[limits.group[b]] += sign


@inner
def goes(limits: Limits, state: Any, out: int, into: int) -> bool:
    """Whether the limits still hold when `out` closes and `into` opens, -1 for none; state: whatever has `inside` and
    `sums` as State has.
    """
    money = state.sums[1]
    money -= limits.price[out] if out >= 0 else 0.0
    money += limits.price[into] if into >= 0 else 0.0
    if money > limits.budget or (out < 0 and state.sums[0] >= limits.most_open):
        return False
    good = True
    if out >= 0:
        for b in range(limits.begin[out], limits.begin[out + 1]):
            g = limits.group[b]
            good &= state.inside[g] > limits.least[g] or (into >= 0 and _in(limits, into, g))
    if into >= 0:
        for b in range(limits.begin[into], limits.begin[into + 1]):
            g = limits.group[b]
            good &= state.inside[g] < limits.most[g] or (out >= 0 and _in(limits, out, g))
    return good


@inner
def _in(limits: Limits, j: int, group: int) -> bool:
    found = False
    for b in range(limits.begin[j], limits.begin[j + 1]):
        found |= limits.group[b] == group
    return found


@njit(cache=True)
def fill(cover: Cover, limits: Limits, state: State, round_: int) -> None:
    """Open what covers the most new weight for its price until nothing that covers more fits."""
    priced = limits.budget < np.inf
    while True:
        best, worth = -1, 0.0
        for j in range(len(state.open)):
            if state.open[j] or not limits.may[j] or state.tabu[j] > round_:
                continue
            gain = state.sole[-1, j]
            if gain <= _EVEN:
                continue
            if priced:
                gain /= max(limits.price[j], _EVEN)
            if gain > worth and goes(limits, state, -1, j):
                best, worth = j, gain
        if best < 0:
            return
        _open(cover, limits, state, best)


@njit(cache=True)
def interchange(
    cover: Cover, limits: Limits, state: State, best: B1, most: float, rounds: int, at: int, random: Random
) -> float:
    """The most weight after `rounds` more rounds of tabu search by swaps, from round `at` on; its choice in `best`.

    A round makes the best swap that is not tabu, then opens what still fits. (Resende & Werneck 2007,
    doi:10.1016/j.ejor.2005.07.018, for the matrix of sole coverage.)
    """
    none = len(state.held)
    plain = len(limits.least) == 0 and limits.budget == np.inf
    for now in range(at, at + rounds):
        gain, out, into = -np.inf, -1, -1
        for k in range(none):
            j = state.held[k]
            if j < 0 or limits.keep[j] or state.tabu[j] > now:
                continue
            loss = state.sole[k, j]
            for l in range(len(state.open)):
                value = state.sole[none, l] + state.sole[k, l] - loss
                if value <= gain or state.open[l] or not limits.may[l] or state.tabu[l] > now:
                    continue
                if plain or goes(limits, state, j, l):
                    gain, out, into = value, j, l
        if into < 0:
            out = _any_open(limits, state, random)
            if out < 0:
                return most
        _close(cover, limits, state, out)
        state.tabu[out] = now + 2 + _FEW + draw(random, _FEW)
        if into >= 0:
            _open(cover, limits, state, into)
            state.tabu[into] = now + 2 + draw(random, _LONG)
        fill(cover, limits, state, now)
        if state.sums[2] > most + _EVEN * abs(most):
            most = state.sums[2]
            best[:] = state.open
    return most


@inner
def _any_open(limits: Limits, state: State, random: Random) -> int:
    """An open site, drawn, that may close; -1 where there is none."""
    count = len(state.held)
    offset = draw(random, count)
    for step in range(count):
        j = int(state.held[(offset + step) % count])
        if j >= 0 and not limits.keep[j] and goes(limits, state, j, -1):
            return j
    return -1
