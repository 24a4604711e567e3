from __future__ import annotations

import itertools
import re
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import shapely
from homes import CITY, DATA, HOME, WHAT_IF, a_city, a_home, problems_of
from plain_ways import reached_km, time_s, times_from
from starlette.testclient import TestClient

from network import Scenario, metric_of, snap, units
from network.io import Parameters, area_beside
from network.snap import local_metres
from service.api import create_app
from service.schemas import scenarios
from service.street_schemas import TRANSIT, Mode, StreetMode

ROUTES, ISOCHRONES, NEAREST, MATRIX = (f"{HOME}/{name}" for name in ("routes", "isochrones", "nearest", "matrix"))
WALK, CYCLE, DRIVE = (units.NETWORK_MODES.index(name) for name in ("walk", "cycle", "drive"))
POINT = {"lon": 120.6215, "lat": 31.3025}
CLOSED = {"type": "close_street", "street": "East Street 3", "modes": ["drive"]}
CITY_NOW = a_city()
AREA_POINTS = Parameters.load(DATA).value("maps.area_points")


def asked(client, address, **body):
    response = client.post(address, json=body)
    assert response.status_code == 200, response.text
    return response.json()


def after(*edits):
    scenario: Scenario = scenarios().validate_python({"edits": list(edits)})
    return scenario.apply(CITY_NOW)


def touch_of(city, where, mode):
    """(segment, along) of an id or a point."""
    if isinstance(where, dict):
        touch, at = snap(city.roads, np.array([[where["lon"], where["lat"]]])), 0
    else:
        part = city.places if where in city.places.id else city.zones
        touch, at = part.snap, int(np.flatnonzero(part.id == where)[0])
    return int(touch.segment[mode, at]), float(touch.along[mode, at])


def metres(positions):
    xy = local_metres(np.array(positions), 31.3)
    return float(np.hypot(*np.diff(xy, axis=0).T).sum())


def test_the_modes_are_those_of_the_network():
    assert StreetMode.__args__ == units.NETWORK_MODES
    assert Mode.__args__ == (*units.NETWORK_MODES, TRANSIT)


@pytest.mark.parametrize("mode", units.NETWORK_MODES)
@pytest.mark.parametrize("edits", [[], [CLOSED, {"type": "set_street_speed", "street": "North Street 2", "kmh": 9.0}]])
def test_a_way_takes_as_long_as_the_plain_search_says(client, mode, edits):
    city, m = after(*edits), units.NETWORK_MODES.index(mode)
    ends = ["zone/0", "zone/24", "place/3", "zone/17", POINT]
    matrix = asked(client, MATRIX, mode=mode, origins=ends, destinations=ends, edits=edits)
    for (i, a), (j, b) in itertools.product(enumerate(ends), repeat=2):
        way = asked(client, ROUTES, mode=mode, **{"from": a, "to": b}, edits=edits)
        assert way["time_s"] == time_s(city.roads, touch_of(city, a, m), touch_of(city, b, m), m)
        assert way["time_s"] == matrix["time_s"][i][j]
        assert way["length_m"] == matrix["length_m"][i][j]


@pytest.mark.parametrize("mode", units.NETWORK_MODES)
def test_line_and_legs_of_a_way_are_as_long_as_the_way(client, mode):
    way = asked(client, ROUTES, mode=mode, **{"from": "zone/0", "to": "zone/23"})
    assert way["length_m"] > 500
    assert sum(leg["length_m"] for leg in way["legs"]) == pytest.approx(way["length_m"], abs=0.01)
    line = way["geometry"]["coordinates"]
    assert metres(line) == pytest.approx(way["length_m"], rel=0.002)
    for end, position in (("from", line[0]), ("to", line[-1])):
        assert position == pytest.approx([way[end]["street_lon"], way[end]["street_lat"]], abs=2e-6)
    assert [way["legs"][0]["street"], way["legs"][-1]["street"]] == [way["from"]["street"], way["to"]["street"]]
    assert all(a["street"] != b["street"] for a, b in itertools.pairwise(way["legs"]))


def test_both_ends_say_where_they_touch_the_streets(client):
    way = asked(client, ROUTES, mode="walk", **{"from": POINT, "to": "zone/3"})
    city = CITY_NOW
    touch = snap(city.roads, np.array([[POINT["lon"], POINT["lat"]]]))
    way_of = city.roads.way[touch.segment[WALK, 0]]
    start, end = way["from"], way["to"]
    assert (start["id"], start["lon"], start["lat"]) == (None, POINT["lon"], POINT["lat"])
    assert (start["street"], start["way_id"]) == (city.roads.way_name[way_of], city.roads.way_id[way_of])
    assert start["off_m"] == pytest.approx(touch.off_m[WALK, 0], abs=0.06)
    straight = metres([(start["lon"], start["lat"]), (start["street_lon"], start["street_lat"])])
    assert straight == pytest.approx(start["off_m"], abs=0.3)
    assert end["id"] == "zone/3"
    assert way["city"]["id"] == CITY
    assert way["attribution"]


