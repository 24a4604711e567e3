"""The best sharing plan and its proof, or how much of what is asked for can be had."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimise.sharing.answer import Permits, SharingAnswer
from optimise.sharing.permits import Sharing, money_of, spaces_of
from optimise.sharing.problem import SharingProblem
from optimise.sharing.reachable import reachable
from optimise.sharing.search import NOTHING, Search
from optimise.solver import Listener, Progress, Status
from optimise.stop import Run, Stop

NAME = "sharing"


def solve_sharing(
    problem: SharingProblem, stop: Stop | None = None, seed: int = 0, progress: Listener | None = None
) -> SharingAnswer:
    """The best plan found until `stop`, and a bound that no plan is better than.

    Work: a unit is about 2.5e9 entries of the model looked at. Gap and Work stop at the same point every time. Nothing
    is drawn: the seed is only written into the answer.
    """
    run = (stop or Stop()).start()

    def told(search: Search) -> None:
        if progress:
            value = None if search.best is None else float(search.shown(search.value))
            bound = None if search.bound == NOTHING else float(search.shown(search.bound))
            progress(Progress(run.seconds, value, bound, NAME))

    search = Search(problem, problem.objective, run, told)
    search.search()
    if search.best is None:
        return _without(search, run, seed)
    told(search)
    return _answer(search, search.best, "optimal" if search.value == search.bound else "feasible", run, seed)


def _without(search: Search, run: Run, seed: int) -> SharingAnswer:
    """The answer without a plan: what is shared stays."""
    p = search.problem
    nothing = Sharing(
        np.zeros(p.lots, np.bool_), np.zeros_like(search.room.most), np.zeros(len(search.pairs.lot), np.int64)
    )
    proven = search.bound == NOTHING
    return _answer(search, nothing, "infeasible" if proven else "unknown", run, seed)


def _answer(search: Search, plan: Sharing, status: Status, run: Run, seed: int) -> SharingAnswer:
    p, x, room = search.problem, search.pairs, search.room
    some, given = np.flatnonzero(plan.flow), search.giver.given(plan.flow)
    value = search.shown(search.value) if search.best is not None else 0
    bound = search.shown(search.bound) if search.bound != NOTHING else 0
    return SharingAnswer(
        open=_fixed(plan.open), offered=_fixed(plan.offered),
        permits=Permits(*(_fixed(column) for column in (*(a[some] for a in x[:4]), plan.flow[some]))),
        lots=int((plan.open | (p.already > 0)).sum()), spaces=int(spaces_of(p, room, plan.offered).sum()),
        money_fen=money_of(p, plan.open, given), value=value, bound=bound, status=status, seed=seed,
        seconds=run.seconds, reachable=reachable(p, room, run) if status == "infeasible" else (),
    )  # fmt: skip


def _fixed(array: np.ndarray[Any, Any]) -> Any:
    out = np.array(array)
    out.flags.writeable = False
    return out
