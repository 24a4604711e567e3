from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import check, grid_city
from network.joined import joined_streets
from network.units import DRIVE, NETWORK_MODES, WALK


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


def said(city):
    return "\n".join(map(str, check(city)))


def test_a_sound_city_has_no_problem(city):
    assert said(city) == ""


def changed(array, at, value):
    out = array.copy()
    out[at] = value
    return out


def test_islands_are_named_with_the_zones_on_them(city):
    roads = city.roads
    node = int(roads.tail[roads.edges[city.zones.snap.segment[WALK, 0], 0]])
    corner = np.isin(roads.tail, [node]) | np.isin(roads.head, [node])
    cut = replace(city, roads=replace(roads, time_ms=changed(roads.time_ms, (WALK, corner), -1)))
    text = said(cut)
    assert "zones, walk: " in text
    assert "cannot be reached and left by walk: " in text
    assert str(city.zones.id[0]) in text
    assert "drive" not in text


def test_a_street_that_can_only_be_left_is_no_part_of_the_network(city):
    roads = city.roads
    open_ = (roads.time_ms[DRIVE][roads.edges] >= 0).all(axis=1)
    assert joined_streets(roads, DRIVE)[open_].all()
    into = roads.head == 0
    one_way = replace(roads, time_ms=changed(roads.time_ms, (DRIVE, into), -1))
    touching = (roads.tail[roads.edges] == 0).any(axis=1)
    assert not joined_streets(one_way, DRIVE)[touching].any()
    assert joined_streets(one_way, WALK).all()


def test_roads_in_two_halves(city):
    roads = city.roads
    middle = np.median(roads.lonlat[:, 0])
    west = roads.lonlat[:, 0] < middle
    bridge = west[roads.tail] != west[roads.head]
    shut = replace(city, roads=replace(roads, time_ms=changed(roads.time_ms, (slice(None), bridge), -1)))
    for mode in NETWORK_MODES:
        assert f"roads, {mode}: islands: only " in said(shut)


def test_a_mode_without_streets(city):
    roads = replace(city.roads, time_ms=changed(city.roads.time_ms, DRIVE, -1))
    assert "roads, drive: no street is open" in said(replace(city, roads=roads))


def test_far_points(city):
    snap = city.zones.snap
    far = replace(snap, off_m=changed(snap.off_m, (WALK, 2), 900.0))
    assert f"zones, walk: 1 lie more than 500 m from a street: {city.zones.id[2]}" in said(
        replace(city, zones=replace(city.zones, snap=far))
    )
    snap = city.places.snap
    far = replace(snap, off_m=changed(snap.off_m, WALK, 400.0))
    assert "places, walk: 13 lie more than 300 m from a street: place/0" in said(
        replace(city, places=replace(city.places, snap=far))
    )


def test_ids_and_positions(city):
    zones = replace(city.zones, id=changed(city.zones.id, 1, city.zones.id[0]))
    assert "zones: ids stand for several of them: zone/0" in said(replace(city, zones=zones))
    places = replace(city.places, id=changed(city.places.id, 1, ""))
    assert "places: there is an empty id" in said(replace(city, places=places))
    zones = replace(city.zones, lonlat=city.zones.lonlat[:, ::-1])
    assert "zones: 25 latitudes lie beyond the poles (are longitude and latitude swapped?)" in said(
        replace(city, zones=zones)
    )


def test_nobody_lives_there(city):
    zones = replace(city.zones, residents=np.zeros(25), jobs=np.zeros(25))
    text = said(replace(city, zones=zones))
    assert "there are no residents" in text
    assert "there are no jobs" in text


def test_plugs(city):
    supply = replace(city.supply, plugs=changed(city.supply.plugs, (slice(None), 1), [2, 1, 2]))
    assert "places: more plugs than the site can hold: place/1" in said(replace(city, supply=supply))
    assert city.places.most_plugs[1] == 4, "no class is too many by itself"
    none = replace(city.places, most_plugs=np.zeros(13, np.int32))
    assert "no place may hold a charger" in said(replace(city, places=none))


def test_transit(city):
    t = city.transit
    assert "lines: ids stand for several of them: line/1" in said(
        replace(city, transit=replace(t, line_id=changed(t.line_id, 0, "line/1")))
    )
    later = replace(t, line_from_year=np.full_like(t.line_from_year, 2030))
    assert "no line runs in 2026" in said(replace(city, transit=later))
    away = replace(t.timetable.snap, off_m=changed(t.timetable.snap.off_m, (WALK, 0), 900.0))
    far = replace(t, timetable=replace(t.timetable, snap=away))
    assert "1 stops lie more than 300 m from a street" in said(replace(city, transit=far))
