from __future__ import annotations

import csv
import shutil

import pytest
from homes import DATA

from network import METRICS, InputError
from service import policy

ROWS = list(csv.DictReader((DATA / "policy" / "targets.csv").read_text(encoding="utf-8").splitlines()))
METRIC = dict.fromkeys(METRICS, 0.5)


def by_id(areas, metrics=METRIC):
    return {row.id: row for row in policy.targets(DATA, areas, metrics)}


def test_no_row_is_missing_and_the_order_stays():
    assert list(by_id(["姑苏区"])) == [row["id"] for row in ROWS]
    assert list(by_id([])) == [row["id"] for row in ROWS]


def test_every_row_says_how_it_is_answered():
    rows = by_id(["gusu"])
    for row in ROWS:
        words = {"computed": "computed", "hand": "tracked by hand", "not_yet": "not yet modelled"}
        assert rows[row["id"]].status == words[row["tracking"]]


@pytest.mark.parametrize("name", ["gusu", "姑苏区", "Gusu district"])
@pytest.mark.parametrize(("share", "gap", "met"), [(0.5, 0.2, False), (0.7, 0.0, True), (0.9, 0.0, True)])
def test_a_computed_row_has_value_target_gap_and_verdict(name, share, gap, met):
    row = by_id([name], METRIC | {"green_trip_share": share})["GTS-1"]
    reading = row.readings[0]
    assert (reading.value, row.target, reading.met) == (share, 0.7, met)
    assert reading.gap == pytest.approx(gap, abs=1e-12)


def test_a_text_that_can_be_read_two_ways_is_judged_both_ways():
    shares = {"green_trip_share": 0.75, "green_trip_share_without_ebike": 0.55}
    with_ebikes, without = by_id(["gusu"], METRIC | shares)["GTS-1"].readings
    assert (with_ebikes.value, with_ebikes.met, without.value, without.met) == (0.75, True, 0.55, False)
    assert without.gap == pytest.approx(0.15)


@pytest.mark.parametrize(("share", "gap", "met"), [(1.0, 0.0, True), (0.9, 0.1, False), (None, None, None)])
def test_a_row_that_asks_for_all_is_judged(share, gap, met):
    names = ("rail_entrance_bus_share", "rail_entrance_bus_share_straight")
    row = by_id(["suzhou_city"], METRIC | dict.fromkeys(names, share))["TRN-2"]
    assert tuple(reading.metric for reading in row.readings) == names
    assert all(reading.met is met for reading in row.readings)
    assert row.readings[0].gap == (None if gap is None else pytest.approx(gap))


def test_a_figure_without_meaning_gets_no_verdict():
    row = by_id(["gusu"], METRIC | {"green_trip_share": None})["GTS-1"]
    assert (row.readings[0].value, row.readings[0].gap, row.readings[0].met) == (None, None, None)


def test_another_area_is_not_judged_and_says_so():
    row = by_id(["gusu"])["GTS-2"]
    assert not row.applies
    assert row.readings == []
    assert "suzhou_urban" in row.note


def test_buses_are_judged_clean_and_electric_apart():
    shares = {"bus_stock_clean_share": 0.95, "bus_stock_electric_share": 0.8}
    clean, electric = by_id(["gusu"], METRIC | shares)["FLT-2"].readings
    assert (clean.met, electric.met) == (True, False)
    assert electric.gap == pytest.approx(0.12)


def test_piles_of_the_whole_city_are_asked_of_a_model_of_the_whole_city():
    piles = METRIC | {"charging_piles_total": 150_000.0}
    assert by_id(["gusu", "gusu_old_town"], piles)["CHG-1"].readings == []
    (reading,) = by_id(["suzhou_city"], piles)["CHG-1"].readings
    assert (reading.value, reading.gap, reading.met) == (150_000, 50_000, False)


def test_advice_without_a_threshold_has_a_value_and_no_verdict():
    row = by_id(["gusu"])["GTS-3"]
    (reading,) = row.readings
    assert (reading.value, row.target, reading.gap, reading.met) == (0.5, None, None, None)


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("0.70,share", "lots,share", "GTS-1, column target_value"),
        ("tracking,luxing_metric", "tracking,metric2", "luxing_metric"),
        (",computed,green_trip_share;", ",computed,green_share;", "GTS-1"),
        (",gusu,computed,new_", ",gusu,never,new_", "PRK-1, column tracking"),
    ],
)
def test_a_damaged_file_is_named_with_its_row(tmp_path, old, new, place):
    shutil.copytree(DATA / "policy", tmp_path / "policy")
    file = tmp_path / "policy" / "targets.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        policy.targets(tmp_path, ["gusu"], METRIC)
    assert place in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"policy/areas\.csv"):
        policy.targets(tmp_path, [], METRIC)
