"""Edits of stops: new ones on the way of lines, stops given up, and stops moved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from network.city import City
from network.edits.base import STRICT, Number, Refused, appended, check_inside, check_printable, position_of
from network.edits.runs import (
    calling_lines,
    joined_snaps,
    services_of,
    snap_of,
    speed_m_per_s,
    whole_m,
    with_services,
    with_stations,
    with_transit,
)
from network.part import F64, I32, I64, Bools, Snap
from network.snap import snap
from network.street_graph import piece_lengths_m
from network.timetable import Service
from network.transit import Stations, Transit


@dataclass(frozen=True, kw_only=True)
class AddStop:
    """Add a stop, and let lines, by id or by name of all their directions, call there on their way.

    Each calls there between the two stops of its own where the detour is least, never before its first or beyond its
    last. The detour is straight metres times that of the mode. Later calls move by the detour over the mean speed of
    the line, which holds its halts, rounded up to seconds. On a metro or rail line the stop becomes a station.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["add_stop"] = "add_stop"
    id: str
    lon: Number
    lat: Number
    name: str = ""
    lines: tuple[str, ...] = ()

    def apply(self, city: City) -> City:
        t = city.transit.timetable
        if not self.id or self.id in t.stop_id:
            raise Refused(f"id {self.id!r} is empty or taken", "choose another")
        check_printable(self.id, self.name)
        check_inside(city, self.lon, self.lat)
        lines = list(dict.fromkeys(line for wanted in self.lines for line in calling_lines(city, wanted)))
        lonlat = np.array([[self.lon, self.lat]])
        stop = len(t.stop_id)
        transit = replace(
            city.transit,
            stop_name=appended(city.transit.stop_name, self.name),
            timetable=replace(
                t,
                stop_id=appended(t.stop_id, self.id),
                stop_lonlat=np.concatenate((t.stop_lonlat, lonlat)),
                snap=joined_snaps(t.snap, snap(city.roads, lonlat)),
            ),
        )
        transit = with_services(transit, {line: _calling(transit, line, stop) for line in lines})
        for line in lines:
            transit = with_stations(transit, [stop], line)
        return with_transit(city, transit)


