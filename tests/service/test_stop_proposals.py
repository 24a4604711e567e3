"""Bus stops beside rail, as a job, on the command line and as a report."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from homes import CITY, DATA, HOME, WHAT_IF, a_city, finished, problems_of, tree
from homes import words as printed
from pages import Page, words
from starlette.testclient import TestClient

from network import Scenario
from network.io import save_city
from network.units import WALK
from optimise import Exclusions, propose_stops
from service.api import create_app
from service.cli import BAD_INPUT
from service.proposals import KINDS
from service.report import FILES, STOP_FILES, stop_report_html, write_plan_folder
from service.settings import Settings

PROPOSE = f"{HOME}/proposals/stops"
EVIL = "<script>alert('x')</script>&\""


def lacking():
    """The small city, where a bus stop has to be nearer to an entrance than any is; one entrance has no street."""
    city = a_city()
    stations, rules = city.transit.stations, replace(city.transit.stop_rules, entrance_m=np.array(40.0))
    stations = replace(stations, entrance_eligible=stations.snap.off_m[WALK] < 1)
    return replace(city, transit=replace(city.transit, stop_rules=rules, stations=stations))


@pytest.fixture
def settings(tmp_path):
    save_city(lacking(), tmp_path / "home" / "cities" / CITY)
    return Settings(home=tmp_path / "home", data=DATA)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    save_city(lacking(), home / "cities" / CITY)
    with TestClient(create_app(Settings(home=home, data=DATA))) as client:
        yield client


def test_a_plan_of_stops_is_a_job_that_replays(client):
    job = client.post(PROPOSE, json={"seed": 1}).headers["Location"]
    state = finished(client, job)
    assert state["status"] == "successful", state
    assert state["processID"] == "stops"
    answer = client.get(f"{job}/results").json()
    plan, progress = answer["plan"], state["solver_progress"]
    assert plan["status"] == "optimal"
    assert [progress[n] for n in ("incumbent", "bound", "gap")] == [plan[n] for n in ("value", "bound", "gap")]
    assert [v["target"]["id"] for v in answer["verdicts"]] == ["TRN-1", "TRN-2"]
    assert all(v["met"] for v in answer["verdicts"])
    assert {edit["type"] for edit in answer["scenario"]["edits"]} <= {"add_stop", "move_stop"}
    replayed = client.post(WHAT_IF, json=answer["scenario"]).json()
    assert replayed == answer["what_if"]
    assert replayed["changed"]["rail_entrance_bus_share"] == plan["promised"]["rail_entrance_bus_share"] == 1.0
    assert replayed["base"]["rail_entrance_bus_share"] == 0.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"budget_cny": 1e6}, "known field"),
        ({"exclude_circles": [{"lon": 1, "lat": 1, "radius_m": 0}]}, "greater than 0"),
        ({"exclude_circles": [{"lon": 1, "lat": 99.0, "radius_m": 5}]}, "90"),
        ({"targets": ["beauty>=1"]}, "green_trip_share"),
        ({"moves": "no"}, "boolean"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_it_is_a_job(client, body, words):
    (error,) = problems_of(client.post(PROPOSE, json=body), 422)
    assert words in error["what"] + error["hint"]


def test_a_street_that_is_not_there_reaches_the_one_who_asked(client):
    job = client.post(PROPOSE, json={"exclude_streets": ["East Stret 1"]}).headers["Location"]
    assert finished(client, job)["status"] == "failed"
    (error,) = problems_of(client.get(f"{job}/results"), 422)
    assert "East Street 1" in error["hint"]


def test_every_kind_has_a_route_and_a_request_that_is_described(client):
    paths = client.get("/openapi.json").json()["paths"]
    for name, kind in KINDS.items():
        operation = paths[f"/v1/cities/{{city_id}}/proposals/{name}"]["post"]
        body = operation["requestBody"]["content"]["application/json"]
        assert body["schema"]["$ref"].endswith(f"/{kind.request.__name__}")
        assert set(body["examples"]) == set(kind.examples)
        assert operation["summary"] == kind.summary
        for example in kind.examples.values():
            assert kind.request(**example["value"]).parsed_targets() is not None


def test_the_command_writes_a_plan_that_replays(luxing, tmp_path):
    out = tmp_path / "plan"
    output = printed(luxing("propose", CITY, "stops", "--out", out))
    for text in ("add", "Cost", "No plan costs less than", "with a bus stop within reach on foot", "Green-trip share"):
        assert text in output
    assert {f.name for f in out.iterdir()} == set(STOP_FILES)
    first = tree(out)
    luxing("propose", CITY, "stops", "--out", out)
    assert tree(out) == first
    answer = json.loads(luxing("what-if", CITY, out / "plan.json", "--json").stdout)
    plan = json.loads((out / "plan.json").read_bytes())
    assert {n: m["after"] for n, m in plan["metrics"].items()} == answer["changed"]
    luxing("propose", CITY, "chargers", "--budget", "400000", "--out", out)
    assert {f.name for f in out.iterdir()} == set(FILES), "a plan of one kind gives way to one of another"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["stops", "--budget", "5"], "--budget: is for chargers"),
        (["stops", "--objective", "distance"], "--objective: is for chargers, sharing, spaces and bikes alone"),
        (["chargers", "--budget", "5", "--relax", "--no-moves"], "--no-moves: is for stops alone"),
        (["chargers"], "--budget: is missing"),
        (["stops", "--exclude", "nowhere"], "no street has the id or name 'nowhere'"),
        (["trams"], "trams"),
    ],
)
def test_options_that_mean_nothing_here_are_refused(luxing, arguments, told):
    assert told in printed(luxing("propose", CITY, *arguments, code=BAD_INPUT))


def test_what_cannot_be_met_is_said_on_the_command_line(luxing, tmp_path):
    streets = [part for n in range(1, 7) for part in ("--exclude", f"East Street {n}")]
    output = printed(luxing("propose", CITY, "stops", *streets, "--out", tmp_path / "plan"))
    assert "can do all of this" in output
    assert "5 of 5 entrances are asked for, at most 0 (0 %) can have one" in output
    html = (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
    assert "The targets cannot be met" in html
    assert "The plan has no stops" in html


@pytest.fixture(scope="module")
def city():
    base = lacking()
    stations = replace(base.transit.stations, name=np.array([EVIL, "=1+1", "乐桥"]))
    streets = np.array([EVIL if i == 3 else str(name) for i, name in enumerate(base.roads.way_name)])
    transit = replace(base.transit, stations=stations)
    return replace(base, name=f"Grid {EVIL}", transit=transit, roads=replace(base.roads, way_name=streets))


@pytest.fixture(scope="module")
def proposal(city):
    return propose_stops(city)


def test_the_report_opens_offline_and_takes_no_name_for_markup(city, proposal):
    page = Page(stop_report_html(city, proposal))
    assert page.open == []
    assert page.fetches == []
    assert len(page.ids) == len(set(page.ids))
    text = words(page)
    assert "script" not in page.tags
    assert f"Grid {EVIL}: bus stops beside rail" in text
    for part in ("Proven best", "moved", "from 0% to 100%", "the shares, by a day of the city with the plan in it"):
        assert part in text
    assert "new public chargers" not in text
    assert page.tags.count("rect") >= len(city.transit.stations.entrance_id)


def test_the_stops_are_data(city, proposal, tmp_path):
    write_plan_folder(tmp_path / "plan", city, proposal)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "plan" / "stops.csv").read_bytes().decode("utf-8-sig"))))
    points = json.loads((tmp_path / "plan" / "plan.geojson").read_bytes())["features"]
    places = proposal.plan.places
    assert [row["stop"] for row in rows] == [p["id"] for p in points] == [place.stop for place in places]
    assert [row["name"][:1] for row in rows if "1+1" in row["name"]] == ["'"] * sum("1+1" in p.name for p in places)
    assert sum(float(row["cost_cny"]) for row in rows) == proposal.plan.cost_cny
    record = json.loads((tmp_path / "plan" / "plan.json").read_bytes())
    assert record["plan"]["exclusions"] == {"streets": [], "circles": []}
    assert len(record["scenario"]["edits"]) == len(places)


def test_a_plan_by_year_holds_what_is_there(city, proposal):
    first, *rest = (replace(p, year=2026 + i) for i, p in enumerate(proposal.plan.places))
    plan = replace(proposal.plan, places=(first, *rest))
    assert len(plan.as_scenario(2026).edits) == 1
    assert isinstance(plan.as_scenario(), Scenario)
    assert Exclusions() == proposal.plan.exclusions
