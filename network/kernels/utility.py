"""Utility of the direct modes, a row of destinations at a time, from what lies between zones."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_rows_njit

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

ROADS = 3
"""Direct modes before the lines: on foot, by cycle, by e-bike; they have a road mode each."""
LINES = 3
"""Direct modes by line, behind them; then come the car and the taxi."""
DIRECT = ROADS + LINES + 2
METRES, TRANSFERS, FARES, FERRIES = 0, DIRECT, DIRECT + LINES, DIRECT + 2 * LINES
CHARGED = DIRECT + 3 * LINES
STATION_METRES, STATION_TRANSFERS = CHARGED + 1, CHARGED + 3
COUNTS = CHARGED + 5
"""What is added up besides trips: metres by direct mode; changes, fares, rides by ferry by line mode; cars charged;
metres and changes of the rides from stations by station mode."""


class Skims(NamedTuple):
    """From zone to zone in one period; infinite where there is no way. Road modes (M) end with driving."""

    road_s: Reals
    """(M, Z, Z) without congestion, and drive_s (Z, Z) with it."""
    drive_s: Reals
    road_m: Reals
    """(M, Z, Z)"""
    in_vehicle_s: Reals
    """(LINES, Z, Z) and so on."""
    wait_s: Reals
    walk_s: Reals
    transfers: Reals
    fare_cny: Reals
    line_m: Reals
    ferry: Bools
    """(LINES, Z, Z) whether the journey rides one; (LINES, 0, 0) where none does."""
    charge_cny: Reals
    """(Z) what a car pays to enter that comes from where nothing is paid."""


class Utility(NamedTuple):
    """V of a direct mode k (D): what is the same for all, and what a unit of each part of a journey adds (<= 0).

    Bands are those of the way on foot.
    """

    start: Reals
    """(U, D, Z) by origin, and end (U, D, Z) by destination."""
    end: Reals
    banded: bool
    """Whether any by_band (D, B) is other than 0."""
    by_band: Reals
    edges_m: Reals
    """(B - 1) upper edges of the bands."""
    longest_m: Reals
    """(D) way beyond which the mode is not taken."""
    per_s: Reals
    """(U, D) under way, in the vehicle"""
    wait_per_s: Reals
    """(U) and so on"""
    walk_per_s: Reals
    transfer: Reals
    fare_per_cny: Reals
    charge_per_cny: Reals
    drive_per_m: Reals
    taxi_per_m: Reals
    taxi_from_m: float
    """Beyond so many metres each one costs by taxi."""
    reward_per_m: Reals
    """(U, D), >= 0"""


@inner_rows_njit
def band_row(walk_m: Reals, edges_m: Reals, out: Wholes) -> None:
    for j in range(out.shape[0]):
        out[j] = 0
    for b in range(edges_m.shape[0]):
        edge = edges_m[b]
        for j in range(out.shape[0]):
            out[j] += 1 if walk_m[j] > edge else 0


@inner_rows_njit
def _begin(start: float, end: Reals, slope: float, x: Reals, out: Reals) -> None:
    """No way and nothing it costs make no number: that is no way, below."""
    for j in range(out.shape[0]):
        out[j] = (start + end[j]) + slope * x[j]


@inner_rows_njit
def _add_times(x: Reals, slope: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += slope * x[j]


@inner_rows_njit
def _add_four(a: float, w: Reals, b: float, x: Reals, c: float, y: Reals, d: float, z: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])


@inner_rows_njit
def _add_bands(band: Wholes, by_band: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += by_band[band[j]]


@inner_rows_njit
def _add_beyond(x: Reals, least: float, slope: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += slope * max(x[j] - least, 0.0)


@inner_rows_njit
def length_row(s: Any, k: int, i: int) -> Any:
    if k < ROADS:
        return s.road_m[k, i]
    return s.line_m[k - ROADS, i] if k < ROADS + LINES else s.road_m[ROADS, i]


@inner_rows_njit
def _close(length: Reals, longest: float, out: Reals, top: Reals) -> None:
    for j in range(out.shape[0]):
        v = out[j] if (out[j] > -np.inf) & (length[j] <= longest) else -np.inf
        out[j] = v
        top[j] = max(v, top[j])


@inner_rows_njit
def mode_rows(s: Any, y: Any, u: int, i: int, low: int, band: Wholes, out: Reals, top: Reals) -> None:
    """Utilities of the direct modes (D, n), -inf where one has no way, and the highest of a pair (n).

    To n destinations from `low` on. All at once: a call that hands over the skims takes as long as 500 destinations.
    """
    to = low + top.shape[0]
    top[:] = -np.inf
    for k in range(DIRECT):
        time_s, length_m = s.drive_s[i, low:to], s.road_m[min(k, ROADS), i, low:to]
        if k < ROADS:
            time_s = s.road_s[k, i, low:to]
        elif k < ROADS + LINES:
            time_s, length_m = s.in_vehicle_s[k - ROADS, i, low:to], s.line_m[k - ROADS, i, low:to]
        _begin(y.start[u, k, i], y.end[u, k, low:to], y.per_s[u, k], time_s, out[k])
        if y.banded:
            _add_bands(band, y.by_band[k], out[k])
        if ROADS <= k < ROADS + LINES:
            line = k - ROADS
            _add_four(
                y.wait_per_s[u], s.wait_s[line, i, low:to], y.walk_per_s[u], s.walk_s[line, i, low:to],
                y.transfer[u], s.transfers[line, i, low:to], y.fare_per_cny[u], s.fare_cny[line, i, low:to], out[k],
            )  # fmt: skip
        elif k == ROADS + LINES:
            _add_times(length_m, y.drive_per_m[u], out[k])
            if s.charge_cny[i] == 0.0:
                _add_times(s.charge_cny[low:to], y.charge_per_cny[u], out[k])
        elif k > ROADS + LINES:
            _add_beyond(length_m, y.taxi_from_m, y.taxi_per_m[u], out[k])
        if y.reward_per_m[u, k] > 0.0:
            _add_times(length_m, y.reward_per_m[u, k], out[k])
        _close(length_m, y.longest_m[k], out[k], top)
