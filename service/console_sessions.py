"""What `luxing fit-sessions` shows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import ClassFit, SessionCheck
from network.io import SessionLog
from service.report.numbers import NOTHING, percent


def show_log(console: Console, log: SessionLog) -> None:
    """How many rows are sessions, and why the others are not."""
    table = _table(f"{log.rows:,} rows", "row", "rows", "of all")
    for reason, count in log.left_out.items():
        if count:
            table.add_row(reason, f"{count:,}", percent(count / log.rows))
    table.add_row("sessions", f"{len(log.sessions):,}", percent(len(log.sessions) / log.rows), style="bold")
    console.print(table)
    for file, order in log.orders.items():
        console.print(f"dates of {escape(file)} are {order}", style="dim", highlight=False)
    known = ", ".join(f"{by} {count:,}" for by, count in log.known_by.items())
    console.print(f"class of charger known by {known or NOTHING}", style="dim", highlight=False)


def show_class_fits(console: Console, fits: Sequence[ClassFit]) -> None:
    """What is fitted to each class of charger."""
    table = _table("Sessions by class of charger", "", *(fit.charger for fit in fits))
    rows = {
        "sessions": [f"{fit.sessions:,}" for fit in fits],
        "a weekday, a day of the weekend": [f"{fit.per_day[0]:.1f}, {fit.per_day[1]:.1f}" for fit in fits],
        "energy, kWh": [f"{fit.kwh:.2f}" for fit in fits],
        "energy 10 %, 50 %, 90 %, kWh": [_numbers(fit.kwh_quantiles) for fit in fits],
        "lognormal: mean, sigma of log(kWh)": [f"{fit.log_mean:.3f}, {fit.log_sigma:.3f}" for fit in fits],
        "plug held, min": [f"{fit.minutes:.1f}" for fit in fits],
        "plug held 10 %, 50 %, 90 %, min": [_numbers(fit.minutes_quantiles) for fit in fits],
        "power while held, kW": [f"{fit.kw:.2f}" for fit in fits],
        "busiest hour, weekday": [_busiest(fit, 0) for fit in fits],
        "busiest hour, weekend": [_busiest(fit, 1) for fit in fits],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)


def show_session_checks(console: Console, checks: Sequence[SessionCheck]) -> None:
    """What earlier weeks foretell of later ones, beside what is assumed without a log."""
    table = _table("Later weeks, foretold from the earlier ones", "", *(check.charger for check in checks))
    rows = {
        "sessions learnt from, held out": [f"{check.learnt:,}, {check.held:,}" for check in checks],
        "energy 10 %, 50 %, 90 %, kWh: learnt": [_numbers(check.quantiles[0]) for check in checks],
        "as it came": [_numbers(check.quantiles[1]) for check in checks],
    }
    for how, name in (("learnt", "learnt"), ("default", "by the parameters until now"), ("flat", "all hours alike")):
        told = [f"{100 * check.hours_error[how]:.2f}" for check in checks]
        rows[f"mean error of a share by hour, points: {name}"] = told
    for how, name in (("learnt", "learnt"), ("lognormal", "lognormal"), ("default", "by the parameters until now")):
        rows[f"largest error of the spread of energy (KS): {name}"] = [
            f"{check.energy_distance[how]:.3f}" for check in checks
        ]
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)
    for check in checks:
        if check.hours_error["learnt"] > check.hours_error["flat"]:
            text = f"{check.charger}: the hours learnt foretell worse than none: the log is short, or use has changed"
            console.print(f"[yellow]{text}[/yellow]", highlight=False)


def _table(title: str, *columns: str) -> Table:
    table = Table(*columns, title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _numbers(values: Iterable[float]) -> str:
    return ", ".join(f"{x:.3g}" for x in values)


def _busiest(fit: ClassFit, kind: int) -> str:
    hour = int(fit.arrival_hours[kind].argmax())
    return f"{hour} h, {percent(float(fit.arrival_hours[kind, hour]))}"
