"""The command line: `luxing build`, `check`, `what-if`, `propose`, `targets`, `serve`, and what asks the streets."""

from __future__ import annotations

import errno
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from rich.console import Console
from typer.core import TyperGroup

from network import CityError, InputError, Problem, check
from network.io import CitySpec, Parameters, build_city, city_ids, load_city, read_spec, save_city, spec_for_roads
from service import console as show
from service import console_green as show_green
from service.cli_calibrate import PivotOption, counted_shares
from service.command import AlsoReplaced, AsJson, CityArgument, Run, WithCongestion, print_text
from service.commands import COMMANDS
from service.console_calibrate import show_pivot
from service.console_congestion import show_congestion
from service.engine import WhatIfOptions, attribution
from service.files import write_whole
from service.first_use import told_of_compiling
from service.schemas import read_scenario
from service.settings import Settings, luxing_version, read_settings
from service.stopping import STOPPED, STOPPED_TEXT

BAD_INPUT: Final = 2
PROBLEMS_FOUND: Final = 1
_DISK: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a disk refuses without naming the file."""


class _Commands(TyperGroup):
    """Turns the errors people can mend into bullets and exit code 2; a traceback is for defects of the program only."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except CityError as error:
            show.show_problems(Console(stderr=True), error.problems)
        except OSError as error:
            if error.filename is None and error.errno not in _DISK:
                raise
            where, hint = str(error.filename or "disk"), "check the path, its rights and the disk"
            show.show_problems(Console(stderr=True), [Problem(where, error.strerror or str(error), hint)])
        except (KeyboardInterrupt, SystemError) as error:
            # a kernel that Ctrl-C reaches ends with a SystemError
            if not isinstance(error, KeyboardInterrupt) and not isinstance(error.__cause__, KeyboardInterrupt):
                raise
            Console(stderr=True).print(STOPPED_TEXT)
            raise typer.Exit(STOPPED) from None
        raise typer.Exit(BAD_INPUT)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    help="Plans the green side of a city's transport. Build a city from its streets, ask what-ifs of it, and have "
    "plans for chargers and bus stops proposed, each with a proven gap.\n\n"
    "First steps: [bold]luxing build helsinki[/bold], then "
    "[bold]luxing propose helsinki chargers --budget 2000000[/bold].",
)


@app.callback()
def start(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of parameters, policy targets and cities; else LUXING_DATA, ./data, the installed one."
        ),
    ] = None,
    home: Annotated[
        Path | None,
        typer.Option(help="Folder of built cities, plans and jobs; else LUXING_HOME, or your user data folder."),
    ] = None,
) -> None:
    err = Console(stderr=True)
    ctx.obj = Run(read_settings(home, data), Console(), err, ctx.with_resource(told_of_compiling(err)))


@app.command()
def build(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    roads: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Streets: .osm.pbf, .osm, .osm.gz, osmnx .graphml, or .geojson with lines."),
    ] = None,
    place: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of a place to download from OpenStreetMap instead.")
    ] = None,
    crs: Annotated[
        str | None,
        typer.Option(help="Coordinates of a layer of lines: EPSG:4528, gcj02, bd09 ...; else what it declares."),
    ] = None,
    inputs: Annotated[Path | None, typer.Option(metavar="DIR", help="Folder of the files its city.toml names.")] = None,
    clip: Annotated[
        Path | None, typer.Option(metavar="FILE.geojson", help="Read only the streets inside these polygons.")
    ] = None,
    elevation: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Raster of heights: slopes slow walkers and cyclists.")
    ] = None,
    left_out: Annotated[
        Path | None, typer.Option("--map", metavar="FILE.html", help="Write a map of the streets that were left out.")
    ] = None,
) -> None:
    """Build a city, from its recipe in the data folder or from a road file or place name alone.

    Nothing is stored where an input is wrong.
    """
    from service.report.left_out import left_out_html

    run: Run = ctx.obj
    folder = run.settings.city_folder(city)
    spec = _spec(run.settings, city, roads, place)
    if clip and not roads and "place" in spec.roads:
        raise InputError(Problem("--clip", "a place is read by its own outline", "leave it out, or give --roads"))
    given = {"crs": crs, "clip": _absolute(clip), "elevation": _absolute(elevation)}
    spec = replace(spec, roads={**spec.roads, **{name: value for name, value in given.items() if value}})
    if roads and not Path(roads).is_file():
        raise InputError(Problem(roads, "is not a file", "check the path"))
    if inputs is not None and not inputs.is_dir():
        raise InputError(Problem(str(inputs), "is not a folder", "name the folder that holds the city's files"))
    parameters = Parameters.load(run.settings.data_folder, spec.parameters)
    with show.building(run.err) as progress:
        built, report = build_city(
            spec,
            parameters,
            progress,
            inputs=inputs,
            roads=Path(roads) if roads else None,
            cache=run.settings.home / "downloads",
        )
        problems = check(built)
    save_city(built, folder)
    if left_out and report.roads:
        write_whole(left_out, left_out_html(built, report.roads).encode())
    for line in report.lines:
        run.out.print(line, highlight=False, markup=False)
    show.show_provenance(run.out, city, built.provenance.defaults(), attribution(built))
    if problems:
        run.out.print(f"[yellow]Worth a look ({len(problems)}), see luxing check {city}:[/yellow]")
        show.show_problems(run.out, problems)
    run.out.print(f"[green]{city} is built[/green] (digest {built.digest[:12]})", highlight=False)
    if left_out:
        run.out.print(f"[green]The map of what was left out is[/green] {left_out}", highlight=False, soft_wrap=True)


