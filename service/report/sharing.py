"""The report on shared parking: which lots open, when, to whom, at what risk for their owners, and for what money."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

from network import City, GreenDefinition, units
from optimise import Reachable, SharedLot, SharedWindow, SharingPlan, SharingProposal
from service.report import numbers as n
from service.report.labels import beside
from service.report.page import link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.sharing_day import DAYS, GROUPS, day_chart
from service.report.sharing_map import TIER_COLOURS, sharing_map
from service.report.sharing_rows import ranked

GOALS: Final = {
    "met": "Meet most of the need for spaces 最大程度满足停车需求",
    "walking": "Shortest walks, finding no space being as bad as one of {unmet_m} m 步行最短",
    "cost": "Reach the targets for as little money as possible 以最少资金达到目标",
}
VALUES: Final = {
    "met": ("Need met, space-days a year", "满足的泊位天数", "No plan meets more than (bound) 上界"),
    "walking": ("Walks and need not met, km x space-days a year", "步行与未满足", "No plan gets below (bound) 下界"),
    "cost": ("Money of the plan, CNY", "所需资金", "No plan costs less than (bound) 下界"),
}
CHECKS: Final = {
    "permits": "each permit is one space in one lot within walking reach for a whole window, and nobody gets two",
    "rows": "no window offers more than owners' cars leave free, nor more than the risk after it allows",
    "tiers": "second-tier lots open only after the first tier's",
    "counts": "how many lots and spaces are shared",
    "money": "retrofits and subsidies, within the budget",
    "bound side": "the bound is not worse than the value",
    "replay": "lots, spaces, space-hours and spaces at one time, by a day of the city with the plan in it",
}
"""What optimise verifies of shared parking, in plain words."""
OWNERS: Final = {
    "government": "government 政府机关",
    "institution": "public institution 事业单位",
    "state_enterprise": "state enterprise 国有企业",
    "commercial": "commercial 商业",
    "office": "office 写字楼",
    "scenic": "scenic area 景区",
    "residential": "residential 住宅小区",
}
SUPPLY: Final = {"on_street": "on street 路内", "off_street": "off street 路外公共", "building": "building 建筑配建"}
_M_PER_KM: Final = 1000
_PER_MILLE, _TINY = 1000, 1e-9


def sharing_report_html(city: City, proposal: SharingProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on shared parking for `city` (before the plan) as one HTML page that fetches nothing."""
    plan = proposal.plan
    return render(
        "sharing.html",
        headline=_headline(city, plan),
        tiles=_tiles(city, plan),
        map=sharing_map(city, plan),
        proof=_proof(city, plan),
        chart=day_chart(city, plan),
        met=_met(plan),
        days=list(DAYS.values()),
        lots=[
            row | {"number": str(i), "windows": _windows(plan, lot)}
            for i, (lot, row) in enumerate(zip(ranked(plan), _lots(city, ranked(plan)), strict=True), 1)
        ],
        money=_money(plan),
        next_best=_lots(city, plan.next_best),
        promised=n.percent(float(city.parking.overflow_share)),
        quantile=n.percent(float(city.parking.quantile), 0),
        late=n.percent(float(city.parking.late_share), 0),
        late_h=f"{float(city.parking.late_h):g}",
        **page_values(city, proposal, green),
    )


def met_share(city: City, plan: SharingPlan, group: str | None = None, *, reach: bool = False) -> float | None:
    """Share of the need of a year that is met, of one group or of all; `reach`: of what some lot is near to.

    None where nobody wants a space.
    """
    days = dict(zip(units.DAY_TYPES, city.parking.days_per_year.tolist(), strict=True))
    rows = [r for r in plan.met if group in (None, r.group)]
    wanted = sum(days[r.day] * (r.within_reach if reach else r.wanted) for r in rows)
    return sum(days[r.day] * r.met for r in rows) / wanted if wanted else None


def risk_text(share: float | None) -> str:
    """A probability in per cent, rounded up: 0.1% where it is all but nothing."""
    return n.NOTHING if share is None else n.percent(math.ceil(share * _PER_MILLE - _TINY) / _PER_MILLE)


