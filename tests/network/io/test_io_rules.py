from __future__ import annotations

import pytest
from road_files import Values

from network.io.rules import KM_PER_MILE, RoadRules, maxspeed_kmh, speeds

PARAMETERS = Values()
RULES = RoadRules.of(PARAMETERS)
BOTH, ALONG, AGAINST, NONE = (True, True), (True, False), (False, True), (False, False)


def passage(text: str):
    tags = dict(pair.split("=", 1) for pair in text.split())
    return tuple((a > 0, b > 0) for a, b in speeds(tags, RULES))


@pytest.mark.parametrize(
    ("tags", "walk", "cycle", "drive"),
    [
        ("highway=residential", BOTH, BOTH, BOTH),
        ("highway=motorway", NONE, NONE, ALONG),
        ("highway=motorway oneway=no", NONE, NONE, BOTH),
        ("highway=trunk motorroad=yes", NONE, NONE, BOTH),
        ("highway=footway", BOTH, NONE, NONE),
        ("highway=footway bicycle=yes", BOTH, BOTH, NONE),
        ("highway=pedestrian area=yes", BOTH, NONE, NONE),
        ("highway=pedestrian motor_vehicle=destination", BOTH, NONE, BOTH),
        ("highway=pedestrian motor_vehicle=delivery", BOTH, NONE, NONE),
        ("highway=footway access=yes", BOTH, NONE, NONE),
        ("highway=steps", BOTH, NONE, NONE),
        ("highway=steps conveying=forward", ALONG, NONE, NONE),
        ("highway=cycleway", BOTH, BOTH, NONE),
        ("highway=cycleway foot=no oneway=yes", NONE, ALONG, NONE),
        ("highway=path", BOTH, BOTH, NONE),
        ("highway=construction", NONE, NONE, NONE),
        ("highway=proposed foot=yes", NONE, NONE, NONE),
        ("highway=no foot=yes", BOTH, NONE, NONE),
        ("highway=bus_guideway", NONE, NONE, NONE),
        ("highway=residential disused=yes", NONE, NONE, NONE),
        # one-way rules
        ("highway=residential oneway=yes", BOTH, ALONG, ALONG),
        ("highway=residential oneway=1", BOTH, ALONG, ALONG),
        ("highway=residential oneway=-1", BOTH, AGAINST, AGAINST),
        ("highway=residential oneway=no", BOTH, BOTH, BOTH),
        ("highway=residential oneway=yes oneway:bicycle=no", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes cycleway=opposite_lane", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes cycleway:left=opposite", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes cycleway:left=lane cycleway:left:oneway=-1", BOTH, BOTH, ALONG),
        ("highway=residential oneway:bicycle=yes", BOTH, ALONG, BOTH),
        ("highway=tertiary junction=roundabout", BOTH, ALONG, ALONG),
        ("highway=tertiary junction=roundabout oneway=-1", BOTH, AGAINST, AGAINST),
        ("highway=service area=yes oneway=yes", BOTH, BOTH, BOTH),
        ("highway=residential oneway=yes oneway:foot=yes", ALONG, ALONG, ALONG),
        ("highway=residential motor_vehicle:backward=no", BOTH, BOTH, ALONG),
        # access: the key that names the mode most closely decides
        ("highway=service access=private", NONE, NONE, NONE),
        ("highway=service access=no foot=yes", BOTH, NONE, NONE),
        ("highway=service access=private bicycle=permissive", NONE, BOTH, NONE),
        ("highway=residential vehicle=no", BOTH, NONE, NONE),
        ("highway=residential vehicle=no bicycle=yes", BOTH, BOTH, NONE),
        ("highway=residential motor_vehicle=no", BOTH, BOTH, NONE),
        ("highway=residential motor_vehicle=no motorcar=yes", BOTH, BOTH, BOTH),
        ("highway=residential motor_vehicle=yes motorcar=private", BOTH, BOTH, NONE),
        ("highway=residential access=destination", BOTH, BOTH, BOTH),
        ("highway=primary bicycle=use_sidepath foot=use_sidepath", NONE, NONE, BOTH),
        ("highway=service service=emergency_access", BOTH, BOTH, NONE),
    ],
)
def test_who_may_pass(tags, walk, cycle, drive):
    assert passage(tags) == (walk, cycle, drive)


def test_speeds_follow_class_limit_and_pushing():
    def at(text: str):
        return speeds(dict(pair.split("=", 1) for pair in text.split()), RULES)

    residential = RULES.drive_kmh["residential"]
    assert at("highway=residential") == (
        (RULES.walk_kmh,) * 2,
        (RULES.cycle_kmh,) * 2,
        (residential,) * 2,
    )
    assert at("highway=residential maxspeed=50")[2] == pytest.approx((50 * RULES.maxspeed_share,) * 2)
    assert at("highway=primary maxspeed=60 maxspeed:backward=40")[2] == pytest.approx(
        (60 * RULES.maxspeed_share, 40 * RULES.maxspeed_share)
    )
    assert at("highway=steps")[0] == (RULES.steps_kmh,) * 2
    assert at("highway=footway bicycle=dismount")[1] == (RULES.walk_kmh,) * 2
    assert at("highway=pedestrian motorcar=yes maxspeed=50")[2] == (RULES.drive_shared_kmh,) * 2


@pytest.mark.parametrize(
    ("text", "kmh"),
    [
        ("50", 50),
        ("50 km/h", 50),
        ("30 mph", 30 * KM_PER_MILE),
        ("30mph", 30 * KM_PER_MILE),
        ("60;40", 60),
        ("FI:urban", 50),
        ("CN:urban", 50),
        ("DE:zone:30", 30),
        ("walk", 7),
        ("none", 120),
        ("signals", None),
        ("0", None),
        ("", None),
        (None, None),
    ],
)
def test_maxspeed_texts(text, kmh):
    assert maxspeed_kmh(text, RULES.maxspeed_words_kmh) == (None if kmh is None else pytest.approx(kmh))


def test_every_road_parameter_is_declared_whole_and_read():
    import tomllib

    from road_files import REPOSITORY

    table = tomllib.loads((REPOSITORY / "data/parameters/roads.toml").read_text(encoding="utf-8"))
    for name, entry in table.items():
        assert {"value", "unit", "label", "source", "default"} == entry.keys(), name
    read_elsewhere = {"roads.node_tolerance_m", "roads.min_joined_share"}
    assert PARAMETERS.used | read_elsewhere == {f"roads.{name}" for name in table}
