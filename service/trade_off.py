"""What more money buys: the plan for each of several budgets, and what no plan can beat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import Field, ValidationError

from network import City, InputError, Problem
from optimise import Progress as SolverProgress
from optimise import Proven
from service.engine import Engine
from service.models import Answer, Asked
from service.proposals import KINDS, AnyProposal
from service.schemas import PlanRequest, problems_of, scenario_json

Priced: TypeAlias = Literal["chargers", "park-ride", "sharing", "spaces", "bikes"]
"""Kinds of plan that a budget limits."""
_LEAST, _MOST = 2, 20
_DOWNWARD: Final = frozenset({"distance", "walking"})
"""Objectives of which less is better; of all others more is."""


@dataclass(frozen=True, kw_only=True)
class TradeOffRow:
    """The best plan that is known for a budget."""

    budget_cny: float
    cost_cny: float
    value: int
    bound: int
    """No plan for this budget is worth more, or costs less where less is better."""
    gap: float
    cny_per_unit: float | None
    """Money that each further unit of value cost since the budget before; None where nothing was gained."""
    of_budget_cny: float
    """The budget whose run found the plan: a smaller one where more money found nothing better."""


@dataclass(frozen=True, eq=False)
class TradeOff:
    """The curve of a kind of plan, budgets rising."""

    kind: str
    city: City
    upward: bool
    value_unit: str
    rows: tuple[TradeOffRow, ...]
    proposals: tuple[AnyProposal, ...]
    """The plan of each row."""


def trade_off(
    engine: Engine,
    city_id: str,
    budgets_cny: Sequence[float],
    asked: Callable[[float], PlanRequest],
    progress: Callable[[SolverProgress], None] | None = None,
) -> TradeOff:
    """Plans for rising budgets, by the epsilon-constraint method (Haimes et al. 1971, doi 10.1109/TSMC.1971.4308298).

    `asked` makes the request for a budget. What a smaller budget buys a larger one buys too, and what no plan for a
    larger budget reaches none for a smaller one does: values and bounds of the runs mend each other. Raises InputError
    for budgets and objectives that make no curve, and where a budget has no plan at all.
    """
    budgets = _rising(budgets_cny)
    requests = [asked(budget) for budget in budgets]
    objective = getattr(requests[0], "objective", "")
    if objective == "cost":
        what = "is cost, which no budget changes"
        raise InputError(Problem("objective", what, "choose one that money can buy more of"))
    found = [engine.propose(city_id, request, progress) for request in requests]
    none = [b for b, (_, p) in zip(budgets, found, strict=True) if p.plan.status in {"infeasible", "unknown"}]
    if none:
        what, hint = "has no plan that does what is asked", "give more money, or ask for less"
        raise InputError([Problem(f"budget of {b:,.0f} CNY", what, hint) for b in none])
    upward = objective not in _DOWNWARD
    best = _kept([p for _, p in found], upward=upward)
    plans = [found[i][1].plan for i in best]
    bounds = _bounds([p.plan for _, p in found], upward=upward)
    return TradeOff(
        kind=plans[0].kind,
        city=found[0][0],
        upward=upward,
        value_unit=plans[0].value_unit,
        rows=_rows(budgets, [budgets[i] for i in best], plans, bounds),
        proposals=tuple(found[i][1] for i in best),
    )


def _rising(budgets_cny: Sequence[float]) -> list[float]:
    budgets = sorted(set(budgets_cny))
    if not _LEAST <= len(budgets) <= _MOST or budgets[0] <= 0:
        what = f"are {len(budgets)} different ones"
        raise InputError(Problem("budgets", what, f"give {_LEAST} to {_MOST}, each above 0 CNY"))
    return budgets


def _kept(proposals: Sequence[AnyProposal], *, upward: bool) -> list[int]:
    """Position of the best plan up to each budget."""
    best = [0]
    for i in range(1, len(proposals)):
        new, old = proposals[i].plan.value, proposals[best[-1]].plan.value
        best.append(i if (new > old if upward else new < old) else best[-1])
    return best


def _bounds(plans: Sequence[Proven], *, upward: bool) -> list[int]:
    """The tightest bound of each budget and all larger ones."""
    tightest = min if upward else max
    out = [plans[-1].bound]
    for plan in reversed(plans[:-1]):
        out.append(tightest(plan.bound, out[-1]))
    return out[::-1]


def _rows(
    budgets: Sequence[float], of: Sequence[float], plans: Sequence[Proven], bounds: Sequence[int]
) -> tuple[TradeOffRow, ...]:
    out: list[TradeOffRow] = []
    for budget, from_budget, plan, bound in zip(budgets, of, plans, bounds, strict=True):
        gained = abs(plan.value - out[-1].value) if out else abs(plan.value)
        spent = plan.cost_cny - (out[-1].cost_cny if out else 0.0)
        out.append(
            TradeOffRow(
                budget_cny=budget,
                cost_cny=plan.cost_cny,
                value=plan.value,
                bound=bound,
                gap=abs(bound - plan.value) / max(1, abs(plan.value)),
                cny_per_unit=spent / gained if gained else None,
                of_budget_cny=from_budget,
            )
        )
    return tuple(out)


class TradeOffRequest(Asked):
    """What is planned, and the budgets to compare."""

    kind: Priced
    budgets_cny: list[Annotated[float, Field(ge=0.01, le=1e12)]] = Field(min_length=_LEAST, max_length=_MOST)
    plan: dict[str, Any] = Field(
        default={}, description="what else the proposal of the kind is asked with; budget_cny is left out"
    )

    def asked(self, budget_cny: float) -> PlanRequest:
        """The request of the kind for a budget. Raises InputError for fields it has not, or that cannot be."""
        if "budget_cny" in self.plan:
            raise InputError(Problem("plan.budget_cny", "is given beside budgets_cny", "leave it out"))
        try:
            request = KINDS[self.kind].request.model_validate(self.plan | {"budget_cny": budget_cny})
        except ValidationError as error:
            raise InputError(problems_of(error.errors(), "plan")) from None
        request.must_agree()
        return request


class TradeOffAnswer(Answer):
    """The curve, and the plan of each row with its scenario."""

    kind: str
    city: str
    city_digest: str
    value_unit: str
    upward: bool = Field(description="whether more value is better")
    rows: list[TradeOffRow]
    plans: list[dict[str, Any]]
    scenarios: list[dict[str, Any]]


def answer_of(curve: TradeOff) -> TradeOffAnswer:
    """The curve with its plans, as the API gives it."""
    plans = [proposal.plan for proposal in curve.proposals]
    scenarios = [scenario_json(plan.as_scenario()) for plan in plans]
    return TradeOffAnswer(**record_of(curve), plans=[plan.to_dict() for plan in plans], scenarios=scenarios)


def record_of(curve: TradeOff) -> dict[str, Any]:
    """The curve as JSON-able values, without the plans."""
    return {
        "kind": curve.kind,
        "city": curve.city.id,
        "city_digest": curve.city.digest,
        "value_unit": curve.value_unit,
        "upward": curve.upward,
        "rows": [asdict(row) for row in curve.rows],
    }
