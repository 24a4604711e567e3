"""The passes over an OpenStreetMap file: what osmium hands over, gathered into arrays.

Nodes and ways come many at a time (`osm_blocks`), filters of osmium leave out what nobody asks for, and equal tags are
one object.
"""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, compress, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import osmium
from osmium.osm import NODE, RELATION, WAY

from network.io.land import LAND, land_class
from network.io.osm_blocks import Block, Runs, block_writer, read_blocks
from network.io.osm_meaning import (
    BARRIER_LINES,
    POINT_KEYS,
    Items,
    Meaning,
    Read,
    is_barrier,
    node_meaning,
    way_meaning,
)
from network.io.osm_routes import RouteReader
from network.io.ways import FEATURE_KEYS, Tags, feature_kind, without_duration
from network.part import F64, I64, Bools

_SHARED = 4096
"""Different tags remembered to be shared."""
_NONE = np.zeros(0, np.int64)
_WORLD = (-180.0, -90.0, 180.0, 90.0)
_SHORE = Meaning(is_barrier=True)

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""


class Restriction(NamedTuple):
    """A turn restriction as drawn; members are (type, ref, role)."""

    id: int
    tags: Tags
    members: tuple[tuple[str, int, str], ...]


class Drawn(NamedTuple):
    """Lines (L), one after the other."""

    id: I64
    """(L)."""
    first: I64
    """(L + 1) line l runs through lonlat[first[l]:first[l + 1]]."""
    lonlat: F64
    """(V, 2) WGS-84 degrees."""
    node: I64
    """(V) ids of the nodes; (0) where nobody asks for them."""


class Lines:
    """Lines as they are read; of those beyond the bounds only the extent is kept."""

    def __init__(self, bounds: Bounds | None) -> None:
        self.means: list[Meaning] = []
        """(L)."""
        self.extent: Bounds | None = None
        """Of all that was added, where bounds are given."""
        self._bounds = bounds
        self._parts = [Drawn(_NONE, np.zeros(1, np.int64), np.zeros((0, 2)), _NONE)]

    def add(self, drawn: Drawn, means: list[Meaning]) -> None:
        """Lines of a point or more each."""
        if not len(drawn.id):
            return
        if self._bounds is not None:
            begin = drawn.first[:-1]
            low, high = np.minimum.reduceat(drawn.lonlat, begin), np.maximum.reduceat(drawn.lonlat, begin)
            self._extend(low.min(axis=0), high.max(axis=0))
            near: Bools = np.all((low <= self._bounds[2:]) & (high >= self._bounds[:2]), axis=1)
            count = np.diff(drawn.first)
            vertex, first = np.repeat(near, count), np.append(0, np.cumsum(count[near]))
            node = drawn.node[vertex] if len(drawn.node) else drawn.node
            drawn = Drawn(drawn.id[near], first, drawn.lonlat[vertex], node)
            means = list(compress(means, near.tolist()))
        self._parts.append(drawn)
        self.means += means

    def made(self) -> Drawn:
        """All lines that were kept."""
        first = np.append(0, np.cumsum(np.concatenate([np.diff(part.first) for part in self._parts])))
        number, lonlat, node = (np.concatenate([part[i] for part in self._parts]) for i in (0, 2, 3))
        return Drawn(number, first, lonlat, node)

    def _extend(self, low: F64, high: F64) -> None:
        if self.extent:
            low, high = np.minimum(low, self.extent[:2]), np.maximum(high, self.extent[2:])
        self.extent = float(low[0]), float(low[1]), float(high[0]), float(high[1])


@dataclass(slots=True)
class Elements:
    """What the passes found inside the bounds, if any."""

    bounds: Bounds | None
    streets: Lines = field(init=False)
    footprints: Lines = field(init=False)
    barriers: Lines = field(init=False)
    land: Lines = field(init=False)
    """Outlines of land of known use that are single ways."""
    spots: list[tuple[int, Meaning, float, float]] = field(default_factory=list)
    """(node id, meaning, lon, lat) of features that are nodes."""
    areas: list[tuple[int, Meaning]] = field(default_factory=list)
    """(relation id, meaning) of features and land drawn as several rings."""
    rings: Lines = field(init=False)
    """With the position of its area as the id of each."""
    ring_sign: list[int] = field(default_factory=list)
    """1 for outer rings, -1 for holes."""
    point_nodes: array[int] = field(default_factory=lambda: array("q"))
    """Ids of all nodes with tags the rules read, for lines reach beyond the bounds: 16 bytes each."""
    point_tags: list[Tags] = field(default_factory=list)
    restrictions: list[Restriction] = field(default_factory=list)
    routes: RouteReader = field(default_factory=RouteReader)
    broken: set[int] = field(default_factory=set)
    """Ids of streets of which a node is not known, wherever they are."""
    counts: Counter[str] = field(default_factory=Counter)
    """Of what was repaired or not read."""

    def __post_init__(self) -> None:
        self.streets, self.footprints, self.barriers, self.land = (Lines(self.bounds) for _ in range(4))
        self.rings = Lines(None)

    def holds(self, lonlat: F64) -> Bools:
        """(V) whether points (V, 2) lie within the bounds."""
        west, south, east, north = self.bounds or _WORLD
        lon, lat = lonlat.T
        return np.asarray((west <= lon) & (lon <= east) & (south <= lat) & (lat <= north), np.bool_)


