"""Dispatch points as a user asks for them: a request, a folder, a page, a command, a job."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from homes import CITY, HOME, a_city, finished, problems_of, words
from rich.console import Console

from network import InputError, grid_city, simulate, travel_times
from optimise import BikesPlan, BikeWishes
from service.bike_schemas import BikesRequest
from service.cli import BAD_INPUT
from service.console import show_proposal
from service.proposals import KINDS, Base
from service.rebalancing import read_stations
from service.report import BIKES_FILES, bikes_report_html, write_plan_folder
from service.report.bikes_day import day_chart
from service.report.bikes_rows import point_rows, ranked

PROPOSE = f"{HOME}/proposals/bikes"


@pytest.fixture(scope="module")
def base():
    city = replace(grid_city(7, seed=3), name="Grid 格 <&>")
    travel = travel_times(city)
    return Base(city, travel, simulate(city, travel))


def solved(base, **asked):
    return KINDS["bikes"].solve(base, BikesRequest(**asked), None)


def ground(base, **more):
    """Sites at some zones: a square, one whose name is code, a narrow footway, one that is a fire lane."""
    spots = base.city.zones.lonlat[[8, 13, 22, 27, 34]].tolist()
    told = ({"id": "=square"}, {"id": "b", "name": "观前街 <b>"}, {"id": "narrow", "footway_m": 2.5}, {"id": "c"})
    rows = [{"lon": lon, "lat": lat, "area_m2": 90.0} | row for (lon, lat), row in zip(spots, told, strict=False)]
    lon, lat = spots[4]
    corners = [[lon, lat], [lon + 1e-4, lat], [lon + 1e-4, lat + 1e-4], [lon, lat + 1e-4]]
    return [*rows, {"id": "gate", "lon": lon, "lat": lat, "left_out": "fire lane 消防通道", "outline": corners} | more]


@pytest.fixture(scope="module")
def proposal(base):
    budgets = {"budget_cny": [30_000.0, 30_000.0], "years": [2027, 2028]}
    return solved(base, sites=ground(base), racks=False, **budgets)


def test_every_example_is_a_request():
    asked = [BikesRequest(**example["value"]) for example in KINDS["bikes"].examples.values()]
    assert [a.wishes().objective for a in asked] == ["cover", "cover", "cost"]
    assert asked[0].wishes().budgets_cny == (500_000,)
    assert asked[1].wishes().sites[0].outline[1] == (120.6282, 31.312)


def test_what_is_asked_is_what_the_solver_hears():
    hours = [1.0] * 24
    place = {"id": "p", "lon": 120.6, "lat": 31.3, "weekday_pickups": hours, "weekday_returns": [0.0] * 24}
    place |= {"weekend_pickups": [2.0] * 24, "weekend_returns": hours}
    asked = BikesRequest(flows=[place], budget_cny=5.0, years=[2027, 2029], within=[[[0, 0], [1, 0], [1, 1]]])
    wishes = asked.wishes()
    assert wishes.budgets_cny == (5.0, 5.0)
    assert wishes.within == (((0, 0), (1, 0), (1, 1)),)
    assert wishes.flows.pickups.sum(axis=2).tolist() == [[24.0], [48.0]]
    assert wishes.flows.returns.sum(axis=2).tolist() == [[0.0], [24.0]]
    assert BikesRequest().wishes() == BikeWishes()


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"budget_cny": [1e5, 1e5], "years": [2028]}, "budget_cny"),
        ({"budget_cny": 1e5, "years": [2028, 2027]}, "years"),
        ({"objective": "net"}, "worth_cny"),
        ({"worth_cny": 5.0}, "worth_cny"),
    ],
    ids=["money", "order", "no worth", "worth"],
)
def test_what_contradicts_itself_is_refused(asked, field):
    with pytest.raises(InputError) as error:
        BikesRequest(**asked).must_agree()
    assert field in str(error.value)


def test_the_folder_holds_the_plan_its_tables_a_feed_and_a_page(base, proposal, tmp_path):
    paths = write_plan_folder(tmp_path / "plan", base.city, proposal)
    assert tuple(path.relative_to(tmp_path / "plan").as_posix() for path in paths) == BIKES_FILES
    before = {path: path.read_bytes() for path in paths}
    again = write_plan_folder(tmp_path / "plan", base.city, proposal)
    assert {path: path.read_bytes() for path in again} == before
    files = {path.relative_to(tmp_path / "plan").as_posix(): content for path, content in before.items()}
    plan = proposal.plan
    assert BikesPlan.from_dict(json.loads(files["plan.json"])["plan"]) == plan
    rows = {
        name: list(csv.DictReader(io.StringIO(files[name].decode("utf-8-sig"))))
        for name in ("points.csv", "fleet.csv", "left_out.csv", "stations.csv")
    }
    assert sum(int(row["spaces"]) for row in rows["points.csv"]) == plan.spaces
    assert {row["id"] for row in rows["left_out.csv"]} == {"narrow", "gate"}
    assert len(rows["fleet.csv"]) == 24 * len(plan.fleet)
    described = {table["path"]: table for table in json.loads(files["datapackage.json"])["resources"]}
    for name, table in rows.items():
        assert [field["name"] for field in described[name]["schema"]["fields"]] == list(table[0])
    stations = read_stations(tmp_path / "plan" / "stations.csv")
    assert [s.wanted for s in stations] == [p.bikes for p in ranked(plan)]
    assert all(0 <= s.bikes <= s.docks for s in stations)


def test_the_feed_tells_of_the_points_after_the_plan(base, proposal, tmp_path):
    write_plan_folder(tmp_path / "plan", base.city, proposal)
    told = json.loads((tmp_path / "plan" / "gbfs" / "station_information.json").read_bytes())["data"]["stations"]
    assert {s["station_id"]: s["capacity"] for s in told} == {p.id: p.spaces for p in proposal.plan.points}
    assert {s["station_id"] for s in told if s["is_virtual_station"]} == {
        p.id for p in proposal.plan.points if not p.docked
    }


def test_a_folder_with_anything_else_in_its_feed_is_left_alone(base, proposal, tmp_path):
    write_plan_folder(tmp_path / "plan", base.city, proposal)
    own = tmp_path / "plan" / "gbfs" / "gcj02" / "notes.txt"
    own.write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"gbfs/gcj02/notes\.txt"):
        write_plan_folder(tmp_path / "plan", base.city, proposal)
    assert own.read_text(encoding="utf-8") == "mine"


def test_the_map_file_draws_outlines_with_the_right_turn(base, tmp_path):
    sites = [row for row in ground(base, left_out="", area_m2=90.0) if row["id"] == "gate"]
    sites[0]["outline"] = sites[0]["outline"][::-1]
    plan = solved(base, sites=sites, racks=False)
    write_plan_folder(tmp_path / "plan", base.city, plan)
    shapes = {f["id"]: f["geometry"] for f in json.loads((tmp_path / "plan" / "plan.geojson").read_bytes())["features"]}
    ring = np.array(shapes["gate"]["coordinates"][0])
    assert (ring[0] == ring[-1]).all()
    x, y = (ring - ring[0]).T
    assert (x[:-1] * y[1:] - x[1:] * y[:-1]).sum() > 0


def test_the_page_says_what_is_laid_out_when_and_what_cannot_be(base, proposal):
    page = bikes_report_html(base.city, proposal)
    assert "Grid 格 &lt;&amp;&gt;" in page
    assert "观前街 <b>" not in page
    assert "fire lane 消防通道" in page
    assert "bikes would leave 0.5 m of the footway" in page
    for expected in ("Year by year", "2028", "车辆总量上限", "最繁忙点位的工作日", "Sites that cannot be used"):
        assert expected in page
    assert page.count("<svg") >= 3
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")


def test_the_chart_of_a_point_goes_back_to_its_morning_stock_when_vans_have_come(proposal):
    chart = day_chart(proposal.plan, [4])
    panel = chart["panels"][0]
    point = next(p for p in ranked(proposal.plan) if panel["title"].endswith(p.name or p.id))
    assert panel["line"].count("L") == 25  # 24 hours, and the jump at four
    steps = [tuple(map(float, xy.split())) for xy in panel["line"][1:].split("L")]
    at_four = [y for x, y in steps if x == round(4 * chart["panel"]["width"] / 24, 1)]
    assert len(at_four) == 2
    height = chart["panel"]["height"]
    assert (height - at_four[1]) / (height - panel["capacity"]) == pytest.approx(point.bikes / point.spaces, abs=0.02)


def test_points_of_the_table_are_numbered_as_on_the_map(proposal):
    rows = point_rows(proposal.plan)
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
    new = [row for row in rows if row["spaces"] > row["spaces_before"]]
    assert rows[: len(new)] == new


def test_an_answer_that_there_is_none_says_how_much_can_be(base):
    found = solved(base, sites=ground(base)[:1], objective="cost", covered=0.99)
    assert found.plan.status == "infeasible"
    page = bikes_report_html(base.city, found)
    assert "No plan of points can do all that is asked for." in page
    assert found.plan.reasons
    out = io.StringIO()
    show_proposal(Console(file=out, width=200), base.city, found)
    assert "No plan for Grid" in out.getvalue()


def test_a_run_that_is_stopped_at_once_says_so_or_has_a_plan(base):
    found = solved(base, objective="cost", covered=0.3, seconds=1e-9)
    assert found.plan.status in {"unknown", "feasible", "optimal"}
    assert bikes_report_html(base.city, found)
    show_proposal(Console(file=io.StringIO()), base.city, found)


def test_the_console_shows_points_and_totals(base, proposal):
    out = io.StringIO()
    show_proposal(Console(file=out, width=240), base.city, proposal)
    text = out.getvalue()
    for expected in ("Dispatch points for Grid", "New points, and new places", "By 2028", "观前街 <b>"):
        assert expected in text


def test_years_that_do_not_fit_are_refused_before_a_job_begins(client):
    (error,) = problems_of(client.post(PROPOSE, json={"budget_cny": [1e5, 1e5], "years": [2028]}), 422)
    assert error["what"] == "has 2 entries for 1 years"


def test_more_sites_than_allowed_are_refused(client):
    site = {"id": "a", "lon": 120.6, "lat": 31.3}
    (error,) = problems_of(client.post(PROPOSE, json={"sites": [site] * 5001}), 422)
    assert error["where"] == "body, sites"


def test_a_job_plans_points_and_its_scenario_replays(client):
    spots = a_city().zones.lonlat[::6].tolist()
    sites = [{"id": f"site {i}", "lon": lon, "lat": lat, "spaces": 60} for i, (lon, lat) in enumerate(spots)]
    asked = {"budget_cny": 40_000, "racks": False, "sites": sites}
    job = client.post(PROPOSE, json=asked).headers["Location"]
    assert finished(client, job)["status"] == "successful"
    answer = client.get(f"{job}/results").json()
    assert answer["plan"]["kind"] == "bikes"
    assert answer["plan"]["cost_cny"] <= 40_000
    replayed = client.post(f"{HOME}/what-if", json=answer["scenario"]).json()
    assert replayed["changed"] == answer["what_if"]["changed"]
    share = replayed["changed"]["bike_trips_covered_share"]
    assert share == pytest.approx(answer["plan"]["covered_share"])


def geojson(file, *features):
    document = {"type": "FeatureCollection", "features": list(features)}
    file.write_text(json.dumps(document), encoding="utf-8")
    return file


def box(lon, lat, m, crossed=False, **properties):  # noqa: FBT002 - a test's own shorthand
    d = m / 111_000
    corners = [[lon - d, lat - d], [lon + d, lat - d], [lon + d, lat + d], [lon - d, lat + d]]
    corners = [corners[i] for i in ((0, 2, 1, 3) if crossed else (0, 1, 2, 3))]
    geometry = {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def test_the_command_line_plans_points_from_drawn_ground(luxing, base, tmp_path):
    (a, b), (c, d) = base.city.zones.lonlat[[14, 21]].tolist()
    sites = geojson(tmp_path / "sites.geojson", box(a, b, 8, id="kerb 1"), box(c, d, 8, id="kerb 2"))
    lanes = geojson(tmp_path / "lanes.geojson", box(c, d, 30, reason="fire lane"))
    low, high = base.city.roads.lonlat.min(axis=0), base.city.roads.lonlat.max(axis=0)
    town = geojson(tmp_path / "town.geojson", box(*((low + high) / 2).tolist(), 100_000))
    out = tmp_path / "plan"
    asked = ("--candidates", sites, "--exclusions", lanes, "--within", town, "--no-racks", "--budget", "50000")
    output = words(luxing("propose", CITY, "bikes", *asked, "--out", out))
    assert "New points, and new places" in output
    plan = BikesPlan.from_dict(json.loads((out / "plan.json").read_text(encoding="utf-8"))["plan"])
    assert [(row.id, row.reason) for row in plan.left_out] == [("kerb 2", "fire lane")]
    assert plan.cost_cny <= 50_000
    assert len(plan.within) == 1


def test_crossed_ground_is_refused_and_mended_when_told(luxing, base, tmp_path):
    lon, lat = base.city.zones.lonlat[14].tolist()
    sites = geojson(tmp_path / "sites.geojson", box(lon, lat, 12, crossed=True, id="kerb 1"))
    refused = words(luxing("propose", CITY, "bikes", "--candidates", sites, code=BAD_INPUT))
    assert "sites.geojson, row 1 (kerb 1): crosses itself" in refused
    done = luxing("propose", CITY, "bikes", "--candidates", sites, "--repair", "--no-racks", "--out", tmp_path / "plan")
    assert "kerb 1" in words(done)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--repair",), "--repair: is for the sites of --candidates"),
        (("--objective", "need"), "--objective"),
        (("--budget", "1", "--budget", "2"), "has 2 entries for 1 years"),
        (("--day", "weekend"), "--day: is for spaces alone"),
        (("--covered", "1.5"), "--covered"),
        (("--within", "nowhere"), "no area is called 'nowhere'"),
    ],
    ids=["repair", "objective", "money", "day", "covered", "area"],
)
def test_a_bad_option_is_named(luxing, options, told):
    assert told in words(luxing("propose", CITY, "bikes", *options, code=BAD_INPUT))
