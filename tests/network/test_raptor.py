"""Journeys by timetable against a plain search, every departure of the window, and what they cost."""

from __future__ import annotations

from dataclasses import fields, replace

import numba
import numpy as np
import pytest
from plain_transit import (
    DAY,
    FLAT,
    LONGEST,
    answer,
    for_kernel,
    made,
    plain_arrival,
    plain_fare,
    plain_journeys,
    random_tariffs,
    random_world,
    service,
    tariffs,
    walks,
)  # fmt: skip

from network import InputError, grid_city
from network.kernels.raptor import ACCESS, RIDE_S, RIDES, WALK_S, each_departure
from network.kernels.rounds import NEVER
from network.part import Snap
from network.snap import snap
from network.timetable import timetable
from network.travel.reach import reach
from network.travel.transit import Access, journeys, walks_to_stops
from network.units import CYCLE, WALK


@pytest.mark.parametrize("seed", range(40))
def test_every_departure_equals_a_plain_search(seed):
    rng = np.random.default_rng(seed)
    stops, zones = int(rng.integers(3, 12)), 4
    services, world, start = random_world(rng, stops, zones, int(rng.integers(1, 9)), 5)
    departures = [start + 60 * m for m in range(0, 60, 3)]
    for most_rides in (1, 2, 4):
        total, _ = answer(services, world, stops, zones, 0, departures, most_rides)
        for w, now in enumerate(departures):
            wanted = plain_arrival(services, world, 0, now, most_rides, zones)
            assert [int(t) + now if t < NEVER else NEVER for t in total[w]] == wanted


@pytest.mark.parametrize("seed", range(25))
def test_every_journey_told_is_one_that_can_be_made_and_has_its_fare(seed):
    """Of the quickest, it has the fewest rides unless a later departure had it too."""
    rng = np.random.default_rng(1000 + seed)
    services, world, start = random_world(rng, 6, 3, 4, 3)
    lines = rng.integers(0, 2, len(services))
    services = [replace(s, line=int(line)) for s, line in zip(services, lines, strict=True)]
    tariff = random_tariffs(rng, 2)
    departures = [start + 60 * m for m in range(0, 60, 5)]
    total, parts = answer(services, world, 6, 3, 0, departures, 3, tariff)
    for w, now in enumerate(departures):
        real, fewest = set(), {}
        for z, time, ride_s, walk_s, entry, rides in plain_journeys(services, world, 0, now, 3):
            length = sum(m for _, m in rides)
            lines = sum(1 << line for line in {line for line, _ in rides})
            real.add((z, time, ride_s, walk_s, entry, length, len(rides), plain_fare(rides, tariff), lines))
            fewest[z, time] = min(len(rides), fewest.get((z, time), 9))
        for z in np.flatnonzero(total[w] < NEVER):
            time = total[w, z] + now
            assert (z, time, *parts[w, z].tolist()) in real
            access_s = sorted(world[0])[parts[w, z, ACCESS]][2]
            assert total[w, z] >= parts[w, z, RIDE_S] + parts[w, z, WALK_S] + access_s
            later = w + 1 < len(departures) and total[w + 1, z] + departures[w + 1] == time
            assert later or parts[w, z, RIDES] == fewest[z, time]


def test_the_random_worlds_are_worth_asking():
    """They hold what the searches are to be told apart by."""
    changes = overtakes = unreachable = midnight = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        stops = int(rng.integers(3, 12))
        services, world, start = random_world(rng, stops, 4, int(rng.integers(1, 9)), 5)
        table = made(stops, services)
        overtakes += len(table.trip_first) - 1 > len(services)
        departures = [start + 60 * m for m in range(0, 60, 3)]
        total, parts = answer(services, world, stops, 4, 0, departures, 4)
        changes += bool((parts[total < NEVER][:, RIDES] > 1).any())
        unreachable += bool((total == NEVER).all(axis=0).any())
        midnight += bool(((total < NEVER) & (np.array(departures)[:, None] + total > DAY)).any() and start < DAY)
    assert min(changes, overtakes, unreachable, midnight) >= 5


