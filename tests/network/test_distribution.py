"""Distribution: balancing beside plain scaling, what gravity refuses, and parameters found again."""

from __future__ import annotations

import json

import numba
import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import InputError
from network.demand import distribution
from network.demand.distribution import balance, gravities, gravity
from network.demand.gravity_fit import fit_matrix, fit_mean
from network.kernels.balancing import SHARED_FROM, deterrence, parts
from network.parallel import shared_out


def balanced(seed, rows, columns, tolerance=1e-10, most_rounds=20_000):
    out = np.empty(seed.shape)
    (rounds,), (worst,) = balance(
        seed[None], rows[None], columns[None], out[None], tolerance=tolerance, most_rounds=most_rounds
    )
    return out, rounds, worst


def places(rng, zones):
    """Minutes between places at random in the plane, and within them."""
    at = rng.uniform(0, 30, (zones, 2))
    return np.hypot(*(at[:, None] - at).transpose(2, 0, 1)) * 2 + 2


def ends(rng, zones):
    production, attraction = rng.uniform(10, 90, zones), rng.uniform(10, 90, zones)
    return production, attraction * production.sum() / attraction.sum()


def plain_gravity(production, attraction, minutes, alpha, beta):
    return oracles.furness(minutes**alpha * np.exp(-beta * minutes), production, attraction, 3000)


def test_furness_gives_the_published_matrix(shared):
    case = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["furness"]
    seed, rows, columns = (np.array(case[k], float) for k in ("seed", "O", "D"))
    out, _, worst = balanced(seed, rows, columns)
    assert worst < 1e-9
    assert out == pytest.approx(np.array(case["result"]), abs=1e-4)


@pytest.mark.parametrize("large", [False, True], ids=["alone", "shared"])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("seed", range(8))
def test_furness_equals_plain_scaling(seed, dtype, large, monkeypatch):
    """Totals of a matrix with the same empty cells, so that they can be met; rows and columns of nobody too."""
    monkeypatch.setattr(distribution, "SHARED_FROM", 0 if large else SHARED_FROM)
    rng = np.random.default_rng(seed)
    zones = int(rng.integers(1, 90))
    cells = (rng.random((zones, zones)) * (rng.random((zones, zones)) < 0.7)).astype(dtype)
    truth = cells * np.exp(rng.normal(size=(zones, 1)) + rng.normal(size=zones))
    truth[rng.random(zones) < 0.1] = 0.0
    truth[:, rng.random(zones) < 0.1] = 0.0
    rows, columns = truth.sum(axis=1), truth.sum(axis=0)
    out, _, worst = balanced(cells, rows, columns)
    assert worst <= 1e-10
    assert out == pytest.approx(oracles.furness(cells, rows, columns), rel=1e-7, abs=1e-9)
    assert out.sum(axis=1) == pytest.approx(rows, rel=1e-12)
    assert out.sum(axis=0) == pytest.approx(columns, rel=1e-9)


def plain_rounds(seed, rows, columns, tolerance):
    """Rounds of Furness as it was published, until the columns are met."""
    b, rounds, worst = np.ones(len(columns)), 0, np.inf
    while worst > tolerance:
        total = (rows / (seed @ b)) @ seed
        worst = (np.abs(b * total - columns) / columns).max()
        b, rounds = columns / total, rounds + 1
    return rounds


@pytest.mark.parametrize("beta", [0.05, 0.1, 0.2, 0.4])
def test_rounds_that_lead_on_are_fewer_and_end_at_the_same_matrix(beta):
    rng = np.random.default_rng(7)
    seed, (rows, columns) = np.exp(-beta * places(rng, 120)), ends(rng, 120)
    out, rounds, worst = balanced(seed, rows, columns, 1e-6)
    plain = plain_rounds(seed, rows, columns, 1e-6)
    assert worst <= 1e-6
    assert rounds < plain if plain < 20 else rounds < 0.67 * plain
    assert out == pytest.approx(balanced(seed, rows, columns, 1e-13)[0], rel=1e-4)


