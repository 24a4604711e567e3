from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from network import grid_city
from service.report import numbers as n
from service.report.frame import THIN_TENTHS, frame_around, path_data, thinned
from service.report.labels import MOST_SPREAD_PX, beside, spread, street_labels
from service.report.map import DEMAND_FILLS, demand_classes
from service.report.page import has_changed
from service.report.tables import MetricRow


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (n.number(1234567.4), "1,234,567"),
        (n.number(-1234.56, 1), "−1,234.6"),
        (n.number(-0.04, 1), "0.0"),
        (n.number(None), "–"),
        (n.percent(0.41267), "41.3%"),
        (n.short_percent(0.9993), "99.9%"),
        (n.short_percent(1.0), "100%"),
        (n.short_percent(0.0), "0%"),
        (n.short_percent(0.3549), "35%"),
        (n.small_percent(0.0), "0%"),
        (n.small_percent(9e-8), "0.01%"),
        (n.small_percent(0.00421), "0.43%"),
        (n.small_percent(0.01), "1.00%"),
        (n.signed(0.0), "±0"),
        (n.signed(0.003, 2), "±0"),
        (n.signed(12.3, 1), "+12.3"),
        (n.signed(-12.3, 1), "−12.3"),
        (n.difference(0.369, "share", 0), "+36.9"),
        (n.difference(-0.0002, "share", 0), "−0.02"),
        (n.difference(0.0, "share", 0), "±0"),
        (n.difference(1e-9, "share", 0), "±0"),
        (n.difference(0.26, "t/day", 0), "+0.3"),
        (n.difference(2.6, "t/day", 0), "+3"),
        (n.quantity(0.369, "share", 0), "36.9%"),
        (n.money_en(3_421_000), "CNY 3.42 million"),
        (n.money_en(85_000), "CNY 85,000"),
        (n.money_zh(3_421_000), "342万元"),
        (n.money_zh(85_000), "8.5万元"),
        (n.money_zh(850), "850元"),
        (n.money_zh(120_000_000), "1.20亿元"),
        (n.count_en(1, "site", "sites"), "1 site"),
        (n.count_en(1200, "site", "sites"), "1,200 sites"),
    ],
)
def test_figures_are_written_for_people(text, expected):
    assert text == expected


def test_decimals_follow_the_size():
    assert [n.digits_for(1.0, 250.0), n.digits_for(0.123, None), n.digits_for(12.3), n.digits_for(123.4)] == [
        0,
        2,
        1,
        0,
    ]


def test_a_map_keeps_distances_and_north():
    lonlat = np.array([[120.60, 31.28], [120.64, 31.33]])
    frame = frame_around(lonlat, 1000)
    assert frame.holds(frame.px(lonlat)).all()
    middle = np.array([120.62, 31.305])
    east, north = frame.px(middle + np.array([[0.001, 0], [0, 0.001]])) - frame.px(middle[None])
    metres_per_degree = np.radians(6_371_008.8)
    assert east == pytest.approx([0.001 * metres_per_degree * np.cos(np.radians(31.305)) * frame.px_per_m, 0])
    assert north == pytest.approx([0, -0.001 * metres_per_degree * frame.px_per_m])


def test_a_single_point_still_makes_a_map():
    assert 0 < frame_around(np.array([[24.94, 60.17]]), 500).px_per_m < 500


def test_path_data_goes_on_where_the_last_line_ended():
    assert path_data([[(0, 0), (30, 0)], [(30, 0), (30, 50)], [(90, 90), (80, 10)]]) == "M0 0l30 0 0 50M90 90l-10-80"
    assert path_data([[(0, 0), (9, 0), (9, 9), (0, 0)]], close=True) == "M0 0l9 0 0 9-9-9z"
    assert path_data([[(5, 5), (5, 5)], []]) == ""


