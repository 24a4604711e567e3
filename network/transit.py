"""Bus and rail of a city: the timetable of its lines, what rides cost, its stations, and the rules of a journey."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Annotated, Final

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.loop_rules import LoopRules
from network.part import F64, I32, Bools, Part, Snap, Spec, Text, digest_of
from network.stop_rules import StopRules
from network.tariffs import Tariffs
from network.timetable import Timetable
from network.units import (
    BUS,
    FERRY,
    LINE_TRIPS,
    METRO,
    NETWORK_MODES,
    RAIL,
    TRAM,
    TRANSIT_MODES,
    TRIP_BUS,
    TRIP_BUS_RAIL,
    TRIP_RAIL,
    WALK,
)

_S_PER_MIN = 60
MODES_OF: Final = {TRIP_BUS: (BUS, FERRY), TRIP_RAIL: (TRAM, METRO, RAIL), TRIP_BUS_RAIL: range(len(TRANSIT_MODES))}
"""Modes of the lines that each of units.LINE_TRIPS may ride."""


def _nothing() -> I32:
    return np.zeros(0, np.int32)


@dataclass(frozen=True, eq=False, kw_only=True)
class Stations(Part):
    """Rail stations (G) and their entrances (A)."""

    id: Annotated[Text, Spec("U", ("G",))]
    name: Annotated[Text, Spec("U", ("G",))]
    lonlat: Annotated[F64, Spec("f8", ("G", 2), -180, 180)]
    eligible: Annotated[Bools, Spec("b", ("G",))]
    """Whether the conditions for a bus stop beside it are given (具备条件)."""
    platform_first: Annotated[I32, Spec("i4", ("G+1",), 0)]
    platform: Annotated[I32, Spec("i4", ("B",), 0)]
    """Stops where the trains of station g call: platform[platform_first[g]:platform_first[g+1]]."""
    entrance_id: Annotated[Text, Spec("U", ("A",))]
    entrance_station: Annotated[I32, Spec("i4", ("A",), 0)]
    entrance_lonlat: Annotated[F64, Spec("f8", ("A", 2), -180, 180)]
    entrance_eligible: Annotated[Bools, Spec("b", ("A",))]
    entrance_is_centre: Annotated[Bools, Spec("b", ("A",))]
    """True where no entrance is known and the middle of the station stands for it."""
    snap: Snap
    """Where the entrances touch the streets."""
    way_entrance: Annotated[I32, Spec("i4", ("W",), 0)] = field(default_factory=_nothing)
    way_stop: Annotated[I32, Spec("i4", ("W",), 0)] = field(default_factory=_nothing)
    """Ways inside (W) between an entrance and a stop; a stop that has some is got to by them alone."""
    way_in_s: Annotated[I32, Spec("i4", ("W",), -1)] = field(default_factory=_nothing)
    way_out_s: Annotated[I32, Spec("i4", ("W",), -1)] = field(default_factory=_nothing)
    """Seconds from the entrance to the stop and back, -1 where one cannot."""

    def __post_init__(self) -> None:
        super().__post_init__()
        first = self.platform_first
        sound = first[0] == 0 and first[-1] == len(self.platform) and (np.diff(first) >= 0).all()
        sound = sound and self.entrance_station.max(initial=-1) < len(self.id)
        sound = sound and self.way_entrance.max(initial=-1) < len(self.entrance_id)
        if not (sound and self.snap.segment.shape[1] == len(self.entrance_id)):
            raise InputError(Problem("Stations", "platforms and entrances do not belong to its stations"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Transit(Part):
    """Stops (S) and lines (L) with their timetable; without lines, distance along the streets stands for them."""

    stop_name: Annotated[Text, Spec("U", ("S",))]
    line_id: Annotated[Text, Spec("U", ("L",))]
    """One direction of a line, or both."""
    line_name: Annotated[Text, Spec("U", ("L",))]
    """The directions of one line share their name."""
    line_mode: Annotated[I32, Spec("i4", ("L",), 0, len(TRANSIT_MODES) - 1)]
    """Position in units.TRANSIT_MODES."""
    line_from_year: Annotated[I32, Spec("i4", ("L",), 0)]
    """First year in which the line runs, 0 where it always has."""
    line_m: Annotated[F64, Spec("f8", ("L",), 0)]
    """Length of the whole line, also where it leaves the streets of the city."""
    year: Annotated[I32, Spec("i4", (), 0)]
    timetable: Timetable
    tariffs: Tariffs
    stations: Stations
    stop_rules: StopRules
    loop_rules: LoopRules
    m_per_s: Annotated[F64, Spec("f8", (len(TRANSIT_MODES),), 0)]
    """Speed of a line whose run times are not known, stops included."""
    detour: Annotated[F64, Spec("f8", (len(TRANSIT_MODES),), 1)]
    """Length of a line between two stops over the straight line."""
    access_s: Annotated[F64, Spec("f8", (), 0)]
    """Longest walk to the first and from the last stop."""
    transfer_s: Annotated[F64, Spec("f8", (), 0)]
    """Longest walk between two stops."""
    change_s: Annotated[F64, Spec("f8", (), 0)]
    """Least time to change, besides the walk, where the timetable gives none."""
    window_start_s: Annotated[F64, Spec("f8", ("T",), 0)]
    window_min: Annotated[F64, Spec("f8", (), 1)]
    """Departures that are looked at in each period: one a minute from the start of its window on."""
    longest_s: Annotated[F64, Spec("f8", (), 1)]
    most_rides: Annotated[F64, Spec("f8", (), 1)]
    late_percent: Annotated[F64, Spec("f8", (), 1, 100)]
    """Share of the departures within whose time one travels even with little luck."""
    estimate_m_per_s: Annotated[F64, Spec("f8", (), 0.01)]
    """Speed along the streets, the wait and the changes of a trip, where no line is known."""
    estimate_wait_s: Annotated[F64, Spec("f8", (), 0)]
    estimate_transfers: Annotated[F64, Spec("f8", (), 0)]
    estimate_walk_s: Annotated[F64, Spec("f8", (), 0)]
    """Walk to a stop there, where the map shows none that is nearer."""

    def __post_init__(self) -> None:
        super().__post_init__()
        t, lines = self.timetable, len(self.line_id)
        problems = [
            Problem(f"Transit.{name}", what)
            for wrong, name, what in (
                (len(t.stop_id) != len(self.stop_name), "stop_name", "names other stops than the timetable has"),
                (len(t.line_tariff) != lines, "line_id", "names other lines than the timetable has"),
                (t.pattern_line.max(initial=-1) >= lines, "timetable", "runs lines that are not there"),
                (t.line_tariff.max(initial=-1) >= len(self.tariffs.id), "tariffs", "lacks the tariff of a line"),
                (self.stations.platform.max(initial=-1) >= len(t.stop_id), "stations", "has unknown platforms"),
                (self.stations.way_stop.max(initial=-1) >= len(t.stop_id), "stations", "has ways to no stop"),
            )
            if wrong
        ]
        if problems:
            raise InputError(problems)

    @cached_property
    def running(self) -> Timetable:
        """The timetable of the lines that run in `year`."""
        runs = (self.line_from_year <= self.year)[self.timetable.pattern_line]
        return self.timetable if runs.all() else only(self.timetable, runs)

    def running_for(self, trip: int) -> Timetable:
        """The timetable of the lines that run in `year` and that one of units.LINE_TRIPS may ride."""
        ours = np.isin(self.line_mode[self.running.pattern_line], MODES_OF[trip])
        return self.running if ours.all() else only(self.running, ours)

    def running_in(self, trip: int, period: int) -> Timetable:
        """The same with the trips alone that somebody can ride who leaves in the window of a period."""
        start_s = round(float(self.window_start_s[period]))
        last_s = start_s + (int(self.window_min) - 1) * _S_PER_MIN
        return during(self.running_for(trip), start_s, last_s + round(float(self.longest_s)))

    @cached_property
    def served(self) -> Bools:
        """(S) whether somebody can get on or off there in `year`."""
        return self.served_by(*range(len(TRANSIT_MODES)))

    def served_by(self, *modes: int) -> Bools:
        """(S) whether somebody can get on or off a line of one of the modes there in `year`."""
        t = self.running
        ours = np.repeat(np.isin(self.line_mode[t.pattern_line], modes), np.diff(t.pattern_first))
        out = np.zeros(len(t.stop_id), np.bool_)
        out[t.call_stop[ours & (t.call_boards | t.call_alights)]] = True
        return out

    @cached_property
    def digest(self) -> str:
        """sha256 over everything, the nested parts included."""
        return self.key(*range(len(NETWORK_MODES)))

    def key(self, *modes: int) -> str:
        """sha256 over everything, but of where stops and entrances touch the streets only by these network modes."""
        snaps = self.timetable.snap, self.stations.snap
        return digest_of(self._apart, *(rows[m] for snap in snaps for _, rows in snap.arrays() for m in modes))

    @cached_property
    def line_keys(self) -> dict[tuple[int, int], str]:
        """By units.LINE_TRIPS and period sha256 over the lines, stops, fares and rules that such a trip reads."""
        window = self.window_min, self.late_percent
        rules = digest_of(self.access_s, self.transfer_s, self.change_s, self.longest_s, self.most_rides, *window)
        return {
            (trip, period): digest_of(rules, start_s, *self._read_by(trip, period))
            for trip in LINE_TRIPS
            for period, start_s in enumerate(self.window_start_s)
        }

    def _read_by(self, trip: int, period: int) -> list[npt.NDArray[np.generic]]:
        """Stops and tariffs are told by their rank among those read: others may come and go."""
        t, f, s = self.running_in(trip, period), self.tariffs, self.stations
        stop, call = np.unique(t.call_stop, return_inverse=True)
        tariff, of_pattern = np.unique(t.line_tariff[t.pattern_line], return_inverse=True)
        bands = np.isin(np.repeat(np.arange(len(f.id)), np.diff(f.first)), tariff)
        change = np.isin(t.transfer_from, stop) & np.isin(t.transfer_to, stop)
        inside = np.isin(s.way_stop, stop)
        door = s.way_entrance[inside]
        ends = [np.searchsorted(stop, x) for x in (t.transfer_from[change], t.transfer_to[change], s.way_stop[inside])]
        return [
            *(call, t.pattern_first, t.call_m, t.call_boards, t.call_alights, t.trip_first, t.arrive_s, t.depart_s),
            *(self.line_mode[t.pattern_line], of_pattern, np.diff(f.first)[tariff], f.from_m[bands], f.cny[bands]),
            *(f.through[tariff], f.transfer_off_cny[np.ix_(tariff, tariff)]),
            *(*ends, t.transfer_s[change], s.way_in_s[inside], s.way_out_s[inside]),
            *(t.snap.segment[WALK, stop], t.snap.along[WALK, stop]),
            *(s.snap.segment[WALK, door], s.snap.along[WALK, door]),
        ]

    @cached_property
    def _apart(self) -> str:
        """sha256 over everything but where stops and entrances touch the streets."""
        inner = self.timetable, self.tariffs, self.stations, self.stop_rules, self.loop_rules
        return digest_of(*(part.digest for part in inner), *(x for name, array in self.arrays() for x in (name, array)))


def only(timetable: Timetable, patterns: Bools) -> Timetable:
    """The timetable with some of its patterns (P) alone; stops and lines keep their positions."""
    return _with_trips(timetable, np.repeat(patterns, np.diff(timetable.trip_first)))


def during(timetable: Timetable, from_s: int, until_s: int) -> Timetable:
    """The timetable with the trips alone that run at some time between two; stops and lines keep their positions."""
    t = timetable
    calls = np.repeat(np.diff(t.pattern_first), np.diff(t.trip_first)).astype(np.int64)
    end = np.cumsum(calls)
    return _with_trips(t, (t.depart_s[end - calls] <= until_s) & (t.arrive_s[end - 1] >= from_s))


def _with_trips(t: Timetable, kept: Bools) -> Timetable:
    """The timetable with some of its trips, by pattern, and the patterns that have some."""
    pattern = np.repeat(np.arange(len(t.pattern_line)), np.diff(t.trip_first))
    calls, trips = np.diff(t.pattern_first), np.bincount(pattern[kept], minlength=len(t.pattern_line))
    patterns = trips > 0
    at_call, at_time = np.repeat(patterns, calls), np.repeat(kept, calls[pattern])
    return replace(
        t,
        pattern_first=np.append(0, np.cumsum(calls[patterns])).astype(np.int32),
        pattern_line=t.pattern_line[patterns],
        call_stop=t.call_stop[at_call],
        call_m=t.call_m[at_call],
        call_boards=t.call_boards[at_call],
        call_alights=t.call_alights[at_call],
        trip_first=np.append(0, np.cumsum(trips[patterns])).astype(np.int32),
        arrive_s=t.arrive_s[at_time],
        depart_s=t.depart_s[at_time],
    )
