"""Bus and rail of a city, put together from what its sources give: feeds, tables of lines, the map."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.loop_rules import LoopRules
from network.part import F64, I32, Bools, Part, Snap, Text, specs
from network.snap import snap
from network.stop_rules import StopRules
from network.tariffs import Tariffs
from network.timetable import Service, timetable
from network.transit import Stations, Transit
from network.units import PERIODS, TRANSIT_MODES, WALK

P = TypeVar("P", bound=Part)
_M_PER_S = 1 / 3.6
_S_PER_MIN = 60
_S_PER_H = 3600
_THROUGH = ("metro",)
"""Modes whose rides one after another cost as one."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a source, or one direction of it; directions of one line share their name."""

    id: str
    name: str
    mode: int
    tariff: str
    """Id of its tariff; the name of its mode where the source gives none."""
    length_m: float
    """The whole of it, also beyond the streets that are read."""
    from_year: int = 0
    ends: tuple[bool, bool] = (True, True)
    """Whether the source holds its first and its last stop: an extract may cut it off."""


@dataclass(frozen=True, kw_only=True)
class Tariff:
    """What a ride of at least so many metres costs [CNY]; `through` where rides one after another count as one."""

    from_m: tuple[int, ...] = (0,)
    cny: tuple[float, ...] = (0.0,)
    through: bool = False


@dataclass(frozen=True, kw_only=True)
class Station:
    """A rail station and the positions of the stops that are its platforms."""

    id: str
    name: str
    lonlat: tuple[float, float]
    platforms: tuple[int, ...]
    eligible: bool = True


