"""What is asked about days at the plugs and in car parks, and the answers: who waited where and when."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from network import Edit, Scenario
from service.models import Answer, Asked
from service.schemas import CityRef, Default

Charger = Literal["slow", "fast", "ultra_fast"]
DayType = Literal["weekday", "weekend", "holiday"]

REPLAY_IS = (
    "Drivers come at random, as many an hour as the energy that plugs give asks for; nights run through. Late are "
    "those who wait longer than allowed at fast plugs, and those who find no slow plug free and drive on."
)
PARKING_REPLAY_IS = (
    "As many of an owner's cars stand in a car park at each half-hour as its counts or profile say, and others come at "
    "random; a day is busy or quiet as a whole. Every sharing car comes as its window begins and leaves as it ends, or "
    "is late. Every car takes a numbered space, or waits for one. The promise is of the half-hours after a window."
)


class ChargingReplayRequest(Asked):
    """What is to be put to the test, and for how long."""

    edits: list[Annotated[Edit, Field(discriminator="type")]] = Field(
        default=[], description="edits of a scenario, or of a plan; none for the city as it is"
    )
    name: str = Field(default="", description="name of the scenario; changes nothing")
    days: int = Field(
        default=200,
        ge=2,
        le=10_000,
        description="days drawn for each queue; more where its shares are close to the limit",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="the same seed draws the same days")
    energy_cv: float | None = Field(
        default=None,
        gt=0,
        le=10,
        description="standard deviation of the energy of a session over its mean, then lognormal; "
        "else times at a plug are exponential, as in the model",
    )

    @property
    def scenario(self) -> Scenario:
        return Scenario(edits=tuple(self.edits), name=self.name)


class ReplayedQueue(Answer):
    """The plugs of one class at one place."""

    place: str
    charger: Charger
    plugs: int
    days: int = Field(description="drawn for it")
    drivers: list[float] = Field(description="by hour: who came, on the mean of the days")
    late_share: list[float] = Field(description="by hour: of who comes, share that waits too long or drives on")
    error: list[float] = Field(description="by hour: standard error of that share")
    most_share: float = Field(description="that may be late: what is asked for and the tolerance")
    worst_hour: int = Field(description="in which the largest share is late")
    kept: bool = Field(description="whether no hour's share is above most_share")


class ChargingReplayAnswer(Answer):
    """Days at the plugs of a city."""

    city: CityRef
    changed_digest: str
    scenario_digest: str
    seed: int
    energy_cv: float | None
    wait_min: float = Field(description="who waits longer at a fast plug is late")
    tolerance: float = Field(description="part of each most_share: drawn days differ from the mean")
    drivers_per_day: float
    kept: bool = Field(description="whether every queue keeps its limit in every hour")
    queues: list[ReplayedQueue] = Field(description="those that anybody comes to, by place")
    note: str = REPLAY_IS
    defaults: list[Default]
    attribution: list[str]


class ParkingReplayRequest(Asked):
    """Which car parks are to be put to the test, and for how long."""

    edits: list[Annotated[Edit, Field(discriminator="type")]] = Field(
        default=[], description="edits of a scenario, or of a plan; none for the city as it is"
    )
    name: str = Field(default="", description="name of the scenario; changes nothing")
    days: int = Field(
        default=200,
        ge=2,
        le=10_000,
        description="days of each type drawn for each car park; more where its shares are close to what is promised",
    )
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="the same seed draws the same days")
    mixed: bool = Field(
        default=False,
        description="whether the owner's cars that leave in a half-hour do so among those that come; "
        "else they leave at its end, as in the model",
    )

    @property
    def scenario(self) -> Scenario:
        return Scenario(edits=tuple(self.edits), name=self.name)


class ReplayedLot(Answer):
    """A car park that shares spaces, on days of one type."""

    lot: str
    name: str
    day: DayType
    shared_spaces: int = Field(description="most that are open to others at a time")
    days: int = Field(description="drawn for it")
    share: list[float] = Field(
        description="by half-hour: of the days, share on which a car waited for a space; after a window at any time in "
        "the half-hour, in a window as it began"
    )
    error: list[float] = Field(description="by half-hour: standard error of that share")
    expected: list[float] = Field(description="by half-hour: the same by exact convolution")
    permit_share: list[float] = Field(
        description="by half-hour: of the days, share on which a sharing car waited for a space as it began"
    )
    after: list[int] = Field(description="half-hours that the promise is of: those after a window")
    worst_after: int | None = Field(description="half-hour of these with the largest share; null where there is none")
    any_share: float = Field(description="of the days, share on which a car waited in any half-hour after a window")
    most_share: float = Field(description="what is promised, and how far drawn days may be off")
    kept: bool = Field(description="whether no half-hour after a window has a share above most_share")


class ParkingReplayAnswer(Answer):
    """Days in the shared car parks of a city."""

    city: CityRef
    changed_digest: str
    scenario_digest: str
    seed: int
    mixed: bool
    promised: float = Field(description="most that the share may be after a window")
    standard_errors: float = Field(description="by which a share may be above it: drawn days differ")
    clashes: int = Field(description="times that two cars stood on one space: none")
    kept: bool = Field(description="whether every car park keeps its promise and no two cars stood on one space")
    lots: list[ReplayedLot] = Field(description="those that share spaces, by car park and type of day")
    note: str = PARKING_REPLAY_IS
    defaults: list[Default]
    attribution: list[str]
