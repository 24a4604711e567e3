from __future__ import annotations

import json
import re
from dataclasses import fields, replace
from pathlib import Path

import pytest
from homes import CITY, DATA, HOME, JSON, PROPOSE, WHAT_IF, a_city, problems_of, tree
from starlette.testclient import TestClient

from network import EDITS, METRICS, InputError
from network.io import save_city
from service.api import create_app
from service.settings import Settings


def test_the_root_links_to_everything_else(client):
    info = client.get("/").json()
    assert "OpenStreetMap" in info["attribution"]
    for link in info["links"]:
        assert client.get(link["href"]).status_code == 200


def test_the_page_of_the_api_needs_nothing_from_elsewhere(client):
    fetched = re.findall(r"(?:src|href)=\"([^\"]+)\"", client.get("/docs").text)
    assert {Path(url).suffix for url in fetched} == {".js", ".css", ".png"}
    for url in fetched:
        assert url.startswith(str(client.base_url)), url
        assert len(client.get(url).content) > 100, url


def test_health_and_readiness(client):
    assert client.get("/healthz").json() == {"status": "ok"}
    client.app.state.warm.wait(60)
    assert client.get("/readyz").json() == {"status": "ready"}


def test_before_the_kernels_are_warm_the_service_is_alive_but_not_ready(client, monkeypatch):
    client.app.state.warm.wait(60)
    monkeypatch.setattr(client.app.state.warm, "is_set", lambda: False)
    assert client.get("/healthz").status_code == 200
    problems_of(client.get("/readyz"), 503)


def test_cities_are_those_that_were_built(client):
    assert [c["id"] for c in client.get("/v1/cities").json()["cities"]] == [CITY]


def test_a_city_shows_its_figures_units_defaults_and_attribution(client):
    city = client.get(HOME).json()
    assert set(city["metrics"]) == set(city["units"]) == set(METRICS)
    assert city["city"]["name"] == "Grid 格"
    assert city["attribution"]
    assert "e-bike" in city["green_share_definition"]
    assert {d["key"] for d in city["defaults"]} == {"synthetic"}


def test_the_same_city_is_not_sent_twice(client):
    first = client.get(HOME)
    tag = first.headers["ETag"]
    assert tag.startswith('"')
    for known in (tag, f'"other", {tag}', "*"):
        again = client.get(HOME, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    assert client.get(HOME, headers={"If-None-Match": '"other"'}).content == first.content


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/cities/atlantis"),
        ("GET", "/v1/cities/atlantis/targets"),
        ("GET", "/v1/cities/ÄÖ"),
        ("GET", "/v1/jobs/17"),
        ("GET", "/v1/jobs/17/results"),
        ("DELETE", "/v1/jobs/17"),
        ("GET", "/problems/none"),
    ],
)
def test_unknown_ids_are_named(client, method, path):
    (error,) = problems_of(client.request(method, path), 404)
    assert path.split("/")[3 if path.startswith("/v1") else 2] in error["where"]


def test_an_unknown_city_says_how_to_build_it(client):
    (error,) = problems_of(client.post("/v1/cities/atlantis/what-if", json={"edits": []}), 404)
    assert "luxing build atlantis" in error["hint"]
    (error,) = problems_of(client.post("/v1/cities/atlantis/proposals/chargers", json={"budget_cny": 1e6}), 404)
    assert "luxing build atlantis" in error["hint"]


def test_what_has_no_route_is_a_problem_document_too(client):
    assert problems_of(client.get("/v2"), 404) == []
    assert problems_of(client.put("/v1/cities"), 405) == []


def test_every_type_of_problem_can_be_looked_up(client):
    kind = client.get("/v1/cities/atlantis").json()["type"]
    assert client.get(kind).json()["status"] == 404


def test_a_defect_is_a_problem_document_without_our_insides(settings, monkeypatch, caplog):
    app = create_app(settings)
    monkeypatch.setattr(app.state.engine, "city", lambda _: 1 / 0)
    with TestClient(app, raise_server_exceptions=False) as client:
        response = client.get(HOME)
    (error,) = problems_of(response, 500)
    assert "division" not in response.text
    assert "division" in caplog.text
    assert error["where"] == "service"


