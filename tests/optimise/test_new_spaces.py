"""Proposals of new spaces on made-up cities: what is promised is what the replay counts."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from network import (
    METRICS,
    InputError,
    Scenario,
    SetParkingSupply,
    ShareLot,
    grid_city,
    parking_wanted,
    simulate,
    travel_times,
)
from optimise import SpaceCandidate, SpacesPlan, SpaceWishes, Target, propose_spaces
from optimise.new_spaces_candidates import assumed, kerb_spaces, resolved
from optimise.new_spaces_problem import car_trips_per_space


@pytest.fixture(scope="module")
def city():
    return grid_city(7, seed=3)


@pytest.fixture(scope="module")
def travel(city):
    return travel_times(city)


@pytest.fixture(scope="module")
def base(city, travel):
    return simulate(city, travel)


@pytest.fixture(scope="module")
def full(city):
    """The city with half of the spaces that would be wanted in its west."""
    return Scenario(edits=(SetParkingSupply(spaces=25, area="west"),)).apply(city)


def at_least(spaces, metric="new_parking_spaces"):
    return [Target(metric=metric, op="at_least", value=spaces)]


def here(city, zone, **more):
    lon, lat = city.zones.lonlat[zone].tolist()
    return SpaceCandidate(**({"id": f"new {zone}", "way": "marking", "lon": lon, "lat": lat, "most_spaces": 20} | more))


def proposed(city, *candidates, targets=(), **wishes):
    return propose_spaces(city, wishes=SpaceWishes(candidates=candidates, **wishes), targets=targets)


def test_the_replay_counts_what_is_promised(city, travel, base):
    proposal = propose_spaces(city, wishes=SpaceWishes(budget_cny=3e6), travel=travel, base=base)
    plan = proposal.plan
    assert plan.gap <= 0.002
    assert plan.value <= plan.bound
    assert plan.new_spaces > 0
    assert plan.cost_cny <= 3e6
    again = simulate(plan.as_scenario().apply(city))
    assert again.metrics == proposal.changed.metrics
    counted = {
        "new_parking_spaces": plan.new_spaces,
        "new_parking_spaces_net": plan.new_spaces_net,
        "new_on_street_spaces": plan.on_street,
        "new_off_street_spaces": plan.off_street,
        "new_building_spaces": plan.building,
    }
    assert {name: again.metrics[name] for name in counted} == counted
    assert plan.on_street + plan.off_street + plan.building == plan.new_spaces
    assert SpacesPlan.from_dict(plan.to_dict()) == plan
    assert all(0 < p.spaces <= p.most_spaces for p in plan.places)
    assert all(p.walk_m is None or p.walk_m <= city.parking.walk_m.max() for p in plan.places)


def test_the_same_question_has_the_same_answer(city, travel, base):
    one, two = (
        propose_spaces(city, wishes=SpaceWishes(budget_cny=1e6), travel=travel, base=base).plan for _ in range(2)
    )
    assert one.to_dict() == two.to_dict()


def test_need_is_that_of_the_day_type(city, base, travel):
    wanted = parking_wanted(city, base)
    for d, day in enumerate(("weekday", "weekend", "holiday")):
        plan = propose_spaces(city, wishes=SpaceWishes(day=day), travel=travel, base=base).plan
        assert [row.wanted for row in plan.need] == wanted[:, d].sum(axis=1).tolist()
        assert all(row.met <= row.within_reach <= row.wanted for row in plan.need)
        assert plan.value <= sum(1000 * row.met for row in plan.need)


def test_more_money_serves_no_fewer(city, travel, base):
    values = [
        propose_spaces(city, wishes=SpaceWishes(budget_cny=money), travel=travel, base=base).plan.value
        for money in (1e5, 5e5, 2e6, None)
    ]
    assert values == sorted(values)
    assert values[0] < values[-1]


def test_the_least_money_for_so_many_spaces_is_that_of_trying_all(city):
    places = [
        here(city, z, most_spaces=m, cny_per_space=c, open_cny=o)
        for z, m, c, o in ((8, 6, 100.0, 500.0), (20, 5, 300.0, 0.0), (30, 9, 150.0, 200.0))
    ]
    plan = proposed(city, *places, objective="cost", targets=at_least(10)).plan
    costs = [
        sum(p.cny_per_space * n + (p.open_cny if n else 0) for p, n in zip(places, spaces, strict=True))
        for spaces in itertools.product(*(range(p.most_spaces + 1) for p in places))
        if sum(spaces) >= 10
    ]
    assert plan.cost_cny == min(costs)
    assert plan.value == round(100 * min(costs))
    assert plan.new_spaces == 10


def test_too_many_spaces_are_refused_in_words_with_the_most_there_can_be(city):
    lot = str(city.lots.id[1])
    places = (
        here(city, 8, most_spaces=30, cny_per_space=1000.0, open_cny=0.0),
        SpaceCandidate(id="deck", way="stacking", lot=lot, most_spaces=12, cny_per_space=5000.0, open_cny=0.0),
    )
    proposal = proposed(city, *places, objective="cost", targets=at_least(10_000), budget_cny=50_000.0)
    plan = proposal.plan
    assert (plan.status, plan.places, proposal.changed) == ("infeasible", (), proposal.base)
    assert [(m.within_budget, m.spaces, m.on_street) for m in plan.most] == [(True, 34, 30), (False, 42, 30)]
    asked, without = plan.reasons
    assert asked.startswith("10,000 new spaces are asked for; the places can take 34 within 50,000 CNY ")
    assert asked.endswith("(30 at the kerb, 4 off the street, 0 with buildings)")
    assert without == "without a budget they can take 42"
    (verdict,) = proposal.verdicts
    assert (verdict.met, verdict.gap) == (False, 10_000)


def test_one_land_has_one_use_and_wanted_land_is_weighed_or_left(city):
    zone = int(np.argmax(city.zones.residents))
    green = here(city, zone, conflict="greening CTX-2", exclusive="viaduct", id="under the viaduct", way="viaduct")
    other = here(city, zone, exclusive="viaduct", id="lines", most_spaces=15)
    both = proposed(city, green, other).plan
    assert len(both.places) == 1
    assert [p.id for p in proposed(city, green, other, conflicts="never").plan.places] == ["lines"]
    (one,) = proposed(city, green).plan.places
    assert (one.conflict, one.way, one.supply_class) == ("greening CTX-2", "viaduct", "off_street")
    dear = replace(city, new_spaces=replace(city.new_spaces, conflict_weight=np.array(1000.0)))
    assert proposed(dear, green).plan.places == ()
    assert proposed(dear, green, conflicts="never").plan.candidates == 0


def test_spaces_taken_elsewhere_count_net(city):
    lot = str(city.lots.id[1])
    zone = int(np.argmax(city.zones.residents))
    place = here(city, zone, most_spaces=20, taken_lot=lot, taken_spaces=8)
    plan = proposed(city, place, targets=at_least(12, "new_parking_spaces_net"), objective="cost").plan
    assert (plan.new_spaces, plan.new_spaces_net) == (20, 12)
    assert plan.as_scenario().apply(city).lots.spaces[1] == city.lots.spaces[1] - 8
    assert proposed(city, place, targets=at_least(13, "new_parking_spaces_net")).plan.status == "infeasible"


def test_spaces_that_are_there_already_count_towards_the_target(city):
    zone = int(np.argmax(city.zones.residents))
    once = proposed(city, here(city, zone, id="first", most_spaces=9)).plan.as_scenario().apply(city)
    plan = proposed(once, here(city, zone), targets=at_least(12), objective="cost").plan
    assert plan.new_spaces == 3


def test_shared_windows_meet_need_that_new_spaces_need_not(city):
    lots = [f"lot/{i}" for i in range(4)]
    sharing = Scenario(
        edits=tuple(ShareLot(lot=lot, spaces=30, start="18:00", end="32:00", days=("weekday",)) for lot in lots)
    ).apply(city)
    alone, shared = (propose_spaces(c, wishes=SpaceWishes(conflicts="never")).plan for c in (city, sharing))
    assert shared.new_spaces < alone.new_spaces
    assert sum(r.met for r in shared.need) >= sum(r.met for r in alone.need)


def test_nothing_is_drawn_where_no_spaces_are_known(city, travel, base):
    assert not car_trips_per_space(city, travel, base).any()
    plan = propose_spaces(city, wishes=SpaceWishes(budget_cny=1e6), travel=travel, base=base).plan
    assert (plan.extra_car_trips, plan.known_zones, plan.green_share_change) == (0.0, 0, 0.0)


def test_a_full_zone_draws_what_its_spaces_turn_over(full):
    travel = travel_times(full)
    base = simulate(full, travel)
    draws = car_trips_per_space(full, travel, base)
    tight = base.parking_availability < 1
    assert tight.any()
    assert draws[tight] == pytest.approx(full.supply.parking_turnover[tight], rel=0.1)
    assert not draws[~tight].any()


def test_cars_drawn_are_told_and_kept_to_a_limit(full):
    free = propose_spaces(full).plan
    assert free.extra_car_trips > 0
    assert free.green_share_change < 0
    assert free.promised_car_trips >= 0.98 * free.extra_car_trips
    limit = 0.4 * free.extra_car_trips / free.base_car_trips
    held = propose_spaces(full, wishes=SpaceWishes(most_extra_car_share=limit)).plan
    assert 0 < held.extra_car_trips <= limit * held.base_car_trips
    assert held.value < free.value
    assert held.reasons == ()


def test_what_lots_and_kerbs_let_expect(city):
    rules, found = city.new_spaces, assumed(city)
    kerb = kerb_spaces(city)
    assert {c.way for c in found} <= {"marking", "stacking", "estate"}
    for c in found:
        assert c.most_spaces >= rules.least_spaces
        if c.lot:
            at = city.lots.id.tolist().index(c.lot)
            assert c.most_spaces <= 0.8 * city.lots.spaces[at]
    marked = {c.id: c.most_spaces for c in found if c.way == "marking"}
    assert marked == {f"kerb {city.zones.id[z]}": n for z, n in enumerate(kerb) if n >= rules.least_spaces}
    roads = city.roads
    may = np.isin(roads.way_class[roads.way], rules.kerb_classes) & roads.beside
    assert kerb.sum() <= roads.length_m[may].sum() * rules.kerb_share / rules.kerb_space_m
    assert (kerb_spaces(replace(city, new_spaces=replace(rules, kerb_classes=np.array(["none"])))) == 0).all()


BAD = [
    ({"way": "paint"}, "way is 'paint'", "'"),
    ({"most_spaces": 0}, "most_spaces is 0", "from 1 to"),
    ({"cny_per_space": -1.0}, "cny_per_space is -1", "zero or more"),
    ({"open_cny": float("nan")}, "open_cny is nan", "zero or more"),
    ({"supply_class": "kerb"}, "supply_class is 'kerb'", "on_street"),
    ({"lot": "lot/99"}, "no lot is called 'lot/99'", "lot"),
    ({"lot": "lot/0", "supply_class": "building"}, "unlike its lot", "leave supply_class out"),
    ({"lon": None}, "neither a place nor a lot", "give lon and lat"),
    ({"lon": 3.0}, "of grid-7-3", ""),
    ({"id": "lot/1"}, "has the id of the lot", "its own"),
    ({"taken_spaces": 3}, "without saying how many or where", "taken_lot"),
    ({"taken_lot": "lot/1", "taken_spaces": 900}, "would lose 900 spaces", "take fewer"),
]


@pytest.mark.parametrize(("wrong", "what", "hint"), BAD, ids=[what for _, what, _ in BAD])
def test_a_bad_candidate_is_named(city, wrong, what, hint):
    with pytest.raises(InputError) as error:
        resolved(city, [here(city, 3), here(city, 4, **wrong)])
    texts = [(p.where, f"{p.what} {p.hint}") for p in error.value.problems]
    assert any("candidates" in where and what in text and hint in text for where, text in texts)


def test_all_that_is_wrong_is_named_at_once(city):
    with pytest.raises(InputError) as error:
        resolved(city, [here(city, 4, way="paint", most_spaces=0), here(city, 4)])
    assert len(error.value.problems) == 4


@pytest.mark.parametrize(
    ("wishes", "where"),
    [
        ({"day": "monday"}, "day"),
        ({"most_extra_car_share": 2.0}, "most_extra_car_share"),
        ({"budget_cny": 0.0}, "budget_cny"),
        ({"objective": "cost"}, "targets"),
    ],
)
def test_wishes_without_sense_are_refused(city, wishes, where):
    with pytest.raises(InputError, match=where):
        propose_spaces(city, wishes=SpaceWishes(**wishes))
    with pytest.raises(InputError, match="seed"):
        propose_spaces(city, seed=-1)


def test_metrics_that_are_promised_exist():
    assert {"new_parking_spaces", "new_parking_spaces_net"} < set(METRICS)
