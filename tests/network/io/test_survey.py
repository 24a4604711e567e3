from __future__ import annotations

import gzip

import numpy as np
import pytest

from network.demand.estimation import estimate
from network.demand.records import Variable, choices_of, constants
from network.errors import InputError
from network.io.survey import read_shares, read_survey

PLAIN = """mode,purpose,weight,income,time_min_walk,time_min_bus,cost_cny_bus,time_min_car,cost_cny_car
walk,home_work,1.5,8,12,20,2,6,4
bus,home_work,1,5,60,25,2,,
car,visitor,2,20,80,,,20,"1,000"
"""


def file(tmp_path, text, name="trips.csv", encoding="utf-8"):
    path = tmp_path / name
    data = text.encode(encoding)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return path


def read(tmp_path, text, **options):
    return read_survey(
        file(tmp_path, text), **{"attributes": ("time_min", "cost_cny"), "numbers": ("income",)} | options
    )


def problems_of(call):
    with pytest.raises(InputError) as error:
        call()
    return [str(p) for p in error.value.problems]


def test_a_survey_is_read(tmp_path):
    trips = read(tmp_path, PLAIN)
    assert trips.modes == ("walk", "bus", "car")
    assert trips.chosen.tolist() == [0, 1, 2]
    assert trips.row.tolist() == [2, 3, 4]
    assert trips.weight.tolist() == [1.5, 1, 2]
    assert trips.purpose.tolist() == ["home_work", "home_work", "visitor"]
    assert trips.available.tolist() == [[True, True, True], [True, True, False], [True, False, True]]
    assert trips.columns["income"].tolist() == [8, 5, 20]
    assert trips.columns["cost_cny_car"].tolist()[::2] == [4, 1000]
    assert np.isnan(trips.columns["time_min_car"][1])
    assert set(trips.columns) == {
        *("income", "time_min_walk", "time_min_bus", "cost_cny_bus", "time_min_car", "cost_cny_car"),
    }
    part = trips.where(trips.weight > 1)
    assert (len(part), part.row.tolist(), part.columns["income"].tolist()) == (2, [2, 4], [8, 20])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
@pytest.mark.parametrize("name", ["出行.csv", "trips.csv.gz"])
def test_chinese_surveys(tmp_path, encoding, name):
    text = "出行方式,出行目的,权重,步行时间,time_min_ebike\n步行,上班,2,10,5\n电动自行车,上学,1,30,8\n"
    trips = read_survey(
        file(tmp_path, text, name, encoding), attributes=("time_min",), columns={"time_min_walk": "步行时间"}
    )
    assert trips.modes == ("walk", "ebike")
    assert trips.chosen.tolist() == [0, 1]
    assert trips.purpose.tolist() == ["home_work", "home_school"]
    assert trips.columns["time_min_walk"].tolist() == [10, 30]


def test_codes_stand_for_modes_and_what_is_not_given_is_even(tmp_path):
    trips = read_survey(
        file(tmp_path, "mode\n3\n0\n3\n"), attributes=(), modes=("walk", "car"), names={"0": "walk", "3": "car"}
    )
    assert trips.modes == ("walk", "car")
    assert trips.chosen.tolist() == [1, 0, 1]
    assert trips.available.all() and trips.weight.tolist() == [1, 1, 1] and trips.purpose.tolist() == ["", "", ""]
    found = estimate(choices_of(trips, constants(trips.modes, "walk")))
    assert found["constant_car"] == pytest.approx(np.log(2))


def test_availability_can_be_said(tmp_path):
    text = (
        "mode,available_walk,available_car,time_min_walk,time_min_car\nwalk,1,0,5,7\nwalk,是,否,5,\ncar,yes,TRUE,6,1\n"
    )
    trips = read(tmp_path, text, numbers=())
    assert trips.available.tolist() == [[True, False], [True, False], [True, True]]
    choices = choices_of(trips, [Variable("time", "time", {"walk": "time_min_walk", "car": "time_min_car"})])
    assert choices.x[:, :, 0].tolist() == [[5, 0], [5, 0], [6, 1]]
    found = problems_of(lambda: read(tmp_path, text.replace("yes,TRUE,6,1", "1,1,6,").replace("是", "x"), numbers=()))
    assert found == [
        "trips.csv, row 3, column available_walk: 'x' is neither 1 nor 0",
        "trips.csv, row 4, column time_min_car: the value is missing (or is the mode not available?)",
    ]


