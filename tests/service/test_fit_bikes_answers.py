"""`/v1/fit-bikes`: readings in, demand and wanted bikes out, the same as the command writes."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from homes import problems_of

FIT = "/v1/fit-bikes"
START = np.datetime64("2026-03-02T00:00")
STATIONS = [
    {"station_id": "a", "name": "桥西", "lon": 120.6225, "lat": 31.3025, "capacity": 12},
    {"station_id": "b", "lon": 120.6245, "lat": 31.3005, "capacity": 8},
    {"station_id": "c", "lon": 120.6265, "lat": 31.3045, "capacity": None},
]


def readings(days=4):
    rng, rows, bikes = np.random.default_rng(4), [], [9, 2]
    for hour in range(24 * days):
        at = str(START + np.timedelta64(60 * hour, "m"))
        trips = int(rng.poisson(2)) * (1 if hour % 24 < 14 else -1) * (hour % 24 >= 6)
        bikes = [min(max(bikes[0] - trips, 0), 12), min(max(bikes[1] + trips, 0), 8)]
        rows += [{"station_id": s, "timestamp": at, "bikes": n} for s, n in zip("abc", [*bikes, 1], strict=True)]
    return rows


def asked(**given):
    return {"stations": STATIONS, "readings": readings(), "timezone": "Asia/Shanghai"} | given


def test_readings_become_rates_a_check_and_wanted_bikes(client):
    answer = client.post(FIT, json=asked())
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["rows"] == 288
    assert found["left_out"]["of a station without capacity"] == 96
    assert found["no_capacity"] == ["c"]
    assert found["check"]["days_held"] == 2
    assert [guess["how"] for guess in found["check"]["guesses"]][:2] == ["chain", "seen"]
    rates = {(row["id"], row["day"]): row for row in found["rates"]}
    assert len(rates["a", "weekday"]["pickups"]) == 24
    assert sum(rates["a", "weekday"]["pickups"][6:14]) > sum(rates["a", "weekday"]["pickups"][14:])
    assert found["fails_wanted"] <= found["fails_before"]
    assert "bikes.profile_h" in {row["key"] for row in found["defaults"]}


def test_the_command_wants_the_same(client, luxing, tmp_path):
    rows, out = readings(), tmp_path / "wanted.csv"
    for name, table in (("status", rows), ("stations", [{"name": ""} | station for station in STATIONS])):
        with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, table[0])
            writer.writeheader()
            writer.writerows(table)
    given = ("--stations", tmp_path / "stations.csv", "--timezone", "Asia/Shanghai", "--fleet", "9", "--out", out)
    luxing("fit-bikes", tmp_path / "status.csv", *given)
    with out.open(encoding="utf-8-sig") as file:
        told = {row["id"]: int(row["wanted"]) for row in csv.DictReader(file)}
    found = client.post(FIT, json=asked(fleet=9)).json()
    assert {station["id"]: station["wanted"] for station in found["stations"]} == told
    assert sum(told.values()) <= 9


def test_seconds_and_repairs(client):
    rows = [{"station_id": "a", "last_updated": 1_772_400_000 + 3600 * k, "bikes": 5 + 10 * (k == 3)} for k in range(9)]
    given = {"readings": rows, "days_held_out": 0}
    left = client.post(FIT, json=asked(**given)).json()
    assert (left["left_out"]["more bikes than docks"], left["first_rows"]["more bikes than docks"]) == (1, 4)
    assert left["check"] is None
    repaired = client.post(FIT, json=asked(**given, clip=["bikes"])).json()
    assert (repaired["left_out"]["more bikes than docks"], repaired["clipped"]) == (0, {"bikes": 1})


WRONG = {
    "zone": ({"timezone": "Mars"}, "is not known"),
    "days": ({"days_held_out": 9}, "hold out fewer"),
    "time": ({"readings": [{"station_id": "a", "timestamp": "noon", "bikes": 3}]}, "row 1"),
    "no time": ({"readings": [{"station_id": "a", "bikes": 3}]}, "last_updated"),
    "none": ({"readings": []}, "at least 1"),
    "no capacity": ({"stations": STATIONS[2:]}, "can be believed"),
    "day": ({"day": "Monday"}, "weekday"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_makes_no_sense_is_named(client, case):
    given, words = WRONG[case]
    answer = client.post(FIT, json=asked(**given))
    assert words in str(problems_of(answer, 422))
