from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import InputError, grid_city, simulate, travel_times, units
from network.demand.charging import public_demand_kwh, serve
from network.demand.choice import costs_cny, split, utilities
from network.demand.distribution import gravity
from network.demand.generation import trip_ends
from network.demand.stations import held_modes
from network.kernels.balancing import furness
from network.kernels.logit import split_trips


def test_furness_gives_the_published_matrix(shared):
    case = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))["furness"]
    seed, rows, columns = (np.array(case[k], float) for k in ("seed", "O", "D"))
    out, _, worst = furness(seed, rows, columns, 1e-9, 1000)
    assert worst < 1e-9
    assert out == pytest.approx(np.array(case["result"]), abs=1e-4)


@pytest.mark.parametrize("seed", range(10))
def test_furness_equals_plain_scaling(seed):
    rng = np.random.default_rng(seed)
    cells = rng.random((7, 7)) + 0.01
    rows, columns = rng.random(7), rng.random(7)
    columns *= rows.sum() / columns.sum()
    rows[2] = columns[2] = 0.0
    columns *= rows.sum() / columns.sum()
    out, _, _ = furness(cells, rows, columns, 1e-10, 5000)
    assert out == pytest.approx(oracles.furness(cells, rows, columns), abs=1e-8)


def test_gravity_meets_both_ends_and_prefers_the_near():
    rng = np.random.default_rng(0)
    minutes = rng.uniform(2, 40, (9, 9))
    production, attraction = rng.uniform(10, 90, 9), rng.uniform(10, 90, 9)
    attraction *= production.sum() / attraction.sum()
    trips = gravity(production, attraction, minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx(production, rel=1e-6)
    assert trips.sum(axis=0) == pytest.approx(attraction, rel=1e-6)
    steeper = gravity(production, attraction, minutes, 0.0, 0.3)
    assert (steeper * minutes).sum() < (trips * minutes).sum()


def test_gravity_does_not_depend_on_the_order_of_the_zones():
    rng = np.random.default_rng(1)
    minutes, ends = rng.uniform(2, 40, (6, 6)), rng.uniform(10, 90, 6)
    order = rng.permutation(6)
    moved = gravity(ends[order], ends[order], minutes[np.ix_(order, order)], 0.0, 0.1)
    assert moved == pytest.approx(gravity(ends, ends, minutes, 0.0, 0.1)[np.ix_(order, order)], rel=1e-5)


def test_a_city_in_two_parts_balances_each_part():
    minutes = np.full((4, 4), np.inf)
    minutes[:2, :2] = minutes[2:, 2:] = 10.0
    trips = gravity(np.array([10.0, 20, 30, 40]), np.array([25.0, 25, 25, 25]), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 20, 30, 40])
    assert trips[:2, 2:].sum() == 0


def test_a_zone_without_a_way_out_makes_no_trips():
    minutes = np.full((3, 3), 10.0)
    minutes[0] = minutes[:, 0] = np.inf
    trips = gravity(np.full(3, 10.0), np.full(3, 10.0), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([0, 10, 10])


def test_trips_that_cannot_balance_are_refused():
    minutes = np.array([[5.0, 5.0], [np.inf, 5.0]])
    with pytest.raises(InputError, match="do not balance"):
        gravity(np.array([1.0, 10.0]), np.array([10.0, 1.0]), minutes, 0.0, 0.1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(-30, 5) | st.just(-np.inf), min_size=7, max_size=7), st.floats(0, 1))
def test_shares_are_those_of_the_oracle_and_sum_to_one(values, share):
    utility = np.array(values).reshape(7, 1, 1)
    out = split_trips(utility, held_modes(7), np.array([share]), np.ones((1, 1)))[:, 0, 0]
    known = [None if v == -np.inf else v for v in values]
    if all(v is None for v in known):
        assert out.sum() == 0
        return
    truth = np.array(oracles.logit(known))
    others = [None if k in {units.TRIP_CAR, units.TRIP_PARK_RIDE} else v for k, v in enumerate(known)]
    if any(v is not None for v in others):
        truth = share * truth + (1 - share) * np.array(oracles.logit(others))
    assert out == pytest.approx(truth, abs=1e-12)
    assert out.sum() == pytest.approx(1)


def test_a_better_mode_never_loses_share():
    rng = np.random.default_rng(3)
    utility, trips, share = rng.normal(size=(7, 6, 6)), rng.random((6, 6)), rng.random(6)
    before = split_trips(utility, held_modes(7), share, trips)
    for k in range(7):
        better = utility.copy()
        better[k] += 0.5
        assert (split_trips(better, held_modes(7), share, trips)[k] >= before[k]).all()


def test_the_whole_demand_model_against_the_formulas_one_pair_at_a_time():
    """The village of four zones, every share recomputed from the written formula."""
    city = grid_city(3, seed=4)
    travel = travel_times(city)
    trips = [np.full((4, 4), 10.0), np.full((4, 4), 7.0)]
    out, _ = split(city, travel, trips)
    b, t = city.behaviour, travel.transit
    for u in range(2):
        for i in range(4):
            for j in range(4):
                value = []
                for k in range(5):
                    minutes = travel.time_s[k, i, j] / 60
                    if not np.isfinite(minutes):
                        value.append(None)
                        continue
                    v = b.constant[u, k] + b.time_per_min[u, k] * minutes
                    if k == units.TRIP_TRANSIT:
                        v = b.constant[u, k] + b.time_per_min[u, k] * t.in_vehicle_s[i, j] / 60
                        v += b.wait_per_min[u] * t.wait_s[i, j] / 60 + b.walk_per_min[u] * t.walk_s[i, j] / 60
                        v += b.transfer[u] * t.transfers[i, j] + b.cost_per_cny[u] * t.fare_cny[i, j]
                    if k == units.TRIP_CAR:
                        km = travel.length_m[k, i, j] / 1000
                        v += b.cost_per_cny[u] * (km * 0.6 + 5.0) / 1.3
                    value.append(float(v))
                with_car = np.array(oracles.logit(value))
                without = np.array(oracles.logit([*value[:4], None]))
                assert not out[u, 5:, i, j].any()
                assert out[u, :5, i, j] == pytest.approx((0.3 * with_car + 0.7 * without) * trips[u][i, j], rel=1e-9)


