"""Edits of stops, against sums done trip by trip."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from transit_worlds import applied, distance_m, place_of, some_city, trips_of

from network import (
    AddLine,
    AddStop,
    MoveStop,
    RemoveLine,
    RemoveStop,
    ScenarioError,
    SetHeadway,
    SetLinePath,
    grid_city,
)
from network.kernels.trips import FINE, GOES_BACK, OVERTAKES, flaw


@pytest.fixture(scope="module")
def city():
    return grid_city(5)


def speed_of(transit, line):
    """Metres by seconds of all trips of a line."""
    runs = [calls for name, calls in trips_of(transit) if name == line]
    metres, seconds = sum(c[-1][1] for c in runs), sum(c[-1][4] - c[0][5] for c in runs)
    mode = transit.line_mode[np.flatnonzero(transit.line_id == line)[0]]
    return metres / seconds if metres and seconds else transit.m_per_s[mode], transit.detour[mode]


def changes_of(transit):
    """Least seconds by stops, where the timetable gives them."""
    t = transit.timetable
    ends = (t.stop_id[x].tolist() for x in (t.transfer_from, t.transfer_to))
    return dict(zip(zip(*ends, strict=True), t.transfer_s.tolist(), strict=True))


def driven(calls, legs):
    """A trip along calls (stop, boards, alights, halt) and legs (metres, seconds) between them."""
    now, metres, out = calls[0][3], 0, []
    for i, (stop, boards, alights, _, halt) in enumerate(calls):
        if i:
            metres, now = metres + max(legs[i - 1][0], 0), now + max(legs[i - 1][1], 0)
        out.append((stop, metres, boards, alights, now, now + halt))
        now += halt
    return tuple(out)


def with_stop(transit, line, calls, stop, here):
    speed, detour = speed_of(transit, line)
    places = place_of(transit)
    there = [distance_m(places[c[0]], here) for c in calls]
    extra = [
        a + b - distance_m(places[c[0]], places[d[0]])
        for a, b, c, d in zip(there, there[1:], calls, calls[1:], strict=False)
    ]
    i = min(range(len(extra)), key=lambda k: round(extra[k], 6))
    more_m = round(max(extra[i], 0) * detour)
    more_s, share = math.ceil(more_m / speed), there[i] / (there[i] + there[i + 1])
    moved = [(s, m + more_m, b, a, x + more_s, y + more_s) for s, m, b, a, x, y in calls[i + 1 :]]
    leaves, arrives = calls[i][5], moved[0][4]
    at_s = leaves + math.floor(share * (arrives - leaves))
    at_m = calls[i][1] + round(share * (moved[0][1] - calls[i][1]))
    return (*calls[: i + 1], (stop, at_m, True, True, at_s, at_s), *moved)


def without_stop(transit, line, calls, stop):
    speed, detour = speed_of(transit, line)
    places = place_of(transit)
    kept = []
    for i, call in enumerate(calls):
        comes_back = kept and kept[-1] < i - 1 and call[0] == calls[kept[-1]][0]
        if call[0] != stop and not comes_back:
            kept.append(i)
    legs = []
    for i, j in pairwise(kept):
        along = sum(distance_m(places[calls[k][0]], places[calls[k + 1][0]]) for k in range(i, j))
        saved = round((along - distance_m(places[calls[i][0]], places[calls[j][0]])) * detour)
        halted = sum(calls[k][5] - calls[k][4] for k in range(i + 1, j))
        run = calls[j][4] - calls[i][5] - halted - math.floor(saved / speed)
        legs.append((calls[j][1] - calls[i][1] - saved, run))
    return (
        driven([(*calls[i][:1], *calls[i][2:5], calls[i][5] - calls[i][4]) for i in kept], legs)
        if len(kept) > 1
        else None
    )


def with_moved(transit, line, calls, stop, there):
    speed, detour = speed_of(transit, line)
    old = place_of(transit)
    new = old | {stop: there}
    legs = []
    for c, d in pairwise(calls):
        was, is_ = (round(distance_m(at[c[0]], at[d[0]]) * detour) for at in (old, new))
        legs.append((d[1] - c[1] + is_ - was, d[4] - c[5] + math.ceil((is_ - was) / speed)))
    return driven([(*c[:1], *c[2:5], c[5] - c[4]) for c in calls], legs)


@pytest.mark.parametrize("seed", range(12))
def test_stops_come_go_and_move_as_trip_by_trip(seed):
    city = some_city(seed)
    rng = np.random.default_rng(seed + 100)
    west, south, east, north = city.roads.bounds
    lon, lat = float(rng.uniform(west, east)), float(rng.uniform(south, north))
    t = city.transit
    called = ("l0", "l3")

    added = applied(city, AddStop(id="new", lon=lon, lat=lat, lines=called)).transit
    wanted = {
        (line, with_stop(t, line, calls, "new", (lon, lat)) if line in called else calls) for line, calls in trips_of(t)
    }
    assert set(trips_of(added)) == wanted

    stop = str(t.timetable.stop_id[t.timetable.call_stop[1]])
    removed = applied(city, RemoveStop(stop=stop)).transit
    some = {
        (line, without_stop(t, line, calls, stop) if stop in [c[0] for c in calls] else calls)
        for line, calls in trips_of(t)
    }
    assert set(trips_of(removed)) == {(line, calls) for line, calls in some if calls}
    assert stop not in removed.timetable.stop_id
    assert changes_of(removed) == {ends: s for ends, s in changes_of(t).items() if stop not in ends}

    moved = applied(city, MoveStop(stop=stop, lon=lon, lat=lat)).transit
    some = {(line, with_moved(t, line, calls, stop, (lon, lat))) for line, calls in trips_of(t)}
    assert set(trips_of(moved)) == some
    assert tuple(moved.timetable.stop_lonlat[list(moved.timetable.stop_id).index(stop)]) == (lon, lat)


def test_a_line_that_only_went_there_and_back_calls_once(city):
    """Without the far end of a spur its foot is left once; a loop that loses all else has no trip."""
    lines = [
        AddLine(id=i, mode="bus", stops=stops, headway_min=60.0, both_ways=False)
        for i, stops in (
            ("spur", ("stop/0", "stop/2", "stop/4", "stop/2", "stop/14")),
            ("loop", ("stop/2", "stop/4", "stop/2")),
        )
    ]
    left = applied(city, *lines, RemoveStop(stop="stop/4")).transit
    assert {tuple(c[0] for c in calls) for line, calls in trips_of(left) if line == "spur"} == {
        ("stop/0", "stop/2", "stop/14")
    }
    assert not [line for line, _ in trips_of(left) if line == "loop"]
    # 200 m on at 5 m/s and then straight on: as if it had never gone there
    (plain,) = {calls[-1][4] - calls[0][5] for line, calls in trips_of(left) if line == "spur"}
    never = applied(city, replace(lines[0], stops=("stop/0", "stop/2", "stop/14"))).transit
    assert plain == next(calls[-1][4] - calls[0][5] for line, calls in trips_of(never) if line == "spur")


@pytest.mark.parametrize("seed", range(12))
def test_there_and_back_is_within_the_rounding(seed):
    """Metres come back exactly; seconds are rounded against the passenger each time, one at most for each leg."""
    city = some_city(seed)
    t = city.transit
    doubled = {line for line, calls in trips_of(t) if any(a[0] == b[0] for a, b in pairwise(calls))}
    lines = [line for line in ("l0", "l1", "l2", "l3") if (t.timetable.pattern_line == int(line[1])).any()]
    lines = [line for line in lines if line not in doubled]  # a stop between its two calls at one makes them one
    x, y = city.roads.bounds[:2]
    twice = applied(city, AddStop(id="new", lon=x, lat=y, lines=lines), RemoveStop(stop="new")).transit
    assert compared(t, twice) <= 1
    assert np.allclose(twice.line_m, t.line_m)
    stop = str(t.timetable.stop_id[t.timetable.call_stop[0]])
    at = place_of(t)[stop]
    aside = MoveStop(stop=stop, lon=float(at[0]) + 1e-4, lat=float(at[1]))
    if city.roads.bounds[2] < aside.lon:
        return
    back = MoveStop(stop=stop, lon=float(at[0]), lat=float(at[1]))
    if (legs_of(applied(city, aside).transit) > 0).all():  # a leg that fell to nothing is not known any more
        twice = applied(city, aside, back).transit
        assert compared(t, twice) <= 2 * 6
        assert np.array_equal(twice.timetable.snap.along, t.timetable.snap.along)


def legs_of(transit):
    """Metres and seconds of every leg of every trip."""
    every = [pair for _, calls in trips_of(transit) for pair in pairwise(calls)]
    return np.array([(d[1] - c[1], d[4] - c[5]) for c, d in every])


def compared(before, after):
    """Most seconds that a call is later in the second; both hold the same trips along the same stops and metres."""

    def key(trip):
        line, calls = trip
        return line, [c[:4] for c in calls], calls[0][4], [c[4:] for c in calls]

    first, second = (sorted(map(key, trips_of(t))) for t in (before, after))
    assert [k[:3] for k in first] == [k[:3] for k in second]
    later = [np.array(b[3]) - np.array(a[3]) for a, b in zip(first, second, strict=True)]
    assert min(x.min() for x in later) >= 0
    return max(x.max() for x in later)


@pytest.mark.parametrize("seed", range(8))
def test_any_order_of_edits_leaves_a_sound_city_and_the_first_alone(seed):
    city = some_city(seed)
    rng = np.random.default_rng(seed)
    before, told = city.digest, []
    for step in range(12):
        t = city.transit
        stops, lines = t.timetable.stop_id.tolist(), t.line_id.tolist()
        lon, lat = (float(rng.uniform(a, b)) for a, b in np.reshape(city.roads.bounds, (2, 2)).T)
        along = tuple(rng.choice(stops, int(rng.integers(2, 5)), replace=False).tolist())
        line, hours = str(rng.choice(lines)), sorted(rng.uniform(0, 30, 2).tolist())
        edit = [
            AddStop(id=f"new{step}", lon=lon, lat=lat, lines=(line,)),
            RemoveStop(stop=along[0]),
            MoveStop(stop=along[0], lon=lon, lat=lat),
            SetHeadway(line=line, headway_min=float(rng.uniform(3, 40)), from_h=hours[0], until_h=hours[1]),
            SetLinePath(line=line, stops=along),
            AddLine(id=f"line{step}", name="new", mode="metro", stops=along, headway_min=20.0, tariff="metro"),
            RemoveLine(line=line),
        ][rng.integers(7)]
        try:
            changed = applied(city, edit)
        except ScenarioError as error:
            told.append(str(error))
            continue
        if hasattr(edit, "line"):
            others = [trip for trip in trips_of(t) if trip[0] != line]
            assert [trip for trip in trips_of(changed.transit) if trip[0] != line] == others
        assert set(changed.transit.stations.platform.tolist()) <= set(range(len(changed.transit.stop_name)))
        city = changed
    assert all("calls nowhere" in what or "no trip of line" in what for what in told)
    assert some_city(seed).digest == before


def test_racks_stay_at_the_stations_that_stay(city):
    racks = np.array([7, 8, 9], np.int32)
    parked = replace(city, supply=replace(city.supply, station_racks=racks))
    changed = applied(
        parked,
        AddLine(id="m", mode="rail", stops=("stop/0", "platform/10"), headway_min=9.0, tariff="metro"),
        RemoveStop(stop="platform/12"),
    )
    assert changed.transit.stations.id.tolist() == ["station/0", "station/2", "stop/0"]
    assert changed.supply.station_racks.tolist() == [7, 9, 0]
    assert changed.transit.stations.entrance_station.tolist() == [0, 0, 1, 1, 2]
    platforms = changed.transit.timetable.stop_id[changed.transit.stations.platform]
    assert platforms.tolist() == ["platform/10", "platform/14", "stop/0"]


def test_ways_inside_a_station_go_with_its_stops_and_entrances(city):
    stations = city.transit.stations
    names = ("way_entrance", "way_stop", "way_in_s", "way_out_s")
    here = [
        (door, int(stations.platform[station]), 10 * door, 10 * door + 5)
        for door, station in enumerate(stations.entrance_station.tolist())
    ]
    ways = {name: np.array(column, np.int32) for name, column in zip(names, zip(*here, strict=True), strict=True)}
    indoors = replace(city, transit=replace(city.transit, stations=replace(stations, **ways)))
    transit = applied(indoors, RemoveStop(stop="platform/12"), RemoveStop(stop="stop/0")).transit
    left, stop_id = transit.stations, transit.timetable.stop_id
    doors = left.entrance_id[left.way_entrance]
    assert doors.tolist() == ["entrance/0", "entrance/1", "entrance/4", "entrance/5"]
    assert stop_id[left.way_stop].tolist() == ["platform/10"] * 2 + ["platform/14"] * 2
    assert left.way_in_s.tolist() == [0, 10, 40, 50]
    assert left.way_out_s.tolist() == [5, 15, 45, 55]


def test_the_middle_of_a_station_moves_with_its_only_platform(city):
    lon, lat = (float(x) for x in city.roads.lonlat[7])
    line = AddLine(id="m", mode="metro", stops=("stop/0", "stop/2"), headway_min=9.0)
    there = applied(city, line, MoveStop(stop="stop/0", lon=lon, lat=lat)).transit.stations
    assert there.lonlat[3].tolist() == there.entrance_lonlat[6].tolist() == [lon, lat]
    assert there.snap.off_m[:, 6].max() < 1e-6
    doors = applied(city, MoveStop(stop="platform/10", lon=lon, lat=lat)).transit.stations
    assert np.array_equal(doors.entrance_lonlat, city.transit.stations.entrance_lonlat)


@pytest.mark.parametrize("seed", range(5))
def test_trips_that_go_back_or_overtake_are_found(seed):
    rng = np.random.default_rng(seed)
    seen = set()
    for _ in range(300):
        calls, trips = rng.integers(2, 4, 2), rng.integers(1, 4, 2)
        times = [
            np.sort(rng.integers(0, 30, (t, 2 * c)), axis=rng.integers(0, 2)) for c, t in zip(calls, trips, strict=True)
        ]
        kind = []
        for x in times:
            back = (np.diff(x, axis=1) < 0).any()
            kind.append(GOES_BACK if back else OVERTAKES if (np.diff(x, axis=0) < 0).any() else FINE)
        wanted = next(((p, k) for p, k in enumerate(kind) if k != FINE), (-1, FINE))
        arrive, depart = (np.concatenate([x[:, i::2].ravel() for x in times]).astype(np.int32) for i in (0, 1))
        firsts = (np.append(0, np.cumsum(sizes)).astype(np.int32) for sizes in (calls, trips))
        assert flaw(*firsts, arrive, depart) == wanted
        seen.add(wanted)
    assert len(seen) == 5
