"""New parking spaces by HiGHS, with its bound."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

import numpy as np

from optimise.location.choice_model import COLUMNS_PER_WORK
from optimise.location.mip import ROOT_NODES, new_model, on_safe_side, run_highs, total
from optimise.problem import I64
from optimise.solver import Listener, Progress, Status
from optimise.spaces.problem import SpaceAnswer, SpaceProblem
from optimise.spaces.verify import broken
from optimise.stop import Run, Stop

NAME: Final = "spaces"
_SPLIT: Final = 1e-6
"""A car is split where its number is farther from a whole one."""
_SECOND_GAP: Final = 5.0
"""Gap to the cheapest among the best, in that asked for: its last per mille took ten times as long as the best."""


@dataclass(frozen=True)
class _Columns:
    """Columns of a model; `places` are those that may get spaces."""

    places: list[int]
    opened: dict[int, Any]
    spaces: dict[int, Any]
    pairs: list[int]
    served: dict[int, Any]


def solve_spaces(problem: SpaceProblem, *, run: Run, seed: int = 0, progress: Listener | None = None) -> SpaceAnswer:
    """The best spaces; among those the cheapest, or for the least money those that serve most, as far as the run
    goes on.
    """
    found = _solved(problem, run, seed, progress)
    if found.status in {"infeasible", "unknown"} or problem.objective == "spaces" or run.over():
        return found
    if problem.objective == "need":
        second = replace(problem, objective="cost", least_value=found.value)
    else:
        second = replace(problem, objective="need", budget_fen=found.value)
    looser = replace(run.stop, gap=_SECOND_GAP * run.stop.gap, work=run.work_left, seconds=run.seconds_left)
    better = _solved(second, looser.start(), seed, progress, (found.spaces, found.served))
    value = problem.value(better.spaces, better.served)
    if better.status in {"infeasible", "unknown"} or broken(problem, better.spaces, better.served):
        return found
    return _answer(problem, better.spaces, better.served, value, found.bound)


def most_spaces(problem: SpaceProblem, *, run: Run, seed: int = 0) -> SpaceAnswer:
    """The most spaces there can be, whatever number is asked for and whoever needs them."""
    rows = len(problem.wanted)
    none = np.zeros(0, np.int64)
    bare = replace(
        problem, objective="spaces", least_gross=0, least_net=0, least_value=None, place=none,
        first=np.zeros(rows + 1, np.int64),
    )  # fmt: skip
    return _solved(bare, run, seed, None)


def _solved(
    problem: SpaceProblem, run: Run, seed: int, progress: Listener | None, start: tuple[I64, I64] | None = None
) -> SpaceAnswer:
    above = problem.objective != "cost"
    spaces, served = start or (np.zeros(problem.places, np.int64), np.zeros(len(problem.place), np.int64))
    known = not broken(problem, spaces, served)
    model, columns = _model(problem)
    node_work = float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)
    heard = partial(_tell, progress, run, above) if progress else None
    hint = _hint(columns, spaces, served) if known else None
    result = run_highs(model, run, seed=seed, node_work=node_work, hint=hint, heard=heard)
    run.spend(node_work * (ROOT_NODES + int(result.solve_stats.node_count)))
    if result.has_primal_feasible_solution():
        new = _whole(problem, columns, result, run, seed)
        if not broken(problem, *new) and (not known or _better(problem, new, (spaces, served), above=above)):
            (spaces, served), known = new, True
    if not known:
        nothing = SpaceAnswer(spaces=spaces, served=served, value=0, bound=0, status="unknown")
        return replace(nothing, status="infeasible") if _proven_none(result) else nothing
    value = problem.value(spaces, served)
    bound = result.dual_bound()
    if math.isfinite(bound):
        return _answer(problem, spaces, served, value, on_safe_side(bound, above=above))
    return _answer(problem, spaces, served, value, _far(problem))


def _answer(problem: SpaceProblem, spaces: I64, served: I64, value: int, bound: int) -> SpaceAnswer:
    """A bound on the wrong side of the value by the solver's tolerance is the value."""
    bound = min(bound, value) if problem.objective == "cost" else max(bound, value)
    status: Status = "optimal" if bound == value else "feasible"
    return SpaceAnswer(spaces=spaces, served=served, value=value, bound=bound, status=status)


def _far(problem: SpaceProblem) -> int:
    """A bound without any work."""
    if problem.objective == "need":
        return int((problem.weight * problem.wanted).sum())
    return 0 if problem.objective == "cost" else int(problem.most.sum())


def _better(problem: SpaceProblem, new: tuple[I64, I64], old: tuple[I64, I64], *, above: bool) -> bool:
    more = problem.value(*new) - problem.value(*old)
    return more > 0 if above else more < 0


def _model(p: SpaceProblem, fixed: I64 | None = None) -> tuple[Any, _Columns]:
    """The model, or with `fixed` spaces that of whole cars alone: without, cars may be split, which is far quicker and
    seldom matters.
    """
    model = new_model(NAME)
    low, high = (0 * p.most, p.most) if fixed is None else (fixed, fixed)
    places = np.flatnonzero(p.most > 0).tolist()
    opened = {j: model.add_binary_variable() for j in places}
    spaces = {j: model.add_integer_variable(lb=int(low[j]), ub=int(high[j])) for j in places}
    row, most = p.row, p.most + p.room.max(axis=1, initial=0)
    cars = np.minimum(p.wanted[row], most[p.place])
    pairs = np.flatnonzero(cars > 0).tolist()
    served = {i: model.add_variable(lb=0, ub=int(cars[i]), is_integer=fixed is not None) for i in pairs}
    columns = _Columns(places, opened, spaces, pairs, served)
    for j in places:
        model.add_linear_constraint(spaces[j] <= float(p.most[j]) * opened[j])
        model.add_linear_constraint(spaces[j] >= opened[j])
    for group in np.unique(p.exclusive[(p.exclusive >= 0) & (p.most > 0)]).tolist():
        model.add_linear_constraint(total([opened[j] for j in places if p.exclusive[j] == group]) <= 1.0)
    _add_cars(model, p, columns)
    _add_limits(model, p, columns)
    if p.objective == "need":
        model.maximize(_worth(p, columns))
    elif p.objective == "cost":
        model.minimize(_cost(p, columns))
    else:
        model.maximize(total([spaces[j] for j in places]))
    return model, columns


