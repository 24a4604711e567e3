"""On which days the services of a GTFS feed run: calendar.txt, and the exceptions of calendar_dates.txt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from network.errors import InputError, Problem
from network.io.gtfs_tables import optional_table
from network.io.tables import Column, Table
from network.part import I64, Bools, Text

WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_WORKING_DAYS = 5
_THURSDAY = 3
"""1 January 1970, from which numpy counts days, was one."""
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")


@dataclass(frozen=True, kw_only=True)
class Calendar:
    """Services (V), ascending, their weekly rows (R) and their exceptions (X), ascending by day.

    Days are counted from 1 January 1970. Calendars may reach to the year 9999, so no days are laid out one by one.
    """

    service: Text
    weekly: I64
    """(R, 3) service, first and last day."""
    on: Bools
    """(R, 7) by weekday."""
    single: I64
    """(X, 2) service and day."""
    added: Bools
    """(X) whether the service runs on that day or not."""

    def runs(self, day: int) -> Bools:
        """(V) whether each service runs on a day. Of exceptions that contradict each other the last one holds."""
        of, low, high = self.weekly.T
        out = np.zeros(len(self.service), bool)
        out[of[(low <= day) & (day <= high) & self.on[:, (day + _THURSDAY) % 7]]] = True
        some = slice(*np.searchsorted(self.single[:, 1], [day, day + 1]))
        out[self.single[some, 0]] = self.added[some]
        return out

    def active(self, day: np.datetime64, service: Text) -> Bools:
        """Whether each of some services runs on a day; one the calendar does not name never does."""
        return np.isin(service, self.service[self.runs(int(day.astype(np.int64)))])

    def choose(self, date: str | None, service: Text, trips: I64, where: str) -> np.datetime64:
        """The date asked for, or the first of the weekdays with most trips (of all days, where none runs on weekdays).

        `trips` are counted by their `service`. Raises InputError where no trip runs.
        """
        names, which = np.unique(service, return_inverse=True)
        by_name = np.bincount(which, trips, len(names)).astype(np.int64)
        at = {name: i for i, name in enumerate(names.tolist())}
        by_service = np.array([by_name[at[s]] if s in at else 0 for s in self.service.tolist()])
        days = self._telling_days()
        on_day = np.array([by_service[self.runs(d)].sum() for d in days.tolist()])
        working = np.where((days + _THURSDAY) % 7 < _WORKING_DAYS, on_day, 0)
        most = int(np.argmax(working if working.any() else on_day))
        first, last, busiest = (np.datetime64(int(d), "D") for d in days[[0, -1, most]])
        if not on_day.any():
            raise InputError(Problem(where, "no trip runs on any day", "see calendar.txt and calendar_dates.txt"))
        if date is None:
            return busiest
        day = _day(date)
        if day is None:
            raise InputError(Problem(where, f"{date!r} is not a date", 'write date = "2026-03-10"'))
        if not trips[self.active(day, service)].any():
            hint = f"its calendar reaches from {first} to {last}; its busiest weekday is {busiest}"
            raise InputError(Problem(where, f"no trip runs on {day}", hint))
        return day

    def _telling_days(self) -> I64:
        """The first day, the last, and the week after each change: until the next one all weeks are alike."""
        low, high, single = *self.weekly.T[1:], self.single[:, 1]
        changes = np.unique(np.concatenate((low, high + 1, single, single + 1)))
        last = np.concatenate((high, single)).max()
        days = np.unique(np.append(np.add.outer(changes, np.arange(7)), last))
        return np.asarray(days[days <= last], np.int64)


def read_calendar(folder: Path, name: str) -> Calendar:
    """The calendar of a feed in a folder. Raises InputError naming file and row."""
    days = {day: Column(number=True, low=0) for day in WEEKDAYS}
    dates = {"start_date": Column(), "end_date": Column()}
    weekly = optional_table(folder / "calendar.txt", {"service_id": Column(), **days, **dates})
    columns = {"service_id": Column(), "date": Column(), "exception_type": Column(number=True)}
    single = optional_table(folder / "calendar_dates.txt", columns)
    starts, ends = (_dates(weekly, column) for column in dates)
    extra = _dates(single, "date")
    if weekly is None and single is None:
        raise InputError(Problem(name, "says of no day what runs", "it needs calendar.txt or calendar_dates.txt"))
    service = np.unique(np.concatenate((_services(weekly), _services(single))))
    of, of_single = (np.searchsorted(service, _services(table)) for table in (weekly, single))
    order = np.argsort(extra, kind="stable")
    added = np.zeros(0, bool) if single is None else single.numbers("exception_type") == 1
    return Calendar(
        service=service,
        weekly=np.column_stack((of, starts.astype(np.int64), ends.astype(np.int64))),
        on=np.zeros((0, 7), bool) if weekly is None else np.column_stack([weekly.numbers(d) > 0 for d in WEEKDAYS]),
        single=np.column_stack((of_single, extra.astype(np.int64)))[order],
        added=added[order],
    )


def _services(table: Table | None) -> Text:
    return np.zeros(0, np.str_) if table is None else table.texts("service_id")


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
