"""Van routes: every answer against trying all routes, published instances, and rules that are broken on purpose."""

from __future__ import annotations

import csv
import json
from itertools import permutations

import numpy as np
import pytest

from network import InputError
from optimise.stop import Cancel, Gap, Seconds, Work
from optimise.vans import root
from optimise.vans.cuts import broken_cuts
from optimise.vans.linear import Relaxation
from optimise.vans.problem import MOST, VanProblem, first_load, rule_problems, value_of
from optimise.vans.root import root_bound
from optimise.vans.solve import _rounded, solve_vans


def made(stops, seed, **given):
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 100, (stops, 2))
    cost = np.abs(xy[:, None] - xy[None]).sum(axis=2) + rng.integers(0, 9, (stops, stops))
    np.fill_diagonal(cost, 0)
    pick_up = rng.integers(-6, 7, stops)
    pick_up[0] = 0
    return VanProblem(cost=cost, pick_up=pick_up, **({"capacity": 7} | given))


def partitions(stops):
    """All ways to share stops out among routes, each route in every order."""
    if not stops:
        yield ()
        return
    first, rest = stops[0], stops[1:]
    for k in range(2 ** len(rest)):
        with_first = (first, *(s for i, s in enumerate(rest) if k >> i & 1))
        others = tuple(s for i, s in enumerate(rest) if not k >> i & 1)
        for route in permutations(with_first):
            for tail in partitions(others):
                yield (route, *tail)


def tried(problem):
    """The least value over all routes that keep the rules, None where there are none."""
    best, may = None, [i for i in range(1, problem.stops) if not problem.must[i]]
    must = [i for i in range(1, problem.stops) if problem.must[i]]
    for k in range(2 ** len(may)):
        some = tuple(sorted([*must, *(s for i, s in enumerate(may) if k >> i & 1)]))
        for routes in partitions(some):
            if not rule_problems(problem, routes):
                value = value_of(problem, routes)
                best = value if best is None else min(best, value)
    return best


