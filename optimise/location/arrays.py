"""A siting problem as the kernels read it: pairs by demand and by site, and what sites may hold and cost."""

from __future__ import annotations

import numpy as np

from optimise.location.kernels.shapes import Pairs, Sites
from optimise.problem import I64, SitingProblem


def pairs_of(problem: SitingProblem) -> Pairs:
    """Pairs that can matter: with demand, and a site that has or may get plugs."""
    served = (problem.existing > 0) | (problem.most >= problem.least)
    use = (problem.weight[problem.row] > 0) & served[problem.site]
    row, site = problem.row[use], problem.site[use]
    return Pairs(
        first=_starts(row, problem.demands),
        row=row,
        site=site,
        metres=problem.distance_m[use],
        start=_starts(site, problem.sites),
        by_site=np.argsort(site, kind="stable"),
    )


def sites_of(problem: SitingProblem) -> Sites:
    return Sites(problem.open_fen, problem.plug_fen, problem.least, problem.most, problem.existing)


def _starts(key: I64, count: int) -> I64:
    return np.concatenate(([0], np.cumsum(np.bincount(key, minlength=count)))).astype(np.int64)
