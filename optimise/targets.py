"""What a plan has to reach (Target), what it may cost (Budget), and how an outcome is judged."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, Literal

from network import METRICS, InputError, Problem, units

Comparison = Literal["at_least", "at_most"]
_SIGNS: dict[str, Comparison] = {">=": "at_least", "<=": "at_most", "≥": "at_least", "≤": "at_most"}
_TEXT = re.compile(r"\s*(?P<metric>\w+)\s*(?P<sign>>=|<=|≥|≤)\s*(?P<value>[^\s%]+)\s*(?P<percent>%?)\s*")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A bound on a registered metric: at least or at most `value`, in the metric's unit, by `year`, in `area` (None:
    whole city).
    """

    metric: str
    op: Comparison
    value: float
    year: int | None = None
    area: str | None = None
    id: str = ""

    def __post_init__(self) -> None:
        where = f"target {self.id or self.metric}"
        if self.metric not in METRICS:
            raise InputError(Problem(where, f"no metric is called {self.metric!r}", f"use one of {', '.join(METRICS)}"))
        if self.op not in _SIGNS.values():
            raise InputError(Problem(where, f"comparison is {self.op!r}", "use at_least or at_most"))
        if not math.isfinite(self.value):
            raise InputError(Problem(where, f"value is {self.value}", "give a number"))
        if METRICS[self.metric].unit == "share" and not 0 <= self.value <= 1:
            hint = f"a share is 0 to 1, or 0% to 100%: {self.value:g}% is {self.value / 100:g}"
            raise InputError(Problem(where, f"value is {self.value:g}", hint))

    def met_by(self, value: float) -> bool:
        return value >= self.value if self.op == "at_least" else value <= self.value

    def __str__(self) -> str:
        return f"{self.metric} {'>=' if self.op == 'at_least' else '<='} {self.value:g}"

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def year_problems(years: Sequence[int], budgets_cny: Sequence[float]) -> list[Problem]:
    """What is wrong with the years of a plan and the money of each; without years there is one sum."""
    problems, count = [], max(1, len(years))
    if any(b <= a for a, b in pairwise(years)):
        problems.append(Problem("years", f"are {', '.join(map(str, years))}", "give each once, the first one first"))
    if len(budgets_cny) != count:
        what = f"has {len(budgets_cny)} entries for {count} years"
        problems.append(Problem("budget_cny", what, "give the money of each year"))
    return problems


def parse_target(text: str) -> Target:
    """Read `charging_served_share>=0.8` (or `>=80%`). Raises InputError."""
    match = _TEXT.fullmatch(text)
    hint = "write metric>=value or metric<=value, for example charging_served_share>=0.8"
    if match is None:
        raise InputError(Problem(f"target {text!r}", "cannot be read", hint))
    try:
        value = float(match["value"])
    except ValueError:
        raise InputError(Problem(f"target {text!r}", f"{match['value']!r} is not a number", hint)) from None
    return Target(metric=match["metric"], op=_SIGNS[match["sign"]], value=value / 100 if match["percent"] else value)


@dataclass(frozen=True)
class Budget:
    """Money for a plan. Raises InputError unless it is a positive number."""

    cny: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.cny) and self.cny > 0):
            hint = "give the money the plan may spend, in CNY, above zero"
            raise InputError(Problem("budget_cny", f"is {self.cny:g}", hint))
        if self.fen < 1:
            raise InputError(Problem("budget_cny", f"is {self.cny:g}, less than one fen", "give the budget in CNY"))

    @property
    def fen(self) -> int:
        """Whole fen, rounded down: a budget is never exceeded."""
        return math.floor(round(self.cny * units.FEN_PER_CNY, 3))


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """How a target fared.

    value: the metric, None where it has no meaning here. gap: what is missing (0 where the target is met), in the
    metric's unit.
    note: what is proven about reaching it, in words, if anything is.
    """

    target: Target
    value: float | None
    met: bool
    gap: float | None
    note: str = ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "target": self.target.to_dict(),
            "value": self.value,
            "met": self.met,
            "gap": self.gap,
            "note": self.note,
        }


def judge(
    metrics: Mapping[str, float | None], targets: Iterable[Target], notes: Mapping[Target, str] | None = None
) -> list[Verdict]:
    """A verdict per target on an outcome's metrics; the caller picks the targets that speak about this city and
    year.
    """
    verdicts = []
    for target in targets:
        value = metrics[target.metric]
        met = value is not None and target.met_by(value)
        missing = None if value is None else 0.0 if met else abs(target.value - value)
        verdicts.append(Verdict(target=target, value=value, met=met, gap=missing, note=(notes or {}).get(target, "")))
    return verdicts
