from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import distances, with_points
from plain_paths import uneven
from worlds import random_points, random_roads

from network import InputError, Roads, Snap, grid_city, isochrone, nearest, paths, reach, skim, units
from network.hierarchy import hierarchy_of
from network.snap import on_street
from network.travel.reach import within_metres

MODES = range(len(units.NETWORK_MODES))


def take(snap, positions):
    return Snap(**{name: array[:, positions] for name, array in snap.arrays()})


def split_crossing(roads, node, shut):
    """The same streets with a crossing of two nodes; the modes `shut` may not pass from the one to the other."""
    tail, head = roads.tail.copy(), roads.head.copy()
    moved = np.flatnonzero(tail == node)[::2]  # every other edge leaves from the new node, their ends stay
    new = len(roads.lonlat)
    tail[moved] = new
    lonlat = np.vstack((roads.lonlat, roads.lonlat[node]))
    turn_time = np.zeros((len(roads.time_ms), 2), np.int32)
    turn_time[list(shut)] = units.CLOSED
    tails, heads = np.append(tail, [node, new]), np.append(head, [new, node])
    order = np.argsort(tails, kind="stable")
    place = np.empty(len(order), np.int32)
    place[order] = np.arange(len(order))
    first = np.searchsorted(tails[order], np.arange(new + 2)).astype(np.int32)
    time_ms = np.hstack((roads.time_ms, turn_time))[:, order]
    return replace(
        roads,
        lonlat=lonlat,
        first=first,
        head=heads[order].astype(np.int32),
        time_ms=time_ms,
        delay_ms=np.zeros_like(time_ms),
        edges=place[roads.edges],
        hierarchy=hierarchy_of(lonlat, first, heads[order].astype(np.int32)),
    )


def world(seed):
    """Random streets, every other time with a crossing that not every mode may pass, and two lots of points."""
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    if seed % 2:
        roads = split_crossing(roads, int(np.argmax(np.diff(roads.first))), shut=(units.DRIVE,))
    points = random_points(rng, roads, 16)
    return rng, roads, points, np.arange(8), np.arange(8, 16)


def truth(roads, points, mode, starts, ends):
    """(time_ms, length_mm) or None, by start and end, on streets that are cut at the points."""
    graph = with_points(
        roads,
        points,
        mode,
        lambda e: (int(roads.time_ms[mode, e]), int(roads.length_mm[e])),
        lambda e: (int(roads.delay_ms[mode, e]), 0),
    )
    return [distances(graph, ("out", int(i)), [("in", int(j)) for j in ends]) for i in starts]


@pytest.mark.parametrize("seed", range(20))
def test_reach_and_nearest_equal_dijkstra_on_streets_cut_at_the_points(seed):
    rng, roads, points, some, others = world(seed)
    for mode in MODES:
        limit_s = float(rng.integers(0, 200))
        within = reach(roads, take(points, some), take(points, others), mode, limit_s)
        near, time_s, length_m = nearest(roads, take(points, some), take(points, others), mode, 5)
        for i, row in enumerate(truth(roads, points, mode, some, others)):
            mine = slice(within.first[i], within.first[i + 1])
            expected = [(j, w[0] / 1000, w[1] / 1000) for j, w in enumerate(row) if w and w[0] <= limit_s * 1000]
            columns = (within.end[mine], within.time_s[mine], within.length_m[mine])
            assert list(zip(*(c.tolist() for c in columns), strict=True)) == expected
            ranked = sorted((*w, j) for j, w in enumerate(row) if w)[:5]
            ranked = [(j, t / 1000, m / 1000) for t, m, j in ranked] + [(-1, np.inf, np.inf)] * (5 - len(ranked))
            assert list(zip(near[i].tolist(), time_s[i].tolist(), length_m[i].tolist(), strict=True)) == ranked


@pytest.mark.parametrize("seed", range(20))
def test_a_sweep_reaches_what_searches_reach(seed, monkeypatch):
    rng, roads, points, _, _ = world(seed)
    starts = take(points, np.arange(40) % 16)  # more than one block of them
    for mode in MODES:
        for limit_s in (0.0, float(rng.integers(0, 200)), 1e7):
            monkeypatch.setattr("network.travel.reach._MANY", np.inf)
            searched = reach(roads, starts, points, mode, limit_s)
            for name in ("_MANY", "_FOUND_FOR_SWEEP", "_FOUND_PER_NODE"):
                monkeypatch.setattr(f"network.travel.reach.{name}", 0)
            swept = reach(roads, starts, points, mode, limit_s)
            for name in ("first", "end", "time_s", "length_m"):
                assert np.array_equal(getattr(swept, name), getattr(searched, name)), name


