"""p_median: against every choice of sites, published values, its stop, its reasons."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from cases import or_library
from median_cases import least_loaded, least_sum, plane, published, small, told, tsplib

from network import InputError
from optimise import Cancel, Gap, Seconds, Work
from optimise.location import Group, p_median
from optimise.location.verify_location import verify_p_median


def agrees(found, best):
    if not np.isfinite(best):
        return found.status == "infeasible" and found.conflicts
    return found.status == "optimal" and found.objective == pytest.approx(best, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("seed", range(80))
def test_small_medians_against_every_choice(seed):
    cost, p, options = small(seed)
    found = p_median(cost, p, seed=seed, **options)
    assert agrees(found, least_sum(cost, p, **options)), seed
    assert verify_p_median(cost, p, found, **options).problems == (), seed


@pytest.mark.parametrize("seed", range(40))
def test_groups_and_budget_against_every_choice(seed):
    cost, p, options = small(seed, rules=True)
    found = p_median(cost, p, seed=seed, **options)
    assert agrees(found, least_sum(cost, p, **options)), seed
    assert verify_p_median(cost, p, found, **options).problems == (), seed


@pytest.mark.parametrize("seed", range(40))
def test_capacities_against_every_assignment(seed):
    cost, p, options = small(seed, rules=seed % 3 == 0)
    cost, rng = cost[:5], np.random.default_rng(seed)
    options.pop("weight", None)
    p = min(p, 3) if len(options["existing"]) <= 3 else p
    demand, capacity = rng.integers(1, 5, len(cost)), rng.integers(5, 9, cost.shape[1])
    loads = {"demand": demand, "capacity": capacity}
    found = p_median(cost, p, seed=seed, **loads, **options)
    assert agrees(found, least_loaded(cost, p, demand, capacity, **options)), seed
    assert verify_p_median(cost, p, found, **loads, **options).problems == (), seed


@pytest.mark.parametrize("name", [f"pmed{k}" for k in range(1, 21)])
def test_published_medians(shared, name):
    distance, p = or_library(shared / "bench" / "pmedian" / f"{name}.txt")
    found = p_median(distance, p)
    assert (found.objective, found.bound, found.status) == (*[published(shared, "pmedian")[name]] * 2, "optimal")
    assert verify_p_median(distance, p, found).problems == ()


POINTS = [f"{file} p={p}" for file in ("rl1304", "vm1748") for p in (5, 10, 20, 50, 100, 200, 300, 400, 500)]


@pytest.mark.parametrize("name", POINTS)
@pytest.mark.slow
def test_published_points(shared, name):
    file, p = name.split(" p=")
    distance = tsplib(shared / "bench" / "tsplib" / f"{file}.tsp")
    found = p_median(distance, int(p))
    assert (found.objective, found.status) == (published(shared, "pmedian")[name], "optimal")
    assert verify_p_median(distance, int(p), found).problems == ()


def test_real_costs_of_san_francisco(shared):
    folder = shared / "bench" / "spopt_sf"
    walk = pd.read_csv(folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv")
    people = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv")
    cost = walk.pivot_table(index="DestinationName", columns="name", values="distance", aggfunc="first")
    people = people.set_index("NAME")["POP2000"].reindex(cost.index)
    found = p_median(cost.to_numpy(), 4, weight=people.to_numpy())
    assert found.status == "optimal"
    assert found.objective == pytest.approx(2848268129.7145, rel=1e-12)


def test_capacity_binds_on_a_plane():
    cost = plane(1, 40, 12)
    free = p_median(cost, 4)
    held = p_median(cost, 4, capacity=np.full(12, 11.0))
    assert held.status == "optimal" and held.objective >= free.objective
    assert np.bincount(held.assignment).max() <= 11
    assert verify_p_median(cost, 4, held, capacity=np.full(12, 11.0)).problems == ()


@pytest.mark.parametrize(
    "stop", [Work(0), Seconds(0), Cancel(lambda: True), Gap(0.2)], ids=["work", "seconds", "cancel", "gap"]
)
@pytest.mark.parametrize(
    "options", [{}, {"groups": [Group([0, 1, 2], least=2)]}, {"capacity": 30}], ids=["plain", "groups", "capacity"]
)
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop, options):
    cost = plane(2, 60, 40)
    exact = p_median(cost, 7, **options)
    short = p_median(cost, 7, stop=stop, **options)
    assert exact.status == "optimal"
    assert verify_p_median(cost, 7, short, **options).problems == ()
    assert short.bound <= exact.objective * (1 + 1e-9) <= short.objective * (1 + 2e-9)
    if stop == Gap(0.2):
        assert short.gap <= 0.2


def test_same_seed_same_bytes():
    cost = np.rint(plane(3, 300, 300))
    runs = [p_median(cost, 12, stop=Work(0.2), seed=5) for _ in range(2)]
    assert told(runs[0]) == told(runs[1])


def test_order_of_rows_and_sites_does_not_matter():
    cost, rng = np.rint(plane(4)), np.random.default_rng(0)
    mixed = cost[rng.permutation(len(cost))][:, rng.permutation(cost.shape[1])]
    assert p_median(cost, 9).objective == p_median(mixed, 9).objective


def test_sizes_are_columns_in_a_group():
    """Two sizes of one place: the larger one is bought where the budget allows it."""
    cost = np.array([[0.0, 0.0, 9.0], [1.0, 1.0, 9.0], [9.0, 9.0, 0.0]])
    options = {"capacity": [1, 2, 1], "groups": [Group([0, 1], most=1, name="depot")], "price": [1, 3, 1]}
    found = p_median(cost, 2, budget=4, **options)
    assert (found.open.tolist(), found.objective, found.status) == ([1, 2], 1.0, "optimal")
    found = p_median(cost, 2, budget=3, **options)
    assert found.status == "infeasible"
    assert any("budget" in words for words in found.conflicts)


def test_reasons_name_the_rows():
    cost = np.array([[1.0, np.inf, np.inf], [np.inf, 1.0, np.inf], [np.inf, np.inf, 1.0]])
    found = p_median(cost, 2)
    assert set(found.conflicts) == {"at most 2 open sites", *(f"demand point {i} is served" for i in range(3))}
    found = p_median(cost, 2, forbidden=[1])
    assert found.conflicts == ("demand point 1 has no way to any site that may be open",)
    found = p_median(np.ones((2, 3)), 2, groups=[Group([0, 1], least=2), Group([1, 2], most=0, name="park")])
    assert found.conflicts == ("groups[0], at least 2 of 2 sites", "groups[1] (park), at most 0 of 2 sites")


def test_wrong_claims_are_found():
    cost = np.rint(plane(5, 40, 20))
    found = p_median(cost, 4)
    for changes, words in (
        ({"objective": found.objective - 1}, "the value is"),
        ({"bound": found.objective + 1}, "above the value"),
        ({"status": "feasible"}, "status"),
        ({"open": found.open[:-1]}, "not open"),
        ({"open": np.arange(5)}, "5 sites are open"),
    ):
        assert words in " ".join(verify_p_median(cost, 4, replace(found, **changes)).problems)
    claim = replace(found, status="infeasible")
    assert "there is an answer" in verify_p_median(cost, 4, claim).problems[0]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"cost": [[1, 2], [np.nan, 1], [3, -1]]}, r"cost\[1, 0\]: is nan \(first of 2 such rows\)"),
        ({"cost": [[1, 2], [3, -1]]}, r"cost\[1, 1\]: is -1"),
        ({"cost": [1, 2]}, "axes"),
        ({"p": 0}, "p: is 0"),
        ({"p": 3}, "only 2 sites"),
        ({"p": 1, "existing": [0, 1]}, "2 sites are there already"),
        ({"existing": [0], "forbidden": [0]}, "names site 0"),
        ({"forbidden": [2]}, r"forbidden\[0\]: is 2"),
        ({"weight": [1]}, "weight: has 1 rows"),
        ({"weight": [1, -1]}, r"weight\[1\]"),
        ({"weight": [1, np.inf]}, r"weight\[1\]"),
        ({"capacity": [1, 2], "demand": [1, 3]}, r"demand\[1\]: is 3, the largest capacity is 2"),
        ({"demand": [1, 3]}, "without capacity"),
        ({"price": [1, 2]}, "budget: needs price"),
        ({"groups": [Group([0, 5])]}, r"groups\[0\].sites\[1\]"),
        ({"groups": [Group([0], least=2, most=1)]}, r"groups\[0\]: asks for 2 to 1"),
    ],
)
def test_bad_input_is_named(changes, words):
    with pytest.raises(InputError, match=words):
        p_median(**{"cost": [[1, 2], [3, 4]], "p": 1} | changes)
