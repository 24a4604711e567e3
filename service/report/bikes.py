"""The report on dispatch points: where they go, how big, in which year, and what the fleet is held to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

from network import City, GreenDefinition, units
from optimise import BikePoint, BikesPlan, BikesProposal, FleetRow
from service.report import numbers as n
from service.report.bikes_day import cap_chart, day_chart
from service.report.bikes_map import bikes_map, colour_of
from service.report.bikes_rows import ranked
from service.report.page import link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.spaces import UNKNOWN

GOALS: Final = {
    "cover": "Points for as many rides as possible 让最多的骑行有点可停",
    "cost": "The least money for the share of rides asked for 以最少投资达到服务比例",
    "net": "Most worth of the rides served, less the money 服务价值减投资最大",
}
VALUES: Final = {
    "cover": ("Bikes taken and left a weekday, served 服务的借还量", "No plan serves more than (bound) 上界"),
    "cost": ("Money of the points, CNY 点位投资", "No plan costs less than (bound) 下界"),
    "net": ("Worth less money, CNY 净价值", "No plan is worth more than (bound) 上界"),
}
BINDS: Final = {"need": "need 需要", "space": "street space 街道空间", "parking": "places at points 停放能力"}
PLAIN: Final = {"need": "need", "space": "street space", "parking": "places at points"}
_THOUSAND: Final = 1000
_ZONES_SHOWN, _IDS_SHOWN = 15, 3
_NUMBERS: Final = re.compile(r"\d+(?:\.\d+)?")


def bikes_report_html(city: City, proposal: BikesProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on dispatch points for `city` (before the plan) as one HTML page that fetches nothing."""
    plan = proposal.plan
    return render(
        "bikes.html",
        headline=_headline(plan),
        tiles=_tiles(plan),
        map=bikes_map(city, plan),
        proof=_proof(plan),
        chart=day_chart(plan, city.bike_sharing.balance_h.tolist()),
        cap=cap_chart(plan),
        points=[_point(city, plan, i, p) for i, p in enumerate(ranked(plan), 1)],
        nearest=_nearest(plan),
        total=_total(plan),
        years=[_year(plan, i) for i in range(len(plan.years))],
        racks=_racks(plan),
        fleet=_fleet(plan),
        left_out=_left_out(plan),
        rules=_rules(city),
        **page_values(city, proposal, green),
    )


def value_text(plan: BikesPlan, value: int) -> str:
    """The value or bound of a plan in the unit of VALUES."""
    return n.number(value / (_THOUSAND if plan.objective == "cover" else units.FEN_PER_CNY))


def gap_words(plan: BikesPlan) -> dict[str, str]:
    """How far the plan may be from the best, in a sentence."""
    if plan.status == "optimal":
        return {"en": "No plan does better", "zh": "没有更好的方案"}
    gap = n.small_percent(plan.gap)
    return {
        "cover": {"en": f"No plan serves more than {gap} more", "zh": f"任何方案至多再多服务{gap}"},
        "cost": {"en": f"No plan costs less by more than {gap}", "zh": f"任何方案至多再省{gap}"},
        "net": {"en": f"No plan is worth more than {gap} more", "zh": f"任何方案的净价值至多再高{gap}"},
    }[plan.objective]


def held_share(plan: BikesPlan) -> float | None:
    """Weekdays on which the point that fails most often neither runs empty nor full."""
    return min((p.days_covered for p in plan.points if p.pickups + p.returns > 0), default=None)


def _headline(plan: BikesPlan) -> dict[str, str]:
    """A few sentences in plain words, in English and in Chinese."""
    if plan.status in {"infeasible", "unknown"}:
        known = plan.status == "unknown"
        return {
            "en": "No plan was found in the time given."
            if known
            else "No plan of points can do all that is asked for.",
            "zh": "限时内未找到方案。" if known else "没有满足全部条件的疏导点方案。",
        }
    if not plan.new_spaces:
        return {"en": "No new point is laid out.", "zh": "不新设疏导点。"}
    where_en, where_zh = (f"in {plan.area}", plan.area) if plan.area else ("in the city", "全市")
    where_en, where_zh = ("inside the outline", "范围内") if plan.within else (where_en, where_zh)
    served, held = n.short_percent(plan.served_share), n.short_percent(held_share(plan))
    gap = gap_words(plan)
    points, places = n.count_en(plan.new_points, "dispatch point", "dispatch points"), n.number(plan.new_spaces)
    return {
        "en": f"{points} with {places} new places for {n.money_en(plan.cost_cny)}: {served} of the shared bikes taken "
        f"and left {where_en} have a point within a walk that is sized for them. On {held} of weekdays or more a point "
        f"runs neither empty nor full. {gap['en']}.",
        "zh": f"投资{n.money_zh(plan.cost_cny)}，新设{n.number(plan.new_points)}处疏导点、{places}个泊位，"
        f"服务{where_zh}{served}的共享单车借还量；不少于{held}的工作日不空不满。{gap['zh']}。",
    }


