"""Made-up cities for tests, benchmarks and a first look. Their numbers claim nothing about any real place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from network.city import Behaviour, City, Fleet, Places, Provenance, Roads, Supply, Transit, Zones
from network.hierarchy import hierarchy_of
from network.part import F64
from network.snap import snap
from network.units import EARTH_RADIUS_M, HOURS, MM_PER_M, MS_PER_S, PURPOSES, TRIP_MODES

BLOCK_M = 200.0
ORIGIN_LONLAT = (120.62, 31.30)
_SPEED_M_S = np.array([1.3, 4.2, 5.5, 8.3])[:, None]


def grid_city(n: int, seed: int = 0) -> City:
    """A city of n x n crossings 200 m apart, a zone in every block, a place at every second zone; n >= 3.

    Every fifth street is one-way for cycles and cars. Same n and seed, same city.
    """
    if n < 3:
        raise ValueError("a grid city needs n >= 3")
    rng = np.random.default_rng(seed)
    roads = grid_roads(n)
    zones = _zones(n, rng, roads)
    places = _places(zones, rng, roads)
    behaviour = _behaviour()
    return City(
        id=f"grid-{n}-{seed}",
        name=f"Grid {n} x {n}",
        areas=("grid",),
        roads=roads,
        zones=zones,
        places=places,
        transit=_transit(zones),
        fleet=_fleet(),
        supply=Supply(
            plugs=np.where(np.arange(len(places.id)) % 7 == 0, 2, 0).astype(np.int32),
            plug_kwh_per_day=np.array(120.0),
            plug_reach_m=np.array(500.0),
            plug_search_m=np.array(2000.0),
            parking_cny=np.full(len(zones.id), 5.0),
            driving_cny_per_km=np.array(0.6),
        ),
        behaviour=behaviour,
        provenance=Provenance(
            key=np.array(["synthetic"]),
            value=np.array([f"grid_city({n}, {seed})"]),
            unit=np.array(["-"]),
            source=np.array(["made up, for tests and a first look"]),
            is_default=np.array([True]),
            attribution=np.array([], dtype="U1"),
        ),
    )


def _degrees(xy_m: npt.NDArray[np.floating]) -> F64:
    per_degree = np.radians(1.0) * EARTH_RADIUS_M
    lat = ORIGIN_LONLAT[1] + xy_m[:, 1] / per_degree
    return np.column_stack((ORIGIN_LONLAT[0] + xy_m[:, 0] / (per_degree * np.cos(np.radians(ORIGIN_LONLAT[1]))), lat))


def grid_roads(n: int) -> Roads:
    """Streets of n x n crossings 200 m apart; every fifth street one-way for cycles and cars."""
    x, y = np.meshgrid(np.arange(n), np.arange(n))
    lonlat = _degrees(np.column_stack((x.ravel(), y.ravel())) * BLOCK_M)
    node = np.arange(n * n, dtype=np.int32).reshape(n, n)
    tail = np.concatenate((node[:, :-1].ravel(), node[:-1].ravel()))
    head = np.concatenate((node[:, 1:].ravel(), node[1:].ravel()))
    street = np.concatenate((np.repeat(np.arange(n), n - 1), np.tile(n + np.arange(n), n - 1))).astype(np.int32)
    segments = len(tail)
    one_way = street % 5 == 4

    order = np.argsort(np.concatenate((tail, head)), kind="stable")
    edges = np.empty(2 * segments, np.int32)
    edges[order] = np.arange(2 * segments, dtype=np.int32)
    time_ms = np.repeat(np.rint(BLOCK_M / _SPEED_M_S * MS_PER_S).astype(np.int32), 2 * segments, axis=1)
    time_ms[1:, edges[segments:][one_way]] = -1
    first = np.searchsorted(np.concatenate((tail, head))[order], np.arange(n * n + 1)).astype(np.int32)
    leads = np.concatenate((head, tail))[order]
    return Roads(
        lonlat=lonlat,
        first=first,
        head=leads,
        time_ms=time_ms,
        delay_ms=np.zeros_like(time_ms),
        edges=edges.reshape(2, segments).T.copy(),
        length_m=np.full(segments, np.rint(BLOCK_M * MM_PER_M) / MM_PER_M),
        way=street,
        shape_first=np.arange(0, 2 * segments + 1, 2, dtype=np.int32),
        shape_lonlat=lonlat[np.column_stack((tail, head)).ravel()],
        way_id=np.array([f"way/{w}" for w in range(2 * n)]),
        way_name=np.array([f"{'East' if w < n else 'North'} Street {w % n + 1}" for w in range(2 * n)]),
        way_class=np.where(np.arange(2 * n) % 5 == 0, "secondary", "residential"),
        beside=np.ones(segments, np.bool_),
        barrier_first=np.zeros(1, np.int32),
        barrier_lonlat=np.zeros((0, 2)),
        snap_detour_m=np.array(250.0),
        hierarchy=hierarchy_of(lonlat, first, leads),
    )


def _zones(n: int, rng: np.random.Generator, roads: Roads) -> Zones:
    x, y = np.meshgrid(np.arange(n - 1), np.arange(n - 1))
    centre = np.column_stack((x.ravel(), y.ravel())) * BLOCK_M + BLOCK_M / 2
    count = len(centre)
    corners = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1)]) * BLOCK_M / 2
    lonlat = _degrees(centre)
    return Zones(
        id=np.array([f"zone/{i}" for i in range(count)]),
        area=np.where(x.ravel() < (n - 1) / 2, "west", "east"),
        lonlat=lonlat,
        residents=rng.integers(50, 400, count).astype(float),
        jobs=rng.integers(10, 500, count).astype(float),
        students=rng.integers(0, 60, count).astype(float),
        visitors=rng.integers(0, 40, count).astype(float),
        cars_per_resident=np.full(count, 0.3),
        ev_share=np.full(count, 0.15),
        ring_first=np.arange(0, 5 * count + 1, 5, dtype=np.int32),
        ring_lonlat=_degrees((centre[:, None] + corners).reshape(-1, 2)),
        snap=snap(roads, lonlat),
    )


def _places(zones: Zones, rng: np.random.Generator, roads: Roads) -> Places:
    lonlat = zones.lonlat[::2] + rng.uniform(-4e-4, 4e-4, zones.lonlat[::2].shape)
    count = len(lonlat)
    return Places(
        id=np.array([f"place/{i}" for i in range(count)]),
        kind=np.where(np.arange(count) % 3 == 0, "parking", "kerb"),
        name=np.array([f"Site {i}" for i in range(count)]),
        lonlat=lonlat,
        most_plugs=np.where(np.arange(count) % 3 == 0, 12, 4).astype(np.int32),
        open_cny=np.where(np.arange(count) % 3 == 0, 80_000.0, 30_000.0),
        plug_cny=np.full(count, 20_000.0),
        snap=snap(roads, lonlat),
    )


def _transit(zones: Zones) -> Transit:
    """A bus on every street: straight distances along both axes at 5 m/s, 5 minutes of waiting."""
    metres = np.radians(1.0) * EARTH_RADIUS_M
    x, y = (zones.lonlat * (metres * np.cos(np.radians(ORIGIN_LONLAT[1])), metres)).T
    length_m = np.abs(x[:, None] - x) + np.abs(y[:, None] - y)
    ride = np.where(np.eye(len(x), dtype=bool), np.inf, length_m / 5.0)
    served = np.isfinite(ride)
    return Transit(
        in_vehicle_s=ride,
        wait_s=np.where(served, 300.0, np.inf),
        walk_s=np.where(served, 240.0, np.inf),
        transfers=np.where(served, ((x[:, None] != x) & (y[:, None] != y)).astype(float), np.inf),
        length_m=np.where(served, length_m, np.inf),
        fare_cny=np.full(ride.shape, 2.0),
    )


def _fleet() -> Fleet:
    night, day = np.zeros((1, HOURS)), np.zeros((1, HOURS))
    night[0, :6] = 1 / 6
    day[0, 9:17] = 1 / 8
    return Fleet(
        id=np.array(["private"]),
        km_per_day=np.array([38.0]),
        kwh_per_km=np.array([0.15]),
        charging_efficiency=np.array([0.9]),
        private_share=np.array([0.5]),
        residence_share=np.array([0.5]),
        residence_hours=night,
        destination_hours=day,
    )


def _behaviour() -> Behaviour:
    purposes, modes = len(PURPOSES), len(TRIP_MODES)
    hours = np.zeros((purposes, HOURS))
    hours[0, [7, 8, 17, 18]] = 0.25
    hours[1, 9:21] = 1 / 12
    minute = np.array([-0.08, -0.06, -0.05, -0.03, -0.03])
    return Behaviour(
        trips_per_resident=np.array([1.0, 1.5]),
        attraction=np.array([[0.0, 1.0, 0.5, 0.0], [0.5, 0.5, 0.0, 1.0]]),
        gravity_alpha=np.zeros(purposes),
        gravity_beta_per_min=np.array([0.08, 0.12]),
        constant=np.broadcast_to([1.0, -0.5, 0.5, -0.5, 0.0], (purposes, modes)).copy(),
        time_per_min=np.broadcast_to(minute, (purposes, modes)).copy(),
        wait_per_min=np.full(purposes, -0.05),
        walk_per_min=np.full(purposes, -0.05),
        transfer=np.full(purposes, -0.3),
        cost_per_cny=np.array([-0.08, -0.1]),
        terminal_min=np.array([0.0, 2.0, 2.0, 0.0, 5.0]),
        car_persons=np.array(1.3),
        hours=hours,
        car_kg_per_km=np.array(0.2),
        ev_kg_per_km=np.array(0.1),
        transit_kg_per_km=np.array(0.06),
    )
