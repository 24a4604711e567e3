"""Nearest place on line pieces, also one that no barrier hides, by grids of square cells."""

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from network.kernels.inner import Whole, crew_njit, inner_njit, inner_view_njit, outer_njit

Ints = npt.NDArray[np.integer]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TOUCH_M = 0.01
"""A barrier this close to either end of a connector is touched, not crossed: streets pass walls through gates."""
FEW = 500
"""Points that a thread is worth waking for."""
_SLACK = 1e-6
"""Share of a cell by which rounding may put a point or a piece into the cell beside its own."""


class Grid(NamedTuple):
    """Line pieces a-b (Q) in plane metres and the cells that the box around each of them touches, as CSR."""

    ax: Reals
    ay: Reals
    bx: Reals
    by: Reals
    low_x: float
    low_y: float
    side: float
    columns: int
    rows: int
    first: Ints
    piece: Ints
    """Pieces of cell c = row * columns + column are piece[first[c]:first[c+1]], ascending."""


@outer_njit
def grid_of(ax: Reals, ay: Reals, bx: Reals, by: Reals) -> Grid:
    """The pieces a-b (Q each, metres) filed; there may be none."""
    if len(ax) == 0:
        return Grid(ax, ay, bx, by, 0.0, 0.0, 1.0, 1, 1, np.zeros(2, np.int64), np.zeros(0, np.int32))
    low_x, low_y, side, columns, rows = _layout(ax, ay, bx, by)
    first, piece = _filed(ax, ay, bx, by, low_x, low_y, side, columns, rows)
    return Grid(ax, ay, bx, by, low_x, low_y, side, columns, rows, first, piece)


@inner_njit
def _layout(ax: Reals, ay: Reals, bx: Reals, by: Reals) -> tuple[float, float, float, int, int]:
    """Lower corner, side, columns and rows of a grid around all pieces with about as many cells as pieces."""
    low_x, low_y = min(ax.min(), bx.min()), min(ay.min(), by.min())
    width, height = max(ax.max(), bx.max()) - low_x, max(ay.max(), by.max()) - low_y
    pieces = ax.shape[0]
    side = max(math.sqrt(width * height / pieces), max(width, height) / pieces)
    if side == 0.0:
        side = 1.0
    return low_x, low_y, side, int(width / side) + 1, int(height / side) + 1


@njit(inline="always")
def _cell(value: float, low: float, side: float, cells: int) -> int:
    """Row or column of a coordinate; what lies outside belongs to the outermost."""
    return int(min(max((value - low) / side, 0.0), cells - 1.0))


@inner_njit
def _filed(
    ax: Reals, ay: Reals, bx: Reals, by: Reals, low_x: float, low_y: float, side: float, columns: int, rows: int
) -> tuple[Ints, Ints]:
    """`first` and `piece` of a grid."""
    first = np.zeros(columns * rows + 1, np.int64)
    piece = np.empty(0, np.int32)
    for counted in (False, True):
        if counted:
            for cell in range(columns * rows):
                first[cell + 1] += first[cell]
            piece = np.empty(first[-1], np.int32)
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


@inner_view_njit
def _meet(
    px: float, py: float, qx: float, qy: float, length: float, ax: float, ay: float, bx: float, by: float
) -> bool:
    """Whether the line p-q of a length meets the line a-b, ends included, TOUCH_M or more away from p and from q."""
    if max(ax, bx) < min(px, qx) or min(ax, bx) > max(px, qx) or max(ay, by) < min(py, qy) or min(ay, by) > max(py, qy):
        return False
    dx, dy = qx - px, qy - py
    side_a = dx * (ay - py) - dy * (ax - px)
    side_b = dx * (by - py) - dy * (bx - px)
    if (side_a > 0.0 and side_b > 0.0) or (side_a < 0.0 and side_b < 0.0):
        return False
    side_p = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
    side_q = (bx - ax) * (qy - ay) - (by - ay) * (qx - ax)
    if (side_p > 0.0 and side_q > 0.0) or (side_p < 0.0 and side_q < 0.0):
        return False
    if side_p == side_q:
        from_a = (dx * (ax - px) + dy * (ay - py)) / length
        from_b = (dx * (bx - px) + dy * (by - py)) / length
        return max(from_a, from_b) >= TOUCH_M and min(from_a, from_b) <= length - TOUCH_M
    return TOUCH_M <= side_p / (side_p - side_q) * length <= length - TOUCH_M


