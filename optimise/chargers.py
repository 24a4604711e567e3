"""Chargers: from a city and its day to a siting problem, and from a solver's answer to a plan."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from network import City, Outcome, Travel, units
from optimise.plan import VALUE_UNIT, Plan, Site
from optimise.problem import I64, Objective, SitingProblem
from optimise.solver import Incumbent
from optimise.stop import Stop
from optimise.targets import Budget, Target
from optimise.verify import Verification

LEAST_PLUGS = 1
"""A site needs at least one plug."""


def siting_problem(
    city: City,
    outcome: Outcome,
    travel: Travel,
    *,
    budget_cny: float,
    targets: Iterable[Target] = (),
    objective: Objective = "cover",
    least_plugs: int = LEAST_PLUGS,
) -> SitingProblem:
    """The city's public charging demand (I = zones) and places (J = places) as whole numbers.

    Targets of at least so many `public_plugs` become the fewest plugs to add. Raises InputError for a budget that is
    not positive and for numbers out of range.
    """
    supply = city.supply
    search_m = round(float(supply.plug_search_m))
    existing = supply.plugs.astype(np.int64)
    wanted = [t.value for t in targets if t.metric == "public_plugs" and t.op == "at_least"]
    return SitingProblem(
        objective=objective,
        weight=outcome.charging_tenths,
        first=travel.reach_first.astype(np.int64),
        site=travel.reach_place.astype(np.int64),
        distance_m=np.minimum(travel.reach_m.astype(np.int64), search_m),
        cover_m=math.floor(float(supply.plug_reach_m)),
        search_m=search_m,
        open_fen=_fen(city.places.open_cny),
        plug_fen=_fen(city.places.plug_cny),
        least=np.full(len(existing), least_plugs, np.int64),
        most=np.maximum(city.places.most_plugs - existing, 0),
        existing=existing,
        plug_tenths=round(float(supply.plug_kwh_per_day) * units.TENTHS),
        budget_fen=Budget(budget_cny).fen,
        min_plugs=max(0, math.ceil(max(wanted, default=0.0)) - int(existing.sum())),
    )


def plan_from(
    city: City,
    problem: SitingProblem,
    incumbent: Incumbent,
    verification: Verification,
    *,
    targets: Sequence[Target] = (),
    stop: Stop,
    seed: int = 0,
    versions: Mapping[str, str] | None = None,
    year: int | None = None,
) -> Plan:
    """The plan a solver's answer stands for; `versions` are package versions to record with it."""
    return Plan(
        city=city.id,
        city_digest=city.digest,
        objective=problem.objective,
        sites=_sites(city, problem, incumbent.values, year),
        budget_cny=problem.budget_fen / units.FEN_PER_CNY,
        cost_cny=problem.cost_fen(incumbent.values) / units.FEN_PER_CNY,
        value=incumbent.objective,
        bound=incumbent.bound,
        gap=incumbent.gap,
        value_unit=VALUE_UNIT[problem.objective],
        status=incumbent.status,
        reasons=incumbent.reasons,
        verified=verification.checked,
        targets=tuple(targets),
        solver=incumbent.solver,
        seed=seed,
        stop=stop.to_dict(),
        inputs={"city": city.digest, "problem": problem.digest},
        versions=dict(versions or {}),
        defaults=tuple(city.provenance.defaults()),
    )


def within_budget(problem: SitingProblem, bound: int, targets: Iterable[Target]) -> dict[Target, str]:
    """Targets that the bound proves out of reach, with the words that say so."""
    best = _best_metrics(problem, bound)
    money = f"{problem.budget_fen / units.FEN_PER_CNY:,.0f} CNY"
    notes = {}
    for target in targets:
        value = best.get(target.metric)
        if value is None or target.met_by(value):
            continue
        most, figure = ("at most" if target.op == "at_least" else "at least"), f"{value:.6g}"
        notes[target] = f"{most} {figure} can be reached within the budget of {money}"
    return notes


def _best_metrics(problem: SitingProblem, bound: int) -> dict[str, float]:
    """The metrics that follow from an objective value of `bound`."""
    total = problem.total_weight
    if not total:
        return {}
    if problem.objective == "distance":
        return {"charging_mean_walk_m": bound / total}
    return {"charging_served_kwh": bound / units.TENTHS, "charging_served_share": bound / total}


def _sites(city: City, problem: SitingProblem, values: I64, year: int | None) -> tuple[Site, ...]:
    places, sites = city.places, []
    for j in np.flatnonzero(values).tolist():
        opening = 0 if problem.existing[j] else int(problem.open_fen[j])
        sites.append(
            Site(
                place=str(places.id[j]),
                kind=str(places.kind[j]),
                name=str(places.name[j]),
                lon=float(places.lonlat[j, 0]),
                lat=float(places.lonlat[j, 1]),
                new_plugs=int(values[j]),
                existing_plugs=int(problem.existing[j]),
                cost_cny=(opening + int(problem.plug_fen[j] * values[j])) / units.FEN_PER_CNY,
                year=year,
            )
        )
    return tuple(sites)


def _fen(cny: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> I64:
    return np.rint(cny * units.FEN_PER_CNY).astype(np.int64)
