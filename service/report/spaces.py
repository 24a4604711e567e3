"""A plan of new parking spaces for people: its report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from network import City, GreenDefinition, units
from optimise import MostSpaces, SpacesPlan, SpacesProposal
from service.report import numbers as n
from service.report.labels import beside
from service.report.page import link_to, page_values, proof_texts
from service.report.rendering import render
from service.report.spaces_map import spaces_map
from service.report.spaces_rows import space_rows

GOALS: Final = {
    "need": "Let most cars find a space within a walk, less what land and car trips count 在步行范围内满足最多停车需求",
    "cost": "Reach the number of new spaces for as little money as possible 以最少投资达到新增泊位数",
}
CHECKS: Final = {
    "feasible": "no two cars in one space at any time, and every limit that was asked for",
    "value": "the cars that find a space, or the money, place by place",
    "replay": "the new spaces, gross, net and by class, and the car trips drawn, by a day of the city with the plan in "
    "it",
}
"""What optimise verifies of new spaces, in plain words."""
GROUPS: Final = {
    "residents": "Residents 居民",
    "commuters": "Commuters 通勤",
    "visitors": "Visitors 访客",
    "deliveries": "Deliveries 配送",
}
WAYS: Final = {
    "marking": "marked at the kerb 路内划线",
    "stacking": "lifts or decks 立体停车",
    "viaduct": "under a viaduct 高架桥下",
    "estate": "within an estate 小区挖潜",
    "garage": "new building 新建停车楼",
}
UNKNOWN: Final = (
    "Not decided in time",
    "限时内未得出结论",
    "The run was stopped before a plan was found; there may be one.",
    "计算在找到方案前已停止；可能存在可行方案。",
)
_WEIGHT: Final = 1000


def spaces_report_html(city: City, proposal: SpacesProposal, green: Sequence[GreenDefinition] = ()) -> str:
    """The report on new spaces for `city` (before the plan) as one HTML page that fetches nothing."""
    plan = proposal.plan
    rows = space_rows(plan)
    return render(
        "spaces.html",
        headline=_headline(plan),
        tiles=_tiles(plan),
        map=spaces_map(city, plan),
        proof=_proof(plan),
        places=[
            _place(row, at) for row, at in zip(rows, beside(city, [(r["lon"], r["lat"]) for r in rows]), strict=True)
        ],
        conflicts=sum(p.spaces for p in plan.places if p.conflict),
        need=[_need(plan, i) for i in range(len(plan.need))],
        day=plan.day,
        risk=_risk(plan),
        total={
            "spaces": n.number(plan.new_spaces),
            "taken": n.number(plan.new_spaces - plan.new_spaces_net),
            "cost": n.number(plan.cost_cny),
        },
        **page_values(city, proposal, green),
    )


def risk_words(plan: SpacesPlan) -> str:
    """The car trips that new spaces draw, in a sentence."""
    if not plan.known_zones:
        return (
            "No zone's spaces are known, so the day cannot tell how many car trips the new ones draw: give them with "
            "set_parking_supply."
        )
    share = plan.extra_car_trips / max(plan.base_car_trips, 1.0)
    return (
        f"{n.number(plan.extra_car_trips)} more car trips a day ({n.percent(share, 2)}), green trips "
        f"{n.difference(plan.green_share_change, 'share', 2)} points; {plan.full_zones} of the {plan.known_zones} "
        "zones whose spaces are known were full, and only there new spaces draw cars."
    )


def _risk(plan: SpacesPlan) -> dict[str, str]:
    if not plan.known_zones:
        zh = "各片区现有泊位数未知，无法估算新增泊位诱增的小汽车出行。"
    else:
        zh = f"每天诱增小汽车出行{n.number(plan.extra_car_trips)}次；仅停满的{plan.full_zones}个片区会诱增出行。"
    return {"en": risk_words(plan), "zh": zh}


def _headline(plan: SpacesPlan) -> dict[str, str]:
    """One sentence in plain words, in English and in Chinese."""
    if plan.status == "unknown":
        return {"en": "No plan was found in the time given.", "zh": "限时内未找到方案。"}
    if plan.status == "infeasible":
        return {"en": "So many new spaces cannot be added.", "zh": "无法新增所要求的泊位数。"}
    if not plan.places:
        return {"en": "No new space would serve anybody who lacks one.", "zh": "没有能满足停车需求的新增泊位。"}
    spaces, at = n.number(plan.new_spaces), n.count_en(len(plan.places), "place", "places")
    met, wanted = (sum(getattr(row, name) for row in plan.need) for name in ("met", "wanted"))
    return {
        "en": f"{spaces} new spaces at {at} for {n.money_en(plan.cost_cny)}; with what is shared already, "
        f"{n.number(met)} of {n.number(wanted)} cars that lack a space on a {plan.day} find one.",
        "zh": f"投资{n.money_zh(plan.cost_cny)}，在{n.number(len(plan.places))}处新增{spaces}个泊位；"
        f"缺位的{n.number(wanted)}辆车中有{n.number(met)}辆得到泊位。",
    }


def _tiles(plan: SpacesPlan) -> list[dict[str, str]]:
    budget = "no limit" if plan.budget_cny is None else f"budget {n.money_en(plan.budget_cny)}"
    met, wanted = (sum(getattr(row, name) for row in plan.need) for name in ("met", "wanted"))
    classes = ((plan.on_street, "at the kerb"), (plan.off_street, "off the street"), (plan.building, "of buildings"))
    drawn = n.number(plan.extra_car_trips) if plan.known_zones else n.NOTHING
    of_what = "a day, when the plan is simulated" if plan.known_zones else "not known: no zone's spaces are given"
    return [
        {
            "label": "New spaces 新增泊位",
            "value": n.number(plan.new_spaces),
            "note": f"{n.number(plan.new_spaces_net)} net; "
            + ", ".join(f"{n.number(many)} {where}" for many, where in classes),
        },
        {"label": "Cost 投资", "value": n.money_en(plan.cost_cny), "note": budget},
        {
            "label": "Need met 需求满足率",
            "value": n.short_percent(met / wanted if wanted else None),
            "note": f"{n.number(met)} of {n.number(wanted)} cars on a {plan.day}",
        },
        {"label": "Car trips drawn 诱增小汽车出行", "value": drawn, "note": of_what},
    ]


def value_text(plan: SpacesPlan, value: int) -> str:
    """A value or bound of the plan in its own unit for people."""
    if plan.objective == "cost":
        return f"{n.number(value / units.FEN_PER_CNY)} CNY"
    return f"{n.number(value / _WEIGHT, 1)} cars"


def _proof(plan: SpacesPlan) -> dict[str, Any]:
    facts = [("Goal 目标", GOALS[plan.objective])]
    if plan.status != "infeasible":
        facts += [
            ("Value 目标值", value_text(plan, plan.value)),
            ("No plan does better than (bound) 界", value_text(plan, plan.bound)),
            ("Gap between the two 差距", f"{n.small_percent(plan.gap)} of the value"),
        ]
    given = "the table given" if plan.source == "table" else "lots and kerbs, by default shares"
    facts += [("Places looked at 候选地点", f"{n.number(plan.candidates)}, from {given}")]
    facts += [("Land that others want 用地冲突", "left alone" if plan.conflicts == "never" else "counts less")]
    told = UNKNOWN if plan.status == "unknown" else None
    return proof_texts(plan, [*facts, *map(_most, plan.most)], told=told, checks=CHECKS, reasons=plan.reasons)


def _most(row: MostSpaces) -> tuple[str, str]:
    label = "Most that can be added 最多可新增" + ("" if row.within_budget else ", whatever it costs 不限预算")
    text = f"{n.number(row.spaces)}: {n.number(row.on_street)} at the kerb, {n.number(row.off_street)} off the street, "
    return label, text + f"{n.number(row.building)} of buildings" + ("" if row.proven else "; perhaps more")


def _need(plan: SpacesPlan, at: int) -> dict[str, str]:
    row = plan.need[at]
    return {
        "group": GROUPS[row.group],
        "wanted": n.number(row.wanted),
        "reach": n.number(row.within_reach),
        "met": n.number(row.met),
        "share": n.short_percent(row.met / row.wanted if row.wanted else None),
    }


def _place(row: dict[str, Any], street: str) -> dict[str, Any]:
    return {
        "number": str(row["number"]),
        "id": row["id"],
        "name": row["name"] or street or row["id"],
        "way": WAYS[row["way"]],
        "lot": row["lot"],
        "spaces": n.number(row["spaces"]),
        "most": n.number(row["most_spaces"]),
        "cost": n.number(row["cost_cny"]),
        "conflict": row["conflict"],
        "taken": f"{row['taken_spaces']} at {row['taken_lot']}" if row["taken_spaces"] else "",
        "met": n.number(row["met"]),
        "walk": n.number(row["walk_m"]),
        "extra": n.number(row["extra_car_trips"], 1),
        "where": f"{row['lat']:.5f}, {row['lon']:.5f}",
        "link": link_to(row["lon"], row["lat"]),
    }
