"""Lines of the table of location models: covering, facilities and refuelling, beside spopt and plain HiGHS."""

from __future__ import annotations

import csv
import gzip
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from quality import Line
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack
from scipy.spatial import cKDTree

from optimise import Gap, Seconds, Stop
from optimise.location import facility_location, flow_refuelling, max_cover, set_cover
from optimise.location.result import Located

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "optimise"))
SHARED = Path(os.environ.get("LUXING_SHARED", ROOT.parent / "shared"))
PEER_S = 60
DEMANDS, SITES, P = 100_000, 1_000, 30


def published(family: str) -> dict[str, float]:
    with (SHARED / "bench" / "optima.csv").open(encoding="utf-8") as file:
        return {row["instance"]: float(row["value"]) for row in csv.DictReader(file) if row["family"] == family}


def line(
    model: str, name: str, value: float | None, found: Located, peer: tuple[str, float | None] = ("", None)
) -> Line:
    return Line(
        model, name, value, found.objective, found.bound, found.gap, found.status, found.seconds, peer[0], peer[1]
    )


def spopt_cover_s(covers: csr_array, weight: np.ndarray | None, p: int) -> float | None:
    """Seconds that spopt takes for a maximal (or, without weights, a set) cover."""
    try:
        from pulp import PULP_CBC_CMD
        from spopt.locate import LSCP, MCLP
    except ImportError:
        return None
    away, start = np.where(covers.toarray(), 0.0, 1.0), time.perf_counter()
    task = LSCP.from_cost_matrix(away, 0.5) if weight is None else MCLP.from_cost_matrix(away, weight, 0.5, p)
    task.solve(PULP_CBC_CMD(msg=False, timeLimit=PEER_S))
    return time.perf_counter() - start


def highs_cover_s(covers: csr_array, weight: np.ndarray, p: int) -> float:
    """Seconds that HiGHS takes for the plain model of a maximal cover, PEER_S at most."""
    demands, sites = covers.shape
    rows = vstack(
        (hstack((-covers.astype(float), eye_array(demands))), csr_array(np.repeat([1.0, 0.0], [sites, demands])[None]))
    )
    high, start = np.append(np.zeros(demands), p), time.perf_counter()
    milp(
        -np.append(np.zeros(sites), weight), constraints=LinearConstraint(rows, -np.inf, high), bounds=Bounds(0, 1),
        integrality=np.repeat([1, 0], [sites, demands]), options={"time_limit": PEER_S},
    )  # fmt: skip
    return time.perf_counter() - start


def covering() -> Iterator[Line]:
    """SJC and BDS to proof; spopt on one of each p."""
    known = published("mclp")
    for name in ("SJC324", "SJC402"):
        rows = (SHARED / "bench" / "mclp" / f"{name}.txt").read_text(encoding="utf-8").splitlines()[1:]
        x, y, demand = np.array([row.split()[:3] for row in rows if row.strip()], float).T
        for instance, value in known.items():
            if not instance.startswith(name):
                continue
            radius, p = (int(word.partition("=")[2]) for word in instance.split()[1:])
            covers = csr_array(np.hypot(x[:, None] - x, y[:, None] - y) <= radius)
            peer_s = spopt_cover_s(covers, demand, p) if radius == 800 else None
            found = max_cover(covers, demand, p=p)
            yield line("max_cover", instance, value, found, ("spopt" if peer_s else "", peer_s))
        covers = csr_array(np.hypot(x[:, None] - x, y[:, None] - y) <= 800)
        peer_s = spopt_cover_s(covers, None, 0)
        yield line("set_cover", f"{name} R=800", None, set_cover(covers), ("spopt" if peer_s else "", peer_s))
    with gzip.open(SHARED / "bench" / "mclp" / "BDS1000.txt.gz", "rt", encoding="utf-8") as file:
        words = [row.split() for row in file]
    sites, points = (np.array([w[2:] for w in words if w[:1] == [kind]], float) for kind in "FC")
    for instance, value in known.items():
        if instance.startswith("BDS"):
            radius, budget = (float(word.partition("=")[2]) for word in instance.split()[1:])
            away = np.hypot(points[:, None, 0] - sites[:, 0], points[:, None, 1] - sites[:, 1])
            found = max_cover(csr_array(away <= radius), points[:, 2], cost=sites[:, 2], budget=budget)
            yield line("max_cover", instance, value, found)


def large_cover(radius: float, *, clusters: int = 0) -> tuple[csr_array, np.ndarray]:
    """Random points in a unit square, evenly or seven in ten around centres, and sites among them; weights."""
    rng = np.random.default_rng(0)
    points = rng.random((DEMANDS, 2))
    if clusters:
        centres, which = rng.random((clusters, 2)), rng.integers(0, clusters, DEMANDS)
        near = rng.random(DEMANDS) < 0.7
        points[near] = np.clip(centres[which[near]] + rng.normal(0, 0.05, (int(near.sum()), 2)), 0, 1)
    places = points[rng.choice(DEMANDS, SITES, replace=False)]
    lists = cKDTree(points).query_ball_point(places, radius)
    site = np.repeat(np.arange(SITES), [len(rows) for rows in lists])
    row = np.concatenate(lists).astype(np.int64)
    return csr_array((np.ones(len(row), np.int8), (row, site)), shape=(DEMANDS, SITES)), rng.integers(1, 101, DEMANDS)


def covering_large() -> Iterator[Line]:
    """100,000 demand points and 1,000 sites: in 2 s, and to 0.3 % or five minutes. HiGHS on one of them."""
    for name, radius, clusters in (("even r=0.06", 0.06, 0), ("even r=0.08", 0.08, 0), ("clustered r=0.05", 0.05, 40)):
        covers, weight = large_cover(radius, clusters=clusters)
        for words, stop in (("2 s", Seconds(2)), ("0.3 %", Gap(0.003) | Seconds(300))):
            peer = ("HiGHS", highs_cover_s(covers, weight, P)) if radius == 0.06 and words == "0.3 %" else ("", None)
            found = max_cover(covers, weight, p=P, stop=stop)
            yield line("max_cover", f"100k x 1k {name} p={P}, {words}", None, found, peer)


def facilities() -> Iterator[Line]:
    from test_facility import or_library_cap

    for name, value in published("cflp").items():
        data: tuple[Any, ...] = or_library_cap(SHARED / "bench" / "cflp" / f"{name}.txt")
        yield line("facility_location", name, value, facility_location(*data))


def refuelling() -> Iterator[Line]:
    from test_refuelling import classic_of, rows

    paths, flows = classic_of(SHARED)
    for range_, p, value in rows(SHARED):
        found = flow_refuelling(paths, flows, np.arange(1, 26), range_, p=p, stop=Stop())
        yield line("flow_refuelling", f"25 nodes R={range_:g} p={p}", value, found)


def warm() -> None:
    """Compile and load what the lines use."""
    import ortools.math_opt.python.mathopt  # noqa: F401

    covers = csr_array(np.random.default_rng(0).random((60, 12)) < 0.2)
    max_cover(covers, 1, p=3)
    set_cover(csr_array(covers + csr_array(np.eye(60, 12) + 1)))
    facility_location(np.ones(3), 20, np.ones(9), np.random.default_rng(1).random((9, 3)))
    facility_location(np.ones(3), None, np.ones(9), np.random.default_rng(1).random((9, 3)))
    flow_refuelling(([0, 3], [0, 1, 2], [0.0, 1.0, 2.0]), [1], [0, 1, 2], 4.0, p=1)


SITING = (covering, covering_large, facilities, refuelling)
