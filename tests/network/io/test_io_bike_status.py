from __future__ import annotations

import gzip

import numpy as np
import pytest

from network.demand.bike_days import check_bikes
from network.demand.bikes import BikeRules, bike_rates, spans_of
from network.errors import InputError
from network.io import bike_status
from network.io.bike_status import read_bike_status
from network.io.parameters import Parameters

STATIONS = "station_id,name,lat,lon,capacity\nb,Beta,31.3,120.6,4\na,Alpha,31.4,120.7,10\nn,None,31.5,120.8,\n"


@pytest.fixture
def read(tmp_path):
    def call(*rows, header="timestamp,station_id,bikes,docks", stations=STATIONS, timezone="Asia/Shanghai", **options):
        series, table = tmp_path / "status.csv.gz", tmp_path / "stations.csv"
        series.write_bytes(gzip.compress("\n".join((header, *rows)).encode()))
        table.write_text(stations, encoding="utf-8")
        return read_bike_status(series, table, timezone=timezone, **options)

    return call


def test_readings_are_sorted_by_station_and_time(read):
    log = read("2024-04-08 01:00,a,3,0", "2024-04-08 00:00,a,5,5", "2024-04-08 00:00,b,4,0")
    r = log.readings
    assert (log.ids, log.names, log.no_capacity) == (("b", "a"), ("Beta", "Alpha"), ("n",))
    assert log.lonlat.tolist() == [[120.6, 31.3], [120.7, 31.4]]
    assert (r.docks.tolist(), r.station.tolist(), r.bikes.tolist()) == ([4, 10], [0, 1, 1], [4, 5, 3])
    assert r.full.tolist() == [True, False, True]
    assert r.open.all()
    assert (r.local - r.minute).tolist() == [480] * 3
    assert log.last.tolist() == [4, 3]


def test_seconds_of_gbfs_and_closed_stations(read):
    header = "last_updated,station_id,bikes,is_renting"
    log = read("1712351088,a,10,0", "1712354729,a,9,1", header=header, timezone="America/Mexico_City")
    assert log.readings.open.tolist() == [False, True]
    assert log.readings.full.tolist() == [True, False]
    assert log.readings.local.astype("M8[m]").astype(str).tolist() == ["2024-04-05T15:04", "2024-04-05T16:05"]
    assert log.last.tolist() == [-1, 9]


def test_gbfs_names_of_columns(read):
    header = "last_updated,station_id,num_bikes_available,num_docks_available"
    log = read("1712351088,a,7,0", header=header)
    assert (log.readings.bikes.tolist(), log.readings.full.tolist()) == ([7], [True])


def test_every_reason_leaves_out_its_row_and_no_other(read):
    good = [f"2024-04-08 {hour:02}:00,a,5,5" for hour in range(4)]
    bad = {
        bike_status.BLANK: "2024-04-08 05:00,a,,5", bike_status.UNKNOWN: "2024-04-08 05:00,x,5,5",
        bike_status.NO_DOCKS: "2024-04-08 05:00,n,5,5", bike_status.TWICE: "2024-04-08 00:00,a,7,3",
        bike_status.NEGATIVE: "2024-04-08 06:00,a,-1,5", bike_status.NEGATIVE_DOCKS: "2024-04-08 07:00,a,5,-1",
        bike_status.TOO_MANY: "2024-04-08 08:00,a,11,0",
    }  # fmt: skip
    log = read(*good, *bad.values())
    assert log.left_out == dict.fromkeys(bad, 1) | {bike_status.CLOCK: 0}
    assert log.first_rows == {name: 6 + i for i, name in enumerate(bad)}
    assert log.readings.bikes.tolist() == [5] * 4
    assert log.rows == 11


