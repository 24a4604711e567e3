"""A plan of bus depots for people: its report, and the depots as a table and as points."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from network import City, GreenDefinition
from optimise import BusPath, DepotPlan, DepotProposal
from service.report import numbers as n
from service.report.depots_map import depots_map
from service.report.page import link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

COLUMNS: Final = (
    "place", "name", "lon", "lat", "buses", "km", "energy_kwh", "chargers", "chargers_estimate", "chargers_parked",
    "chargers_parked_bound", "chargers_unmanaged", "peak_kw", "peak_unmanaged_kw", "kva", "transformer_kva",
    "transformer_unmanaged_kva", "feeder", "cost_cny",
)  # fmt: skip
CHECKS: Final = {
    "feasible": "every bus gets its energy while it stands at its depot, from no more chargers and power than promised",
    "value": "the power of each depot, from its schedule",
    "bound_side": "less power is too little, by what buses need in the tight hours alone",
    "parked": "where no bus is moved, each has a charger to itself for long enough and in time",
}
"""What optimise verifies of depots, in plain words."""
PROVEN: Final = (
    "Proven least",
    "已证明最小",
    "No schedule that has every bus ready in time does with less power at any depot.",
    "任何保证车辆按时出车的充电方案，在任一场站都不能使用更小的功率。",
)
CURVE_PX: Final = (1000, 260)
_KW_PER_MW: Final = 1000.0
_SHOWN_LINES: Final = 5
_MOST_LINES: Final = 6
"""Lines across the drawing of a day."""


def depots_report_html(city: City, proposal: DepotProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on bus depots for `city` as one HTML page that fetches nothing."""
    plan = proposal.plan
    return render(
        "depots.html",
        headline=_headline(plan),
        tiles=_tiles(plan),
        map=depots_map(city, proposal),
        proof=_proof(plan),
        depots=[_depot(i, d) for i, d in enumerate(depot_rows(plan), 1)],
        curve=_curve(proposal),
        top_ups=[_top_up(t) for t in plan.top_ups],
        feeders=[_feeder(f) for f in plan.feeders],
        path=_path(plan.path) if plan.path else None,
        **page_values(city, proposal, green),
    )


def depot_rows(plan: DepotPlan) -> list[dict[str, Any]]:
    """What each depot needs, by COLUMNS, and the lines it serves."""
    shown = (*COLUMNS, "lines", "tight_h")
    rows = [{name: getattr(d, name) for name in shown} for d in plan.depots]
    for row in rows:
        row |= {k: None if row[k] is None else round(row[k], COORDINATE_DIGITS) for k in ("lon", "lat")}
    return rows


