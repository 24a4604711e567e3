"""Zones: squares of a grid where the streets are, or the rows of a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from network.city import Roads, Zones
from network.errors import InputError, Problem
from network.io.coordinates import check_swapped, to_wgs84
from network.io.layers import Plane
from network.io.parameters import Parameters
from network.io.tables import Table
from network.part import F64, I64, Text
from network.snap import snap
from network.units import WALK

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_PIECE_M = 25.0
"""Streets are cut into pieces this long to share their length among squares."""


@dataclass(frozen=True)
class Cells:
    """Zones (Z) before anybody lives there: id, centre, outline (plane metres) and the plane."""

    id: Text
    lonlat: F64
    outline: list[BaseGeometry]
    plane: Plane

    @property
    def area_m2(self) -> F64:
        import shapely

        return np.asarray(shapely.area(self.outline), dtype=np.float64)

    def of(self, lonlat: F64) -> I64:
        """(X) the cell each point lies in, the first of those it lies between, -1 outside all."""
        import shapely

        point, cell = shapely.STRtree(self.outline).query(
            shapely.points(self.plane.metres(lonlat)), predicate="intersects"
        )
        out = np.full(len(lonlat), len(self.id), dtype=np.int64)
        np.minimum.at(out, point, cell)
        return np.where(out < len(self.id), out, -1)

    def sums(self, lonlat: F64, weight: F64) -> F64:
        """(Z) sum of the weights of the points in each cell."""
        cell = self.of(lonlat)
        return np.bincount(cell[cell >= 0], weight[cell >= 0], len(self.id)).astype(np.float64)


@dataclass(frozen=True)
class Streets:
    """Short pieces (X) of the walkable streets: middle, length and class."""

    lonlat: F64
    length_m: F64
    kind: Text

    @classmethod
    def of(cls, roads: Roads) -> Streets:
        start = np.delete(np.arange(len(roads.shape_lonlat)), roads.shape_first[1:] - 1)
        owner = np.repeat(np.arange(len(roads.edges)), np.diff(roads.shape_first) - 1)
        walkable = (roads.time_ms[WALK][roads.edges] >= 0).any(axis=1)[owner]
        start, owner = start[walkable], owner[walkable]
        a, b = roads.shape_lonlat[start], roads.shape_lonlat[start + 1]
        plane = Plane(_latitude(roads.lonlat))
        length = np.hypot(*(plane.metres(b) - plane.metres(a)).T)
        count = np.maximum(1, np.ceil(length / _PIECE_M)).astype(np.int64)
        piece = np.repeat(np.arange(len(count)), count)
        step = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        share = ((step + 0.5) / count[piece])[:, None]
        kind = roads.way_class[roads.way[owner]][piece]
        return cls(a[piece] + share * (b[piece] - a[piece]), (length / count)[piece], kind)


def grid_cells(streets: Streets, boundary: BaseGeometry | None, parameters: Parameters) -> Cells:
    """Squares that hold enough street, clipped to the boundary (WGS-84); a zone's centre is the centre of its streets.

    Raises InputError where no square holds enough street, as when the boundary and the roads are of different cities.
    """
    import shapely

    side_m, least_m = parameters.positive("zones.cell_m"), parameters.number("zones.least_street_m")
    lonlat, length = streets.lonlat, streets.length_m
    plane = Plane(_latitude(lonlat) if boundary is None else boundary.centroid.y)
    if boundary is not None:
        inside = shapely.contains_xy(boundary, lonlat)
        if not inside.any():
            raise InputError(Problem("zones", "no street lies inside the boundary", "is the boundary of another city?"))
        lonlat, length = lonlat[inside], length[inside]
        corner = plane.metres(np.array([boundary.bounds[:2]]))[0]
        area = shapely.transform(boundary, plane.metres)
    xy = plane.metres(lonlat)
    if boundary is None:
        corner = xy.min(axis=0)
    col_row, cell = np.unique(np.floor((xy - corner) / side_m)[:, ::-1].astype(np.int64), axis=0, return_inverse=True)
    street_m = np.bincount(cell.ravel(), length)
    centre = np.column_stack([np.bincount(cell.ravel(), length * axis) for axis in xy.T]) / street_m[:, None]
    keep = street_m >= least_m
    if not keep.any():
        raise InputError(
            Problem(
                "zones",
                f"no square of {side_m:g} m holds {least_m:g} m of street",
                "take larger squares, or ask less street of each",
            )
        )
    low = col_row[keep][:, ::-1] * side_m + corner
    outline = list(shapely.box(low[:, 0], low[:, 1], low[:, 0] + side_m, low[:, 1] + side_m))
    if boundary is not None:
        outline = [_largest(shapely.intersection(box, area)) for box in outline]
    names = np.array([f"cell/{row:03d}-{col:03d}" for row, col in col_row[keep]])
    return Cells(names, plane.degrees(centre[keep]), outline, plane)


def table_cells(table: Table, crs: str | None, roads: Roads, parameters: Parameters) -> Cells:
    """One zone per row (id, lon, lat); the outline is what is nearest to it, as far as a hexagon reaches."""
    import shapely

    lonlat = to_wgs84(table.lonlat(), crs, table.name)
    check_swapped(table.name, lonlat, roads, table.rows)
    plane = Plane(_latitude(lonlat))
    points = shapely.points(plane.metres(lonlat))
    if len(points) == 1:
        return Cells(table.texts("id"), lonlat, [points[0].buffer(parameters.positive("zones.cell_m") / 2)], plane)
    _, spacing = shapely.STRtree(points).query_nearest(points, exclusive=True, return_distance=True, all_matches=False)
    reach_m = float(np.median(spacing)) * parameters.number("zones.farthest_hexagon_ratio")
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(points), extend_to=None))
    point, cell = shapely.STRtree(cells).query(points, predicate="intersects")
    owner = np.full(len(points), -1)
    owner[point[::-1]] = cell[::-1]
    if (owner < 0).any() or len(np.unique(owner)) < len(points):
        raise InputError(Problem(table.name, "two zones lie on the same point", "move one of them, or join the two"))
    outline = [shapely.intersection(cells[o], p.buffer(reach_m)) for o, p in zip(owner, points, strict=True)]
    return Cells(table.texts("id"), lonlat, outline, plane)


def zones_part(
    cells: Cells, persons: dict[str, F64], area: npt.NDArray[Any], roads: Roads, parameters: Parameters
) -> Zones:
    """The City part: zones with outlines, snapped to the streets."""
    rings = [cells.plane.degrees(np.array(outline.exterior.coords)) for outline in cells.outline]
    count = len(cells.id)
    return Zones(
        id=cells.id,
        area=np.array(area, dtype=np.str_),
        lonlat=cells.lonlat,
        **persons,
        cars_per_resident=np.full(count, parameters.number("zones.cars_per_resident")),
        ev_share=np.full(count, parameters.number("zones.ev_share")),
        home_access=_home_access(area, parameters),
        ring_first=np.cumsum([0, *map(len, rings)]).astype(np.int32),
        ring_lonlat=np.concatenate(rings),
        snap=snap(roads, cells.lonlat),
    )


def _home_access(area: npt.NDArray[Any], parameters: Parameters) -> F64:
    """(Z) share of the electric cars that can have a pile at home: of the area where one is given, else of the city."""
    out = np.full(len(area), parameters.number("zones.home_access"))
    for name, share in parameters.value("zones.home_access_of_area"):
        out[np.asarray(area) == name] = share
    return out


def areas_of(cells: Cells, named: list[tuple[str, BaseGeometry]], otherwise: str) -> Text:
    """(Z) name of the first area (WGS-84) that holds the zone's centre."""
    import shapely

    out = np.full(len(cells.id), otherwise, dtype=object)
    for name, area in reversed(named):
        out[shapely.contains_xy(area, cells.lonlat)] = name
    return out.astype(np.str_)


def _latitude(lonlat: F64) -> float:
    """A round latitude near the middle, so that small changes of the input do not move the grid."""
    return round(float(np.median(lonlat[:, 1])), 2)


def _largest(shape: BaseGeometry) -> BaseGeometry:
    import shapely

    parts = [p for p in shapely.get_parts(shape) if p.geom_type == "Polygon"]
    return max(parts, key=lambda p: p.area)
