"""Maximal covering as a mixed-integer model of what the search has left open."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from optimise.location.cover_search import Case, Found, settled
from optimise.location.kernels.cover import Cover
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.location.result import PROOF
from optimise.location.rules import Flags, Row, add_site_rows
from optimise.problem import I64
from optimise.solver import gap_of
from optimise.stop import Run

COLUMNS_PER_WORK = 20_000
"""Columns of a model whose nodes cost a unit of work each; other sizes cost as columns^1.5."""
_PAIRS = 400_000
"""Largest model, in pairs, that HiGHS is given."""
_SOLVED = 1e-7
"""Relative difference of value and bound that HiGHS leaves when it says it is done."""


def solve_model(case: Case, rows: Sequence[Row], found: Found, run: Run, seed: int) -> Found:
    """The better of what was found and what HiGHS finds, with the tighter bound."""
    gap = run.stop.gap
    if gap_of(found.value, case.rounded(found.bound)) <= gap or run.over():
        return found
    step = gap * max(1.0, abs(found.value)) if gap else float(case.whole)
    shut, sure = settled(case, found, found.value + step)
    shut, sure = shut & ~found.open, sure & found.open  # what is known stays in the model
    cover, area = case.cover(~shut)
    if len(cover.site) > _PAIRS:
        return found
    model, y = _model(case, (cover, area), rows, shut, sure)
    node_work = float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)
    if run.work_left < ROOT_NODES * node_work:
        return found
    hint = {v: float(on) for v, on in zip(y, found.open.tolist(), strict=True) if v is not None}
    result = run_highs(model, run, seed=seed, node_work=node_work, hint=hint, absolute_gap=0.99 if case.whole else 0.0)
    return _better(case, found, result, y, found.value + (step if gap else 0.0))


def _better(case: Case, found: Found, result: Any, y: Sequence[Any | None], outside: float) -> Found:
    """outside: what no choice that the model leaves out exceeds."""
    open_, value, bound = found.open, found.value, found.bound
    if result.has_primal_feasible_solution():
        ours = [j for j, v in enumerate(y) if v is not None]
        on = np.zeros(len(y), np.bool_)
        on[ours] = np.rint(result.variable_values([y[j] for j in ours])) > 0
        worth = case.worth(on)
        if not case.rules.broken(np.flatnonzero(on)) and not case.short(on).any() and worth > value:
            open_, value = on, worth
    if math.isfinite(result.dual_bound()):
        high = max(outside, result.dual_bound())
        if abs(high - value) <= _SOLVED * max(1.0, abs(value)):
            high = value
        bound = min(bound, max(high, value))
    return Found(open_, value, bound, found.cover, found.price)


def first_by_model(case: Case, rows: Sequence[Row], run: Run, seed: int) -> tuple[Flags | None, bool]:
    """A choice that meets the floors, or None and whether it is proven that there is none."""
    cover, area = case.cover(case.rules.usable)
    model, y = _model(case, (cover, area), rows, ~case.rules.usable, case.rules.built)
    node_work = float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)
    if run.over():
        return None, False
    result = run_highs(model, run, seed=seed, node_work=node_work, relative_gap=1.0)
    if not result.has_primal_feasible_solution():
        return None, _proven_none(result)
    ours = [j for j, v in enumerate(y) if v is not None]
    on = np.zeros(len(y), np.bool_)
    on[ours] = np.rint(result.variable_values([y[j] for j in ours])) > 0
    return (on, False) if not case.short(on).any() else (None, False)


def _proven_none(result: Any) -> bool:
    from ortools.math_opt.python import mathopt

    return bool(result.termination.reason == mathopt.TerminationReason.INFEASIBLE)


def _model(
    case: Case, left: tuple[Cover, I64], rows: Sequence[Row], shut: Flags, sure: Flags
) -> tuple[Any, list[Any | None]]:
    """The formulation over sites not shut (C, else None); rows that a single site or a sure one covers have no z."""
    cover, area = left
    model = new_model("maximal covering")
    y = [
        None if off else model.add_integer_variable(lb=float(on), ub=1.0)
        for off, on in zip(shut.tolist(), sure.tolist(), strict=True)
    ]
    gains, met = [], [list[Any]() for _ in case.floor]
    first, site, weight, of = cover.first.tolist(), cover.site.tolist(), cover.weight.tolist(), area.tolist()
    for i, w in enumerate(weight):
        columns = [y[j] for j in site[first[i] : first[i + 1]]]
        z = columns[0]
        if len(columns) > 1:
            z = model.add_variable(lb=0.0, ub=1.0)
            model.add_linear_constraint(z <= total(columns))
        gains.append(w * z)
        if len(case.floor):
            met[of[i]].append(w * z)
    for terms, floor in zip(met, case.floor.tolist(), strict=True):
        if floor > 0:
            model.add_linear_constraint(total(terms) >= floor * (1.0 - PROOF))
    add_site_rows(model, y, rows)
    model.maximize(total(gains))
    return model, y
