"""Random choices small enough to try every one, and the truth about them."""

from itertools import product

import numpy as np

from optimise.location.choices import Choices


def runs_of(lists):
    """first and site of rows given as lists of columns."""
    first = np.concatenate(([0], np.cumsum([len(r) for r in lists]))).astype(int)
    return {"first": first, "site": np.array([j for r in lists for j in sorted(r)], int)}


def small(seed, *, whole=True):
    """Up to 9 rows and 7 columns, some with groups, pairs apart, columns there already and forbidden."""
    rng = np.random.default_rng(seed)
    rows, sites = int(rng.integers(1, 10)), int(rng.integers(1, 8))
    lists = [np.flatnonzero(rng.random(sites) < 0.4).tolist() for _ in range(rows)]
    if whole:
        lists = [r or [int(rng.integers(sites))] for r in lists]
    there = rng.random(sites) < (0.15 if seed % 2 else 0.0)
    there &= np.cumsum(there) <= 1
    banned = ~there & (rng.random(sites) < (0.1 if seed % 3 == 0 else 0.0))
    pairs = rng.integers(0, sites, (2, 2)) if seed % 5 == 0 else np.zeros((0, 2), int)
    return Choices(
        **runs_of(lists),
        sites=sites,
        weight=rng.integers(0, 9, rows),
        at_most_one=rng.integers(-1, 3, sites) if seed % 4 < 2 else (),
        apart=[p for p in pairs.tolist() if p[0] != p[1]],
        existing=np.flatnonzero(there),
        forbidden=np.flatnonzero(banned),
    )


def every_choice(c):
    """All (J) choices that keep to the rules, and the rows covered with each."""
    there = set(np.asarray(c.existing).tolist())
    for bits in product((0, 1), repeat=c.sites):
        chosen = {j for j in range(c.sites) if bits[j]}
        if chosen & there or chosen & set(np.asarray(c.forbidden).tolist()):
            continue
        on = chosen | there
        groups = [int(c.at_most_one[j]) for j in on if c.at_most_one[j] >= 0]
        if len(groups) != len(set(groups)) or any({a, b} <= on for a, b in c.apart.tolist()):
            continue
        yield bits, [i for i in range(c.rows) if on & set(c.site[c.first[i] : c.first[i + 1]].tolist())]


def plane(seed, rows=300, sites=200, radius=0.1):
    """Points covered by places within a radius, all coverable; and costs."""
    rng = np.random.default_rng(seed)
    points, places = rng.random((rows, 2)), rng.random((sites, 2))
    near = np.hypot(*(points[:, None] - places).transpose(2, 0, 1)) <= radius
    near[np.arange(rows), rng.integers(0, sites, rows)] = True
    choices = Choices(
        **runs_of([np.flatnonzero(r).tolist() for r in near]), sites=sites, weight=rng.integers(1, 100, rows)
    )
    return choices, rng.integers(50, 200, sites)


def told(found):
    """What must be the same for the same seed."""
    return found.values.tobytes(), found.objective, found.bound, found.status
