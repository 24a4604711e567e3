"""The policy targets as data, and how a city stands against each row: none is left out."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from network import METRICS, InputError, Problem
from optimise import Target, judge
from service.green_schemas import GreenShare
from service.schemas import Reading, TargetRow

_STATUS: Final[dict[str, Literal["computed", "tracked by hand", "not yet modelled"]]] = {
    "computed": "computed",
    "hand": "tracked by hand",
    "not_yet": "not yet modelled",
}
_DOCUMENT_STATUS: Final = {"issued": "issued", "draft": "draft"}
_COLUMNS: Final = frozenset({
    "id", "document", "status", "zh", "en", "comparison", "value", "value_high", "values", "unit", "year", "area",
    "tracking", "luxing_metric", "target_value", "room", "note",
})  # fmt: skip
_AREA_COLUMNS: Final = frozenset({"id", "name_zh", "name_en"})
_GREEN: Final = "green_trip_share"
_JUDGED: Final = ("at_least", "at_most")
_SIGNS: Final = {"at_least": "≥ ", "at_most": "≤ ", "about": "about "}
Row = Mapping[str, str]


def targets(
    data_folder: Path, areas: Sequence[str], metrics: Mapping[str, float | None], green: Sequence[GreenShare] = ()
) -> list[TargetRow]:
    """Every row of targets.csv, in its order, for a city that answers for `areas` (ids or names of areas.csv).

    `green` are its green-trip shares by every definition, to be listed beside the readings that are judged.

    Raises InputError naming file, row and column where the files cannot be used.
    """
    known = read_table(data_folder, "areas", _AREA_COLUMNS)
    own = frozenset(row["id"] for row in known if {row["id"], row["name_zh"], row["name_en"]} & set(areas))
    return [_judged(row, own, metrics, green) for row in read_table(data_folder, "targets", _COLUMNS)]


def read_table(data_folder: Path, name: str, columns: frozenset[str]) -> tuple[Row, ...]:
    """Rows of `policy/<name>.csv`. Raises InputError where the file or a column is missing."""
    file = data_folder / "policy" / f"{name}.csv"
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            rows = tuple(reader)
    except FileNotFoundError:
        hint = "name a complete data folder with --data or LUXING_DATA"
        raise InputError(Problem(f"policy/{name}.csv", "is not there", hint)) from None
    missing = columns - set(reader.fieldnames or ())
    if missing:
        raise InputError(Problem(f"policy/{file.name}", f"lacks the columns {', '.join(sorted(missing))}"))
    return rows


def _judged(
    row: Row, own: frozenset[str], metrics: Mapping[str, float | None], green: Sequence[GreenShare]
) -> TargetRow:
    target = _number(row, "target_value")
    names = [name for name in row["luxing_metric"].split(";") if name]
    for name in names:
        if name not in METRICS:
            raise InputError(Problem(f"policy/targets.csv, row {row['id']}", f"no metric is called {name!r}"))
    held = row["area"] in own and row["tracking"] == "computed"
    return TargetRow(
        id=row["id"],
        status=_known(row, "tracking", _STATUS),
        applies=row["area"] in own,
        document=row["document"],
        document_status=_known(row, "status", _DOCUMENT_STATUS),
        text_en=row["en"],
        text_zh=row["zh"],
        comparison=row["comparison"],
        required=_required(row),
        year=None if (year := _number(row, "year")) is None else int(year),
        area=row["area"],
        target=target,
        readings=[_reading(name, row["comparison"], target, metrics) for name in names] if held else [],
        green_shares=list(green) if held and _GREEN in names else [],
        note=_note(row, own),
    )


def _reading(name: str, comparison: str, target: float | None, metrics: Mapping[str, float | None]) -> Reading:
    metric, gap, met = METRICS[name], None, None
    value = metrics.get(name)
    if target is not None and comparison == "equal" and value is not None:
        gap, met = abs(value - target), math.isclose(value, target)
    elif target is not None and comparison in _JUDGED:
        (verdict,) = judge(metrics, [Target(metric=name, op=comparison, value=target)])  # type: ignore[arg-type]
        gap, met = verdict.gap, None if verdict.value is None else verdict.met
    return Reading(
        metric=name,
        label_en=metric.label_en,
        label_zh=metric.label_zh,
        unit=metric.unit,
        value=value,
        gap=gap,
        met=met,
    )


def _required(row: Row) -> str:
    """The number as the text has it."""
    value, high = row["value"], row["value_high"]
    number = f"{value} to {high}" if high else value or row["values"].replace(";", ", ")
    return f"{_SIGNS.get(row['comparison'], '')}{number} {row['unit']}".strip() if number else row["comparison"]


def _note(row: Row, own: frozenset[str]) -> str:
    notes = [row["note"]]
    if row["area"] not in own:
        notes.insert(0, f"It speaks of the area {row['area']}, for which this city does not answer.")
    if row["tracking"] == "not_yet":
        notes.insert(0, f"Will be answered by: {row['room']}.")
    return " ".join(filter(None, notes))


def _number(row: Row, column: str) -> float | None:
    try:
        return float(row[column]) if row[column] else None
    except ValueError:
        where = f"policy/targets.csv, row {row['id']}, column {column}"
        raise InputError(Problem(where, f"{row[column]!r} is not a number", "correct the file")) from None


def _known(row: Row, column: str, known: Mapping[str, Any]) -> Any:
    if row[column] not in known:
        where = f"policy/targets.csv, row {row['id']}, column {column}"
        raise InputError(Problem(where, f"is {row[column]!r}", f"use one of {', '.join(known)}"))
    return known[row[column]]
