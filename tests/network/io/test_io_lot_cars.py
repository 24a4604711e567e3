from __future__ import annotations

import numpy as np
import pytest

from network import InputError, grid_city
from network.io.lot_cars import counted_cars
from network.io.lot_sites import Kinds, LotSite
from network.io.occupancy import read_spaces
from network.units import LAND_USES, OWNERS, SUPPLY_CLASSES

RULES = grid_city(5).parking
FIRST = np.datetime64("2026-03-02")
"""A Monday."""


def lot(key, spaces=50, **other):
    kinds = Kinds(LAND_USES.index("office"), OWNERS.index("office"), SUPPLY_CLASSES.index("building"))
    money = {"tariff_cny_per_h": 4.0, "retrofit_cny": 0.0}
    return LotSite(id=key, kinds=kinds, lon=120.6, lat=31.3, spaces=spaces, reserve=0, **money, **other)


def cars_of(day, slot):
    """30 and more by day on weekdays, else 5."""
    weekend = (day + 3) % 7 >= 5
    return 30 + day % 16 if 16 <= slot < 36 and not weekend else 5


def series(folder, *lots, days=28, without=(), counts="free"):
    """free.csv: readings each half-hour for each lot (id, spaces)."""
    rows = [f"timestamp,lot,{counts}"]
    for day in range(days):
        for slot in range(48):
            time = f"{FIRST + day} {slot // 2:02}:{30 * (slot % 2):02}"
            cars = cars_of(day + FIRST.astype(int), slot)
            rows += [
                f"{time},{key},{spaces - cars if counts == 'free' else cars}"
                for key, spaces in lots
                if (day, slot) not in without
            ]
    (folder / "free.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")


def counted(folder, parameters, sites, **recipe):
    return counted_cars(recipe, lambda name: folder / name, sites, RULES, parameters)


def test_a_series_tells_of_its_lots_and_of_no_others(tmp_path, parameters):
    series(tmp_path, ("A", 50))
    found = counted(tmp_path, parameters, [lot("A"), lot("B")], occupancy="free.csv", holidays=["2026-03-09"])
    assert list(found.cars) == ["A"]
    cars = found.cars["A"]
    assert cars.days.tolist() == [19, 8, 1]
    assert cars.pooled.tolist() == [False, False, True]
    assert 30 <= cars.mean[0, 24] <= cars.high[0, 24] <= 45
    assert cars.mean[0, 4] == pytest.approx(5)
    assert cars.mean[1, 24] == pytest.approx(5)
    rows = 28 * 48
    assert found.lines == [
        f"free.csv: {rows:,} rows of 1 lots from 2026-03-02 to 2026-03-29: 19 weekdays, 8 weekends, 1 holidays",
        "free.csv: less than 5 days of holidays of 1 lots: drawn to the other days",
    ]


def test_days_worked_in_exchange_and_gaps(tmp_path, parameters):
    hole = {(0, slot) for slot in range(10, 20)}
    series(tmp_path, ("A", 50), without=hole)
    found = counted(tmp_path, parameters, [lot("A")], occupancy="free.csv", worked=["2026-03-07"])
    assert found.cars["A"].days.tolist() == [21, 7, 0]
    assert any(line.endswith("0.7% of the half-hours of these lots have no count") for line in found.lines)
    with pytest.raises(InputError, match=r"\[parking\] holidays: 'May' is no date \(write dates such as"):
        counted(tmp_path, parameters, [lot("A")], occupancy="free.csv", holidays=["May"])


def test_fewer_spaces_than_cars_are_refused_by_row(tmp_path, parameters):
    series(tmp_path, ("A", 50), ("B", 45), counts="occupied")
    sites = [lot("A", 40, where="lots.csv, row 2 (A)"), lot("B", 45)]
    with pytest.raises(InputError) as error:
        counted(tmp_path, parameters, sites, occupancy="free.csv")
    (problem,) = error.value.problems
    assert problem.where == "lots.csv, row 2 (A)"
    assert problem.what == "has 40 spaces, but free.csv tells of 43 taken or free at once"
    assert problem.hint == 'correct them to 43 or more, or the counts; or write spaces = "counted"'
    found = counted(tmp_path, parameters, sites, occupancy="free.csv", spaces="counted")
    assert found.spaces == {"A": 43}
    assert found.cars["A"].high.max() == pytest.approx(43, abs=2)
    assert found.lines[-1] == "1 lots have more spaces than their table tells: as many as were counted"
    with pytest.raises(InputError, match=r"spaces: 'more' is not known \(write refuse or counted"):
        counted(tmp_path, parameters, sites, occupancy="free.csv", spaces="more")


def test_lots_nobody_knows_are_refused_and_those_beyond_the_streets_are_not(tmp_path, parameters):
    series(tmp_path, ("A1", 50), ("B", 50), days=2)
    with pytest.raises(InputError, match=r"free.csv: tells of 'A1', which is no lot of the city \(did you mean 'A'"):
        counted(tmp_path, parameters, [lot("A"), lot("B")], occupancy="free.csv")
    how = {"beyond": {"A1"}}
    found = counted_cars({"occupancy": "free.csv"}, lambda n: tmp_path / n, [lot("B")], RULES, parameters, **how)
    assert list(found.cars) == ["B"]


def test_gate_logs_count_before_series(tmp_path, parameters):
    rows = ["lot,entered,left"]
    for day in range(28):
        when = FIRST + day
        rows += [f"A,{when} 08:0{k},{when} 17:3{k}" for k in range(7 if (day % 7) < 5 else 1)]
    (tmp_path / "gates.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    series(tmp_path, ("A", 50), ("B", 50))
    found = counted(tmp_path, parameters, [lot("A"), lot("B")], gates="gates.csv", occupancy="free.csv")
    assert sorted(found.cars) == ["A", "B"]
    cars = found.cars["A"]
    assert cars.mean[0, 24] == pytest.approx(7)
    assert cars.arrivals[0, 16] == pytest.approx(7)
    assert cars.arrivals[0].sum() == pytest.approx(7)
    assert cars.mean[1, 24] == pytest.approx(1)
    assert [line.split(":")[0] for line in found.lines[:1]] == ["gates.csv"]
    assert any(line.startswith("free.csv: 2,688 rows of 1 lots") for line in found.lines)


def test_real_car_parks_have_fewer_spaces_than_their_own_series(shared, parameters):
    """22 of the 63 car parks publish a capacity below what their counters read, as the source itself says."""
    folder = shared / "data" / "parking"
    spaces = read_spaces(folder / "meta-data.csv")
    sites = [lot(key, count) for key, count in spaces.items()]
    recipe = {"occupancy": "free_spaces_30min_2021-09-01_2021-10-31.csv.gz", "timezone": "Europe/Berlin"}
    with pytest.raises(InputError) as error:
        counted(folder, parameters, sites, **recipe)
    assert len(error.value.problems) == 22
    assert "has 540 spaces" in str(error.value)
    found = counted(folder, parameters, sites, **recipe, spaces="counted")
    assert len(found.cars) == 63
    for key, cars in found.cars.items():
        held = found.spaces.get(key, spaces[key])
        assert (cars.mean <= cars.high + 1e-9).all()
        assert (cars.high <= held).all()
        assert (cars.high[0] > 0).any()
