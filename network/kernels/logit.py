"""Nested logit over origin-destination pairs: rows of destinations, so that the loops become vector code.

The nest's scale divides: with weights w = exp(V / mu), sums Y of a nest and G = Y^mu, a mode has the share
G / sum(G) w / Y. Utilities of a pair are counted from the highest direct one, which nothing depends on.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.exponential import LOG2_E, exp, exp2, log, log2
from network.kernels.inner import inner_njit, inner_rows_njit, outer_shared_njit
from network.kernels.utility import (
    CHARGED,
    COUNTS,
    DIRECT,
    FARES,
    FERRIES,
    LINES,
    METRES,
    ROADS,
    TRANSFERS,
    band_row,
    mode_rows,
)

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_FARTHEST = 600.0
"""Utility over mu that trips by station lie above the best direct mode at most: e to more of it is no number."""
BLOCKS = 16
"""Blocks of origins that are summed apart and then in order: sums do not depend on the number of threads."""


class Nests(NamedTuple):
    """How modes (K) replace each other, and who has them."""

    nest: Wholes
    """(K)"""
    scale: Reals
    """(U, nests) mu"""
    held: Bools
    """(K) only who has a car at hand has the mode."""
    apart: Bools
    """(nests) whether some of a nest's modes are held."""
    share: Reals
    """(U, Z) share of an origin's travellers who have."""


@inner_rows_njit
def _ground(top: Reals) -> None:
    """0 where no direct mode has a way."""
    for j in range(top.shape[0]):
        top[j] = top[j] if top[j] > -np.inf else 0.0


@inner_rows_njit
def _weigh(utility: Reals, top: Reals, mu: float, out: Reals, y: Reals) -> None:
    """Weights, which are also added to `y`."""
    per = LOG2_E / mu
    for j in range(out.shape[0]):
        weight = exp2((utility[j] - top[j]) * per)
        out[j] = weight
        y[j] += weight


@inner_rows_njit
def _weigh_station(station: Reals, top: Reals, mu: float, out: Reals, y: Reals) -> None:
    for j in range(out.shape[0]):
        weight = station[j] * exp(min(-top[j] / mu, _FARTHEST))
        out[j] = weight
        y[j] += weight


@inner_rows_njit
def _power(y: Reals, mu: float, ratio: Reals, total: Reals) -> None:
    """G / Y of a nest; G is added to `total`."""
    if mu == 1.0:
        for j in range(y.shape[0]):
            ratio[j] = 1.0
            total[j] += y[j]
        return
    for j in range(y.shape[0]):
        ratio[j] = (mu - 1.0) * log2(y[j])
    for j in range(y.shape[0]):  # a loop of its own: what waits for one number is too much for the processor's queue
        g = exp2(ratio[j])
        ratio[j] = g if y[j] > 0.0 else 0.0
        total[j] += ratio[j] * y[j]


@inner_rows_njit
def _powers(
    y: Reals, y_not: Reals, mu: float, apart: bool, ratio: Reals, ratio_not: Reals, have: Reals, have_not: Reals
) -> None:
    """The same for who has a car at hand and who has none, at once where a nest is the same to both."""
    _power(y, mu, ratio, have)
    if apart:
        _power(y_not, mu, ratio_not, have_not)
        return
    for j in range(y.shape[0]):
        ratio_not[j] = ratio[j]
        have_not[j] += ratio[j] * y[j]


@inner_rows_njit
def _add(x: Reals, out: Reals) -> None:
    for j in range(out.shape[0]):
        out[j] += x[j]


@inner_rows_njit
def spread(trips: Reals, share: float, have: Reals, have_not: Reals) -> None:
    """From sums of G to trips per unit of it: of those with a car at hand, and of those without."""
    for j in range(trips.shape[0]):
        holders = share if have_not[j] > 0.0 else 1.0
        one, other = trips[j] * holders / have[j], trips[j] * (1.0 - holders) / have_not[j]
        have[j] = one if have[j] > 0.0 else 0.0
        have_not[j] = other if have_not[j] > 0.0 else 0.0


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
def _count_row(s: Any, i: int, trips: Reals, out: Reals) -> None:
    """What COUNTS names of the trips (modes, Z) from an origin."""
    for k in range(ROADS):
        out[METRES + k] = _total(trips[k], s.road_m[k, i])
    for k in range(ROADS + LINES, DIRECT):
        out[METRES + k] = _total(trips[k], s.road_m[ROADS, i])
    for line in range(LINES):
        out[METRES + ROADS + line] = _total(trips[ROADS + line], s.line_m[line, i])
        out[TRANSFERS + line] = _total(trips[ROADS + line], s.transfers[line, i])
        out[FARES + line] = _total(trips[ROADS + line], s.fare_cny[line, i])
        for j in range(s.ferry.shape[2]):
            out[FERRIES + line] += trips[ROADS + line, j] if s.ferry[line, i, j] else 0.0
    out[CHARGED] = _total(trips[ROADS + LINES], s.charge_cny) if s.charge_cny[i] == 0.0 else 0.0


