"""Journeys by timetable over a window of departures: their times by rank, and what a journey is made of."""

from typing import NamedTuple

import numpy as np

from network.kernels.inner import crew_njit, inner_njit, outer_njit
from network.kernels.rounds import (
    BEFORE,
    BEHIND,
    BY,
    CALL,
    EGRESS,
    FROM,
    I32,
    NEVER,
    PATTERN,
    STOP,
    TIME,
    TRIP,
    WHEN,
    Bools,
    Ints,
    Lines,
    Walks,
    Whole,
    rides_of,
    scratch,
    search,
)

RIDE_S, WALK_S, ACCESS, LENGTH_M, RIDES, FARE_FEN, BITS = range(7)
"""What is known of a journey besides its time; the walk is that of changes and from the last stop, ACCESS a position in
Walks.access_stop, BITS those of the patterns ridden."""
PARTS = 7


class Tariffs(NamedTuple):
    """As network.tariffs.Tariffs, in fen."""

    first: Ints
    from_m: Ints
    fen: Ints
    through: Bools
    off_fen: Ints


@inner_njit
def _fare(tariff: Whole, metres: Whole, tariffs: Tariffs) -> Whole:
    """Fen for one ride."""
    band = int(tariffs.first[tariff + 1]) - 1
    while tariffs.from_m[band] > metres:
        band -= 1
    return int(tariffs.fen[band])


@inner_njit
def _describe(row: Ints, lines: Lines, walks: Walks, tariffs: Tariffs, boardings: I32, out: I32) -> None:
    """What is to be known of the journey that ends in an arrival: follow it back to its start."""
    stop, by = row[STOP], row[BY]
    ride_s, walk_s, length, fare, bits = 0, walks.egress_s[row[EGRESS]], 0, 0, 0
    out[RIDES] = rides_of(boardings, by)
    tariff, metres = np.int64(-1), np.int64(0)  # of the ride not paid for yet: it may go on further to the front
    while True:
        p, call, trip = boardings[by, PATTERN], boardings[by, CALL], boardings[by, TRIP]
        low, calls = lines.pattern_first[p], lines.pattern_first[p + 1] - lines.pattern_first[p]
        trips = lines.trip_first[p + 1] - lines.trip_first[p]
        off = call + 1
        while lines.call_stop[off] != stop or not lines.alights[off]:
            off += 1
        ride_s += lines.arrive[lines.time_first[p] + trip * calls + off - low]
        ride_s -= lines.depart[lines.time_first[p] + (call - low) * trips + trip]
        length += lines.call_m[off] - lines.call_m[call]
        bits |= lines.pattern_bits[p]
        before = lines.pattern_tariff[p]
        if before == tariff and tariffs.through[tariff]:
            metres += lines.call_m[off] - lines.call_m[call]
        else:
            if tariff >= 0:
                fare += max(0, _fare(tariff, metres, tariffs) - tariffs.off_fen[before, tariff])
            tariff, metres = before, lines.call_m[off] - lines.call_m[call]
        stop, behind = boardings[by, FROM], boardings[by, BEHIND]
        if behind < 0:
            break
        if stop != lines.call_stop[call]:
            t = walks.transfer_first[stop]
            while walks.transfer_stop[t] != lines.call_stop[call]:
                t += 1
            walk_s += walks.transfer_walk_s[t]
        by = behind
    out[RIDE_S], out[WALK_S], out[ACCESS], out[LENGTH_M] = ride_s, walk_s, -1 - behind, length
    out[FARE_FEN], out[BITS] = fare + _fare(tariff, metres, tariffs), bits


@inner_njit
def _by_departure(last: Whole, departures: Ints, longest_s: Whole, arrivals: I32, total: I32, row: I32) -> None:
    """Seconds (W) to one end, NEVER where there is none, and which of the arrivals (W) each departure leads to."""
    total[:] = NEVER
    since = 0
    while last >= 0:
        for w in range(since, arrivals[last, WHEN] + 1):
            if arrivals[last, TIME] - departures[w] <= longest_s:
                total[w], row[w] = arrivals[last, TIME] - departures[w], last
        since = arrivals[last, WHEN] + 1
        last = arrivals[last, BEFORE]


