"""CO2 by mode and which trips replaced which: by hand, against the plain day, and against the sums of both days."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import plain_day
import pytest

from network import (
    AddStationParking,
    CityDay,
    InputError,
    Scenario,
    SetPrice,
    SetTemperature,
    SetYear,
    between_zones,
    diversion,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.demand.carbon import kg_per_km
from network.demand.choice import split
from network.demand.fleet import electric_taxi_share

K = len(units.TRIP_MODES)


@pytest.fixture(scope="module")
def city():
    small = grid_city(4, seed=3)
    return replace(small, zones=replace(small.zones, ev_share=np.linspace(0.0, 0.4, len(small.zones.id))))


@pytest.fixture(scope="module")
def stations():
    """Half of the racks and spaces that are wanted."""
    edits = (AddStationParking(station="station/1", spaces=10, racks=10), SetPrice(item="parking", cny=2))
    return Scenario(edits=edits).apply(grid_city(5, seed=4))


def day_of(city):
    travel = travel_times(city)
    return CityDay(city, travel, between_zones(city, travel).trips)


def test_factors_by_hand(city):
    """Year 2026: 0.6 kg/kWh, half of the buses electric; 1.3 persons in a car, 1.5 in a taxi, 10 in a bus.

    Electric cars and taxis were 0.3 of 0.9 in 2025 and 0.1 in 2020: odds of 1/2 that rise fourfold in five years.
    """
    direct, whole = kg_per_km(city)
    assert not whole[[units.TRIP_WALK, units.TRIP_CYCLE]].any()
    odds = 0.5 * 4 ** (1 / 5)
    taxis = 0.9 * odds / (1 + odds)
    bus, rail = (0.5 * 1.0 * 0.6 + 0.5 * 0.9) / 10, 0.1 * 0.6
    by_mode = {
        units.TRIP_EBIKE: (0.0, 0.01 * 0.6),
        units.TRIP_BUS: (0.5 * 0.9 / 10, bus),
        units.TRIP_RAIL: (0.0, rail),
        units.TRIP_BUS_RAIL: (0.25 * 0.5 * 0.9 / 10, 0.25 * bus + 0.75 * rail),
        units.TRIP_TAXI: ((1 - taxis) * 0.2 / 1.5, (taxis * 0.15 / 0.9 * 0.6 + (1 - taxis) * 0.2) / 1.5),
    }
    for k, (tank, with_electricity) in by_mode.items():
        assert direct[k] == pytest.approx(np.full(9, tank), abs=1e-15)
        assert whole[k] == pytest.approx(np.full(9, with_electricity))
    ev = city.zones.ev_share * 3 * odds / (1 + odds)
    assert direct[units.TRIP_CAR] == pytest.approx((1 - ev) * 0.2 / 1.3)
    assert whole[units.TRIP_CAR] == pytest.approx((ev * 0.1 + (1 - ev) * 0.2) / 1.3)


def test_electric_cars_draw_more_in_the_cold(city):
    """At -10 degrees, 30 below comfort, 1 % for each: electric cars and taxis set free 30 % more, nothing else does."""
    cold = Scenario(edits=(SetTemperature(celsius=-10.0),)).apply(city)
    (direct, whole), (tank, more) = kg_per_km(city), kg_per_km(cold)
    assert np.array_equal(tank, direct)
    road = [units.TRIP_CAR, units.TRIP_TAXI]
    assert more[road] - direct[road] == pytest.approx(1.3 * (whole[road] - direct[road]))
    assert np.array_equal(np.delete(more, road, axis=0), np.delete(whole, road, axis=0))


@pytest.mark.parametrize(
    ("year", "factor", "of", "electric"),
    [(2024, 0.7, 2025, 0.4), (2025, 0.7, 2025, 0.4), (2026, 0.6, 2026, 0.5), (2040, 0.6, 2026, 0.6)],
)
def test_factors_of_a_year(city, year, factor, of, electric):
    assert city.carbon.grid(year) == (factor, of)
    assert city.carbon.electric_buses(year) == pytest.approx(electric)


def test_the_year_of_the_lines_is_the_year_of_the_factors(city):
    before, after = simulate(city), simulate(Scenario(edits=(SetYear(year=2040),)).apply(city))
    bus = after.co2_kg[:, units.TRIP_BUS] / before.co2_kg[:, units.TRIP_BUS]
    assert bus == pytest.approx([0.4 / 0.5, (0.6 * 0.6 + 0.4 * 0.9) / (0.5 * 0.6 + 0.5 * 0.9)])


@pytest.mark.parametrize("name", ["grid_year", "bus_year"])
def test_years_out_of_order_are_refused(city, name):
    with pytest.raises(InputError, match=name):
        replace(city.carbon, **{name: np.array([2026, 2025], np.int32)})


def test_carbon_of_a_day_is_kilometres_times_factors(stations):
    outcome, day = simulate(stations), day_of(stations)
    loads, factor = split(*day).stations, kg_per_km(stations)
    direct = (factor * outcome.km_from[: len(units.DIRECT_MODES)]).sum(axis=2)
    assert outcome.co2_kg[:, :8] == pytest.approx(direct)
    bikes, cars = outcome.co2_kg[:, units.TRIP_BIKE_RIDE], outcome.co2_kg[:, units.TRIP_PARK_RIDE]
    rail = factor[:, units.TRIP_RAIL, 0]
    assert loads.ride_km.sum(axis=1).min() > 0
    assert bikes == pytest.approx(rail * loads.ride_km[0].sum())
    assert cars == pytest.approx(rail * loads.ride_km[1].sum() + factor[:, units.TRIP_CAR] @ loads.access_km[1])
    assert outcome.metrics["co2_t_per_day"] == pytest.approx(outcome.co2_kg[1].sum() / 1000)
    assert outcome.metrics["co2_tank_to_wheel_t_per_day"] == pytest.approx(outcome.co2_kg[0].sum() / 1000)
    assert outcome.metrics["co2_kg_per_trip"] == pytest.approx(outcome.co2_kg[1].sum() / outcome.trips_from.sum())


def plain(before, after):
    """Trips and CO2 saved one pair of zones at a time, modes without stations alone."""
    trips, saved = np.zeros((K + 1, K + 1)), np.zeros((2, K + 1, K + 1))
    was, now = (plain_day.trips_by_mode(*day) for day in (before, after))
    factor = [kg_per_km(day.city) / 1000 for day in (before, after)]
    for u, i, j in np.ndindex(len(was), *was.shape[2:]):
        kg = np.zeros((2, 2, K + 1))
        for n, day in enumerate((before, after)):
            period = int(day.city.behaviour.purpose_period[u])
            for k in range(len(units.DIRECT_MODES)):
                length_m = day.travel.length_m(k, period)[i, j]
                kg[n, :, k] = factor[n][:, k, i] * length_m if np.isfinite(length_m) else 0.0
        x, y = np.append(was[u, :, i, j], 0.0), np.append(now[u, :, i, j], 0.0)
        x[K], y[K] = max(y.sum() - x.sum(), 0.0), max(x.sum() - y.sum(), 0.0)
        stay = np.minimum(x, y)
        lost, gained = x - stay, y - stay
        moved = np.diag(stay) + (np.outer(lost, gained) / lost.sum() if lost.sum() > 0 else 0.0)
        trips += moved
        saved += moved * (kg[0][:, :, None] - kg[1][:, None, :])
    return trips, saved


@pytest.mark.parametrize("edits", [(SetPrice(item="parking", cny=30),), (SetPrice(item="driving", cny=0.0),)])
def test_what_replaced_what_agrees_with_pairs_taken_one_by_one(city, edits):
    before, after = day_of(city), day_of(Scenario(edits=edits).apply(city))
    found = diversion(before, after)
    trips, saved = plain(before, after)
    assert found.trips == pytest.approx(trips, abs=1e-6)
    assert found.saved_kg == pytest.approx(saved, abs=1e-6)


def test_trips_to_other_places_are_not_called_replaced(city):
    """Where people work elsewhere, trips between the old pairs end and others begin."""
    before = day_of(city)
    jobs = city.zones.jobs[::-1].copy()
    after = day_of(replace(city, zones=replace(city.zones, jobs=jobs)))
    found = diversion(before, after)
    assert found.trips[:K, K].sum() > 0 and found.trips[K, :K].sum() > 0
    trips, saved = plain(before, after)
    assert found.trips == pytest.approx(trips, abs=1e-6)
    assert found.saved_kg == pytest.approx(saved, abs=1e-6)


def test_all_of_it_adds_up_to_the_two_days(city, stations):
    """With full stations too: rows and columns are the trips by mode, and the CO2 saved is the difference."""
    fewer = Scenario(edits=(SetPrice(item="parking", cny=30), SetYear(year=2040))).apply(stations)
    none = grid_city(5, seed=4)
    for one, other in ((stations, fewer), (fewer, stations), (none, fewer), (fewer, none)):
        found, was, now = diversion(day_of(one), day_of(other)), simulate(one), simulate(other)
        assert found.trips.sum(axis=1)[:K] == pytest.approx(was.trips_from.sum(axis=(0, 2)), rel=1e-9, abs=1e-9)
        assert found.trips.sum(axis=0)[:K] == pytest.approx(now.trips_from.sum(axis=(0, 2)), rel=1e-9, abs=1e-9)
        assert found.saved_kg.sum(axis=(1, 2)) == pytest.approx((was.co2_kg - now.co2_kg).sum(axis=1), abs=1e-6)
        assert (found.trips >= -1e-12).all()


def test_trips_that_were_green_before_are_not_credited(city):
    """With cars as dear as can be, what cycles gain from walking saves nothing, what they gain from cars does."""
    found = diversion(day_of(city), day_of(Scenario(edits=(SetPrice(item="parking", cny=30),)).apply(city)))
    slow = [units.TRIP_WALK, units.TRIP_CYCLE]
    assert not found.saved_kg[:, slow][:, :, slow].any()
    won = found.saved_kg[:, units.TRIP_CAR, slow]
    assert (won > 0).all() and (found.trips[units.TRIP_CAR, slow] > 0).all()


def test_no_change_replaces_nothing_and_threads_change_no_byte(stations):
    import numba

    day = day_of(stations)
    same = diversion(day, day)
    assert not (same.trips - np.diag(np.diag(same.trips))).any()
    assert not same.saved_kg.any()
    other = day_of(Scenario(edits=(SetPrice(item="parking", cny=30),)).apply(stations))
    first, threads = diversion(day, other), numba.get_num_threads()
    try:
        numba.set_num_threads(1)
        alone = diversion(day, other)
    finally:
        numba.set_num_threads(threads)
    assert first.trips.tobytes() == alone.trips.tobytes()
    assert first.saved_kg.tobytes() == alone.saved_kg.tobytes()


def test_taxis_and_ride_hailing_weigh_by_their_kilometres():
    """1 electric taxi of 4 at 300 km a day beside 3 electric ride-hailing cars of 6 at 100 km: 600 of 1,800 km."""
    city = grid_city(3)
    stock, share = np.zeros(8), np.full((2, 8), 0.1)
    stock[[units.TAXI, units.RIDE_HAIL]] = 1.0, 3.0
    share[1], share[0] = 0.25, 0.2
    share[1, units.RIDE_HAIL] = 0.5
    km = city.fleet.km_per_day.copy()
    km[[units.TAXI, units.RIDE_HAIL]] = 300.0, 100.0
    fleet = replace(city.fleet, per_1000_residents=stock, adoption_share=share, km_per_day=km)
    in_2025 = replace(city, fleet=fleet, transit=replace(city.transit, year=np.array(2025, np.int32)))
    assert electric_taxi_share(in_2025) == pytest.approx(600 / 1800)
    nobody = replace(in_2025, fleet=replace(fleet, per_1000_residents=np.zeros(8)))
    assert electric_taxi_share(nobody) == pytest.approx(0.25)
