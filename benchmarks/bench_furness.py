"""Furness balancing beside numpy and AequilibraE's Ipf; answers compared first, in CPU seconds and by the clock.

Targets, for 1,000 and 5,000 zones: a round at least 3 times as fast as numpy's with 64 bits, and all of them at least
10 times as fast as Ipf at the same tolerance. Below 2,000 zones one thread of ours balances a matrix.
"""

from __future__ import annotations

import statistics
import time

import numpy as np
import pandas as pd
from aequilibrae.distribution import Ipf
from aequilibrae.matrix import AequilibraeMatrix

from network.demand.distribution import LEAST_MINUTES, MOST_ROUNDS, TOLERANCE, gravities
from network.kernels.balancing import deterrence, furness

ROUNDS = 10
RUNS = {1_000: 15, 5_000: 3}
BETA_PER_MIN = 0.1
NEVER = -1.0
"""A tolerance that is never met: all the rounds are gone through."""


def main() -> None:
    print("milliseconds                     by the clock          CPU")
    for zones, runs in RUNS.items():
        minutes, rows, columns = world(zones)
        seed = np.empty(minutes.shape, np.float32)
        deterrence(0, 1, minutes, 0.0, BETA_PER_MIN, LEAST_MINUTES, seed, np.empty(zones, np.int64))
        a_round(zones, runs, seed, rows, columns)
        all_rounds(zones, runs, seed, rows, columns)
    five_purposes()


def world(zones):
    rng = np.random.default_rng(0)
    at = rng.uniform(0, 30, (zones, 2))
    minutes = np.hypot(at[:, :1] - at[:, 0], at[:, 1:] - at[:, 1]) * 2 + 2
    rows, columns = rng.uniform(10, 90, zones), rng.uniform(10, 90, zones)
    return minutes, rows, columns * rows.sum() / columns.sum()


def a_round(zones, runs, seed, rows, columns):
    """One round of each; writing the answer is left out, also of ours."""
    wide, out = seed.astype(float), np.empty(seed.shape)

    def ours(cells, rounds):
        return lambda: furness(cells, rows, columns, NEVER, rounds, out)

    def peer(cells):
        def rounds():
            a, b = rows.astype(cells.dtype), np.ones_like(cells, shape=zones)
            for _ in range(ROUNDS):
                a = rows.astype(cells.dtype) / (cells @ b)
                b = columns.astype(cells.dtype) / (a @ cells)

        return rounds

    seconds = measured(runs, peer(wide), peer(seed), ours(seed, ROUNDS), ours(wide, ROUNDS), ours(seed, 0))
    numpy_wide, numpy_narrow, narrow, wide_s, writing = seconds
    per = [
        ("a round, numpy 64 bits", numpy_wide / ROUNDS),
        ("a round, numpy 32 bits", numpy_narrow / ROUNDS),
        ("a round, ours 32 bits", (narrow - writing) / ROUNDS),
        ("a round, ours 64 bits", (wide_s - writing) / ROUNDS),
    ]
    table(zones, per, per[0][1])


def all_rounds(zones, runs, seed, rows, columns):
    out = np.empty(seed.shape)
    ipf = fratar(seed.astype(float), rows, columns)
    rounds, _ = furness(seed, rows, columns, TOLERANCE, MOST_ROUNDS, out)
    ipf.fit()
    assert np.allclose(ipf.output.matrix_view, out, rtol=1e-4, atol=1e-6 * out.max())
    seconds = measured(runs, ipf.fit, lambda: furness(seed, rows, columns, TOLERANCE, MOST_ROUNDS, out))
    table(zones, [("AequilibraE Ipf", seconds[0]), (f"ours, {rounds} rounds", seconds[1])], seconds[0])


def fratar(cells, rows, columns):
    """AequilibraE's balancing, ready to run."""
    index = np.arange(1, len(rows) + 1)
    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=len(rows), matrix_names=["seed"], memory_only=True)
    matrix.index[:] = index
    matrix.matrix["seed"][:, :] = cells
    matrix.computational_view(["seed"])
    return Ipf(
        matrix=matrix,
        vectors=pd.DataFrame({"rows": rows, "columns": columns}, index=index),
        row_field="rows",
        column_field="columns",
        parameters={"convergence level": TOLERANCE, "max iterations": MOST_ROUNDS, "balancing tolerance": 0.001},
        nan_as_zero=False,
    )


def five_purposes():
    minutes, rows, columns = world(1_000)
    ends = np.tile(rows, (5, 1)), np.tile(columns, (5, 1))
    work = lambda: gravities(*ends, [minutes] * 5, [0.0] * 5, [0.06, 0.08, 0.1, 0.12, 0.14])  # noqa: E731
    table(1_000, [("gravity of 5 purposes, seeds too", measured(9, work)[0])], np.ones(2))


def measured(runs, *work):
    """Medians (seconds by the clock, CPU seconds) of each, A B A B ... after a warm-up."""
    for w in work:
        w()
    taken = [[] for _ in work]
    for _ in range(runs):
        for each, w in zip(taken, work, strict=True):
            clock, cpu = time.perf_counter(), time.process_time()
            w()
            each.append((time.perf_counter() - clock, time.process_time() - cpu))
    return [np.array([statistics.median(x) for x in zip(*each, strict=True)]) for each in taken]


def table(zones, rows, beside):
    for name, (clock, cpu) in rows:
        ratios = "" if len(rows) == 1 else f"{beside[0] / clock:7.1f}x {beside[1] / cpu:7.1f}x"
        print(f"{zones:6d} {name:34} {clock * 1e3:10.2f} {cpu * 1e3:10.2f} {ratios}", flush=True)


if __name__ == "__main__":
    main()
