"""A siting problem as the compiled moves read it: pairs by demand and by site, and what sites may hold and cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from optimise.problem import I64, SitingProblem


class Pairs(NamedTuple):
    """Usable pairs (R). Of demand i: first[i]:first[i+1]. Of site j: by_site[start[j]:start[j+1]]."""

    first: I64
    row: I64
    site: I64
    metres: I64
    start: I64
    by_site: I64


class Sites(NamedTuple):
    """Columns of the problem (J)."""

    open_fen: I64
    plug_fen: I64
    least: I64
    most: I64
    existing: I64


def pairs_of(problem: SitingProblem) -> Pairs:
    """Pairs that can matter: with demand, a site that has or may get plugs, and for "cover" within cover_m."""
    room = problem.existing + np.where(problem.existing == 0, problem.most * (problem.most >= problem.least), problem.most)
    use = (problem.weight[problem.row] > 0) & (room[problem.site] > 0)
    if problem.objective == "cover":
        use &= problem.distance_m <= problem.cover_m
    row, site = problem.row[use], problem.site[use]
    by_site = np.argsort(site, kind="stable")
    return Pairs(
        first=_starts(row, problem.demands),
        row=row,
        site=site,
        metres=problem.distance_m[use],
        start=_starts(site, problem.sites),
        by_site=by_site,
    )


def sites_of(problem: SitingProblem) -> Sites:
    return Sites(problem.open_fen, problem.plug_fen, problem.least, problem.most, problem.existing)


def _starts(key: I64, count: int) -> I64:
    return np.concatenate(([0], np.cumsum(np.bincount(key, minlength=count)))).astype(np.int64)


@njit(cache=True)
def price(sites: Sites, n: I64, j: int, plugs: int) -> int:
    """Money for so many more plugs at site j, opening included if it has none."""
    opening = sites.open_fen[j] if n[j] + sites.existing[j] == 0 else 0
    return opening + sites.plug_fen[j] * plugs
