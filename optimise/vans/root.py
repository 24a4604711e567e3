"""A bound for van routes: the linear relaxation with cuts, and the ways that cannot be part of anything better.

Cuts: out of every set of stops drive as many vans as its bikes need, at least one where a stop of it is visited
(Dell'Amico et al. 2014). With them whole routes are exact: where a route breaks the van's capacity, some of its stops
in a row hold more bikes than a van. Ways to the nearest stops come first; others join where they are worth more than
they cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from optimise.problem import I64
from optimise.stop import Run
from optimise.vans.cuts import TINY, broken_cuts
from optimise.vans.linear import Cut, Flags, Point, Prices, Relaxation
from optimise.vans.problem import RoutesOf, VanProblem

ENTRIES_PER_WORK: Final = 8_000_000
"""Iterations of a linear program, times its rows and columns, for a unit of work."""
_SHARE: Final = 0.5
"""Of the work that is left at first, what cuts may be looked for in."""
_ALL: Final = 80
"""Stops up to which all ways are in the linear program from the beginning on."""
_NEAR: Final = 10
"""Nearest stops, either way, that ways go to at first where there are more."""
_MOST_NEW: Final = 10
"""Ways from a stop that join at once, the best first."""
_PATIENCE, _SLOW = 6, 0.0005
"""Linear programs in a row that have to raise the bound by a share of it."""


@dataclass(frozen=True, eq=False)
class Root:
    """bound: no routes cost less. ways: (W, 2) ways that routes better than those known may use. cuts: those that hold
    the bound up. feasible: False where no routes keep the rules.
    """

    bound: float
    ways: I64
    cuts: list[Cut]
    feasible: bool = True


def root_bound(problem: VanProblem, known: int, run: Run, best: RoutesOf | None = None) -> Root:
    """The bound with cuts until they help no more or the run is over; `known` is the value of the best routes."""
    drivable = _drivable(problem)
    linear = Relaxation(problem, drivable, _first_ways(problem, drivable, best))
    values, slack, until = list[float](), np.zeros(0), run.work + _SHARE * run.work_left
    prices: Prices | None = None
    while True:
        status, point = linear.solve(run.seconds_left)
        run.spend(linear.work() / ENTRIES_PER_WORK)
        if status == "infeasible":
            if len(linear.ways) == drivable.sum():
                return Root(np.inf, np.zeros((0, 2), np.int64), linear.cuts, feasible=False)
            linear.add_ways(_missing(linear, drivable))
            continue
        if point is None:
            break
        values.append(point.value)
        now = linear.prices()
        if prices is None or now.bound >= prices.bound:
            prices, slack = now, point.slack
        more = run.work < until and _helped(values) and _cut(problem, linear, point)
        if run.over() or not (more or _widened(linear, now)):
            break
        if not more:
            values.clear()  # more ways make it fall
    if prices is None:
        return Root(0.0, np.argwhere(drivable), [])
    kept = np.argwhere(drivable & (prices.at_least <= known - problem.step + TINY))
    holding = [cut for cut, over in zip(linear.cuts, slack, strict=False) if over < 1.0 + TINY]
    return Root(prices.bound, kept, holding)


def _helped(values: list[float]) -> bool:
    """Whether the last cuts were worth their time."""
    return len(values) <= _PATIENCE or values[-1] - values[-_PATIENCE] >= _SLOW * values[-1]


def _cut(problem: VanProblem, linear: Relaxation, point: Point) -> bool:
    """Whether cuts have joined."""
    cuts = broken_cuts(problem, point)
    linear.add_cuts(cuts)
    return bool(cuts)


def _widened(linear: Relaxation, prices: Prices) -> bool:
    """Whether ways have joined that are worth more than they cost."""
    worth = _missing(linear, prices.reduced < -TINY)
    order = np.argsort(np.where(worth, prices.reduced, 0.0), axis=1, kind="stable")[:, :_MOST_NEW]
    best = np.zeros_like(worth)
    np.put_along_axis(best, order, True, axis=1)
    linear.add_ways(worth & best)
    return bool(worth.any())


def _missing(linear: Relaxation, which: Flags) -> Flags:
    """Of ways (V, V) those that are not in the linear program."""
    out = which.copy()
    out[linear.ways[:, 0], linear.ways[:, 1]] = False
    return out


def _drivable(problem: VanProblem) -> Flags:
    """(V, V) ways between stops whose bikes fit into one van together; in time."""
    q, least_s, service_s = problem.pick_up, problem.least_s, problem.service_s
    fits = np.abs(q[:, None] + q) <= problem.capacity
    fits[0], fits[:, 0] = True, True
    there = (least_s[0] + service_s)[:, None] + problem.time_s
    out: Flags = fits & (there + service_s + least_s[:, 0] <= problem.limit_s)
    np.fill_diagonal(out, False)
    return out


def _first_ways(problem: VanProblem, drivable: Flags, best: RoutesOf | None) -> Flags:
    if problem.stops <= _ALL:
        return drivable
    cost = np.where(drivable, problem.cost, np.iinfo(np.int64).max)
    out = np.zeros_like(drivable)
    near = np.argsort(cost, axis=1, kind="stable")[:, :_NEAR]
    np.put_along_axis(out, near, True, axis=1)
    near = np.argsort(cost, axis=0, kind="stable")[:_NEAR]
    np.put_along_axis(out, near, True, axis=0)
    out[0], out[:, 0] = True, True
    for route in best or ():
        ends = [0, *route, 0]
        out[ends[:-1], ends[1:]] = True
    return out & drivable
