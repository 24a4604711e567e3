"""What the charging solver hands back: options and steps by year, and what is proven about them."""

from __future__ import annotations

from dataclasses import dataclass

from optimise.problem import I64
from optimise.solver import Status, gap_of


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargerAnswer:
    """The best plan found and its proof.

    option: (T, J) option of each site in each year, a position among all options. steps: (T, B) steps taken at each
    feeder. spent_fen: (T) money of each year. value, bound: whole numbers, see ChargerProblem; no plan is better than
    the bound. "optimal" only where they are equal, "infeasible" only with proof: `reasons` then says what conflicts.
    "unknown": stopped before any plan and before such proof. seconds: wall clock, for people.
    """

    option: I64
    steps: I64
    spent_fen: I64
    value: int
    bound: int
    status: Status
    seed: int
    seconds: float
    reasons: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        return gap_of(self.value, self.bound)
