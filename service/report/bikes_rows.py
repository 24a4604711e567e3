"""The tables of a plan of dispatch points: points, racks, limits of the fleet, sites left out, stations for vans."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from network import City, units
from optimise import BikePoint, BikesPlan
from service.report.packages import TableFile, package_json
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

_LON: Final = {"type": "number", "title": "Longitude, WGS-84 经度", "unit": "degree"}
_LAT: Final = {"type": "number", "title": "Latitude, WGS-84 纬度", "unit": "degree"}
POINTS: Final[dict[str, dict[str, Any]]] = {
    "number": {"type": "integer", "title": "Number on the map 图上编号"},
    "id": {"type": "string", "title": "Point 点位编号", "constraints": {"required": True, "unique": True}},
    "name": {"type": "string", "title": "Name 名称"},
    "lon": _LON,
    "lat": _LAT,
    "zone": {"type": "string", "title": "Zone 片区"},
    "docked": {"type": "boolean", "title": "With docks 有桩"},
    "existing": {"type": "boolean", "title": "There before the plan 现有"},
    "year": {"type": "integer", "title": "Year it is laid out or enlarged, 0 where none 实施年份"},
    "spaces": {"type": "integer", "title": "Places for bikes 泊位", "unit": "bikes"},
    "spaces_before": {"type": "integer", "title": "Places before the plan 原有泊位", "unit": "bikes"},
    "bikes": {"type": "integer", "title": "Bikes as the day begins 初始车辆", "unit": "bikes"},
    "bikes_before": {"type": "integer", "title": "The same before the plan 原有车辆", "unit": "bikes"},
    "area_m2": {"type": "number", "title": "Ground 占地", "unit": "m2"},
    "station": {"type": "string", "title": "Rail station at whose entrance it is 轨道站"},
    "entrance_m": {"type": "number", "title": "Walk to the entrance 至出入口步行距离", "unit": "m"},
    "pickups": {"type": "number", "title": "Pickups it is sized for 工作日借车", "unit": "rides/weekday"},
    "returns": {"type": "number", "title": "Returns it is sized for 工作日还车", "unit": "rides/weekday"},
    "days_covered": {"type": "number", "title": "Weekdays on which it holds 工作日容量保障率", "unit": "share"},
    "days_off_covered": {"type": "number", "title": "Days off on which it holds 休息日容量保障率", "unit": "share"},
    "days_covered_by_nearest": {
        "type": "number",
        "title": "Weekdays on which it holds where all go to the nearest point 就近停放时的保障率",
        "unit": "share",
    },
    "walk_m": {"type": "number", "title": "Mean walk 平均步行距离", "unit": "m"},
    "cost_cny": {"type": "number", "title": "Cost 投资", "unit": "CNY"},
}
RACKS: Final[dict[str, dict[str, Any]]] = {
    "station": {"type": "string", "title": "Station 车站编号", "constraints": {"required": True}},
    "name": {"type": "string", "title": "Name 名称"},
    "entrance": {"type": "integer", "title": "Entrance of the station, from 0 出入口序号"},
    "lon": _LON,
    "lat": _LAT,
    "racks_there": {"type": "integer", "title": "Racks there 现有架位", "unit": "racks"},
    "racks_wanted": {"type": "integer", "title": "Racks wanted 需要架位", "unit": "racks"},
    "racks_more": {"type": "integer", "title": "Racks to add 新增架位", "unit": "racks"},
    "cost_cny": {"type": "number", "title": "Cost 投资", "unit": "CNY"},
    "bought": {"type": "boolean", "title": "Part of the plan 列入方案"},
}
FLEET: Final[dict[str, dict[str, Any]]] = {
    "zone": {"type": "string", "title": "Zone 片区", "constraints": {"required": True}},
    "area": {"type": "string", "title": "Area 区域"},
    "hour": {"type": "integer", "title": "Hour of a weekday 小时"},
    "need": {"type": "number", "title": "Bikes that rides ask for 骑行需要", "unit": "bikes"},
    "space": {"type": "number", "title": "Bikes that the street holds 街道空间", "unit": "bikes"},
    "parking": {"type": "number", "title": "Places at points 停放能力", "unit": "bikes"},
    "binding": {"type": "string", "title": "The least of the three 起约束作用者"},
}
LEFT_OUT: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "string", "title": "Site 候选点编号", "constraints": {"required": True}},
    "lon": _LON,
    "lat": _LAT,
    "reason": {"type": "string", "title": "Why not 原因"},
}
VANS: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "string", "title": "Point 点位编号", "constraints": {"required": True, "unique": True}},
    "lon": _LON,
    "lat": _LAT,
    "bikes": {"type": "integer", "title": "Bikes there before vans come 调度前车辆", "unit": "bikes"},
    "wanted": {"type": "integer", "title": "Bikes as the day begins 初始车辆", "unit": "bikes"},
    "docks": {"type": "integer", "title": "Places for bikes 泊位", "unit": "bikes"},
    "name": {"type": "string", "title": "Name 名称"},
}
_SHARE_DIGITS: Final = 4
_TABLES: Final = (
    TableFile(path="points.csv", title="Dispatch points 疏导点", fields=POINTS, key=("id",)),
    TableFile(path="stations.csv", title="Points for `luxing rebalance` 调度用点位", fields=VANS, key=("id",)),
    TableFile(path="racks.csv", title="Racks at stations 车站自行车架", fields=RACKS, key=("station", "entrance")),
    TableFile(path="fleet.csv", title="What binds the fleet 车辆上限", fields=FLEET, key=("zone", "hour")),
    TableFile(path="left_out.csv", title="Sites that cannot be used 不可用地点", fields=LEFT_OUT, key=("id",)),
)


def ranked(plan: BikesPlan) -> list[BikePoint]:
    """The points in the order of their numbers on the map: new ones by year, largest first, then those left as is."""
    return sorted(plan.points, key=lambda p: (p.spaces == p.spaces_before, p.year, -p.spaces, p.id))


def point_rows(plan: BikesPlan) -> list[dict[str, Any]]:
    """Each point by POINTS."""
    rows = [{"number": i} | _fields(p, POINTS, "number") for i, p in enumerate(ranked(plan), 1)]
    return [_rounded(row) for row in rows]


def points_csv(plan: BikesPlan) -> bytes:
    """The points, in UTF-8 with a byte order mark as all the tables here."""
    return _csv(POINTS, point_rows(plan))


def racks_csv(plan: BikesPlan) -> bytes:
    """Racks at entrances of stations."""
    return _csv(RACKS, (_rounded(_fields(row, RACKS)) for row in plan.racks))


def fleet_csv(plan: BikesPlan) -> bytes:
    """The three limits of each zone by hour."""
    return _csv(
        FLEET,
        (
            {"zone": row.zone, "area": row.area, "hour": hour, "need": round(row.need[hour], 2)}
            | {"space": round(row.space, 2), "parking": round(row.parking, 2), "binding": row.binding[hour]}
            for row in plan.fleet
            for hour in range(units.HOURS)
        ),
    )


def left_out_csv(plan: BikesPlan) -> bytes:
    """Sites that cannot be used, and why."""
    return _csv(LEFT_OUT, (_rounded(_fields(row, LEFT_OUT)) for row in plan.left_out))


def stations_csv(plan: BikesPlan, hour: int) -> bytes:
    """The points as `luxing rebalance` reads them: what is left of a mean weekday by an hour, and what is wanted."""
    rows = []
    for p in ranked(plan):
        left = min(max(round(p.bikes_by_hour[hour - 1]), 0), p.spaces)
        rows.append(
            {
                "id": p.id,
                "lon": p.lon,
                "lat": p.lat,
                "bikes": left,
                "wanted": p.bikes,
                "docks": p.spaces,
                "name": p.name,
            }
        )
    return _csv(VANS, map(_rounded, rows))


def bikes_package(city: City) -> bytes:
    """What the columns of the tables are."""
    return package_json(city, "luxing-bikes-plan", f"Dispatch points for {city.name}", _TABLES, "Points and outlines")


def bikes_geojson(city: City, plan: BikesPlan) -> bytes:
    """The points (RFC 7946), as outlines where these are known, with the attribution as a foreign member."""
    features = []
    for row, point in zip(point_rows(plan), ranked(plan), strict=True):
        at = [row.pop("lon"), row.pop("lat")]
        features.append(
            {"type": "Feature", "id": row["id"], "geometry": _geometry(point, at), "properties": row | {"centre": at}}
        )
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def _geometry(point: BikePoint, at: Sequence[float]) -> dict[str, Any]:
    if not point.outline:
        return {"type": "Point", "coordinates": at}
    ring = [[round(x, COORDINATE_DIGITS) for x in corner] for corner in point.outline]
    turned = sum(ax * by - bx * ay for (ax, ay), (bx, by) in zip(ring, ring[1:] + ring[:1], strict=True))
    ring = ring if turned > 0 else ring[::-1]
    return {"type": "Polygon", "coordinates": [ring if ring[0] == ring[-1] else [*ring, ring[0]]]}


def _fields(row: object, fields: Iterable[str], *others: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in fields if name not in others}


def _rounded(row: dict[str, Any]) -> dict[str, Any]:
    """A row with places to a centimetre and other figures to what they are good for."""
    digits = dict.fromkeys(("lon", "lat"), COORDINATE_DIGITS) | {k: _SHARE_DIGITS for k in row if k.startswith("days_")}
    return {k: round(v, digits.get(k, 1)) if isinstance(v, float) else v for k, v in row.items()}


def _csv(fields: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(fields)
    writer.writerows(["" if row[k] is None else cell(row[k]) for k in fields] for row in rows)
    return text.getvalue().encode("utf-8-sig")
