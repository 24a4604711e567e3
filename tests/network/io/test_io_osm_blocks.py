"""Nodes and ways taken out of blocks, beside those that osmium hands over one by one."""

from __future__ import annotations

import numpy as np
import osmium
import pytest
from road_files import osm_xml

from network.io.osm_blocks import Unsorted, block_writer, read_blocks

WORDS = ("", "name", "highway", "yes", "Straße", "绿行", "x" * 300)


def drawn_extract(folder, rng, count):
    """An .opl file of nodes and ways with ids, places and tags of any kind."""
    ids = rng.choice(10**12, count, replace=False) + 1
    ids[rng.random(count) < 0.1] *= -1
    places = np.round(rng.uniform((-180, -90), (180, 90), (count, 2)), 7)
    places[rng.random(count) < 0.1] = (-180, 90)
    places[rng.random(count) < 0.1] = (12.5, 91)  # beyond the world

    def tags():
        pairs = [(rng.choice(WORDS[1:]), rng.choice(WORDS)) for _ in range(rng.integers(0, 4))]
        return "T" + ",".join(f"{escaped(k)}={escaped(v)}" for k, v in pairs)

    ids.sort()
    refs = [rng.choice(np.append(ids, 7), rng.integers(0, 9)) for _ in range(count)]
    rows = [f"n{n} {tags()} x{lon:.7f} y{lat:.7f}" for n, (lon, lat) in zip(ids, places.tolist(), strict=True)]
    rows += [f"w{way} {tags()} N{','.join(f'n{n}' for n in r)}" for way, r in zip(ids, refs, strict=True)]
    file = folder / "any.opl"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return file


def escaped(text):
    return "".join(f"%{ord(c):x}%" for c in text)


def write(file, folder):
    index = osmium.index.create_map("flex_mem")
    places = osmium.NodeLocationsForWays(index)
    places.ignore_errors()
    with block_writer(folder / "blocks") as writer, osmium.io.Reader(str(file)) as reader:
        osmium.apply(reader, places, writer)
    return folder / "blocks"


def one_by_one(file, is_read):
    for element in osmium.FileProcessor(str(file)).with_locations():
        tags = tuple((t.k, t.v) for t in element.tags if is_read(t.k))
        if element.is_way():
            places = [(n.ref, (n.lon, n.lat) if n.location.valid() else None) for n in element.nodes]
        else:
            places = [(0, (element.lon, element.lat) if element.location.valid() else None)]
        yield element.is_way(), element.id, tags, places


def by_blocks(file, is_read):
    for block in read_blocks(file, is_read):
        for x, number in enumerate(block.id.tolist()):
            points = range(block.first[x], block.first[x + 1])
            where = [(int(block.node[v]), tuple(block.lonlat[v].tolist()) if block.known[v] else None) for v in points]
            yield block.are_ways, number, block.tags[block.which[x]], where


@pytest.mark.parametrize("seed", range(6))
def test_elements_are_those_that_osmium_hands_over(tmp_path, seed):
    rng = np.random.default_rng(seed)
    file = drawn_extract(tmp_path, rng, (3, 40, 40, 40, 40, 9000)[seed])
    is_read = (lambda key: key != "name") if seed % 2 else (lambda _: True)
    assert list(by_blocks(write(file, tmp_path), is_read)) == list(one_by_one(file, is_read))


def test_equal_tags_are_told_once(tmp_path):
    file = write(drawn_extract(tmp_path, np.random.default_rng(1), 900), tmp_path)
    for block in read_blocks(file, lambda key: key != "highway"):
        assert len(set(block.tags)) == len(block.tags) == block.which.max() + 1
        assert not {key for tags in block.tags for key, _ in tags} & {"highway"}


def test_lines_are_broken_where_a_node_is_not_known(tmp_path):
    way = {9: ([1, 2, 7, 3, 8, 2, 3, 1], {"highway": "path"}), 10: ([1], {}), 11: ([7], {}), 12: ([], {})}
    file = tmp_path / "town.osm"
    file.write_text(osm_xml({1: (0, 0), 2: (1, 0), 3: (1, 1)}, way), encoding="utf-8")
    *_, ways = read_blocks(write(file, tmp_path), lambda _: True)
    runs, points = ways.known_runs(), ways.known_points()
    assert [ways.node[v].tolist() for v in np.split(runs.vertex, runs.first[1:-1])] == [[1, 2], [2, 3, 1]]
    assert ways.id[runs.of].tolist() == [9, 9]
    assert [ways.node[v].tolist() for v in np.split(points.vertex, points.first[1:-1])] == [[1, 2, 3, 2, 3, 1], [1]]
    assert ways.id[points.of].tolist() == [9, 10]


@pytest.mark.parametrize(
    ("order", "said"),
    [
        ("n1 n3 n2", "node 2 comes after node 3"),
        ("n1 n1", "node 1 comes after node 1"),
        ("n1 w5 w4", "way 4 comes after way 5"),
        ("n1 w5 n8", "node 8 comes after way 5"),
        ("n-1 n-3 n-2 w-3 w-5 n-1", None),
        ("n4 w1 w2", None),
    ],
)
def test_elements_out_of_order_are_named(tmp_path, order, said):
    rows = [f"{e} Tname=x{' x1 y1' if e[0] == 'n' else ''}" for e in order.split()]
    file = tmp_path / "any.opl"
    file.write_text("\n".join(rows) + "\n", encoding="utf-8")
    with block_writer(tmp_path / "blocks") as writer:
        osmium.apply(str(file), writer)
    if said:
        with pytest.raises(Unsorted, match=said):
            list(read_blocks(tmp_path / "blocks", lambda _: True))
    else:
        assert sum(len(block.id) for block in read_blocks(tmp_path / "blocks", lambda _: True)) == len(rows)
