"""Orders of shared bikes, one trip a row, as operators keep them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from network.city import Roads
from network.demand.bikes import BIKE_DAYS
from network.errors import InputError, Problem
from network.io.bike_flows import MIN_PER_DAY, BikeLog, Ends, LogRules, flows_of, in_city, kinds_of
from network.io.clocks import Times, text_times, zone_of
from network.io.coordinates import check_swapped, to_wgs84
from network.io.dates import Cell
from network.io.tables import Column, Table, read_table
from network.part import F64, I64, Bools
from network.units import HOURS

_PLACE: Final = Column(number=True, blank=True)
COLUMNS: Final = {
    "order": Column(required=False),
    "start_time": Column(),
    "start_lon": _PLACE,
    "start_lat": _PLACE,
    "end_time": Column(),
    "end_lon": _PLACE,
    "end_lat": _PLACE,
}
NO_TIME: Final = "without a start or an end"
NO_PLACE: Final = "without a place, or on none"
CLOCK: Final = "at a time that a change of clocks left out or struck twice"
TWICE: Final = "an order that stands there twice"
BACKWARDS: Final = "ends before it starts"
LONG: Final = "longer than a day"
OUTSIDE: Final = "starts and ends out of the city"
ORDER_REASONS: Final = (NO_TIME, NO_PLACE, CLOCK, TWICE, BACKWARDS, LONG, OUTSIDE)
"""In the order they are asked for: each row is counted under the first that fits."""
_ENDS: Final = ("start", "end")
_MOST_LAT, _MOST_LON = 90.0, 180.0
_MIN_PER_H: Final = 60


def read_orders(
    path: Path,
    *,
    timezone: str,
    rules: LogRules,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
    dates: str = "",
    roads: Roads | None = None,
    repair: bool = False,
) -> BikeLog:
    """Flows of a CSV table (UTF-8 or GBK, plain or gzipped) of one order a row, in any order.

    Its times are by the clock of `timezone`, or of UTC where they end in Z. With `roads` the datum is checked, and
    ends beyond the streets count nowhere. Rows of ORDER_REASONS are refused, or left out and counted where `repair` is
    set. Hours without an order where there are many on the mean are gaps: they are not counted as quiet.
    Raises InputError with the rows that cannot be read or believed.
    """
    table = read_table(path, COLUMNS, columns)
    timed = (table.texts("start_time") != "") & (table.texts("end_time") != "")
    start, end = (_times(table, f"{name}_time", timed, zone_of(timezone), dates) for name in _ENDS)
    spots, placed = _spots(table, crs)
    inside = placed if roads is None else _inside(table, spots, placed, str(crs), roads, rules.place_m)
    read = _Orders(table, timed, start, end, spots, placed, inside)
    reason = _reasons(read)
    counts = np.bincount(reason[reason >= 0], minlength=len(ORDER_REASONS)).tolist()
    left_out = {name: count for name, count in zip(ORDER_REASONS, counts, strict=True) if count}
    first = {name: f"row {read.table.rows[reason == ORDER_REASONS.index(name)][0]}" for name in left_out}
    kept = np.flatnonzero(reason < 0)
    _refuse(read.table, left_out, first, kept, repair=repair)
    return _log(read, kept, rules, left_out, first)


class _Orders(NamedTuple):
    """Rows (N) of the file."""

    table: Table
    timed: Bools
    start: Times
    end: Times
    spots: F64
    """(2, N, 2) starts and ends, WGS-84."""
    placed: Bools
    """(2, N) whether they are on Earth."""
    inside: Bools
    """(2, N) whether they lie among the streets."""


def _reasons(read: _Orders) -> I64:
    """(N) why a row cannot be believed, as a position in ORDER_REASONS, -1 where it can."""
    out = np.full(len(read.table), -1, np.int64)
    long = read.end.minute - read.start.minute
    for name, wrong in (
        (NO_TIME, ~read.timed), (NO_PLACE, ~read.placed.all(axis=0)), (CLOCK, ~(read.start.sure & read.end.sure)),
        (TWICE, _repeated(read.table)), (BACKWARDS, long < 0), (LONG, long > MIN_PER_DAY),
        (OUTSIDE, ~read.inside.any(axis=0)),
    ):  # fmt: skip
        out[(out < 0) & wrong] = ORDER_REASONS.index(name)
    return out


def _refuse(table: Table, left_out: dict[str, int], first: dict[str, str], kept: I64, *, repair: bool) -> None:
    hint = "correct the rows, or have them left out with repair"
    problems = [
        Problem(f"{table.name}, {first[name]}", f"{name}: {count:,} of {len(table):,} rows", hint)
        for name, count in left_out.items()
    ]
    if problems and not (repair and kept.size):
        none = (
            []
            if kept.size
            else [
                Problem(
                    table.name,
                    f"none of {len(table):,} rows can be believed",
                    "is it the right file, and are its columns the right ones?",
                )
            ]
        )
        raise InputError([*none, *problems])


def _log(read: _Orders, kept: I64, rules: LogRules, left_out: dict[str, int], first: dict[str, str]) -> BikeLog:
    local = np.stack([part.local[kept] for part in (read.start, read.end)])
    day, hour = local // MIN_PER_DAY, local % MIN_PER_DAY // _MIN_PER_H
    hours, days, notes = _covered(local[0], rules.gap_orders)
    here = read.inside[:, kept]
    if beyond := int((~here).sum()):
        notes = (*notes, f"{beyond:,} starts and ends lie out of the city and count nowhere")
    back = np.broadcast_to(np.array([[False], [True]]), here.shape)
    ends = Ends(read.spots[:, kept][here], kinds_of(day[here]), hour[here], back[here])
    dates = np.array([day[0].min(), day[0].max()]).astype("M8[D]").astype(str).tolist()
    return BikeLog(
        flows=flows_of(ends, hours, rules.place_m, read.table.name, notes), rows=len(read.table), left_out=left_out,
        first_rows=first, days=days, first=dates[0], last=dates[1],
    )  # fmt: skip


def _times(table: Table, name: str, timed: Bools, zone: ZoneInfo, dates: str) -> Times:
    """(N); of 1970 and sure where `timed` is not set."""
    out = Times(np.zeros(len(table), np.int64), np.zeros(len(table), np.int64), np.ones(len(table), np.bool_))
    texts, first, of = np.unique(table.texts(name)[timed], return_index=True, return_inverse=True)
    rows = table.rows[timed]
    cells = [
        Cell(f"{table.name}, row {rows[i]}, column {name}", text)
        for text, i in zip(texts.tolist(), first.tolist(), strict=True)
    ]
    if cells:
        for whole, told in zip(out, text_times(cells, table.name, zone, dates), strict=True):
            whole[timed] = told[of]
    return out


def _spots(table: Table, crs: str | None) -> tuple[F64, Bools]:
    """(2, N, 2) starts and ends in WGS-84, and (2, N) whether they are on Earth."""
    drawn = np.stack([np.column_stack([table.numbers(f"{end}_{x}") for x in ("lon", "lat")]) for end in _ENDS])
    placed = np.isfinite(drawn).all(axis=2) & (drawn != 0).any(axis=2)
    if (crs or "").lower() in {"wgs84", "gcj02", "bd09", "cgcs2000"}:
        placed &= (np.abs(drawn) <= (_MOST_LON, _MOST_LAT)).all(axis=2)
    out = np.zeros_like(drawn)
    known, at = np.unique(drawn[placed], axis=0, return_inverse=True)
    out[placed] = to_wgs84(known, crs, table.name)[at.ravel()]
    return out, placed


def _inside(  # noqa: PLR0917 - places, and what they are checked by
    table: Table, spots: F64, placed: Bools, crs: str, roads: Roads, edge_m: float
) -> Bools:
    """(2, N) whether starts and ends lie among the streets."""
    for k, name in enumerate(_ENDS):
        rows = table.rows[placed[k]]
        check_swapped(f"{table.name}, {name}", spots[k][placed[k]], roads, rows)
    inside = np.zeros(placed.shape, np.bool_)
    inside[placed] = in_city(table.name, spots[placed], crs, roads, edge_m)
    return inside


def _repeated(table: Table) -> Bools:
    """Rows whose order stands in one before."""
    again = np.zeros(len(table), np.bool_)
    if "order" in table:
        ids = table.texts("order")
        again[:] = ids != ""
        again[np.unique(ids, return_index=True)[1]] = False
    return again


def _covered(start: I64, gap_orders: float) -> tuple[F64, tuple[int, int], tuple[str, ...]]:
    """Hours (2, 24) from the first start to the last that are no gap, days of each type, and notes; local minutes."""
    slot = start // _MIN_PER_H
    first_day, last_day = int(slot.min()) // HOURS, int(slot.max()) // HOURS
    days = np.arange(first_day, last_day + 1)
    kind = kinds_of(days)
    orders = np.bincount(slot - first_day * HOURS, minlength=len(days) * HOURS).reshape(-1, HOURS)
    covered = np.zeros(orders.size, np.bool_)
    covered[int(slot.min()) - first_day * HOURS : int(slot.max()) - first_day * HOURS + 1] = True
    covered = covered.reshape(orders.shape)
    gaps = np.zeros_like(covered)
    hours = np.zeros((len(BIKE_DAYS), HOURS))
    for k in range(len(BIKE_DAYS)):
        busy = ((orders > 0) & (kind == k)[:, None]).sum(axis=0)
        mean = orders[kind == k].sum(axis=0) / np.maximum(busy, 1)
        gaps[kind == k] = covered[kind == k] & (orders[kind == k] == 0) & (mean >= gap_orders)
        hours[k] = (covered & ~gaps)[kind == k].sum(axis=0)
    told = (covered & ~gaps).any(axis=1)
    count = tuple(int((told & (kind == k)).sum()) for k in range(len(BIKE_DAYS)))
    notes = (
        (f"{int(gaps.sum()):,} hours without any order are taken for gaps, not for quiet ones",) if gaps.any() else ()
    )
    return hours, (count[0], count[1]), notes
