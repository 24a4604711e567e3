"""Answers of the streets of one city: the quickest way, what lies within minutes, the nearest places, matrices."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from network import (
    City,
    InputError,
    Problem,
    Snap,
    StreetMetric,
    did_you_mean,
    on_street,
    outside,
    paths,
    reach,
    snap,
    units,
)
from network import isochrone as pieces_within
from network import nearest as nearest_ends
from network.io import area_beside
from service.schemas import CityRef
from service.street_schemas import (
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
    Spot,
    StreetQuestion,
    Touch,
    Where,
)

F64 = npt.NDArray[np.float64]

S_PER_MIN: Final = 60.0
M_PER_KM: Final = 1000.0
DEGREE_DIGITS: Final = 6
"""Digits of a degree that are told: a tenth of a metre."""
_GUESSED: Final = 3
"""Unknown ids for which one like it is looked for; each takes milliseconds."""
_AREA: Final = threading.Lock()
"""Held while an area is made, so that however many are asked for, the memory of one is taken."""


class Changed(NamedTuple):
    """A city, and what it is called before anything was changed."""

    ref: CityRef
    city: City


class _Spots(NamedTuple):
    """Points (X) and where they touch the streets."""

    id: list[str | None]
    lonlat: F64
    snap: Snap


def route(of: Changed, asked: RouteRequest) -> RouteAnswer:
    """The quickest way; its time, length and line are None where there is none. Raises InputError for a point."""
    mode = units.NETWORK_MODES.index(asked.mode)
    spots = _spots(of.city, [("from", asked.start), ("to", asked.end)])
    start, end = _some(spots.snap, [0]), _some(spots.snap, [1])
    (way,) = paths(of.city.roads, start, end, mode)
    start_touch, end_touch = _touches(of.city, spots, mode)
    return RouteAnswer(
        **_common(of, asked),
        start=start_touch,
        end=end_touch,
        time_s=way and way.time_s,
        length_m=way and way.length_m,
        legs=[Leg(street=x.name, way_ids=list(x.way_ids), length_m=x.length_m) for x in way.legs] if way else [],
        geometry=LineString(coordinates=_positions(way.lonlat)) if way else None,
    )


def isochrones(of: Changed, asked: IsochroneRequest, beside_m: float, most_points: int) -> IsochroneAnswer:
    """For each limit the reached streets as an area, and what touches them.

    Raises InputError for the point, and where an area needs more than `most_points` grid points.
    """
    city, mode = of.city, units.NETWORK_MODES.index(asked.mode)
    beside_m = asked.beside_m or beside_m
    spots = _spots(city, [("from", asked.start)])
    limits_s = [minutes * S_PER_MIN for minutes in asked.minutes]
    to_zones, to_places = (_times(city, spots.snap, to.snap, mode, max(limits_s)) for to in (city.zones, city.places))
    found = pieces_within(city.roads, spots.snap, mode, limits_s)
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
        rings = [[_positions(ring) for ring in polygon] for polygon in area]
        features.append(ReachedArea(geometry=MultiPolygon(coordinates=rings), properties=reached))
    (touch,) = _touches(city, spots, mode)
    return IsochroneAnswer(**_common(of, asked), start=touch, beside_m=beside_m, features=features)


def _times(city: City, start: Snap, ends: Snap, mode: int, limit_s: float) -> F64:
    """(Y) seconds from one start to the ends within a limit, infinite beyond it."""
    near = reach(city.roads, start, ends, mode, limit_s)
    times = np.full(ends.segment.shape[1], np.inf)
    times[near.end] = near.time_s
    return times


def nearest(of: Changed, asked: NearestRequest) -> NearestAnswer:
    """The k places, of a kind, that are quickest to reach. Raises InputError for the point or the kind."""
    places, mode = of.city.places, units.NETWORK_MODES.index(asked.mode)
    spots = _spots(of.city, [("from", asked.start)])
    some = np.flatnonzero(np.ones(len(places.id), bool) if asked.kind is None else places.kind == asked.kind)
    if asked.kind is not None and not len(some):
        known = ", ".join(sorted(set(places.kind.tolist()))) or "none: the city has no places"
        raise InputError(Problem("kind", f"no place is of the kind {asked.kind!r}", f"known are {known}"))
    at, time_s, length_m = nearest_ends(of.city.roads, spots.snap, _some(places.snap, some), mode, asked.k)
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
    (touch,) = _touches(of.city, spots, mode)
    return NearestAnswer(**_common(of, asked), start=touch, kind=asked.kind, places=found)


def matrix(
    of: Changed, asked: MatrixRequest, most_cells: int, metric_of_mode: Callable[[int], StreetMetric]
) -> MatrixAnswer:
    """Times and lengths, None where there is no way. Raises InputError for points, and where it is too large."""
    rows, columns = len(asked.origins), len(asked.destinations)
    if rows * columns > most_cells:
        what = f"{rows:,} x {columns:,} points are {rows * columns:,} cells, above {most_cells:,}"
        hint = "ask for fewer at a time, or raise LUXING_MATRIX_MOST_CELLS"
        raise InputError(Problem("origins, destinations", what, hint))
    ends = {"origins": asked.origins, "destinations": asked.destinations}
    spots = _spots(of.city, [(f"{name}[{i}]", x) for name, given in ends.items() for i, x in enumerate(given)])
    start, end = _some(spots.snap, slice(rows)), _some(spots.snap, slice(rows, None))
    time_s, length_m = metric_of_mode(units.NETWORK_MODES.index(asked.mode)).skim(start, end)
    return MatrixAnswer(**_common(of, asked), time_s=_cells(time_s), length_m=_cells(length_m))


def warm_up(city: City) -> None:
    """Load the kernels of every question."""
    roads, points, mode = city.roads, city.zones.snap, units.WALK
    paths(roads, points, points, mode)
    pieces_within(roads, points, mode, [S_PER_MIN])
    nearest_ends(roads, points, points, mode, 1)
    reach(roads, points, points, mode, S_PER_MIN)


def _common(of: Changed, asked: StreetQuestion) -> dict[str, Any]:
    """The fields of schemas.StreetAnswer."""
    credit = [str(text) for text in of.city.provenance.attribution]
    return {"city": of.ref, "changed_digest": of.city.digest, "mode": asked.mode, "attribution": credit}


def _spots(city: City, asked: Sequence[tuple[str, Where]]) -> _Spots:
    """What was asked for, by its name in the request. Raises InputError with every point that cannot be used."""
    places, zones = city.places, city.zones
    position = {name: i for i, name in enumerate([*zones.id.tolist(), *places.id.tolist()])}
    known = len(zones.id) + len(places.id)
    drawn = [spot for _, spot in asked if isinstance(spot, Spot)]
    points = np.array([(spot.lon, spot.lat) for spot in drawn]).reshape(-1, 2)
    unknown = [(where, x) for where, x in asked if isinstance(x, str) and x not in position]
    problems = [
        Problem(
            where,
            f"no place and no zone has the id {x!r}",
            (did_you_mean(x, position) if i < _GUESSED else "") or "give an id or lon and lat",
        )
        for i, (where, x) in enumerate(unknown)
    ]
    for where, x in asked:
        if isinstance(x, Spot) and (wrong := outside(city.roads, x.lon, x.lat)):
            what, hint = wrong
            problems.append(Problem(where, f"{what} of {city.id}", hint))
    if problems:
        raise InputError(problems)
    fresh = iter(range(known, known + len(drawn)))
    at = [position[x] if isinstance(x, str) else next(fresh) for _, x in asked]
    parts = [zones.snap, places.snap, *([snap(city.roads, points)] if drawn else [])]
    arrays = {name: np.concatenate([getattr(p, name) for p in parts], axis=1)[:, at] for name, _ in zones.snap.arrays()}
    lonlat = np.concatenate([zones.lonlat, places.lonlat, points])[at]
    return _Spots([x if isinstance(x, str) else None for _, x in asked], lonlat, Snap(**arrays))


def _some(points: Snap, at: Any) -> Snap:
    """Some points, by position."""
    return Snap(**{name: array[:, at] for name, array in points.arrays()})


def _touches(city: City, spots: _Spots, mode: int) -> list[Touch]:
    roads, segment = city.roads, spots.snap.segment[mode]
    way = roads.way[segment]
    touched = on_street(roads, segment, spots.snap.along[mode])
    rows = zip(
        spots.id,
        _positions(spots.lonlat),
        roads.way_name[way].tolist(),
        roads.way_id[way].tolist(),
        _positions(touched),
        spots.snap.off_m[mode].tolist(),
        strict=True,
    )
    return [
        Touch(
            id=name,
            lon=lon,
            lat=lat,
            street=street,
            way_id=way_id,
            street_lon=street_lon,
            street_lat=street_lat,
            off_m=round(off_m, 1),
        )
        for name, (lon, lat), street, way_id, (street_lon, street_lat), off_m in rows
    ]


def _positions(lonlat: F64) -> list[tuple[float, float]]:
    """(X, 2) degrees as GeoJSON has them."""
    return [(lon, lat) for lon, lat in np.round(lonlat, DEGREE_DIGITS).tolist()]


def _cells(matrix: F64) -> list[list[float | None]]:
    cells: list[list[float | None]] = np.where(np.isfinite(matrix), matrix, None).tolist()  # type: ignore[call-overload]
    return cells
