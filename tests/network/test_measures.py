"""Measures on prices, habits, parking, bus lanes and land: what they move, what they cost, and what they refuse."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from plain_day import points_cny, trips_by_mode
from pydantic import TypeAdapter
from worlds import without_lines

from network import (
    DevelopNearStations,
    Scenario,
    ScenarioError,
    SetBundle,
    SetBusPriority,
    SetCarbonPoints,
    SetCongestionCharge,
    SetParkingSupply,
    SetParkingTurnover,
    SetPeakSpreading,
    SetPrice,
    SetRemoteWork,
    SetTicketDiscount,
    between_zones,
    grid_city,
    simulate,
    travel_times,
    units,
)
from network.demand.day import hours
from network.edits.runs import services_of, with_services

JSON = TypeAdapter(Scenario)
PAGE = Path(__file__).parents[2] / "docs" / "levers.md"
GREEN = list(units.GREEN_MODES)


@pytest.fixture(scope="module")
def city():
    return grid_city(8, seed=2)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return simulate(city, travel)


def edited(city, *edits):
    return Scenario(edits=edits).apply(city)


def day(city, travel, *edits):
    changed = edited(city, *edits)
    return simulate(changed, travel_times(changed, travel))


MOVES = [
    (
        SetCongestionCharge(cny=20.0, area="west"),
        "+congestion_charge_cny_per_day -car_trip_share -car_km_per_day +green_trip_share -co2_t_per_day",
    ),
    (
        SetTicketDiscount(cny=15.0, area="east"),
        "+visitor_green_trip_share +ticket_discount_cny_per_day +ticket_discount_trips_per_day =green_trip_share",
    ),
    (SetCarbonPoints(cny_per_kg=50.0), "+green_trip_share +carbon_points_cny_per_day -car_trip_share"),
    (
        SetBundle(fare_off_share=0.5),
        "+transit_trip_share -car_trip_share +fares_off_cny_per_day -fares_cny_per_day +transit_boardings_per_day",
    ),
    (SetBundle(transfer_off_share=0.8), "+transit_trip_share +bus_trip_share =fares_off_cny_per_day"),
    (SetRemoteWork(share=0.3), "-trips_per_day -car_km_per_day -co2_t_per_day -peak_hour_trip_share"),
    (SetPeakSpreading(share=0.4), "-peak_hour_trip_share =trips_per_day =car_trip_share"),
    (SetParkingSupply(spaces=30, area="west"), "-car_trip_share +green_trip_share +zones_parking_full -car_km_per_day"),
    (SetBusPriority(time_off_share=0.4), "+bus_trip_share +transit_trip_share -car_trip_share"),
    (SetBusPriority(time_off_share=0.4, mode="metro"), "+rail_trip_share +transit_trip_share"),
    (DevelopNearStations(metres=400.0, residents=3000.0, jobs=3000.0, moved=True), "+rail_trip_share =trips_per_day"),
    (SetPrice(item="taxi", cny=0.0), "=taxi_trip_share"),
]


@pytest.mark.parametrize(("edit", "moves"), MOVES, ids=[f"{e.type}-{i}" for i, (e, _) in enumerate(MOVES)])
def test_metrics_move_the_way_the_measure_pushes(city, travel, base, edit, moves):
    changed = day(city, travel, edit).metrics
    for move in moves.split():
        sign, name = move[0], move[1:]
        before, after = base.metrics[name], changed[name]
        if sign == "=":
            assert after == pytest.approx(before, rel=1e-9), name
        else:
            assert (after > before) if sign == "+" else (after < before), name


def test_dearer_taxis_lose_trips_where_the_way_is_beyond_the_first_metres(city, travel):
    near = replace(city, supply=replace(city.supply, taxi_start_m=np.array(500.0)))
    prices = [day(near, travel, SetPrice(item="taxi", cny=cny)).metrics["taxi_trip_share"] for cny in (0.0, 2.0, 9.0)]
    assert prices == sorted(prices, reverse=True)
    assert prices[0] > prices[-1]


NOTHING = [
    SetCongestionCharge(cny=0.0, area="west"),
    SetTicketDiscount(cny=0.0, zones=("zone/1",)),
    SetCarbonPoints(cny_per_kg=0.0),
    SetBundle(fare_off_share=0.0, transfer_off_share=0.0),
    SetRemoteWork(share=0.0),
    SetPeakSpreading(share=0.0, purposes=("home_work", "non_home")),
    SetBusPriority(time_off_share=0.0),
    DevelopNearStations(metres=400.0, residents=0.0, jobs_share=0.0, moved=True),
]


@pytest.mark.parametrize("edit", NOTHING, ids=[e.type for e in NOTHING])
def test_a_measure_of_nothing_is_exactly_the_base(city, travel, base, edit):
    assert day(city, travel, edit).digest == base.digest


def test_a_measure_that_is_lifted_is_exactly_the_base(city, travel, base):
    made = (
        SetCongestionCharge(cny=9.0, area="west"),
        SetTicketDiscount(cny=9.0, zones=("zone/1",)),
        SetCarbonPoints(cny_per_kg=2.0),
        SetBundle(fare_off_share=0.2, transfer_off_share=0.1),
        SetRemoteWork(share=0.2),
        SetPeakSpreading(share=0.3, purposes=("home_work", "non_home")),
    )
    assert day(city, travel, *made).digest != base.digest
    assert day(city, travel, *made, *NOTHING).digest == base.digest


def test_one_example_of_each_survives_json():
    scenario = Scenario(name="measures", edits=(*(edit for edit, _ in MOVES), *NOTHING))
    assert JSON.validate_json(JSON.dump_json(scenario)) == scenario


def test_what_tickets_cost_by_hand(city, travel):
    changed = day(city, travel, SetTicketDiscount(cny=8.0, zones=("zone/3", "zone/40")))
    visitors = changed.trips_to[units.VISITOR, GREEN][:, [3, 40]].sum()
    assert changed.metrics["ticket_discount_trips_per_day"] == pytest.approx(visitors)
    assert changed.metrics["ticket_discount_cny_per_day"] == pytest.approx(8 * visitors)


def test_what_a_bundle_costs_is_what_riders_would_pay_without(city, travel):
    changed = day(city, travel, SetBundle(fare_off_share=0.3)).metrics
    assert changed["fares_off_cny_per_day"] == pytest.approx(changed["fares_cny_per_day"] * 0.3 / 0.7)


def test_what_carbon_points_cost_by_hand():
    """Every green trip one by one, and all of the points' worth, not just what is felt of it."""
    city = edited(grid_city(4, seed=1), SetCarbonPoints(cny_per_kg=30.0))
    travel = travel_times(city)
    trips = trips_by_mode(city, travel, between_zones(city, travel).trips)
    worth = 0.0
    for u, k, i, j in np.ndindex(trips.shape):
        if k in GREEN and trips[u, k, i, j] > 0:
            metres = travel.length_m(k, int(city.behaviour.purpose_period[u]))[i, j]
            worth += trips[u, k, i, j] * points_cny(city, metres) / city.behaviour.points_felt
    assert simulate(city, travel).metrics["carbon_points_cny_per_day"] == pytest.approx(float(worth))