@given(st.lists(st.tuples(st.integers(-500, 500), st.integers(-500, 500)), min_size=2, max_size=30))
def test_thinning_keeps_the_ends_and_drops_only_what_does_not_show(points):
    kept = thinned(points)
    assert kept[0] == points[0]
    assert kept[-1] == points[-1]
    rest = iter(points)
    assert all(point in rest for point in kept), "the points stay in their order"
    line = np.array(kept, float)
    for point in points:
        assert _distance(np.array(point, float), line) <= THIN_TENTHS + 1e-9


def _distance(point, line):
    best = np.hypot(*(line - point).T).min()
    for a, b in pairwise(line):
        d = b - a
        if (d @ d) > 0:
            t = np.clip((point - a) @ d / (d @ d), 0, 1)
            best = min(best, np.hypot(*(a + t * d - point)))
    return best


@given(st.lists(st.floats(0, 1e5), max_size=60))
def test_demand_classes_rise_and_split(values):
    demand = np.array(values)
    edges = demand_classes(demand)
    assert len(edges) < len(DEMAND_FILLS)
    assert edges == sorted(set(edges))
    assert all((demand >= e).any() and ((demand > 0) & (demand < e)).any() for e in edges)


@given(st.lists(st.tuples(st.floats(0, 900), st.floats(0, 900), st.floats(5, 20)), max_size=12))
def test_discs_part_but_stay_near(discs):
    array = np.array(discs).reshape(-1, 3)
    moved = spread(array[:, :2], array[:, 2])
    assert np.isfinite(moved).all()
    assert (np.hypot(*(moved - array[:, :2]).T) <= MOST_SPREAD_PX + 1e-6).all()


def test_two_discs_on_one_spot_stand_side_by_side():
    moved = spread(np.array([[50.0, 50.0], [50.0, 50.0], [200.0, 50.0]]), np.array([10.0, 10.0, 10.0]))
    assert np.hypot(*(moved[0] - moved[1])) == pytest.approx(20)
    assert moved[2].tolist() == [200.0, 50.0]


def test_street_names_cover_neither_discs_nor_each_other():
    city = grid_city(12)
    frame = frame_around(city.zones.ring_lonlat, 1000)
    free = street_labels(city, frame, np.empty((0, 3)))
    assert free
    first = free[0]
    blocked = street_labels(city, frame, np.array([[first.x, first.y, 15.0]]))
    assert all(np.hypot(label.x - first.x, label.y - first.y) > 15 for label in blocked)
    assert street_labels(city, frame, np.array([[500.0, 500.0, 5000.0]])) == []


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        (0.5, 0.6, True),
        (None, 0.6, True),
        (0.6, None, True),
        (None, None, False),
        (0.5, 0.5, False),
        (0.5, 0.5 + 1e-16, False),
        (52670.0, 52670.0 + 1e-10, False),
    ],
)
def test_a_figure_has_changed_where_that_can_be_shown(before, after, changed):
    assert has_changed(MetricRow("x", "x", "x", "share", "more", before, after)) == changed


def test_a_place_without_a_name_goes_by_the_street_it_is_reached_from():
    city = grid_city(3)
    a, b = city.roads.shape_lonlat[:2]
    (street,) = beside(city, [tuple((0.75 * a + 0.25 * b).tolist())])
    assert street == f"at {city.roads.way_name[city.roads.way[0]]}"
    unnamed = replace(city, roads=replace(city.roads, way_name=np.zeros_like(city.roads.way_name)))
    assert beside(unnamed, [tuple(a.tolist())]) == [""]
    assert beside(city, []) == []


@pytest.mark.parametrize(
    ("unit", "value", "told"),
    [
        ("0.1 trips/day", 121, "12.1 trips/day"),
        ("0.001 pickups and returns/weekday", 1449200, "1,449.2 pickups and returns/weekday"),
        ("fen", 123456, "1,235 CNY"),
        ("space-days/year", 1234, "1,234 space-days/year"),
        ("m x space-days/year", 9, "9 m x space-days/year"),
    ],
    ids=["tenths", "thousandths", "money", "whole", "a product"],
)
def test_values_are_told_in_units_that_people_count_in(unit, value, told):
    factor, name = n.plain_unit(unit)
    assert f"{n.in_plain_unit(value, factor)} {name}" == told
