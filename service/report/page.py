"""What the report of every kind of plan says: figures before and after, proof, targets, assumptions, provenance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from network import METRICS, City, GreenDefinition
from optimise import Proven, Verdict
from service.carbon import basis_text, carbon
from service.green import changes
from service.green_schemas import GreenChange
from service.proposals import AnyProposal
from service.report import numbers as n
from service.report.tables import MetricRow, attribution, metric_rows

STATUSES: Final = {
    "optimal": (
        "Proven best",
        "已证明最优",
        "No other plan within this budget does better.",
        "同一预算内没有更好的方案。",
    ),
    "feasible": (
        "Proven within {gap} of the best possible",
        "已证明与最优方案的差距不超过{gap}",
        "A better plan may exist, but none beyond the bound.",
        "可能存在更好的方案，但不会超过给出的界。",
    ),
    "infeasible": (
        "No plan exists",
        "无可行方案",
        "The conditions contradict each other; this is proven.",
        "各项条件相互矛盾，已得到证明。",
    ),
}
"""Title and meaning of a status, in English and in Chinese each."""
CHECKS: Final = {
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
LONGEST_VALUE: Final = 90
"""Letters of a default's value; plan.json has it whole."""
GREEN: Final = ("green_trip_share", "green_trip_share_without_ebike")


def page_values(
    city: City,
    proposal: AnyProposal,
    green: Sequence[GreenDefinition] = (),
) -> dict[str, Any]:
    """Values of report.html that are told alike of every plan for `city`, the city before the plan.

    green: the definitions by which the green-trip share is given, side by side.
    """
    plan, rows = proposal.plan, metric_rows(proposal)
    changed = [figure_texts(row) for row in rows if has_changed(row)]
    same = [figure_texts(row) for row in rows if not has_changed(row)]
    return {
        "city": city,
        "plan": plan,
        "changed": changed,
        "same": same,
        "green": [figure_texts(row) for row in rows if row.name in GREEN],
        "definitions": [_definition_texts(c) for c in changes(green, proposal.base, proposal.changed)],
        "basis": basis_text(carbon(city, proposal.base).basis),
        "verdicts": [verdict_texts(v) for v in proposal.verdicts],
        "defaults": [{**row, "value": shortened(row["value"])} for row in plan.defaults],
        "inputs": [{"name": name, "digest": digest} for name, digest in sorted(plan.inputs.items())],
        "versions": sorted(plan.versions.items()),
        "attribution": attribution(city),
        "local": int((~city.provenance.is_default).sum()),
    }


def _definition_texts(row: GreenChange) -> dict[str, Any]:
    return {
        "en": row.label_en,
        "zh": row.label_zh,
        "official": row.official,
        "before": n.percent(row.base),
        "after": n.percent(row.changed),
        "difference": n.difference(row.difference, "share", 1),
    }


def proof_texts(
    plan: Proven,
    facts: list[tuple[str, str]],
    *,
    told: tuple[str, str, str, str] | None = None,
    checks: dict[str, str] | None = None,
    reasons: tuple[str, ...] = (),
) -> dict[str, Any]:
    """The proof in words. told: as in STATUSES, in words of this kind of plan. checks: likewise for CHECKS."""
    gap = n.small_percent(plan.gap)
    title, title_zh, meaning, meaning_zh = (text.format(gap=gap) for text in told or STATUSES[plan.status])
    words = CHECKS | (checks or {})
    limits = [f"{name} {value:g}" for name, value in sorted(plan.stop.items())]
    solver = f"{plan.solver}, seed {plan.seed}" + (f", stop at {', '.join(limits)}" if limits else "")
    return {
        "tone": "good" if plan.gap <= plan.stop.get("gap", 0.0) and plan.status == "feasible" else plan.status,
        "title": title,
        "title_zh": title_zh,
        "meaning": meaning,
        "meaning_zh": meaning_zh,
        "facts": [*facts, ("Solver 求解器", solver)],
        "checks": [words.get(name, name) for name in plan.verified],
        "reasons": reasons,
    }


def shortened(value: str) -> str:
    return value if len(value) <= LONGEST_VALUE else f"{value[: LONGEST_VALUE - 1]}…"


def has_changed(row: MetricRow) -> bool:
    """Whether the figure has another value, or one at last, as far as can be shown."""
    return row.before != row.after and figure_texts(row)["difference"] != n.NO_CHANGE


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


def link_to(lon: float, lat: float) -> str:
    """A place on the map of OpenStreetMap."""
    return f"https://www.openstreetmap.org/?mlat={lat:.6f}&mlon={lon:.6f}#map=18/{lat:.6f}/{lon:.6f}"
