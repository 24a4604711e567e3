"""An answer on new spaces, recomputed from the problem alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.problem import I64
from optimise.spaces.problem import SpaceAnswer, SpaceProblem

_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Verification:
    """What was checked, and what was found wrong."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]
    relaxation: float | None


def verify_spaces(problem: SpaceProblem, answer: SpaceAnswer) -> Verification:
    """Every limit, the value, the side of the bound, and an independent linear relaxation."""
    relaxed = relaxation(problem)
    if answer.status == "unknown":
        return Verification((), (), relaxed)
    if answer.status == "infeasible":
        return Verification(("infeasible",) if relaxed is None else (), (), relaxed)
    wrong = broken(problem, answer.spaces, answer.served)
    value = problem.value(answer.spaces, answer.served)
    sign = -1 if problem.objective == "cost" else 1
    if value != answer.value:
        wrong.append(f"the value is {value}, not {answer.value}")
    if sign * (answer.bound - value) < 0:
        wrong.append(f"bound {answer.bound} is on the wrong side of value {value}")
    if (answer.status == "optimal") != (answer.bound == value):
        wrong.append(f"status {answer.status!r} does not fit value {value} and bound {answer.bound}")
    if relaxed is None or sign * (relaxed - value) < -_TOLERANCE * max(1.0, abs(value)):
        wrong.append(f"value {value} is better than the linear relaxation {relaxed}")
    return Verification(("feasible", "value", "bound_side", "status", "relaxation"), tuple(wrong), relaxed)


def broken(p: SpaceProblem, spaces: I64, served: I64) -> list[str]:
    """Limits that an answer does not keep to, in words."""
    wrong = []
    if ((spaces < 0) | (spaces > p.most)).any() or (served < 0).any():
        wrong.append("a place has more spaces than fit")
    if (np.bincount(p.row, served, len(p.wanted)) > p.wanted).any():
        wrong.append("more cars stand there than want to")
    for q, mask in enumerate(p.active.tolist()):
        inside = (mask >> p.group[p.row]) & 1 > 0
        if (np.bincount(p.place[inside], served[inside], p.places) > spaces + p.room[:, q]).any():
            wrong.append("two cars stand in one space")
            break
    used = spaces > 0
    if len(np.unique(p.exclusive[used & (p.exclusive >= 0)])) < (used & (p.exclusive >= 0)).sum():
        wrong.append("places that exclude each other are used")
    gross, net = int(spaces.sum()), int(spaces.sum() - p.taken[used].sum())
    if gross < p.least_gross or net < p.least_net:
        wrong.append(f"{gross} spaces, net {net}, are too few")
    if 0 <= p.budget_fen < p.cost_fen(spaces):
        wrong.append("it costs more than the budget")
    if 0 <= p.most_draw < int((p.draw * spaces).sum()):
        wrong.append("it draws more car trips than it may")
    if p.least_value is not None and p.worth(spaces, served) < p.least_value:
        wrong.append("it serves too few")
    return wrong


def relaxation(p: SpaceProblem) -> float | None:
    """Value of the problem in real numbers, None where even that has no answer."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, vstack

    n, m = p.places, len(p.place)
    if n == 0:
        return 0.0 if max(p.least_gross, p.least_net, p.least_value or 0) <= 0 else None
    width, pairs = 2 * n + m, 2 * n + np.arange(m)
    rows, right = [], []

    def add(i: I64, j: I64, values: I64, limit: I64) -> None:
        rows.append(coo_array((values.astype(float), (i, j)), shape=(len(limit), width)))
        right.append(limit.astype(float))

    place, one, nought = np.arange(n), np.ones(n, np.int64), np.zeros(n, np.int64)
    twice = np.concatenate((place, place))
    add(twice, np.concatenate((n + place, place)), np.concatenate((one, -p.most)), nought)
    add(twice, np.concatenate((place, n + place)), np.concatenate((one, -one)), nought)
    add(p.row, pairs, np.ones(m, np.int64), p.wanted)
    for q, mask in enumerate(p.active.tolist()):
        inside = np.flatnonzero((mask >> p.group[p.row]) & 1)
        i = np.concatenate((p.place[inside], place))
        add(i, np.concatenate((pairs[inside], n + place)), np.concatenate((np.ones(len(inside), np.int64), -one)),
            p.room[:, q])  # fmt: skip
    alone = np.flatnonzero(p.exclusive >= 0)
    if len(alone):
        add(p.exclusive[alone], alone, one[alone], np.ones(int(p.exclusive.max()) + 1, np.int64))
    for weights, limit in _totals(p):
        columns = np.flatnonzero(weights)
        add(np.zeros(len(columns), np.int64), columns, weights[columns], np.array([limit]))
    gain = {"need": -_worth(p), "cost": _cost(p), "spaces": -_gross(p)}[p.objective]
    high = np.concatenate((p.most > 0, p.most, p.wanted[p.row])).astype(float)
    bounds = np.column_stack((np.zeros(width), high))
    found = linprog(gain.astype(float), A_ub=vstack(rows).tocsr(), b_ub=np.concatenate(right), bounds=bounds)
    return (float(found.fun) if p.objective == "cost" else -float(found.fun)) if found.status == 0 else None


def _totals(p: SpaceProblem) -> list[tuple[I64, int]]:
    """Rows over all columns (opened, spaces, cars) and their limits."""
    out = [(-_gross(p), -p.least_gross)]
    if p.least_net > 0:
        out.append((np.concatenate((p.taken, -_gross(p)[p.places :])), -p.least_net))
    if p.budget_fen >= 0:
        out.append((_cost(p), p.budget_fen))
    if p.most_draw >= 0:
        out.append((np.concatenate((0 * p.draw, p.draw, 0 * p.place)), p.most_draw))
    if p.least_value is not None:
        out.append((-_worth(p), -p.least_value))
    return out


def _gross(p: SpaceProblem) -> I64:
    return np.concatenate((0 * p.most, np.ones(p.places, np.int64), 0 * p.place))


def _worth(p: SpaceProblem) -> I64:
    return np.concatenate((0 * p.charge, -p.charge, p.weight[p.row]))


def _cost(p: SpaceProblem) -> I64:
    return np.concatenate((p.open_fen, p.space_fen, 0 * p.place))
