"""The command for the piles of a whole city: `luxing piles`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from pydantic import ValidationError

from network import InputError, Problem, did_you_mean, units
from service.command import AsJson, Run, print_text
from service.console_piles import show_piles
from service.files import write_whole
from service.pile_schemas import PileTotals
from service.piles import districts_of_table, piles_csv, with_plans
from service.piles import piles as split
from service.schemas import problems_of

NO_FIT: Final = 1

app: Final = typer.Typer()


@app.command()
def piles(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="Districts: area and population, and what else is known.")
    ],
    total: Annotated[int | None, typer.Option(help="Piles of all kinds.")] = None,
    private: Annotated[int | None, typer.Option(help="Piles of cars at home; else from the vehicles.")] = None,
    public: Annotated[int | None, typer.Option(help="Public piles; else what is left of the total.")] = None,
    dedicated: Annotated[int | None, typer.Option(help="Piles in depots; else from the vehicles.")] = None,
    vehicles: Annotated[
        list[str] | None,
        typer.Option(metavar="SEGMENT=COUNT", help="Electric vehicles of the city, such as bus=7500; may be repeated."),
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Year of vehicles that are not given, and of the district plans.")
    ] = None,
    plan: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DISTRICT=PLAN.json", help="A district's own plan for chargers, which is kept; may be repeated."
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Table of the piles by district.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Split the piles of a whole city by kind and district, so that they add up and district plans are kept.

    Exit code 1 where district plans and totals do not fit together; then no table is written.
    """
    run: Run = ctx.obj
    asked = _asked(
        total=total, private=private, public=public, dedicated=dedicated, vehicles=_counts(vehicles or []), year=year
    )
    districts = with_plans(districts_of_table(table), _files(plan or []), asked.year)
    answer = split(run.settings.data_folder, districts, asked)
    fits = answer.status == "optimal"
    if out and fits:
        write_whole(out, piles_csv(answer))
    if as_json:
        print_text(answer.model_dump_json(indent=2))
    else:
        show_piles(run.out, answer)
        if out and fits:
            run.out.print(f"[green]The table is in[/green] {out}", highlight=False, soft_wrap=True)
    if not fits:
        raise typer.Exit(NO_FIT)


def _asked(**given: Any) -> PileTotals:
    try:
        return PileTotals.model_validate(given)
    except ValidationError as error:
        raise InputError([replace(p, where=f"--{p.where}") for p in problems_of(error.errors(), "")]) from None


def _counts(given: list[str]) -> dict[str, float]:
    found, problems = {}, []
    for text in given:
        segment, _, count = (part.strip() for part in text.partition("="))
        if segment not in units.SEGMENTS:
            hint = did_you_mean(segment, units.SEGMENTS) or f"segments are {', '.join(units.SEGMENTS)}"
            problems.append(Problem(f"--vehicles {text}", f"{segment!r} is no segment of vehicles", hint))
        elif not count.isdigit():
            problems.append(Problem(f"--vehicles {text}", "cannot be read", "write SEGMENT=COUNT, such as bus=7500"))
        elif segment in found:
            problems.append(Problem(f"--vehicles {text}", f"{segment} is given twice", "leave one of them out"))
        else:
            found[segment] = float(count)
    if problems:
        raise InputError(problems)
    return found


def _files(given: list[str]) -> dict[str, Path]:
    found, problems = dict[str, Path](), []
    for text in given:
        name, sign, file = (part.strip() for part in text.partition("="))
        if not sign or not file:
            problems.append(Problem(f"--plan {text}", "cannot be read", "write DISTRICT=PLAN.json"))
        elif name in found:
            problems.append(Problem(f"--plan {text}", f"{name} is given twice", "leave one of them out"))
        else:
            found[name] = Path(file)
    if problems:
        raise InputError(problems)
    return found
