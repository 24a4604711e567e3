"""The report on chargers: one HTML file with everything in it, for a planner to read, print and show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from network import City, GreenDefinition, Outcome, units
from optimise import ChargerProposal, Plan, PlanYear, SiteReason
from service.report import numbers as n
from service.report.map import svg_map
from service.report.page import GREEN, link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.tables import MetricRow, SiteRow, metric_rows, plugs_by_class, site_rows

GOALS = {
    "served": ("Serve as much public charging demand as the budget allows", "在预算内满足尽可能多的公共充电需求"),
    "cost": ("Reach the targets for as little money as possible", "以最少投资达到目标"),
    "distance": ("Make the mean walk to a plug as short as the budget allows", "在预算内使到充电桩的平均步行距离最短"),
}
VALUES = {
    "served": "Demand served with the plan 方案满足的需求",
    "cost": "Cost of the plan 方案投资",
    "distance": "Demand × walk with the plan 需求×步行距离",
}
CHECKS = {
    "rules": "room, growth, feeders, money of each year and every rule that was asked for",
    "bound side": "the bound is not worse than the value",
    "replay": "the energy served in each year, by a day of the city with the plan in it",
}
WALK_CHECKS = {"replay": "the mean walk, by a day of the city with the plan in it"}
SERVED, WALK = "charging_served_share", "charging_mean_walk_m"


def report_html(city: City, proposal: ChargerProposal, green: Sequence[GreenDefinition] = ()) -> str:
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
        sites=[_site(i, row, near.get(row.id, ""), years=len(proposal.plan.years)) for i, row in enumerate(sites, 1)],
        reasoned=bool(proposal.plan.reasons_why),
        areas=len({*city.zones.area.tolist()}),
        years=[_year(year) for year in proposal.plan.years],
        feeders=_feeders(proposal),
        next_best=[_next(city, reason, near) for reason in proposal.plan.next_best],
        total=_total(sites),
        search_m=n.number(float(city.supply.plug_search_m)),
        wait_min=n.number(float(city.charging.wait_min)),
        wait_share=n.percent(float(city.charging.wait_share), 0),
        block_share=n.percent(float(city.charging.block_share), 0),
        **page_values(city, proposal, green),
    )


def plan_map(city: City, proposal: ChargerProposal, sites: list[SiteRow]) -> str:
    """The SVG map of what the plan serves, sites numbered as in `sites`."""
    position = {place: p for p, place in enumerate(city.places.id.tolist())}
    wanted, served = (x.sum(axis=(0, 2)) for x in (proposal.changed.charging_tenths, proposal.changed.served_tenths))
    return svg_map(
        city,
        demand_kwh=wanted / units.TENTHS,
        served_share=np.divide(served, wanted, out=np.ones(len(wanted)), where=wanted > 0),
        plugs_before=_plugs(proposal.base, city),
        plugs_new=_plugs(proposal.changed, city) - _plugs(proposal.base, city),
        order=[position[row.id] for row in sites],
    )


def _plugs(outcome: Outcome, city: City) -> Any:
    assert outcome.plugs.shape[1] == len(city.places.id), "the outcome belongs to another city"
    return outcome.plugs.sum(axis=0)


def _headline(plan: Plan, rows: dict[str, MetricRow]) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    if plan.status == "infeasible":
        return {
            "en": f"No plan meets all conditions within {n.money_en(plan.budget_cny)}.",
            "zh": f"预算{n.money_zh(plan.budget_cny)}以内没有满足全部条件的方案。",
        }
    if not plan.sites and plan.objective == "cost":
        return {"en": "The targets are met without a new plug.", "zh": "无需新增充电桩即可达到目标。"}
    if not plan.sites:
        return {
            "en": f"{n.money_en(plan.budget_cny)} buys no plug that improves public charging here.",
            "zh": f"{n.money_zh(plan.budget_cny)}预算内没有能改善公共充电的新增充电桩。",
        }
    served, walk = rows[SERVED], rows[WALK]
    at = len({site.place for site in plan.sites})
    plugs, places = n.count_en(plan.new_plugs, "plug", "plugs"), n.count_en(at, "site", "sites")
    first, last = plan.years[0].year, plan.years[-1].year
    en = f"{plugs} at {places}{f' in {first}–{last}' if last > first else ''}, for {n.money_en(plan.cost_cny)}"
    zh = f"在{n.number(at)}处站点新增{n.number(plan.new_plugs)}个充电桩，投资{n.money_zh(plan.cost_cny)}，"
    zh = f"{first}—{last}年{zh}{last}年" if last > first else zh
    if plan.objective == "distance" and walk.before is not None:
        before, after = n.number(walk.before), n.number(walk.after)
        return {
            "en": f"{en}, shorten the mean walk to a public plug from {before}\u00a0m to {after}\u00a0m.",
            "zh": f"{zh}到公共充电桩的平均步行距离由{before}米缩短到{after}米。",
        }
    before, after = n.short_percent(served.before), n.short_percent(served.after)
    return {
        "en": f"{en}, raise the share of public charging demand served{f' in {last}' if last > first else ''} "
        f"from {before} to {after}.",
        "zh": f"{zh}公共充电需求满足率由{before}提高到{after}。",
    }


def _tiles(plan: Plan, rows: dict[str, MetricRow]) -> list[dict[str, str]]:
    there = {site.place: site.existing_plugs for site in plan.sites}
    opened = sum(not plugs for plugs in there.values())
    plugs = rows["public_plugs"]
    return [
        {
            "label": "Sites 站点",
            "value": n.number(len(there)),
            "note": f"{opened} new, {len(there) - opened} extended",
        },
        {
            "label": "New plugs 新增充电桩",
            "value": n.number(plan.new_plugs),
            "note": n.plugs_text(plugs_by_class(plan.sites)) or f"{n.number(plugs.before)} there",
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
            if plan.objective == "served"
            else "No plan gets below (bound) 下界"
        )
        years = ", all years added up （各年合计）" if len(plan.years) > 1 and plan.objective == "served" else ""
        facts += [
            (VALUES[plan.objective] + years, n.plan_value(plan.value, plan.objective)),
            (bound, n.plan_value(plan.bound, plan.objective)),
            ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ]
    return proof_texts(
        plan, facts, checks=WALK_CHECKS if plan.objective == "distance" else CHECKS, reasons=plan.reasons
    )


def _nearest_streets(city: City) -> dict[str, str]:
    """Place -> name of the street that cars reach it from, where that has one."""
    ways = city.roads.way[city.places.snap.segment[units.DRIVE]]
    names = zip(city.places.id.tolist(), city.roads.way_name[ways].tolist(), strict=True)
    return {place: name for place, name in names if name}


def _site(number: int, row: SiteRow, street: str, *, years: int) -> dict[str, str]:
    return {
        "number": str(number),
        "name": row.name or (f"at {street}" if street else row.id),
        "id": row.id,
        "kind": row.kind.replace("_", " "),
        "existing": n.number(row.plugs_existing),
        "new": row.built_in(years),
        "cost": n.number(row.cost_cny),
        "served": n.number(row.served_kwh_per_day),
        "lost": n.NOTHING if row.lost_kwh_per_day is None else n.number(row.lost_kwh_per_day),
        "gains": row.gains,
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


def _year(year: PlanYear) -> dict[str, str]:
    share = year.served_kwh / year.wanted_kwh if year.wanted_kwh else None
    return {
        "year": str(year.year),
        "budget": n.number(year.budget_cny),
        "spent": n.number(year.spent_cny),
        "plugs": n.number(year.plugs),
        "wanted": n.number(year.wanted_kwh),
        "served": n.number(year.served_kwh),
        "share": n.percent(share),
    }


def _feeders(proposal: ChargerProposal) -> list[dict[str, str]]:
    """Feeders that the plan draws from or reinforces: what they have for chargers, what is drawn, what is left."""
    before, after, grid = proposal.base, proposal.changed, proposal.city.feeders
    touched = (after.feeder_kva != before.feeder_kva) | (after.feeder_limit_kva != before.feeder_limit_kva)
    return [
        {
            "id": str(grid.id[b]),
            "limit": n.number(float(after.feeder_limit_kva[b])),
            "drawn": n.number(float(after.feeder_kva[b])),
            "left": n.number(float(after.feeder_limit_kva[b] - after.feeder_kva[b])),
            "steps": "; ".join(f"{f.year}: {f.steps}" for f in proposal.plan.feeders if f.feeder == grid.id[b]),
            "cost": n.number(sum(f.cost_cny for f in proposal.plan.feeders if f.feeder == grid.id[b])),
        }
        for b in np.flatnonzero(touched).tolist()
    ]


def _next(city: City, reason: SiteReason, near: dict[str, str]) -> dict[str, str]:
    at = int(np.flatnonzero(city.places.id == reason.place)[0])
    name, street = str(city.places.name[at]), near.get(reason.place, "")
    lon, lat = city.places.lonlat[at].tolist()
    return {
        "name": name or (f"at {street}" if street else reason.place),
        "kind": str(city.places.kind[at]).replace("_", " "),
        "id": reason.place,
        "plugs": n.plugs_text(reason.plugs),
        "cost": n.number(reason.cost_cny),
        "adds": n.number(reason.lost_kwh),
        "price": n.number(reason.cny_per_daily_kwh),
        "gains": ", ".join(reason.gains),
        "where": f"{lat:.5f}, {lon:.5f}",
        "link": link_to(lon, lat),
    }
