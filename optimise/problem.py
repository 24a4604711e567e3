"""The siting problem in whole numbers: where plugs go, within a budget, so that the mean walk to a plug is shortest.

Letters: I demand points, J sites, R pairs (demand, site) within the search radius.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import numpy.typing as npt

from network import InputError, Problem, digest_of

I64 = npt.NDArray[np.int64]

EXACT = 2**53
"""Whole numbers from here on are no longer exact in a solver's floating point."""
FLOW_LIMIT = 2**31
"""Flows are checked with 32-bit capacities."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SitingProblem:
    """Choose new plugs n[j] (whole numbers); everything is int64 and read-only.

    A site without plugs opens with least[j]..most[j] plugs and pays open_fen[j] once; a site that has plugs already
    may add 0..most[j]. The money is sum open_fen * opened + plug_fen * n <= budget_fen. Minimise the sum of weight[i] *
    distance to the nearest site with plugs, search_m where there is none within it, in tenths of kWh x metres.

    Raises InputError that names the array and the row, also where sums would leave the range of exact arithmetic.
    """

    weight: I64
    """(I) demand [tenths of kWh per day]."""
    first: I64
    """(I+1) pairs of demand i are first[i]:first[i+1]."""
    site: I64
    """(R) site of each pair, rising within a demand point."""
    distance_m: I64
    """(R) walk of each pair."""
    search_m: int
    """Demand without an open site counts as this far."""
    open_fen: I64
    """(J) paid once when a site without plugs gets its first."""
    plug_fen: I64
    """(J) paid per new plug."""
    least: I64
    """(J) fewest plugs a site opens with."""
    most: I64
    """(J) new plugs at most."""
    existing: I64
    """(J) plugs that are there already."""
    budget_fen: int

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = np.asarray(getattr(self, name))
            if array.ndim != 1 or array.dtype.kind not in "iu":
                raise InputError(
                    Problem(f"SitingProblem.{name}", "is not a row of whole numbers", "scale and round first")
                )
            array = np.array(array, np.int64)
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        problems = list(_shape_problems(self)) or list(_value_problems(self)) or list(_overflow_problems(self))
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
    def may_open(self) -> npt.NDArray[np.bool_]:
        """(J) sites without plugs that have room for the fewest."""
        may: npt.NDArray[np.bool_] = (self.existing == 0) & (self.most >= self.least)
        return may

    @cached_property
    def opening_fen(self) -> I64:
        """(J) money to open a site with its fewest plugs."""
        return self.open_fen + self.plug_fen * self.least

    @cached_property
    def digest(self) -> str:
        """sha256 over every field."""
        numbers = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name not in _ARRAYS]
        return digest_of(*numbers, *(x for name in _ARRAYS for x in (name, getattr(self, name))))

    def cost_fen(self, values: I64) -> int:
        """Money that new plugs (J) cost, opening included."""
        opened = (values > 0) & (self.existing == 0)
        return int((self.open_fen * opened + self.plug_fen * values).sum())


_ARRAYS = ("weight", "first", "site", "distance_m", "open_fen", "plug_fen", "least", "most", "existing")


def _shape_problems(p: SitingProblem) -> list[Problem]:
    problems = [
        Problem(f"SitingProblem.{name}", f"has {len(getattr(p, name))} rows, most has {p.sites}")
        for name in ("open_fen", "plug_fen", "least", "existing")
        if len(getattr(p, name)) != p.sites
    ]
    if len(p.distance_m) != len(p.site):
        problems.append(Problem("SitingProblem.distance_m", f"has {len(p.distance_m)} rows, site has {len(p.site)}"))
    ends = len(p.first) == len(p.weight) + 1 and p.first[0] == 0 and p.first[-1] == len(p.site)
    if not (ends and (np.diff(p.first) >= 0).all()):
        problems.append(Problem("SitingProblem.first", "does not cut the pairs into one run per demand point"))
    return problems


def _value_problems(p: SitingProblem) -> list[Problem]:
    problems = []
    for name in _ARRAYS:
        array, low = getattr(p, name), 1 if name == "least" else 0
        if len(array) and array.min() < low:
            at = int(array.argmin())
            problems.append(Problem(f"SitingProblem.{name}[{at}]", f"is {array[at]}", f"give {low} or more"))
    problems += [
        Problem(f"SitingProblem.{name}", f"is {getattr(p, name)}", "give 0 or more")
        for name in ("search_m", "budget_fen")
        if getattr(p, name) < 0
    ]
    if problems:
        return problems
    if len(p.site) and p.site.max() >= p.sites:
        at = int(p.site.argmax())
        problems.append(Problem(f"SitingProblem.site[{at}]", f"is {p.site[at]}", f"there are {p.sites} sites"))
    same_row = np.diff(p.row) == 0
    unsorted = np.flatnonzero(same_row & (np.diff(p.site) <= 0))
    if len(unsorted):
        at = int(unsorted[0]) + 1
        problems.append(
            Problem(f"SitingProblem.site[{at}]", "does not rise within its demand point", "sort, one row a pair")
        )
    if len(p.distance_m) and p.distance_m.max() > p.search_m:
        at = int(p.distance_m.argmax())
        hint = f"leave out pairs beyond search_m, {p.search_m} m"
        problems.append(Problem(f"SitingProblem.distance_m[{at}]", f"is {p.distance_m[at]}", hint))
    return problems


def _overflow_problems(p: SitingProblem) -> list[Problem]:
    """Sums in floating point, so that the check itself cannot overflow."""
    problems = []
    sums = {
        "weight": (p.weight.sum(dtype=float) * max(p.search_m, 1), EXACT, "distance times demand"),
        "open_fen": ((p.open_fen + p.plug_fen * p.most.astype(float)).sum(), EXACT, "cost of everything"),
        "budget_fen": (float(p.budget_fen), EXACT, "budget"),
        "most": ((p.existing + p.most.astype(float)).sum(), FLOW_LIMIT, "number of plugs"),
    }
    for name, (value, limit, what) in sums.items():
        if not value < limit:
            problems.append(
                Problem(f"SitingProblem.{name}", f"{what} adds up to {value:.3g}, past {limit}", "use a coarser unit")
            )
    return problems
