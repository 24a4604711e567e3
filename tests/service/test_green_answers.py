"""Definitions of green as data, shown side by side everywhere; CO2 by mode; what replaced what."""

from __future__ import annotations

import json
import shutil

import pytest
from homes import CITY, DATA, HOME, WHAT_IF

from network import METRICS, InputError
from service import green, policy
from service.green_schemas import GreenShare

FILE = "policy/green_definitions.csv"
PARKING = {"edits": [{"type": "set_price", "item": "parking", "cny": 30.0}]}


def test_the_file_holds_each_option_and_one_official_wording():
    given = {d.id: d for d in green.definitions(DATA)}
    assert [d.id for d in given.values() if d.official] == ["official"]
    assert "490" in given["official"].source
    ebike = {d.weights[2] for d in given.values()}
    assert ebike == {0.0, 0.5, 1.0}
    assert {d.weights[9] for d in given.values()} == {0.0, 1.0}
    assert {d.ferry for d in given.values()} == {0.0, 1.0}
    assert {d.persons for d in given.values()} == {"residents", "all"}
    assert {d.unit for d in given.values()} == {"trip", "stage"}
    assert {d.least_m for d in given.values()} == {0.0, 500.0}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (",ferry,source\n", ",ferry,source,tram\n", ["column tram", "no trip mode"]),
        (",car,taxi,", ",car,", ["lacks the columns taxi"]),
        ("\nebike_half,", "\nebike,", ["row 'ebike'", "2 times"]),
        ("\nebike_half,", "\n,", ["row ''", "has no id"]),
        ("\nofficial,yes,", "\nofficial,,", ["column official", "no row"]),
        ("\nstage,,", "\nstage,yes,", ["official, stage", "one row"]),
        (",0.5,", ",-0.5,", ["row ebike_half, column ebike", "-0.5"]),
        (",0.5,", ",half,", ["row ebike_half, column ebike", "half"]),
        (",0.5,", ",nan,", ["row ebike_half, column ebike"]),
        (",all,trip,", ",everyone,trip,", ["row all_persons, column persons", "residents, all"]),
        (",stage,0,", ",leg,0,", ["row stage, column unit"]),
        (",stage,0,", ",stage,500,", ["row stage, column least_m", "stages"]),
        (",trip,500,", ",trip,400,", ["row over_500_m, column least_m", "500"]),
        (
            ",trip,500,1,1,0,1,1,1,0,0,1,1,1,",
            ",trip,500,1,1,0,1,1,1,0,0,1,1,0,",
            ["row over_500_m, column ferry", "all"],
        ),
    ],
)
def test_damaged_definitions_are_named(tmp_path, old, new, words):
    shutil.copytree(DATA / "policy", tmp_path / "policy")
    file = tmp_path / FILE
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as error:
        green.definitions(tmp_path)
    assert all(word in str(error.value) for word in words), str(error.value)


def test_a_city_is_told_by_every_definition(client):
    answer = client.get(HOME).json()
    shares = {row["id"]: row for row in answer["green_shares"]}
    assert list(shares) == [d.id for d in green.definitions(DATA)]
    assert [row["id"] for row in shares.values() if row["official"]] == ["official"]
    metrics = answer["metrics"]
    assert shares["official"]["value"] == pytest.approx(metrics["green_trip_share_without_ebike"])
    assert shares["ebike"]["value"] == pytest.approx(metrics["green_trip_share"])
    assert shares["ebike_half"]["value"] == pytest.approx((shares["official"]["value"] + shares["ebike"]["value"]) / 2)
    carbon = answer["carbon"]
    assert sum(m["with_electricity_kg"] for m in carbon["modes"]) == pytest.approx(1000 * metrics["co2_t_per_day"])
    assert sum(m["tank_to_wheel_kg"] for m in carbon["modes"]) == pytest.approx(
        1000 * metrics["co2_tank_to_wheel_t_per_day"]
    )
    assert (carbon["basis"]["year"], carbon["basis"]["grid_year"], carbon["basis"]["stands_in"]) == (2026, 2026, False)


