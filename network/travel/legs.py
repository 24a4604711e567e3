"""One journey by bus and rail with its legs: where one walks, waits, rides and changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from network.city import City
from network.kernels import legs as kernel
from network.kernels.raptor import each_departure
from network.kernels.rounds import NEVER
from network.parallel import TURN
from network.part import F64, I32, Snap
from network.snap import local_metres, on_street
from network.tariffs import Tariffs
from network.timetable import Timetable
from network.travel.by_transit import require_lines
from network.travel.coverage import picked
from network.travel.routes import paths
from network.travel.skims import walks_of
from network.travel.transit import Walks, kernel_tariffs, kernel_walks
from network.units import CYCLE, FEN_PER_CNY, WALK

_PERCENT = 100
_MEDIAN = 50.0


class OnFoot(NamedTuple):
    """A walk, or the way by bike to the first stop; `from_stop` is -1 at the start, `to_stop` at the end."""

    from_stop: int
    to_stop: int
    time_s: int
    length_m: float
    lonlat: F64
    """(G, 2) drawn line, two points or more."""
    cycled: bool = False
    """By bike: then `time_s` holds the time to leave it."""


class Ride(NamedTuple):
    """A ride on one vehicle; seconds of the service day."""

    line: int
    stops: tuple[int, ...]
    """Where the vehicle calls, from where one boards to where one alights."""
    wait_s: int
    """Until it leaves, since one could have been there, the least time to change included."""
    board_s: int
    alight_s: int
    length_m: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Journey:
    """The journey of one departure; its walks, waits, rides and way by bike add up to `time_s`."""

    departure_s: int
    """When one leaves, seconds of the service day."""
    time_s: int
    fare_cny: float
    legs: tuple[OnFoot | Ride, ...]
    """In order; walks that take no time are left out."""

    @property
    def rides(self) -> tuple[Ride, ...]:
        return tuple(leg for leg in self.legs if isinstance(leg, Ride))

    @property
    def in_vehicle_s(self) -> int:
        return sum(ride.alight_s - ride.board_s for ride in self.rides)

    @property
    def wait_s(self) -> int:
        return sum(ride.wait_s for ride in self.rides)

    @property
    def walk_s(self) -> int:
        return sum(leg.time_s for leg in self.legs if isinstance(leg, OnFoot) and not leg.cycled)

    @property
    def cycle_s(self) -> int:
        return sum(leg.time_s for leg in self.legs if isinstance(leg, OnFoot) and leg.cycled)

    @property
    def length_m(self) -> int:
        """In the vehicles."""
        return sum(ride.length_m for ride in self.rides)


def journey(
    city: City,
    start: Snap,
    end: Snap,
    departures_s: I32,
    percentiles: Sequence[float] = (_MEDIAN,),
    *,
    cycle: bool = False,
) -> tuple[Journey | None, F64]:
    """The journey of the median departure from one point to another, and the times (R) by percentile.

    Departures (W) are ascending seconds of the service day. Time and percentiles are those of
    `network.travel.transit.journeys`: the time runs from the departure, the journey is the quickest one with a ride. Of
    the journeys that arrive then, one is told that can leave latest among the departures, with the fewest rides; where
    still several are left, parts may differ from those of a matrix. None and infinite where fewer departures arrive
    within transit.longest_min. `cycle` as in `walks_of`. Raises InputError where no line is known.
    """
    require_lines(city)
    walks = walks_of(city, start, end, cycle=cycle)
    total = _totals(city, walks, departures_s)
    ordered = np.sort(total)
    ranks = np.ceil(np.asarray(percentiles, np.float64) * len(total) / _PERCENT).astype(np.int64) - 1
    times = np.where(ordered[ranks] == NEVER, np.inf, ordered[ranks])
    median = ordered[-(-len(total) // 2) - 1]
    if median == NEVER:
        return None, times
    w = int(np.flatnonzero(total == median)[0])
    arrival = departures_s.astype(np.int64) + total
    latest = int(np.flatnonzero((arrival == arrival[w]) & (total < NEVER))[-1])
    told = _told(city, walks, (start, end), int(departures_s[w]), int(departures_s[latest]), cycle=cycle)
    return told, times


def _totals(city: City, walks: Walks, departures_s: I32) -> I32:
    """(W) seconds at each departure, NEVER where there is no journey."""
    t = city.transit
    how = t.running.for_search, kernel_walks(walks, t.running), kernel_tariffs(t.tariffs)
    with TURN:
        total, _ = each_departure(0, departures_s, int(t.most_rides), round(float(t.longest_s)), *how, 1)
    return np.asarray(total[:, 0])


def rides_at(timetable: Timetable, walks: Walks, now_s: int, most_rides: int, longest_s: int) -> tuple[int, int, I32]:
    """The quickest journey of the first origin to the first end at one departure.

    Its arrival, the position of its access in `walks`, and its rides (R, 4): pattern, trip, and the positions of the
    two calls. See network.kernels.legs.
    """
    t, access = timetable, slice(*walks.access_first[:2])
    egress = np.full(len(walks.change_s), NEVER, np.int32)
    stop = np.repeat(np.arange(len(egress)), np.diff(walks.egress_first))
    first_end = walks.egress_end == 0
    np.minimum.at(egress, stop[first_end], walks.egress_s[first_end])
    lines = kernel.Lines(
        t.pattern_first, t.call_stop, t.call_boards, t.call_alights, t.trip_first, t.time_first, t.arrive_s, t.depart_s
    )
    ways = kernel.Walks(
        walks.access_stop[access], walks.access_s[access], walks.change_s, walks.transfer_first, walks.transfer_stop,
        walks.transfer_s, egress,
    )  # fmt: skip
    with TURN:
        arrival, at, rides = kernel.quickest_rides(now_s, longest_s, most_rides, lines, ways)
    return int(arrival), int(at), rides


def _told(
    city: City, walks: Walks, ends: tuple[Snap, Snap], departure_s: int, latest_s: int, *, cycle: bool
) -> Journey:
    """The journey of who leaves at `latest_s`, told for one who leaves at `departure_s` and waits."""
    t = city.transit
    arrival, access, found = rides_at(t.running, walks, latest_s, int(t.most_rides), round(float(t.longest_s)))
    rides = [_ride(t.running, *row) for row in found.tolist()]
    stop, there_s = rides[0].stops[0], departure_s + int(walks.access_s[access])
    legs: list[OnFoot | Ride] = [_walk(city, ends, -1, stop, int(walks.access_s[access]), cycle=cycle)]
    for before, ride in pairwise([None, *rides]):
        assert ride is not None
        if before is not None:
            walk_s = _between(walks, before.stops[-1], ride.stops[0])
            legs.append(_walk(city, ends, before.stops[-1], ride.stops[0], walk_s))
            there_s = before.alight_s + walk_s
        legs.append(ride._replace(wait_s=ride.board_s - there_s))
    legs.append(_walk(city, ends, rides[-1].stops[-1], -1, arrival - rides[-1].alight_s))
    return Journey(
        departure_s=departure_s,
        time_s=arrival - departure_s,
        fare_cny=fare_cny(t.tariffs, [(int(t.timetable.line_tariff[r.line]), r.length_m) for r in rides]),
        legs=tuple(leg for leg in legs if isinstance(leg, Ride) or leg.time_s > 0),
    )


def _ride(t: Timetable, pattern: int, trip: int, board: int, alight: int) -> Ride:
    arrive, depart = t.times(pattern)
    calls = slice(t.pattern_first[pattern] + board, t.pattern_first[pattern] + alight + 1)
    return Ride(
        line=int(t.pattern_line[pattern]),
        stops=tuple(t.call_stop[calls].tolist()),
        wait_s=0,
        board_s=int(depart[trip, board]),
        alight_s=int(arrive[trip, alight]),
        length_m=int(t.call_m[calls][-1] - t.call_m[calls][0]),
    )


def _between(walks: Walks, here: int, to: int) -> int:
    """Seconds on foot at a change."""
    if here == to:
        return 0
    some = slice(walks.transfer_first[here], walks.transfer_first[here + 1])
    return int(walks.transfer_walk_s[some][walks.transfer_stop[some] == to][0])


def _walk(city: City, ends: tuple[Snap, Snap], here: int, to: int, time_s: int, *, cycle: bool = False) -> OnFoot:
    """A walk, or a way by bike, drawn along the streets; straight where it is shorter, as inside a station."""
    stops, roads, mode = city.transit.timetable.snap, city.roads, CYCLE if cycle else WALK
    start = picked(stops, np.array([here])) if here >= 0 else ends[0]
    end = picked(stops, np.array([to])) if to >= 0 else ends[1]
    way = paths(roads, start, end, mode)[0]
    if way is not None and (way.time_s <= time_s or min(here, to) < 0):
        return OnFoot(here, to, time_s, way.length_m, way.lonlat, cycle)
    line = np.concatenate([on_street(roads, x.segment[mode], x.along[mode]) for x in (start, end)])
    length_m = float(np.hypot(*np.diff(local_metres(line, float(line[:, 1].mean())), axis=0)[0]))
    return OnFoot(here, to, time_s, length_m, line, cycle)


def fare_cny(tariffs: Tariffs, rides: Sequence[tuple[int, int]]) -> float:
    """What rides (tariff, metres) in their order cost: joined where their tariff is through, less what changes save."""
    joined: list[tuple[int, int]] = []
    for tariff, length_m in rides:
        if joined and joined[-1][0] == tariff and tariffs.through[tariff]:
            joined[-1] = tariff, joined[-1][1] + length_m
        else:
            joined.append((tariff, length_m))
    fen = 0
    for i, (tariff, length_m) in enumerate(joined):
        off = int(tariffs.transfer_off_fen[joined[i - 1][0], tariff]) if i else 0
        fen += max(0, round(float(tariffs.fare_cny(tariff, length_m)) * FEN_PER_CNY) - off)
    return fen / FEN_PER_CNY
