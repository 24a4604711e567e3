"""Greedy, then ruin and recreate with a seed, for both objectives; its bound is a Lagrangian one, so its gap is honest.

Work: one unit is 2^27 pairs looked at, besides the bound, which is not counted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.location.arrays import Pairs, Sites, pairs_of, sites_of
from optimise.location.bounds import lagrangian_bound
from optimise.location.flows import search_cover
from optimise.location.nearness import search_distance
from optimise.location.purchase import cheapest_plugs
from optimise.problem import I64, SitingProblem
from optimise.solver import Incumbent, Listener, Progress, answer, impossible
from optimise.stop import Run, Stop

PAIRS_PER_WORK = 2**27
_CHUNK = 2**25
"""Pairs looked at between two looks at the stop rule."""
_SALT = 0x9E3779B97F4A7C15
"""Spreads small seeds over the generator's states."""


@dataclass(frozen=True)
class LocalSearch:
    """Ends after `patience` rounds without improvement, or at its stop."""

    name: str = "local_search"
    patience: int = 2000
    most_closed: int = 4
    """Sites closed in one round at most."""
    deviation: float = 0.0005
    """How much worse than the best, relative, a round may start from."""

    def supports(self, problem: SitingProblem) -> bool:
        return problem.objective in ("cover", "distance")

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        run = stop.start()
        cheapest, reasons = cheapest_plugs(problem)
        if cheapest is None:
            return impossible(problem, reasons, self.name, run.seconds)
        pairs, sites = pairs_of(problem), sites_of(problem)
        first = cheapest if start is None else start.values.copy()
        best, loss = self._search(problem, pairs, sites, first, run, seed, progress)
        value = _value(problem, loss)
        bound = lagrangian_bound(problem, value)
        return answer(problem, best, value, bound, self.name, run.seconds)

    def _search(
        self,
        problem: SitingProblem,
        pairs: Pairs,
        sites: Sites,
        first: I64,
        run: Run,
        seed: int,
        progress: Listener | None,
    ) -> tuple[I64, int]:
        state = np.array([(seed + 1) * _SALT % 2**64 or 1], np.uint64)
        current, best, loss, idle, fresh = first.copy(), first.copy(), 0, 0, True
        while fresh or (idle < self.patience and not run.over()):
            limit = int(min(_CHUNK, run.work_left * PAIRS_PER_WORK))
            moves = (current, best, state, limit, idle, self.patience, self.most_closed)
            rules = (problem.budget_fen, problem.min_plugs)
            if problem.objective == "cover":
                drift = int(self.deviation * problem.total_weight)
                loss, work, idle = search_cover(
                    pairs, sites, problem.plug_tenths, problem.weight, *rules, *moves, drift, fresh
                )
            else:
                drift = int(self.deviation * loss)
                loss, work, idle = search_distance(
                    pairs, sites, problem.weight, problem.search_m, *rules, *moves, drift, fresh
                )
            fresh = False
            run.spend(work / PAIRS_PER_WORK)
            if progress:
                progress(Progress(run.seconds, _value(problem, loss), None, self.name))
        return best, int(loss)


def _value(problem: SitingProblem, loss: int) -> int:
    return problem.total_weight - loss if problem.objective == "cover" else loss
