"""Where public chargers go, of which class, how many and when: the recipe from a city to a plan that replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network import City, InputError, Outcome, Problem, Scenario, SetYear, Travel, simulate, travel_times, units
from optimise.charger_reasons import next_best, reasons_why
from optimise.charger_sites import ChargerWishes, Offers, Year, charger_offers
from optimise.charger_walk import walk_plan
from optimise.charging.answer import ChargerAnswer
from optimise.charging.solve import solve_chargers
from optimise.plan import VALUE_UNIT, FeederStep, Plan, PlanYear, Site
from optimise.propose import Checked, UnverifiedError, must_hold
from optimise.solver import Listener
from optimise.stop import Gap, Stop, Work
from optimise.targets import Target, Verdict, judge, year_problems

CHARGERS_UNTIL: Final[Stop] = Gap(0.005) | Work(60)
"""Stops at the same point on every machine."""


@dataclass(frozen=True, eq=False, kw_only=True)
class ChargerProposal:
    """A plan for chargers, how it was checked, and the day of the city in the plan's last year without and with it."""

    plan: Plan
    verification: Checked
    city: City
    """The city in the plan's last year, without the plan."""
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_chargers(
    city: City,
    *,
    wishes: ChargerWishes,
    years: Sequence[int] = (),
    targets: Sequence[Target] = (),
    stop: Stop = CHARGERS_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> ChargerProposal:
    """Which plugs at which places in which of the years, by default the city's own, do best for the money.

    `travel` and `base` are the city's, computed here when not given. Targets no plan can meet are an answer: status
    "infeasible" with reasons. Raises InputError for bad input, UnverifiedError where the answer fails its own check or
    a day of the city does not give what the plan promises.
    """
    from optimise.charging.verify import verify_chargers  # loads scipy's solvers, which questions do without

    _check(years, wishes)
    travel = travel or travel_times(city)
    first = Year(city, travel, base or simulate(city, travel))
    cases = [_in_year(first, year) for year in years] or [first]
    if wishes.objective == "distance":
        return _nearest(
            cases[-1], city, budget_cny=wishes.budgets_cny[0], targets=targets, stop=stop, seed=seed, progress=progress,
            versions=versions,
        )  # fmt: skip
    offers = charger_offers(cases, targets, wishes)
    answer = solve_chargers(offers.problem, stop=stop, seed=seed, progress=progress)
    if answer.status == "unknown":
        raise InputError(Problem("stop", "came before any plan was found", "give the search more time"))
    verification = verify_chargers(offers.problem, answer)
    must_hold(verification)
    plan = _plan(
        cases, offers, answer, base=city, checked=verification.checked, targets=targets, stop=stop,
        versions=versions,
    )  # fmt: skip
    changed = _replayed(cases, plan)
    return ChargerProposal(
        plan=plan,
        verification=verification,
        city=cases[-1].city,
        base=cases[-1].outcome,
        changed=changed,
        verdicts=judge(changed.metrics, targets),
    )


def _nearest(
    case: Year, base: City, *, budget_cny: float, targets: Sequence[Target], stop: Stop, seed: int,
    progress: Listener | None, versions: Mapping[str, str] | None,
) -> ChargerProposal:  # fmt: skip
    """The plan that makes walks shortest, for one year; raises UnverifiedError where a day of the city disagrees."""
    plan, verification = walk_plan(
        case, base, budget_cny=budget_cny, targets=targets, stop=stop, seed=seed, progress=progress,
        versions=versions,
    )  # fmt: skip
    city = plan.as_scenario().apply(case.city)
    changed = simulate(city, travel_times(city, case.travel)) if plan.sites else case.outcome
    walked = int((changed.charging_tenths[units.SLOW].sum(axis=1) * changed.nearest_plug_m).sum())
    if plan.status in ("optimal", "feasible") and walked != plan.value:
        raise UnverifiedError(f"walks add up to {walked}, {plan.value} were promised")
    return ChargerProposal(
        plan=plan,
        verification=verification,
        city=case.city,
        base=case.outcome,
        changed=changed,
        verdicts=judge(changed.metrics, targets),
    )


def _check(years: Sequence[int], wishes: ChargerWishes) -> None:
    problems = year_problems(years, wishes.budgets_cny)
    if wishes.objective == "distance" and (len(years) > 1 or wishes.least or wishes.floor_share or wishes.ahead):
        hint = "leave out years, least, floor_share and ahead, or ask for what is served"
        problems.append(Problem("objective distance", "is for one year, without further rules", hint))
    if problems:
        raise InputError(problems)


def _in_year(first: Year, year: int) -> Year:
    if year == first.year:
        return first
    city = Scenario(edits=(SetYear(year=year),)).apply(first.city)
    travel = travel_times(city, first.travel)
    return Year(city, travel, simulate(city, travel))


def _plan(
    cases: Sequence[Year], offers: Offers, answer: ChargerAnswer, *, base: City, checked: Sequence[str],
    targets: Sequence[Target], stop: Stop, versions: Mapping[str, str] | None,
) -> Plan:  # fmt: skip
    problem = offers.problem
    built = answer.status in ("optimal", "feasible")
    sites = _sites(cases, offers, answer) if built else ()
    feeders = _feeders(cases, offers, answer) if built else ()
    return Plan(
        city=base.id,
        city_digest=base.digest,
        objective=problem.objective,
        base_year=int(base.transit.year),
        sites=sites,
        feeders=feeders,
        years=_years(cases, offers, answer),
        reasons_why=reasons_why(cases[-1], sites),
        next_best=next_best(cases[-1], sites, offers) if built else (),
        cost_cny=int(answer.spent_fen.sum()) / units.FEN_PER_CNY,
        value=answer.value,
        bound=answer.bound,
        gap=answer.gap,
        value_unit=VALUE_UNIT[problem.objective],
        status=answer.status,
        reasons=answer.reasons,
        verified=(*checked, "replay") if built else tuple(checked),
        targets=tuple(targets),
        solver="sizing",
        seed=answer.seed,
        stop=stop.to_dict(),
        inputs={"city": base.digest, "problem": problem.digest},
        versions=dict(versions or {}),
        defaults=tuple(base.provenance.defaults()),
    )


def _sites(cases: Sequence[Year], offers: Offers, answer: ChargerAnswer) -> tuple[Site, ...]:
    """A row for each place, year and class that gets plugs; the money that is not for plugs stands on the first."""
    places, p, rows = cases[0].city.places, offers.problem, []
    before = p.option_first[:-1]
    for t, case in enumerate(cases):
        now = answer.option[t]
        for j in np.flatnonzero(now != before).tolist():
            at, more = int(offers.place[j]), offers.added[now[j]] - offers.added[before[j]]
            each = np.rint(case.city.charging.plug_cost_factor * places.plug_cny[at] * units.FEN_PER_CNY)
            fen = int(p.option_fen[now[j]] - p.option_fen[before[j]] + p.mobilise_fen[j])
            beside = fen - int((more * each).sum())
            for c in np.flatnonzero(more).tolist():
                rows.append(
                    Site(
                        place=str(places.id[at]),
                        kind=str(places.kind[at]),
                        name=str(places.name[at]),
                        lon=float(places.lonlat[at, 0]),
                        lat=float(places.lonlat[at, 1]),
                        charger=units.CHARGERS[c],
                        new_plugs=int(more[c]),
                        existing_plugs=int(case.city.supply.plugs[:, at].sum()),
                        cost_cny=(int(more[c] * each[c]) + beside) / units.FEN_PER_CNY,
                        year=case.year,
                    )
                )
                beside = 0
        before = now
    return tuple(rows)


def _feeders(cases: Sequence[Year], offers: Offers, answer: ChargerAnswer) -> tuple[FeederStep, ...]:
    bought = np.diff(answer.steps, axis=0, prepend=0)
    return tuple(
        FeederStep(
            feeder=str(case.city.feeders.id[b]),
            steps=int(bought[t, b]),
            cost_cny=int(bought[t, b] * offers.problem.step_fen[b]) / units.FEN_PER_CNY,
            year=case.year,
        )
        for t, case in enumerate(cases)
        for b in np.flatnonzero(bought[t]).tolist()
    )


def _years(cases: Sequence[Year], offers: Offers, answer: ChargerAnswer) -> tuple[PlanYear, ...]:
    from optimise.charging.verify import served_by_year

    p = offers.problem
    served = served_by_year(p, answer.option)
    return tuple(
        PlanYear(
            year=case.year,
            budget_cny=int(p.budget_fen[t]) / units.FEN_PER_CNY,
            spent_cny=int(answer.spent_fen[t]) / units.FEN_PER_CNY,
            plugs=int(p.option_plugs[answer.option[t]].sum()),
            wanted_kwh=int(p.total_demand[t]) / units.TENTHS,
            served_kwh=int(served[t]) / units.TENTHS,
        )
        for t, case in enumerate(cases)
    )


def _replayed(cases: Sequence[Year], plan: Plan) -> Outcome:
    """The last year with the plan; raises UnverifiedError where a year does not give the energy promised."""
    changed = cases[-1].outcome
    for case, promised in zip(cases, plan.years, strict=True):
        edits = [edit for edit in plan.as_scenario(case.year).edits if not isinstance(edit, SetYear)]
        city = Scenario(edits=tuple(edits)).apply(case.city)
        changed = simulate(city, travel_times(city, case.travel)) if edits else case.outcome
        served = int(changed.served_tenths.sum()) / units.TENTHS
        if served != promised.served_kwh:
            raise UnverifiedError(f"{case.year} serves {served} kWh a day, {promised.served_kwh} were promised")
    return changed
