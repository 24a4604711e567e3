"""A plan of feeder loops for people: its report, and its loops as a table and as lines."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any, Final

from network import City, GreenDefinition
from optimise import LoopLine, LoopPlan, LoopProposal
from service.report import numbers as n
from service.report.loops_map import colour_of, loops_map
from service.report.page import link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.tables import COORDINATE_DIGITS, attribution, canonical_json, cell

COLUMNS: Final = ("line", "start", "start_name", "length_m", "cycle_min", "vehicles", "headway_min", "vehicle_hours")
MORE: Final = ("cost_cny", "people", "residents", "jobs")
"""Columns after the first ones."""
_DIGITS: Final = 2
CHECKS: Final = {
    "drivable": "every loop, street by street: open to cars, and every turn allowed",
    "cycle": "the time around each loop, by the timetable of the city with the plan in it",
    "feasible": "the loops keep to the fleet, the longest time and the headway",
    "value": "the people, counted again from the zones of the loops",
    "replay": "the zones that get a stop, by a day of the city with the plan in it",
}
"""What optimise verifies of loops, in plain words."""


def loops_report_html(city: City, proposal: LoopProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on feeder loops for `city` (before the plan) as one HTML page that fetches nothing."""
    plan = proposal.plan
    return render(
        "loops.html",
        headline=_headline(city, plan),
        tiles=_tiles(city, plan),
        map=loops_map(city, proposal),
        proof=_proof(plan),
        loops=[_loop(number, line) for number, line in enumerate(plan.loops, 1)],
        total={
            "vehicles": n.number(plan.vehicles),
            "people": n.number(plan.people),
            "cost": n.number(plan.cost_cny),
        },
        radius_m=f"{plan.radius_m:g}",
        hours=f"{plan.last_h - plan.first_h:g}",
        job_weight=f"{float(city.transit.loop_rules.job_weight):g}",
        **page_values(city, proposal, green),
    )


def street_names(line: LoopLine) -> list[str]:
    """Names of the streets of a loop in the order in which it comes along them first."""
    return list(dict.fromkeys(s.name for s in line.streets if s.name))


def loop_row(line: LoopLine) -> dict[str, Any]:
    """How a loop runs and whom it serves, where it stops, and along which streets."""
    row = {name: getattr(line, name) for name in (*COLUMNS, *MORE)}
    row = {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in row.items()}
    return row | {"stops": "; ".join(s.stop for s in line.stops), "streets": "; ".join(street_names(line))}


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


def _headline(city: City, plan: LoopPlan) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    where, radius = plan.area or city.name, f"{plan.radius_m:g}"
    lacking = n.number(plan.without_stop)
    if not plan.without_stop:
        en = f"No loop is needed: everybody in {where} has a stop within {radius}\u00a0m on foot."
        return {"en": en, "zh": f"无需开行微循环公交：{where}所有人步行{radius}米内均有公交站。"}
    if not plan.loops:
        en = f"No loop can be run for the {lacking} people in {where} without a stop within {radius}\u00a0m on foot."
        return {"en": en, "zh": f"{where}有{lacking}人步行{radius}米内没有公交站，但没有可行的微循环线路。"}
    loops, buses = n.count_en(len(plan.loops), "loop", "loops"), n.count_en(plan.vehicles, "small bus", "small buses")
    people, share = n.number(plan.people), n.short_percent(plan.people / plan.without_stop)
    brings = "brings" if len(plan.loops) == 1 else "bring"
    en = (
        f"{loops} with {buses}, for CNY {n.number(plan.cost_cny)} a day, {brings} a stop within {radius}\u00a0m "
        f"on foot to {people} of the {lacking} people in {where} who have none: {share} of them."
    )
    zh = (
        f"开行{n.number(len(plan.loops))}条微循环线路，投入{n.number(plan.vehicles)}辆小型公交车，"
        f"每日成本{n.number(plan.cost_cny)}元，使{where}步行{radius}米内没有公交站的{lacking}人中"
        f"有{people}人（{share}）获得站点。"
    )
    return {"en": en, "zh": zh}


