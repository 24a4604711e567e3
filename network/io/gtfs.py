"""Timetables as agencies publish them: GTFS Schedule (https://gtfs.org/documentation/schedule), a zip file or a folder.

Read are stops, routes, trips, stop_times, calendar, calendar_dates, frequencies and transfers.
"""

from __future__ import annotations

import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from network.city import Roads, Snap
from network.errors import InputError, Problem
from network.io.coordinates import WGS84, check_datum, check_swapped, to_wgs84
from network.io.gtfs_calendar import optional_table, read_calendar
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I32, I64, Bools, Text
from network.snap import local_metres, snap
from network.timetable import Service, Timetable, timetable
from network.units import WALK

_NEEDED: Final = ("stops.txt", "routes.txt", "trips.txt", "stop_times.txt")
_FILES: Final = (*_NEEDED, "calendar.txt", "calendar_dates.txt", "frequencies.txt", "transfers.txt")
_TIME = re.compile(r"(\d{1,3}):([0-5]\d):([0-5]\d)")
_BLANK, _BAD = -1, -2
_DAY_S = 86_400
_TRACKS = {0, 1, 2, 5, 7, 12}
_TRACK_HUNDREDS = {1, 4, 9}
"""Route types that run on tracks, plain and extended (100 railway, 400 urban railway, 900 tram)."""
_CLOSED_DOOR, _LEAST_TIME, _NOT_POSSIBLE = "1", "2", "3"
_NO_PLACE = ("3", "4")
"""Location types that need no coordinates and where nothing calls: generic nodes and boarding areas."""
_MOST_SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What was read of a feed for one day: the timetable, and for people what it is made of and what was left out."""

    timetable: Timetable
    date: str
    trips: int
    headway_trips: int
    """Trips that stand for a headway: when exactly they run is not in the feed."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Stops:
    id: Text
    parent: Text
    lonlat: F64
    snap: Snap
    on_map: Bools


@dataclass(frozen=True)
class _Trips:
    id: Text
    service: Text
    on_tracks: Bools


@dataclass(frozen=True)
class _Headways:
    """When the trips that stand for a headway leave, by trip."""

    starts: dict[int, I64]
    exact: set[int]


@dataclass(frozen=True)
class _Calls:
    """Calls of trip t, in order, are first[t]:first[t+1]."""

    first: I64
    stop: I64
    length_m: I32
    arrive: I64
    depart: I64
    boards: Bools
    alights: Bools


def read_gtfs(
    path: Path,
    *,
    roads: Roads,
    parameters: Parameters,
    window_s: tuple[int, int],
    date: str | None = None,
    crs: str = WGS84,
) -> Feed:
    """The trips of a service date that are under way between two seconds of that day, also past midnight.

    Without a `date` ("2026-03-10") it is the first of the weekdays with most trips. Stops further than
    places.farthest_street_m from every street are left out of the trips. Calls without times are spread evenly between
    those that have them. A line known by its headway leaves at the start of each period and every headway after.

    Raises InputError naming file and row of what is wrong.
    """
    with _folder(path) as folder:
        stops = _stops(folder, crs, roads, parameters)
        trips = _trips(folder)
        calendar = read_calendar(folder, path.name)
        headways = _headways(folder, trips)
        calls = _calls(folder, trips, stops, parameters)
        transfers, odd = _transfers(folder, stops)
    count = np.array([len(headways.starts.get(t, [0])) for t in range(len(trips.id))])
    day = calendar.choose(date, trips.service, count, path.name)
    runs = {days: calendar.active(day + np.timedelta64(days, "D"), trips.service) for days in (-1, 0, 1)}
    services, estimated = _services(calls, stops.on_map, runs, headways, window_s)
    if not services:
        hint = "choose another date or window; or is the feed of another city?"
        raise InputError(Problem(path.name, f"no trip calls twice near the streets on {day} in the window", hint))
    called = np.unique(calls.stop)
    beyond = len(called) - int(stops.on_map[called].sum())
    notes = []
    if beyond:
        notes.append(f"{beyond:,} of {len(called):,} stops lie beyond the streets that were read and are left out")
    if odd:
        notes.append(f"{odd:,} transfers hold for single routes or trips only and are left out")
    return Feed(
        timetable=_timetable(stops, services, transfers),
        date=str(day),
        trips=sum(len(s.arrive_s) for s in services),
        headway_trips=estimated,
        notes=tuple(notes),
    )


