"""Days with congestion as answers."""

from __future__ import annotations

from typing import Final

from network import City, Settled, load_of, units
from service.congestion_schemas import CongestedDay, ConvergenceRow, FullStreet, PeriodTraffic

_FULLEST: Final = 10
_S_PER_MIN: Final = 60.0
_S_PER_H: Final = 3600.0


def day_of(city: City, found: Settled) -> CongestedDay:
    """How demand and traffic of a city came to agree, and the traffic by period."""
    rows = [
        ConvergenceRow(
            round=at + 1,
            green_trip_share=row.green_share,
            green_trip_share_change=row.share_change if at else None,
            car_min=row.car_s / _S_PER_MIN,
            car_time_change=row.time_change if at else None,
            demand_gap=row.demand_gap,
            relative_gap=row.traffic_gap,
        )
        for at, row in enumerate(found.rounds)
    ]
    periods = range(len(units.PERIODS))
    return CongestedDay(
        converged=found.converged, convergence=rows, traffic=[_traffic(city, found, period) for period in periods]
    )


def _traffic(city: City, found: Settled, period: int) -> PeriodTraffic:
    load, roads = load_of(city, found, period), city.roads
    streets: dict[str, FullStreet] = {}
    for way, flow, most in zip(load.way.tolist(), load.flow.tolist(), load.capacity.tolist(), strict=True):
        if flow <= 0 or len(streets) == _FULLEST:
            break
        street, name = str(roads.way_id[way]), str(roads.way_name[way])
        one = FullStreet(street=street, name=name, vehicles_per_h=flow, capacity_per_h=most)
        streets.setdefault(name or street, one)
    return PeriodTraffic(
        period=units.PERIODS[period],
        from_h=int(city.transit.window_start_s[period] // _S_PER_H),
        vehicles=load.vehicles,
        vehicle_h=load.vehicle_h,
        delay_h=load.delay_h,
        fullest=list(streets.values()),
    )
