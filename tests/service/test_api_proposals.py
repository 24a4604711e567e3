from __future__ import annotations

import math

import pytest
from homes import CITY, PROPOSE, WHAT_IF, a_home, finished, problems_of
from starlette.testclient import TestClient

from service.api import create_app
from service.engine import Engine
from service.schemas import ProposalRequest


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"budget_cny": 0}, "0.01"),
        ({"budget_cny": -5}, "0.01"),
        ({"budget_cny": 0.001}, "0.01"),
        ({"budget_cny": 1e300}, "1000000000000"),
        ({"budget_cny": "1e6"}, "number"),
        ({"budget_cny": True}, "number"),
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
    assert math.isclose(spent, answer["plan"]["cost_cny"], abs_tol=0.01)


def test_a_plan_may_have_more_sites_than_a_what_if_has_edits(tmp_path):
    engine = Engine(a_home(tmp_path).model_copy(update={"edits_most": 0}))
    answer = engine.proposed(CITY, ProposalRequest(budget_cny=500_000), lambda _: None)
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
