"""Extracts that memory or disk have no room for."""

from __future__ import annotations

import shutil

import pytest
import shapely
from road_files import NODES, STREET, lines_of, written

from network.errors import InputError
from network.io import osm, osm_elements
from network.io.osm import read_osm


def test_nodes_and_ways_may_be_indexed_on_disk_instead(tmp_path, monkeypatch):
    file = written(tmp_path, NODES, {1: ([1, 2, 3], STREET), 2: ([3, 4], STREET)})
    expected = lines_of(read_osm(file).ways)
    monkeypatch.setattr(osm, "_IN_MEMORY_BYTES", 0)
    with osm._node_storage(file) as (folder, storage):
        assert storage == f"sparse_file_array,{folder}/nodes"
    assert not folder.exists()
    assert lines_of(read_osm(file).ways) == expected
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=10))
    with pytest.raises(InputError, match=r"town\.osm: needs up to .* of temporary disk.*TMPDIR"):
        read_osm(file)


def test_a_file_larger_than_the_memory_is_named_before_it_is_read(tmp_path, monkeypatch):
    file = written(tmp_path, NODES, {1: ([1, 2, 3], STREET)})
    monkeypatch.setattr(osm, "_MEMORY_PER_BYTE", {".osm": 1e12})
    with pytest.raises(InputError, match=r"town\.osm: reading all of it takes about .* of memory.*osmium extract"):
        read_osm(file)
    assert len(read_osm(file, shapely.box(0, 0, 1, 1)).ways) == 1, "a part of it may fit"

    def full(*_):
        raise MemoryError

    monkeypatch.setattr(osm_elements, "read_elements", full)
    with pytest.raises(InputError, match=r"may use is full.*give it more memory, or cut the city out first"):
        read_osm(file, shapely.box(0, 0, 1, 1))

    def no_map(*_):
        raise RuntimeError("mmap failed: Cannot allocate memory")

    monkeypatch.setattr(osm_elements, "read_elements", no_map)
    with pytest.raises(InputError, match=r"may use is full.*give it more memory, or cut the city out first"):
        read_osm(file, shapely.box(0, 0, 1, 1))


def test_the_memory_of_a_container_counts(tmp_path, monkeypatch):
    file, limit = written(tmp_path, NODES, {1: ([1, 2, 3], STREET)}), tmp_path / "memory.max"
    monkeypatch.setattr(osm, "_MEMORY_LIMITS", (tmp_path / "none", limit))
    for unlimited in (None, "max\n", f"{2**62}\n"):
        if unlimited:
            limit.write_text(unlimited, encoding="ascii")
        assert len(read_osm(file).ways) == 1
    limit.write_text("100\n", encoding="ascii")
    with pytest.raises(InputError, match=r"town\.osm: reading all of it takes about .* of memory"):
        read_osm(file)
