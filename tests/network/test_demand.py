from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import grid_city, simulate
from network.demand.day import hours
from network.demand.generation import trip_ends
from network.units import USE_FAST, USE_SLOW


def test_produced_trips_are_drawn_somewhere():
    production, attraction = trip_ends(grid_city(6))
    assert attraction.sum(axis=1) == pytest.approx(production.sum(axis=1))


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
    public_kwh = outcome.energy_kwh[:, [USE_SLOW, USE_FAST]].sum(axis=0)
    rounded = 0.05 * 24 * len(city.zones.id)
    assert outcome.charging_tenths.sum(axis=(1, 2)) / 10 == pytest.approx(public_kwh, abs=rounded)
    assert np.array_equal(outcome.served_tenths.sum(axis=1), outcome.place_tenths.sum(axis=1))


def test_what_is_shifted_from_an_hour_goes_to_the_hours_beside_it():
    city = grid_city(3)
    share = np.zeros((5, 24))
    share[0, 8] = 0.4
    moved = hours(replace(city, levers=replace(city.levers, shifted_share=share)))
    assert moved.sum(axis=1) == pytest.approx(np.ones(5))
    # a quarter of the ways to work starts at 7, 8, 17 and 18 h each
    assert moved[0, [7, 8, 9]] == pytest.approx([0.30, 0.15, 0.05])
    assert np.array_equal(moved[1:], hours(city)[1:])
