"""Dispatch points with proof: plans by annealing, a bound from prices, and the best of all sets where they are few."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from network import InputError, Problem
from optimise.location.mip import on_safe_side
from optimise.points.answer import PointAnswer, PointReason, needs_of
from optimise.points.exact import all_sets, best_sets, choose
from optimise.points.frame import Frame
from optimise.points.plans import NOTHING, Plans
from optimise.points.prices import Bound
from optimise.points.problem import PointProblem
from optimise.problem import I64
from optimise.solver import Listener, Progress, Status, gap_of
from optimise.stop import Gap, Run, Stop, Work

POINTS_UNTIL: Final[Stop] = Gap(0.01) | Work(100)
"""Stops at the same point on every machine. A unit of work: plans.WORK steps of the kernels, one to three seconds."""
_NAME: Final = "points"
_ROUNDS: Final = (40, 200, 1500)
"""Rounds of each annealing; the last is repeated while the run goes on."""
_STEPS: Final = 200
"""Steps of prices after each."""
_CUTS, _CUT_STEPS = 3, 100
"""Times that cuts are added after it, but for the first, and steps of prices then."""
_MOST_ANNEALINGS: Final = 1000
_PART: Final = 0.25
"""Of the gap asked for, what a plan put together of sets may fall short of the best of these sets."""


class _Search:
    """Plans and bound of one problem."""

    def __init__(self, problem: PointProblem, run: Run, seed: int, progress: Listener | None) -> None:
        self.run, self.progress = run, progress
        self.frame = Frame(problem)
        self.plans = Plans(self.frame, run, seed)
        self.bound = self.frame.far
        """Of the objective, to be made most; NOTHING where there is proof that no plan keeps to the limits."""

    @property
    def closed(self) -> bool:
        """Whether enough is proven."""
        value, shown = self.plans.value, self.frame.shown
        if value == NOTHING:
            return self.bound == NOTHING
        return self.bound <= value or gap_of(shown(value), shown(self.bound)) <= self.run.stop.gap

    def search(self, enough: int | None = None) -> None:
        """Until enough is proven, or a plan is worth `enough` or none can be."""
        prices: Bound | None = None
        for k, rounds in enumerate((*_ROUNDS, *[_ROUNDS[-1]] * _MOST_ANNEALINGS)):
            before = (self.plans.value, self.bound)
            self.plans.anneal(rounds, partial(self._done, enough))
            self._tell()
            prices = prices or Bound(self.frame, self.run, self.plans)
            for cut in range(_CUTS + 1 if k else 1):
                if self._done(enough) or (cut and not prices.cut()):
                    break
                prices.improve(_CUT_STEPS if cut else _STEPS, partial(self._improved, prices, enough))
                self._improved(prices, enough)
                self._tell()
            tried = self._done(enough) or (k > 0 and self._assembled(prices, enough))
            if tried or self._proven(prices) or self._done(enough):
                return
            endless = math.isinf(self.run.stop.work + self.run.stop.seconds)
            if endless and k >= len(_ROUNDS) and before == (self.plans.value, self.bound):
                return

    def _improved(self, prices: Bound, enough: int | None) -> bool:
        if math.isfinite(prices.value):
            self.bound = max(min(self.bound, on_safe_side(prices.value, above=True)), self.plans.value)
        return self._done(enough)

    def _done(self, enough: int | None) -> bool:
        if self.closed or self.run.over():
            return True
        return enough is not None and (self.plans.value >= enough or self.bound < enough)

    def _assembled(self, prices: Bound, enough: int | None) -> bool:
        """Whether a plan put together of the sets that earn most at the prices is enough."""
        value, site_of = self.plans.value, self.plans.site_of
        if site_of is None:
            return False
        sets = best_sets(self.frame, prices, value, site_of)
        chosen = choose(self.frame, sets, self.run, _PART * self.run.stop.gap) if sets is not None else None
        if chosen is not None and chosen.site_of is not None:
            self.plans.better(chosen.site_of)
            self._tell()
        return self._done(enough)

    def _proven(self, prices: Bound) -> bool:
        """Whether the best of all sets that a better plan could hold was found."""
        sets = all_sets(self.frame, prices, self.plans.value)
        chosen = choose(self.frame, sets, self.run) if sets is not None else None
        if chosen is None:
            return False
        if chosen.site_of is not None:
            self.plans.better(chosen.site_of)
        self.bound = max(chosen.bound, self.plans.value)
        return self.closed

    def _tell(self) -> None:
        if self.progress:
            shown = self.frame.shown
            value = None if self.plans.value == NOTHING else shown(self.plans.value)
            bound = None if self.bound == NOTHING else shown(self.bound)
            self.progress(Progress(self.run.seconds, value, bound, _NAME))


def solve_points(
    problem: PointProblem, *, stop: Stop = POINTS_UNTIL, run: Run | None = None, seed: int = 0,
    progress: Listener | None = None,
) -> PointAnswer:  # fmt: skip
    """The best plan found before the stop, and a bound that no plan is better than. Of plans that serve as much, one
    that costs less.

    run: one that goes on already, in place of `stop`. Raises InputError for a negative seed.
    """
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    run = run or stop.start()
    search = _Search(problem, run, seed, progress)
    if problem.least_weight > 0 and not _reachable(search, seed):
        status: Status = "infeasible" if search.bound == NOTHING else "unknown"
        reasons = _reasons(problem, run, seed) if status == "infeasible" else ()
        return _answer(search, np.full(problem.demands, -1), status, seed, reasons)
    search.search()
    if search.plans.site_of is None:
        return _answer(search, np.full(problem.demands, -1), "unknown", seed)
    status = "optimal" if search.bound == search.plans.value else "feasible"
    return _answer(search, search.plans.site_of, status, seed)


def _reachable(search: _Search, seed: int) -> bool:
    """Whether a plan serves the least weight: found, or at least not disproved."""
    problem, run = search.frame.problem, search.run
    search.plans.anneal(_ROUNDS[0])
    if search.plans.value != NOTHING or run.over():
        return search.plans.value != NOTHING
    most = _Search(_most(problem, budget=True), run, seed, None)
    most.search(enough=problem.least_weight)
    if most.bound < problem.least_weight:
        search.bound = NOTHING
    elif most.plans.value >= problem.least_weight and most.plans.site_of is not None:
        search.plans.better(most.plans.site_of)
    return search.plans.value != NOTHING


def _most(problem: PointProblem, *, budget: bool) -> PointProblem:
    """The question how much weight can be served."""
    return replace(problem, objective="cover", least_weight=0, budget_fen=problem.budget_fen if budget else -1)


def _reasons(problem: PointProblem, run: Run, seed: int) -> tuple[PointReason, ...]:
    """How much can be served without a budget, and within it."""
    reasons = []
    for within in ("without budget", "within the budget"):
        if within == "without budget" or problem.budget_fen >= 0:
            search = _Search(_most(problem, budget=within != "without budget"), run, seed, None)
            search.search()
            value, bound = max(search.plans.value, 0), search.bound
            reasons.append(PointReason(within=within, most=bound, proven=bound == value))
    return tuple(reasons)


def _answer(
    search: _Search, site_of: I64, status: Status, seed: int, reasons: tuple[PointReason, ...] = ()
) -> PointAnswer:
    p, shown = search.frame.problem, search.frame.shown
    site_of = np.array(site_of, np.int64)
    need = needs_of(p, site_of)
    open_ = p.there | (np.bincount(site_of[site_of >= 0], minlength=p.sites) > 0)
    spaces = np.where(p.there, np.maximum(need, p.already), np.where(open_, np.maximum(need, p.least), 0))
    known = status in {"optimal", "feasible"}
    for column in (site_of, spaces, open_):
        column.flags.writeable = False
    return PointAnswer(
        site_of=site_of, spaces=spaces, open=open_, value=shown(search.plans.value) if known else 0,
        bound=shown(search.bound) if known else 0, status=status, money_fen=p.money_fen(open_, spaces),
        served_weight=int(p.weight[site_of >= 0].sum()), seed=seed, seconds=search.run.seconds, reasons=reasons,
    )  # fmt: skip