@pytest.mark.parametrize("seed", range(10))
def test_leaving_later_never_arrives_earlier_and_more_rides_never_later(seed):
    rng = np.random.default_rng(2000 + seed)
    services, world, start = random_world(rng, 30, 6, 25, 8)
    departures = np.arange(start, start + 3600, 60)
    before = None
    for most_rides in (1, 2, 3, 4):
        total, _ = answer(services, world, 30, 6, 0, departures, most_rides)
        arrival = np.where(total < NEVER, total + departures[:, None], np.iinfo(np.int64).max)
        served = np.where(total < NEVER, arrival, departures[:, None] + LONGEST + 1)
        assert (np.diff(served, axis=0) >= 0).all()
        assert before is None or (arrival <= before).all()
        before = arrival


def test_a_change_worked_by_hand():
    """A bus every ten minutes to stop 1, a change of 60 s, and a train at 8:20 and 8:40 from stop 2, 120 s on foot."""
    h = 8 * 3600
    bus = service([0, 1], *([h + 600 * k, h + 600 * k + 300] for k in range(6)))
    train = service([2, 3], [h + 1200, h + 1800], [h + 2400, h + 3000], length_m=[0, 9000])
    world = ([(0, 0, 100)], [(3, 1, 50), (0, 0, 100)], [60] * 4, [(1, 2, 180, 120)])
    walk = walks(4, 2, *world)
    table = made(4, [bus, train])
    departures = np.array([h, h + 480, h + 540, h + 1740], np.int32)
    total, parts = each_departure(0, departures, 2, LONGEST, *for_kernel(table, walk, FLAT), 2)
    # 8:00:00 and 8:08:00: the bus of 8:10 arrives 8:15, boarding from 8:18, train 8:20 to 8:30, door at 8:30:50;
    # 8:09:00: the bus of 8:20, the train of 8:40; 8:29:00: the bus of 8:40 is too late for it
    assert total[:, 1].tolist() == [1850, 1850 - 480, 3050 - 540, NEVER]
    assert parts[0, 1].tolist() == [300 + 600, 120 + 50, 0, 1000 + 9000, 2, 400, 0]
    assert (total[:, 0] == NEVER).all()
    found = journeys(
        table, FLAT, walk, 2, departures[:3], most_rides=2, longest_s=LONGEST, percentiles=np.array([1.0, 50.0, 100.0])
    )
    assert found.percentile_s[:, 0, 1].tolist() == [1370, 1850, 2510]
    assert found.median_s[0, 1] == 1850
    assert (found.in_vehicle_s + found.wait_s + found.walk_s + found.access_s)[0, 1] == 1850
    assert (found.in_vehicle_s[0, 1], found.walk_s[0, 1], found.access_s[0, 1]) == (900, 170, 100)
    assert (found.access_m[0, 1], found.access_stop[0, 1], found.fare_cny[0, 1]) == (200, 0, 4.0)
    assert (found.length_m[0, 1], found.transfers[0, 1]) == (10_000, 1)
    assert np.isinf(found.median_s[1]).all() and np.isinf(found.transfers[0, 0]) and found.access_stop[0, 0] == -1
    one_ride = journeys(table, FLAT, walk, 2, departures, most_rides=1, longest_s=LONGEST, percentiles=np.array([50.0]))
    assert np.isinf(one_ride.median_s).all()


def test_fewer_rides_that_arrive_later_are_kept_for_what_may_follow():
    """Leaving at 600 one is at stop 2 by 900, by two rides; only who leaves at 0 has a second one left from there."""
    lines = [service([0, 1], [600, 700]), service([1, 2], [800, 900]), service([0, 2], [100, 1000])]
    lines.append(service([2, 3], [1200, 1300]))
    world = ([(0, 0, 0)], [(3, 0, 0)], [60] * 4, [])
    for most_rides, wanted in ((1, [NEVER, NEVER]), (2, [1300, NEVER]), (3, [1300, 700])):
        total, _ = answer(lines, world, 4, 1, 0, [0, 600], most_rides)
        assert total[:, 0].tolist() == wanted


def test_a_pair_is_served_when_half_of_the_departures_are():
    line = service([0, 1], [600, 900])
    walk = walks(2, 2, [(0, 0, 0)], [(1, 1, 0)], [60] * 2, [])
    for last, served in ((1200, True), (1260, False)):
        departures = np.arange(60, last + 60, 60, dtype=np.int32)  # those up to 600 catch the only trip
        found = journeys(
            made(2, [line]), FLAT, walk, 2, departures, most_rides=1, longest_s=LONGEST, percentiles=np.array([50.0])
        )
        assert np.isfinite(found.median_s[0, 1]) == served
    assert np.array_equal(found.percentile_s[0], found.median_s)


