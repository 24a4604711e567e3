"""Recompute what the covering, facility and refuelling models claim, from their input alone: rules, value, and the side
of the bound by scipy's own linear programming. Trusts no model's code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array

from optimise.location.covers import pairs_of_covers
from optimise.location.inputs import F64
from optimise.location.result import PROOF, Located
from optimise.location.rules import SiteRules, site_rules
from optimise.problem import I64
from optimise.solver import gap_of
from optimise.verify import LP_PAIRS, TOLERANCE, Verification


def verify_max_cover(
    covers: Any, weight: Any, found: Located, *, p: int | None = None, cost: Any = None, budget: float | None = None,
    area: Any = None, floor: Any = None, lp_pairs: int = LP_PAIRS, **rules: Any,
) -> Verification:  # fmt: skip
    """Each claim of a maximal cover recomputed; arguments as in `max_cover`."""
    first, site, count = pairs_of_covers(covers)
    demands = len(first) - 1
    weight = np.broadcast_to(np.asarray(weight, float), demands)
    which = site_rules(count, price=cost, budget=budget, **rules)
    kept = set(found.open.tolist())
    met = np.array([bool(kept.intersection(site[first[i] : first[i + 1]].tolist())) for i in range(demands)], bool)
    broken = which.broken(found.open)
    if p is not None and len(kept) > p:
        broken.append(f"{len(kept)} sites are open, p is {p}")
    for a, low in enumerate(() if floor is None else floor):
        inside = math.fsum(weight[met & (np.asarray(area) == a)].tolist())
        if inside < low * (1.0 - TOLERANCE):
            broken.append(f"area {a} has {inside:g} covered, the floor is {low:g}")
    for i in range(demands):
        by = found.assignment[i]
        if (by >= 0) != met[i] or (by >= 0 and (by not in kept or by not in site[first[i] : first[i + 1]])):
            broken.append(f"demand point {i} is said to be covered by {by}")
    program = _Program(which, demands)
    if p is not None:
        program.row(np.arange(count), np.ones(count), -np.inf, p)
    _cover_rows(program, first, site)
    for a, low in enumerate(() if floor is None else floor):
        inside_a = np.flatnonzero(np.asarray(area) == a)
        program.row(count + inside_a, weight[inside_a], low, np.inf)
    program.gain = np.concatenate((np.zeros(count), weight))
    value = math.fsum(weight[met].tolist())
    return _judged(found, broken, value, program, above=True, small=len(site) <= lp_pairs)


def verify_facility_location(
    data: tuple[Any, Any, Any, Any], found: Located, *, single_source: bool = False, price: Any = None,
    budget: float | None = None, lp_pairs: int = LP_PAIRS, **rules: Any,
) -> Verification:  # fmt: skip
    """Each claim recomputed; data: fixed, capacity, demand and cost as in `facility_location`. The value is the
    cheapest service from the open sites (a transport problem), or that of the assignment where it is single-source.
    """
    cost, demand = np.asarray(data[3], float), np.asarray(data[2], float)
    customers, sites = cost.shape
    capacity = np.full(sites, np.inf) if data[1] is None else np.broadcast_to(np.asarray(data[1], float), sites)
    which = site_rules(sites, price=price, budget=budget, **rules)
    fixed = np.where(which.built, 0.0, np.broadcast_to(np.asarray(data[0], float), sites))
    broken, kept = which.broken(found.open), np.isin(np.arange(sites), found.open)
    broken += [
        f"customer {d} is said to be served by {j}"
        for d, j in enumerate(found.assignment.tolist()) if j < 0 or not kept[j] or not np.isfinite(cost[d, j])
    ]  # fmt: skip
    value = math.nan
    if not broken:
        paid = math.fsum(fixed[kept].tolist())
        if single_source or data[1] is None:
            load = np.bincount(found.assignment, demand, minlength=sites)
            over = np.flatnonzero(load > capacity * (1.0 + TOLERANCE) + TOLERANCE)
            broken += [f"site {j} serves {load[j]:g}, it holds {capacity[j]:g}" for j in over.tolist()]
            value = paid + math.fsum(cost[np.arange(customers), found.assignment].tolist())
        else:
            moved = _served(_Program(which, cost.size), (capacity, demand, cost), kept.astype(float))
            if moved is None:
                broken.append("the open sites cannot serve everybody")
            else:
                value = paid + moved
    program = _Program(which, cost.size)
    _service_rows(program, capacity, demand, cost)
    program.gain = np.concatenate((fixed, np.where(np.isfinite(cost), cost, 0.0).ravel()))
    if single_source:
        program.whole[:] = 1.0
    return _judged(found, broken, value, program, above=False, small=cost.size <= lp_pairs)


def _service_rows(program: _Program, capacity: F64, demand: F64, cost: F64) -> None:
    """Everybody is served, from open sites, within their capacity; columns are the pairs, customer by customer."""
    customers, sites = cost.shape
    row, site = np.divmod(np.arange(cost.size), sites)
    pair = sites + np.arange(cost.size)
    program.most[sites:] = np.isfinite(cost).ravel()
    program.rows(row, pair, np.ones(cost.size), np.ones(customers), np.ones(customers))
    both = np.tile(np.arange(cost.size), 2)
    signs = np.repeat([1.0, -1.0], cost.size)
    program.rows(both, np.concatenate((pair, site)), signs, np.full(cost.size, -np.inf), np.zeros(cost.size))
    for j in np.flatnonzero(np.isfinite(capacity)).tolist():
        scale = max(1.0, float(capacity[j]))
        column, value = np.append(pair[site == j], j), np.append(demand, -capacity[j]) / scale
        program.row(column, value, -np.inf, 0.0)


def _served(program: _Program, data: tuple[F64, F64, F64], kept: F64) -> float | None:
    """The cheapest service from the sites kept, demand split where that is cheaper; None where they cannot."""
    _service_rows(program, *data)
    sites = len(kept)
    program.least[:sites] = program.most[:sites] = kept
    program.gain = np.concatenate((np.zeros(sites), np.where(np.isfinite(data[2]), data[2], 0.0).ravel()))
    status, value = program.best(above=False, whole=False)
    return None if status else value


def verify_flow_refuelling(
    data: tuple[Any, Any, Any, float], found: Located, *, p: int | None = None, cost: Any = None,
    budget: float | None = None, lp_pairs: int = LP_PAIRS, **rules: Any,
) -> Verification:  # fmt: skip
    """Each claim recomputed; data: paths, flows, sites and range as in `flow_refuelling`. Whether a flow is served is
    found by driving its round trip again and again from half a tank.
    """
    (first, node, along), flows, sites, range_ = data
    site_at = {int(k): j for j, k in enumerate(np.asarray(sites).tolist())}
    which = site_rules(len(site_at), price=cost, budget=budget, **rules)
    kept, broken = set(found.open.tolist()), which.broken(found.open)
    if p is not None and len(kept) > p:
        broken.append(f"{len(kept)} sites are open, p is {p}")
    flow = np.asarray(flows, float)
    program, served = _Program(which, len(flow)), np.zeros(len(flow), np.bool_)
    for q in range(len(flow)):
        here = slice(first[q], first[q + 1])
        stops, at = [site_at.get(int(k), -1) for k in np.asarray(node)[here]], np.asarray(along, float)[here]
        served[q] = _drives([s in kept for s in stops], at, range_)
        if served[q] != (found.assignment[q] >= 0) or (served[q] and found.assignment[q] not in kept & set(stops)):
            broken.append(f"flow {q} is said to be served by {found.assignment[q]}")
        for leg in _tour_legs(stops, at, range_):
            column = np.array([*sorted(leg), which.sites + q])
            program.row(column, np.array([1.0] * len(leg) + [-1.0]), 0.0, np.inf)
    if p is not None:
        program.row(np.arange(which.sites), np.ones(which.sites), -np.inf, p)
    program.gain = np.concatenate((np.zeros(which.sites), flow))
    value = math.fsum(flow[served].tolist())
    return _judged(found, broken, value, program, above=True, small=len(np.asarray(node)) <= lp_pairs)


def _tour(stops: Sequence[Any], at: F64) -> tuple[list[Any], list[float]]:
    """What stands at each point of a round trip, and the length of the arc that leads on from it."""
    arcs = np.diff(at).tolist()
    return [*stops[:-1], *stops[:0:-1]], arcs + arcs[::-1]


def _drives(stations: Sequence[bool], at: F64, range_: float) -> bool:
    """Whether a vehicle that starts with half a tank and fills up at every station can go round for ever."""
    there, arcs = _tour(stations, at)
    tank, least = range_ / 2, 0.0 if any(stations) else -1.0
    for _ in range(3):
        for station, arc in zip(there, arcs, strict=True):
            tank = (range_ if station else tank) - arc
            least = min(least, tank)
    return least >= -TOLERANCE * range_


def _tour_legs(stops: Sequence[int], at: F64, range_: float) -> list[set[int]]:
    """For each arc of the round trip, the sites passed within the range before its end."""
    there, arcs = _tour(stops, at)
    legs = []
    for k in range(len(there)):
        gone, leg = 0.0, set[int]()
        for back in range(len(there)):
            gone += arcs[k - back]
            if gone > range_ * (1.0 + PROOF):
                break
            leg |= {there[k - back]} - {-1}
        legs.append(leg)
    return legs


def verify_cheapest_cover(
    covers: Any, cost: Any, found: Located, *, weight: Any = None, need: int | None = None, price: Any = None,
    budget: float | None = None, lp_pairs: int = LP_PAIRS, **rules: Any,
) -> Verification:  # fmt: skip
    """Each claim of a cheapest cover recomputed; arguments as in `set_cover`."""
    first, site, count = pairs_of_covers(covers)
    demands = len(first) - 1
    worth = np.ones(demands) if weight is None or need is None else np.broadcast_to(np.asarray(weight, float), demands)
    goal = demands if need is None else need
    which = site_rules(count, price=price, budget=budget, **rules)
    paid = np.where(which.built, 0.0, np.ones(count) if cost is None else np.asarray(cost, float))
    kept, broken = set(found.open.tolist()), which.broken(found.open)
    met = np.array([bool(kept.intersection(site[first[i] : first[i + 1]].tolist())) for i in range(demands)], bool)
    if worth[met].sum() < goal:
        broken.append(f"covers {worth[met].sum():g}, {goal} are wanted")
    broken += [
        f"demand point {i} is said to be covered by {j}" for i, j in enumerate(found.assignment.tolist())
        if (j >= 0) != met[i] or (j >= 0 and (j not in kept or j not in site[first[i] : first[i + 1]]))
    ]  # fmt: skip
    program = _Program(which, demands)
    _cover_rows(program, first, site)
    program.row(count + np.arange(demands), worth, goal, np.inf)
    program.gain = np.concatenate((paid, np.zeros(demands)))
    value = math.fsum(paid[found.open].tolist())
    return _judged(found, broken, value, program, above=False, small=len(site) <= lp_pairs)


def _cover_rows(program: _Program, first: I64, site: I64) -> None:
    """A demand point counts as far as its sites are open."""
    demands, count = len(first) - 1, program.sites
    program.rows(
        np.concatenate((np.repeat(np.arange(demands), np.diff(first)), np.arange(demands))),
        np.concatenate((site, count + np.arange(demands))),
        np.concatenate((np.ones(len(site)), -np.ones(demands))), np.zeros(demands), np.full(demands, np.inf),
    )  # fmt: skip


class _Program:
    """Rows low <= A z <= high over z = y (C, open) and `more` columns from 0 to 1, those of the site rules included."""

    def __init__(self, rules: SiteRules, more: int) -> None:
        self.columns, self.sites = rules.sites + more, rules.sites
        self.entries: list[tuple[Any, Any, Any]] = []
        self.low: list[float] = []
        self.high: list[float] = []
        self.gain: F64 = np.zeros(self.columns)
        self.least, self.most = np.zeros(self.columns), np.ones(self.columns)
        self.least[rules.existing], self.most[rules.forbidden] = 1.0, 0.0
        self.whole = np.zeros(self.columns)
        self.whole[: rules.sites] = 1.0
        for group in rules.groups:
            members = np.asarray(group.sites, np.int64)
            self.row(members, np.ones(len(members)), group.least, np.inf if group.most is None else group.most)
        if math.isfinite(rules.budget):
            self.row(np.arange(rules.sites), rules.price, -np.inf, rules.budget * (1.0 + PROOF))

    def row(self, column: Any, value: Any, low: float, high: float) -> None:
        self.rows(np.zeros(len(column), np.int64), column, value, [low], [high])

    def rows(self, row: Any, column: Any, value: Any, low: Any, high: Any) -> None:
        self.entries.append((np.asarray(row) + len(self.low), column, value))
        self.low += list(low)
        self.high += list(high)

    def best(self, *, above: bool, whole: bool) -> tuple[int, float]:
        """Scipy's status and the best value, columns in part unless `whole`."""
        sign = -1.0 if above else 1.0
        rows = []
        if self.entries:
            row, column, value = (np.concatenate(part) for part in zip(*self.entries, strict=True))
            matrix = coo_array((value, (row, column)), shape=(len(self.low), self.columns)).tocsr()
            rows = [LinearConstraint(matrix, self.low, self.high)]
        result = milp(
            sign * self.gain, constraints=rows, bounds=Bounds(self.least, self.most),
            integrality=self.whole if whole else np.zeros(self.columns),
        )  # fmt: skip
        return int(result.status), sign * float(result.fun) if result.fun is not None else math.nan


