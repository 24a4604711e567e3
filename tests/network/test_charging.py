"""Public charging: what is wanted and where, what plugs give, and what of it reaches whom."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from oracles import erlang, most_served
from worlds import with_feeders

from network import (
    AddChargers,
    InputError,
    Scenario,
    capacity_tenths,
    charging_pairs,
    drawn_kva,
    fleet_day,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.demand.charging import feeder_kva, plug_rates, plugs_cny, serve, wanted_kwh, wanted_tenths
from network.demand.parking import parked
from network.units import FAST, PRIVATE, SLOW, ULTRA_FAST, USE_FAST, USE_SLOW


@pytest.fixture(scope="module")
def city():
    return grid_city(7, seed=2)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def ends(city, travel):
    return simulate(city, travel).trips_to


@pytest.fixture
def rules():
    return grid_city(3).charging


def wanted_of(city, travel, ends):
    return wanted_kwh(city, travel, fleet_day(city), ends)


def with_access(city, access):
    return replace(city, zones=replace(city.zones, home_access=np.asarray(access, float)))


@pytest.mark.parametrize("access", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("drive", ["all", "nobody arrives", "nobody passes", "nobody"])
def test_all_public_energy_is_wanted_somewhere_some_time(city, travel, ends, access, drive):
    city = with_access(city, np.full(len(city.zones.id), access))
    if drive in ("nobody arrives", "nobody"):
        ends = np.zeros_like(ends)
    if drive in ("nobody passes", "nobody"):
        travel = replace(travel, passing_share=np.zeros(len(city.zones.id)))
    day, wanted = fleet_day(city), wanted_of(city, travel, ends)
    energy = day.energy_kwh[:, [USE_SLOW, USE_FAST]].sum(axis=0)
    assert wanted.sum(axis=(1, 2)) == pytest.approx(energy)
    assert (wanted >= 0).all()
    tenths = wanted_tenths(wanted)
    assert np.abs(tenths - 10 * wanted).max() <= 0.5


def test_energy_by_zone_and_hour_by_hand(city, travel, ends):
    """Of the slow energy of cars a quarter is wanted near home, the rest where cars stand; fast half by passing."""
    city = with_access(city, np.ones(len(city.zones.id)))
    day, rules, wanted = fleet_day(city), city.charging, wanted_of(city, travel, ends)
    of_cars, of_others = day.energy_kwh[PRIVATE, USE_SLOW], day.energy_kwh[1:, USE_SLOW].sum()
    cars = city.zones.residents / city.zones.residents.sum()
    standing = np.zeros((len(cars), 24))
    for purpose, row in enumerate(parked(rules)):
        arrive = ends[purpose, units.TRIP_CAR]
        standing += rules.plug_in_share[purpose] * arrive[:, None] * row
    night = np.array([1 / 6] * 6 + [0] * 18)
    truth = 0.25 * of_cars * np.outer(cars, night) + (0.75 * of_cars + of_others) * standing / standing.sum()
    assert wanted[SLOW] == pytest.approx(truth)
    arrive = ends[:, [units.TRIP_CAR, units.TRIP_TAXI]].sum(axis=(0, 1))
    where = 0.5 * travel.passing_share + 0.5 * arrive / arrive.sum()
    noon = np.array([0] * 9 + [1 / 12] * 12 + [0] * 3)
    assert wanted[FAST] == pytest.approx(np.outer(day.energy_kwh[:, USE_FAST].sum() * where, noon))
    assert not np.allclose(where, travel.passing_share, atol=1e-3)


def test_who_has_no_pile_at_home_charges_near_it_at_night(city, travel, ends):
    housed = np.ones(len(city.zones.id))
    without = housed.copy()
    without[[3, 20]] = [0.0, 0.5]
    before, now = (wanted_of(with_access(city, access), travel, ends) for access in (housed, without))
    day = fleet_day(with_access(city, housed))
    at_home = day.energy_kwh[PRIVATE, units.USE_HOME] * day.private / day.private.sum()
    more = now - before
    assert more[SLOW, 3] == pytest.approx([at_home[3] / 6] * 6 + [0] * 18, abs=1e-9)
    assert more[SLOW, 20] == pytest.approx([at_home[20] / 12] * 6 + [0] * 18, abs=1e-9)
    more[SLOW, [3, 20]] = 0
    assert np.abs(more).max() < 1e-9


def test_cars_stand_as_long_as_exponential_stays_say(rules):
    """Arrivals at the start of their hours that stay exponentially long, one by one, into the days after."""
    rng = np.random.default_rng(0)
    found, arrivals = parked(rules), 200_000
    assert found.sum(axis=1) == pytest.approx(rules.dwell_h)
    for purpose, dwell_h in enumerate(rules.dwell_h):
        come = rng.choice(24, arrivals, p=rules.arrival_hours[purpose]).astype(float)
        leave = come + rng.exponential(dwell_h, arrivals)
        there = np.zeros(24)
        for hour in range(24 * 9):
            there[hour % 24] += np.clip(np.minimum(leave, hour + 1) - np.maximum(come, hour), 0, 1).sum()
        # an hour's count of n cars is off by sqrt(n) / n or so; four times that, by hours that are full or empty
        assert found[purpose] == pytest.approx(there / arrivals, abs=4 * 0.5 / math.sqrt(arrivals))


def test_rates_of_published_sizes(rules, shared):
    """60 kW, 25 kWh, 5 minutes from one to the next: P(wait > 10 min) <= 5 %."""
    golden = json.loads((shared / "domain/golden_cases.json").read_text(encoding="utf-8"))["Lambda_max_per_size_class"]
    rates = plug_rates(rules, 40)
    for plugs, known in golden.items():
        assert round(float(rates[FAST, int(plugs)]), 4) == known
        at_site = np.array([[0], [int(plugs)], [0]])
        low, high = ((known + off) * 250 for off in (-5e-5, 5e-5))
        assert math.floor(low) <= capacity_tenths(rules, at_site)[FAST, 0] <= high


def test_a_site_of_twenty_serves_more_than_ten_of_two(rules):
    together = capacity_tenths(rules, np.array([[0], [20], [0]]))[FAST, 0]
    apart = 10 * capacity_tenths(rules, np.array([[0], [2], [0]]))[FAST, 0]
    assert (together, apart) == (6699, 1900)


@pytest.mark.parametrize("plugs", [1, 2, 5, 12])
def test_slow_plugs_are_blocked_and_ultra_fast_ones_waited_for(rules, plugs):
    rates = plug_rates(rules, plugs)[:, plugs]
    assert rules.service_h == pytest.approx([4.0, 25 / 51 + 1 / 12, 35 / 102 + 1 / 12])
    slow, ultra = rates[SLOW] * 4.0, rates[ULTRA_FAST] * rules.service_h[ULTRA_FAST]
    assert float(erlang(slow, plugs)[0]) == pytest.approx(0.05, rel=1e-9)
    late = float(erlang(ultra, plugs)[1]) * math.exp(-(plugs - ultra) * (1 / 6) / rules.service_h[ULTRA_FAST])
    assert late == pytest.approx(0.05, rel=1e-9)


def test_a_slow_plug_is_taken_while_it_charges(rules):
    quick = replace(rules, parked_min=np.array(60.0))
    assert quick.service_h[SLOW] == pytest.approx(14 / (0.85 * 7))


def test_classes_at_a_site_queue_by_themselves(rules):
    plugs = np.array([[4, 4, 0, 0, 0], [6, 0, 6, 0, 0], [2, 0, 0, 2, 0]])
    capacity = capacity_tenths(rules, plugs)
    assert capacity[SLOW].tolist() == [capacity[SLOW, 1]] * 2 + [0] * 3
    assert capacity[FAST, 0] == capacity[FAST, 2] + capacity[FAST, 3] > capacity[FAST, 2] > 0
    assert capacity[FAST, 1] == 0


def test_capacity_rises_with_plugs_and_pools(rules):
    n = np.arange(601)
    for c in range(len(units.CHARGERS)):
        plugs = np.zeros((3, len(n)), int)
        plugs[c] = n
        capacity = capacity_tenths(rules, plugs).sum(axis=0)
        assert capacity[0] == 0
        assert (np.diff(capacity) >= 0).all()
        assert (capacity[n[:300]] + capacity[300] <= capacity[300 + n[:300]] + 1).all()
        each = capacity[1:] / n[1:]
        assert each.max() <= rules.session_kwh[c] * 10 / rules.service_h[c] / (1 - 0.05)


def test_more_plugs_than_anybody_needs_can_be_counted():
    city = grid_city(3)
    many = replace(city.supply, plugs=np.full((3, len(city.places.id)), 2**31 - 1, np.int32))
    metrics = simulate(replace(city, supply=many)).metrics
    assert metrics["charging_served_kwh"] == metrics["charging_demand_kwh"]


def test_energy_beyond_counting_is_refused():
    with pytest.raises(InputError, match="districts"):
        wanted_tenths(np.full((2, 4, 24), 2.0**31 / 10 / 192 + 1))


def test_power_by_hand(rules):
    """kW x simultaneity / 0.95: one plug 0.9; four slow ones 0.3 + 0.6 / 2, nine ultra-fast ones 0.6 + 0.3 / 3."""
    plugs = np.array([[0, 1, 0, 4, 0, 4], [0, 0, 1, 0, 0, 1], [0, 0, 0, 0, 9, 9]])
    alone = [0, 7 * 0.9, 60 * 0.9, 4 * 7 * 0.6, 9 * 240 * 0.7]
    assert drawn_kva(rules, plugs) == pytest.approx(np.array([*alone, sum(alone[2:])]) / 0.95)


def test_plugs_together_draw_less_than_apart_and_more_than_fewer(rules):
    for c in range(3):
        plugs = np.zeros((3, 101), int)
        plugs[c] = np.arange(101)
        drawn = drawn_kva(rules, plugs)
        assert (np.diff(drawn) > 0).all()
        assert (drawn[10:60] + drawn[40] >= drawn[50:100]).all()
        assert drawn[100] >= 100 * rules.plug_kw[c] * rules.simultaneity_many[c] / 0.95


def test_feeders_bear_the_plugs_that_hang_on_them(city):
    fed = with_feeders(city)
    drawn = drawn_kva(fed.charging, fed.supply.plugs)
    hang = fed.places.feeder.copy()
    assert feeder_kva(fed) == pytest.approx([drawn[hang == 0].sum(), drawn[hang == 1].sum()])
    assert drawn[hang == 0].sum() > 0
    hang[hang == 1] = -1
    assert feeder_kva(replace(fed, places=replace(fed.places, feeder=hang))) == pytest.approx(
        [drawn[hang == 0].sum(), 0]
    )
    assert feeder_kva(city).shape == (0,)


@pytest.mark.parametrize("feeder", [2, 99])
def test_places_hang_on_feeders_that_are_there(city, feeder):
    fed = with_feeders(city)
    hang = fed.places.feeder.copy()
    hang[4] = feeder
    with pytest.raises(InputError, match=r"City\.places\.feeder: points to a feeder that is not there"):
        replace(fed, places=replace(fed.places, feeder=hang))
    with pytest.raises(InputError, match=r"supply\.feeder_steps.*rows"):
        replace(fed, supply=city.supply)


@pytest.mark.parametrize(
    ("field", "bad", "says"),
    [
        ("headroom_kva", [-1.0, 5.0], r"Feeders\.headroom_kva.*below 0"),
        ("headroom_kva", [math.nan, 5.0], r"Feeders\.headroom_kva.*not numbers"),
        ("step_cny", [1.0], r"Feeders\.step_cny|length"),
        ("most_steps", np.array([-1, 2], np.int32), r"Feeders\.most_steps.*below 0"),
    ],
    ids=["negative headroom", "no number", "too short", "negative steps"],
)
def test_a_feeder_that_cannot_be_is_refused(city, field, bad, says):
    with pytest.raises(InputError, match=says):
        replace(with_feeders(city).feeders, **{field: np.asarray(bad)})


@pytest.mark.parametrize(
    ("field", "bad", "says"),
    [
        ("plug_kw", [7000.0, 60.0], r"ChargingRules\.plug_kw"),
        ("wait_share", 0.0, r"ChargingRules\.wait_share.*below"),
        ("simultaneity_one", [0.9, 1.2, 0.9], r"ChargingRules\.simultaneity_one.*above 1"),
        ("fast_hours", np.full(24, 1 / 12), r"charging\.fast_hours: adds up to 2\.0000"),
        ("arrival_hours", np.full((5, 24), 1 / 48), r"charging\.arrival_hours: adds up to 0\.5000"),
        ("temperature_c", 300.0, r"ChargingRules\.temperature_c.*above 60"),
    ],
    ids=["axis", "share", "above all", "hours twice", "half a day", "kelvin"],
)
def test_rules_that_cannot_be_are_refused(rules, field, bad, says):
    with pytest.raises(InputError, match=says):
        replace(rules, **{field: np.asarray(bad)})


def test_plugs_cost_by_class_and_a_site_once(city):
    some = city.supply.plugs * 0
    some[:, 0], some[:, 1] = [2, 3, 1], [0, 0, 0]
    cost = plugs_cny(replace(city, supply=replace(city.supply, plugs=some)))
    assert cost[0] == pytest.approx(80_000 + (2 * 0.2 + 3 + 1 * 3) * 20_000)
    assert not cost[1:].any()


def test_slow_plugs_are_walked_to_and_fast_ones_driven_to(city, travel):
    for service, reach, metres, of in (
        (SLOW, 500, travel.reach_m, travel.reach_place), (FAST, 1500, travel.fast_m, travel.fast_place),
    ):  # fmt: skip
        first, place, far_m = charging_pairs(city, travel, service)
        assert (first[0], first[-1]) == (0, len(place))
        assert far_m.max() <= reach
        near = metres <= reach
        assert np.array_equal(far_m, metres[near])
        assert np.array_equal(place, of[near])
        for row in np.split(place, first[1:-1]):
            assert (np.diff(row) > 0).all()
    assert travel.reach_m.max() > 500
    assert (charging_pairs(city, travel, FAST)[0] >= charging_pairs(city, travel, SLOW)[0]).all()


def with_plugs(city, rng):
    plugs = rng.integers(0, 5, (3, len(city.places.id))) * (rng.random((3, len(city.places.id))) < 0.4)
    supply = replace(city.supply, plugs=plugs.astype(np.int32), plug_reach_m=np.array(350.0))
    return replace(city, supply=supply, charging=replace(city.charging, fast_reach_m=np.array(700.0)))


@pytest.mark.parametrize("seed", range(6))
def test_served_energy_is_the_maximum_flow_of_every_hour(seed):
    rng = np.random.default_rng(seed)
    city = with_plugs(grid_city(6, seed), rng)
    travel = travel_times(city)
    wanted = rng.integers(0, 200, (2, len(city.zones.id), 24))
    service = serve(city, travel, wanted)
    assert np.array_equal(service.capacity, capacity_tenths(city.charging, city.supply.plugs))
    assert (service.served <= wanted).all()
    assert (service.given <= service.capacity[:, :, None]).all()
    for s in (SLOW, FAST):
        first, place, _ = charging_pairs(city, travel, s)
        zone = np.repeat(np.arange(len(city.zones.id)), np.diff(first))
        for h in (0, 7, 23):
            truth = most_served(wanted[s, :, h], service.capacity[s], zip(zone, place, strict=True))
            assert service.served[s, :, h].sum() == service.given[s, :, h].sum() == truth
        out_of_reach = np.setdiff1d(np.arange(len(city.zones.id)), zone[service.capacity[s][place] > 0])
        assert not service.served[s, out_of_reach].any()
    any_class = city.supply.plugs.any(axis=0)
    for z in range(len(city.zones.id)):
        row = slice(travel.reach_first[z], travel.reach_first[z + 1])
        live = travel.reach_m[row][any_class[travel.reach_place[row]]]
        assert service.nearest_m[z] == min(live, default=2000)


def test_plugs_of_one_service_serve_no_other(city, travel):
    wanted = np.full((2, len(city.zones.id), 24), 10)
    for charger, idle in (("slow", FAST), ("fast", SLOW), ("ultra_fast", SLOW)):
        none = replace(city, supply=replace(city.supply, plugs=city.supply.plugs * 0))
        built = Scenario(edits=(AddChargers(place="place/3", plugs=4, charger=charger),)).apply(none)
        served = serve(built, travel, wanted).served
        assert not served[idle].any()
        assert served[1 - idle].any()


@pytest.mark.parametrize("seed", range(3))
def test_more_plugs_never_serve_less(seed):
    rng = np.random.default_rng(seed)
    city = with_plugs(grid_city(6, seed), rng)
    travel = travel_times(city)
    wanted = wanted_tenths(wanted_of(city, travel, simulate(city, travel).trips_to))
    served = serve(city, travel, wanted).served.sum(axis=1)
    for c in range(3):
        plugs = city.supply.plugs.copy()
        plugs[c, rng.integers(plugs.shape[1])] += 2
        more = serve(replace(city, supply=replace(city.supply, plugs=plugs)), travel, wanted).served.sum(axis=1)
        assert (more >= served).all()
