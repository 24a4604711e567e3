"""What the command line shows of congestion."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.congestion_schemas import Congestion
from service.report.numbers import NOTHING, number, percent

_STREETS_SHOWN = 3


def show_congestion(console: Console, found: Congestion | None) -> None:
    """The rounds until demand and traffic agreed, the traffic, and what is not in it; nothing where not asked for."""
    if found is None:
        return
    days = (("now", found.base), ("what if", found.changed))
    columns = "round", "green-trip share", "change, points", "car, min", "change", "demand gap", "traffic gap"
    table = Table("", *columns, title="Demand and traffic, until they agree")
    for column in table.columns[1:]:
        column.justify = "right"
    for name, day in days:
        for row in day.convergence:
            share, time = row.green_trip_share_change, row.car_time_change
            changes = NOTHING if share is None else f"{100 * share:+.4f}", NOTHING if time is None else f"{time:+.3%}"
            values = percent(row.green_trip_share), changes[0], number(row.car_min, 2), changes[1]
            table.add_row(name, str(row.round), *values, f"{row.demand_gap:.0e}", f"{row.relative_gap:.0e}")
    console.print(table)
    for name, day in days:
        if not day.converged:
            console.print(f"[yellow]{name}: demand and traffic have not agreed after the most rounds[/yellow]")
        for hour in day.traffic:
            full = ", ".join(
                f"{escape(s.name or s.street)} {s.vehicles_per_h / s.capacity_per_h:.0%}"
                for s in hour.fullest[:_STREETS_SHOWN]
            )
            text = f"{name}, from {hour.from_h}:00: {number(hour.vehicles, 0)} vehicles under way for"
            text += f" {number(hour.vehicle_h, 0)} h, {number(hour.delay_h, 1)} h of it by traffic; fullest: {full}"
            console.print(text, highlight=False)
    console.print(found.not_in_it, style="dim", highlight=False)
