"""Kernels are compiled once after installation: what is told meanwhile, and how a server loads them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from typing import Final

from rich.console import Console

from network import City, grid_city, replay_charging, simulate, travel_times, while_compiling
from service import streets

_WARM_SIZE: Final = 4

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


def warm_up(report: Report | None = None) -> None:
    """Load every kernel but those of the planners: run the smallest city once, and ask its streets everything."""
    city = cache(partial(grid_city, _WARM_SIZE))
    travel = cache(lambda: travel_times(city()))
    day = cache(lambda: simulate(city(), travel()))
    steps: dict[str, Callable[[], object]] = {"a city": city, "travel times": travel, "a day": day}
    steps |= {"days at the plugs": lambda: replay_charging(city(), day(), days=2)}
    steps |= {name: partial(_asked_of, city, question) for name, question in streets.FIRST_QUESTIONS.items()}
    for done, (name, step) in enumerate(steps.items()):
        if report:
            report(name, done, len(steps))
        step()


def _asked_of(city: Callable[[], City], question: Callable[[City], object]) -> object:
    return question(city())
