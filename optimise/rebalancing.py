"""Vans that balance shared bikes in a shift: from the stock of stations to routes along the streets, with proof."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Final

import numpy as np
import numpy.typing as npt

from network import City, InputError, Problem, Snap, skim, snap, units
from optimise.problem import I64
from optimise.propose import UnverifiedError
from optimise.solver import Listener
from optimise.stop import Stop
from optimise.vans.problem import MOST, RoutesOf, VanAnswer, VanProblem, first_load, rule_problems, value_of
from optimise.vans.solve import VANS_UNTIL, solve_vans

_S_PER_H, _S_PER_MIN, _M_PER_KM = 3600.0, 60.0, 1000.0
_MOST_H: Final = 24.0


@dataclass(frozen=True, kw_only=True)
class RebalancingRules:
    """Fields are those of data/parameters/bikes.toml, and places.farthest_street_m."""

    van_bikes: int
    stop_s: float
    bike_s: float
    skip_m_per_bike: float
    farthest_street_m: float


@dataclass(frozen=True, kw_only=True)
class BikeStock:
    """Bikes that stand at a station, and how many are wanted there. docks: that hold them, None for an open point."""

    id: str
    lon: float
    lat: float
    bikes: int
    wanted: int
    docks: int | None = None
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class VanVisit:
    station: str
    name: str
    lon: float
    lat: float
    bikes: int
    """Taken on; negative ones are brought."""
    load: int
    """In the van afterwards."""
    arrives_min: float
    """After it left the depot."""


@dataclass(frozen=True, kw_only=True)
class VanRoute:
    van: int
    load: int
    """Bikes it leaves the depot with."""
    km: float
    minutes: float
    """Until it is back."""
    visits: tuple[VanVisit, ...]


@dataclass(frozen=True, kw_only=True)
class RebalancingPlan:
    """Routes of vans. value, bound: metres driven and skip_m_per_bike for every bike left out of place; no routes are
    worth less than the bound.
    """

    kind: ClassVar[str] = "rebalancing"
    city: str
    city_digest: str
    routes: tuple[VanRoute, ...]
    misplaced: int
    """Bikes too many or too few before, over all stations."""
    moved: int
    """Of them put right."""
    left_out: tuple[str, ...]
    """Stations with something left to do."""
    value: int
    bound: int
    gap: float
    status: str
    seed: int
    stop: Mapping[str, float]
    inputs: Mapping[str, str]
    versions: Mapping[str, str]
    defaults: tuple[Mapping[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values in a fixed order."""
        return {"kind": self.kind} | asdict(self)


def propose_rebalancing(
    city: City,
    stock: Sequence[BikeStock],
    depot: tuple[float, float],
    rules: RebalancingRules,
    *,
    vans: int = 1,
    hours: float | None = None,
    every: bool = False,
    stop: Stop = VANS_UNTIL,
    seed: int = 0,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
    defaults: tuple[Mapping[str, str], ...] = (),
) -> RebalancingPlan:
    """Routes that put most bikes right with the least driving.

    depot: lon, lat. vans are back within `hours`, where given. every: each station that is out of balance has to be
    served, by as many vans as that takes at most; else what is not worth its way is left. Raises InputError naming
    stations that make no sense or that no van reaches, and where the stations cannot all be served.
    """
    _check(stock, rules, vans, hours)
    problem, of = _problem(city, stock, depot, rules, vans=vans, hours=hours, every=every)
    answer = solve_vans(problem, stop=stop, seed=seed, progress=progress)
    if answer.status in ("infeasible", "unknown"):
        what = "cannot all be served" if answer.status == "infeasible" else "got no routes before the stop"
        raise InputError(Problem("stations", what, "give more vans or hours, or let some stations be left out"))
    wrong = rule_problems(problem, answer.routes)
    if wrong or value_of(problem, answer.routes) != answer.value or answer.bound > answer.value:
        raise UnverifiedError("; ".join(wrong) or "the value of the routes is not what was promised")
    return _plan(
        city, stock, problem, of, answer, seed=seed, stop=stop.to_dict(),
        inputs={"city": city.digest, "problem": problem.digest}, versions=dict(versions or {}), defaults=defaults,
    )  # fmt: skip


def _check(stock: Sequence[BikeStock], rules: RebalancingRules, vans: int, hours: float | None) -> None:
    problems = []
    if not stock:
        problems.append(Problem("stations", "is empty", "give at least one"))
    for name, count in Counter(s.id for s in stock).items():
        if count > 1:
            problems.append(Problem(f"station {name!r}", f"is given {count} times", "give each once"))
    problems += [problem for s in stock for problem in _stock_problems(s)]
    if rules.van_bikes < 1:
        problems.append(Problem("van_bikes", f"is {rules.van_bikes}", "a van holds at least one bike"))
    if vans < 1:
        problems.append(Problem("vans", f"is {vans}", "give at least one"))
    if hours is not None and not 0 < hours <= _MOST_H:
        problems.append(Problem("hours", f"is {hours:g}", "a shift is of more than 0 and up to 24 hours"))
    if problems:
        raise InputError(problems)


def _stock_problems(s: BikeStock) -> list[Problem]:
    where = f"station {s.id!r}"
    if s.bikes < 0 or s.wanted < 0:
        return [Problem(where, "has a count below 0", "bikes and wanted are whole numbers of 0 or more")]
    if s.docks is not None and max(s.bikes, s.wanted) > s.docks:
        more = "bikes" if s.bikes > s.docks else "wanted bikes"
        return [Problem(where, f"has {max(s.bikes, s.wanted)} {more} for {s.docks} docks", "correct it")]
    return []


