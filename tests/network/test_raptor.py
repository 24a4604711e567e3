"""Journeys by timetable against a plain search, every departure of the window."""

from __future__ import annotations

import heapq

import numba
import numpy as np
import pytest

from network import InputError, grid_city
from network.city import Snap
from network.kernels.raptor import NEVER, each_departure
from network.snap import snap
from network.timetable import Service, timetable
from network.travel.reach import reach
from network.travel.transit import Walks, journeys, kernel_lines, kernel_walks, walks_to_stops
from network.units import WALK

DAY = 24 * 3600
LONGEST = 2700


def nowhere(stops):
    zero = np.zeros((4, stops))
    return Snap(segment=zero.astype(np.int32), along=zero, off_m=zero)


def service(stops, *trips, length_m=None, boards=None, alights=None):
    """One pattern; a trip is its departures, or (arrivals, departures)."""
    times = [t if isinstance(t[0], (list, tuple, np.ndarray)) else (t, t) for t in trips]
    count = len(stops)
    return Service(
        stop=np.array(stops, np.int32),
        length_m=np.array(length_m if length_m is not None else 1000 * np.arange(count), np.int32),
        boards=np.array(boards if boards is not None else [True] * count),
        alights=np.array(alights if alights is not None else [True] * count),
        arrive_s=np.array([a for a, _ in times], np.int32).reshape(-1, count),
        depart_s=np.array([d for _, d in times], np.int32).reshape(-1, count),
    )


def made(stops, services, transfers=()):
    ids = np.array([f"s{i}" for i in range(stops)])
    return timetable(ids, np.zeros((stops, 2)), nowhere(stops), services, transfers)


def csr(rows, count):
    rows = sorted(rows)
    first = np.searchsorted([r[0] for r in rows], np.arange(count + 1)).astype(np.int32)
    return first, *(np.array([r[i] for r in rows], np.int32) for i in range(1, len(rows[0]) if rows else 4))


def walks(stops, zones, access, egress, change, transfers):
    """Walks from lists of (zone, stop, s), (stop, zone, s), s by stop and (stop, stop, all of it, walk)."""
    empty = np.zeros(0, np.int32)
    a, e = csr(access, zones), csr(egress, stops)
    t = csr(transfers, stops) if transfers else (np.zeros(stops + 1, np.int32), empty, empty, empty)
    return Walks(
        access_first=a[0], access_stop=a[1], access_s=a[2], egress_first=e[0], egress_zone=e[1], egress_s=e[2],
        change_s=np.array(change, np.int32), transfer_first=t[0], transfer_stop=t[1], transfer_s=t[2],
        transfer_walk_s=t[3],
    )  # fmt: skip


def rides_from(services, stop, ready):
    """Every ride from a stop: (arrival, stop, seconds, metres)."""
    for s in services:
        for arrive, depart in zip(s.arrive_s.tolist(), s.depart_s.tolist(), strict=True):
            for i in range(len(s.stop)):
                if s.stop[i] == stop and s.boards[i] and depart[i] >= ready:
                    for j in range(i + 1, len(s.stop)):
                        if s.alights[j]:
                            length = int(s.length_m[j] - s.length_m[i])
                            yield arrive[j], int(s.stop[j]), arrive[j] - depart[i], length


def plain_arrival(services, world, origin, now, most_rides, zones):
    """Earliest arrival at each zone: Dijkstra's algorithm over (rides, stop), trips looked at one by one."""
    access, egress, change, transfers = world
    best, done = [NEVER] * zones, set()
    queue = [(now + s, 0, stop) for z, stop, s in access if z == origin]
    heapq.heapify(queue)
    while queue:
        ready, k, stop = heapq.heappop(queue)
        if (k, stop) in done or k == most_rides:
            continue
        done.add((k, stop))
        for time, there, _, _ in rides_from(services, stop, ready):
            for at, z, s in egress:
                if at == there:
                    best[z] = min(best[z], time + s)
            if change[there] < NEVER:
                heapq.heappush(queue, (time + change[there], k + 1, there))
            for at, to, total, _ in transfers:
                if at == there:
                    heapq.heappush(queue, (time + total, k + 1, to))
    return [t if t <= now + LONGEST else NEVER for t in best]


def plain_journeys(services, world, origin, now, most_rides):
    """Every journey there is: (zone, arrival, in-vehicle, walk, metres, rides)."""
    access, egress, change, transfers = world

    def on(stop, ready, ride_s, walk_s, length, rides):
        if rides == most_rides:
            return
        for time, there, seconds, metres in rides_from(services, stop, ready):
            so_far = (ride_s + seconds, walk_s, length + metres, rides + 1)
            for at, z, s in egress:
                if at == there:
                    yield z, time + s, so_far[0], walk_s + s, *so_far[2:]
            if change[there] < NEVER:
                yield from on(there, time + change[there], *so_far)
            for at, to, total, walk in transfers:
                if at == there:
                    yield from on(to, time + total, so_far[0], walk_s + walk, *so_far[2:])

    for z, stop, s in access:
        if z == origin:
            yield from on(stop, now + s, 0, s, 0, 0)


