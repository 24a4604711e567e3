"""Proof for van routes of moderate size: CP-SAT over the ways that the bound leaves, with the cuts that hold it up."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from optimise.stop import Run
from optimise.vans.linear import Cut
from optimise.vans.problem import MOST, RoutesOf, VanProblem, rule_problems, value_of
from optimise.vans.root import Root

_LONGEST: Final = 1e6
_FINE: Final = 1000
"""Cuts with shares are given in whole parts of a van, rounded so that no routes are lost."""
_TINY: Final = 1e-6


class Known(NamedTuple):
    """Value of the best routes known, or more than any routes cost; the run, and its seed."""

    value: int
    run: Run
    seed: int


def proven(
    problem: VanProblem, best: RoutesOf | None, root: Root, bound: int, known: Known
) -> tuple[RoutesOf | None, int]:
    """Better routes than `best`, or a better bound, which is the value known where there are none."""
    from ortools.sat.python import cp_model

    value, run, seed = known
    model, ways, cost = _model(problem, root)
    model.add(cost <= value - problem.step)
    model.add(cost >= bound)
    model.minimize(cost)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed % 2**31
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = min(run.work_left, _LONGEST)
    solver.parameters.max_time_in_seconds = min(run.seconds_left, _LONGEST)
    status = solver.solve(model)
    run.spend(solver.response_proto.deterministic_time)
    if status == cp_model.INFEASIBLE:
        return best, value
    lower = math.ceil(solver.best_objective_bound - _TINY) if math.isfinite(solver.best_objective_bound) else bound
    if status not in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return best, max(bound, min(value, lower))
    routes = _followed([way for way, used in ways.items() if solver.boolean_value(used)])
    if rule_problems(problem, routes):
        raise AssertionError("the model of van routes lets something through that breaks the rules")
    return routes, max(bound, min(value_of(problem, routes), lower))


def _followed(ways: list[tuple[int, int]]) -> RoutesOf:
    """Routes from the ways driven, the depot's ways first."""
    then = {i: j for i, j in ways if i != j and i}
    routes = []
    for i, j in ways:
        if i == 0 and j:
            route = [j]
            while then[route[-1]]:
                route.append(then[route[-1]])
            routes.append(tuple(route))
    return tuple(routes)


def _model(problem: VanProblem, root: Root) -> tuple[Any, dict[tuple[int, int], Any], Any]:
    """The model, its ways (a stop to itself: left out), and its cost."""
    from ortools.sat.python import cp_model

    model, stops = cp_model.CpModel(), range(problem.stops)
    ways = {(i, j): model.new_bool_var(f"{i} {j}") for i, j in root.ways.tolist()}
    ways |= {(i, i): model.new_bool_var(f"without {i}") for i in np.flatnonzero(~problem.must).tolist() if i}
    model.add_multiple_circuit([(i, j, used) for (i, j), used in ways.items()])
    q, capacity = problem.pick_up.tolist(), problem.capacity
    load = [model.new_int_var(max(0, q[i]), min(capacity, capacity + q[i]), f"load {i}") for i in stops]
    for (i, j), used in ways.items():
        if i and j and i != j:
            model.add(load[j] == load[i] + q[j]).only_enforce_if(used)
    if problem.limit_s < MOST and problem.time_s.any() | problem.service_s.any():
        _keep_time(model, problem, ways)
    model.add(sum(used for (i, j), used in ways.items() if i == 0 and j) <= problem.vans)
    for cut in root.cuts:
        _add_cut(model, ways, cut)
    terms = [(int(problem.cost[i, j]) if i != j else int(problem.skip_cost[i]), used) for (i, j), used in ways.items()]
    return model, ways, sum(cost * used for cost, used in terms)


def _keep_time(model: Any, problem: VanProblem, ways: dict[tuple[int, int], Any]) -> None:
    """When a van is done at each stop, at the earliest; it is back in time."""
    t, service = problem.time_s, problem.service_s.tolist()
    earliest, latest = problem.least_s[0] + problem.service_s, problem.limit_s - problem.least_s[:, 0]
    done = [model.new_int_var(min(int(a), int(b)), int(b), "") for a, b in zip(earliest, latest, strict=True)]
    for (i, j), used in ways.items():
        if j and i != j:
            since = done[i] if i else 0
            model.add(done[j] >= since + int(t[i, j]) + service[j]).only_enforce_if(used)


def _add_cut(model: Any, ways: dict[tuple[int, int], Any], cut: Cut) -> None:
    out = sum(used for (i, j), used in ways.items() if cut.inside[i] and not cut.inside[j])
    if not cut.share.any():
        model.add(out >= math.ceil(cut.vans - _TINY))
        return
    share = {i: math.floor(cut.share[i] * _FINE) for i in np.flatnonzero(cut.share).tolist()}
    visited = sum(share[i] * (1 - ways[i, i]) for i in share)
    model.add(_FINE * out >= math.floor(cut.vans * _FINE) + visited)
