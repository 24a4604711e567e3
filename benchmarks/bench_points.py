"""Dispatch points: 2,000 kerbs and 24 hours with a proven gap, and HiGHS on a plain model of the same question.

The peer is what one would write first: a binary for each pair and each site, whole spaces, rows for the swing between
all pairs of a few hours, and the root of the flow from below by a chord, so that its plans may lack some spaces and its
bound holds all the same. It runs for as long as PEER_S.
"""

from __future__ import annotations

import time

import numpy as np
from point_instances import case

from optimise.points import solve_points, verify_points

SITES, CORNERS, PEER_S = 2000, 61, 300
CASES = (
    {"objective": "cover", "budget_share": 0.3},
    {"objective": "cover", "budget_share": 0.05},
    {"objective": "cost", "served_share": 0.6},
)
HOURS = (0, 7, 10, 13, 16, 20)


def main() -> None:
    for asked in CASES:
        problem = case(SITES, CORNERS, **asked)
        began = time.process_time()
        found = solve_points(problem)
        seconds = time.process_time() - began
        assert verify_points(problem, found).problems == ()
        print(
            f"{problem.objective:6} {SITES} sites, {problem.demands} demand points: {found.value} bound {found.bound} "
            f"gap {found.gap:.2%}, {int(found.open.sum())} open, {found.served_weight / problem.weight.sum():.1%} "
            f"served, {seconds:.0f} s of processor time",
            flush=True,
        )
    peer(case(SITES, CORNERS, **CASES[0]))


def peer(problem) -> None:
    """The most weight within the budget by the plain model."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix, high = rows_of(problem)
    pairs, sites = len(problem.site), problem.sites
    cost = np.concatenate((-problem.weight[problem.row], np.zeros(2 * sites))).astype(float)
    most = np.concatenate((np.ones(pairs + sites), problem.most))
    began = time.process_time()
    found = milp(
        cost, integrality=np.ones(len(cost)), bounds=Bounds(0, most),
        constraints=LinearConstraint(matrix, -np.inf, high), options={"time_limit": PEER_S, "mip_rel_gap": 0.01},
    )  # fmt: skip
    seconds = time.process_time() - began
    value, bound = (None if x is None else -x for x in (found.fun, found.mip_dual_bound))
    print(f"cover  HiGHS alone: {value} bound {bound} gap {found.mip_gap}, {seconds:.0f} s of processor time")


def rows_of(p):
    """Rows over pairs, openings and spaces, at most `high` each."""
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    pairs, sites = len(p.site), p.sites
    one = np.ones(pairs)
    by_point = csr_array((one, (p.row, np.arange(pairs))), shape=(p.demands, pairs))
    own, at = eye_array(pairs), csr_array((one, (np.arange(pairs), p.site)), shape=(pairs, sites))
    open_, spaces = eye_array(sites), eye_array(sites)
    edges = csr_array((np.ones(2 * len(p.apart)), (np.repeat(np.arange(len(p.apart)), 2), p.apart.ravel())),
                      shape=(len(p.apart), sites))  # fmt: skip
    none = csr_array((sites, pairs))
    parts = [
        hstack((by_point, csr_array((p.demands, 2 * sites)))), hstack((own, -at, csr_array((pairs, sites)))),
        hstack((none, open_ * p.least[:, None], -spaces)), hstack((none, -open_ * p.most[:, None], spaces)),
        hstack((csr_array((len(p.apart), pairs)), edges, csr_array((len(p.apart), sites)))),
        csr_array(np.concatenate((np.zeros(pairs), p.open_fen, p.space_fen))[None] / 1e6),
    ]  # fmt: skip
    high = [np.ones(p.demands), np.zeros(pairs + 2 * sites), np.ones(len(p.apart)), [p.budget_fen / 1e6]]
    for w in range(len(p.net)):
        flow = np.bincount(p.site, p.flow[w, p.row], sites)
        chord = p.z_thousandths / 1e6 * np.sqrt(1000 / np.maximum(flow, 1))[p.site] * p.flow[w, p.row]
        for a in HOURS:
            for b in HOURS:
                if a != b:
                    swing = (p.net[w, p.row, a] - p.net[w, p.row, b]) / 1000
                    rows = csr_array((swing + chord, (p.site, np.arange(pairs))), shape=(sites, pairs))
                    parts.append(hstack((rows, csr_array((sites, sites)), -spaces)))
                    high.append(np.zeros(sites))
    return vstack(parts).tocsr(), np.concatenate(high)


if __name__ == "__main__":
    main()
