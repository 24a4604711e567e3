"""Logs of charging sessions, as operators export them, read and cleaned; what is left out is counted by its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from network.demand.records import most_shown
from network.demand.sessions import Sessions
from network.errors import InputError, Problem
from network.io.dates import NO_DATE, ORDERS, Cell, dates_of
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I32, I64, Bools, Text
from network.units import CHARGERS, FAST, SLOW, ULTRA_FAST

COLUMNS: Final = {
    "start_date": Column(required=False),
    "start_time": Column(),
    "end_date": Column(required=False),
    "end_time": Column(),
    "kwh": Column(number=True, blank=True),
    "power_kw": Column(number=True, low=0.0, blank=True, required=False),
    "class": Column(required=False),
    "model": Column(required=False),
    "station": Column(required=False),
    "connector": Column(required=False),
    "site": Column(required=False),
}
_CLASSES: Final = {
    SLOW: ("slow", "ac", "level 1", "level 2", "慢充", "交流"),
    FAST: ("fast", "dc", "rapid", "dc fast", "快充", "直流"),
    ULTRA_FAST: ("ultra_fast", "ultra", "ultra-fast", "ultra-rapid", "hpc", "超充"),
}
_WORDS: Final = (
    (ULTRA_FAST, re.compile(r"ultra|hpc|超充", re.IGNORECASE)),
    (FAST, re.compile(r"rapid|chademo|\bccs\b|\bdc\b|快充|直流", re.IGNORECASE)),
    (SLOW, re.compile(r"\bac\b|type 2|慢充|交流", re.IGNORECASE)),
)
"""What models are called. "Fast" is not among them: in Britain it is said of alternating current."""
_KW = re.compile(r"(\d+(?:\.\d+)?)\s*kw(?!h)", re.IGNORECASE)
_MIN_PER_H = 60.0
_MOST_KW = 2000.0
"""No plug gives as much: where more is given the column is in watts."""
_TYPICAL = 0.95
"""A plug whose power nobody gives is taken to have what this share of its sessions stay below, on their mean."""

NOT_ENDED: Final = "not ended: no end or no energy is given"
LEFT_OUT: Final = "at a site that was to be left out"
TWICE: Final = "logged twice"
BACKWARDS: Final = "ends before it starts"
NEGATIVE: Final = "negative energy"
EMPTY: Final = "no energy"
TOO_MUCH: Final = "more energy than any battery takes up"
FOR_DAYS: Final = "connected for days"
TOO_STRONG: Final = "more power than the plug gives"
REASONS: Final = (NOT_ENDED, LEFT_OUT, TWICE, BACKWARDS, NEGATIVE, EMPTY, TOO_MUCH, FOR_DAYS, TOO_STRONG)
"""In the order they are asked for: each row is counted under the first that fits."""

CLASS, POWER, MODEL, MEAN_POWER = "a column class", "rated power", "the model's name", "mean power of sessions"
"""What a class is known by."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SessionLog:
    """Sessions that can be believed, and what became of the others."""

    sessions: Sessions
    rows: int
    left_out: dict[str, int]
    """REASONS -> how many rows."""
    orders: dict[str, str]
    """File -> how its dates are written."""
    known_by: dict[str, int]
    """What the class is known by -> how many of the sessions."""


class _Rows(NamedTuple):
    """All rows (N) of all files."""

    start: I64
    end: I64
    kwh: F64
    plug: Text
    """Station and connector; empty where neither is told."""
    hidden: Bools
    charger: I32
    """-1 where only the power of its sessions tells the class."""
    plug_kw: F64
    """NaN where it is not told."""
    known_by: Text


def read_sessions(
    files: Sequence[Path],
    known: Parameters,
    *,
    dates: str = "",
    leave_out: Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
) -> SessionLog:
    """Sessions of CSV tables (UTF-8 or GBK, plain or gzipped), one a row, in any order.

    `columns` maps names of COLUMNS to other headers, `dates` says the order of dates where a table cannot ("dmy"),
    `leave_out` holds texts within stations or sites that do not count. Raises InputError with the rows that cannot be
    read; rows that can be, but cannot be true, are left out and counted.
    """
    if not files:
        raise InputError(Problem("sessions", "no file is named", "name one"))
    read = [_rows(read_table(file, COLUMNS, columns), known, dates, leave_out) for file in files]
    rows = _classed(_Rows(*map(np.concatenate, zip(*(part for part, _ in read), strict=True))), known)
    reason = _reasons(rows, known)
    some = reason < 0
    minutes = (rows.end - rows.start)[some].astype(np.float64)
    return SessionLog(
        sessions=Sessions(rows.start[some], minutes, rows.kwh[some], rows.charger[some]),
        rows=len(reason),
        left_out={name: int((reason == r).sum()) for r, name in enumerate(REASONS)},
        orders={file.name: ORDERS[order] for file, (_, order) in zip(files, read, strict=True)},
        known_by=dict(sorted(Counter(rows.known_by[some].tolist()).items())),
    )


