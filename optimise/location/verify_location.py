"""Recompute what p_median and p_centre claim, from the matrix alone: sites, assignment, value, side of the bound.

The independent bound is a linear relaxation by scipy, where the matrix is small enough.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import coo_array, csr_array, vstack

from optimise.location.inputs import F64
from optimise.location.result import PROOF, Located
from optimise.location.rules import Group, rows_of_rules, site_rules
from optimise.solver import gap_of
from optimise.verify import LP_PAIRS, TOLERANCE, Verification


def verify_p_median(
    cost: Any, p: int, found: Located, *, weight: Any = None, capacity: Any = None, demand: Any = None,
    existing: Any = (), forbidden: Any = (), groups: Sequence[Group] = (), price: Any = None,
    budget: float | None = None, lp_pairs: int = LP_PAIRS,
) -> Verification:  # fmt: skip
    """Each claim of a p-median recomputed; arguments as given to `p_median`."""
    case = _Case(cost, p, weight, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    loads = None if capacity is None else (1.0 if demand is None else demand, np.broadcast_to(capacity, case.sites))
    small = case.cost.size <= lp_pairs
    if found.status == "infeasible":
        return _infeasible(case, loads, small=small)
    problems = case.broken(found)
    if loads is not None and not problems:
        load = np.bincount(found.assignment, np.broadcast_to(loads[0], case.demands), case.sites)
        over = np.flatnonzero(load > np.asarray(loads[1]) * (1 + PROOF) + PROOF)
        problems += [f"site {j} serves {load[j]:g}, has room for {loads[1][j]:g}" for j in over]
    if problems:
        return _broken(problems)
    value = math.fsum(case.weighted[np.arange(case.demands), found.assignment].tolist())
    return _judged(found, value, case.least(loads, whole=False) if small else None)


def verify_p_centre(
    cost: Any, p: int, found: Located, *, weight: Any = None, existing: Any = (), forbidden: Any = (),
    groups: Sequence[Group] = (), price: Any = None, budget: float | None = None, lp_pairs: int = LP_PAIRS,
) -> Verification:  # fmt: skip
    """Each claim of a p-centre recomputed. The independent bound: at the largest radius below the claimed bound, no
    whole choice of sites reaches everybody.
    """
    case = _Case(cost, p, weight, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    small = case.cost.size <= lp_pairs
    if found.status == "infeasible":
        return _infeasible(case, None, small=small)
    problems = case.broken(found)
    if problems:
        return _broken(problems)
    value = float(case.weighted[np.arange(case.demands), found.assignment].max()) if case.demands else 0.0
    below = case.weighted[case.weighted < found.bound]
    if small and len(below) > 0 and case.can_reach(case.weighted <= below.max()):
        return _broken([f"everybody can be reached within {below.max():g}, below the bound {found.bound:g}"])
    return _judged(found, value, found.bound if small else None)


class _Case:
    """The arguments, read once more."""

    def __init__(self, cost: Any, p: int, weight: Any, **rules: Any) -> None:
        self.cost: F64 = np.asarray(cost, np.float64)
        self.demands, self.sites = self.cost.shape
        self.p, self.rules = p, site_rules(self.sites, **rules)
        ones = np.ones(self.demands) if weight is None else np.broadcast_to(np.asarray(weight, float), self.demands)
        finite = np.isfinite(self.cost)
        self.weighted: F64 = np.where(finite, np.where(finite, self.cost, 0.0) * ones[:, None], np.inf)

    def broken(self, found: Located) -> list[str]:
        """What the open sites and the assignment break, in words."""
        if found.assignment.shape != (self.demands,) or len(np.unique(found.open)) != len(found.open):
            return [f"the assignment has shape {found.assignment.shape}, or a site is named twice"]
        if not np.isin(found.open, np.arange(self.sites)).all():
            return ["a site is open that does not exist"]
        out = self.rules.broken(found.open)
        if len(found.open) > self.p:
            out.append(f"{len(found.open)} sites are open, {self.p} may be")
        stray = np.flatnonzero(~np.isin(found.assignment, found.open))
        out += [f"demand point {i} is served from {found.assignment[i]}, which is not open" for i in stray]
        if not len(stray):
            cut_off = np.flatnonzero(~np.isfinite(self.cost[np.arange(self.demands), found.assignment]))
            out += [f"demand point {i} has no way to {found.assignment[i]}" for i in cut_off]
        return out

    def _site_rows(self, width: int) -> tuple[list[csr_array], list[float], list[float]]:
        rows, low, high = [_row(np.arange(self.sites), np.ones(self.sites), width)], [-np.inf], [float(self.p)]
        for rule in rows_of_rules(self.rules):
            rows.append(_row(rule.sites, rule.coefficient, width))
            low.append(rule.low)
            high.append(rule.high)
        return rows, low, high

    def least(self, loads: Any, *, whole: bool) -> float | None:
        """The least value with sites in part, or whole; infinite where there is none, None where scipy cannot say."""
        i, j = np.nonzero(np.isfinite(self.weighted))
        width, k = self.sites + len(i), np.arange(len(i))
        rows, low, high = self._site_rows(width)
        ones = np.ones(len(i))
        rows.append(csr_array((ones, (i, self.sites + k)), shape=(self.demands, width)))
        low += [1.0] * self.demands
        high += [1.0] * self.demands
        pair = coo_array(
            (np.concatenate((ones, -ones)), (np.tile(k, 2), np.concatenate((self.sites + k, j)))), (len(i), width)
        )
        rows.append(pair.tocsr())
        low += [-np.inf] * len(i)
        high += [0.0] * len(i)
        if loads is not None:
            load = np.broadcast_to(np.asarray(loads[0], float), self.demands)[i]
            at = np.concatenate((j, np.arange(self.sites)))
            column = np.concatenate((self.sites + k, np.arange(self.sites)))
            value = np.concatenate((load, -np.asarray(loads[1], float)))
            rows.append(csr_array((value, (at, column)), shape=(self.sites, width)))
            low += [-np.inf] * self.sites
            high += [0.0] * self.sites
        gain = np.concatenate((np.zeros(self.sites), self.weighted[i, j]))
        return self._solved(gain, rows, (low, high), whole=whole)

    def can_reach(self, within: Any) -> bool:
        """Whether whole sites that keep the rules reach every demand point."""
        rows, low, high = self._site_rows(self.sites)
        rows.append(csr_array(within.astype(float)))
        limits = ([*low, *[1.0] * self.demands], [*high, *[np.inf] * self.demands])
        return self._solved(np.zeros(self.sites), rows, limits, whole=True) == 0.0

    def _solved(
        self, gain: F64, rows: list[csr_array], limits: tuple[list[float], list[float]], *, whole: bool
    ) -> float | None:
        low = np.concatenate((self.rules.built, np.zeros(len(gain) - self.sites)))
        high = np.concatenate((self.rules.usable, np.ones(len(gain) - self.sites)))
        every = LinearConstraint(vstack(rows).tocsr(), *(np.array(limit) for limit in limits))
        result = milp(gain, constraints=every, bounds=(low, high), integrality=np.full(len(gain), int(whole)))
        if result.status == 2:
            return math.inf
        return float(result.fun) if result.status == 0 else None


def _row(columns: Any, values: Any, width: int) -> csr_array:
    return csr_array((values, (np.zeros(len(columns), int), columns)), shape=(1, width))


def _infeasible(case: _Case, loads: Any, *, small: bool) -> Verification:
    value = case.least(loads, whole=True) if small else None
    wrong = value is not None and math.isfinite(value)
    problems = (f"said to be infeasible, but there is an answer of {value:g}",) if wrong else ()
    return Verification(
        feasible=False, value=None, value_matches=True, bound_side_ok=True, gap_matches=True, relaxation_bound=None,
        checked=("infeasible",) if small else (), problems=problems,
    )  # fmt: skip


def _broken(problems: list[str]) -> Verification:
    return Verification(
        feasible=False, value=None, value_matches=False, bound_side_ok=False, gap_matches=False,
        relaxation_bound=None, checked=("feasible",), problems=tuple(problems),
    )  # fmt: skip


def _judged(found: Located, value: float, relaxed: float | None) -> Verification:
    slack, problems, side = TOLERANCE * max(1.0, abs(value)), [], []
    if found.bound > value + PROOF * max(1.0, abs(value)):
        side.append(f"bound {found.bound} is above the value {value}")
    if relaxed is not None and value < relaxed - slack:
        side.append(f"value {value} is below the independent bound {relaxed}")
    matches = abs(value - found.objective) <= PROOF * max(1.0, abs(value))
    if not matches:
        problems.append(f"the value is {value}, not {found.objective}")
    if (found.status == "optimal") != (found.bound == found.objective):
        problems.append(f"status {found.status!r} does not fit value {found.objective} and bound {found.bound}")
    gap_matches = found.gap == (0.0 if found.bound == found.objective else gap_of(found.objective, found.bound))
    checked = ("feasible", "value", "bound_side", "gap", "status") + (("relaxation",) if relaxed is not None else ())
    return Verification(
        feasible=True, value=round(value), value_matches=matches, bound_side_ok=not side, gap_matches=gap_matches,
        relaxation_bound=relaxed, checked=checked, problems=(*problems, *side),
    )  # fmt: skip
