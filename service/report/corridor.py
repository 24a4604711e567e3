"""A plan for a corridor for people: its report with a map, and as tables, points and lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from optimise import Corridor, CorridorPlan
from service.report import numbers as n
from service.report.frame import TENTHS_PER_PX, frame_around, path_data
from service.report.rendering import render
from service.report.tables import COORDINATE_DIGITS, canonical_json, cell

SIZE_PX: Final = 900
_STATES: Final = {"new": "#0f766e", "there": "#1d4ed8", "none": "#9ca3af", "city": "#111827", "junction": "#9ca3af"}
"""Green for new stations, blue for those that are there, grey for sites without one."""
_TOP: Final = 30


def corridor_files(corridor: Corridor, plan: CorridorPlan) -> dict[str, bytes]:
    """Name -> bytes of everything a planner takes home. Same plan, same bytes."""
    return {
        "corridor.json": canonical_json(plan.to_dict()),
        "stations.csv": _csv([asdict(station) for station in plan.stations]),
        "trips.csv": _csv([asdict(trip) for trip in plan.trips]),
        "corridor.geojson": _geojson(corridor, plan),
        "report.html": _html(corridor, plan).encode(),
    }


def _csv(rows: Sequence[dict[str, Any]]) -> bytes:
    """Rows as CSV in UTF-8 with a byte order mark, which spreadsheets need for Chinese."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(rows[0] if rows else ())
    for row in rows:
        writer.writerow([cell(_flat(value)) for value in row.values()])
    return text.getvalue().encode("utf-8-sig")


def _flat(value: Any) -> str | float:
    """A cell: lists with semicolons, nothing for None."""
    if isinstance(value, tuple):
        return ";".join(value)
    return "" if value is None else value


def _geojson(corridor: Corridor, plan: CorridorPlan) -> bytes:
    """Stations and nodes as points, links as straight lines (RFC 7946)."""
    stations = {station.id: asdict(station) for station in plan.stations}
    at = {node.id: [round(node.lon, COORDINATE_DIGITS), round(node.lat, COORDINATE_DIGITS)] for node in corridor.nodes}
    features = [
        _feature("Point", at[node.id], {"id": node.id, "kind": node.kind} | stations.get(node.id, {}))
        for node in corridor.nodes
    ]
    features += [
        _feature("LineString", [at[link.start], at[link.end]], {"length_km": link.length_km}) for link in corridor.links
    ]
    return canonical_json({"type": "FeatureCollection", "features": features})


def _feature(kind: str, coordinates: Any, properties: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in properties.items() if name not in {"lon", "lat"}}
    return {"type": "Feature", "geometry": {"type": kind, "coordinates": coordinates}, "properties": told}


def _html(corridor: Corridor, plan: CorridorPlan) -> str:
    """One page that fetches nothing."""
    left = sorted((t for t in plan.trips if t.state == "not_served"), key=lambda t: -t.vehicles_per_day)
    names = {node.id: node.name or node.id for node in corridor.nodes}
    return render(
        "corridor.html",
        plan=plan,
        new=sum(not s.existing_plugs for s in plan.stations),
        stations=[_station(plan, s, names) for s in plan.stations],
        cases=[
            {"plan": "cold" if c.plan == "winter" else "mild", "zh": "寒冷日" if c.plan == "winter" else "温和日",
             "degrees": f"{c.temperature_c:g}",
             **{name: n.number(getattr(c, f"{name}_per_day"), 1) for name in ("vehicles", "home", "served")}}
            for c in plan.cases
        ],
        left=[
            {"trip": t, "from": names[t.origin], "to": names[t.destination],
             "count": n.number(t.vehicles_per_day, 1), "km": n.number(t.length_km)}
            for t in left[:_TOP]
        ],
        more=max(0, len(left) - _TOP),
        total=_count(sum(t.vehicles_per_day for t in plan.trips)),
        value=_count(plan.value),
        bound=_count(plan.bound),
        gap=n.small_percent(plan.gap),
        cost=n.money_en(plan.cost_cny),
        cost_zh=n.money_zh(plan.cost_cny),
        backlog=n.money_en(plan.backlog_cny),
        colours=_STATES,
        map=_map(corridor, plan),
    )  # fmt: skip


def _count(vehicles: float) -> str:
    return n.number(vehicles, n.digits_for(vehicles))


def _station(plan: CorridorPlan, station: Any, names: dict[str, str]) -> dict[str, Any]:
    without = station.best_instead_per_day
    return {
        "of": station,
        "peak": n.number(station.sessions_in_peak_hour, 1),
        "kwh": n.number(station.kwh_per_day),
        "lacks": n.number(station.lacking_kw) if station.lacking_kw else n.NOTHING,
        "cost": n.number(station.cost_cny),
        "lost": n.number(station.lost_per_day, 1),
        "without": n.NOTHING if without is None else n.number(without - plan.value, 1),
        "instead": names[station.instead] if station.instead else n.NOTHING,
    }


def _map(corridor: Corridor, plan: CorridorPlan) -> dict[str, Any]:
    """What the drawing needs: lines, and marks with their names, in tenths of a pixel."""
    lonlat = np.array([(node.lon, node.lat) for node in corridor.nodes])
    frame = frame_around(lonlat, SIZE_PX)
    px = dict(zip((node.id for node in corridor.nodes), frame.tenths(lonlat).tolist(), strict=True))
    lines = [[tuple(px[link.start]), tuple(px[link.end])] for link in corridor.links]
    return {
        "width": frame.width * TENTHS_PER_PX,
        "height": frame.height * TENTHS_PER_PX,
        "roads": path_data(lines),
        "marks": list(_marks(corridor, plan, px)),
    }


def _marks(corridor: Corridor, plan: CorridorPlan, px: dict[str, list[int]]) -> Iterable[dict[str, Any]]:
    stations = {station.id: station for station in plan.stations}
    for node in corridor.nodes:
        own = stations.get(node.id)
        state = node.kind if node.kind in _STATES else "none"
        if own:
            state = "there" if own.existing_plugs else "new"
        name = (node.name or node.id) + (f", {own.plugs}" if own else "")
        yield {
            "x": px[node.id][0], "y": px[node.id][1], "colour": _STATES[state], "r": 70 if own else 35,
            "name": name if own or node.kind == "city" else "", "title": f"{name} ({node.kind})",
        }  # fmt: skip
