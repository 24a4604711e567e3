"""Small charging problems, and the slow truth about them: every plan is tried."""

from itertools import product

import numpy as np

from optimise.charging import ChargerProblem, Least
from optimise.charging.verify import rule_problems, served_by_year, spent_by_year, target_problems


def made(seed, *, points=5, sites=3, hours=2, years=1, services=2, reach=0.55, tight=0.5, growth=0.3, **rules):
    """Random points and sites; up to three options a site, convex in plugs as queues are."""
    rng = np.random.default_rng(seed)
    first, site = [], []
    for _ in range(services):
        near = rng.random((points, sites)) < reach
        first.append(np.concatenate(([0], np.cumsum(near.sum(axis=1)))))
        site.append(np.nonzero(near)[1])
    demand = rng.integers(0, 30, (1, services, points, hours)) * (1 + growth * np.arange(years))[:, None, None, None]
    sizes = np.array([[0, 0, 0], [4, 1, 0], [6, 3, 0], [6, 3, 2]])
    begun = rng.integers(0, 2, sites)
    chosen = [sizes[b : b + int(rng.integers(1, 4))] for b in begun]
    plugs = np.concatenate(chosen)
    capacity = np.stack((plugs[:, 0] * 4, plugs[:, 1:] @ [9, 25] + plugs[:, 1] ** 2), axis=1)[:, :services]
    counts = [len(c) for c in chosen]
    fen = np.concatenate(
        [(c - c[0]) @ [10, 50, 200] + (40 if c[0].sum() == 0 else 0) * (c != c[0]).any(1) for c in chosen]
    )
    fen = np.rint(fen * rng.uniform(0.8, 1.3, len(fen))).astype(np.int64)
    dear = sum(fen[a : a + n].max() for a, n in zip(np.cumsum([0, *counts[:-1]]), counts, strict=True))
    given = {
        "demand": np.rint(demand).astype(np.int64), "first": first, "site": site,
        "distance_m": [np.full(len(s), 100) for s in site],
        "option_first": np.concatenate(([0], np.cumsum(counts))), "option_plugs": plugs, "option_capacity": capacity,
        "option_fen": fen, "mobilise_fen": rng.integers(0, 20, sites),
        "budget_fen": np.full(years, int(tight * dear / years) + 20), "carry_share": [1.0, 0.5, 0.0][seed % 3],
    }  # fmt: skip
    return ChargerProblem(**given | rules)


def with_rules(seed, **kwargs):
    """The same with feeders, least plugs, weights, closed hours and capacity ahead of demand now and then."""
    plain = made(seed, **kwargs)
    rng = np.random.default_rng(1000 + seed)
    rules = {}
    if seed % 2:
        rules |= {
            "option_va": plain.option_plugs @ [7, 40, 120], "feeder": rng.integers(-1, 2, plain.sites),
            "headroom_va": rng.integers(60, 200, 2), "step_va": np.array([80, 0]), "step_fen": rng.integers(10, 60, 2),
            "most_steps": np.array([2, 0]),
        }  # fmt: skip
    if seed % 3 == 0:
        rules["least"] = [Least("bus stations", np.arange(plain.sites)[::2], int(rng.integers(3, 9)), plain.years - 1)]
    if seed % 5 == 0:
        rules["weight"] = rng.integers(1, 4, plain.years)
    if seed % 4 < 2:
        rules["open"] = rng.integers(0, 2, (plain.sites, plain.hours))
    if seed % 7 == 0:
        ahead = np.zeros((plain.years, 2, plain.services), np.int64)
        ahead[-1, 1] = rng.integers(0, 20, plain.services)
        rules |= {"ahead": ahead, "site_area": rng.integers(0, 2, plain.sites)}
    return made(seed, **kwargs | rules)


def every_plan(p):
    """(option, steps) of every plan that keeps the rules."""
    own = [range(a, b) for a, b in zip(p.option_first[:-1].tolist(), p.option_first[1:].tolist(), strict=True)]
    for option in product(list(product(*own)), repeat=p.years):
        path = np.array(option)
        before = np.vstack((p.option_first[:-1], path[:-1]))
        if (p.option_plugs[path] < p.option_plugs[before]).any():
            continue
        for steps in product(*[range(int(most) + 1) for most in p.most_steps] * p.years):
            taken = np.array(steps, np.int64).reshape(p.years, p.feeders)
            if not rule_problems(p, path, taken):
                yield path, taken


def optimum(p):
    """The best value, None where no plan keeps the rules."""
    best, known = None, {}
    for path, steps in every_plan(p):
        key = path.tobytes()
        if key not in known:
            served = served_by_year(p, path)
            known[key] = served, target_problems(p, path, served)
        served, wrong = known[key]
        if wrong:
            continue
        value = int(served @ p.weight) if p.objective == "served" else -sum(spent_by_year(p, path, steps))
        best = value if best is None else max(best, value)
    return best if best is None or p.objective == "served" else -best


def with_targets(seed, **kwargs):
    """The same with floors of areas, or the least money for a share of demand served."""
    plain = with_rules(seed, **kwargs)
    rng = np.random.default_rng(2000 + seed)
    given = {name: getattr(plain, name) for name in plain.__dataclass_fields__}
    given["area"], shares = rng.integers(0, 2, plain.points), rng.uniform(0.1, 0.45, (plain.years, 2))
    if seed % 2:
        given |= {"objective": "cost", "served_share": rng.uniform(0.2, 0.6, plain.years)}
        given["budget_fen"] = plain.budget_fen * 3
    if seed % 3:
        given["floor_share"] = shares
    if given["ahead"].shape[1] == 0 and seed % 3:
        given["ahead"] = np.zeros((0, 0, 0), np.int64)
    if not seed % 3:
        given["area"] = np.zeros(0, np.int64)
    return ChargerProblem(**given)
