"""Turn restrictions, barriers, signals and slopes: streets read from a map, judged by a search over turns."""

from __future__ import annotations

import heapq
from dataclasses import replace

import numpy as np
import pytest
from road_files import Values, points_on, ways_of

from network import InputError, Snap, snap
from network.io.graph import roads_from_ways
from network.io.rules import RoadRules, delays_s, passable, turn_rule
from network.travel.roads import skim
from network.units import CYCLE, DRIVE, NETWORK_MODES, WALK

SIGNALS, BOLLARD = {"highway": "traffic_signals"}, {"barrier": "bollard"}


def cross():
    """Point 0 in the middle of four arms that lead to 1 (west), 2 (north), 3 (east), 4 (south): way n from point n."""
    lonlat = [(0, 0), (-0.001, 0), (0, 0.001), (0.001, 0), (0, -0.001)]
    return lonlat, [[i, 0] for i in (1, 2, 3, 4)]


def ring(lonlat, lines):
    """A street all around, so that nobody is cut off."""
    return lonlat, [*lines, [1, 2, 3, 4, 1]]


def lengths(ways, mode, *names, **changed):
    roads, report = roads_from_ways(ways, Values(min_joined_share=0, **changed))
    points = points_on(roads, *names)
    return np.round(skim(roads, points, points, mode)[1]), report


ARM, SIDE = 111.0, 157.0


def test_a_forbidden_turn_is_driven_round_and_walked_through():
    ways = ways_of(*ring(*cross()), turns=[(1, 0, 2, "no_left_turn")])
    driven, report = lengths(ways, DRIVE, "way/1", "way/2")
    assert report.turn_rules == 1
    assert driven[0, 1] == pytest.approx(ARM / 2 + SIDE + ARM / 2, abs=2)  # back along the arm and round the ring
    assert driven[1, 0] == pytest.approx(ARM, abs=1)
    walked, _ = lengths(ways, WALK, "way/1", "way/2")
    assert walked[0, 1] == walked[1, 0] == pytest.approx(ARM, abs=1)


def test_an_only_turn_forbids_all_others_also_back():
    ways = ways_of(*ring(*cross()), turns=[(1, 0, 3, "only_straight_on")])
    driven, _ = lengths(ways, DRIVE, "way/1", "way/2", "way/3", "way/4")
    assert driven[0, 2] == pytest.approx(ARM, abs=1)
    assert driven[0, 1] > ARM + 1
    assert driven[0, 3] > ARM + 1
    assert (driven[1:, 0] == driven[1:, 0].min()).all()


def test_cycles_are_bound_unless_excepted():
    rule = {"restriction": "no_left_turn", "except": "bicycle"}
    for tags, bound in (({"restriction": "no_left_turn"}, True), (rule, False)):
        ways = ways_of(*ring(*cross()), turns=[(1, 0, 2, tags)])
        ridden, _ = lengths(ways, CYCLE, "way/1", "way/2")
        assert (ridden[0, 1] > ARM + 1) == bound


def test_a_bollard_stops_cars_and_nobody_else():
    lonlat = [(0, 0), (0.001, 0), (0.002, 0), (0.002, 0.002), (0, 0.002)]
    ways = ways_of(lonlat, [[0, 1, 2], [2, 3, 4, 0]], point_tags={1: BOLLARD})
    roads, report = roads_from_ways(ways, Values(min_joined_share=0))
    assert report.barriers == 1
    pieces = np.flatnonzero(roads.way_id[roads.way] == "way/1")
    assert len(pieces) == 2
    shape = (len(NETWORK_MODES), 2)
    ends = Snap(
        segment=np.broadcast_to(pieces.astype(np.int32), shape), along=np.full(shape, 0.5), off_m=np.zeros(shape)
    )
    for mode, far in ((WALK, False), (CYCLE, False), (DRIVE, True)):
        metres = skim(roads, ends, ends, mode)[1]
        assert (metres[0, 1] > 200) == (metres[1, 0] > 200) == far
    assert report.modes[DRIVE].joined_share == 1  # both sides of the bollard can be driven to


def test_bollards_on_the_only_road_make_an_island_of_what_is_behind():
    lonlat = [(0, 0), (0.003, 0), (0.004, 0), (0.004, 0.001)]
    ways = ways_of(lonlat, [[0, 1, 2, 3]], point_tags={1: BOLLARD})
    _, report = roads_from_ways(ways, Values(min_joined_share=0))
    assert report.modes[WALK].joined_share == 1
    assert report.modes[DRIVE].islands == 1
    assert report.modes[DRIVE].island_m == pytest.approx(222, abs=2)
    assert np.allclose(report.modes[DRIVE].island_lines[0], lonlat[1:])


