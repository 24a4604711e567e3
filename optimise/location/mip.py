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
    """(J) binary: opened with its fewest plugs, None where the site has plugs or cannot open."""
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
        if math.isfinite(result.dual_bound()):
            bound = max(bound, on_safe_side(result.dual_bound(), above=False))
        found = _values(problem, model, result) if result.has_primal_feasible_solution() else None
        if found is not None and not feasibility_problems(problem, found):
            worth = value_of(problem, found)
            if worth < value:
                best, value = found, worth
    final = answer(best, objective=value, bound=bound, solver=solver, seconds=run.seconds)
    if task.progress:
        task.progress(Progress(run.seconds, final.objective, final.bound, solver))
    return final


def _run(task: Task, model: Model) -> Any:
    started = zip(model.opened, task.start.values.tolist(), strict=True)
    hint = {y: float(plugs > 0) for y, plugs in started if y is not None}
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
    def heard(bound: float, value: float) -> None:
        if task.progress:
            known = max(task.start.bound, on_safe_side(bound, above=False))
            values = [task.start.objective, *([round(value)] if math.isfinite(value) else [])]
            task.progress(Progress(task.run.seconds, min(values), known, task.solver))

    return heard


def _values(problem: SitingProblem, model: Model, result: Any) -> I64:
    values = np.zeros(problem.sites, np.int64)
    for j, y in enumerate(model.opened):
        if y is not None:
            values[j] = problem.least[j] * round(result.variable_values(y))
    return values


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
