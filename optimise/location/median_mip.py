"""The p-median with capacities, groups or a budget: a start, the bound of the plain p-median, and HiGHS on the pairs
that no bound rules out. The formulation is that of `median`, with a row x_ij <= y_j for every pair left.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.location.inputs import F64
from optimise.location.kernels.loads import assign_loads
from optimise.location.kernels.medians import SHUT
from optimise.location.median_search import PAIRS_PER_WORK, Node, Search
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.location.result import Located, located, no_answer, not_found
from optimise.location.rules import Row, add_site_rows, rows_of_rules
from optimise.problem import I64

_COLUMNS_PER_WORK = 20_000
"""As in `choice_model`: columns of a model whose nodes cost a unit of work."""
_TRIES = 3_000
"""Exchanges of sites that a start looks at."""
_TURNS = 50
_ABSOLUTE, _RELATIVE = 1e-6, 1e-9
"""Error allowed to HiGHS's bound."""


@dataclass(frozen=True)
class Loads:
    """demand (D) and room (C) in the same unit."""

    demand: F64
    room: F64

    def row(self) -> Row:
        """The open sites hold everybody: needed, not enough."""
        asked = float(self.demand.sum())
        words = f"room for all demand ({asked:g})"
        return Row(np.arange(len(self.room)), self.room, asked, math.inf, words)


def solve_rest(search: Search, loads: Loads | None) -> Located:
    """An answer that keeps groups, budget and capacities, from search.sites on."""
    problem, run = search.problem, search.run
    best, assignment = _served(search, search.sites, loads)
    best, assignment = _exchange(search, loads, best, assignment)
    node: Node | None = None
    if math.isfinite(best):
        search.best = best
        node = search.root()
    if not search.settled:
        best, assignment, low, never = _by_highs(search, loads, node, best, assignment)
        if never:
            words = [row.words for row in rows_of_rules(problem.rules)]
            words += [f"at most {problem.p} open sites", "one site with room for each demand point"]
            return no_answer(len(assignment), words, solver=search.name, seed=search.seed, seconds=run.seconds)
    else:
        low = search.bound
    if not math.isfinite(best):
        return not_found(len(assignment), bound=low, solver=search.name, seed=search.seed, seconds=run.seconds)
    sites = np.union1d(np.unique(assignment), problem.rules.existing) if loads else search.sites
    if problem.rules.broken(sites):
        sites = search.sites
    return located(
        np.sort(sites), assignment, objective=best, bound=min(low, best), solver=search.name, seed=search.seed,
        seconds=run.seconds,
    )  # fmt: skip


def _served(search: Search, sites: I64, loads: Loads | None) -> tuple[float, I64]:
    """The value of open sites and who is served where; infinite where it does not work out."""
    cost = search.problem.cost
    if loads is None:
        order = np.sort(sites)
        assignment = order[cost[:, order].argmin(axis=1)]
        search.run.spend(cost.shape[0] * len(sites) / PAIRS_PER_WORK)
    else:
        value, assignment, work = assign_loads(cost, np.sort(sites), loads.demand, loads.room, _TURNS)
        search.run.spend(work / PAIRS_PER_WORK)
        if not math.isfinite(value):
            return math.inf, assignment
    return math.fsum(cost[np.arange(len(cost)), assignment].tolist()), assignment


def _exchange(search: Search, loads: Loads | None, best: float, assignment: I64) -> tuple[float, I64]:
    """Open one more site, or exchange an open one for it, as long as it pays."""
    rules, tries, idle = search.problem.rules, 0, 0
    closed = np.flatnonzero(rules.usable & ~rules.built).tolist()
    while closed and idle < len(closed) and tries < _TRIES and not search.run.over():
        j = closed[tries % len(closed)]
        tries, idle = tries + 1, idle + 1
        if j in search.sites:
            continue
        outs = np.setdiff1d(search.sites, rules.existing).tolist()
        for out in [-1] * (len(search.sites) < search.problem.p) + outs:
            sites = np.append(search.sites[search.sites != out], j)
            if rules.broken(sites):
                continue
            value, served = _served(search, sites, loads)
            if value < best:
                best, assignment, search.sites, idle = value, served, np.sort(sites), 0
                break
    return best, assignment


