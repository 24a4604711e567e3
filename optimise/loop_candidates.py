"""Candidate loops: grown street by street towards people without a stop, again and again at the prices of a relaxation.

A loop leaves a terminal along a directed street and comes back to it along the same one, so it never turns on the way
and keeps to one-way streets and turn restrictions. It grows by the detour that wins most per metre (orienteering by
insertion, Golden, Levy & Vohra 1987, doi:10.1002/1520-6750(198706)34:3<307::AID-NAV3220340302>3.0.CO;2-D); the prices
of the rows come from the linear relaxation of the choice among the loops known so far (Desaulniers, Desrosiers &
Solomon 2005, doi:10.1007/b135457), at one, two, four, ... vehicles: so the candidates do not depend on the fleet.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from optimise.kerbs import F64, Bools
from optimise.loop_streets import LoopStreets, Places
from optimise.problem import I64
from optimise.stop import Run

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_FIRST_TRIES: Final = 4
"""Loops grown from each terminal before there are prices."""
_TRIES: Final = 3
"""Loops grown from each terminal at each set of prices."""
_ROUNDS: Final = 6
"""Rounds of pricing at each number of vehicles."""
_NOISE: Final = 0.6
"""Gains are weighed by up to so much more or less, so that tries differ."""
_TURN_M: Final = 100.0
"""Counts as spent by every detour, so that tiny gains on the way do not go before large ones."""
_WAYPOINTS: Final = 900
"""Streets that loops are led to, at most: those near the most people."""
_POOL: Final = 1500
"""Loops the choice is among, at most."""
_TINY: Final = 1e-7
_MM: Final = 1000.0


class Terminal(NamedTuple):
    """Where loops begin and end: which start, its place, and the directed street they leave along."""

    start: int
    place: int
    street: int


class Loop(NamedTuple):
    """A closed way: directed streets in order, the first being that of its terminal, and its stops."""

    terminal: Terminal
    streets: tuple[int, ...]
    stops: tuple[int, ...]
    """Places in order, without the terminal."""
    length_mm: int
    vehicles: int
    rows: frozenset[int]


@dataclass(frozen=True, eq=False, kw_only=True)
class LoopSearch:
    """What loops are made of."""

    streets: LoopStreets
    places: Places
    covers: Bools
    """(P, I)"""
    weight: I64
    """(I) persons."""
    terminals: tuple[Terminal, ...]
    longest_mm: int
    spacing_mm: float
    mm_per_s: float
    headway_s: float
    """A loop needs a vehicle for every such time that it has begun."""
    segment: I64
    """(U) segment of each directed street, and whether it leads forward along it."""
    forward: Bools

    def cycle_s(self, length_mm: int) -> int:
        """Whole seconds around a loop."""
        return math.ceil(length_mm / self.mm_per_s - _TINY)

    def vehicles(self, length_mm: int) -> int:
        return max(1, math.ceil(self.cycle_s(length_mm) / self.headway_s - _TINY))

    @cached_property
    def on_street(self) -> list[list[tuple[float, int]]]:
        """(U) places along each directed street with their millimetres from its start, in order."""
        by_segment: dict[int, list[int]] = {}
        for place, segment in enumerate(self.places.segment.tolist()):
            by_segment.setdefault(segment, []).append(place)
        out = []
        for u, (segment, forward) in enumerate(zip(self.segment.tolist(), self.forward.tolist(), strict=True)):
            share = [(p, float(self.places.along[p])) for p in by_segment.get(segment, [])]
            length = float(self.streets.length_mm[u])
            out.append(sorted(((a if forward else 1.0 - a) * length, p) for p, a in share))
        return out

    @cached_property
    def passes(self) -> Bools:
        """(U, I) rows near some place along each directed street."""
        out = np.zeros((len(self.segment), len(self.weight)), np.bool_)
        for u, some in enumerate(self.on_street):
            if some:
                out[u] = self.covers[[p for _, p in some]].any(axis=0)
        return out

    def closed(self, terminal: Terminal, streets: Sequence[int]) -> Loop:
        """The loop with its stops: at each time the one that wins most people, then stops in between."""
        length = int(self.streets.length_mm[list(streets)].sum())
        spots = self._passed(terminal, streets, length)
        at, place = np.array([s for s, _ in spots]), np.array([p for _, p in spots], dtype=np.int64)
        free = (at >= self.spacing_mm) & (at <= length - self.spacing_mm) & (place != terminal.place)
        covers, left = self.covers[place].astype(float), self.weight.astype(float)
        left = np.where(self.covers[terminal.place], 0.0, left)
        chosen: list[int] = []
        while free.any():
            gain = np.where(free, covers @ left, -1.0)
            k = int(gain.argmax())
            if gain[k] <= 0:
                known = np.flatnonzero(free & (self.places.stop[place] >= 0))
                k = int(known[0]) if len(known) else int(free.argmax())
            chosen.append(k)
            left[covers[k] > 0] = 0.0
            free &= (np.abs(at - at[k]) >= self.spacing_mm) & (place != place[k])
        stops = tuple(place[sorted(chosen)].tolist())
        rows = np.flatnonzero(self.covers[[terminal.place, *stops]].any(axis=0))
        return Loop(terminal, tuple(streets), stops, length, self.vehicles(length), frozenset(rows.tolist()))

    def _passed(self, terminal: Terminal, streets: Sequence[int], length: int) -> list[tuple[float, int]]:
        """Places with their millimetres along the loop from the terminal on."""
        begin = next(s for s, p in self.on_street[terminal.street] if p == terminal.place)
        out, behind = [], -begin
        for u in streets:
            out += [(behind + s, p) for s, p in self.on_street[u]]
            behind += float(self.streets.length_mm[u])
        return sorted((s if s >= 0 else s + length, p) for s, p in out)


class _Grower:
    """Grows loops from terminals through streets near people."""

    def __init__(self, search: LoopSearch) -> None:
        from scipy.sparse.csgraph import dijkstra

        self.search = search
        streets, begins = search.streets, sorted({t.street for t in search.terminals})
        near = _on_some_loop(streets.onward, begins, search.longest_mm)
        value = search.passes @ search.weight.astype(float)
        useful = np.flatnonzero(near & (value > 0) & ~np.isin(np.arange(len(near)), begins))
        best = useful[np.lexsort((useful, -value[useful]))][:_WAYPOINTS]
        self.way: I64 = np.append(begins, np.sort(best)).astype(np.int64)
        self.begin = {u: i for i, u in enumerate(begins)}
        graph = _only(streets.onward, near)
        self.far, self.before = dijkstra(graph, indices=self.way, return_predecessors=True, limit=search.longest_mm)
        self.far = self.far[:, self.way]
        around = self.far[: len(begins)] + self.far[:, : len(begins)].T
        self.near = [np.flatnonzero(row <= search.longest_mm) for row in around]
        self.passes = search.passes[self.way].astype(float)
        self._between: dict[tuple[int, int], tuple[list[int], Bools]] = {}
        self._known: dict[tuple[Terminal, tuple[int, ...]], Loop] = {}

    def grown(self, terminal: Terminal, price: F64, rng: np.random.Generator | None) -> list[Loop]:
        """The longest loop met for each number of vehicles."""
        search, first = self.search, self.begin[terminal.street]
        seq, met = [first, first], dict[int, tuple[int, ...]]()
        factor = np.ones(len(self.way)) if rng is None else 1.0 + _NOISE * rng.uniform(-1, 1, len(self.way))
        covered, length = search.passes[terminal.street].copy(), 0.0
        while True:
            gain = (self.passes @ np.where(covered, 0.0, price)) * factor
            gain[seq] = 0.0
            some = self.near[first][gain[self.near[first]] > _TINY]
            a, b = np.array(seq[:-1]), np.array(seq[1:])
            more = self.far[np.ix_(a, some)] + self.far[np.ix_(some, b)].T - self.far[a, b][:, None]
            fits = length + more <= search.longest_mm
            if not fits.any():
                return [self._closed(terminal, way) for way in met.values()]
            score = np.where(fits, gain[some] / (np.maximum(more, 0.0) + _TURN_M * _MM), -1.0)
            at, w = divmod(int(score.argmax()), len(some))
            seq.insert(at + 1, int(some[w]))
            length = float(sum(self.far[i, j] for i, j in pairwise(seq)))
            parts = [self._path(i, j) for i, j in pairwise(seq)]
            covered = np.logical_or.reduce([rows for _, rows in parts])
            way = [u for streets, _ in parts for u in streets]
            if len(set(way)) == len(way):
                met[search.vehicles(int(length))] = (way[-1], *way[:-1])

    def _closed(self, terminal: Terminal, way: tuple[int, ...]) -> Loop:
        if (terminal, way) not in self._known:
            self._known[terminal, way] = self.search.closed(terminal, way)
        return self._known[terminal, way]

    def _path(self, i: int, j: int) -> tuple[list[int], Bools]:
        """Directed streets after waypoint i up to and with waypoint j, and the rows near them."""
        if (i, j) not in self._between:
            u, out = int(self.way[j]), []
            while u != self.way[i]:
                out.append(u)
                u = int(self.before[i, u])
            self._between[i, j] = out[::-1], np.asarray(self.search.passes[out].any(axis=0))
        return self._between[i, j]


def candidates(search: LoopSearch, run: Run, seed: int, heard: Callable[[], None]) -> list[Loop]:
    """Loops worth choosing among, the same for the same search and seed unless time runs out; none twice."""
    grower, rng = _Grower(search), np.random.default_rng(seed)
    pool: dict[tuple[int, int, frozenset[int]], Loop] = {}

    def grow(price: F64, tries: int) -> bool:
        """Whether a loop came that is new."""
        new = False
        for terminal in search.terminals:
            for k in range(tries):
                if run.over():
                    return False
                for loop in grower.grown(terminal, price, rng if k else None):
                    new |= _keep(pool, loop)
        heard()
        return new

    grow(search.weight.astype(float), _FIRST_TRIES)
    fleet, value, most = 1, 0.0, 1.0
    while pool and value < most - _TINY and not run.over():
        for _ in range(_ROUNDS):
            price, value = _prices(search.weight, [*pool.values()], fleet)
            if not grow(price, _TRIES):
                break
        most = float(search.weight[sorted(frozenset[int]().union(*(loop.rows for loop in pool.values())))].sum())
        fleet *= 2
    return _undominated([*pool.values()], search.weight)


def _keep(pool: dict[tuple[int, int, frozenset[int]], Loop], loop: Loop) -> bool:
    """Remember a loop; of those of one terminal's start that cover the same with as many vehicles, the shortest."""
    if not loop.rows or not loop.stops:
        return False
    key = loop.terminal.start, loop.vehicles, loop.rows
    if key in pool and pool[key].length_mm <= loop.length_mm:
        return False
    new = key not in pool
    pool[key] = loop
    return new


