"""Greedy, then ruin and recreate with a seed; its bound is a Lagrangian one, so its gap is honest.

(Schrimpf et al. 2000, doi:10.1006/jcph.1999.6413.) Work: one unit is 2^27 pairs looked at, besides the bound, which
is not counted. The greedy round is always made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.location.arrays import pairs_of, sites_of
from optimise.location.bounds import lagrangian_bound
from optimise.location.kernels.nearness import search_distance
from optimise.location.kernels.shapes import Rules
from optimise.problem import SitingProblem
from optimise.solver import Incumbent, Listener, Progress, answer
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
    drift: float = 0.0005
    """How much worse than the best, relative, a round may start from."""

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        """See `Solver`."""
        run, pairs, sites = stop.start(), pairs_of(problem), sites_of(problem)
        best, loss = np.zeros(problem.sites, np.int64) if start is None else start.values.copy(), 0
        current, state = best.copy(), np.array([(seed + 1) * _SALT % 2**64 or 1], np.uint64)
        idle, fresh = 0, True
        while fresh or (idle < self.patience and not run.over()):
            rules = self._rules(problem, run, loss)
            loss, work, idle = search_distance(
                pairs, sites, problem.weight, problem.search_m, rules, current, best, state, idle, fresh
            )
            fresh = False
            run.spend(work / PAIRS_PER_WORK)
            if progress:
                progress(Progress(run.seconds, loss, None, self.name))
        bound = lagrangian_bound(problem, loss)
        return answer(best, objective=loss, bound=bound, solver=self.name, seconds=run.seconds)

    def _rules(self, problem: SitingProblem, run: Run, loss: int) -> Rules:
        return Rules(
            budget=problem.budget_fen,
            work=int(min(_CHUNK, run.work_left * PAIRS_PER_WORK)),
            patience=self.patience,
            most_closed=self.most_closed,
            drift=int(self.drift * loss),
        )
