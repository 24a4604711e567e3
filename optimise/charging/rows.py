"""The rows that tie sites together, but for demand: money by year, feeders, least plugs and capacity ahead of demand.

Each is written as: what a plan uses less what it may use, at most 0. Their multipliers, in units of the objective at a
row's own scale, price what a site does in a year.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.charging.arrays import options_of
from optimise.charging.kernels.prices import best_paths
from optimise.charging.problem import F64, ChargerProblem
from optimise.problem import I64


@dataclass(frozen=True, eq=False)
class Priced:
    """The plan that sites choose at given prices: its worth, and by how much it breaks each row."""

    value: float
    path: I64
    """(T, J)"""
    over: F64
    """(K) in shares of each row's scale; above 0 where a row is broken."""


class Rows:
    """All rows (K) of a problem: money (T), feeders (T, B), least plugs, capacity ahead of demand (T, A, S)."""

    def __init__(self, problem: ChargerProblem) -> None:
        self.problem, self.options = problem, options_of(problem)
        years = problem.years
        self.carry = np.tril(problem.carry_share ** np.maximum(np.subtract.outer(range(years), range(years)), 0.0))
        """(T, T) what is left of a fen of a year in each later one."""
        self.money = self.carry @ problem.budget_fen
        self.room = np.tile(problem.headroom_va.astype(float), (years, 1))
        self.wanted = np.array([row.plugs for row in problem.least], float)
        self.plugs = np.zeros((len(problem.least), len(problem.option_fen)))
        for k, row in enumerate(problem.least):
            there = np.isin(problem.option_site, row.sites)
            self.plugs[k, there] = problem.option_plugs.sum(axis=1)[there]
        self.least_year = np.array([row.year for row in problem.least], np.int64)
        in_area = problem.site_area[problem.option_site] == np.arange(problem.areas)[:, None]
        self.capacity = in_area[:, None] * problem.option_capacity.T[None]
        """(A, S, O) what an option adds to the capacity of an area."""
        fresh = float(problem.option_fen.max(initial=0) + problem.mobilise_fen.max(initial=0))
        most = np.maximum(problem.headroom_va + problem.step_va * problem.most_steps, 1).astype(float)
        scales = (
            np.maximum(self.money, fresh), np.tile(most, years), np.maximum(self.wanted, 1.0),
            np.maximum(problem.ahead.ravel(), 1.0),
        )  # fmt: skip
        self.scale = np.maximum(np.concatenate([np.ravel(s) for s in scales]), 1.0)
        self.cuts = np.cumsum([s.size for s in scales])[:-1]

    def price_of_money(self, multipliers: F64, base: float) -> F64:
        """(T) worth of a fen spent in a year."""
        money, *_ = np.split(multipliers / self.scale, self.cuts)
        price: F64 = base + self.carry.T @ money
        return price

    def net(self, worth: F64, multipliers: F64, base: float) -> tuple[F64, F64]:
        """(T, O) worth of options less what rows charge, and (T) worth of a fen."""
        p = self.problem
        _, feeders, least, ahead = np.split(multipliers / self.scale, self.cuts)
        net = worth + np.einsum("tas,aso->to", ahead.reshape(p.ahead.shape), self.capacity)
        if p.feeders:
            hung = p.feeder[p.option_site]
            net -= np.where(hung >= 0, feeders.reshape(p.years, -1)[:, hung], 0.0) * p.option_va
        np.add.at(net, self.least_year, least[:, None] * self.plugs)
        return net, self.price_of_money(multipliers, base)

    def priced(self, worth: F64, multipliers: F64, base: float) -> Priced:
        """The most that worth (T, O) less prices comes to; an upper bound of worth for every plan that keeps the rows.

        base: worth of a fen in itself.
        """
        p = self.problem
        net, fen = self.net(worth, multipliers, base)
        _, feeders, least, ahead = np.split(multipliers / self.scale, self.cuts)
        by_feeder = feeders.reshape(p.years, -1)
        path = np.empty((p.years, p.sites), np.int64)
        value = best_paths(self.options, net, fen, path)
        steps, earned = self._steps(by_feeder, fen)
        value += earned + float((fen - base) @ p.budget_fen) + float((by_feeder * self.room).sum())
        value -= float(least @ self.wanted) + float(ahead @ p.ahead.ravel())
        return Priced(value, path, self.over(path, steps))

    def over(self, path: I64, steps: I64) -> F64:
        """(K) what a plan uses less what it may, in shares of each row's scale."""
        p = self.problem
        spent = self.carry @ (paid_by_year(p, path, steps) - p.budget_fen)
        load = loads(p, path) - self.room - steps * p.step_va
        short = self.wanted - self.plugs[np.arange(len(self.wanted))[:, None], path[self.least_year]].sum(axis=1)
        ahead = p.ahead - self.capacity[:, :, path].sum(axis=3).transpose(2, 0, 1)
        over: F64 = np.concatenate((spent, load.ravel(), short, ahead.ravel())) / self.scale
        return over

    def _steps(self, by_feeder: F64, fen: F64) -> tuple[I64, float]:
        """(T, B) steps that pay at these prices, all of a feeder's or none, and what they earn."""
        p = self.problem
        earned = by_feeder[::-1].cumsum(axis=0)[::-1] * p.step_va - fen[:, None] * p.step_fen
        steps = np.zeros((p.years, p.feeders), np.int64)
        if not p.feeders:
            return steps, 0.0
        year = earned.argmax(axis=0)
        best = np.maximum(earned.max(axis=0), 0.0)
        steps[:] = (np.arange(p.years)[:, None] >= year) * np.where(best > 0, p.most_steps, 0)
        return steps, float((best * p.most_steps).sum())


def paid_by_year(problem: ChargerProblem, path: I64, steps: I64) -> I64:
    """(T) fen that options path (T, J) and steps (T, B) cost in each year."""
    before = np.vstack((problem.option_first[:-1], path[:-1]))
    paid = problem.option_fen[path] - problem.option_fen[before] + np.where(path != before, problem.mobilise_fen, 0)
    bought = np.diff(steps, axis=0, prepend=np.zeros((1, problem.feeders), np.int64))
    total: I64 = paid.sum(axis=1) + bought @ problem.step_fen
    return total


def loads(problem: ChargerProblem, path: I64) -> I64:
    """(T, B) power drawn from each feeder [VA]."""
    hung = problem.feeder >= 0
    out = np.zeros((problem.years, problem.feeders), np.int64)
    for t in range(problem.years):
        np.add.at(out[t], problem.feeder[hung], problem.option_va[path[t, hung]])
    return out
