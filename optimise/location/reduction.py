"""Smaller problems with the same answer: rows and columns of a covering problem that cannot matter are dropped.

Letters as in Choices. A row must be covered when the rest would not reach the goal without it. (Beasley 1987,
doi:10.1016/0377-2217(87)90141-X.)
    row k goes    if a row that must be covered has only columns that k has too
    column j goes if another one, no dearer, covers all that j covers and excludes no more
    column j stays chosen if it alone covers a row that must be covered
    rows with the same columns become one
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimise.location.choices import Choices, Flags
from optimise.location.kernels.picks import Fences, Grid, spare_columns, spare_rows
from optimise.problem import I64


@dataclass(frozen=True, eq=False)
class Core:
    """What is left, in the numbering of the problem it came from."""

    grid: Grid
    must: Flags
    """(I) rows that must be covered; never true where a row has no pairs left."""
    goal: int
    """Weight still to be covered."""
    fixed: Flags
    """(J) columns chosen already."""

    @property
    def live(self) -> Flags:
        """(J) columns that cover anything."""
        live: Flags = np.diff(self.grid.start) > 0
        return live

    @property
    def reachable(self) -> int:
        """Weight in reach of any column."""
        return int(self.grid.weight[np.diff(self.grid.first) > 0].sum())


def grid_of(row: I64, site: I64, weight: I64, sites: int) -> Grid:
    """Pairs (R), sorted by row and then column, both ways round; rows without pairs weigh nothing."""
    met = np.bincount(row, minlength=len(weight))
    return Grid(
        first=np.concatenate(([0], np.cumsum(met))).astype(np.int64),
        site=site,
        start=np.concatenate(([0], np.cumsum(np.bincount(site, minlength=sites)))).astype(np.int64),
        row=row[np.argsort(site, kind="stable")],
        weight=np.where(met > 0, weight, 0),
    )


def rows_of(grid: Grid) -> I64:
    """(R) row of each pair."""
    return np.repeat(np.arange(len(grid.weight)), np.diff(grid.first))


def fences_of(choices: Choices, use: I64 | None = None, limit: I64 | None = None) -> Fences:
    """What keeps columns apart, and the resources (K) they use (J, K), if any."""
    one, other = choices.apart[:, 0], choices.apart[:, 1]
    begin = np.bincount(np.concatenate((one, other)), minlength=choices.sites)
    return Fences(
        group=choices.at_most_one,
        begin=np.concatenate(([0], np.cumsum(begin))).astype(np.int64),
        other=np.concatenate((other, one))[np.argsort(np.concatenate((one, other)), kind="stable")],
        use=np.zeros((choices.sites, 0), np.int64) if use is None else use,
        limit=np.zeros(0, np.int64) if limit is None else limit,
    )


def first_core(choices: Choices, weight: I64, goal: int) -> Core:
    """The problem less what is there already, with rows of the same columns as one."""
    there = choices.covered(choices.built)
    use = choices.free[choices.site] & ~there[choices.row]
    grid = _merged(grid_of(choices.row[use], choices.site[use], weight, choices.sites))
    nothing = np.zeros(choices.rows, np.bool_)
    return Core(grid, nothing, goal - int(weight[there].sum()), np.zeros(choices.sites, np.bool_))


def reduce_cover(choices: Choices, core: Core, cost: I64) -> Core:
    """The smallest core that the rules lead to. Where the goal is out of reach it is left so."""
    free, lonely = choices.free.copy(), np.ones(choices.sites, np.bool_)
    lonely[choices.apart.ravel()] = False
    while True:
        slack = core.reachable - core.goal
        if slack < 0 or core.goal <= 0:
            return core
        before = len(core.grid.site)
        core = replace(core, must=core.grid.weight > slack)
        spare = spare_rows(core.grid, core.must)
        core = _without(choices, core, spare, np.zeros(choices.sites, np.bool_))
        core = _fix_sole(choices, core, free)
        dropped = spare_columns(core.grid, cost, choices.at_most_one, lonely)
        core = _without(choices, core, np.zeros(choices.rows, np.bool_), dropped)
        core = replace(core, grid=_merged(core.grid))
        if len(core.grid.site) == before:
            return replace(core, must=core.grid.weight > slack)


def _without(choices: Choices, core: Core, rows: Flags, columns: Flags) -> Core:
    """The core less rows that are covered anyway and columns that are not chosen."""
    row = rows_of(core.grid)
    keep = ~rows[row] & ~columns[core.grid.site]
    goal = core.goal - int(core.grid.weight[rows].sum())
    grid = grid_of(row[keep], core.grid.site[keep], core.grid.weight, choices.sites)
    return replace(core, grid=grid, goal=goal, must=core.must & (np.diff(grid.first) > 0))


def _fix_sole(choices: Choices, core: Core, free: Flags) -> Core:
    """Choose the columns that alone cover a row that must be covered, and close what they exclude."""
    fixed, shut = core.fixed.copy(), np.zeros(choices.sites, np.bool_)
    sole = core.must & (np.diff(core.grid.first) == 1)
    for j in np.unique(core.grid.site[core.grid.first[:-1][sole]]).tolist():
        if not free[j]:
            continue
        fixed[j] = True
        group = choices.at_most_one[j]
        rivals = (choices.at_most_one == group) & (group >= 0)
        for one, other in ((0, 1), (1, 0)):
            rivals[choices.apart[choices.apart[:, one] == j, other]] = True
        free &= ~rivals
        free[j] = False
        shut |= rivals
    chosen = fixed & ~core.fixed
    met = np.zeros(choices.rows, np.bool_)
    met[rows_of(core.grid)[chosen[core.grid.site]]] = True
    return replace(_without(choices, core, met, shut | chosen), fixed=fixed)


def _merged(grid: Grid) -> Grid:
    """Rows with the same columns as one row, the first of them, that weighs as much as all."""
    weight, keep, seen = grid.weight.copy(), np.diff(grid.first) > 0, dict[bytes, int]()
    for i in np.flatnonzero(keep).tolist():
        same = seen.setdefault(grid.site[grid.first[i] : grid.first[i + 1]].tobytes(), i)
        if same != i:
            weight[same] += weight[i]
            keep[i] = False
    kept = keep[rows_of(grid)]
    return grid_of(rows_of(grid)[kept], grid.site[kept], weight, len(grid.start) - 1)
