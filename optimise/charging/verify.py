"""Does a charging plan keep every rule, and what does it serve? Recomputed from the problem alone; trusts no solver.

Flows by scipy, an hour and a service at a time; floors of areas by one flow over all hours of a year, in which an area
sends at most its floor: it is met where all of them are sent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from optimise.charging.answer import ChargerAnswer
from optimise.charging.problem import ChargerProblem
from optimise.problem import I64


@dataclass(frozen=True)
class ChargerVerification:
    """checked: what was recomputed and agreed. problems: what does not."""

    checked: tuple[str, ...]
    problems: tuple[str, ...]


def verify_chargers(problem: ChargerProblem, answer: ChargerAnswer) -> ChargerVerification:
    """Every rule, the value and the side of the bound. An answer without a plan has nothing to check."""
    if answer.status in {"infeasible", "unknown"}:
        return ChargerVerification((), ())
    wrong = rule_problems(problem, answer.option, answer.steps)
    if wrong:
        return ChargerVerification((), tuple(wrong))
    served = served_by_year(problem, answer.option)
    wrong = target_problems(problem, answer.option, served)
    if problem.objective == "served":
        value = int(served @ problem.weight)
        side = answer.bound >= value
    else:
        value = sum(spent_by_year(problem, answer.option, answer.steps))
        side = answer.bound <= value
    if value != answer.value:
        wrong.append(f"the value is {value}, the answer says {answer.value}")
    if not side:
        wrong.append(f"the bound {answer.bound} is on the wrong side of the value {value}")
    if answer.status == "optimal" and answer.bound != answer.value:
        wrong.append("optimal is said without proof")
    if answer.spent_fen.tolist() != spent_by_year(problem, answer.option, answer.steps):
        wrong.append("the money of the years is not what the plan costs")
    return ChargerVerification(("rules", "value", "bound side"), tuple(wrong))


def spent_by_year(problem: ChargerProblem, option: I64, steps: I64) -> list[int]:
    """Fen of each year."""
    spent, had, taken = [], problem.option_first[:-1].tolist(), [0] * problem.feeders
    for t in range(problem.years):
        paid = 0
        for j, (old, new) in enumerate(zip(had, option[t].tolist(), strict=True)):
            paid += int(problem.option_fen[new]) - int(problem.option_fen[old])
            paid += int(problem.mobilise_fen[j]) if new != old else 0
        for b in range(problem.feeders):
            paid += (int(steps[t, b]) - taken[b]) * int(problem.step_fen[b])
        spent.append(paid)
        had, taken = option[t].tolist(), steps[t].tolist()
    return spent


def rule_problems(problem: ChargerProblem, option: I64, steps: I64) -> list[str]:
    """Rules that need no flow: options, growth, feeders, money, least plugs, capacity ahead of demand."""
    wrong = []
    if option.shape != (problem.years, problem.sites) or steps.shape != (problem.years, problem.feeders):
        return ["the answer has another shape than the problem"]
    if (option < problem.option_first[:-1]).any() or (option >= problem.option_first[1:]).any():
        return ["a site has an option of another site"]
    before = np.vstack((problem.option_first[:-1], option[:-1]))
    shrunk = (problem.option_plugs[option] < problem.option_plugs[before]).any(axis=2)
    wrong += [f"site {j} shrinks in year {t}" for t, j in np.argwhere(shrunk).tolist()]
    wrong += _feeder_problems(problem, option, steps)
    left = 0
    for t, paid in enumerate(spent_by_year(problem, option, steps)):
        left = math.floor(problem.carry_share * left) + int(problem.budget_fen[t]) - paid
        if left < 0:
            wrong.append(f"year {t} lacks {-left} fen")
    plugs = problem.option_plugs.sum(axis=1)
    for row in problem.least:
        there = int(plugs[option[row.year, row.sites]].sum())
        if there < row.plugs:
            wrong.append(f"{row.words}: {there} plugs in year {row.year}, {row.plugs} wanted")
    for t, a, s in np.argwhere(problem.ahead > 0).tolist():
        there = int(problem.option_capacity[option[t, problem.site_area == a], s].sum())
        if there < problem.ahead[t, a, s]:
            wrong.append(f"area {a} has a capacity of {there} in year {t}, {problem.ahead[t, a, s]} wanted")
    return wrong


def _feeder_problems(problem: ChargerProblem, option: I64, steps: I64) -> list[str]:
    wrong = []
    if (np.diff(steps, axis=0, prepend=np.zeros((1, problem.feeders), np.int64)) < 0).any():
        wrong.append("steps of a feeder are taken back")
    if (steps > problem.most_steps).any():
        wrong.append("a feeder has more steps than it may")
    for t in range(problem.years):
        for b in range(problem.feeders):
            load = int(problem.option_va[option[t, problem.feeder == b]].sum())
            may = int(problem.headroom_va[b] + steps[t, b] * problem.step_va[b])
            if load > may:
                wrong.append(f"feeder {b} carries {load} VA in year {t}, {may} allowed")
    return wrong


def target_problems(problem: ChargerProblem, option: I64, served: I64) -> list[str]:
    """Shares of demand that are to be served: of all, and of each area."""
    wrong = [
        f"year {t} serves {served[t]}, {problem.wanted[t]} wanted"
        for t in range(problem.years)
        if served[t] < problem.wanted[t]
    ]
    for t in range(problem.years):
        floors = problem.floors[t]
        if floors.any() and floors_flow(problem, option[t], t, floors) < floors.sum():
            wrong.append(f"year {t} does not serve the floors of its areas")
    return wrong


def served_by_year(problem: ChargerProblem, option: I64) -> I64:
    """(T) maximum flows, summed over services and hours."""
    served = np.zeros(problem.years, np.int64)
    for t in range(problem.years):
        for s in range(problem.services):
            for h in range(problem.hours):
                could = problem.option_capacity[option[t], s] * problem.open[:, h]
                served[t] += _flow(problem, problem.demand[t, s, :, h], could, s)
    return served


def _flow(problem: ChargerProblem, demand: I64, capacity: I64, s: int) -> int:
    from scipy.sparse import csr_array  # slow to load
    from scipy.sparse.csgraph import maximum_flow

    points, sites = problem.points, problem.sites
    rows = np.repeat(np.arange(points), np.diff(problem.first[s]))
    source, sink = points + sites, points + sites + 1
    tail = np.concatenate((np.full(points, source), rows, points + np.arange(sites)))
    head = np.concatenate((np.arange(points), points + problem.site[s], np.full(sites, sink)))
    size = np.concatenate((demand, demand[rows], capacity)).astype(np.int32)
    graph = csr_array((size, (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def floors_flow(problem: ChargerProblem, option: I64, t: int, floors: I64) -> int:
    """How much of the floors (A) can be served at once in a year."""
    from scipy.sparse import csr_array  # slow to load
    from scipy.sparse.csgraph import maximum_flow

    tails, heads, sizes = [np.full(len(floors), 0)], [2 + np.arange(len(floors))], [floors]
    base, points, sites = 2 + len(floors), problem.points, problem.sites
    for s in range(problem.services):
        rows = np.repeat(np.arange(points), np.diff(problem.first[s]))
        for h in range(problem.hours):
            demand, ends = problem.demand[t, s, :, h], base + points
            tails += [2 + problem.area, base + rows, ends + np.arange(sites)]
            heads += [base + np.arange(points), ends + problem.site[s], np.full(sites, 1)]
            sizes += [demand, demand[rows], problem.option_capacity[option, s] * problem.open[:, h]]
            base = ends + sites
    size = np.concatenate(sizes).astype(np.int32)
    graph = csr_array((size, (np.concatenate(tails), np.concatenate(heads))), shape=(base, base))
    return int(maximum_flow(graph, 0, 1).flow_value)
