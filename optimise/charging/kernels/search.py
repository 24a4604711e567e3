"""Search for plans: sites grow where they serve the most for their price; some are taken back, the rest is rerouted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from optimise.charging.kernels.shapes import F64, I32, I64, Options, Reach, inner, outer

_TINY = 1e-9


class Limits(NamedTuple):
    """What a plan has to keep: money by year, feeders (-1 for none), and rows of at least so much.

    Row k asks for at_least[k] of coefficient[k, option] summed over sites in its year.
    """

    capacity: I64
    """(S, O)"""
    budget: I64
    carry: float
    va: I64
    feeder: I64
    headroom: I64
    step_va: I64
    step_fen: I64
    most_steps: I64
    row_year: I64
    at_least: I64
    coefficient: I64


class Plan(NamedTuple):
    """A plan and what it serves.

    path (T, J) options; spent (T); load, steps (T, B); short (K) what rows still miss; slack (F, I) demand not served;
    room (F, J) capacity not used; sent (TH, R) flow of each pair.
    """

    path: I64
    spent: I64
    load: I64
    steps: I64
    short: I64
    slack: I32
    room: I32
    sent: I32


class Offers(NamedTuple):
    """The best next growth of each site: (J) year, option (-1 for none), score; stale where it is out of date."""

    year: I64
    option: I64
    score: F64
    stale: I64


@inner
def _follows(options: Options, o: int, to: int) -> bool:
    for k in range(options.follow[o], options.follow[o + 1]):  # noqa: SIM110 - a loop compiles in less time
        if options.next[k] == to:
            return True
    return False


@inner
def _grown(options: Options, path: I64, j: int, year: int, to: int, new: I64) -> bool:
    """Write new (T): the site's options when it has `to` or more from the year on; False where that cannot be."""
    years = len(path)
    for t in range(years):
        new[t] = path[t, j]
        if t >= year and not _follows(options, to, path[t, j]):
            if not _follows(options, path[t, j], to):
                return False
            new[t] = to
    for t in range(years):
        before = new[t - 1] if t > 0 else options.first[j]
        if not _follows(options, before, new[t]):
            return False
    return True


@inner
def _paid(options: Options, j: int, before: int, to: int) -> int:
    return int(options.fen[to] - options.fen[before] + (options.mobilise[j] if to != before else 0))


