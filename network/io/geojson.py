"""Road layers that may lack shared vertices (GeoJSON, Shapefile, GeoPackage): read, joined where they touch.

Lines meet where they share a vertex. An end of a line within `roads.node_tolerance_m` of another line is joined to it.
Lines that merely cross stay apart, since such layers do not tell a crossing from a bridge; they are counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from network.errors import InputError, Problem
from network.io.coordinates import to_wgs84
from network.io.rules import RoadRules, Values, drive_speeds
from network.io.ways import WAY_TAGS, Tags, Ways, check_lonlat, clip_ways
from network.part import F64, I64, Bools
from network.snap import local_metres

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

ROAD_SUFFIXES = (".geojson", ".json", ".shp", ".gpkg", ".fgb", ".geojson.gz")
_DECIMALS = 7
"""Vertices equal to this many decimals of a degree (1 cm) are one point; OpenStreetMap stores as many."""
_ID_COLUMNS = ("@id", "osm_id", "osmid", "way_id", "id", "index")


@dataclass(frozen=True, kw_only=True)
class NodingReport:
    """What joining did to a layer. Crossings are places where two lines cross and share no vertex; they stay apart."""

    length_m: float
    dead_ends: int
    snapped: int
    """Dead ends joined to a line beside them."""
    junctions: int
    """Places where lines already met and one more line, which had lost the vertex, was joined."""
    crossings: int
    drivable_crossings: int

    def lines(self) -> list[str]:
        """The same for people."""
        ends = f"{self.snapped:,} of {self.dead_ends:,} dead ends and {self.junctions:,} other line ends"
        apart = f"{self.crossings:,} crossings without a shared vertex left apart"
        return [
            f"{self.length_m / 1000:,.1f} km of lines; {ends} joined to a line beside them",
            f"{apart}, {self.drivable_crossings:,} of them between streets for cars",
        ]


def read_road_lines(
    path: Path, parameters: Values, clip: BaseGeometry | None = None, crs: str | None = None
) -> tuple[Ways, NodingReport]:
    """Lines of a road layer as noded ways, inside the polygon `clip` (WGS-84) where one is given.

    `crs`, where given, stands before what the file declares (a GCJ-02 layer that calls itself WGS-84); its values
    are those of `coordinates.to_wgs84`.
    Reads the columns named like OpenStreetMap keys: `highway` must be there, `name`, `oneway`, `maxspeed` may.

    Raises InputError naming the file: missing, unreadable, without a declared coordinate reference system (GeoJSON is
    WGS-84 by RFC 7946), without lines or `highway`, or with longitude and latitude swapped.
    """
    path = Path(path)
    ways = _read_lines(path, crs)
    check_lonlat(ways.lonlat, path.name, clip)
    if clip is not None:
        ways = clip_ways(ways, clip)
    if not len(ways):
        raise InputError(Problem(path.name, "holds no road line in the area asked for", "check the area and the file"))
    return node_lines(ways, parameters)


def _read_lines(path: Path, crs: str | None) -> Ways:
    import pyogrio
    import shapely

    if not path.is_file():
        raise InputError(Problem(path.name, "there is no such file", "check the path of the roads"))
    try:
        meta, _, wkb, columns = pyogrio.raw.read(path)
        geometry = shapely.from_wkb(wkb)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, shapely.errors.GEOSException) as error:
        raise InputError(Problem(path.name, f"cannot be read: {error}", "check that the file is whole")) from error
    table = dict(zip(meta["fields"].tolist(), columns, strict=True))
    if "highway" not in table:
        hint = "name the column of road classes `highway`, with the values of OpenStreetMap"
        raise InputError(Problem(path.name, "has no column `highway`", hint))
    is_line = np.isin(shapely.get_type_id(geometry), [1, 5]) & ~shapely.is_empty(geometry)
    if not is_line.any():
        raise InputError(Problem(path.name, "holds no line", "use a layer of LineString or MultiLineString roads"))
    rows = np.flatnonzero(is_line)
    parts, row = shapely.get_parts(geometry[rows], return_index=True)
    drawn, line = shapely.get_coordinates(parts, return_index=True)
    lonlat = to_wgs84(drawn, crs, path.name) if crs else _from_declared(drawn, meta["crs"], path.name)
    kept, point = np.unique(np.round(lonlat, _DECIMALS), axis=0, return_inverse=True)
    ids, tags = _ids(table, len(geometry)), _tags(table, len(geometry))
    return Ways(
        lonlat=kept + 0.0,
        first=np.append(0, np.cumsum(np.bincount(line, minlength=len(parts)))).astype(np.int64),
        point=point.ravel().astype(np.int64),
        id=tuple(ids[rows[r]] for r in row),
        tags=tuple(tags[rows[r]] for r in row),
        source=path.name,
    )


def _from_declared(drawn: F64, crs: str | None, where: str) -> F64:
    """(X, 2) longitude and latitude of coordinates in the system the file declares, any that PROJ knows."""
    import pyproj

    if not crs:
        hint = "declare it: --crs EPSG:<code>, crs under [roads] in city.toml, or a .prj file beside a Shapefile"
        raise InputError(Problem(where, "declares no coordinate reference system", hint))
    system = pyproj.CRS.from_user_input(crs)
    if system == pyproj.CRS.from_epsg(4326) or system.to_epsg() == 4326:
        return drawn
    lon, lat = pyproj.Transformer.from_crs(system, 4326, always_xy=True).transform(drawn[:, 0], drawn[:, 1])
    return np.column_stack([lon, lat])


def _tags(table: dict[str, npt.NDArray[Any]], rows: int) -> list[Tags]:
    columns = {k: v for k, v in table.items() if k in WAY_TAGS}
    texts = {k: [_text(x) for x in v] for k, v in columns.items()}
    return [{k: v[i] for k, v in texts.items() if v[i]} for i in range(rows)]


def _text(value: Any) -> str:
    """A cell as a tag; numbers without a needless .0, nothing for empty cells."""
    if value is None or (isinstance(value, float | np.floating) and np.isnan(value)):
        return ""
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _ids(table: dict[str, npt.NDArray[Any]], rows: int) -> list[str]:
    """The first id column that is complete and tells all rows apart, else the position in the file."""
    for name in _ID_COLUMNS:
        texts = [_text(x) for x in table.get(name, ())]
        if texts and all(texts) and len(set(texts)) == rows:
            prefix = "road/" if name in {"id", "index"} else "way/"
            return [t if "/" in t else prefix + t for t in texts]
    return [f"road/{i}" for i in range(rows)]


def node_lines(ways: Ways, parameters: Values) -> tuple[Ways, NodingReport]:
    """Join dead ends to the lines beside them, and count what still crosses without a shared vertex."""
    rules = RoadRules.of(parameters)
    tolerance_m = float(parameters.value("roads.node_tolerance_m"))
    xy = local_metres(ways.lonlat, float(ways.lonlat[:, 1].mean()))
    uses = np.bincount(ways.point, minlength=len(xy))
    ends = np.unique(ways.point[np.concatenate([ways.first[:-1], ways.first[1:] - 1])])
    joined, touching = _join(ways, xy, ends, tolerance_m)
    dead = uses[ends] == 1
    drivable = np.array([max(drive_speeds(t, rules)) > 0 for t in joined.tags], bool)
    crossings, drivable_crossings = _count_crossings(joined, xy, drivable)
    same = ways.line[1:] == ways.line[:-1]
    step = np.hypot(*(xy[ways.point[1:]] - xy[ways.point[:-1]]).T)[same]
    return joined, NodingReport(
        length_m=round(float(step.sum()), 3),
        dead_ends=int(dead.sum()),
        snapped=int((dead & touching).sum()),
        junctions=int((~dead & touching).sum()),
        crossings=crossings,
        drivable_crossings=drivable_crossings,
    )


def _join(ways: Ways, xy: F64, ends: I64, tolerance_m: float) -> tuple[Ways, Bools]:
    """Make each line end a vertex of the lines within the tolerance that lack it, or one with the vertex it lies at.

    Returns the lines and (X) whether each of the `ends` was joined to anything.
    """
    import shapely

    line, piece = ways.line, _pieces(ways)
    tree = shapely.STRtree(shapely.linestrings(xy[np.stack([ways.point[piece], ways.point[piece + 1]], axis=1)]))
    which, near = tree.query(shapely.points(xy[ends]), predicate="dwithin", distance=tolerance_m)
    has = np.isin(line[piece[near]] * len(xy) + ends[which], line * len(xy) + ways.point)
    which, near = which[~has], piece[near[~has]]
    a, b, p = (xy[i] for i in (ways.point[near], ways.point[near + 1], ends[which]))
    along = b - a
    share = np.clip(((p - a) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0, 1)
    off = np.hypot(*(a + share[:, None] * along - p).T)
    order = np.lexsort((near, off, line[near], which))
    nearest = order[np.unique(np.stack([which, line[near]])[:, order], axis=1, return_index=True)[1]]
    which, near, share = which[nearest], near[nearest], share[nearest]
    at_vertex = (share == 0) | (share == 1)
    same_as = _merged(len(xy), ends[which[at_vertex]], ways.point[near + (share == 1)][at_vertex])
    inside = ~at_vertex
    point, first = _insert(ways, near[inside], share[inside], ends[which[inside]])
    joined = Ways(lonlat=ways.lonlat, first=first, point=same_as[point], id=ways.id, tags=ways.tags, source=ways.source)
    return joined, np.isin(np.arange(len(ends)), which)


def _pieces(ways: Ways) -> I64:
    """Positions of the vertices that start a straight piece."""
    line = ways.line
    return np.flatnonzero(line[1:] == line[:-1]).astype(np.int64)


def _merged(points: int, one: I64, other: I64) -> I64:
    """(P) the first of all points that are the same place."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    graph = csr_array((np.ones(len(one), np.int8), (one, other)), shape=(points, points))
    _, group = connected_components(graph, directed=False)
    _, first = np.unique(group, return_index=True)
    return np.asarray(first[group], np.int64)


def _insert(ways: Ways, after: I64, share: F64, point: I64) -> tuple[I64, I64]:
    """Vertices and line starts with `point` put behind vertex `after`, several on one piece in the order along it."""
    order = np.lexsort((point, share, after))
    added = np.bincount(ways.line[after], minlength=len(ways))
    return np.insert(ways.point, after[order] + 1, point[order]), np.append(0, np.cumsum(np.diff(ways.first) + added))


def _count_crossings(ways: Ways, xy: F64, drivable: Bools) -> tuple[int, int]:
    """Pairs of straight pieces that cross inside both, without a shared point."""
    import shapely

    piece, line = _pieces(ways), ways.line
    ends = np.stack([ways.point[piece], ways.point[piece + 1]], axis=1)
    drawn = shapely.linestrings(xy[ends])
    one, other = shapely.STRtree(drawn).query(drawn, predicate="crosses")
    one, other = one[one < other], other[one < other]
    apart = (ends[one][:, :, None] != ends[other][:, None, :]).all(axis=(1, 2))
    one, other = line[piece[one[apart]]], line[piece[other[apart]]]
    return len(one), int((drivable[one] & drivable[other]).sum())
