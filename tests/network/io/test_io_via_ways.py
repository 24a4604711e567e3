"""Turn restrictions that lead over streets, judged by networkx over walks of edges that remember all they came by."""

from __future__ import annotations

from dataclasses import replace

import networkx as nx
import numpy as np
import pytest
from road_files import Values, points_on, ways_of

from network import InputError, Scenario, SetStreetSpeed, Snap, snap
from network.io.graph import roads_from_ways
from network.io.store import load_city, save_city
from network.joined import joined_streets
from network.street_graph import StreetGraph
from network.synthetic import grid_city
from network.travel.car_traffic import city_links, congested
from network.travel.passing import driven_m
from network.travel.reach import nearest
from network.travel.roads import skim
from network.travel.routes import isochrone, paths
from network.units import CYCLE, DRIVE, WALK

MEMORY = 4
"""Edges that the longest of the restrictions below speaks of, so that no walk needs to remember more."""


def walked(ways, roads, mode, lines):
    """(L, L) metres by the shortest walk from the middle of each line to that of each, infinite where there is none."""
    ends = {}
    for line in range(len(ways)):
        (s,) = np.flatnonzero(roads.way_id[roads.way] == ways.id[line]).tolist() or [None]
        u, v = ways.point[ways.first[line] : ways.first[line + 1]].tolist()
        if s is not None:
            both = enumerate(((u, v), (v, u)))
            ends |= {(line, d): pair for d, pair in both if roads.time_ms[mode, roads.edges[s, d]] >= 0}
    spoken = [
        ([*(int(w.removeprefix("way/")) - 1 for w in (t.from_id, *t.via_ways, t.to_id))], t.tags["restriction"])
        for t in ways.turns
    ]

    def can_be_meant(seq):
        return any(all((line, d) in ends and ends[line, d] == pair for line, d, pair in w) for w in drawn(seq))

    def drawn(seq):
        at = {line: ways.point[ways.first[line] : ways.first[line + 1]].tolist() for line in seq}
        for start in at[seq[0]]:
            walk, here = [], start
            for line in seq:
                if here not in at[line]:
                    break
                there = at[line][1 - at[line].index(here)]
                walk.append((line, at[line].index(here), (here, there)))
                here = there
            else:
                yield walk

    bound = [(s, kind) for s, kind in spoken if mode != WALK and can_be_meant(s)]

    def allowed(walk):
        said = [line for line, _ in walk]
        for seq, kind in bound:
            if kind.startswith("no"):
                if said[-len(seq) :] == seq:
                    return False
                continue
            for i in range(1, len(seq)):
                on_way = said[-i - 1 : -1] == seq[:i]
                arrives = on_way and ends[walk[-2]][1] in ways.point[ways.first[seq[i]] : ways.first[seq[i] + 1]]
                if arrives and said[-1] != seq[i]:
                    return False
        return True

    graph, todo = nx.DiGraph(), [(e,) for e in ends]
    while todo:
        walk = todo.pop()
        for edge in ends:
            if ends[edge][0] == ends[walk[-1]][1] and allowed((*walk, edge)):
                further = (*walk, edge)[1 - MEMORY :]
                if further not in graph:
                    todo.append(further)
                graph.add_edge(walk, further, m=(size(ways, walk[-1][0]) + size(ways, edge[0])) / 2)
        graph.add_node(walk)
    out = np.full((len(lines), len(lines)), np.inf)
    for i, line in enumerate(lines):
        starts = {((line, d),) for d in (0, 1) if (line, d) in ends}
        far = nx.multi_source_dijkstra_path_length(graph, starts, weight="m")
        for j, other in enumerate(lines):
            out[i, j] = min((m for walk, m in far.items() if walk[-1][0] == other), default=np.inf)
    return out


def size(ways, line):
    u, v = ways.lonlat[ways.point[ways.first[line] : ways.first[line + 1]]]
    return float(np.hypot(*(u - v)) * 111_195.08)


