from __future__ import annotations

import numpy as np
from plain_paths import assert_same, uneven
from worlds import random_points


def test_skims_of_a_real_city_equal_the_plain_kernel(helsinki):
    roads, zones = helsinki[0].roads, helsinki[0].zones
    assert_same(roads, zones.snap, zones.snap)
    rng = np.random.default_rng(7)
    assert_same(uneven(rng, roads), random_points(rng, roads, 90), random_points(rng, roads, 60))
