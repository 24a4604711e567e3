"""Slow plugs that make the mean walk to a plug the shortest: from a city to a siting problem, and to a plan."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from network import City, place_open, units
from optimise.charger_sites import Year
from optimise.plan import VALUE_UNIT, Plan, PlanYear, Site
from optimise.problem import I64, SitingProblem
from optimise.propose import must_hold, solve
from optimise.solver import Incumbent, Listener
from optimise.stop import Stop
from optimise.targets import Budget, Target
from optimise.verify import Verification, verify


def walk_plan(
    case: Year,
    base: City,
    *,
    budget_cny: float,
    targets: Sequence[Target],
    stop: Stop,
    seed: int,
    progress: Listener | None,
    versions: Mapping[str, str] | None,
) -> tuple[Plan, Verification]:
    """The fewest slow plugs at each of the sites that make the mean walk of slow demand to a plug the shortest.

    base: the city as it is; `case` is it in the year of the plan. Raises InputError for a budget that is not positive,
    UnverifiedError where the answer fails its own check.
    """
    problem = _problem(case, budget_cny)
    incumbent = solve(problem, stop, seed, None, progress)
    verification = verify(problem, incumbent)
    must_hold(verification)
    plan = Plan(
        city=case.city.id,
        city_digest=base.digest,
        objective="distance",
        base_year=int(base.transit.year),
        sites=_sites(case, problem, incumbent.values),
        feeders=(),
        years=(_year(case, problem, incumbent),),
        reasons_why=(),
        next_best=(),
        cost_cny=problem.cost_fen(incumbent.values) / units.FEN_PER_CNY,
        value=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        value_unit=VALUE_UNIT["distance"],
        status=incumbent.status,
        reasons=incumbent.reasons,
        verified=(*verification.checked, "replay"),
        targets=tuple(targets),
        solver=incumbent.solver,
        seed=seed,
        stop=stop.to_dict(),
        inputs={"city": base.digest, "problem": problem.digest},
        versions=dict(versions or {}),
        defaults=tuple(case.city.provenance.defaults()),
    )
    return plan, verification


def _problem(case: Year, budget_cny: float) -> SitingProblem:
    city, travel, supply = case.city, case.travel, case.city.supply
    search_m = round(float(supply.plug_search_m))
    opened = place_open(city).any(axis=1)
    existing = np.where(opened, supply.plugs.sum(axis=0), 0).astype(np.int64)
    sizes = city.charging.sizes[units.SLOW]
    least = int(sizes[sizes > 0].min(initial=np.inf)) if (sizes > 0).any() else 1
    return SitingProblem(
        weight=case.outcome.charging_tenths[units.SLOW].sum(axis=1),
        first=travel.reach_first.astype(np.int64),
        site=travel.reach_place.astype(np.int64),
        distance_m=np.minimum(travel.reach_m.astype(np.int64), search_m),
        search_m=search_m,
        open_fen=np.rint(city.places.open_cny * units.FEN_PER_CNY).astype(np.int64),
        plug_fen=np.rint(city.places.plug_cny * _factor(case) * units.FEN_PER_CNY).astype(np.int64),
        least=np.full(len(existing), least, np.int64),
        most=np.where(opened, np.maximum(city.places.most_plugs - existing, 0), 0),
        existing=existing,
        budget_fen=Budget(budget_cny).fen,
    )


def _factor(case: Year) -> float:
    return float(case.city.charging.plug_cost_factor[units.SLOW])


def _year(case: Year, problem: SitingProblem, incumbent: Incumbent) -> PlanYear:
    """Energy served is not what this plan promises: it is that without the plan."""
    return PlanYear(
        year=case.year,
        budget_cny=problem.budget_fen / units.FEN_PER_CNY,
        spent_cny=problem.cost_fen(incumbent.values) / units.FEN_PER_CNY,
        plugs=int(case.city.supply.plugs.sum() + incumbent.values.sum()),
        wanted_kwh=int(case.outcome.charging_tenths.sum()) / units.TENTHS,
        served_kwh=int(case.outcome.served_tenths.sum()) / units.TENTHS,
    )


def _sites(case: Year, problem: SitingProblem, values: I64) -> tuple[Site, ...]:
    places, rows = case.city.places, []
    for j in np.flatnonzero(values).tolist():
        opening = 0 if problem.existing[j] else int(problem.open_fen[j])
        rows.append(
            Site(
                place=str(places.id[j]),
                kind=str(places.kind[j]),
                name=str(places.name[j]),
                lon=float(places.lonlat[j, 0]),
                lat=float(places.lonlat[j, 1]),
                charger=units.CHARGERS[units.SLOW],
                new_plugs=int(values[j]),
                existing_plugs=int(problem.existing[j]),
                cost_cny=(opening + int(problem.plug_fen[j] * values[j])) / units.FEN_PER_CNY,
                year=case.year,
            )
        )
    return tuple(rows)
