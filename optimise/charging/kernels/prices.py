"""Margins on demand: what each site earns with each of its capacities when every point is worth its margin, and how
much of each point the sites then take together.

Of the Lagrangian relaxation of "a point is served at most once"; a site alone is a fractional knapsack, filled in
falling order of margin.
"""

from __future__ import annotations

import numpy as np
from numba import prange

from optimise.charging.kernels.shapes import ALONE, F64, I32, I64, Options, Reach, Steps, Whole, inner, outer, shared


@inner
def _falling(level: I32, count: int, order: I32) -> int:
    """Positions of levels above 0 by falling level, equal levels by position. Returns how many."""
    begin = np.zeros(count + 2, np.int32)
    for i in range(len(level)):
        begin[count - level[i] + 1] += 1
    for k in range(count + 1):
        begin[k + 1] += begin[k]
    for i in range(len(level)):
        if level[i] > 0:
            k = count - level[i]
            order[begin[k]] = i
            begin[k] += 1
    return int(begin[count - 1]) if count > 0 else 0


@inner
def _earn(
    reach: Reach, steps: Steps, s: Whole, h: Whole, demand: I64, level: I32, order: I32, earned: F64
) -> None:  # fmt: skip
    """Write earned (L): what each capacity of each site earns, in levels times tenths; nothing where it is closed."""
    sites = len(reach.start[s]) - 1
    fill, money, at = np.zeros(sites, np.int64), np.zeros(sites), np.empty(sites, np.int64)
    cap = np.empty(sites, np.int64)
    left = 0
    for j in range(sites):
        at[j] = steps.first[s, j]
        while at[j] < steps.first[s, j + 1] and steps.level[at[j]] == 0:
            earned[at[j]] = 0.0
            at[j] += 1
        cap[j] = steps.level[at[j]] if at[j] < steps.first[s, j + 1] and reach.open[j, h] else -1
        left += cap[j] >= 0
    for i in order:
        if left == 0:
            break
        worth, amount = float(level[i]), demand[i]
        for r in range(reach.first[s, i], reach.first[s, i + 1]):
            j = reach.site[r]
            if cap[j] < 0:
                continue
            filled = fill[j] + amount
            while cap[j] >= 0 and filled >= cap[j]:
                money[j] += worth * (cap[j] - fill[j])
                fill[j] = cap[j]
                earned[at[j]] = money[j]
                at[j] += 1
                if at[j] < steps.first[s, j + 1]:
                    cap[j] = steps.level[at[j]]
                else:
                    cap[j] = -1
                    left -= 1
            if cap[j] >= 0:
                money[j] += worth * (filled - fill[j])
                fill[j] = filled
    for j in range(sites):
        for k in range(at[j], steps.first[s, j + 1]):
            earned[k] = money[j]


@inner
def _take(
    reach: Reach, steps: Steps, s: Whole, h: Whole, demand: I64, order: I32, share: F64, sent: F64
) -> None:  # fmt: skip
    """Write sent (I): what sites take of each point, capacity between one level and the next counting share (L)."""
    sites = len(reach.start[s]) - 1
    fill, at, cap = np.zeros(sites, np.int64), np.empty(sites, np.int64), np.empty(sites, np.int64)
    left = 0
    for j in range(sites):
        at[j] = steps.first[s, j]
        while at[j] < steps.first[s, j + 1] and steps.level[at[j]] == 0:
            at[j] += 1
        open_ = at[j] < steps.first[s, j + 1] and share[at[j]] > 0.0 and reach.open[j, h]
        cap[j] = steps.level[at[j]] if open_ else -1
        left += open_
    for i in order:
        if left == 0:
            break
        amount, taken = demand[i], 0.0
        for r in range(reach.first[s, i], reach.first[s, i + 1]):
            j = reach.site[r]
            if cap[j] < 0:
                continue
            filled = fill[j] + amount
            while cap[j] >= 0 and filled >= cap[j]:
                taken += share[at[j]] * (cap[j] - fill[j])
                fill[j] = cap[j]
                at[j] += 1
                if at[j] < steps.first[s, j + 1] and share[at[j]] > 0.0:
                    cap[j] = steps.level[at[j]]
                else:
                    cap[j] = -1
                    left -= 1
            if cap[j] >= 0:
                taken += share[at[j]] * (filled - fill[j])
                fill[j] = filled
        sent[i] = taken


@inner
def _earn_flow(
    reach: Reach, steps: Steps, demand: I64, margin: F64, top: F64, count: int, level: I32, order: I32, many: I64,
    earned: F64, f: Whole,
) -> None:  # fmt: skip
    flows, points = demand.shape
    services = len(reach.first)
    hours = flows // (len(top) * services)
    t, s, h = f // (services * hours), f // hours % services, f % hours
    high = 0.0
    for i in range(points):
        high = max(high, top[t, i])
    for i in range(points):
        level[f, i] = 0
        if demand[f, i] > 0 and high > 0.0:
            level[f, i] = int(margin[f, i] * top[t, i] / high * count)
    many[f] = _falling(level[f], count, order[f])
    _earn(reach, steps, s, h, demand[f], level[f], order[f, : many[f]], earned[f])
    for k in range(steps.first[s, 0], steps.first[s, -1]):
        earned[f, k] *= high / count