def _problem(
    city: City, stock: Sequence[BikeStock], depot: tuple[float, float], rules: RebalancingRules, *, vans: int,
    hours: float | None, every: bool,
) -> tuple[VanProblem, I64]:  # fmt: skip
    """The problem, and the station of each of its stops (-1: the depot). What a van cannot hold takes several stops."""
    of, bikes = [-1], [0]
    for k, s in enumerate(stock):
        rest = s.bikes - s.wanted
        while rest:
            some = max(-rules.van_bikes, min(rest, rules.van_bikes))
            of.append(k)
            bikes.append(some)
            rest -= some
    at, pick_up = np.array(of, dtype=np.int64), np.array(bikes, dtype=np.int64)
    lonlat = np.array([depot, *((s.lon, s.lat) for s in stock)])
    time_s, length_m = _ways(city, lonlat, stock, at, rules.farthest_street_m)
    skip = np.rint(np.abs(pick_up) * rules.skip_m_per_bike).astype(np.int64)
    skip[1:] = np.where(every, -1, skip[1:])
    service = np.where(at >= 0, rules.stop_s + np.abs(pick_up) * rules.bike_s, 0.0)
    limit = MOST if hours is None else round(hours * _S_PER_H)
    return VanProblem(
        cost=length_m[np.ix_(at + 1, at + 1)], time_s=time_s[np.ix_(at + 1, at + 1)], pick_up=pick_up,
        service_s=np.ceil(service).astype(np.int64), capacity=rules.van_bikes, skip_cost=skip, vans=vans,
        limit_s=limit,
    ), at  # fmt: skip


def _ways(
    city: City, lonlat: npt.NDArray[np.float64], stock: Sequence[BikeStock], at: I64, farthest_m: float
) -> tuple[I64, I64]:
    """Whole seconds and metres by car between the depot and the stations. Raises InputError for what no van reaches."""
    where = snap(city.roads, lonlat)
    names = ["the depot", *(f"station {s.id!r}" for s in stock)]
    busy = np.unique(at + 1)
    far = [i for i in busy.tolist() if where.off_m[units.DRIVE, i] > farthest_m]
    if far:
        hint = "are lon and lat right, and is it the right city?"
        raise InputError(
            [
                Problem(names[i], f"lies {where.off_m[units.DRIVE, i]:,.0f} m from every street for cars", hint)
                for i in far
            ]
        )
    some = Snap(**{name: array[:, busy] for name, array in where.arrays()})
    time_s, length_m = skim(city.roads, some, some, units.DRIVE)
    cut = np.flatnonzero(~np.isfinite(time_s).all(axis=0) | ~np.isfinite(time_s).all(axis=1))
    if len(cut):
        raise InputError(
            [
                Problem(names[busy[i]], "cannot be reached by car from everywhere", "move it to another street")
                for i in cut
            ]
        )
    whole_s, whole_m = (np.zeros((len(lonlat), len(lonlat)), np.int64) for _ in range(2))
    whole_s[np.ix_(busy, busy)], whole_m[np.ix_(busy, busy)] = np.ceil(time_s), np.rint(length_m)
    np.fill_diagonal(whole_s, 0)
    np.fill_diagonal(whole_m, 0)
    return whole_s, whole_m


def _plan(
    city: City, stock: Sequence[BikeStock], problem: VanProblem, of: I64, answer: VanAnswer, **told: Any
) -> RebalancingPlan:
    visited = {stop for route in answer.routes for stop in route}
    left = sorted({int(of[i]) for i in range(1, problem.stops) if i not in visited})
    return RebalancingPlan(
        city=city.id,
        city_digest=city.digest,
        routes=_routes(stock, problem, of, answer.routes),
        misplaced=int(np.abs(problem.pick_up).sum()),
        moved=int(np.abs(problem.pick_up[sorted(visited)]).sum()),
        left_out=tuple(stock[k].id for k in left),
        value=answer.value,
        bound=answer.bound,
        gap=answer.gap,
        status=answer.status,
        **told,
    )


def _routes(stock: Sequence[BikeStock], problem: VanProblem, of: I64, routes: RoutesOf) -> tuple[VanRoute, ...]:
    out = []
    for van, route in enumerate(routes, 1):
        load, seconds, metres, last, visits = first_load(problem, route), 0, 0, 0, []
        first = load
        for stop in route:
            seconds += int(problem.time_s[last, stop])
            metres += int(problem.cost[last, stop])
            load += int(problem.pick_up[stop])
            s = stock[int(of[stop])]
            visits.append(
                VanVisit(
                    station=s.id, name=s.name, lon=s.lon, lat=s.lat, bikes=int(problem.pick_up[stop]), load=load,
                    arrives_min=round(seconds / _S_PER_MIN, 1),
                )
            )  # fmt: skip
            seconds += int(problem.service_s[stop])
            last = stop
        seconds, metres = seconds + int(problem.time_s[last, 0]), metres + int(problem.cost[last, 0])
        out.append(
            VanRoute(
                van=van, load=first, km=metres / _M_PER_KM, minutes=round(seconds / _S_PER_MIN, 1), visits=tuple(visits)
            )
        )
    return tuple(out)
