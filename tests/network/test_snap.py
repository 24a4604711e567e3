from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import nearest_on_lines
from worlds import random_roads

from network import InputError, grid_city, units
from network.kernels.nearest import nearest_pieces
from network.snap import local_metres, snap


@pytest.mark.parametrize("seed", range(5))
def test_snap_finds_what_the_oracle_finds(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    points = np.column_stack((120.6 + rng.uniform(0, 0.02, 10), 31.3 + rng.uniform(0, 0.02, 10)))
    latitude = float(np.median(roads.lonlat[:, 1]))
    shape = local_metres(roads.shape_lonlat, latitude)
    lines = [shape[a:b].tolist() for a, b in zip(roads.shape_first, roads.shape_first[1:], strict=False)]
    found = snap(roads, points)
    for m in range(len(units.NETWORK_MODES)):
        usable = [s for s in range(len(lines)) if (roads.time_ms[m, roads.edges[s]] >= 0).any()]
        for i, point in enumerate(local_metres(points, latitude)):
            line, share, off_m = nearest_on_lines(point.tolist(), [lines[s] for s in usable])
            assert found.off_m[m, i] == pytest.approx(off_m, abs=1e-6)
            if found.segment[m, i] == usable[line]:
                assert found.along[m, i] == pytest.approx(share, abs=1e-6)


def test_a_point_lands_on_the_edge_not_on_its_node():
    city = grid_city(3)
    a, b = city.roads.shape_lonlat[:2]
    touch = snap(city.roads, (0.75 * a + 0.25 * b)[None])
    assert touch.segment[units.WALK, 0] == 0
    assert touch.along[units.WALK, 0] == pytest.approx(0.25, abs=1e-6)
    assert touch.off_m[units.WALK, 0] == pytest.approx(0, abs=1e-3)


def test_a_mode_without_streets_is_named():
    roads = grid_city(3).roads
    time_ms = roads.time_ms.copy()
    time_ms[units.CYCLE] = -1
    with pytest.raises(InputError, match="no street is open to cycle"):
        snap(replace(roads, time_ms=time_ms), np.array([[120.62, 31.3]]))


@pytest.mark.parametrize("seed", range(6))
def test_the_grid_finds_the_nearest_of_many_pieces(seed):
    """Long and short pieces, crowds and deserts, points far outside, rare modes: as measuring every piece."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, 1000, (300, 2)) ** (1 + seed % 2)
    b = a + rng.normal(0, (1.0, 60.0, 2000.0)[seed % 3], a.shape)
    b[0] = a[0]
    if seed == 5:
        a[:, 1] = b[:, 1] = 7.0
    points = rng.uniform(-3000, 5000, (60, 2))
    usable = rng.random((3, 300)) < [[1.0], [0.3], [0.01]]
    usable[:, 17] = True
    piece, share, squared = nearest_pieces(*points.T, *a.T, *b.T, usable)
    along = b - a
    norm = np.maximum((along**2).sum(axis=1), 1e-300)
    t = np.clip(((points[:, None] - a) * along).sum(axis=2) / norm, 0, 1)
    d = ((a + t[:, :, None] * along - points[:, None]) ** 2).sum(axis=2)
    for m in range(3):
        truth = np.where(usable[m], d, np.inf)
        assert squared[m] == pytest.approx(truth.min(axis=1))
        assert usable[m, piece[m]].all()
        assert truth[range(60), piece[m]] == pytest.approx(truth.min(axis=1))
        assert share[m] == pytest.approx(t[range(60), piece[m]])


def test_of_equally_near_pieces_the_first_is_taken():
    ends = np.array([[0.0, 0.0, 9.0, 0.0]] * 4 + [[0.0, 2.0, 9.0, 2.0]] * 40).T
    usable = np.ones((1, 44), bool)
    usable[0, 0] = False
    piece, _, _ = nearest_pieces(np.array([4.0]), np.array([1.0]), *ends, usable)
    assert piece[0, 0] == 1


def test_a_degree_of_longitude_shrinks_with_the_latitude():
    x, y = local_metres(np.array([[1.0, 1.0]]), 60.0)[0]
    assert y == pytest.approx(111_195, abs=1)
    assert x == pytest.approx(y / 2)


def test_the_nearest_street_is_nearest_in_metres_not_in_degrees():
    """At 60 degrees north a street 0.0015 degrees east is nearer than one 0.001 degrees north."""
    roads = grid_city(3).roads
    north, east = [[24.0, 60.001], [24.01, 60.001]], [[24.0015, 60.0], [24.0015, 60.01]]
    shape = roads.shape_lonlat.copy()
    shape[:] = (25.0, 60.005)
    shape[:2], shape[2:4] = north, east
    lonlat = np.full(roads.lonlat.shape, (24.0, 60.0))
    touch = snap(replace(roads, shape_lonlat=shape, lonlat=lonlat), np.array([[24.0, 60.0003]]))
    assert touch.segment[units.WALK, 0] == 0
    touch = snap(replace(roads, shape_lonlat=shape, lonlat=lonlat), np.array([[24.0, 60.0001]]))
    assert touch.segment[units.WALK, 0] == 1
    assert touch.off_m[units.WALK, 0] == pytest.approx(0.0015 * 111_195 / 2, rel=1e-3)
