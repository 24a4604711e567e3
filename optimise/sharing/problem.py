"""Which lots share how many spaces with whom, on which type of day, in whole numbers.

Letters: G groups of parkers, D day types, B blocks, L lots, R pairs (block, lot) within a group's walk, Q rows.

A permit is one space in one lot for the whole window of one group on days of one type: it never moves to another hour
or lot. Of what a lot offers to the groups on a type of day, n (G), each of its rows says

    sum of n over the groups of `active` <= table[c],  c = sum of n over the groups of `closed` < len(table)

so a row of the hours inside windows has no closed group and one number, and a row of the hours after a window counts
who may be late. Nothing is offered to a group beyond what its blocks within reach want.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from network import InputError, Problem, digest_of
from optimise.problem import I64
from optimise.sharing.inputs import problems_of

Flags = npt.NDArray[np.bool_]
SharingObjective = Literal["met", "walking", "cost"]


def _nothing() -> I64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class SharingProblem:
    """Open lots, offer spaces and give permits; everything is int64 (`allowed` bool) and read-only.

    "met": most sum of weight * permits. "walking": least sum of weight * (unmet_m * unmet + walk * permits).
    "cost": least money [fen] with sum of weight * permits >= met_least.
    Money of an open lot: retrofit_fen, unless it shares already, and subsidy_years * (run_fen - gain_fen of its
    permits, not below 0). It is at most budget_fen.
    An open lot offers one space or more. A lot of the second tier that does not share yet opens only where
    first_tier_thousandths of the first-tier lots of use, rounded up, are open or share already; of use is a lot that is
    allowed and can offer a space that somebody within reach wants.
    Lots that are open or share already are counted by least_lots, their nominal spaces by least_spaces: the most of a
    row without closed groups, of row_base and what is offered to its active groups, and `already` at least.

    Raises InputError that names the array and the row, also where sums would leave the range of exact arithmetic.
    """

    objective: SharingObjective = "met"
    wanted: I64
    """(G, D, B) spaces a block wants for a group's whole window."""
    pair_first: Sequence[I64]
    """G times (B+1): pairs of block b are pair_first[g][b]:pair_first[g][b+1]."""
    pair_lot: Sequence[I64]
    """G times (R_g): lot of each pair, rising within a block."""
    pair_m: Sequence[I64]
    """G times (R_g): walk of each pair [m]."""
    row_first: I64
    """(L*D+1) rows of lot l on day d are row_first[l*D+d]:row_first[l*D+d+1]."""
    row_active: I64
    row_closed: I64
    """(Q) sets of groups, 1 << g added up."""
    table_first: I64
    """(Q+1) table of row q is table[table_first[q]:table_first[q+1]], at least one number, never rising."""
    table: I64
    row_base: I64 = field(default_factory=_nothing)
    """(Q) spaces shared already, the most of the row's half-hours; 0 each where it is left out."""
    weight: I64
    """(G, D) worth of one permit."""
    gain_fen: I64
    """(L, D, G) what the owner earns a year from one permit."""
    run_fen: I64
    """(L) what an open lot costs its owner a year."""
    retrofit_fen: I64
    """(L) paid once for a lot that does not share yet."""
    subsidy_years: int
    budget_fen: int = -1
    """Money there is; -1 where it does not matter."""
    tier: I64
    """(L) 1 or 2."""
    first_tier_thousandths: int = 0
    allowed: Flags
    """(L) lots that may open."""
    already: I64
    """(L) nominal spaces shared already: such a lot stays, and is no new lot where it is open."""
    least_lots: int = 0
    least_spaces: int = 0
    unmet_m: int = 0
    """Walk that finding no space is as bad as; no pair is longer."""
    met_least: int = 0

    def __post_init__(self) -> None:
        problems = []
        for name in ARRAYS:
            array = np.asarray(getattr(self, name))
            if name == "row_base" and array.size == 0:
                array = np.zeros(np.shape(self.row_active), np.int64)
            wrong = not_whole(name, array)
            if not wrong:
                object.__setattr__(self, name, fixed(array))
            problems += wrong
        for name in BY_GROUP:
            rows = [np.asarray(array) for array in getattr(self, name)]
            wrong = [p for g, row in enumerate(rows) for p in not_whole(f"{name}[{g}]", row)]
            if not wrong:
                object.__setattr__(self, name, tuple(fixed(row) for row in rows))
            problems += wrong
        flags = np.array(self.allowed, np.bool_)
        flags.flags.writeable = False
        object.__setattr__(self, "allowed", flags)
        problems = problems or problems_of(self)
        if problems:
            raise InputError(problems)

    @property
    def groups(self) -> int:
        return int(self.wanted.shape[0])

    @property
    def days(self) -> int:
        return int(self.wanted.shape[1])

    @property
    def blocks(self) -> int:
        return int(self.wanted.shape[2])

    @property
    def lots(self) -> int:
        return len(self.tier)

    @cached_property
    def pair_block(self) -> tuple[I64, ...]:
        """G times (R_g) block of each pair."""
        return tuple(np.repeat(np.arange(self.blocks), np.diff(first)) for first in self.pair_first)

    @cached_property
    def digest(self) -> str:
        """sha256 over every field."""
        numbers = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name in NUMBERS]
        arrays = [x for name in (*ARRAYS, "allowed") for x in (name, getattr(self, name))]
        arrays += [x for name in BY_GROUP for array in getattr(self, name) for x in (name, array)]
        return digest_of(*numbers, *arrays)


ARRAYS = (
    "wanted", "row_first", "row_active", "row_closed", "table_first", "table", "row_base", "weight", "gain_fen",
    "run_fen", "retrofit_fen", "tier", "already",
)  # fmt: skip
BY_GROUP = ("pair_first", "pair_lot", "pair_m")
NUMBERS = {
    "objective", "subsidy_years", "budget_fen", "first_tier_thousandths", "least_lots", "least_spaces", "unmet_m",
    "met_least",
}  # fmt: skip


def not_whole(name: str, array: npt.NDArray[np.generic]) -> list[Problem]:
    if array.dtype.kind in "iu" or array.size == 0:
        return []
    return [Problem(f"SharingProblem.{name}", "does not hold whole numbers", "scale and round first")]


def fixed(array: npt.NDArray[np.generic]) -> I64:
    """A read-only copy in the one type that is used."""
    out = np.array(array, np.int64)
    out.flags.writeable = False
    return out
