"""How lots fill, who may share them, and what owners are promised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, Part, Spec
from network.units import DAY_TYPES, LAND_USES, PARKERS, SLOT_H, SLOTS

_D, _U, _G = len(DAY_TYPES), len(LAND_USES), len(PARKERS)
_MONTHS = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class ParkingRules(Part):
    """Fields are those of data/parameters/parking.toml; axes of seven, four and three are units.LAND_USES, PARKERS and
    DAY_TYPES.
    """

    days_per_year: Annotated[F64, Spec("f8", (_D,), 0, 366)]
    quantile: Annotated[F64, Spec("f8", (), 0.5, 0.9999)]
    """Of the owner's cars: in the half-hours of a window this many are left their spaces."""
    overflow_share: Annotated[F64, Spec("f8", (), 1e-6, 0.5)]
    """Most that the probability may be, in each half-hour after a window, that an owner's car finds no space."""
    late_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Probability that a car stays on after its window, each by itself."""
    late_h: Annotated[F64, Spec("f8", (), 0, 24)]
    """How long it may stay on."""
    sd_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Least standard deviation of the owner's cars over the spaces, where nobody counted."""
    peak_share: Annotated[F64, Spec("f8", (_U,), 0, 1)]
    """The owner's cars at their peak over the spaces, where nobody counted."""
    profile_h: Annotated[F64, Spec("f8", ("Q",), 0, 24)]
    profile_share: Annotated[F64, Spec("f8", (_U, "Q"), 0, 1)]
    """The owner's cars on a weekday at these hours over their own peak; in between along straight lines."""
    day_factor: Annotated[F64, Spec("f8", (_U, _D), 0, 10)]
    """Cars on a day of each type over those of a weekday."""
    month_factor: Annotated[F64, Spec("f8", (_U, _MONTHS), 0, 10)]
    """Cars in each month over those of the mean month."""
    dwell_h: Annotated[F64, Spec("f8", (_U,), 0.1, 48)]
    """How long the owner's cars stay, on the mean."""
    window_h: Annotated[F64, Spec("f8", (_G, 2), 0, 48)]
    """When who wants a space comes and goes; hours past 24 are of the next morning."""
    walk_m: Annotated[F64, Spec("f8", (_G,), 1)]
    """How far they walk."""
    wanted_share: Annotated[F64, Spec("f8", (_G,), 0, 1)]
    """Share of them who lack a space: of the cars at home, and of those that arrive by day."""
    wanted_factor: Annotated[F64, Spec("f8", (_G, _D), 0, 10)]
    """How many they are on a day of each type over a weekday."""
    weight: Annotated[F64, Spec("f8", (_G,), 0)]
    """What a space for one of them is worth against the others."""
    unmet_m: Annotated[F64, Spec("f8", (), 0)]
    """Walk that finding no space is as bad as."""
    fee_cny_per_h: Annotated[F64, Spec("f8", (_G,), 0)]
    owner_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Part of the fees that the owner keeps."""
    insurance_cny_per_space: Annotated[F64, Spec("f8", (), 0)]
    running_cny: Annotated[F64, Spec("f8", (), 0)]
    """Yearly cost of a shared space, and of a shared lot, to its owner."""
    subsidy_years: Annotated[F64, Spec("f8", (), 0, 50)]
    """Years for which what owners lose is made up from the budget."""
    first_tier_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the first-tier lots of use that open before any of the second."""

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = []
        start, end = self.window_h.T
        if (end <= start).any() or (end - start > SLOTS * SLOT_H).any():
            hint = "hours past 24 are of the next morning: 18 to 32 is from 18:00 to 08:00"
            problems.append(
                Problem("parking.window_h", "has a window that ends before it begins, or after a day", hint)
            )
        if (self.window_h % SLOT_H != 0).any():
            problems.append(Problem("parking.window_h", "has a time between two half-hours", "use whole half-hours"))
        if (np.diff(self.profile_h) <= 0).any():
            problems.append(Problem("parking.profile_h", "does not rise"))
        if problems:
            raise InputError(problems)

    @property
    def window(self) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
        """(4, 48) whether each group wants a space in a half-hour."""
        return np.stack([slots_between(start, end) for start, end in self.window_h.tolist()])


def slots_between(start_h: float, end_h: float) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """(48) half-hours from one time to a later one; those past 24 hours are the morning's."""
    inside = np.zeros(SLOTS, np.bool_)
    inside[np.arange(round(start_h / SLOT_H), round(end_h / SLOT_H)) % SLOTS] = True
    return inside
