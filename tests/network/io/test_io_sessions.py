from __future__ import annotations

import csv
import datetime as dt
import gzip
import io

import numpy as np
import pytest

from network.demand.sessions import check_sessions, fit_sessions, weeks_of
from network.errors import InputError
from network.io import sessions as told
from network.io.parameters import Parameters
from network.io.sessions import read_sessions
from network.units import FAST, SLOW, ULTRA_FAST

HEADER = "start,end,kwh,power_kw,station"


@pytest.fixture
def log_of(tmp_path, parameters):
    def read(*rows, header=HEADER, encoding="utf-8", **options):
        path = tmp_path / "log.csv"
        path.write_bytes("\n".join((header, *rows)).encode(encoding))
        return read_sessions([path], parameters, **options)

    return read


def problems_of(call, *arguments, **options):
    with pytest.raises(InputError) as error:
        call(*arguments, **options)
    return [str(p) for p in error.value.problems]


def test_every_reason_leaves_out_its_row_and_no_other(log_of):
    log = log_of(
        "2024-03-01 10:00,2024-03-01 10:30,20,60,A",
        "2024-03-01 11:00,,20,60,A",
        "2024-03-01 11:00,2024-03-01 11:30,,60,A",
        "2024-03-01 11:00,2024-03-01 11:30,10,60,TEST 1",
        "2024-03-01 10:00,2024-03-01 10:30,20,60,A",
        "2024-03-01 10:00,2024-03-01 09:30,20,60,A",
        "2024-03-01 12:00,2024-03-01 12:30,-1,60,A",
        "2024-03-01 12:00,2024-03-01 12:30,0,60,A",
        "2024-03-01 12:00,2024-03-01 22:30,151,60,A",
        "2024-03-01 12:00,2024-03-03 12:01,20,60,A",
        "2024-03-01 12:00,2024-03-01 12:10,13,60,A",
        "2024-03-01 12:00,2024-03-03 12:00,150,60,A",
        "2024-03-01 12:00,2024-03-01 12:10,12,60,A",
        leave_out=["test"],
    )
    assert log.left_out == {
        told.NOT_ENDED: 2, told.LEFT_OUT: 1, told.TWICE: 1, told.BACKWARDS: 1, told.NEGATIVE: 1, told.EMPTY: 1,
        told.TOO_MUCH: 1, told.FOR_DAYS: 1, told.TOO_STRONG: 1,
    }  # fmt: skip
    assert log.rows == 13 == len(log.sessions) + sum(log.left_out.values())
    assert log.sessions.kwh.tolist() == [20, 150, 12]
    assert log.sessions.minutes.tolist() == [30, 2880, 10]
    assert log.sessions.hour.tolist() == [10, 12, 12]


@pytest.mark.parametrize(
    ("cells", "charger", "by"),
    [
        ("7,,", SLOW, told.POWER),
        ("22,,", SLOW, told.POWER),
        ("22.5,,", FAST, told.POWER),
        ("150,,", ULTRA_FAST, told.POWER),
        ("60,slow,", SLOW, told.CLASS),
        (",快充,", FAST, told.CLASS),
        (",ultra_fast,", ULTRA_FAST, told.CLASS),
        (",,APT 7kW Dual Outlet", SLOW, told.MODEL),
        (",,APT 50kW Raption", FAST, told.MODEL),
        (",,APT Triple Rapid Charger", FAST, told.MODEL),
        (",,直流 180 kW", ULTRA_FAST, told.MODEL),
        (",,Kerbside AC", SLOW, told.MODEL),
        ("0,,Ultra HPC", ULTRA_FAST, told.MODEL),
        (",,", FAST, told.MEAN_POWER),
        (",,Charge Point Nine", FAST, told.MEAN_POWER),
    ],
)
def test_a_class_is_known_by_what_a_row_tells(log_of, cells, charger, by):
    log = log_of(f"2024-03-01 10:00,2024-03-01 11:00,30,{cells},A", header="start,end,kwh,power_kw,class,model,station")
    if log.left_out[told.TOO_STRONG]:
        log = log_of(
            f"2024-03-01 10:00,2024-03-01 11:00,3,{cells},A", header="start,end,kwh,power_kw,class,model,station"
        )
    assert log.sessions.charger.tolist() == [charger]
    assert log.known_by == {by: 1}


