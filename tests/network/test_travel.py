from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import distances, with_points
from worlds import random_points, random_roads

from network import AddChargers, CloseStreet, Scenario, SetDemand, SetPrice, Snap, grid_city, travel_times, units
from network.travel.roads import skim, walk_reach


@pytest.mark.parametrize("seed", range(30))
def test_skims_equal_dijkstra_on_random_streets(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    points = random_points(rng, roads)
    for mode in range(len(units.NETWORK_MODES)):
        graph = with_points(roads, points, mode, lambda e, m=mode: (int(roads.time_ms[m, e]), int(roads.length_mm[e])))
        time_s, length_m = skim(roads, points, points, mode)
        for i in range(points.segment.shape[1]):
            truth = distances(graph, ("out", i), [("in", j) for j in range(points.segment.shape[1])])
            for j, way in enumerate(truth):
                if way is None:
                    assert np.isinf(time_s[i, j])
                    assert np.isinf(length_m[i, j])
                else:
                    assert (time_s[i, j], length_m[i, j]) == (way[0] / 1000, way[1] / 1000), (seed, mode, i, j)


@pytest.mark.parametrize("seed", range(10))
def test_reach_equals_dijkstra_within_the_limit(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    starts, ends = random_points(rng, roads), random_points(rng, roads)
    both = replace(
        starts,
        segment=np.hstack((starts.segment, ends.segment)),
        along=np.hstack((starts.along, ends.along)),
        off_m=np.hstack((starts.off_m, ends.off_m)),
    )
    graph = with_points(roads, both, units.WALK, lambda e: (int(roads.length_mm[e]), 0))
    first, place, metres = walk_reach(roads, starts, ends, 300.0)
    count = starts.segment.shape[1]
    for i in range(count):
        truth = distances(graph, ("out", i), [("in", count + j) for j in range(count)])
        expected = [(j, round(d[0] / 1000)) for j, d in enumerate(truth) if d is not None and d[0] <= 300_000]
        row = slice(first[i], first[i + 1])
        assert [(int(j), int(m)) for j, m in zip(place[row], metres[row], strict=True)] == expected


def test_a_block_takes_as_long_as_its_length():
    roads = grid_city(4).roads
    # 150 m before the end of the first block of a street, then 50 m into the second
    points = Snap(
        segment=np.tile(np.array([0, 1], np.int32), (3, 1)), along=np.tile([0.25, 0.25], (3, 1)), off_m=np.zeros((3, 2))
    )
    time_s, length_m = skim(roads, points, points, units.WALK)
    assert length_m == pytest.approx(np.array([[0, 200], [200, 0]]))
    assert time_s[0, 1] == pytest.approx(200 / 1.3, abs=0.002)


def test_a_trip_inside_a_zone_is_half_the_mean_of_the_three_nearest():
    travel = travel_times(grid_city(5))
    for k in (units.TRIP_WALK, units.TRIP_CAR):
        row = np.sort(np.delete(travel.length_m[k, 7], 7))[:3]
        assert travel.length_m[k, 7, 7] == pytest.approx(row.mean() / 2)


def test_what_did_not_change_is_not_computed_again():
    city = grid_city(5)
    base = travel_times(city)
    for edit in (AddChargers(place="place/3", plugs=1), SetPrice(item="fare", cny=0), SetDemand(zone="zone/1", jobs=5)):
        changed = travel_times(Scenario(edits=(edit,)).apply(city), base)
        assert changed.keys[:3] == base.keys[:3]
    closed = Scenario(edits=(CloseStreet(street="East Street 2"),)).apply(city)
    again, fresh = travel_times(closed, base), travel_times(closed)
    assert again.keys == fresh.keys
    assert [a == b for a, b in zip(again.keys, base.keys, strict=True)] == [True, True, False, True]
    for (name, mine), (_, other) in zip(again.arrays(), fresh.arrays(), strict=True):
        assert np.array_equal(mine, other), name


def test_opening_a_place_to_plugs_renews_the_reach():
    city = grid_city(5)
    base = travel_times(city)
    more = replace(city, places=replace(city.places, most_plugs=np.where(np.arange(8) == 2, 0, city.places.most_plugs)))
    assert travel_times(more, base).keys[-1] != base.keys[-1]
    assert 2 not in travel_times(more, base).reach_place
