"""Furness balancing beside numpy and AequilibraE's Ipf; answers compared first, in CPU seconds and by the clock.

Targets, for 1,000 and 5,000 zones: a round at least 3 times as fast as numpy's with 64 bits, and all of them at least
10 times as fast as Ipf at the same tolerance, each with one thread and with two. Below 2,000 zones one thread of ours
balances a matrix.

There are two ways to do it in numpy. The plain one scales the rows of the matrix, then its columns, each time by total
over sum. The other keeps the matrix as it is and two factors, which matrix-vector products of BLAS give.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from aequilibrae.distribution import Ipf
from aequilibrae.matrix import AequilibraeMatrix

from network.demand.distribution import LEAST_MINUTES, MOST_ROUNDS, TOLERANCE, balance, gravities
from network.kernels.balancing import deterrence

ROUNDS, PLAIN_ROUNDS = 10, 2
THREADS = (1, 2)
RUNS = {1_000: 15, 5_000: 3}
BETA_PER_MIN = 0.1
NEVER = -1.0
"""A tolerance that is never met: all the rounds are gone through."""


def main() -> None:
    for threads in map(str, THREADS):
        numbers = dict.fromkeys(("NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS"), threads)
        path = {"PYTHONPATH": str(Path(__file__).parents[1])}
        subprocess.run([sys.executable, __file__, threads], env=os.environ | numbers | path, check=True)


def with_threads(threads):
    print(
        f"threads: {threads}   milliseconds               by the clock    CPU    first row is of       second",
        flush=True,
    )
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
        return lambda: balance(cells[None], rows[None], columns[None], out[None], tolerance=NEVER, most_rounds=rounds)

    def peer(cells):
        def rounds():
            a, b = rows.astype(cells.dtype), np.ones_like(cells, shape=zones)
            for _ in range(ROUNDS):
                a = rows.astype(cells.dtype) / (cells @ b)
                b = columns.astype(cells.dtype) / (a @ cells)

        return rounds

    def plain():
        cells = scaled
        for _ in range(PLAIN_ROUNDS):
            cells *= (rows / cells.sum(axis=1))[:, None]
            cells *= columns / cells.sum(axis=0)

    scaled = wide.copy()
    work = (plain, peer(wide), peer(seed), ours(seed, ROUNDS), ours(wide, ROUNDS), ours(seed, 0))
    plain_s, numpy_wide, numpy_narrow, narrow, wide_s, writing = measured(runs, *work)
    per = [
        ("a round, numpy, cells scaled", plain_s / PLAIN_ROUNDS),
        ("a round, numpy, BLAS", numpy_wide / ROUNDS),
        ("a round, numpy, BLAS, 32 bits", numpy_narrow / ROUNDS),
        ("a round, ours, 32 bits", (narrow - writing) / ROUNDS),
        ("a round, ours, 64 bits", (wide_s - writing) / ROUNDS),
    ]
    table(zones, per, per[0][1], per[1][1])


def all_rounds(zones, runs, seed, rows, columns):
    out = np.empty(seed.shape)
    ipf = fratar(seed.astype(float), rows, columns)
    asked = seed[None], rows[None], columns[None], out[None]
    (rounds,), _ = balance(*asked)
    ipf.fit()
    assert np.allclose(ipf.output.matrix_view, out, rtol=1e-4, atol=1e-6 * out.max())
    seconds = measured(runs, ipf.fit, lambda: balance(*asked))
    table(zones, [("AequilibraE Ipf", seconds[0]), (f"ours, {rounds} rounds", seconds[1])], seconds[0])


def fratar(cells, rows, columns):
    """AequilibraE's balancing, ready to run."""
    index = np.arange(1, len(rows) + 1)
    matrix = AequilibraeMatrix()
    matrix.create_empty(zones=len(rows), matrix_names=["seed"], memory_only=True)
    matrix.index[:] = index
    matrix.matrix["seed"][:, :] = cells
    matrix.computational_view(["seed"])
    ipf = Ipf(
        matrix=matrix,
        vectors=pd.DataFrame({"rows": rows, "columns": columns}, index=index),
        row_field="rows",
        column_field="columns",
        parameters={"convergence level": TOLERANCE, "max iterations": MOST_ROUNDS, "balancing tolerance": 0.001},
        nan_as_zero=False,
    )
    ipf.cpus = int(os.environ["NUMBA_NUM_THREADS"])
    return ipf


def five_purposes():
    minutes, rows, columns = world(1_000)
    ends = np.tile(rows, (5, 1)), np.tile(columns, (5, 1))
    work = lambda: gravities(*ends, [minutes] * 5, [0.0] * 5, [0.06, 0.08, 0.1, 0.12, 0.14])  # noqa: E731
    table(1_000, [("gravity of 5 purposes, seeds too", measured(9, work)[0])])


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


def table(zones, rows, *beside):
    """With how many times as fast they are as each of `beside`, by the clock and in CPU seconds."""
    for name, took in rows:
        ratios = "  ".join(f"{clock:7.1f}x {cpu:5.1f}x" for clock, cpu in (peer / took for peer in beside))
        print(f"{zones:6d} {name:34} {took[0] * 1e3:10.2f} {took[1] * 1e3:10.2f} {ratios}", flush=True)


if __name__ == "__main__":
    with_threads(*sys.argv[1:])
