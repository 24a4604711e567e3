"""The command that plans: `luxing propose`."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from pydantic import ValidationError

from network import InputError, Problem
from network.io import read_blocks
from service import console as show
from service.command import CityArgument, Run
from service.engine import attribution
from service.proposals import KINDS
from service.schemas import PlanRequest, problems_of

app: Final = typer.Typer()


@app.command()
def propose(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    what: Annotated[Literal["chargers", "stops", "park-ride", "loops", "depots"], typer.Argument(help="What to plan.")],
    budget: Annotated[
        list[float] | None,
        typer.Option(
            metavar="CNY",
            help="Chargers, park-ride: money the plan may spend; it has to be given. With --years that of each year; "
            "may be repeated, once for each.",
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(help="Target such as charging_served_share>=0.8, or a file with one per line; may be repeated."),
    ] = None,
    objective: Annotated[
        Literal["served", "cost", "distance"],
        typer.Option(
            help="Chargers: serve the most energy, spend least for the targets, or make the walk to a plug shortest."
        ),
    ] = "served",
    years: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Chargers: years the plan is made for, such as 2027-2031.")
    ] = None,
    least: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND=PLUGS", help="Chargers: plugs at places of a kind at least; may be repeated."),
    ] = None,
    floor: Annotated[
        float, typer.Option(metavar="SHARE", help="Chargers: share of every area's demand that is served at least.")
    ] = 0.0,
    ahead: Annotated[  # noqa: FBT002
        bool, typer.Option("--ahead", help="Chargers: capacity in every area ahead of its busiest hour.")
    ] = False,
    exclude: Annotated[
        list[str] | None, typer.Option(metavar="STREET", help="Stops, loops: a street without any; may be repeated.")
    ] = None,
    moves: Annotated[bool, typer.Option(help="Stops: whether existing ones may be moved.")] = True,  # noqa: FBT002
    relax: Annotated[  # noqa: FBT002
        bool, typer.Option("--relax", help="Stops: where a target cannot be met, come as near to it as can be.")
    ] = False,
    vehicles: Annotated[int | None, typer.Option(help="Loops: small buses there are; it has to be given.")] = None,
    area: Annotated[str | None, typer.Option(help="Loops: area whose people are to have a stop; else all.")] = None,
    starts: Annotated[
        list[str] | None, typer.Option("--start", help="Loops: station or stop they begin at; may be repeated.")
    ] = None,
    depots: Annotated[
        list[str] | None, typer.Option("--depot", help="Depots: place, by id, that is one; may be repeated.")
    ] = None,
    blocks: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Depots: CSV of what each bus does, columns id, depot, out, back, km."),
    ] = None,
    path: Annotated[
        Literal["clean", "electric"], typer.Option(help="Depots: buses that the path of the policy asks for.")
    ] = "clean",
    seconds: Annotated[
        float | None, typer.Option(help="Wall-clock limit. Without it every machine gives the same plan.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same city, same seed: same plan.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for plan.json, report.html ...; else one under your home, in plans."),
    ] = None,
) -> None:
    """Propose where new public chargers go, or racks and parking spaces at rail stations, within a budget; which bus
    stops to add or move beside rail at the least cost; feeder loops of small buses; or chargers and power for the
    electric buses of depots; and write the plan into a folder.
    """
    from service.report import write_plan_folder

    run: Run = ctx.obj
    given: dict[str, Any] = {"seconds": seconds, "seed": seed}
    if targets or what == "chargers":
        given["targets"] = _targets(targets or [])
    if what == "loops":
        given |= {"vehicles": vehicles, "area": area, "starts": starts or [], "exclude_streets": exclude or []}
    else:
        _only_for("loops", vehicles=vehicles is not None, area=area, start=starts)
    if what == "stops":
        given |= {"exclude_streets": exclude or [], "moves": moves, "relax": relax}
    else:
        _only_for("stops", relax=relax, no_moves=not moves, exclude=exclude and what != "loops")
    if what in ("chargers", "park-ride"):
        given |= {} if budget is None else {"budget_cny": budget if len(budget) > 1 else budget[0]}
    else:
        _only_for("chargers and park-ride", budget=budget is not None)
    if what == "chargers":
        given |= {"objective": objective, "years": _years(years), "least": _least(least or [])}
        given |= {"floor_share": floor, "ahead": ahead}
    else:
        _only_for("chargers", objective=objective != "served", years=years, least=least, floor=floor, ahead=ahead)
    if what == "depots":
        given |= {"depots": depots or [], "blocks": read_blocks(blocks) if blocks else [], "path": path}
    else:
        _only_for("depots", depot=depots, blocks=blocks, path=path != "clean")
    with show.solving(run.err, seconds) as progress:
        built, proposal = run.engine.propose(city, _request(what, given), progress)
    plan = proposal.plan
    name = "-".join(filter(None, (city, what, getattr(plan, "objective", ""), plan.inputs["problem"][:8])))
    folder = out or run.settings.plans_folder / f"{name}-seed{seed}"
    write_plan_folder(folder, built, proposal, run.engine.green_definitions())
    show.show_proposal(run.out, built, proposal)
    show.show_verdicts(run.out, proposal.verdicts)
    show.show_provenance(run.out, built.id, built.provenance.defaults(), attribution(built))
    run.out.print(f"[green]The plan is in[/green] {folder}", highlight=False, soft_wrap=True)


def _targets(given: list[str]) -> list[str]:
    """Each is a target, or a file with one target per line (# starts a comment)."""
    found = []
    for text in given:
        if any(sign in text for sign in ("=", "≥", "≤", "<", ">")):
            found.append(text)
            continue
        try:
            lines = Path(text).read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError):
            hint = "write metric>=value or metric<=value, or name a text file with one such line per target"
            raise InputError(Problem(f"--targets {text}", "is neither a target nor a readable file", hint)) from None
        stripped = [line.split("#")[0].strip() for line in lines]
        found += [line for line in stripped if line]
    return found


def _only_for(other: str, **given: Any) -> None:
    """Refuse options that mean nothing here."""
    wrong = ["--" + name.replace("_", "-") for name, value in given.items() if value]
    if wrong:
        raise InputError([Problem(option, f"is for {other} alone", "leave it out") for option in wrong])


def _request(what: str, given: dict[str, Any]) -> PlanRequest:
    try:
        return KINDS[what].request(**given)
    except ValidationError as error:
        problems = problems_of(error.errors(), "")
        raise InputError(
            [replace(p, where="--" + p.where.replace("_cny", "").replace("_share", "")) for p in problems]
        ) from None


def _years(text: str | None) -> list[int]:
    if text is None:
        return []
    match = re.fullmatch(r"\s*(\d{4})(?:\s*-\s*(\d{4}))?\s*", text)
    if match is None or (match[2] and int(match[2]) < int(match[1])):
        raise InputError(Problem(f"--years {text}", "is not a span of years", "write 2027-2031, or one year"))
    return list(range(int(match[1]), int(match[2] or match[1]) + 1))


def _least(given: list[str]) -> dict[str, int]:
    found = {}
    for text in given:
        kind, sign, plugs = text.partition("=")
        if not sign or not plugs.strip().isdigit():
            raise InputError(Problem(f"--least {text}", "cannot be read", "write KIND=PLUGS, such as bus_station=20"))
        found[kind.strip()] = int(plugs)
    return found
