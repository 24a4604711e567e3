"""What the command line shows of definitions of green, and of CO2 and the trips that replaced others."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.carbon import basis_text
from service.diversion_schemas import Replaced
from service.green_schemas import CarbonBasis, GreenChange, GreenReading, GreenShare
from service.report.numbers import NOTHING, difference, number, percent, signed

_PAIRS_SHOWN = 12


def show_shares(console: Console, rows: Iterable[GreenShare], *, chinese: bool = False) -> None:
    """The green-trip share by every definition."""
    table = Table("green-trip share by definition", "share")
    table.columns[1].justify = "right"
    for row in rows:
        table.add_row(_name(row, chinese=chinese), percent(row.value))
    console.print(table)


def show_changes(console: Console, rows: Iterable[GreenChange]) -> None:
    """The same before and after."""
    table = Table("green-trip share by definition", "now", "what if", "points")
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        values = percent(row.base), percent(row.changed), difference(row.difference, "share", 1)
        table.add_row(_name(row, chinese=False), *values)
    console.print(table)


def _name(row: GreenReading, *, chinese: bool) -> str:
    name = escape(row.label_zh if chinese else row.label_en)
    return f"[bold]{name}[/bold] ({'官方口径' if chinese else 'official'})" if row.official else name


def show_basis(console: Console, basis: CarbonBasis) -> None:
    """What the figures of CO2 rest on."""
    console.print(basis_text(basis), style="dim", highlight=False)


def show_replaced(console: Console, found: Replaced) -> None:
    """Which trips replaced which, and the CO2 they save."""
    columns = "trips by", "go by", "trips a day", "CO2 saved, kg", "tank to wheel, kg"
    table = Table(*columns, title="What replaced what, between the same zones")
    for column in table.columns[2:]:
        column.justify = "right"
    for row in found.rows[:_PAIRS_SHOWN]:
        saved = signed(row.with_electricity_saved_kg, 1), signed(row.tank_to_wheel_saved_kg, 1)
        table.add_row(row.before or "not made", row.after or "not made", number(row.trips_per_day, 1), *saved)
    kept = signed(found.kept_with_electricity_saved_kg, 1), signed(found.kept_tank_to_wheel_saved_kg, 1)
    table.add_row("the same", "the same", number(found.kept_trips_per_day, 1), *kept)
    total = signed(found.with_electricity_saved_kg, 1), signed(found.tank_to_wheel_saved_kg, 1)
    table.add_row("[bold]all[/bold]", "", NOTHING, *total)
    console.print(table)
    if len(found.rows) > _PAIRS_SHOWN:
        console.print(f"and {len(found.rows) - _PAIRS_SHOWN} more pairs: --json tells all", style="dim")
