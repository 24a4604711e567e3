"""Dates and times as tables write them: recognised where only one reading is possible, asked for where two are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.part import I64

NO_DATE: Final = np.iinfo(np.int64).min
"""Stands for an empty cell."""
ORDERS: Final = {"dmy": "day/month/year", "mdy": "month/day/year", "ymd": "year/month/day"}
_TIME = r"(?:[ T]+(\d{1,2}):(\d{2})(?::\d{2}(?:\.\d+)?)?\s*([AaPp]\.?[Mm]\.?)?\s*(Z|UTC|[+-]\d{2}:?\d{2})?)?"
_YEAR_FIRST = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?" + _TIME)
_YEAR_LAST = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}),?" + _TIME)
_MOST_MONTH, _NOON = 12, 12


class Cell(NamedTuple):
    """Where a date stands, for messages, and its text."""

    where: str
    text: str


class Dates(NamedTuple):
    """Minutes since 1970 by the clock that the cells were written by (N), and the order they are written in."""

    minutes: I64
    order: str


def dates_of(cells: Sequence[Cell], name: str, order: str = "") -> Dates:
    """Read dates that are all written alike; `order` (a key of ORDERS) is found out where it is left out.

    Raises InputError naming cells that are no date and time, and where day and month could be either.
    """
    if order not in {"", *ORDERS}:
        raise InputError(Problem("dates", f"{order!r} is no order", f"use {', '.join(ORDERS)}"))
    found = [_YEAR_FIRST.fullmatch(cell.text) or _YEAR_LAST.fullmatch(cell.text) for cell in cells]
    order = order or _order_of(cells, found, name)
    out, problems = np.full(len(cells), NO_DATE, np.int64), []
    for i, (cell, match) in enumerate(zip(cells, found, strict=True)):
        read = _minutes(match, order) if match else "is no date and time" if cell.text else NO_DATE
        if isinstance(read, str):
            hint = f"dates of {name} are read as {ORDERS[order]} hour:minute"
            problems.append(Problem(cell.where, f"{cell.text!r} {read}", hint))
        else:
            out[i] = read
    if problems:
        raise InputError(most_shown(problems, name))
    return Dates(out, order)


def _order_of(cells: Sequence[Cell], found: Sequence[re.Match[str] | None], name: str) -> str:
    """The order in which all cells are dates. Raises InputError where both are possible, or none."""
    last = [(cell, m) for cell, m in zip(cells, found, strict=True) if m and m.re is _YEAR_LAST]
    if not last:
        return "ymd"
    day_first = next((cell for cell, m in last if int(m[1]) > _MOST_MONTH), None)
    month_first = next((cell for cell, m in last if int(m[2]) > _MOST_MONTH), None)
    if day_first and month_first:
        what = f"{day_first.text!r} has the day first, {month_first.text!r} ({month_first.where}) the month"
        raise InputError(Problem(day_first.where, what, "write all dates of a table alike"))
    if not day_first and not month_first:
        what = f"dates as {last[0][0].text!r} may have the day first or the month: no day is above {_MOST_MONTH}"
        raise InputError(Problem(name, what, "say which with dates: dmy or mdy"))
    return "dmy" if day_first else "mdy"


def _minutes(match: re.Match[str], order: str) -> int | str:
    """Minutes since 1970, or what is wrong."""
    one, two, three, hour, minute, half, zone = match.groups()
    if match.re is _YEAR_FIRST:
        year, month, day = one, two, three
    else:
        year, month, day = three, *((one, two) if order == "mdy" else (two, one))
    if hour is None:
        return "has no time of day"
    if zone in {"Z", "UTC"}:
        return "is in UTC: write local times, whose hours drivers live by"
    h = int(hour) % _NOON + (_NOON if half[0] in "Pp" else 0) if half else int(hour)
    try:
        at = np.datetime64(f"{year}-{int(month):02}-{int(day):02}T{h:02}:{minute}", "m")
    except ValueError:
        return "is no date and time"
    return int(at.astype(np.int64))
