"""The city as it is: roads, zones, places, transit, fleet, supply, behaviour, levers, and where the numbers come from.

Inside, everything is a dense position; the stable string ids are translated once, at the border (`io`, `scenario`).
Axis letters are those of `network.units`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, get_type_hints

import numpy as np
import numpy.typing as npt

from network.behaviour import Behaviour
from network.bike_points import BikePoints
from network.bike_sharing_rules import BikeSharingRules
from network.bus_fleet import BusFleet
from network.carbon_rules import CarbonRules
from network.charging_rules import ChargingRules
from network.congestion_rules import CongestionRules
from network.errors import InputError, Problem
from network.feeders import Feeders
from network.fleet import Fleet
from network.hierarchy import Hierarchy
from network.levers import Levers
from network.lots import Lots
from network.new_space_rules import NewSpaceRules
from network.parking_rules import ParkingRules
from network.part import F64, I32, Bools, Part, Snap, Spec, Text, digest_of, no_pairs
from network.transit import Transit
from network.units import CHARGERS, MM_PER_M, MOST_EDGE_M, MOST_EDGE_MS


@dataclass(frozen=True, eq=False, kw_only=True)
class Roads(Part):
    """Streets as one directed graph for all network modes; every segment is two edges, closed ones included.

    The other edges are turns: without length, inside one crossing, whose nodes lie at one spot. A crossing has several
    nodes where not every mode may turn as it likes or pass at all. Where a turn restriction leads over streets, those
    have copies: edges over the same street for those who came by the street it begins at.
    """

    lonlat: Annotated[F64, Spec("f8", ("N", 2), -180, 180)]
    """Node positions, WGS-84 degrees."""
    first: Annotated[I32, Spec("i4", ("N+1",), 0)]
    """Edges of node n are first[n]:first[n+1]."""
    head: Annotated[I32, Spec("i4", ("E",), 0)]
    """Node an edge leads to."""
    time_ms: Annotated[I32, Spec("i4", ("M", "E"), -1, MOST_EDGE_MS)]
    """Free-flow travel time by network mode; -1 where the mode may not pass."""
    delay_ms: Annotated[I32, Spec("i4", ("M", "E"), 0, MOST_EDGE_MS)]
    """The part of an edge's time, when it is open, that is waiting at signals and crossings whatever the speed."""
    edges: Annotated[I32, Spec("i4", ("S", 2), 0)]
    """The forward and the backward edge of each segment."""
    length_m: Annotated[F64, Spec("f8", ("S",), 0, MOST_EDGE_M)]
    """Length along the drawn line, whole millimetres."""
    way: Annotated[I32, Spec("i4", ("S",), 0)]
    """Way each segment belongs to."""
    shape_first: Annotated[I32, Spec("i4", ("S+1",), 0)]
    shape_lonlat: Annotated[F64, Spec("f8", ("G", 2), -180, 180)]
    """Points of segment s, in forward direction, are shape_first[s]:shape_first[s+1]."""
    way_id: Annotated[Text, Spec("U", ("W",))]
    way_name: Annotated[Text, Spec("U", ("W",))]
    way_class: Annotated[Text, Spec("U", ("W",))]
    """OpenStreetMap highway class; `ferry` for a ferry."""
    beside: Annotated[Bools, Spec("b", ("S",))]
    """Whether one gets onto the segment from beside it: not on bridges, in tunnels and on ferries."""
    barrier_first: Annotated[I32, Spec("i4", ("L+1",), 0)]
    barrier_lonlat: Annotated[F64, Spec("f8", ("Y", 2), -180, 180)]
    """Lines nobody crosses to get to a street beside (walls, water, rail): barrier_first[l]:barrier_first[l+1]."""
    snap_detour_m: Annotated[F64, Spec("f8", (), 0)]
    """How much farther than the nearest street one in sight may be before a barrier in between is disregarded."""
    hierarchy: Hierarchy
    copies: Annotated[I32, Spec("i4", ("C", 2), 0, rare=True)] = field(default_factory=no_pairs)
    """An edge that is a copy, and the one in `edges` that it is a copy of: the same street, time and wait."""
    gates: Annotated[I32, Spec("i4", ("Q", 2), 0, rare=True)] = field(default_factory=no_pairs)
    """An edge that has copies, and the node where one arrives, by any of them, who ends on the street."""

    def __post_init__(self) -> None:
        super().__post_init__()
        n, e, s = len(self.lonlat), len(self.head), len(self.edges)
        sound = (
            self.first[0] == 0
            and self.first[-1] == e
            and (np.diff(self.first) >= 0).all()
            and (e == 0 or self.head.max() < n)
            and (s == 0 or self.edges.max() < e)
            and len(np.unique(self.edges)) == 2 * s
            and (s == 0 or self.way.max() < len(self.way_id))
            and self.shape_first[0] == 0
            and self.shape_first[-1] == len(self.shape_lonlat)
            and (np.diff(self.shape_first) >= 2).all()
        )
        if sound:
            there, back = self.edges.T
            sound = self._at_one_spot(self.head[there], self.tail[back])
            sound = sound and self._at_one_spot(self.tail[there], self.head[back])
            sound = sound and self._copies_are_sound()
            turn = self.segment < 0
            sound = sound and self._at_one_spot(self.tail[turn], self.head[turn])
        sound = sound and len(self.hierarchy.rank) == n and self.hierarchy.holds(self.tail, self.head)
        if not sound:
            raise InputError(
                Problem("Roads", "first, head, edges, way, shape_first and hierarchy do not describe one graph")
            )
        if ((self.delay_ms > self.time_ms) & (self.time_ms >= 0)).any():
            raise InputError(Problem("Roads.delay_ms", "is more than the time of an edge"))
        lines = self.barrier_first
        if lines[0] != 0 or lines[-1] != len(self.barrier_lonlat) or (np.diff(lines) < 2).any():
            raise InputError(Problem("Roads.barrier_first", "does not divide barrier_lonlat into lines"))

    def _copies_are_sound(self) -> bool:
        copy, own = self.copies.T
        known = np.isin(own, self.edges).all() and np.array_equal(np.unique(own), np.sort(self.gates[:, 0]))
        if not known or max(copy.max(initial=0), self.gates.max(initial=0)) >= max(len(self.head), 1):
            return False
        fresh = len(np.unique(copy)) == len(copy) and not np.isin(copy, self.edges).any()
        same = all((times[:, copy] == times[:, own]).all() for times in (self.time_ms, self.delay_ms))
        there = self._at_one_spot(self.tail[copy], self.tail[own]) and self._at_one_spot(
            self.head[copy], self.head[own]
        )
        gate = self._at_one_spot(self.tail[self.gates[:, 0]], self.gates[:, 1])
        return fresh and same and there and gate

    def _at_one_spot(self, node: I32, other: I32) -> bool:
        return bool((self.lonlat[node] == self.lonlat[other]).all())

    @cached_property
    def tail(self) -> I32:
        """(E) node an edge starts from."""
        return np.repeat(np.arange(len(self.lonlat), dtype=np.int32), np.diff(self.first))

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east and north of the crossings, degrees."""
        (west, south), (east, north) = self.lonlat.min(axis=0).tolist(), self.lonlat.max(axis=0).tolist()
        return west, south, east, north

    @cached_property
    def segment(self) -> I32:
        """(E) segment of each directed edge, -1 for a turn."""
        out = np.full(len(self.head), -1, np.int32)
        out[self.edges[:, 0]] = out[self.edges[:, 1]] = np.arange(len(self.edges), dtype=np.int32)
        out[self.copies[:, 0]] = out[self.copies[:, 1]]
        return out

    @cached_property
    def original(self) -> I32:
        """(E) the edge in `edges` that each is or is a copy of; a turn is its own."""
        out = np.arange(len(self.head), dtype=np.int32)
        out[self.copies[:, 0]] = self.copies[:, 1]
        return out

    @cached_property
    def arrive(self) -> I32:
        """(E) node at which one arrives who ends on the street of an edge: its tail, or its gate."""
        out = self.tail.copy()
        out[self.gates[:, 0]] = self.gates[:, 1]
        return out

    def side_and_segment(self, edge: npt.NDArray[np.integer]) -> tuple[I32, I32]:
        """Of edges that are no turns: 0 for forward and 1 for backward, and the segment."""
        segment = self.segment[edge]
        return (self.edges[segment, 1] == self.original[edge]).astype(np.int32), segment

    def with_times(self, time_ms: I32) -> Roads:
        """The streets with the times of `edges` and turns; copies of an edge take as long as it."""
        return replace(self, time_ms=time_ms[:, self.original])

    @cached_property
    def length_mm(self) -> I32:
        """(E) length of each directed edge in whole millimetres, 0 for a turn."""
        return np.append(np.rint(self.length_m * MM_PER_M), 0.0).astype(np.int32)[self.segment]


@dataclass(frozen=True, eq=False, kw_only=True)
class Zones(Part):
    """Where people live, work, learn and visit, in persons."""

    id: Annotated[Text, Spec("U", ("Z",))]
    area: Annotated[Text, Spec("U", ("Z",))]
    """District or street office (街道) the zone belongs to."""
    lonlat: Annotated[F64, Spec("f8", ("Z", 2), -180, 180)]
    residents: Annotated[F64, Spec("f8", ("Z",), 0)]
    jobs: Annotated[F64, Spec("f8", ("Z",), 0)]
    students: Annotated[F64, Spec("f8", ("Z",), 0)]
    visitors: Annotated[F64, Spec("f8", ("Z",), 0)]
    cars_per_resident: Annotated[F64, Spec("f8", ("Z",), 0)]
    ev_share: Annotated[F64, Spec("f8", ("Z",), 0, 1)]
    """Share of the cars that are electric, in the year that `Fleet.stock_year` says."""
    home_access: Annotated[F64, Spec("f8", ("Z",), 0, 1)]
    """Share of the electric cars that can have a pile of their own at home."""
    ring_first: Annotated[I32, Spec("i4", ("Z+1",), 0)]
    ring_lonlat: Annotated[F64, Spec("f8", ("R", 2), -180, 180)]
    """Outline of zone z, for maps, is ring_first[z]:ring_first[z+1]."""
    snap: Snap

    def __post_init__(self) -> None:
        super().__post_init__()
        first = self.ring_first
        if first[0] != 0 or first[-1] != len(self.ring_lonlat) or (np.diff(first) < 0).any():
            raise InputError(Problem("Zones.ring_first", "does not divide ring_lonlat into outlines"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Places(Part):
    """Sites of every kind: car parks, fuel stations, kerbs, stops, stations."""

    id: Annotated[Text, Spec("U", ("P",))]
    kind: Annotated[Text, Spec("U", ("P",))]
    name: Annotated[Text, Spec("U", ("P",))]
    lonlat: Annotated[F64, Spec("f8", ("P", 2), -180, 180)]
    most_plugs: Annotated[I32, Spec("i4", ("P",), 0)]
    """Plugs the site can hold at most, existing ones included; 0 where no charger may stand."""
    open_cny: Annotated[F64, Spec("f8", ("P",), 0)]
    """Cost of equipping the site before its first plug."""
    plug_cny: Annotated[F64, Spec("f8", ("P",), 0)]
    """Cost of a fast plug."""
    feeder: Annotated[I32, Spec("i4", ("P",), -1)]
    """Position of the feeder the site hangs on, -1 where none is known."""
    snap: Snap


@dataclass(frozen=True, eq=False, kw_only=True)
class Supply(Part):
    """What exists and what scenarios add."""

    plugs: Annotated[I32, Spec("i4", (len(CHARGERS), "P"), 0)]
    """Public plugs at each place, by class."""
    feeder_steps: Annotated[I32, Spec("i4", ("B",), 0)]
    """Steps of reinforcement that each feeder has got."""
    plug_reach_m: Annotated[F64, Spec("f8", (), 0)]
    """Walk between a car at a slow plug and where its driver lives or goes."""
    plug_search_m: Annotated[F64, Spec("f8", (), 0)]
    """Distances to plugs are measured up to here; no plug within it counts as this far."""
    parking_cny: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Price of parking per car trip that ends in the zone."""
    parking_spaces: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Where cars are left at the end of trips that end in the zone; 0 where it is not known, which is no limit."""
    parking_turnover: Annotated[F64, Spec("f8", ("Z",), 0)]
    """Car trips a space of the zone serves in a day; the way there and the way back are two."""
    parking_rounds: Annotated[F64, Spec("f8", (), 1)]
    """Most rounds in which full zones turn drivers away."""
    driving_cny_per_km: Annotated[F64, Spec("f8", (), 0)]
    taxi_start_cny: Annotated[F64, Spec("f8", (), 0)]
    """Price of a taxi for the first metres, and of each kilometre beyond them."""
    taxi_start_m: Annotated[F64, Spec("f8", (), 0)]
    taxi_cny_per_km: Annotated[F64, Spec("f8", (), 0)]
    station_racks: Annotated[I32, Spec("i4", ("G",), 0)]
    station_spaces: Annotated[I32, Spec("i4", ("G",), 0)]
    """Where bikes and cars are left at each rail station. Further fields by kind are of racks, then of spaces."""
    station_turnover: Annotated[F64, Spec("f8", (2,), 0)]
    """Trips a rack or space serves in a day; the way out and the way back are two."""
    station_access_m: Annotated[F64, Spec("f8", (2,), 0)]
    """Longest way to a station by bike and by car."""
    station_parking_cny: Annotated[F64, Spec("f8", (), 0)]
    """Price of leaving a car at a station, per trip."""
    station_rounds: Annotated[F64, Spec("f8", (), 1)]
    """Most rounds in which full racks and car parks turn trips away."""
    station_size: Annotated[F64, Spec("f8", (2, "J"), 1)]
    """Numbers of racks and spaces that a plan may add at once."""
    station_open_cny: Annotated[F64, Spec("f8", (2,), 0)]
    """What adding costs besides each rack or space, and what each costs."""
    station_unit_cny: Annotated[F64, Spec("f8", (2,), 0)]

    @cached_property
    def station_places(self) -> I32:
        """(2, G) racks and spaces."""
        return np.stack((self.station_racks, self.station_spaces))

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.plug_search_m <= self.plug_reach_m:
            what = f"is {self.plug_search_m:g}, not above plug_reach_m = {self.plug_reach_m:g}"
            hint = "else a zone without any plug would count as one with a plug within reach"
            raise InputError(Problem("Supply.plug_search_m", what, hint))


@dataclass(frozen=True, eq=False, kw_only=True)
class Provenance(Part):
    """Where the numbers come from: one row per parameter or layer (A), one attribution per source (C)."""

    key: Annotated[Text, Spec("U", ("A",))]
    value: Annotated[Text, Spec("U", ("A",))]
    unit: Annotated[Text, Spec("U", ("A",))]
    source: Annotated[Text, Spec("U", ("A",))]
    is_default: Annotated[Bools, Spec("b", ("A",))]
    """True where the value stands in for data the city does not have."""
    attribution: Annotated[Text, Spec("U", ("C",))]

    def defaults(self) -> list[dict[str, str]]:
        """Rows for people: every default that stood in for missing data."""
        rows = zip(self.key, self.value, self.unit, self.source, self.is_default, strict=True)
        return [
            {"key": str(k), "value": str(v), "unit": str(u), "source": str(s)}
            for k, v, u, s, default in rows
            if default
        ]


@dataclass(frozen=True, eq=False, kw_only=True)
class City:
    """A whole city. `areas` names the jurisdictions whose policy targets it answers for."""

    id: str
    name: str
    areas: tuple[str, ...]
    roads: Roads
    zones: Zones
    places: Places
    transit: Transit
    fleet: Fleet
    charging: ChargingRules
    feeders: Feeders
    supply: Supply
    buses: BusFleet
    behaviour: Behaviour
    carbon: CarbonRules
    congestion: CongestionRules
    lots: Lots
    parking: ParkingRules
    new_spaces: NewSpaceRules
    bike_points: BikePoints
    bike_sharing: BikeSharingRules
    levers: Levers
    provenance: Provenance

    def __post_init__(self) -> None:
        z, p, s, g = len(self.zones.id), len(self.places.id), len(self.roads.edges), len(self.transit.stations.id)
        lengths = {
            "zones.snap": (self.zones.snap.segment.shape[1], z),
            "places.snap": (self.places.snap.segment.shape[1], p),
            "supply.parking_cny": (len(self.supply.parking_cny), z),
            "supply.plugs": (self.supply.plugs.shape[1], p),
            "supply.feeder_steps": (len(self.supply.feeder_steps), len(self.feeders.id)),
            "supply.station_racks": (len(self.supply.station_racks), g),
            "levers.charge_cny": (len(self.levers.charge_cny), z),
        }
        problems = [
            Problem(f"City.{where}", f"has {is_} rows, needs {wanted}")
            for where, (is_, wanted) in lengths.items()
            if is_ != wanted
        ]
        for where, (snap, _) in self.points.items():
            if snap.segment.max(initial=-1) >= s:
                problems.append(Problem(f"City.{where}.snap", "points to a street segment that is not there"))
        points = {"zone": z, "place": p, "station": g}
        for name, rows in points.items():
            if getattr(self.lots, name).max(initial=-1) >= rows:
                problems.append(Problem(f"City.lots.{name}", "points to one that is not there"))
        if self.bike_points.zone.max(initial=-1) >= z:
            problems.append(Problem("City.bike_points.zone", "points to one that is not there"))
        if self.places.feeder.max(initial=-1) >= len(self.feeders.id):
            problems.append(Problem("City.places.feeder", "points to a feeder that is not there"))
        if problems:
            raise InputError(problems)

    @property
    def points(self) -> dict[str, tuple[Snap, F64]]:
        """All points by layer: where they touch the streets, and where they lie (X, 2)."""
        t = self.transit
        return {
            "zones": (self.zones.snap, self.zones.lonlat),
            "places": (self.places.snap, self.places.lonlat),
            "transit.timetable": (t.timetable.snap, t.timetable.stop_lonlat),
            "transit.stations": (t.stations.snap, t.stations.entrance_lonlat),
            "lots": (self.lots.snap, self.lots.entrance_lonlat),
            "bike_points": (self.bike_points.snap, self.bike_points.lonlat),
        }

    def on_streets(self, roads: Roads, snaps: dict[str, Snap]) -> City:
        """The city with other streets, and its points by layer where they touch them."""
        t = self.transit
        stops, entrances = snaps["transit.timetable"], snaps["transit.stations"]
        if stops is not t.timetable.snap or entrances is not t.stations.snap:
            timetable, stations = replace(t.timetable, snap=stops), replace(t.stations, snap=entrances)
            t = replace(t, timetable=timetable, stations=stations)
        zones, places = replace(self.zones, snap=snaps["zones"]), replace(self.places, snap=snaps["places"])
        lots, bikes = (replace(getattr(self, n), snap=snaps[n]) for n in ("lots", "bike_points"))
        return replace(self, roads=roads, zones=zones, places=places, transit=t, lots=lots, bike_points=bikes)

    @classmethod
    def part_types(cls) -> dict[str, type[Part]]:
        """Field name -> class of every part."""
        return {n: t for n, t in get_type_hints(cls).items() if isinstance(t, type) and issubclass(t, Part)}

    @cached_property
    def digest(self) -> str:
        """sha256 over the id, the names and every part."""
        parts = [getattr(self, name) for name in self.part_types()]
        snaps = [self.zones.snap, self.places.snap, self.lots.snap, self.bike_points.snap]
        return digest_of(self.id, self.name, *self.areas, *(p.digest for p in parts + snaps))
