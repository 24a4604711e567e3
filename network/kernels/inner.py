"""How kernels are compiled that only kernels call: without the code for calls from elsewhere, and kept with callers."""

from typing import Any, Callable, TypeVar  # noqa: UP035 - kernels import what computes, and typing

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

Whole = int | np.int64
"""Where a literal would be a type of its own to the compiler, and the kernel be compiled once more for it."""

_PRANGE_ALONE: Any = {
    name: name == "prange"
    for name in ("prange", "comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion")
}

inner_njit: Callable[[F], F] = njit(**_OPTIONS)
shared_njit: Callable[[F], F] = njit(cache=True, parallel=_PRANGE_ALONE)
"""Loops over prange are shared out among threads, and nothing else is: whatever is takes a second to compile."""