def _rows(table: Table, known: Parameters, dates: str, leave_out: Sequence[str]) -> tuple[_Rows, str]:
    """The rows of a table, and the order of its dates."""
    count, kwh = len(table), table.numbers("kwh")
    ended = kwh[kwh > 0]
    if len(ended) and np.median(ended) > known.positive("sessions.most_kwh"):
        what = f"is {np.median(ended):,g} at the middle of all rows, above any battery"
        raise InputError(Problem(f"{table.name}, column kwh", what, "are these Wh? divide them by 1,000"))
    minutes, order = dates_of([cell for side in ("start", "end") for cell in _cells(table, side)], table.name, dates)
    start = minutes[:count]
    if (missing := np.flatnonzero(start == NO_DATE)).size:
        where = (f"{table.name}, row {row}, column start_time" for row in table.rows[missing])
        raise InputError(
            most_shown(
                [Problem(one, "the value is missing", "fill it in, or leave the row out") for one in where], table.name
            )
        )
    station, connector, site = (
        table.texts(name) if name in table else np.full(count, "") for name in ("station", "connector", "site")
    )
    names = np.char.lower(np.char.add(np.char.add(station, "\n"), site))
    hidden = np.zeros(count, np.bool_)
    for text in leave_out:
        hidden |= np.char.find(names, text.lower()) >= 0
    told = (station != "") | (connector != "")
    plug = np.where(told, np.char.add(np.char.add(station, "\n"), connector), "")
    return _Rows(start, minutes[count:], kwh, plug, hidden, *_told_classes(table, known)), order


def _cells(table: Table, side: str) -> list[Cell]:
    """Date and time of one side, from one column or from two."""
    texts = [f"{table.text(f'{side}_date', i)} {table.text(f'{side}_time', i)}".strip() for i in range(len(table))]
    places = (f"{table.name}, row {row}, column {side}_time" for row in table.rows)
    return [Cell(where, text) for where, text in zip(places, texts, strict=True)]


def _told_classes(table: Table, known: Parameters) -> tuple[I32, F64, Text]:
    """(class or -1, rated power or NaN, what the class is known by) of every row."""
    count, problems = len(table), []
    charger, by = np.full(count, -1, np.int32), np.full(count, MEAN_POWER)
    kw = table.numbers("power_kw").copy() if "power_kw" in table else np.full(count, np.nan)
    kw[kw == 0.0] = np.nan
    of_power = ~np.isnan(kw)
    names = {text: c for c, texts in _CLASSES.items() for text in texts}
    for i in range(count):
        where, model = f"{table.name}, row {table.rows[i]}", table.text("model", i)
        if kw[i] > _MOST_KW:
            problems.append(Problem(f"{where}, column power_kw", f"{kw[i]:g} kW is no plug's", "is it in W?"))
        if np.isnan(kw[i]) and (found := _KW.search(model)):
            kw[i] = float(found[1])
        said = table.text("class", i).lower()
        if said and said not in names:
            hint = f"known: {', '.join(CHARGERS)}"
            problems.append(Problem(f"{where}, column class", f"{said!r} is no class of charger", hint))
        elif said:
            charger[i], by[i] = names[said], CLASS
        elif not np.isnan(kw[i]):
            charger[i], by[i] = _by_power(kw[i], known), POWER if of_power[i] else MODEL
        elif (word := next((c for c, word in _WORDS if word.search(model)), -1)) >= 0:
            charger[i], by[i] = word, MODEL
    if problems:
        raise InputError(most_shown(problems, table.name))
    return charger, kw, by


def _limits(known: Parameters) -> list[float]:
    """Powers from which a plug is fast, and ultra-fast."""
    return [known.positive("places.fast_from_kw"), known.positive("places.ultra_fast_from_kw")]


def _by_power(kw: float, known: Parameters) -> int:
    return int(np.searchsorted(_limits(known), kw, "right"))


def _classed(rows: _Rows, known: Parameters) -> _Rows:
    """Classes of the plugs that nothing is told of, from what most of their sessions took; and all rated powers.

    Where no plug is told either, each session speaks for itself.
    """
    charger, minutes = rows.charger.copy(), rows.end - rows.start
    running = (rows.end != NO_DATE) & (rows.kwh > 0) & (minutes > 0)
    mean_kw = np.divide(rows.kwh * _MIN_PER_H, minutes, out=np.zeros(len(minutes)), where=running)
    for i in np.flatnonzero(charger < 0):
        if rows.plug[i] == "":
            charger[i] = _by_power(mean_kw[i], known)
        elif charger[i] < 0:
            same = (rows.plug == rows.plug[i]) & (charger < 0)
            some = same & running
            charger[same] = _by_power(np.quantile(mean_kw[some], _TYPICAL), known) if some.any() else SLOW
    most = np.array([*_limits(known), _MOST_KW])[charger]
    return rows._replace(charger=charger, plug_kw=np.where(np.isnan(rows.plug_kw), most, rows.plug_kw))


def _reasons(rows: _Rows, known: Parameters) -> I32:
    """(N) why a row is left out, as a position in REASONS; -1 where it is not."""
    ended = (rows.end != NO_DATE) & ~np.isnan(rows.kwh)
    minutes = np.where(ended, rows.end - rows.start, 0)
    kwh = np.where(ended, rows.kwh, 0.0)
    believed = known.positive("sessions.power_slack") * rows.plug_kw * (minutes + 1) / _MIN_PER_H
    tests = {
        NOT_ENDED: ~ended,
        LEFT_OUT: rows.hidden,
        TWICE: _again(rows),
        BACKWARDS: minutes < 0,
        NEGATIVE: kwh < 0,
        EMPTY: kwh == 0,
        TOO_MUCH: kwh > known.positive("sessions.most_kwh"),
        FOR_DAYS: minutes > known.positive("sessions.most_hours") * _MIN_PER_H,
        TOO_STRONG: kwh > believed,
    }
    out = np.full(len(kwh), -1, np.int32)
    for r, name in enumerate(REASONS):
        out[(out < 0) & tests[name]] = r
    return out


def _again(rows: _Rows) -> Bools:
    """(N) whether a row before says the same of the same plug."""
    seen: set[tuple[str, int, int, float]] = set()
    out = np.zeros(len(rows.kwh), np.bool_)
    columns = (column.tolist() for column in (rows.plug, rows.start, rows.end, rows.kwh))
    for i, row in enumerate(zip(*columns, strict=True)):
        out[i] = row in seen
        seen.add(row)
    return out