@dataclass(frozen=True, kw_only=True)
class RemoveStop:
    """Give up a stop: nobody calls there any more, and its id is free again.

    Lines save the detour to it (straight metres times that of the mode, over their mean speed, rounded down to seconds)
    and the halt. A line that ends there ends at the stop before, one that comes back from there to the same stop calls
    once at that; trips that are left with one call do not run. A station that loses its last platform is closed with
    its entrances, racks and spaces.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["remove_stop"] = "remove_stop"
    stop: str

    def apply(self, city: City) -> City:
        at = position_of(city.transit.timetable.stop_id, self.stop, "stop")
        lines = _lines_at(city.transit, at)
        transit = with_services(city.transit, {line: _skipping(city.transit, line, at) for line in lines})
        t, kept = transit.timetable, np.arange(len(transit.stop_name)) != at
        changes = (t.transfer_from != at) & (t.transfer_to != at)
        position = (np.cumsum(kept) - 1).astype(np.int32)
        timetable = replace(
            t,
            stop_id=t.stop_id[kept],
            stop_lonlat=t.stop_lonlat[kept],
            snap=snap_of(t.snap, kept),
            call_stop=position[t.call_stop],
            transfer_from=position[t.transfer_from[changes]],
            transfer_to=position[t.transfer_to[changes]],
            transfer_s=t.transfer_s[changes],
        )
        stations = _without_platform(transit.stations, at, position)
        transit = replace(transit, timetable=timetable, stop_name=transit.stop_name[kept], stations=stations)
        return with_transit(city, transit)


@dataclass(frozen=True, kw_only=True)
class MoveStop:
    """Move a stop; the legs of lines to and from it become longer or shorter by straight metres times their detour.

    Their time changes by these metres over the mean speed of the line, rounded up to seconds. Changes whose time the
    timetable gives stay, and so do the entrances of a station and the ways inside it; but an entrance that stands for
    the middle of a station of this stop alone moves with it.
    """

    layers: ClassVar[frozenset[str]] = frozenset({"transit"})
    __pydantic_config__: ClassVar[dict[str, Any]] = STRICT
    type: Literal["move_stop"] = "move_stop"
    stop: str
    lon: Number
    lat: Number

    def apply(self, city: City) -> City:
        t = city.transit.timetable
        at = position_of(t.stop_id, self.stop, "stop")
        check_inside(city, self.lon, self.lat)
        lonlat = t.stop_lonlat.copy()
        lonlat[at] = self.lon, self.lat
        touch = snap(city.roads, lonlat[[at]])
        moved = replace(
            city.transit,
            timetable=replace(t, stop_lonlat=lonlat, snap=_placed(t.snap, at, touch)),
            stations=_with_middle(city.transit.stations, at, lonlat[at], touch),
        )
        services = {line: _moved(city.transit, moved, line) for line in _lines_at(city.transit, at)}
        return replace(city, transit=with_services(moved, services))


def _lines_at(transit: Transit, stop: int) -> list[int]:
    """Lines that call at a stop."""
    t = transit.timetable
    calls = np.flatnonzero(t.call_stop == stop)
    return [int(line) for line in np.unique(t.pattern_line[np.searchsorted(t.pattern_first, calls, side="right") - 1])]


def _calling(transit: Transit, line: int, stop: int) -> list[Service]:
    """Services of a line with a call at one more stop."""
    services = services_of(transit.timetable, line)
    speed = speed_m_per_s(transit, services)
    return [_with_call(transit, service, stop, speed) for service in services]


def _with_call(transit: Transit, s: Service, stop: int, m_per_s: float) -> Service:
    lonlat = transit.timetable.stop_lonlat
    between = np.full(2 * len(s.stop) - 1, stop)
    between[::2] = s.stop
    there, back = piece_lengths_m(lonlat[between]).reshape(-1, 2).T
    extra_m = there + back - piece_lengths_m(lonlat[s.stop])
    i = int(np.argmin(extra_m))
    share = there[i] / (there[i] + back[i]) if there[i] + back[i] else 0.0
    more_m = int(whole_m(transit, s.line, np.maximum(extra_m[i], 0.0)))
    more_s = int(np.ceil(more_m / m_per_s))
    leg_m = int(s.length_m[i + 1] - s.length_m[i]) + more_m
    metres = s.length_m.astype(np.int64) + np.where(np.arange(len(s.stop)) > i, more_m, 0)
    arrive_s, depart_s = s.arrive_s.astype(np.int64), s.depart_s.astype(np.int64)
    arrive_s[:, i + 1 :] += more_s
    depart_s[:, i + 1 :] += more_s
    called_s = np.floor(depart_s[:, i] + share * (arrive_s[:, i + 1] - depart_s[:, i]))
    return replace(
        s,
        stop=np.insert(s.stop, i + 1, stop).astype(np.int32),
        length_m=np.insert(metres, i + 1, metres[i] + round(share * leg_m)).astype(np.int32),
        boards=np.insert(s.boards, i + 1, values=True),
        alights=np.insert(s.alights, i + 1, values=True),
        arrive_s=np.insert(arrive_s, i + 1, called_s, axis=1).astype(np.int32),
        depart_s=np.insert(depart_s, i + 1, called_s, axis=1).astype(np.int32),
    )


def _skipping(transit: Transit, line: int, stop: int) -> list[Service]:
    """Services of a line without their calls at a stop."""
    services = services_of(transit.timetable, line)
    speed = speed_m_per_s(transit, services)
    left = [_left(service.stop, stop) for service in services]
    return [
        _without_calls(transit, service, kept, speed)
        for service, kept in zip(services, left, strict=True)
        if kept.sum() > 1
    ]


def _left(stops: I32, gone: int) -> Bools:
    """Which calls (Q) stay without a stop: of two at one stop with nothing but it in between, the first."""
    kept: Bools = stops != gone
    at = np.flatnonzero(kept)
    kept[at[1:][(np.diff(at) > 1) & (np.diff(stops[at]) == 0)]] = False
    return kept


def _without_calls(transit: Transit, s: Service, kept: Bools, m_per_s: float) -> Service:
    lonlat, at = transit.timetable.stop_lonlat, np.flatnonzero(kept)
    along_m = np.append(0.0, np.cumsum(piece_lengths_m(lonlat[s.stop])))
    saved_m = whole_m(transit, s.line, np.maximum(np.diff(along_m[at]) - piece_lengths_m(lonlat[s.stop[at]]), 0.0))
    halts_s = np.cumsum(s.depart_s - s.arrive_s, axis=1, dtype=np.int64)
    halted_s = halts_s[:, at[1:] - 1] - halts_s[:, at[:-1]]
    some = replace(
        s,
        stop=s.stop[at],
        length_m=s.length_m[at],
        boards=s.boards[at],
        alights=s.alights[at],
        arrive_s=s.arrive_s[:, at],
        depart_s=s.depart_s[:, at],
    )
    return _stretched(some, -saved_m, -np.floor(saved_m / m_per_s).astype(np.int64) - halted_s)


def _moved(before: Transit, after: Transit, line: int) -> list[Service]:
    """Services of a line with the legs they have between stops that stand elsewhere."""
    services = services_of(before.timetable, line)
    speed = speed_m_per_s(before, services)
    return [_restood(before, after, service, speed) for service in services]


def _restood(before: Transit, after: Transit, s: Service, m_per_s: float) -> Service:
    old_m, new_m = (whole_m(t, s.line, piece_lengths_m(t.timetable.stop_lonlat[s.stop])) for t in (before, after))
    return _stretched(s, new_m - old_m, np.ceil((new_m - old_m) / m_per_s).astype(np.int64))


def _stretched(s: Service, more_m: I64, more_s: I64) -> Service:
    """A service whose legs are longer by some metres (Q-1) and seconds (Q-1) or (T, Q-1); none falls below nothing."""
    legs_m = np.maximum(np.diff(s.length_m) + more_m, 0)
    runs_s = np.maximum(s.arrive_s[:, 1:] - s.depart_s[:, :-1] + more_s, 0)
    halts_s = s.depart_s - s.arrive_s
    arrive_s = np.cumsum(np.column_stack((s.arrive_s[:, 0], halts_s[:, :-1] + runs_s)), axis=1).astype(np.int32)
    return replace(
        s,
        length_m=np.append(0, np.cumsum(legs_m)).astype(np.int32),
        arrive_s=arrive_s,
        depart_s=arrive_s + halts_s,
    )


def _placed(points: Snap, at: int, touch: Snap) -> Snap:
    """Where points touch the streets, one of them elsewhere than before."""
    arrays = {name: array.copy() for name, array in points.arrays()}
    for name, array in arrays.items():
        array[:, at] = getattr(touch, name)[:, 0]
    return Snap(**arrays)


def _with_middle(s: Stations, stop: int, lonlat: F64, touch: Snap) -> Stations:
    """Stations of one stop alone with their middle at another place, and the entrance that stands for it."""
    alone = np.flatnonzero(np.diff(s.platform_first) == 1)
    alone = alone[s.platform[s.platform_first[alone]] == stop]
    if not len(alone):
        return s
    middles, doors, where = s.lonlat.copy(), s.entrance_lonlat.copy(), s.snap
    middles[alone] = lonlat
    for door in np.flatnonzero(np.isin(s.entrance_station, alone) & s.entrance_is_centre).tolist():
        doors[door], where = lonlat, _placed(where, door, touch)
    return replace(s, lonlat=middles, entrance_lonlat=doors, snap=where)


def _without_platform(s: Stations, stop: int, position: I32) -> Stations:
    """Stations without a stop, other stops at new positions; those it was the last platform of are closed."""
    station = np.repeat(np.arange(len(s.id)), np.diff(s.platform_first))
    kept = s.platform != stop
    left = np.bincount(station[kept], minlength=len(s.id))
    open_ = (left > 0) | (np.diff(s.platform_first) == 0)
    doors = open_[s.entrance_station]
    ways = (s.way_stop != stop) & doors[s.way_entrance]
    return replace(
        s,
        id=s.id[open_],
        name=s.name[open_],
        lonlat=s.lonlat[open_],
        eligible=s.eligible[open_],
        platform_first=np.append(0, np.cumsum(left[open_])).astype(np.int32),
        platform=position[s.platform[kept]],
        entrance_id=s.entrance_id[doors],
        entrance_station=(np.cumsum(open_) - 1)[s.entrance_station[doors]].astype(np.int32),
        entrance_lonlat=s.entrance_lonlat[doors],
        entrance_eligible=s.entrance_eligible[doors],
        entrance_is_centre=s.entrance_is_centre[doors],
        way_entrance=(np.cumsum(doors) - 1)[s.way_entrance[ways]].astype(np.int32),
        way_stop=position[s.way_stop[ways]],
        way_in_s=s.way_in_s[ways],
        way_out_s=s.way_out_s[ways],
        snap=snap_of(s.snap, doors),
    )
