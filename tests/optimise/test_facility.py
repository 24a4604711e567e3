"""Facility location: against every set of sites, published values, its stop, its reasons, bad input."""

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from scipy.optimize import linprog

from network import InputError
from optimise import Cancel, Gap, Seconds, Work
from optimise.location import Group, facility_location
from optimise.location.verify_siting import verify_facility_location


def small(seed):
    """Up to 6 customers and 5 sites; capacities, single sources, missing ways and rules now and then."""
    rng = np.random.default_rng(seed)
    customers, sites = int(rng.integers(1, 7)), int(rng.integers(1, 6))
    fixed, demand = rng.integers(0, 40, sites), rng.integers(0, 9, customers)
    cost = rng.integers(0, 30, (customers, sites)).astype(float) / 2
    cost[rng.random(cost.shape) < (0.2 if seed % 2 else 0.0)] = np.inf
    capacity = None if seed % 5 == 0 else rng.integers(4, 25, sites)
    asked = {"single_source": bool(seed % 3 == 0)}
    there = rng.random(sites) < (0.2 if seed % 4 == 1 else 0.0)
    banned = ~there & (rng.random(sites) < (0.2 if seed % 4 == 3 else 0.0))
    asked |= {"existing": np.flatnonzero(there), "forbidden": np.flatnonzero(banned)}
    if seed % 7 == 2:
        members = [np.flatnonzero(rng.random(sites) < 0.5) for _ in range(2)]
        asked["groups"] = [Group(members[0], most=1), Group(members[1], least=1)]
    if seed % 7 == 4:
        asked |= {"price": rng.integers(0, 9, sites), "budget": float(rng.integers(0, 20))}
    return (fixed, capacity, demand, cost), asked


def service(data, open_, single):
    """The cheapest service from these sites, by every assignment or a plain linear program; None where impossible."""
    _, capacity, demand, cost = data
    customers, open_ = len(demand), list(open_)
    if capacity is None or single:
        best = None
        for to in product(open_, repeat=customers):
            load = np.bincount(to, demand, minlength=cost.shape[1]) if customers else 0
            spent = sum(cost[d, j] for d, j in enumerate(to))
            if (capacity is None or (load <= capacity).all()) and np.isfinite(spent):
                best = spent if best is None else min(best, spent)
        return best
    if not open_:
        return None
    few = cost[:, open_].ravel()
    one = np.kron(np.eye(customers), np.ones(len(open_)))
    room = np.kron(demand, np.eye(len(open_)))
    high = [(0, 1 if np.isfinite(c) else 0) for c in few]
    result = linprog(
        np.where(np.isfinite(few), few, 0), A_eq=one, b_eq=np.ones(customers), A_ub=room, b_ub=capacity[open_],
        bounds=high,
    )  # fmt: skip
    return float(result.fun) if result.status == 0 else None


def truth(data, asked):
    best, sites = None, len(data[0])
    there, banned = set(asked["existing"].tolist()), set(asked["forbidden"].tolist())
    for size in range(sites + 1):
        for open_ in combinations(range(sites), size):
            on = set(open_)
            if not there <= on or on & banned:
                continue
            counts = [(len(on & set(g.sites.tolist())), g) for g in asked.get("groups", ())]
            if any(n < g.least or (g.most is not None and n > g.most) for n, g in counts):
                continue
            if "budget" in asked and sum(asked["price"][j] for j in on - there) > asked["budget"]:
                continue
            served = service(data, open_, asked["single_source"])
            if served is not None:
                value = served + sum(int(data[0][j]) for j in on - there)
                best = value if best is None else min(best, value)
    return best


@pytest.mark.parametrize("seed", range(120))
def test_small_cases_against_every_set_of_sites(seed):
    data, asked = small(seed)
    best = truth(data, asked)
    found = facility_location(*data, **asked, seed=seed)
    assert verify_facility_location(data, found, **asked).problems == ()
    if best is None:
        assert found.status == "infeasible" and found.conflicts
    else:
        assert found.status == "optimal"
        assert found.objective == found.bound == pytest.approx(best, rel=1e-6, abs=1e-6)


def or_library_cap(path):
    numbers = iter(path.read_text(encoding="utf-8").split())
    sites, customers = int(next(numbers)), int(next(numbers))
    ends = np.array([[float(next(numbers)) for _ in range(2)] for _ in range(sites)])
    rows = np.array([[float(next(numbers)) for _ in range(sites + 1)] for _ in range(customers)])
    return ends[:, 1], ends[:, 0], rows[:, 0], rows[:, 1:]


def published_value(shared, name):
    import csv

    with (shared / "bench" / "optima.csv").open(encoding="utf-8") as file:
        return next(float(row["value"]) for row in csv.DictReader(file) if row["instance"] == name)


QUICK = ["cap41", "cap64", "cap72", "cap101"]
SLOW = [f"cap{k}" for k in (42, 43, 44, 51, 61, 62, 63, 71, 73, 74, *range(81, 85), *range(91, 95), 102, 103, 104)]


@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=pytest.mark.slow) for n in SLOW)])
def test_published_values(shared, name):
    data = or_library_cap(shared / "bench" / "cflp" / f"{name}.txt")
    found = facility_location(*data)
    assert found.status == "optimal"
    assert found.objective == pytest.approx(published_value(shared, name), abs=0.001)
    assert verify_facility_location(data, found).problems == ()