def _prices(weight: I64, loops: Sequence[Loop], fleet: int) -> tuple[F64, float]:
    """(I) what covering a row more is worth in the relaxation with so many vehicles, and its value."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, eye_array, hstack, vstack

    count, rows = len(loops), len(weight)
    pairs = [(i, j) for j, loop in enumerate(loops) for i in sorted(loop.rows)]
    i, j = np.array(pairs).T
    cover = coo_array((-np.ones(len(i)), (i, j)), (rows, count))
    limits = coo_array(np.array([[float(loop.vehicles) for loop in loops]]))
    upper = hstack([cover, eye_array(rows)]).tocsr()
    lower = hstack([limits, coo_array((1, rows))]).tocsr()
    found = linprog(
        np.append(np.zeros(count), -weight.astype(float)),
        A_ub=vstack([upper, lower]).tocsr(),
        b_ub=np.append(np.zeros(rows), float(fleet)),
        bounds=(0.0, 1.0),
        method="highs-ds",
    )
    return np.maximum(-found.ineqlin.marginals[:rows], 0.0), -float(found.fun)


def _undominated(loops: list[Loop], weight: I64) -> list[Loop]:
    """Without loops that cover no more than another with as few vehicles does; those worth most per vehicle."""
    kept: list[Loop] = []
    by_row: dict[int, list[Loop]] = {}
    for loop in sorted(loops, key=lambda c: (-len(c.rows), c.vehicles, c.length_mm, c.streets)):
        rare = min(loop.rows, key=lambda i: (len(by_row.get(i, ())), i))
        if any(loop.rows <= other.rows and other.vehicles <= loop.vehicles for other in by_row.get(rare, ())):
            continue
        kept.append(loop)
        for i in loop.rows:
            by_row.setdefault(i, []).append(loop)
    kept.sort(key=lambda c: (-int(weight[sorted(c.rows)].sum()) / c.vehicles, c.length_mm, c.streets))
    return kept[:_POOL]


def _on_some_loop(onward: csr_array, begins: list[int], longest_mm: int) -> Bools:
    """(U) streets on a way around of at most that length from some street to begin at."""
    from scipy.sparse.csgraph import dijkstra

    there = dijkstra(onward, indices=begins, limit=longest_mm)
    back = dijkstra(onward.T.tocsr(), indices=begins, limit=longest_mm)
    return np.asarray((there + back <= longest_mm).any(axis=0))


def _only(onward: csr_array, some: Bools) -> csr_array:
    """The ways on between some streets alone."""
    from scipy.sparse import coo_array

    graph = onward.tocoo()
    keep = some[graph.row] & some[graph.col]
    return coo_array((graph.data[keep], (graph.row[keep], graph.col[keep])), onward.shape).tocsr()
