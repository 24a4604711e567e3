"""Small cities with stops, lines and entrances where a test wants them; metres east and north of the first crossing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from network import Stations, grid_city, no_bike_points, snap
from network.street_graph import StreetGraph
from network.synthetic import _degrees
from network.timetable import Service, timetable
from network.units import BUS, METRO

SPEED_M_S = 5.0


def degrees(*xy):
    return _degrees(np.array(xy, dtype=float).reshape(-1, 2))


def drawn(streets, classes=None):
    """Straight streets ((x, y), (x, y)) that meet where they share an end; everybody may use them both ways.

    Two more, which lead nowhere, stand in the far corners, so that the others do not lie along the edge of the city.
    """
    streets = [*streets, ((-500.0, -500.0), (-400.0, -500.0)), ((2000.0, 900.0), (2100.0, 900.0))]
    ends = sorted({end for street in streets for end in street})
    at = {end: i for i, end in enumerate(ends)}
    base = grid_city(3).roads
    xy = np.array(streets, dtype=float)
    length = np.round(np.hypot(*(xy[:, 1] - xy[:, 0]).T), 3)
    time_ms = np.rint(length / np.array([1.3, 4.2, 5.5, 8.3])[:, None, None] * 1000)
    pairs = np.array([[at[a], at[b]] for a, b in streets], dtype=np.int64).T
    count = len(streets)
    return StreetGraph(
        lonlat=degrees(*ends),
        tail=pairs,
        head=pairs[::-1].copy(),
        time_ms=np.broadcast_to(time_ms, (4, 2, count)).copy(),
        delay_ms=np.zeros((4, 2, count)),
        length_m=length,
        way=np.arange(count),
        shape_first=np.arange(0, 2 * count + 1, 2),
        shape_lonlat=degrees(*xy.reshape(-1, 2)),
        turn_tail=np.zeros(0, np.int64),
        turn_head=np.zeros(0, np.int64),
        turn_ms=np.zeros((4, 0)),
        way_id=np.array([f"way/{i}" for i in range(count)]),
        way_name=np.array([f"Street {i}" for i in range(count)]),
        way_class=np.array([*(classes or ["residential"] * (count - 2)), "footway", "footway"]),
        beside=np.ones(count, np.bool_),
        barrier_first=base.barrier_first,
        barrier_lonlat=base.barrier_lonlat,
        snap_detour_m=base.snap_detour_m,
    ).roads()


def service(line, stops, xy):
    metres = np.append(0, np.cumsum(np.hypot(*np.diff(xy[stops], axis=0).T))).astype(np.int32)
    starts = np.arange(6 * 3600, 22 * 3600, 600)
    times = np.add.outer(starts, np.ceil(metres / SPEED_M_S)).astype(np.int32)
    yes = np.ones(len(stops), np.bool_)
    at = np.array(stops, dtype=np.int32)
    return Service(line=line, stop=at, length_m=metres, boards=yes, alights=yes, arrive_s=times, depart_s=times)


def city_with(roads, stops, lines, entrances, **rules):
    """A city on these streets.

    stops: points. lines: (name, mode, stops in order), one direction each. entrances: (station, point, its platform or
    None). rules: fields of StopRules.
    """
    base = grid_city(3)
    t = base.transit
    xy = np.array(stops, dtype=float).reshape(-1, 2)
    lonlat = degrees(*xy)
    names = list(dict.fromkeys(station for station, _, _ in entrances))
    platforms = [sorted({p for s, _, p in entrances if s == name and p is not None}) for name in names]
    doors = degrees(*(point for _, point, _ in entrances))
    count = len(entrances)
    stations = Stations(
        id=np.array([f"id-{name}" for name in names], dtype=np.str_),
        name=np.array(names, dtype=np.str_),
        lonlat=degrees(*(next(p for s, p, _ in entrances if s == name) for name in names)),
        eligible=np.ones(len(names), np.bool_),
        platform_first=np.append(0, np.cumsum([len(p) for p in platforms])).astype(np.int32),
        platform=np.array([p for some in platforms for p in some], dtype=np.int32),
        entrance_id=np.array([f"door/{i}" for i in range(count)], dtype=np.str_),
        entrance_station=np.array([names.index(s) for s, _, _ in entrances], dtype=np.int32),
        entrance_lonlat=doors,
        entrance_eligible=np.ones(count, np.bool_),
        entrance_is_centre=np.zeros(count, np.bool_),
        snap=snap(roads, doors),
    )
    transit = replace(
        t,
        stop_name=np.array([f"Stop {i}" for i in range(len(xy))], dtype=np.str_),
        line_id=np.array([f"line/{i}" for i in range(len(lines))], dtype=np.str_),
        line_name=np.array([name for name, _, _ in lines], dtype=np.str_),
        line_mode=np.array([mode for _, mode, _ in lines], dtype=np.int32),
        line_from_year=np.zeros(len(lines), np.int32),
        line_m=np.full(len(lines), 1000.0),
        timetable=timetable(
            np.array([f"stop/{i}" for i in range(len(xy))], dtype=np.str_),
            lonlat,
            snap(roads, lonlat),
            [service(i, calls, xy) for i, (_, _, calls) in enumerate(lines)],
            np.array([int(mode == METRO) for _, mode, _ in lines], dtype=np.int32),
        ),
        stations=stations,
        stop_rules=replace(t.stop_rules, **{name: np.array(float(value)) for name, value in rules.items()}),
    )
    counts = {
        name: np.zeros(len(names), np.int32)
        for name in ("station_racks", "station_spaces")
        if hasattr(base.supply, name)
    }
    return replace(
        base,
        roads=roads,
        zones=replace(base.zones, snap=snap(roads, base.zones.lonlat)),
        places=replace(base.places, snap=snap(roads, base.places.lonlat)),
        supply=replace(base.supply, **counts),
        transit=transit,
        bike_points=no_bike_points(),
    )


def both_ways(name, *stops):
    """A bus line and its way back."""
    return [(name, BUS, list(stops)), (name, BUS, list(stops)[::-1])]
