"""The most that sites give to points within reach, hour by hour, beside networkx on every kind of pairs."""

from __future__ import annotations

import numba
import numpy as np
import pytest
from oracles import most_served as plain_most

from network import most_served


def pairs_of(rows):
    """CSR of the sites each point reaches."""
    first = np.cumsum([0, *map(len, rows)])
    site = np.array([j for row in rows for j in sorted(row)], np.int64)
    return first, site, np.zeros(len(site), np.int64)


def some(rng, points, sites, likely, hours=3):
    rows = [np.flatnonzero(rng.random(sites) < likely).tolist() for _ in range(points)]
    wanted = rng.integers(0, 50, (points, hours)) * (rng.random((points, hours)) < 0.8)
    most, opened = rng.integers(0, 120, sites) * (rng.random(sites) < 0.7), rng.random((sites, hours)) < 0.8
    capacity = most[:, None] * opened
    return rows, wanted, capacity


def must_hold(rows, wanted, capacity):
    """capacity: (J, H), or (J) of every hour."""
    if capacity.ndim == 1:
        capacity = np.repeat(capacity[:, None], wanted.shape[1], axis=1)
    served, given = most_served(pairs_of(rows), wanted, capacity)
    pairs = [(i, j) for i, row in enumerate(rows) for j in row]
    assert ((served >= 0) & (served <= wanted)).all()
    assert ((given >= 0) & (given <= capacity)).all()
    for h in range(wanted.shape[1]):
        most = plain_most(wanted[:, h], capacity[:, h], pairs)
        assert served[:, h].sum() == given[:, h].sum() == most
        # what is served and what is given are of one flow along the pairs: neither side asks for more than the other
        assert plain_most(served[:, h], given[:, h], pairs) == most
    return served, given


@pytest.mark.parametrize("likely", [0.03, 0.15, 0.6], ids=["few", "some", "many"])
@pytest.mark.parametrize("seed", range(12))
def test_all_that_can_be_served_is(seed, likely):
    rng = np.random.default_rng(seed)
    must_hold(*some(rng, int(rng.integers(1, 25)), int(rng.integers(1, 15)), likely))


@pytest.mark.parametrize("length", [1, 2, 7, 40])
def test_a_chain_is_followed_to_its_far_end(length):
    """Point i reaches sites i and i + 1, one more the first alone: with room for two in the last site all move up."""
    rows = [{i, min(i + 1, length - 1)} for i in range(length)]
    capacity = np.ones(length, np.int64)
    served, _ = must_hold([*rows, {0}], np.ones((length + 1, 1), np.int64), capacity)
    assert served.sum() == length
    capacity[-1] = 2
    served, _ = must_hold([*rows, {0}], np.ones((length + 1, 1), np.int64), capacity)
    assert served.sum() == length + 1


EMPTY = {
    "no pair": ([[], []], [[3], [4]], [5, 5]),
    "no site": ([[], []], [[3], [4]], []),
    "no point": ([], np.zeros((0, 2)), [5]),
    "no hour": ([[0]], np.zeros((1, 0)), [5]),
    "no room": ([[0, 1], [1]], [[3], [4]], [0, 0]),
    "no demand": ([[0, 1], [1]], [[0], [0]], [4, 4]),
}


@pytest.mark.parametrize("case", EMPTY.values(), ids=EMPTY)
def test_where_nothing_can_be_served_nothing_is(case):
    rows, wanted, capacity = case
    served, given = must_hold(rows, np.array(wanted, np.int64), np.array(capacity, np.int64))
    assert not served.any()
    assert not given.any()


def test_by_hand():
    """a reaches sites of 6 and 7, b the second alone: a makes way for b wherever it can."""
    served, given = must_hold([[0, 1], [1]], np.array([[9, 4, 0], [4, 9, 9]]), np.array([6, 7]))
    assert served.tolist() == [[9, 4, 0], [4, 7, 7]]
    assert given.tolist() == [[6, 4, 0], [7, 7, 7]]


def test_hours_do_not_depend_on_each_other():
    rows, wanted, capacity = some(np.random.default_rng(3), 30, 12, 0.2, hours=6)
    together = most_served(pairs_of(rows), wanted, capacity)
    for h in range(6):
        alone = most_served(pairs_of(rows), wanted[:, h : h + 1], capacity[:, h : h + 1])
        for all_, one in zip(together, alone, strict=True):
            assert np.array_equal(all_[:, h : h + 1], one)


def test_whole_numbers_do_not_overflow():
    big = 2**40
    served, given = must_hold([[0], [0, 1]], np.array([[big], [3 * big]]), np.array([2 * big, big]))
    assert (served.sum(), given.tolist()) == (3 * big, [[2 * big], [big]])


def test_ties_fall_the_same_way_on_one_thread_and_two():
    """All alike: many best answers, one of which is given, by any number of threads and every time."""
    rows, wanted, capacity = [list(range(20))] * 40, np.full((40, 24), 7), np.full((20, 24), 9)
    threads, answers = numba.get_num_threads(), []
    try:
        for count in (1, threads, 1):
            numba.set_num_threads(count)
            answers.append(b"".join(x.tobytes() for x in most_served(pairs_of(rows), wanted, capacity)))
    finally:
        numba.set_num_threads(threads)
    assert len(set(answers)) == 1


@pytest.mark.parametrize("seed", range(5))
def test_more_room_or_reach_never_serves_less(seed):
    rng = np.random.default_rng(seed)
    rows, wanted, capacity = some(rng, 20, 10, 0.15)
    served = most_served(pairs_of(rows), wanted, capacity)[0].sum(axis=0)
    j = int(rng.integers(10))
    roomier = most_served(pairs_of(rows), wanted, capacity + 5 * (np.arange(10) == j)[:, None])[0].sum(axis=0)
    assert ((roomier >= served) & (roomier <= served + 5)).all()
    wider = most_served(pairs_of([{*row, j} for row in rows]), wanted, capacity)[0].sum(axis=0)
    assert (wider >= served).all()