def blocks(seed, rules=12):
    """Random blocks, every street a way of its own, with rules over one or two of them that now and then overlap."""
    rng = np.random.default_rng(seed)
    side = 4
    at = np.array([(x, y) for y in range(side) for x in range(side)])
    lonlat = (at + rng.uniform(-0.2, 0.2, at.shape)) * 0.001
    lines = [[p, p + 1] for p in range(side * side) if p % side < side - 1]
    lines += [[p, p + side] for p in range(side * (side - 1))]
    one_way = [{"oneway": "yes"} if rng.random() < 0.15 else {} for _ in lines]
    turns = []
    while len(turns) < rules:
        here = int(rng.integers(side * side))
        walk, length = [], int(rng.integers(2, MEMORY + 1))
        while len(walk) < length:
            fits = [i for i, line in enumerate(lines) if here in line and i not in walk]
            if not fits:
                break
            walk.append(int(rng.choice(fits)))
            here = sum(lines[walk[-1]]) - here
        if len(walk) == length > 2:
            kind = str(rng.choice(["no_u_turn", "no_left_turn", "only_straight_on"]))
            turns.append((walk[0] + 1, [w + 1 for w in walk[1:-1]], walk[-1] + 1, kind))
            # another one that begins with part of it, so that they share states
            if rng.random() < 0.3:
                last = [i for i, line in enumerate(lines) if set(line) & set(lines[walk[-2]]) and i not in walk]
                turns.append((walk[0] + 1, [w + 1 for w in walk[1:-1]], int(rng.choice(last)) + 1, "no_straight_on"))
    return ways_of(lonlat, lines, turns, tags=one_way)


@pytest.mark.parametrize("seed", range(16))
def test_times_lengths_and_paths_are_those_of_walks_that_remember(seed):
    ways = blocks(seed)
    roads, report = roads_from_ways(ways, Values(min_joined_share=0))
    assert report.turn_rules > 2
    assert len(roads.copies) > 2
    for mode in (WALK, CYCLE, DRIVE):
        usable = (roads.time_ms[mode][roads.edges] >= 0).any(axis=1)
        lines = [int(way.removeprefix("way/")) - 1 for way in roads.way_id[roads.way[usable]]]
        points = points_on(roads, *(ways.id[line] for line in lines))
        truth = walked(ways, roads, mode, lines)
        metres = skim(roads, points, points, mode)[1]
        assert np.isfinite(truth).all()  # what stays open can be reached from everywhere
        np.testing.assert_allclose(metres, truth, rtol=3e-4, atol=0.1)
        end, _, near_m = nearest(roads, points, points, mode, len(lines))
        assert np.array_equal(np.take_along_axis(near_m, np.argsort(end, axis=1), axis=1), metres)
        some, other = np.divmod(np.arange(0, truth.size, 7), len(lines))
        for i, j, path in zip(some, other, paths(roads, take(points, some), take(points, other), mode), strict=True):
            assert path.length_m == pytest.approx(metres[i, j], abs=1e-6)
            assert sum(leg.length_m for leg in path.legs) == pytest.approx(metres[i, j], abs=1e-6)
            drawn_m = np.hypot(*np.diff(path.lonlat, axis=0).T).sum() * 111_195.08
            assert drawn_m == pytest.approx(metres[i, j], rel=3e-4, abs=0.2)


def take(points, some):
    return Snap(**{name: array[:, some] for name, array in points.arrays()})


def two_roads():
    """A road of two one-way carriageways, ways 1 to 3 to the east and 4 to 6 back, joined by way 7 and at both ends."""
    lonlat = [(x * 0.001, y * 0.0002) for y in (0, 1) for x in range(4)]
    lines = [[0, 1], [1, 2], [2, 3], [7, 6], [6, 5], [5, 4], [2, 6], [3, 7], [4, 0]]
    tags = [{"oneway": "yes"}] * 6 + [{}] * 3
    return lonlat, lines, tags


