"""A day's trips shared out among the modes, and what they add up to, in one pass over pairs of zones.

Destinations are gone through in strips that the processor keeps at hand, and within a strip all origins.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.exponential import log
from network.kernels.inner import Whole, crew_njit, inner_over_rows_njit, inner_rows_njit
from network.kernels.logit import BLOCKS, new_space, shares, spread
from network.kernels.stations import sums_row
from network.kernels.utility import (
    CHARGED,
    DIRECT,
    FARES,
    FERRIES,
    LINES,
    METRES,
    ROADS,
    STATION_METRES,
    STATION_TRANSFERS,
    TRANSFERS,
    band_row,
)

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

STRIP = 512
"""Destinations in a strip: some hundred rows of as many numbers are at work at once."""


class Sums(NamedTuple):
    """What a day's trips of some purposes (U) add up to, from 0; V says whose they are: residents', visitors'."""

    starts: Reals
    """(Z, U, K) trips by origin."""
    ends: Reals
    """(BLOCKS, U, K, Z) trips by destination; by block of origins, to be summed."""
    by_band: Reals
    """(BLOCKS, V, K, B) trips by band; by block of origins, to be summed."""
    counted: Reals
    """(Z, V, COUNTS) counts by origin."""
    by_station: Reals
    """(Z, 2, Q) trips by origin, station mode and station; no Q where none can be used."""
    kept: Reals
    """(Z, Z) trips by the modes that are kept; (0, Z) where none are."""
    logsums: Reals
    """(U, Z) sum of trips ln(sum(G)) by origin; (0, Z) where it is not asked for."""


@inner_rows_njit
def _per_weight(ratio: Reals, ratio_not: Reals, have: Reals, have_not: Reals) -> None:
    """G / Y of a nest become trips per unit of weight: of those with a car at hand, and of all."""
    for j in range(ratio.shape[0]):
        ratio[j] *= have[j]
        ratio_not[j] = ratio[j] + ratio_not[j] * have_not[j]


@inner_rows_njit
def _flow(weight: Reals, per: Reals, ends: Reals, persons: Reals) -> float:
    """Trips of a mode, added to what ends in each zone and to what its persons do; their sum."""
    total = 0.0
    for j in range(weight.shape[0]):
        flow = weight[j] * per[j]
        ends[j] += flow
        persons[j] += flow
        total += flow
    return total


