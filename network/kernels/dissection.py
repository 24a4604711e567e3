"""Nested dissection of an undirected graph by its coordinates: small separators last."""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import Whole, inner_njit, outer_njit

Ints = npt.NDArray[np.integer]
I32 = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

END_SHARE = 0.2
"""Share of a cell's nodes, at either end of a direction, that a cut may not pass through."""
_OUT = -1
_BETWEEN, _SOURCE, _SINK = 0, 1, 2
_FAR = 2**31 - 1
"""A level that is never looked for."""


@inner_njit
def _components(first: Ints, head: Ints, cell: Ints, nodes: Ints, mine: Whole, fresh: Whole, queue: Ints) -> int:
    """Give every connected piece of cell `mine` a label from `fresh` on; `nodes` sorted by piece. Number of pieces."""
    found, pieces = 0, 0
    for root in nodes:
        if cell[root] != mine:
            continue
        label = fresh + pieces
        pieces += 1
        cell[root] = label
        queue[found] = root
        at, found = found, found + 1
        while at < found:
            v = queue[at]
            at += 1
            for e in range(first[v], first[v + 1]):
                if cell[head[e]] == mine:
                    cell[head[e]] = label
                    queue[found] = head[e]
                    found += 1
    for i in range(found):
        nodes[i] = queue[i]
    return pieces


