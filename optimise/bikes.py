"""Where dispatch points for shared bikes (共享单车疏导点) go, how many bikes each holds, and in which year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from network import (
    City,
    InputError,
    Outcome,
    Problem,
    Travel,
    bike_walks,
    flows_at,
    model_flows,
    simulate,
    snap,
    travel_times,
    units,
)
from optimise.bike_limits import fleet_rows, rack_rows
from optimise.bike_plan import VALUE_UNIT, BikePoint, BikesPlan, RackRow, scenario_of
from optimise.bike_problem import THOUSAND, BikeCase, bike_case
from optimise.bike_reasons import why_not
from optimise.bike_rows import point_rows, uncovered
from optimise.bike_sites import usable_sites
from optimise.bike_wishes import BikeWishes
from optimise.bike_years import earlier_years, last_year_stop, year_rows
from optimise.points import POINTS_UNTIL, PointAnswer, solve_points, verify_points
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import Incumbent, Listener
from optimise.stop import Run, Stop
from optimise.targets import Target, Verdict, judge

BIKES_UNTIL: Final[Stop] = POINTS_UNTIL
"""Stops at the same point on every machine."""
_NAME: Final = "points"
_SHARE: Final = "bike_trips_covered_share"
_NONE: Final = ("infeasible", "unknown")
_EXACT: Final = 1e-9


@dataclass(frozen=True, eq=False, kw_only=True)
class BikesProposal:
    """A plan of dispatch points, how it was found, and the city's day without and with it."""

    plan: BikesPlan
    incumbent: Incumbent
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_bikes(
    city: City,
    *,
    wishes: BikeWishes | None = None,
    targets: Sequence[Target] = (),
    stop: Stop = BIKES_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> BikesProposal:
    """Dispatch points for the rides of the demand model, or for those given, by city.bike_sharing.

    A target of at least some bike_trips_covered_share is kept to; others are judged only. Raises InputError for what is
    not there or makes no sense, UnverifiedError where the plan does not do in the city what it promises.
    """
    wishes, share = wishes or BikeWishes(), _asked_share(targets)
    _check(wishes, share, seed)
    travel = travel or travel_times(city)
    base = base or simulate(city, travel)
    sites = usable_sites(city, wishes)
    flows = model_flows(city, base) if wishes.flows is None else flows_at(city, wishes.flows)
    case = bike_case(city, flows, sites, wishes, share)
    run = stop.start()
    last_run = last_year_stop(stop, wishes.years).start()
    answer = solve_points(case.problem, run=last_run, seed=seed, progress=progress)
    must_hold(verify_points(case.problem, answer))
    made = _made(_Asked(city=city, travel=travel, base=base, wishes=wishes, case=case), answer, run, seed)
    plan = _plan(
        made,
        share, targets=tuple(targets), seed=seed, stop=stop.to_dict(), versions=dict(versions or {}),
        inputs={"city": city.digest, "problem": case.problem.digest}, defaults=tuple(city.provenance.defaults()),
    )  # fmt: skip
    a = answer
    incumbent = Incumbent(a.spaces, a.value, a.bound, a.status, _NAME, run.seconds, reasons=plan.reasons)
    return BikesProposal(
        plan=plan, incumbent=incumbent, base=base, changed=made.changed, verdicts=judge(made.changed.metrics, targets),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class _Asked:
    """A city with its day, what is asked of it, and the problem that this makes."""

    city: City
    travel: Travel
    base: Outcome
    wishes: BikeWishes
    case: BikeCase


@dataclass(frozen=True, eq=False, kw_only=True)
class _Made:
    """Answers of the years, what they lay out, and the city and its day with that."""

    asked: _Asked
    answers: list[PointAnswer]
    points: tuple[BikePoint, ...]
    racks: tuple[RackRow, ...]
    after: City
    changed: Outcome


def _made(asked: _Asked, answer: PointAnswer, run: Run, seed: int) -> _Made:
    """The last answer with those of the years before, simulated."""
    city, wishes, case, base = asked.city, asked.wishes, asked.case, asked.base
    if answer.status in _NONE:
        return _Made(asked=asked, answers=[answer], points=(), racks=(), after=city, changed=base)
    answers = earlier_years(case, answer, wishes.cumulative_fen(), run, seed)
    points = point_rows(city, case, answers, wishes.years)
    left = None if wishes.budget_cny is None else wishes.budget_cny - answer.money_fen / units.FEN_PER_CNY
    buys = wishes.racks and wishes.objective != "cost"  # which asks for the least money
    racks = rack_rows(city, asked.travel, case, left if buys else 0.0)
    after = scenario_of(points, racks, _NAME).apply(city)
    changed = base if after is city else simulate(after, travel_times(after, asked.travel))
    _must_count(asked, points, after, changed)
    return _Made(asked=asked, answers=answers, points=points, racks=racks, after=after, changed=changed)


def _must_count(asked: _Asked, points: Sequence[BikePoint], after: City, changed: Outcome) -> None:
    """Raises UnverifiedError where the day with the points does not count what they promise."""
    promised = {
        "bike_points": (asked.base.metrics["bike_points"] or 0) + sum(not p.existing for p in points),
        "bike_point_spaces": (asked.base.metrics["bike_point_spaces"] or 0)
        + sum(p.spaces - p.spaces_before for p in points),
        _SHARE: _covered(asked, points, after, changed),
    }
    wrong = [
        f"{name} is {changed.metrics[name]}, {value:g} was promised"
        for name, value in promised.items()
        if abs((changed.metrics[name] or 0.0) - value) > _EXACT
    ]
    if wrong:
        raise UnverifiedError("; ".join(wrong))


def _covered(asked: _Asked, points: Sequence[BikePoint], after: City, changed: Outcome) -> float:
    """Share of the weekday pickups and returns of the model within the walk of a point, planned or there before."""
    city = asked.city
    lonlat = np.array([(p.lon, p.lat) for p in points if not p.existing], np.float64).reshape(-1, 2)
    lonlat = np.concatenate((city.bike_points.lonlat, lonlat))
    flows = model_flows(after, changed)
    trips = (flows.pickups[0] + flows.returns[0]).sum(axis=1)
    if not (len(lonlat) and trips.sum() > 0):
        return 0.0
    first, _, _ = bike_walks(city, flows, lonlat, snap(city.roads, lonlat))
    return float(trips[np.diff(first) > 0].sum() / trips.sum())


def _plan(made: _Made, share: float, **asked_for: Any) -> BikesPlan:
    """The plan; `asked_for` are the fields that the caller gave."""
    asked, last, case = made.asked, made.answers[-1], made.asked.case
    wishes, problem = asked.wishes, case.problem
    trips = max(int(problem.weight.sum()), 1)
    reached = np.diff(problem.first) > 0
    points_cny = last.money_fen / units.FEN_PER_CNY
    racks_cny = sum(r.cost_cny for r in made.racks if r.bought)
    none = last.status in _NONE
    return BikesPlan(
        city=asked.city.id,
        city_digest=asked.city.digest,
        objective=wishes.objective,
        value_unit=VALUE_UNIT[wishes.objective],
        budget_cny=wishes.budget_cny,
        within=() if isinstance(wishes.within, str) else wishes.within,
        area=wishes.within if isinstance(wishes.within, str) else "",
        source="assumed" if case.sites.assumed else "table",
        flow_source=case.flows.source,
        sites=len(case.sites.sites),
        points=made.points,
        racks=made.racks,
        years=() if none else year_rows(case, made.answers, wishes.years, wishes.budgets_cny),
        left_out=case.sites.left_out,
        uncovered=uncovered(case, last),
        **fleet_rows(made.after, case),
        trips=int(problem.weight.sum()) / THOUSAND,
        served_share=last.served_weight / trips,
        reachable_share=int(problem.weight[reached].sum()) / trips,
        covered_share=made.changed.metrics[_SHARE] or 0.0,
        covered_share_before=asked.base.metrics[_SHARE] or 0.0,
        new_points=sum(not p.existing for p in made.points),
        new_spaces=sum(p.spaces - p.spaces_before for p in made.points),
        points_cny=points_cny,
        racks_cny=racks_cny,
        cost_cny=points_cny + racks_cny,
        z=case.z,
        value=last.value,
        bound=last.bound,
        gap=last.gap,
        status=last.status,
        reasons=why_not(case, wishes, last, share) if none else (),
        verified=("infeasible",) if last.status == "infeasible" else ("feasible", "value", "bound_side", "replay"),
        solver=_NAME,
        **asked_for,
    )


def _asked_share(targets: Sequence[Target]) -> float:
    """Of the rides of the whole city, those that targets want near a point."""
    return max([0.0, *(t.value for t in targets if t.metric == _SHARE and t.op == "at_least")])


def _check(wishes: BikeWishes, share: float, seed: int) -> None:
    problems = []
    if seed < 0:
        problems.append(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    if wishes.objective == "cost" and not (wishes.covered or share):
        what = "is not given, so that nothing is the cheapest plan"
        problems.append(Problem("covered", what, f"give a share, or a target such as {_SHARE}>=0.5"))
    if problems:
        raise InputError(problems)
