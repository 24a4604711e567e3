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
    mean: F64
    sd: F64
    high: F64


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
    where that is more.
    Too few days of a type (FEWEST) are told by those of weekends and holidays together, or else by the type with most
    days, in the ratio of `rules.day_factor` of the land use. `arrivals` (N, 48) are of gate logs; without them they
    follow as `came` has it. Raises InputError where nothing was counted.
    """
    seen = ~np.isnan(occupied).all(axis=1)
    if not seen.any():
        raise InputError(Problem("occupancy", "holds no reading of the lot", "leave the lot out of the series"))
    days = np.bincount(day_type[seen], minlength=len(DAY_TYPES))
    mean, sd, high, came_in = (np.zeros((len(DAY_TYPES), SLOTS)) for _ in range(4))
    weight = 0.5 ** (np.arange(len(day_type))[::-1] / HALF_LIFE_DAYS)
    for t in range(len(DAY_TYPES)):
        types = _tellers(t, days)
        some = seen & np.isin(day_type, types)
        ratio = _ratio(rules.day_factor[use], t, types, days)
        told = _told(occupied[some], weight[some], rules, spaces)
        mean[t], sd[t], high[t] = (np.minimum(part * ratio, spaces) for part in told)
        if arrivals is None or np.isnan(arrivals[some]).all():
            came_in[t] = came(mean[t], float(rules.dwell_h[use]))
        else:
            came_in[t] = _filled(mean_of(arrivals[some], weight[some])) * ratio
    return MeasuredCars(mean, sd, high, came_in, days, days < FEWEST)


def _tellers(t: int, days: I64) -> list[int]:
    """The types whose days tell of type t."""
    off = [WEEKEND, HOLIDAY]
    if days[t] >= FEWEST:
        return [t]
    return off if t in off and days[off].sum() >= FEWEST else [int(days.argmax())]


def _ratio(factor: F64, t: int, types: list[int], days: I64) -> float:
    """Cars on a day of type t over those on the days that tell of it, as the land use has them."""
    base = float((factor[types] * days[types]).sum() / days[types].sum())
    return float(factor[t]) / base if types != [t] and base > 0 else 1.0


def _told(cars: F64, weight: F64, rules: ParkingRules, spaces: int) -> _Told:
    """Mean, deviation and quantile by half-hour (48) of days (n, 48) that count by `weight` (n)."""
    count = (~np.isnan(cars)).sum(axis=0)
    plain = _filled(mean_of(cars, np.ones(len(cars))))
    more = np.mean([np.roll(_filled(mean_of(cars, weight)) - plain, by) for by in AROUND], axis=0)
    mean = plain + np.maximum(more, 0.0).round(_DIGITS)
    square = np.nansum((cars - mean) ** 2, axis=0)
    sd = _filled(np.where(count > 1, np.sqrt(square / np.maximum(count - 1, 1)), np.nan), 0.0)
    high = np.maximum(_filled(_ranked(cars, float(rules.quantile))) + (mean - plain), mean)
    z = NormalDist().inv_cdf(float(rules.quantile))
    if len(cars) < FEWEST:
        sd = np.maximum(sd, usual_sd(rules, mean, spaces))
        high = np.maximum(high, mean + z * sd)
    return _Told(mean, np.maximum(sd, (high - mean) / z) if z > 0 else sd, high)


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
