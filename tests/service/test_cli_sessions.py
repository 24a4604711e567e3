"""`luxing fit-sessions` as a planner runs it."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from homes import DATA, words

from network.io import Parameters

HEADER = "start,end,kwh,power_kw,station"


@pytest.fixture
def log(tmp_path):
    """Ten weeks of sessions at fast plugs at nine o'clock and slow ones at noon, and a row that is none."""

    def write(*more, weeks=10, days="2024-{month:02}-{day:02}"):
        rng = np.random.default_rng(7)
        rows = ["2024-01-31 10:00,,5,60,A"]
        for day in np.arange(np.datetime64("2024-02-01"), np.datetime64("2024-02-01") + 7 * weeks):
            for kw, hour, minutes in ((60, 9, 30), (7, 12, 200)):
                for n in range(3):
                    start = day.astype("M8[m]") + 60 * hour + int(rng.integers(0, 50))
                    kwh = round(float(rng.uniform(4, 20)), 2)
                    rows.append(f"{start},{start + minutes},{kwh},{kw},{kw}-{n}".replace("T", " "))
        file = tmp_path / "log.csv"
        file.write_text("\n".join([HEADER, *rows, *more]))
        return file

    return write


def test_a_log_becomes_tables_and_parameters(luxing, log, tmp_path):
    out = tmp_path / "parameters.toml"
    said = words(luxing("fit-sessions", log(), "--out", out))
    for part in ("421 rows", "not ended: no end or no energy is given", "sessions learnt from, held out", "147, 63"):
        assert part in said
    own = tomllib.loads(out.read_text(encoding="utf-8"))["parameters"]
    assert set(own) == {f"charging.{n}" for n in ("session_kwh", "vehicle_kw", "fast_hours", "parked_min")}
    assert own["charging.fast_hours"]["value"] == [1.0 if hour == 9 else 0.0 for hour in range(24)]
    assert own["charging.parked_min"]["value"] == 200.0
    before = Parameters.load(DATA)
    slow, fast, ultra = own["charging.session_kwh"]["value"]
    assert (slow, fast) == (pytest.approx(12, abs=1), pytest.approx(12, abs=1))
    assert ultra == before.array("charging.session_kwh")[2]
    assert own["charging.session_kwh"]["default"] is True
    assert own["charging.vehicle_kw"]["value"][1] == pytest.approx(
        2 * fast / before.number("charging.plug_efficiency"), abs=0.05
    )
    assert "fitted to 420 sessions of log.csv (slow, fast)" in own["charging.session_kwh"]["source"]
    Parameters.load(DATA, own)


def test_hours_of_slow_plugs_are_taken_where_they_stand_near_homes(luxing, log, tmp_path):
    out = tmp_path / "parameters.toml"
    luxing("fit-sessions", log(), "--near-home", "--out", out)
    own = tomllib.loads(out.read_text(encoding="utf-8"))["parameters"]
    assert own["charging.residence_hours"]["value"][12] == 1.0


@pytest.mark.parametrize(
    ("weeks", "said"), [(1, "One week is too short to check"), (2, "Too few sessions to check")], ids=["one", "two"]
)
def test_a_short_log_is_not_checked_and_says_so(luxing, log, weeks, said):
    more = [f"2024-02-01 10:{n:02},2024-02-01 10:30,{n + 1},60,X" for n in range(20)] if weeks == 1 else []
    assert said in luxing("fit-sessions", log(*more, weeks=weeks)).output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--column", "kwh"], "write NAME=HEADER"),
        (["--column", "kwh=Energy"], "there is no column energy"),
        (["--learn-weeks", "99"], "leave at least one week"),
        (["--leave-out", "7-", "--leave-out", "60-"], "of no class 30"),
        (["--dates", "ymd8"], "is no order"),
    ],
    ids=["no header", "unknown header", "too many weeks", "nothing left", "no order"],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(luxing, log, tmp_path, arguments, told):
    out = tmp_path / "parameters.toml"
    result = luxing("fit-sessions", log(), "--out", out, *arguments, code=2)
    assert told in words(result)
    assert not out.exists()
