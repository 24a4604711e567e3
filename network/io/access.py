"""Who may pass, and in which direction: the access and one-way tags of OpenStreetMap, as pure functions.

Tags mean what the OpenStreetMap wiki says at Key:access, Key:oneway, Key:oneway:bicycle, Key:cycleway,
Key:electric_bicycle and Tag:route=ferry. Times of day (`:conditional`) are not read. Tags of buses (`psv`, `bus`) open
nothing to anyone here.

Where tags contradict each other, the more telling decides: an access tag that names mode and direction
(`bicycle:backward=yes`), then `oneway:<mode>`, then a contraflow cycleway, then `oneway`, then what the class or the
junction implies; but `oneway=no` does not open a roundabout. Values nobody knows are passed over.
"""

from __future__ import annotations

from network.io.ways import Tags

Open = tuple[bool, bool]
"""Whether one may pass along the line and against it."""

OWN_KEYS = {
    "walk": ("foot",),
    "cycle": ("bicycle",),
    "ebike": ("electric_bicycle", "bicycle"),
    "drive": ("motorcar", "motor_vehicle"),
}
"""Access keys that name a mode, most telling first: they open what is closed by default."""
ACCESS_KEYS = {
    "walk": ("foot", "access"),
    "cycle": ("bicycle", "vehicle", "access"),
    "ebike": ("electric_bicycle", "bicycle", "vehicle", "access"),
    "drive": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
"""Most telling first: the first key that is there decides."""
DIRECTIONS = ("forward", "backward")
_TOLD_BY = {
    (mode, direction): tuple((f"{key}:{direction}", key, key in OWN_KEYS[mode]) for key in keys)
    for mode, keys in ACCESS_KEYS.items()
    for direction in DIRECTIONS
}
"""The key with the direction, the key, and whether it names the mode."""
_OPENING = frozenset({"yes", "designated", "permissive", "destination", "customers", "dismount", "residents"})
_TWO_WAY = ("no", "false", "0")
_ONE_WAY = {
    **dict.fromkeys(("yes", "true", "1"), (True, False)),
    **dict.fromkeys(("-1", "reverse"), (False, True)),
    **dict.fromkeys((*_TWO_WAY, "alternating"), (True, True)),
    "reversible": (False, False),
}
"""A direction that changes with the time of day is closed both ways: nobody knows which is open."""
_ONE_WAY_BY_CLASS = frozenset({"motorway"})
_ONE_WAY_BY_JUNCTION = frozenset({"roundabout", "circular"})
_NOT_THERE = frozenset(
    {"construction", "proposed", "planned", "disused", "abandoned", "razed", "demolished", "dismantled"}
)
_NO_WORKS = frozenset({"no", "minor", "widening"})


def is_ferry(tags: Tags) -> bool:
    return tags.get("route") == "ferry" and "highway" not in tags


def is_on_ground(tags: Tags) -> bool:
    """Whether a street lies on the ground, so that one gets onto it from beside; a passage through a house does."""
    level = tags.get("layer", "0")
    below = level.startswith("-") and level != "-0"
    return (
        tags.get("bridge", "no") == "no"
        and tags.get("tunnel", "no") in {"no", "building_passage"}
        and not below
        and not is_ferry(tags)
    )


def is_area(tags: Tags) -> bool:
    return tags.get("area") == "yes"


def values_of(text: str | None) -> tuple[str, ...]:
    """The values of a tag, which `;` parts, without those that say nothing."""
    if not text or text == "unknown":
        return ()
    if ";" not in text:
        return (text,)
    return tuple(v for v in map(str.strip, text.split(";")) if v not in {"", "unknown"})


def own_access(mode: str, tags: Tags, direction: str) -> str | None:
    """The access tag that names the mode."""
    for directed, key, is_own in _TOLD_BY[mode, direction]:
        told = tags.get(directed, tags.get(key)) if is_own else None
        if told:
            return told
    return None


def open_ways(mode: str, tags: Tags, closed: frozenset[str], *, by_default: bool, one_way: Open) -> Open:
    """Whether a mode may use a line along and against it.

    `closed` are the access values that close, `by_default` is what holds where no access tag decides, and `one_way`
    what the one-way rules leave open.
    """
    if _unusable(tags):
        return False, False
    if mode != "drive" and tags.get("motorroad") == "yes":
        by_default = False
    along, against = one_way
    forward = _has_access(mode, tags, closed, by_default=by_default, direction="forward")
    backward = _has_access(mode, tags, closed, by_default=by_default, direction="backward")
    return (
        forward and (along or _opened_against_one_way(mode, tags, "forward")),
        backward and (against or _opened_against_one_way(mode, tags, "backward")),
    )


def first_one_way(*texts: str | None) -> Open:
    """What the first one-way value that is known leaves open."""
    for text in texts:
        if text in _ONE_WAY:
            return _ONE_WAY[text]
    return True, True


def general_one_way(tags: Tags) -> tuple[str | None, ...]:
    """The oneway tag, then what the class or junction implies; an area has no direction, a roundabout always has."""
    if is_area(tags):
        return ()
    way, junction = tags.get("oneway"), tags.get("junction")
    if junction == "roundabout" and way in _TWO_WAY:
        return ("yes",)
    implied = tags.get("highway") in _ONE_WAY_BY_CLASS or junction in _ONE_WAY_BY_JUNCTION
    return way, "yes" if implied else None


def contraflow(tags: Tags) -> str | None:
    """`no` where a cycleway lets cycles go against a one-way street."""
    for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both"):
        if tags.get(key, "").startswith("opposite"):
            return "no"
    lanes = tags.get("cycleway:left:oneway"), tags.get("cycleway:right:oneway")
    return "no" if "no" in lanes or "-1" in lanes else None


def _unusable(tags: Tags) -> bool:
    return (
        any(tags.get(key) == "yes" for key in ("disused", "abandoned", "impassable"))
        or tags.get("construction", "no") not in _NO_WORKS
        or tags.get("highway") in _NOT_THERE
        or ("highway" not in tags and not is_ferry(tags))
    )


def _has_access(mode: str, tags: Tags, closed: frozenset[str], *, by_default: bool, direction: str) -> bool:
    """A value that closes, closes; another opens where its key names the mode, and leaves open what is open anyway.

    Of several values (`agricultural;destination`) one that lets people pass is enough.
    """
    for directed, key, is_own in _TOLD_BY[mode, direction]:
        values = values_of(tags.get(directed, tags.get(key)))
        if not values:
            continue
        if closed.issuperset(values):
            return False
        if by_default or (is_own and not _OPENING.isdisjoint(values)):
            return True
    return by_default


def _opened_against_one_way(mode: str, tags: Tags, direction: str) -> bool:
    told = (values_of(tags.get(directed)) for directed, _, is_own in _TOLD_BY[mode, direction] if is_own)
    return any(not _OPENING.isdisjoint(values) for values in told)
