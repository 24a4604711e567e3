"""Bus and rail as a zone-to-zone table from a published timetable."""

from __future__ import annotations

import numpy as np

from network.city import Roads, Transit, Zones
from network.errors import InputError, Problem
from network.io.gtfs import Feed
from network.io.parameters import Parameters
from network.travel.transit import journeys, walks_to_stops

_M_PER_S = 1 / 3.6
_S_PER_MIN = 60
_S_PER_H = 3600
_MEDIAN = 50.0


def window(parameters: Parameters) -> tuple[int, int]:
    """From the first departure to the last arrival that is looked at, in seconds of the service day."""
    start = round(parameters.number("transit.window_start_h") * _S_PER_H)
    minutes = parameters.positive("transit.window_min") + parameters.positive("transit.longest_min")
    return start, start + round(minutes * _S_PER_MIN)


def transit_of_feed(feed: Feed, zones: Zones, roads: Roads, parameters: Parameters) -> tuple[Transit, list[str]]:
    """The journey of the median departure of a window, one departure a minute, and lines about it for people.

    Walks follow the streets: to and from stops no longer than it takes to walk transit.access_m, between stops
    transit.transfer_m. Infinite where fewer than half of the departures get there within transit.longest_min, and
    inside a zone. Raises InputError where the parameters allow no departure.
    """
    speed = parameters.positive("roads.walk_kmh") * _M_PER_S
    start, _ = window(parameters)
    departures = start + np.arange(int(parameters.number("transit.window_min")), dtype=np.int32) * _S_PER_MIN
    if not len(departures):
        raise InputError(Problem("parameter transit.window_min", "holds no departure", "1 or more are needed"))
    walks = walks_to_stops(
        roads,
        zones.snap,
        feed.timetable,
        access_s=parameters.number("transit.access_m") / speed,
        transfer_s=parameters.number("transit.transfer_m") / speed,
        change_s=round(parameters.number("transit.change_s")),
    )
    late = parameters.number("transit.late_percent")
    found = journeys(
        feed.timetable,
        walks,
        len(zones.id),
        departures.astype(np.int32),
        most_rides=int(parameters.number("transit.most_rides")),
        longest_s=round(parameters.number("transit.longest_min") * _S_PER_MIN),
        percentiles=np.array([_MEDIAN, late]),
    )
    within = np.eye(len(zones.id), dtype=bool)
    names = ("in_vehicle_s", "wait_s", "walk_s", "transfers", "length_m")
    part = Transit(
        **{name: np.where(within, np.inf, getattr(found, name)) for name in names},
        fare_cny=np.full(within.shape, parameters.number("transit.fare_cny")),
    )
    served = np.isfinite(part.in_vehicle_s)
    clock = f"{start // _S_PER_H:02d}:{start % _S_PER_H // _S_PER_MIN:02d}"
    share = served.sum() / max(served.size - len(within), 1)
    what = (
        f"transit by timetable: service date {feed.date}, {feed.trips:,} trips "
        f"({feed.headway_trips:,} of them stand for a headway) calling at {len(feed.timetable.stop_id):,} stops"
    )
    whom = (
        f"transit: {share:.0%} of the pairs of zones served, {len(departures)} departures from {clock}"
        f"{_times(found.percentile_s[:, served], late)}"
    )
    return part, [what, whom, *feed.notes]


def _times(percentile_s: np.ndarray[tuple[int, int], np.dtype[np.float64]], late: float) -> str:
    if not percentile_s.size:
        return ""
    median, slow = (float(np.median(row)) / _S_PER_MIN for row in percentile_s)
    return (
        f"; median time {median:.0f} min, {late:g} % of the departures within {slow:.0f} min (medians over the pairs)"
    )
