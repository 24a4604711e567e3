"""Trips by station: the choice among stations is part of a nest of the logit, and its weights are way times ride."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.exponential import exp, log
from network.kernels.inner import inner_over_rows_njit, inner_rows_njit, outer_shared_njit

Reals = npt.NDArray[np.float64]


class Rides(NamedTuple):
    """Halves of the trips by the stations (Q): weights exp(utility / mu) by purpose and station mode, 0 for none."""

    way: Reals
    """(U, 2, Z, Q)"""
    ride: Reals
    """(U, 2, Q, Z)"""
    length_m: Reals
    """(Q, Z) of the ride, and changes on it."""
    transfers: Reals


@inner_rows_njit
def _add_times(x: Reals, by: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += by * x[j]


@inner_rows_njit
def _add_four(a: float, w: Reals, b: float, x: Reals, c: float, y: Reals, d: float, z: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])


@inner_rows_njit
def _dot(a: Reals, b: Reals) -> float:
    out = 0.0
    for j in range(a.shape[0]):
        out += a[j] * b[j]
    return out


@inner_over_rows_njit
def sums_row(origin: int, low: int, way: Reals, ride: Reals, out: Reals) -> None:
    """Writes to `out` (n) the sum over stations of the weights of an origin's way (Q) and of the ride (Q, Z).

    To n destinations from `low` on; nobody takes the train within a zone.
    """
    to, held, a, b, c = low + out.shape[0], 0, 0, 0, 0
    out[:] = 0.0
    for q in range(way.shape[0]):
        if way[q] > 0.0:
            if held == 3:  # four at a time: what is written is read and written a quarter as often
                _add_four(
                    way[a], ride[a, low:to], way[b], ride[b, low:to], way[c], ride[c, low:to], way[q], ride[q, low:to],
                    out,
                )  # fmt: skip
            held = (held + 1) % 4
            a, b, c = q if held == 1 else a, q if held == 2 else b, q if held == 3 else c
    for n in range(held):
        q = (a, b, c)[n]
        _add_times(ride[q, low:to], way[q], out)
    if low <= origin < to:
        out[origin - low] = 0.0


@outer_shared_njit
def station_sums(way: Reals, ride: Reals) -> Reals:
    """Weight of each station mode over all stations, (2, Z, Z): the sum of way x ride; 0 where none can be used.

    `way` (2, Z, Q) and `ride` (2, Q, Z) are weights, exp(utility / mu).
    """
    origins, destinations = way.shape[1], ride.shape[2]
    out = np.empty((2, origins, destinations))
    for i in prange(origins):
        for m in range(2):
            sums_row(i, 0, way[m, i], ride[m], out[m, i])
    return out


@inner_rows_njit
def _rates(
    trips: Reals, share: float, others: Reals, others_not: Reals, own: Reals, mu: float, racks: Reals, spaces: Reals,
    all_may: Reals, held: Reals,
) -> None:  # fmt: skip
    """Trips per unit of weight of the nest: of all, who may leave a bike, and of who has a car at hand."""
    for j in range(trips.shape[0]):
        y_not = own[j] + racks[j]
        y = y_not + spaces[j]
        g, g_not = exp(mu * log(y)), exp(mu * log(y_not))
        holders = share if others_not[j] + y_not > 0.0 else 1.0
        one = trips[j] * holders * g / (others[j] + g) / y
        other = trips[j] * (1.0 - holders) * g_not / (others_not[j] + g_not) / y_not
        one, other = one if y > 0.0 else 0.0, other if y_not > 0.0 else 0.0
        held[j] = one
        all_may[j] = one + other


@outer_shared_njit
def station_trips(
    others: Reals, others_not: Reals, own: Reals, mu: float, share: Reals, trips: Reals, way: Reals, ride: Reals
) -> Reals:
    """Trips by station mode, origin and station (2, Z, Q).

    `others` and `others_not` (Z, Z) are the sums of G of the other nests for who has a car at hand and for who has
    none, `own` (Z, Z) is Y of the direct modes of the nest the stations belong to, `mu` its scale. The second station
    mode needs a car. `way` (2, Z, Q) and `ride` (2, Q, Z) weigh the halves of a trip.
    """
    origins, destinations = trips.shape
    by = np.zeros((2, origins, way.shape[2]))
    for i in prange(origins):
        sums, each = np.empty((2, destinations)), np.empty((2, destinations))
        for m in range(2):
            sums_row(i, 0, way[m, i], ride[m], sums[m])
        _rates(
            trips[i], share[i], others[i], others_not[i], own[i], mu, sums[0], sums[1], each[0], each[1]
        )  # fmt: skip
        each[:, i] = 0.0
        for m in range(2):
            for q in range(way.shape[2]):
                if way[m, i, q] > 0.0:
                    by[m, i, q] = way[m, i, q] * _dot(ride[m, q], each[m])
    return by


@inner_rows_njit
def _add_per_weight(trips: Reals, y: Reals, more: Reals, others: Reals, mu: float, out: Reals) -> None:
    """Adds the trips per unit of weight of the nest, its Y with `more` against the G of all others."""
    for j in range(out.shape[0]):
        full = y[j] + more[j]
        g = exp(mu * log(full))
        out[j] += trips[j] * g / (others[j] + g) / full if full > 0.0 else 0.0


@inner_rows_njit
def _hold(trips: Reals, mine: Reals, others: Reals, y: Reals, more: float, share: float, out: Reals) -> None:
    """Trips of those with a car at hand and without (2, Z): of all, where those without can go no other way."""
    for j in range(mine.shape[0]):
        there = trips[j] if mine[j] > 0.0 else 0.0
        out[0, j] = there * (share if others[j] + y[j] + more * mine[j] > 0.0 else 1.0)
        out[1, j] = there - out[0, j]


@inner_over_rows_njit
def _use_from(i: int, m: int, others: Reals, nest: Reals, mu: float, share: float, trips: Reals, mine: Reals,
              before: float, after: float, rows: Reals) -> float:  # fmt: skip
    """Trips from an origin by one station, whose weights are `mine` (Z) at availability 1."""
    more, each, have = rows[0], rows[1], rows[2:]
    _hold(trips[i], mine, others[1, i], nest[1, i], after - before if m == 0 else 0.0, share, have)
    for j in range(mine.shape[0]):
        more[j] = (after - before) * mine[j]
        each[j] = 0.0
    _add_per_weight(have[0], nest[0, i], more, others[0, i], mu, each)
    if m == 0:
        _add_per_weight(have[1], nest[1, i], more, others[1, i], mu, each)
    return after * _dot(each, mine)


@outer_shared_njit
def use_alone(
    others: Reals, nest: Reals, mu: float, share: Reals, trips: Reals, way: Reals, ride: Reals, before: Reals,
    after: Reals,
) -> Reals:  # fmt: skip
    """Trips by station mode and station (2, Q) where the availability of each alone goes from `before` to `after`.

    `others` and `nest` (2, Z, Z) are the sums of G of the other nests and Y of the stations' own, all stations as they
    are before, for who has a car at hand and for who has none; the rest is as in `station_trips`.
    """
    stations, zones = way.shape[2], trips.shape[0]
    out = np.zeros((2, stations))
    for n in prange(2 * stations):
        m, q = n // stations, n % stations
        used, rows, mine = 0.0, np.empty((4, zones)), np.empty(zones)
        for i in range(zones):
            if way[m, i, q] * after[m, q] > 0.0:
                for j in range(zones):
                    mine[j] = way[m, i, q] * ride[m, q, j]
                mine[i] = 0.0
                used += _use_from(
                    i, m, others, nest, mu, share[i], trips, mine, before[m, q], after[m, q], rows
                )  # fmt: skip
        out[m, q] = used
    return out
