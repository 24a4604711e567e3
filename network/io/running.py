"""Tables of how lines run: their headways, speeds, first and last departures, fares."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from network.errors import InputError, Problem
from network.io.headways import Assumed, Modes, Period, Running
from network.io.tables import Column, Table, read_table
from network.io.transit import Tariff
from network.part import F64
from network.units import TRANSIT_MODES

_M_PER_S = 1 / 3.6
_S_PER_MIN = 60
_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?")
_MOST_SHOWN = 50
_NUMBER = Column(number=True, required=False, blank=True)
_OF_LINES = ("mode", "name", "tariff", "first", "last", "fare_cny", "from_year")
"""What holds for a line at all times: its rows may leave it blank but not differ."""
_COLUMNS = {
    "line": Column(),
    **dict.fromkeys(("mode", "name", "tariff", "from", "until", "first", "last"), Column(required=False)),
    **dict.fromkeys(("headway_min", "kmh"), _NUMBER),
    "fare_cny": Column(number=True, low=0, required=False, blank=True),
    "from_year": Column(number=True, low=0, whole=True, required=False, blank=True),
}


def read_running(
    path: Path | None, line_id: Sequence[str], line_name: Sequence[str], mode: str, modes: Modes
) -> tuple[list[Running], dict[str, Tariff]]:
    """How each line runs, and the tariffs a table gives to some of them.

    The table has a row for each line and period: line (its id, or the name its directions share), from and until (of
    the period, HH:MM, hours past midnight as 24, 25, ...), headway_min, kmh, mode, name, first and last (departure),
    tariff, fare_cny, from_year. Whatever is blank or missing is by the parameters of the mode; a line that has rows
    runs in the periods of its rows only. A fare without a tariff is one of its own, the same for all who pay as much.

    Raises InputError naming all rows that are wrong.
    """
    usual = modes[mode].usual
    if path is None:
        return [usual(name) for name in line_name], {}
    table, problems = read_table(path, _COLUMNS), list[Problem]()
    lines = _lines(table, {*line_id, *line_name}, problems)
    spans, speeds = _spans(table, problems), _positive(table, "kmh", problems)
    headways = _positive(table, "headway_min", problems)
    tariffs: dict[str, Tariff] = {}
    told: dict[str, Running] = {}
    for line in lines:
        said = line.said(problems)
        assumed = line.mode(said["mode"] or mode, modes, problems)
        rows = [_Row(i, *spans[i], headways[i], speeds[i]) for i in line.at]
        periods, first_s = line.periods(rows, said, assumed, problems)
        told[line.id] = Running(
            mode=assumed.mode,
            periods=periods,
            first_s=first_s,
            name=said["name"],
            tariff=line.tariff(said, tariffs, problems),
            from_year=int(float(said["from_year"] or 0)),
        )
    for line in lines:
        if (name := told[line.id].tariff) and name not in {*tariffs, *TRANSIT_MODES}:
            hint = f"give its fare_cny, or name one of {', '.join(TRANSIT_MODES)}"
            problems.append(Problem(line.where("tariff"), f"nothing is known of a tariff {name!r}", hint))
    refuse(problems)
    return [told.get(i) or told.get(n) or usual(n) for i, n in zip(line_id, line_name, strict=True)], tariffs


@dataclass(frozen=True)
class _Row:
    """When a row (position `at`) of the table holds and what it tells, None where it is blank."""

    at: int
    from_s: int | None
    until_s: int | None
    headway_min: float | None
    kmh: float | None

    def periods(self, low: int, high: int, assumed: Assumed) -> Iterator[Period]:
        every_s = None if self.headway_min is None else max(round(self.headway_min * _S_PER_MIN), 1)
        return assumed.periods(low, high, every_s, None if self.kmh is None else self.kmh * _M_PER_S)


@dataclass(frozen=True)
class _Line:
    """The rows of a table (positions `at`) that are about one line."""

    table: Table
    id: str
    at: list[int]

    def where(self, column: str = "", row: int | None = None) -> str:
        at = self.table.rows[self.at[0] if row is None else row]
        return f"{self.table.name}, row {at}" + (f", column {column}" if column else "")

    def said(self, problems: list[Problem]) -> dict[str, str]:
        """What the rows say of the line as a whole, as text; they must agree."""
        out = dict.fromkeys(_OF_LINES, "")
        for column in [c for c in _OF_LINES if c in self.table]:
            told = [(str(self.table.columns[column][i]), i) for i in self.at]
            told = [(text, i) for text, i in told if text and not (_COLUMNS[column].number and text == "nan")]
            for text, i in told[1:]:
                if text != told[0][0]:
                    what = f"{text} differs from {told[0][0]} in row {self.table.rows[told[0][1]]} of the same line"
                    problems.append(Problem(self.where(column, i), what, "give the line one value"))
            out[column] = told[0][0] if told else ""
        return out

    def mode(self, name: str, modes: Modes, problems: list[Problem]) -> Assumed:
        if name in TRANSIT_MODES:
            return modes[name]
        hint = f"known are {', '.join(TRANSIT_MODES)}"
        problems.append(Problem(self.where("mode"), f"there is no mode {name!r}", hint))
        return modes[TRANSIT_MODES[0]]

    def periods(
        self, rows: Sequence[_Row], said: Mapping[str, str], assumed: Assumed, problems: list[Problem]
    ) -> tuple[tuple[Period, ...], int | None]:
        """Periods of the line one after another, and its first departure where that is told."""
        first_s, last_s = (_seconds(self.where(c), said[c], problems) for c in ("first", "last"))
        start = assumed.edges_s[0] if first_s is None else first_s
        end = assumed.edges_s[-1] if last_s is None else last_s
        if start > end:
            problems.append(
                Problem(
                    self.where(),
                    f"the first departure of line {self.id!r} is after its last",
                    "write times past midnight as 24:10",
                )
            )
            return (), first_s
        out: list[Period] = []
        for row in sorted(rows, key=lambda r: start if r.from_s is None else r.from_s):
            low = start if row.from_s is None else row.from_s
            high = end if row.until_s is None else row.until_s
            if low > high or (low == high and start < end):
                what = "the period does not end after it starts"
                problems.append(Problem(self.where(row=row.at), what, "hours past midnight are 24, 25, ..."))
            elif out and low < out[-1].until_s:
                problems.append(
                    Problem(
                        self.where(row=row.at),
                        f"overlaps another period of line {self.id!r}",
                        "give every hour one headway",
                    )
                )
            else:
                out += row.periods(low, high, assumed)
        between = _between(out, first_s, last_s)
        if out and not between:
            problems.append(
                Problem(
                    self.where(),
                    f"no period of line {self.id!r} lies between its first and last",
                    "correct its periods, or its first and last departure",
                )
            )
        return between, first_s

    def tariff(self, said: Mapping[str, str], tariffs: dict[str, Tariff], problems: list[Problem]) -> str:
        """Id of the tariff of the line, which is put to the others where its fare is told."""
        if not said["fare_cny"]:
            return said["tariff"]
        flat = Tariff(cny=(float(said["fare_cny"]),))
        name = said["tariff"] or f"{flat.cny[0]:g} CNY"
        if tariffs.setdefault(name, flat) != flat:
            what = f"tariff {name!r} is {tariffs[name].cny[0]:g} CNY in a row before"
            problems.append(Problem(self.where("fare_cny"), what, "give the tariff one fare, or two names"))
        return name


def _lines(table: Table, wanted: set[str], problems: list[Problem]) -> list[_Line]:
    at: dict[str, list[int]] = {}
    for i, name in enumerate(table.texts("line").tolist()):
        if name in wanted:
            at.setdefault(name, []).append(i)
        else:
            what = f"there is no line {name!r}" if name else "the value is missing"
            hint = "write the id of a direction, or the name all directions share"
            problems.append(Problem(f"{table.name}, row {table.rows[i]}, column line", what, hint))
    return [_Line(table, name, rows) for name, rows in at.items()]


def _spans(table: Table, problems: list[Problem]) -> list[tuple[int | None, int | None]]:
    ends: list[list[int | None]] = []
    for column in ("from", "until"):
        texts = table.texts(column).tolist() if column in table else [""] * len(table)
        where = [f"{table.name}, row {row}, column {column}" for row in table.rows.tolist()]
        ends.append([_seconds(*x, problems) for x in zip(where, texts, strict=True)])
    return list(zip(*ends, strict=True))


def _positive(table: Table, column: str, problems: list[Problem]) -> list[float | None]:
    values: F64 = table.numbers(column) if column in table else np.full(len(table), np.nan)
    for i in np.flatnonzero(values <= 0):
        where = f"{table.name}, row {table.rows[i]}, column {column}"
        problems.append(Problem(where, f"{values[i]:g} is not above 0", "correct it, or leave the cell empty"))
    return [None if np.isnan(value) else float(value) for value in values]


def _between(periods: Sequence[Period], first_s: int | None, last_s: int | None) -> tuple[Period, ...]:
    """Periods that begin with the first departure and end with the last one, where these are known."""
    if first_s is not None:
        periods = [p for p in periods if max(p.until_s, p.from_s + 1) > first_s]
        periods = [p._replace(from_s=first_s) if i == 0 else p for i, p in enumerate(periods)]
    if last_s is not None:
        periods = [p for p in periods if p.from_s <= last_s]
        periods = [p._replace(until_s=last_s) if i == len(periods) - 1 else p for i, p in enumerate(periods)]
    return tuple(periods)


def _seconds(where: str, text: str, problems: list[Problem]) -> int | None:
    found = _TIME.fullmatch(text)
    if found:
        return sum(int(x or 0) * s for x, s in zip(found.groups(), (3600, 60, 1), strict=True))
    if text:
        problems.append(Problem(where, f"{text!r} is not a time", "write 06:30; hours past midnight are 24, 25, ..."))
    return None


@contextmanager
def gathered(problems: list[Problem]) -> Iterator[None]:
    """Keep the problems of what fails inside, so that more of them can be told at once."""
    try:
        yield
    except InputError as error:
        problems += error.problems


def refuse(problems: Sequence[Problem]) -> None:
    """Raise InputError where there are problems, with the first of them and how many more there are."""
    if problems:
        more = len(problems) - _MOST_SHOWN
        raise InputError(
            [*problems[:_MOST_SHOWN], *([Problem("transit", f"and {more} more problems")] if more > 0 else [])]
        )
