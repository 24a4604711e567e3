"""Which lots open which spaces to whom and when: the recipe from a city to a plan of shared parking that replays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from network import City, InputError, Outcome, Problem, Travel, simulate, travel_times, units
from optimise.propose import Checked, UnverifiedError, must_hold
from optimise.sharing import SharingAnswer, solve_sharing, verify_sharing
from optimise.sharing_offers import SharingCase, sharing_case
from optimise.sharing_plan import VALUE_UNIT, SharingPlan, scenario_of
from optimise.sharing_reasons import lost_days, next_best, reachable_of, reasons_of
from optimise.sharing_rows import Answered, blocks_of, counted, lots_of, met_of, windows_of, with_risk
from optimise.sharing_wishes import SharingWishes
from optimise.solver import Listener
from optimise.stop import Gap, Stop, Work
from optimise.targets import Target, Verdict, judge

SHARING_UNTIL: Final[Stop] = Gap(0.005) | Work(60)
"""Stops at the same point on every machine."""
_PROMISED: Final = ("shared_lots", "shared_spaces", "shared_space_hours", "shared_spaces_at_once")


@dataclass(frozen=True, eq=False, kw_only=True)
class SharingProposal:
    """A plan of shared parking, how it was found and checked, and the day of the city without and with it."""

    plan: SharingPlan
    answer: SharingAnswer
    verification: Checked
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_sharing(
    city: City,
    *,
    wishes: SharingWishes | None = None,
    targets: Sequence[Target] = (),
    stop: Stop = SHARING_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> SharingProposal:
    """Windows of lots, and permits in them, that do best for the money.

    Targets of at least so many shared_lots and shared_spaces become rules. Targets no plan can meet are an answer:
    status "infeasible" with reasons. Where a zone's spaces are known, those that are shared by day let more people
    arrive by car: the day with the plan says what that does to the green share. Raises InputError for bad input,
    UnverifiedError where the answer fails its own check or the city does not give what the plan promises.
    """
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    travel = travel or travel_times(city)
    case = sharing_case(city, base or simulate(city, travel), wishes or SharingWishes(), targets)
    answer = solve_sharing(case.problem, stop=stop, seed=seed, progress=progress)
    if answer.status == "unknown":
        raise InputError(Problem("stop", "came before any plan was found", "give the search more time"))
    verification = verify_sharing(case.problem, answer)
    must_hold(verification)
    plan = _plan(
        Answered(case, answer), verification.checked, targets=tuple(targets), stop=stop.to_dict(),
        versions=dict(versions or {}),
    )  # fmt: skip
    changed = _replayed(case, travel, plan)
    return SharingProposal(
        plan=plan,
        answer=answer,
        verification=verification,
        base=case.outcome,
        changed=changed,
        verdicts=judge(changed.metrics, targets),
    )


def _plan(a: Answered, checked: Sequence[str], **asked: Any) -> SharingPlan:
    """The plan; `asked` are the fields the caller gave."""
    case, answer, city = a.case, a.answer, a.case.city
    built = answer.status != "infeasible"
    windows = windows_of(a)
    windows = with_risk(windows, scenario_of(windows, "").apply(city))
    lots = lots_of(a, windows, lost_days(a))
    met, reachable = met_of(a), reachable_of(a)
    return SharingPlan(
        city=city.id,
        city_digest=city.digest,
        objective=case.problem.objective,
        tiers=tuple(sorted(case.wishes.tiers)),
        budget_cny=case.wishes.budget_cny,
        windows=windows,
        lots=lots,
        next_best=next_best(a) if built else (),
        met=met,
        blocks=blocks_of(a),
        reachable=reachable,
        retrofit_cny=sum(lot.retrofit_cny for lot in lots),
        running_cny=sum(lot.running_cny for lot in lots),
        revenue_cny=sum(lot.revenue_cny for lot in lots),
        subsidy_cny=sum(lot.subsidy_cny for lot in lots),
        subsidy_years=case.problem.subsidy_years,
        worst_risk=max((w.risk for w in windows), default=None),
        source="blocks" if case.wishes.blocks else "zones",
        **counted(a),
        cost_cny=answer.money_fen / units.FEN_PER_CNY,
        value=answer.value,
        bound=answer.bound,
        gap=answer.gap,
        value_unit=VALUE_UNIT[case.problem.objective],
        status=answer.status,
        reasons=reasons_of(a, reachable, met),
        verified=(*checked, "replay") if built else tuple(checked),
        solver="sharing",
        seed=answer.seed,
        inputs={"city": city.digest, "problem": case.problem.digest},
        defaults=tuple(city.provenance.defaults()),
        **asked,
    )


def _replayed(case: SharingCase, travel: Travel, plan: SharingPlan) -> Outcome:
    """The city's day with the plan; raises UnverifiedError where it does not share what the plan promises."""
    city = plan.as_scenario().apply(case.city)
    changed = simulate(city, travel_times(city, travel)) if plan.windows else case.outcome
    wrong = [
        f"{name} is {changed.metrics[name]}, {promised} was promised"
        for name in _PROMISED
        if changed.metrics[name] != (promised := getattr(plan, name))
    ]
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    return changed
