"""Maximal covering: against every choice, published values, its stop, its reasons, bad input."""

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from scipy.sparse import csr_array

from network import InputError
from optimise import Cancel, Gap, Seconds, Stop, Work
from optimise.location import Group, max_cover
from optimise.location.verify_siting import verify_max_cover


def small(seed):
    """Up to 12 rows and 8 sites, with every option now and then."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(1, 13)), int(rng.integers(1, 9))
    covers = csr_array(rng.random((rows, sites)) < 0.35)
    weight = rng.integers(0, 9, rows) if seed % 3 else rng.random(rows)
    asked = {}
    if seed % 4 != 1:
        asked["p"] = int(rng.integers(0, sites + 1))
    if seed % 4 in {1, 2}:
        asked |= {"cost": rng.integers(0, 9, sites) / 2, "budget": float(rng.integers(0, 20)) / 2}
    there = rng.random(sites) < (0.15 if seed % 2 else 0.0)
    banned = ~there & (rng.random(sites) < (0.15 if seed % 5 < 2 else 0.0))
    asked |= {"existing": np.flatnonzero(there), "forbidden": np.flatnonzero(banned)}
    if seed % 3 == 1:
        least = int(rng.integers(0, 3))
        members = [np.flatnonzero(rng.random(sites) < 0.5) for _ in range(2)]
        asked["groups"] = [Group(members[0], most=1), Group(members[1], least=least, most=least + 2)]
    if seed % 5 == 2:
        asked |= {"area": rng.integers(0, 2, rows), "floor": [weight.sum() * share for share in (0.2, 0.3)]}
    return covers, weight, asked


def truth(covers, weight, asked):
    """The most weight over every choice that keeps the rules; None where there is none."""
    dense, best, sites = covers.toarray(), None, covers.shape[1]
    there, banned = set(asked["existing"].tolist()), set(asked["forbidden"].tolist())
    for size in range(sites + 1):
        for open_ in combinations(range(sites), size):
            on = set(open_)
            if size > asked.get("p", sites) or not there <= on or on & banned:
                continue
            if sum(asked["cost"][j] for j in on - there) > asked["budget"] if "budget" in asked else False:
                continue
            counts = [(len(on & set(g.sites.tolist())), g) for g in asked.get("groups", ())]
            if any(n < g.least or n > g.most for n, g in counts):
                continue
            met = dense[:, list(open_)].any(axis=1)
            if any(weight[met & (asked["area"] == a)].sum() < f - 1e-9 for a, f in enumerate(asked.get("floor", ()))):
                continue
            best = max(weight[met].sum(), -1 if best is None else best)
    return best


@pytest.mark.parametrize("seed", range(120))
def test_small_covers_against_every_choice(seed):
    covers, weight, asked = small(seed)
    best = truth(covers, weight, asked)
    found = max_cover(covers, weight, **asked, seed=seed)
    assert verify_max_cover(covers, weight, found, **asked).problems == ()
    if best is None:
        assert found.status == "infeasible" and found.conflicts
    else:
        assert found.status == "optimal"
        assert found.objective == found.bound == pytest.approx(best, rel=1e-9)


def sjc(shared, name):
    lines = (shared / "bench" / "mclp" / f"{name}.txt").read_text(encoding="utf-8").splitlines()[1:]
    x, y, demand = np.array([line.split()[:3] for line in lines if line.strip()], float).T
    return np.hypot(x[:, None] - x, y[:, None] - y), demand


def bds(shared):
    import gzip

    with gzip.open(shared / "bench" / "mclp" / "BDS1000.txt.gz", "rt", encoding="utf-8") as file:
        lines = [line.split() for line in file]
    sites = np.array([line[2:] for line in lines if line[:1] == ["F"]], float)
    points = np.array([line[2:] for line in lines if line[:1] == ["C"]], float)
    away = np.hypot(points[:, None, 0] - sites[:, 0], points[:, None, 1] - sites[:, 1])
    return away, points[:, 2], sites[:, 2]


@pytest.mark.parametrize(
    ("name", "radius", "p"), [("SJC324", 800, 3), ("SJC324", 1200, 2), ("SJC402", 800, 4), ("SJC402", 1600, 1)]
)
def test_published_values_with_p(shared, name, radius, p):
    from test_published import published

    away, demand = sjc(shared, name)
    found = max_cover(csr_array(away <= radius), demand, p=p)
    assert (found.objective, found.status) == (published(shared, ("mclp", f"{name} R={radius} p={p}")), "optimal")


@pytest.mark.parametrize(("radius", "budget"), [("5.5", 10), ("5.5", 15), ("6.25", 10), ("6.25", 20)])
def test_published_values_with_a_budget(shared, radius, budget):
    from test_published import published

    away, demand, cost = bds(shared)
    found = max_cover(csr_array(away <= float(radius)), demand, cost=cost, budget=budget)
    assert (found.objective, found.status) == (published(shared, ("mclp", f"BDS1000 R={radius} B={budget}")), "optimal")


def plane(seed, rows=2_000, sites=150, radius=0.12):
    rng = np.random.default_rng(seed)
    points, places = rng.random((rows, 2)), rng.random((sites, 2))
    near = np.hypot(*(points[:, None] - places).transpose(2, 0, 1)) <= radius
    return csr_array(near), rng.integers(1, 100, rows)


@pytest.mark.parametrize("stop", [Work(0), Seconds(0), Cancel(lambda: True)], ids=["work", "seconds", "cancel"])
def test_a_run_cut_short_is_feasible_with_an_honest_gap(stop):
    covers, weight = plane(1)
    exact, short = (max_cover(covers, weight, p=8, stop=rule) for rule in (Stop(), stop))
    assert exact.status == "optimal"
    assert verify_max_cover(covers, weight, short, p=8).problems == ()
    assert 0.85 * exact.objective <= short.objective <= exact.objective <= short.bound


def test_a_stop_by_gap_proves_the_gap():
    covers, weight = plane(2)
    exact, near = (max_cover(covers, weight, p=10, stop=rule) for rule in (Stop(), Gap(0.02)))
    assert near.gap <= 0.02 and near.objective <= exact.objective <= near.bound


def test_same_seed_same_bytes():
    covers, weight = plane(3)
    runs = [max_cover(covers, weight, p=9, stop=Work(2), seed=4) for _ in range(2)]
    told = [(r.open.tobytes(), r.assignment.tobytes(), r.objective, r.bound, r.status) for r in runs]
    assert told[0] == told[1]


def test_order_and_names_of_rows_do_not_matter():
    covers, weight = plane(5, 600, 60, 0.15)
    order, sites = np.random.default_rng(0).permutation(600), np.random.default_rng(1).permutation(60)
    one = max_cover(covers, weight, p=5)
    other = max_cover(csr_array(covers[order][:, sites]), weight[order], p=5)
    assert one.objective == other.objective


def test_more_sites_are_never_worse():
    covers, weight = plane(6, 500, 60, 0.15)
    values = [max_cover(covers, weight, p=p).objective for p in (0, 2, 4, 8, 60)]
    assert values == sorted(values) and values[0] == 0


def test_pairs_of_arrays_are_read_as_a_matrix_is():
    covers, weight = plane(7, 300, 40, 0.2)
    first, site = covers.indptr.astype(int), covers.indices.astype(int)
    assert max_cover((first, site), weight, p=3).open.tolist() == max_cover(covers, weight, p=3).open.tolist()


def test_reasons_name_what_conflicts():
    covers = csr_array(np.eye(3))
    found = max_cover(covers, 1, p=1, groups=[Group([0, 1], least=2, name="north")])
    assert found.status == "infeasible" and len(found.conflicts) == 2
    assert "north" in " ".join(found.conflicts) and "p = 1" in " ".join(found.conflicts)
    found = max_cover(covers, [5, 1, 1], p=2, forbidden=[0], area=[0, 0, 1], floor=[4, 0])
    assert found.conflicts == ("area 0 is to have 4 covered, all sites together reach 1",)
    found = max_cover(covers, 1, p=1, area=[0, 1, 1], floor=[1, 1])
    assert found.status == "infeasible" and "p = 1" in found.conflicts


def test_wrong_claims_are_found():
    covers, weight = plane(8, 60, 15, 0.3)
    found = max_cover(covers, weight, p=3)
    for changes, words in (
        ({"objective": found.objective + 1}, "the value is"),
        ({"bound": found.objective - 1}, "wrong side"),
        ({"open": np.arange(4)}, "p is 3"),
        ({"status": "feasible"}, "status"),
        ({"assignment": np.full(60, 14)}, "said to be covered"),
        ({"status": "infeasible", "open": found.open[:0], "assignment": np.full(60, -1)}, "there is an answer"),
    ):
        assert words in " ".join(verify_max_cover(covers, weight, replace(found, **changes), p=3).problems)


@pytest.mark.parametrize(
    ("weight", "asked", "words"),
    [
        ([1, np.nan, 1], {"p": 1}, r"weight\[1\]: is nan"),
        ([1, 1, -2], {"p": 1}, r"weight\[2\]: is -2"),
        ([1, 1], {"p": 1}, "weight: has 2 rows"),
        (1, {}, "p: is missing"),
        (1, {"p": 4}, "p: is 4"),
        (1, {"cost": [1, 1, 1]}, "budget: needs price"),
        (1, {"cost": [1, -1, 1], "budget": 2}, r"price\[1\]"),
        (1, {"p": 1, "existing": [3]}, r"existing\[0\]"),
        (1, {"p": 1, "existing": [0], "forbidden": [0]}, "forbidden: names site 0"),
        (1, {"p": 1, "area": [0, 0, 0]}, "floor: needs area"),
        (1, {"p": 1, "area": [0, 2, 0], "floor": [1, 1]}, r"area\[1\]"),
        (1, {"p": 1, "area": [0, 1, 0], "floor": [1, np.nan]}, r"floor\[1\]"),
    ],
)
def test_bad_input_is_named(weight, asked, words):
    with pytest.raises(InputError, match=words):
        max_cover(csr_array(np.eye(3)), weight, **asked)


@pytest.mark.parametrize(
    ("covers", "words"),
    [
        (np.eye(3), "covers: is neither"),
        (([0, 1], [0, 1]), "covers.first"),
        (([0, 2], [1, 1]), r"covers.site\[1\]: does not rise"),
        (([0, 1], [-1]), r"covers.site\[0\]"),
        (csr_array([[1.0, np.nan], [0.0, 1.0]]), r"covers\[0, 1\]: is nan"),
    ],
)
def test_bad_covers_are_named(covers, words):
    with pytest.raises(InputError, match=words):
        max_cover(covers, 1, p=1)


def test_nothing_to_cover_and_progress():
    nothing = max_cover((np.zeros(1, int), np.zeros(0, int)), 1, p=0)
    assert (nothing.objective, nothing.status) == (0, "optimal")
    covers, weight = plane(9)
    heard = []
    found = max_cover(covers, weight, p=8, progress=heard.append)
    assert (heard[-1].objective, heard[-1].bound) == (found.objective, found.bound)
    bounds = [h.bound for h in heard]
    assert bounds == sorted(bounds, reverse=True)
