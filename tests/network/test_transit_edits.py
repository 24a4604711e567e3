"""Edits of lines, fares and the year, and what is refused."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from transit_worlds import HOUR, applied, refused, trips_of
from worlds import nothing_runs

from network import (
    AddLine,
    AddStop,
    MoveStop,
    RemoveLine,
    RemoveStop,
    SetFare,
    SetHeadway,
    SetLinePath,
    SetYear,
    Tariffs,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.timetable import Service, timetable
from network.travel.roads import skim
from network.travel.skims import transit_skims


@pytest.fixture(scope="module")
def city():
    return grid_city(5)


def departures(transit, line, low=0.0, high=48.0):
    """Departures [h] of a line from its first stop."""
    every = sorted(calls[0][5] / HOUR for name, calls in trips_of(transit) if name == line)
    return [h for h in every if low <= h < high]


def test_a_headway_holds_in_its_window_and_for_both_directions(city):
    changed = applied(city, SetHeadway(line="Line 0", headway_min=4.0, from_h=7.0, until_h=9.0)).transit
    for line in ("line/0", "line/1"):
        before, after = departures(city.transit, line), departures(changed, line)
        first = min(h for h in before if h >= 7)
        assert np.allclose(np.diff([h for h in after if 7 <= h < 9]) * 60, 4)
        assert departures(changed, line, 7.0, 9.0)[0] == first
        assert 9 - departures(changed, line, 7.0, 9.0)[-1] <= 4 / 60
        assert [h for h in after if not 7 <= h < 9] == [h for h in before if not 7 <= h < 9]
    others = [trip for trip in trips_of(city.transit) if trip[0] not in ("line/0", "line/1")]
    assert [trip for trip in trips_of(changed) if trip[0] not in ("line/0", "line/1")] == others
    assert np.array_equal(changed.timetable.pattern_line, city.transit.timetable.pattern_line)


def test_without_a_window_a_headway_holds_from_the_first_to_the_last_departure(city):
    before = departures(city.transit, "line/3")
    after = departures(applied(city, SetHeadway(line="line/3", headway_min=25.0)).transit, "line/3")
    assert np.allclose(np.diff(after) * 60, 25)
    assert after[0] == before[0]
    assert before[-1] - 25 / 60 < after[-1] <= before[-1]
    last = departures(applied(city, SetHeadway(line="line/3", headway_min=1.0, from_h=20.0)).transit, "line/3")[-1]
    assert last == before[-1]


@pytest.mark.parametrize("headway_min", [8.3, 16.1, 1.1, 7.0])
def test_the_last_departure_is_not_lost_to_rounding(city, headway_min):
    """8.3 x 60 is 498.00000000000006 in floating point: two departures 498 s apart are a whole headway apart."""
    step_s = round(headway_min * 60)
    twice = with_trips(city, [((0, 1), 25200, 60), ((0, 1), 25200 + 10 * step_s, 60)])
    changed = applied(twice, SetHeadway(line="line/0", headway_min=headway_min)).transit
    assert np.allclose(departures(changed, "line/0"), [7 + i * step_s / HOUR for i in range(11)])
    line = AddLine(
        id="new", mode="bus", stops=("stop/0", "stop/2"), headway_min=headway_min, first_h=7.0, last_h=7 + step_s / HOUR
    )
    assert len(departures(applied(city, line).transit, "new")) == 2


def with_trips(city, trips):
    """The city with one line of trips (stops, departure, seconds of each leg)."""
    lines = [
        Service(
            line=0,
            stop=np.array(stops, np.int32),
            length_m=np.arange(len(stops), dtype=np.int32) * 500,
            boards=np.ones(len(stops), np.bool_),
            alights=np.ones(len(stops), np.bool_),
            arrive_s=start + np.arange(len(stops), dtype=np.int32)[None] * leg,
            depart_s=start + np.arange(len(stops), dtype=np.int32)[None] * leg,
        )
        for stops, start, leg in trips
    ]
    t = city.transit
    table = timetable(t.timetable.stop_id, t.timetable.stop_lonlat, t.timetable.snap, lines, t.timetable.line_tariff)
    return replace(city, transit=replace(t, timetable=table))


def test_a_new_trip_runs_as_the_last_replaced_one_before_it(city):
    slow = with_trips(city, [((0, 1, 2), 25200, 60), ((0, 1, 2), 27000, 300), ((0, 1, 2), 28800, 120)])
    changed = applied(slow, SetHeadway(line="line/0", headway_min=15.0))
    runs = [(calls[0][5], calls[1][4] - calls[0][5]) for _, calls in trips_of(changed.transit)]
    assert sorted(runs) == [(25200, 60), (26100, 60), (27000, 300), (27900, 300), (28800, 120)]


def test_branches_keep_their_shares_under_one_headway(city):
    branches = [((0, 1, 2), 25200 + 600 * i, 60) for i in range(13) if i % 3] + [
        ((0, 1, 3), 25200 + 600 * i, 60) for i in range(0, 13, 3)
    ]
    changed = applied(with_trips(city, branches), SetHeadway(line="line/0", headway_min=5.0)).transit
    assert np.allclose(np.diff(departures(changed, "line/0")) * 60, 5)
    ends = [calls[-1][0] for _, calls in trips_of(changed)]
    names = changed.timetable.stop_id
    assert (ends.count(names[2]), ends.count(names[3])) == (15, 10)


def test_a_line_led_elsewhere_keeps_its_departures_and_its_speed(city):
    changed = applied(city, SetLinePath(line="line/0", stops=("stop/0", "stop/2", "stop/12"))).transit
    assert departures(changed, "line/0") == departures(city.transit, "line/0")
    (calls,) = {tuple((s, m, a - c[0][5]) for s, m, _, _, a, _ in c) for n, c in trips_of(changed) if n == "line/0"}
    assert calls == (("stop/0", 0, 0), ("stop/2", 400, 80), ("stop/12", 800, 160))
    beyond = replace(city, transit=replace(city.transit, line_m=city.transit.line_m + 5000))
    led = applied(beyond, SetLinePath(line="line/0", stops=("stop/0", "stop/2"))).transit
    assert led.line_m[:2].tolist() == [400, 5800]
    assert departures(changed, "line/1") == departures(city.transit, "line/1")


def test_a_new_line_runs_both_ways_and_its_stops_become_stations(city):
    west, south, *_ = city.roads.bounds
    edits = (
        AddStop(id="new/1", lon=west, lat=south + 0.001, name="新站"),
        AddLine(
            id="m2", name="Metro 2", mode="metro", stops=("new/1", "platform/12", "stop/3"), headway_min=5.0,
            first_h=6.5, last_h=23.0,
        ),
    )  # fmt: skip
    changed = applied(city, *edits)
    t = changed.transit
    assert t.line_id[-2:].tolist() == ["m2", "m2/back"]
    assert set(t.line_name[-2:]) == {"Metro 2"}
    for line, order in (("m2", ("new/1", "platform/12", "stop/3")), ("m2/back", ("stop/3", "platform/12", "new/1"))):
        every = departures(t, line)
        assert (every[0], every[-1], len(every)) == (6.5, 23.0, 199)
        (calls,) = {tuple((s, m, a - c[0][5]) for s, m, _, _, a, _ in c) for n, c in trips_of(t) if n == line}
        assert tuple(c[0] for c in calls) == order
        assert calls[-1][2] == math.ceil(calls[-1][1] / 10)
    assert t.stations.id.tolist() == [*city.transit.stations.id, "new/1", "stop/3"]
    assert t.stations.name[-2] == "新站"
    assert t.stations.entrance_is_centre[-2:].all()
    assert t.tariffs.id[t.timetable.line_tariff[-1]] == "metro"
    assert len(changed.supply.station_racks) == len(t.stations.id)

    loop = applied(city, AddLine(id="o", mode="bus", stops=("stop/0", "stop/2", "stop/0"), headway_min=9.0, kmh=36.0,
                                 both_ways=False)).transit  # fmt: skip
    assert loop.line_id[-1] == "o" and loop.line_name[-1] == "o"
    assert loop.timetable.times(len(loop.timetable.pattern_line) - 1)[0][0].tolist() == [21600, 21640, 21680]


def test_a_line_added_and_removed_leaves_the_transit_as_it_was(city):
    line = AddLine(id="b", mode="bus", stops=("stop/0", "stop/2"), headway_min=9.0)
    assert applied(city, line, RemoveLine(line="b")).transit.digest == city.transit.digest
    assert applied(city, line, RemoveLine(line="b/back")).transit.line_id[-1] == "b"
    led = applied(city, line, SetLinePath(line="b", stops=("stop/0", "stop/4"))).transit
    assert {calls[-1][0] for name, calls in trips_of(led) if name == "b/back"} == {"stop/0"}
    assert {calls[-1][0] for name, calls in trips_of(led) if name == "b"} == {"stop/4"}
    with_stop = AddStop(id="x", lon=city.transit.timetable.stop_lonlat[3, 0], lat=31.3)
    assert applied(city, with_stop, RemoveStop(stop="x")).transit.digest == city.transit.digest


def test_fares_change_by_tariff_mode_and_change(city):
    edits = (
        SetFare(tariff="metro", steps=((0, 3.0), (4000, 4.0), (9000, 5.0))),
        SetFare(tariff="bus", cny=1.0, transfer_off_cny=0.5, after="metro"),
    )
    tariffs = applied(city, *edits).transit.tariffs
    assert tariffs.fare_cny(1, [0, 3999, 4000, 20_000]).tolist() == [3, 3, 4, 5]
    assert tariffs.fare_cny(0, [9000]).tolist() == [1]
    assert tariffs.transfer_off_cny.tolist() == [[0, 0], [0.5, 0]]
    assert tariffs.through.tolist() == [False, True]

    t = city.transit
    renamed = Tariffs(**dict(t.tariffs.arrays()) | {"id": np.array(["day", "night"])})
    feed = replace(city, transit=replace(t, tariffs=renamed))
    assert applied(feed, SetFare(tariff="bus", cny=7.0)).transit.tariffs.cny.tolist() == [7.0, 2.0, 3.0]


def test_lines_that_open_later_run_from_their_year_on(city):
    opens = AddLine(id="m", mode="metro", stops=("stop/0", "stop/2"), headway_min=9.0, from_year=2030)
    lines = len(city.transit.line_id)
    assert lines not in applied(city, opens).transit.running.pattern_line
    assert lines in applied(city, opens, SetYear(year=2030)).transit.running.pattern_line
    assert lines not in applied(city, opens, SetYear(year=2030), SetYear(year=2029)).transit.running.pattern_line


def test_a_line_that_lost_its_calls_is_counted_no_more(city):
    before = simulate(city).lines_running
    gone = applied(city, *(RemoveStop(stop=str(i)) for i in city.transit.timetable.stop_id if "platform" in i))
    after = simulate(gone)
    assert (before - after.lines_running).tolist() == [0, 0, 1, 0, 0]
    assert after.lines_m[units.METRO] == 0


def test_half_the_headway_less_waiting(city):
    before = travel_times(city).transit
    changed = applied(city, *(SetHeadway(line=name, headway_min=5.0) for name in set(city.transit.line_name)))
    after = travel_times(changed).transit
    alone = slice(0, 2)  # by bus and by rail: what rides both is no way where one of them alone has become quicker
    assert (after.time_s[:, alone] <= before.time_s[:, alone]).all()  # every old departure is still there
    both = np.isfinite(before.wait_s) & np.isfinite(after.wait_s)
    assert after.wait_s[both].mean() < before.wait_s[both].mean()
    assert after.time_s[both].mean() < before.time_s[both].mean()
    closed = travel_times(applied(city, RemoveLine(line="Line 6"))).transit
    assert (closed.time_s[:, alone] >= before.time_s[:, alone]).all()


A = {"lon": 120.623, "lat": 31.301}


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (AddStop(id="", **A), "empty or taken"),
        (AddStop(id="stop/0", **A), "empty or taken"),
        (AddStop(id="x", lon=31.301, lat=120.623), "swapped"),
        (AddStop(id="x", lines=("lin/0",), **A), "did you mean 'line/0'"),
        (AddStop(id="x", name="a\n", **A), "cannot be printed"),
        (RemoveStop(stop="stp/0"), "did you mean 'stop/0'"),
        (MoveStop(stop="nowhere", **A), "no stop has the id"),
        (MoveStop(stop="stop/0", lon=99.0, lat=31.3), "outside the streets"),
        (SetHeadway(line="Lin 0", headway_min=5.0), "did you mean 'Line 0'"),
        (SetHeadway(line="", headway_min=5.0), "no line has"),
        (SetHeadway(line="Line 0", headway_min=0.0), "headway_min is 0.0"),
        (SetHeadway(line="Line 0", headway_min=5.0, from_h=9.0, until_h=7.0), "no time of day"),
        (SetHeadway(line="Line 0", headway_min=5.0, from_h=25.0), "they leave their first stop from 6.0"),
        (SetLinePath(line="Line 0", stops=("stop/0", "stop/1")), "give the id of one: line/0, line/1"),
        (SetLinePath(line="line/0", stops=("stop/0",)), "two stops or more"),
        (SetLinePath(line="line/0", stops=("stop/0", "stop/0", "stop/1")), "twice in a row"),
        (AddLine(id="line/0", mode="bus", stops=("stop/0", "stop/1"), headway_min=5.0), "taken"),
        (AddLine(id="x", mode="bus", stops=("stop/0", "?"), headway_min=5.0), "no stop has the id"),
        (AddLine(id="x", mode="ferry", stops=("stop/0", "stop/1"), headway_min=5.0), "no tariff has the id 'ferry'"),
        (AddLine(id="x", mode="bus", stops=("stop/0", "stop/1"), headway_min=5.0, kmh=0.0), "kmh is 0.0"),
        (AddLine(id="x", mode="bus", stops=("stop/0", "stop/1"), headway_min=5.0, kmh=1e-9), "too slow"),
        (AddLine(id="x", mode="bus", stops=("stop/0", "stop/1"), headway_min=5.0, first_h=23.0), "no time of day"),
        (AddLine(id="x", mode="bus", stops=("stop/0", "stop/1"), headway_min=5.0, from_year=-1), "from_year is -1"),
        (RemoveLine(line="line/99"), "no line has"),
        (SetFare(tariff="tram", cny=1.0), "no tariff has the id 'tram'"),
        (SetFare(tariff="bus"), "changes nothing"),
        (SetFare(tariff="bus", steps=()), "changes nothing"),
        (SetFare(tariff="bus", cny=1.0, steps=((0, 1.0),)), "both cny and steps"),
        (SetFare(tariff="bus", steps=((5, 1.0),)), "steps begin at [5] m"),
        (SetFare(tariff="bus", steps=((0, 1.0), (0, 2.0))), "steps begin at [0, 0] m"),
        (SetFare(tariff="bus", cny=-1.0), "cny is -1.0"),
        (SetFare(tariff="bus", cny=1e9), "cny is 1000000000.0"),
        (SetFare(tariff="bus", transfer_off_cny=1.0), "belong together"),
        (SetFare(tariff="bus", transfer_off_cny=1.0, after="mtro"), "did you mean 'metro'"),
        (SetYear(year=-3), "year is -3"),
    ],
)
def test_an_edit_that_cannot_be_made_says_why(city, edit, says):
    (problem,) = refused(city, edit)
    assert says in str(problem)


def test_a_line_without_calls_is_told(city):
    there = replace(city, transit=applied(city, SetYear(year=2030)).transit)
    lone = applied(there, *(RemoveStop(stop=f"platform/{i}") for i in (10, 12)))
    for edit in (SetHeadway(line="Line 6", headway_min=9.0), AddStop(id="x", lines=("line/12",), **A)):
        (problem,) = refused(lone, edit)
        assert "calls nowhere" in problem.what
    assert lone.transit.line_m[12] == 0
    assert len(lone.transit.stations.id) == 1


def test_the_last_line_stays(city):
    names = sorted(set(city.transit.line_name))
    (problem,) = refused(city, *(RemoveLine(line=name) for name in names))
    assert "last line" in problem.what


def estimated(city, **rules):
    """The city without a stop, a line or a station."""
    t = nothing_runs(city.transit)
    none = np.zeros(0, np.int32)
    per_line = {"line_id": np.array([], "U1"), "line_name": np.array([], "U1"), "line_m": np.zeros(0)}
    t = replace(
        t,
        timetable=replace(t.timetable, line_tariff=none),
        line_mode=none,
        line_from_year=none,
        **per_line,
        **rules,
    )
    return replace(city, transit=t, supply=replace(city.supply, station_racks=none, station_spaces=none))


def test_an_estimate_takes_stops_and_its_one_fare_but_no_lines(city):
    estimate = estimated(city)
    for edit in (
        AddStop(id="x", lines=("line/1",), **A),
        SetHeadway(line="line/1", headway_min=5.0),
        SetLinePath(line="line/1", stops=("a", "b")),
        AddLine(id="x", mode="bus", stops=("a", "b"), headway_min=5.0),
        RemoveLine(line="line/1"),
        SetFare(tariff="metro", cny=3.0),
    ):
        (problem,) = refused(estimate, edit)
        assert "estimate" in problem.what
    changed = applied(
        estimate, AddStop(id="x", **A), MoveStop(stop="x", lon=120.6232, lat=31.3), SetFare(tariff="bus", cny=3.0)
    )
    assert changed.transit.timetable.stop_id.tolist() == ["x"]
    assert applied(changed, RemoveStop(stop="x")).transit.timetable.stop_id.tolist() == []


def test_an_estimate_without_a_wait_is_one_where_the_streets_lead(city):
    """No wait, change or fare on the way to where no street leads: infinite, not no number."""
    free = estimated(city, estimate_wait_s=np.array(0.0), estimate_transfers=np.array(0.0))
    free = applied(free, SetFare(tariff="bus", cny=0.0))
    time_ms = free.roads.time_ms.copy()
    time_ms[units.DRIVE, len(time_ms[0]) // 2 :] = -1
    skims = transit_skims(
        free, skim(replace(free.roads, time_ms=time_ms), free.zones.snap, free.zones.snap, units.DRIVE)[1]
    )
    there = np.isfinite(skims.time_s)
    assert 0 < there.sum() < there.size - len(there)
    for name in ("wait_s", "transfers", "fare_cny"):
        assert np.array_equal(getattr(skims, name), np.where(there, 0.0, np.inf)), name
