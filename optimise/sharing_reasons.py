"""Why a lot is in a plan of shared parking, which would be next, and why targets cannot be met, in words of policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import permutations, product
from typing import Final

import numpy as np

from network import units
from optimise.problem import I64
from optimise.sharing import SharingProblem
from optimise.sharing.room import Room
from optimise.sharing_offers import SharingCase
from optimise.sharing_plan import MetRow, Reachable, SharedLot
from optimise.sharing_rows import Answered, lot_row, named_areas
from optimise.sharing_wishes import TIERS

_NEXT: Final = 5
_TRIED: Final = 20
"""Lots left out that are told, and those whose gain is computed: the most promising by what is unmet in reach."""
_ORDER: Final = ("first tier", "all", "budget")
_METRICS: Final = {"lots": "shared lots", "spaces": "shared spaces"}


def lost_days(a: Answered) -> list[int]:
    """For each lot that opens, in the city's order: space-days a year that could not be met without it.

    All others offer what they do; permits are given anew by maximum flows, those of its holders and of any others.
    """
    opened = np.flatnonzero(a.answer.open).tolist()
    lost = dict.fromkeys(opened, 0.0)
    used = np.zeros(a.answer.offered.shape, np.int64)
    p = a.permits
    np.add.at(used, (p.lot, p.day, p.group), p.spaces)
    for g, d in product(range(len(units.PARKERS)), range(len(units.DAY_TYPES))):
        free = a.answer.offered[:, d, g] - used[:, d, g]
        for at in opened:
            here = int(used[at, d, g])
            if here:
                elsewhere = _moved(a, g, d, at, free) if free.sum() > free[at] else 0
                lost[at] += (here - elsewhere) * float(a.case.city.parking.days_per_year[d])
    return [round(lost[at]) for at in opened]


def _moved(a: Answered, g: int, d: int, at: int, free: I64) -> int:
    """Permits of a lot that find a space in others: a flow from its blocks to free spaces, past others that move."""
    from scipy.sparse import csr_array  # slow to load
    from scipy.sparse.csgraph import maximum_flow

    p, problem = a.permits, a.case.problem
    ours = (p.group == g) & (p.day == d)
    leave, stay = ours & (p.lot == at), ours & (p.lot != at)
    blocks, lots = problem.blocks, problem.lots
    near = a.answer.open[problem.pair_lot[g]] & (problem.pair_lot[g] != at)
    block, lot = problem.pair_block[g][near], problem.pair_lot[g][near]
    source, sink = blocks + lots, blocks + lots + 1
    room = np.where(np.arange(lots) == at, 0, free)
    moves, ends = int(p.spaces[leave].sum()), np.arange(lots)
    tail = np.concatenate((np.full(leave.sum(), source), block, blocks + p.lot[stay], blocks + ends))
    head = np.concatenate((p.block[leave], blocks + lot, p.block[stay], np.full(lots, sink)))
    size = np.concatenate((p.spaces[leave], np.full(len(block), moves), p.spaces[stay], room)).astype(np.int32)
    graph = csr_array((size, (tail, head)), shape=(sink + 1, sink + 1))
    return int(maximum_flow(graph, source, sink).flow_value)


def next_best(a: Answered) -> tuple[SharedLot, ...]:
    """Lots left out that would add most space-days a year if each alone were opened besides, the most first.

    Whoever has a permit keeps it. What they would offer is the best of filling up group by group, in any order.
    """
    case, p = a.case, a.case.problem
    days, unmet = case.city.parking.days_per_year, case.need.wanted - a.met
    near = _within_reach(p, unmet)
    promise = (near * days[:, None]).sum(axis=(1, 2))
    closed = np.flatnonzero(p.allowed & ~a.answer.open & (p.already == 0) & (promise > 0))
    tried = closed[np.argsort(-promise[closed], kind="stable")][:_TRIED]
    rows, room = [], Room(p)
    for at in tried.tolist():
        offered = np.array([_filled(partial(room.fits, at, d), near[at, d].tolist()) for d in range(p.days)], np.int64)
        adds = round(float(offered.sum(axis=1) @ days))
        if adds:
            areas = _areas_near(case, at, unmet)
            rows.append(lot_row(case, at, offered, offered.T, lost_days=adds, gains=areas))
    return tuple(sorted(rows, key=lambda row: -row.lost_days)[:_NEXT])


def _within_reach(p: SharingProblem, unmet: I64) -> I64:
    """(L, D, G) unmet spaces of the blocks near each lot."""
    out = np.zeros((p.lots, p.days, p.groups), np.int64)
    for g in range(p.groups):
        for d in range(p.days):
            out[:, d, g] = np.bincount(p.pair_lot[g], unmet[g, d, p.pair_block[g]], p.lots)
    return out


def _areas_near(case: SharingCase, at: int, unmet: I64) -> tuple[str, ...]:
    p, days = case.problem, case.city.parking.days_per_year
    total = np.zeros(p.blocks)
    for g in range(p.groups):
        near = p.pair_block[g][p.pair_lot[g] == at]
        total[near] += days @ unmet[g][:, near]
    return named_areas(case, np.flatnonzero(total), total[total > 0])


def _filled(fits: Callable[[list[int]], bool], wanted: list[int]) -> list[int]:
    """(G) most spaces that fit for groups that want so many, filled up one group after another."""
    best = [0] * len(wanted)
    for order in permutations([g for g, spaces in enumerate(wanted) if spaces]):
        offered = [0] * len(wanted)
        for g in order:
            offered[g] = _most(fits, offered, g, wanted[g])
        best = max(best, offered, key=sum)
    return best


def _most(fits: Callable[[list[int]], bool], offered: list[int], group: int, most: int) -> int:
    """Most spaces that fit for a group beside those of others."""
    least = 0
    while least < most:
        tried = (least + most + 1) // 2
        if fits([*offered[:group], tried, *offered[group + 1 :]]):
            least = tried
        else:
            most = tried - 1
    return least


def reachable_of(a: Answered) -> tuple[Reachable, ...]:
    """How far targets can be reached: by the first tier alone, by all lots that are asked, and within the budget."""
    p, tiers = a.case.problem, tuple(sorted(a.case.wishes.tiers))
    worth = int((p.weight * p.wanted.sum(axis=2)).sum())
    told = [row for row in a.answer.reachable if row.within != "first tier" or tiers == TIERS]
    return tuple(
        Reachable(
            tiers=TIERS[:1] if row.within == "first tier" else tiers,
            within_budget=row.within == "budget",
            lots=row.lots,
            spaces=row.spaces,
            met_share=row.met / worth if row.met >= 0 and worth else None,
            proven=row.proven,
        )
        for row in sorted(told, key=lambda row: _ORDER.index(row.within))
    )


def reasons_of(a: Answered, reachable: Sequence[Reachable], met: Sequence[MetRow]) -> tuple[str, ...]:
    """Which targets cannot be met and what can be had instead; or, of a plan, the need that no lot is near."""
    if a.answer.status == "infeasible":
        return tuple(_unreached(a.case, reachable))
    days = dict(zip(units.DAY_TYPES, a.case.city.parking.days_per_year.tolist(), strict=True))
    wanted = sum(row.wanted * days[row.day] for row in met)
    far = wanted - sum(row.within_reach * days[row.day] for row in met)
    told = f"of {wanted:,.0f} space-days a year that are wanted, {far:,.0f} are farther from any lot than people walk"
    return (told,) if far else ()


def _unreached(case: SharingCase, rows: Sequence[Reachable]) -> list[str]:
    p, out = case.problem, []
    asked = {"lots": p.least_lots, "spaces": p.least_spaces}
    best = next(row for row in rows if row.within_budget)
    for name, words in _METRICS.items():
        if getattr(best, name) < asked[name]:
            told = [f"{_count(getattr(row, name), row)} {who}" for row in rows if (who := _who(case, row))]
            out.append(f"{asked[name]:,} {words} are asked for; there can be at most {', '.join(told)}")
    if best.met_share is not None and best.met_share < case.wishes.met_share:
        out.append(f"{case.wishes.met_share:.1%} of the need is to be met; at most {best.met_share:.1%} can be")
    return out or ["each target can be reached by itself, but not all of them together"]


def _count(most: int, row: Reachable) -> str:
    return f"{most:,}" if row.proven else f"{most:,} or some more"


def _who(case: SharingCase, row: Reachable) -> str:
    """Which lots a row speaks of; empty where another row says the same."""
    if row.within_budget:
        return "within the budget and with the first tier first" if case.wishes.budget_cny else ""
    return "with all lots" if row.tiers == TIERS else f"with tier-{row.tiers[0]} lots alone"
