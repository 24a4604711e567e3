"""Swap and hydrogen stations beside published figures and counting."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network import InputError, grid_city
from network.demand.fleet import fleet_day
from network.demand.swapping import station_needs, swaps_per_day
from network.io import Parameters
from network.io.given import given_part
from network.swap_rules import SwapRules
from network.units import SEGMENTS, USE_SWAP

DATA = Path(__file__).parents[2] / "data"
TAXI = SEGMENTS.index("taxi")


@pytest.fixture(scope="module")
def rules():
    return given_part(SwapRules, "swapping", Parameters.load(DATA))


@pytest.fixture(scope="module")
def city():
    return grid_city(6)


def test_stations_swap_as_much_as_is_published(rules, shared):
    golden = json.loads((shared / "domain/golden_cases.json").read_text(encoding="utf-8"))["swap"]
    assert rules.batteries.tolist() == [batteries for batteries, _ in golden.values()]
    assert swaps_per_day(rules).tolist() == [swaps for _, swaps in golden.values()]


def test_either_the_bays_or_the_batteries_are_what_is_short(rules):
    """One more of what is short gives more, one more of the rest nothing."""
    short = rules.bays * rules.exchanges_per_h < rules.batteries / rules.recharge_h
    assert short.tolist() == [False, False, True]
    more_bays, more_batteries = (replace(rules, **{name: getattr(rules, name) + 1}) for name in ("bays", "batteries"))
    assert (swaps_per_day(more_bays) > swaps_per_day(rules)).tolist() == short.tolist()
    assert (swaps_per_day(more_batteries) > swaps_per_day(rules)).tolist() == [True, False, False]


def test_energy_is_what_the_swaps_bring(city, rules):
    found = station_needs(city, rules)
    brought = found.swaps * rules.swap_kwh
    drawn = fleet_day(city).energy_kwh[:, USE_SWAP] * city.fleet.charging_efficiency
    np.testing.assert_allclose(brought, drawn, rtol=1e-12)
    assert found.swaps[TAXI] > 0


def test_stations_are_the_fewest_that_serve_all_swaps(city, rules):
    found = station_needs(city, rules)
    total = found.swaps.sum()
    assert (found.swap_stations * found.swaps_per_station >= total * (1 - 1e-9)).all()
    assert ((found.swap_stations - 1) * found.swaps_per_station < total).all()


def test_vehicles_of_a_station_swap_as_often_as_it_can(city, rules):
    found = station_needs(city, rules)
    km = city.fleet.km_per_day[TAXI] * city.fleet.days_per_year[TAXI] / 365
    a_day = km * city.fleet.kwh_per_km[TAXI] * city.charging.winter / rules.swap_kwh[TAXI]
    np.testing.assert_allclose(found.vehicles_per_station[:, TAXI] * a_day, found.swaps_per_station, rtol=1e-12)


def test_hydrogen_is_counted_by_kilometres(city, rules):
    vehicles = np.zeros(len(SEGMENTS))
    vehicles[SEGMENTS.index("bus")] = 100
    some = replace(rules, hydrogen_vehicles=vehicles, hydrogen_kg_per_100km=np.full(len(SEGMENTS), 6.25))
    every_day = np.full(len(SEGMENTS), 365.0)
    far = replace(city, fleet=replace(city.fleet, km_per_day=np.full(len(SEGMENTS), 160.0), days_per_year=every_day))
    found = station_needs(far, some)
    assert found.hydrogen_kg.sum() == pytest.approx(1000.0)
    assert found.hydrogen_stations.tolist() == [2.0, 1.0]
    assert station_needs(far, rules).hydrogen_stations.tolist() == [0.0, 0.0]


def test_a_station_without_bays_is_refused(rules):
    with pytest.raises(InputError, match="bays"):
        replace(rules, bays=np.zeros(3))