def _headline(city: City, plan: SharingPlan) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    money_en = "" if plan.budget_cny is None else f" within {n.money_en(plan.budget_cny)}"
    money_zh = "" if plan.budget_cny is None else f"在{n.money_zh(plan.budget_cny)}预算内，"
    if plan.status == "infeasible":
        en, zh = (
            f"No plan of shared parking meets all conditions{money_en}",
            f"{money_zh}没有满足全部条件的停车共享方案",
        )
        if plan.reachable:
            lots, spaces = n.number(plan.reachable[-1].lots), n.number(plan.reachable[-1].spaces)
            en = f"{en}: at most {lots} lots, or {spaces} spaces, can be shared"
            zh = f"{zh}：最多可共享{lots}处停车场，或{spaces}个泊位"
        return {"en": f"{en}.", "zh": f"{zh}。"}
    if not plan.windows:
        return {
            "en": f"No lot opens spaces that anybody within reach is in need of{money_en}.",
            "zh": f"{money_zh}没有停车场能为步行范围内的需求开放泊位。",
        }
    lots, spaces = n.number(plan.shared_lots), n.number(plan.shared_spaces)
    once, met = n.number(plan.shared_spaces_at_once), n.short_percent(met_share(city, plan))
    near, risk = n.short_percent(met_share(city, plan, reach=True)), risk_text(plan.worst_risk)
    near_en = "" if near == met else f", {near} of what lies within reach of a lot"
    near_zh = "" if near == met else f"（步行可及需求的{near}）"
    at = n.count_en(plan.shared_lots, "lot", "lots")
    return {
        "en": f"{spaces} spaces at {at} are shared, at most {once} of them at one time. They meet {met} of the need"
        f"{near_en}; cars of the owners find no space in at most {risk} of cases.",
        "zh": f"{lots}处停车场共享{spaces}个泊位，同一时刻最多{once}个，满足{met}的停车需求{near_zh}；"
        f"业主车辆无位概率不超过{risk}。",
    }


def _tiles(city: City, plan: SharingPlan) -> list[dict[str, str]]:
    if plan.status == "infeasible":
        most = [(_who(plan, row), n.number(row.spaces), n.number(row.lots)) for row in plan.reachable]
        return [
            {"label": who, "value": f"{spaces} spaces", "note": f"{lots} lots at the most"}
            for who, spaces, lots in most
        ]
    first = sum(lot.tier == 1 for lot in plan.lots)
    groups = [(group, met_share(city, plan, group)) for group in units.PARKERS]
    budget = "no limit" if plan.budget_cny is None else f"budget {n.money_en(plan.budget_cny)}"
    return [
        {
            "label": "Shared lots 共享停车场",
            "value": n.number(plan.shared_lots),
            "note": f"{len(plan.lots)} by the plan, {first} of the first tier",
        },
        {
            "label": "Shared spaces 共享泊位",
            "value": n.number(plan.shared_spaces),
            "note": f"{n.number(plan.shared_spaces_at_once)} at one time, "
            f"{n.number(plan.shared_space_hours)} space-hours a day",
        },
        {"label": "Money 资金", "value": n.money_en(plan.cost_cny), "note": budget},
        {
            "label": "Need met 需求满足率",
            "value": n.short_percent(met_share(city, plan)),
            "note": ", ".join(f"{group} {n.short_percent(share)}" for group, share in groups if share is not None),
        },
    ]


def _proof(city: City, plan: SharingPlan) -> dict[str, Any]:
    goal = GOALS[plan.objective].format(unmet_m=n.number(float(city.parking.unmet_m)))
    facts = [("Goal 目标", goal)]
    if plan.status != "infeasible":
        value, in_chinese, bound = VALUES[plan.objective]
        facts += [
            (f"{value} {in_chinese}", value_text(plan, plan.value)),
            (bound, value_text(plan, plan.bound)),
            ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
            ("Highest risk of an owner 业主最大风险", risk_text(plan.worst_risk)),
        ]
    facts.append(("Need from 需求来源", "the city's zones" if plan.source == "zones" else "the blocks given"))
    return proof_texts(
        plan, [*facts, *(_reachable(plan, row) for row in plan.reachable)], checks=CHECKS, reasons=plan.reasons
    )


def value_text(plan: SharingPlan, value: int) -> str:
    """The value or bound of a plan in the unit of VALUES."""
    per = {"met": 1, "walking": _M_PER_KM, "cost": units.FEN_PER_CNY}[plan.objective]
    return n.number(value / per)


def _reachable(plan: SharingPlan, row: Reachable) -> tuple[str, str]:
    """The most that can be reached."""
    most = f"{n.number(row.lots)} lots; {n.number(row.spaces)} spaces"
    if row.met_share is not None:
        most += f"; {n.short_percent(row.met_share)} of the need"
    return f"{_who(plan, row)}, at the most 最多", most if row.proven else f"{most}, perhaps more"


def _who(plan: SharingPlan, row: Reachable) -> str:
    """Whose lots may open, and whether order and budget count."""
    if row.within_budget:
        money = "" if plan.budget_cny is None else ", within the budget 预算内"
        return f"First tier first 按层级顺序{money}"
    return (
        "All lots 全部停车场" if len(row.tiers) > 1 else f"Tier-{row.tiers[0]} lots alone 仅第{row.tiers[0]}层级停车场"
    )


