"""Kernels that run on all cores take turns, and what is shared out among threads of ours."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from network.kernels.lanes import threads

T = TypeVar("T")

TURN: Final = threading.Lock()
"""Held while a kernel runs on all cores: without GNU OpenMP or TBB numba's threads end the process when two threads of
ours call them at once, and with them two kernels at once are no faster than one after the other."""


def crews_for(pieces: int) -> int:
    """As many crews as threads, but no more than `pieces` of work."""
    return max(1, min(int(threads()), pieces))


def shared_out(kernel: Callable[..., T], asked: tuple[Any, ...], pieces: int) -> list[T]:
    """What `kernel(crew, crews, *asked)` of `crew_njit` returns for each crew, all at work at the same time.

    `crews_for` tells how many there are.
    """
    crews = crews_for(pieces)
    with TURN, ThreadPoolExecutor(crews) as pool:
        others = [pool.submit(kernel, crew, crews, *asked) for crew in range(1, crews)]
        return [kernel(0, crews, *asked), *(other.result() for other in others)]