def test_who_pays_the_charge(city):
    charged = edited(city, SetCongestionCharge(cny=7.0, area="west"), SetCongestionCharge(cny=9.0, zones=("zone/6",)))
    west = city.zones.area == "west"
    assert not west[6]
    assert (charged.levers.charge_cny == np.where(west, 7.0, np.where(np.arange(49) == 6, 9.0, 0.0))).all()


def test_hours_that_are_spread_by_hand(city):
    some = edited(city, SetPeakSpreading(share=0.2))
    at_work = np.zeros(24)
    at_work[[7, 8, 17, 18]] = 0.25 * 0.8 + 0.025
    at_work[[6, 9, 16, 19]] = 0.025
    assert hours(some)[0] == pytest.approx(at_work)
    assert (hours(some)[1:] == hours(city)[1:]).all()
    late = edited(city, SetPeakSpreading(share=1.0, hours=(9,), purposes=("home_other",)))
    assert hours(late)[2, [8, 9, 10]] == pytest.approx([1 / 24, 0, 1 / 12 + 1 / 24])


def test_work_at_home_leaves_all_other_trips(city, travel, base):
    changed = day(city, travel, SetRemoteWork(share=0.25), SetRemoteWork(share=1.0, purpose="home_school"))
    before, after = (o.trips_from.sum(axis=(1, 2)) for o in (base, changed))
    assert after == pytest.approx(before * [0.75, 0, 1, 1, 1])