@app.command(name="check")
def check_city(ctx: typer.Context, city: CityArgument) -> None:
    """Look for what is suspicious about a built city. Exit code 1 where something is."""
    run: Run = ctx.obj
    problems = check(load_city(run.engine.require(city)))  # also a city whose day cannot be simulated
    show.show_problems(run.out, problems)
    if problems:
        raise typer.Exit(PROBLEMS_FOUND)
    run.out.print(f"[green]no problem found in {city}[/green]")


@app.command()
def cities(ctx: typer.Context) -> None:
    """List the cities there are: built ones, and those the data folder describes."""
    run: Run = ctx.obj
    built = set(run.engine.city_ids())
    for name in sorted(built | set(city_ids(run.settings.data_folder))):
        run.out.print(f"{name}  {'built' if name in built else f'not built yet: luxing build {name}'}", highlight=False)


@app.command(name="what-if")
def what_if(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    scenario: Annotated[Path, typer.Argument(metavar="SCENARIO.json", help="Edits, or the plan.json of a proposal.")],
    replaced: AlsoReplaced = False,  # noqa: FBT002 - typer's way of a flag
    congestion: WithCongestion = False,  # noqa: FBT002
    pivot: PivotOption = None,
    as_json: AsJson = False,  # noqa: FBT002
) -> None:
    """Apply a scenario and show the city before and after.

    A scenario is {"edits": [{"type": "close_street", "street": "...", "modes": ["drive"]}, ...]}.
    """
    run: Run = ctx.obj
    counted = counted_shares(pivot) if pivot else None
    answer = run.engine.what_if(city, read_scenario(scenario), WhatIfOptions(replaced, congestion, counted))
    if as_json:
        print_text(answer.model_dump_json(indent=2))
        return
    show.show_figures(run.out, answer)
    show_green.show_changes(run.out, answer.green_shares)
    run.out.print(answer.green_share_definition, style="dim", highlight=False)
    show_green.show_basis(run.out, answer.carbon_changed.basis)
    show_congestion(run.out, answer.congestion)
    if answer.pivot:
        show_pivot(run.out, answer.pivot)
    if answer.replaced:
        show_green.show_replaced(run.out, answer.replaced)
    if answer.targets:
        show.show_targets(run.out, answer.targets)
    show.show_provenance(run.out, city, [d.model_dump() for d in answer.defaults], answer.attribution)


@app.command()
def targets(
    ctx: typer.Context,
    city: CityArgument,
    lang: Annotated[Literal["en", "zh"], typer.Option(help="Language of the targets' texts.")] = "en",
    outturns: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="CSV of reported figures: target, area, year, value, unit, source."),
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - typer's way of a flag
) -> None:
    """Show how a city stands against every policy target: computed, tracked by hand, or not yet modelled; and what is
    reported to have been reached.
    """
    run: Run = ctx.obj
    engine = run.engine
    rows = engine.targets(city, outturns)
    if as_json:
        print_text("[" + ",\n".join(row.model_dump_json() for row in rows) + "]")
        return
    show.show_targets(run.out, rows, chinese=lang == "zh")
    show_green.show_shares(run.out, engine.city(city).green_shares, chinese=lang == "zh")
    show.show_attribution(run.out, attribution(engine.base(city).city))


@app.command()
def defaults(ctx: typer.Context, city: CityArgument) -> None:
    """Show every default that stands in for data of a city: value, unit and source."""
    run: Run = ctx.obj
    show.show_defaults(run.out, load_city(run.engine.require(city)).provenance.defaults())


@app.command()
def serve(
    ctx: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serve the API; its description is at /docs."""
    import uvicorn

    from service.api import create_app
    from service.jobs import require_free

    run: Run = ctx.obj
    require_free(run.settings)
    uvicorn.run(create_app(run.settings, run.step), host=host, port=port)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(f"luxing {luxing_version()}")


app.registered_commands += COMMANDS


def main() -> None:
    """Run the command that is asked for."""
    own_stdout()
    app()


def own_stdout() -> None:
    """Keep standard output for what we print, fit for pipes: libraries in C write to it past Python, as HiGHS does
    whatever it is told, and go unheard from now on.
    """
    if sys.stdout is None:  # closed by whoever started us
        return
    sys.stdout.flush()
    ours, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    like: dict[str, Any] = {"encoding": sys.stdout.encoding, "errors": sys.stdout.errors}
    sys.stdout = open(ours, "w", buffering=1, **like)  # noqa: SIM115, PTH123 - as long as the process


def _spec(settings: Settings, city: str, roads: str | None, place: str | None) -> CitySpec:
    if roads and place:
        raise InputError(Problem("--roads and --place", "are both given", "give one of them"))
    if city not in city_ids(settings.data_folder) and (roads or place):
        return spec_for_roads(city, roads or place or "")
    spec = read_spec(settings.data_folder, city)
    return replace(spec, roads={"place": place}) if place else spec


def _absolute(file: Path | None) -> str | None:
    """A file beside the user, not beside the recipe."""
    return str(file.absolute()) if file else None
