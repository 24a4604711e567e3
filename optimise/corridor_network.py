"""A corridor between cities as tables say it: nodes, links driven both ways, flows, and the vehicles on them."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from network import InputError, Problem, did_you_mean, digest_of, local_metres
from optimise.location.inputs import F64
from optimise.problem import I64

CITY, SERVICE_AREA, JUNCTION = NODE_KINDS = ("city", "service_area", "junction")
MOST_PER_DAY: Final = 1e7
MOST_CNY: Final = 1e10
"""Vehicles of a flow, and the price of a station, above which a number is taken for a slip."""
M_PER_KM: Final = 1000.0
_SUM: Final = 1e-6
_STRAIGHT: Final = 0.99
"""Share of the straight line that a measured road may be shorter than by rounding."""

Where = Callable[[str, int, str], str]
"""How people find an entry: table, row (from 0) and column to words."""


@dataclass(frozen=True, kw_only=True)
class CorridorNode:
    """A place on the corridor. plugs: ultra-fast ones there now; open_cny, grid_kw: None where nothing is known."""

    id: str
    lon: float
    lat: float
    kind: str
    name: str = ""
    plugs: int = 0
    open_cny: float | None = None
    grid_kw: float | None = None


@dataclass(frozen=True, kw_only=True)
class CorridorLink:
    """A road driven both ways."""

    start: str
    end: str
    length_km: float


@dataclass(frozen=True, kw_only=True)
class CorridorFlow:
    """Electric vehicles that set out for a destination on a day; each comes back the same way."""

    origin: str
    destination: str
    vehicles_per_day: float


@dataclass(frozen=True, kw_only=True)
class CorridorVehicle:
    """A segment of the vehicles; range_km: on a full battery, at a mild temperature."""

    segment: str
    share: float
    range_km: float
    kwh_per_km: float


@dataclass(frozen=True, kw_only=True)
class CorridorRules:
    """Fields are those of data/parameters/corridors.toml, and of charging.toml what it says of ultra-fast plugs."""

    usable_share: float
    winter_c: float
    comfort_c: float
    cold_share_per_c: float
    peak_share: float
    """Share of a day's sessions that begin in its busiest hour."""
    session_kwh: float
    service_h: float
    """How long a session takes a plug."""
    wait_h: float
    wait_share: float
    drawn_kw: float
    """Power that a plug in use draws."""
    plug_cny: float
    open_cny: float
    grid_cny_per_kw: float
    """Of power that a node does not have yet."""
    least_plugs: int
    most_plugs: int
    most_grid_kw: float
    most_kwh_per_km: float
    most_detour: float

    def needs(self, temperature_c: float) -> float:
        """Energy per kilometre at a temperature over that in comfort; the range falls as it rises."""
        return 1.0 + self.cold_share_per_c * max(0.0, self.comfort_c - temperature_c)


@dataclass(frozen=True, eq=False, kw_only=True)
class Corridor:
    """Checked. Of each flow the nodes of its shortest way and how far they lie from its origin, cut by first (Q+1)."""

    nodes: tuple[CorridorNode, ...]
    links: tuple[CorridorLink, ...]
    flows: tuple[CorridorFlow, ...]
    vehicles: tuple[CorridorVehicle, ...]
    first: I64
    node: I64
    along_km: F64

    @property
    def digest(self) -> str:
        """sha256 over all rows."""
        rows = (self.nodes, self.links, self.flows, self.vehicles)
        return digest_of(*(repr(row) for table in rows for row in table))

    def way(self, flow: int) -> tuple[I64, F64]:
        """Nodes of a flow's way and their distance from its origin [km]."""
        here = slice(self.first[flow], self.first[flow + 1])
        return self.node[here], self.along_km[here]


def in_lists(table: str, row: int, column: str) -> str:
    """links[3].length_km."""
    return f"{table}[{row}]" + (f".{column}" if column else "")


