"""A plan of feeder loops: streets, stops, times, costs, and its replay as a what-if."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final

import numpy as np

from network import AddLine, AddStop, City, Scenario, digest_of, local_metres, on_street, units
from optimise.kerbs import F64, Exclusions
from optimise.loop_candidates import Loop
from optimise.loop_problem import LoopProblem
from optimise.plan import Proven
from optimise.problem import I64
from optimise.solver import Incumbent

VALUE_UNIT: Final = "persons"
_KMH_PER_M_S: Final = 3.6
_S_PER_MIN: Final = 60
_ROOM: Final = 1.0 + 1e-12
"""So that whole seconds do not become one more when they are computed from the speed."""


@dataclass(frozen=True, kw_only=True)
class LoopStop:
    """A stop of a loop: one that is there already, or a new one."""

    stop: str
    name: str
    lon: float
    lat: float
    new: bool


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """A stretch of a loop along one street; the name is empty where the street has none."""

    name: str
    ways: tuple[str, ...]
    length_m: float


@dataclass(frozen=True, kw_only=True)
class LoopLine:
    """A loop: stops in order with the first again as the last, and how it runs."""

    line: str
    start: str
    """Id of the station or stop it feeds."""
    start_name: str
    stops: tuple[LoopStop, ...]
    streets: tuple[Stretch, ...]
    lonlat: tuple[tuple[float, float], ...]
    """Drawn line along the streets."""
    length_m: float
    cycle_min: float
    vehicles: int
    headway_min: float
    vehicle_hours: float
    """A day."""
    cost_cny: float
    """A day."""
    zones: tuple[str, ...]
    """Zones without a stop now that get one."""
    people: int
    residents: float
    jobs: float
    """In these zones; zones of several loops count with each."""
    kmh: float
    """Speed along straight lines between stops, times the detour of buses, by which the loop takes its cycle."""
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class LoopPlan(Proven):
    """Loops to run, with everything needed to check and repeat the run.

    value, bound: people (residents, and jobs by their weight) who have no stop within the radius and get one; and what
    no choice among the candidates covers more than: nothing is proven about other loops.
    """

    kind: ClassVar[str] = "loops"
    area: str | None
    radius_m: float
    vehicles_most: int | None
    vehicle_hours_most: float | None
    loops: tuple[LoopLine, ...]
    first_h: float
    last_h: float
    vehicles: int
    vehicle_hours: float
    people: int
    residents: float
    jobs: float
    without_stop: int
    """People in the area without a stop now."""
    within_reach: int
    """Those of them whom some candidate covers."""
    candidates: int
    value_unit: str = VALUE_UNIT
    gains: Mapping[str, float]
    """What metrics become more when the plan is simulated."""
    green_trips: float
    """Green trips a day more, then."""
    exclusions: Exclusions

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: everything, or with `year` what runs by the end of it."""
        built = [p for p in self.loops if year is None or p.year is None or p.year <= year]
        name = f"loops {self.city}" + ("" if year is None else f" {year}")
        return scenario_of(built, (self.first_h, self.last_h), name)


def plan_of(city: City, problem: LoopProblem, loops: Sequence[Loop], incumbent: Incumbent, **asked: Any) -> LoopPlan:
    """The plan of the candidates that were chosen, not yet simulated; `asked` are the fields the caller gave."""
    rules, z, weight = city.transit.loop_rules, city.zones, problem.search.weight
    chosen = [loops[j] for j in np.flatnonzero(incumbent.values).tolist()]
    lines = lines_of(city, problem, chosen)
    rows, reached = rows_of(chosen), rows_of(loops)
    zones = problem.zones[rows]
    told = json.dumps([(loop.streets, loop.stops, loop.vehicles, sorted(loop.rows)) for loop in loops])
    return LoopPlan(
        city=city.id,
        city_digest=city.digest,
        loops=lines,
        first_h=float(rules.first_h),
        last_h=float(rules.last_h),
        vehicles=sum(line.vehicles for line in lines),
        vehicle_hours=sum(line.vehicle_hours for line in lines),
        cost_cny=sum(line.cost_cny for line in lines),
        people=int(weight[rows].sum()),
        residents=float(z.residents[zones].sum()),
        jobs=float(z.jobs[zones].sum()),
        without_stop=int(weight.sum()),
        within_reach=int(weight[reached].sum()),
        candidates=len(loops),
        value=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        status=incumbent.status,
        reasons=incumbent.reasons,
        gains={},
        green_trips=0.0,
        verified=(),
        solver=incumbent.solver,
        inputs={"city": city.digest, "problem": digest_of("loops", told, weight)},
        defaults=tuple(city.provenance.defaults()),
        **asked,
    )


def rows_of(loops: Sequence[Loop]) -> list[int]:
    """Rows that some of the loops cover, rising."""
    return sorted(frozenset[int]().union(*(loop.rows for loop in loops)))


def scenario_of(loops: Sequence[LoopLine], hours: tuple[float, float], name: str = "") -> Scenario:
    """New stops, then a line for each loop."""
    new = {s.stop: s for loop in loops for s in loop.stops if s.new}
    stops = [AddStop(id=s.stop, lon=s.lon, lat=s.lat, name=s.name) for s in new.values()]
    lines = [
        AddLine(
            id=loop.line,
            mode="bus",
            stops=tuple(s.stop for s in loop.stops),
            headway_min=loop.headway_min,
            name=f"{loop.start_name} {loop.line}",
            kmh=loop.kmh,
            first_h=hours[0],
            last_h=hours[1],
            both_ways=False,
        )
        for loop in loops
    ]
    return Scenario(edits=(*stops, *lines), name=name)


