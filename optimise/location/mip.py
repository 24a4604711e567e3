"""Running a mixed-integer model: HiGHS through OR-Tools MathOpt, with a start, a stop rule and a bound on the right
side.

OR-Tools is imported where it is first needed: it takes a second to load.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.bounds import lagrangian_bound
from optimise.problem import I64, SitingProblem
from optimise.solver import Incumbent, Listener, Progress, answer, gap_of
from optimise.stop import Run, Stop
from optimise.verify import feasibility_problems, value_of

ROOT_NODES = 10
"""The first node, with its cuts, counts as so many others; where it does not fit the work left, the start stands."""
_LEAST_NODE_WORK = 1e-4
_INTEGER_STEP = 0.99
"""Objectives are whole numbers: a bound nearer than this proves the value."""
_SLACK, _RELATIVE_SLACK = 1e-3, 1e-9
"""Error allowed to a solver's bound before it is rounded, absolute and relative."""

_LOG_LINE = re.compile(r"\d%\s+(?P<bound>-?[\d.]+(?:e[+-]?\d+)?)\s+(?P<value>-?(?:[\d.]+(?:e[+-]?\d+)?|inf))\s")
"""Share explored, best bound, best value in a line of HiGHS's log."""


@dataclass(frozen=True)
class Model:
    """A MathOpt model and the columns that an answer is read from. Built by the models of this package."""

    mathopt: Any
    opened: Sequence[Any | None]
    """(J) binary: opened, None where the site has plugs or cannot open."""
    plugs: Sequence[Any | None]
    """(J) new plugs; None where the least number is meant when opened."""
    columns_per_work: int
    """Columns of a model whose nodes cost a unit of work each; other sizes cost as columns^1.5."""

    @property
    def node_work(self) -> float:
        return float((self.mathopt.get_num_variables() / self.columns_per_work) ** 1.5)


def new_model(name: str) -> Any:
    from ortools.math_opt.python import mathopt

    return mathopt.Model(name=name)


def total(terms: Sequence[Any]) -> Any:
    from ortools.math_opt.python import mathopt

    return mathopt.fast_sum(terms)


