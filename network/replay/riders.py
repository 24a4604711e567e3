"""Days of shared bikes, one after another: riders that are drawn, and what points and vans make of them.

What riders want on a day is drawn from (seed, type of day, number of the day) alone: other points, more bikes or more
vans change who finds one, and no rider.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from network.bike_sharing_rules import BikeSharingRules
from network.demand.bike_flows import BikeFlows
from network.kernels.replay_bikes import ride_day
from network.part import F64, I64
from network.units import HOURS

RIDE_COUNTS: Final = (
    "wanted", "out_of_reach", "lost", "from_further", "returned", "left_out_of_reach", "blocked", "left_further"
)  # fmt: skip
"""Riders who want a bike: far from every point, who find none, at a further point than the nearest; rides that end:
far from every point, at full points, at a further point than the nearest."""
POINT_COUNTS: Final = ("taken", "no_bike", "lost", "left", "no_place", "blocked")
"""Of a point: bikes taken, riders who found none, whose nearest it was and who found none anywhere; bikes left, riders
who found no place, and who left theirs beside it."""
_NO_BIKE, _NO_PLACE = 1, 4
_OUTSIDE_MIN, _MOST_OUTSIDE, _MOVED, _STOPS = range(4)
_BATCHES = 20
"""Runs of days in a row whose means tell the standard error: days without vans are no strangers to each other."""
_MIN_PER_H = 60.0
_MIN_PER_DAY = _MIN_PER_H * HOURS


@dataclass(frozen=True, eq=False, kw_only=True)
class BikeReplay:
    """Days in a row at Q points, on the mean of a day."""

    days: int
    fleet: int
    """Bikes at points as the first day begins."""
    counts: F64
    """(8, 24) of RIDE_COUNTS by hour."""
    error: F64
    """(8) standard error of their sums over the hours."""
    points: F64
    """(6, Q) of POINT_COUNTS."""
    empty_share: F64
    full_share: F64
    held_share: F64
    """(Q) of the days, those on which a rider found no bike, no place, and neither."""
    outside: F64
    """Bikes that stand beside full points: over the day, and most at a time."""
    moved: float
    """Bikes that vans put back."""
    stops: float

    def a_day(self, name: str) -> float:
        """Sum over the hours of one of RIDE_COUNTS."""
        return float(self.counts[RIDE_COUNTS.index(name)].sum())

    @property
    def held(self) -> float:
        """Share of the points and days that found no rider without; NaN without points."""
        return float(self.held_share.mean()) if len(self.held_share) else float("nan")


class Case(NamedTuple):
    """Points (Q) and who puts them back, for the kernel."""

    first: I64
    point: I64
    spaces: I64
    start: I64
    vans: F64


class _Day(NamedTuple):
    """Riders (N): minutes since the day began, and places where they want a bike and leave it."""

    at: F64
    start: I64
    end: I64


def run_days(
    rules: BikeSharingRules, flows: BikeFlows, cases: Sequence[Case], *, days: int, seed: int, kind: int,
    told: Callable[[int, int], None] | None = None,
) -> list[BikeReplay]:  # fmt: skip
    """Each case through the same riders; `told` hears of days done and of all."""
    ride_min, hours = float(rules.ride_min), rules.balance_h
    moments = np.append(hours[1:] - hours[0], HOURS) * _MIN_PER_H
    sums = [_Sums(case, days) for case in cases]
    for d, drawn in enumerate(_drawn(rules, flows, kind, days, seed)):
        for case, mine in zip(cases, sums, strict=True):
            how = case.start, *drawn, ride_min, int(hours[0]), moments, case.vans
            mine.add(d, *ride_day(case.first, case.point, case.spaces, mine.stock, *how))
        if told:
            told(d + 1, days)
    return [mine.told() for mine in sums]


class _Sums:
    """What happened so far in a case."""

    def __init__(self, case: Case, days: int) -> None:
        q = len(case.spaces)
        self.stock, self.fleet = case.start.copy(), int(case.start.sum())
        self.by_hour, self.a_day = np.zeros((len(RIDE_COUNTS), HOURS)), np.zeros((days, len(RIDE_COUNTS)))
        self.points, self.shut, self.sums = np.zeros((len(POINT_COUNTS), q)), np.zeros((3, q)), np.zeros((days, 4))

    def add(self, d: int, counts: I64, seen: I64, sums: F64) -> None:
        self.by_hour += counts
        self.a_day[d] = counts.sum(axis=1)
        self.points += seen
        empty, full = seen[_NO_BIKE] > 0, seen[_NO_PLACE] > 0
        self.shut += empty, full, ~(empty | full)
        self.sums[d] = sums[:4]

    def told(self) -> BikeReplay:
        days, sums = len(self.a_day), self.sums
        empty, full, held = self.shut / days
        means = np.array([part.mean(axis=0) for part in np.array_split(self.a_day, min(days, _BATCHES))])
        return BikeReplay(
            days=days,
            fleet=self.fleet,
            counts=self.by_hour / days,
            error=means.std(axis=0, ddof=1) / np.sqrt(len(means)),
            points=self.points / days,
            empty_share=empty,
            full_share=full,
            held_share=held,
            outside=np.array([sums[:, _OUTSIDE_MIN].mean() / _MIN_PER_DAY, sums[:, _MOST_OUTSIDE].mean()]),
            moved=float(sums[:, _MOVED].mean()),
            stops=float(sums[:, _STOPS].mean()),
        )


def _drawn(rules: BikeSharingRules, flows: BikeFlows, kind: int, days: int, seed: int) -> Iterator[_Day]:
    """The riders of each day, from the first hour of balance_h on."""
    first_hour, ride_min = int(rules.balance_h[0]), float(rules.ride_min)
    gone, come = (np.roll(x[kind].T, -first_hour, axis=0) for x in (flows.pickups, flows.returns))
    come = np.where(come.any(axis=1, keepdims=True), come, come.sum(axis=0))  # an hour that nothing is known of
    start, end, rate = _edges(gone), _edges(come), gone.sum(axis=1)
    for d in range(days):
        draw = np.random.default_rng([seed, kind, d])
        hour = np.repeat(np.arange(HOURS), draw.poisson(rate))
        of_hour, from_, to = draw.random((3, len(hour)))
        at = np.sort((hour + of_hour) * _MIN_PER_H)
        left = ((at + ride_min) / _MIN_PER_H).astype(np.int64) % HOURS
        yield _Day(at, _places(start, hour, from_), _places(end, left, to))


def _edges(weight: F64) -> F64:
    """(24 I) hour and share of the places until each, rising; at an hour's last place the next hour begins."""
    share = np.cumsum(weight, axis=1)
    share = np.divide(share, share[:, -1:], out=np.ones_like(share), where=share[:, -1:] > 0)
    return np.asarray((share + np.arange(HOURS)[:, None]).ravel())


def _places(edges: F64, hour: I64, chance: F64) -> I64:
    """(N) places of hours (N): the first whose edge is beyond what was drawn."""
    drawn = np.minimum(hour + chance, np.nextafter(hour + 1.0, 0.0))
    return np.asarray(np.searchsorted(edges, drawn, side="right") % (len(edges) // HOURS), np.int64)
