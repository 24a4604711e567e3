"""Kernels of charging plans beside plain Python: earnings at margins, what is taken, maximum flows, paths."""

from itertools import product

import numpy as np
import pytest
from charger_cases import made

from optimise.charging.arrays import flows_of, maximum_flows, options_of, reach_of, steps_of
from optimise.charging.kernels.prices import best_paths, earn, take, through, worths
from optimise.charging.verify import served_by_year

COUNT = 64
"""Levels of margins: all that are tried are multiples of one in so many."""


def knapsack(p, t, s, h, j, margin, capacity):
    """(earned, {point: taken}) by site j alone, the dearest points first."""
    near = [i for i in range(p.points) if j in p.site[s][p.first[s][i] : p.first[s][i + 1]]]
    left, earned, taken = capacity, 0.0, {}
    for i in sorted(near, key=lambda i: (-margin[i], i)):
        amount = min(left, int(p.demand[t, s, i, h])) if margin[i] > 0 else 0
        left, earned, taken[i] = left - amount, earned + amount * margin[i], amount
    return earned, taken


def some_open(seed, sites, hours):
    return np.random.default_rng(seed).integers(0, 2, (sites, hours))


@pytest.mark.parametrize("seed", range(12))
def test_earnings_and_what_is_taken(seed):
    p = made(seed, points=9, sites=4, years=2, open=some_open(seed, 4, 2))
    rng = np.random.default_rng(seed)
    flows, steps, reach = flows_of(p), steps_of(p), reach_of(p)
    margin, top = rng.integers(0, COUNT + 1, flows.shape) / COUNT, np.ones((p.years, p.points))
    level, order = np.empty(flows.shape, np.int32), np.empty(flows.shape, np.int32)
    many, earned = np.zeros(len(flows), np.int64), np.zeros((len(flows), len(steps.level)))
    worth, sent = np.zeros((p.years, len(p.option_fen))), np.zeros(flows.shape)
    earn(reach, steps, flows, margin, top, COUNT, level, order, many, earned)
    worths(steps, earned, worth)
    option = rng.integers(p.option_first[:-1], p.option_first[1:])
    share = np.zeros((p.years, len(steps.level)))
    for s, j in product(range(p.services), range(p.sites)):
        share[:, steps.first[s, j] : steps.of[s, option[j]] + 1] = 1.0
    take(reach, steps, flows, order, many, share, sent)
    wanted, taken = np.zeros_like(worth), np.zeros_like(sent)
    for f, (t, s, h) in enumerate(product(range(p.years), range(p.services), range(p.hours))):
        for o, j in enumerate(p.option_site.tolist()):
            got, each = knapsack(p, t, s, h, j, margin[f], int(p.option_capacity[o, s] * p.open[j, h]))
            wanted[t, o] += got
            for i, amount in each.items() if option[j] == o else ():
                taken[f, i] += amount
    assert np.allclose(worth, wanted) and np.allclose(sent, taken)


@pytest.mark.parametrize("seed", range(12))
def test_maximum_flows_and_their_cuts(seed):
    p = made(seed, points=30, sites=8, hours=3, reach=0.3, open=some_open(seed, 8, 3))
    option = np.random.default_rng(seed).integers(p.option_first[:-1], p.option_first[1:])[None]
    flows, reach = flows_of(p), reach_of(p)
    capacity = p.option_capacity[option].transpose(0, 2, 1)
    slack, more = maximum_flows(reach, p.hours, flows, capacity)
    served = flows.sum() - slack.sum()
    assert served == served_by_year(p, option).sum() and (slack >= 0).all()
    cut = 0
    for f, (s, h) in enumerate(product(range(p.services), range(p.hours))):
        helped = more[f] >= 0
        cut += int((capacity[0, s] * p.open[:, h])[helped].sum())
        for i in range(p.points):
            near = p.site[s][p.first[s][i] : p.first[s][i + 1]]
            cut += int(flows[f, i]) if not helped[near].all() else 0
    assert cut == served


@pytest.mark.parametrize("seed", range(8))
def test_paths_of_options_against_every_path(seed):
    p = made(seed, sites=3, years=3)
    rng, options = np.random.default_rng(seed), options_of(p)
    worth, price = rng.uniform(0, 200, (p.years, len(p.option_fen))), rng.uniform(0, 1, p.years)
    path, most = np.empty((p.years, p.sites), np.int64), np.empty_like(worth)
    total = best_paths(options, worth, price, path)
    through(options, worth, price, most)
    best, best_through = 0.0, np.full_like(worth, -np.inf)
    for j in range(p.sites):
        own, worths_ = range(p.option_first[j], p.option_first[j + 1]), []
        for trial in product(own, repeat=p.years):
            steps = list(zip((own[0], *trial), trial, strict=False))
            if any((p.option_plugs[b] < p.option_plugs[a]).any() for a, b in steps):
                continue
            paid = [p.option_fen[b] - p.option_fen[a] + (p.mobilise_fen[j] if a != b else 0) for a, b in steps]
            value = sum(worth[t, o] - price[t] * paid[t] for t, o in enumerate(trial))
            worths_.append(value)
            for t, o in enumerate(trial):
                best_through[t, o] = max(best_through[t, o], value)
        best += max(worths_)
    assert total == pytest.approx(best) and np.allclose(most, best_through)