def plane(seed, customers=60, sites=20):
    rng = np.random.default_rng(seed)
    points, places = rng.random((customers, 2)), rng.random((sites, 2))
    demand = rng.integers(5, 35, customers)
    away = np.hypot(*(points[:, None] - places).transpose(2, 0, 1))
    return rng.integers(100, 200, sites), rng.integers(100, 300, sites), demand, 10 * demand[:, None] * away


@pytest.mark.parametrize("single", [False, True])
@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop, single):
    data = plane(1)
    exact = facility_location(*data, single_source=single, stop=Gap(0.01))
    short = facility_location(*data, single_source=single, stop=stop)
    assert verify_facility_location(data, short, single_source=single).problems == ()
    assert short.status == "feasible"
    assert short.bound <= exact.objective and exact.bound <= short.objective <= 1.5 * exact.objective


def test_a_stop_before_any_answer_says_so():
    capacity, demand = np.array([10, 10]), np.array([6, 6, 4, 4])
    cost = np.array([[1, np.inf], [1, np.inf], [np.inf, 1], [1, 1.0]])
    found = facility_location([1, 1], capacity, demand, cost, single_source=True)
    assert found.status == "infeasible" and "room" in found.conflicts[0]
    found = facility_location([1, 1], capacity, demand, cost, single_source=True, stop=Seconds(0))
    assert (found.status, found.open.tolist()) == ("unknown", [])


def test_one_source_costs_no_less_and_no_limits_no_more():
    fixed, capacity, demand, cost = plane(2, 30, 10)
    free = facility_location(fixed, None, demand, cost).objective
    split = facility_location(fixed, capacity, demand, cost).objective
    single = facility_location(fixed, capacity, demand, cost, single_source=True).objective
    assert free <= split <= single


def test_without_limits_everybody_goes_to_the_nearest():
    data = plane(3, 200, 60)
    found = facility_location(data[0], None, data[2], data[3])
    assert found.status == "optimal"
    assert np.array_equal(found.assignment, found.open[data[3][:, found.open].argmin(axis=1)])
    assert verify_facility_location((data[0], None, *data[2:]), found, lp_pairs=20_000).problems == ()


def test_sizes_are_columns_of_a_group():
    cost = np.repeat([[3.0, 9.0], [8.0, 2.0]], 2, axis=1)
    sizes = [Group([0, 1], most=1), Group([2, 3], most=1)]
    found = facility_location([20, 16, 20, 16], [5, 9, 5, 9], [5, 4], cost, groups=sizes)
    assert (found.open.tolist(), found.objective, found.status) == ([3], 27.0, "optimal")


def test_same_seed_same_bytes():
    data = plane(4)
    runs = [facility_location(*data, single_source=True, stop=Gap(0.005) | Work(2), seed=3) for _ in range(2)]
    told = [(r.open.tobytes(), r.assignment.tobytes(), r.objective, r.bound, r.status) for r in runs]
    assert told[0] == told[1]


def test_reasons_name_what_conflicts():
    cost = np.array([[1.0, 2.0], [np.inf, np.inf]])
    assert facility_location([1, 1], None, [1, 1], cost).conflicts == ("no usable site reaches customer 1",)
    found = facility_location([1, 1], 5, [6, 8], np.ones((2, 2)))
    assert found.status == "infeasible" and "the demand of 14" in found.conflicts[0]
    found = facility_location([1, 1], 7, [6, 8], np.ones((2, 2)), single_source=True)
    assert found.conflicts == ("customer 1 wants 8, more than any site that reaches it holds",)
    found = facility_location([1, 1], 7, [6, 6], np.ones((2, 2)), price=[3, 4], budget=6)
    assert found.status == "infeasible" and "the budget of 6" in " ".join(found.conflicts)


def test_wrong_claims_are_found():
    data = plane(5, 20, 6)
    found = facility_location(*data)
    for changes, words in (
        ({"objective": found.objective - 1}, "the value is"),
        ({"bound": found.objective + 1}, "wrong side"),
        ({"open": found.open[:1]}, "is said to be served by"),
        ({"status": "feasible"}, "status"),
        ({"status": "infeasible", "open": found.open[:0], "assignment": np.full(20, -1)}, "there is an answer"),
    ):
        assert words in " ".join(verify_facility_location(data, replace(found, **changes)).problems)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fixed": [1, np.nan]}, r"fixed\[1\]: is nan"),
        ({"fixed": [1, -1]}, r"fixed\[1\]: is -1"),
        ({"fixed": [1]}, "fixed: has 1"),
        ({"capacity": [1, np.nan]}, r"capacity\[1\]"),
        ({"capacity": [1, 2, 3]}, "capacity: has 3"),
        ({"demand": [1, np.inf, 1]}, r"demand\[1\]: is inf"),
        ({"demand": [1, 1]}, "demand: has 2"),
        ({"cost": np.array([[1, 1], [1, np.nan], [1, 1]])}, r"cost\[1, 1\]: is nan"),
        ({"cost": np.array([[1, 1], [1, 1], [-1, 1]])}, r"cost\[2, 0\]: is -1"),
        ({"cost": np.ones(3)}, "cost: has 1 axes"),
    ],
)
def test_bad_input_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        facility_location(
            **({"fixed": [1, 1], "capacity": [5, 5], "demand": [1, 1, 1], "cost": np.ones((3, 2))} | changes)
        )


def test_progress_tells_the_end():
    data, heard = plane(6), []
    found = facility_location(*data, stop=Gap(0.01), progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)