@pytest.mark.parametrize("seed", range(3))
def test_balancing_does_not_see_the_scale_of_the_seed_nor_which_side_is_which(seed):
    rng = np.random.default_rng(seed)
    cells, (rows, columns) = rng.random((40, 40)) + 0.01, ends(rng, 40)
    out, _, _ = balanced(cells, rows, columns)
    assert balanced(cells * 1e-30, rows, columns)[0] == pytest.approx(out, rel=1e-9)
    scaled = cells * rng.uniform(0.1, 10, (40, 1)) * rng.uniform(0.1, 10, 40)
    assert balanced(scaled, rows, columns)[0] == pytest.approx(out, rel=1e-8)
    assert balanced(cells.T.copy(), columns, rows)[0] == pytest.approx(out.T, rel=1e-8)


def test_the_answer_may_stand_where_the_seed_stood():
    rng = np.random.default_rng(0)
    cells, (rows, columns) = rng.random((33, 33)), ends(rng, 33)
    truth = balanced(cells, rows, columns)[0]
    balance(cells[None], rows[None], columns[None], cells[None], tolerance=1e-10, most_rounds=1000)
    assert (cells == truth).all()


def test_a_total_that_nothing_can_meet_is_told():
    cells = np.ones((3, 3))
    cells[:, 1] = 0.0
    _, rounds, worst = balanced(cells, np.ones(3), np.ones(3), 1e-6, 50)
    assert rounds == 50
    assert worst >= 0.5


@pytest.mark.skipif(numba.config.NUMBA_NUM_THREADS < 2, reason="one thread only")
@pytest.mark.parametrize("zones", [61, SHARED_FROM + 3])
def test_threads_change_no_byte(zones):
    rng = np.random.default_rng(1)
    minutes, (rows, columns) = places(rng, zones), ends(rng, zones)
    answers = []
    try:
        for threads in (1, 2):
            numba.set_num_threads(threads)
            answers.append(gravity(rows, columns, minutes, 0.4, 0.1))
            answers.extend(gravities(rows[None], columns[None], [minutes], [0.4], [0.1]))
    finally:
        numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert len({trips.tobytes() for trips in answers}) == 1


def wrong_in(minutes, alpha, seed):
    wrong = np.full(len(minutes), -1)
    shared_out(deterrence, (minutes, alpha, 0.1, 0.1, seed, wrong), len(minutes))
    return wrong


@pytest.mark.parametrize("alpha", [-1.5, 0.0, 0.7])
def test_the_seed_is_the_formula_up_to_a_factor_of_each_row(alpha):
    minutes = places(np.random.default_rng(2), 41)
    minutes[3, 5] = minutes[7] = np.inf
    minutes[11, 12] = 0.0
    seed = np.empty(minutes.shape, np.float32)
    assert not wrong_in(minutes, alpha, seed).any()
    far = np.maximum(minutes, 0.1)
    truth = np.where(np.isinf(minutes), 0.0, np.where(np.isinf(far), 1.0, far) ** alpha * np.exp(-0.1 * far))
    truth /= np.maximum(truth.max(axis=1, keepdims=True), 1e-300)
    assert seed == pytest.approx(truth, rel=1e-6)
    assert wrong_in(np.where(minutes == 0, np.nan, minutes), alpha, seed).tolist() == [0] * 11 + [1] + [0] * 29


@pytest.mark.parametrize("seed", range(20))
def test_parts_are_the_connected_ones(seed):
    import networkx as nx

    rng = np.random.default_rng(seed)
    cells = (rng.random((12, 12)) < rng.uniform(0.02, 0.3)).astype(float)
    rows, columns = (rng.random((2, 12)) < 0.8).astype(float)
    graph = nx.Graph()
    graph.add_nodes_from(("row", i) for i in np.flatnonzero(rows))
    graph.add_edges_from(
        (("row", i), ("column", j)) for i, j in np.argwhere((cells > 0) & (rows[:, None] * columns > 0))
    )
    of_row, of_column, count = parts(cells, rows, columns)
    found = [
        {("row", i) for i in np.flatnonzero(of_row == k)} | {("column", j) for j in np.flatnonzero(of_column == k)}
        for k in range(count)
    ]
    assert sorted(map(sorted, found)) == sorted(map(sorted, nx.connected_components(graph)))


