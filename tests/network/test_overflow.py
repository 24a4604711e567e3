"""What owners risk: exact convolution against sums over every combination, and the rows against the risk itself."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import (
    Scenario,
    SetLotHours,
    ShareLot,
    grid_city,
    no_lots,
    overflow,
    room,
    rows_of,
    simulate,
    travel_times,
    worst_after,
    worst_inside,
)
from network.demand.overflow import late_cars
from network.kernels.overflow import counts_of, overflow_shares, own_counts, standing_tables
from network.units import DAY_TYPES, PARKERS, SLOTS

EXACT = 1e-12
GROUPS = len(PARKERS)


def reals(*values):
    return [np.array([value], np.float64) for value in values]


def wholes(*values):
    return [np.array([value], np.int64) for value in values]


@st.composite
def lots(draw):
    """mean, sd, arrivals, spaces, room of a small lot: of all three kinds of spread, and of none."""
    spaces = draw(st.integers(0, 14))
    mean, arrivals = draw(st.integers(0, 4 * spaces)) / 4, draw(st.integers(0, 12)) / 4
    return mean, draw(st.sampled_from([0.0, 0.5, 1.25, 2.0, 3.5])), arrivals, spaces, draw(st.integers(0, spaces))


@given(lots(), st.integers(0, 8), st.integers(0, 6), st.sampled_from([0.0, 0.0625, 0.375, 0.999, 1.0]))
@settings(max_examples=100, deadline=None)
def test_the_risk_is_the_sum_over_every_combination(lot, late, standing, late_share):
    mean, sd, arrivals, spaces, limit = lot
    found = overflow_shares(*reals(mean, sd, arrivals), *wholes(spaces, limit, late, standing), late_share)
    truth = oracles.overflow(mean, sd, spaces, arrivals, limit, late, standing, late_share)
    assert found[0] == pytest.approx(float(truth), abs=EXACT)


@pytest.mark.parametrize(
    ("mean", "variance", "share"),
    [
        (6.0, 4.2, lambda k: math.comb(20, k) * 0.3**k * 0.7 ** (20 - k)),
        (7.5, 7.5, lambda k: math.exp(-7.5) * 7.5**k / math.factorial(k)),
        (6.0, 12.0, lambda k: math.comb(k + 5, k) * 0.5**6 * 0.5**k),
    ],
    ids=["binomial", "poisson", "negative_binomial"],
)
def test_cars_are_binomial_poisson_or_negative_binomial_by_their_spread(mean, variance, share):
    (found,) = counts_of(*reals(mean, math.sqrt(variance)), 300)
    np.testing.assert_allclose(found[:60], [share(k) for k in range(60)], atol=1e-14)
    k = np.arange(301)
    assert found.sum() == pytest.approx(1.0, abs=EXACT)
    assert found @ k == pytest.approx(mean, rel=1e-10)
    assert found @ (k - mean) ** 2 == pytest.approx(variance, rel=1e-10)


@pytest.mark.parametrize(
    ("mean", "sd", "spaces"),
    [(7.5, 3.0, 15), (18.5, 5.0, 20), (0.25, 2.0, 20), (90.0, 30.0, 100), (10.0, 9.999999, 20)],
    ids=["wide", "nearly_full", "nearly_empty", "a_hundred", "all_or_none"],
)
def test_an_owners_cars_keep_their_mean_and_deviation_however_full_the_lot_is(mean, sd, spaces):
    (found,) = own_counts(*reals(mean, sd), spaces)
    np.testing.assert_allclose(found, [float(p) for p in oracles.own_cars(mean, sd, spaces)], atol=EXACT)
    k = np.arange(spaces + 1)
    assert found @ k == pytest.approx(mean, rel=1e-9)
    assert math.sqrt(found @ (k - mean) ** 2) == pytest.approx(sd, rel=1e-5)


def test_an_owners_cars_are_those_of_single_spaces_where_they_spread_no_more():
    mean, spaces = 12.0, 40
    alone = math.sqrt(mean * (1 - mean / spaces))
    below, above = (own_counts(*reals(mean, alone * more), spaces)[0] for more in (0.999999, 1.000001))
    truth = [math.comb(spaces, k) * 0.3**k * 0.7 ** (spaces - k) for k in range(spaces + 1)]
    np.testing.assert_allclose(below, truth, atol=1e-6)
    np.testing.assert_allclose(above, truth, atol=1e-6)


def test_cars_without_spread_are_one_number_and_never_more_than_the_spaces():
    found = own_counts(np.array([5.0, 5.3, 0.0, 30.0, 9.0]), np.array([0.0, 0.0, 0.0, 4.0, 9.0]), 10)
    assert [row.argmax() for row in found[:3]] == [5, 6, 0]
    assert (found[:3].max(axis=1) == 1.0).all()
    np.testing.assert_allclose(found.sum(axis=1), 1.0, atol=EXACT)
    assert found.shape == (5, 11)


def test_a_large_lot_loses_nothing_in_its_tails():
    """500 spaces and 20 standard deviations from the mean down to none."""
    (found,) = own_counts(*reals(420.0, 20.0), 500)
    assert found.sum() == pytest.approx(1.0, abs=EXACT)
    assert found @ np.arange(501) == pytest.approx(420.0, rel=1e-9)
    risk = overflow_shares(*reals(250.0, 20.0, 12.0), *wholes(500, 310, 40, 10), 0.05)[0]
    rough = 1.0 - 0.5 * (1.0 + math.erf((310.5 - 274.0) / math.sqrt(2 * (400 + 12 + 1.9))))
    assert risk == pytest.approx(rough, abs=0.002), "a normal number of cars says about the same in a half-full lot"


@given(st.lists(lots(), min_size=1, max_size=3), st.data())
@settings(max_examples=40, deadline=None)
def test_a_table_holds_the_most_that_keep_the_promise_in_every_half_hour(half_hours, data):
    share, late_share, most = 0.125, 0.25, 5
    there = [
        tuple(data.draw(st.integers(0, most)) for most in (2, limit, 12)) for *_, limit in half_hours
    ]  # late, standing, cap
    half_hours = [
        (mean / 4, sd / 2, arrivals / 4, *rest) for mean, sd, arrivals, *rest in half_hours
    ]  # few are hopeless
    mean, sd, arrivals, spaces, limit = (np.array(x) for x in zip(*half_hours, strict=True))
    late, standing, cap = (np.array(x) for x in zip(*there, strict=True))
    table, length = standing_tables(
        np.array([0, len(mean)]), mean, sd, arrivals, spaces, limit, late, standing, cap, np.array([0, most + 1]),
        late_share, share,
    )  # fmt: skip

    def risk(i, more, c):
        own, here = half_hours[i], there[i]
        return oracles.overflow(*own[:2], own[3], own[2], own[4], here[0] + c, here[1] + more, late_share)

    def fits(more, c):
        quiet = [late[i] + c == 0 or risk(i, more, c) <= share for i in range(len(mean))]
        return all(quiet) and more <= cap.min()

    assert 1 <= length[0] <= most + 1
    for c in range(most + 1):
        if c < length[0]:
            n = int(table[c])
            assert fits(n, c) or (c == 0 and n == 0), "what is there may be too much already"
            assert not fits(n + 1, c)
        else:
            assert not fits(0, c), "the table ends where nobody more may be late"


@pytest.fixture(scope="module")
def city():
    """Small lots, so that every whole number matters, and all but one always open."""
    base = grid_city(8)
    lots = base.lots
    few = {"spaces": lots.spaces // 4, "reserve": lots.reserve // 4}
    few |= {"own_mean": lots.own_mean / 4, "own_sd": lots.own_sd / 2, "own_high": lots.own_high / 4}
    small = replace(base, lots=replace(lots, own_arrivals=lots.own_arrivals / 8, **few))
    hours = SetLotHours(lot="lot/4", start="06:00", end="23:00", days=("weekday", "holiday"))
    return Scenario(edits=(hours,)).apply(small)


def with_windows(city, lot, day, n):
    """The city after n[g] spaces of a lot are shared in the window of each group."""
    edits = [
        ShareLot(lot=str(city.lots.id[lot]), spaces=int(n[g]), start=time(start), end=time(end), days=(DAY_TYPES[day],))
        for g, (start, end) in enumerate(city.parking.window_h.tolist())
        if n[g]
    ]
    return Scenario(edits=tuple(edits)).apply(city)


def time(hours):
    return f"{int(hours):02d}:{round(hours % 1 * 60):02d}"


def allowed(rows, lot, day, n):
    """Whether every row of a lot and day lets it share n[g] spaces with each group."""
    for q in range(rows.row_first[3 * lot + day], rows.row_first[3 * lot + day + 1]):
        active, closed = (
            sum(n[g] for g in range(GROUPS) if mask[q] >> g & 1) for mask in (rows.row_active, rows.row_closed)
        )
        table = rows.table[rows.table_first[q] : rows.table_first[q + 1]]
        if closed >= len(table) or active > table[closed]:
            return False
    return True


def keeps(city, lot, day, n):
    """The same, asked of the risk itself."""
    inside = (city.parking.window[:, :, None] * np.reshape(n, (GROUPS, 1, 1))).sum(axis=0)[:, 0]
    if (inside > room(city)[lot, day]).any():
        return False
    after = with_windows(city, lot, day, n)
    tight = late_cars(after)[lot, day] > 0
    return bool((overflow(after)[lot, day][tight] <= city.parking.overflow_share).all())


@pytest.mark.parametrize("shared", [False, True], ids=["as_it_is", "shares_already"])
def test_rows_allow_what_keeps_the_promise_and_nothing_else(city, shared):
    base = with_windows(with_windows(city, 5, 2, [3, 0, 0, 0]), 8, 1, [1, 0, 0, 2]) if shared else city
    assert worst_after(base).max() <= city.parking.overflow_share
    rows, said = rows_of(base), []
    sizes = [(1, 0), (2, 1), (4, 0), (5, 2), (8, 1)]
    for lot, day in sizes:
        for n in itertools.product((0, 1, 3, 6), repeat=GROUPS):
            said.append(allowed(rows, lot, day, n))
            if any(n) or not shared:
                assert said[-1] == keeps(base, lot, day, n), (lot, day, n)
    assert 20 < sum(said) < len(said) - 20


def test_rows_are_what_a_solver_takes(city):
    rows, count = rows_of(city), len(city.lots.id)
    assert len(rows.row_first) == 3 * count + 1
    assert rows.row_first[-1] == len(rows.row_active) == len(rows.row_closed) == len(rows.row_base)
    assert rows.table_first[-1] == len(rows.table)
    assert {x.dtype for x in vars(rows).values()} == {np.dtype(np.int64)}
    assert (np.diff(rows.table_first) >= 1).all()
    assert (np.diff(rows.table_first)[rows.row_closed == 0] == 1).all()
    starts = np.zeros(len(rows.table) + 1, bool)
    starts[rows.table_first] = True
    assert not ((np.diff(rows.table) > 0) & ~starts[1:-1]).any(), "more late cars leave no more room"
    here = slice(rows.row_first[0], rows.row_first[1])
    inside = set(rows.row_active[here][rows.row_closed[here] == 0].tolist())
    powers = 1 << np.arange(GROUPS)
    assert inside == set((city.parking.window * powers[:, None]).sum(axis=0).tolist()) - {0}


def test_rows_know_what_is_shared_already(city):
    shared = with_windows(city, 2, 0, [2, 1, 0, 0])
    rows = rows_of(shared)
    here = range(rows.row_first[6], rows.row_first[7])
    base = {(rows.row_active[q], rows.row_closed[q]): rows.row_base[q] for q in here}
    assert base[1, 0] == 2 and base[0b110, 0] == 1
    others = np.delete(rows.row_base, list(here))
    assert not others.any()


def test_more_shared_spaces_never_lower_a_risk(city):
    risks = [overflow(with_windows(city, 2, 0, [n, 0, n, 0])) for n in range(5)]
    for less, more in itertools.pairwise(risks):
        assert (more >= less - EXACT).all()
    assert risks[0].max() == 0.0
    assert (risks[4][2, 0] > risks[1][2, 0] + 1e-6).any()


def test_risks_stand_where_spaces_are_shared_or_were_just_now(city):
    shared = with_windows(city, 2, 0, [0, 4, 0, 0])
    risks = overflow(shared)
    told = np.flatnonzero(risks[2, 0])
    assert set(told) <= set(range(16, 40)), "08:00 to 18:00, and 2 hours"
    assert not np.delete(risks, 2, axis=0).any() and not risks[2, 1:].any()
    assert np.flatnonzero(late_cars(shared)[2, 0]).tolist() == [36, 37, 38, 39]
    assert worst_after(shared)[2] == risks[2, 0, 36:40].max()
    assert worst_inside(shared)[2] == risks[2, 0, 16:36].max()


def test_who_may_not_be_late_is_no_risk_after_a_window(city):
    punctual = replace(city, parking=replace(city.parking, late_h=np.array(0.0)))
    shared = with_windows(punctual, 2, 0, [0, 9, 0, 0])
    assert not worst_after(shared).any()
    assert not rows_of(punctual).row_closed.any()


def test_what_may_be_shared_is_what_the_quantile_leaves_while_a_lot_is_open(city):
    lots, free = with_windows(city, 2, 0, [0, 4, 0, 0]).lots, room(with_windows(city, 2, 0, [0, 4, 0, 0]))
    for at in np.ndindex(free.shape):
        left = lots.spaces[at[0]] - lots.reserve[at[0]] - lots.own_high[at] - lots.shared[at]
        assert free[at] == (max(math.floor(left), 0) if lots.open[at] else 0)
    assert not lots.open.all() and free.any()


def test_a_city_without_lots_has_no_rows_and_no_risk(city):
    bare = replace(city, lots=no_lots())
    assert len(rows_of(bare).table) == 0
    assert overflow(bare).shape == (0, 3, SLOTS)
    assert worst_after(bare).shape == (0,)


def test_the_worst_risk_is_a_figure_of_the_day(city):
    name = "shared_overflow_worst_share"
    travel = travel_times(city)
    assert simulate(city, travel).metrics[name] is None
    shared = with_windows(with_windows(city, 2, 0, [0, 4, 0, 0]), 5, 1, [3, 0, 0, 0])
    outcome = simulate(shared, travel)
    assert outcome.metrics[name] == worst_after(shared).max() > 0.0
    assert outcome.overflow_share.tolist() == worst_after(shared).tolist()
