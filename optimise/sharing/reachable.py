"""How much of what is asked for can be had: of all lots, of the first tier alone, and for the money."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from optimise.sharing.answer import Reachable
from optimise.sharing.model import Goal
from optimise.sharing.problem import Flags, SharingProblem
from optimise.sharing.room import Room
from optimise.sharing.search import NOTHING, Search
from optimise.stop import Run, Stop

WORK = 30.0
"""Work for each number that takes a search."""
_ASKED: dict[Goal, str] = {"lots": "least_lots", "spaces": "least_spaces", "met": "met_least"}


def reachable(problem: SharingProblem, room: Room, run: Run) -> tuple[Reachable, ...]:
    """Rows for all lots, for the first tier alone, and for the budget with the order of the tiers."""
    rows = [_free(problem, room, "all", room.useful, run)]
    if (problem.tier == 2).any():
        rows.append(_free(problem, room, "first tier", room.useful & (problem.tier == 1), run))
    found = {goal: _most(problem, goal, run) for goal in _ASKED if goal != "met" or problem.met_least}
    lots, spaces, met = (found.get(goal, (-1, True)) for goal in ("lots", "spaces", "met"))
    rows.append(Reachable("budget", lots[0], spaces[0], met[0], lots[1] and spaces[1] and met[1]))
    return tuple(rows)


def _free(
    problem: SharingProblem, room: Room, within: Literal["all", "first tier"], open_: Flags, run: Run
) -> Reachable:
    """Without regard to money every lot is as wide as it can be."""
    nothing = [[0] * problem.groups for _ in range(problem.days)]
    wide = [room.widest(lot, nothing)[0] if may else int(problem.already[lot]) for lot, may in enumerate(open_)]
    met, proven = -1, True
    if problem.met_least:
        alone = replace(problem, allowed=open_, budget_fen=-1, first_tier_thousandths=0, least_lots=0, least_spaces=0)
        met, proven = _most(alone, "met", run)
    return Reachable(within, int((open_ | (problem.already > 0)).sum()), int(np.sum(wide)), met, proven)


def _most(problem: SharingProblem, goal: Goal, run: Run) -> tuple[int, bool]:
    """The most of a goal, what else is asked for kept where it can be; and whether it is proven."""
    asked: dict[str, Any] = {_ASKED[goal]: 0}
    free = replace(problem, objective="met", **asked)
    search = Search(free, goal, _short(run), lambda _: None)
    search.search()
    if search.bound == NOTHING:
        search = Search(replace(free, least_lots=0, least_spaces=0, met_least=0), goal, _short(run), lambda _: None)
        search.search()
    return max(search.value, 0), search.value == search.bound


def _short(run: Run) -> Run:
    """To the end, but no longer than the run and than what one number is worth."""
    return Stop(run.seconds_left, 0.0, min(run.work_left, WORK), run.stop.cancelled).start()
