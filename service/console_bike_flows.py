"""What `luxing bike-flows` shows."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from network import BIKE_DAYS
from network.io import BikeLog
from service.report.numbers import number


def show_bike_log(console: Console, log: BikeLog) -> None:
    """What was read, what was left out and why, and what flows a day there are."""
    for reason, count in log.left_out.items():
        text = f"[yellow]left out: {reason}: {count:,}, first {log.first_rows[reason]}[/yellow]"
        console.print(text, highlight=False, soft_wrap=True)
    for note in log.flows.notes:
        console.print(f"[yellow]{note}[/yellow]", highlight=False, soft_wrap=True)
    table = Table("", "days", "pickups a day", "returns a day", title=f"{len(log.flows.id):,} places")
    for column in table.columns[1:]:
        column.justify = "right"
    for k, day in enumerate(BIKE_DAYS):
        flows = (number(float(flow[k].sum()), 1) for flow in (log.flows.pickups, log.flows.returns))
        table.add_row(day, f"{log.days[k]}", *flows)
    console.print(table)
    console.print(f"{log.rows:,} rows or files, {log.first} to {log.last}", style="dim", highlight=False)
