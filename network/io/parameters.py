"""Every number of the model that is not measured here: read once, with unit, label, source and default flag.

A file `data/parameters/<stem>.toml` holds one table per parameter; code asks for `<stem>.<table>`.
"""

from __future__ import annotations

import difflib
import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from network.city import Provenance
from network.edits.base import MOST
from network.errors import InputError, Problem
from network.part import F64, I32

Value = float | int | str | list[Any]
_FIELDS = {"value", "unit", "label", "source", "default"}
_CITY = "city.toml"


@dataclass(frozen=True)
class Parameter:
    """One editable number (or text, or nested list of numbers) and where it comes from."""

    value: Value
    unit: str
    label: str
    source: str
    default: bool
    """True where it stands in for local data."""


class Parameters:
    """The parameters of one build. Remembers which were used, so that a city can name every default it rests on."""

    def __init__(self, known: Mapping[str, Parameter]) -> None:
        self._known = dict(known)
        self._used: set[str] = set()

    @classmethod
    def load(cls, data_folder: Path, overrides: Mapping[str, Mapping[str, Any]] | None = None) -> Parameters:
        """All of `data_folder/parameters/*.toml`, with a city's own values (key -> value, source) put over them.

        Raises InputError naming every table that is incomplete and every override of a parameter that is not there.
        """
        known: dict[str, Parameter] = {}
        problems: list[Problem] = []
        files = sorted((data_folder / "parameters").glob("*.toml"))
        if not files:
            raise InputError(Problem("parameters", "no parameter file is there", "name the data folder with --data"))
        for file in files:
            for name, table in _read(file).items():
                known[f"{file.stem}.{name}"] = _parameter(f"{file.name} [{name}]", table, problems)
        for key, table in (overrides or {}).items():
            if key not in known:
                problems.append(_unknown(_CITY, key, known))
            else:
                known[key] = _override(key, table, known[key], problems)
        if problems:
            raise InputError(problems)
        return cls(known)

    def value(self, key: str) -> Any:
        """Value of `<file stem>.<table>`; from now on it counts as used. Raises InputError with the nearest name."""
        if key not in self._known:
            raise InputError(_unknown("parameters", key, self._known))
        self._used.add(key)
        return self._known[key].value

    def number(self, key: str) -> float:
        """The value as one number. Raises InputError where it is text or a list."""
        value = self.value(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(Problem(f"parameter {key}", f"is {value!r}, not a number", "give one number"))
        return float(value)

    def positive(self, key: str) -> float:
        """The value as a number above 0. Raises InputError where it is not."""
        number = self.number(key)
        if not number > 0:
            raise InputError(Problem(f"parameter {key}", f"is {number:g}", "a number above 0 is needed"))
        return number

    def array(self, key: str) -> F64:
        """The value as an array of numbers of its own shape. Raises InputError where it is ragged or not numbers."""
        try:
            return np.array(self.value(key), dtype=np.float64)
        except (TypeError, ValueError):
            raise InputError(
                Problem(f"parameter {key}", "is not a regular table of numbers", "give rows of numbers, all as long")
            ) from None

    def positions(self, key: str, names: Sequence[str]) -> I32:
        """The value as positions in `names`. Raises InputError that tells the names where one is not among them."""
        value = self.value(key)
        odd = [name for name in value if name not in names] if isinstance(value, list) else [value]
        if odd:
            raise InputError(Problem(f"parameter {key}", f"holds {odd[0]!r}", f"use {', '.join(names)}"))
        return np.array([names.index(name) for name in value], dtype=np.int32)

    def keys(self) -> list[str]:
        return sorted(self._known)

    def parameter(self, key: str) -> Parameter:
        """One parameter without counting it as used, for tables and docs."""
        if key not in self._known:
            raise InputError(_unknown("parameters", key, self._known))
        return self._known[key]

    def provenance(self) -> list[tuple[str, str, str, str, bool]]:
        """Rows (key, value as canonical JSON, unit, source, is_default) of the parameters used so far, by key."""
        rows = ((key, self._known[key]) for key in sorted(self._used))
        return [(key, canonical_json(p.value), p.unit, p.source, p.default) for key, p in rows]


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def provenance_part(rows: list[tuple[str, str, str, str, bool]], attribution: tuple[str, ...]) -> Provenance:
    """The City part that carries provenance rows."""
    columns = list(zip(*rows, strict=True)) if rows else [()] * 5
    return Provenance(
        key=np.array(columns[0], dtype=np.str_),
        value=np.array(columns[1], dtype=np.str_),
        unit=np.array(columns[2], dtype=np.str_),
        source=np.array(columns[3], dtype=np.str_),
        is_default=np.array(columns[4], dtype=np.bool_),
        attribution=np.array(attribution, dtype=np.str_),
    )


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(Problem(file.name, f"is not valid TOML: {error}", "correct the text")) from None


def _parameter(where: str, table: Any, problems: list[Problem]) -> Parameter:
    fields = set(table) if isinstance(table, dict) else set()
    if fields != _FIELDS:
        odd = ", ".join(sorted(fields ^ _FIELDS))
        problems.append(Problem(where, f"has missing or unknown entries: {odd}", f"needs {', '.join(sorted(_FIELDS))}"))
        return Parameter(0, "", "", "", default=True)
    problems += _too_large(where, table["value"])
    return Parameter(table["value"], table["unit"], table["label"], table["source"], bool(table["default"]))


def _override(key: str, table: Any, base: Parameter, problems: list[Problem]) -> Parameter:
    fields = set(table) if isinstance(table, dict) else set()
    if not {"value", "source"} <= fields <= {"value", "source", "default"}:
        problems.append(Problem(f'{_CITY} [parameters."{key}"]', "needs value and source", "and may have default"))
        return base
    if not _alike(table["value"], base.value):
        problems.append(
            Problem(
                f'{_CITY} [parameters."{key}"]',
                f"is {table['value']!r}, unlike {base.value!r}",
                "give as many values of the same kind",
            )
        )
        return base
    problems += _too_large(f'{_CITY} [parameters."{key}"]', table["value"])
    return Parameter(table["value"], base.unit, base.label, table["source"], bool(table.get("default", False)))


def _too_large(where: str, value: Any) -> list[Problem]:
    """A problem for a number, in a list or not, that is infinite, none, or beyond what is computed with."""
    if isinstance(value, list):
        return [problem for one in value for problem in _too_large(where, one)][:1]
    if isinstance(value, int | float) and not abs(value) <= MOST:
        return [Problem(where, f"holds {value!r:.20}", f"numbers from {-MOST:,.0f} to {MOST:,.0f} are allowed")]
    return []


def _alike(value: Any, base: Value) -> bool:
    """Whether a value can stand for another: a number for a number, not negative for what never is."""
    if not isinstance(base, int | float):
        return isinstance(value, type(base))
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < math.inf
    return is_number and (value >= 0 or base < 0)


def _unknown(where: str, key: str, known: Mapping[str, Parameter]) -> Problem:
    near = difflib.get_close_matches(key, known, n=1)
    return Problem(where, f"there is no parameter {key}", f"did you mean {near[0]}?" if near else "")
