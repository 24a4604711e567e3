"""Windows of lots, and the rows of lots whose windows differ, against the risk itself."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from network import (
    InputError,
    LotWindow,
    Scenario,
    SetLotHours,
    ShareLot,
    grid_city,
    group_windows,
    overflow,
    room,
    rows_of,
    slots_of,
)
from network.demand.overflow import late_cars
from network.units import DAY_TYPES, PARKERS, SLOTS

RESIDENTS, COMMUTERS, VISITORS, DELIVERIES = range(len(PARKERS))


@pytest.fixture(scope="module")
def city():
    base = grid_city(8)
    lots = base.lots
    few = {"spaces": lots.spaces // 4, "reserve": lots.reserve // 4, "own_arrivals": lots.own_arrivals / 8}
    few |= {"own_mean": lots.own_mean / 4, "own_sd": lots.own_sd / 2, "own_high": lots.own_high / 4}
    return replace(base, lots=replace(lots, **few))


def rows(lot=2, **fields):
    return LotWindow(**{"lot": f"lot/{lot}", "start": "08:30", "end": "16:30"} | fields)


def test_lots_without_rows_have_the_windows_of_the_groups(city):
    found = group_windows(city)
    assert found.shape == (len(city.lots.id), 3, 4, 2)
    assert (found / 2 == city.parking.window_h).all()
    assert (slots_of(found) == city.parking.window).all()
    assert (group_windows(city, [rows()])[3:] == found[3:]).all()


def test_a_row_cuts_the_windows_of_all_groups(city):
    found = group_windows(city, [rows()])[2] / 2
    assert found[0].tolist() == [[18, 18], [8.5, 16.5], [10, 16.5], [8.5, 10]]
    assert (found == found[0]).all()


@pytest.mark.parametrize(
    ("given", "of", "hours"),
    [
        ([{"start": "20:00", "end": "30:00"}], RESIDENTS, [20, 30]),
        ([{"start": "00:00", "end": "07:00"}, {"start": "20:00", "end": "24:00"}], RESIDENTS, [20, 31]),
        ([{"start": "22:00", "end": "36:00"}], RESIDENTS, [22, 32]),
        ([{"start": "08:00", "end": "11:00"}, {"start": "13:00", "end": "18:00"}], COMMUTERS, [13, 18]),
        ([{"start": "06:00", "end": "18:00"}, {"start": "09:00", "end": "17:00", "group": "commuters"}], COMMUTERS,
         [9, 17]),
        ([{"start": "06:00", "end": "18:00"}, {"start": "09:00", "end": "17:00", "group": "commuters"}], VISITORS,
         [10, 18]),
    ],
    ids=["night", "two_parts_of_a_night", "into_the_morning", "longest", "own_row", "row_of_all"],
)  # fmt: skip
def test_a_window_is_the_longest_part_that_rows_allow(city, given, of, hours):
    found = group_windows(city, [rows(**fields) for fields in given])
    assert (found[2, 0, of] / 2).tolist() == hours


def test_days_without_rows_have_no_window_and_closed_hours_are_cut_off(city):
    assert not slots_of(group_windows(city, [rows(days=("weekday",))])[2, 1:]).any()
    shut = Scenario(edits=(SetLotHours(lot="lot/2", start="06:00", end="15:00"),)).apply(city)
    assert (group_windows(shut, [rows()])[2, :, COMMUTERS] == [17, 30]).all()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"lot": 99}, "lot/99"),
        ({"start": "18:00", "end": "08:00"}, "before it begins"),
        ({"start": "18:10", "end": "20:00"}, "whole half-hours"),
        ({"group": "lorries"}, "residents, commuters"),
        ({"days": ("monday",)}, "monday"),
        ({"group": "deliveries", "start": "12:00", "end": "14:00"}, "never wanted by deliveries"),
    ],
    ids=["lot", "order", "minutes", "group", "day", "nobody"],
)
def test_rows_that_cannot_be_are_named(city, fields, told):
    with pytest.raises(InputError) as error:
        group_windows(city, [rows(), rows(**fields), rows(lot=98)])
    assert [p.where.split(" (")[0] for p in error.value.problems] == ["windows 1", "windows 2"]
    assert told in str(error.value.problems[0])


def clock(half_hours):
    return f"{half_hours // 2:02d}:{half_hours % 2 * 30:02d}"


def test_rows_of_other_windows_allow_what_keeps_the_promise_and_nothing_else(city):
    """Lots of windows of their own, one of them on holidays alone, beside one without."""
    night = {"start": "19:00", "end": "29:00"}
    windows = group_windows(
        city, [rows(0), *(rows(k, **f) for k in (6, 8) for f in ({}, night)), rows(7, days=("holiday",))]
    )
    table, said = rows_of(city, windows), []
    for lot, day in ((0, 1), (6, 0), (8, 1), (4, 0), (7, 1), (7, 2)):
        for n in itertools.product((0, 1, 3, 6), repeat=len(PARKERS)):
            said.append(allowed(table, lot, day, n))
            assert said[-1] == keeps(city, windows[lot, day], lot, day, n), (lot, day, n)
    assert 20 < sum(said) < len(said) - 20
    each = len(PARKERS) ** 4
    assert not any(said[4 * each + 1 : 5 * each]), "no row, no window"


def test_windows_that_end_before_the_owners_come_back_let_more_be_shared(city):
    """Homes share by day, and until the evening they cannot."""
    whole, cut = rows_of(city), rows_of(city, group_windows(city, [rows(8)]))
    commuters = [(0, n, 0, 0) for n in range(1, 9)]
    assert sum(allowed(cut, 8, 0, n) for n in commuters) > sum(allowed(whole, 8, 0, n) for n in commuters)


def allowed(table, lot, day, n):
    at = range(*table.row_first[3 * lot + day : 3 * lot + day + 2])
    for q in at:
        active, closed = (
            sum(n[g] for g in range(len(n)) if mask[q] >> g & 1) for mask in (table.row_active, table.row_closed)
        )
        most = table.table[table.table_first[q] : table.table_first[q + 1]]
        if closed >= len(most) or active > most[closed]:
            return False
    return True


def keeps(city, windows, lot, day, n):
    """The same, asked of the risk in the city where so many are shared."""
    inside = (slots_of(windows) * np.array(n)[:, None]).sum(axis=0)
    if (inside > room(city)[lot, day]).any() or any(k and a == b for k, (a, b) in zip(n, windows, strict=True)):
        return False
    edits = [
        ShareLot(lot=str(city.lots.id[lot]), spaces=k, start=clock(a), end=clock(b), days=(DAY_TYPES[day],))
        for k, (a, b) in zip(n, windows.tolist(), strict=True)
        if k
    ]
    after = Scenario(edits=tuple(edits)).apply(city)
    tight = late_cars(after)[lot, day] > 0
    return bool((overflow(after)[lot, day][tight] <= city.parking.overflow_share).all())


def test_the_same_windows_make_the_same_rows(city):
    one, two = rows_of(city), rows_of(city, group_windows(city))
    for name, array in vars(one).items():
        assert (array == getattr(two, name)).all(), name
    assert len(np.unique(one.row_first)) == 3 * len(city.lots.id) + 1
    assert slots_of(group_windows(city)).shape[-1] == SLOTS
