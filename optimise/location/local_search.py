"""Greedy, then ruin and recreate with a seed, for both objectives; its bound is a Lagrangian one, so its gap is honest.

(Schrimpf et al. 2000, doi:10.1006/jcph.1999.6413.) Work: one unit is 2^27 pairs looked at, besides the bound, which
is not counted. The greedy round is always made.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimise.location.arrays import pairs_of, sites_of
from optimise.location.bounds import lagrangian_bound
from optimise.location.kernels.flows import search_cover
from optimise.location.kernels.nearness import search_distance
from optimise.location.kernels.shapes import Rules
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
    drift: float = 0.0005
    """How much worse than the best, relative, a round may start from."""

    def supports(self, problem: SitingProblem) -> bool:
        return problem.objective in {"cover", "distance"}

    def __call__(
        self,
        problem: SitingProblem,
        stop: Stop,
        seed: int = 0,
        start: Incumbent | None = None,
        progress: Listener | None = None,
    ) -> Incumbent:
        """See `Solver`."""
        run = stop.start()
        cheapest, reasons = cheapest_plugs(problem)
        if cheapest is None:
            return impossible(problem.sites, reasons, self.name, run.seconds)
        best, loss = cheapest if start is None else start.values.copy(), 0
        current, state = best.copy(), np.array([(seed + 1) * _SALT % 2**64 or 1], np.uint64)
        idle, fresh = 0, True
        while fresh or (idle < self.patience and not run.over()):
            rules = self._rules(problem, run, loss)
            loss, work, idle = _round(problem, rules, current, best, state, idle=idle, fresh=fresh)
            fresh = False
            run.spend(work / PAIRS_PER_WORK)
            if progress:
                progress(Progress(run.seconds, _value(problem, loss), None, self.name))
        value = _value(problem, loss)
        bound = lagrangian_bound(problem, value)
        return answer(best, objective=value, bound=bound, solver=self.name, seconds=run.seconds)

    def _rules(self, problem: SitingProblem, run: Run, loss: int) -> Rules:
        return Rules(
            budget=problem.budget_fen,
            min_plugs=problem.min_plugs,
            work=int(min(_CHUNK, run.work_left * PAIRS_PER_WORK)),
            patience=self.patience,
            most_closed=self.most_closed,
            drift=int(self.drift * (problem.total_weight if problem.objective == "cover" else loss)),
        )


def _round(
    problem: SitingProblem, rules: Rules, current: I64, best: I64, state: np.ndarray, *, idle: int, fresh: bool
) -> tuple[int, int, int]:
    """One chunk of the search, in place; loss of the best, work, and rounds since it was found."""
    pairs, sites = pairs_of(problem), sites_of(problem)
    search, number = (
        (search_cover, problem.plug_tenths) if problem.objective == "cover" else (search_distance, problem.search_m)
    )
    loss, work, idle = search(pairs, sites, problem.weight, number, rules, current, best, state, idle, fresh)
    return int(loss), int(work), int(idle)


def _value(problem: SitingProblem, loss: int) -> int:
    return problem.total_weight - loss if problem.objective == "cover" else loss
