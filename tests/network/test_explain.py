"""Which edit moved a figure by how much, against days simulated one by one."""

from __future__ import annotations

from itertools import product
from math import fsum

import pytest

from network import (
    METRICS,
    AddChargers,
    AddPlace,
    Problem,
    Scenario,
    ScenarioError,
    SetBundle,
    SetDemand,
    SetHeadway,
    SetPrice,
    between_zones,
    contributions,
    grid_city,
    share_of,
    simulate,
    travel_times,
    units,
)

DEAR = SetPrice(item="parking", cny=25.0)
CHEAP = SetBundle(fare_off_share=0.6)
OFTEN = SetHeadway(line="Line 1", headway_min=3.0)
PEOPLE = SetDemand(zone="zone/3", residents=900.0)
CAR = share_of("car")


@pytest.fixture(scope="module")
def city():
    return grid_city(5, seed=3)


def day(city, *edits):
    return simulate(Scenario(edits=edits).apply(city))


def test_effects_in_order_add_up_to_the_whole_change_of_every_figure(city):
    edits = DEAR, PEOPLE, OFTEN, CHEAP
    found = contributions(city, Scenario(edits=edits))
    assert found.after[0].digest == simulate(city).digest
    assert found.after[-1].digest == day(city, *edits).digest
    assert found.city.digest == Scenario(edits=edits).apply(city).digest
    figures = [m.function for m in METRICS.values()]
    figures += [share_of(mode, zone) for mode, zone in product((*units.TRIP_MODES, "green"), (None, 0, 3))]
    moved = 0
    for figure in figures:
        e = found.of(figure)
        if e.difference is None:
            assert None in {e.base, e.changed}
            continue
        scale = max(abs(e.base), abs(e.changed))
        assert fsum(e.in_order) == pytest.approx(e.changed - e.base, rel=1e-15, abs=4e-16 * scale)
        assert fsum(e.alone) + e.interaction == pytest.approx(e.difference, rel=1e-15, abs=4e-16 * scale)
        moved += e.difference != 0
    assert moved > 30


def test_two_edits_by_hand_whichever_comes_first(city):
    none, dear, cheap, both = (CAR(day(city, *edits)) for edits in ((), (DEAR,), (CHEAP,), (DEAR, CHEAP)))
    for edits, alone in (((DEAR, CHEAP), (dear, cheap)), ((CHEAP, DEAR), (cheap, dear))):
        e = contributions(city, Scenario(edits=edits)).of(CAR)
        assert (e.base, e.changed, e.difference) == (none, both, both - none)
        assert e.in_order == (alone[0] - none, both - alone[0])
        assert e.alone == (alone[0] - none, alone[1] - none)
        assert e.interaction == pytest.approx(both - dear - cheap + none, abs=1e-15)
        assert e.interaction != 0


def test_prices_at_ends_apart_do_nothing_to_each_other(city):
    """Dearer parking in the west and in the east turn different trips away: each does in order what it does alone."""
    halves = [SetPrice(item="parking", cny=25.0, area=area) for area in ("west", "east")]
    for edits in (halves, halves[::-1]):
        e = contributions(city, Scenario(edits=tuple(edits))).of(CAR)
        assert e.in_order == pytest.approx(e.alone, rel=1e-12)
        assert e.interaction == pytest.approx(0, abs=1e-15)
        assert e.difference == pytest.approx(contributions(city, Scenario(edits=(DEAR,))).of(CAR).difference)


def test_the_share_of_a_zone_is_that_of_the_residents_trips_from_it(city):
    found = contributions(city, Scenario(edits=(DEAR, OFTEN)))
    before, after = simulate(city), day(city, DEAR, OFTEN)
    for zone in (0, 7):
        for k, mode in enumerate(units.TRIP_MODES):
            e = found.of(share_of(mode, zone))
            shares = [
                x.trips_from[: units.VISITOR, k, zone].sum() / x.trips_from[: units.VISITOR, :, zone].sum()
                for x in (before, after)
            ]
            assert [e.base, e.changed] == pytest.approx(shares, rel=1e-12, abs=1e-15)
    green = found.of(share_of("green"))
    assert green.base == pytest.approx(METRICS["green_trip_share"].function(before), rel=1e-12)


def test_nothing_changed_is_nothing_explained(city):
    e = contributions(city, Scenario()).of(CAR)
    assert (e.difference, e.in_order, e.alone, e.interaction) == (0, (), (), 0)


def test_an_edit_that_builds_on_another_has_no_effect_alone(city):
    place = AddPlace(id="new", lon=120.622, lat=31.3012, most_plugs=4, open_cny=1.0, plug_cny=1.0)
    found = contributions(city, Scenario(edits=(place, AddChargers(place="new", plugs=2))))
    assert isinstance(found.alone[1], Problem)
    assert "edits[1] add_chargers" in found.alone[1].where
    e = found.of(METRICS["public_plugs"].function)
    assert (e.difference, e.in_order, e.alone, e.interaction) == (2, (0, 2), (0, None), None)


def test_what_is_known_of_the_city_changes_no_answer_and_all_problems_come_at_once(city):
    travel = travel_times(city)
    flows, base, heard = between_zones(city, travel), simulate(city), []
    scenario = Scenario(edits=(DEAR, OFTEN))
    known = contributions(
        city, scenario, travel=travel, flows=flows, base=base, report=lambda *progress: heard.append(progress)
    )
    assert [x.digest for x in known.after] == [x.digest for x in contributions(city, scenario).after]
    assert heard == [(0, 2), (1, 2), (2, 2)]
    wrong = Scenario(edits=(SetPrice(item="parking", cny=-1.0), SetPrice(item="parking", cny=1.0, area="moon")))
    with pytest.raises(ScenarioError) as error:
        contributions(city, wrong)
    assert len(error.value.problems) == 2