def runs(service):
    return service.arrive_s[:, 1:] - service.depart_s[:, :-1], service.depart_s - service.arrive_s


def with_halts(city, seconds=15):
    """The city with halts at every stop of its first line."""
    (s,) = services_of(city.transit.timetable, 0)
    halts = np.arange(len(s.stop)) * seconds
    slow = replace(
        s, arrive_s=(s.arrive_s + halts).astype(np.int32), depart_s=(s.depart_s + halts + seconds).astype(np.int32)
    )
    return replace(city, transit=with_services(city.transit, {0: [slow]}))


@pytest.mark.parametrize(("share", "left_s"), [(0.25, 30), (0.1, 36), (1 / 3, 27), (0.999, 1), (0.01, 40)])
def test_runs_of_forty_seconds_by_hand(city, share, left_s):
    halting = with_halts(city)
    (before,) = services_of(halting.transit.timetable, 0)
    faster = edited(halting, SetBusPriority(time_off_share=share, line="line/0")).transit.timetable
    (after,) = services_of(faster, 0)
    assert (runs(before)[0] == 40).all()
    assert (runs(after)[0] == left_s).all()
    assert (runs(after)[1] == 15).all()
    assert (after.depart_s[:, 0] == before.depart_s[:, 0]).all()
    for line in range(1, len(city.transit.line_id)):
        assert (services_of(faster, line)[0].arrive_s == services_of(halting.transit.timetable, line)[0].arrive_s).all()


def test_priority_in_an_area_leaves_the_runs_outside(city):
    changed = edited(city, SetBusPriority(time_off_share=0.5, area="west"))
    east = city.roads.lonlat[:, 0].max()
    west, middle = city.roads.lonlat[:, 0].min(), city.zones.lonlat[city.zones.area == "west", 0].max()
    (s,) = services_of(changed.transit.timetable, 0)
    lon = city.transit.timetable.stop_lonlat[s.stop, 0]
    inside = (lon[:-1] < middle) & (lon[1:] < middle)
    run_s = runs(s)[0]
    assert west < middle < east
    assert 0 < inside.sum() < len(inside)
    assert (run_s[:, inside] == 20).all()
    outside = np.minimum(lon[:-1], lon[1:]) > city.zones.lonlat[city.zones.area == "east", 0].min()
    assert outside.any()
    assert (run_s[:, outside] == 40).all()


@pytest.mark.parametrize("seed", range(3))
def test_faster_trips_never_go_back_in_time_and_stay_as_many(city, seed):
    """Runs of all lengths, some of no time at all, and trips that would overtake."""
    rng = np.random.default_rng(seed)
    (s,) = services_of(city.transit.timetable, 0)
    steps = rng.integers(0, 90, s.arrive_s.shape)
    arrive_s = s.depart_s[:, :1] + np.cumsum(steps, axis=1) - steps[:, :1]
    depart_s = arrive_s + rng.integers(0, 1, s.arrive_s.shape)
    wild = replace(s, arrive_s=arrive_s.astype(np.int32), depart_s=depart_s.astype(np.int32))
    city = replace(city, transit=with_services(city.transit, {0: [wild]}))
    share = float(rng.uniform(0.05, 0.9))
    after = services_of(edited(city, SetBusPriority(time_off_share=share)).transit.timetable, 0)
    (before,) = services_of(city.transit.timetable, 0)
    assert sum(len(some.arrive_s) for some in after) == len(before.arrive_s)
    found = np.concatenate([runs(some)[0] for some in after])
    wanted = np.ceil(np.round(runs(before)[0] * (1 - share), 6))
    assert sorted(map(tuple, found.tolist())) == sorted(map(tuple, wanted.tolist()))


