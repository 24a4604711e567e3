"""Series of bikes at stations with docks, as GBFS feeds are kept, read and cleaned; what is left out is counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from network.demand.bikes import BikeReadings
from network.errors import InputError, Problem
from network.io.clocks import seconds_times, text_times, zone_of
from network.io.dates import Cell
from network.io.tables import LONLAT, Column, Table, read_table, table_of
from network.part import F64, I64, Bools, Text

_OTHER: Final = Column(required=False)
COLUMNS: Final = {
    "timestamp": _OTHER,
    "last_updated": _OTHER,
    "station_id": Column(),
    "bikes": Column(number=True, blank=True),
    "free_docks": Column(number=True, blank=True, required=False),
    "is_renting": _OTHER,
}
STATIONS: Final = {
    "station_id": Column(unique=True), **LONLAT, "capacity": Column(number=True, blank=True), "name": _OTHER,
}  # fmt: skip

BLANK: Final = "no number"
UNKNOWN: Final = "of a station that is not in the table"
NO_DOCKS: Final = "of a station without capacity"
TWICE: Final = "read twice"
CLOCK: Final = "at a time that a change of clocks left out or struck twice"
NEGATIVE: Final = "negative bikes"
NEGATIVE_DOCKS: Final = "negative free docks"
TOO_MANY: Final = "more bikes than docks"
STATUS_REASONS: Final = (BLANK, UNKNOWN, NO_DOCKS, CLOCK, TWICE, NEGATIVE, NEGATIVE_DOCKS, TOO_MANY)
"""In the order they are asked for: each row is counted under the first that fits."""
CLIPS: Final = {"bikes": TOO_MANY, "docks": NEGATIVE_DOCKS}
"""What can be set to the nearest number that is possible."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeStatus:
    """Readings of stations (S) with a capacity, and what became of the other rows."""

    ids: tuple[str, ...]
    names: tuple[str, ...]
    lonlat: F64
    """(S, 2)"""
    readings: BikeReadings
    last: I64
    """(S) bikes at the last reading of an open station, -1 where there is none."""
    rows: int
    left_out: dict[str, int]
    """STATUS_REASONS -> how many rows."""
    first_rows: dict[str, int]
    """Reason -> the line of the file that the first of them stands on."""
    clipped: dict[str, int]
    """Names of CLIPS that were asked for -> how many rows were repaired."""
    no_capacity: tuple[str, ...]
    """Stations left out."""


class _Rows(NamedTuple):
    """Rows (N) of the file."""

    station: I64
    """-1 where it is not in the table."""
    minute: I64
    local: I64
    sure: Bools
    """Whether the clock says when it was."""
    bikes: F64
    free: F64
    """NaN where the file has none, infinite where a cell is blank."""
    open: Bools


def read_bike_status(
    file: Path,
    stations: Path,
    *,
    timezone: str,
    clip: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    dates: str = "",
) -> BikeStatus:
    """Bikes at stations from a CSV table (UTF-8 or GBK, plain or gzipped) of one reading a row, in any order.

    Its time is `last_updated` in seconds since 1970 (as GBFS has it), or `timestamp`: by the clock of `timezone`, or
    of UTC where it ends in Z. Without `free_docks` a station is full where bikes are as many as its capacity. Rows
    that cannot be true are left out and counted, or set to the nearest possible number where `clip` (names of CLIPS)
    says so. Raises InputError with the rows that cannot be read.
    """
    _must_be_known(clip)
    known, table = read_table(stations, STATIONS), read_table(file, COLUMNS, columns)
    return _status(known, table, zone_of(timezone), clip, dates)


def bike_status_of(
    readings: Sequence[Mapping[str, Any]],
    stations: Sequence[Mapping[str, Any]],
    *,
    timezone: str,
    clip: Collection[str] = (),
    dates: str = "",
) -> BikeStatus:
    """The same from records with the names of the columns. Raises InputError with the rows that cannot be read."""
    _must_be_known(clip)
    known, table = table_of("stations", stations, STATIONS), table_of("readings", readings, COLUMNS)
    return _status(known, table, zone_of(timezone), clip, dates)


def _must_be_known(clip: Collection[str]) -> None:
    wrong = [Problem("clip", f"{name!r} cannot be", f"known: {', '.join(CLIPS)}") for name in clip if name not in CLIPS]
    if wrong:
        raise InputError(wrong)


