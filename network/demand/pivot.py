"""What a change does to shares that were counted, where the model knows the change better than the level."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.demand.calibration import pivoted
from network.demand.segments import RESIDENTS, Segment, segments_of
from network.errors import InputError, Problem
from network.outcome import Outcome
from network.part import F64
from network.units import GREEN_MODES, TRIP_EBIKE


class PivotRow(NamedTuple):
    """Shares of a mode in a segment: as counted, by the model before and after, and as counted with the change."""

    segment: str
    mode: str
    counted: float
    before: float
    after: float
    pivoted: float


@dataclass(frozen=True, kw_only=True)
class Pivot:
    """Counted shares after a change. Green shares are of residents' trips, None where some purposes were not counted.

    Those of the segments are weighted by the trips of the model.
    """

    rows: tuple[PivotRow, ...]
    green: tuple[float, float] | None
    """Before and after, e-bikes counted."""
    green_without_ebike: tuple[float, float] | None


def pivot(shares: Mapping[str, Mapping[str, float]], before: Outcome, after: Outcome, where: str = "shares") -> Pivot:
    """Counted shares by purpose (or of ALL_RESIDENTS) and mode, after what the model says of a change.

    Raises InputError for shares that do not fit the model's modes and purposes, that do not sum to 1, and of modes that
    no trip takes in the model before, which can say nothing of them; and where a change leaves no trips.
    """
    segments = segments_of(shares, {}, where)
    days = [outcome.trips_from.sum(axis=2) for outcome in (before, after)]
    problems = [problem for s in segments for problem in _odd(s, days[0], days[1], where)]
    if problems:
        raise InputError(problems)
    rows, found = list[PivotRow](), list[F64]()
    for s in segments:
        was, now = (s.shares(day) for day in days)
        found.append(changed_shares(s.target, was, now))
        columns = zip(s.names, s.target, was, now, found[-1], strict=True)
        rows += [PivotRow(s.label, name, *map(float, row)) for name, *row in columns]
    return Pivot(
        rows=tuple(rows),
        green=_green(segments, found, days, np.array(GREEN_MODES)),
        green_without_ebike=_green(segments, found, days, np.array([k for k in GREEN_MODES if k != TRIP_EBIKE])),
    )


def changed_shares(counted: F64, before: F64, after: F64) -> F64:
    """Counted shares (K) after a change that takes the model's from `before` (K) to `after` (K).

    The incremental logit of the model's change in log-odds: P'_k = P_k (after_k / before_k) / sum over m of the same.
    """
    with np.errstate(divide="ignore"):
        change = np.log(np.divide(after, before, out=np.ones_like(after), where=before > 0))
    return pivoted(counted, np.where(after == before, 0.0, change))


def _odd(segment: Segment, before: F64, after: F64, where: str) -> Iterator[Problem]:
    label, was = f"{where}, {segment.label}", segment.counts(before)
    for day, when in ((before, "in the city"), (after, "after the change")):
        if not segment.counts(day).sum() > 0:
            yield Problem(label, f"nobody makes such trips {when}", "leave the purpose out")
            return
    for name, counted, trips in zip(segment.names, segment.target, was, strict=True):
        if counted > 0 and not trips > 0:
            what = f"the share of {name} is {counted:.4g}, but no trip of the model takes it: its change is not known"
            yield Problem(label, what, "give the city the lines, racks or spaces it needs, or take the row out")


def _green(segments: list[Segment], found: list[F64], days: list[F64], modes: F64) -> tuple[float, float] | None:
    """Share of some modes before and after, None where the segments are not all residents."""
    own = [s for s in segments if set(s.purposes) <= set(RESIDENTS)]
    counted = {u for s in own for u in s.purposes}
    if any(day[u].sum() > 0 for day in days for u in RESIDENTS if u not in counted):
        return None
    out = []
    for day, shares in zip(days, ([s.target for s in segments], found), strict=True):
        weight = np.array([day[list(s.purposes)].sum() if s in own else 0.0 for s in segments])
        out.append(float(weight @ [of[modes].sum() for of in shares] / weight.sum()))
    return out[0], out[1]
