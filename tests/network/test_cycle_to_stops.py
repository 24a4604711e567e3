"""By bike to the first stop, judged by a plain search of a timetable and by cycling to each stop by itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plain_transit
import pytest
from plain_transit import plain_arrival, service

from network import Ride, Snap, departures_s, grid_city, journey, journeys_between, skim
from network.kernels.rounds import NEVER
from network.travel.skims import walks_of
from network.units import CYCLE, STATION_MODES, TRIP_BIKE_RIDE


def one(points, i):
    return Snap(**{name: array[:, [i]] for name, array in points.arrays()})


def town(seed, most_m=900.0):
    """A grid with seven departures, whose bikes go no farther than some blocks, and a list of the trips of an hour."""
    city = grid_city(6, seed)
    most = city.supply.station_access_m.copy()
    most[STATION_MODES.index(TRIP_BIKE_RIDE)] = most_m
    city = replace(city, supply=replace(city.supply, station_access_m=most))
    few = replace(city.transit, window_min=np.array(7.0), longest_s=np.array(3000.0))
    city, t, trips = replace(city, transit=few), few.running, []
    start_s = int(departures_s(few)[0])
    for p in range(len(t.pattern_line)):
        calls = slice(t.pattern_first[p], t.pattern_first[p + 1])
        arrive, depart = t.times(p)
        soon = (depart[:, 0] >= start_s - 3000) & (depart[:, 0] < start_s + 3600)
        rows = list(zip(arrive[soon].tolist(), depart[soon].tolist(), strict=True))
        if not rows:
            continue
        trips.append(service(t.call_stop[calls].tolist(), *rows, line=int(t.pattern_line[p]), length_m=t.call_m[calls]))
    return city, trips


def plain_world(city, start, end):
    """What the plain search asks: ways by bike to each stop by itself, and the walks of the city behind these."""
    t, w = city.transit, walks_of(city, start, end)
    time_s, length_m = skim(city.roads, start, t.running.snap, CYCLE)
    leave_s = 60 * float(city.behaviour.terminal_min[TRIP_BIKE_RIDE])
    most_m = city.supply.station_access_m[STATION_MODES.index(TRIP_BIKE_RIDE)]
    near = np.flatnonzero(np.rint(length_m[0]) <= most_m)
    access = [(0, int(s), int(np.ceil(time_s[0, s]) + leave_s)) for s in near]
    stop = np.repeat(np.arange(len(w.egress_first) - 1), np.diff(w.egress_first))
    egress = list(zip(stop.tolist(), w.egress_end.tolist(), w.egress_s.tolist(), strict=True))
    here = np.repeat(np.arange(len(w.transfer_first) - 1), np.diff(w.transfer_first))
    changes = zip(
        here.tolist(), w.transfer_stop.tolist(), w.transfer_s.tolist(), w.transfer_walk_s.tolist(), strict=True
    )
    return access, egress, w.change_s.tolist(), list(changes)


@pytest.mark.parametrize("seed", range(3))
def test_journeys_with_a_bike_are_those_of_a_plain_search(seed, monkeypatch):
    city, trips = town(seed)
    rng, zones = np.random.default_rng(seed), city.zones.snap
    when = departures_s(city.transit)
    pairs = rng.integers(0, len(city.zones.id), (4, 2)).tolist()
    found = journeys_between(city, zones, zones, cycle=True)
    on_foot = journeys_between(city, zones, zones)
    longest, reached = round(float(city.transit.longest_s)), 0
    monkeypatch.setattr(plain_transit, "LONGEST", longest)
    for a, b in pairs:
        start, end = one(zones, a), one(zones, b)
        world = plain_world(city, start, end)
        times = []
        for now in when.tolist():
            (arrival,) = plain_arrival(trips, world, 0, now, int(city.transit.most_rides), 1)
            times.append(arrival - now if arrival < NEVER else np.inf)
        wanted = sorted(times)[-(-len(times) // 2) - 1]
        assert found.median_s[a, b] == wanted
        told, _ = journey(city, start, end, when, cycle=True)
        assert (told is None) == np.isinf(wanted)
        if told is None:
            continue
        reached += 1
        first, *rest = told.legs
        assert told.time_s == wanted == told.cycle_s + told.walk_s + told.wait_s + told.in_vehicle_s
        assert (
            first.cycled and first.from_stop == -1 and not any(leg.cycled for leg in rest if not isinstance(leg, Ride))
        )
        assert first.length_m <= 900.5
        assert first.time_s == found.access_s[a, b]
    assert reached > 1
    assert (found.median_s < on_foot.median_s).any()


def test_a_bike_reaches_stops_that_are_too_far_to_walk_to():
    city, _ = town(0, most_m=1e6)
    city = replace(city, transit=replace(city.transit, access_s=np.array(160.0)))
    zones = city.zones.snap
    on_foot, by_bike = (journeys_between(city, zones, zones, cycle=cycle) for cycle in (False, True))
    walked_m, cycled_m = (x.access_m[np.isfinite(x.median_s)] for x in (on_foot, by_bike))
    assert cycled_m.max() > 2 * walked_m.max() > 0
    nowhere, _ = town(0, most_m=0.0)
    assert np.isinf(journeys_between(nowhere, zones, zones, cycle=True).median_s).all()
