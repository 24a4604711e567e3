"""Lines of the map: the routes of OpenStreetMap, their stations and entrances. Times are headways and speeds."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from network.io.headways import Calls, Modes, Running, source_of
from network.io.layers import Plane
from network.io.osm import OsmData
from network.io.osm_routes import MODE_OF_ROUTE, Member, Routes
from network.io.parameters import Parameters
from network.io.transit import Entrance, Source, Station
from network.io.ways import Features, Tags
from network.part import F64, Bools
from network.snap import local_metres
from network.units import METRO, RAIL

_S_PER_MIN = 60
_S_PER_H = 3600
_S_PER_DAY = 86_400
_INTERVAL = re.compile(r"(?:(\d{1,2}):)?(\d{1,3})(?::00)?")
_HOURS = re.compile(r"(?:Mo-(?:Fr|Sa|Su)(?:,PH)?:? )?(\d\d):(\d\d)-(\d\d):(\d\d)")
_ONE_WAY_VERSION = "2"
_UNDERGROUND = frozenset({"subway", "light_rail", "monorail"})


def lines_of_map(data: OsmData, parameters: Parameters) -> Source | None:
    """Routes of an extract as lines, None where it holds none that calls twice.

    A route is one direction where it says so (public_transport:version=2, roundtrip=yes), ends where it begins, or
    another one has its number, mode and network; else it runs both ways, or as the roles of its stops tell. Of a stop
    drawn as platform and as place of the vehicle, of one name or nearer than transit.pair_m, one is kept: what the
    route has more of, the platform if as many. `interval` and `opening_hours` stand for headway and first and last
    departure where they are one number and one span; all else is by the parameters of the mode. Stops on which no
    route calls stay.

    Stations are those of rail; their platforms are the stops of metro and rail of the same name within
    transit.entrance_m or of any name within transit.platform_m. Entrances belong to the nearest station within
    transit.entrance_m, those of an underground to one of an underground if there is any.
    """
    routes, modes = data.routes, Modes(parameters)
    directions = list(_directions(routes, parameters.number("transit.pair_m")))
    if not directions:
        return None
    known = set(routes.stop_id)
    spare = [i for i in data.features.of_kind("bus_stop", "tram_stop").tolist() if data.features.id[i] not in known]
    first = np.cumsum([0, *(len(d.stops) for d in directions)])
    names = _names(routes)
    calls = Calls(
        stop_id=np.array([*routes.stop_id, *(data.features.id[i] for i in spare)], dtype=np.str_),
        stop_name=np.array([*routes.stop_name, *(data.features.name[i] for i in spare)], dtype=np.str_),
        lonlat=np.concatenate([routes.lonlat, data.features.lonlat[spare]]),
        line_id=[d.id for d in directions],
        line_name=[names[d.route] for d in directions],
        first=first,
        stop=np.array([stop for d in directions for stop in d.stops], dtype=np.int32),
        ride_s=np.full(first[-1], np.nan),
        dwell_s=np.zeros(first[-1]),
    )
    source = source_of(calls, [_running(routes.tags[d.route], modes) for d in directions], modes)
    lines = [replace(line, ends=d.ends) for line, d in zip(source.lines, directions, strict=True)]
    stations, is_underground = _stations(data.features, source, parameters)
    entrances = list(_entrances(data.features, stations, is_underground, parameters.number("transit.entrance_m")))
    return replace(source, lines=lines, stations=stations, entrances=entrances)


class _Direction(NamedTuple):
    """One direction of a route (by its position) and the positions of its stops."""

    id: str
    route: int
    stops: tuple[int, ...]
    ends: tuple[bool, bool]
    """Whether its first and last stop are in the file."""


class _Stops(NamedTuple):
    """Metres and plain names of the stops of routes."""

    xy: F64
    name: list[str]


def _directions(routes: Routes, pair_m: float) -> Iterator[_Direction]:
    if not routes.id:
        return
    xy = local_metres(routes.lonlat, float(np.median(routes.lonlat[:, 1])))
    stops = _Stops(xy, [_plain(name) for name in routes.stop_name])
    lines = _lines(routes)
    alike = Counter(lines)
    for route, (number, tags, members) in enumerate(zip(routes.id, routes.tags, routes.members, strict=True)):
        some = _one_each(members, stops, pair_m)
        there = _calls([m.stop for m in some if "backward" not in m.role], stops, pair_m)
        back = _calls([m.stop for m in some[::-1] if "forward" not in m.role], stops, pair_m)
        told = tags.get("public_transport:version") == _ONE_WAY_VERSION or tags.get("roundtrip") == "yes"
        by_role = any(role in m.role for m in some for role in ("forward", "backward"))
        one_way = told or alike[lines[route]] > 1 or there[:1] == there[-1:]
        if len(there) > 1:
            yield _Direction(number, route, there, routes.ends[route])
        if len(back) > 1 and (by_role or not one_way):
            yield _Direction(f"{number} back", route, back, routes.ends[route][::-1])


def _one_each(members: Sequence[Member], stops: _Stops, pair_m: float) -> list[Member]:
    """Members without those that stand for a stop another one stands for: it is near, or has the same name.

    Where all of one kind follow all of the other, the order of the rest is not known: then they are left out.
    """
    from scipy.spatial import KDTree

    platform = np.array(["platform" in m.role for m in members])
    main: Bools = platform if platform.sum() * 2 >= len(members) else ~platform
    if main.all():
        return list(members)
    at = stops.xy[[m.stop for m in members]]
    named = {stops.name[m.stop] for m, is_main in zip(members, main, strict=True) if is_main} - {""}
    apart = KDTree(at[main]).query(at)[0] > pair_m
    apart &= [stops.name[m.stop] not in named for m in members]
    mixed = int((main[1:] != main[:-1]).sum()) > 1
    return [m for m, keep in zip(members, main | (apart & mixed), strict=True) if keep]


def _calls(some: Iterable[int], stops: _Stops, pair_m: float) -> tuple[int, ...]:
    """Stops without those that follow upon themselves, or near upon another one of their name."""
    out: list[int] = []
    for stop in some:
        before = out[-1] if out else -1
        same = stop == before or (out and stops.name[stop] == stops.name[before] != "")
        if not (same and np.hypot(*(stops.xy[stop] - stops.xy[before])) <= pair_m):
            out.append(stop)
    return tuple(out)


def _lines(routes: Routes) -> list[tuple[str, str, str]]:
    """What the directions and variants of a line have in common: mode, number (else name, else id), network."""
    return [
        (MODE_OF_ROUTE[tags["route"]], tags.get("ref") or tags.get("name") or number, tags.get("network", ""))
        for number, tags in zip(routes.id, routes.tags, strict=True)
    ]


def _names(routes: Routes) -> list[str]:
    """The number of each route, else its name; with mode and network where several lines have the same number."""
    lines = _lines(routes)
    alike = Counter(ref for _, ref, _ in set(lines))
    return [
        f"{ref} ({', '.join(filter(None, (mode, network)))})" if alike[ref] > 1 else ref for mode, ref, network in lines
    ]


def _running(tags: Tags, modes: Modes) -> Running:
    assumed = modes[MODE_OF_ROUTE[tags["route"]]]
    every_s = first_s = None
    until_s = assumed.edges_s[-1]
    if interval := _INTERVAL.fullmatch(tags.get("interval", "").removesuffix(" min").removesuffix(" minutes")):
        every_s = int(interval[1] or 0) * _S_PER_H + int(interval[2]) * _S_PER_MIN or None
    if hours := _HOURS.fullmatch(tags.get("opening_hours", "")):
        h, m, end_h, end_m = map(int, hours.groups())
        first_s, until_s = h * _S_PER_H + m * _S_PER_MIN, end_h * _S_PER_H + end_m * _S_PER_MIN
        until_s += _S_PER_DAY * (until_s <= first_s)
    from_s = assumed.edges_s[0] if first_s is None else first_s
    return Running(mode=assumed.mode, periods=tuple(assumed.periods(from_s, until_s, every_s, None)), first_s=first_s)


def _stations(features: Features, source: Source, parameters: Parameters) -> tuple[list[Station], Bools]:
    """Rail stations, each once, and which of them are underground ones."""
    platform_m, entrance_m = (parameters.number(f"transit.{name}") for name in ("platform_m", "entrance_m"))
    plane = Plane(float(np.median(source.lonlat[:, 1])))
    at = _drawn_stations(features, plane, entrance_m)
    platforms: list[list[int]] = [[] for _ in at]
    middle = plane.metres(features.lonlat[at])
    on_rails = [s for s in source.services if source.lines[s.line].mode in {METRO, RAIL}]
    for stop in sorted({int(i) for s in on_rails for i in s.stop}) if at else []:
        gap = np.hypot(*(middle - plane.metres(source.lonlat[[stop]])).T)
        named = np.array([_plain(features.name[i]) == _plain(str(source.stop_name[stop])) != "" for i in at])
        reached = gap <= np.where(named, entrance_m, platform_m)
        if reached.any():
            platforms[int(np.where(reached, gap - named * entrance_m, np.inf).argmin())].append(stop)
    stations = [
        Station(id=features.id[i], name=features.name[i], lonlat=(lon, lat), platforms=tuple(some))
        for i, (lon, lat), some in zip(at, features.lonlat[at].tolist(), platforms, strict=True)
    ]
    return stations, np.array([_underground(features.tags[i]) for i in at], dtype=np.bool_)


def _drawn_stations(features: Features, plane: Plane, entrance_m: float) -> list[int]:
    """Positions of rail stations: where one is drawn twice, near and of one name or of none, the first."""
    at: list[int] = []
    for i in features.of_kind("station").tolist():
        if features.tags[i].get("railway") not in {"station", "halt"}:
            continue
        kind = _underground(features.tags[i])
        same = [
            j
            for j in at
            if not features.name[i]
            or (_plain(features.name[i]) == _plain(features.name[j]) and kind == _underground(features.tags[j]))
        ]
        if (
            not same
            or np.hypot(*(plane.metres(features.lonlat[same]) - plane.metres(features.lonlat[[i]])).T).min()
            > entrance_m
        ):
            at.append(i)
    return at


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name.casefold()))


def _underground(tags: Tags) -> bool:
    return tags.get("station") in _UNDERGROUND or tags.get("subway") == "yes"


def _entrances(
    features: Features, stations: Sequence[Station], is_underground: Bools, most_m: float
) -> Iterator[Entrance]:
    if not stations:
        return
    plane = Plane(stations[0].lonlat[1])
    middle = plane.metres(np.array([s.lonlat for s in stations]))
    for i in features.of_kind("subway_entrance").tolist():
        gap = np.hypot(*(middle - plane.metres(features.lonlat[[i]])).T)
        wanted = (features.tags[i].get("railway") == "subway_entrance") == is_underground
        best = np.where(wanted, gap, gap + most_m)
        best[gap > most_m] = np.inf
        if np.isfinite(best).any():
            lon, lat = features.lonlat[i].tolist()
            yield Entrance(id=features.id[i], station=stations[int(best.argmin())].id, lonlat=(lon, lat))
