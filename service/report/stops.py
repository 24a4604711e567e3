"""A plan of bus stops for people: its report, its map, and its stops as a table and as points."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from network import City, GreenDefinition, units
from optimise import StopPlan, StopProposal
from service.report import numbers as n
from service.report.frame import F64, Frame, frame_around
from service.report.ground import ground, legend_items
from service.report.labels import spread, street_labels
from service.report.page import STATUSES, link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.tables import COORDINATE_DIGITS, MetricRow, attribution, canonical_json, cell, metric_rows

SIZE_PX: Final = 1000
RADIUS_PX: Final = 9.0
ADD, MOVE = "#0b6b46", "#5b3fb8"
DOORS: Final = {
    "has": ("#0b6b46", "#ffffff", "Entrance with a bus stop 已有公交站的出入口"),
    "gets": ("#ffffff", "#0b6b46", "Gets one by the plan 方案新覆盖"),
    "lacks": ("#f0b56a", "#9c4a12", "Has none 未覆盖"),
    "apart": ("#e4e8e6", "#939c97", "Not eligible, or no train calls 不计入"),
}
"""Fill, edge and words of an entrance."""
ACTIONS: Final = {"add": "add 新增", "move": "move 迁移"}
COLUMNS: Final = (
    "number", "action", "stop", "name", "street", "lon", "lat", "from_lon", "from_lat", "lines", "covers", "cost_cny",
)  # fmt: skip
STATION, ENTRANCE = "rail_station_bus_share", "rail_entrance_bus_share"


def stop_report_html(city: City, proposal: StopProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on stops to add and move in `city` (before the plan) as one HTML page that fetches nothing."""
    rows, plan = {row.name: row for row in metric_rows(proposal)}, proposal.plan
    rules = city.transit.stop_rules
    return render(
        "stops.html",
        headline=_headline(plan, rows),
        tiles=_tiles(plan, rows),
        map=stops_map(city, proposal),
        proof=_proof(plan),
        stops=[_stop(row) for row in stop_rows(plan)],
        cost=n.number(plan.cost_cny),
        station_m=n.number(float(rules.station_m)),
        entrance_m=n.number(float(rules.entrance_m)),
        **page_values(city, proposal, green),
    )


def stop_rows(plan: StopPlan) -> list[dict[str, Any]]:
    """The stops in the order of their numbers, by COLUMNS."""
    rows = []
    for number, place in enumerate(plan.places, 1):
        row: dict[str, Any] = {name: getattr(place, name, None) for name in COLUMNS} | {"number": number}
        for name in ("lon", "lat", "from_lon", "from_lat"):
            row[name] = None if row[name] is None else round(row[name], COORDINATE_DIGITS)
        rows.append(row)
    return rows


def stops_csv(plan: StopPlan) -> bytes:
    """The stops as CSV in UTF-8 with a byte order mark; lists are parted by semicolons."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for row in stop_rows(plan):
        flat = [";".join(value) if isinstance(value, tuple) else value for value in row.values()]
        writer.writerow(["" if value is None else cell(value) for value in flat])
    return text.getvalue().encode("utf-8-sig")


def stops_geojson(city: City, plan: StopPlan) -> bytes:
    """The stops as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in stop_rows(plan):
        point = {"type": "Point", "coordinates": [row.pop("lon"), row.pop("lat")]}
        features.append({"type": "Feature", "id": row["stop"], "geometry": point, "properties": row})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def stops_map(city: City, proposal: StopProposal, size_px: int = SIZE_PX) -> str:
    """The map as one `<svg>` element: entrances by whether they have a stop, and the stops of the plan."""
    places, stations = proposal.plan.places, city.transit.stations
    spots = np.array([(p.lon, p.lat) for p in places]).reshape(-1, 2)
    seen = np.concatenate((stations.entrance_lonlat, spots))
    frame = frame_around(seen if len(seen) > 1 else city.roads.lonlat, size_px)
    stops = _stops_drawn(frame, proposal.plan, spots)
    taken = np.array([(s["x"], s["y"], RADIUS_PX) for s in stops]).reshape(-1, 3)
    poles = frame.px(city.transit.timetable.stop_lonlat[city.transit.served_by(units.BUS)])
    return render(
        "stops.svg",
        city=city.name,
        poles=np.round(poles[frame.holds(poles)], 1).tolist(),
        doors=_doors(city, frame, proposal),
        stops=stops,
        radius=RADIUS_PX,
        legend=_legend(),
        **ground(city, frame, street_labels(city, frame, taken), name="stops"),
    )


def _stops_drawn(frame: Frame, plan: StopPlan, spots: F64) -> list[dict[str, Any]]:
    at = np.round(frame.px(spots), 1)
    apart = spread(at, np.full(len(at), RADIUS_PX + 1.0))
    out = []
    for number, (place, here, shown) in enumerate(zip(plan.places, at.tolist(), apart.tolist(), strict=True), 1):
        moved = None
        if place.from_lon is not None and place.from_lat is not None:
            moved = np.round(frame.px(np.array([[place.from_lon, place.from_lat]]))[0], 1).tolist()
        out.append(
            {
                "number": number,
                "x": round(shown[0], 1),
                "y": round(shown[1], 1),
                "at": here,
                "moved_from": moved,
                "fill": ADD if place.action == "add" else MOVE,
                "title": f"{place.action} {place.name}",
            }
        )
    return out


