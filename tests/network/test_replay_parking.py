"""Days in shared lots, car by car: against a plain simulation, against the exact risk, and against what owners fear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import oracles
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network import (
    REPLAY_SURE,
    InputError,
    Scenario,
    ShareLot,
    grid_city,
    overflow,
    parked_cars,
    replay_parking,
    rows_of,
    worst_after,
)
from network.kernels.replay_parking import park
from network.units import DAY_TYPES, PARKERS, SLOTS

GROUPS = len(PARKERS)


@st.composite
def days(draw):
    """Four half-hours a day for three days: own, come, late, begin, leaving of a small lot."""
    slots, n = 4, 12
    numbers = [draw(st.lists(st.integers(0, 6), min_size=n, max_size=n)) for _ in range(3)]
    shared = draw(st.lists(st.integers(0, 5), min_size=slots, max_size=slots))
    ended = draw(st.lists(st.integers(0, 3), min_size=slots, max_size=slots))
    leaving = [max(ended[t], shared[t - 1] - shared[t]) for t in range(slots)]
    begin = [shared[t] - shared[t - 1] + leaving[t] for t in range(slots)]
    late = [min(x, ended[t % slots]) for t, x in enumerate(numbers[2])]
    return numbers[0], numbers[1], late, begin, leaving


@given(days(), st.integers(0, 10), st.integers(1, 5), st.booleans())
@settings(max_examples=200, deadline=None)
def test_every_car_stands_where_the_plain_simulation_says(day, spaces, late_slots, mixed):
    *waiting, clashes = park(spaces, *map(np.array, day), late_slots, mixed)
    truth = oracles.parked(spaces, *day, late_slots, mixed)
    assert list(zip(*(x.tolist() for x in waiting), strict=True)) == truth
    assert clashes == 0


@given(days(), st.integers(0, 10), st.integers(1, 3))
@settings(max_examples=100, deadline=None)
def test_who_waits_is_who_is_too_many(day, spaces, late_slots):
    """Nobody moves and nobody is lost: those that wait are all cars less the spaces."""
    own, come, late, begin, leaving = day
    _, first, most, _ = park(spaces, *map(np.array, day), late_slots, False)
    sharing, stays = 0, [0] * len(own)
    for t in range(len(own)):
        end = min(leaving[t % 4], sharing)
        stays[t] = min(late[t], end)
        sharing += begin[t % 4] - end
        cars = own[t] + sharing + sum(stays[max(0, t - late_slots + 1) : t + 1])
        if most[: t + 1].any():
            return  # who waits as the window ends cannot be late
        assert first[t] == max(0, cars - spaces)
        assert most[t] == max(0, cars + come[t] - spaces)


def at_the_limit(city, more=0):
    """The city after every lot shares as much as its rows allow, group by group; and `more` at night than that."""
    rows, edits = rows_of(city), []
    for at in np.ndindex(len(city.lots.id), len(DAY_TYPES)):
        n = [0] * GROUPS
        for g in (1, 0, 3, 2):
            while allowed(rows, at, n):
                n[g] += 1
            n[g] -= 1
        n[1] += more if n[1] else 0
        edits += windows(city, at, n)
    return Scenario(edits=tuple(edits)).apply(city)


def windows(city, at, n):
    return [
        ShareLot(lot=str(city.lots.id[at[0]]), spaces=n[g], start=time(start), end=time(end), days=(DAY_TYPES[at[1]],))
        for g, (start, end) in enumerate(city.parking.window_h.tolist())
        if n[g]
    ]


def time(hours):
    return f"{int(hours):02d}:{round(hours % 1 * 60):02d}"


def allowed(rows, at, n):
    first = len(DAY_TYPES) * at[0] + at[1]
    for q in range(rows.row_first[first], rows.row_first[first + 1]):
        active, closed = (
            sum(n[g] for g in range(GROUPS) if masks[q] >> g & 1) for masks in (rows.row_active, rows.row_closed)
        )
        table = rows.table[rows.table_first[q] : rows.table_first[q + 1]]
        if closed >= len(table) or active > table[closed]:
            return False
    return True


@pytest.fixture(scope="module")
def city():
    """Lots whose owners come back as the working day ends."""
    base = grid_city(8)
    lots, back = base.lots, np.zeros(SLOTS)
    back[34:42] = 1.0
    mean = lots.spaces[:, None, None] * (0.35 + 0.35 * back) * np.array([1.0, 0.9, 1.1])[:, None]
    sd = np.sqrt(mean) * np.array([0.7, 1.0, 1.6])[np.arange(len(lots.id)) % 3][:, None, None]
    return replace(base, lots=replace(lots, own_mean=mean, own_sd=sd, own_high=mean - 6.0, own_arrivals=0.1 * mean))


@pytest.fixture(scope="module")
def shared(city):
    return at_the_limit(city)


@pytest.fixture(scope="module")
def found(shared):
    return replay_parking(shared)


@pytest.fixture(scope="module")
def lenient(shared):
    """The same where so much is allowed that every lot is run for the days asked for alone."""
    return replace(shared, parking=replace(shared.parking, overflow_share=np.array(0.5)))


def test_lots_at_their_limit_keep_their_promise(shared, found):
    """Owners of every lot find a space but on the share of days they were promised, and what draws add to it."""
    promised = shared.parking.overflow_share
    assert (worst_after(shared) > 0.6 * promised).sum() > 5, "they are at their limit"
    assert found.kept.all()
    after = np.where(found.after, found.share, 0.0)
    assert (after <= promised + REPLAY_SURE * np.sqrt(promised * (1 - promised) / found.days)[:, None]).all()
    assert found.clashes == 0
    assert found.promised == promised
    assert set(found.lot.tolist()) == set(range(len(shared.lots.id)))


def test_days_come_out_as_the_model_says(shared, found):
    """In the half-hours after windows and in those of windows, as often as by exact convolution."""
    expected = found.expected
    assert expected.tolist() == overflow(shared)[found.lot, found.day].tolist()
    error = np.sqrt(expected * (1.0 - expected) / found.days[:, None])
    assert (np.abs(found.share - expected) <= 5.0 * error + 1.0 / found.days[:, None]).all()
    assert (expected[found.after] > 0.01).sum() > 20
    assert (expected[~found.after] > 0.05).sum() > 20


def test_a_lot_that_shares_too_much_is_found_out(city):
    """Three spaces beyond the rows in every lot."""
    much = at_the_limit(city, more=3)
    found = replay_parking(much)
    over = worst_after(much) > 0.04
    assert over.sum() > 5
    broken = {int(lot) for lot, kept in zip(found.lot, found.kept, strict=True) if not kept}
    assert broken >= set(np.flatnonzero(over).tolist())
    assert not broken & set(np.flatnonzero(worst_after(much) <= city.parking.overflow_share).tolist())
    assert found.clashes == 0


def test_a_lot_is_run_for_longer_where_it_is_close(found):
    close = np.where(found.after, found.expected, 0.0).max(axis=1)
    assert (found.days[close > 0.015] == 5000).all()
    assert (found.days[close < 1e-6] == 600).all()
    np.testing.assert_allclose(found.error, np.sqrt(found.share * (1 - found.share) / found.days[:, None]))


def test_who_leaves_in_between_makes_room(lenient):
    mixed, found = (replay_parking(lenient, mixed=mixed) for mixed in (True, False))
    assert mixed.clashes == found.clashes == 0
    assert mixed.days.tolist() == found.days.tolist() == [200] * len(found.lot)
    assert (mixed.share <= found.share).all()
    assert mixed.share[found.after].sum() < 0.8 * found.share[found.after].sum()
    assert mixed.share[~found.after].tolist() == found.share[~found.after].tolist()


def test_a_seed_is_a_day_and_a_lot_knows_nothing_of_others(lenient):
    one, again, other = (replay_parking(lenient, days=50, seed=seed) for seed in (3, 3, 4))
    for name in ("days", "share", "error", "permit_share", "any_share"):
        assert getattr(one, name).tobytes() == getattr(again, name).tobytes()
    assert one.share.tolist() != other.share.tolist()
    lots, keep = lenient.lots, np.arange(len(lenient.lots.id)) == 2
    nothing = {name: np.where(keep[:, None, None], getattr(lots, name), 0) for name in ("shared", "ended")}
    alone = replay_parking(replace(lenient, lots=replace(lots, **nothing)), days=50, seed=3)
    assert set(alone.lot.tolist()) == {2}
    assert alone.share.tolist() == one.share[one.lot == 2].tolist()


def test_more_shared_spaces_change_no_car_of_the_owner(city):
    """Days are compared on the same cars: who shares more never fares better, on any of them."""
    less, more = (
        replay_parking(Scenario(edits=tuple(windows(city, (1, 0), n))).apply(city), days=5000)
        for n in ([0, 20, 0, 0], [0, 21, 0, 0])
    )
    assert (less.days == more.days).all()
    assert (more.share >= less.share).all() and (more.share > less.share).any()
    assert (more.any_share >= less.any_share).all()


def test_lots_that_share_nothing_are_not_run(city):
    found = replay_parking(city)
    assert len(found.lot) == 0 and found.share.shape == (0, SLOTS)
    assert found.kept.all() and found.clashes == 0
    assert parked_cars(city, 100) == 0.0


def test_lots_done_are_told(city):
    shared, heard = Scenario(edits=tuple(windows(city, (1, 0), [0, 2, 0, 0]))).apply(city), []
    replay_parking(shared, days=2, told=lambda *done: heard.append(done))
    assert heard == [(1, 1)]
    assert parked_cars(shared, 2) == pytest.approx(2 * (city.lots.own_arrivals[1, 0].sum() + 2))


def test_days_that_tell_nothing_are_refused(city):
    with pytest.raises(InputError, match="days"):
        replay_parking(city, days=1)