@inner_rows_njit
def _keep(weight: Reals, per: Reals, by: float, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += by * (weight[j] * per[j])


@inner_rows_njit
def _dot(x: Reals, y: Reals) -> float:
    out = 0.0
    for j in range(x.shape[0]):
        out += x[j] * y[j]
    return out


@inner_rows_njit
def _total(trips: Reals, x: Reals) -> float:
    """Sum of trips x; where there is no way there is no trip."""
    out = 0.0
    for j in range(trips.shape[0]):
        out += trips[j] * x[j] if x[j] < np.inf else 0.0
    return out


@inner_rows_njit
def _riders(trips: Reals, ferry: Bools) -> float:
    out = 0.0
    for j in range(ferry.shape[0]):
        out += trips[j] if ferry[j] else 0.0
    return out


@inner_rows_njit
def _count_row(s: Any, i: int, low: int, trips: Reals, out: Reals) -> None:
    """Adds what COUNTS names of the trips (modes, n) from an origin to the destinations from `low` on."""
    to = low + trips.shape[1]
    for k in range(ROADS):
        out[METRES + k] += _total(trips[k], s.road_m[k, i, low:to])
    for k in range(ROADS + LINES, DIRECT):
        out[METRES + k] += _total(trips[k], s.road_m[ROADS, i, low:to])
    for line in range(LINES):
        some = trips[ROADS + line]
        out[METRES + ROADS + line] += _total(some, s.line_m[line, i, low:to])
        out[TRANSFERS + line] += _total(some, s.transfers[line, i, low:to])
        out[FARES + line] += _total(some, s.fare_cny[line, i, low:to])
        if s.ferry.shape[2]:
            out[FERRIES + line] += _riders(some, s.ferry[line, i, low:to])
    if s.charge_cny[i] == 0.0:
        out[CHARGED] += _total(trips[ROADS + LINES], s.charge_cny[low:to])


@inner_rows_njit
def _logsum(trips: Reals, share: float, top: Reals, have: Reals, have_not: Reals) -> float:
    out = 0.0
    for j in range(trips.shape[0]):
        holders = share if have_not[j] > 0.0 else 1.0
        one, other = holders * log(have[j]), (1.0 - holders) * log(have_not[j])
        other = other if have_not[j] > 0.0 else 0.0
        out += trips[j] * (top[j] + one + other) if have[j] > 0.0 else 0.0
    return out


@inner_rows_njit
def _within(band: Wholes, out: Reals) -> None:
    """1 in the band (B) a destination is in, else 0: a sum of products is vector code, a sum picked is not."""
    for b in range(out.shape[0]):
        for j in range(band.shape[0]):
            out[b, j] = 1.0 if band[j] == b else 0.0


@inner_rows_njit
def _times(x: Reals, y: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] = x[j] * y[j]


@inner_rows_njit
def _ridden(each: Reals, ride: Reals, length_m: Reals, transfers: Reals) -> tuple[float, float, float]:
    """Trips from a station, metres and changes, all by a unit of the weight of the way there."""
    trips = metres = changes = 0.0
    for j in range(each.shape[0]):
        flow = each[j] * ride[j]
        trips += flow
        metres += flow * length_m[j]
        changes += flow * transfers[j]
    return trips, metres, changes


@inner_over_rows_njit
def _by_station(rides: Any, u: int, i: int, low: int, m: int, each: Reals, by: Reals, counts: Reals) -> None:
    """Adds the trips of a station mode from an origin to those by station (Q), and what they ride to `counts`.

    `each` (n) are trips by destination from `low` on, per unit of weight.
    """
    to = low + each.shape[0]
    if low <= i < to:
        each[i - low] = 0.0
    for q in range(by.shape[0]):
        way = rides.way[u, m, i, q]
        if way > 0.0:
            trips, metres, changes = _ridden(
                each, rides.ride[u, m, q, low:to], rides.length_m[q, low:to], rides.transfers[q, low:to]
            )
            by[q] += way * trips
            counts[STATION_METRES + m] += way * metres
            counts[STATION_TRANSFERS + m] += way * changes


@inner_over_rows_njit
def _share_out(
    trips: Reals, low: int, held: float, nests: Any, space: Any, ends: Reals, persons: Reals, starts: Reals
) -> None:
    """Trips (n) of a purpose from an origin to the destinations from `low` on, by the weights and sums of `shares`.

    `held` is the share with a car. They are added to those by destination (K, Z), persons (K, n) and origin (K).
    """
    to = low + trips.shape[0]
    spread(trips, held, space.have, space.have_not)
    for n in range(nests.apart.shape[0]):
        _per_weight(space.ratio[n], space.ratio_not[n], space.have, space.have_not)
    for k in range(space.weight.shape[0]):
        per = space.ratio if nests.held[k] else space.ratio_not
        starts[k] += _flow(space.weight[k], per[nests.nest[k]], ends[k, low:to], persons[k])


@inner_over_rows_njit
def _strip(
    block: int, low: int, to: int, skims: Any, utility: Any, nests: Any, rides: Any, trips: Reals, purposes: Wholes,
    visitor: Bools, kept: Reals, sums: Any,
) -> None:  # fmt: skip
    """`day` for a block of origins and the destinations from `low` to `to`."""
    zones, ends, by_band = trips.shape[1], sums.ends[block], sums.by_band[block]
    used, bands = nests.nest.shape[0] if sums.by_station.shape[2] else DIRECT, by_band.shape[2]
    space, persons = new_space(used, nests.apart.shape[0], to - low), np.empty((used, to - low))
    within, each, there = np.empty((bands, to - low)), np.empty(to - low), (not visitor.all(), visitor.any())
    for i in range(block * zones // BLOCKS, (block + 1) * zones // BLOCKS):
        band_row(skims.road_m[0, i, low:to], utility.edges_m, space.band)
        _within(space.band, within)
        for who in range(2):
            if not there[who]:
                continue
            persons[:] = 0.0
            for u in range(purposes.shape[0]):
                if visitor[u] != (who == 1):
                    continue
                row, share = trips[purposes[u], i, low:to], nests.share[u, i]
                for m in range(used - DIRECT):
                    sums_row(i, low, rides.way[u, m, i], rides.ride[u, m], space.value[DIRECT + m])
                shares(skims, utility, nests, u, i, low, space)
                if sums.logsums.shape[0]:
                    sums.logsums[u, i] += _logsum(row, share, space.top, space.have, space.have_not)
                _share_out(row, low, share, nests, space, ends[u], persons, sums.starts[i, u])
                for k in range(DIRECT, used):
                    per = space.ratio if nests.held[k] else space.ratio_not
                    _times(space.near, per[nests.nest[k]], each)
                    by = sums.by_station[i, k - DIRECT]
                    _by_station(rides, u, i, low, k - DIRECT, each, by, sums.counted[i, who])
                for k in range(used if kept.shape[0] else 0):
                    if kept[k] > 0.0:
                        per = space.ratio if nests.held[k] else space.ratio_not
                        _keep(space.weight[k], per[nests.nest[k]], kept[k], sums.kept[i, low:to])
            for k in range(used):
                for b in range(bands):
                    by_band[who, k, b] += _dot(persons[k], within[b])
            _count_row(skims, i, low, persons, sums.counted[i, who])


@crew_njit
def day(
    crew: Whole, crews: Whole, skims: Any, utility: Any, nests: Any, rides: Any, trips: Reals, purposes: Wholes,
    visitor: Bools, kept: Reals, strip: Whole, sums: Any,
) -> None:  # fmt: skip
    """Trips of some `purposes` (U), positions in `trips`, shared out by the nested logit; adds them up in `sums`.

    `rides` are those of the purposes, without stations where there are none to use. `visitor` (U) says whose trips they
    are. `kept` (K) weighs the modes whose trips are handed back; none are where it is empty. As many destinations as
    `strip` says are gone through at a time; every crew takes each `crews`-th block of origins.
    """
    zones = trips.shape[1]
    for block in range(crew, BLOCKS, crews):
        for low in range(0, zones, strip):
            to = min(low + strip, zones)
            _strip(block, low, to, skims, utility, nests, rides, trips, purposes, visitor, kept, sums)
