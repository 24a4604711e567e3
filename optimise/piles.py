"""The piles of a whole city by kind and district: whole numbers that add up, and that no district plan contradicts."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import floor
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

from network import InputError, Problem
from optimise.solver import Status

F64 = npt.NDArray[np.float64]

PILES: Final = ("private", "public", "dedicated")
PILES_ZH: Final = ("自用桩", "公共桩", "专用桩")
"""Kinds of piles: a car's own; for everybody; of fleets, in depots. A pile charges one vehicle at a time."""
_NAMED: Final = 8
"""Districts that a reason names."""
Kept = Literal["least", "most"]
Where = Callable[[int, str], str]


@dataclass(frozen=True, kw_only=True)
class District:
    """What the plan of a district says of each kind of piles, by PILES: at least so many, and at most."""

    name: str
    least: tuple[int, ...] = (0, 0, 0)
    most: tuple[int | None, ...] = (None, None, None)


@dataclass(frozen=True, kw_only=True)
class DistrictPiles:
    """Piles of a district, by PILES."""

    name: str
    piles: tuple[int, ...]
    proportional: tuple[float, ...]
    """What its weight alone would give it."""
    kept: tuple[Kept | None, ...]
    """Whether it has more than its share because its plan holds so many, or less because its plan allows no more."""


@dataclass(frozen=True, kw_only=True)
class PileSplit:
    """`districts` in the order given; none where `reasons` say why nothing fits."""

    totals: tuple[int, ...]
    districts: tuple[DistrictPiles, ...]
    status: Status
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class _Kind:
    """One kind of piles: a total, and the weights, least and most of the districts."""

    name: str
    total: int
    weight: list[Fraction]
    least: list[int]
    most: list[int | None]

    def at(self, level: Fraction) -> list[Fraction]:
        """Shares in proportion to the weights, but no less and no more than the district plans say."""
        return [
            max(Fraction(low), level * w if high is None else min(level * w, Fraction(high)))
            for w, low, high in zip(self.weight, self.least, self.most, strict=True)
        ]

    @property
    def takes(self) -> int | None:
        """Most that the districts can take; None without end. What has no weight takes no more than its plan holds."""
        tops = [high if w else low for w, low, high in zip(self.weight, self.least, self.most, strict=True)]
        return None if None in tops else sum(top for top in tops if top is not None)


def split_piles(districts: Sequence[District], weight: F64, totals: Sequence[int]) -> PileSplit:
    """Split each total over the districts in proportion to their weights (D, 3), as near as their plans let.

    Each kind by itself: shares rise with the weights until they add up to the total, none below the least and none
    above the most of its district (x = min(most, max(least, level * weight))); that makes the sum of (x - q)^2 / q
    smallest, q being what the weight alone would give. Then whole piles by the largest remainder (Hamilton), of equal
    ones the first. Exact arithmetic: same input, same piles. Balinski, Young: Fair Representation, 2nd ed., 2001,
    ISBN 0-8157-0111-X.

    Raises InputError by row for what no plan can mean; plans that do not fit the total are "infeasible".
    """
    problems = district_problems(districts) + _number_problems(districts, weight, totals)
    if problems:
        raise InputError(problems)
    kinds = [
        _Kind(
            f"{name} piles {PILES_ZH[k]}",
            int(totals[k]),
            [Fraction(w) for w in weight[:, k].tolist()],
            [d.least[k] for d in districts],
            [d.most[k] for d in districts],
        )
        for k, name in enumerate(PILES)
    ]
    names = [d.name for d in districts]
    reasons = tuple(reason for kind in kinds if (reason := _conflict(kind, names)))
    rows = () if reasons else _rows(kinds, names)
    return PileSplit(
        totals=tuple(map(int, totals)), districts=rows, status="infeasible" if reasons else "optimal", reasons=reasons
    )


def district_problems(districts: Sequence[District], where: Where | None = None) -> list[Problem]:
    """What is wrong with names, least and most; `where` names row and column."""
    at = where or (lambda row, column: f"districts[{row}].{column}")
    out, seen = [], dict[str, int]()
    for i, district in enumerate(districts):
        if not district.name.strip():
            out.append(Problem(at(i, "name"), "is empty", "name the district"))
        elif district.name in seen:
            out.append(Problem(at(i, "name"), f"{district.name!r} stands before already", "give each district once"))
        seen.setdefault(district.name, i)
        for kind, low, high in zip(PILES, district.least, district.most, strict=True):
            if low < 0:
                out.append(Problem(at(i, f"least_{kind}"), f"is {low}", "piles are 0 or more"))
            if high is not None and high < low:
                hint = f"raise most_{kind} or lower least_{kind}"
                out.append(Problem(at(i, f"most_{kind}"), f"{high:,} is below the {low:,} the district plans", hint))
    return out


