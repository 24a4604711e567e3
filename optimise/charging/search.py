"""Plans by growing sites for the most served per fen, guided by prices, then taking some back and growing again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from optimise.charging.arrays import flows_of, maximum_flows, options_of, reach_of
from optimise.charging.kernels import search as kernels
from optimise.charging.kernels.flows import reroute
from optimise.charging.kernels.search import Limits, Offers, Plan
from optimise.charging.problem import F64, ChargerProblem
from optimise.charging.rows import paid_by_year
from optimise.charging.verify import floors_flow, rule_problems
from optimise.problem import I64

_NOISE = 0.15
"""Standard deviation of the logarithm of what offers are multiplied by."""
_SCARCE, _PLENTY = 1.0, 0.05
"""Margins that prices start from."""
NOTHING = -(2**62)
"""The value of a plan that breaks a rule."""
_ALL = 2**62
"""More than there can be to serve."""
_ARCS = 2_000_000
"""Pairs and hours up to which floors are decided exactly; beyond, by the flow at hand."""


@dataclass(frozen=True, eq=False)
class Judged:
    """What a plan serves and where it falls short. served: (F); margin: (F, I) 1 where more capacity would serve more
    (a minimum cut), else 0; missed: (T) it misses what is to be served in the year.
    """

    served: I64
    margin: F64
    missed: npt.NDArray[np.bool_]


class Search:
    """The plan at hand and the best one. Values: what is served, or money below nothing; the more the better."""

    def __init__(self, problem: ChargerProblem, seed: int) -> None:
        self.problem, self.random = problem, np.random.default_rng(seed)
        self.reach, self.flows, self.options = reach_of(problem), flows_of(problem), options_of(problem)
        self.limits = limits_of(problem)
        flows, points = self.flows.shape
        self.margin, self.price = np.ones((flows, points)), np.ones(problem.years)
        self.help = np.empty((flows, problem.sites), np.int32)
        self.plan = self._empty()
        self.kept = _copy(self.plan)
        self.value = NOTHING
        self.best, self.best_steps, self.best_value = self.plan.path.copy(), self.plan.steps.copy(), NOTHING

    def _empty(self) -> Plan:
        """What is there, and whom it serves."""
        p, flows = self.problem, len(self.flows)
        path = np.tile(p.option_first[:-1], (p.years, 1))
        load = np.zeros((p.years, p.feeders), np.int64)
        hung = p.feeder >= 0
        for t in range(p.years):
            np.add.at(load[t], p.feeder[hung], p.option_va[path[t, hung]])
        over = np.maximum(load - p.headroom_va, 0)
        steps = np.where(over > 0, -(-over // np.maximum(p.step_va, 1)), 0)
        spent = np.zeros(p.years, np.int64)
        spent[0] = steps[0] @ p.step_fen if p.feeders else 0
        there = path[self.limits.row_year]
        short = self.limits.at_least - np.array(
            [self.limits.coefficient[k, row].sum() for k, row in enumerate(there)], np.int64
        )
        room = np.empty((flows, p.sites), np.int32)
        hours = p.hours
        for f in range(flows):
            t, s = f // (p.services * hours), f // hours % p.services
            room[f] = p.option_capacity[path[t], s] * p.open[:, f % hours]
        return Plan(
            path, spent, load, steps, short, self.flows.astype(np.int32), room,
            np.zeros((p.years * hours, len(self.reach.site)), np.int32),
        )  # fmt: skip

    def served(self) -> I64:
        """(T, I) what the plan at hand serves of each point."""
        shape = (self.problem.years, -1, self.problem.points)
        served: I64 = (self.flows - self.plan.slack).reshape(shape).sum(axis=1)
        return served

    def _value(self, served: I64, path: I64, steps: I64) -> int:
        if self.problem.objective == "served":
            return int(served @ self.problem.weight)
        return -int(paid_by_year(self.problem, path, steps).sum())

    def missing(self, served: I64) -> npt.NDArray[np.bool_]:
        """(T, I) points whose year or area is to be served more, from what is served of each (T, I)."""
        p = self.problem
        out: npt.NDArray[np.bool_] = np.repeat((served.sum(axis=1) < p.wanted)[:, None], p.points, axis=1)
        for t in np.flatnonzero(p.floors.any(axis=1)).tolist():
            by_area = np.bincount(p.area, served[t], minlength=p.areas)
            out[t] |= (by_area < p.floors[t])[p.area]
        return out

    def _lacking(self, served: I64) -> int:
        """How much more is to be served at least, from what is served of each point (T, I)."""
        p, lacking = self.problem, 0
        for t in range(p.years):
            by_area = np.bincount(p.area, served[t], minlength=p.areas) if p.areas else np.zeros(0)
            floors = np.maximum(p.floors[t] - by_area, 0).sum()
            lacking += max(int(p.wanted[t] - served[t].sum()), int(floors))
        return lacking

    def _missed(self, path: I64, served: I64) -> npt.NDArray[np.bool_]:
        """(T) years that miss what is to be served; floors exactly where the problem is small."""
        p = self.problem
        missed: npt.NDArray[np.bool_] = served.sum(axis=1) < p.wanted
        by_point = self.missing(served).any(axis=1)
        small = len(self.reach.site) * p.hours <= _ARCS
        for t in np.flatnonzero(by_point & ~missed).tolist():
            missed[t] = not small or floors_flow(p, path[t], t, p.floors[t]) < p.floors[t].sum()
        return missed

    def judge(self, path: I64) -> Judged:
        """What options (T, J) serve, whatever else they break."""
        p = self.problem
        capacity = p.option_capacity[path].transpose(0, 2, 1)
        slack, self.help = maximum_flows(self.reach, p.hours, self.flows, capacity)
        served = (self.flows - slack).reshape(p.years, -1, p.points).sum(axis=1)
        margin = self._margins(1.0, 0.0)
        return Judged(self.flows.sum(axis=1) - slack.sum(axis=1), margin, self._missed(path, served))

    def consider(self, path: I64, steps: I64, judged: Judged) -> bool:
        """Keep a plan from elsewhere where it is allowed and better than the best."""
        if judged.missed.any() or rule_problems(self.problem, path, steps):
            return False
        value = self._value(judged.served.reshape(self.problem.years, -1).sum(axis=1), path, steps)
        if value <= self.best_value:
            return False
        self.best, self.best_steps, self.best_value = path.copy(), steps.copy(), value
        return True

    def guide(self, margin: F64, price: F64) -> None:
        """Margins (F, I) of demand and worth (T) of a fen that offers are judged by from now on."""
        self.margin, self.price = margin, price

    def _reroute(self) -> None:
        plan = self.plan
        reroute(self.reach, self.problem.hours, plan.slack, plan.room, plan.sent, self.help)

    def grow(self, noise: F64 | None = None) -> None:
        """Let sites grow and reroute: first towards rows, then towards targets, then while anything is gained."""
        noise = np.ones(self.problem.sites) if noise is None else noise
        self._reroute()
        if (self.plan.short > 0).any():
            self._grow(noise, self.margin, _ALL, rows=True)
            self._reroute()
        missing = self.missing(self.served())
        while missing.any():
            by_flow = np.repeat(missing, len(self.flows) // self.problem.years, axis=0)
            count = self._grow(noise, self.margin * by_flow, self._lacking(self.served()), rows=False)
            self._reroute()
            if not count:
                break
            missing = self.missing(self.served())
        while self.problem.objective == "served" and self._grow(noise, self.margin, _ALL, rows=False):
            self._reroute()
        self._keep_if_better()

    def _grow(self, noise: F64, margin: F64, enough: int, *, rows: bool) -> int:
        sites = self.problem.sites
        offers = Offers(
            np.zeros(sites, np.int64), np.zeros(sites, np.int64), np.full(sites, np.inf), np.ones(sites, np.int64)
        )
        return int(
            kernels.grow(
                self.reach, self.options, self.limits, self.plan, margin, self.price, noise, offers, enough, rows=rows
            )
        )  # fmt: skip

    def _keep_if_better(self) -> None:
        plan, served = self.plan, self.served()
        self.value = NOTHING
        if not (plan.short > 0).any() and not self._missed(plan.path, served).any():
            self.value = self._value(served.sum(axis=1), plan.path, plan.steps)
        if self.value > self.best_value:
            self.best_value = self.value
            self.best, self.best_steps = plan.path.copy(), plan.steps.copy()

    def margins(self) -> F64:
        """(F, I) margins to start prices from: high where the plan leaves demand unserved, low where it has room."""
        self._reroute()
        return self._margins(_SCARCE, _PLENTY)

    def _margins(self, scarce: float, plenty: float) -> F64:
        """(F, I) scarce where more room at any site in reach would help, as `help` of the last flows says."""
        margin = np.full(self.flows.shape, scarce)
        services, hours = self.problem.services, self.problem.hours
        for f in range(len(margin)):
            s = f // hours % services
            pairs = slice(self.reach.first[s, 0], self.reach.first[s, -1])
            idle = self.help[f][self.reach.site[pairs]] < 0
            margin[f, self.reach.point[pairs][idle]] = plenty
        return margin

    def adopt(self, path: I64, steps: I64) -> None:
        """Grow from a plan from elsewhere on."""
        for t in range(self.problem.years):
            for j in np.flatnonzero(path[t] != self.plan.path[t]).tolist():
                new = self.plan.path[:, j].copy()
                new[t:] = path[t, j]
                kernels.shrink(self.reach, self.options, self.limits, self.plan, j, new)
        self.plan.steps[...] = np.maximum(self.plan.steps, steps)
        self.plan.spent[...] = paid_by_year(self.problem, self.plan.path, self.plan.steps)
        self.grow()

    def regrow(self) -> bool:
        """Begin again from what is there, by the guide. Returns whether the best was beaten."""
        _write(self.kept, self.plan)
        before, best = self.value, self.best_value
        _write(self.plan, self._empty())
        self.grow()
        if self.value < before:
            self._undo(before)
        return self.best_value > best

    def _undo(self, value: int) -> None:
        self.value = value
        _write(self.plan, self.kept)

    def round(self) -> bool:
        """Take a few sites back and grow again; what is no better is undone. Returns whether the best was beaten."""
        _write(self.kept, self.plan)
        before = self.value
        self._ruin()
        best = self.best_value
        self.grow(np.exp(self.random.normal(0.0, _NOISE, self.problem.sites)))
        if self.value < before:
            self._undo(before)
        return self.best_value > best

    def _ruin(self) -> None:
        grown = np.flatnonzero((self.plan.path != self.problem.option_first[:-1]).any(axis=0))
        if not len(grown):
            return
        count = int(self.random.integers(1, 3 + len(grown) // 15))
        if self.random.random() < 0.5:
            chosen = self.random.choice(grown, min(count, len(grown)), replace=False)
        else:
            near = self._near(int(self.random.choice(grown)))
            chosen = self.random.permutation(np.intersect1d(grown, near))[:count]
        for j in chosen.tolist():
            new = np.full(self.problem.years, self.problem.option_first[j])
            kernels.shrink(self.reach, self.options, self.limits, self.plan, j, new)

    def _near(self, j: int) -> I64:
        """Sites that a point in reach of a site has in reach."""
        s = int(self.random.integers(self.problem.services))
        pairs = self.reach.pair[self.reach.start[s, j] : self.reach.start[s, j + 1]]
        if not len(pairs):
            return np.array([j])
        i = self.reach.point[self.random.choice(pairs)]
        return np.append(self.reach.site[self.reach.first[s, i] : self.reach.first[s, i + 1]], j).astype(np.int64)


def limits_of(problem: ChargerProblem) -> Limits:
    """The rules as the search reads them."""
    rows, years, least = [], [], []
    for row in problem.least:
        rows.append(np.where(np.isin(problem.option_site, row.sites), problem.option_plugs.sum(axis=1), 0))
        years.append(row.year)
        least.append(row.plugs)
    for t, a, s in np.argwhere(problem.ahead > 0).tolist():
        rows.append(np.where(problem.site_area[problem.option_site] == a, problem.option_capacity[:, s], 0))
        years.append(t)
        least.append(int(problem.ahead[t, a, s]))
    coefficient = np.array(rows, np.int64).reshape(len(rows), len(problem.option_fen))
    return Limits(
        np.ascontiguousarray(problem.option_capacity.T), problem.budget_fen, problem.carry_share, problem.option_va,
        problem.feeder, problem.headroom_va, problem.step_va, problem.step_fen, problem.most_steps,
        np.array(years, np.int64), np.array(least, np.int64), coefficient,
    )  # fmt: skip


def _copy(plan: Plan) -> Plan:
    arrays: dict[str, npt.NDArray[Any]] = plan._asdict()
    return Plan(**{name: array.copy() for name, array in arrays.items()})


def _write(into: Plan, plan: Plan) -> None:
    """Copy every array in place."""
    for name, array in plan._asdict().items():
        getattr(into, name)[...] = array
