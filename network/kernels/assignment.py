"""Traffic that finds its own ways: cheapest paths of every origin, and flow moved from dearer paths to cheaper ones.

Pairs of zones (P) are sorted by origin; their paths (R) and the links of these (X), in the order they are driven, are
held one after the other. Links (L) are sorted by the node they leave. Pricing is shared out among `crews` workers and
does not depend on how many; moving is one loop, in which every pair sees what the pairs before it did.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.assignment_trees import Streets, search_again, tree_of
from network.kernels.inner import Whole, inner_njit, inner_shared_njit, outer_njit

Ints = npt.NDArray[np.integer]
I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]

_ROOM = 1024
_QUARTIC = 4.0
"""The usual power of a link, which two products give."""
_OVERSHOT = 0.5
"""A step is shortened where it turns a difference in cost round and leaves more than this share of it."""
_TRIES = 20


class Curves(NamedTuple):
    """Cost of a link at a flow v, others' included: base + rise * (v / capacity) ** power."""

    base: F64
    rise: F64
    per_capacity: F64
    power: F64
    others: F64


class Traffic(NamedTuple):
    """Flow (L) of the pairs themselves, and cost and its slope there."""

    flow: F64
    cost: F64
    slope: F64


class Pairs(NamedTuple):
    """Pairs of origin `low` + o are first[o]:first[o+1]."""

    low: int
    first: I64
    goal: Ints
    demand: F64


class Paths(NamedTuple):
    """Paths of pair p are first[p]:first[p+1], the links of path r are link[link_first[r]:link_first[r+1]]."""

    first: I64
    flow: F64
    link_first: I64
    link: Ints


@inner_njit
def _reprice(c: Curves, t: Traffic, link: Whole) -> None:
    """Cost and slope of a link at its flow."""
    over = max(t.flow[link] + c.others[link], 0.0) * c.per_capacity[link]
    power, rise = c.power[link], c.rise[link]
    if rise == 0.0:
        t.cost[link], t.slope[link] = c.base[link], 0.0
    elif power == _QUARTIC:
        cube = over * over * over
        t.cost[link] = c.base[link] + rise * cube * over
        t.slope[link] = rise * power * cube * c.per_capacity[link]
    elif power == 1.0:
        t.cost[link] = c.base[link] + rise * over
        t.slope[link] = rise * c.per_capacity[link]
    else:
        below = over ** (power - 1.0)
        t.cost[link] = c.base[link] + rise * below * over
        t.slope[link] = rise * power * below * c.per_capacity[link]


@outer_njit
def price(c: Curves, t: Traffic) -> None:
    """Cost and slope of all links at their flow."""
    for link in range(t.flow.shape[0]):
        _reprice(c, t, link)


@outer_njit
def load(paths: Paths, sign: float, flow: F64) -> None:
    """Add the flow of paths, times a sign, to that of their links."""
    for r in range(paths.flow.shape[0]):
        for x in range(paths.link_first[r], paths.link_first[r + 1]):
            flow[paths.link[x]] += sign * paths.flow[r]


@inner_njit
def _cost_of(paths: Paths, r: Whole, cost: F64) -> float:
    """Cost of a path; summed as a search does, so that its own path is never cheaper."""
    total = 0.0
    for x in range(paths.link_first[r], paths.link_first[r + 1]):
        total += cost[paths.link[x]]
    return total


