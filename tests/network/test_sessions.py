from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from network.demand.sessions import (
    FEWEST,
    Sessions,
    check_sessions,
    distance,
    energy_hours,
    fit_sessions,
    weeks_of,
)
from network.errors import InputError
from network.units import FAST, HOURS, SLOW

MONDAY = 19_723
"""The first of January 2024, counted from 1970."""
FLAT = np.full((3, HOURS), 1.0 / HOURS)
DEFAULT_KWH = np.array([14.0, 25.0, 35.0])


def hours_about(peak, spread):
    away = np.minimum(abs(np.arange(HOURS) - peak), HOURS - abs(np.arange(HOURS) - peak))
    weight = np.exp(-0.5 * (away / spread) ** 2)
    return weight / weight.sum()


WEEKDAY, WEEKEND = hours_about(9, 2), hours_about(15, 3)


def made_up(rng, days, a_day, charger=FAST, log_mean=3.0, log_sigma=0.5):
    """Sessions of known parameters: `a_day` on weekdays and half as many on weekends, 2 minutes a kWh."""
    every = MONDAY + np.arange(days)
    count = rng.poisson(np.where(np.arange(days) % 7 >= 5, a_day / 2, a_day))
    day = np.repeat(every, count)
    weekend = np.repeat(np.arange(days) % 7 >= 5, count)
    hour = np.where(weekend, rng.choice(HOURS, len(day), p=WEEKEND), rng.choice(HOURS, len(day), p=WEEKDAY))
    start = (day * HOURS + hour) * 60 + rng.integers(0, 60, len(day))
    kwh = rng.lognormal(log_mean, log_sigma, len(day))
    return Sessions(start, 2 * kwh, kwh, np.full(len(day), charger, np.int32))


def both(one, other):
    return Sessions(*(np.concatenate(pair) for pair in zip(vars(one).values(), vars(other).values(), strict=True)))


def test_the_calendar():
    days = MONDAY + np.arange(14)
    log = Sessions(days * 1440 + 61, np.ones(14), np.ones(14), np.zeros(14, np.int32))
    assert [str(day) for day in log.day.astype("M8[D]")][::13] == ["2024-01-01", "2024-01-14"]
    assert log.weekend.tolist() == [False] * 5 + [True] * 2 + [False] * 5 + [True] * 2
    assert set(log.hour) == {1}


def test_a_fit_finds_the_parameters_of_made_up_sessions():
    log = made_up(np.random.default_rng(1), 365, 60)
    (fit,) = fit_sessions(log)
    assert fit.charger == "fast"
    assert fit.per_day == pytest.approx([60, 30], rel=0.03)
    assert np.abs(fit.arrival_hours - [WEEKDAY, WEEKEND]).max() < 0.01
    assert (fit.log_mean, fit.log_sigma) == (pytest.approx(3.0, abs=0.02), pytest.approx(0.5, abs=0.02))
    assert fit.kwh == pytest.approx(np.exp(3.0 + 0.5**2 / 2), rel=0.02)
    assert fit.kwh_quantiles == pytest.approx(stats.lognorm(0.5, scale=np.exp(3.0)).ppf([0.1, 0.5, 0.9]), rel=0.03)
    assert fit.minutes == pytest.approx(2 * fit.kwh)
    assert fit.kw == pytest.approx(30.0)
    assert fit.energy_hours.sum() == pytest.approx(1.0)


def test_classes_are_apart_and_few_sessions_are_none():
    rng = np.random.default_rng(2)
    slow, fast = made_up(rng, 30, 20, SLOW, log_mean=2.0), made_up(rng, 30, 20, FAST)
    fits = fit_sessions(both(slow, fast))
    assert [(fit.charger, fit.sessions) for fit in fits] == [("slow", len(slow)), ("fast", len(fast))]
    assert fits[0].kwh < fits[1].kwh
    few = slow.where(np.arange(len(slow)) < FEWEST - 1)
    assert [fit.charger for fit in fit_sessions(both(few, fast))] == ["fast"]
    with pytest.raises(InputError, match="holds 29 sessions after cleaning"):
        fit_sessions(few)


def test_energy_by_hour_by_hand():
    start = np.array([8, 8, 20]) * 60 + np.array([0, 59, 30])
    log = Sessions(start, np.full(3, 30.0), np.array([10.0, 20.0, 70.0]), np.array([1, 2, 0], np.int32))
    assert np.flatnonzero(energy_hours(log, [1, 2])).tolist() == [8]
    assert energy_hours(log, [0, 1, 2])[[8, 20]] == pytest.approx([0.3, 0.7])


@pytest.mark.parametrize("seed", range(5))
def test_distances_are_those_of_kolmogorov_and_smirnov(seed):
    rng = np.random.default_rng(seed)
    values = rng.exponential(10.0, 200).round(seed % 3)
    if seed % 3:  # the published formula takes no ties
        values = np.unique(values)
    law = stats.expon(scale=12.0)
    if len(np.unique(values)) == len(values):
        assert distance(values, law.cdf) == pytest.approx(stats.kstest(values, law.cdf).statistic)
    other = np.sort(rng.exponential(8.0, 150).round(seed % 3))
    mine = distance(values, lambda x: np.searchsorted(other, x, "right") / len(other))
    assert mine == pytest.approx(stats.ks_2samp(values, other).statistic, abs=1e-12)


def test_what_does_not_change_is_foretold_and_beats_what_is_assumed():
    log = made_up(np.random.default_rng(3), 7 * 30, 80)
    (check,) = check_sessions(log, DEFAULT_KWH, FLAT)
    assert (weeks_of(log), check.learnt + check.held) == (30, len(log))
    assert check.learnt == int((log.day < MONDAY + 7 * 20).sum())
    assert check.hours_error["learnt"] < 0.006 < 0.02 < check.hours_error["flat"]
    assert check.hours_error["flat"] == check.hours_error["default"]
    assert check.energy_distance["learnt"] < 0.04
    assert check.energy_distance["lognormal"] < 0.04
    assert check.energy_distance["default"] > 0.15
    (longer,) = check_sessions(log, DEFAULT_KWH, FLAT, learn_weeks=29)
    assert longer.held < check.held


@pytest.mark.parametrize("weeks", [0, 4, 9])
def test_there_must_be_weeks_on_both_sides(weeks):
    log = made_up(np.random.default_rng(4), 28, 20)
    with pytest.raises(InputError, match=f"are {weeks} of 4 in the log"):
        check_sessions(log, DEFAULT_KWH, FLAT, learn_weeks=weeks)
