from __future__ import annotations

import math

import pytest
from homes import CITY, PROPOSE, WHAT_IF, a_home, finished, problems_of
from starlette.testclient import TestClient

from service.api import create_app
from service.charger_schemas import ChargersRequest
from service.engine import Engine


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"budget_cny": 0}, "0.01"),
        ({"budget_cny": -5}, "0.01"),
        ({"budget_cny": 0.001}, "0.01"),
        ({"budget_cny": 1e300}, "1000000000000"),
        ({"budget_cny": "1e6"}, "number"),
        ({"budget_cny": True}, "number"),
        ({"budget_cny": [1e6, 0]}, "0.01"),
        ({"budget_cny": 1e6, "objective": "cover"}, "distance"),
        ({"budget_cny": 1e6, "years": [1999]}, "2000"),
        ({"budget_cny": 1e6, "years": ["2027"]}, "integer"),
        ({"budget_cny": 1e6, "least": {"parking": -1}}, "equal to 0"),
        ({"budget_cny": 1e6, "floor_share": 1.5}, "equal to 1"),
        ({"budget_cny": 1e6, "carry_share": -0.1}, "equal to 0"),
        ({"budget_cny": 1e6, "ahead": 1}, "boolean"),
        ({}, "missing"),
        ({"budget_cny": 1e6, "mode": "x"}, "known field"),
        ({"budget_cny": 1e6, "seconds": 0}, "greater than 0"),
        ({"budget_cny": 1e6, "seconds": 1e9}, "3600"),
        ({"budget_cny": 1e6, "seed": -1}, "equal to 0"),
        ({"budget_cny": 1e6, "objective": "beauty"}, "distance"),
        ({"budget_cny": 1e6, "targets": ["beauty>=1"]}, "green_trip_share"),
        ({"budget_cny": 1e6, "targets": ["public_plugs"]}, "metric>=value"),
        ({"budget_cny": 1e6, "targets": [{"metric": "beauty", "op": "at_least", "value": 1}]}, "green_trip_share"),
        ({"budget_cny": 1e6, "targets": [{"metric": "public_plugs", "op": "at_least"}]}, "missing"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused_before_it_is_a_job(client, body, words):
    (error,) = problems_of(client.post(PROPOSE, json=body), 422)
    assert words in error["what"] + error["hint"]
    assert error["hint"]


def test_a_proposal_is_a_job_whose_plan_replays_to_the_same_outcome(client):
    accepted = client.post(
        PROPOSE, json={"budget_cny": 1_500_000, "targets": ["charging_served_share>=0.99"], "seed": 3}
    )
    assert accepted.status_code == 201
    job = accepted.headers["Location"]
    assert accepted.json()["status"] in {"accepted", "running"}
    problems_of(client.get(f"{job}/results"), 404)
    state = finished(client, job)
    assert state["status"] == "successful", state
    assert state["jobID"] == job.split("/")[-1]
    assert state["solver_progress"]["elapsed_s"] > 0
    assert state["created"] <= state["started"] <= state["finished"]
    (results,) = (link["href"] for link in state["links"] if link["rel"].endswith("/results"))
    answer = client.get(results).json()
    assert answer["plan"]["cost_cny"] <= 1_500_000
    assert answer["plan"]["sites"]
    assert answer["plan"]["gap"] >= 0
    progress, plan = state["solver_progress"], answer["plan"]
    assert [progress[n] for n in ("incumbent", "bound", "gap")] == [plan[n] for n in ("value", "bound", "gap")]
    assert answer["verdicts"][0]["target"]["metric"] == "charging_served_share"
    replayed = client.post(WHAT_IF, json=answer["scenario"]).json()
    assert replayed == answer["what_if"]
    assert replayed["changed"]["charging_served_share"] > replayed["base"]["charging_served_share"]
    spent = replayed["difference"]["public_plugs_cny"]
    works = 10_000.0 * len({site["place"] for site in answer["plan"]["sites"]})
    assert math.isclose(spent + works, answer["plan"]["cost_cny"], abs_tol=0.01)


def test_a_plan_over_years_is_a_job_whose_years_replay(client):
    asked = {"budget_cny": [300_000, 100_000], "years": [2026, 2028], "carry_share": 0.5, "least": {"parking": 6}}
    job = client.post(PROPOSE, json=asked | {"floor_share": 0.05, "seconds": 20}).headers["Location"]
    state = finished(client, job)
    assert state["status"] == "successful", state
    answer = client.get(f"{job}/results").json()
    plan = answer["plan"]
    assert [y["year"] for y in plan["years"]] == [2026, 2028]
    left = 300_000 - plan["years"][0]["spent_cny"]
    assert 0 <= plan["years"][1]["spent_cny"] <= 100_000 + 0.5 * left
    assert answer["scenario"]["edits"][0] == {"type": "set_year", "year": 2028}
    replayed = client.post(WHAT_IF, json=answer["scenario"]).json()["changed"]
    assert replayed == answer["what_if"]["changed"]
    assert math.isclose(replayed["charging_served_kwh"], plan["years"][1]["served_kwh"])
    assert {reason["place"] for reason in plan["reasons_why"]} == {site["place"] for site in plan["sites"]}


@pytest.mark.parametrize(
    ("asked", "what"),
    [
        ({"budget_cny": [1e5, 1e5], "years": [2028]}, "has 2 entries for 1 years"),
        ({"budget_cny": 1e5, "years": [2028, 2027]}, "are 2028, 2027"),
    ],
    ids=["money", "order"],
)
def test_years_and_money_that_do_not_fit_are_refused_at_once(client, asked, what):
    (error,) = problems_of(client.post(PROPOSE, json=asked), 422)
    assert error["what"] == what


def test_a_plan_may_have_more_sites_than_a_what_if_has_edits(tmp_path):
    engine = Engine(a_home(tmp_path).model_copy(update={"edits_most": 0}))
    answer = engine.proposed(CITY, ChargersRequest(budget_cny=500_000), lambda _: None)
    assert answer.scenario["edits"]
    assert answer.what_if.changed["public_plugs"] > answer.what_if.base["public_plugs"]


def test_a_dismissed_result_is_gone(client):
    job = client.post(PROPOSE, json={"budget_cny": 500_000}).headers["Location"]
    assert finished(client, job)["status"] == "successful"
    assert client.delete(job).json()["status"] == "dismissed"
    problems_of(client.get(f"{job}/results"), 410)
    assert client.delete(job).json()["status"] == "dismissed"


def test_what_is_wrong_with_a_city_reaches_the_one_who_asked_for_a_plan(tmp_path):
    settings = a_home(tmp_path)
    (settings.cities_folder / CITY / "zones.npz").write_bytes(b"")
    with TestClient(create_app(settings)) as client:
        job = client.post(PROPOSE, json={"budget_cny": 500_000}).headers["Location"]
        state = finished(client, job)
        assert state["status"] == "failed"
        assert "zones.npz" in state["message"]
        (error,) = problems_of(client.get(f"{job}/results"), 422)
    assert "zones.npz" in error["where"]
