"""Racks that people's own bikes want at the entrances of rail stations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from network.city import City
from network.demand.bike_days import margin_of
from network.demand.bike_flows import bike_ways
from network.outcome import Outcome
from network.part import F64, I64
from network.units import TRIP_BIKE_RIDE

_RACKS = 0
_BOTH_SIDES = 2
"""A margin is of both ends: what stands above the mean takes half of it."""


@dataclass(frozen=True, eq=False, kw_only=True)
class RackNeeds:
    """By entrance (A) of rail stations where bikes come; at stations (G) without racks none do."""

    entrance: I64
    """(A) position of the entrance."""
    station: I64
    """(A) position of the station."""
    trips: F64
    """(A) to and from it a day on people's own bikes."""
    standing: F64
    """(A) at the busiest hour, on the mean."""
    racks: I64
    """(A) wanted there: those standing, and a margin."""
    station_racks: I64
    """(G) that there are now."""


def racks_needed(city: City, outcome: Outcome) -> RackNeeds:
    """Racks wanted at each entrance for the trips of an outcome: all but bike_sharing.ride_shared_share come on a bike
    of their own, and each stays from when trips lead away until trips lead back.

    Whom full racks turn away is not among them: to know what all want, ask of a city with room at its stations. The
    margin is that of bike_sharing.days_covered for so many bikes, their number being Poisson.
    """
    stations = city.transit.stations
    own = 1.0 - float(city.bike_sharing.ride_shared_share)
    entrance = np.flatnonzero(outcome.entrance_bikes > 0)
    station = stations.entrance_station[entrance]
    came = own * outcome.entrance_bikes[entrance]
    standing = came * _standing_share(city, outcome)
    margin = margin_of(float(city.bike_sharing.days_covered)) / _BOTH_SIDES
    return RackNeeds(
        entrance=entrance,
        station=station.astype(np.int64),
        trips=came,
        standing=standing,
        racks=np.ceil((standing + margin * np.sqrt(standing)).round(6)).astype(np.int64),
        station_racks=city.supply.station_places[_RACKS].astype(np.int64),
    )


def _standing_share(city: City, outcome: Outcome) -> float:
    """Of the trips by bike-and-ride in a day, the bikes that stand at stations at the busiest hour.

    Half of the trips lead away and leave a bike, half lead back and take one.
    """
    away, back = bike_ways(city)
    made = outcome.trips_from[:, TRIP_BIKE_RIDE].sum(axis=1)
    if not made.any():
        return 0.0
    standing = np.cumsum(made @ (away - back))
    return float((standing.max() - min(standing.min(), 0.0)) / made.sum())
