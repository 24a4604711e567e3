"""Kernels that only kernels call are optimised and made machine code as part of their callers, and never by themselves.

Else numba does both at every level from the innermost outwards, which takes twice as long, and nobody runs any but the
last.
"""

from typing import Any

from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler

_WIDEST = '"prefer-vector-width"="512"'


class _NoEnvironment:
    """Stands for the code generator where an inner kernel's environment would be set, of which no code is left."""

    @staticmethod
    def set_env(_: str, environment: Any) -> None:
        assert not environment.consts


class _Part(JITCodeLibrary):
    """What an inner kernel becomes: instructions that its callers take over."""

    codegen = _NoEnvironment

    def _optimize_final_module(self) -> None:
        """Its callers' are."""

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()  # type: ignore[no-untyped-call]
        self._finalized = True


class PartCompiler(Compiler):
    """For `njit` as `pipeline_class`, of kernels without code for calls from Python or C."""

    def compile_extra(self, func: Any) -> Any:
        self.state.library = _Part(self.state.targetctx.codegen(), func.__qualname__)  # type: ignore[no-untyped-call]
        return super().compile_extra(func)  # type: ignore[no-untyped-call]


class RowCompiler(PartCompiler):
    """The same, of kernels that are given no array twice, and write to none of them what they read of another.

    So the compiler need not compare all addresses before each loop.
    """

    def compile_extra(self, func: Any) -> Any:
        self.state.flags.noalias = True
        return super().compile_extra(func)


class _Wide(JITCodeLibrary):
    """What a kernel becomes that works on as many numbers at a time as the processor can."""

    def add_ir_module(self, ir_module: Any) -> None:
        for function in ir_module.functions:
            set.add(function.attributes, _WIDEST)  # past the list of those it knows
        super().add_ir_module(ir_module)  # type: ignore[no-untyped-call]


class WideCompiler(Compiler):
    """For `njit` as `pipeline_class`, of kernels that go through rows: by itself LLVM takes half as many numbers at a
    time as there is room for, for the sake of processors that slowed down when all of it was in use.
    """

    def compile_extra(self, func: Any) -> Any:
        self.state.library = _Wide(self.state.targetctx.codegen(), func.__qualname__)  # type: ignore[no-untyped-call]
        self.state.library.enable_object_caching()
        return super().compile_extra(func)  # type: ignore[no-untyped-call]
