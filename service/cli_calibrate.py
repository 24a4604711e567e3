"""The commands that make a city's behaviour follow what was counted: `luxing estimate` and `luxing calibrate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import numpy as np
import typer

from network import ALL_RESIDENTS, InputError, Observed, Problem, SurveyModel, TripRecords, fit_city, held_out, units
from network.io import (
    Parameters,
    fragment,
    read_minutes,
    read_shares,
    read_spec,
    read_survey,
    read_survey_model,
)
from service import console_calibrate as show
from service.cli_sessions import app as sessions
from service.command import CityArgument, Run
from service.files import write_whole
from service.fitted import of_estimate, of_fit

app: Final = typer.Typer()
app.registered_commands += sessions.registered_commands
OutOption = Annotated[
    Path | None, typer.Option(metavar="FILE.toml", help="Where to write the parameters, for the city's city.toml.")
]
PivotOption = Annotated[
    Path | None,
    typer.Option(
        "--pivot", metavar="FILE.csv", help="Counted shares (mode, share, purpose) to reckon the change from."
    ),
]


@app.command()
def estimate(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    survey: Annotated[Path, typer.Argument(metavar="SURVEY.csv", help="Trip records, one trip a row.")],
    spec: Annotated[
        Path | None, typer.Option(metavar="FILE.toml", help="What the columns are; else our names are expected.")
    ] = None,
    purpose: Annotated[list[str] | None, typer.Option(help="Only trips of this purpose; may be repeated.")] = None,
    holdout: Annotated[
        float, typer.Option(min=0.0, max=0.9, help="Share of the households, or trips, to check the prediction on.")
    ] = 0.0,
    seed: Annotated[int, typer.Option(min=0, help="Which of them are held out.")] = 0,
    city: Annotated[
        str | None, typer.Option(help="City whose own parameters stand where the survey says nothing.")
    ] = None,
    out: OutOption = None,
) -> None:
    """Estimate mode-choice coefficients from trip records, with errors, fit and a check on trips that were held out."""
    run: Run = ctx.obj
    model = read_survey_model(spec) if spec else SurveyModel()
    recipe = read_spec(run.settings.data_folder, city) if city else None
    known = Parameters.load(run.settings.data_folder, recipe.parameters if recipe else None)
    trips = model.prepared(_of_purposes(_records(survey, model), purpose or [], survey.name))
    found = model.estimated(trips)
    check = held_out(model, trips, holdout, seed) if holdout else None
    told = of_estimate(model, trips, found, known, purposes=purpose or [], file=survey.name) if out else {}
    of = f", {', '.join(purpose)}" if purpose else ""
    show.show_estimate(run.out, found, f"{survey.name}{of}")
    kinds = {term.variable.coefficient: term.variable.kind for term in model.terms_of(trips)}
    times, costs = ([name for name, kind in kinds.items() if kind == wanted] for wanted in ("time", "cost"))
    if "time" in times and "cost" in costs:
        show.show_value_of_time(run.out, found, "time", "cost")
    if check:
        show.show_held_out(run.out, check, seed)
    parts = {term.variable.coefficient for term in model.terms_of(trips) if term.parameter}
    others = [name for name, kind in kinds.items() if kind == "other" and name not in parts]
    if out:
        lines = [f"Estimated from {survey.name}. Put these tables into the city.toml of the city, in the place of any"]
        lines += ["there of the same name, and build the city again."]
        if others:
            lines.append("The constants hold where these are 0, so calibrate them to shares: " + ", ".join(others))
        write_whole(out, fragment(told, lines).encode())
        _say_written(run, out, "luxing calibrate then brings its constants to counted shares")


@app.command()
def calibrate(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    shares: Annotated[
        Path, typer.Option(metavar="FILE.csv", help="Counted shares: columns mode, share and, if known, purpose.")
    ],
    trip_minutes: Annotated[
        Path | None, typer.Option(metavar="FILE.csv", help="Mean minutes of a trip: columns purpose and minutes.")
    ] = None,
    group: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=MODE,...", help="Modes that were counted as one, as public=bus,rail."),
    ] = None,
    reference: Annotated[str, typer.Option(help="Mode whose constants stay as they are.")] = "car",
    out: OutOption = None,
) -> None:
    """Calibrate the constants of a city to counted shares of modes, and its decay with distance to minutes of trips."""
    run: Run = ctx.obj
    groups = _groups(group or [])
    counted = counted_shares(shares, groups)
    minutes = read_minutes(trip_minutes) if trip_minutes else {}
    base = run.engine.base(city)
    observed = Observed(
        shares=counted,
        minutes=minutes,
        groups=groups,
        shares_file=shares.name,
        minutes_file=trip_minutes.name if trip_minutes else "",
        reference=reference,
    )
    with run.err.status("calibrates: every pass simulates some days"):
        fit = fit_city(base.city, base.travel, observed)
    show.show_fit(run.out, base.city.name, fit)
    if out:
        files = [file.name for file in (shares, trip_minutes) if file]
        lines = [
            f"{city}, calibrated to {' and '.join(files)}. Put these tables into its city.toml, in the place of any"
        ]
        lines += ["there of the same name, and build the city again."]
        write_whole(out, fragment(of_fit(base.city, fit, files), lines).encode())
        _say_written(run, out, f"then luxing build {city}")


def counted_shares(file: Path, groups: dict[str, tuple[str, ...]] | None = None) -> dict[str, dict[str, float]]:
    """Shares of a table by purpose, or of all residents where it has no column of that name. Raises InputError."""
    grouped = {mode for modes in (groups or {}).values() for mode in modes}
    modes = [*(mode for mode in units.TRIP_MODES if mode not in grouped), *(groups or {})]
    return {purpose or ALL_RESIDENTS: own for purpose, own in read_shares(file, modes=modes).items()}


def _groups(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    out: dict[str, tuple[str, ...]] = {}
    problems = []
    for text in given:
        name, sign, modes = text.partition("=")
        if not sign or not name or name in out:
            what = "is given twice" if name in out else "is no group"
            problems.append(Problem(f"--group {text}", what, "write NAME=MODE,MODE, as public=bus,rail"))
        out[name] = tuple(mode.strip() for mode in modes.split(",") if mode.strip())
    if problems:
        raise InputError(problems)
    return out


def _records(survey: Path, model: SurveyModel) -> TripRecords:
    return read_survey(
        survey,
        attributes=model.attributes,
        numbers=model.numbers,
        modes=tuple(model.modes),
        columns=model.found_as,
        names=model.names,
    )


def _of_purposes(trips: TripRecords, purposes: Sequence[str], file: str) -> TripRecords:
    """Raises InputError where a purpose is unknown or nobody travelled for it."""
    problems = []
    found = dict(zip(*(x.tolist() for x in np.unique(trips.purpose, return_counts=True)), strict=True))
    has = ", ".join(f"{name} {count:,}" for name, count in found.items() if name) or "no column purpose"
    for purpose in purposes:
        if purpose not in units.PURPOSES:
            problems.append(Problem(f"--purpose {purpose}", "is unknown", f"known: {', '.join(units.PURPOSES)}"))
        elif purpose not in found:
            problems.append(Problem(file, f"holds no trip of the purpose {purpose}", f"it has {has}"))
    if problems:
        raise InputError(problems)
    return trips.where(np.isin(trips.purpose, purposes)) if purposes else trips


def _say_written(run: Run, out: Path, then: str) -> None:
    run.out.print(
        f"[green]The parameters are in[/green] {out}: put them into city.toml, {then}", highlight=False, soft_wrap=True
    )
