"""Gate logs: when each car came in and went out, read into cars by half-hour; what cannot be true is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.dates import NO_DATE, Cell, dates_of
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I64, Text
from network.units import HOURS, SLOT_H, SLOTS

_SIDES: Final = ("entered", "left")
COLUMNS: Final = dict.fromkeys(("lot", *_SIDES), Column())
BACKWARDS: Final = "left before it came"
UNSEEN: Final = "stayed for days: left without being seen"
UNKNOWN: Final = "of a lot that is not known"
_DAY_MIN: Final = HOURS * 60
_SLOT_MIN: Final = round(SLOT_H * 60)
_NAMED: Final = 3


@dataclass(frozen=True, eq=False, kw_only=True)
class GateLog:
    """Cars of the lots (L) on consecutive days (N) of the local clock."""

    lots: tuple[str, ...]
    days: I64
    """(N) since 1970."""
    occupied: F64
    """(L, N, 48) cars inside as each half-hour begins; NaN on days that the lot's log does not cover whole."""
    arrivals: F64
    """(L, N, 48) cars that came within it; NaN likewise."""
    rows: int
    left_out: dict[str, int]
    """Reason -> how many rows."""
    unknown: tuple[str, ...]
    """Lots of the log that were not asked for."""


class _Stays(NamedTuple):
    """Stays (R) in minutes since 1970; NO_DATE where a car was there before the log began, or after it ended."""

    lot: Text
    entered: I64
    left: I64


def read_gates(
    path: Path, known: Parameters, lots: Mapping[str, object], *, columns: Mapping[str, str] | None = None,
    dates: str = "",
) -> GateLog:  # fmt: skip
    """Stays of a table: lot, entered, left, by the local clock, one row each; `entered` is empty for a car that was
    inside before the log began, `left` for one that still was when it ended.

    A lot counts from the day after its first event to the day before its last, as the cars that stood there earlier
    may not be in the log. `lots` are those of the city, `dates` is the order of dates where the table cannot tell.
    Raises InputError naming rows that cannot be read, and where no lot has a whole day.
    """
    table = read_table(path, COLUMNS, columns)
    stays = _stays(table, dates)
    reason = _reasons(stays, known, set(lots))
    of_lot = _by_lot(stays, np.flatnonzero(reason == ""))
    unknown = tuple(dict.fromkeys(stays.lot[reason == UNKNOWN].tolist()))
    if not of_lot:
        some = ", ".join(map(repr, unknown[:_NAMED]))
        hint = "is it the file of another city?"
        raise InputError(Problem(path.name, f"tells of no lot that is known, but of {some}", hint))
    spans = [_whole_days(one) for one in of_lot.values()]
    first, last = min(start for start, _ in spans), max(end for _, end in spans)
    if last <= first:
        hint = "a lot counts from the day after its first event to the day before its last"
        raise InputError(Problem(path.name, "covers no lot for a whole day", hint))
    days = np.arange(first, last)
    occupied, arrivals = np.full((2, len(of_lot), len(days), SLOTS), np.nan)
    for at, (one, (start, end)) in enumerate(zip(of_lot.values(), spans, strict=True)):
        inside = slice(start - first, max(end, start) - first)
        occupied[at, inside], arrivals[at, inside] = _cars(one, days[inside])
    counts = {why: int((reason == why).sum()) for why in (BACKWARDS, UNSEEN, UNKNOWN)}
    return GateLog(
        lots=tuple(of_lot),
        days=days,
        occupied=occupied,
        arrivals=arrivals,
        rows=len(table),
        left_out=counts,
        unknown=unknown,
    )


def _stays(table: Table, dates: str) -> _Stays:
    texts = np.concatenate((table.texts("entered"), table.texts("left")))
    some, first, of = np.unique(texts, return_index=True, return_inverse=True)  # each text is read once: far quicker
    cells = [
        Cell(f"{table.name}, row {table.rows[at % len(table)]}, column {_SIDES[at // len(table)]}", text)
        for text, at in zip(some.tolist(), first.tolist(), strict=True)
    ]
    minutes = dates_of(cells, table.name, dates).minutes[of]
    entered, left = minutes[: len(table)], minutes[len(table) :]
    lot, nothing = table.texts("lot"), (entered == NO_DATE) & (left == NO_DATE)
    problems = [
        Problem(f"{table.name}, row {row}, column lot", "the value is missing", "fill it in, or leave the row out")
        for row in table.rows[lot == ""]
    ]
    hint = "take out the row"
    problems += [Problem(f"{table.name}, row {row}", "neither came nor left", hint) for row in table.rows[nothing]]
    if problems:
        raise InputError(most_shown(problems, table.name))
    return _Stays(lot, entered, left)


def _reasons(stays: _Stays, known: Parameters, lots: set[str]) -> Text:
    """(R) why a row is left out, empty where it is not."""
    lot, entered, left = stays
    last = max(int(entered.max()), int(left.max()))
    until = np.where(left == NO_DATE, last, left)
    longest = known.positive("lots.longest_stay_days") * _DAY_MIN
    seen = entered != NO_DATE
    stayed = np.where(seen, until - np.where(seen, entered, 0), 0)
    unknown = np.array([name not in lots for name in lot.tolist()], np.bool_)
    return np.select([unknown, stayed < 0, stayed > longest], [UNKNOWN, BACKWARDS, UNSEEN], "")


def _by_lot(stays: _Stays, kept: I64) -> dict[str, _Stays]:
    """Stays of each lot among some rows, in the order of their first ones."""
    names, first, of = np.unique(stays.lot[kept], return_index=True, return_inverse=True)
    order = np.argsort(of, kind="stable")
    ends = np.searchsorted(of[order], np.arange(len(names) + 1)).tolist()
    rows = {str(names[k]): kept[order[ends[k] : ends[k + 1]]] for k in np.argsort(first).tolist()}
    return {name: _Stays(stays.lot[mine], stays.entered[mine], stays.left[mine]) for name, mine in rows.items()}


def _whole_days(stays: _Stays) -> tuple[int, int]:
    """First day, and the one after the last, that the log of a lot covers whole."""
    events = np.concatenate((stays.entered, stays.left))
    events = events[events != NO_DATE]
    return int(events.min() // _DAY_MIN) + 1, int(events.max() // _DAY_MIN)


def _cars(stays: _Stays, days: I64) -> tuple[F64, F64]:
    """(N, 48) cars of a lot inside as each half-hour begins, and those that come within it."""
    entered = np.sort(stays.entered)  # NO_DATE is before all times
    left = np.sort(stays.left[stays.left != NO_DATE])
    begins = (days[:, None] * _DAY_MIN + np.arange(SLOTS) * _SLOT_MIN).ravel()
    inside = np.searchsorted(entered, begins, "left") - np.searchsorted(left, begins, "right")
    came = np.searchsorted(entered, begins + _SLOT_MIN, "left") - np.searchsorted(entered, begins, "left")
    return inside.reshape(-1, SLOTS).astype(np.float64), came.reshape(-1, SLOTS).astype(np.float64)