@contextmanager
def _folder(path: Path) -> Iterator[Path]:
    """A folder with the files of the feed."""
    with tempfile.TemporaryDirectory() as unpacked:
        folder = path
        if not path.is_dir():
            folder = Path(unpacked)
            try:
                with zipfile.ZipFile(path) as feed:
                    for name in set(feed.namelist()) & set(_FILES):
                        (folder / name).write_bytes(feed.read(name))
            except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
                hint = "a GTFS feed is a zip file without a password, or a folder; fetch it again if it is damaged"
                said = str(error) or type(error).__name__
                raise InputError(Problem(path.name, f"cannot be read: {said}", hint)) from None
        lacking = [name for name in _NEEDED if not (folder / name).is_file()]
        if lacking:
            hint = "the files of a GTFS feed lie at its top level"
            raise InputError(Problem(path.name, f"lacks {', '.join(lacking)}", hint))
        yield folder


def _stops(folder: Path, crs: str, roads: Roads, parameters: Parameters) -> _Stops:
    columns = {
        "stop_id": Column(unique=True), "stop_lon": Column(number=True, blank=True),
        "stop_lat": Column(number=True, blank=True), "parent_station": Column(required=False),
        "location_type": Column(required=False),
    }  # fmt: skip
    table = read_table(folder / "stops.txt", columns)
    table = _rows(table, np.flatnonzero(~np.isin(_texts(table, "location_type"), _NO_PLACE)))
    for column in ("stop_lon", "stop_lat"):
        _refuse(table, np.isnan(table.numbers(column)), f"has no {column}", "stops and stations need their place")
    if not len(table):
        raise InputError(Problem(table.name, "holds no stops", "it needs the stops that trips call at"))
    lonlat = to_wgs84(np.column_stack((table.numbers("stop_lon"), table.numbers("stop_lat"))), crs, table.name)
    check_swapped(table.name, lonlat, roads, table.rows)
    check_datum(table.name, lonlat, crs, roads)
    where = snap(roads, lonlat)
    on_map = where.off_m[WALK] <= parameters.number("places.farthest_street_m")
    return _Stops(table.texts("stop_id"), _texts(table, "parent_station"), lonlat, where, on_map)


