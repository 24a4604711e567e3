"""Which places get how many new parking spaces, in whole numbers.

Sets
    r rows: cars of one group in one zone, j places, p pairs of a row and a place within its walk
    q sets of groups that stand at the same time, as bit masks
Variables
    x_j new spaces, o_j whether there are any, y_p cars of a row that stand at a place
Formulation
    y over the pairs of a row <= wanted of the row
    y over the pairs of a place whose group is in q <= x_j + room_jq
    o_j <= x_j <= most_j o_j,  o over an exclusive group <= 1
    money, trips drawn, spaces added, gross and net of those taken away: within what is asked
A space stands empty or full: one who stands there in two sets of groups takes it in both.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
import numpy.typing as npt

from network import InputError, Problem, digest_of
from optimise.problem import I64
from optimise.solver import Status, gap_of

SpaceObjective = Literal["need", "cost", "spaces"]
Flags = npt.NDArray[np.bool_]
MOST: int = 2**50
"""Sums stay below it, so that a solver's doubles hold them."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SpaceProblem:
    """Everything is int64 and read-only. Rows (R), pairs (P), places (J), sets of groups (Q).

    "need": most sum of weight * y - charge * x. "cost": least money. "spaces": most sum of x.
    Raises InputError naming the array that does not fit.
    """

    objective: SpaceObjective = "need"
    wanted: I64
    group: I64
    weight: I64
    """(R) thousandths."""
    first: I64
    """(R+1) pairs of row r are first[r]:first[r+1]."""
    place: I64
    """(P) rising within a row."""
    active: I64
    """(Q) bit masks over groups."""
    room: I64
    """(J, Q) spaces that are there for them already."""
    most: I64
    taken: I64
    """(J) spaces that go elsewhere once the place is used."""
    space_fen: I64
    open_fen: I64
    charge: I64
    """(J) thousandths that a space counts less."""
    draw: I64
    """(J) car trips a day that a space draws, in thousandths."""
    exclusive: I64
    """(J) places of one number exclude each other; -1 for none."""
    budget_fen: int = -1
    most_draw: int = -1
    """Thousandths; -1 for no limit, as for the budget."""
    least_gross: int = 0
    least_net: int = 0
    least_value: int | None = None
    """Of "need", for the other objectives."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                own = np.array(value, np.int64)
                own.flags.writeable = False
                object.__setattr__(self, field.name, own)
        problems = [Problem(f"SpaceProblem.{name}", "does not fit the others") for name in _misfits(self)]
        if not problems:
            problems = [Problem(f"SpaceProblem.{name}", "holds a number out of range") for name in _out_of_range(self)]
        if problems:
            raise InputError(problems)

    @property
    def places(self) -> int:
        return len(self.most)

    @property
    def row(self) -> I64:
        """(P) row of each pair."""
        return np.repeat(np.arange(len(self.wanted)), np.diff(self.first))

    @property
    def digest(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        arrays = [value for value in values.values() if isinstance(value, np.ndarray)]
        return digest_of(*(str(v) for v in values.values() if not isinstance(v, np.ndarray)), *arrays)

    def worth(self, spaces: I64, served: I64) -> int:
        """Value of "need"."""
        return int((self.weight[self.row] * served).sum()) - int((self.charge * spaces).sum())

    def cost_fen(self, spaces: I64) -> int:
        return int((self.space_fen * spaces).sum()) + int(self.open_fen[spaces > 0].sum())

    def value(self, spaces: I64, served: I64) -> int:
        if self.objective == "need":
            return self.worth(spaces, served)
        return self.cost_fen(spaces) if self.objective == "cost" else int(spaces.sum())


@dataclass(frozen=True, eq=False, kw_only=True)
class SpaceAnswer:
    """New spaces by place (J), cars by pair (P), and what is proven about them."""

    spaces: I64
    served: I64
    value: int
    bound: int
    status: Status

    @property
    def gap(self) -> float:
        return gap_of(self.value, self.bound)


def _misfits(p: SpaceProblem) -> list[str]:
    rows, places = len(p.wanted), len(p.most)
    shapes = {
        "group": (rows,), "weight": (rows,), "first": (rows + 1,), "room": (places, len(p.active)),
        "taken": (places,), "space_fen": (places,), "open_fen": (places,), "charge": (places,), "draw": (places,),
        "exclusive": (places,),
    }  # fmt: skip
    wrong = [name for name, shape in shapes.items() if getattr(p, name).shape != shape]
    if not wrong and (p.first[0] != 0 or p.first[-1] != len(p.place) or (np.diff(p.first) < 0).any()):
        wrong.append("first")
    return wrong


def _out_of_range(p: SpaceProblem) -> list[str]:
    low = ("wanted", "group", "weight", "room", "most", "taken", "space_fen", "open_fen", "charge", "draw")
    wrong = [name for name in low if (getattr(p, name) < 0).any()]
    if ((p.place < 0) | (p.place >= p.places)).any():
        wrong.append("place")
    same_row = np.diff(p.row) == 0
    if (np.diff(p.place)[same_row] <= 0).any():
        wrong.append("place")
    money = p.most.astype(float) @ p.space_fen.astype(float) + p.open_fen.astype(float).sum()
    worth = p.wanted.astype(float) @ p.weight.astype(float) + p.most.astype(float) @ p.charge.astype(float)
    if max(money, worth, float(p.most.astype(float) @ p.draw.astype(float))) >= MOST:
        wrong.append("most")
    return wrong