def test_from_a_point_to_itself_there_is_nothing_to_travel(client):
    way = asked(client, ROUTES, mode="cycle", **{"from": POINT, "to": POINT})
    assert (way["time_s"], way["length_m"]) == (0, 0)
    assert len(way["geometry"]["coordinates"]) >= 2


def test_a_closed_street_is_driven_around_and_still_walked(client):
    ends = {"from": {"lon": 120.6201, "lat": 31.3036}, "to": {"lon": 120.6299, "lat": 31.3036}}
    for mode, stays in (("drive", False), ("walk", True)):
        now = asked(client, ROUTES, mode=mode, **ends)
        then = asked(client, ROUTES, mode=mode, **ends, edits=[CLOSED])
        assert "East Street 3" in {leg["street"] for leg in now["legs"]}
        assert ("East Street 3" in {leg["street"] for leg in then["legs"]}) is stays
        assert (then["time_s"] == now["time_s"]) is stays
        assert then["time_s"] >= now["time_s"]
        assert now["changed_digest"] == now["city"]["digest"] == then["city"]["digest"] != then["changed_digest"]


def test_a_place_that_an_edit_adds_can_be_asked_for(client):
    edit = {"type": "add_place", "id": "new", **POINT, "most_plugs": 4, "open_cny": 1, "plug_cny": 1, "kind": "hub"}
    ends = {"from": "zone/20", "to": "new"}
    problems_of(client.post(ROUTES, json={"mode": "walk", **ends}), 422)
    way = asked(client, ROUTES, mode="walk", **ends, edits=[edit])
    assert way["time_s"] == asked(client, ROUTES, mode="walk", **{**ends, "to": POINT})["time_s"]
    near = asked(client, NEAREST, mode="walk", **{"from": POINT}, kind="hub", edits=[edit])
    assert [(p["id"], p["time_s"]) for p in near["places"]] == [("new", 0)]


APART = [
    {"type": "close_street", "street": f"{name} Street {i}", "modes": ["drive"]}
    for name, numbers in (("North", range(1, 7)), ("East", (2, 3, 4, 5)))
    for i in numbers
]
"""Of the streets for cars two remain, which meet nowhere."""
SOUTH, NORTH = {"lon": 120.621, "lat": 31.3001}, {"lon": 120.621, "lat": 31.3089}


def test_where_there_is_no_way_that_is_the_answer(client):
    way = asked(client, ROUTES, mode="drive", **{"from": SOUTH, "to": NORTH}, edits=APART)
    assert (way["time_s"], way["length_m"], way["legs"], way["geometry"]) == (None, None, [], None)
    assert (way["from"]["street"], way["to"]["street"]) == ("East Street 1", "East Street 6")
    matrix = asked(client, MATRIX, mode="drive", origins=[SOUTH, NORTH], destinations=[SOUTH, NORTH], edits=APART)
    for table in (matrix["time_s"], matrix["length_m"]):
        assert table == [[0, None], [None, 0]]


def area(feature):
    return shapely.from_geojson(str(feature["geometry"]).replace("'", '"'))


@pytest.mark.parametrize(("mode", "minutes"), [("walk", [3, 6, 9]), ("drive", [1, 0.5]), ("cycle", [0.05])])
def test_areas_hold_what_is_reached_and_not_what_is_far(client, mode, minutes):
    answer = asked(client, ISOCHRONES, mode=mode, **{"from": POINT}, minutes=minutes, beside_m=25)
    city, m = CITY_NOW, units.NETWORK_MODES.index(mode)
    best = times_from(city.roads, touch_of(city, POINT, m), m)
    speed = city.roads.length_m[0] / city.roads.time_ms[m].max()
    assert [f["properties"]["minutes"] for f in answer["features"]] == minutes
    for feature in answer["features"]:
        shape, limit_ms = area(feature), feature["properties"]["minutes"] * 60_000
        assert shape.is_valid
        seen = set()
        for node, lonlat in enumerate(city.roads.lonlat.tolist()):
            late_m = (best[node] - limit_ms) * speed
            if late_m <= 0 or late_m > 30:
                assert shape.contains(shapely.Point(lonlat)) == (late_m <= 0), node
                seen.add(late_m <= 0)
        assert seen == {True, False} or minutes == [0.05]
    shapes = sorted(map(area, answer["features"]), key=lambda x: x.area)
    assert all(b.buffer(3e-5).contains(a) for a, b in itertools.pairwise(shapes))


