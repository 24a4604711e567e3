"""Effects by edit and elasticities beside bands, by the API and the command line."""

from __future__ import annotations

import json
import shutil
from math import fsum
from typing import get_args

import pytest
from homes import CITY, DATA, HOME, WHAT_IF, a_city, problems_of, words
from starlette.testclient import TestClient

from network import QUANTITIES, InputError, between_zones, elasticities, travel_times, units
from service import explain
from service.api import create_app
from service.cli import BAD_INPUT
from service.explain_schemas import Purpose, ShareMode, TripMode
from service.settings import Settings

EXPLAIN, ELASTICITIES = f"{HOME}/explanations", f"{HOME}/elasticities"
FILE = "policy/elasticities.csv"
EDITS = [
    {"type": "set_price", "item": "parking", "cny": 30.0},
    {"type": "set_headway", "line": "Line 1", "headway_min": 4.0},
]


def test_names_are_those_of_the_model():
    assert get_args(TripMode) == units.TRIP_MODES
    assert get_args(ShareMode) == ("green", *units.TRIP_MODES)
    assert get_args(Purpose) == units.PURPOSES


def test_effects_add_up_to_the_what_if(client):
    answer = client.post(EXPLAIN, json={"edits": EDITS, "name": "both"}).json()
    what_if = client.post(WHAT_IF, json={"edits": EDITS}).json()
    assert answer["changed_digest"] == what_if["changed_digest"]
    assert answer["scenario_digest"] == what_if["scenario_digest"]
    assert [e["edit"]["type"] for e in answer["edits"]] == ["set_price", "set_headway"]
    assert [share["mode"] for share in answer["shares"]] == list(get_args(ShareMode))
    for row in answer["metrics"]:
        name = row["metric"]
        assert [row["base"], row["changed"], row["difference"]] == [
            what_if[part][name] for part in ("base", "changed", "difference")
        ]
        if row["difference"] is not None:
            assert fsum(row["in_order"]) == pytest.approx(row["difference"], rel=1e-9, abs=1e-12 * abs(row["changed"]))
    car = next(share for share in answer["shares"] if share["mode"] == "car")
    assert car["changed"] == pytest.approx(what_if["changed"]["car_trip_share"], rel=1e-12)
    assert car["in_order"][0] < 0


def test_a_zone_and_a_mode_can_be_asked_for(client):
    answer = client.post(EXPLAIN, json={"edits": EDITS, "zone": "zone/7", "mode": "bus"}).json()
    (share,) = answer["shares"]
    assert (answer["zone"], share["mode"]) == ("zone/7", "bus")
    whole = client.post(EXPLAIN, json={"edits": EDITS, "mode": "bus"}).json()
    assert whole["shares"][0]["base"] != share["base"]
    assert whole["metrics"] == answer["metrics"]


@pytest.mark.parametrize(
    ("body", "where", "words"),
    [
        ({"edits": EDITS, "zone": "zone/77"}, "zone", "zone/7"),
        ({"edits": EDITS, "mode": "tram"}, "body, mode", "bus_rail"),
        ({"edits": EDITS * 11}, "edits", "22 edits are above 20"),
        ({"edits": [{"type": "set_price", "item": "parking", "cny": -1}]}, "edits[0] set_price", "-1"),
        ({"edits": [{"type": "fly"}]}, "body, edits[0]", "set_headway"),
    ],
)
def test_what_cannot_be_explained_is_named(client, body, where, words):
    (error,) = problems_of(client.post(EXPLAIN, json=body), 422)
    assert error["where"] == where
    assert words in error["what"] + error["hint"]


