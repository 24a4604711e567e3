"""The cheapest way to buy plugs, whoever they serve: says when a wanted number cannot be had, and gives a first
answer when it can.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from network import InputError, Problem, units
from optimise.problem import I32, I64, SitingProblem

_NEVER = np.int64(2**62)
_CELLS = 2**28
"""Largest table, sites x plugs, of 4 bytes."""


def cheapest_plugs(problem: SitingProblem) -> tuple[I64 | None, tuple[str, ...]]:
    """New plugs (J) that meet min_plugs for the least money; or None and why no plan can meet it."""
    if problem.min_plugs == 0:
        return np.zeros(problem.sites, np.int64), ()
    fewest = np.where(problem.existing > 0, 1, problem.least)
    room = np.where(problem.most >= fewest, problem.most, 0)
    wanted, available = problem.min_plugs, int(room.sum())
    if available < wanted:
        return None, (f"{wanted} new plugs are wanted, the sites have room for at most {available}",)
    width = min(available, wanted + int(room.max())) + 1
    if problem.sites * width > _CELLS:
        hint = "plan by districts, or ask for fewer plugs"
        raise InputError(
            Problem("SitingProblem.min_plugs", f"{wanted} at {problem.sites} sites is too large a table", hint)
        )
    opening = np.where(problem.existing == 0, problem.open_fen, 0)
    cost, taken = _table(opening, problem.plug_fen, fewest, room, width)
    best = wanted + int(cost[wanted:].argmin())
    if cost[best] <= problem.budget_fen:
        return _trace(taken, best), ()
    most = int(np.flatnonzero(cost <= problem.budget_fen)[-1])
    need, have = _cny(int(cost[best])), _cny(problem.budget_fen)
    return None, (f"{wanted} new plugs are wanted and cost at least {need}; the budget of {have} buys at most {most}",)


def _cny(fen: int) -> str:
    return f"{fen / units.FEN_PER_CNY:,.2f} CNY"


@njit(cache=True)
def _table(opening: I64, plug: I64, fewest: I64, room: I64, width: int) -> tuple[I64, I32]:
    """The cost (width): least money for exactly p plugs; taken (J, width): plugs at site j in it.

    One row per site, with a sliding-window minimum over the plugs it may take: O(J x width).
    """
    cost = np.full(width, _NEVER)
    cost[0] = 0
    taken = np.zeros((len(room), width), np.int32)
    queue = np.empty(width, np.int64)
    for j in range(len(room)):
        if room[j] == 0:
            continue
        new = cost.copy()
        low = high = 0
        for p in range(fewest[j], width):
            q = p - fewest[j]
            if cost[q] < _NEVER:
                while high > low and cost[queue[high - 1]] - plug[j] * queue[high - 1] >= cost[q] - plug[j] * q:
                    high -= 1
                queue[high] = q
                high += 1
            while high > low and queue[low] < p - room[j]:
                low += 1
            if high > low:
                money = cost[queue[low]] + opening[j] + plug[j] * (p - queue[low])
                if money < new[p]:
                    new[p] = money
                    taken[j, p] = p - queue[low]
        cost = new
    return cost, taken


@njit(cache=True)
def _trace(taken: I32, plugs: int) -> I64:
    values = np.zeros(taken.shape[0], np.int64)
    for j in range(taken.shape[0] - 1, -1, -1):
        values[j] = taken[j, plugs]
        plugs -= values[j]
    return values
