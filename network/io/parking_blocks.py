"""A table of blocks whose people want parking spaces."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from network.errors import InputError, Problem
from network.io.tables import LONLAT, Column, read_table
from network.units import DAY_TYPES, PARKERS

_WANTED: Final = Column(number=True, low=0, whole=True)
_COLUMNS: Final = {"id": Column(unique=True), **LONLAT, "group": Column(), **dict.fromkeys(DAY_TYPES, _WANTED)}


def read_parking_blocks(path: Path) -> list[dict[str, Any]]:
    """Rows (id, lon, lat, group, and spaces wanted on a weekday, weekend and holiday) of a CSV; WGS-84.

    Raises InputError naming file, row and column of all that cannot be read.
    """
    table = read_table(path, _COLUMNS)
    groups = table.texts("group").tolist()
    problems = [
        Problem(f"{path.name}, row {row}, column group", f"holds {group!r}", f"use {', '.join(PARKERS)}")
        for row, group in zip(table.rows.tolist(), groups, strict=True)
        if group not in PARKERS
    ]
    if problems:
        raise InputError(problems)
    wanted = [map(int, table.numbers(day).tolist()) for day in DAY_TYPES]
    lonlat = (table.numbers(name).tolist() for name in LONLAT)
    rows = zip(table.texts("id").tolist(), *lonlat, groups, *wanted, strict=True)
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
