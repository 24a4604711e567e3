"""`verify` finds what is wrong with an answer, and agrees with brute force."""

from dataclasses import replace

import brute_force
import numpy as np
import pytest
from cases import SEEDS, small, town

from optimise import Work, solve, verify
from optimise.verify import relaxation_bound, value_of


@pytest.mark.parametrize("seed", SEEDS)
def test_values_and_relaxation_against_every_plan(seed):
    problem = small(seed)
    for plan in brute_force.every_plan(problem):
        assert value_of(problem, np.array(plan)) == brute_force.walked(problem, plan)
    assert relaxation_bound(problem) <= brute_force.optimum(problem) + 1e-6


@pytest.fixture(scope="module")
def solved():
    problem = town()
    return problem, solve(problem, Work(5))


def said(problem, incumbent, **changes):
    return " ".join(verify(problem, replace(incumbent, **changes)).problems)


def test_an_honest_answer_passes(solved):
    checked = verify(*solved)
    assert checked.feasible
    assert checked.value_matches
    assert checked.bound_side_ok
    assert checked.gap_matches
    assert checked.problems == ()
    assert checked.value == solved[1].objective


def test_wrong_claims_are_found(solved):
    problem, found = solved
    assert "the value is" in said(problem, found, objective=found.objective + 1)
    assert "wrong side" in said(problem, found, bound=found.objective + 1)
    assert "status 'optimal'" in said(problem, found, bound=found.objective - 1, status="optimal")
    assert "status 'feasible'" in said(problem, found, bound=found.objective, status="feasible")
    assert "status 'infeasible'" in said(problem, found, status="infeasible")


def test_a_value_better_than_the_relaxation_is_found(solved):
    problem, found = solved
    rich = replace(problem, budget_fen=problem.budget_fen * 3)
    better = solve(rich, Work(5))
    assert "costs" in said(problem, found, values=better.values)


def test_broken_rules_are_found():
    problem = town(least=np.full(40, 2))
    found = solve(problem, Work(1))
    opened = int(np.flatnonzero(found.values * (problem.existing == 0))[0])
    for value, words in ((-1, "gets -1"), (99, "room for"), (1, "at least 2")):
        values = found.values.copy()
        values[opened] = value
        assert words in said(problem, found, values=values)
    assert "need (40,)" in said(problem, found, values=found.values[:-1])
    assert "need (40,)" in said(problem, found, values=found.values.astype(float))


def test_large_problems_go_without_the_relaxation(solved):
    checked = verify(*solved, lp_pairs=10)
    assert checked.relaxation_bound is None
    assert "relaxation" not in checked.checked
