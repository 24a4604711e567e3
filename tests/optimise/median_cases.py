"""Random p-medians and p-centres small enough to try every choice of sites, and published ones."""

import csv
from itertools import combinations, product

import numpy as np

from optimise.location import Group


def small(seed, *, rules=False):
    """cost, p and keywords: up to 8 demand points and 7 sites, some pairs without a way, whole and real costs."""
    rng = np.random.default_rng(seed)
    demands, sites = int(rng.integers(1, 9)), int(rng.integers(1, 8))
    cost = rng.integers(0, 30, (demands, sites)).astype(float)
    if seed % 3 == 0:
        cost += rng.random((demands, sites))
    if seed % 4 == 0:
        cost[rng.random((demands, sites)) < 0.3] = np.inf
    options = {}
    if seed % 2:
        options["weight"] = rng.integers(0, 5, demands) if seed % 3 else rng.random(demands) * 4
    kinds = rng.permutation(sites)
    options["existing"] = kinds[: int(rng.integers(0, 2))]
    options["forbidden"] = kinds[sites - int(rng.integers(0, max(1, sites - 2))) :] if sites > 3 else []
    if rules and sites > 2:
        options["groups"] = [
            Group(rng.choice(sites, 2, replace=False), most=1, name="one place"),
            Group(rng.choice(sites, 2, replace=False), least=1),
        ][: 1 + seed % 2]
        if seed % 5 == 0:
            options["price"], options["budget"] = rng.integers(0, 6, sites), 7
    usable = sites - len(options["forbidden"])
    p = int(rng.integers(max(1, len(options["existing"])), usable + 1))
    return cost, p, options


def choices(cost, p, existing=(), forbidden=(), groups=(), price=None, budget=None, **_):
    """Every set of 1..p open sites that keeps the rules."""
    free = [j for j in range(cost.shape[1]) if j not in set(map(int, forbidden))]
    for k in range(1, p + 1):
        for sites in combinations(free, k):
            if not set(map(int, existing)) <= set(sites):
                continue
            counts = [len(set(sites) & set(map(int, g.sites))) for g in groups]
            if any(n < g.least or (g.most is not None and n > g.most) for n, g in zip(counts, groups, strict=True)):
                continue
            if price is not None and sum(price[j] for j in sites if j not in set(map(int, existing))) > budget:
                continue
            yield list(sites)


def weights(cost, weight=None, **_):
    finite = np.isfinite(cost)
    w = np.ones(len(cost)) if weight is None else np.asarray(weight, float)
    return np.where(finite, np.where(finite, cost, 0) * w[:, None], np.inf)


def least_sum(cost, p, **options):
    w = weights(cost, **options)
    return min((w[:, s].min(axis=1).sum() for s in choices(cost, p, **options)), default=np.inf)


def least_max(cost, p, **options):
    w = weights(cost, **options)
    return min((w[:, s].min(axis=1).max() for s in choices(cost, p, **options)), default=np.inf)


def least_loaded(cost, p, demand, capacity, **options):
    """Every assignment tried."""
    w, best = weights(cost, **options), np.inf
    for sites in choices(cost, p, **options):
        for served in product(sites, repeat=len(cost)):
            load = np.bincount(served, demand, cost.shape[1])
            if (load <= capacity).all():
                best = min(best, sum(w[i, j] for i, j in enumerate(served)))
    return best


def told(found):
    """What must be the same for the same seed."""
    return (found.open.tobytes(), found.assignment.tobytes(), found.objective, found.bound, found.status)


def published(shared, family):
    with (shared / "bench" / "optima.csv").open(encoding="utf-8") as file:
        return {row["instance"]: float(row["value"]) for row in csv.DictReader(file) if row["family"] == family}


def tsplib(path):
    """Distances (n, n), rounded down."""
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = lines.index("NODE_COORD_SECTION") + 1
    x, y = np.array([line.split()[1:3] for line in lines[begin:] if len(line.split()) == 3], float).T
    return np.floor(np.hypot(x[:, None] - x, y[:, None] - y))


def plane(seed, demands=150, sites=90):
    rng = np.random.default_rng(seed)
    points, places = rng.random((demands, 2)), rng.random((sites, 2))
    return np.hypot(*(points[:, None] - places).transpose(2, 0, 1)) * 1000
