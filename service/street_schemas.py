"""What is asked of the streets and what they answer: ways, what lies within minutes, nearest places, matrices."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag

from network import Edit, Scenario
from service.schemas import OBJECT, TEXT, Answer, CityRef, Number

Mode = Literal["walk", "cycle", "ebike", "drive"]
MOST_SPOTS: Final = 100_000
"""Longest list of points that is read at all; how large a matrix may be is a setting."""
DEFAULT_MINUTES: Final = (5.0, 10.0, 15.0)
DEFAULT_NEAREST: Final = 5


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, strict=True, frozen=True, populate_by_name=True)


class Spot(_Asked):
    """A point in WGS-84 degrees; it touches the nearest street in sight that is open to the mode."""

    lon: float
    lat: float


Where = Annotated[
    Annotated[str, Tag(TEXT)] | Annotated[Spot, Tag(OBJECT)],
    Discriminator(lambda x: TEXT if isinstance(x, str) else OBJECT),
]
_WHERE: Final = "a point, or the id of a place or, where no place has it, of a zone"


class StreetQuestion(_Asked):
    """What every question to the streets says: how one travels, and what is changed before."""

    mode: Mode
    edits: list[Annotated[Edit, Field(discriminator="type")]] = Field(
        default=[], description="edits of a scenario, applied in their order before the question is answered"
    )

    @property
    def scenario(self) -> Scenario:
        return Scenario(edits=tuple(self.edits))


class RouteRequest(StreetQuestion):
    """The quickest way between two points; of equally quick ways the shortest."""

    start: Where = Field(alias="from", description=_WHERE)
    end: Where = Field(alias="to", description=_WHERE)


class IsochroneRequest(StreetQuestion):
    """What can be reached within some minutes."""

    start: Where = Field(alias="from", description=_WHERE)
    minutes: list[Annotated[float, Field(gt=0, le=24 * 60)]] = Field(
        default=list(DEFAULT_MINUTES), min_length=1, max_length=10, description="limits; one area for each"
    )
    beside_m: float | None = Field(
        default=None,
        ge=5,
        le=500,
        description="how far beside a reached street the drawn area extends [m]; else the parameter maps.beside_m",
    )


class NearestRequest(StreetQuestion):
    """The places that are quickest to reach."""

    start: Where = Field(alias="from", description=_WHERE)
    kind: str | None = Field(default=None, description="kind of place, for example parking; any kind if left out")
    k: int = Field(default=DEFAULT_NEAREST, ge=1, le=1000, description="how many places")


class MatrixRequest(StreetQuestion):
    """Times and lengths from every origin to every destination."""

    origins: list[Where] = Field(min_length=1, max_length=MOST_SPOTS, description=_WHERE)
    destinations: list[Where] = Field(min_length=1, max_length=MOST_SPOTS, description=_WHERE)


class Touch(Answer):
    """A point and where it touches the streets; travel is counted from there, without the way to the street."""

    id: str | None = Field(description="the place or zone that was asked for")
    lon: float
    lat: float
    street: str = Field(description="name of the street, empty where it has none")
    way_id: str
    street_lon: float
    street_lat: float
    off_m: float = Field(description="straight distance from the point to the street")


class Leg(Answer):
    """A part of a way along one street."""

    street: str = Field(description="empty where it has no name")
    way_ids: list[str]
    length_m: float


Position = tuple[float, float]


class LineString(Answer):
    """GeoJSON (RFC 7946) line."""

    type: Literal["LineString"] = "LineString"
    coordinates: list[Position]


class StreetAnswer(Answer):
    """What every answer of the streets says."""

    model_config = ConfigDict(frozen=True, populate_by_name=True)
    city: CityRef
    changed_digest: str = Field(description="digest of the city after the edits; that of the city where there are none")
    mode: Mode
    attribution: list[str]


class RouteAnswer(StreetAnswer):
    """The quickest way; time, length and geometry are null where there is none."""

    start: Touch = Field(alias="from")
    end: Touch = Field(alias="to")
    time_s: Number
    length_m: Number
    legs: list[Leg]
    geometry: LineString | None


class MultiPolygon(Answer):
    """GeoJSON (RFC 7946) polygons."""

    type: Literal["MultiPolygon"] = "MultiPolygon"
    coordinates: list[list[list[Position]]]


class Reached(Answer):
    """What lies within a limit."""

    minutes: float
    street_km: float = Field(description="streets that are reached, each counted once")
    residents: float = Field(description="residents of the zones that touch the streets within the limit")
    zones: int
    places: int


class ReachedArea(Answer):
    """GeoJSON feature: the reached streets with what lies beside them."""

    type: Literal["Feature"] = "Feature"
    geometry: MultiPolygon
    properties: Reached


class IsochroneAnswer(StreetAnswer):
    """GeoJSON feature collection with one area per limit, in the order of the request."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    start: Touch = Field(alias="from")
    beside_m: float
    features: list[ReachedArea]


class NearPlace(Answer):
    """A place and the way to it."""

    id: str
    name: str
    kind: str
    lon: float
    lat: float
    time_s: float
    length_m: float


class NearestAnswer(StreetAnswer):
    """Places in the order of the time to them; fewer than asked for where no more can be reached."""

    start: Touch = Field(alias="from")
    kind: str | None
    places: list[NearPlace]


class MatrixAnswer(StreetAnswer):
    """Rows are origins, columns destinations; null where there is no way."""

    time_s: list[list[float | None]]
    length_m: list[list[float | None]]