def _add_cars(model: Any, p: SpaceProblem, columns: _Columns) -> None:
    """Cars within what is wanted, and within the spaces at any time."""
    row = p.row
    by_row: dict[int, list[int]] = {}
    by_place: dict[int, list[int]] = {}
    for i in columns.pairs:
        by_row.setdefault(int(row[i]), []).append(i)
        by_place.setdefault(int(p.place[i]), []).append(i)
    for r, some in by_row.items():
        model.add_linear_constraint(total([columns.served[i] for i in some]) <= float(p.wanted[r]))
    for j, some in by_place.items():
        groups = 1 << p.group[row[some]]
        for q in _binding(p.active & np.bitwise_or.reduce(groups), p.room[j]):
            here = [columns.served[i] for i, g in zip(some, groups.tolist(), strict=True) if p.active[q] & g]
            right = columns.spaces[j] + float(p.room[j, q]) if j in columns.spaces else float(p.room[j, q])
            model.add_linear_constraint(total(here) <= right)


def _binding(masks: I64, room: I64) -> list[int]:
    """Sets of groups whose limit does not follow from that of a larger set."""
    kept: list[int] = []
    for q in np.lexsort((room, np.array([-int(m).bit_count() for m in masks]))).tolist():
        if masks[q] and not any(masks[q] & ~masks[k] == 0 and room[k] <= room[q] for k in kept):
            kept.append(q)
    return kept


def _add_limits(model: Any, p: SpaceProblem, columns: _Columns) -> None:
    spaces, places = columns.spaces, columns.places
    if p.budget_fen >= 0:
        model.add_linear_constraint(_cost(p, columns) <= float(p.budget_fen))
    if p.most_draw >= 0:
        drawn = total([float(p.draw[j]) * spaces[j] for j in places if p.draw[j]])
        model.add_linear_constraint(drawn <= float(p.most_draw))
    gross = total([spaces[j] for j in places])
    if p.least_gross > 0:
        model.add_linear_constraint(gross >= float(p.least_gross))
    if p.least_net > 0:
        taken = total([float(p.taken[j]) * columns.opened[j] for j in places if p.taken[j]])
        model.add_linear_constraint(gross - taken >= float(p.least_net))
    if p.least_value is not None:
        model.add_linear_constraint(_worth(p, columns) >= float(p.least_value))


def _worth(p: SpaceProblem, columns: _Columns) -> Any:
    weight = p.weight[p.row]
    terms = [float(weight[i]) * y for i, y in columns.served.items()]
    return total([*terms, *(-float(p.charge[j]) * x for j, x in columns.spaces.items() if p.charge[j])])


def _cost(p: SpaceProblem, columns: _Columns) -> Any:
    terms = [float(p.space_fen[j]) * x for j, x in columns.spaces.items()]
    return total([*terms, *(float(p.open_fen[j]) * x for j, x in columns.opened.items())])


def _hint(columns: _Columns, spaces: I64, served: I64) -> Mapping[Any, float]:
    hint = {x: float(spaces[j]) for j, x in columns.spaces.items()}
    hint |= {x: float(spaces[j] > 0) for j, x in columns.opened.items()}
    return hint | {y: float(served[i]) for i, y in columns.served.items()}


def _read(p: SpaceProblem, columns: _Columns, result: Any) -> tuple[I64, I64]:
    spaces, served = np.zeros(p.places, np.int64), np.zeros(len(p.place), np.int64)
    spaces[columns.places] = np.rint(result.variable_values(list(columns.spaces.values())))
    served[columns.pairs] = np.rint(result.variable_values(list(columns.served.values())))
    return spaces, served


def _whole(p: SpaceProblem, columns: _Columns, result: Any, run: Run, seed: int) -> tuple[I64, I64]:
    """Spaces and cars of a result; where cars are split, whole ones for the same spaces."""
    served = np.array(result.variable_values(list(columns.served.values())))
    answer = _read(p, columns, result)
    if not (np.abs(served - np.rint(served)) > _SPLIT).any():
        return answer
    model, columns = _model(replace(p, objective="need"), answer[0])
    patient = Stop(seconds=run.seconds_left).start()
    result = run_highs(model, patient, seed=seed, node_work=0.0)
    return _read(p, columns, result) if result.has_primal_feasible_solution() else answer


def _tell(progress: Listener, run: Run, above: bool, bound: float, value: float) -> None:  # noqa: FBT001 - by partial
    known = round(value) if math.isfinite(value) else None
    progress(Progress(run.seconds, known, on_safe_side(bound, above=above), NAME))


def _proven_none(result: Any) -> bool:
    from ortools.math_opt.python import mathopt

    reason = mathopt.TerminationReason
    return result.termination.reason in {reason.INFEASIBLE, reason.INFEASIBLE_OR_UNBOUNDED}
