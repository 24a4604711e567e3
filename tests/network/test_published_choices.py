"""Models that are printed in books and packages, and real trips, each estimated anew."""

from __future__ import annotations

import csv
import gzip
import importlib.metadata
from dataclasses import replace

import numpy as np
import pytest
from trip_records import records

from network.demand.estimation import estimate
from network.demand.likelihood import Nest
from network.demand.records import Variable, choices_of, constants
from network.io.survey import read_survey


def published(name):
    """Columns of a data file that the package larch carries; nothing of the package is run."""
    try:
        files = importlib.metadata.files("larch") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("larch, which carries the published data, is not installed: scripts/install dev")
    (file,) = (f.locate() for f in files if f.name == name)
    with gzip.open(file, "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    return {key: np.array([float(row[key] or "nan") for row in rows]) for key in rows[0]}


@pytest.fixture(scope="module")
def swissmetro():
    """Example 01logit of Biogeme, Bierlaire (2020): trips to work or on business, in units of 100 min and 100 CHF."""
    d = published("swissmetro.csv.gz")
    kept = np.isin(d["PURPOSE"], (1, 3)) & (d["CHOICE"] != 0)
    d = {name: column[kept] for name, column in d.items()}
    paying = d["GA"] == 0
    columns = {
        "train_time": d["TRAIN_TT"] / 100,
        "swissmetro_time": d["SM_TT"] / 100,
        "car_time": d["CAR_TT"] / 100,
        "train_cost": d["TRAIN_CO"] * paying / 100,
        "swissmetro_cost": d["SM_CO"] * paying / 100,
        "car_cost": d["CAR_CO"] / 100,
    }
    stated = d["SP"] != 0
    available = np.column_stack((d["TRAIN_AV"] * stated, d["SM_AV"], d["CAR_AV"] * stated)) > 0
    modes = ("train", "swissmetro", "car")
    variables = [
        *constants(modes, "swissmetro"),
        Variable("time", "time", {mode: f"{mode}_time" for mode in modes}),
        Variable("cost", "cost", {mode: f"{mode}_cost" for mode in modes}),
    ]
    return choices_of(records(modes, d["CHOICE"] - 1, columns, available), variables)


def test_swissmetro_as_published(swissmetro):
    found = estimate(swissmetro)
    assert found.cases == 6768
    assert found.log_likelihood == pytest.approx(-5331.252, abs=5e-4)
    assert found.log_likelihood_zero == pytest.approx(-6964.663, abs=5e-4)
    values = {"constant_car": -0.155, "constant_train": -0.701, "cost": -1.08, "time": -1.28}
    errors = {"constant_car": 0.0582, "constant_train": 0.0826, "cost": 0.0682, "time": 0.104}
    for name in found.parameter:
        assert found[name] == pytest.approx(values[name], rel=5e-3)
        assert found.robust_error[found.parameter.index(name)] == pytest.approx(errors[name], rel=5e-3)


def test_nested_swissmetro_as_published(swissmetro):
    """Example 09nested of Biogeme, which multiplies by mu where we divide: 1 / 2.05."""
    found = estimate(swissmetro, nests=[Nest("mu_existing", ("train", "car"))])
    assert found.log_likelihood == pytest.approx(-5236.900, abs=5e-4)
    assert 1 / found["mu_existing"] == pytest.approx(2.05, abs=5e-3)
    values = {"constant_car": -0.167, "constant_train": -0.512, "cost": -0.857, "time": -0.899}
    for name, value in values.items():
        assert found[name] == pytest.approx(value, abs=5e-4)


@pytest.fixture(scope="module")
def commuters():
    """Work trips of the San Francisco Bay area, MTC 1990, as Koppelman & Bhat (2006) use them."""
    d = published("MTCwork.csv.gz")
    modes = ("alone", "shared_2", "shared_3", "transit", "bike", "walk")
    case, alternative = d["casenum"].astype(int) - 1, d["altnum"].astype(int) - 1
    cases = case.max() + 1
    available = np.zeros((cases, 6), bool)
    available[case, alternative] = True
    chosen = np.zeros(cases, int)
    chosen[case[d["chose"] == 1]] = alternative[d["chose"] == 1]
    first = np.unique(case, return_index=True)[1]
    columns = {name: d[name][first] for name in ("hhinc", "vehbywrk", "wkempden")}
    columns["centre"] = d["wkccbd"][first] + d["wknccbd"][first]
    attributes = {"time": d["tottime"], "cost": d["totcost"], "by_income": d["totcost"] / d["hhinc"]}
    attributes["outside"] = d["ovtt"] / d["dist"]
    for name, values in attributes.items():
        wide = np.full((cases, 6), np.nan)
        wide[case, alternative] = values
        columns |= {f"{name}_{mode}": wide[:, j] for j, mode in enumerate(modes)}
    return records(modes, chosen, columns, available)


def each(name, kind, modes, column):
    return [Variable(f"{name}_{mode}", kind, {mode: column}) for mode in modes]


def test_commuters_of_the_bay_as_published(commuters, bay_area):
    modes = commuters.modes
    variables = [
        *constants(modes, "alone"),
        *each("income", "other", modes[1:], "hhinc"),
        Variable("time", "time", {mode: f"time_{mode}" for mode in modes}),
        Variable("cost", "cost", {mode: f"cost_{mode}" for mode in modes}),
    ]
    found = estimate(choices_of(commuters, variables))
    assert np.bincount(commuters.chosen).tolist() == bay_area["chosen"]
    assert found.cases == bay_area["n"]
    assert found.log_likelihood_zero == pytest.approx(bay_area["LL_null"], abs=1e-6)
    assert found.log_likelihood == pytest.approx(bay_area["LL_ex1"], abs=1e-5)
    assert found["cost"] == pytest.approx(-0.00492, abs=5e-6)
    assert found["time"] == pytest.approx(-0.0513, abs=5e-5)


def test_nested_commuters_of_the_bay_as_published(commuters, bay_area):
    modes = commuters.modes
    motor, muscle = modes[:4], modes[4:]
    variables = [
        *constants(modes, "alone"),
        Variable("cost_by_income", "cost", {mode: f"by_income_{mode}" for mode in modes}),
        Variable("time_motor", "time", {mode: f"time_{mode}" for mode in motor}),
        Variable("time_muscle", "time", {mode: f"time_{mode}" for mode in muscle}),
        Variable("outside_by_distance", "time", {mode: f"outside_{mode}" for mode in motor}),
        *each("income", "other", modes[3:], "hhinc"),
        Variable("cars_shared", "other", dict.fromkeys(modes[1:3], "vehbywrk")),
        *each("cars", "other", modes[3:], "vehbywrk"),
        *each("centre", "other", modes[1:], "centre"),
        *each("density", "other", modes[1:], "wkempden"),
    ]
    choices = choices_of(commuters, variables)
    assert estimate(choices).log_likelihood == pytest.approx(bay_area["LL_ex17"], abs=1e-4)
    found = estimate(choices, nests=[Nest("mu_motor", motor), Nest("mu_muscle", muscle)])
    assert found.log_likelihood == pytest.approx(bay_area["LL_nested_ex22"], abs=1e-4)
    assert found["mu_motor"] == pytest.approx(bay_area["mu_motor"], abs=1e-3)
    assert found["mu_muscle"] == pytest.approx(bay_area["mu_nonmotor"], abs=1e-3)


@pytest.fixture(scope="module")
def bay_area():
    """As larch's own tests print them."""
    return {
        "n": 5029,
        "chosen": [3637, 517, 161, 498, 50, 166],
        "LL_null": -7309.600971749634,
        "LL_ex1": -3626.18625551293,
        "LL_ex17": -3444.185100565835,
        "LL_nested_ex22": -3441.6725273276093,
        "mu_motor": 0.7252,
        "mu_nonmotor": 0.769,
    }


BANDS_M = (1000, 3000, 5000)
LONDON = {"0": "walk", "1": "cycle", "2": "transit", "3": "car"}


@pytest.fixture(scope="module")
def london(shared):
    """London trips of Hillel et al. (2018), doi:10.1680/jsmic.17.00018, with times in hours and costs in pounds."""
    columns = {
        "mode": "travel_mode",
        "time_walk": "dur_walking",
        "time_cycle": "dur_cycling",
        "time_car": "dur_driving",
        "access_transit": "dur_pt_access",
        "rail_transit": "dur_pt_rail",
        "bus_transit": "dur_pt_bus",
        "wait_transit": "dur_pt_int_waiting",
        "change_transit": "dur_pt_int_walking",
        "cost_transit": "cost_transit",
        "cost_car": "cost_driving_fuel",
    }
    numbers = ("household_id", "distance", "car_ownership", "driving_license", "driving_traffic_percent")
    numbers += ("female", "congestion_charge", "purpose_hbe", "purpose_hbo", "purpose_hbw", "purpose_b")
    trips = read_survey(
        shared / "data" / "choice" / "london_trips_a.csv.gz",
        attributes=("time", "access", "rail", "bus", "wait", "change", "cost"),
        numbers=numbers,
        modes=tuple(LONDON.values()),
        columns=columns,
        names=LONDON,
    )
    band = np.digitize(trips.columns["distance"], BANDS_M)
    bands = {f"band_{b}": (band == b).astype(float) for b in range(len(BANDS_M) + 1)}
    return replace(trips, columns={**trips.columns, **bands})


def london_variables():
    modes = tuple(LONDON.values())
    return [
        *constants(modes, "walk"),
        *(Variable(f"time_{mode}", "time", {mode: f"time_{mode}"}) for mode in ("walk", "cycle", "car")),
        *(Variable(f"{part}_transit", "time", {"transit": f"{part}_transit"}) for part in ("access", "rail", "bus")),
        Variable("change_transit", "time", {"transit": "wait_transit"}),
        Variable("change_transit", "time", {"transit": "change_transit"}),
        Variable("cost", "cost", {"transit": "cost_transit", "car": "cost_car"}),
        Variable("charge", "cost", {"car": "congestion_charge"}),
        Variable("traffic", "time", {"car": "driving_traffic_percent"}),
        *each("cars", "other", modes[1:], "car_ownership"),
        Variable("licence", "other", {"car": "driving_license"}),
        *each("female", "other", modes[1:], "female"),
        *(v for b in range(1, len(BANDS_M) + 1) for v in each(f"band_{b}", "other", modes[1:], f"band_{b}")),
        *(v for purpose in ("hbe", "hbo", "hbw", "b") for v in each(purpose, "other", modes[1:], f"purpose_{purpose}")),
    ]


def test_trips_of_london_predict_those_held_out(london):
    """Half of the households tell what the other half does, within a point of the shares of modes."""
    rng = np.random.default_rng(2018)
    households = np.unique(london.columns["household_id"])
    learnt = np.isin(london.columns["household_id"], rng.choice(households, len(households) // 2, replace=False))
    found = estimate(choices_of(london.where(learnt), london_variables()))
    held_out = london.where(~learnt)
    choices = choices_of(held_out, london_variables())
    predicted = found.shares(choices)
    assert predicted.mean(axis=0) == pytest.approx(choices.observed_shares, abs=0.01)
    for b in range(len(BANDS_M) + 1):
        inside = held_out.columns[f"band_{b}"] > 0
        taken = np.bincount(held_out.chosen[inside], minlength=4) / inside.sum()
        assert predicted[inside].mean(axis=0) == pytest.approx(taken, abs=0.035)  # of 1,000 to 2,300 trips
    assert found.rho2_constants > 0.35
    assert all(found[f"time_{mode}"] < 0 for mode in ("walk", "cycle", "car"))
