"""A made old town: demand points at the corners of a street grid, kerbs along the streets, commuters and visitors."""

from __future__ import annotations

import numpy as np

from optimise.points import PointProblem

BLOCK_M, REACH_M, SPACING_M = 62.0, 150.0, 50.0
HOURS = np.arange(24.0)
MOST_TRIPS = 60.0
"""Pickups and returns of a demand point a day: there are none larger."""


def peak(at: float, wide: float) -> np.ndarray:
    """Shares of a day around an hour."""
    share = np.exp(-0.5 * ((HOURS - at) / wide) ** 2)
    return share / share.sum()


DAY = 0.5 * peak(13, 4.0) + 0.5 * peak(19, 2.5)
PROFILES = {  # pickups and returns, on a weekday
    "home": (0.6 * peak(8, 1.0) + 0.4 * DAY, 0.5 * peak(18.5, 1.6) + 0.5 * DAY),
    "office": (0.6 * peak(18, 1.3) + 0.4 * DAY, 0.7 * peak(8.7, 0.9) + 0.3 * DAY),
    "sight": (peak(16, 2.5), peak(11, 2.5)),
    "station": (0.5 * peak(8.5, 1.0) + 0.5 * DAY, 0.5 * peak(17.8, 1.5) + 0.5 * DAY),
}
KINDS, SHARES = tuple(PROFILES), (0.62, 0.2, 0.12, 0.06)


def case(sites: int, corners: int, seed: int = 0, *, trips: float = 12.0, there: int = 0, **asked) -> PointProblem:
    """`corners` squared demand points, so many sites, `there` of them there already; money in fen.

    asked: fields of PointProblem that a case sets itself, and `budget_share` and `served_share` in place of them: of
    what all sites with 20 spaces would cost, and of all weight.
    """
    rng = np.random.default_rng(seed)
    side = corners * BLOCK_M
    grid = (np.arange(corners) + 0.5) * BLOCK_M
    xy = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=2).reshape(-1, 2) + rng.normal(0, 8, (corners**2, 2))
    along, line = rng.random(sites) * side, rng.choice(grid, sites)
    kerb = np.where((rng.random(sites) < 0.5)[:, None], np.stack((along, line), 1), np.stack((line, along), 1))
    metres = np.abs(xy[:, None] - kerb[None]).sum(axis=2)
    row, site = np.nonzero(metres <= REACH_M)
    centre = np.exp(-(((xy - side / 2) ** 2).sum(axis=1)) / (0.35 * side) ** 2)
    daily = np.minimum(trips * rng.lognormal(-0.4, 0.9, len(xy)) * (0.4 + 1.2 * centre), MOST_TRIPS / 2)
    kind = rng.choice(len(KINDS), len(xy), p=SHARES)
    pickups = np.array([PROFILES[k][0] for k in KINDS])[kind] * daily[:, None]
    returns = np.array([PROFILES[k][1] for k in KINDS])[kind] * (daily * rng.normal(1, 0.08, len(xy)))[:, None]
    off = 0.66 * daily[:, None] * np.array([DAY, peak(14, 4)])[(kind == 2).astype(int)]
    days = ((pickups, returns), (off, np.roll(off, 1, axis=1)))
    net = np.stack([np.pad(np.cumsum(r - p, axis=1), ((0, 0), (1, 0))) for p, r in days])
    flow = np.stack([(p + r).sum(axis=1) for p, r in days])
    near = np.abs(kerb[:, None] - kerb[None]).sum(axis=2) < SPACING_M
    weight = np.rint(1000 * (pickups + returns).sum(axis=1)).astype(np.int64)
    open_fen, space_fen = 200_000 * rng.integers(3, 6, sites) // 4, 15_000 * rng.integers(3, 6, sites) // 4
    already = np.where(np.arange(sites) < there, rng.integers(8, 25, sites), 0)
    budget = asked.pop("budget_share", None)
    if budget is not None:
        asked["budget_fen"] = int(budget * (open_fen + 20 * space_fen).sum())
    served = asked.pop("served_share", None)
    if served is not None:
        asked["least_weight"] = int(served * weight.sum())
    return PointProblem(
        first=np.append(0, np.cumsum(np.bincount(row, minlength=len(xy)))), site=site,
        metres=np.rint(metres[row, site]).astype(np.int64), weight=weight, worth_fen=asked.pop("worth_fen", weight * 0),
        net=np.rint(1000 * net).astype(np.int64), flow=np.rint(1000 * flow).astype(np.int64), z_thousandths=1960,
        most=np.maximum(rng.integers(12, 45, sites), already), least=np.full(sites, 5), already=already,
        open_fen=open_fen, space_fen=space_fen, apart=np.argwhere(np.triu(near, 1)), **asked,
    )  # fmt: skip
