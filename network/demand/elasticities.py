"""How trips by each mode answer to prices and times: own and cross elasticities, and whether their signs can be.

They are those of the choice of mode: trips between zones stay, and so does the share of trips that finds room at full
stations and in full zones. With a nested logit (mu <= 1) and coefficients of at most 0 the modes that a quantity weighs
on lose, taken together, and each other mode gains when it grows; what is otherwise is no model of demand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from math import exp
from typing import Any, Final, TypeAlias

import numpy as np

from network.city import City
from network.demand.choice import split
from network.demand.flows import Flows
from network.errors import InputError, Problem
from network.part import F64
from network.travel import Travel
from network.units import (
    LINE_TRIPS,
    PURPOSES,
    STATION_KINDS,
    STATION_MODES,
    TRIP_BUS,
    TRIP_BUS_RAIL,
    TRIP_CAR,
    TRIP_MODES,
    TRIP_PARK_RIDE,
    TRIP_RAIL,
    TRIP_TAXI,
    VISITOR,
)

STEP: Final = 1e-3
"""By how much the logarithm of a quantity is moved, up and down."""
LEAST: Final = 1e-6
"""Elasticities below are 0: nothing but rounding."""

Scaling: TypeAlias = Callable[[City, Travel, float], tuple[City, Travel]]
_RIDES: Final = (*LINE_TRIPS, *STATION_MODES)


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """A price or a time that demand may answer to."""

    label_en: str
    label_zh: str
    modes: tuple[int, ...]
    """Trip modes it is a part of; all others are its substitutes."""
    weighs: tuple[str, ...]
    """Fields of Behaviour that say how much it weighs."""
    scaled: Scaling


def _prices(*names: str, charge: bool = False) -> Scaling:
    def scaled(city: City, travel: Travel, by: float) -> tuple[City, Travel]:
        prices = {name: np.asarray(getattr(city.supply, name) * by) for name in names}
        charged = replace(city.levers, charge_cny=city.levers.charge_cny * by) if charge else city.levers
        return replace(city, supply=replace(city.supply, **prices), levers=charged), travel

    return scaled


def _rides(name: str, *lines: int) -> Scaling:
    """A part of the journeys by some of LINE_TRIPS; by all of them and from the stations on where none is given."""
    at = [LINE_TRIPS.index(trip) for trip in lines] or [*range(len(LINE_TRIPS))]

    def scaled(city: City, travel: Travel, by: float) -> tuple[City, Travel]:
        values = getattr(travel.transit, name).copy()
        values[:, at] *= by
        part: dict[str, Any] = {name: values}
        on: dict[str, Any] = {} if lines else {name: getattr(travel.stations, name) * by}
        stations = replace(travel.stations, **on) if on else travel.stations
        return city, replace(travel, transit=replace(travel.transit, **part), stations=stations)

    return scaled


def _drives(city: City, travel: Travel, by: float) -> tuple[City, Travel]:
    access_s = travel.stations.access_s.copy()
    access_s[STATION_KINDS.index("spaces")] *= by
    stations = replace(travel.stations, access_s=access_s)
    return city, replace(travel, drive_s=travel.drive_s * by, stations=stations)


def _in_vehicle(label_en: str, label_zh: str, *lines: int) -> Quantity:
    return Quantity(
        label_en=label_en,
        label_zh=label_zh,
        modes=lines or _RIDES,
        weighs=("time_per_min",),
        scaled=_rides("in_vehicle_s", *lines),
    )


QUANTITIES: Final[dict[str, Quantity]] = {
    "car_cost": Quantity(
        label_en="Money for driving: by the kilometre, parking and charge",
        label_zh="小汽车出行费用（里程、停车与拥堵收费）",
        modes=(TRIP_CAR, TRIP_PARK_RIDE),
        weighs=("cost_per_cny",),
        scaled=_prices("driving_cny_per_km", "parking_cny", "station_parking_cny", charge=True),
    ),
    "parking_price": Quantity(
        label_en="Parking price in town",
        label_zh="停车价格",
        modes=(TRIP_CAR,),
        weighs=("cost_per_cny",),
        scaled=_prices("parking_cny"),
    ),
    "taxi_fare": Quantity(
        label_en="Taxi fare",
        label_zh="出租车价格",
        modes=(TRIP_TAXI,),
        weighs=("cost_per_cny",),
        scaled=_prices("taxi_start_cny", "taxi_cny_per_km"),
    ),
    "fare": Quantity(
        label_en="Fares of bus and rail",
        label_zh="公共交通票价",
        modes=_RIDES,
        weighs=("cost_per_cny",),
        scaled=_rides("fare_cny"),
    ),
    "in_vehicle_time": _in_vehicle("Time in bus and rail", "公共交通车内时间"),
    "bus_time": _in_vehicle("Time in the bus, of trips by bus alone", "公交车内时间（仅公交出行）", TRIP_BUS),
    "rail_time": _in_vehicle("Time in the train, of trips by rail alone", "轨道车内时间（仅轨道出行）", TRIP_RAIL),
    "bus_rail_time": _in_vehicle(
        "Time in bus and train, of trips by both", "车内时间（公交接驳轨道出行）", TRIP_BUS_RAIL
    ),
    "wait": Quantity(
        label_en="Waiting for bus and rail, as headways have it",
        label_zh="候车时间（随发车间隔）",
        modes=_RIDES,
        weighs=("wait_per_min",),
        scaled=_rides("wait_s"),
    ),
    "walk": Quantity(
        label_en="Walks to, between and from stops",
        label_zh="步行接驳时间",
        modes=_RIDES,
        weighs=("walk_per_min",),
        scaled=_rides("walk_s"),
    ),
    "car_time": Quantity(
        label_en="Time in the car and in the taxi",
        label_zh="小汽车与出租车行驶时间",
        modes=(TRIP_CAR, TRIP_TAXI, TRIP_PARK_RIDE),
        weighs=("time_per_min",),
        scaled=_drives,
    ),
}
"""What elasticities are taken with respect to."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Elasticities:
    """Point elasticities of trips, for whatever trips are taken together."""

    trips: F64
    """(U, K, Z) by origin."""
    slope: F64
    """(Q, U, K, Z) what they change by per unit of the logarithm of each quantity."""

    def of(
        self, quantity: str, modes: Collection[int], *, purpose: int | None = None, zone: int | None = None
    ) -> float | None:
        """Elasticity of the trips by some modes, as one, with respect to a quantity; None where nobody makes any.

        Of residents or for a purpose, from all zones or from one, both by position.
        """
        who = slice(0, VISITOR) if purpose is None else slice(purpose, purpose + 1)
        where = slice(None) if zone is None else slice(zone, zone + 1)
        some = (who, list(modes), where)
        trips = float(self.trips[some].sum())
        return float(self.slope[[*QUANTITIES].index(quantity)][some].sum()) / trips if trips > 0 else None


