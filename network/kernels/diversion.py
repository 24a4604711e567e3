"""Which trips replaced which: two days compared pair of zones by pair, a row of destinations at a time."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.inner import inner_over_rows_njit, inner_rows_njit, outer_shared_njit
from network.kernels.logit import BLOCKS, new_space, shares, spread
from network.kernels.stations import sums_row
from network.kernels.utility import DIRECT, band_row, length_row

Reals = npt.NDArray[np.float64]


class Side(NamedTuple):
    """One of the two days, for one purpose."""

    way: Reals
    """(2, Z, Q) and ride (2, Q, Z), as in kernels.stations.Rides."""
    ride: Reals
    trips: Reals
    """(Z, Z)"""
    kg_per_m: Reals
    """(bases, D, Z) CO2 of a person-metre by direct mode and origin."""
    kg_per_trip: Reals
    """(bases, modes behind the direct ones, Z) CO2 of a trip, by origin."""


class _Space(NamedTuple):
    """Rows of one origin."""

    flow: Reals
    """(days, modes, Z) trips, and CO2 of one of them (days, bases, modes, Z)."""
    kg: Reals
    change: Reals
    """(modes, Z)"""
    lost: Reals
    """(Z) by all modes that shrank, and gained by those that grew."""
    gained: Reals
    moved: Reals


@inner_rows_njit
def _trips_row(
    weight: Reals, ratio: Reals, ratio_not: Reals, have: Reals, have_not: Reals, held: bool, out: Reals
) -> None:
    every = 0.0 if held else 1.0
    for j in range(out.shape[0]):
        out[j] = weight[j] * (ratio[j] * have[j] + every * ratio_not[j] * have_not[j])


@inner_rows_njit
def _kg_row(flow: Reals, length_m: Reals, per_m: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] = per_m * length_m[j] if flow[j] > 0.0 else 0.0


@inner_over_rows_njit
def _row(skims: Any, utility: Any, nests: Any, side: Any, i: int, space: Any, flow: Reals, kg: Reals) -> None:
    """Trips by mode from an origin (K, Z), and CO2 of one of them (bases, K, Z); none where there is no way."""
    flow[:] = 0.0
    kg[:] = 0.0
    used = space.weight.shape[0]
    band_row(skims.road_m[0, i], utility.edges_m, space.band)
    for m in range(used - DIRECT):
        sums_row(i, 0, side.way[m, i], side.ride[m], space.weight[DIRECT + m])
    shares(skims, utility, nests, 0, i, 0, space)
    spread(side.trips[i], nests.share[0, i], space.have, space.have_not)
    for k in range(used):
        ratio, ratio_not = space.ratio[nests.nest[k]], space.ratio_not[nests.nest[k]]
        _trips_row(space.weight[k], ratio, ratio_not, space.have, space.have_not, nests.held[k], flow[k])
        for b in range(kg.shape[0]):
            if k >= DIRECT:
                kg[b, k] = side.kg_per_trip[b, k - DIRECT, i]
            else:
                _kg_row(flow[k], length_row(skims, k, i), side.kg_per_m[b, k, i], kg[b, k])


@inner_rows_njit
def _change(before: Reals, after: Reals, change: Reals, lost: Reals, gained: Reals, stay: Reals) -> None:
    for j in range(change.shape[0]):
        change[j] = after[j] - before[j]
        lost[j] += max(-change[j], 0.0)
        gained[j] += max(change[j], 0.0)
        stay[j] = min(before[j], after[j])


@inner_rows_njit
def _move(lost: Reals, gained: Reals, gained_all: Reals, lost_all: Reals, out: Reals) -> float:
    """Trips from a mode to another; how many."""
    total = 0.0
    for j in range(out.shape[0]):
        most = max(gained_all[j], lost_all[j])
        out[j] = max(-lost[j], 0.0) * max(gained[j], 0.0) / most if most > 0.0 else 0.0
        total += out[j]
    return total


@inner_rows_njit
def _leave(change: Reals, sign: float, ours: Reals, others: Reals, out: Reals) -> float:
    """Trips of a mode beyond what others make up for; how many. `sign` is -1 for those lost, 1 for those gained."""
    total = 0.0
    for j in range(out.shape[0]):
        beyond = ours[j] - others[j]
        out[j] = max(sign * change[j], 0.0) * beyond / ours[j] if beyond > 0.0 else 0.0
        total += out[j]
    return total


@inner_rows_njit
def _saved(trips: Reals, before: Reals, after: Reals) -> float:
    out = 0.0
    for j in range(trips.shape[0]):
        out += trips[j] * (before[j] - after[j])
    return out


@inner_rows_njit
def _sum(x: Reals) -> float:
    out = 0.0
    for j in range(x.shape[0]):
        out += x[j]
    return out


@inner_rows_njit
def _some(x: Reals, sign: float) -> bool:
    most = 0.0
    for j in range(x.shape[0]):
        most = max(most, sign * x[j])
    return most > 0.0


@inner_over_rows_njit
def _compare(s: Any, trips: Reals, saved: Reals) -> None:
    """Adds one origin to `trips` and `saved`."""
    modes, bases = s.change.shape[0], saved.shape[0]
    s.lost[:] = 0.0
    s.gained[:] = 0.0
    for k in range(modes):
        _change(s.flow[0, k], s.flow[1, k], s.change[k], s.lost, s.gained, s.moved)
        trips[k, k] += _sum(s.moved)
        for b in range(bases):
            saved[b, k, k] += _saved(s.moved, s.kg[0, b, k], s.kg[1, b, k])
    nothing = np.zeros(s.moved.shape[0])
    for k in range(modes):
        if _some(s.change[k], 1.0):
            trips[modes, k] += _leave(s.change[k], 1.0, s.gained, s.lost, s.moved)
            for b in range(bases):
                saved[b, modes, k] += _saved(s.moved, nothing, s.kg[1, b, k])
        if not _some(s.change[k], -1.0):
            continue
        trips[k, modes] += _leave(s.change[k], -1.0, s.lost, s.gained, s.moved)
        for b in range(bases):
            saved[b, k, modes] += _saved(s.moved, s.kg[0, b, k], nothing)
        for m in range(modes):
            if m != k and _some(s.change[m], 1.0):
                trips[k, m] += _move(s.change[k], s.change[m], s.gained, s.lost, s.moved)
                for b in range(bases):
                    saved[b, k, m] += _saved(s.moved, s.kg[0, b, k], s.kg[1, b, m])


@outer_shared_njit
def replaced(
    skims: Any, utility: Any, nests: Any, before: Any, skims_after: Any, utility_after: Any, nests_after: Any,
    after: Any, modes: int, bases: int,
) -> tuple[Reals, Reals]:  # fmt: skip
    """Trips by mode before and mode after, (BLOCKS, K + 1, K + 1), and kg CO2 they save (BLOCKS, bases, K + 1, K + 1),
    both to be summed over blocks of origins.

    `before` and `after` are each a Side; skims, utility and nests are those of kernels.day.day, for one purpose.
    Between two zones, trips by modes that shrank go over to modes that grew, in proportion to how much these did. Where
    trips are fewer or more in all, what is left goes to or comes from the last row or column: not made.
    """
    zones, groups = before.trips.shape[0], nests.apart.shape[0]
    trips, saved = np.zeros((BLOCKS, modes + 1, modes + 1)), np.zeros((BLOCKS, bases, modes + 1, modes + 1))
    for block in prange(BLOCKS):
        was = new_space(modes if before.way.shape[2] > 0 else DIRECT, groups, zones)
        now = new_space(modes if after.way.shape[2] > 0 else DIRECT, groups, zones)
        rows = _Space(
            np.empty((2, modes, zones)), np.empty((2, bases, modes, zones)), np.empty((modes, zones)),
            np.empty(zones), np.empty(zones), np.empty(zones),
        )  # fmt: skip
        for i in range(block * zones // BLOCKS, (block + 1) * zones // BLOCKS):
            _row(skims, utility, nests, before, i, was, rows.flow[0], rows.kg[0])
            _row(skims_after, utility_after, nests_after, after, i, now, rows.flow[1], rows.kg[1])
            _compare(rows, trips[block], saved[block])
    return trips, saved
