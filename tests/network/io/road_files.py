"""Small road files written by hand, for the tests of the readers."""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np

from network import units
from network.city import Roads
from network.io.ways import TurnRule, Ways
from network.part import Snap

STREET = {"highway": "residential"}
REPOSITORY = Path(__file__).parents[3]


class Values:
    """The parameters of roads.toml, some of them changed."""

    def __init__(self, **changed: Any) -> None:
        table = tomllib.loads((REPOSITORY / "data/parameters/roads.toml").read_text(encoding="utf-8"))
        self.values = {f"roads.{k}": v["value"] for k, v in table.items()}
        self.values |= {f"roads.{k}": v for k, v in changed.items()}
        self.used: set[str] = set()

    def value(self, key: str) -> Any:
        self.used.add(key)
        return self.values[key]


def tags_of(text: str) -> dict[str, str]:
    """`highway=steps foot=no` as tags."""
    return dict(pair.split("=", 1) for pair in text.split())


def osm_xml(
    nodes: dict[int, tuple[float, float]], ways: dict[int, tuple[list[int], dict[str, str]]], extra: str = ""
) -> str:
    """OSM XML of nodes (lon, lat), of ways (node ids, tags), and of anything else as it is."""
    out = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
    out += [f'<node id="{i}" version="1" lon="{lon:.7f}" lat="{lat:.7f}"/>' for i, (lon, lat) in sorted(nodes.items())]
    for way, (refs, tags) in sorted(ways.items()):
        inside = [f'<nd ref="{r}"/>' for r in refs] + [f'<tag k="{k}" v="{v}"/>' for k, v in tags.items()]
        out.append(f'<way id="{way}" version="1">{"".join(inside)}</way>')
    return "\n".join([*out, extra, "</osm>"])


def geojson(lines: list[tuple[list[tuple[float, float]], dict[str, Any]]], **members: Any) -> str:
    features = [
        {"type": "Feature", "properties": tags, "geometry": {"type": "LineString", "coordinates": line}}
        for line, tags in lines
    ]
    return json.dumps({"type": "FeatureCollection", **members, "features": features})


def open_pairs(roads: Roads, mode: int, way: str) -> tuple[bool, bool]:
    """Whether the first segment of a way is open along and against its line."""
    s = int(np.flatnonzero(roads.way_id[roads.way] == way)[0])
    forward, backward = roads.edges[s]
    return bool(roads.time_ms[mode, forward] >= 0), bool(roads.time_ms[mode, backward] >= 0)


def networkx_of(roads: Roads, mode: int) -> nx.DiGraph:
    """Open edges of one mode between positions, quickest of parallel ones, time in milliseconds; every turn is free."""
    graph = nx.DiGraph()
    where = [tuple(p) for p in np.round(roads.lonlat, 7).tolist()]
    for e in np.flatnonzero((roads.time_ms[mode] != units.CLOSED) & (roads.segment >= 0)):
        u, v, t = where[roads.tail[e]], where[roads.head[e]], int(roads.time_ms[mode, e])
        if not graph.has_edge(u, v) or graph[u][v]["time_ms"] > t:
            graph.add_edge(u, v, time_ms=t, length_m=float(roads.length_m[roads.segment[e]]))
    return graph


def ways_of(lonlat, lines, turns=(), point_tags=None, tags=None):
    """Lines (lists of points) as ways `way/1` ...; turns as (from, a point or lines, to, restriction)."""
    first = np.append(0, np.cumsum([len(line) for line in lines]))
    return Ways(
        lonlat=np.asarray(lonlat, float),
        first=first.astype(np.int64),
        point=np.concatenate([np.asarray(line, np.int64) for line in lines]),
        id=tuple(f"way/{i + 1}" for i in range(len(lines))),
        tags=tuple(STREET | t for t in (tags or [{}] * len(lines))),
        point_tags=point_tags or {},
        turns=tuple(
            TurnRule(
                id=f"relation/{i}",
                from_id=f"way/{a}",
                via=-1 if isinstance(via, list) else via,
                via_ways=tuple(f"way/{v}" for v in via) if isinstance(via, list) else (),
                to_id=f"way/{b}",
                tags=rule if isinstance(rule, dict) else {"restriction": rule},
            )
            for i, (a, via, b, rule) in enumerate(turns)
        ),
    )


def points_on(roads, *ways):
    """The middle of the first segment of each way, for all modes."""
    segment = [int(np.flatnonzero(roads.way_id[roads.way] == way)[0]) for way in ways]
    shape = (len(units.NETWORK_MODES), len(ways))
    return Snap(
        segment=np.broadcast_to(np.array(segment, np.int32), shape), along=np.full(shape, 0.5), off_m=np.zeros(shape)
    )


NODES = {i: (0.001 * i, 0.001 * (i % 3)) for i in range(1, 10)}


def written(folder: Path, nodes, ways, relations=(), point_tags=None, name="town.osm") -> Path:
    """An .osm file; relations are (members (type, ref, role), tags), point tags by node id."""
    extra = [
        f'<relation id="{n}" version="1">'
        + "".join(f'<member type="{kind}" ref="{ref}" role="{role}"/>' for kind, ref, role in members)
        + "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        + "</relation>"
        for n, (members, tags) in enumerate(relations, 1)
    ]
    text = osm_xml(nodes, ways, "\n".join(extra))
    for node, tags in (point_tags or {}).items():
        inside = "".join(f'<tag k="{k}" v="{v}"/>' for k, v in tags.items())
        start = text.index(f'<node id="{node}" ')
        end = text.index("/>", start)
        text = f"{text[:end]}>{inside}</node>{text[end + 2 :]}"
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def lines_of(ways: Ways) -> list[tuple[str, tuple[tuple[float, float], ...]]]:
    return sorted((w, tuple(map(tuple, line.tolist()))) for w, line in zip(ways.id, drawn(ways), strict=True))


def drawn(ways: Ways) -> list[np.ndarray]:
    return [ways.lonlat[ways.point[a:b]] for a, b in pairwise(ways.first)]
