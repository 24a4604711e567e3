"""The seed of a gravity model and Furness balancing of a doubly constrained matrix.

A round reads the seed once: while a row is in the cache its sum gives its factor, and the row so scaled goes into the
sums of the columns. Blocks of rows are summed apart and then in order, so the number of threads changes no byte. What
two rounds change leads the next one farther, which halves the rounds where they are many.
"""

import numpy as np
import numpy.typing as npt

from network.kernels.exponential import exp, log
from network.kernels.inner import Whole, crew_njit, inner_over_rows_njit, inner_rows_njit, outer_njit

Reals = npt.NDArray[np.float64]
Wholes = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]
Matrix = Reals | Singles

BLOCKS = 32
BUNDLE = 8
"""Rows that are added up together; with four a round of 5,000 zones takes a fifth longer than reading the matrix."""
SHARED_FROM = 2000
"""Zones from which threads share out a matrix. They wait for each other in every round, which takes longer than the
round itself on a machine that does other work too, unless there is much to do."""
LEAST_POWER = -87.0
"""e^-87 is about the least normal number of 32 bits; cells further below the best one of their row are none."""


@inner_rows_njit
def _powers(minutes: Reals, alpha: float, beta: float, least: float, out: Reals) -> int:
    """`alpha log(c) - beta c`, c at least `least`, -inf where there is no way; how many entries are no times."""
    wrong = 0
    for j in range(out.shape[0]):
        c = minutes[j]
        wrong += 0 if c >= 0.0 else 1
        power = -beta * max(c, least)
        out[j] = power if 0.0 <= c < np.inf else -np.inf
    if alpha != 0.0:
        for j in range(out.shape[0]):
            c = minutes[j]
            out[j] += alpha * log(max(c, least) if c < np.inf else 1.0)
    return wrong


@inner_rows_njit
def _highest(row: Reals) -> float:
    """The maximum, four numbers at a time: one at a time would wait for the one before."""
    fours = row.shape[0] // 4 * 4
    t0 = t1 = t2 = t3 = -np.inf
    for j in range(0, fours, 4):
        t0, t1, t2, t3 = max(t0, row[j]), max(t1, row[j + 1]), max(t2, row[j + 2]), max(t3, row[j + 3])
    for j in range(fours, row.shape[0]):
        t0 = max(t0, row[j])
    return max(t0, t1, t2, t3)


@inner_rows_njit
def _cells(power: Reals, top: float, out: Singles) -> None:
    for j in range(out.shape[0]):
        p = power[j] - top
        cell = exp(p)  # in any case: a condition around it would keep the loop scalar
        out[j] = cell if p > LEAST_POWER else 0.0


