"""Lines with tags to `Roads`: split at junctions, time by mode, islands closed, and a report of what was left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from network.city import Roads
from network.errors import InputError, Problem
from network.hierarchy import hierarchy_of
from network.io.rules import RoadRules, Values, speeds
from network.io.ways import Tags, Ways, spans
from network.part import F64, I32, I64, Bools
from network.units import CLOSED, EARTH_RADIUS_M, MOST_EDGE_M, MOST_EDGE_MS, MS_PER_S, NETWORK_MODES

_MS_PER_HOUR_OVER_M_PER_KM = 3.6 * MS_PER_S
"""time [ms] = this * length [m] / speed [km/h]."""
_MUST_JOIN = ("walk", "drive")


@dataclass(frozen=True, kw_only=True)
class ModeReport:
    """How well the streets open to one mode hang together. Lengths count a street once, not each direction."""

    mode: str
    open_m: float
    """Length of the streets the tags open."""
    joined_m: float
    """Of it, in the one largest network where every place can be reached from every other."""
    islands: int
    """Pieces that touch that network nowhere."""
    island_m: float
    """Their length."""
    trap_m: float
    """Length of streets that touch it but can only be entered, or only be left."""

    @property
    def joined_share(self) -> float:
        return self.joined_m / self.open_m if self.open_m else 0.0


@dataclass(frozen=True, kw_only=True)
class RoadsReport:
    """What became of a road layer."""

    source: str
    ways: int
    nodes: int
    segments: int
    modes: tuple[ModeReport, ...]

    def lines(self) -> list[str]:
        """The same for people."""
        into = f"{self.segments:,} street segments between {self.nodes:,} nodes"
        return [f"{self.source}: {self.ways:,} ways became {into}", *map(_mode_line, self.modes)]


def _mode_line(m: ModeReport) -> str:
    left_out = f"{m.island_m / 1000:,.1f} km in {m.islands:,} islands and {m.trap_m / 1000:,.1f} km of one-way traps"
    return f"{m.mode}: {m.open_m / 1000:,.1f} km open, {m.joined_share:.1%} joined; left out {left_out}"


@dataclass(eq=False, kw_only=True)
class _Segments:
    """Lines cut at junctions (S): vertices start:stop of `way_vertex`, time both ways by mode (M, 2, S)."""

    start: I64
    stop: I64
    line: I64
    tail: I64
    head: I64
    length_m: F64
    time_ms: npt.NDArray[np.int64]

    def keep(self, mask: Bools) -> None:
        for name in ("start", "stop", "line", "tail", "head", "length_m"):
            setattr(self, name, getattr(self, name)[mask])
        self.time_ms = self.time_ms[:, :, mask]


def roads_from_ways(ways: Ways, parameters: Values) -> tuple[Roads, RoadsReport]:
    """Streets of all modes from the lines of any reader; a street closed to every mode is left out.

    Per mode only the largest strongly connected network stays open: each of its streets leads to each other and back.
    The result depends on the lines, their order and the parameters alone.

    Raises InputError if no street is open, or the streets open to walkers or cars fall into islands
    (less than `roads.min_joined_share` of their length in the largest network).
    """
    rules = RoadRules.of(parameters)
    kmh = _line_speeds(ways.tags, rules)
    vertex, line = _open_vertices(ways, kmh)
    cut = _cut(ways, vertex, line, kmh)
    cut.keep((cut.time_ms != CLOSED).any(axis=(0, 1)))
    reports = tuple(_close_islands(cut, m, len(ways.lonlat)) for m in range(len(NETWORK_MODES)))
    _refuse_islands(ways.source, reports, float(parameters.value("roads.min_joined_share")))
    cut.keep((cut.time_ms != CLOSED).any(axis=(0, 1)))
    roads = _roads(ways, vertex, cut)
    report = RoadsReport(
        source=ways.source, ways=len(roads.way_id), nodes=len(roads.lonlat), segments=len(roads.edges), modes=reports
    )
    return roads, report


def _line_speeds(all_tags: tuple[Tags, ...], rules: RoadRules) -> F64:
    """(W, M, 2) km/h, 0 where closed; lines with equal tags are asked once."""
    seen: dict[tuple[tuple[str, str], ...], tuple[tuple[float, float], ...]] = {}
    out = np.zeros((len(all_tags), len(NETWORK_MODES), 2))
    for w, tags in enumerate(all_tags):
        key = tuple(sorted((k, v) for k, v in tags.items() if k != "name"))
        if key not in seen:
            seen[key] = speeds(tags, rules)
        out[w] = seen[key]
    return out


def _open_vertices(ways: Ways, kmh: F64) -> tuple[I64, I64]:
    """Points of the vertices of all lines open to anyone, repeated points left out, and the line of each."""
    line = ways.line
    keep = np.asarray((kmh > 0).any(axis=(1, 2)))[line]
    point, line = ways.point[keep], line[keep]
    fresh = np.ones(len(point), bool)
    fresh[1:] = (point[1:] != point[:-1]) | (line[1:] != line[:-1])
    return point[fresh], line[fresh]


def _cut(ways: Ways, vertex: I64, line: I64, kmh: F64) -> _Segments:
    """Segments between the ends of lines and the points that are used more than once."""
    same: Bools = np.diff(line) == 0
    ends = np.ones(len(line), bool)
    ends[1:-1] = ~(same[1:] & same[:-1])
    at = np.flatnonzero(ends | (np.bincount(vertex, minlength=1)[vertex] > 1))
    start, last = at[:-1], at[1:]
    inside = line[start] == line[last]
    start, last = start[inside], last[inside]
    along = np.append(0.0, np.cumsum(np.where(same, _haversine_m(ways.lonlat[vertex]), 0.0)))
    length_m = np.round(along[last] - along[start], 3)
    if len(length_m) and length_m.max() > MOST_EDGE_M:
        what = f"a street is {length_m.max() / 1000:,.0f} km long"
        raise InputError(Problem(ways.source, what, "check the coordinates and their reference system"))
    speed = kmh[line[start]].transpose(1, 2, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.rint(length_m * _MS_PER_HOUR_OVER_M_PER_KM / speed)
    time = np.where(speed > 0, np.maximum(time, length_m > 0), CLOSED)
    if time.max(initial=CLOSED) > MOST_EDGE_MS:
        raise InputError(Problem(ways.source, "a street takes longer than twelve days", "check maxspeed and its units"))
    return _Segments(
        start=start,
        stop=last + 1,
        line=line[start],
        tail=vertex[start],
        head=vertex[last],
        length_m=length_m,
        time_ms=time.astype(np.int64),
    )


def _haversine_m(lonlat: F64) -> F64:
    """(V - 1) great-circle distance between neighbouring vertices."""
    lon, lat = np.radians(lonlat).T
    half = np.sin(np.diff(lat) / 2) ** 2 + np.cos(lat[:-1]) * np.cos(lat[1:]) * np.sin(np.diff(lon) / 2) ** 2
    return np.asarray(2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(half, 1.0))), np.float64)


def _close_islands(cut: _Segments, mode: int, points: int) -> ModeReport:
    """Close, in place, what lies outside the mode's largest strongly connected network (by length)."""
    forward, backward = cut.time_ms[mode] != CLOSED
    is_open = forward | backward
    tail = np.concatenate([cut.tail[forward], cut.head[backward]])
    head = np.concatenate([cut.head[forward], cut.tail[backward]])
    graph = csr_array((np.ones(len(tail), np.int8), (tail, head)), shape=(points, points))
    _, strong = connected_components(graph, directed=True, connection="strong")
    _, weak = connected_components(graph, directed=False)
    within = is_open & (strong[cut.tail] == strong[cut.head])
    # The longest wins; of equals the one with the first point.
    lengths = np.bincount(strong[cut.tail[within]], cut.length_m[within], minlength=1)
    inside = within & (strong[cut.tail] == _first_longest(lengths, strong))
    main = weak[cut.tail[inside][:1]]
    outside = is_open & ~inside
    island = outside & ~np.isin(weak[cut.tail], main)
    cut.time_ms[mode][:, outside] = CLOSED
    return ModeReport(
        mode=NETWORK_MODES[mode],
        open_m=round(float(cut.length_m[is_open].sum()), 3),
        joined_m=round(float(cut.length_m[inside].sum()), 3),
        islands=len(np.unique(weak[cut.tail[island]])),
        island_m=round(float(cut.length_m[island].sum()), 3),
        trap_m=round(float(cut.length_m[outside & ~island].sum()), 3),
    )


