from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numba
import numpy as np
import pytest
from plain_paths import assert_same, uneven
from worlds import random_points, random_roads

from network import CityError, CloseStreet, Roads, Scenario, Snap, grid_city, units
from network.hierarchy import hierarchy_of
from network.kernels.customising import customise
from network.kernels.hierarchy import NEVER
from network.kernels.lanes import LANES
from network.synthetic import grid_roads
from network.travel.roads import ends_of, metric_of, one_to_all, packed, skim


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("nodes", "segments"), [(40, 45), (300, 450), (1500, 1700)])
def test_skims_equal_the_plain_kernel_on_random_streets(seed, nodes, segments):
    rng = np.random.default_rng((seed, nodes))
    roads = random_roads(rng, nodes, segments)
    assert_same(roads, random_points(rng, roads, 70), random_points(rng, roads, 45))


@pytest.mark.parametrize("n", [2, 3, 7, 30])
def test_skims_equal_the_plain_kernel_on_grids(n):
    rng = np.random.default_rng(n)
    roads = grid_roads(n)
    for streets in (roads, uneven(rng, roads)):
        assert_same(streets, random_points(rng, streets, 100), random_points(rng, streets, 33))


def test_no_points_no_times():
    roads, rng = grid_roads(3), np.random.default_rng(0)
    modes = len(units.NETWORK_MODES)
    none = Snap(segment=np.zeros((modes, 0), np.int32), along=np.zeros((modes, 0)), off_m=np.zeros((modes, 0)))
    some = random_points(rng, roads, 5)
    assert skim(roads, none, some, units.WALK)[0].shape == (0, 5)
    assert skim(roads, some, none, units.WALK)[0].shape == (5, 0)
    assert one_to_all(roads, none, units.WALK)[1].shape == (0, 9)
    assert list(metric_of(roads, units.WALK).one_to_all_by(none)) == []


@pytest.mark.parametrize("seed", range(5))
def test_the_hierarchy_is_complete(seed):
    """Whoever is above a node is above its parent or is the parent: contracting never lacks an arc."""
    rng = np.random.default_rng(seed)
    h = random_roads(rng, 80, 130).hierarchy
    above = [set(h.up_head[a:b].tolist()) for a, b in zip(h.up_first[:-1], h.up_first[1:], strict=True)]
    assert sorted(h.rank) == list(range(80))
    for r, mine in enumerate(above):
        assert all(x > r for x in mine)
        if mine:
            assert mine - {min(mine)} <= above[min(mine)]


def test_separators_of_a_grid_are_small():
    """A grid of n x n falls apart along its lines: no crossing sees many more than 2 n others above it."""
    for n in (10, 30, 60):
        assert np.diff(grid_roads(n).hierarchy.up_first).max() <= 2.5 * n


def test_the_order_depends_on_the_streets_alone():
    roads = grid_roads(12)
    again = hierarchy_of(roads.lonlat, roads.first, roads.head)
    assert again.digest == roads.hierarchy.digest


def test_streets_without_a_place_of_their_own_are_ordered_too():
    roads = grid_roads(6)
    heap = np.zeros_like(roads.lonlat)
    piled = replace(roads, lonlat=heap, hierarchy=hierarchy_of(heap, roads.first, roads.head))
    points = random_points(np.random.default_rng(1), roads, 20)
    assert_same(piled, points, points)


def test_nodes_without_streets_are_ordered():
    none = hierarchy_of(np.zeros((3, 2)), np.zeros(4, np.int32), np.zeros(0, np.int32))
    assert sorted(none.rank) == [0, 1, 2]
    assert hierarchy_of(np.zeros((1, 2)), np.array([0, 2], np.int32), np.zeros(2, np.int32)).slot.tolist() == [-1, -1]
    assert len(hierarchy_of(np.zeros((0, 2)), np.zeros(1, np.int32), np.zeros(0, np.int32)).rank) == 0


def test_a_closed_street_keeps_the_hierarchy():
    city = grid_city(5)
    closed = Scenario(edits=(CloseStreet(street="East Street 2"),)).apply(city)
    assert closed.roads.hierarchy is city.roads.hierarchy