def test_a_plug_is_as_strong_as_its_sessions_not_each_session_by_itself(log_of):
    rows = [f"2024-03-01 {h:02}:00,2024-03-01 {h:02}:30,{kwh},A" for h, kwh in enumerate([2, 3, 2, 20])]
    assert set(log_of(*rows, header="start,end,kwh,station").sessions.charger) == {FAST}
    alone = log_of(*[row[:-2] for row in rows], header="start,end,kwh")
    assert alone.sessions.charger.tolist() == [SLOW, SLOW, SLOW, FAST]


def test_chinese_headers_in_gbk_and_other_headers(log_of):
    row = "2024年3月1日 08:00,2024年3月1日 09:00,30.5,快充,园区一号站"
    log = log_of(row, header="开始时间,结束时间,充电量,快慢充,场站", encoding="gbk")
    assert (log.sessions.kwh.tolist(), log.sessions.charger.tolist()) == ([30.5], [FAST])
    log = log_of("2024-03-01 08:00,2024-03-01 09:00,5", header="start,end,Delivered", columns={"kwh": "Delivered"})
    assert log.sessions.kwh.tolist() == [5]


def test_two_files_may_overlap_and_have_their_dates_their_own_way(tmp_path, parameters):
    one, other = tmp_path / "one.csv", tmp_path / "other.csv.gz"
    one.write_text(f"{HEADER}\n13/03/2024 10:00,13/03/2024 10:30,20,60,A\n")
    text = f"{HEADER}\n2024-03-13 10:00,2024-03-13 10:30,20,60,A\n2024-03-13 10:00,2024-03-13 10:30,20,60,B\n"
    other.write_bytes(gzip.compress(text.encode()))
    log = read_sessions([one, other], parameters)
    assert log.orders == {"one.csv": "day/month/year", "other.csv.gz": "year/month/day"}
    assert (len(log.sessions), log.left_out[told.TWICE]) == (2, 1)


@pytest.mark.parametrize(
    ("rows", "header", "said"),
    [
        (["2024-03-01 10:00,2024-03-01 11:00,20500,60,A"], HEADER, "are these Wh? divide them by 1,000"),
        (["2024-03-01 10:00,2024-03-01 11:00,20,60000,A"], HEADER, "row 2, column power_kw: 60000 kW is no plug's"),
        (["2024-03-01 10:00,2024-03-01 11:00,20,-7,A"], HEADER, "row 2, column power_kw: -7 is below 0"),
        (["2024-03-01 10:00,2024-03-01 11:00,lots,60,A"], HEADER, "row 2, column kwh: 'lots' is not a number"),
        ([",2024-03-01 11:00,20,60,A"], HEADER, "row 2, column start_time: the value is missing"),
        (["01/03/2024 10:00,01/03/2024 11:00,20,60,A"], HEADER, "dmy or mdy"),
        (["2024-03-01 10:00,2024-03-01 11:00,20,quick"], "start,end,kwh,class", "'quick' is no class of charger"),
        (["2024-03-01 10:00,20"], "start,kwh", "there is no column end_time"),
    ],
    ids=["Wh", "W", "negative power", "no number", "no start", "day or month", "no class", "no end"],
)
def test_what_cannot_be_read_is_refused_by_row(log_of, rows, header, said):
    assert any(said in problem for problem in problems_of(log_of, *rows, header=header))


def test_no_file_is_no_log(parameters):
    assert problems_of(read_sessions, [], parameters) == ["sessions: no file is named (name one)"]


@pytest.fixture(scope="module")
def files(shared):
    return sorted((shared / "data" / "ev_sessions").glob("*.csv.gz"))


