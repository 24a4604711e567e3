"""What the sharing solver hands back: open lots, what they offer, who is given a space, and what is proven of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from optimise.problem import I64
from optimise.solver import Status, gap_of


@dataclass(frozen=True, eq=False)
class Permits:
    """(P) permits given, by group, day type, block and lot: rising in this order, one or more spaces each."""

    group: I64
    day: I64
    block: I64
    lot: I64
    spaces: I64


@dataclass(frozen=True)
class Reachable:
    """The most that can be had of each target, each asked for by itself and the others kept where they can be.

    within: "all" allowed lots, lots of the "first tier" alone, both without regard to money; or within the "budget" and
    with the order of the tiers. lots and spaces are counted as SharingProblem.least_lots and least_spaces are, met as
    met_least (-1 where it is not asked for). proven: False where a run was stopped before the most was known; the
    numbers are reached all the same.
    """

    within: Literal["all", "first tier", "budget"]
    lots: int
    spaces: int
    met: int
    proven: bool = True


@dataclass(frozen=True, eq=False, kw_only=True)
class SharingAnswer:
    """The best plan found and its proof.

    open: (L) lots that are given new windows. offered: (L, D, G) spaces, no less than the permits given.
    spaces: nominal spaces of all lots, lots: how many share, as SharingProblem counts them. money_fen: retrofits and
    subsidies. value, bound: whole numbers, see SharingProblem; no plan is better than the bound. "optimal" only where
    they are equal, "infeasible" only with proof: `reachable` then says how much can be had. "unknown": stopped before
    any plan and before such proof. seconds: wall clock, for people.
    """

    open: npt.NDArray[np.bool_]
    offered: I64
    permits: Permits
    lots: int
    spaces: int
    money_fen: int
    value: int
    bound: int
    status: Status
    seed: int
    seconds: float
    reachable: tuple[Reachable, ...] = ()

    @property
    def gap(self) -> float:
        return gap_of(self.value, self.bound)
