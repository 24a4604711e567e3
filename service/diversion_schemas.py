"""The answer on which trips replaced which."""

from __future__ import annotations

from pydantic import Field

from service.models import Answer


class Replacement(Answer):
    """Trips a day that changed from one mode to another, and the CO2 they save."""

    before: str | None = Field(description="mode; null for trips that were not made between these zones")
    after: str | None = Field(description="mode; null for trips that are no longer made between these zones")
    trips_per_day: float
    tank_to_wheel_saved_kg: float
    with_electricity_saved_kg: float


class Replaced(Answer):
    """What the trips of modes that grew replaced, counted between the same zones and for the same purpose."""

    rows: list[Replacement] = Field(description="the most trips first")
    kept_trips_per_day: float = Field(description="trips that kept their mode")
    kept_tank_to_wheel_saved_kg: float = Field(description="what they save, by other ways and other factors")
    kept_with_electricity_saved_kg: float
    tank_to_wheel_saved_kg: float = Field(description="all together, the difference of the two days")
    with_electricity_saved_kg: float
