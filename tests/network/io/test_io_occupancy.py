from __future__ import annotations

import gzip

import numpy as np
import pytest

from network import ParkingRules, check_occupancy, day_types, use_profile
from network.errors import InputError
from network.io import given_part, occupancy, read_occupancy, read_spaces
from network.units import LAND_USES

SHOPPING = LAND_USES.index("shopping")
SUNDAYS = [18_903, 18_931]
"""The third and the last of October 2021, counted from 1970."""


@pytest.fixture
def series(tmp_path, parameters):
    """Reads a series of these rows."""

    def read(*rows, header="timestamp,lot,free", encoding="utf-8", name="series.csv", **options):
        path, data = tmp_path / name, "\n".join((header, *rows)).encode(encoding)
        path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        return read_occupancy([path], parameters, **options)

    return read


def day(values, lot="A", date="2026-03-02", step=30):
    """A row for each value from midnight on."""
    return [f"{date} {m // 60:02}:{m % 60:02},{lot},{v}" for m, v in zip(range(0, 1440, step), values, strict=False)]


def problems_of(call, *arguments, **options):
    with pytest.raises(InputError) as error:
        call(*arguments, **options)
    return [str(p) for p in error.value.problems]


def test_free_spaces_become_cars(series):
    log = series(*day([90, 80, 70]), *day([5, 4], lot="B"), spaces={"A": 100, "B": 5})
    assert log.lots == ("A", "B")
    assert log.spaces.tolist() == [100, 5]
    assert log.days.tolist() == [np.datetime64("2026-03-02").astype(int)]
    assert log.occupied[0, 0, :3].tolist() == [10, 20, 30]
    assert log.occupied[1, 0, :2].tolist() == [0, 1]
    assert np.isnan(log.occupied[0, 0, 3:]).all()


def test_occupied_spaces_are_cars(series):
    log = series(*day([3, 9, 6]), header="timestamp,lot,occupied")
    assert log.occupied[0, 0, :3].tolist() == [3, 9, 6]
    assert log.spaces.tolist() == [9]


@pytest.mark.parametrize("step", [5, 60], ids=["five minutes", "an hour"])
def test_any_step_up_to_an_hour_fills_half_hours(series, step):
    values = np.arange(0, 24, step / 60)
    log = series(*day(values, step=step), header="timestamp,lot,occupied")
    inside = 0.0 if step > 30 else np.arange(0, 0.5, step / 60).mean()
    np.testing.assert_allclose(log.occupied[0, 0, :47], np.arange(0, 23.5, 0.5) + inside)


def test_a_longer_step_is_refused(series):
    (told,) = problems_of(series, *day([3, 9, 6, 5], step=120))
    assert told == "lot 'A': has a reading every 120 minutes (give at least one an hour)"


def test_every_reason_leaves_out_its_rows_and_no_other(series):
    rows = day(np.arange(48) % 7 + 50)
    rows[3] = "2026-03-02 01:30,A,"
    rows[4] = "2026-03-02 02:00,A,-1"
    rows[5] = "2026-03-02 02:30,A,24726"
    rows += ["2026-03-02 00:00,A,1", "2026-03-02 00:00,X,1", *day([60] * 49, date="2026-03-03")]
    rows += day([60], date="2026-03-04") + day([40, 41], date="2026-03-05")
    log = series(*rows, spaces={"A": 100})
    assert log.left_out == {
        occupancy.BLANK: 1, occupancy.UNKNOWN: 1, occupancy.TWICE: 1, occupancy.NEGATIVE: 1, occupancy.TOO_MANY: 1,
        occupancy.STUCK: 49,
    }  # fmt: skip
    assert log.unknown == ("X",)
    assert log.rows == len(rows)
    assert log.spaces.tolist() == [100]
    assert log.occupied[0, 0, 0] == 50
    assert np.isnan(log.occupied[0, 0, 3:6]).all()
    assert np.isnan(log.occupied[0, 1]).all()


