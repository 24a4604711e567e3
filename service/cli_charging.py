"""The commands of charging: `luxing replay`, and `luxing swapping`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from network import Scenario, ShareLot
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance
from service.console_replay import show_charging_replay, show_swapping
from service.replay_schemas import ChargingReplayRequest
from service.schemas import read_scenario
from service.swapping import swapping as needs

BEYOND: Final = 1

app: Final = typer.Typer()


@app.command()
def replay(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    scenario: Annotated[
        Path | None, typer.Argument(metavar="SCENARIO.json", help="Edits, or the plan.json of a proposal.")
    ] = None,
    days: Annotated[int, typer.Option(min=2, max=10_000, help="Days drawn for each queue.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same days.")] = 0,
    energy_cv: Annotated[
        float | None,
        typer.Option(
            min=0.01, max=10, help="Spread of energies over their mean, then lognormal; else times are exponential."
        ),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Put the plugs of a city or plan to the test: days in which drivers come at random and wait in line.

    Exit code 1 where at some place and hour more of them wait too long than is allowed.
    """
    run: Run = ctx.obj
    edits = read_scenario(scenario) if scenario else Scenario(edits=())
    asked = ChargingReplayRequest(edits=list(edits.edits), name=edits.name, days=days, seed=seed, energy_cv=energy_cv)
    with run.err.status("days at the plugs") as status:
        answer = run.engine.charging_replay(
            city, asked, lambda done, of: status.update(f"days at the plugs: {done} of {of} queues")
        )
    if as_json:
        print_text(answer.model_dump_json(indent=2))
    else:
        show_charging_replay(run.out, answer)
        show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
        if any(isinstance(edit, ShareLot) for edit in edits.edits):
            run.out.print("The car parks it shares: luxing replay-parking", style="dim", highlight=False)
    if not answer.kept:
        raise typer.Exit(BEYOND)


@app.command()
def swapping(ctx: typer.Context, city: CityArgument, as_json: AsJson = False) -> None:  # noqa: FBT002 - typer's way of a flag
    """Show how many stations for swapped batteries and for hydrogen the fleet of a city needs."""
    run: Run = ctx.obj
    answer = needs(run.engine, city)
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    show_swapping(run.out, answer)
    show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
