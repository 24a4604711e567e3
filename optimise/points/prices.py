"""A bound from prices: each demand point is bought from one site at most, and no two sites too near open.

With a price on every such rule the sites part: each serves the set that is worth most to it, with whole spaces, and
what all of them earn with the prices is more than any plan is worth (Lagrangian relaxation). Prices follow deflected
subgradients (Camerini, Fratta and Maffioli 1975).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from optimise.location.inputs import F64
from optimise.points.cuts import Triple, broken_triples, cuts_of, no_cuts
from optimise.points.frame import Frame
from optimise.points.kernels.price import Cuts, price
from optimise.points.plans import NOTHING, WORK, Plans
from optimise.points.problem import Flags
from optimise.problem import I64
from optimise.stop import Run

_THETA, _SLOWER, _PATIENCE, _LEAST_THETA = 0.5, 0.6, 10, 1e-3
"""First step of Polyak's rule, by what it shrinks after so many steps without a better bound, and its end."""
_DEFLECT: Final = 0.3
"""Share of the new direction in each step."""
_SHY: Final = 300.0
"""By how much prices of limits, of which there are few, move less than those of points."""
_ODDS: Final = 1.1
"""Most that a price of a limit changes by in a step."""
_SEEN, _FADES, _CUT_THETA = 50, 0.96, 0.2
"""Steps that new cuts are found from, by how much each counts less than the next, and the first step after."""
_BLIND: Final = 0.1
"""How far from a plan the bound is taken to be where none is known, in the gain of all points."""
_SITE: Final = 2000


class Prices(NamedTuple):
    """of_point (I), fen, weight, of_edge (P), of_cut (C)."""

    of_point: F64
    fen: float
    weight: float
    of_edge: F64
    of_cut: F64


class Priced(NamedTuple):
    """At some prices: the bound, what each site is worth (J), and what all of them do together: how often points are
    served (I), money and weight, how many sites break each cut (C), and whom sites serve (M).
    """

    bound: float
    best: F64
    above: F64
    served: I64
    money: float
    weight: float
    hits: I64
    taken: Flags


