"""Mode choice against the written formula, one pair of zones and one mode at a time."""

from __future__ import annotations

from dataclasses import replace

import numba
import numpy as np
import pytest
from plain_day import shares, trips_by_mode

from network import AddStationParking, Scenario, grid_city, travel_times, units
from network.demand import choice
from network.demand.choice import split

MODES = len(units.TRIP_MODES)


def with_levers(city, seed=0):
    """The city with every measure in force somewhere, bands that matter and modes that end somewhere."""
    rng, zones = np.random.default_rng(seed), len(city.zones.id)
    levers = replace(
        city.levers,
        charge_cny=np.where(rng.random(zones) < 0.4, 12.0, 0.0),
        ticket_off_cny=np.where(rng.random(zones) < 0.3, 9.0, 0.0),
        points_cny_per_kg=np.array(5.0),
        fare_off_share=np.array(0.3),
        transfer_off_share=np.array(0.5),
    )
    behaviour = replace(
        city.behaviour,
        band_constant=rng.normal(0, 0.4, city.behaviour.band_constant.shape),
        longest_m=np.array([900.0, 1e6, 1100.0, 1e6, 1e6, 1e6, 1e6, 900.0, 1e6, 1e6]),
        nest_scale=rng.uniform(0.4, 1.0, city.behaviour.nest_scale.shape),
    )
    supply = replace(city.supply, parking_cny=rng.uniform(0, 20, zones), taxi_start_m=np.array(500.0))
    return replace(city, levers=levers, behaviour=behaviour, supply=supply)


def some_trips(city, seed=0):
    rng, zones = np.random.default_rng(seed), len(city.zones.id)
    trips = rng.random((len(units.PURPOSES), zones, zones)) * 20
    trips[rng.random(trips.shape) < 0.1] = 0.0
    return trips


CITIES = {
    "bare": lambda: grid_city(4, seed=4),
    "levers": lambda: with_levers(grid_city(5, seed=1)),
    "stations": lambda: with_levers(
        Scenario(
            edits=(
                AddStationParking(station="station/0", spaces=9000, racks=9000),
                AddStationParking(station="station/2", spaces=2, racks=4),
            )
        ).apply(grid_city(6, seed=2))
    ),
}


@pytest.mark.parametrize("name", CITIES)
def test_a_day_is_the_formula_one_pair_at_a_time(name):
    city = CITIES[name]()
    travel, trips = travel_times(city), some_trips(city)
    day = split(city, travel, trips, vehicles=True, logsums=True)
    availability = None
    if name == "stations":
        loads = day.stations
        availability = loads.availability[:, travel.stations.station]
        assert (availability < 1).any()
    plain = trips_by_mode(city, travel, trips, availability)
    assert day.starts == pytest.approx(plain.sum(axis=3), rel=1e-9, abs=1e-9)
    assert day.ends == pytest.approx(plain.sum(axis=2), rel=1e-9, abs=1e-9)
    by_car, by_taxi = plain[:, units.TRIP_CAR], plain[:, units.TRIP_TAXI]
    vehicles = by_car / city.behaviour.car_persons + by_taxi / city.behaviour.taxi_persons
    assert day.vehicles == pytest.approx(vehicles, rel=1e-9, abs=1e-9)
    walk_m, edges = travel.road_length_m[units.WALK], np.array(units.BAND_EDGES_M)
    band = (walk_m[..., None] > edges).sum(axis=2)
    residents = plain[: units.VISITOR].sum(axis=0)
    for b in range(units.BANDS):
        assert day.bands[0, :, b] == pytest.approx(residents[:, band == b].sum(axis=1), rel=1e-9, abs=1e-9)
        assert day.bands[1, :, b] == pytest.approx(plain[units.VISITOR][:, band == b].sum(axis=1), rel=1e-9, abs=1e-9)
    check_counts(city, travel, plain, day)


