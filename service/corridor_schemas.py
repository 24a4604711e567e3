"""What a corridor is asked with: its tables as lists, the vehicles, and the limits of a plan."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import ConfigDict, Field

from optimise import CorridorFlow, CorridorLink, CorridorNode, CorridorVehicle
from service.models import Asked

MOST_NODES: Final = 500
MOST_LINKS: Final = 1500
MOST_FLOWS: Final = 1000
MOST_VEHICLES: Final = 20
"""Rows of a request; `luxing corridors` takes any number."""
Kind = Literal["city", "service_area", "junction"]
DEFAULT_KINDS: Final[tuple[Kind, ...]] = ("service_area",)
Text = Annotated[str, Field(max_length=200)]


class _Asked(Asked):
    model_config = ConfigDict(populate_by_name=True)


class NodeIn(_Asked):
    """A city, a service area (both sides of the motorway) or a junction."""

    id: Text
    lon: float = Field(description="WGS-84 degrees")
    lat: float = Field(description="WGS-84 degrees")
    kind: Kind
    name: Text = ""
    plugs: int = Field(0, ge=0, description="ultra-fast plugs there now")
    open_cny: float | None = Field(None, description="cost before the first plug; else corridors.open_cny")
    grid_kw: float | None = Field(None, description="power there; else no limit")

    def row(self) -> CorridorNode:
        return CorridorNode(**self.model_dump())


class LinkIn(_Asked):
    """A road, driven both ways."""

    start: Text = Field(alias="from", description="id of a node")
    end: Text = Field(alias="to", description="id of a node")
    length_km: float

    def row(self) -> CorridorLink:
        return CorridorLink(**self.model_dump())


class FlowIn(_Asked):
    """Electric vehicles that set out on a day; each comes back the same way."""

    origin: Text
    destination: Text
    vehicles_per_day: float

    def row(self) -> CorridorFlow:
        return CorridorFlow(**self.model_dump())


class VehicleIn(_Asked):
    """A segment of the vehicles."""

    segment: Text
    share: float
    range_km: float = Field(description="on a full battery, at a mild temperature")
    kwh_per_km: float

    def row(self) -> CorridorVehicle:
        return CorridorVehicle(**self.model_dump())


class CorridorLimits(_Asked):
    """How much may be built, and for what day. One of sites and budget_cny is needed."""

    sites: int | None = Field(None, ge=0, description="new stations at most")
    budget_cny: float | None = Field(None, ge=0, description="money for new stations with their plugs")
    temperature_c: float | None = Field(None, ge=-60, le=60, description="of the cold day; else corridors.winter_c")
    usable_share: float | None = Field(None, gt=0, le=1, description="of the range; else corridors.usable_share")
    kinds: tuple[Kind, ...] = Field(DEFAULT_KINDS, description="kinds of nodes that may get a station", strict=False)
    every_trip: bool = Field(
        False,
        description="short trips, which come home on half a battery, need a station too",
    )
    seed: int = Field(0, ge=0, lt=2**31)

    def options(self) -> dict[str, Any]:
        """Arguments of `propose_corridor`."""
        return self.model_dump(exclude={"usable_share", "nodes", "links", "flows", "vehicles"})


class CorridorRequest(CorridorLimits):
    """A corridor and what may be built on it."""

    nodes: list[NodeIn] = Field(max_length=MOST_NODES)
    links: list[LinkIn] = Field(max_length=MOST_LINKS)
    flows: list[FlowIn] = Field(max_length=MOST_FLOWS)
    vehicles: list[VehicleIn] | None = Field(
        None, max_length=MOST_VEHICLES, description="else those of corridors.vehicles"
    )
