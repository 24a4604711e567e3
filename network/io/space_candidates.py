"""A table of places where parking spaces can be added."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from network.io.tables import Column, read_table

_PLACE: Final = Column(number=True, required=False, blank=True)
_MONEY: Final = Column(number=True, low=0, required=False, blank=True)
_TEXT: Final = Column(required=False)
_COLUMNS: Final = {
    "id": Column(unique=True),
    "way": Column(),
    "most_spaces": Column(number=True, low=1, whole=True),
    "name": _TEXT,
    "lon": _PLACE,
    "lat": _PLACE,
    "lot": _TEXT,
    "supply_class": _TEXT,
    "cny_per_space": _MONEY,
    "open_cny": _MONEY,
    "conflict": _TEXT,
    "exclusive": _TEXT,
    "taken_lot": _TEXT,
    "taken_spaces": Column(number=True, low=0, whole=True, required=False, blank=True),
}


def read_space_candidates(path: Path) -> list[dict[str, Any]]:
    """Rows of a CSV; WGS-84. What is left out or empty is not in a row.

    Raises InputError naming file, row and column of all that cannot be read.
    """
    table = read_table(path, _COLUMNS)
    rows: list[dict[str, Any]] = [{} for _ in table.rows]
    for name, column in _COLUMNS.items():
        if name not in table.columns:
            continue
        for row, value in zip(rows, table.columns[name].tolist(), strict=True):
            if value != "" and not (column.number and np.isnan(value)):
                row[name] = int(value) if column.whole else value
    return rows
