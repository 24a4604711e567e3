"""The columns that cover the most weight within what there is of each resource, exactly: maximal covering with
knapsacks and exclusions.

Sets
    i rows (blocks of people), j columns (loops), J_i columns that cover i, k resources (vehicles, vehicle-minutes)
    g groups of columns that exclude each other (variants of a loop), pairs jl that do (the same street)
Data
    w_i weight, a_jk use, b_k limit
Variables
    x_j = 1: column j is chosen;  0 <= v_i <= 1 row i is covered
Formulation
    max  sum_i w_i v_i
    v_i <= sum_{j in J_i} x_j
    sum_j a_jk x_j <= b_k
    sum_{j in g} x_j <= 1,  x_j + x_l <= 1 for each pair apart

Rows with the same columns are one row. A row counts once, however many columns cover it. (Church & ReVelle 1974,
doi:10.1007/BF01942293; with a knapsack Khuller, Moss & Naor 1999, doi:10.1016/S0020-0190(99)00031-9.)
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from network import InputError
from optimise.location.choice_model import (
    Best,
    add_rows,
    chosen_in,
    hint_of,
    new_choice,
    node_work,
    quick_choices,
    weights_by_column,
)
from optimise.location.choices import Choices, Flags
from optimise.location.inputs import below, length, whole_array
from optimise.location.mip import ROOT_NODES, on_safe_side, run_highs, total
from optimise.location.reduction import Core, fences_of, first_core, grid_of, rows_of
from optimise.problem import I64
from optimise.solver import Incumbent, Listener
from optimise.stop import Run, Stop

NAME = "packing"


class _Case(NamedTuple):
    """A checked input: use (J, K), limit (K), and the weight that is covered already."""

    choices: Choices
    core: Core
    use: I64
    limit: I64
    there: int


def packing(
    choices: Choices, use: I64, limit: I64, *, stop: Stop, seed: int = 0, progress: Listener | None = None
) -> Incumbent:
    """The columns that cover the most weight, what is there already included; values (J) 1 = chosen.

    use: (J, K) of each resource, limit: (K), both whole. There is always an answer: to choose nothing.
    Work: branch-and-bound nodes by the size of the model, see `optimise.location.mip`; the greedy start is always
    made. Raises InputError.
    """
    run = stop.start()
    case = _case(choices, use, limit)
    chosen, covered = _start(case, run, seed)
    best = Best(NAME, run, progress, True, chosen, case.there + covered, case.there + _high(case))
    best.tell()
    _solve(case, best, seed)
    return best.incumbent()


def _case(choices: Choices, use: I64, limit: I64) -> _Case:
    """The core has the rows within reach of columns that fit on their own; its goal is all of them."""
    limit = whole_array("limit", limit)
    use = whole_array("use", use, width=len(limit)) if len(limit) != 1 else whole_array("use", np.ravel(use))[:, None]
    problems = length("use", use, choices.sites, "columns") + below("use", use, 0) + below("limit", limit, 0)
    if problems:
        raise InputError(problems)
    core = first_core(choices, choices.weight, 0)
    fits: Flags = np.asarray((use <= limit).all(axis=1))
    keep = fits[core.grid.site]
    core = replace(core, grid=grid_of(rows_of(core.grid)[keep], core.grid.site[keep], core.grid.weight, choices.sites))
    there = int(choices.weight[choices.covered(choices.built)].sum())
    return _Case(choices, replace(core, goal=core.reachable), use, limit, there)


def _start(case: _Case, run: Run, seed: int) -> tuple[Flags, int]:
    """The best of some greedy answers, by weight per share of the resources, and the best single column."""
    choices, core, use, limit, _ = case
    price = (use / np.maximum(limit, 1)).sum(axis=1)
    answers = quick_choices(core, fences_of(choices, use, limit), price, run, seed)
    alone = weights_by_column(core)
    if len(alone):
        answers.append((np.arange(len(alone)) == alone.argmax(), int(alone.max())))
    best = max(range(len(answers)), key=lambda k: (answers[k][1], -k))
    chosen, covered = answers[best]
    return (chosen, covered) if covered else (np.zeros(choices.sites, np.bool_), 0)


def _high(case: _Case) -> int:
    """A bound before any linear program: all in reach, or the most weight of one resource with the last column
    broken.
    """
    core, use, limit = case.core, case.use, case.limit
    alone = weights_by_column(core)
    high = math.inf
    for k in range(len(limit)):
        left, sum_ = float(limit[k]), 0.0
        for j in sorted(np.flatnonzero(alone).tolist(), key=lambda j: (use[j, k] / alone[j], j)):
            share = 1.0 if use[j, k] <= left else left / float(use[j, k])
            sum_ += share * float(alone[j])
            left -= share * float(use[j, k])
        high = min(high, sum_)
    return min(core.reachable, on_safe_side(high, above=True)) if math.isfinite(high) else core.reachable


def _solve(case: _Case, best: Best, seed: int) -> None:
    choices, core, use, limit, there = case
    if best.closed or best.run.over():
        return
    model, x = new_choice("packing", choices, core.live)
    model.maximize(total(add_rows(model, core, x)))
    for k in range(len(limit)):
        unit = int(np.gcd.reduce(use[:, k])) or 1
        taken = [float(a // unit) * v for a, v in zip(use[:, k].tolist(), x, strict=True) if v is not None and a]
        model.add_linear_constraint(total(taken) <= float(limit[k] // unit))
    if best.run.work_left < ROOT_NODES * node_work(model):
        return
    heard = (lambda bound, value: best.heard(bound, value, fixed=there)) if best.progress else None
    hint = hint_of(x, best.chosen)
    result = run_highs(model, best.run, seed=seed, node_work=node_work(model), hint=hint, heard=heard)
    if math.isfinite(result.dual_bound()):
        best.tighten(there + on_safe_side(result.dual_bound(), above=True))
    found = chosen_in(result, x, core.fixed)
    if found is not None and _fits(case, found):
        best.offer(found, int(choices.weight[choices.covered(found | choices.built)].sum()))


def _fits(case: _Case, chosen: Flags) -> bool:
    return bool((case.use[chosen].sum(axis=0) <= case.limit).all()) and not case.choices.clash(chosen)
