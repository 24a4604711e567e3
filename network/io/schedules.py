"""Published schedules of shared parking."""

from __future__ import annotations

from typing import Final

from network.demand.schedules import Schedule
from network.errors import InputError, Problem
from network.io.parameters import Parameters

SCHEDULES: Final = {
    "brigham": ("schedules.brigham_bands", "schedules.brigham_uses", "schedules.brigham_percent"),
    "ite": ("schedules.ite_bands", "schedules.ite_uses", "schedules.ite_percent"),
}
"""Name -> parameters with its bands, its uses and its percentages."""


def read_schedule(known: Parameters, name: str) -> Schedule:
    """A schedule by its name. Raises InputError that tells the names where there is none."""
    if name not in SCHEDULES:
        raise InputError(Problem("schedule", f"there is none called {name!r}", f"known: {', '.join(SCHEDULES)}"))
    bands, uses, percent = SCHEDULES[name]
    return Schedule(tuple(known.value(bands)), tuple(known.value(uses)), known.array(percent))
