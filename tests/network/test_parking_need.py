"""Who wants a shared space, and how far lots are on foot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import Snap, grid_city, lot_walks, parking_wanted, simulate, snap, units, walks_between
from network.demand.parking import parked
from network.demand.sharing import whole_spaces

RESIDENTS, COMMUTERS, VISITORS, DELIVERIES = range(4)


@pytest.fixture(scope="module")
def city():
    return grid_city(10, 1)


@pytest.fixture(scope="module")
def day(city):
    return simulate(city)


def test_whole_spaces_keep_the_total_and_round_the_largest_remainders_up():
    assert whole_spaces(np.array([0.5, 0.5, 0.7, 1.2])).tolist() == [1, 0, 1, 1]
    rng = np.random.default_rng(3)
    for _ in range(50):
        wanted = rng.gamma(0.5, 2.0, 40)
        whole = whole_spaces(wanted)
        assert whole.sum() == round(wanted.sum())
        assert (np.abs(whole - wanted) < 1.0).all()
        up = wanted - np.floor(wanted)
        raised = whole > np.floor(wanted)
        assert up[raised].min(initial=1.0) >= up[~raised].max(initial=0.0)


def test_residents_want_a_share_of_the_cars_at_home_on_any_day(city, day):
    wanted = parking_wanted(city, day)
    cars = city.zones.residents * city.zones.cars_per_resident * city.parking.wanted_share[RESIDENTS]
    assert wanted.shape == (4, 3, len(city.zones.id))
    for d in range(3):
        assert np.abs(wanted[RESIDENTS, d] - cars).max() < 1.0
        assert wanted[RESIDENTS, d].sum() == round(cars.sum())


def test_those_who_come_by_day_are_counted_at_their_busiest_hour_and_by_day_type(city, day):
    wanted, share = parking_wanted(city, day), city.parking.wanted_share
    arrived = day.trips_to[:, units.TRIP_CAR] / city.behaviour.car_persons
    stay = parked(city.charging)
    at_work = [(arrived[0] / 2 * stay[0, h]).sum() for h in range(8, 18)]
    assert wanted[COMMUTERS, 0].sum() == pytest.approx(max(at_work) * share[COMMUTERS], abs=1.0)
    by_zone = np.zeros((24, len(city.zones.id)))
    for u, purpose in enumerate(units.PURPOSES[1:], 1):
        by_zone += np.outer(stay[u], arrived[u] / (1 if purpose == "non_home" else 2))
    assert wanted[VISITORS, 0].sum() == pytest.approx(by_zone[10:22].max(axis=0).sum() * share[VISITORS], abs=1.0)
    factors = city.parking.wanted_factor
    for g in (COMMUTERS, VISITORS, DELIVERIES):
        usual = wanted[g].sum(axis=1) / factors[g]
        assert np.ptp(usual * factors[g].min()) <= 1.0


def test_vans_of_any_drive_want_spaces_where_people_live_and_work(city, day):
    fleet, zones = city.fleet, city.zones
    van = units.SEGMENTS.index("van")
    electric = fleet.adoption_share[list(fleet.adoption_year).index(fleet.stock_year), van]
    vans = fleet.per_1000_residents[van] * zones.residents.sum() / 1000 / electric
    wanted = parking_wanted(city, day)[DELIVERIES, 0]
    assert wanted.sum() == round(vans * city.parking.wanted_share[DELIVERIES])
    people = zones.residents + zones.jobs
    assert np.abs(wanted - wanted.sum() * people / people.sum()).max() <= 1.0


def test_where_spaces_are_known_only_those_turned_away_lack_one(city):
    spaces = np.zeros(len(city.zones.id))
    spaces[5], spaces[6] = 1.0, 1e6
    known = replace(city, supply=replace(city.supply, parking_spaces=spaces))
    day = simulate(known)
    assert day.parking_availability[5] < 1.0 == day.parking_availability[6]
    wanted, unknown = parking_wanted(known, day), parking_wanted(city, simulate(city))
    assert not wanted[[COMMUTERS, VISITORS]][:, :, 6].any()
    assert wanted[COMMUTERS, 0, 5] > unknown[COMMUTERS, 0, 5]
    assert np.array_equal(wanted[RESIDENTS], unknown[RESIDENTS])


def test_walks_go_to_the_nearest_entrance_and_no_farther_than_anybody_walks(city):
    lots, zones = city.lots, city.zones
    doors = np.concatenate((lots.entrance_lonlat, lots.entrance_lonlat + np.array([1.5e-3, 0.0])))
    doors = doors.reshape(2, -1, 2).transpose(1, 0, 2).reshape(-1, 2)
    two = replace(
        city,
        lots=replace(lots, entrance_first=2 * lots.entrance_first, entrance_lonlat=doors, snap=snap(city.roads, doors)),
    )
    first, lot, metres = lot_walks(two, (zones.lonlat, zones.snap))
    longest = float(city.parking.walk_m.max())
    some = nearest = 0
    for z in range(len(zones.id)):
        where = Snap(**{name: array[:, [z]] for name, array in zones.snap.arrays()})
        _, door, away = walks_between(city.roads, (zones.lonlat[[z]], where), (doors, two.lots.snap), longest)
        best = {}
        for x, m in zip(door.tolist(), away.tolist(), strict=True):
            nearest += x // 2 in best
            best[x // 2] = min(m, best.get(x // 2, np.inf))
        here = slice(first[z], first[z + 1])
        assert list(zip(lot[here].tolist(), metres[here].tolist(), strict=True)) == sorted(best.items())
        some += len(best)
    assert some and nearest and metres.max() <= longest
