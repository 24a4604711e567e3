"""The report: one HTML file with everything in it, for a planner to read, print and show."""

from __future__ import annotations

from typing import Any

import numpy as np

from network import METRICS, City, Outcome, units
from optimise import Plan, Proposal, Verdict
from service.report import numbers as n
from service.report.map import svg_map
from service.report.rendering import render
from service.report.tables import MetricRow, SiteRow, attribution, metric_rows, site_rows

GOALS = {
    "cover": ("Serve as much public charging demand as the budget allows", "在预算内满足尽可能多的公共充电需求"),
    "distance": ("Make the mean walk to a plug as short as the budget allows", "在预算内使到充电桩的平均步行距离最短"),
}
VALUES = {
    "cover": "Demand served with the plan 方案满足的需求",
    "distance": "Demand × walk with the plan 需求×步行距离",
}
STATUSES = {
    "optimal": ("Proven best", "已证明最优", "No other plan within this budget does better."),
    "feasible": (
        "Proven within {gap} of the best possible",
        "已证明与最优方案的差距不超过{gap}",
        "A better plan may exist, but none beyond the bound.",
    ),
    "infeasible": ("No plan exists", "无可行方案", "The conditions contradict each other; this is proven."),
}
CHECKS = {
    "feasible": "the plan keeps to the budget and to the room at every site",
    "value": "the value, by a separate computation",
    "bound_side": "the bound is not worse than the value",
    "gap": "the gap between value and bound",
    "status": "the claim of optimality matches value and bound",
    "relaxation": "the value is within an independent linear relaxation",
    "infeasible": "that no choice of sites meets the conditions",
    "replay": "the shares, by a day of the city with the plan in it",
}
"""Plain words for optimise.verify's checks; a new check shows under its own name."""
LONGEST_VALUE = 90
"""Letters of a default's value; plan.json has it whole."""
GREEN = ("green_trip_share", "green_trip_share_without_ebike")
SERVED, WALK = "charging_served_share", "charging_mean_walk_m"


def report_html(city: City, proposal: Proposal) -> str:
    """The report on a proposal for `city` (before the plan) as one HTML page that fetches nothing."""
    rows = {row.name: row for row in metric_rows(proposal)}
    sites = site_rows(city, proposal)
    plan = proposal.plan
    near = _nearest_streets(city)
    changed = [figure_texts(row) for row in rows.values() if row.difference]
    same = [figure_texts(row) for row in rows.values() if not row.difference]
    return render(
        "report.html",
        city=city,
        plan=plan,
        headline=_headline(plan, rows),
        tiles=_tiles(plan, rows),
        served={"before": rows[SERVED].before or 0.0, "after": rows[SERVED].after or 0.0},
        served_text={"before": n.short_percent(rows[SERVED].before), "after": n.short_percent(rows[SERVED].after)},
        map=plan_map(city, proposal, sites),
        groups=[g for g in (("Changed by the plan 方案带来的变化", changed), ("Not changed 保持不变", same)) if g[1]],
        proof=_proof(proposal),
        green=[figure_texts(rows[name]) for name in GREEN],
        green_moves=any(rows[name].difference for name in GREEN),
        sites=[_site(i, row, near.get(row.id, "")) for i, row in enumerate(sites, 1)],
        total=_total(sites),
        verdicts=[verdict_texts(v) for v in proposal.verdicts],
        defaults=[{**row, "value": shortened(row["value"])} for row in plan.defaults],
        inputs=[{"name": name, "digest": digest} for name, digest in sorted(plan.inputs.items())],
        versions=sorted(plan.versions.items()),
        attribution=attribution(city),
        search_m=n.number(float(city.supply.plug_search_m)),
        local=int((~city.provenance.is_default).sum()),
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


def shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


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


def figure_texts(row: MetricRow) -> dict[str, str]:
    """A metric as texts; `turn` says which way it moved: better, worse or nothing."""
    digits = n.digits_for(row.before, row.after)
    shown = n.difference(row.difference, row.unit, digits)
    moved = 0.0 if shown == n.NO_CHANGE else row.difference or 0.0
    better = moved > 0 if row.better == "more" else moved < 0
    return {
        "en": row.label_en,
        "zh": row.label_zh,
        "unit": "" if row.unit == "share" else row.unit,
        "before": n.quantity(row.before, row.unit, digits),
        "after": n.quantity(row.after, row.unit, digits),
        "difference": shown + (" points" if row.unit == "share" and moved else ""),
        "turn": "" if not moved or row.better == "none" else "better" if better else "worse",
    }


def _proof(proposal: Proposal) -> dict[str, Any]:
    plan = proposal.plan
    title, title_zh, meaning = STATUSES[plan.status]
    gap = n.small_percent(plan.gap)

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
            ("Gap between the two 差距", f"{gap} of the value"),
        ]
    limits = [f"{name} {value:g}" for name, value in sorted(plan.stop.items())]
    facts.append(
        ("Solver 求解器", f"{plan.solver}, seed {plan.seed}" + (f", stop at {', '.join(limits)}" if limits else ""))
    )
    return {
        "tone": "good" if plan.gap <= plan.stop.get("gap", 0.0) and plan.status == "feasible" else plan.status,
        "title": title.format(gap=gap),
        "title_zh": title_zh.format(gap=gap),
        "meaning": meaning,
        "facts": facts,
        "checks": [CHECKS.get(name, name) for name in plan.verified],
        "reasons": plan.reasons,
    }


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


def link_to(lon: float, lat: float) -> str:
    """A place on the map of OpenStreetMap."""
    return f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=18/{lat:.6f}/{lon:.6f}"


def _total(rows: list[SiteRow]) -> dict[str, str]:
    return {
        "existing": n.number(sum(r.plugs_existing for r in rows)),
        "new": n.number(sum(r.plugs_new for r in rows)),
        "cost": n.number(sum(r.cost_cny for r in rows)),
        "served": n.number(sum(r.served_kwh_per_day for r in rows)),
    }


def verdict_texts(verdict: Verdict) -> dict[str, Any]:
    target, metric = verdict.target, METRICS[verdict.target.metric]
    digits = n.digits_for(target.value, verdict.value)
    unit = "" if metric.unit == "share" else f" {metric.unit}"
    gap = n.difference(verdict.gap, metric.unit, digits).removeprefix("+") + (
        " points" if metric.unit == "share" else unit
    )
    return {
        "id": target.id,
        "en": metric.label_en,
        "zh": metric.label_zh,
        "wanted": f"{'≥' if target.op == 'at_least' else '≤'} {n.quantity(target.value, metric.unit, digits)}{unit}",
        "when": " · ".join(str(part) for part in (target.area, target.year) if part),
        "value": n.quantity(verdict.value, metric.unit, digits) + (unit if verdict.value is not None else ""),
        "met": verdict.met,
        "gap": "" if verdict.met else n.NOTHING if verdict.gap is None else gap,
        "note": verdict.note,
    }
