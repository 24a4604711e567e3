"""A market for new alternatives beside what exists: who would choose them, by the nested logit.

Letters: N customers, J alternatives, R pairs (customer, alternative open to it).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from network import InputError, Problem
from optimise.location.choices import Flags
from optimise.location.inputs import F64, below, length, real_array, rising, runs, too_high, whole_array
from optimise.problem import EXACT, I64

_ROUNDING = 1e-9
"""Relative error allowed to sums that are given."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Market:
    """Choose alternatives within the budget, at most one of a group; arrays are read-only.

    The alternatives are of one nest. With G = nest[n]^scale[n] and dG = (nest[n] + m)^scale[n] - G, m the mass of the
    chosen alternatives open to customer n, it is captured weight[n] * dG / (there[n] + dG): concave in m. Of scale 1
    that is the multinomial logit, weight[n] * m / (there[n] + m), whatever the nest. Raises InputError that names the
    array and the row.
    """

    first: I64
    """(N+1) pairs of customer n are first[n]:first[n+1]."""
    site: I64
    """(R) alternative of each pair, rising within a customer."""
    mass: F64
    """(R) exp(utility / scale) of the alternative for the customer, more than 0."""
    there: F64
    """(N) what exists weighs, more than 0: the sum of its nests' G, that of the alternatives' own among them."""
    weight: F64
    """(N) trips per day, or what each customer's capture is worth in all."""
    cost: I64
    """(J) whole fen."""
    budget: int
    """Fen."""
    at_most_one: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    """(J) group of each alternative, -1 for none: the sizes of one station, of which one at most is built."""
    nest: F64 = field(default_factory=lambda: np.zeros(0))
    """(N) sum of exp(utility / scale) of what exists in the alternatives' nest, its G part of there; 0 if left out."""
    scale: F64 = field(default_factory=lambda: np.zeros(0))
    """(N) of the nest, more than 0 and 1 at most; 1 if left out."""

    def __post_init__(self) -> None:
        for name in ("first", "site", "cost", "at_most_one"):
            object.__setattr__(self, name, whole_array(f"Market.{name}", getattr(self, name)))
        for name, alike in (("nest", 0.0), ("scale", 1.0)):
            if not len(getattr(self, name)):
                object.__setattr__(self, name, np.full(len(self.weight), alike))
        for name in ("mass", "there", "weight", "nest", "scale"):
            object.__setattr__(self, name, real_array(f"Market.{name}", getattr(self, name)))
        if not len(self.at_most_one):
            object.__setattr__(self, "at_most_one", whole_array("at_most_one", np.full(self.sites, -1)))
        problems = _shape_problems(self) or _value_problems(self)
        if problems:
            raise InputError(problems)

    @property
    def customers(self) -> int:
        return len(self.weight)

    @property
    def sites(self) -> int:
        return len(self.cost)

    @cached_property
    def row(self) -> I64:
        """(R) customer of each pair."""
        return np.repeat(np.arange(self.customers), np.diff(self.first))

    def captured(self, chosen: Flags) -> float:
        """Trips per day that these alternatives (J) capture."""
        on = chosen[self.site]
        mass = np.bincount(self.row[on], self.mass[on], self.customers).astype(np.float64)
        return float(self.captured_by(mass).sum())

    def captured_by(self, mass: F64) -> F64:
        """(N) trips per day that alternatives of this mass (N) capture."""
        more = (self.nest + mass) ** self.scale - self.nest**self.scale
        return np.asarray(self.weight * (more / (self.there + more)))

    def allows(self, chosen: Flags) -> bool:
        """Within the budget and one of a group at most."""
        group = self.at_most_one[chosen]
        one_each = len(np.unique(group[group >= 0])) == int((group >= 0).sum())
        return one_each and int(self.cost[chosen].sum()) <= self.budget


def _shape_problems(m: Market) -> list[Problem]:
    problems = runs("Market.first", m.first, len(m.site), m.customers)
    problems += length("Market.mass", m.mass, len(m.site), "pairs")
    problems += length("Market.there", m.there, m.customers, "customers")
    problems += length("Market.nest", m.nest, m.customers, "customers")
    problems += length("Market.scale", m.scale, m.customers, "customers")
    return problems + length("Market.at_most_one", m.at_most_one, m.sites, "alternatives")


def _value_problems(m: Market) -> list[Problem]:
    problems = below("Market.mass", m.mass, 0, allowed=False) + below("Market.there", m.there, 0, allowed=False)
    problems += below("Market.weight", m.weight, 0) + below("Market.cost", m.cost, 0) + _nest_problems(m)
    problems += below("Market.at_most_one", m.at_most_one, -1)
    problems += below("Market.site", m.site, 0) + too_high("Market.site", m.site, m.sites, "alternatives")
    if m.budget < 0:
        problems.append(Problem("Market.budget", f"is {m.budget}", "give 0 or more"))
    for name in ("cost", "weight"):
        total = getattr(m, name).sum(dtype=float)
        if not total < EXACT:
            problems.append(Problem(f"Market.{name}", f"adds up to {total:.3g}, past {EXACT}", "use a coarser unit"))
    return problems + rising("Market.site", m.first, m.site)


def _nest_problems(m: Market) -> list[Problem]:
    problems = below("Market.nest", m.nest, 0) + below("Market.scale", m.scale, 0, allowed=False)
    if problems:
        return problems
    for name, wrong, what in (
        ("scale", m.scale > 1.0, "more than 1"),
        ("nest", (m.scale < 1.0) & (m.nest**m.scale > m.there * (1.0 + _ROUNDING)), "more than all that is there"),
    ):
        for n in np.flatnonzero(wrong)[:1].tolist():
            where = f"Market.{name}[{n}]"
            problems.append(Problem(where, f"is {getattr(m, name)[n]:g}, {what}", "see optimise.location.market"))
    return problems
