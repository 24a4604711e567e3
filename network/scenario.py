"""What-ifs: an ordered list of tagged edits, and the one way to apply them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Final, Literal, TypeAlias

import numpy as np

from network.city import City, Places, Roads, Snap
from network.errors import CityError, Problem, ScenarioError
from network.part import Bools, Text
from network.snap import snap
from network.units import CLOSED, MOST_EDGE_MS, MS_PER_S, NETWORK_MODES

NetworkMode: TypeAlias = Literal["walk", "cycle", "drive"]
_KMH_PER_M_S = 3.6
_MOST = 1e9
"""No count of people, price or speed is above this: products of larger numbers would overflow."""
_STRICT: Final[dict[str, Any]] = {"extra": "forbid", "allow_inf_nan": False}


class _Exact:
    """Tells pydantic, wherever it reads an edit, that a number is a number: neither text nor true or false."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> dict[str, Any]:
        return {**handler(source), "strict": True}


Whole: TypeAlias = Annotated[int, _Exact()]
Number: TypeAlias = Annotated[float, _Exact()]


class _Refused(Exception):
    """An edit that cannot be made; becomes a Problem that names the edit."""

    def __init__(self, what: str, hint: str = "") -> None:
        super().__init__(what)
        self.what, self.hint = what, hint