def test_trips_that_overtake_run_in_patterns_of_their_own():
    slow, fast, later = [0, 500, 1000], [100, 300, 600], [700, 1200, 1700]
    table = made(3, [service([0, 1, 2], later, slow), service([0, 1, 2], fast, slow)])
    assert [len(table.times(p)[0]) for p in range(2)] == [2, 1]
    assert table.times(0)[1].tolist() == [slow, later]
    assert table.times(1)[1].tolist() == [fast]


def test_a_wrong_window_is_refused():
    table = made(2, [service([0, 1], [0, 60])])
    walk = walks(2, 1, [(0, 0, 0)], [(1, 0, 0)], [60] * 2, [])
    wrong = {"departures_s": np.array([60, 60], np.int32), "most_rides": 0, "longest_s": 0}
    with pytest.raises(InputError, match="not ascending") as error:
        journeys(table, FLAT, walk, 1, **wrong, percentiles=np.array([0.0]))
    assert len(error.value.problems) == 4


def test_walks_follow_the_streets_and_the_timetable_has_the_last_word():
    city = grid_city(6)
    stops = snap(city.roads, city.roads.lonlat[[0, 1, 2, 35]])
    given = [(0, 0, 30), (2, 2, -1), (0, 1, 500), (1, 0, -1), (0, 3, 900)]
    ids, lonlat = np.array(list("abcd")), city.roads.lonlat[[0, 1, 2, 35]]
    table = timetable(ids, lonlat, stops, [service([0, 1], [0, 60])], np.zeros(1, np.int32), transfers=given)
    walk = walks_to_stops(
        city.roads, city.zones.snap, city.zones.snap, table, access_s=400.0, transfer_s=250.0, change_s=60
    )
    assert walk.change_s.tolist() == [30, 60, NEVER, 60]
    between = reach(city.roads, stops, stops, WALK, 250.0)
    step = {
        (a, int(between.end[i])): int(np.ceil(between.time_s[i]))
        for a in range(4)
        for i in range(between.first[a], between.first[a + 1])
    }
    wanted = {(1, 2): step[1, 2], (2, 1): step[2, 1]}
    wanted |= {pair: s for pair, s in step.items() if pair in {(0, 2), (2, 0)}}
    wanted = {pair: (s + 60, s) for pair, s in wanted.items()} | {(0, 1): (500, 500), (0, 3): (900, 900)}
    here = np.repeat(np.arange(4), np.diff(walk.transfer_first)).tolist()
    keys = list(zip(here, walk.transfer_stop.tolist(), strict=True))
    values = zip(walk.transfer_s.tolist(), walk.transfer_walk_s.tolist(), strict=True)
    assert dict(zip(keys, values, strict=True)) == wanted
    assert keys == sorted(wanted)
    there = reach(city.roads, city.zones.snap, stops, WALK, 400.0)
    assert (walk.access_s >= there.time_s).all() and (walk.access_s < there.time_s + 1).all()
    assert np.array_equal(walk.access_stop, there.end) and len(walk.egress_s) > 0


def test_twice_never_is_a_whole_number_of_32_bits():
    assert 2 * int(NEVER) <= np.iinfo(np.int32).max


def test_the_answer_does_not_depend_on_threads():
    rng = np.random.default_rng(7)
    services, world, start = random_world(rng, 20, 8, 15, 6)
    walk, departures = walks(20, 8, *world), np.arange(start, start + 1800, 60, dtype=np.int32)
    how = {"most_rides": 3, "longest_s": LONGEST, "percentiles": np.array([10.0, 90.0])}
    tariff = random_tariffs(rng, 15)
    many = journeys(made(20, services), tariff, walk, 8, departures, **how)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    one = journeys(made(20, services), tariff, walk, 8, departures, **how)
    numba.set_num_threads(threads)
    for field in fields(many):
        assert np.array_equal(getattr(many, field.name), getattr(one, field.name))