def random_world(rng, stops, zones, lines, trips):
    """Loops, stops called at twice, overtaking, trips past midnight, stops nobody reaches, closed doors."""
    start = int(rng.choice([7 * 3600, DAY - 1200]))
    services = []
    for _ in range(lines):
        calls = rng.integers(2, 6)
        route = rng.integers(0, stops - 1, calls)
        rows = []
        for _ in range(rng.integers(1, trips + 1)):
            steps = rng.integers(0, 300, 2 * calls) // 30 * 30
            times = start + rng.integers(0, 60) * 60 + np.cumsum(steps)
            rows.append((times[0::2], times[1::2]))
        doors = rng.random((2, calls)) < 0.9
        length = np.cumsum(rng.integers(0, 900, calls))
        services.append(service(route, *rows, length_m=length, boards=doors[0], alights=doors[1]))
    access = [(z, s, int(rng.integers(0, 600))) for z in range(zones) for s in range(stops) if rng.random() < 0.4]
    egress = [(s, z, int(rng.integers(0, 600))) for z, s, _ in access if rng.random() < 0.9]
    change = np.where(rng.random(stops) < 0.1, NEVER, rng.integers(0, 200, stops)).tolist()
    apart = [(a, b) for a in range(stops) for b in range(stops) if a != b and rng.random() < 0.2]
    steps = [(a, b, int(rng.integers(0, 300))) for a, b in apart]
    transfers = [(a, b, s + 60, s) for a, b, s in steps]
    return services, (access, egress, change, transfers), start


def answer(services, world, stops, zones, origin, departures, most_rides):
    lines, walk = kernel_lines(made(stops, services)), kernel_walks(walks(stops, zones, *world))
    return each_departure(origin, np.array(departures, np.int32), most_rides, LONGEST, lines, walk, zones)


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
def test_every_journey_told_is_one_that_can_be_made(seed):
    rng = np.random.default_rng(1000 + seed)
    services, world, start = random_world(rng, 6, 3, 4, 3)
    departures = [start + 60 * m for m in range(0, 60, 5)]
    total, parts = answer(services, world, 6, 3, 0, departures, 3)
    for w, now in enumerate(departures):
        real = set(plain_journeys(services, world, 0, now, 3))
        for z in np.flatnonzero(total[w] < NEVER):
            assert (z, total[w, z] + now, *parts[w, z].tolist()) in real
            assert total[w, z] >= parts[w, z, 0] + parts[w, z, 1]


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
        changes += bool((parts[total < NEVER][:, 3] > 1).any())
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
    total, parts = each_departure(0, departures, 2, LONGEST, kernel_lines(table), kernel_walks(walk), 2)
    # 8:00:00 and 8:08:00: the bus of 8:10 arrives 8:15, boarding from 8:18, train 8:20 to 8:30, door at 8:30:50;
    # 8:09:00: the bus of 8:20, the train of 8:40; 8:29:00: the bus of 8:40 is too late for it
    assert total[:, 1].tolist() == [1850, 1850 - 480, 3050 - 540, NEVER]
    assert parts[0, 1].tolist() == [300 + 600, 100 + 120 + 50, 1000 + 9000, 2]
    assert (total[:, 0] == NEVER).all()
    found = journeys(
        table, walk, 2, departures[:3], most_rides=2, longest_s=LONGEST, percentiles=np.array([1.0, 50.0, 100.0])
    )
    assert found.percentile_s[:, 0, 1].tolist() == [1370, 1850, 2510]
    assert found.median_s[0, 1] == 1850 == (found.in_vehicle_s + found.wait_s + found.walk_s)[0, 1]
    assert (found.in_vehicle_s[0, 1], found.walk_s[0, 1]) == (900, 270)
    assert (found.length_m[0, 1], found.transfers[0, 1]) == (10_000, 1)
    assert np.isinf(found.median_s[1]).all() and np.isinf(found.transfers[0, 0])
    one_ride = journeys(table, walk, 2, departures, most_rides=1, longest_s=LONGEST, percentiles=np.array([50.0]))
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
            made(2, [line]), walk, 2, departures, most_rides=1, longest_s=LONGEST, percentiles=np.array([50.0])
        )
        assert np.isfinite(found.median_s[0, 1]) == served
    assert np.array_equal(found.percentile_s[0], found.median_s)


def test_trips_that_overtake_run_in_patterns_of_their_own():
    slow, fast, later = [0, 500, 1000], [100, 300, 600], [700, 1200, 1700]
    table = made(3, [service([0, 1, 2], later, slow), service([0, 1, 2], fast, slow)])
    assert [len(table.times(p)[0]) for p in range(2)] == [2, 1]
    assert table.times(0)[1].tolist() == [slow, later]
    assert table.times(1)[1].tolist() == [fast]
    with pytest.raises(InputError, match="no trip runs"):
        made(3, [])


def test_a_wrong_window_is_refused():
    table = made(2, [service([0, 1], [0, 60])])
    walk = walks(2, 1, [(0, 0, 0)], [(1, 0, 0)], [60] * 2, [])
    wrong = {"departures_s": np.array([60, 60], np.int32), "most_rides": 0, "longest_s": 0}
    with pytest.raises(InputError, match="not ascending") as error:
        journeys(table, walk, 1, **wrong, percentiles=np.array([0.0]))
    assert len(error.value.problems) == 4


def test_walks_follow_the_streets_and_the_timetable_has_the_last_word():
    city = grid_city(6)
    stops = snap(city.roads, city.roads.lonlat[[0, 1, 2, 35]])
    given = [(0, 0, 30), (2, 2, -1), (0, 1, 500), (1, 0, -1), (0, 3, 900)]
    ids, lonlat = np.array(list("abcd")), city.roads.lonlat[[0, 1, 2, 35]]
    table = timetable(ids, lonlat, stops, [service([0, 1], [0, 60])], given)
    walk = walks_to_stops(city.roads, city.zones.snap, table, access_s=400.0, transfer_s=250.0, change_s=60)
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
    many = journeys(made(20, services), walk, 8, departures, **how)
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    one = journeys(made(20, services), walk, 8, departures, **how)
    numba.set_num_threads(threads)
    for name in ("percentile_s", "median_s", "in_vehicle_s", "wait_s", "walk_s", "length_m", "transfers"):
        assert np.array_equal(getattr(many, name), getattr(one, name))