def add_purchases(model: Any, problem: SitingProblem, useful: I64, columns_per_work: int) -> Model:
    """Columns y (opened) and n (new plugs), and the rows least*y <= n <= most*y, budget and fewest plugs.

    useful: (J) new plugs that can make a difference. Where least is all that is useful, n is least*y and has no column.
    Money is divided by its greatest common divisor, so that rows hold small whole numbers.
    """
    opened: list[Any | None] = []
    plugs: list[Any | None] = []
    for j in range(problem.sites):
        most, least, fresh = int(useful[j]), int(problem.least[j]), problem.existing[j] == 0
        may = most >= (least if fresh else 1)
        y = model.add_binary_variable() if may and fresh else None
        n = model.add_integer_variable(lb=0, ub=most) if may and not (fresh and most == least) else None
        if y is not None and n is not None:
            model.add_linear_constraint(n <= most * y)
            model.add_linear_constraint(n >= least * y)
        opened.append(y)
        plugs.append(n)
    built = Model(model, opened, plugs, columns_per_work)
    unit = int(np.gcd.reduce(np.concatenate((problem.open_fen, problem.plug_fen)))) or 1
    money, bought = [], []
    for j in range(problem.sites):
        y = opened[j]
        if y is not None:
            money.append(int(problem.open_fen[j]) // unit * y)
        new = plugs_at(built, problem, j)
        if new is not None:
            money.append(int(problem.plug_fen[j]) // unit * new)
            bought.append(new)
    model.add_linear_constraint(total(money) <= problem.budget_fen // unit)
    if problem.min_plugs:
        model.add_linear_constraint(total(bought) >= problem.min_plugs)
    return built


def plugs_at(model: Model, problem: SitingProblem, j: int) -> Any | None:
    """New plugs at site j as an expression, None where there can be none."""
    if model.plugs[j] is not None:
        return model.plugs[j]
    opened = model.opened[j]
    return None if opened is None else int(problem.least[j]) * opened


@dataclass(frozen=True)
class Task:
    """What to solve, from where, until when, and who listens."""

    problem: SitingProblem
    solver: str
    stop: Stop
    run: Run
    seed: int
    start: Incumbent
    progress: Listener | None


def solve_mip(task: Task, model: Model) -> Incumbent:
    """The better of the start and what HiGHS finds before the stop, with the tightest bound known.

    The answer names the solver of the start where HiGHS had nothing to do, or no room to do it.
    """
    problem, run, start = task.problem, task.run, task.start
    best, value, bound, solver = start.values, start.objective, start.bound, start.solver
    fits = run.work_left >= ROOT_NODES * model.node_work and not run.over()
    if fits and gap_of(value, bound) > task.stop.gap:
        result = _run(task, model)
        solver = task.solver
        bound = _tighter(problem, bound, _whole_bound(problem, result))
        found = _values(problem, model, result) if result.has_primal_feasible_solution() else None
        if found is not None and not feasibility_problems(problem, found):
            worth = value_of(problem, found)
            if _sign(problem) * (worth - value) > 0:
                best, value = found, worth
    final = answer(best, objective=value, bound=bound, solver=solver, seconds=run.seconds)
    if task.progress:
        task.progress(Progress(run.seconds, final.objective, final.bound, solver))
    return final


def _run(task: Task, model: Model) -> Any:
    hint: dict[Any, float] = {}
    for y, n, plugs in zip(model.opened, model.plugs, task.start.values.tolist(), strict=True):
        if y is not None:
            hint[y] = float(plugs > 0)
        if n is not None:
            hint[n] = float(min(plugs, n.upper_bound))
    heard = _reporter(task) if task.progress else None
    return run_highs(model.mathopt, task.run, seed=task.seed, node_work=model.node_work, hint=hint, heard=heard)


def run_highs(
    model: Any,
    run: Run,
    *,
    seed: int,
    node_work: float,
    hint: Mapping[Any, float] | None = None,
    absolute_gap: float = _INTEGER_STEP,
    relative_gap: float | None = None,
    heard: Callable[[float, float], None] | None = None,
) -> Any:
    """MathOpt's result for a model, from `hint` (column: value) on and until the run's stop.

    node_work: units of work of one node. relative_gap: the stop's own where left out. heard: told the bound and the
    best value (may be infinite) as HiGHS logs them; for people to watch only.
    """
    from ortools.math_opt.python import mathopt

    seconds, nodes = run.seconds_left, run.work_left / max(node_work, _LEAST_NODE_WORK) - ROOT_NODES + 1
    parameters = mathopt.SolveParameters(
        time_limit=timedelta(seconds=seconds) if math.isfinite(seconds) else None,
        node_limit=max(1, int(nodes)) if math.isfinite(nodes) else None,
        relative_gap_tolerance=run.stop.gap if relative_gap is None else relative_gap,
        absolute_gap_tolerance=absolute_gap,
        random_seed=seed % 2**31,
    )
    hints = [mathopt.SolutionHint(variable_values=dict(hint))] if hint else []
    return mathopt.solve(
        model,
        mathopt.SolverType.HIGHS,
        params=parameters,
        model_params=mathopt.ModelSolveParameters(solution_hints=hints),
        msg_cb=_log_reader(heard) if heard else None,
    )


def _log_reader(heard: Callable[[float, float], None]) -> Callable[[Sequence[str]], None]:
    def listen(lines: Sequence[str]) -> None:
        for line in lines:
            found = _LOG_LINE.search(line)
            if found:
                heard(float(found["bound"]), float(found["value"]))

    return listen


def _reporter(task: Task) -> Callable[[float, float], None]:
    problem, better = task.problem, max if task.problem.objective == "cover" else min

    def heard(bound: float, value: float) -> None:
        if task.progress:
            known = _tighter(problem, task.start.bound, _safe(problem, bound))
            values = [task.start.objective, *([round(value)] if math.isfinite(value) else [])]
            task.progress(Progress(task.run.seconds, better(values), known, task.solver))

    return heard


def _values(problem: SitingProblem, model: Model, result: Any) -> I64:
    values = np.zeros(problem.sites, np.int64)
    for j in range(problem.sites):
        y, n = model.opened[j], model.plugs[j]
        if n is not None:
            values[j] = round(result.variable_values(n))
        elif y is not None:
            values[j] = problem.least[j] * round(result.variable_values(y))
    return values


def _sign(problem: SitingProblem) -> int:
    return 1 if problem.objective == "cover" else -1


def _tighter(problem: SitingProblem, one: int, other: int | None) -> int:
    if other is None:
        return one
    return min(one, other) if problem.objective == "cover" else max(one, other)


def _whole_bound(problem: SitingProblem, result: Any) -> int | None:
    """The solver's bound as a whole number, moved to the safe side by its tolerance; None where it has none."""
    bound = float(result.dual_bound())
    return _safe(problem, bound) if math.isfinite(bound) else None


def _safe(problem: SitingProblem, bound: float) -> int:
    return on_safe_side(bound, above=problem.objective == "cover")


def on_safe_side(bound: float, *, above: bool) -> int:
    """A bound from above or below on whole numbers, moved outwards by the solver's tolerance before it is rounded."""
    safety = _SLACK + _RELATIVE_SLACK * abs(bound)
    return math.floor(bound + safety) if above else math.ceil(bound - safety)


def first_answer(problem: SitingProblem, values: I64, solver: str, run: Run) -> Incumbent:
    """An incumbent from feasible values, with a Lagrangian bound."""
    value = value_of(problem, values)
    bound = lagrangian_bound(problem, value)
    return answer(values, objective=value, bound=bound, solver=solver, seconds=run.seconds)


def refuse_start(problem: SitingProblem, start: Incumbent) -> None:
    """Raises InputError where a start does not fit the problem."""
    problems = feasibility_problems(problem, start.values)
    if problems:
        raise InputError([Problem("start", what, "start from an answer to the same problem") for what in problems])
