"""What an OpenStreetMap element is to a city, from its tags: a feature, a street, a point on it, a barrier."""

from __future__ import annotations

from typing import NamedTuple

from network.io.land import LAND, land_class
from network.io.ways import FEATURE_KEYS, FEATURE_TAGS, POINT_TAGS, WAY_TAGS, Tags, feature_kind, feature_tags

Items = tuple[tuple[str, str], ...]

BARRIER_LINES = {
    "barrier": frozenset({"wall", "city_wall", "retaining_wall", "fence"}),
    "waterway": frozenset({"river", "canal", "riverbank"}),
    "natural": frozenset({"water", "coastline"}),
    "railway": frozenset({"rail", "light_rail", "subway"}),
}
"""Lines nobody crosses except where a street does."""
_OUT_OF_THE_WAY = ("tunnel", "bridge", "covered", "culvert")
_POINT_HIGHWAYS = frozenset({"traffic_signals", "crossing", "stop", "give_way", "mini_roundabout"})
POINT_KEYS = ("barrier", "crossing", "traffic_signals", "foot", "bicycle", "vehicle", "motor_vehicle", "motorcar")
AT_TIMES = ":conditional"
_ONE_WAY_WORDS = frozenset({"yes", "no", "-1", "1", "0", "true", "false", "reverse", "reversible", "alternating"})


class Meaning(NamedTuple):
    """What an element is: a feature of a kind, a street, a point the rules read, a barrier, land of some use."""

    kind: str | None = None
    feature: Tags | None = None
    street: Tags | None = None
    repair: str = ""
    point: Tags | None = None
    is_barrier: bool = False
    land: str = ""
    at_times: bool = False
    """Whether it is a street some of whose rules hold at certain times only."""


class Read(dict[str, bool]):
    """Whether anything here reads a key."""

    def __missing__(self, key: str) -> bool:
        known = key in (FEATURE_TAGS | POINT_TAGS | WAY_TAGS) or key in BARRIER_LINES or key in _OUT_OF_THE_WAY
        known |= key in LAND
        self[key] = known or key == "location" or key.startswith("socket:") or _holds_at_times(key)
        return self[key]


def _holds_at_times(key: str) -> bool:
    return key.endswith(AT_TIMES) and key.removesuffix(AT_TIMES) in WAY_TAGS


def node_meaning(items: Items) -> Meaning:
    """An access tag of a node counts for the street where it is not that of a place such as a car park."""
    tags = dict(items)
    point = {k: v for k, v in items if k in POINT_TAGS and (k != "highway" or v in _POINT_HIGHWAYS)}
    if not point.keys() & {"barrier", "highway", "crossing", "traffic_signals"}:
        is_place = any(k in tags for k in FEATURE_KEYS)
        point = {} if is_place or point.keys() <= {"direction", "bollard"} else point
    return Meaning(kind=feature_kind(tags), feature=feature_tags(tags), point=point)


def way_meaning(items: Items) -> Meaning:
    """A street is freed of contradictions, and told so.

    A roundabout is one-way whatever `oneway=no` says there (the wiki's Tag:junction=roundabout implies it), and a
    `oneway` of no known value is left out: such a street is open both ways.
    """
    tags = dict(items)
    is_street = "highway" in tags or tags.get("route") == "ferry"
    street, repair = {k: v for k, v in items if is_street and k in WAY_TAGS}, ""
    if street.get("junction") == "roundabout" and street.get("oneway") in {"no", "0", "false"}:
        street["oneway"], repair = "yes", "two-way roundabout"
    elif street.get("oneway", "no") not in _ONE_WAY_WORDS:
        del street["oneway"]
        repair = "unknown oneway"
    return Meaning(
        kind=feature_kind(tags),
        feature=feature_tags(tags),
        street=street,
        repair=repair,
        is_barrier=is_barrier(tags),
        land=land_class(tags),
        at_times=is_street and any(map(_holds_at_times, tags)),
    )


def is_barrier(tags: Tags) -> bool:
    for key, values in BARRIER_LINES.items():
        if tags.get(key) in values:
            return all(tags.get(k, "no") == "no" for k in _OUT_OF_THE_WAY) and tags.get("location") != "underground"
    return False
