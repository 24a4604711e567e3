"""When lots of a table are open, and which of their spaces are shared already."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network.edits.base import Refused, did_you_mean
from network.edits.parking import hours_of, window_of
from network.errors import Problem
from network.io.tables import Column, Table
from network.part import I32, Bools
from network.units import DAY_TYPES, SLOT_H, SLOTS

WINDOWS: Final = {
    "lot": Column(),
    "shared": Column(number=True, low=1, whole=True),
    **dict.fromkeys(("shared_from", "shared_to"), Column()),
    "shared_days": Column(required=False),
}
_HOURS: Final = ("hours", "hours_weekend", "hours_holiday")
"""Columns of weekdays, weekends and holidays; where one is not told it is as the one before."""
_ALWAYS: Final = {"24h", "24小时", "全天", "always", "24/7"}
_NEVER: Final = {"closed", "关闭", "不开放"}
_SPANS: Final = re.compile(r"[;；,，]\s*")
_SPAN: Final = re.compile(r"\s*[-–—~～至到]\s*")
_LIST: Final = re.compile(r"[;；,，、/\s]+")


@dataclass(frozen=True)
class Row:
    """One row of a table; what is wrong with it is added to `problems`."""

    table: Table
    at: int
    key: str
    """Id of its lot."""
    problems: list[Problem]

    @property
    def where(self) -> str:
        return f"{self.table.name}, row {self.table.rows[self.at]} ({self.key})"

    def text(self, name: str) -> str:
        return self.table.text(name, self.at)

    def number(self, name: str) -> float | None:
        """None where it is not told."""
        value = float(self.table.numbers(name)[self.at]) if name in self.table else np.nan
        return None if np.isnan(value) else value

    def wrong(self, column: str, what: str, hint: str) -> None:
        self.problems.append(Problem(f"{self.where}, column {column}", what, hint))

    def word(self, column: str, text: str, known: Mapping[str, int]) -> int:
        """Position of a word, -1 where it is empty or wrong."""
        if text and text.lower() not in known:
            self.wrong(column, f"{text!r} is not known", did_you_mean(text, known) or f"write {', '.join(known)}")
        return known.get(text.lower(), -1)

    def slots(self, column: str, start: str, end: str) -> Bools:
        """(48) from one time to another, none where they are wrong."""
        try:
            return window_of(start, end)
        except Refused as error:
            self.wrong(column, error.what, error.hint)
            return np.zeros(SLOTS, np.bool_)


class Window(NamedTuple):
    """Spaces that are shared on days of some types in some half-hours (48), until the one that follows them."""

    row: Row
    spaces: int
    days: Sequence[int]
    slots: Bools
    end: int


def open_hours(row: Row) -> Bools:
    """(3, 48) when a lot is open: always where nothing is told."""
    out = np.ones((len(DAY_TYPES), SLOTS), np.bool_)
    for day, name in enumerate(_HOURS):
        if text := row.text(name).lower():
            out[day:] = _hours(row, name, text)
    return out


def _hours(row: Row, column: str, text: str) -> Bools:
    """(48) when it is open on a day."""
    if text in _ALWAYS | _NEVER:
        return np.full(SLOTS, text in _ALWAYS)
    out = np.zeros(SLOTS, np.bool_)
    for span in filter(None, _SPANS.split(text)):
        start, *end = _SPAN.split(span)
        if len(end) == 1:
            out |= row.slots(column, start, end[0].replace("23:59", "24:00"))
        else:
            row.wrong(column, f"{span!r} is no span of hours", "write such as 07:00-22:00, or closed")
    return out


def window_in(row: Row, day_words: Mapping[str, int]) -> Window | None:
    """The window that a row tells of, if any."""
    spaces, start, end = int(row.number("shared") or 0), row.text("shared_from"), row.text("shared_to")
    if not spaces:
        return None
    if not start or not end:
        row.wrong("shared", "does not say when", "give shared_from and shared_to, such as 18:00 and 32:00")
        return None
    slots = row.slots("shared_to", start, end)
    if not slots.any():
        return None
    words = filter(None, _LIST.split(row.text("shared_days")))
    days = sorted({row.word("shared_days", word, day_words) for word in words} - {-1})
    return Window(row, spaces, days or range(len(DAY_TYPES)), slots, round(hours_of("end", end) / SLOT_H) % SLOTS)


def shares(windows: Sequence[Window], opened: Bools) -> tuple[I32, I32]:
    """(3, 48) spaces of a lot that are shared, and those whose window ends, as the fields of `Lots`."""
    shared, ended = np.zeros((2, *opened.shape), np.int32)
    for window in windows:
        here = np.ix_(list(window.days), np.flatnonzero(window.slots).tolist())
        shared[here] += window.spaces
        ended[list(window.days), window.end] += window.spaces
        if not opened[here].all():
            window.row.wrong("shared_from", "the lot is closed for part of the window", "correct hours or window")
    return shared, ended
