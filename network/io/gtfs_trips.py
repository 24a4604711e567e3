"""What runs in a GTFS feed: routes, trips, their calls and the headways they stand for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from network.io.gtfs_stops import Stops
from network.io.gtfs_tables import optional_table, positions, refuse, rows_of, seconds_of, texts_of
from network.io.parameters import Parameters
from network.io.tables import Column, Table, read_table
from network.part import F64, I32, I64, Bools, Text
from network.snap import local_metres
from network.timetable import Service
from network.units import BUS, FERRY, METRO, RAIL, TRAM, TRANSIT_MODES

_DAY_S = 86_400
_CLOSED_DOOR = "1"
_PLAIN: Final = {0: TRAM, 1: METRO, 2: RAIL, 3: BUS, 4: FERRY, 5: TRAM, 6: TRAM, 7: TRAM, 11: BUS, 12: METRO}
_HUNDREDS: Final = {
    1: RAIL, 2: BUS, 3: RAIL, 4: METRO, 5: METRO, 6: METRO, 7: BUS, 8: BUS, 9: TRAM, 10: FERRY, 12: FERRY, 13: TRAM,
    14: TRAM,
}  # fmt: skip
"""Mode by route type (https://gtfs.org/documentation/schedule/reference/#routestxt), and by the hundreds of extended
ones (https://developers.google.com/transit/gtfs/reference/extended-route-types). Cable cars, aerial lifts and
funiculars count as trams, monorails as metros; aeroplanes, taxis and whatever else is none of the five modes."""


@dataclass(frozen=True)
class Routes:
    """Routes (R) of a feed."""

    id: Text
    name: Text
    agency: Text
    kind: I64
    mode: I64
    """Position in units.TRANSIT_MODES, -1 where it is none of them."""


@dataclass(frozen=True)
class Trips:
    """Trips (T) of a feed; lines (L) are the directions of its routes."""

    id: Text
    service: Text
    shape: Text
    block: Text
    line: I64
    routes: Routes
    line_route: I64
    line_id: Text

    @property
    def mode(self) -> I64:
        """(T) position in units.TRANSIT_MODES, -1 where it is none of them."""
        return self.routes.mode[self.line_route[self.line]]


@dataclass(frozen=True)
class Headways:
    """When the trips that stand for a headway leave, by trip."""

    starts: Mapping[int, I64]
    exact: set[int]


@dataclass(frozen=True)
class Calls:
    """Calls (Q) of trip t, in order, are first[t]:first[t+1]."""

    first: I64
    trip: I64
    stop: I64
    arrive: I64
    depart: I64
    boards: Bools
    alights: Bools
    shape_at: F64
    """shape_dist_traveled, NaN where it is not given."""


def _routes(folder: Path) -> Routes:
    names = ("route_short_name", "route_long_name", "agency_id")
    columns = {"route_id": Column(unique=True), "route_type": Column(number=True, low=0, whole=True)}
    table = read_table(folder / "routes.txt", columns | dict.fromkeys(names, Column(required=False)))
    short, long, agency = (texts_of(table, name) for name in names)
    ids, kind = table.texts("route_id"), table.numbers("route_type").astype(np.int64)
    mode = [_PLAIN.get(k, _HUNDREDS.get(k // 100, -1)) for k in kind.tolist()]
    name = np.where(short != "", short, np.where(long != "", long, ids))
    return Routes(ids, _told_apart(name.tolist(), agency.tolist(), mode), agency, kind, np.array(mode, dtype=np.int64))


def _told_apart(names: list[str], agencies: list[str], modes: list[int]) -> Text:
    """Names of lines; with mode and agency where several of these have a line of one name."""
    lines = list(zip(names, modes, agencies, strict=True))
    alike = Counter(name for name, *_ in set(lines))
    of_mode = (*TRANSIT_MODES, "")  # the last for what is none of them, -1
    whose = [(name, ", ".join(filter(None, (of_mode[mode], agency)))) for name, mode, agency in lines]
    return np.array([f"{name} ({of})" if alike[name] > 1 and of else name for name, of in whose], dtype=np.str_)


def read_trips(folder: Path) -> Trips:
    """Trips, and the lines they run on. Raises InputError naming file and row."""
    routes = _routes(folder)
    columns = {"trip_id": Column(unique=True), "route_id": Column(), "service_id": Column()}
    others = ("direction_id", "shape_id", "block_id")
    table = read_table(folder / "trips.txt", columns | dict.fromkeys(others, Column(required=False)))
    direction, shape, block = (texts_of(table, name) for name in others)
    route = positions(table, "route_id", routes.id, "routes.txt")
    sides, side = np.unique(direction, return_inverse=True)
    pairs, line = np.unique(route * len(sides) + side, return_inverse=True)
    of, way = np.divmod(pairs, len(sides))
    alone = np.bincount(of, minlength=len(routes.id))[of] == 1
    ids = [str(routes.id[r]) if one else f"{routes.id[r]}:{sides[d]}" for r, d, one in zip(of, way, alone, strict=True)]
    return Trips(
        table.texts("trip_id"), table.texts("service_id"), shape, block, line, routes, of, np.array(ids, dtype=np.str_)
    )


def read_headways(folder: Path, trips: Trips) -> Headways:
    """What frequencies.txt tells. Raises InputError naming file and row."""
    columns = {
        "trip_id": Column(), "start_time": Column(), "end_time": Column(),
        "headway_secs": Column(number=True, low=1, whole=True), "exact_times": Column(required=False),
    }  # fmt: skip
    table = optional_table(folder / "frequencies.txt", columns)
    if table is None:
        return Headways({}, set())
    trip = positions(table, "trip_id", trips.id, "trips.txt")
    start, end = (seconds_of(table, column, needed=True) for column in ("start_time", "end_time"))
    refuse(table, end < start, "ends before it starts", "write hours past midnight as 24, 25, ...")
    starts: dict[int, list[I64]] = {}
    for t, low, high, step in zip(trip.tolist(), start, end, table.numbers("headway_secs"), strict=True):
        starts.setdefault(t, []).append(np.arange(low, high, int(step)))
    exact = set(trip[texts_of(table, "exact_times") == "1"].tolist())
    return Headways({t: np.unique(np.concatenate(some)) for t, some in starts.items()}, exact)


def read_calls(folder: Path, trips: Trips, stops: Stops) -> Calls:
    """Calls by trip and in their order, all with times. Raises InputError naming file and row."""
    columns = {
        "trip_id": Column(), "stop_id": Column(), "stop_sequence": Column(number=True, low=0, whole=True),
        "arrival_time": Column(), "departure_time": Column(), "pickup_type": Column(required=False),
        "drop_off_type": Column(required=False),
        "shape_dist_traveled": Column(number=True, required=False, blank=True),
    }  # fmt: skip
    table = read_table(folder / "stop_times.txt", columns)
    trip = positions(table, "trip_id", trips.id, "trips.txt")
    order = np.lexsort((table.numbers("stop_sequence"), trip))
    table = rows_of(table, order)
    trip, stop = trip[order], positions(table, "stop_id", stops.id, "stops.txt")
    refuse(table, ~stops.callable[stop], "calls at a node or boarding area", "trips call at stops and platforms")
    arrive, depart = _times(table, trip)
    boards, alights = (texts_of(table, column) != _CLOSED_DOOR for column in ("pickup_type", "drop_off_type"))
    given = "shape_dist_traveled" in table
    shape_at = table.numbers("shape_dist_traveled") if given else np.full(len(table), np.nan)
    first = np.searchsorted(trip, np.arange(len(trips.id) + 1))
    return Calls(first, trip, stop, arrive, depart, boards, alights, shape_at)


def _times(table: Table, trip: I64) -> tuple[I64, I64]:
    """Arrivals and departures of calls by trip and in their order."""
    goes_on = np.append(False, np.diff(trip) == 0)
    same = goes_on & np.append(False, np.diff(table.numbers("stop_sequence")) == 0)
    refuse(table, same, "repeats a stop_sequence of its trip", "number the calls of a trip in their order")
    arrive, depart = (seconds_of(table, column, needed=False) for column in ("arrival_time", "departure_time"))
    arrive, depart = np.where(arrive < 0, depart, arrive), np.where(depart < 0, arrive, depart)
    ends = ~goes_on | ~np.append(goes_on[1:], False)
    refuse(table, ends & (arrive < 0), "has no time", "the first and the last call of a trip need one")
    arrive, depart = _spread(arrive, depart)
    hint = "write hours past midnight as 24, 25, ..."
    refuse(table, depart < arrive, "leaves before it arrives", hint)
    early = goes_on & np.append(False, arrive[1:] < depart[:-1])
    refuse(table, early, "arrives before the trip left the call before", hint)
    return arrive, depart


def _spread(arrive: I64, depart: I64) -> tuple[I64, I64]:
    """Calls without a time get one, evenly between the calls before and after that have one, in whole seconds."""
    known, blank = np.flatnonzero(arrive >= 0), np.flatnonzero(arrive < 0)
    after = np.searchsorted(known, blank)
    low, high = known[after - 1], known[after]
    arrive, depart = arrive.copy(), depart.copy()
    between = depart[low] + (arrive[high] - depart[low]) * (blank - low) // (high - low)
    arrive[blank] = depart[blank] = between
    return arrive, depart


def straight_m(calls: Calls, stops: Stops, trips: Trips, parameters: Parameters) -> I32:
    """(Q) metres along each trip: the straight lines from stop to stop, times the detour of its mode."""
    xy = local_metres(stops.lonlat, float(np.nanmedian(stops.lonlat[:, 1])))[calls.stop]
    of_modes = np.array([parameters.number(f"transit.{mode}_detour") for mode in TRANSIT_MODES])
    detour = of_modes[trips.mode[calls.trip]]
    goes_on = np.append(False, np.diff(calls.trip) == 0)
    behind = np.cumsum(np.append(0.0, np.hypot(*np.diff(xy, axis=0).T)) * np.where(goes_on, detour, 0.0))
    out: I32 = np.rint(behind - behind[calls.first[calls.trip]]).astype(np.int32)
    return out


def services_of(
    calls: Calls, length_m: I32, line: I64, headways: Headways, runs: Mapping[int, Bools], *, until_s: float
) -> tuple[list[Service], int]:
    """What is under way from midnight to `until_s`, stops by their row in the feed; how many trips are by headway.

    `line` (T) are the lines of the trips; `runs` tells which trips run on each day, counted from the one that is read.
    """
    services: list[Service] = []
    estimated = 0
    for t in range(len(calls.first) - 1):
        some = slice(calls.first[t], calls.first[t + 1])
        days = [days * _DAY_S for days, active in runs.items() if active[t]]
        if some.stop - some.start < 2 or not days:
            continue
        shift = np.array(days)
        if t in headways.starts:
            shift = np.add.outer(shift, headways.starts[t] - calls.depart[some.start]).ravel()
        shift = shift[(calls.arrive[some.stop - 1] + shift >= 0) & (calls.depart[some.start] + shift <= until_s)]
        if not len(shift):
            continue
        estimated += len(shift) * (t in headways.starts and t not in headways.exact)
        services.append(
            Service(
                line=int(line[t]),
                stop=calls.stop[some].astype(np.int32),
                length_m=length_m[some],
                boards=calls.boards[some],
                alights=calls.alights[some],
                arrive_s=np.add.outer(shift, calls.arrive[some]).astype(np.int32),
                depart_s=np.add.outer(shift, calls.depart[some]).astype(np.int32),
            )
        )
    return services, estimated


def going_on(calls: Calls, trips: Trips, runs: Bools) -> int:
    """How many trips that run are followed by another one of the same vehicle from the stop where they end."""
    some = np.flatnonzero(runs & (trips.block != "") & (np.diff(calls.first) > 0))
    begin, end = calls.first[some], calls.first[some + 1] - 1
    order = np.lexsort((calls.depart[begin], trips.block[some]))
    some, begin, end = some[order], begin[order], end[order]
    together = trips.block[some[1:]] == trips.block[some[:-1]]
    on_time = calls.arrive[end[:-1]] <= calls.depart[begin[1:]]
    return int((together & on_time & (calls.stop[end[:-1]] == calls.stop[begin[1:]])).sum())
