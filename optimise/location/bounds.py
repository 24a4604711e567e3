"""A bound on siting problems that needs no solver: Lagrangian, at least as tight as the linear relaxation once the
prices settle.

Held, Wolfe & Crowder 1974 (doi:10.1007/BF01580223); for the p-median Cornuejols, Fisher & Nemhauser 1977
(doi:10.1287/mnsc.23.8.789).
"""

from __future__ import annotations

import math

import numpy as np

from optimise.location.arrays import pairs_of
from optimise.location.kernels.prices import bound_distance
from optimise.problem import I64, SitingProblem

ROUNDS, _FEWEST_ROUNDS = 600, 60
"""Price updates; fewer on large problems."""
_PAIRS = 2**25
"""Pairs that the rounds may look at in all."""
_SAFETY = 1e-9
"""Relative error allowed to floating-point sums before a bound is rounded."""


def lagrangian_bound(problem: SitingProblem, value: int) -> int:
    """A bound on the objective in whole numbers; `value` is that of a known answer and only steers the steps."""
    rounds = min(ROUNDS, max(_FEWEST_ROUNDS, _PAIRS // max(1, len(problem.site))))
    top = (problem.weight * free_walk(problem)).astype(float)
    cost = np.where(problem.may_open, problem.opening_fen, np.inf)
    budget, price = float(problem.budget_fen), 0.5 * top
    low = float(bound_distance(pairs_of(problem), problem.weight, top, cost, budget, value, rounds, price))
    return math.ceil(low - _SAFETY * max(1.0, abs(low)))


def free_walk(problem: SitingProblem) -> I64:
    """(I) walk to the nearest plugs that are there already, search_m where none are near."""
    far = np.full(problem.demands, problem.search_m, np.int64)
    there = problem.existing[problem.site] > 0
    np.minimum.at(far, problem.row[there], problem.distance_m[there])
    return far
