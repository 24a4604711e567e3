"""The errors people meet: each one names the places and the remedies."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: `where` it is, `what` it is, and what to do about it (`hint`)."""

    where: str
    what: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.what}" + (f" ({self.hint})" if self.hint else "")


class CityError(Exception):
    """Something about a city, its inputs or its scenario cannot be used; `problems` lists all of it at once."""

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = [problems] if isinstance(problems, Problem) else list(problems)
        super().__init__("\n".join(map(str, self.problems)))

    def __reduce__(self) -> tuple[type[CityError], tuple[list[Problem]]]:
        return type(self), (self.problems,)


class InputError(CityError):
    """An input file, table or array is wrong."""


class ScenarioError(CityError):
    """A scenario cannot be applied to this city."""


class UnknownId(CityError):
    """A city, job, street, zone or place of that name is not there."""
