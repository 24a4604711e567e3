"""Slow, readable truth about siting problems: every plan is tried. For a handful of sites."""

from itertools import product

import numpy as np


def every_plan(p):
    """All new plugs (J) that keep to the rules."""
    choices = []
    for j in range(p.sites):
        fewest = 1 if p.existing[j] else int(p.least[j])
        choices.append([0, *range(fewest, int(p.most[j]) + 1)])
    for plan in product(*choices):
        cost = sum(
            k * int(p.plug_fen[j]) + (0 if p.existing[j] else int(p.open_fen[j])) for j, k in enumerate(plan) if k
        )
        if cost <= p.budget_fen and sum(plan) >= p.min_plugs:
            yield plan


def served(p, plan):
    """Maximum flow by its dual: the cheapest way to cut, over all sets of sites whose capacity is cut."""
    plugs = [int(e) + k for e, k in zip(p.existing, plan, strict=True)]
    reach = [
        {int(p.site[r]) for r in range(p.first[i], p.first[i + 1]) if p.distance_m[r] <= p.cover_m}
        for i in range(p.demands)
    ]
    best = None
    for cut in product((False, True), repeat=p.sites):
        size = sum(p.plug_tenths * plugs[j] for j in range(p.sites) if cut[j])
        size += sum(int(p.weight[i]) for i in range(p.demands) if any(not cut[j] for j in reach[i]))
        best = size if best is None else min(best, size)
    return best


def walked(p, plan):
    total = 0
    for i in range(p.demands):
        nearest = p.search_m
        for r in range(p.first[i], p.first[i + 1]):
            if p.existing[p.site[r]] + plan[p.site[r]] > 0:
                nearest = min(nearest, int(p.distance_m[r]))
        total += int(p.weight[i]) * nearest
    return total


def worth(p, plan):
    return served(p, plan) if p.objective == "cover" else walked(p, plan)


def optimum(p):
    """The best value, or None where no plan keeps to the rules."""
    values = [worth(p, plan) for plan in every_plan(p)]
    if not values:
        return None
    return max(values) if p.objective == "cover" else min(values)


def most_plugs(p):
    """The most new plugs the budget and the sites allow, whatever is wanted."""
    from dataclasses import replace

    return max(int(np.sum(plan)) for plan in every_plan(replace(p, min_plugs=0)))
