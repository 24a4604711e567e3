"""Who wants a shared space, where and on which days, and how far lots are from there on foot."""

from __future__ import annotations

from typing import Final

import numpy as np

from network.city import City
from network.demand.fleet import adoption
from network.demand.parking import parked
from network.outcome import Outcome
from network.part import F64, I64, Snap
from network.travel.coverage import walks_between
from network.units import DAY_TYPES, PARKERS, PURPOSES, SEGMENTS, TRIP_CAR

_RESIDENTS, _COMMUTERS, _VISITORS, _DELIVERIES = range(len(PARKERS))
_TO_WORK: Final = PURPOSES.index("home_work")
_WAYS: Final = np.where(np.array(PURPOSES) == "non_home", 1.0, 2.0)
"""Trips of a car that comes and goes; what starts and ends away from home is counted by where it ends alone."""
_VAN: Final = SEGMENTS.index("van")
_PERSONS: Final = 1000.0


def parking_wanted(city: City, outcome: Outcome) -> I64:
    """(4, 3, Z) spaces that cars of units.PARKERS want all through their window, by day type and zone.

    parking.wanted_share of the cars of residents, of the cars that stand there on their trips to work and on others at
    the busiest hour of the window, and of the vans; times parking.wanted_factor. Where a zone's spaces are known those
    who come by day lack one as the day says: for each that found room 1/a - 1 did not, a the zone's availability.
    Whole spaces, each group's and day's total kept.
    """
    rules, zones = city.parking, city.zones
    lacking = np.repeat(rules.wanted_share[:, None], len(zones.id), axis=1)
    turned_away = 1.0 / outcome.parking_availability - 1.0
    by_day = [_COMMUTERS, _VISITORS]
    lacking[by_day] = np.where(outcome.parking_capacity > 0, turned_away, lacking[by_day])
    standing = _standing(city, outcome)
    cars = np.stack((zones.residents * zones.cars_per_resident, *standing, _vans(city)))
    wanted = (lacking * cars)[:, None, :] * rules.wanted_factor[:, :, None]
    return np.stack([[whole_spaces(wanted[g, d]) for d in range(len(DAY_TYPES))] for g in range(len(PARKERS))])


def lot_walks(city: City, points: tuple[F64, Snap]) -> tuple[I64, I64, I64]:
    """Lots within the longest parking.walk_m of points (lonlat, snap), by their nearest entrance on foot.

    As CSR: first (X+1), lot rising within a point, whole metres along the streets.
    """
    lots = city.lots
    first, entrance, metres = walks_between(
        city.roads, points, (lots.entrance_lonlat, lots.snap), float(city.parking.walk_m.max())
    )
    lot_of = np.repeat(np.arange(len(lots.id)), np.diff(lots.entrance_first))
    point, lot = np.repeat(np.arange(len(first) - 1), np.diff(first)), lot_of[entrance]
    order = np.lexsort((metres, lot, point))
    point, lot, metres = point[order], lot[order], metres[order]
    nearest = np.append(True, (np.diff(point) != 0) | (np.diff(lot) != 0))[: len(point)]
    begins = np.searchsorted(point[nearest], np.arange(len(first)))
    return begins.astype(np.int64), lot[nearest].astype(np.int64), np.rint(metres[nearest]).astype(np.int64)


def whole_spaces(wanted: F64) -> I64:
    """(Z) rounded such that the total is that of all, rounded: the largest remainders are rounded up."""
    down = np.floor(wanted)
    up = round(float(wanted.sum() - down.sum()))
    down[np.argsort(down - wanted, kind="stable")[:up]] += 1
    return down.astype(np.int64)


def _standing(city: City, outcome: Outcome) -> F64:
    """(2, Z) cars that stand where trips to work, and other trips, led, at the busiest hour of the group's window."""
    arrived = outcome.trips_to[:, TRIP_CAR] / (city.behaviour.car_persons * _WAYS[:, None])
    by_hour = arrived[:, :, None] * parked(city.charging)[:, None, :]
    hours = city.parking.window[:, ::2] | city.parking.window[:, 1::2]
    to_work, others = by_hour[_TO_WORK], np.delete(by_hour, _TO_WORK, axis=0).sum(axis=0)
    return np.stack((to_work[:, hours[_COMMUTERS]].max(axis=1), others[:, hours[_VISITORS]].max(axis=1)))


def _vans(city: City) -> F64:
    """(Z) vans of any drive, where people live and work."""
    zones, fleet = city.zones, city.fleet
    share = adoption(fleet, float(fleet.stock_year))[_VAN]
    vans = fleet.per_1000_residents[_VAN] * zones.residents.sum() / _PERSONS / share
    people = zones.residents + zones.jobs
    return np.asarray(vans * people / max(people.sum(), 1.0))
