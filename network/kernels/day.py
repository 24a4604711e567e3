"""A day's trips shared out among the modes, and what they add up to, in one pass over pairs of zones.

Destinations are gone through in strips that the processor keeps at hand, and within a strip all origins.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from network.kernels.exponential import log
from network.kernels.inner import Whole, inner_over_rows_njit, inner_rows_njit, wide_crew_njit
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

STRIP = 256
"""Destinations in a strip: some hundred rows of as many numbers are at work at once."""

ORIGINS = 4
"""Whose trips by station are added up together: what the rides are like is read once for all of them."""


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
def _three_dots(x: Reals, a: Reals, b: Reals, c: Reals) -> tuple[float, float, float]:
    one = two = three = 0.0
    for j in range(x.shape[0]):
        one += x[j] * a[j]
        two += x[j] * b[j]
        three += x[j] * c[j]
    return one, two, three


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


@inner_over_rows_njit
def _count_bands(trips: Reals, within: Reals, by_band: Reals) -> None:
    """Adds the trips (modes, n) in each band to those by mode and band."""
    last = within.shape[0] - 1
    for k in range(trips.shape[0]):
        for b in range(0, last + 1, 3):
            c, d = min(b + 1, last), min(b + 2, last)
            one, two, three = _three_dots(trips[k], within[b], within[c], within[d])
            by_band[k, b] += one
            by_band[k, c] += two if c > b else 0.0
            by_band[k, d] += three if d > c else 0.0


@inner_rows_njit
def _times(x: Reals, y: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] = x[j] * y[j]


@inner_over_rows_njit
def _per_way(nests: Any, space: Any, own: int, each: Reals) -> None:
    """Trips by station mode (2, n) per unit of weight of way and ride; none to the origin's `own` position."""
    for m in range(each.shape[0]):
        per = space.ratio if nests.held[DIRECT + m] else space.ratio_not
        _times(space.near, per[nests.nest[DIRECT + m]], each[m])
        if 0 <= own < each.shape[1]:
            each[m, own] = 0.0


@inner_rows_njit
def _none(x: Reals) -> bool:
    most = 0.0
    for j in range(x.shape[0]):
        most = max(most, x[j])
    return most == 0.0


@inner_rows_njit
def _ridden(e: Reals, f: Reals, g: Reals, h: Reals, ride: Reals, length_m: Reals, transfers: Reals) -> Any:
    """Trips from a station, metres and changes, of four origins, all by a unit of the weight of the way there."""
    t0 = t1 = t2 = t3 = m0 = m1 = m2 = m3 = c0 = c1 = c2 = c3 = 0.0
    for j in range(ride.shape[0]):
        by, metres, changes = ride[j], ride[j] * length_m[j], ride[j] * transfers[j]
        t0 += e[j] * by
        t1 += f[j] * by
        t2 += g[j] * by
        t3 += h[j] * by
        m0 += e[j] * metres
        m1 += f[j] * metres
        m2 += g[j] * metres
        m3 += h[j] * metres
        c0 += e[j] * changes
        c1 += f[j] * changes
        c2 += g[j] * changes
        c3 += h[j] * changes
    return (t0, m0, c0), (t1, m1, c1), (t2, m2, c2), (t3, m3, c3)


@inner_over_rows_njit
def _by_station(rides: Any, visitor: Bools, first: int, to: int, low: int, each: Reals, sums: Any) -> None:
    """Adds the trips of station modes from the origins `first` to `to` to those by station, and what they ride.

    `each` (U, 2, ORIGINS, n) are trips by destination from `low` on, per unit of weight.
    """
    high = low + each.shape[3]
    for u in range(each.shape[0]):
        who = 1 if visitor[u] else 0
        for m in range(2):
            e, f, g, h = each[u, m, 0], each[u, m, 1], each[u, m, 2], each[u, m, 3]
            for q in range(rides.way.shape[3]):
                way = rides.way[u, m, first:to, q]
                if _none(way):
                    continue
                ridden = _ridden(
                    e, f, g, h, rides.ride[u, m, q, low:high], rides.length_m[q, low:high], rides.transfers[q, low:high]
                )
                for o in range(to - first):
                    if way[o] > 0.0:
                        trips, metres, changes = ridden[o]
                        sums.by_station[first + o, m, q] += way[o] * trips
                        sums.counted[first + o, who, STATION_METRES + m] += way[o] * metres
                        sums.counted[first + o, who, STATION_TRANSFERS + m] += way[o] * changes


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
    within, there = np.empty((bands, to - low)), (not visitor.all(), visitor.any())
    each = np.zeros((purposes.shape[0], used - DIRECT, ORIGINS, to - low))
    last = (block + 1) * zones // BLOCKS
    for i in range(block * zones // BLOCKS, last):
        o = (i - block * zones // BLOCKS) % ORIGINS
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
                    sums_row(i, low, rides.way[u, m, i], rides.ride[u, m], space.weight[DIRECT + m])
                shares(skims, utility, nests, u, i, low, space)
                if sums.logsums.shape[0]:
                    sums.logsums[u, i] += _logsum(row, share, space.top, space.have, space.have_not)
                _share_out(row, low, share, nests, space, ends[u], persons, sums.starts[i, u])
                _per_way(nests, space, i - low, each[u, :, o])
                for k in range(used if kept.shape[0] else 0):
                    if kept[k] > 0.0:
                        per = space.ratio if nests.held[k] else space.ratio_not
                        _keep(space.weight[k], per[nests.nest[k]], kept[k], sums.kept[i, low:to])
            _count_bands(persons, within, by_band[who])
            _count_row(skims, i, low, persons, sums.counted[i, who])
        if used > DIRECT and (o == ORIGINS - 1 or i == last - 1):
            _by_station(rides, visitor, i - o, i + 1, low, each, sums)


@wide_crew_njit
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