def test_an_empty_lot_may_stand_still_for_days_but_not_for_a_fortnight(series):
    dates = [str(np.datetime64("2026-03-02") + d) for d in range(16)]
    for free, days, left in ((95, 6, 0), (95, 15, 15 * 48), (0, 6, 0), (60, 2, 2 * 48)):
        rows = [row for d in range(days) for row in day([free] * 48, date=dates[d])]
        rows += day([50, 51, 52, 53], date=dates[days])
        assert series(*rows, spaces={"A": 100}).left_out[occupancy.STUCK] == left, (free, days)


def test_more_than_the_spaces_given_is_told_by_the_spaces(series):
    assert series(*day([120, 90, 119]), spaces={"A": 100}).spaces.tolist() == [120]


def test_utc_becomes_the_clock_of_the_lots_and_its_changes_are_no_jumps(series):
    hours = np.arange("2021-10-30T20:00", "2021-10-31T04:00", dtype="M8[h]").astype(str)
    rows = [f"{at}:{half},A,{10 + i % 2}" for i, at in enumerate(hours) for half in ("00", "30")]
    log = series(*rows, header="timestamp_utc,lot,occupied", timezone="Europe/Berlin")
    assert [str(d) for d in log.days.astype("M8[D]")] == ["2021-10-30", "2021-10-31"]
    flat = log.occupied[0].ravel()
    first, last = 44, 48 + 10
    assert np.flatnonzero(~np.isnan(flat)).tolist() == list(range(first, last))
    assert flat[48 + 4 : 48 + 6].tolist() == [10.5, 10.5], "the hour from two to three is read twice"
    marked = [row.replace(",A", "Z,A") for row in rows]
    again = series(*marked, header="timestamp,lot,occupied", timezone="Europe/Berlin")
    np.testing.assert_array_equal(again.occupied, log.occupied)


def test_the_hour_that_the_clock_leaves_out_stays_a_gap(series):
    hours = np.arange("2021-03-28T00:00", "2021-03-28T03:00", dtype="M8[h]").astype(str)
    rows = [f"{at}:{half},A,{i + 10}" for i, at in enumerate(hours) for half in ("00", "30")]
    log = series(*rows, header="timestamp_utc,lot,occupied", timezone="Europe/Berlin")
    assert np.flatnonzero(~np.isnan(log.occupied[0, 0])).tolist() == [2, 3, 6, 7, 8, 9]


def test_a_local_hour_read_again_counts_as_read_twice(series):
    rows = [*day(range(10, 16), date="2021-10-31"), *day([7, 8], date="2021-10-31")]
    assert series(*rows).left_out[occupancy.TWICE] == 2


def test_headers_in_chinese_and_gzip(series):
    rows = ["2026/3/2 0:00,甲,40", "2026/3/2 0:30,甲,41"]
    log = series(*rows, header="时间,停车场,剩余泊位", encoding="gbk", name="s.csv.gz")
    assert log.lots == ("甲",)
    assert log.occupied[0, 0, :2].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("header", "row", "options", "told"),
    [
        ("timestamp_utc,lot,free", "2026-03-02 00:00,A,1", {}, "name the time zone of the lots"),
        ("timestamp_utc,lot,free", "2026-03-02 00:00,A,1", {"timezone": "Mars"}, "'Mars' is not known"),
        ("timestamp,North lot,South lot", "2026-03-02 00:00,5,6", {}, "write a row for each lot and time"),
        ("timestamp,lot", "2026-03-02 00:00,A", {}, "needs one column free, or occupied"),
        ("timestamp,lot,free,occupied", "2026-03-02 00:00,A,1,2", {}, "needs one column free, or occupied"),
        ("lot,free", "A,1", {}, "needs one column timestamp"),
        ("timestamp,lot,free", "2026-03-02,A,1", {}, "row 2, column timestamp: '2026-03-02' has no time of day"),
        ("timestamp,lot,free", ",A,1", {}, "row 2, column timestamp: the value is missing"),
        ("timestamp,lot,free", "2026-03-02 00:00,A,many", {}, "row 2, column free: 'many' is not a number"),
        ("timestamp,lot,free", "2026-03-02 00:00,A,1", {"spaces": {"B": 3}}, "none of 1 rows can be believed"),
        ("timestamp,lot,free", "03/02/2026 00:00,A,1", {}, "say which with dates"),
    ],
    ids=["utc", "zone", "wide", "nothing", "both", "no time", "no hour", "blank", "text", "unknown", "dates"],
)
def test_what_cannot_be_read_is_told_with_its_place(series, header, row, options, told):
    assert told in "\n".join(problems_of(series, row, header=header, **options))


