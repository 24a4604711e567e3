"""`luxing rebalance` and its endpoint: a table in, routes out, and errors that name the row."""

from __future__ import annotations

import json

import numpy as np
import pytest
from homes import CITY, HOME, finished, problems_of

ROWS = """id,lon,lat,bikes,wanted,docks,name
a,120.6225,31.3025,18,10,20,桥西
b,120.6245,31.3005,1,9,,
c,120.6265,31.3045,5,5,10,
"""


@pytest.fixture
def table(tmp_path):
    def write(text=ROWS):
        path = tmp_path / "stations.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_a_table_in_routes_out(luxing, table, tmp_path):
    out = tmp_path / "routes.json"
    how = ("--depot", "120.6205,31.3005", "--van-bikes", "20", "--hours", "2")
    result = luxing("rebalance", CITY, table(), *how, "--out", out)
    assert "16 of 16 bikes are put right" in result.output
    assert "a 桥西" in result.output
    plan = json.loads(out.read_text(encoding="utf-8"))
    assert {v["station"]: v["bikes"] for r in plan["routes"] for v in r["visits"]} == {"a": 8, "b": -8}
    assert "bikes.stop_s" in {d["key"] for d in plan["defaults"]}
    assert "bikes.van_bikes" not in {d["key"] for d in plan["defaults"]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param(ROWS.replace("18,10,20", "28,10,20"), "28 bikes for 20 docks", id="more bikes than docks"),
        pytest.param(ROWS.replace("1,9", "-1,9"), "row 3", id="negative"),
        pytest.param(ROWS.replace("lon,lat", "x,lat"), "lon", id="no column"),
        pytest.param(ROWS.replace("120.6225", "121.9"), "from every street", id="far"),
    ],
)
def test_bad_tables_are_named(luxing, table, text, words):
    assert words in luxing("rebalance", CITY, table(text), "--depot", "120.6205,31.3005", code=2).output


def test_options_that_make_no_sense(luxing, table):
    assert "LON,LAT" in luxing("rebalance", CITY, table(), "--depot", "here", code=2).output
    assert "--vans" in luxing("rebalance", CITY, table(), "--depot", "120.62,31.3", "--vans", "0", code=2).output


STATIONS = [
    {"id": "a", "lon": 120.6225, "lat": 31.3025, "bikes": 18, "wanted": 10},
    {"id": "b", "lon": 120.6245, "lat": 31.3005, "bikes": 1, "wanted": 9},
]
ASKED = {"stations": STATIONS, "depot_lon": 120.6205, "depot_lat": 31.3005, "van_bikes": 20}
VANS = f"{HOME}/rebalancing"


def test_the_endpoint_starts_a_job_that_finds_the_same(client, luxing, table, tmp_path):
    accepted = client.post(VANS, json=ASKED | {"hours": 2.0})
    assert accepted.status_code == 201
    assert accepted.json()["processID"] == "rebalancing"
    job = accepted.headers["Location"]
    state = finished(client, job)
    assert state["status"] == "successful", state
    found = client.get(f"{job}/results").json()
    assert (found["status"], found["moved"]) == ("optimal", 16)
    assert state["solver_progress"]["incumbent"] == found["value"] == state["solver_progress"]["bound"]
    out = tmp_path / "routes.json"
    luxing("rebalance", CITY, table(), "--depot", "120.6205,31.3005", "--van-bikes", "20", "--hours", "2", "--out", out)
    assert json.loads(out.read_text(encoding="utf-8"))["value"] == found["value"]


def test_a_job_for_vans_can_be_stopped(client):
    rng = np.random.default_rng(0)
    many = [
        {"id": str(k), "lon": 120.6205 + 0.0001 * k, "lat": 31.3005, "bikes": int(bikes), "wanted": 6}
        for k, bikes in enumerate(rng.integers(0, 13, 50))
    ]
    job = client.post(VANS, json=ASKED | {"stations": many}).headers["Location"]
    assert client.delete(job).json()["status"] == "dismissed"
    assert finished(client, job)["status"] == "dismissed"
    assert client.get(f"{job}/results").status_code == 410


def test_a_job_for_vans_fails_with_the_station_named(client):
    far = [STATIONS[0] | {"lon": 121.9}]
    job = client.post(VANS, json=ASKED | {"stations": far}).headers["Location"]
    assert finished(client, job)["status"] == "failed"
    (problem,) = problems_of(client.get(f"{job}/results"), 422)
    assert problem["where"] == "station 'a'"
    problems_of(client.post(VANS, json=ASKED | {"stations": []}), 422)
    problems_of(client.post("/v1/cities/nowhere/rebalancing", json=ASKED), 404)
