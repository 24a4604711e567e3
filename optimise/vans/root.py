"""A bound for van routes: the linear relaxation with cuts, and the ways that cannot be part of anything better.

Cuts: out of every set of stops drive as many vans as its bikes need, at least one where a stop of it is visited
(Dell'Amico et al. 2014). With them whole routes are exact: where a route breaks the van's capacity, some of its stops
in a row hold more bikes than a van.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from optimise.problem import I64
from optimise.stop import Run
from optimise.vans.kernels.search import grown_sets
from optimise.vans.problem import VanProblem

F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_MOST_CUTS = 60
"""Cuts added in one round, the worst first."""
ENTRIES_PER_WORK: Final = 1_000_000
"""Entries of a linear program that is solved once for a unit of work."""
MOST_LINES: Final = 150
_FEW = 5
"""Where fewer sets are found by growing, minimum cuts are asked for as well."""
_FINE = 10**6
"""Parts of a van that minimum cuts count in."""
_TINY = 1e-6


class Cut(NamedTuple):
    """Out of the stops `inside` (V) drive at least `vans`, and share (V) of each stop visited that need not be."""

    inside: Flags
    vans: float
    share: F64


@dataclass(frozen=True, eq=False)
class Root:
    """bound: no routes cost less. ways: (W, 2) ways that routes better than those known may use. cuts: those that hold
    the bound up. feasible: False where no routes keep the rules.
    """

    bound: float
    ways: I64
    cuts: list[Cut]
    feasible: bool = True


@dataclass(frozen=True, eq=False)
class _Lines:
    """Columns: the ways, then the stops that may be left out."""

    problem: VanProblem
    ways: I64
    may: I64
    """Stops that may be left out."""

    @property
    def count(self) -> int:
        return len(self.ways) + len(self.may)


def root_bound(problem: VanProblem, known: int, run: Run) -> Root:
    """The bound with cuts until none is found or the run is over; `known` is the value of the best routes.

    Beyond MOST_LINES stops the linear programs would be too large: each stop then has its cheapest way in and out.
    """
    if problem.stops > MOST_LINES:
        return Root(float(_assigned(problem)), np.zeros((0, 2), np.int64), [])
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, vstack

    lines = _lines(problem)
    cost, constant = _cost(lines)
    if not len(lines.ways):
        return Root(float(constant), lines.ways, [], feasible=not problem.must.any())
    equal, one = _balance(lines)
    rows, right = _limits(lines)
    left, fixed, cuts = csr_array(np.array(rows)), len(rows), list[Cut]()
    while True:
        found = linprog(cost, A_ub=left, b_ub=right, A_eq=equal, b_eq=one, bounds=(0, 1), method="highs-ds")
        run.spend((left.nnz + 2.0 * lines.count) / ENTRIES_PER_WORK)
        if found.status == 2:
            return Root(np.inf, np.zeros((0, 2), np.int64), cuts, feasible=False)
        if found.status != 0:
            return Root(0.0, lines.ways, [])
        new = [] if run.over() else _broken(lines, found.x)
        if not new:
            break
        cuts += new
        left = vstack((left, csr_array(np.array([_row(lines, cut) for cut in new]))), format="csr")
        right += [-cut.vans for cut in new]
    bound = float(found.fun) + constant
    kept = bound + found.lower.marginals[: len(lines.ways)] <= known - problem.step + _TINY
    holding = [cut for cut, slack in zip(cuts, found.slack[fixed:], strict=True) if slack < 1.0 + _TINY]
    return Root(bound, lines.ways[kept], holding)


def _assigned(problem: VanProblem) -> int:
    """Least cost of one way into and one out of every stop that is visited, whatever comes of them together."""
    from scipy.optimize import linear_sum_assignment

    count, vans = problem.stops, min(problem.vans, problem.stops - 1)
    at = np.concatenate((np.zeros(vans, np.int64), np.arange(1, count)))
    cost = problem.cost[np.ix_(at, at)].astype(np.float64)
    np.fill_diagonal(cost, np.where(problem.must[at], np.inf, problem.skip_cost[at]))
    cost[:vans, :vans] = 0.0
    row, column = linear_sum_assignment(cost)
    return int(cost[row, column].sum())


def _lines(problem: VanProblem) -> _Lines:
    """Ways between stops whose bikes fit into one van together; in time."""
    i, j = np.nonzero(~np.eye(problem.stops, dtype=bool))
    inner = (i > 0) & (j > 0)
    fits = ~inner | (np.abs(problem.pick_up[i] + problem.pick_up[j]) <= problem.capacity)
    least_s = problem.least_s
    back = least_s[0, i] + problem.service_s[i] + problem.time_s[i, j] + problem.service_s[j] + least_s[j, 0]
    ways = np.stack((i, j), axis=1)[fits & (back <= problem.limit_s)].astype(np.int64)
    return _Lines(problem, ways, np.flatnonzero(~problem.must)[1:].astype(np.int64))


def _cost(lines: _Lines) -> tuple[F64, int]:
    p, may = lines.problem, lines.may
    cost = np.concatenate((p.cost[lines.ways[:, 0], lines.ways[:, 1]], -p.skip_cost[may]))
    return cost.astype(np.float64), int(p.skip_cost[may].sum())


def _balance(lines: _Lines) -> tuple[Any, F64]:
    """One way into and one out of every stop that is visited, and as many vans back as out."""
    from scipy.sparse import csr_array

    stops, ways, may = lines.problem.stops, lines.ways, lines.may
    at, extra = np.arange(len(ways)), len(ways) + np.arange(len(may))
    out, into = np.zeros((stops, lines.count)), np.zeros((stops, lines.count))
    out[ways[:, 0], at], into[ways[:, 1], at] = 1.0, 1.0
    out[may, extra], into[may, extra] = -1.0, -1.0
    rows = np.concatenate(([out[0] - into[0]], out[1:], into[1:]))
    must = lines.problem.must[1:].astype(np.float64)
    return csr_array(rows), np.concatenate(([0.0], must, must))


def _limits(lines: _Lines) -> tuple[list[F64], list[float]]:
    """Rows for the number of vans and the time of all of them."""
    p, ways = lines.problem, lines.ways
    vans, seconds = np.zeros(lines.count), np.zeros(lines.count)
    vans[: len(ways)] = ways[:, 0] == 0
    seconds[: len(ways)] = (p.time_s + p.service_s)[ways[:, 0], ways[:, 1]]
    return [vans, seconds], [float(p.vans), float(p.vans) * float(p.limit_s)]


def _row(lines: _Lines, cut: Cut) -> F64:
    leaves = cut.inside[lines.ways[:, 0]] & ~cut.inside[lines.ways[:, 1]]
    return np.concatenate((-leaves.astype(np.float64), cut.share[lines.may]))


def _broken(lines: _Lines, x: F64) -> list[Cut]:
    """Cuts that the relaxation breaks, the most broken first."""
    p = lines.problem
    way, visited = np.zeros((p.stops, p.stops)), p.must.astype(np.float64)
    way[lines.ways[:, 0], lines.ways[:, 1]] = x[: len(lines.ways)]
    visited[lines.may] = x[len(lines.ways) :]
    sets = [*grown_sets(way, visited, p.must, p.pick_up, p.capacity)[0]]
    if len(sets) < _FEW:
        sets += _least_cuts(way, visited, p)
    found: dict[bytes, tuple[float, Cut]] = {}
    for inside in sets:
        for cut in _cuts_of(p, inside, visited):
            lack = cut.vans + float(cut.share @ visited) - float(way[inside][:, ~inside].sum())
            if lack > _TINY:
                found[inside.tobytes() + cut.share.tobytes()] = (lack, cut)
    worst = sorted(found.values(), key=lambda entry: -entry[0])
    return [cut for _, cut in worst[:_MOST_CUTS]]


def _cuts_of(problem: VanProblem, inside: Flags, visited: F64) -> list[Cut]:
    """What a set of stops asks for: whole vans where all of it has to be visited, else a van for the stop that is most
    visited, and vans for the bikes of either sign.
    """
    none, bikes = np.zeros(problem.stops), problem.pick_up / problem.capacity
    firm = inside & problem.must
    if firm.sum() == inside.sum():
        return [Cut(inside, float(vans_needed(problem, inside)), none)]
    if firm.any():
        one = Cut(inside, 1.0, none)
    else:
        at = int(np.where(inside, visited, -1.0).argmax())
        one = Cut(inside, 0.0, np.eye(problem.stops)[at])
    loose = np.where(inside & ~problem.must, bikes, 0.0)
    return [one, *(Cut(inside, sign * float(bikes[firm].sum()), sign * loose) for sign in (1.0, -1.0))]


def _least_cuts(way: F64, visited: F64, problem: VanProblem) -> list[Flags]:
    """For each stop the set around it that the fewest vans leave, and for each sign the set whose bikes outweigh the
    vans that leave it most.
    """
    stops = problem.stops
    room = np.rint(way * _FINE).astype(np.int32)
    sets = [_reached(room, stop, 0) for stop in range(1, stops) if visited[stop] > _TINY]
    for sign in (1, -1):
        more = np.zeros((stops + 2, stops + 2), np.int32)
        more[:stops, :stops] = room
        bikes = np.rint(sign * problem.pick_up * visited / problem.capacity * _FINE).astype(np.int32)
        more[stops, :stops], more[:stops, stops + 1] = np.maximum(bikes, 0), np.maximum(-bikes, 0)
        more[0, stops + 1] = stops * _FINE
        sets.append(_reached(more, stops, stops + 1)[:stops])
    return [inside for inside in sets if inside.any() and not inside[0]]


def _reached(room: npt.NDArray[np.int32], source: int, sink: int) -> Flags:
    """The source's side of a minimum cut."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    flow = maximum_flow(csr_array(room), source, sink).flow
    left = csr_array((room - flow.toarray() > 0).astype(np.int32))
    inside = np.zeros(len(room), np.bool_)
    inside[breadth_first_order(left, source, return_predecessors=False)] = True
    return inside


def vans_needed(problem: VanProblem, inside: Flags) -> int:
    """Vans that leave a set of stops at least when all of it is visited."""
    return max(1, -(-abs(int(problem.pick_up[inside].sum())) // problem.capacity))