def _trips(folder: Path) -> _Trips:
    routes = read_table(folder / "routes.txt", {"route_id": Column(unique=True), "route_type": Column(number=True)})
    table = read_table(
        folder / "trips.txt", {"trip_id": Column(unique=True), "route_id": Column(), "service_id": Column()}
    )
    kind = routes.numbers("route_type").astype(np.int64)
    on_tracks = np.array([k in _TRACKS or k // 100 in _TRACK_HUNDREDS for k in kind.tolist()])
    route = _positions(table, "route_id", routes.texts("route_id"), routes.name)
    return _Trips(table.texts("trip_id"), table.texts("service_id"), on_tracks[route])


def _headways(folder: Path, trips: _Trips) -> _Headways:
    columns = {
        "trip_id": Column(), "start_time": Column(), "end_time": Column(),
        "headway_secs": Column(number=True, low=1, whole=True), "exact_times": Column(required=False),
    }  # fmt: skip
    table = optional_table(folder / "frequencies.txt", columns)
    if table is None:
        return _Headways({}, set())
    trip = _positions(table, "trip_id", trips.id, "trips.txt")
    start, end = (_seconds(table, column, needed=True) for column in ("start_time", "end_time"))
    _refuse(table, end < start, "ends before it starts", "write hours past midnight as 24, 25, ...")
    starts: dict[int, list[I64]] = {}
    for t, low, high, step in zip(trip.tolist(), start, end, table.numbers("headway_secs"), strict=True):
        starts.setdefault(t, []).append(np.arange(low, high, int(step)))
    exact = set(trip[_texts(table, "exact_times") == "1"].tolist())
    return _Headways({t: np.unique(np.concatenate(some)) for t, some in starts.items()}, exact)


def _calls(folder: Path, trips: _Trips, stops: _Stops, parameters: Parameters) -> _Calls:
    columns = {
        "trip_id": Column(), "stop_id": Column(), "stop_sequence": Column(number=True, low=0, whole=True),
        "arrival_time": Column(), "departure_time": Column(), "pickup_type": Column(required=False),
        "drop_off_type": Column(required=False),
    }  # fmt: skip
    table = read_table(folder / "stop_times.txt", columns)
    trip = _positions(table, "trip_id", trips.id, "trips.txt")
    order = np.lexsort((table.numbers("stop_sequence"), trip))
    table = _rows(table, order)
    trip, stop = trip[order], _positions(table, "stop_id", stops.id, "stops.txt")
    goes_on = np.append(False, np.diff(trip) == 0)
    same = goes_on & np.append(False, np.diff(table.numbers("stop_sequence")) == 0)
    _refuse(table, same, "repeats a stop_sequence of its trip", "number the calls of a trip in their order")
    arrive, depart = (_seconds(table, column, needed=False) for column in ("arrival_time", "departure_time"))
    arrive, depart = np.where(arrive < 0, depart, arrive), np.where(depart < 0, arrive, depart)
    ends = ~goes_on | ~np.append(goes_on[1:], False)
    _refuse(table, ends & (arrive < 0), "has no time", "the first and the last call of a trip need one")
    arrive, depart = _spread(arrive, depart)
    _refuse(table, depart < arrive, "leaves before it arrives", "write hours past midnight as 24, 25, ...")
    early = goes_on & np.append(False, arrive[1:] < depart[:-1])
    _refuse(table, early, "arrives before the trip left the call before", "write hours past midnight as 24, 25, ...")
    xy = local_metres(stops.lonlat, float(np.median(stops.lonlat[:, 1])))[stop]
    detour = np.where(trips.on_tracks, *(parameters.number(f"transit.{k}_detour") for k in ("metro", "bus")))[trip]
    step = np.append(0.0, np.hypot(*np.diff(xy, axis=0).T)) * np.where(goes_on, detour, 0.0)
    first = np.searchsorted(trip, np.arange(len(trips.id) + 1))
    behind = np.cumsum(step)
    length_m = np.rint(behind - behind[first[trip]]).astype(np.int32)
    opens = [_texts(table, column) != _CLOSED_DOOR for column in ("pickup_type", "drop_off_type")]
    return _Calls(first, stop, length_m, arrive, depart, *opens)


def _spread(arrive: I64, depart: I64) -> tuple[I64, I64]:
    """Calls without a time get one, evenly between the calls before and after that have one, in whole seconds."""
    known, blank = np.flatnonzero(arrive >= 0), np.flatnonzero(arrive < 0)
    after = np.searchsorted(known, blank)
    low, high = known[after - 1], known[after]
    arrive, depart = arrive.copy(), depart.copy()
    between = depart[low] + (arrive[high] - depart[low]) * (blank - low) // (high - low)
    arrive[blank] = depart[blank] = between
    return arrive, depart


def _transfers(folder: Path, stops: _Stops) -> tuple[list[tuple[int, int, int]], int]:
    """(from, to, least seconds or -1 where not possible) between platforms, a station standing for all of its own.

    What is said of a platform goes before what is said of its station. Transfers without a time of their own say
    nothing that a walk does not. Also told is how many hold for single routes or trips.
    """
    single = ("from_route_id", "to_route_id", "from_trip_id", "to_trip_id")
    columns = {"from_stop_id": Column(), "to_stop_id": Column(), "transfer_type": Column(required=False)}
    columns |= dict.fromkeys(("min_transfer_time", *single), Column(required=False))
    table = optional_table(folder / "transfers.txt", columns)
    if table is None:
        return [], 0
    kind, time = _texts(table, "transfer_type"), _texts(table, "min_transfer_time")
    whole = np.array([text.isdecimal() for text in time.tolist()])
    _refuse(table, (kind == _LEAST_TIME) & ~whole, "has no min_transfer_time in whole seconds", "type 2 needs one")
    general = np.all([_texts(table, column) == "" for column in single], axis=0)
    tells = general & np.isin(kind, (_LEAST_TIME, _NOT_POSSIBLE))
    ends = [_positions(table, column, stops.id, "stops.txt") for column in ("from_stop_id", "to_stop_id")]
    platforms: dict[str, list[int]] = {}
    for i, parent in enumerate(stops.parent.tolist()):
        platforms.setdefault(parent, []).append(i)
    found: dict[tuple[int, int], int] = {}
    for row in sorted(np.flatnonzero(tells), key=lambda row: not any(str(stops.id[e[row]]) in platforms for e in ends)):
        seconds = -1 if kind[row] == _NOT_POSSIBLE else int(time[row])
        here, there = ([int(end[row]), *platforms.get(str(stops.id[end[row]]), [])] for end in ends)
        found |= {(a, b): seconds for a in here for b in there}
    return [(a, b, s) for (a, b), s in found.items()], int((~general).sum())


def _services(
    calls: _Calls, on_map: Bools, runs: dict[int, Bools], headways: _Headways, window_s: tuple[int, int]
) -> tuple[list[Service], int]:
    """What runs in the window, the stops by their row in the feed; how many trips stand for a headway."""
    services: list[Service] = []
    estimated = 0
    for t in range(len(calls.first) - 1):
        some = np.arange(calls.first[t], calls.first[t + 1])
        some = some[on_map[calls.stop[some]]]
        days = [days * _DAY_S for days, active in runs.items() if active[t]]
        if len(some) < 2 or not days:
            continue
        shift = np.array(days)
        if t in headways.starts:
            shift = np.add.outer(shift, headways.starts[t] - calls.depart[calls.first[t]]).ravel()
        from_s, until_s = window_s
        shift = shift[(calls.arrive[some[-1]] + shift >= from_s) & (calls.depart[some[0]] + shift <= until_s)]
        estimated += len(shift) * (t in headways.starts and t not in headways.exact)
        services.append(
            Service(
                stop=calls.stop[some].astype(np.int32),
                length_m=calls.length_m[some] - calls.length_m[some[0]],
                boards=calls.boards[some],
                alights=calls.alights[some],
                arrive_s=np.add.outer(shift, calls.arrive[some]).astype(np.int32),
                depart_s=np.add.outer(shift, calls.depart[some]).astype(np.int32),
            )
        )
    return [s for s in services if len(s.arrive_s)], estimated


def _timetable(stops: _Stops, services: list[Service], transfers: list[tuple[int, int, int]]) -> Timetable:
    """The stops that are called at, in the order of the feed, and everything by their new numbers."""
    used = np.unique(np.concatenate([s.stop for s in services]))
    number = np.full(len(stops.id), -1, np.int32)
    number[used] = np.arange(len(used), dtype=np.int32)
    moved = [
        Service(
            stop=number[s.stop], length_m=s.length_m, boards=s.boards, alights=s.alights, arrive_s=s.arrive_s,
            depart_s=s.depart_s,
        )
        for s in services
    ]  # fmt: skip
    known = [(int(number[a]), int(number[b]), s) for a, b, s in transfers if min(number[a], number[b]) >= 0]
    where = Snap(**{name: array[:, used] for name, array in stops.snap.arrays()})
    return timetable(stops.id[used], stops.lonlat[used], where, moved, known)


def _rows(table: Table, at: I64) -> Table:
    return Table(table.name, table.rows[at], {name: column[at] for name, column in table.columns.items()})


def _texts(table: Table, column: str) -> Text:
    return table.texts(column) if column in table else np.full(len(table), "", np.str_)


def _positions(table: Table, column: str, known: Text, file: str) -> I64:
    """Where each id of a column stands among the known ones, which are those of another file."""
    ids = table.texts(column)
    order = np.argsort(known, kind="stable")
    at = np.minimum(np.searchsorted(known[order], ids), len(known) - 1)
    found: I64 = order[at]
    wrong = np.flatnonzero(known[found] != ids)
    _raise(
        Problem(f"{table.name}, row {table.rows[i]}, column {column}", f"{str(ids[i])!r} is not in {file}")
        for i in wrong
    )
    return found


def _seconds(table: Table, column: str, *, needed: bool) -> I64:
    """Times of day, hours past 24 included, in seconds; -1 where there is none and none is needed."""
    texts, which = np.unique(table.texts(column), return_inverse=True)
    worth = np.full(len(texts), _BAD, np.int64)
    for i, text in enumerate(texts.tolist()):
        if found := _TIME.fullmatch(text):
            hours, minutes, seconds = map(int, found.groups())
            worth[i] = hours * 3600 + minutes * 60 + seconds
        elif not text and not needed:
            worth[i] = _BLANK
    wrong = np.flatnonzero(worth[which] == _BAD)
    _raise(
        Problem(
            f"{table.name}, row {table.rows[i]}, column {column}",
            f"{str(texts[which[i]])!r} is not a time",
            "write 08:05:00",
        )
        for i in wrong
    )
    out: I64 = worth[which]
    return out


def _refuse(table: Table, wrong: npt.NDArray[np.bool_], what: str, hint: str) -> None:
    _raise(Problem(f"{table.name}, row {table.rows[i]}", what, hint) for i in np.flatnonzero(wrong))


def _raise(problems: Iterator[Problem]) -> None:
    found = list(problems)
    if found:
        more = [Problem("", f"and {len(found) - _MOST_SHOWN} more")] if len(found) > _MOST_SHOWN else []
        raise InputError(found[:_MOST_SHOWN] + more)
