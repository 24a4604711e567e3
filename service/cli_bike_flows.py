"""The commands `luxing bike-flows`, which reads logs of shared bikes, and `luxing export-bikes`."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any, Final

import numpy as np
import typer

from network import InputError, Problem
from network.io import (
    LogRules,
    Parameters,
    city_ids,
    flow_table,
    read_orders,
    read_rings,
    read_snapshots,
    read_spec,
    write_bike_feed,
)
from service import console_bike_flows as show
from service.cli_sessions import headers_of
from service.command import CityArgument, Run
from service.files import write_whole
from service.schemas import read_scenario

app: Final = typer.Typer()


@app.command("bike-flows")
def bike_flows(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Of the log's clocks: Asia/Shanghai ...")],
    out: Annotated[Path, typer.Option(metavar="FILE.csv", help="Where to write the flows.")],
    orders: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv", help="Columns start_time, start_lon, start_lat, end_time, end_lon, end_lat; order."
        ),
    ] = None,
    snapshots: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE|DIR", help="Files of GBFS free_bike_status or vehicle_status; may be repeated."),
    ] = None,
    crs: Annotated[
        str | None, typer.Option(help="Datum of the log: wgs84, gcj02, bd09 ...; snapshots are WGS-84 unless told.")
    ] = None,
    city: Annotated[
        str | None, typer.Option(help="A built city: the datum is checked, and what lies outside counts nowhere.")
    ] = None,
    repair: Annotated[  # noqa: FBT002 - typer's way of a flag
        bool, typer.Option("--repair", help="Leave out orders that cannot be true, and count them.")
    ] = False,
    dates: Annotated[
        str, typer.Option(metavar="dmy|mdy", help="Order of day, month and year where the log leaves it open.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=HEADER", help="A column under another header; may be repeated.")
    ] = None,
) -> None:
    """Pickups and returns by place and hour, of orders or of snapshots of where bikes stand, as a table."""
    run: Run = ctx.obj
    if (orders is None) == (not snapshots):
        raise InputError(Problem("bike-flows", "reads one log", "give --orders FILE, or --snapshots FILE or DIR"))
    given: dict[str, Any] = {"timezone": timezone, "rules": _rules(run, city)}
    given["roads"] = run.engine.loaded(city).roads if city else None
    if orders:
        log = read_orders(orders, crs=crs, columns=headers_of(column or []), dates=dates, repair=repair, **given)
    else:
        log = read_snapshots(snapshots or [], crs=crs, **given)
    show.show_bike_log(run.out, log)
    write_whole(out, flow_table(log.flows))
    run.out.print(f"[green]The flows are in[/green] {out}", highlight=False, soft_wrap=True)


def _rules(run: Run, city: str | None) -> LogRules:
    """Those of the city's recipe, where it has one."""
    folder = run.settings.data_folder
    recipe = read_spec(folder, city) if city in city_ids(folder) else None
    return LogRules.of(Parameters.load(folder, recipe.parameters if recipe else None))


@app.command("export-bikes")
def export_bikes(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the feed.")],
    scenario: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Edits that are made before; as for luxing what-if.")
    ] = None,
    within: Annotated[
        Path | None, typer.Option(metavar="FILE.geojson", help="Polygons where bikes may stand at points alone.")
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Of the city, for the feed; else that of China.")] = "",
    url: Annotated[
        str, typer.Option(help="Where the feed will be found, such as https://bikes.example.org/gbfs.")
    ] = "",
) -> None:
    """Write the points for shared bikes as GBFS 2.3, with a copy in GCJ-02, and as a GeoPackage."""
    run: Run = ctx.obj
    if url and not url.startswith(("https://", "http://")):
        raise InputError(Problem("--url", f"{url!r} is no address of the web", "begin it with https://"))
    there = run.engine.changed(city, read_scenario(scenario)).city if scenario else run.engine.loaded(city)
    rings = [np.array(ring, np.float64) for ring in read_rings(within)] if within else []
    write_bike_feed(out, there, within=rings, updated_s=int(time.time()), timezone=timezone, url=url)
    text = f"[green]{len(there.bike_points.id):,} points are in[/green] {out}"
    run.out.print(text, highlight=False, soft_wrap=True)
