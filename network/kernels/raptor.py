"""Earliest arrivals by timetable for every departure of a window: range RAPTOR, round by round of rides.

Delling, Pajor, Werneck 2015, doi:10.1287/trsc.2014.0534. Departures are taken from the last to the first; whatever a
later one has reached stays reached, so that an earlier one only has to find what is better. Whole seconds throughout.

Labels (K+1, S): `ready` is when somebody with k rides behind them may board at a stop, `ride` when they arrive at it by
their k-th ride. Each has a twin that is the least over all rounds up to k: what does not beat it is no use.
"""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

I32 = npt.NDArray[np.int32]
Ints = npt.NDArray[np.integer]
Bools = npt.NDArray[np.bool_]

Lines = tuple[I32, I32, I32, Bools, Bools, I32, Ints, I32, I32, I32, I32, I32]
"""pattern_first (P+1), call_stop, call_m, call_boards, call_alights (Q), trip_first (P+1), time_first (P), arrive_s,
depart_s (X): trip t of pattern p calls at its position i at time_first[p] + t * calls + i. Then the calls by stop:
stop_first (S+1), stop_pattern, stop_position (Q)."""
Walks = tuple[I32, I32, I32, I32, I32, I32, I32, I32, I32, I32, I32]
"""access_first (O+1), access_stop, access_s; egress_first (S+1), egress_zone, egress_s; change_s (S) to board at the
stop one has alighted at; transfer_first (S+1), transfer_stop, transfer_s (all of it) and transfer_walk_s."""

NEVER = np.int32(2**30 - 1)
"""No way; twice as much still is a whole number of 32 bits."""
RIDE_S, WALK_S, LENGTH_M, RIDES = range(4)
"""What is known of a journey besides its time."""


@njit(cache=True)
def _lower(low: I32, k: int, stop: int, value: int) -> None:
    """The least up to round k, k + 1, ... becomes at most `value`; it never grows with the round."""
    for j in range(k, low.shape[0]):
        if low[j, stop] <= value:
            break
        low[j, stop] = value


@njit(cache=True)
def _first_trip(depart: I32, at: int, calls: int, trips: int, ready: int) -> int:
    """The first of `trips` that departs at or after `ready`; its time of departure stands at[trip * calls]."""
    low, high = 0, trips
    while low < high:
        middle = (low + high) // 2
        if depart[at + middle * calls] >= ready:
            high = middle
        else:
            low = middle + 1
    return low


@njit(cache=True)
def _ride(
    k: int, latest: int, lines: Lines, marked: I32, count: int, start: I32, queue: I32, ready: I32, ride: I32,
    ride_low: I32, ride_from: I32, ride_s: I32, ride_m: I32, ridden: I32, is_ridden: Bools,
) -> int:  # fmt: skip
    """Round k: ride every pattern that calls at a marked stop from its first such call on; how many stops gained."""
    pattern_first, call_stop, call_m, boards, alights, trip_first, time_first, arrive, depart = lines[:9]
    stop_first, stop_pattern, stop_position = lines[9:]
    queued = 0
    for m in range(count):
        for c in range(stop_first[marked[m]], stop_first[marked[m] + 1]):
            p = stop_pattern[c]
            if start[p] < 0:
                queue[queued] = p
                queued += 1
                start[p] = stop_position[c]
            elif stop_position[c] < start[p]:
                start[p] = stop_position[c]
    gained = 0
    for n in range(queued):
        p = queue[n]
        low, calls = pattern_first[p], pattern_first[p + 1] - pattern_first[p]
        trip, board, base = trip_first[p + 1] - trip_first[p], np.int64(-1), time_first[p]
        for i in range(start[p], calls):
            stop = call_stop[low + i]
            if board >= 0 and alights[low + i]:
                time = arrive[base + trip * calls + i]
                if time < ride_low[k, stop] and time <= latest:
                    ride[k, stop] = time
                    _lower(ride_low, k, stop, time)
                    ride_from[k, stop] = call_stop[low + board]
                    ride_s[k, stop] = time - depart[base + trip * calls + board]
                    ride_m[k, stop] = call_m[low + i] - call_m[low + board]
                    if not is_ridden[stop]:
                        is_ridden[stop] = True
                        ridden[gained] = stop
                        gained += 1
            if boards[low + i] and trip > 0 and ready[k - 1, stop] <= depart[base + (trip - 1) * calls + i]:
                trip = _first_trip(depart, base + i, calls, trip, ready[k - 1, stop])
                board = np.int64(i)
        start[p] = -1
    return gained


@njit(cache=True)
def _change(
    k: int, walks: Walks, ridden: I32, gained: int, ride: I32, ready: I32, ready_low: I32, ready_from: I32,
    ready_walk: I32, marked: I32, is_marked: Bools,
) -> int:  # fmt: skip
    """From the stops ridden to, to where the next ride may be boarded; how many stops are marked for it."""
    change_s, first, to, total, walk = walks[6:]
    count = 0
    for g in range(gained):
        here = ridden[g]
        for t in range(first[here] - 1, first[here + 1]):
            stays = t < first[here]
            stop = here if stays else to[t]
            time = ride[k, here] + (change_s[here] if stays else total[t])
            if time < ready_low[k, stop]:
                ready[k, stop] = time
                _lower(ready_low, k, stop, time)
                ready_from[k, stop] = here
                ready_walk[k, stop] = 0 if stays else walk[t]
                if not is_marked[stop]:
                    is_marked[stop] = True
                    marked[count] = stop
                    count += 1
    return count


