"""Charging at a depot beside a linear programme, brute force and hand-made nights."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import linprog

from network import grid_city
from optimise.bus_charging import (
    Night,
    chargers_for,
    estimate,
    in_use,
    night_of,
    parked,
    peak_kw,
    smart,
    too_little,
    unmanaged,
)
from optimise.stop import Work

KW, SLOT = 60, 15


def night(first, slots, need, slot_min=SLOT):
    return Night(slot_min=slot_min, charger_kw=KW, first=np.array(first), slots=np.array(slots), need=np.array(need))


def at_random(rng, buses, slot_min=SLOT, longest=0.8):
    """Buses that stand there at any time of the day, for hours, some past the end of it."""
    day = 1440 // slot_min
    slots = rng.integers(1, max(2, int(day * longest)), buses)
    need = rng.integers(0, slots * KW * slot_min + 1)
    return night(rng.integers(0, day, buses), slots, need, slot_min)


def least_by_lp(n):
    """The least power in kW, not rounded."""
    pairs = [(i, (n.first[i] + k) % n.day) for i in range(len(n.need)) for k in range(n.slots[i])]
    get = np.zeros((len(n.need), len(pairs) + 1))
    draw = np.zeros((n.day, len(pairs) + 1))
    for column, (i, t) in enumerate(pairs):
        get[i, column] = draw[t, column] = 1
    draw[:, -1] = -n.slot_min
    cost = np.append(np.zeros(len(pairs)), 1.0)
    room = [(0, n.full)] * len(pairs) + [(0, None)]
    return linprog(cost, A_ub=draw, b_ub=np.zeros(n.day), A_eq=get, b_eq=n.need, bounds=room).fun


@pytest.mark.parametrize("seed", range(6))
def test_the_least_power_is_that_of_the_linear_programme(seed):
    n = at_random(np.random.default_rng(seed), 12, slot_min=60)
    found = smart(n)
    assert found.power_kw == np.ceil(least_by_lp(n) - 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_smart_charging_gives_everybody_its_energy_with_no_more_power(seed):
    n = at_random(np.random.default_rng(seed), 1 + 5 * seed)
    found, (energy, used) = smart(n), unmanaged(n)
    assert np.array_equal(np.bincount(found.bus, found.energy, len(n.need)), n.need)
    assert energy.sum() == n.need.sum()
    drawn = np.bincount(found.slot, found.energy, n.day)
    assert drawn.max(initial=0) <= found.power_kw * n.slot_min
    assert ((found.slot - n.first[found.bus]) % n.day < n.slots[found.bus]).all()
    assert found.power_kw <= peak_kw(n, energy) <= used.max(initial=0) * KW
    assert too_little(n, found.power_kw - 1, found.tight) or not found.power_kw
    assert not too_little(n, found.power_kw, found.tight)


def test_the_least_power_grows_with_need_and_falls_with_time():
    n = at_random(np.random.default_rng(7), 20)
    power = smart(n).power_kw
    assert smart(night(n.first, n.slots, n.need // 2)).power_kw <= power
    longer = np.minimum(n.slots + 8, n.day)
    assert smart(night(n.first, longer, n.need)).power_kw <= power


def fewest_parked(n):
    """Over all ways to begin."""
    choices = [range(int(s - b) + 1) for s, b in zip(n.slots, n.busy, strict=True)]
    return min(int(in_use(n, np.array(begin)).max()) for begin in itertools.product(*choices))


@pytest.mark.parametrize("seed", range(10))
def test_fewest_chargers_without_moving_a_bus_beside_every_choice(seed):
    rng = np.random.default_rng(seed)
    slots = rng.integers(2, 9, 5)
    n = night(rng.integers(0, 24, 5), slots, rng.integers(1, slots * KW * 60 + 1), slot_min=60)
    found = parked(n, Work(5).start(), 5, 0)
    assert found.chargers == found.bound == fewest_parked(n) == in_use(n, found.begin).max()
    assert chargers_for(n, smart(n).power_kw) <= found.chargers <= unmanaged(n)[1].max()


@pytest.mark.parametrize("seed", range(10, 30))
def test_what_fits_between_two_slots_is_never_more_than_the_fewest_chargers(seed):
    rng = np.random.default_rng(seed)
    slots = rng.integers(3, 9, 6)
    n = night(rng.integers(0, 8, 6), slots, rng.integers(1, slots * KW * 60 + 1), slot_min=60)
    assert parked(n, Work(0).start(), 0, 0).bound <= fewest_parked(n)


def test_buses_that_fit_a_charger_once_each_are_known_without_a_search():
    """Sixty buses of two hours in three: power alone asks for forty chargers, yet none takes two buses."""
    n = night([0] * 60, [3] * 60, [2 * KW * 60] * 60, slot_min=60)
    found = parked(n, Work(0).start(), 0, 0)
    assert (chargers_for(n, smart(n).power_kw), found.bound, found.chargers) == (40, 60, 60)


def test_buses_that_may_move_need_fewer_chargers():
    """Three buses, three hours, two hours of charging each: two chargers by turns, three where each stays put."""
    n = night([0, 0, 0], [3, 3, 3], [2 * KW * 60] * 3, slot_min=60)
    assert chargers_for(n, smart(n).power_kw) == 2
    assert parked(n, Work(1).start(), 1, 0).chargers == 3
    assert unmanaged(n)[1].tolist()[:4] == [3, 3, 0, 0]


def test_a_night_runs_past_midnight():
    """Two buses at 22:00 for four hours, one at 00:00 for two, each two hours of energy: one power for all."""
    n = night([22, 22, 0], [4, 4, 2], [2 * KW * 60] * 3, slot_min=60)
    found = smart(n)
    assert found.power_kw == np.ceil(3 * 2 * KW / 4)
    assert sorted(found.tight.tolist()) == [0, 1, 22, 23]
    assert parked(n, Work(1).start(), 1, 0).chargers == 2


def test_a_little_energy_takes_a_kilowatt():
    n = night([95], [2], [5])
    found = smart(n)
    assert (found.power_kw, found.energy.sum()) == (1, 5)
    assert too_little(n, 0, found.tight)
    assert not too_little(n, 1, found.tight)


def test_sixty_kilowatts_take_four_to_five_hours_for_a_typical_battery():
    """200 to 300 kWh at 60 kW, as the NZ Transport Agency has it: 3.3 to 5 hours, 4 to 5 above 240 kWh."""
    for kwh, slots in ((240, 16), (300, 20)):
        n, missing = night_of(
            grid_city(3).buses, np.array([6 * 3600.0]), np.array([20 * 3600.0]), np.array([float(kwh)])
        )
        assert (n.busy[0], missing[0]) == (slots, 0)
        assert n.first[0] * 15 == 20 * 60 + 15
        assert n.slots[0] * 15 == 10 * 60 - 2 * 15
        assert n.energy_kwh == kwh
        assert estimate(n, 0.9) == 1


def test_what_a_night_cannot_give_is_told():
    n, missing = night_of(grid_city(3).buses, np.array([5 * 3600.0]), np.array([27.5 * 3600]), np.array([100.0]))
    assert n.slots[0] * 15 == 60
    assert missing[0] == pytest.approx(40.0)
    none, missing = night_of(grid_city(3).buses, np.array([5 * 3600.0]), np.array([29 * 3600.0]), np.array([100.0]))
    assert (none.slots[0], none.need[0], missing[0]) == (0, 0, 100.0)
    assert (smart(none).power_kw, parked(none, Work(1).start(), 1, 0).chargers, estimate(none, 0.9)) == (0, 0, 0)


def test_large_depots_get_a_bound():
    rng = np.random.default_rng(3)
    back, out = rng.integers(76, 94, 200), rng.integers(116, 124, 200)
    n = night(back, out - back, np.minimum(rng.integers(3000, 14_000, 200), (out - back) * KW * SLOT))
    found = parked(n, Work(1).start(), 1, 0)
    assert found.bound <= found.chargers < unmanaged(n)[1].max()
    assert in_use(n, found.begin).max() == found.chargers
    assert (found.begin + n.busy <= n.slots).all()