def _tiles(plan: BikesPlan) -> list[dict[str, str]]:
    if plan.status == "infeasible":
        note = "of the bikes taken and left, with some site or point within a walk"
        return [{"label": "Within reach 可及", "value": n.short_percent(plan.reachable_share), "note": note}]
    there = sum(p.existing for p in plan.points)
    at = sum(bool(p.station) for p in plan.points)
    budget = "no limit" if plan.budget_cny is None else f"budget {n.money_en(plan.budget_cny)}"
    racks = f"; {n.money_en(plan.racks_cny)} of it for racks" if plan.racks_cny else ""
    there_en = " there" if plan.within or plan.area else ""
    before, after = n.short_percent(plan.covered_share_before), n.short_percent(plan.covered_share)
    return [
        {
            "label": "New points 新设疏导点",
            "value": n.number(plan.new_points),
            "note": f"{n.number(there)} were there; {n.number(at)} at entrances of stations",
        },
        {
            "label": "Places 泊位",
            "value": n.number(plan.spaces),
            "note": f"{n.number(plan.new_spaces)} of them new; the day begins with {n.number(plan.bikes)} bikes",
        },
        {
            "label": "Served 服务比例",
            "value": n.short_percent(plan.served_share),
            "note": f"of bikes taken and left{there_en}; of the city's {after} lie within a walk, {before} before",
        },
        {"label": "Cost 投资", "value": n.money_en(plan.cost_cny), "note": budget + racks},
    ]


def _proof(plan: BikesPlan) -> dict[str, Any]:
    facts = [("Goal 目标", GOALS[plan.objective])]
    if plan.status != "infeasible":
        value, bound = VALUES[plan.objective]
        facts += [
            (value, value_text(plan, plan.value)),
            (bound, value_text(plan, plan.bound)),
            ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ]
    given = "the table given" if plan.source == "table" else "kerbs and entrances, by default rules"
    facts += [
        ("Sites looked at 候选点", f"{n.number(plan.sites)}, from {given}"),
        ("Rides from 需求来源", plan.flow_source),
        ("Margin 容量余量", f"{plan.z:.2f} standard deviations of what is taken and left"),
        ("Served at the most by all the sites 候选点最多可服务", n.short_percent(plan.reachable_share)),
    ]
    told = UNKNOWN if plan.status == "unknown" else None
    return proof_texts(plan, facts, told=told, reasons=plan.reasons)


def station_names(city: City) -> dict[str, str]:
    """Names of rail stations by their ids, which stand for those without one."""
    ids, names = city.transit.stations.id.tolist(), city.transit.stations.name.tolist()
    return {station: name or station for station, name in zip(ids, names, strict=True)}


def _nearest(plan: BikesPlan) -> str:
    """Weekdays on which points hold where all go to the nearest, on the mean of the points with rides."""
    shares = [p.days_covered_by_nearest for p in plan.points if p.pickups + p.returns > 0]
    return n.percent(sum(shares) / len(shares) if shares else None)


def _point(city: City, plan: BikesPlan, at: int, point: BikePoint) -> dict[str, Any]:
    many, stations = point.spaces_by_year, station_names(city)
    return {
        "number": str(at),
        "colour": colour_of(plan, point),
        "name": point.name or point.id,
        "id": point.id if point.name else "",
        "docked": point.docked,
        "year": str(point.year) if point.year else "there 现有" if point.existing else "",
        "spaces": n.number(point.spaces),
        "grows": " → ".join(n.number(s) for s in dict.fromkeys(many) if s) if len(set(many) - {0}) > 1 else "",
        "before": n.number(point.spaces_before) if 0 < point.spaces_before < point.spaces else "",
        "bikes": n.number(point.bikes),
        "area": n.number(point.area_m2) if point.area_m2 else n.NOTHING,
        "pickups": n.number(point.pickups),
        "returns": n.number(point.returns),
        "walk": n.number(point.walk_m),
        "held": n.percent(point.days_covered),
        "held_off": n.percent(point.days_off_covered),
        "station": f"{stations.get(point.station, point.station)}, {n.number(point.entrance_m)} m"
        if point.station
        else "",
        "cost": n.number(point.cost_cny),
        "where": f"{point.lat:.5f}, {point.lon:.5f}",
        "link": link_to(point.lon, point.lat),
    }


