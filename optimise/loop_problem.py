"""Which people have no stop, where loops may begin, and the choice among candidates as a packing problem."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network import City, Coverage, units
from optimise.kerbs import Exclusions
from optimise.location.choices import Choices
from optimise.loop_candidates import Loop, LoopSearch, Terminal
from optimise.loop_streets import Start, covers, loop_streets, places, starts_of, terminals
from optimise.problem import I64

_M_PER_S: Final = 1 / 3.6
_S_PER_MIN: Final = 60.0
_HOUR_PARTS: Final = 100
"""Vehicle-hours are counted in hundredths."""
_TINY: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopProblem:
    """Rows are the zones (I) of the area without a stop within the radius."""

    zones: I64
    """(I) positions."""
    starts: tuple[Start, ...]
    search: LoopSearch
    reasons: tuple[str, ...]
    """Why there is no loop from some or all of the starts, or nobody to serve."""


def loop_problem(
    city: City, coverage: Coverage, *, area: str | None, starts: Sequence[str], radius_m: float, exclusions: Exclusions
) -> LoopProblem:
    """The problem of an area, all zones where None. Raises InputError for starts and streets that are not there."""
    rules, z = city.transit.loop_rules, city.zones
    begin = starts_of(city, coverage, starts)
    streets = loop_streets(city, exclusions)
    people = np.rint(z.residents + z.jobs * rules.job_weight).astype(np.int64)
    inside = np.ones(len(z.id), np.bool_) if area is None else z.area == area
    zones = np.flatnonzero(inside & (coverage.zone_walk_m > radius_m) & (people > 0))
    doors = np.concatenate([np.zeros(0, np.int64), *(s.doors for s in begin)])
    near = np.concatenate((z.lonlat[zones], city.transit.stations.entrance_lonlat[doors]))
    within = np.append(np.full(len(zones), radius_m), np.full(len(doors), float(city.transit.stop_rules.station_m)))
    spots = places(city, streets, (near, within), exclusions)
    ends = [terminals(city, streets, spots, start) for start in begin]
    speed = float(rules.kmh) * _M_PER_S * units.MM_PER_M
    segment = city.roads.segment[streets.edge].astype(np.int64)
    search = LoopSearch(
        streets=streets,
        places=spots,
        covers=covers(city, zones, spots, radius_m),
        weight=people[zones],
        terminals=tuple(Terminal(k, place, u) for k, some in enumerate(ends) for place, u in some),
        longest_mm=math.floor(int(float(rules.longest_min) * _S_PER_MIN) * speed + _TINY),
        spacing_mm=float(rules.stop_spacing_m) * units.MM_PER_M,
        mm_per_s=speed,
        headway_s=float(rules.headway_min) * _S_PER_MIN,
        segment=segment,
        forward=city.roads.side_and_segment(streets.edge)[0] == 0,
    )
    reasons = _reasons(city, area, radius_m, zones, [s for s, some in zip(begin, ends, strict=True) if not some])
    return LoopProblem(zones=zones, starts=tuple(begin), search=search, reasons=reasons)


def _reasons(city: City, area: str | None, radius_m: float, zones: I64, closed: Sequence[Start]) -> tuple[str, ...]:
    out = []
    if not len(zones):
        out.append(f"everybody in {area or city.name} has a stop within {radius_m:g} m on foot")
    if closed:
        names = ", ".join(f"{start.name} ({start.id})" for start in closed)
        out.append(
            f"within {float(city.transit.stop_rules.station_m):g} m on foot of these no street that a small bus may "
            f"use has a place for a stop: {names}"
        )
    return tuple(out)


def no_way_around(city: City, problem: LoopProblem) -> str:
    """Why no loop was found though there are people and starts."""
    rules = city.transit.loop_rules
    return (
        f"no way around of at most {float(rules.longest_min):g} min at {float(rules.kmh):g} km/h, without turning back "
        f"on a street, leads from {', '.join(s.name for s in problem.starts)} past people without a stop"
    )


def choices_of(problem: LoopProblem, loops: Sequence[Loop], most_shared: float) -> Choices:
    """Rows and the loops that cover them; loops that share too much are kept apart."""
    pairs = np.array([(i, j) for j, loop in enumerate(loops) for i in loop.rows], dtype=np.int64).reshape(-1, 2)
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    rows = len(problem.zones)
    return Choices(
        first=np.searchsorted(pairs[:, 0], np.arange(rows + 1)).astype(np.int64),
        site=pairs[:, 1],
        sites=len(loops),
        weight=problem.search.weight,
        apart=_apart(problem, loops, most_shared),
    )


def _apart(problem: LoopProblem, loops: Sequence[Loop], most_shared: float) -> I64:
    """(P, 2) pairs of loops that share more than a share of the shorter one, in the same direction."""
    from scipy.sparse import coo_array

    length = np.asarray(problem.search.streets.length_mm, np.float64)
    row = np.repeat(np.arange(len(loops)), [len(loop.streets) for loop in loops])
    column = np.concatenate([np.zeros(0, np.int64), *(np.array(loop.streets) for loop in loops)])
    shape = len(loops), len(length)
    whole = coo_array((length[column], (row, column)), shape).tocsr()
    marks = coo_array((np.ones(len(row)), (row, column)), shape).tocsr()
    shared = (whole @ marks.T).tocoo()
    own = np.array([float(loop.length_mm) for loop in loops])
    clash = (shared.row < shared.col) & (shared.data > most_shared * np.minimum(own[shared.row], own[shared.col]))
    pairs = np.column_stack((shared.row[clash], shared.col[clash])).astype(np.int64)
    return np.asarray(pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))])


def resources(city: City, loops: Sequence[Loop], vehicles: int | None, vehicle_hours: float | None) -> tuple[I64, I64]:
    """(J, K) what each loop takes of the vehicles and of the vehicle-hours a day, and (K) what there is of each."""
    rules = city.transit.loop_rules
    count = np.array([loop.vehicles for loop in loops], dtype=np.int64)
    hours = math.ceil(float(rules.last_h - rules.first_h) * _HOUR_PARTS - _TINY)
    use, limit = [], []
    if vehicles is not None:
        use.append(count)
        limit.append(vehicles)
    if vehicle_hours is not None:
        use.append(count * hours)
        limit.append(math.floor(vehicle_hours * _HOUR_PARTS + _TINY))
    return np.stack(use, axis=1), np.array(limit, dtype=np.int64)
