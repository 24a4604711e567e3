"""`luxing corridors` and POST /v1/corridors as a planner uses them."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import pytest
from homes import DATA, problems_of, words
from starlette.testclient import TestClient
from typer.testing import CliRunner

from service.api import create_app
from service.api_corridors import _CORRIDORS
from service.cli import BAD_INPUT, app
from service.settings import Settings

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "corridor"
FILES = {"corridor.json", "stations.csv", "trips.csv", "corridor.geojson", "report.html"}


@pytest.fixture
def luxing(tmp_path):
    """Runs a command in a home without a city: corridors need none."""

    def run(*arguments, code=0):
        command = ["--home", str(tmp_path / "home"), "--data", str(DATA), *map(str, arguments)]
        result = CliRunner().invoke(app, command)
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return run


@pytest.fixture
def client(tmp_path):
    return TestClient(create_app(Settings(home=tmp_path / "home", data=DATA)))


@pytest.fixture
def tables(tmp_path):
    return Path(shutil.copytree(EXAMPLE, tmp_path / "corridor"))


def rows_of(name):
    with (EXAMPLE / f"{name}.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def body(**limits):
    """The example as a request."""
    numbers = {"lon", "lat", "length_km", "vehicles_per_day", "share", "range_km", "kwh_per_km", "open_cny", "grid_kw"}
    lists = {}
    for name in ("nodes", "links", "flows", "vehicles"):
        lists[name] = [
            {k: float(v) if k in numbers else int(v) if k == "plugs" else v for k, v in row.items() if v}
            for row in rows_of(name)
        ]
    return lists | limits


def edited(folder, name, old, new):
    file = folder / f"{name}.csv"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_plan_is_shown_and_written(luxing, tmp_path):
    out = tmp_path / "plan"
    shown = words(luxing("corridors", EXAMPLE, "--sites", 4, "--out", out))
    for text in ("Reed Marsh services", "Vehicles a day", "cold days", "Who does not get through", "gap 0%", str(out)):
        assert text in shown
    assert {p.name for p in out.iterdir()} == FILES
    plan = json.loads((out / "corridor.json").read_text(encoding="utf-8"))
    assert plan["status"] == "optimal"
    assert plan["value"] == plan["bound"]
    assert plan["added_by_winter"] and plan["dropped_by_winter"]
    with (out / "stations.csv").open(encoding="utf-8-sig") as file:
        assert [r["id"] for r in csv.DictReader(file)] == [s["id"] for s in plan["stations"]]
    points = [f for f in json.loads((out / "corridor.geojson").read_text())["features"] if "plugs" in f["properties"]]
    assert {f["properties"]["id"]: f["properties"]["plugs"] for f in points} == {
        s["id"]: s["plugs"] for s in plan["stations"]
    }
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<td>harbour</td>" not in page
    assert "<td>Harbour City 港城</td>" in page
    assert "Who does not get through" in page and "http" not in page.replace("http://www.w3.org/2000/svg", "")
    again = tmp_path / "again"
    luxing("corridors", EXAMPLE, "--sites", 4, "--out", again)
    assert {p.name: p.read_bytes() for p in out.iterdir()} == {p.name: p.read_bytes() for p in again.iterdir()}


def test_command_and_api_tell_the_same(luxing, client):
    told = json.loads(luxing("corridors", EXAMPLE, "--sites", 2, "--temperature", -10, "--json").stdout)
    answer = client.post("/v1/corridors", json=body(sites=2, temperature_c=-10))
    assert answer.status_code == 200, answer.text
    for name in ("stations", "trips", "cases", "value", "bound", "status", "cost_cny", "backlog_cny", "inputs"):
        assert answer.json()[name] == told[name], name


def test_the_example_of_the_api_and_the_vehicles_of_the_parameters(client):
    (example,) = _CORRIDORS.values()
    plan = client.post("/v1/corridors", json=example["value"]).json()
    assert {s["id"] for s in plan["stations"]} == {"reed", "hill"}
    assert "corridors.vehicles" in {d["key"] for d in plan["defaults"]}
    assert plan["value"] > 0


def test_a_budget_is_kept_and_one_that_buys_nothing_is_said(luxing):
    plan = json.loads(luxing("corridors", EXAMPLE, "--budget", 4_000_000, "--json").stdout)
    assert 0 < plan["cost_cny"] <= 4_000_000
    assert plan["bound"] >= plan["value"] > 0
    shown = words(luxing("corridors", EXAMPLE, "--budget", 1000))
    assert "1,000 CNY buy no station: the cheapest costs 1,360,000 CNY" in shown


@pytest.mark.parametrize(
    ("table", "old", "new", "said"),
    [
        ("links", "reed,silk,41", "reed,silk,-41", "links.csv, row 4, column length_km"),
        ("links", "reed,silk,41", "reed,silk,41000", "kilometres, not metres"),
        ("links", "reed,silk,41", "reed,silc,41", "links.csv, row 4, column to: no node is called 'silc'"),
        ("nodes", "0,,2400", "0,,2400000", "nodes.csv, row 4, column grid_kw: is 2,400,000"),
        ("nodes", "121.02,31.3,", "31.3,121.02,", "are the columns swapped?"),
        ("nodes", "service_area,4,", "service_area,4.5,", "4.5 is not a whole number"),
        ("nodes", "j1,West junction", "harbour,West junction", "'harbour' stands at nodes.csv, row 2, column id"),
        ("flows", "harbour,capital,180", "harbour,capital,many", "flows.csv, row 2, column vehicles_per_day"),
        ("flows", "harbour,capital,180", "harbour,capital,-180", "flows.csv, row 2, column vehicles_per_day: is -180"),
        ("vehicles", ",0.13", ",130", "vehicles.csv, row 2, column kwh_per_km: is 130 (kWh (not Wh)"),
        ("links", "from,to", "von,to", "there is no column from"),
    ],
    ids=["negative", "metres", "unknown", "watts", "swapped", "half", "twice", "words", "less", "wh", "header"],
)  # fmt: skip
def test_bad_tables_are_named_by_row(luxing, tables, table, old, new, said):
    edited(tables, table, old, new)
    out = tables / "out"
    shown = words(luxing("corridors", tables, "--sites", 2, "--out", out, code=BAD_INPUT)).replace(" → (", " (")
    shown = shown.replace(" → ", " (")
    assert said in shown
    assert not out.exists()


def test_problems_of_all_tables_are_told_at_once(luxing, tables):
    edited(tables, "flows", "harbour,capital,180", "harbour,capital,many")
    (tables / "links.csv").unlink()
    shown = words(luxing("corridors", tables, "--sites", 2, code=BAD_INPUT))
    assert "flows.csv, row 2" in shown
    assert "links.csv" in shown and "the file is not there" in shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "sites, budget: are both missing"),
        (("--sites", 99), "there are 9 nodes that may get a station"),
        (("--budget", -5), "--budget"),
        (("--sites", 1, "--temperature", 700), "--temperature"),
        (("--sites", 1, "--usable-share", 1.5), "--usable-share"),
        (("--sites", 1, "--kind", "hotel"), "--kind"),
    ],
    ids=["none", "many", "debt", "hot", "share", "kind"],
)
def test_limits_that_cannot_be_meant_are_refused(luxing, options, said):
    assert said in words(luxing("corridors", EXAMPLE, *options, code=BAD_INPUT))


def test_problems_over_http_name_the_entry(client):
    asked = body(sites=1)
    asked["links"][2]["length_km"] = -1.0
    asked["flows"][0]["origin"] = "moon"
    errors = problems_of(client.post("/v1/corridors", json=asked), 422)
    assert {e["where"] for e in errors} == {"links[2].length_km", "flows[0].origin"}
    errors = problems_of(client.post("/v1/corridors", json=body(sites=1) | {"nodes": [{"id": "a"}]}), 422)
    assert {e["where"] for e in errors} == {f"body, nodes[0].{name}" for name in ("lon", "lat", "kind")}
