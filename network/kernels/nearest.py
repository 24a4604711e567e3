"""Nearest place on a set of line pieces, by a grid of square cells."""

import math

import numpy as np
import numpy.typing as npt
from numba import njit, prange

Ints = npt.NDArray[np.integer]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SLACK = 1e-6
"""Share of a cell by which rounding may put a point or a piece into the cell beside its own."""


@njit(cache=True)
def _layout(ax: Reals, ay: Reals, bx: Reals, by: Reals) -> tuple[float, float, float, int, int]:
    """Lower corner, side, columns and rows of a grid around all pieces with about as many cells as pieces."""
    low_x, low_y = min(ax.min(), bx.min()), min(ay.min(), by.min())
    width, height = max(ax.max(), bx.max()) - low_x, max(ay.max(), by.max()) - low_y
    pieces = ax.shape[0]
    side = max(math.sqrt(width * height / pieces), max(width, height) / pieces)
    if side == 0.0:
        side = 1.0
    return low_x, low_y, side, int(width / side) + 1, int(height / side) + 1


@njit(cache=True, inline="always")
def _cell(value: float, low: float, side: float, cells: int) -> int:
    """Row or column of a coordinate; what lies outside belongs to the outermost."""
    return int(min(max((value - low) / side, 0.0), cells - 1.0))


@njit(cache=True)
def _filed(
    ax: Reals, ay: Reals, bx: Reals, by: Reals, low_x: float, low_y: float, side: float, columns: int, rows: int
) -> tuple[Ints, Ints]:
    """Pieces of each cell as CSR (first, piece): every cell that the box around a piece touches, pieces in order."""
    first = np.zeros(columns * rows + 1, np.int64)
    piece = np.empty(0, np.int64)
    for counted in (False, True):
        if counted:
            first[1:] = np.cumsum(first[1:])
            piece = np.empty(first[-1], np.int64)
        place = first[:-1].copy()
        for q in range(ax.shape[0]):
            left, right = _cell(min(ax[q], bx[q]), low_x, side, columns), _cell(max(ax[q], bx[q]), low_x, side, columns)
            low, high = _cell(min(ay[q], by[q]), low_y, side, rows), _cell(max(ay[q], by[q]), low_y, side, rows)
            for row in range(low, high + 1):
                for cell in range(row * columns + left, row * columns + right + 1):
                    if counted:
                        piece[place[cell]] = q
                        place[cell] += 1
                    else:
                        first[cell + 1] += 1
    return first, piece


@njit(cache=True)
def _improve(
    px: float, py: float, ax: Reals, ay: Reals, bx: Reals, by: Reals, usable: Flags, candidates: Ints,
    piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """Let every candidate compete for being the nearest of each mode; of equals the first piece wins."""
    for q in candidates:
        dx, dy = bx[q] - ax[q], by[q] - ay[q]
        norm = dx * dx + dy * dy
        t = 0.0
        if norm > 0.0:
            t = min(1.0, max(0.0, ((px - ax[q]) * dx + (py - ay[q]) * dy) / norm))
        ex, ey = ax[q] + t * dx - px, ay[q] + t * dy - py
        d = ex * ex + ey * ey
        for m in range(usable.shape[0]):
            if usable[m, q] and (d < squared[m] or (d == squared[m] and q < piece[m])):
                squared[m], piece[m], share[m] = d, q, t


@njit(cache=True, parallel=True)
def nearest_pieces(
    x: Reals, y: Reals, ax: Reals, ay: Reals, bx: Reals, by: Reals, usable: Flags
) -> tuple[Ints, Reals, Reals]:
    """For each point (X) and each row of `usable` (M, Q): nearest usable piece a-b, share passed, squared distance.

    Returns piece (M, X) int64, share (M, X), squared (M, X). Ties go to the first piece. Cells are searched in rings
    around the point's own; a ring is the last one when nothing beyond it can be nearer than what is found.
    """
    modes, points = usable.shape[0], x.shape[0]
    piece = np.full((points, modes), np.int64(-1), np.int64)
    share = np.zeros((points, modes))
    squared = np.full((points, modes), np.inf)
    if ax.shape[0] > 0:
        low_x, low_y, side, columns, rows = _layout(ax, ay, bx, by)
        first, filed = _filed(ax, ay, bx, by, low_x, low_y, side, columns, rows)
        for i in prange(points):
            column, row = _cell(x[i], low_x, side, columns), _cell(y[i], low_y, side, rows)
            off_x = max(low_x - x[i], 0.0, x[i] - low_x - columns * side)
            off_y = max(low_y - y[i], 0.0, y[i] - low_y - rows * side)
            for ring in range(max(columns, rows)):
                gap = max(ring - 1 - _SLACK, 0.0) * side
                if squared[i].max() < off_x * off_x + off_y * off_y + gap * gap:
                    break
                for r in range(max(row - ring, 0), min(row + ring, rows - 1) + 1):
                    step = 1 if abs(r - row) == ring else max(2 * ring, 1)
                    for c in range(column - ring, column + ring + 1, step):
                        if 0 <= c < columns:
                            some = filed[first[r * columns + c] : first[r * columns + c + 1]]
                            _improve(x[i], y[i], ax, ay, bx, by, usable, some, piece[i], share[i], squared[i])
    return piece.T, share.T, squared.T
