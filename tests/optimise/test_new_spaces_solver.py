"""New spaces against every choice there is, on small cases."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from network import InputError
from optimise.spaces import SpaceProblem, most_spaces, solve_spaces
from optimise.spaces.verify import broken, relaxation, verify_spaces
from optimise.stop import Gap, Stop, Work

ACTIVE = (0b01, 0b11, 0b10)


def small(rng, **asked):
    """Two groups in three rows, three places."""
    rows, places = 3, 3
    pairs = [np.flatnonzero(rng.random(places) < 0.7) for _ in range(rows)]
    most = rng.integers(0, 4, places)
    return SpaceProblem(
        wanted=rng.integers(0, 4, rows),
        group=rng.integers(0, 2, rows),
        weight=rng.integers(500, 1500, rows),
        first=np.cumsum([0, *(len(p) for p in pairs)]),
        place=np.concatenate(pairs),
        active=np.array(ACTIVE),
        room=rng.integers(0, 2, (places, 3)) * (rng.random() < 0.5),
        most=most,
        taken=rng.integers(0, 2, places),
        space_fen=rng.integers(1, 20, places),
        open_fen=rng.integers(0, 30, places),
        charge=rng.integers(0, 2, places) * 400,
        draw=rng.integers(0, 900, places),
        exclusive=rng.choice([-1, -1, 0], places),
        **asked,
    )


def every_answer(p):
    """All spaces and cars that keep to the limits, by plain loops."""
    rows = [r for r in range(len(p.wanted)) for _ in range(p.first[r], p.first[r + 1])]
    for spaces in itertools.product(*(range(m + 1) for m in p.most)):
        used = [j for j, x in enumerate(spaces) if x]
        groups = [p.exclusive[j] for j in used if p.exclusive[j] >= 0]
        cost = sum(p.space_fen[j] * spaces[j] + p.open_fen[j] for j in used)
        if (
            len(groups) > len(set(groups))
            or 0 <= p.budget_fen < cost
            or 0 <= p.most_draw < sum(p.draw[j] * spaces[j] for j in used)
            or sum(spaces) < p.least_gross
            or sum(spaces) - sum(p.taken[j] for j in used) < p.least_net
        ):
            continue
        for served in itertools.product(*(range(p.wanted[r] + 1) for r in rows)):
            if any(sum(s for s, row in zip(served, rows, strict=True) if row == r) > p.wanted[r] for r in rows):
                continue
            fits = all(
                sum(
                    s
                    for s, row, place in zip(served, rows, p.place, strict=True)
                    if place == j and ACTIVE[q] >> p.group[row] & 1
                )
                <= spaces[j] + p.room[j, q]
                for j in range(3)
                for q in range(3)
            )
            if fits:
                yield np.array(spaces), np.array(served, dtype=np.int64)


ASKED = {
    "free": {},
    "budget": {"budget_fen": 60},
    "draw": {"most_draw": 1500},
    "least": {"least_gross": 3},
    "net": {"least_net": 2, "budget_fen": 120},
    "cheapest": {"objective": "cost", "least_gross": 2},
    "most": {"objective": "spaces", "budget_fen": 80},
}


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("seed", range(6))
def test_no_choice_does_better(seed, asked):
    p = small(np.random.default_rng(seed), **ASKED[asked])
    answers = list(every_answer(p))
    found = solve_spaces(p, run=Stop().start())
    assert verify_spaces(p, found).problems == ()
    if not answers:
        assert found.status == "infeasible"
        return
    pick = min if p.objective == "cost" else max
    best = pick(p.value(*one) for one in answers)
    assert (found.value, found.bound, found.status) == (best, best, "optimal")
    second = {"need": lambda a: -p.cost_fen(a[0]), "cost": lambda a: p.worth(*a), "spaces": lambda a: 0}[p.objective]
    ties = [one for one in answers if p.value(*one) == best]
    assert second((found.spaces, found.served)) == max(map(second, ties))


@pytest.mark.parametrize("seed", range(6))
def test_the_most_there_can_be_is_told_where_too_much_is_asked(seed):
    p = small(np.random.default_rng(seed), least_gross=20, budget_fen=70)
    assert solve_spaces(p, run=Stop().start()).status == "infeasible"
    most = most_spaces(p, run=Stop().start())
    assert most.value == max(spaces.sum() for spaces, _ in every_answer(replace(p, least_gross=0)))


@pytest.mark.parametrize("seed", range(4))
def test_more_money_and_looser_limits_never_serve_fewer(seed):
    p = small(np.random.default_rng(seed))
    for name, values in (("budget_fen", (0, 20, 60, -1)), ("most_draw", (0, 500, 2000, -1))):
        worth = [solve_spaces(replace(p, **{name: v}), run=Stop().start()).value for v in values]
        assert worth == sorted(worth)


def test_a_space_is_taken_in_each_hour_of_the_stay():
    """Night and day share a space; two groups by day do not."""
    p = SpaceProblem(
        wanted=np.array([5, 5, 5]), group=np.array([0, 1, 2]), weight=np.full(3, 1000), first=np.arange(4),
        place=np.zeros(3, int), active=np.array([0b001, 0b110]), room=np.zeros((1, 2)), most=np.array([5]),
        taken=np.zeros(1), space_fen=np.ones(1), open_fen=np.zeros(1), charge=np.zeros(1), draw=np.zeros(1),
        exclusive=np.array([-1]),
    )  # fmt: skip
    found = solve_spaces(p, run=Stop().start())
    assert found.value == 10_000
    assert found.served[1] + found.served[2] == 5
    assert solve_spaces(replace(p, room=np.array([[0, 3]])), run=Stop().start()).value == 13_000


def test_checks_find_what_is_wrong():
    p = small(np.random.default_rng(1), budget_fen=60)
    good = solve_spaces(p, run=Stop().start())
    assert good.spaces.any()
    one = np.arange(3) == np.argmax(good.spaces)
    for wrong, word in (
        (replace(good, spaces=p.most + 1), "more spaces than fit"),
        (replace(good, served=good.served + 9), "more cars stand"),
        (replace(good, value=good.value + 1), "the value is"),
        (replace(good, bound=good.value - 1), "wrong side"),
        (replace(good, status="feasible"), "status"),
        (replace(good, spaces=good.spaces - one), "two cars|the value"),
    ):
        problems = "; ".join(verify_spaces(p, wrong).problems)
        assert any(w in problems for w in word.split("|")), (word, problems)
    assert broken(replace(p, least_gross=99), good.spaces, good.served)
    assert relaxation(replace(p, least_gross=99)) is None


def test_without_any_place_there_is_nothing_to_add():
    none, rows = np.zeros(0), np.ones(2)
    p = SpaceProblem(
        wanted=rows, group=rows, weight=rows, first=np.zeros(3), place=none, active=np.array([2]),
        room=np.zeros((0, 1)), most=none, taken=none, space_fen=none, open_fen=none, charge=none, draw=none,
        exclusive=none,
    )  # fmt: skip
    for asked, status in ((p, "optimal"), (replace(p, least_gross=1), "infeasible")):
        found = solve_spaces(asked, run=Stop().start())
        assert (found.status, found.value) == (status, 0)
        assert verify_spaces(asked, found).problems == ()


def test_a_run_without_work_has_an_honest_answer():
    p = small(np.random.default_rng(3))
    found = solve_spaces(p, run=(Gap(0.0) | Work(0)).start())
    assert verify_spaces(p, found).problems == ()


@pytest.mark.parametrize(
    ("name", "value"), [("wanted", np.ones(2)), ("first", np.array([0, 2, 1, 9])), ("most", -np.ones(3)),
                        ("space_fen", np.full(3, 2**52)), ("place", np.full(1, 7))],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_named(name, value):
    with pytest.raises(InputError, match=r"SpaceProblem"):
        replace(small(np.random.default_rng(0)), **{name: value})