def test_gravity_is_the_written_formula():
    rng = np.random.default_rng(3)
    minutes, (production, attraction) = places(rng, 50), ends(rng, 50)
    for alpha, beta in ((0.0, 0.1), (0.6, 0.15), (-1.2, 0.0)):
        trips = gravity(production, attraction, minutes, alpha, beta, tolerance=1e-10)
        assert trips == pytest.approx(plain_gravity(production, attraction, minutes, alpha, beta), rel=1e-6)


def test_gravity_meets_both_ends_and_prefers_the_near():
    rng = np.random.default_rng(0)
    minutes, (production, attraction) = rng.uniform(2, 40, (9, 9)), ends(rng, 9)
    trips = gravity(production, attraction, minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx(production, rel=1e-6)
    assert trips.sum(axis=0) == pytest.approx(attraction, rel=1e-6)
    steeper = gravity(production, attraction, minutes, 0.0, 0.3)
    assert (steeper * minutes).sum() < (trips * minutes).sum()


def test_gravity_does_not_depend_on_the_order_of_the_zones():
    rng = np.random.default_rng(1)
    minutes, total = rng.uniform(2, 40, (6, 6)), rng.uniform(10, 90, 6)
    order = rng.permutation(6)
    moved = gravity(total[order], total[order], minutes[np.ix_(order, order)], 0.0, 0.1)
    assert moved == pytest.approx(gravity(total, total, minutes, 0.0, 0.1)[np.ix_(order, order)], rel=1e-5)


def test_a_city_in_two_parts_balances_each_part():
    minutes = np.full((4, 4), np.inf)
    minutes[:2, :2] = minutes[2:, 2:] = 10.0
    trips = gravity(np.array([10.0, 20, 30, 40]), np.array([25.0, 25, 25, 25]), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 20, 30, 40])
    assert trips[:2, 2:].sum() == 0


def test_parts_too_far_apart_for_any_trip_balance_by_themselves():
    """A way of weeks is a way, but exp(-beta c) of it is nothing."""
    minutes = np.full((4, 4), 30_000.0)
    minutes[:2, :2] = minutes[2:, 2:] = 10.0
    trips = gravity(np.array([10.0, 20, 30, 40]), np.full(4, 25.0), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 20, 30, 40])


def test_all_ways_may_be_long():
    """Only how much further one zone is than another counts, not whether e^-beta c is a number of 32 bits."""
    minutes = np.full((3, 3), 20_000.0) + np.arange(9.0).reshape(3, 3) ** 2
    near = gravity(np.full(3, 10.0), np.full(3, 10.0), minutes - 19_000, 0.0, 0.1)
    assert gravity(np.full(3, 10.0), np.full(3, 10.0), minutes, 0.0, 0.1) == pytest.approx(near, rel=1e-5)


def test_a_zone_without_a_way_out_makes_no_trips():
    minutes = np.full((3, 3), 10.0)
    minutes[0] = minutes[:, 0] = np.inf
    trips = gravity(np.full(3, 10.0), np.full(3, 10.0), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([0, 10, 10])
    assert not gravity(np.full(3, 10.0), np.full(3, 10.0), np.full((3, 3), np.inf), 0.0, 0.1).any()
    assert not gravity(np.zeros(3), np.zeros(3), minutes, 0.0, 0.1).any()


@pytest.mark.parametrize("alpha", [-1.5, 0.0, 0.7])
def test_zones_at_one_place_can_trade_trips(alpha):
    minutes = np.array([[0.0, 0.0, 8.0], [0.0, 0.0, 8.0], [8.0, 8.0, 4.0]])
    trips = gravity(np.full(3, 10.0), np.full(3, 10.0), minutes, alpha, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 10, 10])


