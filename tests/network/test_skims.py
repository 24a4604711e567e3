"""Skims by bus, by rail and by both in each period, against a plain search of every departure."""

from __future__ import annotations

from dataclasses import fields, replace
from types import SimpleNamespace

import numpy as np
import pytest
from plain_transit import (
    LONGEST,
    made,
    plain_arrival,
    plain_fare,
    plain_journeys,
    random_tariffs,
    random_world,
    tariffs,
    walks,
)  # fmt: skip
from transit_worlds import applied
from worlds import nothing_runs

from network import (
    AddLine,
    AddStop,
    MoveStop,
    RemoveLine,
    RemoveStop,
    SetFare,
    SetHeadway,
    grid_city,
    travel_times,
    units,
)
from network.kernels.rounds import NEVER
from network.transit import during, only
from network.travel import skims
from network.travel.skims import TransitSkims, departures_s, journeys_of, skims_keys, transit_skims, walks_of
from network.travel.stations import station_travel

PARTS = ("in_vehicle_s", "wait_s", "walk_s", "transfers", "fare_cny", "length_m", "late_s")
NAMES = tuple(units.TRIP_MODES[trip] for trip in units.LINE_TRIPS)
SKIMS = {f"{name} {period}": (t, k) for k, name in enumerate(NAMES) for t, period in enumerate(units.PERIODS)}
"""Name of each skim and its place in the arrays."""
ON_ROAD = {units.BUS, units.FERRY}
STOPS, ZONES, RIDES = 7, 4, 3


def world_of_lines(seed):
    """Random lines of random modes, each with a tariff of its own, and a city that holds no more than they need."""
    rng = np.random.default_rng(seed)
    services, (access, egress, change, transfers), start = random_world(rng, STOPS, ZONES, 8, 4)
    # from other stops than one arrives at: who rides one line alone is lucky
    access = [x for x in access if x[1] % 2 == 0]
    egress = [x for x in egress if x[0] % 2 == 1]
    world = access, egress, change, transfers
    modes = rng.choice([units.BUS, units.METRO, units.FERRY, units.TRAM], len(services)).astype(np.int32)
    tariff = random_tariffs(rng, len(services))
    ids = np.array([f"line/{line}" for line in range(len(services))])
    transit = replace(
        nothing_runs(grid_city(5).transit),
        stop_name=np.array([f"s{i}" for i in range(STOPS)]),
        line_id=ids,
        line_name=ids,
        line_mode=modes,
        line_from_year=np.zeros(len(ids), np.int32),
        line_m=np.zeros(len(ids)),
        timetable=made(STOPS, services),
        tariffs=tariff,
        window_start_s=np.array([float(start), start + 300.0]),
        window_min=np.array(3.0),
        longest_s=np.array(float(LONGEST)),
        most_rides=np.array(float(RIDES)),
    )
    city = SimpleNamespace(transit=transit, zones=SimpleNamespace(id=np.arange(ZONES), snap=None))
    return city, services, world


def of_modes(services, modes, wanted):
    return [s for s in services if int(modes[s.line]) in wanted]


