"""Made-up cities for tests, benchmarks and a first look. Their numbers claim nothing about any real place."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from network.behaviour import Behaviour
from network.carbon_rules import CarbonRules
from network.city import City, Places, Provenance, Roads, Supply, Zones
from network.congestion_rules import CongestionRules
from network.feeders import no_feeders
from network.hierarchy import hierarchy_of
from network.levers import no_levers
from network.loop_rules import LoopRules
from network.part import F64, I32
from network.snap import snap
from network.stop_rules import StopRules
from network.synthetic_bikes import grid_bike_points, grid_bike_sharing
from network.synthetic_fleet import grid_buses, grid_charging, grid_fleet
from network.synthetic_parking import grid_lots, grid_new_spaces, grid_parking
from network.tariffs import Tariffs
from network.timetable import Service, timetable
from network.transit import Stations, Transit
from network.units import (
    BANDS,
    BUS,
    EARTH_RADIUS_M,
    HOURS,
    METRO,
    MM_PER_M,
    MS_PER_S,
    PURPOSES,
    TRIP_MODES,
)

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
    behaviour, transit, parking = _behaviour(), _transit(n, roads), grid_parking()
    return City(
        id=f"grid-{n}-{seed}",
        name=f"Grid {n} x {n}",
        areas=("grid",),
        roads=roads,
        zones=zones,
        places=places,
        transit=transit,
        fleet=grid_fleet(),
        charging=grid_charging(),
        feeders=no_feeders(),
        buses=grid_buses(),
        supply=Supply(
            plugs=np.outer([0, 1, 0], np.where(np.arange(len(places.id)) % 7 == 0, 2, 0)).astype(np.int32),
            feeder_steps=np.zeros(0, np.int32),
            plug_reach_m=np.array(500.0),
            plug_search_m=np.array(2000.0),
            parking_cny=np.full(len(zones.id), 5.0),
            parking_spaces=np.zeros(len(zones.id)),
            parking_turnover=np.full(len(zones.id), 6.0),
            parking_rounds=np.array(20.0),
            driving_cny_per_km=np.array(0.6),
            taxi_start_cny=np.array(10.0),
            taxi_start_m=np.array(3000.0),
            taxi_cny_per_km=np.array(2.0),
            station_racks=np.zeros(len(transit.stations.id), np.int32),
            station_spaces=np.zeros(len(transit.stations.id), np.int32),
            station_turnover=np.array([2.0, 2.0]),
            station_access_m=np.array([3000.0, 10_000.0]),
            station_parking_cny=np.array(2.0),
            station_rounds=np.array(100.0),
            station_size=np.array([[20.0, 50.0], [20.0, 50.0]]),
            station_open_cny=np.array([10_000.0, 200_000.0]),
            station_unit_cny=np.array([1000.0, 40_000.0]),
        ),
        behaviour=behaviour,
        carbon=_carbon(),
        congestion=_congestion(),
        lots=grid_lots(places, zones, roads, parking),
        parking=parking,
        new_spaces=grid_new_spaces(),
        bike_points=grid_bike_points(zones, roads),
        bike_sharing=grid_bike_sharing(),
        levers=no_levers(len(zones.id)),
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
        home_access=np.where(x.ravel() < (n - 1) / 2, 0.5, 0.2),
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
        feeder=np.full(count, -1, np.int32),
        snap=snap(roads, lonlat),
    )


def _transit(n: int, roads: Roads) -> Transit:
    """Buses on every second street at 5 m/s every ten minutes, a metro along the middle at 10 m/s every five.

    The metro calls at every second crossing; its stations have two entrances.
    """
    node = np.arange(n * n, dtype=np.int32).reshape(n, n)
    buses = [street for i in range(0, n, 2) for street in (node[i], node[:, i])]
    halts = node[n // 2, ::2]
    stops = np.unique(np.concatenate(buses))
    stop_of = np.full(n * n, -1, np.int32)
    stop_of[stops] = np.arange(len(stops), dtype=np.int32)
    platforms = len(stops) + np.arange(len(halts), dtype=np.int32)
    ways = [(stop_of[street], 1, 5.0, 600) for street in buses] + [(platforms, 2, 10.0, 300)]
    both = [(calls[::turn], spacing, speed, headway) for calls, spacing, speed, headway in ways for turn in (1, -1)]
    at = np.append(stops, halts)
    lonlat = roads.lonlat[at]
    return Transit(
        stop_name=np.array([f"Crossing {node}" for node in at]),
        line_id=np.array([f"line/{i}" for i in range(len(both))]),
        line_name=np.array([f"Line {i // 2}" for i in range(len(both))]),
        line_mode=np.array([BUS] * (len(both) - 2) + [METRO] * 2, dtype=np.int32),
        line_from_year=np.zeros(len(both), np.int32),
        line_m=np.array([(len(calls) - 1) * spacing * BLOCK_M for calls, spacing, _, _ in both]),
        year=np.array(2026, np.int32),
        timetable=timetable(
            np.array([*(f"stop/{i}" for i in stops), *(f"platform/{i}" for i in halts)]),
            lonlat,
            snap(roads, lonlat),
            [_service(line, *how) for line, how in enumerate(both)],
            np.array([0] * (len(both) - 2) + [1] * 2, dtype=np.int32),
        ),
        tariffs=Tariffs(
            id=np.array(["bus", "metro"]),
            first=np.array([0, 1, 3], dtype=np.int32),
            from_m=np.array([0, 0, 1000], dtype=np.int32),
            cny=np.array([2.0, 2.0, 3.0]),
            through=np.array([False, True]),
            transfer_off_cny=np.zeros((2, 2)),
        ),
        stations=_stations(roads, halts, platforms),
        stop_rules=_stop_rules(),
        loop_rules=_loop_rules(),
        m_per_s=np.array([5.0, 5.0, 10.0, 15.0, 3.0]),
        detour=np.ones(5),
        access_s=np.array(800.0),
        transfer_s=np.array(200.0),
        change_s=np.array(60.0),
        window_start_s=np.array([7 * 3600.0, 10 * 3600.0]),
        window_min=np.array(20.0),
        longest_s=np.array(7200.0),
        most_rides=np.array(3.0),
        late_percent=np.array(90.0),
        estimate_m_per_s=np.array(4.0),
        estimate_wait_s=np.array(360.0),
        estimate_transfers=np.array(0.3),
        estimate_walk_s=np.array(300.0),
    )


def _service(line: int, calls: I32, spacing: int, speed_m_s: float, headway_s: int) -> Service:
    """A line at a fixed headway from six to ten in the evening; lines start some seconds apart."""
    metres = (np.arange(len(calls)) * spacing * BLOCK_M).astype(np.int32)
    starts = np.arange(6 * 3600 + line * 97 % headway_s, 22 * 3600, headway_s)
    times = np.add.outer(starts, np.rint(metres / speed_m_s)).astype(np.int32)
    every = np.ones(len(calls), np.bool_)
    return Service(
        line=line, stop=calls.copy(), length_m=metres, boards=every, alights=every, arrive_s=times, depart_s=times
    )


def _stop_rules() -> StopRules:
    metres = {"station_m": 150, "entrance_m": 100, "search_m": 1000, "kerb_spacing_m": 20, "junction_m": 50}
    others = {"junction_share": 0.4, "detour_m": 200, "move_m": 150, "new_cny": 100_000, "move_cny": 60_000}
    numbers = {name: np.array(float(value)) for name, value in (metres | others).items()}
    return StopRules(no_stop_classes=np.array(["service"]), **numbers)


def _loop_rules() -> LoopRules:
    times = {"kmh": 12, "longest_min": 30, "headway_min": 15, "first_h": 6, "last_h": 22}
    others = {"stop_spacing_m": 200, "reuse_m": 30, "job_weight": 1, "most_shared": 0.5, "vehicle_hour_cny": 100}
    numbers = {name: np.array(float(value)) for name, value in (times | others).items()}
    return LoopRules(street_classes=np.array(["residential", "secondary"]), **numbers)


def _stations(roads: Roads, halts: I32, platforms: I32) -> Stations:
    """Entrances 60 m west and east of the crossing a station is at."""
    count = len(halts)
    middle = roads.lonlat[halts]
    aside = _degrees(np.array([[-60.0, 0.0], [60.0, 0.0]])) - ORIGIN_LONLAT
    entrances = (middle[:, None] + aside).reshape(-1, 2)
    return Stations(
        id=np.array([f"station/{i}" for i in range(count)]),
        name=np.array([f"Station {i}" for i in range(count)]),
        lonlat=middle,
        eligible=np.ones(count, np.bool_),
        platform_first=np.arange(count + 1, dtype=np.int32),
        platform=platforms,
        entrance_id=np.array([f"entrance/{i}" for i in range(2 * count)]),
        entrance_station=np.repeat(np.arange(count, dtype=np.int32), 2),
        entrance_lonlat=entrances,
        entrance_eligible=np.ones(2 * count, np.bool_),
        entrance_is_centre=np.zeros(2 * count, np.bool_),
        snap=snap(roads, entrances),
    )


def _carbon() -> CarbonRules:
    """An electric car of the fleet sets free half of what a petrol car does."""
    numbers = {
        "car_kg_per_km": 0.2,
        "ebike_kwh_per_km": 0.01,
        "bus_kwh_per_km": 1.0,
        "bus_kg_per_km": 0.9,
        "bus_persons": 10.0,
        "rail_kwh_per_km": 0.1,
        "bus_rail_bus_share": 0.25,
    }
    return CarbonRules(
        province=np.array("made up"),
        grid_year=np.array([2025, 2026], dtype=np.int32),
        grid_kg_per_kwh=np.array([0.7, 0.6]),
        bus_year=np.array([2025, 2027], dtype=np.int32),
        bus_electric_share=np.array([0.4, 0.6]),
        **{name: np.array(value) for name, value in numbers.items()},
    )


def _congestion() -> CongestionRules:
    numbers = {"other_capacity": 300, "alpha": 0.15, "beta": 4, "gap": 1e-5, "most_rounds": 20}
    limits = {"settled_share": 1e-5, "settled_time": 1e-4}
    return CongestionRules(
        street_classes=np.array(["residential", "secondary"]),
        capacity=np.array([600.0, 1000.0]),
        outbound_share=np.array([[0.9, 0.9, 0.6, 0.5, 0.7], [0.5] * len(PURPOSES)]),
        **{name: np.array(float(value)) for name, value in (numbers | limits).items()},
    )


def _behaviour() -> Behaviour:
    purposes, modes = len(PURPOSES), len(TRIP_MODES)
    hours = np.zeros((purposes, HOURS))
    hours[:2, [7, 8, 17, 18]] = 0.25
    hours[2:, 9:21] = 1 / 12
    minute = np.array([-0.08, -0.06, -0.05, -0.03, -0.03, -0.03, -0.03, -0.03, -0.03, -0.03])
    constant = [1.0, -0.5, 0.5, -0.5, -0.4, -0.8, 0.0, -2.0, -0.7, -0.8]
    return Behaviour(
        trip_rates=np.array([[1.0, 0, 0, 0], [0, 0, 1.5, 0], [1.2, 0, 0, 0], [0, 0.4, 0, 0], [0, 0, 0, 2.0]]),
        attraction=np.array([[0, 1.0, 0, 0], [0, 0, 1.0, 0], [0.5, 0.5, 0, 1.0], [0.2, 1, 0, 0.5], [0, 0.2, 0, 1]]),
        gravity_alpha=np.zeros(purposes),
        gravity_beta_per_min=np.array([0.08, 0.14, 0.12, 0.12, 0.06]),
        purpose_period=np.array([0, 0, 1, 1, 1], dtype=np.int32),
        car_at_hand=np.array([1.0, 0.5, 1.0, 1.0, 0.5]),
        nest_scale=np.tile([0.8, 0.7, 0.9], (purposes, 1)),
        constant=np.broadcast_to(constant, (purposes, modes)).copy(),
        band_constant=np.zeros((modes, BANDS)),
        time_per_min=np.broadcast_to(minute, (purposes, modes)).copy(),
        wait_per_min=np.full(purposes, -0.05),
        walk_per_min=np.full(purposes, -0.05),
        transfer=np.full(purposes, -0.3),
        cost_per_cny=np.array([-0.08, -0.1, -0.1, -0.06, -0.06]),
        terminal_min=np.array([0.0, 2.0, 2.0, 0.0, 0.0, 0.0, 5.0, 6.0, 2.0, 3.0]),
        longest_m=np.full(modes, 1e6),
        car_persons=np.array(1.3),
        taxi_persons=np.array(1.5),
        points_felt=np.array(0.3),
        hours=hours,
    )