CASES = {
    "every stop": {},
    "one van": {"vans": 1},
    "two vans": {"vans": 2},
    "stops may be left out": {"skip_cost": np.array([0, 40, 70, -1, 90, 20])},
    "in time": {"limit_s": 260, "vans": 2, "skip_cost": np.array([0, 150, 150, 150, 150, 150])},
    "small van": {"capacity": 6, "vans": 3, "skip_cost": np.array([0, 60, -1, 60, -1, 60])},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("seed", range(6))
def test_the_least_is_found_and_proven(case, seed):
    given = dict(CASES[case])
    problem = made(6, seed, **given)
    if "limit_s" in given:
        time_s = problem.cost.copy()
        time_s[1, 2], time_s[0, 3] = 300, 300  # farther than by way of others
        problem = made(6, seed, time_s=time_s, service_s=np.array([0, 5, 5, 5, 5, 5]), **given)
    wanted = tried(problem)
    found = solve_vans(problem)
    if wanted is None:
        assert found.status == "infeasible"
        return
    assert (found.value, found.bound, found.status) == (wanted, wanted, "optimal")
    assert rule_problems(problem, found.routes) == []
    assert value_of(problem, found.routes) == wanted


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_is_below_every_answer(seed):
    skip = np.where(np.arange(6) % 2 == 1, 80, -1)
    skip[0] = 0
    problem = made(6, seed + 50, vans=2, skip_cost=skip)
    least = tried(problem)
    root = root_bound(problem, 10**6, Gap(0.0).start())
    assert least is None or root.bound <= least + 1e-6


def test_published_instances(shared):
    """A few of Dell'Amico et al. 2014; `scripts/bench vans` runs all 29."""
    folder = shared / "bench"
    rows = csv.reader((folder / "optima.csv").read_text(encoding="utf-8").splitlines())
    best = {name: float(value) for family, name, _, value, *_ in rows if family == "rebalancing"}
    for city, file, capacity in (("Bari", "3Bari10", 10), ("Bergamo", "9Bergamo12", 12), ("Ottawa", "23Ottawa10", 10)):
        given = json.loads((folder / "rebalancing" / city / f"{file}.json").read_text(encoding="utf-8"))
        cost = np.array(given["distance_matrix"])
        np.fill_diagonal(cost, 0)
        problem = VanProblem(
            cost=np.rint(cost).astype(np.int64), pick_up=np.array(given["demands"]), capacity=given["vehicle_capacity"]
        )
        found = solve_vans(problem)
        assert (found.value, found.status) == (best[f"{city} Q={capacity}"], "optimal")
        assert rule_problems(problem, found.routes) == []


def test_same_seed_same_routes():
    problem = made(14, 3)
    assert solve_vans(problem, seed=2).routes == solve_vans(problem, seed=2).routes


def test_a_stop_rule_gives_routes_and_an_honest_gap():
    problem = made(30, 5)
    quick = solve_vans(problem, stop=Work(0.01))
    assert rule_problems(problem, quick.routes) == []
    assert quick.bound <= quick.value
    longer = solve_vans(problem, stop=Gap(0.0) | Work(2))
    assert quick.bound <= longer.value <= quick.value
    for stop in (Seconds(0.0), Cancel(lambda: True)):
        cut = solve_vans(problem, stop=stop)
        assert cut.status in {"feasible", "optimal"}
        assert rule_problems(problem, cut.routes) == []


def test_many_stops_are_searched_with_a_bound():
    problem = made(60, 1, capacity=20)
    found = solve_vans(problem, stop=Work(3))
    assert rule_problems(problem, found.routes) == []
    assert found.gap < 0.12


def test_a_van_leaves_with_what_its_first_stops_lack():
    problem = VanProblem(cost=np.ones((4, 4), np.int64), pick_up=np.array([0, -3, -2, 4]), capacity=5)
    assert first_load(problem, (1, 2, 3)) == 5
    assert first_load(problem, (3, 1, 2)) == 1
    assert rule_problems(problem, ((1, 2, 3),)) == []


def test_nothing_to_do():
    alone = VanProblem(cost=np.zeros((1, 1), np.int64), pick_up=np.zeros(1, np.int64), capacity=5)
    assert solve_vans(alone).status == "optimal"
    kept = VanProblem(
        cost=np.ones((2, 2), np.int64), pick_up=np.array([0, 1]), capacity=5, vans=0, skip_cost=np.array([0, 7])
    )
    assert (solve_vans(kept).value, solve_vans(kept).routes) == (7, ())


BROKEN = {
    "twice": (((1, 2), (2,)), "visited twice"),
    "left out": (((1,),), "left out"),
    "none": (((9,),), "is none"),
    "too many": (((1,), (2,), (3,)), "for 2 vans"),
    "heavy": (((1, 2, 3),), "carries"),
    "late": (((3, 1, 2),), "under way"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_broken_rules_are_named(case):
    routes, words = BROKEN[case]
    ones = np.ones((4, 4), np.int64)
    problem = VanProblem(cost=ones, pick_up=np.array([0, -3, -3, 4]), capacity=5, vans=2, time_s=10 * ones, limit_s=30)
    assert words in "; ".join(rule_problems(problem, routes))


WRONG = {
    "depot": ({"pick_up": np.array([1, 2])}, r"pick_up\[0\]"),
    "heavy": ({"pick_up": np.array([0, 9])}, "a van holds 5"),
    "shape": ({"cost": np.ones((3, 3), np.int64)}, "needs"),
    "negative": ({"cost": -np.ones((2, 2), np.int64)}, "below 0"),
    "large": ({"cost": np.full((2, 2), MOST)}, "too large"),
    "capacity": ({"capacity": 0}, "at least one"),
    "skip": ({"skip_cost": np.array([0, -2])}, "-1"),
    "no van": ({"vans": 0}, "at least one van"),
    "service": ({"service_s": np.array([3, 0])}, r"service_s\[0\]"),
    "limit": ({"limit_s": -1}, "0 or more"),
    "nothing": ({"pick_up": np.zeros(0, np.int64)}, "no depot"),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_named(case):
    given, words = WRONG[case]
    usual = {"cost": np.ones((2, 2), np.int64), "pick_up": np.array([0, 2]), "capacity": 5}
    with pytest.raises(InputError, match=words):
        VanProblem(**usual | given)
    with pytest.raises(InputError, match="seed"):
        solve_vans(VanProblem(**usual), seed=-1)


def test_a_stop_far_from_the_depot_is_reached_by_way_of_another():
    cost, time_s = np.full((4, 4), 10), np.full((4, 4), 10)
    for i, j in ((0, 2), (2, 1), (1, 3), (3, 0)):
        cost[i, j] = 1
    np.fill_diagonal(cost, 0)
    np.fill_diagonal(time_s, 0)
    time_s[0, 1] = 100
    problem = VanProblem(cost=cost, pick_up=np.array([0, 1, 1, 1]), capacity=5, vans=1, time_s=time_s, limit_s=50)
    assert root_bound(problem, 10**6, Gap(0.0).start()).bound == pytest.approx(4)
    assert (solve_vans(problem).value, solve_vans(problem).routes) == (4, ((2, 1, 3),))


def test_a_bound_rises_to_the_next_value_there_can_be():
    assert [_rounded(bound, 20, 5) for bound in (4.9, 5.0, 5.1, 14.0, 15.0, 15.1, 20.0, 99.0)] == [
        5, 5, 10, 15, 15, 20, 20, 20,
    ]  # fmt: skip
    assert _rounded(6.2, 20, 1) == 7


def fractional(problem):
    """The relaxation of a problem without cuts, and where it is."""
    drivable = ~np.eye(problem.stops, dtype=bool)
    linear = Relaxation(problem, drivable, drivable)
    return linear, linear.solve(60.0)[1]


@pytest.mark.parametrize("seed", range(5))
def test_cuts_are_broken_where_they_are_found_and_kept_by_all_routes(seed):
    problem = made(9, seed, skip_cost=np.array([0, -1, -1, -1, 60, -1, 80, -1, -1]))
    _, point = fractional(problem)
    cuts = broken_cuts(problem, point)
    assert cuts
    rng = np.random.default_rng(seed)
    for cut in cuts:
        assert cut.vans + cut.share @ point.visited > point.way[cut.inside][:, ~cut.inside].sum() + 1e-7
    for _ in range(200):
        stops = [s for s in rng.permutation(np.arange(1, 9)).tolist() if problem.must[s] or rng.random() < 0.5]
        ends = np.flatnonzero(rng.random(len(stops)) < 0.5).tolist()
        routes = tuple(tuple(part.tolist()) for part in np.split(np.array(stops), ends) if len(part))
        if rule_problems(problem, routes):
            continue
        for cut in cuts:
            ways = [way for route in routes for way in zip((0, *route), (*route, 0), strict=True)]
            out = sum(cut.inside[i] and not cut.inside[j] for i, j in ways)
            assert out >= cut.vans + cut.share[stops].sum() - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_dual_values_give_the_value_of_the_relaxation_and_a_bound_whatever_they_are(seed):
    problem = made(7, seed, vans=3, skip_cost=np.array([0, 50, -1, 70, -1, -1, 40]))
    linear, point = fractional(problem)
    prices = linear.prices()
    assert prices.bound == pytest.approx(point.value)
    least = tried(made(6, seed))
    few = Relaxation(made(6, seed), ~np.eye(6, dtype=bool), np.arange(36).reshape(6, 6) % 6 != 3)
    few.add_ways(np.eye(6, dtype=bool)[[0] * 6])
    few.solve(60.0)
    assert few.prices().bound <= least + 1e-6


def test_ways_far_from_one_another_join_where_they_are_worth_it(monkeypatch):
    problem = made(30, 2, capacity=15)
    whole = root_bound(problem, 10**4, Gap(0.0).start())
    monkeypatch.setattr(root, "_ALL", 0)
    monkeypatch.setattr(root, "_NEAR", 2)
    some = root_bound(problem, 10**4, Gap(0.0).start())
    best = solve_vans(problem, stop=Work(1))
    assert 0.98 * whole.bound <= some.bound <= best.value
    assert some.bound <= solve_vans(problem, stop=Work(4)).value


def test_the_bound_is_near_for_a_hundred_stops():
    problem = made(100, 1, capacity=20)
    found = solve_vans(problem, stop=Work(8))
    assert rule_problems(problem, found.routes) == []
    assert found.gap < 0.08
