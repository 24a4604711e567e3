"""Observed trips: which mode each took, what else it could have taken, and what that would have cost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Bools, Part, Spec, Text

Kind = Literal["constant", "time", "cost", "other"]
MOST_SHOWN: Final = 50


class Variable(NamedTuple):
    """One term of the utilities: a coefficient times a column or a number for each mode that has the term.

    Modes that are not named do not have it. Several variables may share a coefficient. A time or a cost cannot be
    liked: its coefficient is refused where it comes out positive.
    """

    coefficient: str
    kind: Kind
    columns: Mapping[str, str | float]


def constants(modes: Sequence[str], reference: str) -> list[Variable]:
    """The alternative-specific constants, called `constant_<mode>`, of all modes but the reference."""
    return [Variable(f"constant_{mode}", "constant", {mode: 1.0}) for mode in modes if mode != reference]


@dataclass(frozen=True, eq=False, kw_only=True)
class TripRecords:
    """Trips (N) as a survey has them, with the modes (J) they were chosen from."""

    modes: tuple[str, ...]
    row: I32
    """(N) where each trip stands in its table, for messages."""
    chosen: I32
    """(N) position of the mode taken."""
    available: Bools
    """(N, J)"""
    weight: F64
    """(N) how many trips each one stands for, all by the same measure."""
    purpose: Text
    """(N), empty where the survey does not say."""
    columns: Mapping[str, F64]
    """Name -> (N) numbers; NaN where a mode that is not available has none."""

    def __len__(self) -> int:
        return len(self.chosen)

    def where(self, kept: Bools) -> TripRecords:
        """The trips marked in `kept` (N)."""
        parts: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        arrays = {name: part[kept] for name, part in parts.items() if isinstance(part, np.ndarray)}
        columns = {name: column[kept] for name, column in self.columns.items()}
        return TripRecords(**{**parts, **arrays, "columns": columns})


@dataclass(frozen=True, eq=False, kw_only=True)
class Choices(Part):
    """Choices of cases (N) among alternatives (J) by the variables behind each coefficient (V).

    Raises InputError where a case chose what it did not have, or nothing has a weight.
    """

    mode: Annotated[Text, Spec("U", ("J",))]
    coefficient: Annotated[Text, Spec("U", ("V",))]
    kind: Annotated[Text, Spec("U", ("V",))]
    x: Annotated[F64, Spec("f8", ("N", "J", "V"))]
    available: Annotated[Bools, Spec("b", ("N", "J"))]
    chosen: Annotated[I32, Spec("i4", ("N",), 0)]
    weight: Annotated[F64, Spec("f8", ("N",), 0)]

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = []
        modes = len(self.mode)
        if not self.weight.sum() > 0:
            problems.append(Problem("Choices.weight", "no case has a weight", "is the table empty?"))
        if (self.chosen >= modes).any():
            problems.append(Problem("Choices.chosen", f"names alternative {self.chosen.max()} of {modes}"))
        else:
            lost = np.flatnonzero(~np.take_along_axis(self.available, self.chosen[:, None], axis=1)[:, 0])
            if len(lost):
                what = f"{len(lost)} cases chose what they did not have, the first is case {lost[0]}"
                problems.append(Problem("Choices.available", what, "make the mode available there or leave it out"))
        if problems:
            raise InputError(problems)

    @property
    def observed_shares(self) -> F64:
        """(J) weighted shares of the modes as they were chosen."""
        return np.asarray(np.bincount(self.chosen, self.weight, len(self.mode)) / self.weight.sum())


def choices_of(records: TripRecords, variables: Sequence[Variable]) -> Choices:
    """The choices of trips by the variables of a model.

    Raises InputError naming all modes, columns and kinds that do not fit, and rows without a number that is needed.
    """
    names = list(dict.fromkeys(v.coefficient for v in variables))
    problems = list(_misfits(records, variables))
    if not names:
        problems.append(Problem("variables", "there are none", "name at least the constants of the modes"))
    if problems:
        raise InputError(problems)
    x = np.zeros((len(records), len(records.modes), len(names)))
    for variable in variables:
        at = names.index(variable.coefficient)
        for mode, column in variable.columns.items():
            j = records.modes.index(mode)
            values = records.columns[column] if isinstance(column, str) else np.full(len(records), float(column))
            there = records.available[:, j]
            problems += _no_numbers(records, f"{column} of {mode}", there & ~np.isfinite(values))
            x[:, j, at] += np.where(there, values, 0.0)
    if problems:
        raise InputError(most_shown(problems, "trips"))
    kinds = {v.coefficient: v.kind for v in variables}
    return Choices(
        mode=np.array(records.modes),
        coefficient=np.array(names),
        kind=np.array([kinds[name] for name in names]),
        x=x,
        available=records.available,
        chosen=records.chosen,
        weight=records.weight,
    )


def most_shown(problems: list[Problem], where: str) -> list[Problem]:
    """The first problems, and one that says how many more there are."""
    more = len(problems) - MOST_SHOWN
    return problems[:MOST_SHOWN] + ([Problem(where, f"and {more} more problems")] if more > 0 else [])


def _misfits(records: TripRecords, variables: Sequence[Variable]) -> Iterator[Problem]:
    kinds: dict[str, Kind] = {}
    for variable in variables:
        where = f"variable {variable.coefficient}"
        if kinds.setdefault(variable.coefficient, variable.kind) != variable.kind:
            yield Problem(where, f"is both {kinds[variable.coefficient]} and {variable.kind}", "name two coefficients")
        for mode, column in variable.columns.items():
            if mode not in records.modes:
                yield Problem(where, f"names an unknown mode {mode!r}", f"known: {', '.join(records.modes)}")
            if isinstance(column, str) and column not in records.columns:
                yield Problem(where, f"there is no column {column!r}", f"known: {', '.join(records.columns)}")


def _no_numbers(records: TripRecords, what: str, wrong: Bools) -> Iterator[Problem]:
    for at in np.flatnonzero(wrong):
        yield Problem(f"trips, row {records.row[at]}", f"{what} is not a number", "or is the mode not available?")