def _judged(
    found: Located, broken: Sequence[str], value: float, program: _Program, *, above: bool, small: bool
) -> Verification:
    if found.status in {"infeasible", "unknown"}:
        return _judged_nothing(found, program, above=above, small=small)
    if broken:
        return Verification(
            feasible=False, value=None, value_matches=False, bound_side_ok=False, gap_matches=False,
            relaxation_bound=None, checked=("feasible",), problems=tuple(broken),
        )  # fmt: skip
    sign, scale, side, problems = (1 if above else -1), max(1.0, abs(value)), [], []
    relaxed = program.best(above=above, whole=False)[1] if small else None
    if sign * (found.bound - value) < -TOLERANCE * scale:
        side.append(f"bound {found.bound} is on the wrong side of value {value}")
    if relaxed is not None and sign * (relaxed - value) < -TOLERANCE * scale:
        side.append(f"value {value} is better than the independent bound {relaxed:.6f}")
    matches = abs(value - found.objective) <= TOLERANCE * scale
    if not matches:
        problems.append(f"the value is {value}, not {found.objective}")
    if (found.status == "optimal") != (found.bound == found.objective):
        problems.append(f"status {found.status!r} does not fit value {value} and bound {found.bound}")
    return Verification(
        feasible=True, value=value, value_matches=matches, bound_side_ok=not side,
        gap_matches=abs(found.gap - gap_of(value, found.bound)) <= TOLERANCE, relaxation_bound=relaxed,
        checked=("feasible", "value", "bound_side", "gap", "status") + (("relaxation",) if relaxed is not None else ()),
        problems=(*problems, *side),
    )  # fmt: skip


def _judged_nothing(found: Located, program: _Program, *, above: bool, small: bool) -> Verification:
    """A claim that there is no answer, or none yet: tried by scipy's branch and bound where the problem is small."""
    problems = []
    if len(found.open) or (found.assignment >= 0).any():
        problems.append(f"{found.status}, and yet sites are open")
    if small and found.status == "infeasible" and program.best(above=above, whole=True)[0] != _NONE:
        problems.append("said to be infeasible, but there is an answer")
    return Verification(
        feasible=False, value=None, value_matches=True, bound_side_ok=True, gap_matches=True,
        relaxation_bound=None, checked=(found.status,), problems=tuple(problems),
    )  # fmt: skip


_NONE = 2
"""scipy's word for infeasible."""
