"""Customisation: the weights of the arcs of a hierarchy from those of the edges.

No way between the ends of an arc over lower ranks is cheaper than the arc (lower triangles: Dibbelt, Strasser, Wagner
2016, doi:10.1145/2886843). The triangles below ranks with few arcs are listed once for a hierarchy. Above these it is
a Cholesky factorisation with minima for sums and sums for products, and is done as such: ranks that follow each other
and share whoever is above them form a *supernode*, whose *front* is a dense matrix over its ranks and those above, and
subtrees of fronts are independent (multifrontal method: Liu 1992, doi:10.1137/1034004).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.hierarchy import NEVER
from network.kernels.inner import Whole, inner_njit, inner_shared_njit, outer_njit
from network.kernels.lanes import LENGTH_BITS

Ints = npt.NDArray[np.integer]
Flags = npt.NDArray[np.bool_]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

Tree = tuple[I32, I32, I32, I32, Ints]
"""low (K), high (K), child (K), sibling (K), at (K) of fronts."""

_NONE = np.int32(-1)
_FEW = 16
"""Ranks with at most so many arcs have no front, if nobody below has: lists are quicker where matrices are small."""
_PANEL = 32
"""Ranks whose rows are offered to a row together, while it stays in the nearest cache."""
_MOST_SPLITS = 8
"""Subtrees are cut off where they hold half, a quarter, ... of all work, at least one in two to this."""
_SHARED = 256
"""Fronts from this size on are shared by all threads; a panel of a smaller one is done before they have gathered."""


class Plan(NamedTuple):
    """What the arcs (A) alone say about customising them.

    The triangles whose lowest rank has no front are listed by their upper arc a, first[a] to first[a+1]: `left` is the
    arc to where a starts, `right` that to where it leads. The ranks of front k are low[k] to high[k]; those since the
    front before have none, and nobody but fronts from k on is above them.
    """

    first: I32
    left: I32
    right: I32
    low: I32
    high: I32
    parent: I32
    """Front above each front, -1 for none."""


@inner_njit
def _supernodes(up_first: Ints, up_head: Ints) -> tuple[I32, I32]:
    """(first rank (K+1) of each supernode, parent (K) in the tree of supernodes or -1)."""
    n = up_first.shape[0] - 1
    start, of = np.empty(n + 1, np.int32), np.empty(n, np.int32)
    count = 0
    for v in range(n):
        joined = v > 0 and up_first[v] - up_first[v - 1] == up_first[v + 1] - up_first[v] + 1
        if not joined or up_head[up_first[v - 1]] != v:
            start[count] = v
            count += 1
        of[v] = count - 1
    start[count] = n
    parent = np.full(count, _NONE)
    for j in range(count):
        last = start[j + 1] - 1
        if up_first[last] < up_first[last + 1]:
            parent[j] = of[up_head[up_first[last]]]
    return start[: count + 1], parent


@inner_njit
def _triangles(up_first: Ints, up_head: Ints, direct: Flags) -> tuple[I32, I32, I32]:
    """(first (A+1), left, right): the triangles below each arc whose lowest rank is `direct` (N)."""
    n, total = direct.shape[0], np.int64(0)
    for v in range(n):
        if direct[v]:
            degree = np.int64(up_first[v + 1] - up_first[v])
            total += degree * (degree - 1) // 2
    upper, first, size = np.empty(total, np.int32), np.zeros(up_head.shape[0] + 1, np.int32), 0
    for v in range(n):
        if direct[v]:
            for a in range(up_first[v], up_first[v + 1]):
                arc = up_first[up_head[a]]
                for b in range(a + 1, up_first[v + 1]):
                    while up_head[arc] != up_head[b]:
                        arc += 1
                    upper[size] = arc
                    first[arc + 1] += 1
                    size += 1
    for a in range(up_head.shape[0]):
        first[a + 1] += first[a]
    free, left, right, t = first[:-1].copy(), np.empty(total, np.int32), np.empty(total, np.int32), 0
    for v in range(n):
        if direct[v]:
            for a in range(up_first[v], up_first[v + 1]):
                for b in range(a + 1, up_first[v + 1]):
                    place = free[upper[t]]
                    left[place], right[place] = a, b
                    free[upper[t]] += 1
                    t += 1
    return first, left, right


@outer_njit
def plan_of(up_first: I32, up_head: I32) -> Plan:
    """The plan for the arcs of a hierarchy: memory of a number an arc and two a triangle."""
    start, parent = _supernodes(up_first, up_head)
    count, fronts = parent.shape[0], 0
    number, direct = np.full(count, _NONE), np.ones(up_first.shape[0] - 1, np.bool_)
    for j in range(count):  # a number of 0 says that a child has a front
        if number[j] == 0 or up_first[start[j] + 1] - up_first[start[j]] > _FEW:
            if parent[j] >= 0:
                number[parent[j]] = 0
            number[j] = fronts
            direct[start[j] : start[j + 1]] = False
            fronts += 1
    low, high, above = np.empty(fronts, np.int32), np.empty(fronts, np.int32), np.full(fronts, _NONE)
    for j in range(count):
        k = number[j]
        if k >= 0:
            low[k], high[k] = start[j], start[j + 1]
            if parent[j] >= 0:
                above[k] = number[parent[j]]
    first, left, right = _triangles(up_first, up_head, direct)
    return Plan(first, left, right, low, high, above)


@inner_njit
def _lower_arcs(weight: Ints, plan: Plan, low: Whole, high: Whole) -> None:
    """Lower the arcs low .. high - 1 by the triangles that are listed for them, whose other arcs are finished."""
    first, left, right = plan.first, plan.left, plan.right
    up, down = weight[0], weight[1]
    for arc in range(low, high):
        there, back = up[arc], down[arc]
        for t in range(first[arc], first[arc + 1]):
            there = min(there, down[left[t]] + up[right[t]])
            back = min(back, down[right[t]] + up[left[t]])
        up[arc], down[arc] = there, back


@inner_njit
def _work(up_first: Ints, plan: Plan) -> tuple[Ints, Ints, I32]:
    """(work (K) of each front, work (K) of its subtree, fronts (K) in its subtree)."""
    low, high, parent = plan.low, plan.high, plan.parent
    count = parent.shape[0]
    own, work, size = np.zeros(count, np.int64), np.zeros(count, np.int64), np.ones(count, np.int32)
    for j in range(count):
        for v in range(low[j], high[j]):
            own[j] += np.int64(up_first[v + 1] - up_first[v]) ** 2 + 1
        work[j] += own[j]
        if parent[j] >= 0:
            work[parent[j]] += work[j]
            size[parent[j]] += size[j]
    return own, work, size


@inner_njit
def _subtrees(up_first: Ints, plan: Plan, crews: int) -> tuple[I32, I32, I32]:
    """(first (T), last (T), crew (T)): fronts of the subtrees that are worked on independently, and by whom.

    Where they are cut off balances what the crews get against what is left above for one after the other. The crew with
    the least to do takes the next, the largest first.
    """
    own, work, size = _work(up_first, plan)
    low, parent = plan.low, plan.parent
    count, total, best = parent.shape[0], own.sum(), np.inf
    first, last, crew = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    root, taker, load = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(crews)
    found = 0
    for split in range(_MOST_SPLITS):
        most, roots, left = total >> split, 0, 0.0
        for j in range(count):
            if work[j] > most:
                left += own[j] / (crews if up_first[low[j] + 1] - up_first[low[j]] >= _SHARED else 1)
            elif parent[j] < 0 or work[parent[j]] > most:
                root[roots], taker[roots] = j, _NONE
                roots += 1
        load[:] = 0.0
        for _ in range(roots):
            largest, least = -1, 0
            for t in range(roots):
                if taker[t] < 0 and (largest < 0 or work[root[t]] > work[root[largest]]):
                    largest = t
            for c in range(crews):
                if load[c] < load[least]:
                    least = c
            taker[largest] = least
            load[least] += work[root[largest]]
        if load.max() + left < best:
            best, found = load.max() + left, roots
            for t in range(roots):
                first[t], last[t], crew[t] = root[t] - size[root[t]] + 1, root[t], taker[t]
    return first[:found], last[:found], crew[:found]


@inner_njit
def _stack(up_first: Ints, plan: Plan, owner: Ints) -> tuple[I32, I32, Ints, np.int64]:
    """(child, sibling, at, room): lists of children, and where on the stack a front leaves its offers.

    Each subtree has a stretch of its own.
    """
    high, parent = plan.high, plan.parent
    count = parent.shape[0]
    child, sibling, at = np.full(count, _NONE), np.full(count, _NONE), np.empty(count, np.int64)
    for j in range(count):
        if parent[j] >= 0:
            sibling[j], child[parent[j]] = child[parent[j]], j
    room = np.int64(0)
    for top in (False, True):
        end, before = room, -2
        for j in range(count):
            if (owner[j] < 0) != top:
                continue
            if owner[j] != before:
                end, before = room, owner[j]
            k = child[j]
            while k >= 0:
                if owner[k] == owner[j]:
                    end = min(end, at[k])
                k = sibling[k]
            at[j] = end
            end += np.int64(up_first[high[j]] - up_first[high[j] - 1]) ** 2
            room = max(room, end)
    return child, sibling, at, room


@inner_njit
def _lower(into: Ints, near: Ints, step: Whole) -> None:
    """Lengths known only at run time and no index arithmetic: this is what becomes vector instructions."""
    for i in range(into.shape[0]):
        into[i] = min(into[i], near[i] + step)


@inner_njit
def _places(up_head: Ints, first: int, low: int, high: int, above: Ints, place: Ints) -> None:
    """Where ranks above a child stand in the front of the ranks low .. high - 1, above whom are up_head[first:]."""
    q = first
    for i in range(above.shape[0]):
        if above[i] < high:
            place[i] = above[i] - low
        else:
            while up_head[q] != above[i]:
                q += 1
            place[i] = q - first + high - low


@inner_njit
def _offered(rows: Ints, place: Ints, front: Ints) -> None:
    """Lower a front by the rows a child offers."""
    count = place.shape[0]
    for i in range(count):
        into, row = front[place[i]], rows[i]
        if place[count - 1] - place[0] == count - 1:
            _lower(into[place[0] : place[0] + count], row, np.int64(0))
        else:
            for t in range(count):
                into[place[t]] = min(into[place[t]], row[t])


@inner_njit
def _assemble(up_first: Ints, up_head: Ints, weight: Ints, tree: Tree, j: int, stack: Ints, front: Ints) -> None:
    """A front from its arcs and what its children offer."""
    lows, highs, child, sibling, at = tree
    low, high, size = lows[j], highs[j], front.shape[0]
    for i in range(size):
        row = front[i]
        for t in range(size):
            row[t] = NEVER
    for c in range(low, high):
        i, base = c - low, up_first[c] - (c - low) - 1
        for t in range(i + 1, size):
            front[i, t], front[t, i] = weight[0, base + t], weight[1, base + t]
    place = np.empty(size, np.int32)
    kid = child[j]
    while kid >= 0:
        first = up_first[highs[kid] - 1]
        count = up_first[highs[kid]] - first
        _places(up_head, up_first[high - 1], low, high, up_head[first : first + count], place)
        _offered(stack[at[kid] : at[kid] + count * count].reshape(count, count), place[:count], front)
        kid = sibling[kid]


@inner_njit
def _offer(front: Ints, first: int, last: int, low: int, high: int) -> None:
    """The ranks low .. high - 1 of a front offer what leads over them to its rows first .. last - 1."""
    for x in range(first, last):
        into = front[x]
        for c in range(low, min(high, x)):
            if into[c] < NEVER:
                _lower(into[c + 1 :], front[c, c + 1 :], into[c])


@inner_njit
def _eliminate(front: Ints, own: int) -> None:
    """All ways over the first `own` ranks of a front."""
    for low in range(0, own, _PANEL):
        _offer(front, low, front.shape[0], low, min(low + _PANEL, own))


@inner_shared_njit
def _eliminate_shared(front: Ints, own: int, shares: Whole) -> None:
    """`_eliminate` by several threads: rows of one front do not meet once those of the panel are done."""
    for low in range(0, own, _PANEL):
        high = min(low + _PANEL, own)
        _offer(front, low, high, low, high)
        rows = front.shape[0] - high
        for share in prange(shares):
            _offer(front, high + rows * share // shares, high + rows * (share + 1) // shares, low, high)


@inner_njit
def _store(up_first: Ints, weight: Ints, low: int, high: int, front: Ints, offers: Ints) -> None:
    """The finished arcs of the ranks low .. high - 1, and what they offer to those above."""
    size, own = front.shape[0], high - low
    for c in range(low, high):
        i, base = c - low, up_first[c] - (c - low) - 1
        for t in range(i + 1, size):
            weight[0, base + t], weight[1, base + t] = front[i, t], front[t, i]
    for i in range(own, size):
        row, out = front[i, own:], offers[(i - own) * (size - own) : (i - own + 1) * (size - own)]
        for t in range(size - own):
            out[t] = row[t]


@inner_njit
def _finish(
    up_first: Ints, up_head: Ints, weight: Ints, plan: Plan, tree: Tree, j: int, shares: Whole, stack: Ints, space: Ints
) -> None:
    """Finish the ranks between the front before and this, and its own; a large one by so many threads."""
    low, high = plan.low[j], plan.high[j]
    _lower_arcs(weight, plan, up_first[plan.high[j - 1] if j else 0], up_first[high])
    size = up_first[low + 1] - up_first[low] + 1
    front = space[: size * size].reshape(size, size)
    _assemble(up_first, up_head, weight, tree, j, stack, front)
    if shares == 1 or size < _SHARED:
        _eliminate(front, high - low)
    else:
        _eliminate_shared(front, high - low, shares)
    _store(up_first, weight, low, high, front, stack[tree[4][j] :])


@inner_shared_njit
def _finish_subtrees(
    up_first: Ints, up_head: Ints, weight: Ints, plan: Plan, tree: Tree, first: Ints, last: Ints, crew: Ints,
    stack: Ints, space: Ints,
) -> None:  # fmt: skip
    for c in prange(space.shape[0]):
        for t in range(first.shape[0]):
            if crew[t] == c:
                for j in range(first[t], last[t] + 1):
                    _finish(up_first, up_head, weight, plan, tree, j, np.int64(1), stack, space[c])


@outer_njit
def customise(up_first: Ints, up_head: Ints, plan: Plan, slot: Ints, time_ms: Ints, length_mm: Ints, crews: int) -> I64:
    """Weights (2, A) of the arcs, up and down, from the times (E, -1 where closed) and lengths of the edges.

    A weight is a packed time and length (`network.kernels.lanes`), NEVER where there is no way. `plan` is that of the
    arcs. `slot` of an edge is twice its arc, plus one where it leads down; -1 for a loop. `crews` work at the same
    time; the weights do not depend on how many.
    """
    weight = np.full((2, up_head.shape[0]), NEVER)
    for e in range(slot.shape[0]):
        if slot[e] >= 0 and time_ms[e] >= 0:
            cost = (np.int64(time_ms[e]) << LENGTH_BITS) + length_mm[e]
            weight[slot[e] & 1, slot[e] >> 1] = min(weight[slot[e] & 1, slot[e] >> 1], cost)
    first, last, crew = _subtrees(up_first, plan, crews)
    fronts = plan.low.shape[0]
    owner = np.full(fronts, _NONE)
    for t in range(first.shape[0]):
        owner[first[t] : last[t] + 1] = t
    child, sibling, at, room = _stack(up_first, plan, owner)
    tree = plan.low, plan.high, child, sibling, at
    most = 0
    for j in range(fronts):
        most = max(most, up_first[plan.low[j] + 1] - up_first[plan.low[j]] + 1)
    stack = np.empty(room, np.int64)
    space = np.empty((crews, most * most), np.int64)
    _finish_subtrees(up_first, up_head, weight, plan, tree, first, last, crew, stack, space)
    for j in range(fronts):
        if owner[j] < 0:
            _finish(up_first, up_head, weight, plan, tree, j, crews, stack, space[0])
    _lower_arcs(weight, plan, up_first[plan.high[fronts - 1] if fronts else 0], up_head.shape[0])
    return weight
