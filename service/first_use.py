"""What is told while kernels are compiled: once after installation, whichever command comes first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console

from network import while_compiling

Report = Callable[[str, int, int], None]
"""Hears of a step before it is taken: its name, how many are done, and how many there are."""


@contextmanager
def told_of_compiling(console: Console) -> Iterator[Report]:
    """A line where kernels are compiled, and one more for each step that is reported; none where they are kept."""
    step, told = " ...", set[str]()

    def reached(name: str, done: int, of: int) -> None:
        nonlocal step
        step = f": {done + 1} of {of}, {name}"

    def tell() -> None:
        if step not in told:
            told.add(step)
            console.print(f"Compiling kernels, once after installation{step}", style="dim", highlight=False)

    with while_compiling(tell):
        yield reached