def test_waiting_at_a_signal_is_felt_by_all_who_pass_it():
    lonlat = [(0, 0), (0.001, 0), (0.002, 0)]
    rules = RoadRules.of(Values())
    for line in ([[0, 1, 2]], [[0, 1], [1, 2]]):
        plain, _ = roads_from_ways(ways_of(lonlat, line), Values())
        signal, _ = roads_from_ways(ways_of(lonlat, line, point_tags={1: SIGNALS}), Values())
        extra = (signal.time_ms - plain.time_ms)[DRIVE]
        for way in (0, 1):
            assert extra[signal.edges[:, way]].sum() == round(1000 * delays_s(SIGNALS, rules)[DRIVE][way]) > 0
        assert np.array_equal(signal.time_ms - plain.time_ms, signal.delay_ms)


@pytest.mark.parametrize("key", ["restriction", "restriction:motorcar"])
def test_turning_back_is_forbidden_and_going_on_is_not(key):
    lonlat = [(0, 0), (0.001, 0), (0.002, 0), (0.002, 0.001), (0, 0.001)]
    ways = ways_of(lonlat, [[0, 1], [1, 2], [2, 3, 4, 0]], [(1, 1, 1, {key: "no_u_turn"})])
    driven, report = lengths(ways, DRIVE, "way/1", "way/2")
    assert report.turn_rules == 1
    assert driven[0, 1] == pytest.approx(111, abs=1)
    through = ways_of(lonlat, [[0, 1, 2], [1, 3], [2, 3, 4, 0]], [(1, 1, 1, {key: "no_u_turn"})])
    assert roads_from_ways(through, Values(min_joined_share=0))[1].turn_rules == 0  # which end is meant is not said


def test_rules_that_do_not_fit_are_told():
    turns = [(1, 0, 9, "no_left_turn"), (1, 0, 2, "no_flying"), (1, 3, 2, "no_left_turn"), (5, 1, 1, "no_right_turn")]
    _, report = roads_from_ways(ways_of(*ring(*cross()), turns=turns), Values())
    assert report.turn_rules == 0
    (note,) = report.notes
    assert note.startswith("4 turn restrictions do not fit the streets")
    assert "relation/0" in note


class _Hill:
    """Ground that rises to the east: 5 m on every 100."""

    def at(self, lonlat):
        return 0.05 * 111_195 * np.asarray(lonlat)[:, 0]


def test_uphill_is_slower_downhill_faster_and_a_bridge_is_level():
    lonlat = [(0, 0), (0.0003, 0), (0.001, 0), (0.001, 0.001)]
    lines, tags = [[0, 1, 2], [2, 3, 0]], [{}, {}]
    flat, _ = roads_from_ways(ways_of(lonlat, lines, tags=tags), Values())
    hill, _ = roads_from_ways(ways_of(lonlat, lines, tags=tags), Values(), elevation=_Hill())
    up, down = hill.edges[0]
    for mode in (WALK, CYCLE):
        assert hill.time_ms[mode, up] > flat.time_ms[mode, up]
        assert hill.time_ms[mode, down] != flat.time_ms[mode, down]
        assert hill.time_ms[mode, down] < hill.time_ms[mode, up]
    assert (hill.time_ms[DRIVE] == flat.time_ms[DRIVE]).all()
    # half of the way up and half down again: a bridge goes straight, the ground does not
    ridge = type("Ridge", (), {"at": lambda _self, p: 20.0 * (np.asarray(p)[:, 0] == 0.0003)})()
    over, _ = roads_from_ways(ways_of(lonlat, lines, tags=[{"bridge": "yes"}, {}]), Values(), elevation=ridge)
    ground, _ = roads_from_ways(ways_of(lonlat, lines, tags=tags), Values(), elevation=ridge)
    assert over.time_ms[WALK, over.edges[0]].tolist() == flat.time_ms[WALK, flat.edges[0]].tolist()
    assert (ground.time_ms[WALK, ground.edges[0]] > flat.time_ms[WALK, flat.edges[0]]).all()
    stairs = [ways_of(lonlat, lines, tags=[{"highway": "steps"}, {}]) for _ in range(2)]
    steep, plain = (roads_from_ways(w, Values(), elevation=e)[0] for w, e in zip(stairs, (_Hill(), None), strict=True))
    assert (steep.time_ms[WALK, steep.edges[0]] == plain.time_ms[WALK, plain.edges[0]]).all()


def test_an_elevation_of_elsewhere_is_refused_and_gaps_are_told():
    ways = ways_of(*ring(*cross()))
    nowhere = type("Nowhere", (), {"at": lambda _self, p: np.full(len(p), np.nan)})()
    with pytest.raises(InputError, match="no street lies on the elevation raster"):
        roads_from_ways(ways, Values(), elevation=nowhere)
    half = type("Half", (), {"at": lambda _self, p: np.where(np.asarray(p)[:, 0] > 0, np.nan, 3.0)})()
    roads, report = roads_from_ways(ways, Values(), elevation=half)
    assert "of the points lie off the elevation raster" in report.notes[0]
    assert np.array_equal(roads.time_ms, roads_from_ways(ways, Values())[0].time_ms)


