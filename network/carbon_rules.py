"""What a kilometre by each mode sets free, and what the grid of the province does for a kilowatt-hour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import numpy as np

from network.errors import InputError, Problem
from network.part import F64, I32, Part, Spec, Text


@dataclass(frozen=True, eq=False, kw_only=True)
class CarbonRules(Part):
    """Factors of CO2. Fields are those of data/parameters/carbon.toml; of its grids, that of one province."""

    province: Annotated[Text, Spec("U", ())]
    grid_year: Annotated[I32, Spec("i4", ("Y",), 0)]
    """Years whose factor is known, ascending."""
    grid_kg_per_kwh: Annotated[F64, Spec("f8", ("Y",), 0)]
    car_kg_per_km: Annotated[F64, Spec("f8", (), 0)]
    """Of a petrol car per vehicle-km, tank to wheel."""
    ebike_kwh_per_km: Annotated[F64, Spec("f8", (), 0)]
    """Drawn from the grid, per vehicle-km; so all that follow."""
    bus_kwh_per_km: Annotated[F64, Spec("f8", (), 0)]
    bus_kg_per_km: Annotated[F64, Spec("f8", (), 0)]
    """Of a diesel bus per vehicle-km, tank to wheel."""
    bus_persons: Annotated[F64, Spec("f8", (), 0.1)]
    """Persons in a bus, on the mean of its kilometres."""
    bus_year: Annotated[I32, Spec("i4", ("A",), 0)]
    bus_electric_share: Annotated[F64, Spec("f8", ("A",), 0, 1)]
    """Share of the buses' kilometres that are electric in these years, ascending."""
    rail_kwh_per_km: Annotated[F64, Spec("f8", (), 0)]
    """Per passenger-km by metro, tram and rail."""
    bus_rail_bus_share: Annotated[F64, Spec("f8", (), 0, 1)]
    """Share of the way that journeys by bus and rail in one go by bus."""

    def __post_init__(self) -> None:
        super().__post_init__()
        problems = [
            Problem(f"CarbonRules.{name}", "is empty or does not ascend", "one entry a year, the earliest first")
            for name in ("grid_year", "bus_year")
            if not len(getattr(self, name)) or (np.diff(getattr(self, name)) <= 0).any()
        ]
        if problems:
            raise InputError(problems)

    def grid(self, year: int) -> tuple[float, int]:
        """Kg CO2 per kWh, and the year it is of: the latest known one up to `year`, else the first one."""
        at = max(int(np.searchsorted(self.grid_year, year, side="right")) - 1, 0)
        return float(self.grid_kg_per_kwh[at]), int(self.grid_year[at])

    def electric_buses(self, year: int) -> float:
        """Share of the buses' kilometres that are electric: straight between the years, level beyond them."""
        return float(np.interp(year, self.bus_year, self.bus_electric_share))
