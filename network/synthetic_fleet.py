"""Vehicles of a made-up city and how they charge. Their numbers claim nothing about any real place."""

from __future__ import annotations

import numpy as np

from network.bus_fleet import BusFleet
from network.charging_rules import ChargingRules
from network.fleet import Fleet
from network.units import ENERGY_USES, HOURS, LAND_USES, SEGMENTS, USE_DEDICATED


def grid_fleet() -> Fleet:
    """Half of the private energy at home where there are piles, the rest public; taxis charge fast, buses in depots."""
    use = np.zeros((len(SEGMENTS), len(ENERGY_USES)))
    use[:, USE_DEDICATED] = 1.0
    use[0] = [0.5, 0.1, 0.2, 0.2, 0.0, 0.0]
    use[1] = [0.0, 0.0, 0.2, 0.6, 0.0, 0.2]
    early = np.full(len(SEGMENTS), 0.1)
    return Fleet(
        id=np.array(SEGMENTS),
        stock_year=np.array(2025, np.int32),
        per_1000_residents=np.array([0.0, 2.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0]),
        adoption_year=np.array([2020, 2025], np.int32),
        adoption_share=np.stack((early, 3 * early)),
        adoption_most=np.full(len(SEGMENTS), 0.9),
        days_per_year=np.full(len(SEGMENTS), 365.0),
        km_per_day=np.array([38.0, 300.0, 200.0, 100.0, 150.0, 200.0, 60.0, 50.0]),
        kwh_per_km=np.array([0.15, 0.15, 0.15, 0.3, 1.0, 1.0, 1.0, 0.2]),
        charging_efficiency=np.full(len(SEGMENTS), 0.9),
        use_share=use,
        vehicles_per_dedicated_pile=np.array([0.0, 5.0, 0.0, 10.0, 2.0, 2.0, 2.0, 5.0]),
    )


def grid_charging() -> ChargingRules:
    night, day, morning = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
    night[:6], day[9:21], morning[7:11] = 1 / 6, 1 / 12, 1 / 4
    numbers = {
        "plug_efficiency": 0.85, "parked_min": 240.0, "wait_min": 10.0, "wait_share": 0.05, "block_share": 0.05,
        "fast_reach_m": 1500.0, "mobilise_cny": 10_000.0, "power_factor": 0.95, "ahead_share": 0.1,
        "temperature_c": 20.0, "comfort_c": 20.0, "cold_share_per_c": 0.01, "residence_share": 0.25,
        "passing_share": 0.5, "passing_origins": 64.0, "passing_scale_min": 10.0,
    }  # fmt: skip
    return ChargingRules(
        plug_kw=np.array([7.0, 60.0, 240.0]),
        vehicle_kw=np.array([7.0, 60.0, 120.0]),
        session_kwh=np.array([14.0, 25.0, 35.0]),
        overhead_min=np.full(3, 5.0),
        sizes=np.array([[0.0, 4.0, 8.0], [0.0, 4.0, 8.0], [0.0, 2.0, 4.0]]),
        plug_cost_factor=np.array([0.2, 1.0, 3.0]),
        simultaneity_one=np.full(3, 0.9),
        simultaneity_many=np.array([0.3, 0.6, 0.6]),
        residence_hours=night,
        fast_hours=day,
        arrival_hours=np.stack([morning, morning, day, day, day]),
        dwell_h=np.array([8.0, 1.0, 2.0, 2.0, 4.0]),
        plug_in_share=np.array([0.3, 0.1, 0.2, 0.2, 0.4]),
        shared_only=np.zeros(len(LAND_USES)),
        **{name: np.array(value) for name, value in numbers.items()},
    )


def grid_buses() -> BusFleet:
    return BusFleet(
        drive=np.array(["diesel", "gas", "battery"]),
        clean=np.array([False, True, True]),
        electric=np.array([False, False, True]),
        year=np.array(2025, np.int32),
        stock=np.array([[0, 0, 3, 4, 1], [0, 2, 2, 0, 0], [20, 20, 20, 20, 8]], np.int32),
        age_limit=np.array([6, 6, 6], np.int32),
        bus_cny=np.array([500_000.0, 600_000.0, 1_000_000.0]),
        bought=np.array("battery"),
        added=np.array(0, np.int32),
        path_year=np.array([2025, 2030], np.int32),
        path_share=np.array([0.92, 1.0]),
        path_row=np.array(["FLT-2", "FLT-6"]),
        bought_least=np.array([1.0, 0.9]),
        bought_row=np.array(["FLT-1", "FLT-5"]),
        depot_kinds=np.array(["bus_station"]),
        charger_kw=np.array(60.0),
        charger_use=np.array(0.9),
        battery_kwh=np.array(300.0),
        battery_use=np.array(0.8),
        layover_min=np.array(5.0),
        terminal_m=np.array(300.0),
        longest_h=np.array(20.0),
        ready_min=np.array(15.0),
        slot_min=np.array(15.0),
        topup_kw=np.array(120.0),
        topup_min=np.array(2.0),
        charger_cny=np.array(60_000.0),
        topup_cny=np.array(120_000.0),
        transformer_kva=np.array([200.0, 400.0, 800.0, 1600.0]),
        transformer_cny_per_kva=np.array(600.0),
    )
