"""What is reached by bus and rail or on foot, at every departure by itself and then in the middle."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from network import (
    InputError,
    Snap,
    departures_s,
    grid_city,
    isochrone,
    journeys_between,
    snap,
    spread,
    times_within,
    transit_isochrone,
    travel_times,
    within_reach,
)
from network.kernels.rounds import NEVER
from network.travel.legs import rides_at
from network.travel.reach import reach, reach_nodes
from network.travel.skims import walks_of
from network.units import CYCLE, WALK

CITY = grid_city(7)
NODES = snap(CITY.roads, CITY.roads.lonlat)


def one(points, i):
    return Snap(**{name: array[:, [i]] for name, array in points.arrays()})


def median_by_departure(city, start, end):
    """The quicker of walk and journey at every departure, and the middle one of these."""
    walk_s = on_foot(city, start, end)
    walks, t = walks_of(city, start, end), city.transit
    times = []
    for now in departures_s(t).tolist():
        arrival, _, _ = rides_at(t.running, walks, now, int(t.most_rides), int(t.longest_s))
        times.append(min(walk_s, arrival - now if arrival < NEVER else np.inf))
    return sorted(times)[(len(times) + 1) // 2 - 1]


def on_foot(city, start, end):
    found = reach(city.roads, start, end, WALK, 7200.0)
    return float(found.time_s[0]) if len(found.end) else np.inf


@pytest.mark.parametrize("zone", [0, 20])
def test_times_are_the_median_of_the_quicker_way_at_each_departure(zone):
    start = one(CITY.zones.snap, zone)
    wanted = np.array([median_by_departure(CITY, start, one(NODES, n)) for n in range(49)])
    for limit_s in (300.0, 700.0, 1500.0):
        pieces, times = transit_isochrone(CITY, start, [limit_s / 2, limit_s], NODES)
        assert np.array_equal(times, np.where(wanted <= limit_s, wanted, np.inf))
        assert np.array_equal(times_within(CITY, start, NODES, limit_s)[0], times)
        for piece, limit in zip(pieces, (limit_s / 2, limit_s), strict=True):
            assert piece.reached_length_m == pytest.approx(reached_m(start, wanted, limit), abs=0.5)
    assert (wanted < [on_foot(CITY, start, one(NODES, n)) for n in range(49)]).sum() > 5


def reached_m(start, times, limit_s):
    """Metres of street within a limit, given the times at its ends; stops of the grid are at crossings."""
    roads, total = CITY.roads, 0.0
    for s, (a, b) in enumerate(zip(roads.tail[roads.edges[:, 0]], roads.head[roads.edges[:, 0]], strict=True)):
        whole_s, whole_m = roads.time_ms[WALK, roads.edges[s, 0]] / 1000, roads.length_m[s]
        far = [min(1.0, max(0.0, limit_s - times[n]) / whole_s) for n in (a, b)]
        spans = [(0.0, far[0]), (1 - far[1], 1.0)]
        if s == start.segment[WALK, 0]:
            along, own = start.along[WALK, 0], limit_s / whole_s
            spans.append((max(0.0, along - own), min(1.0, along + own)))
        marks = sorted({x for span in spans for x in span})
        total += whole_m * sum(y - x for x, y in pairwise(marks) if any(a <= (x + y) / 2 <= b for a, b in spans))
    return total


def test_the_streets_around_a_stop_in_the_middle_of_a_block_are_reached():
    """A stop half a block from the next crossings is reached before both of them."""
    city = moved_stops(0.5)
    start = one(snap(city.roads, city.roads.lonlat), 0)
    _, times = transit_isochrone(city, start, [3000.0], city.transit.timetable.snap)
    stop = int(np.argmax(np.where(np.isfinite(times), times, 0.0)))
    segment = city.transit.timetable.snap.segment[WALK, stop]
    (pieces,), _ = transit_isochrone(city, start, [times[stop] + 20.0], NODES)
    mine = pieces.segment == segment
    assert mine.any()
    at = city.transit.timetable.snap.along[WALK, stop]
    assert any(low < at < high for low, high in zip(pieces.from_share[mine], pieces.to_share[mine], strict=True))


def moved_stops(share):
    """The city with every stop in the middle of a street."""
    t = CITY.transit
    middle = replace(t.timetable.snap, along=np.full_like(t.timetable.snap.along, share))
    return replace(CITY, transit=replace(t, timetable=replace(t.timetable, snap=middle)))


def test_a_platform_with_ways_inside_is_left_by_its_entrances():
    """Two minutes from the platform to the street: nodes are reached so much later, as ends are."""
    t = CITY.transit
    ways = np.arange(len(t.stations.entrance_id), dtype=np.int32)
    deep = replace(
        t.stations,
        way_entrance=ways,
        way_stop=t.stations.platform[t.stations.entrance_station],
        way_in_s=np.full(len(ways), 120, np.int32),
        way_out_s=np.full(len(ways), 120, np.int32),
    )
    city = replace(CITY, transit=replace(t, stations=deep))
    start = one(CITY.zones.snap, 2)
    pieces, times = transit_isochrone(city, start, [1200.0], NODES)
    assert np.array_equal(times, times_within(city, start, NODES, 1200.0)[0])
    assert (times >= transit_isochrone(CITY, start, [1200.0], NODES)[1]).all()
    assert pieces[0].reached_length_m == pytest.approx(reached_m(start, times, 1200.0), abs=0.5)


def test_nodes_are_reached_with_the_wait_there():
    """The time at a node is that of the searches that end at it, with a signal on the way and one at it."""
    roads = CITY.roads
    delay = np.zeros_like(roads.delay_ms)
    time = roads.time_ms.copy()
    into = roads.head == 9
    delay[WALK, into], time[WALK, into] = 15_000, time[WALK, into] + 15_000
    roads = replace(roads, time_ms=time, delay_ms=delay)
    start = one(CITY.zones.snap, 0)
    found = reach_nodes(roads, start, WALK, 2000.0)
    times = np.full(49, np.inf)
    times[found.end] = found.time_s
    (pieces,) = isochrone(roads, start, WALK, [float(times[9])])
    (before,) = isochrone(roads, start, WALK, [float(times[9]) - 0.5])
    leaving = roads.segment[np.arange(roads.first[9], roads.first[10])]
    grown = set(pieces.segment.tolist()) - set(before.segment.tolist())
    assert np.isfinite(times).all()
    assert grown <= set(leaving.tolist())
    assert (times == reach_nodes(CITY.roads, start, WALK, 2000.0).time_s).sum() < 49


def test_access_counts_what_the_skims_reach():
    travel, zones = travel_times(CITY), CITY.zones
    limits = [300.0, 600.0, 900.0]
    for mode in (WALK, CYCLE):
        time_s = travel.road_time_s[mode].copy()
        np.fill_diagonal(time_s, 0.0)
        found = within_reach(CITY, mode, zones.snap, zones.jobs, limits)
        assert np.allclose(found, [(time_s <= limit) @ zones.jobs for limit in limits])
    by_any = journeys_between(CITY, zones.snap, zones.snap).median_s
    for trip in travel.transit.time_s[0]:
        assert (trip >= np.where(np.eye(len(trip)), 0.0, by_any)).all()
    quicker = np.minimum(travel.road_time_s[WALK], by_any)
    np.fill_diagonal(quicker, 0.0)
    found = within_reach(CITY, None, zones.snap, zones.jobs, limits)
    assert np.allclose(found, [(quicker <= limit) @ zones.jobs for limit in limits])
    assert (found >= within_reach(CITY, WALK, zones.snap, zones.jobs, limits)).all()
    assert (np.diff(found, axis=0) >= 0).all()
    assert found[-1].max() <= zones.jobs.sum() + 1e-6


def test_nothing_to_count_is_nothing():
    nowhere = Snap(**{name: array[:, :0] for name, array in CITY.places.snap.arrays()})
    assert not within_reach(CITY, None, nowhere, np.zeros(0), [600.0]).any()


def test_how_a_value_is_spread_over_people():
    value, people = np.array([5.0, 1.0, 3.0, 9.0]), np.array([40.0, 10.0, 50.0, 0.0])
    assert spread(value, people, [10, 11, 50, 60, 61, 100]) == (3.6, [1.0, 3.0, 3.0, 3.0, 5.0, 5.0])
    assert spread(value, np.zeros(4), [50]) is None


def test_more_time_reaches_more_and_a_wrong_limit_is_refused():
    start = one(CITY.zones.snap, 3)
    pieces, _ = transit_isochrone(CITY, start, [200.0, 400.0, 800.0, 1600.0], CITY.zones.snap)
    lengths = [piece.reached_length_m for piece in pieces]
    assert lengths == sorted(lengths)
    for limit in (-1.0, float("nan")):
        with pytest.raises(InputError, match="needs to be a number of 0 or more"):
            transit_isochrone(CITY, start, [limit], CITY.zones.snap)
    with pytest.raises(InputError, match="percentiles"):
        journeys_between(CITY, start, start, [0.0])
