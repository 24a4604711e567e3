"""`luxing fit-bikes` as a planner runs it: a series in, what was not seen, a check, and a table for the vans."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from homes import CITY, words

TABLE = "station_id,name,lon,lat,capacity\na,桥西,120.6225,31.3025,12\nb,,120.6245,31.3005,8\nc,,120.6265,31.3045,\n"
START = np.datetime64("2026-03-02T00:00")


def cells(result):
    return " ".join(words(result).replace("│", " ").split())


@pytest.fixture
def stations(tmp_path):
    file = tmp_path / "stations.csv"
    file.write_text(TABLE, encoding="utf-8")
    return file


@pytest.fixture
def series(tmp_path):
    """Five days from Monday on: one station empties in the morning, one fills, the third has no docks."""

    def write(days=5, more=()):
        rng, rows = np.random.default_rng(4), []
        for day in range(days):
            a, b = 9, 2
            for hour in range(24):
                at = START + np.timedelta64(60 * (24 * day + hour), "m")
                rows += [f"{at},a,{a},{12 - a}", f"{at},b,{b},{8 - b}", f"{at},c,1,1"]
                if hour >= 6:
                    trips = int(rng.poisson(2)) * (1 if hour < 14 else -1)
                    a, b = min(max(a - trips, 0), 12), min(max(b + trips, 0), 8)
        file = tmp_path / "status.csv"
        file.write_text("\n".join(["timestamp,station_id,bikes,docks", *rows, *more]), encoding="utf-8")
        return file

    return write


def test_a_series_becomes_a_check_and_a_table_that_the_vans_read(luxing, series, stations, tmp_path):
    out = tmp_path / "wanted.csv"
    given = ("--stations", stations, "--timezone", "Asia/Shanghai", "--out", out)
    said = cells(luxing("fit-bikes", series(), *given))
    for part in ("360 rows", "of a station without capacity 120", "left out: c", "3 days foretell 2", "chain, demand"):
        assert part in said
    with out.open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a", "b"]
    assert [row["name"] for row in rows] == ["桥西", ""]
    assert [row["docks"] for row in rows] == ["12", "8"]
    a, b = (int(row["wanted"]) for row in rows)
    assert a > 4 >= b
    assert a + b <= sum(int(row["bikes"]) for row in rows)
    routes = luxing("rebalance", CITY, out, "--depot", "120.6205,31.3005", "--van-bikes", "20")
    assert "bikes are put right" in routes.output


def test_a_fleet_may_be_given_and_the_check_left_out(luxing, series, stations, tmp_path):
    out = tmp_path / "wanted.csv"
    given = ("--stations", stations, "--timezone", "Asia/Shanghai", "--days-held-out", "0", "--fleet", "3")
    said = words(luxing("fit-bikes", series(2), *given, "--out", out))
    assert "foretell" not in said
    assert sum(int(line.split(",")[4]) for line in out.read_text(encoding="utf-8").splitlines()[1:]) == 3
    assert "3 bikes" in said


def test_bikes_beyond_docks_are_repaired_when_told(luxing, series, stations):
    file, given = series(3, ["2026-03-05T00:00,a,15,0"]), ("--stations", stations, "--timezone", "Asia/Shanghai")
    assert "more bikes than docks 1" in cells(luxing("fit-bikes", file, *given, "--days-held-out", "0"))
    said = words(luxing("fit-bikes", file, *given, "--days-held-out", "0", "--clip", "bikes"))
    assert "bikes: 1 rows set to the nearest possible number" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--day", "Monday"], "weekday, weekend"),
        (["--clip", "all"], "known: bikes, docks"),
        (["--days-held-out", "9"], "hold out fewer"),
        (["--fleet", "-1"], "--fleet"),
        (["--from-hour", "24"], "--from-hour"),
        (["--timezone", "Mars"], "is not known"),
    ],
    ids=["day", "clip", "days", "fleet", "hour", "zone"],
)
def test_options_that_make_no_sense(luxing, series, stations, arguments, told):
    given = ["fit-bikes", series(), "--stations", stations, "--timezone", "Asia/Shanghai", *arguments]
    assert told in words(luxing(*given, code=2))


def test_a_depot_that_is_no_place_is_told_by_its_option(luxing, tmp_path):
    table = tmp_path / "stations.csv"
    table.write_text("id,lon,lat,bikes,wanted\na,120.6205,31.3005,3,5\n", encoding="utf-8")
    assert "--depot: is nan" in words(luxing("rebalance", CITY, table, "--depot", "nan,31.3", code=2))
