"""The commands about parking: `luxing fit-occupancy` and `luxing shared-need`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from network import (
    InputError,
    ParkingRules,
    Problem,
    check_occupancy,
    day_types,
    profile_schedule,
    shared_need,
    units,
    use_profile,
)
from network.io import (
    SCHEDULES,
    Parameters,
    fragment,
    given_part,
    read_occupancy,
    read_schedule,
    read_spaces,
    read_spec,
)
from service import console_parking as show
from service.cli_sessions import headers_of
from service.command import Run
from service.files import write_whole
from service.fitted import of_use

app: Final = typer.Typer()
PROFILES: Final = "profiles"
_DATE = "YYYY-MM-DD"


@app.command("fit-occupancy")
def fit_occupancy(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE.csv...", help="Series: timestamp, lot, free | occupied.")
    ],
    lots: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Spaces of lots (lot, spaces); else the largest reading.")
    ] = None,
    timezone: Annotated[str, typer.Option(metavar="NAME", help="Where times are in UTC: Asia/Shanghai ...")] = "",
    dates: Annotated[
        str, typer.Option(metavar="dmy|mdy", help="Order of day, month and year where a series leaves it open.")
    ] = "",
    column: Annotated[
        list[str] | None, typer.Option(metavar="NAME=HEADER", help="A column under another header; may be repeated.")
    ] = None,
    holiday: Annotated[list[str] | None, typer.Option(metavar=_DATE, help="A public holiday; may be repeated.")] = None,
    worked: Annotated[
        list[str] | None, typer.Option(metavar=_DATE, help="A day of a weekend worked in exchange; may be repeated.")
    ] = None,
    use: Annotated[str, typer.Option(help=f"Land use of the lots: {', '.join(units.LAND_USES)}.")] = "shopping",
    weeks_held_out: Annotated[int, typer.Option(min=0, help="Last weeks to check the others on; 0 for no check.")] = 2,
    city: Annotated[
        str | None, typer.Option(help="City whose own parameters stand where the series say nothing.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="Where to write the parameters, for the city's city.toml.")
    ] = None,
) -> None:
    """Fit how full car parks are to series of free or taken spaces, checked on weeks that were not used."""
    run: Run = ctx.obj
    if use not in units.LAND_USES:
        raise InputError(Problem("--use", f"{use!r} is no land use", f"known: {', '.join(units.LAND_USES)}"))
    recipe = read_spec(run.settings.data_folder, city) if city else None
    known = Parameters.load(run.settings.data_folder, recipe.parameters if recipe else None)
    rules, at = given_part(ParkingRules, "parking", known), units.LAND_USES.index(use)
    free = _days("--holiday", holiday or []), _days("--worked", worked or [])
    headers = headers_of(column or [])
    of_spaces = {name: headers.pop(name) for name in ("spaces",) if name in headers}
    spaces = read_spaces(lots, of_spaces) if lots else None
    log = read_occupancy(files, known, spaces=spaces, timezone=timezone, dates=dates, columns=headers)
    show.show_occupancy(run.out, log)
    kinds = day_types(log.days, *free)
    found = use_profile(kinds, log.occupied, log.spaces, rules, use=at)
    show.show_profile(run.out, found, use)
    if weeks_held_out:
        checks = check_occupancy(kinds, log.occupied, log.spaces, rules, use=at, weeks=weeks_held_out)
        show.show_occupancy_checks(run.out, checks, float(rules.quantile), float(rules.overflow_share))
    if out:
        names = [file.name for file in files]
        lines = [f"How full car parks are, as counted in {' and '.join(names)}. Put these tables into the city.toml"]
        lines += ["of the city, in the place of any there of the same name, and build the city again."]
        write_whole(out, fragment(of_use(found, known, use, names), lines).encode())
        text = f"[green]The parameters are in[/green] {out}: put them into city.toml, then build the city again"
        run.out.print(text, highlight=False, soft_wrap=True)


@app.command("shared-need")
def need_together(
    ctx: typer.Context,
    need: Annotated[list[str], typer.Argument(metavar="USE=SPACES...", help="What each use needs apart: office=400.")],
    schedule: Annotated[
        str, typer.Option(help=f"{', '.join(SCHEDULES)}; or {PROFILES}: the land uses by month and half-hour.")
    ] = "brigham",
    reserved: Annotated[
        list[str] | None, typer.Option(metavar="USE=SPACES", help="Spaces kept for one use; may be repeated.")
    ] = None,
    city: Annotated[str | None, typer.Option(help="City whose own parameters stand in for those shipped.")] = None,
) -> None:
    """Spaces that uses need together when each needs most at another time, against what they need apart."""
    run: Run = ctx.obj
    recipe = read_spec(run.settings.data_folder, city) if city else None
    known = Parameters.load(run.settings.data_folder, recipe.parameters if recipe else None)
    wanted, kept = _spaces(need), _spaces(reserved or [])
    if schedule == PROFILES:
        rules = given_part(ParkingRules, "parking", known)
        show.show_months(run.out, shared_need(profile_schedule(rules), wanted, kept))
        return
    if schedule not in SCHEDULES:
        hint = f"known: {', '.join([*SCHEDULES, PROFILES])}"
        raise InputError(Problem("--schedule", f"there is none called {schedule!r}", hint))
    table = read_schedule(known, schedule)
    show.show_shared_need(run.out, table, wanted, kept, shared_need(table, wanted, kept))


def _spaces(given: Sequence[str]) -> dict[str, float]:
    """Use -> spaces. Raises InputError where an argument is none, or a use is named twice."""
    out: dict[str, float] = {}
    problems = []
    for text in given:
        use, _, number = text.partition("=")
        try:
            spaces = float(number)
        except ValueError:
            problems.append(Problem(text, "is no number of spaces of a use", "write USE=SPACES, as office=400"))
            continue
        if use in out:
            problems.append(Problem(text, f"names {use!r} a second time", "give each use once"))
        out[use] = spaces
    if problems:
        raise InputError(problems)
    return out


def _days(option: str, given: Sequence[str]) -> list[int]:
    """Days since 1970. Raises InputError where a text is no date."""
    out, problems = [], []
    for text in given:
        try:
            out.append(int(np.datetime64(text, "D").astype(np.int64)))
        except ValueError:
            problems.append(Problem(f"{option} {text}", "is no date", f"write {_DATE}"))
    if problems:
        raise InputError(problems)
    return out
