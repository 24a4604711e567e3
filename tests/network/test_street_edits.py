"""Streets opened, turned and added: as if the city had been drawn so from the start."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import distances, with_points
from worlds import random_points, random_roads

from network import (
    AddStreet,
    CloseStreet,
    OpenStreet,
    Scenario,
    ScenarioError,
    SetOneWay,
    SetStreetSpeed,
    grid_city,
    snap,
    travel_times,
    units,
)
from network.street_graph import StreetGraph, line_length_m
from network.travel.roads import skim

CAR = units.DRIVE


@pytest.fixture(scope="module")
def city():
    return grid_city(5)


def after(city, *edits):
    return Scenario(edits=edits).apply(city)


def refused(city, edit):
    with pytest.raises(ScenarioError) as error:
        after(city, edit)
    return str(error.value)


def edges_of(roads, street):
    return roads.edges[roads.way_name[roads.way] == street]


def test_taken_apart_and_put_together_streets_are_the_same():
    for roads in (grid_city(4).roads, random_roads(np.random.default_rng(3))):
        again = StreetGraph.of(roads).roads()
        for name in ("lonlat", "length_m", "way", "shape_lonlat", "shape_first"):
            assert np.array_equal(getattr(again, name), getattr(roads, name)), name
        for old, new in zip(roads.edges.T, again.edges.T, strict=True):
            assert (roads.tail[old] == again.tail[new]).all()
            assert (roads.head[old] == again.head[new]).all()
            assert (roads.time_ms[:, old] == again.time_ms[:, new]).all()


def test_a_street_closed_and_opened_at_its_old_speed_is_as_before(city):
    kmh = 8.3 * 3.6
    closed = after(city, CloseStreet(street="North Street 2"))
    opened = after(closed, OpenStreet(street="North Street 2", kmh=kmh))
    assert np.array_equal(opened.roads.time_ms, city.roads.time_ms)
    assert opened.zones.snap.digest == city.zones.snap.digest
    assert travel_times(opened).digest == travel_times(city).digest


def test_what_is_open_is_left_as_it_is(city):
    slow = after(city, SetStreetSpeed(street="North Street 5", kmh=7.0))
    one_way = edges_of(slow.roads, "North Street 5")
    assert (slow.roads.time_ms[CAR, one_way] < 0).any(axis=1).all()
    opened = after(slow, OpenStreet(street="North Street 5", kmh=30.0)).roads.time_ms[CAR, one_way]
    before = slow.roads.time_ms[CAR, one_way]
    assert (opened[before >= 0] == before[before >= 0]).all()
    assert (opened[before < 0] == round(200 / (30 / 3.6) * 1000)).all()
    assert "open to drive already" in refused(city, OpenStreet(street="North Street 2", kmh=30.0))


@pytest.mark.parametrize(("direction", "open_"), [("forward", [1, 0]), ("backward", [0, 1]), ("both", [1, 1])])
@pytest.mark.parametrize("street", ["North Street 2", "North Street 5"])
def test_a_street_turned_round_keeps_its_speed(city, street, direction, open_):
    slow = after(city, SetStreetSpeed(street=street, kmh=9.0))
    turned = after(slow, SetOneWay(street=street, direction=direction, modes=("drive",)))
    time_ms = turned.roads.time_ms[:, edges_of(turned.roads, street)]
    assert ((time_ms[CAR] >= 0) == np.array(open_, bool)).all()
    assert set(time_ms[CAR][time_ms[CAR] >= 0].tolist()) == {round(200 / 2.5 * 1000)}
    assert np.array_equal(
        np.delete(time_ms, CAR, 0), np.delete(slow.roads.time_ms, CAR, 0)[:, edges_of(slow.roads, street)]
    )


def test_waiting_stays_where_it_is_felt(city):
    delay = np.zeros_like(city.roads.time_ms)
    street = edges_of(city.roads, "North Street 2")
    delay[CAR, street] = [3000, 5000]
    time_ms = city.roads.time_ms + np.where(city.roads.time_ms >= 0, delay, 0)
    city = replace(city, roads=replace(city.roads, delay_ms=delay, time_ms=time_ms))
    fast = after(city, SetStreetSpeed(street="North Street 2", kmh=72.0)).roads
    assert (fast.time_ms[CAR, street] == [13_000, 15_000]).all()
    one = after(city, SetOneWay(street="North Street 2", direction="forward"))
    both = after(one, SetOneWay(street="North Street 2", direction="both"))
    assert np.array_equal(both.roads.time_ms[CAR], city.roads.time_ms[CAR])


def diagonal(city, **changed):
    """A bridge from the middle of one block to a far crossing, over all streets between."""
    low, high = city.roads.lonlat[6], city.roads.lonlat[18]
    start = (0.7 * low + 0.3 * city.roads.lonlat[7]).tolist()
    given = {"id": "new/bridge", "lonlat": (tuple(start), tuple(high.tolist())), "kmh": {"walk": 5.0, "drive": 50.0}}
    return AddStreet(**{**given, **changed})


def test_a_bridge_joins_at_its_ends_and_nowhere_between(city):
    roads = after(city, diagonal(city, name="Bridge")).roads
    assert len(roads.edges) == len(city.roads.edges) + 2  # the bridge, and the block cut in two
    assert len(roads.lonlat) == len(city.roads.lonlat) + 1
    there, back = edges_of(roads, "Bridge")[0]
    assert roads.length_m[-1] == pytest.approx(line_length_m(roads.shape_lonlat[-2:]))
    assert roads.length_m[: len(city.roads.edges) + 1].sum() == pytest.approx(city.roads.length_m.sum())
    assert roads.time_ms[units.CYCLE, [there, back]].tolist() == [-1, -1]
    assert roads.time_ms[CAR, there] == round(roads.length_m[-1] / (50 / 3.6) * 1000)
    one = after(city, diagonal(city, one_way=True)).roads
    last = one.edges[-1]
    assert (one.time_ms[CAR, last] >= 0).tolist() == [True, False]
    assert (one.time_ms[units.WALK, last] >= 0).tolist() == [True, True]


def test_a_new_street_makes_ways_shorter_and_none_longer(city):
    kept = travel_times(city)
    new = after(city, diagonal(city))
    moved = (new.zones.snap.off_m != city.zones.snap.off_m).any(axis=0)
    pair = np.ix_(~moved, ~moved)
    before, now = (t.road_time_s[CAR][pair][~np.eye(pair[0].size, dtype=bool)] for t in (kept, travel_times(new)))
    assert (now <= before + 0.003).all()  # a cut street is rounded in two halves
    assert (now < before - 10).any()


@pytest.mark.parametrize("seed", range(8))
def test_times_over_new_streets_are_exact(seed):
    """Hierarchies that keep their order under new streets answer as Dijkstra does on the streets as they then are."""
    rng = np.random.default_rng(seed)
    city = grid_city(4 + seed % 3, seed=seed)
    low, high = city.roads.lonlat.min(axis=0), city.roads.lonlat.max(axis=0)
    for i in range(3):
        line = tuple(tuple(p) for p in (low + rng.random((2 + i, 2)) * (high - low)).tolist())
        city = after(city, AddStreet(id=f"new/{i}", lonlat=line, kmh={"walk": 5.0, "drive": 40.0}, join_m=200.0))
    roads, points = city.roads, random_points(rng, city.roads, 12)
    for mode in (units.WALK, CAR):
        time_s, length_m = skim(roads, points, points, mode)
        graph = with_points(
            roads,
            points,
            mode,
            lambda e, m=mode: (int(roads.time_ms[m, e]), int(roads.length_mm[e])),
            lambda e, m=mode: (int(roads.delay_ms[m, e]), 0),
        )
        for i in range(12):
            truth = distances(graph, ("out", i), [("in", j) for j in range(12)])
            assert [(t, m) for t, m in zip(time_s[i], length_m[i], strict=True)] == [
                (np.inf, np.inf) if d is None else (d[0] / 1000, d[1] / 1000) for d in truth
            ]


def test_both_ends_on_one_block_make_a_detour_of_it(city):
    a, b = city.roads.lonlat[6], city.roads.lonlat[7]
    side = np.array([0.0, 2e-4])
    for far, near in ((0.8, 0.2), (0.2, 0.8)):
        line = [a + far * (b - a), a + far * (b - a) + side, a + near * (b - a) + side, a + near * (b - a)]
        roads = after(
            city, AddStreet(id="new", lonlat=tuple(map(tuple, np.array(line).tolist())), kmh={"drive": 20.0})
        ).roads
        assert len(roads.edges) == len(city.roads.edges) + 3
        there = roads.edges[-1, 0]
        assert roads.lonlat[roads.tail[there]] == pytest.approx(line[0], abs=1e-9)
        assert roads.lonlat[roads.head[there]] == pytest.approx(line[-1], abs=1e-9)


def test_zones_beside_a_new_street_use_it(city):
    zone = city.zones.lonlat[0]
    ends = tuple((float(lon), float(zone[1])) for lon in (city.roads.lonlat[0, 0], city.roads.lonlat[1, 0]))
    new = after(city, AddStreet(id="new", lonlat=ends, kmh={"walk": 4.0}))
    assert new.roads.way_id[new.roads.way[new.zones.snap.segment[units.WALK, 0]]] == "new"
    assert new.zones.snap.off_m[units.WALK, 0] < 1
    assert new.zones.snap.off_m[CAR, 0] == pytest.approx(city.zones.snap.off_m[CAR, 0])


def test_every_layer_of_points_stands_on_the_new_streets(city):
    changed = after(city, diagonal(city))
    for layer, (touch, lonlat) in changed.points.items():
        for (name, mine), (_, fresh) in zip(touch.arrays(), snap(changed.roads, lonlat).arrays(), strict=True):
            assert np.array_equal(mine, fresh), (layer, name)


def test_several_edits_may_follow_one_another(city):
    new = after(
        city,
        diagonal(city),
        SetStreetSpeed(street="new/bridge", kmh=20.0),
        diagonal(city, id="second"),
        CloseStreet(street="new/bridge"),
    )
    assert new.roads.way_id[-2:].tolist() == ["new/bridge", "second"]
    assert (new.roads.time_ms[CAR, new.roads.edges[new.roads.way_id[new.roads.way] == "new/bridge"]] < 0).all()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"id": "way/1"}, "taken"),
        ({"id": "a\nb"}, "cannot be printed"),
        ({"kmh": {}}, "kmh is empty"),
        ({"kmh": {"drive": -1.0}}, "kmh is -1.0"),
        ({"lonlat": ((120.62, 31.3),)}, "two positions"),
        ({"lonlat": ((120.62, 31.3), (31.3, 120.62))}, "swapped"),
        (
            {"join_m": 1e-6, "lonlat": ((120.6211, 31.3011), (120.6222, 31.3022))},
            "from the nearest street open to walk",
        ),
        ({"lonlat": ((120.62, 31.3), (120.62, 31.3))}, "at one place"),
    ],
)
def test_a_street_that_cannot_be_added_says_why(city, changed, says):
    assert says in refused(city, diagonal(city, **changed))


def test_nobody_gets_onto_a_bridge_but_at_its_ends(city):
    zone = city.zones.lonlat[0]
    ends = tuple((float(lon), float(zone[1])) for lon in (city.roads.lonlat[0, 0], city.roads.lonlat[1, 0]))
    over = after(city, AddStreet(id="new", lonlat=ends, kmh={"walk": 4.0}, bridge=True))
    assert np.array_equal(over.zones.snap.off_m, city.zones.snap.off_m)
    assert not over.roads.beside[-1]
    onto = diagonal(
        city, id="second", lonlat=(tuple(zone.tolist()), tuple(city.roads.lonlat[18].tolist())), join_m=50.0
    )
    assert "100 m from the nearest street" in refused(over, onto)
    assert "join_m is -1" in refused(city, diagonal(city, join_m=-1.0))
