"""How a fleet gets clean, beside every choice of buses to replace early."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from network import InputError, grid_city
from optimise import bus_path


def fleet(stock, **other):
    base = grid_city(3).buses
    return replace(base, stock=np.array(stock, np.int32), age_limit=np.full(3, 8, np.int32), **other)


def every_choice(buses):
    """Fewest early replacements, then fewest years lost, over all choices of a year for each diesel bus."""
    years = range(2026, 2031)
    of_age = [2025 + 8 - a for a, many in enumerate(buses.stock[0].tolist()) for _ in range(many)]
    total, best = int(buses.stock.sum()), (10**6, 10**6)
    for when in itertools.product(*[[None, *(y for y in years if y < r)] for r in of_age]):
        gone = [min(r, w or r) for r, w in zip(of_age, when, strict=True)]
        left = {y: sum(g > y for g in gone) for y in years}
        if all(total - left[y] >= buses.path(y) * total - 1e-9 for y in years):
            early = [(r, w) for r, w in zip(of_age, when, strict=True) if w]
            best = min(best, (len(early), sum(r - w for r, w in early)))
    return best


@pytest.mark.parametrize("seed", range(6))
def test_no_choice_replaces_fewer(seed):
    rng = np.random.default_rng(seed)
    diesel = np.bincount(rng.integers(2, 8, 5), minlength=8)
    buses = fleet([diesel, [0] * 8, [6] * 7 + [0]], path_share=np.array([0.9, 1.0]))
    found = bus_path(buses)
    assert (found.early, found.lost_years) == every_choice(buses)
    for year in found.years[1:]:
        assert year.clean >= year.least_share * year.buses - 1e-9
        assert year.bought == year.retired + year.early
    assert found.early == sum(year.early for year in found.years)


def test_whoever_comes_of_age_in_time_is_not_replaced_early():
    """Five diesel buses of 92 in 100, one comes of age a year: the path is kept by itself."""
    buses = fleet([[0, 0, 0, 1, 2, 1, 2, 2], [0] * 8, [92, 0, 0, 0, 0, 0, 0, 0]])
    found = bus_path(buses)
    assert found.early == 0
    assert [year.clean for year in found.years] == [92, 94, 96, 97, 99, 100]
    assert [year.retired for year in found.years] == [0, 2, 2, 1, 2, 1]
    assert all(not year.lost_cny for year in found.years)


def test_the_cost_is_of_what_is_bought_and_of_years_lost():
    buses = fleet([[0, 8, 0, 0, 0, 0, 0, 0], [0] * 8, [92, 0, 0, 0, 0, 0, 0, 0]])
    found = bus_path(buses)
    first, later = found.years[0], found.years[1:]
    assert (first.bought, first.cost_cny) == (0, 0)
    assert [year.early for year in later] == [2, 2, 1, 2, 1]
    assert [year.cost_cny for year in later] == [1e6 * year.early for year in later]
    assert [year.lost_cny for year in later] == pytest.approx(
        [year.early * 5e5 * (2032 - year.year) / 8 for year in later]
    )


def test_gas_is_clean_but_not_electric():
    """Four gas buses come of age in 2026, four in 2030; electric ones leave room for 3 others in 2028 and 1 in 2029."""
    stock = [[0] * 8, [0, 0, 0, 4, 0, 0, 0, 4], [92, 0, 0, 0, 0, 0, 0, 0]]
    assert bus_path(fleet(stock)).early == 0
    electric = bus_path(fleet(stock), "electric")
    assert (electric.early, electric.lost_years) == (3, 1 * 2 + 2 * 1)
    assert electric.years[-1].electric == electric.years[-1].buses == 100


def test_a_fleet_that_grows_grows_clean():
    buses = fleet([[0, 8, 0, 0, 0, 0, 0, 0], [0] * 8, [92, 0, 0, 0, 0, 0, 0, 0]], added=np.array(100, np.int32))
    found = bus_path(buses)
    assert [year.buses for year in found.years] == [100, 200, 300, 400, 500, 600]
    assert [year.early for year in found.years] == [0, 0, 0, 0, 0, 8]
    assert found.years[1].bought_clean == found.years[1].bought_electric == 100


def test_what_cannot_be_kept_is_said():
    buses = fleet([[10, 0, 0, 0, 0, 0, 0, 0], [0] * 8, [90, 0, 0, 0, 0, 0, 0, 0]])
    late = bus_path(buses)
    assert late.reasons == ("2025: 90.0% of the buses are clean, 92.0% are asked for",)
    dirty = bus_path(replace(buses, bought=np.array("diesel")))
    assert "FLT-1 asks that 100% of the buses bought are clean, diesel ones are not" in dirty.reasons
    assert (dirty.bought_row, dirty.early) == ("FLT-1", 0)
    with pytest.raises(InputError, match="the path is 5 years long"):
        bus_path(replace(fleet([[0], [0], [9]]), age_limit=np.array([8, 8, 4], np.int32)))
