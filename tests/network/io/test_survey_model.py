"""How a survey is described, and what its coefficients become in a city."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from network import InputError, SurveyModel, behaviour_from, grid_city, held_out, units
from network.demand.records import Variable
from network.demand.survey_model import Term
from network.io import Fitted, Parameters, fragment, read_minutes, read_survey, read_survey_model

DATA = Path(__file__).parents[3] / "data"
MODES = ("walk", "bus", "car")
TRUE = {"walk": 0.8, "bus": -0.4, "time": -0.06, "cost": -0.2}


@pytest.fixture(scope="module")
def survey(tmp_path_factory):
    """A thousand trips whose choices were drawn from a logit."""
    rng = np.random.default_rng(4)
    file = tmp_path_factory.mktemp("survey") / "trips.csv"
    rows = ["mode,purpose,household,time_min_walk,time_min_bus,time_min_car,cost_cny_bus,cost_cny_car,income"]
    for n in range(3000):
        minutes, cost = rng.uniform(5, 60, 3), np.array([0.0, 2.0, rng.uniform(3, 20)])
        value = TRUE["time"] * minutes + TRUE["cost"] * cost + [TRUE["walk"], TRUE["bus"], 0.0]
        taken = MODES[int((value + rng.gumbel(size=3)).argmax())]
        times = ",".join(f"{x:.2f}" for x in minutes)
        purpose = ("home_work", "home_other")[n % 2]
        rows.append(f"{taken},{purpose},{n // 3},{times},{cost[1]:g},{cost[2]:.2f},{rng.uniform(1, 9):.1f}")
    file.write_text("\n".join(rows), encoding="utf-8")
    return file


def trips_of(model, survey):
    how = {"attributes": model.attributes, "numbers": model.numbers, "columns": model.found_as, "names": model.names}
    return model.prepared(read_survey(survey, modes=tuple(model.modes), **how))


def described(tmp_path, text):
    file = tmp_path / "spec.toml"
    file.write_text(text, encoding="utf-8")
    return read_survey_model(file)


def test_our_own_columns_need_no_description(survey):
    model = SurveyModel()
    trips = trips_of(model, survey)
    found = model.estimated(trips)
    assert found.parameter == ("constant_walk", "constant_bus", "time", "cost")
    for name, value in zip(found.parameter, TRUE.values(), strict=True):
        at = found.parameter.index(name)
        assert abs(found[name] - value) < 3 * found.robust_error[at]


def test_a_description_scales_cuts_and_names(survey, tmp_path):
    model = described(
        tmp_path,
        """
        reference = "foot"
        household = "household"
        [modes]
        foot = "walk"
        transit = ["bus", "rail", "bus_rail"]
        car = "car"
        [names]
        walk = "foot"
        bus = "transit"
        [headers]
        hours_foot = "time_min_walk"
        hours_transit = "time_min_bus"
        hours_car = "time_min_car"
        [scale]
        hours_foot = 0.5
        [bands]
        income = [3, 6]
        [[variables]]
        name = "time"
        kind = "time"
        columns = { foot = "hours_foot", transit = "hours_transit", car = "hours_car" }
        parameter = "time_per_min"
        [[variables]]
        name = "rich"
        kind = "other"
        column = "income_band_2"
        by_mode = true
        """,
    )
    trips = trips_of(model, survey)
    assert trips.modes == ("foot", "transit", "car")
    plain = trips_of(SurveyModel(), survey)
    assert trips.columns["hours_foot"] == pytest.approx(0.5 * plain.columns["time_min_walk"])
    bands = sum(trips.columns[f"income_band_{n}"] for n in range(3))
    assert (bands == 1).all()
    names = [term.variable.coefficient for term in model.terms_of(trips)]
    assert names == ["constant_transit", "constant_car", "time", "rich_transit", "rich_car"]


def test_coefficients_become_rows_of_behaviour(survey):
    model = SurveyModel()
    trips = trips_of(model, survey)
    found = model.estimated(trips)
    b = grid_city(3).behaviour
    base = {name: getattr(b, name) for name in ("constant", "time_per_min", "cost_per_cny", "nest_scale")}
    values = behaviour_from(model, trips, found, base, ["home_work"])
    assert set(values) == {"constant", "time_per_min", "cost_per_cny"}
    assert values["constant"][0, units.TRIP_WALK] == b.constant[0, units.TRIP_CAR] + found["constant_walk"]
    assert values["constant"][0, units.TRIP_EBIKE] == b.constant[0, units.TRIP_EBIKE]
    ours = [units.TRIP_MODES.index(mode) for mode in MODES]
    assert (values["time_per_min"][0, ours] == found["time"]).all()
    assert values["cost_per_cny"][0] == found["cost"]
    for name, value in values.items():
        assert (value[1:] == base[name][1:]).all()


def test_a_coefficient_no_city_may_have_is_refused(survey):
    terms = (Term(Variable("time", "other", {mode: f"time_min_{mode}" for mode in MODES}), "time_per_min"),)
    model = SurveyModel(terms=terms, scale={f"time_min_{mode}": -1.0 for mode in MODES})
    trips = trips_of(model, survey)
    found = model.estimated(trips)
    base = {name: getattr(grid_city(3).behaviour, name) for name in ("constant", "time_per_min")}
    with pytest.raises(InputError, match="cannot be above 0"):
        behaviour_from(model, trips, found, base, ["home_work"])


def test_households_are_held_out_whole_and_by_the_seed(survey):
    plain = SurveyModel()
    first = held_out(plain, trips_of(plain, survey), 0.25, 1)
    assert (first.trips, first.learnt) == (750, 2250)
    assert first.worst < 0.05
    assert first.log_likelihood == pytest.approx(first.log_likelihood_learnt, abs=0.08)
    again = held_out(plain, trips_of(plain, survey), 0.25, 1)
    assert again.log_likelihood == first.log_likelihood
    assert held_out(plain, trips_of(plain, survey), 0.25, 2).log_likelihood != first.log_likelihood
    together = SurveyModel(household="household")
    assert held_out(together, trips_of(together, survey), 0.25, 1).trips == 750
    with pytest.raises(InputError, match="leaves one side empty"):
        held_out(plain, trips_of(plain, survey), 1e-9, 1)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = ", ["is not valid TOML"]),
        ("colour = 1", ["unknown entry 'colour'"]),
        ("headers = 1\nvariables = 2\nreference = 3\nallow_signs = 4", ["[headers]", "[[variables]]", "3", "4"]),
        ('[modes]\nwalk = "plane"', ["unknown mode 'plane'"]),
        ('[scale]\na = "x"\n[bands]\nb = [3, 1]\n[nests]\nn = 1', ["[scale] a", "[bands] b", "[nests] n"]),
        ('[[variables]]\nname = "t"', ["lacks 'kind'", "needs columns"]),
        (
            '[[variables]]\nname = "t"\nkind = "odd"\ncolumns = { plane = "x" }\nparameter = "speed"\nsize = 1',
            ["is 'odd'", "'plane'", "'speed'", "'size'"],
        ),
        ('[[variables]]\nname = "t"\nkind = "time"\ncolumns = 3', ["is not a table of columns"]),
        ('[[variables]]\nname = "t"\nkind = "time"\ncolumn = 3', ["column, modes"]),
        ('[[variables]]\nname = "t"\nkind = "time"\ncolumn = "x"\nby_mode = 3', ["by_mode"]),
    ],
)
def test_descriptions_that_cannot_be_are_refused(tmp_path, text, words):
    with pytest.raises(InputError) as caught:
        described(tmp_path, text)
    for word in words:
        assert word in str(caught.value)
    assert "spec.toml" in str(caught.value)


def test_a_reference_that_is_no_mode_of_the_survey_is_refused(survey):
    model = SurveyModel(reference="taxi")
    with pytest.raises(InputError, match="is not a mode of the survey"):
        model.estimated(trips_of(model, survey))


def test_minutes_by_purpose(tmp_path):
    file = tmp_path / "minutes.csv"
    file.write_text("目的,minutes\n上班,32.5\nhome_other,20\n", encoding="utf-8")
    assert read_minutes(file) == {"home_work": 32.5, "home_other": 20.0}
    file.write_text("purpose,minutes\nhome_work,32\nhome_work,30\nlunch,5\nvisitor,0\nnon_home,-2\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_minutes(file)
    for words in ("row 3", "row 4", "row 5", "row 6"):
        assert words in str(caught.value)


def test_a_fragment_is_read_back_to_the_bit():
    value = [[0.1 + 0.2, -1e-7], [1 / 3, 0.0]]
    text = fragment(
        {"behaviour.constant": Fitted(value, 'said "so" 绿行', default=True), "behaviour.x": Fitted(1.5, "s")}, ["told"]
    )
    read = tomllib.loads(text)["parameters"]
    assert read["behaviour.constant"] == {"value": value, "source": 'said "so" 绿行', "default": True}
    assert read["behaviour.x"] == {"value": 1.5, "source": "s"}
    assert text.startswith("# told\n")
    known = Parameters.load(DATA, {"behaviour.car_persons": tomllib.loads(text)["parameters"]["behaviour.x"]})
    assert known.number("behaviour.car_persons") == 1.5
