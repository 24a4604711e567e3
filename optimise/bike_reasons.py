"""Why there is no plan of dispatch points, in words of the policy."""

from __future__ import annotations

from optimise.bike_problem import THOUSAND, BikeCase
from optimise.bike_wishes import BikeWishes
from optimise.points import PointAnswer


def why_not(case: BikeCase, wishes: BikeWishes, answer: PointAnswer, share: float) -> tuple[str, ...]:
    """What is asked for, and the most that can be done within the budget and without it. share: of the whole city."""
    if answer.status == "unknown":
        return ("the run was stopped before a plan was found, and before proof that there is none",)
    p = case.problem
    total, where = max(int(p.weight.sum()), 1), " inside the area that is planned" if wishes.within else ""
    asked = f"{p.least_weight / THOUSAND:,.0f} of {total / THOUSAND:,.0f} weekday pickups and returns{where}"
    beside = f", for {share:.1%} of the whole city" if share > 0 else ""
    out = [f"points for {asked} are asked for ({p.least_weight / total:.1%}{beside})"]
    for reason in answer.reasons:
        money = "" if reason.within == "without budget" else f" within {wishes.budget_cny or 0.0:,.0f} CNY"
        most = f"{reason.most / THOUSAND:,.0f} ({reason.most / total:.1%})"
        known = "at most" if reason.proven else "as far as is known no more than"
        out.append(f"{'without a budget ' if not money else ''}{known} {most} can be served{money}")
    reached = int(p.weight[p.first[1:] > p.first[:-1]].sum())
    out.append(f"{reached / total:.1%} are within the walk of a site; the rest needs more sites")
    return tuple(out)
