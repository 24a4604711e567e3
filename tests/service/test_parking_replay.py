"""Days in shared car parks, by the API and the command line."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from homes import CITY, DATA, HOME, a_city, problems_of, words
from starlette.testclient import TestClient

from network import REPLAY_SURE, Scenario, ShareLot, replay_parking, units
from service.api import create_app
from service.cli import BAD_INPUT
from service.cli_parking_replay import BEYOND
from service.replay_schemas import DayType
from service.settings import Settings

REPLAY = f"{HOME}/parking-replay"
DAY = {"type": "share_lot", "lot": "lot/1", "start": "08:00", "end": "18:00", "days": ["weekday"]}
NIGHT = {
    "type": "share_lot",
    "lot": "lot/0",
    "start": "18:00",
    "end": "32:00",
    "spaces": 10,
    "days": ["weekend", "holiday"],
}
FEW, MANY = DAY | {"spaces": 2}, NIGHT | {"days": ["weekday"]}


def test_names_are_those_of_the_model():
    assert get_args(DayType) == units.DAY_TYPES


def test_the_answer_is_that_of_the_model(client):
    answer = client.post(REPLAY, json={"days": 50, "seed": 4, "edits": [FEW, NIGHT]}).json()
    edits = [ShareLot(**edit | {"days": tuple(edit["days"])}) for edit in (FEW, NIGHT)]
    city = Scenario(edits=tuple(edits)).apply(a_city())
    found = replay_parking(city, days=50, seed=4)
    assert answer["changed_digest"] == city.digest
    assert (answer["seed"], answer["mixed"], answer["clashes"]) == (4, False, 0)
    assert (answer["promised"], answer["standard_errors"]) == (city.parking.overflow_share, REPLAY_SURE)
    assert [(row["lot"], row["day"]) for row in answer["lots"]] == [
        ("lot/0", "weekend"), ("lot/0", "holiday"), ("lot/1", "weekday"),
    ]  # fmt: skip
    for name in ("share", "error", "expected", "permit_share"):
        assert [row[name] for row in answer["lots"]] == getattr(found, name).tolist()
    assert [row["shared_spaces"] for row in answer["lots"]] == [10, 10, 2]
    assert [row["after"] for row in answer["lots"]] == [[16, 17, 18, 19]] * 2 + [[36, 37, 38, 39]]
    for row in answer["lots"]:
        after = [row["share"][t] for t in row["after"]]
        assert row["share"][row["worst_after"]] == max(after) <= row["any_share"]
        assert row["kept"] == (max(after) <= row["most_share"])
    assert answer["kept"] == all(row["kept"] for row in answer["lots"])


def test_a_seed_is_an_answer_and_who_leaves_in_between_changes_it(client):
    asked = {"days": 20, "edits": [MANY]}
    first, again, other, mixed = (
        client.post(REPLAY, json=asked | how).json() for how in ({"seed": 1}, {"seed": 1}, {"seed": 2}, {"mixed": True})
    )
    assert first == again
    assert first["lots"] != other["lots"]
    assert mixed["mixed"]


def test_a_city_that_shares_nothing_has_nothing_to_break(client, luxing):
    answer = client.post(REPLAY, json={}).json()
    assert answer["lots"] == [] and answer["kept"]
    assert "no car park shares spaces" in words(luxing("replay-parking", CITY))


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"days": 1}, "body, days"),
        ({"mixed": "yes"}, "body, mixed"),
        ({"seed": -1}, "body, seed"),
        ({"energy_cv": 1}, "body, energy_cv"),
        ({"edits": [FEW | {"lot": "nowhere"}]}, "edits[0] share_lot"),
        ({"edits": [FEW | {"end": "06:00"}]}, "edits[0] share_lot"),
        ({"edits": [{"type": "set_price", "item": "parking", "cny": 1.0}] * 501}, "edits"),
    ],
    ids=["one-day", "mixed", "seed", "unknown", "lot", "window", "too-many"],
)
def test_what_cannot_be_run_is_named(client, body, where):
    (error,) = problems_of(client.post(REPLAY, json=body), 422)
    assert error["where"] == where


def test_how_many_cars_there_may_be_is_a_setting(settings):
    few = Settings(home=settings.home, data=DATA, replay_most_cars=100)
    with TestClient(create_app(few)) as client:
        (error,) = problems_of(client.post(REPLAY, json={"edits": [FEW]}), 422)
    assert error["where"] == "days"
    assert "LUXING_REPLAY_MOST_CARS" in error["hint"]


def test_the_command_shows_the_nearest_to_what_is_promised(luxing, scenario):
    file = scenario(json.dumps({"edits": [FEW, NIGHT]}))
    shown = words(luxing("replay-parking", CITY, file, "--days", 50))
    assert "all 3 car parks and types of day keep their promise of 2.0%" in shown
    assert "lot/1" in shown and "weekday" in shown and "0 times two cars on one space" in shown
    said = json.loads(luxing("replay-parking", CITY, file, "--days", 50, "--seed", 3, "--mixed", "--json").stdout)
    assert (said["seed"], said["mixed"], said["kept"]) == (3, True, True)


def test_the_command_ends_with_1_where_a_promise_is_broken(luxing, scenario):
    file = scenario(json.dumps({"edits": [MANY, NIGHT, FEW]}))
    result = luxing("replay-parking", CITY, file, "--days", 50, code=BEYOND)
    assert "1 of 4 car parks and types of day break their promise" in words(result)
    said = json.loads(luxing("replay-parking", CITY, file, "--days", 50, "--json", code=BEYOND).stdout)
    assert not said["kept"]
    assert [row["lot"] for row in said["lots"] if not row["kept"]] == ["lot/0"]


def test_the_command_refuses_what_is_no_day(luxing):
    luxing("replay-parking", CITY, "--days", 1, code=BAD_INPUT)
    assert "is not built" in words(luxing("replay-parking", "nowhere", code=BAD_INPUT))


def test_days_at_the_plugs_point_to_those_in_car_parks(luxing, scenario):
    file = scenario(json.dumps({"edits": [FEW]}))
    assert "luxing replay-parking" in words(luxing("replay", CITY, file, "--days", 20))
    assert "luxing replay-parking" not in words(luxing("replay", CITY, "--days", 20))
