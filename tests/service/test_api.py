from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields

import pytest
from homes import CITY, DATA, a_home, finished, tree
from starlette.testclient import TestClient

from network import EDITS, METRICS, InputError
from service.api import create_app
from service.settings import Settings

HOME = f"/v1/cities/{CITY}"
WHAT_IF, PROPOSE = f"{HOME}/what-if", f"{HOME}/proposals/chargers"
JSON = {"Content-Type": "application/json"}


def problems_of(response, status):
    """The errors of a problem document, which must be one."""
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert document["title"]
    assert document["detail"]
    assert document["type"].startswith("/problems/")
    for error in document["errors"]:
        assert error["where"]
        assert error["what"]
    return document["errors"]


def test_the_root_links_to_everything_else(client):
    info = client.get("/").json()
    assert "OpenStreetMap" in info["attribution"]
    for link in info["links"]:
        assert client.get(link["href"]).status_code == 200


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


def test_nothing_changed_means_a_difference_of_exactly_zero(client):
    answer = client.post(WHAT_IF, json={"edits": []}).json()
    assert answer["base"] == answer["changed"]
    assert all(d == 0 or answer["base"][n] is None for n, d in answer["difference"].items())
    assert answer["city"]["digest"] == answer["changed_digest"]


def test_a_what_if_shows_before_after_and_difference(client):
    edits = [{"type": "set_price", "item": "parking", "cny": 50.0}]
    answer = client.post(WHAT_IF, json={"edits": edits}).json()
    assert answer["changed"]["car_trip_share"] < answer["base"]["car_trip_share"]
    for name, value in answer["difference"].items():
        assert value == answer["changed"][name] - answer["base"][name]
    assert answer["base"] == client.get(HOME).json()["metrics"]
    assert answer["changed_digest"] != answer["city"]["digest"]
    assert {t["id"] for t in answer["targets"]} == {"GTS-1", "GTS-3"}
    (green,) = (t for t in answer["targets"] if t["id"] == "GTS-1")
    assert green["readings"][0]["value"] == answer["changed"]["green_trip_share"]


def test_a_name_changes_no_answer_and_the_order_of_requests_none(client):
    edits = [{"type": "close_street", "street": "East Street 2"}]
    first = client.post(WHAT_IF, json={"edits": edits}).content
    client.post(WHAT_IF, json={"edits": [{"type": "set_price", "item": "fare", "cny": 9}]})
    assert client.post(WHAT_IF, json={"edits": edits, "name": "quiet"}).content == first


def test_another_service_gives_the_same_bytes(client, settings):
    edits = [{"type": "set_street_speed", "street": "North Street 3", "kmh": 12.0}]
    with TestClient(create_app(settings)) as other:
        assert other.post(WHAT_IF, json={"edits": edits}).content == client.post(WHAT_IF, json={"edits": edits}).content


def test_many_at_once_get_what_each_alone_gets(client):
    bodies = [{"edits": [{"type": "set_price", "item": "parking", "cny": float(i % 5)}]} for i in range(20)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda body: client.post(WHAT_IF, json=body).content, bodies))
    assert answers[:5] * 4 == answers
    assert len(set(answers)) == 5


@pytest.mark.parametrize(
    ("edit", "where", "words"),
    [
        ({"type": "close_street", "street": "Nowhere Road"}, "edits[0] close_street", "Nowhere Road"),
        ({"type": "close_street", "street": "East Stret 2"}, "edits[0] close_street", "East Street 2"),
        ({"type": "add_chargers", "place": "place/999", "plugs": 1}, "edits[0] add_chargers", "place/999"),
        ({"type": "add_chargers", "place": "place/1", "plugs": -1}, "edits[0] add_chargers", "-1"),
        ({"type": "add_chargers", "place": "place/1", "plugs": 10**12}, "edits[0] add_chargers", "room"),
        ({"type": "set_demand", "zone": "zone/1", "residents": -5}, "edits[0] set_demand", "-5"),
        ({"type": "set_demand", "zone": "nowhere", "jobs": 5}, "edits[0] set_demand", "nowhere"),
        ({"type": "set_price", "item": "parking", "cny": 1, "area": "moon"}, "edits[0] set_price", "moon"),
        (
            {
                "type": "add_place", "id": "new", "lon": 31.304, "lat": 120.624,
                "most_plugs": 4, "open_cny": 1, "plug_cny": 1,
            },
            "edits[0] add_place", "swapped",
        ),
    ],
)  # fmt: skip
def test_an_edit_that_does_not_fit_is_named(client, edit, where, words):
    (error,) = problems_of(client.post(WHAT_IF, json={"edits": [edit]}), 422)
    assert error["where"] == where
    assert words in error["what"] + error["hint"]


