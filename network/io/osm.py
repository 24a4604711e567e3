"""OpenStreetMap extracts (`.osm.pbf`, `.osm`, `.osm.gz`, `.osm.bz2`), read straight with pyosmium."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from network.errors import InputError, Problem
from network.io.ways import (
    FEATURE_KEYS,
    WAY_TAGS,
    Features,
    Tags,
    Ways,
    check_lonlat,
    clip_ways,
    feature_kind,
    feature_tags,
    ring_area_m2,
)
from network.part import F64, I64

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_FETCH = "download the extract again, or cut it again with `osmium extract --strategy complete_ways`"


@dataclass(frozen=True, eq=False, kw_only=True)
class OsmData:
    """Roads and features of one extract or place; `outline` is the boundary of a place asked for by name."""

    ways: Ways
    features: Features
    outline: Any = None


@dataclass(slots=True)
class _Lines:
    """Ways as they come; a line breaks where the extract does not hold a node."""

    refs: list[int] = field(default_factory=list)
    lonlat: list[tuple[float, float]] = field(default_factory=list)
    first: list[int] = field(default_factory=lambda: [0])
    id: list[str] = field(default_factory=list)
    tags: list[Tags] = field(default_factory=list)
    ways: int = 0

    def add(self, way: Any) -> None:
        self.ways += 1
        tags = {k: v for k, v in way.tags if k in WAY_TAGS}
        for node in way.nodes:
            where = node.location
            if where.valid():
                self.refs.append(node.ref)
                self.lonlat.append((where.lon, where.lat))
            else:
                self._end(f"way/{way.id}", tags)
        self._end(f"way/{way.id}", tags)

    def _end(self, way_id: str, tags: Tags) -> None:
        start = self.first[-1]
        if len(self.refs) - start < 2:
            del self.refs[start:], self.lonlat[start:]
            return
        self.first.append(len(self.refs))
        self.id.append(way_id)
        self.tags.append(tags)

    def made(self, source: str) -> Ways:
        ref, where, point = np.unique(np.array(self.refs, np.int64), return_index=True, return_inverse=True)
        lonlat: F64 = np.array(self.lonlat, np.float64).reshape(-1, 2)[where]
        first: I64 = np.array(self.first, np.int64)
        assert len(ref) == len(lonlat)
        return Ways(
            lonlat=lonlat,
            first=first,
            point=point.astype(np.int64),
            id=tuple(self.id),
            tags=tuple(self.tags),
            source=source,
        )


@dataclass(slots=True)
class _Found:
    rows: list[tuple[str, str, float, float, float, Tags]] = field(default_factory=list)

    def add(self, element_id: str, tags: dict[str, str], area: tuple[float, float, float]) -> None:
        kind = feature_kind(tags)
        if kind:
            area_m2, lon, lat = area
            self.rows.append((element_id, kind, lon, lat, area_m2, feature_tags(tags)))

    def made(self) -> Features:
        if not self.rows:
            return Features()
        element_id, kind, lon, lat, area_m2, tags = zip(*self.rows, strict=True)
        return Features(
            id=element_id,
            kind=kind,
            name=tuple(t.get("name", "") for t in tags),
            lonlat=np.column_stack([lon, lat]),
            area_m2=np.array(area_m2, np.float64),
            tags=tags,
        )


def read_osm(path: Path, clip: BaseGeometry | None = None) -> OsmData:
    """Every highway and every feature of an extract, inside the polygon `clip` (WGS-84) where one is given.

    Raises InputError naming the file if it is missing, empty, truncated, not OpenStreetMap, or holds no highway.
    """
    path = Path(path)
    _check_file(path)
    lines, found = _Lines(), _Found()
    try:
        _read(path, lines, found)
    except (RuntimeError, OSError, ValueError) as error:
        raise InputError(_unreadable(path, str(error).strip() or type(error).__name__)) from error
    if not lines.id:
        what = "its highways have no nodes" if lines.ways else "holds no highway"
        raise InputError(Problem(path.name, what, "use an extract that holds the streets of the city; " + _FETCH))
    ways, features = lines.made(path.name), found.made()
    if clip is not None:
        ways, features = _clipped(ways, features, clip)
    return OsmData(ways=ways, features=features)


def _check_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(Problem(path.name, "there is no such file", "check the path of the roads"))
    if path.stat().st_size == 0:
        raise InputError(Problem(path.name, "the file is empty", _FETCH))


def _unreadable(path: Path, said: str) -> Problem:
    if "out of order" in said:
        return Problem(
            path.name, f"is not sorted ({said})", f"sort it with `osmium sort {path.name} -o sorted.osm.pbf`"
        )
    return Problem(path.name, f"cannot be read to its end ({said}): truncated or not OpenStreetMap", _FETCH)


def _read(path: Path, lines: _Lines, found: _Found) -> None:
    import osmium

    # Buildings and car parks drawn as several rings come as areas; all else is simpler from the way itself.
    wanted = osmium.filter.KeyFilter(*FEATURE_KEYS)
    elements: Any = osmium.FileProcessor(str(path)).with_areas(wanted).with_filter(wanted)
    for element in elements:
        tags = dict(element.tags)
        if element.is_node():
            found.add(f"node/{element.id}", tags, (0.0, element.location.lon, element.location.lat))
        elif element.is_way():
            if "highway" in tags:
                lines.add(element)
            if feature_kind(tags):
                ring = _known_points(element.nodes)
                if len(ring):
                    closed = element.is_closed() and len(ring) == len(element.nodes)
                    lon, lat = map(float, ring.mean(axis=0))
                    area = ring_area_m2(ring) if closed else (0.0, lon, lat)
                    found.add(f"way/{element.id}", tags, area)
        elif element.is_area() and not element.from_way() and feature_kind(tags):
            found.add(f"relation/{element.orig_id()}", tags, _area_of(element))


def _known_points(nodes: Any) -> F64:
    return np.array([(n.lon, n.lat) for n in nodes if n.location.valid()], np.float64).reshape(-1, 2)


def _area_of(area: Any) -> tuple[float, float, float]:
    """Area of the outer less the inner rings; centre of the largest outer ring."""
    outer = [(ring_area_m2(_known_points(ring)), ring) for ring in area.outer_rings()]
    holes = sum(ring_area_m2(_known_points(hole))[0] for _, ring in outer for hole in area.inner_rings(ring))
    _, lon, lat = max(found for found, _ in outer)
    return max(sum(found[0] for found, _ in outer) - holes, 0.0), lon, lat


def _clipped(ways: Ways, features: Features, clip: BaseGeometry) -> tuple[Ways, Features]:
    import shapely

    check_lonlat(ways.lonlat, ways.source, clip)
    ways = clip_ways(ways, clip)
    if not len(ways):
        raise InputError(
            Problem(ways.source, "holds no highway inside the area asked for", "check the area and the file")
        )
    return ways, features.take(shapely.contains_xy(clip, features.lonlat))
