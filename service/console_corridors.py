"""What `luxing corridors` shows."""

from __future__ import annotations

from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from optimise import CorridorPlan
from service.report.numbers import NOTHING, number, signed, small_percent

_MOST_SHOWN: Final = 12


def show_corridor(console: Console, plan: CorridorPlan) -> None:
    """Stations, how the plan does in the cold and the mild, and who does not get through."""
    for reason in plan.reasons:
        console.print(f"[yellow]•[/yellow] {escape(reason)}", highlight=False)
    _show_stations(console, plan)
    _show_days(console, plan)
    _show_not_served(console, plan)
    total = Table(show_header=False)
    for label, text in (
        ("Cost of the plan", f"{number(plan.cost_cny)} CNY"),
        ("Stations that are there lack already", f"{number(plan.backlog_cny)} CNY"),
        ("Get through on the cold day", f"{number(plan.value, 1)} vehicles/day"),
        ("No plan gets more through than", f"{number(plan.bound, 1)} vehicles/day (gap {small_percent(plan.gap)})"),
        ("New for winter alone", ", ".join(plan.added_by_winter) or NOTHING),
        ("Only in a plan for mild days", ", ".join(plan.dropped_by_winter) or NOTHING),
    ):
        total.add_row(label, escape(text))
    console.print(total)


def _show_stations(console: Console, plan: CorridorPlan) -> None:
    heads = "station", "plugs", "peak h", "kW short", "CNY", "lost", "next best"
    table = Table(*heads, title="Stations")
    for column in table.columns[1:6]:
        column.justify, column.no_wrap = "right", True
    for s in plan.stations:
        figures = (
            f"{s.existing_plugs} → {s.plugs}", number(s.sessions_in_peak_hour, 1),
            number(s.lacking_kw) if s.lacking_kw else NOTHING, number(s.cost_cny), number(s.lost_per_day, 1),
        )  # fmt: skip
        loss = None if s.best_instead_per_day is None else plan.value - s.best_instead_per_day
        instead = NOTHING if s.instead is None else f"{s.instead} {signed(-(loss or 0.0), 1)}"
        table.add_row(escape(f"{s.id} {s.name}".strip()), *figures, escape(instead))
    console.print(table)


def _show_days(console: Console, plan: CorridorPlan) -> None:
    table = Table(
        "plan for", "on a day of", "get through", "need no charge", "charge on the way", title="Vehicles a day"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for case in plan.cases:
        figures = (number(x, 1) for x in (case.vehicles_per_day, case.home_per_day, case.served_per_day))
        days = "cold days" if case.plan == "winter" else "mild days"
        table.add_row(days, f"{case.temperature_c:g} °C", *figures)
    console.print(table)


def _show_not_served(console: Console, plan: CorridorPlan) -> None:
    left = sorted((t for t in plan.trips if t.state == "not_served"), key=lambda t: -t.vehicles_per_day)
    if not left:
        console.print("[green]Every trip gets through on the cold day[/green]")
        return
    table = Table("from", "to", "vehicles", "a day", "km", "why not", title="Who does not get through on the cold day")
    for trip in left[:_MOST_SHOWN]:
        names = escape(trip.origin), escape(trip.destination), escape(trip.segment)
        table.add_row(*names, number(trip.vehicles_per_day, 1), number(trip.length_km), escape(trip.reason))
    console.print(table)
    if len(left) > _MOST_SHOWN:
        console.print(f"and {len(left) - _MOST_SHOWN} more: all of them are in trips.csv and --json", style="dim")