@inner_rows_njit
def _logsum(trips: Reals, share: float, top: Reals, have: Reals, have_not: Reals) -> float:
    out = 0.0
    for j in range(trips.shape[0]):
        holders = share if have_not[j] > 0.0 else 1.0
        one, other = holders * log(have[j]), (1.0 - holders) * log(have_not[j])
        other = other if have_not[j] > 0.0 else 0.0
        out += trips[j] * (top[j] + one + other) if have[j] > 0.0 else 0.0
    return out


@inner_njit
def _without(nests: Any, used: int, space: Any) -> None:
    """Y of who has no car at hand, of the nests in which that is another."""
    space.y_not[:] = 0.0
    for k in range(used):
        if nests.apart[nests.nest[k]] and not nests.held[k]:
            _add(space.weight[k], space.y_not[nests.nest[k]])


@inner_njit
def shares(skims: Any, utility: Any, nests: Any, station: Reals, u: int, i: int, space: Any) -> None:
    """Weights of the modes of an origin (space.weight), and G / Y and sums of G by who has a car at hand."""
    mode_rows(skims, utility, u, i, space.band, space.value, space.top)
    _ground(space.top)
    space.y[:] = 0.0
    for k in range(DIRECT):
        n = nests.nest[k]
        _weigh(space.value[k], space.top, nests.scale[u, n], space.weight[k], space.y[n])
    used = space.weight.shape[0]
    for k in range(DIRECT, used):
        n = nests.nest[k]
        _weigh_station(station[u, k - DIRECT, i], space.top, nests.scale[u, n], space.weight[k], space.y[n])
    _without(nests, used, space)
    space.have[:] = 0.0
    space.have_not[:] = 0.0
    for n in range(nests.apart.shape[0]):
        _powers(
            space.y[n], space.y_not[n], nests.scale[u, n], nests.apart[n],
            space.ratio[n], space.ratio_not[n], space.have, space.have_not,
        )  # fmt: skip


class _Space(NamedTuple):
    """Rows of one origin at a time. A row that is read is never the row that is written: else it is no vector code."""

    band: Wholes
    top: Reals
    value: Reals
    weight: Reals
    y: Reals
    y_not: Reals
    ratio: Reals
    ratio_not: Reals
    have: Reals
    have_not: Reals


