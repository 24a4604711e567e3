"""The report on chargers: one HTML file with everything in it, for a planner to read, print and show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from network import City, GreenDefinition, Outcome, units
from optimise import Plan, Proposal
from service.report import numbers as n
from service.report.map import svg_map
from service.report.page import GREEN, link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.tables import MetricRow, SiteRow, metric_rows, site_rows

GOALS = {
    "cover": ("Serve as much public charging demand as the budget allows", "在预算内满足尽可能多的公共充电需求"),
    "distance": ("Make the mean walk to a plug as short as the budget allows", "在预算内使到充电桩的平均步行距离最短"),
}
VALUES = {
    "cover": "Demand served with the plan 方案满足的需求",
    "distance": "Demand × walk with the plan 需求×步行距离",
}
SERVED, WALK = "charging_served_share", "charging_mean_walk_m"


def report_html(city: City, proposal: Proposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on a proposal for `city` (before the plan) as one HTML page that fetches nothing."""
    rows = {row.name: row for row in metric_rows(proposal)}
    sites = site_rows(city, proposal)
    near = _nearest_streets(city)
    return render(
        "chargers.html",
        headline=_headline(proposal.plan, rows),
        tiles=_tiles(proposal.plan, rows),
        served={"before": rows[SERVED].before or 0.0, "after": rows[SERVED].after or 0.0},
        served_text={"before": n.short_percent(rows[SERVED].before), "after": n.short_percent(rows[SERVED].after)},
        map=plan_map(city, proposal, sites),
        proof=_proof(proposal.plan),
        green_moves=any(rows[name].difference for name in GREEN),
        sites=[_site(i, row, near.get(row.id, "")) for i, row in enumerate(sites, 1)],
        total=_total(sites),
        search_m=n.number(float(city.supply.plug_search_m)),
        **page_values(city, proposal, green),
    )


def plan_map(city: City, proposal: Proposal, sites: list[SiteRow]) -> str:
    """The SVG map of what the plan serves, sites numbered as in `sites`."""
    position = {place: p for p, place in enumerate(city.places.id.tolist())}
    wanted, served = proposal.changed.charging_tenths, proposal.changed.served_tenths
    return svg_map(
        city,
        demand_kwh=wanted / units.TENTHS,
        served_share=np.divide(served, wanted, out=np.ones(len(wanted)), where=wanted > 0),
        plugs_before=_plugs(proposal.base, city),
        plugs_new=_plugs(proposal.changed, city) - _plugs(proposal.base, city),
        order=[position[row.id] for row in sites],
    )


def _plugs(outcome: Outcome, city: City) -> Any:
    assert len(outcome.plugs) == len(city.places.id), "the outcome belongs to another city"
    return outcome.plugs


def _headline(plan: Plan, rows: dict[str, MetricRow]) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    if plan.status == "infeasible":
        return {
            "en": f"No plan meets all conditions within {n.money_en(plan.budget_cny)}.",
            "zh": f"预算{n.money_zh(plan.budget_cny)}以内没有满足全部条件的方案。",
        }
    if not plan.sites:
        return {
            "en": f"{n.money_en(plan.budget_cny)} buys no plug that improves public charging here.",
            "zh": f"{n.money_zh(plan.budget_cny)}预算内没有能改善公共充电的新增充电桩。",
        }
    served, walk = rows[SERVED], rows[WALK]
    plugs, places = n.count_en(plan.new_plugs, "plug", "plugs"), n.count_en(len(plan.sites), "site", "sites")
    en = f"{plugs} at {places}, for {n.money_en(plan.cost_cny)}"
    zh = f"在{n.number(len(plan.sites))}处站点新增{n.number(plan.new_plugs)}个充电桩，投资{n.money_zh(plan.cost_cny)}，"
    if plan.objective == "distance" and walk.before is not None:
        before, after = n.number(walk.before), n.number(walk.after)
        return {
            "en": f"{en}, shorten the mean walk to a public plug from {before}\u00a0m to {after}\u00a0m.",
            "zh": f"{zh}到公共充电桩的平均步行距离由{before}米缩短到{after}米。",
        }
    before, after = n.short_percent(served.before), n.short_percent(served.after)
    return {
        "en": f"{en}, raise the share of public charging demand that is served from {before} to {after}.",
        "zh": f"{zh}公共充电需求满足率由{before}提高到{after}。",
    }


def _tiles(plan: Plan, rows: dict[str, MetricRow]) -> list[dict[str, str]]:
    opened = sum(1 for site in plan.sites if not site.existing_plugs)
    extended = len(plan.sites) - opened
    plugs = rows["public_plugs"]
    return [
        {"label": "Sites 站点", "value": n.number(len(plan.sites)), "note": f"{opened} new, {extended} extended"},
        {
            "label": "New plugs 新增充电桩",
            "value": n.number(plan.new_plugs),
            "note": f"{n.number(plugs.before)} today, {n.number(plugs.after)} with the plan",
        },
        {
            "label": "Cost 投资",
            "value": n.money_en(plan.cost_cny),
            "note": f"budget {n.money_en(plan.budget_cny)}",
        },
    ]


def _proof(plan: Plan) -> dict[str, Any]:
    facts = [("Goal 目标", " · ".join(GOALS[plan.objective]))]
    if plan.status != "infeasible":
        bound = (
            "Best that any plan could reach (bound) 上界"
            if plan.objective == "cover"
            else "No plan gets below (bound) 下界"
        )
        facts += [
            (VALUES[plan.objective], n.in_tenths(plan.value, plan.objective)),
            (bound, n.in_tenths(plan.bound, plan.objective)),
            ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ]
    return proof_texts(plan, facts, reasons=plan.reasons)


def _nearest_streets(city: City) -> dict[str, str]:
    """Place -> name of the street that cars reach it from, where that has one."""
    ways = city.roads.way[city.places.snap.segment[units.DRIVE]]
    names = zip(city.places.id.tolist(), city.roads.way_name[ways].tolist(), strict=True)
    return {place: name for place, name in names if name}


def _site(number: int, row: SiteRow, street: str) -> dict[str, str]:
    return {
        "number": str(number),
        "name": row.name or (f"at {street}" if street else row.id),
        "id": row.id,
        "kind": row.kind.replace("_", " "),
        "existing": n.number(row.plugs_existing),
        "new": n.number(row.plugs_new),
        "cost": n.number(row.cost_cny),
        "served": n.number(row.served_kwh_per_day),
        "where": f"{row.lat:.5f}, {row.lon:.5f}",
        "link": link_to(row.lon, row.lat),
    }


def _total(rows: list[SiteRow]) -> dict[str, str]:
    return {
        "existing": n.number(sum(r.plugs_existing for r in rows)),
        "new": n.number(sum(r.plugs_new for r in rows)),
        "cost": n.number(sum(r.cost_cny for r in rows)),
        "served": n.number(sum(r.served_kwh_per_day for r in rows)),
    }
