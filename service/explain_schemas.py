"""What is asked about the reasons of a change, and the answers: effects by edit, and elasticities beside bands."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from network import Edit, Scenario
from service.green_schemas import Number
from service.models import Answer, Asked
from service.schemas import CityRef, Default

TripMode = Literal["walk", "cycle", "ebike", "bus", "rail", "bus_rail", "car", "taxi", "bike_ride", "park_ride"]
ShareMode = Literal[
    "green", "walk", "cycle", "ebike", "bus", "rail", "bus_rail", "car", "taxi", "bike_ride", "park_ride"
]
Purpose = Literal["home_work", "home_school", "home_other", "non_home", "visitor"]
Horizon = Literal["short", "long", "any"]
Verdict = Literal["inside", "weaker", "stronger"]

EFFECTS_ARE = (
    "In order: what each edit adds to those before it; these add up to the difference. Alone: what it would do without "
    "the others. Interaction: the difference beyond the sum of the effects alone. Without congestion."
)
ELASTICITIES_ARE = (
    "Per cent more trips by a mode per per cent more of a price or time. They are of the choice of mode: where people "
    "live, work and travel to, the cars they have and how full car parks and racks are stay. Bands of studies in which "
    "these move too are wider."
)


class ExplanationRequest(Asked):
    """Which edits are to be explained, and of which share."""

    edits: list[Annotated[Edit, Field(discriminator="type")]] = Field(
        default=[], description="edits of a scenario, in their order"
    )
    name: str = Field(default="", description="name of the scenario; changes nothing")
    zone: str | None = Field(
        default=None, description="id of a zone: shares of the trips that start there; else of all"
    )
    mode: ShareMode | None = Field(
        default=None, description="trip mode, or green for all but car and taxi; else each of them"
    )

    @property
    def scenario(self) -> Scenario:
        return Scenario(edits=tuple(self.edits), name=self.name)


class ElasticityRequest(BaseModel):
    """Whose elasticities are asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    zone: str | None = Field(default=None, description="id of a zone: trips that start there; else all")
    purpose: Purpose | None = Field(default=None, description="purpose of the trips; else all trips of residents")


class Effects(Answer):
    """How a figure got from what it is to what it becomes."""

    base: Number
    changed: Number
    difference: Number
    in_order: list[Number] = Field(description="by edit: what it adds to those before it")
    alone: list[Number] = Field(description="by edit: what it would do without the others; null where it needs them")
    interaction: Number = Field(description="the difference beyond the sum of the effects alone")


class ShareEffects(Effects):
    """Effects on the share of a mode among the trips of residents."""

    mode: ShareMode


class MetricEffects(Effects):
    """Effects on a figure of the whole city."""

    metric: str
    unit: str
    label_en: str
    label_zh: str


class ExplainedEdit(Answer):
    """An edit, as it was given."""

    edit: dict[str, Any]
    refused_alone: str = Field(description="why it cannot be made without those before it; empty where it can")


class ExplanationAnswer(Answer):
    """Which edit moved what by how much."""

    city: CityRef
    changed_digest: str
    scenario_digest: str
    zone: str | None
    edits: list[ExplainedEdit]
    shares: list[ShareEffects]
    metrics: list[MetricEffects]
    note: str = EFFECTS_ARE
    defaults: list[Default]
    attribution: list[str]


class ElasticityRow(Answer):
    """Elasticities with respect to a price or a time."""

    quantity: str
    label_en: str
    label_zh: str
    modes: list[TripMode] = Field(description="modes it is a part of; the others are their substitutes")
    own: Number = Field(description="of the trips by these modes together: never above 0")
    by_mode: dict[str, Number] = Field(
        description="of the trips by each mode; never below 0 for substitutes, either way for one of several own modes"
    )


class Band(Answer):
    """What studies found, a row of policy/elasticities.csv, and how the city compares."""

    id: str
    quantity: str
    modes: list[TripMode] = Field(description="whose trips are taken together")
    horizon: Horizon
    low: float
    high: float
    checked: bool = Field(description="whether the numbers were checked against the source")
    source: str
    value: Number
    verdict: Verdict | None


class ElasticityAnswer(Answer):
    """How trips by each mode answer to prices and times, beside what studies found."""

    city: CityRef
    zone: str | None
    purpose: Purpose | None = Field(description="whose trips; all of residents where null")
    rows: list[ElasticityRow]
    bands: list[Band]
    note: str = ELASTICITIES_ARE
    defaults: list[Default]
    attribution: list[str]
