from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from network import AddLot, AddLotSpaces, Scenario, ScenarioError, SetParkingMonth, ShareLot, grid_city, room, simulate
from network.units import LAND_USES

SCENIC, SCHOOL = LAND_USES.index("scenic"), LAND_USES.index("school")
OWN = ("own_mean", "own_sd", "own_high", "own_arrivals")


@pytest.fixture(scope="module")
def city():
    """Half of the cars at sights in August, a tenth at schools; everything else as ever. Lot 4 was counted."""
    plain = grid_city(10)
    month = plain.parking.month_factor.copy()
    month[SCENIC, 7], month[SCHOOL, 7] = 0.5, 0.1
    measured = np.arange(len(plain.lots.id)) == 4
    return replace(
        plain, parking=replace(plain.parking, month_factor=month), lots=replace(plain.lots, measured=measured)
    )


def applied(city, *edits):
    return Scenario(edits=edits).apply(city)


def test_lots_without_counts_fill_as_in_the_month(city):
    now, before = applied(city, SetParkingMonth(month=8)).lots, city.lots
    factor = np.ones(len(before.id))
    factor[before.use == SCENIC], factor[before.use == SCHOOL] = 0.5, 0.1
    factor[4] = 1.0
    assert (before.use[:4] != SCENIC).all()
    assert before.use[4] == SCENIC
    assert (before.use == SCHOOL).any()
    assert (before.use == SCENIC).sum() > 1
    assert now.own_mean == pytest.approx(before.own_mean * factor[:, None, None])
    for name in OWN:
        assert np.array_equal(getattr(now, name)[factor == 1], getattr(before, name)[factor == 1])
    assert (room(applied(city, SetParkingMonth(month=8))) >= room(city)).all()


def test_the_busiest_month_is_the_city_as_it_was_built(city):
    same = applied(city, SetParkingMonth(month=8), SetParkingMonth(month=5)).lots
    assert all(np.array_equal(getattr(same, name), getattr(city.lots, name)) for name in OWN)


def test_new_spaces_and_new_lots_bring_no_cars_of_owners(city):
    more = applied(
        city,
        AddLotSpaces(lot="lot/0", spaces=50),
        AddLot(id="new", lon=120.622, lat=31.302, spaces=40, supply_class="on_street", use="scenic"),
    )
    now = applied(more, SetParkingMonth(month=5)).lots
    assert all(np.array_equal(getattr(now, name), getattr(more.lots, name)) for name in OWN)
    assert not now.own_mean[-1].any()


@pytest.mark.parametrize("month", [0, 13, -1])
def test_a_month_that_is_none_is_refused(city, month):
    with pytest.raises(ScenarioError, match="from 1 to 12"):
        applied(city, SetParkingMonth(month=month))


def test_owners_risk_less_in_a_month_with_fewer_of_their_cars(city):
    school = str(city.lots.id[city.lots.use == SCHOOL][0])
    window = ShareLot(lot=school, spaces=20, start="06:00", end="10:00", days=("weekday",))
    usual, august = (applied(city, window, *edits) for edits in ((), (SetParkingMonth(month=8),)))
    risks = [simulate(c).metrics["shared_overflow_worst_share"] for c in (august, usual)]
    assert risks[0] < risks[1]
