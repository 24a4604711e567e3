"""Shared parking as a linear model in sparse rows, the plans it may take a little wider than they are.

Variables, whole where the model is asked so
    x_p permits of a pair, m_{l,d,g} their sum, e_{l,d,g} spaces offered besides, n = m + e
    y_l = 1: lot l opens;  s_l: what a year's running costs beyond its permits' earnings
    w_k, z_k = 1: nominal spaces of a lot are counted in its row k
    b_i = 1: as many are late that the i-th drop of a table counts
Formulation
    sum_l x <= wanted;  sum_b x = m;  n <= most * y;  y <= sum n
    a row: sum_A n <= hull(sum_C n), the least concave function above its table; tables named exact, drop by drop
    s >= run * y - gain * m;  retrofit * y + years * s <= budget
    lots of the second tier stay shut, or enough of the first open (two models)
    w_k <= base_k z_k + sum_A n, w_k <= widest_k z_k, sum_k z_k <= y
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple

import numpy as np

from optimise.problem import I64
from optimise.sharing.problem import Flags, SharingProblem
from optimise.sharing.room import Room, Row

F64 = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
Goal = Literal["met", "walking", "cost", "lots", "spaces"]
MONEY = 1000
"""The dearest thing in the model's unit of money, or so."""
COST = 1e5
"""Largest value of the model's unit of value: solvers stop a millionth of it from the best."""


class Pairs(NamedTuple):
    """(X) pairs with something to give, by group, day, block and lot; worth: what one permit adds to the value."""

    group: I64
    day: I64
    block: I64
    lot: I64
    worth: I64


def pairs_of(problem: SharingProblem, room: Room) -> Pairs:
    """Pairs of blocks that want a space and lots that could offer it."""
    found = []
    for g in range(problem.groups):
        block, lot = problem.pair_block[g], problem.pair_lot[g]
        for d in range(problem.days):
            keep = np.flatnonzero((problem.wanted[g, d][block] > 0) & (room.most[lot, d, g] > 0))
            near = problem.unmet_m - problem.pair_m[g][keep] if problem.objective == "walking" else 1
            worth = np.broadcast_to(problem.weight[g, d] * near, len(keep))
            found.append((np.full(len(keep), g), np.full(len(keep), d), block[keep], lot[keep], worth))
    return Pairs(*(np.concatenate(column).astype(np.int64) for column in zip(*found, strict=True)))


@dataclass(eq=False)
class Columns:
    """Where each kind of column begins."""

    problem: SharingProblem
    x: int
    nominal: list[tuple[int, int, Row]]
    """(lot, day, row) of w and z; day -1 for what is shared already."""
    drops: int = 0

    def __post_init__(self) -> None:
        cells = self.problem.lots * self.problem.days * self.problem.groups
        self.m, self.e = self.x, self.x + cells
        self.y = self.e + cells
        self.s = self.y + self.problem.lots
        self.w = self.s + self.problem.lots
        self.z = self.w + len(self.nominal)
        self.b = self.z + len(self.nominal)
        self.count = self.b + self.drops

    def n(self, lot: int, day: int, groups: tuple[int, ...]) -> list[int]:
        """Columns of m, then of e."""
        at = (lot * self.problem.days + day) * self.problem.groups
        return [start + at + g for start in (self.m, self.e) for g in groups]


@dataclass(eq=False)
class Sparse:
    """Rows low <= A v <= high, as they are gathered."""

    row: list[I64] = field(default_factory=list)
    column: list[I64] = field(default_factory=list)
    value: list[F64] = field(default_factory=list)
    low: list[F64] = field(default_factory=list)
    high: list[F64] = field(default_factory=list)
    count: int = 0

    def many(self, row: Any, column: Any, value: Any, high: Any, *, equal: bool = False) -> None:
        """Rows 0, 1, ... of a block of rows whose right-hand sides are `high`."""
        high = np.asarray(high, float)
        self.row.append(np.asarray(row, np.int64) + self.count)
        self.column.append(np.asarray(column, np.int64))
        self.value.append(np.broadcast_to(np.asarray(value, float), self.row[-1].shape))
        self.high.append(high)
        self.low.append(high if equal else np.full(len(high), -np.inf))
        self.count += len(high)

    def one(self, column: list[int], value: list[float], high: float) -> None:
        self.many(np.zeros(len(column), np.int64), column, value, [high])


