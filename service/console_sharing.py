"""A plan of shared parking at the command line."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import City, units
from optimise import SharingPlan, SharingProposal
from service.report.numbers import NOTHING, number, short_percent
from service.report.sharing import VALUES, met_share, risk_text, value_text
from service.report.sharing_rows import ranked

_SHOWN = 20


def show_sharing(console: Console, city: City, proposal: SharingProposal) -> None:
    """The lots that open, and what it comes to."""
    plan = proposal.plan
    if plan.lots:
        _show_lots(console, city, plan)
    else:
        console.print(f"No lot of {escape(city.name)} opens spaces that anybody within reach is in need of")
    for reason in plan.reasons:
        console.print(f"• {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in _totals(city, plan):
        total.add_row(label, escape(value))
    console.print(total)


def _show_lots(console: Console, city: City, plan: SharingPlan) -> None:
    title = f"Shared parking for {escape(city.name)}"
    lots = Table("lot", "name", "owner", "tier", "spaces", "for", "risk", title=title)
    lots.columns[0].overflow = "fold"
    for i in (3, 4, 6):
        lots.columns[i].justify = "right"
    for lot in ranked(plan)[:_SHOWN]:
        here = {w.group for w in plan.windows if w.lot == lot.lot}
        groups = ", ".join(group for group in units.PARKERS if group in here)
        figures = str(lot.tier), number(lot.spaces), groups, risk_text(lot.risk)
        lots.add_row(escape(lot.lot), escape(lot.name or NOTHING), escape(lot.owner_name or lot.owner), *figures)
    console.print(lots)
    if len(plan.lots) > _SHOWN:
        console.print(f"and {len(plan.lots) - _SHOWN} more: all of them are in lots.csv", style="dim")


def _totals(city: City, plan: SharingPlan) -> list[tuple[str, str]]:
    limit = "no limit" if plan.budget_cny is None else f"of {number(plan.budget_cny)} CNY"
    by_group = [(group, met_share(city, plan, group)) for group in units.PARKERS]
    return [
        ("Shared lots, with the plan", f"{number(plan.shared_lots)}, {len(plan.lots)} by the plan"),
        ("Shared spaces, nominal", number(plan.shared_spaces)),
        ("Space-hours on a mean day", number(plan.shared_space_hours)),
        ("Most shared spaces at one time", number(plan.shared_spaces_at_once)),
        ("Need met", short_percent(met_share(city, plan))),
        ("Of it", ", ".join(f"{group} {short_percent(share)}" for group, share in by_group if share is not None)),
        ("Highest risk of an owner", risk_text(plan.worst_risk)),
        ("Retrofits, and subsidies a year", f"{number(plan.retrofit_cny)} and {number(plan.subsidy_cny)} CNY"),
        ("From the budget", f"{number(plan.cost_cny)} CNY, {limit}"),
        (f"{VALUES[plan.objective][0]}, and bound", ", ".join(value_text(plan, v) for v in (plan.value, plan.bound))),
        ("Gap", f"{plan.gap:.3%}, {'proven optimal' if plan.status == 'optimal' else 'not proven optimal'}"),
        ("Verified", "; ".join(plan.verified)),
    ]
