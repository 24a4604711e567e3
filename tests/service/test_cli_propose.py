from __future__ import annotations

import errno
import json
import re

import pytest
from homes import CITY, tree, words

from service.cli import BAD_INPUT


def test_a_proposal_shows_its_proof_and_writes_a_plan_that_replays(luxing, tmp_path):
    out = tmp_path / "plan"
    arguments = ("propose", CITY, "chargers", "--budget", "1500000", "--seed", "3", "--targets", "public_plugs>=20")
    output = words(luxing(*arguments, "--out", out))
    for text in ("Sites chosen", "New plugs", "Cost", "demand served", "Objective", "Bound", "Gap", "Green-trip share"):
        assert text in output
    for text in ("Verified", "public_plugs >= 20", "synthetic", "© OpenStreetMap"):
        assert text in output
    assert {"plan.json", "plan.geojson", "sites.csv", "report.html"} <= {f.name for f in out.iterdir()}
    first = tree(out)
    luxing(*arguments, "--out", tmp_path / "again")
    assert tree(tmp_path / "again") == first
    answer = json.loads(luxing("what-if", CITY, out / "plan.json", "--json").stdout)
    plan = json.loads((out / "plan.json").read_bytes())
    assert {n: m["after"] for n, m in plan["metrics"].items()} == answer["changed"]


def test_a_plan_goes_home_where_no_folder_is_named(luxing, settings):
    luxing("propose", CITY, "chargers", "--budget", "400000")
    (folder,) = settings.plans_folder.iterdir()
    assert folder.name.startswith(f"{CITY}-chargers-served-")


def test_targets_may_stand_in_a_file(luxing, tmp_path):
    file = tmp_path / "targets.txt"
    file.write_text(
        "# what we want\npublic_plugs>=20\n\ncharging_served_share >= 30%  # more or less\n", encoding="utf-8"
    )
    output = words(luxing("propose", CITY, "chargers", "--budget", "400000", "--targets", file))
    assert "public_plugs >= 20" in output
    assert "charging_served_share >= 0.3" in output


def test_what_cannot_be_is_an_answer_with_its_reason(luxing, tmp_path):
    wanted = ("--targets", "public_plugs>=80")
    output = words(luxing("propose", CITY, "chargers", "--budget", "100000", *wanted, "--out", tmp_path / "plan"))
    assert "No plan for Grid 格 can do all of this: •" in output
    assert "not met public_plugs >= 80" in output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--budget", "0"], "--budget: is 0.0 → it should be greater than or equal to 0.01"),
        (["--budget", "-5"], "--budget: is -5.0 →"),
        (["--budget", "nan"], "--budget: is nan → it should be a finite number"),
        (["--budget", "much"], "--budget"),
        ([], "--budget"),
        (["--budget", "1", "--seconds", "0"], "--seconds: is 0.0"),
        (["--budget", "1", "--seed", "-1"], "--seed: is -1"),
        (["--budget", "1", "--objective", "beauty"], "distance"),
        (["--budget", "1", "--targets", "beauty>=1"], "beauty"),
        (["--budget", "1", "--targets", "public_plugs>=many"], "many"),
        (["--budget", "1", "--targets", "no-such-file"], "neither a target nor a readable file"),
        (["--budget", "1", "--years", "27"], "--years 27: is not a span of years → write 2027-2031, or one year"),
        (["--budget", "1", "--years", "2029-2027"], "--years 2029-2027: is not a span of years"),
        (["--budget", "1", "--years", "2026-2050"], "--years: List should have at most 20 items"),
        (["--budget", "1", "--budget", "2"], "budget_cny: has 2 entries for 1 years → give the money of each year"),
        (["--budget", "1", "--budget", "0"], "--budget[1]: is 0.0"),
        (["--budget", "1", "--least", "parking"], "--least parking: cannot be read → write KIND=PLUGS"),
        (["--budget", "1", "--least", "parking=-1"], "--least parking=-1: cannot be read"),
        (["--budget", "1", "--least", "harbour=2"], "kinds are kerb, parking"),
        (["--budget", "1", "--floor", "1.5"], "--floor: is 1.5"),
        (["--budget", "1", "--objective", "cost"], "give a target such as charging_served_share>=0.8"),
        (["--budget", "1", "--objective", "distance", "--ahead"], "is for one year, without further rules"),
        (["--budget", "1", "--vehicles", "2"], "--vehicles: is for loops alone → leave it out"),
    ],
)
def test_a_proposal_that_cannot_be_is_refused(luxing, settings, arguments, told):
    before = tree(settings.home)
    assert told in words(luxing("propose", CITY, "chargers", *arguments, code=BAD_INPUT))
    assert tree(settings.home) == before


