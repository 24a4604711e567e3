"""What the arrays of a sharing problem have to be: problems that name the array and the row."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from network import Problem
from optimise.location.inputs import below, rising, runs, too_high
from optimise.problem import EXACT, FLOW_LIMIT

SharingProblem: TypeAlias = Any
"""The class itself asks for this check where it is made, so it cannot be imported here."""
HERE = "SharingProblem"
THOUSANDTHS = 1000


def problems_of(p: SharingProblem) -> list[Problem]:
    """Everything that is wrong, shapes before values before sums."""
    return _shapes(p) or _values(p) or _sums(p)


def _shapes(p: SharingProblem) -> list[Problem]:
    if p.wanted.ndim != 3:
        return [Problem(f"{HERE}.wanted", f"has {p.wanted.ndim} axes", "give (groups, day types, blocks)")]
    groups, days, blocks = p.wanted.shape
    lots, rows = p.tier.size, p.row_active.size
    wanted = {
        "weight": (groups, days), "gain_fen": (lots, days, groups), "run_fen": (lots,), "retrofit_fen": (lots,),
        "tier": (lots,), "already": (lots,), "allowed": (lots,), "row_active": (rows,), "row_closed": (rows,),
        "row_base": (rows,),
    }  # fmt: skip
    problems = [
        Problem(f"{HERE}.{name}", f"has the shape {getattr(p, name).shape}", f"give {shape}")
        for name, shape in wanted.items()
        if getattr(p, name).shape != shape
    ]
    problems += [
        Problem(f"{HERE}.{name}", f"has {len(getattr(p, name))} groups, wanted has {groups}")
        for name in ("pair_first", "pair_lot", "pair_m")
        if len(getattr(p, name)) != groups
    ]
    problems += runs(f"{HERE}.row_first", p.row_first, rows, lots * days)
    problems += runs(f"{HERE}.table_first", p.table_first, len(p.table), rows)
    for g in range(groups if not problems else 0):
        problems += runs(f"{HERE}.pair_first[{g}]", p.pair_first[g], len(p.pair_lot[g]), blocks)
        if len(p.pair_m[g]) != len(p.pair_lot[g]):
            problems.append(Problem(f"{HERE}.pair_m[{g}]", "has another length than pair_lot"))
    return problems


def _values(p: SharingProblem) -> list[Problem]:
    problems = []
    for name in (
        "wanted", "row_active", "row_closed", "table", "row_base", "weight", "gain_fen", "run_fen", "retrofit_fen",
        "already",
    ):  # fmt: skip
        problems += below(f"{HERE}.{name}", getattr(p, name), 0)
    problems += below(f"{HERE}.tier", p.tier, 1) + too_high(f"{HERE}.tier", p.tier, 3, "numbers: use 1 or 2")
    for name in ("row_active", "row_closed"):
        problems += too_high(f"{HERE}.{name}", getattr(p, name), 1 << len(p.wanted), "sets of groups")
    for g, (first, lot) in enumerate(zip(p.pair_first, p.pair_lot, strict=True)):
        where = f"{HERE}.pair_lot[{g}]"
        problems += below(where, lot, 0) + too_high(where, lot, len(p.tier), "lots") + rising(where, first, lot)
        problems += below(f"{HERE}.pair_m[{g}]", p.pair_m[g], 0)
        if p.objective == "walking":
            problems += too_high(f"{HERE}.pair_m[{g}]", p.pair_m[g], p.unmet_m + 1, "metres at most")
    return problems + _numbers(p) + _tables(p)


def _numbers(p: SharingProblem) -> list[Problem]:
    problems = []
    if p.objective not in {"met", "walking", "cost"}:
        problems.append(Problem(f"{HERE}.objective", f"is {p.objective!r}", "use met, walking or cost"))
    least = {"budget_fen": -1} | dict.fromkeys(("subsidy_years", "least_lots", "least_spaces", "unmet_m"), 0)
    least |= {"met_least": 0, "first_tier_thousandths": 0}
    problems += [
        Problem(f"{HERE}.{name}", f"is {getattr(p, name)}", f"give {low} or more")
        for name, low in least.items()
        if getattr(p, name) < low
    ]
    if p.first_tier_thousandths > THOUSANDTHS:
        words = f"is {p.first_tier_thousandths}"
        problems.append(Problem(f"{HERE}.first_tier_thousandths", words, f"give {THOUSANDTHS} at most"))
    return problems


def _tables(p: SharingProblem) -> list[Problem]:
    """Each row has a number, and more late cars never leave more room."""
    empty = np.flatnonzero(np.diff(p.table_first) < 1)
    if len(empty):
        return [Problem(f"{HERE}.table_first[{empty[0]}]", "has no number", "give 0 where there is no room")]
    within = np.ones(max(len(p.table) - 1, 0), np.bool_)
    within[p.table_first[1:-1] - 1] = False
    rises = np.flatnonzero((np.diff(p.table) > 0) & within)
    problems = []
    if len(rises):
        problems.append(Problem(f"{HERE}.table[{rises[0] + 1}]", "rises", "more late cars leave no more room"))
    both = np.flatnonzero((p.row_closed == 0) & (np.diff(p.table_first) > 1))
    if len(both):
        problems.append(Problem(f"{HERE}.table_first[{both[0]}]", "has numbers for late cars and no closed group"))
    return problems


def _sums(p: SharingProblem) -> list[Problem]:
    """Sums in floating point, so that the check itself cannot overflow."""
    worth = p.wanted.sum(axis=2, dtype=float) * p.weight * max(p.unmet_m, 1)
    dear = p.retrofit_fen.sum(dtype=float) + p.subsidy_years * p.run_fen.sum(dtype=float)
    earned = (p.wanted.sum(axis=2, dtype=float) * p.gain_fen.max(axis=0, initial=0).T).sum() * max(p.subsidy_years, 1)
    sums = {
        "wanted": (p.wanted.sum(dtype=float), FLOW_LIMIT, "what all blocks want"),
        "weight": (worth.sum(), EXACT, "what is wanted times weight and walk"),
        "retrofit_fen": (dear, EXACT, "the cost of everything"),
        "gain_fen": (earned, EXACT, "what all permits earn"),
        "table": (p.table.max(initial=0), FLOW_LIMIT, "the largest row"),
        "budget_fen": (float(p.budget_fen), EXACT, "the budget"),
    }
    return [
        Problem(f"{HERE}.{name}", f"{what} comes to {value:.3g}, past {limit}", "use a coarser unit")
        for name, (value, limit, what) in sums.items()
        if not value < limit
    ]
