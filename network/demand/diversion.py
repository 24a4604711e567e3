"""What the trips of a mode that grew replaced, and how much CO2 that saved: two days compared pair of zones by pair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from network.city import City
from network.demand.carbon import kg_per_km, station_kg
from network.demand.choice import DayTrips, split
from network.demand.stations import station_weights
from network.demand.utility import M_PER_KM, nests_of, skims_in, utility_of
from network.kernels.diversion import Side, replaced
from network.kernels.logit import Nests
from network.kernels.utility import Skims, Utility
from network.parallel import TURN
from network.part import F64
from network.travel import Travel
from network.units import CARBON_BASES, PURPOSES, STATION_MODES, TRIP_MODES


class CityDay(NamedTuple):
    """What a day follows from."""

    city: City
    travel: Travel
    trips: F64
    """(U, Z, Z) as in simulate.Flows."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Diversion:
    """Which trips replaced which. The last row and column are of trips not made: by purpose, between the same zones."""

    trips: F64
    """(K + 1, K + 1) by mode before and mode after; on the diagonal, those that kept theirs."""
    saved_kg: F64
    """(bases, K + 1, K + 1) CO2 saved, by units.CARBON_BASES; it adds up to the difference between the days."""


def diversion(before: CityDay, after: CityDay) -> Diversion:
    """Trips that were lost by modes that shrank are allotted to the modes that grew, between the same two zones and for
    the same purpose, in proportion. A trip that was green before saves nothing by staying so.

    A trip by station mode sets free the mean of its mode and zone of origin.
    """
    was, now = split(*before), split(*after)
    trips, saved = np.zeros(()), np.zeros(())
    for u in range(len(PURPOSES)):
        sides = _side(before, was, u), _side(after, now, u)
        with TURN:
            found = replaced(*sides[0], *sides[1], len(TRIP_MODES), len(CARBON_BASES))
        trips, saved = trips + found[0].sum(axis=0), saved + found[1].sum(axis=0)
    return Diversion(trips=trips, saved_kg=saved)


def _side(day: CityDay, found: DayTrips, u: int) -> tuple[Skims, Utility, Nests, Side]:
    city, travel = day.city, day.travel
    us, some = np.array([u], dtype=np.int32), bool(len(travel.stations.station))
    room = found.parking.availability if found.parking.rounds else None
    way, ride = station_weights(city, travel, u)
    made, kg = found.starts[:, list(STATION_MODES)].sum(axis=0), station_kg(city, found.stations)
    side = Side(
        way=way * found.stations.availability[:, None, travel.stations.station],
        ride=ride,
        trips=np.ascontiguousarray(day.trips[u]),
        kg_per_m=kg_per_km(city) / M_PER_KM,
        kg_per_trip=np.divide(kg, made, out=np.zeros_like(kg), where=made > 0),
    )
    skims = skims_in(city, travel, int(city.behaviour.purpose_period[u]))
    return skims, utility_of(city, us, room), nests_of(city, us, stations=some), side