@inner_view_njit
def _crosses(px: float, py: float, qx: float, qy: float, walls: Grid) -> bool:
    """Whether the connector p-q crosses a piece of `walls`: row by row through their grid, from p to q."""
    dx, dy = qx - px, qy - py
    length = math.hypot(dx, dy)
    slack = _SLACK * walls.side
    if (
        length <= 2.0 * TOUCH_M
        or max(px, qx) < walls.low_x - slack
        or max(py, qy) < walls.low_y - slack
        or min(px, qx) > walls.low_x + walls.columns * walls.side + slack
        or min(py, qy) > walls.low_y + walls.rows * walls.side + slack
    ):
        return False
    up, right = (1 if dy >= 0.0 else -1), (1 if dx >= 0.0 else -1)
    last_row = _cell(qy + up * slack, walls.low_y, walls.side, walls.rows)
    for row in range(_cell(py - up * slack, walls.low_y, walls.side, walls.rows), last_row + up, up):
        enters, leaves = 0.0, 1.0
        if dy != 0.0:
            near = walls.low_y + (row if up > 0 else row + 1) * walls.side - up * slack
            enters = min(1.0, max(0.0, (near - py) / dy))
            leaves = min(1.0, max(0.0, (near + up * (walls.side + 2.0 * slack) - py) / dy))
        column = _cell(px + enters * dx - right * slack, walls.low_x, walls.side, walls.columns)
        last = _cell(px + leaves * dx + right * slack, walls.low_x, walls.side, walls.columns)
        for c in range(column, last + right, right):
            cell = row * walls.columns + c
            for w in walls.piece[walls.first[cell] : walls.first[cell + 1]]:
                if _meet(px, py, qx, qy, length, walls.ax[w], walls.ay[w], walls.bx[w], walls.by[w]):
                    return True
    return False


@inner_view_njit
def _in_sight(
    px: float, py: float, q: int, t: float, squared: float, most: float, lines: Grid, walls: Grid
) -> tuple[float, float]:
    """Share and squared distance of the place of a piece that no wall hides: the nearest, else the nearer end.

    Infinity where there is none up to the squared distance `most`.
    """
    ax, ay, bx, by = lines.ax[q], lines.ay[q], lines.bx[q], lines.by[q]
    if not _crosses(px, py, ax + t * (bx - ax), ay + t * (by - ay), walls):
        return t, squared
    to_a, to_b = (ax - px) ** 2 + (ay - py) ** 2, (bx - px) ** 2 + (by - py) ** 2
    ends = ((0.0, ax, ay, to_a), (1.0, bx, by, to_b))
    for end, x, y, d in ends if to_a <= to_b else (ends[1], ends[0]):
        if d <= most and end != t and not _crosses(px, py, x, y, walls):
            return end, d
    return t, np.inf


@njit(inline="always")
def _worst(squared: Reals) -> float:
    """The largest: a method of numpy's could not be compiled where nobody counts who holds an array."""
    worst: float = squared[0]
    for m in range(1, squared.shape[0]):
        worst = max(worst, squared[m])
    return worst


@njit(inline="always")
def _wins(d: float, q: int, squared: float, piece: int) -> bool:
    """Whether piece q at squared distance d is better than what was found; of equals the first piece is."""
    return d < squared or (d == squared and q < piece)


