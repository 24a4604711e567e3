"""Recompute what a solver claims, from the problem alone: trusts no solver and no solver's code.

The value of "cover" is a maximum flow (scipy), that of "distance" a minimum over pairs (numpy), and the independent
bound a linear relaxation (scipy's own linear programming), where the problem is small enough for one.
"""

from __future__ import annotations

import math
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
    if incumbent.status == "infeasible":
        return _verify_infeasible(problem)
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
    side = _side_problems(problem, incumbent, value, relaxed)
    gap_matches = incumbent.gap == gap_of(value, incumbent.bound)
    proven = (incumbent.status == "optimal") == (incumbent.bound == value)
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
    if values.sum() < p.min_plugs:
        problems.append(f"{values.sum()} new plugs, at least {p.min_plugs} are wanted")
    return problems


def value_of(p: SitingProblem, values: I64) -> int:
    """The objective of new plugs (J), in the whole numbers of SitingProblem."""
    plugs = p.existing + values
    live = plugs[p.site] > 0
    if p.objective == "cover":
        return _served(p, plugs, np.flatnonzero(live & (p.distance_m <= p.cover_m)))
    nearest = np.full(p.demands, p.search_m, np.int64)
    np.minimum.at(nearest, p.row[live], p.distance_m[live])
    return int((p.weight * nearest).sum())


def _served(p: SitingProblem, plugs: I64, pairs: I64) -> int:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_flow

    source, sink = p.demands + p.sites, p.demands + p.sites + 1
    row, site = p.row[pairs], p.site[pairs]
    capacity = plugs * p.plug_tenths
    tail = np.concatenate((np.full(p.demands, source), row, p.demands + np.arange(p.sites)))
    head = np.concatenate((np.arange(p.demands), p.demands + site, np.full(p.sites, sink)))
    size = np.concatenate((p.weight, np.minimum(p.weight[row], capacity[site]), capacity)).astype(np.int32)
    graph = csr_array((size, (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def relaxation_bound(p: SitingProblem) -> float | None:
    """Bound by the linear relaxation: plugs and openings may be fractions. None where the linear program did not end.

    Columns: pairs (flow sent, or share of the demand assigned), then y (J, opened), then n (J, new plugs).
    """
    rows = _Rows(p)
    cover = p.objective == "cover"
    pairs = np.flatnonzero((p.most[p.site] + p.existing[p.site] > 0) & (not cover or p.distance_m <= p.cover_m))
    r, j_sites, k = len(pairs), p.sites, np.arange(len(pairs))
    y, n, sites = r, r + p.sites, np.arange(p.sites)
    row, site = p.row[pairs], p.site[pairs]
    sent = p.weight if cover else np.ones(p.demands)
    rows.add(row, k, np.ones(r), sent)
    fresh = np.flatnonzero(p.existing[site] == 0)
    rows.add(np.tile(np.arange(len(fresh)), 2), np.concatenate((k[fresh], y + site[fresh])),
             np.concatenate((np.ones(len(fresh)), -sent[row[fresh]])), np.zeros(len(fresh)))  # fmt: skip
    if cover:
        capacity = np.full(j_sites, -float(p.plug_tenths))
        rows.add(np.concatenate((site, sites)), np.concatenate((k, n + sites)),
                 np.concatenate((np.ones(r), capacity)), p.plug_tenths * p.existing)  # fmt: skip
    new = np.flatnonzero(p.existing == 0)
    for sign, limit in ((1.0, p.most), (-1.0, p.least)):
        rows.add(np.tile(np.arange(len(new)), 2), np.concatenate((n + new, y + new)),
                 np.concatenate((np.full(len(new), sign), -sign * limit[new])), np.zeros(len(new)))  # fmt: skip
    opening = np.where(p.existing == 0, p.open_fen, 0)
    scale = max(1, p.budget_fen)
    rows.add(np.zeros(2 * j_sites, int), np.concatenate((y + sites, n + sites)),
             np.concatenate((opening, p.plug_fen)) / scale, [p.budget_fen / scale])  # fmt: skip
    rows.add(np.zeros(j_sites, int), n + sites, -np.ones(j_sites), [-p.min_plugs])
    gain = np.ones(r) if cover else p.weight[row] * (p.search_m - p.distance_m[pairs]).astype(float)
    return rows.best(gain, y)


class _Rows:
    """Rows `A z <= b` of a linear program, collected in blocks."""

    def __init__(self, p: SitingProblem) -> None:
        self.p, self.height = p, 0
        self.parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
        self.right: list[np.ndarray] = []

    def add(self, row: np.ndarray, column: np.ndarray, value: np.ndarray, right: np.ndarray | list[float]) -> None:
        self.parts.append((np.asarray(row) + self.height, column, value))
        self.right.append(np.asarray(right, float))
        self.height += len(right)

    def best(self, gain: np.ndarray, pairs: int) -> float | None:
        """The most that the columns gain, as a bound on the problem's objective."""
        from scipy.optimize import linprog
        from scipy.sparse import coo_array

        p = self.p
        row, column, value = (np.concatenate(part) for part in zip(*self.parts, strict=True))
        matrix = coo_array((value, (row, column)), shape=(self.height, pairs + 2 * p.sites)).tocsr()
        high = np.concatenate((np.full(pairs, np.inf), np.ones(p.sites), p.most))
        cost = -np.concatenate((gain, np.zeros(2 * p.sites)))
        bounds = np.stack((np.zeros(len(high)), high), axis=1)
        result = linprog(cost, A_ub=matrix, b_ub=np.concatenate(self.right), bounds=bounds, method="highs")
        if result.status != 0:
            return None
        most = -float(result.fun)
        return most if p.objective == "cover" else p.total_weight * p.search_m - most


def _side_problems(p: SitingProblem, incumbent: Incumbent, value: int, relaxed: float | None) -> list[str]:
    sign = 1 if p.objective == "cover" else -1
    problems = []
    if sign * (incumbent.bound - value) < 0:
        problems.append(f"bound {incumbent.bound} is on the wrong side of value {value}")
    if relaxed is not None and sign * (relaxed - value) < -TOLERANCE * max(1.0, abs(value)):
        problems.append(f"value {value} is better than the independent bound {relaxed:.1f}")
    return problems


def _verify_infeasible(p: SitingProblem) -> Verification:
    """A claim that no plan exists: recomputed by a table of the cheapest way to any number of plugs."""
    cheapest = _cheapest_fen(p)
    wrong = math.isfinite(cheapest) and cheapest <= p.budget_fen
    problems = (f"said to be infeasible, but {p.min_plugs} plugs cost {cheapest:.0f} fen",) if wrong else ()
    return Verification(
        feasible=False,
        value=None,
        value_matches=True,
        bound_side_ok=True,
        gap_matches=True,
        relaxation_bound=None,
        checked=("infeasible",),
        problems=problems,
    )


def _cheapest_fen(p: SitingProblem) -> float:
    """Least money for at least min_plugs new plugs; infinite where the sites cannot hold them. A plain table, slow
    and readable.
    """
    cost = np.full(p.min_plugs + 1, np.inf)
    cost[0] = 0.0
    for j in range(p.sites):
        opening = 0 if p.existing[j] else int(p.open_fen[j])
        fewest = 1 if p.existing[j] else int(p.least[j])
        best = cost.copy()
        for k in range(fewest, int(p.most[j]) + 1):
            price = opening + int(p.plug_fen[j]) * k
            reached = np.minimum(np.arange(p.min_plugs + 1) + k, p.min_plugs)
            np.minimum.at(best, reached, cost + price)
        cost = best
    return float(cost[-1])
