"""`luxing fit-occupancy` and `luxing shared-need` as a planner runs them."""

from __future__ import annotations

import tomllib

import numpy as np
import pytest
from homes import DATA, words

from network.io import Parameters

DAYS = np.arange(np.datetime64("2026-03-02"), np.datetime64("2026-04-20"))


@pytest.fixture
def series(tmp_path):
    """Seven weeks of an office's lot of 100 spaces: full to 60 by day, to 6 at weekends, and a lot nobody knows."""

    def write(days=DAYS, lots=("A",)):
        rng, rows = np.random.default_rng(3), []
        for d in days:
            weekend = int((d.astype(int) + 3) % 7 >= 5)
            for slot in range(48):
                cars = (6 if weekend else 60) if 16 <= slot < 36 else 0
                at = f"{d} {slot // 2:02}:{slot % 2 * 30:02}"
                rows += [f"{at},{lot},{100 - cars - int(rng.integers(0, 5))}" for lot in lots]
        file = tmp_path / "free.csv"
        file.write_text("\n".join(["timestamp,lot,free", *rows]))
        return file

    return write


@pytest.fixture
def lots(tmp_path):
    file = tmp_path / "lots.csv"
    file.write_text("lot,spaces\nA,100\n")
    return file


def test_series_become_a_profile_a_check_and_parameters(luxing, series, lots, tmp_path):
    out = tmp_path / "parameters.toml"
    said = words(luxing("fit-occupancy", series(), "--lots", lots, "--use", "office", "--out", out))
    for part in ("2,352 rows", "1 lots, 100 spaces, 49 days from 2026-03-02 to 2026-04-19", "25 days foretell 10"):
        assert part in said
    assert "as of office: too few days" in said
    assert "holiday: too few days to check" in said
    own = tomllib.loads(out.read_text(encoding="utf-8"))["parameters"]
    assert set(own) == {"parking.peak_share", "parking.profile_share", "parking.day_factor"}
    before = Parameters.load(DATA)
    assert own["parking.peak_share"]["value"][0] == pytest.approx(0.62, abs=0.01)
    assert own["parking.peak_share"]["value"][1:] == before.array("parking.peak_share")[1:].tolist()
    assert own["parking.day_factor"]["value"][0][2] == before.array("parking.day_factor")[0, 2]
    assert own["parking.profile_share"]["default"] is True
    assert "office fitted to series of 1 lots in free.csv" in own["parking.profile_share"]["source"]
    Parameters.load(DATA, own)


def test_holidays_and_days_worked_are_told_apart(luxing, series, lots):
    holidays = [text for n in (5, 6, 7) for text in ("--holiday", f"2026-04-0{n}")]
    said = words(luxing("fit-occupancy", series(), "--lots", lots, *holidays, "--worked", "2026-04-11"))
    assert "weekday: 1 lots, 25 days foretell 9" in said
    assert "weekend: 1 lots, 9 days foretell 3" in said


def test_the_check_may_be_left_out(luxing, series):
    said = words(luxing("fit-occupancy", series(DAYS[:10]), "--weeks-held-out", "0"))
    assert "foretell" not in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--use", "zoo"], "known: office, home"),
        (["--holiday", "5 April"], "write YYYY-MM-DD"),
        (["--weeks-held-out", "7"], "hold out fewer weeks"),
        (["--column", "free=Frei"], "there is no column frei"),
        (["--timezone"], "requires an argument"),
        (["--lots", "nowhere.csv"], "the file is not there"),
    ],
    ids=["use", "date", "weeks", "column", "zone", "lots"],
)
def test_what_cannot_be_done_is_told_and_nothing_is_written(luxing, series, tmp_path, arguments, told):
    out = tmp_path / "parameters.toml"
    result = luxing("fit-occupancy", series(), "--out", out, *arguments, code=2)
    assert told in words(result)
    assert not out.exists()


def test_the_municipal_case_on_the_command_line(luxing):
    need = ("office=400", "multifamily=500", "retail=200", "restaurant=100", "hotel=150")
    said = words(luxing("shared-need", *need))
    assert "988 spaces are needed (weekday 6-18) instead of 1,350: 362 fewer, 26.8%" in said
    for spaces in ("920", "883", "860", "730"):
        assert spaces in said


def test_reserved_spaces_and_profiles_on_the_command_line(luxing):
    said = words(luxing("shared-need", "office=600", "retail=50", "--schedule", "ite", "--reserved", "office=600"))
    assert "650 spaces are needed (Saturday 12-14) instead of 650: 0 fewer, 0.0%" in said
    said = words(luxing("shared-need", "office=100", "home=100", "--schedule", "profiles"))
    assert "December" in said
    assert "instead of 200" in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["office"], "write USE=SPACES"),
        (["office=4", "office=5"], "names 'office' a second time"),
        (["zoo=4"], "known: retail, hotel"),
        (["office=4", "--schedule", "suzhou"], "known: brigham, ite, profiles"),
        (["office=4", "--reserved", "office=5"], "more than the 4 it needs"),
    ],
    ids=["no number", "twice", "unknown use", "unknown schedule", "too many reserved"],
)
def test_a_need_that_cannot_be_is_told(luxing, arguments, told):
    assert told in words(luxing("shared-need", *arguments, code=2))
