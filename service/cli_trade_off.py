"""The command that asks what more money buys: `luxing trade-off`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.table import Table

from service import console as show
from service.cli_propose import request_of
from service.command import AsJson, CityArgument, Run, print_text
from service.files import write_whole
from service.report.numbers import NOTHING, in_plain_unit, number, plain_unit, small_percent
from service.trade_off import Priced, TradeOff, record_of, trade_off

app: Final = typer.Typer()


@app.command("trade-off")
def trade_off_command(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    what: Annotated[Priced, typer.Argument(help="What is planned.")],
    budget: Annotated[
        list[float], typer.Option(metavar="CNY", help="Money that a plan may spend; two or more, each given once.")
    ],
    objective: Annotated[
        Literal["served", "distance", "met", "walking", "need", "cover", "net"] | None,
        typer.Option(help="As for propose.", show_default=False),
    ] = None,
    targets: Annotated[list[str] | None, typer.Option(help="As for propose: every plan keeps to them.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Wall-clock limit of each plan.")] = None,
    seed: Annotated[int, typer.Option(help="Same city, same seed: same curve.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for curve.csv, curve.html and a folder for each plan.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """What more money buys: a plan for each of several budgets, each with a proven bound, and what every further unit
    costs.
    """
    run: Run = ctx.obj
    told: dict[str, Any] = {"objective": objective, "targets": targets, "seconds": seconds}
    given = {name: value for name, value in told.items() if value is not None} | {"seed": seed}
    if out:
        _require_folders(out, budget)
    with show.solving(run.err, seconds) as progress:
        curve = trade_off(run.engine, city, budget, lambda cny: request_of(what, given | {"budget": [cny]}), progress)
    if out:
        _write(run, out, curve)
    if as_json:
        from service.report.tables import canonical_json

        print_text(canonical_json(record_of(curve)).decode())
        return
    _show(run, curve)
    if out:
        run.out.print(f"[green]The curve and its plans are in[/green] {out}", highlight=False, soft_wrap=True)


def _require_folders(out: Path, budgets: list[float]) -> None:
    """Raise InputError where a plan may not be written, before any is looked for."""
    from service.report import require_plan_folder

    for cny in filter(math.isfinite, budgets):
        require_plan_folder(_plan_folder(out, cny))


def _plan_folder(out: Path, budget_cny: float) -> Path:
    return out / f"{budget_cny:.0f}-cny"


def _write(run: Run, out: Path, curve: TradeOff) -> None:
    """The plans first: the curve is there once all of them are."""
    from service.report import write_plan_folder
    from service.report.trade_off import curve_files

    for row, proposal in zip(curve.rows, curve.proposals, strict=True):
        write_plan_folder(_plan_folder(out, row.budget_cny), curve.city, proposal, run.engine.green_definitions())
    for name, content in curve_files(curve).items():
        write_whole(out / name, content)


def _show(run: Run, curve: TradeOff) -> None:
    better = "more is better" if curve.upward else "less is better"
    factor, unit = plain_unit(curve.value_unit)
    heads = ("budget, CNY", "spent, CNY", "value", "bound", "gap", "CNY per unit")
    table = Table(*heads, title=f"{unit}: {better}")
    for column in table.columns:
        column.justify = "right"
    for row in curve.rows:
        per_unit = NOTHING if row.cny_per_unit is None else number(row.cny_per_unit / factor, 2)
        values = (in_plain_unit(x, factor) for x in (row.value, row.bound))
        table.add_row(number(row.budget_cny), number(row.cost_cny), *values, small_percent(row.gap), per_unit)
    run.out.print(table)
