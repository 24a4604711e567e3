"""The command that plans: `luxing propose`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

import typer
from pydantic import ValidationError

from network import InputError, Problem
from network.io import read_blocks, read_lot_hours, read_parking_blocks, read_space_candidates
from service import console as show
from service.cli_propose_bikes import with_files, within
from service.command import CityArgument, Run
from service.engine import attribution
from service.proposals import KINDS
from service.schemas import PlanRequest, problems_of

app: Final = typer.Typer()


@app.command()
def propose(  # noqa: PLR0917 - options of a command, never positions
    ctx: typer.Context,
    city: CityArgument,
    what: Annotated[
        Literal["chargers", "stops", "park-ride", "loops", "depots", "sharing", "spaces", "bikes"],
        typer.Argument(help="What to plan."),
    ],
    budget: Annotated[
        list[float] | None,
        typer.Option(
            metavar="CNY",
            help="Chargers, park-ride: money the plan may spend; it has to be given. With --years that of each year; "
            "may be repeated, once for each. Bikes: the same, for points and racks. Sharing: money for retrofits and "
            "subsidies; spaces: for what is built. Without it these have no limit.",
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(help="Target such as charging_served_share>=0.8, or a file with one per line; may be repeated."),
    ] = None,
    objective: Annotated[
        Literal["served", "cost", "distance", "met", "walking", "need", "cover", "net"] | None,
        typer.Option(
            help="Chargers: serve the most energy, spend least for the targets, or make the walk to a plug shortest; "
            "else served. Sharing: meet most of the need, make walks shortest, or spend least for the targets; else "
            "met. Spaces: let most cars find one (need), or spend least for the targets; else need. Bikes: points for "
            "most rides (cover), spend least for --covered, or most worth of rides less the money (net); else cover.",
            show_default=False,
        ),
    ] = None,
    years: Annotated[
        str | None, typer.Option(metavar="FROM-TO", help="Chargers, bikes: years of the plan, such as 2027-2031.")
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
        typer.Option(
            metavar="FILE",
            help="Depots: CSV of what each bus does, columns id, depot, out, back, km. Sharing: CSV of blocks that "
            "want spaces, columns id, lon, lat, group, weekday, weekend, holiday.",
        ),
    ] = None,
    path: Annotated[
        Literal["clean", "electric"], typer.Option(help="Depots: buses that the path of the policy asks for.")
    ] = "clean",
    windows: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Sharing: CSV of when lots may be shared, columns lot, shared_from, shared_to, and if wanted "
            "shared_days and group; else all through the groups' windows.",
        ),
    ] = None,
    met: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Sharing: share of the need that is met at least, with --objective cost."),
    ] = None,
    tier: Annotated[
        Literal["1", "2", "both"], typer.Option(help="Sharing: owners whose lots may open; first-tier ones come first.")
    ] = "both",
    candidates: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Spaces: CSV of places where they can be added, columns id, way, most_spaces, and lon, lat or lot; "
            "else lots and kerbs. Bikes: CSV or GeoJSON of ground for points, with id; else kerbs and entrances.",
        ),
    ] = None,
    exclusions: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE", help="Bikes: GeoJSON of ground to keep free, with a reason; may be repeated."),
    ] = None,
    repair: Annotated[  # noqa: FBT002
        bool, typer.Option("--repair", help="Bikes: mend polygons that cross themselves, and say so.")
    ] = False,
    inside: Annotated[
        str | None, typer.Option("--within", metavar="FILE|AREA", help="Bikes: GeoJSON, or area, that points lie in.")
    ] = None,
    flows: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Bikes: CSV of what is taken and left, as bike-flows writes; else modelled."),
    ] = None,
    covered: Annotated[
        float | None, typer.Option(metavar="SHARE", help="Bikes: share of the rides that points are sized for.")
    ] = None,
    worth: Annotated[
        float | None,
        typer.Option(metavar="CNY", help="Bikes: worth of serving one daily pickup or return, for --objective net."),
    ] = None,
    racks: Annotated[  # noqa: FBT002
        bool, typer.Option(help="Bikes: whether what is left of the budget buys racks at stations.")
    ] = True,
    day: Annotated[
        Literal["weekday", "weekend", "holiday"], typer.Option(help="Spaces: day type whose need counts.")
    ] = "weekday",
    conflicts: Annotated[
        Literal["weighed", "never"], typer.Option(help="Spaces: whether land that others want counts less or is left.")
    ] = "weighed",
    most_extra_cars: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="Spaces: car trips they may draw, over those there are."),
    ] = None,
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
    stops to add or move beside rail at the least cost; feeder loops of small buses; chargers and power for the
    electric buses of depots; which car parks open to others, in which hours; new parking spaces; or dispatch points
    for shared bikes; and write the plan into a folder.
    """
    from service.report import require_plan_folder, write_plan_folder

    run: Run = ctx.obj
    if out:
        require_plan_folder(out)
    given = {
        "targets": targets, "budget": budget, "objective": objective, "years": years, "least": least, "floor": floor,
        "ahead": ahead, "exclude": exclude, "moves": moves, "relax": relax, "vehicles": vehicles, "area": area,
        "start": starts, "depot": depots, "blocks": blocks, "path": path, "met": met, "tier": tier,
        "candidates": candidates, "day": day, "conflicts": conflicts, "most-extra-cars": most_extra_cars,
        "seconds": seconds, "seed": seed, "exclusions": exclusions, "repair": repair, "within": inside, "flows": flows,
        "covered": covered, "worth": worth, "racks": racks, "windows": windows,
    }  # fmt: skip
    told = {p.name: p.opts[0][2:] for p in ctx.command.params if p.name and _is_told(ctx, p.name)}
    options = {option: given[option] for option in told.values() if option in given}
    asked = request_of(what, with_files(run, city, options) if what == "bikes" else options)
    with show.solving(run.err, seconds) as progress:
        built, proposal = run.engine.propose(city, asked, progress)
    plan = proposal.plan
    name = "-".join(filter(None, (city, what, getattr(plan, "objective", ""), plan.inputs["problem"][:8])))
    folder = out or run.settings.plans_folder / f"{name}-seed{seed}"
    write_plan_folder(folder, built, proposal, run.engine.green_definitions())
    show.show_proposal(run.out, built, proposal)
    show.show_verdicts(run.out, proposal.verdicts)
    show.show_provenance(run.out, built.id, built.provenance.defaults(), attribution(built))
    run.out.print(f"[green]The plan is in[/green] {folder}", highlight=False, soft_wrap=True)