def elasticities(
    city: City, travel: Travel, flows: Flows, report: Callable[[int, int], None] | None = None
) -> Elasticities:
    """Elasticities of the trips by each mode, by central differences.

    `travel` and `flows` are of the city. `report` hears before each quantity how many are done, and of how many; what
    it raises ends the work. Raises InputError with every sign that cannot be.
    """
    day = split(city, travel, flows.trips)
    slopes = []
    for done, quantity in enumerate(QUANTITIES.values()):
        if report:
            report(done, len(QUANTITIES))
        up, down = (
            split(*quantity.scaled(city, travel, exp(step)), flows.trips, held=day).starts for step in (STEP, -STEP)
        )
        slopes.append((up - down) / (2.0 * STEP))
    found = Elasticities(trips=day.starts, slope=np.stack(slopes))
    problems = list(_wrong_signs(found, city))
    if problems:
        raise InputError(problems)
    return found


def _wrong_signs(found: Elasticities, city: City) -> Iterator[Problem]:
    """What no demand does, by purpose."""
    for name, quantity in QUANTITIES.items():
        for u, purpose in enumerate(PURPOSES):
            own = found.of(name, quantity.modes, purpose=u)
            said = ", ".join(TRIP_MODES[k] for k in quantity.modes)
            if own is not None and own > LEAST:
                what = f"is {own:+.3g}: as it grows they gain trips"
                yield _problem(city, quantity, u, f"elasticity of trips by {said} for {purpose}", what)
            for k, mode in enumerate(TRIP_MODES):
                cross = None if k in quantity.modes else found.of(name, (k,), purpose=u)
                if cross is not None and cross < -LEAST:
                    what = f"is {cross:+.3g}: as it grows for {said}, their substitute loses trips"
                    yield _problem(city, quantity, u, f"elasticity of trips by {mode} for {purpose}", what)


def _problem(city: City, quantity: Quantity, purpose: int, where: str, what: str) -> Problem:
    """Names the coefficients to mend."""
    told = []
    for name in quantity.weighs:
        values = np.broadcast_to(getattr(city.behaviour, name)[purpose], len(TRIP_MODES))[list(quantity.modes)]
        told.append(f"behaviour.{name} of {PURPOSES[purpose]}, {', '.join(f'{v:g}' for v in dict.fromkeys(values))}")
    hint = f"make it 0 or below: {'; '.join(told)}"
    return Problem(f"{where} with respect to {quantity.label_en[0].lower()}{quantity.label_en[1:]}", what, hint)
