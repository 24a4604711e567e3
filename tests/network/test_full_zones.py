"""Zones whose spaces fill up: drivers who find none take another way, until cars and spaces agree."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from plain_day import shares

from network import (
    AddStationParking,
    Scenario,
    SetParkingSupply,
    SetParkingTurnover,
    SetPrice,
    between_zones,
    grid_city,
    no_lots,
    simulate,
    travel_times,
    units,
)
from network.demand.choice import split
from network.demand.parking import settle_parking
from network.demand.stations import MOST_OVER


@pytest.fixture(scope="module")
def city():
    return grid_city(8, seed=2)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return simulate(city, travel)


def edited(city, *edits):
    return Scenario(edits=edits).apply(city)


def day(city, travel, *edits):
    changed = edited(city, *edits)
    return simulate(changed, travel_times(changed, travel))


def plain_use(city, travel, trips, j, room):
    """Cars that come to zone j where a share of the drivers finds room, one pair and purpose at a time."""
    mu = city.behaviour.nest_scale[:, units.MOTOR_NEST]
    constant = city.behaviour.constant.copy()
    constant[:, units.TRIP_CAR] += mu * math.log(room)
    crowded = replace(city, behaviour=replace(city.behaviour, constant=constant))
    cars = 0.0
    for u, i in np.ndindex(trips.shape[:2]):
        if trips[u, i, j] > 0:
            cars += trips[u, i, j] * shares(crowded, travel, u, i, j)[units.TRIP_CAR]
    return cars / float(city.behaviour.car_persons)


@pytest.mark.parametrize("stations", [False, True])
def test_availability_is_that_of_halving_an_interval_over_the_plain_formula(stations):
    city = grid_city(5, seed=3)
    if stations:
        city = edited(city, AddStationParking(station="station/1", spaces=9000, racks=9000))
    travel = travel_times(city)
    trips, j = between_zones(city, travel).trips, 4
    wanted = plain_use(city, travel, trips, j, 1.0) * 0.4
    spaces = round(wanted / float(city.supply.parking_turnover[j]))
    city = edited(city, SetParkingSupply(spaces=spaces, zones=(f"zone/{j}",)))
    found = split(city, travel, trips).parking
    low, high = 0.0, 1.0
    for _ in range(14):
        middle = (low + high) / 2
        over = plain_use(city, travel, trips, j, middle) > spaces * city.supply.parking_turnover[j]
        low, high = (low, middle) if over else (middle, high)
    assert found.availability[j] == pytest.approx(low, rel=5 * MOST_OVER)
    assert (np.delete(found.availability, j) == 1).all()


@pytest.mark.parametrize("seed", range(4))
def test_full_zones_take_just_as_many_cars_as_fit(city, travel, base, seed):
    rng = np.random.default_rng(seed)
    spaces = np.round(base.parking_use / 6 * rng.uniform(0.05, 1.5, 49)).clip(1)
    spaces[rng.random(49) < 0.2] = 0
    tight = replace(city, supply=replace(city.supply, parking_spaces=spaces))
    outcome = simulate(tight, travel)
    full = outcome.parking_availability < 1
    assert 0 < full.sum() < 49
    assert outcome.parking_rounds <= 8
    assert outcome.parking_use[full] == pytest.approx(outcome.parking_capacity[full], rel=2 * MOST_OVER)
    known = outcome.parking_capacity > 0
    assert (outcome.parking_use[known] <= outcome.parking_capacity[known] * (1 + 2 * MOST_OVER)).all()
    assert not (full & ~known).any()
    assert outcome.metrics["zones_parking_full"] == full.sum()
    assert outcome.metrics["parking_used_share"] == pytest.approx(
        outcome.parking_use[known].sum() / outcome.parking_capacity[known].sum()
    )
    assert outcome.trips_to.sum(axis=1) == pytest.approx(base.trips_to.sum(axis=1))
    assert outcome.digest == simulate(tight, travel).digest


def test_room_for_all_is_the_day_without_limits(city, travel, base):
    wide = day(city, travel, SetParkingSupply(spaces=10**8, area="west"))
    assert wide.parking_rounds == 0
    for name, array in base.arrays():
        if name != "parking_capacity":
            assert np.array_equal(array, getattr(wide, name)), name


def test_more_spaces_never_leave_fewer_cars(city, travel):
    cars = [
        day(city, travel, SetParkingSupply(spaces=n, area="west")).metrics["car_trip_share"] for n in (5, 20, 80, 10**6)
    ]
    assert cars == sorted(cars)
    assert cars[0] < cars[-1]


def test_the_faster_spaces_turn_over_the_more_cars_and_the_fewer_green_trips(city, travel):
    """A full district: limits of stay let more cars in, and take them from the green modes."""
    spaces = SetParkingSupply(spaces=30, area="west")
    days = [
        day(city, travel, spaces, SetParkingTurnover(turnover=n, area="west")).metrics for n in (1.0, 3.0, 6.0, 12.0)
    ]
    cars, green = ([d[name] for d in days] for name in ("car_trip_share", "green_trip_share"))
    assert cars == sorted(set(cars))
    assert green == sorted(set(green), reverse=True)
    assert days[2] == day(city, travel, spaces).metrics


def test_turnover_matters_only_where_spaces_are_known(city, travel, base):
    changed = edited(city, SetParkingTurnover(turnover=0.5, zones=("zone/3",)))
    assert changed.supply.parking_turnover.tolist() == [0.5 if j == 3 else 6.0 for j in range(49)]
    assert simulate(changed, travel).metrics == base.metrics


def test_what_parking_costs_moves_the_green_share(city, travel):
    shares = [
        day(city, travel, SetPrice(item="parking", cny=cny, area="west")).metrics["green_trip_share"]
        for cny in (0.0, 5.0, 15.0, 40.0)
    ]
    assert shares == sorted(set(shares))


def made_up(capacity, cars):
    """A city of two zones whose cars follow from availability by a made-up rule, and the days that are asked for."""
    supply = SimpleNamespace(
        parking_spaces=np.array(capacity), parking_turnover=np.ones(len(capacity)), parking_rounds=np.array(20.0)
    )
    asked = []

    def make(room):
        asked.append(room)
        ends = np.zeros((1, len(units.TRIP_MODES), len(capacity)))
        ends[0, units.TRIP_CAR] = cars(np.ones(len(capacity)) if room is None else room)
        return SimpleNamespace(ends=ends)

    behaviour, window = SimpleNamespace(car_persons=np.array(1.0)), np.ones((4, units.SLOTS), bool)
    rules = SimpleNamespace(window=window)
    return SimpleNamespace(supply=supply, behaviour=behaviour, lots=no_lots(), parking=rules), make, asked


def test_without_limits_one_day_is_made_and_no_other():
    city, make, asked = made_up([0.0, 0.0], lambda room: 50.0 * room)
    _, loads = settle_parking(city, make)
    assert asked == [None]
    assert loads.rounds == 0
    assert (loads.availability == 1).all()


def test_a_binary_logit_by_hand():
    """100 drivers against one other way of weight 1, room for 20: a w / (1 + a w) = 0.2, so a = 0.25 / w."""
    weight = np.array([9.0, 0.1])
    city, make, asked = made_up([20.0, 20.0], lambda room: 100 * room * weight / (1 + room * weight))
    _, loads = settle_parking(city, make)
    assert loads.availability == pytest.approx([0.25 / 9, 1.0], rel=2 * MOST_OVER)
    assert loads.rounds == len(asked) - 1 <= 6


def test_who_has_no_other_way_drives_on_and_the_rounds_come_to_an_end():
    city, make, asked = made_up([20.0, 0.0], lambda room: 30.0 + 10.0 * room)
    _, loads = settle_parking(city, make)
    assert loads.use[0] == pytest.approx(30)
    assert len(asked) <= 20
    assert loads.availability[0] < 1e-6


def test_rounds_end_at_the_limit_and_say_so(city, travel):
    hurried = replace(city, supply=replace(city.supply, parking_rounds=np.array(1.0)))
    outcome = day(hurried, travel, SetParkingSupply(spaces=5, area="west"))
    assert outcome.parking_rounds == 1
    known = outcome.parking_capacity > 0
    assert (outcome.parking_use[known] > outcome.parking_capacity[known] * (1 + MOST_OVER)).any()
