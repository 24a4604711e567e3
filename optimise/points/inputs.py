"""What the arrays of a problem of dispatch points have to be: problems that name the array and the row."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from network import Problem
from optimise.location.inputs import below, rising, runs, too_high
from optimise.problem import EXACT, FLOW_LIMIT

PointProblem: TypeAlias = Any
"""The class itself asks for this check where it is made, so it cannot be imported here."""
HERE = "PointProblem"
_SQUARES = 2.0**62
"""Squares of margins stay below it, so that roots are exact."""
_THOUSAND = 1000
_MOST = 2**16 - 1
"""Needs of sets are kept in 16 bits."""


def problems_of(p: PointProblem) -> list[Problem]:
    """Everything that is wrong, shapes before values before sums."""
    return _shapes(p) or _values(p) or _sums(p)


def _shapes(p: PointProblem) -> list[Problem]:
    if p.net.ndim != 3 or p.net.shape[2] < 1:
        return [Problem(f"{HERE}.net", f"has the shape {p.net.shape}", "give (windows, demand points, hours + 1)")]
    windows, demands, sites = p.net.shape[0], p.weight.size, p.most.size
    wanted = {
        "weight": (demands,), "worth_fen": (demands,), "net": (windows, demands, p.net.shape[2]),
        "flow": (windows, demands), "metres": p.site.shape, "site": (p.site.size,), "most": (sites,), "least": (sites,),
        "already": (sites,), "open_fen": (sites,), "space_fen": (sites,), "apart": (len(p.apart), 2),
    }  # fmt: skip
    problems = [
        Problem(f"{HERE}.{name}", f"has the shape {getattr(p, name).shape}", f"give {shape}")
        for name, shape in wanted.items()
        if getattr(p, name).shape != shape
    ]
    return problems + runs(f"{HERE}.first", p.first, p.site.size, demands)


def _values(p: PointProblem) -> list[Problem]:
    problems = []
    for name in (
        "site", "metres", "weight", "worth_fen", "flow", "most", "least", "already", "open_fen", "space_fen", "apart",
    ):  # fmt: skip
        problems += below(f"{HERE}.{name}", getattr(p, name), 0)
    for name in ("site", "apart"):
        problems += too_high(f"{HERE}.{name}", getattr(p, name), p.most.size, "sites")
    problems += too_high(f"{HERE}.most", p.most, _MOST, "spaces at a site at most")
    problems += rising(f"{HERE}.site", p.first, p.site)
    if p.net[:, :, 0].any():
        w, i = np.argwhere(p.net[:, :, 0])[0].tolist()
        problems.append(Problem(f"{HERE}.net[{w}, {i}, 0]", f"is {p.net[w, i, 0]}", "a window begins with 0"))
    crowded = np.flatnonzero(p.already > p.most)
    if len(crowded):
        j = crowded[0]
        problems.append(Problem(f"{HERE}.most[{j}]", f"is {p.most[j]}", f"{p.already[j]} spaces are there already"))
    same = np.flatnonzero(p.apart[:, 0] == p.apart[:, 1])
    if len(same):
        problems.append(Problem(f"{HERE}.apart[{same[0]}]", "names a site twice", "name two sites"))
    return problems + _numbers(p)


def _numbers(p: PointProblem) -> list[Problem]:
    problems = []
    if p.objective not in {"cover", "cost", "net"}:
        problems.append(Problem(f"{HERE}.objective", f"is {p.objective!r}", "use cover, cost or net"))
    least = {"budget_fen": -1, "least_weight": 0, "z_thousandths": 0}
    return problems + [
        Problem(f"{HERE}.{name}", f"is {getattr(p, name)}", f"give {low} or more")
        for name, low in least.items()
        if getattr(p, name) < low
    ]


def _sums(p: PointProblem) -> list[Problem]:
    """Sums in floating point, so that the check itself cannot overflow."""
    swing = np.abs(p.net.astype(float)).max(axis=(0, 2), initial=0.0).sum()
    flow = p.flow.sum(axis=1, dtype=float).max(initial=0.0)
    margin = p.z_thousandths * (flow / _THOUSAND) ** 0.5
    sums = {
        "weight": (p.weight.sum(dtype=float), EXACT, "weight"),
        "worth_fen": (p.worth_fen.sum(dtype=float), EXACT, "worth"),
        "open_fen": ((p.open_fen + p.space_fen * p.most.astype(float)).sum(), EXACT, "the cost of everything"),
        "net": (2 * swing + margin, FLOW_LIMIT, "the swing of all demand points"),
        "flow": (flow * p.z_thousandths**2, _SQUARES, "the flow times z squared"),
        "most": (p.most.sum(dtype=float), FLOW_LIMIT, "the number of spaces"),
        "budget_fen": (float(p.budget_fen), EXACT, "the budget"),
        "least_weight": (float(p.least_weight), EXACT, "the weight asked for"),
    }
    return [
        Problem(f"{HERE}.{name}", f"{what} comes to {value:.3g}, past {limit:.3g}", "use a coarser unit")
        for name, (value, limit, what) in sums.items()
        if not value < limit
    ]
