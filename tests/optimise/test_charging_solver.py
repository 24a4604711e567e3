"""Chargers over years: against every plan, its proof recomputed, its stops, its reasons, bad input."""

import numpy as np
import pytest
from charger_cases import made, optimum, with_rules, with_targets

from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work
from optimise.charging import ChargerProblem, Least, solve_chargers
from optimise.charging.kernels.shapes import ALONE
from optimise.charging.verify import verify_chargers


def agrees_with_every_plan(problem):
    best, found = optimum(problem), solve_chargers(problem)
    assert verify_chargers(problem, found).problems == ()
    if best is None:
        assert found.status == "infeasible" and found.reasons
    else:
        assert (found.status, found.value, found.bound) == ("optimal", best, best)


@pytest.mark.parametrize("seed", range(24))
def test_one_year_against_every_plan(seed):
    agrees_with_every_plan(with_rules(seed, sites=4))


@pytest.mark.parametrize("seed", range(16))
def test_two_years_against_every_plan(seed):
    agrees_with_every_plan(with_rules(seed, years=2))


@pytest.mark.parametrize("years", [1, 2])
@pytest.mark.parametrize("seed", range(12))
def test_floors_and_least_money_against_every_plan(seed, years):
    agrees_with_every_plan(with_targets(seed, years=years))


def middling(seed=0, **rules):
    return made(seed, points=60, sites=25, hours=6, reach=0.2, tight=0.3, **rules)


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_has_a_plan_and_an_honest_gap(stop):
    problem = middling()
    exact, short = solve_chargers(problem), solve_chargers(problem, stop)
    assert verify_chargers(problem, short).problems == ()
    assert short.value <= exact.value == exact.bound <= short.bound


def test_the_same_seed_gives_the_same_bytes_and_a_gap_is_kept():
    problem = middling(years=2)
    one, two = (solve_chargers(problem, Gap(0.02), seed=3) for _ in range(2))
    assert one.option.tobytes() == two.option.tobytes()
    assert (one.value, one.bound) == (two.value, two.bound) and one.gap <= 0.02


def test_a_problem_large_enough_for_threads_keeps_its_rules_and_its_bound():
    problem = made(5, points=1500, sites=150, hours=24, years=2, reach=0.05, tight=0.2)
    assert sum(map(len, problem.site)) * 2 * 2 * 24 > ALONE
    one, two = (solve_chargers(problem, Work(0.3)) for _ in range(2))
    assert verify_chargers(problem, one).problems == () and one.gap < 0.05
    assert one.option.tobytes() == two.option.tobytes() and one.bound == two.bound


@pytest.mark.parametrize("years", [1, 2])
def test_hours_in_which_all_is_closed_could_be_left_out(years):
    open_ = np.ones((25, 6), np.int64)
    open_[:, [1, 4]] = 0
    shut, plain = middling(years=years, open=open_), middling(years=years)
    demand = plain.demand.copy()
    demand[..., [1, 4]] = 0
    fewer = middling(years=years, demand=demand)
    found, same = solve_chargers(shut), solve_chargers(fewer)
    assert (found.value, found.status) == (same.value, same.status) == (found.value, "optimal")
    assert found.value < solve_chargers(plain).value
    assert verify_chargers(shut, found).problems == ()


def test_a_bound_holds_for_sites_with_hours_of_their_own():
    open_ = np.random.default_rng(4).integers(0, 2, (25, 6))
    problem = middling(open=open_)
    exact, short = solve_chargers(problem), solve_chargers(problem, Work(0))
    assert verify_chargers(problem, exact).problems == verify_chargers(problem, short).problems == ()
    assert short.value <= exact.value == exact.bound <= short.bound
    assert exact.value < solve_chargers(middling()).value


def test_money_goes_to_the_site_that_is_open_when_energy_is_wanted():
    """Two sites alike but for their hours; the dearer one is open at night, and so is worth it."""
    plugs = np.array([[0, 0, 0], [4, 0, 0]] * 2)
    demand = np.array([2, 9]).reshape(1, 1, 1, 2)
    problem = ChargerProblem(
        demand=demand, first=[np.array([0, 2])], site=[np.arange(2)], distance_m=[np.zeros(2, np.int64)],
        option_first=np.array([0, 2, 4]), option_plugs=plugs, option_capacity=np.array([[0], [10], [0], [10]]),
        option_fen=np.array([0, 50, 0, 90]), mobilise_fen=np.zeros(2, np.int64), budget_fen=np.array([100]),
        open=np.array([[1, 0], [0, 1]]),
    )  # fmt: skip
    found = solve_chargers(problem)
    assert (found.option.tolist(), found.value, found.bound) == ([[0, 3]], 9, 9)


