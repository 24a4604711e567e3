"""Running the linear model, whole or not, with bounds that do not lean on the solver's word alone.

scipy's own HiGHS, which takes sparse rows as they are: naming each of some hundred thousand columns to a modelling
layer would take longer than solving them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.problem import I64
from optimise.sharing.model import F64, Model
from optimise.stop import Run

ENTRIES_PER_WORK = 2.5e9
"""Entries of the matrix times steps of the simplex method that make a unit of work."""
NODE_STEPS = 500
"""Steps that a node of branch and bound counts as."""
ROOT_NODES = 20
_LEAST_STEPS, _MOST_STEPS = 100, 2**31 - 1


@dataclass(frozen=True, eq=False)
class Solved:
    """values: None where there are none. bound: no values are worth more; -inf where there is nothing at all."""

    values: F64 | None
    bound: float
    reduced: F64 | None = None
    """Reduced costs of a linear run: what one more of a column would add to the bound."""


def relax(model: Model, low: F64, high: F64, run: Run) -> Solved:
    """The linear model with columns between low and high; its bound is computed anew from the prices of the rows."""
    from scipy.optimize import linprog  # slow to load

    if (low > high).any():
        return Solved(None, -math.inf)
    equal = model.low == model.high
    upper, exact = model.matrix[~equal], model.matrix[equal]
    steps = run.work_left * ENTRIES_PER_WORK / max(model.matrix.nnz, 1)
    options: dict[str, Any] = {"presolve": True}
    if math.isfinite(steps):
        options["maxiter"] = max(int(min(steps, _MOST_STEPS)), _LEAST_STEPS)
    if math.isfinite(run.seconds_left):
        options["time_limit"] = run.seconds_left
    found = linprog(
        -model.cost, A_ub=upper, b_ub=model.high[~equal], A_eq=exact, b_eq=model.high[equal],
        bounds=np.stack((low, high), axis=1), method="highs-ds", options=options,
    )  # fmt: skip
    run.spend(model.matrix.nnz * float(found.nit) / ENTRIES_PER_WORK)
    if found.status == 2:
        return Solved(None, -math.inf)
    if found.status != 0:
        return Solved(None, math.inf)
    above, on = np.maximum(-found.ineqlin.marginals, 0.0), -found.eqlin.marginals
    reduced = model.cost - upper.T @ above - exact.T @ on
    rest = np.maximum(reduced * low, reduced * high).sum()
    bound = float(above @ model.high[~equal] + on @ model.high[equal] + rest)
    return Solved(found.x, bound * model.scale, reduced * model.scale)


def branch(model: Model, low: F64, high: F64, whole: Any, run: Run) -> Solved:
    """The model with `whole` columns in whole numbers, until the run's stop."""
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load

    node = NODE_STEPS * model.matrix.nnz / ENTRIES_PER_WORK
    options: dict[str, Any] = {"mip_rel_gap": run.stop.gap}
    nodes = run.work_left / node - ROOT_NODES
    if nodes < 1 or (low > high).any():
        return Solved(None, math.inf if nodes < 1 else -math.inf)
    if math.isfinite(nodes):
        options["node_limit"] = int(min(nodes, _MOST_STEPS))
    if math.isfinite(run.seconds_left):
        options["time_limit"] = run.seconds_left
    rows = LinearConstraint(model.matrix, model.low, model.high)
    found = milp(-model.cost, integrality=whole, bounds=Bounds(low, high), constraints=rows, options=options)
    run.spend((ROOT_NODES + (found.mip_node_count or 0)) * node)
    if found.status == 2:
        return Solved(None, -math.inf)
    known = found.mip_dual_bound is not None and math.isfinite(found.mip_dual_bound)
    return Solved(found.x, -found.mip_dual_bound * model.scale if known else math.inf)


def settle(worth: F64, by_block: Any, wanted: I64, by_cell: Any, given: I64) -> F64 | None:
    """The flow that is worth most of those with by_block @ flow <= wanted and by_cell @ flow = given, whole as these
    are.
    """
    from scipy.optimize import linprog  # slow to load

    found = linprog(-worth, A_ub=by_block, b_ub=wanted, A_eq=by_cell, b_eq=given, bounds=(0, None), method="highs-ds")
    return np.rint(found.x) if found.status == 0 else None
