"""Maximal covering with capacities and a budget, exactly.

Sets
    i demand points, j sites, pairs ij within cover_m
    A sites that serve all demand in their reach once they are open ("ample")
Data
    w_i demand, u energy of a plug, e_j existing plugs, open_j and plug_j costs, budget B
Variables
    y_j = 1: site j is opened;  n_j new plugs, whole
    x_ij >= 0 demand of i served at j not in A;  v_i >= 0 demand of i served at sites in A
Formulation
    max  sum_ij x_ij + sum_i v_i
    sum_j x_ij + v_i <= w_i
    v_i <= w_i sum_{j in A} y_j           no row where a site in A has plugs already
    sum_i x_ij <= u (e_j + n_j)           for j not in A
    x_ij <= w_i y_j                       only for new sites whose fewest plugs nearly suffice; else it slows the search
    least_j y_j <= n_j <= most_j y_j
    sum_j open_j y_j + plug_j n_j <= B,  sum_j n_j >= min_plugs

For whole plugs the x are a flow, so the best value is a whole number. New plugs beyond the demand in reach are left
out unless a number of plugs is wanted. (Church & ReVelle 1974, doi:10.1007/BF01942293; with capacities Current &
Storbeck 1988, Environment and Planning B 15.)
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.location.arrays import pairs_of
from optimise.location.mip import (
    Model,
    Task,
    add_purchases,
    first_answer,
    new_model,
    plugs_at,
    refuse_start,
    solve_mip,
    total,
)
from optimise.location.purchase import cheapest_plugs
from optimise.problem import I64, SitingProblem
from optimise.solver import Incumbent, Listener, impossible
from optimise.stop import Stop

_NEARLY = 2
"""A site gets the rows x_ij <= w_i y_j when its fewest plugs serve at least one in so many of the demand in reach."""

COLUMNS_PER_WORK = 4_000
"""Measured: with capacities a node of 8,000 columns takes 2-3 s, the first one 20-30 s."""


@dataclass(frozen=True)
class Coverage:
    """Exact solver for "cover".

    Work: branch-and-bound nodes by the size of the model, see `optimise.location.mip`; where not even the first one
    fits, the start stands.
    """

    name: str = "coverage"

    def supports(self, problem: SitingProblem) -> bool:
        return problem.objective == "cover"

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        run = stop.start()
        cheapest, reasons = cheapest_plugs(problem)
        if cheapest is None:
            return impossible(problem.sites, reasons, self.name, run.seconds)
        if start is None:
            start = first_answer(problem, cheapest, self.name, run)
        refuse_start(problem, start)
        task = Task(problem, self.name, stop, run, seed, start, progress)
        return solve_mip(task, _model(problem))


def _model(p: SitingProblem) -> Model:
    model, pairs = new_model("maximal covering"), pairs_of(p)
    reach = np.zeros(p.sites, np.int64)
    np.add.at(reach, pairs.site, p.weight[pairs.row])
    open_tenths = p.plug_tenths * np.where(p.existing > 0, p.existing, p.least)
    ample = open_tenths >= reach
    built = add_purchases(model, p, _useful(p, reach), COLUMNS_PER_WORK)
    capacity: dict[int, list[Any]] = defaultdict(list)
    terms = []
    for i in range(p.demands):
        here = pairs.site[pairs.first[i] : pairs.first[i + 1]]
        served = _served_free(model, p, built, i, here[ample[here]])
        for j in here[~ample[here]].tolist():
            x = model.add_variable(lb=0.0, ub=float(p.weight[i]))
            y = built.opened[j]
            if y is not None and _NEARLY * open_tenths[j] >= reach[j]:
                model.add_linear_constraint(x <= float(p.weight[i]) * y)
            capacity[j].append(x)
            served.append(x)
        if len(served) > 1:
            model.add_linear_constraint(total(served) <= float(p.weight[i]))
        terms += served
    for j, flows in capacity.items():
        new = plugs_at(built, p, j)
        there = float(p.plug_tenths * p.existing[j])
        model.add_linear_constraint(total(flows) <= (there if new is None else p.plug_tenths * new + there))
    model.maximize(total(terms))
    return built


def _served_free(model: Any, p: SitingProblem, built: Model, i: int, sites: I64) -> list[Any]:
    """v_i in a list, or nothing where no ample site is in reach."""
    if not len(sites):
        return []
    v = model.add_variable(lb=0.0, ub=float(p.weight[i]))
    if (p.existing[sites] == 0).all():
        model.add_linear_constraint(v <= float(p.weight[i]) * total([built.opened[j] for j in sites.tolist()]))
    return [v]


def _useful(p: SitingProblem, reach: I64) -> I64:
    """(J) new plugs that can make a difference."""
    if p.min_plugs:
        return p.most
    lacking = np.maximum(reach - p.plug_tenths * p.existing, 0)
    wanted = -(-lacking // max(1, p.plug_tenths))
    wanted = np.where((p.existing == 0) & (wanted > 0), np.maximum(wanted, p.least), wanted)
    useful: I64 = np.minimum(wanted, p.most)
    return useful
