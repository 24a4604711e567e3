"""Where chargers go, how many, and in which year, in whole numbers.

Letters: T years, S services, I demand points, H hours, J sites, O options (what a site may hold), B feeders, A areas,
R pairs (demand point, site) within reach of a service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from network import InputError, Problem, digest_of
from optimise.charging.inputs import problems_of
from optimise.problem import I64

F64 = npt.NDArray[np.float64]
ChargerObjective = Literal["served", "cost"]


@dataclass(frozen=True, eq=False)
class Least:
    """At least so many plugs at these sites together, from the end of a year on.

    words: what the row is called in a plan, e.g. "bus stations". sites: positions, rising. year: 0 for the first.
    """

    words: str
    sites: I64
    plugs: int
    year: int = 0


@dataclass(frozen=True, kw_only=True)
class Names:
    """What reasons call areas, feeders, services and years, by position; "area 0" and so on where they are left out."""

    areas: Sequence[str] = ()
    feeders: Sequence[str] = ()
    services: Sequence[str] = ()
    years: Sequence[str] = ()

    def area(self, a: int) -> str:
        return self.areas[a] if self.areas else f"area {a}"

    def feeder(self, b: int) -> str:
        return self.feeders[b] if self.feeders else f"feeder {b}"

    def service(self, s: int) -> str:
        return self.services[s] if self.services else f"service {s}"

    def year(self, t: int) -> str:
        return self.years[t] if self.years else f"year {t}"


def _nothing(*shape: int) -> I64:
    return np.zeros(shape, np.int64)


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargerProblem:
    """Choose an option for every site and year; arrays are int64 and read-only.

    In every year, service and hour demand flows to sites within reach, point i at most demand[t, s, i, h], site j at
    most option_capacity of its option, and none in hours in which it is closed. Sites grow and never shrink: o' may
    follow o where it has as many plugs or more of each class. The first option of a site is what is there before the
    first year.

    "served": maximise sum_t weight[t] * flow [tenths of kWh]. "cost": least money such that the flow of year t is at
    least served_share[t] of its demand [fen].

    Raises InputError that names the array and the row, also where sums would leave the range of exact arithmetic.
    """

    objective: ChargerObjective = "served"
    demand: I64
    """(T, S, I, H) wanted in the hour [tenths of kWh]."""
    first: Sequence[I64]
    """S times (I+1): pairs of point i are first[s][i]:first[s][i+1]."""
    site: Sequence[I64]
    """S times (R_s): site of each pair, rising within a point."""
    distance_m: Sequence[I64]
    """S times (R_s): way of each pair [m]."""
    option_first: I64
    """(J+1) options of site j are option_first[j]:option_first[j+1], at least one."""
    option_plugs: I64
    """(O, 3) plugs by class."""
    option_capacity: I64
    """(O, S) [tenths of kWh per hour]."""
    option_fen: I64
    """(O) cost from what is there now; 0 for the first option of a site."""
    open: I64 = field(default_factory=lambda: _nothing(0, 0))
    """(J, H) 1 in hours in which a site gives energy, else 0; 1 each where it is left out."""
    mobilise_fen: I64
    """(J) paid besides in every year in which the site changes."""
    budget_fen: I64
    """(T) new money of each year."""
    carry_share: float = 1.0
    """Share of what is left that may be spent in the next year, rounded down to fen."""
    weight: I64 = field(default_factory=lambda: _nothing(0))
    """(T) worth of a tenth of kWh served in a year; 1 each where it is left out."""
    served_share: F64 = field(default_factory=lambda: np.zeros(0))
    """(T) share of all demand that is to be served at least; 0 each where it is left out."""
    option_va: I64 = field(default_factory=lambda: _nothing(0))
    """(O) power drawn from the feeder [VA]; 0 each where it is left out."""
    feeder: I64 = field(default_factory=lambda: _nothing(0))
    """(J) feeder of a site, -1 for none; -1 each where it is left out."""
    headroom_va: I64 = field(default_factory=lambda: _nothing(0))
    step_va: I64 = field(default_factory=lambda: _nothing(0))
    """(B) power that one step of strengthening adds."""
    step_fen: I64 = field(default_factory=lambda: _nothing(0))
    most_steps: I64 = field(default_factory=lambda: _nothing(0))
    least: Sequence[Least] = ()
    area: I64 = field(default_factory=lambda: _nothing(0))
    """(I) area of a demand point; 0 each where it is left out."""
    floor_share: F64 = field(default_factory=lambda: np.zeros((0, 0)))
    """(T, A) share of an area's demand that is to be served at least."""
    site_area: I64 = field(default_factory=lambda: _nothing(0))
    """(J) area of a site; 0 each where it is left out."""
    ahead: I64 = field(default_factory=lambda: _nothing(0, 0, 0))
    """(T, A, S) capacity that the sites of an area have together at least, all open [tenths of kWh per hour]."""
    names: Names = field(default_factory=Names)

    def __post_init__(self) -> None:
        years, sites, options = len(np.atleast_1d(self.demand)), len(self.option_first) - 1, len(self.option_fen)
        points = np.shape(self.demand)[2] if np.ndim(self.demand) == 4 else 0
        areas = np.shape(self.floor_share)[-1] or (np.shape(self.ahead)[1] if np.ndim(self.ahead) == 3 else 0)
        services, hours = len(self.first), np.shape(self.demand)[-1] if np.ndim(self.demand) == 4 else 0
        stand_ins = {
            "open": np.ones((sites, hours), np.int64),
            "weight": np.ones(years, np.int64), "served_share": np.zeros(years), "option_va": _nothing(options),
            "feeder": np.full(sites, -1), "area": _nothing(points), "site_area": _nothing(sites),
            "floor_share": np.zeros((years, areas)), "ahead": _nothing(years, areas, services),
        }  # fmt: skip
        problems = []
        for name in ARRAYS:
            array = np.asarray(getattr(self, name))
            if array.size == 0 and name in stand_ins:
                array = stand_ins[name]
            problems += self._keep(name, array, real=name in REAL)
        for name in BY_SERVICE:
            rows = [np.asarray(array) for array in getattr(self, name)]
            problems += [p for s, row in enumerate(rows) for p in not_whole(f"{name}[{s}]", row)]
            if not problems:
                object.__setattr__(self, name, tuple(fixed(row) for row in rows))
        problems = problems or problems_of(self)
        if problems:
            raise InputError(problems)

    def _keep(self, name: str, array: npt.NDArray[np.generic], *, real: bool) -> list[Problem]:
        wrong = [] if real else not_whole(name, array)
        if not wrong:
            object.__setattr__(self, name, fixed(array, real=real))
        return wrong

    @property
    def years(self) -> int:
        return int(self.demand.shape[0])

    @property
    def services(self) -> int:
        return int(self.demand.shape[1])

    @property
    def points(self) -> int:
        return int(self.demand.shape[2])

    @property
    def hours(self) -> int:
        return int(self.demand.shape[3])

    @property
    def sites(self) -> int:
        return len(self.option_first) - 1

    @property
    def feeders(self) -> int:
        return len(self.headroom_va)

    @property
    def areas(self) -> int:
        return int(self.floor_share.shape[1])

    @cached_property
    def option_site(self) -> I64:
        """(O) site of each option."""
        return np.repeat(np.arange(self.sites), np.diff(self.option_first))

    @cached_property
    def total_demand(self) -> I64:
        """(T) demand of each year."""
        total: I64 = self.demand.sum(axis=(1, 2, 3))
        return total

    @cached_property
    def wanted(self) -> I64:
        """(T) flow of each year at least, from served_share."""
        return np.ceil(self.served_share * self.total_demand - EPSILON).astype(np.int64)

    @cached_property
    def floors(self) -> I64:
        """(T, A) flow of each area and year at least, from floor_share."""
        by_point = self.demand.sum(axis=(1, 3))
        sums = np.zeros((self.years, self.areas))
        for t in range(self.years):
            if self.areas:
                sums[t] = np.bincount(self.area, by_point[t], minlength=self.areas)
        return np.ceil(self.floor_share * sums - EPSILON).astype(np.int64)

    @cached_property
    def digest(self) -> str:
        """sha256 over every field."""
        numbers = [f"{f.name}={getattr(self, f.name)}" for f in fields(self) if f.name in {"objective", "carry_share"}]
        arrays = [x for name in ARRAYS for x in (name, getattr(self, name))]
        arrays += [x for name in BY_SERVICE for array in getattr(self, name) for x in (name, array)]
        rows = [x for row in self.least for x in (f"{row.words}={row.plugs}@{row.year}", fixed(np.asarray(row.sites)))]
        return digest_of(*numbers, *arrays, *rows)


EPSILON = 1e-6
"""Tenths of kWh that rounding may add to a share of demand before it is taken for more."""
REAL = {"served_share", "floor_share"}
ARRAYS = (
    "demand", "option_first", "option_plugs", "option_capacity", "option_fen", "open", "mobilise_fen", "budget_fen",
    "weight", "served_share", "option_va", "feeder", "headroom_va", "step_va", "step_fen", "most_steps", "area",
    "floor_share", "site_area", "ahead",
)  # fmt: skip
BY_SERVICE = ("first", "site", "distance_m")


def not_whole(name: str, array: npt.NDArray[np.generic]) -> list[Problem]:
    if array.dtype.kind in "iu" or array.size == 0:
        return []
    return [Problem(f"ChargerProblem.{name}", "does not hold whole numbers", "scale and round first")]


def fixed(array: npt.NDArray[np.generic], *, real: bool = False) -> npt.NDArray[np.generic]:
    """A read-only copy in the one type that is used."""
    out = np.array(array, np.float64 if real else np.int64)
    out.flags.writeable = False
    return out
