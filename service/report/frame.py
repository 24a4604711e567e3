"""From degrees to the drawing: a local equirectangular projection, whole tenths of a pixel, and thinned lines.

Axes: X points, 2 (x to the right, y downwards).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from network import units

F64 = npt.NDArray[np.float64]
I64 = npt.NDArray[np.int64]
Points = list[tuple[int, int]]

TENTHS_PER_PX = 10
PAD = 0.03
"""White margin around the drawn area, as a share of its longer side."""
LEAST_ASPECT, MOST_ASPECT = 0.55, 1.0
"""Height over width of the drawing stays within these, so that it fits a page."""
LEAST_SPAN_M = 200.0
THIN_TENTHS = 4
"""Points that lie closer than this to the thinned line are dropped."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The part of the world a map shows. One metre is `px_per_m` pixels everywhere on it."""

    lon: float
    lat: float
    px_per_m: float
    width: int
    height: int

    def px(self, lonlat: F64) -> F64:
        """(X, 2) pixels of (X, 2) WGS-84 degrees; the centre of the frame is the centre of the drawing."""
        m_per_degree = math.radians(units.EARTH_RADIUS_M)
        scale = np.array([m_per_degree * math.cos(math.radians(self.lat)), -m_per_degree]) * self.px_per_m
        shown: F64 = (lonlat - (self.lon, self.lat)) * scale + (self.width / 2, self.height / 2)
        return shown

    def tenths(self, lonlat: F64) -> I64:
        """(X, 2) whole tenths of a pixel."""
        return np.rint(self.px(lonlat) * TENTHS_PER_PX).astype(np.int64)

    def holds(self, px: F64) -> npt.NDArray[np.bool_]:
        """(X) whether the pixels lie inside the drawing."""
        inside: npt.NDArray[np.bool_] = np.all((px >= 0) & (px <= (self.width, self.height)), axis=1)
        return inside


def frame_around(lonlat: F64, width_px: int) -> Frame:
    """The frame of this width that shows all points (X, 2), with a margin."""
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    lon, lat = ((low + high) / 2).tolist()
    m_per_degree = math.radians(units.EARTH_RADIUS_M)
    wide_m = max((high[0] - low[0]) * m_per_degree * math.cos(math.radians(lat)), LEAST_SPAN_M)
    tall_m = max((high[1] - low[1]) * m_per_degree, LEAST_SPAN_M)
    margin_m = PAD * max(wide_m, tall_m)
    wide_m, tall_m = wide_m + 2 * margin_m, tall_m + 2 * margin_m
    height = round(width_px * min(max(tall_m / wide_m, LEAST_ASPECT), MOST_ASPECT))
    return Frame(lon, lat, min(width_px / wide_m, height / tall_m), width_px, height)


def thinned(points: Points) -> Points:
    """The line without the points that do not show (Douglas and Peucker 1973, doi:10.3138/FM57-6770-U75U-7727)."""
    if len(points) < 3:
        return points
    keep, open_spans = {0, len(points) - 1}, [(0, len(points) - 1)]
    while open_spans:
        a, b = open_spans.pop()
        (ax, ay), (bx, by) = points[a], points[b]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        worst, at = float(THIN_TENTHS), 0
        for i in range(a + 1, b):
            px, py = points[i][0] - ax, points[i][1] - ay
            # to the piece itself, not to its endless line, or a spike along it would be lost
            along = min(max((px * dx + py * dy) / square, 0.0), 1.0) if square else 0.0
            off = math.hypot(px - along * dx, py - along * dy)
            if off > worst:
                worst, at = off, i
        if at:
            keep.add(at)
            open_spans += [(a, at), (at, b)]
    return [points[i] for i in sorted(keep)]


def path_data(lines: list[Points], *, close: bool = False) -> str:
    """SVG path data in whole tenths of a pixel; a line that starts where the last one ended goes on from there."""
    parts: list[str] = []
    last: tuple[int, int] | None = None
    for line in lines:
        points = thinned([p for i, p in enumerate(line) if i == 0 or p != line[i - 1]])
        if len(points) < 2:
            continue
        if close or points[0] != last:
            parts.append(f"M{points[0][0]} {points[0][1]}l")
        last = points[0]
        for point in points[1:]:
            dx, dy = point[0] - last[0], point[1] - last[1]
            parts.append(f"{'' if dx < 0 or parts[-1][-1] == 'l' else ' '}{dx}{'' if dy < 0 else ' '}{dy}")
            last = point
        if close:
            parts.append("z")
    return "".join(parts)
