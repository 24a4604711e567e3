"""Cheapest ways from many starts over a customised hierarchy: to some ends, or to every node.

`LANES` starts at once go up from where they leave and down to all that is asked for (PHAST: Delling, Goldberg,
Nowatzyk, Werneck 2013, doi:10.1016/j.jpdc.2012.02.007; restricted to the ranks above the ends: Delling, Goldberg,
Werneck 2011, doi:10.4230/OASIcs.ATMOS.2011.52). Ranks are those of `network.kernels.hierarchy`; what is swept is
numbered by *places* (V), the highest rank first, and is a tuple of
- place (N) of each rank, -1 where it is not swept,
- parent (V), the place of the parent in the elimination tree, -1 at a root,
- wanted (V), whether the way down is followed to here, all three of which are its `Ranks`,
- the open arcs up, then the open arcs down, each as first (V+1), head, weight; all lead to lower places.
Points (X) are (rank (X, 2), cost (X, 2)): where they touch the graph and at what cost, -1 where closed.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.hierarchy import NEVER
from network.kernels.inner import Whole, crew_njit, inner_njit, outer_njit
from network.kernels.lanes import LANES, LENGTH_BITS, LENGTH_MASK, PER_UNIT, TILE, expect, fill, gather, scatter, write

Ints = npt.NDArray[np.integer]
Floats = npt.NDArray[np.floating]
Flags = npt.NDArray[np.bool_]
Arcs = tuple[Ints, Ints, Ints]
Points = tuple[Ints, Ints]
Ranks = tuple[Ints, Ints, Flags]
Graph = tuple[Ints, Ints, Flags, Ints, Ints, Ints, Ints, Ints, Ints]

_NONE = np.int32(-1)
_AHEAD = 4 * TILE
"""Rows of lanes, which lie anywhere, are fetched so many nodes before they are written as columns of an answer."""


@inner_njit
def _mark_above(up_first: Ints, up_head: Ints, points: Points, marked: Flags) -> None:
    """Mark the ranks that can be passed between the points and the tops of their trees."""
    rank, cost = points
    for i in range(rank.shape[0]):
        for k in range(2):
            v = rank[i, k]
            while cost[i, k] >= 0 and not marked[v]:
                marked[v] = True
                if up_first[v] == up_first[v + 1]:
                    break
                v = up_head[up_first[v]]


@inner_njit
def _ranks_of(up_first: Ints, up_head: Ints, kept: Flags, asked: Flags) -> Ranks:
    """Places of the kept ranks, who hold whoever is above them."""
    place = np.full(kept.shape[0], _NONE)
    count = kept.sum()
    parent, wanted = np.full(count, _NONE), np.zeros(count, np.bool_)
    v = 0
    for r in range(kept.shape[0] - 1, -1, -1):
        if kept[r]:
            place[r], wanted[v] = v, asked[r]
            if up_first[r] < up_first[r + 1]:
                parent[v] = place[up_head[up_first[r]]]
            v += 1
    return place, parent, wanted


@outer_njit
def all_ranks(up_first: Ints, up_head: Ints) -> Ranks:
    """What a sweep to every node passes."""
    everything = np.ones(up_first.shape[0] - 1, np.bool_)
    return _ranks_of(up_first, up_head, everything, everything)


@outer_njit
def ranks_between(up_first: Ints, up_head: Ints, starts: Points, ends: Points) -> Ranks:
    """What a sweep from these starts to these ends passes."""
    asked = np.zeros(up_first.shape[0] - 1, np.bool_)
    _mark_above(up_first, up_head, ends, asked)
    kept = asked.copy()
    _mark_above(up_first, up_head, starts, kept)
    return _ranks_of(up_first, up_head, kept, asked)


@crew_njit
def open_arcs(up_first: Ints, up_head: Ints, weight: Ints, ranks: Ranks) -> Arcs:
    """The open arcs of the ranks that have a place, in the order of the places; `weight` (A) is that of one way."""
    place, arcs = ranks[0], 0
    for r in range(place.shape[0]):
        if place[r] >= 0:
            arcs += up_first[r + 1] - up_first[r]
    first, head, some = np.zeros(ranks[1].shape[0] + 1, np.int64), np.empty(arcs, np.int32), np.empty(arcs, np.int64)
    size = 0
    for r in range(place.shape[0] - 1, -1, -1):
        if place[r] >= 0:
            for a in range(up_first[r], up_first[r + 1]):
                if weight[a] < NEVER:
                    head[size], some[size] = place[up_head[a]], weight[a]
                    size += 1
            first[place[r] + 1] = size
    return first, head[:size], some[:size]


@inner_njit
def _sweep(graph: Graph, starts: Points, block: Ints, near: Ints, turn: int, touched: Ints) -> None:
    """Costs from a block of starts, one a lane, into the wanted rows of `near` (V, LANES); `turn` counts the blocks."""
    place, parent, wanted, up_first, up_head, up_weight, down_first, down_head, down_weight = graph
    rank, cost = starts
    lowest = -1
    for lane, i in enumerate(block):
        for k in range(2):
            if 0 <= cost[i, k] < NEVER:
                v = place[rank[i, k]]
                lowest = max(lowest, v)
                above = v
                while above >= 0 and touched[above] != turn:
                    touched[above] = turn
                    fill(near, above, NEVER)
                    above = parent[above]
                near[v, lane] = min(near[v, lane], cost[i, k])
    for v in range(lowest, -1, -1):
        if touched[v] == turn:
            scatter(near, v, up_head, up_weight, up_first[v], up_first[v + 1])
    for v in range(parent.shape[0]):
        if wanted[v]:
            if touched[v] != turn:
                fill(near, v, NEVER)
            gather(near, v, near, down_head, down_weight, down_first[v], down_first[v + 1])


@inner_njit
def _arrivals(place: Ints, ends: Points) -> Arcs:
    """The places an end is reached from, as arcs (first (Y+1), head, cost)."""
    rank, cost = ends
    count = rank.shape[0]
    first, head, some = np.zeros(count + 1, np.int64), np.empty(2 * count, np.int32), np.empty(2 * count, np.int64)
    size = 0
    for j in range(count):
        for k in range(2):
            if 0 <= cost[j, k] < NEVER:
                head[size], some[size] = place[rank[j, k]], cost[j, k]
                size += 1
        first[j + 1] = size
    return first, head, some


@crew_njit
def between(
    crew: Whole, crews: Whole, graph: Graph, starts: Points, order: Ints, ends: Points, near: Ints, touched: Ints,
    out: Ints,
) -> None:  # fmt: skip
    """Write the cheapest way from every start to every end over nodes into `out` (X, Y), NEVER where there is none.

    `graph` is that of `ranks_between` for them; an end is arrived at as a start is left. `order` (X) of the starts puts
    neighbours together, who share most of their way up; every crew takes each `crews`-th block of them. `near` is room
    of the crew's own for (V + TILE, LANES) numbers from the start of a cache line on, `touched` for (V).
    """
    first, head, cost = _arrivals(graph[0], ends)
    tile, columns = near[-TILE:], out.shape[1]
    touched[:] = _NONE
    for turn in range(crew, (order.shape[0] + LANES - 1) // LANES, crews):
        block = order[turn * LANES : (turn + 1) * LANES]
        _sweep(graph, starts, block, near, turn, touched)
        for j in range(0, columns, TILE):
            width = min(TILE, columns - j)
            for t in range(width):
                fill(tile, t, NEVER)
                gather(tile, t, near, head, cost, first[j + t], first[j + t + 1])
            for lane, i in enumerate(block):
                for t in range(width):
                    out[i, j + t] = tile[t, lane]


@crew_njit
def to_all(
    crew: Whole, crews: Whole, graph: Graph, rank: Ints, starts: Points, near: Ints, touched: Ints, rows: Ints,
    time_s: Floats, length_m: Floats,
) -> None:  # fmt: skip
    """Write seconds and metres of the cheapest way from every start to every node, infinite where there is none.

    `graph` is that of `all_ranks`; `rank` (N) is that of each node. The answers, float32, have X rows and N columns,
    each rounded up to whole LANES and TILEs; they and `near`, room of the crew's own for (V, LANES) numbers, start with
    a cache line; `touched` is room for (V) and `rows` for as many as columns. Every crew takes each `crews`-th block of
    starts.
    """
    rows[rank.shape[0] :] = 0
    for n in range(rank.shape[0]):
        rows[n] = graph[0][rank[n]]
    touched[:] = _NONE
    count = starts[0].shape[0]
    for turn in range(crew, (count + LANES - 1) // LANES, crews):
        block = np.arange(turn * LANES, min((turn + 1) * LANES, count))
        _sweep(graph, starts, block, near, turn, touched)
        for n in range(0, rows.shape[0], TILE):
            for ahead in rows[n + _AHEAD : n + _AHEAD + TILE]:
                expect(near, ahead)
            write(near, rows, n, NEVER, time_s, length_m, turn * LANES, n)


@crew_njit
def read(crew: Whole, crews: Whole, cost: Ints, time_s: Floats, length_m: Floats) -> None:
    """Write costs (X) as seconds and metres, infinite where there is no way; every crew has a stretch of them."""
    count = cost.shape[0]
    for i in range(count * crew // crews, count * (crew + 1) // crews):
        there = cost[i] < NEVER
        time_s[i] = (cost[i] >> LENGTH_BITS) / PER_UNIT if there else np.inf
        length_m[i] = (cost[i] & LENGTH_MASK) / PER_UNIT if there else np.inf
