"""The command that fits charging to logs of sessions: `luxing fit-sessions`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from network import InputError, Problem, Sessions, check_sessions, fit_sessions, units, weeks_of
from network.io import Parameters, fragment, read_sessions, read_spec
from service import console_sessions as show
from service.command import Run
from service.files import write_whole
from service.fitted import of_sessions

app: Final = typer.Typer()
NearHome = Annotated[
    bool, typer.Option("--near-home", help="The slow plugs of the log stand near homes: their hours are theirs.")
]


@app.command("fit-sessions")
def fit_log(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE.csv...", help="Logs of sessions, one a row.")],
    dates: Annotated[
        str, typer.Option(metavar="dmy|mdy", help="Order of day, month and year where a log leaves it open.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=HEADER", help="A column under another header; may be repeated.")
    ] = None,
    leave_out: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Stations or sites whose name holds this do not count.")
    ] = None,
    learn_weeks: Annotated[
        int | None, typer.Option(min=1, help="Weeks to learn from for the check on later ones; else two thirds.")
    ] = None,
    near_home: NearHome = False,  # noqa: FBT002 - typer's way of a flag
    city: Annotated[
        str | None, typer.Option(help="City whose own parameters stand where the log says nothing.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Where to write the parameters, for the city's city.toml.")
    ] = None,
) -> None:
    """Fit energy, holding time and hours of charging sessions to logs, checked on later weeks of them."""
    run: Run = ctx.obj
    recipe = read_spec(run.settings.data_folder, city) if city else None
    known = Parameters.load(run.settings.data_folder, recipe.parameters if recipe else None)
    log = read_sessions(files, known, dates=dates, leave_out=leave_out or (), columns=headers_of(column or []))
    show.show_log(run.out, log)
    fits = fit_sessions(log.sessions)
    show.show_class_fits(run.out, fits)
    _check(run, log.sessions, known, learn_weeks)
    if out:
        names = [file.name for file in files]
        told = of_sessions(log.sessions, fits, known, names, near_home=near_home)
        lines = [
            f"Charging as logged in {' and '.join(names)}. Put these tables into the city.toml of the city, in the"
        ]
        lines += ["place of any there of the same name, and build the city again."]
        write_whole(out, fragment(told, lines).encode())
        text = f"[green]The parameters are in[/green] {out}: put them into city.toml, then build the city again"
        run.out.print(text, highlight=False, soft_wrap=True)


def _check(run: Run, log: Sessions, known: Parameters, learn_weeks: int | None) -> None:
    if learn_weeks is None and weeks_of(log) <= 1:
        run.out.print("One week is too short to check anything on later ones", style="dim")
        return
    fast, slow = known.array("charging.fast_hours"), known.array("charging.residence_hours")
    hours = np.stack([slow if service == units.SLOW else fast for service in units.SERVICE_OF])
    checks = check_sessions(log, known.array("charging.session_kwh"), hours, learn_weeks)
    if checks:
        show.show_session_checks(run.out, checks)
    else:
        run.out.print("Too few sessions to check anything on later weeks", style="dim")


def headers_of(given: Sequence[str]) -> dict[str, str]:
    """Column name -> header. Raises InputError where an option is none."""
    pairs = [text.partition("=") for text in given]
    wrong = [text for text, (name, sign, header) in zip(given, pairs, strict=True) if not (name and sign and header)]
    if wrong:
        raise InputError([Problem(f"--column {text}", "is none", "write NAME=HEADER, as kwh=Energy") for text in wrong])
    return {name: header for name, _, header in pairs}
