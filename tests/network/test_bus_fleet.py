"""Buses by drive and age: what counts as clean, the path of the policy, and tables that make no sense."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network import BusFleet, InputError, grid_city
from network.io import Parameters
from network.io.given import given_part

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def buses():
    return given_part(BusFleet, "buses", Parameters.load(DATA))


def policy_rows():
    with (DATA / "policy" / "targets.csv").open(encoding="utf-8") as file:
        return {row["id"]: row for row in csv.DictReader(file) if row["id"].startswith("FLT-")}


def test_the_path_is_that_of_the_policy(buses):
    rows = policy_rows()
    for row, year, share in zip(buses.path_row, buses.path_year, buses.path_share, strict=True):
        assert (int(rows[row]["year"]), float(rows[row]["value"])) == (year, pytest.approx(100 * share))
    for row, share in zip(buses.bought_row, buses.bought_least, strict=True):
        assert float(rows[row]["value"]) == pytest.approx(100 * share)
    assert [buses.path(year) for year in range(2025, 2031)] == pytest.approx([0.92, 0.936, 0.952, 0.968, 0.984, 1.0])
    assert (buses.path(2020), buses.path(2040)) == (0.92, 1.0)


def test_gas_counts_as_clean_and_not_as_electric(buses):
    gas = buses.drive.tolist().index("gas")
    (every, clean, electric), (bought, *_) = buses.counted.tolist()
    assert every == buses.stock.sum()
    assert clean == every - buses.stock[buses.drive.tolist().index("diesel")].sum()
    assert electric <= clean - buses.stock[gas].sum()
    assert bought == buses.stock[:, 0].sum()
    assert clean / every == pytest.approx(0.92)


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"bought": np.array("petrol")}, "BusFleet.bought: is 'petrol'"),
        ({"clean": np.array([False, True, False])}, "does not count 'battery', which is electric"),
        ({"age_limit": np.array([4, 6, 6], np.int32)}, "has 1 diesel buses of 4 years, 4 is the most"),
        ({"slot_min": np.array(7.0)}, "BusFleet.slot_min: is 7"),
        ({"charger_kw": np.array(7.5)}, "BusFleet.charger_kw: is 7.5"),
        ({"path_year": np.array([2030, 2025], np.int32)}, "BusFleet.path_year: is empty or does not ascend"),
        ({"transformer_kva": np.zeros(0)}, "BusFleet.transformer_kva: is empty or does not ascend"),
    ],
    ids=["bought", "clean", "age", "slot", "charger", "path", "transformer"],
)
def test_what_makes_no_sense_is_refused(wrong, told):
    with pytest.raises(InputError, match="BusFleet") as refused:
        replace(grid_city(3).buses, **wrong)
    assert told in str(refused.value)
