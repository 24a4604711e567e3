"""Multinomial logit over origin-destination pairs."""

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.inner import inner_njit, outer_shared_njit

Reals = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@outer_shared_njit
def split_trips(utility: Reals, held: Bools, share: Reals, trips: Reals) -> Reals:
    """Trips by mode, (K, Z, Z), of `trips` (Z, Z) under `utility` (K, Z, Z), -inf where a mode is not to be had.

    Only `share` (Z) of an origin's travellers have the modes that are `held` (K). Pairs without a mode carry no trips.
    """
    modes, origins, destinations = utility.shape
    out = np.zeros((modes, origins, destinations))
    for i in prange(origins):
        weight = np.empty(modes)
        for j in range(destinations):
            if trips[i, j] <= 0.0:
                continue
            top = -np.inf
            for k in range(modes):
                top = max(top, utility[k, i, j])
            if top == -np.inf:
                continue
            others, own = 0.0, 0.0  # summed apart: total - own would cancel where the held modes dominate
            for k in range(modes):
                weight[k] = np.exp(utility[k, i, j] - top)
                if held[k]:
                    own += weight[k]
                else:
                    others += weight[k]
            total = others + own
            holders = share[i] if others > 0.0 else 1.0
            for k in range(modes):
                part = holders * weight[k] / total
                if not held[k] and others > 0.0:
                    part += (1.0 - holders) * weight[k] / others
                out[k, i, j] = trips[i, j] * part
    return out


@outer_shared_njit
def weights(utility: Reals, held: Bools) -> tuple[Reals, Reals]:
    """Sums (Z, Z) of exp(utility) over the modes that everybody has, and over the `held` ones."""
    modes, origins, destinations = utility.shape
    free, own = np.zeros((origins, destinations)), np.zeros((origins, destinations))
    for i in prange(origins):
        for k in range(modes):
            for j in range(destinations):
                if held[k]:
                    own[i, j] += np.exp(utility[k, i, j])
                else:
                    free[i, j] += np.exp(utility[k, i, j])
    return free, own


@inner_njit
def _sums(origin: int, way: Reals, ride: Reals, out: Reals) -> None:
    """Writes to `out` (Z) the sum over stations of the weights of an origin's way (Q) and of the ride (Q, Z).

    Nobody takes the train within a zone.
    """
    out[:] = 0.0
    for q in range(way.shape[0]):
        if way[q] > 0.0:
            for j in range(out.shape[0]):
                out[j] += way[q] * ride[q, j]
    out[origin] = 0.0


@outer_shared_njit
def station_sums(way: Reals, ride: Reals) -> Reals:
    """Weight of each station mode over all stations, (2, Z, Z): the sum of way x ride; 0 where none can be used.

    `way` (2, Z, Q) and `ride` (2, Q, Z) are weights, exp(utility).
    """
    origins, destinations = way.shape[1], ride.shape[2]
    out = np.empty((2, origins, destinations))
    for i in prange(origins):
        for m in range(2):
            _sums(i, way[m, i], ride[m], out[m, i])
    return out


@outer_shared_njit
def station_trips(
    free: Reals, own: Reals, share: Reals, trips: Reals, way: Reals, ride: Reals, length_m: Reals
) -> tuple[Reals, Reals]:
    """Trips by station mode, origin and station (2, Z, Q), and the metres of their rides by mode and origin (2, Z).

    `free` and `own` (Z, Z) weigh the direct modes everybody has and those that `share` has; the first station mode is
    of the former, the second of the latter. `way` (2, Z, Q) and `ride` (2, Q, Z) weigh the halves of a trip, `length_m`
    (Q, Z) is how far the ride goes.
    """
    origins, destinations = trips.shape
    stations = way.shape[2]
    by, metres = np.zeros((2, origins, stations)), np.zeros((2, origins))
    for i in prange(origins):
        each = np.empty((2, destinations))  # the sums of weights, and then trips per unit of weight
        for m in range(2):
            _sums(i, way[m, i], ride[m], each[m])
        for j in range(destinations):
            others = free[i, j] + each[0, j]
            total = others + own[i, j] + each[1, j]
            with_car = without = 0.0
            if trips[i, j] > 0.0 and total > 0.0 and i != j:
                holders = share[i] if others > 0.0 else 1.0
                with_car = trips[i, j] * holders / total
                without = trips[i, j] * (1.0 - holders) / others if others > 0.0 else 0.0
            each[0, j], each[1, j] = with_car + without, with_car
        for m in range(2):
            for q in range(stations):
                if way[m, i, q] > 0.0:
                    for j in range(destinations):
                        flow = way[m, i, q] * ride[m, q, j] * each[m, j]
                        by[m, i, q] += flow
                        metres[m, i] += flow * length_m[q, j]
    return by, metres


@outer_shared_njit
def use_alone(
    free: Reals, own: Reals, share: Reals, trips: Reals, way: Reals, ride: Reals, before: Reals, after: Reals
) -> Reals:
    """Trips by station mode and station (2, Q) where the availability of each alone goes from `before` to `after`.

    `free` and `own` (Z, Z) weigh all there is before, stations included; the rest is as in `station_trips`.
    """
    stations = way.shape[2]
    out = np.zeros((2, stations))
    for n in prange(2 * stations):
        m, q = n // stations, n % stations
        used = 0.0
        for i in range(way.shape[1]):
            if way[m, i, q] * after[m, q] <= 0.0:
                continue
            for j in range(trips.shape[1]):
                mine = way[m, i, q] * ride[m, q, j]
                if trips[i, j] <= 0.0 or mine <= 0.0 or i == j:
                    continue
                more = (after[m, q] - before[m, q]) * mine
                others = free[i, j] + (more if m == 0 else 0.0)
                holders = share[i] if others > 0.0 else 1.0
                flow = holders / (free[i, j] + own[i, j] + more)
                if m == 0:
                    flow += (1.0 - holders) / others
                used += trips[i, j] * flow * after[m, q] * mine
        out[m, q] = used
    return out
