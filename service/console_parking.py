"""What `luxing fit-occupancy` and `luxing shared-need` show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from network import MONTHS, OccupancyCheck, Schedule, SharedNeed, UseProfile, units
from network.io import OccupancyLog
from service.report.numbers import percent

_GUESSES = {
    "measured": "as lots with a series have it",
    "plain": "quantile of the half-hour alone",
    "normal": "mean + z times deviation",
    "last_week": "the same day a week before",
    "land_use": "the land use, nothing counted",
}
_HOURS = range(0, units.SLOTS, 4)


def show_occupancy(console: Console, log: OccupancyLog) -> None:
    """How many rows are readings, and why the others are not."""
    table = _table(f"{log.rows:,} rows", "row", "rows", "of all")
    for reason, count in log.left_out.items():
        if count:
            table.add_row(reason, f"{count:,}", percent(count / log.rows))
    kept = log.rows - sum(log.left_out.values())
    table.add_row("readings", f"{kept:,}", percent(kept / log.rows), style="bold")
    console.print(table)
    gaps = percent(float(np.isnan(log.occupied).mean()))
    first, last = log.days[[0, -1]].astype("M8[D]")
    text = f"{len(log.lots)} lots, {log.spaces.sum():,} spaces, {len(log.days)} days from {first} to {last}"
    console.print(f"{text}, {gaps} gaps", style="dim", highlight=False)


def show_profile(console: Console, found: UseProfile, use: str) -> None:
    """How full lots are through days of each type."""
    hours = [f"{slot // 2} h" for slot in _HOURS]
    table = _table(f"Cars over spaces in percent, mean of {found.lots} lots", "", *hours, "against weekday")
    rows = zip(units.DAY_TYPES, found.share, found.day_factor, found.told, found.few, strict=True)
    for name, share, factor, told, few in rows:
        cells = [f"{100 * share[slot]:.0f}" for slot in _HOURS] if told else ["" for _ in _HOURS]
        why = " (few days)" if few else "" if told else f", as of {use}: too few days"
        table.add_row(name, *cells, f"{factor:.2f}{why}")
    console.print(table)
    if found.few.any():
        console.print("few days: fewer than 5 in each lot, drawn to the other days", style="dim", highlight=False)
    text = f"standard deviation between weekdays: {percent(found.sd_share)} of the spaces, mean of lots and half-hours"
    console.print(text, style="dim", highlight=False)


def show_occupancy_checks(console: Console, checks: Sequence[OccupancyCheck], level: float, promise: float) -> None:
    """What earlier weeks foretell of later ones, beside simpler guesses."""
    for check in checks:
        title = f"{check.day_type}: {check.lots} lots, {check.learnt} days foretell {check.held}"
        guess_of = f"guess of the {level:.0%} quantile"
        table = _table(title, guess_of, "covered", "loss", "error, cars", "error, of spaces")
        for guess in check.guesses:
            cells = percent(guess.covered), f"{100 * guess.loss:.2f}", f"{guess.error_cars:.1f}"
            table.add_row(_GUESSES[guess.how], *cells, percent(guess.error_share))
        console.print(table)
        text = f"the cars that mean and deviation say {promise:.0%} of half-hours exceed were exceeded in"
        error = f"(standard error {percent(check.beyond_error)}: {check.held} days)"
        console.print(f"{text} {percent(check.beyond)} {error}", highlight=False)
    text = "covered: readings at or below the guess. loss: pinball loss in percent of the spaces, least for the true"
    console.print(f"{text} quantile. error: from the quantile of the days held out", style="dim", highlight=False)
    missing = [name for name in units.DAY_TYPES if name not in {check.day_type for check in checks}]
    for name in missing:
        console.print(f"[yellow]{name}: too few days to check[/yellow]", highlight=False)


def show_shared_need(
    console: Console, schedule: Schedule, need: Mapping[str, float], reserved: Mapping[str, float], found: SharedNeed
) -> None:
    """Spaces by use and band, and together."""
    table = _table("Spaces needed", "use", "apart", *schedule.bands)
    for use, spaces in need.items():
        row = schedule.percent[schedule.uses.index(use)] / 100
        kept = reserved.get(use, 0.0)
        table.add_row(use, f"{spaces:,g}", *(f"{kept + (spaces - kept) * share:,.1f}" for share in row))
    together = (f"{spaces:,.0f}" for spaces in found.whole)
    table.add_row("together", f"{found.unshared:,}", *together, style="bold")
    console.print(table)
    _show_saving(console, found)


def show_months(console: Console, found: SharedNeed) -> None:
    """The most that is needed by month and day type, and when."""
    table = _table("Most spaces needed, and when", "", *units.DAY_TYPES)
    for name, month in zip(MONTHS, found.whole.reshape(len(MONTHS), len(units.DAY_TYPES), units.SLOTS), strict=True):
        cells = [(float(day.max()), int(day.argmax())) for day in month]
        shown = [f"{most:,.0f} at {slot // 2}:{slot % 2 * 30:02}" for most, slot in cells]
        table.add_row(name, *shown)
    console.print(table)
    _show_saving(console, found)


def _show_saving(console: Console, found: SharedNeed) -> None:
    share = percent(found.saving / found.unshared) if found.unshared else "nothing"
    text = f"[bold]{found.required:,} spaces[/bold] are needed ({found.band}) instead of {found.unshared:,}"
    console.print(f"{text}: {found.saving:,} fewer, {share}", highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    return table
