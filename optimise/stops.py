"""The cheapest bus stops to add or move so that rail stations and their entrances have one, and its proof."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal

import numpy as np

from network import (
    METRICS,
    AddStop,
    City,
    InputError,
    MoveStop,
    Outcome,
    Problem,
    Scenario,
    Travel,
    simulate,
    travel_times,
    units,
)
from optimise.kerbs import Exclusions
from optimise.location.set_cover import cheapest
from optimise.plan import Proven
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import Incumbent, Listener, impossible
from optimise.stop import Gap, Stop, Work
from optimise.stop_cover import ENTRANCE, GOALS, STATION, Column, Group, StopCover, stop_cover
from optimise.targets import Target, Verdict, judge

STOP_TARGETS: Final = (
    Target(metric=STATION, op="at_least", value=0.95, id="TRN-1"),
    Target(metric=ENTRANCE, op="at_least", value=1.0, id="TRN-2"),
)
"""What is asked where nothing else is: rows TRN-1 and TRN-2 of the policy targets."""
STOPS_UNTIL: Final[Stop] = Gap(0.0) | Work(60)
"""Stops at the same point on every machine."""
VALUE_UNIT: Final = "fen"
_NAMED: Final = 20
"""Entrances named in a reason at most."""
_TINY: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class StopPlace:
    """A stop to add, or to move from where it is."""

    action: Literal["add", "move"]
    stop: str
    """Id: a new one, or that of the stop that is moved."""
    name: str
    lon: float
    lat: float
    from_lon: float | None = None
    from_lat: float | None = None
    street: str = ""
    lines: tuple[str, ...]
    """Ids of the lines that call there; all that did at a stop that is moved."""
    covers: tuple[str, ...]
    """Entrances and stations, by id, that have no bus stop now and get one here."""
    cost_cny: float
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class StopPlan(Proven):
    """Stops to add and to move, with everything needed to check and repeat the run.

    value, bound: cost in whole fen and what no plan that meets the targets costs less than.
    """

    kind: ClassVar[str] = "stops"
    places: tuple[StopPlace, ...]
    value_unit: str = VALUE_UNIT
    promised: Mapping[str, float | None]
    """Shares after the plan by metric, counted from the walks alone."""
    exclusions: Exclusions

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: everything, or with `year` what is there by the end of it."""
        built = [p for p in self.places if year is None or p.year is None or p.year <= year]
        edits = tuple(
            AddStop(id=p.stop, lon=p.lon, lat=p.lat, name=p.name, lines=p.lines)
            if p.action == "add"
            else MoveStop(stop=p.stop, lon=p.lon, lat=p.lat)
            for p in built
        )
        return Scenario(edits=edits, name=f"stops {self.city}" + ("" if year is None else f" {year}"))


