"""A plan of dispatch points at the command line."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import City
from optimise import BikesPlan, BikesProposal, YearRow
from service.report.bikes import gap_words, held_share, station_names, value_text
from service.report.bikes_rows import ranked
from service.report.numbers import number, percent, short_percent

_SHOWN = 20


def show_dispatch(console: Console, city: City, proposal: BikesProposal) -> None:
    """Where dispatch points go, how big, and what they come to."""
    plan = proposal.plan
    if plan.new_spaces:
        _show_points(console, city, plan)
    else:
        console.print(f"No new dispatch point is laid out in {escape(city.name)}")
    for reason in plan.reasons:
        console.print(f"• {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in _totals(plan):
        total.add_row(label, escape(value))
    console.print(total)


def _show_points(console: Console, city: City, plan: BikesPlan) -> None:
    title = f"Dispatch points for {escape(city.name)}"
    table = Table("point", "year", "places", "bikes", "taken, left", "holds", "station", "CNY", title=title)
    table.columns[0].overflow = "fold"
    for i in (2, 3, 4, 5, 7):
        table.columns[i].justify = "right"
    stations = station_names(city)
    new = [p for p in ranked(plan) if p.spaces > p.spaces_before]
    for p in new[:_SHOWN]:
        rides = f"{number(p.pickups)}, {number(p.returns)}"
        figures = number(p.spaces), number(p.bikes), rides, percent(p.days_covered)
        year = str(p.year) if p.year else ""
        table.add_row(
            escape(p.name or p.id), year, *figures, escape(stations.get(p.station, p.station)), number(p.cost_cny)
        )
    console.print(table)
    if len(new) > _SHOWN:
        console.print(f"and {len(new) - _SHOWN} more: all of them are in points.csv", style="dim")


def _totals(plan: BikesPlan) -> list[tuple[str, str]]:
    limit = "no limit" if plan.budget_cny is None else f"of {number(plan.budget_cny)} CNY"
    before, after = percent(plan.covered_share_before), percent(plan.covered_share)
    binds = ", ".join(f"{name} in {many}" for name, many in plan.fleet_binds.items() if many)
    return [
        ("New points, and new places", f"{number(plan.new_points)} and {number(plan.new_spaces)}"),
        ("Places in all, bikes as the day begins", f"{number(plan.spaces)} and {number(plan.bikes)}"),
        ("Bikes taken and left that points are sized for", short_percent(plan.served_share)),
        ("Within a walk of a point, whole city", f"{before} → {after}"),
        ("Weekdays on which a point holds, at the least", percent(held_share(plan))),
        *((f"By {year.year}", _by(year)) for year in plan.years),
        ("Cost", f"{number(plan.cost_cny)} CNY, {limit}; racks {number(plan.racks_cny)} of it"),
        ("Bikes the streets can do with", f"{number(plan.fleet_cap)} at {plan.fleet_hour}:00; zones bound by {binds}"),
        ("Sites that cannot be used", f"{number(len(plan.left_out))} of {number(len(plan.left_out) + plan.sites)}"),
        ("Objective, bound", f"{value_text(plan, plan.value)}, {value_text(plan, plan.bound)}"),
        ("Gap", f"{plan.gap:.3%}; {gap_words(plan)['en'].lower()}"),
        ("Verified", "; ".join(plan.verified)),
    ]


def _by(year: YearRow) -> str:
    spent = f"{number(year.points)} points, {number(year.spaces)} places, {number(year.cost_cny)} CNY spent"
    return f"{spent}, {short_percent(year.served_share)} served"
