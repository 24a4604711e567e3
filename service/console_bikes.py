"""What `luxing fit-bikes` shows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import BikeCheck, Censoring
from network.io import BikeStatus
from service.report.numbers import number, percent

_GUESSES = {
    "chain": "chain, demand corrected",
    "seen": "chain, demand as seen",
    "same_hour": "same hour of the days before",
    "last_day": "same hour of the last day before",
}
_MOST_NAMED = 10


def show_status(console: Console, log: BikeStatus, gap_h: float) -> None:
    """How many rows are readings, and why the others are not."""
    table = _table(f"{log.rows:,} rows", "row", "rows", "of all", "first in row")
    for reason, count in log.left_out.items():
        if count:
            table.add_row(reason, f"{count:,}", percent(count / log.rows), f"{log.first_rows[reason]:,}")
    r = log.readings
    table.add_row("readings", f"{len(r.bikes):,}", percent(len(r.bikes) / log.rows), style="bold")
    console.print(table)
    for name, count in log.clipped.items():
        console.print(f"{name}: {count:,} rows set to the nearest possible number", highlight=False)
    if log.no_capacity:
        more = f" and {len(log.no_capacity) - _MOST_NAMED} more" if len(log.no_capacity) > _MOST_NAMED else ""
        named = escape(", ".join(log.no_capacity[:_MOST_NAMED]))
        console.print(f"[yellow]without capacity, left out: {named}{more}[/yellow]", highlight=False)
    hours = np.diff(r.minute)[np.diff(r.station) == 0] / 60
    first, last = np.array([r.local.min(), r.local.max()]).astype("M8[m]").astype("M8[D]")
    shut = percent(1 - float(r.open.mean()))
    text = f"{len(log.ids)} stations, {r.docks.sum():,} docks, {first} to {last}; closed in {shut}"
    gaps = int((hours > gap_h).sum())
    console.print(f"{text} of the readings, {gaps:,} gaps over {gap_h:g} h", style="dim", highlight=False)


def show_censoring(console: Console, censoring: Sequence[Censoring]) -> None:
    """How much demand was not seen."""
    title = "Bikes per station and hour while open"
    flow = "seen", "corrected"
    table = _table(
        title, "", "days", "empty", *(f"out, {f}" for f in flow), "full", *(f"in, {f}" for f in flow), "moves"
    )
    for told in censoring:
        flows = [
            [f"{seen:.2f}", f"{real:.2f} ({percent(real / seen - 1, 0) if seen else '–'} more)"]
            for seen, real in (told.pickups, told.returns)
        ]
        table.add_row(
            told.day, f"{told.days}", percent(told.empty), *flows[0], percent(told.full), *flows[1], f"{told.moves:,}"
        )
    console.print(table)
    text = "net changes between readings: who takes and who brings a bike in between cancel out, so all are least"
    console.print(f"{text} figures. moves: changes taken for the operator's and left out", style="dim", highlight=False)


def show_bike_check(console: Console, check: BikeCheck) -> None:
    """What earlier days foretell of later ones, beside simpler guesses."""
    title = f"{len(check.learnt)} days foretell {len(check.held)}: {number(check.hours)} station-hours"
    worth = ["–" if np.isnan(guess.empty_correlation) else f"{guess.empty_correlation:.2f}" for guess in check.guesses]
    columns = "empty, h", "off by", "by station, h", "correlation", "full, h", "off by", "by station, h"
    table = _table(title, "", *columns)
    table.add_row("as read", number(check.empty_h), "", "", "", number(check.full_h), style="bold")
    for guess, alike in zip(check.guesses, worth, strict=True):
        table.add_row(
            _GUESSES[guess.how], number(guess.empty_h), _off(guess.empty_h, check.empty_h),
            f"{guess.empty_error_h:.1f}", alike,
            number(guess.full_h), _off(guess.full_h, check.full_h), f"{guess.full_error_h:.1f}",
        )  # fmt: skip
    console.print(table)
    text = "by station: mean absolute error. The chain begins each day with the bikes that stood there and does not"
    console.print(f"{text} know what the operator moved since", style="dim", highlight=False)


def show_wanted(console: Console, before: tuple[int, float], after: tuple[int, float], fleet: int) -> None:
    """Pickups and returns that fail until midnight, with the bikes as last seen and as wanted."""
    text = f"As last seen: {number(before[0])} bikes, {number(before[1], 1)} pickups and returns fail until midnight."
    console.print(text, highlight=False)
    text = f"As wanted: [bold]{number(after[0])} bikes[/bold], {number(after[1], 1)} fail"
    rest = f"; of {number(fleet)} bikes the others help nowhere" if after[0] < fleet else ""
    console.print(text + rest, highlight=False)


def _off(told: float, true: float) -> str:
    return f"{100 * (told / true - 1):+.1f}%" if true else "–"


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
