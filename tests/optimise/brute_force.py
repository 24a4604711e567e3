"""Slow, readable truth about siting problems: every plan is tried. For a handful of sites."""

from itertools import product


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
        if cost <= p.budget_fen:
            yield plan


def walked(p, plan):
    total = 0
    for i in range(p.demands):
        nearest = p.search_m
        for r in range(p.first[i], p.first[i + 1]):
            if p.existing[p.site[r]] + plan[p.site[r]] > 0:
                nearest = min(nearest, int(p.distance_m[r]))
        total += int(p.weight[i]) * nearest
    return total


def optimum(p):
    """The best value."""
    return min(walked(p, plan) for plan in every_plan(p))