def in_the_middle(services, world, origin, when, share):
    """(Z) the first departure whose time is that within which the share of all departures arrive, and the time."""
    arrival = np.array([plain_arrival(services, world, origin, now, RIDES, ZONES) for now in when])
    total = np.where(arrival < NEVER, arrival - np.array(when)[:, None], NEVER)
    rank = -(-len(when) * share // 100) - 1
    middle = np.sort(total, axis=0)[rank]
    return [(int(np.flatnonzero(total[:, z] == middle[z])[0]), int(middle[z])) for z in range(ZONES)]


def what_is_told(city, services, world, origin, end, when, w, time_s):
    """Every quickest journey from departure w on: its parts as told for w, by whether it rides both and a ferry."""
    t, out = city.transit, set()
    for now in when[w:]:
        for z, arrival, ride_s, walk_s, entry, rides in plain_journeys(services, world, origin, now, RIDES):
            if z == end and arrival == when[w] + time_s:
                access_s = sorted(world[0])[entry][2]
                modes = {int(t.line_mode[line]) for line, _ in rides}
                parts = ride_s, time_s - ride_s - walk_s - access_s, walk_s + access_s, len(rides) - 1
                fare = plain_fare(rides, t.tariffs) / 100
                told = (*parts, fare, sum(m for _, m in rides), units.FERRY in modes)
                out.add((bool(modes & ON_ROAD and modes - ON_ROAD), told))
    return out


@pytest.mark.parametrize("seed", range(14))
def test_bus_rail_and_both_equal_a_plain_search_of_their_lines(seed, monkeypatch):
    city, services, world = world_of_lines(seed)
    monkeypatch.setattr(skims, "walks_of", lambda *_: walks(STOPS, ZONES, *world))
    found, t = transit_skims(city, np.zeros((ZONES, ZONES))), city.transit
    by = (of_modes(services, t.line_mode, ON_ROAD), of_modes(services, t.line_mode, {1, 2, 3}), services)
    for period in range(len(units.PERIODS)):
        when = departures_s(t, period).tolist()
        assert len(when) == 3
        for k, some in enumerate(by):
            for i in range(ZONES):
                late = in_the_middle(some, world, i, when, 90)
                for j, (w, time_s) in enumerate(in_the_middle(some, world, i, when, 50)):
                    at = period, k, i, j
                    told = tuple(getattr(found, name)[at] for name in PARTS)
                    real = set() if time_s == NEVER else what_is_told(city, some, world, i, j, when, w, time_s)
                    if k == 2:
                        alone = {mixed for mixed, _ in real}
                        real = {x for x in real if x[0]}
                        assert np.isfinite(found.time_s[at]) <= bool(real)
                        assert np.isfinite(found.time_s[at]) or i == j or alone != {True}
                    else:
                        assert np.isfinite(found.time_s[at]) == (bool(real) and i != j)
                    if np.isinf(found.time_s[at]):
                        assert set(told) == {np.inf}
                        assert not found.ferry[at]
                    else:
                        assert (*told[:6], bool(found.ferry[at])) in {x for _, x in real}
                        assert told[6] == (late[j][1] if late[j][1] < NEVER else np.inf)
                        assert found.time_s[at] == time_s


def test_the_random_lines_are_worth_asking(monkeypatch):
    some = np.zeros((2, 3), int)
    ferries = 0
    for seed in range(14):
        city, _, world = world_of_lines(seed)
        monkeypatch.setattr(skims, "walks_of", lambda *_, world=world: walks(STOPS, ZONES, *world))
        found = transit_skims(city, np.zeros((ZONES, ZONES)))
        some += np.isfinite(found.time_s).sum(axis=(2, 3))
        ferries += int(found.ferry.sum())
    assert some.min() >= 5
    assert ferries >= 5


@pytest.mark.parametrize("seed", range(8))
def test_the_trips_of_a_window_are_all_that_a_search_of_it_needs(seed):
    city, _, world = world_of_lines(100 + seed)
    t, walk = city.transit, walks(STOPS, ZONES, *world)
    when = departures_s(t)
    lines = during(t.running, int(when[0]), int(when[-1]) + LONGEST)
    whole, part = journeys_of(city, walk, ZONES, [90.0]), journeys_of(city, walk, ZONES, [90.0], lines=lines)
    for field in fields(whole):
        assert np.array_equal(getattr(whole, field.name), getattr(part, field.name)), field.name
    none = only(t.running, np.zeros(len(t.running.pattern_line), np.bool_))
    assert len(none.arrive_s) == len(none.call_stop) == 0


CITY = grid_city(7)


@pytest.fixture(scope="module")
def base():
    return skims_of(CITY)


def skims_of(city, *before):
    return transit_skims(city, travel_drive_m(city), *before)


def travel_drive_m(city):
    return np.full((len(city.zones.id),) * 2, 1000.0)


def keys_of(city):
    return skims_keys(city, "walk", "drive")


def same(mine, other, k=slice(None)):
    return all(np.array_equal(array[k], getattr(other, name)[k]) for name, array in mine.arrays())


def test_an_hour_with_fewer_buses_makes_people_wait_in_that_period_alone(base):
    fewer = [SetHeadway(line=str(n), headway_min=30.0, from_h=9.0, until_h=12.0) for n in CITY.transit.line_name[:-2:2]]
    found = skims_of(applied(CITY, *fewer))
    both = np.isfinite(found.wait_s[1, 0]) & np.isfinite(base.wait_s[1, 0])
    assert found.wait_s[1, 0][both].mean() > base.wait_s[1, 0][both].mean() + 100
    assert np.array_equal(found.time_s[:, 1], base.time_s[:, 1])
    assert np.array_equal(found.time_s[0, 0], base.time_s[0, 0])


EDITS = {
    "bus headway": ([SetHeadway(line="line/0", headway_min=7.0)], {"rail"}),
    "bus headway later": (
        [SetHeadway(line="line/0", headway_min=7.0, from_h=9.5, until_h=12.0)],
        {"rail", "bus peak", "bus_rail peak"},
    ),
    "metro headway at night": ([SetHeadway(line="line/16", headway_min=9.0, from_h=21.0, until_h=22.0)], set(NAMES)),
    "bus fare": ([SetFare(tariff="bus", cny=3.0)], {"rail"}),
    "bus stop moved": ([MoveStop(stop="stop/9", lon=120.6230, lat=31.3025)], {"rail"}),
    "bus stop added": ([AddStop(id="new", lon=120.6210, lat=31.3, lines=("line/0",))], {"rail"}),
    "stop nobody calls at": ([AddStop(id="new", lon=120.6210, lat=31.3)], {"bus", "rail", "bus_rail"}),
    "bus stop removed": ([RemoveStop(stop="stop/1")], {"rail"}),
    "bus line removed": ([RemoveLine(line="line/3")], {"rail"}),
    "bus line added": ([AddLine(id="x", mode="bus", stops=("stop/0", "stop/9"), headway_min=9.0)], {"rail"}),
    "metro headway": ([SetHeadway(line="line/16", headway_min=9.0)], {"bus"}),
    "metro fare": ([SetFare(tariff="metro", cny=4.0)], {"bus"}),
    "metro closed": ([RemoveLine(line="line/16"), RemoveLine(line="line/17")], {"bus"}),
    "money off": ([SetFare(tariff="bus", after="metro", transfer_off_cny=1.0)], {"bus", "rail"}),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_an_edit_leaves_alone_keeps_its_key_and_its_numbers(name, base):
    edits, left = EDITS[name]
    city = applied(CITY, *edits)
    old, new = keys_of(CITY), keys_of(city)
    kept = {k for k in SKIMS if old[k] == new[k]}
    assert kept == {k for k in SKIMS if left & {k, k.split()[0]}}
    fresh = skims_of(city)
    for k in kept:
        assert same(fresh, base, SKIMS[k])
    again = skims_of(city, base, kept)
    assert same(again, fresh)
    wrong = TransitSkims(**{n: np.zeros_like(array) for n, array in base.arrays()})
    mixed = skims_of(city, wrong, kept)
    for skim, at in SKIMS.items():
        off = ~np.eye(len(CITY.zones.id), dtype=bool)
        assert (mixed.time_s[at][off] == 0).all() == (skim in kept)


def test_rules_and_streets_change_every_key():
    old = keys_of(CITY)
    for name in (
        "access_s",
        "change_s",
        "window_start_s",
        "window_min",
        "longest_s",
        "most_rides",
        "late_percent",
    ):
        rules = {name: getattr(CITY.transit, name) * 2 if name != "late_percent" else np.array(80.0)}
        new = keys_of(replace(CITY, transit=replace(CITY.transit, **rules)))
        assert [k for k in SKIMS if old[k] == new[k]] == [], name
    assert not set(old.values()) & set(skims_keys(CITY, "other", "drive").values())
    assert old == skims_keys(CITY, "walk", "other")


def test_nothing_is_computed_again_where_all_is_kept(base):
    assert skims_of(CITY, base, {*SKIMS, "walk"}) is base


def test_other_names_and_another_order_of_stops_and_lines_change_no_time(base):
    rng, t = np.random.default_rng(3), CITY.transit
    table = t.timetable
    stops, lines = rng.permutation(len(table.stop_id)), rng.permutation(len(t.line_id))
    new_stop, new_line = np.argsort(stops).astype(np.int32), np.argsort(lines).astype(np.int32)
    moved = replace(
        table,
        stop_id=np.array([f"a{i}" for i in range(len(stops))]),
        stop_lonlat=table.stop_lonlat[stops],
        call_stop=new_stop[table.call_stop],
        pattern_line=new_line[table.pattern_line],
        line_tariff=table.line_tariff[lines],
        snap=replace(table.snap, **{name: array[:, stops] for name, array in table.snap.arrays()}),
    )
    transit = replace(
        t,
        stop_name=t.stop_name[stops],
        line_mode=t.line_mode[lines],
        line_from_year=t.line_from_year[lines],
        line_m=t.line_m[lines],
        timetable=moved,
        stations=replace(t.stations, platform=new_stop[t.stations.platform]),
    )
    found = skims_of(replace(CITY, transit=transit))
    assert np.array_equal(found.time_s[:, :2], base.time_s[:, :2])
    assert np.array_equal(found.late_s[:, :2], base.late_s[:, :2])
    both = np.isfinite(found.time_s[:, 2]) & np.isfinite(base.time_s[:, 2])
    assert np.array_equal(found.time_s[:, 2][both], base.time_s[:, 2][both])


def test_a_trip_by_both_is_the_quickest_by_all_lines(base):
    zones = CITY.zones.snap
    walk = walks_of(CITY, zones, zones)
    for period in range(2):
        by_all = journeys_of(CITY, walk, len(CITY.zones.id), period=period)
        both = np.isfinite(base.time_s[period, 2])
        assert both.any()
        assert np.array_equal(base.time_s[period, 2][both], by_all.median_s[both])
        assert (base.time_s[period, 2][both] <= base.time_s[period, :2].min(axis=0)[both]).all()
        assert (base.transfers[period, 2][both] >= 1).all()


def test_without_lines_the_estimate_goes_by_bus_in_both_periods():
    t = nothing_runs(CITY.transit)
    none, texts = np.zeros(0, np.int32), np.array([], dtype="U1")
    t = replace(
        t,
        line_id=texts,
        line_name=texts,
        line_mode=none,
        line_from_year=none,
        line_m=np.zeros(0),
        timetable=replace(t.timetable, line_tariff=none),
        tariffs=tariffs([(0, 2.0)]),
    )
    found = skims_of(SimpleNamespace(transit=t, zones=CITY.zones, roads=CITY.roads))
    off = ~np.eye(len(CITY.zones.id), dtype=bool)
    assert (found.time_s[:, 0][:, off] == 250 + 360 + 600).all()
    assert np.isinf(found.time_s[:, 1:]).all()
    assert np.isinf(found.late_s[:, 0][:, ~off]).all()
    assert not found.ferry.any()


def test_rides_from_stations_are_told_for_each_period():
    spaces = np.full(len(CITY.transit.stations.id), 5, np.int32)
    fewer = SetHeadway(line="Line 8", headway_min=25.0, from_h=9.0, until_h=12.0)
    city = replace(applied(CITY, fewer), supply=replace(CITY.supply, station_spaces=spaces))
    found = station_travel(city)
    assert found.wait_s.shape == (2, len(spaces), len(CITY.zones.id))
    both = np.isfinite(found.wait_s).all(axis=0)
    assert found.wait_s[1][both].mean() > found.wait_s[0][both].mean() + 20


def test_travel_keeps_the_skims_that_an_edit_leaves_alone():
    before = travel_times(CITY)
    changed = applied(CITY, SetHeadway(line="line/0", headway_min=7.0))
    after = travel_times(changed, before)
    of_bus = {f"{trip} {period}" for trip in ("bus", "bus_rail") for period in units.PERIODS}
    assert {k for k in after.keys if after.keys[k] != before.keys[k]} == {*of_bus, "door", "coverage"}
    assert same(after.transit, skims_of(changed))
