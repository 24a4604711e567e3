"""Rates of bikes against plain counts, chains against solved equations and chance, starts against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.linalg import expm

from network.demand.bike_days import best_start, check_bikes, day_costs, hours_shut
from network.demand.bikes import BikeReadings, BikeRules, bike_rates, spans_of
from network.errors import InputError

MONDAY = int(np.datetime64("2024-04-08", "m").astype(np.int64))
RULES = BikeRules(move_bikes=15, most_gap_h=1.6, profile_h=0.0, level_bikes=5)
H, DAY = 60, 1440


def readings(*stations, docks=10, step=H, start=MONDAY, closed=()):
    """Bikes of each station every hour from Monday on."""
    n = [len(bikes) for bikes in stations]
    minute = np.concatenate([start + step * np.arange(k) for k in n])
    bikes = np.concatenate(stations).astype(np.int64)
    return BikeReadings(
        docks=np.full(len(n), docks), station=np.repeat(np.arange(len(n)), n), minute=minute, local=minute,
        bikes=bikes, full=bikes == docks, open=~np.isin(np.arange(len(bikes)), closed),
    )  # fmt: skip


def generator(p, r, docks):
    q = np.zeros((docks + 1, docks + 1))
    for n in range(docks + 1):
        if n > 0:
            q[n, n - 1] = p
        if n < docks:
            q[n, n + 1] = r
        q[n, n] = -q[n].sum()
    return q


def solved(p, r, docks):
    """(docks + 1, docks + 1) state after the hours from each start, and time in each state by hour (n, ., .)."""
    now, time, size = np.eye(docks + 1), [], docks + 1
    for gone, come in zip(p, r, strict=True):
        both = np.zeros((2 * size, 2 * size))
        both[:size, :size], both[:size, size:] = generator(gone, come, docks), np.eye(size)
        out = expm(both)
        time.append(now @ out[:size, size:])
        now = now @ out[:size, :size]
    return now, np.array(time)


@pytest.fixture
def flows():
    rng = np.random.default_rng(5)
    docks = np.array([1, 4, 9, 12])
    p, r = rng.gamma(1.0, 4.0, (4, 6)), rng.gamma(1.0, 4.0, (4, 6))
    p[0, 2] = r[0, 2] = 0.0
    p[3, 1] = 130.0
    return p, r, docks


def test_shares_of_hours_are_those_of_the_equations(flows):
    p, r, docks = flows
    start = np.array([1, 0, 5, 12])
    empty, full = hours_shut(p, r, docks, start)
    for s in range(4):
        time = solved(p[s], r[s], docks[s])[1][:, start[s]]
        np.testing.assert_allclose(empty[s], time[:, 0], atol=1e-9)
        np.testing.assert_allclose(full[s], time[:, docks[s]], atol=1e-9)


def test_costs_of_a_day_are_those_of_the_equations(flows):
    p, r, docks = flows
    cost = day_costs(p, r, docks)
    for s in range(4):
        time = solved(p[s], r[s], docks[s])[1]
        lost = (time[:, :, 0] * p[s][:, None] + time[:, :, docks[s]] * r[s][:, None]).sum(axis=0)
        np.testing.assert_allclose(cost[s, : docks[s] + 1], lost, atol=1e-8)
        assert np.isinf(cost[s, docks[s] + 1 :]).all()


def test_the_best_start_is_the_best_of_all(flows):
    p, r, docks = flows
    wanted, least = best_start(p, r, docks)
    for s in range(4):
        costs = []
        for start in range(docks[s] + 1):
            empty, full = hours_shut(p[s : s + 1], r[s : s + 1], docks[s : s + 1], np.array([start]))
            costs.append((empty * p[s] + full * r[s]).sum())
        assert wanted[s] == int(np.argmin(costs))
        assert least[s] == pytest.approx(min(costs), abs=1e-8)


@pytest.mark.parametrize("most", [0, 1, 5, 9, 100])
def test_too_few_bikes_are_shared_out_so_that_the_least_is_lost(flows, most):
    p, r, docks = (part[:3] for part in flows)
    cost, (wanted, least) = day_costs(p, r, docks), best_start(p, r, docks, most)
    ways = [
        (cost[range(3), way].sum(), sum(way))
        for way in itertools.product(*(range(n + 1) for n in docks))
        if sum(way) <= most
    ]
    assert wanted.sum() <= most
    assert least.sum() == pytest.approx(min(ways)[0], abs=1e-8)


def test_costs_are_what_happens_when_people_come_by_chance():
    rng, p, r, docks, lost = np.random.default_rng(7), [3.0, 1.0], [1.0, 2.5], 4, []
    for _ in range(4000):
        bikes, missed = 2, 0
        for gone, come in zip(p, r, strict=True):
            for takes in rng.random(rng.poisson(gone + come)) < gone / (gone + come):
                after = bikes + (-1 if takes else 1)
                missed += not 0 <= after <= docks
                bikes = min(max(after, 0), docks)
        lost.append(missed)
    cost = day_costs(np.array([p]), np.array([r]), np.array([docks]))[0, 2]
    assert cost == pytest.approx(np.mean(lost), abs=4 * np.std(lost) / np.sqrt(4000))


@pytest.mark.parametrize(
    ("p", "r", "wanted"), [([2.0], [0.0], 10), ([0.0], [2.0], 0), ([0.0], [0.0], 0)], ids=["out", "in", "nothing"]
)
def test_a_start_follows_where_bikes_go(p, r, wanted):
    assert best_start(np.array([p * 8]), np.array([r * 8]), np.array([10]))[0].tolist() == [wanted]


def test_nothing_is_lost_only_where_time_empty_is_known_to_be():
    bikes = np.tile([8, 4, 0, 0, 0, 6], 4)
    spans = spans_of(readings(bikes), RULES)
    rates = bike_rates(spans, 1, RULES)
    assert rates.seen_pickups[0, 0, :5].tolist() == [4, 4, 0, 0, 0]
    assert rates.pickups[0, 0, :2].tolist() == [4, 8]
    assert rates.returns[0, 0, 4] == 6
    (told,) = rates.censoring
    assert told.empty == pytest.approx(spans.empty.mean())
    assert (told.day, told.days, told.moves) == ("weekday", 1, 0)
    assert told.pickups[0] == pytest.approx(np.maximum(-np.diff(bikes), 0).mean())
    assert told.pickups[1] > told.pickups[0]


def test_the_demand_that_was_not_met_is_found_again():
    """Forty days of a station that runs dry: rates of the hours come near those that made the series."""
    rng, pickups, bikes, series = np.random.default_rng(2), 2.0, 0, []
    for _ in range(40):
        for hour in range(24):
            series.append(bikes)
            bikes = max(bikes - rng.poisson(pickups), 0)
            bikes += 10 if hour % 6 == 5 else 0
    series = np.array(series)
    rates = bike_rates(spans_of(readings(series, docks=20), RULES), 1, RULES)
    found, seen = rates.pickups[0, 0], rates.seen_pickups[0, 0]
    dry = np.isin(np.arange(24), [4, 10, 16, 22])
    assert abs(found[dry].mean() - pickups) < abs(seen[dry].mean() - pickups)
    assert found[dry].mean() == pytest.approx(pickups, rel=0.25)


def test_moves_of_the_operator_gaps_and_closed_hours_say_nothing():
    bikes = np.array([20, 18, 1, 3, 3, 5, 4])
    log = readings(bikes, docks=20, closed=(3,))
    spans = spans_of(log, RULES)
    assert spans.change.tolist() == [-2, -17, 2, -1]
    rates = bike_rates(spans, 1, RULES)
    assert rates.censoring[0].moves == 1
    assert rates.pickups[0, 0, 1] == 0
    far = BikeReadings(**{**log.__dict__, "minute": log.minute * np.array([1, 1, 1, 1, 1, 1, 2])})
    assert spans_of(far, RULES).change.tolist() == [-2, -17, 2]
    with pytest.raises(InputError, match="no change that is not the operator's"):
        bike_rates(spans, 1, BikeRules(-1, 1.6, 1, 5))
    with pytest.raises(InputError, match="at least one an hour"):
        spans_of(readings(bikes, step=2 * H), RULES)


def test_few_readings_are_drawn_to_the_profile():
    busy, calm = np.tile([9, 6, 6, 6], 12), np.tile([9, 8, 8, 8], 12)
    spans = spans_of(readings(busy, calm), RULES)
    plain, drawn, drowned = (
        bike_rates(spans, 2, BikeRules(15, 1.6, hours, 5)).pickups[0, :, 0] for hours in (0.0, 2.0, 1e9)
    )
    assert plain.tolist() == [3, 1]
    assert 1 < drawn[1] < drowned[1] < drowned[0] < drawn[0] < 3


def test_days_that_were_never_read_are_told_by_the_others():
    rates = bike_rates(spans_of(readings(np.tile([9, 6, 8, 4], 6)), RULES), 1, RULES)
    assert (rates.pickups[1] == rates.pickups[0]).all()
    assert [told.day for told in rates.censoring] == ["weekday"]


def test_the_check_learns_from_earlier_days_only_and_is_right_where_every_day_is_alike():
    day = np.r_[np.arange(10, 0, -1), np.zeros(4), np.arange(1, 11)]
    log = readings(np.tile(day, 5))
    check = check_bikes(log, RULES, 2)
    assert (check.held - MONDAY // DAY).tolist() == [3, 4]
    assert (check.learnt - MONDAY // DAY).tolist() == [0, 1, 2]
    rows = {guess.how: guess for guess in check.guesses}
    assert check.empty_h == 8.0
    assert rows["same_hour"].empty_h == rows["last_day"].empty_h == pytest.approx(8.0)
    assert rows["chain"].empty_h == pytest.approx(8.0, abs=2.5)
    other = log.bikes.copy()
    other[3 * 24 + 12 :] = 7
    again = check_bikes(BikeReadings(**{**log.__dict__, "bikes": other, "full": other == 10}), RULES, 2)
    assert again.guesses[2].empty_h == rows["same_hour"].empty_h
    assert again.empty_h < check.empty_h


def test_a_day_that_begins_closed_is_not_taken_to_begin_without_a_bike():
    day = np.r_[0, 8 * np.ones(12), np.zeros(11)]
    log = readings(np.tile(day, 4), closed=np.arange(0, 96, 24))
    with_late = BikeRules(move_bikes=15, most_gap_h=1.0, profile_h=0.0, level_bikes=5)
    check = check_bikes(log, with_late, 1)
    assert check.guesses[0].empty_h == pytest.approx(check.empty_h, abs=1.5)
    assert check.guesses[0].empty_h < 12


def test_a_check_needs_days_to_learn_from():
    with pytest.raises(InputError, match="2 were read in more than half"):
        check_bikes(readings(np.tile([4, 5], 24)), RULES, 2)
