"""Ground where bikes may be put: points of a table, kerbs drawn as polygons, less what has to stay free."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from network.bike_sharing_rules import BikeSharingRules
from network.bike_sites import BikeSite
from network.city import Roads
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.bike_shapes import Shape, exclusions_of, plane_of, shapes_of
from network.io.coordinates import WGS84, check_datum, check_swapped, to_wgs84
from network.io.layers import Plane, read_features
from network.io.tables import LONLAT, Column, Table, read_table, table_of, yes_or_no
from network.part import F64

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

_TEXT: Final = Column(required=False)
_METRES: Final = Column(number=True, low=0, required=False, blank=True)
_COLUMNS: Final = {
    "id": Column(unique=True),
    "name": _TEXT,
    "docked": _TEXT,
    "area_m2": _METRES,
    "spaces": Column(number=True, low=1, whole=True, required=False, blank=True),
    "footway_m": _METRES,
    "depth_m": _METRES,
    "open_cny": _METRES,
    "cny_per_space": _METRES,
}
_JSON: Final = (".geojson", ".json", ".geojson.gz", ".json.gz")


class BikeSitesRead(NamedTuple):
    """Sites in the order of the file, and what is to be told of them."""

    sites: tuple[BikeSite, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Found:
    """A site before anything is cut away from it, and its polygon (WGS-84) where it has one."""

    site: BikeSite
    shape: Shape | None


def read_bike_sites(
    path: Path,
    *,
    rules: BikeSharingRules,
    roads: Roads | None = None,
    exclusions: Sequence[Path] = (),
    repair: bool = False,
    crs: str | None = None,
    columns: Mapping[str, str] | None = None,
) -> BikeSitesRead:
    """Sites of a CSV table (points) or a GeoJSON file (points and polygons).

    Columns, or properties: id; docked (yes or no), area_m2, spaces, footway_m, depth_m, open_cny, cny_per_space, name
    where known. `crs` is the datum of the sites, else what GeoJSON declares, else WGS-84; with `roads` it is checked.
    `exclusions` are GeoJSON layers of polygons, or of lines with `width_m`, each with a `reason`: their ground is cut
    away, and a site that keeps less than rules.least_spaces need is left out by that reason. A polygon that crosses
    itself is refused, or mended where `repair` is set and told of.
    Raises InputError with all rows that are wrong.
    """
    problems: list[Problem] = []
    found, notes = _read(path, crs, columns, repair=repair, problems=problems)
    cuts, more = exclusions_of(exclusions, repair=repair, problems=problems)
    if problems:
        raise InputError(most_shown(problems, path.name))
    if roads is not None:
        lonlat = np.array([(one.site.lon, one.site.lat) for one in found])
        rows = np.arange(1, len(found) + 1)
        check_swapped(path.name, lonlat, roads, rows)
        check_datum(path.name, lonlat, crs or WGS84, roads)
    plane = plane_of([one.site.lat for one in found])
    least_m2 = float(rules.least_spaces) * float(rules.bike_m2)
    sites = _cut(found, cuts, plane, least_m2)
    for one, site in zip(found, sites, strict=True):
        if site.left_out:
            more.append(f"{path.name}: {site.id} is left out: {site.left_out}")
        elif one.shape and site.area_m2 != one.site.area_m2:
            more.append(f"{path.name}: {site.id} keeps {site.area_m2:,.1f} of {one.site.area_m2:,.1f} m2")
    return BikeSitesRead(tuple(sites), (*notes, *more))


def _read(
    path: Path, crs: str | None, columns: Mapping[str, str] | None, *, repair: bool, problems: list[Problem]
) -> tuple[list[_Found], list[str]]:
    if not path.name.lower().endswith(_JSON):
        table = read_table(path, {**_COLUMNS, **LONLAT}, columns)
        lonlat = to_wgs84(table.lonlat(), crs or WGS84, path.name)
        return [_Found(_site(table, i, spot, problems), None) for i, spot in enumerate(lonlat.tolist())], []
    features, declared = read_features(path)
    table = table_of(path.name, [feature.get("properties") or {} for feature in features], _COLUMNS, columns)
    kinds = ("Point", "Polygon", "MultiPolygon")
    shapes, notes = shapes_of(path.name, features, crs or declared, kinds, repair=repair, problems=problems)
    plane = plane_of([shape.middle[1] for shape in shapes if shape])
    out = []
    for i, shape in enumerate(shapes):
        if shape:
            site = _site(table, i, shape.middle, problems)
            out.append(_Found(_drawn(site, shape, plane), shape) if shape.is_area else _Found(site, None))
    return out, notes


def _site(table: Table, i: int, spot: Sequence[float], problems: list[Problem]) -> BikeSite:
    def number(name: str) -> float | None:
        value = float(table.columns[name][i]) if name in table else np.nan
        return None if np.isnan(value) else value

    spaces = number("spaces")
    return BikeSite(
        id=table.text("id", i),
        lon=spot[0],
        lat=spot[1],
        name=table.text("name", i),
        docked=yes_or_no(table, "docked", i, problems),
        spaces=None if spaces is None else int(spaces),
        area_m2=number("area_m2"),
        footway_m=number("footway_m"),
        depth_m=number("depth_m"),
        open_cny=number("open_cny"),
        cny_per_space=number("cny_per_space"),
    )


def _drawn(site: BikeSite, shape: Shape, plane: Plane) -> BikeSite:
    """With the ground of its polygon: as much as is drawn, or as is told where that is less."""
    return _on(site, shape.of(plane), plane)


def _on(site: BikeSite, ground: BaseGeometry, plane: Plane) -> BikeSite:
    """On what there is of its ground, in plane metres: all of it counts, the largest part is its outline."""
    import shapely

    parts = shapely.get_parts(ground)
    largest = parts[int(np.argmax(shapely.area(parts)))]
    spot = shapely.get_coordinates(shapely.point_on_surface(largest))
    outline: F64 = plane.degrees(shapely.get_coordinates(largest.exterior))
    drawn_m2 = float(shapely.area(ground))
    (lon, lat), *_ = plane.degrees(spot).tolist()
    return replace(
        site,
        lon=lon,
        lat=lat,
        area_m2=drawn_m2 if site.area_m2 is None else min(drawn_m2, site.area_m2),
        outline=tuple((x, y) for x, y in outline.tolist()),
    )


def _cut(found: Sequence[_Found], cuts: Sequence[Shape], plane: Plane, least_m2: float) -> list[BikeSite]:
    """The sites without the ground that has to stay free."""
    import shapely

    if not cuts:
        return [one.site for one in found]
    grounds = [cut.of(plane) for cut in cuts]
    tree = shapely.STRtree(grounds)
    out = []
    for one in found:
        here: Any = plane.metres(np.array([(one.site.lon, one.site.lat)]))
        whole = one.shape.of(plane) if one.shape else shapely.points(here[0])
        hit = sorted(tree.query(whole, predicate="intersects").tolist())
        left = shapely.difference(whole, shapely.union_all([grounds[k] for k in hit])) if hit else whole
        reason = "; ".join(dict.fromkeys(cuts[k].reason for k in hit))
        if one.shape is None:
            out.append(replace(one.site, left_out=reason))
        elif not hit or shapely.area(left) == shapely.area(whole):
            out.append(one.site)
        elif shapely.area(left) < least_m2:
            out.append(replace(one.site, left_out=reason))
        else:
            out.append(_on(one.site, _areas(left), plane))
    return out


def _areas(ground: BaseGeometry) -> BaseGeometry:
    """Without the lines and points that cutting can leave."""
    import shapely

    parts = shapely.get_parts(ground)
    return shapely.multipolygons(parts[shapely.area(parts) > 0])
