"""New spaces as a user asks for them: a request, a folder, a page, a command."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import pytest
from homes import CITY, words
from rich.console import Console

from network import InputError, Scenario, SetParkingSupply, grid_city, simulate, travel_times
from network.io import read_space_candidates
from optimise import SpacesPlan
from service.cli import BAD_INPUT
from service.console import show_proposal
from service.proposals import KINDS, Base
from service.report import SPACES_FILES, spaces_report_html, write_plan_folder
from service.report.numbers import MINUS
from service.report.spaces_map import spaces_map
from service.space_schemas import SpacesRequest


@pytest.fixture(scope="module")
def base():
    city = replace(grid_city(7, seed=3), name="Grid 格 <&>")
    full = Scenario(edits=(SetParkingSupply(spaces=25, area="west"),)).apply(city)
    travel = travel_times(full)
    return Base(full, travel, simulate(full, travel))


def solved(base, **asked):
    return KINDS["spaces"].solve(base, SpacesRequest(**asked), None)


@pytest.fixture(scope="module")
def proposal(base):
    lon, lat = base.city.zones.lonlat[8].tolist()
    place = {"id": "=viaduct", "name": "高架 <b>", "way": "viaduct", "lon": lon, "lat": lat, "most_spaces": 40}
    lot = {"id": "deck", "way": "stacking", "lot": "lot/1", "most_spaces": 20}
    return solved(base, candidates=[place | {"conflict": "greening CTX-2"}, lot], budget_cny=2_000_000.0)


def test_every_example_is_a_request():
    for example in KINDS["spaces"].examples.values():
        SpacesRequest(**example["value"]).wishes()


def test_the_folder_holds_the_plan_its_rows_and_a_page(base, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", base.city, proposal)
    assert tuple(path.name for path in paths) == SPACES_FILES
    before = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in write_plan_folder(tmp_path / "plan", base.city, proposal)] == before
    record = json.loads(before[0])["plan"]
    assert SpacesPlan.from_dict(record) == proposal.plan
    rows = list(csv.DictReader(io.StringIO(before[2].decode("utf-8-sig"))))
    assert {row["id"] for row in rows} <= {"'=viaduct", "deck"}
    assert sum(int(row["spaces"]) for row in rows) == proposal.plan.new_spaces
    described = json.loads(before[3])["resources"][0]["schema"]["fields"]
    assert [field["name"] for field in described] == list(rows[0])
    assert len(json.loads(before[1])["features"]) == len(rows)


def test_the_page_says_what_is_built_and_drawn_and_escapes_names(base, proposal):
    page = spaces_report_html(base.city, proposal)
    assert "<b>" not in page.replace("<b>" + str(proposal.plan.new_spaces), "").split("高架")[1][:10]
    assert "高架 &lt;b&gt;" in page
    assert "Grid 格 &lt;&amp;&gt;" in page
    assert "greening CTX-2" in page
    assert "more car trips a day" in page
    assert page.count("<svg") >= 1
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_an_answer_that_there_is_none_is_shown_with_the_most_there_can_be(base):
    proposal = solved(base, objective="cost", targets=["new_parking_spaces>=10000"])
    page = spaces_report_html(base.city, proposal)
    assert "So many new spaces cannot be added" in page
    assert "10,000 new spaces are asked for" in page
    assert "Most that can be added" in page
    out = io.StringIO()
    show_proposal(Console(file=out, width=200), base.city, proposal)
    assert "No plan for Grid" in out.getvalue()
    assert "10,000 new spaces are asked for" in out.getvalue()


def test_a_run_that_is_stopped_at_once_says_so_or_has_a_plan(base):
    proposal = solved(base, objective="cost", targets=["new_parking_spaces>=50"], seconds=1e-9)
    assert proposal.plan.status in {"unknown", "feasible", "optimal"}
    assert spaces_report_html(base.city, proposal)


def test_without_known_spaces_the_page_says_that_trips_cannot_be_told(base):
    city = grid_city(5)
    travel = travel_times(city)
    plain = Base(city, travel, simulate(city, travel))
    page = spaces_report_html(city, solved(plain, budget_cny=100_000.0))
    assert "the day cannot tell how many car trips" in page
    assert "not known: no zone" in page


def test_small_places_have_their_number_too_and_unnamed_ones_their_street(base):
    solution = solved(base, budget_cny=400_000.0)
    plan = solution.plan
    small = tuple(replace(place, spaces=1 if i else 400) for i, place in enumerate(plan.places))
    svg = spaces_map(base.city, replace(plan, places=small))
    assert 'text-anchor="middle" fill="#fff"' in svg
    assert 'paint-order="stroke"' in svg
    assert [int(x) for x in re.findall(r'font-weight="700">(\d+)</text></g>', svg)] == [*range(1, len(plan.places) + 1)]
    page = spaces_report_html(base.city, solution)
    unnamed = [p for p in plan.places if not p.name]
    assert unnamed
    for place in unnamed:
        assert re.search(rf'<th scope="row">at [^<]+ <small>{place.id}</small>', page), place.id


def test_figures_that_stay_are_folded_away_unless_nothing_else_is_told(base, proposal):
    page = spaces_report_html(base.city, proposal)
    assert re.search(r"<details><summary>\d+ figures that stay as they are", page)
    none = solved(base, objective="cost", targets=["new_parking_spaces>=10000"])
    assert re.search(r"<details open><summary>\d+ figures that stay as they are", spaces_report_html(base.city, none))


def test_the_console_shows_places_and_totals(base, proposal):
    out = io.StringIO()
    show_proposal(Console(file=out, width=240), base.city, proposal)
    text = out.getvalue()
    for expected in (
        "New parking spaces for Grid",
        "greening CTX-2",
        "New spaces, gross and net",
        "Car trips drawn",
        MINUS,
    ):
        assert expected in text


def written(folder, text):
    file = folder / "places.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_table_of_candidates_is_read_with_what_it_has(tmp_path):
    head = "id,way,most_spaces,lon,lat,lot,conflict,taken_spaces"
    rows = "a,marking,12,120.6,31.3,,消防通道,", "b,stacking,8,,,lot/1,,"
    assert read_space_candidates(written(tmp_path, "\n".join((head, *rows)))) == [
        {"id": "a", "way": "marking", "most_spaces": 12, "lon": 120.6, "lat": 31.3, "conflict": "消防通道"},
        {"id": "b", "way": "stacking", "most_spaces": 8, "lot": "lot/1"},
    ]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("id,way\na,marking\n", "most_spaces"),
        ("id,way,most_spaces\na,marking,many\n", "row 2, column most_spaces"),
        ("id,way,most_spaces\na,marking,0\n", "row 2, column most_spaces"),
        ("id,way,most_spaces\na,marking,2\na,marking,3\n", "row 3"),
        ("id,way,most_spaces,cny_per_space\na,marking,2,-5\n", "row 2, column cny_per_space"),
    ],
)
def test_a_bad_row_is_named(tmp_path, text, what):
    with pytest.raises(InputError) as error:
        read_space_candidates(written(tmp_path, text))
    assert what in str(error.value)


def test_the_command_line_plans_new_spaces(luxing, tmp_path):
    out = tmp_path / "plan"
    asked = ("--budget", "300000", "--targets", "new_parking_spaces>=5", "--day", "weekend")
    output = words(luxing("propose", CITY, "spaces", *asked, "--out", out))
    assert "New spaces, gross and net" in output
    plan = SpacesPlan.from_dict(json.loads((out / "plan.json").read_text(encoding="utf-8"))["plan"])
    assert plan.day == "weekend"
    assert plan.new_spaces >= 5
    assert plan.cost_cny <= 300_000
    wrong = luxing("propose", CITY, "spaces", "--objective", "cost", code=BAD_INPUT)
    assert "new_parking_spaces>=10000" in words(wrong)
    assert "is for spaces alone" in words(luxing("propose", CITY, "loops", "--day", "weekend", code=BAD_INPUT))
    bad = written(tmp_path, "id,way,most_spaces\na,painting,2\n")
    assert "way" in words(luxing("propose", CITY, "spaces", "--candidates", bad, code=BAD_INPUT))