def test_trips_that_cannot_balance_are_refused():
    minutes = np.array([[5.0, 5.0], [np.inf, 5.0]])
    with pytest.raises(InputError, match="do not balance"):
        gravity(np.array([1.0, 10.0]), np.array([10.0, 1.0]), minutes, 0.0, 0.1)


def test_totals_that_differ_are_told_with_the_remedy():
    one, other = np.full(3, 10.0), np.full(3, 10.001)
    with pytest.raises(InputError, match=r"30 trips are produced and 30\.003 attracted \(scale"):
        gravity(one, other, np.full((3, 3), 5.0), 0.0, 0.1)
    with pytest.raises(InputError, match="30 trips are produced and 0 attracted"):
        gravity(one, np.zeros(3), np.full((3, 3), 5.0), 0.0, 0.1)
    close = gravity(one, one * (1 + 9e-7), np.full((3, 3), 5.0), 0.0, 0.1)
    assert close.sum() == pytest.approx(30)


def test_what_is_no_number_is_named_by_its_zone():
    total, minutes = np.full(3, 10.0), np.full((3, 3), 5.0)
    with pytest.raises(InputError) as refused:
        gravity(np.array([1, -2, np.nan]), np.array([np.inf, 1, 1]), minutes, 0.0, 0.1)
    assert [p.where for p in refused.value.problems] == [
        "production of zone 1",
        "production of zone 2",
        "attraction of zone 0",
    ]
    wrong = minutes.copy()
    wrong[1, 2], wrong[2, 0] = np.nan, -1.0
    with pytest.raises(InputError, match=r"(?s)from zone 1 to zone 2: are nan.*from zone 2 to zone 0: are -1"):
        gravity(total, total, wrong, 0.0, 0.1)
    with pytest.raises(InputError, match="minutes: has the shape"):
        gravity(total, total, minutes[:2], 0.0, 0.1)
    with pytest.raises(InputError, match="beta nan"):
        gravity(total, total, minutes, 0.0, float("nan"))


def test_problems_of_all_purposes_are_told_at_once():
    production = np.full((3, 2), 10.0)
    attraction = production * np.array([[1.0], [2.0], [3.0]])
    with pytest.raises(InputError, match=r"(?s)purpose 1, .*purpose 2, "):
        gravities(production, attraction, [np.full((2, 2), 5.0)] * 3, [0.0] * 3, [0.1] * 3)
    apart = np.array([[5.0, 5.0], [np.inf, 5.0]])
    with pytest.raises(InputError, match="distribution of purpose 1: trips do not balance"):
        gravities(
            np.array([[5.0, 5], [1, 10]]),
            np.array([[5.0, 5], [10, 1]]),
            [np.full((2, 2), 5.0), apart],
            [0, 0],
            [0.1, 0.1],
        )


def test_each_of_many_is_balanced_as_it_is_alone():
    rng = np.random.default_rng(5)
    cells, (rows, columns) = rng.random((3, 37, 37)), np.stack([ends(rng, 37) for _ in range(3)], axis=1)
    out = np.empty(cells.shape)
    rounds, worst = balance(cells, rows, columns, out, tolerance=1e-8, most_rounds=500)
    for u in range(3):
        alone, *rest = balanced(cells[u], rows[u], columns[u], 1e-8, 500)
        assert out[u].tobytes() == alone.tobytes()
        assert [rounds[u], worst[u]] == rest


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.02, 0.3))
def test_beta_is_found_from_the_mean(seed, beta):
    rng = np.random.default_rng(seed)
    minutes, (production, attraction) = places(rng, 20), ends(rng, 20)
    trips = plain_gravity(production, attraction, minutes, 0.3, beta)
    fit = fit_mean(production, attraction, minutes, (trips * minutes).sum() / trips.sum(), alpha=0.3)
    assert fit.beta_per_min == pytest.approx(beta, abs=1e-6)


