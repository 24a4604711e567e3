"""Furness balancing of a doubly constrained matrix."""

import numpy as np
import numpy.typing as npt

from network.kernels.inner import outer_njit

Reals = npt.NDArray[np.float64]


@outer_njit
def furness(seed: Reals, rows: Reals, columns: Reals, tolerance: float, most_rounds: int) -> tuple[Reals, int, float]:
    """Scale `seed` (Z, Z) so that row sums meet `rows` and column sums `columns`.

    Returns (matrix, rounds, worst relative error of a row sum before the last half step). Once that is within the
    tolerance rows are met exactly and columns to the tolerance.
    """
    z = seed.shape[0]
    a = np.ones(z)
    b = np.ones(z)
    total = np.empty(z)
    worst = np.inf
    rounds = 0
    while rounds < most_rounds:
        worst = 0.0
        for i in range(z):
            s = 0.0
            for j in range(z):
                s += seed[i, j] * b[j]
            if rows[i] > 0.0:
                worst = max(worst, abs(a[i] * s - rows[i]) / rows[i])
                a[i] = rows[i] / s if s > 0.0 else 0.0
            else:
                a[i] = 0.0
        if rounds > 0 and worst < tolerance:
            break
        total[:] = 0.0
        for i in range(z):
            if a[i] > 0.0:
                for j in range(z):
                    total[j] += a[i] * seed[i, j]
        for j in range(z):
            b[j] = columns[j] / total[j] if total[j] > 0.0 else 0.0
        rounds += 1
    out = np.empty((z, z))
    for i in range(z):
        for j in range(z):
            out[i, j] = a[i] * seed[i, j] * b[j]
    return out, rounds, worst
