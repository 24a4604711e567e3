"""A table of the windows in which lots may be shared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from network.edits.base import Refused
from network.edits.parking import days_of, window_of
from network.errors import InputError, Problem
from network.io.tables import Column, read_table
from network.units import DAY_TYPES, PARKERS

_COLUMNS: Final = {
    **dict.fromkeys(("lot", "shared_from", "shared_to"), Column()),
    **dict.fromkeys(("shared_days", "group"), Column(required=False)),
}
_LIST: Final = re.compile(r"[;；,，、/\s]+")


def read_lot_hours(path: Path) -> list[dict[str, Any]]:
    """Rows (lot, start, end, days, group) of a CSV: when a lot may be shared, on all days where none are named.

    Raises InputError naming file, row and column of all that cannot be read.
    """
    table = read_table(path, _COLUMNS)
    rows, problems = [], []
    for at, row in enumerate(table.rows.tolist()):
        lot, start, end, days, group = (table.text(name, at) for name in _COLUMNS)
        found = {"lot": lot, "start": start, "end": end, "days": list(filter(None, _LIST.split(days))) or [*DAY_TYPES]}
        try:
            window_of(start, end)
            days_of(found["days"])
        except Refused as error:
            problems.append(Problem(f"{path.name}, row {row} ({lot})", error.what, error.hint))
        if group and group not in PARKERS:
            hint = f"use {', '.join(PARKERS)}, or leave it empty for all"
            problems.append(Problem(f"{path.name}, row {row}, column group", f"holds {group!r}", hint))
        rows.append(found | {"group": group})
    if problems:
        raise InputError(problems)
    return rows