class Bound:
    """The lowest bound on plans, to be made most, and its prices."""

    def __init__(self, frame: Frame, run: Run, plans: Plans) -> None:
        self.frame, self.run, self.plans = frame, run, plans
        self.value = math.inf
        self.prices = self._first()
        self._theta, self._bad = _THETA, 0
        self._now = self.prices
        self._way: Prices | None = None
        self.cuts = no_cuts(frame)
        self._triples: list[Triple] = []
        self._seen: deque[Flags] = deque(maxlen=_SEEN)

    def cut(self) -> bool:
        """Add rules that what sites did of late breaks; whether there are any."""
        taken = np.array(self._seen)
        part = _FADES ** np.arange(len(taken))[::-1]
        new = broken_triples(self.frame, taken, part / part.sum(), self._triples) if len(taken) else []
        self._triples += new
        self.cuts = cuts_of(self.frame, self._triples)
        self.prices = self.prices._replace(of_cut=np.append(self.prices.of_cut, np.zeros(len(new))))
        self._theta, self._bad, self._now, self._way = _CUT_THETA, 0, self.prices, None
        return bool(new)

    @property
    def spent(self) -> bool:
        """Whether more steps are of no use."""
        return self._theta < _LEAST_THETA

    def charge(self, prices: Prices) -> F64:
        """(J) what being open costs a site besides money."""
        edges, sites = self.frame.edges, self.frame.problem.sites
        charge: F64 = np.bincount(edges.ravel(), np.repeat(prices.of_edge, 2), sites).astype(np.float64)
        return charge

    def worth(self, prices: Prices) -> F64:
        """(M) of serving a point from a site."""
        p = self.frame.problem
        worth: F64 = (self.frame.gain + prices.weight * p.weight - prices.of_point)[self.frame.near.point]
        return worth

    def priced_cuts(self, prices: Prices) -> Cuts:
        return self.cuts._replace(price=prices.of_cut, hits=np.zeros(len(prices.of_cut), np.int64))

    def priced(self, prices: Prices) -> Priced:
        f, p = self.frame, self.frame.problem
        best, above, paid = np.zeros(p.sites), np.zeros(p.sites), np.zeros(p.sites, np.int64)
        taken = np.zeros(len(f.near.point), np.bool_)
        worth, fen, cuts = self.worth(prices), f.fen + prices.fen, self.priced_cuts(prices)
        work = price(f.near, f.sites, f.looked, worth, fen, self.charge(prices), best, above, paid, taken, cuts)
        self.run.spend((work + _SITE * p.sites) / WORK)
        served = np.bincount(f.near.point[taken], minlength=p.demands)
        bound = prices.of_point.sum() + above.sum() + prices.of_edge.sum() + prices.of_cut.sum()
        bound += prices.fen * max(p.budget_fen, 0) - prices.weight * p.least_weight
        return Priced(float(bound), best, above, served, float(paid.sum()), float(p.weight @ served), cuts.hits, taken)

    def improve(self, steps: int, enough: Callable[[], bool]) -> None:
        """So many steps, fewer where the bound is enough or no longer gets better."""
        for _ in range(steps):
            if self.run.over() or self.spent or enough():
                return
            self._step()

    def _first(self) -> Prices:
        """Points pay what serving them costs as the plan known has it."""
        f, p, plans = self.frame, self.frame.problem, self.plans
        weight, fen = (plans.weight if p.least_weight > 0 else 0.0), (plans.fen if p.budget_fen >= 0 else 0.0)
        gain = f.gain + weight * p.weight
        return Prices(0.6 * gain * f.in_reach, fen, weight, np.zeros(len(f.edges)), np.zeros(0))

    def _step(self) -> None:
        p, now = self.frame.problem, self._now
        found = self.priced(now)
        if found.bound < self.value:
            self.value, self.prices, self._bad = found.bound, now, 0
        else:
            self._bad += 1
            if self._bad == _PATIENCE:
                self._theta, self._bad, now = self._theta * _SLOWER, 0, self.prices
        self._seen.append(found.taken)
        open_ = (found.best > 0)[self.frame.edges].sum(axis=1).astype(np.float64)
        way = Prices(
            1.0 - found.served.astype(np.float64), float(p.budget_fen) - found.money,
            found.weight - p.least_weight, 1.0 - open_, 1.0 - found.hits.astype(np.float64),
        )  # fmt: skip
        if self._way is not None:
            way = _between(way, self._way)
        self._way = way
        self._now = self._moved(now, way, found.bound)

    def _moved(self, now: Prices, way: Prices, bound: float) -> Prices:
        """Prices a step further, each by its own measure."""
        f, p = self.frame, self.frame.problem
        gain = f.gain + now.weight * p.weight
        measure: F64 = gain**2 * f.in_reach
        of_edge = 4.0 * float(np.median(gain)) ** 2 if len(gain) else 0.0
        fen, weight = now.fen**2 / _SHY, now.weight**2 / _SHY
        norm = float((measure * way.of_point**2 * ((now.of_point > 0) | (way.of_point < 0))).sum())
        norm += of_edge * float((way.of_edge**2 * ((now.of_edge > 0) | (way.of_edge < 0))).sum())
        norm += of_edge * float((way.of_cut**2 * ((now.of_cut > 0) | (way.of_cut < 0))).sum())
        norm += fen * way.fen**2 + weight * way.weight**2
        known = self.plans.value > NOTHING
        over = bound - self.plans.value if known else _BLIND * float(gain.sum())
        step = self._theta * max(over, 0.0) / max(norm, 1e-30)
        return Prices(
            np.maximum(now.of_point - step * measure * way.of_point, 0.0),
            _limited(now.fen, now.fen - step * fen * way.fen),
            _limited(now.weight, now.weight - step * weight * way.weight),
            np.maximum(now.of_edge - step * of_edge * way.of_edge, 0.0),
            np.maximum(now.of_cut - step * of_edge * way.of_cut, 0.0),
        )


def _between(new: Prices, old: Prices) -> Prices:
    """The mean way of a step and all before it."""
    a, b = _DEFLECT, 1.0 - _DEFLECT
    return Prices(
        a * new.of_point + b * old.of_point, a * new.fen + b * old.fen, a * new.weight + b * old.weight,
        a * new.of_edge + b * old.of_edge, a * new.of_cut + b * old.of_cut,
    )  # fmt: skip


def _limited(before: float, after: float) -> float:
    return min(max(after, before / _ODDS), before * _ODDS)
