"""What is asked of the streets and what they answer: ways, what lies within minutes, nearest places, matrices."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from network import Edit, Scenario
from service.green_schemas import Number
from service.models import Answer, Asked
from service.schemas import OBJECT, TEXT, CityRef

CLOCK: Final = "^[0-9]{1,2}:[0-5][0-9]$"
TRANSIT: Final = "transit"
StreetMode = Literal["walk", "cycle", "ebike", "drive"]
Mode = Literal["walk", "cycle", "ebike", "drive", "transit"]
"""Those of the streets, and bus and rail with the walks to and from them."""
MOST_SPOTS: Final = 100_000
"""Longest list of points that is read at all; how large a matrix may be is a setting."""
DEFAULT_MINUTES: Final = (5.0, 10.0, 15.0)
ACCESS_MINUTES: Final = (10.0, 15.0)
DEFAULT_NEAREST: Final = 5


class _Asked(Asked):
    model_config = ConfigDict(populate_by_name=True)


class Spot(_Asked):
    """A point in WGS-84 degrees; it touches the nearest street in sight that is open to the mode."""

    lon: float
    lat: float


Where = Annotated[
    Annotated[str, Tag(TEXT)] | Annotated[Spot, Tag(OBJECT)],
    Discriminator(lambda x: TEXT if isinstance(x, str) else OBJECT),
]
_MODE: Final = "transit is by bus and rail, on foot to and from the stops; only where lines are known"
Access = Literal["walk", "cycle"]
_ACCESS: Final = (
    "by transit: how one gets to the first stop; by cycle at most supply.station_access_m far, and the bike stays at "
    "the stop, with racks or without: the rest is on foot"
)
_WHERE: Final = "a point, or the id of a place or, where no place has it, of a zone"


class StreetQuestion(_Asked):
    """What every question to the streets says: how one travels, and what is changed before."""

    mode: Mode = Field(description=_MODE)
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
    depart: str | None = Field(
        default=None,
        json_schema_extra={"pattern": CLOCK},
        description="by transit: the time of day one leaves, past midnight 24:00 and more; else the "
        "journey of the median departure of the window is told",
    )
    access: Access = Field(default="walk", description=_ACCESS)


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
    """The places that are quickest to reach; not by transit."""

    mode: StreetMode
    start: Where = Field(alias="from", description=_WHERE)
    kind: str | None = Field(default=None, description="kind of place, for example parking; any kind if left out")
    k: int = Field(default=DEFAULT_NEAREST, ge=1, le=1000, description="how many places")


class MatrixRequest(StreetQuestion):
    """Times and lengths from every origin to every destination."""

    origins: list[Where] = Field(min_length=1, max_length=MOST_SPOTS, description=_WHERE)
    destinations: list[Where] = Field(min_length=1, max_length=MOST_SPOTS, description=_WHERE)
    percentiles: list[Annotated[float, Field(gt=0, le=100)]] = Field(
        default=[],
        max_length=10,
        description="by transit: also the times within which so many percent of the departures arrive",
    )
    parts: bool = Field(default=False, description="by transit: also what the times are made of, and the fares")
    access: Access = Field(default="walk", description=_ACCESS)


class AccessRequest(StreetQuestion):
    """How much of something lies within some minutes of every zone."""

    of: Literal["residents", "jobs", "students", "visitors", "places"]
    kind: str | None = Field(default=None, description="kind of place, where places are counted; any kind if left out")
    minutes: list[Annotated[float, Field(gt=0, le=24 * 60)]] = Field(
        default=list(ACCESS_MINUTES), min_length=1, max_length=10, description="limits"
    )


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

    model_config = ConfigDict(populate_by_name=True)
    city: CityRef
    changed_digest: str = Field(description="digest of the city after the edits; that of the city where there are none")
    mode: Mode
    attribution: list[str]


class StopRef(Answer):
    """A stop of bus or rail."""

    id: str
    name: str
    lon: float
    lat: float


class WalkLeg(Answer):
    """A walk at either end of a journey or at a change."""

    type: Literal["walk"] = "walk"
    from_stop: StopRef | None = Field(description="null at the start of the journey")
    to_stop: StopRef | None = Field(description="null at its end")
    time_s: float
    length_m: float


class CycleLeg(Answer):
    """The way by bike to the first stop, with the time to leave it there."""

    type: Literal["cycle"] = "cycle"
    from_stop: None = None
    to_stop: StopRef
    time_s: float
    length_m: float


class RideLeg(Answer):
    """A ride on one vehicle; seconds of the service day, which go on past midnight."""

    type: Literal["ride"] = "ride"
    line: str = Field(description="its id")
    name: str
    mode: Literal["bus", "tram", "metro", "rail", "ferry"]
    from_stop: StopRef
    to_stop: StopRef
    wait_s: float = Field(description="until it leaves, the least time to change included")
    board_s: float
    alight_s: float
    stops_passed: int = Field(description="calls between getting on and getting off")
    length_m: float


class Percentile(Answer):
    """The time within which so many percent of the departures arrive."""

    percent: float
    time_s: Number


class Journey(Answer):
    """The journey of one departure: waits, rides, walks and the way by bike add up to its time."""

    depart_s: float = Field(description="when one leaves, seconds of the service day")
    arrive_s: float
    in_vehicle_s: float
    wait_s: float
    walk_s: float
    cycle_s: float = Field(default=0.0, description="by bike to the first stop, with the time to leave it")
    transfers: int
    fare_cny: float
    legs: list[Annotated[WalkLeg | CycleLeg | RideLeg, Field(discriminator="type")]]


class RouteAnswer(StreetAnswer):
    """The quickest way; time, length and geometry are null where there is none.

    By transit it has one ride or more, the time runs from the departure, length is that in the vehicles, the line is
    straight between stops, `legs` is empty and `journey` tells the way. There is none where fewer than half of the
    departures arrive.
    """

    start: Touch = Field(alias="from")
    end: Touch = Field(alias="to")
    time_s: Number
    length_m: Number
    legs: list[Leg]
    geometry: LineString | None
    journey: Journey | None = None
    on_foot_s: Number = Field(default=None, description="by transit: the time on foot alone")
    percentiles: list[Percentile] = Field(
        default=[], description="by transit: times over the departures of the window; none where `depart` is given"
    )


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


Cells = list[list[float | None]]


class PercentileCells(Answer):
    """Times within which so many percent of the departures arrive."""

    percent: float
    time_s: Cells


class JourneyParts(Answer):
    """What the journeys of the median departures are made of: seconds add up to the time."""

    in_vehicle_s: Cells
    wait_s: Cells
    walk_s: Cells
    transfers: Cells
    fare_cny: Cells
    cycle_s: Cells = Field(description="by bike to the first stop, with the time to leave it")


class MatrixAnswer(StreetAnswer):
    """Rows are origins, columns destinations; null where there is no way.

    By transit each journey has one ride or more, the time is that of the median departure of the window, and the length
    is that in the vehicles.
    """

    time_s: Cells
    length_m: Cells
    percentiles: list[PercentileCells] = Field(default=[])
    parts: JourneyParts | None = None


class AccessFigures(Answer):
    """Over the residents: the mean, and what so many percent of them do not exceed. Null where nobody lives."""

    mean: Number
    p10: Number
    p50: Number
    p90: Number


class AccessWithin(Answer):
    """How much lies within a limit of where people live."""

    minutes: float
    base: AccessFigures = Field(description="the city as it is")
    changed: AccessFigures
    difference: AccessFigures = Field(description="changed minus base; exactly 0 where nothing changes")


class ZoneAccess(Answer):
    """How much lies within each limit of a zone, and how much more than in the city as it is."""

    id: str
    residents: float
    within: list[float]
    difference: list[float]


class AccessAnswer(StreetAnswer):
    """What every zone reaches within each limit, in the order of the request; by transit also on foot alone."""

    of: str
    kind: str | None
    minutes: list[float]
    limits: list[AccessWithin]
    zones: list[ZoneAccess]