@inner_njit
def new_space(used: int, groups: int, zones: int) -> Any:
    return _Space(
        np.empty(zones, np.int32),
        np.empty(zones),
        np.empty((DIRECT, zones)),
        np.empty((used, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty(zones),
        np.empty(zones),
    )


@inner_rows_njit
def _within(band: Wholes, out: Reals) -> None:
    """1 in the band (B) a destination is in, else 0: a sum of products is vector code, a sum picked is not."""
    for b in range(out.shape[0]):
        for j in range(band.shape[0]):
            out[b, j] = 1.0 if band[j] == b else 0.0


@inner_njit
def _share_out(trips: Reals, held: float, nests: Any, space: Any, starts: Reals, ends: Reals, persons: Reals) -> None:
    """Trips (Z) of a purpose from an origin, by the weights and sums of `shares`; `held` is the share with a car."""
    spread(trips, held, space.have, space.have_not)
    for n in range(nests.apart.shape[0]):
        _per_weight(space.ratio[n], space.ratio_not[n], space.have, space.have_not)
    for k in range(space.weight.shape[0]):
        per = space.ratio if nests.held[k] else space.ratio_not
        starts[k] = _flow(space.weight[k], per[nests.nest[k]], ends[k], persons[k])


@inner_njit
def _origins(
    low: int, high: int, skims: Any, utility: Any, nests: Any, station: Reals, trips: Reals, purposes: Wholes,
    visitor: Bools, kept: Reals, starts: Reals, ends: Reals, by_band: Reals, counted: Reals, back: Reals, sums: Reals,
) -> None:  # fmt: skip
    """`day` for the origins from `low` to `high`."""
    zones = trips.shape[1]
    used = starts.shape[1] if station.shape[0] > 0 else DIRECT
    space, persons = new_space(used, nests.apart.shape[0], zones), np.empty((used, zones))
    within, counts = np.empty((by_band.shape[2], zones)), np.empty(COUNTS)
    for i in range(low, high):
        band_row(skims.road_m[0, i], utility.edges_m, space.band)
        _within(space.band, within)
        for who in range(2):
            some = False
            persons[:] = 0.0
            for u in range(purposes.shape[0]):
                if visitor[u] != (who == 1):
                    continue
                some, row, share = True, trips[purposes[u], i], nests.share[u, i]
                shares(skims, utility, nests, station, u, i, space)
                if sums.shape[0]:
                    sums[u, i] = _logsum(row, share, space.top, space.have, space.have_not)
                _share_out(row, share, nests, space, starts[u, :, i], ends[u], persons)
                for k in range(used if kept.shape[0] else 0):
                    if kept[k] > 0.0:
                        per = space.ratio if nests.held[k] else space.ratio_not
                        _keep(space.weight[k], per[nests.nest[k]], kept[k], back[i])
            if not some:
                continue
            for k in range(used):
                for b in range(within.shape[0]):
                    by_band[who, k, b] += _dot(persons[k], within[b])
            counts[:] = 0.0
            _count_row(skims, i, persons, counts)
            for c in range(COUNTS):
                counted[who, c, i] = counts[c]


@outer_shared_njit
def day(
    skims: Any,
    utility: Any,
    nests: Any,
    station: Reals,
    trips: Reals,
    purposes: Wholes,
    visitor: Bools,
    kept: Reals,
    logsums: bool,
) -> tuple[Reals, Reals, Reals, Reals, Reals, Reals]:
    """Trips of some `purposes` (U), positions in `trips`, shared out by the nested logit, and what they add up to.

    `station` (U, 2, Z, Z) are the weights exp(V / mu) of the modes behind the direct ones, its axes 0 where none is
    there. `visitor` (U) says whose trips they are: first axis V below. `kept` (K) weighs the modes whose trips are
    handed back; none are where it is empty.

    Trips by origin (U, K, Z); by block of origins, to be summed, those by destination (BLOCKS, U, K, Z) and by band
    (BLOCKS, V, K, B); counts by origin (V, COUNTS, Z); trips kept (Z, Z); where `logsums`, sum of trips
    ln(sum(G)) by origin (U, Z).
    """
    count, zones = purposes.shape[0], trips.shape[1]
    modes, bands = nests.nest.shape[0], utility.by_band.shape[1]
    starts, ends = np.zeros((count, modes, zones)), np.zeros((BLOCKS, count, modes, zones))
    by_band, counted = np.zeros((BLOCKS, 2, modes, bands)), np.zeros((2, COUNTS, zones))
    back = np.zeros((zones if kept.shape[0] else 0, zones))
    sums = np.zeros((count if logsums else 0, zones))
    for block in prange(BLOCKS):
        low, high = block * zones // BLOCKS, (block + 1) * zones // BLOCKS
        _origins(
            low, high, skims, utility, nests, station, trips, purposes, visitor, kept,
            starts, ends[block], by_band[block], counted, back, sums,
        )  # fmt: skip
    return starts, ends, by_band, counted, back, sums


@outer_shared_njit
def backdrop(skims: Any, utility: Any, nests: Any, open_nest: int, u: int) -> tuple[Reals, Reals]:
    """What the direct modes of each nest add up to for a purpose, counted from utility 0, (nests, Z, Z).

    For who has a car at hand and for who has none: G of a nest; but Y of the `open_nest`, to which more can be added.
    """
    zones, groups = skims.drive_s.shape[0], nests.apart.shape[0]
    have, have_not = np.zeros((groups, zones, zones)), np.zeros((groups, zones, zones))
    for block in prange(BLOCKS):
        for i in range(block * zones // BLOCKS, (block + 1) * zones // BLOCKS):
            _behind(i, skims, utility, nests, open_nest, u, have[:, i], have_not[:, i])
    return have, have_not


@inner_njit
def _behind(i: int, skims: Any, utility: Any, nests: Any, open_nest: int, u: int, have: Reals, have_not: Reals) -> None:
    groups = nests.apart.shape[0]
    space = new_space(DIRECT, groups, have.shape[1])
    band_row(skims.road_m[0, i], utility.edges_m, space.band)
    mode_rows(skims, utility, u, i, space.band, space.value, space.top)
    space.top[:] = 0.0
    space.y[:] = 0.0
    for k in range(DIRECT):
        n = nests.nest[k]
        _weigh(space.value[k], space.top, nests.scale[u, n], space.weight[k], space.y[n])
    _without(nests, DIRECT, space)
    for n in range(groups):
        if n == open_nest:
            _add(space.y[n], have[n])
            _add(space.y_not[n] if nests.apart[n] else space.y[n], have_not[n])
        else:
            _powers(
                space.y[n], space.y_not[n], nests.scale[u, n], nests.apart[n],
                space.ratio[n], space.ratio_not[n], have[n], have_not[n],
            )  # fmt: skip
