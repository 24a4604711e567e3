"""Series of how full lots are, read and cleaned; what is left out is counted by its reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from network.errors import InputError, Problem
from network.io.clocks import clock_of, zone_of
from network.io.dates import NO_DATE, Cell, dates_of
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I32, I64, Bools, Text
from network.units import SLOTS

COLUMNS: Final = {
    "timestamp": Column(required=False),
    "timestamp_utc": Column(required=False),
    "lot": Column(required=False),
    "free": Column(number=True, blank=True, required=False),
    "occupied": Column(number=True, blank=True, required=False),
}
SPACES: Final = {"lot": Column(unique=True), "spaces": Column(number=True, low=0.0, blank=True)}

BLANK: Final = "no number"
UNKNOWN: Final = "of a lot that is not known"
TWICE: Final = "read twice"
NEGATIVE: Final = "below nothing"
TOO_MANY: Final = "more than the lot has ever held"
STUCK: Final = "the counter stood still"
REASONS: Final = (BLANK, UNKNOWN, TWICE, NEGATIVE, TOO_MANY, STUCK)
"""In the order they are asked for: each row is counted under the first that fits."""

_MIN_PER_H, _MIN_PER_DAY = 60, 1440
_SLOT_MIN = _MIN_PER_DAY // SLOTS
_TYPICAL = 0.99
"""What a lot holds at most is taken to be near what this share of its readings stay below."""


@dataclass(frozen=True, eq=False, kw_only=True)
class OccupancyLog:
    """Cars in lots (L) by half-hour of consecutive days (N) of the local clock, and what became of the other rows."""

    lots: tuple[str, ...]
    """In the order of their first rows."""
    days: I64
    """(N) since 1970."""
    occupied: F64
    """(L, N, 48) mean of the readings of the half-hour, NaN where there are none."""
    spaces: I64
    """(L) as given, or as many as were read at once where that is more."""
    rows: int
    left_out: dict[str, int]
    """REASONS -> how many rows."""
    unknown: tuple[str, ...]
    """Lots of the files that were not asked for."""


class _Rows(NamedTuple):
    """All rows (N) of all files."""

    lot: Text
    minute: I64
    """Since 1970: as the file has it, by which a reading is told from the next."""
    local: I64
    """Since 1970 by the local clock."""
    free: F64
    """NaN where the file counts the others."""
    occupied: F64


def read_spaces(file: Path, columns: Mapping[str, str] | None = None) -> dict[str, int]:
    """Lot -> spaces, of a CSV table; lots without a number have none. Raises InputError as `read_table` does."""
    table = read_table(file, SPACES, columns)
    spaces = np.nan_to_num(table.numbers("spaces")).astype(np.int64).tolist()
    return dict(zip(table.texts("lot").tolist(), spaces, strict=True))


def read_occupancy(
    files: Sequence[Path],
    known: Parameters,
    *,
    spaces: Mapping[str, int] | None = None,
    timezone: str = "",
    columns: Mapping[str, str] | None = None,
    dates: str = "",
) -> OccupancyLog:
    """Cars in lots, from CSV tables (UTF-8 or GBK, plain or gzipped) of one reading a row, in any order.

    `columns` maps names of COLUMNS to other headers, `spaces` names the lots that count and how many cars they hold,
    `timezone` is needed where times are in UTC, `dates` says the order of dates where a table cannot ("dmy").
    A half-hour between two that were read is their mean, so that a reading an hour will do.
    Raises InputError with the rows that cannot be read; rows that can be, but cannot be true, are left out and counted.
    """
    if not files:
        raise InputError(Problem("occupancy", "no file is named", "name one"))
    read = [_rows(read_table(file, COLUMNS, columns), timezone, dates) for file in files]
    rows = _Rows(*map(np.concatenate, zip(*read, strict=True)))
    lots, number = _numbered(rows.lot)
    given = {name: (spaces or {}).get(name, -1 if spaces else 0) for name in lots}
    reason, held = _reasons(rows, number, given, known)
    some = reason < 0
    cars = np.where(np.isnan(rows.free), rows.occupied, held[number] - rows.free)
    left_out = {name: int((reason == r).sum()) for r, name in enumerate(REASONS)}
    if not some.any():
        why = ", ".join(f"{name} {count:,}" for name, count in left_out.items() if count)
        raise InputError(
            Problem(
                "occupancy",
                f"none of {len(reason):,} rows can be believed: {why}",
                "is it the right file, and are its columns the right ones?",
            )
        )
    kept = np.flatnonzero(np.bincount(number[some], minlength=len(lots)))
    days, occupied = _by_half_hour(number[some], rows.local[some], cars[some], len(lots))
    return OccupancyLog(
        lots=tuple(lots[k] for k in kept), days=days, occupied=occupied[kept], spaces=held[kept].astype(np.int64),
        rows=len(reason), left_out=left_out, unknown=tuple(name for name in lots if given[name] < 0),
    )  # fmt: skip


def _rows(table: Table, timezone: str, dates: str) -> _Rows:
    problems, head = [], f"{table.name}, row 1"
    if ("timestamp" in table) == ("timestamp_utc" in table):
        problems.append(Problem(head, "needs one column timestamp, or timestamp_utc", "name it with timestamp=HEADER"))
    if "lot" not in table:
        hint = "where each lot has a column of its own, write a row for each lot and time"
        problems.append(Problem(head, "there is no column lot", hint))
    if ("free" in table) == ("occupied" in table):
        problems.append(Problem(head, "needs one column free, or occupied", "spaces left, or spaces taken"))
    if problems:
        raise InputError(problems)
    minute, local = _minutes(table, timezone, dates)
    nothing = np.full(len(table), np.nan)
    numbers = {name: table.numbers(name) if name in table else nothing for name in ("free", "occupied")}
    return _Rows(table.texts("lot"), minute, local, **numbers)


def _minutes(table: Table, timezone: str, dates: str) -> tuple[I64, I64]:
    """Minutes of every row as written, and by the local clock. Equal texts are read once: lots share their times."""
    name = "timestamp_utc" if "timestamp_utc" in table else "timestamp"
    texts, first, of = np.unique(table.texts(name), return_index=True, return_inverse=True)
    marked = [text.endswith("Z") for text in texts.tolist()]
    if name == "timestamp" and any(marked) and not all(marked):
        raise InputError(
            Problem(
                f"{table.name}, column timestamp", "has some times in UTC and others not", "write all of them alike"
            )
        )
    cells = [
        Cell(f"{table.name}, row {table.rows[i]}, column {name}", text.removesuffix("Z"))
        for text, i in zip(texts.tolist(), first.tolist(), strict=True)
    ]
    minute = dates_of(cells, table.name, dates).minutes
    if (blank := np.flatnonzero(minute == NO_DATE)).size:
        raise InputError(Problem(cells[blank[0]].where, "the value is missing", "fill it in, or leave the row out"))
    local = _local(minute, timezone, table.name) if name == "timestamp_utc" or all(marked) else minute
    return minute[of], local[of]


def _local(minute: I64, timezone: str, name: str) -> I64:
    """Minutes since 1970 by the clock of a time zone, from those of UTC."""
    if not timezone:
        raise InputError(Problem(name, "has times in UTC", 'name the time zone of the lots, as "Asia/Shanghai"'))
    return clock_of(minute, zone_of(timezone))


def _numbered(names: Text) -> tuple[list[str], I64]:
    """Names in the order of their first rows, and the position of every row's among them."""
    found, first, of = np.unique(names, return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return found[order].tolist(), place[of]


def _reasons(rows: _Rows, number: I64, given: Mapping[str, int], known: Parameters) -> tuple[I32, I64]:
    """(N) why a row is left out, as a position in REASONS, -1 where it is not; (L) spaces.

    `given` are the spaces of each lot (L), in their order: 0 where nobody says, -1 where the lot does not count.
    """
    value = np.where(np.isnan(rows.free), rows.occupied, rows.free)
    order = np.lexsort((rows.minute, number))
    again = np.zeros(len(value), np.bool_)
    same = (np.diff(number[order]) == 0) & (np.diff(rows.minute[order]) == 0)
    again[order[1:][same]] = True
    out = np.full(len(value), -1, np.int32)
    held = np.array(list(given.values()), np.int64)
    tests = {BLANK: np.isnan(value), UNKNOWN: held[number] < 0, TWICE: again, NEGATIVE: value < 0}
    for name, wrong in tests.items():
        out[(out < 0) & wrong] = REASONS.index(name)
    held = np.maximum(held, 0)
    order = order[out[order] < 0]
    ends = np.searchsorted(number[order], np.arange(len(held) + 1)).tolist()
    for lot, name in enumerate(given):
        mine = order[ends[lot] : ends[lot + 1]]
        if mine.size:
            limit = known.positive("occupancy.most_over") * max(held[lot], np.quantile(value[mine], _TYPICAL))
            out[mine[value[mine] > limit]] = REASONS.index(TOO_MANY)
            mine = mine[value[mine] <= limit]
            held[lot] = max(held[lot], np.ceil(value[mine].max()))
            cars = np.where(np.isnan(rows.free[mine]), value[mine], held[lot] - value[mine])
            out[mine[_stuck(cars, rows.minute[mine], int(held[lot]), name, known)]] = REASONS.index(STUCK)
    return out, held


def _stuck(cars: F64, minute: I64, spaces: int, name: str, known: Parameters) -> Bools:
    """(n) whether a counter stood still for too long to be believed. Raises InputError where readings are too rare."""
    if len(cars) < 2:
        return np.zeros(len(cars), np.bool_)
    step = float(np.median(np.diff(minute)))
    if step > _MIN_PER_H:
        what = f"has a reading every {step:g} minutes"
        raise InputError(Problem(f"lot {name!r}", what, "give at least one an hour"))
    starts = np.flatnonzero(np.diff(cars, prepend=cars[0] - 1))
    length = np.diff(starts, append=len(cars))
    level = cars[starts]
    edge = (level <= known.number("occupancy.edge_share") * spaces) | (level >= spaces)
    most = np.where(edge, known.positive("occupancy.dead_h"), known.positive("occupancy.stuck_h"))
    return np.repeat(length * step > most * _MIN_PER_H, length)


def _by_half_hour(number: I64, local: I64, cars: F64, lots: int) -> tuple[I64, F64]:
    """Days (N) from the first to the last, and cars (L, N, 48)."""
    first, last = local.min() // _MIN_PER_DAY, local.max() // _MIN_PER_DAY
    days = np.arange(first, last + 1, dtype=np.int64)
    at = number * (len(days) * SLOTS) + (local - first * _MIN_PER_DAY) // _SLOT_MIN
    size = lots * len(days) * SLOTS
    count, total = np.bincount(at, minlength=size), np.bincount(at, cars, size)
    mean = np.divide(total, count, out=np.full(size, np.nan), where=count > 0).reshape(lots, -1)
    between = (mean[:, :-2] + mean[:, 2:]) / 2
    mean[:, 1:-1] = np.where(np.isnan(mean[:, 1:-1]), between, mean[:, 1:-1])
    return days, mean.reshape(lots, len(days), SLOTS)