def _is_told(ctx: typer.Context, name: str) -> bool:
    """Whether somebody gave this option."""
    source = ctx.get_parameter_source(name)
    return source is not None and source.name != "DEFAULT"


def request_of(what: str, given: dict[str, Any]) -> PlanRequest:
    """What is asked for, from the options that were given. Raises InputError naming those that are of other kinds,
    cannot be read, or are not allowed.
    """
    ours = _ALWAYS | _OPTIONS[what]
    wrong = [option for option in given if option not in ours]
    if wrong:
        raise InputError([Problem(_as_given(o, given[o]), _for_others(o), "leave it out") for o in wrong])
    fields = {ours[option][0]: ours[option][1](value) for option, value in given.items()}
    try:
        return KINDS[what].request(**fields)
    except ValidationError as error:
        names = {field: option for option, (field, _) in ours.items()}
        raise InputError([_at_option(problem, names) for problem in problems_of(error.errors(), "")]) from None


def _at_option(problem: Problem, option_of: dict[str, str]) -> Problem:
    """A problem of a field as one of its option: budget_cny[1] is --budget[1]."""
    field = re.match(r"\w*", problem.where)[0]  # type: ignore[index]
    return replace(problem, where="--" + option_of.get(field, field) + problem.where[len(field) :])


def _as_given(option: str, value: Any) -> str:
    return f"--no-{option}" if value is False else f"--{option}"


def _for_others(option: str) -> str:
    *others, last = [kind for kind, options in _OPTIONS.items() if option in options]
    return f"is for {', '.join(others)} and {last} alone" if others else f"is for {last} alone"


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


def _years(text: str) -> list[int]:
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


def _tiers(given: str) -> list[int]:
    return [1, 2] if given == "both" else [int(given)]


def _one_or_each(given: list[float]) -> float | list[float]:
    return given if len(given) > 1 else given[0]


def _same(given: Any) -> Any:
    return given


_Readers: TypeAlias = dict[str, tuple[str, Callable[[Any], Any]]]
_ALWAYS: Final[_Readers] = {
    "targets": ("targets", _targets),
    "seconds": ("seconds", _same),
    "seed": ("seed", _same),
}
"""Options of every kind: the field of the request, and how it is read."""
_OPTIONS: Final[dict[str, _Readers]] = {
    "chargers": {
        "budget": ("budget_cny", _one_or_each),
        "objective": ("objective", _same),
        "years": ("years", _years),
        "least": ("least", _least),
        "floor": ("floor_share", _same),
        "ahead": ("ahead", _same),
    },
    "stops": {"exclude": ("exclude_streets", _same), "moves": ("moves", _same), "relax": ("relax", _same)},
    "park-ride": {"budget": ("budget_cny", _one_or_each)},
    "loops": {
        "vehicles": ("vehicles", _same),
        "area": ("area", _same),
        "start": ("starts", _same),
        "exclude": ("exclude_streets", _same),
    },
    "depots": {"depot": ("depots", _same), "blocks": ("blocks", read_blocks), "path": ("path", _same)},
    "sharing": {
        "budget": ("budget_cny", _one_or_each),
        "objective": ("objective", _same),
        "met": ("met_share", _same),
        "tier": ("tiers", _tiers),
        "blocks": ("blocks", read_parking_blocks),
        "windows": ("windows", read_lot_hours),
    },
    "spaces": {
        "budget": ("budget_cny", _one_or_each),
        "objective": ("objective", _same),
        "candidates": ("candidates", read_space_candidates),
        "day": ("day", _same),
        "conflicts": ("conflicts", _same),
        "most-extra-cars": ("most_extra_car_share", _same),
    },
    "bikes": {
        "budget": ("budget_cny", _one_or_each),
        "objective": ("objective", _same),
        "years": ("years", _years),
        "exclusions": ("sites", _same),
        "repair": ("sites", _same),
        "candidates": ("sites", _same),
        "within": ("within", within),
        "flows": ("flows", _same),
        "covered": ("covered", _same),
        "worth": ("worth_cny", _same),
        "racks": ("racks", _same),
    },
}
"""Options of each kind."""
