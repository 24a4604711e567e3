"""The alternatives that capture the most trips by the nested logit, exactly: outer approximation.

Sets
    n customers, j alternatives, g groups of which one is chosen at most, k parts of the market
Data
    d_n trips, a_nj mass of j for n in units in which all that n has weighs 1, y_n mass of what the nest of the
    alternatives has of it, mu_n scale of that nest, c_j cost, B budget
Variables
    x_j = 1: alternative j is chosen;  t_k trips captured in part k
Formulation
    max  sum_k t_k
    t_k <= F_k(y) + sum_j F_kj'(y) (x_j - y_j)                        tangents at points y, F_k concave
    t_k <= F_k(S) + sum_{j not in S} A_kj x_j - sum_{j in S} L_kj (1 - x_j)     at choices S, F_k submodular
    sum_j c_j x_j <= B,  sum_{j in g} x_j <= 1
with
    F_k(x) = sum_{n in k} d_n h_n / (1 + h_n),  h_n = (y_n + m_n)^mu_n - y_n^mu_n,  m_n = sum_j a_nj x_j
    A_kj what j adds to S at most, L_kj what S and any other choice lose without j at least

h is concave in m as 0 < mu <= 1, and so is h / (1 + h); with mu = 1 it is m / (1 + m), the multinomial logit. Where
y = 0 and mu < 1 the curve has no tangent at m = 0: there an alternative counts what it captures alone (kernels.logit).

Tangents are first collected for fractions, at points between the master's and the best so far, until those settle;
then every choice the master proposes is evaluated exactly, improved by swaps, and cut off by both. Customers with the
same masses are one, and so far as they favour the same alternative they share a part. (Ljubic & Moreno 2018,
doi:10.1016/j.ejor.2017.09.023; Mai & Lodi 2020, doi:10.1016/j.ejor.2020.01.020.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimise.location.choice_model import Best, chosen_in, hint_of
from optimise.location.choices import Flags
from optimise.location.kernels.logit import Market as Masses
from optimise.location.kernels.logit import Purse, improve, steps, tangents
from optimise.location.kernels.shapes import F64
from optimise.location.market import Market
from optimise.location.mip import ROOT_NODES, new_model, run_highs, total
from optimise.problem import I64
from optimise.solver import Incumbent, Listener
from optimise.stop import Run, Stop

NAME = "max_capture"
TENTHS = 10
"""Values count tenths of a trip per day."""
_PARTS = 64
_ROUNDS = 40
"""Rounds of tangents for fractions at most."""
_SETTLED = 2e-5
"""Relative gap of the fractions at which they end."""
_SCALE = 1000.0
"""Trips that all alternatives capture together, in the master: its tolerances are absolute."""
_SAFETY = 1e-6
"""Relative error allowed to the master's bound."""
_TINY = 1e-7
"""Slope, of _SCALE, that is counted in full rather than kept as a coefficient."""
_LP_NODES = 3
"""A round for fractions counts as so many nodes."""
ENTRIES_PER_WORK = 1_500_000
"""Measured: a node of 60,000 coefficients takes 0.02-0.07 s."""


def max_capture(market: Market, *, stop: Stop, seed: int = 0, progress: Listener | None = None) -> Incumbent:
    """The alternatives that capture the most trips; values (J) 1 = chosen, objective and bound in whole tenths of a
    trip per day, rounded down.

    Work: branch-and-bound nodes by the size of the master, see `optimise.location.mip`. The swaps are always made.
    There is always an answer: to choose nothing.
    """
    run = stop.start()
    chosen = np.zeros(market.sites, np.bool_)
    everything = market.captured(np.ones(market.sites, np.bool_))
    best = Best(NAME, run, progress, True, chosen, 0, _tenths(everything * (1 + _SAFETY)))
    if everything <= 0.0:
        return best.incumbent()
    master = _Master(market, everything, best, seed)
    master.swap(chosen)
    best.tell()
    if best.closed or run.over() or not master.affordable():
        return best.incumbent()
    master.settle()
    master.decide()
    return best.incumbent()


def _tenths(trips: float) -> int:
    return math.floor(trips * TENTHS)


@dataclass(frozen=True)
class _Parts:
    """The market with equal customers as one: trips are scaled so that all alternatives capture _SCALE."""

    masses: Masses
    part: I64
    parts: int
    most: F64
    """(N) mass beyond which no choice goes."""
    ceiling: F64
    """(K) trips beyond which no choice goes."""
    scale: float


