"""What is bad in an extract is named, or repaired and told."""

from __future__ import annotations

from collections import Counter

import numpy as np
import osmium
import pytest
import shapely
from road_files import NODES, STREET, drawn, written

from network.errors import InputError
from network.io.osm import read_osm


def test_what_is_bad_in_a_file_is_repaired_and_told(tmp_path):
    nodes = NODES | {10: (200.0, 0.0), 11: (0.0, -91.0), 12: NODES[1]}
    ways = {
        1: ([1, 2, 2, 3, 3, 3], STREET),
        2: ([4, 4], STREET),
        3: ([5], STREET),
        4: ([], STREET),
        5: ([1, 10, 6, 7], STREET),
        6: ([8, 99, 9], STREET),
        7: ([1, 12], STREET),  # two nodes at one place: a street of no length, kept
        8: ([1, 2, 3, 1], STREET | {"junction": "roundabout", "oneway": "no"}),
        9: ([5, 6], STREET | {"oneway": "sometimes"}),
        10: ([6, 7], STREET | {"oneway": "-1"}),
    }
    file = written(tmp_path, nodes, ways, point_tags={11: {"amenity": "school"}})
    data = read_osm(file)
    streets = data.ways
    counts = Counter(streets.id)
    assert counts == {"way/1": 1, "way/5": 1, "way/7": 1, "way/8": 1, "way/9": 1, "way/10": 1}
    assert [len(line) for line in drawn(streets)] == [3, 2, 2, 4, 2, 2]
    oneway = {w: t.get("oneway") for w, t in zip(streets.id, streets.tags, strict=True)}
    assert (oneway["way/8"], oneway["way/9"], oneway["way/10"]) == ("yes", None, "-1")
    assert len(data.features) == 0
    assert streets.notes == (
        "4 streets have nodes that the file does not hold or that lie beyond the world: broken there",
        "1 places lie beyond the world: left out",
        "4 points of streets follow upon themselves: counted once",
        "1 streets are a single point: left out",
        "1 roundabouts say oneway=no: read as one-way",
        "1 streets have a oneway tag of no known value: read as open both ways",
    )


def test_what_is_told_of_a_clip_is_of_the_clip(tmp_path):
    loop = {"junction": "roundabout", "oneway": "no"}
    ways = {1: ([1, 2], STREET), 2: ([8, 99, 9], STREET), 3: ([6, 7, 8, 6], STREET | loop)}
    file = written(tmp_path, NODES, ways)
    assert len(read_osm(file).ways.notes) == 2
    assert read_osm(file, shapely.box(0, 0, 0.0025, 0.003)).ways.notes == ()


def test_nodes_after_ways_are_not_sorted(tmp_path):
    file = written(tmp_path, NODES, {1: ([1, 2], STREET)})
    late = '<node id="50" version="1" lon="0" lat="0"><tag k="barrier" v="gate"/></node></osm>'
    file.write_text(file.read_text(encoding="utf-8").replace("</osm>", late), encoding="utf-8")
    with pytest.raises(InputError, match=r"town\.osm: is not sorted .*osmium sort"):
        read_osm(file)


def test_places_beyond_the_world_in_a_pbf(tmp_path):
    file = tmp_path / "town.osm.pbf"
    with osmium.SimpleWriter(str(file)) as writer:
        for i, place in enumerate([(10, 50), (10.001, 50), (10, 95), (10.002, 50), (10.003, 50)], 1):
            writer.add_node(osmium.osm.mutable.Node(id=i, location=place))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3, 4, 5], tags=STREET))
    ways = read_osm(file).ways
    assert [line.tolist() for line in drawn(ways)] == [[[10, 50], [10.001, 50]], [[10.002, 50], [10.003, 50]]]
    assert len(ways.notes) == 1


def test_a_truncated_pbf_is_named_wherever_it_is_cut(tmp_path):
    whole = tmp_path / "whole.osm.pbf"
    rng = np.random.default_rng(1)
    with osmium.SimpleWriter(str(whole), bufsz=1000) as writer:
        for i in range(1, 30_000):
            writer.add_node(osmium.osm.mutable.Node(id=i, location=tuple(rng.uniform(0, 1, 2))))
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2], tags=STREET))
    content = whole.read_bytes()
    assert len(read_osm(whole).ways) == 1
    for share in rng.uniform(0, 1, 12):
        (tmp_path / "cut.osm.pbf").write_bytes(content[: int(share * len(content))])
        with pytest.raises(
            InputError, match=r"cut\.osm\.pbf: (cannot be read to its end|holds no highway|the file is)"
        ):
            read_osm(tmp_path / "cut.osm.pbf")


def test_the_area_asked_for_looks_swapped(tmp_path):
    file = written(tmp_path, {1: (10.0, 50.0), 2: (10.1, 50.1)}, {1: ([1, 2], STREET)})
    with pytest.raises(InputError, match="longitude and latitude are swapped"):
        read_osm(file, shapely.box(50.0, 10.0, 50.1, 10.1))
    with pytest.raises(InputError, match="nothing lies in the area"):
        read_osm(file, shapely.box(20.0, 50.0, 20.1, 50.1))
    with pytest.raises(InputError, match="holds no highway inside the area"):
        read_osm(file, shapely.box(10.09, 50.0, 10.1, 50.01))
