"""Shared parking: 300 lots, 2,000 blocks, 48 half-hours and 3 day types to a proven 1 %, and HiGHS on the same rows.

The peer is what one would write first: one model with lots in whole numbers, the order of the tiers as a row of each
lot of the second, handed to scipy's milp for as long as PEER_S. Its plans are in parts of spaces.
"""

from __future__ import annotations

import time

import numpy as np
from quality import Line, write
from run import machine
from sharing_instances import case

from optimise import Gap
from optimise.sharing import solve_sharing, verify_sharing
from optimise.sharing.model import build, pairs_of
from optimise.sharing.room import Room

LOTS, BLOCKS, GAP, PEER_S = 300, 2000, 0.01, 300
CASES = ({"objective": "met"}, {"objective": "walking"}, {"objective": "cost", "met_least": 2_400_000})


def main() -> None:
    lines = []
    for rules in CASES:
        problem = case(LOTS, BLOCKS, **rules)
        began, cpu = time.perf_counter(), time.process_time()
        found = solve_sharing(problem, Gap(GAP))
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        assert verify_sharing(problem, found).problems == ()
        name = f"{LOTS} lots, {BLOCKS} blocks, {problem.objective}"
        print(
            f"{name}: {found.value} bound {found.bound} gap {found.gap:.2%}, {found.lots} lots, {found.spaces} spaces, "
            f"{cpu:.0f} s of processor time",
            flush=True,
        )
        who, peer_s = ("HiGHS", peer(problem)) if problem.objective == "met" else ("", None)
        lines.append(
            Line("sharing", name, None, found.value, found.bound, found.gap, found.status, seconds, who, peer_s)
        )
    write(lines, machine())


def peer(problem) -> float:
    """Seconds that milp takes, or is given, for the most spaces met by the plain model."""
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array, vstack

    room = Room(problem)
    room.needed = 0  # the tiers come as rows of their own
    pairs = pairs_of(problem, room)
    model = build(problem, room, pairs, "met", second=True)
    first, second = (np.flatnonzero((problem.tier == t) & room.useful) + model.columns.y for t in (1, 2))
    need = -(-problem.first_tier_thousandths * len(first) // 1000)
    row = np.concatenate((np.repeat(np.arange(len(second)), len(first)), np.arange(len(second))))
    value = np.concatenate((np.full(len(first) * len(second), -1.0), np.full(len(second), float(need))))
    entries = (row, np.concatenate((np.tile(first, len(second)), second)))
    tiers = csr_array((value, entries), shape=(len(second), len(model.most)))
    high = np.concatenate((model.high, np.zeros(len(second))))
    low = np.concatenate((model.low, np.full(len(second), -np.inf)))
    whole = np.zeros(len(model.most))
    whole[model.columns.y : model.columns.s] = 1
    began = time.perf_counter()
    found = milp(
        -model.cost, integrality=whole, bounds=Bounds(0, model.most),
        constraints=LinearConstraint(vstack((model.matrix, tiers)), low, high),
        options={"time_limit": PEER_S, "mip_rel_gap": GAP},
    )  # fmt: skip
    seconds = time.perf_counter() - began
    value_, bound = (None if x is None else -x * model.scale for x in (found.fun, found.mip_dual_bound))
    print(f"met      HiGHS alone: {value_} bound {bound} gap {found.mip_gap}, {seconds:.0f} s")
    return seconds


if __name__ == "__main__":
    main()
