"""The p-centre: nobody far from an open site.

Sets
    i demand points (D), j sites (C), E sites there already, groups g of sites, r_1 < r_2 < ... the different costs
Data
    w_i weight, c_ij cost (infinite: there is no way), p sites, l_g, u_g, f_j, B as in `median`
Variables
    y_j = 1: site j is open;  z: the largest cost to the nearest open site
Formulation
    min  z = r_k  so that  sum_{j: w_i c_ij <= r_k} y_j >= 1 for all i,  sum_j y_j <= p,  y_j = 1 for j in E,
    and the rows of groups and budget

A radius r_k is decided as a p-median of costs 0 (within r_k) and 1: it does if nobody is left out. Prices that prove a
bound above 0 rule it out, mostly at the root; what is left between the largest radius ruled out so and the best answer
is searched by branch and bound, downwards from the answer: a proof needs only the next smaller radius. (Minieka 1970,
doi:10.1137/1012016; Elloumi, Labbe & Pochet 2004, doi:10.1287/ijoc.1030.0028.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.location.choices import Choices
from optimise.location.inputs import F64, cost_matrix, numbers
from optimise.location.median import at_most, check_p, first_sites, served_rows, weighted_costs
from optimise.location.median_search import Median, Search
from optimise.location.result import Located, located, no_answer
from optimise.location.rules import Flags, Group, SiteRules, choose_sites, site_rules
from optimise.location.set_cover import cheapest
from optimise.problem import I64
from optimise.solver import Listener, Progress
from optimise.stop import Run, Stop, Work

NAME = "p_centre"
UNTIL = Work(300)
"""Where no stop is given: a few minutes, the same on every machine."""
_NODES = 100
"""Nodes of branch and bound after which a radius is left to a covering model."""
_PAIRS_PER_WORK = 20_000
_STEPWISE = 8
"""Radii left to decide from which on they are tried one by one from above."""


def p_centre(
    cost: Any, p: int, *, weight: Any = None, existing: Any = (), forbidden: Any = (), groups: Sequence[Group] = (),
    price: Any = None, budget: float | None = None, stop: Stop = UNTIL, seed: int = 0,
    progress: Listener | None = None,
) -> Located:  # fmt: skip
    """At most p open sites, existing ones included, so that the largest weight * cost to the nearest one is least.

    Arguments as in `p_median`. The assignment is to the nearest open site. Work: 2e8 pairs looked at; with groups or a
    budget a radius is decided by HiGHS and costs a unit for every 20,000 pairs. Raises InputError that names the row.
    """
    run = stop.start()
    matrix = cost_matrix("cost", cost)
    demands, sites = matrix.shape
    rules = site_rules(sites, existing=existing, forbidden=forbidden, groups=groups, price=price, budget=budget)
    check_p(p, rules)
    weighted = matrix if weight is None else weighted_costs(matrix, numbers("weight", weight, demands, "demand points"))
    start = first_sites(matrix, p, rules, (), seed)
    if isinstance(start, tuple):
        return no_answer(demands, start, solver=NAME, seed=seed, seconds=run.seconds)
    search = _Radii(weighted, p, rules, run, seed, progress, start)
    search.solve()
    opened = np.sort(search.sites)
    assignment = opened[matrix[:, opened].argmin(axis=1)]
    return located(
        opened, assignment, objective=search.value, bound=search.bound, solver=NAME, seed=seed, seconds=run.seconds
    )


@dataclass
class _Radii:
    """Which radii are ruled out (up to `low`) and which one the best sites reach (`high`)."""

    cost: F64
    p: int
    rules: SiteRules
    run: Run
    seed: int
    progress: Listener | None
    sites: I64

    def __post_init__(self) -> None:
        usable = self.cost[:, self.rules.usable]
        least = float(usable.min(axis=1).max()) if len(self.cost) else 0.0
        self.value = self._value(self.sites)
        self.radii: F64 = np.unique(usable[(usable >= least) & (usable <= self.value)])
        self.low, self.high = -1, len(self.radii) - 1

    @property
    def bound(self) -> float:
        return float(self.radii[self.low + 1]) if len(self.radii) else self.value

    @property
    def open_(self) -> bool:
        """Neither proven to what the stop asks for nor stopped."""
        enough = self.value - self.bound <= self.run.stop.gap * max(1.0, self.value)
        return self.low + 1 < self.high and not enough and not self.run.over()

    def _value(self, sites: I64) -> float:
        return float(self.cost[:, sites].min(axis=1).max()) if len(self.cost) else 0.0

    def solve(self) -> None:
        """First what prices and interchange decide at once, then the rest by branch and bound."""
        undecided = self.high
        while self.open_ and self.low + 1 < undecided and self.rules.plain:
            k = (self.low + undecided) // 2
            if self._decide(k, deep=False) is not False:
                undecided = min(k, self.high)
        while self.open_:
            left = self.high - self.low
            k = self.high - 1 if left <= _STEPWISE else (self.low + self.high) // 2
            if self._decide(k, deep=True) is None:
                break

    def _decide(self, k: int, *, deep: bool) -> bool | None:
        """Whether radius k does; None where that stays open."""
        sites = self._by_search(k, deep=deep) if self.rules.plain else self._by_rows(k)
        if isinstance(sites, bool):
            self.low = max(self.low, k) if not sites else self.low
            self._tell()
            return None if sites else False
        self.sites, self.value = sites, self._value(sites)
        self.high = int(np.searchsorted(self.radii, self.value))
        self._tell()
        return True

    def _by_search(self, k: int, *, deep: bool) -> I64 | bool:
        """Sites that reach everybody within radius k; False where there are none, True where that stays open."""
        far = (self.cost > self.radii[k]).astype(np.float64)
        search = Search(Median(far, self.p, self.rules), self.run, self.seed, NAME, None, self.sites, wanted=0.0)
        search.solve(most_nodes=_NODES if deep else 0)
        if search.done:
            return search.sites
        if not deep or not search.nodes or self.run.over():
            return bool(search.nodes)
        return self._by_cover(far == 0.0)

    def _by_cover(self, within: Flags) -> I64 | bool:
        """The fewest sites that cover everybody, for the radii at which prices prove nothing."""
        there = self.rules.existing
        choices = Choices(
            first=np.concatenate(([0], np.cumsum(within.sum(axis=1)))).astype(np.int64),
            site=np.nonzero(within)[1].astype(np.int64), sites=self.rules.sites, existing=there,
            forbidden=self.rules.forbidden,
        )  # fmt: skip
        stop = Stop(self.run.seconds_left, 0.0, self.run.work_left, self.run.stop.cancelled)
        found = cheapest(choices, np.ones(self.rules.sites, np.int64), stop=stop, seed=self.seed)
        self.run.spend(float(within.sum()) / _PAIRS_PER_WORK)
        if found.status == "infeasible":
            return False
        if found.status != "unknown" and len(there) + found.objective <= self.p:
            return np.concatenate((there, np.flatnonzero(found.values))).astype(np.int64)
        return len(there) + found.bound <= self.p

    def _by_rows(self, k: int) -> I64 | bool:
        within = self.cost <= self.radii[k]
        rows = [at_most(self.p, self.rules.sites), *served_rows(within)]
        self.run.spend(float(within.sum()) / _PAIRS_PER_WORK)
        found = choose_sites(self.rules, rows, np.zeros(self.rules.sites), self.seed, why=False)
        return False if isinstance(found, tuple) else found

    def _tell(self) -> None:
        if self.progress:
            self.progress(Progress(self.run.seconds, round(self.value), round(self.bound), NAME))
