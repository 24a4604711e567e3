"""What counts as green is a definition, and definitions are data: here alone a share follows from one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from network.outcome import Outcome
from network.part import F64
from network.units import (
    BAND_EDGES_M,
    LINE_TRIPS,
    PERSONS,
    STATION_MODES,
    TRIP_BIKE_RIDE,
    TRIP_BUS_RAIL,
    TRIP_CAR,
    TRIP_CYCLE,
    TRIP_PARK_RIDE,
)

Counted = Literal["residents", "all"]
CountedBy = Literal["trip", "stage"]
LEAST_M: Final = (0.0, *BAND_EDGES_M)
"""Where trips may begin to count: distances on foot."""


@dataclass(frozen=True, kw_only=True)
class GreenDefinition:
    """One way to read "green trips"."""

    id: str
    official: bool
    """Whether it is the reading of the official wording."""
    label_en: str
    label_zh: str
    persons: Counted
    unit: CountedBy
    least_m: float
    """Trips up to here, by the way on foot, are left out; one of LEAST_M, and 0 for stages."""
    weights: tuple[float, ...]
    """(K) what a trip by each mode counts, 0 to 1."""
    ferry: float
    """What is left of the weight of a trip, or of a stage, that rides a ferry; 1 where some trips are left out."""
    source: str


def green_share(outcome: Outcome, definition: GreenDefinition) -> float | None:
    """Share of the trips or stages that are green, None where there are none.

    Stages are walks, rides and drives from door to door, each vehicle of bus and rail that is boarded, and the way to a
    station by bike or by car; walks to and from stops are none. Rides that follow a bike or a car left at a station
    weigh as `bus_rail`. Of the rides on a trip with a ferry one is on the ferry.
    """
    who = slice(0, len(PERSONS) if definition.persons == "all" else 1)
    first = LEAST_M.index(definition.least_m)
    counts = outcome.trips_band[who, :, first:].sum(axis=(0, 2))
    if definition.unit == "stage":
        counts = _stages(counts, outcome.boardings[who].sum(axis=0))
    weights = np.array(definition.weights)
    off = (1.0 - definition.ferry) * weights[list(LINE_TRIPS)] @ outcome.ferry_trips[who].sum(axis=0)
    total = float(counts.sum())
    return float(weights @ counts - off) / total if total > 0 else None


def _stages(trips: F64, boardings: F64) -> F64:
    """(K) stages by what is ridden, of trips (K) with so many boardings (K)."""
    out = trips.copy()
    out[TRIP_CYCLE] += trips[TRIP_BIKE_RIDE]
    out[TRIP_CAR] += trips[TRIP_PARK_RIDE]
    out[list(LINE_TRIPS)] = boardings[list(LINE_TRIPS)]
    out[TRIP_BUS_RAIL] += boardings[list(STATION_MODES)].sum()
    out[list(STATION_MODES)] = 0.0
    return out
