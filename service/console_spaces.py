"""A plan of new parking spaces at the command line."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import City
from optimise import SpacesPlan, SpacesProposal
from service.report.numbers import number
from service.report.spaces import risk_words, value_text
from service.report.spaces_rows import ranked

_SHOWN = 20


def show_spaces(console: Console, city: City, proposal: SpacesProposal) -> None:
    """Where new spaces go, and what they come to."""
    plan = proposal.plan
    if plan.places:
        _show_places(console, city, plan)
    else:
        console.print(f"No new space in {escape(city.name)} would serve anybody who lacks one")
    for reason in plan.reasons:
        console.print(f"• {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in _totals(plan):
        total.add_row(label, escape(value))
    console.print(total)


def _show_places(console: Console, city: City, plan: SpacesPlan) -> None:
    title = f"New parking spaces for {escape(city.name)}"
    table = Table("place", "way", "spaces", "cars", "CNY", "trips drawn", "land wanted for", title=title)
    table.columns[0].overflow = "fold"
    for i in range(2, 6):
        table.columns[i].justify = "right"
    for p in ranked(plan)[:_SHOWN]:
        figures = p.spaces, p.met, p.cost_cny, p.extra_car_trips
        table.add_row(escape(p.name or p.id), p.way, *map(number, figures), escape(p.conflict))
    console.print(table)
    if len(plan.places) > _SHOWN:
        console.print(f"and {len(plan.places) - _SHOWN} more: all of them are in spaces.csv", style="dim")


def _totals(plan: SpacesPlan) -> list[tuple[str, str]]:
    limit = "no limit" if plan.budget_cny is None else f"of {number(plan.budget_cny)} CNY"
    met = ", ".join(f"{row.group} {number(row.met)} of {number(row.wanted)}" for row in plan.need)
    classes = f"{number(plan.on_street)}, {number(plan.off_street)}, {number(plan.building)}"
    return [
        ("New spaces, gross and net", f"{number(plan.new_spaces)} and {number(plan.new_spaces_net)}"),
        ("At the kerb, off the street, of buildings", classes),
        (f"Cars that find a space on a {plan.day}", met),
        ("Cost", f"{number(plan.cost_cny)} CNY, {limit}"),
        ("Car trips drawn", risk_words(plan)),
        ("Objective, bound", f"{value_text(plan, plan.value)}, {value_text(plan, plan.bound)}"),
        ("Gap", f"{plan.gap:.3%}, {'proven optimal' if plan.status == 'optimal' else 'not proven optimal'}"),
        ("Verified", "; ".join(plan.verified)),
    ]
