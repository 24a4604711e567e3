"""The command for corridors between cities: `luxing corridors`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from network import InputError
from service.command import AsJson, Run, print_text
from service.console_corridors import show_corridor
from service.corridor_schemas import DEFAULT_KINDS, CorridorLimits
from service.corridors import case_of_tables
from service.files import write_whole
from service.report.tables import canonical_json
from service.schemas import problems_of

app: Final = typer.Typer()
_OPTIONS: Final = {
    "budget_cny": "budget",
    "temperature_c": "temperature",
    "usable_share": "usable-share",
    "kinds": "kind",
}


@app.command()
def corridors(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="Holds nodes.csv, links.csv, flows.csv and maybe vehicles.csv.")
    ],
    sites: Annotated[int | None, typer.Option(help="New stations at most.")] = None,
    budget: Annotated[
        float | None, typer.Option(metavar="CNY", help="Money for new stations with their plugs.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option(metavar="C", help="Of the cold day; else the parameter corridors.winter_c.")
    ] = None,
    usable_share: Annotated[
        float | None, typer.Option(help="Share of the range that is used; else corridors.usable_share.")
    ] = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="Kind of node that may get a station; may be repeated.")
    ] = None,
    every_trip: Annotated[  # noqa: FBT002
        bool, typer.Option("--every-trip", help="Short trips need a station too, and all energy comes from stations.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Wall-clock limit of a search. Without it every machine gives the same plan.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same tables, same seed: same plan.")] = 0,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for the plan as JSON, CSV and GeoJSON, and its report.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Which service areas of a corridor get ultra-fast chargers, and how many plugs, so that most electric vehicles get
    through on a cold day.
    """
    run: Run = ctx.obj
    limits = _limits(
        sites=sites, budget_cny=budget, temperature_c=temperature, usable_share=usable_share,
        kinds=tuple(kind) if kind else DEFAULT_KINDS, every_trip=every_trip, seed=seed,
    )  # fmt: skip
    case = case_of_tables(run.settings.data_folder, folder, limits)
    with run.err.status("searches stations, and the best plan without each"):
        plan = case.planned(limits, seconds)
    if out:
        from service.report.corridor import corridor_files

        for name, content in corridor_files(case.corridor, plan).items():
            write_whole(out / name, content)
    if as_json:
        print_text(canonical_json(plan.to_dict()).decode())
        return
    show_corridor(run.out, plan)
    run.out.print(f"{len(plan.defaults)} parameters are defaults that stand in for local data", style="dim")
    if out:
        run.out.print(f"[green]The plan is in[/green] {out}", highlight=False, soft_wrap=True)


def _limits(**given: object) -> CorridorLimits:
    try:
        return CorridorLimits.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error.errors(), "")
        names = [p.where.split("[")[0] for p in problems]
        raise InputError(
            [replace(p, where=f"--{_OPTIONS.get(name, name)}") for p, name in zip(problems, names, strict=True)]
        ) from None