def _total(plan: BikesPlan) -> dict[str, str]:
    return {
        "spaces": n.number(plan.spaces),
        "bikes": n.number(plan.bikes),
        "pickups": n.number(sum(p.pickups for p in plan.points)),
        "returns": n.number(sum(p.returns for p in plan.points)),
        "cost": n.number(plan.points_cny),
    }


def _year(plan: BikesPlan, at: int) -> dict[str, str]:
    row = plan.years[at]
    return {
        "year": str(row.year),
        "new": n.number(row.new_points),
        "points": n.number(row.points),
        "spaces": n.number(row.spaces),
        "budget": n.number(row.budget_cny),
        "cost": n.number(row.cost_cny),
        "served": n.short_percent(row.served_share),
        "covered": n.short_percent(row.covered_share),
    }


def _racks(plan: BikesPlan) -> list[dict[str, Any]]:
    """Entrances that want more racks, most of them first."""
    rows = sorted((r for r in plan.racks if r.racks_more), key=lambda r: (-r.racks_more, r.station, r.entrance))
    return [
        {
            "name": row.name or row.station,
            "entrance": str(row.entrance + 1),
            "there": n.number(row.racks_there),
            "wanted": n.number(row.racks_wanted),
            "more": n.number(row.racks_more),
            "cost": n.number(row.cost_cny),
            "bought": row.bought,
        }
        for row in rows
    ]


def _fleet(plan: BikesPlan) -> dict[str, Any]:
    """What the fleet is held to at its tightest hour, and the zones where that is furthest below what rides need."""
    hour = plan.fleet_hour
    short = [(_short(row, hour), row) for row in plan.fleet]
    worst = sorted((x for x in short if x[0] > 0), key=lambda x: (-x[0], x[1].zone))
    zones = {PLAIN[name]: many for name, many in plan.fleet_binds.items() if many}
    return {
        "cap": n.number(plan.fleet_cap),
        "clock": f"{hour}:00–{hour + 1}:00",
        "binds": [f"{words} in {n.count_en(many, 'zone', 'zones')}" for words, many in zones.items()],
        "many": len(worst),
        "zones": [
            {
                "zone": row.zone,
                "area": row.area,
                "need": n.number(row.need[hour], 1),
                "space": n.number(row.space, 1),
                "parking": n.number(row.parking, 1),
                "binding": BINDS[row.binding[hour]],
                "short": n.number(missing, 1),
            }
            for missing, row in worst[:_ZONES_SHOWN]
        ],
    }


def _short(row: FleetRow, hour: int) -> float:
    return row.need[hour] - min(row.need[hour], row.space, row.parking)


def _left_out(plan: BikesPlan) -> list[dict[str, str]]:
    """Reasons and how many sites each leaves out; reasons that differ in numbers alone are one."""
    groups: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in plan.left_out:
        groups[_NUMBERS.sub("…", row.reason)].append((row.reason, row.id))
    out = []
    for words, rows in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        reasons, ids = {reason for reason, _ in rows}, [site for _, site in rows]
        more = ", …" if len(ids) > _IDS_SHOWN else ""
        out.append(
            {
                "reason": words if len(reasons) > 1 else rows[0][0],
                "sites": n.number(len(rows)),
                "ids": ", ".join(ids[:_IDS_SHOWN]) + more,
            }
        )
    return out


def _rules(city: City) -> dict[str, str]:
    rules = city.bike_sharing
    return {
        "walk": n.number(float(rules.walk_m)),
        "station_walk": n.number(float(rules.station_walk_m)),
        "covered": n.percent(float(rules.days_covered), 0),
        "balance": ", ".join(f"{hour}:00" for hour in rules.balance_h.tolist()),
    }
