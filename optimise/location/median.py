"""The p-median, with or without capacities.

Sets
    i demand points (D), j sites (C), E sites there already, groups g of sites
Data
    w_i weight, c_ij cost of serving i from j (infinite: there is no way), q_i demand, Q_j capacity, p sites,
    l_g, u_g fewest and most open sites of a group, f_j price, B budget
Variables
    y_j = 1: site j is open;  x_ij = 1: i is served from j
Formulation
    min  sum_ij w_i c_ij x_ij
    sum_j x_ij = 1,  x_ij <= y_j,  sum_j y_j <= p,  y_j = 1 for j in E
    sum_i q_i x_ij <= Q_j y_j                         where there are capacities (all of i from one site)
    l_g <= sum_{j in g} y_j <= u_g,  sum_j f_j y_j <= B

(Hakimi 1964, doi:10.1287/opre.12.3.450; ReVelle & Swain 1970, doi:10.1111/j.1538-4632.1970.tb00142.x.) Without
capacities, groups and budget: interchange, Lagrangian prices, the linear relaxation by cutting planes
(`median_linear`), branch and bound (`median_search`). With them the same start and bounds, and HiGHS on the sites that
the bounds leave (`median_mip`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.inputs import F64, cost_matrix, numbers
from optimise.location.median_mip import Loads, solve_rest
from optimise.location.median_search import Median, Search
from optimise.location.result import Located, located, no_answer
from optimise.location.rules import Group, Row, SiteRules, choose_sites, site_rules
from optimise.problem import I64
from optimise.solver import Listener
from optimise.stop import Stop, Work

NAME = "p_median"
UNTIL = Work(300)
"""Where no stop is given: a few minutes, the same on every machine."""


def p_median(
    cost: Any, p: int, *, weight: Any = None, capacity: Any = None, demand: Any = None, existing: Any = (),
    forbidden: Any = (), groups: Sequence[Group] = (), price: Any = None, budget: float | None = None,
    stop: Stop = UNTIL, seed: int = 0, progress: Listener | None = None,
) -> Located:  # fmt: skip
    """At most p open sites, existing ones included, from which serving everybody costs least.

    cost: (D, C) of 0 or more, np.inf where there is no way. weight: (D), 1 each where left out. capacity: (C) in units
    of demand (D; 1 each where left out): every demand point is then served from one site with room for it. groups,
    price, budget: see `optimise.location.rules`. objective: sum of weight * cost.
    Work: 2e8 pairs looked at, or nodes of HiGHS by the size of the model. Raises InputError that names the row.
    """
    run = stop.start()
    matrix = cost_matrix("cost", cost)
    demands, sites = matrix.shape
    rules = site_rules(sites, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    check_p(p, rules)
    weighted = matrix if weight is None else weighted_costs(matrix, numbers("weight", weight, demands, "demand points"))
    loads = _loads(capacity, demand, demands, rules)
    needed = [] if loads is None else [loads.row()]
    start = first_sites(matrix, p, rules, needed, seed)
    if isinstance(start, tuple):
        return no_answer(demands, start, solver=NAME, seed=seed, seconds=run.seconds)
    median = Median(weighted, p, rules)
    if loads is not None or not rules.plain:
        return solve_rest(Search(median, run, seed, NAME, progress, start, loose=True), loads)
    search = Search(median, run, seed, NAME, progress, start)
    search.solve()
    sites_open = np.sort(search.sites)
    assignment = sites_open[matrix[:, sites_open].argmin(axis=1)]
    return located(
        sites_open, assignment, objective=search.best, bound=search.bound, solver=NAME, seed=seed, seconds=run.seconds
    )


def check_p(p: int, rules: SiteRules) -> None:
    """Raises InputError where p sites cannot be open."""
    there, usable = len(rules.existing), int(rules.usable.sum())
    if isinstance(p, bool) or not isinstance(p, int | np.integer) or p < 1:
        raise InputError(Problem("p", f"is {p!r}", "give a whole number of 1 or more"))
    if p > usable:
        raise InputError(Problem("p", f"is {p}, only {usable} sites may be open", "give fewer, or forbid fewer sites"))
    if p < there:
        raise InputError(Problem("p", f"is {p}, {there} sites are there already", "count the existing sites in p"))


def first_sites(cost: F64, p: int, rules: SiteRules, needed: Sequence[Row], seed: int) -> I64 | tuple[str, ...]:
    """At most p sites from which everybody can be served and that keep the rows `needed` (existing ones first), or the
    words of the rows in conflict.
    """
    free = np.flatnonzero(rules.usable & ~rules.built)
    spread = free[np.linspace(0, len(free) - 1, p - len(rules.existing)).astype(np.int64)] if len(free) else free
    sites = np.concatenate((rules.existing, spread)).astype(np.int64)
    connected = np.isfinite(cost)
    bare = np.flatnonzero(~connected[:, rules.usable].any(axis=1))
    if len(bare):
        return tuple(f"demand point {i} has no way to any site that may be open" for i in bare.tolist())
    if rules.plain and not needed and connected[:, sites].any(axis=1).all():
        return sites
    worth = np.where(connected, cost, 0.0).mean(axis=0) if len(cost) else np.zeros(rules.sites)
    found = choose_sites(rules, [at_most(p, rules.sites), *needed, *served_rows(connected)], worth, seed)
    if isinstance(found, tuple) or not rules.plain:
        return found
    rest = np.concatenate((np.setdiff1d(found, rules.existing), np.setdiff1d(free, found)))
    return np.concatenate((rules.existing, rest))[:p].astype(np.int64)


def at_most(p: int, sites: int) -> Row:
    """No more than p open sites, and one."""
    return Row(np.arange(sites), np.ones(sites), 1.0, float(p), f"at most {p} open sites")


def served_rows(connected: Any) -> list[Row]:
    """A row for each different set of sites that somebody depends on."""
    partly = np.flatnonzero(~connected.all(axis=1))
    _, which = np.unique(connected[partly], axis=0, return_index=True)
    rows = []
    for i in partly[np.sort(which)].tolist():
        sites = np.flatnonzero(connected[i]).astype(np.int64)
        rows.append(Row(sites, np.ones(len(sites)), 1.0, np.inf, f"demand point {i} is served"))
    return rows


def weighted_costs(cost: F64, weight: F64) -> F64:
    """Weight (D) times cost (D, C); no way stays no way."""
    out: F64 = np.where(np.isfinite(cost), cost, 0.0) * weight[:, None]
    out[~np.isfinite(cost)] = np.inf
    return out


def _loads(capacity: Any, demand: Any, demands: int, rules: SiteRules) -> Loads | None:
    if capacity is None:
        if demand is not None:
            raise InputError(Problem("demand", "is given without capacity", "give both, or weight for the objective"))
        return None
    room = numbers("capacity", capacity, rules.sites, "sites")
    asked = numbers("demand", 1.0 if demand is None else demand, demands, "demand points")
    most = float(room[rules.usable].max()) if rules.usable.any() else 0.0
    over = np.flatnonzero(asked > most)
    if len(over):
        i = int(over[0])
        raise InputError(
            Problem(f"demand[{i}]", f"is {asked[i]:g}, the largest capacity is {most:g}", "split it into several rows")
        )
    return Loads(asked, room)