def _tiles(city: City, plan: LoopPlan) -> list[dict[str, str]]:
    fleet = [
        f"{n.number(got)} of {n.number(most)} {what}"
        for got, most, what in (
            (plan.vehicles, plan.vehicles_most, "vehicles"),
            (plan.vehicle_hours, plan.vehicle_hours_most, "vehicle-hours a day"),
        )
        if most is not None
    ]
    stops = {s.stop: s.new for line in plan.loops for s in line.stops}
    return [
        {"label": "Loops 线路", "value": n.number(len(plan.loops)), "note": f"with {' and '.join(fleet)}"},
        {
            "label": "Stops 站点",
            "value": n.number(len(stops)),
            "note": f"{sum(stops.values())} new, {len(stops) - sum(stops.values())} there already",
        },
        {
            "label": "Cost a day 每日成本",
            "value": f"CNY {n.number(plan.cost_cny)}",
            "note": f"{n.number(plan.vehicle_hours)} vehicle-hours a day",
        },
        {
            "label": "People who get a stop 新覆盖人口",
            "value": n.number(plan.people),
            "note": f"of {n.number(plan.without_stop)} without one in {plan.area or city.name}",
        },
    ]


def _proof(plan: LoopPlan) -> dict[str, Any]:
    goal = "Give the most people without a stop one within reach on foot 使尽可能多的人步行范围内有公交站"
    facts = [("Goal 目标", goal)]
    if plan.status != "infeasible":
        facts += [
            ("People who get a stop 新覆盖人口", n.number(plan.people)),
            ("No choice among the candidates reaches more than (bound) 候选线路内的上界", n.number(plan.bound)),
            ("Gap between the two 差距", n.small_percent(plan.gap)),
        ]
    facts += [
        ("People without a stop 无站点人口", n.number(plan.without_stop)),
        ("Of them within reach of any candidate 候选线路可达人口", n.number(plan.within_reach)),
        ("Candidate loops 候选线路", n.number(plan.candidates)),
        ("Green trips a day, simulated 绿色出行变化", n.signed(plan.green_trips, n.digits_for(plan.green_trips))),
    ]
    return proof_texts(plan, facts, told=_told(plan), checks=CHECKS, reasons=plan.reasons)


def _told(plan: LoopPlan) -> tuple[str, str, str, str]:
    """Title and meaning of the status: what is proven is proven of the candidates alone."""
    known = n.number(plan.candidates)
    only = "The bound holds for the candidates only: that no other loop would do better is not proven."
    only_zh = "上界仅对候选线路成立：未证明不存在更好的其他线路。"
    if not plan.without_stop:
        return "Nothing to do", "无需改动", "Nobody there is without a stop.", "区域内无人缺少公交站。"
    if plan.status == "infeasible":
        what = "No candidate was found; that there is none is not proven."
        return "No loop found", "未找到线路", what, "未找到候选线路，但未证明不存在。"
    if plan.status == "optimal":
        title, title_zh = f"Proven best among {known} candidate loops", f"在{known}条候选线路中已证明最优"
        best, best_zh = "No other choice among them reaches more people with this fleet.", "同样的车队没有更好的组合。"
        return title, title_zh, f"{best} {only}", f"{best_zh}{only_zh}"
    title = f"Proven within {{gap}} of the best among {known} candidate loops"
    return title, f"已证明与{known}条候选线路中最优组合的差距不超过{{gap}}", only, only_zh


def _loop(number: int, line: LoopLine) -> dict[str, str]:
    calls = {s.stop: s.new for s in line.stops}
    first = line.stops[0]
    return {
        "number": str(number),
        "colour": colour_of(number),
        "id": line.line,
        "start": line.start_name or line.start,
        "streets": " · ".join(street_names(line)),
        "stops": n.number(len(calls)),
        "new": n.number(sum(calls.values())),
        "km": n.number(line.length_m / 1000, 1),
        "cycle": n.number(line.cycle_min, 1),
        "headway": n.number(line.headway_min, 1),
        "vehicles": n.number(line.vehicles),
        "people": n.number(line.people),
        "cost": n.number(line.cost_cny),
        "link": link_to(first.lon, first.lat),
    }