@dataclass(eq=False)
class Model:
    """max cost @ v, low <= matrix @ v <= high, 0 <= v <= most; `whole` columns are whole numbers if asked."""

    columns: Columns
    cost: F64
    scale: float
    """The value is cost @ v times this."""
    matrix: Any
    low: F64
    high: F64
    most: F64
    whole: Flags
    unit_fen: int
    budget_row: int
    met_row: int
    """Numbers of the rows of money and of what is to be met; -1 where there is none."""


def build(
    problem: SharingProblem, room: Room, pairs: Pairs, goal: Goal, *, second: bool, exact: frozenset[int] = frozenset()
) -> Model:
    """second: whether lots of the second tier may open. exact: rows whose tables count drop by drop."""
    from scipy.sparse import csr_array  # slow to load

    counted = _nominal_rows(problem, room) if problem.least_spaces or goal == "spaces" else []
    numbered = _tables(problem, room)
    drops = sum(len(_drops(row.table)) for q, (_, _, row) in numbered.items() if q in exact)
    at, rows, unit = Columns(problem, len(pairs.lot), counted, drops), Sparse(), unit_fen(problem)
    most = _limits(problem, room, pairs, at, second=second)
    _flows(problem, pairs, at, rows)
    _openings(problem, room, at, rows, second=second)
    drop = at.b
    for q, here in numbered.items():
        _row(at, rows, room, here)
        if q in exact:
            drop = _by_drops(at, rows, here, drop)
    if problem.least_spaces or counted:
        _spaces(problem, at, rows)
    budget, met = _money(problem, at, rows, unit), _met(problem, pairs, rows)
    cost = _cost(problem, pairs, at, goal, unit)
    scale = min(float(np.abs(cost).max(initial=0.0)), COST) or 1.0
    entries = (np.concatenate(rows.row), np.concatenate(rows.column))
    whole = np.ones(at.count, np.bool_)
    whole[: at.x] = whole[at.s : at.s + problem.lots] = whole[at.w : at.z] = False
    return Model(
        columns=at, cost=cost / scale, scale=scale, low=np.concatenate(rows.low), high=np.concatenate(rows.high),
        matrix=csr_array((np.concatenate(rows.value), entries), shape=(rows.count, at.count)), most=most, whole=whole,
        unit_fen=unit, budget_row=budget, met_row=met,
    )  # fmt: skip


def _limits(problem: SharingProblem, room: Room, pairs: Pairs, at: Columns, *, second: bool) -> F64:
    most = np.ones(at.count)
    most[: at.x] = problem.wanted[pairs.group, pairs.day, pairs.block]
    most[at.m : at.e] = most[at.e : at.y] = room.most.ravel()
    shut = ~room.useful | ((problem.tier == 2) & (problem.already == 0) & (not second))
    most[at.y : at.s] = ~shut
    most[at.s : at.w] = problem.run_fen / unit_fen(problem)
    for k, (_, _, row) in enumerate(at.nominal):
        most[at.w + k] = row.table[0]
    return most


def _flows(problem: SharingProblem, pairs: Pairs, at: Columns, rows: Sparse) -> None:
    """A block is given what it wants at most; permits of a lot, day and group are added up."""
    cell = (pairs.group * problem.days + pairs.day) * problem.blocks + pairs.block
    used, row = np.unique(cell, return_inverse=True)
    rows.many(row, np.arange(at.x), 1.0, problem.wanted.ravel()[used])
    cells = at.e - at.m
    into = (pairs.lot * problem.days + pairs.day) * problem.groups + pairs.group
    column = np.concatenate((np.arange(at.x), at.m + np.arange(cells)))
    value = np.concatenate((np.ones(at.x), -np.ones(cells)))
    rows.many(np.concatenate((into, np.arange(cells))), column, value, np.zeros(cells), equal=True)