def test_fares_worked_by_hand():
    """By a bus with 1.00 off after the metro, the metro twice as one ride of 7 km, the bus again."""
    metro, bus = [(0, 2.0), (6000, 3.0), (12_000, 4.0)], [(0, 2.0)]
    tariff = tariffs(metro, bus, through=[0], off=[(0, 1, 1.0), (1, 0, 2.5)])
    lines = [service([k, k + 1], [600 * k, 600 * k + 300], line=int(k in {0, 3}), length_m=[0, 3500]) for k in range(4)]
    walk = walks(5, 1, [(0, 0, 0)], [(4, 0, 0)], [60] * 5, [])
    how = {"most_rides": 4, "longest_s": LONGEST, "percentiles": np.array([50.0])}
    found = journeys(made(5, lines), tariff, walk, 1, np.zeros(1, np.int32), **how)
    assert found.transfers[0, 0] == 3
    assert found.fare_cny[0, 0] == 2.0 + max(3.0 - 2.5, 0.0) + (2.0 - 1.0)
    assert plain_fare([(1, 3500), (0, 3500), (0, 3500), (1, 3500)], tariff) == 350
    assert tariff.fare_cny(0, [0, 5999.9, 6000, 99_000]).tolist() == [2.0, 2.0, 3.0, 4.0]


def test_fares_are_counted_in_fen():
    """Three times 0.1 is 0.3, and money off never makes a ride cost less than nothing."""
    tariff = tariffs([(0, 0.1)], [(0, 0.05)], off=[(0, 1, 0.07)])
    assert plain_fare([(0, 1), (0, 1), (0, 1)], tariff) == 30
    assert plain_fare([(0, 1), (1, 1)], tariff) == 10


def test_wrong_tariffs_are_refused():
    with pytest.raises(InputError, match="wrong order: t1, t2"):
        tariffs([(0, 1.0)], [(5, 1.0)], [(0, 1.0), (0, 2.0)])
    with pytest.raises(InputError, match="one band or more"):
        tariffs([(0, 1.0)], [])
    table, walk = made(2, [service([0, 1], [0, 60], line=1)]), walks(2, 1, [(0, 0, 0)], [(1, 0, 0)], [60] * 2, [])
    with pytest.raises(InputError, match="lacks the tariff of a line"):
        journeys(table, FLAT, walk, 1, np.zeros(1, np.int32), most_rides=1, longest_s=60, percentiles=np.array([50.0]))


def test_stops_are_got_to_by_bicycle_as_far_as_one_may():
    city = grid_city(6)
    stops = snap(city.roads, city.roads.lonlat[[0, 1, 2, 35]])
    ids, lonlat = np.array(list("abcd")), city.roads.lonlat[[0, 1, 2, 35]]
    table = timetable(ids, lonlat, stops, [service([0, 1], [0, 60])], np.zeros(1, np.int32))
    limits = {"access_s": 300.0, "transfer_s": 250.0, "change_s": 60}
    ends = Snap(**{name: array[:, :5] for name, array in city.zones.snap.arrays()})
    zones = city.zones.snap
    ride = walks_to_stops(city.roads, zones, ends, table, **limits, access=Access(CYCLE, 300.0, 700.0, 90))
    on_foot = walks_to_stops(city.roads, zones, ends, table, **limits)
    all_by_bicycle = reach(city.roads, zones, stops, CYCLE, 300.0)
    listed = np.rint(all_by_bicycle.length_m) <= 700
    assert listed.any() and not listed.all()
    first = [listed[: all_by_bicycle.first[z]].sum() for z in range(len(all_by_bicycle.first))]
    assert ride.access_first.tolist() == first
    assert ride.access_stop.tolist() == all_by_bicycle.end[listed].tolist()
    assert ride.access_s.tolist() == (np.ceil(all_by_bicycle.time_s[listed]) + 90).tolist()
    assert ride.access_m.tolist() == np.rint(all_by_bicycle.length_m[listed]).tolist()
    for name in ("egress_first", "egress_end", "egress_s", "transfer_first", "transfer_stop", "transfer_s"):
        assert np.array_equal(getattr(ride, name), getattr(on_foot, name))
    assert 0 <= on_foot.egress_end.min() <= on_foot.egress_end.max() < 5


def test_without_a_line_nobody_is_served():
    walk = walks(2, 1, [(0, 0, 0)], [(1, 0, 0)], [60] * 2, [])
    how = {"most_rides": 2, "longest_s": LONGEST, "percentiles": np.array([50.0])}
    found = journeys(made(2, []), FLAT, walk, 1, np.zeros(1, np.int32), **how)
    assert np.isinf(found.median_s).all() and np.isinf(found.fare_cny).all() and (found.access_stop == -1).all()
