"""Packing: against every choice, published values, its stop."""

from dataclasses import replace

import numpy as np
import pytest
from choice_cases import every_choice, plane, runs_of, small, told

from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work
from optimise.location.choices import Choices
from optimise.location.packing import packing
from optimise.location.verify_choices import verify_packing


def resources(seed, sites):
    rng = np.random.default_rng(seed + 2000)
    kinds = int(rng.integers(1, 4))
    return rng.integers(0, 9, (sites, kinds)), rng.integers(0, 20, kinds)


@pytest.mark.parametrize("seed", range(60))
def test_small_packings_against_every_choice(seed):
    choices = small(seed, whole=False)
    use, limit = resources(seed, choices.sites)
    truth = max(
        int(choices.weight[rows].sum())
        for bits, rows in every_choice(choices)
        if (np.array(bits) @ use <= limit).all()
    )  # fmt: skip
    found = packing(choices, use, limit, stop=Stop(), seed=seed)
    assert (found.objective, found.bound, found.status) == (truth, truth, "optimal"), seed
    assert verify_packing(choices, use, limit, found).problems == (), seed


@pytest.mark.parametrize(("radius", "p"), [(800, 3), (1200, 2)])
def test_published_maximal_covering(shared, radius, p):
    from test_published import published

    lines = (shared / "bench" / "mclp" / "SJC324.txt").read_text(encoding="utf-8").splitlines()[1:]
    x, y, demand = np.array([line.split()[:3] for line in lines if line.strip()], float).T
    near = np.hypot(x[:, None] - x, y[:, None] - y) <= radius
    lists = runs_of([np.flatnonzero(r).tolist() for r in near])
    choices = Choices(**lists, sites=len(x), weight=demand.astype(int))
    found = packing(choices, np.ones(len(x), int), [p], stop=Stop())
    assert (found.objective, found.status) == (published(shared, ("mclp", f"SJC324 R={radius} p={p}")), "optimal")


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop):
    choices, use = plane(1)
    exact, short = (packing(choices, use, [2000], stop=rule) for rule in (Stop(), stop))
    assert exact.status == "optimal"
    assert verify_packing(choices, use, [2000], short).problems == ()
    assert 0.8 * exact.objective <= short.objective <= exact.objective <= short.bound <= 2 * exact.objective


def test_same_seed_same_bytes():
    choices, use = plane(2, 200, 120)
    runs = [packing(choices, use, [1500], stop=Gap(0.001) | Work(3), seed=5) for _ in range(2)]
    assert told(runs[0]) == told(runs[1])


def test_more_of_a_resource_is_never_worse():
    choices, use = plane(3, 150, 80)
    values = [packing(choices, use, [limit], stop=Stop()).objective for limit in (0, 500, 1000, 2000, 10**6)]
    assert values == sorted(values)
    assert (values[0], values[-1]) == (0, choices.total_weight)


def test_what_excludes_each_other_is_not_packed_together():
    lists = runs_of([[0, 1], [1, 2], [2, 3], [3]])
    free = {"sites": 4, "weight": [4, 3, 2, 1]}
    use, limit = np.ones((4, 1), int), [2]
    assert packing(Choices(**lists, **free), use, limit, stop=Stop()).objective == 10
    apart = Choices(**lists, **free, apart=[[1, 3]])
    assert packing(apart, use, limit, stop=Stop()).objective == 9
    group = Choices(**lists, **free, at_most_one=[0, 0, -1, 0])
    assert packing(group, use, limit, stop=Stop()).objective == 9
    found = packing(apart, use, limit, stop=Stop())
    wrong = replace(found, values=np.array([0, 1, 0, 1]))
    assert "exclude each other" in verify_packing(apart, use, limit, wrong).problems[0]
    assert "there is 0" in verify_packing(apart, use, [0], found).problems[0]
    assert "the value is" in verify_packing(apart, use, limit, replace(found, objective=8)).problems[0]


@pytest.mark.parametrize(
    ("use", "limit", "words"),
    [
        ([[1]], [3], "use: has 1"),
        ([[1], [-1]], [3], r"use\[1, 0\]: is -1"),
        ([[1], [1]], [-3], r"limit\[0\]"),
        ([[1], [1]], [1.5], "limit: is not a row of whole"),
        ([[1], [1]], [1, 2], "use: is not rows of 2"),
    ],
)
def test_bad_input_is_named(use, limit, words):
    with pytest.raises(InputError, match=words):
        packing(Choices(**runs_of([[0], [1]]), sites=2), use, limit, stop=Stop())


def test_nothing_to_pack_and_progress():
    assert packing(Choices(first=[0], site=[], sites=0), [], [], stop=Stop()).status == "optimal"
    choices, use = plane(1)
    heard = []
    found = packing(choices, use, [1000], stop=Stop(), progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)
    assert [p.seconds for p in heard] == sorted(p.seconds for p in heard)


def test_what_is_all_in_reach_is_proven_however_heavy():
    c = Choices(**runs_of([[0], [0]]), sites=1, weight=[10**12, 1])
    found = packing(c, np.array([1]), np.array([1]), stop=Stop())
    assert (found.objective, found.bound, found.status) == (10**12 + 1, 10**12 + 1, "optimal")
