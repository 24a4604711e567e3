"""Maximal covering without a solver: greedy choice, interchange, Lagrangian prices and what they close for good."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimise.location.covers import limits_of, merged
from optimise.location.inputs import F64
from optimise.location.kernels.cover import Cover, Limits, State, begin, fill, interchange
from optimise.location.kernels.cover_prices import best_sites, lagrange, reduced_worth, settle, worths
from optimise.location.result import PROOF
from optimise.location.rules import Flags, SiteRules
from optimise.problem import I64
from optimise.solver import gap_of
from optimise.stop import Run

TOUCHES_PER_WORK = 2e8
"""Pairs looked at in a unit of work, about a second."""
_CHUNK_WORK = 0.005
_FIRST_WORK, _NEXT_WORK, _MORE_WORK = 0.005, 0.03, 1.5
"""Units of interchange before the bound, before its slow part, and after it where many pairs leave the gap open."""
_LARGE = 200_000
"""Pairs from which on the interchange is worth more work than branch and bound."""
_PRICE_ROUNDS, _FAST_ROUNDS, _PRICE_CHUNK = 1_200, 60, 20
_LONG_STEP, _SHORT_STEP = 2.0, 0.2
_FLOOR_TRIES, _FLOOR_STEP = 12, 2.0


@dataclass(frozen=True, eq=False)
class Case:
    """A checked input. demand (D) weights; area (D), floor (A); count: open sites at most."""

    first: I64
    site: I64
    demand: F64
    rules: SiteRules
    count: int
    area: I64
    floor: F64

    @cached_property
    def whole(self) -> bool:
        """All weights are whole numbers, and so is every value."""
        return bool((self.demand == np.rint(self.demand)).all())

    @cached_property
    def row(self) -> I64:
        """(R) demand point of each pair."""
        return np.repeat(np.arange(len(self.demand)), np.diff(self.first))

    @cached_property
    def limits(self) -> Limits:
        return limits_of(self.rules, self.count)

    def covered(self, open_: Flags) -> Flags:
        """(D)."""
        out = np.zeros(len(self.demand), np.bool_)
        out[self.row[open_[self.site]]] = True
        return out

    def worth(self, open_: Flags) -> float:
        return math.fsum(self.demand[self.covered(open_)].tolist())

    def short(self, open_: Flags) -> F64:
        """(A) weight that each area lacks."""
        met = np.bincount(self.area, self.demand * self.covered(open_), minlength=len(self.floor))
        lack: F64 = np.maximum(0.0, self.floor * (1.0 - PROOF) - met) if len(self.floor) else self.floor
        return lack

    def alone(self) -> F64:
        """(C) weight that each site covers on its own."""
        return np.bincount(self.site, self.demand[self.row], minlength=self.rules.sites).astype(float)

    def cover(self, keep: Flags) -> tuple[Cover, I64]:
        """The merged rows of the sites kept, and the area of each."""
        kind = self.area if len(self.floor) else np.zeros(len(self.demand), np.int64)
        cover, became = merged(self.first, self.site, self.demand, kind, keep)
        of = np.zeros(len(cover.weight), np.int64)
        of[became[became >= 0]] = kind[became >= 0]
        return cover, of

    def rounded(self, bound: float) -> float:
        """A bound moved outwards by the error of sums, and down to a whole number where values are whole."""
        safe = bound + PROOF * max(1.0, abs(bound))
        return float(math.floor(safe)) if self.whole else safe


@dataclass(frozen=True, eq=False)
class Found:
    """open (C), its value, the bound; price (I) of the rows of `cover` at that bound."""

    open: Flags
    value: float
    bound: float
    cover: Cover
    price: F64


Told = Callable[[float, float], None]


def search(case: Case, start: I64, run: Run, seed: int, told: Told) -> Found:
    """The best choice of greedy, interchange and, where areas have floors, dearer areas; with a Lagrangian bound."""
    cover, _ = case.cover(case.rules.usable)
    state = begin(cover, case.limits, start, max(1, min(case.limits.most_open, case.rules.sites)))
    fill(cover, case.limits, state, 0)
    best = Best(case, cover, state, seed)
    best.improve(run, _FIRST_WORK)
    in_reach = math.fsum(cover.weight.tolist())
    told(best.value, in_reach)
    bound, price = in_reach, 0.5 * cover.weight
    if best.value < in_reach and not run.over():
        bound, price = _priced(best, in_reach, run)
    if gap_of(best.value, case.rounded(bound)) > run.stop.gap:
        best.improve(run, _MORE_WORK if len(cover.site) > _LARGE else _NEXT_WORK)
    open_ = best.open
    told(best.value, bound)
    if case.short(open_).any():
        open_ = _lifted(case, start, open_, run)
    return Found(open_, case.worth(open_), bound, cover, price)


class Best:
    """The interchange under way: its state and the best choice so far."""

    def __init__(self, case: Case, cover: Cover, state: State, seed: int) -> None:
        self.case, self.cover, self.state = case, cover, state
        self.open, self.value, self.at = state.open.copy(), float(state.sums[2]), 1
        self.random = np.array([2 * (seed % 2**62) + 1], np.uint64)
        per_site = len(cover.site) / max(1, case.rules.sites)
        longest = len(cover.site) / max(1, len(cover.weight))
        slots = len(state.held)
        self.touches = 1.0 + slots * case.rules.sites + 4.0 * per_site * longest

    def improve(self, run: Run, work: float) -> None:
        """Interchange for so much more work, until the stop or until all in reach is covered."""
        case, all_ = self.case, math.fsum(self.cover.weight.tolist())
        spent, chunk = 0.0, max(1, int(_CHUNK_WORK * TOUCHES_PER_WORK / self.touches))
        while spent < work and not run.over() and self.value < all_ * (1.0 - PROOF):
            self.value = interchange(
                self.cover, case.limits, self.state, self.open, self.value, chunk, self.at, self.random
            )
            self.at += chunk
            done = chunk * self.touches / TOUCHES_PER_WORK
            spent += done
            run.spend(done)


def _priced(best: Best, most: float, run: Run) -> tuple[float, F64]:
    """The Lagrangian bound, never above `most`, and its prices; where it does not close soon, better choices too."""
    case, cover = best.case, best.cover
    step, slope = np.array([np.inf, _LONG_STEP, 0.0]), np.zeros(len(cover.weight))
    price, trial = 0.5 * cover.weight, np.zeros(0)
    for done in range(0, _PRICE_ROUNDS, _PRICE_CHUNK):
        if done < _FAST_ROUNDS:
            _, price = lagrange(cover, case.limits, best.value, price, slope, _PRICE_CHUNK, step)
        else:
            if not len(trial):
                best.improve(run, _NEXT_WORK)
                trial, step[1], step[2] = price.copy(), _SHORT_STEP, 0.0
                slope[:] = 0.0
            settle(cover, case.limits, best.value, price, trial, slope, step, _PRICE_CHUNK)
        run.spend(2.0 * len(cover.site) * _PRICE_CHUNK / TOUCHES_PER_WORK)
        closed = gap_of(best.value, case.rounded(min(most, step[0]))) <= run.stop.gap
        if closed or run.over() or step[1] == 0.0:
            break
    return min(float(step[0]), most), price


def _lifted(case: Case, start: I64, open_: Flags, run: Run) -> Flags:
    """Greedy choices with the demand of areas below their floor ever dearer; the first that meets the floors, or what
    was there.
    """
    lift = np.ones(len(case.floor))
    lacking = case.short(open_)
    for _ in range(_FLOOR_TRIES):
        if run.over():
            break
        lift[lacking > 0] *= _FLOOR_STEP
        dear = replace(case, demand=case.demand * lift[case.area], floor=np.zeros(0))
        cover, _ = dear.cover(case.rules.usable)
        state = begin(cover, case.limits, start, max(1, case.limits.most_open))
        fill(cover, case.limits, state, 0)
        best = Best(dear, cover, state, 0)
        best.improve(run, _CHUNK_WORK)
        lacking = case.short(best.open)
        if not lacking.any():
            return best.open
    return open_


def settled(case: Case, found: Found, cutoff: float) -> tuple[Flags, Flags]:
    """(C) sites that any choice worth `cutoff` or more keeps closed, and those it opens."""
    limits, sites = case.limits, case.rules.sites
    worth, share = np.empty(sites), np.empty(sites)
    worths(found.cover, found.price, worth)
    bound = best_sites(limits, worth, share) + float((found.cover.weight - found.price).sum())
    reduced, slack = reduced_worth(limits, worth, share), bound - cutoff + PROOF * max(1.0, abs(bound))
    free = limits.may & ~limits.keep
    return (free & (reduced < -slack)) | ~limits.may, (free & (reduced > slack)) | limits.keep
