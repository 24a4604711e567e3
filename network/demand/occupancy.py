"""How full a lot is, where somebody counted: what its series says of the days to come."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from statistics import NormalDist
from typing import Final, NamedTuple

import numpy as np

from network.demand.accumulation import came, usual_sd
from network.errors import InputError, Problem
from network.parking_rules import ParkingRules
from network.part import F64, I32, I64, Bools
from network.units import DAY_TYPES, SLOTS

WEEKDAY, WEEKEND, HOLIDAY = range(3)
FEWEST: Final = 5
"""Days of a type below which it is told by days of other types."""
AROUND: Final = (-1, 0, 1)
"""A half-hour is foretold by its neighbours as well."""
HALF_LIFE_DAYS: Final = 7.0
"""Days after which a reading counts half in the mean of recent days. Both were chosen on weeks of 63 car parks:
benchmarks/occupancy_ways.py, docs/parking-profiles.md.
"""
_DIGITS: Final = 6
"""Recent days add less than this only because sums are rounded: a quantile of whole cars stays whole."""
_DAYS, _MONDAY, _SATURDAY = 7, 3, 5
"""1970 began three days after a Monday."""


@dataclass(frozen=True, eq=False)
class MeasuredCars:
    """Cars of one lot by day type and half-hour (3, 48), as `OwnCars` has them of many."""

    mean: F64
    sd: F64
    high: F64
    arrivals: F64
    days: I64
    """(3) days of each type with any reading."""
    pooled: Bools
    """(3) whether a type has too few of them and is told by other days."""


class _Told(NamedTuple):
    """By half-hour (48); `came` is NaN where no arrivals were counted."""

    mean: F64
    sd: F64
    high: F64
    came: F64


def day_types(days: I64, holidays: Collection[int] = (), worked: Collection[int] = ()) -> I32:
    """(N) positions in units.DAY_TYPES of days since 1970. `worked` are days of a weekend worked in exchange."""
    weekend = ((days + _MONDAY) % _DAYS >= _SATURDAY) & ~np.isin(days, list(worked))
    return np.where(np.isin(days, list(holidays)), HOLIDAY, weekend).astype(np.int32)


def measured_cars(
    day_type: I32, occupied: F64, arrivals: F64 | None, rules: ParkingRules, *, use: int, spaces: int
) -> MeasuredCars:
    """What a lot holds on days to come, from the cars on consecutive days (N, 48) of some types (N); NaN in gaps.

    The mean counts all days alike, or a day half as much as one a week later where that is more in a half-hour and its
    neighbours: a lot that empties is not believed to. The quantile is of the readings of those half-hours, at the rank
    q (n+1)/n at which the next of n+1 like days stays below it with probability q, plus what recent days add to the
    mean. The deviation is that of the days around the mean, or what a normal distribution needs to reach the quantile
    where that is more. Both are widened by what few days and few weeks leave open: `_reach`, `_of_weeks`.
    Too few days of a type (FEWEST) are drawn to another's in the ratio of `rules.day_factor` of the land use: those of
    weekends and holidays to each other, or else to the type with most days. `arrivals` (N, 48) are of gate logs;
    without them they follow as `came` has it. Raises InputError where nothing was counted.
    """
    seen = ~np.isnan(occupied).all(axis=1)
    if not seen.any():
        raise InputError(Problem("occupancy", "holds no reading of the lot", "leave the lot out of the series"))
    log = _Log(np.where(seen, day_type, -1), occupied, arrivals, rules, use, spaces)
    days = np.bincount(day_type[seen], minlength=len(DAY_TYPES))
    told = [_of_type(log, t, days) for t in range(len(DAY_TYPES))]
    mean, sd, high = (np.minimum([one[part] for one in told], spaces) for part in range(3))
    known, dwell_h = np.array([not np.isnan(one.came).any() for one in told]), float(rules.dwell_h[use])
    came_in = np.where(known[:, None], [one.came for one in told], came(mean, dwell_h))
    return MeasuredCars(mean, sd, high, came_in, days, days < FEWEST)


class _Log(NamedTuple):
    """Consecutive days (N) of a lot: type, -1 without readings, cars and arrivals (N, 48)."""

    day_type: I32
    cars: F64
    arrivals: F64 | None
    rules: ParkingRules
    use: int
    spaces: int


def _of_type(log: _Log, t: int, days: I64) -> _Told:
    """What days of type t will be, of which so many of each type were counted."""
    others = np.where(np.arange(len(days)) == t, 0, days)
    if days[t] >= FEWEST or not others.any():
        return _told(log, t)
    off = WEEKEND + HOLIDAY - t
    like = off if t in {WEEKEND, HOLIDAY} and days[off] >= FEWEST else int(others.argmax())
    factor = log.rules.day_factor[log.use]
    ratio = float(factor[t] / factor[like]) if factor[like] > 0 else 1.0
    base = _Told(*(part * ratio for part in _told(log, like)))
    return _drawn(_told(log, t), base, days[t] / (days[t] + FEWEST), log.rules) if days[t] else base


def _drawn(own: _Told, base: _Told, share: float, rules: ParkingRules) -> _Told:
    """A day that is as `own` with probability `share`, else as `base`."""
    mean, sd, high, came_in = (share * a + (1.0 - share) * b for a, b in zip(own, base, strict=True))
    apart = share * (1.0 - share) * (own.mean - base.mean) ** 2
    sd = np.sqrt(share * own.sd**2 + (1.0 - share) * base.sd**2 + apart)
    return _Told(mean, sd, np.maximum(high, mean + NormalDist().inv_cdf(float(rules.quantile)) * sd), came_in)


def _recent(ago: I64) -> F64:
    """What days so many days ago count in the mean of recent days."""
    return np.asarray(0.5 ** (ago / HALF_LIFE_DAYS))


def _told(log: _Log, t: int) -> _Told:
    """What the days of type t tell of days like them."""
    some, rules = log.day_type == t, log.rules
    cars, ago = log.cars[some], np.flatnonzero(some[::-1])[::-1]
    arrived = np.full(SLOTS, np.nan) if log.arrivals is None else mean_of(log.arrivals[some], _recent(ago))
    come = arrived if np.isnan(arrived).all() else _filled(arrived)
    count = (~np.isnan(cars)).sum(axis=0)
    plain = _filled(mean_of(cars, np.ones(len(cars))))
    more = np.mean([np.roll(_filled(mean_of(cars, _recent(ago))) - plain, by) for by in AROUND], axis=0)
    mean = plain + np.maximum(more, 0.0).round(_DIGITS)
    square = np.nansum((cars - mean) ** 2, axis=0)
    sd = _filled(np.where(count > 1, np.sqrt(square / np.maximum(count - 1, 1)), np.nan), 0.0)
    high = np.maximum(_filled(_ranked(cars, float(rules.quantile))) + (mean - plain), mean)
    z = NormalDist().inv_cdf(float(rules.quantile))
    if len(cars) < FEWEST:
        sd = np.maximum(sd, usual_sd(rules, mean, log.spaces))
        high = np.maximum(high, mean + z * sd)
    sd = np.maximum(sd, (high - mean) / z) if z > 0 else sd
    if len(cars) < FEWEST:
        return _Told(mean, sd, high, come)
    off, week, promise = cars - mean, ago // _DAYS, 1.0 - float(rules.overflow_share)
    high = mean + np.sqrt((high - mean) ** 2 + _of_weeks(off, week, float(rules.quantile)))
    far, z = sd**2 * _reach(len(cars), promise) + _of_weeks(off, week, promise), NormalDist().inv_cdf(promise)
    return _Told(mean, np.sqrt(far) / z if z > 0 else sd, high, come)


def _of_weeks(off: F64, week: I64, level: float) -> float:
    """What days (n, 48), `off` the mean in their weeks (n), do not show of the square that a quantile is off the mean:
    a lot's level is that of a whole week, and a few weeks tell of few levels. 0 of one week, which tells of none.
    """
    levels = [np.nanmean(off[week == w]) for w in np.unique(week)]
    if len(levels) == 1:
        return 0.0
    return float(np.var(levels, ddof=1)) * (_reach(len(levels), level) - NormalDist().inv_cdf(level) ** 2)


def _reach(count: int, level: float) -> float:
    """Square of the deviations by which the quantile of the next is above the mean of so many, both being theirs alone:
    (1 + 1/n) t^2 (Geisser 1993, Predictive Inference, 10.1201/9780203742310).
    """
    from scipy.special import stdtrit  # half a second, and most commands count nothing

    return float((1.0 + 1.0 / count) * stdtrit(count - 1, level) ** 2)


def mean_of(values: F64, weight: F64) -> F64:
    """(48) weighted mean of what was read; NaN where nothing was."""
    counts = np.where(np.isnan(values), 0.0, weight[:, None])
    total = counts.sum(axis=0)
    mean = np.full(values.shape[1], np.nan)
    np.divide((counts * np.nan_to_num(values)).sum(axis=0), total, out=mean, where=total > 0)
    return mean


def _ranked(cars: F64, level: float) -> F64:
    """(48) quantile for a day that is yet to come; NaN where nothing was read."""
    around = np.stack([np.roll(cars, by, axis=1) for by in AROUND])
    days = np.maximum((~np.isnan(around)).any(axis=0).sum(axis=0), 1)
    return at_level(around.reshape(-1, SLOTS), np.minimum(level * (days + 1) / days, 1.0))


def at_level(cars: F64, level: F64) -> F64:
    """(48) quantile of days (n, 48), each at its level, along straight lines in between; NaN where nothing was read."""
    last = np.maximum((~np.isnan(cars)).sum(axis=0) - 1, 0)
    ordered = np.sort(cars, axis=0)
    low = np.floor(level * last).astype(np.int64)
    below, above = (np.take_along_axis(ordered, row[None], axis=0)[0] for row in (low, np.minimum(low + 1, last)))
    return np.asarray(below + (level * last - low) * (above - below))


def _filled(values: F64, nothing: float | None = None) -> F64:
    """Half-hours without a value take it from their neighbours, round the day; `nothing` where there is none at all."""
    known = np.flatnonzero(~np.isnan(values))
    if not known.size and nothing is not None:
        return np.full(SLOTS, nothing)
    return np.interp(np.arange(SLOTS), known, values[known], period=SLOTS)
