"""Whole permits: from a flow in parts to one that keeps every row, with as many more as still find room."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optimise.problem import I64
from optimise.sharing.linear import settle
from optimise.sharing.model import F64, Goal, Pairs, retrofits
from optimise.sharing.problem import Flags, SharingProblem
from optimise.sharing.room import Room, keeps

_WHOLE = 1e-6
"""Parts of a space that a solver may be short of a whole one."""


@dataclass(frozen=True, eq=False)
class Sharing:
    """A plan: open lots (L), what they offer (L, D, G), and permits of each pair (X)."""

    open: Flags
    offered: I64
    flow: I64


@dataclass(eq=False)
class Giver:
    """Gives permits of a problem."""

    problem: SharingProblem
    room: Room
    pairs: Pairs

    @cached_property
    def runs(self) -> list[int]:
        """Pairs of group g and day d are runs[g * D + d]:runs[g * D + d + 1]."""
        key = self.pairs.group * self.problem.days + self.pairs.day
        ends: list[int] = np.searchsorted(key, np.arange(self.problem.groups * self.problem.days + 1)).tolist()
        return ends

    def given(self, flow: I64) -> I64:
        """(L, D, G) permits of each lot."""
        given = np.zeros_like(self.room.most)
        np.add.at(given, (self.pairs.lot, self.pairs.day, self.pairs.group), flow)
        return given

    def plan(self, open_: Flags, flow: F64, *, grown: bool = True, widest: bool = False) -> Sharing | None:
        """The plan of a flow in parts; None where the spaces asked for do not come together with it.

        grown: with all permits that there is room for. widest: lots offer as much as they can besides.
        """
        whole = np.floor(flow + _WHOLE).astype(np.int64)
        whole[~open_[self.pairs.lot]] = 0
        self._shrink(whole)
        if grown:
            self._grow(whole, open_)
        if self.problem.objective == "walking":
            whole = self._matched(self.given(whole), whole)
        offered = self._offers(open_, self.given(whole), widest=widest)
        return None if offered is None else Sharing(open_, offered, whole)

    def exactly(self, open_: Flags, given: I64, offered: I64) -> Sharing:
        """The plan with so many permits and offers (L, D, G), which there is a flow for."""
        return Sharing(open_, offered, self._matched(given, np.zeros(len(self.pairs.lot), np.int64)))

    def _shrink(self, flow: I64) -> None:
        """Take back permits where a row does not hold."""
        given = self.given(flow)
        for ld, rows in enumerate(self.room.rows):
            lot, day = divmod(ld, self.problem.days)
            here = given[lot, day].tolist()
            while not keeps(rows, here):
                g = max(range(len(here)), key=here.__getitem__)
                mine = np.flatnonzero(self._of(lot, day, g) & (flow > 0))
                flow[mine[-1]] -= 1
                here[g] -= 1

    def _of(self, lot: int, day: int, group: int) -> Flags:
        mine: Flags = (self.pairs.lot == lot) & (self.pairs.day == day) & (self.pairs.group == group)
        return mine

    def _grow(self, flow: I64, open_: Flags) -> None:
        """As many more permits as there are paths to free room, the groups and days that are worth most first."""
        given = self.given(flow)
        worth = self.problem.weight.ravel()
        for run in sorted(range(len(worth)), key=lambda k: (-worth[k], k)):
            a, b = self.runs[run], self.runs[run + 1]
            keep = np.flatnonzero(open_[self.pairs.lot[a:b]]) + a
            if len(keep):
                flow[keep] = _Paths(self, keep, flow[keep].tolist(), given).grown()

    def _matched(self, given: I64, otherwise: I64) -> I64:
        """So many permits of each lot (L, D, G), to those for whom they are worth most."""
        from scipy.sparse import csr_array  # slow to load

        p, x = self.problem, self.pairs
        keep = np.flatnonzero(given[x.lot, x.day, x.group])
        if not len(keep):
            return otherwise
        cell, block = (x.lot * p.days + x.day) * p.groups + x.group, (x.group * p.days + x.day) * p.blocks + x.block
        sums: list[Any] = []
        for key in (block, cell):
            used, row = np.unique(key[keep], return_inverse=True)
            sums += [used, csr_array((np.ones(len(keep)), (row, np.arange(len(keep)))))]
        best = settle(x.worth[keep].astype(float), sums[1], p.wanted.ravel()[sums[0]], sums[3], given.ravel()[sums[2]])
        if best is None:
            return otherwise
        flow = np.zeros(len(x.lot), np.int64)
        flow[keep] = best
        return flow if (self.given(flow) == given).all() else otherwise

    def _offers(self, open_: Flags, given: I64, *, widest: bool) -> I64 | None:
        """Offers (L, D, G): what is given, one space where nothing is, and more as far as spaces are asked for."""
        offers = given.copy()
        for lot in np.flatnonzero(open_ & ~offers.any(axis=(1, 2))).tolist():
            some = np.argwhere(self.room.most[lot] > 0)
            if not len(some):
                return None
            offers[lot, some[0, 0], some[0, 1]] = 1
        least, nominal = self.problem.least_spaces, spaces_of(self.problem, self.room, offers)
        lack = least - int(nominal.sum())
        if lack <= 0 and not widest:
            return offers
        wide = {lot: self.room.widest(lot, offers[lot].tolist()) for lot in np.flatnonzero(open_).tolist()}
        for lot in sorted(wide, key=lambda k: (nominal[k] - wide[k][0], k)):
            if lack > 0 or widest:
                offers[lot] = wide[lot][1]
                lack -= wide[lot][0] - int(nominal[lot])
        return offers if lack <= 0 else None


class _Paths:
    """Permits of one group and day, and paths along which one more can be given (Ford & Fulkerson 1956,
    doi:10.4153/CJM-1956-045-5).
    """

    def __init__(self, giver: Giver, keep: I64, flow: list[int], given: I64) -> None:
        """keep: pairs of the group and day, with their flow. given: (L, D, G) permits, kept up to date."""
        self.room, self.given, self.flow = giver.room, given, flow
        self.g, self.d = int(giver.pairs.group[keep[0]]), int(giver.pairs.day[keep[0]])
        self.block, self.lot = giver.pairs.block[keep].tolist(), giver.pairs.lot[keep].tolist()
        self.of_block: dict[int, list[int]] = {}
        self.of_lot: dict[int, list[int]] = {}
        self.unmet: dict[int, int] = {}
        for k, (block, lot) in enumerate(zip(self.block, self.lot, strict=True)):
            self.of_block.setdefault(block, []).append(k)
            self.of_lot.setdefault(lot, []).append(k)
            self.unmet.setdefault(block, int(giver.problem.wanted[self.g, self.d, block]))
            self.unmet[block] -= flow[k]
        self.full: set[int] = set()

    def grown(self) -> list[int]:
        for block in self.unmet:
            while self.unmet[block] > 0 and self._one_more(block):
                self.unmet[block] -= 1
        return self.flow

    def _one_more(self, start: int) -> bool:
        """One more permit for a block, others moved on; lots that no path leaves are not looked at again."""
        came: dict[int, int] = {}
        freed: dict[int, int] = {}
        queue = deque([start])
        while queue:
            block = queue.popleft()
            for k in self.of_block[block]:
                lot = self.lot[k]
                if lot in came or lot in self.full:
                    continue
                came[lot] = k
                if self._room(lot):
                    self._move(lot, start, came, freed)
                    return True
                for other in self.of_lot[lot]:
                    if self.flow[other] and self.block[other] not in freed and self.block[other] != start:
                        freed[self.block[other]] = other
                        queue.append(self.block[other])
        self.full.update(came)
        return False

    def _room(self, lot: int) -> bool:
        here = self.given[lot, self.d].tolist()
        here[self.g] += 1
        return self.room.fits(lot, self.d, here)

    def _move(self, lot: int, start: int, came: dict[int, int], freed: dict[int, int]) -> None:
        self.given[lot, self.d, self.g] += 1
        while True:
            k = came[lot]
            self.flow[k] += 1
            if self.block[k] == start:
                return
            back = freed[self.block[k]]
            self.flow[back] -= 1
            lot = self.lot[back]


def spaces_of(problem: SharingProblem, room: Room, offered: I64) -> I64:
    """(L) nominal spaces."""
    spaces = problem.already.copy()
    for lot in np.flatnonzero(offered.any(axis=(1, 2))).tolist():
        spaces[lot] = room.nominal(lot, offered[lot].tolist())
    return spaces


def money_of(problem: SharingProblem, open_: Flags, given: I64) -> int:
    """Fen for retrofits and subsidies."""
    earned = np.einsum("ldg,ldg->l", given, problem.gain_fen)
    paid = retrofits(problem) + problem.subsidy_years * np.maximum(problem.run_fen - earned, 0)
    return int(paid[open_].sum())


def worth_of(giver: Giver, plan: Sharing, goal: Goal) -> int:
    """The value of a plan for a goal, the more the better."""
    problem = giver.problem
    if goal == "cost":
        return -money_of(problem, plan.open, giver.given(plan.flow))
    if goal == "lots":
        return int((plan.open | (problem.already > 0)).sum())
    if goal == "spaces":
        return int(spaces_of(problem, giver.room, plan.offered).sum())
    return int(plan.flow @ giver.pairs.worth)
