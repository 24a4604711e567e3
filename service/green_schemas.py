"""Answers on what is green and on CO2; figures that every answer may hold."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from service.models import Answer

Number = Annotated[float | None, AfterValidator(lambda x: x if x is None or math.isfinite(x) else None)]
"""A figure; null where it has no meaning."""


class GreenReading(Answer):
    """One definition of green trips, a row of policy/green_definitions.csv."""

    id: str
    official: bool = Field(description="whether it is the reading of the official wording; one definition is")
    label_en: str
    label_zh: str
    persons: Literal["residents", "all"]
    unit: Literal["trip", "stage"]
    source: str


class GreenShare(GreenReading):
    """The green-trip share by one definition."""

    value: Number


class GreenChange(GreenReading):
    """The green-trip share by one definition, before and after."""

    base: Number
    changed: Number
    difference: Number


class CarbonBasis(Answer):
    """What figures of CO2 rest on."""

    year: int = Field(description="year of the city's transit, whose factors are taken")
    province: str
    grid_kg_per_kwh: float
    grid_year: int = Field(description="year the factor of the grid is of")
    stands_in: bool = Field(description="whether that is another year than the city's")
    electric_bus_share: float
    tank_to_wheel: str = "co2_tank_to_wheel_t_per_day: what leaves vehicles; electricity counts 0"
    with_electricity: str = "co2_t_per_day, co2_kg_per_trip: the same and what the electricity drawn sets free"


class ModeCarbon(Answer):
    """CO2 of a day's trips by one mode. The whole trip counts: with park-and-ride the way by car and the ride."""

    mode: str
    tank_to_wheel_kg: float
    with_electricity_kg: float


class Carbon(Answer):
    """CO2 by mode, and what it rests on."""

    basis: CarbonBasis
    modes: list[ModeCarbon]
