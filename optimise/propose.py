"""What every recipe does: an answer that must hold, and a siting problem solved from a quick start."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from network import InputError, Problem
from optimise.location import SOLVERS, START
from optimise.problem import SitingProblem
from optimise.solver import Incumbent, Listener, choose
from optimise.stop import Gap, Seconds, Stop, Work

DEFAULT_STOP: Stop = Gap(0.0001) | Work(10)
"""Stops at the same point on every machine."""


class UnverifiedError(RuntimeError):
    """A solver's answer does not hold when recomputed: a defect of the program, never of the input."""


class Checked(Protocol):
    """What a check of an answer found."""

    @property
    def problems(self) -> tuple[str, ...]:
        """Empty when everything that was checked agrees."""


def must_hold(verification: Checked) -> None:
    """Raises UnverifiedError where a claim was found wrong."""
    if verification.problems:
        raise UnverifiedError("; ".join(verification.problems))


def solve(
    problem: SitingProblem,
    stop: Stop = DEFAULT_STOP,
    seed: int = 0,
    solver: str | None = None,
    progress: Listener | None = None,
) -> Incumbent:
    """A quick start by local search, then the named solver, by default the exact one."""
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    chosen, run = choose(SOLVERS, solver), stop.start()
    start = START(problem, stop, seed, None, progress)
    if chosen is START or start.status == "optimal":
        return start
    return chosen(problem, stop | Seconds(run.seconds_left), seed, start, _later(progress, run.seconds))


def _later(progress: Listener | None, seconds: float) -> Listener | None:
    """A listener for a run that began so many seconds after the first."""
    if progress is None:
        return None
    return lambda now: progress(replace(now, seconds=now.seconds + seconds))
