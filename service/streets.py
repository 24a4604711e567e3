"""Answers of the streets of one city: the quickest way, what lies within minutes, the nearest places, matrices."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt

from network import City, InputError, Problem, Snap, StreetMetric, paths, reach, units
from network import isochrone as pieces_within
from network import nearest as nearest_ends
from network.io import area_beside
from service import by_transit
from service.access import of_kind
from service.spots import Changed, cells, chosen, common, positions, spots_of, touches
from service.street_schemas import (
    TRANSIT,
    IsochroneAnswer,
    IsochroneRequest,
    Leg,
    LineString,
    MatrixAnswer,
    MatrixRequest,
    MultiPolygon,
    NearestAnswer,
    NearestRequest,
    NearPlace,
    Reached,
    ReachedArea,
    RouteAnswer,
    RouteRequest,
)

F64 = npt.NDArray[np.float64]

S_PER_MIN: Final = 60.0
M_PER_KM: Final = 1000.0
_MANY: Final = 512
"""Points enough that access from them is swept for, not searched for."""
_AREA: Final = threading.Lock()
"""Held while an area is made, so that however many are asked for, the memory of one is taken."""


def route(of: Changed, asked: RouteRequest) -> RouteAnswer:
    """The quickest way; its time, length and line are None where there is none. Raises InputError for a point."""
    if asked.mode == TRANSIT:
        return by_transit.route(of, asked)
    by_transit.only_by_transit(asked, "depart", "access")
    mode = units.NETWORK_MODES.index(asked.mode)
    spots = spots_of(of.city, [("from", asked.start), ("to", asked.end)])
    start, end = chosen(spots.snap, [0]), chosen(spots.snap, [1])
    (way,) = paths(of.city.roads, start, end, mode)
    start_touch, end_touch = touches(of.city, spots, mode)
    return RouteAnswer(
        **common(of, asked),
        start=start_touch,
        end=end_touch,
        time_s=way and way.time_s,
        length_m=way and way.length_m,
        legs=[Leg(street=x.name, way_ids=list(x.way_ids), length_m=x.length_m) for x in way.legs] if way else [],
        geometry=LineString(coordinates=positions(way.lonlat)) if way else None,
    )


def isochrones(of: Changed, asked: IsochroneRequest, beside_m: float, most_points: int) -> IsochroneAnswer:
    """For each limit the reached streets as an area, and what touches them.

    Raises InputError for the point, and where an area needs more than `most_points` grid points.
    """
    city, beside_m = of.city, asked.beside_m or beside_m
    spots = spots_of(city, [("from", asked.start)])
    limits_s = [minutes * S_PER_MIN for minutes in asked.minutes]
    if asked.mode == TRANSIT:
        mode = units.WALK
        found, to_zones, to_places = by_transit.reached(city, spots.snap, limits_s)
    else:
        mode = units.NETWORK_MODES.index(asked.mode)
        found = pieces_within(city.roads, spots.snap, mode, limits_s)
        ends = city.zones, city.places
        to_zones, to_places = (_times(city, spots.snap, to.snap, mode, max(limits_s)) for to in ends)
    features = []
    for minutes, pieces in zip(asked.minutes, found, strict=True):
        zones = to_zones <= pieces.limit_s
        reached = Reached(
            minutes=minutes,
            street_km=pieces.reached_length_m / M_PER_KM,
            residents=float(city.zones.residents[zones].sum()),
            zones=int(zones.sum()),
            places=int((to_places <= pieces.limit_s).sum()),
        )
        with _AREA:
            area = area_beside(pieces.line_lonlat, pieces.line_first, beside_m, most_points)
        rings = [[positions(ring) for ring in polygon] for polygon in area]
        features.append(ReachedArea(geometry=MultiPolygon(coordinates=rings), properties=reached))
    (touch,) = touches(city, spots, mode)
    return IsochroneAnswer(**common(of, asked), start=touch, beside_m=beside_m, features=features)


def _times(city: City, start: Snap, ends: Snap, mode: int, limit_s: float) -> F64:
    """(Y) seconds from one start to the ends within a limit, infinite beyond it."""
    near = reach(city.roads, start, ends, mode, limit_s)
    times = np.full(ends.segment.shape[1], np.inf)
    times[near.end] = near.time_s
    return times


def nearest(of: Changed, asked: NearestRequest) -> NearestAnswer:
    """The k places, of a kind, that are quickest to reach. Raises InputError for the point or the kind."""
    places, mode = of.city.places, units.NETWORK_MODES.index(asked.mode)
    spots = spots_of(of.city, [("from", asked.start)])
    some = of_kind(of.city, asked.kind)
    at, time_s, length_m = nearest_ends(of.city.roads, spots.snap, chosen(places.snap, some), mode, asked.k)
    there = at[0] >= 0
    rows = zip(some[at[0][there]].tolist(), time_s[0][there].tolist(), length_m[0][there].tolist(), strict=True)
    found = [
        NearPlace(
            id=str(places.id[p]),
            name=str(places.name[p]),
            kind=str(places.kind[p]),
            lon=float(places.lonlat[p, 0]),
            lat=float(places.lonlat[p, 1]),
            time_s=seconds,
            length_m=metres,
        )
        for p, seconds, metres in rows
    ]
    (touch,) = touches(of.city, spots, mode)
    return NearestAnswer(**common(of, asked), start=touch, kind=asked.kind, places=found)


def matrix(
    of: Changed, asked: MatrixRequest, most_cells: int, metric_of_mode: Callable[[int], StreetMetric]
) -> MatrixAnswer:
    """Times and lengths, None where there is no way. Raises InputError for points, and where it is too large."""
    if asked.mode != TRANSIT:
        by_transit.only_by_transit(asked, "percentiles", "parts", "access")
    rows, columns, tables = len(asked.origins), len(asked.destinations), by_transit.tables(asked)
    least = by_transit.CELLS_A_SEARCH if asked.mode == TRANSIT else 0
    count = rows * max(columns * tables, least)
    if count > most_cells:
        points = f"{rows:,} x {columns:,} points" + (f" in {tables} tables" if tables > 1 else "")
        searched = f" ({least:,} or more for each origin by transit)" if least else ""
        what = f"{points} are {count:,} cells{searched}, above {most_cells:,}"
        hint = "ask for fewer at a time, or raise LUXING_MATRIX_MOST_CELLS"
        raise InputError(Problem("origins, destinations", what, hint))
    ends = {"origins": asked.origins, "destinations": asked.destinations}
    spots = spots_of(of.city, [(f"{name}[{i}]", x) for name, given in ends.items() for i, x in enumerate(given)])
    start, end = chosen(spots.snap, slice(rows)), chosen(spots.snap, slice(rows, None))
    if asked.mode == TRANSIT:
        return by_transit.matrix(of, asked, start, end)
    time_s, length_m = metric_of_mode(units.NETWORK_MODES.index(asked.mode)).skim(start, end)
    return MatrixAnswer(**common(of, asked), time_s=cells(time_s), length_m=cells(length_m))


def _to_many(city: City) -> object:
    many = chosen(city.zones.snap, np.resize(np.arange(len(city.zones.id)), _MANY))
    return reach(city.roads, many, many, units.WALK, _MANY * S_PER_MIN)


FIRST_QUESTIONS: Final[dict[str, Callable[[City], object]]] = {
    "routes": lambda city: paths(city.roads, city.zones.snap, city.zones.snap, units.WALK),
    "isochrones": lambda city: pieces_within(city.roads, city.zones.snap, units.WALK, [S_PER_MIN]),
    "nearest places": lambda city: nearest_ends(city.roads, city.zones.snap, city.zones.snap, units.WALK, 1),
    "access from few zones": lambda city: reach(city.roads, city.zones.snap, city.zones.snap, units.WALK, S_PER_MIN),
    "access from many zones": _to_many,
    **by_transit.FIRST_QUESTIONS,
}
"""One question of each kind, by name, which loads its kernels."""
