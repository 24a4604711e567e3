"""Facilities without a solver: Lagrangian prices, the sites they open, and local improvement."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from optimise.location.inputs import F64
from optimise.location.kernels.facility import Facilities, assign_whole, descend, lagrange, open_at
from optimise.location.result import PROOF
from optimise.location.rules import Flags, SiteRules
from optimise.problem import I64
from optimise.solver import gap_of
from optimise.stop import Run

TOUCHES_PER_WORK = 2e8
"""Pairs looked at in a unit of work, about a second."""
_PRICE_ROUNDS, _PRICE_CHUNK, _TRIES_EVERY = 600, 10, 6
_SWEEPS = 50
_TRANSPORT_PAIRS = 20_000
"""Pairs of open sites and customers up to which service is priced by a linear program again and again."""


@dataclass(frozen=True, eq=False)
class Case:
    """A checked input; existing sites have no fixed cost. whole: each customer is served by one site."""

    fixed: F64
    capacity: F64
    demand: F64
    cost: F64
    rules: SiteRules
    whole: bool

    @cached_property
    def endless(self) -> bool:
        """No capacity can bind."""
        return bool((self.capacity >= self.demand.sum()).all())

    @cached_property
    def facilities(self) -> Facilities:
        return Facilities(
            np.ascontiguousarray(self.cost), self.demand, self.capacity, self.fixed, self.rules.usable, self.rules.built
        )


@dataclass(frozen=True, eq=False)
class Found:
    """open (C; None before the first answer), assignment (D), value and bound; price (D) at that bound."""

    open: Flags | None
    assignment: I64
    value: float
    bound: float
    price: F64
    impossible: bool = False


Told = Callable[[float | None, float], None]


def search(case: Case, start: I64, run: Run, told: Told) -> Found:
    """The best of what the start and the prices open, with the Lagrangian bound."""
    f = case.facilities
    price = np.where(np.isfinite(case.cost) & case.rules.usable, case.cost, np.inf).min(axis=1, initial=np.inf)
    found = Found(None, np.full(len(case.demand), -1, np.int64), np.inf, 0.0, price)
    found = _offer(case, found, _flags(start, case))
    step = np.array([-np.inf, 1.0, 0.0])
    share, worth, slope = np.empty(len(case.fixed)), np.empty(len(case.fixed)), np.empty(len(case.demand))
    for chunks in range(_PRICE_ROUNDS // _PRICE_CHUNK):
        known = found.value if np.isfinite(found.value) else _dear(case)
        price = lagrange(f, known, price, step, _PRICE_CHUNK)
        run.spend(2.0 * case.cost.size * _PRICE_CHUNK / TOUCHES_PER_WORK)
        if step[0] > found.bound:
            found = replace(found, bound=float(step[0]), price=price.copy())
        if chunks % _TRIES_EVERY == 0 or run.over():
            open_at(f, price, worth, share, slope)
            found = _offer(case, found, (share >= 0.5) | case.rules.built)
        told(found.value if found.open is not None else None, found.bound)
        done = found.open is not None and gap_of(found.value, found.bound) <= max(run.stop.gap, PROOF)
        if done or run.over() or step[1] == 0.0:
            break
    return found


def _dear(case: Case) -> float:
    """A cost that serves to size the first steps: everything open, everybody served as dearly as can be."""
    return float(case.fixed.sum() + np.where(np.isfinite(case.cost), case.cost, 0.0).max(axis=1, initial=0.0).sum())


def _flags(which: I64, case: Case) -> Flags:
    out = np.zeros(len(case.fixed), np.bool_)
    out[which] = True
    return out


def _offer(case: Case, found: Found, open_: Flags) -> Found:
    """The better of what is known and the cheapest service from these sites or, where any go together, sites near."""
    open_ = open_.copy()
    if case.rules.plain:
        if case.endless:
            near = np.where(open_, case.cost, np.inf).min(axis=1, initial=np.inf)
            for d in np.flatnonzero(~np.isfinite(near)).tolist():
                if not open_[np.isfinite(case.cost[d])].any():
                    reach = np.where(case.rules.usable & np.isfinite(case.cost[d]), case.fixed + case.cost[d], np.inf)
                    open_[reach.argmin()] = True
            descend(case.facilities, open_)
        else:
            _add_room(case, open_)
    elif case.rules.broken(np.flatnonzero(open_)):
        return found
    served = serve(case, open_)
    if served is None:
        return found
    assignment, value = served
    if value < found.value:
        return replace(found, open=open_, assignment=assignment, value=value)
    return found


def _add_room(case: Case, open_: Flags) -> None:
    """Open the cheapest sites per capacity until all demand has room, in place."""
    lack = case.demand.sum() - case.capacity[open_].sum()
    order = np.argsort(case.fixed / np.maximum(case.capacity, PROOF), kind="stable")
    for j in order[case.rules.usable[order] & ~open_[order]].tolist():
        if lack <= 0:
            return
        open_[j] = True
        lack -= case.capacity[j]


def serve(case: Case, open_: Flags) -> tuple[I64, float] | None:
    """Who is served where at the least cost known from these open sites, and that cost, fixed costs included; None
    where some customer finds no place.
    """
    paid = float(case.fixed[open_].sum())
    if case.endless:
        near = np.where(open_, case.cost, np.inf)
        if not near.size or not np.isfinite(near.min(axis=1, initial=np.inf)).all():
            return None if len(case.demand) else (np.zeros(0, np.int64), paid)
        return near.argmin(axis=1), paid + float(near.min(axis=1).sum())
    if case.whole:
        to, lost = assign_whole(case.facilities, open_, _SWEEPS)
        return None if lost.any() else (to, paid + float(case.cost[np.arange(len(to)), to].sum()))
    small = int(open_.sum()) * len(case.demand) <= _TRANSPORT_PAIRS
    part = shares(case.capacity, case.demand, case.cost, np.flatnonzero(open_)) if small else None
    if part is None:
        return None
    dense = part.toarray()
    assignment: I64 = dense.argmax(axis=1)
    return assignment, paid + float((np.where(dense > 0, case.cost, 0.0) * dense).sum())


def shares(capacity: F64, demand: F64, cost: F64, open_: I64) -> Any | None:
    """(D, C) share of each customer that each open site serves at the least cost, demand split where that is cheaper;
    None where the open sites cannot serve everybody. A scipy csr array, by scipy's linear programming.
    """
    from scipy.optimize import linprog  # slow to load
    from scipy.sparse import coo_array, csr_array

    customers = len(demand)
    row, column = np.nonzero(np.isfinite(cost[:, open_]))
    site = open_[column]
    count = np.arange(len(row))
    one = csr_array((np.ones(len(row)), (row, count)), shape=(customers, len(row)))
    bound = np.isfinite(capacity[open_])
    scale = max(1.0, float(demand.max(initial=0.0)))
    room = coo_array((demand[row] / scale, (column, count)), shape=(len(open_), len(row))).tocsr()[bound]
    result = linprog(
        cost[row, site], A_eq=one, b_eq=np.ones(customers), A_ub=room if bound.any() else None,
        b_ub=capacity[open_][bound] / scale if bound.any() else None, bounds=(0.0, None), method="highs",
    )  # fmt: skip
    if result.status != 0:
        return None
    kept = result.x > PROOF
    return csr_array((result.x[kept], (row[kept], site[kept])), shape=cost.shape)


def settled(case: Case, found: Found, cutoff: float) -> tuple[Flags, Flags, Flags]:
    """(C) sites closed in any answer cheaper than `cutoff`, (C) sites open in it, and (D, C) pairs it may use."""
    sites = len(case.fixed)
    worth, share, slope = np.empty(sites), np.empty(sites), np.empty(len(case.demand))
    bound = open_at(case.facilities, found.price, worth, share, slope)
    slack = cutoff - bound + PROOF * max(1.0, abs(bound))
    usable, built = case.rules.usable, case.rules.built
    short = case.capacity[share >= 1.0].sum() < case.demand.sum()  # then sites dearer than nothing are open as well
    may = np.isfinite(case.cost) & usable
    if short:
        return ~usable, built, may
    shut = ~usable | (~built & (worth > slack))
    sure = built | (usable & (worth < -slack))
    if case.whole:
        may &= np.maximum(0.0, np.where(share >= 1.0, 0.0, worth)) + case.cost - found.price[:, None] <= slack
        may &= case.demand[:, None] <= case.capacity
    return shut, sure, may & ~shut
