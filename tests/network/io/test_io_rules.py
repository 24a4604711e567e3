from __future__ import annotations

import numpy as np
import pytest
from road_files import Values, tags_of

from network.errors import InputError
from network.io.rules import (
    KM_PER_MILE,
    RoadRules,
    ferry_minutes,
    maxspeed_kmh,
    speeds,
)
from network.units import CYCLE, DRIVE, EBIKE, WALK

PARAMETERS = Values()
RULES = RoadRules.of(PARAMETERS)
BOTH, ALONG, AGAINST, NONE = (True, True), (True, False), (False, True), (False, False)


def at(text: str, rules=RULES):
    return speeds(tags_of(text), rules)


def passage(text: str):
    return tuple((a > 0, b > 0) for a, b in at(text))


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
        ("highway=razed foot=yes", NONE, NONE, NONE),
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
        ("highway=service access=unknown", BOTH, BOTH, BOTH),
        ("highway=service access=agricultural;forestry", NONE, NONE, NONE),
        ("highway=service access=agricultural;destination", BOTH, BOTH, BOTH),
        ("highway=footway bicycle=no;yes", BOTH, BOTH, NONE),
        # buses open nothing to anyone else
        ("highway=busway", NONE, NONE, NONE),
        ("highway=service access=no psv=yes", NONE, NONE, NONE),
        ("highway=service access=no bus=yes bicycle=yes", NONE, BOTH, NONE),
        ("highway=residential motor_vehicle=no bus=designated", BOTH, BOTH, NONE),
        ("highway=residential motor_vehicle=psv", BOTH, BOTH, NONE),
        ("highway=residential motor_vehicle=bus;taxi", BOTH, BOTH, NONE),
        ("highway=pedestrian psv=yes", BOTH, NONE, NONE),
        ("highway=residential oneway=yes oneway:bus=no", BOTH, ALONG, ALONG),
        # works
        ("highway=residential construction=yes", NONE, NONE, NONE),
        ("highway=residential construction=minor", BOTH, BOTH, BOTH),
        ("highway=residential impassable=yes", NONE, NONE, NONE),
        # contradictions: the more telling tag decides
        ("highway=tertiary junction=roundabout oneway=no", BOTH, ALONG, ALONG),
        ("highway=cycleway junction=roundabout oneway=no oneway:bicycle=no", BOTH, BOTH, NONE),
        ("highway=tertiary junction=circular", BOTH, ALONG, ALONG),
        ("highway=tertiary junction=circular oneway=no", BOTH, BOTH, BOTH),
        ("highway=tertiary junction=roundabout oneway=sometimes", BOTH, ALONG, ALONG),
        ("highway=residential oneway=yes bicycle:backward=yes", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes oneway:bicycle=yes bicycle:backward=yes", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes bicycle=yes", BOTH, ALONG, ALONG),
        ("highway=residential oneway=yes motor_vehicle:backward=no", BOTH, ALONG, ALONG),
        ("highway=residential oneway=yes motor_vehicle:forward=no motor_vehicle:backward=yes", BOTH, ALONG, AGAINST),
        ("highway=residential oneway=yes motor_vehicle:forward=no", BOTH, ALONG, NONE),
        ("highway=residential oneway=no oneway:motor_vehicle=yes", BOTH, BOTH, ALONG),
        ("highway=residential oneway=yes oneway:motorcar=no", BOTH, ALONG, BOTH),
        ("highway=residential oneway=-1 cycleway=opposite_track oneway:bicycle=-1", BOTH, AGAINST, AGAINST),
        ("highway=residential oneway=reversible", BOTH, NONE, NONE),
        ("highway=residential oneway=reversible oneway:bicycle=no", BOTH, BOTH, NONE),
        ("highway=residential oneway=alternating", BOTH, BOTH, BOTH),
        ("highway=footway oneway=yes oneway:foot=no", BOTH, NONE, NONE),
        ("highway=motorway access=no motorcar=yes", NONE, NONE, ALONG),
        # ferries
        ("route=ferry", BOTH, BOTH, NONE),
        ("route=ferry motor_vehicle=yes", BOTH, BOTH, BOTH),
        ("route=ferry ferry=secondary", BOTH, BOTH, BOTH),
        ("route=ferry ferry=secondary motor_vehicle=no", BOTH, BOTH, NONE),
        ("route=ferry foot=yes bicycle=no", BOTH, NONE, NONE),
        ("route=ferry access=private", NONE, NONE, NONE),
        ("route=ferry oneway=yes", ALONG, ALONG, NONE),
        ("route=ferry disused=yes", NONE, NONE, NONE),
        ("route=bus", NONE, NONE, NONE),
        # the state of the road
        ("highway=track smoothness=very_horrible", BOTH, BOTH, BOTH),
        ("highway=track smoothness=impassable", BOTH, NONE, NONE),
    ],
)
def test_who_may_pass(tags, walk, cycle, drive):
    assert passage(tags) == (walk, cycle, cycle, drive)


