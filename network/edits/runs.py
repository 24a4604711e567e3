"""Lines taken apart into services and put together again: what edits of stops and of lines share."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any, Final

import numpy as np

from network.city import City
from network.edits.base import Refused, did_you_mean, position_of
from network.part import F64, I32, I64, Snap, Text
from network.street_graph import piece_lengths_m
from network.timetable import Service, Timetable, timetable
from network.transit import Transit
from network.units import METRO, RAIL

KMH_PER_M_S: Final = 3.6
LONGEST_RUN_S: Final = 24 * 3600
"""No line is longer on its way than a day."""


def check_lines(city: City) -> None:
    """Refuse where transit is an estimate by distance."""
    if not len(city.transit.line_id):
        what = f"no line is known in {city.id}: its transit is an estimate by distance"
        raise Refused(what, "build the city with its lines first, as [[transit]] in its recipe")


def lines_of(city: City, wanted: str) -> list[int]:
    """Positions of a line by id, or by name of all its directions; a name goes before an id that is the same."""
    check_lines(city)
    t = city.transit
    found = np.flatnonzero(t.line_id == wanted)
    if wanted and (not len(found) or t.line_name[found[0]] == wanted):
        found = np.union1d(found, np.flatnonzero(t.line_name == wanted))
    if not len(found):
        hint = did_you_mean(wanted, np.concatenate((t.line_name, t.line_id)))
        raise Refused(f"no line has the id or name {wanted!r}", hint)
    return [int(line) for line in found]


def calling_lines(city: City, wanted: str) -> list[int]:
    """As `lines_of`, those alone that call somewhere in the city."""
    found = [line for line in lines_of(city, wanted) if (city.transit.timetable.pattern_line == line).any()]
    if not found:
        raise Refused(f"line {wanted!r} calls nowhere in {city.id}", "choose another, or add it with add_line")
    return found


def services_of(t: Timetable, line: int) -> list[Service]:
    """Services of a line; the trips of equal calls together, in no order where they overtake."""
    alike: dict[tuple[int | bytes, ...], list[Service]] = {}
    for p in np.flatnonzero(t.pattern_line == line).tolist():
        calls = slice(*t.pattern_first[p : p + 2])
        arrive_s, depart_s = t.times(p)
        service = Service(
            line=line,
            stop=t.call_stop[calls],
            length_m=t.call_m[calls],
            boards=t.call_boards[calls],
            alights=t.call_alights[calls],
            arrive_s=arrive_s,
            depart_s=depart_s,
        )
        alike.setdefault(service.key, []).append(service)
    return [_together(same) for same in alike.values()]


def _together(same: list[Service]) -> Service:
    if len(same) == 1:
        return same[0]
    arrive_s, depart_s = (np.concatenate([getattr(s, name) for s in same]) for name in ("arrive_s", "depart_s"))
    return replace(same[0], arrive_s=arrive_s, depart_s=depart_s)


def speed_m_per_s(transit: Transit, services: Sequence[Service]) -> float:
    """Mean speed of a line over its trips, stops included; that of its mode where it has no length or takes no time."""
    metres = sum(len(s.arrive_s) * int(s.length_m[-1] - s.length_m[0]) for s in services)
    seconds = sum(int((s.arrive_s[:, -1] - s.depart_s[:, 0]).sum(dtype=np.int64)) for s in services)
    speed = metres / seconds if metres and seconds else float(transit.m_per_s[transit.line_mode[services[0].line]])
    if not speed:
        raise Refused(f"no speed is known for line {str(transit.line_id[services[0].line])!r}", "choose another line")
    return speed


def whole_m(transit: Transit, line: int, straight_m: F64) -> I64:
    """What straight metres are along a line of that mode."""
    length_m: I64 = np.rint(straight_m * transit.detour[transit.line_mode[line]]).astype(np.int64)
    return length_m


def plain_service(transit: Transit, line: int, stops: Sequence[int], departs_s: I32, m_per_s: float) -> Service:
    """A line from stop to stop at one speed, straight from each to the next but for the detour of its mode."""
    at = np.array(stops, dtype=np.int32)
    legs = whole_m(transit, line, piece_lengths_m(transit.timetable.stop_lonlat[at]))
    length_m = np.append(0, np.cumsum(legs))
    if math.ceil(length_m[-1] / m_per_s) > LONGEST_RUN_S:
        raise Refused(
            f"{m_per_s * KMH_PER_M_S:g} km/h is too slow: the line would take longer than a day", "raise the speed"
        )
    times = np.add.outer(departs_s, np.ceil(length_m / m_per_s)).astype(np.int32)
    every = np.ones(len(at), np.bool_)
    return Service(
        line=line,
        stop=at,
        length_m=length_m.astype(np.int32),
        boards=every,
        alights=every,
        arrive_s=times,
        depart_s=times,
    )


def stops_of(transit: Transit, ids: Sequence[str]) -> list[int]:
    """Positions of the stops along a line. Refused are unknown ones, fewer than two, and one twice in a row."""
    if len(ids) < 2:
        raise Refused(f"stops has {len(ids)} of them", "a line calls at two stops or more")
    for here, there in pairwise(ids):
        if here == there:
            raise Refused(f"stop {here!r} comes twice in a row", "name it once there")
    return [position_of(transit.timetable.stop_id, stop, "stop") for stop in ids]


def with_services(transit: Transit, services: Mapping[int, Sequence[Service]]) -> Transit:
    """Transit with other services on some lines, by position; all other patterns stay as they are, in their order."""
    old = transit.timetable
    every = [s for line in services for s in services[line]]
    fresh = timetable(old.stop_id, old.stop_lonlat, old.snap, every, old.line_tariff)
    new = replace(old, **_patterns(old, fresh, list(services)))
    line_m = np.maximum(transit.line_m + (longest_m(new) - longest_m(old)), 0.0)
    return replace(transit, timetable=new, line_m=line_m)


def longest_m(t: Timetable) -> I64:
    """(L) length of the longest pattern of each line."""
    out = np.zeros(len(t.line_tariff), np.int64)
    np.maximum.at(out, t.pattern_line, t.call_m[t.pattern_first[1:] - 1] - t.call_m[t.pattern_first[:-1]])
    return out


def _patterns(old: Timetable, fresh: Timetable, lines: list[int]) -> dict[str, Any]:
    """The arrays of patterns: those of `fresh` stand where its line had its first pattern, new lines at the end."""
    taken = np.isin(old.pattern_line, lines)
    parts: list[tuple[Timetable, int, int]] = []
    at, waiting = 0, dict.fromkeys(lines)
    for p in np.flatnonzero(taken).tolist():
        parts.append((old, at, p))
        at, line = p + 1, int(old.pattern_line[p])
        if line in waiting:
            del waiting[line]
            parts.append(_run(fresh, line))
    parts += [(old, at, len(taken)), *(_run(fresh, line) for line in waiting)]
    parts = [(t, a, b) for t, a, b in parts if a < b]
    firsts = {n: _first(getattr(t, n)[a : b + 1] for t, a, b in parts) for n in ("pattern_first", "trip_first")}
    joined = {
        "pattern_line": [t.pattern_line[a:b] for t, a, b in parts],
        **{
            name: [getattr(t, name)[t.pattern_first[a] : t.pattern_first[b]] for t, a, b in parts]
            for name in ("call_stop", "call_m", "call_boards", "call_alights")
        },
        **{
            name: [getattr(t, name)[t.time_first[a] : t.time_first[b]] for t, a, b in parts]
            for name in ("arrive_s", "depart_s")
        },
    }
    return firsts | {n: np.concatenate([getattr(old, n)[:0], *arrays]) for n, arrays in joined.items()}


def _run(t: Timetable, line: int) -> tuple[Timetable, int, int]:
    """Where the patterns of a line are, which stand together."""
    at = np.flatnonzero(t.pattern_line == line)
    return (t, int(at[0]), int(at[-1]) + 1) if len(at) else (t, 0, 0)


def _first(parts: Iterable[I32]) -> I32:
    sizes = [np.diff(part) for part in parts]
    return np.append(0, np.cumsum(np.concatenate([np.zeros(0, np.int32), *sizes]))).astype(np.int32)


def with_stations(transit: Transit, stops: Iterable[int], line: int) -> Transit:
    """Transit where each stop of a metro or rail line has a station; the middle of a new one is its entrance."""
    if transit.line_mode[line] not in (METRO, RAIL):
        return transit
    s, t = transit.stations, transit.timetable
    new = [stop for stop in dict.fromkeys(stops) if stop not in s.platform]
    if not new:
        return transit
    ids = [_free(str(t.stop_id[stop]), s.id, s.entrance_id) for stop in new]
    count, yes = len(new), np.ones(len(new), np.bool_)
    platforms = np.arange(1, count + 1, dtype=np.int32)
    stations = replace(
        s,
        id=_texts(s.id, ids),
        name=_texts(s.name, transit.stop_name[new]),
        lonlat=np.concatenate((s.lonlat, t.stop_lonlat[new])),
        eligible=np.append(s.eligible, yes),
        platform_first=np.append(s.platform_first, s.platform_first[-1] + platforms),
        platform=np.append(s.platform, np.array(new, dtype=np.int32)),
        entrance_id=_texts(s.entrance_id, ids),
        entrance_station=np.append(s.entrance_station, len(s.id) - 1 + platforms),
        entrance_lonlat=np.concatenate((s.entrance_lonlat, t.stop_lonlat[new])),
        entrance_eligible=np.append(s.entrance_eligible, yes),
        entrance_is_centre=np.append(s.entrance_is_centre, yes),
        snap=joined_snaps(s.snap, snap_of(t.snap, np.array(new))),
    )
    return replace(transit, stations=stations)


def with_transit(city: City, transit: Transit) -> City:
    """The city with other bus and rail; racks and spaces stay at the stations that stay, new ones have none."""
    was = {station: i for i, station in enumerate(city.transit.stations.id.tolist())}
    at = [was.get(station, -1) for station in transit.stations.id.tolist()]
    counts = {n: np.append(getattr(city.supply, n), np.int32(0))[at] for n in ("station_racks", "station_spaces")}
    return replace(
        city, transit=transit, supply=replace(city.supply, **counts) if at != [*was.values()] else city.supply
    )


def _free(wanted: str, *taken: Text) -> str:
    """The id itself, or with the first number behind it that makes it one of its own."""
    known = {str(i) for ids in taken for i in ids}
    number, out = 1, wanted
    while out in known:
        number += 1
        out = f"{wanted}/{number}"
    return out


def _texts(some: Text, more: Iterable[str]) -> Text:
    return np.array([*some.tolist(), *map(str, more)], dtype=np.str_)


def snap_of(snap: Snap, some: Any) -> Snap:
    """Some of the points of a snap."""
    return Snap(**{name: array[:, some] for name, array in snap.arrays()})


def joined_snaps(first: Snap, second: Snap) -> Snap:
    """The points of both."""
    return Snap(**{n: np.concatenate((a, getattr(second, n)), axis=1) for n, a in first.arrays()})
