"""Sets of stops that fewer vans leave than have to, found in a solution of the relaxation."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from optimise.vans.kernels.sets import LEANS, Ties, grown_sets
from optimise.vans.linear import F64, Cut, Flags, Point
from optimise.vans.problem import VanProblem

_MOST_CUTS: Final = 100
"""Cuts added in one round, the worst first; as many as there are stops where these are more."""
_FEW: Final = 5
"""Where fewer sets are found, other leanings and then minimum cuts are tried as well."""
_FIRST: Final = 3
"""Leanings that are tried at once."""
_FINE: Final = 10**6
"""Parts of a van that minimum cuts count in."""
TINY: Final = 1e-6


def broken_cuts(problem: VanProblem, point: Point) -> list[Cut]:
    """Cuts that the relaxation breaks, the most broken first."""
    way, visited = point.way, point.visited
    sets = _grown(problem, way, visited, LEANS[:_FIRST])
    if len(sets) < _FEW:
        sets += _grown(problem, way, visited, LEANS[_FIRST:])
    if len(sets) < _FEW:
        sets += _least_cuts(way, visited, problem)
    found: dict[bytes, tuple[float, Cut]] = {}
    for inside in sets:
        out = float(way[inside][:, ~inside].sum())
        for cut in _cuts_of(problem, inside, visited):
            lack = cut.vans + float(cut.share @ visited) - out
            if lack > TINY:
                found[inside.tobytes() + cut.share.tobytes()] = (lack, cut)
    worst = sorted(found.values(), key=lambda entry: -entry[0])
    return [cut for _, cut in worst[: max(_MOST_CUTS, problem.stops)]]


def _grown(problem: VanProblem, way: F64, visited: F64, leans: tuple[float, ...]) -> list[Flags]:
    ties = way + way.T
    ties[0], ties[:, 0] = 0.0, 0.0
    i, j = np.nonzero(ties > TINY)
    first = np.searchsorted(i, np.arange(problem.stops + 1))
    bikes = problem.pick_up * visited / problem.capacity
    return [*grown_sets(Ties(first, j, ties[i, j], visited, problem.must, bikes), np.array(leans))]


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
    from scipy.sparse import csr_array

    stops = problem.stops
    room = np.rint(way * _FINE).astype(np.int32)
    sparse = csr_array(room)
    sets = [_reached(sparse, stop, 0) for stop in range(1, stops) if visited[stop] > TINY]
    for sign in (1, -1):
        more = np.zeros((stops + 2, stops + 2), np.int32)
        more[:stops, :stops] = room
        bikes = np.rint(sign * problem.pick_up * visited / problem.capacity * _FINE).astype(np.int32)
        more[stops, :stops], more[:stops, stops + 1] = np.maximum(bikes, 0), np.maximum(-bikes, 0)
        more[0, stops + 1] = stops * _FINE
        sets.append(_reached(csr_array(more), stops, stops + 1)[:stops])
    return [inside for inside in sets if inside.any() and not inside[0]]


def _reached(room: Any, source: int, sink: int) -> Flags:
    """The source's side of a minimum cut; room: sparse, in whole numbers."""
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    left = room - maximum_flow(room, source, sink).flow
    left.eliminate_zeros()
    inside = np.zeros(room.shape[0], np.bool_)
    inside[breadth_first_order(left, source, return_predecessors=False)] = True
    return inside


def vans_needed(problem: VanProblem, inside: Flags) -> int:
    """Vans that leave a set of stops at least when all of it is visited."""
    return max(1, -(-abs(int(problem.pick_up[inside].sum())) // problem.capacity))