def test_everything_wrong_is_told_at_once_by_row(tmp_path):
    text = """mode,purpose,weight,income,time_min_walk,time_min_bus,cost_cny_bus,time_min_car
plane,home_work,1,8,12,20,2,6
bus,fun,1,5,nan,25,-2,
car,visitor,-2,x,80,,,
taxi,,,,1,1,1,1
,home_work,1,5,-inf,2,2,2
"""
    found = problems_of(lambda: read(tmp_path, text))
    known = "walk, cycle, ebike, bus, rail, bus_rail, car, taxi, bike_ride, park_ride"
    purposes = "known: home_work, home_school, home_other, non_home, visitor; say what it means with names"
    assert [f.removeprefix("trips.csv, ") for f in found] == [
        f"row 2, column mode: 'plane' is not a mode of the model (known: {known}; say what it means with names)",
        f"row 3, column purpose: 'fun' is not a purpose of the model ({purposes})",
        "row 3, column time_min_walk: 'nan' is not a number",
        "row 3, column cost_cny_bus: -2 is below 0",
        "row 4, column weight: -2 is below 0",
        "row 4, column income: 'x' is not a number",
        "row 4, column mode: car was taken but is not available",
        f"row 5, column purpose: the value is missing ({purposes})",
        "row 5, column weight: the value is missing",
        "row 5, column income: the value is missing",
        "row 5, column mode: taxi was taken but has no columns in this table",
        f"row 6, column mode: the value is missing (known: {known}; say what it means with names)",
        "row 6, column time_min_walk: '-inf' is not a number",
    ]


def test_many_problems_are_cut_short(tmp_path):
    found = problems_of(lambda: read_survey(file(tmp_path, "mode\n" + "plane\n" * 200), attributes=()))
    assert len(found) == 51
    assert found[-1] == "trips.csv: and 150 more problems"


def test_columns_that_are_not_there(tmp_path):
    assert "no column income" in problems_of(lambda: read(tmp_path, "mode\nwalk\n"))[0]
    found = problems_of(lambda: read(tmp_path, PLAIN, columns={"time_min_rail": "train"}))
    assert "no column train" in found[0]
    assert "holds no rows" in problems_of(lambda: read(tmp_path, PLAIN.splitlines()[0]))[0]


def test_shares_by_purpose_and_without(tmp_path):
    text = "目的,方式,分担率\n上班,步行,0.4\n上班,公交,0.35\n上班,公交车,0.25\nvisitor,car,1\n"
    assert read_shares(file(tmp_path, text, "份额.csv", "gbk")) == {
        "home_work": {"walk": 0.4, "bus": 0.6},
        "visitor": {"car": 1.0},
    }
    assert read_shares(file(tmp_path, "mode,share\nwalk,0.5\ncar,0.5\n")) == {"": {"walk": 0.5, "car": 0.5}}


def test_shares_that_are_wrong(tmp_path):
    def ask(text):
        return problems_of(lambda: read_shares(file(tmp_path, text, "s.csv")))

    found = ask("mode,share,purpose\nwalk,0.5,visitor\ncar,0.6,visitor\nwalk,40,home_work\ncar,60,home_work\n")
    assert found == [
        "s.csv, purpose visitor: the shares sum to 1.1, not to 1 (is a mode missing or counted twice?)",
        "s.csv, purpose home_work: the shares sum to 100, not to 1 (divide per cents by 100)",
    ]
    found = ask("mode,share\nwalk,0.5\nwalk,-1\nplane,63%\ncar,\n")
    assert [f.split(" (")[0] for f in found] == [
        "s.csv, row 3, column share: -1 is below 0",
        "s.csv, row 3, column mode: 'walk' stands in row 2 already",
        "s.csv, row 4, column mode: 'plane' is not a mode of the model",
        "s.csv, row 4, column share: '63%' is not a number",
        "s.csv, row 5, column share: the value is missing",
    ]
