"""The sites that cover the most demand, at most p of them or within a budget.

Sets
    i demand points (those covered by the same sites are one), j sites, J_i sites that cover i, a areas
Data
    w_i weight, p or costs c_j and budget B, groups with least and most open sites, f_a floor of an area
Variables
    y_j = 1: site j is open;  0 <= z_i <= 1: i is covered
Formulation
    max  sum_i w_i z_i
    z_i <= sum_{j in J_i} y_j
    sum_j y_j <= p,  sum_j c_j y_j <= B
    least_g <= sum_{j in g} y_j <= most_g
    sum_{i in a} w_i z_i >= f_a

(Church & ReVelle 1974, doi:10.1007/BF01942293.) Order of work: greedy choice and interchange; Lagrangian prices on the
rows, whose bound goes down to that of the linear relaxation; sites closed and opened for good by their reduced worth,
and rows merged again; then HiGHS on what is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.cover_model import first_by_model, solve_model
from optimise.location.cover_search import Case, search
from optimise.location.covers import first_open, pairs_of_covers
from optimise.location.inputs import below, length, numbers, real_array, too_high, whole_array
from optimise.location.result import Located, located, no_answer, not_found
from optimise.location.rules import Group, Row, choose_sites, rows_of_rules, site_rules
from optimise.problem import EXACT
from optimise.solver import Listener, Progress
from optimise.stop import Stop

NAME = "max_cover"


def max_cover(
    covers: Any,
    weight: Any,
    *,
    p: int | None = None,
    cost: Any = None,
    budget: float | None = None,
    existing: Any = (),
    forbidden: Any = (),
    groups: Sequence[Group] = (),
    area: Any = None,
    floor: Any = None,
    stop: Stop | None = None,
    seed: int = 0,
    progress: Listener | None = None,
) -> Located:
    """The most weight that can be covered, to proof unless `stop` says otherwise.

    covers: D demand points x C sites, scipy sparse or (first [D+1], site [R] rising in each row). weight: (D) or one
    number for all. p: open sites at most, existing ones counted. cost: (C) of opening, with budget; existing sites
    cost nothing. area: (D) number of each point's area, floor: (A) weight that must be covered in each. assignment:
    the first open site that covers a point, -1 for none.
    Work: a unit is about 2e8 pairs looked at, or a branch-and-bound node by the size of the model. The first greedy
    choice is always made. Raises InputError.
    """
    run = (stop or Stop()).start()
    case = _checked(covers, weight, p, (cost, budget, existing, forbidden, groups), (area, floor))
    rules, demands = case.rules, len(case.demand)
    rows = [*rows_of_rules(rules), Row(np.arange(rules.sites), np.ones(rules.sites), 0.0, case.count, f"p = {p}")]

    def told(value: float, bound: float) -> None:
        if progress:
            progress(Progress(run.seconds, value, bound, NAME))

    start = rules.existing
    if rules.groups or len(start) > case.count:
        chosen = choose_sites(rules, rows[-1:], -case.alone(), seed)
        if isinstance(chosen, tuple):
            return no_answer(demands, chosen, solver=NAME, seed=seed, seconds=run.seconds)
        start = chosen
    words = _floors_out_of_reach(case)
    if words:
        return no_answer(demands, words, solver=NAME, seed=seed, seconds=run.seconds)
    found = search(case, start, run, seed, told)
    if case.short(found.open).any():
        first, proven = first_by_model(case, rows, run, seed)
        if proven:
            words = ("the floors of the areas together", *(row.words for row in rows))
            return no_answer(demands, words, solver=NAME, seed=seed, seconds=run.seconds)
        if first is None:
            return not_found(demands, bound=case.rounded(found.bound), solver=NAME, seed=seed, seconds=run.seconds)
        found = replace(found, open=first, value=case.worth(first))
    found = solve_model(case, rows, found, run, seed)
    value = found.value
    bound = value if found.bound <= value else max(value, case.rounded(found.bound))
    told(value, bound)
    assigned = first_open(case.first, case.site, found.open)
    return located(
        np.flatnonzero(found.open), assigned, objective=value, bound=bound, solver=NAME, seed=seed, seconds=run.seconds
    )  # fmt: skip


def _checked(covers: Any, weight: Any, p: int | None, asked: tuple[Any, ...], areas: tuple[Any, Any]) -> Case:
    first, site, count = pairs_of_covers(covers)
    demands = len(first) - 1
    demand = numbers("weight", weight, demands, "rows of covers")
    cost, budget, existing, forbidden, groups = asked
    rules = site_rules(
        count, existing=existing, forbidden=forbidden, groups=groups, price=cost, budget=budget
    )  # fmt: skip
    problems = []
    if p is None and budget is None:
        problems.append(Problem("p", "is missing, and so is a budget", "give p, or cost and budget"))
    if p is not None and not 0 <= p <= count:
        problems.append(Problem("p", f"is {p}, there are {count} sites", "give a number from 0 to the sites there are"))
    if not demand.sum() < EXACT:
        problems.append(Problem("weight", f"adds up to {demand.sum():.3g}, past {EXACT}", "use a coarser unit"))
    if (areas[0] is None) != (areas[1] is None):
        problems.append(Problem("floor", "needs area, and area a floor", "give both or neither"))
    if problems:
        raise InputError(problems)
    area, floor = np.zeros(demands, np.int64), np.zeros(0)
    if areas[0] is not None:
        floor = real_array("floor", areas[1])
        area = whole_array("area", areas[0])
        problems = length("area", area, demands, "rows of covers") + below("area", area, 0) + below("floor", floor, 0)
        problems += too_high("area", area, len(floor), "floors")
        if problems:
            raise InputError(problems)
    return Case(first, site, demand, rules, count if p is None else p, area, floor)


def _floors_out_of_reach(case: Case) -> tuple[str, ...]:
    """Areas whose floor is more than all usable sites together cover."""
    short = case.short(case.rules.usable)
    return tuple(
        f"area {a} is to have {case.floor[a]:g} covered, all sites together reach {case.floor[a] - short[a]:g}"
        for a in np.flatnonzero(short).tolist()
    )
