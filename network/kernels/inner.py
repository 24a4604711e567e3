"""How kernels are compiled that only kernels call: without the code for calls from elsewhere, and kept with callers."""

from typing import Any, Callable, TypeVar  # noqa: UP035 - kernels import what computes, and typing

import numpy as np
from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}

Whole = int | np.int64
"""Where a literal would be a type of its own to the compiler, and the kernel be compiled once more for it."""

inner_njit: Callable[[F], F] = njit(**_OPTIONS)
