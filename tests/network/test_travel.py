from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles import distances, with_points
from worlds import random_points, random_roads

from network import (
    AddChargers,
    CloseStreet,
    Scenario,
    ScenarioError,
    SetDemand,
    SetElectricShare,
    SetPrice,
    SetStreetSpeed,
    Snap,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.travel.reach import within_metres
from network.travel.roads import skim

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("seed", range(30))
def test_skims_equal_dijkstra_on_random_streets(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    points = random_points(rng, roads)
    for mode in range(len(units.NETWORK_MODES)):
        graph = with_points(
            roads,
            points,
            mode,
            lambda e, m=mode: (int(roads.time_ms[m, e]), int(roads.length_mm[e])),
            lambda e, m=mode: (int(roads.delay_ms[m, e]), 0),
        )
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
@pytest.mark.parametrize("mode", [units.WALK, units.DRIVE], ids=["walk", "drive"])
def test_reach_equals_dijkstra_within_the_limit(seed, mode):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    starts, ends = random_points(rng, roads), random_points(rng, roads)
    both = replace(
        starts,
        segment=np.hstack((starts.segment, ends.segment)),
        along=np.hstack((starts.along, ends.along)),
        off_m=np.hstack((starts.off_m, ends.off_m)),
    )
    graph = with_points(roads, both, mode, lambda e: (int(roads.length_mm[e]), 0))
    first, place, metres = within_metres(roads, starts, ends, mode, 300.0)
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
        segment=np.tile(np.array([0, 1], np.int32), (4, 1)), along=np.tile([0.25, 0.25], (4, 1)), off_m=np.zeros((4, 2))
    )
    time_s, length_m = skim(roads, points, points, units.WALK)
    assert length_m == pytest.approx(np.array([[0, 200], [200, 0]]))
    assert time_s[0, 1] == pytest.approx(200 / 1.3, abs=0.002)


def test_a_trip_inside_a_zone_is_half_the_mean_of_the_three_nearest():
    travel = travel_times(grid_city(5))
    for k in (units.TRIP_WALK, units.TRIP_CAR):
        length_m = travel.length_m(k, 0)
        row = np.sort(np.delete(length_m[7], 7))[:3]
        assert length_m[7, 7] == pytest.approx(row.mean() / 2)


def changed_keys(travel, base):
    return {name for name, key in travel.keys.items() if key != base.keys[name]}


def test_what_did_not_change_is_not_computed_again():
    city = grid_city(5)
    base = travel_times(city)
    for edit, renewed in (
        (AddChargers(place="place/3", plugs=1, charger="ultra_fast"), set()),
        (SetPrice(item="parking", cny=0), set()),
        (SetElectricShare(share=0.9, area="west"), set()),
        (SetDemand(zone="zone/1", jobs=5), {"passing"}),
    ):
        changed = travel_times(Scenario(edits=(edit,)).apply(city), base)
        assert changed_keys(changed, base) == renewed
    closed = Scenario(edits=(CloseStreet(street="East Street 2"),)).apply(city)
    again, fresh = travel_times(closed, base), travel_times(closed)
    assert again.keys == fresh.keys
    assert changed_keys(again, base) == {"drive", "door", "fast", "passing"}
    for (name, mine), (_, other) in zip(again.arrays(), fresh.arrays(), strict=True):
        assert np.array_equal(mine, other), name


def test_plugs_that_stand_where_none_may_be_added_are_reached():
    city = grid_city(5)
    shut = city.places.most_plugs.copy()
    shut[[1, 2]] = 0
    plugs = city.supply.plugs.copy()
    plugs[:, [1, 2]] = [[0, 0], [0, 0], [0, 3]]
    changed = replace(city, places=replace(city.places, most_plugs=shut), supply=replace(city.supply, plugs=plugs))
    travel = travel_times(changed)
    for reached in (travel.reach_place, travel.fast_place):
        assert 2 in reached
        assert 1 not in reached


def test_opening_a_place_to_plugs_renews_the_reach():
    city = grid_city(5)
    base = travel_times(city)
    more = replace(city, places=replace(city.places, most_plugs=np.where(np.arange(8) == 2, 0, city.places.most_plugs)))
    now = travel_times(more, base)
    assert changed_keys(now, base) == {"reach", "fast"}
    assert 2 not in now.reach_place
    assert 2 not in now.fast_place


def test_very_slow_streets_do_not_overflow():
    """The slowest street that can be set: no negative time, no way lost that has another end."""
    city = grid_city(5)
    base = travel_times(city)
    slowest = city.roads.length_m.max() * 3.6 * 1000 / units.MOST_EDGE_MS * 1.0001
    for names in (["East Street 2"], [str(name) for name in city.roads.way_name]):
        edits = tuple(SetStreetSpeed(street=name, kmh=slowest, modes=units.NETWORK_MODES) for name in names)
        slow = travel_times(Scenario(edits=edits).apply(city))
        assert (slow.road_time_s >= base.road_time_s - 1e-9).all()
    with pytest.raises(ScenarioError, match="cannot be counted"):
        Scenario(edits=(SetStreetSpeed(street="East Street 2", kmh=slowest / 1.001),)).apply(city)


def test_a_way_round_a_street_that_takes_for_ever_is_found():
    """An edge of the longest time that counts, at either end of a trip, hides no other way."""
    roads = grid_city(4).roads
    time_ms = roads.time_ms.copy()
    time_ms[:, roads.edges[0, 0]] = units.MOST_EDGE_MS
    roads = replace(roads, time_ms=time_ms)
    points = Snap(
        segment=np.tile(np.array([0, 5], np.int32), (4, 1)), along=np.tile([0.5, 0.5], (4, 1)), off_m=np.zeros((4, 2))
    )
    time_s, _ = skim(roads, points, points, units.WALK)
    graph = with_points(roads, points, units.WALK, lambda e: (int(roads.time_ms[units.WALK, e]), 0))
    for i, j in ((0, 1), (1, 0)):
        (truth,) = distances(graph, ("out", i), [("in", j)])
        assert time_s[i, j] == truth[0] / 1000 < 3600


def test_a_slow_street_is_judged_by_its_own_length():
    city = grid_city(5)
    longer = np.where(city.roads.way_name[city.roads.way] == "East Street 1", 20_000.0, 200.0)
    city = replace(city, roads=replace(city.roads, length_m=longer))
    Scenario(edits=(SetStreetSpeed(street="East Street 2", kmh=0.001),)).apply(city)


def test_travel_times_of_another_city_are_refused():
    city = grid_city(4)
    travel = travel_times(city)
    b = city.behaviour
    others = [
        Scenario(edits=(CloseStreet(street="East Street 2"),)).apply(city),
        replace(city, behaviour=replace(b, terminal_min=b.terminal_min + 1)),
        replace(city, transit=replace(city.transit, change_s=city.transit.change_s * 2)),
        replace(city, supply=replace(city.supply, plug_search_m=np.array(900.0))),
    ]
    for other in others:
        assert travel_times(other).keys != travel.keys
        with pytest.raises(ValueError, match="not the travel times of this city"):
            simulate(other, travel)
    dearer = Scenario(edits=(SetPrice(item="parking", cny=9),)).apply(city)
    assert simulate(dearer, travel).digest == simulate(dearer).digest


def test_every_network_mode_is_keyed_by_all_it_reads():
    city = grid_city(4)
    base = travel_times(city).keys
    roads, snap = city.roads, city.zones.snap
    longer = replace(city, roads=replace(roads, length_m=roads.length_m * 2))
    everything = {"stations"}  # no station has a space or a rack
    assert {k for k, v in travel_times(longer).keys.items() if v == base[k]} <= everything
    for m in range(len(units.NETWORK_MODES)):
        time_ms, delay_ms, along = roads.time_ms.copy(), roads.delay_ms.copy(), snap.along.copy()
        time_ms[m] = np.where(time_ms[m] < 0, -1, 2 * time_ms[m])
        delay_ms[m] = np.maximum(roads.time_ms[m] // 2, 0)
        along[m] = 1 - along[m] ** 2
        for other in (
            replace(city, roads=replace(roads, time_ms=time_ms)),
            replace(city, roads=replace(roads, delay_ms=delay_ms)),
            replace(city, zones=replace(city.zones, snap=replace(snap, along=along))),
        ):
            keys = travel_times(other).keys
            assert [n for n in units.NETWORK_MODES if keys[n] != base[n]] == [units.NETWORK_MODES[m]]


FOUR_THREADS = """
import threading
from network import grid_city, simulate
city = grid_city(6)
digests = []
threads = [threading.Thread(target=lambda: digests.append(simulate(city).digest)) for _ in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(digests), *set(digests))
"""


@pytest.mark.parametrize("cores", ["1", "2"])
def test_threads_may_share_a_city_on_machines_without_openmp(cores):
    """There numba falls back to its own work queue, which ends the process when two threads use it at once."""
    environment = os.environ | {"NUMBA_THREADING_LAYER": "workqueue", "NUMBA_NUM_THREADS": cores}
    done = subprocess.run(
        [sys.executable, "-c", FOUR_THREADS], capture_output=True, text=True, env=environment, cwd=ROOT, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["4", simulate(grid_city(6)).digest]
