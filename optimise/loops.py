"""Loops of small buses that feed stations: which to run with a fleet so that the most people get a stop, with proof."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from network import City, InputError, Outcome, Problem, Travel, did_you_mean, simulate, travel_times, units
from optimise.kerbs import Exclusions
from optimise.location.packing import packing
from optimise.loop_candidates import Loop, candidates
from optimise.loop_plan import LoopPlan, plan_of
from optimise.loop_problem import LoopProblem, choices_of, loop_problem, no_way_around, resources
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import Incumbent, Listener, Progress, answer, impossible
from optimise.stop import Gap, Run, Stop, Work
from optimise.targets import Target, Verdict, judge

LOOPS_UNTIL: Final[Stop] = Gap(0.0) | Work(60)
"""Stops at the same point on every machine."""
_NAME: Final = "loops"
_GAINS: Final = ("green_trip_share", "transit_trip_share", "car_km_per_day", "co2_t_per_day")
_CHECKS: Final = ("drivable", "cycle", "feasible", "value", "bound_side", "replay")
_MOST_VEHICLES: Final = 10_000
_HOURS: Final = 24
_TINY: Final = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopProposal:
    """A plan of loops, how it was found, and the city's day without and with it."""

    plan: LoopPlan
    incumbent: Incumbent
    problem: LoopProblem
    loops: tuple[Loop, ...]
    """The candidates; `incumbent.values` says which of them run."""
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_loops(
    city: City,
    *,
    vehicles: int | None = None,
    vehicle_hours: float | None = None,
    area: str | None = None,
    starts: Sequence[str] = (),
    radius_m: float = units.COVER_M[0],
    exclusions: Exclusions | None = None,
    targets: Sequence[Target] = (),
    stop: Stop = LOOPS_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> LoopProposal:
    """Loops from stations that give the most people a stop within `radius_m` with so many vehicles.

    area: zones whose people count, all where None. starts: stations and stops, by id or name, that loops begin and end
    at; every rail station where none is named. vehicles, vehicle_hours (a day): limits, one at least. Speed, longest
    time, headway, hours, streets and costs are the city's transit.loop_rules. Where there is nobody to serve or no way
    around, the answer has no loops and says why. Raises InputError for what is not there or makes no sense,
    UnverifiedError where the plan does not do in the city what it promises.
    """
    _check(city, fleet=(vehicles, vehicle_hours), area=area, radius_m=radius_m, seed=seed)
    run, exclusions = stop.start(), exclusions or Exclusions()
    travel = travel or travel_times(city)
    base = base or simulate(city, travel)
    problem = loop_problem(city, travel.coverage, area=area, starts=starts, radius_m=radius_m, exclusions=exclusions)
    loops = _candidates(problem, run, seed, progress)
    incumbent = choose_loops(
        city, problem, loops, fleet=(vehicles, vehicle_hours), run=run, seed=seed, progress=progress
    )
    plan = plan_of(
        city, problem, loops, incumbent,
        area=area, radius_m=float(radius_m), vehicles_most=vehicles, vehicle_hours_most=vehicle_hours,
        targets=tuple(targets), exclusions=exclusions, seed=seed, stop=stop.to_dict(), versions=dict(versions or {}),
    )  # fmt: skip
    changed, after = base, city
    if plan.loops:
        after = plan.as_scenario().apply(city)
        changed = simulate(after, travel_times(after, travel))
    plan = replace(plan, gains=_gains(base, changed), green_trips=changed.green_trips - base.green_trips)
    chosen = [loops[j] for j in np.flatnonzero(incumbent.values).tolist()]
    wrong = [*_unkept(city, problem, plan, chosen, after), *_unreached(city, problem, plan, base, changed)]
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    return LoopProposal(
        plan=replace(plan, verified=_CHECKS),
        incumbent=incumbent,
        problem=problem,
        loops=tuple(loops),
        base=base,
        changed=changed,
        verdicts=judge(changed.metrics, targets),
    )


def _check(city: City, *, fleet: tuple[int | None, float | None], area: str | None, radius_m: float, seed: int) -> None:
    problems, (vehicles, vehicle_hours) = [], fleet
    if not len(city.transit.line_id):
        what = f"no line is known in {city.id}: its transit is an estimate by distance"
        problems.append(Problem(city.id, what, "build the city with its lines first, as [[transit]] in its recipe"))
    if vehicles is None and vehicle_hours is None:
        problems.append(Problem("vehicles", "and vehicle_hours are both left out", "give one of them"))
    if vehicles is not None and not 0 <= vehicles <= _MOST_VEHICLES:
        problems.append(Problem("vehicles", f"is {vehicles}", f"give 0 to {_MOST_VEHICLES:,}"))
    if vehicle_hours is not None and not 0 <= vehicle_hours <= _MOST_VEHICLES * _HOURS:
        problems.append(
            Problem("vehicle_hours", f"is {vehicle_hours:g}", f"give 0 to {_MOST_VEHICLES * _HOURS:,} a day")
        )
    if area is not None and area not in city.zones.area:
        known = np.unique(city.zones.area)
        hint = did_you_mean(area, known) or f"known are {', '.join(known)}"
        problems.append(Problem("area", f"no zone lies in {area!r}", hint))
    search_m = float(city.transit.stop_rules.search_m)
    if not 0 < radius_m <= search_m:
        problems.append(Problem("radius_m", f"is {radius_m:g}", f"give more than 0 and up to {search_m:g}"))
    if seed < 0:
        problems.append(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    if problems:
        raise InputError(problems)


def _candidates(problem: LoopProblem, run: Run, seed: int, progress: Listener | None) -> list[Loop]:
    if not (len(problem.zones) and problem.search.terminals):
        return []

    def heard() -> None:
        if progress is not None:
            progress(Progress(run.seconds, None, None, _NAME))

    return candidates(problem.search, run, seed, heard)


def choose_loops(
    city: City,
    problem: LoopProblem,
    loops: Sequence[Loop],
    *,
    fleet: tuple[int | None, float | None],
    run: Run,
    seed: int,
    progress: Listener | None,
) -> Incumbent:
    from optimise.location.verify_choices import verify_packing  # loads scipy.optimize, which questions do without

    if not len(problem.zones):
        nobody = answer(np.zeros(0, np.int64), objective=0, bound=0, solver=_NAME, seconds=run.seconds)
        return replace(nobody, reasons=problem.reasons)
    if not loops:
        why = (no_way_around(city, problem),) if problem.search.terminals else ()
        return impossible(0, (*problem.reasons, *why), _NAME, run.seconds)
    choices = choices_of(problem, loops, float(city.transit.loop_rules.most_shared))
    use, limit = resources(city, loops, *fleet)
    left = replace(run.stop, seconds=run.seconds_left)
    found = packing(choices, use, limit, stop=left, seed=seed, progress=progress)
    must_hold(verify_packing(choices, use, limit, found))
    return replace(found, reasons=problem.reasons)


def _gains(base: Outcome, changed: Outcome) -> dict[str, float]:
    pairs = {name: (base.metrics[name], changed.metrics[name]) for name in _GAINS}
    return {name: after - before for name, (before, after) in pairs.items() if before is not None and after is not None}


def _unkept(city: City, problem: LoopProblem, plan: LoopPlan, chosen: Sequence[Loop], after: City) -> list[str]:
    """What does not hold of loops, fleet and value."""
    wrong, rules = [], city.transit.loop_rules
    for loop, line in zip(chosen, plan.loops, strict=True):
        wrong += [f"{line.line}: {what}" for what in _undrivable(city, problem, loop)]
        if line.cycle_min > float(rules.longest_min) + _TINY or line.headway_min > float(rules.headway_min) + _TINY:
            wrong.append(f"{line.line} takes {line.cycle_min:g} min with a bus every {line.headway_min:g}")
        runs_s, cycle_s = _runs_s(after, line.line), problem.search.cycle_s(loop.length_mm)
        if runs_s != cycle_s:
            wrong.append(f"{line.line} takes {runs_s} s in the timetable, {cycle_s} were promised")
    if plan.vehicles_most is not None and plan.vehicles > plan.vehicles_most:
        wrong.append(f"{plan.vehicles} vehicles are needed")
    if plan.vehicle_hours_most is not None and plan.vehicle_hours > plan.vehicle_hours_most + _TINY:
        wrong.append(f"{plan.vehicle_hours:g} vehicle-hours are needed")
    if plan.value != plan.people or plan.bound < plan.value:
        wrong.append(f"value {plan.value} and bound {plan.bound} do not go with {plan.people} people")
    return wrong


def _unreached(city: City, problem: LoopProblem, plan: LoopPlan, base: Outcome, changed: Outcome) -> list[str]:
    """What does not hold of the stops that people get."""
    wrong = []
    near = changed.coverage.zone_walk_m <= plan.radius_m
    promised = frozenset(zone for line in plan.loops for zone in line.zones)
    replayed = frozenset(city.zones.id[problem.zones[near[problem.zones]]].tolist())
    if promised != replayed:
        wrong.append(f"{len(promised ^ replayed)} zones get a stop that were not promised one, or the reverse")
    if (base.coverage.zone_walk_m < changed.coverage.zone_walk_m).any():
        wrong.append("somebody's stop is farther than before")
    return wrong


def _undrivable(city: City, problem: LoopProblem, loop: Loop) -> list[str]:
    """What keeps a bus from going around the loop, edge by edge."""
    roads, edges = city.roads, problem.search.streets.edge[list(loop.streets)]
    time_ms = roads.time_ms[units.DRIVE]
    wrong = [f"edge {e} is closed" for e in edges.tolist() if time_ms[e] < 0]
    for here, there in zip(edges, np.roll(edges, -1), strict=True):
        seen, todo = set[int](), [int(roads.head[here])]
        while todo:
            node = todo.pop()
            seen.add(node)
            out = np.arange(roads.first[node], roads.first[node + 1])
            turns = out[(roads.segment[out] < 0) & (time_ms[out] >= 0)]
            todo += [int(n) for n in roads.head[turns] if int(n) not in seen]
        if int(roads.tail[there]) not in seen:
            wrong.append(f"edge {there} cannot be entered from edge {here}")
    return wrong


def _runs_s(after: City, line: str) -> int:
    """How long the trips of a line take."""
    t = after.transit.timetable
    p = int(np.flatnonzero(t.pattern_line == np.flatnonzero(after.transit.line_id == line)[0])[0])
    arrive_s, depart_s = t.times(p)
    return math.ceil(float((arrive_s[:, -1] - depart_s[:, 0]).max()))
