"""Who wants to know that kernels are being compiled: once after installation, and it takes a while."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

from numba.core.event import Event, Listener, install_listener


class _Starts(Listener):
    def __init__(self, told: Callable[[], None]) -> None:
        self.told = told

    def on_start(self, event: Event) -> None:  # noqa: ARG002 - numba's signature
        self.told()

    def on_end(self, event: Event) -> None:
        """Only the start is told."""


def while_compiling(told: Callable[[], None]) -> AbstractContextManager[None]:
    """Within the context `told` is called whenever a kernel starts to be compiled, in whichever thread.

    Kernels that are loaded from where numba keeps them are not compiled.
    """
    return install_listener("numba:compile", _Starts(told))
