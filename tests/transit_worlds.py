"""Cities with lines for tests of edits, and their trips told one by one."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from worlds import nothing_runs

from network import Scenario, ScenarioError, grid_city, snap, units
from network.timetable import Service, timetable

HOUR = 3600


def applied(city, *edits):
    return Scenario(edits=edits).apply(city)


def refused(city, *edits):
    with pytest.raises(ScenarioError) as error:
        Scenario(edits=edits).apply(city)
    return error.value.problems


def some_city(seed, stops=14, lines=6):
    """A grid city with random lines: branches, halts, loops, overtaking, doors that stay shut, one without calls."""
    rng = np.random.default_rng(seed)
    city = grid_city(5)
    west, south, east, north = city.roads.bounds
    lonlat = np.column_stack((rng.uniform(west, east, stops), rng.uniform(south, north, stops)))
    detour = np.array([1.25, 1.1, 1.05, 1.05, 1.0])
    mode = rng.integers(0, 4, lines).astype(np.int32)
    services = []
    for line in range(lines - 1):
        for _ in range(rng.integers(1, 4)):
            calls = rng.integers(0, stops, rng.integers(2, 7)).astype(np.int32)
            legs = [round(distance_m(*lonlat[[a, b]]) * detour[mode[line]]) for a, b in pairwise(calls)]
            trips = int(rng.integers(1, 8))
            runs = np.array(legs) / rng.uniform(3, 9, (trips, 1)) // 1
            halts = rng.choice([0, 0, 20], (trips, len(calls)))
            steps = np.column_stack((rng.integers(6 * HOUR, 23 * HOUR, trips), runs + halts[:, :-1]))
            arrive = np.cumsum(steps, axis=1).astype(np.int32)
            services.append(
                Service(
                    line=line,
                    stop=calls,
                    length_m=np.append(0, np.cumsum(legs)).astype(np.int32),
                    boards=rng.random(len(calls)) < 0.9,
                    alights=rng.random(len(calls)) < 0.9,
                    arrive_s=arrive,
                    depart_s=(arrive + halts).astype(np.int32),
                )
            )
    ids = np.array([f"s{i}" for i in range(stops)])
    given = [(a, b, int(rng.integers(-1, 90))) for a in range(stops) for b in range(0, stops, 3)]
    transit = replace(
        nothing_runs(city.transit),
        stop_name=ids,
        line_id=np.array([f"l{i}" for i in range(lines)]),
        line_name=np.array([f"n{i // 2}" for i in range(lines)]),
        line_mode=mode,
        line_from_year=rng.choice([0, 2030], lines).astype(np.int32),
        line_m=rng.uniform(5e3, 2e4, lines),
        timetable=timetable(
            ids, lonlat, snap(city.roads, lonlat), services, np.zeros(lines, np.int32), transfers=given
        ),
        detour=detour,
    )
    none = np.zeros(0, np.int32)
    return replace(city, transit=transit, supply=replace(city.supply, station_racks=none, station_spaces=none))


def distance_m(a, b):
    """By the haversine formula."""
    (lon, lat), (to_lon, to_lat) = np.radians(a), np.radians(b)
    h = math.sin((to_lat - lat) / 2) ** 2 + math.cos(lat) * math.cos(to_lat) * math.sin((to_lon - lon) / 2) ** 2
    return 2 * units.EARTH_RADIUS_M * math.asin(math.sqrt(h))


def place_of(transit):
    return dict(zip(transit.timetable.stop_id.tolist(), transit.timetable.stop_lonlat, strict=True))


def trips_of(transit):
    """Every trip: line, and stop, metres, doors and times of each of its calls."""
    t = transit.timetable
    out = []
    for p, line in enumerate(t.pattern_line):
        calls = slice(*t.pattern_first[p : p + 2])
        along = [t.stop_id[t.call_stop[calls]], t.call_m[calls] - t.call_m[calls][0]]
        along += [t.call_boards[calls], t.call_alights[calls]]
        columns = [x.tolist() for x in along]
        out += [
            (str(transit.line_id[line]), tuple(zip(*columns, a.tolist(), d.tolist(), strict=True)))
            for a, d in zip(*t.times(p), strict=True)
        ]
    return out
