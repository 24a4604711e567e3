"""What a plan of dispatch points for shared bikes is asked with."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import numpy as np
from pydantic import Discriminator, Field, Tag

from network import BikeSite, FlowRows, units
from optimise import BikeWishes
from service.charger_schemas import Budget
from service.models import Asked
from service.schemas import OBJECT, TEXT, PlanRequest

_HOURS: Final = units.HOURS
Name = Annotated[str, Field(max_length=200)]
Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Money = Annotated[float, Field(ge=0, le=1e12)]
Metres = Annotated[float, Field(ge=0, le=1000)]
Corner = Annotated[list[float], Field(min_length=2, max_length=2)]
Rings = Annotated[list[Annotated[list[Corner], Field(min_length=3, max_length=10_000)]], Field(max_length=100)]
Hours = Annotated[list[Annotated[float, Field(ge=0, le=1e6)]], Field(min_length=_HOURS, max_length=_HOURS)]


class BikeSiteIn(Asked):
    """Ground where a dispatch point could be laid out; what is null is not known."""

    id: str = Field(min_length=1, max_length=200)
    lon: Lon
    lat: Lat
    name: Name = ""
    docked: bool = Field(default=False, description="whether bikes would be locked to docks")
    area_m2: float | None = Field(default=None, ge=0, le=1e6, description="ground, without what is excluded")
    spaces: int | None = Field(default=None, ge=0, le=10_000, description="most bikes, whatever the ground")
    footway_m: Metres | None = Field(default=None, description="width of the footway without bikes")
    depth_m: Metres | None = Field(default=None, description="depth of the row; else bike_sharing.bike_length_m")
    open_cny: Money | None = Field(default=None, description="else bike_sharing.point_cny")
    cny_per_space: Money | None = Field(default=None, description="else bike_sharing.space_cny")
    outline: list[Corner] = Field(default=[], max_length=2000, description="corners of the ground as [lon, lat]")
    left_out: str = Field(default="", max_length=500, description="why it cannot be used, such as a fire lane")


class BikeFlowIn(Asked):
    """Shared bikes taken and left at a place, by hour from 0:00."""

    id: str = Field(min_length=1, max_length=200)
    lon: Lon
    lat: Lat
    weekday_pickups: Hours
    weekday_returns: Hours
    weekend_pickups: Hours
    weekend_returns: Hours


class BikesRequest(PlanRequest):
    """Where dispatch points for shared bikes may go, for which money and whose rides."""

    objective: Literal["cover", "cost", "net"] = Field(
        default="cover",
        description="points for the most rides; or the least money for the share `covered`; or the most worth of rides "
        "less the money, a daily pickup or return being worth `worth_cny`",
    )
    budget_cny: Budget | None = Field(
        default=None,
        description="money in CNY; with years that of each year, or a list with one entry a year; null for no limit",
    )
    years: list[Annotated[int, Field(ge=2000, le=2200)]] = Field(
        default=[], max_length=20, description="years in which points are laid out, in order; points never close"
    )
    covered: float = Field(
        default=0.0, ge=0, le=1, description="share of the rides inside `within` that points are sized for at least"
    )
    worth_cny: float | None = Field(
        default=None, gt=0, le=1e9, description="what a point for one daily pickup or return is worth, for net alone"
    )
    sites: list[BikeSiteIn] = Field(
        default=[], max_length=5000, description="ground for points; else kerbs and entrances, by bike_sharing.toml"
    )
    within: Annotated[
        Annotated[Name, Tag(TEXT)] | Annotated[Rings, Tag(OBJECT)],
        Discriminator(lambda x: TEXT if isinstance(x, str) else OBJECT),
    ] = Field(
        default=[],
        description="area of the city's zones, by name, or rings of [lon, lat] corners, one inside another being a "
        "hole; else the whole city",
    )
    flows: list[BikeFlowIn] = Field(
        default=[], max_length=20_000, description="bikes taken and left; else as the demand model has it"
    )
    racks: bool = Field(default=True, description="whether what is left of the budget buys racks at rail stations")

    def must_agree(self) -> None:
        super().must_agree()
        self.wishes()

    def wishes(self) -> BikeWishes:
        """The same as the solver knows it. Raises InputError for what contradicts itself."""
        return BikeWishes(
            objective=self.objective,
            budgets_cny=self._budgets(),
            years=tuple(self.years),
            covered=self.covered,
            worth_cny=self.worth_cny,
            sites=tuple(_site(site) for site in self.sites),
            within=self.within if isinstance(self.within, str) else tuple(map(_corners, self.within)),
            flows=flow_rows(self.flows) if self.flows else None,
            racks=self.racks,
        )

    def _budgets(self) -> tuple[float, ...]:
        if self.budget_cny is None:
            return ()
        return (
            tuple(self.budget_cny)
            if isinstance(self.budget_cny, list)
            else (self.budget_cny,) * max(1, len(self.years))
        )


EXAMPLES: Final[dict[str, Any]] = {
    "old town": {
        "summary": "Half a million yuan for points in the old town",
        "value": {"budget_cny": 500_000, "within": "姑苏古城"},
    },
    "years": {
        "summary": "Three years, at two places of which one is a fire lane",
        "value": {
            "budget_cny": [100_000, 100_000, 50_000],
            "years": [2027, 2028, 2029],
            "sites": [
                {
                    "id": "Guanqian east",
                    "lon": 120.6281,
                    "lat": 31.3121,
                    "area_m2": 60.0,
                    "footway_m": 5.5,
                    "outline": [[120.628, 31.312], [120.6282, 31.312], [120.6282, 31.3121], [120.628, 31.3121]],
                },
                {"id": "school gate", "lon": 120.6302, "lat": 31.3098, "spaces": 40, "left_out": "fire lane"},
            ],
        },
    },
    "cost": {
        "summary": "The least money for four rides in five, and no racks",
        "value": {"objective": "cost", "covered": 0.8, "racks": False},
    },
}


def _site(site: BikeSiteIn) -> BikeSite:
    return BikeSite(**site.model_dump(exclude={"outline"}), outline=_corners(site.outline))


def _corners(ring: list[Corner]) -> tuple[tuple[float, float], ...]:
    return tuple((lon, lat) for lon, lat in ring)


def flow_rows(rows: list[BikeFlowIn]) -> FlowRows:
    """What a request gives, as the model reads it."""
    return FlowRows(
        id=tuple(row.id for row in rows),
        lonlat=np.array([(row.lon, row.lat) for row in rows]),
        pickups=np.array([[r.weekday_pickups for r in rows], [r.weekend_pickups for r in rows]]),
        returns=np.array([[r.weekday_returns for r in rows], [r.weekend_returns for r in rows]]),
        source="table",
    )
