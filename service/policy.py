"""The policy targets as data, and how a city stands against each row: none is left out."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeVar

from network import METRICS, InputError, Problem
from optimise import Target, Verdict, judge
from service.green_schemas import GreenShare
from service.outturns import Outturn, known_outturns, read_outturns, reported
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


class _Judged(Protocol):
    @property
    def verdicts(self) -> list[Verdict]: ...


P = TypeVar("P", bound=_Judged)


def targets(
    data_folder: Path,
    areas: Sequence[str],
    metrics: Mapping[str, float | None],
    green: Sequence[GreenShare] = (),
    outturns: Path | None = None,
) -> list[TargetRow]:
    """Every row of targets.csv, in its order, for a city that answers for `areas` (ids or names of areas.csv).

    `green` are its green-trip shares by every definition, to be listed beside the readings that are judged; `outturns`
    is a file of reported figures, which come before those of outturns.csv.

    Raises InputError naming file, row and column where the files cannot be used.
    """
    names, own = _areas(data_folder, areas)
    rows = read_table(data_folder, "targets", _COLUMNS)
    told = known_outturns(data_folder, rows, names)
    if outturns is not None:
        told += read_outturns(outturns, rows, names)
    return [_judged(row, own, metrics, green, told) for row in rows]


def beside_reported(data_folder: Path, areas: Sequence[str], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Verdicts on a plan whose notes say what is reported of the same metric for an area the city answers for."""
    names, own = _areas(data_folder, areas)
    rows = read_table(data_folder, "targets", _COLUMNS)
    outturns = known_outturns(data_folder, rows, names)
    out = []
    for verdict in verdicts:
        for row in rows:
            told = reported(row, outturns) if row["area"] in own else None
            if told is None or verdict.target.metric not in row["luxing_metric"].split(";"):
                continue
            share = "" if told.percent is None else f", {told.percent:.0f} % of {row['id']}"
            words = f"reported {told.year}: {told.value:,g} {told.unit}{share}"
            verdict = replace(verdict, note="; ".join(filter(None, (verdict.note, words))))  # noqa: PLW2901
        out.append(verdict)
    return out


def told(proposal: P, data_folder: Path, areas: Sequence[str]) -> P:
    """A proposal whose verdicts say what is reported."""
    proposal.verdicts[:] = beside_reported(data_folder, areas, proposal.verdicts)
    return proposal


def _areas(data_folder: Path, areas: Sequence[str]) -> tuple[list[str], frozenset[str]]:
    """Ids of all areas, and of those that a city answers for."""
    known = read_table(data_folder, "areas", _AREA_COLUMNS)
    own = (row["id"] for row in known if {row["id"], row["name_zh"], row["name_en"]} & set(areas))
    return [row["id"] for row in known], frozenset(own)


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
        raise InputError(
            Problem(
                f"policy/{file.name}",
                f"lacks the columns {', '.join(sorted(missing))}",
                "name a complete data folder with --data or LUXING_DATA",
            )
        )
    return rows


def _judged(
    row: Row,
    own: frozenset[str],
    metrics: Mapping[str, float | None],
    green: Sequence[GreenShare],
    outturns: Sequence[Outturn],
) -> TargetRow:
    target = _number(row, "target_value")
    names = [name for name in row["luxing_metric"].split(";") if name]
    for name in names:
        if name not in METRICS:
            raise InputError(
                Problem(
                    f"policy/targets.csv, row {row['id']}",
                    f"no metric is called {name!r}",
                    "name a metric of docs/reference.md",
                )
            )
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
        reported=reported(row, outturns) if row["area"] in own else None,
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
