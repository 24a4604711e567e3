"""Every registered solver keeps the promises of the protocol; a new one is tested by being registered."""

from dataclasses import replace
from functools import cache

import brute_force
import numpy as np
import pytest
from cases import SEEDS, small, town

from optimise import SOLVERS, Cancel, Gap, Incumbent, Seconds, Stop, Work, gap_of, solve, verify
from optimise.location.bounds import lagrangian_bound
from optimise.verify import relaxation_bound, value_of

OBJECTIVES = ("cover", "distance")
FITTING = [(name, objective) for objective in OBJECTIVES for name, s in SOLVERS.items() if s.supports(town(objective))]
EXACT = [(name, objective) for name, objective in FITTING if name != "local_search"]
ENOUGH = Work(5)


def better(objective, value, than):
    return value > than if objective == "cover" else value < than


@cache
def best_of_town(objective):
    return solve(town(objective), Gap(0) | ENOUGH).objective


def same(one, other):
    return (one.values.tolist(), one.objective, one.bound, one.status) == (
        other.values.tolist(),
        other.objective,
        other.bound,
        other.status,
    )


def test_each_objective_has_an_exact_solver_and_the_local_search():
    assert {("coverage", "cover"), ("pmedian", "distance")} <= set(EXACT)
    assert {("local_search", objective) for objective in OBJECTIVES} <= set(FITTING)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_small_cases_against_every_plan(name, objective, seed):
    problem = small(seed, objective)
    truth = brute_force.optimum(problem)
    found = SOLVERS[name](problem, ENOUGH, seed)
    assert verify(problem, found).problems == ()
    if truth is None:
        assert found.status == "infeasible"
        return
    assert found.status != "infeasible"
    assert not better(objective, found.objective, truth)
    assert not better(objective, truth, found.bound)
    if (name, objective) in EXACT:
        assert (found.objective, found.bound, found.status, found.gap) == (truth, truth, "optimal", 0.0)


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_local_search_finds_most_small_optima(name, objective):
    if name != "local_search":
        return
    problems = [small(seed, objective) for seed in range(40) if seed % 3]
    hits = sum(SOLVERS[name](p, ENOUGH).objective == brute_force.optimum(p) for p in problems)
    assert hits >= 0.9 * len(problems)


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_a_town_is_solved_and_verified(name, objective):
    problem = town(objective)
    found = SOLVERS[name](problem, Gap(0.01) | ENOUGH)
    checked = verify(problem, found)
    assert checked.problems == ()
    assert "relaxation" in checked.checked
    assert found.gap <= 0.05
    assert found.gap == gap_of(found.objective, found.bound)
    assert problem.cost_fen(found.values) <= problem.budget_fen


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_exact_is_never_worse_than_its_start_and_both_bounds_hold(objective):
    problem = town(objective)
    start = SOLVERS["local_search"](problem, Work(0))
    exact = solve(problem, Gap(0) | ENOUGH)
    assert not better(objective, start.objective, exact.objective)
    assert not better(objective, exact.objective, start.bound)
    assert not better(objective, exact.bound, start.bound)


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_same_seed_same_answer(name, objective):
    problem = town(objective)
    runs = [SOLVERS[name](problem, Gap(0.001) | Work(0.5), 7) for _ in range(2)]
    assert same(*runs)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_seeds_lead_the_search_apart(objective):
    problem = town(objective, demands=150, sites=120, budget_fen=150_000_000)
    plans = {tuple(SOLVERS["local_search"](problem, Work(0.02), seed).values.tolist()) for seed in range(6)}
    assert len(plans) > 1


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_a_run_cut_short_is_feasible_with_an_honest_gap(name, objective, stop):
    problem = town(objective)
    found = SOLVERS[name](problem, stop)
    assert verify(problem, found).problems == ()
    assert not better(objective, best_of_town(objective), found.bound)
    assert found.seconds < 30


def test_a_run_cut_short_does_less():
    problem = town("distance", demands=150, sites=120, budget_fen=150_000_000)
    short, long = (SOLVERS["local_search"](problem, Work(units)) for units in (0, 3))
    assert short.objective > long.objective


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_too_many_plugs_for_the_money(name, objective):
    problem = small(5, objective, budget_fen=900, min_plugs=0, existing=np.zeros(small(5, objective).sites, int))
    most = brute_force.most_plugs(problem)
    assert SOLVERS[name](replace(problem, min_plugs=most), ENOUGH).status != "infeasible"
    found = SOLVERS[name](replace(problem, min_plugs=most + 1), ENOUGH)
    assert found.status == "infeasible"
    assert f"{most + 1} new plugs are wanted" in found.reasons[0]
    assert f"at most {most}" in found.reasons[0]


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_too_many_plugs_for_the_sites(name, objective):
    problem = town(objective)
    room = int(problem.most.sum())
    found = SOLVERS[name](replace(problem, min_plugs=room + 1, budget_fen=10**12), ENOUGH)
    assert found.status == "infeasible"
    assert found.reasons == (f"{room + 1} new plugs are wanted, the sites have room for at most {room}",)


