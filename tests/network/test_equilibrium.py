"""Demand and traffic that agree: a fixed point, whatever the start, that is free flow where nobody drives."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest

from network import (
    CloseStreet,
    Scenario,
    SetPrice,
    between_zones,
    grid_city,
    settled,
    simulate,
    travel_times,
    units,
)
from network.demand.choice import split
from network.equilibrium import vehicles_per_h

PEAK = 0


def narrow(city, capacity=4.0):
    rules = replace(city.congestion, capacity=np.full(2, capacity), other_capacity=np.array(capacity))
    return replace(city, congestion=rules)


def peopled(city, factor):
    z = city.zones
    counts = {name: getattr(z, name) * factor for name in ("residents", "jobs", "students", "visitors")}
    return replace(city, zones=replace(z, **counts))


@pytest.fixture(scope="module")
def city():
    return narrow(grid_city(6))


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return settled(city, travel)


def car_s(found):
    """Mean time by car in the peak, each trip of the same demand."""
    return found.travel.drive_s[PEAK].mean()


def test_demand_is_that_of_the_times_it_causes(city, travel, base):
    assert base.converged
    assert len(base.rounds) <= 5
    assert base.rounds[-1].demand_gap <= city.congestion.settled_share
    assert car_s(base) > 1.05 * travel.drive_s[PEAK].mean()
    assert (base.travel.drive_s >= travel.drive_s - 1e-9).all()
    day = split(city, base.travel, base.flows.trips, vehicles=True)
    assert vehicles_per_h(city, base.travel, day) == pytest.approx(base.demand, abs=1e-3 * base.demand.max())
    assert base.outcome.metrics["car_trip_share"] < simulate(city, travel).metrics["car_trip_share"]
    assert max(found.gap for found in base.traffic) <= city.congestion.gap


def test_vehicles_of_an_hour_by_hand(city, base):
    day = split(city, base.travel, base.flows.trips, vehicles=True)
    hours, outbound = city.behaviour.hours, city.congestion.outbound_share
    found = vehicles_per_h(city, base.travel, day)
    for period, hour in enumerate((7, 10)):
        by_hand = sum(
            hours[u, hour] * (outbound[period, u] * trips + (1 - outbound[period, u]) * trips.T)
            for u, trips in enumerate(day.vehicles)
        )
        assert found[period] == pytest.approx(by_hand, rel=1e-12)


def test_without_trips_cars_drive_as_without_congestion():
    city = narrow(peopled(grid_city(5), 0.0))
    travel = travel_times(city)
    found = settled(city, travel)
    assert found.converged
    assert not found.demand.any()
    assert np.array_equal(found.travel.drive_s, travel.drive_s)
    assert np.array_equal(found.travel.quickest_s, travel.quickest_s)


def test_more_people_slow_each_other_down(city, travel):
    crowds = [peopled(city, factor) for factor in (0.5, 1.0, 2.0)]
    found = [settled(crowd, travel_times(crowd, travel)) for crowd in crowds]
    assert all(one.converged for one in found)
    assert len(found[-1].rounds) <= 8
    slower = [car_s(one) for one in found]
    assert slower == sorted(slower)
    assert slower[-1] > 1.2 * slower[0]


@pytest.mark.parametrize(
    "edit", [SetPrice(item="parking", cny=20.0), CloseStreet(street="way/2"), SetPrice(item="parking", cny=0.0)]
)
def test_a_start_from_the_base_leads_where_a_cold_one_does(city, travel, base, edit):
    changed = Scenario(edits=(edit,)).apply(city)
    there = travel_times(changed, travel)
    warm, cold = settled(changed, there, base.flows, base), settled(changed, there)
    assert warm.converged
    assert cold.converged
    share = [found.outcome.metrics["green_trip_share"] for found in (base, warm, cold)]
    assert share[1] == pytest.approx(share[2], abs=5e-5)
    assert abs(share[1] - share[0]) > 10 * abs(share[1] - share[2])
    assert warm.travel.drive_s == pytest.approx(cold.travel.drive_s, rel=5e-3)


def test_the_base_is_its_own_fixed_point(city, travel, base):
    again = settled(city, travel, base.flows, base)
    assert len(again.rounds) == 1
    assert again.outcome.metrics["green_trip_share"] == pytest.approx(base.rounds[-1].green_share, abs=1e-5)


def test_a_closed_street_costs_more_where_streets_are_full(city, travel, base):
    closed = Scenario(edits=(CloseStreet(street="way/2"),)).apply(city)
    there = travel_times(closed, travel)
    free = there.drive_s[PEAK].mean() - travel.drive_s[PEAK].mean()
    assert free > 0
    assert car_s(settled(closed, there, base.flows, base)) - car_s(base) > free


def braess():
    """Two ways from one corner to the other, each half narrow and half wide, and a quick street between the halves."""
    city = grid_city(3)
    roads = city.roads
    tail, head = roads.tail[roads.edges[:, 0]], roads.head[roads.edges[:, 0]]
    at = {(int(a), int(b)): s for s, (a, b) in enumerate(zip(tail, head, strict=True))}
    drive = np.full(len(roads.head), -1, np.int32)
    kinds = np.full(len(at), "wide", dtype="U6")
    streets = {
        10_000: [(0, 1), (7, 8)], 20_000: [(1, 2), (2, 5), (5, 8), (0, 3), (3, 6), (6, 7)], 1000: [(1, 4), (4, 7)],
    }  # fmt: skip
    for ms, pairs in streets.items():
        for pair in pairs:
            drive[roads.edges[at[pair], 0]] = ms
    for end in streets[10_000]:  # zones lie at the outer ends, which either street leads to
        kinds[at[end]] = "narrow"
        drive[roads.edges[at[end], 1]] = 10_000
    time_ms = np.vstack((roads.time_ms[:3], drive[None]))
    ids = np.array([f"way/{s}" for s in range(len(at))])
    way = np.arange(len(at), dtype=np.int32)
    way[at[4, 7]] = at[1, 4]
    roads = replace(roads, time_ms=time_ms, way=way, way_id=ids, way_name=ids, way_class=kinds)
    snap = city.zones.snap
    segment, along = snap.segment.copy(), snap.along.copy()
    segment[units.DRIVE], along[units.DRIVE] = [at[0, 1], at[7, 8]] * 2, [0.0, 1.0] * 2
    none = np.zeros(4)
    persons = {"residents": [2184.0, 0, 0, 0], "jobs": [0, 2184.0, 0, 0], "students": none, "visitors": none}
    zones = replace(city.zones, snap=replace(snap, segment=segment, along=along), cars_per_resident=none + 1)
    b = city.behaviour
    constant = b.constant.copy()
    constant[:, units.TRIP_CAR] = 20.0  # nearly everybody drives
    rules = replace(
        city.congestion, street_classes=np.array(["narrow", "wide"]), capacity=np.array([15.0, 1e9]),
        beta=np.array(1.0), outbound_share=np.ones_like(city.congestion.outbound_share),
    )  # fmt: skip
    zones = replace(zones, **{name: np.array(values) for name, values in persons.items()})
    city = replace(city, roads=roads, zones=zones, behaviour=replace(b, constant=constant), congestion=rules)
    return city, str(ids[at[1, 4]])


def test_where_closing_a_street_makes_everybody_quicker():
    """420 cars: 10 + 0.1 x 420 s twice and 2 s between; with 210 each way 10 + 21 + 60 s."""
    city, between = braess()
    travel = travel_times(city)
    base = settled(city, travel)
    assert base.demand[PEAK].sum() == pytest.approx(420, abs=1)
    assert base.travel.drive_s[PEAK, 0, 1] == pytest.approx(106, abs=0.2)
    closed = Scenario(edits=(CloseStreet(street=between),)).apply(city)
    found = settled(closed, travel_times(closed, travel), base.flows, base)
    assert found.travel.drive_s[PEAK, 0, 1] == pytest.approx(91, abs=0.2)
    assert travel_times(closed).drive_s[PEAK, 0, 1] > travel.drive_s[PEAK, 0, 1]


def test_where_nobody_can_drive_back_nobody_is_on_that_way():
    city, _ = braess()
    city = replace(city, congestion=replace(city.congestion, outbound_share=np.full((2, 5), 0.5)))
    found = settled(city, travel_times(city))
    assert found.demand[PEAK, 0, 1] > 0
    assert not found.demand[:, 1, 0].any()


def test_the_same_bytes_whatever_the_threads(city, travel, base):
    most = numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = settled(city, travel)
    finally:
        numba.set_num_threads(most)
    assert alone.outcome.digest == base.outcome.digest
    assert alone.rounds == base.rounds
    assert alone.travel.digest == base.travel.digest


def test_times_with_congestion_are_not_taken_for_those_without(city, travel, base):
    with pytest.raises(ValueError, match="not the travel times"):
        simulate(city, base.travel)
    with pytest.raises(ValueError, match="without congestion"):
        settled(city, base.travel)
    free = travel_times(city, base.travel)
    assert free.keys == travel.keys
    assert free.digest == travel.digest
    assert between_zones(city, travel, base.flows).keys != base.flows.keys


def test_rounds_are_told_and_limited(city, travel):
    few = replace(city, congestion=replace(city.congestion, most_rounds=np.array(1.0)))
    told = []
    found = settled(few, travel, progress=told.append)
    assert not found.converged
    assert found.rounds == tuple(told)
    assert len(told) == 1