@inner_view_njit
def _improve(
    px: float, py: float, lines: Grid, cell: int, owner: Ints, usable: Flags, walls: Grid, heeded: np.bool_,
    piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """Let every piece of a cell compete for being the nearest of each mode, the nearest in sight if `heeded`."""
    for q in lines.piece[lines.first[cell] : lines.first[cell + 1]]:
        ax, ay = lines.ax[q], lines.ay[q]
        dx, dy = lines.bx[q] - ax, lines.by[q] - ay
        norm = dx * dx + dy * dy
        t = 0.0
        if norm > 0.0:
            t = min(1.0, max(0.0, ((px - ax) * dx + (py - ay) * dy) / norm))
        ex, ey = ax + t * dx - px, ay + t * dy - py
        d = ex * ex + ey * ey
        looked = not heeded
        for m in range(usable.shape[0]):
            if _wins(d, q, squared[m], piece[m]) and usable[m, owner[q]]:
                if not looked:
                    # A piece lies in several cells: look only from the one where its nearest place is.
                    x = min(max(ax + t * dx, min(ax, lines.bx[q])), max(ax, lines.bx[q]))
                    y = min(max(ay + t * dy, min(ay, lines.by[q])), max(ay, lines.by[q]))
                    row = _cell(y, lines.low_y, lines.side, lines.rows)
                    if cell != row * lines.columns + _cell(x, lines.low_x, lines.side, lines.columns):
                        break
                    t, d = _in_sight(px, py, q, t, d, _worst(squared), lines, walls)
                    looked = True
                    if not _wins(d, q, squared[m], piece[m]):
                        continue
                squared[m], piece[m], share[m] = d, q, t


@inner_view_njit
def _search(
    px: float, py: float, lines: Grid, owner: Ints, usable: Flags, walls: Grid, heeded: np.bool_,
    piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """Improve on `squared` by cells in rings around the point's own.

    A ring is the last one when nothing beyond it can be nearer than what is found.
    """
    column = _cell(px, lines.low_x, lines.side, lines.columns)
    row = _cell(py, lines.low_y, lines.side, lines.rows)
    off_x = max(lines.low_x - px, 0.0, px - lines.low_x - lines.columns * lines.side)
    off_y = max(lines.low_y - py, 0.0, py - lines.low_y - lines.rows * lines.side)
    for ring in range(max(lines.columns, lines.rows)):
        gap = max(ring - 1 - _SLACK, 0.0) * lines.side
        if _worst(squared) < off_x * off_x + off_y * off_y + gap * gap:
            break
        for r in range(max(row - ring, 0), min(row + ring, lines.rows - 1) + 1):
            step = 1 if abs(r - row) == ring else max(2 * ring, 1)
            for c in range(column - ring, column + ring + 1, step):
                if 0 <= c < lines.columns:
                    cell = r * lines.columns + c
                    _improve(px, py, lines, cell, owner, usable, walls, heeded, piece, share, squared)


@crew_njit
def nearest_pieces(
    crew: Whole, crews: Whole, x: Reals, y: Reals, lines: Grid, owner: Ints, usable: Flags, walls: Grid,
    detour_m: float, piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """For each point (X) and mode: nearest piece whose owner is usable, share passed, squared distance in m2.

    `owner` (Q) counts the columns of `usable` (M, S). Writes to `piece` (X, M), before -1, which stays where nothing is
    usable, `share` (X, M), and `squared` (X, M), before infinite. Ties go to the first piece. Where `walls` hide the
    nearest place, the nearest place in sight is taken instead, each piece offering its nearest place and behind it its
    ends, unless it is `detour_m` farther. Every crew takes a stretch of the points.
    """
    points = x.shape[0]
    for i in range(points * crew // crews, points * (crew + 1) // crews):
        _nearest(x[i], y[i], lines, owner, usable, walls, detour_m, piece[i], share[i], squared[i])


@inner_njit
def _nearest(
    px: float, py: float, lines: Grid, owner: Ints, usable: Flags, walls: Grid, detour_m: float,
    piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """The nearest piece in sight of one point by mode, as `nearest_pieces`."""
    if lines.ax.shape[0] > 0:
        _search(px, py, lines, owner, usable, walls, np.bool_(False), piece, share, squared)
        if walls.ax.shape[0] > 0:
            _look_round(px, py, lines, owner, usable, walls, detour_m, piece, share, squared)


@inner_njit
def _look_round(
    px: float, py: float, lines: Grid, owner: Ints, usable: Flags, walls: Grid, detour_m: float,
    piece: Ints, share: Reals, squared: Reals,
) -> None:  # fmt: skip
    """Replace the places that walls hide by others in sight where there are any within the detour."""
    old_piece, old_share, old_squared = piece.copy(), share.copy(), squared.copy()
    hidden = False
    for m in range(piece.shape[0]):
        q, t = piece[m], share[m]
        if q >= 0:
            ax, ay = lines.ax[q], lines.ay[q]
            if _crosses(px, py, ax + t * (lines.bx[q] - ax), ay + t * (lines.by[q] - ay), walls):
                hidden = True
                piece[m], squared[m] = -1, (math.sqrt(squared[m]) + detour_m) ** 2
    if hidden:
        _search(px, py, lines, owner, usable, walls, np.bool_(True), piece, share, squared)
        for m in range(piece.shape[0]):
            if piece[m] < 0:
                piece[m], share[m], squared[m] = old_piece[m], old_share[m], old_squared[m]


@outer_njit
def crossing(px: Reals, py: Reals, qx: Reals, qy: Reals, walls: Grid) -> Flags:
    """(X) whether each connector p-q crosses a piece of `walls`; one met within TOUCH_M of p or q is only touched."""
    out = np.zeros(px.shape[0], np.bool_)
    for i in range(px.shape[0]):
        out[i] = _crosses(px[i], py[i], qx[i], qy[i], walls)
    return out
