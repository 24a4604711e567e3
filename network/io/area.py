"""The area beside lines, for maps of what is reached."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.io.layers import Plane
from network.part import F64, I64

F32 = npt.NDArray[np.float32]

_CELLS: Final = 6
"""Grid cells across the width to one side of a line, unless the grid grows too large; the outline is drawn between
grid points by the distance at both, so that it is far finer than a cell."""
_LEAST_CELLS: Final = 2
_ROUGH: Final = 0.1
"""Corners that lie within this share of a cell of the straight outline are left out."""
_STEP: Final = 0.5
"""Cells between two looks at which cell a line is in."""
_BLOCK: Final = 1 << 20
"""Grid points whose distances are found at a time."""
_UNSURE: Final = 2.0
"""The distance from cell to cell is less than this far from the distance to the line."""
_CORNERS: Final = np.array([[0, 0], [0, 1], [1, 1], [1, 0]])
"""Corners (row, column) of a cell, around it."""
_SIDES: Final = np.array([[0, 1], [1, 2], [3, 2], [0, 3]])
"""Corners of each side; neighbours see a side in the same direction, so that both find the same point on it."""
_NEARLY: Final = 1e-6
"""No grid point is nearer to the level line than this share of a cell, or pieces would be points."""


def area_beside(lonlat: F64, first: I64, beside_m: float, most_points: int) -> list[list[F64]]:
    """The area within `beside_m` of lines, as polygons: each a list of rings (X, 2), WGS-84 degrees.

    `lonlat` (P, 2), degrees: line i is lonlat[first[i]:first[i + 1]]. The first ring of a polygon is its outline,
    counterclockwise, the others its holes, clockwise; all end where they start (RFC 7946). No line, no polygon.
    Good to about 1 % of `beside_m` along streets; corners between them are cut by up to a quarter of it, and slits
    narrower than that may close. The outline is the level line of the distance to the lines, which is known on a grid:
    uniting thousands of overlapping strips takes many times as long.

    The grid has `most_points` points at most, some 20 bytes each. Raises InputError where the lines reach too far for
    so narrow an area.
    """
    import shapely
    from shapely.geometry.polygon import orient

    if not len(lonlat):
        return []
    plane = Plane(float(lonlat[:, 1].mean()))
    points = plane.metres(lonlat)
    low, high = points.min(axis=0), points.max(axis=0)
    span = high - low + 2 * beside_m
    cell = max(beside_m / _CELLS, float(np.sqrt(span.prod() / most_points)))
    if cell * _LEAST_CELLS > beside_m:
        what = f"is too narrow for an area of {span[0] / 1000:,.0f} x {span[1] / 1000:,.0f} km"
        raise InputError(Problem("beside_m", what, f"give at least {np.ceil(cell * _LEAST_CELLS):.0f} m"))
    origin = low - beside_m - 2 * cell
    distance = _distances((points - origin) / cell, first[1:], beside_m / cell)
    area = shapely.build_area(shapely.multilinestrings(_level_line(distance, beside_m / cell) * cell + origin))
    rings = shapely.simplify(area, _ROUGH * cell)
    return [
        [plane.degrees(shapely.get_coordinates(ring)) for ring in (polygon.exterior, *polygon.interiors)]
        for polygon in map(orient, shapely.get_parts(rings))
    ]


def _distances(points: F64, stop: I64, level: float) -> F32:
    """(rows, columns) from the points of a grid of spacing 1 to the nearest line, exact where it is about `level`.

    points (P, 2: x, y), those of line i end before stop[i]. The nearest cell with a line in it tells which piece of
    line is meant; the distance is to that piece.
    """
    from scipy.ndimage import distance_transform_edt

    along = np.diff(points, axis=0, append=points[-1:])
    along[stop - 1] = 0.0
    count = np.ceil(np.hypot(*along.T) / _STEP).astype(np.int64) + 1
    piece = np.repeat(np.arange(len(count)), count)
    share = (np.arange(len(piece)) - np.repeat(np.cumsum(count) - count, count)) / count[piece]
    at = np.rint(points[piece] + share[:, None] * along[piece]).astype(np.int64)
    shape = (*at.max(axis=0)[::-1] + at.min() + 1,)
    piece_at = np.full(shape, -1, np.int32)
    piece_at[at[:, 1], at[:, 0]] = piece
    near = distance_transform_edt(piece_at < 0, return_distances=False, return_indices=True)
    distance = np.empty(shape, np.float32)
    columns, rows = np.arange(shape[1]), max(1, _BLOCK // shape[1])
    for low in range(0, shape[0], rows):
        near_row, near_column = near[:, low : low + rows]
        block = distance[low : low + rows]
        block[:] = np.hypot(near_row - np.arange(low, low + len(block))[:, None], near_column - columns)
        row, column = np.nonzero(np.abs(block - level) < _UNSURE)
        piece = piece_at[near_row[row, column], near_column[row, column]]
        to = np.column_stack((column, row + low)) - points[piece]
        square = (along[piece] ** 2).sum(axis=1)
        share = np.divide((to * along[piece]).sum(axis=1), square, out=np.zeros(len(to)), where=square > 0)
        block[row, column] = np.hypot(*(to - np.clip(share, 0.0, 1.0)[:, None] * along[piece]).T)
    return distance


def _level_line(height: F32, level: float) -> F64:
    """(X, 2, 2: x, y) pieces of the line where a height on a grid of spacing 1 is `level`, ends of neighbours equal.

    Marching squares (Lorensen and Cline 1987, doi:10.1145/37401.37422, in the plane); a saddle parts its low corners.
    """
    low = height - np.float64(level) < _NEARLY
    corners = low[:-1, :-1], low[:-1, 1:], low[1:, 1:], low[1:, :-1]
    cell = np.argwhere(np.logical_or.reduce(corners) & ~np.logical_and.reduce(corners))
    corner = cell[:, None] + _CORNERS
    of_corner = height[corner[..., 0], corner[..., 1]] - np.float64(level)
    of_corner = np.where(np.abs(of_corner) < _NEARLY, -_NEARLY, of_corner)
    a, b = of_corner[:, _SIDES[:, 0]], of_corner[:, _SIDES[:, 1]]
    crossed = (a < 0) != (b < 0)
    share = np.divide(a, a - b, out=np.zeros_like(a), where=crossed)[..., None]
    point = corner[:, _SIDES[:, 0]] + share * (_CORNERS[_SIDES[:, 1]] - _CORNERS[_SIDES[:, 0]])
    first, last = crossed.argmax(axis=1), 3 - crossed[:, ::-1].argmax(axis=1)
    saddle = crossed.all(axis=1)
    first_low = of_corner[:, 0] < 0
    # the corner that a piece parts lies between its two sides: corner 0 between sides 3 and 0, and so on
    last[saddle & ~first_low] = 1
    more = np.flatnonzero(saddle)
    i = np.concatenate([np.arange(len(cell)), more])
    first = np.concatenate([first, np.where(first_low[more], 1, 2)])
    last = np.concatenate([last, np.where(first_low[more], 2, 3)])
    return np.stack([point[i, first], point[i, last]], axis=1)[..., ::-1]
