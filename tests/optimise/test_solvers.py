"""Every registered solver keeps the promises of the protocol; a new one is tested by being registered."""

from dataclasses import replace
from functools import cache

import brute_force
import numpy as np
import pytest
from cases import SEEDS, small, town

from network import InputError
from optimise import SOLVERS, Cancel, Gap, Incumbent, Seconds, Stop, Work, gap_of, solve, verify
from optimise.location.bounds import lagrangian_bound
from optimise.verify import relaxation_bound, value_of

EXACT = [name for name in SOLVERS if name != "local_search"]
ENOUGH = Work(5)


@cache
def best_of_town():
    return solve(town(), Gap(0) | ENOUGH).objective


def same(one, other):
    return (one.values.tolist(), one.objective, one.bound, one.status) == (
        other.values.tolist(),
        other.objective,
        other.bound,
        other.status,
    )


def test_there_is_an_exact_solver_and_it_is_the_default():
    assert next(iter(SOLVERS)) in EXACT
    assert "local_search" in SOLVERS


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", SOLVERS)
def test_small_cases_against_every_plan(name, seed):
    problem = small(seed)
    truth = brute_force.optimum(problem)
    found = SOLVERS[name](problem, ENOUGH, seed)
    assert verify(problem, found).problems == ()
    assert found.bound <= truth <= found.objective
    if name in EXACT:
        assert (found.objective, found.bound, found.status, found.gap) == (truth, truth, "optimal", 0.0)


def test_local_search_finds_most_small_optima():
    problems = [small(seed) for seed in range(40)]
    hits = sum(SOLVERS["local_search"](p, ENOUGH).objective == brute_force.optimum(p) for p in problems)
    assert hits >= 0.9 * len(problems)


@pytest.mark.parametrize("name", SOLVERS)
def test_a_town_is_solved_and_verified(name):
    problem = town()
    found = SOLVERS[name](problem, Gap(0.01) | ENOUGH)
    checked = verify(problem, found)
    assert checked.problems == ()
    assert "relaxation" in checked.checked
    assert found.gap <= 0.05
    assert found.gap == gap_of(found.objective, found.bound)
    assert problem.cost_fen(found.values) <= problem.budget_fen


def test_exact_is_never_worse_than_its_start_and_both_bounds_hold():
    problem = town()
    start = SOLVERS["local_search"](problem, Work(0))
    exact = solve(problem, Gap(0) | ENOUGH)
    assert start.bound <= exact.bound
    assert start.bound <= exact.objective <= start.objective


@pytest.mark.parametrize("name", SOLVERS)
def test_same_seed_same_answer(name):
    problem = town()
    runs = [SOLVERS[name](problem, Gap(0.001) | Work(0.5), 7) for _ in range(2)]
    assert same(*runs)


def test_seeds_lead_the_search_apart():
    problem = town(demands=150, sites=120, budget_fen=150_000_000)
    plans = {tuple(SOLVERS["local_search"](problem, Work(0.02), seed).values.tolist()) for seed in range(6)}
    assert len(plans) > 1


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
@pytest.mark.parametrize("name", SOLVERS)
def test_a_run_cut_short_is_feasible_with_an_honest_gap(name, stop):
    problem = town()
    found = SOLVERS[name](problem, stop)
    assert verify(problem, found).problems == ()
    assert found.bound <= best_of_town()
    assert found.seconds < 30


def test_a_run_cut_short_does_less():
    problem = town(demands=150, sites=120, budget_fen=150_000_000)
    short, long = (SOLVERS["local_search"](problem, Work(units)) for units in (0, 3))
    assert short.objective > long.objective


@pytest.mark.parametrize("seed", SEEDS)
def test_more_money_is_never_worse(seed):
    problem = small(seed)
    values = [solve(replace(problem, budget_fen=budget), ENOUGH).objective for budget in (9000, 3000, 1000, 0)]
    assert values == sorted(values)


def test_no_demand_no_sites_no_pairs():
    none, pairless = np.zeros(0, int), np.zeros(4, int)
    empty = town(weight=none, first=np.zeros(1, int), site=none, distance_m=none)
    lone = town(weight=np.array([5, 0, 7]), first=pairless, site=none, distance_m=none)
    for problem, value in ((empty, 0), (lone, 12 * 1200)):
        found = solve(problem, ENOUGH)
        assert (found.objective, found.status) == (value, "optimal")
        assert verify(problem, found).problems == ()


def test_money_in_odd_fen_is_kept_to():
    problem = town()
    rng = np.random.default_rng(0)
    odd = replace(problem, open_fen=problem.open_fen + rng.integers(0, 99, 40), plug_fen=problem.plug_fen + 7)
    found = solve(odd, Gap(0.02) | ENOUGH)
    assert verify(odd, found).problems == ()


def test_progress_is_told_and_ends_at_the_answer():
    heard = []
    found = solve(town(), Gap(0) | ENOUGH, progress=heard.append)
    assert heard[0].solver == "local_search"
    assert heard[-1].solver == "pmedian"
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)
    assert [p.seconds for p in heard] == sorted(p.seconds for p in heard)


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="'simplex': is unknown"):
        solve(town(), Stop(), solver="simplex")
    with pytest.raises(InputError, match="seed"):
        solve(town(), Stop(), seed=-1)
    with pytest.raises(InputError, match="start"):
        SOLVERS["pmedian"](town(budget_fen=0), Stop(), 0, SOLVERS["local_search"](town(), Work(0)))


def ignorant(problem):
    """A start that has bought nothing and knows no bound: all proof is left to the solver."""
    nothing = np.zeros(problem.sites, np.int64)
    return Incumbent(nothing, value_of(problem, nothing), 0, "feasible", "none", 0.0)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("name", EXACT)
def test_exact_models_prove_small_optima_on_their_own(name, seed):
    problem = small(seed)
    found = SOLVERS[name](problem, ENOUGH, seed, ignorant(problem))
    truth = brute_force.optimum(problem)
    assert (found.objective, found.bound) == (truth, truth)


@pytest.mark.parametrize("name", EXACT)
def test_exact_models_agree_with_the_search_on_a_town(name):
    problem = town()
    found = SOLVERS[name](problem, Gap(0) | Work(10), 0, ignorant(problem))
    assert found.objective == best_of_town()


@pytest.mark.parametrize("seed", range(60))
def test_the_lagrangian_bound_holds_whatever_it_is_steered_by(seed):
    problem = small(seed)
    truth = brute_force.optimum(problem)
    for value in (truth, truth // 2, 2 * truth + 1):
        assert lagrangian_bound(problem, value) <= truth


def test_the_lagrangian_bound_is_near_the_linear_relaxation_or_better():
    problem = town()
    assert lagrangian_bound(problem, best_of_town()) >= 0.995 * relaxation_bound(problem)
