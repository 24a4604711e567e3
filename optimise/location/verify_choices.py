"""Recompute what the models that choose columns claim, from the problem alone: feasibility, value, and a bound by
scipy's own linear programming. Trusts no model's code.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from scipy.optimize import LinearConstraint, linprog, milp
from scipy.sparse import coo_array, csr_array, hstack, vstack

from optimise.location.choices import Choices
from optimise.location.inputs import F64
from optimise.location.market import Market
from optimise.problem import I64
from optimise.solver import Incumbent, gap_of
from optimise.verify import LP_PAIRS, TOLERANCE, Verification

TENTHS = 10
_TANGENTS = 40
"""Tangents of the independent bound on a market."""
_BESIDE: Final = 1e-3
"""Share of the mass of all alternatives at which its first tangent touches."""


def verify_set_cover(
    choices: Choices, cost: I64, incumbent: Incumbent, need: int | None = None, lp_pairs: int = LP_PAIRS
) -> Verification:
    """Each claim of a set cover recomputed: enough rows covered, nothing excluded, the cost, the side of the bound."""
    weight = np.ones(choices.rows, np.int64) if need is None else choices.weight
    goal = int(weight.sum()) if need is None else need
    small = len(choices.site) <= lp_pairs
    if incumbent.status == "unknown":
        return _infeasible(())
    if incumbent.status == "infeasible":
        most = _most_weight(choices, weight) if small else None
        wrong = most is not None and most >= goal
        return _infeasible((f"said to be infeasible, but {most} of {goal} can be covered",) if wrong else ())
    problems = _choice_problems(choices, incumbent.values)
    met = sum(int(weight[i]) for i in _met(choices, incumbent.values)) if not problems else 0
    if not problems and met < goal:
        problems.append(f"covers {met}, {goal} are wanted")
    value = sum(int(cost[j]) for j in np.flatnonzero(incumbent.values)) if not problems else 0
    relaxed = _least_cost(choices, np.asarray(cost), weight, goal) if small and not problems else None
    return _judged(incumbent, problems, value, relaxed, above=False)


def verify_packing(
    choices: Choices, use: I64, limit: I64, incumbent: Incumbent, lp_pairs: int = LP_PAIRS
) -> Verification:
    """Each claim of a packing recomputed: limits kept, nothing excluded, the weight covered, the side of the bound."""
    limit = np.asarray(limit)
    use = np.reshape(np.asarray(use), (choices.sites, len(limit)))
    problems = _choice_problems(choices, incumbent.values)
    if not problems:
        taken = use[incumbent.values > 0].sum(axis=0)
        problems += [f"takes {taken[k]} of resource {k}, there is {limit[k]}" for k in np.flatnonzero(taken > limit)]
    value = sum(int(choices.weight[i]) for i in _met(choices, incumbent.values)) if not problems else 0
    small = len(choices.site) <= lp_pairs and not problems
    relaxed = _most_by_lp(choices, use, limit) if small else None
    return _judged(incumbent, problems, value, relaxed, above=True)


def verify_capture(market: Market, incumbent: Incumbent, lp_pairs: int = LP_PAIRS) -> Verification:
    """Each claim of a capture recomputed: budget and groups kept, trips captured, the side of the bound.

    The value may differ by one tenth of a trip where the sum lies on the edge of rounding.
    """
    values, problems = incumbent.values, []
    if values.shape != (market.sites,) or values.dtype != np.int64 or not np.isin(values, (0, 1)).all():
        return _judged(incumbent, ["values are not 0 or 1 for each alternative"], 0, None, above=True)
    cost = sum(int(market.cost[j]) for j in np.flatnonzero(values))
    if cost > market.budget:
        problems.append(f"costs {cost} fen, the budget is {market.budget}")
    problems += _group_problems(market.at_most_one, values > 0)
    mass = csr_array((market.mass, market.site, market.first), shape=(market.customers, market.sites))
    trips = _trips(market, mass @ values.astype(float))
    value = math.floor(trips * TENTHS)
    on_edge = abs(value - incumbent.objective) <= 1 and abs(trips * TENTHS - round(trips * TENTHS)) <= TOLERANCE
    relaxed = _most_by_tangents(market, mass) if len(market.site) <= lp_pairs and not problems else None
    return _judged(incumbent, problems, incumbent.objective if on_edge else value, relaxed, above=True)


def _trips(market: Market, mass: F64) -> float:
    more = (market.nest + mass) ** market.scale - market.nest**market.scale
    return math.fsum((market.weight * more / (market.there + more)).tolist())


def _judged(
    incumbent: Incumbent, broken: Sequence[str], value: int, relaxed: float | None, *, above: bool
) -> Verification:
    if broken:
        return Verification(
            feasible=False,
            value=None,
            value_matches=False,
            bound_side_ok=False,
            gap_matches=False,
            relaxation_bound=None,
            checked=("feasible",),
            problems=tuple(broken),
        )
    sign, side, problems = (1 if above else -1), [], []
    if sign * (incumbent.bound - value) < 0:
        side.append(f"bound {incumbent.bound} is on the wrong side of value {value}")
    if relaxed is not None and sign * (relaxed - value) < -TOLERANCE * max(1.0, abs(value)):
        side.append(f"value {value} is better than the independent bound {relaxed:.1f}")
    if value != incumbent.objective:
        problems.append(f"the value is {value}, not {incumbent.objective}")
    if (incumbent.status == "optimal") != (incumbent.bound == value):
        problems.append(f"status {incumbent.status!r} does not fit value {value} and bound {incumbent.bound}")
    return Verification(
        feasible=True,
        value=value,
        value_matches=value == incumbent.objective,
        bound_side_ok=not side,
        gap_matches=incumbent.gap == gap_of(value, incumbent.bound),
        relaxation_bound=relaxed,
        checked=("feasible", "value", "bound_side", "gap", "status") + (("relaxation",) if relaxed is not None else ()),
        problems=(*problems, *side),
    )


def _infeasible(problems: tuple[str, ...]) -> Verification:
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


def _choice_problems(c: Choices, values: I64) -> list[str]:
    if values.shape != (c.sites,) or values.dtype != np.int64 or not np.isin(values, (0, 1)).all():
        return ["values are not 0 or 1 for each column"]
    there = set(np.asarray(c.existing).tolist())
    chosen, banned = set(np.flatnonzero(values).tolist()), set(np.asarray(c.forbidden).tolist())
    problems = [f"column {j} is chosen, but there already" for j in sorted(chosen & there)]
    problems += [f"column {j} is chosen, but forbidden" for j in sorted(chosen & banned)]
    all_ = chosen | there
    problems += [f"columns {a} and {b} exclude each other" for a, b in c.apart.tolist() if {a, b} <= all_]
    on = np.zeros(c.sites, np.bool_)
    on[sorted(all_)] = True
    return problems + _group_problems(c.at_most_one, on)


def _group_problems(group: I64, on: np.ndarray) -> list[str]:
    named, count = np.unique(group[on & (group >= 0)], return_counts=True)
    return [f"{n} of group {g}, one at most" for g, n in zip(named.tolist(), count.tolist(), strict=True) if n > 1]


def _met(c: Choices, values: I64) -> list[int]:
    on = {*np.flatnonzero(values).tolist(), *np.asarray(c.existing).tolist()}
    return [i for i in range(c.rows) if on.intersection(c.site[c.first[i] : c.first[i + 1]].tolist())]


def _relaxation(c: Choices) -> tuple[csr_array, F64, F64]:
    """Rows A z <= b over z = x (J), v (I): covered only by columns, nothing that excludes itself; and the most of x."""
    covers = csr_array((np.ones(len(c.site)), c.site, c.first), shape=(c.rows, c.sites))
    blocks, right = [hstack((-covers, csr_array(np.eye(c.rows))))], [np.zeros(c.rows)]
    groups = [np.flatnonzero(c.at_most_one == g).tolist() for g in np.unique(c.at_most_one[c.at_most_one >= 0])]
    together = groups + c.apart.tolist()
    if together:
        row = np.repeat(np.arange(len(together)), [len(t) for t in together])
        ones = (np.ones(len(row)), (row, np.concatenate(together)))
        blocks.append(coo_array(ones, shape=(len(together), c.sites + c.rows)))
        right.append(np.ones(len(together)))
    high = np.ones(c.sites + c.rows)
    high[np.asarray(c.forbidden, np.int64)] = 0.0
    return vstack(blocks).tocsr(), np.concatenate(right), high


def _low(c: Choices) -> F64:
    low = np.zeros(c.sites + c.rows)
    low[np.asarray(c.existing, np.int64)] = 1.0
    return low


def _least_cost(c: Choices, cost: I64, weight: I64, goal: int) -> float | None:
    rows, right, high = _relaxation(c)
    enough = csr_array(np.concatenate((np.zeros(c.sites), -weight))[None, :])
    new = np.where(np.isin(np.arange(c.sites), np.asarray(c.existing)), 0, cost)
    return _solved(np.concatenate((new, np.zeros(c.rows))), vstack((rows, enough)), [*right, -goal], _low(c), high)


def _most_by_lp(c: Choices, use: I64, limit: I64) -> float | None:
    rows, right, high = _relaxation(c)
    new = ~np.isin(np.arange(c.sites), np.asarray(c.existing))
    takes = csr_array(np.concatenate(((use * new[:, None]).T, np.zeros((len(limit), c.rows))), axis=1))
    least = _solved(
        np.concatenate((np.zeros(c.sites), -c.weight)), vstack((rows, takes)), [*right, *limit], _low(c), high
    )
    return None if least is None else -least


def _solved(gain: F64, rows: csr_array, right: Sequence[float], low: F64, high: F64) -> float | None:
    result = linprog(gain, A_ub=rows, b_ub=np.array(right, float), bounds=np.stack((low, high), axis=1), method="highs")
    return float(result.fun) if result.status == 0 else None


def _most_weight(c: Choices, weight: I64) -> int | None:
    """The most that columns which go together can cover, by scipy's branch and bound."""
    rows, right, high = _relaxation(c)
    result = milp(
        -np.concatenate((np.zeros(c.sites), weight)),
        constraints=LinearConstraint(rows, -np.inf, right),
        bounds=(_low(c), high),
        integrality=np.concatenate((np.ones(c.sites), np.zeros(c.rows))),
    )
    return round(-float(result.fun)) if result.status == 0 else None


