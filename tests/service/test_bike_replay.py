"""Days of shared bikes over HTTP and by command: the rows side by side, how many bikes help, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest
from homes import CITY, DATA, HOME, a_city, problems_of, words
from starlette.testclient import TestClient

from network import (
    BIKE_DAYS,
    NO_VANS,
    AddBikePoint,
    Scenario,
    model_flows,
    no_bike_points,
    replay_bikes,
    saturation,
    simulate,
)
from network.io import save_city
from service.api import create_app
from service.bike_replay_schemas import BikeDay
from service.cli import BAD_INPUT
from service.settings import Settings

REPLAY = f"{HOME}/bike-replay"
POINT = {"type": "add_bike_point", "id": "new", "lon": 120.6254, "lat": 31.3045, "spaces": 20, "bikes": 10}
GONE = [{"type": "remove_bike_point", "point": f"bike/{i}"} for i in range(5)]


@pytest.fixture(scope="module")
def day():
    city = a_city()
    return city, model_flows(city, simulate(city))


def test_names_are_those_of_the_model():
    assert get_args(BikeDay) == BIKE_DAYS


def test_the_answer_is_that_of_the_model(client, day):
    city, flows = day
    answer = client.post(REPLAY, json={"days": 20, "seed": 4, "edits": [POINT]}).json()
    changed = Scenario(edits=(AddBikePoint(**{k: v for k, v in POINT.items() if k != "type"}),)).apply(city)
    assert answer["changed_digest"] == changed.digest
    assert [(row["points_of"], row["vans"]) for row in answer["rows"]] == [
        ("city", False), ("city", True), ("scenario", False), ("scenario", True),
    ]  # fmt: skip
    for row, (one, vans) in zip(
        answer["rows"], [(city, NO_VANS), (city, None), (changed, NO_VANS), (changed, None)], strict=True
    ):
        found = replay_bikes(one, flows, days=20, seed=4, vans=vans)
        for name in ("wanted", "out_of_reach", "lost", "blocked", "returned", "left_further"):
            assert row[name] == found.a_day(name)
        assert row["fleet"] == one.bike_points.bikes.sum()
        assert row["places"] == one.bike_points.spaces.sum()
        assert row["held_share"] == pytest.approx(found.held)
        assert [point["held_share"] for point in row["points"]] == found.held_share.tolist()
        assert [point["id"] for point in row["points"]] == one.bike_points.id.tolist()
        assert row["hours"]["wanted"] == found.counts[0].tolist()
    assert answer["saturation"] is None
    assert answer["flows"] == "model"
    assert len({row["wanted"] for row in answer["rows"]}) == 1, "the same riders"


def test_vans_are_those_of_the_parameters_but_for_what_is_given(client):
    one, many, all_back = (
        client.post(REPLAY, json={"days": 20} | how).json() for how in (
            {"vans": 1, "van_hours": 0.05}, {"vans": 9, "van_hours": 8.0}, {}
        )
    )  # fmt: skip
    moved = [answer["rows"][1]["moved"] for answer in (one, many, all_back)]
    assert 0 < moved[0] < moved[1] == moved[2]
    assert (one["vans"], one["van_hours"], all_back["vans"]) == (1, 0.05, None)
    none = client.post(REPLAY, json={"days": 20, "vans": 0, "edits": [POINT]}).json()
    assert [(row["points_of"], row["vans"]) for row in none["rows"]] == [("city", False), ("scenario", False)]
    assert "bikes.shift_h" in {row["key"] for row in all_back["defaults"]}
    assert "bikes.bike_s" in {row["key"] for row in one["defaults"]}


def test_how_many_bikes_help_is_told_where_asked(client, day):
    city, flows = day
    answer = client.post(REPLAY, json={"days": 10, "saturation": True, "fleet": 20}).json()
    found = saturation(city, flows, days=10)
    assert answer["saturation"]["fleets"] == found.fleets.tolist()
    assert answer["saturation"]["lost"] == found.lost.tolist()
    assert answer["saturation"]["bikes"] == found.bikes
    assert [row["fleet"] for row in answer["rows"]] == [20, 20]


def test_flows_may_be_given(client):
    hours = [1.0] * 24
    place = {
        "id": "a", "lon": 120.6211, "lat": 31.3009, "weekday_pickups": hours, "weekday_returns": hours,
        "weekend_pickups": [0.0] * 24, "weekend_returns": [0.0] * 24,
    }  # fmt: skip
    answer = client.post(REPLAY, json={"days": 50, "flows": [place]}).json()
    assert answer["flows"] == "table"
    assert answer["rows"][0]["wanted"] == pytest.approx(24, abs=3)
    assert client.post(REPLAY, json={"flows": [place], "day": "weekend"}).json()["rows"][0]["wanted"] == 0
    away = place | {"lon": 100.0}
    (error,) = problems_of(client.post(REPLAY, json={"flows": [away]}), 422)
    assert "'a'" in error["where"]


def test_a_scenario_may_take_all_points_away(client):
    answer = client.post(REPLAY, json={"days": 5, "edits": GONE, "saturation": True, "fleet": 9}).json()
    assert [(row["points_of"], row["fleet"]) for row in answer["rows"]] == [("city", 9), ("city", 9), ("scenario", 0)]
    assert (answer["saturation"]["places"], answer["saturation"]["bikes"]) == (0, 0)


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"days": 1}, "body, days"),
        ({"day": "holiday"}, "body, day"),
        ({"vans": -1}, "body, vans"),
        ({"fleet": 91}, "fleet"),
        ({"edits": [POINT | {"bikes": 21}]}, "edits[0] add_bike_point"),
        ({"mixed": True}, "body, mixed"),
    ],
    ids=["one-day", "day", "vans", "fleet", "bikes", "unknown"],
)
def test_what_cannot_be_run_is_named(client, body, where):
    (error,) = problems_of(client.post(REPLAY, json=body), 422)
    assert error["where"] == where


def test_how_many_riders_there_may_be_is_a_setting(settings):
    few = Settings(home=settings.home, data=DATA, replay_most_riders=100_000)
    with TestClient(create_app(few)) as client:
        assert client.post(REPLAY, json={"days": 100}).status_code == 200
        (error,) = problems_of(client.post(REPLAY, json={"days": 100, "saturation": True}), 422)
        assert error["where"] == "days"
        assert "LUXING_REPLAY_MOST_RIDERS" in error["hint"]
        hours = [0.0] * 24
        many = {
            "id": "a", "lon": 120.6211, "lat": 31.3009, "weekday_pickups": hours, "weekday_returns": hours,
            "weekend_pickups": hours, "weekend_returns": [1e6] * 24,
        }  # fmt: skip
        (error,) = problems_of(client.post(REPLAY, json={"flows": [many]}), 422)
        assert "above 100,000" in error["what"]


def test_the_command_shows_rows_side_by_side(luxing, scenario):
    file = scenario(json.dumps({"edits": [POINT]}))
    shown = words(luxing("replay-bikes", CITY, file, "--days", 20, "--vans", 2))
    parts = "as they are", "of the scenario", "no vans", "2 vans", "mean of 20 days in a row", "bike/0", "days held"
    for part in parts:
        assert part in shown
    said = json.loads(luxing("replay-bikes", CITY, file, "--days", 20, "--seed", 3, "--json").stdout)
    assert (said["seed"], len(said["rows"])) == (3, 4)
    curve = words(luxing("replay-bikes", CITY, "--days", 10, "--saturation"))
    assert "one more saves fewer than 0.1 lost rides a day" in curve or "still help" in curve


def test_the_command_reads_flows(luxing, tmp_path):
    file = tmp_path / "flows.csv"
    rows = [f"a,120.6211,31.3009,weekday,{h},2,2" for h in range(24)]
    file.write_text("\n".join(["id,lon,lat,day,hour,pickups,returns", *rows]), encoding="utf-8")
    said = json.loads(luxing("replay-bikes", CITY, "--flows", file, "--days", 30, "--json").stdout)
    assert said["flows"] == "flows.csv"
    assert said["rows"][0]["wanted"] == pytest.approx(48, abs=6)


def test_the_command_names_its_options(luxing):
    for given, name in (({"--days": 1}, "--days"), ({"--van-hours": 25}, "--van-hours"), ({"--day": "x"}, "--day")):
        assert name in words(luxing("replay-bikes", CITY, *next(iter(given.items())), code=BAD_INPUT))


def test_a_city_without_points_is_told_how_to_plan_them(luxing, settings, scenario):
    save_city(replace(a_city(), id="bare", bike_points=no_bike_points()), settings.cities_folder / "bare")
    shown = words(luxing("replay-bikes", "bare", code=BAD_INPUT))
    assert "luxing propose bare bikes" in shown
    said = json.loads(luxing("replay-bikes", "bare", scenario(json.dumps({"edits": [POINT]})), "--json").stdout)
    assert [(row["points_of"], row["vans"]) for row in said["rows"]] == [
        ("city", False), ("scenario", False), ("scenario", True),
    ]  # fmt: skip
    assert said["rows"][0]["out_of_reach"] == said["rows"][0]["wanted"]
    assert said["rows"][0]["held_share"] is None
