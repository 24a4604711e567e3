"""A plan of dispatch points for shared bikes: where, how big, when, and what binds the fleet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from network import AddBikePoint, AddStationParking, Edit, Scenario, SetBikePoint
from optimise.plan import Proven
from optimise.points import PointObjective
from optimise.targets import Target

VALUE_UNIT: Final[dict[PointObjective, str]] = {
    "cover": "0.001 pickups and returns/weekday",
    "cost": "fen",
    "net": "fen",
}
"""Unit of a plan's value and bound."""


@dataclass(frozen=True, kw_only=True)
class BikePoint:
    """A dispatch point or docked station, as it is at the end of the plan."""

    id: str
    name: str
    lon: float
    lat: float
    zone: str
    docked: bool
    existing: bool
    """Whether it is there before the plan."""
    year: int
    """When it is laid out, or an existing one first made larger; 0 in a plan without years and where it stays."""
    spaces: int
    spaces_before: int
    """Those there before the plan."""
    bikes: int
    """That stand there as a weekday begins, and that vans put back."""
    bikes_before: int
    area_m2: float
    """Of its ground."""
    station: str
    """Rail station with an entrance within bike_sharing.station_walk_m, empty where there is none."""
    entrance_m: float | None
    """Walk to the nearest entrance of a station; None beyond bike_sharing.walk_m."""
    pickups: float
    """A weekday, of those it is sized for."""
    returns: float
    days_covered: float
    """Chance that it neither runs empty nor full on a weekday, from those it is sized for."""
    days_off_covered: float
    """The same on a day off, with the stock of that day."""
    days_covered_by_nearest: float
    """The same on a weekday where everybody in reach goes to the nearest point, whether it is sized for them or not."""
    walk_m: float | None
    """Mean walk of those it is sized for; None where nobody is."""
    bikes_by_hour: tuple[float, ...]
    """(24) bikes that stand there on the mean at the end of each hour of a weekday."""
    cost_cny: float
    outline: tuple[tuple[float, float], ...] = ()
    """Corners of its ground, lon and lat."""
    spaces_by_year: tuple[int, ...] = ()
    """At the end of each year of the plan, 0 before it is laid out; empty in a plan without years."""
    bikes_by_year: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline", _corners(self.outline))


@dataclass(frozen=True, kw_only=True)
class RackRow:
    """Racks for people's own bikes (B+R, 骑行换乘) at an entrance of a rail station."""

    station: str
    name: str
    entrance: int
    """Which of the station's entrances, from 0."""
    lon: float
    lat: float
    racks_there: int
    racks_wanted: int
    racks_more: int
    cost_cny: float
    bought: bool
    """Whether they are part of the plan: what is left of the budget pays for them."""


@dataclass(frozen=True, kw_only=True)
class YearRow:
    """The points by the end of a year."""

    year: int
    budget_cny: float | None
    """New money of the year; what is left of earlier years may be spent besides."""
    cost_cny: float
    """Spent in the year."""
    points: int
    new_points: int
    """Laid out in the year."""
    spaces: int
    covered_share: float
    """Of the weekday pickups and returns asked about, those within the walk of a point."""
    served_share: float
    """Of these, those that a point is sized for."""
    gap: float
    """Of the proof that no other part of the next year's points serves more."""


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """A site that no point can be laid out at."""

    id: str
    lon: float
    lat: float
    reason: str


@dataclass(frozen=True, kw_only=True)
class FleetRow:
    """What the bikes of a zone are held to, hour by hour."""

    zone: str
    area: str
    space: float
    """Bikes that its street space, or the ground of the candidates given, can hold."""
    parking: float
    """Places of its points, with the plan."""
    need: tuple[float, ...]
    """(24) bikes that rides ask for by the end of each hour."""
    binding: tuple[str, ...]
    """(24) as in network.BINDINGS."""


@dataclass(frozen=True, kw_only=True)
class FleetHour:
    """The three limits at the end of an hour, all zones added up."""

    hour: int
    need: float
    space: float
    parking: float
    cap: float
    """Sum over zones of the least of the three."""


@dataclass(frozen=True, kw_only=True)
class Uncovered:
    """A place with rides and no point that is sized for it."""

    lon: float
    lat: float
    trips: float
    """Pickups and returns of a weekday."""
    covered: bool
    """Whether a point stands within the walk all the same."""


