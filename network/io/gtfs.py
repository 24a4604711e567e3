"""Timetables as agencies publish them: GTFS Schedule (https://gtfs.org/documentation/schedule), a zip file or a folder.

Read are stops with stations, entrances and pathways, routes, trips, stop_times, shapes, calendar, calendar_dates,
frequencies, transfers and the fares of version 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from network.city import Roads
from network.errors import InputError, Problem
from network.io.coordinates import WGS84
from network.io.gtfs_calendar import Calendar, read_calendar
from network.io.gtfs_fares import Fares, read_fares
from network.io.gtfs_pathways import Pathways, read_pathways
from network.io.gtfs_shapes import along_shapes_m
from network.io.gtfs_stops import STOP, Stops, read_stops, read_transfers, stations_of
from network.io.gtfs_tables import feed_folder
from network.io.gtfs_trips import (
    Calls,
    Headways,
    Trips,
    going_on,
    read_calls,
    read_headways,
    read_trips,
    services_of,
    straight_m,
)
from network.io.parameters import Parameters
from network.io.transit import Line, Source
from network.part import I32, I64
from network.timetable import Service
from network.units import METRO, RAIL, TRANSIT_MODES

_M_PER_S = 1 / 3.6
_DAY_S = 86_400
_S_PER_MIN = 60


@dataclass(frozen=True, kw_only=True)
class Feed:
    """What was read of a feed for one service day, and for people what it is made of and what was left out."""

    source: Source
    date: str
    trips: int
    """Trips that are under way in it."""
    headway_trips: int
    """Trips that stand for a headway: when exactly they run is not in the feed."""
    notes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _Files:
    """What the files of a feed hold, for all of its days."""

    stops: Stops
    trips: Trips
    calendar: Calendar
    headways: Headways
    calls: Calls
    length_m: I32
    transfers: dict[tuple[int, int], int]
    pathways: Pathways
    fares: Fares
    notes: tuple[str, ...]


def read_gtfs(path: Path, *, roads: Roads, parameters: Parameters, date: str | None = None, crs: str = WGS84) -> Feed:
    """A service day of a feed: all trips under way from its midnight to transit.longest_min after the next one.

    Without a `date` ("2026-03-10") it is the first of the weekdays with most trips. Trips of the day before that run
    past midnight and trips of the day after belong to it. Calls without times are spread evenly between those that
    have them. A line known by its headway leaves at the start of each period and every headway after. A line is a
    direction of a route; from platform to platform by pathways takes transit.change_s more than the way.

    Raises InputError naming file and row of what is wrong.
    """
    until_s = _DAY_S + parameters.positive("transit.longest_min") * _S_PER_MIN
    with feed_folder(path) as folder:
        files = _files(folder, path, crs, roads, parameters)
    trips = files.trips
    served = trips.mode >= 0
    count = np.array([len(files.headways.starts.get(t, [0])) for t in range(len(trips.id))]) * served
    day = files.calendar.choose(date, trips.service, count, path.name)
    runs = {days: served & files.calendar.active(day + np.timedelta64(days, "D"), trips.service) for days in (-1, 0, 1)}
    services, estimated = services_of(files.calls, files.length_m, trips.line, files.headways, runs, until_s=until_s)
    if not services:
        raise InputError(Problem(path.name, f"no trip calls twice on {day}", "choose another date"))
    other, through = trips.routes.kind[trips.line_route[trips.line[~served]]], going_on(files.calls, trips, runs[0])
    notes = [*files.notes, *files.fares.notes]
    if len(other):
        kinds = ", ".join(str(kind) for kind in np.unique(other))
        notes.append(f"{len(other):,} trips of route types {kinds}, none of {', '.join(TRANSIT_MODES)}, are left out")
    if through:
        notes.append(f"{through:,} trips go on as the next trip of their vehicle: staying on it counts as a change")
    return Feed(
        source=_source(files, services, round(parameters.number("transit.change_s"))),
        date=str(day),
        trips=sum(len(s.arrive_s) for s in services),
        headway_trips=estimated,
        notes=tuple(notes),
    )


def _files(folder: Path, path: Path, crs: str, roads: Roads, parameters: Parameters) -> _Files:
    stops, about_stops = read_stops(folder, crs, roads)
    trips = read_trips(folder)
    calls = read_calls(folder, trips, stops)
    straight = straight_m(calls, stops, trips, parameters)
    length_m, about_shapes = along_shapes_m(
        folder, crs, calls, trips, stops, straight_m=straight, parameters=parameters
    )
    transfers, about_transfers = read_transfers(folder, stops)
    pathways, about_pathways = read_pathways(folder, stops, parameters.positive("roads.walk_kmh") * _M_PER_S)
    return _Files(
        stops=stops,
        trips=trips,
        calendar=read_calendar(folder, path.name),
        headways=read_headways(folder, trips),
        calls=calls,
        length_m=length_m,
        transfers=transfers,
        pathways=pathways,
        fares=read_fares(folder, trips.routes, path.stem, parameters),
        notes=(*about_stops, *about_shapes, *about_transfers, *about_pathways),
    )


def _source(files: _Files, services: Sequence[Service], change_s: int) -> Source:
    """Stops and the lines that run, in the order of the feed, and everything by their positions."""
    stops, trips = files.stops, files.trips
    kept = stops.kind == STOP
    by_rail = np.zeros(len(stops.id), np.bool_)
    for service in services:
        kept[service.stop] = True
        by_rail[service.stop] |= trips.routes.mode[trips.line_route[service.line]] in {METRO, RAIL}
    number = np.where(kept, np.cumsum(kept) - 1, -1)
    running, line = np.unique([s.line for s in services], return_inverse=True)
    moved = [
        replace(s, stop=number[s.stop].astype(np.int32), line=at) for s, at in zip(services, line.tolist(), strict=True)
    ]
    inside = files.pathways
    transfers = {ends: seconds + change_s for ends, seconds in inside.between.items()} | files.transfers
    stations, entrances = stations_of(stops, by_rail, number)
    door = {e.id: i for i, e in enumerate(entrances)}
    at_door = [(door.get(str(stops.id[e]), -1), e, p) for e, p in inside.doors if kept[p]]
    return Source(
        stop_id=stops.id[kept],
        stop_name=stops.name[kept],
        lonlat=stops.lonlat[kept],
        lines=_lines(running, files, moved),
        services=moved,
        transfers=[(int(number[a]), int(number[b]), s) for (a, b), s in transfers.items() if kept[a] and kept[b]],
        stations=stations,
        entrances=entrances,
        ways=[
            (at, int(number[p]), inside.inwards.get((e, p), -1), inside.outwards.get((p, e), -1))
            for at, e, p in at_door
            if at >= 0
        ],
        tariffs=files.fares.tariffs,
        transfer_off_cny=files.fares.transfer_off_cny,
    )


def _lines(running: I64, files: _Files, services: Sequence[Service]) -> list[Line]:
    """The lines that run; the longest of its services is the whole of a line."""
    length_m = np.zeros(len(running), np.int64)
    np.maximum.at(length_m, [s.line for s in services], [int(s.length_m[-1]) for s in services])
    routes, route = files.trips.routes, files.trips.line_route[running]
    return [
        Line(
            id=str(files.trips.line_id[at]),
            name=str(routes.name[r]),
            mode=int(routes.mode[r]),
            tariff=files.fares.of_route[r] or TRANSIT_MODES[routes.mode[r]],
            length_m=float(metres),
        )
        for at, r, metres in zip(running.tolist(), route.tolist(), length_m.tolist(), strict=True)
    ]