def test_development_near_stations_by_share_and_by_number(city):
    z = city.zones
    near = edited(city, DevelopNearStations(metres=300.0, residents_share=0.5)).zones.residents > z.residents
    assert 0 < near.sum() < len(near)
    more = edited(city, DevelopNearStations(metres=300.0, residents=900.0, jobs_share=0.1)).zones
    assert more.residents.sum() == pytest.approx(z.residents.sum() + 900)
    assert (more.residents[near] / z.residents[near]).std() == pytest.approx(0, abs=1e-12)
    assert (more.residents[~near] == z.residents[~near]).all()
    assert more.jobs == pytest.approx(np.where(near, z.jobs * 1.1, z.jobs))
    moved = edited(city, DevelopNearStations(metres=300.0, jobs=900.0, moved=True)).zones
    assert moved.jobs.sum() == pytest.approx(z.jobs.sum())
    assert moved.jobs[near].sum() == pytest.approx(z.jobs[near].sum() + 900)
    assert (moved.jobs[~near] / z.jobs[~near]).std() == pytest.approx(0, abs=1e-12)
    assert (moved.residents == z.residents).all()


def test_zones_near_are_those_within_the_walk(city):
    def near(**how):
        return set(
            np.flatnonzero(
                edited(city, DevelopNearStations(residents=49.0, **how)).zones.residents > city.zones.residents
            )
        )

    grown = [near(metres=metres) for metres in (250.0, 300.0, 600.0, 5000.0)]
    for small, large in pairwise(grown):
        assert small <= large
    assert grown[-1] == set(range(49))
    of_one = [near(metres=300.0, stations=(f"station/{i}",)) for i in range(len(city.transit.stations.id))]
    assert set.union(*of_one) == grown[1]
    assert of_one[0] != of_one[-1]


def test_people_come_evenly_where_nobody_is(city):
    empty = replace(city, zones=replace(city.zones, jobs=np.zeros(49)))
    jobs = edited(empty, DevelopNearStations(metres=300.0, jobs=60.0)).zones.jobs
    assert np.unique(jobs[jobs > 0]) == pytest.approx([60 / (jobs > 0).sum()])


def test_spaces_are_shared_by_the_people_there(city):
    z = city.zones
    some = edited(city, SetParkingSupply(spaces=100, zones=("zone/1", "zone/2"))).supply.parking_spaces
    people = (z.residents + z.jobs + z.students + z.visitors)[[1, 2]]
    assert some[[1, 2]] == pytest.approx(100 * people / people.sum())
    assert some.sum() == pytest.approx(100)
    assert edited(city, SetParkingSupply(spaces=70, zones=("zone/5",))).supply.parking_spaces[5] == 70


