"""What `luxing estimate` and `luxing calibrate` show."""

from __future__ import annotations

import math

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from network import CityFit, Estimate, HeldOut
from service.pivot_schemas import Pivoted
from service.report.numbers import NOTHING, percent

MOST_OFF = 0.01
"""A share that is predicted worse deserves a word."""


def show_estimate(console: Console, found: Estimate, title: str) -> None:
    """Coefficients with their errors, and how well the model fits."""
    table = Table("coefficient", "value", "error", "t", "robust error", "robust t", title=escape(title))
    for column in table.columns[1:]:
        column.justify = "right"
    errors = found.standard_error, found.t_value, found.robust_error, found.robust_t_value
    for name, value, *row in zip(found.parameter, found.value, *errors, strict=True):
        shown = [f"{x:.2f}" if n in {1, 3} else f"{x:.4g}" for n, x in enumerate(row)]
        fixed = "at its bound" if name in found.at_bound else "fixed"
        cells = shown if all(map(math.isfinite, row)) else [fixed, *[NOTHING] * 3]
        table.add_row(escape(name), f"{value:.5g}", *cells)
    console.print(table)
    fit = Table(show_header=False)
    for label, text in (
        ("Trips", f"{found.cases:,}"),
        ("Log-likelihood", f"{found.log_likelihood:.3f}"),
        ("with equal shares, with constants alone", f"{found.log_likelihood_zero:.3f}, {_or_none(found)}"),
        ("rho2 against these", f"{found.rho2:.4f}, {found.rho2_constants:.4f}"),
    ):
        fit.add_row(label, text)
    console.print(fit)
    if found.nests:
        console.print("t of a nest asks whether its mu differs from 1", style="dim", highlight=False)


def _or_none(found: Estimate) -> str:
    return f"{found.log_likelihood_constants:.3f}" if math.isfinite(found.log_likelihood_constants) else NOTHING


def show_value_of_time(console: Console, found: Estimate, over: str, under: str) -> None:
    """What an hour of one coefficient is worth in money."""
    value, error = found.ratio(over, under)
    text = f"An hour of {over} is worth {60 * value:.4g} +- {60 * error:.2g} in the money of {under}"
    console.print(escape(text), highlight=False)


def show_held_out(console: Console, held: HeldOut, seed: int) -> None:
    """Shares of trips that were not learnt from, as taken and as predicted."""
    title = f"{held.trips:,} trips held out, predicted from {held.learnt:,} (seed {seed})"
    table = Table("mode", "taken", "predicted", "difference, points", title=title)
    for column in table.columns[1:]:
        column.justify = "right"
    for mode, taken, predicted in zip(held.modes, held.observed, held.predicted, strict=True):
        table.add_row(escape(mode), percent(taken), percent(predicted), f"{100 * (predicted - taken):+.2f}")
    console.print(table)
    console.print(
        f"Log-likelihood of a trip: {held.log_likelihood:.4f} held out, {held.log_likelihood_learnt:.4f} learnt from",
        highlight=False,
    )
    if held.worst > MOST_OFF:
        text = f"A share is {100 * held.worst:.1f} points off: with so few trips that may be chance; try other seeds"
        console.print(f"[yellow]{text}[/yellow]", highlight=False)


def show_fit(console: Console, name: str, fit: CityFit) -> None:
    """Before, after and target; how it converged; and constants that carry too much."""
    table = Table(
        "whose trips", "mode", "target", "before", "after", "constant moved by", title=f"Shares of {escape(name)}"
    )
    for column in table.columns[2:]:
        column.justify = "right"
    for row in fit.shares:
        moved = f"[yellow]{row.moved:+.3f}[/yellow]" if row in fit.overstretched else f"{row.moved:+.3f}"
        shares = f"{100 * row.target:.2f}", f"{100 * row.before:.2f}", f"{100 * row.after:.2f}"
        table.add_row(row.segment, escape(row.mode), *shares, moved)
    console.print(table)
    if fit.minutes:
        minutes = Table(
            "purpose", "target, min", "before", "after", "beta before, 1/min", "after", title="Minutes of a trip"
        )
        for column in minutes.columns[1:]:
            column.justify = "right"
        for own in fit.minutes:
            means = (f"{x:.2f}" for x in (own.target, own.before, own.after))
            minutes.add_row(own.purpose, *means, f"{own.beta_before:.4f}", f"{own.beta_after:.4f}")
        console.print(minutes)
    for n, one in enumerate(fit.passes, 1):
        off = f", of minutes {one.worst_minutes:.1e} of them" if fit.minutes else ""
        text = f"pass {n}: largest error of a share {one.worst_share:.1e}{off}; {one.days} days simulated"
        console.print(text, style="dim", highlight=False)
    for row in fit.overstretched:
        text = f"{row.segment}, {row.mode}: the constant moved by {row.moved:+.1f}, which outweighs times and costs"
        console.print(f"[yellow]• {escape(text)}[/yellow]", highlight=False)
        console.print("  → check the count, the lines and prices of the city, and whether both mean the same trips")


def show_pivot(console: Console, found: Pivoted) -> None:
    """Counted shares, and what a change makes of them."""
    title = "Counted shares, changed as the model changes (%)"
    table = Table("whose trips", "mode", "counted", "model now", "model what if", "counted what if", title=title)
    for column in table.columns[2:]:
        column.justify = "right"
    for row in found.shares:
        if row.counted > 0:
            shares = row.counted, row.model_base, row.model_changed, row.counted_changed
            table.add_row(row.segment, row.mode, *(f"{100 * x:.2f}" for x in shares))
    console.print(table)
    for label, *green in (
        ("counted", found.green_base, found.green_changed),
        ("not counted", found.green_without_ebike_base, found.green_without_ebike_changed),
    ):
        if None not in green:
            text = f"Green trips of residents, e-bikes {label}: {' → '.join(map(percent, green))}"
            console.print(text, highlight=False)