@pytest.mark.parametrize("name", CITIES)
def test_it_does_not_matter_how_many_destinations_are_looked_at_at_a_time(name, monkeypatch):
    city = CITIES[name]()
    travel, trips = travel_times(city), some_trips(city)
    once = split(city, travel, trips, vehicles=True, logsums=True)
    monkeypatch.setattr(choice, "STRIP", 7)
    strips = split(city, travel, trips, vehicles=True, logsums=True)
    for field in ("starts", "ends", "bands", "metres", "transfers", "fares_cny", "vehicles", "logsum"):
        assert getattr(strips, field) == pytest.approx(getattr(once, field), rel=1e-11, abs=1e-11), field
    for field in ("use", "access_km", "ride_km", "transfers", "entrance_bikes"):
        assert getattr(strips.stations, field) == pytest.approx(getattr(once.stations, field), rel=1e-9, abs=1e-11), (
            field
        )


def check_counts(city, travel, plain, day):
    """Metres, changes, fares and charges, summed from the trips by the formula."""

    def total(values, trips):
        return float((np.where(np.isfinite(values), values, 0.0) * trips).sum())

    fares, changes = np.zeros(3), np.zeros(3)
    for u, period in enumerate(city.behaviour.purpose_period.tolist()):
        for line, k in enumerate(units.LINE_TRIPS):
            fares[line] += total(travel.transit.fare_cny[period, line], plain[u, k])
            changes[line] += total(travel.transit.transfers[period, line], plain[u, k])
    assert day.fares_cny.sum(axis=0) == pytest.approx(fares, rel=1e-9, abs=1e-9)
    assert day.transfers.sum(axis=0) == pytest.approx(changes, rel=1e-9, abs=1e-9)
    for k in range(len(units.DIRECT_MODES)):
        periods = enumerate(city.behaviour.purpose_period.tolist())
        metres = sum(total(travel.length_m(k, period), plain[u, k]) for u, period in periods)
        assert day.metres[:, k].sum() == pytest.approx(metres, rel=1e-9, abs=1e-9)
    charge = city.levers.charge_cny
    enters = np.where(charge[:, None] == 0, charge[None, :], 0.0)
    assert day.charged == pytest.approx(total(enters, plain[:, units.TRIP_CAR].sum(axis=0)), rel=1e-9, abs=1e-9)


def test_every_trip_takes_one_mode_and_the_sums_do_not_depend_on_the_threads():
    city = CITIES["stations"]()
    travel, trips = travel_times(city), some_trips(city, 3)
    both = []
    for threads in (1, 2):
        numba.set_num_threads(threads)
        both.append(split(city, travel, trips))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    assert both[0].starts.sum(axis=1) == pytest.approx(trips.sum(axis=2), rel=1e-12)
    assert both[0].ends.sum(axis=1) == pytest.approx(trips.sum(axis=1), rel=1e-12)
    for name in ("starts", "ends", "bands", "metres", "fares_cny"):
        assert getattr(both[0], name).tobytes() == getattr(both[1], name).tobytes()


@pytest.mark.parametrize("mode", range(MODES))
def test_a_better_mode_never_loses_and_no_other_gains(mode):
    city = CITIES["stations"]()
    travel, trips = travel_times(city), some_trips(city)
    racks = replace(city.supply, station_turnover=np.array([1e6, 1e6]))
    city = replace(city, supply=racks)
    better = city.behaviour.constant.copy()
    better[:, mode] += 0.3
    before = split(city, travel, trips).starts
    after = split(replace(city, behaviour=replace(city.behaviour, constant=better)), travel, trips).starts
    slack = 1e-9 * before.max()
    assert (after[:, mode] >= before[:, mode] - slack).all()
    others = np.arange(MODES) != mode
    assert (after[:, others] <= before[:, others] + slack).all()


def test_one_scale_of_one_is_the_multinomial_logit():
    city = with_levers(grid_city(4, seed=4))
    city = replace(city, behaviour=replace(city.behaviour, nest_scale=np.ones((5, 3))))
    travel = travel_times(city)
    found = shares(city, travel, 0, 0, 5)
    a, b = found[units.TRIP_WALK], found[units.TRIP_TAXI]
    only_walk = replace(city.behaviour, constant=city.behaviour.constant - 50.0 * (np.arange(10) == units.TRIP_BUS))
    without = shares(replace(city, behaviour=only_walk), travel, 0, 0, 5)
    assert without[units.TRIP_WALK] / without[units.TRIP_TAXI] == pytest.approx(a / b)