def _doors(city: City, frame: Frame, proposal: StopProposal) -> list[dict[str, Any]]:
    s, before, after = city.transit.stations, proposal.base.coverage, proposal.changed.coverage
    at = np.round(frame.px(s.entrance_lonlat), 1).tolist()
    out = []
    for i, (x, y) in enumerate(at):
        had, has = (bool(c.entrance_walk_m[i] <= c.entrance_m) for c in (before, after))
        kind = "apart" if not before.entrance_counts[i] else "has" if had else "gets" if has else "lacks"
        fill, stroke, _ = DOORS[kind]
        walk_m = after.entrance_walk_m[i]
        walk = f"{walk_m:.0f} m to a bus stop" if np.isfinite(walk_m) else "no bus stop near"
        title = f"{s.name[s.entrance_station[i]]} ({s.entrance_id[i]}): {walk}"
        out.append({"x": x, "y": y, "fill": fill, "stroke": stroke, "title": title})
    return out


def _legend() -> list[dict[str, Any]]:
    stops = (
        (ADD, "none", RADIUS_PX, "Stop to add 新增站点"),
        (MOVE, "none", RADIUS_PX, "Stop to move, from where it is 迁移站点"),
        ("#6b7771", "none", 2.2, "Bus stop 现有公交站"),
    )
    return legend_items(*stops, *((fill, stroke, 0.0, text) for fill, stroke, text in DOORS.values()))


def _headline(plan: StopPlan, rows: dict[str, MetricRow]) -> dict[str, str]:
    if plan.status == "infeasible":
        en = "The targets cannot be met: some entrances have no place for a bus stop within reach."
        return {"en": en, "zh": "目标无法达到：部分出入口步行范围内没有可设公交站的位置。"}
    if not plan.places:
        return {"en": "The targets are met without any change.", "zh": "无需改动即可达到目标。"}
    added = sum(p.action == "add" for p in plan.places)
    moved = len(plan.places) - added
    before, after = n.short_percent(rows[ENTRANCE].before), n.short_percent(rows[ENTRANCE].after)
    en = (
        f"{n.count_en(added, 'new bus stop', 'new bus stops')} and {moved} moved, for {n.money_en(plan.cost_cny)}, "
        f"raise the share of rail entrances with a bus stop within reach from {before} to {after}."
    )
    zh = (
        f"新增{added}处、迁移{moved}处公交站，投资{n.money_zh(plan.cost_cny)}，"
        f"步行范围内有公交站的轨道出入口比例由{before}提高到{after}。"
    )
    return {"en": en, "zh": zh}


def _tiles(plan: StopPlan, rows: dict[str, MetricRow]) -> list[dict[str, str]]:
    added = sum(p.action == "add" for p in plan.places)
    shares = [
        {"label": label, "value": f"{n.short_percent(rows[name].before)} → {n.short_percent(rows[name].after)}",
         "note": note}
        for name, label, note in (
            (STATION, "Rail stations 轨道车站", "with a bus stop within reach on foot"),
            (ENTRANCE, "Rail entrances 轨道出入口", "with a bus stop within reach on foot"),
        )
    ]  # fmt: skip
    stops = {
        "label": "Stops 公交站点",
        "value": n.number(len(plan.places)),
        "note": f"{added} to add, {len(plan.places) - added} to move",
    }
    return [stops, {"label": "Cost 投资", "value": n.money_en(plan.cost_cny), "note": "no budget is set"}, *shares]


def _proof(plan: StopPlan) -> dict[str, Any]:
    goal = "Meet the targets at the least cost, and take a stop from nobody 以最低投资达到目标，且不减少已有覆盖"
    facts = [("Goal 目标", goal)]
    if plan.status != "infeasible":
        cost, bound = (f"{n.number(value / units.FEN_PER_CNY)} CNY" for value in (plan.value, plan.bound))
        facts += [
            ("Cost 投资", cost),
            ("No plan costs less than (bound) 下界", bound),
            ("Gap between the two 差距", n.small_percent(plan.gap)),
        ]
    best = (
        *STATUSES["optimal"][:2],
        "No other choice among the places looked at costs less.",
        "备选位置中没有更低成本的组合。",
    )
    return proof_texts(plan, facts, told=best if plan.status == "optimal" else None, reasons=plan.reasons)


def _stop(row: dict[str, Any]) -> dict[str, str]:
    return {
        "number": str(row["number"]),
        "action": ACTIONS[row["action"]],
        "id": row["stop"],
        "name": row["name"],
        "street": row["street"],
        "covers": ", ".join(row["covers"]),
        "lines": str(len(row["lines"])),
        "cost": n.number(row["cost_cny"]),
        "where": f"{row['lat']:.5f}, {row['lon']:.5f}",
        "link": link_to(row["lon"], row["lat"]),
    }