def test_what_closed_hours_take_is_said():
    asked = {"objective": "cost", "served_share": np.array([0.9]), "budget_fen": np.array([10**6])}
    found = solve_chargers(middling(open=np.zeros((25, 6), np.int64), **asked))
    assert found.status == "infeasible"
    assert found.reasons == ("year 0: 90.0% wanted, all sites at their largest serve 0.0%",)


def test_progress_is_told_and_ends_with_the_answer():
    told = []
    found = solve_chargers(middling(), Stop(), 0, told.append)
    assert (told[-1].objective, told[-1].bound) == (found.value, found.bound)


def test_more_money_never_serves_less():
    values = [solve_chargers(made(1, points=30, sites=8, hours=3, tight=share)).value for share in (0.1, 0.3, 0.6)]
    assert values == sorted(values) and values[0] < values[-1]


def test_one_large_site_is_not_ten_small_ones():
    """Capacities of METHODS: ten sites of two plugs carry 7.6 sessions an hour, one of twenty carries 26.8."""
    small, large = [[0, 0, 0], [0, 2, 0]], [[0, 0, 0], [0, 20, 0]]
    plugs = np.array(small * 10 + large)
    capacity = np.array([[0], [191]] * 10 + [[0], [6700]])
    problem = ChargerProblem(
        demand=np.array([6000]).reshape(1, 1, 1, 1), first=[np.array([0, 11])], site=[np.arange(11)],
        distance_m=[np.zeros(11, np.int64)], option_first=np.arange(0, 23, 2), option_plugs=plugs,
        option_capacity=capacity, option_fen=np.array([0, 10] * 10 + [0, 100]), mobilise_fen=np.zeros(11, np.int64),
        budget_fen=np.array([100]),
    )  # fmt: skip
    found = solve_chargers(problem)
    assert (found.value, found.status) == (6000, "optimal")
    assert found.option[0].tolist() == [*range(0, 20, 2), 21]


def test_what_cannot_be_is_said_in_words_of_the_plan():
    plain = made(0, sites=3)
    asked = {"least": [Least("bus stations", np.array([0, 1]), 400)]}
    found = solve_chargers(made(0, sites=3, **asked))
    room = sum(int(plain.option_plugs[plain.option_first[j + 1] - 1].sum()) for j in (0, 1))
    assert found.status == "infeasible" and found.reasons == (f"bus stations: 400 plugs wanted, room for {room}",)


def test_a_budget_that_buys_nothing_is_said():
    problem = made(3, sites=3, budget_fen=np.array([0]), mobilise_fen=np.full(3, 500))
    found = solve_chargers(problem)
    assert found.status == "optimal" and "buys nothing: the cheapest site costs" in found.reasons[0]


@pytest.mark.parametrize(
    ("rules", "where"),
    [
        ({"mobilise_fen": np.array([1, -2, 3])}, "mobilise_fen[1]"),
        ({"budget_fen": np.array([1, 2])}, "budget_fen"),
        ({"carry_share": 1.5}, "carry_share"),
        ({"feeder": np.array([0, -1, -1])}, "feeder[0]"),
        ({"open": np.array([[1, 1], [1, 2], [0, 1]])}, "open[1, 1]"),
        ({"open": np.ones((3, 24), np.int64)}, "open"),
        ({"served_share": np.array([1.2])}, "served_share[0]"),
        ({"least": [Least("hubs", np.array([7]), 2)]}, "least[0].sites"),
        ({"objective": "best"}, "objective"),
    ],
    ids=["negative", "years", "carry", "feeder", "open twice", "hours", "share", "sites", "objective"],
)
def test_bad_input_names_the_array_and_the_row(rules, where):
    with pytest.raises(InputError, match=where.replace("[", r"\[").replace("]", r"\]")):
        made(0, sites=3, **rules)