def _status(known: Table, table: Table, zone: ZoneInfo, clip: Collection[str], dates: str) -> BikeStatus:
    """`known` are the stations, `table` the readings."""
    capacity = known.numbers("capacity")
    rows = _rows(table, known.texts("station_id"), zone, dates)
    docks = np.append(capacity, 0.0)[rows.station]
    over, under = rows.bikes > docks, rows.free < 0
    reason = _reasons(rows, docks, over & ("bikes" not in clip), under & ("docks" not in clip))
    kept = np.flatnonzero(reason < 0)
    if not kept.size:
        why = ", ".join(f"{name} {count:,}" for name, count in _counts(reason).items() if count)
        raise InputError(
            Problem(
                table.name,
                f"none of {len(reason):,} rows can be believed: {why}",
                "is it the right file, and are its columns the right ones?",
            )
        )
    fixed = {"bikes": int(over[kept].sum()), "docks": int(under[kept].sum())}
    holds = capacity > 0
    readings = _readings(rows, kept, docks, np.cumsum(holds) - 1, capacity[holds])
    ids = known.texts("station_id")
    return BikeStatus(
        ids=tuple(ids[holds].tolist()),
        names=tuple(known.text("name", i) for i in np.flatnonzero(holds).tolist()),
        lonlat=known.lonlat()[holds],
        readings=readings,
        last=_last(readings),
        rows=len(table),
        left_out=_counts(reason),
        first_rows={STATUS_REASONS[r]: int(table.rows[reason == r][0]) for r in np.unique(reason[reason >= 0])},
        clipped={name: fixed[name] for name in CLIPS if name in clip},
        no_capacity=tuple(ids[~holds].tolist()),
    )


def _counts(reason: I64) -> dict[str, int]:
    counts = np.bincount(reason[reason >= 0], minlength=len(STATUS_REASONS)).tolist()
    return dict(zip(STATUS_REASONS, counts, strict=True))


def _last(readings: BikeReadings) -> I64:
    """(S) bikes at the last reading while open, -1 where there is none."""
    last = np.full(len(readings.docks), -1, np.int64)
    last[readings.station[readings.open]] = readings.bikes[readings.open]
    return last


def _rows(table: Table, ids: Text, zone: ZoneInfo, dates: str) -> _Rows:
    name = "last_updated" if "last_updated" in table else "timestamp"
    if name not in table:
        raise InputError(
            Problem(
                f"{table.name}, row 1",
                "needs a column last_updated, or timestamp",
                "name the column of times so, or tell its header with --column",
            )
        )
    texts, first, of = np.unique(table.texts(name), return_index=True, return_inverse=True)
    cells = [
        Cell(f"{table.name}, row {table.rows[i]}, column {name}", text)
        for text, i in zip(texts.tolist(), first.tolist(), strict=True)
    ]
    times = (
        seconds_times(cells, table.name, zone) if name == "last_updated" else text_times(cells, table.name, zone, dates)
    )
    order = np.argsort(ids)
    at = np.minimum(np.searchsorted(ids, table.texts("station_id"), sorter=order), len(ids) - 1)
    station = np.where(ids[order[at]] == table.texts("station_id"), order[at], -1)
    free = np.full(len(table), np.nan)
    if "free_docks" in table:
        free = np.nan_to_num(table.numbers("free_docks"), nan=np.inf)
    opened = np.ones(len(table), np.bool_)
    if "is_renting" in table:
        opened = ~np.isin(np.char.lower(table.texts("is_renting")), ["0", "false", "no"])
    return _Rows(station, times.minute[of], times.local[of], times.sure[of], table.numbers("bikes"), free, opened)


def _reasons(rows: _Rows, docks: F64, over: Bools, under: Bools) -> I64:
    """(N) why a row is left out, as a position in STATUS_REASONS, -1 where it is not."""
    out = np.full(len(rows.bikes), -1, np.int64)
    for name, wrong in (
        (BLANK, np.isnan(rows.bikes) | np.isposinf(rows.free)), (UNKNOWN, rows.station < 0), (NO_DOCKS, ~(docks > 0)),
        (CLOCK, ~rows.sure),
    ):  # fmt: skip
        out[(out < 0) & wrong] = STATUS_REASONS.index(name)
    order = np.lexsort((rows.minute, rows.station))
    order = order[out[order] < 0]
    same = (np.diff(rows.station[order]) == 0) & (np.diff(rows.minute[order]) == 0)
    out[order[1:][same]] = STATUS_REASONS.index(TWICE)
    for name, wrong in ((NEGATIVE, rows.bikes < 0), (NEGATIVE_DOCKS, under), (TOO_MANY, over)):
        out[(out < 0) & wrong] = STATUS_REASONS.index(name)
    return out


def _readings(rows: _Rows, kept: I64, docks: F64, place: I64, capacity: F64) -> BikeReadings:
    """`place` are the positions of the table's stations among those with `capacity`."""
    at = kept[np.lexsort((rows.minute[kept], rows.station[kept]))]
    bikes = np.minimum(rows.bikes[at], docks[at])
    free = np.where(np.isnan(rows.free[at]), docks[at] - bikes, rows.free[at])
    return BikeReadings(
        docks=capacity.astype(np.int64), station=place[rows.station[at]], minute=rows.minute[at],
        local=rows.local[at], bikes=bikes.astype(np.int64), full=free <= 0, open=rows.open[at],
    )  # fmt: skip
