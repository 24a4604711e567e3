"""Why a charging problem has no answer, or little of one, in the words of a plan."""

from __future__ import annotations

import numpy as np

from network import units
from optimise.charging.arrays import flows_of, maximum_flows, reach_of
from optimise.charging.problem import ChargerProblem
from optimise.problem import I64


def conflicts(problem: ChargerProblem) -> tuple[str, ...]:
    """Rows that no money could meet, each by itself."""
    return (*_least(problem), *_ahead(problem), *_feeders(problem), *_targets(problem))


def together(problem: ChargerProblem) -> tuple[str, ...]:
    """The rows there are, where only all of them together cannot be met."""
    words = [f"the budget of {problem.budget_fen.sum() / units.FEN_PER_CNY:,.0f} CNY"]
    words += [f"{row.words}: {row.plugs} plugs wanted" for row in problem.least]
    if problem.ahead.any():
        words.append("capacity ahead of demand")
    if problem.floors.any():
        words.append("the floors of the areas")
    if problem.wanted.any():
        words.append(f"{problem.served_share.max():.1%} of all demand served")
    if problem.feeders:
        words.append("the headroom of the feeders")
    return (f"cannot be met together: {'; '.join(words)}",)


def remarks(problem: ChargerProblem) -> tuple[str, ...]:
    """What a plan is to say of itself: a budget that buys nothing."""
    growth = problem.option_fen + np.asarray(problem.mobilise_fen)[problem.option_site]
    others = np.ones(len(growth), np.bool_)
    others[problem.option_first[:-1]] = False
    money = int(problem.budget_fen.sum())
    if not others.any() or growth[others].min() <= money:
        return ()
    cheapest, budget = growth[others].min() / units.FEN_PER_CNY, money / units.FEN_PER_CNY
    return (f"the budget of {budget:,.0f} CNY buys nothing: the cheapest site costs {cheapest:,.0f} CNY",)


def largest(problem: ChargerProblem, size: I64) -> I64:
    """(J) the most of `size` (O) that an option of a site has."""
    most: I64 = np.maximum.reduceat(size, problem.option_first[:-1])
    return most


def _least(problem: ChargerProblem) -> list[str]:
    room = largest(problem, problem.option_plugs.sum(axis=1))
    return [
        f"{row.words}: {row.plugs} plugs wanted, room for {int(room[np.asarray(row.sites, np.int64)].sum())}"
        for row in problem.least
        if room[np.asarray(row.sites, np.int64)].sum() < row.plugs
    ]


def _ahead(problem: ChargerProblem) -> list[str]:
    names, words = problem.names, []
    for t, a, s in np.argwhere(problem.ahead > 0).tolist():
        room = int(largest(problem, problem.option_capacity[:, s])[problem.site_area == a].sum())
        if room < problem.ahead[t, a, s]:
            wanted, most = problem.ahead[t, a, s] / units.TENTHS, room / units.TENTHS
            words.append(
                f"{names.area(a)}: a capacity of {wanted:,.1f} kWh an hour wanted of {names.service(s)} in "
                f"{names.year(t)}, all sites at their largest have {most:,.1f}"
            )
    return words


def _feeders(problem: ChargerProblem) -> list[str]:
    words = []
    there = problem.option_first[:-1]
    least = np.minimum.reduceat(problem.option_va, there) if problem.sites else problem.option_va
    for b in range(problem.feeders):
        load = int(least[problem.feeder == b].sum())
        may = int(problem.headroom_va[b] + problem.most_steps[b] * problem.step_va[b])
        if load > may:
            words.append(
                f"{problem.names.feeder(b)}: what is there draws {load / 1000:,.1f} kVA, {may / 1000:,.1f} can be had"
            )
    return words


def _targets(problem: ChargerProblem) -> list[str]:
    """Shares of demand that all sites at their largest do not serve."""
    if not problem.wanted.any() and not problem.floors.any():
        return []
    most = np.stack([largest(problem, problem.option_capacity[:, s]) for s in range(problem.services)])
    served, names, words = _served(problem, most), problem.names, list[str]()
    for t in np.flatnonzero(served.sum(axis=1) < problem.wanted).tolist():
        share = served[t].sum() / max(problem.total_demand[t], 1)
        words.append(
            f"{names.year(t)}: {problem.served_share[t]:.1%} wanted, all sites at their largest serve {share:.1%}"
        )
    for a in np.flatnonzero(problem.floors.any(axis=0)).tolist():
        alone = _served(problem, most, problem.area == a).sum(axis=1)
        for t in np.flatnonzero(alone < problem.floors[:, a]).tolist():
            whole = max(int(problem.demand[t][:, problem.area == a].sum()), 1)
            words.append(
                f"{names.area(a)}: {problem.floor_share[t, a]:.1%} wanted in {names.year(t)}, all sites at their "
                f"largest serve {alone[t] / whole:.1%}"
            )
    return words


def _served(problem: ChargerProblem, capacity: I64, points: np.ndarray | None = None) -> I64:
    """(T, I) what a capacity (S, J) serves of the points chosen."""
    demand = flows_of(problem)
    demand = demand if points is None else demand * points
    same = np.broadcast_to(capacity, (problem.years, *capacity.shape))
    slack, _ = maximum_flows(reach_of(problem), problem.hours, demand, same)
    served: I64 = (demand - slack).reshape(problem.years, -1, problem.points).sum(axis=1)
    return served
