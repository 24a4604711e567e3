"""Where to put stations so that the most traffic can make its round trips without running dry.

Sets
    q flows, each on one path; a legs of its round trip (each arc of the path in each direction)
    j sites, K_qa sites from which a vehicle that leaves full gets to the end of leg a
Data
    f_q flow, R range, p or costs c_j and budget B
Variables
    y_j = 1: site j is open;  0 <= v_q <= 1: flow q is served
Formulation
    max  sum_q f_q v_q
    v_q <= sum_{j in K_qa} y_j              for every leg a of q
    sum_j y_j <= p,  sum_j c_j y_j <= B, groups

(Kuby & Lim 2005, doi:10.1016/j.seps.2004.03.001; arcs covered as in Capar et al. 2013, doi:10.1016/j.ejor.2013.03.003.)
A vehicle without a station at its origin starts with half a tank and has to be back with half a tank; a trip repeated
for ever comes to the same. Legs whose sites include those of another leg of the flow are left out, flows with the same
legs are one, and a flow with a leg that no site covers is out of reach.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.covers import limits_of
from optimise.location.inputs import F64, below, length, numbers, real_array, runs, whole_array
from optimise.location.kernels.cover import Limits, by_site
from optimise.location.kernels.refuelling import Legs, climb, tour_of
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.location.result import PROOF, Located, located, no_answer
from optimise.location.rules import Flags, Group, Row, SiteRules, add_site_rows, choose_sites, rows_of_rules, site_rules
from optimise.problem import I64
from optimise.solver import Listener, Progress, gap_of
from optimise.stop import Run, Stop

NAME = "flow_refuelling"
COLUMNS_PER_WORK = 10_000
"""Columns of a model whose nodes cost a unit of work each; other sizes cost as columns^1.5."""
_CLIMBS, _CLIMB_WORK = 40, 2e8
"""Climbs from a shaken choice, and pairs looked at in a unit of work."""
_SOLVED = 1e-7
"""Relative difference of value and bound that HiGHS leaves when it says it is done."""


@dataclass(frozen=True, eq=False)
class Case:
    """Checked and merged. became (Q): which flow of `legs` each is now part of, -1 for out of reach."""

    legs: Legs
    became: I64
    flows: F64
    rules: SiteRules
    limits: Limits

    def met(self, open_: Flags) -> Flags:
        """(Q) flows whose every leg is covered."""
        covered = np.zeros(len(self.legs.of), np.bool_)
        leg = np.repeat(np.arange(len(self.legs.of)), np.diff(self.legs.first))
        covered[leg[open_[self.legs.site]]] = True
        bare = np.bincount(self.legs.of[~covered], minlength=len(self.legs.flow))
        out: Flags = (self.became >= 0) & (np.append(bare, 1)[self.became] == 0)
        return out

    def worth(self, open_: Flags) -> float:
        return math.fsum(self.flows[self.met(open_)].tolist())


def flow_refuelling(
    paths: Any,
    flows: Any,
    sites: Any,
    range_: float,
    *,
    p: int | None = None,
    cost: Any = None,
    budget: float | None = None,
    existing: Any = (),
    forbidden: Any = (),
    groups: Sequence[Group] = (),
    stop: Stop | None = None,
    seed: int = 0,
    progress: Listener | None = None,
) -> Located:
    """The most flow that can be served, to proof unless `stop` says otherwise.

    paths: (first [Q+1], node [N], along [N]): the nodes of path q from origin to destination and how far each lies
    from the origin, rising from 0. flows: (Q). sites: (C) nodes where a station may stand. range_: how far a full
    tank goes, in the unit of `along`. p: stations at most, existing ones counted; or cost (C) with a budget. existing,
    forbidden, groups and `open` in the answer count sites, not nodes. assignment: (Q) the first open site on the path
    of a flow that is served, -1 for one that is not.
    Work: a unit is about 2e8 legs looked at, or a branch-and-bound node by the size of the model; a first greedy
    choice is always made. Raises InputError.
    """
    run = (stop or Stop()).start()
    first, node, along, place = _checked_paths(paths, sites, range_)
    where = np.append(place, -1)[node] if len(node) else node
    rules = site_rules(
        int(place.max(initial=-1)) + 1, existing=existing, forbidden=forbidden, groups=groups, price=cost, budget=budget
    )  # fmt: skip
    flow = numbers("flows", flows, len(first) - 1, "paths")
    _check_count(p, budget, rules.sites)
    most = rules.sites if p is None else p
    legs, became = _legs((first, where, along), flow, float(range_), rules)
    case = Case(legs, became, flow, rules, limits_of(rules, most))
    rows = [*rows_of_rules(rules), Row(np.arange(rules.sites), np.ones(rules.sites), 0.0, float(most), f"p = {p}")]
    start: I64 | tuple[str, ...] = rules.existing
    if rules.groups or len(rules.existing) > most:
        start = choose_sites(rules, rows[-1:], np.zeros(rules.sites), seed)
    if isinstance(start, tuple):
        return no_answer(len(flow), start, solver=NAME, seed=seed, seconds=run.seconds)

    def told(value: float, bound: float) -> None:
        if progress:
            progress(Progress(run.seconds, value, bound, NAME))

    open_ = _climbed(case, start, run, seed)
    told(case.worth(open_), math.fsum(legs.flow.tolist()))
    open_, bound = _solved(case, rows, open_, run, seed)
    value = case.worth(open_)
    told(value, max(bound, value))
    return located(
        np.flatnonzero(open_), _first_station(first, where, open_, case.met(open_)), objective=value,
        bound=max(bound, value), solver=NAME, seed=seed, seconds=run.seconds,
    )  # fmt: skip


def _check_count(p: int | None, budget: float | None, sites: int) -> None:
    if p is None and budget is None:
        raise InputError(Problem("p", "is missing, and so is a budget", "give p, or cost and budget"))
    if p is not None and not 0 <= p <= sites:
        raise InputError(
            Problem("p", f"is {p}, there are {sites} sites", "give a number from 0 to the sites there are")
        )


def _checked_paths(paths: Any, sites: Any, range_: float) -> tuple[I64, I64, F64, I64]:
    """first, node, along, and the site at each node, -1 for none."""
    if not isinstance(paths, tuple) or len(paths) != 3:
        raise InputError(Problem("paths", "is not three arrays", "give (first, node, along)"))
    first, node = whole_array("paths.first", paths[0]), whole_array("paths.node", paths[1])
    along, where = real_array("paths.along", paths[2]), whole_array("sites", sites)
    problems = runs("paths.first", first, len(node)) + length("paths.along", along, len(node), "nodes of paths")
    problems += below("paths.node", node, 0) + below("sites", where, 0)
    if not (math.isfinite(range_) and range_ > 0):
        problems.append(Problem("range_", f"is {range_}", "give a number above 0"))
    if problems:
        raise InputError(problems)
    for q in range(len(first) - 1):
        leg = along[first[q] : first[q + 1]]
        if len(leg) < 2 or leg[0] != 0 or (np.diff(leg) < 0).any():
            problems.append(
                Problem(f"paths[{q}]", "does not go on from 0", "give two nodes or more, none nearer than the last")
            )
    twice = np.flatnonzero(np.bincount(where, minlength=1) > 1)
    problems += [Problem("sites", f"names node {k} twice", "name each once") for k in twice.tolist()]
    if problems:
        raise InputError(problems)
    place = np.full(int(max(node.max(initial=-1), where.max(initial=-1))) + 1, -1, np.int64)
    place[where] = np.arange(len(where))
    return first, node, along, place


def legs_of(where: I64, along: F64, range_: float, may: Flags) -> list[frozenset[int]]:
    """Sites that cover each leg of a path's round trip, without legs that a narrower one stands for; where: site at
    each node of the path, -1 for none.
    """
    reach, length_ = range_ * (1.0 + PROOF), float(along[-1])
    stations = [(j, at) for j, at in zip(where.tolist(), along.tolist(), strict=True) if j >= 0 and may[j]]
    legs: set[frozenset[int]] = set()
    for here, there in zip(along[:-1].tolist(), along[1:].tolist(), strict=True):
        out = [j for j, at in stations if (there - at if at <= here else at + there) <= reach]
        back = [j for j, at in stations if (at - here if at >= there else 2 * length_ - at - here) <= reach]
        legs |= {frozenset(out), frozenset(back)}
    return sorted((a for a in legs if not any(b < a for b in legs)), key=sorted)


def _legs(paths: tuple[I64, I64, F64], flow: F64, range_: float, rules: SiteRules) -> tuple[Legs, I64]:
    """Merged flows with their legs, and (Q) what each flow became."""
    first, where, along = paths
    seen: dict[tuple[tuple[int, ...], ...], int] = {}
    became, sums = np.full(len(flow), -1, np.int64), list[float]()
    for q in range(len(flow)):
        here = slice(first[q], first[q + 1])
        family = tuple(tuple(sorted(leg)) for leg in legs_of(where[here], along[here], range_, rules.usable))
        if () in family:
            continue
        became[q] = seen.setdefault(family, len(seen))
        sums += [0.0] * (len(seen) - len(sums))
        sums[became[q]] += float(flow[q])
    counts = [len(family) for family in seen]
    rows = [leg for family in seen for leg in family]
    head = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    starts = np.concatenate(([0], np.cumsum([len(leg) for leg in rows]))).astype(np.int64)
    site = np.array([j for leg in rows for j in leg], np.int64)
    of = np.repeat(np.arange(len(seen)), counts).astype(np.int64)
    return Legs(head, starts, site, *by_site(starts, site, rules.sites), of, np.array(sums)), became


def _climbed(case: Case, start: I64, run: Run, seed: int) -> Flags:
    """The best of some climbs, each from the last with some stations shaken off."""
    tour, random = tour_of(case.legs, case.limits, start), np.array([2 * (seed % 2**62) + 1], np.uint64)
    best, most = tour.open.copy(), -1.0
    touches = max(1, len(case.legs.site)) * max(1, int(case.limits.most_open))
    for shaken in range(_CLIMBS):
        climb(case.legs, case.limits, tour, random, min(shaken, 1))
        run.spend(touches / _CLIMB_WORK)
        if tour.sums[3] > most:
            best, most = tour.open.copy(), float(tour.sums[3])
        if run.over() or most >= math.fsum(case.legs.flow.tolist()) * (1.0 - PROOF):
            break
    return best


def _solved(case: Case, rows: Sequence[Row], open_: Flags, run: Run, seed: int) -> tuple[Flags, float]:
    """The better of what is known and what HiGHS finds, and the tighter bound."""
    value, bound = case.worth(open_), math.fsum(case.legs.flow.tolist())
    if gap_of(value, bound) <= max(run.stop.gap, PROOF) or run.over():
        return open_, bound
    model, y = _model(case, rows)
    node_work = float((model.get_num_variables() / COLUMNS_PER_WORK) ** 1.5)
    if run.work_left < ROOT_NODES * node_work:
        return open_, bound
    hint = {v: float(on) for v, on in zip(y, open_.tolist(), strict=True)}
    result = run_highs(model, run, seed=seed, node_work=node_work, hint=hint, absolute_gap=0.0)
    if result.has_primal_feasible_solution():
        on: Flags = np.rint(result.variable_values(y)) > 0
        if not case.rules.broken(np.flatnonzero(on)) and case.worth(on) > value:
            open_, value = on, case.worth(on)
    if math.isfinite(result.dual_bound()):
        high = float(result.dual_bound())
        bound = min(bound, value if high - value <= _SOLVED * max(1.0, value) else high)
    return open_, bound


def _model(case: Case, rows: Sequence[Row]) -> tuple[Any, list[Any]]:
    model, legs, rules = new_model("flow refuelling"), case.legs, case.rules
    bounds = zip(rules.built.tolist(), rules.usable.tolist(), strict=True)
    y = [model.add_integer_variable(lb=float(low), ub=float(high)) for low, high in bounds]
    v = [model.add_variable(lb=0.0, ub=1.0) for _ in legs.flow]
    for i, q in enumerate(legs.of.tolist()):
        sites = legs.site[legs.first[i] : legs.first[i + 1]].tolist()
        model.add_linear_constraint(v[q] <= total([y[j] for j in sites]))
    add_site_rows(model, y, rows)
    model.maximize(total([f * x for f, x in zip(legs.flow.tolist(), v, strict=True)]))
    return model, y


def _first_station(first: I64, where: I64, open_: Flags, met: Flags) -> I64:
    out = np.full(len(met), -1, np.int64)
    for q in np.flatnonzero(met).tolist():
        here = where[first[q] : first[q + 1]]
        out[q] = here[(here >= 0) & open_[here]][0]
    return out
