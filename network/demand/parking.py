"""Parking in town: how many drivers stay away from zones where more cars come than their spaces serve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

import numpy as np

from network.charging_rules import ChargingRules
from network.city import City
from network.demand.stations import LEAST, MOST_OVER
from network.part import F64
from network.units import HOURS, PARKERS, TRIP_CAR

COMMUTERS: Final = PARKERS.index("commuters")
_FLATTEST: Final = 0.1
"""Least rise of use with availability, both by their logarithms, that a step believes in: flatter ones leap too far."""


class _Day(Protocol):
    @property
    def ends(self) -> F64:
        """(U, K, Z) trips by destination."""


Day = TypeVar("Day", bound=_Day)


@dataclass(frozen=True, eq=False, kw_only=True)
class ParkingLoads:
    """What parking in town bears on a day, by zone (Z)."""

    use: F64
    """Car trips that end in the zone."""
    capacity: F64
    """Car trips its spaces can serve; 0 where they are not known."""
    availability: F64
    """Share of those who would drive there that find room, 1 unless the zone is full."""
    rounds: int
    """Rounds in which drivers were turned away."""


def no_limits(city: City) -> ParkingLoads:
    """Where everybody finds room."""
    none = np.zeros(len(city.zones.id))
    return ParkingLoads(use=none, capacity=none, availability=none + 1.0, rounds=0)


def settle_parking(city: City, day: Callable[[F64 | None], Day]) -> tuple[Day, ParkingLoads]:
    """The day once full zones have turned drivers away, and what their spaces bear.

    `day` makes a day with availabilities (Z), None where everybody finds room. A full zone is there for a share a of
    those who would drive: V_car + mu ln a. Use rises with a, by logarithms at a slope between 0 and 1, and hardly with
    the a of other zones; so each a follows from its own last two days by the secant, until use is capacity to within
    MOST_OVER or a is 1, or for supply.parking_rounds. Without limits there is one day and nothing else.
    """
    supply = city.supply
    capacity = arrival_spaces(city) * supply.parking_turnover
    known = capacity > 0
    log_room, slope, rounds = np.zeros(len(capacity)), np.ones(len(capacity)), 0
    found = day(None)
    over = _over(city, found, capacity)
    while rounds < supply.parking_rounds:
        closed, fits = log_room <= np.log(LEAST), np.where(log_room < 0.0, np.abs(over), over) <= MOST_OVER
        moved = known & ~fits & ~(closed & (over > 0.0))
        if not moved.any():
            break
        to = np.where(moved, np.clip(log_room - over / slope, np.log(LEAST), 0.0), log_room)
        found = day(np.exp(to))
        was, over = over, _over(city, found, capacity)
        rise = np.divide(over - was, to - log_room, out=slope.copy(), where=moved & (to != log_room))
        slope, log_room, rounds = np.clip(rise, _FLATTEST, 1.0), to, rounds + 1
    return found, ParkingLoads(use=_cars(city, found), capacity=capacity, availability=np.exp(log_room), rounds=rounds)


def arrival_spaces(city: City) -> F64:
    """(Z) spaces for those who come by car: of the zone, and what its lots share while commuters want a space.

    0 where the zone's own are not known.
    """
    lots, known = city.lots, city.supply.parking_spaces
    by_day = lots.shared[:, 0][:, city.parking.window[COMMUTERS]].mean(axis=1)
    return np.where(known > 0, known + np.bincount(lots.zone, by_day, len(known)), 0.0)


def _cars(city: City, day: _Day) -> F64:
    """(Z) car trips by destination."""
    return np.asarray(day.ends[:, TRIP_CAR].sum(axis=0) / city.behaviour.car_persons)


def _over(city: City, day: _Day, capacity: F64) -> F64:
    """(Z) ln(use / capacity), 0 where no capacity is known and far below where nobody comes."""
    use = np.maximum(_cars(city, day), np.finfo(np.float64).tiny)
    return np.log(np.divide(use, capacity, out=np.ones(len(use)), where=capacity > 0))


def parked(rules: ChargingRules) -> F64:
    """(U, H) cars of a purpose that stand where their trip led, hour by hour, for one that arrives there in a day.

    Arrivals a(h) stay exponentially long: sum over k of a(h-k) d (1 - e^(-1/d)) e^(-k/d), d the mean stay; nights run
    on into the next day.
    """
    dwell_h, hour = rules.dwell_h[:, None], np.arange(HOURS)
    stays = dwell_h * -np.expm1(-1.0 / dwell_h) * np.exp(-hour / dwell_h) / -np.expm1(-HOURS / dwell_h)
    arrived = rules.arrival_hours[:, (hour[:, None] - hour) % HOURS]
    return np.asarray((arrived * stays[:, None, :]).sum(axis=2))