@shared
def earn(
    reach: Reach, steps: Steps, demand: I64, margin: F64, top: F64, count: int, level: I32, order: I32, many: I64,
    earned: F64,
) -> None:  # fmt: skip
    """Write earned (F, L): what every capacity earns in flow f alone, in the units of `top`.

    demand (F, I); margin (F, I) from 0 to 1 of top (T, I), rounded down to `count` levels of the year's largest top:
    level (F, I), and order (F, I) of the first many (F) by falling level.
    """
    if len(demand) * len(reach.site) < ALONE:
        for f in range(len(demand)):
            _earn_flow(reach, steps, demand, margin, top, count, level, order, many, earned, f)
        return
    for f in prange(len(demand)):
        _earn_flow(reach, steps, demand, margin, top, count, level, order, many, earned, np.int64(f))


@inner
def _take_flow(
    reach: Reach, steps: Steps, demand: I64, order: I32, many: I64, share: F64, sent: F64, f: Whole
) -> None:  # fmt: skip
    services = len(reach.first)
    hours = len(demand) // (len(share) * services)
    t, s, h = f // (services * hours), f // hours % services, f % hours
    sent[f] = 0.0
    _take(reach, steps, s, h, demand[f], order[f, : many[f]], share[t], sent[f])


@shared
def take(reach: Reach, steps: Steps, demand: I64, order: I32, many: I64, share: F64, sent: F64) -> None:
    """Write sent (F, I): what sites take at the margins `earn` saw last, share (T, L) of each capacity being there."""
    if len(demand) * len(reach.site) < ALONE:
        for f in range(len(demand)):
            _take_flow(reach, steps, demand, order, many, share, sent, f)
        return
    for f in prange(len(demand)):
        _take_flow(reach, steps, demand, order, many, share, sent, np.int64(f))


@outer
def worths(steps: Steps, earned: F64, worth: F64) -> None:
    """Write worth (T, O): what every option earns in a year, over services and hours."""
    years, options = worth.shape
    services = len(steps.of)
    hours = len(earned) // (years * services)
    worth[:] = 0.0
    for t in range(years):
        for s in range(services):
            for h in range(hours):
                f = (t * services + s) * hours + h
                for o in range(options):
                    worth[t, o] += earned[f, steps.of[s, o]]


@outer
def best_paths(options: Options, worth: F64, price: F64, path: I64) -> float:
    """The most that sites earn on their own, growing from their first option; path (T, J): the options.

    worth (T, O) of having an option in a year; price (T): worth of a fen.
    """
    years, total = len(worth), 0.0
    value, came = np.empty(worth.shape), np.empty(worth.shape, np.int64)
    for j in range(len(options.mobilise)):
        begin, end = options.first[j], options.first[j + 1]
        for t in range(years):
            value[t, begin:end] = -np.inf
            for o in range(begin, end if t > 0 else begin + 1):
                before = value[t - 1, o] if t > 0 else 0.0
                if before == -np.inf:
                    continue
                for k in range(options.follow[o], options.follow[o + 1]):
                    to = options.next[k]
                    paid = options.fen[to] - options.fen[o] + (options.mobilise[j] if to != o else 0)
                    new = before - price[t] * paid + worth[t, to]
                    if new > value[t, to]:
                        value[t, to], came[t, to] = new, o
        best = begin
        for o in range(begin + 1, end):
            if value[years - 1, o] > value[years - 1, best]:
                best = o
        total += value[years - 1, best]
        for t in range(years - 1, -1, -1):
            path[t, j] = best
            best = came[t, best]
    return total


@outer
def through(options: Options, worth: F64, price: F64, most: F64) -> None:
    """Write most (T, O): the most a site earns on its own when it has an option in a year; -inf where it cannot."""
    years = len(worth)
    before, after = np.full(worth.shape, -np.inf), np.full(worth.shape, -np.inf)
    for j in range(len(options.mobilise)):
        begin, end = options.first[j], options.first[j + 1]
        for t in range(years):
            for o in range(begin, end if t > 0 else begin + 1):
                here = before[t - 1, o] + worth[t - 1, o] if t > 0 else 0.0
                for k in range(options.follow[o], options.follow[o + 1]):
                    to = options.next[k]
                    paid = options.fen[to] - options.fen[o] + (options.mobilise[j] if to != o else 0)
                    before[t, to] = max(before[t, to], here - price[t] * paid)
        after[years - 1, begin:end] = 0.0
        for t in range(years - 2, -1, -1):
            for o in range(begin, end):
                for k in range(options.follow[o], options.follow[o + 1]):
                    to = options.next[k]
                    paid = options.fen[to] - options.fen[o] + (options.mobilise[j] if to != o else 0)
                    next_ = worth[t + 1, to] + after[t + 1, to] - price[t + 1] * paid
                    after[t, o] = max(after[t, o], next_)
        for t in range(years):
            for o in range(begin, end):
                most[t, o] = before[t, o] + worth[t, o] + after[t, o]
