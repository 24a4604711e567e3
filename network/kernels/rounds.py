"""The search of range RAPTOR: earliest arrivals by timetable for every departure of a window, round by round of rides.

Delling, Pajor, Werneck 2015, doi:10.1287/trsc.2014.0534. Departures are taken from the last to the first; whatever a
later one has reached stays reached, so that an earlier one only has to find what is better. As in trip-based routing
(Witt 2015, doi:10.1007/978-3-662-48350-3_85) no call of a trip is looked at twice in the same round of a window: who
boards it further on, or the next trip of its pattern, gets nowhere earlier. Whole seconds throughout.

What is reached is counted by round: column k of `ready` is when one may board at a stop with at most k rides behind, of
`ride` when one is there by at most k + 1 rides.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

I32 = npt.NDArray[np.int32]
I64 = npt.NDArray[np.int64]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]
Whole = int | np.integer

NEVER = np.int32(2**30 - 1)
"""No way; twice as much still is a whole number of 32 bits."""
BEHIND, FROM, CALL, PATTERN, TRIP = range(5)
"""Columns of boardings: the boarding before it or -1 - access, the stop where that ride ended, the call, the pattern,
and the trip of the pattern."""
_ZERO = np.int64(0)
_PATTERN_OF, _POSITION, _TIMES, _FIRST_TRIP = range(4)
"""Columns of Lines.offer."""
TIME, WHEN, BY, STOP, EGRESS, BEFORE = range(6)
"""Columns of arrivals: their time, the position of their departure, the last boarding, the last stop, the walk from
there, and the arrival at the same end that a later departure has left behind or -1."""


class Lines(NamedTuple):
    """A timetable: trip t of pattern p calls at its position i. Calls (Q) of a pattern are pattern_first[p]:[p+1]."""

    pattern_first: Ints
    pattern_tariff: Ints
    pattern_bits: Ints
    """(P) of a journey those of all its rides are told."""
    call_stop: Ints
    call_m: Ints
    alights: Bools
    trip_first: Ints
    time_first: Ints
    """(P) where the times of a pattern begin."""
    arrive: Ints
    """Arrivals by pattern, by trip, by call: time_first[p] + t * calls + i."""
    depart: Ints
    """Departures by pattern, by call, by trip: time_first[p] + i * trips + t."""
    stop_first: Ints
    """Calls (C) where one may board, by stop: those of stop s are stop_first[s]:stop_first[s+1]."""
    offer: Ints
    """(C, 4) their pattern, position, where their departures begin, and the number of the first trip of the pattern."""


class Walks(NamedTuple):
    """Ways without a vehicle as CSR, in whole seconds: origins (O) to stops (S), stops to ends, between stops."""

    access_first: Ints
    access_stop: Ints
    access_s: Ints
    egress_first: Ints
    egress_end: Ints
    egress_s: Ints
    change_s: Ints
    """(S) least time to board where one has alighted."""
    transfer_first: Ints
    transfer_stop: Ints
    transfer_s: Ints
    """From alighting to boarding; at most one way from a stop to another."""
    transfer_walk_s: Ints


class Scratch(NamedTuple):
    """What one worker writes on."""

    ready: I32
    """(S, K), as ready_by, the boarding behind or -1 - access, and ready_from, the stop where that ride ended."""
    ready_by: I32
    ready_from: I32
    ride: I32
    """(S, K), and ride_by, the boarding of that ride."""
    ride_by: I32
    caught: I32
    """(C, K, 2) the earliest trip caught by a round and any departure so far, and when the one before it departs."""
    ridden: I32
    """(T, K) the first call that a trip, or one before it, was boarded at."""
    all_caught: I32
    """(C, 2), what they are at first."""
    all_ridden: I32
    until: I32
    """The last call to look at, by boarding of a round."""
    marked: I32
    is_marked: Bools
    gained: I32
    is_gained: Bools
    arrived: I32
    """Stops that a departure has reached earlier than all later ones."""
    is_arrived: Bools
    best: I32
    """(Z) earliest arrival at each end."""
    last: I32
    """(Z) which of the arrivals that is."""


@outer_njit
def across_trips(pattern_first: Ints, trip_first: Ints, time_first: Ints, by_trip: Ints) -> I32:
    """Times by pattern, by trip, by call as times by pattern, by call, by trip."""
    out = np.empty(by_trip.shape[0], np.int32)
    for p in range(pattern_first.shape[0] - 1):
        calls, trips = pattern_first[p + 1] - pattern_first[p], trip_first[p + 1] - trip_first[p]
        for i in range(calls):
            for t in range(trips):
                out[time_first[p] + i * trips + t] = by_trip[time_first[p] + t * calls + i]
    return out


@inner_njit
def scratch(most_rides: Whole, latest: Whole, lines: Lines, stops: Whole, ends: Whole) -> Scratch:
    """For departures that all end at `latest`: no trip that departs later is of use."""
    calls, trips = lines.offer.shape[0], lines.trip_first[-1]
    all_caught, all_ridden = np.empty((calls, 2), np.int32), np.empty((trips, most_rides), np.int32)
    for p in range(lines.pattern_first.shape[0] - 1):
        last = lines.pattern_first[p + 1] - lines.pattern_first[p] - 1
        all_ridden[lines.trip_first[p] : lines.trip_first[p + 1]] = last
    for c in range(calls):
        p, at = lines.offer[c, _PATTERN_OF], lines.offer[c, _TIMES]
        times = lines.depart[at : at + lines.trip_first[p + 1] - lines.trip_first[p]]
        count = np.searchsorted(times, latest, side="right")
        all_caught[c, 0], all_caught[c, 1] = count, times[count - 1] if count > 0 else -NEVER
    return Scratch(
        np.empty((stops, most_rides), np.int32),
        np.empty((stops, most_rides), np.int32),
        np.empty((stops, most_rides), np.int32),
        np.empty((stops, most_rides), np.int32),
        np.empty((stops, most_rides), np.int32),
        np.empty((calls, most_rides, 2), np.int32),
        np.empty((trips, most_rides), np.int32),
        all_caught,
        all_ridden,
        np.empty(calls, np.int32),
        np.empty(stops, np.int32),
        np.zeros(stops, np.bool_),
        np.empty(stops, np.int32),
        np.zeros(stops, np.bool_),
        np.empty(stops, np.int32),
        np.zeros(stops, np.bool_),
        np.empty(ends, np.int32),
        np.empty(ends, np.int32),
    )


@inner_njit
def _clear(s: Scratch) -> None:
    """Nothing is reached yet."""
    ready, ride, caught, all_caught, ridden, all_ridden = (
        s.ready,
        s.ride,
        s.caught,
        s.all_caught,
        s.ridden,
        s.all_ridden,
    )
    s.best[:], s.last[:] = NEVER, -1
    # written out: to assign an array to another takes seconds to compile, for what is said where they do not fit
    for stop in range(ready.shape[0]):
        for k in range(ready.shape[1]):
            ready[stop, k], ride[stop, k] = NEVER, NEVER
    for c in range(caught.shape[0]):
        for k in range(caught.shape[1]):
            caught[c, k, 0], caught[c, k, 1] = all_caught[c, 0], all_caught[c, 1]
    for trip in range(ridden.shape[0]):
        for k in range(ridden.shape[1]):
            ridden[trip, k] = all_ridden[trip, k]


@inner_njit
def _room(rows: I32, size: Whole, more: Whole) -> I32:
    """The rows with room for `more` behind the first `size`."""
    if size + more <= rows.shape[0]:
        return rows
    out = np.empty((2 * (size + more), rows.shape[1]), np.int32)
    for row in range(size):
        for column in range(rows.shape[1]):
            out[row, column] = rows[row, column]
    return out


@inner_njit
def _offer(stop: Whole, time: Whole, by: Whole, s: Scratch, count: Whole) -> Whole:
    """One may be ready at a stop before the first ride; how many stops are marked for it."""
    ready, ready_by, ready_from, marked, is_marked = s.ready, s.ready_by, s.ready_from, s.marked, s.is_marked
    if time >= ready[stop, 0]:
        return count
    for j in range(ready.shape[1]):
        if ready[stop, j] <= time:
            break
        ready[stop, j], ready_by[stop, j], ready_from[stop, j] = time, by, -1
    if is_marked[stop]:
        return count
    is_marked[stop] = True
    marked[count] = stop
    return count + 1


@inner_njit
def _board(k: Whole, count: Whole, lines: Lines, s: Scratch, boardings: I32, size: Whole) -> Whole:
    """Catch earlier trips than before at the marked stops; how many boardings there are now."""
    depart, stop_first, offer, trip_first, pattern_first = (
        lines.depart, lines.stop_first, lines.offer, lines.trip_first, lines.pattern_first,
    )  # fmt: skip
    ready, ready_by, ready_from, caught, ridden = s.ready, s.ready_by, s.ready_from, s.caught, s.ridden
    until, marked, is_marked = s.until, s.marked, s.is_marked
    first = size
    for m in range(count):
        stop = marked[m]
        is_marked[stop] = False
        now = ready[stop, k]
        for c in range(stop_first[stop], stop_first[stop + 1]):
            if now > caught[c, k, 1]:
                continue
            i, at, low = offer[c, _POSITION], offer[c, _TIMES], offer[c, _FIRST_TRIP]
            trip = caught[c, k, 0] - 1
            while trip > 0 and depart[at + trip - 1] >= now:
                trip -= 1
            missed = depart[at + trip - 1] if trip > 0 else -NEVER
            for j in range(k, caught.shape[1]):
                if caught[c, j, 0] <= trip:
                    break
                caught[c, j, 0], caught[c, j, 1] = trip, missed
            end = ridden[low + trip, k]
            if i >= end:
                continue
            p = offer[c, _PATTERN_OF]
            for t in range(low + trip, trip_first[p + 1]):
                if ridden[t, k] <= i:
                    break
                for j in range(k, ridden.shape[1]):
                    if ridden[t, j] <= i:
                        break
                    ridden[t, j] = i
            until[size - first] = end
            boardings[size, BEHIND], boardings[size, FROM] = ready_by[stop, k], ready_from[stop, k]
            boardings[size, CALL] = pattern_first[p] + i
            boardings[size, PATTERN], boardings[size, TRIP] = p, trip
            size += 1
    return size


@inner_njit
def _ride(
    k: Whole, latest: Whole, lines: Lines, s: Scratch, boardings: I32, first: Whole, size: Whole, reached: Whole
) -> tuple[Whole, Whole]:
    """Ride what was boarded in round k: how many stops gained by it, and by any round so far."""
    pattern_first, time_first = lines.pattern_first, lines.time_first
    call_stop, alights, arrive = lines.call_stop, lines.alights, lines.arrive
    ride, ride_by, gained, is_gained, arrived, is_arrived = (
        s.ride,
        s.ride_by,
        s.gained,
        s.is_gained,
        s.arrived,
        s.is_arrived,
    )
    until, count = s.until, 0
    for b in range(first, size):
        p = boardings[b, PATTERN]
        low = pattern_first[p]
        base = time_first[p] + boardings[b, TRIP] * (pattern_first[p + 1] - low)
        for i in range(boardings[b, CALL] - low + 1, until[b - first] + 1):
            time, stop = arrive[base + i], call_stop[low + i]
            if time > latest:
                break
            if time >= ride[stop, k] or not alights[low + i]:
                continue
            for j in range(k, ride.shape[1]):
                if ride[stop, j] <= time:
                    break
                ride[stop, j], ride_by[stop, j] = time, b
            if not is_gained[stop]:
                is_gained[stop] = True
                gained[count] = stop
                count += 1
                if not is_arrived[stop]:
                    is_arrived[stop] = True
                    arrived[reached] = stop
                    reached += 1
    return count, reached


@inner_njit
def _change(k: Whole, gained: Whole, walks: Walks, s: Scratch) -> Whole:
    """From the stops gained in round k to where the next ride may be boarded; how many stops are marked for it."""
    change_s, first, to, total = walks.change_s, walks.transfer_first, walks.transfer_stop, walks.transfer_s
    ready, ready_by, ready_from, marked, is_marked = s.ready, s.ready_by, s.ready_from, s.marked, s.is_marked
    ride, ride_by, gained_stop, is_gained = s.ride, s.ride_by, s.gained, s.is_gained
    count = 0
    rounds = ready.shape[1]
    for g in range(gained):
        here = gained_stop[g]
        is_gained[here] = False
        if k + 1 == rounds:
            continue
        arrive, by = ride[here, k], ride_by[here, k]
        # as `_offer`, written out: to call it takes several times as long as what it does
        for t in range(first[here] - 1, first[here + 1]):
            stays = t < first[here]
            stop = here if stays else to[t]
            time = arrive + (change_s[here] if stays else total[t])
            if time >= ready[stop, k + 1]:
                continue
            for j in range(k + 1, rounds):
                if ready[stop, j] <= time:
                    break
                ready[stop, j], ready_by[stop, j], ready_from[stop, j] = time, by, here
            if not is_marked[stop]:
                is_marked[stop] = True
                marked[count] = stop
                count += 1
    return count


@inner_njit
def rides_of(boardings: I32, by: Whole) -> Whole:
    """How many rides a journey has whose last boarding is known."""
    count = 0
    while by >= 0:
        by = boardings[by, BEHIND]
        count += 1
    return count


@inner_njit
def _arrive(
    w: Whole, latest: Whole, reached: Whole, walks: Walks, s: Scratch, boardings: I32, arrivals: I32, size: Whole
) -> Whole:
    """From the stops reached by departure w to the ends; how many arrivals there are now."""
    first, to, egress_s = walks.egress_first, walks.egress_end, walks.egress_s
    arrived, is_arrived, ride, ride_by, best, last = s.arrived, s.is_arrived, s.ride, s.ride_by, s.best, s.last
    before, final = size, ride.shape[1] - 1
    for a in range(reached):
        stop = arrived[a]
        is_arrived[stop] = False
        there, by = ride[stop, final], ride_by[stop, final]
        for e in range(first[stop], first[stop + 1]):
            end, time = to[e], there + egress_s[e]
            if time > best[end] or time > latest:
                continue
            row = last[end]
            is_new = row < before
            if time == best[end] and (is_new or rides_of(boardings, by) >= rides_of(boardings, arrivals[row, BY])):
                continue
            if is_new:
                arrivals[size, BEFORE] = row
                row = size
                last[end] = row
                size += 1
            best[end] = time
            arrivals[row, TIME], arrivals[row, WHEN], arrivals[row, BY] = time, w, by
            arrivals[row, STOP], arrivals[row, EGRESS] = stop, e
    return size


@inner_njit
def search(
    origin: Whole, departures: Ints, longest_s: Whole, lines: Lines, walks: Walks, s: Scratch, boardings: I32,
    arrivals: I32,
) -> tuple[I32, I32]:  # fmt: skip
    """Boardings and arrivals of all departures from an origin; the latest arrival at each end is in `s.last`."""
    _clear(s)
    boarded: Whole = _ZERO
    ended: Whole = _ZERO
    arrived: Whole
    count: Whole
    for w in range(departures.shape[0] - 1, -1, -1):
        latest, arrived, count = departures[w] + longest_s, _ZERO, _ZERO
        for a in range(walks.access_first[origin], walks.access_first[origin + 1]):
            count = _offer(walks.access_stop[a], departures[w] + walks.access_s[a], -1 - a, s, count)
        for k in range(s.ready.shape[1]):
            if count == 0:
                break
            boardings = _room(boardings, boarded, s.until.shape[0])
            first, boarded = boarded, _board(k, count, lines, s, boardings, boarded)
            gained, arrived = _ride(k, latest, lines, s, boardings, first, boarded, arrived)
            count = _change(k, gained, walks, s)
        arrivals = _room(arrivals, ended, s.best.shape[0])
        ended = _arrive(w, latest, arrived, walks, s, boardings, arrivals, ended)
    return boardings, arrivals
