"""Days at the plugs, by the API and the command line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest
from homes import CITY, DATA, HOME, a_city, problems_of, words
from starlette.testclient import TestClient

from network import SwapRules, replay_charging, simulate, station_needs, units
from network.io import Parameters, given_part
from service import replay
from service.api import create_app
from service.cli import BAD_INPUT
from service.cli_charging import BEYOND
from service.replay_schemas import Charger
from service.settings import Settings

REPLAY = f"{HOME}/charging-replay"


def more(city, plugs=6, charger="fast"):
    """Plugs at the first place that has room for them."""
    place = next(i for i, most in zip(city.places.id, city.places.most_plugs, strict=True) if most >= plugs)
    return {"type": "add_chargers", "place": str(place), "plugs": plugs, "charger": charger}


def test_names_are_those_of_the_model():
    assert get_args(Charger) == units.CHARGERS


def test_the_answer_is_that_of_the_model(client):
    answer = client.post(REPLAY, json={"days": 50, "seed": 4}).json()
    city = a_city()
    found = replay_charging(city, simulate(city), days=50, seed=4)
    assert answer["changed_digest"] == city.digest
    assert (answer["seed"], answer["energy_cv"], answer["wait_min"]) == (4, None, 10.0)
    assert [row["late_share"] for row in answer["queues"]] == found.waits.late_share.tolist()
    assert [row["drivers"] for row in answer["queues"]] == found.waits.drivers.tolist()
    assert answer["queues"]
    for row in answer["queues"]:
        assert row["late_share"][row["worst_hour"]] == max(row["late_share"])
        assert row["kept"] == (max(row["late_share"]) <= row["most_share"])
    assert answer["kept"] == all(row["kept"] for row in answer["queues"])


def test_a_seed_is_an_answer_and_edits_change_it(client):
    first, again, other = (client.post(REPLAY, json={"days": 20, "seed": seed}).json() for seed in (1, 1, 2))
    assert first == again
    assert first["queues"] != other["queues"]
    edit = more(a_city(), charger="ultra_fast")
    changed = client.post(REPLAY, json={"days": 20, "seed": 1, "edits": [edit]}).json()
    assert changed["changed_digest"] != first["changed_digest"]
    assert {"ultra_fast"} <= {row["charger"] for row in changed["queues"]}


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"days": 1}, "body, days"),
        ({"days": 2.5}, "body, days"),
        ({"energy_cv": 0}, "body, energy_cv"),
        ({"seed": -1}, "body, seed"),
        ({"hours": 3}, "body, hours"),
        ({"edits": [{"type": "add_chargers", "place": "nowhere", "plugs": 1}]}, "edits[0] add_chargers"),
        ({"edits": [{"type": "set_price", "item": "parking", "cny": 1.0}] * 501}, "edits"),
    ],
    ids=["one-day", "half-a-day", "no-spread", "seed", "unknown", "place", "too-many"],
)
def test_what_cannot_be_run_is_named(client, body, where):
    (error,) = problems_of(client.post(REPLAY, json=body), 422)
    assert error["where"] == where


def test_how_many_drivers_there_may_be_is_a_setting(settings):
    few = Settings(home=settings.home, data=DATA, replay_most_drivers=100)
    with TestClient(create_app(few)) as client:
        (error,) = problems_of(client.post(REPLAY, json={"days": 400}), 422)
    assert error["where"] == "days"
    assert "LUXING_REPLAY_MOST_DRIVERS" in error["hint"]


def test_the_command_shows_the_nearest_to_their_limit(luxing, scenario):
    shown = words(luxing("replay", CITY, "--days", 50))
    assert "keep their limit in every hour" in shown
    assert "fast" in shown
    file = scenario(json.dumps({"edits": [more(a_city())]}))
    said = json.loads(luxing("replay", CITY, file, "--days", 50, "--seed", 3, "--energy-cv", 0.5, "--json").stdout)
    assert (said["seed"], said["energy_cv"]) == (3, 0.5)
    assert max(row["plugs"] for row in said["queues"]) >= 6


def test_the_command_ends_with_1_where_a_limit_is_broken(luxing, monkeypatch):
    def with_one_plug_each(city, outcome, **how):
        one = replace(city.supply, plugs=np.minimum(city.supply.plugs, 1))
        return replay_charging(replace(city, supply=one), outcome, **how)

    monkeypatch.setattr(replay, "replay_charging", with_one_plug_each)
    result = luxing("replay", CITY, "--days", 20, code=BEYOND)
    assert "beyond their limit" in words(result)
    said = json.loads(luxing("replay", CITY, "--days", 20, "--json", code=BEYOND).stdout)
    assert not said["kept"]


def test_the_command_refuses_what_is_no_day(luxing):
    luxing("replay", CITY, "--days", 1, code=BAD_INPUT)
    result = luxing("replay", "nowhere", code=BAD_INPUT)
    assert "is not built" in words(result)


def test_stations_for_swapping_are_those_of_the_model(client, luxing):
    answer = client.get(f"{HOME}/swapping").json()
    found = station_needs(a_city(), given_part(SwapRules, "swapping", Parameters.load(DATA)))
    assert list(answer["swaps_per_day"].values()) == found.swaps.tolist()
    assert [row["stations"] for row in answer["swap_classes"]] == found.swap_stations.tolist()
    assert [row["swaps_per_day"] for row in answer["swap_classes"]] == [120, 312, 408]
    assert {row["stations"] for row in answer["hydrogen_classes"]} == {0}
    assert "swapping.swap_kwh" in {row["key"] for row in answer["defaults"]}
    shown = words(luxing("swapping", CITY))
    assert "generation_3" in shown and "taxi/station" in shown
    assert json.loads(luxing("swapping", CITY, "--json").stdout) == answer
    problems_of(client.get("/v1/cities/nowhere/swapping"), 404)
