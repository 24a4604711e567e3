"""Vans that balance bikes, as a question and an answer."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from network.io import LONLAT, Column, Parameters, city_ids, read_spec, read_table
from optimise import VANS_UNTIL, BikeStock, Listener, RebalancingPlan, RebalancingRules, Seconds, propose_rebalancing
from service.engine import Engine, attribution
from service.models import Answer, Asked
from service.report.tables import cell
from service.schemas import CityRef, Default
from service.settings import package_versions

_COUNT = Column(number=True, low=0, whole=True)
_COLUMNS = {
    "id": Column(unique=True), **LONLAT, "bikes": _COUNT, "wanted": _COUNT,
    "docks": Column(number=True, low=0, required=False, blank=True), "name": Column(required=False),
}  # fmt: skip


class StationIn(Asked):
    """Bikes that stand at a station, and how many are wanted there."""

    id: str = Field(min_length=1, max_length=200)
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    bikes: int = Field(ge=0, le=10_000)
    wanted: int = Field(ge=0, le=10_000)
    docks: int | None = Field(default=None, ge=0, le=10_000, description="that hold them; left out for an open point")
    name: str = Field(default="", max_length=200)


class Shift(Asked):
    """Vans and the time they have."""

    depot_lon: float = Field(ge=-180, le=180)
    depot_lat: float = Field(ge=-90, le=90)
    vans: int = Field(default=1, ge=1, le=100, description="vans there are")
    hours: float | None = Field(default=None, gt=0, le=24, description="that a van may be under way")
    every: bool = Field(default=False, description="whether each station has to be served, whatever its way costs")
    van_bikes: int | None = Field(default=None, ge=1, le=1000, description="else the parameter bikes.van_bikes")
    seconds: float | None = Field(
        default=None,
        ge=0.1,
        le=3600,
        description="wall-clock limit of the solver; without it the run ends at the same point on every machine",
    )
    seed: int = Field(default=0, ge=0, le=2**31 - 1)


class RebalancingRequest(Shift):
    """Stations out of balance, and the vans of a shift."""

    stations: list[StationIn] = Field(min_length=1, max_length=1000)


class Visit(Answer):
    station: str
    name: str
    lon: float
    lat: float
    bikes: int = Field(description="taken on; negative ones are brought")
    load: int = Field(description="in the van afterwards")
    arrives_min: float = Field(description="after it left the depot")


class Route(Answer):
    van: int
    load: int = Field(description="bikes it leaves the depot with")
    km: float
    minutes: float
    visits: list[Visit]


class RebalancingAnswer(Answer):
    """Routes of vans, and what is proven of them."""

    city: CityRef
    routes: list[Route]
    misplaced: int = Field(description="bikes too many or too few, over all stations")
    moved: int = Field(description="of them put right")
    left_out: list[str] = Field(description="stations with something left to do")
    value: int = Field(description="metres driven, and bikes.skip_m_per_bike for every bike left out of place")
    bound: int = Field(description="no routes are worth less")
    gap: float
    status: str
    defaults: list[Default]
    attribution: list[str]


def read_stations(path: Path) -> list[StationIn]:
    """Rows (id, lon, lat, bikes, wanted; docks, name) of a table. Raises InputError naming row and column."""
    table = read_table(path, _COLUMNS)
    lonlat, docks = table.lonlat(), table.numbers("docks") if "docks" in table else None
    return [
        StationIn(
            id=str(table.columns["id"][i]), lon=lon, lat=lat, bikes=int(bikes), wanted=int(wanted),
            docks=None if docks is None or docks[i] != docks[i] else int(docks[i]), name=table.text("name", i),
        )
        for i, ((lon, lat), bikes, wanted) in enumerate(
            zip(lonlat.tolist(), table.numbers("bikes"), table.numbers("wanted"), strict=True)
        )
    ]  # fmt: skip


def stations_csv(stations: Sequence[StationIn]) -> bytes:
    """The table that `read_stations` reads."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    names = list(StationIn.model_fields)
    writer.writerow(names)
    writer.writerows([cell(value) for value in station.model_dump().values()] for station in stations)
    return text.getvalue().encode("utf-8-sig")


def rebalancing(
    engine: Engine, city_id: str, asked: RebalancingRequest, progress: Listener | None = None
) -> RebalancingAnswer:
    """Routes for a built city. Raises UnknownId, and InputError for stations that make no sense."""
    city, data = engine.loaded(city_id), engine.settings.data_folder
    own = read_spec(data, city_id).parameters if city_id in city_ids(data) else None
    rules, defaults = _rules(Parameters.load(data, own), asked)
    plan: RebalancingPlan = propose_rebalancing(
        city,
        [BikeStock(**station.model_dump()) for station in asked.stations],
        (asked.depot_lon, asked.depot_lat),
        rules,
        vans=asked.vans,
        hours=asked.hours,
        every=asked.every,
        stop=VANS_UNTIL if asked.seconds is None else VANS_UNTIL | Seconds(asked.seconds),
        seed=asked.seed,
        progress=progress,
        versions=package_versions(),
        defaults=tuple(defaults),
    )
    told = plan.to_dict()
    kept: dict[str, Any] = {name: told[name] for name in RebalancingAnswer.model_fields if name in told}
    kept |= {"city": CityRef(id=city.id, name=city.name, digest=city.digest), "attribution": attribution(city)}
    return RebalancingAnswer.model_validate(kept)


def _rules(parameters: Parameters, asked: Shift) -> tuple[RebalancingRules, list[dict[str, str]]]:
    given = asked.van_bikes
    rules = RebalancingRules(
        van_bikes=int(parameters.number("bikes.van_bikes")) if given is None else given,
        stop_s=parameters.number("bikes.stop_s"),
        bike_s=parameters.number("bikes.bike_s"),
        skip_m_per_bike=parameters.number("bikes.skip_m_per_bike"),
        farthest_street_m=parameters.number("places.farthest_street_m"),
    )
    rows = [row for row in parameters.provenance() if row[4]]
    return rules, [{"key": row[0], "value": row[1], "unit": row[2], "source": row[3]} for row in rows]
