"""What a lot can offer on a type of day: its rows read as lists, the most of one group, and the most at one time."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from optimise.problem import I64
from optimise.sharing.inputs import THOUSANDTHS
from optimise.sharing.problem import Flags, SharingProblem


class Row(NamedTuple):
    """One row of a lot and day. active, closed: groups."""

    active: tuple[int, ...]
    closed: tuple[int, ...]
    table: tuple[int, ...]
    base: int


class Room:
    """The rows of a problem, lot by lot; offers n (D, G) are lists of lists."""

    def __init__(self, problem: SharingProblem) -> None:
        self.problem = problem
        groups = [tuple(g for g in range(problem.groups) if mask >> g & 1) for mask in range(1 << problem.groups)]
        table, ends = problem.table.tolist(), problem.table_first.tolist()
        sets = zip(problem.row_active.tolist(), problem.row_closed.tolist(), problem.row_base.tolist(), strict=True)
        rows = [
            Row(groups[a], groups[c], tuple(table[ends[q] : ends[q + 1]]), base) for q, (a, c, base) in enumerate(sets)
        ]
        first = problem.row_first.tolist()
        self.rows = [rows[a:b] for a, b in pairwise(first)]
        """Rows of lot l on day d at l * D + d."""

    @cached_property
    def most(self) -> I64:
        """(L, D, G) spaces that a lot could offer to one group alone, no more than what is wanted within reach."""
        p = self.problem
        most = np.zeros((p.lots, p.days, p.groups), np.int64)
        for g in range(p.groups):
            for d in range(p.days):
                np.add.at(most[:, d, g], p.pair_lot[g], p.wanted[g, d][p.pair_block[g]])
        for l_d, rows in enumerate(self.rows):
            here = most[l_d // p.days, l_d % p.days]
            for g in range(p.groups):
                alone = [0] * p.groups
                alone[g] = int(here[g])
                while alone[g] and not keeps(rows, alone):
                    alone[g] = min(alone[g] - 1, largest(rows, g))
                here[g] = alone[g]
        most[~p.allowed] = 0
        most.flags.writeable = False
        return most

    @cached_property
    def useful(self) -> Flags:
        """(L) lots that can offer a space that somebody within reach wants."""
        return np.asarray(self.most.any(axis=(1, 2)), np.bool_)

    def fits(self, lot: int, day: int, offered: list[int]) -> bool:
        return keeps(self.rows[lot * self.problem.days + day], offered)

    def nominal(self, lot: int, offered: list[list[int]]) -> int:
        """Spaces shared at one time at most, those shared already with them."""
        days = self.problem.days
        sums = [
            row.base + sum(offered[d][g] for g in row.active)
            for d in range(days)
            for row in self.rows[lot * days + d]
            if not row.closed
        ]
        there = int(self.problem.already[lot])
        return max(there, *sums) if sums and any(map(any, offered)) else there

    def widest(self, lot: int, least: list[list[int]]) -> tuple[int, list[list[int]]]:
        """The most nominal spaces of a lot that offers so many (D, G) at least, and an offer with as many."""
        offer, best = least, self.nominal(lot, least)
        for d in range(self.problem.days):
            rows = self.rows[lot * self.problem.days + d]
            for row in rows:
                if not row.closed and row.base + row.table[0] > best:
                    spread = self._fill(rows, row, least[d], self.most[lot, d].tolist(), best)
                    if spread:
                        offer = [spread if k == d else least[k] for k in range(len(least))]
                        best = row.base + sum(spread[g] for g in row.active)
        return best, offer

    def _fill(self, rows: list[Row], row: Row, least: list[int], most: list[int], beat: int) -> list[int] | None:
        """Offers to the groups of a row whose sum with the row's base is the most past `beat`; None where none is."""
        trial, best, found = list(least), beat - row.base, None
        high = min(row.table[0], sum(most[g] for g in row.active))

        def descend(k: int, had: int) -> None:
            nonlocal best, found
            if best >= high or had + sum(most[g] for g in row.active[k:]) <= best:
                return
            if k == len(row.active):
                best, found = had, list(trial)
                return
            g = row.active[k]
            spaces = most_of(rows, trial, g, most[g])
            while spaces >= least[g]:
                trial[g] = spaces
                descend(k + 1, had + spaces)
                spaces = least[g] - 1 if k == len(row.active) - 1 else spaces - 1
            trial[g] = least[g]

        descend(0, 0)
        return found

    @cached_property
    def needed(self) -> int:
        """First-tier lots that must newly open before any lot of the second tier does."""
        p = self.problem
        first = (p.tier == 1) & self.useful
        least = -(-p.first_tier_thousandths * int(first.sum()) // THOUSANDTHS)
        return max(least - int((first & (p.already > 0)).sum()), 0)


def keeps(rows: list[Row], offered: list[int]) -> bool:
    """Whether offers (G) keep every row of a lot and day."""
    for row in rows:
        late = 0
        for g in row.closed:
            late += offered[g]
        if late >= len(row.table):
            return False
        if sum([offered[g] for g in row.active]) > row.table[late]:
            return False
    return True


def most_of(rows: list[Row], offered: list[int], group: int, most: int) -> int:
    """The most that can be offered to a group beside what others are, -1 where that alone is too much."""
    low, high, trial = -1, most, list(offered)
    while low < high:
        trial[group] = (low + high + 1) // 2
        if keeps(rows, trial):
            low = trial[group]
        else:
            high = trial[group] - 1
    return low


def largest(rows: list[Row], group: int) -> int:
    """No row lets a lot offer more to a group."""
    ends = [row.table[0] for row in rows if group in row.active]
    return min(ends + [len(row.table) - 1 for row in rows if group in row.closed], default=2**31)