@pytest.mark.parametrize("seed", range(20))
def test_paths_are_whole_and_cost_what_skim_says(seed):
    _, roads, points, some, others = world(seed)
    starts, ends = take(points, np.repeat(some, 8)), take(points, np.tile(others, 8))
    for mode in MODES:
        time_s, length_m = (m.ravel() for m in skim(roads, take(points, some), take(points, others), mode))
        for i, path in enumerate(paths(roads, starts, ends, mode)):
            if path is None:
                assert np.isinf(time_s[i])
                continue
            assert (path.time_s, path.length_m) == (time_s[i], length_m[i])
            assert_whole(roads, mode, path, starts, ends, i)


def assert_whole(roads, mode, path, starts, ends, i):
    """Edges that join, are open and add up; a line and legs of the same length."""
    assert (roads.time_ms[mode, path.edge] >= 0).all()
    assert np.array_equal(roads.head[path.edge[:-1]], roads.tail[path.edge[1:]])
    assert roads.segment[path.edge[0]] == starts.segment[mode, i]
    assert roads.segment[path.edge[-1]] == ends.segment[mode, i]
    time, length = roads.time_ms[mode].astype(int), roads.length_mm.astype(int)
    passed = [share(roads, starts, mode, i, path.edge[0]), share(roads, ends, mode, i, path.edge[-1])]
    run = time - roads.delay_ms[mode]  # a point on an edge lies before what is waited for at its end
    for weight, move, whole in ((time, run, path.time_s), (length, length, path.length_m)):
        total = weight[path.edge].sum() - np.rint(move[path.edge[0]] * passed[0])
        total += np.rint(move[path.edge[-1]] * passed[1]) - weight[path.edge[-1]]
        assert total == round(whole * 1000)
    assert sum(leg.length_m for leg in path.legs) == pytest.approx(path.length_m, abs=1e-6)
    for snap, at in ((starts, 0), (ends, -1)):
        place = on_street(roads, snap.segment[mode, [i]], snap.along[mode, [i]])[0]
        assert path.lonlat[at] == pytest.approx(place, abs=1e-9)


def share(roads, snap, mode, i, edge):
    along = snap.along[mode, i]
    return along if roads.edges[snap.segment[mode, i], 0] == edge else 1.0 - along


def test_a_path_through_the_grid_has_its_corners_and_its_streets():
    roads = grid_city(4).roads
    # 50 m from the south-west corner eastward on East Street 1, to 150 m up North Street 3
    north = next(
        s for s in range(len(roads.edges)) if roads.way_name[roads.way[s]] == "North Street 3"
    )  # the first of its segments begins at East Street 1
    shape = (len(roads.time_ms), 1)
    start = Snap(segment=np.zeros(shape, np.int32), along=np.full(shape, 0.25), off_m=np.zeros(shape))
    end = Snap(segment=np.full(shape, north, np.int32), along=np.full(shape, 0.75), off_m=np.zeros(shape))
    (path,) = paths(roads, start, end, units.WALK)
    assert path.length_m == 150 + 200 + 150
    assert [(leg.name, leg.length_m) for leg in path.legs] == [("East Street 1", 350.0), ("North Street 3", 150.0)]
    assert [leg.way_ids for leg in path.legs] == [("way/0",), ("way/6",)]
    corners = np.vstack((roads.lonlat[0] * 0.75 + roads.lonlat[1] * 0.25, roads.lonlat[[1, 2]], path.lonlat[-1]))
    assert path.lonlat == pytest.approx(corners)
    (back,) = paths(roads, end, start, units.WALK)
    assert back.lonlat == pytest.approx(path.lonlat[::-1])
    (stay,) = paths(roads, start, start, units.WALK)
    assert (stay.time_s, stay.length_m, stay.legs) == (0, 0, ())
    assert len(stay.lonlat) == 2
    assert np.array_equal(stay.lonlat[0], stay.lonlat[1])


