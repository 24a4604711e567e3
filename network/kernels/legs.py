"""The rides of one journey: the earliest arrival at one end from one origin at one departure, round by round of rides.

RAPTOR (Delling, Pajor, Werneck 2015, doi:10.1287/trsc.2014.0534) at its plainest: it is asked for one pair, so every
pattern is looked at in every round. Whole seconds throughout.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit
from network.kernels.rounds import NEVER

I32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]
Whole = int | np.int64

PATTERN, TRIP, BOARD, ALIGHT = range(4)
"""Columns of a ride: the pattern, its trip, and the positions of two of its calls."""


class Lines(NamedTuple):
    """A timetable as `network.timetable.Timetable` has it."""

    pattern_first: Ints
    call_stop: Ints
    boards: Bools
    alights: Bools
    trip_first: Ints
    time_first: Ints
    arrive: Ints
    depart: Ints


class Walks(NamedTuple):
    """Origin to stops, between stops (S) as CSR, every stop to the end; NEVER where there is no way."""

    access_stop: Ints
    access_s: Ints
    change_s: Ints
    transfer_first: Ints
    transfer_stop: Ints
    transfer_s: Ints
    egress_s: Ints


class _Reached(NamedTuple):
    """What is reached in round k, with exactly k rides behind and, by `there`, one more."""

    ready: I32
    """(K, S) when one may board, and the position of the access or, from round 1 on, the stop one has alighted at."""
    ready_from: I32
    there: I32
    """(K, S) when one alights, and (K, S, 4) the ride."""
    ride: I32


@inner_njit
def _first_trip(depart: Ints, at: Whole, calls: Whole, trips: Whole, ready: Whole) -> Whole:
    """The first of the trips that leaves a call at or after `ready`, `trips` where none does; times begin at `at`."""
    low, high = np.int64(0), np.int64(trips)
    while low < high:
        middle = (low + high) // 2
        if depart[at + middle * calls] < ready:
            low = middle + 1
        else:
            high = middle
    return low


@inner_njit
def _ride(k: Whole, p: Whole, latest: Whole, lines: Lines, r: _Reached) -> None:
    """Along a pattern by the earliest trip that can be had at each call; no trip overtakes another."""
    first, calls = lines.pattern_first[p], lines.pattern_first[p + 1] - lines.pattern_first[p]
    trips, at = lines.trip_first[p + 1] - lines.trip_first[p], lines.time_first[p]
    trip, board = trips, -1
    for i in range(calls):
        stop = lines.call_stop[first + i]
        if trip < trips and lines.alights[first + i]:
            time = lines.arrive[at + trip * calls + i]
            if time <= latest and time < r.there[k, stop]:
                r.there[k, stop] = time
                r.ride[k, stop, PATTERN], r.ride[k, stop, TRIP] = p, trip
                r.ride[k, stop, BOARD], r.ride[k, stop, ALIGHT] = board, i
        if lines.boards[first + i] and r.ready[k, stop] < NEVER:
            earlier = _first_trip(lines.depart, at + i, calls, trips, r.ready[k, stop])
            if earlier < trip:
                trip, board = earlier, i


@inner_njit
def _change(k: Whole, walks: Walks, r: _Reached) -> None:
    """From where one has alighted in round k to where one may board in the next."""
    for here in range(walks.change_s.shape[0]):
        time = r.there[k, here]
        if time == NEVER:
            continue
        if walks.change_s[here] < NEVER and time + walks.change_s[here] < r.ready[k + 1, here]:
            r.ready[k + 1, here], r.ready_from[k + 1, here] = time + walks.change_s[here], here
        for t in range(walks.transfer_first[here], walks.transfer_first[here + 1]):
            stop = walks.transfer_stop[t]
            if time + walks.transfer_s[t] < r.ready[k + 1, stop]:
                r.ready[k + 1, stop], r.ready_from[k + 1, stop] = time + walks.transfer_s[t], here


@outer_njit
def quickest_rides(
    now: Whole, longest_s: Whole, most_rides: Whole, lines: Lines, walks: Walks
) -> tuple[Whole, Whole, I32]:
    """Arrival at the end for who leaves at `now`, the position of the access, and the rides (R, 4) in their order.

    The earliest arrival, and of those with it one with the fewest rides. NEVER, -1 and no ride where there is no
    journey with a ride, with at most `most_rides` and within `longest_s`.
    """
    stops, latest = walks.change_s.shape[0], now + longest_s
    r = _Reached(
        np.full((most_rides, stops), NEVER, np.int32),
        np.full((most_rides, stops), np.int32(-1), np.int32),
        np.full((most_rides, stops), NEVER, np.int32),
        np.empty((most_rides, stops, 4), np.int32),
    )
    for a in range(walks.access_stop.shape[0]):
        stop = walks.access_stop[a]
        if now + walks.access_s[a] < r.ready[0, stop]:
            r.ready[0, stop], r.ready_from[0, stop] = now + walks.access_s[a], a
    best, rides, last = np.int64(latest + 1), 0, -1
    for k in range(most_rides):
        for p in range(lines.pattern_first.shape[0] - 1):
            _ride(k, p, latest, lines, r)
        for stop in range(stops):
            if r.there[k, stop] < NEVER and r.there[k, stop] + walks.egress_s[stop] < best:
                best, rides, last = np.int64(r.there[k, stop] + walks.egress_s[stop]), k + 1, stop
        if k + 1 < most_rides:
            _change(k, walks, r)
    if rides == 0:
        return np.int64(NEVER), np.int64(-1), np.empty((0, 4), np.int32)
    out, behind = np.empty((rides, 4), np.int32), np.int64(last)
    for k in range(rides - 1, -1, -1):
        for column in range(out.shape[1]):
            out[k, column] = r.ride[k, behind, column]
        behind = np.int64(r.ready_from[k, lines.call_stop[lines.pattern_first[out[k, PATTERN]] + out[k, BOARD]]])
    return best, behind, out