@dataclass(frozen=True, kw_only=True)
class BikesPlan(Proven):
    """Dispatch points, with everything needed to check and repeat the run.

    value, bound: by objective, without racks; rides served ("cover"), money ("cost"), or worth of the rides served
    less the money ("net").
    """

    kind: ClassVar[str] = "bikes"
    objective: PointObjective
    budget_cny: float | None
    """Of all years together; None for no limit."""
    within: tuple[tuple[tuple[float, float], ...], ...]
    """Rings inside which points are laid out; empty for the whole city or an area of it."""
    area: str
    """Area of the city's zones that stands for rings, or empty."""
    source: str
    """Of the sites: `table` or `assumed`."""
    flow_source: str
    sites: int
    """Looked at, without those left out."""
    points: tuple[BikePoint, ...]
    """With those that are there already, which stay."""
    racks: tuple[RackRow, ...]
    years: tuple[YearRow, ...]
    """Empty in a plan without years."""
    left_out: tuple[LeftOut, ...]
    uncovered: tuple[Uncovered, ...]
    fleet: tuple[FleetRow, ...]
    """Zones inside `within` with rides or places."""
    fleet_hours: tuple[FleetHour, ...]
    """Of these zones."""
    fleet_cap: int
    """Most bikes at the tightest hour."""
    fleet_hour: int
    fleet_binds: Mapping[str, int]
    """Zones by what binds them at that hour, as in network.BINDINGS."""
    trips: float
    """Pickups and returns of a weekday that were asked about: those inside `within`."""
    served_share: float
    """Of these, those that a point is sized for."""
    reachable_share: float
    """Of these, those within the walk of some site or point."""
    covered_share: float
    """Of those of the whole city, those within the walk of a point: metric bike_trips_covered_share."""
    covered_share_before: float
    new_points: int
    new_spaces: int
    points_cny: float
    racks_cny: float
    """Of the racks that are bought; cost_cny is both."""
    z: float
    """Margin in standard deviations of pickups and returns, for bike_sharing.days_covered."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "within", tuple(_corners(ring) for ring in self.within))

    @property
    def spaces(self) -> int:
        return sum(p.spaces for p in self.points)

    @property
    def bikes(self) -> int:
        return sum(p.bikes for p in self.points)

    def as_scenario(self, year: int | None = None) -> Scenario:
        """The plan as a what-if: what is there by the end of a year, by default its last. Racks come with the last."""
        name, years = f"bikes {self.city}" + ("" if year is None else f" {year}"), [row.year for row in self.years]
        if year is None or not years or year >= years[-1]:
            return scenario_of(self.points, self.racks, name)
        at = sum(y <= year for y in years) - 1
        return Scenario(edits=(), name=name) if at < 0 else scenario_of(self.points, (), name, at)

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The plan that `to_dict` wrote. Raises InputError where it is not one."""
        rows: dict[str, type] = {
            "points": BikePoint, "racks": RackRow, "years": YearRow, "left_out": LeftOut, "uncovered": Uncovered,
            "fleet": FleetRow, "fleet_hours": FleetHour, "targets": Target,
        }  # fmt: skip
        return cls.read(record, rows)


def scenario_of(points: Sequence[BikePoint], racks: Sequence[RackRow], name: str, at: int = -1) -> Scenario:
    """Points as edits, as they are by the end of the year at some position, and the racks that are bought."""
    edits: list[Edit] = [edit for point in points for edit in _edits(point, at)]
    more: dict[str, int] = {}
    for rack in racks:
        if rack.bought:
            more[rack.station] = more.get(rack.station, 0) + rack.racks_more
    edits += [AddStationParking(station=station, racks=number) for station, number in more.items()]
    return Scenario(edits=tuple(edits), name=name)


def _edits(point: BikePoint, at: int) -> list[Edit]:
    """What a point takes by the end of the year at some position."""
    spaces = point.spaces_by_year[at] if point.spaces_by_year else point.spaces
    bikes = point.bikes_by_year[at] if point.bikes_by_year else point.bikes
    if not spaces:
        return []
    if point.existing and (spaces, bikes) == (point.spaces_before, point.bikes_before):
        return []
    if point.existing:
        return [SetBikePoint(point=point.id, spaces=spaces, bikes=bikes)]
    return [
        AddBikePoint(
            id=point.id, lon=point.lon, lat=point.lat, spaces=spaces, docked=point.docked, name=point.name,
            bikes=bikes, area_m2=point.area_m2, outline=point.outline,
        )
    ]  # fmt: skip


def _corners(ring: tuple[Any, ...]) -> tuple[tuple[float, float], ...]:
    return tuple((float(lon), float(lat)) for lon, lat in ring)
