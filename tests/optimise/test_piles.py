"""Piles by kind and district against every split there is, and the fleet of Suzhou in 2025."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from network import ChargingRules, Fleet, InputError, fleet_day, grid_city, units
from network.io import Parameters, given_part
from optimise import PILES, District, pile_needs, pile_totals, split_piles, vehicles_by_residents
from optimise.piles import _Kind, _shares

DATA = Path(__file__).parents[2] / "data"
FEW = settings(max_examples=40, deadline=None, derandomize=True, database=None)
SUZHOU_2025 = {
    "private": 310_000, "taxi": 4600, "ride_hail": 23_000, "van": 23_000, "bus": 7500, "coach": 1400,
    "sanitation": 1000, "official": 7600,
}  # fmt: skip
"""Suzhou charging plan 2021-2025; 378,100 in all, for 155,000 private, 36,000 public and 9,000 dedicated piles."""
PLANNED = {"private": 155_000, "public": 36_000, "dedicated": 9000}
TOLERANCE = 0.01


def one_kind(total, weight, least=None, most=None):
    """Piles of one kind; the other kinds have none."""
    count = len(weight)
    least, most = least or [0] * count, most or [None] * count
    districts = [
        District(name=f"d{i}", least=(0, least[i], 0), most=(None, most[i], None)) for i in range(count)
    ]  # fmt: skip
    table = np.ones((count, 3))
    table[:, 1] = weight
    return split_piles(districts, table, (0, total, 0))


def piles(split):
    return [row.piles[1] for row in split.districts]


def badness(real, weight):
    """How far real shares are from proportional: the sum of (x - w)^2 / w, up to what is the same for all."""
    return sum(Fraction(x) ** 2 / w for x, w in zip(real, weight, strict=True))


@st.composite
def cases(draw):
    count = draw(st.integers(1, 4))
    weight = draw(st.lists(st.integers(1, 9), min_size=count, max_size=count))
    least = draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))
    most = [draw(st.none() | st.integers(low, 7)) for low in least]
    return draw(st.integers(0, 14)), weight, least, most


def every_split(total, least, most):
    tops = [min(total, total if high is None else high) for high in most]
    ranges = (range(low, top + 1) for low, top in zip(least, tops, strict=True))
    return [x for x in product(*ranges) if sum(x) == total]


def level_shares(total, weight, least, most):
    """Shares by halving the level: an oracle for the exact one."""
    low, high = 0.0, 1e4
    for _ in range(200):
        level = (low + high) / 2
        shares = [
            max(a, min(level * w, np.inf if b is None else b)) for w, a, b in zip(weight, least, most, strict=True)
        ]  # fmt: skip
        low, high = (level, high) if sum(shares) < total else (low, level)
    return shares


@FEW
@given(cases())
def test_no_whole_split_is_nearer_to_the_shares(case):
    total, weight, least, most = case
    split, all_splits = one_kind(*case), every_split(total, least, most)
    assert (split.status == "optimal") == bool(all_splits)
    assume(all_splits)
    shares = level_shares(total, weight, least, most)
    found = piles(split)
    assert tuple(found) in all_splits

    def far(x):
        return sum((a - b) ** 2 for a, b in zip(x, shares, strict=True))

    assert far(found) <= min(map(far, all_splits)) + 1e-6
    assert max(abs(a - b) for a, b in zip(found, shares, strict=True)) < 1 + 1e-6


@FEW
@given(cases())
def test_no_shares_in_thirds_of_a_pile_are_nearer_to_proportional(case):
    """The shares before rounding."""
    total, weight, least, most = case
    assume(len(weight) < 4 and total <= 6)
    thirds = [None if high is None else 3 * high for high in most]
    all_splits = every_split(3 * total, [3 * low for low in least], thirds)
    assume(all_splits)
    shares = _shares(_Kind("public", total, list(map(Fraction, weight)), least, most))
    assert sum(shares) == total
    assert badness(shares, weight) <= min(badness([Fraction(x, 3) for x in split], weight) for split in all_splits)


def test_largest_remainders_without_plans():
    assert piles(one_kind(100, [5.1, 3.2, 1.7])) == [51, 32, 17]
    assert piles(one_kind(10, [1.45, 3.4, 5.15])) == [2, 3, 5]
    assert piles(one_kind(2, [1, 1, 1])) == [1, 1, 0]


def test_what_a_plan_takes_the_others_give_by_their_weights():
    split = one_kind(100, [10, 30, 60], least=[28, 0, 0])
    assert piles(split) == [28, 24, 48]
    assert [row.kept[1] for row in split.districts] == ["least", None, None]
    assert [row.proportional[1] for row in split.districts] == [10, 30, 60]
    split = one_kind(100, [10, 30, 60], most=[None, None, 20])
    assert piles(split) == [20, 60, 20]
    assert [row.kept[1] for row in split.districts] == [None, None, "most"]


def test_a_plan_below_the_share_changes_nothing():
    assert one_kind(100, [10, 30, 60], least=[10, 5, 60], most=[10, 40, None]) == one_kind(100, [10, 30, 60])


def test_a_district_without_weight_gets_what_it_plans():
    assert piles(one_kind(10, [0, 2, 3], least=[4, 0, 0])) == [4, 2, 4]


def test_large_and_small_weights_add_up():
    weight = np.random.default_rng(0).lognormal(0, 8, 300)
    least = np.random.default_rng(1).integers(0, 50, 300).tolist()
    assert sum(piles(one_kind(155_000, weight, least=least))) == 155_000


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (
            (9, [1, 1], [6, 4], None),
            ["public piles 公共桩", "hold 10 (d0 6, d1 4), 1 more than the 9", "total of 10"],
        ),
        ((9, [1, 1], None, [2, 3]), ["at most, 4 fewer", "limits are d0 2, d1 3", "total of 5", "or higher limits"]),
        ((9, [0, 1], [2, 0], [None, 3]), ["limits are d1 3; nothing asks for any in d0", "total of 5"]),
        ((9, [0, 0], None, None), ["nothing asks for any in d0, d1", "total of 0 would fit"]),
        ((50, [1] * 10, [6] * 10, None), ["d7 6 and 2 more"]),
    ],
    ids=["plans-too-many", "limits-too-low", "limits-and-idle", "idle", "many-districts"],
)
def test_what_does_not_fit_is_said_in_words(case, words):
    split = one_kind(*case)
    assert split.status == "infeasible"
    assert split.districts == ()
    (reason,) = split.reasons
    assert [word for word in words if word not in reason] == []


def test_all_kinds_that_do_not_fit_are_told():
    districts = [District(name="a", least=(5, 5, 0)), District(name="b", most=(None, None, 1))]
    split = split_piles(districts, np.array([[1.0, 1, 0], [1, 1, 1]]), (4, 4, 4))
    assert [reason.split()[0] for reason in split.reasons] == list(PILES)


def test_bad_rows_are_refused_all_at_once():
    rows = [
        District(name="a", least=(3, 0, -1), most=(2, None, None)),
        District(name="a"),
        District(name=" "),
    ]  # fmt: skip
    weight = np.ones((3, 3))
    weight[1, 2], weight[2, 0] = np.nan, -1
    with pytest.raises(InputError) as caught:
        split_piles(rows, weight, (1, -2, 1))
    assert [p.where for p in caught.value.problems] == [
        "districts[0].most_private", "districts[0].least_dedicated", "districts[1].name", "districts[2].name",
        "weight[1], dedicated", "weight[2], private", "total, public",
    ]  # fmt: skip
    for districts, table in (([], np.ones((0, 3))), (rows[:1], np.ones((2, 3)))):
        with pytest.raises(InputError):
            split_piles(districts, table, (1, 1, 1))


def test_needs_are_those_of_the_day_of_a_city():
    """Zones as districts: the same vehicles, places, depots and public energy as the simulation counts."""
    city = grid_city(6)
    day, fleet = fleet_day(city), city.fleet
    vehicles = vehicles_by_residents(fleet, city.zones.residents, 0.0, int(city.transit.year))
    vehicles[:, units.PRIVATE] = day.private
    needs = pile_needs(fleet, city.charging, vehicles, city.zones.home_access, city.zones.residents)
    assert np.allclose(needs.vehicles.sum(axis=0), day.vehicles)
    assert needs.private.sum() == pytest.approx(day.private_piles)
    assert needs.dedicated.sum() == pytest.approx(day.dedicated_piles)
    public = day.energy_kwh[:, units.USE_SLOW : units.USE_FAST + 1].sum()
    assert public > 0
    assert needs.public_kwh.sum() == pytest.approx(public)


def test_public_needs_follow_homes_without_piles_and_jobs(fleet, rules):
    vehicles = np.tile(vehicles_by_residents(fleet, np.array([1e6]), 24.0, 2025), (3, 1))
    persons = np.array([1e6, 1e6, 2e6])
    found = pile_needs(fleet, rules, vehicles, np.array([0.9, 0.1, 0.1]), persons)
    assert found.public_kwh[0] < found.public_kwh[1] < found.public_kwh[2]
    assert found.private[0] > found.private[1] == found.private[2]
    assert len(set(found.dedicated.tolist())) == 1


@pytest.fixture
def fleet():
    return given_part(Fleet, "fleet", Parameters.load(DATA))


@pytest.fixture
def rules():
    return given_part(ChargingRules, "charging", Parameters.load(DATA))


@pytest.fixture
def suzhou(fleet, rules):
    vehicles = np.array([[SUZHOU_2025[segment] for segment in units.SEGMENTS]], dtype=float)
    return pile_needs(fleet, rules, vehicles, np.array([0.5]), np.array([12_748_262.0]))


def test_the_published_stock_asks_for_the_published_piles(suzhou):
    assert sum(SUZHOU_2025.values()) == 378_100
    totals, reasons = pile_totals(suzhou, 200_000, {})
    assert not reasons
    assert sum(totals) == 200_000
    for kind, found in zip(PILES, totals, strict=True):
        assert abs(found / PLANNED[kind] - 1) < TOLERANCE, kind


@pytest.mark.parametrize(
    ("total", "given", "found"),
    [
        (200_000, {}, (155_000, 36_060, 8940)),
        (200_000, {"private": 150_000}, (150_000, 41_060, 8940)),
        (200_000, {"public": 36_000}, (155_060, 36_000, 8940)),
        (200_000, {"public": 36_000, "private": 155_000}, (155_000, 36_000, 9000)),
        (200_000, PLANNED, (155_000, 36_000, 9000)),
        (None, {"public": 36_000}, (155_000, 36_000, 8940)),
        (None, PLANNED | {"private": 0}, (0, 36_000, 9000)),
    ],
    ids=["total", "private", "public", "all-but-depots", "all", "no-total", "none-private"],
)
def test_what_is_not_given_follows(suzhou, total, given, found):
    totals, reasons = pile_totals(suzhou, total, given)
    assert reasons == ()
    assert np.allclose(totals, found, atol=10)
    assert total in {None, sum(totals)}


def test_a_total_below_what_the_vehicles_ask_for(suzhou):
    totals, (reason,) = pile_totals(suzhou, 100_000, {})
    assert totals == ()
    assert "leave no public ones; a total of at least 163," in reason


@pytest.mark.parametrize(
    ("total", "given", "words"),
    [
        (None, {}, "nor are the public piles"),
        (None, {"private": 5}, "nor are the public piles"),
        (10, {"private": 5, "public": 5, "dedicated": 5}, "add up to 15"),
    ],
    ids=["nothing", "private-alone", "other-sum"],
)
def test_too_little_or_too_much_is_refused(suzhou, total, given, words):
    with pytest.raises(InputError, match=words):
        pile_totals(suzhou, total, given)
