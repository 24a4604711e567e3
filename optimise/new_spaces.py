"""Which parking spaces to add where: the need they meet, the land they compete for, and the cars they draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np

from network import City, InputError, Outcome, Problem, Travel, simulate, travel_times, units
from optimise.new_spaces_candidates import SpaceCandidate, assumed, resolved
from optimise.new_spaces_plan import VALUE_UNIT, MostSpaces, NeedRow, NewSpaces, SpacesPlan, scenario_of
from optimise.new_spaces_problem import THOUSAND, SpaceCase, car_trips_per_space, redrawn, space_case
from optimise.problem import I64
from optimise.propose import UnverifiedError, must_hold
from optimise.solver import Incumbent, Listener
from optimise.spaces import SpaceAnswer, most_spaces, solve_spaces
from optimise.stop import Gap, Run, Stop, Work
from optimise.targets import Budget, Target, Verdict, judge

SPACES_UNTIL: Final[Stop] = Gap(0.002) | Work(20)
"""Stops at the same point on every machine."""
_NAME: Final = "spaces"
_ASKED: Final = ("new_parking_spaces", "new_parking_spaces_net")
_CLASSES: Final = ("on_street", "off_street", "building")
_WISHED: Final = ("objective", "day", "conflicts", "budget_cny", "most_extra_car_share")
_ROUNDS: Final = 3
"""Times that a plan is made anew because it draws more cars than it may."""
_SAFETY, _NEAR, _LEAST = 1.02, 0.9, 0.25
"""Each time the cars a place draws are taken for at least these shares of what was simulated, or of what they were."""


@dataclass(frozen=True, kw_only=True)
class SpaceWishes:
    """What is to be best, the money, whose need, and what is left alone."""

    objective: Literal["need", "cost"] = "need"
    """"need": most cars that find a space; "cost": least money for the targets on new spaces."""
    budget_cny: float | None = None
    day: str = "weekday"
    """Day type whose need counts, as in units.DAY_TYPES."""
    conflicts: Literal["weighed", "never"] = "weighed"
    """Whether land that others want counts less, by new_spaces.conflict_weight, or is left alone."""
    most_extra_car_share: float | None = None
    """Car trips that the plan may draw, over those there are."""
    candidates: tuple[SpaceCandidate, ...] = ()
    """Else those that lots and kerbs let expect."""

    def __post_init__(self) -> None:
        problems = []
        if self.day not in units.DAY_TYPES:
            problems.append(Problem("day", f"is {self.day!r}", f"use {', '.join(units.DAY_TYPES)}"))
        share = self.most_extra_car_share
        if share is not None and not 0.0 <= share <= 1.0:
            problems.append(Problem("most_extra_car_share", f"is {share:g}", "give a share from 0 to 1"))
        if problems:
            raise InputError(problems)


@dataclass(frozen=True, eq=False, kw_only=True)
class SpacesProposal:
    """A plan of new spaces, how it was found, and the city's day without and with it."""

    plan: SpacesPlan
    incumbent: Incumbent
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


