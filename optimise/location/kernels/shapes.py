"""The arrays that the kernels pass around, by name. Letters as in SitingProblem."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

I64 = npt.NDArray[np.int64]
F64 = npt.NDArray[np.float64]
Random = npt.NDArray[np.uint64]
"""(1,) state of the generator."""

_ONLY_INSIDE: dict[str, Any] = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
inner = njit(cache=True, **_ONLY_INSIDE)
"""For functions that only kernels call: half the time to compile."""


class Pairs(NamedTuple):
    """Usable pairs (R). Of demand i: first[i]:first[i+1]. Of site j: by_site[start[j]:start[j+1]]."""

    first: I64
    row: I64
    site: I64
    metres: I64
    start: I64
    by_site: I64


class Sites(NamedTuple):
    """Columns of the problem (J)."""

    open_fen: I64
    plug_fen: I64
    least: I64
    most: I64
    existing: I64


class Rules(NamedTuple):
    """Numbers that a search keeps to.

    work: pairs it may look at; patience: rounds without improvement before it ends; most_closed: sites closed in a
    round at most;
    drift: how much worse than the best a round may start from.
    """

    budget: int
    work: int
    patience: int
    most_closed: int
    drift: int


class Walk(NamedTuple):
    """A plan and the walks it leaves.

    n (J) new plugs, near (I) walk to the nearest plugs; gain (J) of opening a site, out of date where stale (J) is 1.
    """

    n: I64
    near: I64
    gain: I64
    stale: I64
