"""What is asked about days of shared bikes, and the answer: who found no bike, and who found no place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from network import Edit, Scenario
from service.bike_schemas import BikeFlowIn
from service.models import Answer, Asked
from service.schemas import CityRef, Default

BikeDay = Literal["weekday", "weekend"]
BIKE_REPLAY_IS = (
    "Riders come at random, as many an hour as the flows say, the same ones in every row. They walk to the nearest "
    "point with a bike, and leave it at the nearest with a place near where they go, else beside a full one. Far from "
    "every point bikes are taken from the street and left there. Vans put bikes back to what points begin with."
)


class BikeReplayRequest(Asked):
    """Which points are to be put to the test, with how many bikes and vans, and for how long."""

    edits: list[Annotated[Edit, Field(discriminator="type")]] = Field(
        default=[], description="edits of a scenario, or of a plan; none for the city as it is"
    )
    name: str = Field(default="", description="name of the scenario; changes nothing")
    days: int = Field(default=100, ge=2, le=10_000, description="days in a row")
    seed: int = Field(default=0, ge=0, le=2**63 - 1, description="the same seed draws the same riders")
    day: BikeDay = "weekday"
    vans: int | None = Field(
        default=None, ge=0, le=1000, description="vans that put bikes back; null where all are put back"
    )
    van_hours: float | None = Field(
        default=None, gt=0, le=24, description="that each works before each hour of bike_sharing.balance_h; else the "
        "parameter bikes.shift_h"
    )  # fmt: skip
    fleet: int | None = Field(
        default=None, ge=0, le=10_000_000, description="bikes at points as the first day begins, where they lose the "
        "fewest riders; else those of the points"
    )  # fmt: skip
    flows: list[BikeFlowIn] = Field(
        default=[], max_length=20_000, description="bikes taken and left; else as the demand model has it"
    )
    saturation: bool = Field(default=False, description="whether to find how many bikes help; takes longer")

    @property
    def scenario(self) -> Scenario:
        return Scenario(edits=tuple(self.edits), name=self.name)


class ReplayedPoint(Answer):
    """A point, on the mean of a day."""

    id: str
    name: str
    spaces: int
    taken: float = Field(description="bikes a day")
    left: float = Field(description="bikes a day, also those beside it")
    lost: float = Field(description="riders a day whose nearest point it is and who find no bike at any")
    blocked: float = Field(description="riders a day who find no place at any and leave the bike beside it")
    empty_share: float = Field(description="of the days, those on which a rider finds no bike here")
    full_share: float = Field(description="of the days, those on which a rider finds no place here")
    held_share: float = Field(description="of the days, those on which neither happens")


class ReplayedHours(Answer):
    """By hour, a day."""

    wanted: list[float]
    lost: list[float]
    returned: list[float]
    blocked: list[float]


class ReplayedDays(Answer):
    """The points of the city or of the scenario, with vans or without, on the mean of a day."""

    points_of: Literal["city", "scenario"]
    vans: bool = Field(description="whether vans put bikes back")
    places: int
    fleet: int = Field(description="bikes at points as the first day begins")
    wanted: float = Field(description="riders who want a bike")
    out_of_reach: float = Field(description="of these, those far from every point, who ride a bike of the street")
    lost: float = Field(description="of these, those who find no bike within reach")
    lost_error: float = Field(description="standard error")
    from_further: float = Field(description="who find one, but not at the nearest point")
    returned: float = Field(description="rides that end")
    left_out_of_reach: float = Field(description="of these, those far from every point")
    blocked: float = Field(description="of these, those near full points: the bike stands beside one")
    blocked_error: float = Field(description="standard error")
    left_further: float = Field(description="who find a place, but not at the nearest point")
    outside: float = Field(description="bikes that stand beside full points, over the day")
    most_outside: float = Field(description="most at a time")
    moved: float = Field(description="bikes that vans put back")
    stops: float = Field(description="of vans")
    held_share: float | None = Field(description="mean over the points; null without points")
    hours: ReplayedHours
    points: list[ReplayedPoint]


class SaturationCurve(Answer):
    """Lost rides by the bikes that points begin with, the same riders each time."""

    fleets: list[int]
    lost: list[float] = Field(description="riders a day who find no bike, by fleet")
    blocked: list[float] = Field(description="riders a day who find no place, by fleet")
    places: int = Field(description="most bikes that points hold")
    helps_per_bike: float
    bikes: int = Field(description="from where one more bike saves fewer lost rides a day than helps_per_bike")


class BikeReplayAnswer(Answer):
    """Days of shared bikes in a city, without and with a scenario, without and with vans."""

    city: CityRef
    changed_digest: str
    scenario_digest: str
    days: int
    seed: int
    day: BikeDay
    vans: int | None
    van_hours: float
    fleet: int | None
    flows: str = Field(description="where they come from")
    rows: list[ReplayedDays]
    saturation: SaturationCurve | None = Field(description="of the scenario, else of the city; with vans")
    note: str = BIKE_REPLAY_IS
    defaults: list[Default]
    attribution: list[str]
