"""Proposals of dispatch points on made-up cities: what is promised is what the replay counts."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from network import (
    AddStationParking,
    BikeSite,
    FlowRows,
    InputError,
    Scenario,
    bike_walks,
    grid_city,
    local_metres,
    model_flows,
    no_bike_points,
    racks_needed,
    simulate,
    travel_times,
)
from optimise import BikesPlan, BikeWishes, Cancel, Gap, Seconds, Target, Work, propose_bikes
from optimise.bike_years import last_year_stop

QUICK = Gap(0.05) | Work(1)


@pytest.fixture(scope="module")
def city():
    return grid_city(7, seed=3)


@pytest.fixture(scope="module")
def bare(city):
    """The city without a point."""
    return replace(city, bike_points=no_bike_points())


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return simulate(city, travel)


@pytest.fixture(scope="module")
def usual(city, travel, base):
    return propose_bikes(city, wishes=BikeWishes(budgets_cny=(60_000.0,)), stop=QUICK, travel=travel, base=base)


@pytest.fixture(scope="module")
def phased(city, travel, base):
    wishes = BikeWishes(budgets_cny=(20_000.0, 0.0, 40_000.0), years=(2026, 2027, 2028))
    return propose_bikes(city, wishes=wishes, stop=QUICK, travel=travel, base=base).plan


def covered(share, metric="bike_trips_covered_share"):
    return [Target(metric=metric, op="at_least", value=share)]


def spots(city, points):
    return local_metres(np.array([(p.lon, p.lat) for p in points]), float(np.median(city.roads.lonlat[:, 1])))


def rows(city, *places):
    """Flows at zones: (zone, pickups by hour, returns by hour), the same on both types of day."""
    pickups, returns = np.zeros((2, 2, len(places), 24))
    for i, (_, gone, come) in enumerate(places):
        for flows, given in ((pickups, gone), (returns, come)):
            for hour, bikes in given.items():
                flows[:, i, hour] = bikes
    lonlat = city.zones.lonlat[[z for z, _, _ in places]]
    return FlowRows(
        id=tuple(f"at {z}" for z, _, _ in places), lonlat=lonlat, pickups=pickups, returns=returns, source="test"
    )


def site(city, zone, **more):
    lon, lat = city.zones.lonlat[zone].tolist()
    return BikeSite(**({"id": f"site {zone}", "lon": lon, "lat": lat} | more))


def test_the_replay_counts_what_is_promised(city, base, usual):
    plan = usual.plan
    after = plan.as_scenario().apply(city)
    again = simulate(after)
    assert again.metrics == usual.changed.metrics
    assert again.metrics["bike_points"] == base.metrics["bike_points"] + plan.new_points
    assert again.metrics["bike_point_spaces"] == base.metrics["bike_point_spaces"] + plan.new_spaces
    assert again.metrics["bike_trips_covered_share"] == plan.covered_share > plan.covered_share_before
    assert again.metrics["shared_bike_trips_per_day"] == base.metrics["shared_bike_trips_per_day"]
    assert plan.new_points > 0
    assert plan.status in {"optimal", "feasible"}
    assert plan.value <= plan.bound


def test_coverage_and_service_are_those_counted_by_hand(city, base, usual):
    plan, flows = usual.plan, model_flows(city, base)
    trips = (flows.pickups + flows.returns)[0].sum(axis=1)
    points = plan.as_scenario().apply(city).bike_points
    first, _, _ = bike_walks(city, flows, points.lonlat, points.snap)
    assert plan.covered_share == pytest.approx(trips[np.diff(first) > 0].sum() / trips.sum())
    assert plan.trips == pytest.approx(trips.sum(), rel=1e-3)
    left = sum(row.trips for row in plan.uncovered)
    assert plan.served_share == pytest.approx(1 - left / plan.trips)
    assert sum(p.pickups + p.returns for p in plan.points) == pytest.approx(plan.trips - left, rel=1e-3)
    assert plan.value == round(1000 * plan.served_share * plan.trips)
    assert plan.served_share <= plan.covered_share <= 1
    assert plan.reachable_share >= plan.served_share
    by_hand = sum(row.trips for row in plan.uncovered if not row.covered) / plan.trips
    assert plan.covered_share == pytest.approx(1 - by_hand, rel=1e-3)


def test_money_spacing_and_sizes_are_kept_to(city, usual):
    plan, rules = usual.plan, city.bike_sharing
    new = [p for p in plan.points if not p.existing]
    told = sum(2000 + 150 * p.spaces for p in new) + sum(
        (3000 if p.docked else 150) * (p.spaces - p.spaces_before) for p in plan.points if p.existing
    )
    assert plan.points_cny == told <= 60_000
    assert plan.cost_cny == plan.points_cny + plan.racks_cny
    at = spots(city, plan.points)
    for i, j in itertools.combinations(range(len(at)), 2):
        if not (plan.points[i].existing and plan.points[j].existing):
            assert np.hypot(*(at[i] - at[j])) >= rules.spacing_m
    for p in new:
        assert rules.least_spaces <= p.spaces <= rules.most_spaces
        assert p.area_m2 == pytest.approx(p.spaces * rules.bike_m2)
    for p in plan.points:
        assert 0 <= p.bikes <= p.spaces
        assert p.walk_m is None or p.walk_m <= rules.walk_m
        assert (p.walk_m is None) == (p.pickups + p.returns == 0)


def test_points_hold_on_the_days_they_are_sized_for(city, usual):
    served = [p for p in usual.plan.points if p.walk_m is not None]
    assert served
    assert all(p.days_covered >= city.bike_sharing.days_covered for p in served)
    assert all(p.days_off_covered >= city.bike_sharing.days_covered for p in served)
    assert all(p.days_covered_by_nearest <= 1 for p in usual.plan.points)


def test_points_that_are_there_stay(city, usual):
    there = {p.id: p for p in usual.plan.points if p.existing}
    assert list(there) == city.bike_points.id.tolist()
    after = usual.plan.as_scenario().apply(city).bike_points
    for i, name in enumerate(city.bike_points.id.tolist()):
        assert after.spaces[i] == there[name].spaces >= city.bike_points.spaces[i]
        assert after.bikes[i] == there[name].bikes
        if there[name].walk_m is None:
            assert there[name].bikes == city.bike_points.bikes[i]


def test_a_plan_comes_back_from_its_record(usual, phased):
    for plan in (usual.plan, phased):
        assert BikesPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan


def test_the_same_question_has_the_same_answer(city, travel, base, usual):
    again = propose_bikes(city, wishes=BikeWishes(budgets_cny=(60_000.0,)), stop=QUICK, travel=travel, base=base)
    assert again.plan.to_dict() == usual.plan.to_dict()


def test_points_grow_over_the_years_and_none_closes(city, phased):
    assert [row.year for row in phased.years] == [2026, 2027, 2028]
    spent = np.cumsum([row.cost_cny for row in phased.years])
    assert (spent <= np.cumsum([20_000, 0, 40_000])).all()
    assert spent[-1] == pytest.approx(phased.points_cny)
    assert all(b.served_share >= a.served_share for a, b in itertools.pairwise(phased.years))
    assert phased.years[-1].served_share == phased.served_share
    assert phased.years[0].new_points > 0
    assert sum(row.new_points for row in phased.years) == phased.new_points
    for p in phased.points:
        assert list(p.spaces_by_year) == sorted(p.spaces_by_year)
        assert p.spaces_by_year[-1] == p.spaces
        assert p.bikes_by_year[-1] == p.bikes
        assert p.existing or p.year == phased.years[[s > 0 for s in p.spaces_by_year].index(True)].year
    for row in phased.years:
        after = phased.as_scenario(row.year).apply(city)
        assert len(after.bike_points.id) == row.points
        assert after.bike_points.spaces.sum() == row.spaces
    assert phased.as_scenario(2025).edits == ()
    assert phased.as_scenario(2030).edits == phased.as_scenario().edits


def test_a_size_is_that_counted_by_hand(bare):
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}))
    wishes = BikeWishes(flows=flows, sites=(site(bare, 8, area_m2=80.0, name="square"),))
    plan = propose_bikes(bare, wishes=wishes).plan
    (point,) = plan.points
    assert plan.z == pytest.approx(4.4828, abs=1e-4)
    assert point.spaces == 31  # 10 + 4.4828 sqrt(20) = 30.05
    assert point.bikes == 21  # 10 + 4.4828 sqrt(20) / 2 = 20.02
    assert (point.pickups, point.returns, point.name) == (10.0, 10.0, "square")
    assert point.bikes_by_hour[7:9] == (21.0, 11.0)
    assert point.bikes_by_hour[17:19] == (11.0, 21.0)
    assert plan.points_cny == 2000 + 31 * 150
    assert plan.status == "optimal"
    assert plan.flow_source == "test"


def test_a_point_that_is_there_grows_where_its_ground_has_room(city):
    area_m2 = np.where(np.arange(len(city.bike_points.id)) == 0, 75.0, 0.0)
    roomy = replace(city, bike_points=replace(city.bike_points, area_m2=area_m2))
    flows = rows(roomy, (int(roomy.bike_points.zone[0]), {8: 10.0}, {18: 10.0}))
    far = site(roomy, 35, area_m2=80.0)
    plan = propose_bikes(roomy, wishes=BikeWishes(flows=flows, sites=(far,), racks=False)).plan
    grown = plan.points[0]
    assert (grown.existing, grown.spaces_before, grown.spaces, grown.bikes) == (True, 10, 31, 21)
    assert plan.points_cny == 21 * 150
    assert (plan.new_points, plan.new_spaces) == (0, 21)
    assert [edit.type for edit in plan.as_scenario().edits] == ["set_bike_point"]


def test_rings_and_outlines_come_back_from_the_record(bare):
    (west, south, east, north), (lon, lat) = bare.roads.bounds, bare.zones.lonlat[8].tolist()
    ring = ((west, south), (east, south), (east, north), (west, north))
    outline = ((lon, lat), (lon + 1e-4, lat), (lon, lat + 1e-4))
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}))
    wishes = BikeWishes(flows=flows, sites=(site(bare, 8, outline=outline, area_m2=44.0),), within=(ring,))
    plan = propose_bikes(bare, wishes=wishes).plan
    assert plan.within == (ring,)
    assert (plan.points[0].outline, plan.points[0].area_m2) == (outline, 44.0)
    assert BikesPlan.from_dict(json.loads(json.dumps(plan.to_dict()))) == plan
    assert plan.as_scenario().apply(bare).bike_points.ring_lonlat.tolist() == [list(c) for c in outline]


def test_stations_and_homes_together_need_fewer_places(bare):
    out, back = (8, {8: 10.0}, {18: 10.0}), (8, {18: 10.0}, {8: 10.0})
    both = rows(bare, out, back)
    both = replace(both, id=("home", "work"))
    wishes = BikeWishes(flows=both, sites=(site(bare, 8),))
    (point,) = propose_bikes(bare, wishes=wishes).plan.points
    assert point.spaces == 29  # 4.4828 sqrt(40) = 28.35: one brings what the other takes


def test_the_choice_is_the_best_of_all(bare):
    zones = (0, 8, 16, 24)
    trips = (6.0, 9.0, 4.0, 12.0)
    flows = rows(bare, *((z, {8: n}, {18: n}) for z, n in zip(zones, trips, strict=True)))
    costs = dict(zip(zones, (3000.0, 9000.0, 1000.0, 8000.0), strict=True))
    sites = tuple(site(bare, z, open_cny=costs[z], cny_per_space=100.0) for z in zones)
    need = {z: int(np.ceil(n + 4.4828 * np.sqrt(2 * n))) for z, n in zip(zones, trips, strict=True)}
    for budget in (2_000.0, 6_000.0, 12_000.0, 16_000.0, 40_000.0):
        best = max(
            sum(2 * trips[zones.index(z)] for z in some)
            for k in range(5)
            for some in itertools.combinations(zones, k)
            if sum(costs[z] + 100 * need[z] for z in some) <= budget
        )
        wishes = BikeWishes(flows=flows, sites=sites, budgets_cny=(budget,))
        plan = propose_bikes(bare, wishes=wishes).plan
        assert plan.value == 1000 * best
        assert plan.cost_cny <= budget


def test_least_money_reaches_the_share(bare):
    travel = travel_times(bare)
    base = simulate(bare, travel)
    wishes = BikeWishes(objective="cost", covered=0.3)
    plan = propose_bikes(bare, wishes=wishes, stop=QUICK, travel=travel, base=base).plan
    assert plan.served_share >= 0.3
    assert plan.value == round(100 * plan.points_cny) >= plan.bound
    found = propose_bikes(
        bare, wishes=BikeWishes(objective="cost"), targets=covered(0.3), stop=QUICK, travel=travel, base=base
    )
    assert found.changed.metrics["bike_trips_covered_share"] >= 0.3
    assert [v.met for v in found.verdicts] == [True]


def test_worth_is_weighed_against_money(bare):
    travel = travel_times(bare)
    base = simulate(bare, travel)
    plans = [
        propose_bikes(
            bare, wishes=BikeWishes(objective="net", worth_cny=worth), stop=QUICK, travel=travel, base=base
        ).plan
        for worth in (1.0, 1000.0)
    ]
    assert plans[0].new_points == 0
    assert plans[1].new_points > 0
    served = plans[1].served_share * plans[1].trips
    assert plans[1].value / 100 == pytest.approx(1000 * served - plans[1].points_cny, rel=1e-4)


def test_more_money_serves_no_fewer(city, travel, base):
    shares = [
        propose_bikes(city, wishes=BikeWishes(budgets_cny=(money,)), stop=QUICK, travel=travel, base=base).plan.bound
        for money in (10_000.0, 60_000.0, 1e6)
    ]
    assert shares == sorted(shares)


def test_out_of_reach_is_said_in_words(bare):
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}), (35, {8: 30.0}, {18: 30.0}))
    wishes = BikeWishes(objective="cost", flows=flows, sites=(site(bare, 8),), covered=0.5, budgets_cny=(50_000.0,))
    found = propose_bikes(bare, wishes=wishes)
    assert found.plan.status == "infeasible"
    assert found.plan.points == ()
    assert found.plan.verified == ("infeasible",)
    assert found.changed is found.base
    assert found.plan.reasons[0] == "points for 40 of 80 weekday pickups and returns are asked for (50.0%)"
    assert any("20 (25.0%) can be served" in line for line in found.plan.reasons)
    assert found.plan.reasons[-1] == "25.0% are within the walk of a site; the rest needs more sites"


def test_sites_left_out_are_in_the_plan(bare):
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}))
    sites = (site(bare, 8, left_out="盲道"), site(bare, 9))
    plan = propose_bikes(bare, wishes=BikeWishes(flows=flows, sites=sites)).plan
    assert [(row.id, row.reason) for row in plan.left_out] == [("site 8", "盲道")]
    assert plan.sites == 1
    assert "site 8" not in {p.id for p in plan.points}


def test_docks_cost_what_docks_cost(bare):
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}))
    plan = propose_bikes(bare, wishes=BikeWishes(flows=flows, sites=(site(bare, 8, docked=True),))).plan
    assert plan.points_cny == 60_000 + 31 * 3000
    assert plan.points[0].docked
    assert plan.as_scenario().apply(bare).bike_points.docked.tolist() == [True]


def test_a_point_at_an_entrance_says_so(bare):
    stations = bare.transit.stations
    lon, lat = stations.entrance_lonlat[1].tolist()
    flows = rows(bare, (8, {8: 10.0}, {18: 10.0}))
    flows = replace(flows, lonlat=np.array([[lon, lat]]))
    plan = propose_bikes(bare, wishes=BikeWishes(flows=flows, sites=(BikeSite(id="gate", lon=lon, lat=lat),))).plan
    (point,) = plan.points
    assert point.station == stations.id[stations.entrance_station[1]]
    assert point.entrance_m == 0.0


def test_only_where_it_is_planned(city, travel, base):
    wishes = BikeWishes(within="west", budgets_cny=(60_000.0,))
    plan = propose_bikes(city, wishes=wishes, stop=QUICK, travel=travel, base=base).plan
    area = dict(zip(city.zones.id.tolist(), city.zones.area.tolist(), strict=True))
    assert plan.new_points > 0
    assert {area[p.zone] for p in plan.points if not p.existing} == {"west"}
    assert {row.area for row in plan.fleet} == {"west"}
    assert (plan.area, plan.within) == ("west", ())


def test_the_fleet_is_held_to_the_least_of_three(city, usual):
    plan = usual.plan
    sums = np.zeros(24)
    for row in plan.fleet:
        least = np.minimum(row.need, min(row.space, row.parking))
        sums += least
        for need, word in zip(row.need, row.binding, strict=True):
            limits = {"need": need, "space": row.space, "parking": row.parking}
            assert limits[word] == pytest.approx(min(limits.values()), abs=1e-3)
    assert sums == pytest.approx([h.cap for h in plan.fleet_hours], abs=0.1)
    assert plan.fleet_cap == int(sums.min() + 1e-6)
    assert sums[plan.fleet_hour] == pytest.approx(sums.min())
    assert sum(plan.fleet_binds.values()) == len(plan.fleet)


def with_racks(city, number):
    edits = tuple(AddStationParking(station=str(name), racks=number) for name in city.transit.stations.id)
    return Scenario(edits=edits).apply(city)


def test_what_is_left_buys_racks_for_all_who_would_come(city):
    racked, roomy = with_racks(city, 5), with_racks(city, 10_000)
    travel = travel_times(racked)
    base = simulate(racked, travel)
    needs = racks_needed(roomy, simulate(roomy))
    plans = {
        (money, racks): propose_bikes(
            racked, wishes=BikeWishes(budgets_cny=(money,), racks=racks), stop=QUICK, travel=travel, base=base
        ).plan
        for money, racks in ((30_000.0, True), (1e7, True), (1e7, False))
    }
    everything = plans[1e7, True]
    for station in set(needs.station.tolist()):
        some = [r for r in everything.racks if r.station == racked.transit.stations.id[station]]
        assert sum(r.racks_wanted for r in some) == needs.racks[needs.station == station].sum()
        assert sum(r.racks_there for r in some) == 5
        assert sum(r.cost_cny for r in some) == 10_000 + 1000 * sum(r.racks_more for r in some)
    assert all(r.bought for r in everything.racks if r.racks_more)
    assert everything.racks_cny == sum(r.cost_cny for r in everything.racks)
    after = everything.as_scenario().apply(racked)
    assert after.supply.station_racks.sum() == racked.supply.station_racks.sum() + sum(
        r.racks_more for r in everything.racks
    )
    assert not any(r.bought for r in plans[1e7, False].racks)
    assert plans[1e7, False].racks_cny == 0
    small = plans[30_000.0, True]
    assert small.cost_cny <= 30_000
    assert [r.racks_wanted for r in small.racks] == [r.racks_wanted for r in everything.racks]


def test_a_run_that_is_cancelled_says_what_it_has(city, travel, base):
    found = propose_bikes(
        city, wishes=BikeWishes(budgets_cny=(60_000.0,)), stop=Cancel(lambda: True), travel=travel, base=base
    )
    plan = found.plan
    assert plan.status in {"feasible", "unknown"}
    assert plan.cost_cny <= 60_000
    assert plan.bound >= plan.value


@pytest.mark.parametrize(
    ("wishes", "more", "told"),
    [
        ({"within": "nowhere"}, {}, "no area is called 'nowhere'"),
        ({"objective": "cost"}, {}, "so that nothing is the cheapest plan"),
        ({}, {"seed": -1}, "is -1"),
    ],
    ids=["area", "cost", "seed"],
)
def test_what_makes_no_sense_is_refused(city, travel, base, wishes, more, told):
    with pytest.raises(InputError, match=told):
        propose_bikes(city, wishes=BikeWishes(**wishes), travel=travel, base=base, **more)


def test_without_rides_nothing_is_laid_out(bare):
    flows = rows(bare, (8, {8: 0.0}, {18: 0.0}))
    plan = propose_bikes(bare, wishes=BikeWishes(flows=flows, budgets_cny=(1e5,))).plan
    assert (plan.new_points, plan.trips, plan.served_share, plan.cost_cny) == (0, 0, 0, 0)


def test_the_last_year_leaves_time_for_the_others():
    assert last_year_stop(Seconds(10.0), (2027, 2028, 2029)).seconds == 5.0
    assert last_year_stop(Seconds(10.0), ()).seconds == 10.0
    assert last_year_stop(Gap(0.01) | Work(3), (2027, 2028)) == Gap(0.01) | Work(3)
