"""Recompute what a solver claims, from the problem alone: trusts no solver and no solver's code.

The value is a minimum over pairs (numpy), the independent bound a linear relaxation (scipy's own linear programming)
where the problem is small enough for one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.problem import I64, SitingProblem
from optimise.solver import Incumbent, gap_of

LP_PAIRS = 4_000
"""Largest number of pairs for which the linear relaxation is solved (a second or so)."""
TOLERANCE = 1e-6
"""Relative, for the floating-point relaxation."""


@dataclass(frozen=True, kw_only=True)
class Verification:
    """What was found. `problems` is empty when everything that was checked agrees."""

    feasible: bool
    value: float | None
    """The objective recomputed; None for an infeasible problem."""
    value_matches: bool
    bound_side_ok: bool
    """The claimed bound is no worse than the value, and the value no better than the independent relaxation."""
    gap_matches: bool
    relaxation_bound: float | None
    """Bound by an independent linear relaxation; None where the problem is too large for it."""
    checked: tuple[str, ...]
    """Names of the checks made."""
    problems: tuple[str, ...]


def verify(problem: SitingProblem, incumbent: Incumbent, lp_pairs: int = LP_PAIRS) -> Verification:
    """Feasible? value? bound? Each claim of `incumbent` recomputed."""
    problems = feasibility_problems(problem, incumbent.values)
    if problems:
        return Verification(
            feasible=False,
            value=None,
            value_matches=False,
            bound_side_ok=False,
            gap_matches=False,
            relaxation_bound=None,
            checked=("feasible",),
            problems=tuple(problems),
        )
    value = value_of(problem, incumbent.values)
    relaxed = relaxation_bound(problem) if len(problem.site) <= lp_pairs else None
    value_matches = value == incumbent.objective
    side = _side_problems(incumbent, value, relaxed)
    gap_matches = incumbent.gap == gap_of(value, incumbent.bound)
    proven = incumbent.status == ("optimal" if incumbent.bound == value else "feasible")
    if not value_matches:
        problems.append(f"the value is {value}, not {incumbent.objective}")
    if not gap_matches:
        problems.append(f"the gap is {gap_of(value, incumbent.bound)}, not {incumbent.gap}")
    if not proven:
        problems.append(f"status {incumbent.status!r} does not fit value {value} and bound {incumbent.bound}")
    checked = ("feasible", "value", "bound_side", "gap", "status") + (("relaxation",) if relaxed is not None else ())
    return Verification(
        feasible=True,
        value=value,
        value_matches=value_matches,
        bound_side_ok=not side,
        gap_matches=gap_matches,
        relaxation_bound=relaxed,
        checked=checked,
        problems=(*problems, *side),
    )


def feasibility_problems(p: SitingProblem, values: I64) -> list[str]:
    """Every rule of the problem that new plugs (J) break, in words."""
    if values.shape != (p.sites,) or values.dtype != np.int64:
        return [f"values have shape {values.shape} and type {values.dtype}, need ({p.sites},) whole numbers"]
    problems = [f"site {j} gets {values[j]} plugs" for j in np.flatnonzero(values < 0)]
    problems += [f"site {j} gets {values[j]} plugs, room for {p.most[j]}" for j in np.flatnonzero(values > p.most)]
    opened = (values > 0) & (p.existing == 0)
    few = np.flatnonzero(opened & (values < p.least))
    problems += [f"site {j} opens with {values[j]} plugs, at least {p.least[j]}" for j in few]
    cost = sum(
        int(p.plug_fen[j]) * int(values[j]) + (int(p.open_fen[j]) if opened[j] else 0) for j in np.flatnonzero(values)
    )
    if cost > p.budget_fen:
        problems.append(f"costs {cost} fen, the budget is {p.budget_fen}")
    return problems


def value_of(p: SitingProblem, values: I64) -> int:
    """The objective of new plugs (J), in the whole numbers of SitingProblem."""
    live = (p.existing + values)[p.site] > 0
    nearest = np.full(p.demands, p.search_m, np.int64)
    np.minimum.at(nearest, p.row[live], p.distance_m[live])
    return int((p.weight * nearest).sum())


def relaxation_bound(p: SitingProblem) -> float | None:
    """Bound by the linear relaxation: openings may be fractions. None where the linear program did not end.

    Columns: x (R) shares of the demand that walk to a site, then y (J) opened. Rows: sum x <= 1 of a demand point,
    x <= y at sites without plugs, money.
    """
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    pairs, rows = len(p.site), p.demands + len(p.site) + 1
    there = p.existing > 0
    new = np.flatnonzero(~there[p.site])
    opening = np.where(there, 0, p.open_fen + p.plug_fen * p.least) / max(1, p.budget_fen)
    row = (p.row, p.demands + new, p.demands + new, np.full(p.sites, rows - 1))
    column = (np.arange(pairs), new, pairs + p.site[new], pairs + np.arange(p.sites))
    value = (np.ones(pairs), np.ones(len(new)), -np.ones(len(new)), opening)
    matrix = coo_array(
        (np.concatenate(value), (np.concatenate(row), np.concatenate(column))), shape=(rows, pairs + p.sites)
    ).tocsr()
    right = np.concatenate((np.ones(p.demands), np.zeros(pairs), [p.budget_fen / max(1, p.budget_fen)]))
    high = np.concatenate((np.ones(pairs), (p.most >= p.least).astype(float)))
    shorter = (p.weight[p.row] * (p.search_m - p.distance_m)).astype(float)
    bounds = np.stack((np.zeros(len(high)), high), axis=1)
    cost = -np.concatenate((shorter, np.zeros(p.sites)))
    result = linprog(cost, A_ub=matrix, b_ub=right, bounds=bounds, method="highs")
    return float(p.weight.sum() * p.search_m + result.fun) if result.status == 0 else None


def _side_problems(incumbent: Incumbent, value: int, relaxed: float | None) -> list[str]:
    problems = []
    if incumbent.bound > value:
        problems.append(f"bound {incumbent.bound} is on the wrong side of value {value}")
    if relaxed is not None and relaxed - value > TOLERANCE * max(1.0, abs(value)):
        problems.append(f"value {value} is better than the independent bound {relaxed:.1f}")
    return problems
