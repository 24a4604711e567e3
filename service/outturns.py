"""What is reported to have been reached: figures of years gone by, held against the policy targets."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from network import METRICS, InputError, Problem
from service.outturn_schemas import Reported

COLUMNS: Final = ("target", "area", "year", "value", "unit", "source")
"""Columns that a file has to have; `note` and `note_zh` may be there besides."""
_KIND_OF_FILE: Final = f"give a CSV in UTF-8 with the columns {', '.join(COLUMNS)}"
_FILE: Final = "outturns.csv"
_YEARS: Final = (1900, 2200)
Row = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Outturn:
    """One reported figure. target: id of a row of targets.csv, or a metric."""

    target: str
    area: str
    year: int
    value: float
    unit: str
    source: str
    note: str
    note_zh: str

    def speaks_of(self, row: Row) -> bool:
        named = {row["id"], *row["luxing_metric"].split(";")}
        return self.target in named and self.area == row["area"]


def read_outturns(file: Path, rows: Sequence[Row], areas: Sequence[str]) -> list[Outturn]:
    """The figures of a CSV file. rows: those of targets.csv; areas: ids of areas.csv.

    Raises InputError naming every bad row, with its line in the file.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            given = [(reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        raise InputError(Problem(str(file), f"cannot be read: {why}", _KIND_OF_FILE)) from None
    missing = set(COLUMNS) - set(reader.fieldnames or ())
    if missing:
        raise InputError(Problem(file.name, f"lacks the columns {', '.join(sorted(missing))}", _KIND_OF_FILE))
    found, problems, seen = [], [], dict[tuple[str, str, str], int]()
    for line, row in given:
        wrong = _problems(f"{file.name}, line {line}", row, rows, areas)
        key = _text(row, "target"), _text(row, "area"), _text(row, "year")
        if not wrong and key in seen:
            wrong = [Problem(f"{file.name}, line {line}", f"says again what line {seen[key]} says", "keep one of both")]
        seen.setdefault(key, line)
        problems += wrong
        if not wrong:
            found.append(_outturn(row))
    if problems:
        raise InputError(problems)
    return found


def known_outturns(data_folder: Path, rows: Sequence[Row], areas: Sequence[str]) -> list[Outturn]:
    """Those of the data folder; none where it has no such file."""
    file = data_folder / "policy" / _FILE
    return read_outturns(file, rows, areas) if file.exists() else []


def reported(row: Row, outturns: Sequence[Outturn]) -> Reported | None:
    """The latest figure on a row of targets.csv, the last given of its year, and how it stands to the number."""
    ours = [o for o in outturns if o.speaks_of(row)]
    if not ours:
        return None
    last = max(reversed(ours), key=lambda o: o.year)
    goal = _goal(row)
    return Reported(
        value=last.value,
        unit=last.unit,
        year=last.year,
        percent=100.0 * last.value / goal if goal else None,
        met=None if goal is None else _met(row["comparison"], last.value, goal),
        source=last.source,
        note=last.note,
        note_zh=last.note_zh,
    )


def _goal(row: Row) -> float | None:
    text = row["target_value"] or row["value"]
    return float(text) if text else None


def _met(comparison: str, value: float, goal: float) -> bool | None:
    if comparison == "equal":
        return math.isclose(value, goal)
    return {"at_least": value >= goal, "at_most": value <= goal}.get(comparison)


def _problems(where: str, row: Row, rows: Sequence[Row], areas: Sequence[str]) -> list[Problem]:
    found = [Problem(where, f"has no {name}", "fill it in") for name in COLUMNS if not _text(row, name)]
    if found:
        return found
    target, area, year, unit = (_text(row, name) for name in ("target", "area", "year", "unit"))
    if None in row:
        found.append(Problem(where, "has more cells than the header", "quote a text that has commas"))
    units = _units(target, rows)
    if not units:
        hint = "name the id of a row of policy/targets.csv, such as PRK-1, or a metric"
        found.append(Problem(where, f"no target or metric is called {target!r}", hint))
    elif unit not in units:
        found.append(Problem(where, f"unit is {unit!r}, {target} is counted in {units[0]}", "convert the figure"))
    if area not in areas:
        found.append(Problem(where, f"no area is called {area!r}", f"use {', '.join(areas)}"))
    if not (re.fullmatch(r"\d{4}", year) and _YEARS[0] <= int(year) <= _YEARS[1]):
        found.append(Problem(where, f"year is {year!r}", "write a year such as 2025"))
    if not _is_number(_text(row, "value")):
        hint = "write 10491, without separators or units"
        found.append(Problem(where, f"value is {_text(row, 'value')!r}, not a number of zero or more", hint))
    return found


def _units(target: str, rows: Sequence[Row]) -> list[str]:
    own = [row["target_unit"] or row["unit"] for row in rows if row["id"] == target]
    return own or ([METRICS[target].unit] if target in METRICS else [])


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) >= 0
    except ValueError:
        return False


def _outturn(row: Row) -> Outturn:
    return Outturn(
        target=_text(row, "target"),
        area=_text(row, "area"),
        year=int(_text(row, "year")),
        value=float(_text(row, "value")),
        unit=_text(row, "unit"),
        source=_text(row, "source"),
        note=_text(row, "note"),
        note_zh=_text(row, "note_zh"),
    )


def _text(row: Row, name: str) -> str:
    return (row.get(name) or "").strip()
