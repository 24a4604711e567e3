"""What a plan of new parking spaces is asked with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimise import SpaceCandidate, SpaceWishes
from service.models import Asked
from service.schemas import PlanRequest

Money = Annotated[float, Field(ge=0, le=1e12)]
Name = Annotated[str, Field(max_length=200)]


class SpaceCandidateIn(Asked):
    """A place where spaces may be added."""

    id: str = Field(min_length=1, max_length=200)
    way: Literal["marking", "stacking", "viaduct", "estate", "garage"] = Field(
        description="lines at the kerb, lifts or decks on a lot, under a viaduct, within an estate, a new building"
    )
    most_spaces: int = Field(ge=1, le=100_000)
    name: Name = ""
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    lot: Name = Field(default="", description="lot, by id, that is made larger; lon and lat are then left out")
    supply_class: Literal["", "on_street", "off_street", "building"] = Field(
        default="", description="else that of the lot, or of the way"
    )
    cny_per_space: Money | None = Field(default=None, description="else new_spaces.space_cny of the way")
    open_cny: Money | None = Field(default=None, description="else new_spaces.open_cny of the way")
    conflict: Name = Field(default="", description="who else wants the land, such as greening or a fire lane")
    exclusive: Name = Field(default="", description="places with one word here exclude each other: one land, one use")
    taken_lot: Name = Field(default="", description="lot, by id, that loses spaces once this place is used")
    taken_spaces: int = Field(default=0, ge=0, le=100_000)


class SpacesRequest(PlanRequest):
    """Where parking spaces can be added, for which money, and how many cars they may draw."""

    objective: Literal["need", "cost"] = Field(
        default="need",
        description="let most cars find a space, or spend least to reach the targets on new_parking_spaces",
    )
    budget_cny: float | None = Field(default=None, ge=0.01, le=1e12, description="money in CNY; null for no limit")
    day: Literal["weekday", "weekend", "holiday"] = Field(default="weekday", description="day type whose need counts")
    conflicts: Literal["weighed", "never"] = Field(
        default="weighed",
        description="whether spaces on land that others want count less, by new_spaces.conflict_weight, or are left "
        "out",
    )
    most_extra_car_share: float | None = Field(
        default=None,
        ge=0,
        le=1,
        description="car trips that the plan may draw, over those there are; null for no limit",
    )
    candidates: list[SpaceCandidateIn] = Field(
        default=[], max_length=2000, description="places for spaces; else lots and kerbs, by new_spaces.toml"
    )

    def wishes(self) -> SpaceWishes:
        """The same as the solver knows it. Raises InputError for what contradicts itself."""
        return SpaceWishes(
            objective=self.objective,
            budget_cny=self.budget_cny,
            day=self.day,
            conflicts=self.conflicts,
            most_extra_car_share=self.most_extra_car_share,
            candidates=tuple(SpaceCandidate(**candidate.model_dump()) for candidate in self.candidates),
        )