def depots_csv(plan: DepotPlan) -> bytes:
    """The rows as CSV in UTF-8 with a byte order mark."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(["" if row[k] is None else cell(row[k]) for k in COLUMNS] for row in depot_rows(plan))
    return text.getvalue().encode("utf-8-sig")


def depots_geojson(city: City, plan: DepotPlan) -> bytes:
    """Depots and ends of lines where buses top up as points (RFC 7946), with the attribution as a foreign member."""
    features = []
    for row in depot_rows(plan):
        where = row.pop("lon"), row.pop("lat")
        point = None if where[0] is None else {"type": "Point", "coordinates": list(where)}
        named = row | {"kind": "depot", "lines": list(row["lines"])}
        features.append({"type": "Feature", "id": row["place"], "geometry": point, "properties": named})
    for t in plan.top_ups:
        lonlat = [round(t.lon, COORDINATE_DIGITS), round(t.lat, COORDINATE_DIGITS)]
        told = {"kind": "top_up", "stop": t.stop, "name": t.name, "chargers": t.chargers, "peak_kw": t.peak_kw}
        point = {"type": "Point", "coordinates": lonlat}
        features.append({"type": "Feature", "id": f"top-up {t.stop}", "geometry": point, "properties": told})
    collection: dict[str, Any] = {"type": "FeatureCollection", "features": features}
    if attribution(city):
        collection["attribution"] = " · ".join(attribution(city))
    return canonical_json(collection)


def _headline(plan: DepotPlan) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    smart, loose = (n.number(kw / _KW_PER_MW, 1) for kw in (plan.value, plan.peak_unmanaged_kw))
    buses, depots, chargers = n.number(plan.buses), n.number(len(plan.depots)), n.number(plan.chargers)
    at = n.count_en(len(plan.depots), "depot", "depots")
    return {
        "en": f"{buses} electric buses at {at} need {chargers} chargers and {smart} MW "
        f"with smart charging; {loose} MW where each is plugged in as it comes.",
        "zh": f"{depots}处场站的{buses}辆纯电动公交车需要{chargers}台充电桩；有序充电峰值功率{smart}兆瓦，"
        f"即插即充为{loose}兆瓦。",
    }


def _tiles(plan: DepotPlan) -> list[dict[str, str]]:
    tops = sum(t.chargers for t in plan.top_ups)
    return [
        {
            "label": "Electric buses 纯电动公交车",
            "value": n.number(plan.buses),
            "note": f"{n.number(plan.km)} km a day",
        },
        {
            "label": "Chargers 充电桩",
            "value": n.number(plan.chargers),
            "note": f"{plan.chargers / max(1, plan.buses):.2f} a bus; {n.number(tops)} more at ends of lines",
        },
        {
            "label": "Power 峰值功率",
            "value": f"{n.number(plan.value / _KW_PER_MW, 1)} MW",
            "note": f"{n.number(plan.peak_unmanaged_kw / _KW_PER_MW, 1)} MW unmanaged",
        },
        {"label": "Cost 投资", "value": n.money_en(plan.cost_cny), "note": "chargers, transformers, feeders"},
    ]


def _proof(plan: DepotPlan) -> dict[str, Any]:
    parked, bound, rule = (
        sum(getattr(d, name) for d in plan.depots)
        for name in ("chargers_parked", "chargers_parked_bound", "chargers_estimate")
    )
    facts = [
        ("Goal 目标", "The least power with which every bus is ready in time 保证按时出车的最小功率"),
        ("Power of all depots, each at its worst hour 各场站峰值之和", f"{n.number(plan.value)} kW"),
        ("No schedule does with less (bound) 下界", f"{n.number(plan.bound)} kW"),
        ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ("Chargers where no bus is moved 不移车所需充电桩", f"{n.number(parked)}, no fewer than {n.number(bound)}"),
        ("Chargers by the rule of thumb 经验公式", n.number(rule)),
        ("Days of buses from 数据来源", "the timetable" if plan.source == "timetable" else "the blocks given"),
    ]
    return proof_texts(plan, facts, told=PROVEN, checks=CHECKS, reasons=plan.reasons)


def _depot(number: int, d: dict[str, Any]) -> dict[str, str]:
    lines = ", ".join(d["lines"][:_SHOWN_LINES]) + (" …" if len(d["lines"]) > _SHOWN_LINES else "")
    known, bound = d["lon"] is not None, d["chargers_parked_bound"]
    return {
        "number": str(number),
        "id": d["place"],
        "name": d["name"] or d["place"],
        "lines": lines,
        "buses": n.number(d["buses"]),
        "km": n.number(d["km"]),
        "energy": n.number(d["energy_kwh"]),
        "chargers": n.number(d["chargers"]),
        "per_bus": f"{d['chargers'] / d['buses']:.2f}",
        "estimate": n.number(d["chargers_estimate"]),
        "parked": n.number(d["chargers_parked"]) + ("" if d["chargers_parked"] == bound else f" (≥ {n.number(bound)})"),
        "peak": n.number(d["peak_kw"]),
        "unmanaged": n.number(d["peak_unmanaged_kw"]),
        "transformer": n.number(d["transformer_kva"]),
        "transformer_unmanaged": n.number(d["transformer_unmanaged_kva"]),
        "tight": n.number(d["tight_h"], 1),
        "cost": n.number(d["cost_cny"]),
        "where": f"{d['lat']:.5f}, {d['lon']:.5f}" if known else "",
        "link": link_to(d["lon"], d["lat"]) if known else "",
    }


def _top_up(t: Any) -> dict[str, str]:
    return {
        "id": t.stop,
        "name": t.name or t.stop,
        "buses": n.number(t.buses),
        "chargers": n.number(t.chargers),
        "kw": n.number(t.peak_kw),
        "energy": n.number(t.energy_kwh),
        "cost": n.number(t.cost_cny),
    }


def _feeder(f: Any) -> dict[str, Any]:
    return {
        "id": f.feeder,
        "kva": n.number(f.kva),
        "headroom": n.number(f.headroom_kva),
        "steps": n.number(f.steps),
        "left": n.number(f.left_kva),
        "lacks": f.left_kva < 0,
        "cost": n.number(f.cost_cny),
    }


def _path(path: BusPath) -> dict[str, Any]:
    return {
        "title": f"{n.count_en(path.early, 'bus is', 'buses are')} replaced before their age, the fewest with which "
        f"{path.counted} buses keep to the path of {' and '.join(path.path_rows)}.",
        "row": path.bought_row,
        "least": n.short_percent(path.bought_least),
        "years": [
            {
                "year": y.year,
                "buses": n.number(y.buses),
                "clean": n.percent(y.clean / y.buses if y.buses else None),
                "electric": n.percent(y.electric / y.buses if y.buses else None),
                "least": n.percent(y.least_share),
                "retired": n.number(y.retired),
                "early": n.number(y.early),
                "bought": n.number(y.bought),
                "cost": n.number(y.cost_cny),
                "lost": n.number(y.lost_cny),
            }
            for y in path.years
        ],
    }


def _curve(proposal: DepotProposal) -> dict[str, Any] | None:
    """Power of all depots from noon to noon, drawn by slots."""
    smart, loose = (
        np.sum([getattr(night, name) for night in proposal.nights], axis=0) for name in ("smart_kw", "unmanaged_kw")
    )
    most = float(max(loose.max(), smart.max()))
    if not most:
        return None
    (width, height), slots = CURVE_PX, len(smart)
    tenth = 10.0 ** np.floor(np.log10(most))
    step = next(tenth * part for part in (0.2, 0.5, 1.0, 2.0) if most / (tenth * part) <= _MOST_LINES)
    lines = np.arange(step, most, step)

    def drawn(kw: Any) -> str:
        turned = np.roll(kw, slots // 2)
        y = np.round(height * (1 - turned / (1.05 * most)), 1).tolist()
        steps = [f"H{i * width / slots:g}V{y[i]:g}" for i in range(1, slots)]
        return f"M0 {y[0]:g}{''.join(steps)}H{width}"

    return {
        "width": width,
        "height": height,
        "smart": drawn(smart),
        "unmanaged": drawn(loose),
        "grid": [
            {"y": round(height * (1 - kw / (1.05 * most)), 1), "text": f"{n.number(kw)} kW"} for kw in lines.tolist()
        ],
        "hours": [{"x": round(h * width / 24), "text": f"{(12 + h) % 24}:00"} for h in range(3, 24, 3)],
    }
