"""Does a plan of dispatch points keep every rule, and what is it worth? Recomputed from the problem alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.points.answer import PointAnswer, needs_of
from optimise.points.problem import PointProblem

_CHECKED = ("reach", "spaces", "spacing", "limits", "money", "weight", "value", "bound side", "status")


@dataclass(frozen=True)
class PointVerification:
    """checked: what was recomputed and agreed. problems: what does not."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]


def verify_points(problem: PointProblem, answer: PointAnswer) -> PointVerification:
    """Every rule, the sums, the value and the side of the bound. An answer without a plan has nothing to check, but
    that nobody is proven unable to serve who can be.
    """
    p = problem
    if answer.status in {"infeasible", "unknown"}:
        short = [f"{r.most} can be served {r.within}" for r in answer.reasons if r.most < p.least_weight]
        silent = answer.status == "infeasible" and not short
        return PointVerification((), ("nothing says why there is no plan",) if silent else ())
    wrong_shape = [
        f"{name} has the shape {getattr(answer, name).shape}, not {shape}"
        for name, shape in (("site_of", (p.demands,)), ("spaces", (p.sites,)), ("open", (p.sites,)))
        if getattr(answer, name).shape != shape
    ]
    if wrong_shape:
        return PointVerification((), tuple(wrong_shape))
    wrong = _reach_problems(p, answer)
    if not wrong:
        wrong = [*_space_problems(p, answer), *_open_problems(p, answer), *_sum_problems(p, answer)]
    return PointVerification(() if wrong else _CHECKED, tuple(wrong))


def _reach_problems(p: PointProblem, answer: PointAnswer) -> list[str]:
    """Whom a site serves is within its reach."""
    served = np.flatnonzero(answer.site_of >= 0)
    pairs = set(zip(p.row.tolist(), p.site.tolist(), strict=True))
    at = answer.site_of[served].tolist()
    wrong = [
        f"demand point {i} is out of reach of site {j}"
        for i, j in zip(served.tolist(), at, strict=True)
        if (i, j) not in pairs
    ]
    if (answer.site_of < -1).any():
        wrong.append("a demand point is served by a site below -1")
    return wrong


def _space_problems(p: PointProblem, answer: PointAnswer) -> list[str]:
    """As many spaces as are needed, and within what there may be."""
    need, new = needs_of(p, answer.site_of), answer.open & ~p.there
    few = np.flatnonzero(answer.spaces < need)
    wrong = [f"site {j} has {answer.spaces[j]} spaces and needs {need[j]}" for j in few.tolist()]
    wrong += [
        f"site {j} has {answer.spaces[j]} spaces, most {p.most[j]}"
        for j in np.flatnonzero(answer.spaces > p.most).tolist()
    ]
    wrong += [
        f"site {j} opens with {answer.spaces[j]} spaces, least {p.least[j]}"
        for j in np.flatnonzero(new & (answer.spaces < p.least)).tolist()
    ]
    wrong += [f"site {j} loses spaces" for j in np.flatnonzero(p.there & (answer.spaces < p.already)).tolist()]
    return wrong + [
        f"site {j} is shut and has spaces" for j in np.flatnonzero(~answer.open & (answer.spaces != 0)).tolist()
    ]


def _open_problems(p: PointProblem, answer: PointAnswer) -> list[str]:
    """What serves somebody is open and the other way round, and new sites are far enough from others."""
    serves = np.bincount(answer.site_of[answer.site_of >= 0], minlength=p.sites) > 0
    wrong = [f"site {j} is shut and serves somebody" for j in np.flatnonzero(serves & ~answer.open).tolist()]
    wrong += [f"site {j} opens for nobody" for j in np.flatnonzero(answer.open & ~serves & ~p.there).tolist()]
    wrong += [f"site {j} is there and shut" for j in np.flatnonzero(p.there & ~answer.open).tolist()]
    both = answer.open[p.apart].all(axis=1) & ~p.there[p.apart].all(axis=1)
    return wrong + [f"sites {a} and {b} are too near each other" for a, b in p.apart[both].tolist()]


def _sum_problems(p: PointProblem, answer: PointAnswer) -> list[str]:
    """Money, weight, limits, the value, and the side of the bound."""
    served = answer.site_of >= 0
    weight, money = int(p.weight[served].sum()), p.money_fen(answer.open, answer.spaces)
    value = p.value(weight, int(p.worth_fen[served].sum()), money)
    sums = {
        "money": (money, answer.money_fen), "weight": (weight, answer.served_weight), "value": (value, answer.value),
    }  # fmt: skip
    wrong = [f"{name}: {found} found, the answer says {said}" for name, (found, said) in sums.items() if found != said]
    if 0 <= p.budget_fen < money:
        wrong.append(f"costs {money} fen, the budget is {p.budget_fen}")
    if weight < p.least_weight:
        wrong.append(f"serves {weight}, {p.least_weight} wanted")
    better = answer.value - answer.bound if p.objective == "cost" else answer.bound - answer.value
    if better < 0:
        wrong.append(f"the bound {answer.bound} is on the wrong side of the value {answer.value}")
    if answer.status != ("optimal" if better == 0 else "feasible"):
        wrong.append(f"{answer.status} does not fit the value {answer.value} and the bound {answer.bound}")
    return wrong
