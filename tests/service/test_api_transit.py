"""Questions by bus and rail, and how much lies within minutes, through the API and the command line."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
from homes import CITY, DATA, HOME, a_city, problems_of, words
from starlette.testclient import TestClient
from worlds import without_lines

from network import journeys_between, transit_isochrone
from network.io import save_city
from network.snap import local_metres
from service.api import create_app
from service.cli import BAD_INPUT
from service.settings import Settings

ROUTES, ISOCHRONES, NEAREST, MATRIX, ACCESS = (
    f"{HOME}/{name}" for name in ("routes", "isochrones", "nearest", "matrix", "access")
)
CITY_NOW = a_city()
A, B = "zone/0", "zone/24"
H = 7 * 3600
OFTEN = {"type": "set_headway", "line": "Line 0", "headway_min": 2}
(WEST_AT, EAST_AT) = CITY_NOW.roads.lonlat[[0, 5]].tolist()
WEST, EAST = ({"lon": lon, "lat": lat} for lon, lat in (WEST_AT, EAST_AT))
"""Both ends of East Street 1: the first stop and the last one of line 0."""
SPOT = {"lon": 120.6215, "lat": 31.3025}


def asked(client, address, **body):
    response = client.post(address, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def by_transit(client, address, **body):
    return asked(client, address, mode="transit", **body)


def zone(name):
    return int(np.flatnonzero(CITY_NOW.zones.id == name)[0])


def test_a_journey_is_told_leg_by_leg_and_is_that_of_the_matrix(client):
    way = by_transit(client, ROUTES, **{"from": A, "to": B})
    table = by_transit(client, MATRIX, origins=[A], destinations=[B], parts=True, percentiles=[50, 90])
    told = way["journey"]
    assert way["time_s"] == table["time_s"][0][0] == told["arrive_s"] - told["depart_s"]
    assert way["time_s"] == told["in_vehicle_s"] + told["wait_s"] + told["walk_s"]
    assert [x["time_s"] for x in way["percentiles"]] == [x["time_s"][0][0] for x in table["percentiles"]]
    assert [x["percent"] for x in way["percentiles"]] == [50, 90]
    assert told["transfers"] == table["parts"]["transfers"][0][0]
    rides = [leg for leg in told["legs"] if leg["type"] == "ride"]
    assert len(rides) == told["transfers"] + 1
    assert way["length_m"] == sum(ride["length_m"] for ride in rides)
    now = told["depart_s"]
    for leg in told["legs"]:
        now = now + leg["time_s"] if leg["type"] == "walk" else leg["alight_s"]
    assert now == told["arrive_s"]
    assert told["legs"][0]["from_stop"] is None and told["legs"][-1]["to_stop"] is None
    assert way["legs"] == []
    assert way["on_foot_s"] == asked(client, ROUTES, mode="walk", **{"from": A, "to": B})["time_s"]


def test_the_line_of_a_journey_leads_from_end_to_end(client):
    way = by_transit(client, ROUTES, **{"from": A, "to": B})
    line = way["geometry"]["coordinates"]
    for end, position in (("from", line[0]), ("to", line[-1])):
        assert position == pytest.approx([way[end]["street_lon"], way[end]["street_lat"]], abs=2e-6)
    walked = sum(leg["length_m"] for leg in way["journey"]["legs"] if leg["type"] == "walk")
    drawn = float(np.hypot(*np.diff(local_metres(np.array(line), 31.3), axis=0).T).sum())
    assert drawn == pytest.approx(way["length_m"] + walked, rel=0.005)  # on a grid lines are straight


def test_a_departure_is_asked_for_by_the_clock(client):
    """Line 0 along East Street 1 leaves its first crossing at the full ten minutes, 40 s a block."""
    ends = {"from": WEST, "to": EAST}
    way = by_transit(client, ROUTES, **ends, depart="08:03")
    ride, *_ = way["journey"]["legs"]
    assert (ride["line"], ride["name"], ride["mode"], ride["wait_s"]) == ("line/0", "Line 0", "bus", 420)
    assert (ride["board_s"], ride["alight_s"]) == (8 * 3600 + 600, 8 * 3600 + 800)
    assert (ride["stops_passed"], ride["length_m"], way["journey"]["fare_cny"]) == (4, 1000, 2.0)
    assert (ride["from_stop"]["id"], ride["to_stop"]["name"]) == ("stop/0", "Crossing 5")
    assert (way["time_s"], way["percentiles"]) == (420 + 200, [])
    night = by_transit(client, ROUTES, **ends, depart="03:00")
    assert (night["time_s"], night["journey"], night["geometry"]) == (None, None, None)


def test_an_edit_of_a_line_changes_the_journey(client):
    ends = {"from": WEST, "to": EAST}
    now, then = (by_transit(client, ROUTES, **ends, edits=edits) for edits in ([], [OFTEN]))
    assert then["time_s"] < now["time_s"]
    assert then["changed_digest"] != now["changed_digest"]


def test_a_matrix_is_that_of_the_journeys_by_all_lines(client):
    zones, snap = CITY_NOW.zones.id.tolist(), CITY_NOW.zones.snap
    found = by_transit(client, MATRIX, origins=zones, destinations=zones, parts=True)
    best = journeys_between(CITY_NOW, snap, snap)
    for name, wanted in (("time_s", best.median_s), ("length_m", best.length_m)):
        apart = ~np.eye(len(zones), dtype=bool)
        assert np.array_equal(np.array(found[name], float)[apart], np.where(np.isfinite(wanted), wanted, np.nan)[apart],
                              equal_nan=True)  # fmt: skip
    assert set(found["parts"]) == {"in_vehicle_s", "wait_s", "walk_s", "cycle_s", "transfers", "fare_cny"}
    plain = by_transit(client, MATRIX, origins=zones, destinations=zones)
    assert (plain["parts"], plain["percentiles"], plain["time_s"]) == (None, [], found["time_s"])


def test_percentiles_and_parts_count_as_cells(client, settings):
    few = settings.model_copy(update={"matrix_most_cells": 1000})
    with TestClient(create_app(few)) as small:
        body = {"mode": "transit", "origins": [A], "destinations": [B] * 200}
        asked(small, MATRIX, **body, percentiles=[50, 60, 70, 80])
        (problem,) = problems_of(small.post(MATRIX, json=body | {"parts": True}), 422)
        told = "(1,000 or more for each origin by transit), above 1,000"
        assert problem["what"] == f"1 x 200 points in 7 tables are 1,400 cells {told}"
        (problem,) = problems_of(small.post(MATRIX, json=body | {"origins": [A, B], "destinations": [A]}), 422)
        assert problem["what"] == f"2 x 1 points are 2,000 cells {told}"


def test_what_is_reached_by_transit_holds_what_is_reached_on_foot(client):
    walk, ride = (asked(client, ISOCHRONES, mode=mode, **{"from": A}, minutes=[5, 12]) for mode in ("walk", "transit"))
    for near, far in zip(walk["features"], ride["features"], strict=True):
        for name in ("street_km", "residents", "zones", "places"):
            assert far["properties"][name] >= near["properties"][name]
    assert ride["features"][1]["properties"]["residents"] > walk["features"][1]["properties"]["residents"]
    _, times = transit_isochrone(CITY_NOW, one(A), [720.0], CITY_NOW.zones.snap)
    assert ride["features"][1]["properties"]["zones"] == (times <= 720).sum()


def one(name):
    snap = CITY_NOW.zones.snap
    return type(snap)(**{key: array[:, [zone(name)]] for key, array in snap.arrays()})


@pytest.mark.parametrize("mode", ["walk", "cycle", "ebike", "drive", "transit"])
def test_access_of_a_zone_is_what_its_isochrone_holds(client, mode):
    minutes = [3, 10]
    found = asked(client, ACCESS, mode=mode, of="residents", minutes=minutes)
    places = asked(client, ACCESS, mode=mode, of="places", minutes=minutes)
    for name in (A, "zone/13"):
        reached = asked(client, ISOCHRONES, mode=mode, **{"from": name}, minutes=minutes)
        wanted = [f["properties"] for f in reached["features"]]
        row = found["zones"][zone(name)]
        assert (row["id"], row["residents"]) == (name, CITY_NOW.zones.residents[zone(name)])
        assert row["within"] == pytest.approx([x["residents"] for x in wanted])
        assert places["zones"][zone(name)]["within"] == [x["places"] for x in wanted]
    people = CITY_NOW.zones.residents
    for i, limit in enumerate(found["limits"]):
        values = np.array([row["within"][i] for row in found["zones"]])
        assert limit["changed"]["mean"] == pytest.approx((values * people).sum() / people.sum())
        assert limit["changed"]["p10"] <= limit["changed"]["p50"] <= limit["changed"]["p90"]
        assert limit["base"] == limit["changed"]
        assert set(limit["difference"].values()) == {0}


def test_access_after_edits_is_told_with_the_difference(client):
    edits = [{"type": "set_headway", "line": f"Line {i}", "headway_min": 1} for i in range(6)]
    now, then = (by_transit(client, ACCESS, of="jobs", minutes=[10], edits=e) for e in ([], edits))
    (before,), (after,) = now["limits"], then["limits"]
    assert after["base"] == before["changed"]
    assert after["difference"]["mean"] == after["changed"]["mean"] - after["base"]["mean"] > 0
    for row, old in zip(then["zones"], now["zones"], strict=True):
        assert row["difference"] == pytest.approx([row["within"][0] - old["within"][0]])
    hub = {"type": "add_place", "id": "new", **SPOT, "most_plugs": 4, "open_cny": 1, "plug_cny": 1, "kind": "hub"}
    fresh = asked(client, ACCESS, mode="walk", of="places", kind="hub", minutes=[60], edits=[hub])
    assert fresh["limits"][0]["base"]["mean"] == 0 and fresh["limits"][0]["changed"]["mean"] == 1


@pytest.mark.parametrize(
    ("address", "body", "where", "told"),
    [
        (ROUTES, {"mode": "walk", "from": A, "to": B, "depart": "08:00"}, "depart", "has no meaning by walk"),
        (ROUTES, {"mode": "transit", "from": A, "to": B, "depart": "8 am"}, "depart", "'8 am' is not a time of day"),
        (ROUTES, {"mode": "transit", "from": A, "to": B, "depart": "08:61"}, "depart", "'08:61' is not"),
        (ROUTES, {"mode": "transit", "from": A, "to": "zone/99"}, "to", "zone/99"),
        (NEAREST, {"mode": "transit", "from": A}, "body, mode", "transit"),
        (MATRIX, {"mode": "drive", "origins": [A], "destinations": [B], "parts": True}, "parts", "no meaning by drive"),
        (MATRIX, {"mode": "drive", "origins": [A], "destinations": [B], "percentiles": [9]}, "percentiles", "by drive"),
        (MATRIX, {"mode": "transit", "origins": [A], "destinations": [B], "percentiles": [0]}, "body, perc", "is 0"),
        (ACCESS, {"mode": "walk", "of": "money"}, "body, of", "money"),
        (ACCESS, {"mode": "walk", "of": "jobs", "kind": "kerb"}, "kind", "has no meaning for jobs"),
        (ACCESS, {"mode": "walk", "of": "places", "kind": "moon"}, "kind", "no place is of the kind 'moon'"),
        (ACCESS, {"mode": "walk", "of": "jobs", "minutes": [0]}, "body, minutes[0]", "is 0"),
    ],
)
def test_a_question_without_an_answer_is_told_why(client, address, body, where, told):
    (problem,) = problems_of(client.post(address, json=body), 422)
    assert problem["where"].startswith(where)
    assert told in problem["what"]


@pytest.fixture
def without(tmp_path):
    save_city(replace(without_lines(CITY_NOW), id=CITY), tmp_path / "bare" / "cities" / CITY)
    return Settings(home=tmp_path / "bare", data=DATA)


def test_where_no_line_is_known_every_question_by_transit_says_so(without):
    questions = (
        (ROUTES, {"from": A, "to": B}),
        (ISOCHRONES, {"from": A}),
        (MATRIX, {"origins": [A], "destinations": [B]}),
        (ACCESS, {"of": "jobs"}),
    )
    with TestClient(create_app(without)) as client:
        for address, body in questions:
            (problem,) = problems_of(client.post(address, json={"mode": "transit"} | body), 422)
            assert problem["where"] == "mode"
            assert problem["what"].startswith("no bus or rail line of grid is known")
            assert "[[transit]]" in problem["hint"]
        asked(client, ACCESS, mode="walk", of="jobs")


@pytest.mark.parametrize(
    ("command", "address", "body"),
    [
        (["route", CITY, A, B, "--mode", "transit"], "routes", {"mode": "transit", "from": A, "to": B}),
        (["route", CITY, A, B, "--mode", "transit", "--depart", "22:10"], "routes",
         {"mode": "transit", "from": A, "to": B, "depart": "22:10"}),
        (["isochrone", CITY, A, "--mode", "transit", "--minutes", "8"], "isochrones",
         {"mode": "transit", "from": A, "minutes": [8]}),
        (["access", CITY, "--mode", "transit", "--of", "students", "--minutes", "10"], "access",
         {"mode": "transit", "of": "students", "minutes": [10]}),
        (["access", CITY, "--of", "places", "--kind", "kerb"], "access",
         {"mode": "walk", "of": "places", "kind": "kerb"}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("edited", [False, True])
def test_json_out_is_what_the_api_answers(luxing, scenario, client, command, address, body, edited):
    options = ["--scenario", scenario(json.dumps({"edits": [OFTEN]}))] if edited else []
    printed = json.loads(luxing(*command, *options, "--json").stdout)
    assert client.post(f"{HOME}/{address}", json=body | ({"edits": [OFTEN]} if edited else {})).json() == printed


def test_a_journey_is_told_by_the_clock(luxing):
    output = words(luxing("route", CITY, "{},{}".format(*WEST_AT), "{},{}".format(*EAST_AT), "--mode", "transit"))
    assert "7.3 min, 1,000 m, transit" in output
    assert "leaving at 07:06: in vehicles 3.3 min, waiting 4.0 min, on foot 0.0 min; 0 changes, CNY 2.00" in output
    assert "bus Line 0 07:10 Crossing 0 → 07:13 Crossing 5 3.3 min 1,000 m" in output
    assert "90% of the departures: within 11.3 min on foot alone: 12.8 min" in output
    night = words(luxing("route", CITY, A, B, "--mode", "transit", "--depart", "03:00"))
    assert "there is no journey by bus and rail at that time on foot alone:" in night


def test_a_matrix_by_transit_has_a_column_for_everything_asked(luxing, tmp_path):
    points, out = tmp_path / "p.csv", tmp_path / "out.csv"
    points.write_text("id,lon,lat\na,{},{}\nb,{},{}\n".format(*WEST_AT, *EAST_AT), encoding="utf-8")
    luxing("matrix", CITY, points, points, "--mode", "transit", "--parts", "--percentiles", "50,90", "--out", out)
    with out.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == [
        "origin", "destination", "time_s", "length_m", "p50_s", "p90_s", "in_vehicle_s", "wait_s", "walk_s",
        "transfers", "fare_cny", "cycle_s",
    ]  # fmt: skip
    there = {name: float(value) for name, value in rows[1].items() if name not in {"origin", "destination"}}
    assert there == {
        "time_s": 440, "length_m": 1000, "p50_s": 440, "p90_s": 680, "in_vehicle_s": 200, "wait_s": 240, "walk_s": 0,
        "transfers": 0, "fare_cny": 2, "cycle_s": 0,
    }  # fmt: skip


def test_access_is_written_by_zone(luxing, tmp_path):
    table, layer = tmp_path / "a.csv", tmp_path / "a.geojson"
    output = words(luxing("access", CITY, "--of", "jobs", "--minutes", "5,10", "--out", table))
    luxing("access", CITY, "--of", "jobs", "--minutes", "5,10", "--out", layer)
    answer = json.loads(luxing("access", CITY, "--of", "jobs", "--minutes", "5,10", "--json").stdout)
    with table.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [r["zone"] for r in rows] == CITY_NOW.zones.id.tolist()
    assert [[float(r["within_5min"]), float(r["within_10min"])] for r in rows] == [z["within"] for z in answer["zones"]]
    features = json.loads(layer.read_text(encoding="utf-8"))["features"]
    assert [f["properties"]["within_10min"] for f in features] == [z["within"][1] for z in answer["zones"]]
    assert {f["geometry"]["type"] for f in features} == {"Polygon"}
    assert f"10 min │ {answer['limits'][1]['changed']['mean']:,.0f}" in output
    assert str(table) in output.replace(" ", "")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--out", "a.xlsx"], "--out: 'a.xlsx' is no known kind of file → use .csv or .geojson"),
        (["--minutes", "x"], "--minutes: 'x' is not a list of numbers"),
        (["--kind", "kerb"], "kind: has no meaning for jobs → leave it out, or count places"),
        (["--of", "money"], "residents"),
        (["--mode", "fly"], "transit"),
    ],
)
def test_what_the_command_cannot_count_is_told(luxing, options, told):
    assert told in words(luxing("access", CITY, *options, code=BAD_INPUT))


def test_journeys_between_is_what_stands_behind_the_matrix(client):
    found = journeys_between(CITY_NOW, one(A), one(B), (90,))
    told = by_transit(client, MATRIX, origins=[A], destinations=[B], percentiles=[90])
    assert told["percentiles"][0]["time_s"] == found.percentile_s[0].tolist()


def test_one_cycles_to_the_first_stop(client, luxing):
    ends = {"from": A, "to": B}
    way = by_transit(client, ROUTES, **ends, access="cycle")
    table = by_transit(client, MATRIX, origins=[A], destinations=[B], parts=True, access="cycle")
    told, parts = way["journey"], {name: cells[0][0] for name, cells in table["parts"].items()}
    first, *rest = told["legs"]
    assert (first["type"], first["from_stop"]) == ("cycle", None)
    assert first["to_stop"] == rest[0]["from_stop"]
    assert not any(leg["type"] == "cycle" for leg in rest)
    assert way["time_s"] == table["time_s"][0][0] == sum(parts[x] for x in parts if x.endswith("_s"))
    assert told["cycle_s"] == first["time_s"] == parts["cycle_s"] >= 120
    on_foot = by_transit(client, MATRIX, origins=[A], destinations=[B], parts=True)["parts"]
    assert on_foot["cycle_s"] == [[0]]
    shown = words(luxing("route", CITY, A, B, "--mode", "transit", "--access", "cycle"))
    assert "by bike" in shown
    response = client.post(ROUTES, json={"mode": "drive", "from": A, "to": B, "access": "cycle"})
    (problem,) = problems_of(response, 422)
    assert (problem["where"], problem["hint"]) == ("access", "leave it out, or ask by transit")