def test_nobody_turns_back_over_the_link_between_carriageways():
    lonlat, lines, tags = two_roads()
    turns = [(2, [7], 5, "no_u_turn")]
    free, _ = roads_from_ways(ways_of(lonlat, lines, (), tags=tags), Values())
    roads, report = roads_from_ways(ways_of(lonlat, lines, turns, tags=tags), Values(min_joined_share=0))
    assert free.copies.shape == (0, 2)
    assert (report.turn_rules, len(roads.copies), len(roads.gates)) == (1, 1, 1)
    around = {}
    for name, some in (("free", free), ("ruled", roads)):
        points = points_on(some, "way/2", "way/5", "way/7", "way/8")
        around[name] = np.round(skim(some, points, points, DRIVE)[1])
        assert around[name][0, 2] == pytest.approx(67, abs=1)  # the link itself is reached
    assert around["free"][0, 1] == pytest.approx(134, abs=1)
    # turning on the spot is not forbidden, so the link is driven to its end, back and again
    assert around["ruled"][0, 1] == pytest.approx(134 + 2 * 22, abs=2)
    assert around["ruled"][2, 1] == around["free"][2, 1]  # who starts on it may leave it
    walk = points_on(roads, "way/2", "way/5")
    assert skim(roads, walk, walk, WALK)[1][0, 1] == pytest.approx(134, abs=1)


def test_a_way_with_side_streets_is_led_over_whole():
    """The link has a side street in its middle: from there the turn is free."""
    lonlat, lines, tags = two_roads()
    lonlat += [(0.002, 0.0001), (0.0023, 0.0001)]
    lines[6] = [2, 8, 6]
    lines, tags = [*lines, [8, 9]], [*tags, {}]
    roads, report = roads_from_ways(ways_of(lonlat, lines, [(2, [7], 5, "no_u_turn")], tags=tags), Values())
    assert (report.turn_rules, len(roads.copies)) == (1, 2)
    points = points_on(roads, "way/2", "way/5", "way/10")
    metres = np.round(skim(roads, points, points, DRIVE)[1])
    assert metres[2, 1] == pytest.approx(17 + 11 + 55, abs=2)
    # to the middle of the link, back and again: no rule speaks of that
    assert metres[0, 1] == pytest.approx(134 + 2 * 11, abs=2)


def test_what_does_not_fit_is_told():
    lonlat, lines, tags = two_roads()
    turns = [
        (1, [7], 5, "no_u_turn"),  # touches the link nowhere
        (2, [7, 8], 5, "no_u_turn"),  # links that do not meet
        (2, [77], 5, "no_u_turn"),
        (2, [7], 4, "only_straight_on"),  # against the one-way street
        (2, [7], 5, "no_flying"),
    ]
    roads, report = roads_from_ways(ways_of(lonlat, lines, turns, tags=tags), Values())
    assert (report.turn_rules, len(roads.copies)) == (0, 0)
    (note,) = report.notes
    assert note.startswith("5 turn restrictions do not fit the streets")


def ruled():
    lonlat, lines, tags = two_roads()
    return roads_from_ways(ways_of(lonlat, lines, [(2, [7], 5, "no_u_turn")], tags=tags), Values())[0]


def test_what_is_reached_within_a_time_includes_the_link():
    roads = ruled()
    (all_,) = isochrone(roads, points_on(roads, "way/2"), DRIVE, [3600.0])
    link = np.flatnonzero(roads.way_id[roads.way] == "way/7")
    assert all_.reached_length_m == pytest.approx(roads.length_m.sum())
    assert link in all_.segment
    assert joined_streets(roads, DRIVE).all()


