from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from homes import HOME, JSON, WHAT_IF, problems_of
from starlette.testclient import TestClient

from service.api import create_app


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
        before, after = answer["base"][name], answer["changed"][name]
        assert value == (None if before is None else after - before)
    assert answer["base"] == client.get(HOME).json()["metrics"]
    assert answer["changed_digest"] != answer["city"]["digest"]
    assert {t["id"] for t in answer["targets"]} == {
        "FLT-1", "FLT-2", "GTS-1", "GTS-3", "PRK-1", "PRK-2", "PRK-3",
    }  # fmt: skip
    (green,) = (t for t in answer["targets"] if t["id"] == "GTS-1")
    assert green["readings"][0]["value"] == answer["changed"]["green_trip_share"]


def test_a_name_changes_no_answer_and_the_order_of_requests_none(client):
    edits = [{"type": "close_street", "street": "East Street 2"}]
    first = client.post(WHAT_IF, json={"edits": edits}).content
    client.post(WHAT_IF, json={"edits": [{"type": "set_price", "item": "parking", "cny": 9}]})
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
        ('{"edits": [{"type": "set_price", "item": "bread", "cny": 1}]}', "body, edits[0].item", "parking"),
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


def test_congestion_on_request(client):
    """A scenario without edits is exactly the base, and an edit starts from the base's traffic."""
    plain = client.post(WHAT_IF, json={"edits": []}).json()
    nothing = client.post(WHAT_IF, json={"edits": []}, params={"congestion": True}).json()
    assert plain["congestion"] is None
    assert nothing["base"] == nothing["changed"]
    assert nothing["congestion"]["base"] == nothing["congestion"]["changed"]
    same = [{"type": "set_price", "item": "parking", "cny": 5.0}]
    unchanged = client.post(WHAT_IF, json={"edits": same}, params={"congestion": True}).json()
    assert unchanged["base"] == unchanged["changed"] == nothing["base"]
    edits = [{"type": "set_price", "item": "parking", "cny": 30.0}]
    answer = client.post(WHAT_IF, json={"edits": edits}, params={"congestion": True, "replaced": True}).json()
    assert answer["base"] == nothing["base"]
    assert answer["replaced"]["rows"]
    told = answer["congestion"]
    assert "through traffic" in told["not_in_it"]
    assert told["changed"]["converged"]
    rows = told["changed"]["convergence"]
    assert [row["round"] for row in rows] == list(range(1, len(rows) + 1))
    assert rows[0]["green_trip_share_change"] is None
    assert rows[-1]["green_trip_share"] == pytest.approx(answer["changed"]["green_trip_share"], abs=1e-12)
    before, after = (told[day]["traffic"][0] for day in ("base", "changed"))
    assert (before["period"], before["from_h"]) == ("peak", 7)
    assert after["vehicles"] < before["vehicles"]
    assert 0 <= before["delay_h"] < before["vehicle_h"]
    fullest = [s["vehicles_per_h"] / s["capacity_per_h"] for s in before["fullest"]]
    assert fullest == sorted(fullest, reverse=True)
    assert fullest[0] > 0


def test_congestion_is_refused_for_cities_that_would_take_too_long(settings):
    small = settings.model_copy(update={"congestion_most_zones": 24})
    with TestClient(create_app(small)) as other:
        (error,) = problems_of(other.post(WHAT_IF, json={"edits": []}, params={"congestion": True}), 422)
    assert "25 zones" in error["what"]
    assert "LUXING_CONGESTION_MOST_ZONES" in error["hint"]


def test_a_misspelt_question_is_refused_and_not_left_out(client):
    for address in (f"{WHAT_IF}?congestoin=true", f"{WHAT_IF}?replaced=true&congestoin=true"):
        (problem,) = problems_of(client.post(address, json={"edits": []}), 422)
        assert (problem["where"], problem["what"]) == ("query.congestoin", "is not a known field")
    (problem,) = problems_of(client.get(f"{HOME}/elasticities?Purpose=visitor"), 422)
    assert problem["where"] == "query.Purpose"
