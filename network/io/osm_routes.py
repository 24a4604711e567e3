"""Routes of public transport in an OpenStreetMap file: what they are called and where they call, as drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from network.io.ways import Tags
from network.part import F64

MODE_OF_ROUTE: Final = {
    "bus": "bus",
    "trolleybus": "bus",
    "share_taxi": "bus",
    "tram": "tram",
    "light_rail": "tram",
    "subway": "metro",
    "train": "rail",
    "ferry": "ferry",
}
_TAGS = frozenset({"route", "ref", "name", "network", "public_transport:version", "roundtrip", "interval"})
_TAGS |= {"opening_hours"}
_BARE_ROLES = frozenset({"", "forward", "backward"})
Key = tuple[str, int]
"""Type (n, w) and number of an element."""


class Member(NamedTuple):
    """A stop of a route: its position among the stops, and its role."""

    stop: int
    role: str


@dataclass(frozen=True, eq=False, kw_only=True)
class Routes:
    """Routes, and the stops (S) that they and nobody else name."""

    id: tuple[str, ...] = ()
    """`relation/3`."""
    tags: tuple[Tags, ...] = ()
    members: tuple[tuple[Member, ...], ...] = ()
    """In the order of the file, those left out whose place is not in it."""
    ends: tuple[tuple[bool, bool], ...] = ()
    """Whether the place of the first and of the last member is in the file."""
    stop_id: tuple[str, ...] = ()
    stop_name: tuple[str, ...] = ()
    lonlat: F64 = field(default_factory=lambda: np.zeros((0, 2)))


class RouteReader:
    """Gathers routes as the passes over a file go by: relations first, then nodes and ways."""

    def __init__(self) -> None:
        self.nodes: set[int] = set()
        self.ways: set[int] = set()
        self._found: list[tuple[int, Tags, list[tuple[Key, str]]]] = []
        self._name: dict[Key, str] = {}
        self._place: dict[Key, tuple[float, float]] = {}

    def add_relation(self, relation: Any, tags: Tags) -> None:
        """Keep a relation if it is a route, with the members that are stops: nodes, and platforms that are ways."""
        if tags.get("type") != "route" or tags.get("route") not in MODE_OF_ROUTE:
            return
        stops = [
            ((m.type, m.ref), m.role)
            for m in relation.members
            if "platform" in m.role or (m.type == "n" and ("stop" in m.role or m.role in _BARE_ROLES))
        ]
        stops = [(key, role) for key, role in stops if key[0] != "r"]
        self._found.append((relation.id, {k: v for k, v in tags.items() if k in _TAGS}, stops))
        self.nodes.update(ref for (kind, ref), _ in stops if kind == "n")
        self.ways.update(ref for (kind, ref), _ in stops if kind == "w")

    def add_node(self, number: int, tags: Tags) -> None:
        self._name["n", number] = tags.get("name", "")

    def add_way(self, number: int, places: F64, tags: Tags) -> None:
        """A way with the places (V, 2) of its nodes that are known."""
        if len(places):
            lon, lat = places.mean(axis=0).tolist()
            self._name["w", number], self._place["w", number] = tags.get("name", ""), (lon, lat)

    def place(self, index: Any) -> None:
        """Take the places of nodes from osmium's index of them; most stops have no tag a filter would let pass."""
        for number in self.nodes:
            try:
                where = index.get(number)
            except KeyError:
                continue
            if where.valid():
                self._place["n", number] = where.lon, where.lat

    def made(self, bounds: tuple[float, float, float, float] | None) -> Routes:
        """Routes with two stops or more, inside the bounds if any are given; such a route keeps its stops beyond."""
        kept = []
        for number, tags, members in sorted(self._found, key=lambda route: route[0]):
            known = [(key, role) for key, role in members if key in self._place]
            if len({key for key, _ in known if _holds(bounds, *self._place[key])}) > 1:
                ends = members[0][0] in self._place, members[-1][0] in self._place
                kept.append((number, tags, known, ends))
        keys = sorted({key for _, _, members, _ in kept for key, _ in members})
        at = {key: i for i, key in enumerate(keys)}
        return Routes(
            id=tuple(f"relation/{number}" for number, *_ in kept),
            tags=tuple(tags for _, tags, _, _ in kept),
            members=tuple(tuple(Member(at[key], role) for key, role in members) for _, _, members, _ in kept),
            ends=tuple(ends for *_, ends in kept),
            stop_id=tuple(_ids(keys)),
            stop_name=tuple(self._name.get(key, "") for key in keys),
            lonlat=np.array([self._place[key] for key in keys]).reshape(-1, 2),
        )


def _holds(bounds: tuple[float, float, float, float] | None, lon: float, lat: float) -> bool:
    return bounds is None or (bounds[0] <= lon <= bounds[2] and bounds[1] <= lat <= bounds[3])


def _ids(keys: Iterable[Key]) -> Iterable[str]:
    return (f"{'node' if kind == 'n' else 'way'}/{number}" for kind, number in keys)
