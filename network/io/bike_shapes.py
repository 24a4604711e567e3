"""Features of GeoJSON files as ground: points, polygons that do not cross themselves, lines of a width."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from network.errors import InputError, Problem
from network.io.coordinates import to_wgs84
from network.io.layers import Plane, read_features, rings_of
from network.io.tables import Column, table_of
from network.part import F64

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

AREAS: Final = ("Polygon", "MultiPolygon")
_LINES: Final = ("LineString", "MultiLineString")
_LEAST_POINTS: Final = 2
_REASONS: Final = {"reason": Column(), "width_m": Column(number=True, low=0, required=False, blank=True)}


@dataclass(frozen=True, eq=False)
class Shape:
    """A feature in WGS-84 degrees."""

    drawn: BaseGeometry
    is_area: bool
    reason: str = ""
    width_m: float = 0.0
    """Of a line."""

    @property
    def middle(self) -> tuple[float, float]:
        """A point on it: lon, lat."""
        import shapely

        (lon, lat), *_ = shapely.get_coordinates(shapely.point_on_surface(self.drawn)).tolist()
        return lon, lat

    def of(self, plane: Plane) -> BaseGeometry:
        """Its ground in plane metres."""
        import shapely

        flat = shapely.transform(self.drawn, plane.metres)
        return shapely.buffer(flat, self.width_m / 2, cap_style="flat") if self.width_m else flat


def plane_of(lats: Sequence[float]) -> Plane:
    return Plane(float(np.median(lats)) if len(lats) else 0.0)


def shapes_of(
    name: str,
    features: Sequence[Mapping[str, Any]],
    crs: str,
    kinds: Collection[str],
    *,
    repair: bool,
    problems: list[Problem],
) -> tuple[list[Shape | None], list[str]]:
    """A shape for each feature, None where it is wrong; what is wrong is added to `problems`.

    Polygons that cross themselves are wrong, or mended where `repair` is set: the notes say which those are.
    """
    out: list[Shape | None] = []
    notes: list[str] = []
    for i, feature in enumerate(features):
        told = (feature.get("properties") or {}).get("id")
        where = f"{name}, row {i + 1}" + (f" ({told})" if told else "")
        kind = (feature.get("geometry") or {}).get("type")
        out.append(None)
        if kind not in kinds:
            problems.append(Problem(where, f"is a {kind}" if kind else "has no geometry", f"use {', '.join(kinds)}"))
            continue
        try:
            drawn = _area(feature, where, crs) if kind in AREAS else _points(feature, where, crs)
        except InputError as error:
            problems += error.problems
            continue
        out[i] = _checked(drawn, where, notes, problems, repair=repair)
    return out, notes


def _checked(
    drawn: BaseGeometry, where: str, notes: list[str], problems: list[Problem], *, repair: bool
) -> Shape | None:
    import shapely

    is_area = drawn.geom_type in AREAS
    parts = shapely.get_parts(shapely.make_valid(drawn))
    if is_area and not shapely.area(parts).sum() > 0:
        problems.append(Problem(where, "has no area", "redraw it"))
        return None
    if drawn.is_valid:
        return Shape(drawn, is_area)
    what = _crossing(shapely.is_valid_reason(drawn))
    if not repair:
        problems.append(Problem(where, what, "redraw it, or have such polygons mended with repair"))
        return None
    notes.append(f"{where}: {what}; mended")
    areas = [part for part in shapely.get_parts(parts) if part.geom_type == "Polygon"]
    return Shape(shapely.MultiPolygon(areas), is_area)


def _crossing(reason: str) -> str:
    """What GEOS says of a polygon that is not valid, such as `Self-intersection[120.6 31.3]`."""
    kind, _, at = reason.partition("[")
    if "Self-intersection" not in kind:
        return f"is no sound polygon: {reason}"
    return "crosses itself at " + ", ".join(f"{float(number):.6f}" for number in at.rstrip("]").split())


def _area(feature: Mapping[str, Any], where: str, crs: str) -> BaseGeometry:
    import shapely

    polygons = [shapely.Polygon(shell, holes) for shell, *holes in rings_of(dict(feature), where, crs)]
    return polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons)


def _points(feature: Mapping[str, Any], where: str, crs: str) -> BaseGeometry:
    """A point, a line or lines."""
    import shapely

    geometry = feature["geometry"]
    kind, coordinates = geometry["type"], geometry.get("coordinates") or []
    if kind == "Point":
        return shapely.Point(_lonlat([coordinates], where, crs)[0])
    lines = [_lonlat(line, where, crs) for line in ([coordinates] if kind == "LineString" else coordinates)]
    if not lines or min(map(len, lines)) < _LEAST_POINTS:
        raise InputError(Problem(where, "is a line of fewer than two points", "give two points or more"))
    return shapely.MultiLineString(lines)


def _lonlat(positions: Sequence[Any], where: str, crs: str) -> F64:
    try:
        drawn = np.array([position[:2] for position in positions], np.float64).reshape(-1, 2)
    except (TypeError, ValueError):
        raise InputError(
            Problem(where, "holds positions that are not numbers", "write lon and lat as numbers")
        ) from None
    return to_wgs84(drawn, crs, where)


def exclusions_of(files: Sequence[Path], *, repair: bool, problems: list[Problem]) -> tuple[list[Shape], list[str]]:
    """Ground of GeoJSON layers where no bike may stand: polygons, and lines with `width_m`, each with a `reason`.

    What is wrong is added to `problems`; the notes say what was mended.
    """
    out: list[Shape] = []
    notes: list[str] = []
    for path in files:
        try:
            features, crs = read_features(path)
            table = table_of(path.name, [feature.get("properties") or {} for feature in features], _REASONS)
        except InputError as error:
            problems += error.problems
            continue
        shapes, more = shapes_of(path.name, features, crs, (*AREAS, *_LINES), repair=repair, problems=problems)
        notes += more
        widths = table.numbers("width_m") if "width_m" in table else np.full(len(table), np.nan)
        for i, (shape, width) in enumerate(zip(shapes, widths.tolist(), strict=True)):
            reason, where = table.text("reason", i), f"{path.name}, row {i + 1}"
            if not reason:
                problems.append(
                    Problem(f"{where}, column reason", "the value is missing", "say why no bike may stand there")
                )
            if shape and not shape.is_area and not width > 0:
                problems.append(Problem(where, "is a line without width_m", "give its width in metres"))
            elif shape:
                out.append(Shape(shape.drawn, shape.is_area, reason, 0.0 if shape.is_area else width))
    return out, notes
