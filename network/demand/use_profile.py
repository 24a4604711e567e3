"""What the series of a few lots say of all lots of their land use."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.demand.occupancy import FEWEST, mean_of, measured_cars
from network.errors import InputError, Problem
from network.parking_rules import ParkingRules
from network.part import F64, I32, I64, Bools
from network.units import DAY_TYPES, SLOT_H, SLOTS


@dataclass(frozen=True, eq=False)
class UseProfile:
    """A land use as `ParkingRules` has it."""

    lots: int
    share: F64
    """(3, 48) cars over spaces by day type and half-hour, the mean of the lots."""
    sd_share: float
    """Standard deviation between weekdays over the spaces, the mean of lots and half-hours."""
    peak_share: float
    profile_share: F64
    """(Q) at rules.profile_h."""
    day_factor: F64
    told: Bools
    """(3) day types that were counted; the others keep the factor they had."""
    few: Bools
    """(3) those of them that no lot has FEWEST days of: drawn to the others in the ratio they had."""


def use_profile(day_type: I32, occupied: F64, spaces: I64, rules: ParkingRules, *, use: int) -> UseProfile:
    """The profile of lots (L) counted on consecutive days (L, N, 48), NaN in gaps.

    Every lot counts alike, whatever its size. Raises InputError where no lot has FEWEST weekdays, or none ever filled.
    """
    shares, counted, pooled, spread = [], [], [], []
    for cars, most in zip(occupied, spaces.tolist(), strict=True):
        if most > 0 and not np.isnan(cars).all():
            found = measured_cars(day_type, cars, None, rules, use=use, spaces=most)
            if not found.pooled[0]:
                shares.append(found.mean / most)
                counted.append(found.days > 0)
                pooled.append(found.pooled)
                spread.append(float(np.nanmean(_deviation(cars[day_type == 0]))) / most)
    share = np.mean(shares, axis=0) if shares else np.zeros((len(DAY_TYPES), SLOTS))
    peak = float(share[0].max())
    if peak <= 0:
        hint = "give a longer series"
        raise InputError(Problem("occupancy", f"has no lot with cars on {FEWEST} weekdays", hint))
    factor = rules.day_factor[use].copy()
    told = np.any(counted, axis=0)
    for t in np.flatnonzero(told):
        lots = [one for one, known in zip(shares, counted, strict=True) if known[t]]
        factor[t] = sum(float(one[t].sum()) for one in lots) / sum(float(one[0].sum()) for one in lots)
    profile = np.interp(rules.profile_h, np.arange(SLOTS) * SLOT_H, share[0] / peak, period=SLOTS * SLOT_H)
    return UseProfile(
        len(shares), share, float(np.mean(spread)), peak, profile, factor, told, told & np.all(pooled, axis=0)
    )


def _deviation(cars: F64) -> F64:
    """(48) standard deviation between days (n, 48); NaN where nothing was read."""
    alike = np.ones(len(cars))
    return np.sqrt(mean_of((cars - mean_of(cars, alike)) ** 2, alike))
