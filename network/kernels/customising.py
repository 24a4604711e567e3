"""Customisation: the weights of the arcs of a hierarchy from those of the edges.

No way between the ends of an arc over lower ranks is cheaper than the arc (lower triangles: Dibbelt, Strasser, Wagner
2016, doi:10.1145/2886843). That is a Cholesky factorisation with minima for sums and sums for products, and it is done
as such: ranks that follow each other and share whoever is above them form a *supernode*, whose *front* is a dense
matrix over its ranks and those above, and subtrees of fronts are independent (multifrontal method: Liu 1992,
doi:10.1137/1034004).
"""

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.hierarchy import NEVER
from network.kernels.inner import Whole, inner_njit, inner_shared_njit, outer_njit
from network.kernels.lanes import LENGTH_BITS

Ints = npt.NDArray[np.integer]
I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]

Tree = tuple[I32, I32, I32, Ints]
"""start (K+1), child (K), sibling (K), at (K) of supernodes."""

_NONE = np.int32(-1)
_PANEL = 32
"""Ranks whose rows are offered to a row together, while it stays in the nearest cache."""
_MOST_SPLITS = 8
"""Subtrees are cut off where they hold half, a quarter, ... of all work, at least one in two to this."""
_SHARED = 256
"""Fronts from this size on are shared by all threads; a panel of a smaller one is done before they have gathered."""


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
def _work(up_first: Ints, start: Ints, parent: Ints) -> tuple[Ints, Ints, I32]:
    """(work (K) of each supernode, work (K) of its subtree, supernodes (K) in its subtree)."""
    count = parent.shape[0]
    own, work, size = np.zeros(count, np.int64), np.zeros(count, np.int64), np.ones(count, np.int32)
    for j in range(count):
        for v in range(start[j], start[j + 1]):
            own[j] += np.int64(up_first[v + 1] - up_first[v]) ** 2 + 1
        work[j] += own[j]
        if parent[j] >= 0:
            work[parent[j]] += work[j]
            size[parent[j]] += size[j]
    return own, work, size


@inner_njit
def _subtrees(up_first: Ints, start: Ints, parent: Ints, crews: int) -> tuple[I32, I32, I32]:
    """(first (T), last (T), crew (T)): supernodes of the subtrees that are worked on independently, and by whom.

    Where they are cut off balances what the crews get against what is left above for one after the other. The crew with
    the least to do takes the next, the largest first.
    """
    own, work, size = _work(up_first, start, parent)
    count, total, best = parent.shape[0], own.sum(), np.inf
    first, last, crew = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(count, np.int32)
    root, taker, load = np.empty(count, np.int32), np.empty(count, np.int32), np.empty(crews)
    found = 0
    for split in range(_MOST_SPLITS):
        most, roots, left = total >> split, 0, 0.0
        for j in range(count):
            if work[j] > most:
                left += own[j] / (crews if up_first[start[j] + 1] - up_first[start[j]] >= _SHARED else 1)
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
def _plan(up_first: Ints, start: Ints, parent: Ints, owner: Ints) -> tuple[I32, I32, Ints, np.int64]:
    """(child, sibling, at, room): lists of children, and where on the stack a front leaves its offers, -1 for nowhere.

    A lone rank without children leaves none: what it offers is in its arcs. Each subtree has a stretch of its own.
    """
    count = parent.shape[0]
    child, sibling, at = np.full(count, _NONE), np.full(count, _NONE), np.full(count, np.int64(-1))
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
                if at[k] >= 0 and owner[k] == owner[j]:
                    end = min(end, at[k])
                k = sibling[k]
            if child[j] >= 0 or start[j + 1] - start[j] > 1:
                at[j] = end
                end += np.int64(up_first[start[j + 1]] - up_first[start[j + 1] - 1]) ** 2
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
def _offered(weight: Ints, first: int, rows: Ints, place: Ints, front: Ints) -> None:
    """Lower a front by what a child offers: its `rows`, or over its arcs from `first` on where it has none."""
    count = place.shape[0]
    for i in range(count):
        into = front[place[i]]
        if rows.shape[0] == 0:
            if weight[1, first + i] < NEVER:
                for t in range(count):
                    into[place[t]] = min(into[place[t]], weight[1, first + i] + weight[0, first + t])
        elif place[count - 1] - place[0] == count - 1:
            _lower(into[place[0] : place[0] + count], rows[i], np.int64(0))
        else:
            row = rows[i]
            for t in range(count):
                into[place[t]] = min(into[place[t]], row[t])


