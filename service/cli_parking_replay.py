"""The command of days in shared car parks: `luxing replay-parking`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from network import Scenario
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance
from service.console_replay import show_parking_replay
from service.replay_parking import parking_replay
from service.replay_schemas import ParkingReplayRequest
from service.schemas import read_scenario

BEYOND: Final = 1

app: Final = typer.Typer()


@app.command("replay-parking")
def replay_parking(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    scenario: Annotated[
        Path | None, typer.Argument(metavar="SCENARIO.json", help="Edits, or the plan.json of a proposal.")
    ] = None,
    days: Annotated[int, typer.Option(min=2, max=10_000, help="Days of each type drawn for each car park.")] = 200,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same days.")] = 0,
    mixed: Annotated[  # noqa: FBT002 - typer's way of a flag
        bool, typer.Option(help="Owners' cars leave among those that come; else after them, as in the model.")
    ] = False,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Put the shared car parks of a city or plan to the test: do owners find their spaces after a window?

    Exit code 1 where at some car park and half-hour they do not, more often than is promised.
    """
    run: Run = ctx.obj
    edits = read_scenario(scenario) if scenario else Scenario(edits=())
    asked = ParkingReplayRequest(edits=list(edits.edits), name=edits.name, days=days, seed=seed, mixed=mixed)
    with run.err.status("days in car parks") as status:
        answer = parking_replay(
            run.engine, city, asked, lambda done, of: status.update(f"days in car parks: {done} of {of}")
        )
    if as_json:
        print_text(answer.model_dump_json(indent=2))
    else:
        show_parking_replay(run.out, answer)
        show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
    if not answer.kept:
        raise typer.Exit(BEYOND)
