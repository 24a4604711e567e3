"""The rows that departments work with: places of a plan of new parking spaces, as a table and as points."""

from __future__ import annotations

import csv
import io
from typing import Any, Final

from network import City
from optimise import NewSpaces, SpacesPlan
from service.report.packages import TableFile, package_json
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

FIELDS: Final[dict[str, dict[str, Any]]] = {
    "number": {"type": "integer", "title": "Number on the map 图上编号"},
    "id": {"type": "string", "title": "Place 地点编号", "constraints": {"required": True}},
    "name": {"type": "string", "title": "Name 名称"},
    "lon": {"type": "number", "title": "Longitude, WGS-84 经度", "unit": "degree"},
    "lat": {"type": "number", "title": "Latitude, WGS-84 纬度", "unit": "degree"},
    "lot": {"type": "string", "title": "Lot that is made larger 扩容停车场"},
    "supply_class": {"type": "string", "title": "On the street, off it, or of a building 泊位类别"},
    "way": {"type": "string", "title": "Marking, stacking, viaduct, estate or garage 增设方式"},
    "spaces": {"type": "integer", "title": "New spaces 新增泊位", "unit": "spaces"},
    "most_spaces": {"type": "integer", "title": "Most that fit 最多可设", "unit": "spaces"},
    "cost_cny": {"type": "number", "title": "Cost 投资", "unit": "CNY"},
    "conflict": {"type": "string", "title": "Who else wants the land 用地冲突"},
    "taken_lot": {"type": "string", "title": "Lot that loses spaces in return 减少泊位的停车场"},
    "taken_spaces": {"type": "integer", "title": "Spaces it loses 减少泊位", "unit": "spaces"},
    "met": {"type": "integer", "title": "Cars that find a space there, all windows 满足停车需求", "unit": "cars"},
    "walk_m": {"type": "number", "title": "Their mean walk 平均步行距离", "unit": "m"},
    "extra_car_trips": {"type": "number", "title": "Car trips drawn, estimated 诱增小汽车出行", "unit": "trips/day"},
}
_TABLES: Final = (TableFile(path="spaces.csv", title="New spaces 新增泊位", fields=FIELDS, key=("id",)),)


def ranked(plan: SpacesPlan) -> list[NewSpaces]:
    """The places in the order of their numbers on the map: those with most spaces first."""
    return sorted(plan.places, key=lambda p: (-p.spaces, p.id))


def space_rows(plan: SpacesPlan) -> list[dict[str, Any]]:
    """Each place of the plan by FIELDS."""
    rows = [{"number": i} | {k: getattr(p, k) for k in FIELDS if k != "number"} for i, p in enumerate(ranked(plan), 1)]
    return [row | {name: round(row[name], COORDINATE_DIGITS) for name in ("lon", "lat")} for row in rows]


def spaces_csv(plan: SpacesPlan) -> bytes:
    """The rows as CSV in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    writer.writerows(["" if row[k] is None else cell(row[k]) for k in FIELDS] for row in space_rows(plan))
    return text.getvalue().encode("utf-8-sig")


def spaces_package(city: City) -> bytes:
    """What the columns of the table are."""
    return package_json(city, "luxing-spaces-plan", f"New parking spaces for {city.name}", _TABLES, "Places")


def spaces_geojson(city: City, plan: SpacesPlan) -> bytes:
    """The places as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in space_rows(plan):
        point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
        features.append({"type": "Feature", "id": row["id"], "geometry": point, "properties": row})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)
