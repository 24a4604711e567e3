"""Lines without a timetable as services: a trip for each departure of their headways."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.errors import InputError, Problem
from network.io.parameters import Parameters
from network.io.transit import Line, Source
from network.part import F64, I32, I64, Text
from network.snap import local_metres
from network.timetable import Service
from network.units import TRANSIT_MODES

_M_PER_S = 1 / 3.6
_S_PER_MIN = 60
_S_PER_H = 3600


class Period(NamedTuple):
    """Departures every so many seconds from one second of the service day until another, at one speed."""

    from_s: int
    until_s: int
    every_s: int
    m_per_s: float


@dataclass(frozen=True, kw_only=True)
class Running:
    """How a line runs: its periods one after another, and its first departure where that is known."""

    mode: int
    periods: tuple[Period, ...]
    first_s: int | None = None
    name: str = ""
    tariff: str = ""
    from_year: int = 0


@dataclass(frozen=True, kw_only=True)
class Calls:
    """Stops (S), and the calls (Q) of lines (L) at them: those of line l, in order, are first[l]:first[l + 1]."""

    stop_id: Text
    stop_name: Text
    lonlat: F64
    line_id: Sequence[str]
    line_name: Sequence[str]
    first: I64
    stop: I32
    ride_s: F64
    """(Q) seconds from the call before, NaN where they are not known."""
    dwell_s: F64
    """(Q) seconds at the stop."""


@dataclass(frozen=True, kw_only=True)
class Assumed:
    """What the parameters say of lines of a mode of which nothing else is known."""

    mode: int
    edges_s: tuple[int, ...]
    every_s: tuple[int, ...]
    m_per_s: float
    detour: float

    night_words: tuple[str, ...]
    night_s: tuple[int, int]

    def usual(self, name: str) -> Running:
        """All day, or in the evening alone, at the last headway, where the name says that it is a night line."""
        if any(word in name for word in self.night_words):
            return Running(mode=self.mode, periods=tuple(self.periods(*self.night_s, self.every_s[-1], None)))
        return Running(mode=self.mode, periods=tuple(self.periods(self.edges_s[0], self.edges_s[-1], None, None)))

    def periods(self, from_s: int, until_s: int, every_s: int | None, m_per_s: float | None) -> Iterator[Period]:
        """One period with the headway that is given, else one for each headway of the day."""
        inner = [e for e in self.edges_s[1:-1] if from_s < e < until_s and every_s is None]
        for start, end in zip([from_s, *inner], [*inner, until_s], strict=True):
            at = sum(start >= e for e in self.edges_s[1:-1])
            yield Period(start, end, every_s or self.every_s[at], m_per_s or self.m_per_s)


class Modes:
    """Assumptions by the name of a mode, read from the parameters when asked for."""

    def __init__(self, parameters: Parameters) -> None:
        self._parameters = parameters
        self._known: dict[str, Assumed] = {}

    def __getitem__(self, mode: str) -> Assumed:
        """Raises InputError where there is no such mode, or its headways do not fit the periods."""
        if mode not in self._known:
            self._known[mode] = self._read(mode)
        return self._known[mode]

    def _read(self, mode: str) -> Assumed:
        if mode not in TRANSIT_MODES:
            raise InputError(Problem("transit", f"there is no mode {mode!r}", f"known are {', '.join(TRANSIT_MODES)}"))
        parameters, key = self._parameters, f"transit.{mode}_headway_min"
        edges_s = tuple(round(x * _S_PER_H) for x in parameters.array("transit.period_h").tolist())
        every_s = tuple(round(x * _S_PER_MIN) for x in parameters.array(key).tolist())
        if len(every_s) != len(edges_s) - 1 or min(every_s) < 1 or (np.diff(edges_s) <= 0).any():
            hint = "one headway above 0 for each period between two edges of transit.period_h, which rise"
            raise InputError(Problem(f"parameter {key}", "does not fit the periods of the day", hint))
        start_s, end_s = (round(x * _S_PER_H) for x in parameters.array("transit.night_h").tolist())
        return Assumed(
            mode=TRANSIT_MODES.index(mode),
            edges_s=edges_s,
            every_s=every_s,
            m_per_s=parameters.positive(f"transit.{mode}_kmh") * _M_PER_S,
            detour=parameters.positive(f"transit.{mode}_detour"),
            night_words=tuple(parameters.value("transit.night_words")),
            night_s=(start_s, end_s),
        )


def source_of(calls: Calls, running: Sequence[Running], modes: Modes) -> Source:
    """Lines with a trip for each of their departures.

    Lengths are straight from stop to stop times the detour of the mode. A ride whose seconds are not known takes its
    length at the speed of the period in which the trip leaves, in whole seconds, at least one.
    """
    detour = np.repeat([modes[TRANSIT_MODES[how.mode]].detour for how in running], np.diff(calls.first))
    xy = local_metres(calls.lonlat, float(np.median(calls.lonlat[:, 1])))[calls.stop]
    ride_m = np.rint(np.append(0.0, np.hypot(*np.diff(xy, axis=0).T)) * detour)
    ride_m[calls.first[:-1]] = 0.0
    lines: list[Line] = []
    services: list[Service] = []
    for number, how in enumerate(running):
        some = slice(calls.first[number], calls.first[number + 1])
        length_m, name = np.cumsum(ride_m[some]), how.name or calls.line_name[number]
        line = Line(
            id=calls.line_id[number],
            name=name,
            mode=how.mode,
            tariff=how.tariff or TRANSIT_MODES[how.mode],
            length_m=float(length_m[-1]),
            from_year=how.from_year,
        )
        lines.append(line)
        leave_s, m_per_s = departures(line.id, how)
        doors = np.ones(len(length_m), dtype=np.bool_)
        for speed in np.unique(m_per_s):
            known = calls.ride_s[some]
            ride_s = np.where(np.isnan(known), np.maximum(np.rint(ride_m[some] / speed), 1.0), known)
            ride_s[0] = 0.0
            depart_s = np.cumsum(ride_s + calls.dwell_s[some])
            trips_s = leave_s[m_per_s == speed] - round(float(depart_s[0]))
            depart = np.add.outer(trips_s, depart_s.astype(np.int32)).astype(np.int32)
            services.append(
                Service(
                    line=number,
                    stop=calls.stop[some],
                    length_m=length_m.astype(np.int32),
                    boards=doors,
                    alights=doors,
                    arrive_s=depart - calls.dwell_s[some].astype(np.int32),
                    depart_s=depart,
                )
            )
    return Source(stop_id=calls.stop_id, stop_name=calls.stop_name, lonlat=calls.lonlat, lines=lines, services=services)


def departures(line: str, how: Running) -> tuple[I64, F64]:
    """Seconds of the service day at which a line leaves its first stop, and its speeds [m/s], both (T).

    A line whose first departure is not known leaves a share of its headway after its period begins, and again after
    each break; the share is drawn from its id (SHA-256), the same everywhere. From one period to the next what is left
    of the headway is stretched to the new one, so that there is no gap and no bunch at the edge. The end of the last
    period is the last departure.
    """
    share = int.from_bytes(hashlib.sha256(line.encode()).digest()[:8], "big") / 2**64
    times: list[I64] = []
    at = 0
    for number, period in enumerate(how.periods):
        before = how.periods[number - 1] if number else None
        if before is not None and before.until_s == period.from_s:
            at = period.from_s + (at - period.from_s) * period.every_s // before.every_s
        elif before is None and how.first_s is not None:
            at = how.first_s
        else:
            at = period.from_s + int(share * period.every_s)
        until_s = period.until_s + (number == len(how.periods) - 1)
        times.append(np.arange(at, until_s, period.every_s, dtype=np.int64))
        at += len(times[-1]) * period.every_s
    speeds = np.repeat([p.m_per_s for p in how.periods], [len(t) for t in times])
    return np.concatenate(times), speeds
