"""Charging stations from tables: those of the AFDC, and plain ones of stations, groups of plugs or ports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.charger_entries import (
    NOT_PUBLIC,
    OTHER_FUEL,
    OUT_OF_OPERATION,
    Entry,
    Found,
    repeated,
    rows_text,
    summed,
)
from network.io.plugs import PLUG_COLUMNS, Port, PowerClasses, Sorted, plugs_of_table
from network.io.tables import LONLAT, Column, Table, read_table
from network.snap import local_metres

ROWS: Final = ("stations", "groups", "ports")
"""What a row is: a station with all its plugs, so many alike plugs of one, or a single plug."""

_AFDC_COUNT = Column(number=True, low=0, whole=True, blank=True)
_AFDC_COLUMNS = {
    "id": Column(),
    **LONLAT,
    "name": Column(),
    "fuel": Column(),
    "status": Column(),
    "access": Column(),
    **dict.fromkeys(("level1", "level2", "dc"), _AFDC_COUNT),
}
_AFDC_HEADERS = {
    "id": "ID",
    "lon": "Longitude",
    "lat": "Latitude",
    "name": "Station Name",
    "fuel": "Fuel Type Code",
    "status": "Status Code",
    "access": "Access Code",
    "level1": "EV Level1 EVSE Num",
    "level2": "EV Level2 EVSE Num",
    "dc": "EV DC Fast Count",
}
_AFDC_OPEN: Final = "E"

_COLUMNS = {
    "id": Column(),
    **LONLAT,
    **PLUG_COLUMNS,
    **dict.fromkeys(("name", "status", "feeder"), Column(required=False)),
}
_OPEN: Final = {
    *("", "open", "available", "occupied", "charging", "in use", "in service", "active", "operational", "operating"),
    *(
        "运营",
        "运营中",
        "正常",
        "正常运营",
        "在用",
        "使用中",
        "营业",
        "营业中",
        "启用",
        "投运",
        "已投运",
        "空闲",
        "占用",
        "充电中",
    ),
}
_CLOSED: Final = {
    *("closed", "planned", "under construction", "removed", "inactive", "out of service", "out of order"),
    *("not operational", "停运", "停用", "停业", "关闭", "已关闭", "故障", "维修", "检修", "维护", "规划", "规划中"),
    *("在建", "建设中", "未投运", "拆除", "已拆除"),
}
"""Words of a column status, in lower case."""


def read_afdc(path: Path, classes: PowerClasses, columns: Mapping[str, str] | None) -> Found:
    """Electric stations of an Alternative Fuels Data Center table, one row a station; those without counts have a plug.

    Raises InputError naming the rows that are wrong.
    """
    table = read_table(path, _AFDC_COLUMNS, _AFDC_HEADERS | dict(columns or {}))
    electric = np.array([fuel.upper() == "ELEC" for fuel in table.texts("fuel").tolist()], bool)
    is_open = np.array([word.upper() == _AFDC_OPEN for word in table.texts("status").tolist()], bool)
    public = np.array([not word.lower().startswith("private") for word in table.texts("access").tolist()], bool)
    kept = np.flatnonzero(electric & is_open & public).tolist()
    left_out = Counter(
        {
            OTHER_FUEL: int((~electric).sum()),
            OUT_OF_OPERATION: int((electric & ~is_open).sum()),
            NOT_PUBLIC: int((electric & is_open & ~public).sum()),
        }
    )
    hint = 'these are rows of ports: write format = "table" with rows = "ports" and the columns they have'
    _refuse(table, repeated(path.name, table.rows[kept].tolist(), table.texts("id")[kept].tolist(), hint))
    counts = {name: np.nan_to_num(table.numbers(name)).astype(int) for name in ("level1", "level2", "dc")}
    found = []
    for i in kept:
        ac, dc = int(counts["level1"][i] + counts["level2"][i]), int(counts["dc"][i])
        ports = [Port(ac, is_dc=False), Port(dc, is_dc=True)]
        found.append(_entry(table, i, classes.sort(ports if ac + dc else [Port(1)])))
    return Found(found, left_out)


def read_station_table(
    path: Path,
    classes: PowerClasses,
    *,
    unit: str,
    rows: str | None = None,
    columns: Mapping[str, str] | None = None,
    statuses: Mapping[str, str] | None = None,
    same_m: float,
) -> Found:
    """Stations of a table: id, lon, lat; name, status, feeder and PLUG_COLUMNS where known; rows as `rows` says.

    Without `rows` every id must stand once and every row at a place of its own: rows are stations. `statuses` says of
    words in the column status whether they mean "open" or "closed". Rows of one station must lie within `same_m`.
    Raises InputError naming the rows that are wrong.
    """
    table = read_table(path, _COLUMNS, columns)
    if rows not in {*ROWS, None}:
        raise InputError(Problem(f"{path.name}, rows", f"{rows!r} is not known", f"write {', '.join(ROWS)}"))
    problems = _odd_rows(table, rows)
    is_open = _open(table, statuses or {}, problems)
    _refuse(table, problems)
    plugs = plugs_of_table(table, classes, unit, each=1 if rows == "ports" else 0)
    kept = np.flatnonzero(is_open).tolist()
    entries = [_entry(table, i, plugs[i]) for i in kept]
    word = "rows " if rows in {"groups", "ports"} else ""
    left_out = Counter({f"{word}{OUT_OF_OPERATION}": len(table) - len(kept)})
    if rows in {"groups", "ports"}:
        entries = _gathered(table, entries, same_m)
    return Found(entries, left_out)


def _odd_rows(table: Table, rows: str | None) -> list[Problem]:
    """Where rows are not what they are said to be: ports in one place, stations in another."""
    name, ids = table.name, table.texts("id").tolist()
    counted = any(column in table for column in PLUG_COLUMNS if column.startswith("plugs"))
    if rows == "ports":
        by_class = [c for c in PLUG_COLUMNS if c.startswith("plugs_") and c in table]
        wrong = table.rows[table.numbers("plugs") != 1].tolist() if "plugs" in table else []
        if wrong or by_class:
            what = (
                "counts plugs by class, but rows are ports" if by_class else "does not say 1 plug, but rows are ports"
            )
            hint = 'give each port a row, or write rows = "groups" or "stations"'
            return [Problem(f"{name}, {rows_text(wrong or [1])}", what, hint)]
        return []
    if not counted:
        hint = 'add a column plugs, or write rows = "ports" where each row is one'
        return [Problem(f"{name}, row 1", "no column says how many plugs there are", hint)]
    if rows == "groups":
        return []
    hint = 'give rows = "ports" (a row is one plug), "groups" (so many alike plugs) or "stations"'
    if rows == "stations":
        hint = 'a station has one row: join them, or write rows = "ports" or "groups"'
    problems = repeated(name, table.rows.tolist(), ids, hint)
    if rows is None and not problems:
        problems = _one_spot(table, hint)
    return problems


def _one_spot(table: Table, hint: str) -> list[Problem]:
    """Rows of different ids at one and the same place: ports that carry ids of their own, or stations?"""
    at: dict[tuple[float, ...], list[int]] = {}
    for row, spot in zip(table.rows.tolist(), table.lonlat().tolist(), strict=True):
        at.setdefault(tuple(spot), []).append(row)
    what = "stand at one place under different ids: ports of one station, or stations?"
    hint = f'{hint}; for ports name the column that tells their station: columns = {{ id = "..." }}'
    return [Problem(table.name, f"{rows_text(same)} {what}", hint) for same in at.values() if len(same) > 1]


def _open(table: Table, statuses: Mapping[str, str], problems: list[Problem]) -> list[bool]:
    if "status" not in table:
        return [True] * len(table)
    means = dict.fromkeys(_OPEN, True) | dict.fromkeys(_CLOSED, False)
    means |= {word.lower(): meaning == "open" for word, meaning in statuses.items()}
    words = [str(word).lower() for word in table.columns["status"]]
    odd: dict[str, list[int]] = {}
    for row, word in zip(table.rows.tolist(), words, strict=True):
        if word not in means:
            odd.setdefault(word, []).append(row)
    problems += [
        Problem(
            f"{table.name}, {rows_text(same)}, column status",
            f"{word!r} is not known",
            f'write statuses = {{ "{word}" = "open" }} or "closed"',
        )
        for word, same in odd.items()
    ]
    return [means.get(word, True) for word in words]


def _gathered(table: Table, entries: list[Entry], same_m: float) -> list[Entry]:
    """One entry a station; its rows must lie at one place."""
    of_id: dict[str, list[Entry]] = {}
    for entry in entries:
        of_id.setdefault(entry.id, []).append(entry)
    problems = []
    for key, some in of_id.items():
        xy = local_metres(np.array([(e.lon, e.lat) for e in some]), some[0].lat)
        off_m = np.hypot(*(xy - xy[0]).T)
        if off_m.max() > same_m:
            far = some[int(off_m.argmax())]
            what = f"rows {some[0].row} and {far.row} of station {key} lie {off_m.max():,.0f} m apart"
            problems.append(Problem(table.name, what, "correct the coordinates, or give one of them another id"))
        if key == "":
            problems.append(
                Problem(
                    f"{table.name}, {rows_text(e.row for e in some)}",
                    "the id is missing",
                    "fill it in, or leave the row out",
                )
            )
    _refuse(table, problems)
    return [replace(some[0], plugs=summed([e.plugs for e in some])) for some in of_id.values()]


def _entry(table: Table, i: int, plugs: Sorted) -> Entry:
    lon, lat = table.lonlat()[i].tolist()
    return Entry(
        row=int(table.rows[i]),
        id=table.text("id", i),
        name=table.text("name", i),
        lon=lon,
        lat=lat,
        plugs=plugs,
        feeder=table.text("feeder", i),
    )


def _refuse(table: Table, problems: list[Problem]) -> None:
    if problems:
        raise InputError(most_shown(problems, table.name))