def _openings(problem: SharingProblem, room: Room, at: Columns, rows: Sparse, *, second: bool) -> None:
    """Offers only where a lot is open, and some there; the order of the tiers; lots at least."""
    some = np.flatnonzero(room.most.ravel())
    lot, size = some // (problem.days * problem.groups), room.most.ravel()[some]
    row = np.tile(np.arange(len(some)), 3)
    value = np.concatenate((np.ones(2 * len(some)), -size.astype(float)))
    rows.many(row, np.concatenate((at.m + some, at.e + some, at.y + lot)), value, np.zeros(len(some)))
    column = np.concatenate((at.y + np.arange(problem.lots), at.m + some, at.e + some))
    value = np.concatenate((np.ones(problem.lots), -np.ones(2 * len(some))))
    rows.many(np.concatenate((np.arange(problem.lots), lot, lot)), column, value, np.zeros(problem.lots))
    fresh = problem.already == 0
    if second and room.needed:
        first = np.flatnonzero((problem.tier == 1) & room.useful & fresh)
        rows.one((at.y + first).tolist(), [-1.0] * len(first), -float(room.needed))
    if problem.least_lots:
        least = problem.least_lots - int((~fresh).sum())
        rows.one((at.y + np.flatnonzero(fresh)).tolist(), [-1.0] * int(fresh.sum()), -float(least))


