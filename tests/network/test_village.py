"""A village of two zones at the ends of one street of 1 km: every figure below is worked out by hand."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import numpy as np
import pytest
from worlds import nothing_runs

from network import (
    Feeders,
    Places,
    Roads,
    Snap,
    Zones,
    grid_city,
    no_bike_points,
    no_levers,
    no_lots,
    simulate,
    travel_times,
    units,
)
from network.hierarchy import hierarchy_of

ENDS = np.array([[120.0, 31.0], [120.0, 31.009]])


def at_the_ends():
    return Snap(segment=np.zeros((4, 2), np.int32), along=np.tile([0.0, 1.0], (4, 1)), off_m=np.zeros((4, 2)))


@pytest.fixture(scope="module")
def village():
    spare = grid_city(3)
    roads = Roads(
        lonlat=ENDS,
        first=np.array([0, 1, 2], np.int32),
        head=np.array([1, 0], np.int32),
        time_ms=np.array([[800_000] * 2, [240_000] * 2, [120_000] * 2, [120_000] * 2], np.int32),
        delay_ms=np.zeros((4, 2), np.int32),
        edges=np.array([[0, 1]], np.int32),
        length_m=np.array([1000.0]),
        way=np.array([0], np.int32),
        shape_first=np.array([0, 2], np.int32),
        shape_lonlat=ENDS,
        way_id=np.array(["way/1"]),
        way_name=np.array(["High Street"]),
        way_class=np.array(["residential"]),
        beside=np.array([True]),
        barrier_first=np.zeros(1, np.int32),
        barrier_lonlat=np.zeros((0, 2)),
        snap_detour_m=np.array(250.0),
        hierarchy=hierarchy_of(ENDS, np.array([0, 1, 2], np.int32), np.array([1, 0], np.int32)),
    )
    zones = Zones(
        id=np.array(["a", "b"]),
        area=np.array(["v", "v"]),
        lonlat=ENDS,
        residents=np.array([100.0, 100.0]),
        jobs=np.array([50.0, 50.0]),
        students=np.zeros(2),
        visitors=np.zeros(2),
        cars_per_resident=np.array([0.5, 0.5]),
        ev_share=np.array([0.2, 0.2]),
        home_access=np.array([1.0, 0.5]),
        ring_first=np.array([0, 0, 0], np.int32),
        ring_lonlat=np.zeros((0, 2)),
        snap=at_the_ends(),
    )
    places = Places(
        id=np.array(["p", "q"]),
        kind=np.array(["parking", "parking"]),
        name=np.array(["", ""]),
        lonlat=ENDS,
        most_plugs=np.array([4, 4], np.int32),
        open_cny=np.array([1000.0, 1000.0]),
        plug_cny=np.array([100.0, 100.0]),
        feeder=np.array([0, -1], np.int32),
        snap=at_the_ends(),
    )
    modes, purposes = len(units.TRIP_MODES), len(units.PURPOSES)
    behaviour = replace(
        spare.behaviour,
        trip_rates=np.array([[1.0, 0, 0, 0]] + [[0.0] * 4] * 4),
        gravity_alpha=np.zeros(purposes),
        gravity_beta_per_min=np.full(purposes, 0.1),
        nest_scale=np.tile([0.5, 1.0, 1.0], (purposes, 1)),
        constant=np.zeros((purposes, modes)),
        time_per_min=np.full((purposes, modes), -0.1),
        cost_per_cny=np.full(purposes, -0.2),
        terminal_min=np.where(np.arange(modes) == units.TRIP_CAR, 2.0, 0.0),
        longest_m=np.where(np.arange(modes) == units.TRIP_TAXI, 0.0, 1e6),
        car_persons=np.array(1.0),
    )
    return replace(
        spare,
        roads=roads,
        zones=zones,
        places=places,
        transit=nothing_runs(spare.transit),
        fleet=replace(spare.fleet, stock_year=np.array(2026, np.int32)),
        feeders=Feeders(
            id=np.array(["f"]),
            headroom_kva=np.array([20.0]),
            step_kva=np.array([15.0]),
            step_cny=np.array([50_000.0]),
            most_steps=np.array([3], np.int32),
        ),
        supply=replace(
            spare.supply,
            station_racks=np.zeros(0, np.int32),
            station_spaces=np.zeros(0, np.int32),
            plugs=np.array([[3, 0], [1, 0], [0, 0]], np.int32),
            feeder_steps=np.array([2], np.int32),
            plug_reach_m=np.array(500.0),
            plug_search_m=np.array(2000.0),
            parking_cny=np.array([5.0, 5.0]),
            parking_spaces=np.zeros(2),
            parking_turnover=np.full(2, 6.0),
            driving_cny_per_km=np.array(1.0),
        ),
        behaviour=behaviour,
        levers=no_levers(2),
        lots=no_lots(),
        bike_points=no_bike_points(),
    )


def test_times_by_hand(village):
    travel = travel_times(village)
    # between the ends: 800 s on foot, 240 s by cycle, 120 s by e-bike and by car; inside a zone half the way
    by_road = [units.TRIP_WALK, units.TRIP_CYCLE, units.TRIP_EBIKE, units.TRIP_CAR]
    assert [travel.time_s(k, 0)[0, 1] for k in by_road] == [800, 240, 120, 120]
    assert [travel.time_s(k, 1)[0, 0] for k in by_road] == [400, 120, 60, 60]
    assert np.isinf([travel.time_s(k, 0) for k in units.LINE_TRIPS]).all()
    assert (travel.quickest_s[:, 0, 1] == 120).all()
    assert travel.reach_m.tolist() == [0, 1000, 1000, 0]


def test_trips_by_hand(village):
    outcome = simulate(village)
    # the quickest mode is the e-bike: 2 minutes between, 1 inside; both zones alike, so rows split as exp(-0.1 c)
    inside = 100 * exp(-0.1) / (exp(-0.1) + exp(-0.2))
    between = 100 - inside

    def shares(walk_min, cycle_min, ebike_min, car_min, car_cny):
        """A nest of scale 0.5 for the three, the car alone: half of the people have one."""
        own = [exp(-0.1 * minutes / 0.5) for minutes in (walk_min, cycle_min, ebike_min)]
        active, car = sum(own) ** 0.5, exp(-0.1 * car_min - 0.2 * car_cny)
        with_car = active / (active + car)
        return [x / sum(own) * (0.5 * with_car + 0.5) for x in own] + [0.5 * (1 - with_car)]

    near = shares(400 / 60, 2, 1, 3, 0.5 * 1.0 + 5)
    far = shares(800 / 60, 4, 2, 4, 1.0 * 1.0 + 5)
    by_mode = [2 * (inside * n + between * f) for n, f in zip(near, far, strict=True)]
    got = outcome.trips_from.sum(axis=(0, 2))
    assert got[[units.TRIP_WALK, units.TRIP_CYCLE, units.TRIP_EBIKE, units.TRIP_CAR]] == pytest.approx(
        by_mode, rel=1e-6
    )
    assert not got[[*units.LINE_TRIPS, units.TRIP_TAXI, *units.STATION_MODES]].any()
    assert outcome.metrics["green_trip_share"] == pytest.approx(sum(by_mode[:3]) / 200, rel=1e-6)
    assert outcome.metrics["green_trip_share_without_ebike"] == pytest.approx(sum(by_mode[:2]) / 200, rel=1e-6)
    car_km = 2 * (inside * near[3] * 0.5 + between * far[3] * 1.0)
    assert outcome.metrics["car_km_per_day"] == pytest.approx(car_km, rel=1e-6)
    # a fifth of the cars is electric: 0.15 / 0.9 kWh/km x 0.6 kg/kWh = 0.1 kg/km against 0.2; e-bikes draw 0.01 kWh/km
    ebike_km = 2 * (inside * near[2] * 0.5 + between * far[2] * 1.0)
    kg = car_km * (0.2 * 0.1 + 0.8 * 0.2) + ebike_km * 0.01 * 0.6
    assert outcome.metrics["co2_t_per_day"] == pytest.approx(kg / 1000, rel=1e-6)
    assert outcome.metrics["co2_tank_to_wheel_t_per_day"] == pytest.approx(car_km * 0.8 * 0.2 / 1000, rel=1e-6)
    assert outcome.metrics["co2_kg_per_trip"] == pytest.approx(kg / 200, rel=1e-6)


def test_the_fleet_by_hand(village):
    outcome = simulate(village)
    # 100 x 0.5 x 0.2 = 10 electric cars a zone; of 1,000 residents 2 taxis, 1 van, 1 bus
    assert outcome.vehicles == pytest.approx([20, 0.4, 0, 0.2, 0.2, 0, 0, 0])
    # x km x kWh/km / 0.9; of the cars of b half have no pile at home: a quarter of what is wanted at home
    car, taxi, van, bus = (n * kwh / 0.9 for n, kwh in ((20, 38 * 0.15), (0.4, 300 * 0.15), (0.2, 30), (0.2, 150)))
    moved = 0.25 * 0.5 * car
    by_use = np.zeros((8, 6))
    by_use[0, :4] = [0.5 * car - moved, 0.1 * car, 0.2 * car + moved, 0.2 * car]
    by_use[1] = [0, 0, 0.2 * taxi, 0.6 * taxi, 0, 0.2 * taxi]
    by_use[[3, 4], 4] = [van, bus]
    assert outcome.energy_kwh == pytest.approx(by_use)
    metrics = outcome.metrics
    assert metrics["electric_vehicles"] == pytest.approx(20.8)
    assert metrics["electric_vehicles_kwh"] == pytest.approx(560 / 3)
    assert metrics["private_piles"] == pytest.approx(15)
    # 5 taxis, 10 vans, 2 buses share a pile
    assert metrics["dedicated_piles"] == pytest.approx(0.4 / 5 + 0.2 / 10 + 0.2 / 2)
    assert metrics["charging_piles_total"] == pytest.approx(15 + 0.2 + 4)


SLOW_KWH = np.array([44 / 3, 30.5])
"""Near home 15.83 kWh without a pile in b, and a quarter of the 25.33 of all cars, half of it in each; the other 19
and the 4 of taxis stand half and half where people work."""
FAST_KWH = np.array([56 / 3, 56 / 3])
"""25.33 of cars and 12 of taxis: both zones lie on the one street that all pass, and as many arrive in each."""


def test_charging_by_hand(village):
    outcome = simulate(village)
    wanted = outcome.charging_tenths.sum(axis=2) / 10
    assert wanted == pytest.approx(np.stack((SLOW_KWH, FAST_KWH)), abs=24 * 0.05)
    # fast from 9 to 20 h, a twelfth each
    assert outcome.charging_tenths[1].tolist() == [[0] * 9 + [tenths] * 12 + [0] * 3 for tenths in (16, 16)]
    # three slow plugs are blocked to 5 % of the drivers at 0.8994 erlang: 0.8994 / 4 h x 14 kWh = 3.148 kWh/h;
    # one fast plug takes 0.1144 sessions/h of 25 kWh = 2.860 kWh/h
    assert outcome.place_capacity_tenths.tolist() == [[31, 0], [28, 0]]
    # slow: b is too far away, a gets all it wants; fast: both are near by car, and want 3.2 kWh/h
    assert np.array_equal(outcome.served_tenths[0], outcome.charging_tenths[0] * [[1], [0]])
    assert outcome.served_tenths[1].sum(axis=0).tolist() == [0] * 9 + [28] * 12 + [0] * 3
    metrics = outcome.metrics
    assert metrics["charging_demand_kwh"] == pytest.approx(82.5, abs=1)
    assert metrics["charging_within_reach_share"] == pytest.approx(SLOW_KWH[0] / SLOW_KWH.sum(), abs=0.01)
    assert metrics["charging_slow_served_share"] == pytest.approx(SLOW_KWH[0] / SLOW_KWH.sum(), abs=0.01)
    assert metrics["charging_fast_served_share"] == pytest.approx(28 / 32)
    assert metrics["charging_served_kwh"] == outcome.served_tenths.sum() / 10
    assert metrics["charging_mean_walk_m"] == pytest.approx(1000 * SLOW_KWH[1] / SLOW_KWH.sum(), abs=5)
    # slow falls shorter: 3.1 kWh/h against 15.83 / 6 + 6.33 / 6 near home and 23 x the share of cars at work then
    busiest = outcome.charging_tenths[0].sum(axis=0).max()
    assert metrics["charging_capacity_ratio"] == pytest.approx(31 / busiest)
    assert 31 / busiest < 28 / 32
    # open the site, three slow plugs at a fifth of a fast one
    assert metrics["public_plugs_cny"] == 1000 + (3 * 0.2 + 1) * 100


def test_feeders_by_hand(village):
    """3 slow plugs draw 7 kW x (0.3 + 0.6 / sqrt 3) each at the worst moment, one fast plug 60 kW x 0.9."""
    kva = (3 * 7 * (0.3 + 0.6 / 3**0.5) + 60 * 0.9) / 0.95
    outcome = simulate(village)
    assert outcome.feeder_kva == pytest.approx([kva])
    assert outcome.feeder_limit_kva == pytest.approx([20 + 2 * 15])
    assert outcome.metrics["feeder_used_share"] == pytest.approx(kva / 50)
    assert outcome.metrics["feeders_overloaded"] == 1
    more = replace(village, supply=replace(village.supply, feeder_steps=np.array([4], np.int32)))
    assert simulate(more).metrics["feeders_overloaded"] == 0


def test_bands_and_reach_hold_at_their_very_edge(village):
    """The two zones lie exactly 1,000 m apart: still a trip of the first band, still within a reach of 1,000 m."""
    outcome = simulate(village)
    inside = 200 * exp(-0.1) / (exp(-0.1) + exp(-0.2))
    assert outcome.trips_band[0].sum(axis=0) == pytest.approx([inside, 200 - inside, 0, 0, 0, 0])
    assert not outcome.trips_band[1].any()
    supply = replace(village.supply, plugs=np.array([[1000, 0], [1000, 0], [0, 0]], np.int32))
    slow, fast = (wanted[0] / wanted.sum() for wanted in outcome.charging_tenths.sum(axis=2))
    for reach, search, share in ((1000.0, 2000.0, 1.0), (999.0, 2000.0, slow)):
        city = replace(village, supply=replace(supply, plug_reach_m=np.array(reach), plug_search_m=np.array(search)))
        metrics = simulate(city).metrics
        assert metrics["charging_within_reach_share"] == metrics["charging_slow_served_share"] == share
    for reach, share in ((1000.0, 1.0), (999.0, fast)):
        rules = replace(village.charging, fast_reach_m=np.array(reach))
        assert simulate(replace(village, supply=supply, charging=rules)).metrics["charging_fast_served_share"] == share
    edge = travel_times(replace(village, supply=replace(supply, plug_search_m=np.array(1000.0))))
    assert edge.reach_m.tolist() == [0, 1000, 1000, 0]
    short = travel_times(replace(village, supply=replace(supply, plug_search_m=np.array(999.0))))
    assert short.reach_m.tolist() == [0, 0]


def test_plugs_nobody_stands_at_cost_nothing(village):
    """Opening a site is paid only where plugs stand."""
    metrics = simulate(village).metrics
    assert (metrics["public_plugs"], metrics["public_charging_sites"], metrics["public_plugs_cny"]) == (4, 1, 1160)


def test_two_in_a_car_drive_half_the_kilometres(village):
    for persons in (1.0, 2.0):
        behaviour = replace(village.behaviour, car_persons=np.array(persons), cost_per_cny=np.zeros(5))
        outcome = simulate(replace(village, behaviour=behaviour))
        assert outcome.car_km == pytest.approx(outcome.km_from[units.TRIP_CAR].sum() / persons)


def test_trips_start_when_their_purpose_does(village):
    """Only people on their way to work travel here: at 7, 8, 17 and 18 h, a quarter each."""
    by_hour = simulate(village).trips_hour.sum(axis=1)
    assert by_hour[[7, 8, 17, 18]] == pytest.approx([50] * 4)
    assert by_hour.sum() == pytest.approx(200)
