"""Layers of areas (GeoJSON) and the local plane in which cells are cut."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from network.errors import InputError, Problem
from network.io.coordinates import WGS84, to_wgs84
from network.io.tables import read_text
from network.part import F64
from network.snap import local_metres

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_CORNERS = 3


@dataclass(frozen=True)
class Plane:
    """Plane metres around one latitude and back: equirectangular, good to 0.1 % across a city."""

    lat: float

    def metres(self, lonlat: F64) -> F64:
        return local_metres(lonlat, self.lat)

    def degrees(self, xy_m: F64) -> F64:
        return xy_m / local_metres(np.ones((1, 2)), self.lat)


def read_features(path: Path) -> tuple[list[dict[str, Any]], str]:
    """Features of a GeoJSON file and its datum: WGS-84 (RFC 7946) unless an old-style `crs` member says otherwise.

    Raises InputError where the file is not a GeoJSON feature collection.
    """
    try:
        data = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(Problem(path.name, f"is not valid JSON: {error}", "correct the text")) from None
    if isinstance(data, dict) and data.get("type") in {"Polygon", "MultiPolygon"}:
        data = {"type": "Feature", "geometry": data}
    if not isinstance(data, dict) or data.get("type") not in {"FeatureCollection", "Feature"}:
        raise InputError(Problem(path.name, "is not a GeoJSON feature collection", "see RFC 7946, section 3.3"))
    features = data.get("features") if data["type"] == "FeatureCollection" else [data]
    if not isinstance(features, list) or not all(map(_is_feature, features)):
        raise InputError(Problem(path.name, "is not a GeoJSON feature collection", "see RFC 7946, section 3.3"))
    crs = ((data.get("crs") or {}).get("properties") or {}).get("name", WGS84)
    return features, str(crs)


def _is_feature(feature: Any) -> bool:
    return isinstance(feature, dict) and all(
        isinstance(feature.get(name) or {}, dict) for name in ("geometry", "properties")
    )


def read_area(path: Path, crs: str | None = None) -> BaseGeometry:
    """All polygons of a GeoJSON file as one area in WGS-84. Rings that do not end where they start are closed."""
    import shapely

    features, declared = read_features(path)
    polygons = [
        shapely.Polygon(shell, holes)
        for i, feature in enumerate(features)
        for shell, *holes in rings_of(feature, f"{path.name}, feature {i + 1}", crs or declared)
    ]
    if not polygons:
        raise InputError(Problem(path.name, "holds no polygon", "draw what is meant as polygons"))
    return shapely.union_all([shapely.make_valid(polygon) for polygon in polygons])


def read_rings(path: Path, crs: str | None = None) -> list[list[list[float]]]:
    """The outlines and holes of the polygons of a GeoJSON file, united, each as its corners (WGS-84) without the last.

    Raises InputError as read_area does.
    """
    import shapely

    area = read_area(path, crs)
    polygons = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon"]
    rings = [ring for polygon in polygons for ring in (polygon.exterior, *polygon.interiors)]
    if not rings:
        raise InputError(Problem(path.name, "holds no polygon with any ground in it", "draw what is meant as polygons"))
    return [shapely.get_coordinates(ring)[:-1].tolist() for ring in rings]


def read_areas(path: Path, column: str, crs: str | None = None) -> tuple[list[BaseGeometry], F64]:
    """The polygons of each feature of a GeoJSON file (WGS-84, made valid) and its number in a column, 0 or more.

    Raises InputError naming every feature that has no polygon or no such number.
    """
    import shapely

    features, declared = read_features(path)
    areas: list[BaseGeometry] = []
    values: list[float] = []
    problems: list[Problem] = []
    for i, feature in enumerate(features):
        where = f"{path.name}, feature {i + 1}"
        value: Any = (feature.get("properties") or {}).get(column)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not (is_number and 0 <= value < np.inf):
            problems.append(Problem(where, f"{column} is {value!r}", "a number of 0 or more is needed"))
            continue
        polygons = [shapely.Polygon(shell, holes) for shell, *holes in rings_of(feature, where, crs or declared)]
        areas.append(shapely.union_all(shapely.make_valid(polygons)))
        values.append(float(value))
        if not areas[-1].area > 0:
            problems.append(Problem(where, "holds no polygon", "draw it as a polygon"))
    if not features:
        problems.append(Problem(path.name, "holds no polygon", "draw what is meant as polygons"))
    if problems:
        raise InputError(problems)
    return areas, np.array(values)


def rings_of(feature: dict[str, Any], where: str, crs: str) -> Iterator[list[F64]]:
    """The rings of each polygon of a feature in WGS-84, closed; none where it is no polygon. Raises InputError."""
    geometry = feature.get("geometry") or {}
    coordinates = geometry.get("coordinates", [])
    polygons = {"Polygon": [coordinates], "MultiPolygon": coordinates}.get(geometry.get("type", ""), [])
    for rings in polygons:
        out = []
        for ring in rings:
            try:
                points = np.array([point[:2] for point in ring], dtype=np.float64).reshape(-1, 2)
            except (TypeError, ValueError):
                raise InputError(
                    Problem(where, "holds positions that are not numbers", "write lon and lat as numbers")
                ) from None
            corners = len(points) - int(len(points) > 1 and (points[0] == points[-1]).all())
            if corners < _CORNERS:
                raise InputError(Problem(where, f"has a ring of {corners} corners", f"give {_CORNERS} or more"))
            points = to_wgs84(points, crs, where)
            out.append(points if (points[0] == points[-1]).all() else np.vstack((points, points[:1])))
        yield out
