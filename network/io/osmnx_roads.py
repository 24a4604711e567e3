"""Roads through osmnx: a GraphML file it saved, or a place by name from Nominatim and Overpass.

An osmnx graph holds each two-way street as two directed edges; here every street is drawn once again. The edges say
which directions vehicles may use; the tags that osmnx kept say the rest.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from network.errors import InputError, Problem
from network.io.osm import OsmData
from network.io.ways import (
    FEATURE_KEYS,
    POINT_TAGS,
    WAY_TAGS,
    Features,
    Tags,
    Ways,
    check_lonlat,
    feature_kind,
    feature_tags,
)
from network.part import F64
from network.units import EARTH_RADIUS_M

if TYPE_CHECKING:
    import networkx as nx

GRAPHML_SUFFIXES = (".graphml",)
Place = tuple[float, float]


class _Edge(NamedTuple):
    """A street of the graph, drawn in one of its open directions; `inner` are the places between its two nodes."""

    tail: Any
    head: Any
    inner: tuple[Place, ...]
    id: str
    tags: Tags
    both: bool


def read_graphml(path: Path) -> Ways:
    """Streets of a GraphML file that osmnx saved, simplified or not, projected or not.

    A street that osmnx merged from several OpenStreetMap ways carries the id, class and name of the first of them.

    Raises InputError naming the file if it is missing, is not GraphML of osmnx, or holds no highway.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(Problem(path.name, "there is no such file", "check the path of the roads"))
    try:
        import osmnx

        graph = osmnx.load_graphml(path)
    except (ValueError, KeyError, SyntaxError, AttributeError, TypeError) as error:
        hint = "save it with osmnx.save_graphml"
        raise InputError(Problem(path.name, f"is not a GraphML file of osmnx ({error})", hint)) from error
    return ways_of_graph(graph, path.name)


def read_place(name: str, *, cache: Path | None = None) -> OsmData:
    """Streets, features and outline of a place by name, asked from Nominatim and Overpass as osmnx is set to.

    `cache` is a folder where answers are kept; without it nothing is. The settings of osmnx are put back as they were.

    Raises InputError if the place is not known, has no boundary or no streets, or a server does not answer.
    """
    import osmnx
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError

    known = osmnx.settings
    wanted: dict[str, Any] = {
        "use_cache": cache is not None,
        "useful_tags_way": sorted(WAY_TAGS | set(known.useful_tags_way)),
        "useful_tags_node": sorted(POINT_TAGS | set(known.useful_tags_node)),
    }
    if cache is not None:
        wanted["cache_folder"] = cache
    try:
        with _settings(osmnx.settings, wanted):
            outline = osmnx.geocode_to_gdf(name).geometry.iloc[0]
            graph = osmnx.graph_from_polygon(
                outline, network_type="all", simplify=False, retain_all=True, truncate_by_edge=True
            )
            features = _features(osmnx, outline)
    except (InsufficientResponseError, TypeError) as error:
        hint = "write the name as OpenStreetMap has it, with the country; or name a file"
        raise InputError(Problem(f"place {name!r}", f"no area or no streets found ({error})", hint)) from error
    except (ResponseStatusCodeError, OSError) as error:
        what = f"the servers of OpenStreetMap do not answer ({type(error).__name__})"
        raise InputError(Problem(f"place {name!r}", what, "try later, or build from an extract file")) from error
    return OsmData(ways=ways_of_graph(graph, name), features=features, outline=outline)


@contextmanager
def _settings(settings: Any, wanted: dict[str, Any]) -> Iterator[None]:
    """Other settings of osmnx for a while. The look-up of host names, which it redirects, is put back as well."""
    before, look_up = {k: getattr(settings, k) for k in wanted}, socket.getaddrinfo
    try:
        for key, value in wanted.items():
            setattr(settings, key, value)
        yield
    finally:
        for key, value in before.items():
            setattr(settings, key, value)
        socket.getaddrinfo = look_up


def ways_of_graph(graph: nx.MultiDiGraph, source: str) -> Ways:
    """Lines of an osmnx graph, each street once; neighbouring pieces of one way are drawn as one line again."""
    edges = list(_streets(graph))
    if not any("highway" in e.tags for e in edges):
        raise InputError(Problem(source, "holds no edge with a highway", "use a street network that osmnx saved"))
    number = {node: i for i, node in enumerate(graph.nodes)}
    lonlat: list[Place] = [(float(d["x"]), float(d["y"])) for _, d in graph.nodes(data=True)]
    point: list[int] = []
    first, ids, tags = [0], [], []
    for chain in _chains(edges):
        point.append(number[chain[0].tail])
        for edge in chain:
            point.extend(range(len(lonlat), len(lonlat) + len(edge.inner)))
            lonlat.extend(edge.inner)
            point.append(number[edge.head])
        first.append(len(point))
        ids.append(chain[0].id)
        tags.append(chain[0].tags)
    where = _degrees(np.array(lonlat, np.float64).reshape(-1, 2), graph.graph.get("crs"), source)
    return Ways(
        lonlat=where,
        first=np.array(first, np.int64),
        point=np.array(point, np.int64),
        id=tuple(ids),
        tags=tuple(tags),
        source=source,
        point_tags=_point_tags(graph),
        notes=("osmnx graphs hold no turn restrictions: every turn is allowed",),
    )