@dataclass(slots=True)
class _Shapes:
    """Multipolygons that are wanted, and their member ways."""

    areas: int = 0
    """How many are features or land."""
    ways: set[int] = field(default_factory=set)
    shores: set[int] = field(default_factory=set)


def read_elements(path: str, folder: Path, storage: str, bounds: Bounds | None) -> Elements:
    """Read a file. `storage` is the kind of index of node locations, as `osmium.index.create_map` takes it.

    Nodes and ways that are asked for are kept in `folder` for a while.
    Raises RuntimeError, OSError or ValueError where osmium cannot read to the end, Unsorted.
    """
    found = Elements(bounds)
    shapes = _read_relations(path, folder / "areas", found)
    # osmium does not keep what it is handed: handlers, filters and the index need a name until their pass is over.
    index = osmium.index.create_map(storage)
    locations = osmium.NodeLocationsForWays(index)
    locations.ignore_errors()
    _read_nodes_and_ways(path, folder / "elements", locations, found)
    found.routes.place(index)
    if shapes.ways:
        _read_shapes(path, folder, locations, shapes, found)
    return found


def _items(element: Any) -> Items:
    # Asking the iterator for one more than there are costs an exception inside osmium, 20 us.
    return tuple(islice(element.tags, len(element.tags)))


def _read_relations(path: str, areas: Path, found: Elements) -> _Shapes:
    """Features and land among the multipolygons go into a file as well, to be assembled from."""
    shapes = _Shapes()
    with block_writer(areas) as writer:
        for relation in osmium.FileProcessor(path, RELATION):
            _add_relation(relation, shapes, found, writer)
    return shapes


def _add_relation(relation: Any, shapes: _Shapes, found: Elements, areas: Any) -> None:
    tags = dict(_items(relation))
    kind = tags.get("type", "")
    found.routes.add_relation(relation, tags)
    is_area = kind == "multipolygon" and (feature_kind(tags) is not None or land_class(tags) != "")
    is_shore = kind == "multipolygon" and is_barrier(tags)
    is_restriction = kind.split(":")[0] == "restriction"
    if not (is_area or is_shore or is_restriction):
        return
    members = tuple((m.type, m.ref, m.role) for m in islice(relation.members, len(relation.members)))
    if is_restriction:
        kept = {k: v for k, v in tags.items() if k == "except" or k.split(":")[0] == "restriction"}
        if kind != "restriction" and "restriction" in kept:
            kept[kind] = kept.pop("restriction")
        found.restrictions.append(Restriction(relation.id, kept, members))
        return
    ways = {ref for member, ref, _ in members if member == "w"}
    shapes.ways |= ways
    if is_area:
        shapes.areas += 1
        areas.add_relation(relation)
    if is_shore:
        shapes.shores |= ways


def _only(kind: Any, keep: Any) -> Any:
    """A filter that lets elements of other types pass."""
    keep.enable_for(kind)
    return keep


def _read_nodes_and_ways(path: str, blocks: Path, locations: Any, found: Elements) -> None:
    of_nodes = _only(NODE, osmium.filter.KeyFilter(*FEATURE_KEYS, *POINT_KEYS, "access"))
    of_ways = _only(WAY, osmium.filter.KeyFilter(*FEATURE_KEYS, *BARRIER_LINES, *LAND, "route"))
    reader = _Reader(found)
    with block_writer(blocks) as writer, osmium.io.Reader(path, NODE | WAY) as file:
        osmium.apply(file, locations, of_nodes, of_ways, writer)
    for block in read_blocks(blocks, reader.is_read):
        (reader.add_ways if block.are_ways else reader.add_nodes)(block)
    blocks.unlink()


