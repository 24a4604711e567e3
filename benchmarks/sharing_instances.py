"""Made cases of shared parking: lots of seven land uses among blocks of an old town, drawn from a seed."""

from __future__ import annotations

import numpy as np

from optimise.sharing import SharingProblem

SLOTS, LATE_SLOTS, LATE_SHARE = 48, 4, 0.05
WINDOWS = ((36, 64), (16, 36), (20, 44), (12, 20))
"""Half-hours of residents, commuters, visitors, deliveries; past 48 they are the next morning's."""
WALK_M, DETOUR = (400, 400, 500, 150), 1.3
DAYS_A_YEAR = np.array([248, 104, 13])
HOURS = np.array([6, 8, 10, 12, 14, 16, 18, 20, 22, 24])
FILLED = np.array([
    [0.05, 0.60, 1.00, 0.90, 0.97, 0.90, 0.40, 0.10, 0.03, 0.02],
    [1.00, 0.82, 0.68, 0.66, 0.66, 0.72, 0.85, 0.95, 0.99, 1.00],
    [0.05, 0.20, 0.60, 0.85, 0.85, 0.80, 0.90, 0.95, 0.50, 0.05],
    [0.20, 0.80, 1.00, 0.75, 0.90, 0.70, 0.35, 0.25, 0.20, 0.20],
    [0.05, 0.30, 0.90, 1.00, 0.95, 0.60, 0.25, 0.15, 0.05, 0.02],
    [0.05, 0.70, 0.95, 0.90, 0.95, 0.80, 0.20, 0.10, 0.02, 0.02],
    [0.95, 0.80, 0.60, 0.55, 0.55, 0.65, 0.80, 0.90, 0.97, 1.00],
])  # fmt: skip
"""Of offices, homes, shops, hospitals, sights, schools and hotels on a weekday."""
DAY_FACTOR = np.array(
    [[1, 0.15, 0.1], [1, 1, 0.8], [1, 1.15, 1.2], [1, 0.6, 0.4], [1, 1.2, 1.4], [1, 0.1, 0.05], [1, 1.1, 1.3]]
)
USE_SHARE = (0.3, 0.2, 0.2, 0.05, 0.05, 0.15, 0.05)
WANTED = np.array([[4, 4, 4], [3, 0.6, 0.45], [2, 3, 4], [0.5, 0.35, 0.25]])
"""Spaces that a block wants on the mean, by group and day."""
GAIN_FEN = np.rint(np.array([0.5 * 14, 2 * 10, 3 * 12, 3 * 4])[:, None] * DAYS_A_YEAR * 0.7 * 100).astype(np.int64)


def case(lots: int, blocks: int, seed: int = 0, *, money: float = 0.35, **rules: object) -> SharingProblem:
    """`lots` and `blocks` in a square in which a lot has room about as in an old town; money: of what all lots cost."""
    rng = np.random.default_rng(seed)
    side_m = 2450.0 * np.sqrt(lots / 300)
    at_lot, at_block = rng.random((lots, 2)) * side_m, rng.random((blocks, 2)) * side_m
    walk = np.rint(DETOUR * np.sqrt(((at_block[:, None] - at_lot) ** 2).sum(axis=2))).astype(np.int64)
    near = [walk <= limit for limit in WALK_M]
    first, active, closed, table_first, table = rows(rng, lots)
    spread = rng.gamma(2.0, 0.5, blocks)
    wanted = rng.poisson(WANTED[:, :, None] * spread * 2000 / blocks * lots / 300)
    run, retrofit = rng.integers(12_000, 20_000, lots) * 100, rng.integers(20_000, 120_000, lots) * 100
    given = {
        "wanted": wanted.astype(np.int64),
        "pair_first": [np.concatenate(([0], np.cumsum(n.sum(axis=1)))) for n in near],
        "pair_lot": [np.nonzero(n)[1] for n in near],
        "pair_m": [walk[n] for n in near],
        "row_first": first, "row_active": active, "row_closed": closed, "table_first": table_first, "table": table,
        "weight": np.tile(DAYS_A_YEAR, (4, 1)),
        "gain_fen": np.tile(GAIN_FEN.T, (lots, 1, 1)), "run_fen": run, "retrofit_fen": retrofit,
        "subsidy_years": 3, "budget_fen": int(money * retrofit.sum()), "tier": rng.choice([1, 2], lots, p=[0.3, 0.7]),
        "first_tier_thousandths": 800, "allowed": np.ones(lots, np.bool_),
        "already": np.zeros(lots, np.int64), "least_lots": 20, "least_spaces": 1500, "unmet_m": 1000,
    }  # fmt: skip
    return SharingProblem(**given | rules)  # type: ignore[arg-type]


def rows(rng: np.random.Generator, lots: int) -> tuple[np.ndarray, ...]:
    """Rows of each lot and day: half-hours inside windows, and those after one, in which cars may be late."""
    inside = np.zeros((4, SLOTS), np.bool_)
    for g, (start, end) in enumerate(WINDOWS):
        inside[g, np.arange(start, end) % SLOTS] = True
    late = np.zeros((4, SLOTS), np.bool_)
    for g, (_, end) in enumerate(WINDOWS):
        late[g, np.arange(end, end + LATE_SLOTS) % SLOTS] = True
    active = (1 << np.arange(4)) @ inside
    closed = (1 << np.arange(4)) @ late
    use, spaces = rng.choice(7, lots, p=USE_SHARE), np.rint(rng.lognormal(4.5, 0.7, lots)).astype(np.int64) + 10
    hour = np.arange(SLOTS) / 2
    first, found, tables = [0], [], []
    for j in range(lots):
        shape = np.interp(hour, np.concatenate(([0], HOURS)), np.concatenate((FILLED[use[j], -1:], FILLED[use[j]])))
        for d in range(3):
            mean = np.minimum(0.85 * shape * DAY_FACTOR[use[j], d], 0.98) * spaces[j]
            sd = np.maximum(np.sqrt(mean * (1 - mean / spaces[j])), 0.05 * spaces[j])
            room = np.maximum(np.floor(spaces[j] * 0.98 - mean - 1.645 * sd), 0)
            after = np.maximum(np.floor(spaces[j] * 0.98 - 1.05 * mean - 2.054 * sd), 0)
            mine: dict[tuple[int, int], np.ndarray] = {}
            for h in range(SLOTS):
                if active[h]:
                    merge(mine, (int(active[h]), 0), room[h : h + 1])
                if closed[h]:
                    count = np.arange(int(after[h] / LATE_SHARE) + 1 if active[h] == 0 else int(spaces[j]) + 1)
                    left = after[h] - LATE_SHARE * count - 2.0 * np.sqrt(LATE_SHARE * (1 - LATE_SHARE) * count)
                    merge(mine, (int(active[h]), int(closed[h])), np.floor(left)[: max(int((left >= 0).sum()), 1)])
            found += list(mine)
            tables += list(mine.values())
            first.append(len(found))
    sets = np.array(found)
    sizes = np.cumsum([0] + [len(t) for t in tables])
    table = np.maximum(np.concatenate(tables), 0).astype(np.int64)
    return np.array(first), sets[:, 0], sets[:, 1], sizes, table


def merge(mine: dict[tuple[int, int], np.ndarray], key: tuple[int, int], table: np.ndarray) -> None:
    """Rows of the same groups become one that keeps both."""
    if key in mine:
        short = min(len(mine[key]), len(table))
        table = np.minimum(mine[key][:short], table[:short])
    mine[key] = table
