"""What questions to the streets share: the points that are asked for, and what every answer says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from network import City, InputError, Problem, Snap, did_you_mean, on_street, outside, snap
from service.schemas import CityRef
from service.street_schemas import Spot, StreetQuestion, Touch, Where

F64 = npt.NDArray[np.float64]

DEGREE_DIGITS: Final = 6
"""Digits of a degree that are told: a tenth of a metre."""
_GUESSED: Final = 3
"""Unknown ids for which one like it is looked for; each takes milliseconds."""


class Changed(NamedTuple):
    """A city, and what it is called before anything was changed."""

    ref: CityRef
    city: City


class Spots(NamedTuple):
    """Points (X) and where they touch the streets."""

    id: list[str | None]
    lonlat: F64
    snap: Snap


def common(of: Changed, asked: StreetQuestion) -> dict[str, Any]:
    """The fields of schemas.StreetAnswer."""
    credit = [str(text) for text in of.city.provenance.attribution]
    return {"city": of.ref, "changed_digest": of.city.digest, "mode": asked.mode, "attribution": credit}


def spots_of(city: City, asked: Sequence[tuple[str, Where]]) -> Spots:
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
    return Spots([x if isinstance(x, str) else None for _, x in asked], lonlat, Snap(**arrays))


def chosen(points: Snap, at: Any) -> Snap:
    """Some points, by position."""
    return Snap(**{name: array[:, at] for name, array in points.arrays()})


def touches(city: City, spots: Spots, mode: int) -> list[Touch]:
    """Where points touch the streets of a network mode."""
    roads, segment = city.roads, spots.snap.segment[mode]
    way = roads.way[segment]
    touched = on_street(roads, segment, spots.snap.along[mode])
    rows = zip(
        spots.id,
        positions(spots.lonlat),
        roads.way_name[way].tolist(),
        roads.way_id[way].tolist(),
        positions(touched),
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


def positions(lonlat: F64) -> list[tuple[float, float]]:
    """(X, 2) degrees as GeoJSON has them."""
    return [(lon, lat) for lon, lat in np.round(lonlat, DEGREE_DIGITS).tolist()]


def cells(matrix: F64) -> list[list[float | None]]:
    """A matrix as JSON has it: None where there is no way."""
    out: list[list[float | None]] = np.where(np.isfinite(matrix), matrix, None).tolist()  # type: ignore[call-overload]
    return out
