"""Search for plans at given prices: demand points move between open sites, and whole sites are set up anew or closed.

A site is set up anew with the set that is worth most to it, where those of other sites are worth what they save there
(a very large neighbourhood after Ahuja et al. 2002, doi 10.1016/S0166-218X(01)00338-9). Moves that lose are taken with
the chance of simulated annealing.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from optimise.charging.kernels.shapes import F64, I32, I64, inner, outer
from optimise.location.kernels.moves import draw
from optimise.location.kernels.shapes import Random
from optimise.points.kernels.needs import Near, Sites, cost, margin, put
from optimise.points.kernels.price import Cuts, Looked, price_site

_FINE = 1 << 30
_NEVER = -1e300
_PAIR, _THOUSAND = 100, 1000
"""Steps that trying a point at a site counts as."""


class Plan(NamedTuple):
    """site_of (I), -1 for none; of each site: sums (J, W, T+1), flow (J, W), number of
    points, spaces and paid (J); near_by (J): new sites open that are too near it; total (2): money and weight.
    """

    site_of: I64
    sums: I32
    flow: I64
    number: I64
    spaces: I64
    paid: I64
    near_by: I64
    total: I64


class Aims(NamedTuple):
    """gain (I) of serving a point, weight (I), fen: worth of a fen; limits (2): money at most and weight at least, from
    which no move leads away; apart: sites too near j are other[begin[j]:begin[j+1]].
    """

    gain: F64
    weight: I64
    fen: float
    limits: I64
    begin: I64
    other: I64


@inner
def _needed(near: Near, plan: Plan, j: int, i: int, sign: int) -> int:
    """Spaces of a site with one point more, or less."""
    most = np.int64(0)
    for w in range(plan.flow.shape[1]):
        low, high = np.int32(0), np.int32(0)
        for t in range(near.net.shape[2]):
            here = np.int32(plan.sums[j, w, t] + sign * near.net[i, w, t])
            low = min(low, here)
            high = max(high, here)
        most = max(most, np.int64(high) - np.int64(low) + margin(plan.flow[j, w] + sign * near.flow[i, w], near.z))
    return int(-((-most) // _THOUSAND))


@inner
def _priced(sites: Sites, j: int, count: int, spaces: int) -> int:
    return cost(sites, j, spaces) if count > 0 or sites.already[j] > 0 else 0


@inner
def _with(near: Near, sites: Sites, plan: Plan, j: int, i: int, sign: int) -> int:
    """Money of a site with one point more or less, -1 where it has not the spaces."""
    spaces = _needed(near, plan, j, i, sign)
    if spaces > sites.most[j]:
        return -1
    return _priced(sites, j, plan.number[j] + sign, spaces)


@inner
def _change(near: Near, sites: Sites, aims: Aims, plan: Plan, j: int, i: int, sign: int) -> None:
    """One point more or less at a site."""
    spaces = _needed(near, plan, j, i, sign)
    put(near, i, plan.sums[j], plan.flow[j], sign)
    plan.number[j] += sign
    turned = plan.number[j] == (1 if sign > 0 else 0)
    if turned and sites.already[j] == 0:
        for k in range(aims.begin[j], aims.begin[j + 1]):
            plan.near_by[aims.other[k]] += sign
    plan.spaces[j] = spaces
    plan.total[0] -= plan.paid[j]
    plan.paid[j] = _priced(sites, j, plan.number[j], spaces)
    plan.total[0] += plan.paid[j]


@inner
def _shift(near: Near, sites: Sites, aims: Aims, plan: Plan, i: int, to: int) -> None:
    """Let another site, or none (-1), serve a point."""
    at = plan.site_of[i]
    if at >= 0:
        _change(near, sites, aims, plan, at, i, -1)
        plan.total[1] -= aims.weight[i]
    if to >= 0:
        _change(near, sites, aims, plan, to, i, 1)
        plan.total[1] += aims.weight[i]
    plan.site_of[i] = to


@inner
def _kept(aims: Aims, money: int, weight: int, money_after: int, weight_after: int) -> bool:
    """Whether a move does not lead away from the limits."""
    if money_after > max(aims.limits[0], money):
        return False
    return bool(weight_after >= min(aims.limits[1], weight))


@inner
def _noise(state: Random) -> float:
    return -math.log((draw(state, _FINE) + 1.0) / _FINE)


@inner
def _move(near: Near, sites: Sites, aims: Aims, plan: Plan, i: int, heat: float, state: Random) -> float:
    """Let the site that is best for it serve a point, or none; returns what that gains."""
    at, saved = plan.site_of[i], 0
    if at >= 0:
        rest = _with(near, sites, plan, at, i, -1)
        if rest < 0:
            return 0.0
        saved = plan.paid[at] - rest
    money, weight = plan.total[0], plan.total[1] - (aims.weight[i] if at >= 0 else 0)
    stay = aims.gain[i] - aims.fen * saved if at >= 0 else 0.0
    best, to, chosen = stay + heat * _noise(state), at, stay
    if at >= 0 and _kept(aims, money, plan.total[1], money - saved, weight) and heat * _noise(state) > best:
        best, to, chosen = 0.0, -1, 0.0
    for r in range(near.first[i], near.first[i + 1]):
        j = near.site[r]
        if j == at or (plan.number[j] == 0 and sites.already[j] == 0):
            continue
        after = _with(near, sites, plan, j, i, 1)
        if after < 0 or not _kept(aims, money, plan.total[1], money - saved + after - plan.paid[j],
                                  weight + aims.weight[i]):  # fmt: skip
            continue
        value = aims.gain[i] - aims.fen * (after - plan.paid[j])
        noisy = value + heat * _noise(state)
        if noisy > best:
            best, to, chosen = noisy, j, value
    if to == at:
        return 0.0
    _shift(near, sites, aims, plan, i, to)
    return chosen - stay


@inner
def _clear(near: Near, sites: Sites, aims: Aims, plan: Plan, j: int, undo: I64, size: int) -> int:
    """Take all points from a site and note them; returns how many are noted by now."""
    for k in range(near.start[j], near.start[j + 1]):
        i = near.point[k]
        if plan.site_of[i] == j:
            undo[size, 0], undo[size, 1] = i, j
            size += 1
            _shift(near, sites, aims, plan, i, -1)
    return size


@inner
def _end(
    near: Near, sites: Sites, aims: Aims, plan: Plan, before: I64, gained: float, undo: I64, size: int, bar: float
) -> bool:
    """Keep the moves noted if they gain more than `bar` and all sites have the spaces, else take them back."""
    fits = _kept(aims, before[0], before[1], plan.total[0], plan.total[1])
    for k in range(size):
        j = undo[k, 1]
        fits = fits and (j < 0 or plan.spaces[j] <= sites.most[j])
    if fits and gained - aims.fen * (plan.total[0] - before[0]) > bar:
        return True
    for k in range(size - 1, -1, -1):
        _shift(near, sites, aims, plan, undo[k, 0], undo[k, 1])
    return False


@inner
def _back(near: Near, sites: Sites, aims: Aims, plan: Plan, undo: I64, size: int, but: int) -> float:
    """Let open sites but one serve those that were noted and have none; what they gain by themselves."""
    gained = 0.0
    for k in range(size):
        i, best, to = undo[k, 0], 0.0, -1
        if plan.site_of[i] >= 0:
            continue
        for r in range(near.first[i], near.first[i + 1]):
            j = near.site[r]
            if j == but or (plan.number[j] == 0 and sites.already[j] == 0):
                continue
            after = _with(near, sites, plan, j, i, 1)
            if after < 0:
                continue
            value = aims.gain[i] - aims.fen * (after - plan.paid[j])
            if value > best:
                best, to = value, j
        if to >= 0:
            _shift(near, sites, aims, plan, i, to)
            gained += aims.gain[i]
    return gained


@inner
def _renew(
    near: Near, sites: Sites, looked: Looked, aims: Aims, plan: Plan, j: int, bar: float, undo: I64, worth: F64,
    none: Cuts, close: bool,
) -> int:  # fmt: skip
    """Set up a site anew with what is worth most to it, where sites too near it close, or close it. Returns the sets
    looked at.
    """
    before, gained, begin, end = plan.total.copy(), 0.0, near.start[j], near.start[j + 1]
    size = _clear(near, sites, aims, plan, j, undo, 0)
    if not close and sites.already[j] == 0 and plan.near_by[j] > 0:
        for k in range(aims.begin[j], aims.begin[j + 1]):
            if plan.number[aims.other[k]] > 0:
                size = _clear(near, sites, aims, plan, aims.other[k], undo, size)
    for k in range(size):
        gained -= aims.gain[undo[k, 0]]
    for k in range(begin, end):
        i = near.point[k]
        at = plan.site_of[i]
        if close:
            worth[k] = 0.0
        elif at < 0:
            worth[k] = aims.gain[i]
        else:
            rest = _with(near, sites, plan, at, i, -1)
            worth[k] = aims.fen * (plan.paid[at] - rest) if rest >= 0 else _NEVER
    taken = np.zeros(end - begin, np.bool_)
    value, _, some = price_site(near, sites, looked, j, worth, aims.fen, 0.0, taken, none)
    if size == 0 and value <= 0.0:
        return some
    noted = size
    for k in range(begin, end):
        i = near.point[k]
        if taken[k - begin]:
            undo[size, 0], undo[size, 1] = i, plan.site_of[i]
            size += 1
            gained += aims.gain[i] if plan.site_of[i] < 0 else 0.0
            _shift(near, sites, aims, plan, i, j)
    gained += _back(near, sites, aims, plan, undo, noted, j if close else -1)
    _end(near, sites, aims, plan, before, gained, undo, size, bar)
    return some


@outer
def sweep(
    near: Near, sites: Sites, looked: Looked, aims: Aims, plan: Plan, points: I64, order: I64, heat: float,
    state: Random,
) -> int:  # fmt: skip
    """Each of `points` moves, each site of `order` closes or is set up anew, where that gains; returns the work."""
    work = 0
    for i in points:
        _move(near, sites, aims, plan, i, heat, state)
        work += _PAIR * (near.first[i + 1] - near.first[i])
    undo, worth = np.zeros((2 * len(plan.site_of), 2), np.int64), np.zeros(len(near.point))
    nothing = np.zeros(0, np.int64)
    none = Cuts(np.zeros(len(plan.number) + 1, np.int64), nothing, nothing, nothing, np.zeros(0), nothing)
    for j in order:
        for close in (True, False):
            if plan.number[j] > 0 or not close:
                bar = -heat * _noise(state)
                work += _renew(near, sites, looked, aims, plan, j, bar, undo, worth, none, close)
        work += _PAIR * (near.start[j + 1] - near.start[j])
    return work


@outer
def serve(near: Near, sites: Sites, aims: Aims, plan: Plan, site_of: I64) -> None:
    """Let each site serve whom it does in another plan."""
    for i in range(len(site_of)):
        if site_of[i] != plan.site_of[i]:
            _shift(near, sites, aims, plan, i, site_of[i])