def _by_highs(
    search: Search, loads: Loads | None, node: Node | None, best: float, assignment: I64
) -> tuple[float, I64, float, bool]:
    """Value, assignment and bound after HiGHS, and whether there is proof that no answer exists."""
    problem, run = search.problem, search.run
    low = search.bound if node else 0.0
    i, j = np.nonzero(_pairs_left(search, node))
    model, y, x = _model(search, loads, i, j)
    node_work = float((model.get_num_variables() / _COLUMNS_PER_WORK) ** 1.5)
    if run.over() or run.work_left < ROOT_NODES * node_work:
        return best, assignment, low, False
    hint: dict[Any, float] = {}
    if math.isfinite(best):
        hint = {v: float(assignment[a] == b) for v, a, b in zip(x, i.tolist(), j.tolist(), strict=True)}
        hint |= {v: float(k in search.sites) for k, v in enumerate(y) if v is not None}
    unit = 1.0 - _ABSOLUTE if problem.whole else 0.0
    result = run_highs(model, run, seed=search.seed, node_work=node_work, hint=hint, absolute_gap=unit)
    reason = result.termination.reason.name
    if reason == "INFEASIBLE":
        return best, assignment, (best if math.isfinite(best) else math.inf), not math.isfinite(best)
    dual = float(result.dual_bound())
    dual -= _ABSOLUTE + _RELATIVE * abs(dual)
    if result.has_primal_feasible_solution():
        chosen = np.rint(result.variable_values(x)) > 0
        found = np.full(len(assignment), -1, np.int64)
        found[i[chosen]] = j[chosen]
        opened = [k for k, v in enumerate(y) if v is not None and round(result.variable_values(v)) > 0]
        if (found >= 0).all():
            value = math.fsum(problem.cost[np.arange(len(found)), found].tolist())
            if value < best:
                best, assignment, search.sites = value, found, np.array(opened, np.int64)
    if math.isfinite(dual):
        low = max(low, math.ceil(dual) if problem.whole else dual)
        if not problem.whole and best - dual <= 2 * (_ABSOLUTE + _RELATIVE * abs(best)) and reason == "OPTIMAL":
            low = best
    return best, assignment, low, False


def _pairs_left(search: Search, node: Node | None) -> Any:
    """(D, C) pairs that an answer better than the best may use."""
    problem = search.problem
    left = np.isfinite(problem.cost) & problem.rules.usable
    if node is None:
        return left
    dearer = np.maximum(0.0, problem.cost - node.price[:, None])
    left &= (node.state != SHUT) & (node.low + np.where(left, dearer, 0.0) < search.best)
    return left


def _model(search: Search, loads: Loads | None, i: I64, j: I64) -> tuple[Any, list[Any], list[Any]]:
    problem, rules = search.problem, search.problem.rules
    demands, sites = problem.cost.shape
    model = new_model("p-median")
    used = np.bincount(j, minlength=sites) > 0
    used |= rules.usable if rules.groups else rules.built
    y: list[Any] = [
        model.add_integer_variable(lb=float(there), ub=1.0) if on and may else None
        for on, may, there in zip(used.tolist(), rules.usable.tolist(), rules.built.tolist(), strict=True)
    ]
    add = model.add_variable if loads is None else model.add_integer_variable
    x = [add(lb=0.0, ub=1.0) for _ in range(len(i))]
    by_demand: list[list[Any]] = [[] for _ in range(demands)]
    by_site: list[list[Any]] = [[] for _ in range(sites)]
    for v, a, b in zip(x, i.tolist(), j.tolist(), strict=True):
        model.add_linear_constraint(v - y[b] <= 0.0)
        by_demand[a].append(v)
        by_site[b].append(v if loads is None else float(loads.demand[a]) * v)
    for terms in by_demand:
        model.add_linear_constraint(total(terms) == 1.0)
    if loads is not None:
        for b, terms in enumerate(by_site):
            if terms:
                model.add_linear_constraint(total([*terms, -float(loads.room[b]) * y[b]]) <= 0.0)
    model.add_linear_constraint(total([v for v in y if v is not None]) <= float(problem.p))
    add_site_rows(model, y, rows_of_rules(rules))
    model.minimize(total([c * v for c, v in zip(problem.cost[i, j].tolist(), x, strict=True) if c]))
    return model, y, x
