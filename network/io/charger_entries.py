"""What the readers of charging stations share: an entry of a file, and what is wrong with all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from network.errors import Problem
from network.io.plugs import Sorted
from network.units import FAST, SLOW, ULTRA_FAST

OUT_OF_OPERATION: Final = "out of operation"
NOT_PUBLIC: Final = "not public"
OTHER_FUEL: Final = "of another fuel"
_NAMED: Final = 5


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One station of a file: where it stands there, and what it has in operation."""

    row: int
    """Line of a table, or number of the entry counted from 1."""
    id: str
    name: str
    lon: float
    lat: float
    plugs: Sorted
    feeder: str = ""


@dataclass(frozen=True)
class Found:
    """Stations of one file, how many were left out and why, and what is to be told besides."""

    entries: list[Entry]
    left_out: Counter[str] = field(default_factory=Counter)
    notes: tuple[str, ...] = ()


def summed(parts: Iterable[Sorted]) -> Sorted:
    """All plugs together."""
    slow = fast = ultra = guessed = 0
    for plugs, unsure in parts:
        slow, fast, ultra = slow + plugs[SLOW], fast + plugs[FAST], ultra + plugs[ULTRA_FAST]
        guessed += unsure
    return Sorted((slow, fast, ultra), guessed)


def rows_text(rows: Iterable[int]) -> str:
    """`row 3` or `rows 3, 7, 9 and 4 more`."""
    numbers = list(rows)
    more = f" and {len(numbers) - _NAMED} more" if len(numbers) > _NAMED else ""
    return ("row " if len(numbers) == 1 else "rows ") + ", ".join(map(str, numbers[:_NAMED])) + more


def repeated(file: str, rows: Iterable[int], keys: Iterable[str], hint: str) -> list[Problem]:
    """A problem for each station that several rows name, and for those that name none."""
    of_key: dict[str, list[int]] = {}
    for row, key in zip(rows, keys, strict=True):
        of_key.setdefault(key, []).append(row)
    nameless = (
        [Problem(f"{file}, {rows_text(of_key.pop(''))}", "the id is missing", "fill it in, or leave the row out")]
        if "" in of_key
        else []
    )
    return nameless + [
        Problem(file, f"{rows_text(same)} repeat station {key}", hint) for key, same in of_key.items() if len(same) > 1
    ]
