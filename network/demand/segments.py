"""Whose shares were counted, and which modes as one: the segments that constants are calibrated for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.demand.calibration import target_shares
from network.errors import InputError, Problem
from network.part import F64
from network.units import PURPOSES, TRIP_MODES, VISITOR

ALL_RESIDENTS: Final = "residents"
"""Instead of a purpose: all purposes of residents together."""
RESIDENTS: Final = tuple(u for u in range(len(PURPOSES)) if u != VISITOR)


@dataclass(frozen=True, eq=False)
class Segment:
    """A purpose, or all residents, whose trips are shared out among modes and groups of modes (C)."""

    label: str
    purposes: tuple[int, ...]
    names: tuple[str, ...]
    """(C)"""
    modes: tuple[tuple[int, ...], ...]
    """(C)"""
    target: F64
    """(C) shares that were counted."""

    def counts(self, trips: F64) -> F64:
        """(C) of the trips (U, K)."""
        own = trips[list(self.purposes)].sum(axis=0)
        return np.array([own[list(modes)].sum() for modes in self.modes])

    def shares(self, trips: F64) -> F64:
        """(C) of the trips (U, K)."""
        own = self.counts(trips)
        return np.asarray(own / own.sum())

    def worst(self, trips: F64) -> float:
        """Largest error of a share."""
        return float(np.abs(self.shares(trips) - self.target).max())

    def shift(self, constant: F64, by: F64) -> None:
        """Adds `by` (C) to the constants (U, K), in place."""
        for modes, moved in zip(self.modes, by, strict=True):
            constant[np.ix_(self.purposes, modes)] += moved

    def from_reference(self, by: F64, trips: F64, reference: str) -> F64:
        """`by` (C) measured from the reference mode, which changes nothing; 0 for modes that no trip takes."""
        at = next(c for c, modes in enumerate(self.modes) if TRIP_MODES.index(reference) in modes)
        taken = self.counts(trips) > 0
        return np.where(taken, by - by[at], 0.0) if taken[at] else by


def segments_of(
    shares: Mapping[str, Mapping[str, float]], groups: Mapping[str, Sequence[str]], file: str
) -> list[Segment]:
    """One segment for each purpose of the shares, or one for ALL_RESIDENTS.

    Raises InputError with all that does not fit the model's purposes and modes, and sums that are not 1.
    """
    problems = list(_odd_groups(groups))
    if not shares:
        problems.append(Problem(file, "holds no shares", "give the columns mode and share"))
    if ALL_RESIDENTS in shares and len(shares) > 1:
        problems.append(Problem(file, f"has shares of {ALL_RESIDENTS} and of a purpose", "give the one or the other"))
    problems += [
        Problem(file, f"names an unknown purpose {purpose!r}", f"known: {', '.join((*PURPOSES, ALL_RESIDENTS))}")
        for purpose in shares
        if purpose not in {*PURPOSES, ALL_RESIDENTS}
    ]
    if problems:
        raise InputError(problems)
    grouped = {mode for modes in groups.values() for mode in modes}
    members = {mode: (mode,) for mode in TRIP_MODES if mode not in grouped} | {n: tuple(g) for n, g in groups.items()}
    modes = tuple(tuple(TRIP_MODES.index(mode) for mode in own) for own in members.values())
    segments = []
    for purpose, own in shares.items():
        who = RESIDENTS if purpose == ALL_RESIDENTS else (PURPOSES.index(purpose),)
        try:
            target = target_shares(own, [*members], f"{file}, {purpose}")
            segments.append(Segment(purpose, who, tuple(members), modes, target))
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return segments


def odd_with_city(segment: Segment, trips: F64, file: str) -> Iterator[Problem]:
    """Shares that no constants can give, by the trips (U, K) of the city as it is."""
    where, counts = f"{file}, {segment.label}", segment.counts(trips)
    if not counts.sum() > 0:
        yield Problem(where, "nobody in the city makes such trips", "leave the purpose out")
        return
    for name, wanted, share in zip(segment.names, segment.target, segment.shares(trips), strict=True):
        if wanted > 0 and not share > 0:
            what = f"the share of {name} is {wanted:.4g}, but no trip in the city can take it"
            yield Problem(where, what, "give the city the lines, racks or spaces it needs, or take the row out")
        elif share > 0 and not wanted > 0:
            what = f"the share of {name} is 0 or not told; the model gives it {share:.2g}, and no constant gives none"
            yield Problem(where, what, f"write a small share, or count it with others: --group both={name},...")


def _odd_groups(groups: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, modes in groups.items():
        where = f"group {name}"
        if name in TRIP_MODES:
            yield Problem(where, "has the name of a mode", "name it another way")
        if not modes:
            yield Problem(where, "holds no mode", f"known: {', '.join(TRIP_MODES)}")
        for mode in modes:
            if mode not in TRIP_MODES:
                yield Problem(where, f"names an unknown mode {mode!r}", f"known: {', '.join(TRIP_MODES)}")
            elif mode in taken:
                yield Problem(where, f"holds {mode}, which is in group {taken[mode]}", "a mode is in one group, once")
            taken.setdefault(mode, name)
