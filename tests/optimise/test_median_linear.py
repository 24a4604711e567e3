"""The linear relaxation of the p-median and the branching on it, against HiGHS with a row for each pair."""

import numpy as np
import pytest
from median_cases import least_sum, plane, small
from scipy.optimize import LinearConstraint, milp
from scipy.sparse import block_array, csr_array, eye_array, kron

from optimise import Work
from optimise.location import median_search, p_median
from optimise.location.kernels.medians import OPEN, SHUT, nearest_pairs
from optimise.location.median_linear import Relaxation
from optimise.location.verify_location import verify_p_median


@pytest.fixture
def much_is_branched(monkeypatch):
    """Rounds of prices end early, and however wide the gap, nodes are bounded by their linear relaxations."""
    monkeypatch.setattr(median_search, "_SETTLED", 1.0)
    monkeypatch.setattr(median_search, "_NARROW", np.inf)


def by_pairs(cost, p, *, low, high, whole=False):
    """The least sum with x_ij <= y_j; low, high (C): bounds of the sites."""
    demands, sites = cost.shape
    one, pairs = np.ones((1, sites)), cost.size
    served = kron(eye_array(demands), csr_array(one))
    only_open = block_array([[-kron(np.ones((demands, 1)), eye_array(sites)), eye_array(pairs)]])
    rows = [
        LinearConstraint(only_open.tocsr(), -np.inf, 0),
        LinearConstraint(block_array([[csr_array((demands, sites)), served]]).tocsr(), 1, 1),
        LinearConstraint(np.append(one, np.zeros((1, pairs)), axis=1), 0, p),
    ]
    finite = np.isfinite(cost).ravel()
    most = np.append(high, finite)
    price = np.append(np.zeros(sites), np.where(finite, cost.ravel(), 0.0))
    bounds = (np.append(low, np.zeros(pairs)), most)
    found = milp(price, constraints=rows, bounds=bounds, integrality=np.append(np.full(sites, whole), np.zeros(pairs)))
    return found.fun if found.status == 0 else np.inf


@pytest.mark.parametrize("seed", range(8))
def test_the_relaxation_is_as_tight_as_a_row_for_each_pair(seed):
    """Also with sites open and shut since, and where there is no way; its prices prove its value."""
    rng, demands, sites, p = np.random.default_rng(seed), 30, 20, 6
    cost = plane(seed, demands, sites)
    if seed % 2:
        cost[cost > np.sort(cost, axis=1)[:, 14:15]] = np.inf
    state = np.zeros(sites, np.int8)
    near = nearest_pairs(cost, np.full(demands, np.inf), state)
    price = np.where(np.isfinite(cost), cost, 0).mean(axis=1)
    relaxation, run = Relaxation(near, state, p, price), Work(100).start()
    for _ in range(4):
        state[:] = 0
        state[rng.choice(sites, 3, replace=False)] = OPEN, SHUT, SHUT
        found = relaxation.solve(state, price, np.inf, run)
        best = by_pairs(cost, p, low=state == OPEN, high=state != SHUT)
        earned = np.minimum(0, np.where(np.isfinite(cost), cost, np.inf) - found.price[:, None]).sum(axis=0)
        picked = np.sort(earned[state == 0])[: p - 1].sum() + earned[state == OPEN].sum()
        assert found.price.sum() + picked == pytest.approx(best, rel=1e-7)
        assert found.share.sum() <= p + 1e-6


@pytest.mark.parametrize("seed", range(60))
def test_small_medians_against_every_choice(seed, much_is_branched):
    cost, p, options = small(seed)
    found, best = p_median(cost, p, seed=seed, **options), least_sum(cost, p, **options)
    assert found.objective == pytest.approx(best, rel=1e-9, abs=1e-9), seed
    assert found.status == ("optimal" if np.isfinite(best) else "infeasible"), seed
    assert verify_p_median(cost, p, found, **options).problems == (), seed


@pytest.mark.parametrize("seed", range(6))
def test_medians_on_a_plane_against_highs(seed, much_is_branched):
    cost = plane(40 + seed, 50, 40)
    cost = np.rint(cost) if seed % 2 else cost
    found = p_median(cost, 5)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(by_pairs(cost, 5, low=np.zeros(40), high=np.ones(40), whole=True), rel=1e-8)


def test_what_a_failed_solver_leaves_is_made_up_by_prices(much_is_branched, monkeypatch):
    cost = np.rint(plane(3, 60, 40))
    exact = p_median(cost, 6)
    monkeypatch.setattr(Relaxation, "_solved", lambda *_: False)
    found = p_median(cost, 6)
    assert (found.objective, found.status) == (exact.objective, "optimal")


def test_rows_that_do_not_matter_are_dropped_on_the_way(much_is_branched, monkeypatch):
    cost = np.rint(plane(4, 80, 60))
    exact = p_median(cost, 5)
    monkeypatch.setattr("optimise.location.median_linear._ROWS_PER_DEMAND", 2)
    found = p_median(cost, 5)
    assert (found.objective, found.status) == (exact.objective, "optimal")