def test_streets_people_and_places_within_a_limit_are_counted(client):
    minutes = [0.5, 4, 9, 600]
    answer = asked(client, ISOCHRONES, mode="walk", **{"from": "place/5"}, minutes=minutes)
    city = CITY_NOW
    start = touch_of(city, "place/5", WALK)
    zones = np.array([time_s(city.roads, start, touch_of(city, z, WALK), WALK) for z in city.zones.id.tolist()])
    places = np.array([time_s(city.roads, start, touch_of(city, p, WALK), WALK) for p in city.places.id.tolist()])
    for feature in answer["features"]:
        found = feature["properties"]
        limit_s = found["minutes"] * 60
        assert found["street_km"] == pytest.approx(reached_km(city.roads, start, WALK, limit_s), abs=1e-5)
        assert found["residents"] == city.zones.residents[zones <= limit_s].sum()
        assert (found["zones"], found["places"]) == ((zones <= limit_s).sum(), (places <= limit_s).sum())
    last = answer["features"][-1]["properties"]
    assert last["street_km"] == pytest.approx(city.roads.length_m.sum() / 1000)
    assert (last["zones"], last["places"]) == (len(city.zones.id), len(city.places.id))


def test_an_area_is_geojson_with_outlines_counterclockwise(client):
    answer = asked(client, ISOCHRONES, mode="walk", **{"from": POINT}, minutes=[8], beside_m=15)
    assert answer["type"] == "FeatureCollection"
    (feature,) = answer["features"]
    assert (feature["type"], feature["geometry"]["type"]) == ("Feature", "MultiPolygon")
    holes = 0
    for outline, *inner in feature["geometry"]["coordinates"]:
        assert outline[0] == outline[-1]
        assert shapely.LinearRing(outline).is_ccw
        assert not any(shapely.LinearRing(ring).is_ccw for ring in inner)
        holes += len(inner)
    assert holes, "the blocks between the streets are not reached"


def test_without_a_width_the_parameter_says_how_wide(client):
    answer = asked(client, ISOCHRONES, mode="walk", **{"from": POINT}, minutes=[5])
    wide = asked(client, ISOCHRONES, mode="walk", **{"from": POINT}, minutes=[5], beside_m=answer["beside_m"])
    assert wide == answer
    narrow = asked(client, ISOCHRONES, mode="walk", **{"from": POINT}, minutes=[5], beside_m=answer["beside_m"] / 2)
    assert area(narrow["features"][0]).area < area(answer["features"][0]).area


@pytest.mark.parametrize("mode", units.NETWORK_MODES)
@pytest.mark.parametrize(("kind", "k"), [(None, 4), ("parking", 3), ("kerb", 1000)])
def test_the_nearest_places_are_those_of_the_matrix(client, mode, kind, k):
    places = CITY_NOW.places
    some = [p for p, of in zip(places.id.tolist(), places.kind.tolist(), strict=True) if kind in (None, of)]
    matrix = asked(client, MATRIX, mode=mode, origins=["zone/11"], destinations=some)
    truth = sorted(zip(matrix["time_s"][0], matrix["length_m"][0], strict=True))[:k]
    answer = asked(client, NEAREST, mode=mode, **{"from": "zone/11"}, k=k, **({"kind": kind} if kind else {}))
    found = answer["places"]
    assert [(p["time_s"], p["length_m"]) for p in found] == truth
    by_id = dict(zip(some, matrix["time_s"][0], strict=True))
    assert all(by_id[p["id"]] == p["time_s"] for p in found)
    assert len({p["id"] for p in found}) == len(found) == min(k, len(some))
    assert {p["kind"] for p in found} <= ({kind} if kind else set(places.kind.tolist()))


def test_places_that_cannot_be_reached_are_not_near(client):
    everywhere = asked(client, NEAREST, mode="drive", **{"from": SOUTH}, k=1000)["places"]
    near = asked(client, NEAREST, mode="drive", **{"from": SOUTH}, k=1000, edits=APART)["places"]
    assert 0 < len(near) < len(everywhere) == len(CITY_NOW.places.id)


