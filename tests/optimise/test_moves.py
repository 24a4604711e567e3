from __future__ import annotations

import numpy as np
from cases import town

from optimise.location.arrays import pairs_of
from optimise.location.kernels.moves import touch


def test_touching_a_demand_marks_the_sites_in_its_reach_and_no_others():
    """A mark that is missing leaves an old worth standing, and the search then buys what no longer helps."""
    pairs = pairs_of(town())
    for i in range(len(pairs.first) - 1):
        stale = np.zeros(len(pairs.start) - 1, np.int64)
        near = pairs.site[pairs.first[i] : pairs.first[i + 1]]
        assert touch.py_func(pairs, stale, i) == len(near)
        assert np.flatnonzero(stale).tolist() == sorted(set(near.tolist()))