@dataclass(frozen=True, kw_only=True)
class Entrance:
    """An entrance of the station with that id."""

    id: str
    station: str
    lonlat: tuple[float, float]
    eligible: bool = True


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one file or the map tells of bus and rail. Services name lines and stops by their positions here."""

    stop_id: Text
    stop_name: Text
    lonlat: F64
    """(S, 2) WGS-84."""
    lines: Sequence[Line] = ()
    services: Sequence[Service] = ()
    transfers: Sequence[tuple[int, int, int]] = ()
    """From a stop to a stop, the least seconds or -1 where it is not possible."""
    stations: Sequence[Station] = ()
    entrances: Sequence[Entrance] = ()
    ways: Sequence[tuple[int, int, int, int]] = ()
    """Inside a station: position of an entrance, a stop, seconds from it to the stop and back, -1 where one cannot."""
    tariffs: dict[str, Tariff] = field(default_factory=dict)
    transfer_off_cny: dict[tuple[str, str], float] = field(default_factory=dict)
    """Taken off the fare of the second of two rides, by their tariffs."""


def transit_part(sources: Sequence[Source], roads: Roads, parameters: Parameters) -> tuple[Transit, int]:
    """Transit of a city, and how many stops lie beyond its streets and are left out.

    Lines run as far as the stops that have streets; stops nobody calls at stay, so that lines can be led there.
    """
    source = joined(sources)
    where = snap(roads, source.lonlat)
    on_map = where.off_m[WALK] <= parameters.number("places.farthest_street_m")
    position = np.where(on_map, np.cumsum(on_map) - 1, -1).astype(np.int32)
    services = [cut for s in source.services if (cut := _within(s, position)) is not None]
    if source.services and not services:
        hint = "are the lines of another city, or in another datum?"
        raise InputError(Problem("transit", "no line calls twice near the streets", hint))
    transfers = [(int(position[a]), int(position[b]), s) for a, b, s in source.transfers if on_map[a] and on_map[b]]
    tariffs, tariff_of = _tariffs(source, parameters)
    stops = _at(where, on_map)
    times = timetable(
        source.stop_id[on_map],
        source.lonlat[on_map],
        stops,
        services,
        np.array([tariff_of[line.tariff] for line in source.lines], dtype=np.int32),
        transfers=transfers,
    )
    part = Transit(
        stop_name=source.stop_name[on_map],
        line_id=_texts(line.id for line in source.lines),
        line_name=_texts(line.name for line in source.lines),
        line_mode=np.array([line.mode for line in source.lines], dtype=np.int32),
        line_from_year=np.array([line.from_year for line in source.lines], dtype=np.int32),
        line_m=np.array([line.length_m for line in source.lines], dtype=np.float64),
        year=np.array(int(parameters.number("transit.year")), dtype=np.int32),
        timetable=times,
        tariffs=tariffs,
        stations=_stations(source, position, roads, parameters),
        stop_rules=_part_of(StopRules, "stops", parameters),
        loop_rules=_part_of(LoopRules, "loops", parameters),
        m_per_s=np.array([parameters.positive(f"transit.{mode}_kmh") * _M_PER_S for mode in TRANSIT_MODES]),
        detour=np.array([parameters.number(f"transit.{mode}_detour") for mode in TRANSIT_MODES]),
        **_rules(parameters),
    )
    return part, int((~on_map).sum())


def no_lines(lonlat: F64) -> Source:
    """Stops of the map (S, 2) alone."""
    ids = np.array([f"stop/{i}" for i in range(len(lonlat))], dtype=np.str_)
    return Source(stop_id=ids, stop_name=ids, lonlat=lonlat)


def joined(sources: Sequence[Source]) -> Source:
    """All sources as one: stops one after another, ids told apart where two sources use the same."""
    stops = np.cumsum([0, *(len(s.stop_id) for s in sources)])
    lines = np.cumsum([0, *(len(s.lines) for s in sources)])
    doors = np.cumsum([0, *(len(s.entrances) for s in sources)])
    line_ids = _unique([_texts(line.id for line in s.lines) for s in sources]).tolist()
    station_ids = iter(_unique([_texts(station.id for station in s.stations) for s in sources]).tolist())
    door_ids = _unique([_texts(entrance.id for entrance in s.entrances) for s in sources]).tolist()
    named = _tariff_ids(sources)
    tariff_of = [told.get(line.tariff, line.tariff) for s, told in zip(sources, named, strict=True) for line in s.lines]
    every_line = zip(line_ids, tariff_of, (line for s in sources for line in s.lines), strict=True)
    services, transfers, stations, entrances, ways = [], [], [], [], []
    for source, stop, line, door in zip(sources, stops.tolist(), lines.tolist(), doors.tolist(), strict=False):
        services += [replace(s, stop=s.stop + np.int32(stop), line=s.line + line) for s in source.services]
        transfers += [(a + stop, b + stop, s) for a, b, s in source.transfers]
        ways += [(entrance + door, platform + stop, into, out) for entrance, platform, into, out in source.ways]
        now = {s.id: next(station_ids) for s in source.stations}
        stations += [replace(s, id=now[s.id], platforms=tuple(p + stop for p in s.platforms)) for s in source.stations]
        entrances += [replace(e, station=now[e.station]) for e in source.entrances]
    return Source(
        stop_id=_unique([source.stop_id for source in sources]),
        stop_name=np.concatenate([_texts(()), *(source.stop_name for source in sources)]),
        lonlat=np.concatenate([np.zeros((0, 2)), *(source.lonlat for source in sources)]),
        lines=[replace(line, id=i, tariff=tariff) for i, tariff, line in every_line],
        services=services,
        transfers=transfers,
        stations=stations,
        entrances=[replace(entrance, id=i) for i, entrance in zip(door_ids, entrances, strict=True)],
        ways=ways,
        tariffs={told[i]: tariff for s, told in zip(sources, named, strict=True) for i, tariff in s.tariffs.items()},
        transfer_off_cny={
            (told.get(a, a), told.get(b, b)): cny
            for s, told in zip(sources, named, strict=True)
            for (a, b), cny in s.transfer_off_cny.items()
        },
    )


def _tariff_ids(sources: Sequence[Source]) -> list[dict[str, str]]:
    """Ids of the tariffs of each source; where an earlier one means another fare by it, its number stands before it."""
    seen: dict[str, Tariff] = {}
    out: list[dict[str, str]] = []
    for number, source in enumerate(sources):
        told = {i: i if seen.get(i, tariff) == tariff else f"{number + 1}:{i}" for i, tariff in source.tariffs.items()}
        seen |= {told[i]: tariff for i, tariff in source.tariffs.items()}
        out.append(told)
    return out


def _within(service: Service, position: I32) -> Service | None:
    """A service from its first to its last call at a stop that is kept, by the new positions of the stops."""
    at = np.flatnonzero(position[service.stop] >= 0)
    if len(at) < 2:
        return None
    return replace(
        service,
        stop=position[service.stop[at]],
        length_m=service.length_m[at] - service.length_m[at[0]],
        boards=service.boards[at],
        alights=service.alights[at],
        arrive_s=service.arrive_s[:, at],
        depart_s=service.depart_s[:, at],
    )


def _rules(parameters: Parameters) -> dict[str, F64]:
    """The numbers of Transit, from the parameters."""
    walk_m_per_s = parameters.positive("roads.walk_kmh") * _M_PER_S
    start_h = parameters.array("transit.window_start_h")
    if start_h.shape != (len(PERIODS),):
        what = f"is not a list of {len(PERIODS)} hours"
        raise InputError(Problem("parameter transit.window_start_h", what, f"one each for {', '.join(PERIODS)}"))
    rules = {
        "access_s": parameters.number("transit.access_m") / walk_m_per_s,
        "transfer_s": parameters.number("transit.transfer_m") / walk_m_per_s,
        "change_s": parameters.number("transit.change_s"),
        "window_min": parameters.positive("transit.window_min"),
        "longest_s": parameters.positive("transit.longest_min") * _S_PER_MIN,
        "most_rides": parameters.positive("transit.most_rides"),
        "late_percent": parameters.positive("transit.late_percent"),
        "estimate_m_per_s": parameters.positive("transit.unknown_kmh") * _M_PER_S,
        "estimate_wait_s": parameters.number("transit.unknown_wait_min") * _S_PER_MIN,
        "estimate_transfers": parameters.number("transit.unknown_transfers"),
        "estimate_walk_s": parameters.number("transit.unknown_walk_m") / walk_m_per_s,
    }
    return {name: np.array(float(value)) for name, value in rules.items()} | {
        "window_start_s": np.rint(start_h * _S_PER_H)
    }


def _part_of(kind: type[P], stem: str, parameters: Parameters) -> P:
    """A part whose fields are the parameters of one file."""

    def value(name: str) -> Any:
        key = f"{stem}.{name}"
        return _texts(parameters.value(key)) if specs(kind)[name].dtype == "U" else np.array(parameters.number(key))

    return kind(**{name: value(name) for name in specs(kind)})


def _tariffs(source: Source, parameters: Parameters) -> tuple[Tariffs, dict[str, int]]:
    """Tariffs of the source, and of every mode by the parameters; their positions by id."""
    of_modes = {
        mode: Tariff(
            from_m=tuple(round(x) for x in parameters.value(f"transit.{mode}_fare_from_m")),
            cny=tuple(float(x) for x in parameters.value(f"transit.{mode}_fare_cny")),
            through=mode in _THROUGH,
        )
        for mode in TRANSIT_MODES
    }
    every = of_modes | source.tariffs
    at = {name: i for i, name in enumerate(every)}
    off = np.zeros((len(every), len(every)))
    for (first, second), cny in source.transfer_off_cny.items():
        off[at[first], at[second]] = cny
    tariffs = Tariffs(
        id=_texts(every),
        first=np.cumsum([0, *(len(t.cny) for t in every.values())]).astype(np.int32),
        from_m=np.array([m for t in every.values() for m in t.from_m], dtype=np.int32),
        cny=np.array([c for t in every.values() for c in t.cny], dtype=np.float64),
        through=np.array([t.through for t in every.values()], dtype=np.bool_),
        transfer_off_cny=off,
    )
    return tariffs, at


def _stations(source: Source, position: I32, roads: Roads, parameters: Parameters) -> Stations:
    """Stations that have streets, each with its entrances, or its middle where none is known."""
    middles = np.array([s.lonlat for s in source.stations]).reshape(-1, 2)
    entrances = list(source.entrances)
    known = {e.station for e in entrances}
    missing = [s for s in source.stations if s.id not in known]
    entrances += [Entrance(id=s.id, station=s.id, lonlat=s.lonlat, eligible=s.eligible) for s in missing]
    ids = _unique([_texts(e.id for e in source.entrances), _texts(s.id for s in missing)])
    points = np.array([e.lonlat for e in entrances]).reshape(-1, 2)
    where = snap(roads, points)
    near = where.off_m[WALK] <= parameters.number("places.farthest_street_m")
    reached = {e.station for e, ok in zip(entrances, near.tolist(), strict=True) if ok}
    kept = np.array([s.id in reached for s in source.stations], dtype=np.bool_)
    stations = [s for s, ok in zip(source.stations, kept.tolist(), strict=True) if ok]
    at = {s.id: i for i, s in enumerate(stations)}
    near &= np.array([e.station in at for e in entrances], dtype=np.bool_)
    platforms = [[int(position[p]) for p in s.platforms if position[p] >= 0] for s in stations]
    some = [e for e, ok in zip(entrances, near.tolist(), strict=True) if ok]
    number = np.where(near, np.cumsum(near) - 1, -1)
    inside = [(number[e], position[p], into, out) for e, p, into, out in source.ways if near[e] and position[p] >= 0]
    ways = np.array(sorted(inside), dtype=np.int32).reshape(-1, 4)
    return Stations(
        id=_texts(s.id for s in stations),
        name=_texts(s.name for s in stations),
        lonlat=middles[kept],
        eligible=np.array([s.eligible for s in stations], dtype=np.bool_),
        platform_first=np.cumsum([0, *(len(p) for p in platforms)]).astype(np.int32),
        platform=np.array([p for some_of in platforms for p in some_of], dtype=np.int32),
        entrance_id=ids[near],
        entrance_station=np.array([at[e.station] for e in some], dtype=np.int32),
        entrance_lonlat=points[near],
        entrance_eligible=np.array([e.eligible for e in some], dtype=np.bool_),
        entrance_is_centre=(np.arange(len(entrances)) >= len(source.entrances))[near],
        snap=_at(where, near),
        way_entrance=ways[:, 0],
        way_stop=ways[:, 1],
        way_in_s=ways[:, 2],
        way_out_s=ways[:, 3],
    )


def _at(where: Snap, some: Bools) -> Snap:
    return Snap(**{name: array[:, some] for name, array in where.arrays()})


def _texts(texts: Iterable[str]) -> Text:
    return np.array([*texts], dtype=np.str_)


def _unique(ids: Sequence[Text]) -> Text:
    """Ids one after another; where a later source repeats one, the number of the source stands before it."""
    seen: set[str] = set()
    out: list[str] = []
    for number, some in enumerate(ids):
        here = [f"{number + 1}:{i}" if i in seen else i for i in some.tolist()]
        seen |= set(here)
        out += here
    return _texts(out)