@inner_njit
def _seek(
    crew: Whole, crews: Whole, g: Streets, tail: Ints, cost: F64, pairs: Pairs, paths: Paths, spare: float,
    order: Ints, least: F64, spent: F64, count: I64,
) -> Ints:  # fmt: skip
    """Links of the new paths of every `crews`-th origin, one path after the other."""
    s = tree_of(g.first.shape[0] - 1)
    out: Ints = np.empty(_ROOM, np.int32)
    size = 0
    for o in range(crew, pairs.first.shape[0] - 1, crews):
        if pairs.first[o] == pairs.first[o + 1]:
            continue
        search_again(g, cost, pairs.low + o, s, order[o])
        for p in range(pairs.first[o], pairs.first[o + 1]):
            goal, held = pairs.goal[p], np.inf
            for r in range(paths.first[p], paths.first[p + 1]):
                total = _cost_of(paths, r, cost)
                spent[p] += total * paths.flow[r]
                held = min(held, total)
            least[p] = s.best[goal]
            if s.best[goal] < np.inf and (held == np.inf or s.best[goal] < held * (1.0 - spare)):
                start, node = size, goal
                while node != pairs.low + o:
                    if size == out.shape[0]:
                        longer = np.empty(2 * size, np.int32)
                        longer[:size] = out
                        out = longer
                    out[size] = s.by[node]
                    node = tail[out[size]]
                    size += 1
                for step in range((size - start) // 2):
                    one, other = start + step, size - 1 - step
                    out[one], out[other] = out[other], out[one]
                count[p] = size - start
    return out


@inner_shared_njit
def _share_origins(
    g: Streets, tail: Ints, cost: F64, pairs: Pairs, paths: Paths, spare: float, order: Ints, least: F64,
    spent: F64, count: I64, found: list[Ints],
) -> None:  # fmt: skip
    crews = len(found)
    for crew in prange(crews):
        found[crew] = _seek(np.int64(crew), crews, g, tail, cost, pairs, paths, spare, order, least, spent, count)


@outer_njit
def seek(
    g: Streets, tail: Ints, cost: F64, pairs: Pairs, paths: Paths, spare: float, order: Ints, crews: Whole
) -> tuple[F64, F64, Paths]:
    """Cost (P) of the cheapest way of each pair, infinite where there is none, what its flow costs (P), and the paths.

    A way is new where its pair has no path yet, or it is cheaper than all of them by more than the share `spare`. The
    first path of a pair gets its whole demand, a further one no flow; paths without flow are left out. `order` (O, N)
    are the nodes by origin as they were gone on from last time, the origin first; it is kept up to date.
    """
    count = np.zeros(pairs.goal.shape[0], np.int64)
    least, spent = np.empty(pairs.goal.shape[0]), np.zeros(pairs.goal.shape[0])
    found: list[Ints] = [np.empty(0, np.int32) for _ in range(crews)]
    _share_origins(g, tail, cost, pairs, paths, spare, order, least, spent, count, found)
    return least, spent, _with_new(pairs, paths, count, found)


@inner_njit
def _with_new(pairs: Pairs, paths: Paths, count: I64, found: list[Ints]) -> Paths:
    crews, rows, links = len(found), 0, 0
    for p in range(count.shape[0]):
        rows += count[p] > 0
        links += count[p]
    for r in range(paths.flow.shape[0]):
        if paths.flow[r] > 0.0:
            rows += 1
            links += paths.link_first[r + 1] - paths.link_first[r]
    if not count.any() and rows == paths.flow.shape[0]:
        return paths
    first, flow = np.empty(count.shape[0] + 1, np.int64), np.empty(rows)
    link_first, link = np.empty(rows + 1, np.int64), np.empty(links, np.int32)
    at = np.zeros(crews, np.int64)
    row, size = 0, 0
    for o in range(pairs.first.shape[0] - 1):
        crew = o % crews
        for p in range(pairs.first[o], pairs.first[o + 1]):
            first[p] = row
            for r in range(paths.first[p], paths.first[p + 1]):
                if paths.flow[r] > 0.0:
                    link_first[row], flow[row] = size, paths.flow[r]
                    row += 1
                    for x in range(paths.link_first[r], paths.link_first[r + 1]):
                        link[size] = paths.link[x]
                        size += 1
            if count[p] > 0:
                link_first[row], flow[row] = size, pairs.demand[p] if row == first[p] else 0.0
                row += 1
                for x in range(at[crew], at[crew] + count[p]):
                    link[size] = found[crew][x]
                    size += 1
                at[crew] += count[p]
    first[count.shape[0]], link_first[rows] = rows, links
    return Paths(first, flow, link_first, link)


@inner_njit
def _apart(t: Traffic, one: Ints, other: Ints, seen: Ints) -> tuple[float, float]:
    """How much dearer one path is than the other, and how fast that falls as flow moves over.

    Links of `other` are seen as 1; those that both have are left seen as 2.
    """
    dearer, falls = 0.0, 0.0
    for link in one:
        if seen[link]:
            seen[link] = 2
        else:
            dearer += t.cost[link]
            falls += t.slope[link]
    for link in other:
        if seen[link] == 1:
            dearer -= t.cost[link]
            falls += t.slope[link]
    return dearer, falls


@inner_njit
def _move(c: Curves, t: Traffic, one: Ints, other: Ints, seen: Ints, much: float) -> float:
    """Move flow over where the paths differ; how much dearer the one is then."""
    dearer = 0.0
    for link in one:
        if not seen[link]:
            t.flow[link] -= much
            _reprice(c, t, link)
            dearer += t.cost[link]
    for link in other:
        if seen[link] == 1:
            t.flow[link] += much
            _reprice(c, t, link)
            dearer -= t.cost[link]
    return dearer


@inner_njit
def _balance(c: Curves, t: Traffic, one: Ints, other: Ints, seen: Ints, most: float, least: float) -> float:
    """Move flow from one path to the other until they cost nearly the same, within bounds; how much has moved."""
    dearer, falls = _apart(t, one, other, seen)
    if dearer == 0.0:
        return 0.0
    if dearer > 0.0:
        moved = min(most, dearer / falls) if falls > 0.0 else most
    else:
        moved = max(least, dearer / falls) if falls > 0.0 else least
    if moved == 0.0:
        return 0.0
    now = _move(c, t, one, other, seen, moved)
    for _ in range(_TRIES):
        if now * dearer >= 0.0 or abs(now) <= _OVERSHOT * abs(dearer):
            break
        right = moved * dearer / (dearer - now)
        now = _move(c, t, one, other, seen, right - moved)
        moved = right
    return moved


@outer_njit
def even_out(paths: Paths, c: Curves, t: Traffic, seen: Ints, near: float) -> float:
    """Once for every pair, flow goes from each of its dearer paths to the cheapest one by a step of Newton's method.

    Paths dearer by less than the share `near` are left as they are. Returns what all could save before.
    `seen` (L) is zero, before and after.
    """
    saving = 0.0
    for p in range(paths.first.shape[0] - 1):
        low, high = paths.first[p], paths.first[p + 1]
        if high - low < 2:
            continue
        best, least, most = low, np.inf, 0.0
        total, flow = 0.0, 0.0
        for r in range(low, high):
            cost = _cost_of(paths, r, t.cost)
            total += cost * paths.flow[r]
            flow += paths.flow[r]
            if cost < least:
                best, least = r, cost
            if paths.flow[r] > 0.0:
                most = max(most, cost)
        saving += total - flow * least
        if most <= least * (1.0 + near):
            continue
        other = paths.link[paths.link_first[best] : paths.link_first[best + 1]]
        for link in other:
            seen[link] = 1
        for r in range(low, high):
            if r != best and paths.flow[r] > 0.0:
                one = paths.link[paths.link_first[r] : paths.link_first[r + 1]]
                moved = _balance(c, t, one, other, seen, paths.flow[r], -paths.flow[best])
                paths.flow[r] = paths.flow[r] - moved
                paths.flow[best] = paths.flow[best] + moved
                for link in other:
                    seen[link] = 1
        for link in other:
            seen[link] = 0
    return saving
