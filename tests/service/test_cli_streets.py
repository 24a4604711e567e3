from __future__ import annotations

import csv
import json

import pytest
from homes import CITY, HOME, tree, words
from starlette.testclient import TestClient

from service.api import create_app
from service.cli import BAD_INPUT

POINT, SPOT = "120.6215,31.3025", {"lon": 120.6215, "lat": 31.3025}
EDITS = {"edits": [{"type": "close_street", "street": "East Street 3", "modes": ["drive"]}]}
TABLE = "id,lon,lat\na,120.6215,31.3025\nb,120.628,31.308\n"


@pytest.fixture
def table(tmp_path):
    def write(name, text):
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        return file

    return write


@pytest.mark.parametrize(
    ("command", "address", "body"),
    [
        (["route", CITY, POINT, "zone/20"], "routes", {"mode": "walk", "from": SPOT, "to": "zone/20"}),
        (["route", CITY, "zone/1", "place/3", "--mode", "drive"], "routes",
         {"mode": "drive", "from": "zone/1", "to": "place/3"}),
        (["isochrone", CITY, "place/1", "--mode", "cycle"], "isochrones", {"mode": "cycle", "from": "place/1"}),
        (["isochrone", CITY, POINT, "--minutes", "2.5, 4", "--beside-m", "20"], "isochrones",
         {"mode": "walk", "from": SPOT, "minutes": [2.5, 4], "beside_m": 20}),
        (["nearest", CITY, POINT, "--kind", "parking", "--count", "2", "--mode", "ebike"], "nearest",
         {"mode": "ebike", "from": SPOT, "kind": "parking", "k": 2}),
        (["nearest", CITY, "zone/3"], "nearest", {"mode": "walk", "from": "zone/3"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("edited", [False, True])
def test_json_out_is_what_the_api_answers(luxing, scenario, settings, command, address, body, edited):
    options = ["--scenario", scenario(json.dumps(EDITS))] if edited else []
    printed = json.loads(luxing(*command, *options, "--json").stdout)
    with TestClient(create_app(settings)) as client:
        assert client.post(f"{HOME}/{address}", json=body | (EDITS if edited else {})).json() == printed


def test_a_route_is_told_in_minutes_metres_and_streets(luxing):
    output = words(luxing("route", CITY, POINT, "zone/20", "--mode", "cycle"))
    answer = json.loads(luxing("route", CITY, POINT, "zone/20", "--mode", "cycle", "--json").stdout)
    assert f"{answer['time_s'] / 60:.1f} min, {answer['length_m']:,.0f} m, cycle" in output
    for leg in answer["legs"]:
        assert leg["street"] in output
    assert f"from 120.62150, 31.30250: {answer['from']['off_m']:,.0f} m from {answer['from']['street']}" in output
    assert "© OpenStreetMap contributors" in output


def test_no_way_is_said_and_is_no_error(luxing, scenario):
    closed = [
        {"type": "close_street", "street": f"{name} Street {i}", "modes": ["drive"]}
        for name, numbers in (("North", range(1, 7)), ("East", (2, 3, 4, 5)))
        for i in numbers
    ]
    file = scenario(json.dumps({"edits": closed}))
    ends = "120.621,31.3001", "120.621,31.3089"
    assert "there is no way" in words(luxing("route", CITY, *ends, "--mode", "drive", "--scenario", file))


def test_areas_are_written_whole_and_shown_in_a_table(luxing, tmp_path):
    out = tmp_path / "new" / "walk.geojson"
    output = words(luxing("isochrone", CITY, POINT, "--minutes", "3,6", "--out", out))
    printed = luxing("isochrone", CITY, POINT, "--minutes", "3,6", "--json").stdout
    assert out.read_text(encoding="utf-8") == printed
    answer = json.loads(printed)
    for feature in answer["features"]:
        found = feature["properties"]
        assert f"{found['minutes']:g} min │ {found['street_km']:.1f} │ {found['residents']:,.0f}" in output
    assert str(out) in output.replace(" ", "")
    assert [f.name for f in out.parent.iterdir()] == [out.name]


def test_the_nearest_places_are_listed_in_their_order(luxing):
    output = luxing("nearest", CITY, POINT, "--count", "3").output
    answer = json.loads(luxing("nearest", CITY, POINT, "--count", "3", "--json").stdout)
    at = [output.index(place["id"] + " ") for place in answer["places"]]
    assert at == sorted(at)


def test_a_matrix_is_a_table_of_pairs(luxing, table, tmp_path, settings):
    origins, destinations = table("o.csv", TABLE), table("d.csv", "id,lon,lat\nx,120.6251,31.3051\n")
    out = tmp_path / "times.csv"
    luxing("matrix", CITY, origins, destinations, "--mode", "drive", "--out", out)
    assert luxing("matrix", CITY, origins, destinations, "--mode", "drive").stdout == out.read_text(encoding="utf-8")
    spots = [{"lon": 120.6215, "lat": 31.3025}, {"lon": 120.628, "lat": 31.308}]
    body = {"mode": "drive", "origins": spots, "destinations": [{"lon": 120.6251, "lat": 31.3051}]}
    with TestClient(create_app(settings)) as client:
        answer = client.post(f"{HOME}/matrix", json=body).json()
    assert json.loads(luxing("matrix", CITY, origins, destinations, "--mode", "drive", "--json").stdout) == answer
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [(r["origin"], r["destination"]) for r in rows] == [("a", "x"), ("b", "x")]
    assert [[float(r["time_s"])] for r in rows] == answer["time_s"]
    assert [[float(r["length_m"])] for r in rows] == answer["length_m"]


def test_where_there_is_no_way_the_cell_is_empty(luxing, table, scenario):
    closed = [{"type": "close_street", "street": f"North Street {i}", "modes": ["drive"]} for i in range(1, 7)]
    closed += [{"type": "close_street", "street": f"East Street {i}", "modes": ["drive"]} for i in range(2, 6)]
    points = table("p.csv", "id,lon,lat\ns,120.621,31.3001\nn,120.621,31.3089\n")
    file = scenario(json.dumps({"edits": closed}))
    lines = luxing("matrix", CITY, points, points, "--mode", "drive", "--scenario", file).stdout.splitlines()
    assert lines == ["origin,destination,time_s,length_m", "s,s,0.0,0.0", "s,n,,", "n,s,,", "n,n,0.0,0.0"]


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (["route", "atlantis", POINT, POINT], "luxing build atlantis"),
        (
            ["route", CITY, "31.3025,120.6215", POINT],
            "from: (31.3025, 120.6215) is outside the streets of grid → lon",
        ),
        (["route", CITY, POINT, "-43.2,-22.9"], "to: (-43.2, -22.9) is outside"),
        (["route", CITY, POINT, "zone/99"], "to: no place and no zone has the id 'zone/99' → did you mean"),
        (["route", CITY, POINT, "nan,1"], "to: no place and no zone has the id 'nan,1'"),
        (["route", CITY, POINT], "TO"),
        (["isochrone", CITY, POINT, "--minutes", "5,x"], "--minutes: '5,x' is not a list of numbers"),
        (["isochrone", CITY, POINT, "--minutes", "0"], "--minutes[0]"),
        (["isochrone", CITY, POINT, "--beside-m", "0"], "--beside-m"),
        (["nearest", CITY, POINT, "--kind", "moon"], "kind: no place is of the kind 'moon' → known are kerb, parking"),
        (["nearest", CITY, POINT, "--count", "0"], "--count"),
        (["nearest", CITY, POINT, "--mode", "fly"], "drive"),
        (["nearest", CITY, POINT, "--scenario", "none.json"], "none.json: there is no such file"),
        (["matrix", CITY, "none.csv", "none.csv"], "none.csv"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(luxing, settings, command, told):
    before = tree(settings.home)
    assert told in words(luxing(*command, code=BAD_INPUT))
    assert tree(settings.home) == before


def test_a_table_of_points_is_told_by_row(luxing, table, tmp_path):
    good = table("good.csv", TABLE)
    away = table("away.csv", TABLE + "c,24.9,60.1\n")
    out = tmp_path / "out.csv"
    wrong = words(luxing("matrix", CITY, good, away, "--out", out, code=BAD_INPUT))
    assert "away.csv, row 4: (24.9, 60.1) is outside the streets of grid" in wrong
    twice = table("twice.csv", TABLE + "a,120.63,31.30\n")
    assert "twice.csv" in words(luxing("matrix", CITY, twice, good, code=BAD_INPUT))
    assert "lon" in words(luxing("matrix", CITY, table("no.csv", "id,x\na,1\n"), good, code=BAD_INPUT))
    assert not out.exists()


def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(luxing, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    out = tmp_path / "file" / "walk.geojson"
    assert "file" in words(luxing("isochrone", CITY, POINT, "--minutes", "2", "--out", out, code=BAD_INPUT))
    assert [f.name for f in tmp_path.iterdir() if f.name != "home"] == ["file"]
