"""Vans of one capacity that pick up and bring, in whole numbers. Letters: V stops, the depot first.

What is picked up at one stop may be brought to any other. A van may leave the depot with any load and come back with
any, so pick-ups and deliveries need not balance. Every stop visited once, by any number of vans, in the least distance
is the problem of Dell'Amico et al. 2014 (doi 10.1016/j.omega.2013.12.001).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from network import InputError, Problem, digest_of
from optimise.problem import I64
from optimise.solver import Status, gap_of

RoutesOf = tuple[tuple[int, ...], ...]
"""Stops in the order of each van, without the depot."""
MOST = 2**40
"""No sum of distances or times is above this."""


@dataclass(frozen=True, eq=False, kw_only=True)
class VanProblem:
    """Minimise the cost of all ways and of the stops left out.

    cost: (V, V) of the way between stops, from row to column. pick_up: (V) bikes to take on, negative ones to bring, 0
    at the depot. capacity: bikes in a van. skip_cost: (V) of leaving a stop out, -1 where it has to be visited. vans:
    at most so many. time_s: (V, V) of the way, and service_s: (V) at the stop; a van is back within limit_s.
    """

    cost: I64
    pick_up: I64
    capacity: int
    skip_cost: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    vans: int = -1
    time_s: I64 = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    service_s: I64 = field(default_factory=lambda: np.zeros(0, np.int64))
    limit_s: int = MOST

    def __post_init__(self) -> None:
        count = len(self.pick_up)
        usual = {
            "skip_cost": np.full(count, -1, np.int64),
            "time_s": np.zeros((count, count), np.int64),
            "service_s": np.zeros(count, np.int64),
        }
        for name in ("cost", "pick_up", "skip_cost", "time_s", "service_s"):
            given = np.asarray(getattr(self, name))
            array = np.array(usual[name] if not given.size and name in usual else given, np.int64)
            if name == "skip_cost":
                array[:1] = 0
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        if self.vans < 0:
            object.__setattr__(self, "vans", max(count - 1, 1))
        if problems := self._problems():
            raise InputError(problems)

    def _problems(self) -> list[Problem]:
        if self.pick_up.ndim != 1 or not len(self.pick_up):
            return [Problem("pick_up", "holds no depot", "give one entry for each stop, the depot first")]
        return self._shape_problems() or [*self._number_problems(), *self._rule_problems()]

    def _shape_problems(self) -> list[Problem]:
        out, count = [], len(self.pick_up)
        for name, shape in (("cost", (count, count)), ("time_s", (count, count)), ("skip_cost", (count,)),
                            ("service_s", (count,))):  # fmt: skip
            if getattr(self, name).shape != shape:
                out.append(Problem(name, f"has the shape {getattr(self, name).shape}, needs {shape}"))
        return out

    def _number_problems(self) -> list[Problem]:
        out, count = [], len(self.pick_up)
        for name in ("cost", "time_s", "service_s"):
            array = getattr(self, name)
            if array.min() < 0 or float(array.max()) * 2 * count > MOST:
                out.append(Problem(name, "holds numbers below 0 or too large to be added up", "are the units right?"))
        if (self.skip_cost < -1).any() or float(self.skip_cost.max()) * count > MOST:
            out.append(Problem("skip_cost", "is below -1 or too large to be added up", "-1 for what must be visited"))
        return out

    def _rule_problems(self) -> list[Problem]:
        out = []
        if self.pick_up[0] != 0:
            out.append(Problem("pick_up[0]", f"is {self.pick_up[0]}", "the depot gives and takes what is left: 0"))
        if self.service_s[0] != 0:
            out.append(Problem("service_s[0]", f"is {self.service_s[0]}", "the depot takes no time: 0"))
        if self.capacity < 1:
            out.append(Problem("capacity", f"is {self.capacity}", "a van holds at least one bike"))
        heavy = np.flatnonzero(np.abs(self.pick_up) > self.capacity).tolist()
        out += [
            Problem(f"pick_up[{i}]", f"is {self.pick_up[i]}, a van holds {self.capacity}", "visit it in two stops")
            for i in heavy
        ]
        if self.vans < 1 and (self.skip_cost[1:] < 0).any():
            out.append(Problem("vans", "is 0, and stops have to be visited", "give at least one van"))
        if self.limit_s < 0:
            out.append(Problem("limit_s", f"is {self.limit_s}", "give a time of 0 or more"))
        return out

    @property
    def stops(self) -> int:
        """The depot included."""
        return len(self.pick_up)

    @cached_property
    def must(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(V) whether a stop has to be visited; the depot is no stop."""
        return self.skip_cost < 0

    @cached_property
    def least_s(self) -> I64:
        """(V, V) shortest time between stops, over others where that is quicker; without service."""
        out = self.time_s.copy()
        for via in range(self.stops):
            np.minimum(out, out[:, via, None] + out[via], out=out)
        return out

    @cached_property
    def step(self) -> int:
        """What every value is a multiple of, apart from a constant."""
        apart = self.cost[~np.eye(self.stops, dtype=bool)]
        return max(1, int(np.gcd.reduce([*apart.tolist(), *self.skip_cost[1:][~self.must[1:]].tolist()] or [1])))

    @cached_property
    def digest(self) -> str:
        """sha256 over everything."""
        arrays = (self.cost, self.pick_up, self.skip_cost, self.time_s, self.service_s)
        return digest_of(f"{self.capacity} {self.vans} {self.limit_s}", *arrays)


