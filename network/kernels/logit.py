"""Multinomial logit over origin-destination pairs."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Reals = npt.NDArray[np.float64]


@njit(cache=True, parallel=True)
def split_trips(utility: Reals, alternative: int, share: Reals, trips: Reals) -> Reals:
    """Trips by mode, (K, Z, Z), of `trips` (Z, Z) under `utility` (K, Z, Z), -inf where a mode is not to be had.

    `alternative` is the mode that only `share` (Z) of an origin's travellers have. Pairs without a mode carry no trips.
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
            others = 0.0  # summed apart: total - weight[alternative] would cancel where the alternative dominates
            for k in range(modes):
                weight[k] = np.exp(utility[k, i, j] - top)
                if k != alternative:
                    others += weight[k]
            total = others + weight[alternative]
            holders = share[i] if others > 0.0 else 1.0
            for k in range(modes):
                part = holders * weight[k] / total
                if k != alternative and others > 0.0:
                    part += (1.0 - holders) * weight[k] / others
                out[k, i, j] = trips[i, j] * part
    return out
