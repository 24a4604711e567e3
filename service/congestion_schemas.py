"""The answer on congestion: how demand and traffic came to agree, and what the traffic is."""

from __future__ import annotations

from pydantic import Field

from service.models import Answer

NOT_IN_IT = (
    "Only cars and taxis with passengers between the zones of the city are on its streets: no through traffic and no "
    "other trips across the edge, no goods, no ways to park-and-ride. Buses are not delayed, distances by car stay "
    "those of the ways that are quickest without traffic."
)


class ConvergenceRow(Answer):
    """One assignment of a demand to the streets, and the demand at the times it causes."""

    round: int
    green_trip_share: float = Field(description="of the trips of residents, e-bikes counted")
    green_trip_share_change: float | None = Field(description="since the round before; null in the first")
    car_min: float = Field(description="mean time of car and taxi trips in the hours assigned")
    car_time_change: float | None = Field(description="as a share; null in the first round")
    demand_gap: float = Field(description="vehicles wanted at these times less those assigned, as a share")
    relative_gap: float = Field(description="of the traffic: what drivers could save, over what they spend")


class FullStreet(Answer):
    """A street at its fullest piece and direction; ways of one name are one street."""

    street: str
    name: str
    vehicles_per_h: float
    capacity_per_h: float


class PeriodTraffic(Answer):
    """Traffic in the hour assigned for a period."""

    period: str
    from_h: int = Field(description="hour of the day that is looked at")
    vehicles: float
    vehicle_h: float
    delay_h: float = Field(description="the part of vehicle_h that traffic adds")
    fullest: list[FullStreet]


class CongestedDay(Answer):
    """Rounds until demand and traffic agreed, and the traffic."""

    converged: bool
    convergence: list[ConvergenceRow]
    traffic: list[PeriodTraffic]


class Congestion(Answer):
    """The city as it is and as it would be, both with congestion."""

    base: CongestedDay
    changed: CongestedDay
    not_in_it: str = NOT_IN_IT