def test_cars_over_the_link_are_counted_and_fill_it():
    roads, city = ruled(), grid_city(3)
    points = points_on(roads, "way/2", "way/6", "way/7")
    over = driven_m(roads, points, np.ones(3), 10, 1e9)
    times, metres = skim(roads, points, points, DRIVE)
    off = ~np.eye(3, dtype=bool)
    assert over.sum() == pytest.approx(metres[off].sum(), rel=1e-5)
    links = city_links(roads, city.congestion, points)
    graph = nx.DiGraph()
    for u, v, s in zip(links.links.tail.tolist(), links.links.head.tolist(), links.links.free_s.tolist(), strict=True):
        if not graph.has_edge(u, v) or graph[u][v]["s"] > s:
            graph.add_edge(u, v, s=s)
    for i in range(3):
        for j in range(3):
            if i != j:
                keep = graph.subgraph(set(graph) - (set(range(3)) - {i, j}))
                assert nx.dijkstra_path_length(keep, i, j, weight="s") == pytest.approx(times[i, j], abs=1e-9)
    slow = congested(roads, links, links.links.free_s * 2)
    assert (slow.time_ms[DRIVE, roads.copies[:, 0]] == slow.time_ms[DRIVE, roads.copies[:, 1]]).all()


def test_an_added_street_that_joins_the_link_ends_the_restriction():
    roads = ruled()
    streets = StreetGraph.of(roads)
    kept = streets.roads()
    assert kept.digest == roads.digest
    assert np.array_equal(kept.gates, roads.gates)
    (link,) = np.flatnonzero(roads.way_id[roads.way] == "way/7")
    join = streets.join_at(int(link), 0.5)
    cut = streets.roads()
    assert (len(cut.copies), len(cut.gates)) == (0, 0)
    assert join.leave == join.arrive
    points = points_on(cut, "way/2", "way/5", "way/7")
    metres = np.round(skim(cut, points, points, DRIVE)[1])
    assert metres[0, 1] == pytest.approx(134, abs=1)


def test_an_added_street_that_joins_the_end_of_the_link_keeps_the_restriction():
    roads = ruled()
    streets = StreetGraph.of(roads)
    (link,) = np.flatnonzero(roads.way_id[roads.way] == "way/7")
    (far,) = np.flatnonzero(roads.way_id[roads.way] == "way/8")
    ends = streets.join_at(int(link), 1.0), streets.join_at(int(far), 0.5)
    line = np.stack([streets.lonlat[join.leave] for join in ends])
    streets.add(line, ends, np.full((4, 2), 20_000), ("new", "", "residential"))
    added = streets.roads()
    points = points_on(added, "way/2", "way/5", "new")
    metres = np.round(skim(added, points, points, DRIVE)[1])
    assert len(added.copies) == 1
    assert metres[0, 1] > 134 + 1
    assert metres[0, 2] == pytest.approx(55.6 + 22.2 + np.hypot(111.2, 11.1) / 2, abs=2)


def test_a_speed_of_the_link_is_that_of_all_who_drive_it(tmp_path):
    roads = ruled()
    city = grid_city(3)
    layers = {name: snap(roads, lonlat) for name, (_, lonlat) in city.points.items()}
    city = city.on_streets(roads, layers)
    slow = Scenario(edits=(SetStreetSpeed(street="way/7", kmh=4.0),)).apply(city).roads
    ways = points_on(roads, "way/2"), points_on(roads, "way/8")
    before, after = (skim(some, *ways, DRIVE)[0][0, 0] for some in (roads, slow))
    assert after == before  # way 8 is reached without the link
    ways = points_on(roads, "way/2"), points_on(roads, "way/7")
    before, after = (skim(some, *ways, DRIVE)[0][0, 0] for some in (roads, slow))
    assert after > before + 5
    save_city(city, tmp_path / "city")
    again = load_city(tmp_path / "city").roads
    assert np.array_equal(again.copies, roads.copies)
    assert again.digest == roads.digest
    with pytest.raises(InputError, match="do not describe one graph"):
        replace(roads, time_ms=np.where(np.arange(len(roads.head)) == roads.copies[0, 0], 1, roads.time_ms))
