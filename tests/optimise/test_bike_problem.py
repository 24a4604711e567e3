"""Dispatch points as whole numbers: windows, bikes piling up, sites too near each other, and shares asked for."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from network import BIKE_DAYS, bike_walks, grid_city, margin_of, model_flows, simulate
from optimise import BikeWishes
from optimise.bike_problem import best_part, bike_case, windows_of
from optimise.bike_sites import usable_sites
from optimise.kerbs import plane


@pytest.fixture(scope="module")
def city():
    return grid_city(7, seed=3)


@pytest.fixture(scope="module")
def flows(city):
    return model_flows(city, simulate(city))


def case_of(city, flows, share=0.0, **wishes):
    asked = BikeWishes(**wishes)
    return bike_case(city, flows, usable_sites(city, asked), asked, share)


def balanced(city, *hours):
    return replace(city, bike_sharing=replace(city.bike_sharing, balance_h=np.array(hours, np.int32)))


def test_windows_run_from_one_balancing_to_the_next(city):
    once = windows_of(city.bike_sharing)
    assert [w.day for w in once] == [0, 1]
    assert once[0].hours == (*range(4, 24), *range(4))
    twice = windows_of(balanced(city, 4, 14).bike_sharing)
    assert [(w.day, w.hours) for w in twice] == [
        (day, hours) for day in (0, 1) for hours in (tuple(range(4, 14)), (*range(14, 24), *range(4)))
    ]


@pytest.mark.parametrize("hours", [(4,), (4, 14), (0, 7, 20)], ids=str)
def test_bikes_pile_up_as_returns_less_pickups(city, flows, hours):
    city = balanced(city, *hours)
    case = case_of(city, flows)
    p = case.problem
    assert p.net.shape[:2] == (len(BIKE_DAYS) * len(hours), p.demands)
    for w, window in enumerate(windows_of(city.bike_sharing)):
        for i in range(0, p.demands, 7):
            row, piled, moved = case.asked[i], 0.0, 0.0
            for t, hour in enumerate(window.hours, 1):
                gone, come = (x[window.day, row, hour] for x in (flows.pickups, flows.returns))
                piled, moved = piled + come - gone, moved + come + gone
                assert p.net[w, i, t] == round(1000 * piled)
            assert (p.net[w, i, len(window.hours) :] == p.net[w, i, -1]).all()
            assert p.flow[w, i] == round(1000 * moved)
    assert case.z == margin_of(float(city.bike_sharing.days_covered) ** (1 / len(hours)))
    assert p.z_thousandths == math.ceil(1000 * case.z)


def test_pairs_are_the_walks_of_those_asked_about(city, flows):
    west, south, east, north = city.roads.bounds
    ring = ((west, south), ((west + east) / 2, south), ((west + east) / 2, north), (west, north))
    case = case_of(city, flows, within=(ring,))
    p = case.problem
    assert 0 < p.demands < len(flows.id)
    assert (flows.lonlat[case.asked, 0] < (west + east) / 2).all()
    first, site, metres = bike_walks(city, flows, case.lonlat, case.snap)
    for i, row in enumerate(case.asked.tolist()):
        here, there = slice(*p.first[i : i + 2]), slice(*first[row : row + 2])
        assert p.site[here].tolist() == site[there].tolist()
        assert p.metres[here].tolist() == metres[there].tolist()
    assert p.metres.max() <= city.bike_sharing.walk_m
    trips = (flows.pickups + flows.returns)[0].sum(axis=1)
    assert p.weight.tolist() == np.rint(1000 * trips[case.asked]).astype(int).tolist()


def test_sites_nearer_than_the_spacing_exclude_each_other(city, flows):
    city = replace(city, bike_sharing=replace(city.bike_sharing, spacing_m=np.array(110.0)))
    case = case_of(city, flows)
    spots = plane(city, case.lonlat)
    wanted = [
        [a, b]
        for a, b in itertools.combinations(range(len(spots)), 2)
        if np.hypot(*(spots[a] - spots[b])) < 110.0 and b >= case.new
    ]
    assert case.problem.apart.tolist() == wanted
    assert wanted


def test_points_that_are_there_come_first_and_keep_their_places(city, flows):
    points = replace(city.bike_points, area_m2=np.where(city.bike_points.docked, 0.0, 75.0))
    case = case_of(replace(city, bike_points=points), flows)
    p, n = case.problem, len(points.id)
    assert case.new == n
    assert p.already[:n].tolist() == points.spaces.tolist()
    assert not p.already[n:].any()
    assert p.most[:n].tolist() == np.where(points.docked, points.spaces, np.maximum(points.spaces, 60)).tolist()
    assert not p.open_fen[:n].any()
    assert p.space_fen[:n].tolist() == np.where(points.docked, 300_000, 15_000).tolist()


def test_points_without_places_are_no_sites(city, flows):
    spaces = city.bike_points.spaces.copy()
    spaces[0] = 0
    empty = replace(city.bike_points, spaces=spaces, bikes=np.minimum(city.bike_points.bikes, spaces))
    case = case_of(replace(city, bike_points=empty), flows)
    assert case.there.tolist() == list(range(1, len(spaces)))
    assert (case.lonlat[0] == city.bike_points.lonlat[1]).all()


def test_money_and_worth_are_whole_fen(city, flows):
    case = case_of(city, flows, objective="net", worth_cny=2.5, budgets_cny=(1234.567,))
    assert case.problem.budget_fen == 123_456
    assert case.problem.worth_fen.tolist() == np.rint(case.problem.weight * 0.25).astype(int).tolist()
    assert case_of(city, flows).problem.budget_fen == -1


def test_a_share_of_those_inside_or_of_the_whole_city_is_kept_to(city, flows):
    west, south, east, north = city.roads.bounds
    ring = ((west, south), ((west + east) / 2, south), ((west + east) / 2, north), (west, north))
    case = case_of(city, flows, covered=0.4, within=(ring,))
    weight = case.problem.weight.sum()
    assert case.problem.least_weight == math.ceil(0.4 * weight)
    all_weight = np.rint(1000 * (flows.pickups + flows.returns)[0].sum(axis=1))
    points = city.bike_points
    first, _, _ = bike_walks(city, flows, points.lonlat, points.snap)
    elsewhere = np.diff(first) > 0
    elsewhere[case.asked] = False
    asked = case_of(city, flows, share=0.35, covered=0.1, within=(ring,))
    assert asked.problem.least_weight == math.ceil(0.35 * all_weight.sum() - all_weight[elsewhere].sum())
    assert elsewhere.any()


def test_an_earlier_year_has_the_points_of_the_next_and_whom_they_serve(city, flows):
    p = case_of(city, flows, budgets_cny=(1e5,)).problem
    rng = np.random.default_rng(2)
    site_of = np.full(p.demands, -1)
    for i in np.flatnonzero(np.diff(p.first)):
        if rng.random() < 0.6:
            site_of[i] = rng.choice(p.site[p.first[i] : p.first[i + 1]])
    spaces = np.where(np.bincount(site_of[site_of >= 0], minlength=p.sites) > 0, 12, 0)
    part = best_part(p, site_of, spaces, 5000)
    for i in range(p.demands):
        assert part.site[part.first[i] : part.first[i + 1]].tolist() == ([] if site_of[i] < 0 else [site_of[i]])
    assert part.most.tolist() == np.maximum(spaces, p.already).tolist()
    assert (part.budget_fen, part.objective, len(part.apart)) == (5000, "cover", 0)
