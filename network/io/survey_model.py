"""The description of a survey, read from TOML."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, get_args

from network.demand.likelihood import Nest
from network.demand.records import Kind, Variable
from network.demand.survey_model import PARAMETERS, SurveyModel, Term
from network.errors import InputError, Problem
from network.io.tables import read_text
from network.units import TRIP_MODES

_TABLES: Final = ("headers", "names", "scale", "bands", "modes", "nests", "fixed")
_KNOWN: Final = (*_TABLES, "reference", "household", "allow_signs", "variables")
_VARIABLE: Final = ("name", "kind", "columns", "column", "modes", "by_mode", "parameter")
_KINDS: Final = get_args(Kind)


def read_survey_model(path: Path) -> SurveyModel:
    """How the trips of a survey are explained. Raises InputError with all that is wrong, by table and entry."""
    try:
        data = tomllib.loads(read_text(path))
    except tomllib.TOMLDecodeError as error:
        raise InputError(Problem(path.name, f"is not valid TOML: {error}", "correct the text")) from None
    problems = list(_odd(data, path.name))
    problems = problems or list(_odd_entries(data, path.name))
    if problems:
        raise InputError(problems)
    modes = {mode: (own,) if isinstance(own, str) else tuple(own) for mode, own in data.get("modes", {}).items()}
    usual = SurveyModel()
    modes = modes or dict(usual.modes)
    reference = data.get("reference", usual.reference)
    return SurveyModel(
        modes=modes,
        reference=reference,
        household=data.get("household", usual.household),
        headers=data.get("headers", {}),
        names=data.get("names", {}),
        fixed=data.get("fixed", {}),
        scale=data.get("scale", {}),
        bands={name: tuple(map(float, edges)) for name, edges in data.get("bands", {}).items()},
        allow_signs=tuple(data.get("allow_signs", ())),
        nests=tuple(Nest(name, tuple(own)) for name, own in data.get("nests", {}).items()),
        terms=tuple(_terms(data, [mode for mode in modes if mode != reference])),
    )


def _terms(data: Mapping[str, Any], others: list[str]) -> Iterator[Term]:
    """A column without modes is of all but the reference, `others`: what is the same for all modes says nothing."""
    for one in data.get("variables", []):
        columns = one.get("columns") or dict.fromkeys(one.get("modes", others), one.get("column"))
        parameter = one.get("parameter", "")
        if one.get("by_mode", False):
            for mode, column in columns.items():
                yield Term(Variable(f"{one['name']}_{mode}", one["kind"], {mode: column}), parameter)
        else:
            yield Term(Variable(one["name"], one["kind"], columns), parameter)


def _odd(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    for key, value in data.items():
        if key not in _KNOWN:
            yield Problem(file, f"has an unknown entry {key!r}", f"known: {', '.join(_KNOWN)}")
        elif key in _TABLES and not isinstance(value, dict):
            yield Problem(f"{file}, {key}", "is not a table", f"write [{key}]")
        elif key == "variables" and not (isinstance(value, list) and all(isinstance(row, dict) for row in value)):
            yield Problem(f"{file}, {key}", "is not a list of tables", "write [[variables]]")
        elif key in {"reference", "household"} and not isinstance(value, str):
            yield Problem(f"{file}, {key}", f"is {value!r}", "a text is needed")
        elif key == "allow_signs" and not _texts(value):
            yield Problem(f"{file}, {key}", f"is {value!r}", 'a list of coefficients is needed: ["name"]')


def _odd_entries(data: Mapping[str, Any], file: str) -> Iterator[Problem]:
    needed: dict[str, tuple[Callable[[Any], bool], str]] = {
        "headers": (lambda v: isinstance(v, str), "the header of the column"),
        "names": (lambda v: isinstance(v, str), "the name of a mode or purpose"),
        "scale": (_number, "a number"),
        "fixed": (_number, "a number"),
        "bands": (_edges, "rising numbers, as [1000, 3000]"),
        "nests": (_texts, 'a list of modes, as ["car", "taxi"]'),
        "modes": (lambda v: _texts([v] if isinstance(v, str) else v), "the mode of the model, or a list of them"),
    }
    for table, (fits, what) in needed.items():
        for key, value in data.get(table, {}).items():
            if not fits(value):
                yield Problem(f"{file} [{table}] {key}", f"is {value!r}", f"give {what}")
            elif table == "modes":
                own = [value] if isinstance(value, str) else value
                yield from _unknown_modes(f"{file} [{table}] {key}", own, TRIP_MODES)
    modes = list(data.get("modes", TRIP_MODES))
    for n, one in enumerate(data.get("variables", []), 1):
        yield from _odd_variable(f"{file} [[variables]] {one.get('name', n)}", one, modes)


def _odd_variable(where: str, one: Mapping[str, Any], modes: list[str]) -> Iterator[Problem]:
    for key in one.keys() - set(_VARIABLE):
        yield Problem(where, f"has an unknown entry {key!r}", f"known: {', '.join(_VARIABLE)}")
    for key in ("name", "kind"):
        if not isinstance(one.get(key), str):
            yield Problem(where, f"lacks {key!r}", "give a text")
    if one.get("kind") not in _KINDS:
        yield Problem(f"{where}, kind", f"is {one.get('kind')!r}", f"use one of {', '.join(_KINDS)}")
    if one.get("parameter", PARAMETERS[0]) not in PARAMETERS:
        yield Problem(f"{where}, parameter", f"is {one['parameter']!r}", f"use one of {', '.join(PARAMETERS)}, or none")
    if not isinstance(one.get("by_mode", False), bool):
        yield Problem(f"{where}, by_mode", f"is {one['by_mode']!r}", "true or false")
    if ("column" in one) == ("columns" in one) or ("modes" in one and "columns" in one):
        yield Problem(where, "needs columns, or column and modes", 'write columns = { bus = "time_min_bus" }')
    columns = one.get("columns", {})
    if not isinstance(columns, dict) or not all(isinstance(c, str) or _number(c) for c in columns.values()):
        yield Problem(f"{where}, columns", "is not a table of columns by mode", 'write { bus = "time_min_bus" }')
    elif not isinstance(one.get("column", ""), str) or not _texts(one.get("modes", modes)):
        yield Problem(
            f"{where}, column, modes", "are not a text and a list of texts", 'column = "income", modes = ["car"]'
        )
    else:
        yield from _unknown_modes(f"{where}, columns", [*columns, *one.get("modes", [])], modes)


def _unknown_modes(where: str, named: list[str], known: Any) -> Iterator[Problem]:
    for mode in named:
        if mode not in known:
            yield Problem(where, f"names an unknown mode {mode!r}", f"known: {', '.join(known)}")


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < float("inf")


def _texts(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(text, str) for text in value)


def _edges(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(map(_number, value)) and sorted(set(value)) == value
