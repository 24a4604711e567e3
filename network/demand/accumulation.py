"""How full lots are through the day: of a land use where nobody counted."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from network.parking_rules import ParkingRules
from network.part import F64, I32
from network.units import SLOT_H, SLOTS


@dataclass(frozen=True, eq=False)
class OwnCars:
    """Cars of the owners' at lots (L) by day type and half-hour (L, 3, 48)."""

    mean: F64
    sd: F64
    high: F64
    """The parking.quantile."""
    arrivals: F64
    """In the half-hour, on the mean."""


def profiles(rules: ParkingRules) -> F64:
    """(7, 3, 48) the owner's cars over their peak on a weekday, by land use, day type and half-hour."""
    at = np.arange(SLOTS) * SLOT_H
    weekday = np.stack([np.interp(at, rules.profile_h, share, period=SLOTS * SLOT_H) for share in rules.profile_share])
    return np.asarray(weekday[:, None, :] * rules.day_factor[:, :, None])


def usual_cars(rules: ParkingRules, use: I32, spaces: I32, month: int | None = None) -> OwnCars:
    """What lots (L) of a land use and size hold in a month (0 is January), else in their busiest, where nobody counted.

    quantile = mean + z sd, of `usual_sd`; arrivals as `came` has them. No lot holds more than its spaces.
    """
    by_month = rules.month_factor
    factor: F64 = by_month.max(axis=1) if month is None else by_month[:, month]
    most = factor * rules.peak_share
    share = np.minimum(profiles(rules)[use] * most[use][:, None, None], 1.0)
    mean: F64 = share * spaces[:, None, None]
    sd = usual_sd(rules, mean, spaces[:, None, None])
    high = np.minimum(mean + NormalDist().inv_cdf(float(rules.quantile)) * sd, spaces[:, None, None])
    return OwnCars(mean, sd, high, came(mean, rules.dwell_h[use][:, None, None]))


def usual_sd(rules: ParkingRules, mean: F64, spaces: I32 | int) -> F64:
    """max(sqrt(mean), sd_share * spaces) where there are cars at all."""
    return np.where(mean > 0, np.maximum(np.sqrt(mean), float(rules.sd_share) * spaces), 0.0)


def came(mean: F64, dwell_h: F64 | float) -> F64:
    """Cars that arrive in each half-hour (..., 48) of a day on which `mean` stand there and each stays `dwell_h`.

    What the number rises by, and what replaces cars that leave: as many, in proportion to those there, that the cars of
    the day stay so long (Little 1961, 10.1287/opre.9.3.383).
    """
    rise = np.maximum(np.roll(mean, -1, axis=-1) - mean, 0.0)
    there = mean.sum(axis=-1, keepdims=True)
    replaced = np.maximum(there * SLOT_H / dwell_h - rise.sum(axis=-1, keepdims=True), 0.0)
    return np.asarray(rise + mean * replaced / np.maximum(there, np.finfo(float).tiny))
