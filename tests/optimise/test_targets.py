"""Targets, budgets and verdicts."""

import math

import pytest

from network import METRICS, InputError
from optimise import Budget, Target, judge, parse_target


@pytest.mark.parametrize(
    ("text", "op", "value"),
    [
        ("charging_served_share>=0.8", "at_least", 0.8),
        ("charging_served_share >= 80 %", "at_least", 0.8),
        ("charging_served_share ≤ 1e-1", "at_most", 0.1),
        ("charging_served_share<=.5", "at_most", 0.5),
    ],
)
def test_targets_are_read(text, op, value):
    target = parse_target(text)
    assert (target.metric, target.op, target.value) == ("charging_served_share", op, pytest.approx(value))


@pytest.mark.parametrize(
    "text", ["", "charging_served_share", "charging_served_share>0.8", "public_plugs>=many", ">=1"]
)
def test_what_cannot_be_read_is_refused(text):
    with pytest.raises(InputError, match="target"):
        parse_target(text)


def test_unknown_metrics_list_the_known_ones():
    with pytest.raises(InputError) as error:
        parse_target("happiness>=1")
    assert all(name in str(error.value) for name in METRICS)


def test_other_senseless_targets():
    with pytest.raises(InputError, match="at_least or at_most"):
        Target(metric="public_plugs", op="exactly", value=1)
    with pytest.raises(InputError, match="give a number"):
        Target(metric="public_plugs", op="at_least", value=math.nan)


def test_verdicts():
    targets = [
        parse_target(t) for t in ("public_plugs>=10", "public_plugs<=10", "co2_t_per_day<=3", "car_trip_share<=1")
    ]
    metrics = dict.fromkeys(METRICS, 0.0) | {"public_plugs": 7.0, "co2_t_per_day": 5.0, "car_trip_share": None}
    verdicts = judge(metrics, targets, {targets[0]: "at most 8"})
    assert [(v.value, v.met, v.gap) for v in verdicts] == [
        (7, False, 3),
        (7, True, 0),
        (5, False, 2),
        (None, False, None),
    ]
    assert [v.note for v in verdicts] == ["at most 8", "", "", ""]


@pytest.mark.parametrize("cny", [0, -1, math.nan, math.inf, 0.001])
def test_a_budget_is_money(cny):
    with pytest.raises(InputError, match="budget_cny"):
        Budget(cny)


def test_a_budget_in_fen_is_never_more():
    assert Budget(0.29).fen == 29
    assert Budget(1234.567).fen == 123456
    assert Budget(1e9).fen == 10**11


@pytest.mark.parametrize("text", ["charging_served_share>=80", "car_trip_share<=-0.1", "green_trip_share>=101%"])
def test_a_share_beyond_its_range_is_refused_with_what_was_meant(text):
    with pytest.raises(InputError, match="a share is 0 to 1"):
        parse_target(text)