def propose_spaces(
    city: City,
    *,
    wishes: SpaceWishes | None = None,
    targets: Sequence[Target] = (),
    stop: Stop = SPACES_UNTIL,
    seed: int = 0,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> SpacesProposal:
    """New spaces for those who want one, within the walks of city.parking.

    Targets of at least so many new_parking_spaces or new_parking_spaces_net are kept to; others are judged only.
    Raises InputError for what is not there or makes no sense, UnverifiedError where the plan does not do in the city
    what it promises.
    """
    wishes = wishes or SpaceWishes()
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    limits = _limits(wishes, targets)
    travel = travel or travel_times(city)
    here = _Here(city=city, travel=travel, base=base or simulate(city, travel), wishes=wishes)
    case = _case(here, limits | _still_wanted(targets, here.base))
    run = stop.start()
    made = _made(here, case, run, seed=seed, progress=progress)
    plan = _plan(
        here, made,
        targets=tuple(targets), seed=seed, stop=stop.to_dict(), versions=dict(versions or {}),
        inputs={"city": city.digest, "problem": made.case.problem.digest}, defaults=tuple(city.provenance.defaults()),
    )  # fmt: skip
    a = made.answer
    incumbent = Incumbent(a.spaces, a.value, a.bound, a.status, _NAME, run.seconds, reasons=plan.reasons)
    return SpacesProposal(
        plan=plan, incumbent=incumbent, base=here.base, changed=made.changed,
        verdicts=judge(made.changed.metrics, targets),
    )  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class _Here:
    """A city with its day, and what is asked of it."""

    city: City
    travel: Travel
    base: Outcome
    wishes: SpaceWishes


@dataclass(frozen=True, eq=False, kw_only=True)
class _Made:
    """An answer to a case, its places, and the day with them; or the most there can be."""

    case: SpaceCase
    answer: SpaceAnswer
    places: tuple[NewSpaces, ...]
    changed: Outcome
    extra: float
    """Car trips a day drawn."""
    most: tuple[MostSpaces, ...] = ()
    reasons: tuple[str, ...] = ()


def _case(here: _Here, limits: dict[str, int]) -> SpaceCase:
    wishes, base = here.wishes, here.base
    if wishes.most_extra_car_share is not None:
        limits["most_draw"] = math.floor(wishes.most_extra_car_share * base.parking_use.sum() * THOUSAND)
    candidates = resolved(here.city, wishes.candidates or assumed(here.city))
    return space_case(
        here.city,
        [c for c in candidates if not (c.conflict and wishes.conflicts == "never")],
        base,
        day=units.DAY_TYPES.index(wishes.day),
        trips_per_space=car_trips_per_space(here.city, here.travel, base),
        objective=wishes.objective,
        **limits,
    )


def _made(here: _Here, case: SpaceCase, run: Run, *, seed: int, progress: Listener | None) -> _Made:
    """The best answer that draws no more cars than it may when it is simulated.

    A place draws so many cars for each space, which is too many once its zone is no longer full: where cars are
    limited, the estimate is brought to what was simulated and the plan made anew.
    """
    limit = case.problem.most_draw
    may = math.inf if limit < 0 else limit / THOUSAND
    best = _tried(here, case, run, seed, progress)
    now = best
    for _ in range(_ROUNDS if limit >= 0 else 0):
        promised = sum(p.extra_car_trips for p in now.places)
        if promised <= 0 or (now.extra <= may and now.extra >= _NEAR * promised):
            break
        factor = max(now.extra / promised, _LEAST) * (1.0 if now.extra <= may else _SAFETY)
        now = _tried(here, redrawn(now.case, factor), run, seed, progress)
        if now.extra <= may or best.extra > may:
            best = now
    if best.extra > may:
        told = f"{best.extra:,.0f} car trips a day are drawn, more than the {may:,.0f} that may be"
        return replace(best, reasons=(told,))
    if best.answer.status in {"infeasible", "unknown"}:
        most = _most(best.case, run.stop, seed)
        return replace(best, most=most, reasons=_why_not(best.case, here.wishes, best.answer, most))
    return best


def _tried(here: _Here, case: SpaceCase, run: Run, seed: int, progress: Listener | None) -> _Made:
    """The best answer to one case, checked and simulated."""
    from optimise.spaces.verify import verify_spaces  # loads scipy.optimize, which questions do without

    answer = solve_spaces(case.problem, run=run, seed=seed, progress=progress)
    must_hold(verify_spaces(case.problem, answer))
    places = _places(case, answer)
    changed = _replayed(here, places)
    extra = float(changed.parking_use.sum() - here.base.parking_use.sum())
    return _Made(case=case, answer=answer, places=places, changed=changed, extra=extra)


def _limits(wishes: SpaceWishes, targets: Sequence[Target]) -> dict[str, int]:
    """The budget, after what cannot be asked is refused."""
    if wishes.objective == "cost" and not any(t.metric in _ASKED and t.op == "at_least" for t in targets):
        hint = "give a target such as new_parking_spaces>=10000"
        raise InputError(Problem("targets", "hold no number of new spaces that is to be reached at least cost", hint))
    return {} if wishes.budget_cny is None else {"budget_fen": Budget(wishes.budget_cny).fen}


def _still_wanted(targets: Sequence[Target], base: Outcome) -> dict[str, int]:
    """What targets ask for beyond what is there."""
    out = dict.fromkeys(("least_gross", "least_net"), 0)
    for name, metric in zip(out, _ASKED, strict=True):
        asked = [t.value for t in targets if t.metric == metric and t.op == "at_least"]
        out[name] = max([0, *(math.ceil(value - (base.metrics[metric] or 0.0)) for value in asked)])
    return out


def _places(case: SpaceCase, answer: SpaceAnswer) -> tuple[NewSpaces, ...]:
    p = case.problem
    met = np.bincount(p.place, answer.served, p.places).astype(np.int64)
    walked = np.bincount(p.place, answer.served * case.metres, p.places)
    out = []
    for j, c in enumerate(case.candidates):
        spaces = int(answer.spaces[j])
        if not spaces:
            continue
        out.append(
            NewSpaces(
                id=c.id,
                name=c.name,
                lon=float(c.lon or 0.0),
                lat=float(c.lat or 0.0),
                lot=c.lot,
                supply_class=c.supply_class,
                way=c.way,
                spaces=spaces,
                most_spaces=c.most_spaces,
                cost_cny=int(p.space_fen[j] * spaces + p.open_fen[j]) / units.FEN_PER_CNY,
                conflict=c.conflict,
                taken_lot=c.taken_lot,
                taken_spaces=c.taken_spaces,
                met=int(met[j]),
                walk_m=float(walked[j] / met[j]) if met[j] else None,
                extra_car_trips=int(p.draw[j]) * spaces / THOUSAND,
            )
        )
    return tuple(out)


def _replayed(here: _Here, places: Sequence[NewSpaces]) -> Outcome:
    """The day with the places. Raises UnverifiedError where it does not count what they promise."""
    base = here.base
    if not places:
        return base
    after = scenario_of(places, _NAME).apply(here.city)
    changed = simulate(after, travel_times(after, here.travel))
    promised = _totals(places)
    wrong = [
        f"{name} rises by {rise:g}, {promised[name]} were promised"
        for name in promised
        if (rise := (changed.metrics[name] or 0.0) - (base.metrics[name] or 0.0)) != promised[name]
    ]
    if wrong:
        raise UnverifiedError("; ".join(wrong))
    return changed


def _totals(places: Sequence[NewSpaces]) -> dict[str, int]:
    """What the plan adds to each metric of new spaces."""
    gross = sum(p.spaces for p in places)
    by_class = {f"new_{c}_spaces": sum(p.spaces for p in places if p.supply_class == c) for c in _CLASSES}
    return {_ASKED[0]: gross, _ASKED[1]: gross - sum(p.taken_spaces for p in places)} | by_class


def _plan(here: _Here, made: _Made, **asked: Any) -> SpacesPlan:
    """The plan; `asked` are the fields the caller gave."""
    totals, answer, changed, base, wishes = _totals(made.places), made.answer, made.changed, here.base, here.wishes
    share = [day.metrics["green_trip_share"] or 0.0 for day in (base, changed)]
    asked |= {name: getattr(wishes, name) for name in _WISHED} | {c: totals[f"new_{c}_spaces"] for c in _CLASSES}
    return SpacesPlan(
        city=here.city.id,
        city_digest=here.city.digest,
        value_unit=VALUE_UNIT[wishes.objective],
        source="table" if wishes.candidates else "assumed",
        known_zones=int((here.city.supply.parking_spaces > 0).sum()),
        full_zones=int((base.parking_availability < 1.0).sum()),
        places=made.places,
        candidates=len(made.case.candidates),
        new_spaces=totals[_ASKED[0]],
        new_spaces_net=totals[_ASKED[1]],
        need=_need(made.case, answer),
        most=made.most,
        base_car_trips=float(base.parking_use.sum()),
        extra_car_trips=made.extra,
        promised_car_trips=sum(p.extra_car_trips for p in made.places),
        green_share_change=share[1] - share[0],
        cost_cny=sum(p.cost_cny for p in made.places),
        value=answer.value,
        bound=answer.bound,
        gap=answer.gap,
        status=answer.status,
        reasons=made.reasons,
        verified=("infeasible",) if answer.status == "infeasible" else ("feasible", "value", "bound_side", "replay"),
        solver=_NAME,
        **asked,
    )


def _need(case: SpaceCase, answer: SpaceAnswer) -> tuple[NeedRow, ...]:
    p = case.problem
    reached = np.where(np.diff(p.first) > 0, p.wanted, 0)
    within, met = (
        np.bincount(group, cars, len(units.PARKERS)).astype(np.int64).tolist()
        for group, cars in ((p.group, reached), (p.group[p.row], answer.served))
    )
    return tuple(
        NeedRow(group=name, wanted=int(case.wanted[g]), within_reach=within[g], met=met[g])
        for g, name in enumerate(units.PARKERS)
    )


def _most(case: SpaceCase, stop: Stop, seed: int) -> tuple[MostSpaces, ...]:
    """The most spaces within the budget, and without it where there is one."""
    out = []
    classes = [c.supply_class for c in case.candidates]
    for within in (True, False) if case.problem.budget_fen >= 0 else (True,):
        problem = case.problem if within else replace(case.problem, budget_fen=-1)
        found = most_spaces(problem, run=stop.start(), seed=seed)
        by_class = {c: _of(found.spaces, classes, c) for c in _CLASSES}
        out.append(
            MostSpaces(
                within_budget=within, spaces=int(found.spaces.sum()), proven=found.status == "optimal", **by_class
            )
        )
    return tuple(out)


def _of(spaces: I64, classes: Sequence[str], name: str) -> int:
    return sum(int(spaces[j]) for j, c in enumerate(classes) if c == name)


def _why_not(case: SpaceCase, wishes: SpaceWishes, answer: SpaceAnswer, most: Sequence[MostSpaces]) -> tuple[str, ...]:
    """Why there is no plan, in words of the policy."""
    if answer.status == "unknown":
        return ("the run was stopped before a plan was found, and before proof that there is none",)
    p, told = case.problem, most[0]
    asked = [f"{n:,} {word}" for n, word in ((p.least_gross, "new spaces"), (p.least_net, "net of those taken")) if n]
    money = "" if wishes.budget_cny is None else f" within {wishes.budget_cny:,.0f} CNY"
    cars = "" if p.most_draw < 0 else f" with at most {p.most_draw / THOUSAND:,.0f} more car trips"
    split = f"{told.on_street:,} at the kerb, {told.off_street:,} off the street, {told.building:,} with buildings"
    known = "" if told.proven else "as far as is known "
    words = f"{' and '.join(asked)} are asked for; {known}the places can take {told.spaces:,}{money}{cars} ({split})"
    return (words, *(f"without a budget they can take {m.spaces:,}" for m in most[1:]))
