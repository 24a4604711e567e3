"""What a city does on a day, and the figures people ask of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from network.day import Day
from network.metrics import METRICS


@dataclass(frozen=True, eq=False, kw_only=True)
class Outcome(Day):
    """One average day."""

    @cached_property
    def metrics(self) -> dict[str, float | None]:
        """Every registered figure by name; None where it has no meaning (a share of nothing)."""
        return {name: metric.function(self) for name, metric in METRICS.items()}
