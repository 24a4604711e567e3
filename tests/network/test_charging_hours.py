"""Plugs at lots give energy while the lot is open to the public: hours, shared windows, and what they take away."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from oracles import most_served

from network import (
    AddChargers,
    Scenario,
    SetLotHours,
    ShareLot,
    charging_pairs,
    charging_sessions,
    grid_city,
    place_open,
    simulate,
    travel_times,
    units,
)
from network.units import FAST, LAND_USES, SLOW

NIGHT, DAY = [*range(18, 24), *range(6)], list(range(6, 18))


@pytest.fixture(scope="module")
def city():
    """Four slow plugs at every car park and nowhere else; lot i is at place 3 i."""
    bare = grid_city(7, seed=2)
    bare = replace(bare, supply=replace(bare.supply, plugs=np.zeros_like(bare.supply.plugs)))
    at = bare.places.id[bare.lots.place].tolist()
    return applied(bare, *(AddChargers(place=place, plugs=4, charger="slow") for place in at))


@pytest.fixture(scope="module")
def day(city):
    return simulate(city)


def applied(city, *edits):
    return Scenario(edits=edits).apply(city)


def keeping_out(city, *uses):
    """The city in which lots of buildings of these uses keep others out."""
    flags = np.isin(LAND_USES, uses).astype(float)
    return replace(city, charging=replace(city.charging, shared_only=flags))


@pytest.mark.parametrize("seed", range(4))
def test_open_hours_are_those_of_the_lots_of_a_place(seed):
    rng, city = np.random.default_rng(seed), keeping_out(grid_city(9, seed), "office", "shopping", "school")
    lots, slots = city.lots, city.lots.open.shape
    opened = rng.random(slots) < 0.8
    shared = np.where(opened, rng.integers(0, 3, slots), 0).astype(np.int32)
    place = rng.choice([-1, 0, 1, 2, 5], len(lots.id)).astype(np.int32)
    kind = rng.integers(0, 3, len(lots.id)).astype(np.int32)
    city = replace(city, lots=replace(lots, open=opened, shared=shared, place=place, supply_class=kind))
    found = place_open(city)
    for p in range(len(city.places.id)):
        here = np.flatnonzero(place == p).tolist()
        for h in range(24):
            answers = []
            for lot in here:
                private = kind[lot] == 2 and LAND_USES[lots.use[lot]] in {"office", "shopping", "school"}
                half_hours = [shared[lot, 0, s] > 0 if private else opened[lot, 0, s] for s in (2 * h, 2 * h + 1)]
                answers.append(all(half_hours))
            assert found[p, h] == (any(answers) or not here)
    assert not found.all()


def test_a_lot_that_closes_at_six_gives_no_energy_by_night(city, day):
    lot, at = "lot/1", int(city.lots.place[1])
    closed = simulate(applied(city, SetLotHours(lot=lot, start="06:00", end="18:00")))
    given, now = day.place_tenths[SLOW], closed.place_tenths[SLOW]
    assert given[at, NIGHT].sum() > 0
    assert given[at, DAY].sum() > 0
    assert not now[at, NIGHT].any()
    assert np.array_equal(now[:, DAY].sum(axis=0), given[:, DAY].sum(axis=0))
    assert now[at, DAY].sum() > 0
    assert closed.served_tenths.sum() < day.served_tenths.sum()
    assert np.array_equal(closed.charging_tenths, day.charging_tenths)
    others = np.delete(now, at, axis=0)[:, NIGHT].sum()
    assert others >= np.delete(given, at, axis=0)[:, NIGHT].sum()
    assert closed.place_capacity_tenths.tolist() == day.place_capacity_tenths.tolist()


def test_neighbours_take_over_all_they_can(city):
    changed = applied(city, SetLotHours(lot="lot/0", start="06:00", end="18:00"))
    outcome, travel = simulate(changed), travel_times(changed)
    first, place, _ = charging_pairs(changed, travel, SLOW)
    zone = np.repeat(np.arange(len(first) - 1), np.diff(first))
    for h in (3, 12):
        could = np.where(place_open(changed)[:, h], outcome.place_capacity_tenths[SLOW], 0)
        most = most_served(outcome.charging_tenths[SLOW, :, h], could, zip(zone, place, strict=True))
        assert outcome.served_tenths[SLOW, :, h].sum() == most > 0


def test_buildings_that_keep_others_out_give_in_shared_windows_alone(city):
    lot, at = 2, int(city.lots.place[2])
    assert city.lots.supply_class[lot] == units.SUPPLY_CLASSES.index("building")
    use = LAND_USES[city.lots.use[lot]]
    private = keeping_out(city, use)
    never = simulate(private)
    assert not never.place_tenths[:, at].any()
    assert not never.place_capacity_tenths[:, at].any()
    windows = simulate(applied(private, ShareLot(lot="lot/2", spaces=10, start="19:30", end="30:00")))
    hours = np.flatnonzero(windows.place_tenths[SLOW, at])
    assert set(hours.tolist()) <= {20, 21, 22, 23, 0, 1, 2, 3, 4, 5}
    assert len(hours)
    assert never.served_tenths.sum() < windows.served_tenths.sum() < simulate(city).served_tenths.sum()
    weekend = simulate(
        applied(private, ShareLot(lot="lot/2", spaces=10, start="08:00", end="20:00", days=("weekend",)))
    )
    assert np.array_equal(weekend.place_tenths, never.place_tenths)


def test_kerbs_car_parks_and_other_uses_are_open_whatever_keeps_others_out(city, day):
    """Lots 0 and 3 are of an office and a hospital, at the kerb; only lots 2 and 5 are attached to buildings."""
    same = simulate(keeping_out(city, "office", "home", "hospital", "scenic"))
    assert same.place_tenths.tobytes() == day.place_tenths.tobytes()


def test_a_plug_that_is_never_open_is_nobodys_nearest(city, day):
    private = simulate(keeping_out(city, "shopping"))
    gone = city.supply.plugs.copy()
    gone[:, city.lots.place[2]] = 0
    without = simulate(replace(city, supply=replace(city.supply, plugs=gone)))
    assert np.array_equal(private.nearest_plug_m, without.nearest_plug_m)
    assert private.nearest_plug_m.sum() > day.nearest_plug_m.sum()
    assert private.metrics["public_plugs"] == day.metrics["public_plugs"]


def test_nobody_comes_to_charge_in_closed_hours(city):
    changed = applied(city, SetLotHours(lot="lot/1", start="06:00", end="18:00"))
    outcome = simulate(changed)
    place, _, rate_per_h = charging_sessions(changed, outcome)
    row = rate_per_h[place == changed.lots.place[1]]
    assert not row[:, NIGHT].any()
    assert row[:, DAY].any()


def test_fast_plugs_keep_the_same_hours(city):
    at = str(city.places.id[city.lots.place[1]])
    fast = applied(city, AddChargers(place=at, plugs=2, charger="fast"))
    closed = applied(fast, SetLotHours(lot="lot/1", start="08:00", end="12:00"))
    before, after = (simulate(c).place_tenths[FAST, city.lots.place[1]] for c in (fast, closed))
    assert after[8:12].tolist() == before[8:12].tolist()
    assert before[12:].any()
    assert not after[12:].any()