@njit(cache=True)
def _describe(
    k: int, stop: int, egress: int, ready_from: I32, ready_walk: I32, ride_from: I32, ride_s: I32, ride_m: I32, out: I32
) -> None:
    """What is to be known of the journey whose k-th and last ride ends at a stop: follow it back to its start."""
    out[RIDE_S], out[WALK_S], out[LENGTH_M], out[RIDES] = 0, egress, 0, k
    while k > 0:
        out[RIDE_S] += ride_s[k, stop]
        out[LENGTH_M] += ride_m[k, stop]
        boarded = ride_from[k, stop]
        k -= 1
        out[WALK_S] += ready_walk[k, boarded]
        stop = ready_from[k, boarded]


@njit(cache=True)
def each_departure(
    origin: int, departures: I32, most_rides: int, longest_s: int, lines: Lines, walks: Walks, zones: int
) -> tuple[I32, I32]:
    """Seconds (W, Z) from an origin at each departure, ascending, to each zone, and what the journeys are made of.

    The latter (W, Z, 4) by RIDE_S, WALK_S, LENGTH_M, RIDES. NEVER where there is no journey with a ride, with at most
    `most_rides` and within `longest_s`. Of equally early arrivals the one that can leave latest counts, then the one
    with the fewest rides.
    """
    access_first, access_stop, access_s, egress_first, egress_zone, egress_s = walks[:6]
    stops, patterns, window = egress_first.shape[0] - 1, lines[0].shape[0] - 1, departures.shape[0]
    shape = (most_rides + 1, stops)
    ready, ready_low = np.full(shape, NEVER, np.int32), np.full(shape, NEVER, np.int32)
    ride, ride_low = np.full(shape, NEVER, np.int32), np.full(shape, NEVER, np.int32)
    ready_from, ready_walk = np.full(shape, -1, np.int32), np.zeros(shape, np.int32)
    ride_from, ride_s, ride_m = np.full(shape, -1, np.int32), np.zeros(shape, np.int32), np.zeros(shape, np.int32)
    marked, is_marked = np.empty(stops, np.int32), np.zeros(stops, np.bool_)
    ridden, is_ridden = np.empty(stops, np.int32), np.zeros(stops, np.bool_)
    start, queue = np.full(patterns, -1, np.int32), np.empty(patterns, np.int32)
    best, parts = np.full(zones, NEVER, np.int32), np.zeros((zones, 4), np.int32)
    by, last = np.zeros(zones, np.int32), np.zeros(zones, np.int32)
    total, made_of = np.full((window, zones), NEVER, np.int32), np.zeros((window, zones, 4), np.int32)
    for w in range(window - 1, -1, -1):
        now, latest = departures[w], departures[w] + longest_s
        count = 0
        for a in range(access_first[origin], access_first[origin + 1]):
            stop = access_stop[a]
            if now + access_s[a] < ready_low[0, stop]:
                ready[0, stop] = now + access_s[a]
                _lower(ready_low, 0, stop, now + access_s[a])
                ready_walk[0, stop] = access_s[a]
                marked[count] = stop
                count += 1
        for k in range(1, most_rides + 1):
            gained = _ride(
                k, latest, lines, marked, count, start, queue, ready, ride, ride_low, ride_from, ride_s, ride_m,
                ridden, is_ridden,
            )  # fmt: skip
            count = _change(k, walks, ridden, gained, ride, ready, ready_low, ready_from, ready_walk, marked, is_marked)
            for m in range(count):
                is_marked[marked[m]] = False
            for g in range(gained):
                stop = ridden[g]
                is_ridden[stop] = False
                for e in range(egress_first[stop], egress_first[stop + 1]):
                    z = egress_zone[e]
                    if ride[k, stop] + egress_s[e] < best[z]:
                        best[z] = ride[k, stop] + egress_s[e]
                        by[z], last[z] = k, e
                        parts[z, RIDES] = -1 - stop
        for z in range(zones):
            if parts[z, RIDES] < 0:
                stop = -1 - parts[z, RIDES]
                _describe(by[z], stop, egress_s[last[z]], ready_from, ready_walk, ride_from, ride_s, ride_m, parts[z])
            if best[z] <= latest:
                total[w, z] = best[z] - now
                made_of[w, z] = parts[z]
    return total, made_of


@njit(cache=True)
def _pick(total: I32, made_of: I32, ranks: Ints, middle: int, quantile: I32, found: I32) -> None:
    """Times by rank among the departures of one origin, and the journey of the first departure of middle rank."""
    for z in range(total.shape[1]):
        ordered = np.sort(total[:, z])
        for r in range(ranks.shape[0]):
            quantile[r, z] = ordered[ranks[r]]
        for w in range(total.shape[0]):
            if total[w, z] == ordered[middle]:
                found[0, z] = total[w, z]
                found[1:, z] = made_of[w, z]
                break


@njit(cache=True, parallel=True)
def over_window(
    departures: I32, most_rides: int, longest_s: int, lines: Lines, walks: Walks, zones: int, ranks: Ints, middle: int
) -> tuple[I32, I32]:
    """Of all origins (O): times by rank (R, O, Z), ranks counted from 0, and the journeys of middle rank (5, O, Z).

    A journey is its time, then as in `each_departure`; all infinite times are NEVER. Does not depend on threads.
    """
    origins = walks[0].shape[0] - 1
    quantile = np.full((ranks.shape[0], origins, zones), NEVER, np.int32)
    found = np.zeros((5, origins, zones), np.int32)
    for origin in prange(origins):
        total, made_of = each_departure(origin, departures, most_rides, longest_s, lines, walks, zones)
        _pick(total, made_of, ranks, middle, quantile[:, origin], found[:, origin])
    return quantile, found
