"""The commands that ask the streets: `luxing route`, `isochrone`, `nearest`, `matrix`, `access`."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import typer
from pydantic import ValidationError
from rich.markup import escape

from network import InputError, Problem
from network.io import LONLAT, Column, Table, read_table
from service import console_streets as show
from service.command import AsJson, CityArgument, Run, print_text
from service.files import write_whole
from service.schemas import problems_of, read_scenario
from service.street_schemas import (
    ACCESS_MINUTES,
    DEFAULT_MINUTES,
    DEFAULT_NEAREST,
    Access,
    AccessRequest,
    IsochroneRequest,
    JourneyParts,
    MatrixAnswer,
    MatrixRequest,
    Mode,
    NearestRequest,
    RouteRequest,
    Spot,
    StreetAnswer,
    StreetMode,
    StreetQuestion,
    Where,
)
from service.zone_files import ZONE_FILES

Q = TypeVar("Q", bound=StreetQuestion)

app: Final = typer.Typer()
_WHERE: Final = "LON,LAT, or the id of a place or zone."
_COORDINATES: Final = {"ignore_unknown_options": True}
"""So that a western longitude is not taken for an option."""

FromArgument = Annotated[str, typer.Argument(metavar="FROM", help=_WHERE)]
ModeOption = Annotated[Mode, typer.Option(help="How one travels.")]
AccessOption = Annotated[
    Access, typer.Option("--access", help="By transit: how one gets to the first stop; a bike is left there.")
]
ScenarioOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Edits that are made before; as for luxing what-if.")
]


@app.command(context_settings=_COORDINATES)
def route(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    start: FromArgument,
    end: Annotated[str, typer.Argument(metavar="TO", help=_WHERE)],
    mode: ModeOption = "walk",
    depart: Annotated[
        str | None,
        typer.Option(metavar="HH:MM", help="By transit: when one leaves; else the median departure of the window."),
    ] = None,
    access: AccessOption = "walk",
    scenario: ScenarioOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """The quickest way between two points: time, length, streets or rides; with --json also its line."""
    run: Run = ctx.obj
    asked = _asked(
        RouteRequest, scenario, mode=mode, start=_where(start), end=_where(end), depart=depart, access=access
    )
    answer = run.engine.route(city, asked)
    if as_json:
        print_text(_json(answer))
        return
    show.show_route(run.out, answer)


@app.command(context_settings=_COORDINATES)
def isochrone(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    start: FromArgument,
    mode: ModeOption = "walk",
    minutes: Annotated[str, typer.Option(help="Limits, for example 5,10,15.")] = ",".join(
        f"{limit:g}" for limit in DEFAULT_MINUTES
    ),
    beside_m: Annotated[
        float | None, typer.Option(metavar="M", help="How far beside a reached street the area extends.")
    ] = None,
    scenario: ScenarioOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.geojson", help="Where to write the areas.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """What can be reached within some minutes: streets, residents, places; with --out or --json also the areas."""
    run: Run = ctx.obj
    limits = _numbers("--minutes", minutes)
    asked = _asked(IsochroneRequest, scenario, mode=mode, start=_where(start), minutes=limits, beside_m=beside_m)
    answer = run.engine.isochrones(city, asked)
    if out:
        write_whole(out, _json(answer).encode() + b"\n")
    if as_json:
        print_text(_json(answer))
        return
    show.show_reached(run.out, answer)
    _say_written(run, out)


@app.command(context_settings=_COORDINATES)
def nearest(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    start: FromArgument,
    mode: Annotated[StreetMode, typer.Option(help="How one travels.")] = "walk",
    kind: Annotated[str | None, typer.Option(help="Kind of place, for example parking; else any.")] = None,
    count: Annotated[int, typer.Option(help="How many places.")] = DEFAULT_NEAREST,
    scenario: ScenarioOption = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """The places that are quickest to reach."""
    run: Run = ctx.obj
    asked = _asked(NearestRequest, scenario, mode=mode, start=_where(start), kind=kind, k=count)
    answer = run.engine.nearest(city, asked)
    if as_json:
        print_text(_json(answer))
        return
    show.show_nearest(run.out, answer)


@app.command()
def matrix(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    origins: Annotated[Path, typer.Argument(metavar="ORIGINS.csv", help="Table with the columns id, lon, lat.")],
    destinations: Annotated[Path, typer.Argument(metavar="DESTINATIONS.csv", help="Likewise.")],
    mode: ModeOption = "walk",
    percentiles: Annotated[
        str | None, typer.Option(help="By transit: also the times within which so many percent of departures arrive.")
    ] = None,
    parts: Annotated[bool, typer.Option("--parts", help="By transit: also waits, walks, changes, fares.")] = False,  # noqa: FBT002
    access: AccessOption = "walk",
    scenario: ScenarioOption = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Where to write the matrix.")] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Times and lengths from every origin to every destination, one row for each pair; empty where there is no way."""
    run: Run = ctx.obj
    rows, columns = _points(origins), _points(destinations)
    shares = _numbers("--percentiles", percentiles) if percentiles else None
    points = {"origins": _spots(rows), "destinations": _spots(columns)}
    asked = _asked(MatrixRequest, scenario, mode=mode, percentiles=shares, parts=parts, access=access, **points)
    try:
        answer = run.engine.matrix(city, asked)
    except InputError as error:
        raise InputError([_in_file(p, {"origins": rows, "destinations": columns}) for p in error.problems]) from None
    if out:
        write_whole(out, _csv(rows, columns, answer).encode())
    if as_json or not out:
        print_text(_json(answer) if as_json else _csv(rows, columns, answer).rstrip("\n"))
    else:
        _say_written(run, out)


