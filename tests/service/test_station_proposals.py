"""Proposals of racks and parking spaces at stations, by API and command line."""

from __future__ import annotations

import csv
import io
import json

import pytest
from homes import CITY

from network import AddStationParking, Scenario, grid_city
from optimise import propose_park_ride
from service.console import show_proposal
from service.proposals import KINDS, Base
from service.report import PARK_RIDE_FILES, write_plan_folder


@pytest.fixture(scope="module")
def city():
    return grid_city(8, 1)


@pytest.fixture(scope="module")
def proposal(city):
    return propose_park_ride(city, budget_cny=1e6)


def test_the_request_is_answered_by_the_same_plan(city, proposal):
    kind = KINDS["park-ride"]
    from network import travel_times

    base = Base(city, travel_times(city), proposal.base)
    for example in kind.examples.values():
        kind.request.model_validate_json(json.dumps(example["value"]))
    plan = kind.solve(base, kind.request(budget_cny=1e6), None).plan
    assert plan.as_scenario() == proposal.plan.as_scenario()
    racks = kind.solve(base, kind.request(budget_cny=1e6, kinds=["racks"]), None).plan
    assert {place.kind for place in racks.places} == {"racks"}


def test_the_folder_holds_the_plan_as_data(city, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", city, proposal)
    assert [path.name for path in paths] == list(PARK_RIDE_FILES)
    record = json.loads(paths[0].read_bytes())
    edits = tuple(AddStationParking(**edit) for edit in record["scenario"]["edits"])
    assert Scenario(edits=edits).apply(city).digest == proposal.plan.as_scenario().apply(city).digest
    points = json.loads(paths[1].read_bytes())["features"]
    rows = list(csv.DictReader(io.StringIO(paths[2].read_bytes().decode("utf-8-sig"))))
    assert len(points) == len(rows) == len(proposal.plan.places) > 0
    assert [row["station"] for row in rows] == [place.station for place in proposal.plan.places]
    assert sum(float(row["cost_cny"]) for row in rows) == proposal.plan.cost_cny
    write_plan_folder(tmp_path / "plan", city, proposal)


def test_the_console_shows_promise_and_replay(city, proposal):
    from rich.console import Console

    console = Console(file=io.StringIO(), width=200)
    show_proposal(console, city, proposal)
    text = console.file.getvalue()
    assert proposal.plan.places[0].name in text
    for words in ("promised", "simulated", "No plan promises more than", "Trips by park-and-ride"):
        assert words in text
    show_proposal(console, city, propose_park_ride(city, budget_cny=1.0))
    assert "build nothing" in console.file.getvalue()


def test_the_command_writes_a_plan_and_refuses_what_is_not_for_it(luxing, tmp_path):
    out = tmp_path / "plan"
    luxing("propose", CITY, "park-ride", "--budget", "1000000", "--out", str(out))
    assert json.loads((out / "plan.json").read_bytes())["plan"]["kind"] == "park_ride"
    refused = luxing("propose", CITY, "park-ride", "--budget", "1000000", "--objective", "distance", code=2)
    assert "is for chargers, sharing, spaces and bikes alone" in refused.output
