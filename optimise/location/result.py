"""What a location model hands back: which sites are open, who is served where, and what is proven about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimise.problem import I64
from optimise.solver import Status, gap_of

PROOF = 1e-9
"""Relative difference of value and bound that floating-point sums leave in a proof."""


@dataclass(frozen=True, eq=False)
class Located:
    """The best answer found and what is proven about it.

    open: sites that are open, rising, those there already included. assignment: (D) site that serves each demand
    point, -1 for none. objective, bound: in the units of the input; no answer is better than the bound. "optimal" is
    said only with proof (the bound is then the objective), "infeasible" only with proof: `conflicts` then says which
    rows cannot be met together, the sums are infinite and nothing is open. "unknown": the stop came before any answer
    and before proof that there is none; the objective is nan and nothing is open, the bound holds.
    seconds: wall clock, for people; it alone differs between runs of the same input and seed.
    """

    open: I64
    assignment: I64
    objective: float
    bound: float
    status: Status
    solver: str
    seed: int
    seconds: float
    conflicts: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        """|bound - objective| / max(1, |objective|); 0 is proof."""
        return 0.0 if self.bound == self.objective else gap_of(self.objective, self.bound)


def located(
    open_: I64, assignment: I64, *, objective: float, bound: float, solver: str, seed: int, seconds: float
) -> Located:
    """An answer whose status follows from value and bound, to the error of floating-point sums."""
    proven = abs(objective - bound) <= PROOF * max(1.0, abs(objective))
    return Located(
        _fixed(open_), _fixed(assignment), float(objective), float(objective if proven else bound),
        "optimal" if proven else "feasible", solver, seed, seconds,
    )  # fmt: skip


def no_answer(demands: int, conflicts: Sequence[str], *, solver: str, seed: int, seconds: float) -> Located:
    """The answer that says why there is none. Only with proof."""
    nobody = np.full(demands, -1, np.int64)
    nothing, inf = np.zeros(0, np.int64), float("inf")
    return Located(
        _fixed(nothing), _fixed(nobody), inf, inf, "infeasible", solver, seed, seconds, tuple(conflicts)
    )  # fmt: skip


def not_found(demands: int, *, bound: float, solver: str, seed: int, seconds: float) -> Located:
    """What is left to say where the stop came before an answer and before proof that there is none."""
    nobody, nothing = _fixed(np.full(demands, -1, np.int64)), _fixed(np.zeros(0, np.int64))
    return Located(nothing, nobody, float("nan"), float(bound), "unknown", solver, seed, seconds)


def _fixed(array: I64) -> I64:
    out = np.array(array, np.int64)
    out.flags.writeable = False
    return out