def _tables(problem: SharingProblem, room: Room) -> dict[int, tuple[int, int, Row]]:
    """(lot, day, row) by number, without rows that limits of single groups keep anyhow."""
    found = {}
    flat = ((ld, row) for ld, rows in enumerate(room.rows) for row in rows)
    for q, (ld, row) in enumerate(flat):
        most = room.most[ld // problem.days, ld % problem.days]
        late, active = int(most[list(row.closed)].sum()), int(most[list(row.active)].sum())
        if late >= len(row.table) or active > row.table[min(late, len(row.table) - 1)]:
            found[q] = (ld // problem.days, ld % problem.days, row._replace(table=row.table[: late + 1]))
    return found


def _row(at: Columns, rows: Sparse, room: Room, here: tuple[int, int, Row]) -> None:
    """One row of a lot and day."""
    lot, day, row = here
    active, closed, y = at.n(lot, day, row.active), at.n(lot, day, row.closed), at.y + lot
    most, end = int(room.most[lot, day, list(row.closed)].sum()), len(row.table) - 1
    if most > end:
        rows.one([*closed, y], [1.0] * len(closed) + [-float(end)], 0.0)
    for slope, high in _hull(row.table) if active else ():
        rows.one([*active, *closed, y], [1.0] * len(active) + [-slope] * len(closed) + [-high], 0.0)


def _by_drops(at: Columns, rows: Sparse, here: tuple[int, int, Row], drop: int) -> int:
    """One row of a lot and day with its table as it is; `drop`: its first column of drops. Returns the next free."""
    lot, day, row = here
    active, closed, y, end = at.n(lot, day, row.active), at.n(lot, day, row.closed), at.y + lot, len(row.table) - 1
    sizes = _drops(row.table)
    count = len(sizes)
    columns = list(range(drop, drop + count))
    rows.one([*active, y, *columns], [1.0] * len(active) + [-float(row.table[0])] + [float(d) for _, d in sizes], 0.0)
    for column, (late, _) in zip(columns, sizes, strict=True):
        rows.one([*closed, column], [1.0] * len(closed) + [-float(end - late + 1)], late - 1.0)
    for one, two in pairwise(columns):
        rows.one([two, one], [1.0, -1.0], 0.0)
    return drop + count


def _drops(table: tuple[int, ...]) -> list[tuple[int, int]]:
    """(late cars, spaces fewer) where a table drops."""
    return [(c, table[c - 1] - table[c]) for c in range(1, len(table)) if table[c] < table[c - 1]]


def _hull(table: tuple[int, ...]) -> list[tuple[float, float]]:
    """(slope, height at 0) of the lines whose least is the least concave function above a table."""
    corners: list[tuple[int, int]] = []
    for c, spaces in enumerate(table):
        while len(corners) > 1:
            (c0, s0), (c1, s1) = corners[-2:]
            if (s1 - s0) * (c - c0) > (spaces - s0) * (c1 - c0):
                break
            corners.pop()
        corners.append((c, spaces))
    lines = []
    for (c0, s0), (c1, s1) in pairwise(corners):
        slope = (s1 - s0) / (c1 - c0)
        lines.append((slope, s0 - slope * c0))
    return lines or [(0.0, float(table[0]))]


def unit_fen(problem: SharingProblem) -> int:
    """Fen in the model's unit of money."""
    dearest = max(int(x.max(initial=0)) for x in (problem.retrofit_fen, problem.run_fen, problem.gain_fen))
    return max(dearest // MONEY, 1)


def _money(problem: SharingProblem, at: Columns, rows: Sparse, unit: int) -> int:
    """What running costs beyond earnings, and the budget; the number of its row."""
    lots = np.arange(problem.lots)
    gain = problem.gain_fen.ravel() / unit
    row = np.concatenate((lots, lots, np.repeat(lots, problem.days * problem.groups)))
    column = np.concatenate((at.y + lots, at.s + lots, np.arange(at.m, at.e)))
    value = np.concatenate((problem.run_fen / unit, -np.ones(problem.lots), -gain))
    rows.many(row, column, value, np.zeros(problem.lots))
    if problem.budget_fen < 0:
        return -1
    paid = np.concatenate((retrofits(problem) / unit, np.full(problem.lots, float(problem.subsidy_years))))
    rows.one([*(at.y + lots).tolist(), *(at.s + lots).tolist()], paid.tolist(), problem.budget_fen / unit)
    return rows.count - 1


def _met(problem: SharingProblem, pairs: Pairs, rows: Sparse) -> int:
    """What is to be met at least; the number of the row."""
    if not problem.met_least:
        return -1
    unit = int(problem.weight.max(initial=1))
    worth = problem.weight[pairs.group, pairs.day]
    rows.one(list(range(len(worth))), (-worth / unit).tolist(), -problem.met_least / unit)
    return rows.count - 1


def retrofits(problem: SharingProblem) -> I64:
    """(L) fen for opening a lot."""
    return np.where(problem.already == 0, problem.retrofit_fen, 0)


def _nominal_rows(problem: SharingProblem, room: Room) -> list[tuple[int, int, Row]]:
    """Rows in which a lot's nominal spaces may be counted, as wide as they can be."""
    found = [(lot, -1, Row((), (), (n,), n)) for lot, n in enumerate(problem.already.tolist()) if n]
    for ld, rows in enumerate(room.rows):
        lot, day = divmod(ld, problem.days)
        for row in rows:
            if not row.closed:
                wide = row.base + min(row.table[0], int(room.most[lot, day, list(row.active)].sum()))
                if wide > problem.already[lot] and room.most[lot, day].any():
                    found.append((lot, day, row._replace(table=(wide,))))
    return found


def _spaces(problem: SharingProblem, at: Columns, rows: Sparse) -> None:
    of: list[list[int]] = [[] for _ in range(problem.lots)]
    for k, (lot, day, row) in enumerate(at.nominal):
        w, z = at.w + k, at.z + k
        rows.one([w, z], [1.0, -float(row.table[0])], 0.0)
        if day >= 0:
            offered = at.n(lot, day, row.active)
            rows.one([w, z, *offered], [1.0, -float(row.base)] + [-1.0] * len(offered), 0.0)
        of[lot].append(z)
    for lot, columns in enumerate(of):
        if columns:
            y = [] if problem.already[lot] else [at.y + lot]
            rows.one([*columns, *y], [1.0] * len(columns) + [-1.0] * len(y), float(not y))
    if problem.least_spaces:
        rows.one(list(range(at.w, at.z)), [-1.0] * (at.z - at.w), -float(problem.least_spaces))


def _cost(problem: SharingProblem, pairs: Pairs, at: Columns, goal: Goal, unit: int) -> F64:
    cost = np.zeros(at.count)
    if goal in {"met", "walking"}:
        cost[: at.x] = pairs.worth
    elif goal == "cost":
        cost[at.y : at.s] = -retrofits(problem)
        cost[at.s : at.w] = -float(problem.subsidy_years * unit)
    elif goal == "lots":
        cost[at.y : at.s] = problem.already == 0
    else:
        cost[at.w : at.z] = 1.0
    return cost
