"""What a selection of columns (sites, loops) covers, and what may not be chosen together.

Letters: I rows (stations, blocks of people), J columns to choose among, R pairs (row, column that covers it).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from network import InputError, Problem
from optimise.location.inputs import below, length, rising, runs, too_high, whole_array
from optimise.problem import EXACT, I64

Flags = npt.NDArray[np.bool_]


def _nothing() -> I64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Choices:
    """Rows and the columns that cover them; every array is int64 and read-only.

    A row is covered once any chosen or existing column covers it. Raises InputError that names the array and the row.
    """

    first: I64
    """(I+1) pairs of row i are first[i]:first[i+1]."""
    site: I64
    """(R) column of each pair, rising within a row."""
    sites: int
    """J."""
    weight: I64 = field(default_factory=_nothing)
    """(I) what covering a row is worth, whole; 1 each where left out."""
    at_most_one: I64 = field(default_factory=_nothing)
    """(J) group of each column, -1 for none: one of a group at most, e.g. the places one stop may be moved to."""
    apart: I64 = field(default_factory=_nothing)
    """(P, 2) pairs of columns that exclude each other."""
    existing: I64 | Sequence[int] = ()
    """Columns that are there already: they cover their rows, fill their group, and are not chosen again."""
    forbidden: I64 | Sequence[int] = ()
    """Columns that may not be chosen."""

    def __post_init__(self) -> None:
        for name in ("first", "site", "weight", "at_most_one", "existing", "forbidden"):
            object.__setattr__(self, name, whole_array(f"Choices.{name}", getattr(self, name)))
        object.__setattr__(self, "apart", whole_array("Choices.apart", self.apart, width=2))
        rows = max(0, len(self.first) - 1)
        for name, count, value in (("weight", rows, 1), ("at_most_one", self.sites, -1)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, whole_array(name, np.full(count, value)))
        problems = _shape_problems(self) or _value_problems(self) or _clash_problems(self)
        if problems:
            raise InputError(problems)

    @property
    def rows(self) -> int:
        return len(self.first) - 1

    @cached_property
    def row(self) -> I64:
        """(R) row of each pair."""
        return np.repeat(np.arange(self.rows), np.diff(self.first))

    @cached_property
    def total_weight(self) -> int:
        return int(self.weight.sum())

    @cached_property
    def built(self) -> Flags:
        """(J) there already."""
        return _flags(self.existing, self.sites)

    @cached_property
    def free(self) -> Flags:
        """(J) may be chosen: not there already, not forbidden, not excluded by what is there."""
        taken = np.unique(self.at_most_one[self.built])
        shut = self.built | _flags(self.forbidden, self.sites)
        shut |= (self.at_most_one >= 0) & np.isin(self.at_most_one, taken)
        for one, other in ((0, 1), (1, 0)):
            shut[self.apart[self.built[self.apart[:, one]], other]] = True
        return ~shut

    def covered(self, chosen: Flags) -> Flags:
        """(I) rows that these columns (J) cover."""
        out = np.zeros(self.rows, np.bool_)
        out[self.row[chosen[self.site]]] = True
        return out

    def clash(self, chosen: Flags) -> bool:
        """Whether any of these columns (J) exclude each other."""
        group = self.at_most_one[chosen]
        group = group[group >= 0]
        return len(np.unique(group)) < len(group) or bool(chosen[self.apart].all(axis=1).any())


def _flags(which: I64 | Sequence[int], count: int) -> Flags:
    out = np.zeros(count, np.bool_)
    out[np.asarray(which, np.int64)] = True
    return out


def _shape_problems(c: Choices) -> list[Problem]:
    if c.sites < 0:
        return [Problem("Choices.sites", f"is {c.sites}", "give 0 or more")]
    problems = runs("Choices.first", c.first, len(c.site))
    problems += length("Choices.weight", c.weight, len(c.first) - 1, "rows")
    return problems + length("Choices.at_most_one", c.at_most_one, c.sites, "columns")


def _value_problems(c: Choices) -> list[Problem]:
    problems = below("Choices.weight", c.weight, 0) + below("Choices.at_most_one", c.at_most_one, -1)
    for name in ("site", "apart", "existing", "forbidden"):
        array = np.asarray(getattr(c, name))
        problems += below(f"Choices.{name}", array, 0) + too_high(f"Choices.{name}", array, c.sites, "columns")
    total = c.weight.sum(dtype=float)
    if not total < EXACT:
        problems.append(Problem("Choices.weight", f"adds up to {total:.3g}, past {EXACT}", "use a coarser unit"))
    return problems + rising("Choices.site", c.first, c.site)


def _clash_problems(c: Choices) -> list[Problem]:
    """Columns that are there already must not exclude each other, and none excludes itself."""
    problems = [
        Problem(f"Choices.apart[{k}]", f"names column {c.apart[k, 0]} twice", "name two columns")
        for k in np.flatnonzero(c.apart[:, 0] == c.apart[:, 1]).tolist()
    ]
    problems += [
        Problem(f"Choices.apart[{k}]", "names two columns that are both there already", "leave the pair out")
        for k in np.flatnonzero(c.built[c.apart].all(axis=1)).tolist()
    ]
    group, members = np.unique(c.at_most_one[c.built], return_counts=True)
    problems += [
        Problem("Choices.existing", f"has {n} columns of group {g}", "one of a group at most")
        for g, n in zip(group.tolist(), members.tolist(), strict=True)
        if g >= 0 and n > 1
    ]
    both = np.intersect1d(c.existing, c.forbidden)
    problems += [Problem("Choices.forbidden", f"names column {j}, which is there already") for j in both.tolist()]
    return problems