def test_produced_trips_are_drawn_somewhere():
    production, attraction = trip_ends(grid_city(6))
    assert attraction.sum(axis=1) == pytest.approx(production.sum(axis=1))


def test_closed_modes_have_no_utility():
    city = grid_city(3)
    travel = travel_times(city)
    cost = costs_cny(city, travel)
    assert np.isneginf(utilities(city, travel, cost, 0)[units.TRIP_TRANSIT].diagonal()).all()


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


def test_an_outcome_adds_up():
    city = grid_city(7)
    outcome = simulate(city)
    expected = (city.behaviour.trips_per_resident * city.zones.residents.sum()).sum()
    assert outcome.trips_from.sum() == pytest.approx(expected)
    for other in (outcome.trips_to, outcome.trips_band, outcome.trips_hour):
        assert other.sum() == pytest.approx(expected)
    assert outcome.charging_tenths.sum() / 10 == pytest.approx(
        outcome.charging_kwh.sum(), abs=0.05 * len(city.zones.id)
    )


@pytest.mark.parametrize("alpha", [-1.5, 0.0, 0.7])
def test_zones_at_one_place_can_trade_trips(alpha):
    minutes = np.array([[0.0, 0.0, 8.0], [0.0, 0.0, 8.0], [8.0, 8.0, 4.0]])
    trips = gravity(np.full(3, 10.0), np.full(3, 10.0), minutes, alpha, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 10, 10])


def test_parts_too_far_apart_for_any_trip_balance_by_themselves():
    """A way of weeks is a way, but exp(-beta c) of it is nothing."""
    minutes = np.full((4, 4), 30_000.0)
    minutes[:2, :2] = minutes[2:, 2:] = 10.0
    trips = gravity(np.array([10.0, 20, 30, 40]), np.full(4, 25.0), minutes, 0.0, 0.1)
    assert trips.sum(axis=1) == pytest.approx([10, 20, 30, 40])


def test_driving_for_free_where_cars_cannot_go_everywhere():
    """No way is infinitely long; nothing times infinity is no number."""
    city = grid_city(4)
    shut = city.roads.time_ms.copy()
    into = city.roads.head == city.roads.head[city.roads.edges[city.zones.snap.segment[units.DRIVE, 0], 0]]
    shut[units.DRIVE, into] = -1
    city = replace(city, roads=replace(city.roads, time_ms=shut))
    free = replace(city, supply=replace(city.supply, driving_cny_per_km=np.array(0.0)))
    travel = travel_times(free)
    assert np.isinf(travel.length_m[units.TRIP_CAR]).any()
    assert np.isfinite(costs_cny(free, travel)).all()
    assert simulate(free).metrics["car_trip_share"] > simulate(city).metrics["car_trip_share"]


def test_more_plugs_than_anybody_needs_can_be_counted():
    city = grid_city(3)
    many = replace(city.supply, plugs=np.full(len(city.places.id), 2**31 - 1, np.int32))
    metrics = simulate(replace(city, supply=many)).metrics
    assert metrics["charging_served_kwh"] == metrics["charging_demand_kwh"]


def test_parking_is_paid_where_a_trip_ends_and_the_fare_as_the_skims_say():
    city = grid_city(4)
    parking, fare = np.arange(9.0), np.arange(81.0).reshape(9, 9)
    city = replace(
        city,
        supply=replace(city.supply, parking_cny=parking, driving_cny_per_km=np.array(2.0)),
        behaviour=replace(city.behaviour, car_persons=np.array(2.0)),
    )
    travel = travel_times(city)
    travel = replace(travel, transit=replace(travel.transit, fare_cny=fare))
    cost = costs_cny(city, travel)
    for i in range(9):
        for j in range(9):
            km = travel.length_m[units.TRIP_CAR, i, j] / 1000
            assert cost[units.TRIP_CAR, i, j] == pytest.approx((2 * km + parking[j]) / 2)
    assert (cost[units.TRIP_TRANSIT] == fare).all()
    assert not cost[[units.TRIP_WALK, units.TRIP_CYCLE, units.TRIP_EBIKE]].any()


def test_who_draws_trips_by_hand():
    """A commute draws by 1 a job and 0.5 a student; another trip by 0.5 a resident, 0.5 a job and 1 a visitor."""
    city = grid_city(3)
    people = {
        "residents": [10.0, 0, 0, 0],
        "jobs": [0, 4.0, 0, 0],
        "students": [0, 0, 8.0, 0],
        "visitors": [0, 0, 0, 3.0],
    }
    zones = replace(city.zones, **{name: np.array(counts, float) for name, counts in people.items()})
    production, attraction = trip_ends(replace(city, zones=zones))
    assert production.tolist() == [[10, 0, 0, 0], [15, 0, 0, 0]]
    assert attraction == pytest.approx(np.array([[0, 5, 5, 0], [7.5, 3, 0, 4.5]]))