@dataclass(frozen=True, kw_only=True)
class AddChargers:
    """Add public plugs at a place."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["add_chargers"] = "add_chargers"
    place: str
    plugs: Whole

    def apply(self, city: City) -> City:
        at = _position(city.places.id, self.place, "place")
        if self.plugs < 1:
            raise _Refused(f"plugs is {self.plugs}", "add at least one")
        room = int(city.places.most_plugs[at] - city.supply.plugs[at])
        if self.plugs > room:
            raise _Refused(
                f"{self.plugs} plugs do not fit: place {self.place!r} has room for {max(room, 0)} more",
                "spread them over other places, or add the place with a higher most_plugs",
            )
        plugs = city.supply.plugs.copy()
        plugs[at] += self.plugs
        return replace(city, supply=replace(city.supply, plugs=plugs))


@dataclass(frozen=True, kw_only=True)
class CloseStreet:
    """Close a street, by way id or by name, to some modes of travel."""

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["close_street"] = "close_street"
    street: str
    modes: tuple[NetworkMode, ...] = ("drive",)

    def apply(self, city: City) -> City:
        time_ms = city.roads.time_ms.copy()
        for m, edges in _street_edges(city.roads, self.street, self.modes):
            time_ms[m, edges] = CLOSED
        return _with_times(city, time_ms)


@dataclass(frozen=True, kw_only=True)
class SetStreetSpeed:
    """Set the speed on a street, by way id or by name, for some modes of travel."""

    layers: ClassVar[frozenset[str]] = frozenset({"roads"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["set_street_speed"] = "set_street_speed"
    street: str
    kmh: Number
    modes: tuple[NetworkMode, ...] = ("drive",)

    def apply(self, city: City) -> City:
        if not 0 < self.kmh <= _MOST:
            raise _Refused(f"kmh is {self.kmh}", "a speed is above 0 km/h; use close_street to close")
        length_m = city.roads.length_m[city.roads.segment]
        time_ms = city.roads.time_ms.copy()
        for m, edges in _street_edges(city.roads, self.street, self.modes):
            with np.errstate(over="ignore"):
                new_ms = np.maximum(np.rint(length_m[edges] / (self.kmh / _KMH_PER_M_S) * MS_PER_S), 1)
            if new_ms.max(initial=0) > MOST_EDGE_MS:
                raise _Refused(f"kmh is {self.kmh}", "so slow a street cannot be counted; use close_street to close")
            time_ms[m, edges] = new_ms
        return _with_times(city, time_ms)


@dataclass(frozen=True, kw_only=True)
class SetPrice:
    """Set a price: parking [CNY a car trip to the area], driving [CNY/km] or fare [CNY a transit trip from it]."""

    layers: ClassVar[frozenset[str]] = frozenset({"supply", "transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["set_price"] = "set_price"
    item: Literal["parking", "driving", "fare"]
    cny: Number
    area: str | None = None
    """District or street office; the whole city where it is left out."""

    def apply(self, city: City) -> City:
        _not_negative("cny", self.cny)
        if self.item == "driving":
            if self.area is not None:
                raise _Refused("driving has one price for the whole city", "leave area out")
            return replace(city, supply=replace(city.supply, driving_cny_per_km=np.asarray(self.cny, float)))
        here = self._zones(city)
        if self.item == "parking":
            parking = np.where(here, float(self.cny), city.supply.parking_cny)
            return replace(city, supply=replace(city.supply, parking_cny=parking))
        fare = np.where(here[:, None], float(self.cny), city.transit.fare_cny)
        return replace(city, transit=replace(city.transit, fare_cny=fare))

    def _zones(self, city: City) -> Bools:
        if self.area is None:
            return np.ones(len(city.zones.id), np.bool_)
        here: Bools = city.zones.area == self.area
        if not here.any():
            raise _Refused(f"no area is called {self.area!r}", _nearest(self.area, city.zones.area))
        return here


@dataclass(frozen=True, kw_only=True)
class SetDemand:
    """Change how many people live, work, learn or visit in a zone; what is left out stays."""

    layers: ClassVar[frozenset[str]] = frozenset({"demand"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["set_demand"] = "set_demand"
    zone: str
    residents: Number | None = None
    jobs: Number | None = None
    students: Number | None = None
    visitors: Number | None = None

    def apply(self, city: City) -> City:
        at = _position(city.zones.id, self.zone, "zone")
        named = {"residents": self.residents, "jobs": self.jobs, "students": self.students, "visitors": self.visitors}
        given = {name: value for name, value in named.items() if value is not None}
        if not given:
            raise _Refused("changes nothing", "give residents, jobs, students or visitors")
        changed = {}
        for name, value in given.items():
            _not_negative(name, value)
            changed[name] = getattr(city.zones, name).copy()
            changed[name][at] = value
        return replace(city, zones=replace(city.zones, **changed))


@dataclass(frozen=True, kw_only=True)
class AddPlace:
    """Add a site that chargers can be put at."""

    layers: ClassVar[frozenset[str]] = frozenset({"places", "supply"})
    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    type: Literal["add_place"] = "add_place"
    id: str
    lon: Number
    lat: Number
    most_plugs: Whole
    open_cny: Number
    plug_cny: Number
    kind: str = "site"
    name: str = ""

    def apply(self, city: City) -> City:
        if not self.id or self.id in city.places.id:
            raise _Refused(f"id {self.id!r} is empty or taken", "choose another")
        for name in ("most_plugs", "open_cny", "plug_cny"):
            _not_negative(name, getattr(self, name))
        for text in (self.id, self.kind, self.name):
            if not text.isprintable():
                raise _Refused(f"{text!r} holds characters that cannot be printed", "leave them out")
        self._inside(city)
        lonlat = np.array([[self.lon, self.lat]])
        p, touch = city.places, snap(city.roads, lonlat)
        places = Places(
            id=_append(p.id, self.id),
            kind=_append(p.kind, self.kind),
            name=_append(p.name, self.name),
            lonlat=np.concatenate((p.lonlat, lonlat)),
            most_plugs=np.append(p.most_plugs, np.int32(self.most_plugs)),
            open_cny=np.append(p.open_cny, float(self.open_cny)),
            plug_cny=np.append(p.plug_cny, float(self.plug_cny)),
            snap=Snap(
                **{n: np.concatenate((getattr(p.snap, n), getattr(touch, n)), axis=1) for n, _ in touch.arrays()}
            ),
        )
        return replace(
            city, places=places, supply=replace(city.supply, plugs=np.append(city.supply.plugs, np.int32(0)))
        )

    def _inside(self, city: City) -> None:
        west, south = city.roads.lonlat.min(axis=0)
        east, north = city.roads.lonlat.max(axis=0)
        if west <= self.lon <= east and south <= self.lat <= north:
            return
        swapped = west <= self.lat <= east and south <= self.lon <= north
        raise _Refused(
            f"({self.lon}, {self.lat}) is outside the streets of {city.id}",
            "lon and lat look swapped" if swapped else f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}",
        )


Edit: TypeAlias = AddChargers | CloseStreet | SetStreetSpeed | SetPrice | SetDemand | AddPlace
EDITS: Final[tuple[type[Edit], ...]] = (AddChargers, CloseStreet, SetStreetSpeed, SetPrice, SetDemand, AddPlace)


class _ByType:
    """Tells pydantic, wherever it reads a Scenario, that `type` alone says which edit is meant."""

    def __get_pydantic_core_schema__(self, _source: Any, handler: Any) -> dict[str, Any]:
        choices = {edit.type: handler.generate_schema(edit) for edit in EDITS}
        return {"type": "tagged-union", "discriminator": "type", "choices": choices}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """An ordered list of edits to a city; applying it returns another city and leaves the first as it was."""

    __pydantic_config__: ClassVar[dict[str, Any]] = _STRICT
    edits: tuple[Annotated[Edit, _ByType()], ...] = field(default=())
    name: str = ""

    @property
    def layers(self) -> frozenset[str]:
        """Layers the edits touch: of roads, transit, places, supply, demand."""
        return frozenset[str]().union(*(edit.layers for edit in self.edits))

    def apply(self, city: City) -> City:
        """The city after all edits. Raises ScenarioError with every problem of every edit; nothing is changed then."""
        problems = []
        for i, edit in enumerate(self.edits):
            where = f"edits[{i}] {edit.type}"
            try:
                city = edit.apply(city)
            except _Refused as refused:
                problems.append(Problem(where, refused.what, refused.hint))
            except CityError as error:
                problems += [Problem(f"{where}, {p.where}", p.what, p.hint) for p in error.problems]
        if problems:
            raise ScenarioError(problems)
        return city


def _not_negative(name: str, value: float) -> None:
    if not 0 <= value <= _MOST:
        raise _Refused(f"{name} is {value}", f"a number from 0 to {_MOST:,.0f} is needed")


def _nearest(wanted: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(wanted, sorted(set(map(str, known)) - {""}), n=3, cutoff=0.5)
    return "did you mean " + ", ".join(map(repr, close)) + "?" if close else ""


def _position(ids: Text, wanted: str, what: str) -> int:
    found = np.flatnonzero(ids == wanted)
    if not len(found):
        raise _Refused(f"no {what} has the id {wanted!r}", _nearest(wanted, ids))
    return int(found[0])


def _street_edges(roads: Roads, street: str, modes: tuple[NetworkMode, ...]) -> list[tuple[int, Any]]:
    """For each mode the directed edges of a street that are open to it."""
    if not modes:
        raise _Refused("modes is empty", f"name some of {', '.join(NETWORK_MODES)}")
    way = (roads.way_id == street) | ((roads.way_name == street) & (street != ""))
    if not way.any():
        raise _Refused(
            f"no street has the id or name {street!r}", _nearest(street, np.concatenate((roads.way_name, roads.way_id)))
        )
    edges = roads.edges[way[roads.way]].ravel()
    open_edges = [(m, edges[roads.time_ms[m, edges] >= 0]) for m in map(NETWORK_MODES.index, modes)]
    if not any(len(e) for _, e in open_edges):
        raise _Refused(f"street {street!r} is not open to {', '.join(modes)}", "choose other modes")
    return open_edges


def _with_times(city: City, time_ms: Any) -> City:
    """The city with other travel times; points whose street was closed move to the nearest open one."""
    roads = replace(city.roads, time_ms=time_ms)
    return replace(
        city,
        roads=roads,
        zones=replace(city.zones, snap=_resnapped(roads, city.zones.snap, city.zones.lonlat)),
        places=replace(city.places, snap=_resnapped(roads, city.places.snap, city.places.lonlat)),
    )


def _resnapped(roads: Roads, points: Snap, lonlat: Any) -> Snap:
    mode = np.arange(len(NETWORK_MODES))[:, None]
    shut = np.all(roads.time_ms[mode[:, :, None], roads.edges[points.segment]] < 0, axis=2)
    some = np.flatnonzero(shut.any(axis=0))
    if not len(some):
        return points
    fresh = snap(roads, lonlat[some])
    arrays = {}
    for name, old in points.arrays():
        arrays[name] = old.copy()
        arrays[name][:, some] = np.where(shut[:, some], getattr(fresh, name), old[:, some])
    return Snap(**arrays)


def _append(texts: Text, text: str) -> Text:
    return np.array([*texts.tolist(), text], dtype=np.str_)
