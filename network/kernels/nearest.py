"""Nearest place on a set of line pieces, brute force."""

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Ints = npt.NDArray[np.integer]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@njit(cache=True, parallel=True)
def nearest_pieces(
    x: Reals, y: Reals, ax: Reals, ay: Reals, bx: Reals, by: Reals, usable: Flags
) -> tuple[Ints, Reals, Reals]:
    """For each point (X) and each row of `usable` (M, Q): nearest usable piece a-b, share passed, squared distance.

    Returns piece (M, X) int64, share (M, X), squared (M, X). Ties go to the first piece.
    """
    modes, pieces, points = usable.shape[0], ax.shape[0], x.shape[0]
    piece = np.full((modes, points), np.int64(-1), np.int64)
    share = np.zeros((modes, points))
    squared = np.full((modes, points), np.inf)
    for i in prange(points):
        for q in range(pieces):
            dx, dy = bx[q] - ax[q], by[q] - ay[q]
            norm = dx * dx + dy * dy
            t = 0.0
            if norm > 0.0:
                t = min(1.0, max(0.0, ((x[i] - ax[q]) * dx + (y[i] - ay[q]) * dy) / norm))
            ex, ey = ax[q] + t * dx - x[i], ay[q] + t * dy - y[i]
            d = ex * ex + ey * ey
            for m in range(modes):
                if d < squared[m, i] and usable[m, q]:
                    squared[m, i] = d
                    piece[m, i] = q
                    share[m, i] = t
    return piece, share, squared
