"""Lots of a made-up city and how they fill. Their numbers claim nothing about any real place."""

from __future__ import annotations

import numpy as np

from network.city import Places, Roads, Zones
from network.demand.accumulation import usual_cars
from network.lots import Lots
from network.new_space_rules import NewSpaceRules
from network.parking_rules import ParkingRules
from network.snap import nearest_of, snap
from network.units import DAY_TYPES, LAND_USES, OWNERS, SLOTS, SUPPLY_CLASSES


def grid_lots(places: Places, zones: Zones, roads: Roads, rules: ParkingRules) -> Lots:
    """A lot at every car park, of 40, 60 and 80 spaces in turn, of every owner and land use in turn."""
    at = np.flatnonzero(places.kind == "parking").astype(np.int32)
    turn, count, lonlat = np.arange(len(at)), len(at), places.lonlat[at]
    spaces = (40 + 20 * (turn % 3)).astype(np.int32)
    use = (turn % len(LAND_USES)).astype(np.int32)
    own = usual_cars(rules, use, spaces)
    none = np.zeros(count, np.int32)
    return Lots(
        id=np.array([f"lot/{i}" for i in turn]),
        name=np.array([f"Lot {i}" for i in turn]),
        owner_name=np.array([f"Owner {i}" for i in turn]),
        department=np.array([f"Department {i % 2}" for i in turn]),
        owner=(turn % len(OWNERS)).astype(np.int32),
        use=use,
        supply_class=(turn % len(SUPPLY_CLASSES)).astype(np.int32),
        lonlat=lonlat,
        zone=nearest_of(zones.lonlat, lonlat),
        place=at,
        station=np.full(count, -1, np.int32),
        entrance_first=np.arange(count + 1, dtype=np.int32),
        entrance_lonlat=lonlat,
        snap=snap(roads, lonlat),
        spaces=spaces,
        reserve=(spaces // 20).astype(np.int32),
        open=np.ones((count, len(DAY_TYPES), SLOTS), np.bool_),
        shared=np.zeros((count, len(DAY_TYPES), SLOTS), np.int32),
        ended=np.zeros((count, len(DAY_TYPES), SLOTS), np.int32),
        spaces_added=none,
        spaces_removed=none,
        tariff_cny_per_h=np.full(count, 4.0),
        retrofit_cny=np.full(count, 50_000.0),
        own_mean=own.mean,
        own_sd=own.sd,
        own_high=own.high,
        own_arrivals=own.arrivals,
        measured=np.zeros(count, np.bool_),
    )


def grid_parking() -> ParkingRules:
    by_day, all_day = np.ones((len(LAND_USES), len(DAY_TYPES))), np.full((len(LAND_USES), 4), 0.2)
    by_day[[0, 5], 1:] = 0.1
    all_day[[0, 3, 5], 1:3], all_day[[2, 4], 2:] = 1.0, 1.0
    all_day[[1, 6], 0], all_day[[1, 6], 3] = 1.0, 1.0
    numbers = {
        "quantile": 0.95, "overflow_share": 0.02, "late_share": 0.05, "late_h": 2.0, "sd_share": 0.05,
        "unmet_m": 1000.0, "owner_share": 0.7, "insurance_cny_per_space": 60.0, "running_cny": 5000.0,
        "subsidy_years": 3.0, "first_tier_share": 0.5,
    }  # fmt: skip
    return ParkingRules(
        days_per_year=np.array([248.0, 104.0, 13.0]),
        peak_share=np.full(len(LAND_USES), 0.85),
        profile_h=np.array([0.0, 9.0, 17.0, 21.0]),
        profile_share=all_day,
        day_factor=by_day,
        month_factor=np.ones((len(LAND_USES), 12)),
        dwell_h=np.array([8.0, 12.0, 2.0, 2.0, 3.0, 8.0, 10.0]),
        window_h=np.array([[18.0, 32.0], [8.0, 18.0], [10.0, 22.0], [6.0, 10.0]]),
        walk_m=np.array([400.0, 400.0, 500.0, 200.0]),
        wanted_share=np.array([0.2, 0.1, 0.1, 0.5]),
        wanted_factor=np.array([[1.0, 1.0, 1.0], [1.0, 0.2, 0.15], [1.0, 1.5, 2.0], [1.0, 0.7, 0.5]]),
        weight=np.ones(4),
        fee_cny_per_h=np.array([0.5, 2.0, 3.0, 3.0]),
        **{name: np.array(value) for name, value in numbers.items()},
    )


def grid_new_spaces() -> NewSpaceRules:
    numbers = {"least_spaces": 5, "kerb_share": 0.05, "kerb_space_m": 6, "conflict_weight": 0.5, "car_trip_weight": 0.1}
    return NewSpaceRules(
        space_cny=np.array([600.0, 35_000, 6000, 8000, 120_000]),
        open_cny=np.array([20_000.0, 200_000, 300_000, 50_000, 1_000_000]),
        more_share=np.array([0, 0.8, 0, 0.15, 0]),
        kerb_classes=np.array(["residential", "secondary"]),
        **{name: np.array(float(value)) for name, value in numbers.items()},
    )
