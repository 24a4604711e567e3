"""Depots of a city: which buses, what they need at night and on the way, and what the grid has for them."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from network import Feeders, InputError, grid_city, simulate
from optimise import GivenBlock, propose_depots
from optimise.bus_days import battery_kwh_per_km, bus_days, given_days, usable_kwh
from optimise.depot_plan import transformers_kva
from optimise.depots import at_once, unkept

EFFICIENCY = 0.9


def with_depots(city, *positions, **fields):
    """The city with bus stations at some of its places."""
    kind = city.places.kind.astype("U11")
    kind[list(positions)] = "bus_station"
    return replace(city, places=replace(city.places, kind=kind, **fields))


@pytest.fixture(scope="module")
def city():
    return with_depots(grid_city(10, 1), 3, 20)


@pytest.fixture(scope="module")
def base(city):
    return simulate(city)


@pytest.fixture(scope="module")
def proposal(city, base):
    return propose_depots(city, base=base)


def thirsty(city, kwh):
    """With a battery so small that buses have to top up."""
    return replace(city, buses=replace(city.buses, battery_kwh=np.array(float(kwh))))


def test_the_plan_is_proven_and_adds_up(city, proposal):
    plan = proposal.plan
    assert (plan.status, plan.gap, plan.value) == ("optimal", 0.0, plan.bound)
    assert plan.value == sum(d.peak_kw for d in plan.depots) <= plan.peak_unmanaged_kw
    assert plan.buses == sum(d.buses for d in plan.depots) == len(proposal.days.id)
    assert plan.km == pytest.approx(sum(d.km for d in plan.depots))
    per_km = battery_kwh_per_km(city) / float(city.fleet.charging_efficiency[4])
    assert plan.energy_kwh == pytest.approx(plan.km * per_km, rel=1e-3)
    assert {d.place for d in plan.depots} <= {city.places.id[3], city.places.id[20]}
    for d in plan.depots:
        assert d.chargers <= d.chargers_parked <= d.chargers_unmanaged <= d.buses
        assert d.chargers_parked_bound <= d.chargers_parked
        assert d.chargers == -(-d.peak_kw // 60)
        assert d.kva == pytest.approx(d.peak_kw / float(city.charging.power_factor))
        assert d.kva <= d.transformer_kva <= d.transformer_unmanaged_kva
        assert d.cost_cny == d.chargers * 60_000 + d.transformer_kva * 600
    assert plan.cost_cny == sum(d.cost_cny for d in plan.depots)
    assert not plan.empty_buses
    assert not plan.reasons
    assert plan.path.early == sum(year.early for year in plan.path.years)


def test_the_same_city_gives_the_same_bytes_and_no_edit(city, base, proposal):
    again = propose_depots(city, base=base)
    assert json.dumps(again.plan.to_dict()) == json.dumps(proposal.plan.to_dict())
    assert not proposal.plan.as_scenario().edits
    assert proposal.changed is proposal.base


def test_a_line_goes_to_the_depot_that_is_quickest_to_reach(city):
    """The two ways of every line, taken one depot at a time."""
    both = bus_days(city)
    alone = [bus_days(city, [str(city.places.id[p])]) for p in (3, 20)]
    out_of_service = np.array([(days.back_s - days.out_s) for days in alone])
    lines = np.array(both.line)
    for line in np.unique(lines):
        ours = lines == line
        total = out_of_service[:, ours].sum(axis=1)
        assert (both.back_s - both.out_s)[ours].sum() == pytest.approx(total.min())
        assert len(np.unique(both.depot[ours])) == 1


def test_without_a_depot_buses_stay_at_the_end_of_their_line():
    city = grid_city(8, 1)
    days = bus_days(city)
    assert (days.depots.place == -1).all()
    near = with_depots(city, 5)
    assert days.km.sum() < bus_days(near).km.sum()
    plan = propose_depots(city, base=simulate(city)).plan
    assert any("stay at the end of their line" in reason for reason in plan.reasons)


def test_small_batteries_are_topped_up_at_the_ends_of_lines(city, base, proposal):
    small = thirsty(city, 100)
    found = propose_depots(small, base=base)
    days, plan = found.days, found.plan
    per_km, full = battery_kwh_per_km(small), usable_kwh(small.buses)
    assert plan.top_ups
    assert plan.energy_kwh == pytest.approx(proposal.plan.energy_kwh, rel=1e-3)
    for i, top_ups in enumerate(days.top_ups):
        topped = sum(one.kwh for one in top_ups)
        assert days.kwh[i] == pytest.approx(days.km[i] * per_km - topped)
        assert topped == pytest.approx(max(0.0, days.km[i] * per_km - full), abs=1e-6)
        assert all(one.kwh <= 120 * EFFICIENCY * (one.to_s - one.from_s - 120) / 3600 + 1e-6 for one in top_ups)
        assert all(one.to_s <= later.from_s for one, later in pairwise(top_ups))
    for place in plan.top_ups:
        here = [one for some in days.top_ups for one in some if city.transit.timetable.stop_id[one.stop] == place.stop]
        assert place.chargers == at_once([(one.from_s, one.to_s) for one in here])
        assert place.energy_kwh == pytest.approx(sum(one.kwh for one in here) / EFFICIENCY)
    assert not plan.empty_buses


def test_buses_that_cannot_do_their_day_are_named(city, base):
    found = propose_depots(thirsty(city, 3), base=base)
    plan = found.plan
    assert set(plan.empty_buses) >= {found.days.id[i] for i in found.days.empty.tolist()} > set()
    assert any("cannot do their day: battery" in reason for reason in plan.reasons)


def test_blocks_of_an_operator_are_taken_as_they_are(city, base):
    """Twelve buses, out from six to ten, 200 km each: 200 x kWh/km over twelve hours at least."""
    blocks = [GivenBlock(f"b{i}", "North depot", (6 + i / 12) * 3600, 22 * 3600, 200.0) for i in range(12)]
    found = propose_depots(city, blocks=blocks, base=base)
    (depot,) = found.plan.depots
    need = 200 * battery_kwh_per_km(city) / EFFICIENCY
    assert (depot.place, depot.lon, depot.buses, depot.lines) == ("North depot", None, 12, ())
    assert depot.energy_kwh == pytest.approx(12 * need, rel=1e-3)
    assert depot.peak_unmanaged_kw == 12 * 60
    assert 12 * need / 8.5 <= depot.peak_kw <= 12 * need / 7.5 + 1
    assert found.plan.source == "blocks"
    known = given_days(city, [block._replace(depot=str(city.places.id[3])) for block in blocks])
    assert known.depots.lonlat[0].tolist() == city.places.lonlat[3].tolist()


def test_feeders_say_what_is_left_and_what_more_costs(city, base, proposal):
    needs = {d.place: d.kva for d in proposal.plan.depots}
    place = max(needs, key=needs.get)
    at = city.places.id.tolist().index(place)
    feeder = np.full(len(city.places.id), -1, np.int32)
    feeder[at] = 0

    def fed(headroom, most_steps):
        feeders = Feeders(
            id=np.array(["F1"]),
            headroom_kva=np.array([float(headroom)]),
            step_kva=np.array([50.0]),
            step_cny=np.array([1000.0]),
            most_steps=np.array([most_steps], np.int32),
        )
        supply = replace(city.supply, feeder_steps=np.zeros(1, np.int32))
        made = replace(city, places=replace(city.places, feeder=feeder), feeders=feeders, supply=supply)
        return propose_depots(made, base=base).plan

    enough = fed(needs[place] + 10, 0).feeders[0]
    assert (enough.steps, enough.cost_cny, enough.left_kva) == (0, 0, pytest.approx(10))
    short = fed(needs[place] - 60, 5)
    assert (short.feeders[0].steps, short.feeders[0].left_kva) == (2, pytest.approx(40))
    assert short.cost_cny == pytest.approx(proposal.plan.cost_cny + 2000)
    none = fed(needs[place] - 60, 1)
    assert any("feeder F1 lacks 10 kVA" in reason for reason in none.reasons)


@pytest.mark.parametrize(
    ("kva", "made"),
    [(0, 0), (1, 100), (100, 100), (101, 250), (250, 250), (251, 350), (500, 500), (520, 600), (999, 1000)],
    ids=str,
)
def test_transformers_come_in_sizes(kva, made):
    assert transformers_kva([100.0, 250.0], kva) == made


def test_spans_that_touch_are_not_at_once():
    assert at_once([(0, 1), (1, 2), (1.5, 3), (1.7, 1.8)]) == 3
    assert at_once([(0, 1), (1, 2)]) == 1
    assert at_once([]) == 0


@pytest.mark.parametrize("what", ["energy", "power", "bound", "parked"])
def test_a_wrong_answer_is_found(proposal, what):
    depot, found = proposal.plan.depots[0], proposal.nights[0]
    least = found.smart
    wrong = {
        "energy": replace(found, smart=least._replace(energy=least.energy - 1)),
        "power": replace(found, smart=least._replace(power_kw=least.power_kw - 1)),
        "bound": replace(found, smart=least._replace(power_kw=least.power_kw + 60)),
        "parked": replace(found, parked=found.parked._replace(begin=found.night.slots)),
    }
    assert not unkept(depot, found)
    assert unkept(depot, wrong[what])


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"depots": ["nowhere"]}, "'nowhere'"),
        ({"seed": -1}, "seed"),
        (
            {"blocks": [GivenBlock("a", "d", 8.0, 7.0, 10.0), GivenBlock("b", "d", 0.0, 9.0, -1.0)]},
            "row 2 (b): has -1 km",
        ),
        ({"blocks": [GivenBlock("a", "d", 0.0, 9.0, 1.0)] * 2}, "row 2 (a): has the id of a row before"),
        ({"blocks": [GivenBlock("a", "d", 0.0, 90_000.0, 10.0)]}, "row 1 (a): does not come back"),
        ({"blocks": [GivenBlock("a", "d", 0.0, 9.0, 1.0)], "depots": ["d"]}, "both given"),
    ],
    ids=["depot", "seed", "km", "twice", "a day", "both"],
)
def test_bad_input_is_named(city, base, asked, told):
    with pytest.raises(InputError) as refused:
        propose_depots(city, base=base, **asked)
    assert told in str(refused.value)
