"""Which sites cover which demand points: the argument `covers` of the covering models, checked and made small."""

from __future__ import annotations

from typing import Any

import numpy as np

from network import InputError, Problem
from optimise.location.inputs import F64, below, rising, runs, too_high, whole_array
from optimise.location.kernels.cover import Cover, Limits, by_site, first_alike, hashes
from optimise.location.rules import Flags, SiteRules
from optimise.problem import I64

_HASH_SEED = 0
"""Of the numbers that rows are sorted by before they are compared; no answer depends on it."""


def pairs_of_covers(covers: Any, sites: int | None = None) -> tuple[I64, I64, int]:
    """First (D+1), site (R) and the number of sites of `covers`: a scipy sparse matrix demand x site, whose stored
    entries other than zero cover, or the pair (first, site) where the number of sites is one more than the last
    named unless it is given. Raises InputError that names the entry.
    """
    from scipy.sparse import csr_array, issparse  # slow to load

    if issparse(covers):
        matrix = csr_array(covers, copy=True)
        data = matrix.data
        wrong = np.flatnonzero(np.isnan(data) if data.dtype.kind == "f" else np.zeros(len(data), np.bool_))
        if len(wrong):
            row = int(np.searchsorted(matrix.indptr, wrong[0], side="right")) - 1
            raise InputError(
                Problem(f"covers[{row}, {matrix.indices[wrong[0]]}]", "is nan", "store entries only for what covers")
            )
        matrix.sum_duplicates()
        matrix.eliminate_zeros()
        return matrix.indptr.astype(np.int64), matrix.indices.astype(np.int64), int(matrix.shape[1])
    if not isinstance(covers, tuple) or len(covers) != 2:
        raise InputError(Problem("covers", "is neither a sparse matrix nor a pair", "give scipy csr or (first, site)"))
    first, site = whole_array("covers.first", covers[0]), whole_array("covers.site", covers[1])
    count = int(site.max(initial=-1)) + 1 if sites is None else sites
    problems = runs("covers.first", first, len(site)) or [
        *below("covers.site", site, 0), *too_high("covers.site", site, count, "sites"),
        *rising("covers.site", first, site),
    ]  # fmt: skip
    if problems:
        raise InputError(problems)
    return first, site, count


def merged(first: I64, site: I64, weight: F64, kind: I64, keep: Flags) -> tuple[Cover, I64]:
    """Pairs of the sites kept (C), with rows of one kind and the same sites as one that weighs as much as all, and
    without rows of no weight or no site; and (D) the row that each became, -1 for none.
    """
    sites = len(keep)
    row = np.repeat(np.arange(len(weight)), np.diff(first))
    use = keep[site] & (weight[row] > 0)
    first, site = _starts(row[use], len(weight)), site[use]
    key = np.random.default_rng(_HASH_SEED).integers(0, 2**64, sites, dtype=np.uint64)
    number = hashes(first, site, key)
    alike = first_alike(first, site, kind, number, np.lexsort((kind, number)))
    alike[np.diff(first) == 0] = -1
    heads = np.unique(alike[alike >= 0])
    became = np.where(alike >= 0, np.searchsorted(heads, alike), -1)
    sums = np.bincount(became[became >= 0], weight[became >= 0], minlength=len(heads)).astype(np.float64)
    sizes = np.diff(first)[heads]
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int64)
    taken = np.repeat(first[heads] - starts[:-1], sizes) + np.arange(starts[-1])
    return Cover(starts, site[taken], *by_site(starts, site[taken], sites), sums), became


def limits_of(rules: SiteRules, count: int) -> Limits:
    """The rules as the kernels read them; count: open sites at most."""
    site = [np.asarray(g.sites, np.int64) for g in rules.groups]
    group = np.repeat(np.arange(len(site)), [len(s) for s in site]).astype(np.int64)
    member = np.concatenate([*site, np.zeros(0, np.int64)])
    return Limits(
        most_open=min(count, rules.sites),
        price=rules.price,
        budget=rules.budget,
        may=rules.usable,
        keep=rules.built,
        begin=_starts(np.sort(member), rules.sites),
        group=group[np.argsort(member, kind="stable")],
        least=np.array([g.least for g in rules.groups], np.int64),
        most=np.array([len(g.sites) if g.most is None else g.most for g in rules.groups], np.int64),
    )


def first_open(first: I64, site: I64, open_: Flags) -> I64:
    """(D) the first open site (C) of each row, -1 for none."""
    out = np.full(len(first) - 1, -1, np.int64)
    on = np.flatnonzero(open_[site])[::-1]
    row = np.repeat(np.arange(len(first) - 1), np.diff(first))
    out[row[on]] = site[on]
    return out


def _starts(key: I64, count: int) -> I64:
    return np.concatenate(([0], np.cumsum(np.bincount(key, minlength=count)))).astype(np.int64)
