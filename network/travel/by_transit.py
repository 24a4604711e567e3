"""By bus and rail from and to any points, by the lines and rules of a city: times, their parts, and what is reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from network.city import City
from network.errors import InputError, Problem
from network.part import F64, I64, Snap
from network.travel.doors import Doors, doors_of
from network.travel.reach import reach, reach_nodes
from network.travel.routes import Isochrone, node_times_ms, pieces_within
from network.travel.skims import journeys_of, walks_of
from network.travel.transit import Journeys, Walks
from network.units import MS_PER_S, WALK


def require_lines(city: City) -> None:
    """Raises InputError where transit is an estimate by distance: it says nothing of a journey or of a point."""
    if not len(city.transit.line_id):
        what = f"no bus or rail line of {city.id} is known: transit is an estimate by distance from zone to zone"
        raise InputError(
            Problem("mode", what, "name a source of lines under [[transit]] in city.toml and build the city again")
        )


def journeys_between(
    city: City, starts: Snap, ends: Snap, percentiles: Sequence[float] = (), *, cycle: bool = False
) -> Journeys:
    """Journeys (O, Z) between points over the window of a city, each with one ride or more; `cycle` as in `walks_of`.

    Raises InputError where no line is known or a percentile is not in (0, 100].
    """
    require_lines(city)
    return journeys_of(city, walks_of(city, starts, ends, cycle=cycle), ends.segment.shape[1], percentiles)


def times_within(city: City, starts: Snap, ends: Snap, limit_s: float) -> F64:
    """Median seconds (X, Y) by transit, or on foot alone where that is quicker; infinite beyond the limit.

    On foot takes as long at every departure, so that the median of the quicker way is the quicker of the medians.
    Raises InputError where no line is known or the limit is negative or not a number.
    """
    require_lines(city)
    out = _on_foot(city, starts, ends, limit_s)
    walks = walks_of(city, starts, ends, limit_s)
    median_s = journeys_of(city, walks, out.shape[1], most_s=limit_s).median_s
    return np.minimum(out, np.where(median_s <= limit_s, median_s, np.inf))


def transit_isochrone(
    city: City, start: Snap, limits_s: Sequence[float], ends: Snap
) -> tuple[tuple[Isochrone, ...], F64]:
    """What is reached from one start within each limit at the median departure, by transit or on foot alone.

    Also the median seconds (Y) to some ends, infinite beyond the longest limit. Times at ends and at nodes are exact:
    the median over the departures of the earliest arrival by any stop, in whole seconds after a ride, with a walk from
    the last stop of at most transit.access_s. Between two nodes a street is followed from each by the median there: no
    more of it is drawn than is reached, save that it may go on past that longest walk up to the next node.

    Raises InputError where no line is known or a limit is negative or not a number.
    """
    require_lines(city)
    most_s, count = max(limits_s), ends.segment.shape[1]
    doors = doors_of(city.transit.timetable.snap, city.transit.stations)
    near_ms = node_times_ms(city.roads, start, WALK, most_s)
    walks = walks_of(city, start, _joined(ends, doors.snap), most_s)
    places = count + len(doors.to)
    walks = _on_to_nodes(walks, doors.some(doors.out_s >= 0), city, places, most_s)
    median_s = journeys_of(city, walks, places + len(near_ms), most_s=most_s).median_s[0]
    to_end_s, to_door_s, to_node_s = np.split(median_s, [count, places])
    at_ms = np.append(np.zeros(start.segment.shape[1], np.int64), _ms(to_door_s))
    near_ms = np.minimum(near_ms, _ms(to_node_s))
    pieces = pieces_within(city.roads, WALK, near_ms, (_joined(start, doors.snap), at_ms), limits_s)
    times = np.minimum(_on_foot(city, start, ends, most_s)[0], to_end_s)
    return pieces, np.where(times <= most_s, times, np.inf)


def _joined(points: Snap, others: Snap) -> Snap:
    return Snap(**{name: np.hstack((array, getattr(others, name))) for name, array in points.arrays()})


def _ms(seconds: F64) -> I64:
    """Whole milliseconds; more than any limit where there is no way."""
    return np.where(np.isfinite(seconds), seconds * MS_PER_S, float(2**60)).astype(np.int64)


def _on_foot(city: City, starts: Snap, ends: Snap, limit_s: float) -> F64:
    found = reach(city.roads, starts, ends, WALK, limit_s)
    out = np.full((starts.segment.shape[1], ends.segment.shape[1]), np.inf)
    out[np.repeat(np.arange(len(out)), np.diff(found.first)), found.end] = found.time_s
    return out


def _on_to_nodes(walks: Walks, doors: Doors, city: City, ends: int, most_s: float) -> Walks:
    """The walks to the ends, and behind these to the nodes; several may lead from one stop to one node."""
    found = reach_nodes(city.roads, doors.snap, WALK, min(float(city.transit.access_s), most_s))
    door = np.repeat(np.arange(len(doors.to)), np.diff(found.first))
    stops = np.arange(doors.points)
    stop = np.concatenate((np.repeat(stops, np.diff(walks.egress_first)), doors.to[door]))
    end = np.concatenate((walks.egress_end, found.end + ends))
    time_s = np.concatenate((walks.egress_s, np.ceil(found.time_s) + doors.out_s[door]))
    order = np.argsort(stop, kind="stable")
    return replace(
        walks,
        egress_first=np.searchsorted(stop[order], np.arange(doors.points + 1)).astype(np.int32),
        egress_end=end.astype(np.int32)[order],
        egress_s=time_s.astype(np.int32)[order],
    )