def corridor_of(
    nodes: Sequence[CorridorNode],
    links: Sequence[CorridorLink],
    flows: Sequence[CorridorFlow],
    vehicles: Sequence[CorridorVehicle],
    *,
    rules: CorridorRules,
    where: Where = in_lists,
) -> Corridor:
    """Check everything and find the way of each flow: the shortest one. Raises InputError with all problems."""
    at = {node.id: i for i, node in reversed(list(enumerate(nodes)))}
    problems = [
        Problem(name, "holds no rows", "one row for each")
        for name, rows in (("nodes", nodes), ("links", links), ("flows", flows), ("vehicles", vehicles))
        if not rows
    ]
    problems += _nodes(nodes, at, rules, where) + _links(links, nodes, at, rules, where)
    problems += _flows(flows, at, where) + _vehicles(vehicles, rules, where)
    if problems:
        raise InputError(problems)
    first, node, along_km = _ways(links, flows, at, where)
    return Corridor(
        nodes=tuple(nodes), links=tuple(links), flows=tuple(flows), vehicles=tuple(vehicles),
        first=first, node=node, along_km=along_km,
    )  # fmt: skip


def _nodes(nodes: Sequence[CorridorNode], at: dict[str, int], rules: CorridorRules, where: Where) -> list[Problem]:
    problems = [
        Problem(where("nodes", i, column), what, hint)
        for i, node in enumerate(nodes)
        for column, what, hint in _about(node, rules)
    ]
    for i, node in enumerate(nodes):
        if at[node.id] != i:
            what = f"{node.id!r} stands at {where('nodes', at[node.id], 'id')} already"
            problems.append(Problem(where("nodes", i, "id"), what, "name each node once"))
    return problems


def _about(node: CorridorNode, rules: CorridorRules) -> Iterator[tuple[str, str, str]]:
    """Column, what is wrong there, and what to do."""
    if not node.id:
        yield "id", "is empty", "give each node a name of its own"
    if node.kind not in NODE_KINDS:
        yield "kind", f"is {node.kind!r}", f"use {', '.join(NODE_KINDS)}"
    for column, value, most in (("lon", node.lon, 180.0), ("lat", node.lat, 90.0)):
        if not abs(value) <= most:
            yield column, f"is {value}", f"WGS-84 degrees from -{most:g} to {most:g}; are the columns swapped?"
    if not 0 <= node.plugs <= rules.most_plugs:
        yield "plugs", f"is {node.plugs}", f"plugs there are now, from 0 to {rules.most_plugs}"
    if node.open_cny is not None and not 0 <= node.open_cny <= MOST_CNY:
        yield "open_cny", f"is {node.open_cny}", "money [CNY], 0 or more"
    if node.grid_kw is not None and not 0 <= node.grid_kw <= rules.most_grid_kw:
        yield "grid_kw", f"is {node.grid_kw:,.0f}", f"power in kW, not W: from 0 to {rules.most_grid_kw:,.0f}"


def _links(
    links: Sequence[CorridorLink],
    nodes: Sequence[CorridorNode],
    at: dict[str, int],
    rules: CorridorRules,
    where: Where,
) -> list[Problem]:
    problems: list[Problem] = []
    for i, link in enumerate(links):
        problems += _ends(at, where, "links", i, (("from", link.start), ("to", link.end)))
        place = where("links", i, "length_km")
        if not 0 < link.length_km < math.inf:
            problems.append(Problem(place, f"is {link.length_km}", "kilometres, more than 0"))
            continue
        if link.start not in at or link.end not in at:
            continue
        straight = _straight_km(nodes[at[link.start]], nodes[at[link.end]])
        if link.length_km < _STRAIGHT * straight:
            hint = "kilometres along the road; check the length and both positions"
            problems.append(Problem(place, f"is {link.length_km:g}, the straight line {straight:.1f} km", hint))
        elif link.length_km > rules.most_detour * max(straight, 1.0):
            hint = "kilometres, not metres; check the length and both positions"
            problems.append(Problem(place, f"is {link.length_km:g}, the straight line only {straight:.1f} km", hint))
    return problems


def _flows(flows: Sequence[CorridorFlow], at: dict[str, int], where: Where) -> list[Problem]:
    problems: list[Problem] = []
    seen: dict[tuple[str, str], int] = {}
    for i, flow in enumerate(flows):
        problems += _ends(at, where, "flows", i, (("origin", flow.origin), ("destination", flow.destination)))
        before = seen.setdefault((flow.origin, flow.destination), i)
        if before != i:
            what = f"{flow.origin} to {flow.destination} stands at {where('flows', before, '')} already"
            problems.append(Problem(where("flows", i, ""), what, "add both up in one row"))
        if not 0 <= flow.vehicles_per_day <= MOST_PER_DAY:
            hint = f"electric vehicles a day, from 0 to {MOST_PER_DAY:,.0f}"
            problems.append(Problem(where("flows", i, "vehicles_per_day"), f"is {flow.vehicles_per_day}", hint))
    return problems