_HUGE = "9" * 400
_NEW = (
    '{{"type": "add_place", "id": "{}", "lon": 120.622, "lat": 31.302, "most_plugs": {}, "open_cny": 1, "plug_cny": 1}}'
)


@pytest.mark.parametrize(
    "edit",
    [
        f'{{"type": "add_chargers", "place": "place/1", "plugs": {_HUGE}}}',
        f'{{"type": "add_chargers", "place": "place/1", "plugs": {_HUGE * 20}}}',
        '{"type": "add_chargers", "place": "place/1", "plugs": true}',
        '{"type": "add_chargers", "place": "place/1", "plugs": 1.5}',
        '{"type": "set_price", "item": "parking", "cny": "5"}',
        '{"type": "set_price", "item": "driving", "cny": 1e308}',
        '{"type": "set_demand", "zone": "zone/1", "residents": 1e308}',
        '{"type": "set_street_speed", "street": "East Street 2", "kmh": 1e308}',
        '{"type": "set_street_speed", "street": "East Street 2", "kmh": 1e-308}',
        '{"type": "close_street", "street": "\\ud800"}',
        _NEW.format("a", _HUGE),
        _NEW.format("\\ud800", 1),
    ],
)
def test_values_beyond_reason_are_the_callers_fault_not_ours(client, edit):
    response = client.post(WHAT_IF, content=f'{{"edits": [{edit}]}}', headers=JSON)
    assert response.status_code in {400, 422}, response.text
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_body_nested_without_end_is_refused(client):
    assert client.post(WHAT_IF, content="[" * 200_000, headers=JSON).status_code == 400


def test_all_problems_of_all_edits_come_at_once(client):
    edits = [{"type": "close_street", "street": "x"}, {"type": "add_chargers", "place": "y", "plugs": 1}]
    assert len(problems_of(client.post(WHAT_IF, json={"edits": edits}), 422)) == 2


@pytest.mark.parametrize(
    ("body", "where", "words"),
    [
        ('{"edits": [], "colour": 1}', "body, colour", "known field"),
        (
            '{"edits": [{"type": "add_chargers", "place": "a", "plugs": 1, "kw": 7}]}',
            "body, edits[0].kw",
            "place, plugs",
        ),
        ('{"edits": [{"type": "add_chargers", "plugs": 1}]}', "body, edits[0].place", "missing"),
        ('{"edits": [{"type": "fly"}]}', "body, edits[0]", "close_street"),
        ('{"edits": [{"street": "a"}]}', "body, edits[0]", "close_street"),
        ('{"edits": [{"type": "set_price", "item": "parking", "cny": NaN}]}', "body, edits[0].cny", "finite"),
        ('{"edits": [{"type": "set_price", "item": "parking", "cny": 1e999}]}', "body, edits[0].cny", "finite"),
        ('{"edits": [{"type": "set_price", "item": "bread", "cny": 1}]}', "body, edits[0].item", "fare"),
        ('{"edits": [{"type": "close_street", "street": "a", "modes": ["fly"]}]}', "body, edits[0].modes[0]", "walk"),
        ('{"edits": 3}', "body, edits", ""),
        ('{"edits": [\n  {"type" "x"}]}', "body, line 2, column 11", "JSON"),
        ("[]", "body", "object"),
        ("", "body", "missing"),
    ],
)
def test_a_body_that_is_not_understood_is_told_where(client, body, where, words):
    (error,) = problems_of(client.post(WHAT_IF, content=body, headers=JSON), 422)
    assert error["where"] == where
    assert words in error["what"] + error["hint"]


@pytest.mark.parametrize(
    ("cny", "shown"), [('"dear"', "is 'dear'"), ("true", "is True"), ('"' + "x" * 999 + '"', f"is '{'x' * 38}…")]
)
def test_a_value_that_cannot_be_is_shown_back_cut_short(client, cny, shown):
    body = f'{{"edits": [{{"type": "set_price", "item": "parking", "cny": {cny}}}]}}'
    (error,) = problems_of(client.post(WHAT_IF, content=body, headers=JSON), 422)
    assert (error["what"], error["hint"]) == (shown, "it should be a valid number")


def test_a_body_that_is_not_declared_as_json_is_told_so(client):
    (error,) = problems_of(client.post(WHAT_IF, content='{"edits": []}', headers={"Content-Type": "text/plain"}), 422)
    assert "Content-Type" in error["hint"]


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
    from dataclasses import replace

    from homes import a_city

    from network.io import save_city

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
    choices = schemas["Scenario"]["properties"]["edits"]["items"]
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
