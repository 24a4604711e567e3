"""What the parts of a journey are worth: the city's behaviour, prices and levers as the numbers the logit works on."""

from __future__ import annotations

import numpy as np

from network.city import City
from network.kernels.logit import Nests
from network.kernels.utility import LINES, Skims, Utility
from network.part import F64, I32
from network.travel import Travel
from network.units import (
    BAND_EDGES_M,
    DIRECT_MODES,
    GREEN_MODES,
    MOTOR_NEST,
    NEST_OF,
    NESTS,
    TRANSIT_NEST,
    TRIP_CAR,
    TRIP_MODES,
    TRIP_PARK_RIDE,
    TRIP_TAXI,
    VISITOR,
)

M_PER_KM = 1000.0
S_PER_MIN = 60.0
_D = len(DIRECT_MODES)
GREEN_DIRECT = tuple(k for k in GREEN_MODES if k < _D)
"""Direct modes that are rewarded as green."""


def car_share(city: City) -> F64:
    """(U, Z) share of the travellers from a zone with a car at hand."""
    return np.asarray(np.minimum(np.multiply.outer(city.behaviour.car_at_hand, city.zones.cars_per_resident), 1.0))


def purposes_in(city: City, period: int) -> I32:
    """Purposes whose trips are made by the times of a period."""
    return np.flatnonzero(city.behaviour.purpose_period == period).astype(np.int32)


def skims_in(city: City, travel: Travel, period: int) -> Skims:
    """What is between zones in a period."""
    t = travel.transit
    ferry = t.ferry[period]
    return Skims(
        road_s=travel.road_time_s,
        drive_s=travel.drive_s[period],
        road_m=travel.road_length_m,
        in_vehicle_s=t.in_vehicle_s[period],
        wait_s=t.wait_s[period],
        walk_s=t.walk_s[period],
        transfers=t.transfers[period],
        fare_cny=t.fare_cny[period],
        line_m=t.length_m[period],
        ferry=ferry if ferry.any() else np.zeros((LINES, 0, 0), np.bool_),
        charge_cny=city.levers.charge_cny,
    )


def utility_of(city: City, purposes: I32, room: F64 | None = None) -> Utility:
    """What every part of a journey adds to the utility of the direct modes, for some purposes; a car's and a taxi's
    costs are shared by the persons in it. `room` (Z) is the share of drivers who find a space, all where it is None.
    """
    b, s, levers = city.behaviour, city.supply, city.levers
    cost = b.cost_per_cny[purposes]
    start = (b.constant + b.time_per_min * b.terminal_min)[purposes, :_D, None] + np.zeros((1, 1, len(city.zones.id)))
    start[:, TRIP_TAXI] += (cost * s.taxi_start_cny / b.taxi_persons)[:, None]
    reward = np.zeros((len(purposes), _D))
    reward[:, list(GREEN_DIRECT)] = -(cost * points_cny_per_m(city))[:, None]
    banded = b.band_constant[:_D]
    return Utility(
        start=start,
        end=_at_end(city, purposes, room),
        banded=bool(banded.any()),
        by_band=banded,
        edges_m=np.array(BAND_EDGES_M),
        longest_m=b.longest_m[:_D],
        per_s=b.time_per_min[purposes, :_D] / S_PER_MIN,
        wait_per_s=b.wait_per_min[purposes] / S_PER_MIN,
        walk_per_s=b.walk_per_min[purposes] / S_PER_MIN,
        transfer=b.transfer[purposes] * (1.0 - levers.transfer_off_share),
        fare_per_cny=cost * (1.0 - levers.fare_off_share),
        charge_per_cny=cost / b.car_persons,
        drive_per_m=cost * s.driving_cny_per_km / b.car_persons / M_PER_KM,
        taxi_per_m=cost * s.taxi_cny_per_km / b.taxi_persons / M_PER_KM,
        taxi_from_m=float(s.taxi_start_m),
        reward_per_m=reward,
    )


def _at_end(city: City, purposes: I32, room: F64 | None) -> F64:
    """(U, D, Z) what depends on the destination alone: parking, whether there is room for it, and tickets."""
    b = city.behaviour
    cost = b.cost_per_cny[purposes]
    end = np.zeros((len(purposes), _D, len(city.zones.id)))
    end[:, TRIP_CAR] = np.multiply.outer(cost, city.supply.parking_cny / b.car_persons)
    if room is not None:
        end[:, TRIP_CAR] += np.multiply.outer(b.nest_scale[purposes, MOTOR_NEST], np.log(room))
    for at in np.flatnonzero(purposes == VISITOR):
        end[at, list(GREEN_DIRECT)] = -cost[at] * city.levers.ticket_off_cny
    return end


def points_cny_per_m(city: City) -> float:
    """What a metre by a green mode is felt to be worth in carbon points."""
    return float(city.behaviour.points_felt * paid_cny_per_m(city))


def paid_cny_per_m(city: City) -> float:
    """What carbon points cost per metre by a green mode: the CO2 of a person in a petrol car."""
    kg_per_km = city.carbon.car_kg_per_km / city.behaviour.car_persons
    return float(city.levers.points_cny_per_kg * kg_per_km / M_PER_KM)


def nests_of(city: City, purposes: I32, *, stations: bool) -> Nests:
    """The nests of the modes, for some purposes."""
    held = np.isin(np.arange(len(TRIP_MODES)), (TRIP_CAR, TRIP_PARK_RIDE))
    apart = np.isin(np.arange(len(NESTS)), (TRANSIT_NEST, MOTOR_NEST) if stations else (MOTOR_NEST,))
    return Nests(
        nest=np.array(NEST_OF, dtype=np.int32),
        scale=city.behaviour.nest_scale[purposes],
        held=held,
        apart=apart,
        share=car_share(city)[purposes],
    )