class _Reader:
    def __init__(self, found: Elements) -> None:
        self._found = found
        self._node = lru_cache(_SHARED)(node_meaning)
        self._way = lru_cache(_SHARED)(way_meaning)
        self._stops, self._platforms = (np.array(sorted(s), np.int64) for s in (found.routes.nodes, found.routes.ways))
        self.is_read = Read().__getitem__

    def add_nodes(self, block: Block) -> None:
        found, means = self._found, [self._node(tags) for tags in block.tags]
        found.counts["beyond"] += int((~block.known).sum())
        is_stop = np.isin(block.id, self._stops)
        is_spot = _each(block, [m.kind is not None for m in means]) & found.holds(block.lonlat)
        is_point = _each(block, [bool(m.point) for m in means])
        for x in np.flatnonzero(block.known & (is_stop | is_spot | is_point)).tolist():
            number, mine = int(block.id[x]), means[block.which[x]]
            if is_stop[x]:
                found.routes.add_node(number, mine.feature or {})
            if is_spot[x]:
                lon, lat = block.lonlat[x].tolist()
                found.spots.append((number, mine, lon, lat))
            if mine.point:
                found.point_nodes.append(number)
                found.point_tags.append(mine.point)

    def add_ways(self, block: Block) -> None:
        """Streets and barriers are broken where a node is not known, outlines go on behind it."""
        found, means = self._found, [self._way(tags) for tags in block.tags]
        mine = [means[t] for t in block.which.tolist()]
        whole, runs = block.known_points(), block.known_runs()
        for x in np.flatnonzero(np.isin(block.id, self._platforms)).tolist():
            places = block.lonlat[whole.vertex[np.repeat(whole.of, np.diff(whole.first)) == x]]
            found.routes.add_way(int(block.id[x]), places, mine[x].feature or {})
        is_street = _each(block, [bool(m.street) for m in means])
        is_broken = is_street.copy()
        is_broken[runs.of[np.diff(runs.first) == np.diff(block.first)[runs.of]]] = False
        for x in np.flatnonzero(is_broken).tolist():
            found.broken.add(int(block.id[x]))
            mine[x] = mine[x]._replace(street=without_duration(mine[x].street or {}))
        found.counts["highways"] += int(_each(block, ["highway" in (m.street or {}) for m in means]).sum())
        _add(found.streets, block, runs.take(is_street[runs.of]), mine, with_nodes=True)
        _add(found.barriers, block, runs.take(_each(block, [m.is_barrier for m in means])[runs.of]), mine)
        _add(found.footprints, block, whole.take(_each(block, [m.kind is not None for m in means])[whole.of]), mine)
        _add(found.land, block, whole.take(_each(block, [m.land != "" for m in means])[whole.of]), mine)

    def add_shores(self, block: Block, shores: I64) -> None:
        """Lines of members of water areas, unless they were read for their own tags."""
        runs = block.known_runs()
        is_shore = np.isin(block.id, shores) & ~_each(block, [is_barrier(dict(tags)) for tags in block.tags])
        _add(self._found.barriers, block, runs.take(is_shore[runs.of]), [_SHORE] * len(block.id))

    def add_area(self, area: Any) -> int:
        """1 if this is an assembled relation, 0 for one of its closed ways."""
        if area.from_way():
            return 0
        found, means = self._found, self._way(tuple(item for item in _items(area) if self.is_read(item[0])))
        outer = list(area.outer_rings())
        holes = [hole for ring in outer for hole in area.inner_rings(ring)]
        drawn = [[(n.lon, n.lat) for n in ring] for ring in (*outer, *holes)]
        lonlat = np.array(list(chain.from_iterable(drawn)))
        # The largest ring may be any, so all are kept where one of them is near.
        if (means.kind or means.land) and found.holds(lonlat).any():
            number, first = np.full(len(drawn), len(found.areas)), np.append(0, np.cumsum([*map(len, drawn)]))
            found.rings.add(Drawn(number, first, lonlat, _NONE), [means] * len(drawn))
            found.ring_sign += [1] * len(outer) + [-1] * len(holes)
            found.areas.append((area.orig_id(), means))
        return 1


def _each(block: Block, of_tags: list[bool]) -> Bools:
    """(X) what holds for the tags of each element."""
    return np.array(of_tags, np.bool_)[block.which]


def _add(lines: Lines, block: Block, runs: Runs, means: list[Meaning], *, with_nodes: bool = False) -> None:
    node = block.node[runs.vertex] if with_nodes else _NONE
    drawn = Drawn(block.id[runs.of], runs.first, block.lonlat[runs.vertex], node)
    lines.add(drawn, [means[x] for x in runs.of.tolist()])


def _read_shapes(path: str, folder: Path, locations: Any, shapes: _Shapes, found: Elements) -> None:
    """Areas of the multipolygons that are features, and the shores of those that are water.

    Closed ways need no assembly, so only members of these relations are handed to osmium for it.
    """
    manager, areas = osmium.area.AreaManager(), osmium.BufferIterator()
    osmium.apply(osmium.io.File(str(folder / "areas"), "pbf"), manager.first_pass_handler())
    members = _only(WAY, osmium.filter.IdFilter(shapes.ways))
    second_pass = manager.second_pass_to_buffer(areas)
    reader, assembled = _Reader(found), 0
    with block_writer(folder / "members") as writer, osmium.io.Reader(path, WAY) as file:
        for _ in osmium.OsmFileIterator(file, locations, members, writer, second_pass):
            assembled += sum(map(reader.add_area, areas)) if areas else 0
    assembled += sum(map(reader.add_area, areas)) if areas else 0
    found.counts["open areas"] += shapes.areas - assembled
    shores = np.array(sorted(shapes.shores), np.int64)
    for block in read_blocks(folder / "members", reader.is_read):
        reader.add_shores(block, shores)
