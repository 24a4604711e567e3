"""Does a sharing plan keep every rule, and what is it worth? Recomputed from the problem alone; trusts no solver."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.problem import I64
from optimise.sharing.answer import SharingAnswer
from optimise.sharing.inputs import THOUSANDTHS
from optimise.sharing.problem import Flags, SharingProblem


@dataclass(frozen=True)
class SharingVerification:
    """checked: what was recomputed and agreed. problems: what does not."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]


def verify_sharing(problem: SharingProblem, answer: SharingAnswer) -> SharingVerification:
    """Every rule, the counts, the value and the side of the bound. An answer without a plan has nothing to check."""
    if answer.status in {"infeasible", "unknown"}:
        return SharingVerification((), ())
    wrong = permit_problems(problem, answer) or offer_problems(problem, answer.open, answer.offered)
    if wrong:
        return SharingVerification((), tuple(wrong))
    given = given_by_lot(problem, answer)
    wrong += lot_problems(problem, answer.open, answer.offered, money_fen(problem, answer.open, given))
    counts = {
        "lots": (int((answer.open | (problem.already > 0)).sum()), answer.lots),
        "spaces": (int(nominal(problem, answer.offered).sum()), answer.spaces),
        "money": (money_fen(problem, answer.open, given), answer.money_fen),
        "value": (value_of(problem, answer, given), answer.value),
    }
    wrong += [
        f"{name}: {found} found, the answer says {said}" for name, (found, said) in counts.items() if found != said
    ]
    met = int((given.sum(axis=0).T * problem.weight).sum())
    if met < problem.met_least:
        wrong.append(f"{met} is met, {problem.met_least} wanted")
    better = answer.bound - answer.value if problem.objective == "met" else answer.value - answer.bound
    if better < 0:
        wrong.append(f"the bound {answer.bound} is on the wrong side of the value {answer.value}")
    if answer.status != ("optimal" if better == 0 else "feasible"):
        wrong.append(f"{answer.status} does not fit the value {answer.value} and the bound {answer.bound}")
    return SharingVerification(("permits", "rows", "tiers", "counts", "money", "value", "bound side"), tuple(wrong))


def permit_problems(problem: SharingProblem, answer: SharingAnswer) -> list[str]:
    """Permits within reach, to who wants them, on offer."""
    given, blocks = answer.permits, np.zeros_like(problem.wanted)
    wrong = []
    for g, d, b, lot, spaces in np.stack(
        (given.group, given.day, given.block, given.lot, given.spaces), axis=1
    ).tolist():
        near = problem.pair_lot[g][problem.pair_first[g][b] : problem.pair_first[g][b + 1]]
        if lot not in near:
            wrong.append(f"block {b} is out of reach of lot {lot} for group {g}")
        if spaces < 1:
            wrong.append(f"{spaces} permits for block {b} in lot {lot}")
        blocks[g, d, b] += spaces
    wrong += [
        f"block {b} is given more than group {g} wants on day {d}" for g, d, b in np.argwhere(blocks > problem.wanted)
    ]
    over = np.argwhere(given_by_lot(problem, answer) > answer.offered)
    return wrong + [f"lot {lot} gives group {g} more on day {d} than it offers" for lot, d, g in over.tolist()]


def given_by_lot(problem: SharingProblem, answer: SharingAnswer) -> I64:
    """(L, D, G) permits."""
    given = np.zeros((problem.lots, problem.days, problem.groups), np.int64)
    at = answer.permits
    np.add.at(given, (at.lot, at.day, at.group), at.spaces)
    return given


def in_reach(problem: SharingProblem) -> I64:
    """(L, D, G) spaces wanted within reach of lots that may open."""
    reach = np.zeros((problem.lots, problem.days, problem.groups), np.int64)
    for g in range(problem.groups):
        for b in range(problem.blocks):
            near = problem.pair_lot[g][problem.pair_first[g][b] : problem.pair_first[g][b + 1]]
            reach[near, :, g] += problem.wanted[g, :, b]
    return np.where(problem.allowed[:, None, None], reach, 0)


def broken_rows(problem: SharingProblem, lot: int, day: int, offered: I64) -> list[int]:
    """Rows of a lot and day that offers (G) break."""
    groups, broken = np.arange(problem.groups), []
    for q in range(*problem.row_first[lot * problem.days + day :][:2].tolist()):
        table = problem.table[problem.table_first[q] : problem.table_first[q + 1]]
        late = int(offered[problem.row_closed[q] >> groups & 1 == 1].sum())
        active = int(offered[problem.row_active[q] >> groups & 1 == 1].sum())
        if late >= len(table) or active > table[late]:
            broken.append(q)
    return broken


