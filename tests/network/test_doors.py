from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from network import InputError, grid_city
from network.snap import snap
from network.travel.doors import Doors, doors_of, own_doors, ways
from network.travel.reach import reach
from network.travel.transit import walks_to_stops
from network.units import WALK

CITY = grid_city(6)
ROADS, STATIONS = CITY.roads, CITY.transit.stations


def random_doors(rng, points):
    """Doors in no order, some of which only lead in or out; every point may have several or none."""
    count = int(rng.integers(points, 3 * points))
    where = ROADS.lonlat[rng.integers(0, len(ROADS.lonlat), count)] + rng.normal(0, 3e-4, (count, 2))
    inside = [rng.choice([-1, 0, 20, 90], count).astype(np.int32) for _ in range(2)]
    to = rng.integers(0, points, count).astype(np.int32)
    return Doors(snap=snap(ROADS, where), to=to, in_s=inside[0], out_s=inside[1], points=points)


def least(starts, ends, limit_s):
    """By trying every pair of doors: quickest, of these the shortest."""
    found = reach(ROADS, starts.snap, ends.snap, WALK, limit_s)
    out = {}
    for a in range(len(starts.to)):
        for i in range(found.first[a], found.first[a + 1]):
            b = found.end[i]
            if starts.out_s[a] >= 0 and ends.in_s[b] >= 0:
                time_s = int(np.ceil(found.time_s[i])) + int(starts.out_s[a] + ends.in_s[b])
                pair, told = (int(starts.to[a]), int(ends.to[b])), (time_s, round(float(found.length_m[i])))
                out[pair] = min(out.get(pair, told), told)
    return out


@pytest.mark.parametrize("seed", range(10))
def test_the_quickest_doors(seed):
    rng = np.random.default_rng(seed)
    starts, ends = random_doors(rng, 7), random_doors(rng, 9)
    first, end, time_s, length_m = ways(ROADS, starts, ends, WALK, 400.0)
    assert len(first) == 8
    start = np.repeat(np.arange(7), np.diff(first))
    told = dict(zip(zip(start.tolist(), end.tolist(), strict=True), zip(time_s, length_m, strict=True), strict=True))
    assert told == least(starts, ends, 400.0)
    assert all((np.diff(end[a:b]) > 0).all() for a, b in pairwise(first))


def test_points_that_are_their_own_doors_are_reached_as_ever():
    starts, ends = own_doors(CITY.zones.snap), own_doors(CITY.transit.timetable.snap)
    first, end, time_s, _ = ways(ROADS, starts, ends, WALK, 600.0)
    plain = reach(ROADS, starts.snap, ends.snap, WALK, 600.0)
    assert (first == plain.first).all() and (end == plain.end).all() and (time_s == np.ceil(plain.time_s)).all()
    turned = Doors(snap=ends.snap, to=ends.to, in_s=ends.in_s + np.int32(0), out_s=ends.out_s, points=ends.points)
    assert turned.plain and not replace(turned, in_s=turned.in_s + np.int32(1)).plain
    assert doors_of(ends.snap, STATIONS).plain


def with_ways(rows):
    """Stations with ways inside: entrance, stop, seconds in and out."""
    columns = np.array(rows, dtype=np.int32).reshape(-1, 4).T
    names = ("way_entrance", "way_stop", "way_in_s", "way_out_s")
    return replace(STATIONS, **dict(zip(names, columns, strict=True)))


def test_a_deep_platform_is_got_to_by_its_entrances():
    """Two minutes down, one and a half up by the first entrance of the first station; the second only leads out."""
    stop = int(STATIONS.platform[0])
    doors = np.flatnonzero(STATIONS.entrance_station == 0)
    t = replace(CITY.transit.timetable, **{f"transfer_{n}": np.zeros(0, np.int32) for n in ("from", "to", "s")})
    how = {"access_s": 900.0, "transfer_s": 300.0, "change_s": 60}
    zones = CITY.zones.snap
    plain = walks_to_stops(ROADS, zones, zones, t, stations=STATIONS, **how)
    deep = walks_to_stops(
        ROADS, zones, zones, t, stations=with_ways([(doors[0], stop, 120, 90), (doors[1], stop, -1, 30)]), **how
    )
    to_door = [reach(ROADS, zones, one(STATIONS.snap, d), WALK, 900.0) for d in doors]
    from_door = [reach(ROADS, one(STATIONS.snap, d), zones, WALK, 900.0) for d in doors]
    for zone in range(len(CITY.zones.id)):
        there = [np.ceil(f.time_s[f.first[zone] : f.first[zone + 1]]) for f in to_door]
        some = slice(deep.access_first[zone], deep.access_first[zone + 1])
        mine = deep.access_s[some][deep.access_stop[some] == stop]
        assert mine.tolist() == (there[0] + 120).tolist()
        back = [np.ceil(f.time_s[f.end == zone]) for f in from_door]
        some = slice(deep.egress_first[stop], deep.egress_first[stop + 1])
        mine = deep.egress_s[some][deep.egress_end[some] == zone]
        best = np.sort(np.concatenate((back[0] + 90, back[1] + 30)))[:1]
        assert mine.tolist() == best.tolist()
    others = plain.access_stop != stop
    assert (plain.access_s[others] == deep.access_s[deep.access_stop != stop]).all()
    changes = [
        {(s, int(w.transfer_stop[i])): int(w.transfer_s[i]) for s in range(len(t.stop_id))
         for i in range(w.transfer_first[s], w.transfer_first[s + 1])}
        for w in (plain, deep)
    ]  # fmt: skip
    into = [pair for pair in changes[1] if pair[1] == stop]
    assert into and all(changes[1][pair] >= 120 + 60 for pair in into)
    assert {p: s for p, s in changes[0].items() if stop not in p} == {
        p: s for p, s in changes[1].items() if stop not in p
    }


def one(points, at):
    return replace(points, **{name: array[:, [at]] for name, array in points.arrays()})


def test_ways_to_nowhere_are_refused():
    with pytest.raises(InputError, match="platforms and entrances do not belong"):
        with_ways([(len(STATIONS.entrance_id), 0, 1, 1)])
    with pytest.raises(InputError, match="has ways to no stop"):
        replace(CITY.transit, stations=with_ways([(0, len(CITY.transit.stop_name), 1, 1)]))