REFUSED = [
    (SetCongestionCharge(cny=-1.0, area="west"), "cny is -1.0", "a number from 0"),
    (SetCongestionCharge(cny=1.0), "neither area nor zones", "give one of both"),
    (SetCongestionCharge(cny=1.0, area="west", zones=("zone/1",)), "both area and zones", "give one of both"),
    (SetCongestionCharge(cny=1.0, area="wst"), "no area is called 'wst'", "'west'"),
    (SetCongestionCharge(cny=1.0, zones=()), "zones is empty", "at least one"),
    (SetCongestionCharge(cny=1.0, zones=("zone/1", "zon/2")), "no zone has the id 'zon/2'", "'zone/2'"),
    (SetTicketDiscount(cny=5000.0, area="west"), "cny is 5000.0", "0 to 1,000 CNY"),
    (SetTicketDiscount(cny=math.nan, area="west"), "cny is nan", "0 to 1,000 CNY"),
    (SetTicketDiscount(cny=1.0, area="moon"), "no area is called 'moon'", "'east', 'west'"),
    (SetCarbonPoints(cny_per_kg=-2.0), "cny_per_kg is -2.0", "0 to 1,000 CNY"),
    (SetBundle(), "changes nothing", "fare_off_share"),
    (SetBundle(fare_off_share=1.2), "fare_off_share is 1.2", "0.2 for 20 %"),
    (SetBundle(transfer_off_share=-0.1), "transfer_off_share is -0.1", "0.2 for 20 %"),
    (SetRemoteWork(share=20.0), "share is 20.0", "0.2 for 20 %"),
    (SetRemoteWork(share=0.2, purpose="home_wrk"), "the purpose 'home_wrk'", "'home_work'"),
    (SetRemoteWork(share=0.2, purpose="visitor"), "the purpose 'visitor'", "purposes are home_work"),
    (SetPeakSpreading(share=-0.2), "share is -0.2", "0.2 for 20 %"),
    (SetPeakSpreading(share=0.2, hours=(7, 24)), "hours names 24", "from 0 to 23"),
    (SetPeakSpreading(share=0.2, hours=()), "hours is empty", "at least one"),
    (SetPeakSpreading(share=0.2, purposes=()), "purposes is empty", "at least one"),
    (SetPeakSpreading(share=0.2, purposes=("home_shool",)), "the purpose 'home_shool'", "'home_school'"),
    (SetParkingSupply(spaces=0, area="west"), "spaces is 0", "close_street"),
    (SetParkingSupply(spaces=-3, area="west"), "spaces is -3", "give 1 to"),
    (SetParkingTurnover(turnover=0.0, area="west"), "turnover is 0.0", "above 0, up to 2,880 trips a day"),
    (SetParkingTurnover(turnover=3000.0, area="west"), "turnover is 3000.0", "above 0, up to"),
    (SetParkingTurnover(turnover=6.0), "neither area nor zones", "give one of both"),
    (SetParkingTurnover(turnover=6.0, area="wst"), "no area is called 'wst'", "'west'"),
    (SetParkingSupply(spaces=3), "neither area nor zones", "give one of both"),
    (SetBusPriority(time_off_share=1.0), "time_off_share is 1.0", "below 1"),
    (SetBusPriority(time_off_share=-0.5), "time_off_share is -0.5", "0.2 for 20 %"),
    (SetBusPriority(time_off_share=0.1, line="Lin 3"), "no line has the id or name 'Lin 3'", "'Line 3'"),
    (SetBusPriority(time_off_share=0.1, line="Line 3", mode="bus"), "both line and mode", "give one of both"),
    (SetBusPriority(time_off_share=0.1, mode="ferry"), "no line of mode 'ferry'", "bus, metro"),
    (SetBusPriority(time_off_share=0.1, area="est"), "no area is called 'est'", "'east'"),
    (DevelopNearStations(metres=300.0), "changes nothing", "residents_share"),
    (DevelopNearStations(metres=-3.0, jobs=1.0), "metres is -3.0", "from 0"),
    (DevelopNearStations(metres=300.0, jobs=-1.0), "jobs is -1.0", "from 0"),
    (DevelopNearStations(metres=300.0, jobs=1.0, jobs_share=0.1), "both jobs and jobs_share", "give one of both"),
    (DevelopNearStations(metres=300.0, jobs=1.0, stations=("station/9",)), "no station has the id", "station/"),
    (DevelopNearStations(metres=300.0, jobs=1.0, stations=()), "stations is empty", "name"),
    (DevelopNearStations(metres=1.0, jobs=1.0), "no zone has its middle within 1 m", "straight line"),
    (DevelopNearStations(metres=300.0, jobs=1e8, moved=True), "cannot be moved", "move fewer"),
    (SetPrice(item="taxi", cny=1.0, area="west"), "taxi has one price", "leave area out"),
]


@pytest.mark.parametrize(("edit", "what", "hint"), REFUSED, ids=[f"{e[0].type}-{i}" for i, e in enumerate(REFUSED)])
def test_a_measure_that_cannot_be_taken_says_why_and_what_helps(city, edit, what, hint):
    with pytest.raises(ScenarioError) as error:
        edited(city, edit)
    (problem,) = error.value.problems
    assert problem.where == f"edits[0] {edit.type}"
    assert what in problem.what
    assert hint in problem.hint


def test_cities_without_lines_or_stations_refuse_what_needs_them(city):
    bare = without_lines(city)
    for edit, says in (
        (SetBusPriority(time_off_share=0.1), "no line is known"),
        (DevelopNearStations(metres=100.0, jobs=1.0), "no rail station is known"),
    ):
        with pytest.raises(ScenarioError, match=says):
            edited(bare, edit)


def test_no_share_of_nothing(city):
    empty = replace(city, zones=replace(city.zones, jobs=np.zeros(49)))
    with pytest.raises(ScenarioError, match="jobs_share adds nothing"):
        edited(empty, DevelopNearStations(metres=300.0, jobs_share=0.1))


@pytest.mark.parametrize("text", re.findall(r"```json\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL))
def test_every_example_on_the_page_is_read(text):
    assert JSON.validate_json(text).edits


def test_the_page_names_every_measure():
    for edit in {type(edit) for edit, _ in MOVES} | {type(edit) for edit in NOTHING}:
        assert f"`{edit.type}`" in PAGE.read_text(encoding="utf-8")