def by_turns(ways, roads, mode, start, rules):
    """Truth: shortest ways from the middle of one street to that of all others, over states (street, direction).

    Every line is one street, open in the directions that the network left open; a move from one to the next asks the
    barrier and every turn rule.
    """
    ends = {}
    for w in range(len(ways)):
        (u, v), segment = (
            ways.point[ways.first[w] : ways.first[w + 1]],
            np.flatnonzero(roads.way_id[roads.way] == ways.id[w]),
        )
        for way, pair in enumerate(((u, v), (v, u))):
            if len(segment) and roads.time_ms[mode, roads.edges[segment[0], way]] >= 0:
                ends[w, way] = pair

    def allowed(into, onto):
        point = ends[into][1]
        tags = ways.point_tags.get(point)
        if tags and into[0] != onto[0] and not passable(tags, rules)[mode]:
            return False
        for rule in ways.turns:
            kind, bound = turn_rule(rule.tags, rules)
            if rule.via != point or not bound[mode] or ways.id[into[0]] != rule.from_id:
                continue
            meant = ways.id[onto[0]] == rule.to_id
            if meant != (kind == "only"):
                return False
        return True

    def size(state):
        u, v = ends[state]
        return float(np.hypot(*((ways.lonlat[u] - ways.lonlat[v]) * 111_195.08)))

    best, heap = {}, [(size(s) / 2, s) for s in ends if s[0] == start]
    arrive = {start: 0.0}
    heapq.heapify(heap)
    while heap:
        d, state = heapq.heappop(heap)
        if state in best:
            continue
        best[state] = d
        for onto in ends:
            if ends[onto][0] == ends[state][1] and allowed(state, onto):
                arrive[onto[0]] = min(arrive.get(onto[0], np.inf), d + size(onto) / 2)
                heapq.heappush(heap, (d + size(onto), onto))
    return arrive


@pytest.mark.parametrize("seed", range(8))
def test_turns_and_barriers_agree_with_a_search_over_turns(seed):
    """Random blocks whose every street is a way of its own, with rules and bollards at random crossings."""
    rng = np.random.default_rng(seed)
    side = 4
    at = np.array([(x, y) for y in range(side) for x in range(side)])
    lonlat = (at + rng.uniform(-0.2, 0.2, at.shape)) * 0.001
    lines = [[p, p + 1] for p in range(side * side) if p % side < side - 1]
    lines += [[p, p + side] for p in range(side * (side - 1))]
    touching = {p: [w + 1 for w, line in enumerate(lines) if p in line] for p in range(side * side)}
    # a rule into a street that nobody may enter says nothing, so rules are about two-way streets
    one_way = [{"oneway": "yes"} if rng.random() < 0.1 else {} for _ in lines]
    turns = []
    for p in rng.choice(side * side, 8, replace=False):
        a, b = (int(w) for w in rng.choice(touching[int(p)], 2))
        if one_way[a - 1] or one_way[b - 1]:
            continue
        kinds = ["no_u_turn"] if a == b else ["no_left_turn", "no_right_turn", "only_straight_on"]
        turns.append((a, int(p), b, str(rng.choice(kinds))))
    bollards = {int(p): BOLLARD for p in rng.choice(side * side, 2, replace=False)}
    ways = ways_of(lonlat, lines, turns, bollards, one_way)
    roads, report = roads_from_ways(ways, Values(min_joined_share=0))
    assert report.turn_rules + sum(n.startswith("turn") for n in report.notes) <= len(turns)
    rules = RoadRules.of(Values())
    for mode in (WALK, DRIVE):
        still = [
            w
            for w in roads.way_id.tolist()
            if (roads.time_ms[mode][roads.edges[roads.way_id[roads.way] == w]] >= 0).any()
        ]
        points = points_on(roads, *still)
        metres = skim(roads, points, points, mode)[1]
        for i, name in enumerate(still):
            truth = by_turns(ways, roads, mode, int(name.removeprefix("way/")) - 1, rules)
            for j, other in enumerate(still):
                wanted = truth.get(int(other.removeprefix("way/")) - 1, np.inf)
                assert metres[i, j] == pytest.approx(wanted, rel=2e-4, abs=0.1), (mode, name, other)


def test_bridges_tunnels_and_ferries_are_not_got_onto_from_beside():
    lonlat = [(i * 0.001, 0.0) for i in range(9)]
    tags = [{"bridge": "yes"}, {"tunnel": "yes"}, {"tunnel": "building_passage"}, {"layer": "-1"}, {"layer": "1"}]
    tags += [{"bridge": "no", "layer": "0"}, {"route": "ferry", "highway": ""}, {}]
    lines = [[i, i + 1] for i in range(8)]
    ways = ways_of(lonlat, lines, tags=tags)
    ways = replace(ways, tags=tuple({k: v for k, v in t.items() if v} for t in ways.tags))
    roads, _ = roads_from_ways(ways, Values(min_joined_share=0))
    beside = dict(zip(roads.way_id[roads.way].tolist(), roads.beside.tolist(), strict=True))
    assert [beside[f"way/{i + 1}"] for i in range(8)] == [False, False, True, False, True, True, False, True]
    touch = snap(roads, np.array([[0.0005, 0.0001]]))
    assert (roads.way_id[roads.way[touch.segment[WALK]]] == "way/3").all()
    assert touch.along[WALK, 0] == 0.0
