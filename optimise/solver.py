"""What a solver is, and what it hands back: an answer with its bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np

from network import InputError, Problem
from optimise.problem import I64, SitingProblem
from optimise.stop import Stop

Status = Literal["optimal", "feasible", "infeasible", "unknown"]


def gap_of(objective: float, bound: float) -> float:
    """Relative gap |bound - objective| / max(1, |objective|); 0 means proven optimal."""
    return abs(bound - objective) / max(1, abs(objective))


@dataclass(frozen=True, eq=False)
class Incumbent:
    """The best answer found and what is proven about it.

    values: (J) new plugs at each site. objective: its value in whole numbers, see SitingProblem. bound: no answer is
    better than this. "optimal" is said only where bound equals objective; "infeasible" only with proof, and then
    `reasons` says in words what conflicts; "unknown" where the stop came before an answer and before such proof.
    seconds: wall clock, for people; never part of a plan.
    """

    values: I64
    objective: int
    bound: int
    status: Status
    solver: str
    seconds: float
    reasons: tuple[str, ...] = ()

    @property
    def gap(self) -> float:
        return gap_of(self.objective, self.bound)


@dataclass(frozen=True)
class Progress:
    """Where a run stands: best value so far (None before the first), bound, gap, seconds, and whose words these are."""

    seconds: float
    objective: float | None
    bound: float | None
    solver: str

    @property
    def gap(self) -> float | None:
        return None if self.objective is None or self.bound is None else gap_of(self.objective, self.bound)


Listener = Callable[[Progress], None]


class Solver(Protocol):
    """One way to solve siting problems; register an instance in `optimise.SOLVERS`."""

    @property
    def name(self) -> str: ...

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        """The best answer found from `start` on before `stop`; the same for the same input and seed where the stop is
        repeatable.
        """
        ...


def answer(values: I64, *, objective: int, bound: int, solver: str, seconds: float) -> Incumbent:
    """An incumbent whose status follows from value and bound."""
    values = np.array(values, np.int64)
    values.flags.writeable = False
    return Incumbent(values, objective, bound, "optimal" if bound == objective else "feasible", solver, seconds)


def undecided(sites: int, solver: str, seconds: float) -> Incumbent:
    """The incumbent of a run that was stopped before it had an answer or proof that there is none."""
    return replace(impossible(sites, (), solver, seconds), status="unknown")


def impossible(sites: int, reasons: tuple[str, ...], solver: str, seconds: float) -> Incumbent:
    """The incumbent that says why there is no answer."""
    nothing = np.zeros(sites, np.int64)
    nothing.flags.writeable = False
    return Incumbent(nothing, 0, 0, "infeasible", solver, seconds, reasons)


def choose(solvers: dict[str, Solver], name: str | None) -> Solver:
    """The named solver, or the first. Raises InputError for an unknown name."""
    if name is None:
        return next(iter(solvers.values()))
    if name not in solvers:
        raise InputError(Problem(f"solver {name!r}", "is unknown", f"use {', '.join(solvers)}"))
    return solvers[name]
