"""Van routes: a search, a bound with cuts, and where it is near enough a proof by CP-SAT."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from network import InputError, Problem
from optimise.solver import Listener, Progress, Status, gap_of
from optimise.stop import Gap, Run, Stop, Work
from optimise.vans.exact import Known, proven
from optimise.vans.kernels.search import Trips, new_walk, search
from optimise.vans.problem import RoutesOf, VanAnswer, VanProblem, value_of
from optimise.vans.root import root_bound

VANS_UNTIL: Final[Stop] = Gap(0.0) | Work(30)
"""Stops at the same point on every machine. A unit of work: ROUNDS_PER_WORK rounds of the search, counted by stops,
what root.ENTRIES_PER_WORK says of a linear program, or one of CP-SAT's deterministic seconds."""
ROUNDS_PER_WORK: Final = 5_000_000
_ROUNDS_PER_STOP: Final = 1500
_MOST_ROUNDS: Final = 60_000
"""Rounds of one search: so many for each stop, and at most."""
_SEARCHES: Final = 2
"""Searches before a bound is asked for; where no proof comes of it one follows another, each _LONGER than the last."""
_LONGER: Final = 4
_QUICK: Final = 10_000
"""Rounds before a bound is asked for where no proof is tried: they are better spent in one long search afterwards."""
_LOOK: Final = 5000
"""Rounds between looks at whether the run is over."""
_HEAT, _COLD = 0.3, 0.01
"""First and last temperature of a search, in mean ways."""
_MOST_EXACT: Final = 80
"""Stops beyond which no proof is tried: the search goes on instead."""
_TINY: Final = 1e-9
"""Relative error allowed to a linear program's value before it is rounded up."""
_NAME: Final = "vans"
State = npt.NDArray[np.uint64]


def solve_vans(
    problem: VanProblem, *, stop: Stop = VANS_UNTIL, seed: int = 0, progress: Listener | None = None
) -> VanAnswer:
    """The cheapest routes found before the stop, with a bound. Raises InputError for a negative seed."""
    if seed < 0:
        raise InputError(Problem("seed", f"is {seed}", "give a whole number of zero or more"))
    run = stop.start()
    if problem.stops == 1 or (problem.vans == 0 and not problem.must.any()):
        value = value_of(problem, ())
        return VanAnswer(routes=(), value=value, bound=value, status="optimal", seconds=run.seconds)
    state = np.array([seed * 2 + 88172645463325253], np.uint64)
    best = _searched(problem, run, state, None, progress)
    known = value_of(problem, best) if best is not None else _worst(problem)
    root = root_bound(problem, known, run, best)
    if not root.feasible:
        return VanAnswer(routes=(), value=0, bound=0, status="infeasible", seconds=run.seconds)
    bound = _rounded(root.bound, known, problem.step if best is not None else 1)
    if best is not None and bound >= known:
        return _answer(problem, best, known, run)
    _say(progress, run, None if best is None else known, bound)
    if problem.stops <= _MOST_EXACT and not run.over():
        best, bound = proven(problem, best, root, bound, Known(known, run, seed))
    times = _LONGER
    while best is None or (bound < value_of(problem, best) and gap_of(value_of(problem, best), bound) > stop.gap):
        if run.over() or (best is None and bound >= _worst(problem)) or math.isinf(min(stop.work, stop.seconds)):
            break
        best, times = _searched(problem, run, state, best, progress, times=times), times * _LONGER
    if best is None:
        status: Status = "infeasible" if bound >= _worst(problem) else "unknown"
        return VanAnswer(routes=(), value=0, bound=0, status=status, seconds=run.seconds)
    return _answer(problem, best, bound, run)


def _worst(problem: VanProblem) -> int:
    """More than any routes cost."""
    most = int(problem.cost.max(axis=1).sum() + problem.cost.max(axis=0).sum())
    return most + int(problem.skip_cost[~problem.must].sum()) + problem.step + 1


def _rounded(bound: float, known: int, step: int) -> int:
    """A bound up to the next value that routes can have: those known and others by whole steps."""
    short = max(0, known - math.ceil(bound - _TINY * max(1.0, abs(bound))))
    return known - short // step * step


def _answer(problem: VanProblem, routes: RoutesOf, bound: int, run: Run) -> VanAnswer:
    value = value_of(problem, routes)
    status: Status = "optimal" if bound >= value else "feasible"
    ordered = tuple(sorted(routes))
    return VanAnswer(routes=ordered, value=value, bound=min(bound, value), status=status, seconds=run.seconds)


def _say(progress: Listener | None, run: Run, value: int | None, bound: int | None) -> None:
    if progress is not None:
        progress(Progress(run.seconds, value, bound, _NAME))


def _searched(
    problem: VanProblem, run: Run, state: State, best: RoutesOf | None, progress: Listener | None, *, times: int = 1
) -> RoutesOf | None:
    """The better of the routes known and those of the first searches, or of one that is so many `times` as long."""
    apart = np.maximum(problem.cost, problem.cost.T) + np.where(np.eye(problem.stops, dtype=bool), -1, 0)
    order = np.argsort(apart, axis=1, kind="stable")
    near = np.array([[v for v in row if v] for row in order.tolist()], np.int32)
    limits = np.array([problem.capacity, problem.limit_s], np.int64)
    trips = Trips(problem.cost, problem.time_s, problem.pick_up, problem.service_s, problem.skip_cost, near, limits)
    few = problem.stops <= _MOST_EXACT
    rounds = min(_ROUNDS_PER_STOP * problem.stops, _MOST_ROUNDS) * times if few or times > 1 else _QUICK
    for _ in range(_SEARCHES if few and times == 1 else 1):
        value, found = _walked(problem, trips, rounds, run, state)
        if found is not None and (best is None or value < value_of(problem, best)):
            best = found
            _say(progress, run, value, None)
        if run.over():
            break
    return best


def _walked(problem: VanProblem, trips: Trips, rounds: int, run: Run, state: State) -> tuple[int, RoutesOf | None]:
    """One search, in so many rounds or as many as the run has work for, with a look at the run now and then."""
    mean, work = max(1.0, float(problem.cost.mean())), problem.stops / ROUNDS_PER_WORK
    heat = _HEAT * mean
    walk = new_walk(min(problem.vans, problem.stops - 1), problem.stops, heat)
    parts = max(1, math.ceil(min(rounds, run.work_left / work) / _LOOK))
    cooler = (_COLD / _HEAT) ** (1 / parts)
    for _ in range(parts):
        some = min(rounds, _LOOK)
        search(trips, walk, heat, heat * cooler, some, state)
        heat *= cooler
        run.spend(some * work)
        if run.over():
            break
    if walk.told[0] < 0:
        return 0, None
    routes = [row[:size].tolist() for row, size in zip(walk.best_stop, walk.best_size.tolist(), strict=True) if size]
    return int(walk.told[0]), tuple(map(tuple, routes))
