"""Location models on published instances, beside spopt where it can solve them in reasonable time."""

from __future__ import annotations

import csv
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from quality import Line, write
from run import machine
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra
from siting_lines import SITING
from siting_lines import warm as warm_siting

from optimise import Work
from optimise.location import p_centre, p_median

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "optimise"))

from cases import or_library  # noqa: E402
from median_cases import tsplib  # noqa: E402

SHARED = Path(os.environ.get("LUXING_SHARED", ROOT.parent / "shared"))
PEER_S = 120
"""spopt's solver stops here."""
POINTS = (5, 10, 20, 50, 100, 200, 300, 400, 500)
LARGE = (20, 100, 500, 1500)
LARGE_POINTS = 6_000
UNTIL = Work(600)


def published(family: str) -> dict[str, tuple[float, str]]:
    with (SHARED / "bench" / "optima.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["family"] == family]
    return {row["instance"]: (float(row["value"]), row["source"]) for row in rows}


def spopt_seconds(cost: np.ndarray, p: int) -> float | None:
    """Seconds spopt needs on this matrix to its proof; None where it is not installed or not done in time."""
    try:
        from pulp import PULP_CBC_CMD
        from spopt.locate import PMedian
    except ImportError:
        return None
    start = time.perf_counter()
    task = PMedian.from_cost_matrix(cost, np.ones(len(cost)), p)
    try:
        task.solve(PULP_CBC_CMD(msg=False, timeLimit=PEER_S))
    except RuntimeError:
        return None
    seconds = time.perf_counter() - start
    return seconds if seconds < PEER_S else None


def graphs() -> Iterator[Line]:
    """pmed1-20 as p-median and p-centre; spopt on the p-medians of 100 points."""
    for model, family, solve in (("p_median", "pmedian", p_median), ("p_centre", "pcenter", p_centre)):
        known = published(family)
        for k in range(1, 21):
            name = f"pmed{k}"
            distance, p = or_library(SHARED / "bench" / "pmedian" / f"{name}.txt")
            peer = k <= 5 and model == "p_median"
            yield line(model, name, known, solve, distance.astype(float), p, peer=peer)


def points() -> Iterator[Line]:
    known = published("pmedian")
    for name in ("rl1304", "vm1748"):
        distance = tsplib(SHARED / "bench" / "tsplib" / f"{name}.tsp")
        for p in POINTS:
            yield line("p_median", f"{name} p={p}", known, p_median, distance, p)


def unpublished() -> Iterator[Line]:
    """Points and graphs that nobody published: what holds for the published ones holds for others."""
    for p in (10, 15, 30, 100):
        yield line("p_median", f"1000 random points p={p}", {}, p_median, _on_a_square(1_000), p)
    street = tsplib(SHARED / "bench" / "tsplib" / "rl1304.tsp")
    some = np.random.default_rng(1).permutation(len(street))[:1_200]
    for p in (10, 40):
        yield line("p_median", f"1200 points of rl1304 p={p}", {}, p_median, street[np.ix_(some, some)], p)
    for n, p in ((600, 5), (600, 10), (700, 10), (900, 20)):
        yield line("p_median", f"graph of {n} points p={p}", {}, p_median, _graph(n, seed=n + p), p)


def _on_a_square(points: int) -> np.ndarray:
    """Distances between random points, rounded."""
    x, y = np.random.default_rng(6).random((points, 2)).T * 10_000
    return np.rint(np.hypot(x[:, None] - x, y[:, None] - y))


def _graph(points: int, seed: int) -> np.ndarray:
    """Shortest ways over a circle and points² / 50 random edges of length 1 to 99, as the graphs of OR-Library are."""
    rng = np.random.default_rng(seed)
    ring = np.stack((np.arange(points), np.roll(np.arange(points), -1)), axis=1)
    edges = np.sort(np.concatenate((ring, rng.integers(0, points, (points**2 // 50, 2)))), axis=1)
    edges = np.unique(edges[edges[:, 0] != edges[:, 1]], axis=0)
    length = rng.integers(1, 100, len(edges)).astype(float)
    return dijkstra(coo_array((length, edges.T), shape=(points, points)).tocsr(), directed=False)


def large() -> Iterator[Line]:
    """Random points on a square, distances rounded: nothing is published, the bound is what counts."""
    distance = _on_a_square(LARGE_POINTS)
    for p in LARGE:
        yield line("p_median", f"{LARGE_POINTS} random points p={p}", {}, p_median, distance, p, until=Work(60))


def line(
    model: str, name: str, known: dict[str, tuple[float, str]], solve: Callable[..., object], cost: np.ndarray, p: int,
    *, peer: bool = False, until: Work = UNTIL,
) -> Line:  # fmt: skip
    found = solve(cost, p, stop=until)
    value, source = known.get(name, (None, ""))
    peer_s = spopt_seconds(cost, p) if peer else None
    literature = source.partition("; ")[2]
    return Line(
        model, name, value, found.objective, found.bound, found.gap, found.status, found.seconds,
        "spopt" if peer_s else "", peer_s, literature,
    )  # fmt: skip


FAMILIES: tuple[Callable[[], Iterator[Line]], ...] = (graphs, *SITING, points, unpublished, large)
"""The quickest first: the table is written after each."""


def main(*names: str) -> None:
    """All families, or those named."""
    known = {family.__name__: family for family in FAMILIES}
    if set(names) - set(known):
        sys.exit(f"choose from {', '.join(known)}")
    warm = np.rint(np.random.default_rng(0).random((40, 40)) * 100)
    p_median(warm, 4)
    p_centre(warm, 4)
    warm_siting()
    for family in [known[name] for name in names] or FAMILIES:
        lines = []
        for found in family():
            lines.append(found)
            print(found.text(), end="", flush=True)
        write(lines, machine())


if __name__ == "__main__":
    main()
