from __future__ import annotations

import gc
import math
from dataclasses import replace
from fractions import Fraction

import numba
import numpy as np
import pytest
from oracles import nearest_on_lines
from worlds import random_roads

from network import InputError, grid_city, units
from network.kernels.nearest import FEW, TOUCH_M, grid_of, nearest_pieces
from network.parallel import shared_out
from network.snap import _LINES, crossed, local_metres, nearest_of, on_street, snap


@pytest.mark.parametrize("seed", range(5))
def test_snap_finds_what_the_oracle_finds(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    points = np.column_stack((120.6 + rng.uniform(0, 0.02, 10), 31.3 + rng.uniform(0, 0.02, 10)))
    latitude = float(np.median(roads.lonlat[:, 1]))
    shape = local_metres(roads.shape_lonlat, latitude)
    lines = [shape[a:b].tolist() for a, b in zip(roads.shape_first, roads.shape_first[1:], strict=False)]
    found = snap(roads, points)
    for m in range(len(units.NETWORK_MODES)):
        usable = [s for s in range(len(lines)) if (roads.time_ms[m, roads.edges[s]] >= 0).any()]
        for i, point in enumerate(local_metres(points, latitude)):
            line, share, off_m = nearest_on_lines(point.tolist(), [lines[s] for s in usable])
            assert found.off_m[m, i] == pytest.approx(off_m, abs=1e-6)
            if found.segment[m, i] == usable[line]:
                assert found.along[m, i] == pytest.approx(share, abs=1e-6)


def test_a_point_lands_on_the_edge_not_on_its_node():
    city = grid_city(3)
    a, b = city.roads.shape_lonlat[:2]
    touch = snap(city.roads, (0.75 * a + 0.25 * b)[None])
    assert touch.segment[units.WALK, 0] == 0
    assert touch.along[units.WALK, 0] == pytest.approx(0.25, abs=1e-6)
    assert touch.off_m[units.WALK, 0] == pytest.approx(0, abs=1e-3)


def test_a_mode_without_streets_is_named():
    roads = grid_city(3).roads
    time_ms = roads.time_ms.copy()
    time_ms[units.CYCLE] = -1
    with pytest.raises(InputError, match="no street is open to cycle"):
        snap(replace(roads, time_ms=time_ms), np.array([[120.62, 31.3]]))


def as_grid(pieces):
    """A grid of pieces (Q, 4): ax, ay, bx, by."""
    return grid_of(*np.ascontiguousarray(np.reshape(pieces, (-1, 4)).T, np.float64))


NO_WALLS = as_grid([])


def nearest(points, pieces, usable, walls=NO_WALLS, detour_m=np.inf):
    """Every piece is a street of its own."""
    x, y = np.ascontiguousarray(np.asarray(points, np.float64).T)
    owner = np.arange(len(pieces), dtype=np.int32)
    shape = len(points), len(usable)
    found = np.full(shape, -1), np.zeros(shape), np.full(shape, np.inf)
    asked = x, y, as_grid(pieces), owner, usable, walls, float(detour_m), *found
    shared_out(nearest_pieces, asked, -(-len(points) // FEW))
    return tuple(part.T for part in found)


@pytest.mark.parametrize("seed", range(6))
def test_the_grid_finds_the_nearest_of_many_pieces(seed):
    """Long and short pieces, crowds and deserts, points far outside, rare modes: as measuring every piece."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, 1000, (300, 2)) ** (1 + seed % 2)
    b = a + rng.normal(0, (1.0, 60.0, 2000.0)[seed % 3], a.shape)
    b[0] = a[0]
    if seed == 5:
        a[:, 1] = b[:, 1] = 7.0
    points = rng.uniform(-3000, 5000, (60, 2))
    usable = rng.random((3, 300)) < [[1.0], [0.3], [0.01]]
    usable[:, 17] = True
    piece, share, squared = nearest(points, np.column_stack((a, b)), usable)
    along = b - a
    norm = np.maximum((along**2).sum(axis=1), 1e-300)
    t = np.clip(((points[:, None] - a) * along).sum(axis=2) / norm, 0, 1)
    d = ((a + t[:, :, None] * along - points[:, None]) ** 2).sum(axis=2)
    for m in range(3):
        truth = np.where(usable[m], d, np.inf)
        assert squared[m] == pytest.approx(truth.min(axis=1))
        assert usable[m, piece[m]].all()
        assert truth[range(60), piece[m]] == pytest.approx(truth.min(axis=1))
        assert share[m] == pytest.approx(t[range(60), piece[m]])


def test_points_that_threads_share_out_are_found_as_few_are():
    rng = np.random.default_rng(8)
    a = rng.uniform(0, 1000, (200, 2))
    pieces = np.column_stack((a, a + rng.normal(0, 60.0, a.shape)))
    walls = as_grid(np.column_stack((a[:20] + 5.0, a[:20] + rng.normal(0, 90.0, (20, 2)))))
    points, usable = rng.uniform(0, 1000, (FEW + 100, 2)), rng.random((3, 200)) < 0.8
    shared = nearest(points, pieces, usable, walls, 50.0)
    runs = [nearest(run, pieces, usable, walls, 50.0) for run in np.array_split(points, 4)]
    for mine, others in zip(shared, zip(*runs, strict=True), strict=True):
        assert np.array_equal(mine, np.concatenate(others, axis=1))


def test_of_equally_near_pieces_the_first_is_taken():
    pieces = [[0.0, 0.0, 9.0, 0.0]] * 4 + [[0.0, 2.0, 9.0, 2.0]] * 40
    usable = np.ones((1, 44), bool)
    usable[0, 0] = False
    piece, _, _ = nearest([[4.0, 1.0]], pieces, usable)
    assert piece[0, 0] == 1


def dot(a, b):
    return a[0] * b[0] + a[1] * b[1]


def cross(a, b):
    return a[0] * b[1] - a[1] * b[0]


def minus(a, b):
    return (a[0] - b[0], a[1] - b[1])


def hides(p, q, a, b):
    """Whether the wall a-b meets p-q at TOUCH_M or more from p and from q, in whatever numbers are given."""
    r, s, touch = minus(q, p), minus(b, a), type(p[0])(TOUCH_M) ** 2
    if dot(r, r) <= 4 * touch:
        return False
    if cross(r, s) != 0:
        u, v = (cross(minus(a, p), w) / cross(r, s) for w in (s, r))
        reach = (u, u)
        meets = 0 <= v <= 1
    else:
        reach = sorted(dot(minus(e, p), r) / dot(r, r) for e in (a, b))
        meets = cross(minus(a, p), r) == 0
    passes_p = reach[1] >= 0 and reach[1] ** 2 * dot(r, r) >= touch
    passes_q = reach[0] <= 1 and (1 - reach[0]) ** 2 * dot(r, r) >= touch
    return meets and passes_p and passes_q


def places_of(p, piece):
    """Shares and squared distances a piece offers: its nearest place, then its nearer and its farther end."""
    a, b = piece[:2], piece[2:]
    s = minus(b, a)
    foot = min(max(dot(minus(p, a), s) / dot(s, s), 0), 1) if dot(s, s) else 0
    for t in (
        foot,
        *sorted((0, 1), key=lambda end: dot(minus(piece[2 * end :][:2], p), minus(piece[2 * end :][:2], p))),
    ):
        place = (a[0] + t * s[0], a[1] + t * s[1])
        yield t, dot(minus(place, p), minus(place, p)), place


def nearest_in_sight(p, pieces, usable, walls, detour_m):
    """(piece, share, squared distance) by trying every piece against every wall."""
    offers = [(q, list(places_of(p, piece))) for q, piece in enumerate(pieces) if usable[q]]
    q, (plain, *_) = min(offers, key=lambda offer: (offer[1][0][1], offer[0]))
    if not any(hides(p, plain[2], w[:2], w[2:]) for w in walls):
        return q, plain[0], plain[1]
    seen = [(q, plain[0], plain[1])]
    best = (math.sqrt(plain[1]) + detour_m) ** 2
    for q, places in sorted(offers, key=lambda offer: offer[1][0][1]):
        if places[0][1] > best:
            break
        for t, d, place in places:
            if d <= best and not any(hides(p, place, w[:2], w[2:]) for w in walls):
                if d < best or (d == best and q < seen[-1][0]):
                    best = d
                    seen.append((q, t, d))
                break
    return seen[-1]


@pytest.mark.parametrize("detour_m", [np.inf, 5.03])
@pytest.mark.parametrize("seed", range(12))
def test_on_a_lattice_what_is_in_sight_is_exact(seed, detour_m):
    """Points, streets and walls that touch, cover and run along each other, without length too: as in fractions."""
    rng = np.random.default_rng(seed)
    step = np.array([(8, 0), (0, 8), (4, 4), (4, -4), (-16, 0), (0, -2), (0, 0), (8, 8)])
    a = rng.integers(0, 25, (14, 2))
    pieces = np.column_stack((a, a + step[rng.integers(0, 8, 14)]))
    b = rng.integers(0, 25, (9, 2))
    walls = np.column_stack((b, b + rng.integers(-7, 8, (9, 2)) * rng.integers(0, 2, (9, 2))))
    walls[0, 2:] = walls[0, :2]
    walls[1] = pieces[1]
    walls[2, :2] = pieces[2, 2:]
    points = rng.integers(-4, 60, (15, 2)) / 2
    points[0], points[1], points[2] = pieces[3, :2], walls[3, :2], (walls[4, :2] + walls[4, 2:]) / 2
    usable = rng.random((2, 14)) < [[1.0], [0.5]]
    usable[:, 0] = True
    piece, share, squared = nearest(points, pieces, usable, as_grid(walls), detour_m)
    exact = [[tuple(map(Fraction, row)) for row in array.tolist()] for array in (points, pieces, walls)]
    for m in range(2):
        for i, p in enumerate(exact[0]):
            q, t, d = nearest_in_sight(p, exact[1], usable[m], exact[2], detour_m)
            assert (piece[m, i], share[m, i], squared[m, i]) == (q, float(t), float(d))


def random_world(seed):
    """Points, street pieces, walls and open streets: dense and sparse walls, long and short, points far outside."""
    rng = np.random.default_rng(seed)
    a = rng.uniform(0, 1000, (250, 2))
    pieces = np.column_stack((a, a + rng.normal(0, (30.0, 200.0)[seed % 2], a.shape)))
    b = rng.uniform(-200, 1200, ((3, 150, 400)[seed % 3], 2))
    walls = np.column_stack((b, b + rng.normal(0, (60.0, 15.0, 700.0)[seed % 3], b.shape)))
    points = rng.uniform(-300, 1300, (50, 2))
    usable = rng.random((3, 250)) < [[1.0], [0.4], [0.02]]
    usable[:, 5] = True
    return points, pieces, usable, walls


@pytest.mark.parametrize("seed", range(6))
def test_what_is_in_sight_is_what_trying_everything_finds(seed):
    points, pieces, usable, walls = random_world(seed)
    detour_m = (np.inf, 40.0)[seed % 2]
    piece, share, squared = nearest(points, pieces, usable, as_grid(walls), detour_m)
    given = [[tuple(row) for row in array.tolist()] for array in (points, pieces, walls)]
    for m in range(3):
        for i, p in enumerate(given[0]):
            q, t, d = nearest_in_sight(p, given[1], usable[m], given[2], detour_m)
            assert piece[m, i] == q
            assert (share[m, i], squared[m, i]) == pytest.approx((t, d))


@pytest.mark.parametrize("seed", range(3))
def test_walls_never_bring_a_street_nearer_and_the_threads_do_not_matter(seed):
    points, pieces, usable, walls = random_world(seed)
    plain = last = nearest(points, pieces, usable)[2]
    for count in (1, len(walls) // 2, len(walls)):
        found = nearest(points, pieces, usable, as_grid(walls[:count]))
        assert ((found[2] >= last) | (found[2] == plain)).all(), "nearer only where nothing is left in sight"
        last = found[2]
    assert (last > plain).any()
    numba.set_num_threads(1)
    try:
        alone = nearest(points, pieces, usable, as_grid(walls))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert all(np.array_equal(one, many) for one, many in zip(alone, found, strict=True))


def test_a_degree_of_longitude_shrinks_with_the_latitude():
    x, y = local_metres(np.array([[1.0, 1.0]]), 60.0)[0]
    assert y == pytest.approx(111_195, abs=1)
    assert x == pytest.approx(y / 2)


def test_the_nearest_street_is_nearest_in_metres_not_in_degrees():
    """At 60 degrees north a street 0.0015 degrees east is nearer than one 0.001 degrees north."""
    roads = grid_city(3).roads
    north, east = [[24.0, 60.001], [24.01, 60.001]], [[24.0015, 60.0], [24.0015, 60.01]]
    shape = roads.shape_lonlat.copy()
    shape[:] = (25.0, 60.005)
    shape[:2], shape[2:4] = north, east
    lonlat = np.full(roads.lonlat.shape, (24.0, 60.0))
    touch = snap(replace(roads, shape_lonlat=shape, lonlat=lonlat), np.array([[24.0, 60.0003]]))
    assert touch.segment[units.WALK, 0] == 0
    touch = snap(replace(roads, shape_lonlat=shape, lonlat=lonlat), np.array([[24.0, 60.0001]]))
    assert touch.segment[units.WALK, 0] == 1
    assert touch.off_m[units.WALK, 0] == pytest.approx(0.0015 * 111_195 / 2, rel=1e-3)


def walled(roads, *lines):
    """The streets with barriers, each a list of (east, north) metres from the first drawn point."""
    metres = units.EARTH_RADIUS_M * np.radians(1.0)
    origin = roads.shape_lonlat[0]
    shrink = np.cos(np.radians(np.median(roads.lonlat[:, 1])))
    lonlat = [origin + np.asarray(line, float) / (metres * shrink, metres) for line in lines]
    first = np.cumsum([0, *map(len, lonlat)]).astype(np.int32)
    return replace(roads, barrier_first=first, barrier_lonlat=np.concatenate(lonlat))


def at(roads, *east_north):
    return walled(roads, [*east_north, *east_north]).barrier_lonlat[: len(east_north)]


def test_a_wall_sends_to_the_street_on_this_side():
    """A grid of 200 m blocks; the point is 40 m from the street in the south and 50 m from the one in the west."""
    roads = grid_city(3).roads
    point = at(roads, (50, 40))
    plain = snap(roads, point)
    south = walled(roads, [(0, 20), (120, 20)])
    seen = snap(south, point)
    assert plain.off_m[units.WALK, 0] == pytest.approx(40, abs=0.01)
    assert seen.off_m[units.WALK, 0] == pytest.approx(50, abs=0.01)
    assert crossed(south, point, plain).all()
    assert not crossed(south, point, seen).any()
    assert not crossed(roads, point, plain).any()


def test_inside_a_closed_wall_the_nearest_street_is_taken_and_reported():
    roads = grid_city(3).roads
    yard = walled(roads, [(40, 30), (60, 30), (60, 50), (40, 50), (40, 30)])
    points = at(roads, (50, 40), (70, 40))
    seen, plain = snap(yard, points), snap(roads, points)
    assert all(np.array_equal(array, getattr(plain, name)) for name, array in seen.arrays())
    assert crossed(yard, points, seen).tolist() == [[True, False]] * len(units.NETWORK_MODES)


def test_a_street_in_sight_but_much_farther_is_not_taken():
    roads = grid_city(3).roads
    slit = walled(roads, [(40, 30), (60, 30), (60, 50), (40, 50), (40, 41)])
    point = at(roads, (50, 40))
    ends = snap(replace(slit, snap_detour_m=np.array(1e9)), point).off_m[units.WALK, 0]
    assert ends > 50
    assert snap(replace(slit, snap_detour_m=np.array(ends - 40 + 0.1)), point).off_m[units.WALK, 0] == ends
    assert snap(replace(slit, snap_detour_m=np.array(ends - 40 - 0.1)), point).off_m[units.WALK, 0] == pytest.approx(
        40, abs=0.01
    )


def test_the_end_of_a_street_is_reached_where_its_nearest_place_is_hidden():
    roads = grid_city(3).roads
    point = at(roads, (50, 40))
    open_corner = walled(roads, [(40, 30), (60, 30), (60, 50), (40, 50), (40, 35)])
    touch = snap(open_corner, point)
    assert touch.off_m[units.WALK, 0] == pytest.approx(math.hypot(50, 40), abs=0.01)
    assert touch.along[units.WALK, 0] == 0
    assert not crossed(open_corner, point, touch).any()


@pytest.mark.parametrize(
    ("wall", "off_m"),
    [
        pytest.param([(49, -5), (51, 5)], 40, id="across the street, at the very place"),
        pytest.param([(0, 0), (200, 0)], 40, id="along the street"),
        pytest.param([(0, 0.005), (200, 0.005)], 40, id="along the street, half a centimetre off"),
        pytest.param([(0, 0.02), (200, 0.02)], 50, id="two centimetres before the street"),
        pytest.param([(0, 40), (120, 40)], 40, id="through the point"),
        pytest.param([(0, 20), (50.001, 20)], 50, id="just hiding it"),
        pytest.param([(50, 10), (50, 30)], 50, id="along the connector"),
        pytest.param([(0, -5), (200, -5)], 40, id="behind the street"),
        pytest.param([(51, 40), (51, 0)], 40, id="beside the connector"),
    ],
)
def test_touching_is_not_crossing(wall, off_m):
    roads = grid_city(3).roads
    assert snap(walled(roads, wall), at(roads, (50, 40))).off_m[units.WALK, 0] == pytest.approx(off_m, abs=0.01)


@pytest.mark.parametrize("seed", range(3))
def test_the_place_on_the_street_is_as_far_as_the_snap_says(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng)
    points = np.column_stack((120.6 + rng.uniform(0, 0.02, 30), 31.3 + rng.uniform(0, 0.02, 30)))
    found = snap(roads, points)
    latitude = float(np.median(roads.lonlat[:, 1]))
    for m in range(len(units.NETWORK_MODES)):
        touched = on_street(roads, found.segment[m], found.along[m])
        apart = local_metres(touched, latitude) - local_metres(points, latitude)
        assert np.hypot(*apart.T) == pytest.approx(found.off_m[m], abs=1e-6)


def test_lines_are_cut_once_and_forgotten_with_their_streets():
    roads = grid_city(3).roads
    point = at(roads, (50, 40))
    snap(roads, point)
    kept = _LINES[id(roads.shape_lonlat)]
    snap(replace(roads, time_ms=np.maximum(roads.time_ms, 0)), point)
    assert _LINES[id(roads.shape_lonlat)] is kept
    north = np.array([0.0, 0.5])
    moved = replace(roads, lonlat=roads.lonlat + north, shape_lonlat=roads.shape_lonlat + north)
    assert snap(moved, point + north).off_m[units.WALK, 0] == pytest.approx(40, abs=0.01)
    key = id(moved.shape_lonlat)
    assert key in _LINES
    del moved
    gc.collect()
    assert key not in _LINES


def test_no_points_are_no_trouble():
    roads = grid_city(3).roads
    none = snap(roads, np.zeros((0, 2)))
    assert none.segment.shape == (len(units.NETWORK_MODES), 0)
    assert crossed(roads, np.zeros((0, 2)), none).shape == none.segment.shape


def test_the_nearest_point_is_so_in_metres_not_in_degrees():
    """At 60 degrees north a degree of longitude is half as long as one of latitude."""
    points = np.array([[25.0, 60.012], [25.02, 60.0]])
    assert nearest_of(points, np.array([[25.0, 60.0], [25.02, 60.001], [25.0, 60.02]])).tolist() == [1, 1, 0]
    assert nearest_of(points, np.zeros((0, 2))).tolist() == []
