"""Points where shared bikes stand, as tables and feeds of GBFS 1 to 3 tell them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from network.city import Roads
from network.demand.records import most_shown
from network.errors import InputError, Problem
from network.io.bike_shapes import AREAS, Shape, plane_of, shapes_of
from network.io.coordinates import WGS84, check_datum, check_swapped, to_wgs84
from network.io.tables import LONLAT, Column, Table, read_table, read_text, yes_or_no
from network.part import F64

_TEXT: Final = Column(required=False)
_COUNT: Final = Column(number=True, blank=True, whole=True)
_COLUMNS: Final = {
    "id": Column(),
    **LONLAT,
    "spaces": _COUNT,
    "bikes": replace(_COUNT, required=False),
    "docked": _TEXT,
    "name": _TEXT,
    "area_m2": Column(number=True, low=0, blank=True, required=False),
}
_JSON: Final = (".json", ".json.gz")
_BIKES: Final = ("num_bikes_available", "num_vehicles_available")
"""Until GBFS 2, and since GBFS 3."""

Ring = tuple[tuple[float, float], ...]


class Given(NamedTuple):
    """A point as it is told, lon and lat in WGS-84. Numbers that are not told are None."""

    where: str
    id: str
    name: str
    lon: float
    lat: float
    spaces: int | None
    bikes: int | None
    docked: bool
    area_m2: float = 0.0
    outline: Ring = ()


def given_points(path: Path, recipe: Mapping[str, Any], find: Callable[[str], Path], roads: Roads) -> list[Given]:
    """Points of a table or a feed; see `city_bike_points`. Raises InputError with the rows that cannot be read."""
    is_feed = path.name.lower().endswith(_JSON)
    if "status" in recipe and not is_feed:
        hint = "a table has a column bikes; or name station_information.json as points"
        raise InputError(Problem("[bikes] status", "goes with a feed of GBFS only", hint))
    crs = recipe.get("crs", WGS84 if is_feed else None)
    if is_feed:
        given = _of_feed(path, find(recipe["status"]) if "status" in recipe else None, crs)
        lines = np.arange(1, len(given) + 1)
    else:
        table = read_table(path, _COLUMNS, recipe.get("columns"))
        given, lines = _of_table(table, crs), table.rows
    lonlat = np.array([(one.lon, one.lat) for one in given])
    check_swapped(path.name, lonlat, roads, lines)
    check_datum(path.name, lonlat, str(crs), roads)
    return given


def _of_table(table: Table, crs: str | None) -> list[Given]:
    def number(name: str, i: int) -> float | None:
        value = float(table.columns[name][i]) if name in table else np.nan
        return None if np.isnan(value) else value

    lonlat, problems = to_wgs84(table.lonlat(), crs, table.name), list[Problem]()
    out = []
    for i, (key, (lon, lat)) in enumerate(zip(table.texts("id").tolist(), lonlat.tolist(), strict=True)):
        spaces, bikes = number("spaces", i), number("bikes", i)
        out.append(
            Given(
                where=f"{table.name}, row {table.rows[i]} ({key})", id=key, name=table.text("name", i), lon=lon,
                lat=lat, spaces=None if spaces is None else int(spaces), bikes=None if bikes is None else int(bikes),
                docked=yes_or_no(table, "docked", i, problems), area_m2=number("area_m2", i) or 0.0,
            )
        )  # fmt: skip
    if problems:
        raise InputError(most_shown(problems, table.name))
    return out


def _of_feed(path: Path, status: Path | None, crs: str) -> list[Given]:
    """Stations of station_information.json, with the bikes that station_status.json counts there."""
    problems: list[Problem] = []
    bikes = _counted(status, problems) if status else {}
    stations = _stations(path)
    drawn = [(str(one.get("station_id")), one["station_area"]) for one in stations if one.get("station_area")]
    areas = [{"properties": {"id": key}, "geometry": area} for key, area in drawn]
    name = f"{path.name}, station_area"
    shapes, _ = shapes_of(name, areas, crs, AREAS, repair=False, problems=problems)
    ground = {key: shape for (key, _), shape in zip(drawn, shapes, strict=True)}
    out = []
    for i, station in enumerate(stations):
        key = str(station.get("station_id", ""))
        where = f"{path.name}, station {i + 1}" + (f" ({key})" if key else "")
        spot = _number(station, "lon"), _number(station, "lat")
        if None in spot:
            problems.append(Problem(where, "lacks numbers lon and lat", "say where it stands"))
            continue
        lon, lat = to_wgs84(np.array([spot], np.float64), crs, where)[0].tolist()
        spaces = _number(station, "capacity")
        m2, outline = _outline(ground.get(key), lat)
        is_virtual = bool(station.get("is_virtual_station", bool(outline)))
        told = Given(
            where, key, _text(station.get("name")), lon, lat, None if spaces is None else int(spaces),
            bikes.get(key), not is_virtual, m2, outline,
        )  # fmt: skip
        out.append(told)
    if problems:
        raise InputError(most_shown(problems, path.name))
    return out


def _outline(shape: Shape | None, lat: float) -> tuple[float, Ring]:
    """Area [m2] and the outline of the largest part."""
    import shapely

    if shape is None:
        return 0.0, ()
    plane = plane_of([lat])
    parts = shapely.get_parts(shape.of(plane))
    area = shapely.area(parts)
    ring: F64 = plane.degrees(shapely.get_coordinates(parts[int(area.argmax())].exterior))
    return float(area.sum()), tuple((x, y) for x, y in ring.tolist())


def _stations(path: Path) -> list[Mapping[str, Any]]:
    try:
        document = json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(Problem(path.name, f"is not valid JSON: {error}", "correct the text")) from None
    inner = document.get("data") if isinstance(document, dict) else None
    stations = inner.get("stations") if isinstance(inner, dict) else None
    if not isinstance(stations, list) or not stations or not all(isinstance(one, dict) for one in stations):
        raise InputError(Problem(path.name, "holds no data.stations", "is it a file of GBFS?"))
    return stations


def _counted(path: Path, problems: list[Problem]) -> dict[str, int]:
    """Bikes by station."""
    out = {}
    for i, station in enumerate(_stations(path)):
        count = next((n for name in _BIKES if (n := _number(station, name)) is not None), None)
        if "station_id" not in station or count is None:
            problems.append(
                Problem(f"{path.name}, station {i + 1}", "lacks station_id or num_bikes_available", "give both")
            )
        else:
            out[str(station["station_id"])] = int(count)
    return out


def _number(station: Mapping[str, Any], name: str) -> float | None:
    value = station.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and np.isfinite(value)
    return float(value) if is_number else None  # type: ignore[arg-type]


def _text(name: Any) -> str:
    """A name; GBFS 3 has a list of them by language."""
    if isinstance(name, list):
        return next((str(one["text"]) for one in name if isinstance(one, dict) and "text" in one), "")
    return str(name or "")