@inner_njit
def _assemble(up_first: Ints, up_head: Ints, weight: Ints, tree: Tree, j: int, stack: Ints, front: Ints) -> None:
    """The front of a supernode from its arcs and what its children offer."""
    start, child, sibling, at = tree
    low, high, size = start[j], start[j + 1], front.shape[0]
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
        first = up_first[start[kid + 1] - 1]
        count = up_first[start[kid + 1]] - first
        _places(up_head, up_first[high - 1], low, high, up_head[first : first + count], place)
        side = count if at[kid] >= 0 else 0
        rows = stack[at[kid] : at[kid] + side * side].reshape(side, side)
        _offered(weight, first, rows, place[:count], front)
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
def _eliminate_shared(front: Ints, own: int, shares: int) -> None:
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
    up_first: Ints, up_head: Ints, weight: Ints, tree: Tree, first: int, last: int, stack: Ints, space: Ints
) -> None:
    """Finish the supernodes of a subtree."""
    start, at = tree[0], tree[3]
    for j in range(first, last + 1):
        if at[j] >= 0:
            low, high = start[j], start[j + 1]
            size = up_first[low + 1] - up_first[low] + 1
            front = space[: size * size].reshape(size, size)
            _assemble(up_first, up_head, weight, tree, j, stack, front)
            _eliminate(front, high - low)
            _store(up_first, weight, low, high, front, stack[at[j] :])


@inner_shared_njit
def _finish_subtrees(
    up_first: Ints, up_head: Ints, weight: Ints, tree: Tree, first: Ints, last: Ints, crew: Ints, stack: Ints,
    space: Ints,
) -> None:  # fmt: skip
    for c in prange(space.shape[0]):
        for t in range(first.shape[0]):
            if crew[t] == c:
                _finish(up_first, up_head, weight, tree, first[t], last[t], stack, space[c])


@outer_njit
def customise(up_first: Ints, up_head: Ints, slot: Ints, time_ms: Ints, length_mm: Ints, crews: int) -> I64:
    """Weights (2, A) of the arcs, up and down, from the times (E, -1 where closed) and lengths of the edges.

    A weight is a packed time and length (`network.kernels.lanes`), NEVER where there is no way. `slot` of an edge is
    twice its arc, plus one where it leads down; -1 for a loop. `crews` work at the same time; the weights do not
    depend on how many.
    """
    weight = np.full((2, up_head.shape[0]), NEVER)
    for e in range(slot.shape[0]):
        if slot[e] >= 0 and time_ms[e] >= 0:
            cost = (np.int64(time_ms[e]) << LENGTH_BITS) + length_mm[e]
            weight[slot[e] & 1, slot[e] >> 1] = min(weight[slot[e] & 1, slot[e] >> 1], cost)
    start, parent = _supernodes(up_first, up_head)
    first, last, crew = _subtrees(up_first, start, parent, crews)
    owner = np.full(parent.shape[0], _NONE)
    for t in range(first.shape[0]):
        owner[first[t] : last[t] + 1] = t
    child, sibling, at, room = _plan(up_first, start, parent, owner)
    tree = start, child, sibling, at
    most = 0
    for v in range(up_first.shape[0] - 1):
        most = max(most, up_first[v + 1] - up_first[v] + 1)
    stack = np.empty(room, np.int64)
    space = np.empty((crews, most * most), np.int64)
    _finish_subtrees(up_first, up_head, weight, tree, first, last, crew, stack, space)
    for j in range(parent.shape[0]):
        if owner[j] < 0 and at[j] >= 0:
            low, high = start[j], start[j + 1]
            size = up_first[low + 1] - up_first[low] + 1
            front = space[0][: size * size].reshape(size, size)
            _assemble(up_first, up_head, weight, tree, j, stack, front)
            if size < _SHARED or crews == 1:
                _eliminate(front, high - low)
            else:
                _eliminate_shared(front, high - low, crews)
            _store(up_first, weight, low, high, front, stack[at[j] :])
    return weight