def _point_tags(graph: nx.MultiDiGraph) -> dict[int, Tags]:
    tags = ({k: str(v) for k, v in data.items() if k in POINT_TAGS} for _, data in graph.nodes(data=True))
    return {i: of_point for i, of_point in enumerate(tags) if of_point}


def _degrees(drawn: F64, crs: Any, source: str) -> F64:
    import pyproj

    if not crs:
        hint = "save the graph with osmnx, which writes it"
        raise InputError(Problem(source, "declares no coordinate reference system", hint))
    system = pyproj.CRS.from_user_input(crs)
    if system.to_epsg() != 4326:
        drawn = np.column_stack(pyproj.Transformer.from_crs(system, 4326, always_xy=True).transform(*drawn.T))
    check_lonlat(drawn, source)
    return drawn


def _streets(graph: nx.MultiDiGraph) -> Iterator[_Edge]:
    """Each street once: directed edges of one way along one line, there and back, are one."""
    same: dict[tuple[Any, ...], list[tuple[bool, int, _Edge]]] = defaultdict(list)
    for n, (u, v, data) in enumerate(graph.edges(data=True)):
        inner = tuple(data["geometry"].coords[1:-1]) if "geometry" in data else ()
        way = _one(data.get("osmid"))
        tags = {k: t for k in sorted(WAY_TAGS & data.keys()) if (t := _one(data[k]))}
        edge = _Edge(u, v, inner, f"way/{way}" if way else f"road/{n}", tags, both=False)
        # A line and its reverse get one key: the smaller of the two spellings.
        line = min((repr(u), repr(v), inner), (repr(v), repr(u), inner[::-1]))
        same[(way, *line)].append((_reversed(data), n, edge))
    for found in same.values():
        (_, _, edge), *others = sorted(found, key=lambda f: f[:2])
        back = (edge.head, edge.tail, edge.inner[::-1])
        both = any(other[:3] == back for _, _, other in others)
        yield edge._replace(both=both, tags={**edge.tags, "oneway": "no" if both else "yes"})


def _reversed(data: dict[str, Any]) -> bool:
    return str(data.get("reversed", False)) != "False"


def _one(value: Any) -> str:
    """The first of several values, as a tag."""
    if isinstance(value, list | tuple | set):
        value = next(iter(value), "")
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 - not a number is the only one unequal to itself


def _chains(edges: Sequence[_Edge]) -> Iterator[list[_Edge]]:
    """Runs of edges of one way, head to tail, through nodes where nothing else of that way meets."""
    by_way: dict[tuple[str, bool], list[_Edge]] = defaultdict(list)
    for edge in edges:
        by_way[edge.id, edge.both].append(edge)
    for group in by_way.values():
        yield from _runs(group)


def _runs(group: list[_Edge]) -> Iterable[list[_Edge]]:
    leaving: dict[Any, list[_Edge]] = defaultdict(list)
    entering: dict[Any, int] = defaultdict(int)
    for edge in group:
        leaving[edge.tail].append(edge)
        entering[edge.head] += 1
    through = {n for n, out in leaving.items() if len(out) == 1 and entering[n] == 1}
    used: set[int] = set()
    # Starts first; what is left then are rings.
    for edge in [*(e for e in group if e.tail not in through), *group]:
        if id(edge) in used:
            continue
        run = [edge]
        used.add(id(edge))
        while run[-1].head in through and id(leaving[run[-1].head][0]) not in used:
            run.append(leaving[run[-1].head][0])
            used.add(id(run[-1]))
        yield run


def _features(osmnx: Any, outline: Any) -> Features:
    from osmnx._errors import InsufficientResponseError

    # Every node and way of these keys; highway features are stops only, streets come with the graph.
    asked: dict[str, Any] = {k: True for k in FEATURE_KEYS if k != "highway"} | {"highway": "bus_stop"}
    try:
        table = osmnx.features_from_polygon(outline, asked)
    except InsufficientResponseError:
        return Features()
    table = table.sort_index()
    columns = [c for c in table.columns if c != "geometry"]
    rows = []
    for (element, number), row, shape in zip(table.index, table[columns].to_numpy(), table.geometry, strict=True):
        tags = {c: t for c, v in zip(columns, row, strict=True) if (t := _one(v))}
        kind = feature_kind(tags)
        if kind:
            rows.append((f"{element}/{number}", kind, feature_tags(tags), shape.centroid, _area_m2(shape)))
    return Features(
        id=tuple(r[0] for r in rows),
        kind=tuple(r[1] for r in rows),
        name=tuple(r[2].get("name", "") for r in rows),
        lonlat=np.array([(r[3].x, r[3].y) for r in rows], np.float64).reshape(-1, 2),
        area_m2=np.array([r[4] for r in rows], np.float64),
        tags=tuple(r[2] for r in rows),
    )


def _area_m2(shape: Any) -> float:
    """Area of a shape in degrees, true at its centre."""
    per_degree = np.radians(EARTH_RADIUS_M)
    return float(shape.area * per_degree**2 * np.cos(np.radians(shape.centroid.y)))
