"""How many swap and hydrogen stations a fleet needs.

A station swaps as many batteries a day as its bays can exchange, and no more than it can charge. These are full days
at an even pace: fleets that come all at once need more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import City
from network.demand.fleet import fleet_day, vehicle_kwh
from network.part import F64
from network.swap_rules import SwapRules
from network.units import HOURS, USE_SWAP

_KM = 100.0
_DAYS = 365.0
_DUST = 1e-9
"""Of a station: no further one is needed for rounding."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StationNeeds:
    """What the fleet of a day asks of swap stations (W) and hydrogen stations (G)."""

    swaps: F64
    """(F) swaps a day by segment."""
    swaps_per_station: F64
    """(W) most a day at a station of each class."""
    vehicles_per_station: F64
    """(W, F) vehicles that take up all their energy by swaps and that one station serves; 0 where none need any."""
    swap_stations: F64
    """(W) fewest stations if all were of the class."""
    hydrogen_kg: F64
    """(F) kg a day by segment."""
    hydrogen_stations: F64
    """(G) fewest stations if all were of the class."""


def swaps_per_day(rules: SwapRules) -> F64:
    """(W) swaps a day at a station of each class: min(bays x exchanges, batteries / recharge time)."""
    return np.asarray(HOURS * np.minimum(rules.bays * rules.exchanges_per_h, rules.batteries / rules.recharge_h))


def station_needs(city: City, rules: SwapRules) -> StationNeeds:
    """Stations for the fleet of the city's year; a swap brings `swap_kwh` to the vehicle, after losses."""
    fleet, energy_kwh = city.fleet, fleet_day(city).energy_kwh[:, USE_SWAP]
    a_swap = rules.swap_kwh / fleet.charging_efficiency
    swaps, a_vehicle, a_station = energy_kwh / a_swap, vehicle_kwh(fleet, city.charging) / a_swap, swaps_per_day(rules)
    served = np.zeros((len(a_station), len(swaps)))
    np.divide(a_station[:, None], a_vehicle, out=served, where=a_vehicle > 0)
    kg = rules.hydrogen_vehicles * fleet.km_per_day * fleet.days_per_year / _DAYS * rules.hydrogen_kg_per_100km / _KM
    return StationNeeds(
        swaps=swaps,
        swaps_per_station=a_station,
        vehicles_per_station=served,
        swap_stations=np.ceil(swaps.sum() / a_station - _DUST),
        hydrogen_kg=kg,
        hydrogen_stations=np.ceil(kg.sum() / rules.hydrogen_class_kg - _DUST),
    )
