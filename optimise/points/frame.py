"""A problem of dispatch points as the kernels want it: who is within reach of a site, and what all sets of few need."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from optimise.location.inputs import F64
from optimise.points.kernels.needs import Near, Sites, all_needs
from optimise.points.kernels.price import Looked
from optimise.points.problem import Flags, PointProblem
from optimise.problem import I64

MOST_SETS: Final = 2**26
"""Sets whose needs are worked out once, of the sites with the fewest points in reach."""
_MOST_IN_REACH: Final = 18
_MOST_DUG, FEW_DUG = 1500, 60
"""Sets looked at for one of the other sites at given prices, for a bound and for a plan."""


class Frame:
    """gain (I) of serving a point and fen (0 or 1) that a fen counts against it: the objective, to be made most.

    near.site holds sites that may open alone; pair_site (M) is the site of each near.point; edges (P, 2) are new sites
    too near each other, and those of j are other[begin[j]:begin[j+1]].
    """

    def __init__(self, problem: PointProblem) -> None:
        self.problem = p = problem
        kept = np.flatnonzero(p.may_open[p.site])
        order = kept[np.lexsort((p.row[kept], p.site[kept]))]
        start = _starts(p.site[order], p.sites)
        net = np.ascontiguousarray(p.net.transpose(1, 0, 2).astype(np.int32))
        flow = np.ascontiguousarray(p.flow.T)
        self.near = Near(start, p.row[order], _starts(p.row[kept], p.demands), p.site[kept], net, flow, p.z_thousandths)
        self.sites = Sites(p.most, p.least, p.already, p.open_fen, p.space_fen)
        self.pair_site = p.site[order]
        own = {"cover": p.weight, "cost": 0 * p.weight, "net": p.worth_fen}[p.objective]
        self.gain: F64 = own.astype(np.float64)
        self.fen = 0.0 if p.objective == "cover" else 1.0
        new = ~p.there[p.apart].any(axis=1) & p.may_open[p.apart].all(axis=1)
        self.edges = np.unique(np.sort(p.apart[new], axis=1), axis=0)
        both = np.concatenate((self.edges, self.edges[:, ::-1]))
        both = both[np.lexsort((both[:, 1], both[:, 0]))]
        self.begin, self.other = _starts(both[:, 0], p.sites), np.ascontiguousarray(both[:, 1])

    @cached_property
    def looked(self) -> Looked:
        """Needs of all sets where they are not too many."""
        count = np.diff(self.near.start)
        by_count = np.bincount(count, minlength=_MOST_IN_REACH + 1)[: _MOST_IN_REACH + 1]
        sets = np.cumsum(by_count * 2.0 ** np.arange(_MOST_IN_REACH + 1))
        few = count < np.searchsorted(sets, MOST_SETS, side="right")
        size = np.where(few, 1 << np.minimum(count, _MOST_IN_REACH), 0)
        table = np.where(few, np.cumsum(size) - size, -1)
        needs = np.zeros(int(size.sum()), np.uint16)
        all_needs(self.near, self.sites, table, needs)
        return Looked(table, needs, _MOST_DUG)

    @cached_property
    def in_reach(self) -> Flags:
        """(I) points that some site may serve."""
        reach: Flags = np.diff(self.near.first) > 0
        return reach

    @property
    def far(self) -> int:
        """A bound on the objective, to be made most, without any work: all in reach are served, and nothing is paid."""
        return int(self.gain[self.in_reach].sum())

    def shown(self, value: int) -> int:
        """A value that is made most as the problem counts it."""
        return -value if self.problem.objective == "cost" else value


def _starts(column: I64, rows: int) -> I64:
    return np.append(0, np.cumsum(np.bincount(column, minlength=rows))).astype(np.int64)