@inner_njit
def _levels(
    first: Ints, head: Ints, cell: Ints, flow: Ints, rim: Ints, base: Whole, mine: Whole,
    end: Ints, level: Ints, arc: Ints, queue: Ints, starts: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Breadth-first levels, from `base` up, by arcs with room on to the sinks of the `rim`; the first one above them.

    Sources that are reached are put into `starts`, and not gone beyond; how many there are comes first.
    """
    found, sources = len(rim), 0
    for i in range(found):
        level[rim[i]] = base
        queue[i] = rim[i]
    at = 0
    while at < found:
        v = queue[at]
        at += 1
        for e in range(first[v], first[v + 1]):
            u = head[e]
            if level[u] < base and cell[u] == mine and flow[e] > -1:
                level[u] = level[v] + 1
                arc[u] = first[u]
                if end[u] == _SOURCE:
                    starts[sources] = u
                    sources += 1
                else:
                    queue[found] = u
                    found += 1
    return sources, int(level[queue[found - 1]]) + 2


@inner_njit
def _block(
    first: Ints, head: Ints, back: Ints, cell: Ints, flow: Ints, source: int, base: Whole, mine: Whole,
    level: Ints, arc: Ints, path: Ints,
) -> int:  # fmt: skip
    """Push one unit at a time from `source` down the levels until none gets through; units pushed."""
    pushed, depth, v = 0, 0, source
    while True:
        if level[v] == base:
            for i in range(depth):
                flow[path[i]] += 1
                flow[back[path[i]]] -= 1
            pushed += 1
            depth, v = 0, source
        while arc[v] < first[v + 1]:
            e = arc[v]
            u = head[e]
            if level[u] == level[v] - 1 and flow[e] < 1 and cell[u] == mine:
                break
            arc[v] += 1
        if arc[v] < first[v + 1]:
            path[depth] = arc[v]
            depth += 1
            v = head[arc[v]]
        elif depth == 0:
            return pushed
        else:
            depth -= 1
            v = head[back[path[depth]]]
            arc[v] += 1


@inner_njit
def _ahead(
    first: Ints, head: Ints, cell: Ints, flow: Ints, nodes: Ints, sources: int, mine: Whole, end: Ints, queue: Ints
) -> int:
    """Mark as sources the nodes that the first `sources` of `nodes` reach by arcs with room; how many they are then."""
    for i in range(sources):
        queue[i] = nodes[i]
    at, found = 0, sources
    while at < found:
        v = queue[at]
        at += 1
        for e in range(first[v], first[v + 1]):
            u = head[e]
            if flow[e] < 1 and cell[u] == mine and end[u] != _SOURCE:
                end[u] = _SOURCE
                queue[found] = u
                found += 1
    return found


@inner_njit
def _cut(
    first: Ints, head: Ints, back: Ints, cell: Ints, flow: Ints, nodes: Ints, mine: Whole, most: float,
    end: Ints, level: Ints, arc: Ints, queue: Ints, path: Ints, rim: Ints,
) -> tuple[int, int]:  # fmt: skip
    """Fewest arcs between the first and the last nodes, -1 once above `most`, and how many nodes are before that cut.

    These are marked as sources. Rounds of levels and pushes as Dinic's, but from sources of any level: fewer will do.
    """
    ends = max(1, int(END_SHARE * len(nodes)))
    for v in nodes:
        end[v], level[v] = _BETWEEN, -1
        for e in range(first[v], first[v + 1]):
            flow[e] = 0
    for v in nodes[:ends]:
        end[v] = _SOURCE
    for v in nodes[len(nodes) - ends :]:
        end[v], level[v] = _SINK, _FAR
    rims = 0
    for v in nodes[len(nodes) - ends :]:
        for e in range(first[v], first[v + 1]):
            if cell[head[e]] == mine and end[head[e]] != _SINK:
                rim[rims] = v
                rims += 1
                break
    size, base, starts = 0, 0, rim[rims:]
    while True:
        sources, above = _levels(first, head, cell, flow, rim[:rims], base, mine, end, level, arc, queue, starts)
        if sources == 0:
            return size, _ahead(first, head, cell, flow, nodes, ends, mine, end, queue)
        for i in range(sources):
            size += _block(first, head, back, cell, flow, starts[i], base, mine, level, arc, path)
        if size > most:
            return -1, 0
        base = above


@inner_njit
def _borders(first: Ints, head: Ints, cell: Ints, nodes: Ints, mine: Whole, before: Flags) -> tuple[int, int]:
    """Nodes before and behind a cut with a neighbour on the other side."""
    ahead, behind = 0, 0
    for v in nodes:
        for e in range(first[v], first[v + 1]):
            if cell[head[e]] == mine and before[head[e]] != before[v]:
                ahead += before[v]
                behind += not before[v]
                break
    return ahead, behind


@inner_njit
def _part(
    first: Ints, head: Ints, cell: Ints, nodes: Ints, mine: Whole, before: Flags, fresh: Whole, queue: Ints
) -> tuple[int, int]:
    """Sort `nodes` into one side, other side, separator, and label them; where the other side and separator start."""
    ahead, behind = _borders(first, head, cell, nodes, mine, before)
    side = ahead <= behind
    old = queue[: len(nodes)]
    for i, v in enumerate(nodes):
        old[i] = v
    for v in old:
        if before[v] == side:
            for e in range(first[v], first[v + 1]):
                u = head[e]
                if before[u] != side and (cell[u] == mine or cell[u] == fresh + 1):
                    cell[v] = _OUT
                    break
        else:
            cell[v] = fresh + 1
    size = 0
    starts = np.zeros(3, np.int64)
    for turn, label in enumerate(np.array([mine, fresh + 1, _OUT])):
        starts[turn] = size
        for v in old:
            if cell[v] == label:
                nodes[size] = v
                size += 1
    for v in nodes[: starts[1]]:
        cell[v] = fresh
    return starts[1], starts[2]


@inner_njit
def _best_cut(
    first: Ints, head: Ints, back: Ints, lines: Ints, place: Ints, cell: Ints, flow: Ints, nodes: Ints, mine: Whole,
    before: Flags, end: Ints, level: Ints, arc: Ints, queue: Ints, path: Ints, rim: Ints,
) -> None:  # fmt: skip
    """Mark the nodes before the cut with the fewest arcs for the smaller side it leaves; the first of equals."""
    best, count, line = np.inf, len(nodes), np.empty(len(nodes), np.int32)
    for d in range(lines.shape[0]):
        for i in range(count):
            line[i] = place[d, nodes[i]]
        line.sort()
        for i in range(count):
            line[i] = lines[d, line[i]]
        most = best * count / 2
        size, inside = _cut(first, head, back, cell, flow, line, mine, most, end, level, arc, queue, path, rim)
        if size >= 0 and size / min(inside, count - inside) < best:
            best = size / min(inside, count - inside)
            for v in nodes:
                before[v] = end[v] == _SOURCE


@outer_njit
def dissect(first: Ints, head: Ints, back: Ints, lines: Ints) -> I32:
    """Order of the nodes (N) of an undirected graph without loops or parallel edges, separators after what they part.

    Every connected piece is cut where the fewest arcs cross, tried along each of `lines` (D, N), all nodes in their
    order along a line; the smaller border of the cut is the separator. `back` (E) is the arc the other way. (Inertial
    flow: Schild and Sommer 2015, doi:10.1007/978-3-319-20086-6_22.)
    """
    n = first.shape[0] - 1
    order = np.empty(n, np.int32)
    for v in range(n):
        order[v] = v
    cell, level, queue = np.zeros(n, np.int32), np.zeros(n, np.int32), np.zeros(n, np.int32)
    arc, flow = np.zeros(n, np.int32), np.zeros(head.shape[0], np.int8)
    path, rim = np.zeros(n, np.int32), np.zeros(n, np.int32)
    end, before = np.zeros(n, np.int8), np.zeros(n, np.bool_)
    place = np.empty(lines.shape, np.int32)
    for d in range(lines.shape[0]):
        for i in range(n):
            place[d, lines[d, i]] = i
    waiting = np.zeros((n + 2, 3), np.int64)  # cells: where in `order` they start and end, and their label
    waiting[0, 1] = n
    left, fresh = 1, np.int64(1)  # a literal would have all that is given it compiled twice
    while left > 0:
        left -= 1
        low, high, mine = waiting[left, 0], waiting[left, 1], waiting[left, 2]
        nodes = order[low:high]
        pieces = _components(first, head, cell, nodes, mine, fresh, queue)
        if pieces > 1:
            start = low
            for i in range(low + 1, high + 1):
                if i == high or cell[order[i]] != cell[order[start]]:
                    waiting[left, 0], waiting[left, 1], waiting[left, 2] = start, i, cell[order[start]]
                    left += 1
                    start = i
            fresh += pieces
            continue
        mine, fresh = fresh, fresh + 1
        if high - low <= 2:
            continue
        _best_cut(first, head, back, lines, place, cell, flow, nodes, mine, before, end, level, arc, queue, path, rim)
        other, separator = _part(first, head, cell, nodes, mine, before, fresh, queue)
        for start, stop in ((low, low + other), (low + other, low + separator)):
            waiting[left, 0], waiting[left, 1], waiting[left, 2] = start, stop, fresh
            left, fresh = left + 1, fresh + 1
    return order
