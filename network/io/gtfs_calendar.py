"""On which days the services of a GTFS feed run: calendar.txt, and the exceptions of calendar_dates.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from network.errors import InputError, Problem
from network.io.tables import Column, Table, read_table, read_text
from network.part import I64, Bools, Text

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKING_DAYS = 5
_THURSDAY = 3
"""1 January 1970, from which numpy counts days, was one."""
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Services (V), ascending, and whether they run on each day (D) from `first` on."""

    first: np.datetime64
    service: Text
    runs: Bools
    """(V, D)"""

    def active(self, day: np.datetime64, service: Text) -> Bools:
        """Whether each of some services runs on a day; one the calendar does not name never does."""
        at = int((day - self.first).astype(np.int64))
        if not 0 <= at < self.runs.shape[1]:
            return np.zeros(len(service), bool)
        return np.isin(service, self.service[self.runs[:, at]])

    def choose(self, date: str | None, service: Text, trips: I64, where: str) -> np.datetime64:
        """The date asked for, or the first of the weekdays with most trips (of all days, where none runs on weekdays).

        `trips` are counted by their `service`. Raises InputError where no trip runs.
        """
        names, which = np.unique(service, return_inverse=True)
        by_name = np.bincount(which, trips, len(names)).astype(np.int64)
        at = {name: i for i, name in enumerate(names.tolist())}
        on_day = np.array([by_name[at[s]] if s in at else 0 for s in self.service.tolist()]) @ self.runs.astype(
            np.int64
        )
        weekday = (np.arange(len(on_day)) + self.first.astype("datetime64[D]").astype(np.int64) + _THURSDAY) % 7
        working = np.where(weekday < _WORKING_DAYS, on_day, 0)
        busiest = self.first + np.timedelta64(int(np.argmax(working if working.any() else on_day)), "D")
        if not on_day.any():
            raise InputError(Problem(where, "no trip runs on any day", "see calendar.txt and calendar_dates.txt"))
        if date is None:
            return busiest
        day = _day(date)
        if day is None:
            raise InputError(Problem(where, f"{date!r} is not a date", 'write date = "2026-03-10"'))
        if not trips[self.active(day, service)].any():
            last = self.first + np.timedelta64(len(on_day) - 1, "D")
            hint = f"its calendar reaches from {self.first} to {last}; its busiest weekday is {busiest}"
            raise InputError(Problem(where, f"no trip runs on {day}", hint))
        return day


def read_calendar(folder: Path, name: str) -> Calendar:
    """The calendar of a feed in a folder. Raises InputError naming file and row."""
    days = {day: Column(number=True, low=0) for day in WEEKDAYS}
    dates = {"start_date": Column(), "end_date": Column()}
    weekly = optional_table(folder / "calendar.txt", {"service_id": Column(), **days, **dates})
    columns = {"service_id": Column(), "date": Column(), "exception_type": Column(number=True)}
    single = optional_table(folder / "calendar_dates.txt", columns)
    starts, ends = (_dates(weekly, column) for column in dates)
    extra = _dates(single, "date")
    known = np.concatenate((starts, ends, extra))
    if not len(known):
        raise InputError(Problem(name, "says of no day what runs", "it needs calendar.txt or calendar_dates.txt"))
    first = known.min()
    tables = [t for t in (weekly, single) if t is not None]
    service = np.unique(np.concatenate([t.texts("service_id") for t in tables]))
    day = np.arange(int((known.max() - first).astype(np.int64)) + 1)
    runs = np.zeros((len(service), len(day)), bool)
    weekday = (day + first.astype(np.int64) + _THURSDAY) % 7
    if weekly is not None:
        on = np.column_stack([weekly.numbers(d) > 0 for d in WEEKDAYS])
        of, low, high = np.searchsorted(service, weekly.texts("service_id")), starts - first, ends - first
        for row, s in enumerate(of):
            within = (day >= low[row].astype(np.int64)) & (day <= high[row].astype(np.int64))
            runs[s] |= within & on[row][weekday]
    if single is not None:
        of = np.searchsorted(service, single.texts("service_id"))
        runs[of, (extra - first).astype(np.int64)] = single.numbers("exception_type") == 1
    return Calendar(first=first, service=service, runs=runs)


def optional_table(path: Path, columns: dict[str, Column]) -> Table | None:
    """As `read_table`; None where the file is not there or holds nothing but a header."""
    there = path.is_file() and read_text(path).partition("\n")[2].strip()
    return read_table(path, columns) if there else None


def _day(text: str) -> np.datetime64 | None:
    found = _DATE.fullmatch(text)
    try:
        return np.datetime64("-".join(found.groups()), "D") if found else None
    except ValueError:
        return None


def _dates(table: Table | None, column: str) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    texts = [] if table is None else table.texts(column).tolist()
    days = {text: _day(text) for text in sorted(set(texts))}
    problems = [
        Problem(f"{table.name}, row {table.rows[i]}, column {column}", f"{text!r} is not a date", "write 20260310")
        for i, text in enumerate(texts)
        if table is not None and days[text] is None
    ]
    if problems:
        raise InputError(problems)
    return np.array([days[text] for text in texts], dtype="datetime64[D]")
