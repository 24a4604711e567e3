"""What the command line shows of days at the plugs and in car parks, and of stations for batteries and hydrogen."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from service.replay_schemas import ChargingReplayAnswer, ParkingReplayAnswer, ReplayedLot, ReplayedQueue
from service.report.numbers import percent
from service.swapping import SwappingAnswer

_ROWS = 15
_DIGITS = 1


def show_charging_replay(console: Console, answer: ChargingReplayAnswer) -> None:
    """The verdict, and the queues that come nearest to their limit or are beyond it."""
    if not answer.queues:
        console.print(f"{answer.city.name}: nobody charges at public plugs", highlight=False, markup=False)
        return
    rows = sorted(answer.queues, key=_margin)
    table = Table("place", "plugs", "drivers/day", "days", "hour", "late", "error", "limit", title=_title(answer, rows))
    for row in rows[:_ROWS]:
        worst = row.worst_hour
        colour = "green" if row.kept else "red"
        late = f"[{colour}]{percent(row.late_share[worst], _DIGITS)}[/{colour}]"
        plugs = f"{row.plugs} {row.charger}"
        numbers = f"{sum(row.drivers):.1f}", f"{row.days:,}", f"{worst}-{worst + 1}", late
        shares = percent(row.error[worst], _DIGITS), percent(row.most_share, _DIGITS)
        table.add_row(escape(row.place), plugs, *numbers, *shares)
    for column in table.columns[2:]:
        column.justify = "right"
    console.print(table)
    beyond = [row for row in rows if not row.kept]
    if beyond:
        verdict = f"[red]{len(beyond)} of {len(rows)} queues are beyond their limit[/red]"
    else:
        verdict = f"[green]all {len(rows)} queues keep their limit in every hour[/green]"
    console.print(f"{verdict}; {answer.drivers_per_day:,.0f} drivers a day", highlight=False)
    console.print(f"{answer.note} Allowed are {answer.wait_min:g} minutes.", style="dim", highlight=False)


def show_parking_replay(console: Console, answer: ParkingReplayAnswer) -> None:
    """The verdict, and the car parks that come nearest to what is promised or are beyond it."""
    if not answer.lots:
        console.print(f"{answer.city.name}: no car park shares spaces", highlight=False, markup=False)
        return
    rows = sorted(answer.lots, key=lambda row: row.most_share - _worst(row))
    shown = f"the {_ROWS} of {len(rows)} nearest to what is promised" if len(rows) > _ROWS else "shared car parks"
    title = escape(f"{answer.city.name}: {shown}, in the worst half-hour after a window")
    table = Table(
        "car park", "days of type", "shared", "days", "from", "none free", "error", "model", "most", title=title
    )
    for row in rows[:_ROWS]:
        at, colour = row.worst_after, "green" if row.kept else "red"
        numbers = f"{row.shared_spaces}", f"{row.days:,}", "-" if at is None else f"{at // 2:02d}:{at % 2 * 30:02d}"
        found, error, model = (
            ("-", "-", "-") if at is None else (percent(x[at], _DIGITS) for x in (row.share, row.error, row.expected))
        )
        table.add_row(
            escape(row.lot),
            row.day,
            *numbers,
            f"[{colour}]{found}[/{colour}]",
            error,
            model,
            percent(row.most_share, _DIGITS),
        )
    for column in table.columns[2:]:
        column.justify = "right"
    console.print(table)
    beyond = sum(not row.kept for row in rows)
    if beyond:
        verdict = f"[red]{beyond} of {len(rows)} car parks and types of day break their promise[/red]"
    else:
        verdict = f"[green]all {len(rows)} car parks and types of day keep their promise[/green]"
    console.print(f"{verdict} of {percent(answer.promised, _DIGITS)}; {answer.clashes} times two cars on one space")
    console.print(answer.note, style="dim", highlight=False)


def _worst(row: ReplayedLot) -> float:
    return 0.0 if row.worst_after is None else row.share[row.worst_after]


def show_swapping(console: Console, answer: SwappingAnswer) -> None:
    """Classes of stations, with how many the fleet needs and how many vehicles one serves."""
    swaps = {name: number for name, number in answer.swaps_per_day.items() if number}
    title = f"{answer.city.name}: swap stations, of one class or another"
    table = Table("class", "swaps/day", "stations", *(f"{name}/station" for name in swaps), title=escape(title))
    for row in answer.swap_classes:
        vehicles = (f"{row.vehicles_per_station[name]:.0f}" for name in swaps)
        table.add_row(escape(row.swap_class), f"{row.swaps_per_day:.0f}", f"{row.stations:,}", *vehicles)
    for column in table.columns[1:]:
        column.justify = "right"
    console.print(table)
    asked = ", ".join(f"{name} {number:,.0f}" for name, number in swaps.items()) or "none"
    console.print(f"swaps a day: {asked}", highlight=False)
    kg = sum(answer.hydrogen_kg_per_day.values())
    either = " or ".join(f"{row.stations:,} of {row.kg_per_day:,.0f} kg/day" for row in answer.hydrogen_classes)
    console.print(f"hydrogen: {kg:,.0f} kg a day" + (f", stations: {either}" if kg else ""), highlight=False)
    console.print(answer.note, style="dim", highlight=False)


def _margin(row: ReplayedQueue) -> float:
    return row.most_share - row.late_share[row.worst_hour]


def _title(answer: ChargingReplayAnswer, rows: list[ReplayedQueue]) -> str:
    shown = f"the {_ROWS} of {len(rows)} queues nearest to their limit" if len(rows) > _ROWS else "queues at plugs"
    return escape(f"{answer.city.name}: {shown}, in their worst hour")
