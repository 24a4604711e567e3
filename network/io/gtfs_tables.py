"""The tables of a GTFS feed, and what is wrong with them by file and row."""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np

from network.errors import InputError, Problem
from network.io.tables import Column, Table, read_table, read_text
from network.part import I64, Bools, Text

_NEEDED: Final = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
_FILES: Final = (
    *_NEEDED, "calendar.txt", "calendar_dates.txt", "frequencies.txt", "transfers.txt", "pathways.txt", "shapes.txt",
    "fare_attributes.txt", "fare_rules.txt", "fare_products.txt",
)  # fmt: skip
_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_BLANK, _BAD = -1, -2
_MOST_SHOWN = 50


@contextmanager
def feed_folder(path: Path) -> Iterator[Path]:
    """A folder with the files of a feed, which is a zip file or a folder. Raises InputError where it is no feed."""
    with tempfile.TemporaryDirectory() as unpacked:
        folder = path
        if not path.is_dir():
            folder = Path(unpacked)
            try:
                with zipfile.ZipFile(path) as feed:
                    for name in set(feed.namelist()) & set(_FILES):
                        (folder / name).write_bytes(feed.read(name))
            except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
                hint = "a GTFS feed is a zip file without a password, or a folder; fetch it again if it is damaged"
                said = str(error) or type(error).__name__
                raise InputError(Problem(path.name, f"cannot be read: {said}", hint)) from None
        lacking = [name for name in _NEEDED if not (folder / name).is_file()]
        if lacking:
            hint = "the files of a GTFS feed lie at its top level"
            raise InputError(Problem(path.name, f"lacks {', '.join(lacking)}", hint))
        yield folder


def optional_table(path: Path, columns: dict[str, Column]) -> Table | None:
    """As `read_table`; None where the file is not there or holds nothing but a header."""
    there = path.is_file() and read_text(path).partition("\n")[2].strip()
    return read_table(path, columns) if there else None


def rows_of(table: Table, at: I64) -> Table:
    return Table(table.name, table.rows[at], {name: column[at] for name, column in table.columns.items()})


def texts_of(table: Table, column: str) -> Text:
    """A column that may be absent; "" there."""
    return table.texts(column) if column in table else np.full(len(table), "", np.str_)


def positions(table: Table, column: str, known: Text, file: str) -> I64:
    """Where each id of a column stands among the known ones, which are those of another file."""
    ids = table.texts(column)
    found = positions_or_none(ids, known)
    raise_all(
        Problem(
            f"{table.name}, row {table.rows[i]}, column {column}",
            f"{str(ids[i])!r} is not in {file}",
            f"add it to {file}, or leave the row out",
        )
        for i in np.flatnonzero(found < 0)
    )
    return found


def positions_or_none(ids: Text, known: Text) -> I64:
    """Where each id stands among the known ones, -1 where it does not."""
    if not len(known):
        return np.full(len(ids), -1, np.int64)
    order = np.argsort(known, kind="stable")
    at = order[np.minimum(np.searchsorted(known[order], ids), len(known) - 1)]
    return np.where(known[at] == ids, at, -1)


def seconds_of(table: Table, column: str, *, needed: bool) -> I64:
    """Times of day, hours past 24 included, in seconds; -1 where there is none and none is needed."""
    texts, which = np.unique(table.texts(column), return_inverse=True)
    worth = np.full(len(texts), _BAD, np.int64)
    for i, text in enumerate(texts.tolist()):
        if found := _TIME.fullmatch(text):
            hours, minutes, seconds = map(int, found.groups())
            worth[i] = hours * 3600 + minutes * 60 + seconds
        elif not text and not needed:
            worth[i] = _BLANK
    raise_all(
        Problem(
            f"{table.name}, row {table.rows[i]}, column {column}",
            f"{str(texts[which[i]])!r} is not a time",
            "write 08:05:00",
        )
        for i in np.flatnonzero(worth[which] == _BAD)
    )
    out: I64 = worth[which]
    return out


def refuse(table: Table, wrong: Bools, what: str, hint: str) -> None:
    """Raise InputError naming every row that is wrong."""
    raise_all(Problem(f"{table.name}, row {table.rows[i]}", what, hint) for i in np.flatnonzero(wrong))


def raise_all(problems: Iterable[Problem]) -> None:
    """Raise InputError where there are problems, with the first of them and how many more there are."""
    found = list(problems)
    if found:
        more = [Problem("", f"and {len(found) - _MOST_SHOWN} more")] if len(found) > _MOST_SHOWN else []
        raise InputError(found[:_MOST_SHOWN] + more)
