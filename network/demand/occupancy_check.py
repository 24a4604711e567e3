"""What series of lots foretell of weeks that were not used, beside simpler guesses."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from network.demand.accumulation import usual_cars
from network.demand.occupancy import FEWEST, at_level, mean_of, measured_cars
from network.errors import InputError, Problem
from network.kernels.overflow import own_counts
from network.parking_rules import ParkingRules
from network.part import F64, I32, I64, Bools
from network.units import DAY_TYPES, SLOTS

GUESSES: Final = ("measured", "plain", "normal", "last_week", "land_use")
"""`measured_cars`; the quantile of the half-hour's readings; mean + z sd; the same day a week before; no counts."""
_WEEK, _TYPES = 7, len(DAY_TYPES)


@dataclass(frozen=True, slots=True)
class Guess:
    """How well one way of guessing the quantile did, over all lots and half-hours."""

    how: str
    covered: float
    """Share of the readings at or below the guess; the level of the quantile is what it should be."""
    loss: float
    """Pinball loss over the spaces of the lot: the least it can be on the mean is reached by the true quantile."""
    error_cars: float
    error_share: float
    """Mean difference from the quantile of the weeks held out, in cars and over the spaces."""


@dataclass(frozen=True, slots=True)
class OccupancyCheck:
    """Days of one type."""

    day_type: str
    lots: int
    """That have days of the type on both sides."""
    learnt: int
    held: int
    """Days of the log on either side."""
    guesses: tuple[Guess, ...]
    beyond: float
    """Share of the readings above the cars that the mean and the deviation say are exceeded as rarely as
    rules.overflow_share.
    """
    beyond_error: float
    """Its standard error: days are drawn, lots and half-hours of one day are alike."""


def check_occupancy(
    day_type: I32, occupied: F64, spaces: I64, rules: ParkingRules, *, use: int, weeks: int = 2
) -> tuple[OccupancyCheck, ...]:
    """What the days before foretell of the last weeks, by day type, of lots (L) counted on consecutive days (L, N, 48).

    Lots of which FEWEST days of a type were not counted before are left out of it; types without lots are not there.
    Raises InputError where no lot is left.
    """
    full = np.flatnonzero((~np.isnan(occupied)).sum(axis=2).max(axis=0) > SLOTS // 2)
    end = int(full[-1]) + 1 if full.size else 0
    start = end - weeks * _WEEK
    cases = (_Case(t, day_type[: max(start, 0)], _held(day_type, t, start, end), rules, use) for t in range(_TYPES))
    out = tuple(check for case in cases if case.held.size and (check := _check(case, occupied, spaces)))
    if not out:
        what = f"leave {max(start, 0)} of {end} days to learn from, too few of each type"
        raise InputError(Problem("weeks held out", what, "hold out fewer weeks, or give a longer series"))
    return out


class _Case(NamedTuple):
    """Type of day, types of the days learnt from, positions of the days held out."""

    t: int
    day_type: I32
    held: I64
    rules: ParkingRules
    use: int


def _held(day_type: I32, t: int, start: int, end: int) -> I64:
    days = np.arange(max(start, 0), end)
    return days[day_type[days] == t] if start > 0 else days[:0]


def _check(case: _Case, occupied: F64, spaces: I64) -> OccupancyCheck | None:
    start, found, above, read = len(case.day_type), [], *np.zeros((2, len(case.held)))
    for cars, most in zip(occupied, spaces.tolist(), strict=True):
        learnt = (case.day_type == case.t) & ~np.isnan(cars[:start]).all(axis=1)
        if learnt.sum() >= FEWEST and not np.isnan(cars[case.held]).all():
            guesses = _guesses(case, cars, learnt, most)
            found.append(_scores(guesses, cars[case.held], float(case.rules.quantile), most))
            rare = _rare(case, cars[:start], most)
            above += (cars[case.held] > rare).sum(axis=1)
            read += (~np.isnan(cars[case.held])).sum(axis=1)
    if not found:
        return None
    sums = np.sum([lot[0] for lot in found], axis=0).tolist()
    readings, slots = sum(lot[1] for lot in found), sum(lot[2] for lot in found)
    rows = zip(GUESSES, sums, strict=True)
    scores = tuple(Guess(how, c / readings, p / readings, e / slots, r / slots) for how, (c, p, e, r) in rows)
    days = int((case.day_type == case.t).sum()), len(case.held)
    return OccupancyCheck(DAY_TYPES[case.t], len(found), *days, scores, *_share_of_days(above, read))


def _share_of_days(above: F64, read: F64) -> tuple[float, float]:
    """Share of readings (D) that are above, and its standard error between the days."""
    share, days = float(above.sum() / read.sum()), len(read)
    off = float(((above - share * read) ** 2).sum()) * days / max(days - 1, 1)
    return share, float(np.sqrt(off) / read.sum())


def _rare(case: _Case, cars: F64, spaces: int) -> I64:
    """(48) the cars that are exceeded as rarely as rules.overflow_share, by two moments alone."""
    found = measured_cars(case.day_type, cars, None, case.rules, use=case.use, spaces=spaces)
    upto = own_counts(found.mean[case.t], found.sd[case.t], spaces).cumsum(axis=1)
    return np.asarray((upto < 1.0 - float(case.rules.overflow_share)).sum(axis=1))


def _guesses(case: _Case, cars: F64, learnt: Bools, spaces: int) -> F64:
    """(5, n, 48) the quantile by GUESSES for the days held out."""
    start, level = len(case.day_type), float(case.rules.quantile)
    own, z, alike = cars[:start][learnt], NormalDist().inv_cdf(level), np.ones(int(learnt.sum()))
    mean = mean_of(own, alike)
    sd = np.sqrt(mean_of((own - mean) ** 2, alike) * len(own) / (len(own) - 1))
    before = case.held - _WEEK * ((case.held - start) // _WEEK + 1)
    measured = measured_cars(case.day_type, cars[:start], None, case.rules, use=case.use, spaces=spaces)
    usual = usual_cars(case.rules, np.array([case.use], np.int32), np.array([spaces], np.int32))
    rows = {
        "measured": measured.high[case.t],
        "plain": at_level(own, np.full(SLOTS, level)),
        "normal": np.minimum(mean + z * sd, spaces),
        "last_week": cars[before],
        "land_use": usual.high[0, case.t],
    }
    return np.stack([np.broadcast_to(rows[how], (len(case.held), SLOTS)) for how in GUESSES])


def _scores(guess: F64, came: F64, level: float, spaces: int) -> tuple[F64, int, int]:
    """(5, 4) sums of cover, loss, error and its share over a lot, its readings and its half-hours that were read.

    Only what every way has a guess of counts.
    """
    read = ~np.isnan(guess).any(axis=0) & ~np.isnan(came)
    over = came - guess
    loss = np.where(over > 0, level * over, (level - 1.0) * over) / spaces
    days, known = np.maximum(read.sum(axis=0), 1), read.any(axis=0)
    true = at_level(np.where(read, came, np.nan), np.minimum(level * (days + 1) / days, 1.0))
    told = np.where(read, guess, 0.0).sum(axis=1) / days
    error = np.where(known, np.abs(told - true), 0.0).sum(axis=1)
    cover = np.where(read, over <= 0, 0.0).sum(axis=(1, 2))
    sums = np.stack([cover, np.where(read, loss, 0.0).sum(axis=(1, 2)), error, error / spaces], axis=1)
    return sums, int(read.sum()), int(known.sum())
