"""The linear relaxation of the p-median by cutting planes, taken up again from node to node.

Sets
    i demand points, j sites, d levels: costs at which i has a site, those that have mattered so far
Data
    c_ij cost of serving i from j (weight included), p sites
Variables
    y_j share of site j that is open;  t_i >= 0 cost of serving i
Formulation
    min  sum_i t_i
    t_i + sum_{j: c_ij < d} (d - c_ij) y_j >= d                    for levels d of i
    sum_j y_j >= 1 over the sites that i has a way to              where no level is higher
    sum_j y_j <= p

The level that a y violates most is the cost at which its sites, nearest first, add up to one; all of them hold where
these do, and the relaxation is then as tight as that with x_ij <= y_j. The first levels are those around the
Lagrangian prices, which already give the bound of these prices. (Duran-Mateluna, Ales & Elloumi 2023,
doi:10.1016/j.ejor.2022.11.033.)

Its dual values are prices: sum_d d * dual of each i. What they prove is computed from the costs, by
`medians.raise_prices`, so nothing rests on the solver's tolerances.
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from optimise.location.inputs import F64
from optimise.location.kernels.medians import I8, OPEN, SHUT, Near
from optimise.problem import I64
from optimise.stop import Run

ENTRIES_PER_WORK = 4e8
"""Entries of the rows times steps of the simplex method that make a unit of work."""
_SOLVE_STEPS = 20
"""Steps that setting out counts as."""
_HOW: Final = "use_preprocessing: false use_dual_simplex: true perturb_costs_in_dual_simplex: true"
"""What lets a solution be taken up again after rows have joined."""
_VIOLATED, _ONE = 1e-9, 1.0 - 1e-9
"""Relative violation of a row, and what counts as one site."""
_ROWS_PER_DEMAND = 8
"""Rows past which the relaxation is built anew without those that do not matter."""


class Relaxed(NamedTuple):
    """Where the relaxation ends: share (C) of each site that is open, price (D)."""

    share: F64
    price: F64


class Relaxation:
    """Rows over the pairs `near`, for sites that are not shut."""

    def __init__(self, near: Near, state: I8, p: int, price: F64) -> None:
        """Sites shut in state (C) stay so. price (D): where to begin."""
        self._near, self._p, self._demands = near, p, len(price)
        self._sites: I64 = np.flatnonzero(state != SHUT)
        self._row: I64 = np.repeat(np.arange(self._demands), np.diff(near.first))
        self._build(price)

    def _build(self, price: F64) -> None:
        from ortools.linear_solver import pywraplp

        solver = pywraplp.Solver.CreateSolver("GLOP")
        solver.SetSolverSpecificParametersAsString(_HOW)
        self._solver: Any = solver
        self._entries = 0
        self._cost = [solver.NumVar(0.0, solver.infinity(), "") for _ in range(self._demands)]
        self._open = {j: solver.NumVar(0.0, 1.0, "") for j in self._sites.tolist()}
        for cost in self._cost:
            solver.Objective().SetCoefficient(cost, 1.0)
        solver.Objective().SetMinimization()
        most = solver.Constraint(0.0, float(self._p))
        for share in self._open.values():
            most.SetCoefficient(share, 1.0)
        self._levels: dict[tuple[int, float], Any] = {}
        ends = zip(self._near.first[:-1].tolist(), self._near.first[1:].tolist(), price.tolist(), strict=True)
        for i, (begin, end, now) in enumerate(ends):
            after = begin + int(np.searchsorted(self._near.cost[begin:end], now, side="right"))
            if after > begin:
                self._add(i, float(self._near.cost[after - 1]))
            self._add(i, float(self._near.cost[after]) if after < end else float(self._near.cap[i]))

    def _add(self, i: int, level: float) -> None:
        """The row of a level; infinite where all sites that i has a way to must add up to one."""
        begin, end = int(self._near.first[i]), int(self._near.first[i + 1])
        end = begin + int(np.searchsorted(self._near.cost[begin:end], level))
        less = level - self._near.cost[begin:end] if math.isfinite(level) else np.ones(end - begin)
        row = self._solver.Constraint(level if math.isfinite(level) else 1.0, self._solver.infinity())
        if math.isfinite(level):
            row.SetCoefficient(self._cost[i], 1.0)
        for j, saved in zip(self._near.site[begin:end].tolist(), less.tolist(), strict=True):
            row.SetCoefficient(self._open[j], saved)
        self._levels[i, level] = row
        self._entries += end - begin + 2

    def solve(self, state: I8, price: F64, enough: float, run: Run) -> Relaxed | None:
        """The relaxation with sites settled as state (C) says; None where no end is come to.

        price (D): where to begin anew, if that is needed. enough: value from which on the rows that are still violated
        do not matter.
        """
        if len(self._levels) > _ROWS_PER_DEMAND * self._demands:
            self._build(price)
        if not self._solved(state, run):
            self._build(price)
            if not self._solved(state, run):
                return None
        while True:
            share = np.zeros(len(state))
            share[self._sites] = [y.solution_value() for y in self._open.values()]
            prices = self._prices()
            if self._solver.Objective().Value() >= enough or run.over() or not self._separate(share):
                return Relaxed(share, prices)
            if not self._solved(state, run):
                return Relaxed(share, prices)

    def _solved(self, state: I8, run: Run) -> bool:
        """Whether the simplex method ends well over the rows there are."""
        for j, share in self._open.items():
            share.SetBounds(float(state[j] == OPEN), float(state[j] != SHUT))
        if math.isfinite(run.seconds_left):
            self._solver.SetTimeLimit(max(1, int(run.seconds_left * 1000)))
        status = self._solver.Solve()
        entries = self._entries + self._demands + len(self._sites)
        run.spend((self._solver.iterations() + _SOLVE_STEPS) * entries / ENTRIES_PER_WORK)
        return bool(status == self._solver.OPTIMAL)

    def _separate(self, share: F64) -> bool:
        """Add the row of each demand point that is violated most; False where none is."""
        near = self._near
        part = share[near.site]
        before = np.cumsum(np.append(0.0, part))
        short = before[1:] - before[near.first[self._row]] < _ONE
        at = near.first[:-1] + np.bincount(self._row, short, self._demands).astype(np.int64)
        level = np.where(at < near.first[1:], np.append(near.cost, np.inf)[at], near.cap)
        bare = np.isinf(level)
        saved = np.where(short, np.where(bare, 1.0, level)[self._row] - np.where(bare[self._row], 0.0, near.cost), 0.0)
        value = np.where(bare, 1.0, level) - np.bincount(self._row, saved * part, self._demands)
        now = np.where(bare, 0.0, [cost.solution_value() for cost in self._cost])
        new = [
            (i, float(level[i]))
            for i in np.flatnonzero(value - now > _VIOLATED * np.maximum(1.0, value)).tolist()
            if (i, float(level[i])) not in self._levels
        ]
        for i, height in new:
            self._add(i, height)
        return bool(new)

    def _prices(self) -> F64:
        """(D) prices that prove what the dual values do."""
        which = np.array([i for i, _ in self._levels], np.int64)
        worth = np.array([level if math.isfinite(level) else 1.0 for _, level in self._levels])
        dual = np.array([row.dual_value() for row in self._levels.values()])
        prices: F64 = np.minimum(
            np.bincount(which, weights=np.maximum(dual, 0.0) * worth, minlength=self._demands), self._near.cap
        )
        return prices
