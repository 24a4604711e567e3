"""What series of lots say of days to come."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import grid_city
from network.demand.accumulation import came, usual_cars
from network.demand.occupancy import FEWEST, _reach, at_level, day_types, mean_of, measured_cars
from network.demand.occupancy_check import GUESSES, check_occupancy
from network.demand.use_profile import use_profile
from network.errors import InputError
from network.kernels.overflow import own_counts
from network.units import LAND_USES, SLOTS

MONDAY = 19_723
"""The first of January 2024, counted from 1970."""
OFFICE = LAND_USES.index("office")
SHAPE = np.concatenate([np.zeros(16), np.full(20, 60.0), np.zeros(12)])


@pytest.fixture(scope="module")
def rules():
    return grid_city(4).parking


def made_up(rng, days, spread=4.0, growth=0.0, spaces=100):
    """Office cars on consecutive days from a Monday: a tenth of them at the weekend, and noise of whole cars."""
    kind = day_types(MONDAY + np.arange(days))
    level = np.where(kind == 0, 1.0, 0.1)[:, None] * SHAPE + growth * np.arange(days)[:, None]
    return kind, np.clip(np.round(level + rng.normal(0, spread, (days, SLOTS))), 0, spaces)


def test_days_have_types():
    days = MONDAY + np.arange(14)
    kind = day_types(days, holidays=[MONDAY, MONDAY + 12], worked=[MONDAY + 6])
    assert kind.tolist() == [2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 1]


def test_a_quantile_at_a_level_is_that_of_numpy():
    rng = np.random.default_rng(1)
    cars = rng.integers(0, 50, (23, SLOTS)).astype(float)
    cars[rng.random(cars.shape) < 0.2] = np.nan
    level = rng.random(SLOTS)
    expected = [np.nanquantile(cars[:, s], level[s]) for s in range(SLOTS)]
    np.testing.assert_allclose(at_level(cars, level), expected)


def test_a_weighted_mean_leaves_gaps_out():
    cars = np.full((2, SLOTS), 3.0)
    cars[0, 5], cars[:, 6] = np.nan, np.nan
    cars[1] *= 2
    mean = mean_of(cars, np.array([1.0, 3.0]))
    assert mean[4] == 5.25
    assert mean[5] == 6.0
    assert np.isnan(mean[6])


@pytest.mark.parametrize("weeks", [2, 6], ids=["two weeks", "six weeks"])
def test_the_next_day_stays_below_the_quantile_as_often_as_it_should(rules, weeks):
    covered = []
    for seed in range(60):
        kind, cars = made_up(np.random.default_rng(seed), 7 * weeks + 1)
        found = measured_cars(kind[:-1], cars[:-1], None, rules, use=OFFICE, spaces=100)
        covered.append((cars[-1] <= found.high[0])[16:36].mean())
    assert 0.93 <= np.mean(covered) <= 0.99


def test_a_lot_that_fills_is_foretold_fuller_and_one_that_empties_is_not_foretold_emptier(rules):
    kind, flat = made_up(np.random.default_rng(3), 42, spread=0.0)
    up = flat + np.where(np.arange(42) >= 35, 10, 0)[:, None]
    down = np.maximum(flat - np.where(np.arange(42) >= 35, 10, 0)[:, None], 0)
    still, fuller, emptier = (
        measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100) for cars in (flat, up, down)
    )
    assert (fuller.high[0] >= still.high[0] + 10).all()
    assert (fuller.mean[0] > still.mean[0] + 4).all()
    assert (still.high[0] == SHAPE).sum() == SLOTS - 2, "half-hours beside the full ones take theirs"
    assert (emptier.high[0] >= still.high[0]).all(), "and weeks that differ leave more open"
    assert emptier.mean[0, 20:30] == pytest.approx(60 - 10 / 6), "the mean of six weeks"


def test_what_is_measured_is_what_was_counted(rules):
    kind, cars = made_up(np.random.default_rng(5), 70)
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert found.days.tolist() == [50, 20, 0]
    assert found.pooled.tolist() == [False, False, True]
    np.testing.assert_allclose(found.mean[:2, 20:30], [[60] * 10, [6] * 10], atol=3)
    np.testing.assert_allclose(found.sd[0, 20:30], 4.5, atol=1.5)
    np.testing.assert_array_less((found.high - found.mean)[:2], 1.6449 * found.sd[:2] + 1e-6)
    np.testing.assert_array_equal(found.arrivals, came(found.mean, rules.dwell_h[OFFICE]))
    assert (found.high >= found.mean).all()
    assert (found.high <= 100).all()


def test_types_without_days_follow_the_land_use(rules):
    kind, cars = made_up(np.random.default_rng(6), 40, spread=0.0)
    cars[kind > 0] = np.nan
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert found.pooled.tolist() == [False, True, True]
    for t in (1, 2):
        np.testing.assert_allclose(found.mean[t], found.mean[0] * rules.day_factor[OFFICE, t])


@pytest.mark.parametrize("few", [1, 4], ids=["one", "four"])
def test_few_holidays_are_drawn_to_weekends(rules, few):
    kind, cars = made_up(np.random.default_rng(7), 70, spread=0.0)
    kind[np.flatnonzero(kind == 1)[:few]] = 2
    cars[kind == 2] = 2 * cars[kind == 2] + 30
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert found.pooled.tolist() == [False, False, True]
    ratio = rules.day_factor[OFFICE, 2] / rules.day_factor[OFFICE, 1]
    own, share = 2 * 0.1 * SHAPE + 30, few / (few + FEWEST)
    np.testing.assert_allclose(found.mean[2], share * own + (1 - share) * ratio * 0.1 * SHAPE)
    apart = np.sqrt(share * (1 - share)) * abs(own - ratio * 0.1 * SHAPE)
    assert (found.sd[2] >= apart - 1e-9).all(), "either may be right"
    assert (found.high[2] >= found.mean[2] + 1.6448 * found.sd[2]).all()


def test_enough_holidays_tell_of_themselves(rules):
    kind, cars = made_up(np.random.default_rng(7), 70, spread=0.0)
    kind[np.flatnonzero(kind == 1)[:FEWEST]] = 2
    cars[kind == 2] = 44.0
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert not found.pooled.any()
    np.testing.assert_allclose(found.mean[2], 44.0)


def test_a_few_counts_reach_as_far_as_students_t():
    assert _reach(6, 0.98) == pytest.approx((1 + 1 / 6) * 2.756509**2, rel=1e-6)
    assert _reach(10_000, 0.98) == pytest.approx(2.053749**2, rel=1e-3)
    assert _reach(6, 0.5) == 0.0


@pytest.mark.parametrize("level", [0.0, 6.0], ids=["days_alone_differ", "weeks_differ"])
def test_what_is_promised_of_the_week_to_come_is_kept(rules, level):
    """Weeks have levels of their own, which days do not show: the promise holds on the mean of many lots."""
    beyond, plain = [], []
    for seed in range(120):
        rng = np.random.default_rng(seed)
        kind, cars = made_up(rng, 49)
        cars = np.clip(cars + np.repeat(rng.normal(0, level, 7), 7)[:, None].round(), 0, 100)
        found = measured_cars(kind[:42], cars[:42], None, rules, use=OFFICE, spaces=100)
        busy, later = slice(20, 32), cars[42:][kind[42:] == 0]
        upto = own_counts(found.mean[0, busy], found.sd[0, busy], 100).cumsum(axis=1)
        rare = (upto < 1 - rules.overflow_share).sum(axis=1)
        beyond.append((later[:, busy] > rare).mean())
        own = cars[:42][kind[:42] == 0][:, busy]
        plain.append((later[:, busy] > own.mean(axis=0) + 2.0537 * own.std(axis=0, ddof=1)).mean())
    promised, error = float(rules.overflow_share), np.std(beyond) / np.sqrt(len(beyond))
    assert np.mean(beyond) <= promised + 2 * error
    assert np.mean(beyond) < np.mean(plain)
    assert level == 0.0 or np.mean(plain) > promised + 2 * error, "the days alone say too little"


@pytest.mark.parametrize("use", ["office", "home", "shopping"])
def test_the_cars_of_a_day_stay_as_long_as_they_are_said_to(rules, use):
    u = LAND_USES.index(use)
    usual = usual_cars(rules, np.array([u], np.int32), np.array([200], np.int32))
    for mean, arrivals in zip(usual.mean[0], usual.arrivals[0], strict=True):
        rise = np.maximum(np.roll(mean, -1) - mean, 0.0)
        assert (arrivals >= rise).all()
        assert arrivals.sum() == pytest.approx(max(mean.sum() / 2 / rules.dwell_h[u], rise.sum()))
    assert not came(np.zeros(SLOTS), 2.0).any()


def test_a_few_holidays_are_told_together_with_weekends(rules):
    kind, cars = made_up(np.random.default_rng(7), 42, spread=0.0)
    kind[kind == 1] = np.where(np.arange(12) < 2, 2, 1)
    cars[kind == 2] = 40.0
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert found.days.tolist() == [30, 10, 2]
    assert found.mean[2, 25] > found.mean[1, 25] * rules.day_factor[OFFICE, 2] / rules.day_factor[OFFICE, 1]
    assert found.high[2, 25] > found.high[1, 25]


def test_few_days_are_believed_no_more_than_none(rules):
    kind, cars = made_up(np.random.default_rng(8), FEWEST - 1, spread=0.0)
    found = measured_cars(kind, cars, None, rules, use=OFFICE, spaces=100)
    assert found.pooled.all()
    assert found.sd[0, 20] == pytest.approx(max(60**0.5, rules.sd_share * 100))
    assert found.high[0, 20] == pytest.approx(60 + 1.645 * found.sd[0, 20], abs=0.01)


def test_gate_logs_tell_the_arrivals(rules):
    kind, cars = made_up(np.random.default_rng(9), 42)
    arrivals = np.full_like(cars, 3.0)
    found = measured_cars(kind, cars, arrivals, rules, use=OFFICE, spaces=100)
    np.testing.assert_allclose(found.arrivals[:2], 3.0)
    np.testing.assert_allclose(found.arrivals[2], 3.0 * rules.day_factor[OFFICE, 2] / rules.day_factor[OFFICE, 1])


def test_gaps_are_filled_from_the_half_hours_around(rules):
    kind, cars = made_up(np.random.default_rng(10), 42, spread=0.0)
    holed = cars.copy()
    holed[:, 22:25] = np.nan
    holed[3] = np.nan
    one, two = (measured_cars(kind, c, None, rules, use=OFFICE, spaces=100) for c in (cars, holed))
    np.testing.assert_allclose(two.mean, one.mean)
    np.testing.assert_allclose(two.high, one.high)


def test_a_lot_without_readings_is_refused(rules):
    with pytest.raises(InputError, match="holds no reading"):
        measured_cars(np.zeros(3, np.int32), np.full((3, SLOTS), np.nan), None, rules, use=0, spaces=10)


def test_the_check_holds_the_last_weeks_out(rules):
    """Counted by hand: nothing of the weeks held out is used, and every score is what its name says."""
    rng = np.random.default_rng(11)
    kind, cars = made_up(rng, 42)
    spaces = np.array([100])
    (weekday, weekend) = check_occupancy(kind, cars[None], spaces, rules, use=OFFICE, weeks=2)
    assert (weekday.day_type, weekday.lots, weekday.learnt, weekday.held) == ("weekday", 1, 20, 10)
    assert (weekend.learnt, weekend.held) == (8, 4)
    rows = {guess.how: guess for guess in weekday.guesses}
    assert tuple(rows) == GUESSES
    later = np.flatnonzero(kind[28:] == 0) + 28
    high = {
        "measured": measured_cars(kind[:28], cars[:28], None, rules, use=OFFICE, spaces=100).high[0],
        "plain": np.quantile(cars[:28][kind[:28] == 0], 0.95, axis=0),
        "last_week": cars[np.where(later < 35, later - 7, later - 14)],
        "land_use": usual_cars(rules, np.array([OFFICE], np.int32), np.array([100], np.int32)).high[0, 0],
    }
    own = cars[:28][kind[:28] == 0]
    high["normal"] = own.mean(axis=0) + 1.6448536 * own.std(axis=0, ddof=1)
    for how, guess in high.items():
        over = cars[later] - guess
        assert rows[how].covered == pytest.approx((over <= 1e-9).mean(), abs=2e-3), how
        assert rows[how].loss == pytest.approx(np.where(over > 0, 0.95 * over, -0.05 * over).mean() / 100), how
        error = abs(np.broadcast_to(guess, over.shape).mean(axis=0) - cars[later].max(axis=0)).mean()
        assert rows[how].error_cars == pytest.approx(error), how
        assert rows[how].error_share == pytest.approx(error / 100), how
    found = measured_cars(kind[:28], cars[:28], None, rules, use=OFFICE, spaces=100)
    rare = [
        next(k for k in range(101) if counts[: k + 1].sum() >= 1 - rules.overflow_share)
        for counts in own_counts(found.mean[0], found.sd[0], 100)
    ]
    assert weekday.beyond == pytest.approx((cars[later] > rare).mean())
    changed = cars.copy()
    changed[28:] = 0
    again = check_occupancy(kind, changed[None], spaces, rules, use=OFFICE, weeks=2)[0].guesses[0]
    assert again.covered == 1.0


def test_lots_with_too_few_days_do_not_count_in_the_check(rules):
    kind, cars = made_up(np.random.default_rng(12), 42)
    late, gone = cars.copy(), cars.copy()
    late[:24], gone[28:] = np.nan, np.nan
    checks = check_occupancy(kind, np.stack([cars, late, gone]), np.full(3, 100), rules, use=OFFICE, weeks=2)
    assert [check.lots for check in checks] == [1, 1]
    alone = check_occupancy(kind, cars[None], np.full(1, 100), rules, use=OFFICE, weeks=2)
    assert checks == alone


@pytest.mark.parametrize("weeks", [6, 9], ids=["all", "more than all"])
def test_a_check_needs_days_to_learn_from(rules, weeks):
    kind, cars = made_up(np.random.default_rng(13), 42)
    with pytest.raises(InputError, match="hold out fewer weeks"):
        check_occupancy(kind, cars[None], np.array([100]), rules, use=OFFICE, weeks=weeks)


def test_a_land_use_is_the_mean_of_its_lots(rules):
    kind, cars = made_up(np.random.default_rng(14), 42, spread=0.0)
    both = np.stack([cars, cars / 2])
    found = use_profile(kind, both, np.array([100, 100]), rules, use=OFFICE)
    assert found.lots == 2
    assert found.peak_share == pytest.approx(0.45)
    assert found.told.tolist() == [True, True, False]
    np.testing.assert_allclose(found.day_factor, [1.0, 0.1, rules.day_factor[OFFICE, 2]])
    at = (rules.profile_h * 2).astype(int) % SLOTS
    np.testing.assert_allclose(found.profile_share, SHAPE[at] / 60)
    told = replace(
        rules,
        profile_share=np.vstack([found.profile_share, rules.profile_share[1:]]),
        peak_share=np.append(found.peak_share, rules.peak_share[1:]),
    )
    usual = usual_cars(told, np.array([OFFICE], np.int32), np.array([200], np.int32))
    assert usual.mean[0, 0, 24] == pytest.approx(90)


def test_a_land_use_needs_weekdays_and_cars(rules):
    kind, cars = made_up(np.random.default_rng(15), 42)
    for none in (np.where((kind > 0)[:, None], cars, np.nan), cars * 0):
        with pytest.raises(InputError, match="no lot with cars"):
            use_profile(kind, none[None], np.array([100]), rules, use=OFFICE)