def test_a_path_follows_the_drawn_line_and_is_cut_at_shares_of_it():
    roads = grid_city(3).roads
    bent = np.array([[120.62, 31.30], [120.621, 31.302], [120.6213, 31.3021], [120.622, 31.30]])
    ends = roads.shape_first[:2]
    roads = replace(
        roads,
        shape_lonlat=np.vstack((bent, roads.shape_lonlat[ends[1] :])),
        shape_first=np.append(0, roads.shape_first[1:] + 2).astype(np.int32),
    )
    shape = (len(roads.time_ms), 1)
    places = [
        Snap(segment=np.zeros(shape, np.int32), along=np.full(shape, at), off_m=np.zeros(shape)) for at in (0.2, 0.9)
    ]
    (there,), (back,) = paths(roads, *places, units.WALK), paths(roads, *places[::-1], units.WALK)
    assert there.lonlat[1:3] == pytest.approx(bent[1:3])
    assert len(there.lonlat) == 4
    assert there.lonlat == pytest.approx(back.lonlat[::-1])


def test_starts_and_ends_have_to_pair():
    city = grid_city(3)
    with pytest.raises(InputError, match="1 starts and 2 ends"):
        paths(city.roads, take(city.zones.snap, [0]), take(city.zones.snap, [0, 1]), units.WALK)


@pytest.mark.parametrize("bad", [-1.0, np.nan, np.inf])
def test_limits_that_are_none_are_refused(bad):
    city = grid_city(3)
    points = city.zones.snap
    for ask in (
        lambda: reach(city.roads, points, points, units.WALK, bad),
        lambda: within_metres(city.roads, points, points, units.WALK, bad),
        lambda: isochrone(city.roads, points, units.WALK, [60.0, bad]),
    ):
        with pytest.raises(InputError, match="limit"):
            ask()
    with pytest.raises(InputError, match="1 or more"):
        nearest(city.roads, points, points, units.WALK, 0)


def test_nothing_asked_nothing_found():
    city = grid_city(3)
    none, some = take(city.zones.snap, []), city.zones.snap
    for starts, ends in ((none, some), (some, none), (none, none)):
        found = reach(city.roads, starts, ends, units.WALK, 600.0)
        assert found.first.tolist() == [0] * (starts.segment.shape[1] + 1)
        assert (nearest(city.roads, starts, ends, units.WALK, 2)[0] == -1).all()
    assert paths(city.roads, none, none, units.WALK) == []
    (empty,) = isochrone(city.roads, none, units.WALK, [600.0])
    assert (len(empty.segment), empty.reached_length_m) == (0, 0.0)


@pytest.mark.parametrize("seed", range(10))
def test_isochrones_agree_with_the_times_of_places_all_along_the_streets(seed):
    rng, roads, points, some, _ = world(seed)
    start = take(points, some[:1])
    samples = 5
    segment = np.repeat(np.arange(len(roads.edges), dtype=np.int32), samples)
    along = rng.random(len(segment))
    places = Snap(
        segment=np.tile(segment, (len(MODES), 1)), along=np.tile(along, (len(MODES), 1)),
        off_m=np.zeros((len(MODES), len(segment))),
    )  # fmt: skip
    both = Snap(**{n: np.hstack((getattr(start, n), getattr(places, n))) for n in ("segment", "along", "off_m")})
    limits_s = [0.0, 20.0, 60.0, 150.0]
    for mode in MODES:
        (times,) = truth(roads, both, mode, [0], range(1, len(segment) + 1))
        for limit_s, found in zip(limits_s, isochrone(roads, start, mode, limits_s), strict=True):
            for s, at, way in zip(segment, along, times, strict=True):
                mine = found.segment == s
                inside = ((found.from_share[mine] <= at) & (at <= found.to_share[mine])).any()
                if way is None or abs(way[0] - limit_s * 1000) > 1:  # whole milliseconds are rounded
                    assert inside == (way is not None and way[0] <= limit_s * 1000), (seed, mode, limit_s, s, at)
            assert_pieces(roads, found)


def assert_pieces(roads, found):
    """Apart from each other, drawn from end to end, and as long as they say."""
    assert (found.to_share > found.from_share).all()
    again = found.segment[1:] == found.segment[:-1]
    assert (found.from_share[1:][again] > found.to_share[:-1][again]).all()
    for end, at in ((found.from_share, found.line_first[:-1]), (found.to_share, found.line_first[1:] - 1)):
        assert found.line_lonlat[at] == pytest.approx(on_street(roads, found.segment, end), abs=1e-9)
    length = sum((b - a) * roads.length_m[s] for s, a, b in zip(found.segment, found.from_share, found.to_share))  # noqa: B905
    assert found.reached_length_m == pytest.approx(length)


