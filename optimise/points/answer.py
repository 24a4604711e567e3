"""What the solver of dispatch points hands back, and what follows from whom a site serves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import Literal

import numpy as np

from optimise.points.problem import Flags, PointProblem
from optimise.problem import I64
from optimise.solver import Status, gap_of

THOUSAND = 1000


@dataclass(frozen=True)
class PointReason:
    """The most weight that can be served "without budget" or "within the budget". proven: no more can; without, `most`
    is a bound that nothing is above.
    """

    within: Literal["without budget", "within the budget"]
    most: int
    proven: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class PointAnswer:
    """The best plan found and its proof.

    site_of (I): the site that serves a demand point, -1 for none. spaces (J): of open sites. open (J). value, bound:
    whole numbers of the objective; no plan is better than the bound. "optimal" only where they are equal, "infeasible"
    only with proof: `reasons` then says how much can be served. "unknown": stopped before any plan and such proof.
    seconds: wall clock, for people.
    """

    site_of: I64
    spaces: I64
    open: Flags
    value: int
    bound: int
    status: Status
    money_fen: int
    served_weight: int
    seed: int
    seconds: float
    reasons: tuple[PointReason, ...] = ()

    @property
    def gap(self) -> float:
        return gap_of(self.value, self.bound)


def margin_of(flow: int, z_thousandths: int) -> int:
    """So many standard deviations of a flow, both in thousandths of bikes, rounded up to a whole thousandth."""
    square = -(-z_thousandths * z_thousandths * flow // THOUSAND)
    return isqrt(square - 1) + 1 if square > 0 else 0


def need_of(problem: PointProblem, whom: I64) -> int:
    """Spaces that a site needs for these demand points."""
    sums, flow = problem.net[:, whom].sum(axis=1), problem.flow[:, whom].sum(axis=1).tolist()
    swing = np.ptp(sums, axis=1).tolist()
    most = max((s + margin_of(f, problem.z_thousandths) for s, f in zip(swing, flow, strict=True)), default=0)
    return int(-(-most // THOUSAND))


def needs_of(problem: PointProblem, site_of: I64) -> I64:
    """(J) spaces that each site needs for those it serves, 0 where it serves none."""
    need = np.zeros(problem.sites, np.int64)
    for w in range(len(problem.net)):
        sums, margin = _window(problem, site_of, w)
        np.maximum(need, -(-(np.ptp(sums, axis=1) + margin) // THOUSAND), out=need)
    return need


def stock_of(problem: PointProblem, answer: PointAnswer, windows: Sequence[int] | None = None) -> I64:
    """(J) bikes that stand at each site as a window begins: enough for the lowest of `windows` (all of them where left
    out) and half its margin, and never more than the spaces.
    """
    stock = np.zeros(problem.sites, np.int64)
    for w in range(len(problem.net)) if windows is None else windows:
        sums, margin = _window(problem, answer.site_of, w)
        np.maximum(stock, -((2 * sums.min(axis=1) - margin) // (2 * THOUSAND)), out=stock)
    return np.minimum(stock, answer.spaces)


def _window(problem: PointProblem, site_of: I64, w: int) -> tuple[I64, I64]:
    """Sums of net (J, T+1) and margins (J) of a window [thousandths of bikes]."""
    some = np.flatnonzero(site_of >= 0)
    flow, sums = np.zeros(problem.sites, np.int64), np.zeros((problem.sites, problem.net.shape[2]), np.int64)
    np.add.at(flow, site_of[some], problem.flow[w, some])
    np.add.at(sums, site_of[some], problem.net[w, some])
    return sums, np.array([margin_of(f, problem.z_thousandths) for f in flow.tolist()], np.int64)
