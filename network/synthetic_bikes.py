"""Bike points of a made-up city. Their numbers claim nothing about any real place."""

from __future__ import annotations

from typing import Final

import numpy as np

from network.bike_points import BikePoints
from network.bike_sharing_rules import BikeSharingRules
from network.city import Roads, Zones
from network.snap import snap
from network.units import HOURS, PURPOSES

_EVERY: Final = 5
_HOME_BASED: Final = 3


def grid_bike_points(zones: Zones, roads: Roads) -> BikePoints:
    """A point at every fifth zone, of 10, 20 and 30 places in turn, half of them full; every other one has docks."""
    at = np.arange(0, len(zones.id), _EVERY, dtype=np.int32)
    turn, lonlat = np.arange(len(at)), zones.lonlat[at]
    spaces = (10 + 10 * (turn % 3)).astype(np.int32)
    return BikePoints(
        id=np.array([f"bike/{i}" for i in turn]),
        name=np.array([f"Bikes {i}" for i in turn]),
        lonlat=lonlat,
        zone=at,
        docked=turn % 2 == 1,
        spaces=spaces,
        bikes=spaces // 2,
        area_m2=np.array(1.25 * spaces, np.float64),
        ring_first=np.zeros(len(at) + 1, np.int32),
        ring_lonlat=np.zeros((0, 2)),
        snap=snap(roads, lonlat),
    )


def grid_bike_sharing() -> BikeSharingRules:
    out = np.full((len(PURPOSES), HOURS), 0.5)
    out[:_HOME_BASED, :12], out[:_HOME_BASED, 12:] = 0.9, 0.1
    numbers = {
        "shared_share": 0.3, "ride_shared_share": 0.5, "ride_min": 10.0, "walk_m": 150.0, "station_walk_m": 50.0,
        "spacing_m": 50.0, "bike_m2": 1.25, "bike_length_m": 2.0, "clear_width_m": 2.0, "own_share": 0.5,
        "days_covered": 0.95, "turnover": 3.5, "point_trips": 60.0, "least_spaces": 5.0, "most_spaces": 60.0,
        "kerb_length_m": 15.0, "kerb_gap_m": 75.0, "kerb_share": 0.1, "helps_per_bike": 0.1,
    }  # fmt: skip
    return BikeSharingRules(
        day_factor=np.array([1.0, 0.7]),
        out_share=out,
        balance_h=np.array([4], np.int32),
        point_cny=np.array([2000.0, 60_000.0]),
        space_cny=np.array([150.0, 3000.0]),
        kerb_classes=np.array(["residential", "secondary"]),
        **{name: np.array(value) for name, value in numbers.items()},
    )