def _first_longest(lengths: npt.NDArray[Any], label: I32) -> int:
    longest = np.flatnonzero(lengths == lengths.max())
    return int(label[np.isin(label, longest)][0]) if len(label) else -1


def _refuse_islands(source: str, reports: tuple[ModeReport, ...], least: float) -> None:
    problems = []
    for r in reports:
        if r.mode not in _MUST_JOIN:
            continue
        if r.open_m == 0:
            what = f"no street is open to mode {r.mode}"
            problems.append(Problem(source, what, "use a layer that holds streets for cars and for walkers"))
        elif r.joined_share < least:
            what = f"only {r.joined_share:.0%} of the {r.open_m / 1000:,.1f} km open to mode {r.mode} are joined"
            hint = "lines must share a vertex where streets meet: use a noded layer or an OpenStreetMap extract"
            problems.append(Problem(source, f"the streets fall into islands: {what}", hint))
    if problems:
        raise InputError(problems)


def _roads(ways: Ways, vertex: I64, cut: _Segments) -> Roads:
    """Number nodes by point, edges by (tail, head, segment, direction), ways by first use."""
    s = len(cut.start)
    node, end = np.unique(np.concatenate([cut.tail, cut.head]), return_inverse=True)
    tail, head = end, np.concatenate([end[s:], end[:s]])
    order = np.lexsort((np.arange(2 * s) % max(s, 1), head, tail))
    place = np.empty(2 * s, np.int32)
    place[order] = np.arange(2 * s, dtype=np.int32)
    lines, line = np.unique(cut.line, return_inverse=True)
    way_of: dict[str, int] = {}
    way = np.array([way_of.setdefault(ways.id[w], len(way_of)) for w in lines], np.int32)
    tags = {ways.id[w]: ways.tags[w] for w in lines[::-1]}
    lonlat, head = ways.lonlat[node], head[order].astype(np.int32)
    first = np.append(0, np.cumsum(np.bincount(tail, minlength=len(node)))).astype(np.int32)
    return Roads(
        lonlat=lonlat,
        first=first,
        head=head,
        time_ms=cut.time_ms.reshape(len(NETWORK_MODES), 2 * s)[:, order].astype(np.int32),
        edges=np.stack([place[:s], place[s:]], axis=1),
        length_m=cut.length_m,
        way=way[line],
        shape_first=np.append(0, np.cumsum(cut.stop - cut.start)).astype(np.int32),
        shape_lonlat=ways.lonlat[vertex[spans(cut.start, cut.stop)]],
        way_id=_text(list(way_of)),
        way_name=_text([tags[i].get("name", "") for i in way_of]),
        way_class=_text([tags[i].get("highway", "") for i in way_of]),
        hierarchy=hierarchy_of(lonlat, first, head),
    )


def _text(words: list[str]) -> npt.NDArray[np.str_]:
    return np.array(words, dtype=np.str_) if words else np.zeros(0, "U1")
