from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import shapely

from network import InputError
from network.io import area_beside
from network.io.layers import Plane

PLANE = Plane(31.3)
ORIGIN = np.array([120.62, 31.3])
POINTS = 1_000_000


def beside(lines_m, beside_m):
    """The area (plane metres) of lines in plane metres, and what shapely makes of the same."""
    lonlat = [PLANE.degrees(np.array(line, float)) + ORIGIN for line in lines_m]
    first = np.append(0, np.cumsum([len(line) for line in lines_m]))
    polygons = area_beside(np.concatenate(lonlat), first, beside_m, POINTS)
    plane = Plane(float(np.concatenate(lonlat)[:, 1].mean()))
    rings = [[plane.metres(ring - ORIGIN) for ring in polygon] for polygon in polygons]
    mine = shapely.multipolygons([shapely.Polygon(outline, holes) for outline, *holes in rings])
    moved = [shapely.LineString(plane.metres(line - ORIGIN)) for line in lonlat]
    return mine, shapely.union_all(shapely.buffer(moved, beside_m, quad_segs=32))


def boundary_gap(a, b):
    """Farthest that the boundary of one area is from that of the other [m]."""
    return max(shapely.hausdorff_distance(x.boundary, y.boundary, 0.01) for x, y in ((a, b), (b, a)))


@pytest.mark.parametrize("beside_m", [8, 40])
@pytest.mark.parametrize(
    "lines",
    [
        [[(0, 0), (500, 0)]],
        [[(0, 0), (0, 0)]],
        [[(0, 0), (300, 300), (300, 0)], [(0, 600), (50, 700)]],
        [[(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)]],
        [[(x, 0), (x, 800)] for x in range(0, 801, 200)] + [[(0, y), (800, y)] for y in range(0, 801, 200)],
        [[(0, 0), (400, 0), (400, 400), (0, 400), (0, 0)], [(200, 195), (200, 205)]],
    ],
)
def test_the_area_is_that_of_united_strips(lines, beside_m):
    mine, truth = beside(lines, beside_m)
    assert mine.is_valid
    assert truth.symmetric_difference(mine).area < 0.02 * truth.area
    assert boundary_gap(mine, truth) < beside_m / 4
    assert len(mine.geoms) == shapely.get_num_geometries(truth)
    assert sum(len(p.interiors) for p in mine.geoms) == sum(len(p.interiors) for p in shapely.get_parts(truth))


@pytest.mark.parametrize("seed", range(20))
def test_any_lines_give_a_valid_area_that_holds_them(seed):
    rng = np.random.default_rng(seed)
    lines = [rng.uniform(0, 900, (rng.integers(2, 6), 2)) for _ in range(rng.integers(1, 60))]
    mine, truth = beside(lines, 30)
    assert mine.is_valid
    assert truth.buffer(-15).within(mine.buffer(1e-6)) and mine.within(truth.buffer(15))
    assert truth.symmetric_difference(mine).area < 0.005 * truth.area


def test_no_line_no_area():
    assert area_beside(np.zeros((0, 2)), np.zeros(1, np.int64), 40, POINTS) == []


def test_an_area_too_wide_for_its_grid_is_refused():
    lonlat = np.array([[120.0, 31.0], [121.5, 32.5]])
    with pytest.raises(InputError, match="give at least"):
        area_beside(lonlat, np.array([0, 2]), 5, POINTS)


def test_the_largest_area_takes_tens_of_bytes_for_each_point():
    lonlat = np.array([[120.0, 31.0], [120.3, 31.3]])
    area_beside(lonlat, np.array([0, 2]), 90, POINTS)
    tracemalloc.start()
    try:
        area_beside(lonlat, np.array([0, 2]), 90, 4 * POINTS)
        _, most_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most_bytes < 30 * 4 * POINTS
