from __future__ import annotations

import math
from dataclasses import replace

import numba
import numpy as np
import pytest
from trip_records import records

from network.demand.estimation import estimate
from network.demand.likelihood import Nest, model_of
from network.demand.records import Variable, choices_of, constants
from network.errors import InputError


def nested_shares(utility, available, nests, mu):
    """The formula, one case at a time: P(j | n) P(n) with P(n) ~ exp(mu ln sum exp(V / mu))."""
    out = np.zeros_like(utility)
    for i in range(len(utility)):
        inner, logsum = {}, {}
        for n, members in nests.items():
            weights = {j: math.exp(utility[i, j] / mu[n]) for j in members if available[i, j]}
            if weights:
                inner[n] = {j: w / sum(weights.values()) for j, w in weights.items()}
                logsum[n] = math.log(sum(weights.values()))
        total = sum(math.exp(mu[n] * logsum[n]) for n in inner)
        for n, members in inner.items():
            for j, share in members.items():
                out[i, j] = share * math.exp(mu[n] * logsum[n]) / total
    return out


MODES = ("walk", "cycle", "bus", "rail", "car")
NESTS = (Nest("mu_active", ("walk", "cycle")), Nest("mu_transit", ("bus", "rail")))
TRUTH = {"time": -1.1, "cost": -0.8, "constant_cycle": -0.9, "constant_bus": -0.4, "constant_rail": 0.3}
TRUTH |= {"constant_car": 0.5, "mu_active": 0.5, "mu_transit": 0.7}
VARIABLES = [
    *constants(MODES, "walk"),
    Variable("time", "time", {mode: f"time_{mode}" for mode in MODES}),
    Variable("cost", "cost", {mode: f"cost_{mode}" for mode in MODES[2:]}),
]


def made(cases, seed, mu_active=0.5, mu_transit=0.7):
    """Choices drawn from a known nested logit."""
    rng = np.random.default_rng(seed)
    time, cost = rng.uniform(0.1, 4, (cases, 5)), rng.uniform(0, 3, (cases, 5))
    cost[:, :2] = 0.0
    available = rng.random((cases, 5)) < 0.85
    available[:, 0] = True
    constant = np.array([0.0] + [TRUTH[f"constant_{mode}"] for mode in MODES[1:]])
    utility = constant + TRUTH["time"] * time + TRUTH["cost"] * cost
    mu = {"a": mu_active, "t": mu_transit, "c": 1.0}
    shares = nested_shares(utility, available, {"a": (0, 1), "t": (2, 3), "c": (4,)}, mu)
    chosen = (shares.cumsum(axis=1) < rng.random((cases, 1))).sum(axis=1)
    columns = {f"time_{mode}": time[:, j] for j, mode in enumerate(MODES)}
    columns |= {f"cost_{mode}": cost[:, j] for j, mode in enumerate(MODES)}
    return records(MODES, chosen, columns, available), shares


@pytest.fixture(scope="module")
def sample():
    return made(1500, 1)[0]


def test_three_travellers_by_hand():
    """Two walk and one drives, with a constant alone: it is ln(1/2), its variance 1 / (3 · 2/3 · 1/3)."""
    found = estimate(choices_of(records(("walk", "car"), [0, 0, 1], {}), constants(("walk", "car"), "walk")))
    assert found["constant_car"] == pytest.approx(math.log(0.5), abs=1e-9)
    assert found.standard_error == pytest.approx([math.sqrt(1.5)])
    assert found.robust_error == pytest.approx([math.sqrt(1.5)])
    assert found.t_value == pytest.approx([math.log(0.5) / math.sqrt(1.5)])
    assert found.log_likelihood == pytest.approx(2 * math.log(2 / 3) + math.log(1 / 3))
    assert found.log_likelihood_zero == pytest.approx(3 * math.log(1 / 2))
    assert found.log_likelihood_constants == pytest.approx(found.log_likelihood)
    assert found.rho2 == pytest.approx(1 - found.log_likelihood / found.log_likelihood_zero)
    assert found.rho2_constants == pytest.approx(0)
    assert found.predicted_shares == pytest.approx([2 / 3, 1 / 3])


