"""Greedy choices of columns that cover rows, and the rules that drop rows and columns of a covering problem."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from optimise.location.kernels.shapes import F64, I64, inner

B1 = npt.NDArray[np.bool_]
_TINY = 1e-9


class Grid(NamedTuple):
    """Pairs by row and by column: of row i site[first[i]:first[i+1]], of column j row[start[j]:start[j+1]]; both
    rise. weight (I).
    """

    first: I64
    site: I64
    start: I64
    row: I64
    weight: I64


class Fences(NamedTuple):
    """What keeps columns apart and within limits.

    group (J), -1 for none; of column j the columns other[begin[j]:begin[j+1]] exclude it; it takes use[j] (K) of
    limit (K).
    """

    group: I64
    begin: I64
    other: I64
    use: I64
    limit: I64


@njit(cache=True)
def pick(grid: Grid, fences: Fences, price: F64, goal: int) -> tuple[B1, int]:
    """Columns (J) by falling weight newly covered per price, until `goal` is covered or nothing more fits; and the
    weight covered.
    """
    gain = np.zeros(len(price), np.int64)
    open_, chosen = np.ones(len(price), np.bool_), np.zeros(len(price), np.bool_)
    met, room = np.zeros(len(grid.weight), np.bool_), fences.limit.copy()
    for i in range(len(grid.weight)):
        for r in range(grid.first[i], grid.first[i + 1]):
            gain[grid.site[r]] += grid.weight[i]
    covered = 0
    while covered < goal:
        best = _worthiest(fences, room, open_, gain, price, goal - covered)
        if best < 0:
            break
        chosen[best] = True
        _shut(fences, open_, best)
        for k in range(len(room)):
            room[k] -= fences.use[best, k]
        for s in range(grid.start[best], grid.start[best + 1]):
            i = grid.row[s]
            if not met[i]:
                met[i] = True
                covered += grid.weight[i]
                for r in range(grid.first[i], grid.first[i + 1]):
                    gain[grid.site[r]] -= grid.weight[i]
    return chosen, covered


@inner
def _worthiest(fences: Fences, room: I64, open_: B1, gain: I64, price: F64, left: int) -> int:
    """The open column of most gain per price, -1 where none has any; closes those it meets that fit no more."""
    best, best_worth = -1, 0.0
    for j in range(len(price)):
        worth = min(gain[j], left) / max(price[j], _TINY)
        if open_[j] and worth > best_worth:
            open_[j] = _fits(fences, room, j)
            if open_[j]:
                best, best_worth = j, worth
    return best


@inner
def _fits(fences: Fences, room: I64, j: int) -> bool:
    fits = True
    for k in range(len(room)):
        fits &= fences.use[j, k] <= room[k]
    return fits


@inner
def _shut(fences: Fences, open_: B1, j: int) -> None:
    """Close column j and what it excludes."""
    open_[j] = False
    if fences.group[j] >= 0:
        for l in range(len(open_)):
            if fences.group[l] == fences.group[j]:
                open_[l] = False
    for b in range(fences.begin[j], fences.begin[j + 1]):
        open_[fences.other[b]] = False


@njit(cache=True)
def prune(grid: Grid, order: I64, goal: int, chosen: B1, covered: int) -> None:
    """Give up, in this order, chosen columns without which `goal` is still covered; in place."""
    count = np.zeros(len(grid.weight), np.int64)
    for i in range(len(grid.weight)):
        for r in range(grid.first[i], grid.first[i + 1]):
            count[i] += chosen[grid.site[r]]
    for j in order:
        if not chosen[j]:
            continue
        loss = 0
        for s in range(grid.start[j], grid.start[j + 1]):
            if count[grid.row[s]] == 1:
                loss += grid.weight[grid.row[s]]
        if covered - loss >= goal:
            chosen[j] = False
            covered -= loss
            for s in range(grid.start[j], grid.start[j + 1]):
                count[grid.row[s]] -= 1


@inner
def _within(small: I64, large: I64) -> bool:
    """Whether every number of one rising row stands in the other."""
    at = 0
    for value in small:
        while at < len(large) and large[at] < value:
            at += 1
        if at == len(large) or large[at] != value:
            return False
    return True


@njit(cache=True)
def spare_rows(grid: Grid, must: B1) -> B1:
    """(I) rows that are covered whenever some row that must be covered is."""
    spare = np.zeros(len(must), np.bool_)
    for i in range(len(must)):
        mine = grid.site[grid.first[i] : grid.first[i + 1]]
        if not must[i] or spare[i] or len(mine) == 0:
            continue
        rarest = mine[0]
        for j in mine:
            if grid.start[j + 1] - grid.start[j] < grid.start[rarest + 1] - grid.start[rarest]:
                rarest = j
        for s in range(grid.start[rarest], grid.start[rarest + 1]):
            k = grid.row[s]
            theirs = grid.site[grid.first[k] : grid.first[k + 1]]
            if k != i and not spare[k] and len(theirs) >= len(mine) and _within(mine, theirs):
                spare[k] = True
    return spare


@njit(cache=True)
def spare_columns(grid: Grid, cost: I64, group: I64, lonely: B1) -> B1:
    """(J) columns that another one, no dearer, stands in for: it covers all they cover and excludes no more.

    lonely (J): in no pair that excludes each other.
    """
    spare = np.zeros(len(cost), np.bool_)
    for j in range(len(cost)):
        mine = grid.row[grid.start[j] : grid.start[j + 1]]
        if len(mine) == 0:
            spare[j] = True
            continue
        rarest = mine[0]
        for i in mine:
            if grid.first[i + 1] - grid.first[i] < grid.first[rarest + 1] - grid.first[rarest]:
                rarest = i
        for r in range(grid.first[rarest], grid.first[rarest + 1]):
            l = grid.site[r]
            if l == j or spare[l] or cost[l] > cost[j] or not lonely[l]:
                continue
            if group[l] >= 0 and group[l] != group[j]:
                continue
            theirs = grid.row[grid.start[l] : grid.start[l + 1]]
            if len(theirs) >= len(mine) and _within(mine, theirs):
                spare[j] = True
                break
    return spare


@njit(cache=True)
def ascend(grid: Grid, must: B1, cost: I64, order: I64) -> int:
    """A lower bound on the cost of covering the rows that must be: each row, in this order, takes the least that is
    left of its columns' costs (Fisher & Kedia 1990, doi:10.1287/mnsc.36.6.674).
    """
    left, low = cost.copy(), 0
    for i in order:
        if not must[i] or grid.first[i] == grid.first[i + 1]:
            continue
        least = left[grid.site[grid.first[i]]]
        for r in range(grid.first[i], grid.first[i + 1]):
            least = min(least, left[grid.site[r]])
        for r in range(grid.first[i], grid.first[i + 1]):
            left[grid.site[r]] -= least
        low += least
    return low
