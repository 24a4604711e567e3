"""Electric vehicles by segment: how many, how far they go, where they take up energy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Part, Spec, Text
from network.units import ENERGY_USES, SEGMENTS

_F = len(SEGMENTS)
_SUM = 1e-6


@dataclass(frozen=True, eq=False, kw_only=True)
class Fleet(Part):
    """Electric vehicles by segment, as in units.SEGMENTS."""

    id: Annotated[Text, Spec("U", (_F,))]
    stock_year: Annotated[I32, Spec("i4", ())]
    """Year that the stock and the electric shares of the zones speak of."""
    per_1000_residents: Annotated[F64, Spec("f8", (_F,), 0)]
    """Electric vehicles in that year; 0 for private cars, which are counted by zone."""
    adoption_year: Annotated[I32, Spec("i4", (2,))]
    adoption_share: Annotated[F64, Spec("f8", (2, _F), 1e-4, 1)]
    """Electric share of each segment in two years: the path is the logistic curve through them."""
    adoption_most: Annotated[F64, Spec("f8", (_F,), 1e-4, 1)]
    """Share that the path approaches."""
    days_per_year: Annotated[F64, Spec("f8", (_F,), 0, 366)]
    km_per_day: Annotated[F64, Spec("f8", (_F,), 0)]
    kwh_per_km: Annotated[F64, Spec("f8", (_F,), 0)]
    charging_efficiency: Annotated[F64, Spec("f8", (_F,), 0.01, 1)]
    use_share: Annotated[F64, Spec("f8", (_F, len(ENERGY_USES)), 0, 1)]
    """Where each segment takes up its energy, by units.ENERGY_USES; what finds no pile at home goes to slow plugs."""
    vehicles_per_dedicated_pile: Annotated[F64, Spec("f8", (_F,), 0)]
    """Vehicles that share a pile in a depot; 0 for segments without."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.id.tolist() != list(SEGMENTS):
            raise InputError(Problem("Fleet.id", f"is {self.id.tolist()}", f"segments are {', '.join(SEGMENTS)}"))
        total = self.use_share.sum(axis=1)
        if (np.abs(total - 1.0) > _SUM).any():
            at = int(np.abs(total - 1.0).argmax())
            raise InputError(Problem(f"Fleet.use_share[{at}]", f"adds up to {total[at]:.3f}", "shares add up to 1"))
        early, late = self.adoption_year.tolist()
        if early >= late or (self.adoption_share >= self.adoption_most).any():
            hint = "give two years in order, and shares below adoption_most"
            raise InputError(Problem("Fleet.adoption_share", "has no curve through it", hint))