def _number_problems(districts: Sequence[District], weight: F64, totals: Sequence[int]) -> list[Problem]:
    if not districts:
        return [Problem("districts", "there is none", "give at least one")]
    if weight.shape != (len(districts), len(PILES)):
        return [Problem("weight", f"has shape {weight.shape}", f"needs {len(districts)} rows of {len(PILES)}")]
    wrong = np.argwhere(~(np.isfinite(weight) & (weight >= 0)))
    out = [
        Problem(f"weight[{i}], {PILES[k]}", f"is {weight[i, k]:g}", "weights are 0 or more")
        for i, k in wrong.tolist()
    ]  # fmt: skip
    pairs = zip(PILES, totals, strict=True)
    return out + [Problem(f"total, {kind}", f"is {n}", "piles are 0 or more") for kind, n in pairs if n < 0]


def _conflict(kind: _Kind, names: Sequence[str]) -> str | None:
    """Why a total does not fit the district plans, and which would."""
    held, takes = sum(kind.least), kind.takes
    if held > kind.total:
        return (
            f"{kind.name}: district plans hold {held:,} ({_named(names, kind.least)}), {held - kind.total:,} more than "
            f"the {kind.total:,} of the city; a total of {held:,} would fit"
        )
    if takes is None or takes >= kind.total:
        return None
    limits = [(n, high) for n, w, high in zip(names, kind.weight, kind.most, strict=True) if w and high is not None]
    idle = [n for n, w in zip(names, kind.weight, strict=True) if not w]
    why = [f"limits are {_few([f'{name} {high:,}' for name, high in limits])}"] if limits else []
    why += [f"nothing asks for any in {_few(idle)}"] if idle else []
    return (
        f"{kind.name}: the districts take {takes:,} at most, {kind.total - takes:,} fewer than the {kind.total:,} of "
        f"the city: {'; '.join(why)}; a total of {takes:,} would fit" + (", or higher limits" if limits else "")
    )


def _named(names: Iterable[str], counts: Iterable[int]) -> str:
    return _few([f"{name} {count:,}" for name, count in zip(names, counts, strict=True) if count])


def _few(names: list[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")


def _rows(kinds: Sequence[_Kind], names: Sequence[str]) -> tuple[DistrictPiles, ...]:
    shares = [_shares(kind) for kind in kinds]
    whole = [_whole(row) for row in shares]
    fair = [_proportional(kind) for kind in kinds]
    return tuple(
        DistrictPiles(
            name=name,
            piles=tuple(row[i] for row in whole),
            proportional=tuple(float(row[i]) for row in fair),
            kept=tuple(_kept(kind, i, shares[k][i], fair[k][i]) for k, kind in enumerate(kinds)),
        )
        for i, name in enumerate(names)
    )


def _shares(kind: _Kind) -> list[Fraction]:
    """Shares that add up to the total, which lies between what districts hold and what they take."""
    bounds = zip(kind.weight, kind.least, kind.most, strict=True)
    turns = sorted({Fraction(0), *(b / w for w, *both in bounds if w for b in both if b is not None)})
    k = bisect_left(turns, Fraction(kind.total), key=lambda level: sum(kind.at(level), Fraction(0)))
    if k == 0:
        return kind.at(turns[0])
    below = turns[k - 1]
    # beyond that level these rise, and none reaches a bound before the next
    rising = [
        w
        for w, low, high in zip(kind.weight, kind.least, kind.most, strict=True)
        if w and low <= below * w and (high is None or below * w < high)
    ]
    return kind.at(below + (kind.total - sum(kind.at(below))) / sum(rising, Fraction(0)))


def _whole(shares: list[Fraction]) -> list[int]:
    """Whole numbers with the same sum: rounded down, and one more where most is left."""
    out = [floor(share) for share in shares]
    left = sum(shares, Fraction(0)) - sum(out)
    for i in sorted(range(len(out)), key=lambda i: out[i] - shares[i])[: int(left)]:
        out[i] += 1
    return out


def _proportional(kind: _Kind) -> list[Fraction]:
    weights = sum(kind.weight, Fraction(0))
    return [kind.total * w / weights if weights else Fraction(0) for w in kind.weight]


def _kept(kind: _Kind, i: int, share: Fraction, fair: Fraction) -> Kept | None:
    if share == kind.least[i] and share > fair:
        return "least"
    return "most" if share == kind.most[i] and share < fair else None
