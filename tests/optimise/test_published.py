"""Published instances with a proven optimum."""

import csv

import numpy as np
import pytest
from cases import dense, or_library

from optimise import Gap, Work, solve, verify

STOP = Gap(0) | Work(60)


def published(shared, instance):
    with (shared / "bench" / "optima.csv").open(encoding="utf-8") as file:
        values = {(row["family"], row["instance"]): row["value"] for row in csv.DictReader(file)}
    return int(float(values[instance]))


@pytest.mark.parametrize("name", ["pmed1", "pmed4", "pmed5"])
def test_p_median(shared, name):
    distance, p = or_library(shared / "bench" / "pmedian" / f"{name}.txt")
    problem = dense(distance, np.ones(len(distance), int), p)
    found = solve(problem, STOP)
    assert (found.objective, found.status) == (published(shared, ("pmedian", name)), "optimal")
    assert verify(problem, found).problems == ()


@pytest.mark.parametrize(("radius", "p"), [(800, 3), (1200, 2)])
def test_maximal_covering_is_a_p_median_of_walks_of_nothing_and_one(shared, radius, p):
    lines = (shared / "bench" / "mclp" / "SJC324.txt").read_text(encoding="utf-8").splitlines()[1:]
    x, y, demand = np.array([line.split()[:3] for line in lines if line.strip()], float).T
    distance = np.hypot(x[:, None] - x, y[:, None] - y)
    problem = dense(np.where(distance <= radius, 0, 1), demand.astype(int), p)
    found = solve(problem, STOP)
    covered = int(demand.sum()) - found.objective
    assert (covered, found.status) == (published(shared, ("mclp", f"SJC324 R={radius} p={p}")), "optimal")
    assert verify(problem, found).problems == ()