@pytest.mark.parametrize(
    "options", [["--years", "2027"], ["--least", "parking=2"], ["--floor", "0.1"], ["--ahead"], ["--objective", "cost"]]
)
def test_options_for_chargers_mean_nothing_elsewhere(luxing, options):
    output = words(luxing("propose", CITY, "stops", *options, code=BAD_INPUT))
    assert re.search(f"{options[0]}: is for chargers[a-z, ]* alone → leave it out", output)


def test_a_folder_that_holds_something_else_is_refused_before_a_plan_is_looked_for(luxing, monkeypatch, tmp_path):
    monkeypatch.setattr("service.engine.Engine.propose", lambda *_: pytest.fail("a plan was looked for"))
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "me.jpg").write_bytes(b"x")
    before = tree(folder)
    output = words(luxing("propose", CITY, "chargers", "--budget", "400000", "--out", folder, code=BAD_INPUT))
    assert "me.jpg" in output
    assert tree(folder) == before


def test_a_disk_that_refuses_is_told_without_a_traceback(luxing, tmp_path):
    (tmp_path / "file").write_bytes(b"")
    out = tmp_path / "file" / "plan"
    assert "file" in words(luxing("propose", CITY, "chargers", "--budget", "400000", "--out", out, code=BAD_INPUT))


def test_a_full_disk_is_told_without_a_traceback(luxing, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("service.report.write_plan_folder", full)
    out = ("--out", tmp_path / "plan")
    assert "No space left" in words(luxing("propose", CITY, "chargers", "--budget", "4e5", *out, code=BAD_INPUT))


def test_every_target_that_cannot_be_read_is_named(luxing):
    wrong = ("--targets", "beauty>=1", "--targets", "public_plugs>=many")
    output = words(luxing("propose", CITY, "chargers", "--budget", "1", *wrong, code=BAD_INPUT))
    assert "beauty" in output
    assert "many" in output


def test_a_narrow_terminal_shows_ids_whole(luxing, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", "50")
    output = luxing("propose", CITY, "chargers", "--budget", "1500000", "--out", tmp_path / "plan").output
    table = output[output.index("place") : output.index("Sites chosen")]
    assert "…" not in "".join(line.split("│")[1] for line in table.splitlines() if line.startswith("│"))


def test_years_kinds_areas_and_budgets_are_options(luxing, tmp_path):
    options = ("--years", "2026-2027", "--budget", "300000", "--budget", "100000", "--least", "parking=6")
    more = ("--floor", "0.05", "--seconds", "20", "--out", tmp_path / "plan")
    output = words(luxing("propose", CITY, "chargers", *options, *more))
    plan = json.loads((tmp_path / "plan" / "plan.json").read_bytes())["plan"]
    assert [(y["year"], y["budget_cny"]) for y in plan["years"]] == [(2026, 300_000), (2027, 100_000)]
    assert sum(s["new_plugs"] for s in plan["sites"] if s["kind"] == "parking") >= 4
    for year in plan["years"]:
        share = year["served_kwh"] / year["wanted_kwh"]
        assert f"{year['year']} │ {year['spent_cny']:,.0f} CNY spent" in output
        assert f"{100 * share:.1f}% of {year['wanted_kwh']:,.0f} kWh a day" in output


def test_money_that_buys_nothing_is_said(luxing, tmp_path):
    output = words(luxing("propose", CITY, "chargers", "--budget", "10", "--out", tmp_path / "plan"))
    assert "10 CNY buy no plug that would help Grid 格" in output
    assert "0 of 10 CNY" in output


def test_objective_and_bound_have_their_unit(luxing, tmp_path):
    out = tmp_path / "plan"
    output = words(luxing("propose", CITY, "chargers", "--budget", "1500000", "--out", out))
    value = json.loads((out / "plan.json").read_bytes())["plan"]["value"] / 10
    assert f"{value:,.1f} kWh/day, served" in output