def test_times_partly_in_utc_are_refused(series):
    told = problems_of(series, "2026-03-02 00:00Z,A,1", "2026-03-02 00:30,A,1")
    assert "some times in UTC and others not" in told[0]


def test_no_file_is_refused(parameters):
    with pytest.raises(InputError, match="no file is named"):
        read_occupancy([], parameters)


def test_spaces_of_lots_are_read_and_may_be_unknown(tmp_path):
    file = tmp_path / "lots.csv"
    file.write_text("id,capacity\nA,10\nB,\n")
    assert read_spaces(file) == {"A": 10, "B": 0}
    file.write_text("id,capacity\nA,10\nA,-3\n")
    assert len(problems_of(read_spaces, file)) == 2


@pytest.fixture(scope="module")
def german(shared):
    folder = shared / "data" / "parking"
    if not folder.is_dir():
        pytest.skip(f"no series of car parks at {folder}")
    return folder


@pytest.fixture
def counted(german, parameters):
    files = sorted(german.glob("free_spaces*.csv.gz"))
    spaces = read_spaces(german / "meta-data.csv")
    return read_occupancy(files, parameters, spaces=spaces, timezone="Europe/Berlin")


def test_weeks_not_used_of_german_car_parks_are_foretold(counted, parameters):
    """63 car parks, September and October 2021; docs/parking-profiles.md has the table."""
    assert len(counted.lots) == 63
    assert counted.rows == 174_226
    assert counted.left_out[occupancy.TOO_MANY] == 2
    assert counted.left_out[occupancy.STUCK] == 13_797
    rules = given_part(ParkingRules, "parking", parameters)
    kind = day_types(counted.days, SUNDAYS[:1])
    checks = check_occupancy(kind, counted.occupied, counted.spaces, rules, use=SHOPPING)
    assert [(check.day_type, check.lots) for check in checks] == [("weekday", 52), ("weekend", 51)]
    for check in checks:
        assert 0 < check.beyond_error < 0.01
        assert check.beyond < float(rules.overflow_share) < check.beyond + 0.01, "kept, and not by leaving all empty"
    for check, least, most_loss in zip(checks, (0.945, 0.935), (0.0149, 0.0152), strict=True):
        rows = {guess.how: guess for guess in check.guesses}
        assert least <= rows["measured"].covered <= 0.96
        assert rows["measured"].loss <= most_loss
        for naive in ("plain", "normal", "last_week", "land_use"):
            assert rows["measured"].loss < 0.9 * rows[naive].loss, (check.day_type, naive)
            assert abs(rows["measured"].covered - 0.95) < abs(rows[naive].covered - 0.95)
    found = use_profile(kind, counted.occupied, counted.spaces, rules, use=SHOPPING)
    assert found.told.all()
    assert found.few.tolist() == [False, False, True], "a single holiday, drawn to the weekends"
    weekend, holiday = found.day_factor[1:] / rules.day_factor[SHOPPING, 1:]
    assert abs(holiday / weekend - 1) < 0.2
    assert 0.6 < found.peak_share < 0.66
