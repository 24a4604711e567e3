"""Rules on three rows of the choice of sets: of sets that hold two or more of three points, or a site and one of two
points, at most one is chosen (subset-row inequalities, Jepsen et al. 2008, doi 10.1287/opre.1070.0449).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from optimise.location.inputs import F64
from optimise.points.frame import Frame
from optimise.points.kernels.price import Cuts
from optimise.points.problem import Flags
from optimise.problem import I64

_BROKEN: Final = 0.02
_PAIR: Final = 0.1
"""Part of a set by which a rule has to be broken, and in which two points have to be together to begin one."""
_MOST_CUTS: Final = 1500
"""New rules at one time, the most broken first,"""
_MOST_OF_POINT: Final = 6
"""and of one point."""
_MOST_BITS: Final = 62

Triple = tuple[int, int, int]
"""Rows, rising: demand points, then sites, which are numbered on from them."""


def no_cuts(frame: Frame) -> Cuts:
    return cuts_of(frame, [])


def cuts_of(frame: Frame, triples: list[Triple]) -> Cuts:
    """The rules as the kernels want them."""
    near, demands = frame.near, frame.problem.demands
    at: list[tuple[int, int, int, int]] = []
    for c, triple in enumerate(triples):
        points = [row for row in triple if row < demands]
        own = {row - demands for row in triple if row >= demands}
        reach = [set(near.site[near.first[i] : near.first[i + 1]].tolist()) for i in points]
        for j in sorted(set().union(*reach)):
            begin, end = int(near.start[j]), int(near.start[j + 1])
            inside = [i for i, sites in zip(points, reach, strict=True) if j in sites]
            least = 1 if j in own else 2
            if len(inside) >= least and end - begin <= _MOST_BITS:
                mask = sum(1 << int(k) for k in np.searchsorted(near.point[begin:end], inside))
                at.append((j, mask, least, c))
    at.sort()
    columns = np.array(at, np.int64).reshape(-1, 4)
    first = np.append(0, np.cumsum(np.bincount(columns[:, 0], minlength=frame.problem.sites))).astype(np.int64)
    _, mask, least, cut = np.ascontiguousarray(columns.T)
    return Cuts(first, mask, least, cut, np.zeros(len(triples)), np.zeros(len(triples), np.int64))


def broken_triples(frame: Frame, taken: Flags, part: F64, known: Iterable[Triple]) -> list[Triple]:
    """Rules that sets chosen in part break most: taken (S, M) whom sites serve, part (S) of each."""
    rows = _together(frame, taken, part)
    both = rows @ rows.T
    pair = both.tocoo()
    firm = (pair.row < pair.col) & (pair.data > _PAIR) & (pair.data < 1.0 - _BROKEN)
    near: dict[int, set[int]] = {}
    for a, b in zip(pair.row[firm].tolist(), pair.col[firm].tolist(), strict=True):
        near.setdefault(a, set()).add(b)
    share = {(a, b): v for a, b, v in zip(pair.row[firm].tolist(), pair.col[firm].tolist(), pair.data[firm].tolist(),
                                          strict=True)}  # fmt: skip
    sets = {row: (rows.indices[a:b], rows.data[a:b] ** 2) for row, (a, b) in enumerate(zip(rows.indptr, rows.indptr[1:],
                                                                                         strict=False))}  # fmt: skip
    found, seen = [], set(known)
    for (a, b), both_in in share.items():
        for c in near.get(a, set()) & near.get(b, set()):
            total = both_in + share[a, c] + share[b, c]
            if total > 1.0 + _BROKEN and (a, b, c) not in seen:
                total -= 2.0 * _all_three(sets[a], sets[b][0], sets[c][0])
                if total > 1.0 + _BROKEN:
                    found.append((-total, (a, b, c)))
    return _spread(sorted(found))


def _together(frame: Frame, taken: Flags, part: F64) -> Any:
    """Rows by sets chosen in part, with the root of the part."""
    from scipy.sparse import csr_array, vstack

    p, near = frame.problem, frame.near
    stack, pair = np.nonzero(taken)
    key = stack * p.sites + frame.pair_site[pair]
    set_, column = np.unique(key, return_inverse=True)
    # one set a site and step; the same set of several steps is one
    shape = (p.demands, len(set_))
    points = csr_array((np.ones(len(pair)), (near.point[pair], column)), shape=shape)
    name = np.random.default_rng(0).integers(0, 2**40, p.demands) @ points + (set_ % p.sites) * 2.0**-20
    _, one, same = np.unique(name, return_index=True, return_inverse=True)
    weight = np.sqrt(np.bincount(same, part[set_ // p.sites]))
    site = csr_array((np.ones(len(one)), (set_[one] % p.sites, np.arange(len(one)))), shape=(p.sites, len(one)))
    return (vstack((points[:, one], site)) * weight[None]).tocsr()


def _all_three(one: tuple[I64, F64], second: I64, third: I64) -> float:
    columns, part = one
    return float(part[np.isin(columns, second) & np.isin(columns, third)].sum())


def _spread(found: list[tuple[float, Triple]]) -> list[Triple]:
    """The most broken, not too many of one row."""
    count: dict[int, int] = {}
    kept: list[Triple] = []
    for _, triple in found:
        if len(kept) < _MOST_CUTS and all(count.get(row, 0) < _MOST_OF_POINT for row in triple):
            kept.append(triple)
            for row in triple:
                count[row] = count.get(row, 0) + 1
    return kept
