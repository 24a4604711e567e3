"""The commands about bikes: `luxing rebalance` and `luxing fit-bikes`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final

import typer
from pydantic import ValidationError
from rich.markup import escape
from rich.table import Table

from network import (
    BIKE_DAYS,
    FlowRows,
    InputError,
    Problem,
    bike_rates,
    check_bikes,
    spans_of,
)
from network.io import CLIPS, Parameters, flow_table, read_bike_status, read_spec
from service import console_bikes as show
from service.cli_sessions import headers_of
from service.command import AsJson, CityArgument, Run, print_text
from service.console import show_provenance, solving
from service.files import write_whole
from service.fit_bikes import bike_rules, wanted_bikes
from service.rebalancing import (
    RebalancingAnswer,
    RebalancingRequest,
    read_stations,
    rebalancing,
    stations_csv,
)
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
        options = {"depot_lon": "depot", "depot_lat": "depot"}
        named = [replace(p, where=f"--{options.get(p.where, p.where).replace('_', '-')}") for p in problems]
        raise InputError(named) from None
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


@app.command("fit-bikes")
def fit_bikes(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    status: Annotated[
        Path,
        typer.Argument(metavar="STATUS.csv", help="Series: last_updated | timestamp, station_id, bikes; free_docks."),
    ],
    stations: Annotated[
        Path, typer.Option(metavar="STATIONS.csv", help="Columns station_id, lon, lat, capacity; name if known.")
    ],
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Of the stations' clocks: Asia/Shanghai ...")],
    clip: Annotated[
        list[str] | None, typer.Option(metavar="|".join(CLIPS), help="Set to what is possible; may be repeated.")
    ] = None,
    dates: Annotated[
        str, typer.Option(metavar="dmy|mdy", help="Order of day, month and year where the series leaves it open.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=HEADER", help="A column under another header; may be repeated.")
    ] = None,
    day: Annotated[str, typer.Option(metavar="|".join(BIKE_DAYS), help="Day that bikes are wanted for.")] = "weekday",
    from_hour: Annotated[int, typer.Option(min=0, max=23, help="Hour from which it is looked at.")] = 0,
    fleet: Annotated[int | None, typer.Option(min=0, help="Bikes there are; else those last seen.")] = None,
    days_held_out: Annotated[int, typer.Option(min=0, help="Last days to check the others on; 0 for no check.")] = 2,
    city: Annotated[str | None, typer.Option(help="City whose own parameters stand in for those shipped.")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Where to write the stations, as `rebalance` reads them.")
    ] = None,
    flows_out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Where to write corrected pickups and returns by hour.")
    ] = None,
) -> None:
    """Fit the demand at bike stations to a series of their bikes, and find how many they should begin a day with."""
    run: Run = ctx.obj
    if day not in BIKE_DAYS:
        raise InputError(Problem("--day", f"{day!r} is none", f"known: {', '.join(BIKE_DAYS)}"))
    recipe = read_spec(run.settings.data_folder, city) if city else None
    rules = bike_rules(Parameters.load(run.settings.data_folder, recipe.parameters if recipe else None))
    headers = headers_of(column or [])
    log = read_bike_status(status, stations, timezone=timezone, clip=clip or (), columns=headers, dates=dates)
    show.show_status(run.out, log, rules.most_gap_h)
    rates = bike_rates(spans_of(log.readings, rules), len(log.ids), rules)
    show.show_censoring(run.out, rates.censoring)
    if days_held_out:
        show.show_bike_check(run.out, check_bikes(log.readings, rules, days_held_out))
    kind = BIKE_DAYS.index(day)
    wanted = wanted_bikes(log, rates, kind, from_hour, fleet)
    show.show_wanted(run.out, wanted.before, wanted.after, wanted.fleet)
    if out:
        write_whole(out, stations_csv(wanted.stations))
        run.out.print(f"[green]The stations are in[/green] {out}", highlight=False, soft_wrap=True)
    if flows_out:
        flows = FlowRows(
            id=log.ids, lonlat=log.lonlat, pickups=rates.pickups, returns=rates.returns, source=status.name
        )
        write_whole(flows_out, flow_table(flows))
        run.out.print(f"[green]The flows are in[/green] {flows_out}", highlight=False, soft_wrap=True)


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
