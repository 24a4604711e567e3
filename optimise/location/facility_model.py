"""Facility location as a mixed-integer model of what the prices have left open, in its strong form."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from optimise.location.facility_search import Case, Found, serve, settled
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.location.result import PROOF
from optimise.location.rules import Flags, Row, add_site_rows
from optimise.solver import gap_of
from optimise.stop import Run

COLUMNS_PER_WORK = 10_000
"""Columns of a model whose nodes cost a unit of work each; other sizes cost as columns^1.5."""
_PAIRS = 300_000
"""Largest model, in pairs, that HiGHS is given."""
_SOLVED = 1e-6
"""Relative difference of value and bound that HiGHS leaves when it says it is done."""


def solve_model(case: Case, rows: Sequence[Row], found: Found, run: Run, seed: int) -> Found:
    """The better of what was found and what HiGHS finds, with the tighter bound; `impossible` where it proves that
    there is no answer.
    """
    gap = run.stop.gap
    known, open_ = found.open is not None, found.open
    if (known and gap_of(found.value, found.bound) <= max(gap, PROOF)) or run.over():
        return found
    shut, sure, may = _left(case, found, gap)
    if may.sum() > _PAIRS:
        return found
    model, y, pairs, x = _model(case, rows, shut, sure, may)
    node_work = float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)
    if known and run.work_left < ROOT_NODES * node_work:
        return found
    there = [] if open_ is None else open_.tolist()
    hint = {v: float(on) for v, on in zip(y, there, strict=open_ is not None) if v is not None}
    result = run_highs(model, run, seed=seed, node_work=node_work, hint=hint, absolute_gap=0.0)
    if not result.has_primal_feasible_solution() and not known:
        return replace(found, impossible=_proven_none(result))
    outside = found.value * (1.0 - gap) if known and gap else found.value
    return _better(case, found, result, (y, pairs, x), outside)


def _left(case: Case, found: Found, gap: float) -> tuple[Flags, Flags, Flags]:
    """Sites shut and sure, and pairs, that an answer cheaper than the known one by the gap may have."""
    if found.open is None:
        usable = case.rules.usable
        may = np.isfinite(case.cost) & usable
        return ~usable, case.rules.built, may & (case.demand[:, None] <= case.capacity) if case.whole else may
    shut, sure, may = settled(case, found, found.value * (1.0 - gap))
    shut, sure = shut & ~found.open, sure & found.open  # what is known stays in the model
    may[np.arange(len(case.demand)), found.assignment] = True
    return shut, sure, may


def _better(case: Case, found: Found, result: Any, columns: tuple[Any, Any, Any], outside: float) -> Found:
    """outside: what no answer that the model leaves out falls below."""
    y, pairs, x = columns
    if result.has_primal_feasible_solution():
        ours = [j for j, v in enumerate(y) if v is not None]
        on = np.zeros(len(y), np.bool_)
        on[ours] = np.rint(result.variable_values([y[j] for j in ours])) > 0
        part = np.zeros(case.cost.shape)
        part[pairs] = result.variable_values(x)
        served = (None if case.whole else serve(case, on)) or (part.argmax(axis=1), _cost(case, on, part))
        if not case.rules.broken(np.flatnonzero(on)) and served[1] < found.value:
            found = replace(found, open=on, assignment=served[0], value=served[1])
    if math.isfinite(result.dual_bound()):
        low = min(outside, result.dual_bound())
        if abs(found.value - low) <= _SOLVED * max(1.0, abs(found.value)):
            low = found.value
        found = replace(found, bound=max(found.bound, min(low, found.value)))
    return found


def _cost(case: Case, on: Flags, part: Any) -> float:
    """Fixed and service cost; where customers are whole, each goes where its share is largest."""
    if case.whole:
        to = part.argmax(axis=1)
        return float(case.fixed[on].sum() + case.cost[np.arange(len(to)), to].sum())
    return float(case.fixed[on].sum() + (np.where(part > 0, case.cost, 0.0) * part).sum())


def _proven_none(result: Any) -> bool:
    from ortools.math_opt.python import mathopt

    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)


def _model(
    case: Case, rows: Sequence[Row], shut: Flags, sure: Flags, may: Flags
) -> tuple[Any, list[Any], Any, list[Any]]:
    """The formulation over sites not shut (C, else None) and the pairs that may serve."""
    model = new_model("facility location")
    y: list[Any] = [
        None if off else model.add_integer_variable(lb=float(on), ub=1.0)
        for off, on in zip(shut.tolist(), sure.tolist(), strict=True)
    ]
    may = may & ~shut
    pairs = np.nonzero(may)
    integral = case.whole and not case.endless
    served: list[list[Any]] = [[] for _ in case.demand]
    load: list[list[Any]] = [[] for _ in case.fixed]
    x, costs = [], [f * v for f, v in zip(case.fixed.tolist(), y, strict=True) if v is not None]
    for d, j in zip(pairs[0].tolist(), pairs[1].tolist(), strict=True):
        v = model.add_binary_variable() if integral else model.add_variable(lb=0.0, ub=1.0)
        model.add_linear_constraint(v <= y[j])
        served[d].append(v)
        load[j].append(float(case.demand[d]) * v)
        costs.append(float(case.cost[d, j]) * v)
        x.append(v)
    for terms in served:
        model.add_linear_constraint(total(terms) == 1.0)
    if not case.endless:
        for j, terms in enumerate(load):
            if terms and math.isfinite(case.capacity[j]):
                model.add_linear_constraint(total(terms) <= float(case.capacity[j]) * y[j])
    add_site_rows(model, y, rows)
    model.minimize(total(costs))
    return model, y, pairs, x
