"""Nested logit over origin-destination pairs: rows of destinations, so that the loops become vector code.

The nest's scale divides: with weights w = exp(V / mu), sums Y of a nest and G = Y^mu, a mode has the share
G / sum(G) w / Y. Utilities of a pair are counted from the highest direct one, which nothing depends on.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import prange

from network.kernels.exponential import LOG2_E, exp2, log2
from network.kernels.inner import inner_njit, inner_over_rows_njit, inner_rows_njit, outer_shared_njit
from network.kernels.utility import DIRECT, band_row, mode_rows

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

_FARTHEST = 860.0
"""Utility over mu ln 2 that trips by station lie above the best direct mode at most: 2 to more of it is no number."""
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
def weigh(row: Reals, top: Reals, per: float, y: Reals) -> None:
    """A row of utilities becomes weights, which are also added to `y`.

    `per` is log2(e) / mu: the compiler would divide every number by mu.
    """
    for j in range(row.shape[0]):
        weight = exp2((row[j] - top[j]) * per)
        row[j] = weight
        y[j] += weight


@inner_rows_njit
def _near(top: Reals, per: float, out: Reals) -> None:
    """What the weight of a trip by station is multiplied with: that of utility 0."""
    for j in range(out.shape[0]):
        out[j] = exp2(min(-top[j] * per, _FARTHEST))


@inner_rows_njit
def _weigh_station(row: Reals, near: Reals, y: Reals) -> None:
    for j in range(row.shape[0]):
        weight = row[j] * near[j]
        row[j] = weight
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


@inner_over_rows_njit
def _without(nests: Any, used: int, space: Any) -> None:
    """Y of who has no car at hand, of the nests in which that is another."""
    space.y_not[:] = 0.0
    for k in range(used):
        if nests.apart[nests.nest[k]] and not nests.held[k]:
            _add(space.weight[k], space.y_not[nests.nest[k]])


@inner_over_rows_njit
def shares(skims: Any, utility: Any, nests: Any, u: int, i: int, low: int, space: Any) -> None:
    """Weights of the modes of an origin (space.weight), and G / Y and sums of G by who has a car at hand.

    To as many destinations from `low` on as there are in the space, where those of the modes by station are of
    utility 0 before: their sums of weights.
    """
    mode_rows(skims, utility, u, i, low, space.band, space.near, space.weight, space.top)
    _ground(space.top)
    space.y[:] = 0.0
    for k in range(DIRECT):
        n = nests.nest[k]
        weigh(space.weight[k], space.top, LOG2_E / nests.scale[u, n], space.y[n])
    used = space.weight.shape[0]
    if used > DIRECT:
        n = nests.nest[DIRECT]
        _near(space.top, LOG2_E / nests.scale[u, n], space.near)
        for k in range(DIRECT, used):
            _weigh_station(space.weight[k], space.near, space.y[n])
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
    near: Reals
    weight: Reals
    """(modes, n), first their utilities"""
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
        np.empty(zones),
        np.empty((used, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty((groups, zones)),
        np.empty(zones),
        np.empty(zones),
    )


@outer_shared_njit
def backdrop(skims: Any, utility: Any, nests: Any, open_nest: int, u: int) -> tuple[Reals, Reals]:
    """What the direct modes of each nest add up to for a purpose, counted from utility 0, (nests, Z, Z).

    For who has a car at hand and for who has none: G of a nest; but Y of the `open_nest`, to which more can be added.
    """
    zones, groups = skims.drive_s.shape[0], nests.apart.shape[0]
    have, have_not = np.zeros((groups, zones, zones)), np.zeros((groups, zones, zones))
    for block in prange(BLOCKS):
        for i in range(block * zones // BLOCKS, (block + 1) * zones // BLOCKS):
            _behind(i, skims, utility, nests, open_nest, u, have, have_not)
    return have, have_not


@inner_over_rows_njit
def _behind(i: int, skims: Any, utility: Any, nests: Any, open_nest: int, u: int, have: Reals, have_not: Reals) -> None:
    groups = nests.apart.shape[0]
    space = new_space(DIRECT, groups, have.shape[2])
    band_row(skims.road_m[0, i], utility.edges_m, space.band)
    mode_rows(skims, utility, u, i, 0, space.band, space.near, space.weight, space.top)
    space.top[:] = 0.0
    space.y[:] = 0.0
    for k in range(DIRECT):
        n = nests.nest[k]
        weigh(space.weight[k], space.top, LOG2_E / nests.scale[u, n], space.y[n])
    _without(nests, DIRECT, space)
    for n in range(groups):
        if n == open_nest:
            _add(space.y[n], have[n, i])
            _add(space.y_not[n] if nests.apart[n] else space.y[n], have_not[n, i])
        else:
            _powers(
                space.y[n], space.y_not[n], nests.scale[u, n], nests.apart[n],
                space.ratio[n], space.ratio_not[n], have[n, i], have_not[n, i],
            )  # fmt: skip
