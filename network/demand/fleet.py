"""The electric fleet of a year: vehicles, the energy they take up and where, and the piles that are not public."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.charging_rules import ChargingRules
from network.city import City
from network.fleet import Fleet
from network.part import F64
from network.units import PRIVATE, RIDE_HAIL, TAXI, USE_HOME, USE_SLOW

_PERSONS = 1000.0
_DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, eq=False, kw_only=True)
class FleetDay:
    """The electric fleet on an average day of a year."""

    private: F64
    """(Z) electric private cars kept in each zone."""
    vehicles: F64
    """(F) all, by segment."""
    energy_kwh: F64
    """(F, 6) drawn from the grid, by segment and units.ENERGY_USES."""
    unhoused: F64
    """(Z) share of `energy_kwh[PRIVATE, USE_SLOW]` that is taken up near each zone because there is no pile at home."""
    private_piles: float
    dedicated_piles: float


def adoption(fleet: Fleet, year: float) -> F64:
    """(F) electric share of each segment in a year: K / (1 + exp(-r (year - y0))) through the two years that are known.

    Raises nothing: `Fleet` takes only shares that a curve goes through.
    """
    early, late = fleet.adoption_year.tolist()
    most = fleet.adoption_most
    from_, to = (np.log(share / (most - share)) for share in fleet.adoption_share)
    return np.asarray(most / (1.0 + np.exp(-(from_ + (to - from_) * (year - early) / (late - early)))))


def growth(fleet: Fleet, year: float) -> F64:
    """(F) electric vehicles in a year over those in `stock_year`."""
    return np.asarray(adoption(fleet, year) / adoption(fleet, float(fleet.stock_year)))


def drawn_kwh_per_km(fleet: Fleet, rules: ChargingRules) -> F64:
    """(F) energy from the grid per kilometre: kWh/km at the battery x winter / efficiency."""
    return np.asarray(fleet.kwh_per_km * rules.winter / fleet.charging_efficiency)


def vehicle_kwh(fleet: Fleet, rules: ChargingRules) -> F64:
    """(F) energy from the grid for a vehicle on an average day of the year."""
    return np.asarray(drawn_kwh_per_km(fleet, rules) * fleet.km_per_day * fleet.days_per_year / _DAYS_PER_YEAR)


def electric_share(city: City) -> F64:
    """(Z) share of the private cars that is electric in the year of the city (`transit.year`).

    No zone grows beyond `adoption_most`; one that was beyond it in the stock's year stays where it was.
    """
    share, fleet = city.zones.ev_share, city.fleet
    grown = share * growth(fleet, float(city.transit.year))[PRIVATE]
    return np.asarray(np.minimum(grown, np.maximum(fleet.adoption_most[PRIVATE], share)))


def electric_taxi_share(city: City) -> float:
    """Share of the kilometres of taxis and ride-hailing cars that is electric in the year of the city."""
    fleet, hired = city.fleet, [TAXI, RIDE_HAIL]
    share = adoption(fleet, float(city.transit.year))[hired]
    electric_km = (fleet.per_1000_residents * growth(fleet, float(city.transit.year)) * fleet.km_per_day)[hired]
    all_km = electric_km / share
    return float(electric_km.sum() / all_km.sum()) if all_km.any() else float(share[0])


def fleet_day(city: City) -> FleetDay:
    """The fleet in the year of the city (`transit.year`).

    Of the energy that private cars would take up at home, `zones.home_access` is; the rest goes to slow public plugs
    near home.
    """
    zones, fleet = city.zones, city.fleet
    grown = growth(fleet, float(city.transit.year))
    private = electric_share(city) * zones.residents * zones.cars_per_resident
    vehicles = fleet.per_1000_residents * zones.residents.sum() / _PERSONS * grown
    vehicles[PRIVATE] += private.sum()
    energy = (vehicles * vehicle_kwh(fleet, city.charging))[:, None] * fleet.use_share
    without = private * (1.0 - zones.home_access)
    moved = energy[PRIVATE, USE_HOME] * without.sum() / max(private.sum(), np.finfo(float).tiny)
    energy[PRIVATE, USE_HOME] -= moved
    energy[PRIVATE, USE_SLOW] += moved
    slow = energy[PRIVATE, USE_SLOW]
    shared = fleet.vehicles_per_dedicated_pile
    return FleetDay(
        private=private,
        vehicles=vehicles,
        energy_kwh=energy,
        unhoused=without / max(without.sum(), np.finfo(float).tiny) * (moved / slow if slow > 0 else 0.0),
        private_piles=float((private * zones.home_access).sum()),
        dedicated_piles=float(np.divide(vehicles, shared, out=np.zeros_like(shared), where=shared > 0).sum()),
    )
