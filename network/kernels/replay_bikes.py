"""Days of shared bikes, ride by ride: taken at a point, left at a point, and put back by vans."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_njit, outer_njit

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]

_ASKED, _OUT_OF_REACH, _LOST, _FURTHER, _RETURNED, _LEFT_OUT_OF_REACH, _BLOCKED, _LEFT_FURTHER, _COUNTS = range(9)
_TAKEN, _NO_BIKE, _LOST_HERE, _LEFT, _NO_PLACE, _BLOCKED_HERE, _SEEN = range(7)
_OUTSIDE_MIN, _MOST_OUTSIDE, _MOVED, _STOPS, _STREET, _OUTSIDE, _SUMS = range(7)
_SECONDS, _VAN_BIKES, _STOP_S, _BIKE_S, _LEG_S = range(5)
_HOUR_MIN, _HOURS = 60.0, 24


class _Day(NamedTuple):
    """Walks of riders, points, and what happened."""

    first: Wholes
    point: Wholes
    """(I+1), (R) points within a walk of each place, the nearest first."""
    spaces: Wholes
    stock: Wholes
    """(Q)"""
    counts: Wholes
    """(8, 24)"""
    seen: Wholes
    """(6, Q)"""
    sums: Reals
    """(6)"""


@inner_njit
def _take(day: _Day, place: int, hour: int) -> bool:
    """A rider takes a bike at the nearest point with one; whether there is a ride, also from out of reach."""
    day.counts[_ASKED, hour] += 1
    begin, end = day.first[place], day.first[place + 1]
    if begin == end:
        day.counts[_OUT_OF_REACH, hour] += 1
        day.sums[_STREET] -= 1.0
        return True
    for r in range(begin, end):
        q = day.point[r]
        if day.stock[q] > 0:
            day.sums[_OUTSIDE] -= day.stock[q] > day.spaces[q]
            day.stock[q] -= 1
            day.seen[_TAKEN, q] += 1
            day.counts[_FURTHER, hour] += r > begin
            return True
        day.seen[_NO_BIKE, q] += 1
    day.counts[_LOST, hour] += 1
    day.seen[_LOST_HERE, day.point[begin]] += 1
    return False


@inner_njit
def _leave(day: _Day, place: int, hour: int) -> None:
    """A rider leaves a bike at the nearest point with a free place, else beside the nearest."""
    day.counts[_RETURNED, hour] += 1
    begin, end = day.first[place], day.first[place + 1]
    if begin == end:
        day.counts[_LEFT_OUT_OF_REACH, hour] += 1
        day.sums[_STREET] += 1.0
        return
    for r in range(begin, end):
        q = day.point[r]
        if day.stock[q] < day.spaces[q]:
            day.stock[q] += 1
            day.seen[_LEFT, q] += 1
            day.counts[_LEFT_FURTHER, hour] += r > begin
            return
        day.seen[_NO_PLACE, q] += 1
    q = day.point[begin]
    day.stock[q] += 1
    day.sums[_OUTSIDE] += 1.0
    day.seen[_LEFT, q] += 1
    day.seen[_BLOCKED_HERE, q] += 1
    day.counts[_BLOCKED, hour] += 1


@inner_njit
def _count_outside(day: _Day) -> None:
    """Bikes that stand beside full points."""
    day.sums[_OUTSIDE] = 0.0
    for q in range(day.spaces.shape[0]):
        day.sums[_OUTSIDE] += max(day.stock[q] - day.spaces[q], 0)


@inner_njit
def _furthest(stock: Wholes, want: Wholes, sign: int) -> int:
    """The point with most bikes too many, or with sign -1 too few; -1 where none has."""
    at, most = -1, 0
    for q in range(stock.shape[0]):
        apart = sign * (stock[q] - want[q])
        if apart > most:
            at, most = q, apart
    return at


@inner_njit
def _unload(day: _Day, want: Wholes, load: int, of_street: bool, stop_s: float, bike_s: float) -> float:
    """Brings a load to points that miss most, and what none misses to the street; seconds that took."""
    seconds = 0.0
    if of_street:
        day.sums[_STREET] -= load
    while load > 0:
        q = _furthest(day.stock, want, -1)
        if q < 0:
            day.sums[_STREET] += load
            return seconds
        some = min(want[q] - day.stock[q], load)
        day.stock[q] += some
        load -= some
        seconds += stop_s + some * bike_s
        day.sums[_STOPS] += 1.0
        if of_street:
            day.sums[_MOVED] += some
    return seconds


@inner_njit
def _balance(day: _Day, want: Wholes, vans: Reals) -> None:
    """Vans load where most bikes are too many and bring them to where most are too few, as long as they have time.

    A load that was begun is brought to its end. Bikes that no point misses go to the street, and come from there.
    """
    apart = 0
    for q in range(want.shape[0]):
        apart += day.stock[q] != want[q]
    if apart == 0:
        return
    stop_s = vans[_STOP_S] + vans[_LEG_S] * np.sqrt(want.shape[0] / apart)
    left, room = vans[_SECONDS], int(vans[_VAN_BIKES])
    while left > 0.0:
        load, q = room, _furthest(day.stock, want, 1)
        if q >= 0:
            load = min(day.stock[q] - want[q], room)
            day.stock[q] -= load
            left -= stop_s + load * vans[_BIKE_S]
            day.sums[_STOPS] += 1.0
            day.sums[_MOVED] += load
        elif _furthest(day.stock, want, -1) < 0:
            return
        left -= _unload(day, want, load, q < 0, stop_s, vans[_BIKE_S])


@outer_njit
def ride_day(
    first: Wholes, point: Wholes, spaces: Wholes, stock: Wholes, want: Wholes, at: Reals, start: Wholes, end: Wholes,
    ride_min: float, first_hour: int, moments: Reals, vans: Reals,
) -> tuple[Wholes, Wholes, Reals]:  # fmt: skip
    """Riders of a day: counts (8, 24) by hour, what they met at points (6, Q), and sums (6); changes `stock` (Q).

    The day begins at `first_hour`; `at` (N) are minutes since then, rising, at which riders at places `start` want a
    bike; who gets one leaves it near place `end` ride_min later. Points within a walk of place i are
    point[first[i]:first[i+1]], the nearest first; who has none rides a bike of the street, or leaves it there. Vans
    put bikes back to `want` (Q) at `moments` (minutes, rising, the last one the end of the day); `vans` are their
    seconds together (0: none work), bikes that one holds, seconds for a stop, for a bike, and to the next stop where
    every point has one. Rides that last longer than the day end before its vans work.
    """
    n, q = at.shape[0], spaces.shape[0]
    counts, seen = np.zeros((_COUNTS, _HOURS), np.int64), np.zeros((_SEEN, q), np.int64)
    day = _Day(first, point, spaces, stock, counts, seen, np.zeros(_SUMS))
    rides = np.empty(n, np.int64)
    begun, taken, ended, now = 0, 0, 0, 0.0
    _count_outside(day)
    day.sums[_MOST_OUTSIDE] = day.sums[_OUTSIDE]
    for v in range(moments.shape[0]):
        last = v + 1 == moments.shape[0]
        while True:
            comes = at[begun] if begun < n and (last or at[begun] < moments[v]) else np.inf
            goes = at[rides[ended]] + ride_min if ended < taken else np.inf
            if min(comes, goes) == np.inf or (not last and min(comes, goes) >= moments[v]):
                break
            here = min(comes, goes)
            day.sums[_OUTSIDE_MIN] += day.sums[_OUTSIDE] * max(min(here, moments[v]) - now, 0.0)
            now, hour = max(now, min(here, moments[v])), (first_hour + int(here / _HOUR_MIN)) % _HOURS
            if goes <= comes:
                _leave(day, end[rides[ended]], hour)
                ended += 1
            else:
                if _take(day, start[begun], hour):
                    rides[taken] = begun
                    taken += 1
                begun += 1
            day.sums[_MOST_OUTSIDE] = max(day.sums[_MOST_OUTSIDE], day.sums[_OUTSIDE])
        day.sums[_OUTSIDE_MIN] += day.sums[_OUTSIDE] * (moments[v] - now)
        now = moments[v]
        _balance(day, want, vans)
        _count_outside(day)
    return counts, seen, day.sums
