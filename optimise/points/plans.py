"""Plans by simulated annealing at prices of money and weight that are led to where the limits are just kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from optimise.location.inputs import F64
from optimise.points.frame import FEW_DUG, Frame
from optimise.points.kernels.search import Aims, Plan, serve, sweep
from optimise.problem import I64
from optimise.stop import Run

NOTHING: Final = -(2**62)
"""Value before the first plan."""
WORK: Final = 5e8
"""Steps of the kernels that make a unit of work, in the order of a second."""
_ALL: Final = 2**60
_STEPS: Final = 16
"""Sweeps that find the first prices."""
_HOT, _COLD = 1.0, 0.03
"""First and last temperature, in mean gains of a demand point."""
_POINT_SWEEPS: Final = 3
_FITS, _FIT_STEPS, _TIGHTER = 10, 60, 1.02
"""Plans made to keep to the limits in an annealing, sweeps that may take, and by how much a price rises for each."""
_LEAN: Final = 1e-6
"""Least price of money, in what all is worth over what all costs: no money is spent for nothing."""
_LOOSER = (0.9, 0.7, 0.3, 0.0)


def copied(plan: Plan) -> Plan:
    return plan._replace(**{name: column.copy() for name, column in plan._asdict().items()})


class Plans:
    """The best plan found; fen and weight: prices of money and of weight, as far as limits ask for them."""

    def __init__(self, frame: Frame, run: Run, seed: int) -> None:
        self.frame, self.run = frame, run
        self.value, self.paid = NOTHING, 0
        self.site_of: I64 | None = None
        self._random = np.random.default_rng(seed)
        self._state = np.array([seed * 2 + 88172645463325253], np.uint64)
        p = frame.problem
        everything = float((p.open_fen + p.space_fen * p.most).sum()) + 1.0
        worth = float(p.weight.sum() + 1 if p.objective == "cover" else p.worth_fen.sum() + 1)
        self._least_fen = _LEAN * worth / everything if p.objective == "cover" else 0.0
        self.fen = worth / everything if p.budget_fen >= 0 else 0.0
        self.weight = everything / float(p.weight.sum() + 1) if p.least_weight > 0 else 0.0
        if p.objective == "cover" and p.least_weight > 0:
            self.weight = 1.0
        self._led = False

    def empty(self) -> Plan:
        """Nobody is served."""
        p = self.frame.problem
        windows, _, hours = p.net.shape
        none = np.zeros((4, p.sites), np.int64)
        return Plan(
            np.full(p.demands, -1), np.zeros((p.sites, windows, hours), np.int32),
            np.zeros((p.sites, windows), np.int64), none[0], none[1], none[2], none[3], np.zeros(2, np.int64),
        )  # fmt: skip

    def gain(self, share: float = 1.0) -> F64:
        """(I) gain of serving a point, weight at a share of its price included."""
        return self.frame.gain + share * self.weight * self.frame.problem.weight

    def money(self, share: float = 1.0) -> float:
        """Worth of a fen, its price by the budget at a share."""
        return max(self.frame.fen + share * self.fen, self._least_fen)

    def take(self, plan: Plan) -> None:
        """Note a plan that keeps to the limits and is the best; of equals, the one that costs less."""
        p, (money, weight) = self.frame.problem, plan.total.tolist()
        if 0 <= p.budget_fen < money or weight < p.least_weight:
            return
        own = int(self.frame.gain[plan.site_of >= 0].sum())
        value = own - int(self.frame.fen) * money
        if (value, -money) > (self.value, -self.paid):
            self.value, self.paid, self.site_of = value, money, plan.site_of.copy()

    def anneal(self, rounds: int, enough: Callable[[], bool] | None = None) -> None:
        """A new plan from a high temperature to a low one, or until a plan on the way is good enough."""
        plan = self.empty()
        self.take(plan)
        if not self._led:
            self._lead(plan)
        every = max(1, rounds // _FITS)
        for k in range(rounds):
            if self.run.over():
                return
            gain = self.gain()
            heat = float(gain.mean()) * _HOT * (_COLD / _HOT) ** (k / rounds) if len(gain) else 0.0
            self._sweep(plan, heat)
            for _ in range(_POINT_SWEEPS):
                self._sweep(plan, heat, sites=False)
            self._follow(plan, 0.02, 0.1)
            if k % every == every - 1 and 2 * k > rounds:
                self._fit(plan)
                if enough is not None and enough():
                    return
        self._fit(plan)

    def better(self, site_of: I64) -> None:
        """Take a plan from elsewhere that keeps to the limits, and make it better."""
        plan = self.empty()
        serve(self.frame.near, self.frame.sites, self._aims(1.0, hard=False), plan, site_of)
        self.take(plan)
        self._fit(plan)

    def _lead(self, plan: Plan) -> None:
        """Find prices at which the limits are about kept."""
        for _ in range(_STEPS):
            if self.run.over():
                return
            self._sweep(plan, 0.0)
            for _ in range(_POINT_SWEEPS):
                self._sweep(plan, 0.0, sites=False)
            self._follow(plan, 0.5, 1.0)
        self._led = True

    def _follow(self, plan: Plan, most: float, pull: float) -> None:
        p = self.frame.problem
        if p.budget_fen >= 0:
            over = float(plan.total[0]) / max(p.budget_fen, 1) - 1.0
            self.fen *= 1.0 + max(-most, min(most, pull * over))
        if p.least_weight > 0:
            short = 1.0 - float(plan.total[1]) / p.least_weight
            self.weight *= 1.0 + max(-most, min(most, pull * short))

    def _fit(self, plan: Plan) -> None:
        """A copy of a plan made to keep to the limits, then as good as it gets."""
        p, fitted = self.frame.problem, copied(plan)
        fen, weight = self.fen, self.weight
        for step in range(_FIT_STEPS):
            dear, short = 0 <= p.budget_fen < fitted.total[0], fitted.total[1] < p.least_weight
            if not (dear or short) or self.run.over():
                break
            self.fen *= _TIGHTER if dear else 1.0
            self.weight *= _TIGHTER if short else 1.0
            self._sweep(fitted, 0.0, sites=step % 5 == 0)
        self.fen, self.weight = fen, weight
        for share in _LOOSER:
            if self.run.over():
                break
            self._sweep(fitted, 0.0, sites=share >= 0.7, share=share, hard=True)
        self.take(fitted)

    def _aims(self, share: float, *, hard: bool) -> Aims:
        p, f = self.frame.problem, self.frame
        limits = (p.budget_fen if p.budget_fen >= 0 else _ALL, p.least_weight) if hard else (_ALL, 0)
        return Aims(self.gain(share), p.weight, self.money(share), np.array(limits), f.begin, f.other)

    def _sweep(self, plan: Plan, heat: float, *, sites: bool = True, share: float = 1.0, hard: bool = False) -> None:
        p, f = self.frame.problem, self.frame
        order = self._random.permutation(p.sites) if sites else np.zeros(0, np.int64)
        points = self._random.permutation(p.demands)
        aims = self._aims(share, hard=hard)
        self.run.spend(
            sweep(f.near, f.sites, f.looked._replace(most=FEW_DUG), aims, plan, points, order, heat, self._state) / WORK
        )
