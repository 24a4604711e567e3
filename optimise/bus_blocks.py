"""From a timetable to the work of single buses: trips of a line are chained to blocks, first in, first out.

A bus that ends a trip goes on from the same place, or, where no trip of its line starts there, from the nearest place
where one does. It may leave again after the layover. Whoever has waited longest there takes the next trip, and where
nobody is ready another bus comes from the depot: as at each place the earliest ready bus is taken, no other chaining of
a line with these ways needs fewer buses (a largest matching of arrivals with departures; Dantzig & Fulkerson 1954,
doi:10.1002/nav.3800010309), as long as no bus is kept from a trip by the longest time it may stay out.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from network import BusFleet, Transit, local_metres, units

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
_M_PER_KM: Final = 1000.0
_S_PER_MIN: Final = 60.0
_S_PER_H: Final = 3600.0


class Stay(NamedTuple):
    """A bus waiting at a terminal between two trips, and how far it went since the stay before, or the depot."""

    terminal: int
    from_s: float
    to_s: float
    km: float


class Block(NamedTuple):
    """What one bus does between leaving its depot and coming back, without the ways to and from it."""

    line: str
    first: int
    """Terminal at which it begins; `last`: at which it ends."""
    last: int
    out_s: float
    back_s: float
    stays: tuple[Stay, ...]
    km_last: float
    """From the last stay on."""

    @property
    def km(self) -> float:
        return sum(stay.km for stay in self.stays) + self.km_last


@dataclass(frozen=True, eq=False, kw_only=True)
class Terminals:
    """Ends of bus lines (X), near ones as one place."""

    stop: I64
    """Stop of the timetable that stands for each."""
    of_stop: I64
    """(S) terminal of each stop, -1 where no line ends."""
    metres: F64
    """(X, 2) in the plane."""


@dataclass(frozen=True, eq=False, kw_only=True)
class BusTrips:
    """Trips (T) of buses on a day, by departure."""

    line: tuple[str, ...]
    """Names of the lines; the directions of one share it."""
    of: I64
    """(T) position in `line`."""
    start: I64
    end: I64
    """(T) terminals."""
    depart_s: F64
    arrive_s: F64
    km: F64


def terminals_of(transit: Transit, terminal_m: float) -> Terminals:
    """First and last stops of the buses that run; each belongs to the first place that is near enough."""
    t = transit.running
    bus = np.flatnonzero(transit.line_mode[t.pattern_line] == units.BUS)
    ends = np.concatenate((t.call_stop[t.pattern_first[bus]], t.call_stop[t.pattern_first[bus + 1] - 1]))
    plane = local_metres(t.stop_lonlat, float(t.stop_lonlat[:, 1].mean()) if len(t.stop_lonlat) else 0.0)
    of_stop, centres = np.full(len(t.stop_id), -1, np.int64), list[int]()
    for stop in np.unique(ends).tolist():
        away = np.hypot(*(plane[centres] - plane[stop]).T)
        near = int(away.argmin()) if centres else -1
        if not centres or away[near] > terminal_m:
            near = len(centres)
            centres.append(stop)
        of_stop[stop] = near
    stops = np.array(centres, dtype=np.int64)
    return Terminals(stop=stops, of_stop=of_stop, metres=plane[stops])


def bus_trips(transit: Transit, terminals: Terminals) -> BusTrips:
    """The trips of a day. What a line runs beyond the streets of the city counts: trips are as much longer, in way and
    time, as the whole line is than its longest pattern here.
    """
    t = transit.running
    patterns = np.flatnonzero(transit.line_mode[t.pattern_line] == units.BUS).tolist()
    names = sorted({str(transit.line_name[t.pattern_line[p]]) for p in patterns})
    position = {name: i for i, name in enumerate(names)}
    longest = np.zeros(len(transit.line_id))
    length_m = (t.call_m[t.pattern_first[1:] - 1] - t.call_m[t.pattern_first[:-1]]).astype(np.float64)
    np.maximum.at(longest, t.pattern_line, length_m)
    rows = []
    for p in patterns:
        line = int(t.pattern_line[p])
        stretch = max(1.0, float(transit.line_m[line]) / longest[line]) if longest[line] > 0 else 1.0
        arrive_s, depart_s = t.times(p)
        leave = depart_s[:, 0].astype(np.float64)
        come = leave + (arrive_s[:, -1] - leave) * stretch
        ends = terminals.of_stop[t.call_stop[[t.pattern_first[p], t.pattern_first[p + 1] - 1]]]
        same = np.ones(len(leave))
        name = position[str(transit.line_name[line])]
        km = length_m[p] * stretch / _M_PER_KM
        rows.append(np.stack((leave, come, name * same, ends[0] * same, ends[1] * same, km * same), axis=1))
    table = np.concatenate([np.zeros((0, 6)), *rows])
    table = table[np.lexsort(table.T[::-1])]
    of, start, end = table[:, 2:5].astype(np.int64).T
    return BusTrips(
        line=tuple(names), of=of, start=start, end=end, depart_s=table[:, 0], arrive_s=table[:, 1], km=table[:, 5]
    )


class _Bus:
    """A bus on the road."""

    def __init__(self, out_s: float, first: int) -> None:
        self.out_s, self.first, self.ran = out_s, first, False
        self.stays: list[Stay] = []
        self.here, self.since_s, self.km = first, out_s, 0.0
        """Where it is, since when, and how far it went since the last stay."""
        self.back_s, self.last, self.km_back = out_s, first, 0.0
        """Where its last trip ended, when, and how far it had gone by then: it does not run empty to the next start
        unless it takes a trip there."""

    def run(self, depart_s: float, arrive_s: float, end: int, km: float, then: tuple[int, float, float]) -> None:
        """A trip, and the way to where the next one may start: terminal, seconds and km of it."""
        if self.ran:
            self.stays.append(Stay(self.here, self.since_s, depart_s, self.km))
            self.km = 0.0
        self.ran = True
        self.km += km
        self.back_s, self.last, self.km_back = arrive_s, end, self.km
        self.here, way_s, way_km = then
        self.since_s = arrive_s + way_s
        self.km += way_km

    def block(self, line: str) -> Block:
        return Block(line, self.first, self.last, self.out_s, self.back_s, tuple(self.stays), self.km_back)


def chain(trips: BusTrips, terminals: Terminals, buses: BusFleet, m_per_s: float, detour: float) -> list[Block]:
    """Blocks by line and the time they begin."""
    onward = _onward(trips, terminals, m_per_s, detour)
    layover_s, longest_s = float(buses.layover_min) * _S_PER_MIN, float(buses.longest_h) * _S_PER_H
    waiting: dict[tuple[int, int], list[tuple[float, int]]] = {}
    fleet: list[tuple[int, _Bus]] = []
    for k in range(len(trips.of)):
        line, start, end = int(trips.of[k]), int(trips.start[k]), int(trips.end[k])
        depart_s, arrive_s = float(trips.depart_s[k]), float(trips.arrive_s[k])
        queue, at = waiting.setdefault((line, start), []), -1
        while queue and queue[0][0] <= depart_s and at < 0:
            ready = heapq.heappop(queue)[1]
            if arrive_s - fleet[ready][1].out_s <= longest_s:
                at = ready
        if at < 0:
            at = len(fleet)
            fleet.append((line, _Bus(depart_s, start)))
        then = onward[line, end]
        bus = fleet[at][1]
        bus.run(depart_s, arrive_s, end, float(trips.km[k]), then)
        heapq.heappush(waiting.setdefault((line, then[0]), []), (bus.since_s + layover_s, at))
    fleet.sort(key=lambda known: known[0])
    return [bus.block(trips.line[line]) for line, bus in fleet]


def _onward(
    trips: BusTrips, terminals: Terminals, m_per_s: float, detour: float
) -> dict[tuple[int, int], tuple[int, float, float]]:
    """By line and terminal where a trip ends: the terminal its bus goes on from, and seconds and km to it."""
    out = {}
    pairs = np.stack((trips.of, trips.start), axis=1)
    starts = {line: np.unique(pairs[trips.of == line, 1]) for line in range(len(trips.line))}
    for line, end in np.unique(np.stack((trips.of, trips.end), axis=1), axis=0).tolist():
        away = np.hypot(*(terminals.metres[starts[line]] - terminals.metres[end]).T)
        to = int(away.argmin())
        way_m = float(away[to]) * detour
        out[line, end] = int(starts[line][to]), way_m / m_per_s, way_m / _M_PER_KM
    return out
