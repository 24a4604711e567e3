"""The factors of CO2 of a city: of the grids that parameters know, that of its province."""

from __future__ import annotations

from typing import Final

import numpy as np

from network.carbon_rules import CarbonRules
from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.part import specs

_OWN: Final = ("province", "grid_year", "grid_kg_per_kwh", "bus_year")


def carbon_rules(parameters: Parameters) -> CarbonRules:
    """The part. Raises InputError that names the provinces there are, or a table of grids that is not whole."""
    known, province = parameters.value("carbon.grid_province"), parameters.value("carbon.province")
    if province not in known:
        hint = f"use {', '.join(map(str, known))}, or add its row to carbon.toml"
        raise InputError(Problem("parameter carbon.province", f"is {province!r}", hint))
    factors, years = parameters.array("carbon.grid_kg_per_kwh"), parameters.array("carbon.grid_year")
    if factors.shape != (len(known), len(years)):
        what = f"has the shape {factors.shape}, not one row for each of {len(known)} provinces and {len(years)} years"
        raise InputError(
            Problem(
                "parameter carbon.grid_kg_per_kwh", what, "give one row for each province, one number for each year"
            )
        )
    numbers = {name: parameters.array(f"carbon.{name}") for name in specs(CarbonRules) if name not in _OWN}
    return CarbonRules(
        province=np.array(province, dtype=np.str_),
        grid_year=years.astype(np.int32),
        grid_kg_per_kwh=factors[known.index(province)],
        bus_year=parameters.array("carbon.bus_year").astype(np.int32),
        **numbers,
    )
