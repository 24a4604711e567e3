"""What a plan for bus depots is asked with."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from optimise import GivenBlock
from service.models import Asked
from service.schemas import PlanRequest

Clock = Annotated[str, Field(pattern=r"^\d{1,2}:[0-5]\d$", max_length=5)]
_S_PER_MIN, _MIN_PER_H = 60, 60


class BlockIn(Asked):
    """What one bus does between leaving its depot and coming back."""

    id: str = Field(max_length=200)
    depot: str = Field(max_length=200, description="id of a place of the city, or any name")
    out: Clock = Field(description="when it leaves, as HH:MM; after midnight the hours go on past 24")
    back: Clock
    km: float = Field(gt=0, le=2000, description="the ways from and to the depot included")

    def given(self) -> GivenBlock:
        return GivenBlock(self.id, self.depot, _seconds(self.out), _seconds(self.back), self.km)


class DepotsRequest(PlanRequest):
    """Where electric buses spend the night, and what they do by day."""

    depots: list[str] = Field(
        default=[],
        max_length=1000,
        description="places, by id, that are depots; else all of the kinds buses.depot_kinds, or where there are none "
        "the ends of lines",
    )
    blocks: list[BlockIn] = Field(
        default=[], max_length=20_000, description="the work of each bus; else it follows from the timetable"
    )
    path: Literal["clean", "electric"] = Field(
        default="clean", description="which buses the path of the policy asks for: gas counts as clean, not as electric"
    )


def _seconds(clock: str) -> float:
    hours, minutes = clock.split(":")
    return float((int(hours) * _MIN_PER_H + int(minutes)) * _S_PER_MIN)
