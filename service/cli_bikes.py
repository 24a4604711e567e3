"""The command of bikes: `luxing rebalance`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from network import InputError, Problem
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance, solving
from service.files import write_whole
from service.rebalancing import RebalancingAnswer, RebalancingRequest, read_stations, rebalancing
from service.report.numbers import number, small_percent
from service.schemas import problems_of

app: Final = typer.Typer()


@app.command()
def rebalance(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    stations: Annotated[
        Path,
        typer.Argument(metavar="STATIONS.csv", help="Columns id, lon, lat, bikes, wanted; docks and name if known."),
    ],
    depot: Annotated[str, typer.Option(metavar="LON,LAT", help="Where vans begin and end; it has to be given.")],
    vans: Annotated[int, typer.Option(help="Vans there are.")] = 1,
    hours: Annotated[float | None, typer.Option(help="Time that a van may be under way.")] = None,
    van_bikes: Annotated[int | None, typer.Option(help="Bikes in a van; else the parameter bikes.van_bikes.")] = None,
    every: Annotated[  # noqa: FBT002
        bool, typer.Option("--every", help="Each station has to be served, whatever its way costs.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="Wall-clock limit. Without it every machine gives the same routes.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same table, same seed: same routes.")] = 0,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="File for the routes as JSON.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Route vans that take bikes from stations with too many to stations with too few, with the proof of how good the
    routes are.
    """
    run: Run = ctx.obj
    lon, lat = _lonlat(depot)
    given = {
        "stations": [s.model_dump() for s in read_stations(stations)], "depot_lon": lon, "depot_lat": lat,
        "vans": vans, "hours": hours, "van_bikes": van_bikes, "every": every, "seconds": seconds, "seed": seed,
    }  # fmt: skip
    try:
        asked = RebalancingRequest.model_validate(given)
    except ValidationError as error:
        problems = problems_of(error.errors(), "")
        raise InputError([replace(p, where="--" + p.where.replace("_", "-")) for p in problems]) from None
    with solving(run.err, seconds) as progress:
        answer = rebalancing(run.engine, city, asked, progress)
    if out:
        write_whole(out, (answer.model_dump_json(indent=2) + "\n").encode())
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    _show(run, answer)
    show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)
    if out:
        run.out.print(f"[green]The routes are in[/green] {out}", highlight=False, soft_wrap=True)


def _lonlat(text: str) -> tuple[float, float]:
    parts = text.split(",")
    try:
        lon, lat = map(float, parts)
    except ValueError:
        hint = "write LON,LAT, such as 120.62,31.31"
        raise InputError(Problem(f"--depot {text}", "cannot be read", hint)) from None
    return lon, lat


def _show(run: Run, answer: RebalancingAnswer) -> None:
    for route in answer.routes:
        title = (
            f"Van {route.van}: {number(route.km, 1)} km, {number(route.minutes)} min, leaves with {route.load} bikes"
        )
        table = Table("station", "min", "bikes", "in the van", title=title)
        for column in table.columns[1:]:
            column.justify = "right"
        for visit in route.visits:
            name = f"{visit.station} {visit.name}".strip()
            table.add_row(escape(name), number(visit.arrives_min), f"{visit.bikes:+d}", str(visit.load))
        run.out.print(table)
    proof = "no routes are better" if answer.gap == 0 else f"at most {small_percent(answer.gap)} could be gained"
    run.out.print(f"{answer.moved} of {answer.misplaced} bikes are put right; {proof}", highlight=False)
    if answer.left_out:
        run.out.print(f"Left out or in part: {escape(', '.join(answer.left_out))}", highlight=False)
