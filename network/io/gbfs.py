"""Bike points as operators take them: a feed of GBFS 2.3, the same in GCJ-02, and a GeoPackage.

The fields are those of https://github.com/MobilityData/gbfs/blob/v2.3/gbfs.md.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from network.bike_points import BikePoints
from network.city import City
from network.errors import InputError, Problem
from network.io.clocks import zone_of
from network.io.coordinates import mainland, to_gcj02
from network.io.layers import Plane
from network.part import F64

_VERSION: Final = "2.3"
_DECIMALS: Final = 7
LEAST_TIME_S: Final = 1_450_155_600
"""The earliest time that GBFS allows; stands where nobody says when a feed was made."""
_WRITTEN: Final = "2015-12-15T05:00:00Z"
"""A GeoPackage holds the time at which it was written; this keeps it from the clock."""
_PACKAGE: Final = "bike_points.gpkg"
_FEEDS: Final = ("gbfs", "system_information", "station_information", "geofencing_zones")
FEED_FILES: Final = (*(f"{folder}{name}.json" for folder in ("", "gcj02/") for name in _FEEDS), _PACKAGE)
"""Paths of all the files of a feed, in their order."""
_CORNERS: Final = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5), (-0.5, -0.5)])
_LEAST_CORNERS: Final = 3

Feed = Mapping[str, Any]
Rings = Sequence[F64]
"""A polygon: its outline, and its holes."""


def write_bike_feed(
    folder: Path,
    city: City,
    *,
    within: Sequence[F64] = (),
    updated_s: int = LEAST_TIME_S,
    timezone: str = "",
    url: str = "",
) -> None:
    """Write `bike_feed` as a folder, in the place of one that is there and holds nothing else.

    Raises InputError as `bike_feed` does or where the folder holds other files, OSError where the disk refuses; what
    was there stays then.
    """
    contents = bike_feed(city, within=within, updated_s=updated_s, timezone=timezone, url=url)
    folder = Path(folder).absolute()
    there = [file for file in folder.rglob("*") if not file.is_dir()] if folder.exists() else []
    others = sorted(name for file in there if (name := file.relative_to(folder).as_posix()) not in contents)
    if others or folder.is_file():
        what = f"holds {others[0]}" if others else "is a file"
        raise InputError(Problem(str(folder), f"{what}, which is no part of a feed", "name another folder"))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as scratch:
        fresh, old = Path(scratch) / "new", Path(scratch) / "old"
        for name, content in contents.items():
            (fresh / name).parent.mkdir(parents=True, exist_ok=True)
            (fresh / name).write_bytes(content)
        if folder.exists():
            folder.rename(old)
        try:
            fresh.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise


def bike_feed(
    city: City,
    *,
    within: Sequence[F64] = (),
    updated_s: int = LEAST_TIME_S,
    timezone: str = "",
    url: str = "",
) -> dict[str, bytes]:
    """The files of a feed of the city's bike points by their paths; same arguments, same bytes.

    within: rings (lon, lat; one inside another is a hole) of ground where bikes may stand nowhere but at points.
    updated_s: since 1970. timezone: of the city; that of China inside mainland China, else UTC where it is left out.
    url: where the feed will be found.
    Raises InputError where the city has no points, a ring is none or the time zone is not known.
    """
    if not len(city.bike_points.id):
        hint = "name a scenario that lays them out, or build the city with [bikes]"
        raise InputError(Problem(f"city {city.id!r}", "has no bike points", hint))
    chinese = bool(mainland(city.bike_points.lonlat[:1]).all())
    system = {
        "system_id": f"luxing_{city.id}", "language": "zh" if chinese else "en", "name": city.name,
        "timezone": zone_of(timezone or ("Asia/Shanghai" if chinese else "Etc/UTC")).key,
    }  # fmt: skip
    ground = _ground(within)
    out = {}
    for prefix, shift in (("", _as_is), ("gcj02/", to_gcj02)):
        base = f"{url.rstrip('/')}/{prefix}" if url else ""
        for name, data in _feeds(city, ground, system, shift, base).items():
            document = {"last_updated": updated_s, "ttl": 0, "version": _VERSION, "data": data}
            out[f"{prefix}{name}.json"] = (json.dumps(document, ensure_ascii=False) + "\n").encode()
    return out | {_PACKAGE: _package(city)}


def _as_is(lonlat: F64) -> F64:
    return lonlat


def _feeds(
    city: City, ground: Sequence[Rings], system: Feed, shift: Callable[[F64], F64], base: str
) -> dict[str, Feed]:
    feeds: dict[str, Feed] = {
        "system_information": system,
        "station_information": {"stations": _stations(city, shift)},
        "geofencing_zones": {"geofencing_zones": _zones(city, ground, shift)},
    }
    listed = [{"name": name, "url": f"{base}{name}.json"} for name in feeds]
    return {"gbfs": {system["language"]: {"feeds": listed}}, **feeds}


def _stations(city: City, shift: Callable[[F64], F64]) -> list[dict[str, Any]]:
    points = city.bike_points
    spots = np.round(shift(points.lonlat), _DECIMALS).tolist()
    areas = areas_of(city)
    out = []
    for i, (lon, lat) in enumerate(spots):
        row: dict[str, Any] = {
            "station_id": str(points.id[i]), "name": _name(points, i), "lat": lat, "lon": lon,
            "capacity": int(points.spaces[i]), "is_virtual_station": not points.docked[i],
        }  # fmt: skip
        if not points.docked[i]:
            row["station_area"] = _multipolygon([[areas[i]]], shift)
        out.append(row)
    return out


def _zones(city: City, ground: Sequence[Rings], shift: Callable[[F64], F64]) -> Feed:
    """Points first: where zones lie upon each other, the first one holds."""
    points, areas = city.bike_points, areas_of(city)
    marked = np.flatnonzero(~points.docked).tolist()
    zones = [_zone(_name(points, i), _multipolygon([[areas[i]]], shift), rides=True) for i in marked]
    if ground:
        zones.append(_zone(city.name, _multipolygon(ground, shift), rides=False))
    return {"type": "FeatureCollection", "features": zones}


def _zone(name: str, geometry: Feed, *, rides: bool) -> Feed:
    """`rides` may begin and end there; else at stations alone."""
    rule = {"ride_allowed": rides, "ride_through_allowed": True, "station_parking": True}
    return {"type": "Feature", "geometry": geometry, "properties": {"name": name, "rules": [rule]}}


def _name(points: BikePoints, i: int) -> str:
    return str(points.name[i] or points.id[i])


def areas_of(city: City) -> list[F64]:
    """The outline of each point as a closed ring, against the clock; a square of its area where it has none."""
    points, plane = city.bike_points, Plane(float(np.median(city.bike_points.lonlat[:, 1])))
    m2 = np.where(points.area_m2 > 0, points.area_m2, points.spaces * float(city.bike_sharing.bike_m2))
    out = []
    for i, (start, stop) in enumerate(pairwise(points.ring_first.tolist())):
        if stop - start >= _LEAST_CORNERS:
            out.append(_closed(points.ring_lonlat[start:stop], f"bike point {points.id[i]!r}"))
        else:
            out.append(points.lonlat[i] + plane.degrees(_CORNERS * np.sqrt(m2[i])))
    return out


def _closed(ring: F64, where: str) -> F64:
    """Against the clock, as GeoJSON asks for outer rings (RFC 7946, section 3.1.6)."""
    corners = ring[:-1] if len(ring) > 1 and (ring[0] == ring[-1]).all() else ring
    if len(corners) < _LEAST_CORNERS:
        raise InputError(Problem(where, f"has {len(corners)} corners", "a ring needs three or more"))
    (x, y), (on_x, on_y) = corners.T, np.roll(corners, -1, axis=0).T
    turned = corners if (x * on_y - on_x * y).sum() >= 0 else corners[::-1]
    return np.vstack((turned, turned[:1]))


def _ground(within: Sequence[F64]) -> list[Rings]:
    """Polygons of the rings: a ring inside another is a hole."""
    import shapely
    from shapely.geometry.polygon import orient

    drawn = [shapely.Polygon(_closed(np.asarray(ring), f"within, ring {i + 1}")) for i, ring in enumerate(within)]
    parts = shapely.get_parts(reduce(shapely.symmetric_difference, drawn)) if drawn else []
    whole = [orient(part) for part in parts if part.geom_type == "Polygon"]
    return [[shapely.get_coordinates(ring) for ring in (part.exterior, *part.interiors)] for part in whole]


def _multipolygon(polygons: Sequence[Rings], shift: Callable[[F64], F64]) -> Feed:
    rings = [[np.round(shift(ring), _DECIMALS).tolist() for ring in polygon] for polygon in polygons]
    return {"type": "MultiPolygon", "coordinates": rings}


def _package(city: City) -> bytes:
    """Layers bike_points and bike_areas of a GeoPackage, WGS-84."""
    import pyogrio
    import shapely

    points = city.bike_points
    columns: dict[str, Any] = {
        "id": points.id.astype(object), "name": points.name.astype(object), "docked": points.docked,
        "spaces": points.spaces, "bikes": points.bikes, "area_m2": points.area_m2,
    }  # fmt: skip
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": _WRITTEN})
    try:
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / _PACKAGE
            for layer, kind, shapes in (
                ("bike_points", "Point", shapely.points(points.lonlat)),
                ("bike_areas", "Polygon", [shapely.Polygon(ring) for ring in areas_of(city)]),
            ):
                pyogrio.raw.write(
                    file, shapely.to_wkb(np.asarray(shapes, object)), list(columns.values()), list(columns),
                    layer=layer, driver="GPKG", geometry_type=kind, crs="EPSG:4326", append=file.exists(),
                )  # fmt: skip
            return file.read_bytes()
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})