def test_bikes_and_docks_are_repaired_only_when_told(read):
    rows = ["2024-04-08 00:00,a,11,0", "2024-04-08 01:00,a,9,-2", "2024-04-08 02:00,a,5,5"]
    assert read(*rows).readings.bikes.tolist() == [5]
    one = read(*rows, clip=["bikes"])
    assert (one.readings.bikes.tolist(), one.clipped) == ([10, 5], {"bikes": 1})
    both = read(*rows, clip=["docks", "bikes"])
    assert (both.readings.bikes.tolist(), both.clipped) == ([10, 9, 5], {"bikes": 1, "docks": 1})
    assert both.readings.full.tolist() == [True, True, False]
    with pytest.raises(InputError, match="known: bikes, docks"):
        read(*rows, clip=["everything"])


def test_clocks_that_change(read):
    """Berlin 2024: on 31 March 02:30 was not, on 27 October it was twice."""
    rows = [f"2024-03-31 {time},a,5,5" for time in ("01:30", "02:30", "03:30")]
    rows += [f"2024-10-27 {time},a,5,5" for time in ("01:30", "02:30", "03:30")]
    log = read(*rows, timezone="Europe/Berlin")
    assert log.left_out[bike_status.CLOCK] == 2
    assert np.diff(log.readings.minute)[[0, 2]].tolist() == [60, 180]
    utc = [f"2024-10-27T0{hour}:30Z,a,5,5" for hour in (0, 1)]
    log = read(*utc, timezone="Europe/Berlin")
    assert log.left_out[bike_status.CLOCK] == 0
    assert np.diff(log.readings.minute).tolist() == [60]
    assert np.diff(log.readings.local).tolist() == [0]


@pytest.mark.parametrize(
    ("rows", "options", "told"),
    [
        (["2024-04-08 00:00,a,5,5"], {"timezone": "Mars/Base"}, "'Mars/Base' is not known"),
        (["2024-04-08 00:00,a,5,5"], {"header": "when,station_id,bikes,docks"}, "last_updated, or timestamp"),
        (["noon,a,5,5"], {}, "row 2, column timestamp"),
        ([",a,5,5"], {}, "the value is missing"),
        (["12,a,5,5"], {"header": "last_updated,station_id,bikes,docks"}, "no count of seconds"),
        (["2024-04-08 00:00,x,5,5"], {}, "of a station that is not in the table 1"),
        (["2024-04-08 00:00,a,5,5"], {"stations": STATIONS + "a,,1,1,4\n"}, "'a' stands in row 3 already"),
    ],
    ids=["zone", "no time", "no date", "blank time", "seconds", "unknown", "station twice"],
)
def test_what_cannot_be_read_is_named(read, rows, options, told):
    with pytest.raises(InputError, match=told):
        read(*rows, **options)


def test_empty_hours_of_mexico_city_are_foretold(shared, data_folder):
    """ECOBICI, April 2024: a tenth at most is missed on two days that were not used, in all stations together."""
    folder = shared / "data" / "bikes"
    log = read_bike_status(
        folder / "ecobici_status_hourly_2024-04-05_to_12.csv.gz", folder / "ecobici_stations.csv",
        timezone="America/Mexico_City",
    )  # fmt: skip
    assert log.rows == 113_390
    assert log.no_capacity == ("688", "689")
    known = Parameters.load(data_folder)
    rules = BikeRules(*(known.number(f"bikes.{name}") for name in BikeRules.__slots__))
    check = check_bikes(log.readings, rules, 2)
    assert check.held.astype("M8[D]").astype(str).tolist() == ["2024-04-11", "2024-04-12"]
    rows = {guess.how: guess for guess in check.guesses}
    assert rows["chain"].empty_h == pytest.approx(check.empty_h, rel=0.05)
    assert rows["chain"].full_h == pytest.approx(check.full_h, rel=0.10)
    assert rows["seen"].empty_h < 0.8 * check.empty_h
    weekday = bike_rates(spans_of(log.readings, rules), len(log.ids), rules).censoring[0]
    assert 1.15 < weekday.pickups[1] / weekday.pickups[0] < 1.3