@dataclass(frozen=True, eq=False, kw_only=True)
class StopProposal:
    """A plan of stops, how it was found, and the city's day without and with it."""

    plan: StopPlan
    incumbent: Incumbent
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_stops(
    city: City,
    *,
    targets: Sequence[Target] = STOP_TARGETS,
    exclusions: Exclusions | None = None,
    moves: bool = True,
    relax: bool = False,
    stop: Stop = STOPS_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> StopProposal:
    """The cheapest stops to add or move so that the targets of at least some share of GOALS are met.

    No entrance and no station loses the stop it has, and no entrance that has a bus line both ways has none
    afterwards. Other targets are judged only. Targets that cannot be met are an
    answer: status "infeasible" with the entrances no place covers and the most that can be reached or, with `relax`,
    the cheapest plan that reaches the most, with the same reasons. Raises InputError for streets that are not there,
    UnverifiedError where the plan does not do in the city what it promises.
    """
    travel = travel or travel_times(city)
    base = base or simulate(city, travel)
    goals = {m: max((t.value for t in targets if t.metric == m and t.op == "at_least"), default=0.0) for m in GOALS}
    problem = stop_cover(city, travel.coverage, goals, exclusions or Exclusions(), moves=moves, relax=relax)
    incumbent = solve_cover(city, problem, stop, seed, progress)
    plan = _plan(
        city,
        problem,
        incumbent,
        targets=tuple(targets),
        exclusions=exclusions or Exclusions(),
        seed=seed,
        stop=stop.to_dict(),
        versions=dict(versions or {}),
    )
    changed = base
    if plan.places:
        after = plan.as_scenario().apply(city)
        changed = simulate(after, travel_times(after, travel))
    plan = replace(plan, verified=_verified(problem, incumbent, plan, base, changed))
    notes = {t: r for t in targets for r in incumbent.reasons if r.startswith(METRICS[t.metric].label_en)}
    verdicts = judge(changed.metrics, targets, notes)
    return StopProposal(plan=plan, incumbent=incumbent, base=base, changed=changed, verdicts=verdicts)


def _plan(city: City, problem: StopCover, incumbent: Incumbent, **asked: Any) -> StopPlan:
    """The plan a solver's answer stands for; `asked` are the fields that tell what was asked for."""
    return StopPlan(
        city=city.id,
        city_digest=city.digest,
        places=_places(city, problem, incumbent),
        cost_cny=incumbent.objective / units.FEN_PER_CNY,
        value=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        status=incumbent.status,
        reasons=incumbent.reasons,
        promised=_promised(problem, incumbent),
        verified=(),
        solver=incumbent.solver,
        inputs={"city": city.digest, "problem": problem.digest},
        defaults=tuple(city.provenance.defaults()),
        **asked,
    )


def solve_cover(
    city: City, problem: StopCover, stop: Stop = STOPS_UNTIL, seed: int = 0, progress: Listener | None = None
) -> Incumbent:
    """The cheapest columns, and why the targets cannot be met where they cannot, in words."""
    from optimise.location.verify_choices import verify_set_cover  # loads scipy.optimize, which questions do without

    reasons = tuple(_reason(city, *found) for found in problem.out_of_reach())
    if not problem.solvable:
        return impossible(problem.choices.sites, reasons, "set_cover", 0.0)
    found = cheapest(problem.choices, problem.cost_fen, need=problem.need, stop=stop, seed=seed, progress=progress)
    if found.status == "unknown":
        raise InputError(Problem("stop", "came before any plan was found", "give the search more time"))
    must_hold(verify_set_cover(problem.choices, problem.cost_fen, found, problem.need))
    return replace(found, reasons=reasons)


def _reason(city: City, group: Group, bare: list[tuple[int, bool]], reached: int) -> str:
    """Which entrances or stations no place covers, and the largest share that can be asked for."""
    s, rules, count = city.transit.stations, city.transit.stop_rules, len(group.of)
    stations = group.metric == STATION
    radius_m = float(rules.station_m if stations else rules.entrance_m)
    names = []
    for at, has_place in bare:
        doors = np.flatnonzero(s.entrance_station == at) if stations else np.array([at])
        off_m = s.snap.off_m[units.WALK, doors].min()
        why = f"no bus line within a detour of {float(rules.detour_m):g} m" if has_place else "no place"
        why = f"{off_m:.0f} m from the nearest street" if off_m > radius_m else why
        names.append(f"{s.name[s.entrance_station[doors[0]]]} ({s.id[at] if stations else s.entrance_id[at]}: {why})")
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    what = "stations" if stations else "entrances"
    return (
        f"{METRICS[group.metric].label_en}: {group.wanted} of {count} {what} are asked for, at most {reached} "
        f"({_floor_percent(reached, count)} %) can have one. Within {radius_m:g} m on foot of these there is no bus "
        f"stop and no place on a street, clear of junctions, that a bus line can call at: "
        f"{', '.join(names[:_NAMED])}{more}"
    )


def _floor_percent(part: int, whole: int) -> str:
    """Per cent with one decimal, rounded down, so that asking for it can be met."""
    return f"{part * 1000 // whole / 10:g}"


def _places(city: City, problem: StopCover, incumbent: Incumbent) -> tuple[StopPlace, ...]:
    if incumbent.status == "infeasible":
        return ()
    taken = set(city.transit.timetable.stop_id.tolist())
    fresh = (f"new-stop/{n}" for n in range(1, len(taken) + problem.choices.sites + 2))
    return tuple(
        _place(city, problem, column, next(i for i in fresh if i not in taken) if column.stop < 0 else "")
        for column in problem.chosen(incumbent.values)
    )


def _place(city: City, problem: StopCover, column: Column, new_id: str) -> StopPlace:
    t, at, rules = city.transit.timetable, column.place, city.transit.stop_rules
    (lon, lat), spare_m = problem.places.lonlat[at].tolist(), float(rules.kerb_spacing_m)
    covers, names = _newly_covered(city, problem, column)
    street = str(city.roads.way_name[problem.places.way[at]])
    if column.stop < 0:
        lines = problem.passing.straightest(at, spare_m)
        return StopPlace(
            action="add",
            stop=new_id,
            name=" ".join(filter(None, (*names[:1], street))),
            lon=lon,
            lat=lat,
            street=street,
            lines=tuple(str(city.transit.line_id[line]) for line in lines),
            covers=covers,
            cost_cny=float(rules.new_cny),
        )
    line = np.repeat(city.transit.running.pattern_line, np.diff(city.transit.running.pattern_first))
    calling = np.unique(line[city.transit.running.call_stop == column.stop]).tolist()
    return StopPlace(
        action="move",
        stop=str(t.stop_id[column.stop]),
        name=str(city.transit.stop_name[column.stop]),
        lon=lon,
        lat=lat,
        from_lon=float(t.stop_lonlat[column.stop, 0]),
        from_lat=float(t.stop_lonlat[column.stop, 1]),
        street=street,
        lines=tuple(str(city.transit.line_id[at]) for at in calling),
        covers=covers,
        cost_cny=float(rules.move_cny),
    )


def _newly_covered(city: City, problem: StopCover, column: Column) -> tuple[tuple[str, ...], list[str]]:
    """Ids of the entrances and stations without a bus stop now that a column covers, and names of the stations."""
    s, ids, names = city.transit.stations, [], []
    for group, rows in problem.rows():
        for k, row in enumerate(range(rows.start, rows.stop)):
            if row in column.covers and not group.covered[k]:
                at = int(group.of[k])
                station = at if group.metric == STATION else int(s.entrance_station[at])
                ids.append(str(s.id[at] if group.metric == STATION else s.entrance_id[at]))
                names.append(str(s.name[station]))
    return tuple(dict.fromkeys(ids)), names


def _promised(problem: StopCover, incumbent: Incumbent) -> dict[str, float | None]:
    covered, shares = problem.covered(incumbent.values), {}
    for group, rows in problem.rows():
        here = covered[rows]
        shares[group.metric] = float(here.mean()) if len(here) else None
    return shares


def _verified(
    problem: StopCover, incumbent: Incumbent, plan: StopPlan, base: Outcome, changed: Outcome
) -> tuple[str, ...]:
    """Names of the checks that hold. Raises UnverifiedError for one that does not."""
    covered, wrong = problem.covered(incumbent.values), []
    if incumbent.status != "infeasible":
        for group, rows in problem.rows():
            here = covered[rows]
            if here.sum() < group.wanted or (group.covered & ~here).any():
                wrong.append(f"{group.metric}: {here.sum()} of {group.wanted} are covered")
    cost = int(problem.cost_fen[incumbent.values > 0].sum())
    if cost != incumbent.objective or round(sum(p.cost_cny for p in plan.places) * units.FEN_PER_CNY) != cost:
        wrong.append(f"the stops cost {cost} fen, not {incumbent.objective}")
    if incumbent.bound > incumbent.objective:
        wrong.append("the bound is above the cost")
    for metric, share in plan.promised.items():
        value = changed.metrics[metric]
        if (value is None) != (share is None) or abs((value or 0.0) - (share or 0.0)) > _TINY:
            wrong.append(f"{metric} becomes {value}, {share} was promised")
    both, still = base.coverage.entrance_both_ways, changed.coverage.entrance_both_ways
    if (base.coverage.entrance_counts & both & ~still).any():
        wrong.append("an entrance has no bus line both ways any more")
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    return ("feasible", "value", "bound_side", "replay")
