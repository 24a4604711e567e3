"""Door to door by timetable: on foot to a stop, rides and changes, on foot from the last stop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from network.city import Roads, Snap
from network.errors import InputError, Problem
from network.kernels.raptor import LENGTH_M, NEVER, RIDE_S, RIDES, WALK_S, over_window
from network.parallel import TURN
from network.part import F64, I32, I64, Bools
from network.timetable import Timetable
from network.travel.reach import reach
from network.units import WALK

_PERCENT = 100
_MOST_S = int(NEVER) // 2


@dataclass(frozen=True, eq=False, kw_only=True)
class Walks:
    """Walks in whole seconds, rounded up, as CSR: from origins (O) to stops (S), from stops to zones, between stops."""

    access_first: I32
    access_stop: I32
    access_s: I32
    egress_first: I32
    egress_zone: I32
    egress_s: I32
    change_s: I32
    """(S) least time to change at a stop; NEVER where that is ruled out."""
    transfer_first: I32
    transfer_stop: I32
    transfer_s: I32
    """Least time from alighting at a stop to boarding at another, the walk and the time to change."""
    transfer_walk_s: I32


@dataclass(frozen=True, eq=False, kw_only=True)
class Journeys:
    """From origins (O) to zones (Z) over a window; infinite where there is no journey at that share of departures.

    The parts are those of one real journey, that of the median departure, and add up to `median_s`: in the vehicles,
    waiting (also before the first ride), on foot.
    """

    percentile_s: F64
    """(R, O, Z) time within which that percentage of the departures arrive."""
    median_s: F64
    in_vehicle_s: F64
    wait_s: F64
    walk_s: F64
    length_m: F64
    transfers: F64


def walks_to_stops(
    roads: Roads, zones: Snap, timetable: Timetable, *, access_s: float, transfer_s: float, change_s: int
) -> Walks:
    """Walks along the streets of at most `access_s` and `transfer_s`; `change_s` is the least time for any change.

    What the timetable itself says about a change stands in its place.
    """
    stops = timetable.snap
    access_first, access_stop, to_stop_s = _reached(roads, zones, stops, access_s)
    egress_first, egress_zone, to_zone_s = _reached(roads, stops, zones, access_s)
    first, to, walk_s = _reached(roads, stops, stops, transfer_s)
    here = np.repeat(np.arange(len(first) - 1, dtype=np.int32), np.diff(first))
    given = (timetable.transfer_from, timetable.transfer_to, timetable.transfer_s)
    free = (here != to) & ~np.isin(_pairs(here, to), _pairs(*given[:2]))
    change = np.full(len(timetable.stop_id), change_s, np.int32)
    at_one = given[0] == given[1]
    change[given[0][at_one]] = np.where(given[2][at_one] < 0, NEVER, given[2][at_one])
    apart = ~at_one & (given[2] >= 0)
    here = np.concatenate((here[free], given[0][apart]))
    to = np.concatenate((to[free], given[1][apart]))
    total = np.concatenate((walk_s[free] + np.int32(change_s), given[2][apart]))
    walk = np.concatenate((walk_s[free], given[2][apart]))
    order = np.lexsort((to, here))
    return Walks(
        access_first=access_first,
        access_stop=access_stop,
        access_s=to_stop_s,
        egress_first=egress_first,
        egress_zone=egress_zone,
        egress_s=to_zone_s,
        change_s=change,
        transfer_first=np.searchsorted(here[order], np.arange(len(change) + 1)).astype(np.int32),
        transfer_stop=to[order],
        transfer_s=total[order],
        transfer_walk_s=walk[order],
    )


def _pairs(a: I32, b: I32) -> I64:
    return (a.astype(np.int64) << 32) + b


def _reached(roads: Roads, starts: Snap, ends: Snap, limit_s: float) -> tuple[I32, I32, I32]:
    found = reach(roads, starts, ends, WALK, limit_s)
    return found.first.astype(np.int32), found.end, np.ceil(found.time_s).astype(np.int32)


def kernel_lines(timetable: Timetable) -> tuple[Any, ...]:
    """The timetable as `network.kernels.raptor` wants it."""
    t = timetable
    return (
        t.pattern_first, t.call_stop, t.call_m, t.call_boards, t.call_alights, t.trip_first, t.time_first, t.arrive_s,
        t.depart_s, *t.calls_by_stop,
    )  # fmt: skip


def kernel_walks(walks: Walks) -> tuple[Any, ...]:
    """The walks as `network.kernels.raptor` wants them."""
    w = walks
    return (
        w.access_first, w.access_stop, w.access_s, w.egress_first, w.egress_zone, w.egress_s, w.change_s,
        w.transfer_first, w.transfer_stop, w.transfer_s, w.transfer_walk_s,
    )  # fmt: skip


def journeys(
    timetable: Timetable,
    walks: Walks,
    zones: int,
    departures_s: I32,
    *,
    most_rides: int,
    longest_s: int,
    percentiles: F64,
) -> Journeys:
    """Journeys from door to door for every departure (W), ascending seconds of the service day.

    Journeys have one to `most_rides` rides and take at most `longest_s`. A percentile is the time of a real departure,
    the least within which that share of all departures arrive: never a mean. The median is the 50th. Range RAPTOR, see
    network.kernels.raptor.

    Raises InputError where the departures are not ascending, percentiles not in (0, 100], or no ride is allowed.
    """
    ranks = np.ceil(np.asarray(percentiles, np.float64) * len(departures_s) / _PERCENT).astype(np.int64) - 1
    problems = [
        Problem(where, what)
        for wrong, where, what in (
            (len(departures_s) == 0 or (np.diff(departures_s) <= 0).any(), "departures_s", "is empty or not ascending"),
            (((ranks < 0) | (ranks >= len(departures_s))).any(), "percentiles", "must be above 0 and at most 100"),
            (most_rides < 1, "most_rides", f"is {most_rides}, needs to be 1 or more"),
            (not 0 < longest_s < _MOST_S, "longest_s", f"is {longest_s}, needs to be above 0 and below {_MOST_S}"),
        )
        if wrong
    ]
    if problems:
        raise InputError(problems)
    middle = -(-len(departures_s) // 2) - 1
    with TURN:
        quantile, found = over_window(
            departures_s, most_rides, longest_s, kernel_lines(timetable), kernel_walks(walks), zones, ranks, middle
        )
    none = found[0] == NEVER
    in_vehicle, walk = found[1 + RIDE_S], found[1 + WALK_S]
    return Journeys(
        percentile_s=_infinite(quantile, quantile == NEVER),
        median_s=_infinite(found[0], none),
        in_vehicle_s=_infinite(in_vehicle, none),
        wait_s=_infinite(found[0] - in_vehicle - walk, none),
        walk_s=_infinite(walk, none),
        length_m=_infinite(found[1 + LENGTH_M], none),
        transfers=_infinite(found[1 + RIDES] - 1, none),
    )


def _infinite(numbers: I32, where: Bools) -> F64:
    return np.where(where, np.inf, numbers.astype(np.float64))
