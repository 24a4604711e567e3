"""Plans and bounds in turn: a linear model for each answer to "may the second tier open?", lots fixed one after another
where it leaves them in part, and the model in whole numbers for what is left of the gap.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from optimise.location.mip import on_safe_side
from optimise.problem import I64
from optimise.sharing.linear import Solved, branch, relax
from optimise.sharing.model import F64, Goal, Model, build, pairs_of, retrofits
from optimise.sharing.permits import Giver, Sharing, money_of, spaces_of, worth_of
from optimise.sharing.problem import SharingProblem
from optimise.sharing.room import Room
from optimise.solver import gap_of
from optimise.stop import Run

NOTHING = -(2**62)
"""Value before the first plan, and the bound where there is none."""
_PART, _UP, _DIVES, _ROUNDS = 1e-6, 0.6, 6, 3
"""What counts as part of a lot; from which part on lots open together; most steps of a dive; rounds of cuts."""
_CUT = 1e-3
"""Spaces by which a pair breaks a cut."""
_SMALL = 400
"""Lots times days times groups up to which everything is whole at once."""
_RETRIES, _MARGIN = 3, 1.2


@dataclass(eq=False)
class Case:
    """The plans with new lots of the second tier, or without; exact: rows whose tables count drop by drop."""

    second: bool
    model: Model
    low: F64
    high: F64
    bound: int = -NOTHING
    root: Solved | None = None
    exact: set[int] = field(default_factory=set)


class Search:
    """The best plan of a problem for a goal, and the bound."""

    def __init__(self, problem: SharingProblem, goal: Goal, run: Run, told: Callable[[Search], None]) -> None:
        self.problem, self.goal, self.run, self.told = problem, goal, run, told
        self.room = Room(problem)
        self.pairs = pairs_of(problem, self.room)
        self.giver = Giver(problem, self.room, self.pairs)
        self.best: Sharing | None = None
        self.value = NOTHING
        self.cases: list[Case] = []
        self.unseen = 1
        self._step = self._worth_step()
        self._first_bound = self._everything()

    @property
    def bound(self) -> int:
        """No plan is worth more; NOTHING where there is proof that there is none."""
        known = -NOTHING if self.unseen else max(case.bound for case in self.cases)
        return max(min(known, self._first_bound), self.value)

    @property
    def gap(self) -> float:
        return math.inf if self.best is None else gap_of(self.shown(self.value), self.shown(self.bound))

    @property
    def closed(self) -> bool:
        return self.bound == NOTHING or self.gap <= self.run.stop.gap or self.value == self.bound

    def shown(self, value: int) -> int:
        """A value as the goal counts it."""
        if self.goal == "walking":
            p = self.problem
            return int((p.wanted.sum(axis=2) * p.weight).sum()) * p.unmet_m - value
        return -value if self.goal == "cost" else value

    def _worth_step(self) -> int:
        """Values are multiples of this."""
        p = self.problem
        if self.goal in {"met", "walking"}:
            return int(np.gcd.reduce(self.pairs.worth)) or 1 if len(self.pairs.worth) else 1
        if self.goal == "cost":
            paid = (retrofits(p), p.subsidy_years * p.run_fen, p.subsidy_years * p.gain_fen.ravel())
            return int(np.gcd.reduce(np.concatenate(paid))) or 1
        return 1

    def _everything(self) -> int:
        """All that is wanted is given to those for whom it is worth most, and nothing is paid."""
        p, x = self.problem, self.pairs
        if self.goal == "cost":
            return 0
        if self.goal == "lots":
            return int((self.room.useful | (p.already > 0)).sum())
        if self.goal == "spaces":
            widest = [[row.base + row.table[0] for row in rows if not row.closed] for rows in self.room.rows]
            by_lot = np.array([max(here, default=0) for here in widest]).reshape(p.lots, p.days).max(axis=1, initial=0)
            return int(np.maximum(np.where(self.room.useful, by_lot, 0), p.already).sum())
        best = np.zeros(p.wanted.size, np.int64)
        np.maximum.at(best, (x.group * p.days + x.day) * p.blocks + x.block, x.worth)
        return int(best @ p.wanted.ravel())

    def search(self) -> None:
        """Until the gap is closed, or the run over."""
        self._greedy()
        later = bool(((self.problem.tier == 2) & (self.problem.already == 0)).any())
        second = [False, True] if later and self.room.needed else [later]
        self.unseen = len(second)
        for may in second:
            if not self.run.over() and not self.closed:
                self._open_case(second=may)
        for case in sorted(self.cases, key=lambda c: -c.bound):
            if not self.run.over() and not self.closed and case.bound > self.value and case.root:
                self._dive(case)
                self.told(self)
        for case in sorted(self.cases, key=lambda c: -c.bound):
            if case.bound > self.value and case.root:
                self._finish(case)
                self.told(self)

    def _greedy(self) -> None:
        """Lots in the order of what they could give for their money, as many as it pays for without any earnings."""
        p, room = self.problem, self.room
        worth = np.einsum("ldg,gd->l", room.most, p.weight) + 1.0
        cost = retrofits(p) + p.subsidy_years * p.run_fen
        order = sorted(np.flatnonzero(room.useful).tolist(), key=lambda l_: (-worth[l_] / (1.0 + cost[l_]), l_))
        open_, left, first = np.zeros(p.lots, np.bool_), p.budget_fen if p.budget_fen >= 0 else math.inf, room.needed
        for tier in (1, 2):
            for lot in (k for k in order if p.tier[k] == tier or (tier == 1 and p.already[k] > 0)):
                late = p.tier[lot] == 2 and p.already[lot] == 0 and first > 0
                if not open_[lot] and cost[lot] <= left and not late:
                    open_[lot], left = True, left - cost[lot]
                    first -= p.tier[lot] == 1 and p.already[lot] == 0
        self._try(open_, np.zeros(len(self.pairs.lot)))
        if self.goal == "cost":
            self._try(np.zeros(p.lots, np.bool_), np.zeros(len(self.pairs.lot)))

    def lacks(self, plan: Sharing) -> tuple[int, int]:
        """Fen and met that a plan is short of. Spaces and the rows of lots hold where a plan is made."""
        p, given = self.problem, self.giver.given(plan.flow)
        money = money_of(p, plan.open, given) - p.budget_fen if p.budget_fen >= 0 else 0
        met = int(p.weight[self.pairs.group, self.pairs.day] @ plan.flow) if p.met_least else 0
        return max(money, 0), max(p.met_least - met, 0)

    def _keeps(self, plan: Sharing) -> bool:
        p, fresh = self.problem, self.problem.already == 0
        if self.lacks(plan) != (0, 0):
            return False
        first = int((plan.open & fresh & (p.tier == 1) & self.room.useful).sum())
        if (plan.open & fresh & (p.tier == 2)).any() and first < self.room.needed:
            return False
        if int((plan.open | ~fresh).sum()) < p.least_lots:
            return False
        return int(spaces_of(p, self.room, plan.offered).sum()) >= p.least_spaces

    def _consider(self, plan: Sharing | None) -> None:
        if plan is not None and self._keeps(plan):
            value = worth_of(self.giver, plan, self.goal)
            if value > self.value:
                self.best, self.value = plan, value

    def _try(self, open_: Any, flow: F64) -> Sharing | None:
        """Consider what a flow in parts comes to; where spaces matter more than permits, also without others."""
        widest = self.goal == "spaces"
        plan = self.giver.plan(open_, flow, widest=widest)
        self._consider(plan)
        if plan is None or widest:
            spare = self.giver.plan(open_, flow, grown=False, widest=widest)
            self._consider(spare)
            plan = plan or spare
        return plan

    def _open_case(self, *, second: bool) -> None:
        """The linear model of a case, with cuts for pairs whose lot is open in part."""
        model = build(self.problem, self.room, self.pairs, self.goal, second=second)
        case = Case(second, model, np.zeros(len(model.most)), model.most.copy())
        self.cases.append(case)
        self.unseen -= 1
        for k in range(_ROUNDS):
            found = relax(case.model, case.low, case.high, self.run)
            self._bounded(case, found.bound)
            if found.values is None:
                break
            case.root = found
            self._quick(case, found)
            cut = self._cut(case, found.values)
            if cut is None or self.run.over() or self.closed or k == _ROUNDS - 1:
                break
            case.model = cut
        self.told(self)

    def _quick(self, case: Case, found: Solved) -> None:
        """The plan of the lots that are wholly open."""
        at, values = case.model.columns, found.values
        assert values is not None
        self._try(values[at.y : at.s] > 1 - _PART, values[: at.x])

    def _bounded(self, case: Case, bound: float) -> None:
        if bound == -math.inf:
            case.bound, case.root = NOTHING, None
        elif bound < math.inf:
            case.bound = min(case.bound, on_safe_side(bound, above=True) // self._step * self._step)

    def _cut(self, case: Case, values: F64) -> Model | None:
        """The model with x <= wanted * y for the pairs that break it; None where none does."""
        from scipy.sparse import csr_array, vstack  # slow to load

        model, x = case.model, self.pairs
        wanted = self.problem.wanted[x.group, x.day, x.block].astype(float)
        y = model.columns.y + x.lot
        broken = np.flatnonzero(values[: model.columns.x] > wanted * values[y] + _CUT)
        if not len(broken):
            return None
        row = np.arange(len(broken))
        value = np.concatenate((np.ones(len(broken)), -wanted[broken]))
        entries = (np.tile(row, 2), np.concatenate((broken, y[broken])))
        cuts = csr_array((value, entries), shape=(len(broken), model.matrix.shape[1]))
        return replace(
            model, matrix=vstack((model.matrix, cuts)).tocsr(), low=np.append(model.low, np.full(len(broken), -np.inf)),
            high=np.append(model.high, np.zeros(len(broken))),
        )  # fmt: skip

    def _dive(self, case: Case) -> None:
        """Open lots that are open in part, the fullest first, until none is; then make the permits whole."""
        low, high, at = case.low.copy(), case.high.copy(), case.model.columns
        lots = slice(at.y, at.s)
        found, y = case.root, case.root.values[lots]  # type: ignore[index,union-attr]
        for _ in range(_DIVES):
            part = np.flatnonzero((y > _PART) & (y < 1 - _PART))
            if not len(part) or self.run.over():
                break
            up = part[y[part] >= min(_UP, y[part].max())]
            low[lots][up] = 1.0
            low[lots][y >= 1 - _PART] = 1.0
            trial = relax(case.model, low, high, self.run)
            if trial.values is None:
                low[lots][up], high[lots][up] = 0.0, 0.0
                if len(up) > 1:
                    high[lots][up[np.argmax(y[up])]] = 1.0
                trial = relax(case.model, low, high, self.run)
            if trial.values is None:
                return
            found, y = trial, trial.values[lots]
            self._quick(case, found)
            if self.closed:
                return
        self._make(case, found, y > 1 - _PART)  # type: ignore[arg-type]

    def _make(self, case: Case, found: Solved, open_: Any) -> None:
        """A plan of these lots; where making permits whole costs money or met spaces, again with a margin for them."""
        at, model = case.model.columns, case.model
        low, high = case.low.copy(), case.high.copy()
        low[at.y : at.s] = high[at.y : at.s] = open_
        values, spare = found.values, np.zeros(2)
        for _ in range(_RETRIES):
            if values is None:
                return
            plan = self._try(open_, values[: at.x])
            lacks = np.array(self.lacks(plan)) if plan else np.zeros(2)
            if not lacks.any() or self.run.over():
                return
            spare += _MARGIN * lacks
            values = relax(_tighter(model, self.problem, spare), low, high, self.run).values

    def _finish(self, case: Case) -> None:
        """Branch and bound: first on lots alone where there are many, then on all that is whole."""
        small = self.room.most.size <= _SMALL
        for everything in (True,) if small else (False, True):
            while not self.run.over() and not self.closed and case.bound > self.value:
                model = build(
                    self.problem, self.room, self.pairs, self.goal, second=case.second, exact=frozenset(case.exact)
                ) if everything else case.model  # fmt: skip
                before = (case.bound, self.value, len(case.exact))
                self._branch(case, model, everything=everything)
                if (case.bound, self.value, len(case.exact)) == before or not everything:
                    break

    def _branch(self, case: Case, model: Model, *, everything: bool) -> None:
        at = model.columns
        whole = model.whole.copy()
        if not everything:
            whole[:] = False
            whole[at.y : at.s] = True
        low, high = np.zeros(len(model.most)), model.most.copy()
        self._fix(case, low[at.y : at.s], high[at.y : at.s])
        found = branch(model, low, high, whole, self.run)
        self._bounded(case, max(found.bound, self.value) if found.bound > -math.inf or self.best else found.bound)
        if found.values is None:
            return
        open_ = found.values[at.y : at.s] > 0.5
        if not everything:
            self._make(case, found, open_)
            return
        shape = self.room.most.shape
        given = np.rint(found.values[at.m : at.e]).astype(np.int64).reshape(shape)
        offered = given + np.rint(found.values[at.e : at.y]).astype(np.int64).reshape(shape)
        broken = self._broken(offered)
        case.exact |= broken
        if broken:
            self._make(case, found, open_)
        else:
            self._consider(self.giver.exactly(open_, given, offered))

    def _fix(self, case: Case, low: F64, high: F64) -> None:
        """Lots that no better plan has, or lacks, by what they add to the linear bound."""
        if case.root is None or case.root.reduced is None or self.best is None:
            return
        at = case.model.columns
        reduced, y = case.root.reduced[at.y : at.s], case.root.values[at.y : at.s]  # type: ignore[index]
        slack = case.root.bound - self.value
        high[(y < _PART) & (-reduced >= slack)] = 0.0
        low[(y > 1 - _PART) & (reduced >= slack)] = high[(y > 1 - _PART) & (reduced >= slack)]

    def _broken(self, offered: I64) -> set[int]:
        """Rows that offers (L, D, G) break, by number."""
        broken, q = set(), 0
        for ld, rows in enumerate(self.room.rows):
            here = offered[ld // self.problem.days, ld % self.problem.days].tolist()
            for row in rows:
                late = sum(here[g] for g in row.closed)
                if late >= len(row.table) or sum(here[g] for g in row.active) > row.table[late]:
                    broken.add(q)
                q += 1
        return broken


def _tighter(model: Model, problem: SharingProblem, spare: F64) -> Model:
    """The model with less money and more to be met."""
    high = model.high.copy()
    if model.budget_row >= 0:
        high[model.budget_row] -= spare[0] / model.unit_fen
    if model.met_row >= 0:
        high[model.met_row] -= spare[1] / problem.weight.max(initial=1)
    return replace(model, high=high)
