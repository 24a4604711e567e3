"""A plan of bus depots: chargers, power and transformers, and top-ups at the ends of lines. It changes no day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final

from network import Scenario
from optimise.bus_path import BusPath
from optimise.plan import Proven

VALUE_UNIT: Final = "kW"


@dataclass(frozen=True, kw_only=True)
class Depot:
    """What the buses of one depot need."""

    place: str
    name: str
    lon: float | None
    lat: float | None
    """None where only the name of the depot is known."""
    lines: tuple[str, ...]
    buses: int
    km: float
    """A day, all buses together."""
    energy_kwh: float
    """From the grid in a night."""
    chargers: int
    """Fewest that serve all buses in time where power can be switched from bus to bus."""
    chargers_estimate: int
    """By the rule of thumb: energy over power, time, and use."""
    chargers_parked: int
    """Where each bus takes one charger, once and in one go; no plan does with fewer than `chargers_parked_bound`."""
    chargers_parked_bound: int
    chargers_unmanaged: int
    """Where each bus is plugged in as it comes and nobody waits."""
    peak_kw: int
    """Least power with which every bus is ready in time."""
    peak_unmanaged_kw: int
    tight_h: float
    """Hours of the day in which less power would be too little."""
    kva: float
    transformer_kva: int
    transformer_unmanaged_kva: int
    """In sizes that are made."""
    feeder: str
    """Empty where none is known."""
    cost_cny: float
    """Chargers and transformers, with smart charging."""
    year: int | None = None


@dataclass(frozen=True, kw_only=True)
class TopUpPlace:
    """Chargers at the end of a line, for buses whose battery does not last the day."""

    stop: str
    name: str
    lon: float
    lat: float
    chargers: int
    """Most in use at once where each bus takes what it needs as soon as it can."""
    peak_kw: int
    buses: int
    energy_kwh: float
    """From the grid in a day."""
    cost_cny: float


@dataclass(frozen=True, kw_only=True)
class FeederNeed:
    """What depots take of one feeder, and the steps of reinforcement they need."""

    feeder: str
    kva: float
    headroom_kva: float
    steps: int
    left_kva: float
    """After these steps; negative where the feeder cannot be made strong enough."""
    cost_cny: float


@dataclass(frozen=True, kw_only=True)
class DepotPlan(Proven):
    """Depots in the city's order, with everything needed to check and repeat the run.

    value, bound: the least power of all depots together in whole kW, each at its own worst hour; no schedule does with
    less.
    """

    kind: ClassVar[str] = "depots"
    depots: tuple[Depot, ...]
    top_ups: tuple[TopUpPlace, ...]
    feeders: tuple[FeederNeed, ...]
    source: str
    """`timetable`: blocks chained from the trips of a day; `blocks`: those that were given."""
    buses: int
    km: float
    energy_kwh: float
    """From the grid in a day, top-ups included."""
    chargers: int
    peak_unmanaged_kw: int
    empty_buses: tuple[str, ...]
    """Buses whose battery does not last the day even with top-ups, or is not full again when they go out."""
    path: BusPath | None
    """How the fleet gets clean, None where a path was not asked for."""
    value_unit: str = VALUE_UNIT

    def as_scenario(self, year: int | None = None) -> Scenario:
        """No what-if: chargers of depots are for buses alone and change nothing else in a day of the city."""
        return Scenario(edits=(), name=f"depots {self.city}" + ("" if year is None else f" {year}"))


def transformers_kva(sizes: Sequence[float], kva: float) -> int:
    """Smallest rating of sizes that are made: as many of the largest as are full, and one that takes the rest."""
    if kva <= 0:
        return 0
    largest = sizes[-1]
    full = max(0, -int(-kva // largest) - 1)
    rest = kva - full * largest
    return round(full * largest + next(size for size in sizes if size >= rest))
