"""The definitions of green trips as data, read from policy/green_definitions.csv, and a city by each of them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from network import LEAST_M, GreenDefinition, InputError, Outcome, Problem, green_share, units
from service.green_schemas import GreenChange, GreenShare
from service.policy import read_table

_FILE: Final = "policy/green_definitions.csv"
_WORDS: Final = {"official": ("", "yes"), "persons": ("residents", "all"), "unit": ("trip", "stage")}
_COLUMNS: Final = frozenset({"id", "en", "zh", "least_m", "ferry", "source", *_WORDS, *units.TRIP_MODES})
Row = Mapping[str, str]


def definitions(data_folder: Path) -> tuple[GreenDefinition, ...]:
    """Every row of the file, in its order.

    Raises InputError with all that is wrong, by row and column: an id given twice or not at all, a column that is no
    trip mode, a weight below 0 or above 1, words or distances that are not known, and any but one official row.
    """
    rows = read_table(data_folder, "green_definitions", _COLUMNS)
    known = ", ".join(units.TRIP_MODES)
    odd = sorted({str(name) for row in rows for name in row} - _COLUMNS)
    problems = [Problem(f"{_FILE}, column {name}", "is no trip mode", f"known are {known}") for name in odd]
    for name, count in Counter(row["id"] for row in rows).items():
        if count > 1 or not name:
            what = f"stands there {count} times" if name else "has no id"
            problems.append(Problem(f"{_FILE}, row {name!r}", what, "give each row its own id"))
    official = [row["id"] for row in rows if row["official"] == "yes"]
    if len(official) != 1:
        what = f"marks {', '.join(official) or 'no row'} as official"
        problems.append(Problem(f"{_FILE}, column official", what, "write yes in the one row of the official wording"))
    problems += [problem for row in rows for problem in _problems(row)]
    if problems:
        raise InputError(problems)
    return tuple(_definition(row) for row in rows)


def shares(given: Sequence[GreenDefinition], outcome: Outcome) -> list[GreenShare]:
    """The green-trip share by each definition."""
    return [GreenShare(**_told(d), value=green_share(outcome, d)) for d in given]


def changes(given: Sequence[GreenDefinition], before: Outcome, after: Outcome) -> list[GreenChange]:
    """The same before and after."""
    out = []
    for d in given:
        was, now = green_share(before, d), green_share(after, d)
        difference = None if was is None or now is None else now - was
        out.append(GreenChange(**_told(d), base=was, changed=now, difference=difference))
    return out


def _told(d: GreenDefinition) -> dict[str, Any]:
    names = "id", "official", "label_en", "label_zh", "persons", "unit", "source"
    return {name: getattr(d, name) for name in names}


def _problems(row: Row) -> list[Problem]:
    where = f"{_FILE}, row {row['id']}, column"
    out = [
        Problem(f"{where} {name}", f"is {row[name]!r}", f"use one of {', '.join(word or 'nothing' for word in words)}")
        for name, words in _WORDS.items()
        if row[name] not in words
    ]
    out += [
        Problem(f"{where} {name}", f"is {row[name]!r}", "a weight from 0 to 1 is needed")
        for name in (*units.TRIP_MODES, "ferry")
        if not 0.0 <= _number(row[name]) <= 1.0
    ]
    allowed = LEAST_M[:1] if row["unit"] == "stage" else LEAST_M
    if _number(row["least_m"]) not in allowed:
        hint = f"use one of {', '.join(f'{m:g}' for m in LEAST_M)}; stages are counted from 0"
        out.append(Problem(f"{where} least_m", f"is {row['least_m']!r}", hint))
    if _number(row["least_m"]) > 0 and _number(row["ferry"]) < 1:
        what = f"is {row['ferry']!r}, with a least_m of {row['least_m']}: rides by ferry are known of all trips alone"
        out.append(Problem(f"{where} ferry", what, "write 1 here, or 0 as least_m"))
    return out


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan


def _definition(row: Row) -> GreenDefinition:
    return GreenDefinition(
        id=row["id"],
        official=row["official"] == "yes",
        label_en=row["en"],
        label_zh=row["zh"],
        persons="all" if row["persons"] == "all" else "residents",
        unit="stage" if row["unit"] == "stage" else "trip",
        least_m=float(row["least_m"]),
        weights=tuple(float(row[mode]) for mode in units.TRIP_MODES),
        ferry=float(row["ferry"]),
        source=row["source"],
    )
