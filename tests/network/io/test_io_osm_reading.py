"""What is read of an extract, beside a plain reader of the XML."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from road_files import NODES, STREET, lines_of, written

from network.io import osm_elements
from network.io.osm import read_osm
from network.io.osm_meaning import BARRIER_LINES
from network.io.ways import POINT_TAGS, WAY_TAGS, TurnRule, Ways, clip_ways, ring_areas_m2, take_runs
from network.units import EARTH_RADIUS_M


def plain(file: Path) -> tuple[list, dict, Counter]:
    """Streets as (id, drawn places by node), tags of points on them, barrier lines: the XML, element by element."""
    root = ET.parse(file).getroot()
    tags_of = {e: {t.get("k"): t.get("v") for t in e.findall("tag")} for e in root}
    places = {int(n.get("id")): (float(n.get("lon")), float(n.get("lat"))) for n in root.findall("node")}
    places = {n: p for n, p in places.items() if abs(p[0]) <= 180 and abs(p[1]) <= 90}
    streets, on_street, barriers = [], set(), Counter()
    for way in root.findall("way"):
        tags = tags_of[way]
        runs: list[list[int]] = [[]]
        for ref in (int(n.get("ref")) for n in way.findall("nd")):
            if ref not in places:
                runs.append([])
            else:
                runs[-1].append(ref)
        if "highway" in tags or tags.get("route") == "ferry":
            for run in runs:
                fresh = [n for i, n in enumerate(run) if i == 0 or n != run[i - 1]]
                if len(fresh) > 1:
                    streets.append((f"way/{way.get('id')}", tuple(fresh)))
                    on_street |= set(fresh)
        if any(tags.get(k) in v for k, v in BARRIER_LINES.items()) and "tunnel" not in tags:
            barriers.update(tuple(places[n] for n in run) for run in runs if len(run) > 1)
    tagged = {int(n.get("id")): {k: v for k, v in tags_of[n].items() if k in POINT_TAGS} for n in root.findall("node")}
    return (
        [(w, tuple(places[n] for n in run)) for w, run in streets],
        {places[n]: t for n, t in tagged.items() if t and n in on_street},
        barriers,
    )


WAY_KINDS = (
    STREET | {"name": "Ring", "maxspeed": "30", "not:read": "x"},
    {"highway": "footway", "surface": "gravel"},
    {"route": "ferry", "duration": "00:20"},
    {"route": "bus"},
    {"barrier": "wall"},
    {"waterway": "canal"},
    {"waterway": "canal", "tunnel": "culvert"},
    {"natural": "water"},
    {"railway": "rail"},
    {"building": "yes"},
    {},
)
POINT_KINDS = (
    {"barrier": "bollard", "bicycle": "yes", "name": "x"},
    {"highway": "traffic_signals", "traffic_signals:direction": "forward"},
    {"highway": "crossing", "crossing": "marked"},
    {"access": "private"},
)


@pytest.mark.parametrize("seed", range(12))
def test_streets_points_and_barriers_are_those_of_a_plain_reader(tmp_path, seed):
    rng = np.random.default_rng(seed)
    n = int(rng.integers(8, 60))
    spots = rng.choice(n * n, n, replace=False)
    nodes = {i + 1: (0.001 * int(s % n), 0.001 * int(s // n)) for i, s in enumerate(spots)}
    nodes[3] = (nodes[3][0], 95.0)  # beyond the world
    ways = {1: ([1, 2], STREET)}
    for way in range(2, int(rng.integers(5, 40))):
        # Ids beyond n are of nodes that the file does not hold; neighbours repeat now and then.
        refs = rng.integers(1, n + 3, rng.integers(0, 8)).repeat(rng.integers(1, 3)).tolist()
        ways[way] = (refs, WAY_KINDS[rng.integers(len(WAY_KINDS))])
    points = {int(i): POINT_KINDS[rng.integers(len(POINT_KINDS))] for i in rng.choice(n, n // 3, replace=False) + 1}
    file = written(tmp_path, nodes, ways, point_tags=points)
    streets, tagged, barriers = plain(file)
    data = read_osm(file)
    assert lines_of(data.ways) == sorted(streets)
    assert {tuple(data.ways.lonlat[p].tolist()): dict(t) for p, t in data.ways.point_tags.items()} == tagged
    lines = [data.barriers.lonlat[a:b] for a, b in pairwise(data.barriers.first)]
    assert Counter(tuple(map(tuple, line.tolist())) for line in lines) == barriers
    for way, tags in zip(data.ways.id, data.ways.tags, strict=True):
        refs, given = ways[int(way[4:])]
        lacks = {"duration"} if 3 in refs or max(refs) > n else set()
        assert tags == {k: v for k, v in given.items() if k in WAY_TAGS - lacks}
    # The same through a clip that holds everything, and through an index on disk.
    assert lines_of(read_osm(file, shapely.box(-1, -1, 1, 1)).ways) == sorted(streets)


def in_pieces(block, most):
    """The same elements in more blocks, as those of a large file are."""
    for x in range(0, len(block.id), most):
        first = block.first[x : x + most + 1]
        point = slice(first[0], first[-1])
        lonlat, known, node = block.lonlat[point], block.known[point], block.node[point]
        yield block._replace(
            id=block.id[x : x + most],
            which=block.which[x : x + most],
            first=first - first[0],
            lonlat=lonlat,
            known=known,
            node=node,
        )


@pytest.mark.parametrize("seed", range(8))
def test_a_clip_while_reading_is_a_clip_after_reading(tmp_path, seed, monkeypatch):
    rng = np.random.default_rng(seed)
    most, whole_blocks = int(rng.integers(1, 5)), osm_elements.read_blocks
    pieces = lambda *asked: (piece for block in whole_blocks(*asked) for piece in in_pieces(block, most))  # noqa: E731
    monkeypatch.setattr(osm_elements, "read_blocks", pieces)
    nodes = {i: (float(x), float(y)) for i, (x, y) in enumerate(rng.integers(0, 100, (80, 2)) / 1e4, 1)}
    ways = {w: (rng.integers(1, 81, rng.integers(2, 6)).tolist(), STREET) for w in range(1, 40)}
    ways |= {w: ([*r[:3], r[0]], {"building": "yes"}) for w, (r, _) in ((w + 40, ways[w]) for w in range(1, 20))}
    points = {n: {"barrier": "gate"} for n in range(1, 81, 3)}
    rules = [([("way", a, "from"), ("node", ways[a][0][0], "via"), ("way", a, "to")], {}) for a in range(1, 40)]
    rules = [(m, {"type": "restriction", "restriction": "no_u_turn"}) for m, _ in rules]
    file = written(tmp_path, nodes, ways, rules, points)
    whole = read_osm(file)
    west, south = rng.uniform(0, 0.006, 2)
    clip = shapely.box(west, south, west + 0.002, south + 0.003)
    after, while_reading = clip_ways(whole.ways, clip), read_osm(file, clip)
    assert lines_of(while_reading.ways) == lines_of(after)

    def places(ways: Ways, of):
        return sorted((tuple(ways.lonlat[p].tolist()), str(t)) for p, t in of)

    found = while_reading.ways
    assert places(found, found.point_tags.items()) == places(after, after.point_tags.items())
    turns = [places(w, [(t.via, (t.id, t.from_id, t.to_id)) for t in w.turns]) for w in (found, after)]
    assert turns[0] == turns[1]
    inside = whole.features.take(shapely.contains_xy(clip, whole.features.lonlat))
    assert while_reading.features.id == inside.id
    assert not any("restriction" in note for note in found.notes), "what lies outside is no fault of the file"


def test_part_of_a_ferry_does_not_take_as_long_as_all_of_it(tmp_path):
    ferry = {"route": "ferry", "duration": "00:30"}
    file = written(tmp_path, NODES, {1: ([1, 2, 3, 4], ferry), 2: ([4, 5, 99, 6, 7], ferry), 3: ([7, 8], STREET)})

    def said(ways):
        return sorted((w, t.get("duration")) for w, t in zip(ways.id, ways.tags, strict=True))

    assert said(read_osm(file).ways) == [("way/1", "00:30"), ("way/2", None), ("way/2", None), ("way/3", None)]
    assert said(read_osm(file, shapely.box(0, 0, 0.0015, 0.01)).ways) == [("way/1", None)]
    assert said(read_osm(file, shapely.box(0, 0, 0.0035, 0.01)).ways) == [("way/1", "00:30")], "every piece is touched"
    assert all(
        t["route"] == "ferry"
        for w, t in zip(read_osm(file).ways.id, read_osm(file).ways.tags, strict=True)
        if w != "way/3"
    )


TURN = {"type": "restriction", "restriction": "no_left_turn"}


def test_turn_restrictions_are_read_or_counted(tmp_path):
    ways = {
        1: ([1, 2], STREET),
        2: ([2, 3], STREET),
        3: ([2, 4], STREET),
        4: ([5, 6], STREET),
        5: ([2, 7], {"building": "yes"}),
    }

    def turn(start=1, via=("node", 2), end=2):
        return [("way", start, "from"), (*via, "via"), ("way", end, "to")]

    relations = [
        (turn(), TURN | {"except": "bicycle", "note": "x"}),
        (turn(end=3), {"type": "restriction", "restriction:hgv": "no_right_turn"}),
        (turn(end=1), {"type": "restriction:motorcar", "restriction": "no_u_turn"}),
        (
            [("way", 1, "from"), ("way", 3, "from"), ("node", 2, "via"), ("way", 2, "to")],
            TURN | {"restriction": "no_entry"},
        ),
        (turn(end=3), TURN | {"restriction:conditional": "no_u_turn @ (Mo-Fr)"}),
        (
            [("way", 1, "from"), ("way", 2, "via"), ("way", 3, "via"), ("way", 4, "to")],
            TURN,
        ),
        # not read
        (turn(), {"type": "restriction", "restriction:conditional": "no_left_turn @ (Mo-Fr)"}),
        (turn(via=("way", 3), start=2, end=4)[:2], TURN),
        (turn(via=("node", 9)), TURN),
        (turn(start=77), TURN),
        (turn(start=4), TURN),
        (turn(end=5), TURN),
        (turn()[:2], TURN),
        (turn()[1:], TURN),
        ([("way", 1, "from"), ("way", 3, "from"), ("node", 2, "via"), ("way", 2, "to")], TURN),
        (turn(), {"type": "restriction"}),
    ]
    ways_read = read_osm(written(tmp_path, NODES, ways, relations)).ways
    *turns, over = ways_read.turns
    assert (over.via, over.via_ways, over.to_id) == (-1, ("way/2", "way/3"), "way/4")
    assert [(t.id, t.from_id, t.to_id, dict(t.tags)) for t in turns] == [
        ("relation/1", "way/1", "way/2", {"restriction": "no_left_turn", "except": "bicycle"}),
        ("relation/2", "way/1", "way/3", {"restriction:hgv": "no_right_turn"}),
        ("relation/3", "way/1", "way/1", {"restriction:motorcar": "no_u_turn"}),
        ("relation/4", "way/1", "way/2", {"restriction": "no_entry"}),
        ("relation/4", "way/3", "way/2", {"restriction": "no_entry"}),
        ("relation/5", "way/1", "way/3", {"restriction": "no_left_turn"}),
    ]
    assert {tuple(ways_read.lonlat[t.via].tolist()) for t in turns} == {NODES[2]}
    assert ways_read.notes == (
        "9 turn restrictions lack a member, or what they lead over does not join both ways: not read",
        "2 turn restrictions hold at certain times only, which is not read: relation/5, relation/7",
    )


def test_rules_that_hold_at_times_are_told_by_way(tmp_path):
    by_day = {"access:conditional": "no @ (Mo-Fr 07:00-09:00)"}
    ways = {i: ([1, 2], STREET | by_day) for i in range(1, 23)}
    ways |= {30: ([2, 3], STREET | {"maxspeed:forward:conditional": "30 @ (22:00-06:00)"})}
    ways |= {31: ([3, 4], STREET | {"lanes:bus:conditional": "2 @ (07:00-09:00)"})}
    ways |= {32: ([3, 4], {"building": "yes"} | by_day)}
    relation = (
        [("way", 30, "from"), ("node", 3, "via"), ("way", 31, "to")],
        {"type": "restriction", "restriction:conditional": "no_left_turn @ (Mo-Fr)"},
    )
    file = written(tmp_path, NODES, ways, [relation])
    streets, rules = read_osm(file).ways.notes
    assert streets.startswith("23 streets have rules of access, direction or speed that hold at certain times only")
    assert streets.endswith("way/19, way/20 and 3 more")
    assert rules == "1 turn restrictions hold at certain times only, which is not read: relation/1"
    assert not any(key.endswith("conditional") for tags in read_osm(file).ways.tags for key in tags)
    # of a part, what is said is of the part
    assert read_osm(file, shapely.box(0.0038, 0, 0.0041, 0.002)).ways.notes == (rules,)
    assert read_osm(file, shapely.box(0.0009, 0.0009, 0.0012, 0.0012)).ways.notes == (
        streets.replace("23", "22").replace("3 more", "2 more"),
    )


def test_access_of_a_place_is_not_that_of_the_street(tmp_path):
    points = {
        1: {"amenity": "parking", "access": "private"},
        2: {"barrier": "gate", "access": "private"},
        3: {"access": "no"},
        4: {"highway": "bus_stop", "bicycle": "no"},
        5: {"highway": "street_lamp", "direction": "90"},
        6: {"highway": "stop", "direction": "forward"},
    }
    ways = read_osm(written(tmp_path, NODES, {1: ([1, 2, 3, 4, 5, 6], STREET)}, point_tags=points)).ways
    found = {tuple(ways.lonlat[p].tolist()): dict(t) for p, t in ways.point_tags.items()}
    assert found == {NODES[i]: points[i] for i in (2, 3, 6)}


def test_shores_of_water_relations_are_barriers_and_bridges_are_not(tmp_path):
    ways = {
        1: ([1, 2], STREET),
        2: ([1, 2, 3], {}),
        3: ([3, 4, 1], {"natural": "coastline"}),
        4: ([5, 6], {"railway": "rail", "bridge": "yes"}),
        5: ([5, 6], {"railway": "subway", "tunnel": "yes"}),
        6: ([7, 8], {"railway": "rail", "tunnel": "no"}),
        7: ([7, 8], {"railway": "abandoned"}),
    }
    water = (
        [("way", 2, "outer"), ("way", 3, "outer"), ("way", 88, "inner")],
        {"type": "multipolygon", "natural": "water"},
    )
    data = read_osm(written(tmp_path, NODES, ways, [water]))
    lines = [data.barriers.lonlat[a:b].tolist() for a, b in pairwise(data.barriers.first)]
    expected = [[list(NODES[i]) for i in refs] for refs in ([1, 2, 3], [3, 4, 1], [7, 8])]
    assert sorted(lines) == sorted(expected)
    assert data.ways.notes == ()


def test_relations_that_cannot_be_closed_are_told(tmp_path):
    ways = {1: ([1, 2], STREET), 2: ([1, 2, 3], {})}
    mall = ([("way", 2, "outer"), ("way", 88, "outer")], {"type": "multipolygon", "shop": "mall"})
    data = read_osm(written(tmp_path, NODES, ways, [mall]))
    assert len(data.features) == 0
    assert data.ways.notes == ("1 buildings and places drawn as relations lack a member or a closed ring: left out",)


def test_runs_of_ways_carry_what_is_known_of_their_points():
    ways = Ways(
        lonlat=np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0.0]]),
        first=np.array([0, 3, 5]),
        point=np.array([4, 2, 0, 0, 1]),
        id=("way/1", "way/2"),
        tags=(STREET, STREET),
        point_tags={0: {"barrier": "gate"}, 4: {"highway": "stop"}},
        turns=(
            TurnRule(id="relation/1", from_id="way/1", via=0, to_id="way/2", tags=TURN),
            TurnRule(id="relation/2", from_id="way/1", via=4, to_id="way/1", tags=TURN),
        ),
        notes=("a note",),
    )
    part = take_runs(ways, np.array([0, 1]), np.array([1, 3]), np.array([3, 5]))
    assert part.lonlat[:, 0].tolist() == [0, 1, 2]
    assert part.point_tags == {0: {"barrier": "gate"}}
    assert [(t.id, t.via) for t in part.turns] == [("relation/1", 0)]
    assert part.notes == ("a note",)
    assert take_runs(ways, np.array([1]), np.array([3]), np.array([5])).turns == ()


def test_areas_of_rings_are_those_of_the_shoelace_formula():
    rng = np.random.default_rng(0)
    rings = [rng.uniform(0, 0.01, (n, 2)) + np.array([24, 60]) for n in rng.integers(1, 9, 40)]
    rings = [np.vstack([r, r[:1]]) if i % 3 else r for i, r in enumerate(rings)]
    first = np.append(0, np.cumsum([len(r) for r in rings]))
    area_m2, centre = ring_areas_m2(np.concatenate(rings), first)
    metre = math.radians(1) * EARTH_RADIUS_M
    for ring, got_m2, got in zip(rings, area_m2, centre, strict=True):
        shape = shapely.Polygon((ring - ring[0]) * (math.cos(math.radians(ring[0, 1])), 1)) if len(ring) > 3 else None
        if shape is None or (ring[0] != ring[-1]).any():
            assert got_m2 == 0
            assert got == pytest.approx(ring.mean(axis=0))
            continue
        x, y = shapely.get_coordinates(shape).T
        twice = sum(a * d - b * c for (a, b), (c, d) in pairwise(zip(x.tolist(), y.tolist(), strict=True)))
        assert got_m2 == pytest.approx(abs(twice) / 2 * metre**2, abs=1e-3)
    assert ring_areas_m2(np.zeros((0, 2)), np.zeros(1, np.int64))[0].shape == (0,)
