"""The linear relaxation of van routes over some of the ways, solved again and again as ways and cuts join it.

Whatever a linear program says, its dual values give a bound over all ways that is computed here anew, so nothing
rests on its tolerances.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from optimise.problem import I64
from optimise.vans.problem import MOST, VanProblem

F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_HOW: Final = "use_preprocessing: false use_dual_simplex: true"
"""What lets a solution be taken up again after cuts have joined."""


class Cut(NamedTuple):
    """Out of the stops `inside` (V) drive at least `vans`, and share (V) of each stop visited that need not be."""

    inside: Flags
    vans: float
    share: F64


class Point(NamedTuple):
    """way (V, V): shares of ways driven; visited (V): shares of stops visited. slack: (cuts) vans beyond each cut.
    value: what it costs, with the stops left out.
    """

    value: float
    way: F64
    visited: F64
    slack: F64


class Prices(NamedTuple):
    """What dual values say of all ways.

    bound: no routes cost less. reduced (V, V): what a way costs beyond its worth, infinite where it cannot be driven.
    at_least (V, V): no routes with the way cost less.
    """

    bound: float
    reduced: F64
    at_least: F64


class Relaxation:
    """One way into and out of each stop visited, so many vans, so much time, and cuts."""

    def __init__(self, problem: VanProblem, drivable: Flags, ways: Flags) -> None:
        """drivable, ways (V, V): all that there are, and those to begin with."""
        from ortools.linear_solver import pywraplp

        self._problem, self._drivable = problem, drivable
        self._solver = pywraplp.Solver.CreateSolver("GLOP")
        self._solver.SetSolverSpecificParametersAsString(_HOW)
        self.ways: I64 = np.zeros((0, 2), np.int64)
        self.cuts: list[Cut] = []
        self._ways: list[Any] = []
        self._rows: list[Any] = []
        self._may = np.flatnonzero(~problem.must)[1:].tolist()
        self._visits = {i: self._solver.NumVar(0.0, 1.0, "") for i in self._may}
        self._add_rules()
        self.add_ways(ways)

    def _add_rules(self) -> None:
        problem, solver = self._problem, self._solver
        must = problem.must.astype(float).tolist()
        self._out = [solver.Constraint(one, one) for one in must]
        self._into = [self._out[0], *(solver.Constraint(one, one) for one in must[1:])]
        self._vans = solver.Constraint(0.0, float(problem.vans))
        self._seconds = None
        if problem.limit_s < MOST and (problem.time_s.any() or problem.service_s.any()):
            self._seconds = solver.Constraint(0.0, float(problem.vans) * float(problem.limit_s))
        for i, visit in self._visits.items():
            self._out[i].SetCoefficient(visit, -1.0)
            self._into[i].SetCoefficient(visit, -1.0)
            solver.Objective().SetCoefficient(visit, -float(problem.skip_cost[i]))
        solver.Objective().SetMinimization()

    def add_ways(self, which: Flags) -> None:
        """Ways (V, V) that are not in it yet join."""
        new = np.argwhere(which & self._drivable)
        p, objective = self._problem, self._solver.Objective()
        seconds = p.time_s + p.service_s
        for i, j in new.tolist():
            way = self._solver.NumVar(0.0, self._solver.infinity(), "")
            objective.SetCoefficient(way, float(p.cost[i, j]))
            self._out[i].SetCoefficient(way, 1.0)
            self._into[j].SetCoefficient(way, 1.0 if j else -1.0)
            if i == 0:
                self._vans.SetCoefficient(way, 1.0)
            if self._seconds is not None:
                self._seconds.SetCoefficient(way, float(seconds[i, j]))
            self._ways.append(way)
        for cut, row in zip(self.cuts, self._rows, strict=True):
            for k in np.flatnonzero(cut.inside[new[:, 0]] & ~cut.inside[new[:, 1]]).tolist():
                row.SetCoefficient(self._ways[len(self.ways) + k], 1.0)
        self.ways = np.concatenate((self.ways, new))

    def add_cuts(self, cuts: list[Cut]) -> None:
        for cut in cuts:
            row = self._solver.Constraint(cut.vans, self._solver.infinity())
            for k in np.flatnonzero(cut.inside[self.ways[:, 0]] & ~cut.inside[self.ways[:, 1]]).tolist():
                row.SetCoefficient(self._ways[k], 1.0)
            for i in np.flatnonzero(cut.share).tolist():
                row.SetCoefficient(self._visits[i], -float(cut.share[i]))
            self._rows.append(row)
        self.cuts += cuts

    def solve(self, seconds: float) -> tuple[str, Point | None]:
        """Either "solved" and where, "infeasible", or "unknown" where no end was come to within the seconds."""
        solver = self._solver
        if seconds < MOST:
            solver.SetTimeLimit(max(1, int(seconds * 1000)))
        status = solver.Solve()
        if status != solver.OPTIMAL:
            return ("infeasible" if status == solver.INFEASIBLE else "unknown"), None
        stops = self._problem.stops
        way, visited = np.zeros((stops, stops)), self._problem.must.astype(np.float64)
        way[self.ways[:, 0], self.ways[:, 1]] = [max(0.0, x.solution_value()) for x in self._ways]
        visited[self._may] = [self._visits[i].solution_value() for i in self._may]
        activities = np.array(solver.ComputeConstraintActivities())
        slack = np.array([activities[row.index()] - cut.vans for cut, row in zip(self.cuts, self._rows, strict=True)])
        value = solver.Objective().Value() + float(self._problem.skip_cost[self._may].sum())
        return "solved", Point(value, way, visited, slack)

    def work(self) -> float:
        """Iterations of the last solution, times the rows and columns that each goes through."""
        return float(self._solver.iterations()) * (len(self._ways) + len(self._rows) + 2 * self._problem.stops)

    def prices(self) -> Prices:
        """Of the last solution."""
        p = self._problem
        out = np.array([row.dual_value() for row in self._out])
        into = np.array([row.dual_value() for row in self._into])
        into[0] *= -1.0
        held = np.maximum([row.dual_value() for row in self._rows], 0.0)
        vans = min(self._vans.dual_value(), 0.0)
        reduced = p.cost - out[:, None] - into
        reduced[0] -= vans
        total = vans * p.vans + float((out + into)[p.must].sum())
        visit = out + into - p.skip_cost
        if self._seconds is not None:
            second = min(self._seconds.dual_value(), 0.0)
            reduced -= second * (p.time_s + p.service_s)
            total += second * float(p.vans) * float(p.limit_s)
        if self.cuts:
            inside = np.array([cut.inside for cut in self.cuts], np.float64)
            reduced -= (inside * held[:, None]).T @ (1.0 - inside)
            total += float(held @ [cut.vans for cut in self.cuts])
            visit += held @ np.array([cut.share for cut in self.cuts])
        reduced[~self._drivable] = np.inf
        return _over_all(p, reduced, visit, total)


def _over_all(p: VanProblem, reduced: F64, visit: F64, total: float) -> Prices:
    """Each stop is left at most once and the depot once a van; a stop that need not be visited is not at a loss."""
    least = np.minimum(reduced.min(axis=1, initial=np.inf), 0.0)
    from_depot = np.minimum(np.sort(reduced[0])[: p.vans], 0.0)
    may = ~p.must
    may[0] = False
    total += float(p.skip_cost[may].sum() + np.minimum(visit[may], 0.0).sum() + least[1:].sum() + from_depot.sum())
    return Prices(total, reduced, total + np.maximum(reduced - least[:, None], 0.0))