def test_the_hierarchy_of_other_streets_is_refused():
    roads: Roads = grid_roads(4)
    for other in (grid_roads(5).hierarchy, hierarchy_of(roads.lonlat, roads.first, roads.head[::-1].copy())):
        with pytest.raises(CityError, match="do not describe one graph"):
            replace(roads, hierarchy=other)
    with pytest.raises(CityError, match="do not describe one hierarchy"):
        replace(roads.hierarchy, rank=np.zeros_like(roads.hierarchy.rank))


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    """Kernels on this many threads, where the machine has them."""
    if request.param > numba.config.NUMBA_NUM_THREADS:
        pytest.skip("needs more threads")
    numba.set_num_threads(request.param)
    yield request.param
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)


def to_all_by_networkx(roads, starts, mode):
    """(X, N) packed time and length from networkx, one search per start; NEVER where there is no way."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(roads.lonlat)))
    cost = packed(roads.time_ms[mode].astype(np.int64), roads.length_mm.astype(np.int64))
    for e in np.flatnonzero(cost >= 0)[np.argsort(-cost[cost >= 0], kind="stable")]:  # the cheapest parallel edge stays
        graph.add_edge(int(roads.tail[e]), int(roads.head[e]), weight=int(cost[e]))
    start = ends_of(roads, starts, mode, weigh_time=True)
    out = np.full((len(start.segment), len(roads.lonlat)), NEVER)
    for i, row in enumerate(out):
        for node, leave in zip(start.leave_node[i].tolist(), start.leave_cost[i].tolist(), strict=True):
            if leave >= 0:
                for end, way in nx.single_source_dijkstra_path_length(graph, node).items():
                    row[end] = min(row[end], leave + way)
    return out


def with_turns(rng, roads, count):
    """The same streets, and edges without length between nodes that now stand at one spot, closed to some modes."""
    one, other = rng.choice(len(roads.lonlat), (2, count))
    lonlat = roads.lonlat.copy()
    lonlat[one] = lonlat[other] = lonlat[0]
    tail, head = np.concatenate((roads.tail, one)), np.concatenate((roads.head, other)).astype(np.int32)
    order = np.argsort(tail, kind="stable")
    at = np.argsort(order).astype(np.int32)
    first = np.searchsorted(tail[order], np.arange(len(lonlat) + 1)).astype(np.int32)
    turns = np.where(rng.random((len(roads.time_ms), count)) < 0.3, units.CLOSED, 0).astype(np.int32)
    return replace(
        roads,
        lonlat=lonlat,
        first=first,
        head=head[order],
        time_ms=np.concatenate((roads.time_ms, turns), axis=1)[:, order],
        delay_ms=np.zeros((len(roads.time_ms), len(head)), np.int32),
        edges=at[roads.edges],
        hierarchy=hierarchy_of(lonlat, first, head[order]),
    )


@pytest.mark.parametrize("seed", range(6))
def test_ways_over_turns_equal_networkx(seed):
    rng = np.random.default_rng(seed)
    roads = with_turns(rng, random_roads(rng, 50, 60), 25)
    assert (roads.segment < 0).sum() == 25
    points = random_points(rng, roads, 20)
    assert_same(roads, points, random_points(rng, roads, 30))
    for mode in range(len(units.NETWORK_MODES)):
        truth = to_all_by_networkx(roads, points, mode)
        expected = np.where(truth < NEVER, (truth >> 32).astype(np.float32) / np.float32(1000), np.float32(np.inf))
        assert np.array_equal(one_to_all(roads, points, mode)[0], expected)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("nodes", "segments", "starts"), [(1, 2, 3), (16, 40, 32), (61, 75, 33)])
def test_one_to_all_equals_networkx(seed, nodes, segments, starts):
    rng = np.random.default_rng((seed, nodes))
    roads = random_roads(rng, nodes, segments)
    points = random_points(rng, roads, max(starts, 4))
    for mode in range(len(units.NETWORK_MODES)):
        truth = to_all_by_networkx(roads, points, mode)
        there = truth < NEVER
        for mine, part in zip(one_to_all(roads, points, mode), (truth >> 32, truth & 0xFFFFFFFF), strict=True):
            expected = np.where(there, part.astype(np.float32) / np.float32(1000), np.float32(np.inf))
            assert mine.dtype == np.float32
            assert np.array_equal(mine, expected)


def test_one_to_all_in_parts_is_one_to_all():
    rng = np.random.default_rng(3)
    roads = uneven(rng, grid_roads(9))
    points = random_points(rng, roads, 3 * LANES + 5)
    metric = metric_of(roads, units.DRIVE)
    whole = metric.one_to_all(points)
    for rows in (1, 7, LANES, 1000):
        parts = [(time_s.copy(), length_m.copy()) for time_s, length_m in metric.one_to_all_by(points, rows)]
        assert max(len(time_s) for time_s, _ in parts) <= rows
        for mine, part in zip(whole, zip(*parts, strict=True), strict=True):
            assert np.array_equal(mine, np.concatenate(part))


def test_any_number_of_threads_gives_the_same_bits(threads):
    rng = np.random.default_rng(5)
    roads = uneven(rng, grid_roads(25))
    points = random_points(rng, roads, 4 * LANES + 1)
    answers = {}
    for count in (1, threads):
        numba.set_num_threads(count)
        metric = metric_of(roads, units.CYCLE)
        answers[count] = (metric.weight, *metric.skim(points, points), *metric.one_to_all(points))
    for one, other in zip(answers[1], answers[threads], strict=True):
        assert one.tobytes() == other.tobytes()


def customised_by_elimination(over, cost):
    """Weights (2, A) from a dense matrix of ranks, one rank contracted after the other."""
    n = len(over.rank)
    matrix = np.full((n, n), NEVER)
    for slot, weight in zip(over.slot.tolist(), cost.tolist(), strict=True):
        if slot >= 0 and weight >= 0:
            low, high = over.low[slot >> 1], over.up_head[slot >> 1]
            at = (high, low) if slot & 1 else (low, high)
            matrix[at] = min(matrix[at], weight)
    for v in range(n):
        matrix[v + 1 :, v + 1 :] = np.minimum(
            matrix[v + 1 :, v + 1 :], np.minimum(matrix[v + 1 :, v, None] + matrix[v, v + 1 :], NEVER)
        )
    return np.stack((matrix[over.low, over.up_head], matrix[over.up_head, over.low]))


@pytest.mark.parametrize("crews", [1, 2, 5])
@pytest.mark.parametrize(("nodes", "segments"), [(1, 1), (30, 40), (200, 260), (280, 40_000)])
def test_customising_is_elimination(nodes, segments, crews):
    """The last of them is one front that all threads share."""
    rng = np.random.default_rng(nodes)
    roads = random_roads(rng, nodes, segments)
    over = roads.hierarchy
    for mode in range(2):
        cost = packed(roads.time_ms[mode].astype(np.int64), roads.length_mm.astype(np.int64))
        mine = customise(over.up_first, over.up_head, over.plan, over.slot, roads.time_ms[mode], roads.length_mm, crews)
        assert np.array_equal(mine, customised_by_elimination(over, cost))


@pytest.mark.parametrize("seed", range(4))
def test_a_given_order_is_kept(seed):
    rng = np.random.default_rng(seed)
    roads = random_roads(rng, 40, 60)
    order = rng.permutation(40).astype(np.int32)
    over = hierarchy_of(roads.lonlat, roads.first, roads.head, order)
    place = np.argsort(order)
    above = place[np.argsort(over.rank)][over.up_head] > place[np.argsort(over.rank)][over.low]
    assert above.all()
    points = random_points(rng, roads, 20)
    again = replace(roads, hierarchy=over)
    for mode in range(len(units.NETWORK_MODES)):
        for mine, truth in zip(skim(again, points, points, mode), skim(roads, points, points, mode), strict=True):
            assert np.array_equal(mine, truth)
    best = np.argsort(roads.hierarchy.rank).astype(np.int32)
    assert hierarchy_of(roads.lonlat, roads.first, roads.head, best).digest == roads.hierarchy.digest
