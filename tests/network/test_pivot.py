"""Counted shares changed as the model changes."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from network import ALL_RESIDENTS, InputError, grid_city, pivot, simulate, travel_times, units

COUNTED = {"walk": 0.3, "cycle": 0.1, "ebike": 0.3, "car": 0.12, "taxi": 0.03, "bus": 0.1, "rail": 0.05}


@pytest.fixture(scope="module")
def days():
    city = grid_city(6)
    travel = travel_times(city)
    dear = replace(city, supply=replace(city.supply, parking_cny=np.full(len(city.zones.id), 30.0)))
    return simulate(city, travel), simulate(dear, travel)


def test_the_golden_case_whatever_the_level_of_the_model(shared):
    cases = json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))
    base, change, new = (
        {"cycle" if mode == "bike" else mode: value for mode, value in cases["pivot_logit"][name].items()}
        for name in ("base", "delta_u", "new")
    )
    rng = np.random.default_rng(0)
    for _ in range(5):
        before = np.zeros((len(units.PURPOSES), len(units.TRIP_MODES), 2))
        before[:, [units.TRIP_MODES.index(mode) for mode in base]] = rng.uniform(1, 9, (len(before), len(base), 2))
        after = before * np.exp([change.get(mode, 0.0) for mode in units.TRIP_MODES])[:, None]
        days = (SimpleNamespace(trips_from=trips) for trips in (before, after))
        found = {row.mode: row.pivoted for row in pivot({"home_other": base}, *days).rows}
        assert {mode: found[mode] for mode in new} == pytest.approx(new, abs=1e-12)


def test_no_change_leaves_the_counts_bit_for_bit(days):
    found = pivot({ALL_RESIDENTS: COUNTED}, days[0], days[0])
    assert all(row.pivoted == row.counted for row in found.rows)
    assert found.green[0] == found.green[1] == pytest.approx(0.85)
    assert found.green_without_ebike[0] == pytest.approx(0.55)


def test_odds_change_as_those_of_the_model(days):
    found = pivot({"home_work": COUNTED, "visitor": COUNTED}, *days)
    for purpose in ("home_work", "visitor"):
        rows = {row.mode: row for row in found.rows if row.segment == purpose}
        assert sum(row.pivoted for row in rows.values()) == pytest.approx(1.0)
        car = rows["car"]
        assert car.pivoted < car.counted
        for row in (rows[mode] for mode in COUNTED):
            odds = (row.after / row.before) / (car.after / car.before)
            assert (row.pivoted / row.counted) / (car.pivoted / car.counted) == pytest.approx(odds)
        assert rows["park_ride"].pivoted == 0
    assert found.green is None


def test_green_shares_weigh_purposes_by_their_trips(days):
    purposes = units.PURPOSES[: units.VISITOR]
    found = pivot(dict.fromkeys(purposes, COUNTED), *days)
    trips = [day.trips_from.sum(axis=(1, 2))[: units.VISITOR] for day in days]
    green = [sum(r.pivoted for r in found.rows if r.segment == p and r.mode not in {"car", "taxi"}) for p in purposes]
    assert found.green[0] == pytest.approx(0.85)
    assert found.green[1] == pytest.approx(trips[1] @ green / trips[1].sum())


def test_what_the_model_cannot_tell_is_refused(days):
    with pytest.raises(InputError) as caught:
        pivot({"home_work": COUNTED | {"park_ride": 0.1, "walk": 0.2}, "home_school": {"walk": 0.4}}, *days, "s.csv")
    assert "home_school" in str(caught.value)
    assert "0.4" in str(caught.value)
    with pytest.raises(InputError) as caught:
        pivot({"home_work": COUNTED | {"park_ride": 0.1, "walk": 0.2}}, *days, "s.csv")
    assert "s.csv, home_work: the share of park_ride is 0.1, but no trip" in str(caught.value)
    with pytest.raises(InputError, match="no shares"):
        pivot({}, *days)
