from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest

from network import InputError, grid_city, simulate, travel_times
from network.demand.charging import public_demand_kwh, serve
from network.demand.day import hours
from network.demand.generation import trip_ends


def test_produced_trips_are_drawn_somewhere():
    production, attraction = trip_ends(grid_city(6))
    assert attraction.sum(axis=1) == pytest.approx(production.sum(axis=1))


def test_charging_demand_by_hand():
    city = grid_city(3)
    arrivals = np.array([1.0, 0, 0, 3.0])
    cars = city.zones.residents * 0.3 * 0.15
    energy = 38 * 0.15 / 0.9 * 0.5 * 0.5
    demand = public_demand_kwh(city, arrivals)
    assert demand.sum(axis=1) == pytest.approx(cars * energy + cars.sum() * energy * np.array([0.25, 0, 0, 0.75]))
    assert demand[:, 0] == pytest.approx(cars * energy / 6)


@pytest.mark.parametrize("seed", range(8))
def test_served_energy_is_the_maximum_flow(seed):
    rng = np.random.default_rng(seed)
    city = grid_city(6, seed)
    plugs = rng.integers(0, 3, len(city.places.id)).astype(np.int32)
    city = replace(city, supply=replace(city.supply, plugs=plugs, plug_reach_m=np.array(350.0)))
    travel = travel_times(city)
    wanted = rng.integers(0, 3000, len(city.zones.id))
    service = serve(city, travel, wanted)
    origin = np.repeat(np.arange(len(wanted)), np.diff(travel.reach_first))
    near = travel.reach_m <= 350
    truth = oracles.most_served(wanted, plugs * 1200, zip(origin[near], travel.reach_place[near], strict=True))
    assert service.served.sum() == service.delivered.sum() == truth
    assert (service.served <= wanted).all()
    assert (service.delivered <= plugs * 1200).all()
    for z in range(len(wanted)):
        row = slice(travel.reach_first[z], travel.reach_first[z + 1])
        live = [m for m, p in zip(travel.reach_m[row], travel.reach_place[row], strict=True) if plugs[p]]
        assert service.nearest_m[z] == min(live, default=2000)


def test_energy_beyond_counting_is_refused():
    city = grid_city(3)
    with pytest.raises(InputError, match="districts"):
        serve(city, travel_times(city), np.full(4, 2**30))


def test_more_plugs_than_anybody_needs_can_be_counted():
    city = grid_city(3)
    many = replace(city.supply, plugs=np.full(len(city.places.id), 2**31 - 1, np.int32))
    metrics = simulate(replace(city, supply=many)).metrics
    assert metrics["charging_served_kwh"] == metrics["charging_demand_kwh"]


def test_who_makes_and_draws_trips_by_hand():
    """Work: 1 a resident, drawn by jobs; school: 1.5 a place; other: 1.2 a resident; non-home: 0.4 a job;
    visitors: 2 each."""
    city = grid_city(3)
    people = {
        "residents": [10.0, 0, 0, 0],
        "jobs": [0, 4.0, 0, 0],
        "students": [0, 0, 8.0, 0],
        "visitors": [0, 0, 0, 3.0],
    }
    zones = replace(city.zones, **{name: np.array(counts, float) for name, counts in people.items()})
    production, attraction = trip_ends(replace(city, zones=zones))
    assert production == pytest.approx(
        np.array([[10, 0, 0, 0], [0, 0, 12, 0], [12, 0, 0, 0], [0, 1.6, 0, 0], [0, 0, 0, 6]])
    )
    pull = np.array([[0, 4, 0, 0], [0, 0, 8, 0], [5, 2, 0, 3], [2, 4, 0, 1.5], [0, 0.8, 0, 3]])
    assert attraction == pytest.approx(pull / pull.sum(axis=1, keepdims=True) * production.sum(axis=1, keepdims=True))
    home = replace(city.levers, stay_home_share=np.array([0.25, 0, 0, 0, 0]))
    less, drawn = trip_ends(replace(city, zones=zones, levers=home))
    assert less[0, 0] == pytest.approx(7.5)
    assert drawn[0].sum() == pytest.approx(7.5)
    assert (less[1:] == production[1:]).all()


def test_an_outcome_adds_up():
    city = grid_city(7)
    outcome = simulate(city)
    expected = trip_ends(city)[0].sum()
    assert outcome.trips_from.sum() == pytest.approx(expected)
    for other in (outcome.trips_to, outcome.trips_band, outcome.trips_hour):
        assert other.sum() == pytest.approx(expected)
    assert outcome.charging_tenths.sum() / 10 == pytest.approx(
        outcome.charging_kwh.sum(), abs=0.05 * len(city.zones.id)
    )


def test_what_is_shifted_from_an_hour_goes_to_the_hours_beside_it():
    city = grid_city(3)
    share = np.zeros((5, 24))
    share[0, 8] = 0.4
    moved = hours(replace(city, levers=replace(city.levers, shifted_share=share)))
    assert moved.sum(axis=1) == pytest.approx(np.ones(5))
    # a quarter of the ways to work starts at 7, 8, 17 and 18 h each
    assert moved[0, [7, 8, 9]] == pytest.approx([0.30, 0.15, 0.05])
    assert np.array_equal(moved[1:], hours(city)[1:])
