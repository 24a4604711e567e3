"""Zones: squares of a grid where the streets are, or the rows of a table; and who lives, works and visits there."""

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
from network.io.ways import Features, whole_number
from network.part import F64, I64, Text
from network.snap import snap
from network.units import WALK

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_PIECE_M = 25.0
"""Streets are cut into pieces this long to share their length among squares."""
_M2_PER_KM2 = 1e6
PERSONS = ("residents", "jobs", "students", "visitors")


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
        raise InputError(Problem("zones", f"no square of {side_m:g} m holds {least_m:g} m of street"))
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
        raise InputError(Problem(table.name, "two zones lie on the same point"))
    outline = [shapely.intersection(cells[o], p.buffer(reach_m)) for o, p in zip(owner, points, strict=True)]
    return Cells(table.texts("id"), lonlat, outline, plane)


Estimate = tuple[F64, str]
"""Counts (Z) and, in words, how they were made."""


@dataclass(frozen=True)
class Ground:
    """What people can be spread by: cells, streets, map features and, where enough buildings are known, floor area."""

    cells: Cells
    streets: Streets
    features: Features
    parameters: Parameters
    floor_m2: tuple[F64, F64] | None
    """(Z) of homes and of workplaces."""

    @classmethod
    def of(cls, cells: Cells, streets: Streets, features: Features, parameters: Parameters) -> Ground:
        return cls(cells, streets, features, parameters, _floor_m2(cells, features, parameters))

    def street_m(self, key: str) -> F64:
        """(Z) length of street of the classes named by a parameter; of any class where there is none."""
        of_class = np.isin(self.streets.kind, self.parameters.value(key))
        weight = self.cells.sums(self.streets.lonlat, self.streets.length_m * of_class)
        return weight if weight.sum() > 0 else self.cells.sums(self.streets.lonlat, self.streets.length_m)

    def count(self, key: str) -> F64:
        """(Z) map features of the kinds named by a parameter."""
        at = self.features.of_kind(*self.parameters.value(key))
        return self.cells.sums(self.features.lonlat[at], np.ones(len(at)))


def people(
    ground: Ground, given: dict[str, F64], residents_total: tuple[float, str] | None
) -> tuple[dict[str, F64], dict[str, str]]:
    """Residents, jobs, students and visitors (Z) of each zone, and for each layer that is an estimate how it was made.

    `given` holds the layers that are known zone by zone. Others take their total from `residents_total` (persons,
    source), floor area or parameters, and are spread by floor area where the extract has buildings, else by street.
    """
    out, how = dict(given), {}
    if "residents" not in out:
        out["residents"], how["residents"] = _residents(ground, residents_total)
    if "jobs" not in out:
        known = "residents" in given or residents_total is not None
        out["jobs"], how["jobs"] = _jobs(ground, out["residents"] if known else None, out["residents"])
    if "students" not in out:
        out["students"], how["students"] = _students(ground, given.get("schools"), out["residents"])
    if "visitors" not in out:
        out["visitors"], how["visitors"] = _visitors(ground, out["residents"], out["jobs"])
    return {name: out[name] for name in PERSONS}, how


def _residents(ground: Ground, total: tuple[float, str] | None) -> Estimate:
    number, positive = ground.parameters.number, ground.parameters.positive
    if ground.floor_m2 is not None:
        homes = ground.floor_m2[0]
        if total is None:
            return homes / positive("zones.m2_per_resident"), "floor area of homes on the map"
        return _spread(total[0], homes), f"{total[1]}, spread by floor area of homes"
    how = "spread by length of residential street"
    if total is None:
        persons = ground.cells.area_m2.sum() / _M2_PER_KM2 * number("zones.residents_per_km2")
        return _spread(persons, ground.street_m("zones.home_streets")), f"a parameter per km2, {how}"
    return _spread(total[0], ground.street_m("zones.home_streets")), f"{total[1]}, {how}"


def _jobs(ground: Ground, known_residents: F64 | None, residents: F64) -> Estimate:
    """From floor area alone where residents are as well, so that both fit together; else from known residents."""
    number, positive = ground.parameters.number, ground.parameters.positive
    if known_residents is None and ground.floor_m2 is not None:
        return ground.floor_m2[1] / positive("zones.m2_per_job"), "floor area of workplaces on the map"
    total = residents.sum() * number("zones.jobs_per_resident")
    if ground.floor_m2 is not None:
        return _spread(total, ground.floor_m2[1]), "a parameter per resident, spread by floor area of workplaces"
    weight = ground.street_m("zones.work_streets")
    return _spread(total, weight), "a parameter per resident, spread by length of main street"


def _students(ground: Ground, schools: F64 | None, residents: F64) -> Estimate:
    total = residents.sum() * ground.parameters.number("zones.students_per_resident")
    if schools is not None and schools.sum() > 0:
        return _spread(total, schools), "a parameter per resident, spread by schools of the table"
    weight = ground.count("zones.student_features")
    if weight.sum() > 0:
        return _spread(total, weight), "a parameter per resident, spread by schools on the map"
    return _spread(total, residents), "a parameter per resident, spread by residents"


def _visitors(ground: Ground, residents: F64, jobs: F64) -> Estimate:
    total = residents.sum() * ground.parameters.number("zones.visitors_per_resident")
    weight = ground.count("zones.visitor_features")
    if weight.sum() > 0:
        return _spread(total, weight), "a parameter per resident, spread by sights, hotels and shops on the map"
    return _spread(total, jobs), "a parameter per resident, spread by jobs"


def _floor_m2(cells: Cells, features: Features, parameters: Parameters) -> tuple[F64, F64] | None:
    """Floor area (Z) of homes and of workplaces, footprint x levels; None where the extract has too few buildings."""
    buildings = features.take(features.is_building & (features.area_m2 > 0)) if len(features) else features
    if len(buildings) < parameters.number("zones.least_buildings"):
        return None
    use = np.array([t.get("building:use", t["building"]) for t in buildings.tags])
    other = parameters.number("zones.building_levels")
    levels = np.array([whole_number(t.get("building:levels")) or other for t in buildings.tags])
    mixed = np.isin(use, parameters.value("zones.mixed_buildings"))
    homes = np.isin(use, parameters.value("zones.home_buildings"))
    share = np.where(mixed, parameters.number("zones.mixed_home_share"), homes)
    used = ~np.isin(use, parameters.value("zones.empty_buildings"))
    floor = buildings.area_m2 * levels * used
    return cells.sums(buildings.lonlat, floor * share), cells.sums(buildings.lonlat, floor * (1.0 - share))


def _spread(total: float, weight: F64) -> F64:
    whole = weight.sum()
    return total * (weight / whole if whole > 0 else np.full(len(weight), 1.0 / len(weight)))


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
        ring_first=np.cumsum([0, *map(len, rings)]).astype(np.int32),
        ring_lonlat=np.concatenate(rings),
        snap=snap(roads, cells.lonlat),
    )


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
