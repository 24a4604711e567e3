"""The commands that ask for reasons: `luxing explain`, `elasticities`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from service import console_explain as show
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance
from service.explain_schemas import ElasticityRequest, ExplanationRequest, Purpose, ShareMode
from service.schemas import read_scenario

app: Final = typer.Typer()

ZoneOption = Annotated[str | None, typer.Option(metavar="ID", help="Trips that start in this zone; else all.")]


@app.command()
def explain(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    scenario: Annotated[Path, typer.Option(metavar="FILE", help="Edits, as for luxing what-if.")],
    zone: ZoneOption = None,
    mode: Annotated[ShareMode | None, typer.Option(help="Share of one mode, or of the green ones; else each.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Which edit of a scenario moved the shares of modes by how much: in the order given, and each alone."""
    run: Run = ctx.obj
    edits = list(read_scenario(scenario).edits)
    with run.err.status("days simulated") as status:
        answer = run.engine.explained(
            city,
            ExplanationRequest(edits=edits, zone=zone, mode=mode),
            lambda done, of: status.update(f"{done} of {of} edits"),
        )
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    show.show_effects(run.out, answer)
    show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)


@app.command()
def elasticities(
    ctx: typer.Context,
    city: CityArgument,
    zone: ZoneOption = None,
    purpose: Annotated[Purpose | None, typer.Option(help="Trips of one purpose; else all of residents.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """How trips by each mode answer to prices and times, beside what studies found."""
    run: Run = ctx.obj
    with run.err.status("elasticities") as status:
        answer = run.engine.elasticities(
            city,
            ElasticityRequest(zone=zone, purpose=purpose),
            lambda done, of: status.update(f"{done} of {of} prices and times"),
        )
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    show.show_elasticities(run.out, answer)
    show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
