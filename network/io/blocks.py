"""A table of what each bus of an operator does on a day."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from network.errors import InputError, Problem
from network.io.tables import Column, read_table

_COLUMNS: Final = {
    "id": Column(unique=True),
    "depot": Column(),
    "out": Column(),
    "back": Column(),
    "km": Column(number=True, low=0),
}
_CLOCK: Final = re.compile(r"\d{1,2}:[0-5]\d")


def read_blocks(path: Path) -> list[dict[str, Any]]:
    """Rows (id, depot, out, back, km) of a CSV; times as HH:MM, which go on past 24:00 after midnight.

    Raises InputError naming file, row and column of all that cannot be read.
    """
    table = read_table(path, _COLUMNS)
    problems = [
        Problem(f"{path.name}, row {row}, column {name}", f"holds {text!r}", "write HH:MM, such as 05:40 or 24:30")
        for name in ("out", "back")
        for row, text in zip(table.rows.tolist(), table.texts(name).tolist(), strict=True)
        if not _CLOCK.fullmatch(text)
    ]
    if problems:
        raise InputError(problems)
    texts = [table.texts(name).tolist() for name in ("id", "depot", "out", "back")]
    rows = zip(*texts, table.numbers("km").tolist(), strict=True)
    return [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
