"""Barriers, delays, turns and slopes by their tags."""

from __future__ import annotations

import math

import numpy as np
import pytest
from road_files import Values, tags_of

from network.io.access import is_on_ground
from network.io.rules import RoadRules, delays_s, ferry_minutes, passable, slope_share, speeds, turn_rule
from network.io.ways import POINT_TAGS, WAY_TAGS
from network.units import CYCLE, DRIVE, EBIKE, NETWORK_MODES, WALK

RULES = RoadRules.of(Values())


@pytest.mark.parametrize(
    ("tags", "walk", "cycle", "drive"),
    [
        ("highway=traffic_signals", 1, 1, 1),
        ("barrier=bollard", 1, 1, 0),
        ("barrier=bollard bollard=rising", 1, 1, 1),
        ("barrier=bollard bollard=removable", 1, 1, 0),
        ("barrier=bollard motor_vehicle=yes", 1, 1, 1),
        ("barrier=bollard access=no foot=yes", 1, 0, 0),
        ("barrier=gate", 1, 1, 1),
        ("barrier=gate access=private", 0, 0, 0),
        ("barrier=gate access=private foot=yes bicycle=permissive", 1, 1, 0),
        ("barrier=gate locked=yes", 0, 0, 0),
        ("barrier=gate locked=yes foot=yes access=yes", 1, 0, 0),
        ("barrier=lift_gate motor_vehicle=private", 1, 1, 0),
        ("barrier=kerb", 1, 1, 1),
        ("barrier=stile", 1, 0, 0),
        ("barrier=cycle_barrier", 1, 1, 0),
        ("barrier=wall", 0, 0, 0),
        ("barrier=fence foot=yes", 1, 0, 0),
        ("barrier=unheard_of", 1, 1, 0),
        ("barrier=bus_trap psv=yes", 1, 1, 0),
        ("motor_vehicle=no", 1, 1, 0),
        ("access=unknown", 1, 1, 1),
        ("highway=crossing bicycle=no access=no", 1, 1, 1),
        ("highway=crossing barrier=bollard", 1, 1, 0),
    ],
)
def test_what_stands_in_the_way_of_whom(tags, walk, cycle, drive):
    assert passable(tags_of(tags), RULES) == tuple(map(bool, (walk, cycle, cycle, drive)))


def test_an_electric_bicycle_may_be_stopped_alone():
    assert passable(tags_of("barrier=bollard electric_bicycle=no"), RULES) == (True, True, False, False)


@pytest.mark.parametrize(
    ("tags", "kind", "along", "against"),
    [
        ("highway=traffic_signals", "traffic_signals", 1, 1),
        ("highway=traffic_signals traffic_signals:direction=forward", "traffic_signals", 1, 0),
        ("highway=traffic_signals traffic_signals:direction=backward", "traffic_signals", 0, 1),
        ("highway=traffic_signals traffic_signals:direction=both direction=forward", "traffic_signals", 1, 1),
        ("highway=traffic_signals direction=backward", "traffic_signals", 0, 1),
        ("highway=stop direction=forward", "stop", 1, 0),
        ("highway=stop direction=NE", "stop", 1, 1),
        ("highway=give_way direction=backward", "give_way", 0, 1),
        ("highway=mini_roundabout direction=clockwise", "mini_roundabout", 1, 1),
        ("highway=crossing crossing=traffic_signals", "signal_crossing", 1, 1),
        ("highway=crossing crossing:signals=yes direction=forward", "signal_crossing", 1, 1),
        ("highway=crossing crossing=uncontrolled", None, 0, 0),
        ("barrier=gate", None, 0, 0),
        ("highway=bus_stop", None, 0, 0),
    ],
)
def test_seconds_lost_at_points(tags, kind, along, against):
    seconds = RULES.point_delay_s.get(kind, dict.fromkeys(NETWORK_MODES, 0.0))
    assert delays_s(tags_of(tags), RULES) == tuple((along * seconds[m], against * seconds[m]) for m in NETWORK_MODES)


def test_walkers_wait_at_crossings_and_vehicles_at_their_signals():
    found = delays_s(tags_of("highway=traffic_signals crossing=traffic_signals"), RULES)
    drive = RULES.point_delay_s["traffic_signals"]["drive"]
    walk = RULES.point_delay_s["signal_crossing"]["walk"]
    assert found[WALK] == (walk, walk)
    assert found[DRIVE] == (drive, drive)
    assert RULES.point_delay_s["traffic_signals"]["walk"] == RULES.point_delay_s["signal_crossing"]["drive"] == 0