@pytest.mark.parametrize(("name", "objective"), FITTING)
def test_wanted_plugs_are_bought(name, objective):
    problem = town(objective)
    most = int(SOLVERS[name](problem, ENOUGH).values.sum()) + 4
    found = SOLVERS[name](replace(problem, min_plugs=most, plug_fen=problem.plug_fen // 2), ENOUGH)
    assert found.values.sum() >= most
    assert verify(replace(problem, min_plugs=most, plug_fen=problem.plug_fen // 2), found).problems == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_more_money_is_never_worse(seed):
    problem = small(seed, "cover", min_plugs=0)
    values = [solve(replace(problem, budget_fen=budget), ENOUGH).objective for budget in (0, 1000, 3000, 9000)]
    assert values == sorted(values)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_no_demand_no_sites_no_pairs(objective):
    none, pairless = np.zeros(0, int), np.zeros(4, int)
    empty = town(objective, weight=none, first=np.zeros(1, int), site=none, distance_m=none)
    lone = town(objective, weight=np.array([5, 0, 7]), first=pairless, site=none, distance_m=none)
    for problem, value in ((empty, 0), (lone, 0 if objective == "cover" else 12 * 1200)):
        found = solve(problem, ENOUGH)
        assert (found.objective, found.status) == (value, "optimal")
        assert verify(problem, found).problems == ()


def test_money_in_odd_fen_is_kept_to():
    problem = town("cover")
    rng = np.random.default_rng(0)
    odd = replace(problem, open_fen=problem.open_fen + rng.integers(0, 99, 40), plug_fen=problem.plug_fen + 7)
    found = solve(odd, Gap(0.02) | ENOUGH)
    assert verify(odd, found).problems == ()


def test_progress_is_told_and_ends_at_the_answer():
    heard = []
    found = solve(town("distance"), Gap(0) | ENOUGH, progress=heard.append)
    assert heard[0].solver == "local_search"
    assert heard[-1].solver == "pmedian"
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)
    assert [p.seconds for p in heard] == sorted(p.seconds for p in heard)


def test_a_solver_that_does_not_fit_is_refused():
    from network import InputError

    with pytest.raises(InputError, match="does not solve 'cover'"):
        solve(town("cover"), Stop(), solver="pmedian")
    with pytest.raises(InputError, match="seed"):
        solve(town("cover"), Stop(), seed=-1)
    with pytest.raises(InputError, match="start"):
        SOLVERS["coverage"](town("cover", budget_fen=0), Stop(), 0, SOLVERS["local_search"](town("cover"), Work(0)))


def ignorant(problem):
    """A start that has bought nothing and knows no bound: all proof is left to the solver."""
    nothing = np.zeros(problem.sites, np.int64)
    value = value_of(problem, nothing)
    bound = problem.total_weight if problem.objective == "cover" else 0
    return Incumbent(nothing, value, bound, "feasible", "none", 0.0)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("name", "objective"), EXACT)
def test_exact_models_prove_small_optima_on_their_own(name, objective, seed):
    problem = small(seed, objective, min_plugs=0)
    found = SOLVERS[name](problem, ENOUGH, seed, ignorant(problem))
    truth = brute_force.optimum(problem)
    assert (found.objective, found.bound) == (truth, truth)


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize(("name", "objective"), EXACT)
def test_exact_models_buy_the_plugs_that_are_wanted(name, objective, seed):
    problem = small(seed, objective, min_plugs=2, budget_fen=6000)
    plans = list(brute_force.every_plan(problem))
    if plans:
        start = replace(ignorant(problem), values=np.array(plans[0]), objective=brute_force.worth(problem, plans[0]))
        found = SOLVERS[name](problem, ENOUGH, seed, start)
        truth = brute_force.optimum(problem)
        assert (found.objective, found.bound) == (truth, truth)


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_exact_models_agree_with_the_search_on_a_town(objective):
    problem = town(objective)
    name = next(n for n, o in EXACT if o == objective)
    found = SOLVERS[name](problem, Gap(0) | Work(10), 0, ignorant(problem))
    assert found.objective == best_of_town(objective)


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_lagrangian_bound_holds_whatever_it_is_steered_by(objective, seed):
    problem = small(seed, objective)
    truth = brute_force.optimum(problem)
    for value in () if truth is None else (truth, truth // 2, 2 * truth + 1):
        assert not better(objective, truth, lagrangian_bound(problem, value))


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_the_lagrangian_bound_is_near_the_linear_relaxation_or_better(objective):
    problem = town(objective)
    relaxed, bound = relaxation_bound(problem), lagrangian_bound(problem, best_of_town(objective))
    assert not better(objective, bound, relaxed * (1.005 if objective == "cover" else 0.995))


@pytest.mark.parametrize("seed", range(15, 50))
@pytest.mark.parametrize("objective", OBJECTIVES)
def test_local_search_counts_right_when_plugs_are_wanted(objective, seed):
    problem = town(objective, 40, 12, seed, min_plugs=50, budget_fen=150_000_000, plug_tenths=150, cover_m=600)
    found = SOLVERS["local_search"](problem, Work(0), seed)
    assert verify(problem, found, lp_pairs=0).problems == ()
