"""CO2 by mode with what it rests on, and which trips replaced which, as answers."""

from __future__ import annotations

from typing import Final

from network import City, Diversion, Outcome, units
from service.diversion_schemas import Replaced, Replacement
from service.green_schemas import Carbon, CarbonBasis, ModeCarbon

_NAMES: Final = (*units.TRIP_MODES, None)
_LEAST_TRIPS: Final = 0.005
"""Trips a day below which a pair of modes is not told."""


def carbon(city: City, outcome: Outcome) -> Carbon:
    """CO2 of a day by mode, on both bases."""
    rules, year = city.carbon, int(city.transit.year)
    factor, factor_year = rules.grid(year)
    direct, whole = outcome.co2_kg[units.TANK_TO_WHEEL], outcome.co2_kg[units.WITH_ELECTRICITY]
    return Carbon(
        basis=CarbonBasis(
            year=year,
            province=str(rules.province),
            grid_kg_per_kwh=factor,
            grid_year=factor_year,
            stands_in=factor_year != year,
            electric_bus_share=rules.electric_buses(year),
        ),
        modes=[
            ModeCarbon(mode=mode, tank_to_wheel_kg=float(direct[k]), with_electricity_kg=float(whole[k]))
            for k, mode in enumerate(units.TRIP_MODES)
        ],
    )


def basis_text(basis: CarbonBasis) -> str:
    """One paragraph: what is counted, and by which factors."""
    grid = f"{basis.grid_kg_per_kwh:g} kg/kWh ({basis.province}, {basis.grid_year})"
    stands_in = f", which stands in for {basis.year}" if basis.stands_in else ""
    return (
        f"CO2 of all trips counts the electricity drawn, at {grid}{stands_in}; tank to wheel, electricity counts 0. "
        f"Buses are electric for {basis.electric_bus_share:.1%} of their kilometres in {basis.year}."
    )


def replaced(found: Diversion) -> Replaced:
    """What the trips of modes that grew replaced, the most first."""
    direct, whole = found.saved_kg[units.TANK_TO_WHEEL], found.saved_kg[units.WITH_ELECTRICITY]
    rows = [
        Replacement(
            before=before,
            after=after,
            trips_per_day=float(found.trips[k, m]),
            tank_to_wheel_saved_kg=float(direct[k, m]),
            with_electricity_saved_kg=float(whole[k, m]),
        )
        for k, before in enumerate(_NAMES)
        for m, after in enumerate(_NAMES)
        if k != m and found.trips[k, m] >= _LEAST_TRIPS
    ]
    return Replaced(
        rows=sorted(rows, key=lambda row: -row.trips_per_day),
        kept_trips_per_day=float(found.trips.trace()),
        kept_tank_to_wheel_saved_kg=float(direct.trace()),
        kept_with_electricity_saved_kg=float(whole.trace()),
        tank_to_wheel_saved_kg=float(direct.sum()),
        with_electricity_saved_kg=float(whole.sum()),
    )