def lines_of(city: City, problem: LoopProblem, loops: Sequence[Loop]) -> tuple[LoopLine, ...]:
    """Loops with ids of their own, ordered by start and length."""
    t, rules = city.transit, city.transit.loop_rules
    hours = float(rules.first_h), float(rules.last_h)
    used = dict.fromkeys(p for loop in loops for p in (loop.terminal.place, *loop.stops))
    fresh = _fresh("loop-stop", t.timetable.stop_id.tolist(), len(used))
    stops = {p: _stop(city, problem, p, fresh) for p in used}
    ids = _fresh("loop", t.line_id.tolist(), len(loops))
    out = [_line(city, problem, loop, next(ids), stops) for loop in loops]
    if not out:
        return ()
    ready = scenario_of(out, hours).apply(city).transit
    length_m = dict(zip(ready.line_id.tolist(), ready.line_m.tolist(), strict=True))
    return tuple(_at_speed(line, length_m[line.line]) for line in out)


def _at_speed(line: LoopLine, length_m: float) -> LoopLine:
    return replace(line, kmh=length_m / (line.cycle_min * _S_PER_MIN) * _KMH_PER_M_S * _ROOM)


def _fresh(word: str, taken: Sequence[str], count: int) -> Iterator[str]:
    known = set(taken)
    return (i for n in range(1, len(known) + count + 1) if (i := f"{word}/{n}") not in known)


def _stop(city: City, problem: LoopProblem, place: int, fresh: Iterator[str]) -> LoopStop:
    spots, t = problem.search.places, city.transit
    lon, lat = spots.lonlat[place].tolist()
    at = int(spots.stop[place])
    if at >= 0:
        return LoopStop(stop=str(t.timetable.stop_id[at]), name=str(t.stop_name[at]), lon=lon, lat=lat, new=False)
    street = str(city.roads.way_name[city.roads.way[spots.segment[place]]])
    return LoopStop(stop=next(fresh), name=street, lon=lon, lat=lat, new=True)


def _line(city: City, problem: LoopProblem, loop: Loop, line: str, stops: Mapping[int, LoopStop]) -> LoopLine:
    rules, z = city.transit.loop_rules, city.zones
    start = problem.starts[loop.terminal.start]
    rows = sorted(loop.rows)
    zones = problem.zones[rows]
    cycle_min = problem.search.cycle_s(loop.length_mm) / _S_PER_MIN
    hours = loop.vehicles * float(rules.last_h - rules.first_h)
    ends = stops[loop.terminal.place]
    return LoopLine(
        line=line,
        start=start.id,
        start_name=start.name,
        stops=(ends, *(stops[p] for p in loop.stops), ends),
        streets=_stretches(city, problem, loop),
        lonlat=tuple((lon, lat) for lon, lat in drawn(city, problem, loop).tolist()),
        length_m=loop.length_mm / units.MM_PER_M,
        cycle_min=cycle_min,
        vehicles=loop.vehicles,
        headway_min=cycle_min / loop.vehicles,
        vehicle_hours=hours,
        cost_cny=round(hours * float(rules.vehicle_hour_cny), 2),
        zones=tuple(str(i) for i in z.id[zones]),
        people=int(problem.search.weight[rows].sum()),
        residents=float(z.residents[zones].sum()),
        jobs=float(z.jobs[zones].sum()),
        kmh=float(rules.kmh),
    )


def _stretches(city: City, problem: LoopProblem, loop: Loop) -> tuple[Stretch, ...]:
    roads, search = city.roads, problem.search
    out: list[Stretch] = []
    for u in loop.streets:
        way = roads.way[search.segment[u]]
        name, length_m = str(roads.way_name[way]), float(search.streets.length_mm[u]) / units.MM_PER_M
        ways: tuple[str, ...] = (str(roads.way_id[way]),)
        if out and out[-1].name == name:
            before = out.pop()
            ways = before.ways if before.ways[-1] == ways[0] else before.ways + ways
            length_m += before.length_m
        out.append(Stretch(name=name, ways=ways, length_m=round(length_m, 3)))
    return tuple(out)


def drawn(city: City, problem: LoopProblem, loop: Loop) -> F64:
    """(G, 2) line around a loop, from its terminal to its terminal."""
    search, roads, place = problem.search, city.roads, loop.terminal.place
    first = _shape(city, search.segment[loop.streets[0]], bool(search.forward[loop.streets[0]]))
    segment = search.places.segment[[place]].astype(np.int32)
    spot = on_street(roads, segment, search.places.along[[place]])
    share = float(search.places.along[place])
    share = share if search.forward[loop.streets[0]] else 1.0 - share
    plane = local_metres(first, float(np.median(roads.lonlat[:, 1])))
    behind = np.append(0.0, np.cumsum(np.hypot(*np.diff(plane, axis=0).T)))
    ahead = behind > share * behind[-1]
    rest = [_shape(city, search.segment[u], bool(search.forward[u])) for u in loop.streets[1:]]
    line = np.concatenate([spot, first[ahead], *rest, first[~ahead], spot])
    return np.asarray(line[np.append(True, (np.diff(line, axis=0) != 0).any(axis=1))])


def _shape(city: City, segment: I64, forward: bool) -> F64:  # noqa: FBT001 - a direction
    roads, at = city.roads, int(segment)
    line: F64 = roads.shape_lonlat[roads.shape_first[at] : roads.shape_first[at + 1]]
    return line if forward else line[::-1]