@dataclass(frozen=True, eq=False, kw_only=True)
class VanAnswer:
    """routes: stops in the order of each van, without the depot. value, bound: no answer costs less than the bound;
    "optimal" only where they are equal, "infeasible" only with proof, "unknown" where nothing was found in time.
    """

    routes: RoutesOf
    value: int
    bound: int
    status: Status
    seconds: float

    @property
    def gap(self) -> float:
        return gap_of(self.value, self.bound)


def first_load(problem: VanProblem, route: tuple[int, ...]) -> int:
    """Fewest bikes a van leaves the depot with so that it never lacks one on its route."""
    return int(-np.cumsum(problem.pick_up[list(route)]).min(initial=0))


def value_of(problem: VanProblem, routes: RoutesOf) -> int:
    """Cost of the ways and of what is left out."""
    total, seen = 0, np.zeros(problem.stops, np.bool_)
    for route in routes:
        ends = [0, *route, 0]
        total += int(problem.cost[ends[:-1], ends[1:]].sum())
        seen[list(route)] = True
    seen[0] = True
    return total + int(problem.skip_cost[~seen & ~problem.must].sum())


def rule_problems(problem: VanProblem, routes: RoutesOf) -> list[str]:
    """What is wrong with routes: loads beyond the van, times, stops twice or never, too many vans."""
    out, visits = [], [stop for route in routes for stop in route]
    twice = sorted({stop for stop in visits if visits.count(stop) > 1})
    out += [f"stop {stop} is visited twice" for stop in twice]
    out += [f"stop {stop} is none" for stop in visits if not 1 <= stop < problem.stops]
    if out:
        return out
    out += [f"stop {stop} is left out" for stop in np.flatnonzero(problem.must).tolist() if stop not in visits]
    if len(routes) > problem.vans:
        out.append(f"there are {len(routes)} routes for {problem.vans} vans")
    for k, route in enumerate(routes):
        load = first_load(problem, route) + np.concatenate(([0], np.cumsum(problem.pick_up[list(route)])))
        if load.max() > problem.capacity:
            out.append(f"van {k} carries {load.max()} bikes")
        ends = [0, *route, 0]
        took = int(problem.time_s[ends[:-1], ends[1:]].sum() + problem.service_s[list(route)].sum())
        if took > problem.limit_s:
            out.append(f"van {k} is under way for {took} s")
    return out