def offer_problems(problem: SharingProblem, open_: Flags, offered: I64) -> list[str]:
    """Offers of open lots only, within their rows, and no more than is wanted."""
    if offered.shape != (problem.lots, problem.days, problem.groups) or open_.shape != (problem.lots,):
        return ["the answer has another shape than the problem"]
    wrong = [f"lot {lot} may not open" for lot in np.flatnonzero(open_ & ~problem.allowed).tolist()]
    some = offered.any(axis=(1, 2))
    wrong += [
        f"lot {lot} is open and offers nothing, or offers and is shut" for lot in np.flatnonzero(some != open_).tolist()
    ]
    if (offered < 0).any() or (offered > in_reach(problem)).any():
        wrong.append("a lot offers less than nothing, or more than is wanted within its reach")
    for lot, day in np.argwhere(offered.any(axis=2)).tolist():
        wrong += [f"lot {lot} breaks row {q}" for q in broken_rows(problem, lot, day, offered[lot, day])]
    return wrong


def useful_lots(problem: SharingProblem) -> Flags:
    """(L) lots that can offer one space that somebody within reach wants."""
    useful, one = np.zeros(problem.lots, np.bool_), np.eye(problem.groups, dtype=np.int64)
    for lot, day, g in np.argwhere(in_reach(problem) > 0).tolist():
        useful[lot] |= not broken_rows(problem, lot, day, one[g])
    return useful


def lot_problems(problem: SharingProblem, open_: Flags, offered: I64, money: int) -> list[str]:
    """The order of the tiers, the budget, and lots and spaces at least."""
    wrong, there = [], problem.already > 0
    first = (problem.tier == 1) & useful_lots(problem)
    needed = -(-problem.first_tier_thousandths * int(first.sum()) // THOUSANDTHS)
    shared = int((first & (open_ | there)).sum())
    if (open_ & ~there & (problem.tier == 2)).any() and shared < needed:
        wrong.append(f"lots of the second tier open with {shared} of the first, {needed} wanted")
    if 0 <= problem.budget_fen < money:
        wrong.append(f"costs {money} fen, the budget is {problem.budget_fen}")
    lots, spaces = int((open_ | there).sum()), int(nominal(problem, offered).sum())
    if lots < problem.least_lots:
        wrong.append(f"{lots} lots share, {problem.least_lots} wanted")
    if spaces < problem.least_spaces:
        wrong.append(f"{spaces} spaces are shared, {problem.least_spaces} wanted")
    return wrong


def nominal(problem: SharingProblem, offered: I64) -> I64:
    """(L) spaces shared at one time at most."""
    most, groups = problem.already.copy(), np.arange(problem.groups)
    for lot in np.flatnonzero(offered.any(axis=(1, 2))).tolist():
        for day in range(problem.days):
            for q in range(*problem.row_first[lot * problem.days + day :][:2].tolist()):
                if problem.row_closed[q] == 0:
                    active = problem.row_active[q] >> groups & 1 == 1
                    most[lot] = max(most[lot], problem.row_base[q] + offered[lot, day, active].sum())
    return most


def money_fen(problem: SharingProblem, open_: Flags, given: I64) -> int:
    """Retrofits of new lots, and what running open ones costs beyond what their permits earn."""
    fen = 0
    for lot in np.flatnonzero(open_).tolist():
        earned = int((given[lot] * problem.gain_fen[lot]).sum())
        fen += 0 if problem.already[lot] else int(problem.retrofit_fen[lot])
        fen += problem.subsidy_years * max(int(problem.run_fen[lot]) - earned, 0)
    return fen


def value_of(problem: SharingProblem, answer: SharingAnswer, given: I64) -> int:
    """The objective, in the whole numbers of SharingProblem."""
    if problem.objective == "cost":
        return money_fen(problem, answer.open, given)
    if problem.objective == "met":
        return int((given.sum(axis=0).T * problem.weight).sum())
    worth = int((problem.wanted.sum(axis=2) * problem.weight).sum()) * problem.unmet_m
    at = answer.permits
    for g, d, b, lot, spaces in np.stack((at.group, at.day, at.block, at.lot, at.spaces), axis=1).tolist():
        a, z = problem.pair_first[g][b], problem.pair_first[g][b + 1]
        walk = int(problem.pair_m[g][a:z][problem.pair_lot[g][a:z] == lot][0])
        worth -= int(problem.weight[g, d]) * (problem.unmet_m - walk) * spaces
    return worth
