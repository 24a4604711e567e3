"""A plan of bus depots at the command line."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import City
from optimise import BusPath, DepotPlan, DepotProposal
from service.report.numbers import number, percent

_SHOWN = 20


def show_depots(console: Console, city: City, proposal: DepotProposal) -> None:
    """What every depot needs, and what it comes to."""
    plan = proposal.plan
    title = f"Electric buses of {escape(city.name)} and their depots"
    table = Table("depot", "buses", "kWh a night", "chargers", "kW", "kW unmanaged", "transformer, kVA", title=title)
    table.columns[0].overflow = "fold"
    for column in table.columns[1:]:
        column.justify = "right"
    for depot in sorted(plan.depots, key=lambda d: (-d.buses, d.place))[:_SHOWN]:
        figures = depot.buses, depot.energy_kwh, depot.chargers, depot.peak_kw, depot.peak_unmanaged_kw
        table.add_row(escape(depot.name or depot.place), *map(number, figures), number(depot.transformer_kva))
    console.print(table)
    if len(plan.depots) > _SHOWN:
        console.print(f"and {len(plan.depots) - _SHOWN} more: all of them are in depots.csv", style="dim")
    for reason in plan.reasons:
        console.print(f"[yellow]•[/yellow] {escape(reason)}", highlight=False)
    total = Table(show_header=False)
    for label, value in _totals(plan):
        total.add_row(label, escape(value))
    console.print(total)
    if plan.path:
        _show_path(console, plan.path)


def _totals(plan: DepotPlan) -> list[tuple[str, str]]:
    parked, bound = (
        sum(getattr(d, name) for d in plan.depots) for name in ("chargers_parked", "chargers_parked_bound")
    )
    tops = sum(place.chargers for place in plan.top_ups)
    return [
        ("Buses, all electric", f"{number(plan.buses)}, {number(plan.km)} km a day"),
        ("Energy from the grid", f"{number(plan.energy_kwh)} kWh a day"),
        ("Chargers at depots", f"{number(plan.chargers)}, {plan.chargers / max(1, plan.buses):.2f} a bus"),
        ("Where no bus is moved and power is not switched", f"{number(parked)}, no fewer than {number(bound)}"),
        ("Least power, each depot at its worst hour", f"{number(plan.value)} kW, proven"),
        ("Power unmanaged", f"{number(plan.peak_unmanaged_kw)} kW"),
        ("Chargers at ends of lines", f"{number(tops)} at {number(len(plan.top_ups))}"),
        ("Cost", f"{number(plan.cost_cny)} CNY"),
        ("Verified", "; ".join(plan.verified)),
    ]


def _show_path(console: Console, path: BusPath) -> None:
    """How the fleet gets clean year by year."""
    title = f"Buses to {path.counted} ones: {number(path.early)} before their age, the fewest that keep to the path"
    table = Table("year", "clean", "electric", "asked for", "of age", "early", "bought", "CNY million", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for y in path.years:
        shares = percent(y.clean / max(1, y.buses)), percent(y.electric / max(1, y.buses)), percent(y.least_share)
        table.add_row(str(y.year), *shares, *map(number, (y.retired, y.early, y.bought, y.cost_cny / 1e6)))
    console.print(table)
