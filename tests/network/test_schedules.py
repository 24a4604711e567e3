"""Shared need against the published cases."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from network import MONTHS, Schedule, grid_city, profile_schedule, shared_need
from network.demand.accumulation import profiles
from network.errors import InputError
from network.io import Parameters, read_schedule
from network.units import DAY_TYPES, LAND_USES, SLOTS

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def schedules():
    known = Parameters.load(DATA)
    return {name: read_schedule(known, name) for name in ("brigham", "ite")}


@pytest.fixture(scope="module")
def golden(shared):
    return json.loads((shared / "domain" / "golden_cases.json").read_text(encoding="utf-8"))


def test_the_municipal_case_needs_988_spaces_and_not_1350(schedules, golden):
    case = golden["shared_parking_brigham"]
    found = shared_need(schedules["brigham"], case["need"])
    assert found.by_band.tolist() == case["columns"]
    assert found.by_band.max() == case["required"]
    assert (found.required, found.unshared, found.saving) == (988, case["unshared"], 362)
    assert found.band == "weekday 6-18"


@pytest.mark.parametrize("table", ["T1", "T2"])
def test_the_tables_of_the_ite(schedules, golden, table):
    case = golden["shared_parking_ITE2018"][table]
    found = shared_need(schedules["ite"], case["need"])
    assert found.whole.tolist() == case["columns"]
    assert (found.required, found.saving) == (case["required"], case["saving"])


def test_reserved_spaces_leave_the_pool(schedules):
    need = {"office": 600.0, "retail": 500.0}
    shared = shared_need(schedules["ite"], need)
    kept = shared_need(schedules["ite"], need, {"retail": 200.0})
    assert kept.by_band.tolist() == [600 + 200 + 210, 510 + 200 + 255, 540 + 200 + 225, 60 + 200 + 210, 120 + 500]
    assert kept.saving < shared.saving
    assert shared_need(schedules["ite"], need, need).saving == 0


def test_apart_is_never_less_than_together(schedules):
    rng = np.random.default_rng(2)
    for _ in range(50):
        need = dict(zip(schedules["brigham"].uses, rng.uniform(0, 500, 7).tolist(), strict=True))
        reserved = {use: float(spaces * rng.random()) for use, spaces in need.items()}
        free, kept = (shared_need(schedules["brigham"], need, r) for r in (None, reserved))
        assert max(need.values()) <= free.by_band.max() <= kept.by_band.max() <= sum(need.values()) + 1e-9


def test_everything_wrong_is_told_at_once(schedules):
    with pytest.raises(InputError) as error:
        shared_need(schedules["ite"], {"office": -1, "hotel": 3}, {"retail": 5, "zoo": 1})
    told = str(error.value)
    for part in ("'hotel'", "'zoo'", "need of 'office'", "reserved of 'retail'", "known: office, retail"):
        assert part in told
    with pytest.raises(InputError, match="names no use"):
        shared_need(schedules["ite"], {})
    with pytest.raises(InputError, match="known: brigham, ite"):
        read_schedule(Parameters.load(DATA), "suzhou")
    for percent in ([[1.0]], [[1.0, -1.0]], [[1.0, np.nan]]):
        with pytest.raises(InputError, match="schedule"):
            Schedule(("day", "night"), ("office",), np.array(percent))


def test_profiles_are_a_schedule_in_which_every_use_peaks_once_at_its_need():
    rules = grid_city(4).parking
    schedule = profile_schedule(rules)
    assert schedule.uses == LAND_USES
    np.testing.assert_allclose(schedule.percent.max(axis=1), 100)
    cube = schedule.percent.reshape(len(LAND_USES), len(MONTHS), len(DAY_TYPES), SLOTS)
    use, month, day, slot = LAND_USES.index("scenic"), 6, 1, 20
    own = profiles(rules)[use] * rules.month_factor[use][:, None, None]
    assert cube[use, month, day, slot] == pytest.approx(100 * own[month, day, slot] / own.max())
    assert schedule.bands[np.ravel_multi_index((month, day, slot), cube.shape[1:])] == "July, weekend 10:00"


def test_uses_of_other_seasons_need_less_together():
    """By hand: a school and a sight of 100 spaces each, one closed when the other is full."""
    rules = grid_city(4).parking
    season = np.zeros_like(rules.month_factor)
    season[LAND_USES.index("school"), :6] = 1.0
    season[LAND_USES.index("scenic"), 6:] = 1.0
    found = shared_need(profile_schedule(replace(rules, month_factor=season)), {"school": 100.0, "scenic": 100.0})
    assert (found.required, found.unshared) == (100, 200)
