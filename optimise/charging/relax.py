"""Bounds from prices: each point's demand gets a margin, rows get multipliers, and every site then chooses alone.

Lagrangian relaxation of "a point is served at most once" and of the rows. Since a site keeps whole sizes, the bound is
at least that of the linear model in which every pair and size is tied to the size being built. Margins move as in the
volume algorithm (Barahona & Anbil 2000, doi:10.1007/s101070050002); multipliers of rows settle between two moves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimise.charging.arrays import flows_of, reach_of, steps_of
from optimise.charging.kernels import prices
from optimise.charging.problem import F64, ChargerProblem
from optimise.charging.rows import Rows

LEVELS = 8192
"""Margins are multiples of the top one over so many."""
SETTLE = 24
"""Moves of the multipliers of rows between two moves of the margins."""
SETTLE_FIRST = 300
"""The same before the first."""
_MEAN, _LESS, _MORE, _PATIENCE = 0.2, 0.66, 1.1, 4
"""Weight of the newest answer in the mean; factors on the step after rounds without and with a better bound."""
PAIRS_PER_WORK = 2e8
_SAFETY = 1e-9


@dataclass(eq=False)
class Relaxed:
    """Where the prices stand. margin: (F, I); multipliers: (K) of rows; mean: (T, O) how far options are taken."""

    bound: float
    margin: F64
    multipliers: F64
    mean: F64
    worth: F64
    """(T, O) what every option earns at the margins of the best bound."""
    targets: F64
    """(T, A+1) worth of what areas, and all, are to be served at least."""


class Prices:
    """The state of the relaxation, moved on by `rounds`."""

    def __init__(self, problem: ChargerProblem, margin: F64) -> None:
        """margin: (F, I) to start from."""
        self.problem, self.rows = problem, Rows(problem)
        self.reach, self.steps, self.flows = reach_of(problem), steps_of(problem), flows_of(problem)
        flows, points = self.flows.shape
        levels, options = len(self.steps.level), len(problem.option_fen)
        self.base = 0.0 if problem.objective == "served" else 1.0
        self.level = np.empty((flows, points), np.int32)
        self.order, self.many = np.empty_like(self.level), np.zeros(flows, np.int64)
        self.earned, self.sent = np.zeros((flows, levels)), np.zeros((flows, points))
        self.worth = np.zeros((problem.years, options))
        self.targets = _Targets(problem)
        self.top = self.targets.top()
        self.margin = margin
        self.multipliers = np.zeros(len(self.rows.scale))
        self.row_step = 0.1
        self.best = Relaxed(
            np.inf, self.margin.copy(), self.multipliers.copy(), np.zeros_like(self.worth), self.worth,
            self.targets.worth.copy(),
        )  # fmt: skip
        self.mean_sent = np.zeros((flows, points))
        self.mean = np.zeros_like(self.worth)
        self.step, self.idle, self.begun = 0.2, 0, False
        self.round_work = 2.0 * (len(self.reach.site) / problem.services) * flows / PAIRS_PER_WORK

    def rounds(self, count: int, target: float) -> Relaxed:
        """`count` more moves towards `target`, the value of a known plan."""
        for _ in range(count):
            self._round(target)
        return self.best

    def _round(self, target: float) -> None:
        high, taken = self._evaluate()
        self._mix(taken)
        gained = self.best.bound - high
        if high < self.best.bound:
            self.idle = 0 if gained > 1e-5 * abs(high) else self.idle + 1
            self.best = Relaxed(
                high, self.margin.copy(), self.multipliers.copy(), self.mean, self.worth.copy(),
                self.targets.worth.copy(),
            )  # fmt: skip
            self.step = min(2.0, self.step * _MORE)
        else:
            self.idle += 1
        if self.idle >= _PATIENCE:
            self.step, self.idle = self.step * _LESS, 0
        self._move(target)

    def _evaluate(self) -> tuple[float, F64]:
        """The bound at the margins, and (T, O) how far each option is taken."""
        prices.earn(
            self.reach, self.steps, self.flows, self.margin, self.top, LEVELS, self.level, self.order, self.many,
            self.earned,
        )  # fmt: skip
        prices.worths(self.steps, self.earned, self.worth)
        high = self._left()
        value, taken = self._settle()
        return high + value, taken

    def _left(self) -> float:
        """What demand is worth beyond its margins."""
        by_year = np.einsum("fi,fi->f", self.flows, self.level).reshape(self.problem.years, -1).sum(axis=1)
        most = self.top.max(axis=1)
        worth = (self.flows.reshape(self.problem.years, -1, self.problem.points).sum(axis=1) * self.top).sum()
        return float(worth - (by_year * most / LEVELS).sum() - self.targets.due())

    def _settle(self) -> tuple[float, F64]:
        """Move the multipliers of the rows at fixed margins; the least value, and how far options are taken."""
        best, kept = np.inf, self.multipliers
        trial = self.multipliers.copy()
        taken = np.zeros_like(self.worth)
        scale = max(abs(float(self.worth.max(initial=1.0))), 1.0)
        years = np.arange(self.problem.years)[:, None]
        moves = SETTLE if self.begun else SETTLE_FIRST
        for k in range(moves):
            found = self.rows.priced(self.worth, trial, self.base)
            if found.value < best:
                best, kept = found.value, trial.copy()
                if k:
                    self.row_step *= 1.15
            else:
                self.row_step *= 0.8
            if k >= moves // 2:
                taken[years, found.path] += 1.0
            norm = np.sqrt((found.over**2).sum())
            if norm == 0.0:
                break
            trial = np.maximum(trial + self.row_step * (np.abs(kept).sum() + scale) * found.over / norm, 0.0)
        self.multipliers = kept
        self.row_step = min(max(self.row_step, 1e-5), 1.0)
        return best, taken / np.maximum(taken[:, : self.problem.option_first[1]].sum(axis=1, keepdims=True), 1.0)

    def _mix(self, taken: F64) -> None:
        share = np.zeros((self.problem.years, len(self.steps.level)))
        for s in range(self.problem.services):
            for t in range(self.problem.years):
                np.add.at(share[t], self.steps.of[s], taken[t])
        for s in range(self.problem.services):
            for j in range(self.problem.sites):
                a, b = self.steps.first[s, j], self.steps.first[s, j + 1]
                share[:, a:b] = share[:, a:b][:, ::-1].cumsum(axis=1)[:, ::-1]
        prices.take(self.reach, self.steps, self.flows, self.order, self.many, share, self.sent)
        weight = _MEAN if self.begun else 1.0
        self.begun = True
        self.mean_sent += weight * (self.sent - self.mean_sent)
        self.mean = self.mean + weight * (taken - self.mean)

    def _move(self, target: float) -> None:
        """Margins from those of the best bound along what the mean of the answers leaves over or takes twice."""
        left, top = self.flows - self.mean_sent, self.targets.top(self.best.targets)
        by_flow = np.repeat(top, len(self.flows) // self.problem.years, axis=0)
        margin = self.best.margin
        with np.errstate(invalid="ignore", divide="ignore"):
            along = np.where(self.flows > 0, left / self.flows, 0.0)
        along[((margin >= 1.0) & (along > 0)) | ((margin <= 0.0) & (along < 0))] = 0.0
        short, steep = self.targets.short(self.mean_sent, self.best.targets)
        norm = float(np.einsum("fi,fi,fi,fi->", along, along, self.flows, by_flow)) + steep
        if norm > 0.0:
            size = self.step * max(self.best.bound - target, 1e-4 * abs(self.best.bound)) / norm
            self.margin = np.clip(margin + size * along, 0.0, 1.0)
            self.targets.worth = np.maximum(self.best.targets + size * self.targets.scale * short, 0.0)
            self.top = self.targets.top()

    def useful(self, bound: int, value: int) -> npt.NDArray[np.bool_]:
        """(T, O) options that a plan better than `value` may have: others take the bound down to it."""
        net, fen = self.rows.net(self.best.worth, self.best.multipliers, self.base)
        most = np.empty_like(net)
        prices.through(self.rows.options, net, fen, most)
        best = np.maximum.reduceat(most, self.problem.option_first[:-1], axis=1)[:, self.problem.option_site]
        slack = max(self.best.bound, bound) - value
        keep: npt.NDArray[np.bool_] = best - most <= slack + _SAFETY * max(abs(value), 1.0)
        return keep


class _Targets:
    """What areas and all are to be served at least, priced."""

    def __init__(self, problem: ChargerProblem) -> None:
        self.problem = problem
        self.need = np.hstack((problem.floors, problem.wanted[:, None])).astype(float)
        weight = float(problem.weight.max()) if problem.objective == "served" else _dear(problem)
        self.weight = problem.weight.astype(float) if problem.objective == "served" else np.zeros(problem.years)
        self.scale = weight
        self.worth = np.zeros_like(self.need)
        if problem.objective == "cost":
            self.worth[self.need > 0] = weight

    def top(self, worth: F64 | None = None) -> F64:
        """(T, I) worth of a tenth of kWh at a point."""
        worth = self.worth if worth is None else worth
        top = self.weight[:, None] + worth[:, -1:]
        by_area = worth[:, self.problem.area] if self.problem.areas else 0.0
        # a copy in any case: an array that is read-only is a type of its own to the compiler
        return np.broadcast_to(top + by_area, (self.problem.years, self.problem.points)).copy()

    def due(self) -> float:
        return float((self.worth * self.need).sum())

    def short(self, sent: F64, worth: F64) -> tuple[F64, float]:
        """(T, A+1) share of each target that is missed, above 0 where the worth has to rise, and its steepness."""
        by_point = sent.reshape(self.problem.years, -1, self.problem.points).sum(axis=1)
        got = np.zeros_like(self.need)
        got[:, -1] = by_point.sum(axis=1)
        for t in range(self.problem.years if self.problem.areas else 0):
            got[t, :-1] = np.bincount(self.problem.area, by_point[t], minlength=self.problem.areas)
        short = np.where(self.need > 0, (self.need - got) / np.maximum(self.need, 1.0), 0.0)
        short[(worth <= 0.0) & (short < 0)] = 0.0
        return short, float((short**2 * self.need).sum() * self.scale)


def _dear(problem: ChargerProblem) -> float:
    """Fen that a tenth of kWh may be worth to begin with: the middle price of capacity used half the time."""
    fen = problem.option_fen.astype(float)
    day = problem.option_capacity.sum(axis=1) * problem.hours / 2.0
    some = (fen > 0) & (day > 0)
    return float(np.median(fen[some] / day[some])) / problem.years if some.any() else 1.0