def test_the_reach_of_several_places_is_the_union_of_theirs():
    city = grid_city(8)
    points = take(city.zones.snap, [0, 20, 48])
    (together,) = isochrone(city.roads, points, units.CYCLE, [100.0])
    assert_pieces(city.roads, together)
    alone = [isochrone(city.roads, take(points, [i]), units.CYCLE, [100.0])[0] for i in range(3)]
    for s in range(len(city.roads.edges)):
        for at in np.linspace(0.003, 0.997, 23):
            inside = [covers(found, s, at) for found in alone]
            assert covers(together, s, at) == any(inside)


def covers(found, segment, at):
    mine = found.segment == segment
    return bool(((found.from_share[mine] <= at) & (at <= found.to_share[mine])).any())


@given(seed=st.integers(0, 2**31), k=st.integers(1, 12), limit_s=st.floats(0, 300), more_s=st.floats(0, 300))
@settings(max_examples=40, deadline=None)
def test_more_time_or_more_ends_only_add(seed, k, limit_s, more_s):
    rng = np.random.default_rng(seed)
    roads = uneven(rng, grid_city(6).roads)
    starts, ends = random_points(rng, roads, 6), random_points(rng, roads, 10)
    mode = int(rng.integers(len(MODES)))
    small, large = (reach(roads, starts, ends, mode, s) for s in (limit_s, limit_s + more_s))
    few, all_ = nearest(roads, starts, ends, mode, k), nearest(roads, starts, ends, mode, 10)
    time_s, length_m = skim(roads, starts, ends, mode)
    for i in range(6):
        less, more = (set(r.end[r.first[i] : r.first[i + 1]].tolist()) for r in (small, large))
        assert less <= more
        assert less == set(np.flatnonzero(np.rint(time_s[i] * 1000) <= round(limit_s * 1000)).tolist())
        order = np.lexsort((np.arange(10), length_m[i], time_s[i]))
        there = order[np.isfinite(time_s[i, order])]
        assert all_[0][i].tolist() == [*there, *[-1] * (10 - len(there))]
    for mine, whole in zip(few, all_, strict=True):
        width = min(k, 10)
        assert np.array_equal(mine[:, :width], whole[:, :width])
    pieces, wider = isochrone(roads, take(starts, [0]), mode, [limit_s, limit_s + more_s])
    assert pieces.reached_length_m <= wider.reached_length_m + 1e-9


def test_answers_do_not_depend_on_the_number_of_threads():
    city = grid_city(12)
    roads: Roads = uneven(np.random.default_rng(3), city.roads)
    points, ends = city.zones.snap, city.places.snap
    answers = []
    for threads in (1, numba.config.NUMBA_NUM_THREADS):
        numba.set_num_threads(threads)
        within = reach(roads, points, ends, units.WALK, 900.0)
        pairs = take(points, np.arange(40)), take(points, np.arange(40)[::-1])
        found = [p.edge.tolist() if p else None for p in paths(roads, *pairs, units.DRIVE)]
        answers.append((*vars(within).values(), *nearest(roads, points, ends, units.WALK, 3), found))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    for one, two in zip(*answers, strict=True):
        assert one == two if isinstance(one, list) else np.array_equal(one, two)


def test_streets_that_take_for_ever_hide_no_way():
    """Edges far longer than all buckets together are searched in order, too."""
    rng = np.random.default_rng(5)
    roads = grid_city(5).roads
    time_ms = roads.time_ms.copy()
    slow = rng.random(time_ms.shape) < 0.3
    time_ms[slow & (time_ms >= 0)] = rng.integers(10**6, 10**8, slow.sum())[: (slow & (time_ms >= 0)).sum()]
    roads = replace(roads, time_ms=time_ms)
    starts, ends = random_points(rng, roads, 8), random_points(rng, roads, 8)
    for mode in MODES:
        time_s, _ = skim(roads, starts, ends, mode)
        assert np.array_equal(np.sort(time_s, axis=1), nearest(roads, starts, ends, mode, 8)[1])
        found = paths(roads, starts, ends, mode)
        assert [p.time_s if p else np.inf for p in found] == time_s.diagonal().tolist()
