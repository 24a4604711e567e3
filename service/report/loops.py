"""A plan of feeder loops for people: as a table and as lines."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from network import City
from optimise import LoopLine, LoopPlan
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

COLUMNS: Final = ("line", "start", "start_name", "length_m", "cycle_min", "vehicles", "headway_min", "vehicle_hours")
MORE: Final = ("cost_cny", "people", "residents", "jobs")
"""Columns after the first ones."""
_DIGITS: Final = 2


def loop_row(line: LoopLine) -> dict[str, Any]:
    """How a loop runs and whom it serves, where it stops, and along which streets."""
    row = {name: getattr(line, name) for name in (*COLUMNS, *MORE)}
    row = {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in row.items()}
    streets = "; ".join(dict.fromkeys(s.name for s in line.streets if s.name))
    return row | {"stops": "; ".join(s.stop for s in line.stops), "streets": streets}


def loops_csv(plan: LoopPlan) -> bytes:
    """A row per loop as CSV in UTF-8 with a byte order mark; lists are parted by semicolons."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow((*COLUMNS, *MORE, "stops", "streets"))
    writer.writerows([cell(value) for value in loop_row(line).values()] for line in plan.loops)
    return text.getvalue().encode("utf-8-sig")


def loops_geojson(city: City, plan: LoopPlan) -> bytes:
    """Loops as lines along the streets and their stops as points (RFC 7946), with the attribution as a member."""
    features: list[dict[str, Any]] = []
    for line in plan.loops:
        shape = {"type": "LineString", "coordinates": [_rounded(*at) for at in line.lonlat]}
        features.append({"type": "Feature", "id": line.line, "geometry": shape, "properties": loop_row(line)})
    stops = {s.stop: s for line in plan.loops for s in line.stops}
    for stop in stops.values():
        point = {"type": "Point", "coordinates": _rounded(stop.lon, stop.lat)}
        features.append(
            {
                "type": "Feature",
                "id": stop.stop,
                "geometry": point,
                "properties": {"name": stop.name, "new": stop.new},
            }
        )
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def _rounded(lon: float, lat: float) -> list[float]:
    return [round(lon, COORDINATE_DIGITS), round(lat, COORDINATE_DIGITS)]
