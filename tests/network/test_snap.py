from __future__ import annotations

import numpy as np
import pytest
from oracles import nearest_on_lines
from worlds import random_roads

from network import InputError, grid_city, units
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
    from dataclasses import replace

    roads = grid_city(3).roads
    time_ms = roads.time_ms.copy()
    time_ms[units.CYCLE] = -1
    with pytest.raises(InputError, match="no street is open to cycle"):
        snap(replace(roads, time_ms=time_ms), np.array([[120.62, 31.3]]))
