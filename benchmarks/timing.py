"""Medians of interleaved runs, so that a machine whose speed drifts is fair to both."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable


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