@pytest.mark.parametrize(
    ("address", "body", "where", "words"),
    [
        (ROUTES, {"from": POINT}, "body, to", "missing"),
        (ROUTES, {"from": POINT, "to": "zone/999"}, "to", "did you mean 'zone/"),
        (ROUTES, {"from": {"lon": 31.302, "lat": 120.621}, "to": POINT}, "from", "swapped"),
        (ROUTES, {"from": {"lon": 24.9, "lat": 60.1}, "to": POINT}, "from", "lon 120.6200 to"),
        (ROUTES, {"from": {"lon": "x", "lat": 1}, "to": POINT}, "body, from.lon", "number"),
        (ROUTES, {"from": {"lon": 1}, "to": POINT}, "body, from.lat", "missing"),
        (ROUTES, {"from": 3, "to": POINT}, "body, from", "object"),
        (ROUTES, {"from": POINT, "to": POINT, "mode": "fly"}, "body, mode", "'drive'"),
        (ROUTES, {"from": POINT, "to": POINT, "speed": 1}, "body, speed", "known field"),
        (ROUTES, {"from": POINT, "to": POINT, "edits": [{"type": "fly"}]}, "body, edits[0]", "close_street"),
        (
            ROUTES,
            {"from": POINT, "to": POINT, "edits": [{"type": "close_street", "street": "Nowhere"}]},
            "edits[0] close_street",
            "Nowhere",
        ),
        (ISOCHRONES, {"from": POINT, "minutes": []}, "body, minutes", "at least 1"),
        (ISOCHRONES, {"from": POINT, "minutes": [0]}, "body, minutes[0]", "greater than 0"),
        (ISOCHRONES, {"from": POINT, "beside_m": 1e9}, "body, beside_m", "500"),
        (NEAREST, {"from": POINT, "k": 0}, "body, k", "greater than or equal to 1"),
        (NEAREST, {"from": POINT, "kind": "moon base"}, "kind", "known are kerb, parking"),
        (MATRIX, {"origins": [], "destinations": [POINT]}, "body, origins", "at least 1"),
        (MATRIX, {"origins": [POINT, "x"], "destinations": [POINT]}, "origins[1]", "'x'"),
        (MATRIX, {"origins": [POINT], "destinations": [{"lon": 0, "lat": 0}]}, "destinations[0]", "outside"),
    ],
)
def test_a_question_that_cannot_be_answered_is_told_why(client, address, body, where, words):
    (error,) = problems_of(client.post(address, json={"mode": "walk", **body}), 422)
    assert error["where"] == where
    assert words in error["what"] + error["hint"]


def test_all_points_that_cannot_be_used_are_named_at_once(client):
    body = {"mode": "walk", "origins": ["a", POINT, "b"], "destinations": [{"lon": 0, "lat": 0}, POINT]}
    found = problems_of(client.post(MATRIX, json=body), 422)
    assert {e["where"] for e in found} == {"origins[0]", "origins[2]", "destinations[0]"}


def test_an_unknown_city_is_said(client):
    (error,) = problems_of(client.post("/v1/cities/atlantis/nearest", json={"mode": "walk", "from": POINT}), 404)
    assert "luxing build atlantis" in error["hint"]


def test_a_matrix_may_be_as_large_as_the_setting_says(tmp_path):
    settings = a_home(tmp_path).model_copy(update={"matrix_most_cells": 6})
    with TestClient(create_app(settings)) as client:
        asked(client, MATRIX, mode="walk", origins=[POINT] * 2, destinations=["zone/1"] * 3)
        body = {"mode": "walk", "origins": [POINT] * 7, "destinations": ["zone/1"]}
        (error,) = problems_of(client.post(MATRIX, json=body), 422)
    assert "7 cells, above 6" in error["what"]
    assert "LUXING_MATRIX_MOST_CELLS" in error["hint"]


def test_a_matrix_does_not_customise_the_streets_anew(tmp_path, monkeypatch):
    made = []
    monkeypatch.setattr("service.engine.metric_of", lambda roads, mode: made.append(mode) or metric_of(roads, mode))
    with TestClient(create_app(a_home(tmp_path))) as client:
        body = {"origins": ["zone/0"], "destinations": ["zone/20", POINT]}
        for _ in range(2):
            walk = asked(client, MATRIX, mode="walk", **body)
            drive = asked(client, MATRIX, mode="drive", **body)
            assert made == [WALK, DRIVE]
        around = asked(client, MATRIX, mode="drive", **body, edits=APART)
        assert made == [WALK, DRIVE, DRIVE]
    assert walk["time_s"] != drive["time_s"] != around["time_s"]