def _ends(at: dict[str, int], where: Where, table: str, row: int, ends: Sequence[tuple[str, str]]) -> Iterable[Problem]:
    for column, name in ends:
        if name not in at:
            yield Problem(where(table, row, column), f"no node is called {name!r}", did_you_mean(name, list(at)))
    if ends[0][1] == ends[1][1]:
        yield Problem(where(table, row, ends[1][0]), f"is {ends[0][1]!r}, where it starts", "name two nodes")


def _vehicles(vehicles: Sequence[CorridorVehicle], rules: CorridorRules, where: Where) -> list[Problem]:
    problems = []
    for i, one in enumerate(vehicles):
        for column, value, fits, hint in (
            ("share", one.share, 0 <= one.share <= 1, "share of the vehicles, from 0 to 1"),
            ("range_km", one.range_km, 1 <= one.range_km < math.inf, "kilometres on a full battery, 1 or more"),
            ("kwh_per_km", one.kwh_per_km, 0 < one.kwh_per_km <= rules.most_kwh_per_km,
             f"kWh (not Wh) per kilometre, above 0 and up to {rules.most_kwh_per_km:g}"),
        ):  # fmt: skip
            if not fits:
                problems.append(Problem(where("vehicles", i, column), f"is {value:g}", hint))
    total = math.fsum(one.share for one in vehicles)
    if vehicles and not abs(total - 1.0) <= _SUM:
        hint = "the shares of all segments add up to 1"
        problems.append(Problem(where("vehicles", 0, "share"), f"the shares add up to {total:g}", hint))
    if len({one.segment for one in vehicles}) < len(vehicles):
        problems.append(Problem(where("vehicles", 0, "segment"), "a segment stands there twice", "name each once"))
    return problems


def _straight_km(a: CorridorNode, b: CorridorNode) -> float:
    plane = local_metres(np.array([(a.lon, a.lat), (b.lon, b.lat)]), (a.lat + b.lat) / 2)
    return math.dist(*plane.tolist()) / M_PER_KM


def _ways(
    links: Sequence[CorridorLink], flows: Sequence[CorridorFlow], at: dict[str, int], where: Where
) -> tuple[I64, I64, F64]:
    """First, node and distance along the shortest way of each flow. Raises InputError where there is none."""
    beside: dict[int, list[tuple[int, float]]] = {i: [] for i in at.values()}
    for link in links:
        beside[at[link.start]].append((at[link.end], link.length_km))
        beside[at[link.end]].append((at[link.start], link.length_km))
    trees = {start: _shortest(beside, start) for start in sorted({at[flow.origin] for flow in flows})}
    first, node, along, problems = [0], list[int](), list[float](), []
    for q, flow in enumerate(flows):
        far_km, before = trees[at[flow.origin]]
        way = [at[flow.destination]]
        if way[0] not in far_km:
            what = f"no road leads from {flow.origin} to {flow.destination}"
            problems.append(Problem(where("flows", q, ""), what, "add the links between them, or leave the flow out"))
            continue
        while way[-1] in before:
            way.append(before[way[-1]])
        node += way[::-1]
        along += [far_km[k] for k in way[::-1]]
        first.append(len(node))
    if problems:
        raise InputError(problems)
    return np.array(first), np.array(node), np.array(along)


def _shortest(beside: dict[int, list[tuple[int, float]]], start: int) -> tuple[dict[int, float], dict[int, int]]:
    """Distance of every node that can be reached, and the node before it. Of ways of one length the first found stays,
    links tried in the order of their table (Dijkstra 1959, doi:10.1007/BF01386390).
    """
    far_km, before, pushed = {start: 0.0}, dict[int, int](), 0
    heap, done = [(0.0, 0, start)], set[int]()
    while heap:
        here_km, _, here = heapq.heappop(heap)
        if here in done:
            continue
        done.add(here)
        for there, length_km in beside[here]:
            there_km = here_km + length_km
            if there_km < far_km.get(there, math.inf):
                far_km[there], before[there], pushed = there_km, here, pushed + 1
                heapq.heappush(heap, (there_km, pushed, there))
    return far_km, before
