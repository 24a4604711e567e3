"""Which facilities to open and whom each serves, at the least cost, with or without capacities.

Sets
    d customers, j sites (one for each size a site may have, in a group of at most one)
Data
    f_j fixed cost, q_j capacity, w_d demand, c_dj cost of serving all of d from j (infinite where there is no way)
Variables
    y_j = 1: site j is open;  x_dj share of d served from j, 0 or 1 where each customer has a single source
Formulation
    min  sum_j f_j y_j + sum_dj c_dj x_dj
    sum_j x_dj = 1
    x_dj <= y_j                                 strong form: its relaxation is far tighter than without
    sum_d w_d x_dj <= q_j y_j
    sum_j q_j y_j >= sum_d w_d                  implied, and lifts the bound
    groups, budget, existing and forbidden sites as in `rules`

(Cornuejols, Sridharan & Thizy 1991, doi:10.1016/0377-2217(91)90261-S.) Order of work: Lagrangian prices on the
customers, in whose relaxation each site fills a knapsack; the sites they open, improved by opening, closing and
swapping; sites closed and opened for good by their reduced cost, and where customers have one source pairs as well;
then HiGHS on what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.facility_model import solve_model
from optimise.location.facility_search import Case, search
from optimise.location.inputs import F64, below, cost_matrix, length, numbers
from optimise.location.result import Located, located, no_answer, not_found
from optimise.location.rules import Group, Row, choose_sites, rows_of_rules, site_rules
from optimise.solver import Listener, Progress
from optimise.stop import Stop

NAME = "facility_location"
_NAMED = 20
"""Customers named in a reason at most."""


def facility_location(
    fixed: Any,
    capacity: Any,
    demand: Any,
    cost: Any,
    *,
    single_source: bool = False,
    existing: Any = (),
    forbidden: Any = (),
    groups: Sequence[Group] = (),
    price: Any = None,
    budget: float | None = None,
    stop: Stop | None = None,
    seed: int = 0,
    progress: Listener | None = None,
) -> Located:
    """The cheapest facilities and service, to proof unless `stop` says otherwise.

    fixed: (C); capacity: (C) or one number, None for no limit; demand: (D); cost: (D, C) of serving all of a
    customer's demand, np.inf where there is no way. Existing sites have no fixed cost and no price. price: (C) money
    to open a site, with budget. assignment: (D) the site that serves most of a customer, see
    `facility_search.shares` for who serves how much.
    Work: a unit is about 2e8 pairs looked at, or a branch-and-bound node by the size of the model; a first answer is
    always looked for among the sites the prices open. Raises InputError.
    """
    run = (stop or Stop()).start()
    case = _checked((fixed, capacity, demand, cost), single_source, (existing, forbidden, groups, price, budget))
    customers, rows = len(case.demand), [*rows_of_rules(case.rules), *_room_row(case)]

    def told(value: float | None, bound: float) -> None:
        if progress:
            progress(Progress(run.seconds, value, bound, NAME))

    start = _unserved(case) or choose_sites(case.rules, _room_row(case), case.fixed, seed)
    if isinstance(start, tuple):
        return no_answer(customers, start, solver=NAME, seed=seed, seconds=run.seconds)
    found = search(case, start, run, told)
    found = solve_model(case, rows, found, run, seed)
    if found.impossible:
        words = (_together(case), *(row.words for row in rows))
        return no_answer(customers, words, solver=NAME, seed=seed, seconds=run.seconds)
    if found.open is None:
        return not_found(customers, bound=found.bound, solver=NAME, seed=seed, seconds=run.seconds)
    told(found.value, min(found.bound, found.value))
    return located(
        np.flatnonzero(found.open), found.assignment, objective=found.value, bound=min(found.bound, found.value),
        solver=NAME, seed=seed, seconds=run.seconds,
    )  # fmt: skip


def _checked(data: tuple[Any, ...], single: object, asked: tuple[Any, ...]) -> Case:
    cost = cost_matrix("cost", data[3])
    customers, sites = cost.shape
    fixed = numbers("fixed", data[0], sites, "sites")
    demand = numbers("demand", data[2], customers, "customers")
    capacity = np.full(sites, np.inf) if data[1] is None else _capacities(data[1], sites)
    existing, forbidden, groups, price, budget = asked
    rules = site_rules(sites, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    paid = np.where(rules.built, 0.0, fixed)
    return Case(paid, capacity, demand, cost, rules, bool(single) or data[1] is None)


def _capacities(given: Any, sites: int) -> F64:
    """(C) of 0 or more, infinite where there is no limit."""
    array = np.asarray(given, float)
    array = np.full(sites, array) if array.ndim == 0 else array
    problems = length("capacity", array, sites, "sites") if array.ndim == 1 else [Problem("capacity", "is no row")]
    problems = problems or below("capacity", np.where(np.isnan(array), -1.0, array), 0)
    if problems:
        raise InputError(problems)
    return array


def _room_row(case: Case) -> list[Row]:
    """Open sites must hold all demand."""
    total = float(case.demand.sum())
    if not np.isfinite(case.capacity).all() or total <= 0:
        return []
    some = np.arange(len(case.fixed))
    return [Row(some, case.capacity / total, 1.0 - 1e-9, np.inf, f"the demand of {total:g} in all")]


def _unserved(case: Case) -> tuple[str, ...]:
    """Customers that no usable site reaches, or that fit into none of those that do."""
    able = np.isfinite(case.cost) & case.rules.usable
    room = case.capacity >= case.demand[:, None] if case.whole else np.broadcast_to(True, able.shape)
    words = [f"no usable site reaches customer {d}" for d in np.flatnonzero(~able.any(axis=1)).tolist()]
    tight = np.flatnonzero(able.any(axis=1) & ~(able & room).any(axis=1))
    words += [
        f"customer {d} wants {case.demand[d]:g}, more than any site that reaches it holds" for d in tight.tolist()
    ]
    return tuple(words[:_NAMED])


def _together(case: Case) -> str:
    one = "one site each" if case.whole else "sites"
    return f"serving {len(case.demand)} customers from {one} that reach them and have room"