def _most_by_tangents(m: Market, mass: csr_array) -> float | None:
    """Tenths of a trip that no choice exceeds, alternatives in part allowed: the curve lies below its tangents.

    Where it may be steep without end, at nothing chosen, the tangent is that beside it.
    """
    groups = [np.flatnonzero(m.at_most_one == g) for g in np.unique(m.at_most_one[m.at_most_one >= 0])]
    fixed = [np.concatenate((m.cost, [0.0])) / max(1, m.budget)]
    fixed += [np.isin(np.arange(m.sites + 1), members).astype(float) for members in groups]
    right = [1.0 if m.budget else 0.0] + [1.0] * len(groups)
    cuts: list[F64] = []
    point, high = np.zeros(m.sites), np.append(np.ones(m.sites), np.inf)
    gain, most = np.append(np.zeros(m.sites), -1.0), None
    least = _BESIDE * (mass @ np.ones(m.sites)) + np.finfo(float).tiny
    for _ in range(_TANGENTS):
        chosen = np.maximum(mass @ point, least)
        z, beside = m.nest + chosen, m.there - m.nest**m.scale
        rise = m.weight * m.there * m.scale * z ** (m.scale - 1.0) / (beside + z**m.scale) ** 2
        cuts.append(np.append(-(mass.T @ rise), 1.0))
        right.append(_trips(m, chosen) - float(rise @ chosen))
        rows = np.array(fixed + cuts)
        bounds = np.stack((np.zeros(m.sites + 1), high), axis=1)
        result = linprog(gain, A_ub=rows, b_ub=np.array(right), bounds=bounds, method="highs")
        if result.status != 0:
            return most
        point, most = result.x[:-1], -float(result.fun) * TENTHS
    return most
