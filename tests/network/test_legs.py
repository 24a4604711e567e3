"""One journey with its legs: against the plain search at every departure, and by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from plain_transit import (
    LONGEST,
    for_kernel,
    made,
    plain_arrival,
    plain_fare,
    plain_journeys,
    random_tariffs,
    random_world,
    tariffs,
    walks,
)
from worlds import without_lines

from network import InputError, OnFoot, Ride, Snap, departures_s, grid_city, journey, journeys_between, snap
from network.io import Parameters, build_city, read_spec
from network.kernels.raptor import each_departure
from network.kernels.rounds import NEVER
from network.travel.legs import fare_cny, rides_at
from network.travel.skims import walks_of

H = 7 * 3600


def at_node(city, node):
    return snap(city.roads, city.roads.lonlat[[node]])


def one(points, i):
    return Snap(**{name: array[:, [i]] for name, array in points.arrays()})


@pytest.mark.parametrize("seed", range(40))
def test_the_rides_told_are_a_quickest_journey_with_the_fewest_rides(seed):
    rng = np.random.default_rng(seed)
    stops, zones = int(rng.integers(3, 9)), 2
    services, world, start = random_world(rng, stops, zones, int(rng.integers(1, 6)), 4)
    table, walk = made(stops, services), walks(stops, zones, *world)
    departures = np.array([start + 60 * m for m in range(0, 60, 5)], np.int32)
    flat = tariffs(*[[(0, 2.0)]] * len(table.line_tariff))
    for most_rides in (1, 3):
        total, _ = each_departure(0, departures, most_rides, LONGEST, *for_kernel(table, walk, flat), zones)
        for now, over_window in zip(departures.tolist(), total[:, 0].tolist(), strict=True):
            arrival, access, rides = rides_at(table, walk, now, most_rides, LONGEST)
            wanted = plain_arrival(services, world, 0, now, most_rides, zones)[0]
            assert arrival == wanted == (over_window + now if over_window < NEVER else NEVER)
            if arrival == NEVER:
                assert (access, len(rides)) == (-1, 0)
                continue
            told = []
            for pattern, trip, board, alight in rides.tolist():
                arrive, depart = table.times(pattern)
                length = table.call_m[table.pattern_first[pattern] :][[board, alight]]
                told.append((arrive[trip, alight] - depart[trip, board], int(np.diff(length)[0])))
            real = [x for x in plain_journeys(services, world, 0, now, most_rides) if x[:2] == (0, wanted)]
            made_of = [(x[2], x[4], [m for _, m in x[5]]) for x in real]
            assert (sum(s for s, _ in told), access, [m for _, m in told]) in made_of
            assert len(told) == min(len(x[5]) for x in real)


@pytest.mark.parametrize("seed", range(30))
def test_the_fare_of_rides_is_that_of_the_plain_sum(seed):
    rng = np.random.default_rng(seed)
    tariff = random_tariffs(rng, 3)
    rides = [(int(f), int(m)) for f, m in zip(rng.integers(0, 3, 4), rng.integers(0, 2000, 4), strict=True)]
    assert fare_cny(tariff, rides) == plain_fare(rides, tariff) / 100


def test_a_bus_along_the_street_worked_by_hand():
    """Line 0 leaves the first crossing at the full ten minutes and needs 40 s a block; who leaves at m waits 10 - m."""
    city = grid_city(6)
    found, times = journey(city, at_node(city, 0), at_node(city, 5), departures_s(city.transit), (1, 50, 90, 100))
    assert times.tolist() == [200, 440, 680, 740]
    assert (found.departure_s, found.time_s, found.fare_cny) == (H + 6 * 60, 440, 2.0)
    assert found.legs == (Ride(0, (0, 1, 2, 3, 4, 5), 240, H + 600, H + 800, 1000),)
    assert (found.in_vehicle_s, found.wait_s, found.walk_s, found.length_m) == (200, 240, 0, 1000)


def test_a_change_to_the_metro_worked_by_hand():
    """Line 2 leaves crossing 0 at 7:03:14 and needs 40 s a block; the metro leaves at 7:00:52 and every 300 s.

    One is at the platform by 7:05:54, may board at 7:06:54, and goes on at 7:10:52, 40 s from halt to halt.
    """
    city = grid_city(8)
    found, times = journey(city, at_node(city, 0), at_node(city, 38), np.array([H + 180], np.int32), ())
    assert len(times) == 0
    bus, metro = found.legs
    ids, lines = city.transit.timetable.stop_id, city.transit.line_id
    assert [ids[s] for s in bus.stops] == ["stop/0", "stop/8", "stop/16", "stop/24", "stop/32"]
    assert [ids[s] for s in metro.stops] == ["platform/32", "platform/34", "platform/36", "platform/38"]
    assert (lines[bus.line], *bus[2:]) == ("line/2", 14, H + 194, H + 354, 800)
    assert (lines[metro.line], *metro[2:]) == ("line/16", 298, H + 652, H + 772, 1200)
    assert (found.time_s, found.fare_cny) == (592, 2.0 + 3.0)


def test_a_walk_at_the_end_worked_by_hand():
    """Line 2 to the sixth street, 240 s, line 12 at 7:09:24 for seven blocks, and a block on foot at 1.3 m/s."""
    city = grid_city(8)
    found, _ = journey(city, at_node(city, 0), at_node(city, 63), np.array([H + 180], np.int32))
    first, second, walk = found.legs
    assert (first.board_s, first.alight_s, second.wait_s) == (H + 194, H + 434, 130)
    assert (second.board_s, second.alight_s, second.length_m) == (H + 564, H + 844, 1400)
    assert (walk.from_stop, walk.to_stop, walk.time_s) == (second.stops[-1], -1, 154)
    assert walk.length_m == pytest.approx(200, abs=0.01)
    assert (len(walk.lonlat), found.time_s, found.walk_s) == (2, 998 - 180, 154)


def same_place(city, stop, other):
    """A walk that takes no time is not told."""
    at = city.transit.timetable.stop_lonlat
    return bool((at[stop] == at[other]).all())


@pytest.mark.parametrize("seed", range(3))
def test_legs_follow_each_other_and_add_up_to_the_matrix(seed):
    city = grid_city(9, seed)
    rng = np.random.default_rng(seed)
    zones, when = city.zones.snap, departures_s(city.transit)
    skims = journeys_between(city, zones, zones, (50, 90))
    told = 0
    for _ in range(12):
        a, b = rng.integers(0, len(city.zones.id), 2)
        found, times = journey(city, one(zones, a), one(zones, b), when, (50, 90))
        assert np.array_equal(times, skims.percentile_s[:, a, b])
        if found is None:
            assert np.isinf(skims.median_s[a, b])
            continue
        told += 1
        assert found.time_s == skims.median_s[a, b] == found.in_vehicle_s + found.wait_s + found.walk_s
        now, here = found.departure_s, -1
        for leg in found.legs:
            if isinstance(leg, OnFoot):
                assert leg.from_stop == here and leg.time_s > 0 and leg.length_m <= leg.time_s * 1.3 + 0.1
                now, here = now + leg.time_s, leg.to_stop
            else:
                assert leg.stops[0] == here or same_place(city, here, leg.stops[0])
                assert leg.wait_s >= 0
                assert now + leg.wait_s == leg.board_s <= leg.alight_s
                now, here = leg.alight_s, leg.stops[-1]
        assert now == found.departure_s + found.time_s
        assert len(found.rides) - 1 == skims.transfers[a, b]
    assert told > 5


def test_where_no_line_is_known_a_journey_is_refused():
    city = without_lines(grid_city(4))
    with pytest.raises(InputError, match="no bus or rail line of grid-4-0 is known"):
        journey(city, one(city.zones.snap, 0), one(city.zones.snap, 1), np.array([H], np.int32))


def test_nobody_travels_at_night():
    city = grid_city(5)
    found, times = journey(city, at_node(city, 0), at_node(city, 4), np.array([2 * 3600], np.int32))
    assert found is None
    assert np.isinf(times).all()


@pytest.mark.slow
def test_journeys_by_the_timetable_of_sao_paulo(shared):
    """Every departure of some pairs by the feed: the window and the single search say the same."""
    data = Path(__file__).parents[2] / "data"
    spec = read_spec(data, "sao_paulo")
    city, _ = build_city(spec, Parameters.load(data, spec.parameters), inputs=shared / "data")
    rng, t, zones, when = np.random.default_rng(0), city.transit, city.zones.snap, departures_s(city.transit)
    told = 0
    for _ in range(8):
        start, end = (one(zones, i) for i in rng.integers(0, len(city.zones.id), 2))
        skims = journeys_between(city, start, end, (50, 90))
        found, times = journey(city, start, end, when, (50, 90))
        assert np.array_equal(times, skims.percentile_s[:, 0, 0])
        walk = walks_of(city, start, end)
        arrivals = [rides_at(t.running, walk, now, int(t.most_rides), int(t.longest_s))[0] for now in when.tolist()]
        alone = np.sort([np.inf if at == NEVER else at - now for at, now in zip(arrivals, when, strict=True)])
        assert times.tolist() == alone[[9, 17]].tolist()  # of 20 departures
        if found:
            told += 1
            assert len(found.rides) - 1 == skims.transfers[0, 0]
            assert found.time_s == found.in_vehicle_s + found.wait_s + found.walk_s == times[0]
    assert told > 3