@crew_njit
def deterrence(
    crew: Whole, crews: Whole, minutes: Reals, alpha: float, beta: float, least: float, out: Singles, wrong: Wholes
) -> None:
    """Writes the seed (Z, Z) of a gravity model; how many entries of each row of `minutes` are `wrong` (Z).

    These are negative or no number. 0 where minutes are infinite. Each row is scaled to a highest cell of 1, which
    balancing undoes. Every crew takes a stretch of the rows.
    """
    z = minutes.shape[0]
    power = np.empty(z)
    for i in range(z * crew // crews, z * (crew + 1) // crews):
        wrong[i] = _powers(minutes[i], alpha, beta, least, power)
        top = _highest(power)
        _cells(power, top if top > -np.inf else 0.0, out[i])


@outer_njit
def parts(seed: Matrix, rows: Reals, columns: Reals) -> tuple[Wholes, Wholes, int]:
    """Parts of a matrix that trade nothing with each other: a number for each row, for each column, how many there are.

    Only rows and columns with a total count; the others, and columns that no row reaches, have the number -1.
    """
    z = seed.shape[0]
    of_row, of_column = np.full(z, -1, np.int64), np.full(z, -1, np.int64)
    left, open_columns = np.flatnonzero(rows > 0.0), np.flatnonzero(columns > 0.0)
    n, m, count = left.shape[0], open_columns.shape[0], 0
    stack = np.empty(n, np.int64)
    while n > 0:
        n -= 1
        stack[0], top = left[n], 1
        of_row[left[n]] = count
        while top > 0:
            top -= 1
            i = stack[top]
            k = 0
            while k < m:
                j = open_columns[k]
                if not seed[i, j] > 0.0:
                    k += 1
                    continue
                of_column[j] = count
                m -= 1
                open_columns[k] = open_columns[m]
                r = 0
                while r < n:
                    if seed[left[r], j] > 0.0:
                        of_row[left[r]] = count
                        stack[top] = left[r]
                        top += 1
                        n -= 1
                        left[r] = left[n]
                    else:
                        r += 1
        count += 1
    return of_row, of_column, count


@inner_rows_njit
def _copy(row: Reals, out: Reals) -> None:
    """Instead of out[:] = row, whose message for rows of two lengths takes longer to compile than all else."""
    for j in range(out.shape[0]):
        out[j] = row[j]


@inner_rows_njit
def _factor(row: float, total: float) -> float:
    return row / total if row > 0.0 and total > 0.0 else 0.0


@inner_rows_njit
def _block(zones: int, blocks: int, k: int) -> int:
    """Where block k of rows begins: whole bundles in each but the last."""
    return zones if k == blocks else zones * k // blocks // BUNDLE * BUNDLE


@inner_rows_njit
def _sweep(seed: Matrix, low: int, high: int, rows: Reals, a: Reals, b: Reals, total: Reals) -> None:
    """Factors `a` of the rows from `low` to `high` under `b`, and their part of the sums of the columns in `total`.

    A bundle of rows is added to the columns while the next one, which comes from memory, is summed: `b` and `total` are
    gone through once a bundle, so that reading the rows is all that takes time.
    """
    z = seed.shape[1]
    total[:] = 0.0
    if low == high:
        return
    a0 = a1 = a2 = a3 = a4 = a5 = a6 = a7 = 0.0
    r0 = r1 = r2 = r3 = r4 = r5 = r6 = r7 = seed[low]
    bundled = low + (high - low) // BUNDLE * BUNDLE
    for i in range(low, bundled, BUNDLE):
        n0, n1, n2, n3 = seed[i], seed[i + 1], seed[i + 2], seed[i + 3]
        n4, n5, n6, n7 = seed[i + 4], seed[i + 5], seed[i + 6], seed[i + 7]
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        for j in range(z):
            total[j] += ((a0 * r0[j] + a1 * r1[j]) + (a2 * r2[j] + a3 * r3[j])) + (
                (a4 * r4[j] + a5 * r5[j]) + (a6 * r6[j] + a7 * r7[j])
            )
            s0 += n0[j] * b[j]
            s1 += n1[j] * b[j]
            s2 += n2[j] * b[j]
            s3 += n3[j] * b[j]
            s4 += n4[j] * b[j]
            s5 += n5[j] * b[j]
            s6 += n6[j] * b[j]
            s7 += n7[j] * b[j]
        a0, a1 = _factor(rows[i], s0), _factor(rows[i + 1], s1)
        a2, a3 = _factor(rows[i + 2], s2), _factor(rows[i + 3], s3)
        a4, a5 = _factor(rows[i + 4], s4), _factor(rows[i + 5], s5)
        a6, a7 = _factor(rows[i + 6], s6), _factor(rows[i + 7], s7)
        r0, r1, r2, r3, r4, r5, r6, r7 = n0, n1, n2, n3, n4, n5, n6, n7
        a[i], a[i + 1], a[i + 2], a[i + 3] = a0, a1, a2, a3
        a[i + 4], a[i + 5], a[i + 6], a[i + 7] = a4, a5, a6, a7
    for j in range(z):
        total[j] += ((a0 * r0[j] + a1 * r1[j]) + (a2 * r2[j] + a3 * r3[j])) + (
            (a4 * r4[j] + a5 * r5[j]) + (a6 * r6[j] + a7 * r7[j])
        )
    for i in range(bundled, high):
        r0 = seed[i]
        s0 = 0.0
        for j in range(z):
            s0 += r0[j] * b[j]
        a0 = _factor(rows[i], s0)
        for j in range(z):
            total[j] += a0 * r0[j]
        a[i] = a0


@inner_rows_njit
def _worst(columns: Reals, shares: Reals, b: Reals) -> float:
    """Worst relative error of a column under `b`; the sums of the blocks are added up in the first of `shares`."""
    total = shares[0]
    for k in range(1, shares.shape[0]):
        for j in range(total.shape[0]):
            total[j] += shares[k, j]
    worst = 0.0
    for j in range(total.shape[0]):
        if columns[j] > 0.0:
            worst = max(worst, abs(b[j] * total[j] - columns[j]) / columns[j])
    return worst


@inner_rows_njit
def _next(columns: Reals, total: Reals, b: Reals, goal: Reals, step: Reals, led: bool) -> None:
    """`b` becomes the factors of the next round: those that meet the columns, or where these and the last ones lead if
    `led`.

    Anderson's acceleration of depth one on the logarithms, weighted by the columns (1965, doi:10.1145/321296.321305).
    `goal` and `step` (2, Z) are the logarithms of the factors that meet the columns and how far off they were, in the
    last round and in this one.
    """
    z = b.shape[0]
    for j in range(z):
        goal[0, j], step[0, j] = goal[1, j], step[1, j]
        moves = columns[j] > 0.0 and total[j] > 0.0 and b[j] > 0.0
        goal[1, j] = log(columns[j] / total[j]) if moves else 0.0
        step[1, j] = goal[1, j] - log(b[j]) if moves else 0.0
    along = whole = 0.0
    for j in range(z):
        change = step[1, j] - step[0, j]
        along += columns[j] * step[1, j] * change
        whole += columns[j] * change * change
    along = along / whole if led and whole > 0.0 else 0.0
    for j in range(z):
        b[j] = _factor(columns[j], total[j]) * exp(along * (goal[0, j] - goal[1, j]))


@inner_over_rows_njit
def _scale_row(seed: Matrix, a: float, b: Reals, out: Reals) -> None:
    """No kernel of rows: these two may be the same."""
    for j in range(out.shape[0]):
        out[j] = a * seed[j] * b[j]


@inner_over_rows_njit
def _alone(
    seed: Matrix, rows: Reals, columns: Reals, tolerance: float, most_rounds: int, out: Reals
) -> tuple[int, float]:
    """All rounds of one matrix."""
    z = seed.shape[0]
    a, b, last = np.zeros(z), np.ones(z), np.ones(z)
    shares, goal, step = np.empty((1, z)), np.zeros((2, z)), np.zeros((2, z))
    worst, rounds = np.inf, 0
    while rounds < most_rounds and not worst <= tolerance:
        _copy(b, last)
        _sweep(seed, 0, z, rows, a, b, shares[0])
        rounds += 1
        before, worst = worst, _worst(columns, shares, b)
        if worst > tolerance:
            _next(columns, shares[0], b, goal, step, rounds > 1 and worst < before)
    for i in range(z):
        _scale_row(seed[i], a[i], last, out[i])
    return rounds, worst


@crew_njit
def furness(
    crew: Whole, crews: Whole, seed: Matrix, rows: Reals, columns: Reals, tolerance: float, most_rounds: int,
    out: Reals, rounds: Wholes, worst: Reals,
) -> None:  # fmt: skip
    """Scale each matrix of `seed` (U, Z, Z), of 64 or 32 bits, to sums of rows `rows` and of columns `columns` (U, Z).

    Writes `out`, which may be the seed itself, how many `rounds` (U) it took, and the `worst` relative error of a
    column (U): rows are met exactly, but for those that have a total and no cell, and columns to that error. Sums are
    taken with 64 bits. Furness (1965), Traffic Engineering and Control 7, 458-460.

    Every crew takes each `crews`-th matrix: threads need not wait for each other in every round.
    """
    for u in range(crew, rows.shape[0], crews):
        rounds[u], worst[u] = _alone(seed[u], rows[u], columns[u], tolerance, most_rounds, out[u])


@crew_njit
def sweep(crew: Whole, crews: Whole, seed: Matrix, rows: Reals, a: Reals, b: Reals, shares: Reals) -> None:
    """Half a round of one large matrix: factors `a` of its rows (Z) under `b`, and sums of columns in `shares` (B, Z).

    These are of blocks of rows, as many whatever the number of crews, so that the sums do not depend on it.
    """
    z, blocks = seed.shape[0], shares.shape[0]
    for k in range(blocks * crew // crews, blocks * (crew + 1) // crews):
        _sweep(seed, _block(z, blocks, k), _block(z, blocks, k + 1), rows, a, b, shares[k])


@outer_njit
def settle(columns: Reals, shares: Reals, b: Reals, goal: Reals, step: Reals, before: float, tolerance: float) -> float:
    """The other half: worst relative error of a column, and `b` for the next round where that is above `tolerance`.

    `before` is the error of the last round, infinite in the first; `goal` and `step` (2, Z) are zero then.
    """
    worst = _worst(columns, shares, b)
    if worst > tolerance:
        _next(columns, shares[0], b, goal, step, worst < before < np.inf)
    return worst


@crew_njit
def scale(crew: Whole, crews: Whole, seed: Matrix, a: Reals, b: Reals, out: Reals) -> None:
    """Writes the seed times the factors of rows and columns."""
    z = seed.shape[0]
    for i in range(z * crew // crews, z * (crew + 1) // crews):
        _scale_row(seed[i], a[i], b, out[i])
