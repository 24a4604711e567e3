"""The rules of the road: OpenStreetMap tags to speeds, barriers, delays, turns and slopes, as pure functions.

Who may pass is read by `network/io/access.py`. Tags mean what the OpenStreetMap wiki says at Key:maxspeed, Key:surface,
Key:smoothness, Key:tracktype, Key:duration, Key:barrier, Key:traffic_signals:direction, Key:crossing and
Relation:restriction; the numbers are in `data/parameters/roads.toml`. Times of day (`:conditional`) are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

from network.errors import InputError, Problem
from network.io.access import (
    ACCESS_KEYS,
    DIRECTIONS,
    OWN_KEYS,
    contraflow,
    first_one_way,
    general_one_way,
    is_area,
    is_ferry,
    open_ways,
    own_access,
    values_of,
)
from network.io.ways import Tags
from network.part import F64
from network.units import NETWORK_MODES

Speeds = tuple[float, float]
"""[km/h] along the line and against it; 0 where closed."""
Delays = tuple[float, float]
"""[s] lost along the line and against it."""

T = TypeVar("T")

KM_PER_MILE = 1.609344
MINUTES_PER_HOUR, MINUTES_PER_DAY, SECONDS_PER_MINUTE = 60, 1440, 60

_FOR_WALKERS = frozenset({"footway", "steps", "corridor", "elevator", "platform"})
_STATE = ("surface", "smoothness", "tracktype")
_SIGNS = frozenset({"traffic_signals", "stop", "give_way", "mini_roundabout"})
_SIDES = {"forward": (1.0, 0.0), "backward": (0.0, 1.0)}
_TURNS = {
    **dict.fromkeys(("no_left_turn", "no_right_turn", "no_straight_on", "no_u_turn", "no_entry", "no_exit"), "no"),
    **dict.fromkeys(("only_left_turn", "only_right_turn", "only_straight_on", "only_u_turn"), "only"),
}


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
    ebike_kmh: float
    ferry_kmh: float
    ferry_modes: frozenset[str]
    walk_classes: frozenset[str]
    cycle_classes: frozenset[str]
    closed_access: frozenset[str]
    surface_share: Mapping[tuple[str, str], tuple[float, float]]
    """(key, value) to the share of their speed that walkers and cyclists keep."""
    surface_drive_kmh: Mapping[tuple[str, str], float]
    barriers_open_drive: frozenset[str]
    barriers_closed_cycle: frozenset[str]
    barriers_closed_walk: frozenset[str]
    point_delay_s: Mapping[str, Mapping[str, float]]
    """What stands at the point, to the seconds it costs each mode."""
    turn_modes: frozenset[str]
    tobler: tuple[float, float]
    slope_wheels: Mapping[str, tuple[float, float]]
    slope_limits: Mapping[str, tuple[float, float]]

    @classmethod
    def of(cls, parameters: Values) -> RoadRules:
        def get(name: str, make: Callable[[Any], T]) -> T:
            try:
                return make(parameters.value(f"roads.{name}"))
            except (TypeError, ValueError) as error:
                raise InputError(
                    Problem(
                        f"parameter roads.{name}",
                        f"cannot be used: {error}",
                        "see how the shipped parameter is written",
                    )
                ) from None

        return cls(
            drive_kmh=get("drive_kmh", _numbers),
            drive_shared_kmh=get("drive_shared_kmh", float),
            maxspeed_share=get("maxspeed_share", float),
            maxspeed_words_kmh=get("maxspeed_words_kmh", _numbers),
            walk_kmh=get("walk_kmh", float),
            steps_kmh=get("steps_kmh", float),
            cycle_kmh=get("cycle_kmh", float),
            ebike_kmh=get("ebike_kmh", float),
            ferry_kmh=get("ferry_kmh", float),
            ferry_modes=get("ferry_modes", _modes),
            walk_classes=get("walk_classes", frozenset),
            cycle_classes=get("cycle_classes", frozenset),
            closed_access=get("closed_access", frozenset),
            surface_share=get("surface_share", lambda rows: {(k, v): (float(a), float(b)) for k, v, a, b in rows}),
            surface_drive_kmh=get("surface_drive_kmh", lambda rows: {(k, v): float(kmh) for k, v, kmh in rows}),
            barriers_open_drive=get("barriers_open_drive", frozenset),
            barriers_closed_cycle=get("barriers_closed_cycle", frozenset),
            barriers_closed_walk=get("barriers_closed_walk", frozenset),
            point_delay_s=get("point_delay_s", lambda rows: {kind: _by_mode(seconds) for kind, *seconds in rows}),
            turn_modes=get("turn_modes", _modes),
            tobler=(get("tobler_rate", float), get("tobler_best_grade", float)),
            slope_wheels=get("slope_wheels", _pairs),
            slope_limits=get("slope_limits", _pairs),
        )


def _numbers(rows: Any) -> dict[str, float]:
    return {k: float(v) for k, v in rows}


def _pairs(rows: Any) -> dict[str, tuple[float, float]]:
    pairs = {k: (float(a), float(b)) for k, a, b in rows}
    _modes(pairs)
    return pairs


def _by_mode(values: Any) -> dict[str, float]:
    return dict(zip(NETWORK_MODES, map(float, values), strict=True))


def _modes(names: Any) -> frozenset[str]:
    unknown = ", ".join(sorted(set(names) - set(NETWORK_MODES)))
    if unknown:
        raise ValueError(f"there is no mode {unknown}, only {', '.join(NETWORK_MODES)}")
    return frozenset(names)


def speeds(tags: Tags, rules: RoadRules) -> tuple[Speeds, Speeds, Speeds, Speeds]:
    """Speeds of walkers, cyclists, e-bikes and cars on a street or ferry, in the order of `units.NETWORK_MODES`."""
    return (
        walk_speeds(tags, rules),
        cycle_speeds("cycle", tags, rules),
        cycle_speeds("ebike", tags, rules),
        drive_speeds(tags, rules),
    )


def walk_speeds(tags: Tags, rules: RoadRules) -> Speeds:
    """One-way rules bind walkers only where a tag for them, a moving staircase or a ferry says so."""
    kind = tags.get("highway", "")
    general = tags.get("oneway") if (kind in _FOR_WALKERS and not is_area(tags)) or is_ferry(tags) else None
    stairs = {"forward": "yes", "backward": "-1"}.get(tags.get("conveying", ""))
    way = first_one_way(stairs, tags.get("oneway:foot"), general)
    walks = kind in rules.walk_classes or _carries("walk", tags, rules)
    forward, backward = open_ways("walk", tags, rules.closed_access, by_default=walks, one_way=way)
    kmh = _walk_kmh(tags, rules)
    return forward * kmh, backward * kmh


def cycle_speeds(mode: str, tags: Tags, rules: RoadRules) -> Speeds:
    """Speeds of `cycle` or `ebike`, which obey the same tags; where riding is slower than walking, they are pushed.

    Steps with a ramp beside them (`ramp:bicycle=yes`) are open to cycles, not to the heavier e-bikes.
    """
    kind = tags.get("highway", "")
    by_ramp = kind == "steps" and mode == "cycle" and tags.get("ramp:bicycle") == "yes"
    rides = by_ramp or kind in rules.cycle_classes or _carries(mode, tags, rules)
    way = first_one_way(tags.get("oneway:bicycle"), contraflow(tags), *general_one_way(tags))
    may = open_ways(mode, tags, rules.closed_access, by_default=rides, one_way=way)
    if is_ferry(tags):
        return may[0] * rules.ferry_kmh, may[1] * rules.ferry_kmh
    kmh, share = rules.ebike_kmh if mode == "ebike" else rules.cycle_kmh, _surface_share(tags, rules)[1]
    pushed = min(kmh, _walk_kmh(tags, rules))
    ridden = max(kmh * share, pushed) if share > 0 and kind != "steps" else pushed * (share > 0)
    along, against = (pushed if own_access(mode, tags, d) == "dismount" else ridden for d in DIRECTIONS)
    return may[0] * along, may[1] * against


def drive_speeds(tags: Tags, rules: RoadRules) -> Speeds:
    """The signed limit, less a share, or the speed of the class; never more than the state of the road allows."""
    kind = tags.get("highway", "")
    by_class = kind in rules.drive_kmh and tags.get("service") != "emergency_access"
    by_class |= _carries("drive", tags, rules) or (is_ferry(tags) and tags.get("ferry") in rules.drive_kmh)
    way = first_one_way(tags.get("oneway:motorcar"), tags.get("oneway:motor_vehicle"), *general_one_way(tags))
    forward, backward = open_ways("drive", tags, rules.closed_access, by_default=by_class, one_way=way)
    if is_ferry(tags):
        return forward * rules.ferry_kmh, backward * rules.ferry_kmh
    default = rules.drive_kmh.get(kind, rules.drive_shared_kmh)
    signed = _signed_kmh(tags.get("maxspeed"), rules)
    along = _signed_kmh(tags.get("maxspeed:forward"), rules) or signed or default
    against = _signed_kmh(tags.get("maxspeed:backward"), rules) or signed or default
    most = min((rules.surface_drive_kmh.get(state, np.inf) for state in _states(tags)), default=np.inf)
    if kind not in rules.drive_kmh:
        most = min(most, default)
    return forward * min(along, most), backward * min(against, most)


def maxspeed_kmh(text: str | None, words: Mapping[str, float]) -> float | None:
    """Limit in a maxspeed tag: `50`, `30 mph`, `FI:urban`, `DE:zone:30`, `walk`; the first of several; None if none.

    `words` gives the limits meant by words, without the country.
    """
    if text is None:
        return None
    text = text.split(";")[0].strip().lower()
    number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", text)
    if number:
        kmh = float(number.group(1)) * (KM_PER_MILE if number.group(2) == "mph" else 1.0)
        return kmh if kmh > 0 else None
    if text in words:
        return words[text]
    return words.get(re.sub(r"^[a-z]{2}(-[a-z0-9]+)?:", "", text))


def ferry_minutes(tags: Tags) -> float | None:
    """Minutes a ferry takes over its whole way by its `duration` tag, without the wait; None where none can be read.

    Forms as at Key:duration of the OpenStreetMap wiki: `hh:mm`, `hh:mm:ss`, `mm` and ISO 8601 (`PT1H30M`).
    """
    text = tags.get("duration", "").strip().upper()
    clock = re.fullmatch(r"(\d+):([0-5]?\d)(?::([0-5]?\d))?", text)
    plain = re.fullmatch(r"(\d+(?:\.\d+)?)(?: ?MIN(?:UTES?)?)?", text)
    iso = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", text)
    if clock:
        hours, minutes, seconds = (int(part or 0) for part in clock.groups())
        total = hours * MINUTES_PER_HOUR + minutes + seconds / SECONDS_PER_MINUTE
    elif plain:
        total = float(plain.group(1))
    elif iso:
        days, hours, minutes, seconds = (int(part or 0) for part in iso.groups())
        total = days * MINUTES_PER_DAY + hours * MINUTES_PER_HOUR + minutes + seconds / SECONDS_PER_MINUTE
    else:
        return None
    return total if is_ferry(tags) and total > 0 else None


def passable(tags: Tags, rules: RoadRules) -> tuple[bool, ...]:
    """(M) whether each mode may pass a point with these tags.

    Access tags of the point decide before what stands there. Those of a crossing without a barrier are meant for the
    people who cross the street, and are not read. What is locked opens to nobody but by a tag that names the mode.
    """
    if "barrier" not in tags and tags.get("highway") == "crossing":
        return (True,) * len(NETWORK_MODES)
    return tuple(_passes(mode, tags, rules) for mode in NETWORK_MODES)


def delays_s(tags: Tags, rules: RoadRules) -> tuple[Delays, ...]:
    """(M) seconds lost at a point with these tags by each mode along and against the line.

    Signals and signs bind the direction their tags name, and both where they name none. Vehicles wait at their own
    signals (`highway=traffic_signals`), not at a crossing's, walkers at a crossing's alone: a junction is often drawn
    with both, and nobody waits twice. The point does not tell who crosses: who walks along the street waits as well.
    """
    kind = tags.get("highway", "")
    sides = _SIDES.get(tags.get("traffic_signals:direction") or tags.get("direction", ""), (1.0, 1.0))
    sign = rules.point_delay_s.get(kind, {}) if kind in _SIGNS else {}
    waits = tags.get("crossing") == "traffic_signals" or tags.get("crossing:signals") == "yes"
    crossing = rules.point_delay_s.get("signal_crossing", {}) if waits else {}
    along, against = (
        [side * sign.get(mode, 0.0) + crossing.get(mode, 0.0) for mode in NETWORK_MODES] for side in sides
    )
    return tuple(zip(along, against, strict=True))


def turn_rule(tags: Tags, rules: RoadRules) -> tuple[str, tuple[bool, ...]] | None:
    """What a turn restriction says: `no` or `only`, and (M) whether it binds each mode; None where it is unknown.

    `restriction:<vehicle>` binds that vehicle, `restriction` the modes of `roads.turn_modes` but those of `except`.
    Where both are there and one forbids what the other commands, `restriction` holds and the other binds nobody.
    A restriction of vehicles that are no mode here (`restriction:hgv`) binds nobody. `restriction:conditional` alone is
    unknown.
    """
    said = {
        key.partition(":")[2]: _turn(value) for key, value in tags.items() if re.fullmatch(r"restriction(:\w+)?", key)
    }
    known = {vehicle: kind for vehicle, kind in said.items() if kind and vehicle != "conditional"}
    if not known:
        return None
    kind = known[min(known)]  # the general one, of the key "", comes first
    free = set(values_of(tags.get("except")))
    bound = []
    for mode in NETWORK_MODES:
        named = [known[key] for key in ACCESS_KEYS[mode] if key in known]
        general = [known[""]] if "" in known and mode in rules.turn_modes else []
        bound.append((named + general)[:1] == [kind] and free.isdisjoint(ACCESS_KEYS[mode]))
    return kind, tuple(bound)


def slope_share(grade: F64, rules: RoadRules) -> F64:
    """(M, X) factor on the speed of each mode at grades (X): rise over run in the direction of travel; 1 on the flat.

    Walkers: Tobler's hiking function over its value on the flat (Tobler 1993, Three presentations on geographical
    analysis and modeling, NCGIA technical report 93-1). Cycles and e-bikes: linear up and down, in the manner of
    Parkin and Rotheram (2010, doi:10.1016/j.tranpol.2010.03.001). Each within the limits of `roads.slope_limits`.
    Cars: none. A grade that is not a number gives such a factor.
    """
    rate, best = rules.tobler
    up, down = np.maximum(grade, 0.0), np.maximum(-grade, 0.0)
    shares = dict.fromkeys(NETWORK_MODES, np.ones_like(grade))
    shares["walk"] = np.exp(-rate * (np.abs(grade - best) - abs(best)))
    shares |= {mode: 1.0 - lost * up + won * down for mode, (lost, won) in rules.slope_wheels.items()}
    return np.stack([np.clip(shares[mode], *rules.slope_limits.get(mode, (1.0, 1.0))) for mode in NETWORK_MODES])


def _passes(mode: str, tags: Tags, rules: RoadRules) -> bool:
    keys = OWN_KEYS[mode] if tags.get("locked") == "yes" else ACCESS_KEYS[mode]
    said = next((values for key in keys if (values := values_of(tags.get(key)))), None)
    if said is not None:
        return not rules.closed_access.issuperset(said)
    barrier = tags.get("barrier")
    if barrier is None or tags.get("locked") == "yes":
        return barrier is None
    if mode == "drive":
        return barrier in rules.barriers_open_drive or (barrier == "bollard" and tags.get("bollard") == "rising")
    return barrier not in (rules.barriers_closed_walk if mode == "walk" else rules.barriers_closed_cycle)


def _turn(text: str) -> str | None:
    return next((_TURNS[value] for value in values_of(text) if value in _TURNS), None)


def _carries(mode: str, tags: Tags, rules: RoadRules) -> bool:
    return is_ferry(tags) and mode in rules.ferry_modes


def _signed_kmh(text: str | None, rules: RoadRules) -> float | None:
    limit = maxspeed_kmh(text, rules.maxspeed_words_kmh)
    return None if limit is None else limit * rules.maxspeed_share


def _states(tags: Tags) -> list[tuple[str, str]]:
    return [(key, value) for key in _STATE for value in values_of(tags.get(key))]


def _surface_share(tags: Tags, rules: RoadRules) -> tuple[float, float]:
    """Shares of walkers and cyclists; of surface, smoothness and tracktype the worst, which all tell of one state."""
    walk = cycle = 1.0
    for state in _states(tags):
        on_foot, riding = rules.surface_share.get(state, (1.0, 1.0))
        walk, cycle = min(walk, on_foot), min(cycle, riding)
    return walk, cycle


def _walk_kmh(tags: Tags, rules: RoadRules) -> float:
    if is_ferry(tags):
        return rules.ferry_kmh
    on_foot = rules.steps_kmh if tags.get("highway") == "steps" else rules.walk_kmh
    return on_foot * _surface_share(tags, rules)[0]