@pytest.mark.parametrize(
    ("tags", "cycle", "ebike"),
    [
        ("highway=cycleway electric_bicycle=no", BOTH, NONE),
        ("highway=footway electric_bicycle=yes", NONE, BOTH),
        ("highway=footway bicycle=yes electric_bicycle=no", BOTH, NONE),
        ("highway=residential bicycle=no electric_bicycle=yes", NONE, BOTH),
        ("highway=residential oneway=yes electric_bicycle:backward=yes", ALONG, BOTH),
        ("highway=steps ramp:bicycle=yes", BOTH, NONE),
        ("highway=steps bicycle=yes", BOTH, BOTH),
        ("highway=steps ramp:bicycle=yes bicycle=no", NONE, NONE),
    ],
)
def test_electric_bicycles_have_a_key_of_their_own(tags, cycle, ebike):
    assert passage(tags)[1:3] == (cycle, ebike)


def test_speeds_follow_class_limit_and_pushing():
    residential = RULES.drive_kmh["residential"]
    assert at("highway=residential") == (
        (RULES.walk_kmh,) * 2,
        (RULES.cycle_kmh,) * 2,
        (RULES.ebike_kmh,) * 2,
        (residential,) * 2,
    )
    assert at("highway=residential maxspeed=50")[DRIVE] == pytest.approx((50 * RULES.maxspeed_share,) * 2)
    assert at("highway=primary maxspeed=60 maxspeed:backward=40")[DRIVE] == pytest.approx(
        (60 * RULES.maxspeed_share, 40 * RULES.maxspeed_share)
    )
    assert at("highway=steps")[WALK] == (RULES.steps_kmh,) * 2
    assert at("highway=steps ramp:bicycle=yes")[CYCLE] == (RULES.steps_kmh,) * 2
    for mode in (CYCLE, EBIKE):
        assert at("highway=footway bicycle=dismount")[mode] == (RULES.walk_kmh,) * 2
    assert at("highway=footway bicycle=dismount electric_bicycle=yes")[EBIKE] == (RULES.ebike_kmh,) * 2
    along = at("highway=residential oneway=yes bicycle:backward=dismount")[CYCLE]
    assert along == (RULES.cycle_kmh, RULES.walk_kmh)
    assert at("route=ferry motorcar=yes") == ((RULES.ferry_kmh,) * 2,) * 4
    assert at("highway=pedestrian motorcar=yes maxspeed=50")[DRIVE] == (RULES.drive_shared_kmh,) * 2


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


