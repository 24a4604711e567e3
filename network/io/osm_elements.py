"""The passes over an OpenStreetMap file: what osmium hands over, gathered into arrays.

Every element that reaches Python costs microseconds, so filters of osmium leave out what nobody asks for, coordinates
are taken a way at a time and decoded many ways at a time, and equal tags are one object.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress, islice
from typing import Any, NamedTuple

import numpy as np
import osmium
from osmium.osm import NODE, RELATION, WAY

from network.io.land import LAND, land_class
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

_BATCH = 4096
"""Lines decoded at a time."""
_SHARED = 4096
"""Different tags remembered to be shared."""
_WKB_HEAD = 18
"""Hexadecimal digits before the coordinates of a WKB line: byte order, type, count."""
_DIGITS = 32
"""Hexadecimal digits of one point."""

_NOTHING = array("q")
_SHORE = Meaning(is_barrier=True)

Bounds = tuple[float, float, float, float]
"""West, south, east, north."""
Run = tuple["array[int] | None", str]
"""Node ids, None for those of the whole way, and coordinates as hexadecimal digits."""


class Restriction(NamedTuple):
    """A turn restriction as drawn; members are (type, ref, role)."""

    id: int
    tags: Tags
    members: tuple[tuple[str, int, str], ...]


class Unsorted(RuntimeError):
    """Elements are not in the order of type and id."""


class Lines:
    """Lines of ways, decoded many at a time; of those beyond the bounds only the extent is kept.

    What is known of each line is in columns, for a tuple each would keep the garbage collector busy.
    """

    def __init__(self, bounds: Bounds | None) -> None:
        self.id: list[int] = []
        self.means: list[Meaning] = []
        self.nodes: list[array[int]] = []
        """Node ids of each point, where they were given."""
        self.extent: Bounds | None = None
        """Of all that was added, where bounds are given."""
        self._bounds = bounds
        self._lonlat: list[F64] = []
        self._count: list[I64] = []
        self._drawn: list[str] = []

    def add(self, drawn: str, number: int, means: Meaning, nodes: array[int] = _NOTHING) -> None:
        """A line as the hexadecimal digits of its coordinates."""
        self._drawn.append(drawn)
        self.id.append(number)
        self.means.append(means)
        self.nodes.append(nodes)
        if len(self._drawn) == _BATCH:
            self._settle()

    def made(self) -> tuple[F64, I64]:
        """Coordinates (V, 2) of the lines, one after the other, and where each begins (L + 1)."""
        self._settle()
        lonlat = np.concatenate([np.zeros((0, 2)), *self._lonlat])
        return lonlat, np.concatenate([np.zeros(1, np.int64), *self._count]).cumsum()

    def _settle(self) -> None:
        if not self._drawn:
            return
        lonlat = np.frombuffer(bytes.fromhex("".join(self._drawn)), "<f8").reshape(-1, 2)
        count = np.array([len(drawn) for drawn in self._drawn], np.int64) // _DIGITS
        if self._bounds is not None:
            begin = np.append(0, count[:-1].cumsum())
            low, high = np.minimum.reduceat(lonlat, begin), np.maximum.reduceat(lonlat, begin)
            self._extend(low.min(axis=0), high.max(axis=0))
            near: Bools = np.all((low <= self._bounds[2:]) & (high >= self._bounds[:2]), axis=1)
            lonlat, count = lonlat[np.repeat(near, count)], count[near]
            columns: tuple[list[Any], ...] = (self.id, self.means, self.nodes)
            for column in columns:
                column[-len(self._drawn) :] = compress(column[-len(self._drawn) :], near)
        self._lonlat.append(lonlat)
        self._count.append(count)
        self._drawn = []

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

    def holds(self, lon: float, lat: float) -> bool:
        if self.bounds is None:
            return True
        west, south, east, north = self.bounds
        return west <= lon <= east and south <= lat <= north


@dataclass(slots=True)
class _Shapes:
    """Multipolygons that are wanted, and their member ways."""

    areas: set[int] = field(default_factory=set)
    """Features and land."""
    ways: set[int] = field(default_factory=set)
    shores: set[int] = field(default_factory=set)


def read_elements(path: str, storage: str, bounds: Bounds | None) -> Elements:
    """Read a file. `storage` is the kind of index of node locations, as `osmium.index.create_map` takes it.

    Raises RuntimeError, OSError or ValueError where osmium cannot read to the end, Unsorted.
    """
    found = Elements(bounds)
    shapes = _read_relations(path, found)
    # osmium does not keep what it is handed: handlers, filters and the index need a name until their pass is over.
    index = osmium.index.create_map(storage)
    locations = osmium.NodeLocationsForWays(index)
    locations.ignore_errors()
    _read_nodes_and_ways(path, locations, found)
    found.routes.place(index)
    if shapes.ways:
        _read_shapes(path, locations, shapes, found)
    return found


def _items(element: Any) -> Items:
    # Asking the iterator for one more than there are costs an exception inside osmium, 20 us.
    return tuple(islice(element.tags, len(element.tags)))


def _read_relations(path: str, found: Elements) -> _Shapes:
    shapes = _Shapes()
    elements: Iterator[Any] = iter(osmium.FileProcessor(path, RELATION))
    for relation in elements:
        tags = dict(_items(relation))
        kind = tags.get("type", "")
        found.routes.add_relation(relation, tags)
        is_area = kind == "multipolygon" and (feature_kind(tags) is not None or land_class(tags) != "")
        is_shore = kind == "multipolygon" and is_barrier(tags)
        is_restriction = kind.split(":")[0] == "restriction"
        if not (is_area or is_shore or is_restriction):
            continue
        members = tuple((m.type, m.ref, m.role) for m in islice(relation.members, len(relation.members)))
        if is_restriction:
            kept = {k: v for k, v in tags.items() if k == "except" or k.split(":")[0] == "restriction"}
            if kind != "restriction" and "restriction" in kept:
                kept[kind] = kept.pop("restriction")
            found.restrictions.append(Restriction(relation.id, kept, members))
            continue
        ways = {ref for member, ref, _ in members if member == "w"}
        shapes.ways |= ways
        if is_area:
            shapes.areas.add(relation.id)
        if is_shore:
            shapes.shores |= ways
    return shapes


def _only(kind: Any, keep: Any) -> Any:
    """A filter that lets elements of other types pass."""
    keep.enable_for(kind)
    return keep


def _read_nodes_and_ways(path: str, locations: Any, found: Elements) -> None:
    of_nodes = _only(NODE, osmium.filter.KeyFilter(*FEATURE_KEYS, *POINT_KEYS, "access"))
    of_ways = _only(WAY, osmium.filter.KeyFilter(*FEATURE_KEYS, *BARRIER_LINES, *LAND, "route"))
    reader = _Reader(found)
    last, was_way = 0, False
    with osmium.io.Reader(path, NODE | WAY) as file:
        elements: Iterator[Any] = osmium.OsmFileIterator(file, locations, of_nodes, of_ways)
        for element in elements:
            number, is_way = element.id, type(element) is osmium.osm.Way
            if (is_way, number) <= (was_way, last) and number > 0:
                kind = "way" if is_way else "node"
                raise Unsorted(f"{kind} {number} comes after {'way' if was_way else 'node'} {last}")
            last, was_way = number, is_way
            (reader.add_way if is_way else reader.add_node)(element)


class _Reader:
    def __init__(self, found: Elements) -> None:
        self._found = found
        self._line = osmium.geom.WKBFactory().create_linestring
        self._node = lru_cache(_SHARED)(node_meaning)
        self._way = lru_cache(_SHARED)(way_meaning)
        self._read = Read()

    def add_node(self, node: Any) -> None:
        found, where = self._found, node.location
        if not where.valid():
            found.counts["beyond"] += 1
            return
        lon, lat = where.lon, where.lat
        means = self._node(self._items(node))
        if node.id in found.routes.nodes:
            found.routes.add_node(node.id, means.feature or {})
        if means.kind and found.holds(lon, lat):
            found.spots.append((node.id, means, lon, lat))
        if means.point:
            found.point_nodes.append(node.id)
            found.point_tags.append(means.point)

    def add_way(self, way: Any) -> None:
        found, means = self._found, self._way(self._items(way))
        if way.id in found.routes.ways:
            found.routes.add_way(way, means.feature or {})
        if not (means.kind or means.street or means.is_barrier or means.land):
            return
        try:
            whole = self._line(way, osmium.geom.ALL)[_WKB_HEAD:]
            runs: list[Run] = [(None, whole)]
        except (osmium.InvalidLocationError, RuntimeError):
            # A node is missing or beyond the world, or there are fewer than two.
            runs = list(_known_runs(way.nodes))
            whole = "".join([drawn for _, drawn in runs])
        if means.street:
            found.counts["highways"] += "highway" in means.street
            self._add_street(way, means, runs)
        if means.is_barrier:
            self._add_barrier(way, means, runs)
        if means.kind and whole:
            found.footprints.add(whole, way.id, means)
        if means.land and whole:
            found.land.add(whole, way.id, means)

    def _add_street(self, way: Any, means: Meaning, runs: list[Run]) -> None:
        if not runs or runs[0][0] is not None:
            self._found.broken.add(way.id)
            means = means._replace(street=without_duration(means.street or {}))
        for refs, drawn in runs:
            if len(drawn) > _DIGITS:
                nodes = array("q", [n.ref for n in way.nodes]) if refs is None else refs
                self._found.streets.add(drawn, way.id, means, nodes)

    def _items(self, element: Any) -> Items:
        """Tags that anything here reads."""
        read, tags = self._read, element.tags
        return tuple([item for item in islice(tags, len(tags)) if read[item[0]]])

    def add_shore(self, way: Any) -> None:
        """The line of a member of a water area, unless it was read for its own tags."""
        if not is_barrier(dict(_items(way))):
            self._add_barrier(way, _SHORE, list(_known_runs(way.nodes)))

    def add_area(self, area: Any) -> int:
        """1 if this is an assembled relation, 0 for one of its closed ways."""
        if area.from_way():
            return 0
        found, means = self._found, self._way(self._items(area))
        outer = list(area.outer_rings())
        holes = [hole for ring in outer for hole in area.inner_rings(ring)]
        drawn = [np.array([(n.lon, n.lat) for n in ring]) for ring in (*outer, *holes)]
        # The largest ring may be any, so all are kept where one of them is near.
        if (means.kind or means.land) and any(found.holds(*corner) for ring in drawn for corner in ring.tolist()):
            for ring, sign in zip(drawn, [1] * len(outer) + [-1] * len(holes), strict=True):
                found.rings.add(ring.tobytes().hex(), len(found.areas), means)
                found.ring_sign.append(sign)
            found.areas.append((area.orig_id(), means))
        return 1

    def _add_barrier(self, way: Any, means: Meaning, runs: list[Run]) -> None:
        for _, drawn in runs:
            if len(drawn) > _DIGITS:
                self._found.barriers.add(drawn, way.id, means)


def _known_runs(nodes: Any) -> Iterator[Run]:
    refs, places = array("q"), array("d")
    for node in [*nodes, None]:
        if node is not None and node.location.valid():
            refs.append(node.ref)
            places.extend((node.location.lon, node.location.lat))
        elif refs:
            yield refs, places.tobytes().hex()
            refs, places = array("q"), array("d")


def _read_shapes(path: str, locations: Any, shapes: _Shapes, found: Elements) -> None:
    """Areas of the multipolygons that are features, and the shores of those that are water.

    Closed ways need no assembly, so only members of these relations are handed to osmium for it.
    """
    manager, areas = osmium.area.AreaManager(), osmium.BufferIterator()
    wanted = _only(RELATION, osmium.filter.IdFilter(shapes.areas))
    with osmium.io.Reader(path, RELATION) as file:
        osmium.apply(file, wanted, manager.first_pass_handler())
    members = _only(WAY, osmium.filter.IdFilter(shapes.ways))
    second_pass = manager.second_pass_to_buffer(areas)
    reader, assembled = _Reader(found), 0
    with osmium.io.Reader(path, WAY) as file:
        for way in osmium.OsmFileIterator(file, locations, members, second_pass):
            if way.id in shapes.shores:
                reader.add_shore(way)
            assembled += sum(map(reader.add_area, areas)) if areas else 0
    assembled += sum(map(reader.add_area, areas)) if areas else 0
    found.counts["open areas"] += len(shapes.areas) - assembled
