"""Van routes: the 29 published instances of Dell'Amico et al. 2014 in CPU seconds, beside those quoted for a public
adaptive large neighbourhood search, and made-up instances beyond them.

Target: every proven optimum, proven here too, in no more seconds than that search takes to find its routes.
"""

from __future__ import annotations

import csv
import json
import os
import re
import time
from pathlib import Path

import numpy as np

from optimise import VanProblem, solve_vans

SHARED = Path(os.environ.get("LUXING_SHARED", Path(__file__).parents[2] / "shared")) / "bench"
QUOTED = re.compile(r"ALNS (\d+) in ([\d.]+) s")


def main() -> None:
    made_up(13, 0, 8)
    if SHARED.is_dir():
        published()
    else:
        print(f"published instances: left out, nothing at {SHARED}")
    for stops, capacity in ((40, 10), (60, 20), (100, 20), (150, 20), (300, 20)):
        start = time.process_time()
        found = made_up(stops, 1, capacity)
        spent = time.process_time() - start
        print(f"made up, {stops} stops, {capacity} bikes: {found.status}, gap {found.gap:.1%}, {spent:.1f} s")


def published():
    best = {}
    for family, name, _, value, _, source in csv.reader((SHARED / "optima.csv").read_text("utf-8").splitlines()):
        if family == "rebalancing":
            best[name] = int(value), *map(float, QUOTED.search(source).groups())
    ours = theirs = 0.0
    matched = proven = 0
    for name, (value, _, seconds) in best.items():
        start = time.process_time()
        found = solve_vans(instance(name))
        spent = time.process_time() - start
        ours, theirs = ours + spent, theirs + seconds
        matched, proven = matched + (found.value == value), proven + (found.status == "optimal")
        print(f"{name:20s} {found.value:6d} of {value:6d} {found.status:8s} {spent:5.2f} s, quoted {seconds:.2f} s")
    beaten = sum(value < alns for value, alns, _ in best.values())
    print(f"{matched} of {len(best)} optima, {proven} proven: {ours:.1f} s with proof; quoted search {theirs:.1f} s")
    print(f"the quoted search is above the optimum in {beaten}")


def instance(name):
    city, _, capacity = name.partition(" Q=")
    (file,) = (SHARED / "rebalancing" / city).glob(f"*{city}{capacity}.json")
    given = json.loads(file.read_text("utf-8"))
    cost = np.array(given["distance_matrix"])
    np.fill_diagonal(cost, 0)
    return VanProblem(
        cost=np.rint(cost).astype(np.int64), pick_up=np.array(given["demands"]), capacity=given["vehicle_capacity"]
    )


def made_up(stops, seed, capacity):
    rng = np.random.default_rng(seed)
    xy = rng.integers(0, 5000, (stops, 2))
    cost = np.abs(xy[:, None] - xy[None]).sum(axis=2)
    pick_up = rng.integers(-6, 7, stops)
    pick_up[0] = 0
    return solve_vans(VanProblem(cost=cost, pick_up=pick_up, capacity=capacity))


if __name__ == "__main__":
    main()
