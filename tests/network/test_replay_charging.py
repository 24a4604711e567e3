"""Days at the plugs: event by event beside a plain simulation, and in the mean beside Erlang's formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import turns

from network import (
    AddChargers,
    InputError,
    Scenario,
    charging_sessions,
    grid_city,
    replay_charging,
    simulate,
)
from network.demand.charging import plug_rates
from network.kernels.queueing import loss_rates, queues, waiting_rates
from network.kernels.replay_charging import take_turns
from network.replay.queues import TOLERANCE, Queues, _late_hours, run_queues
from network.units import CHARGERS, SERVICE_OF

OVERHEAD_H = 5 / 60
CHARGING_H = 25 / (0.85 * 60) + OVERHEAD_H
PARKED_H = 3.0
WAIT_H = 10 / 60
SHARE = 0.05
FAR = 4.5
"""Standard errors that no share of these seeds is off by."""


def made(plugs, rate_per_h, *, loses=False, keys=None):
    """Queues of so many plugs each, with rates (Q) all day or (Q, 24) by hour."""
    n = len(plugs)
    rate = np.broadcast_to(np.reshape(rate_per_h, (n, -1 if n else 24)), (n, 24)).astype(float)
    keys = np.arange(n) if keys is None else keys
    return Queues(
        key=np.column_stack((keys, np.ones(n, np.int64))),
        plugs=np.array(plugs, np.int64),
        rate_per_h=rate,
        service_h=np.full(n, PARKED_H if loses else CHARGING_H),
        overhead_h=np.full(n, 0.0 if loses else OVERHEAD_H),
        wait_h=np.full(n, WAIT_H),
        loses=np.full(n, loses),
        most_share=np.full(n, SHARE),
    )


drivers = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=25)


@given(drivers, st.integers(1, 5), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_every_driver_starts_when_the_plain_simulation_says(came, plugs, loses, ragged):
    """Whole hours make drivers come at the instant that others leave; `ragged` ones do not."""
    step = np.sqrt(2.0) if ragged else 1.0
    arrive, service = np.array(sorted(t for t, _ in came)) * step, np.array([s for _, s in came]) * np.sqrt(step)
    start, clear = take_turns(arrive.astype(float), service.astype(float), plugs, loses)
    truth = turns(arrive.tolist(), service.tolist(), plugs, loses)
    assert [None if np.isnan(t) else t for t in start.tolist()] == truth
    for k, now in enumerate(arrive.tolist()):
        stay = [i for i in range(k + 1) if truth[i] is not None]
        next_one = turns([*arrive[stay].tolist(), now], [*service[stay].tolist(), 1.0], plugs, False)[-1]
        assert max(now, clear[k]) == next_one


@given(st.lists(st.tuples(st.floats(0, 71.9), st.floats(0, 30)), min_size=1, max_size=12))
@settings(max_examples=80, deadline=None)
def test_late_parts_of_hours_are_those_of_every_hour_by_itself(given_):
    arrive, until = np.array(sorted(given_)).T
    found = _late_hours(arrive, until, 2)
    for hour in range(48):
        low, late = 24.0 + hour, 0.0
        for k, t in enumerate(arrive):
            end = min(until[k], arrive[k + 1] if k + 1 < len(arrive) else 72.0)
            late += max(0.0, min(end, low + 1) - max(t, low))
        assert found.ravel()[hour] == pytest.approx(late, abs=1e-11)


@pytest.mark.parametrize(("plugs", "load"), [(1, 0.4), (3, 1.9), (12, 9.0), (40, 35.0)])
def test_waits_are_those_of_erlang_c(plugs, load):
    found = run_queues(made([plugs], [load / CHARGING_H]), days=600, seed=3)
    expected = queues(np.array([load]), np.array([plugs]), WAIT_H / CHARGING_H)[3][0]
    assert np.abs(found.late_share - expected).max() < FAR * found.error.max()
    assert found.error.max() < 0.02
    assert found.drivers.mean() == pytest.approx(load / CHARGING_H, rel=0.03)


@pytest.mark.parametrize("energy_cv", [None, 0.3, 1.5], ids=["exponential", "even", "ragged"])
def test_who_drives_on_is_erlang_b_whatever_the_times(energy_cv):
    """Only the mean time at a slow plug matters to who finds one."""
    found = run_queues(made([4], [2.5 / PARKED_H], loses=True), days=2000, seed=1, energy_cv=energy_cv)
    expected = queues(np.array([2.5]), np.array([4]), 0.0)[0][0]
    assert np.abs(found.late_share - expected).max() < FAR * found.error.max()
    assert found.error.max() < 0.012


@pytest.mark.parametrize("loses", [False, True], ids=["fast", "slow"])
def test_sites_at_their_capacity_keep_what_is_asked(loses):
    plugs = [1, 4, 20]
    rates = loss_rates(20, PARKED_H, SHARE) if loses else waiting_rates(20, CHARGING_H, WAIT_H, SHARE)
    found = run_queues(made(plugs, rates[plugs], loses=loses), days=200, seed=0)
    assert (found.late_share + 2 * found.error <= SHARE + TOLERANCE).all()
    assert np.abs(found.late_share.mean(axis=1) - SHARE).max() < 0.004
    assert (found.days > 200).all()


def test_a_day_with_one_busy_hour_is_better_than_that_hour_for_ever():
    rate = np.full((1, 24), 5.0)
    rate[0, 18] = waiting_rates(20, CHARGING_H, WAIT_H, SHARE)[20]
    found = run_queues(made([20], rate), days=400, seed=0)
    assert 0.0 < found.late_share[0, 18] < SHARE
    assert found.late_share[0].argmax() == 18


def test_a_tenth_above_its_capacity_a_site_is_found_out():
    rate = 1.1 * waiting_rates(20, CHARGING_H, WAIT_H, SHARE)[20]
    found = run_queues(made([20], [rate]), days=200, seed=0)
    assert (found.late_share > SHARE + TOLERANCE).all()


def test_ten_sites_of_two_plugs_are_not_one_of_twenty():
    rates = waiting_rates(20, CHARGING_H, WAIT_H, SHARE)
    one = run_queues(made([20], rates[[20]]), days=200, seed=0)
    ten = run_queues(made([2] * 10, np.full(10, rates[20] / 10)), days=200, seed=0)
    enough = run_queues(made([2] * 10, np.full(10, rates[2])), days=200, seed=0)
    assert round(float(rates[20])) == 27 and round(10 * float(rates[2])) == 8
    assert (one.late_share <= SHARE + TOLERANCE).all()
    assert (ten.late_share > 0.5).all()
    assert (enough.late_share <= SHARE + TOLERANCE).all()


def test_the_evening_goes_on_after_midnight():
    rate = np.zeros((1, 24))
    rate[0, 23], rate[0, 0] = 8.0, 0.1
    found = run_queues(made([2], rate), days=200, seed=0)
    assert found.late_share[0, 0] > 0.5
    assert not found.late_share[0, 1:23].any(), "nobody comes then"


def test_a_seed_is_a_day_and_more_plugs_change_only_who_waits():
    base = made([2, 3], [1.9, 5.0])
    first, again, other = (run_queues(base, days=300, seed=seed) for seed in (7, 7, 8))
    more = run_queues(replace(base, plugs=np.array([2, 4])), days=300, seed=7)
    for name in ("days", "drivers", "late_share", "error"):
        assert getattr(first, name).tobytes() == getattr(again, name).tobytes()
    assert first.drivers.tolist() != other.drivers.tolist()
    assert first.days.tolist() == more.days.tolist() == [300, 300]
    assert more.drivers.tolist() == first.drivers.tolist()
    assert more.late_share[0].tolist() == first.late_share[0].tolist()
    assert (more.late_share[1] < first.late_share[1]).all()


def test_a_queue_does_not_depend_on_its_neighbours():
    both, alone = made([2, 4], [0.5, 2.0]), made([4], [2.0], keys=[1])
    heard = []
    found = run_queues(both, days=50, seed=0, told=lambda *done: heard.append(done))
    assert heard == [(1, 2), (2, 2)]
    assert found.late_share[1].tolist() == run_queues(alone, days=50, seed=0).late_share[0].tolist()


def test_more_even_sessions_wait_less():
    base = made([6], [5.4])
    even, usual = (run_queues(base, days=1000, seed=0, energy_cv=cv) for cv in (0.3, None))
    assert even.late_share.mean() < usual.late_share.mean() - 0.01


def test_where_nobody_comes_nobody_waits():
    found = run_queues(made([3], [0.0]), days=10, seed=0)
    assert not found.drivers.any() and not found.late_share.any() and not found.error.any()
    none = run_queues(made([], np.zeros((0, 24))), days=10, seed=0)
    assert none.late_share.shape == (0, 24)


@pytest.fixture(scope="module")
def city():
    """A city with plugs of every class at most places, some of them too few."""
    base = grid_city(8)
    room = (base.places.most_plugs - base.supply.plugs.sum(axis=0)) // 4
    edits = [
        AddChargers(place=place, plugs=plugs, charger=charger)
        for place, plugs in zip(base.places.id.tolist(), room.tolist(), strict=True)
        for charger in CHARGERS
        if plugs
    ]
    return Scenario(edits=tuple(edits)).apply(base)


@pytest.fixture(scope="module")
def outcome(city):
    return simulate(city)


def test_drivers_take_what_the_places_give(city, outcome):
    place, charger, per_h = charging_sessions(city, outcome)
    tenths = np.zeros_like(outcome.place_tenths, float)
    np.add.at(tenths, (np.array(SERVICE_OF)[charger], place), per_h * city.charging.session_kwh[charger][:, None] * 10)
    np.testing.assert_allclose(tenths, outcome.place_tenths, rtol=1e-12)
    assert set(charger.tolist()) == {0, 1, 2}
    rates = plug_rates(city.charging, int(city.supply.plugs.max()))
    assert (per_h.max(axis=1) <= rates[charger, city.supply.plugs[charger, place]] * (1 + 1e-12)).all()


def test_the_plugs_of_a_city_keep_what_the_model_says(city, outcome):
    found = replay_charging(city, outcome)
    assert found.kept.all()
    assert (found.waits.late_share.max(axis=1) > 0.03).any(), "some are used to their limit"
    at_most = np.where(found.charger == 0, city.charging.block_share, city.charging.wait_share) + TOLERANCE
    assert found.most_share.tolist() == at_most.tolist()
    per_h = charging_sessions(city, outcome)[2]
    assert found.waits.drivers.sum() == pytest.approx(per_h.sum(), rel=0.02)


def test_a_city_whose_plugs_are_taken_away_is_found_out(city, outcome):
    """Drivers of the plan come to half the plugs."""
    half = replace(city, supply=replace(city.supply, plugs=(city.supply.plugs + 1) // 2))
    found = replay_charging(half, outcome, days=50)
    assert not found.kept.all()
    assert found.waits.late_share.max() > 0.2


@pytest.mark.parametrize(("how", "where"), [({"days": 1}, "days"), ({"energy_cv": 0.0}, "energy_cv")])
def test_days_that_tell_nothing_are_refused(city, outcome, how, where):
    with pytest.raises(InputError, match=where):
        replay_charging(city, outcome, **how)