def test_a_what_if_is_told_by_every_definition(client):
    answer, base = client.post(WHAT_IF, json=PARKING).json(), client.get(HOME).json()
    assert [row["base"] for row in answer["green_shares"]] == [row["value"] for row in base["green_shares"]]
    for row in answer["green_shares"]:
        assert row["difference"] == row["changed"] - row["base"]
    assert answer["carbon_base"] == base["carbon"] != answer["carbon_changed"]
    (target,) = (row for row in answer["targets"] if row["id"] == "GTS-1")
    listed = {row["id"]: row["value"] for row in target["green_shares"]}
    assert listed == {row["id"]: row["changed"] for row in answer["green_shares"]}
    assert [reading["metric"] for reading in target["readings"]] == [
        "green_trip_share",
        "green_trip_share_without_ebike",
    ]
    assert not next(row for row in answer["targets"] if row["id"] == "GTS-3")["green_shares"]


def test_a_year_beyond_the_known_factors_is_flagged(client):
    answer = client.post(WHAT_IF, json={"edits": [{"type": "set_year", "year": 2040}]}).json()
    basis = answer["carbon_changed"]["basis"]
    assert (basis["year"], basis["grid_year"], basis["stands_in"]) == (2040, 2026, True)


def test_what_replaced_what_is_told_on_request(client):
    plain = client.post(WHAT_IF, json=PARKING).json()
    asked = client.post(f"{WHAT_IF}?replaced=true", json=PARKING).json()
    assert plain["replaced"] is None
    assert asked | {"replaced": None} == plain
    found = asked["replaced"]
    rows = found["rows"]
    assert rows and rows == sorted(rows, key=lambda row: -row["trips_per_day"])
    assert {row["before"] for row in rows} == {"car"}
    saved = sum(row["with_electricity_saved_kg"] for row in rows) + found["kept_with_electricity_saved_kg"]
    assert saved == pytest.approx(found["with_electricity_saved_kg"], abs=0.1)
    assert found["with_electricity_saved_kg"] == pytest.approx(-1000 * plain["difference"]["co2_t_per_day"])
    assert found["tank_to_wheel_saved_kg"] == pytest.approx(-1000 * plain["difference"]["co2_tank_to_wheel_t_per_day"])
    nothing = client.post(f"{WHAT_IF}?replaced=true", json={"edits": []}).json()["replaced"]
    assert (nothing["rows"], nothing["with_electricity_saved_kg"]) == ([], 0)


def test_only_rows_on_the_green_share_list_the_definitions():
    shares = [
        GreenShare(
            id="official", official=True, label_en="a", label_zh="甲", persons="all", unit="trip", source="", value=1
        )
    ]
    rows = {row.id: row for row in policy.targets(DATA, ["gusu"], dict.fromkeys(METRICS, 0.5), shares)}
    assert rows["GTS-1"].green_shares == shares
    assert not rows["GTS-2"].green_shares and not rows["GTS-3"].green_shares


def test_the_command_line_shows_them_side_by_side(luxing, scenario):
    file = scenario(json.dumps(PARKING))
    out = luxing("what-if", CITY, file, "--replaced").output
    for words in (
        "E-bikes counted as half",
        "(official)",
        "tank to wheel",
        "0.6 kg/kWh (made up, 2026)",
        "What replaced",
    ):
        assert words in out, words
    assert "What replaced" not in luxing("what-if", CITY, file).output
    assert json.loads(luxing("what-if", CITY, file, "--replaced", "--json").stdout)["replaced"]["rows"]
    assert "(official)" in luxing("targets", CITY).output
    assert "(官方口径)" in luxing("targets", CITY, "--lang", "zh").output


def test_a_report_gives_every_definition(luxing, tmp_path):
    luxing("propose", CITY, "park-ride", "--budget", "500000", "--out", tmp_path / "plan")
    page = (tmp_path / "plan" / "report.html").read_text(encoding="utf-8")
    for d in green.definitions(DATA):
        assert d.label_zh in page
    assert page.count("官方口径") == 1
    assert "0.6 kg/kWh (made up, 2026)" in page
