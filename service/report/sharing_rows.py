"""The rows that departments work with: windows and lots of a plan of shared parking, as tables and as points."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any, Final

from network import City, units
from optimise import SharedLot, SharingPlan
from service.report.packages import TableFile, package_json
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

_LOT: Final[dict[str, dict[str, Any]]] = {
    "number": {"type": "integer", "title": "Number on the map 图上编号"},
    "lot": {"type": "string", "title": "Lot 停车场编号", "constraints": {"required": True}},
    "name": {"type": "string", "title": "Name 名称"},
    "owner": {"type": "string", "title": "Kind of owner 业主类型"},
    "owner_name": {"type": "string", "title": "Owner 业主单位"},
    "department": {"type": "string", "title": "Department that answers for the lot 责任部门"},
    "tier": {"type": "integer", "title": "Tier: 1 opens before 2 业主层级"},
    "supply_class": {"type": "string", "title": "On the street, off it, or of a building 泊位类别"},
    "lon": {"type": "number", "title": "Longitude, WGS-84 经度", "unit": "degree"},
    "lat": {"type": "number", "title": "Latitude, WGS-84 纬度", "unit": "degree"},
}
WINDOW_FIELDS: Final[dict[str, dict[str, Any]]] = _LOT | {
    "group": {"type": "string", "title": "Who it is for 开放对象"},
    "day": {"type": "string", "title": "Type of day: weekday, weekend, holiday 日期类型"},
    "start": {"type": "string", "title": "Opens at 开始时间"},
    "end": {"type": "string", "title": "Closes at; past 24:00 is the next morning 结束时间"},
    "spaces": {"type": "integer", "title": "Spaces opened 开放泊位", "unit": "spaces"},
    "given": {"type": "integer", "title": "Permits given of them 其中发放许可", "unit": "permits"},
    "blocks": {"type": "integer", "title": "Blocks of need that get a permit 服务片区数"},
    "walk_min": {"type": "number", "title": "Mean walk to the blocks served 平均步行时间", "unit": "min"},
    "walk_m": {"type": "number", "title": "Mean walk to the blocks served 平均步行距离", "unit": "m"},
    "risk": {
        "type": "number",
        "title": "Highest probability after the window that an owner's car finds no space 业主车辆无位概率",
        "unit": "share",
    },
    "fee_cny_per_h": {"type": "number", "title": "Fee 收费", "unit": "CNY/h"},
    "revenue_cny": {"type": "number", "title": "Owner's part of the fees 业主年收入", "unit": "CNY/year"},
    "lot_retrofit_cny": {
        "type": "number",
        "title": "Retrofit of the whole lot, in the first row of each lot alone 改造投资（每场仅首行）",
        "unit": "CNY",
    },
}
LOT_FIELDS: Final[dict[str, dict[str, Any]]] = _LOT | {
    "existing_spaces": {"type": "integer", "title": "Spaces shared before the plan 原有共享泊位", "unit": "spaces"},
    "spaces": {"type": "integer", "title": "Most spaces the plan opens at any time 新增共享泊位", "unit": "spaces"},
    "space_hours": {
        "type": "number",
        "title": "Space-hours the plan opens, mean of all days 日均泊位小时",
        "unit": "space-hours/day",
    },
    "given": {"type": "integer", "title": "Permits of all groups and types of day 发放许可", "unit": "permits"},
    "retrofit_cny": {"type": "number", "title": "Gates and signs, once 改造投资", "unit": "CNY"},
    "running_cny": {"type": "number", "title": "Running cost of the owner 年运行费用", "unit": "CNY/year"},
    "revenue_cny": {"type": "number", "title": "Owner's part of the fees 业主年收入", "unit": "CNY/year"},
    "subsidy_cny": {"type": "number", "title": "Subsidy to the owner 年补贴", "unit": "CNY/year"},
    "risk": {
        "type": "number",
        "title": "Highest probability after a window that an owner's car finds no space 业主车辆无位概率",
        "unit": "share",
    },
    "lost_days": {
        "type": "integer",
        "title": "Permits times days a year lost at least without this lot 若不开放则至少损失的年许可天数",
        "unit": "space-days/year",
    },
    "gains": {"type": "string", "title": "Areas that get most permits 受益最多的片区"},
}
_TABLES: Final = (
    TableFile(path="windows.csv", title="Windows 开放时段", fields=WINDOW_FIELDS, key=("lot", "group", "day")),
    TableFile(path="lots.csv", title="Lots 停车场", fields=LOT_FIELDS, key=("lot",)),
)


def ranked(plan: SharingPlan) -> list[SharedLot]:
    """The lots in the order of their numbers on the map: those that open most spaces first."""
    return sorted(plan.lots, key=lambda lot: (-lot.spaces, -lot.space_hours, lot.lot))


def lot_rows(plan: SharingPlan) -> list[dict[str, Any]]:
    """Each lot of the plan by LOT_FIELDS."""
    rows = [{k: getattr(lot, k) for k in LOT_FIELDS if k != "number"} for lot in ranked(plan)]
    return [_placed({"number": i} | row | {"gains": "; ".join(row["gains"])}) for i, row in enumerate(rows, 1)]


def window_rows(plan: SharingPlan) -> list[dict[str, Any]]:
    """Each window of the plan by WINDOW_FIELDS, lot by lot."""
    rows = []
    for number, lot in enumerate(ranked(plan), 1):
        here = [w for w in plan.windows if w.lot == lot.lot]
        here.sort(key=lambda w: (units.PARKERS.index(w.group), units.DAY_TYPES.index(w.day)))
        for first, window in zip((True, *[False] * len(here)), here, strict=False):
            told = {k: getattr(window, k, None) for k in WINDOW_FIELDS}
            money = lot.retrofit_cny if first else None
            rows.append(_placed(told | {"number": number, "lot_retrofit_cny": money}))
    return rows


def windows_csv(plan: SharingPlan) -> bytes:
    return _csv(WINDOW_FIELDS, window_rows(plan))


def lots_csv(plan: SharingPlan) -> bytes:
    return _csv(LOT_FIELDS, lot_rows(plan))


def sharing_package(city: City) -> bytes:
    """What the columns of both tables are."""
    return package_json(city, "luxing-sharing-plan", f"Shared parking for {city.name}", _TABLES, "Lots")


def sharing_geojson(city: City, plan: SharingPlan) -> bytes:
    """The lots with their windows as points (RFC 7946), with the attribution as a foreign member."""
    windows: dict[str, list[dict[str, Any]]] = {}
    for row in window_rows(plan):
        windows.setdefault(row["lot"], []).append(
            {k: row[k] for k in ("group", "day", "start", "end", "spaces", "given")}
        )
    features = []
    for row in lot_rows(plan):
        point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
        named = row | {"windows": windows.get(row["lot"], [])}
        features.append({"type": "Feature", "id": row["lot"], "geometry": point, "properties": named})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def _csv(fields: Iterable[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, without which Excel garbles Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(fields)
    writer.writerows(["" if row[k] is None else cell(row[k]) for k in fields] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def _placed(row: dict[str, Any]) -> dict[str, Any]:
    return row | {name: round(row[name], COORDINATE_DIGITS) for name in ("lon", "lat")}