WHEELS, CARS, CYCLES, ALL_MODES, NOBODY = (0, 1, 1, 1), (0, 0, 0, 1), (0, 1, 1, 0), (1, 1, 1, 1), (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("tags", "kind", "bound"),
    [
        ("restriction=no_left_turn", "no", WHEELS),
        ("restriction=no_right_turn", "no", WHEELS),
        ("restriction=no_straight_on", "no", WHEELS),
        ("restriction=no_u_turn", "no", WHEELS),
        ("restriction=no_entry", "no", WHEELS),
        ("restriction=no_exit", "no", WHEELS),
        ("restriction=only_left_turn", "only", WHEELS),
        ("restriction=only_right_turn", "only", WHEELS),
        ("restriction=only_straight_on", "only", WHEELS),
        ("restriction=only_u_turn", "only", WHEELS),
        ("restriction=no_left_turn;no_u_turn", "no", WHEELS),
        ("restriction=no_left_turn except=bicycle", "no", CARS),
        ("restriction=no_left_turn except=psv;bicycle", "no", CARS),
        ("restriction=no_left_turn except=motorcar", "no", CYCLES),
        ("restriction=no_left_turn except=psv", "no", WHEELS),
        ("restriction=no_left_turn except=electric_bicycle", "no", (0, 1, 0, 1)),
        ("restriction:motorcar=no_left_turn", "no", CARS),
        ("restriction:motor_vehicle=only_straight_on", "only", CARS),
        ("restriction:bicycle=no_left_turn", "no", CYCLES),
        ("restriction:foot=no_straight_on", "no", (1, 0, 0, 0)),
        ("restriction=no_entry restriction:foot=no_entry", "no", ALL_MODES),
        ("restriction:hgv=no_left_turn", "no", NOBODY),
        ("restriction:bus=only_right_turn", "only", NOBODY),
        ("restriction=no_left_turn restriction:bicycle=only_straight_on", "no", CARS),
        ("restriction:bicycle=no_left_turn restriction=only_straight_on", "only", CARS),
        ("restriction=no_left_turn restriction:bicycle=give_way", "no", WHEELS),
        ("restriction=no_left_turn restriction:conditional=no_u_turn@(Mo-Fr)", "no", WHEELS),
    ],
)
def test_turn_rules(tags, kind, bound):
    assert turn_rule(tags_of(tags), RULES) == (kind, tuple(map(bool, bound)))


@pytest.mark.parametrize(
    "tags",
    [
        "",
        "restriction=no_turn_on_red",
        "restriction:conditional=no_left_turn@(07:00-09:00)",
        "restriction:hgv:conditional=no_left_turn@(07:00-09:00)",
        "except=bicycle",
        "type=restriction",
    ],
)
def test_unknown_turn_rules_are_none(tags):
    assert turn_rule(tags_of(tags), RULES) is None


def test_a_city_may_free_cycles_of_turn_rules():
    rules = RoadRules.of(Values(turn_modes=["drive"]))
    assert turn_rule({"restriction": "no_left_turn"}, rules) == ("no", (False, False, False, True))


def slope_by_hand(mode: str, grade: float) -> float:
    """The published forms, one grade at a time."""
    percent = 100 * grade
    if mode == "walk":
        share = 6 * math.exp(-3.5 * abs(grade + 0.05)) / (6 * math.exp(-3.5 * 0.05))
        return min(max(share, 0.3), 1.2)
    if mode == "cycle":
        return min(max((21.6 - 1.44 * percent if percent > 0 else 21.6 - 0.86 * percent) / 21.6, 0.3), 1.3)
    if mode == "ebike":
        return min(max(1 - 0.02 * percent if percent > 0 else 1 - 0.01 * percent, 0.5), 1.2)
    return 1.0


def test_slopes_follow_the_published_forms():
    grade = np.array([-1.0, -0.3, -0.08, -0.05, -0.03, -0.001, 0.0, 0.001, 0.02, 0.05, 0.1, 0.4, 3.0])
    found = slope_share(grade, RULES)
    expected = [[slope_by_hand(mode, g) for g in grade] for mode in NETWORK_MODES]
    np.testing.assert_allclose(found, expected, atol=1e-3)
    assert (found[:, grade == 0] == 1).all()
    assert (found[DRIVE] == 1).all()
    up = found[:, grade >= 0]
    assert (np.diff(up[:3], axis=1) <= 0).all()
    assert (up[EBIKE] >= up[CYCLE]).all()
    assert np.isnan(slope_share(np.array([np.nan]), RULES)[:3]).all()


class Asked(dict):
    """Tags that remember which were asked for."""

    def __init__(self, tags):
        super().__init__(tags)
        self.keys_asked: set[str] = set()

    def get(self, key, default=None):
        self.keys_asked.add(key)
        return super().get(key, default)

    def __contains__(self, key):
        self.keys_asked.add(key)
        return super().__contains__(key)


def test_every_tag_of_a_way_that_is_kept_is_asked_for():
    asked = {"name", "bridge", "tunnel"}  # by the streets themselves
    for text in ("highway=residential", "highway=steps", "highway=residential oneway=yes", "route=ferry ferry=x"):
        tags = Asked(tags_of(text))
        speeds(tags, RULES)
        ferry_minutes(tags)
        is_on_ground(tags)
        asked |= tags.keys_asked
    assert asked >= WAY_TAGS, sorted(WAY_TAGS - asked)


def test_the_readers_keep_every_tag_the_rules_ask_for():
    for text in ("highway=residential", "highway=steps", "route=ferry", "highway=track bicycle=no", "highway=motorway"):
        tags = Asked(tags_of(text))
        speeds(tags, RULES)
        ferry_minutes(tags)
        assert tags.keys_asked <= WAY_TAGS, text
        assert len(tags.keys_asked) > 30
    for text in ("highway=traffic_signals", "barrier=gate", "barrier=bollard", "barrier=gate locked=yes"):
        tags = Asked(tags_of(text))
        passable(tags, RULES)
        delays_s(tags, RULES)
        assert tags.keys_asked <= POINT_TAGS, text
