"""Elasticities against those of the logit, worked out on one pair of zones; signs that cannot be are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from test_choice import CITIES, some_trips

from network import (
    QUANTITIES,
    Flows,
    InputError,
    SetParkingSupply,
    between_zones,
    elasticities,
    grid_city,
    travel_times,
    units,
)
from network.demand.choice import split

FROM, TO, WORK = 5, 15, 0
LINES = list(units.LINE_TRIPS)


def one_pair(nest_scale):
    """A city where everybody has a car, and all travel to work from one zone to another."""
    city = grid_city(5, seed=2)
    zones = replace(city.zones, cars_per_resident=np.full(len(city.zones.id), 5.0))
    supply = replace(city.supply, parking_cny=np.full(len(city.zones.id), 7.0))
    behaviour = replace(city.behaviour, nest_scale=np.tile(nest_scale, (len(units.PURPOSES), 1)))
    city = replace(city, zones=zones, supply=supply, behaviour=behaviour)
    trips = np.zeros((len(units.PURPOSES), len(zones.id), len(zones.id)))
    trips[WORK, FROM, TO] = 100.0
    return city, travel_times(city), Flows(trips=trips, keys=())


def shares(found):
    return found.trips[WORK, :, FROM] / 100.0


def test_those_of_the_multinomial_logit():
    city, travel, flows = one_pair([1.0, 1.0, 1.0])
    found, b, t = elasticities(city, travel, flows), city.behaviour, travel.transit
    p = shares(found)
    assert (p[:8] > 1e-3).all()
    # own beta x (1 - P), cross -beta x P
    x = 7.0 / b.car_persons
    parking = [found.of("parking_price", (k,)) for k in range(8)]
    own = [k == units.TRIP_CAR for k in range(8)]
    assert parking == pytest.approx(b.cost_per_cny[WORK] * x * (np.array(own) - p[units.TRIP_CAR]), rel=1e-5)
    bus_s = t.in_vehicle_s[0, 0, FROM, TO]
    bus = found.of("bus_time", (units.TRIP_BUS,))
    assert bus == pytest.approx(b.time_per_min[WORK, units.TRIP_BUS] * bus_s / 60 * (1 - p[units.TRIP_BUS]), rel=1e-5)
    # what is part of several modes: beta (x_k - sum of P x)
    for name, beta, values in (
        ("fare", b.cost_per_cny[WORK], t.fare_cny[0, :, FROM, TO]),
        ("wait", b.wait_per_min[WORK] / 60, t.wait_s[0, :, FROM, TO]),
        ("walk", b.walk_per_min[WORK] / 60, t.walk_s[0, :, FROM, TO]),
    ):
        every = np.zeros(8)
        every[LINES] = values
        expected = beta * (every - p[:8] @ every)
        assert [found.of(name, (k,)) for k in range(8)] == pytest.approx(expected, rel=1e-5)
        together = p[LINES] @ expected[LINES] / p[LINES].sum()
        assert found.of(name, LINES) == pytest.approx(together, rel=1e-5)
    seconds = np.zeros(8)
    seconds[[units.TRIP_CAR, units.TRIP_TAXI]] = travel.drive_s[0, FROM, TO]
    weighed = b.time_per_min[WORK, :8] / 60 * seconds
    assert [found.of("car_time", (k,)) for k in range(8)] == pytest.approx(weighed - p[:8] @ weighed, rel=1e-5)


def test_that_of_the_nested_logit():
    """Own beta x ((1 - P) + (1 / mu - 1) (1 - P in the nest)); cross in the nest -beta x (P + (1 / mu - 1) P in it)."""
    city, travel, flows = one_pair([0.8, 0.7, 0.6])
    found = elasticities(city, travel, flows)
    p, more = shares(found), 1 / 0.6 - 1
    car, taxi = p[units.TRIP_CAR], p[units.TRIP_TAXI]
    x = city.behaviour.cost_per_cny[WORK] * 7.0 / city.behaviour.car_persons
    inside = car / (car + taxi)
    expected = x * ((1 - car) + more * (1 - inside)), -x * (car + more * inside), -x * car
    got = [found.of("parking_price", (k,)) for k in (units.TRIP_CAR, units.TRIP_TAXI, units.TRIP_WALK)]
    assert got == pytest.approx(expected, rel=1e-5)


def test_zones_and_purposes_make_up_the_whole_and_nobody_has_none():
    city = grid_city(4, seed=1)
    travel = travel_times(city)
    found = elasticities(city, travel, between_zones(city, travel))
    for name in QUANTITIES:
        of_zones = [found.of(name, (units.TRIP_CAR,), zone=z) for z in range(len(city.zones.id))]
        weight = found.trips[: units.VISITOR, units.TRIP_CAR].sum(axis=0)
        whole = found.of(name, (units.TRIP_CAR,))
        assert whole == pytest.approx(np.dot(of_zones, weight) / weight.sum(), rel=1e-9, abs=1e-12)
        of_purposes = [found.of(name, (units.TRIP_CAR,), purpose=u) for u in range(units.VISITOR)]
        weight = found.trips[: units.VISITOR, units.TRIP_CAR].sum(axis=1)
        assert whole == pytest.approx(np.dot(of_purposes, weight) / weight.sum(), rel=1e-9, abs=1e-12)
        assert found.of(name, (units.TRIP_PARK_RIDE,)) is None


@pytest.mark.parametrize("full", ["racks", "parking"])
def test_where_places_are_full_those_who_choose_still_answer_rightly(full):
    city = CITIES["stations"]()
    if full == "parking":
        city = SetParkingSupply(spaces=40, area="west").apply(city)
    travel, trips = travel_times(city), some_trips(city)
    day = split(city, travel, trips)
    turned = day.stations.availability if full == "racks" else day.parking.availability
    assert (turned < 1).any()
    assert split(city, travel, trips, held=day).starts.tobytes() == day.starts.tobytes()
    found = elasticities(city, travel, Flows(trips=trips, keys=()))
    for name, quantity in QUANTITIES.items():
        assert found.of(name, quantity.modes) < 0
        cross = [found.of(name, (k,)) for k in range(10) if k not in quantity.modes]
        assert min(cross) > 0


def thawed(behaviour, name, at, value):
    """A behaviour that was never checked."""
    out, array = replace(behaviour), getattr(behaviour, name).copy()
    array[at] = value
    array.flags.writeable = False
    object.__setattr__(out, name, array)
    return out


@pytest.mark.parametrize(
    ("name", "at", "words"),
    [
        ("cost_per_cny", WORK, ["trips by car", "parking price", "behaviour.cost_per_cny of home_work, 0.05"]),
        ("time_per_min", (2, units.TRIP_RAIL), ["trips by rail", "time in the train", "time_per_min of home_other"]),
        ("wait_per_min", 1, ["bus, rail, bus_rail", "waiting", "behaviour.wait_per_min of home_school, 0.05"]),
        ("walk_per_min", 4, ["walks to", "behaviour.walk_per_min of visitor, 0.05", "0 or below"]),
    ],
)
def test_a_sign_that_cannot_be_is_refused_with_what_to_mend(name, at, words):
    city = grid_city(4, seed=1)
    travel = travel_times(city)
    flows = between_zones(city, travel)
    wrong = replace(city, behaviour=thawed(city.behaviour, name, at, 0.05))
    with pytest.raises(InputError) as error:
        elasticities(wrong, travel, flows)
    text = str(error.value)
    assert all(word in text for word in words), text
    own = [p for p in error.value.problems if "gain trips" in p.what]
    cross = [p for p in error.value.problems if "loses trips" in p.what]
    assert own
    assert cross


@pytest.mark.parametrize("name", ["time_per_min", "wait_per_min", "walk_per_min", "transfer", "cost_per_cny"])
def test_a_city_takes_no_positive_coefficient_and_names_it(name):
    behaviour = grid_city(3).behaviour
    values = getattr(behaviour, name).copy()
    values[1] = 0.02
    with pytest.raises(InputError, match=rf"Behaviour\.{name}: holds 0.02 at position \(1.*above 0"):
        replace(behaviour, **{name: values})


def test_progress_is_told_and_can_end_the_work():
    city = grid_city(3)
    travel = travel_times(city)
    heard = []

    def report(done, of):
        heard.append((done, of))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        elasticities(city, travel, between_zones(city, travel), report)
    assert heard == [(i, len(QUANTITIES)) for i in range(3)]