def test_a_traveller_who_has_but_one_mode_says_nothing():
    modes, available = ("walk", "car"), [[1, 1], [1, 1], [1, 1], [1, 0]]
    found = estimate(choices_of(records(modes, [0, 0, 1, 0], {}, available), constants(modes, "walk")))
    assert found["constant_car"] == pytest.approx(math.log(0.5), abs=1e-9)
    assert found.predicted_shares == pytest.approx([3 / 4, 1 / 4])


@pytest.mark.parametrize("nests", [(), NESTS, (NESTS[0], Nest("mu_active", ("bus", "rail")))])
def test_value_and_gradient_against_the_formula_and_its_differences(sample, nests):
    model = model_of(choices_of(sample, VARIABLES), nests)
    theta = np.concatenate((np.linspace(-0.7, 0.4, 6), np.linspace(0.4, 0.9, len(model.parameter) - 6)))
    named = dict(zip(model.parameter, theta, strict=True))
    groups = {nest.modes: [MODES.index(m) for m in nest.modes] for nest in nests}
    mu = {nest.modes: named[nest.parameter] for nest in nests}
    for j in range(5):
        if not any(j in members for members in groups.values()):
            groups[j], mu[j] = [j], 1.0
    truth = nested_shares(model.choices.x @ theta[:6], sample.available, groups, mu)
    assert model.shares(theta) == pytest.approx(truth, abs=1e-12)
    total, slope = model.value(theta)
    assert total == pytest.approx(np.log(np.take_along_axis(truth, sample.chosen[:, None], axis=1)).sum())
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = 1e-6
        differences = (model.value(theta + step)[0] - model.value(theta - step)[0]) / 2e-6
        assert slope[k] == pytest.approx(differences, rel=1e-6, abs=1e-4)


