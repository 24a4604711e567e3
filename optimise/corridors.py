"""Which service areas of a corridor get ultra-fast chargers, and how many: the most vehicles get through in winter.

Stations: flow refuelling, every flow and segment a flow of its own (`optimise.location.refuelling`). Plugs: the fewest
at which few wait long in the busiest hour. Where money is the limit, stations and plugs are bought in one model
(`optimise.corridor_budget`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

import numpy as np

from network import InputError, Problem, digest_of
from optimise.corridor_choice import Choice, Task
from optimise.corridor_network import NODE_KINDS, SERVICE_AREA, Corridor, CorridorRules
from optimise.corridor_plan import CorridorCase, CorridorPlan, CorridorStation, CorridorTrip, State
from optimise.corridor_trips import START, Flags, Trips, trips_at
from optimise.corridor_verify import CORRIDOR_CHECKS, corridor_problems
from optimise.location.result import PROOF
from optimise.propose import UnverifiedError
from optimise.solver import Status, gap_of
from optimise.stop import Gap, Stop, Work

CORRIDORS_UNTIL: Final[Stop] = Gap(0.0001) | Work(10)
"""Stops at the same point on every machine."""


def propose_corridor(
    corridor: Corridor,
    rules: CorridorRules,
    *,
    sites: int | None = None,
    budget_cny: float | None = None,
    temperature_c: float | None = None,
    kinds: Sequence[str] = (SERVICE_AREA,),
    every_trip: bool = False,
    stop: Stop = CORRIDORS_UNTIL,
    seed: int = 0,
    versions: Mapping[str, str] | None = None,
    defaults: Sequence[Mapping[str, str]] = (),
) -> CorridorPlan:
    """The stations that get the most vehicles through at `temperature_c` (else rules.winter_c): at most `sites` new
    ones, or what a budget buys, or both.

    kinds: kinds of nodes that may get a station. every_trip: see `trips_at`. A vehicle that gets through on a cold day
    does on a mild one, so the plan serves both; a plan for mild days is made for comparison. Raises InputError for
    limits that cannot be meant, UnverifiedError where the answer fails its own check.
    """
    there: Flags = np.array([node.plugs > 0 for node in corridor.nodes])
    may = there | np.array([node.kind in kinds for node in corridor.nodes])
    _check(sites, budget_cny, kinds, int((may & ~there).sum()))
    cold_c = rules.winter_c if temperature_c is None else temperature_c
    winter, mild = (
        trips_at(corridor, rules, degrees, every_trip=every_trip) for degrees in (cold_c, max(cold_c, rules.comfort_c))
    )
    task = Task(
        corridor=corridor, rules=rules, site=np.flatnonzero(may), there=there,
        sites=sites, budget_cny=budget_cny, days=(winter, mild), seed=seed,
    )  # fmt: skip
    best = task.best(winter, (winter, mild), stop)
    best_mild = best if cold_c >= rules.comfort_c else task.best(mild, (mild,), stop)
    wrong = corridor_problems(task, best, winter, (winter, mild))
    wrong += corridor_problems(task, best_mild, mild, (mild,)) if best_mild is not best else []
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    new, new_mild = ({corridor.nodes[n].id for n in np.flatnonzero(c.open & ~there)} for c in (best, best_mild))
    status: Status = "optimal" if gap_of(best.value, best.bound) <= PROOF else "feasible"
    return CorridorPlan(
        stations=tuple(_stations(task, best, best_mild, winter, mild)),
        trips=tuple(_trips(winter, best.open, may)),
        cases=tuple(_cases(winter, mild, best, best_mild)),
        added_by_winter=tuple(sorted(new - new_mild)),
        dropped_by_winter=tuple(sorted(new_mild - new)),
        temperature_c=cold_c,
        mild_c=mild.temperature_c,
        sites=sites,
        budget_cny=budget_cny,
        cost_cny=math.fsum(best.cost_cny.tolist()),
        mild_cost_cny=math.fsum(best_mild.cost_cny.tolist()),
        backlog_cny=task.backlog_cny(),
        value=best.value,
        bound=best.value if status == "optimal" else best.bound,
        gap=0.0 if status == "optimal" else gap_of(best.value, best.bound),
        status=status,
        reasons=tuple(_reasons(task, best)),
        verified=CORRIDOR_CHECKS,
        solver=best.solver,
        seed=seed,
        stop=stop.to_dict(),
        inputs={"corridor": corridor.digest, "rules": digest_of(repr(rules))},
        versions=dict(versions or {}),
        defaults=tuple(defaults),
    )


def _check(sites: int | None, budget_cny: float | None, kinds: Sequence[str], free: int) -> None:
    problems = [
        Problem("kinds", f"no kind of node is called {kind!r}", f"use {', '.join(NODE_KINDS)}")
        for kind in kinds
        if kind not in NODE_KINDS
    ]
    if sites is None and budget_cny is None:
        problems.append(Problem("sites, budget", "are both missing", "say how many stations, or how much money"))
    if sites is not None and not 0 <= sites <= free:
        what = f"is {sites}, there are {free} nodes that may get a station"
        hint = "give a number from 0 to that, or add kinds of nodes" if free else "add service areas to the nodes"
        problems.append(Problem("sites", what, hint))
    if budget_cny is not None and not 0 <= budget_cny < math.inf:
        problems.append(Problem("budget", f"is {budget_cny}", "money [CNY], 0 or more"))
    if problems:
        raise InputError(problems)


def _cases(winter: Trips, mild: Trips, best: Choice, best_mild: Choice) -> Iterator[CorridorCase]:
    """Both plans at both temperatures."""
    plans: tuple[tuple[Literal["winter", "mild"], Choice, Trips], ...] = (
        ("winter", best, winter),
        ("mild", best_mild, mild),
    )
    for name, choice, meant_for in plans:
        for trips in (winter, mild):
            worth, home = trips.worth(choice.open), trips.alone_per_day
            yield CorridorCase(
                plan=name,
                temperature_c=trips.temperature_c,
                vehicles_per_day=worth,
                home_per_day=home,
                served_per_day=worth - home,
                bound_per_day=choice.bound if trips is meant_for else None,
            )


def _stations(task: Task, best: Choice, best_mild: Choice, winter: Trips, mild: Trips) -> Iterator[CorridorStation]:
    """Every open station, and what would be lost without it."""
    per_day, lacking_kw = best.kwh / task.rules.session_kwh, task.lacking_kw(best.plugs)
    for n in np.flatnonzero(best.open).tolist():
        node, lost = task.corridor.nodes[n], math.fsum(winter.count[winter.lost(best.open, n)].tolist())
        value, instead = (None, -1) if task.there[n] else task.in_place_of(n, best, winter, (winter, mild))
        yield CorridorStation(
            id=node.id,
            name=node.name,
            kind=node.kind,
            lon=node.lon,
            lat=node.lat,
            existing_plugs=node.plugs,
            plugs=max(int(best.plugs[n]), node.plugs),
            lacking_kw=float(lacking_kw[n]),
            kwh_per_day=float(best.kwh[n]),
            sessions_per_day=float(per_day[n]),
            sessions_in_peak_hour=float(per_day[n] * task.rules.peak_share),
            cost_cny=float(best.cost_cny[n]),
            also_mild=bool(best_mild.open[n]),
            lost_per_day=lost,
            best_instead_per_day=value,
            instead=None if instead < 0 else task.corridor.nodes[instead].id,
        )


def _trips(trips: Trips, open_: Flags, may: Flags) -> Iterator[CorridorTrip]:
    """Every flow by segment: through or not, and why not."""
    nodes, met, at_best = trips.corridor.nodes, trips.met(open_), trips.met(may)
    for r in range(len(met)):
        way, along = trips.corridor.way(int(trips.flow[r]))
        state: State = "home" if trips.alone[r] else "served" if met[r] else "not_served"
        dry = _dry(trips, r, open_, possible=bool(at_best[r])) if state == "not_served" else {}
        flow = trips.corridor.flows[int(trips.flow[r])]
        yield CorridorTrip(
            origin=flow.origin,
            destination=flow.destination,
            segment=trips.corridor.vehicles[int(trips.segment[r])].segment,
            vehicles_per_day=float(trips.count[r]),
            length_km=float(along[-1]),
            reach_km=float(trips.reach_km[r]),
            state=state,
            stations=tuple(nodes[n].id for n in way[open_[way]].tolist()) if state == "served" else (),
            **dry,
        )


def _dry(trips: Trips, row: int, open_: Flags, *, possible: bool) -> dict[str, Any]:
    """Where a trip runs dry, also in words."""
    stretch_km, *arc = trips.dry(row, open_)
    ends = [trips.corridor.nodes[n].id for n in arc]
    way = trips.corridor.way(int(trips.flow[row]))[0]
    reach_km = float(trips.reach_km[row])
    told = f"no station on the way; half a battery, {START * reach_km:.0f} km,"
    if open_[way].any():
        told = f"{stretch_km:.0f} km without a station; a battery of {reach_km:.0f} km"
    told += f" is empty between {ends[0]} and {ends[1]}"
    if not possible:
        told += "; no choice among the sites there are would do"
    return {
        "stretch_km": stretch_km, "dry_from": ends[0], "dry_to": ends[1], "possible": possible, "reason": told,
    }  # fmt: skip


def _reasons(task: Task, best: Choice) -> Iterator[str]:
    """What the plan cannot do, in words."""
    new = best.open & ~task.there
    if not new.any() and task.sites != 0:
        yield from _why_nothing(task)
    lacking_kw = task.lacking_kw(best.plugs)
    for n in np.flatnonzero(best.open & (lacking_kw > 0)).tolist():
        node = task.corridor.nodes[n]
        yield f"{node.id}: its plugs draw {lacking_kw[n]:,.0f} kW more than the {node.grid_kw:,.0f} kW there"


def _why_nothing(task: Task) -> Iterator[str]:
    least = float(task.least_cny[task.site][~task.there[task.site]].min(initial=math.inf))
    if task.budget_cny is not None and task.budget_cny < least:
        yield f"{task.budget_cny:,.0f} CNY buy no station: the cheapest costs {least:,.0f} CNY"
    else:
        yield "no new station lets more vehicles through: see where trips run dry"
