from __future__ import annotations

import math
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from plain_paths import uneven
from worlds import random_points, random_roads

from network import Snap, grid_city
from network.snap import snap
from network.synthetic import grid_roads
from network.travel.passing import driven_m, passed_point, passing_share, past_points
from network.units import DRIVE

SCALE_S = 100.0


def graph_cut_at(roads, points):
    """Streets for cars with points as nodes: edges weighed by time, then length, that know segment and millimetres."""
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(len(roads.lonlat)))

    def add(tail, head, time_ms, length_mm, segment):
        graph.add_edge(tail, head, weight=(int(time_ms) << 32) + int(length_mm), mm=int(length_mm), segment=segment)

    for segment, pair in enumerate(roads.edges):
        here = np.flatnonzero(points.segment[DRIVE] == segment)
        for side, edge in enumerate(pair):
            time_ms, length_mm = int(roads.time_ms[DRIVE, edge]), int(roads.length_mm[edge])
            if time_ms < 0:
                continue
            tail, head = int(roads.tail[edge]), int(roads.head[edge])
            add(tail, head, time_ms, length_mm, segment)
            share = np.abs(side - points.along[DRIVE])
            done = {i: (int(np.rint(time_ms * share[i])), int(np.rint(length_mm * share[i]))) for i in here}
            for i in here:
                add(tail, ("in", i), *done[i], segment)
                add(("out", i), head, time_ms - done[i][0], length_mm - done[i][1], segment)
                for j in here:
                    if done[j] >= done[i] and j != i:
                        add(("out", i), ("in", j), done[j][0] - done[i][0], done[j][1] - done[i][1], segment)
    return graph


def plain_driven_m(roads, points, persons):
    """Metres on each segment, path by path; and the cost (X, N) of the ways from points to nodes, None where none."""
    graph, driven, costs = graph_cut_at(roads, points), np.zeros(len(roads.edges)), []
    for i in range(len(persons)):
        cost, ways = nx.single_source_dijkstra(graph, ("out", i)) if ("out", i) in graph else ({}, {})
        costs.append([cost.get(n) for n in range(len(roads.lonlat))])
        for j in range(len(persons)):
            if j == i or ("in", j) not in cost:
                continue
            cars = persons[i] * persons[j] * math.exp(-(cost["in", j] >> 32) / 1000 / SCALE_S)
            for tail, head in zip(ways["in", j], ways["in", j][1:], strict=False):
                hop = min(graph[tail][head].values(), key=lambda e: e["weight"])
                driven[hop["segment"]] += cars * hop["mm"] / 1000
    return driven, costs


@pytest.mark.parametrize("seed", range(20))
def test_cars_drive_the_paths_that_networkx_finds(seed):
    rng = np.random.default_rng(seed)
    roads = uneven(rng, random_roads(rng, nodes=20, segments=45))
    points, persons = random_points(rng, roads, 12), rng.integers(0, 50, 12).astype(float)
    driven, costs = plain_driven_m(roads, points, persons)
    assert driven.sum() > 0
    assert driven_m(roads, points, persons, len(persons), SCALE_S) == pytest.approx(driven, rel=1e-9)
    for segment, passed in enumerate(passed_point(roads, points)):
        forward = roads.edges[segment, 0]
        near = [(c, i) for i, row in enumerate(costs) for c in (row[roads.tail[forward]], row[roads.head[forward]])]
        near = [(c, i) for c, i in near if c is not None]
        assert near or passed == -1
        assert not near or (min(near)[0], passed) in near


def line_of(n, persons):
    """Points on the crossings of the southern street of a grid, whose other streets nobody needs."""
    roads = grid_roads(n)
    points = snap(roads, roads.lonlat[:n])
    return roads, points, np.array(persons, float)


def test_who_drives_through_by_hand():
    """Blocks of 200 m at 8.3 m/s, 24.096 s; the middle block is passed by all that go from one half to the other."""
    roads, points, persons = line_of(4, [1, 2, 3, 4])
    driven = driven_m(roads, points, persons, 4, SCALE_S)
    fall = [math.exp(-24.096 * blocks / SCALE_S) for blocks in range(4)]
    middle = 2 * 200 * (2 * 3 * fall[1] + (1 * 3 + 2 * 4) * fall[2] + 1 * 4 * fall[3])
    assert driven[:3] == pytest.approx([2 * 200 * (2 * fall[1] + 3 * fall[2] + 4 * fall[3]), middle,
                                        2 * 200 * (12 * fall[1] + 8 * fall[2] + 4 * fall[3])])  # fmt: skip
    assert driven[3:].sum() == 0


def test_a_street_is_passed_by_the_nearest_point_only():
    roads = grid_roads(4)
    ends = snap(roads, roads.lonlat[[0, 3]])
    assert passed_point(roads, ends)[:3].tolist() == [0, 0, 1]


def test_every_kilometre_is_driven_past_one_point():
    roads = grid_roads(4)
    ends = snap(roads, roads.lonlat[[0, 3]])
    metres = np.arange(1.0, len(roads.edges) + 1.0)
    assert past_points(roads, ends, metres).sum() == metres.sum()
    middle = Snap(segment=np.full((4, 2), 1, np.int32), along=np.full((4, 2), 0.5), off_m=np.zeros((4, 2)))
    both = Snap(**{name: np.hstack((array, getattr(middle, name))) for name, array in ends.arrays()})
    assert past_points(roads, both, np.where(np.arange(len(metres)) == 1, 10.0, 0.0)).tolist() == [0, 0, 5, 5]


def test_the_middle_of_a_city_is_passed_more_than_its_edge():
    city = grid_city(12)
    share = passing_share(city)
    assert share.sum() == pytest.approx(1.0)
    assert (share > 0).all()
    square = share.reshape(11, 11)
    assert square[3:8, 3:8].mean() > 1.5 * share.mean()
    nobody = {name: np.zeros(len(share)) for name in ("residents", "jobs", "students", "visitors")}
    assert passing_share(replace(city, zones=replace(city.zones, **nobody))).sum() == 0


def test_a_sample_stands_for_all():
    rng = np.random.default_rng(5)
    roads = grid_roads(12)
    points, persons = random_points(rng, roads, 300), rng.uniform(1, 10, 300)
    driven = {most: driven_m(roads, points, persons, most, SCALE_S) for most in (60, 150, 300)}
    shares = {most: metres / metres.sum() for most, metres in driven.items()}
    wrong = {most: np.abs(shares[most] - shares[300]).sum() / 2 for most in (60, 150)}
    assert driven[60].sum() == pytest.approx(driven[300].sum(), rel=0.05)
    assert wrong[150] < wrong[60] < 0.15
    assert np.array_equal(driven[60], driven_m(roads, points, persons, 60, SCALE_S))


def test_nobody_nowhere():
    roads = grid_roads(3)
    none = Snap(segment=np.zeros((4, 0), np.int32), along=np.zeros((4, 0)), off_m=np.zeros((4, 0)))
    assert driven_m(roads, none, np.zeros(0), 10, SCALE_S).sum() == 0
    assert (passed_point(roads, none) == -1).all()
    points = snap(roads, roads.lonlat[:3])
    assert driven_m(roads, points, np.zeros(3), 10, SCALE_S).sum() == 0
