"""Nested logit over origin-destination pairs: rows of destinations, so that the loops become vector code.

The nest's scale divides: with weights w = exp(V / mu), sums Y of a nest and G = Y^mu, a mode has the share
G / sum(G) w / Y. Utilities of a pair are counted from the highest direct one, which nothing depends on.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.exponential import exp, log
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
    length_row,
    mode_row,
)

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_FARTHEST = 600.0
"""Utility over mu that trips by station lie above the best direct mode at most: e to more of it is no number."""
BLOCKS = 32
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
def _highest(utility: Reals, top: Reals) -> None:
    """0 where no direct mode has a way."""
    for j in range(top.shape[0]):
        top[j] = -np.inf
    for k in range(utility.shape[0]):
        for j in range(top.shape[0]):
            top[j] = max(utility[k, j], top[j])
    for j in range(top.shape[0]):
        top[j] = top[j] if top[j] > -np.inf else 0.0


@inner_rows_njit
def _weigh(utility: Reals, top: Reals, mu: float, out: Reals) -> None:
    per = 1.0 / mu
    for j in range(out.shape[0]):
        out[j] = exp((utility[j] - top[j]) * per)


@inner_rows_njit
def _power(y: Reals, mu: float, total: Reals) -> None:
    """Y of a nest becomes G / Y, and G is added to `total`."""
    if mu == 1.0:
        for j in range(y.shape[0]):
            total[j] += y[j]
            y[j] = 1.0
        return
    for j in range(y.shape[0]):
        ratio = exp((mu - 1.0) * log(y[j]))  # found first, then kept or not: else it is no vector code
        ratio = ratio if y[j] > 0.0 else 0.0
        total[j] += ratio * y[j]
        y[j] = ratio


@inner_rows_njit
def _powers(y: Reals, y_not: Reals, mu: float, apart: bool, have: Reals, have_not: Reals) -> None:
    """The same for who has a car at hand and who has none, at once where a nest is the same to both."""
    if apart:
        _power(y, mu, have)
        _power(y_not, mu, have_not)
        return
    for j in range(y.shape[0]):
        y_not[j] = y[j]
    _power(y, mu, have)
    for j in range(y.shape[0]):
        have_not[j] += y[j] * y_not[j]
        y_not[j] = y[j]


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
def _flow(
    weight: Reals,
    ratio: Reals,
    ratio_not: Reals,
    have: Reals,
    have_not: Reals,
    held: bool,
    out: Reals,
    ends: Reals,
    persons: Reals,
) -> float:
    """Trips of a mode, added to what ends in each zone and to what its persons do; their sum."""
    every = 0.0 if held else 1.0
    total = 0.0
    for j in range(out.shape[0]):
        flow = weight[j] * (ratio[j] * have[j] + every * ratio_not[j] * have_not[j])
        out[j] = flow
        ends[j] += flow
        persons[j] += flow
        total += flow
    return total


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
    for k in range(DIRECT):
        out[METRES + k] = _total(trips[k], length_row(s, k, i))
    for line in range(LINES):
        out[TRANSFERS + line] = _total(trips[ROADS + line], s.transfers[line, i])
        out[FARES + line] = _total(trips[ROADS + line], s.fare_cny[line, i])
        for j in range(s.ferry.shape[2]):
            out[FERRIES + line] += trips[ROADS + line, j] if s.ferry[line, i, j] else 0.0
    out[CHARGED] = _total(trips[ROADS + LINES], s.charge_cny[i])


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
def _nest_sums(weight: Reals, nests: Any, used: int, without: bool, out: Reals) -> None:
    """Y (nests, Z) of the first modes, but of those that are held where one is `without` a car."""
    out[:] = 0.0
    for k in range(used):
        n = nests.nest[k]
        if not (without and nests.held[k]) and (nests.apart[n] or not without):
            _add(weight[k], out[n])


@inner_njit
def shares(skims: Any, utility: Any, nests: Any, station: Reals, u: int, i: int, space: Any) -> None:
    """Weights of the modes of an origin (space.weight), and G / Y and sums of G by who has a car at hand."""
    for k in range(DIRECT):
        mode_row(skims, utility, u, k, i, space.band, space.value[k])
    _highest(space.value, space.top)
    for k in range(DIRECT):
        _weigh(space.value[k], space.top, nests.scale[u, nests.nest[k]], space.weight[k])
    used = space.weight.shape[0]
    for k in range(DIRECT, used):
        mu = nests.scale[u, nests.nest[k]]
        for j in range(space.top.shape[0]):
            space.weight[k, j] = station[u, k - DIRECT, i, j] * exp(min(-space.top[j] / mu, _FARTHEST))
    _sums_of_nests(nests, u, used, space)


@inner_njit
def _sums_of_nests(nests: Any, u: int, used: int, space: Any) -> None:
    space.have[:] = 0.0
    space.have_not[:] = 0.0
    _nest_sums(space.weight, nests, used, False, space.y)
    _nest_sums(space.weight, nests, used, True, space.y_not)
    for n in range(nests.apart.shape[0]):
        _powers(space.y[n], space.y_not[n], nests.scale[u, n], nests.apart[n], space.have, space.have_not)


class _Space(NamedTuple):
    """Rows of one origin at a time. A row that is read is never the row that is written: else it is no vector code."""

    band: Wholes
    top: Reals
    value: Reals
    weight: Reals
    y: Reals
    y_not: Reals
    have: Reals
    have_not: Reals
    flow: Reals


@inner_njit
def new_space(used: int, groups: int, zones: int) -> Any:
    return _Space(
        np.empty(zones, np.int32),
        np.empty(zones),
        np.empty((DIRECT, zones)),
        np.empty((used, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty(zones),
        np.empty(zones),
        np.empty(zones),
    )


@inner_njit
def _origins(
    low: int, high: int, skims: Any, utility: Any, nests: Any, station: Reals, trips: Reals, visitor: Bools,
    kept: Reals, starts: Reals, ends: Reals, by_band: Reals, counted: Reals, back: Reals, sums: Reals,
) -> None:  # fmt: skip
    """`day` for the origins from `low` to `high`."""
    purposes, zones = trips.shape[0], trips.shape[1]
    used = starts.shape[1] if station.shape[0] > 0 else DIRECT
    space, persons = new_space(used, nests.apart.shape[0], zones), np.empty((2, used, zones))
    counts = np.empty((2, COUNTS))
    for i in range(low, high):
        persons[:] = 0.0
        band_row(skims.road_m[0, i], utility.edges_m, space.band)
        for u in range(purposes):
            shares(skims, utility, nests, station, u, i, space)
            if sums.shape[0]:
                sums[u, i] = _logsum(trips[u, i], nests.share[u, i], space.top, space.have, space.have_not)
            spread(trips[u, i], nests.share[u, i], space.have, space.have_not)
            who = 1 if visitor[u] else 0
            for k in range(used):
                n = nests.nest[k]
                starts[u, k, i] = _flow(
                    space.weight[k], space.y[n], space.y_not[n], space.have, space.have_not, nests.held[k],
                    space.flow, ends[u, k], persons[who, k],
                )  # fmt: skip
                if kept.shape[0] and kept[k] > 0.0:
                    for j in range(zones):
                        back[i, j] += kept[k] * space.flow[j]
        counts[:] = 0.0
        for who in range(2):
            for k in range(used):
                for j in range(zones):
                    by_band[who, k, space.band[j]] += persons[who, k, j]
            _count_row(skims, i, persons[who], counts[who])
        for who in range(2):
            for c in range(COUNTS):
                counted[who, c, i] = counts[who, c]


@outer_shared_njit
def day(
    skims: Any,
    utility: Any,
    nests: Any,
    station: Reals,
    trips: Reals,
    visitor: Bools,
    kept: Reals,
    logsums: bool,
) -> tuple[Reals, Reals, Reals, Reals, Reals, Reals]:
    """Trips (U, Z, Z) shared out by the nested logit, and what they add up to.

    `station` (U, 2, Z, Z) are the weights exp(V / mu) of the modes behind the direct ones, its axes 0 where none is
    there. `visitor` (U) says whose trips they are: first axis V below. `kept` (K) weighs the modes whose trips are
    handed back; none are where it is empty.

    Trips by origin (U, K, Z); by block of origins, to be summed, those by destination (BLOCKS, U, K, Z) and by band
    (BLOCKS, V, K, B); counts by origin (V, COUNTS, Z); trips kept (Z, Z); where `logsums`, sum of trips
    ln(sum(G)) by origin (U, Z).
    """
    purposes, zones = trips.shape[0], trips.shape[1]
    modes, bands = nests.nest.shape[0], utility.by_band.shape[1]
    starts, ends = np.zeros((purposes, modes, zones)), np.zeros((BLOCKS, purposes, modes, zones))
    by_band, counted = np.zeros((BLOCKS, 2, modes, bands)), np.zeros((2, COUNTS, zones))
    back = np.zeros((zones if kept.shape[0] else 0, zones))
    sums = np.zeros((purposes if logsums else 0, zones))
    for block in prange(BLOCKS):
        low, high = block * zones // BLOCKS, (block + 1) * zones // BLOCKS
        _origins(
            low, high, skims, utility, nests, station, trips, visitor,
            kept, starts, ends[block], by_band[block], counted, back, sums,
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
    space.top[:] = 0.0
    band_row(skims.road_m[0, i], utility.edges_m, space.band)
    for k in range(DIRECT):
        mode_row(skims, utility, u, k, i, space.band, space.value[k])
        _weigh(space.value[k], space.top, nests.scale[u, nests.nest[k]], space.weight[k])
    _nest_sums(space.weight, nests, DIRECT, False, space.y)
    _nest_sums(space.weight, nests, DIRECT, True, space.y_not)
    for n in range(groups):
        if n == open_nest:
            _add(space.y[n], have[n])
            _add(space.y_not[n] if nests.apart[n] else space.y[n], have_not[n])
        else:
            _powers(space.y[n], space.y_not[n], nests.scale[u, n], nests.apart[n], have[n], have_not[n])