def test_a_mean_out_of_reach_is_told_with_those_in_reach():
    rng = np.random.default_rng(4)
    minutes, (production, attraction) = places(rng, 20), ends(rng, 20)
    flat = gravity(production, attraction, minutes, 0.0, 0.0, tolerance=1e-10)
    most = (flat * minutes).sum() / flat.sum()
    with pytest.raises(InputError, match=rf"cannot be reached: beta from 0 to 0 per min gives .* to {most:g} min"):
        fit_mean(production, attraction, minutes, most * 1.01)
    with pytest.raises(InputError, match="cannot be reached"):
        fit_mean(production, attraction, minutes, 1.0)
    with pytest.raises(InputError, match="above 0 is needed"):
        fit_mean(production, attraction, minutes, float("nan"))
    assert fit_mean(production, attraction, minutes, most).beta_per_min == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.1), (0.7, 0.18), (-0.9, 0.04), (1.5, 0.3)])
def test_a_synthetic_matrix_returns_its_parameters(alpha, beta):
    rng = np.random.default_rng(6)
    minutes, (production, attraction) = places(rng, 60), ends(rng, 60)
    trips = plain_gravity(production, attraction, minutes, alpha, beta)
    fit = fit_matrix(trips, minutes)
    assert [fit.alpha, fit.beta_per_min] == pytest.approx([alpha, beta], abs=1e-6)
    assert fit.mean_min == pytest.approx((trips * minutes).sum() / trips.sum(), rel=1e-7)
    assert fit.mean_log_min == pytest.approx((trips * np.log(minutes)).sum() / trips.sum(), rel=1e-7)
    assert fit.r_squared == pytest.approx(1)
    alone = fit_matrix(trips, minutes, alpha=alpha)
    assert alone.beta_per_min == pytest.approx(beta, abs=1e-6)
    assert alone.beta_error < fit.beta_error


def test_samples_lie_about_the_truth_as_the_standard_errors_say():
    rng = np.random.default_rng(7)
    minutes, (production, attraction) = places(rng, 40), ends(rng, 40)
    expected = plain_gravity(production, attraction, minutes, 0.5, 0.15) * 10
    off = []
    for _ in range(20):
        fit = fit_matrix(rng.poisson(expected).astype(float), minutes)
        off.append([(fit.alpha - 0.5) / fit.alpha_error, (fit.beta_per_min - 0.15) / fit.beta_error])
        assert fit.null_log_likelihood < fit.log_likelihood < 0
        assert 0 < fit.rho_squared < 1
    assert np.abs(np.mean(off, axis=0)) == pytest.approx(0, abs=3 / np.sqrt(20))
    assert np.std(off, axis=0) == pytest.approx(1, abs=0.4)


def test_the_fit_is_the_top_of_the_likelihood():
    rng = np.random.default_rng(8)
    minutes, (production, attraction) = places(rng, 25), ends(rng, 25)
    observed = rng.poisson(plain_gravity(production, attraction, minutes, 0.5, 0.15)).astype(float)
    fit = fit_matrix(observed, minutes)
    there = observed > 0
    for d_alpha, d_beta in ((0.02, 0), (-0.02, 0), (0, 0.002), (0, -0.002)):
        trips = plain_gravity(
            observed.sum(axis=1), observed.sum(axis=0), minutes, fit.alpha + d_alpha, fit.beta_per_min + d_beta
        )
        assert observed[there] @ np.log(trips[there] / observed.sum()) < fit.log_likelihood


def test_trips_that_say_nothing_are_refused():
    minutes = np.full((3, 3), 10.0)
    with pytest.raises(InputError, match="hardly differ"):
        fit_matrix(np.ones((3, 3)), minutes)
    with pytest.raises(InputError, match="are none"):
        fit_matrix(np.zeros((3, 3)), minutes)
    with pytest.raises(InputError, match="from zone 0 to zone 1: are nan"):
        fit_matrix(np.array([[1, np.nan], [1, 1]]), minutes[:2, :2])
    minutes[0, 2] = np.inf
    with pytest.raises(InputError, match="from zone 0 to zone 2: have no way to go"):
        fit_matrix(np.ones((3, 3)), minutes)
    with pytest.raises(InputError, match="have the shape"):
        fit_matrix(np.ones((2, 2)), minutes)
