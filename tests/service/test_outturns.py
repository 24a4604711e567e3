"""Reported figures beside what the model gives: 10,491 spaces are 105 % of 10,000."""

from __future__ import annotations

import csv
import json

import pytest
from homes import CITY, DATA, words

from network import METRICS, InputError
from optimise import Target, judge
from service import policy
from service.cli import BAD_INPUT
from service.outturns import known_outturns, read_outturns, reported

ROWS = list(csv.DictReader((DATA / "policy" / "targets.csv").read_text(encoding="utf-8").splitlines()))
AREAS = ["suzhou_city", "gusu"]
NOTHING = dict.fromkeys(METRICS, 0.0)
HEAD = "target,area,year,value,unit,source\n"


def written(folder, *lines):
    file = folder / "ours.csv"
    file.write_text(HEAD + "".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def rows_of(areas, file=None):
    return {row.id: row for row in policy.targets(DATA, areas, NOTHING, outturns=file)}


@pytest.mark.parametrize(
    ("row", "value", "unit", "percent"),
    [("PRK-1", 10_491, "spaces", 105), ("PRK-2", 35, "lots", 175), ("PRK-3", 1532, "spaces", 102)],
)
def test_what_gusu_reports_of_2025_is_judged(row, value, unit, percent):
    told = rows_of(["姑苏区"])[row].reported
    assert (told.value, told.unit, told.year, round(told.percent), told.met) == (value, unit, 2025, percent, True)
    assert "re-hosted" in told.source
    assert told.note
    assert told.note_zh


def test_the_model_keeps_its_own_verdict():
    row = rows_of(["gusu"])["PRK-2"]
    (reading,) = row.readings
    assert (reading.value, reading.met, row.reported.met) == (0.0, False, True)


def test_another_city_has_no_reported_figures():
    assert all(row.reported is None for row in rows_of(["suzhou_urban"]).values())


def test_a_file_of_ones_own_comes_before_and_the_latest_year_counts(tmp_path):
    file = written(
        tmp_path,
        "PRK-1,gusu,2025,9000,spaces,our count",
        "shared_lots,gusu,2027,12,lots,our count",
        "PRK-3,gusu,2024,99,spaces,our count",
    )
    rows = rows_of(["gusu"], file)
    assert (rows["PRK-1"].reported.percent, rows["PRK-1"].reported.met) == (90.0, False)
    assert (rows["PRK-2"].reported.year, rows["PRK-2"].reported.percent) == (2027, 60.0)
    assert rows["PRK-3"].reported.value == 1532


def test_a_row_by_hand_is_held_against_the_number_of_its_text(tmp_path):
    told = rows_of(["suzhou_city"], written(tmp_path, "INF-1,suzhou_city,2025,3,projects,office"))["INF-1"].reported
    assert (told.percent, told.met) == (150.0, True)


@pytest.mark.parametrize(
    ("comparison", "value", "met"),
    [("at_most", 0.5, True), ("at_most", 0.9, False), ("equal", 0.7, True), ("equal", 0.71, False), ("about", 1, None)],
)
def test_verdicts_follow_the_comparison(tmp_path, comparison, value, met):
    row = next(row for row in ROWS if row["id"] == "GTS-1") | {"comparison": comparison}
    outturns = read_outturns(written(tmp_path, f"GTS-1,gusu,2025,{value},share,survey"), ROWS, AREAS)
    assert reported(row, outturns).met is met


BAD = [
    ("PRK-9,gusu,2025,1,spaces,x", "no target or metric is called 'PRK-9'", "PRK-1"),
    ("PRK-1,gusu,2025,1,lots,x", "unit is 'lots', PRK-1 is counted in spaces", "convert"),
    ("PRK-1,gusuu,2025,1,spaces,x", "no area is called 'gusuu'", "suzhou_city, gusu"),
    ("PRK-1,gusu,25,1,spaces,x", "year is '25'", "2025"),
    ('PRK-1,gusu,2025,"10,491",spaces,x', "value is '10,491'", "without separators"),
    ("PRK-1,gusu,2025,-1,spaces,x", "value is '-1', not a number of zero or more", "write 10491"),
    ("PRK-1,gusu,2025,nan,spaces,x", "value is 'nan'", "write 10491"),
    ("PRK-1,gusu,2025,1,spaces,", "has no source", "fill it in"),
    ("PRK-1,gusu,2025,1,spaces,a, b,,", "more cells than the header", "quote"),
]


@pytest.mark.parametrize(("line", "what", "hint"), BAD, ids=[what[:30] for _, what, _ in BAD])
def test_a_bad_row_is_named(tmp_path, line, what, hint):
    with pytest.raises(InputError) as error:
        read_outturns(written(tmp_path, "PRK-2,gusu,2025,1,lots,x", line), ROWS, AREAS)
    (problem,) = error.value.problems
    assert "ours.csv, line 3" in problem.where
    assert what in problem.what
    assert hint in problem.hint


def test_all_bad_rows_are_named_at_once_and_nothing_twice(tmp_path):
    with pytest.raises(InputError) as error:
        read_outturns(written(tmp_path, *(line for line, _, _ in BAD), *["PRK-2,gusu,2025,1,lots,x"] * 2), ROWS, AREAS)
    assert len(error.value.problems) == len(BAD) + 1
    assert "says again what line" in error.value.problems[-1].what


@pytest.mark.parametrize(
    ("data", "what"), [(b"target,area\nPRK-1,gusu\n", "lacks the columns"), (b"\xff\xfe\x00", "cannot be read")]
)
def test_a_file_that_is_no_table_is_named(tmp_path, data, what):
    file = tmp_path / "ours.csv"
    file.write_bytes(data)
    with pytest.raises(InputError, match=what):
        read_outturns(file, ROWS, AREAS)
    with pytest.raises(InputError, match="cannot be read"):
        read_outturns(tmp_path / "none.csv", ROWS, AREAS)


def test_a_data_folder_without_such_a_file_has_none(tmp_path):
    assert known_outturns(tmp_path, ROWS, AREAS) == []


def test_the_command_line_shows_model_and_report_and_reads_a_file(luxing, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "600")
    output = words(luxing("targets", CITY))
    assert "reported 2025: 10,491, 105 %, met" in output
    file = written(tmp_path, "PRK-1,gusu,2025,9000,spaces,our count")
    assert "reported 2025: 9,000, 90 %, not met" in words(luxing("targets", CITY, "--outturns", str(file)))
    rows = {row["id"]: row for row in json.loads(luxing("targets", CITY, "--json").stdout)}
    assert rows["PRK-2"]["reported"]["percent"] == 175.0
    assert rows["GTS-1"]["reported"] is None
    bad = written(tmp_path, "PRK-1,gusu,2025,many,spaces,our count")
    assert "ours.csv, line 2" in words(luxing("targets", CITY, "--outturns", str(bad), code=BAD_INPUT))


def test_verdicts_on_plans_say_what_is_reported():
    lots = Target(metric="shared_lots", op="at_least", value=20.0)
    green = Target(metric="green_trip_share", op="at_least", value=0.7)
    verdicts = judge(NOTHING, [lots, green], {lots: "proven"})
    told, other = policy.beside_reported(DATA, ["gusu"], verdicts)
    assert told.note == "proven; reported 2025: 35 lots, 175 % of PRK-2"
    assert (told.met, other) == (False, verdicts[1])
    assert policy.beside_reported(DATA, ["suzhou_urban"], verdicts) == verdicts


def test_the_page_of_a_plan_lists_what_is_reported(luxing, tmp_path):
    out = tmp_path / "plan"
    luxing("propose", CITY, "spaces", "--budget", "100000", "--targets", "new_parking_spaces>=1", "--out", out)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "reported 2025: 10,491 spaces, 105 % of PRK-1" in page