class _Master:
    """The master problem, its cuts, and what is known of the answer."""

    def __init__(self, market: Market, everything: float, best: Best, seed: int) -> None:
        self.market, self.best, self.seed = market, best, seed
        self.run: Run = best.run
        self.small = _parts(market, _SCALE / everything)
        group = np.searchsorted(np.unique(market.at_most_one[market.at_most_one >= 0]), market.at_most_one)
        self.purse = Purse(market.cost, np.where(market.at_most_one >= 0, group, -1), market.budget)
        self.entries = 0
        self.model, self.x = self._columns()

    def _columns(self) -> tuple[Any, list[Any | None]]:
        market, model = self.market, new_model("maximum capture")
        useful = (np.diff(self.small.masses.start) > 0) & (market.cost <= market.budget)
        x = [model.add_variable(lb=0.0, ub=1.0) if on else None for on in useful.tolist()]
        unit = int(np.gcd.reduce(market.cost)) or 1
        money = [float(c // unit) * v for c, v in zip(market.cost.tolist(), x, strict=True) if v is not None and c]
        model.add_linear_constraint(total(money) <= float(market.budget // unit))
        for group in np.unique(market.at_most_one[useful & (market.at_most_one >= 0)]).tolist():
            members = [x[j] for j in np.flatnonzero(useful & (market.at_most_one == group)).tolist()]
            model.add_linear_constraint(total(members) <= 1.0)
        self.t = [model.add_variable(lb=0.0, ub=most) for most in self.small.ceiling.tolist()]
        model.maximize(total(self.t))
        return model, x

    @property
    def node_work(self) -> float:
        return max(self.entries, len(self.x)) / ENTRIES_PER_WORK

    def affordable(self) -> bool:
        return not self.run.over() and self.run.work_left >= ROOT_NODES * self.node_work

    def swap(self, chosen: Flags) -> Flags:
        """The choice improved by swaps until nothing gains or the run is over; offered as an answer."""
        chosen = chosen.copy()
        while improve(self.small.masses, self.purse, chosen) and not self.run.over():
            pass
        self.best.offer(chosen, _tenths(self.market.captured(chosen)))
        return chosen

    def settle(self) -> None:
        """Tangents for fractions until the master's value and the best point's agree."""
        centre, high = self.best.chosen.astype(float), 0.0
        self._cut(centre, *self._tangents(centre))
        for _ in range(_ROUNDS):
            if not self.affordable():
                return
            result = run_highs(self.model, self.run, seed=self.seed, node_work=0.0)
            self.run.spend(_LP_NODES * self.node_work)
            if not result.has_primal_feasible_solution() or not self._bound(result):
                return
            point = self._point(result)
            for y in (point, 0.5 * (point + centre)):
                value, slope = self._tangents(y)
                if value.sum() > high:
                    centre, high = y, float(value.sum())
            self._cut(y, value, slope)
            self.swap(self._rounded(centre))
            if result.objective_value() - high <= _SETTLED * high:
                return

    def decide(self) -> None:
        """Whole alternatives: the master proposes, every proposal is evaluated and cut off, until the gap is met."""
        for v in self.x:
            if v is not None:
                v.integer = True
        self._cut_off(self.best.chosen)
        before: tuple[bytes, int] | None = None
        while not self.best.closed and self.affordable():
            result = self._solve()
            found = chosen_in(result, self.x, np.zeros(len(self.x), np.bool_))
            bounded = self._bound(result)
            if found is None or not bounded or not self.market.allows(found):
                return
            better = self.swap(found)
            self.best.tell()
            if before == (found.tobytes(), self.best.bound):
                return
            before = (found.tobytes(), self.best.bound)
            self._cut_off(found)
            if (better != found).any():
                self._cut_off(better)

    def _solve(self) -> Any:
        step = self.small.scale / TENTHS
        wish = max(0.5 * step, 0.5 * self.run.stop.gap * self.best.objective * step)
        hint = hint_of(self.x, self.best.chosen)
        result = run_highs(
            self.model, self.run, seed=self.seed, node_work=self.node_work, hint=hint, absolute_gap=wish, relative_gap=0
        )
        self.run.spend((ROOT_NODES + result.solve_stats.node_count) * self.node_work)
        return result

    def _bound(self, result: Any) -> bool:
        """Take over the bound of a result; False where it has none."""
        bound = float(result.dual_bound())
        if math.isfinite(bound):
            self.best.tighten(_tenths(max(bound, 0.0) * (1 + _SAFETY) / self.small.scale))
        return math.isfinite(bound)

    def _point(self, result: Any) -> F64:
        point = np.zeros(len(self.x))
        on = [j for j, v in enumerate(self.x) if v is not None]
        point[on] = np.clip(result.variable_values([self.x[j] for j in on]), 0.0, 1.0)
        return point

    def _rounded(self, point: F64) -> Flags:
        """Alternatives by falling share, while they may be chosen."""
        chosen = np.zeros(len(point), np.bool_)
        for j in np.argsort(-point, kind="stable").tolist():
            chosen[j] = point[j] > 0.0
            chosen[j] &= self.market.allows(chosen)
        return chosen

    def _tangents(self, point: F64) -> tuple[F64, F64]:
        return tangents(self.small.masses, point, self.small.part, self.small.parts)

    def _cut_off(self, chosen: Flags) -> None:
        """Tangents and steps at a choice."""
        point = chosen.astype(float)
        value, slope = self._tangents(point)
        self._cut(point, value, slope)
        self._cut(point, value, steps(self.small.masses, chosen, self.small.most, self.small.part, self.small.parts))

    def _cut(self, point: F64, value: F64, slope: F64) -> None:
        """t_k <= value_k + slope_k (x - point); slopes too small to keep count in full. One that leads past what any
        choice captures ends there: steep slopes are what HiGHS errs with.
        """
        for k, t in enumerate(self.t):
            rest, rising = float(value[k] - slope[k] @ point), []
            enough = max(0.0, self.small.ceiling[k] - rest)
            for v, rise in zip(self.x, np.minimum(slope[k], enough).tolist(), strict=True):
                if v is not None and rise > _TINY:
                    rising.append(rise * v)
                elif v is not None:
                    rest += rise
            self.model.add_linear_constraint(t - total(rising) <= rest)
            self.entries += len(rising) + 1


def _parts(market: Market, scale: float) -> _Parts:
    """Equal customers as one, then at most _PARTS parts of much the same trips, customers that favour the same
    alternative together.
    """
    use = market.weight[market.row] > 0
    mu, unit = market.scale, market.there ** (1.0 / market.scale)
    mass, y = market.mass / unit[market.row], np.where(mu < 1.0, market.nest / unit, 0.0)
    alike, trips, keep = dict[tuple[bytes, ...], int](), market.weight * scale, np.zeros(market.customers, np.bool_)
    for n in np.flatnonzero((market.weight > 0) & (np.diff(market.first) > 0)).tolist():
        run = slice(market.first[n], market.first[n + 1])
        same = alike.setdefault((market.site[run].tobytes(), mass[run].tobytes(), y[n].tobytes(), mu[n].tobytes()), n)
        keep[n] = same == n
        if same != n:
            trips[same] += trips[n]
    use &= keep[market.row]
    row, site, mass = market.row[use], market.site[use], mass[use]
    row = (np.cumsum(keep) - 1)[row]
    masses = _both_ways(row, site, mass, (trips[keep], y[keep], mu[keep]), market.sites)
    favourite = _favourites(masses)
    order = np.lexsort((np.arange(len(favourite)), favourite))
    part = np.empty(len(order), np.int64)
    heaped = np.cumsum(masses.trips[order])
    part[order] = np.minimum((heaped / heaped[-1] * _PARTS).astype(np.int64), _PARTS - 1)
    _, part = np.unique(part, return_inverse=True)
    most = _most(masses, market.at_most_one)
    more = (masses.y + most) ** masses.mu - masses.y**masses.mu
    ceiling = np.bincount(part, masses.trips * more / (1.0 + more)).astype(np.float64)
    return _Parts(masses, part.astype(np.int64), len(ceiling), most, ceiling, scale)


def _both_ways(row: I64, site: I64, mass: F64, customers: tuple[F64, F64, F64], sites: int) -> Masses:
    by_site, (trips, y, mu) = np.argsort(site, kind="stable"), customers
    first = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(trips))))).astype(np.int64)
    start = np.concatenate(([0], np.cumsum(np.bincount(site, minlength=sites)))).astype(np.int64)
    return Masses(first, site, mass, start, row[by_site], mass[by_site], trips, y, mu, 1.0 - y**mu)


def _favourites(masses: Masses) -> I64:
    """(N) the alternative of most mass."""
    row = np.repeat(np.arange(len(masses.trips)), np.diff(masses.first))
    order = np.lexsort((masses.site, -masses.mass, row))
    favourites: I64 = masses.site[order][masses.first[:-1]]
    return favourites


def _most(masses: Masses, group: I64) -> F64:
    """(N) the largest mass of each group, and all without a group, together."""
    row = np.repeat(np.arange(len(masses.trips)), np.diff(masses.first))
    kind = np.where(group >= 0, group, int(group.max(initial=0)) + 1 + np.arange(len(group)))[masses.site]
    order = np.lexsort((-masses.mass, kind, row))
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (np.diff(row[order]) != 0) | (np.diff(kind[order]) != 0)
    return np.bincount(row[order][fresh], masses.mass[order][fresh], len(masses.trips)).astype(np.float64)
