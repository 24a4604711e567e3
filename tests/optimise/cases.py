"""Siting problems for tests: random ones, small enough to try every plan, and published ones."""

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

from optimise import SitingProblem

SEEDS = range(12)


def small(seed, **changes):
    """A random problem with up to 7 demand points and 4 sites."""
    rng = np.random.default_rng(seed)
    demands, sites = int(rng.integers(1, 8)), int(rng.integers(1, 5))
    distance = rng.integers(0, 1200, (demands, sites))
    near = distance <= 1000
    row, site = np.nonzero(near)
    existing = rng.integers(1, 3, sites) * (rng.random(sites) < 0.3)
    numbers = {
        "weight": rng.integers(0, 200, demands),
        "first": np.concatenate(([0], np.cumsum(near.sum(axis=1)))),
        "site": site,
        "distance_m": distance[row, site],
        "search_m": 1000,
        "open_fen": rng.integers(0, 30, sites) * 100,
        "plug_fen": rng.integers(1, 12, sites) * 100,
        "least": rng.integers(1, 3, sites),
        "most": rng.integers(0, 4, sites),
        "existing": existing,
        "budget_fen": int(rng.integers(0, 80)) * 100,
    }
    return SitingProblem(**numbers | changes)


def town(demands=60, sites=40, seed=3, **changes):
    """A random town, too large to try every plan, small enough to solve at once."""
    rng = np.random.default_rng(seed)
    homes, places = rng.uniform(0, 3000, (demands, 2)), rng.uniform(0, 3000, (sites, 2))
    distance = np.rint(np.abs(homes[:, None] - places).sum(axis=2)).astype(int)
    near = distance <= 1200
    row, site = np.nonzero(near)
    numbers = {
        "weight": rng.integers(50, 400, demands),
        "first": np.concatenate(([0], np.cumsum(near.sum(axis=1)))),
        "site": site,
        "distance_m": distance[row, site],
        "search_m": 1200,
        "open_fen": rng.integers(20, 90, sites) * 100_000,
        "plug_fen": np.full(sites, 2_000_000),
        "least": np.ones(sites, int),
        "most": rng.integers(2, 12, sites),
        "existing": np.where(np.arange(sites) < 3, 2, 0),
        "budget_fen": 60_000_000,
    }
    return SitingProblem(**numbers | changes)


def dense(distance, weight, p):
    """Open p of the sites, unit costs: distance (I, J) whole numbers."""
    demands, sites = distance.shape
    ones = np.ones(sites, int)
    return SitingProblem(
        weight=weight,
        first=np.arange(demands + 1) * sites,
        site=np.tile(np.arange(sites), demands),
        distance_m=distance.ravel(),
        search_m=int(distance.max()),
        open_fen=ones,
        plug_fen=0 * ones,
        least=ones,
        most=ones,
        existing=0 * ones,
        budget_fen=p,
    )


def or_library(path):
    """Distance (n, n) and p of an OR-Library p-median file; a repeated edge counts with its last line."""
    lines = np.array(path.read_text().split(), int)
    n, _, p = lines[:3]
    edges = {}
    for i, j, cost in lines[3:].reshape(-1, 3).tolist():
        edges[min(i, j) - 1, max(i, j) - 1] = cost
    tail, head = np.array(list(edges)).T
    graph = coo_array((np.array(list(edges.values()), float), (tail, head)), shape=(n, n)).tocsr()
    return dijkstra(graph, directed=False).astype(np.int64), int(p)
