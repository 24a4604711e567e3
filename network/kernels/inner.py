"""How kernels are compiled: what only kernels call has no code of its own, and is kept with its callers."""

from typing import Any, Callable, TypeVar  # noqa: UP035 - kernels import what computes, and typing

import numpy as np
from numba import njit

from network.kernels.parts import PartCompiler, RowCompiler, WideCompiler

F = TypeVar("F", bound=Callable[..., Any])

_PRANGE_ALONE: Any = {
    name: name == "prange"
    for name in ("prange", "comprehension", "reduction", "inplace_binop", "setitem", "numpy", "stencil", "fusion")
}
_OUTER: Any = {"cache": True, "no_cfunc_wrapper": True}
_INNER: Any = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True, "pipeline_class": PartCompiler}
_VIEW: Any = {"_nrt": False, **_INNER}
_ROWS: Any = {**_VIEW, "pipeline_class": RowCompiler}

Whole = int | np.int64
"""Where a literal would be a type of its own to the compiler, and the kernel be compiled once more for it."""

outer_njit: Callable[[F], F] = njit(**_OUTER)
"""For kernels that are called from elsewhere; what is left out is the code for calls from C."""
crew_njit: Callable[[F], F] = njit(nogil=True, **_OUTER)
"""For kernels with a `crew`, see `network.parallel.shared_out`: loops over prange take twice as long to compile."""
wide_crew_njit: Callable[[F], F] = njit(nogil=True, pipeline_class=WideCompiler, **_OUTER)
"""The same, where nearly all time is spent in `inner_rows_njit`."""
inner_njit: Callable[[F], F] = njit(**_INNER)
inner_view_njit: Callable[[F], F] = njit(**_VIEW)
"""For inner kernels that make no array and hand none back, and do little: to count who holds each of the arrays they
are given, as others do, takes as long as all the rest."""
outer_shared_njit: Callable[[F], F] = njit(parallel=_PRANGE_ALONE, **_OUTER)
"""Loops over prange are shared out among threads, and nothing else is: whatever is takes a second to compile."""
inner_shared_njit: Callable[[F], F] = njit(parallel=_PRANGE_ALONE, **_INNER)
inner_rows_njit: Callable[[F], F] = njit(
    fastmath={"contract", "reassoc", "nsz"}, error_model="numpy", forceinline=True, **_ROWS
)
"""For loops over rows, each given once: sums may be taken eight at a time; infinities and what is no number stay what
they are. They make no array and hand none back either.

Their code is put into that of whoever calls them, for how sums are taken is up to the compiler: the process that
compiles would call the kernel by itself, and those that load what is kept the copy compiled with its caller, which
may differ in the last bit.
"""
number_njit: Callable[[F], F] = njit(fastmath={"contract"}, error_model="numpy", forceinline=True, **_INNER)
"""A product and a sum may become one instruction; infinities, and what is no number, stay what they are."""
inner_over_rows_njit: Callable[[F], F] = njit(forceinline=True, **_INNER)
"""For kernels between those of rows and the outermost, which have rows' code in theirs."""
