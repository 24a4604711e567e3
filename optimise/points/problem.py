"""Which dispatch points hold how many bikes, and whom each serves, in whole numbers.

Letters: I demand points, J sites, R pairs (demand point, site) within reach, W windows, T hours, P pairs of sites.

A window is the time between two balancings on one type of day, and begins at the start stock. Site j that serves the
demand points A swings by the range of S, the sum of their `net`, and needs

    max over w of  max_t S - min_t S + z * sqrt(sum of flow over A)   spaces, rounded up to whole ones

(cumulative net flow and the variance of a Skellam difference, doi 10.2307/2981372).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from network import InputError, Problem, digest_of
from optimise.points.inputs import problems_of
from optimise.problem import I64

Flags = npt.NDArray[np.bool_]
PointObjective = Literal["cover", "cost", "net"]


def _nothing() -> I64:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class PointProblem:
    """Open sites, give them spaces, serve each demand point from one open site within its reach or not at all.

    "cover": most sum of weight of those served. "cost": least money [fen]. "net": most sum of worth_fen of those
    served, less the money. Each keeps to budget_fen and least_weight where they are given.
    A site that is there already (already > 0) is open whatever happens, and its spaces up to there cost nothing; any
    other opens with least spaces or more, serves somebody, and pays open_fen once. A space beyond `already` costs
    space_fen. No site has more than `most`.

    Everything is int64 and read-only. Raises InputError that names the array and the row, also where sums would leave
    the range of exact arithmetic.
    """

    objective: PointObjective = "cover"
    first: I64
    """(I+1) pairs of demand point i are first[i]:first[i+1]."""
    site: I64
    """(R) site of each pair, rising within a demand point."""
    metres: I64
    """(R) walk of each pair."""
    weight: I64
    """(I) worth of serving a demand point [thousandths of trips a day]."""
    worth_fen: I64 = field(default_factory=_nothing)
    """(I) the same in money, for "net"; 0 each where it is left out."""
    net: I64
    """(W, I, T+1) returns less pickups since the window began [thousandths of bikes]; net[:, :, 0] is 0."""
    flow: I64
    """(W, I) returns and pickups of the window [thousandths of bikes]."""
    z_thousandths: int
    """Margin in standard deviations of the flow."""
    most: I64
    """(J) spaces at most."""
    least: I64
    """(J) spaces that a site opens with at least."""
    already: I64
    """(J) spaces that are there."""
    open_fen: I64
    space_fen: I64
    apart: I64 = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    """(P, 2) sites too near each other: one of them may open at most, and none beside one that is there."""
    budget_fen: int = -1
    """-1 where money does not matter."""
    least_weight: int = 0
    """Weight that is served at least."""

    def __post_init__(self) -> None:
        problems = []
        for name in ARRAYS:
            array = np.asarray(getattr(self, name))
            if name == "worth_fen" and array.size == 0:
                array = np.zeros(np.shape(self.weight), np.int64)
            if name == "apart" and array.size == 0:
                array = np.zeros((0, 2), np.int64)
            if array.size and array.dtype.kind not in "iu":
                problems.append(Problem(f"PointProblem.{name}", "does not hold whole numbers", "scale and round first"))
                continue
            array = np.array(array, np.int64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        problems = problems or problems_of(self)
        if problems:
            raise InputError(problems)

    @property
    def demands(self) -> int:
        return len(self.weight)

    @property
    def sites(self) -> int:
        return len(self.most)

    @cached_property
    def row(self) -> I64:
        """(R) demand point of each pair."""
        return np.repeat(np.arange(self.demands), np.diff(self.first))

    @cached_property
    def there(self) -> Flags:
        """(J) sites that are there already."""
        return self.already > 0

    @cached_property
    def may_open(self) -> Flags:
        """(J) sites that may be open: there already, or with room for the fewest and none there too near."""
        may = self.there | ((self.most >= self.least) & (self.most > 0))
        for one, other in ((0, 1), (1, 0)):
            beside = self.apart[self.there[self.apart[:, other]], one]
            may[beside[~self.there[beside]]] = False
        return may

    @cached_property
    def digest(self) -> str:
        """sha256 over every field."""
        numbers = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name not in ARRAYS]
        return digest_of(*numbers, *(x for name in ARRAYS for x in (name, getattr(self, name))))

    def money_fen(self, open_: Flags, spaces: I64) -> int:
        """What open sites (J) with their spaces (J) cost."""
        new = open_ & ~self.there
        return int(self.open_fen[new].sum() + (self.space_fen * np.maximum(spaces - self.already, 0))[open_].sum())

    def value(self, served_weight: int, worth_fen: int, money_fen: int) -> int:
        """The objective's number of an answer that serves so much and costs so much."""
        if self.objective == "cover":
            return served_weight
        return money_fen if self.objective == "cost" else worth_fen - money_fen


ARRAYS = (
    "first", "site", "metres", "weight", "worth_fen", "net", "flow", "most", "least", "already", "open_fen",
    "space_fen", "apart",
)  # fmt: skip