def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(settings):
    with TestClient(create_app(settings.model_copy(update={"body_most_bytes": 1000}))) as client:
        body = json.dumps({"edits": [], "name": "x" * 2000}).encode()
        assert problems_of(client.post(WHAT_IF, content=body, headers=JSON), 413) == []
        assert problems_of(client.post(WHAT_IF, content=iter([body[:900], body[900:]]), headers=JSON), 413) == []
        assert client.post(WHAT_IF, json={"edits": [], "name": "x" * 500}).status_code == 200


def test_bad_input_changes_nothing_that_is_stored(settings):
    before = tree(settings.cities_folder)
    with TestClient(create_app(settings)) as client:
        client.post(WHAT_IF, json={"edits": [{"type": "close_street", "street": "x"}]})
        client.post(WHAT_IF, content="{", headers=JSON)
        client.post(PROPOSE, json={"budget_cny": 0})
        client.post(PROPOSE, json={"budget_cny": 1e6, "targets": ["x"]})
        client.post("/v1/cities/atlantis/proposals/chargers", json={"budget_cny": 1e6})
        client.delete("/v1/jobs/1")
        assert client.app.state.jobs._store.start_next(client.app.state.jobs._name) is None
    assert tree(settings.cities_folder) == before


def test_a_damaged_city_says_to_build_it_again_and_the_next_one_is_served(settings):
    file = settings.cities_folder / CITY / "zones.npz"
    whole = file.read_bytes()
    with TestClient(create_app(settings)) as client:
        file.write_bytes(whole[:100])
        (error,) = problems_of(client.get(HOME), 422)
        assert "build the city again" in error["hint"]
        file.write_bytes(whole)
        assert client.get(HOME).status_code == 200


def test_a_rebuilt_city_is_served_at_once(settings, tmp_path):
    with TestClient(create_app(settings)) as client:
        before = client.get(HOME)
        save_city(replace(a_city(), name="Anew"), settings.cities_folder / CITY)
        after = client.get(HOME, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.json()["city"]["name"] == "Anew"


def test_targets_list_every_row(client):
    rows = client.get(f"{HOME}/targets").json()["targets"]
    assert len(rows) == len((DATA / "policy" / "targets.csv").read_text(encoding="utf-8").splitlines()) - 1
    assert {r["status"] for r in rows} == {"computed", "tracked by hand", "not yet modelled"}
    assert client.get(f"{HOME}/targets").json()["attribution"] == client.get(HOME).json()["attribution"]


def test_without_a_data_folder_there_is_no_service(tmp_path):
    with pytest.raises(InputError, match="parameters"):
        create_app(Settings(home=tmp_path, data=tmp_path))


def test_openapi_shows_every_edit_with_every_field_and_says_what_errors_are(client):
    document = client.get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    for edit in EDITS:
        schema = schemas[edit.__name__]
        assert set(schema["properties"]) == {f.name for f in fields(edit)}
        assert schema["additionalProperties"] is False
        assert "type" in schema["required"]
    choices = schemas["WhatIfRequest"]["properties"]["edits"]["items"]
    assert set(choices["discriminator"]["mapping"]) == {edit.type for edit in EDITS}
    assert "OpenStreetMap" in document["info"]["description"]
    for path, operations in document["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            for status, response in operation["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"], path


def test_the_examples_of_openapi_work(client):
    operations = client.get("/openapi.json").json()["paths"]["/v1/cities/{city_id}/what-if"]["post"]
    examples = operations["requestBody"]["content"]["application/json"]["examples"]
    assert len(examples) >= 3
    for example in examples.values():
        assert client.post(WHAT_IF, json=example["value"]).status_code == 200


@pytest.mark.parametrize(
    ("body", "where", "what", "hint"),
    [
        ({"from": {"lon": [1], "lat": 2}}, "body, from.lon", "is a list", "it should be a valid number"),
        ({"from": []}, "body, from", "is a list", "it should be an object"),
        ({"from": None}, "body, from", "is None", "it should be an object"),
        ({"edits": {}}, "body, edits", "is an object", "it should be a valid list"),
    ],
    ids=["list for number", "list for object", "nothing for object", "object for list"],
)
def test_a_field_of_another_kind_is_told_with_what_it_should_be(client, body, where, what, hint):
    errors = problems_of(client.post(f"{HOME}/routes", json={"mode": "walk", "from": "a", "to": "b"} | body), 422)
    assert {"where": where, "what": what, "hint": hint} in errors
