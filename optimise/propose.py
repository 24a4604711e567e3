"""The recipe: problem, solver, proof, plan, replay, verdicts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from network import City, InputError, Outcome, Problem, Travel, simulate, travel_times
from optimise.chargers import LEAST_PLUGS, plan_from, siting_problem, within_budget
from optimise.location import SOLVERS, START
from optimise.plan import Plan
from optimise.problem import Objective, SitingProblem
from optimise.solver import Incumbent, Listener, choose
from optimise.stop import Gap, Seconds, Stop, Work
from optimise.targets import Target, Verdict, judge
from optimise.verify import Verification, verify

DEFAULT_STOP: Stop = Gap(0.0001) | Work(10)
"""Stops at the same point on every machine."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Proposal:
    """A plan, how it was found and checked, and the city's day without and with it."""

    plan: Plan
    incumbent: Incumbent
    verification: Verification
    base: Outcome
    changed: Outcome
    verdicts: list[Verdict]


class UnverifiedError(RuntimeError):
    """A solver's answer does not hold when recomputed: a defect of the program, never of the input."""


def must_hold(verification: Verification) -> None:
    """Raises UnverifiedError where a claim was found wrong."""
    if verification.problems:
        raise UnverifiedError("; ".join(verification.problems))


def propose(
    city: City,
    *,
    budget_cny: float,
    targets: Sequence[Target] = (),
    objective: Objective = "cover",
    stop: Stop = DEFAULT_STOP,
    seed: int = 0,
    solver: str | None = None,
    least_plugs: int = LEAST_PLUGS,
    travel: Travel | None = None,
    base: Outcome | None = None,
    progress: Listener | None = None,
    versions: Mapping[str, str] | None = None,
) -> Proposal:
    """Where new public plugs go in `city` within the budget.

    objective: "cover" serves the most demand, "distance" makes the mean walk to a plug the shortest. `travel` and
    `base` are the city's, computed here when not given. Targets no plan can meet are an answer: status "infeasible"
    with reasons, or a verdict with a note. Raises InputError for bad input, UnverifiedError where the answer fails
    its own check.
    """
    travel = travel or travel_times(city)
    base = base or simulate(city, travel)
    problem = siting_problem(
        city, base, travel, budget_cny=budget_cny, targets=targets, objective=objective, least_plugs=least_plugs
    )
    incumbent = solve(problem, stop, seed, solver, progress)
    verification = verify(problem, incumbent)
    must_hold(verification)
    plan = plan_from(city, problem, incumbent, verification, targets=targets, stop=stop, seed=seed, versions=versions)
    changed_city = plan.as_scenario().apply(city)
    changed = simulate(changed_city, travel_times(changed_city, travel)) if plan.sites else base
    notes = within_budget(problem, incumbent.bound, targets) if incumbent.status != "infeasible" else {}
    return Proposal(
        plan=plan,
        incumbent=incumbent,
        verification=verification,
        base=base,
        changed=changed,
        verdicts=judge(changed.metrics, targets, notes),
    )


def solve(
    problem: SitingProblem,
    stop: Stop = DEFAULT_STOP,
    seed: int = 0,
    solver: str | None = None,
    progress: Listener | None = None,
) -> Incumbent:
    """A quick start by local search, then the named solver, by default the exact one for the objective."""
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    chosen, run = choose(SOLVERS, problem, solver), stop.start()
    start = START(problem, stop, seed, None, progress)
    if chosen is START or start.status != "feasible":
        return start
    return chosen(problem, stop | Seconds(run.seconds_left), seed, start, _later(progress, run.seconds))


def _later(progress: Listener | None, seconds: float) -> Listener | None:
    """A listener for a run that began so many seconds after the first."""
    if progress is None:
        return None
    return lambda now: progress(replace(now, seconds=now.seconds + seconds))
