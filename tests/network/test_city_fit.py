"""Cities brought to counted shares and minutes: what made the counts is found again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plain_day
import pytest

from network import (
    ALL_RESIDENTS,
    InputError,
    Observed,
    between_zones,
    fit_city,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.demand.trip_minutes import trip_minutes

PUBLIC = {"public": ("bus", "rail", "bus_rail", "bike_ride", "park_ride")}
COUNTED = {"walk": 0.3, "cycle": 0.1, "ebike": 0.3, "car": 0.15, "taxi": 0.02, "public": 0.13}


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


def behaving(city, **changed):
    return replace(city, behaviour=replace(city.behaviour, **changed))


def observed(shares, minutes=None, groups=None, **more):
    return Observed(shares=shares, minutes=minutes or {}, groups=groups or {}, **more)


def shares_of(city, travel, purposes):
    trips = simulate(city, travel).trips_from.sum(axis=2)[list(purposes)].sum(axis=0)
    return trips / trips.sum()


def problems_of(call):
    with pytest.raises(InputError) as caught:
        call()
    return [str(problem) for problem in caught.value.problems]


def test_minutes_of_trips_are_those_of_the_pairs(city, travel):
    flows = between_zones(city, travel)
    plain = plain_day.trips_by_mode(city, travel, flows.trips)
    for u in range(len(units.PURPOSES)):
        period, total = int(city.behaviour.purpose_period[u]), 0.0
        for k in range(len(units.DIRECT_MODES)):
            minutes = travel.time_s(k, period) / 60 + city.behaviour.terminal_min[k]
            total += (plain[u, k] * np.where(plain[u, k] > 0, minutes, 0.0)).sum()
        found = trip_minutes(city, travel, flows.trips)[u]
        assert found == pytest.approx(total / plain[u].sum(), rel=1e-5)


def test_constants_and_decay_that_made_the_counts_are_found_again(city, travel):
    rng = np.random.default_rng(1)
    b = city.behaviour
    moved = rng.normal(0.0, 0.7, b.constant.shape)
    moved[:, units.TRIP_CAR] = 0.0
    beta = b.gravity_beta_per_min * np.array([1.8, 0.7, 1.3, 1.0, 1.0])
    truth = behaving(city, constant=b.constant + moved, gravity_beta_per_min=beta)
    counted = {
        name: dict(zip(units.TRIP_MODES, shares_of(truth, travel, [u]).tolist(), strict=True))
        for u, name in enumerate(units.PURPOSES)
    }
    minutes = trip_minutes(truth, travel, between_zones(truth, travel).trips)
    timed = dict(zip(units.PURPOSES[:3], minutes[:3].tolist(), strict=True))
    fit = fit_city(city, travel, observed(counted, timed))
    assert fit.city.behaviour.gravity_beta_per_min == pytest.approx(beta, rel=5e-3)
    taken = simulate(city, travel).trips_from.sum(axis=2) > 0
    assert fit.city.behaviour.constant[taken] == pytest.approx(truth.behaviour.constant[taken], abs=5e-3)
    assert fit.passes[-1].worst_share < 1e-5
    assert fit.passes[-1].worst_minutes < 1e-4
    assert len(fit.passes) > 1


def test_residents_together_move_by_one_amount_and_visitors_stay(city, travel):
    fit = fit_city(city, travel, observed({ALL_RESIDENTS: COUNTED}, groups=PUBLIC))
    moved = fit.city.behaviour.constant - city.behaviour.constant
    assert (moved[units.VISITOR] == 0).all()
    assert (moved[:, units.TRIP_CAR] == 0).all()
    for u in range(units.VISITOR):
        assert moved[u] == pytest.approx(moved[0], abs=1e-12)
    assert moved[0, [units.TRIP_RAIL, units.TRIP_BUS_RAIL]] == pytest.approx(moved[0, units.TRIP_BUS], abs=1e-12)
    after = shares_of(fit.city, travel, range(units.VISITOR))
    assert after[units.TRIP_WALK] == pytest.approx(0.3, abs=1e-5)
    assert after[list(units.LINE_TRIPS)].sum() == pytest.approx(0.13, abs=1e-5)
    told = {row.mode: row for row in fit.shares}
    assert told["walk"].before == pytest.approx(shares_of(city, travel, range(units.VISITOR))[0])
    assert told["walk"].after == pytest.approx(after[0], abs=1e-9)
    assert not fit.overstretched


def test_a_city_that_is_as_counted_stays_as_it_is(city, travel):
    counted = dict(zip(units.TRIP_MODES, shares_of(city, travel, range(units.VISITOR)).tolist(), strict=True))
    fit = fit_city(city, travel, observed({ALL_RESIDENTS: counted}))
    assert fit.city.digest == city.digest


def test_constants_that_carry_everything_are_told(city, travel):
    counted = {"walk": 0.01, "cycle": 0.01, "ebike": 0.01, "car": 0.47, "taxi": 0.45, "public": 0.05}
    rich = replace(city, zones=replace(city.zones, cars_per_resident=np.ones(len(city.zones.id))))
    fit = fit_city(rich, travel, observed({"home_other": counted}, groups=PUBLIC))
    assert {row.mode for row in fit.overstretched} >= {"walk", "cycle", "ebike"}


def test_all_that_does_not_fit_is_told_at_once(city, travel):
    def ask(shares, minutes=None, **more):
        return problems_of(lambda: fit_city(city, travel, observed(shares, minutes, **more)))

    odd = ask({"home_work": {"walk": 0.5, "plane": 0.5}, "home_school": {"walk": 0.5}}, shares_file="s.csv")
    assert any("s.csv, home_work" in p and "plane" in p for p in odd)
    assert any("s.csv, home_school" in p and "0.5" in p for p in odd)
    none = ask({"home_work": COUNTED | {"walk": 0.0, "car": 0.45}}, {"lunch": 5.0, "home_work": -1.0}, groups=PUBLIC)
    assert any("the share of walk is 0" in p and "--group" in p for p in none)
    assert any("lunch" in p for p in none)
    assert any("-1" in p for p in none)
    some = dict(zip(units.TRIP_MODES, shares_of(city, travel, [0]).tolist(), strict=True))
    lost = ask({"home_work": some | {"walk": some["walk"] - 0.1, "park_ride": 0.1}})
    assert len(lost) == 1
    assert "park_ride" in lost[0]
    assert "no trip in the city can take it" in lost[0]
    assert "give the one or the other" in ask({ALL_RESIDENTS: some, "home_work": some})[0]
    assert "lunch" in ask({"lunch": some})[0]
    assert "plane" in ask({ALL_RESIDENTS: some}, reference="plane")[0]
    groups = {"car": ("taxi",), "a": ("bus", "bus"), "b": ("plane",), "c": ()}
    assert len(ask({ALL_RESIDENTS: some}, groups=groups)) == 4
    assert "holds no shares" in ask({})[0]


def test_shares_and_minutes_out_of_reach_are_told(city, travel):
    far = dict(zip(units.TRIP_MODES, shares_of(city, travel, [0]).tolist(), strict=True))
    (told,) = problems_of(lambda: fit_city(city, travel, observed({"home_work": far}, {"home_work": 300.0})))
    assert "home_work" in told
    assert "300" in told
    assert "cannot be reached" in told
    bare = replace(city, zones=replace(city.zones, cars_per_resident=np.full(len(city.zones.id), 0.2)))
    cars = {"walk": 0.1, "cycle": 0.05, "ebike": 0.05, "car": 0.7, "taxi": 0.05, "public": 0.05}
    (told,) = problems_of(lambda: fit_city(bare, travel, observed({"home_work": cars}, groups=PUBLIC)))
    assert "car is 0.7" in told


def test_full_racks_keep_their_trips_and_the_rest_is_met():
    city = grid_city(10)
    stations = len(city.transit.stations.id)
    racks, spaces = np.full(stations, 30, np.int32), np.full(stations, 10, np.int32)
    city = replace(city, supply=replace(city.supply, station_racks=racks, station_spaces=spaces))
    travel = travel_times(city)
    assert simulate(city, travel).station_availability.min() < 1
    fit = fit_city(city, travel, observed({ALL_RESIDENTS: COUNTED | {"car": 0.06, "walk": 0.39}}, groups=PUBLIC))
    after = shares_of(fit.city, travel, range(units.VISITOR))
    assert after[units.TRIP_WALK] == pytest.approx(0.39, abs=1e-4)
    assert after[units.TRIP_CAR] == pytest.approx(0.06, abs=1e-4)
    lines = {"public": PUBLIC["public"][:3]}
    more = COUNTED | {"car": 0.06, "walk": 0.35, "bike_ride": 0.03, "park_ride": 0.01}
    (told,) = problems_of(lambda: fit_city(city, travel, observed({ALL_RESIDENTS: more}, groups=lines)))
    assert "bike_ride is 0.03; the nearest found is 0.00" in told


def test_empty_purposes_are_told(city, travel):
    nobody = replace(city, zones=replace(city.zones, students=np.zeros(len(city.zones.id))))
    some = {"home_school": COUNTED}
    (told,) = problems_of(lambda: fit_city(nobody, travel, observed(some, groups=PUBLIC)))
    assert "nobody in the city makes such trips" in told
