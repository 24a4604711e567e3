"""The command of days of shared bikes: `luxing replay-bikes`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError

from network import BIKE_DAYS, InputError, Scenario
from network.io import read_bike_flows
from service.bike_replay_schemas import BikeReplayRequest
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance
from service.console_bike_replay import show_bike_replay
from service.replay_bikes import bike_replay
from service.schemas import problems_of, read_scenario

app: Final = typer.Typer()


@app.command("replay-bikes")
def replay_bikes(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    scenario: Annotated[
        Path | None, typer.Argument(metavar="SCENARIO.json", help="Edits, or the plan.json of a proposal.")
    ] = None,
    flows: Annotated[
        Path | None, typer.Option(metavar="FLOWS.csv", help="Pickups and returns; else those of the demand model.")
    ] = None,
    days: Annotated[int, typer.Option(help="Days in a row.")] = 100,
    day: Annotated[str, typer.Option(metavar="|".join(BIKE_DAYS), help="Type of the days.")] = BIKE_DAYS[0],
    vans: Annotated[int | None, typer.Option(help="Vans that put bikes back; else all bikes are put back.")] = None,
    van_hours: Annotated[
        float | None, typer.Option(help="That each van works; else the parameter bikes.shift_h.")
    ] = None,
    fleet: Annotated[int | None, typer.Option(help="Bikes to begin with; else those of the points.")] = None,
    saturation: Annotated[  # noqa: FBT002 - typer's way of a flag
        bool, typer.Option("--saturation", help="Find how many bikes help; takes longer.")
    ] = False,
    seed: Annotated[int, typer.Option(help="The same seed draws the same riders.")] = 0,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Put the points for shared bikes of a city or plan to the test: lost rides and full points, day after day.

    Each without and with vans, and a plan beside the city as it is: the same riders come to all.
    """
    run: Run = ctx.obj
    edits = read_scenario(scenario) if scenario else Scenario(edits=())
    given = {
        "name": edits.name, "days": days, "day": day, "vans": vans, "van_hours": van_hours, "fleet": fleet,
        "saturation": saturation, "seed": seed,
    }  # fmt: skip
    try:
        asked = BikeReplayRequest.model_validate(given | {"edits": list(edits.edits)})
    except ValidationError as error:
        problems = problems_of(error.errors(), "")
        raise InputError([replace(p, where="--" + p.where.replace("_", "-")) for p in problems]) from None
    rows = read_bike_flows(flows, roads=run.engine.loaded(city).roads) if flows else None
    with run.err.status("days of shared bikes") as status:
        answer = bike_replay(
            run.engine, city, asked, flows=rows,
            report=lambda done, of: status.update(f"days of shared bikes: {done} of {of}"),
        )  # fmt: skip
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    show_bike_replay(run.out, answer)
    show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