def test_elasticities_come_with_bands_and_verdicts(client):
    answer = client.get(ELASTICITIES).json()
    assert [row["quantity"] for row in answer["rows"]] == list(QUANTITIES)
    for row in answer["rows"]:
        assert row["own"] < 0
        assert all(row["by_mode"][mode] > 0 for mode in units.DIRECT_MODES if mode not in row["modes"])
    for band in answer["bands"]:
        inside = band["low"] <= band["value"] <= band["high"]
        weaker = abs(band["value"]) < min(abs(band["low"]), abs(band["high"]))
        assert band["verdict"] == ("inside" if inside else "weaker" if weaker else "stronger")
    one = client.get(ELASTICITIES, params={"zone": "zone/3", "purpose": "home_work"}).json()
    assert (one["zone"], one["purpose"]) == ("zone/3", "home_work")
    assert one["rows"][0]["own"] != answer["rows"][0]["own"]
    (error,) = problems_of(client.get(ELASTICITIES, params={"zone": "zone/333"}), 422)
    assert "zone/3" in error["hint"]
    problems_of(client.get(ELASTICITIES, params={"purpose": "fun"}), 422)


def test_the_bands_are_of_own_effects_below_and_of_others_above_zero():
    bands = explain.bands(DATA, _found(), None, None)
    assert {band.quantity for band in bands} >= {"fare", "car_cost", "parking_price", "wait", "car_time"}
    for band in bands:
        own = set(band.modes) <= {units.TRIP_MODES[k] for k in QUANTITIES[band.quantity].modes}
        assert (band.high < 0) if own else (band.low > 0)
        assert not band.checked


def _found():
    city = a_city()
    travel = travel_times(city)
    return elasticities(city, travel, between_zones(city, travel))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("\nfare-car-long,", "\nfare-car-short,", ["row 'fare-car-short'", "2 times"]),
        (",parking_price,", ",parking,", ["row parking-car, column quantity", "parking_price"]),
        (",car_time,car,", ",car_time,auto,", ["row car-time-car, column modes", "'auto'"]),
        (",short,-0.5,", ",brief,-0.5,", ["column horizon", "brief"]),
        (",-0.5,-0.2,", ",-0.2,-0.5,", ["low, high", "lower one first"]),
        (",-0.5,-0.2,", ",few,-0.2,", ["low, high", "few"]),
        (",-0.5,-0.2,", ",-inf,-0.2,", ["low, high"]),
        (",horizon,", ",run,", ["lacks the columns horizon"]),
    ],
)
def test_damaged_bands_are_named(tmp_path, old, new, words):
    shutil.copytree(DATA / "policy", tmp_path / "policy")
    file = tmp_path / FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        explain.bands(tmp_path, _found(), None, None)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_how_many_edits_are_explained_is_a_setting(settings):
    few = Settings(home=settings.home, data=DATA, explained_most=1)
    with TestClient(create_app(few)) as client:
        problems_of(client.post(EXPLAIN, json={"edits": EDITS}), 422)
        assert client.post(EXPLAIN, json={"edits": EDITS[:1]}).status_code == 200


def test_the_command_line_says_the_same(luxing, scenario, client):
    file = scenario(json.dumps({"edits": EDITS}))
    said = json.loads(luxing("explain", CITY, "--scenario", file, "--zone", "zone/7", "--json").stdout)
    assert said == client.post(EXPLAIN, json={"edits": EDITS, "zone": "zone/7"}).json()
    said = json.loads(luxing("elasticities", CITY, "--purpose", "home_work", "--json").stdout)
    assert said == client.get(ELASTICITIES, params={"purpose": "home_work"}).json()


def test_the_command_line_shows_tables(luxing, scenario):
    new = {"type": "add_place", "id": "new", "lon": 120.622, "lat": 31.302, "most_plugs": 4, "open_cny": 1}
    edits = [*EDITS, {**new, "plug_cny": 1}, {"type": "add_chargers", "place": "new", "plugs": 2}]
    file = scenario(json.dumps({"edits": edits}))
    shown = words(luxing("explain", CITY, "--scenario", file))
    assert all(text in shown for text in ("set_price item parking, cny 30", "together", "edit 4 cannot be made alone"))
    shown = words(luxing("explain", CITY, "--scenario", file, "--mode", "car", "--zone", "zone/7"))
    assert all(text in shown for text in ("from zone/7", "car, now", "interaction"))
    shown = words(luxing("elasticities", CITY))
    assert all(text in shown for text in ("parking_price", "Litman 2004", "not checked", "inside", "weaker"))
    wrong = luxing("explain", CITY, "--scenario", file, "--zone", "zone/77", code=BAD_INPUT)
    assert "zone/7" in words(wrong)