def _met(plan: SharingPlan) -> list[dict[str, Any]]:
    """A row for each group: spaces wanted, within reach and met by type of day, and the walk."""
    rows = []
    for group, title in GROUPS.items():
        here = {r.day: r for r in plan.met if r.group == group}
        if not any(r.wanted for r in here.values()):
            continue
        walks = [(r.met, r.walk_m) for r in here.values() if r.walk_m is not None and r.met]
        many = sum(met for met, _ in walks)
        cells = [
            {
                "wanted": n.number(r.wanted),
                "reach": n.number(r.within_reach),
                "met": n.number(r.met),
                "share": n.short_percent(r.met / r.wanted if r.wanted else None),
            }
            for r in (here[day] for day in units.DAY_TYPES)
        ]
        walk = sum(met * walk_m for met, walk_m in walks) / many if many else None
        rows.append({"group": title, "days": cells, "walk": n.number(walk)})
    return rows


def _windows(plan: SharingPlan, lot: SharedLot) -> list[dict[str, Any]]:
    """A row for each group that a lot opens to, and for each of its windows."""
    rows = []
    for group, title in GROUPS.items():
        ours = [w for w in plan.windows if (w.lot, w.group) == (lot.lot, group)]
        for hours in dict.fromkeys((w.start, w.end) for w in ours):
            here = {w.day: w for w in ours if (w.start, w.end) == hours}
            rows.append({"group": title, **_window(here)})
    return rows


def _window(by_day: dict[str, SharedWindow]) -> dict[str, Any]:
    """One window of a lot for one group: spaces by type of day, and what goes with them."""
    windows = list(by_day.values())
    given = sum(w.given for w in windows)
    walk = sum(w.given * (w.walk_min or 0.0) for w in windows) / given if given else None
    risks = [w.risk for w in windows if w.risk is not None]
    days = [by_day.get(day) for day in units.DAY_TYPES]
    return {
        "window": f"{windows[0].start}–{_clock(windows[0].end)}",
        "spaces": [n.NOTHING if w is None else n.number(w.spaces) for w in days],
        "given": ["" if w is None or w.given == w.spaces else n.number(w.given) for w in days],
        "walk": n.number(walk, 1),
        "blocks": n.number(max(w.blocks for w in windows)),
        "risk": risk_text(max(risks, default=None)),
        "fee": f"{windows[0].fee_cny_per_h:g}",
        "revenue": n.number(sum(w.revenue_cny for w in windows)),
    }


def _clock(end: str) -> str:
    """08:00 of the next morning for 32:00."""
    hours, minutes = end.split(":")
    return end if int(hours) <= units.HOURS else f"{int(hours) - units.HOURS:02d}:{minutes} next day 次日"


def _lots(city: City, lots: Sequence[SharedLot]) -> list[dict[str, Any]]:
    streets = beside(city, [(lot.lon, lot.lat) for lot in lots])
    return [_lot(lot, street) for lot, street in zip(lots, streets, strict=True)]


def _lot(lot: SharedLot, street: str) -> dict[str, Any]:
    return {
        "id": lot.lot,
        "name": lot.name or street or lot.lot,
        "owner": OWNERS.get(lot.owner, lot.owner),
        "owner_name": lot.owner_name,
        "department": lot.department,
        "tier": str(lot.tier),
        "colour": TIER_COLOURS[lot.tier],
        "class": SUPPLY.get(lot.supply_class, lot.supply_class),
        "existing": n.number(lot.existing_spaces),
        "spaces": n.number(lot.spaces),
        "hours": n.number(lot.space_hours),
        "retrofit": n.number(lot.retrofit_cny),
        "running": n.number(lot.running_cny),
        "revenue": n.number(lot.revenue_cny),
        "subsidy": n.number(lot.subsidy_cny),
        "risk": risk_text(lot.risk),
        "lost": n.number(lot.lost_days),
        "gains": ", ".join(lot.gains),
        "where": f"{lot.lat:.5f}, {lot.lon:.5f}",
        "link": link_to(lot.lon, lot.lat),
    }


def _money(plan: SharingPlan) -> list[tuple[str, str, str]]:
    """What, how often, and how much [CNY]."""
    years = n.count_en(plan.subsidy_years, "year", "years")
    rows = [
        ("Gates and signs 改造投资", "once 一次性", plan.retrofit_cny),
        ("Running costs of owners 业主运行费用", "a year 每年", plan.running_cny),
        ("Owners' part of the fees 业主收费收入", "a year 每年", plan.revenue_cny),
        ("Subsidy to owners who lose 补贴", "a year 每年", plan.subsidy_cny),
        (f"From the budget: retrofits, and subsidies of {years} 财政资金合计", "in all 合计", plan.cost_cny),
    ]
    if plan.budget_cny is not None:
        rows.append(("Budget 预算", "in all 合计", plan.budget_cny))
    return [(what, when, n.number(cny)) for what, when, cny in rows]
