"""When a solver stops: a proven gap, an amount of deterministic work, seconds of wall clock, or somebody's wish.

This is the only file below `service` that reads a clock. Gap and Work stop a run at the same point every time;
Seconds and Cancel do not, so an answer cut short by them may differ between runs (it is feasible and its gap is
honest all the same).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from network import InputError, Problem


@dataclass(frozen=True)
class Stop:
    """Whichever limit is met first; combine rules with `|`.

    seconds: wall clock; gap: relative, see `optimise.solver.gap_of`; work: deterministic units (see `Work`);
    cancelled: asked now and then.
    """

    seconds: float = math.inf
    gap: float = 0.0
    work: float = math.inf
    cancelled: Callable[[], bool] | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for name, value in (("seconds", self.seconds), ("gap", self.gap), ("work", self.work)):
            if math.isnan(value) or value < 0:
                raise InputError(Problem(f"stop.{name}", f"is {value}", "give a number of zero or more"))

    def __or__(self, other: Stop) -> Stop:
        asked = [c for c in (self.cancelled, other.cancelled) if c is not None]
        either = (lambda: any(c() for c in asked)) if asked else None
        return Stop(min(self.seconds, other.seconds), max(self.gap, other.gap), min(self.work, other.work), either)

    def to_dict(self) -> dict[str, float]:
        """The finite limits, for the record a plan carries."""
        limits = {"gap": self.gap, "seconds": self.seconds, "work": self.work}
        return {name: value for name, value in limits.items() if math.isfinite(value)}

    def start(self) -> Run:
        return Run(self)


class Seconds(Stop):
    """Stop after so many seconds of wall clock [s]. Not repeatable: a busier machine gets less done."""

    def __init__(self, limit: float) -> None:
        super().__init__(seconds=limit)


class Gap(Stop):
    """Stop once the relative gap is proven to be at most this [share]."""

    def __init__(self, relative: float) -> None:
        super().__init__(gap=relative)


class Work(Stop):
    """Stop after so many units of work, counted by the solver itself and the same on every machine.

    A unit is sized to take in the order of a second: each solver says what it counts.
    """

    def __init__(self, limit: float) -> None:
        super().__init__(work=limit)


class Cancel(Stop):
    """Stop when the callback says True."""

    def __init__(self, cancelled: Callable[[], bool]) -> None:
        super().__init__(cancelled=cancelled)


class Run:
    """One run under a stop rule: the clock and the work spent so far."""

    def __init__(self, stop: Stop) -> None:
        self.stop = stop
        self.work = 0.0
        self._began = time.perf_counter()

    @property
    def seconds(self) -> float:
        """Wall clock since the start [s]."""
        return time.perf_counter() - self._began

    @property
    def seconds_left(self) -> float:
        return max(0.0, self.stop.seconds - self.seconds)

    @property
    def work_left(self) -> float:
        return max(0.0, self.stop.work - self.work)

    def spend(self, work: float) -> None:
        self.work += work

    def over(self) -> bool:
        """True once work, time or patience has run out (the gap is the solver's to judge)."""
        asked = self.stop.cancelled
        return self.work >= self.stop.work or self.seconds >= self.stop.seconds or (asked is not None and asked())
