"""Who may use a street, in which direction, and how fast: OpenStreetMap tags to speeds, as pure functions.

Tags mean what the OpenStreetMap wiki says at Key:access, Key:oneway, Key:oneway:bicycle, Key:cycleway and Key:maxspeed;
what a class allows where no tag says so is in `data/parameters/roads.toml`. Times of day (`:conditional`) are not read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from network.io.ways import Tags

Speeds = tuple[float, float]
"""[km/h] along the line and against it; 0 where closed."""

KM_PER_MILE = 1.609344

_ACCESS_KEYS = {
    "walk": ("foot", "access"),
    "cycle": ("bicycle", "vehicle", "access"),
    "drive": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
"""Most telling first: the first key that is there decides."""
_OWN_KEYS = {"walk": ("foot",), "cycle": ("bicycle",), "drive": ("motorcar", "motor_vehicle")}
"""Keys that open a class that is closed by default."""
_OPENING = frozenset({"yes", "designated", "permissive", "destination", "customers", "dismount", "residents"})
_FORWARD_ONLY = frozenset({"yes", "true", "1"})
_BACKWARD_ONLY = frozenset({"-1", "reverse"})
_ONE_WAY_BY_CLASS = frozenset({"motorway"})
_ONE_WAY_BY_JUNCTION = frozenset({"roundabout", "circular"})
_FOR_WALKERS = frozenset({"footway", "steps", "corridor", "elevator", "platform"})


class Values(Protocol):
    """Where parameters come from: `value("roads.walk_kmh")` gives the value and remembers that it was used."""

    def value(self, key: str) -> Any: ...


@dataclass(frozen=True, kw_only=True)
class RoadRules:
    """The parameters the rules read, fetched once."""

    drive_kmh: Mapping[str, float]
    drive_shared_kmh: float
    maxspeed_share: float
    maxspeed_words_kmh: Mapping[str, float]
    walk_kmh: float
    steps_kmh: float
    cycle_kmh: float
    walk_classes: frozenset[str]
    cycle_classes: frozenset[str]
    closed_access: frozenset[str]

    @classmethod
    def of(cls, parameters: Values) -> RoadRules:
        def get(name: str) -> Any:
            return parameters.value(f"roads.{name}")

        return cls(
            drive_kmh={k: float(v) for k, v in get("drive_kmh")},
            drive_shared_kmh=float(get("drive_shared_kmh")),
            maxspeed_share=float(get("maxspeed_share")),
            maxspeed_words_kmh={k: float(v) for k, v in get("maxspeed_words_kmh")},
            walk_kmh=float(get("walk_kmh")),
            steps_kmh=float(get("steps_kmh")),
            cycle_kmh=float(get("cycle_kmh")),
            walk_classes=frozenset(get("walk_classes")),
            cycle_classes=frozenset(get("cycle_classes")),
            closed_access=frozenset(get("closed_access")),
        )


def speeds(tags: Tags, rules: RoadRules) -> tuple[Speeds, Speeds, Speeds]:
    """Speeds of walkers, cyclists and cars on a street, in the order of `units.NETWORK_MODES`."""
    return walk_speeds(tags, rules), cycle_speeds(tags, rules), drive_speeds(tags, rules)


def walk_speeds(tags: Tags, rules: RoadRules) -> Speeds:
    """One-way rules bind walkers only where a tag for them, or a moving staircase, says so."""
    kind = tags.get("highway", "")
    forward, backward = _may_pass("walk", tags, rules, by_class=kind in rules.walk_classes)
    way = tags.get("oneway:foot") or (tags.get("oneway") if kind in _FOR_WALKERS and not _is_area(tags) else None)
    way = {"forward": "yes", "backward": "-1"}.get(tags.get("conveying", ""), way)
    forward, backward = _one_way(way, forward=forward, backward=backward)
    kmh = rules.steps_kmh if kind == "steps" else rules.walk_kmh
    return forward * kmh, backward * kmh


def cycle_speeds(tags: Tags, rules: RoadRules) -> Speeds:
    kind = tags.get("highway", "")
    forward, backward = _may_pass("cycle", tags, rules, by_class=kind in rules.cycle_classes)
    forward, backward = _one_way(_cycle_one_way(tags), forward=forward, backward=backward)
    pushed = tags.get("bicycle") == "dismount" or kind == "steps"
    kmh = min(rules.cycle_kmh, rules.steps_kmh if kind == "steps" else rules.walk_kmh) if pushed else rules.cycle_kmh
    return forward * kmh, backward * kmh


def drive_speeds(tags: Tags, rules: RoadRules) -> Speeds:
    kind = tags.get("highway", "")
    by_class = kind in rules.drive_kmh and tags.get("service") != "emergency_access"
    forward, backward = _may_pass("drive", tags, rules, by_class=by_class)
    way = tags.get("oneway:motorcar") or tags.get("oneway:motor_vehicle") or _general_one_way(tags)
    forward, backward = _one_way(way, forward=forward, backward=backward)
    default = rules.drive_kmh.get(kind, rules.drive_shared_kmh)
    signed = _signed_kmh(tags.get("maxspeed"), rules)
    along = _signed_kmh(tags.get("maxspeed:forward"), rules) or signed
    against = _signed_kmh(tags.get("maxspeed:backward"), rules) or signed
    if kind not in rules.drive_kmh:
        along, against = (min(x or default, default) for x in (along, against))
    return forward * (along or default), backward * (against or default)


def maxspeed_kmh(text: str | None, words: Mapping[str, float]) -> float | None:
    """Limit in a maxspeed tag: `50`, `30 mph`, `FI:urban`, `DE:zone:30`, `walk`; the first of several; None if none.

    `words` gives the limits meant by words, without the country.
    """
    text = (text or "").split(";")[0].strip().lower()
    number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", text)
    if number:
        kmh = float(number.group(1)) * (KM_PER_MILE if number.group(2) == "mph" else 1.0)
        return kmh if kmh > 0 else None
    if text in words:
        return words[text]
    return words.get(re.sub(r"^[a-z]{2}(-[a-z0-9]+)?:", "", text))


def _signed_kmh(text: str | None, rules: RoadRules) -> float | None:
    limit = maxspeed_kmh(text, rules.maxspeed_words_kmh)
    return None if limit is None else limit * rules.maxspeed_share


def _is_area(tags: Tags) -> bool:
    return tags.get("area") == "yes"


def _may_pass(mode: str, tags: Tags, rules: RoadRules, *, by_class: bool) -> tuple[bool, bool]:
    """Whether a mode may pass along and against the line, one-way rules aside."""
    if (
        tags.get("disused") == "yes"
        or tags.get("abandoned") == "yes"
        or tags.get("highway") in {None, "construction", "proposed"}
    ):
        return False, False
    if mode != "drive" and tags.get("motorroad") == "yes":
        by_class = False
    return tuple(_open_in(mode, tags, rules, by_class=by_class, way=way) for way in ("forward", "backward"))  # type: ignore[return-value]


def _open_in(mode: str, tags: Tags, rules: RoadRules, *, by_class: bool, way: str) -> bool:
    for key in _ACCESS_KEYS[mode]:
        value = tags.get(f"{key}:{way}", tags.get(key))
        if value is None:
            continue
        if value in rules.closed_access:
            return False
        if by_class or (key in _OWN_KEYS[mode] and value in _OPENING):
            return True
    return by_class


def _one_way(way: str | None, *, forward: bool, backward: bool) -> tuple[bool, bool]:
    return forward and way not in _BACKWARD_ONLY, backward and way not in _FORWARD_ONLY


def _general_one_way(tags: Tags) -> str | None:
    """The oneway tag, or what the class or junction implies; an area has no direction."""
    if _is_area(tags):
        return None
    implied = tags.get("highway") in _ONE_WAY_BY_CLASS or tags.get("junction") in _ONE_WAY_BY_JUNCTION
    return tags.get("oneway") or ("yes" if implied else None)


def _cycle_one_way(tags: Tags) -> str | None:
    own = tags.get("oneway:bicycle")
    if own:
        return own
    sides = [tags.get(k, "") for k in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both")]
    against = any(s.startswith("opposite") for s in sides)
    lanes = {tags.get("cycleway:left:oneway"), tags.get("cycleway:right:oneway")}
    return "no" if against or lanes & {"no", "-1"} else _general_one_way(tags)
