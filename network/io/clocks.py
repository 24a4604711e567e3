"""Clocks of time zones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.dates import NO_DATE, Cell, dates_of
from network.part import I64, Bools

_S_PER_MIN: Final = 60
_SECONDS_DIGITS: Final = len("1712351088")


class Times(NamedTuple):
    """Times (N) in minutes since 1970."""

    minute: I64
    """Of UTC."""
    local: I64
    """By the local clock."""
    sure: Bools
    """Whether the clock says when it was: not where a change of clocks left the time out or struck it twice."""


def zone_of(name: str) -> ZoneInfo:
    """Raises InputError where a name is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        hint = 'use a name as "Asia/Shanghai"; a system without time zones needs the package tzdata'
        raise InputError(Problem("timezone", f"{name!r} is not known", hint)) from None


def clock_of(minute: I64, zone: ZoneInfo) -> I64:
    """Minutes since 1970 by the local clock, from those of UTC."""
    clocks = [zone.fromutc(one.replace(tzinfo=zone)) for one in minute.astype("M8[m]").tolist()]
    return np.array([clock.replace(tzinfo=None) for clock in clocks], "M8[m]").astype(np.int64)


def utc_of(local: I64, zone: ZoneInfo, fold: int) -> I64:
    """Minutes of UTC, from those by the local clock; the second of two such times where `fold` is 1."""
    minutes, of = np.unique(local, return_inverse=True)
    clocks = [one.replace(tzinfo=zone, fold=fold) for one in minutes.astype("M8[m]").tolist()]
    return np.array([int(clock.timestamp()) // _S_PER_MIN for clock in clocks], np.int64)[of]


def seconds_times(cells: Sequence[Cell], name: str, zone: ZoneInfo) -> Times:
    """Cells that count seconds since 1970. Raises InputError naming those that do not."""
    problems, minute = [], np.zeros(len(cells), np.int64)
    for i, cell in enumerate(cells):
        if cell.text.isdecimal() and len(cell.text) == _SECONDS_DIGITS:
            minute[i] = int(cell.text) // _S_PER_MIN
        else:
            problems.append(
                Problem(
                    cell.where,
                    f"{cell.text!r} is no count of seconds since 1970",
                    "write ten digits, such as 1735689600",
                )
            )
    if problems:
        raise InputError(most_shown(problems, name))
    return Times(minute, clock_of(minute, zone), np.ones(len(cells), np.bool_))


def text_times(cells: Sequence[Cell], name: str, zone: ZoneInfo, dates: str = "") -> Times:
    """Cells that hold dates and times: by the local clock, or of UTC where they end in Z; `dates` as in `dates_of`.

    Raises InputError naming cells that cannot be read or are empty.
    """
    utc = np.array([cell.text.endswith("Z") for cell in cells])
    told = dates_of([Cell(c.where, c.text.removesuffix("Z")) for c in cells], name, dates).minutes
    if (blank := np.flatnonzero(told == NO_DATE)).size:
        raise InputError(
            most_shown(
                [
                    Problem(cells[i].where, "the value is missing", "fill it in, or leave the row out")
                    for i in blank.tolist()
                ],
                name,
            )
        )
    early, late = (utc_of(told, zone, fold) for fold in (0, 1))
    minute = np.where(utc, told, early)
    return Times(minute, np.where(utc, clock_of(minute, zone), told), utc | (early == late))
