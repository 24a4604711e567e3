"""New parking spaces: 200 places and 160 blocks of four groups to a proven 0.2 %, and HiGHS on the plain model.

The peer is what one would write first: the same rows with whole cars and with a limit for every set of groups, handed
to scipy's milp for as long as PEER_S.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from quality import Line, write
from run import machine

from optimise.new_spaces import SPACES_UNTIL
from optimise.spaces import SpaceProblem, solve_spaces
from optimise.spaces.verify import verify_spaces

PLACES, BLOCKS, GAP, PEER_S = 200, 160, 0.002, 120
CASES = (
    {"budget_fen": 10**9},
    {"budget_fen": 3 * 10**8, "most_draw": 300_000},
    {"objective": "cost", "least_net": 3300},
)
WALK_M, DETOUR = np.array([400, 400, 500, 150]), 1.3
ACTIVE = np.array([0b0001, 0b0010, 0b0110, 0b1010, 0b0101])
"""Groups that stand there at one time: residents, commuters, visitors, deliveries."""
WANTED = np.array([12.0, 8.0, 10.0, 2.0])
"""Spaces that a block wants on the mean."""
MOST, SPACE_CNY, OPEN_CNY = (18, 200, 90, 60, 300), (600, 35_000, 6_000, 8_000, 120_000), (2, 40, 30, 5, 100)
"""By way to add spaces: at the kerb, by lifts, under viaducts, in estates, in garages; openings in 10,000 CNY."""
SHARE = (0.6, 0.12, 0.03, 0.2, 0.05)


def main() -> None:
    lines = []
    for asked in CASES:
        problem = case(PLACES, BLOCKS, **asked)
        began, cpu = time.perf_counter(), time.process_time()
        found = solve_spaces(problem, run=SPACES_UNTIL.start())
        seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
        assert verify_spaces(problem, found).problems == ()
        peer_s, said = peer(problem)
        rules = [word for word in asked if word != "objective"]
        name = f"{PLACES} places, {BLOCKS} blocks, {', '.join([problem.objective, *rules])}"
        print(
            f"{name}: {found.value} bound {found.bound} gap {found.gap:.2%}, "
            f"{int(found.spaces.sum())} spaces, {cpu:.1f} s of processor time; HiGHS alone: {said}",
            flush=True,
        )
        lines.append(
            Line("spaces", name, None, found.value, found.bound, found.gap, found.status, seconds, "HiGHS", peer_s)
        )
    write(lines, machine())


def case(places: int, blocks: int, seed: int = 0, **asked: Any) -> SpaceProblem:
    """`places` and `blocks` in a square as dense as an old town, drawn from a seed."""
    rng = np.random.default_rng(seed)
    side_m = 3000.0 * np.sqrt(blocks / 500)
    at_place, at_block = rng.random((places, 2)) * side_m, rng.random((blocks, 2)) * side_m
    walk = DETOUR * np.sqrt(((at_block[:, None] - at_place) ** 2).sum(axis=2))
    near = walk[:, None, :] <= WALK_M[:, None]
    row, place = np.nonzero(near.reshape(4 * blocks, places))
    way = rng.choice(5, places, p=SHARE)
    most = 1 + rng.poisson(np.array(MOST)[way] * rng.gamma(2.0, 0.5, places))
    return SpaceProblem(
        wanted=rng.poisson(np.tile(WANTED, (blocks, 1)) * rng.gamma(2.0, 0.5, (blocks, 1))).ravel(),
        group=np.tile(np.arange(4), blocks),
        weight=np.full(4 * blocks, 1000),
        first=np.searchsorted(row, np.arange(4 * blocks + 1)),
        place=place,
        active=ACTIVE,
        room=rng.poisson(20.0, (places, len(ACTIVE))) * (rng.random(places) < 0.15)[:, None],
        most=most,
        taken=np.where(rng.random(places) < 0.1, most // 4, 0),
        space_fen=np.rint(np.array(SPACE_CNY)[way] * rng.uniform(0.7, 1.5, places)).astype(np.int64) * 100,
        open_fen=np.array(OPEN_CNY)[way] * 10**6,
        charge=np.where(rng.random(places) < 0.2, 500, 0),
        draw=np.where(rng.random(places) < 0.4, rng.integers(500, 3000, places), 0),
        exclusive=np.where(rng.random(places) < 0.1, rng.integers(0, places // 20, places), -1),
        **asked,
    )


def peer(p: SpaceProblem) -> tuple[float, str]:
    """Seconds that milp takes, or is given, for the plain model, and what it finds."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    matrix, high = rows_of(p)
    pairs, worth, cost = len(p.place), p.weight[p.row].astype(float), np.concatenate((p.space_fen, p.open_fen)) / 1e4
    need = np.concatenate((-worth, p.charge, np.zeros(p.places)))
    goal = need if p.objective == "need" else np.concatenate((np.zeros(pairs), cost))
    most = np.concatenate((p.wanted[p.row], p.most, np.ones(p.places)))
    began = time.perf_counter()
    found = milp(
        goal, integrality=np.ones(len(most)), bounds=Bounds(0, most),
        constraints=LinearConstraint(matrix, -np.inf, high), options={"time_limit": PEER_S, "mip_rel_gap": GAP},
    )  # fmt: skip
    seconds = time.perf_counter() - began
    sign = -1.0 if p.objective == "need" else 1e4
    value, bound = (None if x is None else round(sign * x) for x in (found.fun, found.mip_dual_bound))
    return seconds, f"{value} bound {bound} gap {found.mip_gap}, {seconds:.1f} s"


def rows_of(p: SpaceProblem) -> tuple[Any, Any]:
    """Rows over pairs, spaces and openings, at most `high` each."""
    from scipy.sparse import csr_array, eye_array, hstack, vstack

    pairs, j, own = len(p.place), p.places, eye_array(p.places)
    by_row = csr_array((np.ones(pairs), (p.row, np.arange(pairs))), shape=(len(p.wanted), pairs))
    parts = [hstack((by_row, csr_array((len(p.wanted), 2 * j))))]
    high = [p.wanted]
    for q, mask in enumerate(p.active.tolist()):
        here = np.flatnonzero(mask >> p.group[p.row] & 1)
        at = csr_array((np.ones(len(here)), (p.place[here], here)), shape=(j, pairs))
        parts.append(hstack((at, -own, csr_array((j, j)))))
        high.append(p.room[:, q])
    none = csr_array((j, pairs))
    parts += [hstack((none, own, -own * p.most[:, None])), hstack((none, -own, own))]
    high += [np.zeros(2 * j)]
    land = np.flatnonzero(p.exclusive >= 0)
    groups = csr_array((np.ones(len(land)), (p.exclusive[land], land)), shape=(int(p.exclusive.max()) + 1, j))
    parts.append(hstack((csr_array((groups.shape[0], pairs + j)), groups)))
    high.append(np.ones(groups.shape[0]))
    zero = np.zeros(pairs)
    limits = [
        (p.budget_fen >= 0, np.concatenate((zero, p.space_fen / 1e4, p.open_fen / 1e4)), p.budget_fen / 1e4),
        (p.most_draw >= 0, np.concatenate((zero, p.draw, np.zeros(j))), p.most_draw),
        (p.least_net > 0, np.concatenate((zero, -np.ones(j), p.taken)), -p.least_net),
    ]
    for asked, row, most in limits:
        if asked:
            parts.append(csr_array(row[None]))
            high.append([most])
    return vstack(parts).tocsr(), np.concatenate(high)


if __name__ == "__main__":
    main()