@app.command()
def access(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    of: Annotated[
        Literal["residents", "jobs", "students", "visitors", "places"], typer.Option(help="What is counted.")
    ] = "jobs",
    kind: Annotated[str | None, typer.Option(help="Kind of place, for example parking; else any.")] = None,
    mode: ModeOption = "walk",
    minutes: Annotated[str, typer.Option(help="Limits, for example 10,15.")] = ",".join(
        f"{limit:g}" for limit in ACCESS_MINUTES
    ),
    scenario: ScenarioOption = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.csv|.geojson", help="Where to write the figures of every zone.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """How much lies within minutes of every zone, as in the 15-minute circle, and how that is spread over people."""
    run: Run = ctx.obj
    if out and out.suffix not in ZONE_FILES:
        raise InputError(Problem("--out", f"{out.name!r} is no known kind of file", f"use {' or '.join(ZONE_FILES)}"))
    asked = _asked(AccessRequest, scenario, mode=mode, of=of, kind=kind, minutes=_numbers("--minutes", minutes))
    answer = run.engine.access(city, asked)
    if out:
        write_whole(out, ZONE_FILES[out.suffix](answer, run.engine.loaded(city)).encode())
    if as_json:
        print_text(_json(answer))
        return
    show.show_access(run.out, answer)
    _say_written(run, out)


def _asked(question: type[Q], scenario: Path | None, /, **given: Any) -> Q:
    """The question that the options put. Raises InputError naming the option or the place in the scenario file."""
    edits = list(read_scenario(scenario).edits) if scenario else []
    try:
        return question(edits=edits, **{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        options = {"from": "FROM", "to": "TO", "k": "--count", "beside_m": "--beside-m"}
        problems = problems_of(error.errors(), "")
        named = [replace(p, where=options.get(p.where, f"--{p.where}")) for p in problems]
        raise InputError(named) from None


def _where(text: str) -> Where:
    """`LON,LAT`, or else an id."""
    try:
        lon, lat = map(float, text.split(","))
        return Spot(lon=lon, lat=lat)
    except ValueError:
        return text


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        hint = "write numbers with commas between them, for example 5,10,15"
        raise InputError(Problem(option, f"{text!r} is not a list of numbers", hint)) from None


def _points(file: Path) -> Table:
    return read_table(file, {"id": Column(unique=True), **LONLAT})


def _spots(table: Table) -> list[Spot]:
    return [Spot(lon=lon, lat=lat) for lon, lat in table.lonlat().tolist()]


_AT: Final = re.compile(r"(origins|destinations)\[(\d+)\]")


def _in_file(problem: Problem, tables: Mapping[str, Table]) -> Problem:
    """The problem of a point, said of the row it stands in."""
    at = _AT.fullmatch(problem.where)
    if not at:
        return problem
    table = tables[at[1]]
    return replace(problem, where=f"{table.name}, row {table.rows[int(at[2])]}")


def _csv(origins: Table, destinations: Table, answer: MatrixAnswer) -> str:
    """One row for each pair; what there is no way for is empty."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    columns = {"time_s": answer.time_s, "length_m": answer.length_m}
    columns |= {f"p{x.percent:g}_s": x.time_s for x in answer.percentiles}
    columns |= {name: getattr(answer.parts, name) for name in JourneyParts.model_fields} if answer.parts else {}
    table.writerow(("origin", "destination", *columns))
    ends = destinations.texts("id").tolist()
    for start, *rows in zip(origins.texts("id").tolist(), *columns.values(), strict=True):
        table.writerows(zip(repeat(start), ends, *rows))
    return text.getvalue()


def _json(answer: StreetAnswer) -> str:
    return answer.model_dump_json(by_alias=True)


def _say_written(run: Run, out: Path | None) -> None:
    if out:
        run.out.print(f"[green]written:[/green] {escape(str(out))}", highlight=False, soft_wrap=True)