def test_bad_surfaces_slow_each_mode_by_its_own_table():
    cycle_gravel = RULES.surface_share["surface", "gravel"][1]
    walk, cycle, ebike, drive = (pair[0] for pair in at("highway=primary maxspeed=80 surface=gravel"))
    assert walk == pytest.approx(0.75 * RULES.walk_kmh)
    assert cycle == pytest.approx(cycle_gravel * RULES.cycle_kmh)
    assert ebike == pytest.approx(cycle_gravel * RULES.ebike_kmh)
    assert drive == RULES.surface_drive_kmh["surface", "gravel"] == 40
    # Of several tags the worst; nobody rides slower than they would push.
    assert at("highway=track surface=gravel smoothness=very_bad")[DRIVE][0] == RULES.drive_kmh["track"]
    very_bad = RULES.surface_share["smoothness", "very_bad"][1] * RULES.ebike_kmh
    assert at("highway=path smoothness=very_bad tracktype=grade2")[EBIKE][0] == pytest.approx(very_bad)
    assert at("highway=primary surface=asphalt;mud")[DRIVE][0] == RULES.surface_drive_kmh["surface", "mud"]
    assert at("highway=path tracktype=grade5")[CYCLE][0] == RULES.walk_kmh > 0.22 * RULES.cycle_kmh


def test_no_surface_makes_anyone_faster():
    states = sorted({*RULES.surface_share, *RULES.surface_drive_kmh})
    for kind in sorted({*RULES.drive_kmh, *RULES.walk_classes, "pedestrian"}):
        good = np.array(at(f"highway={kind} bicycle=yes motorcar=yes"))
        for key, value in states:
            worse = np.array(at(f"highway={kind} bicycle=yes motorcar=yes {key}={value}"))
            assert (worse <= good).all(), (kind, key, value)


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("00:05", 5),
        ("1:15", 75),
        ("48:00", 2880),
        ("0:07:30", 7.5),
        ("12", 12),
        ("7.5", 7.5),
        ("15 min", 15),
        ("PT1H30M", 90),
        ("P1DT2H", 1560),
        ("PT45S", 0.75),
        ("0", None),
        ("00:00", None),
        ("P", None),
        ("1:75", None),
        ("half an hour", None),
        ("-5", None),
        ("", None),
    ],
)
def test_ferry_durations(text, minutes):
    assert ferry_minutes({"route": "ferry", "duration": text}) == minutes
    assert ferry_minutes({"highway": "residential", "route": "ferry", "duration": text}) is None
    assert ferry_minutes({"route": "ferry"}) is None


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("walk_kmh", "fast", "could not convert"),
        ("point_delay_s", [["stop", 1, 2, 3]], "shorter"),
        ("turn_modes", ["cycle", "horse"], "there is no mode horse"),
        ("slope_wheels", [["cycle", 1]], "not enough values"),
        ("slope_limits", [["boat", 1, 2]], "there is no mode boat"),
        ("surface_share", 3, "not iterable"),
    ],
)
def test_a_table_that_cannot_be_used_is_named(name, value, says):
    with pytest.raises(InputError, match=rf"parameter roads\.{name}: cannot be used: .*{says}"):
        RoadRules.of(Values(**{name: value}))


def test_every_tag_and_share_in_the_tables_makes_sense():
    assert {key for key, _ in (*RULES.surface_share, *RULES.surface_drive_kmh)} == {
        "surface",
        "smoothness",
        "tracktype",
    }
    assert all(0 <= share <= 1 for pair in RULES.surface_share.values() for share in pair)
    assert all(low <= 1 <= high for low, high in RULES.slope_limits.values())


def test_every_road_parameter_is_declared_whole_and_read():
    import tomllib

    from road_files import REPOSITORY

    table = tomllib.loads((REPOSITORY / "data/parameters/roads.toml").read_text(encoding="utf-8"))
    for name, entry in table.items():
        assert {"value", "unit", "label", "source", "default"} == entry.keys(), name
    read_elsewhere = {"roads.node_tolerance_m", "roads.min_joined_share", "roads.snap_detour_m"}
    assert PARAMETERS.used | read_elsewhere == {f"roads.{name}" for name in table}
