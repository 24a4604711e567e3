"""Medians of interleaved runs, so that a machine whose speed drifts is fair to all."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import numba


def interleaved(runs: int, *work: Callable[[], object]) -> list[float]:
    """Median seconds of each piece of work; one warm-up each, then A B A B ..."""
    for w in work:
        w()
    seconds: list[list[float]] = [[] for _ in work]
    for _ in range(runs):
        for times, w in zip(seconds, work, strict=True):
            start = time.perf_counter()
            w()
            times.append(time.perf_counter() - start)
    return [statistics.median(times) for times in seconds]


def cpu_seconds(runs: int, work: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Median seconds of CPU of each piece of work, ours on one thread; a warm-up each where there are several runs."""
    numba.set_num_threads(1)
    found: dict[str, list[float]] = {name: [] for name in work}
    for run in range(runs + (runs > 1)):
        for name, task in work.items():
            start = time.process_time()
            task()
            if run or runs == 1:
                found[name].append(time.process_time() - start)
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    return {name: statistics.median(times) for name, times in found.items()}


def by_threads(runs: int, work: Callable[[], object]) -> str:
    """How much sooner two threads are done than one: by the clock, and by the CPU of the busier of the two.

    Where others use the machine the clock tells of them; the busier thread tells how work and memory are shared.
    """
    clock: dict[int, list[float]] = {1: [], 2: []}
    busier: dict[int, list[float]] = {1: [], 2: []}
    for run in range(runs + 1):
        for threads in (1, 2):
            numba.set_num_threads(min(threads, numba.config.NUMBA_NUM_THREADS))
            before = time.perf_counter(), time.process_time(), time.thread_time()
            work()
            after = time.perf_counter(), time.process_time(), time.thread_time()
            if run:
                whole, all_cpu, mine = (b - a for a, b in zip(before, after, strict=True))
                clock[threads].append(whole)
                busier[threads].append(max(mine, all_cpu - mine))
    numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)
    one, two = (statistics.median(clock[threads]) for threads in (1, 2))
    one_busy, two_busy = (statistics.median(busier[threads]) for threads in (1, 2))
    return (
        f"1 thread {one:.4f} s, 2 threads {two:.4f} s by the clock ({one / two:.2f}x), "
        f"{two_busy:.4f} s of CPU of the busier ({one_busy / two_busy:.2f}x)"
    )
