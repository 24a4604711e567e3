"""The last of a gap: a whole-number model over cuts, solved again and again until its bound is what its plan serves."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from optimise.charging.kernels import prices as kernels
from optimise.charging.model import Flags, Master
from optimise.charging.problem import F64, ChargerProblem
from optimise.charging.relax import LEVELS, Prices
from optimise.charging.search import Search
from optimise.location.mip import on_safe_side, run_highs
from optimise.problem import I64
from optimise.solver import gap_of
from optimise.stop import Run

COLUMNS_PER_WORK = 4000
"""Columns of a model whose nodes cost a unit of work each."""
_CLOSE = 0.999
"""Whole numbers nearer than this are the same."""


@dataclass(eq=False)
class Cuts:
    """Margins turned into cuts, kept apart from the state of the prices."""

    prices: Prices

    def of(self, margin: F64) -> tuple[F64, F64]:
        """(F) what demand is worth beyond its margins, and (F, O) what options earn at them."""
        x = self.prices
        one = np.ones_like(x.top)
        kernels.earn(x.reach, x.steps, x.flows, margin, one, LEVELS, x.level, x.order, x.many, x.earned)
        left = x.flows.sum(axis=1) - np.einsum("fi,fi->f", x.flows, x.level) / LEVELS
        service = np.arange(len(x.flows)) // x.problem.hours % x.problem.services
        return left, x.earned[np.arange(len(x.flows))[:, None], x.steps.of[service]]


def feasible_plan(problem: ChargerProblem, run: Run, seed: int) -> tuple[I64, I64] | Literal[False] | None:
    """A plan that keeps every rule but those on what is served; None where there is none, False where it is not
    known.
    """
    master = Master(problem, _everything(problem))
    result = run_highs(master.model, run, seed=seed, node_work=0.0)
    if result.has_primal_feasible_solution():
        return master.read(result)
    return None if _no_better(result) else False


def finish(search: Search, prices: Prices, bound: int, run: Run, seed: int) -> int:
    """Close the gap by the model, as far as the stop allows; returns the bound. Better plans are kept by the search.

    Values and bounds are those of the search: the more the better.
    """
    problem = search.problem
    master = Master(problem, prices.useful(bound, search.best_value))
    master.add_flows(prices.flows)
    cuts = Cuts(prices)
    _add(master, cuts.of(prices.best.margin), None)
    _add(master, cuts.of(search.judge(search.best).margin), None)
    work = (master.model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5
    while not run.over() and gap_of(search.best_value, bound) > run.stop.gap:
        result = run_highs(master.model, run, seed=seed, node_work=work)
        run.spend(work)
        if _no_better(result):
            return search.best_value
        bound = min(bound, max(_bound_of(master, result), search.best_value))
        if not result.has_primal_feasible_solution():
            break
        path, steps = master.read(result)
        judged = search.judge(path)
        added = search.consider(path, steps, judged)
        promised = np.array([result.variable_values(theta) for theta in master.flows])
        broken = np.flatnonzero(promised > judged.served + 1.0 - _CLOSE).tolist()
        if broken:
            _add(master, cuts.of(judged.margin), broken)
        for t in np.flatnonzero(judged.missed).tolist() if not broken else []:
            master.add_more(t, path[t])
            broken.append(-1)
        if not broken and not added:
            break
    return bound


def _bound_of(master: Master, result: Any) -> int:
    high = float(result.dual_bound())
    if not math.isfinite(high):
        return 2**62
    if master.problem.objective == "served":
        return on_safe_side(high, above=True)
    return -master.unit * on_safe_side(high, above=False)


def _no_better(result: Any) -> bool:
    from ortools.math_opt.python import mathopt

    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)


def _add(master: Master, cut: tuple[F64, F64], flows: list[int] | None) -> None:
    left, earned = cut
    for f in range(len(left)) if flows is None else flows:
        master.add_cut(f, float(left[f]), earned[f])


def _everything(problem: ChargerProblem) -> Flags:
    return np.ones((problem.years, len(problem.option_fen)), np.bool_)
