"""Sets of demand points that sites may serve, and the best choice among them by HiGHS: of those that earn most at the
prices of a bound a good plan, of all that a better plan could hold the proof where little is open.

At the prices of a bound, a site that serves a set earns less than with its best one; a set that earns less by more than
what bound and best plan lie apart is in no better plan (as routes are in Baldacci et al. 2008,
doi 10.1007/s10107-007-0178-5).
"""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import numpy as np

from optimise.location.inputs import F64
from optimise.location.mip import on_safe_side
from optimise.points.answer import need_of
from optimise.points.frame import Frame
from optimise.points.kernels.price import listed
from optimise.points.plans import NOTHING, WORK
from optimise.points.prices import Bound
from optimise.points.problem import Flags
from optimise.problem import I64
from optimise.stop import Run

_MOST_SETS: Final = 20_000
"""Sets in all; where there are more, no proof is tried."""
_HALVINGS: Final = 30
_MOST_AT_SITE: Final = 4096
_MOST_DUG: Final = 1_000_000
_NODE: Final = 20_000
"""Steps that a set counts as in a node of branch and bound."""
_ROOT_NODES: Final = 20
_MONEY: Final = 1e3
"""The largest number of a limit in the model: HiGHS keeps to rows within a millionth."""
_MOST_NODES: Final = 2**31 - 1


class Sets(NamedTuple):
    """What a site may serve, by rows (K): site, whom (K, I), its spaces and money."""

    site: I64
    served: Flags
    spaces: I64
    paid: I64


def all_sets(frame: Frame, bound: Bound, value: int) -> Sets | None:
    """All sets that a plan worth more than `value` could hold, None where they are too many to list."""
    return _sets_within(frame, bound, math.inf if value == NOTHING else bound.priced(bound.prices).bound - value)


def best_sets(frame: Frame, bound: Bound, value: int, site_of: I64) -> Sets | None:
    """As many of the sets that earn most as can be listed, and those of a plan of this value."""
    slack = max(bound.priced(bound.prices).bound - value, 1.0)
    for _ in range(_HALVINGS):
        if bound.run.over():
            return None
        if (sets := _sets_within(frame, bound, slack)) is not None:
            site = np.unique(site_of[site_of >= 0])
            own = _sets(frame, site, site_of == site[:, None])
            return Sets(*(np.concatenate(both) for both in zip(sets, own, strict=True)))
        slack /= 2
    return None


def _sets_within(frame: Frame, bound: Bound, slack: float) -> Sets | None:
    """All sets that earn less than the best of their site by at most `slack`, None where they are too many to list."""
    prices, near, p = bound.prices, frame.near, frame.problem
    found, worth, charge = bound.priced(prices), bound.worth(prices), bound.charge(prices)
    cuts = bound.priced_cuts(prices)
    least = slack + 1.0 + 1e-9 * abs(found.bound)
    site, served, work = list[int](), list[Flags](), 0
    for j in np.flatnonzero(np.diff(near.start) > 0).tolist():
        count = int(near.start[j + 1] - near.start[j])
        taken = np.zeros((_MOST_AT_SITE, count), np.bool_)
        floor = found.above[j] - least
        rows, complete, dug = listed(
            near, frame.sites, j, worth, frame.fen + prices.fen, charge[j], floor, _MOST_DUG, taken, cuts
        )
        work += dug
        if not complete or len(site) + rows > _MOST_SETS:
            bound.run.spend(work / WORK)
            return None
        for row in taken[:rows]:
            whom = np.zeros(p.demands, np.bool_)
            whom[near.point[near.start[j] : near.start[j + 1]][row]] = True
            site.append(j)
            served.append(whom)
    bound.run.spend(work / WORK)
    return _sets(frame, np.array(site, np.int64), np.array(served, np.bool_).reshape(-1, p.demands))


def _sets(frame: Frame, at: I64, whoms: Flags) -> Sets:
    """Sets of sites (K) and whom they serve (K, I), with what they need."""
    p = frame.problem
    spaces = np.array([need_of(p, np.flatnonzero(row)) for row in whoms], np.int64)
    spaces = np.maximum(spaces, np.where(p.there[at], 0, p.least[at]))
    paid = np.where(p.there[at], 0, p.open_fen[at]) + p.space_fen[at] * np.maximum(spaces - p.already[at], 0)
    return Sets(at, whoms, spaces, paid)


class Chosen(NamedTuple):
    """site_of (I) of the best choice, None where there is none. bound: of the choice, to be made most."""

    site_of: I64 | None
    bound: int


def choose(frame: Frame, sets: Sets, run: Run, gap: float = 0.0) -> Chosen | None:
    """The best choice among sets but for a relative gap, or None where the run does not last for it. Where no choice
    keeps to the limits, the bound is NOTHING.
    """
    from scipy.optimize import Bounds, LinearConstraint, milp  # slow to load

    p, count = frame.problem, len(sets.site)
    if not count:
        return Chosen(None, NOTHING)
    worth = sets.served @ frame.gain - frame.fen * sets.paid
    matrix, low, high = _rows(frame, sets)
    node = _NODE * float(count) / WORK
    nodes = run.work_left / node - _ROOT_NODES
    if nodes < 1 or run.over():
        return None
    options: dict[str, Any] = {"mip_rel_gap": gap, "presolve": False}
    if math.isfinite(nodes):
        options["node_limit"] = int(min(nodes, _MOST_NODES))
    if math.isfinite(run.seconds_left):
        options["time_limit"] = run.seconds_left
    found = milp(
        -worth, integrality=np.ones(count), bounds=Bounds(0, 1), constraints=LinearConstraint(matrix, low, high),
        options=options,
    )  # fmt: skip
    run.spend((_ROOT_NODES + (found.mip_node_count or 0)) * node)
    if found.status == 2:
        return Chosen(None, NOTHING)
    if found.mip_dual_bound is None or not math.isfinite(found.mip_dual_bound):
        return None
    site_of = None
    if found.x is not None:
        site_of = np.full(p.demands, -1)
        for k in np.flatnonzero(found.x > 0.5).tolist():
            site_of[sets.served[k]] = sets.site[k]
    return Chosen(site_of, on_safe_side(-found.mip_dual_bound, above=True))


def _rows(frame: Frame, sets: Sets) -> tuple[Any, F64, F64]:
    """Each point is served once, each site serves one set, of two too near one opens, and the limits are kept."""
    from scipy.sparse import csr_array, vstack

    p, count = frame.problem, len(sets.site)
    at_site = csr_array((np.ones(count), (sets.site, np.arange(count))), shape=(p.sites, count))
    edges = frame.edges
    ends = csr_array(
        (np.ones(2 * len(edges)), (np.tile(np.arange(len(edges)), 2), edges.T.ravel())), shape=(len(edges), p.sites)
    )
    parts = [csr_array(sets.served.T.astype(float)), at_site, ends @ at_site]
    low, high = np.full(p.demands + p.sites + len(edges), -np.inf), np.ones(p.demands + p.sites + len(edges))
    for row, limit, below in (
        (sets.paid.astype(float), float(p.budget_fen), p.budget_fen >= 0),
        (-(sets.served @ p.weight.astype(float)), -float(p.least_weight), p.least_weight > 0),
    ):
        if below:
            scale = _MONEY / max(float(np.abs(row).max()), 1.0)
            parts.append(csr_array(row[None] * scale))
            low, high = np.append(low, -np.inf), np.append(high, limit * scale)
    return vstack(parts).tocsr(), low, high
