"""A plan of racks and parking spaces at stations for people: as a table and as points."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from network import City
from optimise import ParkRidePlan
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

COLUMNS: Final = ("station", "name", "lon", "lat", "kind", "added", "existing", "availability", "cost_cny")


def station_rows(plan: ParkRidePlan) -> list[dict[str, Any]]:
    """What is built, station by station, by COLUMNS."""
    rows = [{name: getattr(place, name) for name in COLUMNS} for place in plan.places]
    return [row | {name: round(row[name], COORDINATE_DIGITS) for name in ("lon", "lat")} for row in rows]


def stations_csv(plan: ParkRidePlan) -> bytes:
    """The rows as CSV in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows([cell(value) for value in row.values()] for row in station_rows(plan))
    return text.getvalue().encode("utf-8-sig")


def stations_geojson(city: City, plan: ParkRidePlan) -> bytes:
    """The rows as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in station_rows(plan):
        point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
        name = f"{row['station']} {row['kind']}"
        features.append({"type": "Feature", "id": name, "geometry": point, "properties": row})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)
