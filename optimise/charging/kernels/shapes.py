"""The arrays that the kernels pass around, by name. Letters as in ChargerProblem; F flows: (year, service, hour)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt
from numba import njit

from network import PartCompiler

I64 = npt.NDArray[np.int64]
I32 = npt.NDArray[np.int32]
F64 = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_PRANGE_ALONE: Any = {
    name: name == "prange"
    for name in ("prange", "comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion")
}
_OUTER: Any = {"cache": True, "no_cfunc_wrapper": True}
_INNER: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": PartCompiler}
F = TypeVar("F", bound=Callable[..., Any])

outer: Callable[[F], F] = njit(**_OUTER)
inner: Callable[[F], F] = njit(**_INNER)
shared: Callable[[F], F] = njit(parallel=_PRANGE_ALONE, **_OUTER)
"""Loops over prange are shared out among threads, and nothing else is."""


Whole = int | np.int64
"""A position in a loop over threads, made the type it has in a loop without, or a kernel is compiled twice."""
ALONE = 2_000_000
"""Pairs times flows below which threads cost more than they bring."""


class Reach(NamedTuple):
    """Pairs of all services in one row. Of point i: site[first[s, i]:first[s, i+1]]; of site j:
    pair[start[s, j]:start[s, j+1]], positions of pairs; point: (R) of each pair. open (J, H): hours in which a site
    gives.
    """

    first: I64
    site: I32
    point: I32
    start: I64
    pair: I32
    open: Flags


class Steps(NamedTuple):
    """Capacities a site may have for a service, rising: level[first[s, j]:first[s, j+1]].

    of (S, O): position of an option's capacity in level.
    """

    first: I64
    level: I64
    of: I64


class Options(NamedTuple):
    """What a site may hold: options of j are first[j]:first[j+1]. follows (X) of o: next[follow[o]:follow[o+1]] are the
    options that may come after it, itself first.
    """

    first: I64
    fen: I64
    mobilise: I64
    follow: I64
    next: I64
