"""Stops within a walk of stations, entrances and people."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from stop_worlds import both_ways, city_with, degrees, drawn
from worlds import random_points, random_roads

from network import METRICS, AddChargers, AddStop, InputError, Scenario, SetPrice, grid_city, simulate, travel_times
from network.snap import local_metres
from network.travel import travel_keys
from network.travel.coverage import coverage_of, walks_between
from network.units import BUS, METRO, MM_PER_M, WALK

CANAL = [
    ((0.0, 0.0), (160.0, 0.0)),
    ((0.0, 90.0), (160.0, 90.0)),
    ((160.0, 0.0), (160.0, 90.0)),  # the bridge
    ((160.0, 90.0), (400.0, 90.0)),
]
"""Two streets along a canal; the entrance is far from the bridge."""
STREET = [((0.0, 0.0), (500.0, 0.0)), ((500.0, 0.0), (1000.0, 0.0))]


def by_the_canal(**rules):
    roads = drawn(CANAL)
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 3])]
    stops = [(5.0, 90.0), (395.0, 90.0), (5.0, 0.0), (400.0, 90.0)]
    return city_with(roads, stops, lines, [("Canal", (5.0, 0.0), 2)], **rules)


def test_a_canal_turns_90_m_into_400_m():
    found = coverage_of(by_the_canal())
    assert found.entrance_straight_m.tolist() == [90.0]
    assert found.entrance_walk_m.tolist() == [155.0 + 90.0 + 155.0]
    assert found.station_walk_m.tolist() == [400.0]
    assert not found.entrance_both_ways.any()


def test_what_is_straight_and_what_is_walked_are_two_metrics():
    metrics = simulate(by_the_canal()).metrics
    assert metrics["rail_entrance_bus_share_straight"] == metrics["rail_station_bus_share_straight"] == 1.0
    assert metrics["rail_entrance_bus_share"] == metrics["rail_station_bus_share"] == 0.0
    far = simulate(by_the_canal(entrance_m=400.0, station_m=400.0)).metrics
    assert far["rail_entrance_bus_share"] == far["rail_station_bus_share"] == 1.0
    assert simulate(by_the_canal(station_m=399.0)).metrics["rail_station_bus_share"] == 0.0


def test_beyond_the_search_there_is_no_stop():
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 1])]
    stops = [(501.0, 0.0), (900.0, 0.0), (0.0, 0.0)]
    found = coverage_of(city_with(drawn(STREET), stops, lines, [("A", (0.0, 0.0), 2)], search_m=500))
    assert (found.entrance_walk_m.tolist(), found.entrance_straight_m.tolist()) == ([np.inf], [501.0])
    with pytest.raises(InputError, match=r"search_m: is 499, below 500"):
        city_with(drawn(STREET), stops, lines, [("A", (0.0, 0.0), 2)], search_m=499)


@pytest.mark.parametrize(
    ("lines", "served"),
    [
        (both_ways("1", 0, 2), True),
        ([("1", BUS, [0, 2]), ("1", BUS, [2, 1])], False),  # the way back calls elsewhere
        ([("loop", BUS, [0, 2])], True),  # it has no way back
        ([("1", BUS, [0, 2]), ("2", BUS, [2, 0]), ("1", BUS, [2, 1]), ("2", BUS, [1, 2])], False),
        ([("1", BUS, [3, 2]), ("1", BUS, [2, 0])], True),  # each direction has a pole of its own
        ([("1", METRO, [0, 2]), ("1", METRO, [2, 0]), ("2", BUS, [1, 2])], False),
    ],
)
def test_both_ways_means_both_directions_of_one_line(lines, served):
    stops = [(100.0, 0.0), (900.0, 0.0), (600.0, 0.0), (140.0, 0.0)]
    city = city_with(drawn(STREET), stops, lines, [("A", (80.0, 0.0), None)])
    assert coverage_of(city).entrance_both_ways.tolist() == [served]


def test_a_station_takes_its_nearest_entrance_and_counts_once_trains_call():
    entrances = [("A", (0.0, 0.0), 2), ("A", (400.0, 0.0), 2), ("B", (1000.0, 0.0), None), ("C", (700.0, 0.0), 1)]
    lines = [*both_ways("bus", 0, 1), ("metro", METRO, [2, 3])]
    city = city_with(drawn(STREET), [(410.0, 0.0), (720.0, 0.0), (5.0, 0.0), (990.0, 0.0)], lines, entrances)
    found = coverage_of(city)
    assert found.entrance_walk_m.tolist() == [410.0, 10.0, 280.0, 20.0]
    assert found.station_walk_m.tolist() == [10.0, 280.0, 20.0]
    assert found.station_counts.tolist() == [True, True, False], "at C buses call, and no train"
    assert found.entrance_counts.tolist() == [True, True, True, False]
    stations = replace(city.transit.stations, entrance_eligible=np.array([False, True, True, True]))
    some = coverage_of(replace(city, transit=replace(city.transit, stations=stations)))
    assert some.entrance_counts.tolist() == [False, True, True, False]


def test_lines_of_later_years_serve_nobody_yet():
    city = by_the_canal(entrance_m=400.0)
    later = replace(city.transit, line_from_year=np.array([2030, 2030, 0], dtype=np.int32))
    found = coverage_of(replace(city, transit=later))
    assert found.entrance_walk_m.tolist() == [np.inf]
    metrics = simulate(replace(city, transit=later)).metrics
    assert (metrics["bus_lines"], metrics["rail_lines"], metrics["rail_km"]) == (0.0, 1.0, 1.0)


def test_without_stations_or_lines_there_is_nothing_to_say():
    bare = city_with(drawn(STREET), [(100.0, 0.0), (900.0, 0.0)], both_ways("bus", 0, 1), [])
    metrics = simulate(bare).metrics
    assert [metrics[name] for name in METRICS if name.startswith(("rail_station_", "rail_entrance_"))] == [None] * 5
    assert metrics["residents_near_stop_300_share"] is not None
    none = city_with(drawn(STREET), [(100.0, 0.0)], [], [])
    assert simulate(none).metrics["residents_near_stop_300_share"] is None


def test_people_are_weighed_where_they_live_and_work():
    city = grid_city(6, seed=1)
    outcome = simulate(city)
    near = outcome.coverage.zone_walk_m <= 300
    share = city.zones.jobs[near].sum() / city.zones.jobs.sum()
    assert outcome.metrics["jobs_near_stop_300_share"] == pytest.approx(share)
    assert outcome.metrics["residents_near_stop_500_share"] == 1.0


@pytest.mark.parametrize("seed", range(8))
def test_walks_are_those_of_dijkstra_and_no_shorter_than_the_straight_line(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng, nodes=14, segments=40)
    starts, ends = random_points(rng, roads, 6), random_points(rng, roads, 5)
    a, b = (np.column_stack((120.6 + rng.uniform(0, 0.02, n), 31.3 + rng.uniform(0, 0.02, n))) for n in (6, 5))
    limit_m = float(rng.integers(100, 900))
    first, end, metres = walks_between(roads, (a, starts), (b, ends), limit_m)
    points = replace(starts, **{n: np.concatenate((x, getattr(ends, n)), axis=1) for n, x in starts.arrays()})
    graph = oracles.with_points(roads, points, WALK, lambda e: (int(roads.length_mm[e]), 0))
    latitude = float(np.median(roads.lonlat[:, 1]))
    at, to = local_metres(a, latitude), local_metres(b, latitude)
    expected = []
    for i in range(6):
        for j, mm in enumerate(oracles.distances(graph, ("out", i), [("in", 6 + j) for j in range(5)])):
            if mm is not None and mm[0] <= limit_m * MM_PER_M:
                straight = np.rint(np.hypot(*(at[i] - to[j])))
                expected.append((i, j, max(np.rint(mm[0] / MM_PER_M), straight)))
    row = np.repeat(np.arange(6), np.diff(first))
    assert sorted(zip(row.tolist(), end.tolist(), metres.tolist(), strict=True)) == expected


@pytest.mark.parametrize("seed", range(5))
def test_a_new_stop_never_lowers_a_share(seed):
    rng = np.random.default_rng(seed)
    city = grid_city(8, seed=seed)
    base = coverage_of(city)
    lon, lat = degrees(rng.uniform(0, 1400, 2))[0].tolist()
    line = str(rng.choice(city.transit.line_id[:-2]))
    after = coverage_of(Scenario(edits=(AddStop(id="new", lon=lon, lat=lat, lines=(line,)),)).apply(city))
    for name in ("entrance_walk_m", "entrance_straight_m", "station_walk_m", "zone_walk_m"):
        assert (getattr(after, name) <= getattr(base, name)).all(), name
    assert (after.entrance_both_ways >= base.entrance_both_ways).all()


def test_what_if_that_moves_no_walk_and_no_line_keeps_the_coverage():
    city = grid_city(5)
    travel = travel_times(city)
    for edit in (AddChargers(place="place/1", plugs=1), SetPrice(item="parking", cny=3)):
        assert travel_times(Scenario(edits=(edit,)).apply(city), travel).coverage is travel.coverage
    stop = AddStop(id="new", lon=120.621, lat=31.301, lines=("line/0",))
    changed = Scenario(edits=(stop,)).apply(city)
    again = travel_times(changed, travel).coverage
    assert again is not travel.coverage
    assert again.digest == travel_times(changed).coverage.digest


def test_the_outcome_knows_its_coverage():
    city = grid_city(5)
    outcome = simulate(city)
    other = replace(outcome, coverage=replace(outcome.coverage, station_m=np.array(1.0)))
    assert other.digest != outcome.digest
    assert outcome.metrics["rail_km"] == pytest.approx(0.8)


def test_the_rules_belong_to_the_city():
    near, far = (by_the_canal(entrance_m=metres) for metres in (100.0, 101.0))
    assert near.digest != far.digest
    assert travel_times(near).keys["coverage"] != travel_times(far).keys["coverage"]


def test_coverage_is_keyed_by_where_the_streets_lie():
    """Straight lines are measured at their latitude."""
    city = grid_city(4)
    north = replace(city, roads=replace(city.roads, lonlat=city.roads.lonlat + 1))
    assert travel_keys(north)["coverage"] != travel_keys(city)["coverage"]
