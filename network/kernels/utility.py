"""Utility of the direct modes, a row of destinations at a time, from what lies between zones."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.inner import inner_over_rows_njit, inner_rows_njit

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


@inner_over_rows_njit
def length_row(s: Any, k: int, i: int) -> Any:
    if k < ROADS:
        return s.road_m[k, i]
    return s.line_m[k - ROADS, i] if k < ROADS + LINES else s.road_m[ROADS, i]


@inner_rows_njit
def _direct(
    start: float, end: Reals, per_s: float, time_s: Reals, per_m: float, length_m: Reals, beyond_m: float,
    per_m_beyond: float, longest_m: float, out: Reals, top: Reals,
) -> None:  # fmt: skip
    """No way and nothing it costs make no number: that is no way."""
    for j in range(out.shape[0]):
        length = length_m[j]
        v = start + end[j] + per_s * time_s[j] + per_m * length + per_m_beyond * max(length - beyond_m, 0.0)
        v = v if (v > -np.inf) & (length <= longest_m) else -np.inf
        out[j] = v
        top[j] = max(v, top[j])


@inner_rows_njit
def _by_line(
    start: float, end: Reals, per_s: float, time_s: Reals, per_m: float, length_m: Reals,
    a: float, w: Reals, b: float, x: Reals, c: float, y: Reals, d: float, z: Reals,
    longest_m: float, out: Reals, top: Reals,
) -> None:  # fmt: skip
    """The same with four more parts of the journey."""
    for j in range(out.shape[0]):
        length = length_m[j]
        v = start + end[j] + per_s * time_s[j] + per_m * length + (a * w[j] + b * x[j]) + (c * y[j] + d * z[j])
        v = v if (v > -np.inf) & (length <= longest_m) else -np.inf
        out[j] = v
        top[j] = max(v, top[j])


@inner_rows_njit
def _with_bands(end: Reals, band: Wholes, by_band: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] = end[j] + by_band[band[j]]


@inner_rows_njit
def _add_times(x: Reals, slope: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += slope * x[j]


@inner_rows_njit
def mode_rows(s: Any, y: Any, u: int, i: int, low: int, band: Wholes, spare: Reals, out: Reals, top: Reals) -> None:
    """Utilities of the direct modes (D, n), -inf where one has no way, and the highest of a pair (n).

    To n destinations from `low` on. `spare` (n) is written over.
    """
    to = low + top.shape[0]
    top[:] = -np.inf
    for k in range(DIRECT):
        end, per_m, longest_m = y.end[u, k, low:to], y.reward_per_m[u, k], y.longest_m[k]
        charged = k == ROADS + LINES and s.charge_cny[i] == 0.0
        if y.banded or charged:
            _with_bands(end, band, y.by_band[k], spare)
            if charged:
                _add_times(s.charge_cny[low:to], y.charge_per_cny[u], spare)
            end = spare
        if ROADS <= k < ROADS + LINES:
            line = k - ROADS
            _by_line(
                y.start[u, k, i], end, y.per_s[u, k], s.in_vehicle_s[line, i, low:to],
                per_m, s.line_m[line, i, low:to],
                y.wait_per_s[u], s.wait_s[line, i, low:to], y.walk_per_s[u], s.walk_s[line, i, low:to],
                y.transfer[u], s.transfers[line, i, low:to], y.fare_per_cny[u], s.fare_cny[line, i, low:to],
                longest_m, out[k], top,
            )  # fmt: skip
            continue
        time_s, beyond_m, per_m_beyond = s.drive_s[i, low:to], 0.0, 0.0
        if k < ROADS:
            time_s = s.road_s[k, i, low:to]
        elif k == ROADS + LINES:
            per_m += y.drive_per_m[u]
        else:
            beyond_m, per_m_beyond = y.taxi_from_m, y.taxi_per_m[u]
        _direct(
            y.start[u, k, i], end, y.per_s[u, k], time_s, per_m, s.road_m[min(k, ROADS), i, low:to],
            beyond_m, per_m_beyond, longest_m, out[k], top,
        )  # fmt: skip