def test_one_area_is_made_at_a_time(client, monkeypatch):
    second, inside, most_inside = threading.Event(), [], []

    def slow(*given):
        inside.append(1)
        most_inside.append(len(inside))
        if len(inside) > 1:
            second.set()
        second.wait(0.1)
        inside.pop()
        return area_beside(*given)

    monkeypatch.setattr("service.streets.area_beside", slow)
    body = {"mode": "walk", "from": POINT, "minutes": [2, 4]}
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: client.post(ISOCHRONES, json=body).content, range(3)))
    assert len(set(answers)) == 1
    assert most_inside == [1] * 6


def test_an_area_may_be_as_fine_as_the_parameter_says(tmp_path):
    data = shutil.copytree(DATA, tmp_path / "data")
    maps = data / "parameters" / "maps.toml"
    before = maps.read_text(encoding="utf-8")
    changed = before.replace(f"value = {AREA_POINTS}", "value = 100")
    assert changed != before
    maps.write_text(changed, encoding="utf-8")
    settings = a_home(tmp_path / "home").model_copy(update={"data": data})
    with TestClient(create_app(settings)) as client:
        body = {"mode": "walk", "from": POINT, "minutes": [20], "beside_m": 20}
        (error,) = problems_of(client.post(ISOCHRONES, json=body), 422)
        assert error["where"] == "beside_m"
        (least_m,) = map(int, re.findall(r"give at least (\d+) m", error["hint"]))
        asked(client, ISOCHRONES, **{**body, "beside_m": 2 * least_m})


@pytest.mark.parametrize(
    ("address", "body"),
    [
        (WHAT_IF, {}),
        (ROUTES, {"mode": "walk", "from": POINT, "to": "zone/1"}),
        (ISOCHRONES, {"mode": "walk", "from": POINT}),
        (NEAREST, {"mode": "walk", "from": POINT}),
        (MATRIX, {"mode": "walk", "origins": [POINT], "destinations": [POINT]}),
    ],
)
def test_there_may_be_as_many_edits_as_the_setting_says(tmp_path, address, body):
    settings = a_home(tmp_path).model_copy(update={"edits_most": 2})
    with TestClient(create_app(settings)) as client:
        asked(client, address, **body, edits=[CLOSED, {"type": "set_price", "item": "parking", "cny": 5}])
        (error,) = problems_of(client.post(address, json={**body, "edits": APART[:3]}), 422)
    assert error["where"] == "edits"
    assert error["what"] == "3 edits are above 2"
    assert "LUXING_EDITS_MOST" in error["hint"]


def test_an_edit_and_a_question_say_the_same_of_a_point_beyond_the_streets(client):
    point = {"lon": 24.9, "lat": 60.1}
    edit = {"type": "add_place", "id": "new", **point, "most_plugs": 4, "open_cny": 1, "plug_cny": 1}
    (of_edit,) = problems_of(client.post(WHAT_IF, json={"edits": [edit]}), 422)
    (of_question,) = problems_of(client.post(NEAREST, json={"mode": "walk", "from": point}), 422)
    assert [of_edit[x] for x in ("what", "hint")] == [of_question[x] for x in ("what", "hint")]


def test_the_box_around_the_streets_is_found_once_not_for_each_point(client):
    roads = client.app.state.engine.loaded(CITY).roads
    assert roads.bounds is roads.bounds
    assert roads.bounds == (*roads.lonlat.min(axis=0), *roads.lonlat.max(axis=0))


def test_the_same_question_gets_the_same_bytes(client, tmp_path):
    body = {"mode": "walk", "from": POINT, "minutes": [4, 8], "edits": [CLOSED]}
    first = client.post(ISOCHRONES, json=body).content
    client.post(ISOCHRONES, json={**body, "mode": "drive"})
    assert client.post(ISOCHRONES, json=body).content == first
    with TestClient(create_app(a_home(tmp_path))) as other:
        assert other.post(ISOCHRONES, json=body).content == first


def test_the_city_after_edits_is_made_once(client):
    engine = client.app.state.engine
    one, two = (scenarios().validate_python({"edits": [CLOSED], "name": name}) for name in ("quiet", "the same"))
    assert engine.changed(CITY, one).city is engine.changed(CITY, two).city
    assert engine.changed(CITY, Scenario()).city is engine.loaded(CITY)


@pytest.mark.parametrize("address", [ROUTES, ISOCHRONES, NEAREST, MATRIX])
def test_the_examples_of_openapi_work(client, address):
    path = address.replace(HOME, "/v1/cities/{city_id}")
    content = client.get("/openapi.json").json()["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    assert content["examples"]
    for example in content["examples"].values():
        assert client.post(address, json=example["value"]).status_code == 200
