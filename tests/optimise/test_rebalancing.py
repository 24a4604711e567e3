"""Vans in a city: plans by hand, shifts, stations that make no sense."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import InputError, grid_city, skim, snap, units
from optimise import BikeStock, RebalancingRules, propose_rebalancing

RULES = RebalancingRules(van_bikes=10, stop_s=60.0, bike_s=10.0, skip_m_per_bike=1000.0, farthest_street_m=300.0)
DEPOT = (120.6205, 31.3005)


@pytest.fixture(scope="module")
def city():
    return grid_city(8)


def at(city, zone, bikes, wanted, **given):
    lon, lat = city.zones.lonlat[zone].tolist()
    return BikeStock(id=f"s{zone}", lon=lon, lat=lat, bikes=bikes, wanted=wanted, **given)


def test_a_van_takes_from_one_and_brings_to_another(city):
    plan = propose_rebalancing(city, [at(city, 3, 9, 2), at(city, 40, 0, 7), at(city, 20, 5, 5)], DEPOT, RULES)
    (route,) = plan.routes
    stops = {"s3": 7, "s40": -7}
    assert {v.station: v.bikes for v in route.visits} == stops
    assert [route.load + stops[route.visits[0].station], route.load] == [v.load for v in route.visits]
    assert (plan.moved, plan.misplaced, plan.left_out, plan.status) == (14, 14, (), "optimal")
    where = snap(city.roads, np.array([DEPOT, *((v.lon, v.lat) for v in route.visits)]))
    time_s, length_m = skim(city.roads, where, where, units.DRIVE)
    assert route.km * 1000 == pytest.approx(length_m[0, 1] + length_m[1, 2] + length_m[2, 0], abs=2)
    assert route.visits[1].arrives_min == pytest.approx((time_s[0, 1] + time_s[1, 2] + 60 + 70) / 60, abs=0.1)
    assert plan.value == round(route.km * 1000)


def test_a_short_shift_serves_what_it_can(city):
    stock = [at(city, 3, 9, 2), at(city, 40, 0, 7), at(city, 48, 8, 0), at(city, 9, 0, 6)]
    whole = propose_rebalancing(city, stock, DEPOT, RULES, hours=3.0)
    short = propose_rebalancing(city, stock, DEPOT, RULES, hours=0.15)
    assert whole.left_out == ()
    assert short.left_out
    assert 0 < short.moved < whole.moved
    assert all(route.minutes <= 9.0 + 0.1 for route in short.routes)
    two = propose_rebalancing(city, stock, DEPOT, RULES, hours=0.15, vans=2)
    assert two.moved >= short.moved
    assert two.value <= short.value


def test_more_than_a_van_holds_takes_several_stops(city):
    plan = propose_rebalancing(city, [at(city, 3, 25, 0), at(city, 40, 0, 25)], DEPOT, RULES, every=True)
    taken = [v.bikes for route in plan.routes for v in route.visits if v.station == "s3"]
    assert sorted(taken) == [5, 10, 10]
    assert all(0 <= v.load <= 10 for route in plan.routes for v in route.visits)


def test_what_is_not_worth_its_way_is_left_unless_it_has_to_be_served(city):
    stock = [at(city, 48, 1, 0)]
    thrifty = replace(RULES, skip_m_per_bike=100.0)
    assert propose_rebalancing(city, stock, DEPOT, thrifty).left_out == ("s48",)
    assert propose_rebalancing(city, stock, DEPOT, thrifty, every=True).moved == 1


def test_unpaired_bikes_go_home_with_the_van(city):
    plan = propose_rebalancing(city, [at(city, 3, 6, 0)], DEPOT, RULES)
    assert plan.routes[0].visits[-1].load == 6


def test_same_seed_same_plan(city):
    rng = np.random.default_rng(1)
    stock = [at(city, z, int(b), int(w)) for z, b, w in zip(range(0, 48, 3), *rng.integers(0, 9, (2, 16)), strict=True)]
    first, second = (propose_rebalancing(city, stock, DEPOT, RULES, vans=2, seed=3) for _ in range(2))
    assert first.to_dict() == second.to_dict()


WRONG = {
    "nothing": ([], "is empty"),
    "twice": ([BikeStock(id="a", lon=120.621, lat=31.301, bikes=1, wanted=0)] * 2, "given 2 times"),
    "docks": ([BikeStock(id="a", lon=120.621, lat=31.301, bikes=9, wanted=0, docks=5)], "9 bikes for 5 docks"),
    "wanted": ([BikeStock(id="a", lon=120.621, lat=31.301, bikes=1, wanted=8, docks=5)], "8 wanted bikes for 5 docks"),
    "negative": ([BikeStock(id="a", lon=120.621, lat=31.301, bikes=-1, wanted=0)], "below 0"),
    "far": ([BikeStock(id="a", lon=121.621, lat=31.301, bikes=1, wanted=0)], "from every street"),
}


@pytest.mark.parametrize("case", WRONG)
def test_stations_that_make_no_sense_are_named(city, case):
    stock, words = WRONG[case]
    with pytest.raises(InputError, match=words):
        propose_rebalancing(city, stock, DEPOT, RULES)


def test_what_cannot_all_be_served_is_said(city):
    with pytest.raises(InputError, match="cannot all be served"):
        propose_rebalancing(city, [at(city, 48, 9, 0)], DEPOT, RULES, hours=0.02, every=True)
    for given, words in (({"vans": 0}, "vans"), ({"hours": 0.0}, "shift")):
        with pytest.raises(InputError, match=words):
            propose_rebalancing(city, [at(city, 48, 9, 0)], DEPOT, RULES, **given)
