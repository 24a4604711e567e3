"""Streets added and opened on a map with turn restrictions and barriers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from road_files import Values, points_on, ways_of
from worlds import nothing_runs

from network import OpenStreet, Scenario, ScenarioError, Snap, grid_city, no_bike_points, no_lots, snap, units
from network.io.graph import roads_from_ways
from network.street_graph import StreetGraph, line_length_m
from network.travel.roads import skim
from network.units import DRIVE


def restricted():
    """Four arms on a ring; from the west nobody may drive to the north, and a bollard stops cars in the east."""
    crossing, half = [(0, 0), (-0.001, 0), (0, 0.001), (0.001, 0), (0, -0.001)], [(0.0005, 0)]
    lines = [[1, 0], [2, 0], [3, 5, 0], [4, 0], [1, 2, 3, 4, 1]]
    turns = [(1, 0, 2, "no_left_turn")]
    return roads_from_ways(ways_of(crossing + half, lines, turns, {5: {"barrier": "bollard"}}), Values())[0]


def lengths_to(roads, mode, *ways):
    points = points_on(roads, *ways)
    return np.round(skim(roads, points, points, mode)[1])


@pytest.mark.parametrize("at", [(0.0, 0.0), (0.0005, 0.0)])
def test_a_new_street_at_a_crossing_breaks_no_rule(at):
    roads = restricted()
    before = lengths_to(roads, DRIVE, "way/1", "way/2", "way/3", "way/4")
    streets = StreetGraph.of(roads)
    piece = np.flatnonzero(roads.way_id[roads.way] == "way/3")
    ends = roads.lonlat[roads.head[roads.edges[piece, 0]]]
    segment = int(piece[np.argmin(np.abs(ends - at).sum(axis=1))])
    join, far = streets.join_at(segment, 1.0), streets.join_at(int(np.flatnonzero(roads.way == 4)[0]), 0.5)
    assert (streets.lonlat[join.leave] == at).all()
    assert join.leave != join.arrive
    assert far.leave == far.arrive
    line = np.stack([streets.lonlat[join.leave], streets.lonlat[far.leave]])
    times = np.full((len(units.NETWORK_MODES), 2), -1)
    times[units.WALK] = 60_000
    streets.add(line, (join, far), times, ("new", "", "path"))
    walked = streets.roads()
    assert np.array_equal(lengths_to(walked, DRIVE, "way/1", "way/2", "way/3", "way/4"), before)
    times[DRIVE] = 10_000
    streets = StreetGraph.of(roads)
    ends = streets.join_at(segment, 1.0), streets.join_at(int(np.flatnonzero(roads.way == 4)[0]), 0.5)
    streets.add(line, ends, times, ("new", "", "residential"))
    driven = lengths_to(streets.roads(), DRIVE, "way/1", "way/2", "way/3", "way/4", "new")
    assert np.isfinite(driven).all()  # from everywhere into the new street, and from it to everywhere
    half_m = line_length_m(line) / 2
    assert driven[0, 4] == pytest.approx(56 + half_m + (56 if at[0] else 0), abs=60)


def test_what_nobody_could_reach_stays_closed_when_opened():
    lonlat = [(0, 0), (0.001, 0), (0.002, 0), (0.003, 0), (0.0, 0.001)]
    lines = [[0, 1, 4, 0], [1, 2], [2, 3]]
    ways = ways_of(lonlat, lines, tags=[{}, {"highway": "footway"}, {"highway": "footway"}])
    roads = roads_from_ways(ways, Values())[0]
    city = grid_city(3)
    nowhere = np.zeros((4, 0))
    none = Snap(segment=nowhere.astype(np.int32), along=nowhere, off_m=nowhere)
    few = {name: array[:0] for name, array in city.places.arrays()}
    places = replace(city.places, **few, snap=none)
    zones = replace(city.zones, lonlat=np.tile([0.0011, 0.0001], (4, 1)), snap=snap(roads, np.tile([0.0, 0.0], (4, 1))))
    nobody = np.zeros(0, np.int32)
    supply = replace(city.supply, plugs=np.zeros((3, 0), np.int32), station_racks=nobody, station_spaces=nobody)
    transit = nothing_runs(city.transit)
    without = {"lots": no_lots(), "bike_points": no_bike_points()}
    city = replace(city, roads=roads, zones=zones, places=places, transit=transit, supply=supply, **without)
    with pytest.raises(ScenarioError, match="touches no street open to drive"):
        Scenario(edits=(OpenStreet(street="way/3", kmh=10.0),)).apply(city)
    both = OpenStreet(street="way/2", kmh=10.0), OpenStreet(street="way/3", kmh=10.0)
    opened = Scenario(edits=both).apply(city)
    assert (opened.roads.time_ms[DRIVE] >= 0).all()
