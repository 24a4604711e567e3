"""Bounds on siting problems that need no solver: Lagrangian, at least as tight as the linear relaxation once the
prices settle.

Held, Wolfe & Crowder 1974 (doi:10.1007/BF01580223); for the p-median Cornuejols, Fisher & Nemhauser 1977
(doi:10.1287/mnsc.23.8.789).
"""

from __future__ import annotations

import math

import numpy as np

from optimise.location.arrays import pairs_of, sites_of
from optimise.location.kernels.prices import bound_cover, bound_distance, earn_whole
from optimise.problem import I64, SitingProblem

ROUNDS, _FEWEST_ROUNDS = 600, 60
"""Price updates; fewer on large problems."""
_PAIRS = 2**25
"""Pairs that the rounds may look at in all."""
_MONEY_STEPS = 8192
"""Finest division of the budget in the whole-number knapsack."""
_SAFETY = 1e-9
"""Relative error allowed to floating-point sums before a bound is rounded."""


def lagrangian_bound(problem: SitingProblem, value: int) -> int:
    """A bound on the objective in whole numbers; `value` is that of a known answer and only steers the steps."""
    rounds = min(ROUNDS, max(_FEWEST_ROUNDS, _PAIRS // max(1, len(problem.site))))
    if problem.objective == "cover":
        high = _cover(problem, value, rounds)
        return math.floor(high + _SAFETY * max(1.0, high))
    low = _distance(problem, value, rounds)
    return math.ceil(low - _SAFETY * max(1.0, abs(low)))


def free_walk(problem: SitingProblem) -> I64:
    """(I) walk to the nearest plugs that are there already, search_m where none are near."""
    far = np.full(problem.demands, problem.search_m, np.int64)
    there = problem.existing[problem.site] > 0
    np.minimum.at(far, problem.row[there], problem.distance_m[there])
    return far


def _cover(problem: SitingProblem, value: int, rounds: int) -> float:
    """The least of three: prices with a broken last purchase, the same prices with whole purchases, all demand in
    reach.
    """
    pairs, sites, weight, plug = pairs_of(problem), sites_of(problem), problem.weight, problem.plug_tenths
    margin = np.ones(problem.demands)
    high = bound_cover(pairs, sites, weight, plug, float(problem.budget_fen), value, rounds, margin)
    unit = _money_unit(problem)
    whole = earn_whole(pairs, sites, weight, plug, margin, problem.budget_fen // unit, unit)
    in_reach = weight[np.unique(pairs.row)].sum()
    return float(min(high, whole + ((1.0 - margin) * weight).sum(), in_reach))


def _distance(problem: SitingProblem, value: int, rounds: int) -> float:
    top = (problem.weight * free_walk(problem)).astype(float)
    may_open = (problem.existing == 0) & (problem.most >= problem.least)
    cost = np.where(may_open, problem.open_fen + problem.plug_fen * problem.least, np.inf)
    price = 0.5 * top
    return float(
        bound_distance(pairs_of(problem), problem.weight, top, cost, float(problem.budget_fen), value, rounds, price)
    )


def _money_unit(problem: SitingProblem) -> int:
    """Fen in one step of the whole-number knapsack: what all costs share, or coarser, so that the table stays small."""
    shared = int(np.gcd.reduce(np.concatenate((problem.open_fen, problem.plug_fen))))
    return max(1, shared, -(-problem.budget_fen // _MONEY_STEPS))
