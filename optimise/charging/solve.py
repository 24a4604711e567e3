"""The best plan of chargers and its proof: plans that grow and prices that bound them, each guiding the other."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from optimise.charging.answer import ChargerAnswer
from optimise.charging.exact import feasible_plan, finish
from optimise.charging.problem import ChargerProblem
from optimise.charging.reasons import conflicts, remarks, together
from optimise.charging.relax import Prices
from optimise.charging.rows import paid_by_year
from optimise.charging.search import NOTHING, Search
from optimise.problem import I64
from optimise.solver import Listener, Progress, Status, gap_of
from optimise.stop import Run, Stop

NAME = "chargers"
MOVES, ROUNDS = 20, 4
"""Moves of the prices and rounds of the search in turn."""
_SAFETY = 1e-9
"""Relative error allowed to floating-point sums before a bound is rounded."""
_REGROW = 4
"""Turns between two plans that are grown from nothing."""
_TURNS = 8
"""Turns that hardly close the gap before the model finishes; one alone where the model is small."""
_SMALL = 4_000
"""Years times options of a small model."""
_PROGRESS = 0.02
"""Share of the gap that a turn has to close to count."""


def solve_chargers(
    problem: ChargerProblem, stop: Stop | None = None, seed: int = 0, progress: Listener | None = None
) -> ChargerAnswer:
    """The best plan found until `stop`, and a bound that no plan is better than.

    Work: a unit is about 2e8 pairs and hours looked at, or a branch-and-bound node by the size of the model. Gap and
    Work stop at the same point every time.
    """
    run = (stop or Stop()).start()
    words = conflicts(problem)
    if words:
        return _without(problem, "infeasible", words, run, seed)
    search = Search(problem, seed)
    search.grow()
    if search.best_value == NOTHING:
        plan = feasible_plan(problem, run, seed)
        if plan is None:
            return _without(problem, "infeasible", together(problem), run, seed)
        if plan is not False:
            search.adopt(*plan)
    prices = Prices(problem, search.margins())

    def told(bound: int) -> None:
        if progress:
            known = None if search.best_value == NOTHING else float(abs(search.best_value))
            progress(Progress(run.seconds, known, float(abs(bound)), NAME))

    bound = _in_turns(search, prices, _first_bound(problem), run, told)
    if not run.over() and gap_of(search.best_value, bound) > run.stop.gap and bound >= _least_value(problem):
        bound = finish(search, prices, bound, run, seed)
        told(bound)
    if search.best_value == NOTHING:
        proven = bound < _least_value(problem)
        return _without(problem, "infeasible" if proven else "unknown", together(problem) if proven else (), run, seed)
    return _answer(problem, search, bound, run, seed)


def _in_turns(search: Search, prices: Prices, bound: int, run: Run, told: Callable[[int], None]) -> int:
    """Prices and plans in turn until the gap is closed, hardly moves any more, or the run is over; the bound."""
    problem, turn, idle, gap = search.problem, 0, 0, math.inf
    turns = 0 if problem.years * len(problem.option_fen) < _SMALL else _TURNS
    while not run.over() and idle <= turns and bound >= _least_value(problem):
        if gap_of(search.best_value, bound) <= run.stop.gap:
            break
        known = search.best_value if search.best_value > NOTHING else bound - abs(bound) // 20
        relaxed = prices.rounds(MOVES, known)
        bound = max(min(bound, math.floor(relaxed.bound + _SAFETY * abs(relaxed.bound))), search.best_value)
        run.spend(MOVES * prices.round_work)
        search.guide(relaxed.margin, prices.rows.price_of_money(relaxed.multipliers, prices.base))
        if turn % _REGROW == 0:
            search.regrow()
        for _ in range(ROUNDS):
            search.round()
        run.spend(ROUNDS * prices.round_work)
        turn, old, gap = turn + 1, gap, gap_of(search.best_value, bound)
        idle = 0 if gap < (1.0 - _PROGRESS) * old and turns else idle + 1
        told(bound)
    return bound


def _first_bound(problem: ChargerProblem) -> int:
    """All demand served, or nothing paid."""
    return int(problem.weight @ problem.total_demand) if problem.objective == "served" else 0


def _least_value(problem: ChargerProblem) -> int:
    """No plan that keeps the rules is worth less."""
    return 0 if problem.objective == "served" else -int(problem.budget_fen.sum())


def _answer(problem: ChargerProblem, search: Search, bound: int, run: Run, seed: int) -> ChargerAnswer:
    path, steps, value = search.best, search.best_steps, search.best_value
    sign = 1 if problem.objective == "served" else -1
    status: Status = "optimal" if value == bound else "feasible"
    return ChargerAnswer(
        option=_fixed(path), steps=_fixed(steps), spent_fen=_fixed(paid_by_year(problem, path, steps)),
        value=sign * value, bound=sign * bound, status=status, seed=seed, seconds=run.seconds, reasons=remarks(problem),
    )  # fmt: skip


def _without(problem: ChargerProblem, status: Status, reasons: tuple[str, ...], run: Run, seed: int) -> ChargerAnswer:
    """The answer without a plan: what is there stays."""
    there = np.tile(problem.option_first[:-1], (problem.years, 1))
    steps = np.zeros((problem.years, problem.feeders), np.int64)
    bound = _first_bound(problem)
    return ChargerAnswer(
        option=_fixed(there), steps=_fixed(steps), spent_fen=_fixed(np.zeros(problem.years, np.int64)),
        value=0, bound=bound, status=status, seed=seed, seconds=run.seconds, reasons=reasons,
    )  # fmt: skip


def _fixed(array: I64) -> I64:
    out = np.array(array, np.int64)
    out.flags.writeable = False
    return out