@pytest.fixture(scope="module")
def known(data_folder):
    return Parameters.load(data_folder)


@pytest.fixture(scope="module")
def dundee(files, known):
    return read_sessions(files, known, leave_out=["test site"])


def by_hand(files):
    """(start, hours, kWh, model) of the Dundee log by the standard library alone; None where a cell is empty."""
    for file in files:
        for row in csv.DictReader(io.StringIO(gzip.decompress(file.read_bytes()).decode("utf-8-sig"))):
            start, end = (
                dt.datetime.strptime(f"{row[f'{s} Date']} {row[f'{s} Time']}", "%d/%m/%Y %H:%M")  # noqa: DTZ007 - the log has local times
                if row[f"{s} Date"]
                else None
                for s in ("Start", "End")
            )
            kwh = float(row["Total kWh"]) if row["Total kWh"] else None
            yield start, (end - start).total_seconds() / 3600 if end else None, kwh, row["Model"], row["Site"]


def test_the_sessions_of_dundee(files, dundee):
    """32,383 rows in 27 weeks; what is left is what a plain reading of the two files leaves."""
    log = dundee
    rows = [row for row in by_hand(files) if "TEST SITE" not in row[4]]
    ended = [row for row in rows if row[1] is not None and row[2] is not None]
    assert (log.rows, log.left_out[told.LEFT_OUT], log.left_out[told.NOT_ENDED]) == (32_383, 242, 175)
    assert log.left_out[told.NEGATIVE] == sum(kwh < 0 <= h for _, h, kwh, _, _ in ended) == 19
    assert log.left_out[told.BACKWARDS] == sum(h < 0 for _, h, _, _, _ in ended) == 2
    empty = sum(kwh == 0 and h >= 0 for _, h, kwh, _, _ in ended)
    assert (log.left_out[told.EMPTY], log.left_out[told.TWICE]) == (empty - 1, 1)  # the one row that stands twice
    assert log.left_out[told.FOR_DAYS] == sum(h > 48 and kwh > 0 for _, h, kwh, _, _ in ended)
    assert log.left_out[told.TOO_MUCH] == 0 == sum(kwh > 150 for _, _, kwh, _, _ in ended)
    assert weeks_of(log.sessions) == 27
    assert set(log.orders.values()) == {"day/month/year"}
    assert log.known_by == {told.MODEL: len(log.sessions)}

    rapid = [row for row in ended if 0 <= row[1] <= 48 and row[2] > 0 and ("Rapid" in row[3] or "50kW" in row[3])]
    limit = {"APT 50kW Raption": 50.0}
    rapid = [r for r in rapid if r[2] <= 1.1 * limit.get(r[3], 150.0) * (r[1] + 1 / 60)]
    slow, fast = fit_sessions(log.sessions)
    assert (slow.charger, fast.charger) == ("slow", "fast")
    assert fast.sessions == len(rapid)
    assert fast.kwh == pytest.approx(np.mean([r[2] for r in rapid]), rel=1e-9)
    assert fast.minutes == pytest.approx(60 * np.mean([r[1] for r in rapid]), rel=1e-9)
    noon = np.mean([r[0].hour == 12 for r in rapid if r[0].weekday() < 5])
    assert fast.arrival_hours[0, 12] == pytest.approx(noon, abs=1e-9)


def test_earlier_weeks_of_dundee_foretell_later_ones(dundee, known):
    hours = np.stack([known.array(f"charging.{name}_hours") for name in ("residence", "fast", "fast")])
    checks = check_sessions(dundee.sessions, known.array("charging.session_kwh"), hours)
    assert [check.charger for check in checks] == ["slow", "fast"]
    for check in checks:
        assert check.hours_error["learnt"] < 0.01
        assert check.hours_error["learnt"] < 0.6 * min(check.hours_error["default"], check.hours_error["flat"])
        assert check.energy_distance["learnt"] < 0.5 * check.energy_distance["default"]
        assert check.quantiles[0] == pytest.approx(check.quantiles[1], rel=0.35)
