from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plain_paths import assert_same, uneven
from worlds import random_points, random_roads

from network import CityError, CloseStreet, Roads, Scenario, Snap, grid_city, units
from network.hierarchy import hierarchy_of
from network.synthetic import grid_roads
from network.travel.roads import skim


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("nodes", "segments"), [(40, 45), (300, 450), (1500, 1700)])
def test_skims_equal_the_plain_kernel_on_random_streets(seed, nodes, segments):
    rng = np.random.default_rng((seed, nodes))
    roads = random_roads(rng, nodes, segments)
    assert_same(roads, random_points(rng, roads, 70), random_points(rng, roads, 45))


@pytest.mark.parametrize("n", [2, 3, 7, 30])
def test_skims_equal_the_plain_kernel_on_grids(n):
    rng = np.random.default_rng(n)
    roads = grid_roads(n)
    for streets in (roads, uneven(rng, roads)):
        assert_same(streets, random_points(rng, streets, 100), random_points(rng, streets, 33))


def test_no_points_no_times():
    roads, rng = grid_roads(3), np.random.default_rng(0)
    none = Snap(segment=np.zeros((3, 0), np.int32), along=np.zeros((3, 0)), off_m=np.zeros((3, 0)))
    some = random_points(rng, roads, 5)
    assert skim(roads, none, some, units.WALK)[0].shape == (0, 5)
    assert skim(roads, some, none, units.WALK)[0].shape == (5, 0)


@pytest.mark.parametrize("seed", range(5))
def test_the_hierarchy_is_complete(seed):
    """Whoever is above a node is above its parent or is the parent: contracting never lacks an arc."""
    rng = np.random.default_rng(seed)
    h = random_roads(rng, 80, 130).hierarchy
    above = [set(h.up_head[a:b].tolist()) for a, b in zip(h.up_first[:-1], h.up_first[1:], strict=True)]
    assert sorted(h.rank) == list(range(80))
    for r, mine in enumerate(above):
        assert all(x > r for x in mine)
        if mine:
            assert mine - {min(mine)} <= above[min(mine)]


def test_separators_of_a_grid_are_small():
    """A grid of n x n falls apart along its lines: no crossing sees many more than 2 n others above it."""
    for n in (10, 30, 60):
        assert np.diff(grid_roads(n).hierarchy.up_first).max() <= 2.5 * n


def test_the_order_depends_on_the_streets_alone():
    roads = grid_roads(12)
    again = hierarchy_of(roads.lonlat, roads.first, roads.head)
    assert again.digest == roads.hierarchy.digest


def test_streets_without_a_place_of_their_own_are_ordered_too():
    roads = grid_roads(6)
    heap = np.zeros_like(roads.lonlat)
    piled = replace(roads, lonlat=heap, hierarchy=hierarchy_of(heap, roads.first, roads.head))
    points = random_points(np.random.default_rng(1), roads, 20)
    assert_same(piled, points, points)


def test_nodes_without_streets_are_ordered():
    none = hierarchy_of(np.zeros((3, 2)), np.zeros(4, np.int32), np.zeros(0, np.int32))
    assert sorted(none.rank) == [0, 1, 2]
    assert hierarchy_of(np.zeros((1, 2)), np.array([0, 2], np.int32), np.zeros(2, np.int32)).slot.tolist() == [-1, -1]
    assert len(hierarchy_of(np.zeros((0, 2)), np.zeros(1, np.int32), np.zeros(0, np.int32)).rank) == 0


def test_a_closed_street_keeps_the_hierarchy():
    city = grid_city(5)
    closed = Scenario(edits=(CloseStreet(street="East Street 2"),)).apply(city)
    assert closed.roads.hierarchy is city.roads.hierarchy


def test_the_hierarchy_of_other_streets_is_refused():
    roads: Roads = grid_roads(4)
    for other in (grid_roads(5).hierarchy, hierarchy_of(roads.lonlat, roads.first, roads.head[::-1].copy())):
        with pytest.raises(CityError, match="do not describe one graph"):
            replace(roads, hierarchy=other)
    with pytest.raises(CityError, match="do not describe one hierarchy"):
        replace(roads.hierarchy, rank=np.zeros_like(roads.hierarchy.rank))
