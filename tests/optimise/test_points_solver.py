"""Dispatch points against every plan there is, on small cases."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest

from network import InputError
from optimise.points import PointProblem, solve_points, stock_of, verify_points
from optimise.points.answer import margin_of, needs_of
from optimise.points.exact import best_sets, choose
from optimise.points.frame import Frame
from optimise.points.plans import Plans
from optimise.points.prices import Bound
from optimise.stop import Cancel, Gap, Work


def small(seed, **asked):
    """A few demand points, sites and windows in a row."""
    rng = np.random.default_rng(seed)
    demands, sites, windows, hours = int(rng.integers(3, 7)), int(rng.integers(1, 5)), int(rng.integers(1, 3)), 4
    reach = [np.flatnonzero(rng.random(sites) < 0.6) for _ in range(demands)]
    steps = rng.integers(-3000, 3001, (windows, demands, hours))
    net = np.concatenate((np.zeros((windows, demands, 1), np.int64), np.cumsum(steps, axis=2)), axis=2)
    already = rng.integers(0, 6, sites) * (rng.random(sites) < 0.3)
    most = np.maximum(rng.integers(0, 16, sites), already)
    apart = np.array([(a, b) for a in range(sites) for b in range(a) if rng.random() < 0.2]).reshape(-1, 2)
    problem = PointProblem(
        first=np.cumsum([0, *(len(r) for r in reach)]), site=np.concatenate(reach),
        weight=rng.integers(0, 900, demands),
        metres=np.zeros(sum(len(r) for r in reach), np.int64), worth_fen=rng.integers(0, 2500, demands), net=net,
        flow=np.abs(steps).sum(axis=2) + rng.integers(0, 2000, (windows, demands)),
        z_thousandths=int(rng.choice([0, 1000, 1960])), most=most, least=rng.integers(0, 6, sites), already=already,
        open_fen=rng.integers(0, 1500, sites), space_fen=rng.integers(0, 200, sites), apart=apart,
    )  # fmt: skip
    return replace(problem, **{name: value(problem, rng) for name, value in asked.items()})


ASKED = {
    "cover": {},
    "budget": {"budget_fen": lambda p, rng: int(rng.integers(0, 4000))},
    "share": {"objective": lambda p, rng: "cost", "least_weight": lambda p, rng: int(p.weight.sum() * rng.random())},
    "both": {
        "objective": lambda p, rng: "cost", "least_weight": lambda p, rng: int(p.weight.sum() * rng.random() * 0.7),
        "budget_fen": lambda p, rng: int(rng.integers(0, 5000)),
    },
    "net": {"objective": lambda p, rng: "net"},
    "net budget": {"objective": lambda p, rng: "net", "budget_fen": lambda p, rng: int(rng.integers(0, 4000))},
}  # fmt: skip


def plain_need(p, whom):
    """Spaces for those that a site serves, by plain loops."""
    if not whom:
        return 0
    most = 0.0
    for w in range(p.net.shape[0]):
        sums = [sum(int(p.net[w, i, t]) for i in whom) for t in range(p.net.shape[2])]
        flow = sum(int(p.flow[w, i]) for i in whom) / 1000
        most = max(most, (max(sums) - min(sums)) / 1000 + p.z_thousandths / 1000 * math.sqrt(flow))
    return math.ceil(most - 1e-9)


def plain_plans(p):
    """Value and served weight and money of every plan that keeps to the limits."""
    options = [[-1, *p.site[a:b].tolist()] for a, b in itertools.pairwise(p.first.tolist())]
    for site_of in itertools.product(*options):
        used = {j for j in site_of if j >= 0}
        spaces = {j: plain_need(p, [i for i, at in enumerate(site_of) if at == j]) for j in used}
        new = {j for j in used if p.already[j] == 0}
        there = set(np.flatnonzero(p.already > 0).tolist())
        if any(spaces[j] > p.most[j] for j in used) or any(p.most[j] < p.least[j] for j in new):
            continue
        if any((a in new and b in new | there) or (b in new and a in there) for a, b in p.apart.tolist()):
            continue
        money = sum(int(p.open_fen[j] + p.space_fen[j] * max(spaces[j], p.least[j])) for j in new)
        money += sum(int(p.space_fen[j]) * max(spaces[j] - int(p.already[j]), 0) for j in used - new)
        weight = sum(int(p.weight[i]) for i, at in enumerate(site_of) if at >= 0)
        if 0 <= p.budget_fen < money or weight < p.least_weight:
            continue
        worth = sum(int(p.worth_fen[i]) for i, at in enumerate(site_of) if at >= 0)
        yield {"cover": weight, "cost": -money, "net": worth - money}[p.objective]


@pytest.mark.parametrize("kind", ASKED)
@pytest.mark.parametrize("seed", range(12))
def test_the_best_of_all_plans_is_found_and_proven(kind, seed):
    problem = small(seed, **ASKED[kind])
    best = max(plain_plans(problem), default=None)
    found = solve_points(problem, stop=Gap(0.0) | Work(20), seed=seed)
    assert verify_points(problem, found).problems == ()
    if best is None:
        assert found.status == "infeasible"
        assert min(reason.most for reason in found.reasons) < problem.least_weight
    else:
        assert found.status == "optimal"
        assert (found.value if problem.objective != "cost" else -found.value) == best


@pytest.mark.parametrize("seed", range(6))
def test_sites_need_what_plain_loops_say(seed):
    problem = small(seed)
    rng = np.random.default_rng(seed)
    site_of = np.array([rng.choice([-1, *problem.site[a:b]]) for a, b in itertools.pairwise(problem.first)])
    whom = [np.flatnonzero(site_of == j).tolist() for j in range(problem.sites)]
    assert needs_of(problem, site_of).tolist() == [plain_need(problem, some) for some in whom]


@pytest.mark.parametrize(("flow", "z", "margin"), [(0, 1960, 0), (4000, 1000, 2000), (4001, 1000, 2001), (25000, 0, 0)])
def test_margins_are_rounded_up_exactly(flow, z, margin):
    assert margin_of(flow, z) == margin


def town(sites=60, corners=12, **asked):
    """A few streets of commuters, as in the benchmark but smaller."""
    rng = np.random.default_rng(5)
    at = np.stack(np.meshgrid(np.arange(corners), np.arange(corners), indexing="ij"), 2).reshape(-1, 2) * 60.0
    kerb = rng.random((sites, 2)) * corners * 60
    row, site = np.nonzero(np.abs(at[:, None] - kerb[None]).sum(axis=2) <= 130)
    demands, hours = len(at), np.arange(24.0)
    daily, home = rng.lognormal(2.3, 0.7, demands), rng.random(demands) < 0.6
    early, late = (np.exp(-0.5 * ((hours - h) / 1.5) ** 2) / 3.76 for h in (8, 18))
    out = np.where(home[:, None], early, late) * daily[:, None]
    back = np.where(home[:, None], late, early) * daily[:, None]
    net = np.pad(np.cumsum(back - out, axis=1), ((0, 0), (1, 0)))[None]
    near = np.abs(kerb[:, None] - kerb[None]).sum(axis=2) < 40
    fields = {
        "first": np.append(0, np.cumsum(np.bincount(row, minlength=demands))), "site": site,
        "metres": np.rint(np.abs(at[row] - kerb[site]).sum(axis=1)).astype(np.int64),
        "weight": np.rint(1000 * (out + back).sum(axis=1)).astype(np.int64),
        "net": np.rint(1000 * net).astype(np.int64),
        "flow": np.rint(1000 * (out + back).sum(axis=1)).astype(np.int64)[None], "z_thousandths": 1960,
        "most": rng.integers(10, 40, sites), "least": np.full(sites, 5), "already": np.zeros(sites, np.int64),
        "open_fen": rng.integers(150, 250, sites) * 1000, "space_fen": np.full(sites, 15_000),
        "apart": np.argwhere(np.triu(near, 1)), "budget_fen": 8_000_000,
    }  # fmt: skip
    return PointProblem(**(fields | asked))


BRIEF = Gap(0.0) | Work(0.5)


def test_equal_runs_give_equal_answers():
    problem = town()
    one, other = (solve_points(problem, stop=BRIEF, seed=3) for _ in range(2))
    assert np.array_equal(one.site_of, other.site_of)
    assert (one.value, one.bound) == (other.value, other.bound)
    assert verify_points(problem, one).problems == ()


def test_more_money_serves_no_less():
    bounds, values = [], []
    for budget in (0, 1_000_000, 4_000_000, 12_000_000):
        found = solve_points(town(budget_fen=budget), stop=BRIEF)
        values.append(found.value)
        bounds.append(found.bound)
    assert values[0] == 0
    assert all(value <= bound for value, bound in zip(values, bounds, strict=True))
    assert values == sorted(values)


def test_a_town_is_planned_within_a_few_hundredths():
    found = solve_points(town(), stop=Gap(0.03) | Work(20))
    assert found.gap <= 0.03
    assert found.money_fen <= 8_000_000


def test_the_best_choice_among_sets_that_earn_most_is_no_worse_than_the_plan():
    problem, run = town(), (Gap(0.0) | Work(60)).start()
    frame = Frame(problem)
    plans = Plans(frame, run, 0)
    plans.anneal(40)
    bound = Bound(frame, run, plans)
    bound.improve(100, lambda: False)
    sets = best_sets(frame, bound, plans.value, plans.site_of)
    chosen = choose(frame, sets, run)
    own = {(j, (plans.site_of == j).tobytes()) for j in np.unique(plans.site_of[plans.site_of >= 0]).tolist()}
    assert own <= {(j, whom.tobytes()) for j, whom in zip(sets.site.tolist(), sets.served, strict=True)}
    served = problem.weight[chosen.site_of >= 0].sum()
    assert plans.value < served <= chosen.bound


def test_sites_with_many_in_reach_are_bounded_too(monkeypatch):
    """Without tables of all sets the bound holds, and small cases are proven all the same."""
    monkeypatch.setattr("optimise.points.frame.MOST_SETS", 1)
    for seed in range(4):
        problem = small(seed)
        found = solve_points(problem, stop=Gap(0.0) | Work(20))
        assert found.status == "optimal"
        assert found.value == max(plain_plans(problem))
    problem = town()
    assert solve_points(problem, stop=BRIEF).bound >= solve_points(problem, stop=Gap(0.05)).value


def test_a_run_that_is_over_at_once_says_what_it_knows():
    found = solve_points(town(), stop=Work(0.0))
    assert (found.status, found.value) == ("feasible", 0)
    assert verify_points(town(), found).problems == ()
    unknown = solve_points(town(objective="cost", least_weight=1000, budget_fen=-1), stop=Cancel(lambda: True))
    assert unknown.status == "unknown"


def test_what_cannot_be_served_is_said_with_numbers():
    problem = town(objective="cost", budget_fen=1_000_000, least_weight=int(town().weight.sum()) * 3 // 4)
    found = solve_points(problem)
    assert found.status == "infeasible"
    most = {reason.within: reason.most for reason in found.reasons}
    assert most["within the budget"] < problem.least_weight
    assert most["within the budget"] <= most["without budget"]
    assert verify_points(problem, found).problems == ()


def test_progress_tells_values_and_bounds():
    heard = []
    solve_points(town(), stop=BRIEF, progress=heard.append)
    assert heard
    assert all(told.objective <= told.bound for told in heard if told.objective is not None)


def falsified(answer, **changes):
    return replace(answer, **changes)


def test_verification_finds_what_was_falsified():
    problem = town()
    answer = solve_points(problem, stop=BRIEF)
    site_of, spaces, open_ = (np.array(x) for x in (answer.site_of, answer.spaces, answer.open))
    used = int(np.flatnonzero(spaces)[0])
    fewer, shut, away = spaces.copy(), open_.copy(), site_of.copy()
    fewer[used] -= 1
    shut[used] = False
    away[np.flatnonzero(site_of >= 0)[0]] = (site_of[np.flatnonzero(site_of >= 0)[0]] + 1) % problem.sites
    wrong = {
        "spaces": falsified(answer, spaces=fewer), "open": falsified(answer, open=shut),
        "reach": falsified(answer, site_of=away), "value": falsified(answer, value=answer.value + 1),
        "money": falsified(answer, money_fen=answer.money_fen - 1), "bound": falsified(answer, bound=answer.value - 1),
        "status": falsified(answer, status="feasible" if answer.bound == answer.value else "optimal"),
        "weight": falsified(answer, served_weight=0), "silence": falsified(answer, status="infeasible"),
    }  # fmt: skip
    assert verify_points(problem, answer).problems == ()
    for what, other in wrong.items():
        assert verify_points(problem, other).problems, what


def test_stock_covers_the_lowest_hour_and_half_the_margin():
    problem = town()
    answer = solve_points(problem, stop=BRIEF)
    stock = stock_of(problem, answer)
    assert (stock <= answer.spaces).all()
    for j in np.flatnonzero(answer.open)[:5]:
        whom = np.flatnonzero(answer.site_of == j)
        low = problem.net[0, whom].sum(axis=0).min() / 1000
        half = problem.z_thousandths / 2000 * math.sqrt(problem.flow[0, whom].sum() / 1000)
        assert stock[j] == min(math.ceil(-low + half - 1e-9), answer.spaces[j])


WRONG = {
    "a window begins with 0": {"net": np.ones((1, 144, 25), np.int64)},
    "there are 60 sites": {"apart": np.array([[0, 60]])},
    "names a site twice": {"apart": np.array([[1, 1]])},
    "spaces are there already": {"already": np.full(60, 99)},
    "use cover, cost or net": {"objective": "most"},
    "give -1 or more": {"budget_fen": -2},
    "does not hold whole numbers": {"weight": np.ones(144)},
    "has the shape": {"most": np.ones(3, np.int64)},
    "use a coarser unit": {"open_fen": np.full(60, 2**52)},
}


@pytest.mark.parametrize("words", WRONG)
def test_arrays_that_do_not_fit_are_refused_by_name(words):
    with pytest.raises(InputError, match=words):
        town(**WRONG[words])