@outer_njit
def each_departure(
    origin: Whole, departures: Ints, most_rides: Whole, longest_s: Whole, lines: Lines, walks: Walks, tariffs: Tariffs,
    ends: Whole,
) -> tuple[I32, I32]:  # fmt: skip
    """Seconds (W, Z) from an origin at each departure, ascending, to each end, and what the journeys are made of.

    The latter (W, Z, PARTS) by RIDE_S, WALK_S, ACCESS, LENGTH_M, RIDES, FARE_FEN, BITS. NEVER where there is no
    journey with a ride, with at most `most_rides` and within `longest_s`. Of equally early arrivals the one that can
    leave latest counts, then the one with the fewest rides. Fares do not lead the search.
    """
    s = scratch(most_rides, departures[-1] + longest_s, lines, walks.change_s.shape[0], ends)
    boardings, arrivals = np.empty((0, 5), np.int32), np.empty((0, 6), np.int32)
    boardings, arrivals = search(origin, departures, longest_s, lines, walks, s, boardings, arrivals)
    window = departures.shape[0]
    total, made_of = np.empty((window, ends), np.int32), np.zeros((window, ends, PARTS), np.int32)
    row = np.empty(window, np.int32)
    for z in range(ends):
        _by_departure(s.last[z], departures, longest_s, arrivals, total[:, z], row)
        for w in range(window):
            if total[w, z] < NEVER:
                _describe(arrivals[row[w]], lines, walks, tariffs, boardings, made_of[w, z])
    return total, made_of


@inner_njit
def _at_rank(total: I32, rank: Whole, most: Whole) -> Whole:
    """The time of that rank, counted from 0, where none but NEVER is above `most`: faster than to sort the times."""
    low: Whole = -1
    high: Whole = most + 1
    while high - low > 1:
        middle = np.int32((low + high) // 2)
        count = 0
        for w in range(total.shape[0]):
            count += total[w] <= middle
        if count > rank:
            high = middle
        else:
            low = middle
    return high if high <= most else np.int64(NEVER)


@crew_njit
def over_window(
    crew: Whole, crews: Whole, departures: Ints, most_rides: Whole, longest_s: Whole, lines: Lines, walks: Walks,
    tariffs: Tariffs, ranks: Ints, middle: Whole, quantile: I32, found: I32,
) -> None:  # fmt: skip
    """Write times by rank (R, O, Z), ranks counted from 0, and journeys of middle rank (1 + PARTS, O, Z), NEVER before.

    A journey is its time, then as in `each_departure`; the first departure of that rank counts. Each crew takes every
    `crews`-th origin (O): neighbours take about as long as each other, so that all are done at the same time.
    """
    ends = quantile.shape[2]
    s = scratch(most_rides, departures[-1] + longest_s, lines, walks.change_s.shape[0], ends)
    boardings, arrivals = np.empty((0, 5), np.int32), np.empty((0, 6), np.int32)
    total, row = np.empty(departures.shape[0], np.int32), np.empty(departures.shape[0], np.int32)
    parts = np.empty(PARTS, np.int32)
    for origin in range(crew, quantile.shape[1], crews):
        boardings, arrivals = search(origin, departures, longest_s, lines, walks, s, boardings, arrivals)
        for z in range(ends):
            if s.last[z] < 0:
                continue
            _by_departure(s.last[z], departures, longest_s, arrivals, total, row)
            for r in range(ranks.shape[0]):
                quantile[r, origin, z] = _at_rank(total, ranks[r], longest_s)
            median = _at_rank(total, middle, longest_s)
            if median == NEVER:
                continue
            w = 0
            while total[w] != median:
                w += 1
            _describe(arrivals[row[w]], lines, walks, tariffs, boardings, parts)
            found[0, origin, z] = median
            for part in range(PARTS):
                found[1 + part, origin, z] = parts[part]
