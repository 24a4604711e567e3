"""Who travels between which zones: a doubly constrained gravity model."""

from __future__ import annotations

from typing import Final

import numpy as np

from network.errors import InputError, Problem
from network.kernels.balancing import furness
from network.part import F64, Bools

TOLERANCE: Final = 1e-6
MOST_ROUNDS: Final = 2000
LEAST_MINUTES: Final = 0.1
"""No trip is shorter: two zones at one place are no minutes apart, and 0 has no negative power."""


def gravity(production: F64, attraction: F64, minutes: F64, alpha: float, beta_per_min: float) -> F64:
    """Trips (Z, Z) `T_ij = A_i O_i B_j D_j c^alpha exp(-beta c)`, balanced to a relative error of 1e-6.

    `minutes` (Z, Z) is infinite where there is no way. Zones that reach nobody produce no trips; where the city falls
    into parts, each part balances within itself. Wilson (1967), doi:10.1016/0041-1647(67)90035-4.

    Raises InputError where production and attraction cannot be balanced.
    """
    there = np.isfinite(minutes)
    c = np.maximum(np.where(there, minutes, 1.0), LEAST_MINUTES)
    seed = np.where(there, c**alpha * np.exp(-beta_per_min * c), 0.0)
    rows = np.where((seed > 0) @ (attraction > 0), production, 0.0)
    drawn = np.where((rows > 0) @ (seed > 0), attraction, 0.0)
    columns = _balanced_by_part(seed > 0, rows, drawn)
    trips, rounds, worst = furness(seed, rows, columns, TOLERANCE, MOST_ROUNDS)
    if not worst <= TOLERANCE:
        raise InputError(
            Problem(
                "distribution",
                f"trips do not balance: after {rounds} rounds a zone is still {worst:.2g} off its total",
                "look for zones that can be left but not reached",
            )
        )
    return np.asarray(trips)


def _balanced_by_part(there: Bools, rows: F64, columns: F64) -> F64:
    """Columns scaled so that rows and columns agree in every connected part of the city."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    parts, label = connected_components(csr_array(there), directed=False)
    made = np.bincount(label, rows, parts)
    drawn = np.bincount(label, columns, parts)
    return np.asarray(columns * np.divide(made, drawn, out=np.zeros(parts), where=drawn > 0)[label])