def test_information_is_the_second_derivative(sample):
    model = model_of(choices_of(sample, VARIABLES), ())
    theta = np.linspace(-0.7, 0.4, 6)
    info = model.information(theta)
    for k in range(6):
        step = np.zeros(6)
        step[k] = 1e-5
        differences = (model.value(theta - step)[1] - model.value(theta + step)[1]) / 2e-5
        assert info[k] == pytest.approx(differences, rel=1e-6, abs=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_made_choices_give_back_their_parameters(seed):
    found = estimate(choices_of(made(6000, seed)[0], VARIABLES), nests=NESTS)
    truth = np.array([TRUTH[name] for name in found.parameter])
    assert (np.abs(found.value - truth) < 3.5 * found.standard_error).all()
    assert np.mean(np.abs(found.value - truth) < 2 * found.standard_error) > 0.7
    assert found.robust_error == pytest.approx(found.standard_error, rel=0.2)
    assert not found.at_bound
    assert found.tested_against.tolist() == [0] * 6 + [1, 1]
    assert found.t_value[-2] == pytest.approx((found["mu_active"] - 1) / found.standard_error[-2])


def test_the_top_is_the_top(sample):
    choices = choices_of(sample, VARIABLES)
    found = estimate(choices, nests=NESTS)
    model = model_of(choices, NESTS)
    rng = np.random.default_rng(0)
    for _ in range(30):
        step = rng.normal(size=len(found.value)) * found.standard_error * 0.2
        assert model.value(found.value + step)[0] < found.log_likelihood
    assert found.log_likelihood > estimate(choices).log_likelihood
    assert estimate(choices).log_likelihood > found.log_likelihood_constants > found.log_likelihood_zero


def test_nests_of_mu_1_are_no_nests(sample):
    choices = choices_of(sample, VARIABLES)
    plain = estimate(choices)
    held = estimate(choices, nests=NESTS, fixed={"mu_active": 1.0, "mu_transit": 1.0})
    assert held.value[:6] == pytest.approx(plain.value, abs=1e-7)
    assert held.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    assert held.standard_error[:6] == pytest.approx(plain.standard_error, rel=1e-5)
    assert held.fixed == ("mu_active", "mu_transit")
    assert np.isnan(held.standard_error[6:]).all()


def test_a_mu_that_would_pass_1_stays_there():
    """Modes that replace each other less than they replace others are no nest."""
    choices = choices_of(made(4000, 7, mu_active=1.0, mu_transit=0.5)[0], VARIABLES)
    wrong = Nest("mu_odd", ("cycle", "bus"))
    found = estimate(choices, nests=[wrong])
    assert found.at_bound == ("mu_odd",)
    assert found["mu_odd"] == 1.0
    assert np.isnan(found.standard_error[-1])
    plain = estimate(choices)
    assert found.value[:-1] == pytest.approx(plain.value, abs=1e-6)
    assert found.standard_error[:-1] == pytest.approx(plain.standard_error, rel=1e-5)


def test_names_and_order_of_modes_and_nests_change_nothing(sample):
    found = estimate(choices_of(sample, VARIABLES), nests=NESTS)
    order = [3, 0, 4, 1, 2]
    moved = replace(
        sample,
        modes=tuple(MODES[j] for j in order),
        chosen=np.array([order.index(j) for j in sample.chosen], np.int32),
        available=sample.available[:, order],
    )
    other = estimate(choices_of(moved, VARIABLES[::-1]), nests=NESTS[::-1])
    assert other.log_likelihood == pytest.approx(found.log_likelihood, abs=1e-8)
    for name in found.parameter:
        assert other[name] == pytest.approx(found[name], abs=1e-6)
    assert other.predicted_shares == pytest.approx(found.predicted_shares[order], abs=1e-8)


def test_predicted_shares_are_the_observed_ones_where_every_mode_has_a_constant(sample):
    found = estimate(choices_of(sample, VARIABLES))
    assert found.predicted_shares == pytest.approx(found.observed_shares, abs=1e-8)


def test_weights_count_relative_to_each_other(sample):
    """A weight of 2 is a trip that stands twice; weights of 300 a trip do not make a survey larger."""
    twice = np.arange(len(sample)) % 3 == 0
    weighted = estimate(choices_of(replace(sample, weight=np.where(twice, 2.0, 1.0)), VARIABLES))
    both = np.concatenate((np.arange(len(sample)), np.flatnonzero(twice)))
    repeated = replace(sample.where(both), weight=np.ones(len(both)))
    assert weighted.value == pytest.approx(estimate(choices_of(repeated, VARIABLES)).value, abs=1e-7)
    plain = estimate(choices_of(sample, VARIABLES))
    expanded = estimate(choices_of(replace(sample, weight=np.full(len(sample), 300.0)), VARIABLES))
    assert expanded.standard_error == pytest.approx(plain.standard_error)
    assert expanded.log_likelihood == pytest.approx(plain.log_likelihood)
    part = np.arange(len(sample)) < 900
    left_out = estimate(choices_of(replace(sample, weight=np.where(part, 1.0, 0.0)), VARIABLES))
    kept = estimate(choices_of(sample.where(part), VARIABLES))
    assert left_out.cases == kept.cases == 900
    assert left_out.value == pytest.approx(kept.value, abs=1e-7)


def test_robust_errors_see_trips_that_stand_more_than_once(sample):
    """Each trip four times: plain errors halve; those of the sandwich, which squares scores, halve too."""
    again = sample.where(np.repeat(np.arange(len(sample)), 4))
    few, many = (estimate(choices_of(r, VARIABLES)) for r in (sample, again))
    assert many.standard_error == pytest.approx(few.standard_error / 2, rel=1e-6)
    assert many.robust_error == pytest.approx(few.robust_error / 2, rel=1e-6)


def test_the_value_of_time_and_its_error(sample):
    found = estimate(choices_of(sample, VARIABLES))
    value, error = found.ratio("time", "cost")
    assert value == pytest.approx(found["time"] / found["cost"])
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal(found.value, found.robust_covariance, 200_000)
    at = [found.parameter.index(name) for name in ("time", "cost")]
    assert error == pytest.approx(np.std(draws[:, at[0]] / draws[:, at[1]]), rel=0.03)


def test_a_better_mode_never_loses_share(sample):
    found = estimate(choices_of(sample, VARIABLES), nests=NESTS)
    before = found.shares(choices_of(sample, VARIABLES))
    assert before.sum(axis=1) == pytest.approx(np.ones(len(sample)))
    for j, mode in enumerate(MODES):
        faster = replace(sample, columns={**sample.columns, f"time_{mode}": sample.columns[f"time_{mode}"] * 0.8})
        after = found.shares(choices_of(faster, VARIABLES))
        assert (after[:, j] >= before[:, j]).all()
        others = np.arange(5) != j
        assert (after[:, others] <= before[:, others] + 1e-15).all()


def test_the_same_bytes_by_one_thread_and_by_two(sample):
    choices = choices_of(sample, VARIABLES)
    threads = numba.get_num_threads()
    found = []
    try:
        for count in (1, min(2, threads)):
            numba.set_num_threads(count)
            e = estimate(choices, nests=NESTS)
            found.append((e.value.tobytes(), e.robust_covariance.tobytes(), e.predicted_shares.tobytes()))
    finally:
        numba.set_num_threads(threads)
    assert found[0] == found[1]


def problems_of(call):
    with pytest.raises(InputError) as error:
        call()
    return [str(p) for p in error.value.problems]


def test_a_time_that_is_liked_is_refused(sample):
    slow = replace(sample, columns={name: -column for name, column in sample.columns.items()})
    found = problems_of(lambda: estimate(choices_of(slow, VARIABLES)))
    assert len(found) == 2
    assert found[0].startswith("coefficient time: is +1.")
    assert "more time would be liked" in found[0] and "allow_signs=['time']" in found[0]
    assert found[1].startswith("coefficient cost: is +0.")
    assert len(problems_of(lambda: estimate(choices_of(slow, VARIABLES), allow_signs=["cost"]))) == 1
    allowed = estimate(choices_of(slow, VARIABLES), allow_signs=["time", "cost"])
    assert allowed["time"] > 0 and allowed["cost"] > 0


def test_a_fixed_coefficient_stays(sample):
    found = estimate(choices_of(sample, VARIABLES), fixed={"cost": -0.8})
    assert found["cost"] == -0.8
    assert found.fixed == ("cost",)
    assert found.log_likelihood < estimate(choices_of(sample, VARIABLES)).log_likelihood


def test_a_model_held_at_its_values_is_only_evaluated(sample):
    choices = choices_of(sample, VARIABLES)
    found = estimate(choices, nests=NESTS)
    named = dict(zip(found.parameter, found.value.tolist(), strict=True))
    held = estimate(choices, nests=NESTS, fixed=named)
    assert held.log_likelihood == found.log_likelihood
    assert held.fixed == found.parameter
    mus = estimate(choices, nests=NESTS, fixed={name: named[name] for name in found.parameter[:6]})
    assert mus.value == pytest.approx(found.value, abs=1e-6)


def test_a_mode_only_those_have_who_took_it_has_no_constant(sample):
    own = sample.available.copy()
    own[:, 4] = sample.chosen == 4
    odd = replace(sample, available=own)
    assert "constant_car" in problems_of(lambda: estimate(choices_of(odd, VARIABLES)))[0]
    found = estimate(choices_of(odd, [v for v in VARIABLES if v.coefficient != "constant_car"]), allow_signs=["cost"])
    assert np.isnan(found.log_likelihood_constants) and np.isnan(found.rho2_constants)


def test_what_cannot_be_told_apart_is_named(sample):
    every = [*VARIABLES, Variable("constant_walk", "constant", {"walk": 1.0})]
    (found,) = problems_of(lambda: estimate(choices_of(sample, every)))
    for mode in MODES:
        assert f"constant_{mode}" in found
    assert "time" not in found.split(":")[0]
    double = [*VARIABLES, Variable("again", "other", {"bus": "cost_bus", "rail": "cost_rail", "car": "cost_car"})]
    (found,) = problems_of(lambda: estimate(choices_of(sample, double)))
    assert found.startswith("coefficients cost, again: cannot be told apart")
    same = [*VARIABLES, Variable("everywhere", "other", dict.fromkeys(MODES, "cost_bus"))]
    available = replace(sample, available=np.ones_like(sample.available))
    (found,) = problems_of(lambda: estimate(choices_of(available, same)))
    assert found.startswith("coefficients everywhere: the choices leave it open")


def test_choices_that_a_variable_tells_apart_have_no_finite_coefficient():
    chosen = np.arange(40) % 2
    apart = records(("walk", "car"), chosen, {"rich": chosen})
    variables = [*constants(("walk", "car"), "walk"), Variable("rich", "other", {"car": "rich"})]
    (found,) = problems_of(lambda: estimate(choices_of(apart, variables)))
    assert "rich" in found and ("leave it open" in found or "told apart" in found)


def test_a_mode_nobody_took_has_no_constant(sample):
    stay = sample.where(sample.chosen != 1)
    (found,) = problems_of(lambda: estimate(choices_of(stay, VARIABLES)))
    assert found.startswith("coefficient constant_cycle: nobody took cycle")
    rest = estimate(choices_of(stay, [v for v in VARIABLES if v.coefficient != "constant_cycle"]))
    assert rest.log_likelihood_constants > -np.inf


def test_names_that_do_not_fit_are_all_told(sample):
    variables = [
        *VARIABLES,
        Variable("time", "cost", {"bus": "cost_bus"}),
        Variable("far", "other", {"plane": "height", "bus": "lenght"}),
    ]
    found = problems_of(lambda: choices_of(sample, variables))
    assert found[0] == "variable time: is both time and cost (name two coefficients)"
    assert "names an unknown mode 'plane' (known: walk, cycle, bus, rail, car)" in found[1]
    assert "no column 'height'" in found[2] and "no column 'lenght'" in found[3]
    nests = [Nest("a", ("walk",)), Nest("time", ("bus", "walk", "boat")), Nest("c", ("rail", "bus"))]
    choices = choices_of(sample, VARIABLES)
    found = problems_of(lambda: estimate(choices, nests=nests, fixed={"what": 1, "c": 2}, allow_signs=["tim"]))
    assert [f.split(":")[0] for f in found] == [
        *("nest a", "nest time", "nest time", "nest time", "nest c"),
        *("parameter 'what'", "parameter 'tim'", "parameter 'c'"),
    ]
    other = choices_of(sample, VARIABLES[:-1])
    assert "cost" not in problems_of(lambda: estimate(choices).shares(other))[0].split("of the modes")[0]


def test_numbers_that_are_missing_are_told_by_row(sample):
    column = sample.columns["time_bus"].copy()
    column[sample.available[:, 2].nonzero()[0][:60]] = np.nan
    found = problems_of(lambda: choices_of(replace(sample, columns={**sample.columns, "time_bus": column}), VARIABLES))
    assert len(found) == 51
    assert found[0].startswith("trips, row ") and "time_bus of bus is not a number" in found[0]
    assert found[-1] == "trips: and 10 more problems"
    lost = np.where(sample.available, sample.columns["time_bus"][:, None], np.nan)[:, 2]
    choices_of(replace(sample, columns={**sample.columns, "time_bus": lost}), VARIABLES)


def test_cases_that_chose_what_they_did_not_have_are_refused(sample):
    taken = sample.available.copy()
    taken[7, sample.chosen[7]] = False
    (found,) = problems_of(lambda: choices_of(replace(sample, available=taken), VARIABLES))
    assert "1 cases chose what they did not have, the first is case 7" in found
    (found,) = problems_of(lambda: choices_of(replace(sample, weight=np.zeros(len(sample))), VARIABLES))
    assert "no case has a weight" in found