def test_the_order_of_the_zones_changes_nothing():
    """The same trips, zones numbered otherwise."""
    city = CITIES["levers"]()
    travel, trips = travel_times(city), some_trips(city)
    order = np.random.default_rng(1).permutation(len(city.zones.id))
    pairs = np.ix_(order, order)

    def renumbered(part, axes):
        moved = {n: np.ascontiguousarray(a[..., order, :][..., order]) for n, a in part.arrays() if n in axes}
        return replace(part, **moved)

    names = {"in_vehicle_s", "wait_s", "walk_s", "transfers", "fare_cny", "length_m", "late_s", "ferry"}
    moved = replace(
        renumbered(travel, {"road_time_s", "road_length_m", "drive_s", "quickest_s"}),
        transit=renumbered(travel.transit, names),
    )
    zones = replace(city.zones, cars_per_resident=city.zones.cars_per_resident[order])
    levers = replace(
        city.levers, charge_cny=city.levers.charge_cny[order], ticket_off_cny=city.levers.ticket_off_cny[order]
    )
    other = replace(
        city, zones=zones, levers=levers, supply=replace(city.supply, parking_cny=city.supply.parking_cny[order])
    )
    there = np.stack([np.ascontiguousarray(t[pairs]) for t in trips])
    before, after = split(city, travel, trips), split(other, moved, there)
    assert after.starts == pytest.approx(before.starts[:, :, order], rel=1e-9, abs=1e-12)
    assert after.bands == pytest.approx(before.bands, rel=1e-9)


def test_where_there_is_no_way_there_are_no_trips_and_where_only_a_car_goes_everybody_drives():
    city = grid_city(4)
    travel = travel_times(city)
    nowhere = np.full_like(travel.road_time_s, np.inf)
    alone = nowhere.copy()
    alone[units.DRIVE] = travel.road_time_s[units.DRIVE]
    transit = replace(travel.transit, in_vehicle_s=np.full_like(travel.transit.in_vehicle_s, np.inf))
    no_taxi = replace(city.behaviour, longest_m=np.where(np.arange(10) == units.TRIP_TAXI, 0.0, 1e6))
    trips = some_trips(city)
    shut = replace(travel, road_time_s=nowhere, drive_s=np.full_like(travel.drive_s, np.inf), transit=transit)
    assert not split(city, shut, trips).starts.any()
    drives = split(replace(city, behaviour=no_taxi), replace(travel, road_time_s=alone, transit=transit), trips)
    assert drives.starts[:, units.TRIP_CAR] == pytest.approx(trips.sum(axis=2))


def test_prices_beyond_all_measure_leave_whole_trips():
    city = grid_city(4)
    city = replace(city, supply=replace(city.supply, parking_cny=np.full(9, 1e9), taxi_start_cny=np.array(1e9)))
    trips = some_trips(city)
    found = split(city, travel_times(city), trips).starts
    assert found.sum(axis=1) == pytest.approx(trips.sum(axis=2))
    assert found[:, units.TRIP_CAR].sum() == pytest.approx(0, abs=1e-9)


def test_logsums_are_the_derivative_that_shares_follow_from():
    """d logsum / d V_k is the share of k: one more unit of every constant adds the trips times it."""
    city = CITIES["levers"]()
    travel, trips = travel_times(city), some_trips(city)
    base = split(city, travel, trips, logsums=True)
    for k in (units.TRIP_WALK, units.TRIP_BUS, units.TRIP_TAXI):
        step = 1e-5
        up = city.behaviour.constant + step * (np.arange(10) == k)
        more = split(replace(city, behaviour=replace(city.behaviour, constant=up)), travel, trips, logsums=True)
        slope = (more.logsum.sum() - base.logsum.sum()) / step
        assert slope == pytest.approx(base.starts[:, k].sum(), rel=1e-3)


def test_trips_by_station_stay_numbers_where_everything_else_is_dreaded():
    """exp(600 / mu) is none: so far below 0 only what is by station is left, and every trip is made."""
    city = CITIES["stations"]()
    city = replace(city, supply=replace(city.supply, station_turnover=np.array([1e6, 1e6])))
    travel, trips = travel_times(city), some_trips(city)
    stations = np.isin(np.arange(MODES), units.STATION_MODES)
    dread = replace(city.behaviour, constant=np.where(stations, city.behaviour.constant, -600.0))
    found = split(replace(city, behaviour=dread), travel, trips).starts
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(trips.sum(axis=2), rel=1e-9)