@inner
def _bill(options: Options, limits: Limits, plan: Plan, j: int, new: I64, bill: I64, steps: I64) -> bool:
    """Write bill (T): what a site's new options (T) cost more by year, steps of its feeder included; False where the
    feeder cannot carry them.
    """
    years, b = len(bill), limits.feeder[j]
    most, had = 0, 0
    for t in range(years):
        old_before = plan.path[t - 1, j] if t > 0 else options.first[j]
        new_before = new[t - 1] if t > 0 else options.first[j]
        bill[t] = _paid(options, j, new_before, new[t]) - _paid(options, j, old_before, plan.path[t, j])
        if b >= 0:
            over = plan.load[t, b] + limits.va[new[t]] - limits.va[plan.path[t, j]] - limits.headroom[b]
            if over > 0:
                if limits.step_va[b] <= 0:
                    return False
                most = max(most, -(-over // limits.step_va[b]))
            if most > limits.most_steps[b]:
                return False
            old = plan.steps[t, b] - (plan.steps[t - 1, b] if t > 0 else 0)
            bill[t] += (most - had - old) * limits.step_fen[b]
            had = most
            steps[t] = most
    return True


@inner
def _affordable(limits: Limits, plan: Plan, bill: I64) -> bool:
    left = 0
    for t in range(len(bill)):
        left = int(limits.carry * left) + limits.budget[t] - plan.spent[t] - bill[t]
        if left < 0:
            return False
    return True


@inner
def _sums(reach: Reach, plan: Plan, margin: F64, j: int, most: F64, worth: F64) -> None:
    """Write most (F): unserved demand within reach of a site; worth (F): the same at its margins."""
    flows, services = len(plan.slack), len(reach.first)
    hours = flows // (len(plan.path) * services)
    for f in range(flows):
        s, sum_, priced = f // hours % services, 0.0, 0.0
        for k in range(reach.start[s, j], reach.start[s, j + 1]):
            i = reach.point[reach.pair[k]]
            if plan.slack[f, i] > 0:
                sum_ += plan.slack[f, i]
                priced += plan.slack[f, i] * margin[f, i]
        most[f], worth[f] = sum_, priced


@inner
def _gain(reach: Reach, limits: Limits, plan: Plan, j: int, new: I64, most: F64, worth: F64) -> float:
    """What a site's new options serve more while it is open, at margins."""
    flows, years, services = len(most), len(new), len(limits.capacity)
    hours, gain = flows // (years * services), 0.0
    for t in range(years):
        for s in range(services):
            more = limits.capacity[s, new[t]] - limits.capacity[s, plan.path[t, j]]
            if more > 0:
                for h in range(hours):
                    f = (t * services + s) * hours + h
                    if most[f] > 0.0 and reach.open[j, h]:
                        gain += worth[f] * min(1.0, (more + plan.room[f, j]) / most[f])
    return gain


@inner
def _progress(limits: Limits, plan: Plan, j: int, new: I64) -> float:
    """How much of what rows still miss the new options bring."""
    sum_ = 0.0
    for k in range(len(plan.short)):
        if plan.short[k] > 0:
            t = limits.row_year[k]
            more = limits.coefficient[k, new[t]] - limits.coefficient[k, plan.path[t, j]]
            sum_ += min(plan.short[k], max(more, 0)) / limits.at_least[k]
    return sum_


@inner
def _offer(
    reach: Reach, options: Options, limits: Limits, plan: Plan, margin: F64, price: F64, j: int, offers: Offers,
    most: F64, worth: F64, rows: bool,
) -> None:  # fmt: skip
    """The growth of a site that brings the most for its price; rows: towards what rows miss."""
    years = len(plan.path)
    new, bill, steps = np.empty(years, np.int64), np.empty(years, np.int64), np.empty(years, np.int64)
    offers.option[j], offers.score[j], offers.stale[j] = -1, 0.0, 0
    _sums(reach, plan, margin, j, most, worth)
    for to in range(options.first[j], options.first[j + 1]):
        for year in range(years):
            if not _grown(options, plan.path, j, year, to, new):
                continue
            gain = _gain(reach, limits, plan, j, new, most, worth)
            if rows:
                progress = _progress(limits, plan, j, new)
                gain = progress * (1.0 + gain) if progress > 0.0 else 0.0
            if gain <= 0.0 or not _bill(options, limits, plan, j, new, bill, steps):
                continue
            if not _affordable(limits, plan, bill):
                continue
            paid = _TINY
            for t in range(years):
                paid += price[t] * bill[t]
            score = gain / max(paid, _TINY)
            if score > offers.score[j]:
                offers.year[j], offers.option[j], offers.score[j] = year, to, score


@inner
def _set(reach: Reach, options: Options, limits: Limits, plan: Plan, j: int, new: I64) -> None:
    """Write a site's options (T), with money, feeders, rows and room; room may fall below 0."""
    years, services = len(new), len(limits.capacity)
    flows = len(plan.room)
    hours = flows // (years * services)
    bill, steps = np.zeros(years, np.int64), np.zeros(years, np.int64)
    _bill(options, limits, plan, j, new, bill, steps)
    b = limits.feeder[j]
    for t in range(years):
        old = plan.path[t, j]
        plan.spent[t] += bill[t]
        if b >= 0:
            plan.load[t, b] += limits.va[new[t]] - limits.va[old]
            plan.steps[t, b] = steps[t]
        for s in range(services):
            more = limits.capacity[s, new[t]] - limits.capacity[s, old]
            for h in range(hours):
                plan.room[(t * services + s) * hours + h, j] += more if reach.open[j, h] else 0
    for k in range(len(plan.short)):
        t = limits.row_year[k]
        plan.short[k] -= limits.coefficient[k, new[t]] - limits.coefficient[k, plan.path[t, j]]
    plan.path[:, j] = new


@inner
def _row(flows: int, years: int, services: int, f: int) -> int:
    """The row of `sent` that flow f has."""
    hours = flows // (years * services)
    return f // (hours * services) * hours + f % hours


@inner
def _absorb(reach: Reach, plan: Plan, margin: F64, j: int, offers: Offers) -> int:
    """Unserved demand within reach goes to the room of a site; sites whose offers it changes are stale. Returns how
    much of it has a margin above 0.
    """
    flows, years, services = len(plan.room), len(plan.path), len(reach.first)
    hours, counted = flows // (years * services), 0
    touched = np.zeros((services, plan.slack.shape[1]), np.bool_)
    for f in range(flows):
        if plan.room[f, j] <= 0:
            continue
        s, row = f // hours % services, _row(flows, years, services, f)
        for k in range(reach.start[s, j], reach.start[s, j + 1]):
            q = reach.pair[k]
            i = reach.point[q]
            amount = min(plan.slack[f, i], plan.room[f, j])
            if amount > 0:
                plan.sent[row, q] += amount
                plan.slack[f, i] -= amount
                plan.room[f, j] -= amount
                touched[s, i] = True
                counted += amount if margin[f, i] > 0.0 else 0
            if plan.room[f, j] == 0:
                break
    for s in range(services):
        for i in range(touched.shape[1]):
            if touched[s, i]:
                for r in range(reach.first[s, i], reach.first[s, i + 1]):
                    offers.stale[reach.site[r]] = 1
    return counted


@inner
def _yield(reach: Reach, plan: Plan, j: int) -> None:
    """Flow beyond what a site can take becomes unserved demand again."""
    flows, years, services = len(plan.room), len(plan.path), len(reach.first)
    hours = flows // (years * services)
    for f in range(flows):
        s, row = f // hours % services, _row(flows, years, services, f)
        for k in range(reach.start[s, j], reach.start[s, j + 1]):
            if plan.room[f, j] >= 0:
                break
            q = reach.pair[k]
            amount = min(-plan.room[f, j], plan.sent[row, q])
            plan.sent[row, q] -= amount
            plan.slack[f, reach.point[q]] += amount
            plan.room[f, j] += amount


@outer
def shrink(reach: Reach, options: Options, limits: Limits, plan: Plan, j: int, new: I64) -> None:
    """Give a site the options new (T), fewer than it has."""
    _set(reach, options, limits, plan, j, new)
    _yield(reach, plan, j)


@inner
def _highest(score: F64, noise: F64) -> int:
    """The first site of the highest score times noise."""
    best = 0
    for j in range(1, len(score)):
        if score[j] * noise[j] > score[best] * noise[best]:
            best = j
    return best


@outer
def grow(
    reach: Reach, options: Options, limits: Limits, plan: Plan, margin: F64, price: F64, noise: F64, offers: Offers,
    enough: int, *, rows: bool,
) -> int:  # fmt: skip
    """Let sites grow, the best offer for its price times noise (J) first, until none pays or `enough` more is served.

    margin (F, I): what unserved demand counts; price (T) of a fen. rows: only towards what rows still miss.
    Returns how many times a site grew.
    """
    flows, years, count, got = len(plan.room), len(plan.path), 0, 0
    sums, worth, new = np.empty(flows), np.empty(flows), np.empty(years, np.int64)
    while got < enough:
        best = _highest(offers.score, noise)
        if offers.score[best] <= 0.0:
            break
        if offers.stale[best]:
            _offer(reach, options, limits, plan, margin, price, best, offers, sums, worth, rows)
            continue
        _grown(options, plan.path, best, offers.year[best], offers.option[best], new)
        steps, bill = np.empty(years, np.int64), np.empty(years, np.int64)
        if not _bill(options, limits, plan, best, new, bill, steps) or not _affordable(limits, plan, bill):
            _offer(reach, options, limits, plan, margin, price, best, offers, sums, worth, rows)
            continue
        _set(reach, options, limits, plan, best, new)
        _yield(reach, plan, best)
        got += _absorb(reach, plan, margin, best, offers)
        offers.stale[best] = 1
        count += 1
        if rows:
            offers.stale[:] = 1
            missing = 0
            for k in range(len(plan.short)):
                missing += max(plan.short[k], 0)
            if missing == 0:
                break
    return count
