"""What uses that share a car park need together, when each needs most at another time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from network.demand.accumulation import profiles
from network.errors import InputError, Problem
from network.parking_rules import ParkingRules
from network.part import F64
from network.units import DAY_TYPES, LAND_USES, SLOT_H, SLOTS

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_WHOLE, _HALF = 100.0, 0.5


@dataclass(frozen=True, eq=False)
class Schedule:
    """How much of its own need each use (U) has in each band of time (B), in percent (U, B)."""

    bands: tuple[str, ...]
    uses: tuple[str, ...]
    percent: F64

    def __post_init__(self) -> None:
        if self.percent.shape != (len(self.uses), len(self.bands)) or not len(self.uses) * len(self.bands):
            what = f"has percentages of shape {self.percent.shape}, {len(self.uses)} uses, {len(self.bands)} bands"
            raise InputError(Problem("schedule", what, "a row is a use, a column a band"))
        if not np.isfinite(self.percent).all() or (self.percent < 0).any():
            raise InputError(Problem("schedule", "holds a percentage below nothing, or none"))


@dataclass(frozen=True, eq=False)
class SharedNeed:
    """Spaces that uses need together, and apart."""

    by_band: F64
    """(B) spaces, not rounded."""
    band: str
    """The first in which most are needed."""
    required: int
    unshared: int
    """What they need when nobody shares. Both are rounded as the published tables are, halves up."""

    @property
    def whole(self) -> F64:
        """(B) whole spaces."""
        return _rounded(self.by_band)

    @property
    def saving(self) -> int:
        """Spaces that need not be built."""
        return self.unshared - self.required


def _rounded(spaces: F64) -> F64:
    return np.floor(spaces + _HALF)


def shared_need(
    schedule: Schedule, need: Mapping[str, float], reserved: Mapping[str, float] | None = None
) -> SharedNeed:
    """Spaces for uses that need `need` (use -> spaces) apart: max over bands of sum(need * percent).

    `reserved` (use -> spaces) are for one use alone and leave the pool: they are needed in every band, and what their
    use needs of the pool is less by as many. Raises InputError naming uses the schedule has not, and numbers that
    cannot be.
    """
    own = dict(reserved or {})
    problems = [
        Problem(f"use {use!r}", "is not in the schedule", f"known: {', '.join(schedule.uses)}")
        for use in [*need, *(set(own) - set(need))]
        if use not in schedule.uses
    ]
    for what, numbers in (("need", need), ("reserved", own)):
        wrong = [use for use, spaces in numbers.items() if not 0 <= spaces < np.inf]
        problems += [Problem(f"{what} of {use!r}", f"is {numbers[use]:g}", "give a number of spaces") for use in wrong]
    more = [use for use in own if own[use] > need.get(use, 0.0)]
    problems += [
        Problem(
            f"reserved of {use!r}", f"are more than the {need.get(use, 0):g} it needs", "reserve no more than it needs"
        )
        for use in more
    ]
    if not need:
        problems.append(Problem("need", "names no use", f"known: {', '.join(schedule.uses)}"))
    if problems:
        raise InputError(problems)
    pool = np.array([need.get(use, 0.0) - own.get(use, 0.0) for use in schedule.uses])
    by_band = pool @ schedule.percent / _WHOLE + sum(own.values())
    most = int(by_band.argmax())
    together, apart = _rounded(np.array([by_band[most], sum(need.values())])).tolist()
    return SharedNeed(by_band, schedule.bands[most], int(together), int(apart))


def profile_schedule(rules: ParkingRules) -> Schedule:
    """The land uses by month, day type and half-hour (12 * 3 * 48 bands), over each one's own peak of the year."""
    cars = rules.month_factor[:, :, None, None] * profiles(rules)[:, None]
    most = cars.max(axis=(1, 2, 3), keepdims=True)
    percent = _WHOLE * np.divide(cars, most, out=np.zeros_like(cars), where=most > 0)
    clock = [f"{int(at)}:{int(at % 1 * 60):02}" for at in (np.arange(SLOTS) * SLOT_H).tolist()]
    bands = tuple(f"{month}, {day} {time}" for month in MONTHS for day in DAY_TYPES for time in clock)
    return Schedule(bands, LAND_USES, percent.reshape(len(LAND_USES), -1))
